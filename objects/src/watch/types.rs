//! Watching classes: attributes set and deleted, other bases.
//!
//! A change of a class is one of all its subclasses: those of them that are watched are told, too, the lowest first.

use std::sync::Arc;

use taipan_gc::{Obj, Py};

use super::{Registration, Registry, SideTable, Timing, WATCHED, Watchers, shown, tell};
use crate::error::PyResult;
use crate::short_section::ShortSection;
use crate::type_object::PyType;

/// What changes in a class.
#[derive(Clone, Copy)]
pub enum TypeChange<'a> {
    /// An attribute is set.
    Set { name: &'a str, value: &'a Obj },
    /// An attribute is deleted.
    Deleted { name: &'a str },
    /// `__bases__` is assigned, or the method resolution order recomputed.
    Bases,
    /// Something else: what was known of the class is not to be relied upon.
    Other,
}

/// A change of a class as one of its watched subclasses, or itself, sees it.
#[derive(Clone, Copy)]
pub struct TypeEvent<'a> {
    /// The watched class.
    pub class: &'a PyType,
    /// The class that is changed.
    pub origin: &'a PyType,
    pub change: TypeChange<'a>,
    /// Whether anything was looked up in the watched class since it was last changed. CPython tells of the first change only.
    pub first: bool,
}

/// What is told of the changes of watched classes.
pub trait TypeWatcher: Send + Sync {
    /// When it is told; asked once.
    fn timing(&self) -> Timing {
        Timing::Before
    }
    /// A class changes.
    fn modified(&self, event: TypeEvent<'_>) -> PyResult<()>;
}

static REGISTRY: Registry<dyn TypeWatcher> = Registry::new(1);
static TABLE: SideTable<dyn TypeWatcher> = SideTable::new();

/// A registered watcher of classes.
pub type TypeRegistration = Registration<dyn TypeWatcher>;

/// Registers a watcher.
pub fn register(watcher: Arc<dyn TypeWatcher>) -> TypeRegistration {
    let timing = watcher.timing();
    Registration::new(&REGISTRY, Some(&TABLE), watcher, timing)
}

fn address(class: &PyType) -> usize {
    std::ptr::from_ref(class).addr()
}

impl TypeRegistration {
    /// From now on the watcher is told of what happens to `class`, which is not kept alive by that.
    pub fn watch(&self, class: &PyType) {
        // So that the next change is the first one.
        class.version();
        let _section = ShortSection::enter(class.header().lock());
        TABLE.add(address(class), &self.registered);
        class.header().set_flag(WATCHED);
    }
    /// From now on it is not.
    pub fn unwatch(&self, class: &PyType) {
        let _section = ShortSection::enter(class.header().lock());
        if TABLE.remove(address(class), &self.registered) {
            class.header().clear_flag(WATCHED);
        }
    }
}

/// A watched class, who watches it, and whether this is its first change.
struct Watched {
    class: Py<PyType>,
    watchers: Watchers<dyn TypeWatcher>,
    first: bool,
}

/// A change that was begun: to be ended when it is made.
#[must_use]
pub(crate) struct Begun<'a> {
    origin: &'a PyType,
    change: TypeChange<'a>,
    watched: Vec<Watched>,
}

/// Tells that `origin` is about to change.
#[inline]
pub(crate) fn begin<'a>(origin: &'a PyType, change: TypeChange<'a>) -> Begun<'a> {
    let watched = if REGISTRY.is_used() { watched(origin) } else { Vec::new() };
    let begun = Begun { origin, change, watched };
    begun.tell(Timing::Before);
    begun
}

#[cold]
fn watched(origin: &PyType) -> Vec<Watched> {
    // The hierarchy is good until a safepoint: the references are made before anybody is called.
    let below = origin.hierarchy().into_iter().rev().filter(|class| class.header().has_flag(WATCHED));
    let watched = below.filter_map(|class| {
        let watchers = TABLE.of(address(class))?;
        Some(Watched { class: class.to_py(), watchers, first: class.version_now() != 0 })
    });
    watched.collect()
}

impl Begun<'_> {
    /// Tells that the change is made.
    pub(crate) fn end(self) {
        self.tell(Timing::After);
    }
    fn tell(&self, timing: Timing) {
        for Watched { class, watchers, first } in &self.watched {
            let event = TypeEvent { class, origin: self.origin, change: self.change, first: *first };
            let described = |number| format!("type watcher callback #{number} for {}", shown(class.as_obj()));
            tell(watchers, timing, |watcher| watcher.modified(event), described);
        }
    }
}

/// A watched class is being freed.
#[cold]
pub(crate) fn deallocated(address: usize) {
    drop(TABLE.take(address));
}
