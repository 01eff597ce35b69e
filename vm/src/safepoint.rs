//! What a thread does when its poll word is set: stops, merges, limbo sweeps, collections, signals, asynchronous exceptions.

use taipan_objects::error::*;
use taipan_threading::safepoint as bits;

use crate::thread::VmThread;

/// Runs pending Python-level signal handlers; installed by the signal module.
pub type SignalHook = fn() -> PyResult<()>;
static SIGNALS: std::sync::OnceLock<SignalHook> = std::sync::OnceLock::new();

/// Installs the function that runs pending signal handlers on the main thread.
pub fn install_signal_hook(hook: SignalHook) {
    let _ = SIGNALS.set(hook);
}

/// Handles everything that is asked of the calling thread. Raises what a signal handler or another thread raises here.
#[cold]
pub fn handle(thread: &VmThread) -> PyResult<()> {
    let rest = taipan_threading::safepoint();
    if rest == 0 {
        return Ok(());
    }
    // Signals first: what dies in the poll may run callbacks, in which a handler's exception would be lost.
    if rest & bits::SIGNAL != 0
        && thread.threading.take(bits::SIGNAL)
        && let Some(hook) = SIGNALS.get()
    {
        hook()?;
    }
    taipan_gc::thread::poll(thread.threading);
    if rest & bits::ASYNC_EXC != 0 && thread.threading.take(bits::ASYNC_EXC) {
        let exception = thread.async_exception.lock().take();
        if let Some(exception) = exception {
            return Err(raise_any(exception));
        }
    }
    Ok(())
}

/// Raises a class or an instance.
fn raise_any(exception: taipan_objects::Obj) -> Raised {
    crate::interpreter::ops::exception::raise(exception);
    Raised
}
