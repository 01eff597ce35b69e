//! Watchers: being told of changes to dicts, classes, functions, code objects and contexts.
//!
//! Vocabulary: a *watcher* is what is called; *registering* it gives a [`Registration`], which ends it when dropped. Watchers of
//! functions, code objects and contexts hear of all of these; those of dicts and classes of the *subjects* that were given to
//! [`Registration::watch`](dict) one by one. There may be any number of watchers, and they may come and go on any thread at any time.
//!
//! **What it costs others.** A watched subject has the flag [`WATCHED`] in its header; who watches it stands in a
//! [`SideTable`] by its address. A change looks at the flag in the section in which it is made, the flag is set in such a section, too: so a
//! change either comes before the watching or is told of. For functions, code and contexts there is one word for all of a kind that says
//! whether anybody watches.
//!
//! **Telling.** No lock is held meanwhile but critical sections, which a callback that blocks gives up: the changes of other threads
//! may then come between what was told and what is done, and are told, too. Before a change is made it is compared with what was told of it last.
//! An exception of a watcher goes to `sys.unraisablehook`; the change goes on. A watcher whose registration has ended is not called any
//! more, though it may still be at work on another thread.

pub mod code;
pub mod context;
pub mod dict;
pub mod function;
pub mod types;

use std::sync::{Arc, LazyLock};

use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use taipan_gc::HeaderFlags;
use taipan_threading::sync::atomic::{AtomicBool, Ordering};

use crate::error::*;

/// Somebody watches this dict or class; see the module.
pub(crate) const WATCHED: u8 = HeaderFlags::LAYOUT_B;

/// When a watcher is called.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Timing {
    /// Before the change: what the subject had can still be seen.
    #[default]
    Before,
    /// When the change is visible to all threads.
    After,
}

/// A watcher that was registered.
pub(crate) struct Registered<W: ?Sized> {
    /// The lowest number that no other watcher of the kind had at the time.
    number: usize,
    /// Cleared by who ends the registration, read before each call.
    live: AtomicBool,
    timing: Timing,
    watcher: Arc<W>,
}

/// Some watchers, as they were at one moment.
type Watchers<W> = Arc<[Arc<Registered<W>>]>;

/// All watchers of one kind.
pub(crate) struct Registry<W: ?Sized + 'static> {
    /// Whether there are any. Written under the lock of `all`; Relaxed reads suffice: registering and what happens after it
    /// are ordered by whatever lets one thread know of the other's, and the list is read under its lock.
    used: AtomicBool,
    /// Number of the first watcher.
    first: usize,
    all: Mutex<Option<Watchers<W>>>,
}

impl<W: ?Sized + 'static> Registry<W> {
    const fn new(first: usize) -> Registry<W> {
        Registry { used: AtomicBool::new(false), first, all: Mutex::new(None) }
    }
    #[inline(always)]
    fn is_used(&self) -> bool {
        self.used.load(Ordering::Relaxed)
    }
    fn all(&self) -> Option<Watchers<W>> {
        self.all.lock().clone()
    }
    fn register(&self, watcher: Arc<W>, timing: Timing) -> Arc<Registered<W>> {
        let mut all = self.all.lock();
        let known = all.as_deref().unwrap_or(&[]);
        let number = (self.first..).find(|n| known.iter().all(|k| k.number != *n)).unwrap_or(usize::MAX);
        let new = Arc::new(Registered { number, live: AtomicBool::new(true), timing, watcher });
        let now: Watchers<W> = known.iter().chain([&new]).cloned().collect();
        let former = all.replace(now);
        self.used.store(true, Ordering::Relaxed);
        drop(all);
        drop(former);
        new
    }
    fn forget(&self, watcher: &Arc<Registered<W>>) {
        watcher.live.store(false, Ordering::Release);
        let mut all = self.all.lock();
        let rest = all.as_deref().unwrap_or(&[]).iter().filter(|w| !Arc::ptr_eq(w, watcher));
        let rest: Watchers<W> = rest.cloned().collect();
        self.used.store(!rest.is_empty(), Ordering::Relaxed);
        let former = all.replace(rest);
        // What a watcher holds may be Python objects: dropped when nothing is locked.
        drop(all);
        drop(former);
    }
}

/// A registered watcher; dropping it ends the registration.
#[must_use]
pub struct Registration<W: ?Sized + 'static> {
    registered: Arc<Registered<W>>,
    registry: &'static Registry<W>,
    /// For kinds that watch single subjects.
    table: Option<&'static SideTable<W>>,
}

impl<W: ?Sized + 'static> Registration<W> {
    fn new(
        registry: &'static Registry<W>,
        table: Option<&'static SideTable<W>>,
        watcher: Arc<W>,
        timing: Timing,
    ) -> Registration<W> {
        Registration { registered: registry.register(watcher, timing), registry, table }
    }
    /// The lowest number that no other watcher of the kind had when this one was registered.
    pub fn number(&self) -> usize {
        self.registered.number
    }
}

impl<W: ?Sized + 'static> Drop for Registration<W> {
    fn drop(&mut self) {
        self.registry.forget(&self.registered);
        if let Some(table) = self.table {
            // The subjects' flags stay until their next change finds nobody to tell.
            table.forget(&self.registered);
        }
    }
}

const SHARDS: usize = 16;

/// Who watches which subject, by the subject's address. An entry goes with its subject at the latest.
pub(crate) struct SideTable<W: ?Sized + 'static>(LazyLock<[Mutex<FxHashMap<usize, Watchers<W>>>; SHARDS]>);

impl<W: ?Sized + 'static> SideTable<W> {
    const fn new() -> SideTable<W> {
        SideTable(LazyLock::new(Default::default))
    }
    fn shard(&self, subject: usize) -> &Mutex<FxHashMap<usize, Watchers<W>>> {
        &self.0[(subject >> 4) % SHARDS]
    }
    fn of(&self, subject: usize) -> Option<Watchers<W>> {
        self.shard(subject).lock().get(&subject).cloned()
    }
    fn take(&self, subject: usize) -> Option<Watchers<W>> {
        self.shard(subject).lock().remove(&subject)
    }
    fn add(&self, subject: usize, watcher: &Arc<Registered<W>>) {
        let mut shard = self.shard(subject).lock();
        let known = shard.get(&subject).map_or(&[][..], |watchers| watchers);
        if known.iter().all(|w| !Arc::ptr_eq(w, watcher)) {
            let now: Watchers<W> = known.iter().chain([watcher]).cloned().collect();
            shard.insert(subject, now);
        }
    }
    /// Whether nobody is left that watches the subject.
    fn remove(&self, subject: usize, watcher: &Arc<Registered<W>>) -> bool {
        let mut shard = self.shard(subject).lock();
        let Some(known) = shard.get(&subject) else { return true };
        let rest: Watchers<W> = known.iter().filter(|w| !Arc::ptr_eq(w, watcher)).cloned().collect();
        if rest.is_empty() {
            // `watcher` is the caller's: nothing else dies of it.
            shard.remove(&subject);
            return true;
        }
        shard.insert(subject, rest);
        false
    }
    fn forget(&self, watcher: &Arc<Registered<W>>) {
        for shard in self.0.iter() {
            shard.lock().retain(|_, watchers| {
                if watchers.iter().any(|w| Arc::ptr_eq(w, watcher)) {
                    *watchers = watchers.iter().filter(|w| !Arc::ptr_eq(w, watcher)).cloned().collect();
                }
                !watchers.is_empty()
            });
        }
    }
}

/// Calls those of `watchers` that want to be called at this time. Exceptions on their way are kept; what a watcher raises is reported with
/// the text that `described` gives for its number.
fn tell<W: ?Sized>(
    watchers: &[Arc<Registered<W>>],
    timing: Timing,
    call: impl Fn(&W) -> PyResult<()>,
    described: impl Fn(usize) -> String,
) {
    for watcher in watchers {
        if watcher.timing != timing || !watcher.live.load(Ordering::Acquire) {
            continue;
        }
        let raised = try_take_raised();
        let handled = replace_handled(None);
        if let Err(Raised) = call(&watcher.watcher) {
            let failure = try_take_raised();
            let text = described(watcher.number);
            if let Some(failure) = failure {
                let _ = set_raised(failure);
            }
            crate::hooks::unraisable(Some(&format!("Exception ignored in {text}")), None);
        }
        drop(replace_handled(handled));
        if let Some(raised) = raised {
            let _ = set_raised(raised);
        }
    }
}

/// How an object shows in a message; never raises.
fn shown(object: &taipan_gc::Obj) -> String {
    crate::protocol::repr_string(object).unwrap_or_else(|Raised| {
        drop(try_take_raised());
        "<object repr() failed>".to_owned()
    })
}
