//! Interpreter frames.

use taipan_objects::code::{PyCode, Word};
use taipan_objects::frame::PyFrame;
use taipan_objects::function::PyFunction;
use taipan_objects::{Obj, Py, Tracer, Value};

use crate::registers::Regs;

/// What happens when the frame returns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Kind {
    /// The result goes to register `ret` of the frame below, which continues behind its call.
    Call,
    /// The special method of an operator, whose instruction in the frame below judges the result (see [`crate::interpreter::ops::operators`]).
    Operator,
    /// The result goes to the native caller of `run`.
    Entry,
    /// `__init__` of a class call: the result must be `None`; the instance is in `subject`.
    Init,
    /// `__new__` of a class call: the frame below keeps the class and the arguments, for `__init__` (see [`crate::interpreter::call`]).
    New,
    /// A generator resumed by native code; `subject` is the generator.
    GeneratorEntry,
    /// A generator resumed by `FOR_ITER` of the frame below; `subject` is the generator.
    GeneratorFor,
    /// A generator or coroutine resumed by `YIELD_FROM` of the frame below; `subject` is the generator.
    GeneratorSend,
    /// An asynchronous generator, resumed by `YIELD_FROM` of the frame below, which awaits the result of `__anext__` or `asend`; `subject` is the generator.
    GeneratorAsend,
    /// A coroutine function that is awaited by the frame below in the act of calling it; `subject` is the coroutine if there is one
    /// (see [`crate::interpreter::eager`]).
    Eager,
}

/// One active call. Lives on the thread's frame stack.
pub struct Frame {
    /// The running code. Deferred: not counted, traced.
    pub code: *const PyCode,
    /// The function, or null for module, class-less `exec` code; traced. See `callee`.
    pub function: *const PyFunction,
    /// The namespaces, uncounted or owned.
    pub globals: Value,
    pub builtins: Value,
    /// Owned namespace mapping of module, class and `exec` code; empty for functions.
    pub locals: Value,
    /// Owned; see [`Kind`].
    pub subject: Value,
    /// Generators: the exception that the resumer handles itself. Owned.
    pub handled: Value,
    /// Owned frame object, if somebody asked for it.
    pub object: Value,
    pub regs: Regs,
    /// The instruction, saved before anything that can look at frames.
    pub ip: *const Word,
    pub ret: u16,
    pub kind: Kind,
    /// Owned: the function, unless it is deferred or kept by the generator.
    pub callee: Value,
    /// `thread.top` to restore when the frame is popped.
    pub saved_top: *mut Value,
}

impl Frame {
    /// A frame at the beginning of `code`, which `function` executes in the window `regs`: nothing but these is known of it yet.
    #[inline(always)]
    pub fn new(
        function: &PyFunction,
        code: &PyCode,
        regs: Regs,
        ret: u16,
        kind: Kind,
        saved_top: *mut Value,
    ) -> Frame {
        Frame {
            code,
            function,
            globals: function.globals.value().uncounted_ptr(),
            builtins: function.builtins.value().uncounted_ptr(),
            locals: Value::EMPTY,
            regs,
            ip: code.at(0),
            ret,
            kind,
            callee: Value::EMPTY,
            subject: Value::EMPTY,
            handled: Value::EMPTY,
            object: Value::EMPTY,
            saved_top,
        }
    }
    /// Visits the references that the frame itself holds.
    pub fn trace(&self, tracer: &mut Tracer<'_>) {
        let mut uncounted = |ptr: *const taipan_objects::Header| {
            if !ptr.is_null() {
                tracer(Value::from_ptr(ptr).uncounted(), 1);
            }
        };
        uncounted(self.code.cast());
        uncounted(self.function.cast());
        for value in
            [self.globals, self.builtins, self.locals, self.callee, self.subject, self.handled, self.object]
        {
            if value.is_ptr() {
                tracer(value.uncounted(), 1);
            }
        }
        if self.is_generator() {
            // The window is in the generator, which traces it.
        }
    }
    /// Whether the window belongs to a generator object.
    #[inline(always)]
    pub fn is_generator(&self) -> bool {
        matches!(
            self.kind,
            Kind::GeneratorEntry | Kind::GeneratorFor | Kind::GeneratorSend | Kind::GeneratorAsend
        )
    }
    /// The code.
    #[inline(always)]
    pub fn code<'a>(&self) -> &'a PyCode {
        // SAFETY: the frame's code is traced while the frame exists; code is freed by the collector only.
        unsafe { &*self.code }
    }
    /// Index of the instruction.
    #[inline(always)]
    pub fn pc(&self) -> u32 {
        self.code().index_of(self.ip) as u32
    }
    /// Lets the frame stand at an instruction.
    #[inline(always)]
    pub fn set_pc(&mut self, pc: u32) {
        self.ip = self.code().at(pc as usize);
    }
    /// The globals as a borrowed object.
    #[inline(always)]
    pub fn globals<'a>(&self) -> &'a Obj {
        borrow(&self.globals)
    }
    #[inline(always)]
    pub fn builtins<'a>(&self) -> &'a Obj {
        borrow(&self.builtins)
    }
    /// The namespace mapping, if the code has one.
    #[inline(always)]
    pub fn locals<'a>(&self) -> Option<&'a Obj> {
        if self.locals.is_empty() { None } else { Some(borrow(&self.locals)) }
    }
    /// The frame object, if there is one.
    pub fn object(&self) -> Option<&PyFrame> {
        if self.object.is_empty() { None } else { borrow(&self.object).downcast::<PyFrame>() }
    }
    /// The generator that is being executed.
    #[inline(always)]
    pub fn subject<'a>(&self) -> &'a Obj {
        borrow(&self.subject)
    }
    /// The source line that is told of this frame.
    pub fn shown_line(&self) -> u32 {
        self.code().shown_line(self.pc() as usize)
    }
    /// The source line being executed; 0 if the instruction has none.
    pub fn line(&self) -> u32 {
        self.code().line_of(self.pc() as usize)
    }
}

#[inline(always)]
fn borrow<'a>(value: &Value) -> &'a Obj {
    debug_assert!(!value.is_empty());
    // SAFETY: a non-empty word that the frame keeps alive has the representation of an `Obj`.
    unsafe { &*std::ptr::from_ref(value).cast::<Obj>() }
}

/// The dict of a namespace value.
#[inline(always)]
pub fn dict_of(namespace: &Obj) -> Option<&taipan_objects::dict::PyDict> {
    namespace.downcast()
}

/// Drops an owned word of a frame.
pub fn drop_value(value: Value) {
    // SAFETY: the frame owned the word, and gives it up.
    drop(unsafe { Obj::from_value(value) });
}

/// Makes the frame object of `frame`, a live frame of the calling thread (or gives the one it has), linked to nothing yet.
#[allow(
    clippy::not_unsafe_ptr_arg_deref,
    reason = "frames are only reached through their thread's own stack"
)]
pub fn object_of(frame: *mut Frame) -> Py<PyFrame> {
    // SAFETY: a frame on the calling thread's frame stack.
    let frame_ref = unsafe { &mut *frame };
    if let Some(object) = frame_ref.object() {
        object.lasti.store(frame_ref.pc(), taipan_threading::sync::atomic::Ordering::Relaxed);
        return Py::from_ref(object);
    }
    let object = PyFrame::new(
        Py::from_ref(frame_ref.code()),
        frame_ref.globals().clone(),
        frame_ref.builtins().clone(),
        frame_ref.locals().cloned(),
        frame.cast(),
        frame_ref.pc(),
    );
    if frame_ref.kind == Kind::Eager {
        PyFrame::belongs_to(&object, &crate::interpreter::eager::coroutine(frame_ref));
    } else if frame_ref.is_generator() && !frame_ref.subject.is_empty() {
        PyFrame::belongs_to(&object, frame_ref.subject());
    }
    frame_ref.object = object.clone().into_obj().into_counted();
    object
}
