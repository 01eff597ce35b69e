//! Watching Python functions: all of them, from their making to their end.

use std::sync::Arc;

use taipan_gc::Obj;

use super::{Registration, Registry, Timing, shown, tell};
use crate::error::PyResult;
use crate::function::PyFunction;
use crate::types::obj_of;

/// What happens to a function.
#[derive(Clone, Copy)]
pub enum FunctionEvent<'a> {
    /// It was made just now; defaults, closure and annotations are not there yet. Watchers are told afterwards, whatever they ask for.
    Created,
    /// `__code__` is assigned.
    Code(&'a Obj),
    /// `__defaults__` is assigned; `None`: deleted.
    Defaults(Option<&'a Obj>),
    /// `__kwdefaults__` is assigned; `None`: deleted.
    KwDefaults(Option<&'a Obj>),
    /// `__qualname__` is assigned.
    Qualname(&'a Obj),
}

impl FunctionEvent<'_> {
    /// The event's name in CPython's interface for C, without the prefix.
    pub fn name(&self) -> &'static str {
        match self {
            FunctionEvent::Created => "CREATE",
            FunctionEvent::Code(_) => "MODIFY_CODE",
            FunctionEvent::Defaults(_) => "MODIFY_DEFAULTS",
            FunctionEvent::KwDefaults(_) => "MODIFY_KWDEFAULTS",
            FunctionEvent::Qualname(_) => "MODIFY_QUALNAME",
        }
    }
}

/// What is told of all functions.
pub trait FunctionWatcher: Send + Sync {
    /// When it is told of assignments; asked once.
    fn timing(&self) -> Timing {
        Timing::Before
    }
    /// Something happens to a function.
    fn changed(&self, function: &PyFunction, event: FunctionEvent<'_>) -> PyResult<()>;
    /// The function that was at this address is gone. The collector alone ends functions: this may be some time after its last use.
    fn destroyed(&self, address: usize) -> PyResult<()> {
        let _ = address;
        Ok(())
    }
}

static REGISTRY: Registry<dyn FunctionWatcher> = Registry::new(0);

/// A registered watcher of functions.
pub type FunctionRegistration = Registration<dyn FunctionWatcher>;

/// Registers a watcher.
pub fn register(watcher: Arc<dyn FunctionWatcher>) -> FunctionRegistration {
    let timing = watcher.timing();
    Registration::new(&REGISTRY, None, watcher, timing)
}

/// Whether somebody watches functions.
#[inline(always)]
pub(crate) fn any() -> bool {
    REGISTRY.is_used()
}

fn send(function: &PyFunction, event: FunctionEvent<'_>, timing: Timing) {
    let Some(watchers) = REGISTRY.all() else { return };
    let described = |_| {
        let shown = shown(&obj_of(function));
        let shown = shown.trim_start_matches('<').trim_end_matches('>');
        format!("PyFunction_EVENT_{} watcher callback for {shown}", event.name())
    };
    tell(&watchers, timing, |watcher| watcher.changed(function, event), described);
}

/// A function was made.
#[cold]
pub(crate) fn created(function: &PyFunction) {
    for timing in [Timing::Before, Timing::After] {
        send(function, FunctionEvent::Created, timing);
    }
}

/// Makes a change and tells of it.
pub(crate) fn around(function: &PyFunction, event: FunctionEvent<'_>, change: impl FnOnce()) {
    if any() {
        send(function, event, Timing::Before);
        change();
        send(function, event, Timing::After);
    } else {
        change();
    }
}

/// A function is being freed.
#[cold]
pub(crate) fn destroyed(address: usize) {
    let Some(watchers) = REGISTRY.all() else { return };
    for timing in [Timing::Before, Timing::After] {
        let described = |_| format!("PyFunction_EVENT_DESTROY watcher callback for function at {address:#x}");
        tell(&watchers, timing, |watcher| watcher.destroyed(address), described);
    }
}
