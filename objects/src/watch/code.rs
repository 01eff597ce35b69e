//! Watching code objects: their making and their end.

use std::sync::Arc;

use super::{Registration, Registry, Timing, shown, tell};
use crate::code::PyCode;
use crate::error::PyResult;
use crate::types::obj_of;

/// What is told of all code objects.
pub trait CodeWatcher: Send + Sync {
    /// A code object was made.
    fn created(&self, code: &PyCode) -> PyResult<()>;
    /// The code object that was at this address is gone. The collector alone ends code: this may be some time after its last use.
    fn destroyed(&self, address: usize) -> PyResult<()> {
        let _ = address;
        Ok(())
    }
}

static REGISTRY: Registry<dyn CodeWatcher> = Registry::new(0);

/// A registered watcher of code objects.
pub type CodeRegistration = Registration<dyn CodeWatcher>;

/// Registers a watcher.
pub fn register(watcher: Arc<dyn CodeWatcher>) -> CodeRegistration {
    Registration::new(&REGISTRY, None, watcher, Timing::After)
}

/// Whether somebody watches code.
#[inline(always)]
pub fn any() -> bool {
    REGISTRY.is_used()
}

/// A code object was made.
#[cold]
pub(crate) fn created(code: &PyCode) {
    let Some(watchers) = REGISTRY.all() else { return };
    let described = |_| format!("PY_CODE_EVENT_CREATE watcher callback for {}", shown(&obj_of(code)));
    tell(&watchers, Timing::After, |watcher| watcher.created(code), described);
}

/// A code object is being freed.
#[cold]
pub(crate) fn destroyed(address: usize) {
    let Some(watchers) = REGISTRY.all() else { return };
    let described = |_| format!("PY_CODE_EVENT_DESTROY watcher callback for <code object at {address:#x}>");
    tell(&watchers, Timing::After, |watcher| watcher.destroyed(address), described);
}
