//! Watching contexts: which one a thread runs in. The contexts themselves are a native module's.

use std::sync::Arc;

use taipan_gc::Obj;

use super::{Registration, Registry, Timing, shown, tell};
use crate::error::PyResult;

/// What is told when a thread goes on in another context.
pub trait ContextWatcher: Send + Sync {
    /// The calling thread runs in this context now; `None`: in none yet.
    fn switched(&self, context: Option<&Obj>) -> PyResult<()>;
}

static REGISTRY: Registry<dyn ContextWatcher> = Registry::new(0);

/// A registered watcher of contexts.
pub type ContextRegistration = Registration<dyn ContextWatcher>;

/// Registers a watcher.
pub fn register(watcher: Arc<dyn ContextWatcher>) -> ContextRegistration {
    Registration::new(&REGISTRY, None, watcher, Timing::After)
}

/// For who switches: the calling thread runs in `context` now.
#[inline]
pub fn switched(context: Option<&Obj>) {
    if REGISTRY.is_used() {
        switched_slow(context);
    }
}

#[cold]
fn switched_slow(context: Option<&Obj>) {
    let Some(watchers) = REGISTRY.all() else { return };
    let described =
        |_| format!("Py_CONTEXT_SWITCHED watcher callback for {}", context.map_or("None".to_owned(), shown));
    tell(&watchers, Timing::After, |watcher| watcher.switched(context), described);
}
