//! Comparison, hashing and truth.

use std::cmp::Ordering;

use taipan_gc::{Obj, ShapeId, Value};

use super::enter_native_while;
use crate::bytes::bytes_value;
use crate::construct::{bool_obj, not_implemented};
use crate::error::*;
use crate::list::exact_list;
use crate::singletons::{is_false, is_none, is_not_implemented, is_true as is_true_singleton};
use crate::str::{PyStr, exact_str, is_exact_str};
use crate::tuple::PyTuple;
use crate::type_object::trampolines::compares_by_methods;
use crate::type_object::{CompareOp, PyType, class_of};
use crate::types::{Number, types};

/// `a <op> b` as an object.
pub fn rich_compare(a: &Obj, b: &Obj, op: CompareOp) -> PyResult<Obj> {
    let (va, vb) = (a.value(), b.value());
    if va.both_int(vb) {
        return Ok(bool_obj(op.holds(va.as_int().cmp(&vb.as_int()))));
    }
    if va.is_float() && vb.is_float() {
        let (x, y) = (va.as_float(), vb.as_float());
        return Ok(bool_obj(match op {
            CompareOp::Lt => x < y,
            CompareOp::Le => x <= y,
            CompareOp::Eq => x == y,
            CompareOp::Ne => x != y,
            CompareOp::Gt => x > y,
            CompareOp::Ge => x >= y,
        }));
    }
    if op.is_equality()
        && let Some(equal) = texts_or_tuples_equal(a, b)
    {
        return Ok(bool_obj(equal == (op == CompareOp::Eq)));
    }
    compare_by_slots(a, b, op)
}

/// [`rich_compare`] of what could not be compared without asking the classes.
fn compare_by_slots(a: &Obj, b: &Obj, op: CompareOp) -> PyResult<Obj> {
    enter_native_while(" in comparison")?;
    let (class_a, class_b) = (class_of(a), class_of(b));
    let mut reflected_tried = false;
    if !class_a.is(class_b)
        && class_b.is_subtype(class_a)
        && let Some(compare) = class_b.slots.richcompare()
    {
        reflected_tried = true;
        let result = compare(b, a, op.swapped())?;
        if !is_not_implemented(&result) {
            return Ok(result);
        }
    }
    if let Some(compare) = class_a.slots.richcompare() {
        let result = compare(a, b, op)?;
        if !is_not_implemented(&result) {
            return Ok(result);
        }
    }
    if reflected_tried { undecided(a, b, op) } else { compare_declined(a, b, op) }
}

/// What `a <op> b` comes to after the method of `a`'s class, which is asked first, gave `NotImplemented`.
pub fn compare_declined(a: &Obj, b: &Obj, op: CompareOp) -> PyResult<Obj> {
    if let Some(compare) = class_of(b).slots.richcompare() {
        let result = compare(b, a, op.swapped())?;
        if !is_not_implemented(&result) {
            return Ok(result);
        }
    }
    undecided(a, b, op)
}

/// What a comparison comes to of which no class knows anything.
fn undecided(a: &Obj, b: &Obj, op: CompareOp) -> PyResult<Obj> {
    match op {
        CompareOp::Eq => Ok(bool_obj(a.is(b))),
        CompareOp::Ne => Ok(bool_obj(!a.is(b))),
        _ => Err(type_error(format!(
            "'{}' not supported between instances of '{}' and '{}'",
            op.symbol(),
            class_of(a).name(),
            class_of(b).name()
        ))),
    }
}

/// The truth of `a <op> b`; identical objects are equal without asking them.
pub fn compare_bool(a: &Obj, b: &Obj, op: CompareOp) -> PyResult<bool> {
    if a.is(b) && !a.value().is_float() {
        match op {
            CompareOp::Eq => return Ok(true),
            CompareOp::Ne => return Ok(false),
            _ => {}
        }
    }
    if a.is(b) && a.value().is_float() && op == CompareOp::Eq {
        return Ok(true);
    }
    is_true(&rich_compare(a, b, op)?)
}

/// `a < b`, if the two are numbers, exact strings or exact tuples or lists of such: if no Python code is needed to tell.
#[inline]
pub fn less_quickly(a: &Obj, b: &Obj) -> Option<bool> {
    match scalar_order(a, b) {
        Some(order) => Some(order == Some(Ordering::Less)),
        None => tuples_less(a, b).or_else(|| lists_less(a, b)),
    }
}

/// [`less_quickly`] for exact lists.
fn lists_less(a: &Obj, b: &Obj) -> Option<bool> {
    let (x, y) = (exact_list(a)?, exact_list(b)?);
    let mut index = 0;
    while let (Some(a), Some(b)) = (x.get_lent(index), y.get_lent(index)) {
        if !a.is(&b) {
            match scalar_order(&a, &b)? {
                Some(Ordering::Equal) => {}
                order => return Some(order == Some(Ordering::Less)),
            }
        }
        index += 1;
    }
    Some(x.len() < y.len())
}

/// The order of two numbers (of words) or exact strings; `Some(None)` if one is NaN.
#[inline]
fn scalar_order(a: &Obj, b: &Obj) -> Option<Option<Ordering>> {
    let (x, y) = (a.value(), b.value());
    if x.both_int(y) {
        return Some(Some(x.as_int().cmp(&y.as_int())));
    }
    if x.is_ptr() {
        return if is_exact_str(a) && is_exact_str(b) {
            Some(Some(a.downcast::<PyStr>()?.units().cmp(&b.downcast::<PyStr>()?.units())))
        } else {
            None
        };
    }
    // Small integers are exact as floats.
    let float = |value: Value| {
        if value.is_float() {
            Some(value.as_float())
        } else if value.is_int() {
            Some(value.as_int() as f64)
        } else {
            None
        }
    };
    Some(float(x)?.partial_cmp(&float(y)?))
}

/// [`less_quickly`] for exact tuples: by the first items that differ.
fn tuples_less(a: &Obj, b: &Obj) -> Option<bool> {
    let tuple = &types().tuple;
    if !class_of(a).is(tuple) || !class_of(b).is(tuple) {
        return None;
    }
    let (x, y) = (a.downcast::<PyTuple>()?.as_slice(), b.downcast::<PyTuple>()?.as_slice());
    for (a, b) in x.iter().zip(y) {
        // Identical items are equal, even NaN.
        if a.is(b) {
            continue;
        }
        match scalar_order(a, b)? {
            Some(Ordering::Equal) => {}
            order => return Some(order == Some(Ordering::Less)),
        }
    }
    Some(x.len() < y.len())
}

/// [`eq`], if the two are one object, numbers (of words), exact strings or bytes, or short tuples of such that compare as tuples do.
#[inline]
pub fn equal_quickly(a: &Obj, b: &Obj) -> Option<bool> {
    scalars_equal(a, b).or_else(|| objects_equal(a, b, DEEPEST))
}

/// Levels of tuples in tuples that [`equal_quickly`] looks into.
const DEEPEST: usize = 4;
/// Items of the tuples that it looks into: what it cannot tell in the end is compared once more.
const LONGEST: usize = 16;

/// Whether two exact strings or bytes, or two short tuples that are compared without running code, are equal.
#[inline]
pub fn texts_or_tuples_equal(a: &Obj, b: &Obj) -> Option<bool> {
    objects_equal(a, b, DEEPEST)
}

/// [`equal_quickly`] of what is no number.
fn objects_equal(a: &Obj, b: &Obj, levels: usize) -> Option<bool> {
    let (Some(x), Some(y)) = (a.header(), b.header()) else { return others_equal(a, b) };
    // Mostly of one class.
    if x.shape() == y.shape() {
        if is_exact_str(a) {
            return Some(exact_str(a)?.equals(exact_str(b)?));
        }
        if let Some(items) = plain_tuple(a) {
            return items_equal(items, b.downcast::<PyTuple>()?.as_slice(), levels);
        }
    } else if let (Some(x), Some(y)) = (plain_tuple(a), plain_tuple(b)) {
        return items_equal(x, y, levels);
    }
    others_equal(a, b)
}

/// [`objects_equal`] of what is neither two exact strings nor two tuples.
#[inline(never)]
fn others_equal(a: &Obj, b: &Obj) -> Option<bool> {
    if compares_by_methods(class_of(a)) || compares_by_methods(class_of(b)) {
        return None;
    }
    equal_by_identity(a, b).or_else(|| bytes_equal(a, b))
}

/// Whether two objects are equal, if their classes leave comparisons to `object`; or if one is `None`, and the other one is a number (of a word) or an exact string.
#[inline]
pub fn equal_by_identity(a: &Obj, b: &Obj) -> Option<bool> {
    match (is_none(a), is_none(b)) {
        (true, _) => equals_none(b),
        (_, true) => equals_none(a),
        _ => (compares_by_identity(a) && compares_by_identity(b)).then(|| a.is(b)),
    }
}

/// [`equal_by_identity`] of anything and `None`.
fn equals_none(other: &Obj) -> Option<bool> {
    if is_none(other) {
        return Some(true);
    }
    differs_from_none(other).then_some(false)
}

/// Whether an object, which is not `None`, is surely not equal to that, without running code: a number (of a word), an exact string, or one whose class leaves comparisons to `object`.
#[inline]
pub fn differs_from_none(obj: &Obj) -> bool {
    !obj.value().is_ptr() || is_exact_str(obj) || compares_by_identity(obj)
}

/// Whether the object's class says nothing of comparisons itself.
#[inline]
fn compares_by_identity(obj: &Obj) -> bool {
    let of_object = identity_compare as *const () as usize;
    obj.value().is_ptr()
        && class_of(obj).slots.richcompare().is_none_or(|compare| compare as *const () as usize == of_object)
}

/// Whether two exact `bytes` objects are equal.
fn bytes_equal(a: &Obj, b: &Obj) -> Option<bool> {
    let bytes = &types().bytes;
    if !a.value().is_ptr() || !b.value().is_ptr() || !class_of(a).is(bytes) || !class_of(b).is(bytes) {
        return None;
    }
    Some(bytes_value(a)? == bytes_value(b)?)
}

/// The items of a tuple, unless its class compares in a way of its own.
#[inline(always)]
fn plain_tuple(obj: &Obj) -> Option<&[Obj]> {
    const TUPLE: ShapeId = Number::tuple.root_shape();
    if obj.header()?.shape() != TUPLE && !compares_as_tuple(class_of(obj)) {
        return None;
    }
    Some(obj.downcast::<PyTuple>()?.as_slice())
}

/// Whether a class leaves comparisons to `tuple`.
#[inline(always)]
fn compares_as_tuple(class: &PyType) -> bool {
    let of_tuple = crate::tuple::compare as *const () as usize;
    class.slots.richcompare().is_some_and(|compare| compare as *const () as usize == of_tuple)
}

/// [`equal_quickly`] of an object and a tuple of these items.
#[inline]
pub fn equals_tuple(a: &Obj, items: &[Obj]) -> Option<bool> {
    items_equal(plain_tuple(a)?, items, DEEPEST)
}

#[inline]
fn items_equal(x: &[Obj], y: &[Obj], levels: usize) -> Option<bool> {
    if levels == 0 || x.len().max(y.len()) > LONGEST {
        return None;
    }
    for (a, b) in x.iter().zip(y) {
        // Most are the same ones.
        if a.value().bits() != b.value().bits()
            && !scalars_equal(a, b).or_else(|| objects_equal(a, b, levels - 1))?
        {
            return Some(false);
        }
    }
    Some(x.len() == y.len())
}

/// [`equal_quickly`] of one object and of numbers.
#[inline]
fn scalars_equal(a: &Obj, b: &Obj) -> Option<bool> {
    let (x, y) = (a.value(), b.value());
    if x.same(y) {
        return Some(true);
    }
    if x.both_int(y) {
        return Some(false);
    }
    if x.is_ptr() || y.is_ptr() {
        return None;
    }
    // Small integers are exact as floats.
    let float = |value: Value| if value.is_float() { value.as_float() } else { value.as_int() as f64 };
    Some(float(x) == float(y))
}

/// Equality as containers use it: identity first.
#[inline]
pub fn eq(a: &Obj, b: &Obj) -> PyResult<bool> {
    match equal_quickly(a, b) {
        Some(equal) => Ok(equal),
        None => eq_by_slots(a, b),
    }
}

/// [`eq`] of what [`equal_quickly`] cannot tell.
pub fn eq_by_slots(a: &Obj, b: &Obj) -> PyResult<bool> {
    is_true(&compare_by_slots(a, b, CompareOp::Eq)?)
}

/// `hash(obj)`.
#[inline]
pub fn hash(obj: &Obj) -> PyResult<i64> {
    if obj.value().is_int() {
        return Ok(crate::int::IntRef::Small(obj.value().as_int()).python_hash());
    }
    match class_of(obj).slots.hash() {
        Some(hash) => hash(obj),
        None => crate::object_type::hash_not_implemented(obj),
    }
}

/// `bool(obj)`.
#[inline]
pub fn is_true(obj: &Obj) -> PyResult<bool> {
    if is_true_singleton(obj) {
        return Ok(true);
    }
    if is_false(obj) || is_none(obj) {
        return Ok(false);
    }
    let value = obj.value();
    if value.is_int() {
        return Ok(value.as_int() != 0);
    }
    if value.is_float() {
        return Ok(value.as_float() != 0.0);
    }
    let slots = &class_of(obj).slots;
    if let Some(bool_) = slots.bool_() {
        return bool_(obj);
    }
    match slots.len() {
        Some(len) => Ok(len(obj)? != 0),
        None => Ok(true),
    }
}

/// The default comparison for classes that only know equality by identity.
pub fn identity_compare(a: &Obj, b: &Obj, op: CompareOp) -> PyResult<Obj> {
    match op {
        CompareOp::Eq if a.is(b) => Ok(bool_obj(true)),
        CompareOp::Ne => match class_of(a).slots.richcompare() {
            // `!=` is the inverse of `==` unless that is not implemented.
            Some(compare) => {
                let equal = compare(a, b, CompareOp::Eq)?;
                if is_not_implemented(&equal) { Ok(equal) } else { Ok(bool_obj(!is_true(&equal)?)) }
            }
            None if a.is(b) => Ok(bool_obj(false)),
            None => Ok(not_implemented()),
        },
        _ => Ok(not_implemented()),
    }
}

/// Whether `obj` is exactly an instance of a built-in class.
pub fn is_exactly(
    obj: &Obj,
    pick: impl FnOnce(&'static crate::types::Types) -> &'static taipan_gc::Py<crate::type_object::PyType>,
) -> bool {
    class_of(obj).is(pick(types()))
}
