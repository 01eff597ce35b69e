//! `Unpickler`: the settings, the memo and the input of pickles read one after the other from one file.

use parking_lot::Mutex;
use taipan_objects::attribute::{generic_getattr, generic_setattr};
use taipan_objects::layout::TraceField;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::type_object::{TypeBuilder, new_instance, type_flags};
use taipan_threading::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use super::errors::unpickling_error;
use super::input::FileInput;
use super::load::{Loader, Settings, no_persistent_load};
use super::lookup;
use super::memo::{Loaded, Place};
use super::memo_proxy;
use super::pickler::{begin, overriding};
use crate::native_class;
use crate::native_class::{class_argument, receiver};

/// What `__init__` was given.
struct Given {
    input: FileInput,
    fix_imports: bool,
    encoding: String,
    errors: String,
    buffers: Option<Obj>,
}

impl TraceField for Given {
    fn trace_field(&self, tracer: &mut Tracer<'_>) {
        self.input.trace_field(tracer);
        self.buffers.trace_field(tracer);
    }
}

/// An `Unpickler` object.
#[repr(C)]
pub struct PyUnpickler {
    header: Header,
    /// `None` before `__init__`. A run works with a copy of the input and puts it back.
    given: Mutex<Option<Given>>,
    memo: Mutex<Loaded>,
    /// What was assigned to `persistent_load`.
    persistent_load: Slot,
    /// Of the pickle being read, for `find_class`.
    proto: AtomicI64,
    running: AtomicBool,
}
layout!(PyUnpickler, "Unpickler", [given, memo, persistent_load]);

native_class!(
    /// `_pickle.Unpickler`.
    pub fn class() = TypeBuilder::new("_pickle.Unpickler", PyUnpickler::ops())
        .text_signature("(file, *, fix_imports=True, encoding='ASCII', errors='strict', buffers=())")
        .flag(type_flags::BASE)
        .slots(TypeSlots {
            new: Some(new),
            init: Some(init),
            getattro: Some(getattribute),
            setattro: Some(setattribute),
            ..TypeSlots::EMPTY
        })
        .methods(PyUnpickler::methods())
        .getset(PyUnpickler::getset())
        .doc("This takes a binary file for reading a pickle data stream.")
        .make()
);

/// The iterator over out-of-band buffers.
pub fn buffer_iterator(buffers: Option<&Obj>) -> PyResult<Option<Obj>> {
    match buffers.filter(|buffers| !is_none(buffers)) {
        Some(buffers) => iter(buffers).map(|iterator| Some(iterator.into_strong())),
        None => Ok(None),
    }
}

fn new(class: &Obj, _args: &Args<'_>) -> PyResult<Obj> {
    let class = class_argument::<PyUnpickler>(class)?;
    Ok(new_instance(class, |header| PyUnpickler {
        header,
        given: Mutex::new(None),
        memo: Mutex::new(Loaded::default()),
        persistent_load: Slot::empty(),
        proto: AtomicI64::new(0),
        running: AtomicBool::new(false),
    })
    .into_obj())
}

fn init(obj: &Obj, args: &Args<'_>) -> PyResult<()> {
    initialize(receiver::<PyUnpickler>(obj)?, args)
}

#[pyargs(
    name = "Unpickler",
    sig = "(file, *, fix_imports=True, encoding='ASCII', errors='strict', buffers=<unrepresentable>)"
)]
fn initialize(
    this: &PyUnpickler,
    file: &Obj,
    fix_imports: bool,
    encoding: &str,
    errors: &str,
    buffers: Option<&Obj>,
) -> PyResult<()> {
    let _running = begin(&this.running, "Unpickler")?;
    let input = FileInput::new(file)?;
    let buffers = buffer_iterator(buffers)?;
    let given = Given { input, fix_imports, encoding: encoding.into(), errors: errors.into(), buffers };
    let old = this.given.lock().replace(given);
    drop(old);
    this.replace_memo(Loaded::default());
    this.proto.store(0, Ordering::Relaxed);
    Ok(())
}

fn is_persistent_load(name: &Obj) -> bool {
    name.downcast::<PyStr>().is_some_and(|name| name.eq_str("persistent_load"))
}

fn getattribute(obj: &Obj, name: &Obj) -> PyResult<Obj> {
    if is_persistent_load(name)
        && let Some(assigned) = receiver::<PyUnpickler>(obj)?.persistent_load.load()
    {
        return Ok(assigned);
    }
    generic_getattr(obj, name)
}

fn setattribute(obj: &Obj, name: &Obj, value: Option<&Obj>) -> PyResult<()> {
    if is_persistent_load(name) {
        let this = receiver::<PyUnpickler>(obj)?;
        drop(this.persistent_load.replace(value.cloned()));
        return Ok(());
    }
    generic_setattr(obj, name, value)
}

impl PyUnpickler {
    pub fn replace_memo(&self, memo: Loaded) {
        let old = std::mem::replace(&mut *self.memo.lock(), memo);
        drop(old);
    }
    pub fn memo_entries(&self) -> Vec<(usize, Obj)> {
        self.memo.lock().entries()
    }
    /// The input and the settings for a run.
    fn start(&self) -> Option<(FileInput, Settings)> {
        let given = self.given.lock();
        let given = given.as_ref()?;
        let settings = Settings {
            fix_imports: given.fix_imports,
            encoding: given.encoding.clone(),
            errors: given.errors.clone(),
            buffers: given.buffers.clone(),
        };
        Some((given.input.clone(), settings))
    }
    fn put_back(&self, input: FileInput) {
        let old = self.given.lock().as_mut().map(|given| std::mem::replace(&mut given.input, input));
        drop(old);
    }
}

#[pymethods(class = "Unpickler")]
impl PyUnpickler {
    /// Load a pickle.
    #[pymethod]
    fn load(slf: &Obj) -> PyResult<Obj> {
        let this = receiver::<PyUnpickler>(slf)?;
        let Some((input, settings)) = this.start() else {
            return Err(unpickling_error(format!(
                "Unpickler.__init__() was not called by {}.__init__()",
                class_of(slf).full_name()
            )));
        };
        let _running = begin(&this.running, "Unpickler")?;
        let note = |proto: i64| this.proto.store(proto, Ordering::Relaxed);
        note(0);
        let mut loader = Loader::new(input, settings);
        loader.memo = Place::Shared(&this.memo);
        loader.note_proto = Some(&note);
        loader.persistent_load = overriding(slf, "persistent_load")?;
        loader.find_class = overriding(slf, "find_class")?;
        let loaded = loader.load();
        let Loader { input, .. } = loader;
        this.put_back(input);
        loaded
    }
    /// Return an object from a specified module.
    #[pymethod]
    fn find_class(&self, module_name: &Obj, global_name: &Obj) -> PyResult<Obj> {
        let fix_imports = self.given.lock().as_ref().is_some_and(|given| given.fix_imports);
        lookup::find_class(module_name, global_name, self.proto.load(Ordering::Relaxed), fix_imports)
    }
    #[pymethod]
    fn persistent_load(&self, pid: &Obj) -> PyResult<Obj> {
        let _ = (self, pid);
        Err(no_persistent_load())
    }
    #[pygetset]
    fn memo(slf: &Obj) -> PyResult<Obj> {
        receiver::<PyUnpickler>(slf).map(|this| memo_proxy::of_unpickler(Py::from_ref(this)))
    }
    #[pygetset(setter = "memo")]
    fn set_memo(&self, value: Option<&Obj>) -> PyResult<()> {
        self.replace_memo(memo_proxy::unpickler_memo(value)?);
        Ok(())
    }
}
