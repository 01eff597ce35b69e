//! `super`: attribute lookup behind a class in the method resolution order.

use taipan_gc::{Header, Obj, Py, Slot};

use crate::argument::Args;
use crate::construct::*;
use crate::error::*;
use crate::layout;
use crate::native::GetSetDef;
use crate::protocol;
use crate::singletons::is_none;
use crate::str::PyStr;
use crate::type_object::{PyType, TypeSlots, check_layout, class_of, new_instance, ready};
use crate::types::{Types, types};

/// A `super` object. All empty until `__init__`; `object` and `object_class` stay empty in an unbound one.
#[repr(C)]
pub struct PySuper {
    header: Header,
    /// The class behind which lookup starts.
    class: Slot,
    object: Slot,
    /// The class whose method resolution order is searched.
    object_class: Slot,
}
layout!(PySuper, "super", [class, object, object_class]);

impl PySuper {
    /// `super(class, object)`, where `object` is a class that derives from `class` (or is it), or an instance.
    pub fn new(class: &Py<PyType>, object: &Obj) -> Py<PySuper> {
        let object_class = match object.downcast::<PyType>() {
            Some(c) if c.is_subtype(class) => object.clone(),
            _ => class_of(object).to_obj(),
        };
        new_instance(&types().super_, |header| PySuper {
            header,
            class: Slot::new(class.as_obj().clone()),
            object: Slot::new(object.clone()),
            object_class: Slot::new(object_class),
        })
    }
}

fn this(obj: &Obj) -> PyResult<&PySuper> {
    obj.downcast::<PySuper>().ok_or_else(|| system_error("not a super object"))
}

/// The class whose method resolution order `super(class, object)` searches.
fn check(class: &PyType, object: &Obj) -> PyResult<Obj> {
    if let Some(c) = object.downcast::<PyType>()
        && c.is_subtype(class)
    {
        return Ok(object.clone());
    }
    let own = class_of(object);
    if own.is_subtype(class) {
        return Ok(own.to_obj());
    }
    // `__class__` may claim otherwise (proxies).
    if let Some(claimed) = protocol::getattr_opt(object, &crate::istr!("__class__"))?
        && let Some(c) = claimed.downcast::<PyType>()
        && !c.is(own)
        && c.is_subtype(class)
    {
        return Ok(claimed);
    }
    Err(mismatch(class, object))
}

/// `super(class, object)` makes no sense.
#[cold]
pub(crate) fn mismatch(class: &PyType, object: &Obj) -> Raised {
    let (kind, name) = match object.downcast::<PyType>() {
        Some(c) => ("type", c.name()),
        None => ("instance of", class_of(object).name()),
    };
    let class = class.name();
    type_error(format!(
        "super(type, obj): obj ({kind} {name}) is not an instance or subtype of type ({class})."
    ))
}

/// `super(class, object).name` without the `super` object. For calls of methods the class need not be looked at again.
pub fn super_lookup(class: &PyType, object: &Obj, name: &Obj) -> PyResult<Obj> {
    let object_class = check(class, object)?;
    if let Some(searched) = object_class.downcast::<PyType>()
        && let Some(found) = search(class, object, searched, name)?
    {
        return Ok(found);
    }
    let unnamed = PySuper::new(&Py::from_ref(class), object);
    crate::attribute::generic_getattr(unnamed.as_obj(), name)
}

/// The attribute of the classes behind `class` in the method resolution order of `object_class`, before the descriptor protocol.
pub fn super_lookup_unbound(class: &PyType, object_class: &PyType, name: &PyStr) -> Option<Obj> {
    let order = object_class.mro();
    let rest = &order[order.iter().position(|c| std::ptr::eq(*c, class))? + 1..];
    // SAFETY: the linearization keeps its classes alive.
    let next = unsafe { &**rest.first()? };
    // Usually the classes behind are the next one's own linearization, which is remembered.
    if next.mro() == rest {
        return next.lookup(name);
    }
    // SAFETY: as above.
    rest.iter().find_map(|c| unsafe { &**c }.dict().get_str_ref(name))
}

fn search(class: &PyType, object: &Obj, object_class: &PyType, name: &Obj) -> PyResult<Option<Obj>> {
    let name = crate::attribute::name_of(name)?;
    // The proxy's own class is asked for, not the one behind.
    if name.eq_str("__class__") {
        return Ok(None);
    }
    let Some(found) = super_lookup_unbound(class, object_class, &name) else { return Ok(None) };
    match class_of(&found).slots.descr_get() {
        Some(get) => {
            let owner = object_class.to_obj();
            // `super(C, C).method` is a function.
            let instance = if object.is(&owner) { None } else { Some(object) };
            get(&found, instance, Some(&owner)).map(Some)
        }
        None => Ok(Some(found)),
    }
}

fn getattro(obj: &Obj, name: &Obj) -> PyResult<Obj> {
    let this = this(obj)?;
    if let (Some(class), Some(object), Some(object_class)) =
        (this.class.load(), this.object.load(), this.object_class.load())
        && let (Some(class), Some(object_class)) =
            (class.downcast::<PyType>(), object_class.downcast::<PyType>())
        && let Some(found) = search(class, &object, object_class, name)?
    {
        return Ok(found);
    }
    crate::attribute::generic_getattr(obj, name)
}

fn new(class: &Obj, _args: &Args<'_>) -> PyResult<Obj> {
    let Some(class) = class.downcast::<PyType>() else { return Err(type_error("expected a type")) };
    check_layout::<PySuper>(class)?;
    let empty =
        |header| PySuper { header, class: Slot::empty(), object: Slot::empty(), object_class: Slot::empty() };
    Ok(new_instance(class, empty).into_obj())
}

fn init(obj: &Obj, args: &Args<'_>) -> PyResult<()> {
    let this = this(obj)?;
    if args.has_keywords() {
        return Err(type_error("super() takes no keyword arguments"));
    }
    let (class, object) = match args.positional {
        [] => {
            let (class, object) = crate::hooks::super_arguments()?;
            (class, Some(object))
        }
        [class] => (class.clone(), None),
        [class, object] => (class.clone(), Some(object.clone()).filter(|o| !is_none(o))),
        more => return Err(type_error(format!("super() expected at most 2 arguments, got {}", more.len()))),
    };
    let Some(native) = class.downcast::<PyType>() else {
        return Err(type_error(format!(
            "super() argument 1 must be a type, not {}",
            class_of(&class).name()
        )));
    };
    let object_class = object.as_ref().map(|o| check(native, o)).transpose()?;
    drop((
        this.class.replace(Some(class)),
        this.object.replace(object),
        this.object_class.replace(object_class),
    ));
    Ok(())
}

fn descr_get(obj: &Obj, instance: Option<&Obj>, _owner: Option<&Obj>) -> PyResult<Obj> {
    let this = this(obj)?;
    let (Some(instance), true) = (instance.filter(|i| !is_none(i)), this.object.is_empty()) else {
        return Ok(obj.clone());
    };
    let Some(class) = this.class.load() else { return Ok(obj.clone()) };
    let own = class_of(obj);
    if !own.is(&types().super_) {
        return protocol::call(&own.to_obj(), &[class, instance.clone()]);
    }
    let Some(native) = class.downcast::<PyType>() else { return Ok(obj.clone()) };
    let object_class = check(native, instance)?;
    Ok(new_instance(own, |header| PySuper {
        header,
        class: Slot::new(class.clone()),
        object: Slot::new(instance.clone()),
        object_class: Slot::new(object_class),
    })
    .into_obj())
}

fn class_name(slot: &Slot) -> String {
    slot.load().and_then(|c| c.downcast::<PyType>().map(PyType::name)).unwrap_or_else(|| "NULL".to_owned())
}

fn repr(obj: &Obj) -> PyResult<Obj> {
    let this = this(obj)?;
    let class = class_name(&this.class);
    Ok(str_obj(&if this.object_class.is_empty() {
        format!("<super: <class '{class}'>, NULL>")
    } else {
        format!("<super: <class '{class}'>, <{} object>>", class_name(&this.object_class))
    }))
}

fn or_none(slot: &Slot) -> PyResult<Obj> {
    Ok(slot.load().unwrap_or_else(none))
}

fn readonly(_obj: &Obj, _value: Option<&Obj>) -> PyResult<()> {
    Err(attribute_error("readonly attribute"))
}

static GETSET: &[GetSetDef] = &[
    GetSetDef {
        name: "__thisclass__",
        get: |o| or_none(&this(o)?.class),
        set: Some(readonly),
        doc: "the class that lookup starts behind",
    },
    GetSetDef {
        name: "__self__",
        get: |o| or_none(&this(o)?.object),
        set: Some(readonly),
        doc: "the instance or class looked up on, if any",
    },
    GetSetDef {
        name: "__self_class__",
        get: |o| or_none(&this(o)?.object_class),
        set: Some(readonly),
        doc: "the class whose linearization is searched, if any",
    },
];

pub(crate) fn fill(types: &Types) {
    let class = &types.super_;
    class.slots.set_all(&TypeSlots {
        new: Some(new),
        init: Some(init),
        repr: Some(repr),
        getattro: Some(getattro),
        descr_get: Some(descr_get),
        ..TypeSlots::EMPTY
    });
    ready::add_getset(class, GETSET);
    ready::set_doc(
        class,
        "super() -> the same as super(__class__, <first argument>)\nsuper(type) -> an unbound super object\n\
         super(type, obj) -> a super object bound to obj, an instance of type or a class derived from it",
    );
}
