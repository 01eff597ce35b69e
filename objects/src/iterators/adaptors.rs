//! `enumerate`, `map`, `filter` and `zip`.

use num_bigint::BigInt;
use taipan_gc::{Header, Obj, Py, Slot};
use taipan_threading::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use super::itself;
use crate::argument::Args;
use crate::construct::{bool_obj, int_obj};
use crate::error::*;
use crate::generic_alias;
use crate::layout;
use crate::native::*;
use crate::protocol::{self, IntoStrong};
use crate::singletons::is_none;
use crate::slice::{big_obj, to_bigint};
use crate::tuple::PyTuple;
use crate::type_object::{PyType, TypeSlots, class_of, new_instance, ready};
use crate::types::{Types, types};

/// `enumerate`. The number is in `index` until it leaves the machine word, then in `big`.
#[repr(C)]
pub struct PyEnumerate {
    header: Header,
    iterator: Obj,
    index: AtomicI64,
    big: Slot,
}
layout!(PyEnumerate, "enumerate", [iterator, big]);

/// `map`.
#[repr(C)]
pub struct PyMap {
    header: Header,
    function: Obj,
    iterators: Vec<Obj>,
    strict: AtomicBool,
}
layout!(PyMap, "map", [function, iterators]);

/// `filter`.
#[repr(C)]
pub struct PyFilter {
    header: Header,
    function: Obj,
    iterator: Obj,
}
layout!(PyFilter, "filter", [function, iterator]);

/// `zip`.
#[repr(C)]
pub struct PyZip {
    header: Header,
    iterators: Vec<Obj>,
    strict: AtomicBool,
}
layout!(PyZip, "zip", [iterators]);

pub(super) fn fill(types: &Types) {
    types.enumerate.slots.set_all(&TypeSlots {
        new: Some(enumerate_new),
        iter: Some(itself),
        iternext: Some(enumerate_next),
        ..TypeSlots::EMPTY
    });
    ready::add_methods(&types.enumerate, PyEnumerate::methods());
    ready::set_doc(
        &types.enumerate,
        "Return an enumerate object.\n\n  iterable\n    an object supporting iteration\n\nThe enumerate object yields pairs containing a count (from start, which\ndefaults to zero) and a value yielded by the iterable argument.\n\nenumerate is useful for obtaining an indexed list:\n    (0, seq[0]), (1, seq[1]), (2, seq[2]), ...",
    );
    types.map.slots.set_all(&TypeSlots {
        new: Some(map_new),
        iter: Some(itself),
        iternext: Some(map_next),
        ..TypeSlots::EMPTY
    });
    ready::add_methods(&types.map, PyMap::methods());
    ready::set_doc(
        &types.map,
        "Make an iterator that computes the function using arguments from\neach of the iterables.  Stops when the shortest iterable is exhausted.\n\nIf strict is true and one of the arguments is exhausted before the\nothers, raise a ValueError.",
    );
    types.filter.slots.set_all(&TypeSlots {
        new: Some(filter_new),
        iter: Some(itself),
        iternext: Some(filter_next),
        ..TypeSlots::EMPTY
    });
    ready::add_methods(&types.filter, PyFilter::methods());
    ready::set_doc(
        &types.filter,
        "Return an iterator yielding those items of iterable for which\nfunction(item) is true.  If function is None, return the items that\nare true.",
    );
    types.zip.slots.set_all(&TypeSlots {
        new: Some(zip_new),
        iter: Some(itself),
        iternext: Some(zip_next),
        ..TypeSlots::EMPTY
    });
    ready::add_methods(&types.zip, PyZip::methods());
    ready::set_doc(
        &types.zip,
        "The zip object yields n-length tuples, where n is the number of\niterables passed as positional arguments to zip().  The i-th element\nin every tuple comes from the i-th iterable argument to zip().  This\ncontinues until the shortest argument is exhausted.\n\nIf strict is true and one of the arguments is exhausted before the\nothers, raise a ValueError.\n\n   >>> list(zip('abcdefg', range(3), range(4)))\n   [('a', 0, 0), ('b', 1, 1), ('c', 2, 2)]",
    );
}

fn class_argument(class: &Obj) -> PyResult<&PyType> {
    class.downcast::<PyType>().ok_or_else(|| type_error("__new__(X): X is not a type object"))
}

/// Reads a method's receiver by its layout.
fn receiver<T: taipan_gc::Object>(obj: &Obj) -> PyResult<&T> {
    obj.downcast::<T>().ok_or_else(|| type_error(format!("a {} is required", T::ops().name)))
}

fn enumerate_new(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    if args.positional.is_empty() && args.keyword("iterable").is_none() {
        return Err(type_error("enumerate() missing required argument 'iterable'"));
    }
    enumerate_from(class, args)
}

#[pyargs(name = "enumerate", sig = "(iterable, start=0)")]
fn enumerate_from(class: &Obj, iterable: &Obj, start: Option<&Obj>) -> PyResult<Obj> {
    let class = class_argument(class)?;
    let start = match start {
        Some(start) => to_bigint(&protocol::index(start)?)?,
        None => BigInt::from(0),
    };
    let iterator = protocol::iter(iterable)?;
    let (index, big) = match i64::try_from(&start) {
        Ok(index) if index < i64::MAX => (index, None),
        _ => (i64::MAX, Some(big_obj(start))),
    };
    Ok(PyEnumerate::make(class, iterator, index, big))
}

impl PyEnumerate {
    fn make(class: &PyType, iterator: Obj, index: i64, big: Option<Obj>) -> Obj {
        new_instance(class, |header| PyEnumerate {
            header,
            iterator,
            index: AtomicI64::new(index),
            big: Slot::from_option(big),
        })
        .into_obj()
    }
    /// `enumerate(iterable)`.
    pub(crate) fn of(iterable: &Obj) -> PyResult<Obj> {
        Ok(Self::make(&types().enumerate, protocol::iter(iterable)?, 0, None))
    }
    /// What the next tuple would consist of, while numbers are machine words; `None` at the end or if they are not.
    pub fn next_pair(&self) -> Option<PyResult<Option<(Obj, Obj)>>> {
        let index = self.index.load(Ordering::Relaxed);
        if index == i64::MAX {
            return None;
        }
        Some(protocol::next_within(&self.iterator).map(|item| {
            let item = item?;
            let index = self.index.load(Ordering::Relaxed);
            self.index.store(index.saturating_add(1), Ordering::Relaxed);
            Some((int_obj(index), item))
        }))
    }
}

impl PyZip {
    /// What the next tuple would consist of, for two iterators that may differ in length.
    pub fn next_pair(&self) -> Option<PyResult<Option<(Obj, Obj)>>> {
        let [first, second] = self.iterators.as_slice() else { return None };
        if self.strict.load(Ordering::Relaxed) {
            return None;
        }
        let pair = || {
            // Strong: what the second iterator does may reach a safepoint.
            let Some(one) = protocol::next_within(first)?.map(IntoStrong::into_strong) else {
                return Ok(None);
            };
            Ok(protocol::next_within(second)?.map(|two| (one, two)))
        };
        Some(pair())
    }
}

fn enumerate_next(obj: &Obj) -> PyResult<Option<Obj>> {
    let this = receiver::<PyEnumerate>(obj)?;
    if let Some(pair) = this.next_pair() {
        return pair.map(tuple_of);
    }
    let Some(item) = protocol::next_within(&this.iterator)? else { return Ok(None) };
    let item = item.into_strong();
    let number = to_bigint(&this.number())?;
    this.big.store(big_obj(&number + 1));
    Ok(tuple_of(Some((big_obj(number), item))))
}

fn tuple_of(pair: Option<(Obj, Obj)>) -> Option<Obj> {
    pair.map(|(one, two)| PyTuple::from_array([one, two]).into_obj())
}

impl PyEnumerate {
    /// The next item's number.
    fn number(&self) -> Obj {
        match self.index.load(Ordering::Relaxed) {
            i64::MAX => self.big.load().unwrap_or_else(|| int_obj(i64::MAX)),
            index => int_obj(index),
        }
    }
}

#[pymethods(class = "enumerate")]
impl PyEnumerate {
    /// Return state information for pickling.
    #[pymethod]
    fn __reduce__(slf: &Obj) -> PyResult<(Obj, Py<PyTuple>)> {
        let this = receiver::<PyEnumerate>(slf)?;
        Ok((class_of(slf).to_obj(), PyTuple::from_array([this.iterator.clone(), this.number()])))
    }
    /// 'enumerate' objects are generic over the type of their values
    #[pyclassmethod]
    fn __class_getitem__(cls: &Obj, object: &Obj) -> PyResult<Obj> {
        Ok(generic_alias::new(cls, object))
    }
}

/// The `strict` keyword, the only one.
fn strict_keyword(args: &Args<'_>, function: &str) -> PyResult<bool> {
    if !args.has_keywords() {
        return Ok(false);
    }
    Kwargs::of(args, &[]).only(function, &["strict"])?;
    match args.keyword("strict") {
        Some(strict) => protocol::is_true(strict),
        None => Ok(false),
    }
}

fn iterators_of(iterables: &[Obj]) -> PyResult<Vec<Obj>> {
    iterables.iter().map(|iterable| protocol::iter(iterable).map(IntoStrong::into_strong)).collect()
}

/// One item of each iterator; `None` at the end of the shortest. With `strict`, `ValueError` if they differ in length.
fn next_of_each(iterators: &[Obj], strict: bool, function: &str) -> PyResult<Option<Vec<Obj>>> {
    let mut items = Vec::with_capacity(iterators.len());
    for iterator in iterators {
        match protocol::next_within(iterator)? {
            Some(item) => items.push(item.into_strong()),
            None if strict => return check_lengths(iterators, items.len(), function).map(|()| None),
            None => return Ok(None),
        }
    }
    Ok(Some(items))
}

/// Iterator number `ended` was the first to end: all of them must.
#[cold]
fn check_lengths(iterators: &[Obj], ended: usize, function: &str) -> PyResult<()> {
    let others = |count: usize| if count == 1 { " ".to_string() } else { "s 1-".to_string() };
    if ended > 0 {
        return Err(value_error(format!(
            "{function}() argument {} is shorter than argument{}{ended}",
            ended + 1,
            others(ended)
        )));
    }
    for (index, iterator) in iterators.iter().enumerate().skip(1) {
        if let Some(item) = protocol::next_within(iterator)? {
            drop(item);
            return Err(value_error(format!(
                "{function}() argument {} is longer than argument{}{index}",
                index + 1,
                others(index)
            )));
        }
    }
    Ok(())
}

fn map_new(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    let class = class_argument(class)?;
    let strict = strict_keyword(args, "map")?;
    let [function, iterables @ ..] = args.positional else {
        return Err(type_error("map() must have at least two arguments."));
    };
    if iterables.is_empty() {
        return Err(type_error("map() must have at least two arguments."));
    }
    let iterators = iterators_of(iterables)?;
    let function = function.clone();
    Ok(new_instance(class, |header| PyMap { header, function, iterators, strict: AtomicBool::new(strict) })
        .into_obj())
}

fn map_next(obj: &Obj) -> PyResult<Option<Obj>> {
    let this = receiver::<PyMap>(obj)?;
    if let [iterator] = this.iterators.as_slice() {
        let Some(item) = protocol::next_within(iterator)? else { return Ok(None) };
        return protocol::call1(&this.function, &item.into_strong()).map(Some);
    }
    match next_of_each(&this.iterators, this.strict.load(Ordering::Relaxed), "map")? {
        Some(items) => protocol::call(&this.function, &items).map(Some),
        None => Ok(None),
    }
}

/// The state of a strict `map` or `zip` is `True`.
fn reduce_strict(class: Obj, arguments: Vec<Obj>, strict: &AtomicBool) -> Py<PyTuple> {
    let arguments = PyTuple::new(arguments).into_obj();
    if strict.load(Ordering::Relaxed) {
        PyTuple::from_array([class, arguments, bool_obj(true)])
    } else {
        PyTuple::from_array([class, arguments])
    }
}

#[pymethods(class = "map")]
impl PyMap {
    /// Return state information for pickling.
    #[pymethod]
    fn __reduce__(slf: &Obj) -> PyResult<Py<PyTuple>> {
        let this = receiver::<PyMap>(slf)?;
        let mut arguments = vec![this.function.clone()];
        arguments.extend_from_slice(&this.iterators);
        Ok(reduce_strict(class_of(slf).to_obj(), arguments, &this.strict))
    }
    /// Set state information for unpickling.
    #[pymethod]
    fn __setstate__(&self, object: bool) {
        self.strict.store(object, Ordering::Relaxed);
    }
}

fn filter_new(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    let class = class_argument(class)?;
    if args.has_keywords() && class.shares_init(&types().filter) {
        return Err(type_error("filter() takes no keyword arguments"));
    }
    let [function, iterable] = args.positional else {
        return Err(type_error(format!("filter expected 2 arguments, got {}", args.positional.len())));
    };
    let iterator = protocol::iter(iterable)?;
    let function = function.clone();
    Ok(new_instance(class, |header| PyFilter { header, function, iterator }).into_obj())
}

fn filter_next(obj: &Obj) -> PyResult<Option<Obj>> {
    let this = receiver::<PyFilter>(obj)?;
    let plain = is_none(&this.function) || this.function.is(types().bool_.as_obj());
    while let Some(item) = protocol::next_within(&this.iterator)? {
        let item = item.into_strong();
        let keep = if plain {
            protocol::is_true(&item)?
        } else {
            protocol::is_true(&protocol::call1(&this.function, &item)?.into_strong())?
        };
        if keep {
            return Ok(Some(item));
        }
    }
    Ok(None)
}

#[pymethods(class = "filter")]
impl PyFilter {
    /// Return state information for pickling.
    #[pymethod]
    fn __reduce__(slf: &Obj) -> PyResult<(Obj, Py<PyTuple>)> {
        let this = receiver::<PyFilter>(slf)?;
        Ok((class_of(slf).to_obj(), PyTuple::from_array([this.function.clone(), this.iterator.clone()])))
    }
}

fn zip_new(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    let class = class_argument(class)?;
    let strict = strict_keyword(args, "zip")?;
    let iterators = iterators_of(args.positional)?;
    Ok(new_instance(class, |header| PyZip { header, iterators, strict: AtomicBool::new(strict) }).into_obj())
}

fn zip_next(obj: &Obj) -> PyResult<Option<Obj>> {
    let this = receiver::<PyZip>(obj)?;
    if let Some(pair) = this.next_pair() {
        return pair.map(tuple_of);
    }
    if this.iterators.is_empty() {
        return Ok(None);
    }
    let items = next_of_each(&this.iterators, this.strict.load(Ordering::Relaxed), "zip")?;
    Ok(items.map(|items| PyTuple::new(items).into_obj()))
}

#[pymethods(class = "zip")]
impl PyZip {
    /// Return state information for pickling.
    #[pymethod]
    fn __reduce__(slf: &Obj) -> PyResult<Py<PyTuple>> {
        let this = receiver::<PyZip>(slf)?;
        Ok(reduce_strict(class_of(slf).to_obj(), this.iterators.clone(), &this.strict))
    }
    /// Set state information for unpickling.
    #[pymethod]
    fn __setstate__(&self, object: bool) {
        self.strict.store(object, Ordering::Relaxed);
    }
}
