//! The sums of a profiler: for each function, and for each pair of caller and callee.
//!
//! Recursive calls count once for the total time: only the end of the outermost one adds to it.

use rustc_hash::FxHashMap;
use taipan_objects::layout::TraceField;
use taipan_objects::native::MethodDef;
use taipan_objects::prelude::*;

/// What is called: the address of a code object, which the sums keep alive, or of a native definition, which is static.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key(usize);

impl Key {
    pub fn code(code: &Obj) -> Key {
        Key(code.value().counted().bits() as usize)
    }
    pub fn function(def: &'static MethodDef) -> Key {
        Key(std::ptr::from_ref(def) as usize)
    }
}

/// Counts and times.
#[derive(Clone, Copy, Default)]
pub struct Sum {
    pub calls: i64,
    pub recursive: i64,
    pub total: i64,
    pub own: i64,
    /// Running calls.
    level: i64,
}

impl Sum {
    fn end(&mut self, total: i64, own: i64) {
        self.level -= 1;
        if self.level == 0 {
            self.total += total;
        } else {
            self.recursive += 1;
        }
        self.own += own;
        self.calls += 1;
    }
}

struct Entry {
    subject: Obj,
    sum: Sum,
    callees: FxHashMap<Key, Sum>,
}

/// All sums.
#[derive(Default)]
pub struct Calls(FxHashMap<Key, Entry>);

impl TraceField for Calls {
    fn trace_field(&self, tracer: &mut Tracer<'_>) {
        self.0.values().for_each(|entry| entry.subject.trace_field(tracer));
    }
}

struct Running {
    key: Key,
    start: i64,
    /// Time in calls that this one made.
    below: i64,
}

/// A thread's running calls, innermost last.
#[derive(Default)]
pub struct Chain(Vec<Running>);

impl Chain {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// Sets the innermost call's beginning.
    pub fn started(&mut self, now: i64) {
        if let Some(running) = self.0.last_mut() {
            running.start = now;
        }
    }
}

/// A line of the report.
pub struct Line {
    pub subject: Obj,
    pub sum: Sum,
    pub callees: Vec<(Obj, Sum)>,
}

impl Calls {
    pub fn knows(&self, key: Key) -> bool {
        self.0.contains_key(&key)
    }
    /// Adds a function; gives the subject back if another thread was faster.
    pub fn learn(&mut self, key: Key, subject: Obj) -> Option<Obj> {
        if self.knows(key) {
            return Some(subject);
        }
        self.0.insert(key, Entry { subject, sum: Sum::default(), callees: FxHashMap::default() });
        None
    }
    pub fn begin(&mut self, chain: &mut Chain, key: Key, subcalls: bool) {
        if let Some(caller) = chain.0.last()
            && subcalls
            && let Some(caller) = self.0.get_mut(&caller.key)
        {
            caller.callees.entry(key).or_default().level += 1;
        }
        if let Some(entry) = self.0.get_mut(&key) {
            entry.sum.level += 1;
        }
        chain.0.push(Running { key, start: 0, below: 0 });
    }
    /// Ends the innermost call. With a key that is not known, the call is forgotten.
    pub fn end(&mut self, chain: &mut Chain, key: Option<Key>, now: i64, subcalls: bool) {
        let Some(running) = chain.0.pop() else { return };
        let key = key.unwrap_or(running.key);
        let total = now - running.start;
        let own = total - running.below;
        let Some(entry) = self.0.get_mut(&key) else { return };
        entry.sum.end(total, own);
        if let Some(caller) = chain.0.last_mut() {
            caller.below += total;
            if subcalls
                && let Some(caller) = self.0.get_mut(&caller.key)
                && let Some(sum) = caller.callees.get_mut(&key)
            {
                sum.end(total, own);
            }
        }
    }
    /// The sums of all functions that returned.
    pub fn sums(&self) -> Vec<Line> {
        let finished = self.0.values().filter(|entry| entry.sum.calls != 0);
        let lines = finished.map(|entry| {
            let callees = entry.callees.iter().filter(|(_, sum)| sum.calls != 0);
            let callees = callees.filter_map(|(key, sum)| Some((self.0.get(key)?.subject.clone(), *sum)));
            Line { subject: entry.subject.clone(), sum: entry.sum, callees: callees.collect() }
        });
        lines.collect()
    }
}
