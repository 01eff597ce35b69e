//! One thread's slot: its state word, poll word, and what only the thread itself may touch.
//!
//! | state     | meaning                                        | who leaves it                                      |
//! | --------- | ---------------------------------------------- | -------------------------------------------------- |
//! | DETACHED  | blocking or in native code; touches no objects | the thread -> ATTACHED; a stop, or another thread for a moment (`while_detached`) -> SUSPENDED |
//! | ATTACHED  | running                                        | the thread -> DETACHED; a stop -> STOPPING           |
//! | STOPPING  | running, and a stop waits for it               | the thread -> SUSPENDED or VACANT, telling the stop |
//! | SUSPENDED | stopped; may not touch objects                 | the resume -> DETACHED                              |
//! | VACANT    | no thread has this slot                        | registration -> DETACHED                            |
//!
//! Every transition is a read-modify-write of the one word, or is made under the registry's lock
//! when the old value is stable there (STOPPING and SUSPENDED), so no fence between two words is
//! needed: a stop and a detach cannot miss each other. Release on leaving ATTACHED pairs with Acquire
//! in the stop and in QSBR's look; Release in the resume and in that look with Acquire on attaching.
//!
//! Entries are never freed and are reused for later threads; `generation` tells them apart.

use std::cell::Cell;

use crate::critical_section::Sections;
use crate::facade_thread_local;
use crate::parker::Parker;
use crate::qsbr::Retired;
use crate::registry::Registry;
use crate::safepoint::{INTERRUPTING, STOP};
use crate::sync::UnsafeCell;
use crate::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use crate::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, AtomicUsize};

/// A thread's number: 1 and up. The owner field of an object holds one.
pub type Slot = u16;
/// No thread: a merged object's owner, an unregistered thread's number.
pub const NO_SLOT: Slot = 0;

pub(crate) const DETACHED: u32 = 0;
pub(crate) const ATTACHED: u32 = 1;
pub(crate) const STOPPING: u32 = 2;
pub(crate) const SUSPENDED: u32 = 3;
pub(crate) const VACANT: u32 = 4;

/// A slot of the thread table; `&'static`, because the table is never freed.
#[repr(C, align(128))]
pub struct ThreadState {
    /// Reasons to go to a safepoint. Written by anybody, polled by the thread. First: the JIT reads it.
    poll: AtomicU32,
    /// See the module's table.
    pub(crate) state: AtomicU32,
    /// The last QSBR epoch in which the thread was quiescent. Written by the thread, read by reclaimers.
    pub(crate) qsbr_seen: AtomicU64,
    slot: Slot,
    /// How often the thread changed the shape of an object. The owning thread only.
    shape_changes: AtomicU32,
    /// Counts the threads that had this slot. Written under the registry's lock.
    pub(crate) generation: AtomicU32,
    /// gettid(2). Written at registration and after fork.
    pub(crate) native_id: AtomicU64,
    /// pthread_self(3). Written at registration and after fork.
    pub(crate) pthread_id: AtomicUsize,
    registry: &'static Registry,
    parker: Parker,
    /// Active critical sections. The owning thread only.
    pub(crate) sections: UnsafeCell<Sections>,
    /// Storage retired by this thread. The owner while attached; the initiator while the world is stopped.
    pub(crate) retired: UnsafeCell<Retired>,
    /// The object heap of this thread, for `gc`.
    heap: AtomicPtr<()>,
    /// The interpreter's thread, for `vm`.
    interpreter: AtomicPtr<()>,
}

// SAFETY: the cells follow the access rules in their docs; everything else is atomic or immutable.
unsafe impl Sync for ThreadState {}
// SAFETY: nothing in it is bound to the thread that created the table entry.
unsafe impl Send for ThreadState {}

// No panic can break what a slot or the table of slots promises.
impl std::panic::UnwindSafe for ThreadState {}
impl std::panic::RefUnwindSafe for ThreadState {}
impl std::panic::UnwindSafe for Registry {}
impl std::panic::RefUnwindSafe for Registry {}

facade_thread_local! {
    static CURRENT: Cell<Option<&'static ThreadState>> = Cell::new(None)
}
facade_thread_local! {
    static CURRENT_SLOT: Cell<Slot> = Cell::new(NO_SLOT)
}

/// Counts that the calling thread changes the shape of an object that is in use.
#[inline(always)]
pub fn note_shape_change() {
    if let Some(thread) = current() {
        // Relaxed: the thread's own.
        let changes = thread.shape_changes.load(Relaxed);
        thread.shape_changes.store(changes.wrapping_add(1), Relaxed);
    }
}

/// How often it did, but for multiples of 2^32.
#[inline(always)]
pub fn shape_changes() -> u32 {
    current().map_or(0, |thread| thread.shape_changes.load(Relaxed))
}

/// Where a thread counts them, in bytes from its poll word, for machine code.
pub const SHAPE_CHANGES_FROM_POLL: i32 =
    std::mem::offset_of!(ThreadState, shape_changes) as i32 - std::mem::offset_of!(ThreadState, poll) as i32;

/// Where a thread's slot is, in bytes from its poll word, for machine code.
pub const SLOT_FROM_POLL: i32 =
    std::mem::offset_of!(ThreadState, slot) as i32 - std::mem::offset_of!(ThreadState, poll) as i32;

/// The calling thread's slot; `NO_SLOT` when it is not registered.
#[inline(always)]
pub fn current_slot() -> Slot {
    CURRENT_SLOT.with(Cell::get)
}

/// The calling thread's state, if it is registered.
#[inline(always)]
pub fn current() -> Option<&'static ThreadState> {
    CURRENT.with(Cell::get)
}

pub(crate) fn set_current(thread: Option<&'static ThreadState>) {
    CURRENT.with(|current| current.set(thread));
    CURRENT_SLOT.with(|slot| slot.set(thread.map_or(NO_SLOT, |thread| thread.slot)));
}

/// Whether the calling thread is registered and may touch objects.
#[inline]
pub fn is_attached() -> bool {
    current().is_some_and(ThreadState::is_attached)
}

/// Attaches the calling thread; waits while the world is stopped. Nothing if already attached or not registered.
pub fn attach() {
    if let Some(thread) = current() {
        thread.attach();
    }
}

/// Detaches the calling thread before it blocks. Nothing if already detached or not registered.
pub fn detach() {
    if let Some(thread) = current() {
        thread.detach();
    }
}

/// Attaches again when a blocking operation ends, by unwinding too.
struct Reattach {
    thread: &'static ThreadState,
    sections: bool,
}

impl Drop for Reattach {
    fn drop(&mut self) {
        if self.sections {
            self.thread.attach();
        } else {
            self.thread.enter();
        }
    }
}

/// Runs a blocking operation detached. Nests, and merely calls it on a thread that is not attached.
#[inline]
pub fn detached<R>(operation: impl FnOnce() -> R) -> R {
    let _reattach = current().filter(|thread| thread.is_attached()).map(|thread| {
        thread.detach();
        Reattach { thread, sections: true }
    });
    operation()
}

/// `detached` for the critical-section code, which sees to the sections itself.
pub(crate) fn detached_without_sections<R>(operation: impl FnOnce() -> R) -> R {
    let _reattach = current().filter(|thread| thread.is_attached()).map(|thread| {
        thread.leave();
        Reattach { thread, sections: false }
    });
    operation()
}

impl ThreadState {
    /// Where the poll word is, for generated code.
    pub const POLL_OFFSET: usize = 0;

    pub(crate) fn new(slot: Slot, registry: &'static Registry) -> ThreadState {
        ThreadState {
            poll: AtomicU32::new(0),
            state: AtomicU32::new(VACANT),
            qsbr_seen: AtomicU64::new(0),
            slot,
            shape_changes: AtomicU32::new(0),
            generation: AtomicU32::new(0),
            native_id: AtomicU64::new(0),
            pthread_id: AtomicUsize::new(0),
            registry,
            parker: Parker::new(),
            sections: UnsafeCell::new(Sections::new()),
            retired: UnsafeCell::new(Retired::new()),
            heap: AtomicPtr::new(std::ptr::null_mut()),
            interpreter: AtomicPtr::new(std::ptr::null_mut()),
        }
    }

    /// This thread's number.
    #[inline]
    pub fn slot(&self) -> Slot {
        self.slot
    }

    /// How often the slot has been given to a thread.
    pub fn generation(&self) -> u32 {
        self.generation.load(Relaxed) // Relaxed: identity only.
    }

    /// The kernel's thread id.
    pub fn native_id(&self) -> u64 {
        self.native_id.load(Relaxed) // Relaxed: identity only.
    }

    /// The C library's thread id.
    pub fn pthread_id(&self) -> usize {
        self.pthread_id.load(Relaxed) // Relaxed: identity only.
    }

    /// The registry this slot belongs to.
    #[inline]
    pub fn registry(&self) -> &'static Registry {
        self.registry
    }

    /// The thread's mailbox.
    #[inline]
    pub fn parker(&'static self) -> &'static Parker {
        &self.parker
    }

    /// What `gc` stored with `set_heap`; null at first.
    #[inline]
    pub fn heap(&self) -> *mut () {
        self.heap.load(Acquire) // Pairs with `set_heap`.
    }

    /// Publishes this thread's object heap.
    pub fn set_heap(&self, heap: *mut ()) {
        self.heap.store(heap, Release); // Pairs with `heap`.
    }

    /// What `vm` stored with `set_interpreter`; null at first.
    #[inline]
    pub fn interpreter(&self) -> *mut () {
        self.interpreter.load(Acquire) // Pairs with `set_interpreter`.
    }

    /// Publishes this thread's interpreter state.
    pub fn set_interpreter(&self, interpreter: *mut ()) {
        self.interpreter.store(interpreter, Release); // Pairs with `interpreter`.
    }

    // The poll word.

    /// The poll word; zero while nothing is wanted.
    #[inline(always)]
    pub fn poll(&self) -> u32 {
        self.poll.load(Relaxed) // Relaxed: the slow path synchronizes with what each bit stands for.
    }

    /// Where the poll word is, for machine code.
    #[inline(always)]
    pub fn poll_address(&self) -> *const u32 {
        std::ptr::from_ref(&self.poll).cast()
    }

    /// Asks this thread to go to its safepoint for `bits`. Async-signal-safe on Linux.
    /// `INTERRUPTING` bits also wake it from an interruptible wait.
    pub fn request(&self, bits: u32) {
        // Release pairs with `take`: what was done before the request is seen by who serves it.
        self.poll.fetch_or(bits, AcqRel);
        if bits & INTERRUPTING != 0 {
            self.parker.poke();
        }
    }

    /// Clears `bits`.
    pub fn clear(&self, bits: u32) {
        self.poll.fetch_and(!bits, AcqRel);
    }

    /// Clears `bits` and tells whether any of them was set: to be called before the work is done.
    pub fn take(&self, bits: u32) -> bool {
        // Acquire pairs with `request`.
        self.poll.fetch_and(!bits, AcqRel) & bits != 0
    }

    /// Wakes the thread from an interruptible wait, to look at its poll word again.
    pub fn interrupt(&self) {
        self.parker.poke();
    }

    /// Whether a signal or an asynchronous exception waits for this thread.
    #[inline]
    pub fn is_interrupted(&self) -> bool {
        self.poll.load(Relaxed) & INTERRUPTING != 0 // Relaxed: the parker's word orders it after the request.
    }

    // The state word.

    /// Whether the thread may touch objects. Exact only for the thread itself.
    #[inline]
    pub fn is_attached(&self) -> bool {
        // Relaxed: the thread itself made it so.
        matches!(self.state.load(Relaxed), ATTACHED | STOPPING)
    }

    /// Whether the slot belongs to no thread.
    pub fn is_vacant(&self) -> bool {
        self.state.load(Relaxed) == VACANT // Relaxed: changes under the registry's lock.
    }

    /// Leaves ATTACHED and suspends the critical sections. Only for the thread itself.
    pub(crate) fn detach(&'static self) {
        if self.is_attached() {
            self.suspend_sections();
            self.orphan_sealed();
            self.leave();
        }
    }

    /// Becomes ATTACHED, waiting while stopped, and takes the top critical section again. Only for the thread itself.
    pub(crate) fn attach(&'static self) {
        if !self.is_attached() {
            self.enter();
            self.resume_sections();
        }
    }

    /// ATTACHED -> DETACHED, or STOPPING -> SUSPENDED.
    pub(crate) fn leave(&'static self) {
        // Release pairs with the Acquire of a stop or of a QSBR look that finds the thread detached.
        if self.state.compare_exchange(ATTACHED, DETACHED, Release, Relaxed).is_err() {
            self.registry.acknowledge_stop(self);
        }
    }

    /// DETACHED -> ATTACHED, waiting out a stop.
    pub(crate) fn enter(&'static self) {
        // Acquire pairs with the Release of the resume, and of a QSBR look that found the thread detached.
        while self.state.compare_exchange(DETACHED, ATTACHED, Acquire, Relaxed).is_err() {
            self.registry.wait_until_resumed(self);
        }
    }

    /// Runs `work`, which is short, on behalf of the thread while that is detached and cannot attach; `None`, and nothing done, if it is
    /// not detached or the registry is busy. The calling thread is attached.
    pub fn while_detached<R>(&self, work: impl FnOnce() -> R) -> Option<R> {
        // Relaxed: a guess, confirmed below.
        if self.state.load(Relaxed) != DETACHED {
            return None;
        }
        // Under the lock to the end: nobody else finds the thread suspended without a stop.
        let _inner = self.registry.inner.try_lock()?;
        // Acquire pairs with the Release in `leave`: we see what the thread did before.
        self.state.compare_exchange(DETACHED, SUSPENDED, Acquire, Relaxed).ok()?;
        let result = work();
        // Release pairs with the Acquire in `enter`. Who waits to attach waits for the lock, not to be woken.
        self.state.store(DETACHED, Release);
        Some(result)
    }

    /// The thread's side of a stop: parks until resumed. A safepoint: announces quiescence.
    pub fn handle_stop(&'static self) {
        // Relaxed: a hint; `leave` decides by compare-exchange.
        if self.state.load(Relaxed) == STOPPING {
            self.suspend_sections();
            self.leave();
            self.attach();
            self.quiescent();
        }
    }
}

const _: () = assert!(std::mem::offset_of!(ThreadState, poll) == ThreadState::POLL_OFFSET);
const _: () = assert!(STOP != 0);
