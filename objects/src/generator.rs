//! Generators, coroutines and asynchronous generators: a suspended frame in an object.
//!
//! The register window lives in the generator and is executed in place. `state` is the lock: who moves it from
//! `SUSPENDED` (or `CREATED`) to `RUNNING` by compare-exchange owns window, `pc` and `handled` until moving it back.
//! The collector reads the window while the world is stopped.

pub mod async_gen;
pub mod methods;

use taipan_gc::{Header, Obj, Object, Py, Slot, Tracer, Value};
use taipan_threading::sync::atomic::{AtomicPtr, AtomicU8, AtomicU32, Ordering};

use crate::code::PyCode;
use crate::function::PyFunction;
use crate::layout;
use crate::singletons::none;
use crate::type_object::PyType;
use crate::types::{Types, obj_of, types};

/// Not started.
pub const CREATED: u8 = 0;
/// Between two resumptions.
pub const SUSPENDED: u8 = 1;
/// Being executed, by the thread that set this.
pub const RUNNING: u8 = 2;
/// Finished or closed: the window is gone.
pub const CLOSED: u8 = 3;

/// A generator, coroutine or asynchronous generator (the class tells which).
#[repr(C)]
pub struct PyGenerator {
    header: Header,
    pub code: Py<PyCode>,
    /// The function's namespaces and closure; empty when closed, unless it lives on anyway.
    function: Slot,
    /// The namespace mapping of code that was run by `exec` or `eval`; empty for functions.
    pub locals: Slot,
    pub name: Slot,
    pub qualname: Slot,
    /// `nregs` words; null when closed. Owned by the runner, see the module.
    pub window: AtomicPtr<Value>,
    pub state: AtomicU8,
    /// Suspended: the generator or coroutine that the register of the `YIELD_FROM` owns at which that was, if nothing is handled and there is no namespace; else null. See [`PyGenerator::delegate`].
    delegate: AtomicPtr<PyGenerator>,
    /// Where to continue.
    pub pc: AtomicU32,
    /// Suspended: the exception that the generator handles itself. Running: what its resumer sees of others, see `enter_handled`.
    pub handled: Slot,
    /// The frame object, if somebody asked for it.
    pub frame: Slot,
    /// Coroutines: origin tracking; asynchronous generators: finalizer hook.
    pub extra: Slot,
    /// Asynchronous generators: `HOOKS_INITED`, `CLOSED`, `RUNNING_ASYNC` bits.
    pub flags: AtomicU8,
}

fn trace_generator(this: &PyGenerator, tracer: &mut Tracer<'_>) {
    tracer(this.code.as_obj().value(), 1);
    for slot in
        [&this.function, &this.locals, &this.name, &this.qualname, &this.handled, &this.frame, &this.extra]
    {
        slot.trace(tracer);
    }
    let window = this.window.load(Ordering::Acquire);
    if window.is_null() {
        return;
    }
    for i in 0..this.code.nregs as usize {
        // SAFETY: the window has `nregs` words; the world is stopped, or this is the only owner.
        let value = unsafe { *window.add(i) };
        if value.is_ptr() {
            tracer(value, 1);
        }
    }
}
layout!(PyGenerator, "generator", trace = trace_generator);

impl Drop for PyGenerator {
    fn drop(&mut self) {
        self.leave_window();
        self.clear_window();
    }
}

impl PyGenerator {
    /// A new generator of the kind that the flags of `code`, which `function` executes, tell, with a window whose words are moved in from `window`.
    pub fn new(function: &PyFunction, code: &PyCode, window: Box<[Value]>) -> Py<PyGenerator> {
        use taipan_bytecode::flags;
        let class = if code.flags & flags::CO_ASYNC_GENERATOR != 0 {
            &types().async_generator
        } else if code.flags & flags::CO_COROUTINE != 0 {
            &types().coroutine
        } else {
            &types().generator
        };
        debug_assert_eq!(window.len(), code.nregs as usize);
        Self::make(class, function, code, Box::into_raw(window).cast(), CREATED)
    }
    /// A coroutine of `function` that is being executed in a window that is not its own: see [`PyGenerator::give_window`].
    pub fn running(function: &PyFunction, code: &PyCode) -> Py<PyGenerator> {
        Self::make(&types().coroutine, function, code, std::ptr::null_mut(), RUNNING)
    }
    #[inline(always)]
    fn make(
        class: &PyType,
        function: &PyFunction,
        code: &PyCode,
        window: *mut Value,
        state: u8,
    ) -> Py<PyGenerator> {
        let name = Slot::new(function.name.load().unwrap_or_else(none));
        let qualname = Slot::new(function.qualname.load().unwrap_or_else(none));
        // Instances have nothing behind their fields.
        debug_assert_eq!(class.instance_header().1, 0);
        Py::new(PyGenerator {
            header: Header::new(class.root_shape()),
            code: Py::from_ref(code),
            function: Slot::new(obj_of(function)),
            locals: Slot::empty(),
            name,
            qualname,
            window: AtomicPtr::new(window),
            state: AtomicU8::new(state),
            delegate: AtomicPtr::new(std::ptr::null_mut()),
            pc: AtomicU32::new(1),
            handled: Slot::empty(),
            frame: Slot::empty(),
            extra: Slot::empty(),
            flags: AtomicU8::new(0),
        })
    }
    /// Moves the window in, before the coroutine is suspended for the first time. Only the runner may call this, once, and only on a
    /// [`PyGenerator::running`] one.
    pub fn give_window(&self, window: Box<[Value]>) -> *mut Value {
        debug_assert_eq!(window.len(), self.code.nregs as usize);
        let window = Box::into_raw(window).cast();
        self.window.store(window, Ordering::Release);
        window
    }
    /// Tries to become the runner. `Err` with the state found if it is running or closed.
    pub fn start_running(&self) -> Result<u8, u8> {
        loop {
            let state = self.state.load(Ordering::Acquire);
            if state == RUNNING || state == CLOSED {
                return Err(state);
            }
            if self.try_start_running(state).is_ok() {
                return Ok(state);
            }
        }
    }
    /// One attempt to become the runner: `state` was found, neither running nor closed. `Err` if it is another by now.
    #[inline(always)]
    pub fn try_start_running(&self, state: u8) -> Result<(), ()> {
        if !taipan_threading::multi_threaded() {
            // Nobody to race with.
            self.state.store(RUNNING, Ordering::Relaxed);
            return Ok(());
        }
        match self.state.compare_exchange(state, RUNNING, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => Ok(()),
            Err(_) => Err(()),
        }
    }
    /// Ends running: suspended at `pc`. Only the runner may call this.
    #[inline]
    pub fn suspend(&self, pc: u32) {
        self.suspend_where(pc, None);
    }
    /// [`PyGenerator::suspend`], with what is the [`PyGenerator::delegate`] then.
    #[inline]
    pub fn suspend_where(&self, pc: u32, delegate: Option<&PyGenerator>) {
        let delegate =
            delegate.map_or(std::ptr::null_mut(), |delegate| std::ptr::from_ref(delegate).cast_mut());
        self.delegate.store(delegate, Ordering::Relaxed);
        self.pc.store(pc, Ordering::Relaxed);
        self.suspend_again();
    }
    /// Ends running of what has not done anything since [`PyGenerator::try_start_running`]. Only the runner may call this.
    #[inline]
    pub fn suspend_again(&self) {
        self.state.store(SUSPENDED, Ordering::Release);
    }
    /// The generator or coroutine that it delegates to, if it was suspended at a `YIELD_FROM` with nothing to be sent, whose register owns that; it handles no exception and has
    /// no namespace. Only the runner may ask this, and only while it has not executed anything: until then the register keeps it.
    #[inline]
    pub fn delegate(&self) -> Option<&PyGenerator> {
        // SAFETY: null, or what the register of the suspended window owns, which only the runner changes.
        unsafe { self.delegate.load(Ordering::Relaxed).as_ref() }
    }
    /// The function, unless it was given up.
    pub fn function(&self) -> Option<Py<PyFunction>> {
        self.function.load()?.into_py().ok()
    }
    /// The function, which is not counted. Only the runner may ask this: what is given up is that of a closed generator.
    #[inline(always)]
    pub fn running_function(&self) -> &PyFunction {
        // SAFETY: a function, says `make`, which is there until the runner closes the generator.
        unsafe { &*self.function.peek().ptr().cast() }
    }
    /// Ends running for good and drops the window. Only the runner (or the last owner) may call this. Code that runs because of what is
    /// dropped finds the generator closed.
    pub fn close_running(&self) {
        let window = self.window.swap(std::ptr::null_mut(), Ordering::AcqRel);
        self.state.store(CLOSED, Ordering::Release);
        self.drop_window(window);
        self.leave_function();
    }
    /// [`PyGenerator::close_running`] of a window that was emptied.
    #[inline]
    pub fn close_empty(&self) {
        let window = self.window.swap(std::ptr::null_mut(), Ordering::AcqRel);
        self.state.store(CLOSED, Ordering::Release);
        let len = self.code.nregs as usize;
        // SAFETY: the window was a box of `nregs` words, unpublished by the swap; they are empty, says the caller: what is forgotten otherwise is a reference.
        drop(unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(window, len)) });
        self.leave_function();
    }
    /// Gives up what only the function keeps alive: what it closes over may be large, or lead back here.
    #[inline]
    fn leave_function(&self) {
        if self.function.peek().is_counted() {
            drop(self.function.take());
        }
    }
    /// Dies: a frame object that lives on keeps the variables.
    fn leave_window(&self) {
        // A frame that is garbage as well is on its own.
        let frame = self.frame.peek();
        // SAFETY: the slot's own reference keeps it there.
        if !frame.is_ptr() || unsafe { &*frame.ptr() }.has_flag(taipan_gc::HeaderFlags::DYING) {
            return;
        }
        let Some(object) = self.frame.take() else { return };
        let Some(frame) = object.downcast::<crate::frame::PyFrame>() else { return };
        let window = self.window.load(Ordering::Acquire);
        if window.is_null() {
            return;
        }
        let named = (self.code.unit.first_temp as usize).min(self.code.nregs as usize);
        let kept = (0..named)
            .map(|i| {
                // SAFETY: the window has `nregs` words, which belong to this last owner; each is taken once.
                let word = unsafe { Obj::from_value(std::ptr::replace(window.add(i), Value::EMPTY)) };
                Slot::from_option(word.map(crate::protocol::IntoStrong::into_strong))
            })
            .collect();
        let former = std::mem::replace(&mut *frame.registers.lock(), kept);
        drop(former);
    }
    fn clear_window(&self) {
        self.drop_window(self.window.swap(std::ptr::null_mut(), Ordering::AcqRel));
    }
    /// Drops the words of what was the window.
    fn drop_window(&self, window: *mut Value) {
        if window.is_null() {
            return;
        }
        let len = self.code.nregs as usize;
        // SAFETY: the window was a box of `nregs` words, unpublished by the callers' swap; each word owns its reference unless uncounted.
        unsafe {
            for i in 0..len {
                drop(Obj::from_value(std::ptr::replace(window.add(i), Value::EMPTY)));
            }
            drop(Box::from_raw(std::ptr::slice_from_raw_parts_mut(window, len)));
        }
    }
}

/// Whether this is a generator that was closed or has run to its end, or an awaitable of one that somebody awaited: there is nothing to be done when it dies.
pub(crate) fn is_finished(header: &Header) -> bool {
    let ops = header.shape_entry().ops_ptr();
    let object = std::ptr::from_ref(header);
    if std::ptr::eq(ops, PyGenerator::ops()) {
        // SAFETY: the layout was checked.
        let generator: &PyGenerator = unsafe { &*object.cast() };
        return generator.state.load(Ordering::Acquire) == CLOSED;
    }
    if std::ptr::eq(ops, PyAsyncGenOp::ops()) {
        // SAFETY: the layout was checked.
        let op: &PyAsyncGenOp = unsafe { &*object.cast() };
        return op.state.load(Ordering::Acquire) != async_gen::INIT;
    }
    false
}

/// `coroutine_wrapper`: what `coroutine.__await__` returns.
#[repr(C)]
pub struct PyCoroutineWrapper {
    header: Header,
    pub coroutine: Obj,
}
layout!(PyCoroutineWrapper, "coroutine_wrapper", [coroutine]);

/// `async_generator_asend` / `_athrow`.
#[repr(C)]
pub struct PyAsyncGenOp {
    header: Header,
    pub generator: Obj,
    /// `asend`: the value; `athrow`: tuple of the arguments, or empty for `aclose`.
    pub value: Slot,
    /// Not started, iterating, finished: see `async_gen`.
    pub state: AtomicU8,
}
layout!(PyAsyncGenOp, "async_generator_asend", [generator, value]);

/// A value yielded by an asynchronous generator.
#[repr(C)]
pub struct PyAsyncGenWrapped {
    header: Header,
    pub value: Obj,
}
layout!(PyAsyncGenWrapped, "async_generator_wrapped_value", [value]);

impl PyAsyncGenWrapped {
    pub fn new(value: Obj) -> Py<PyAsyncGenWrapped> {
        Py::new(PyAsyncGenWrapped {
            header: Header::new(types().async_generator_wrapped_value.root_shape()),
            value,
        })
    }
}

pub(crate) fn fill(types: &Types) {
    methods::fill(types);
    async_gen::fill(types);
}
