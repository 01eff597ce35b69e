//! Building containers and text.

use taipan_bytecode::Conversion;
use taipan_objects::construct::*;
use taipan_objects::dict::{OnDuplicate, PyDict, exact_dict, plain_mapping};
use taipan_objects::error::*;
use taipan_objects::list::{PyList, exact_list};
use taipan_objects::protocol::{self, IntoStrong};
use taipan_objects::set::PySet;
use taipan_objects::slice::PySlice;
use taipan_objects::str::PyStr;
use taipan_objects::tuple::{PyTuple, exact_tuple};
use taipan_objects::type_object::class_of;
use taipan_objects::types::types;
use taipan_objects::{Obj, Py, Value, istr};

use crate::registers::Regs;

#[inline]
fn taken(regs: Regs, first: usize, count: usize) -> impl Iterator<Item = Obj> {
    (first..first + count).map(move |i| regs.take(i).unwrap_or_else(none).into_strong())
}

fn take_all(regs: Regs, first: usize, count: usize) -> Vec<Obj> {
    taken(regs, first, count).collect()
}

/// Whether [`Obj::is_acyclic`] is true of what is in the registers.
fn all_acyclic(regs: Regs, first: usize, count: usize) -> bool {
    (first..first + count).all(|i| regs.get(i).is_none_or(Obj::is_acyclic))
}

/// What is in a register, moved out, or `None`: a word that owns its reference.
fn taken_word(regs: Regs, register: usize) -> Value {
    let value = regs.take_value(register);
    if value.is_empty() {
        return none().into_counted();
    }
    if !value.is_lent() {
        return value;
    }
    // SAFETY: whatever a register lends is alive.
    unsafe { Obj::from_borrowed(value) }.into_value()
}

pub fn tuple(regs: Regs, first: usize, count: usize) -> Obj {
    let acyclic = all_acyclic(regs, first, count);
    // SAFETY: each word is a reference of its own.
    unsafe { PyTuple::of_words(count, acyclic, |index| taken_word(regs, first + index)) }.into_obj()
}

/// `(a, b, *iterable)`: of `count` registers, and of the items of what is in the one behind them; all of them are emptied.
pub fn tuple_spread(regs: Regs, first: usize, count: usize) -> PyResult<Obj> {
    // It stays there meanwhile: what it is asked for may run code, and its word may be uncounted.
    let nothing = none();
    let iterable = regs.get(first + count).unwrap_or(&nothing);
    let tuple = if let Some(items) = exact_tuple(iterable) {
        tuple_before(regs, first, count, items.as_slice())
    } else if let Some(items) = exact_list(iterable) {
        tuple_before(regs, first, count, &items.snapshot())
    } else {
        check_spreadable(iterable)?;
        let items = PyList::new(Vec::new());
        items.extend_from(iterable)?;
        tuple_before(regs, first, count, &PyList::into_items(items.into_obj()))
    };
    regs.clear(first + count);
    Ok(tuple)
}

/// A tuple of `count` registers, which are emptied, and of these items.
fn tuple_before(regs: Regs, first: usize, count: usize, items: &[Obj]) -> Obj {
    let acyclic = all_acyclic(regs, first, count) && items.iter().all(Obj::is_acyclic);
    let word = |index: usize| match index.checked_sub(count) {
        Some(index) => items[index].counted_word(),
        None => taken_word(regs, first + index),
    };
    // SAFETY: each word is a reference of its own.
    unsafe { PyTuple::of_words(count + items.len(), acyclic, word) }.into_obj()
}

pub fn list(regs: Regs, first: usize, count: usize) -> Obj {
    PyList::of_items(count, taken(regs, first, count)).into_obj()
}

pub fn set(regs: Regs, first: usize, count: usize) -> PyResult<Obj> {
    let set = PySet::empty(&types().set);
    for element in taken(regs, first, count) {
        set.add(element)?;
    }
    Ok(set.into_obj())
}

pub fn map(regs: Regs, first: usize, pairs: usize) -> PyResult<Obj> {
    let dict = PyDict::new();
    let mut items = taken(regs, first, 2 * pairs);
    while let (Some(key), Some(value)) = (items.next(), items.next()) {
        dict.set(key, value)?;
    }
    Ok(dict.into_obj())
}

/// A slice of two or three consumed registers.
pub fn slice(regs: Regs, first: usize, count: usize) -> Obj {
    let mut parts = taken(regs, first, count);
    let mut part = || parts.next().unwrap_or_else(none);
    let (start, stop, step) = (part(), part(), part());
    PySlice::new(start, stop, step).into_obj()
}

pub fn string(regs: Regs, first: usize, count: usize) -> PyResult<Obj> {
    let parts = take_all(regs, first, count);
    let empty = istr!("");
    taipan_objects::str::split::join_items(empty.units(), &parts).map(Py::into_obj)
}

#[inline(never)]
pub fn list_append(list: &Obj, value: Obj) -> PyResult<()> {
    match list.downcast::<PyList>() {
        Some(list) => {
            list.push_held(value.into_strong());
            Ok(())
        }
        None => Err(system_error("not a list")),
    }
}

pub fn set_add(set: &Obj, value: Obj) -> PyResult<()> {
    match set.downcast::<PySet>() {
        Some(own) if class_of(set).is(&types().set) || !class_of(set).is_subtype(&types().frozenset) => {
            own.add(value).map(|_| ())
        }
        // `__conditional_annotations__`, which programs can rebind.
        _ => Err(type_error(format!("'{}' object is not a set", class_of(set).name()))),
    }
}

pub fn map_add(dict: &Obj, key: Obj, value: Obj) -> PyResult<()> {
    match dict.downcast::<PyDict>() {
        Some(dict) => dict.set(key, value),
        None => Err(system_error("not a dict")),
    }
}

/// `TypeError` unless it has `__iter__` or `__getitem__`, as what is behind a `*` must.
fn check_spreadable(iterable: &Obj) -> PyResult<()> {
    let class = class_of(iterable);
    if class.slots.iter().is_none() && class.slots.getitem().is_none() {
        return Err(type_error(format!("Value after * must be an iterable, not {}", class.name())));
    }
    Ok(())
}

pub fn list_extend(list: &Obj, iterable: &Obj) -> PyResult<()> {
    check_spreadable(iterable)?;
    match list.downcast::<PyList>() {
        Some(list) => list.extend_from(iterable),
        None => Err(system_error("not a list")),
    }
}

pub fn set_update(set: &Obj, iterable: &Obj) -> PyResult<()> {
    let Some(set) = set.downcast::<PySet>() else { return Err(system_error("not a set")) };
    protocol::for_each(iterable, |item| set.add(item).map(|_| ()))
}

fn is_mapping(obj: &Obj) -> PyResult<bool> {
    Ok(obj.is_layout::<PyDict>() || protocol::hasattr(obj, &istr!("keys"))?)
}

pub fn dict_update(dict: &Obj, mapping: &Obj) -> PyResult<()> {
    if !is_mapping(mapping)? {
        return Err(type_error(format!("'{}' object is not a mapping", class_of(mapping).name())));
    }
    match dict.downcast::<PyDict>() {
        Some(dict) => dict.update_from(mapping),
        None => Err(system_error("not a dict")),
    }
}

/// The callable's name with parentheses, as call errors show it.
pub fn function_text(callable: Option<&Obj>) -> String {
    let Some(callable) = callable else { return "function".to_owned() };
    let qualname = protocol::getattr_opt(callable, &istr!("__qualname__")).unwrap_or_else(|Raised| {
        drop(try_take_raised());
        None
    });
    let Some(qualname) = qualname.filter(|q| q.is_layout::<PyStr>()) else {
        return protocol::str_string(callable).unwrap_or_else(|Raised| {
            drop(try_take_raised());
            "function".to_owned()
        });
    };
    let module = protocol::getattr_opt(callable, &istr!("__module__")).unwrap_or_else(|Raised| {
        drop(try_take_raised());
        None
    });
    let qualname = protocol::str_string(&qualname).unwrap_or_default();
    match module.filter(|m| m.is_layout::<PyStr>()).map(|m| protocol::str_string(&m).unwrap_or_default()) {
        Some(module) if module != "builtins" => format!("{module}.{qualname}()"),
        _ => format!("{qualname}()"),
    }
}

pub fn dict_merge(dict: &Obj, mapping: &Obj, callable: Option<&Obj>) -> PyResult<()> {
    if !is_mapping(mapping)? {
        return Err(type_error(format!(
            "{} argument after ** must be a mapping, not {}",
            function_text(callable),
            class_of(mapping).name()
        )));
    }
    let Some(target) = dict.downcast::<PyDict>() else { return Err(system_error("not a dict")) };
    if let Some(other) = plain_mapping(mapping) {
        if target.is_empty() {
            return target.merge(other, OnDuplicate::Replace);
        }
        for (key, value) in other.snapshot() {
            refuse_repeated(target, &key, callable)?;
            target.set(key, value)?;
        }
        return Ok(());
    }
    let keys = protocol::call_method_str(mapping, "keys", &[])?;
    let keys = taipan_objects::dict::iter_of_keys(mapping, &keys)?;
    for key in protocol::collect(&keys)? {
        refuse_repeated(target, &key, callable)?;
        let value = protocol::getitem(mapping, &key)?;
        target.set(key, value)?;
    }
    Ok(())
}

fn refuse_repeated(dict: &PyDict, key: &Obj, callable: Option<&Obj>) -> PyResult<()> {
    if !dict.contains(key)? {
        return Ok(());
    }
    Err(type_error(format!(
        "{} got multiple values for keyword argument '{}'",
        function_text(callable),
        protocol::str_string(key)?
    )))
}

/// The keyword arguments of `f(**mapping)`, which nobody changes: a plain dict as it is.
pub fn keywords(mapping: &Obj, callable: Option<&Obj>) -> PyResult<Obj> {
    if exact_dict(mapping).is_some() {
        return Ok(mapping.clone().into_strong());
    }
    let dict = PyDict::new();
    dict_merge(dict.as_obj(), mapping, callable)?;
    Ok(dict.into_obj())
}

/// `DICT_MERGE`: into the dict in register `a`, if there is one.
pub fn merge_keywords(regs: Regs, a: u16, b: u16, c: u16) -> PyResult<()> {
    let (mapping, callable) = (regs.obj(b as usize), regs.get(c as usize));
    match regs.get(a as usize) {
        Some(dict) => dict_merge(dict, mapping, callable),
        None => {
            let keywords = keywords(mapping, callable)?;
            regs.write(a as usize, keywords);
            Ok(())
        }
    }
}

pub fn list_to_tuple(list: &Obj) -> PyResult<Obj> {
    match list.downcast::<PyList>() {
        Some(list) => Ok(tuple_obj(list.to_vec())),
        None => Err(system_error("not a list")),
    }
}

/// `!s`, `!r`, `!a`.
pub fn convert(obj: &Obj, conversion: u16) -> PyResult<Obj> {
    match Conversion::from_u16(conversion) {
        Some(Conversion::Str) => protocol::str(obj).map(Py::into_obj),
        Some(Conversion::Repr) => protocol::repr(obj).map(Py::into_obj),
        Some(Conversion::Ascii) => taipan_objects::str::format::ascii(obj).map(Py::into_obj),
        _ => Ok(obj.clone()),
    }
}

pub fn format_simple(obj: &Obj, conversion: u16) -> PyResult<Obj> {
    if conversion == Conversion::None as u16 {
        if class_of(obj).is(&types().str) {
            return Ok(obj.clone());
        }
        return protocol::format(obj, istr!("").as_obj());
    }
    let converted = convert(obj, conversion)?;
    if class_of(&converted).is(&types().str) {
        Ok(converted)
    } else {
        protocol::format(&converted, istr!("").as_obj())
    }
}
