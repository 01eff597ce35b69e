//! `count`, `cycle` and `repeat`.

use taipan_objects::int::int_ref;
use taipan_objects::layout::TraceField;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::protocol;
use taipan_objects::short_mutex::ShortMutex;
use taipan_objects::type_object::new_instance;
use taipan_threading::CriticalSection;
use taipan_threading::sync::atomic::{AtomicI64, Ordering};

use super::{iterator_class, no_keywords_in};
use crate::counted;
use crate::native_class::{check_count, class_argument, receiver};

/// `count`: by steps of one within the machine word in `fast`, else in `current`.
#[repr(C)]
pub struct PyCount {
    header: Header,
    fast: AtomicI64,
    /// Empty: `fast` counts.
    current: Slot,
    step: Obj,
}
layout!(PyCount, "itertools.count", [current, step]);

iterator_class!(
    count_class, "itertools.count" "(start=0, step=1)", PyCount, construct_count, count_next,
    "Numbers from start on, step apart.";
    repr count_repr
);

/// Counting from beyond this is left to arbitrary integers.
const FAST_LIMIT: i64 = 1 << 62;

fn is_number(obj: &Obj) -> bool {
    let slots = &class_of(obj).slots;
    slots.index().is_some()
        || slots.int().is_some()
        || slots.float().is_some()
        || obj.is_layout::<taipan_objects::complex::PyComplex>()
}

fn construct_count(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    new_count(class, args)
}

#[pyargs(name = "count", sig = "(start=0, step=1)")]
fn new_count(class: &Obj, start: Option<&Obj>, step: Option<&Obj>) -> PyResult<Obj> {
    let class = class_argument::<PyCount>(class)?;
    let start = start.cloned().unwrap_or_else(|| int_obj(0));
    let step = step.cloned().unwrap_or_else(|| int_obj(1));
    if !is_number(&start) || !is_number(&step) {
        return Err(type_error("a number is required"));
    }
    let by_one = step.value().is_int() && step.value().as_int() == 1;
    let first = int_ref(&start).filter(|_| protocol::is_exact_int(&start)).and_then(|i| i.to_i64());
    let (fast, current) = match first.filter(|first| by_one && *first < FAST_LIMIT) {
        Some(first) => (first, None),
        None => (0, Some(start)),
    };
    Ok(new_instance(class, |header| PyCount {
        header,
        fast: AtomicI64::new(fast),
        current: Slot::from_option(current),
        step,
    })
    .into_obj())
}

fn count_next(obj: &Obj) -> PyResult<Option<Obj>> {
    let this = receiver::<PyCount>(obj)?;
    if this.current.is_empty() {
        return Ok(Some(int_obj(this.fast.fetch_add(1, Ordering::Relaxed))));
    }
    let _section = CriticalSection::enter(this.header.lock());
    let current = this.current.load().unwrap_or_else(none);
    let next = counted::binary_op(&current, &this.step, BinaryOp::Add)?;
    drop(this.current.replace(Some(next)));
    Ok(Some(current))
}

fn count_repr(obj: &Obj) -> PyResult<Obj> {
    let this = receiver::<PyCount>(obj)?;
    let name = class_of(obj).short_name();
    let Some(current) = this.current.load() else {
        return Ok(str_obj(&format!("{name}({})", this.fast.load(Ordering::Relaxed))));
    };
    let current = protocol::repr_string(&current)?;
    if this.step.value().is_int() && this.step.value().as_int() == 1 {
        return Ok(str_obj(&format!("{name}({current})")));
    }
    Ok(str_obj(&format!("{name}({current}, {})", protocol::repr_string(&this.step)?)))
}

struct Cycle {
    saved: Vec<Obj>,
    index: usize,
}

impl TraceField for Cycle {
    fn trace_field(&self, tracer: &mut Tracer<'_>) {
        self.saved.trace_field(tracer);
    }
}

/// `cycle`.
#[repr(C)]
pub struct PyCycle {
    header: Header,
    /// Empty once it has ended.
    iterator: Slot,
    state: ShortMutex<Cycle>,
}
layout!(PyCycle, "itertools.cycle", [iterator, state]);

iterator_class!(
    cycle_class,
    "itertools.cycle" "(iterable, /)",
    PyCycle,
    new_cycle,
    cycle_next,
    "The items of an iterable, again and again."
);

fn new_cycle(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    let class = class_argument::<PyCycle>(class)?;
    no_keywords_in(cycle_class(), "cycle", class, args)?;
    check_count("cycle", args, 1, 1)?;
    let iterator = counted::iter(&args.positional[0])?;
    let state = ShortMutex::new(Cycle { saved: Vec::new(), index: 0 });
    Ok(new_instance(class, |header| PyCycle { header, iterator: Slot::new(iterator), state }).into_obj())
}

fn cycle_next(obj: &Obj) -> PyResult<Option<Obj>> {
    let this = receiver::<PyCycle>(obj)?;
    if !this.iterator.is_empty()
        && let Some(item) = next_of_first_turn(this)?
    {
        return Ok(Some(item));
    }
    let mut state = this.state.lock();
    let index = state.index;
    let item = state.saved.get(index).cloned();
    state.index = if index + 1 < state.saved.len() { index + 1 } else { 0 };
    Ok(item)
}

/// The next item of the iterable itself, which is kept; `None` once it has ended.
#[inline(never)]
fn next_of_first_turn(this: &PyCycle) -> PyResult<Option<Obj>> {
    let Some(iterator) = this.iterator.load() else { return Ok(None) };
    let item = counted::next(&iterator)?;
    match &item {
        Some(item) => this.state.lock().saved.push(item.clone()),
        None => drop(this.iterator.take()),
    }
    Ok(item)
}

/// `repeat`.
#[repr(C)]
pub struct PyRepeat {
    header: Header,
    element: Obj,
    /// How often still; -1: for ever.
    remaining: AtomicI64,
}
layout!(PyRepeat, "itertools.repeat", [element]);

iterator_class!(
    repeat_class, "itertools.repeat", PyRepeat, construct_repeat, repeat_next,
    "An object, a number of times or for ever.";
    methods PyRepeat::methods();
    repr repeat_repr
);

fn construct_repeat(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    new_repeat(class, args)
}

#[pyargs(name = "repeat", sig = "(object, times=-1)")]
fn new_repeat(class: &Obj, object: &Obj, times: Option<&Obj>) -> PyResult<Obj> {
    let class = class_argument::<PyRepeat>(class)?;
    let remaining = match times {
        Some(times) => protocol::index_word_or(times, &types().overflow_error)?.max(0) as i64,
        None => -1,
    };
    let element = object.clone();
    Ok(new_instance(class, |header| PyRepeat { header, element, remaining: AtomicI64::new(remaining) })
        .into_obj())
}

fn repeat_next(obj: &Obj) -> PyResult<Option<Obj>> {
    let this = receiver::<PyRepeat>(obj)?;
    if this.remaining.load(Ordering::Relaxed) != -1 {
        let took =
            this.remaining.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| (n > 0).then(|| n - 1));
        if took.is_err() {
            return Ok(None);
        }
    }
    Ok(Some(this.element.clone()))
}

fn repeat_repr(obj: &Obj) -> PyResult<Obj> {
    let this = receiver::<PyRepeat>(obj)?;
    let (name, element) = (class_of(obj).short_name(), protocol::repr_string(&this.element)?);
    Ok(str_obj(&match this.remaining.load(Ordering::Relaxed) {
        -1 => format!("{name}({element})"),
        n => format!("{name}({element}, {n})"),
    }))
}

#[pymethods(class = "itertools.repeat")]
impl PyRepeat {
    /// Private method returning an estimate of len(list(it)).
    #[pymethod]
    fn __length_hint__(&self) -> PyResult<i64> {
        match self.remaining.load(Ordering::Relaxed) {
            -1 => Err(type_error("len() of unsized object")),
            n => Ok(n),
        }
    }
}
