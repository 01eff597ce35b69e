//! `type`: making classes, calling them, and the attributes of class objects.

use taipan_gc::{Obj, Py};

use super::attribute_room;
use super::bases::{best_base, install_mro, set_bases};
use super::{NewType, PyType, TypeSlots, class_of, make, mro, ready, type_flags};
use crate::argument::Args;
use crate::attribute::change_of;
use crate::construct::*;
use crate::dict::PyDict;
use crate::error::*;
use crate::exceptions::PyBaseException;
use crate::istr;
use crate::native::{GetSetDef, pymethods};
use crate::protocol;
use crate::singletons::is_none;
use crate::str::PyStr;
use crate::tuple::PyTuple;
use crate::types::{Types, types};
use crate::watch;

pub(super) fn this(obj: &Obj) -> PyResult<&PyType> {
    obj.downcast::<PyType>().ok_or_else(|| type_error("expected a type"))
}

/// `type.__call__`: `__new__`, then `__init__` if the result is an instance.
pub fn type_call(obj: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    let class = this(obj)?;
    if class.is(&types().type_) {
        if let [one] = args.positional
            && !args.has_keywords()
        {
            return Ok(class_of(one).to_obj());
        }
        if args.positional.len() != 3 {
            return Err(type_error("type() takes 1 or 3 arguments"));
        }
    }
    let new = match class.slots.new() {
        Some(new) if !class.has_flag(type_flags::NO_INSTANTIATION) => new,
        _ => return Err(type_error(format!("cannot create '{}' instances", class.full_name()))),
    };
    if !args.has_keywords()
        && let Some(exception) = PyBaseException::create_plain(class, args.positional)
    {
        return Ok(exception);
    }
    let instance = new(obj, args)?;
    let instance_class = class_of(&instance);
    if !instance_class.is_subtype(class) {
        return Ok(instance);
    }
    if let Some(init) = instance_class.slots.init() {
        init(&instance, args)?;
    }
    Ok(instance)
}

/// The most derived metaclass among `metaclass` and the bases'.
pub fn winner<'a>(metaclass: &'a PyType, bases: &'a [Obj]) -> PyResult<&'a PyType> {
    let mut winner = metaclass;
    for base in bases {
        let candidate = class_of(base);
        if winner.is_subtype(candidate) {
            continue;
        }
        if candidate.is_subtype(winner) {
            winner = candidate;
            continue;
        }
        return Err(type_error(
            "metaclass conflict: the metaclass of a derived class must be a (non-strict) subclass of the metaclasses of all its bases",
        ));
    }
    Ok(winner)
}

fn mangle(class_name: &str, name: &str) -> String {
    let stripped = class_name.trim_start_matches('_');
    if name.starts_with("__") && !name.ends_with("__") && !name.contains('.') && !stripped.is_empty() {
        format!("_{stripped}{name}")
    } else {
        name.to_owned()
    }
}

/// Whether instances have no fixed size in CPython, which allows them no slots.
fn is_unsized(class: &PyType) -> bool {
    let unsized_layouts = [
        <PyTuple as taipan_gc::Object>::ops(),
        <crate::int::PyInt as taipan_gc::Object>::ops(),
        <crate::bytes::PyBytes as taipan_gc::Object>::ops(),
    ];
    unsized_layouts.iter().any(|ops| std::ptr::eq(class.ops, *ops))
}

/// `type.__new__(metaclass, name, bases, namespace, **keywords)`.
pub fn type_new(metaclass: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    let [name, bases, namespace] = args.positional else {
        return Err(type_error(format!(
            "type.__new__() takes exactly 3 arguments ({} given)",
            args.positional.len()
        )));
    };
    let Some(text) = name.downcast::<PyStr>() else {
        return Err(type_error(format!(
            "type.__new__() argument 1 must be str, not {}",
            class_of(name).name()
        )));
    };
    let Some(bases_tuple) = bases.downcast::<PyTuple>() else {
        return Err(type_error(format!(
            "type.__new__() argument 2 must be tuple, not {}",
            class_of(bases).name()
        )));
    };
    let Some(original) = namespace.downcast::<PyDict>() else {
        return Err(type_error(format!(
            "type.__new__() argument 3 must be dict, not {}",
            class_of(namespace).name()
        )));
    };
    let requested = this(metaclass)?;
    for base in bases_tuple.as_slice() {
        if !base.is_layout::<PyType>() {
            if protocol::getattr_opt(base, &istr!("__mro_entries__"))?.is_some() {
                return Err(type_error("type() doesn't support MRO entry resolution; use types.new_class()"));
            }
        }
    }
    let chosen = winner(requested, bases_tuple.as_slice())?;
    if !chosen.is(requested) {
        let own: super::slots::CallFn = type_new;
        if let Some(new) = chosen.slots.new()
            && new as usize != own as usize
        {
            return new(&chosen.to_obj(), args);
        }
    }
    let bases: Vec<Obj> = if bases_tuple.len() == 0 {
        vec![types().object.as_obj().clone()]
    } else {
        bases_tuple.as_slice().to_vec()
    };
    let base = best_base(&bases)?;
    check_name(name)?;
    let class_name = text.to_string_lossy().into_owned();
    let dict = original.copy();
    if dict.keys().iter().any(|key| !key.is_layout::<PyStr>()) {
        let text = format!("non-string key in the __dict__ of class {class_name}");
        crate::hooks::warn(&text, types().runtime_warning.as_obj(), 1)?;
    }

    // `__slots__`
    let mut may_add_dict = !base.has_dict();
    let mut has_dict = base.has_dict();
    let mut has_weakref = base.has_flag(type_flags::HAS_WEAKREF);
    let mut may_add_weakref = !has_weakref && !is_unsized(base);
    for other in &bases {
        if let Some(other) = other.downcast::<PyType>() {
            has_dict |= other.has_dict();
            has_weakref |= other.has_flag(type_flags::HAS_WEAKREF);
        }
    }
    let mut members: Vec<Obj> = Vec::new();
    match dict.get_str(&istr!("__slots__")) {
        None => {
            if !base.is_subtype(&types().type_) {
                has_dict = true;
            }
            has_weakref = true;
        }
        Some(slots) => {
            let names =
                if slots.is_layout::<PyStr>() { vec![slots.clone()] } else { protocol::collect(&slots)? };
            if !names.is_empty() && (is_unsized(base) || base.is_subtype(&types().type_)) {
                return Err(type_error(format!(
                    "nonempty __slots__ not supported for subtype of '{}'",
                    base.name()
                )));
            }
            for slot in names {
                let Some(slot_text) = slot.downcast::<PyStr>() else {
                    return Err(type_error(format!(
                        "__slots__ items must be strings, not '{}'",
                        class_of(&slot).name()
                    )));
                };
                let slot_name = slot_text.to_string_lossy().into_owned();
                if !taipan_text::unicode_data::is_identifier(slot_name.chars().map(u32::from)) {
                    return Err(type_error("__slots__ must be identifiers"));
                }
                match slot_name.as_str() {
                    "__dict__" => {
                        if !may_add_dict || has_dict {
                            return Err(type_error("__dict__ slot disallowed: we already got one"));
                        }
                        has_dict = true;
                        may_add_dict = false;
                    }
                    "__weakref__" => {
                        if !may_add_weakref {
                            return Err(type_error("__weakref__ slot disallowed: we already got one"));
                        }
                        has_weakref = true;
                        may_add_weakref = false;
                    }
                    _ => {
                        let mangled = mangle(&class_name, &slot_name);
                        if dict.contains_str(&mangled)
                            && !matches!(
                                mangled.as_str(),
                                "__qualname__" | "__classcell__" | "__classdictcell__"
                            )
                        {
                            return Err(value_error(format!(
                                "'{mangled}' in __slots__ conflicts with class variable"
                            )));
                        }
                        members.push(crate::str::intern(&mangled).into_obj());
                    }
                }
            }
            members.sort_by_cached_key(|m| m.downcast::<PyStr>().map(|s| s.to_string_lossy().into_owned()));
        }
    }
    if !members.is_empty() && base.is_subtype(&types().type_) {
        return Err(type_error(format!("nonempty __slots__ not supported for subtype of '{}'", base.name())));
    }
    let fixed_slots = base.fixed_slots + members.len() as u32;
    let is_metaclass = base.is_subtype(&types().type_);
    let needs_extension = !is_metaclass && (has_dict || fixed_slots > 0 || base.ext_offset() != 0);
    let ext_offset = if needs_extension { base.ops.size.next_multiple_of(8) as u32 } else { 0 };
    let attribute_slots = if has_dict && !is_metaclass { attribute_room::likely(&dict, &bases) } else { 0 };
    let mut flags = type_flags::HEAP | type_flags::BASE;
    if has_dict && !is_metaclass {
        flags |= type_flags::HAS_DICT;
    }
    if has_weakref {
        flags |= type_flags::HAS_WEAKREF;
    }
    flags |= base.flags() & type_flags::MATCH_SELF;
    // The first base that is a sequence or a mapping decides.
    for other in &bases {
        if let Some(other) = other.downcast::<PyType>()
            && flags & (type_flags::SEQUENCE | type_flags::MAPPING) == 0
        {
            flags |= other.flags() & (type_flags::SEQUENCE | type_flags::MAPPING);
        }
    }
    let qualname = match dict.get_str(&istr!("__qualname__")) {
        Some(q) if q.is_layout::<PyStr>() => {
            dict.delete(istr!("__qualname__").as_obj())?;
            q
        }
        Some(q) => {
            return Err(type_error(format!("type __qualname__ must be a str, not {}", class_of(&q).name())));
        }
        None => name.clone(),
    };
    let class = make(NewType {
        name: name.clone(),
        qualname,
        ops: base.ops,
        flags,
        fixed_slots,
        // An odd number fills the block: see `learn_inline_cap`.
        inline_cap: if attribute_slots == 0 { fixed_slots } else { (fixed_slots + attribute_slots) | 1 },
        ext_offset,
        module: "builtins",
        metaclass_shape: chosen.root_shape(),
        extra: chosen.extension_size(chosen.root_shape()),
    });
    class.set_base(base);
    class.bases.store(if bases_tuple.len() == 0 {
        PyTuple::new(bases.clone()).into_obj()
    } else {
        args.positional[1].clone()
    });
    class.dict.store(dict.clone().into_obj());
    class.make_root_shape(false)?;
    if dict.get_str(&istr!("__module__")).is_none()
        && let Some(module) = crate::hooks::current_module_name()
    {
        dict.set(istr!("__module__").into_obj(), module)?;
    }
    match dict.get_str(&istr!("__doc__")) {
        Some(doc) if doc.is_layout::<PyStr>() => drop(crate::native::bridge::utf8(&doc)?),
        Some(_) => {}
        None => drop(dict.set(istr!("__doc__").into_obj(), none())?),
    }
    let class_cell = dict.get_str(&istr!("__classcell__"));
    if class_cell.is_some() {
        dict.delete(istr!("__classcell__").as_obj())?;
    }
    let dict_cell = dict.get_str(&istr!("__classdictcell__"));
    if dict_cell.is_some() {
        dict.delete(istr!("__classdictcell__").as_obj())?;
    }
    for (offset, member) in members.iter().enumerate() {
        let descr =
            crate::descriptor::PyMemberDescr::new(member.clone(), base.fixed_slots + offset as u32, &class);
        dict.set(member.clone(), descr.into_obj())?;
    }
    if has_dict && !base.has_dict() && !is_metaclass && !dict.contains_str("__dict__") {
        ready::add_getset(&class, crate::object_type::HEAP_DICT_GETSETS);
    }
    if has_weakref && !base.has_flag(type_flags::HAS_WEAKREF) && !dict.contains_str("__weakref__") {
        ready::add_getset(&class, crate::weakref::WEAKREF_GETSETS);
    }
    let function = |name: &Py<PyStr>| dict.get_str(name).filter(|f| class_of(f).is(&types().function));
    if let Some(f) = function(&istr!("__new__")) {
        dict.set_str("__new__", crate::descriptor::PyClassMethod::new_static(f).into_obj());
    }
    for special in [istr!("__init_subclass__"), istr!("__class_getitem__")] {
        if let Some(f) = function(&special) {
            dict.set(special.into_obj(), crate::descriptor::PyClassMethod::new_class(f).into_obj())?;
        }
    }
    if let Some(cell) = dict_cell {
        if let Some(cell) = cell.downcast::<crate::cell::PyCell>() {
            cell.value.store(dict.clone().into_obj());
        }
    }
    // Before `mro()`, which may call methods.
    if let Some(cell) = &class_cell {
        match cell.downcast::<crate::cell::PyCell>() {
            Some(cell) => cell.value.store(class.as_obj().clone()),
            None => {
                return Err(type_error(format!(
                    "__classcell__ must be a nonlocal cell, not <class '{}'>",
                    class_of(cell).name()
                )));
            }
        }
    }
    install_mro(&class)?;
    if dict.get_str(&istr!("__eq__")).is_some() && dict.get_str(&istr!("__hash__")).is_none() {
        dict.set_str("__hash__", none());
    }
    class.ready_heap();
    class.set_flag(type_flags::READY, true);
    set_names(&class)?;
    init_subclass(&class, args)?;
    super::overrides::check(&class)?;
    Ok(class.into_obj())
}

fn set_names(class: &Py<PyType>) -> PyResult<()> {
    for (name, value) in class.dict().snapshot() {
        if let Some(set_name) = protocol::lookup_special(&value, &istr!("__set_name__"))? {
            if let Err(Raised) = protocol::call(&set_name, &[class.as_obj().clone(), name.clone()]) {
                let exception = take_raised();
                let note = format!(
                    "Error calling __set_name__ on '{}' instance {} in '{}'",
                    class_of(&value).name(),
                    protocol::repr_string(&name)?,
                    class.name()
                );
                if let Some(e) = exception.downcast::<crate::exceptions::PyBaseException>() {
                    e.add_note(&exception, &note)?;
                }
                return Err(set_raised(exception));
            }
        }
    }
    Ok(())
}

fn init_subclass(class: &Py<PyType>, args: &Args<'_>) -> PyResult<()> {
    let name = istr!("__init_subclass__");
    // That of `object` does nothing.
    if class.has_flag(type_flags::LINEAR)
        && !args.has_keywords()
        && let Some(found) = class.base().and_then(|base| base.lookup_lent(&name))
        && types().object.lookup_lent(&name).is_some_and(|own| own.is(&found))
    {
        return Ok(());
    }
    let itself: *const PyType = &raw const **class;
    if !class.mro().iter().any(|c| std::ptr::eq(*c, itself)) {
        // An `mro` of its own left the class out.
        return Err(crate::super_object::mismatch(class, class.as_obj()));
    }
    let super_object = crate::super_object::PySuper::new(class, class.as_obj());
    let function = protocol::getattr(super_object.as_obj(), &name)?;
    protocol::call_args(&function, &Args::with_keywords(&[], args.keyword_names, args.keyword_values))?;
    Ok(())
}

fn type_init(_obj: &Obj, args: &Args<'_>) -> PyResult<()> {
    if args.positional.len() != 1 && args.positional.len() != 3 {
        return Err(type_error("type.__init__() takes 1 or 3 arguments"));
    }
    Ok(())
}

fn repr(obj: &Obj) -> PyResult<Obj> {
    Ok(str_obj(&format!("<class '{}'>", this(obj)?.full_name())))
}

fn or(a: &Obj, b: &Obj) -> PyResult<Obj> {
    crate::union::or(a, b)
}

static SLOTS: TypeSlots = TypeSlots {
    call: Some(type_call),
    new: Some(type_new),
    init: Some(type_init),
    repr: Some(repr),
    getattro: Some(crate::attribute::type_getattr),
    setattro: Some(crate::attribute::type_setattr),
    or: Some(or),
    ..TypeSlots::EMPTY
};

fn in_dict(class: &PyType, name: &str) -> Option<Obj> {
    class.dict().get_str(&crate::str::intern(name))
}

pub(super) fn check_mutable(class: &PyType, what: &str) -> PyResult<()> {
    if class.has_flag(type_flags::IMMUTABLE) {
        return Err(type_error(format!(
            "cannot set '{what}' attribute of immutable type '{}'",
            class.name()
        )));
    }
    Ok(())
}

/// As [`store_in_dict`], of attributes that cannot be deleted.
fn replace_in_dict(obj: &Obj, name: &str, value: Option<&Obj>) -> PyResult<()> {
    let class = this(obj)?;
    check_mutable(class, name)?;
    if value.is_none() {
        return Err(type_error(format!(
            "cannot delete '{name}' attribute of immutable type '{}'",
            class.name()
        )));
    }
    crate::hooks::audit_attribute(obj, name, value)?;
    store_in_dict(obj, name, value)
}

/// Class names are UTF-8 without null characters.
fn check_name(name: &Obj) -> PyResult<()> {
    if crate::native::bridge::utf8(name)?.contains('\0') {
        return Err(value_error("type name must not contain null characters"));
    }
    Ok(())
}

fn store_in_dict(obj: &Obj, name: &str, value: Option<&Obj>) -> PyResult<()> {
    let class = this(obj)?;
    check_mutable(class, name)?;
    let begun = watch::types::begin(class, change_of(name, value));
    match value {
        Some(value) => class.dict().set_str(name, value.clone()),
        None => {
            class.dict().delete(crate::str::intern(name).as_obj())?;
        }
    }
    class.attribute_changed(&crate::str::intern(name), value);
    begun.end();
    Ok(())
}

static GETSET: &[GetSetDef] = &[
    GetSetDef {
        name: "__name__",
        get: |o| Ok(this(o)?.name.load().unwrap_or_else(none)),
        set: Some(|o, value| {
            let class = this(o)?;
            check_mutable(class, "__name__")?;
            match value {
                Some(v) if v.is_layout::<PyStr>() => {
                    crate::hooks::audit_attribute(o, "__name__", Some(v))?;
                    check_name(v)?;
                    class.name.store(v.clone());
                    Ok(())
                }
                Some(v) => Err(type_error(format!(
                    "can only assign string to {}.__name__, not '{}'",
                    class.name(),
                    class_of(v).name()
                ))),
                None => Err(type_error(format!(
                    "cannot delete '__name__' attribute of immutable type '{}'",
                    class.name()
                ))),
            }
        }),
        doc: "",
    },
    GetSetDef {
        name: "__qualname__",
        get: |o| Ok(this(o)?.qualname.load().unwrap_or_else(none)),
        set: Some(|o, value| {
            let class = this(o)?;
            check_mutable(class, "__qualname__")?;
            match value {
                Some(v) if v.is_layout::<PyStr>() => {
                    class.qualname.store(v.clone());
                    Ok(())
                }
                Some(v) => Err(type_error(format!(
                    "can only assign string to {}.__qualname__, not '{}'",
                    class.name(),
                    class_of(v).name()
                ))),
                None => Err(type_error(format!(
                    "cannot delete '__qualname__' attribute of immutable type '{}'",
                    class.name()
                ))),
            }
        }),
        doc: "",
    },
    GetSetDef {
        name: "__module__",
        get: |o| match this(o)?.module_name() {
            Some(module) => Ok(module),
            None => Err(attribute_error("__module__")),
        },
        set: Some(|o, value| {
            replace_in_dict(o, "__module__", value)?;
            // The line belonged to the former module.
            store_in_dict(o, "__firstlineno__", None)
        }),
        doc: "",
    },
    GetSetDef {
        name: "__bases__",
        get: |o| Ok(this(o)?.bases.load().unwrap_or_else(|| tuple_obj(vec![]))),
        set: Some(set_bases),
        doc: "",
    },
    GetSetDef {
        name: "__base__",
        get: |o| Ok(this(o)?.base().map_or_else(none, |b| b.to_obj())),
        set: None,
        doc: "",
    },
    GetSetDef {
        name: "__mro__",
        get: |o| Ok(this(o)?.mro_tuple.load().unwrap_or_else(none)),
        set: None,
        doc: "",
    },
    GetSetDef {
        name: "__dict__",
        get: |o| Ok(crate::mappingproxy::PyMappingProxy::new(this(o)?.dict().into_obj()).into_obj()),
        set: None,
        doc: "",
    },
    GetSetDef {
        name: "__doc__",
        get: |o| {
            let class = this(o)?;
            if class.is(&types().type_) {
                return Ok(crate::construct::str_obj(TYPE_DOC));
            }
            match in_dict(class, "__doc__") {
                Some(doc) => match class_of(&doc).slots.descr_get() {
                    Some(get) => get(&doc, None, Some(o)),
                    None => Ok(doc),
                },
                None => Ok(none()),
            }
        },
        set: Some(|o, value| replace_in_dict(o, "__doc__", value)),
        doc: "",
    },
    GetSetDef {
        name: "__abstractmethods__",
        get: |o| match in_dict(this(o)?, "__abstractmethods__") {
            Some(value) if !this(o)?.is(&types().type_) => Ok(value),
            _ => Err(crate::attribute::attribute_error_for(
                "__abstractmethods__".into(),
                o,
                istr!("__abstractmethods__").as_obj(),
            )),
        },
        set: Some(|o, value| {
            let class = this(o)?;
            let on = match value {
                Some(v) => protocol::is_true(v)?,
                None => {
                    if in_dict(class, "__abstractmethods__").is_none() {
                        return Err(crate::attribute::attribute_error_for(
                            "__abstractmethods__".into(),
                            o,
                            istr!("__abstractmethods__").as_obj(),
                        ));
                    }
                    false
                }
            };
            store_in_dict(o, "__abstractmethods__", value)?;
            class.set_flag(type_flags::ABSTRACT, on);
            Ok(())
        }),
        doc: "",
    },
    GetSetDef {
        name: "__annotations__",
        get: |o| {
            let class = this(o)?;
            if !class.has_flag(type_flags::HEAP) {
                return Err(crate::attribute::no_attribute(o, istr!("__annotations__").as_obj()));
            }
            for key in ["__annotations__", "__annotations_cache__"] {
                if let Some(value) = in_dict(class, key) {
                    return Ok(value);
                }
            }
            let value = match protocol::getattr_opt(o, &istr!("__annotate__"))? {
                Some(annotate) if !is_none(&annotate) => {
                    let result = protocol::call1(&annotate, &int_obj(1))?;
                    if !result.is_layout::<PyDict>() {
                        return Err(type_error(format!(
                            "__annotate__ returned non-dict of type '{}'",
                            class_of(&result).name()
                        )));
                    }
                    result
                }
                _ => PyDict::new().into_obj(),
            };
            class.dict().set_str("__annotations_cache__", value.clone());
            Ok(value)
        },
        set: Some(|o, value| {
            let class = this(o)?;
            check_mutable(class, "__annotations__")?;
            let dict = class.dict();
            let begun = watch::types::begin(class, change_of("__annotations__", value));
            let had = dict.contains_str("__annotations__") || dict.contains_str("__annotations_cache__");
            for key in ["__annotations__", "__annotations_cache__", "__annotate__"] {
                dict.delete(crate::str::intern(key).as_obj())?;
            }
            match value {
                Some(value) => {
                    dict.set_str("__annotations_cache__", value.clone());
                    dict.set_str("__annotate_func__", none());
                }
                None if !had => return Err(attribute_error("__annotations__")),
                None => dict.set_str("__annotate_func__", none()),
            }
            class.modified();
            begun.end();
            Ok(())
        }),
        doc: "",
    },
    GetSetDef {
        name: "__annotate__",
        get: |o| {
            let class = this(o)?;
            if !class.has_flag(type_flags::HEAP) {
                return Err(attribute_error(format!(
                    "type object '{}' has no attribute '__annotate__'",
                    class.name()
                )));
            }
            for key in ["__annotate__", "__annotate_func__"] {
                if let Some(value) = in_dict(class, key) {
                    return match class_of(&value).slots.descr_get() {
                        Some(get) => get(&value, None, Some(o)),
                        None => Ok(value),
                    };
                }
            }
            Ok(none())
        },
        set: Some(|o, value| {
            let class = this(o)?;
            check_mutable(class, "__annotate__")?;
            let Some(value) = value else { return Err(type_error("cannot delete __annotate__ attribute")) };
            if !is_none(value) && !protocol::is_callable(value) {
                return Err(type_error("__annotate__ must be callable or None"));
            }
            let begun = watch::types::begin(class, change_of("__annotate__", Some(value)));
            class.dict().set_str("__annotate_func__", value.clone());
            class.dict().delete(istr!("__annotate__").as_obj())?;
            if !is_none(value) {
                class.dict().delete(istr!("__annotations_cache__").as_obj())?;
            }
            class.modified();
            begun.end();
            Ok(())
        }),
        doc: "",
    },
    GetSetDef {
        name: "__type_params__",
        get: |o| match this(o)? {
            class if class.is(&types().type_) => Ok(tuple_obj(vec![])),
            class => Ok(in_dict(class, "__type_params__").unwrap_or_else(|| tuple_obj(vec![]))),
        },
        set: Some(|o, value| replace_in_dict(o, "__type_params__", value)),
        doc: "",
    },
    GetSetDef { name: "__flags__", get: |o| Ok(int_obj(cpython_flags(this(o)?))), set: None, doc: "" },
    GetSetDef {
        name: "__basicsize__",
        get: |o| {
            let class = this(o)?;
            // Of integers this is what goes with `int.__sizeof__` and `__itemsize__`; most have no memory of their own.
            let size = if class.is_subtype(&types().int) { 24 } else { class.ops.size };
            Ok(int_obj(size as i64))
        },
        set: None,
        doc: "",
    },
    GetSetDef {
        name: "__itemsize__",
        get: |o| {
            let class = this(o)?;
            let t = types();
            Ok(int_obj(match () {
                _ if class.is_subtype(&t.int) => 4,
                _ if class.is_subtype(&t.tuple) => 8,
                _ if class.is_subtype(&t.bytes) => 1,
                _ if class.is_subtype(&t.type_) => 40,
                () => 0,
            }))
        },
        set: None,
        doc: "",
    },
    GetSetDef {
        name: "__dictoffset__",
        get: |o| Ok(int_obj(if this(o)?.has_dict() { -1 } else { 0 })),
        set: None,
        doc: "",
    },
    GetSetDef {
        name: "__weakrefoffset__",
        get: |o| Ok(int_obj(if this(o)?.has_flag(type_flags::HAS_WEAKREF) { -2 } else { 0 })),
        set: None,
        doc: "",
    },
    GetSetDef {
        name: "__text_signature__",
        get: |class| {
            let class = this(class)?;
            Ok(match super::ready::text_signature(class) {
                Some(signature) => crate::construct::str_obj(signature),
                None => super::ready::signature_in_doc(class).unwrap_or_else(none),
            })
        },
        set: None,
        doc: "",
    },
];

/// `__flags__` with CPython's `Py_TPFLAGS_*` bits, as far as Python code looks at them (`inspect.isabstract`, `copyreg`).
fn cpython_flags(class: &PyType) -> i64 {
    let mut bits: i64 = 0;
    let mut set = |on: bool, bit: u32| {
        if on {
            bits |= 1 << bit;
        }
    };
    set(class.has_flag(type_flags::SEQUENCE), 5);
    set(class.has_flag(type_flags::MAPPING), 6);
    set(class.has_flag(type_flags::NO_INSTANTIATION), 7);
    set(class.has_flag(type_flags::IMMUTABLE), 8);
    set(class.has_flag(type_flags::HEAP) || class.has_flag(type_flags::SHOWN_AS_HEAP), 9);
    set(class.has_flag(type_flags::BASE), 10);
    set(true, 12);
    set(class.has_flag(type_flags::ABSTRACT), 20);
    set(class.has_flag(type_flags::MATCH_SELF), 22);
    let t = types();
    let families = [
        (&t.int, 24),
        (&t.list, 25),
        (&t.tuple, 26),
        (&t.bytes, 27),
        (&t.str, 28),
        (&t.dict, 29),
        (&t.base_exception, 30),
        (&t.type_, 31),
    ];
    for (base, bit) in families {
        set(class.is_subtype(base), bit);
    }
    bits
}

#[pymethods(class = "type")]
impl PyType {
    /// Return a type's method resolution order.
    #[pymethod(name = "mro", sig = "($self, /)")]
    fn mro_method(&self) -> PyResult<Obj> {
        let list = mro::compute(self)?;
        // SAFETY: the linearization's classes are kept alive by `self`'s bases.
        Ok(list_obj(list.into_iter().map(|c| unsafe { (*c).to_obj() }).collect()))
    }
    /// Return a list of immediate subclasses.
    #[pymethod(sig = "($self, /)")]
    fn __subclasses__(&self) -> PyResult<Obj> {
        Ok(list_obj(self.direct_subclasses().into_iter().map(Py::into_obj).collect()))
    }
    /// Check if an object is an instance.
    #[pymethod(sig = "($self, instance, /)")]
    fn __instancecheck__(slf: &Obj, instance: &Obj) -> PyResult<bool> {
        protocol::recursive_isinstance(instance, slf)
    }
    /// Check if a class is a subclass.
    #[pymethod(sig = "($self, subclass, /)")]
    fn __subclasscheck__(slf: &Obj, subclass: &Obj) -> PyResult<bool> {
        protocol::recursive_issubclass(subclass, slf)
    }
    /// Create the namespace for the class statement
    #[pyclassmethod(sig = "(*args, **kwds)", text = "($type, name, bases, /, **kwds)")]
    fn __prepare__(_class: &Obj, _args: &[Obj], _keywords: crate::native::Kwargs<'_>) -> PyResult<Obj> {
        Ok(PyDict::new().into_obj())
    }
    /// Specialized __dir__ implementation for types.
    #[pymethod(sig = "($self, /)")]
    fn __dir__(&self) -> PyResult<Obj> {
        let names = PyDict::new();
        crate::object_type::class_names(self, &names)?;
        Ok(list_obj(names.keys()))
    }
    /// Return memory consumption of the type object.
    #[pymethod(sig = "($self, /)")]
    fn __sizeof__(&self) -> PyResult<i64> {
        Ok(size_of::<PyType>() as i64)
    }
}

/// `type.__doc__`, which is not in the namespace of `type`: the attribute there is for its instances.
const TYPE_DOC: &str = "type(object) -> the object's type\ntype(name, bases, dict, **kwds) -> a new type";

pub(crate) fn fill(types: &Types) {
    types.type_.slots.set_all(&SLOTS);
    ready::add_getset(&types.type_, GETSET);
    ready::add_methods(&types.type_, <PyType as crate::native::NativeMethods>::methods());
}
