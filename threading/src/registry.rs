//! All threads: the slot table, registration, and the lock that orders both against stops.
//!
//! The table grows in chunks that are never freed, so a `&'static ThreadState` stays good; a slot is reused
//! after its thread has unregistered, which it does after its cleanup (draining its merge queue, giving away its heap).
//! Fields under `inner` change only under its lock. Registration waits while a stop is on, so the set of threads that a stop sees is fixed.

use crate::const_fn;
use crate::qsbr::Orphans;
use crate::stop_the_world::StopState;
use crate::sync::atomic::Ordering::{AcqRel, Relaxed, Release};
use crate::sync::atomic::{AtomicBool, AtomicU32, AtomicU64};
use crate::sync::{Condvar, Mutex, MutexGuard, OnceLock};
use crate::thread_state::{self, ATTACHED, DETACHED, STOPPING, Slot, ThreadState, VACANT};

#[cfg(not(loom))]
const CHUNK: usize = 32;
#[cfg(loom)]
const CHUNK: usize = 3;
#[cfg(not(loom))]
const CHUNKS: usize = 2047;
#[cfg(loom)]
const CHUNKS: usize = 1;

/// What the registry's lock protects.
pub(crate) struct Inner {
    pub(crate) free: Vec<Slot>,
    pub(crate) live: usize,
    pub(crate) stop: StopState,
}

/// The threads of one runtime.
pub struct Registry {
    chunks: [OnceLock<Box<[ThreadState]>>; CHUNKS],
    /// Slots 1 to this number have been used. Grows under `inner`, read by anybody.
    pub(crate) high_water: AtomicU32,
    pub(crate) inner: Mutex<Inner>,
    /// `inner.stop.pending` became zero.
    pub(crate) all_stopped: Condvar,
    /// A stop ended.
    pub(crate) resumed: Condvar,
    /// A stop is on, for assertions.
    pub(crate) stopped: AtomicBool,
    /// A second thread was registered, ever.
    multi_threaded: AtomicBool,
    /// The QSBR epoch.
    pub(crate) epoch: AtomicU64,
    pub(crate) orphans: Orphans,
}

impl Registry {
    const_fn! {
        /// An empty registry.
        pub const fn new() -> Registry {
            Registry {
                chunks: [const { OnceLock::new() }; CHUNKS],
                high_water: AtomicU32::new(0),
                inner: Mutex::new(Inner { free: Vec::new(), live: 0, stop: StopState::new() }),
                all_stopped: Condvar::new(),
                resumed: Condvar::new(),
                stopped: AtomicBool::new(false),
                multi_threaded: AtomicBool::new(false),
                epoch: AtomicU64::new(1),
                orphans: Orphans::new(),
            }
        }
    }

    /// A registry that lives as long as the process, for models and tests.
    pub fn leaked() -> &'static Registry {
        Box::leak(Box::new(Registry::new()))
    }

    /// False until a second thread registers. It changes while every other thread is at a safepoint
    /// or detached, so code that looked at it may use plain stores up to its next safepoint.
    #[inline(always)]
    pub fn multi_threaded(&self) -> bool {
        self.multi_threaded.load(Relaxed) // Relaxed: see `ensure_multi_threaded`.
    }

    /// See [`crate::multi_threaded_address`].
    pub(crate) fn multi_threaded_address(&self) -> *const u8 {
        std::ptr::from_ref(&self.multi_threaded).cast()
    }

    /// To be called, attached, by a thread that is about to start another: spares the newcomer a stop.
    pub fn prepare_thread_start(&'static self) {
        let inner = self.inner.lock();
        if inner.live <= 1 {
            // Relaxed: the spawn itself orders it before the new thread.
            self.multi_threaded.store(true, Relaxed);
        } else {
            drop(inner);
            self.ensure_multi_threaded();
        }
    }

    /// Flips the flag while the one thread that relied on it is stopped.
    fn ensure_multi_threaded(&'static self) {
        if !self.multi_threaded() {
            // Relaxed: the stop orders it for the stopped thread.
            self.stop_the_world(|_| self.multi_threaded.store(true, Relaxed));
        }
    }

    /// Gives the calling thread a slot and attaches it. Returns its state if it has one already;
    /// `None` when all slots are taken.
    pub fn try_register(&'static self) -> Option<&'static ThreadState> {
        if let Some(thread) = thread_state::current() {
            return Some(thread);
        }
        let mut inner = self.lock_between_stops();
        while inner.live >= 1 && !self.multi_threaded() {
            drop(inner);
            self.ensure_multi_threaded();
            inner = self.lock_between_stops();
        }
        let slot = match inner.free.pop() {
            Some(slot) => slot,
            None => {
                let next = self.high_water.load(Relaxed) as usize + 1; // Relaxed: changes under this lock.
                if next > CHUNK * CHUNKS {
                    return None;
                }
                next as Slot
            }
        };
        inner.live += 1;
        let thread = self.entry(slot);
        thread.generation.fetch_add(1, Relaxed); // Relaxed: identity only.
        thread.set_os_ids();
        thread.clear(u32::MAX);
        // A read-modify-write that follows a QSBR look at the vacant slot, and the new thread's attach reads from it.
        thread.state.fetch_xor(VACANT ^ DETACHED, AcqRel);
        // AcqRel: a reclaimer either reads the new bound or is ordered before this thread's reads.
        self.high_water.fetch_max(u32::from(slot), AcqRel);
        drop(inner);
        thread_state::set_current(Some(thread));
        thread.attach();
        thread.quiescent();
        Some(thread)
    }

    /// `try_register` for threads that cannot go on without.
    pub fn register(&'static self) -> &'static ThreadState {
        self.try_register().expect("there are more slots than a process can have threads")
    }

    /// Ends the calling thread's registration: attaches, runs `cleanup`, vacates the slot.
    pub fn unregister(&'static self, cleanup: impl FnOnce()) {
        let Some(thread) = thread_state::current() else { return };
        thread.attach();
        cleanup();
        thread.orphan_retired();
        thread.drop_sections();
        let mut inner = self.inner.lock();
        // Release pairs with the Acquire of a stop or QSBR look, as in detaching.
        let old = thread.state.swap(VACANT, Release);
        debug_assert!(matches!(old, ATTACHED | STOPPING), "the thread is attached");
        if old == STOPPING {
            self.one_stopped(&mut inner);
        }
        thread.set_heap(std::ptr::null_mut());
        thread.set_interpreter(std::ptr::null_mut());
        inner.live -= 1;
        inner.free.push(thread.slot());
        drop(inner);
        thread_state::set_current(None);
    }

    fn lock_between_stops(&self) -> MutexGuard<'_, Inner> {
        let mut inner = self.inner.lock();
        while inner.stop.active {
            self.resumed.wait(&mut inner);
        }
        inner
    }

    /// Asks every registered thread.
    pub fn request_all(&self, bits: u32) {
        for thread in self.threads() {
            thread.request(bits);
        }
    }

    /// The threads that have a slot now. A thread may come or go meanwhile, unless the world is stopped.
    pub fn threads(&self) -> impl Iterator<Item = &'static ThreadState> + '_ {
        self.entries().filter(|thread| !thread.is_vacant())
    }

    /// The state behind a slot number, vacant or not.
    #[inline]
    pub fn by_slot(&self, slot: Slot) -> Option<&'static ThreadState> {
        let index = usize::from(slot).checked_sub(1)?;
        let chunk = self.chunks.get(index / CHUNK)?.get()?;
        // SAFETY: entries are never freed: a chunk is set once, the registry itself is `'static`
        // (only `&'static self` creates entries), and the table is not moved.
        Some(unsafe { &*std::ptr::from_ref(&chunk[index % CHUNK]) })
    }

    /// All entries used so far.
    pub(crate) fn entries(&self) -> impl Iterator<Item = &'static ThreadState> + '_ {
        // AcqRel read-modify-write: see `try_register`.
        let last = self.high_water.fetch_add(0, AcqRel);
        (1..=last).filter_map(|slot| self.by_slot(slot as Slot))
    }

    fn entry(&'static self, slot: Slot) -> &'static ThreadState {
        let index = usize::from(slot) - 1;
        let chunk = self.chunks[index / CHUNK].get_or_init(|| {
            let first = index / CHUNK * CHUNK + 1;
            (first..first + CHUNK).map(|slot| ThreadState::new(slot as Slot, self)).collect()
        });
        &chunk[index % CHUNK]
    }
}

impl Default for Registry {
    fn default() -> Self {
        Registry::new()
    }
}

impl ThreadState {
    /// Notes the operating system's names for the calling thread.
    #[cfg(not(loom))]
    pub(crate) fn set_os_ids(&self) {
        // SAFETY: both calls only read the caller's identity.
        let (native, pthread) = unsafe {
            #[cfg(target_os = "linux")]
            let native = libc::syscall(libc::SYS_gettid) as u64;
            #[cfg(not(target_os = "linux"))]
            let native = libc::pthread_self() as u64;
            (native, libc::pthread_self() as usize)
        };
        self.native_id.store(native, Relaxed); // Relaxed: identity only.
        self.pthread_id.store(pthread, Relaxed); // Relaxed: identity only.
    }

    /// A model's threads have no such names.
    #[cfg(loom)]
    pub(crate) fn set_os_ids(&self) {}
}
