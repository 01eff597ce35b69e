//! Weak references: a sharded registry from referent to the weak reference objects, and the upgrade.
//!
//! A weak reference object embeds a [`WeakSlot`], which points to the referent without a count. Its life:
//!
//! | event | what happens |
//! | --- | --- |
//! | [`register`] | referent and weak object get the maybe-weakref state, the referent the `WEAKREFS` flag; the registry gets an entry |
//! | [`upgrade`] | `try_incref`, then the slot is read again: if it still points there, it was the same object |
//! | referent dies | once it is merged, zero and `DYING` no upgrade succeeds; under the shard's lock all slots are emptied and the weak objects that are alive are counted; their callbacks run outside the lock |
//! | weak object dies | [`unregister`] takes its entry away under the lock, before its memory goes |
//!
//! An upgrade may look at a block that has become another object: memory is type-stable, and the second read of the
//! slot, emptied before the block was freed, uncovers it.

use std::collections::HashMap;
use std::ptr::null_mut;

use rustc_hash::FxBuildHasher;
use taipan_threading::sync::Mutex;
use taipan_threading::sync::atomic::{AtomicPtr, Ordering};

use crate::header::{Header, HeaderFlags};
use crate::hooks;
use crate::refcount;
use crate::reference::Obj;
use crate::value::Value;

/// The pointer inside a weak reference object. Written under the shard's lock of its referent.
#[derive(Debug)]
#[repr(transparent)]
pub struct WeakSlot(AtomicPtr<Header>);

impl WeakSlot {
    /// Refers to nothing.
    pub const fn new() -> WeakSlot {
        WeakSlot(AtomicPtr::new(null_mut()))
    }
    /// Whether the referent is gone (or was never set).
    pub fn is_dead(&self) -> bool {
        self.0.load(Ordering::Acquire).is_null()
    }
    /// The referent's address, for comparing only.
    pub fn address(&self) -> usize {
        self.0.load(Ordering::Relaxed).addr()
    }
}

impl Default for WeakSlot {
    fn default() -> WeakSlot {
        WeakSlot::new()
    }
}

struct Entry {
    weak: *mut Header,
    slot: *const WeakSlot,
}
// SAFETY: entries are touched under the shard's lock; both pointers are valid while the entry exists.
unsafe impl Send for Entry {}

type Shard = Mutex<HashMap<usize, Vec<Entry>, FxBuildHasher>>;
const SHARDS: usize = 64;
static REGISTRY: [Shard; SHARDS] = [const { Mutex::new(HashMap::with_hasher(FxBuildHasher)) }; SHARDS];

fn shard(target: *const Header) -> &'static Shard {
    &REGISTRY[(target.addr() >> 4 ^ target.addr() >> 10) % SHARDS]
}

/// Makes `slot`, which lies inside `weak`, refer to `target`. The slot is empty, and both live on the object heap.
/// `weak`'s drop must call [`unregister`]. Numbers cannot be referred to: false.
pub fn register(target: &Obj, weak: &Obj, slot: &WeakSlot) -> bool {
    let (Some(header), Some(weak)) = (target.header(), weak.header()) else { return false };
    refcount::set_maybe_weakref(header);
    refcount::set_maybe_weakref(weak);
    if !header.has_flag(HeaderFlags::WEAKREFS) {
        header.set_flag(HeaderFlags::WEAKREFS);
    }
    let ptr = std::ptr::from_ref(header).cast_mut();
    let mut shard = shard(ptr).lock();
    shard.entry(ptr.addr()).or_default().push(Entry { weak: std::ptr::from_ref(weak).cast_mut(), slot });
    slot.0.store(ptr, Ordering::Release);
    true
}

/// Takes the slot's entry away. For the drop of a weak reference object; nothing if the referent is gone.
pub fn unregister(slot: &WeakSlot) {
    let ptr = slot.0.load(Ordering::Acquire);
    if ptr.is_null() {
        return;
    }
    let mut shard = shard(ptr).lock();
    // Relaxed: written under this lock.
    if slot.0.swap(null_mut(), Ordering::Relaxed).is_null() {
        return;
    }
    if let Some(entries) = shard.get_mut(&ptr.addr()) {
        entries.retain(|entry| !std::ptr::eq(entry.slot, slot));
        if entries.is_empty() {
            shard.remove(&ptr.addr());
        }
    }
}

/// Lets [`find`] come to the weak object before all others that refer to `target`.
pub fn prefer(target: &Obj, weak: &Obj) {
    let (Some(header), Some(weak)) = (target.header(), weak.header()) else { return };
    let ptr = std::ptr::from_ref(header);
    if let Some(entries) = shard(ptr).lock().get_mut(&ptr.addr())
        && let Some(at) = entries.iter().position(|entry| std::ptr::eq(entry.weak, weak))
    {
        entries[..=at].rotate_right(1);
    }
}

/// A counted reference to the referent, unless it is dead.
pub fn upgrade(slot: &WeakSlot) -> Option<Obj> {
    // Acquire pairs with `register`.
    let ptr = slot.0.load(Ordering::Acquire);
    if ptr.is_null() {
        return None;
    }
    // SAFETY: the block cannot have left the heap since we read the pointer: no safepoint in between.
    if !unsafe { refcount::try_incref(ptr) } {
        return None;
    }
    // SAFETY: the reference just made.
    let object = unsafe { Obj::from_value_unchecked(Value::from_ptr(ptr)) };
    // Acquire: not before the increment. If the block was reused we read what its initialization saw: the emptied slot.
    if std::ptr::eq(slot.0.load(Ordering::Acquire), ptr) { Some(object) } else { None }
}

/// Number of weak reference objects that refer to `target`.
pub fn count(target: &Obj) -> usize {
    let Some(header) = target.header() else { return 0 };
    if !header.has_flag(HeaderFlags::WEAKREFS) {
        return 0;
    }
    let ptr = std::ptr::from_ref(header);
    shard(ptr).lock().get(&ptr.addr()).map_or(0, Vec::len)
}

/// The weak reference objects that refer to `target`, oldest first, but for those that a collection has found unreachable.
pub fn list(target: &Obj) -> Vec<Obj> {
    let Some(header) = target.header() else { return Vec::new() };
    if !header.has_flag(HeaderFlags::WEAKREFS) {
        return Vec::new();
    }
    let ptr = std::ptr::from_ref(header);
    let shard = shard(ptr).lock();
    let Some(entries) = shard.get(&ptr.addr()) else { return Vec::new() };
    // SAFETY: a weak object's memory is there while it has its entry, under the shard's lock.
    let wanted = |entry: &&Entry| unsafe { !crate::collector::is_condemned(&*entry.weak) };
    entries.iter().filter(wanted).filter_map(counted).collect()
}

/// The oldest of the weak reference objects in [`list`] that is `wanted`, which looks at it without running code and keeps no reference.
pub fn find(target: &Obj, wanted: impl Fn(&Obj) -> bool) -> Option<Obj> {
    let header = target.header()?;
    if !header.has_flag(HeaderFlags::WEAKREFS) {
        return None;
    }
    let ptr = std::ptr::from_ref(header);
    let shard = shard(ptr).lock();
    shard.get(&ptr.addr())?.iter().find_map(|entry| {
        // SAFETY: a weak object's memory is there while it has its entry, under the shard's lock.
        let weak = unsafe { Obj::from_value_unchecked(Value::from_ptr(entry.weak).uncounted()) };
        // SAFETY: as above.
        let is_condemned = unsafe { crate::collector::is_condemned(&*entry.weak) };
        if is_condemned || !wanted(&weak) { None } else { counted(entry) }
    })
}

/// A reference to the weak object, unless it is dying. Under the shard's lock, so its memory is there.
fn counted(entry: &Entry) -> Option<Obj> {
    // SAFETY: see above.
    unsafe {
        refcount::try_incref(entry.weak).then(|| Obj::from_value_unchecked(Value::from_ptr(entry.weak)))
    }
}

/// Empties all slots that refer to the dead (or doomed) object; returns the weak objects that are alive, newest first. One that a collection has found
/// unreachable is not: its fields may be dropped already.
pub(crate) fn clear(target: *mut Header) -> Vec<Obj> {
    let mut shard = shard(target).lock();
    let Some(entries) = shard.remove(&target.addr()) else { return Vec::new() };
    let mut alive = Vec::new();
    for entry in entries.iter().rev() {
        // SAFETY: as in `list`.
        if unsafe { !crate::collector::is_condemned(&*entry.weak) } {
            alive.extend(counted(entry));
        }
        // Release: before the block is free.
        // SAFETY: the slot lives as long as its entry.
        unsafe { (*entry.slot).0.store(null_mut(), Ordering::Release) };
    }
    alive
}

/// Calls the callbacks of weak objects whose referent died.
pub(crate) fn run_callbacks(weak: Vec<Obj>) {
    let Some(hooks) = hooks::get() else { return };
    for object in weak {
        (hooks.weakref_dead)(object);
    }
}
