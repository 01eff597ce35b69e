//! `islice`, `pairwise` and `batched`.

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::protocol;
use taipan_objects::singletons::is_none;
use taipan_objects::type_object::new_instance;
use taipan_threading::sync::atomic::{AtomicUsize, Ordering};

use super::{iterator_class, no_keywords_in};
use crate::counted;
use crate::native_class::{check_count, class_argument, receiver};

/// `islice`.
#[repr(C)]
pub struct PyIslice {
    header: Header,
    /// Empty at the end.
    iterator: Slot,
    next: AtomicUsize,
    /// `usize::MAX`: none.
    stop: usize,
    step: usize,
    taken: AtomicUsize,
}
layout!(PyIslice, "itertools.islice", [iterator]);

iterator_class!(
    islice_class,
    "itertools.islice",
    PyIslice,
    new_islice,
    islice_next,
    "Some of the items of an iterable: up to stop, or from start to stop by step."
);

/// An index that is not negative; `None` for Python's `None`.
fn bound(obj: &Obj) -> PyResult<Option<Option<usize>>> {
    if is_none(obj) {
        return Ok(Some(None));
    }
    match protocol::index_word(obj) {
        Ok(index) => Ok(usize::try_from(index).ok().map(Some)),
        Err(Raised) => {
            drop(take_raised());
            Ok(None)
        }
    }
}

fn new_islice(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    let class = class_argument::<PyIslice>(class)?;
    no_keywords_in(islice_class(), "islice", class, args)?;
    check_count("islice", args, 2, 4)?;
    let p = args.positional;
    let (start, stop) = if p.len() == 2 { (None, &p[1]) } else { (Some(&p[1]), &p[2]) };
    let Some(stop) = bound(stop)? else {
        return Err(value_error(if p.len() == 2 {
            "Stop argument for islice() must be None or an integer: 0 <= x <= sys.maxsize."
        } else {
            "Stop argument for islice() must be None or an integer: 0 <= x <= sys.maxsize."
        }));
    };
    let start = match start.map(bound).transpose()? {
        Some(None) => {
            return Err(value_error(
                "Indices for islice() must be None or an integer: 0 <= x <= sys.maxsize.",
            ));
        }
        Some(Some(start)) => start.unwrap_or(0),
        None => 0,
    };
    let step = match p.get(3).map(bound).transpose()? {
        Some(None | Some(Some(0))) => {
            return Err(value_error("Step for islice() must be a positive integer or None."));
        }
        Some(Some(step)) => step.unwrap_or(1),
        None => 1,
    };
    let iterator = counted::iter(&p[0])?;
    Ok(new_instance(class, |header| PyIslice {
        header,
        iterator: Slot::new(iterator),
        next: AtomicUsize::new(start),
        stop: stop.unwrap_or(usize::MAX),
        step,
        taken: AtomicUsize::new(0),
    })
    .into_obj())
}

impl PyIslice {
    /// Counts an item that was taken.
    #[inline]
    fn count_taken(&self) {
        if taipan_threading::multi_threaded() {
            self.taken.fetch_add(1, Ordering::Relaxed);
        } else {
            self.taken.store(self.taken.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        }
    }
}

/// Takes items that are not wanted, until `wanted` of them are taken. False at the end.
#[inline(never)]
fn skip(this: &PyIslice, iterator: &Obj, wanted: usize) -> PyResult<bool> {
    while this.taken.load(Ordering::Relaxed) < wanted {
        let item = protocol::next_within(iterator);
        let Ok(Some(_)) = &item else {
            drop(this.iterator.take());
            return item.map(|_| false);
        };
        this.count_taken();
    }
    Ok(true)
}

fn islice_next(obj: &Obj) -> PyResult<Option<Obj>> {
    let this = receiver::<PyIslice>(obj)?;
    let Some(iterator) = this.iterator.load_here() else { return Ok(None) };
    let next = this.next.load(Ordering::Relaxed);
    let wanted = next.min(this.stop);
    if this.taken.load(Ordering::Relaxed) < wanted && !skip(this, &iterator, wanted)? {
        return Ok(None);
    }
    if this.taken.load(Ordering::Relaxed) >= this.stop {
        drop(this.iterator.take());
        return Ok(None);
    }
    let item = protocol::next_within(&iterator);
    let Ok(Some(_)) = &item else {
        drop(this.iterator.take());
        return item;
    };
    this.count_taken();
    this.next.store(next.saturating_add(this.step).min(this.stop), Ordering::Relaxed);
    item
}

/// `pairwise`.
#[repr(C)]
pub struct PyPairwise {
    header: Header,
    /// Empty at the end.
    iterator: Slot,
    last: Slot,
}
layout!(PyPairwise, "itertools.pairwise", [iterator, last]);

iterator_class!(
    pairwise_class,
    "itertools.pairwise" "(iterable, /)",
    PyPairwise,
    new_pairwise,
    pairwise_next,
    "Overlapping pairs of neighbours."
);

fn new_pairwise(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    let class = class_argument::<PyPairwise>(class)?;
    no_keywords_in(pairwise_class(), "pairwise", class, args)?;
    check_count("pairwise", args, 1, 1)?;
    let iterator = counted::iter(&args.positional[0])?;
    Ok(new_instance(class, |header| PyPairwise {
        header,
        iterator: Slot::new(iterator),
        last: Slot::empty(),
    })
    .into_obj())
}

fn pairwise_next(obj: &Obj) -> PyResult<Option<Obj>> {
    let this = receiver::<PyPairwise>(obj)?;
    let Some(iterator) = this.iterator.load() else { return Ok(None) };
    let old = match this.last.load() {
        Some(old) => Some(old),
        None => {
            let first = counted::next(&iterator)?;
            if let Some(first) = &first {
                drop(this.last.replace(Some(first.clone())));
            }
            // The step may have used this object up.
            if this.iterator.is_empty() {
                drop(this.last.take());
                return Ok(None);
            }
            first
        }
    };
    let new = match &old {
        Some(_) => counted::next(&iterator)?,
        None => None,
    };
    match (old, new) {
        (Some(old), Some(new)) => {
            drop(this.last.replace(Some(new.clone())));
            Ok(Some(tuple_obj(vec![old, new])))
        }
        _ => {
            drop(this.iterator.take());
            drop(this.last.take());
            Ok(None)
        }
    }
}

/// `batched`.
#[repr(C)]
pub struct PyBatched {
    header: Header,
    /// Empty at the end.
    iterator: Slot,
    size: usize,
    strict: bool,
}
layout!(PyBatched, "itertools.batched", [iterator]);

iterator_class!(
    batched_class,
    "itertools.batched" "(iterable, n, *, strict=False)",
    PyBatched,
    construct_batched,
    batched_next,
    "Tuples of n items each; the last one may be shorter unless strict.\n\n    >>> list(batched('ABCDE', 2))\n    [('A', 'B'), ('C', 'D'), ('E',)]\n"
);

fn construct_batched(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    new_batched(class, args)
}

#[pyargs(name = "batched", sig = "(iterable, n, *, strict=False)")]
fn new_batched(class: &Obj, iterable: &Obj, n: isize, strict: bool) -> PyResult<Obj> {
    let class = class_argument::<PyBatched>(class)?;
    if n < 1 {
        return Err(value_error("n must be at least one"));
    }
    let iterator = counted::iter(iterable)?;
    Ok(new_instance(class, |header| PyBatched {
        header,
        iterator: Slot::new(iterator),
        size: n.unsigned_abs(),
        strict,
    })
    .into_obj())
}

fn batched_next(obj: &Obj) -> PyResult<Option<Obj>> {
    let this = receiver::<PyBatched>(obj)?;
    let Some(iterator) = this.iterator.load() else { return Ok(None) };
    let mut items = Vec::with_capacity(this.size.min(1024));
    while items.len() < this.size {
        match counted::next(&iterator) {
            Ok(Some(item)) => items.push(item),
            Ok(None) => break,
            Err(raised) => {
                drop(this.iterator.take());
                return Err(raised);
            }
        }
    }
    if items.len() < this.size {
        drop(this.iterator.take());
        if items.is_empty() {
            return Ok(None);
        }
        if this.strict {
            return Err(value_error("batched(): incomplete batch"));
        }
    }
    Ok(Some(tuple_obj(items)))
}
