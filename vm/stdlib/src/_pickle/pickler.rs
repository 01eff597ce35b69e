//! `Pickler`: the settings and the memo of pickles written one after the other to one file.
//!
//! `running` is set while a run uses the object; whoever sets it owns the right to run.

use parking_lot::Mutex;
use taipan_objects::attribute::{generic_getattr, generic_setattr};
use taipan_objects::native::*;
use taipan_objects::native_function::PyNativeFunction;
use taipan_objects::prelude::*;
use taipan_objects::type_object::{TypeBuilder, new_instance, type_flags};
use taipan_threading::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use super::errors::pickling_error;
use super::memo::{Place, Saved};
use super::memo_proxy;
use super::save::{Overrides, Saver, Settings};
use crate::native_class;
use crate::native_class::{class_argument, receiver};
use crate::running::Running;

/// A `Pickler` object.
#[repr(C)]
pub struct PyPickler {
    header: Header,
    /// `write` of the file; empty before `__init__`.
    write: Slot,
    buffer_callback: Slot,
    dispatch_table: Slot,
    /// What was assigned to `persistent_id`.
    persistent_id: Slot,
    memo: Mutex<Saved>,
    proto: AtomicI64,
    bin: AtomicI64,
    fast: AtomicI64,
    fix_imports: AtomicBool,
    running: AtomicBool,
}
layout!(PyPickler, "Pickler", [write, buffer_callback, dispatch_table, persistent_id, memo]);

native_class!(
    /// `_pickle.Pickler`.
    pub fn class() = TypeBuilder::new("_pickle.Pickler", PyPickler::ops())
        .text_signature("(file, protocol=None, fix_imports=True, buffer_callback=None)")
        .flag(type_flags::BASE)
        .slots(TypeSlots {
            new: Some(new),
            init: Some(init),
            getattro: Some(getattribute),
            setattro: Some(setattribute),
            ..TypeSlots::EMPTY
        })
        .methods(PyPickler::methods())
        .getset(PyPickler::getset())
        .doc("This takes a binary file for writing a pickle data stream.")
        .make()
);

/// `file.write`.
pub fn write_method(file: &Obj) -> PyResult<Obj> {
    getattr_opt(file, &istr!("write"))?.ok_or_else(|| type_error("file must have a 'write' attribute"))
}

/// Begins a run. Errors: `RuntimeError` while another goes on, "`what` object is already used".
pub fn begin<'a>(flag: &'a AtomicBool, what: &str) -> PyResult<Running<'a>> {
    Running::begin(flag).ok_or_else(|| runtime_error(format!("{what} object is already used")))
}

fn new(class: &Obj, _args: &Args<'_>) -> PyResult<Obj> {
    let class = class_argument::<PyPickler>(class)?;
    Ok(new_instance(class, |header| PyPickler {
        header,
        write: Slot::empty(),
        buffer_callback: Slot::empty(),
        dispatch_table: Slot::empty(),
        persistent_id: Slot::empty(),
        memo: Mutex::new(Saved::default()),
        proto: AtomicI64::new(0),
        bin: AtomicI64::new(0),
        fast: AtomicI64::new(0),
        fix_imports: AtomicBool::new(false),
        running: AtomicBool::new(false),
    })
    .into_obj())
}

fn init(obj: &Obj, args: &Args<'_>) -> PyResult<()> {
    initialize(obj, args)
}

#[pyargs(name = "Pickler", sig = "(file, protocol=None, fix_imports=True, buffer_callback=None)")]
fn initialize(
    obj: &Obj,
    file: &Obj,
    protocol: Option<&Obj>,
    fix_imports: bool,
    buffer_callback: Option<&Obj>,
) -> PyResult<()> {
    let this = receiver::<PyPickler>(obj)?;
    let _running = begin(&this.running, "Pickler")?;
    // Before anything may fail: a pickler whose `__init__` failed is not initialized.
    drop(this.write.take());
    let settings = Settings::new(protocol, fix_imports, buffer_callback)?;
    let write = write_method(file)?;
    this.replace_memo(Saved::default());
    this.proto.store(settings.proto, Ordering::Relaxed);
    this.bin.store(settings.bin.into(), Ordering::Relaxed);
    this.fast.store(0, Ordering::Relaxed);
    this.fix_imports.store(settings.fix_imports, Ordering::Relaxed);
    drop(this.buffer_callback.replace(settings.buffer_callback));
    let table = getattr_opt(obj, &istr!("dispatch_table"))?;
    drop(this.dispatch_table.replace(table));
    this.write.store(write);
    Ok(())
}

fn is_persistent_id(name: &Obj) -> bool {
    name.downcast::<PyStr>().is_some_and(|name| name.eq_str("persistent_id"))
}

fn getattribute(obj: &Obj, name: &Obj) -> PyResult<Obj> {
    if is_persistent_id(name)
        && let Some(assigned) = receiver::<PyPickler>(obj)?.persistent_id.load()
    {
        return Ok(assigned);
    }
    generic_getattr(obj, name)
}

fn setattribute(obj: &Obj, name: &Obj, value: Option<&Obj>) -> PyResult<()> {
    if is_persistent_id(name) {
        let this = receiver::<PyPickler>(obj)?;
        drop(this.persistent_id.replace(value.cloned()));
        return Ok(());
    }
    generic_setattr(obj, name, value)
}

/// The method `name` of `obj`, unless it is the native one.
pub fn overriding(obj: &Obj, name: &str) -> PyResult<Option<Obj>> {
    let method = getattr_str(obj, name)?;
    let is_native = method
        .downcast::<PyNativeFunction>()
        .is_some_and(|function| function.def.name == name && function.receiver().is_some_and(|r| r.is(obj)));
    Ok(if is_native { None } else { Some(method) })
}

fn int_member(value: Option<&Obj>) -> PyResult<i64> {
    let Some(value) = value else { return Err(type_error("can't delete numeric/char attribute")) };
    i32::from_arg(value).map(i64::from)
}

impl PyPickler {
    pub fn replace_memo(&self, memo: Saved) {
        let old = std::mem::replace(&mut *self.memo.lock(), memo);
        drop(old);
    }
    pub fn memo_entries(&self) -> Vec<(usize, Obj)> {
        self.memo.lock().entries()
    }
}

#[pymethods(class = "Pickler")]
impl PyPickler {
    /// Write a pickled representation of the given object to the open file.
    #[pymethod]
    fn dump(slf: &Obj, obj: &Obj) -> PyResult<()> {
        let this = receiver::<PyPickler>(slf)?;
        let Some(write) = this.write.load() else {
            return Err(pickling_error(format!(
                "Pickler.__init__() was not called by {}.__init__()",
                class_of(slf).full_name()
            )));
        };
        let _running = begin(&this.running, "Pickler")?;
        let settings = Settings {
            proto: this.proto.load(Ordering::Relaxed),
            bin: this.bin.load(Ordering::Relaxed) != 0,
            fast: this.fast.load(Ordering::Relaxed) != 0,
            fix_imports: this.fix_imports.load(Ordering::Relaxed),
            buffer_callback: this.buffer_callback.load(),
        };
        let mut saver = Saver::new(settings, Some(write));
        saver.memo = Place::Shared(&this.memo);
        saver.overrides = Overrides {
            reducer_override: getattr_opt(slf, &istr!("reducer_override"))?,
            persistent_id: overriding(slf, "persistent_id")?,
            dispatch_table: this.dispatch_table.load(),
        };
        saver.dump(obj)?;
        saver.finish()
    }
    /// Clears the pickler's "memo".
    #[pymethod]
    fn clear_memo(&self) {
        self.replace_memo(Saved::default());
    }
    #[pymethod]
    fn persistent_id(&self, obj: &Obj) {
        let _ = (self, obj);
    }
    #[pygetset]
    fn bin(&self) -> i64 {
        self.bin.load(Ordering::Relaxed)
    }
    #[pygetset(setter = "bin")]
    fn set_bin(&self, value: Option<&Obj>) -> PyResult<()> {
        self.bin.store(int_member(value)?, Ordering::Relaxed);
        Ok(())
    }
    #[pygetset]
    fn fast(&self) -> i64 {
        self.fast.load(Ordering::Relaxed)
    }
    #[pygetset(setter = "fast")]
    fn set_fast(&self, value: Option<&Obj>) -> PyResult<()> {
        self.fast.store(int_member(value)?, Ordering::Relaxed);
        Ok(())
    }
    #[pygetset]
    fn dispatch_table(slf: &Obj) -> PyResult<Obj> {
        let this = receiver::<PyPickler>(slf)?;
        this.dispatch_table.load().ok_or_else(|| {
            attribute_error(format!(
                "'{}' object has no attribute 'dispatch_table'",
                class_of(slf).full_name()
            ))
        })
    }
    #[pygetset(setter = "dispatch_table")]
    fn set_dispatch_table(&self, value: Option<&Obj>) -> PyResult<()> {
        match (self.dispatch_table.replace(value.cloned()), value) {
            (None, None) => Err(attribute_error("dispatch_table")),
            _ => Ok(()),
        }
    }
    #[pygetset]
    fn memo(slf: &Obj) -> PyResult<Obj> {
        receiver::<PyPickler>(slf).map(|this| memo_proxy::of_pickler(Py::from_ref(this)))
    }
    #[pygetset(setter = "memo")]
    fn set_memo(&self, value: Option<&Obj>) -> PyResult<()> {
        self.replace_memo(memo_proxy::pickler_memo(value)?);
        Ok(())
    }
}
