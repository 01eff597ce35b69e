//! Finding and replacing type variables (`__parameters__`, `alias[...]`), as `typing` expects it of native aliases.

use taipan_gc::Obj;

use super::{PyGenericAlias, is_unpacked_tuple};
use crate::construct::*;
use crate::error::*;
use crate::istr;
use crate::list::PyList;
use crate::protocol;
use crate::tuple::PyTuple;
use crate::type_object::{PyType, class_of};
use crate::types::types;

/// The items of a tuple.
pub fn items(tuple: &Obj) -> Vec<Obj> {
    tuple.downcast::<PyTuple>().map(|t| t.as_slice().to_vec()).unwrap_or_default()
}

fn position(list: &[Obj], item: &Obj) -> Option<usize> {
    list.iter().position(|x| x.is(item))
}

/// A list or tuple as an argument, e.g. of a `ParamSpec`: its items.
fn nested(argument: &Obj) -> Option<Vec<Obj>> {
    if let Some(list) = argument.downcast::<PyList>() {
        return Some(list.to_vec());
    }
    argument.is_layout::<PyTuple>().then(|| items(argument))
}

/// The type variables in `args`, each once.
pub fn parameters(args: &[Obj]) -> PyResult<Vec<Obj>> {
    protocol::enter_native()?;
    let mut found: Vec<Obj> = Vec::new();
    let add = |found: &mut Vec<Obj>, parameter: &Obj| {
        if position(found, parameter).is_none() {
            found.push(parameter.clone());
        }
    };
    for argument in args {
        // The attribute of a class is a descriptor, not its own.
        if argument.is_layout::<PyType>() {
            continue;
        }
        if let Some(inner) = nested(argument) {
            parameters(&inner)?.iter().for_each(|p| add(&mut found, p));
        } else if protocol::hasattr(argument, &istr!("__typing_subst__"))? {
            add(&mut found, argument);
        } else if let Some(inner) = protocol::getattr_opt(argument, &istr!("__parameters__"))?
            && inner.is_layout::<PyTuple>()
        {
            items(&inner).iter().for_each(|p| add(&mut found, p));
        }
    }
    Ok(found)
}

/// The arguments that `*tuple[...]` stands for; `None` for other arguments and for tuples of any length.
fn unpacked_args(item: &Obj) -> PyResult<Option<Vec<Obj>>> {
    if item.is_layout::<PyType>() {
        return Ok(None);
    }
    let args = match item.downcast::<PyGenericAlias>() {
        Some(alias) if class_of(item).is(&types().generic_alias) => {
            is_unpacked_tuple(alias).then(|| alias.args.clone())
        }
        _ => protocol::getattr_opt(item, &istr!("__typing_unpacked_tuple_args__"))?,
    };
    let Some(args) = args.filter(|a| a.is_layout::<PyTuple>()) else { return Ok(None) };
    let args = items(&args);
    Ok(if args.last().is_some_and(|a| a.is(&ellipsis())) { None } else { Some(args) })
}

/// The key of a subscript as a list of arguments, unpacked ones spread out.
fn unpack(key: &Obj) -> PyResult<Vec<Obj>> {
    let given = if key.is_layout::<PyTuple>() { items(key) } else { vec![key.clone()] };
    let mut result = Vec::with_capacity(given.len());
    for item in given {
        match unpacked_args(&item)? {
            Some(inner) => result.extend(inner),
            None => result.push(item),
        }
    }
    Ok(result)
}

/// The arguments of `owner[key]`, where `owner` has `args` with the type variables `parameters`.
pub fn substitute(owner: &Obj, args: &[Obj], parameters: &[Obj], key: &Obj) -> PyResult<Vec<Obj>> {
    if parameters.is_empty() {
        return Err(type_error(format!("{} is not a generic class", protocol::repr_string(owner)?)));
    }
    let mut given = tuple_obj(unpack(key)?);
    for parameter in parameters {
        if let Some(prepare) = protocol::getattr_opt(parameter, &istr!("__typing_prepare_subst__"))?
            && !crate::singletons::is_none(&prepare)
        {
            let tuple =
                if given.is_layout::<PyTuple>() { given.clone() } else { tuple_obj(vec![given.clone()]) };
            given = protocol::call(&prepare, &[owner.clone(), tuple])?;
        }
    }
    let given = if given.is_layout::<PyTuple>() { items(&given) } else { vec![given] };
    if given.len() != parameters.len() {
        let (word, expected) =
            (if given.len() > parameters.len() { "many" } else { "few" }, parameters.len());
        let shown = protocol::repr_string(owner)?;
        return Err(type_error(format!(
            "Too {word} arguments for {shown}; actual {}, expected {expected}",
            given.len()
        )));
    }
    replace(args, parameters, &given)
}

fn replace(args: &[Obj], parameters: &[Obj], given: &[Obj]) -> PyResult<Vec<Obj>> {
    protocol::enter_native()?;
    let mut result = Vec::with_capacity(args.len());
    for argument in args {
        if argument.is_layout::<PyType>() {
            result.push(argument.clone());
            continue;
        }
        if let Some(inner) = nested(argument) {
            let inner = replace(&inner, parameters, given)?;
            result.push(if argument.is_layout::<PyTuple>() { tuple_obj(inner) } else { list_obj(inner) });
            continue;
        }
        let spread = match protocol::getattr_opt(argument, &istr!("__typing_is_unpacked_typevartuple__"))? {
            Some(flag) => protocol::is_true(&flag)?,
            None => false,
        };
        let replaced = match protocol::getattr_opt(argument, &istr!("__typing_subst__"))? {
            Some(substitute) => match position(parameters, argument) {
                Some(index) => protocol::call1(&substitute, &given[index])?,
                None => {
                    return Err(type_error(format!(
                        "Type parameter {} not found in __parameters__",
                        protocol::repr_string(argument)?
                    )));
                }
            },
            None => within(argument, parameters, given)?,
        };
        if !spread {
            result.push(replaced);
        } else if replaced.is_layout::<PyTuple>() {
            result.extend(items(&replaced));
        } else {
            let (class, value) = (class_of(argument).full_name(), class_of(&replaced).full_name());
            return Err(type_error(format!(
                "expected __typing_subst__ of {class} objects to return a tuple, not {value}"
            )));
        }
    }
    Ok(result)
}

/// Replaces the type variables inside of a generic argument.
fn within(argument: &Obj, parameters: &[Obj], given: &[Obj]) -> PyResult<Obj> {
    let own = match protocol::getattr_opt(argument, &istr!("__parameters__"))? {
        Some(own) if own.is_layout::<PyTuple>() => items(&own),
        _ => return Ok(argument.clone()),
    };
    if own.is_empty() {
        return Ok(argument.clone());
    }
    let mut key = Vec::with_capacity(own.len());
    for parameter in own {
        match position(parameters, &parameter) {
            // A type variable tuple stands for any number of arguments.
            Some(index)
                if class_of(&parameter).slots.iter().is_some() && given[index].is_layout::<PyTuple>() =>
            {
                key.extend(items(&given[index]));
            }
            Some(index) => key.push(given[index].clone()),
            None => key.push(parameter),
        }
    }
    protocol::getitem(argument, &tuple_obj(key))
}
