//! A profiler that counts calls: it takes every function over, those that there are and those that will be made.

use std::ops::ControlFlow;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use taipan_gc::collector;
use taipan_objects::Obj;
use taipan_objects::error::PyResult;
use taipan_objects::function::PyFunction;
use taipan_objects::function::entry::{EntryCall, EntryGuard, FunctionEntry};
use taipan_objects::str::PyStr;
use taipan_objects::watch::function::{self, FunctionEvent, FunctionRegistration, FunctionWatcher};
use taipan_threading::sync::atomic::{AtomicU64, Ordering};

/// Counts the calls of one function. Threads count together, in one word.
struct Counter(AtomicU64);

impl FunctionEntry for Counter {
    fn call(&self, call: &EntryCall<'_>) -> PyResult<Obj> {
        self.0.fetch_add(1, Ordering::Relaxed);
        call.proceed(call.args())
    }
}

#[derive(Default)]
struct Counted {
    /// By the function's name: functions come and go.
    counters: FxHashMap<String, Vec<Arc<Counter>>>,
    guards: Vec<EntryGuard>,
}

/// A running profiler; dropping it leaves the functions as they were.
pub struct Profiler {
    counted: Arc<Mutex<Counted>>,
    /// Before the guards: no function is taken over any more when these go.
    _watching: FunctionRegistration,
}

/// Tells a profiler of new functions.
struct New {
    counted: Weak<Mutex<Counted>>,
    wanted: fn(&str) -> bool,
}

fn name(function: &PyFunction) -> String {
    let name = function.qualname.load();
    name.and_then(|n| n.downcast::<PyStr>().map(|n| n.to_string_lossy().into_owned())).unwrap_or_default()
}

impl New {
    fn take_over(&self, function: &PyFunction) {
        let name = name(function);
        let Some(counted) = self.counted.upgrade().filter(|_| (self.wanted)(&name)) else { return };
        let counter = Arc::new(Counter(AtomicU64::new(0)));
        let guard = function.set_entry(counter.clone());
        let mut counted = counted.lock();
        counted.counters.entry(name).or_default().push(counter);
        counted.guards.push(guard);
    }
}

impl FunctionWatcher for New {
    fn changed(&self, function: &PyFunction, event: FunctionEvent<'_>) -> PyResult<()> {
        if matches!(event, FunctionEvent::Created) {
            self.take_over(function);
        }
        Ok(())
    }
}

impl Profiler {
    /// Starts counting the calls of functions whose qualified name is `wanted`.
    pub fn start(wanted: fn(&str) -> bool) -> Profiler {
        let counted = Arc::new(Mutex::new(Counted::default()));
        let new = Arc::new(New { counted: Arc::downgrade(&counted), wanted });
        let watching = function::register(new.clone());
        // Those made before. One that another thread makes just now may be met twice: it is counted twice then.
        collector::visit_objects(|object| {
            if let Some(function) = object.downcast::<PyFunction>() {
                new.take_over(function);
            }
            ControlFlow::Continue(())
        });
        Profiler { counted, _watching: watching }
    }
    /// Calls so far by qualified name, the most frequent first.
    pub fn report(&self) -> Vec<(String, u64)> {
        let counted = self.counted.lock();
        let total = |counters: &Vec<Arc<Counter>>| counters.iter().map(|c| c.0.load(Ordering::Relaxed)).sum();
        let mut report: Vec<(String, u64)> =
            counted.counters.iter().map(|(name, counters)| (name.clone(), total(counters))).collect();
        report.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        report
    }
}

impl Drop for Profiler {
    fn drop(&mut self) {
        // Guards refer to functions: dropped when nothing is locked.
        let guards = std::mem::take(&mut self.counted.lock().guards);
        drop(guards);
    }
}
