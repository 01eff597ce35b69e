//! `_thread._local`: attributes that each thread has its own of.
//!
//! A local owns one [`PyLocalEntry`] for each thread that used it, with that thread's dict, so the collector sees the dicts as the local's.
//! The thread finds its entry through a weak reference in a table of its own: reading an attribute writes nothing that others read.
//! When the thread ends it takes its entries out of the locals that still live.

use std::cell::RefCell;

use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use taipan_objects::attribute::{name_of, no_attribute};
use taipan_objects::dict::PyDict;
use taipan_objects::layout::TraceField;
use taipan_objects::native::*;
use taipan_objects::object_type::object_init;
use taipan_objects::prelude::*;
use taipan_objects::type_object::slots::InitFn;
use taipan_objects::type_object::{TypeBuilder, new_instance, type_flags};
use taipan_objects::weakref::{self, PyWeakRef};
use taipan_threading::sync::atomic::{AtomicU64, Ordering};

use crate::native_class;
use crate::native_class::{class_argument, receiver};

/// The entries by thread key.
struct Entries(FxHashMap<u64, Obj>);

impl TraceField for Entries {
    fn trace_field(&self, tracer: &mut Tracer<'_>) {
        self.0.values().for_each(|entry| entry.trace_field(tracer));
    }
}

/// A `_local` object.
#[repr(C)]
pub struct PyLocal {
    header: Header,
    key: u64,
    /// What `__init__` is called with in each thread.
    args: Vec<Obj>,
    keyword_names: Vec<Obj>,
    keyword_values: Vec<Obj>,
    entries: Mutex<Entries>,
}
layout!(PyLocal, "_thread._local", [args, keyword_names, keyword_values, entries]);

/// One thread's part of a local.
#[repr(C)]
struct PyLocalEntry {
    header: Header,
    dict: Py<PyDict>,
    /// A weak reference to the local.
    local: Obj,
}
layout!(PyLocalEntry, "_thread._localdummy", [dict, local]);

native_class!(
    /// `_thread._local`.
    pub fn class() = TypeBuilder::new("_thread._local", PyLocal::ops())
        .text_signature("()")
        .flag(type_flags::HAS_WEAKREF)
        .slots(TypeSlots { new: Some(new), getattro: Some(getattro), setattro: Some(setattro), ..TypeSlots::EMPTY })
        .getset(GETSET)
        .doc("Thread-local data")
        .make()
);
native_class!(
    fn entry_class() = TypeBuilder::new("_thread._localdummy", PyLocalEntry::ops())
        .final_()
        .flag(type_flags::HAS_WEAKREF)
        .no_instantiation()
        .make()
);

static GETSET: &[GetSetDef] = &[GetSetDef {
    name: "__dict__",
    get: |obj| Ok(dict_of(obj)?.into_obj()),
    set: None,
    doc: "Local-data dict",
}];

/// The calling thread's table: local's key to a weak reference to the entry.
struct Mine {
    key: u64,
    entries: FxHashMap<u64, Obj>,
    /// Dead entries are cleared away when there are more than this.
    limit: usize,
}

static NEXT_KEY: AtomicU64 = AtomicU64::new(1);

thread_local! {
    static MINE: RefCell<Mine> =
        RefCell::new(Mine { key: NEXT_KEY.fetch_add(1, Ordering::Relaxed), entries: FxHashMap::default(), limit: 64 });
}

/// Takes the calling thread's data out of all locals: at its end.
pub fn thread_ends() {
    // What dies here may use locals again: a few rounds, then it is left to the locals' own end.
    for _ in 0..4 {
        let (key, entries) = MINE.with_borrow_mut(|mine| (mine.key, std::mem::take(&mut mine.entries)));
        if entries.is_empty() {
            return;
        }
        for weak in entries.into_values() {
            let entry = weak.downcast::<PyWeakRef>().and_then(PyWeakRef::get);
            let local = entry
                .as_ref()
                .and_then(|e| e.downcast::<PyLocalEntry>()?.local.downcast::<PyWeakRef>()?.get());
            if let Some(local) = local.as_ref().and_then(|l| l.downcast::<PyLocal>()) {
                let removed = local.entries.lock().0.remove(&key);
                drop(removed);
            }
        }
    }
}

fn new(class_obj: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    let class = class_argument::<PyLocal>(class_obj)?;
    let plain: InitFn = object_init;
    let has_arguments = !args.positional.is_empty() || args.has_keywords();
    if has_arguments && class.slots.init().is_none_or(|init| std::ptr::fn_addr_eq(init, plain)) {
        return Err(type_error("Initialization arguments are not supported"));
    }
    let (args, keyword_names, keyword_values) =
        (args.positional.to_vec(), args.keyword_names.to_vec(), args.keyword_values.to_vec());
    let local = new_instance(class, |header| PyLocal {
        header,
        key: NEXT_KEY.fetch_add(1, Ordering::Relaxed),
        args,
        keyword_names,
        keyword_values,
        entries: Mutex::new(Entries(FxHashMap::default())),
    })
    .into_obj();
    // This thread's `__init__` is called by who makes the object.
    add_entry(&local, receiver::<PyLocal>(&local)?)?;
    Ok(local)
}

/// Makes the calling thread's entry.
fn add_entry(obj: &Obj, this: &PyLocal) -> PyResult<Py<PyDict>> {
    let dict = PyDict::new();
    let local = weakref::new_ref(obj, None)?;
    let entry =
        new_instance(entry_class(), |header| PyLocalEntry { header, dict: dict.clone(), local }).into_obj();
    let weak = weakref::new_ref(&entry, None)?;
    let (key, dead) = MINE.with_borrow_mut(|mine| {
        let mut dead = Vec::new();
        if mine.entries.len() >= mine.limit {
            let gone = |weak: &Obj| weak.downcast::<PyWeakRef>().is_none_or(PyWeakRef::is_dead);
            dead.extend(mine.entries.extract_if(|_, weak| gone(weak)).map(|(_, weak)| weak));
            mine.limit = mine.entries.len() * 2 + 64;
        }
        dead.extend(mine.entries.insert(this.key, weak));
        (mine.key, dead)
    });
    drop(dead);
    let old = this.entries.lock().0.insert(key, entry);
    drop(old);
    Ok(dict)
}

fn remove_entry(this: &PyLocal) {
    let (key, weak) = MINE.with_borrow_mut(|mine| (mine.key, mine.entries.remove(&this.key)));
    let entry = this.entries.lock().0.remove(&key);
    drop((weak, entry));
}

/// The calling thread's attributes of a local, initialized when it first asks.
fn dict_of(obj: &Obj) -> PyResult<Py<PyDict>> {
    let this = receiver::<PyLocal>(obj)?;
    let known = MINE
        .with_borrow(|mine| mine.entries.get(&this.key).and_then(|weak| weak.downcast::<PyWeakRef>()?.get()));
    if let Some(entry) = known.as_ref().and_then(|e| e.downcast::<PyLocalEntry>()) {
        return Ok(entry.dict.clone());
    }
    // In a finalizer of garbage that the local belongs to, weak references to the entries are gone before the entries.
    let key = MINE.with_borrow(|mine| mine.key);
    let left = this.entries.lock().0.get(&key).cloned();
    if let Some(entry) = left.as_ref().and_then(|e| e.downcast::<PyLocalEntry>()) {
        return Ok(entry.dict.clone());
    }
    let dict = add_entry(obj, this)?;
    let plain: InitFn = object_init;
    if let Some(init) = class_of(obj).slots.init()
        && !std::ptr::fn_addr_eq(init, plain)
    {
        let args = Args::with_keywords(&this.args, &this.keyword_names, &this.keyword_values);
        if let Err(raised) = init(obj, &args) {
            remove_entry(this);
            return Err(raised);
        }
    }
    Ok(dict)
}

fn getattro(obj: &Obj, name: &Obj) -> PyResult<Obj> {
    let dict = dict_of(obj)?;
    let name = name_of(name)?;
    if name.eq_str("__dict__") {
        return Ok(dict.into_obj());
    }
    let class = class_of(obj);
    let found = class.lookup(&name).map(IntoStrong::into_strong);
    if let Some(attribute) = &found
        && let Some(get) = class_of(attribute).slots.descr_get()
        && class_of(attribute).slots.descr_set().is_some()
    {
        return get(attribute, Some(obj), Some(&class.to_obj()));
    }
    if let Some(value) = dict.get_str(&name) {
        return Ok(value);
    }
    let Some(attribute) = found else { return Err(no_attribute(obj, name.as_obj())) };
    match class_of(&attribute).slots.descr_get() {
        Some(get) => get(&attribute, Some(obj), Some(&class.to_obj())),
        None => Ok(attribute),
    }
}

fn setattro(obj: &Obj, name: &Obj, value: Option<&Obj>) -> PyResult<()> {
    let dict = dict_of(obj)?;
    let name = name_of(name)?;
    if name.eq_str("__dict__") {
        return Err(attribute_error(format!(
            "'{}' object attribute '__dict__' is read-only",
            class_of(obj).full_name()
        )));
    }
    if let Some(attribute) = class_of(obj).lookup(&name).map(IntoStrong::into_strong)
        && let Some(set) = class_of(&attribute).slots.descr_set()
    {
        return set(&attribute, obj, value);
    }
    match value {
        Some(value) => dict.set(name.into_obj(), value.clone()),
        None if dict.delete(name.as_obj())? => Ok(()),
        None => Err(no_attribute(obj, name.as_obj())),
    }
}
