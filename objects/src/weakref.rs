//! `weakref.ReferenceType` and the proxies.
//!
//! The pointer to the referent and its clearing belong to `taipan_gc::weakref`; here are the Python classes, one layout for all
//! three: `weakref/proxy.rs` holds what the proxies forward. The callback is taken out of its slot when it is called, so it runs at
//! most once.

mod proxy;

use taipan_gc::weakref::{self, WeakSlot};
use taipan_gc::{Header, Obj, Py, Slot};
use taipan_threading::sync::atomic::{AtomicI64, Ordering};
use taipan_threading::{CriticalSection, safepoint};

use crate::argument::Args;
use crate::construct::*;
use crate::error::*;
use crate::istr;
use crate::layout;
use crate::native::{GetSetDef, pymethods};
use crate::protocol;
use crate::singletons::is_none;
use crate::type_object::{
    CompareOp, PyType, TypeSlots, check_layout, class_of, new_instance, ready, type_flags,
};
use crate::types::{Types, types};

/// A weak reference or proxy.
#[repr(C)]
pub struct PyWeakRef {
    header: Header,
    referent: WeakSlot,
    callback: Slot,
    /// -1: not known. Every writer stores the same number.
    hash: AtomicI64,
}
layout!(PyWeakRef, "weakref", [callback]);

impl Drop for PyWeakRef {
    fn drop(&mut self) {
        weakref::unregister(&self.referent);
    }
}

impl PyWeakRef {
    /// The referent, unless it is gone.
    pub fn get(&self) -> Option<Obj> {
        weakref::upgrade(&self.referent)
    }
    /// Whether the referent is gone.
    pub fn is_dead(&self) -> bool {
        self.referent.is_dead()
    }
    /// Whether there is a callback that has not been called.
    pub fn has_callback(&self) -> bool {
        !self.callback.is_empty()
    }
}

/// Whether instances of the class of `obj` can be weakly referenced.
pub fn is_referenceable(obj: &Obj) -> bool {
    class_of(obj).has_flag(type_flags::HAS_WEAKREF)
}

/// `weakref.ref(target, callback)` of class `class`.
fn make(class: &PyType, target: &Obj, callback: Option<&Obj>) -> PyResult<Obj> {
    if !is_referenceable(target) {
        return Err(type_error(format!(
            "cannot create weak reference to '{}' object",
            class_of(target).name()
        )));
    }
    let callback = callback.filter(|c| !is_none(c));
    let shared = callback.is_none()
        && (class.is(&types().weakref)
            || class.is(&types().weakproxy)
            || class.is(&types().weakcallableproxy));
    // One object without callback serves all. Classes know theirs.
    let remembers = if shared && class.is(&types().weakref) { target.downcast::<PyType>() } else { None };
    if let Some(existing) = remembers.and_then(|target| weakref::upgrade(&target.weak_reference)) {
        return Ok(existing);
    }
    let same =
        |o: &Obj| class_of(o).is(class) && o.downcast::<PyWeakRef>().is_some_and(|w| !w.has_callback());
    if shared && let Some(existing) = weakref::find(target, same) {
        return Ok(existing);
    }
    let _section = shared.then(|| target.header().map(|header| CriticalSection::enter(header.lock())));
    // Again: only the section keeps others from making one.
    if shared && let Some(existing) = weakref::find(target, same) {
        return Ok(existing);
    }
    let weak = new_instance(class, |header| PyWeakRef {
        header,
        referent: WeakSlot::new(),
        callback: Slot::from_option(callback.cloned()),
        hash: AtomicI64::new(-1),
    });
    if !weakref::register(target, weak.as_obj(), &weak.referent) {
        return Err(type_error(format!(
            "cannot create weak reference to '{}' object",
            class_of(target).name()
        )));
    }
    if shared {
        weakref::prefer(target, weak.as_obj());
    }
    // Not while the one before is still dying: it empties the slot.
    if let Some(remembers) = remembers.filter(|target| target.weak_reference.is_dead()) {
        weakref::register(weak.as_obj(), target, &remembers.weak_reference);
    }
    Ok(weak.into_obj())
}

/// `weakref.ref(target, callback)`.
pub fn new_ref(target: &Obj, callback: Option<&Obj>) -> PyResult<Obj> {
    make(&types().weakref, target, callback)
}

/// `weakref.proxy(target, callback)`.
pub fn new_proxy(target: &Obj, callback: Option<&Obj>) -> PyResult<Obj> {
    let class = if protocol::is_callable(target) { &types().weakcallableproxy } else { &types().weakproxy };
    make(class, target, callback)
}

/// The references and proxies to `target`, oldest first. Frame objects, too, refer weakly to their generators.
fn referring(target: &Obj) -> Vec<Obj> {
    let mut found = weakref::list(target);
    found.retain(|weak| weak.is_layout::<PyWeakRef>());
    found
}

/// `weakref.getweakrefcount(target)`.
pub fn count(target: &Obj) -> usize {
    if is_referenceable(target) { referring(target).len() } else { 0 }
}

/// `weakref.getweakrefs(target)`.
pub fn list(target: &Obj) -> Vec<Obj> {
    if !is_referenceable(target) {
        return Vec::new();
    }
    // In CPython's order: the shared reference and proxy, then the others, newest first.
    let rank = |object: &Obj| {
        let has_callback = object.downcast::<PyWeakRef>().is_none_or(PyWeakRef::has_callback);
        let class = class_of(object);
        match has_callback {
            false if class.is(&types().weakref) => 0,
            false if class.is(&types().weakproxy) || class.is(&types().weakcallableproxy) => 1,
            _ => 2,
        }
    };
    let mut references = referring(target);
    references.reverse();
    references.sort_by_key(rank);
    references
}

/// The collector's hook: the referent of `weak` died.
pub fn weakref_dead(weak: Obj) {
    let Some(callback) = weak.downcast::<PyWeakRef>().and_then(|w| w.callback.take()) else { return };
    let pending = try_take_raised();
    if let Err(Raised) = protocol::call1(&callback, &weak) {
        crate::hooks::unraisable(Some("Exception ignored while calling weakref callback"), Some(&callback));
    }
    if let Some(pending) = pending {
        let Raised = set_raised(pending);
    }
}

fn this(obj: &Obj) -> PyResult<&PyWeakRef> {
    obj.downcast::<PyWeakRef>().ok_or_else(|| system_error("not a weak reference"))
}

fn arguments<'a>(args: &Args<'a>, function: &str) -> PyResult<(&'a Obj, Option<&'a Obj>)> {
    match args.positional {
        [target] => Ok((target, None)),
        [target, callback] => Ok((target, Some(callback))),
        [] => Err(type_error(format!("{function} expected at least 1 argument, got 0"))),
        more => Err(type_error(format!("{function} expected at most 2 arguments, got {}", more.len()))),
    }
}

fn new(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    let (target, callback) = arguments(args, "__new__")?;
    let Some(class) = class.downcast::<PyType>() else { return Err(type_error("expected a type")) };
    check_layout::<PyWeakRef>(class)?;
    make(class, target, callback)
}

fn init(_obj: &Obj, args: &Args<'_>) -> PyResult<()> {
    if args.has_keywords() {
        return Err(type_error("ref() takes no keyword arguments"));
    }
    arguments(args, "__init__").map(|_| ())
}

fn call(obj: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    if args.has_keywords() {
        return Err(type_error("weakref() takes no keyword arguments"));
    }
    if !args.positional.is_empty() {
        return Err(type_error(format!("weakref expected 0 arguments, got {}", args.positional.len())));
    }
    let this = this(obj)?;
    // What is as good as dead does not come back because somebody asks.
    if let Some(thread) = taipan_threading::current()
        && thread.poll() & (safepoint::MERGE | safepoint::LIMBO) != 0
    {
        taipan_gc::thread::poll(thread);
    }
    Ok(this.get().unwrap_or_else(none))
}

fn hash(obj: &Obj) -> PyResult<i64> {
    let weak = this(obj)?;
    // Relaxed: see the field.
    let known = weak.hash.load(Ordering::Relaxed);
    if known != -1 {
        return Ok(known);
    }
    let Some(target) = weak.get() else { return Err(type_error("weak object has gone away")) };
    let hash = protocol::hash(&target)?;
    weak.hash.store(hash, Ordering::Relaxed);
    Ok(hash)
}

fn richcompare(a: &Obj, b: &Obj, op: CompareOp) -> PyResult<Obj> {
    let class = &types().weakref;
    if !matches!(op, CompareOp::Eq | CompareOp::Ne)
        || !class_of(a).is_subtype(class)
        || !class_of(b).is_subtype(class)
    {
        return Ok(not_implemented());
    }
    match (this(a)?.get(), this(b)?.get()) {
        (Some(x), Some(y)) => protocol::rich_compare(&x, &y, op),
        _ => Ok(bool_obj(a.is(b) == (op == CompareOp::Eq))),
    }
}

/// `<kind at 0x...; to 'class' at 0x...>`
fn describe(obj: &Obj, kind: &str) -> PyResult<String> {
    let address = obj.value().counted().bits();
    let Some(target) = this(obj)?.get() else { return Ok(format!("<{kind} at {address:#x}; dead>")) };
    // What looks attributes up among its keys has none of that name.
    let name = match protocol::getattr_opt(&target, &istr!("__name__")) {
        Err(Raised) if raised_is(&types().key_error) => {
            drop(try_take_raised());
            None
        }
        found => found?,
    };
    let name = match name {
        Some(name) if kind == "weakref" && name.is_layout::<crate::str::PyStr>() => {
            format!(" ({})", protocol::str_string(&name)?)
        }
        _ => String::new(),
    };
    let (class, at) = (class_of(&target).name(), target.value().counted().bits());
    Ok(format!("<{kind} at {address:#x}; to '{class}' at {at:#x}{name}>"))
}

fn repr(obj: &Obj) -> PyResult<Obj> {
    Ok(str_obj(&describe(obj, "weakref")?))
}

#[pymethods(class = "weakref.ReferenceType")]
impl PyWeakRef {
    /// See PEP 585
    #[pyclassmethod(sig = "(item, /)", text = "")]
    fn __class_getitem__(cls: &Obj, item: &Obj) -> Obj {
        crate::generic_alias::new(cls, item)
    }
}

static GETSET: &[GetSetDef] = &[GetSetDef {
    name: "__callback__",
    get: |o| Ok(this(o)?.callback.load().unwrap_or_else(none)),
    set: Some(|_, _| Err(attribute_error("readonly attribute"))),
    doc: "",
}];

fn get_weakref(obj: &Obj) -> PyResult<Obj> {
    Ok(list(obj).into_iter().next().unwrap_or_else(none))
}

/// `__weakref__`, for classes whose instances became weakly referenceable.
pub static WEAKREF_GETSETS: &[GetSetDef] = &[GetSetDef {
    name: "__weakref__",
    get: get_weakref,
    set: None,
    doc: "list of weak references to the object",
}];

static SLOTS: TypeSlots = TypeSlots {
    new: Some(new),
    init: Some(init),
    call: Some(call),
    hash: Some(hash),
    richcompare: Some(richcompare),
    repr: Some(repr),
    ..TypeSlots::EMPTY
};

pub(crate) fn fill(types: &Types) {
    types.weakref.slots.set_all(&SLOTS);
    ready::add_methods(&types.weakref, <PyWeakRef as crate::native::NativeMethods>::methods());
    ready::add_getset(&types.weakref, GETSET);
    proxy::fill(types);
    let t = types;
    let referenceable: [&Py<PyType>; 12] = [
        &t.type_,
        &t.function,
        &t.method,
        &t.builtin_function_or_method,
        &t.module,
        &t.set,
        &t.frozenset,
        &t.generator,
        &t.coroutine,
        &t.async_generator,
        &t.code,
        &t.memoryview,
    ];
    for class in referenceable {
        class.set_flag(type_flags::HAS_WEAKREF, true);
    }
}
