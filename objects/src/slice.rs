//! `slice` objects, and what indices mean for a sequence of a given length.

use num_bigint::BigInt;
use taipan_gc::{Header, Obj, Py};

use crate::argument::Args;
use crate::construct::{bool_obj, int_obj, not_implemented};
use crate::error::*;
use crate::int::{IntRef, from_bigint, int_ref};
use crate::layout;
use crate::native::*;
use crate::protocol;
use crate::singletons::{is_none, none};
use crate::str::PyStr;
use crate::tuple::PyTuple;
use crate::type_object::{CompareOp, TypeSlots, ready};
use crate::types::{Types, types};

/// A `slice` object: constant.
#[repr(C)]
pub struct PySlice {
    header: Header,
    pub start: Obj,
    pub stop: Obj,
    pub step: Obj,
}
layout!(PySlice, "slice", [start, stop, step]);

const SLOTS: TypeSlots = TypeSlots {
    repr: Some(repr),
    hash: Some(hash),
    richcompare: Some(compare),
    new: Some(new),
    ..TypeSlots::EMPTY
};

pub(crate) fn fill(types: &Types) {
    types.slice.slots.set_all(&SLOTS);
    ready::add_methods(&types.slice, PySlice::methods());
    ready::add_getset(&types.slice, PySlice::getset());
    ready::set_doc(
        &types.slice,
        "slice(stop)\nslice(start, stop[, step])\n\nCreate a slice object.\n\nThis is used for extended slicing (e.g. a[0:10:2]).",
    );
}

fn strong(obj: Obj) -> Obj {
    protocol::IntoStrong::into_strong(obj)
}

/// An index of a slice, clamped to the machine word.
fn slice_index(obj: &Obj) -> PyResult<isize> {
    if obj.value().is_int() {
        return Ok(obj.value().as_int() as isize);
    }
    if !protocol::has_index(obj) && int_ref(obj).is_none() {
        return Err(type_error("slice indices must be integers or None or have an __index__ method"));
    }
    protocol::index_clamped(obj)
}

/// An optional `start` or `stop` argument of methods like `index`: negative ones count from the end.
pub fn clamped_index(obj: Option<&Obj>, default: usize, len: usize) -> PyResult<usize> {
    let Some(obj) = obj else { return Ok(default) };
    if !obj.value().is_int() && !protocol::has_index(obj) && int_ref(obj).is_none() {
        return Err(type_error("slice indices must be integers or have an __index__ method"));
    }
    let index = slice_index(obj)?;
    Ok(if index < 0 { len.saturating_sub(index.unsigned_abs()) } else { index as usize })
}

impl PySlice {
    pub fn new(start: Obj, stop: Obj, step: Obj) -> Py<PySlice> {
        let header = Header::new(types().slice.root_shape());
        Py::new(PySlice { header, start: strong(start), stop: strong(stop), step: strong(step) })
    }
    /// Start, stop, step and number of items for a sequence of `len` items. Runs `__index__` methods, so ask for `len` first and
    /// expect that it may be out of date afterwards.
    pub fn indices(&self, len: usize) -> PyResult<(isize, isize, isize, usize)> {
        let (start, stop, step) = self.unpack()?;
        Ok(adjust(start, stop, step, len))
    }
    /// The three numbers, with defaults that mean "the end".
    pub fn unpack(&self) -> PyResult<(isize, isize, isize)> {
        let step = if is_none(&self.step) { 1 } else { slice_index(&self.step)?.max(-isize::MAX) };
        if step == 0 {
            return Err(value_error("slice step cannot be zero"));
        }
        let start = if !is_none(&self.start) {
            slice_index(&self.start)?
        } else if step < 0 {
            isize::MAX
        } else {
            0
        };
        let stop = if !is_none(&self.stop) {
            slice_index(&self.stop)?
        } else if step < 0 {
            isize::MIN
        } else {
            isize::MAX
        };
        Ok((start, stop, step))
    }
}

/// Clips to a sequence of `len` items and counts.
pub fn adjust(start: isize, stop: isize, step: isize, len: usize) -> (isize, isize, isize, usize) {
    let len = len as isize;
    let clip = |index: isize| {
        let (low, high) = if step < 0 { (-1, len - 1) } else { (0, len) };
        if index < 0 { index.saturating_add(len).max(low) } else { index.min(high) }
    };
    let (start, stop) = (clip(start), clip(stop));
    let count = if step < 0 {
        if stop < start { (start - stop - 1) / -step + 1 } else { 0 }
    } else if start < stop {
        (stop - start - 1) / step + 1
    } else {
        0
    };
    (start, stop, step, count as usize)
}

fn this(obj: &Obj) -> PyResult<&PySlice> {
    obj.downcast::<PySlice>().ok_or_else(|| type_error("a slice is required"))
}

fn new(_class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    if args.has_keywords() {
        return Err(type_error("slice() takes no keyword arguments"));
    }
    let (start, stop, step) = match args.positional {
        [stop] => (none(), stop.clone(), none()),
        [start, stop] => (start.clone(), stop.clone(), none()),
        [start, stop, step] => (start.clone(), stop.clone(), step.clone()),
        [] => return Err(type_error("slice expected at least 1 argument, got 0")),
        more => return Err(type_error(format!("slice expected at most 3 arguments, got {}", more.len()))),
    };
    Ok(PySlice::new(start, stop, step).into_obj())
}

fn repr(obj: &Obj) -> PyResult<Obj> {
    let slice = this(obj)?;
    let mut text = taipan_text::TextBuf::from("slice(");
    text.push_units(protocol::repr(&slice.start)?.units());
    text.push_str(", ");
    text.push_units(protocol::repr(&slice.stop)?.units());
    text.push_str(", ");
    text.push_units(protocol::repr(&slice.step)?.units());
    text.push_str(")");
    Ok(PyStr::from_units(text).into_obj())
}

fn hash(obj: &Obj) -> PyResult<i64> {
    let slice = this(obj)?;
    crate::tuple::combine_hashes(
        [&slice.start, &slice.stop, &slice.step].into_iter().map(protocol::hash),
        None,
    )
}

fn compare(a: &Obj, b: &Obj, op: CompareOp) -> PyResult<Obj> {
    let (Some(x), Some(y)) = (a.downcast::<PySlice>(), b.downcast::<PySlice>()) else {
        return Ok(not_implemented());
    };
    for (left, right) in [(&x.start, &y.start), (&x.stop, &y.stop), (&x.step, &y.step)] {
        if !protocol::eq(left, right)? {
            return match op {
                CompareOp::Eq => Ok(bool_obj(false)),
                CompareOp::Ne => Ok(bool_obj(true)),
                _ => protocol::rich_compare(left, right, op),
            };
        }
    }
    Ok(bool_obj(op.holds(std::cmp::Ordering::Equal)))
}

/// An index of any size.
fn big_index(obj: &Obj) -> PyResult<BigInt> {
    if !obj.value().is_int() && !protocol::has_index(obj) && int_ref(obj).is_none() {
        return Err(type_error("slice indices must be integers or None or have an __index__ method"));
    }
    to_bigint(&protocol::index(obj)?)
}

/// The value of an `int` object.
pub(crate) fn to_bigint(obj: &Obj) -> PyResult<BigInt> {
    match int_ref(obj) {
        Some(IntRef::Small(i)) => Ok(BigInt::from(i)),
        Some(IntRef::Big(i)) => Ok(i.clone()),
        None => Err(type_error("an integer is required")),
    }
}

/// An `int` object of any size.
pub(crate) fn big_obj(i: BigInt) -> Obj {
    match i64::try_from(&i) {
        Ok(i) => int_obj(i),
        Err(_) => from_bigint(i),
    }
}

/// `slice.indices(length)` for integers of any size.
pub(crate) fn big_indices(slice: &PySlice, len: &BigInt) -> PyResult<(BigInt, BigInt, BigInt)> {
    let zero = BigInt::from(0);
    let step = if is_none(&slice.step) { BigInt::from(1) } else { big_index(&slice.step)? };
    if step == zero {
        return Err(value_error("slice step cannot be zero"));
    }
    let backwards = step < zero;
    let (low, high) = if backwards { (BigInt::from(-1), len - 1) } else { (zero.clone(), len.clone()) };
    let clip = |obj: &Obj, default: &BigInt| -> PyResult<BigInt> {
        if is_none(obj) {
            return Ok(default.clone());
        }
        let index = big_index(obj)?;
        Ok(if index < zero { (index + len).max(low.clone()) } else { index.min(high.clone()) })
    };
    let start = clip(&slice.start, if backwards { &high } else { &low })?;
    let stop = clip(&slice.stop, if backwards { &low } else { &high })?;
    Ok((start, stop, step))
}

#[pymethods(class = "slice")]
impl PySlice {
    /// S.indices(len) -> (start, stop, stride)
    ///
    /// Assuming a sequence of length len, calculate the start and stop
    /// indices, and the stride length of the extended slice described by
    /// S. Out of bounds indices are clipped in a manner consistent with the
    /// handling of normal slices.
    #[pymethod(name = "indices")]
    fn indices_method(&self, object: &Obj) -> PyResult<Py<PyTuple>> {
        let len = to_bigint(&protocol::index(object)?)?;
        if len < BigInt::from(0) {
            return Err(value_error("length should not be negative"));
        }
        let (start, stop, step) = big_indices(self, &len)?;
        Ok(PyTuple::from_array([big_obj(start), big_obj(stop), big_obj(step)]))
    }
    /// Return state information for pickling.
    #[pymethod]
    fn __reduce__(&self) -> (Obj, Py<PyTuple>) {
        let parts = PyTuple::from_array([self.start.clone(), self.stop.clone(), self.step.clone()]);
        (types().slice.as_obj().clone(), parts)
    }
    #[pygetset(name = "start")]
    fn get_start(&self) -> Obj {
        self.start.clone()
    }
    #[pygetset(name = "stop")]
    fn get_stop(&self) -> Obj {
        self.stop.clone()
    }
    #[pygetset(name = "step")]
    fn get_step(&self) -> Obj {
        self.step.clone()
    }
}
