//! Watching all functions, code objects and contexts; entries of functions; the heap.

use std::ops::ControlFlow;
use std::sync::Arc;

use taipan_bytecode::CodeUnit;
use taipan_gc::collector;
use taipan_objects::code::PyCode;
use taipan_objects::function::PyFunction;
use taipan_objects::function::entry::{EntryCall, FunctionEntry};
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::types::obj_of;
use taipan_objects::watch::code::{self, CodeWatcher};
use taipan_objects::watch::context::{self, ContextWatcher};
use taipan_objects::watch::function::{self, FunctionEvent, FunctionWatcher};
use taipan_threading::sync::atomic::{AtomicUsize, Ordering};

use super::{Events, Numbered, boom};
use crate::counted;

static FUNCTIONS: Numbered<dyn FunctionWatcher> = Numbered::new("func", false);
static CODES: Numbered<dyn CodeWatcher> = Numbered::new("code", true);
static CONTEXTS: Numbered<dyn ContextWatcher> = Numbered::new("context", true);

const CREATE: i64 = 0;
const DESTROY: i64 = 1;
const MODIFY_CODE: i64 = 2;
const MODIFY_DEFAULTS: i64 = 3;
const MODIFY_KWDEFAULTS: i64 = 4;
const MODIFY_QUALNAME: i64 = 5;

struct Caller(Obj);

impl FunctionWatcher for Caller {
    fn changed(&self, function: &PyFunction, event: FunctionEvent<'_>) -> PyResult<()> {
        let (number, value) = match event {
            FunctionEvent::Created => (CREATE, None),
            FunctionEvent::Code(value) => (MODIFY_CODE, Some(value)),
            FunctionEvent::Defaults(value) => (MODIFY_DEFAULTS, value),
            FunctionEvent::KwDefaults(value) => (MODIFY_KWDEFAULTS, value),
            FunctionEvent::Qualname(value) => (MODIFY_QUALNAME, Some(value)),
        };
        let value = value.cloned().unwrap_or_else(none);
        counted::call(&self.0, &[int_obj(number), obj_of(function), value]).map(drop)
    }
    fn destroyed(&self, address: usize) -> PyResult<()> {
        counted::call(&self.0, &[int_obj(DESTROY), int_obj(address as i64), none()]).map(drop)
    }
}

/// How many code objects watcher 0 and 1 saw made and gone, and by what number they are registered.
static MADE: [AtomicUsize; 2] = [const { AtomicUsize::new(0) }; 2];
static GONE: [AtomicUsize; 2] = [const { AtomicUsize::new(0) }; 2];
static NUMBERS: [AtomicUsize; 2] = [const { AtomicUsize::new(usize::MAX) }; 2];

/// 0, 1: count; otherwise: fails.
struct Counter(usize);

impl CodeWatcher for Counter {
    fn created(&self, _: &PyCode) -> PyResult<()> {
        match MADE.get(self.0) {
            Some(count) => drop(count.fetch_add(1, Ordering::Relaxed)),
            None => return boom(),
        }
        Ok(())
    }
    fn destroyed(&self, _: usize) -> PyResult<()> {
        match GONE.get(self.0) {
            Some(count) => drop(count.fetch_add(1, Ordering::Relaxed)),
            None => return boom(),
        }
        Ok(())
    }
}

fn reset(which: usize) {
    MADE[which].store(0, Ordering::Relaxed);
    GONE[which].store(0, Ordering::Relaxed);
}

fn count(counts: &[AtomicUsize; 2], which: usize) -> PyResult<usize> {
    counts.get(which).map(|c| c.load(Ordering::Relaxed)).ok_or_else(|| value_error("invalid watcher"))
}

static SWITCHES: [Events; 2] = [const { Events::new() }; 2];
static SWITCH_NUMBERS: [AtomicUsize; 2] = [const { AtomicUsize::new(usize::MAX) }; 2];

/// 0, 1: keep the contexts; otherwise: fails.
struct Keeper(usize);

impl ContextWatcher for Keeper {
    fn switched(&self, context: Option<&Obj>) -> PyResult<()> {
        let Some(events) = SWITCHES.get(self.0) else { return boom() };
        events.push(context.cloned().unwrap_or_else(none));
        Ok(())
    }
}

struct Overridden;

impl FunctionEntry for Overridden {
    fn call(&self, _: &EntryCall<'_>) -> PyResult<Obj> {
        Ok(str_obj("overridden"))
    }
}

fn function(obj: &Obj) -> PyResult<&PyFunction> {
    obj.downcast().ok_or_else(|| type_error("a function is required"))
}

#[pymodule(name = "_testcapi")]
mod items {
    use super::*;

    #[pyattr]
    const PYFUNC_EVENT_CREATE: i64 = CREATE;
    #[pyattr]
    const PYFUNC_EVENT_DESTROY: i64 = DESTROY;
    #[pyattr]
    const PYFUNC_EVENT_MODIFY_CODE: i64 = MODIFY_CODE;
    #[pyattr]
    const PYFUNC_EVENT_MODIFY_DEFAULTS: i64 = MODIFY_DEFAULTS;
    #[pyattr]
    const PYFUNC_EVENT_MODIFY_KWDEFAULTS: i64 = MODIFY_KWDEFAULTS;
    #[pyattr]
    const PYFUNC_EVENT_MODIFY_QUALNAME: i64 = MODIFY_QUALNAME;

    #[pyfunction]
    fn add_func_watcher(callback: &Obj) -> PyResult<usize> {
        FUNCTIONS.add(function::register(Arc::new(Caller(callback.clone()))))
    }
    #[pyfunction]
    fn clear_func_watcher(number: i64) -> PyResult<()> {
        FUNCTIONS.clear(number).map(drop)
    }
    #[pyfunction]
    fn allocate_too_many_func_watchers() -> PyResult<()> {
        let mut numbers = Vec::new();
        let result = (0..9).try_for_each(|_| {
            numbers.push(FUNCTIONS.add(function::register(Arc::new(Caller(none()))))?);
            Ok(())
        });
        for number in numbers {
            FUNCTIONS.clear(number as i64)?;
        }
        result
    }
    #[pyfunction]
    fn set_func_defaults_via_capi(func: &Obj, defaults: &Obj) -> PyResult<()> {
        setattr(func, &istr!("__defaults__"), defaults)
    }
    #[pyfunction]
    fn set_func_kwdefaults_via_capi(func: &Obj, defaults: &Obj) -> PyResult<()> {
        setattr(func, &istr!("__kwdefaults__"), defaults)
    }
    #[pyfunction]
    fn function_setvectorcall(func: &Obj) -> PyResult<()> {
        function(func)?.set_entry(Arc::new(Overridden)).keep();
        Ok(())
    }

    /// Calls from native code, with the items of a tuple or without arguments.
    #[pyfunction]
    fn pyobject_vectorcall(func: &Obj, args: &Obj, _kwnames: &Obj) -> PyResult<Obj> {
        let args = args.downcast::<taipan_objects::tuple::PyTuple>().map_or(&[][..], |args| args.as_slice());
        call(func, args)
    }

    /// An option of the interpreter's configuration: of those that tests ask for.
    #[pyfunction]
    fn config_get(name: &str) -> PyResult<bool> {
        match name {
            "code_debug_ranges" => Ok(taipan_objects::code::debug_ranges()),
            _ => Err(value_error(format!("unknown config option name: {name}"))),
        }
    }
    #[pyfunction]
    fn code_newempty(filename: &str, name: &str, firstlineno: u32) -> PyResult<Obj> {
        let unit = CodeUnit {
            name: name.into(),
            qualname: name.into(),
            filename: filename.into(),
            first_line: firstlineno,
            ..CodeUnit::default()
        };
        Ok(PyCode::new(unit).into_obj())
    }
    #[pyfunction]
    fn add_code_watcher(which: usize) -> PyResult<usize> {
        let number = CODES.add(code::register(Arc::new(Counter(which))))?;
        if which < 2 {
            reset(which);
            NUMBERS[which].store(number, Ordering::Relaxed);
        }
        Ok(number)
    }
    #[pyfunction]
    fn clear_code_watcher(number: i64) -> PyResult<()> {
        CODES.clear(number)?;
        for which in 0..2 {
            if NUMBERS[which].load(Ordering::Relaxed) == number as usize {
                NUMBERS[which].store(usize::MAX, Ordering::Relaxed);
                reset(which);
            }
        }
        Ok(())
    }
    #[pyfunction]
    fn get_code_watcher_num_created_events(which: usize) -> PyResult<usize> {
        count(&MADE, which)
    }
    #[pyfunction]
    fn get_code_watcher_num_destroyed_events(which: usize) -> PyResult<usize> {
        count(&GONE, which)
    }
    #[pyfunction]
    fn allocate_too_many_code_watchers() -> PyResult<()> {
        let mut numbers = Vec::new();
        let result = (0..9).try_for_each(|_| {
            numbers.push(CODES.add(code::register(Arc::new(Counter(2))))?);
            Ok(())
        });
        for number in numbers {
            CODES.clear(number as i64)?;
        }
        result
    }

    #[pyfunction]
    fn add_context_watcher(which: usize) -> PyResult<usize> {
        let number = CONTEXTS.add(context::register(Arc::new(Keeper(which))))?;
        if which < 2 {
            SWITCHES[which].open();
            SWITCH_NUMBERS[which].store(number, Ordering::Relaxed);
        }
        Ok(number)
    }
    #[pyfunction]
    fn clear_context_watcher(number: i64) -> PyResult<()> {
        CONTEXTS.clear(number)?;
        for which in 0..2 {
            if SWITCH_NUMBERS[which].load(Ordering::Relaxed) == number as usize {
                SWITCH_NUMBERS[which].store(usize::MAX, Ordering::Relaxed);
                SWITCHES[which].close();
            }
        }
        Ok(())
    }
    #[pyfunction]
    fn get_context_switches(which: usize) -> PyResult<Obj> {
        match SWITCHES.get(which) {
            Some(events) => Ok(events.get().unwrap_or_else(|Raised| {
                drop(try_take_raised());
                list_obj(vec![])
            })),
            None => Err(value_error("invalid watcher")),
        }
    }
    #[pyfunction]
    fn allocate_too_many_context_watchers() -> PyResult<()> {
        let mut numbers = Vec::new();
        let result = (0..9).try_for_each(|_| {
            numbers.push(CONTEXTS.add(context::register(Arc::new(Keeper(2))))?);
            Ok(())
        });
        for number in numbers {
            CONTEXTS.clear(number as i64)?;
        }
        result
    }
    #[pyfunction]
    fn clear_context_stack() {
        let context = taipan_vm::thread::current().context.replace(None);
        drop(context);
    }

    #[pyfunction]
    fn test_gc_visit_objects_basic() -> PyResult<()> {
        let wanted = list_obj(vec![]);
        let mut found = false;
        collector::visit_objects(|object| {
            found |= object.is(&wanted);
            ControlFlow::Continue(())
        });
        if found { Ok(()) } else { Err(assertion_error("the list was not visited")) }
    }
    #[pyfunction]
    fn test_gc_visit_objects_exit_early() -> PyResult<()> {
        let mut number = 0;
        collector::visit_objects(|_| {
            number += 1;
            ControlFlow::Break(())
        });
        if number == 1 { Ok(()) } else { Err(assertion_error("visiting went on")) }
    }
}
