//! `_lsprof`: the profiler of `cProfile`: a tool of `sys.monitoring` that adds up calls and times.
//!
//! Each thread has its own chain of running calls; the sums are the profiler's. Both are behind a mutex, under which no Python code
//! runs: timers of the user, and descriptions of functions, are asked for first.

mod calls;

use std::thread::{self, ThreadId};
use std::time::Instant;

use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use taipan_objects::float::float_value;
use taipan_objects::hooks;
use taipan_objects::int::int_ref;
use taipan_objects::layout::TraceField;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::structseq::{self, StructSeqDef};
use taipan_objects::type_object::{TypeBuilder, new_instance, type_flags};
use taipan_threading::sync::atomic::{AtomicBool, Ordering};

use crate::counted;
use crate::native_class;
use crate::native_class::{class_argument, receiver};
use calls::{Calls, Key};

/// `sys.monitoring.PROFILER_ID`
const TOOL: i64 = 2;

static ENTRY: StructSeqDef = StructSeqDef {
    name: "_lsprof.profiler_entry",
    doc: "",
    fields: &[
        ("code", "code object or built-in function name"),
        ("callcount", "how many times this was called"),
        ("reccallcount", "how many times called recursively"),
        ("totaltime", "total time in this entry"),
        ("inlinetime", "inline time in this entry (not in subcalls)"),
        ("calls", "details of the calls"),
    ],
    visible: 6,
};
crate::posix::lazy_class!(entry_class, &ENTRY);

static SUBENTRY: StructSeqDef = StructSeqDef {
    name: "_lsprof.profiler_subentry",
    doc: "",
    fields: &[
        ("code", "called code object or built-in function name"),
        ("callcount", "how many times this is called"),
        ("reccallcount", "how many times this is called recursively"),
        ("totaltime", "total time spent in this call"),
        ("inlinetime", "inline time (not in further subcalls)"),
    ],
    visible: 5,
};
crate::posix::lazy_class!(subentry_class, &SUBENTRY);

/// What the constructor sets.
struct Setup {
    timer: Option<Obj>,
    /// Seconds in a unit of the timer, if its results are ints.
    unit: f64,
    subcalls: bool,
    builtins: bool,
    enabled: bool,
}

impl TraceField for Setup {
    fn trace_field(&self, tracer: &mut Tracer<'_>) {
        self.timer.trace_field(tracer);
    }
}

/// A `Profiler`.
#[repr(C)]
pub struct PyProfiler {
    header: Header,
    setup: Mutex<Setup>,
    calls: Mutex<Calls>,
    chains: Mutex<FxHashMap<ThreadId, calls::Chain>>,
    /// The user's timer is running.
    in_timer: AtomicBool,
    start: Instant,
}
layout!(PyProfiler, "_lsprof.Profiler", [setup, calls]);

native_class!(
    fn class() = TypeBuilder::new("_lsprof.Profiler", PyProfiler::ops())
        .flag(type_flags::BASE)
        .slots(TypeSlots {
            new: Some(|class, _| {
                let class = class_argument::<PyProfiler>(class)?;
                let setup = Setup { timer: None, unit: 0.0, subcalls: true, builtins: true, enabled: false };
                Ok(new_instance(class, |header| PyProfiler {
                    header,
                    setup: Mutex::new(setup),
                    calls: Mutex::default(),
                    chains: Mutex::default(),
                    in_timer: AtomicBool::new(false),
                    start: Instant::now(),
                })
                .into_obj())
            }),
            init: Some(|obj, args| initialize(obj, args).map(drop)),
            ..TypeSlots::EMPTY
        })
        .methods(PyProfiler::methods())
        .text_signature("(timer=None, timeunit=0.0, subcalls=True, builtins=True)")
        .doc("Build a profiler object using the specified timer function.\n\nThe default timer is a fast built-in one based on real time.\nFor custom timer functions returning integers, 'timeunit' can\nbe a float specifying a scale (that is, how long each integer unit\nis, in seconds).")
        .make()
);

#[pyargs(name = "Profiler", sig = "(timer=None, timeunit=0.0, subcalls=True, builtins=True)")]
fn initialize(
    obj: &Obj,
    timer: Option<&Obj>,
    timeunit: f64,
    subcalls: bool,
    builtins: bool,
) -> PyResult<Obj> {
    let this = receiver::<PyProfiler>(obj)?;
    let timer = timer.filter(|timer| !is_none(timer)).cloned();
    let setup = Setup { timer, unit: timeunit, subcalls, builtins, enabled: false };
    let former = std::mem::replace(&mut *this.setup.lock(), setup);
    drop(former);
    Ok(none())
}

/// The functions that Python code calls natively: key, and description for the report.
fn native_function(callable: &Obj, argument: &Obj) -> Option<Key> {
    use taipan_objects::descriptor::PyMethodDescr;
    use taipan_objects::native_function::PyNativeFunction;
    if let Some(function) = callable.downcast::<PyNativeFunction>() {
        return Some(Key::function(function.def));
    }
    let descriptor = callable.downcast::<PyMethodDescr>()?;
    if !descriptor.accepts(argument) {
        return None;
    }
    Some(Key::function(descriptor.def))
}

/// What a report calls a native function.
fn description(callable: &Obj) -> PyResult<Obj> {
    use taipan_objects::native_function::PyNativeFunction;
    let Some(function) = callable.downcast::<PyNativeFunction>() else {
        return repr(callable).map(Py::into_obj);
    };
    let name = function.def.name;
    let owner = function.receiver().filter(|owner| !is_none(owner));
    let module = counted::getattr_opt(callable, &intern("__module__"))?;
    if let Some(module) = module.as_ref().and_then(|module| module.downcast::<PyStr>()) {
        return Ok(str_obj(&format!("<built-in method {}.{name}>", module.to_string_lossy())));
    }
    if let Some(owner) = owner
        && let Some(method) = class_of(&owner).lookup_name(name)
    {
        return repr(&method).map(Py::into_obj);
    }
    Ok(str_obj(&format!("<built-in method {name}>")))
}

fn monitoring() -> PyResult<Obj> {
    counted::getattr(&hooks::import_module("sys")?, "monitoring")
}

/// Events and the methods that receive them.
const EVENTS: [(&str, &str); 9] = [
    ("PY_START", "_pystart_callback"),
    ("PY_RESUME", "_pystart_callback"),
    ("PY_THROW", "_pythrow_callback"),
    ("PY_RETURN", "_pyreturn_callback"),
    ("PY_YIELD", "_pyreturn_callback"),
    ("PY_UNWIND", "_pyreturn_callback"),
    ("CALL", "_ccall_callback"),
    ("C_RETURN", "_creturn_callback"),
    ("C_RAISE", "_creturn_callback"),
];

/// Registers the methods of `profiler`, or nothing; the events' set.
fn register(monitoring: &Obj, profiler: Option<&Obj>) -> PyResult<i64> {
    let events = counted::getattr(monitoring, "events")?;
    let mut all = 0;
    for (event, method) in EVENTS {
        let event = counted::getattr(&events, event)?;
        let callback = match profiler {
            Some(profiler) => counted::getattr(profiler, method)?,
            None => none(),
        };
        counted::call_method(monitoring, "register_callback", &[int_obj(TOOL), event.clone(), callback])?;
        // C_RETURN and C_RAISE come with CALL.
        if !matches!(method, "_creturn_callback") {
            all |= int_ref(&event).and_then(|event| event.to_i64()).unwrap_or(0);
        }
    }
    Ok(all)
}

impl PyProfiler {
    /// The key of a native function, if such are counted.
    fn native_key(&self, callable: &Obj, self_arg: &Obj) -> Option<Key> {
        let wanted = self.setup.lock().builtins;
        if wanted { native_function(callable, self_arg) } else { None }
    }
    /// The time, in nanoseconds or the timer's units.
    fn now(&self) -> i64 {
        let timer = {
            let setup = self.setup.lock();
            match &setup.timer {
                None => return self.start.elapsed().as_nanos() as i64,
                Some(timer) => (timer.clone(), setup.unit),
            }
        };
        let (timer, unit) = timer;
        self.in_timer.store(true, Ordering::Relaxed);
        let result = counted::call(&timer, &[]).and_then(|result| {
            if unit > 0.0 {
                return match int_ref(&result).and_then(|value| value.to_i64()) {
                    Some(value) => Ok(value),
                    None => Err(type_error(format!(
                        "'{}' object cannot be interpreted as an integer",
                        class_of(&result).name()
                    ))),
                };
            }
            match (float_value(&result), int_ref(&result)) {
                (Some(seconds), _) => Ok((seconds * 1e9) as i64),
                (None, Some(seconds)) => Ok((seconds.to_f64()? * 1e9) as i64),
                (None, None) => as_f64(&result).map(|seconds| (seconds * 1e9) as i64),
            }
        });
        self.in_timer.store(false, Ordering::Relaxed);
        result.unwrap_or_else(|Raised| {
            hooks::unraisable(Some("Exception ignored while calling _lsprof timer"), Some(&timer));
            0
        })
    }

    fn enter(&self, key: Key, describe: impl FnOnce() -> PyResult<Obj>) -> PyResult<()> {
        if !self.calls.lock().knows(key) {
            let subject = describe()?;
            let surplus = self.calls.lock().learn(key, subject);
            drop(surplus);
        }
        let subcalls = self.setup.lock().subcalls;
        let id = thread::current().id();
        {
            let mut chains = self.chains.lock();
            let chain = chains.entry(id).or_default();
            self.calls.lock().begin(chain, key, subcalls);
        }
        let now = self.now();
        if let Some(chain) = self.chains.lock().get_mut(&id) {
            chain.started(now);
        }
        Ok(())
    }

    fn leave(&self, key: Key) {
        let id = thread::current().id();
        if !self.chains.lock().get(&id).is_some_and(|chain| !chain.is_empty()) {
            return;
        }
        let now = self.now();
        let subcalls = self.setup.lock().subcalls;
        let mut chains = self.chains.lock();
        if let Some(chain) = chains.get_mut(&id) {
            self.calls.lock().end(chain, Some(key), now, subcalls);
        }
    }

    /// Ends all calls that are still running.
    fn end_all(&self) {
        let subcalls = self.setup.lock().subcalls;
        loop {
            if self.chains.lock().values().all(calls::Chain::is_empty) {
                return;
            }
            let now = self.now();
            let mut chains = self.chains.lock();
            for chain in chains.values_mut() {
                self.calls.lock().end(chain, None, now, subcalls);
            }
        }
    }

    fn refuse_in_timer(&self, what: &str) -> PyResult<()> {
        match self.in_timer.load(Ordering::Relaxed) {
            true => Err(runtime_error(format!("cannot {what} profiler in external timer"))),
            false => Ok(()),
        }
    }

    fn stop(&self) -> PyResult<()> {
        self.refuse_in_timer("disable")?;
        let was_enabled = std::mem::replace(&mut self.setup.lock().enabled, false);
        if was_enabled {
            let monitoring = monitoring()?;
            counted::call_method(&monitoring, "set_events", &[int_obj(TOOL), int_obj(0)])?;
            register(&monitoring, None)?;
            counted::call_method(&monitoring, "free_tool_id", &[int_obj(TOOL)])?;
        }
        self.end_all();
        Ok(())
    }
}

#[pymethods(class = "_lsprof.Profiler")]
impl PyProfiler {
    /// Start collecting profiling information.
    ///
    ///   subcalls
    ///     If True, also records for each function
    ///     statistics separated according to its current caller.
    ///   builtins
    ///     If True, records the time spent in
    ///     built-in functions separately from their caller.
    #[pymethod(
        sig = "(subcalls=<unrepresentable>, builtins=<unrepresentable>)",
        text = "($self, /, subcalls=True, builtins=True)"
    )]
    fn enable(slf: &Obj, subcalls: Option<bool>, builtins: Option<bool>) -> PyResult<()> {
        let this = receiver::<PyProfiler>(slf)?;
        {
            let mut setup = this.setup.lock();
            setup.subcalls = subcalls.unwrap_or(setup.subcalls);
            setup.builtins = builtins.unwrap_or(setup.builtins);
        }
        let monitoring = monitoring()?;
        counted::call_method(&monitoring, "use_tool_id", &[int_obj(TOOL), str_obj("cProfile")])?;
        this.setup.lock().enabled = true;
        let events = register(&monitoring, Some(slf))?;
        counted::call_method(&monitoring, "set_events", &[int_obj(TOOL), int_obj(events)])?;
        // The function that starts the profiler is watched from here on.
        taipan_vm::trace::switch_behind_call(taipan_vm::thread::current(), "enable")
    }
    /// Stop collecting profiling information.
    #[pymethod]
    fn disable(&self) -> PyResult<()> {
        self.stop()
    }
    /// Clear all profiling information collected so far.
    #[pymethod]
    fn clear(&self) -> PyResult<()> {
        self.refuse_in_timer("clear")?;
        self.chains.lock().clear();
        let former = std::mem::take(&mut *self.calls.lock());
        drop(former);
        Ok(())
    }
    /// list of profiler_entry objects.
    #[pymethod]
    fn getstats(&self) -> PyResult<Obj> {
        let unit = {
            let setup = self.setup.lock();
            if setup.timer.is_some() && setup.unit > 0.0 { setup.unit } else { 1e-9 }
        };
        let sums = self.calls.lock().sums();
        let numbers = |subject: &Obj, sum: &calls::Sum| {
            vec![
                subject.clone(),
                int_obj(sum.calls),
                int_obj(sum.recursive),
                float_obj(sum.total as f64 * unit),
                float_obj(sum.own as f64 * unit),
            ]
        };
        let entries = sums.iter().map(|entry| {
            let mut fields = numbers(&entry.subject, &entry.sum);
            let details = entry
                .callees
                .iter()
                .map(|(subject, sum)| structseq::new(&subentry_class(), numbers(subject, sum)));
            let details: Vec<Obj> = details.collect();
            fields.push(if details.is_empty() { none() } else { list_obj(details) });
            structseq::new(&entry_class(), fields)
        });
        Ok(list_obj(entries.collect()))
    }
    #[pymethod(sig = "(code, instruction_offset, /)")]
    fn _pystart_callback(&self, code: &Obj, instruction_offset: &Obj) -> PyResult<()> {
        let _ = instruction_offset;
        self.enter(Key::code(code), || Ok(code.clone()))
    }
    #[pymethod(sig = "(code, instruction_offset, exception, /)")]
    fn _pythrow_callback(&self, code: &Obj, instruction_offset: &Obj, exception: &Obj) -> PyResult<()> {
        let _ = (instruction_offset, exception);
        self.enter(Key::code(code), || Ok(code.clone()))
    }
    #[pymethod(sig = "(code, instruction_offset, retval, /)")]
    fn _pyreturn_callback(&self, code: &Obj, instruction_offset: &Obj, retval: &Obj) -> PyResult<()> {
        let _ = (instruction_offset, retval);
        self.leave(Key::code(code));
        Ok(())
    }
    #[pymethod(sig = "(code, instruction_offset, callable, self_arg, /)")]
    fn _ccall_callback(
        &self,
        code: &Obj,
        instruction_offset: &Obj,
        callable: &Obj,
        self_arg: &Obj,
    ) -> PyResult<()> {
        let _ = (code, instruction_offset);
        match self.native_key(callable, self_arg) {
            Some(key) => self.enter(key, || description(callable)),
            None => Ok(()),
        }
    }
    #[pymethod(sig = "(code, instruction_offset, callable, self_arg, /)")]
    fn _creturn_callback(
        &self,
        code: &Obj,
        instruction_offset: &Obj,
        callable: &Obj,
        self_arg: &Obj,
    ) -> PyResult<()> {
        let _ = (code, instruction_offset);
        if let Some(key) = self.native_key(callable, self_arg) {
            self.leave(key);
        }
        Ok(())
    }
}

/// Fast profiler
#[pymodule(name = "_lsprof")]
mod items {
    use super::*;

    #[pyattr]
    fn Profiler() -> Obj {
        class().as_obj().clone()
    }
    #[pyattr]
    fn profiler_entry() -> Obj {
        entry_class().as_obj().clone()
    }
    #[pyattr]
    fn profiler_subentry() -> Obj {
        subentry_class().as_obj().clone()
    }
}
