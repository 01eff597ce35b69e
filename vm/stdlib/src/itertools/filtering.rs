//! `compress`, `dropwhile`, `takewhile`, `filterfalse`, `starmap`: an iterator and a function or a second iterator, with one flag.

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::protocol;
use taipan_objects::singletons::is_none;
use taipan_objects::tuple::exact_tuple;
use taipan_objects::type_object::new_instance;
use taipan_threading::sync::atomic::{AtomicBool, Ordering};

use super::{iterator_class, no_keywords_in};
use crate::counted;
use crate::native_class::{check_count, class_argument, receiver};

/// All of them.
#[repr(C)]
pub struct PyFiltering {
    header: Header,
    /// The function, or the selectors' iterator.
    function: Obj,
    iterator: Obj,
    /// `dropwhile`: the rest passes; `takewhile`: at the end.
    flag: AtomicBool,
}
layout!(PyFiltering, "itertools", [function, iterator]);

iterator_class!(
    dropwhile_class,
    "itertools.dropwhile" "(predicate, iterable, /)",
    PyFiltering,
    |class, args| new(dropwhile_class(), "dropwhile", class, args),
    dropwhile_next,
    "The items from the first one on for which the predicate is false."
);
iterator_class!(
    takewhile_class,
    "itertools.takewhile" "(predicate, iterable, /)",
    PyFiltering,
    |class, args| new(takewhile_class(), "takewhile", class, args),
    takewhile_next,
    "The items before the first one for which the predicate is false."
);
iterator_class!(
    filterfalse_class,
    "itertools.filterfalse" "(function, iterable, /)",
    PyFiltering,
    |class, args| new(filterfalse_class(), "filterfalse", class, args),
    filterfalse_next,
    "The items for which the function is false (the false items if it is None)."
);
iterator_class!(
    starmap_class,
    "itertools.starmap" "(function, iterable, /)",
    PyFiltering,
    |class, args| new(starmap_class(), "starmap", class, args),
    starmap_next,
    "The results of a function called with the items of each item as arguments."
);
iterator_class!(
    compress_class,
    "itertools.compress" "(data, selectors)",
    PyFiltering,
    construct_compress,
    compress_next,
    "The items of data whose selectors are true."
);

fn make(class: &PyType, function: Obj, iterator: Obj) -> Obj {
    new_instance(class, |header| PyFiltering { header, function, iterator, flag: AtomicBool::new(false) })
        .into_obj()
}

fn new(own: &Py<PyType>, name: &str, class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    let class = class_argument::<PyFiltering>(class)?;
    no_keywords_in(own, name, class, args)?;
    check_count(name, args, 2, 2)?;
    Ok(make(class, args.positional[0].clone(), counted::iter(&args.positional[1])?))
}

fn construct_compress(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    new_compress(class, args)
}

#[pyargs(name = "compress", sig = "(data, selectors)")]
fn new_compress(class: &Obj, data: &Obj, selectors: &Obj) -> PyResult<Obj> {
    let class = class_argument::<PyFiltering>(class)?;
    let data = counted::iter(data)?;
    Ok(make(class, counted::iter(selectors)?, data))
}

fn compress_next(obj: &Obj) -> PyResult<Option<Obj>> {
    let this = receiver::<PyFiltering>(obj)?;
    loop {
        let Some(item) = counted::next(&this.iterator)? else { return Ok(None) };
        let Some(selector) = counted::next(&this.function)? else { return Ok(None) };
        if protocol::is_true(&selector)? {
            return Ok(Some(item));
        }
    }
}

fn dropwhile_next(obj: &Obj) -> PyResult<Option<Obj>> {
    let this = receiver::<PyFiltering>(obj)?;
    if this.flag.load(Ordering::Relaxed) {
        return protocol::next_within(&this.iterator);
    }
    while let Some(item) = counted::next(&this.iterator)? {
        let drop = counted::call1(&this.function, &item)?;
        if !protocol::is_true(&drop)? {
            this.flag.store(true, Ordering::Relaxed);
            return Ok(Some(item));
        }
    }
    Ok(None)
}

fn takewhile_next(obj: &Obj) -> PyResult<Option<Obj>> {
    let this = receiver::<PyFiltering>(obj)?;
    if this.flag.load(Ordering::Relaxed) {
        return Ok(None);
    }
    let Some(item) = counted::next(&this.iterator)? else { return Ok(None) };
    let take = counted::call1(&this.function, &item)?;
    if protocol::is_true(&take)? {
        return Ok(Some(item));
    }
    this.flag.store(true, Ordering::Relaxed);
    Ok(None)
}

fn filterfalse_next(obj: &Obj) -> PyResult<Option<Obj>> {
    let this = receiver::<PyFiltering>(obj)?;
    let direct = is_none(&this.function) || this.function.is(types().bool_.as_obj());
    while let Some(item) = counted::next(&this.iterator)? {
        let hit = if direct {
            protocol::is_true(&item)?
        } else {
            protocol::is_true(&counted::call1(&this.function, &item)?)?
        };
        if !hit {
            return Ok(Some(item));
        }
    }
    Ok(None)
}

fn starmap_next(obj: &Obj) -> PyResult<Option<Obj>> {
    let this = receiver::<PyFiltering>(obj)?;
    let Some(item) = counted::next(&this.iterator)? else { return Ok(None) };
    match exact_tuple(&item) {
        Some(tuple) => protocol::call(&this.function, tuple.as_slice()).map(Some),
        None => protocol::call(&this.function, &protocol::collect(&item)?).map(Some),
    }
}
