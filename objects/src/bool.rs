//! `bool`: its constructor and the operators that differ from `int`'s. The two objects are in `singletons`.

use taipan_gc::Obj;

use crate::construct::bool_obj;
use crate::error::*;
use crate::native::pyargs;
use crate::protocol;
use crate::singletons::PyBool;
use crate::type_object::{TypeSlots, ready};
use crate::types::Types;

#[pyargs(name = "bool", sig = "(object=False, /)")]
fn new(class: &Obj, object: Option<&Obj>) -> PyResult<Obj> {
    let _final_class = class;
    Ok(bool_obj(match object {
        Some(object) => protocol::is_true(object)?,
        None => false,
    }))
}

fn repr(obj: &Obj) -> PyResult<Obj> {
    let value = obj.downcast::<PyBool>().is_some_and(|b| b.value);
    Ok((if value { crate::istr!("True") } else { crate::istr!("False") }).into_obj())
}

fn both(a: &Obj, b: &Obj) -> Option<(bool, bool)> {
    Some((a.downcast::<PyBool>()?.value, b.downcast::<PyBool>()?.value))
}

fn and(a: &Obj, b: &Obj) -> PyResult<Obj> {
    match both(a, b) {
        Some((a, b)) => Ok(bool_obj(a & b)),
        None => crate::int::and(a, b),
    }
}

fn or(a: &Obj, b: &Obj) -> PyResult<Obj> {
    match both(a, b) {
        Some((a, b)) => Ok(bool_obj(a | b)),
        None => crate::int::or(a, b),
    }
}

fn xor(a: &Obj, b: &Obj) -> PyResult<Obj> {
    match both(a, b) {
        Some((a, b)) => Ok(bool_obj(a ^ b)),
        None => crate::int::xor(a, b),
    }
}

fn invert(a: &Obj) -> PyResult<Obj> {
    const WARNING: &str = "Bitwise inversion '~' on bool is deprecated and will be removed in Python 3.16. This returns the bitwise inversion of the underlying int object and is usually not what you expect from negating a bool. Use the 'not' operator for boolean negation or ~int(x) if you really want the bitwise inversion of the underlying int.";
    crate::str::new::deprecated(WARNING)?;
    crate::int::invert(a)
}

static SLOTS: TypeSlots = TypeSlots {
    repr: Some(repr),
    new: Some(new),
    and: Some(and),
    or: Some(or),
    xor: Some(xor),
    invert: Some(invert),
    ..TypeSlots::EMPTY
};

/// Completes the class.
pub(crate) fn fill(types: &Types) {
    types.bool_.slots.set_all(&SLOTS);
    ready::set_doc(
        &types.bool_,
        "Returns True when the argument is true, False otherwise.\nThe builtins True and False are the only two instances of the class bool.\nThe class bool is a subclass of the class int, and cannot be subclassed.",
    );
}
