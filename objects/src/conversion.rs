//! `str(x)`, `int(x)`, `list(x)`, …: what exact built-in classes make of one argument, for calls that need not go through `__new__` and `__init__` (CPython's vectorcall
//! of the class).

use taipan_gc::Obj;

use crate::construct::*;
use crate::error::*;
use crate::float::PyFloat;
use crate::iterators::PyEnumerate;
use crate::list::{PyList, exact_list};
use crate::protocol;
use crate::set::PySet;
use crate::tuple::{PyTuple, exact_tuple};
use crate::type_object::{PyType, class_of};
use crate::types::{Number, types};

/// Makes an instance of one class of one positional argument.
pub type Conversion = fn(&Obj) -> PyResult<Obj>;

/// By the class's number.
static TABLE: [Option<Conversion>; Number::enumerate as usize + 1] = table();

const fn table() -> [Option<Conversion>; Number::enumerate as usize + 1] {
    let mut table: [Option<Conversion>; Number::enumerate as usize + 1] = [None; _];
    table[Number::str as usize] = Some(|x| Ok(protocol::str(x)?.into_obj()));
    table[Number::int as usize] = Some(crate::int::new::convert);
    table[Number::float as usize] = Some(float);
    table[Number::bool_ as usize] = Some(|x| Ok(bool_obj(protocol::is_true(x)?)));
    table[Number::tuple as usize] = Some(tuple);
    table[Number::list as usize] = Some(list);
    table[Number::set as usize] = Some(set);
    table[Number::frozenset as usize] = Some(frozenset);
    table[Number::enumerate as usize] = Some(PyEnumerate::of);
    table[Number::weakref as usize] = Some(|x| crate::weakref::new_ref(x, None));
    table
}

/// How `class` does it; nothing: by `__new__` and `__init__`.
#[inline]
pub fn of_class(class: &PyType) -> Option<Conversion> {
    let number = (class.root_shape().0 as usize).checked_sub(1)?;
    *TABLE.get(number)?
}

pub(crate) fn float(x: &Obj) -> PyResult<Obj> {
    if x.value().is_float() {
        return Ok(x.clone());
    }
    Ok(PyFloat::new_of(&types().float, crate::float::new::convert(x)?))
}

pub(crate) fn tuple(iterable: &Obj) -> PyResult<Obj> {
    if exact_tuple(iterable).is_some() {
        return Ok(iterable.clone());
    }
    if let Some(list) = exact_list(iterable) {
        return Ok(list.with_items(PyTuple::from_slice).into_obj());
    }
    Ok(PyTuple::with_class(&types().tuple, protocol::collect(iterable)?).into_obj())
}

fn list(iterable: &Obj) -> PyResult<Obj> {
    if let Some(tuple) = exact_tuple(iterable) {
        return Ok(PyList::from_slice(tuple.as_slice()).into_obj());
    }
    let list = PyList::with_class(&types().list);
    list.extend_from(iterable)?;
    Ok(list.into_obj())
}

fn set(iterable: &Obj) -> PyResult<Obj> {
    Ok(PySet::from_iterable(&types().set, iterable)?.into_obj())
}

pub(crate) fn frozenset(iterable: &Obj) -> PyResult<Obj> {
    let class = &types().frozenset;
    if class_of(iterable).is(class) {
        return Ok(iterable.clone());
    }
    Ok(PySet::from_iterable(class, iterable)?.into_obj())
}
