//! `chain`, `zip_longest` and `accumulate`.

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::short_mutex::ShortMutex;
use taipan_objects::singletons::is_none;
use taipan_objects::type_object::new_instance;
use taipan_objects::{generic_alias, protocol};
use taipan_threading::sync::atomic::{AtomicBool, Ordering};

use super::{iterator_class, no_keywords_in};
use crate::counted;
use crate::native_class::{class_argument, receiver};

/// `chain`.
#[repr(C)]
pub struct PyChain {
    header: Header,
    /// The iterator over the iterables; empty at the end.
    source: Slot,
    active: Slot,
}
layout!(PyChain, "itertools.chain", [source, active]);

iterator_class!(
    chain_class, "itertools.chain" "(*iterables)", PyChain, new_chain, chain_next,
    "The items of one iterable after the other.";
    methods PyChain::methods()
);

fn make_chain(class: &PyType, source: Obj) -> Obj {
    new_instance(class, |header| PyChain { header, source: Slot::new(source), active: Slot::empty() })
        .into_obj()
}

fn new_chain(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    let class = class_argument::<PyChain>(class)?;
    no_keywords_in(chain_class(), "chain", class, args)?;
    Ok(make_chain(class, counted::iter(&tuple_obj(args.positional.to_vec()))?))
}

fn chain_next(obj: &Obj) -> PyResult<Option<Obj>> {
    let this = receiver::<PyChain>(obj)?;
    loop {
        if let Some(active) = this.active.load() {
            if let Some(item) = protocol::next_within(&active)? {
                return Ok(Some(item));
            }
            // Another thread may have gone on to the next one already.
            if this.active.peek().same(active.value()) {
                drop(this.active.take());
            }
            continue;
        }
        let Some(source) = this.source.load() else { return Ok(None) };
        let next =
            counted::next(&source).and_then(|next| next.map(|iterable| counted::iter(&iterable)).transpose());
        match next {
            Ok(Some(iterator)) => drop(this.active.replace(Some(iterator))),
            Ok(None) => {
                drop(this.source.take());
                return Ok(None);
            }
            Err(raised) => {
                drop(this.source.take());
                return Err(raised);
            }
        }
    }
}

#[pymethods(class = "itertools.chain")]
impl PyChain {
    /// chain(*iterable), the iterables being asked for one by one.
    #[pyclassmethod(sig = "(iterable, /)")]
    fn from_iterable(cls: &Obj, iterable: &Obj) -> PyResult<Obj> {
        Ok(make_chain(class_argument::<PyChain>(cls)?, counted::iter(iterable)?))
    }
    /// See PEP 585
    #[pyclassmethod]
    fn __class_getitem__(cls: &Obj, object: &Obj) -> Obj {
        generic_alias::new(cls, object)
    }
}

/// `zip_longest`.
#[repr(C)]
pub struct PyZipLongest {
    header: Header,
    /// `None`: ended.
    iterators: ShortMutex<Vec<Option<Obj>>>,
    fill: Obj,
}
layout!(PyZipLongest, "itertools.zip_longest", [iterators, fill]);

iterator_class!(
    zip_longest_class,
    "itertools.zip_longest" "(*iterables, fillvalue=None)",
    PyZipLongest,
    new_zip_longest,
    zip_longest_next,
    "Tuples of the items of several iterables; fillvalue stands in for those of the shorter ones."
);

fn new_zip_longest(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    let class = class_argument::<PyZipLongest>(class)?;
    let mut fill = none();
    for (name, value) in args.keywords() {
        if !name.downcast::<PyStr>().is_some_and(|n| n.eq_str("fillvalue")) {
            return Err(type_error(format!(
                "zip_longest() got an unexpected keyword argument '{}'",
                protocol::str_string(name)?
            )));
        }
        fill = value.clone();
    }
    let iterators =
        args.positional.iter().map(|a| counted::iter(a).map(Some)).collect::<PyResult<Vec<_>>>()?;
    Ok(new_instance(class, |header| PyZipLongest { header, iterators: ShortMutex::new(iterators), fill })
        .into_obj())
}

fn zip_longest_next(obj: &Obj) -> PyResult<Option<Obj>> {
    let this = receiver::<PyZipLongest>(obj)?;
    let len = this.iterators.lock().len();
    let mut items = Vec::with_capacity(len);
    // Whatever other threads find at the same time, a row has an item that came.
    let mut is_row = false;
    for index in 0..len {
        // One by one, as another thread may have come to the end of one.
        let iterator = this.iterators.lock().get(index).cloned().flatten();
        let Some(iterator) = iterator else {
            items.push(this.fill.clone());
            continue;
        };
        match counted::next(&iterator) {
            Ok(Some(item)) => {
                is_row = true;
                items.push(item);
            }
            Ok(None) => {
                let ended = this.iterators.lock().get_mut(index).and_then(Option::take);
                drop(ended);
                items.push(this.fill.clone());
            }
            Err(raised) => {
                let all = std::mem::take(&mut *this.iterators.lock());
                drop(all);
                return Err(raised);
            }
        }
    }
    Ok(is_row.then(|| tuple_obj(items)))
}

/// `accumulate`.
#[repr(C)]
pub struct PyAccumulate {
    header: Header,
    iterator: Obj,
    function: Option<Obj>,
    total: Slot,
    /// The initial value is still to come.
    initial: AtomicBool,
}
layout!(PyAccumulate, "itertools.accumulate", [iterator, function, total]);

iterator_class!(
    accumulate_class,
    "itertools.accumulate" "(iterable, func=None, *, initial=None)",
    PyAccumulate,
    construct_accumulate,
    accumulate_next,
    "The sums (or other results of func) of the items so far."
);

fn construct_accumulate(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    new_accumulate(class, args)
}

#[pyargs(name = "accumulate", sig = "(iterable, func=None, *, initial=None)")]
fn new_accumulate(class: &Obj, iterable: &Obj, func: Option<&Obj>, initial: Option<&Obj>) -> PyResult<Obj> {
    let class = class_argument::<PyAccumulate>(class)?;
    let iterator = counted::iter(iterable)?;
    let function = func.filter(|f| !is_none(f)).cloned();
    let initial = initial.filter(|i| !is_none(i)).cloned();
    let pending = AtomicBool::new(initial.is_some());
    Ok(new_instance(class, |header| PyAccumulate {
        header,
        iterator,
        function,
        total: Slot::from_option(initial),
        initial: pending,
    })
    .into_obj())
}

fn accumulate_next(obj: &Obj) -> PyResult<Option<Obj>> {
    let this = receiver::<PyAccumulate>(obj)?;
    if this.initial.swap(false, Ordering::Relaxed) {
        return Ok(this.total.load());
    }
    let Some(item) = counted::next(&this.iterator)? else { return Ok(None) };
    let new = match this.total.load() {
        None => item,
        Some(total) => match &this.function {
            Some(function) => counted::call(function, &[total, item])?,
            None => counted::binary_op(&total, &item, BinaryOp::Add)?,
        },
    };
    drop(this.total.replace(Some(new.clone())));
    Ok(Some(new))
}
