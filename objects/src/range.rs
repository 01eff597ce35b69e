//! `range`, for integers of any size, and its iterators.
//!
//! `start`, `stop`, `step` and `length` are `int` objects and constant. Arithmetic on machine words wherever they suffice.

use num_bigint::BigInt;
use num_traits::{Signed, Zero};
use taipan_gc::{Header, Obj, Py, Slot, Value};
use taipan_threading::sync::atomic::{AtomicI64, Ordering};

use crate::argument::Args;
use crate::construct::{bool_obj, int_obj, not_implemented, str_obj};
use crate::error::*;
use crate::hooks;
use crate::int::int_ref;
use crate::iterators;
use crate::layout;
use crate::native::*;
use crate::protocol;
use crate::singletons::{is_none, none};
use crate::slice::{PySlice, adjust, big_indices, big_obj, to_bigint};
use crate::tuple::PyTuple;
use crate::type_object::{CompareOp, TypeSlots, class_of, ready, type_flags};
use crate::types::{Types, types};

/// A `range` object.
#[repr(C)]
pub struct PyRange {
    header: Header,
    start: Obj,
    stop: Obj,
    step: Obj,
    length: Obj,
}
layout!(PyRange, "range", [start, stop, step, length]);

/// An iterator over a range of machine words. Threads that share one may get a number twice.
#[repr(C)]
pub struct PyRangeIter {
    header: Header,
    start: i64,
    step: i64,
    length: i64,
    index: AtomicI64,
}
/// Where machine code finds the parts of a range iterator, in bytes.
impl PyRangeIter {
    pub const START: i32 = std::mem::offset_of!(PyRangeIter, start) as i32;
    pub const STEP: i32 = std::mem::offset_of!(PyRangeIter, step) as i32;
    pub const LENGTH: i32 = std::mem::offset_of!(PyRangeIter, length) as i32;
    pub const INDEX: i32 = std::mem::offset_of!(PyRangeIter, index) as i32;
}
layout!(PyRangeIter, "range_iterator");

/// An iterator over a range of larger numbers.
#[repr(C)]
pub struct PyLongRangeIter {
    header: Header,
    start: Obj,
    step: Obj,
    length: Obj,
    index: Slot,
}
layout!(PyLongRangeIter, "longrange_iterator", [start, step, length, index]);

const SLOTS: TypeSlots = TypeSlots {
    repr: Some(repr),
    hash: Some(hash),
    richcompare: Some(compare),
    iter: Some(iter),
    new: Some(new),
    len: Some(len),
    bool_: Some(truth),
    getitem: Some(getitem),
    contains: Some(contains),
    ..TypeSlots::EMPTY
};

pub(crate) fn fill(types: &Types) {
    types.range.slots.set_all(&SLOTS);
    types.range.set_flag(type_flags::SEQUENCE, true);
    ready::add_methods(&types.range, PyRange::methods());
    ready::add_getset(&types.range, PyRange::getset());
    ready::set_doc(
        &types.range,
        "range(stop) -> range object\nrange(start, stop[, step]) -> range object\n\nReturn an object that produces a sequence of integers from start (inclusive)\nto stop (exclusive) by step.  range(i, j) produces i, i+1, i+2, ..., j-1.\nstart defaults to 0, and stop is omitted!  range(4) produces 0, 1, 2, 3.\nThese are exactly the valid indices for a list of 4 elements.\nWhen step is given, it specifies the increment (or decrement).",
    );
    types.range_iterator.slots.set_all(&TypeSlots {
        iter: Some(iterators::itself),
        iternext: Some(iter_next),
        ..TypeSlots::EMPTY
    });
    types.longrange_iterator.slots.set_all(&TypeSlots {
        iter: Some(iterators::itself),
        iternext: Some(long_next),
        ..TypeSlots::EMPTY
    });
    ready::add_methods(&types.range_iterator, PyRangeIter::methods());
    ready::add_methods(&types.longrange_iterator, PyLongRangeIter::methods());
    for class in [&types.range_iterator, &types.longrange_iterator] {
        class.set_flag(type_flags::NO_INSTANTIATION, true);
    }
}

/// The value of an exact `int` that fits a machine word.
#[inline]
fn word(obj: &Obj) -> Option<i64> {
    if obj.value().is_int() { Some(obj.value().as_int()) } else { int_ref(obj)?.to_i64() }
}

/// Number of items of a range of machine words; `step` is not 0.
fn word_length(start: i64, stop: i64, step: i64) -> i128 {
    let (start, stop, step) = (i128::from(start), i128::from(stop), i128::from(step));
    if step > 0 && start < stop {
        (stop - start - 1) / step + 1
    } else if step < 0 && stop < start {
        (start - stop - 1) / -step + 1
    } else {
        0
    }
}

fn big_length(start: &BigInt, stop: &BigInt, step: &BigInt) -> BigInt {
    if step.is_positive() && start < stop {
        (stop - start - 1) / step + 1
    } else if step.is_negative() && stop < start {
        (start - stop - 1) / -step + 1
    } else {
        BigInt::zero()
    }
}

impl PyRange {
    /// `range(*arguments)` of machine words: nothing if they are something else, or wrong.
    pub fn of_words(arguments: &[Obj]) -> Option<Py<PyRange>> {
        let [start, stop, step] = bounds(arguments)?;
        let are_words = [&start, &stop, &step].into_iter().all(|bound| bound.value().is_int());
        let is_right = are_words && step.value().as_int() != 0;
        is_right.then(|| PyRange::new(start, stop, step).ok()).flatten()
    }
    /// `iter(range(*arguments))` likewise, without the range.
    pub fn iterator_of_words(arguments: &[Obj]) -> Option<Obj> {
        let word = |at: usize| Some(arguments[at].value()).filter(|bound| bound.is_int()).map(Value::as_int);
        let (start, stop, step) = match arguments.len() {
            1 => (0, word(0)?, 1),
            2 => (word(0)?, word(1)?, 1),
            3 => (word(0)?, word(1)?, word(2).filter(|step| *step != 0)?),
            _ => return None,
        };
        // They are far from the ends of the machine word.
        let length = if step == 1 { (stop - start).max(0) } else { word_length(start, stop, step) as i64 };
        Some(word_iter(start, step, length))
    }
    /// A range of `int` objects; `ValueError` if the step is zero.
    pub fn new(start: Obj, stop: Obj, step: Obj) -> PyResult<Py<PyRange>> {
        let length = match (word(&start), word(&stop), word(&step)) {
            (Some(a), Some(b), Some(1)) if let Some(length) = b.checked_sub(a) => int_obj(length.max(0)),
            (_, _, Some(0)) => return Err(value_error("range() arg 3 must not be zero")),
            (Some(a), Some(b), Some(c)) => {
                let length = word_length(a, b, c);
                i64::try_from(length).map_or_else(|_| big_obj(BigInt::from(length)), int_obj)
            }
            _ => big_obj(big_length(&to_bigint(&start)?, &to_bigint(&stop)?, &to_bigint(&step)?)),
        };
        Ok(Py::new(PyRange { header: Header::new(types().range.root_shape()), start, stop, step, length }))
    }
    /// Start, step and length, if all items are machine words.
    #[inline]
    fn words(&self) -> Option<(i64, i64, i64)> {
        let (start, step, length) = (word(&self.start)?, word(&self.step)?, word(&self.length)?);
        if step == 1
            && let Some(end) = start.checked_add(length)
            && end < i64::MAX
        {
            return Some((start, step, length));
        }
        // One item more than there are, so that an iterator's arithmetic cannot overflow.
        let end = i128::from(start) + i128::from(step) * i128::from(length);
        i64::try_from(end).ok().map(|_| (start, step, length))
    }
    /// Item `index` from the start, which exists.
    fn item(&self, index: &BigInt) -> PyResult<Obj> {
        Ok(big_obj(to_bigint(&self.start)? + to_bigint(&self.step)? * index))
    }
    /// The index of an integer in the range.
    fn position(&self, value: &Obj) -> PyResult<Option<BigInt>> {
        if let (Some((start, step, length)), Some(value)) = (self.words(), word(value)) {
            let distance = i128::from(value) - i128::from(start);
            let step = i128::from(step);
            let index = distance / step;
            let found = distance % step == 0 && index >= 0 && index < i128::from(length);
            return Ok(if found { Some(BigInt::from(index)) } else { None });
        }
        let (value, start, step) = (to_bigint(value)?, to_bigint(&self.start)?, to_bigint(&self.step)?);
        let distance = value - start;
        let (index, rest) = (&distance / &step, &distance % &step);
        let found = rest.is_zero() && !index.is_negative() && index < to_bigint(&self.length)?;
        Ok(if found { Some(index) } else { None })
    }
    fn iterate(&self) -> Obj {
        match self.words() {
            Some((start, step, length)) => word_iter(start, step, length),
            None => long_iter(self.start.clone(), self.step.clone(), self.length.clone()),
        }
    }
}

fn word_iter(start: i64, step: i64, length: i64) -> Obj {
    let header = Header::new(types().range_iterator.root_shape());
    Py::new(PyRangeIter { header, start, step, length, index: AtomicI64::new(0) }).into_obj()
}

fn long_iter(start: Obj, step: Obj, length: Obj) -> Obj {
    let header = Header::new(types().longrange_iterator.root_shape());
    Py::new(PyLongRangeIter { header, start, step, length, index: Slot::new(int_obj(0)) }).into_obj()
}

fn this(obj: &Obj) -> PyResult<&PyRange> {
    obj.downcast::<PyRange>().ok_or_else(|| type_error("a range is required"))
}

/// `__index__` of an argument as an exact `int`.
fn integer(obj: &Obj) -> PyResult<Obj> {
    if obj.value().is_int() {
        return Ok(obj.clone());
    }
    Ok(big_obj(to_bigint(&protocol::index(obj)?)?))
}

/// Start, stop and step of `range(*arguments)`, if that many can be given.
fn bounds(arguments: &[Obj]) -> Option<[Obj; 3]> {
    Some(match arguments {
        [stop] => [int_obj(0), stop.clone(), int_obj(1)],
        [start, stop] => [start.clone(), stop.clone(), int_obj(1)],
        [start, stop, step] => [start.clone(), stop.clone(), step.clone()],
        _ => return None,
    })
}

fn new(_class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    if args.has_keywords() {
        return Err(type_error("range() takes no keyword arguments"));
    }
    let Some([start, stop, step]) = bounds(args.positional) else {
        return Err(type_error(match args.positional.len() {
            0 => "range expected at least 1 argument, got 0".to_owned(),
            more => format!("range expected at most 3 arguments, got {more}"),
        }));
    };
    let range = PyRange::new(integer(&start)?, integer(&stop)?, integer(&step)?)?;
    Ok(range.into_obj())
}

fn repr(obj: &Obj) -> PyResult<Obj> {
    let range = this(obj)?;
    let (start, stop) = (protocol::repr_string(&range.start)?, protocol::repr_string(&range.stop)?);
    Ok(str_obj(&if word(&range.step) == Some(1) {
        format!("range({start}, {stop})")
    } else {
        format!("range({start}, {stop}, {})", protocol::repr_string(&range.step)?)
    }))
}

fn hash(obj: &Obj) -> PyResult<i64> {
    let range = this(obj)?;
    let (start, step) = match word(&range.length) {
        Some(0) => (none(), none()),
        Some(1) => (range.start.clone(), none()),
        _ => (range.start.clone(), range.step.clone()),
    };
    protocol::hash(PyTuple::from_array([range.length.clone(), start, step]).as_obj())
}

fn compare(a: &Obj, b: &Obj, op: CompareOp) -> PyResult<Obj> {
    let (Some(x), Some(y)) = (a.downcast::<PyRange>(), b.downcast::<PyRange>()) else {
        return Ok(not_implemented());
    };
    if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
        return Ok(not_implemented());
    }
    let equal = protocol::eq(&x.length, &y.length)?
        && match word(&x.length) {
            Some(0) => true,
            Some(1) => protocol::eq(&x.start, &y.start)?,
            _ => protocol::eq(&x.start, &y.start)? && protocol::eq(&x.step, &y.step)?,
        };
    Ok(bool_obj(equal == (op == CompareOp::Eq)))
}

fn iter(obj: &Obj) -> PyResult<Obj> {
    Ok(this(obj)?.iterate())
}

fn len(obj: &Obj) -> PyResult<usize> {
    match word(&this(obj)?.length) {
        Some(length) => Ok(length as usize),
        None => Err(overflow_error("Python int too large to convert to C ssize_t")),
    }
}

fn truth(obj: &Obj) -> PyResult<bool> {
    Ok(word(&this(obj)?.length) != Some(0))
}

/// `range[slice]` of machine words.
fn quick_part(range: &PyRange, slice: &PySlice) -> Option<Obj> {
    let (start, step, length) = range.words()?;
    let plain = |part: &Obj| part.value().is_int() || is_none(part);
    if ![&slice.start, &slice.stop, &slice.step].into_iter().all(plain)
        || slice.step.value().same(int_obj(0).value())
    {
        return None;
    }
    let (from, to, by) = slice.unpack().ok()?;
    let (from, to, by, _) = adjust(from, to, by, usize::try_from(length).ok()?);
    let at = |index: isize| start.checked_add(step.checked_mul(index as i64)?).map(int_obj);
    let step = int_obj(step.checked_mul(by as i64)?);
    Some(PyRange::new(at(from)?, at(to)?, step).ok()?.into_obj())
}

fn getitem(obj: &Obj, key: &Obj) -> PyResult<Obj> {
    let range = this(obj)?;
    if let Some(slice) = key.downcast::<PySlice>() {
        if let Some(part) = quick_part(range, slice) {
            return Ok(part);
        }
        let (start, stop, step) = big_indices(slice, &to_bigint(&range.length)?)?;
        let (first, last) = (range.item(&start)?, range.item(&stop)?);
        let step = big_obj(to_bigint(&range.step)? * step);
        return Ok(PyRange::new(first, last, step)?.into_obj());
    }
    if let (Some((start, step, length)), true) = (range.words(), key.value().is_int()) {
        let index = key.value().as_int();
        let index = if index < 0 { index + length } else { index };
        if index < 0 || index >= length {
            return Err(index_error("range object index out of range"));
        }
        return Ok(int_obj(start + step * index));
    }
    if !protocol::has_index(key) && int_ref(key).is_none() {
        return Err(type_error(format!(
            "range indices must be integers or slices, not {}",
            class_of(key).name()
        )));
    }
    let mut index = to_bigint(&protocol::index(key)?)?;
    let length = to_bigint(&range.length)?;
    if index.is_negative() {
        index += &length;
    }
    if index.is_negative() || index >= length {
        return Err(index_error("range object index out of range"));
    }
    range.item(&index)
}

/// Whether the object is exactly an `int` or `bool`, for which `==` needs no asking.
fn is_plain_int(obj: &Obj) -> bool {
    protocol::is_exact_int(obj) || class_of(obj).is(&types().bool_)
}

fn contains(obj: &Obj, value: &Obj) -> PyResult<bool> {
    if is_plain_int(value) {
        return Ok(this(obj)?.position(value)?.is_some());
    }
    protocol::iter_contains(obj, value)
}

fn iter_next(obj: &Obj) -> PyResult<Option<Obj>> {
    let Some(iterator) = obj.downcast::<PyRangeIter>() else {
        return Err(type_error("a range iterator is required"));
    };
    Ok(iterator.step_word().map(int_obj))
}

impl PyRangeIter {
    /// The number that [`PyRangeIter::step_word`] would give.
    #[inline(always)]
    pub fn peek_word(&self) -> Option<i64> {
        let index = self.index.load(Ordering::Relaxed);
        (index < self.length).then(|| self.start + self.step * index)
    }
    /// Goes past the number that [`PyRangeIter::peek_word`] gave.
    #[inline(always)]
    pub fn skip_word(&self) {
        self.index.store(self.index.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }
    /// The next number.
    #[inline(always)]
    pub fn step_word(&self) -> Option<i64> {
        let index = self.index.load(Ordering::Relaxed);
        if index >= self.length {
            return None;
        }
        self.index.store(index + 1, Ordering::Relaxed);
        Some(self.start + self.step * index)
    }
}

fn long_next(obj: &Obj) -> PyResult<Option<Obj>> {
    let Some(iterator) = obj.downcast::<PyLongRangeIter>() else {
        return Err(type_error("a range iterator is required"));
    };
    let index = to_bigint(&iterator.index.load().unwrap_or_else(|| int_obj(0)))?;
    if index >= to_bigint(&iterator.length)? {
        return Ok(None);
    }
    let item = to_bigint(&iterator.start)? + to_bigint(&iterator.step)? * &index;
    iterator.index.store(big_obj(index + 1));
    Ok(Some(big_obj(item)))
}

/// `(iter, (range(start, stop, step),), state)` with the items before `index` gone.
fn reduce_iter(start: BigInt, step: BigInt, length: &BigInt) -> PyResult<Py<PyTuple>> {
    let stop = &start + &step * length;
    let range = PyRange::new(big_obj(start), big_obj(stop), big_obj(step))?;
    let arguments = PyTuple::from_array([range.into_obj()]);
    Ok(PyTuple::from_array([hooks::builtin("iter")?, arguments.into_obj(), none()]))
}

#[pymethods(class = "range_iterator")]
impl PyRangeIter {
    /// Private method returning an estimate of len(list(it)).
    #[pymethod]
    fn __length_hint__(&self) -> i64 {
        self.length - self.index.load(Ordering::Relaxed).min(self.length)
    }
    /// Return state information for pickling.
    #[pymethod]
    fn __reduce__(&self) -> PyResult<Py<PyTuple>> {
        let index = self.index.load(Ordering::Relaxed).min(self.length);
        let start = BigInt::from(self.start) + BigInt::from(self.step) * index;
        reduce_iter(start, BigInt::from(self.step), &BigInt::from(self.length - index))
    }
    /// Set state information for unpickling.
    #[pymethod]
    fn __setstate__(&self, object: i64) {
        self.index.store(object.clamp(0, self.length), Ordering::Relaxed);
    }
}

#[pymethods(class = "longrange_iterator")]
impl PyLongRangeIter {
    fn position(&self) -> PyResult<BigInt> {
        to_bigint(&self.index.load().unwrap_or_else(|| int_obj(0)))
    }
    /// Private method returning an estimate of len(list(it)).
    #[pymethod]
    fn __length_hint__(&self) -> PyResult<Obj> {
        Ok(big_obj(to_bigint(&self.length)? - self.position()?))
    }
    /// Return state information for pickling.
    #[pymethod]
    fn __reduce__(&self) -> PyResult<Py<PyTuple>> {
        let (index, step) = (self.position()?, to_bigint(&self.step)?);
        let start = to_bigint(&self.start)? + &step * &index;
        reduce_iter(start, step, &(to_bigint(&self.length)? - index))
    }
    /// Set state information for unpickling.
    #[pymethod]
    fn __setstate__(&self, object: &Obj) -> PyResult<()> {
        let index = to_bigint(object)?.max(BigInt::zero()).min(to_bigint(&self.length)?);
        self.index.store(big_obj(index));
        Ok(())
    }
}

#[pymethods(class = "range")]
impl PyRange {
    /// Return a reverse iterator.
    #[pymethod]
    fn __reversed__(&self) -> PyResult<Obj> {
        if let Some((start, step, length)) = self.words()
            && let Some(back) = step.checked_neg()
            && let (Some(last), Some(_)) =
                (step.checked_mul(length - 1).and_then(|d| start.checked_add(d)), start.checked_sub(step))
        {
            return Ok(word_iter(last, back, length));
        }
        let (start, step, length) =
            (to_bigint(&self.start)?, to_bigint(&self.step)?, to_bigint(&self.length)?);
        let last = start + &step * (&length - 1);
        Ok(long_iter(big_obj(last), big_obj(-step), self.length.clone()))
    }
    #[pymethod]
    fn __reduce__(&self) -> (Obj, Py<PyTuple>) {
        let parts = PyTuple::from_array([self.start.clone(), self.stop.clone(), self.step.clone()]);
        (types().range.as_obj().clone(), parts)
    }
    /// rangeobject.count(value) -> integer -- return number of occurrences of value
    #[pymethod]
    fn count(&self, object: &Obj) -> PyResult<usize> {
        if is_plain_int(object) {
            return Ok(usize::from(self.position(object)?.is_some()));
        }
        let iterator = self.iterate();
        let mut count = 0;
        while let Some(item) = protocol::next(&iterator)? {
            count += usize::from(protocol::eq(&item, object)?);
        }
        Ok(count)
    }
    /// rangeobject.index(value) -> integer -- return index of value.
    /// Raise ValueError if the value is not present.
    #[pymethod]
    fn index(&self, object: &Obj) -> PyResult<Obj> {
        if is_plain_int(object) {
            return match self.position(object)? {
                Some(index) => Ok(big_obj(index)),
                None => Err(value_error("range.index(x): x not in range")),
            };
        }
        let iterator = self.iterate();
        let mut index = 0;
        while let Some(item) = protocol::next(&iterator)? {
            if protocol::eq(&item, object)? {
                return Ok(int_obj(index));
            }
            index += 1;
        }
        Err(value_error("sequence.index(x): x not in sequence"))
    }
    #[pygetset]
    fn start(&self) -> Obj {
        self.start.clone()
    }
    #[pygetset]
    fn stop(&self) -> Obj {
        self.stop.clone()
    }
    #[pygetset]
    fn step(&self) -> Obj {
        self.step.clone()
    }
}
