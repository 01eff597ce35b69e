//! Begin and end of interpreters other than the main one.
//!
//! An interpreter is in the list from its creation to the beginning of its end. What it keeps is dropped by the thread that ends it, unless a
//! thread of it is still running: then by that thread.

use std::sync::Arc;
use std::time::Duration;

use taipan_objects::prelude::*;
use taipan_threading::sync::atomic::Ordering;

use super::{Interpreter, InterpreterConfig, NEXT_ID, OTHERS, Whence, new};

/// Why an interpreter cannot end now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closing {
    /// It has ended, or another thread is ending it.
    Gone,
}

/// Makes an interpreter and starts it.
pub fn create(whence: Whence, config: InterpreterConfig) -> PyResult<Arc<Interpreter>> {
    let interpreter = new(NEXT_ID.fetch_add(1, Ordering::Relaxed), whence, config);
    OTHERS.lock().push(interpreter.clone());
    let started =
        interpreter.run(|| crate::init::start_interpreter(crate::sys::config::settings().path0.as_deref()));
    if let Err(raised) = started {
        let exception = take_raised();
        let _ = raised;
        let _ = destroy(&interpreter);
        return Err(set_raised(exception));
    }
    interpreter.set_ready();
    Ok(interpreter)
}

/// Makes an interpreter that is not started: nothing can run in it.
pub fn create_idle() -> Arc<Interpreter> {
    let interpreter = new(NEXT_ID.fetch_add(1, Ordering::Relaxed), Whence::Unknown, InterpreterConfig::EMPTY);
    OTHERS.lock().push(interpreter.clone());
    interpreter
}

/// Ends an interpreter that runs nothing: waits for its threads, calls its exit functions, takes its modules down.
pub fn destroy(interpreter: &Arc<Interpreter>) -> Result<(), Closing> {
    let known = {
        let mut others = OTHERS.lock();
        let at = others.iter().position(|other| Arc::ptr_eq(other, interpreter));
        at.map(|at| others.remove(at))
    };
    let Some(known) = known else { return Err(Closing::Gone) };
    if known.whence() != Whence::Unknown {
        // What other interpreters left is not to be finalized among modules that are being taken down.
        let _ = taipan_gc::collector::collect_after_others(2);
        known.run(|| end(&known, 0));
    }
    super::has_ended(known.id());
    Ok(())
}

/// The end of the current interpreter up to and including its modules. Gives the exit status: `status`, unless flushing fails.
pub fn end(interpreter: &Interpreter, status: i32) -> i32 {
    let status = crate::init::end_interpreter(interpreter, status);
    drop(try_take_raised());
    status
}

/// Asks the threads that are left in an interpreter to end, and waits for them for a moment.
pub(crate) fn dismiss_threads(interpreter: &Interpreter) {
    for round in 0..200_u64 {
        if interpreter.threads() == 0 {
            return;
        }
        if round % 20 == 0 {
            crate::thread::dismiss(interpreter);
        }
        taipan_threading::detached(|| std::thread::sleep(Duration::from_micros(100 * (round + 1))));
    }
}

/// Ends all interpreters but the main one; how many there were.
pub fn destroy_all() -> usize {
    let mut ended = 0;
    loop {
        let Some(next) = OTHERS.lock().last().cloned() else { return ended };
        ended += usize::from(destroy(&next).is_ok());
    }
}
