//! `gc`: the cycle collector's controls. There is one generation; the numbers of the others are accepted and their statistics kept.

use taipan_gc::HeaderFlags;
use taipan_gc::collector::{self, Collected, threshold};
use taipan_objects::dict::PyDict;
use taipan_objects::list::PyList;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;
use taipan_objects::tuple::PyTuple;
use taipan_objects::type_object::type_flags;
use taipan_objects::{hooks, protocol};
use taipan_threading::sync::atomic::{AtomicU64, Ordering};
use taipan_vm::interpreters::PerInterpreter;

use crate::counted;

/// What an object refers to, numbers that lie in a container's slots included: they are no objects to the collector.
fn referents(obj: &Obj) -> Vec<Obj> {
    if let Some(list) = obj.downcast::<PyList>() {
        return list.to_vec();
    }
    if let Some(tuple) = obj.downcast::<PyTuple>() {
        return tuple.as_slice().to_vec();
    }
    if let Some(dict) = obj.downcast::<PyDict>() {
        return dict.snapshot().into_iter().flat_map(|(key, value)| [key, value]).collect();
    }
    collector::get_referents(obj)
}

/// `gc.callbacks`.
fn callbacks() -> &'static Py<PyList> {
    static LIST: PerInterpreter<Py<PyList>> = PerInterpreter::new();
    LIST.get_or_init(|| PyList::new(vec![]))
}

/// `gc.garbage`.
fn garbage() -> &'static Py<PyList> {
    static LIST: PerInterpreter<Py<PyList>> = PerInterpreter::new();
    LIST.get_or_init(|| PyList::new(vec![]))
}

/// The second and third threshold: kept for who asks.
static OTHER_THRESHOLDS: [AtomicU64; 2] = [AtomicU64::new(10), AtomicU64::new(0)];

/// Called around every collection; see `collector::Callback`.
fn around_collection(generation: u8, result: Option<&Collected>) -> bool {
    if result.is_some() && collector::debug() & collector::DEBUG_SAVEALL != 0 {
        garbage().extend(collector::take_saved());
    }
    let to_call = callbacks().to_vec();
    if to_call.is_empty() {
        return false;
    }
    let (collected, uncollectable) = result.map_or((0, 0), |r| (r.collected, r.uncollectable));
    let info = PyDict::new();
    info.set_str("generation", int_obj(i64::from(generation)));
    info.set_str("collected", int_obj(collected as i64));
    info.set_str("uncollectable", int_obj(uncollectable as i64));
    let phase = str_obj(if result.is_some() { "stop" } else { "start" });
    for callback in to_call {
        if let Err(Raised) = counted::call(&callback, &[phase.clone(), info.as_obj().clone()]) {
            hooks::unraisable(Some("Exception ignored while calling GC callback"), Some(&callback));
        }
    }
    true
}

fn check_generation(generation: Option<&Obj>) -> PyResult<()> {
    let Some(generation) = generation.filter(|g| !is_none(g)) else { return Ok(()) };
    let generation = protocol::index_word(generation)?;
    if generation < 0 {
        return Err(value_error("generation parameter cannot be negative"));
    }
    if generation >= 3 {
        return Err(value_error(
            "generation parameter must be less than the number of available generations (3)",
        ));
    }
    Ok(())
}

/// Access to the collector of reference cycles.
#[pymodule(name = "gc")]
mod items {
    use super::*;

    #[pyattr]
    const DEBUG_STATS: i64 = 1;
    #[pyattr]
    const DEBUG_COLLECTABLE: i64 = 2;
    #[pyattr]
    const DEBUG_UNCOLLECTABLE: i64 = 4;
    #[pyattr]
    const DEBUG_SAVEALL: i64 = 32;
    #[pyattr]
    const DEBUG_LEAK: i64 = 38;
    #[pyattr(name = "callbacks")]
    fn callbacks_list() -> Obj {
        callbacks().as_obj().clone()
    }
    #[pyattr(name = "garbage")]
    fn garbage_list() -> Obj {
        garbage().as_obj().clone()
    }
    #[pyinit]
    fn init(_module: &PyModuleBuilder<'_>) -> PyResult<()> {
        collector::set_callback(around_collection);
        Ok(())
    }
    /// Turns automatic collections on.
    #[pyfunction]
    fn enable() {
        collector::enable();
    }
    /// Turns automatic collections off.
    #[pyfunction]
    fn disable() {
        collector::disable();
    }
    /// Whether automatic collections are on.
    #[pyfunction]
    fn isenabled() -> bool {
        collector::is_enabled()
    }
    /// Collects, and returns how many unreachable objects there were.
    #[pyfunction(sig = "(generation=2)")]
    fn collect(generation: i32) -> PyResult<usize> {
        let Some(generation) = u8::try_from(generation).ok().filter(|g| *g <= 2) else {
            return Err(value_error("invalid generation"));
        };
        let result = collector::collect(generation);
        Ok(result.collected + result.uncollectable)
    }
    /// Sets debugging flags.
    #[pyfunction]
    fn set_debug(flags: i32) {
        collector::set_debug(u64::from(flags.cast_unsigned()));
    }
    /// The debugging flags.
    #[pyfunction]
    fn get_debug() -> u64 {
        collector::debug()
    }
    /// Sets the growth in objects that leads to a collection; 0 turns automatic collections off.
    #[pyfunction(sig = "(threshold0, threshold1=None, threshold2=None, /)", text = "")]
    fn set_threshold(threshold0: i32, threshold1: Option<i32>, threshold2: Option<i32>) {
        if let Some(older) = threshold1 {
            // No threshold for older objects: as CPython without a GIL, do not wait for what is alive to grow by a part.
            threshold::set_exact(older == 0);
        }
        threshold::set_least(usize::try_from(threshold0).unwrap_or(0));
        for (place, value) in OTHER_THRESHOLDS.iter().zip([threshold1, threshold2]) {
            if let Some(value) = value {
                place.store(u64::try_from(value).unwrap_or(0), Ordering::Relaxed);
            }
        }
    }
    /// The thresholds.
    #[pyfunction]
    fn get_threshold() -> (usize, u64, u64) {
        (
            threshold::least(),
            OTHER_THRESHOLDS[0].load(Ordering::Relaxed),
            OTHER_THRESHOLDS[1].load(Ordering::Relaxed),
        )
    }
    /// The growth so far.
    #[pyfunction]
    fn get_count() -> (usize, usize, usize) {
        (threshold::grown(), 0, 0)
    }
    /// A dict of statistics for each generation.
    #[pyfunction]
    fn get_stats() -> Vec<Obj> {
        let totals = collector::totals();
        let stats = totals.iter().map(|sums| {
            let dict = PyDict::new();
            dict.set_str("collections", int_obj(sums.collections as i64));
            dict.set_str("collected", int_obj(sums.collected as i64));
            dict.set_str("uncollectable", int_obj(sums.uncollectable as i64));
            dict.into_obj()
        });
        stats.collect()
    }
    /// All objects that the collector knows.
    #[pyfunction(sig = "(generation=None)")]
    fn get_objects(generation: Option<&Obj>) -> PyResult<Vec<Obj>> {
        let wanted = generation.cloned().filter(|g| !is_none(g)).unwrap_or_else(|| int_obj(-1));
        taipan_vm::sys::audit("gc.get_objects", &[wanted])?;
        check_generation(generation)?;
        Ok(collector::get_objects())
    }
    /// The objects that refer to one of these.
    #[pyfunction(sig = "(*objs)")]
    fn get_referrers(objs: &[Obj]) -> PyResult<Vec<Obj>> {
        taipan_vm::sys::audit("gc.get_referrers", &[tuple_obj(objs.to_vec())])?;
        Ok(collector::get_referrers(objs))
    }
    /// The objects that these refer to.
    #[pyfunction(sig = "(*objs)")]
    fn get_referents(objs: &[Obj]) -> PyResult<Vec<Obj>> {
        taipan_vm::sys::audit("gc.get_referents", &[tuple_obj(objs.to_vec())])?;
        Ok(objs.iter().flat_map(referents).collect())
    }
    /// Whether the collector knows the object.
    #[pyfunction]
    fn is_tracked(obj: &Obj) -> bool {
        // Built-in classes live for ever.
        let built_in = obj.downcast::<PyType>().is_some_and(|class| !class.has_flag(type_flags::HEAP));
        // A plain object refers to nothing.
        let plain = class_of(obj).is(&types().object);
        !built_in && !plain && collector::is_tracked(obj)
    }
    /// Whether the object's finalizer has been called.
    #[pyfunction]
    fn is_finalized(obj: &Obj) -> bool {
        obj.header().is_some_and(|header| header.has_flag(HeaderFlags::FINALIZED))
    }
    /// Makes all present objects immortal.
    #[pyfunction]
    fn freeze() {
        collector::freeze();
    }
    /// Forgets how many objects were frozen.
    #[pyfunction]
    fn unfreeze() {
        collector::unfreeze();
    }
    /// How many objects are frozen.
    #[pyfunction]
    fn get_freeze_count() -> usize {
        collector::freeze_count()
    }
}
