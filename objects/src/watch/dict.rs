//! Watching dicts. What changes a dict looks at its flag under its lock and comes here if it is watched.

use std::sync::Arc;

use taipan_gc::{Obj, Py};

use super::{Registration, Registry, SideTable, Timing, WATCHED, Watchers, tell};
use crate::dict::PyDict;
use crate::error::PyResult;
use crate::short_section::ShortSection;

/// A change of a dict.
#[derive(Clone, Copy)]
pub enum DictEvent<'a> {
    /// A key that was not there gets a value.
    Added { key: &'a Obj, value: &'a Obj },
    /// A key gets another value. Another object, that is, except for attributes of an instance, which are told of each time.
    Modified { key: &'a Obj, old: &'a Obj, value: &'a Obj },
    /// A key goes.
    Deleted { key: &'a Obj, old: &'a Obj },
    /// The empty dict gets everything that another one has.
    Cloned { source: &'a PyDict },
    /// All keys go.
    Cleared,
}

impl DictEvent<'_> {
    /// The event's name in CPython's interface for C, without the prefix.
    pub fn name(&self) -> &'static str {
        match self {
            DictEvent::Added { .. } => "ADDED",
            DictEvent::Modified { .. } => "MODIFIED",
            DictEvent::Deleted { .. } => "DELETED",
            DictEvent::Cloned { .. } => "CLONED",
            DictEvent::Cleared => "CLEARED",
        }
    }
}

/// What is told of the changes of watched dicts. It must not change a dict that it is told of.
pub trait DictWatcher: Send + Sync {
    /// When it is told; asked once.
    fn timing(&self) -> Timing {
        Timing::Before
    }
    /// A dict changes.
    fn changed(&self, dict: &PyDict, event: DictEvent<'_>) -> PyResult<()>;
    /// The dict that was at this address is gone.
    fn deallocated(&self, address: usize) -> PyResult<()> {
        let _ = address;
        Ok(())
    }
}

static REGISTRY: Registry<dyn DictWatcher> = Registry::new(2);
static TABLE: SideTable<dyn DictWatcher> = SideTable::new();

/// A registered watcher of dicts.
pub type DictRegistration = Registration<dyn DictWatcher>;

/// Registers a watcher.
pub fn register(watcher: Arc<dyn DictWatcher>) -> DictRegistration {
    let timing = watcher.timing();
    Registration::new(&REGISTRY, Some(&TABLE), watcher, timing)
}

fn address(dict: &PyDict) -> usize {
    std::ptr::from_ref(dict).addr()
}

impl DictRegistration {
    /// From now on the watcher is told of what happens to `dict`, which is not kept alive by that.
    pub fn watch(&self, dict: &PyDict) {
        let _section = ShortSection::enter(dict.header().lock());
        TABLE.add(address(dict), &self.registered);
        // Whoever changes the dict from now on sees it under the lock.
        dict.header().set_flag(WATCHED);
    }
    /// From now on it is not.
    pub fn unwatch(&self, dict: &PyDict) {
        let _section = ShortSection::enter(dict.header().lock());
        if TABLE.remove(address(dict), &self.registered) {
            dict.header().clear_flag(WATCHED);
        }
    }
}

/// Who watches the dict. Nobody: the flag goes.
pub(crate) fn watchers(dict: &PyDict) -> Option<Watchers<dyn DictWatcher>> {
    let watchers = TABLE.of(address(dict));
    if watchers.is_none() {
        let _section = ShortSection::enter(dict.header().lock());
        if TABLE.of(address(dict)).is_none() {
            dict.header().clear_flag(WATCHED);
        }
    }
    watchers
}

/// Tells of a change.
pub(crate) fn told(
    watchers: &Option<Watchers<dyn DictWatcher>>,
    timing: Timing,
    dict: &PyDict,
    event: DictEvent<'_>,
) {
    let Some(watchers) = watchers else { return };
    // Kept: a callback may drop the last reference but this one.
    let keep: Py<PyDict> = Py::from_ref(dict);
    tell(
        watchers,
        timing,
        |watcher| watcher.changed(&keep, event),
        |_| described(event.name(), address(dict)),
    );
}

fn described(event: &str, address: usize) -> String {
    format!("PyDict_EVENT_{event} watcher callback for <dict at {address:#x}>")
}

/// A watched dict is being freed.
#[cold]
pub(crate) fn deallocated(address: usize) {
    let Some(watchers) = TABLE.take(address) else { return };
    for timing in [Timing::Before, Timing::After] {
        tell(
            &watchers,
            timing,
            |watcher| watcher.deallocated(address),
            |_| described("DEALLOCATED", address),
        );
    }
}
