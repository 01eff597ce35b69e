//! `traceback`: where an exception passed, one entry a frame, outermost first.
//!
//! `next` may be assigned, but never so that the chain becomes a cycle (a race between two assignments is settled by a lock).

use parking_lot::Mutex;
use taipan_gc::{Header, Obj, Py, Slot};
use taipan_threading::sync::atomic::{AtomicI32, Ordering};

use crate::argument::Args;
use crate::construct::*;
use crate::error::*;
use crate::frame::PyFrame;
use crate::layout;
use crate::native::{GetSetDef, NativeMethods, pyargs, pymethods};
use crate::singletons::is_none;
use crate::type_object::{TypeSlots, class_of, ready};
use crate::types::{Types, types};

/// One entry.
#[repr(C)]
pub struct PyTraceback {
    header: Header,
    /// The entry of the function called from here, if the exception came out of one.
    next: Slot,
    frame: Slot,
    /// As `tb_lasti` shows it: the offset of the instruction in `co_code`.
    lasti: i32,
    /// -1: to be found from `lasti`.
    lineno: AtomicI32,
}
layout!(PyTraceback, "traceback", [next, frame]);

impl PyTraceback {
    /// An entry for instruction `instruction` of `frame` (a frame object), in line `lineno` (-1: look it up when asked).
    pub fn new(next: Option<Obj>, frame: Obj, instruction: i32, lineno: i32) -> Py<PyTraceback> {
        let code = frame.downcast::<PyFrame>().map(|frame| &frame.code);
        let lasti = code.map_or(0, |code| code.offset(instruction as usize)) as i32;
        PyTraceback::make(next, frame, lasti, lineno)
    }
    /// An entry for `frame` where its call begins, in the line of the `def`.
    pub fn at_entry(next: Option<Obj>, frame: Obj) -> Py<PyTraceback> {
        let code = frame.downcast::<PyFrame>().map(|frame| &frame.code);
        let (lasti, line) =
            code.map_or((0, 0), |code| (code.entry_offset() as i32, code.unit.first_line as i32));
        PyTraceback::make(next, frame, lasti, line)
    }
    fn make(next: Option<Obj>, frame: Obj, lasti: i32, lineno: i32) -> Py<PyTraceback> {
        Py::new(PyTraceback {
            header: Header::new(types().traceback.root_shape()),
            next: Slot::from_option(next),
            frame: Slot::new(frame),
            lasti,
            lineno: AtomicI32::new(lineno),
        })
    }
    /// The inner entry.
    pub fn next(&self) -> Option<Obj> {
        self.next.load()
    }
    /// The frame object.
    pub fn frame(&self) -> Option<Obj> {
        self.frame.load()
    }
    /// The instruction's index.
    pub fn instruction(&self) -> i32 {
        let index = self.frame().and_then(|frame| {
            frame.downcast::<PyFrame>().and_then(|frame| frame.code.index_at(self.lasti.into()))
        });
        index.map_or(0, |index| index as i32)
    }
    /// The line; `None` if the instruction has none.
    pub fn line(&self) -> Option<i32> {
        // Relaxed: every thread finds the same number.
        let known = self.lineno.load(Ordering::Relaxed);
        if known != -1 {
            return Some(known);
        }
        let frame = self.frame()?;
        let line = frame.downcast::<PyFrame>()?.code.line_of(usize::try_from(self.instruction()).ok()?);
        if line == 0 {
            return None;
        }
        self.lineno.store(line as i32, Ordering::Relaxed);
        Some(line as i32)
    }
}

fn this(obj: &Obj) -> PyResult<&PyTraceback> {
    obj.downcast::<PyTraceback>().ok_or_else(|| system_error("not a traceback"))
}

#[pyargs(name = "traceback", sig = "(tb_next, tb_frame, tb_lasti, tb_lineno)")]
fn new(_class: &Obj, tb_next: &Obj, tb_frame: &PyFrame, tb_lasti: i32, tb_lineno: i32) -> PyResult<Obj> {
    let next = match tb_next {
        next if is_none(next) => None,
        next if next.is_layout::<PyTraceback>() => Some(next.clone()),
        other => {
            return Err(type_error(format!(
                "expected traceback object or None, got '{}'",
                class_of(other).name()
            )));
        }
    };
    Ok(PyTraceback::make(next, taipan_gc::reference::obj_from_ref(tb_frame), tb_lasti, tb_lineno).into_obj())
}

/// Held while a chain is checked and changed. Nothing else happens under it.
static CHAINS: Mutex<()> = Mutex::new(());

fn set_next(obj: &Obj, value: Option<&Obj>) -> PyResult<()> {
    let Some(value) = value else { return Err(type_error("can't delete tb_next attribute")) };
    let next = match value {
        v if is_none(v) => None,
        v if v.is_layout::<PyTraceback>() => Some(v.clone()),
        v => return Err(type_error(format!("expected traceback object, got '{}'", class_of(v).name()))),
    };
    let traceback = this(obj)?;
    let chain = CHAINS.lock();
    let mut cursor = next.clone();
    let mut walked = Vec::new();
    let mut cyclic = false;
    while let Some(at) = cursor {
        if at.is(obj) {
            cyclic = true;
            break;
        }
        cursor = at.downcast::<PyTraceback>().and_then(PyTraceback::next);
        walked.push(at);
    }
    let former = if cyclic { None } else { traceback.next.replace(next) };
    drop(chain);
    // Dropped after the lock: the last reference may be among these.
    drop((former, walked));
    if cyclic { Err(value_error("traceback loop detected")) } else { Ok(()) }
}

static GETSET: &[GetSetDef] = &[
    GetSetDef {
        name: "tb_next",
        get: |o| Ok(this(o)?.next().unwrap_or_else(none)),
        set: Some(set_next),
        doc: "",
    },
    GetSetDef {
        name: "tb_lineno",
        get: |o| Ok(this(o)?.line().map_or_else(none, |l| int_obj(l.into()))),
        set: None,
        doc: "",
    },
    GetSetDef {
        name: "tb_frame",
        get: |o| Ok(this(o)?.frame().unwrap_or_else(none)),
        set: Some(|_, _| Err(attribute_error("readonly attribute"))),
        doc: "",
    },
    GetSetDef {
        name: "tb_lasti",
        get: |o| Ok(int_obj(this(o)?.lasti.into())),
        set: Some(|_, _| Err(attribute_error("readonly attribute"))),
        doc: "",
    },
];

#[pymethods(class = "traceback")]
impl PyTraceback {
    #[pymethod(text = "")]
    fn __dir__(&self) -> Obj {
        list_obj(["tb_frame", "tb_next", "tb_lasti", "tb_lineno"].map(str_obj).to_vec())
    }
}

fn construct(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    new(class, args)
}

pub(crate) fn fill(types: &Types) {
    let class = &types.traceback;
    class.slots.set_all(&TypeSlots { new: Some(construct), ..TypeSlots::EMPTY });
    ready::add_methods(class, <PyTraceback as NativeMethods>::methods());
    ready::add_getset(class, GETSET);
}
