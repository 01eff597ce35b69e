//! A checker of what becomes of classes while the program runs: attributes replaced by values of another type, and marks of
//! `typing.override` that a change has made stale.

use std::sync::Arc;

use parking_lot::Mutex;
use taipan_objects::error::PyResult;
use taipan_objects::str::PyStr;
use taipan_objects::type_object::{PyType, class_of, overrides};
use taipan_objects::watch::Timing;
use taipan_objects::watch::types::{self, TypeChange, TypeEvent, TypeRegistration, TypeWatcher};

/// What was found, in words.
#[derive(Default)]
struct Findings(Mutex<Vec<String>>);

/// Looks before a change: the old value is still there.
struct Replaced(Arc<Findings>);

impl TypeWatcher for Replaced {
    fn modified(&self, event: TypeEvent<'_>) -> PyResult<()> {
        if let TypeChange::Set { name, value } = event.change
            && event.class.is(event.origin)
            && let Some(old) = event.class.lookup_name(name)
            && !class_of(&old).is(class_of(value))
        {
            let (class, old, new) = (event.class.name(), class_of(&old).name(), class_of(value).name());
            self.0.0.lock().push(format!("{class}.{name}: {old} becomes {new}"));
        }
        Ok(())
    }
}

/// Looks after a change: what is it like now?
struct Overriding(Arc<Findings>);

impl TypeWatcher for Overriding {
    fn timing(&self) -> Timing {
        Timing::After
    }
    fn modified(&self, event: TypeEvent<'_>) -> PyResult<()> {
        for name in overrides::stale(event.class)? {
            let name =
                name.downcast::<PyStr>().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
            self.0.0.lock().push(format!("{}.{name} overrides nothing any more", event.class.name()));
        }
        Ok(())
    }
}

/// A running checker.
pub struct Checker {
    findings: Arc<Findings>,
    watchers: [TypeRegistration; 2],
}

impl Checker {
    /// A checker that watches no class yet.
    pub fn new() -> Checker {
        let findings = Arc::new(Findings::default());
        let watchers = [
            types::register(Arc::new(Replaced(findings.clone()))),
            types::register(Arc::new(Overriding(findings.clone()))),
        ];
        Checker { findings, watchers }
    }
    /// Checks one more class.
    pub fn watch(&self, class: &PyType) {
        for watcher in &self.watchers {
            watcher.watch(class);
        }
    }
    /// What was found so far.
    pub fn findings(&self) -> Vec<String> {
        self.findings.0.lock().clone()
    }
}

impl Default for Checker {
    fn default() -> Checker {
        Checker::new()
    }
}
