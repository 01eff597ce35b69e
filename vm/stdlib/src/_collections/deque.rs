//! `deque`: a double-ended queue.
//!
//! The items are under a mutex that is held for moments only: no Python code runs and nothing is dropped in it. Whatever runs Python code
//! between two looks (comparing, iterating) notices by `version` that the deque has changed.

pub mod iterator;
mod methods;

use std::collections::VecDeque;

use taipan_objects::layout::TraceField;
use taipan_objects::list::exact_list;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::protocol;
use taipan_objects::short_mutex::ShortMutex;
use taipan_objects::singletons::is_none;
use taipan_objects::tuple::exact_tuple;
use taipan_objects::type_object::{CompareOp, TypeBuilder, new_instance, type_flags};
use taipan_threading::sync::atomic::{AtomicUsize, Ordering};

use crate::native_class::{class_argument, receiver};
use crate::{counted, native_class};

/// What the mutex guards.
pub(super) struct Items {
    pub list: VecDeque<Obj>,
    /// Counts changes of the order or number of items.
    pub version: u64,
}

impl TraceField for Items {
    fn trace_field(&self, tracer: &mut Tracer<'_>) {
        self.list.iter().for_each(|item| item.trace_field(tracer));
    }
}

/// A `deque` object; see the module.
#[repr(C)]
pub struct PyDeque {
    header: Header,
    pub(super) items: ShortMutex<Items>,
    /// `usize::MAX`: none.
    max_len: AtomicUsize,
}
layout!(PyDeque, "collections.deque", [items]);

native_class!(
    /// `collections.deque`.
    pub fn class() = TypeBuilder::new("collections.deque", PyDeque::ops())
        .flag(type_flags::HAS_WEAKREF | type_flags::SEQUENCE)
        .slots(SLOTS)
        .methods(PyDeque::methods())
        .getset(PyDeque::getset())
        .doc("A list-like sequence optimized for data accesses near its endpoints.")
        .make()
);

static SLOTS: TypeSlots = TypeSlots {
    new: Some(new),
    init: Some(init),
    repr: Some(repr),
    richcompare: Some(compare),
    iter: Some(|obj| Ok(iterator::new(obj))),
    len: Some(|obj| Ok(receiver::<PyDeque>(obj)?.len())),
    bool_: Some(|obj| Ok(receiver::<PyDeque>(obj)?.len() > 0)),
    getitem: Some(getitem),
    setitem: Some(setitem),
    contains: Some(contains),
    concat: Some(concat),
    repeat: Some(repeat),
    inplace_concat: Some(inplace_concat),
    inplace_repeat: Some(inplace_repeat),
    ..TypeSlots::EMPTY
};

/// A new instance of `class` with these items.
pub(super) fn make(class: &PyType, list: VecDeque<Obj>, max_len: Option<usize>) -> Obj {
    new_instance(class, |header| PyDeque {
        header,
        items: ShortMutex::new(Items { list, version: 0 }),
        max_len: AtomicUsize::new(max_len.unwrap_or(usize::MAX)),
    })
    .into_obj()
}

fn new(class: &Obj, _args: &Args<'_>) -> PyResult<Obj> {
    Ok(make(class_argument::<PyDeque>(class)?, VecDeque::new(), None))
}

fn init(obj: &Obj, args: &Args<'_>) -> PyResult<()> {
    let this = receiver::<PyDeque>(obj)?;
    initialize(this, args)
}

#[pyargs(name = "deque", sig = "(iterable=(), maxlen=None)")]
fn initialize(this: &PyDeque, iterable: Option<&Obj>, maxlen: Option<&Obj>) -> PyResult<()> {
    let limit = match maxlen.filter(|m| !is_none(m)) {
        Some(limit) => {
            let Some(limit) = taipan_objects::int::int_ref(limit) else {
                return Err(type_error("an integer is required"));
            };
            let too_large = || overflow_error("Python int too large to convert to C ssize_t");
            let limit = limit.to_i64().ok_or_else(too_large)?;
            usize::try_from(limit).map_err(|_| value_error("maxlen must be non-negative"))?
        }
        None => usize::MAX,
    };
    this.max_len.store(limit, Ordering::Relaxed);
    this.clear_items();
    match iterable {
        Some(iterable) => this.extend_back(iterable),
        None => Ok(()),
    }
}

impl PyDeque {
    pub(super) fn len(&self) -> usize {
        self.items.lock().list.len()
    }
    pub(super) fn limit(&self) -> Option<usize> {
        Some(self.max_len.load(Ordering::Relaxed)).filter(|limit| *limit != usize::MAX)
    }
    pub(super) fn version(&self) -> u64 {
        self.items.lock().version
    }
    /// Item `index` and the version.
    pub(super) fn item(&self, index: usize) -> (Option<Obj>, u64) {
        let items = self.items.lock();
        (items.list.get(index).cloned(), items.version)
    }
    /// All items at one moment.
    pub(super) fn snapshot(&self) -> VecDeque<Obj> {
        self.items.lock().list.clone()
    }
    /// Takes the first item.
    pub fn pop_front(&self) -> Option<Obj> {
        let mut items = self.items.lock();
        let item = items.list.pop_front();
        items.version += u64::from(item.is_some());
        item
    }
    /// Appends an item.
    pub fn push_back(&self, item: Obj) {
        let limit = self.max_len.load(Ordering::Relaxed);
        let item = item.into_strong();
        let mut items = self.items.lock();
        items.version += 1;
        items.list.push_back(item);
        let dropped = if items.list.len() > limit { items.list.pop_front() } else { None };
        drop(items);
        drop(dropped);
    }
    pub(super) fn push_front(&self, item: Obj) {
        let limit = self.max_len.load(Ordering::Relaxed);
        let item = item.into_strong();
        let mut items = self.items.lock();
        items.version += 1;
        items.list.push_front(item);
        let dropped = if items.list.len() > limit { items.list.pop_back() } else { None };
        drop(items);
        drop(dropped);
    }
    pub(super) fn clear_items(&self) {
        let mut items = self.items.lock();
        items.version += 1;
        let dropped = std::mem::take(&mut items.list);
        drop(items);
        drop(dropped);
    }
    pub(super) fn extend_back(&self, iterable: &Obj) -> PyResult<()> {
        if self.is(iterable) {
            return self.snapshot().into_iter().try_for_each(|item| {
                self.push_back(item);
                Ok(())
            });
        }
        if self.max_len.load(Ordering::Relaxed) == usize::MAX
            && let Some(tuple) = exact_tuple(iterable)
        {
            self.append_all(tuple.as_slice().to_vec());
            return Ok(());
        }
        if self.max_len.load(Ordering::Relaxed) == usize::MAX
            && let Some(list) = exact_list(iterable)
        {
            self.append_all(list.to_vec());
            return Ok(());
        }
        let mut items = protocol::Items::of(iterable)?;
        while let Some(item) = items.next()? {
            self.push_back(item);
        }
        Ok(())
    }
    fn append_all(&self, new: Vec<Obj>) {
        if new.is_empty() {
            return;
        }
        let mut items = self.items.lock();
        items.version += 1;
        if items.list.is_empty() {
            items.list = new.into();
        } else {
            items.list.extend(new);
        }
    }
    pub(super) fn extend_front(&self, iterable: &Obj) -> PyResult<()> {
        if self.is(iterable) {
            self.snapshot().into_iter().for_each(|item| self.push_front(item));
            return Ok(());
        }
        let iterator = counted::iter(iterable)?;
        while let Some(item) = counted::next(&iterator)? {
            self.push_front(item);
        }
        Ok(())
    }
    fn is(&self, obj: &Obj) -> bool {
        obj.header().is_some_and(|header| std::ptr::eq(header, &self.header))
    }
    /// Cuts the deque to its limit and returns what falls off at the front.
    fn trim(items: &mut Items, limit: usize) -> Vec<Obj> {
        let surplus = items.list.len().saturating_sub(limit);
        items.list.drain(..surplus).collect()
    }
    /// Repeats the content `count` times in place.
    fn repeat_in_place(&self, count: isize) -> PyResult<()> {
        let count = usize::try_from(count).unwrap_or(0);
        if count == 0 {
            self.clear_items();
            return Ok(());
        }
        let limit = self.max_len.load(Ordering::Relaxed);
        let mut items = self.items.lock();
        let len = items.list.len();
        if len == 0 || count == 1 {
            return Ok(());
        }
        // With a limit only the last repetitions can stay.
        let count = if limit == usize::MAX { count } else { count.min(limit / len + 2) };
        let Some(total) = len.checked_mul(count).filter(|total| *total < isize::MAX as usize / 16) else {
            drop(items);
            return Err(memory_error());
        };
        if items.list.try_reserve(total - len).is_err() {
            drop(items);
            return Err(memory_error());
        }
        items.version += 1;
        for index in 0..total - len {
            let item = items.list[index].clone();
            items.list.push_back(item);
        }
        let dropped = Self::trim(&mut items, limit);
        drop(items);
        drop(dropped);
        Ok(())
    }
    /// A copy of the same class.
    pub(super) fn copied(&self, obj: &Obj) -> PyResult<Obj> {
        let class_of_this = class_of(obj);
        if class_of_this.is(class()) {
            return Ok(make(class(), self.snapshot(), self.limit()));
        }
        let class = class_of_this.to_obj();
        let copy = match self.limit() {
            Some(limit) => counted::call(&class, &[obj.clone(), int_obj(limit as i64)])?,
            None => counted::call1(&class, obj)?,
        };
        if !copy.is_layout::<PyDeque>() {
            return Err(type_error(format!(
                "{}() must return a deque, not {}",
                class_of_this.full_name(),
                class_of(&copy).full_name()
            )));
        }
        Ok(copy)
    }
    /// The index of the first item equal to `value` in `start..stop`.
    pub(super) fn find(&self, value: &Obj, start: usize, stop: usize) -> PyResult<Option<usize>> {
        let mut found = None;
        self.scan(value, start, stop, |index| {
            found = Some(index);
            false
        })?;
        Ok(found)
    }
    /// Calls `equal` with the index of each item equal to `value` in `start..stop`, until it says no. All at one moment unless Python code
    /// has to compare: the deque must not change then.
    pub(super) fn scan(
        &self,
        value: &Obj,
        start: usize,
        stop: usize,
        mut equal: impl FnMut(usize) -> bool,
    ) -> PyResult<()> {
        let mut items = self.items.lock();
        let version = items.version;
        let mut index = start;
        while index < stop
            && let Some(item) = items.list.get(index)
        {
            let same = if item.value().both_int(value.value()) {
                item.is(value)
            } else {
                let item = item.clone();
                drop(items);
                let same = protocol::eq(&item, value)?;
                drop(item);
                items = self.items.lock();
                if items.version != version {
                    drop(items);
                    return Err(runtime_error("deque mutated during iteration"));
                }
                same
            };
            if same && !equal(index) {
                break;
            }
            index += 1;
        }
        Ok(())
    }
}

fn repr(obj: &Obj) -> PyResult<Obj> {
    let this = receiver::<PyDeque>(obj)?;
    let Some(_guard) = ReprGuard::enter(obj) else { return Ok(str_obj("[...]")) };
    let list = protocol::repr_string(&list_obj(this.snapshot().into()))?;
    let name = class_of(obj).short_name();
    Ok(str_obj(&match this.limit() {
        Some(limit) => format!("{name}({list}, maxlen={limit})"),
        None => format!("{name}({list})"),
    }))
}

fn compare(a: &Obj, b: &Obj, op: CompareOp) -> PyResult<Obj> {
    let (Some(x), Some(y)) = (a.downcast::<PyDeque>(), b.downcast::<PyDeque>()) else {
        return Ok(not_implemented());
    };
    if matches!(op, CompareOp::Eq | CompareOp::Ne) {
        if a.is(b) {
            return Ok(bool_obj(op == CompareOp::Eq));
        }
        if x.len() != y.len() {
            return Ok(bool_obj(op == CompareOp::Ne));
        }
    }
    let (version_x, version_y) = (x.version(), y.version());
    let changed = |now_x: u64, now_y: u64| now_x != version_x || now_y != version_y;
    for index in 0.. {
        let ((item_x, now_x), (item_y, now_y)) = (x.item(index), y.item(index));
        if changed(now_x, now_y) {
            return Err(runtime_error("deque mutated during iteration"));
        }
        match (item_x, item_y) {
            (Some(p), Some(q)) => {
                if !protocol::eq(&p, &q)? {
                    return match op {
                        CompareOp::Eq => Ok(bool_obj(false)),
                        CompareOp::Ne => Ok(bool_obj(true)),
                        op => protocol::rich_compare(&p, &q, op),
                    };
                }
            }
            (p, q) => return Ok(bool_obj(op.holds(p.is_some().cmp(&q.is_some())))),
        }
    }
    Ok(bool_obj(false))
}

/// An index of an existing item.
fn position(this: &PyDeque, key: &Obj) -> PyResult<usize> {
    let index = if key.value().is_int() {
        key.value().as_int() as isize
    } else if protocol::has_index(key) {
        protocol::index_word(key)?
    } else {
        return Err(type_error(format!("sequence index must be integer, not '{}'", class_of(key).name())));
    };
    let len = this.len();
    let index = if index < 0 { index + len as isize } else { index };
    usize::try_from(index)
        .ok()
        .filter(|index| *index < len)
        .ok_or_else(|| index_error("deque index out of range"))
}

fn getitem(obj: &Obj, key: &Obj) -> PyResult<Obj> {
    let this = receiver::<PyDeque>(obj)?;
    if key.value().is_int()
        && let Ok(index) = usize::try_from(key.value().as_int())
    {
        return this.item(index).0.ok_or_else(|| index_error("deque index out of range"));
    }
    let index = position(this, key)?;
    this.item(index).0.ok_or_else(|| index_error("deque index out of range"))
}

fn setitem(obj: &Obj, key: &Obj, value: Option<&Obj>) -> PyResult<()> {
    let this = receiver::<PyDeque>(obj)?;
    let index = position(this, key)?;
    let mut items = this.items.lock();
    let old = match value {
        Some(value) => items.list.get_mut(index).map(|item| std::mem::replace(item, value.clone())),
        None => {
            items.version += 1;
            items.list.remove(index)
        }
    };
    drop(items);
    match old {
        Some(_) => Ok(()),
        None => Err(index_error("deque index out of range")),
    }
}

fn contains(obj: &Obj, value: &Obj) -> PyResult<bool> {
    let this = receiver::<PyDeque>(obj)?;
    Ok(this.find(value, 0, usize::MAX)?.is_some())
}

fn concat(a: &Obj, b: &Obj) -> PyResult<Obj> {
    let this = receiver::<PyDeque>(a)?;
    if !b.is_layout::<PyDeque>() {
        return Err(type_error(format!(
            "can only concatenate deque (not \"{}\") to deque",
            class_of(b).name()
        )));
    }
    let result = this.copied(a)?;
    receiver::<PyDeque>(&result)?.extend_back(b)?;
    Ok(result)
}

fn inplace_concat(a: &Obj, b: &Obj) -> PyResult<Obj> {
    receiver::<PyDeque>(a)?.extend_back(b)?;
    Ok(a.clone())
}

fn repeat(a: &Obj, count: &Obj) -> PyResult<Obj> {
    let count = protocol::index_word_or(count, &types().overflow_error)?;
    let result = receiver::<PyDeque>(a)?.copied(a)?;
    receiver::<PyDeque>(&result)?.repeat_in_place(count)?;
    Ok(result)
}

fn inplace_repeat(a: &Obj, count: &Obj) -> PyResult<Obj> {
    let count = protocol::index_word_or(count, &types().overflow_error)?;
    receiver::<PyDeque>(a)?.repeat_in_place(count)?;
    Ok(a.clone())
}
