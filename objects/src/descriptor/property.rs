//! `property`.

use taipan_gc::{Header, Obj, Py, Slot};

use crate::argument::Args;
use crate::construct::*;
use crate::error::*;
use crate::layout;
use crate::native::{GetSetDef, pymethods};
use crate::protocol;
use crate::singletons::is_none;
use crate::type_object::{PyType, TypeSlots, class_of, new_instance, ready};
use crate::types::{Types, types};

/// A property: getter, setter, deleter, documentation, and the name it was bound to.
#[repr(C)]
pub struct PyProperty {
    header: Header,
    pub get: Slot,
    pub set: Slot,
    pub delete: Slot,
    doc: Slot,
    name: Slot,
    getter_doc: taipan_threading::sync::atomic::AtomicBool,
}
layout!(PyProperty, "property", [get, set, delete, doc, name]);

fn this(obj: &Obj) -> PyResult<&PyProperty> {
    obj.downcast::<PyProperty>().ok_or_else(|| system_error("not a property"))
}

fn new(class: &Obj, _args: &Args<'_>) -> PyResult<Obj> {
    let Some(class) = class.downcast::<PyType>() else { return Err(type_error("expected a type")) };
    crate::type_object::check_layout::<PyProperty>(class)?;
    Ok(new_instance(class, |header| PyProperty {
        header,
        get: Slot::empty(),
        set: Slot::empty(),
        delete: Slot::empty(),
        doc: Slot::empty(),
        name: Slot::empty(),
        getter_doc: false.into(),
    })
    .into_obj())
}

fn init(obj: &Obj, args: &Args<'_>) -> PyResult<()> {
    let property = this(obj)?;
    let names = ["fget", "fset", "fdel", "doc"];
    if args.positional.len() > 4 {
        return Err(type_error(format!(
            "property() takes at most 4 arguments ({} given)",
            args.positional.len()
        )));
    }
    let mut values: [Option<Obj>; 4] = Default::default();
    for (place, value) in values.iter_mut().zip(args.positional) {
        *place = Some(value.clone());
    }
    for (name, value) in args.keywords() {
        let text = protocol::str_string(name)?;
        match names.iter().position(|n| *n == text) {
            Some(i) if values[i].is_none() => values[i] = Some(value.clone()),
            Some(i) => {
                return Err(type_error(format!(
                    "argument for property() given by name ('{text}') and position ({})",
                    i + 1
                )));
            }
            None => {
                return Err(type_error(format!("property() got an unexpected keyword argument '{text}'")));
            }
        }
    }
    let [get, set, delete, doc] = values.map(|v| v.filter(|v| !is_none(v)));
    let mut doc = doc;
    let from_getter = doc.is_none();
    if from_getter && let Some(get) = &get {
        doc = protocol::getattr_opt(get, &crate::istr!("__doc__"))?.filter(|d| !is_none(d));
    }
    property
        .getter_doc
        .store(from_getter && doc.is_some(), taipan_threading::sync::atomic::Ordering::Relaxed);
    drop(property.get.replace(get));
    drop(property.set.replace(set));
    drop(property.delete.replace(delete));
    drop(property.doc.replace(doc.clone()));
    if class_of(obj).is(&types().property) {
        return Ok(());
    }
    // The class's own `__doc__` hides the property's: it goes into the instance.
    let from_getter = from_getter && doc.is_some();
    match protocol::setattr(obj, &crate::istr!("__doc__"), &doc.unwrap_or_else(none)) {
        Err(Raised) if !from_getter && raised_is(&types().attribute_error) => {
            drop(take_raised());
            Ok(())
        }
        result => result,
    }
}

fn qualify(property: &PyProperty, instance: &Obj, what: &str) -> String {
    let class = class_of(instance);
    let class = class.qualname.load().and_then(|q| protocol::str_string(&q).ok()).unwrap_or_default();
    match property.name.load().and_then(|n| protocol::repr_string(&n).ok()) {
        Some(name) => format!("property {name} of '{class}' object has no {what}"),
        None => format!("property of '{class}' object has no {what}"),
    }
}

fn descr_get(obj: &Obj, instance: Option<&Obj>, _owner: Option<&Obj>) -> PyResult<Obj> {
    let Some(instance) = instance else { return Ok(obj.clone()) };
    let property = this(obj)?;
    match property.get.load_uncounted() {
        Some(get) => protocol::call1(&get, instance),
        None => Err(attribute_error(qualify(property, instance, "getter"))),
    }
}

fn descr_set(obj: &Obj, instance: &Obj, value: Option<&Obj>) -> PyResult<()> {
    let property = this(obj)?;
    match value {
        Some(value) => match property.set.load() {
            Some(set) => drop(protocol::call(&set, &[instance.clone(), value.clone()])?),
            None => return Err(attribute_error(qualify(property, instance, "setter"))),
        },
        None => match property.delete.load() {
            Some(delete) => drop(protocol::call1(&delete, instance)?),
            None => return Err(attribute_error(qualify(property, instance, "deleter"))),
        },
    }
    Ok(())
}

#[pymethods(class = "property")]
impl PyProperty {
    /// Where the getter is, in bytes, for machine code.
    pub const GET: i32 = std::mem::offset_of!(PyProperty, get) as i32;
    fn copy_with(slf: &Obj, index: usize, function: &Obj) -> PyResult<Obj> {
        let old = this(slf)?;
        let load = |slot: &Slot| slot.load().unwrap_or_else(none);
        let mut parts = [load(&old.get), load(&old.set), load(&old.delete)];
        parts[index] = function.clone();
        let doc = if old.getter_doc.load(taipan_threading::sync::atomic::Ordering::Relaxed) {
            none()
        } else {
            load(&old.doc)
        };
        let [get, set, delete] = parts;
        let copy = protocol::call(&class_of(slf).to_obj(), &[get, set, delete, doc])?;
        if let Some(property) = copy.downcast::<PyProperty>() {
            drop(property.name.replace(old.name.load()));
        }
        Ok(copy)
    }
    /// Descriptor to obtain a copy of the property with a different getter.
    #[pymethod(sig = "($self, object, /)")]
    fn getter(slf: &Obj, function: &Obj) -> PyResult<Obj> {
        PyProperty::copy_with(slf, 0, function)
    }
    /// Descriptor to obtain a copy of the property with a different setter.
    #[pymethod(sig = "($self, object, /)")]
    fn setter(slf: &Obj, function: &Obj) -> PyResult<Obj> {
        PyProperty::copy_with(slf, 1, function)
    }
    /// Descriptor to obtain a copy of the property with a different deleter.
    #[pymethod(sig = "($self, object, /)")]
    fn deleter(slf: &Obj, function: &Obj) -> PyResult<Obj> {
        PyProperty::copy_with(slf, 2, function)
    }
    /// Method to set name of a property.
    #[pymethod(sig = "($self, *args)")]
    fn __set_name__(&self, args: &[Obj]) -> PyResult<()> {
        let [_owner, name] = args else {
            return Err(type_error(format!(
                "__set_name__() takes 2 positional arguments but {} were given",
                args.len()
            )));
        };
        self.name.store(name.clone());
        Ok(())
    }
}

fn readonly(_obj: &Obj, _value: Option<&Obj>) -> PyResult<()> {
    Err(attribute_error("readonly attribute"))
}

static GETSET: &[GetSetDef] = &[
    GetSetDef {
        name: "fget",
        get: |o| Ok(this(o)?.get.load().unwrap_or_else(none)),
        set: Some(readonly),
        doc: "",
    },
    GetSetDef {
        name: "fset",
        get: |o| Ok(this(o)?.set.load().unwrap_or_else(none)),
        set: Some(readonly),
        doc: "",
    },
    GetSetDef {
        name: "fdel",
        get: |o| Ok(this(o)?.delete.load().unwrap_or_else(none)),
        set: Some(readonly),
        doc: "",
    },
    GetSetDef {
        name: "__doc__",
        get: |o| Ok(this(o)?.doc.load().unwrap_or_else(none)),
        set: Some(|o, value| {
            drop(this(o)?.doc.replace(value.cloned()));
            Ok(())
        }),
        doc: "",
    },
    GetSetDef {
        name: "__name__",
        get: |o| {
            let property = this(o)?;
            if let Some(name) = property.name.load() {
                return Ok(name);
            }
            if let Some(get) = property.get.load()
                && let Some(name) = protocol::getattr_opt(&get, &crate::istr!("__name__"))?
            {
                return Ok(name);
            }
            Err(crate::attribute::attribute_error_for(
                format!("'{}' object has no attribute '__name__'", class_of(o).name()),
                o,
                crate::istr!("__name__").as_obj(),
            ))
        },
        set: Some(|o, value| {
            drop(this(o)?.name.replace(value.cloned()));
            Ok(())
        }),
        doc: "",
    },
    GetSetDef {
        name: "__isabstractmethod__",
        get: |o| {
            let property = this(o)?;
            for slot in [&property.get, &property.set, &property.delete] {
                if let Some(f) = slot.load()
                    && let Some(flag) = protocol::getattr_opt(&f, &crate::istr!("__isabstractmethod__"))?
                    && protocol::is_true(&flag)?
                {
                    return Ok(bool_obj(true));
                }
            }
            Ok(bool_obj(false))
        },
        set: None,
        doc: "",
    },
];

pub(super) fn fill(types: &Types) {
    types.property.slots.set_all(&TypeSlots {
        new: Some(new),
        init: Some(init),
        descr_get: Some(descr_get),
        descr_set: Some(descr_set),
        ..TypeSlots::EMPTY
    });
    ready::add_getset(&types.property, GETSET);
    ready::add_methods(&types.property, <PyProperty as crate::native::NativeMethods>::methods());
    let _: Option<Py<PyProperty>> = None;
}
