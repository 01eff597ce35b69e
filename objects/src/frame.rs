//! Frame objects: the Python view of a running or finished call.
//!
//! While the call runs, `live` points at the interpreter's frame (only the owning thread may follow it); when the call ends with the
//! object still referenced, the interpreter moves the registers into `registers`.

use parking_lot::Mutex;
use taipan_gc::weakref::{self, WeakSlot};
use taipan_gc::{Header, Obj, Py, Slot};
use taipan_threading::sync::atomic::{AtomicBool, AtomicI32, AtomicPtr, AtomicU32, Ordering};

use crate::code::PyCode;
use crate::construct::*;
use crate::error::*;
use crate::layout;
use crate::native::GetSetDef;
use crate::type_object::{TypeSlots, ready};
use crate::types::{Types, types};

/// A frame object.
#[repr(C)]
pub struct PyFrame {
    header: Header,
    pub code: Py<PyCode>,
    pub globals: Obj,
    pub builtins: Obj,
    /// The namespace of module, class and `exec` code; empty for functions.
    pub locals: Slot,
    pub back: Slot,
    /// Instruction index, kept up to date when the frame is looked at or left.
    pub lasti: AtomicU32,
    /// Interpreter frame while running.
    pub live: AtomicPtr<()>,
    /// Registers after the call ended.
    pub registers: Mutex<Vec<Slot>>,
    pub trace: Slot,
    pub trace_lines: AtomicBool,
    pub trace_opcodes: AtomicBool,
    /// The line that the frame is said to be in while a trace function is told of its call; else 0.
    pub lineno: AtomicI32,
    /// Extra variables that `f_locals` was given (PEP 667).
    pub extra_locals: Slot,
    /// The generator whose frame this is, until it ends.
    pub generator: GeneratorLink,
    /// Values that writes through `f_locals` took out of registers while the frame runs; dropped when it ends.
    pub replaced: Mutex<Vec<Obj>>,
    /// Whether a variable was ever written by way of this object while the frame ran.
    pub written: AtomicBool,
}
layout!(PyFrame, "frame", [code, globals, builtins, locals, back, registers, trace, extra_locals, replaced]);

impl Drop for PyFrame {
    fn drop(&mut self) {
        weakref::unregister(&self.generator.0);
    }
}

/// A frame's way to its generator: a weak one, because the generator holds the frame object. It lies inside of the frame object, which is
/// known to memory management as a weak reference object is. Set before others can see the frame; emptied by whoever ends the generator.
pub struct GeneratorLink(WeakSlot);

impl GeneratorLink {
    /// The generator, unless it has ended.
    pub fn load(&self) -> Option<Obj> {
        weakref::upgrade(&self.0)
    }
    /// Cuts the connection.
    pub fn take(&self) -> Option<Obj> {
        let generator = self.load();
        weakref::unregister(&self.0);
        generator
    }
}

impl PyFrame {
    /// Says that the frame, which is new, is the one of `generator`.
    pub fn belongs_to(this: &Py<PyFrame>, generator: &Obj) {
        weakref::register(generator, this.as_obj(), &this.generator.0);
    }
    pub fn new(
        code: Py<PyCode>,
        globals: Obj,
        builtins: Obj,
        locals: Option<Obj>,
        live: *mut (),
        lasti: u32,
    ) -> Py<PyFrame> {
        Py::new(PyFrame {
            header: Header::new(types().frame.root_shape()),
            code,
            globals,
            builtins,
            locals: Slot::from_option(locals),
            back: Slot::empty(),
            lasti: AtomicU32::new(lasti),
            live: AtomicPtr::new(live),
            registers: Mutex::new(Vec::new()),
            trace: Slot::empty(),
            trace_lines: AtomicBool::new(true),
            trace_opcodes: AtomicBool::new(false),
            lineno: AtomicI32::new(0),
            extra_locals: Slot::empty(),
            generator: GeneratorLink(WeakSlot::new()),
            replaced: Mutex::new(Vec::new()),
            written: AtomicBool::new(false),
        })
    }
    /// In place of a line: the one in front of a module's first.
    pub const BEFORE_FIRST: i32 = -1;

    /// The current line; `None` when the instruction has none.
    pub fn line(&self) -> Option<u32> {
        match self.lineno.load(Ordering::Relaxed) {
            0 => {}
            Self::BEFORE_FIRST => return Some(0),
            line => return Some(line as u32),
        }
        Some(self.code.shown_line(self.lasti.load(Ordering::Relaxed) as usize)).filter(|l| *l != 0)
    }
}

/// Set by the interpreter: brings `lasti` and `back` of a running frame up to date, gives `f_locals`, clears.
pub struct FrameHooks {
    pub refresh: fn(&PyFrame),
    pub locals: fn(&Obj) -> PyResult<Obj>,
    pub clear: fn(&Obj) -> PyResult<()>,
    /// Continues the frame, which a trace function is told of, in another line.
    pub jump: fn(&Obj, &Obj) -> PyResult<()>,
}
static HOOKS: std::sync::OnceLock<FrameHooks> = std::sync::OnceLock::new();

/// Installs the interpreter's part.
pub fn install(hooks: FrameHooks) {
    let _ = HOOKS.set(hooks);
}

fn this(obj: &Obj) -> PyResult<&PyFrame> {
    obj.downcast::<PyFrame>().ok_or_else(|| system_error("not a frame"))
}

/// The frame with `lasti` and `back` as they are now.
fn fresh(obj: &Obj) -> PyResult<&PyFrame> {
    let frame = this(obj)?;
    if let Some(hooks) = HOOKS.get() {
        (hooks.refresh)(frame);
    }
    Ok(frame)
}

fn or_none(slot: &Slot) -> PyResult<Obj> {
    Ok(slot.load().unwrap_or_else(none))
}

/// The value assigned to a boolean attribute.
fn switch(value: Option<&Obj>) -> PyResult<bool> {
    let Some(value) = value else { return Err(type_error("can't delete numeric/char attribute")) };
    if !crate::type_object::class_of(value).is(&types().bool_) {
        return Err(type_error("attribute value type must be bool"));
    }
    crate::protocol::is_true(value)
}

static GETSET: &[GetSetDef] = &[
    GetSetDef { name: "f_code", get: |o| Ok(this(o)?.code.as_obj().clone()), set: None, doc: "" },
    GetSetDef { name: "f_globals", get: |o| Ok(this(o)?.globals.clone()), set: None, doc: "" },
    GetSetDef { name: "f_builtins", get: |o| Ok(this(o)?.builtins.clone()), set: None, doc: "" },
    GetSetDef { name: "f_back", get: |o| or_none(&fresh(o)?.back), set: None, doc: "" },
    GetSetDef {
        name: "f_generator",
        get: |o| Ok(this(o)?.generator.load().unwrap_or_else(none)),
        set: None,
        doc: "",
    },
    GetSetDef {
        name: "f_lasti",
        get: |o| {
            let frame = fresh(o)?;
            if frame.lineno.load(Ordering::Relaxed) != 0 {
                return Ok(int_obj(frame.code.entry_offset()));
            }
            Ok(int_obj(frame.code.offset(frame.lasti.load(Ordering::Relaxed) as usize)))
        },
        set: None,
        doc: "",
    },
    GetSetDef {
        name: "f_lineno",
        get: |o| Ok(fresh(o)?.line().map_or_else(none, |l| int_obj(l as i64))),
        set: Some(|o, value| match value {
            Some(line) => match HOOKS.get() {
                Some(hooks) => (hooks.jump)(o, line),
                None => Err(system_error("the interpreter is not initialized")),
            },
            None => Err(attribute_error("attribute 'f_lineno' of 'frame' objects cannot be deleted")),
        }),
        doc: "",
    },
    GetSetDef {
        name: "f_locals",
        get: |o| match HOOKS.get() {
            Some(hooks) => (hooks.locals)(o),
            None => Err(system_error("the interpreter is not initialized")),
        },
        set: None,
        doc: "",
    },
    GetSetDef {
        name: "f_trace",
        get: |o| or_none(&this(o)?.trace),
        set: Some(|o, value| {
            drop(this(o)?.trace.replace(value.filter(|v| !crate::singletons::is_none(v)).cloned()));
            Ok(())
        }),
        doc: "",
    },
    GetSetDef {
        name: "f_trace_lines",
        get: |o| Ok(bool_obj(this(o)?.trace_lines.load(Ordering::Relaxed))),
        set: Some(|o, value| {
            this(o)?.trace_lines.store(switch(value)?, Ordering::Relaxed);
            Ok(())
        }),
        doc: "",
    },
    GetSetDef {
        name: "f_trace_opcodes",
        get: |o| Ok(bool_obj(this(o)?.trace_opcodes.load(Ordering::Relaxed))),
        set: Some(|o, value| {
            if value.is_none() {
                return Err(attribute_error(
                    "attribute 'f_trace_opcodes' of 'frame' objects cannot be deleted",
                ));
            }
            this(o)?.trace_opcodes.store(switch(value)?, Ordering::Relaxed);
            Ok(())
        }),
        doc: "",
    },
];

#[crate::native::pymethods(class = "frame")]
impl PyFrame {
    /// Clear all references held by the frame.
    #[pymethod]
    fn clear(slf: &Obj) -> PyResult<()> {
        match HOOKS.get() {
            Some(hooks) => (hooks.clear)(slf),
            None => Ok(()),
        }
    }
}

fn repr(obj: &Obj) -> PyResult<Obj> {
    let frame = fresh(obj)?;
    Ok(str_obj(&format!(
        "<frame at {:#x}, file {}, line {}, code {}>",
        obj.value().counted().bits(),
        crate::protocol::repr_string(&frame.code.filename)?,
        frame.line().unwrap_or(0),
        crate::protocol::str_string(&frame.code.name)?
    )))
}

pub(crate) fn fill(types: &Types) {
    types.frame.set_flag(crate::type_object::type_flags::NO_INSTANTIATION, true);
    types.frame.slots.set_all(&TypeSlots { repr: Some(repr), ..TypeSlots::EMPTY });
    ready::add_getset(&types.frame, GETSET);
    ready::add_methods(&types.frame, <PyFrame as crate::native::NativeMethods>::methods());
}
