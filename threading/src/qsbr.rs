//! Quiescent-state reclamation: freeing storage that lock-free readers may still be looking at.
//!
//! A writer unlinks storage and *retires* it. Retired items gather in the thread's *batch*; when the batch is large enough it
//! is *sealed* with a goal, the next epoch, and everybody is asked for a tick. A thread is *quiescent* at its safepoints,
//! where it holds no unlocked pointer: there it notes the current epoch in `qsbr_seen`. A batch is freed when each thread
//! either has seen the goal, or is detached (off line).
//!
//! Why that is safe: `quiescent` reads the epoch with Acquire, so a thread that has seen the goal
//! also sees the unlinking, done before the sealing; its earlier reads are ordered before the freeing by the Release of `qsbr_seen`. A
//! detached thread is looked at with a read-modify-write of its state word: its earlier reads are ordered by its Release on
//! leaving; if it attaches later, its Acquire reads from our Release, so it sees the unlinking too. A thread that is
//! registering is ordered the same way through `high_water`.
//!
//! Deallocation functions run at a safepoint of some thread, under no lock; they must not run Python code.

use std::collections::VecDeque;

use crate::const_fn;
use crate::registry::Registry;
use crate::safepoint::QSBR_TICK;
use crate::sync::Mutex;
use crate::sync::atomic::AtomicUsize;
use crate::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use crate::thread_state::{self, ATTACHED, STOPPING, ThreadState};

/// A batch is sealed when it has this many items.
pub const BATCH_ITEMS: usize = 128;
/// A batch is sealed when it keeps this many bytes.
pub const BATCH_BYTES: usize = 256 * 1024;

enum Item {
    Call(Box<dyn FnOnce() + Send>),
    Storage { pointer: *mut u8, dealloc: unsafe fn(*mut u8, usize), bytes: usize },
}

// SAFETY: `retire_raw` demands that any thread may call the function.
unsafe impl Send for Item {}

impl Item {
    fn free(self) {
        match self {
            Item::Call(call) => call(),
            Item::Storage { pointer, dealloc, bytes } => {
                // SAFETY: `retire_raw` passed ownership of the storage, and an item is freed once.
                unsafe { dealloc(pointer, bytes) }
            }
        }
    }
}

struct Batch {
    goal: u64,
    items: Vec<Item>,
}

fn free_batches(batches: impl IntoIterator<Item = Batch>) {
    for batch in batches {
        batch.items.into_iter().for_each(Item::free);
    }
}

/// What one thread has retired.
pub(crate) struct Retired {
    open: Vec<Item>,
    open_bytes: usize,
    /// In order of their goals.
    sealed: VecDeque<Batch>,
}

impl Retired {
    pub(crate) const fn new() -> Retired {
        Retired { open: Vec::new(), open_bytes: 0, sealed: VecDeque::new() }
    }
}

/// Batches that no thread's own safepoint will free: others had yet to pass when their owner did, or the
/// owner detached, ended, or was never registered. Any thread's safepoint frees them.
pub(crate) struct Orphans {
    batches: Mutex<Vec<Batch>>,
    /// Number of batches: a hint that spares the lock.
    count: AtomicUsize,
}

impl Orphans {
    const_fn! {
        pub(crate) const fn new() -> Orphans {
            Orphans { batches: Mutex::new(Vec::new()), count: AtomicUsize::new(0) }
        }
    }
}

/// Frees by calling `call`, once no thread can be reading what it frees.
pub fn retire(call: Box<dyn FnOnce() + Send>) {
    retire_item(Item::Call(call), 0);
}

/// Frees `pointer` by `dealloc(pointer, bytes)`, once no thread can be reading it.
///
/// # Safety
/// The storage is unlinked: threads that are quiescent from now on cannot reach it. It is owned by the
/// caller, and any thread may call `dealloc` on it.
pub unsafe fn retire_raw(pointer: *mut u8, dealloc: unsafe fn(*mut u8, usize), bytes: usize) {
    retire_item(Item::Storage { pointer, dealloc, bytes }, bytes);
}

fn retire_item(item: Item, bytes: usize) {
    match thread_state::current() {
        Some(thread) if thread.is_attached() => thread.retire_item(item, bytes),
        thread => thread.map_or_else(crate::global::registry, ThreadState::registry).orphan(vec![item]),
    }
}

/// Announces that the calling thread holds no unlocked pointer, and frees what has come due.
pub fn quiescent() {
    if let Some(thread) = thread_state::current() {
        thread.quiescent();
    }
}

/// Seals the calling thread's batch whatever its size, and asks everybody for a tick.
pub fn flush() {
    if let Some(thread) = thread_state::current().filter(|thread| thread.is_attached()) {
        thread.seal_batch();
    }
}

/// Frees everything that was retired before the call, by all threads. Stops the world.
pub fn barrier_drain() {
    thread_state::current()
        .map_or_else(crate::global::registry, ThreadState::registry)
        .stop_the_world(|stopped| stopped.reclaim_retired());
}

impl ThreadState {
    /// The owner's (or, the world being stopped, the initiator's) access; frees nothing inside.
    fn with_retired<R>(&self, work: impl FnOnce(&mut Retired) -> R) -> R {
        self.retired.with_mut(|retired| {
            // SAFETY: the caller is the attached owner, or has stopped it; `work` does not come here again.
            work(unsafe { &mut *retired })
        })
    }

    fn retire_item(&'static self, item: Item, bytes: usize) {
        let full = self.with_retired(|retired| {
            retired.open.push(item);
            retired.open_bytes += bytes;
            retired.open.len() >= BATCH_ITEMS || retired.open_bytes >= BATCH_BYTES
        });
        if full {
            self.seal_batch();
        }
    }

    fn seal_batch(&'static self) {
        let registry = self.registry();
        let sealed = self.with_retired(|retired| {
            if retired.open.is_empty() {
                return false;
            }
            let items = std::mem::take(&mut retired.open);
            retired.open_bytes = 0;
            retired.sealed.push_back(Batch { goal: registry.next_epoch(), items });
            true
        });
        if sealed {
            registry.request_all(QSBR_TICK);
        }
    }

    /// Notes the current epoch and frees what has come due. Only for the thread itself, attached.
    pub fn quiescent(&'static self) {
        let registry = self.registry();
        // Acquire pairs with `next_epoch`: who sees the goal sees the unlinking.
        let epoch = registry.epoch.load(Acquire);
        // Release pairs with the Acquire in `all_have_seen`: earlier reads come before the freeing.
        self.qsbr_seen.store(epoch, Release);
        if !self.is_attached() {
            return;
        }
        let goal = self.with_retired(|retired| retired.sealed.front().map(|batch| batch.goal));
        if goal.is_some_and(|goal| registry.all_have_seen(goal)) {
            let goal = goal.unwrap_or(0);
            let due: Vec<Batch> = self.with_retired(|retired| {
                let count = retired.sealed.iter().take_while(|batch| batch.goal <= goal).count();
                retired.sealed.drain(..count).collect()
            });
            free_batches(due);
        }
        // What has to wait for others is freed by the last of them. First given away, then looked at
        // once more: they may all have passed meanwhile.
        let gave_away = self.orphan_sealed();
        registry.reclaim_orphans();
        if gave_away {
            registry.remind_laggards();
        }
    }

    /// Gives sealed batches away that this thread cannot free now, or will not while it is detached.
    #[inline]
    pub(crate) fn orphan_sealed(&'static self) -> bool {
        self.with_retired(|retired| !retired.sealed.is_empty()) && self.orphan_sealed_slow()
    }

    #[cold]
    fn orphan_sealed_slow(&'static self) -> bool {
        let sealed = self.with_retired(|retired| std::mem::take(&mut retired.sealed));
        let orphans = &self.registry().orphans;
        let mut batches = orphans.batches.lock();
        batches.extend(sealed);
        orphans.count.store(batches.len(), Relaxed); // Relaxed: a hint.
        true
    }

    /// At the thread's end, or in a forked child without it: hands its items to whoever lives on.
    pub(crate) fn orphan_retired(&'static self) {
        let open = self.with_retired(|retired| {
            retired.open_bytes = 0;
            std::mem::take(&mut retired.open)
        });
        self.orphan_sealed();
        if !open.is_empty() {
            self.registry().orphan(open);
        }
    }
}

impl Registry {
    /// Begins an epoch and returns it.
    fn next_epoch(&self) -> u64 {
        // Release pairs with `quiescent`.
        self.epoch.fetch_add(1, AcqRel) + 1
    }

    /// Whether no thread can hold a pointer that was unlinked before epoch `goal` began.
    fn all_have_seen(&self, goal: u64) -> bool {
        self.entries().all(|thread| {
            // Acquire pairs with the Release in `quiescent`.
            if thread.qsbr_seen.load(Acquire) >= goal {
                return true;
            }
            // A read-modify-write, not a load: a thread that attaches afterwards reads from it.
            let state = thread.state.fetch_or(0, AcqRel);
            !matches!(state, ATTACHED | STOPPING)
        })
    }

    /// Asks again who has not seen the newest epoch: requests are made when a batch is sealed, and a thread may have
    /// served that one before the last of the others did.
    fn remind_laggards(&self) {
        let epoch = self.epoch.load(Relaxed); // Relaxed: a hint.
        for thread in self.threads() {
            if thread.qsbr_seen.load(Relaxed) < epoch {
                thread.request(QSBR_TICK);
            }
        }
    }

    fn orphan(&self, items: Vec<Item>) {
        let goal = self.next_epoch();
        let mut orphans = self.orphans.batches.lock();
        orphans.push(Batch { goal, items });
        self.orphans.count.store(orphans.len(), Relaxed); // Relaxed: a hint.
        drop(orphans);
        self.request_all(QSBR_TICK);
    }

    fn reclaim_orphans(&self) {
        // Relaxed: a hint; missing one only delays it.
        if self.orphans.count.load(Relaxed) == 0 {
            return;
        }
        let Some(mut orphans) = self.orphans.batches.try_lock() else { return };
        let (due, rest): (Vec<_>, Vec<_>) =
            orphans.drain(..).partition(|batch| self.all_have_seen(batch.goal));
        *orphans = rest;
        self.orphans.count.store(orphans.len(), Relaxed); // Relaxed: a hint.
        drop(orphans);
        free_batches(due);
    }

    pub(crate) fn reclaim_retired_while_stopped(&'static self) {
        for thread in self.entries() {
            let retired = thread.with_retired(|retired| std::mem::replace(retired, Retired::new()));
            retired.open.into_iter().for_each(Item::free);
            free_batches(retired.sealed);
        }
        let orphans = {
            let mut orphans = self.orphans.batches.lock();
            self.orphans.count.store(0, Relaxed); // Relaxed: a hint.
            std::mem::take(&mut *orphans)
        };
        free_batches(orphans);
    }
}
