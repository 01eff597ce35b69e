//! `atexit`: functions to be called when the interpreter ends.

use parking_lot::Mutex;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::{hooks, protocol};
use taipan_vm::interpreters::PerInterpreter;

/// One registration.
#[derive(Clone)]
struct Callback {
    number: u64,
    function: Obj,
    args: Vec<Obj>,
    keyword_names: Vec<Obj>,
    keyword_values: Vec<Obj>,
}

#[derive(Default)]
struct Registered {
    next: u64,
    list: Vec<Callback>,
}

static REGISTERED: PerInterpreter<Mutex<Registered>> = PerInterpreter::new();

fn registered() -> &'static Mutex<Registered> {
    REGISTERED.get_or_default()
}

/// Calls what is registered, the latest first, and forgets it. Exceptions are reported.
pub fn run() {
    loop {
        let next = registered().lock().list.pop();
        let Some(callback) = next else { return };
        let args = Args::with_keywords(&callback.args, &callback.keyword_names, &callback.keyword_values);
        if let Err(Raised) = protocol::call_args(&callback.function, &args) {
            let pending = take_raised();
            let shown = protocol::repr_string(&callback.function).unwrap_or_else(|_| {
                drop(take_raised());
                "<unprintable function>".to_owned()
            });
            let Raised = set_raised(pending);
            hooks::unraisable(Some(&format!("Exception ignored in atexit callback {shown}")), None);
        }
    }
}

/// Functions to be called when the interpreter ends, in the reverse order of their registration.
#[pymodule(name = "atexit")]
mod items {
    use super::*;

    /// Registers a function with its arguments; returns the function.
    #[pyfunction(sig = "(func, /, *args, **kwargs)")]
    fn register(func: &Obj, args: &[Obj], kwargs: Kwargs<'_>) -> PyResult<Obj> {
        if !protocol::is_callable(func) {
            return Err(type_error("the first argument must be callable"));
        }
        let (keyword_names, keyword_values) = kwargs.iter().map(|(n, v)| (n.clone(), v.clone())).unzip();
        let (function, args) = (func.clone(), args.to_vec());
        let mut registered = registered().lock();
        let number = registered.next;
        registered.next += 1;
        registered.list.push(Callback { number, function, args, keyword_names, keyword_values });
        drop(registered);
        Ok(func.clone())
    }
    /// Takes back every registration of a function.
    #[pyfunction]
    fn unregister(func: &Obj) -> PyResult<()> {
        let all = registered().lock().list.clone();
        for callback in all.iter().rev() {
            if protocol::eq(func, &callback.function)? {
                let mut registered = registered().lock();
                let position = registered.list.iter().position(|c| c.number == callback.number);
                let removed = position.map(|position| registered.list.remove(position));
                drop(registered);
                drop(removed);
            }
        }
        Ok(())
    }
    /// Calls all registered functions now.
    #[pyfunction]
    fn _run_exitfuncs() {
        run();
    }
    /// Forgets all registered functions.
    #[pyfunction]
    fn _clear() {
        let all = std::mem::take(&mut registered().lock().list);
        drop(all);
    }
    /// How many functions are registered.
    #[pyfunction]
    fn _ncallbacks() -> usize {
        registered().lock().list.len()
    }
}
