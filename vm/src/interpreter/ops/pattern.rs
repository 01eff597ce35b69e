//! `match` statements (PEP 634).

use taipan_objects::construct::*;
use taipan_objects::dict::PyDict;
use taipan_objects::error::*;
use taipan_objects::protocol;
use taipan_objects::set::PySet;
use taipan_objects::str::PyStr;
use taipan_objects::tuple::PyTuple;
use taipan_objects::type_object::{PyType, class_of, type_flags};
use taipan_objects::types::types;
use taipan_objects::{Obj, istr};

pub fn is_sequence(obj: &Obj) -> bool {
    class_of(obj).has_flag(type_flags::SEQUENCE)
}

pub fn is_mapping(obj: &Obj) -> bool {
    class_of(obj).has_flag(type_flags::MAPPING)
}

/// `MATCH_KEYS`.
pub fn match_keys(subject: &Obj, keys: &Obj) -> PyResult<Obj> {
    let Some(keys) = keys.downcast::<PyTuple>() else { return Err(system_error("keys are not a tuple")) };
    if keys.len() == 0 {
        return Ok(tuple_obj(vec![]));
    }
    let seen = PySet::new(Vec::new())?;
    let exact = class_of(subject).is(&types().dict);
    let (get, sentinel) = if exact {
        (None, none())
    } else {
        (Some(protocol::getattr_str(subject, "get")?), protocol::call0(types().object.as_obj())?)
    };
    let mut values = Vec::with_capacity(keys.len());
    for key in keys.as_slice() {
        if seen.contains(key)? {
            return Err(value_error(format!(
                "mapping pattern checks duplicate key ({})",
                protocol::repr_string(key)?
            )));
        }
        seen.add(key.clone())?;
        let value = match (&get, subject.downcast::<PyDict>()) {
            (None, Some(dict)) => dict.get(key)?,
            (Some(get), _) => {
                Some(protocol::call(get, &[key.clone(), sentinel.clone()])?).filter(|v| !v.is(&sentinel))
            }
            (None, None) => None,
        };
        match value {
            Some(value) => values.push(value),
            None => return Ok(none()),
        }
    }
    Ok(tuple_obj(values))
}

/// `MATCH_CLASS`.
pub fn match_class(subject: &Obj, class: &Obj, positional: usize, keywords: &Obj) -> PyResult<Obj> {
    let Some(class_type) = class.downcast::<PyType>() else {
        return Err(type_error("called match pattern must be a class"));
    };
    if !protocol::isinstance(subject, class)? {
        return Ok(none());
    }
    let Some(keywords) = keywords.downcast::<PyTuple>() else {
        return Err(system_error("keyword names are not a tuple"));
    };
    let mut seen: Vec<String> = Vec::new();
    let mut values = Vec::new();
    let class_name = class_type.name();
    if positional > 0 {
        let (names, match_self) = match protocol::getattr_opt(class, &istr!("__match_args__"))? {
            Some(names) => match names.downcast::<PyTuple>() {
                Some(tuple) => (tuple.as_slice().to_vec(), false),
                None => {
                    return Err(type_error(format!(
                        "{class_name}.__match_args__ must be a tuple (got {})",
                        class_of(&names).name()
                    )));
                }
            },
            None => (Vec::new(), class_type.has_flag(type_flags::MATCH_SELF)),
        };
        let allowed = if match_self { 1 } else { names.len() };
        if allowed < positional {
            return Err(type_error(format!(
                "{class_name}() accepts {allowed} positional sub-pattern{} ({positional} given)",
                if allowed == 1 { "" } else { "s" }
            )));
        }
        if match_self {
            values.push(subject.clone());
        } else {
            for name in &names[..positional] {
                if !name.is_layout::<PyStr>() {
                    return Err(type_error(format!(
                        "__match_args__ elements must be strings (got {})",
                        class_of(name).name()
                    )));
                }
                match attribute(subject, name, &class_name, &mut seen)? {
                    Some(value) => values.push(value),
                    None => return Ok(none()),
                }
            }
        }
    }
    for name in keywords.as_slice() {
        match attribute(subject, name, &class_name, &mut seen)? {
            Some(value) => values.push(value),
            None => return Ok(none()),
        }
    }
    Ok(tuple_obj(values))
}

fn attribute(subject: &Obj, name: &Obj, class: &str, seen: &mut Vec<String>) -> PyResult<Option<Obj>> {
    let text = protocol::str_string(name)?;
    if seen.contains(&text) {
        return Err(type_error(format!("{class}() got multiple sub-patterns for attribute '{text}'")));
    }
    let value = protocol::getattr_opt(subject, &taipan_objects::str::intern(&text))?;
    seen.push(text);
    Ok(value)
}
