//! `groupby` and the iterators over its groups.

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::protocol;
use taipan_objects::singletons::is_none;
use taipan_objects::type_object::new_instance;
use taipan_threading::sync::atomic::{AtomicU64, Ordering};

use super::iterator_class;
use crate::counted;
use crate::native_class::{class_argument, receiver};

/// `groupby`.
#[repr(C)]
pub struct PyGroupBy {
    header: Header,
    iterator: Obj,
    key_function: Option<Obj>,
    /// Key of the group handed out last.
    target_key: Slot,
    current_key: Slot,
    /// Empty: consumed.
    current_value: Slot,
    /// Number of the group handed out last; older groups are at their end.
    group: AtomicU64,
}
layout!(PyGroupBy, "itertools.groupby", [iterator, key_function, target_key, current_key, current_value]);

/// One group.
#[repr(C)]
pub struct PyGrouper {
    header: Header,
    parent: Obj,
    key: Obj,
    group: u64,
}
layout!(PyGrouper, "itertools._grouper", [parent, key]);

iterator_class!(
    groupby_class,
    "itertools.groupby" "(iterable, key=None)",
    PyGroupBy,
    construct_groupby,
    groupby_next,
    "Pairs of a key and an iterator over the consecutive items with that key."
);
iterator_class!(
    grouper_class,
    "itertools._grouper",
    PyGrouper,
    new_grouper,
    grouper_next,
    "The items of one group."
);

fn construct_groupby(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    new_groupby(class, args)
}

#[pyargs(name = "groupby", sig = "(iterable, key=None)")]
fn new_groupby(class: &Obj, iterable: &Obj, key: Option<&Obj>) -> PyResult<Obj> {
    let class = class_argument::<PyGroupBy>(class)?;
    let iterator = counted::iter(iterable)?;
    let key_function = key.filter(|k| !is_none(k)).cloned();
    Ok(new_instance(class, |header| PyGroupBy {
        header,
        iterator,
        key_function,
        target_key: Slot::empty(),
        current_key: Slot::empty(),
        current_value: Slot::empty(),
        group: AtomicU64::new(0),
    })
    .into_obj())
}

impl PyGroupBy {
    /// Goes on to the next item; false at the end.
    fn step(&self) -> PyResult<bool> {
        let Some(value) = counted::next(&self.iterator)? else { return Ok(false) };
        let key = match &self.key_function {
            Some(function) => counted::call1(function, &value)?,
            None => value.clone(),
        };
        drop(self.current_value.replace(Some(value)));
        drop(self.current_key.replace(Some(key)));
        Ok(true)
    }
}

fn groupby_next(obj: &Obj) -> PyResult<Option<Obj>> {
    let this = receiver::<PyGroupBy>(obj)?;
    // Whatever group was handed out ends here.
    let group = this.group.fetch_add(1, Ordering::Relaxed) + 1;
    loop {
        match (this.current_key.load(), this.target_key.load()) {
            (None, _) => {}
            (Some(_), None) => break,
            (Some(current), Some(target)) => {
                if !protocol::eq(&target, &current)? {
                    break;
                }
            }
        }
        if !this.step()? {
            return Ok(None);
        }
    }
    let key = this.current_key.load().unwrap_or_else(none);
    drop(this.target_key.replace(Some(key.clone())));
    let parent = obj.clone();
    let grouper_key = key.clone();
    let grouper =
        new_instance(grouper_class(), |header| PyGrouper { header, parent, key: grouper_key, group });
    Ok(Some(tuple_obj(vec![key, grouper.into_obj()])))
}

fn new_grouper(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    let class = class_argument::<PyGrouper>(class)?;
    crate::native_class::check_count("_grouper", args, 2, 2)?;
    let (parent, key) = (args.positional[0].clone(), args.positional[1].clone());
    let Some(groupby) = parent.downcast::<PyGroupBy>() else {
        return Err(type_error(format!(
            "_grouper() argument 1 must be itertools.groupby, not {}",
            class_of(&parent).name()
        )));
    };
    let group = groupby.group.load(Ordering::Relaxed);
    Ok(new_instance(class, |header| PyGrouper { header, parent: parent.clone(), key, group }).into_obj())
}

fn grouper_next(obj: &Obj) -> PyResult<Option<Obj>> {
    let this = receiver::<PyGrouper>(obj)?;
    let parent = receiver::<PyGroupBy>(&this.parent)?;
    if parent.group.load(Ordering::Relaxed) != this.group {
        return Ok(None);
    }
    if parent.current_value.is_empty() && !parent.step()? {
        return Ok(None);
    }
    let Some(current) = parent.current_key.load() else { return Ok(None) };
    if !protocol::eq(&this.key, &current)? {
        return Ok(None);
    }
    Ok(parent.current_value.take())
}
