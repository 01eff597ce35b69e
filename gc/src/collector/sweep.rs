//! Getting rid of the garbage while the world goes on; see the phases in `collector`.
//!
//! Invariant: each piece of garbage is merged and held by one reference from [`Garbage::hold`] to the end, so that no count of it reaches
//! zero elsewhere; its fields are dropped once.

use rustc_hash::FxHashSet;
use taipan_threading::sync::atomic::Ordering;
use taipan_threading::sync::{Instant, Mutex};

use super::{Collected, DEBUG_SAVEALL, debug, mark};
use crate::header::{Header, HeaderFlags};
use crate::refcount::{self, protocol};
use crate::reference::Obj;
use crate::shape_table::shape_flags;
use crate::value::Value;
use crate::{dealloc, heap, weakref};

/// Unreachable objects on their way out.
pub(super) struct Garbage {
    objects: Vec<*mut Header>,
    /// Weak reference objects, not garbage themselves, whose referents are.
    callbacks: Vec<Obj>,
}

/// Addresses of the garbage that is being disposed of.
static DOOMED: Mutex<Option<FxHashSet<usize>>> = Mutex::new(None);
static SAVED: Mutex<Vec<Obj>> = Mutex::new(Vec::new());

/// Whether the object is garbage that the collection under way will free.
pub(super) fn is_doomed(ptr: *const Header) -> bool {
    DOOMED.lock().as_ref().is_some_and(|doomed| doomed.contains(&ptr.addr()))
}

/// The collection under way does not exist in this process.
pub(super) fn forget() {
    *DOOMED.lock() = None;
}

/// What `DEBUG_SAVEALL` kept.
pub fn take_saved() -> Vec<Obj> {
    std::mem::take(&mut *SAVED.lock())
}

impl Garbage {
    /// Takes hold of unreachable objects.
    ///
    /// # Safety
    /// The world is stopped.
    pub(super) unsafe fn hold(objects: Vec<*mut Header>) -> Garbage {
        let mut garbage = Garbage { objects, callbacks: Vec::new() };
        if garbage.objects.is_empty() {
            return garbage;
        }
        for &ptr in &garbage.objects {
            // SAFETY: whole objects.
            let header = unsafe { &*ptr };
            let _zero = protocol::merge(&header.local, &header.owner, &header.shared, 1);
        }
        *DOOMED.lock() = Some(garbage.objects.iter().map(|ptr| ptr.addr()).collect());
        // SAFETY: says the caller.
        unsafe { garbage.clear_weakrefs() };
        garbage
    }

    /// Empties the weak references to the garbage.
    ///
    /// # Safety
    /// The world is stopped.
    unsafe fn clear_weakrefs(&mut self) {
        let mut doomed_weak = Vec::new();
        for &ptr in &self.objects {
            // SAFETY: whole objects.
            if unsafe { (*ptr).has_flag(HeaderFlags::WEAKREFS) } {
                for weak in weakref::clear(ptr) {
                    if is_doomed(weak.value().ptr()) {
                        doomed_weak.push(weak)
                    } else {
                        self.callbacks.push(weak)
                    }
                }
            }
        }
        // Weak references that are garbage themselves are not called; their holds keep them.
        drop(doomed_weak);
    }

    /// Finalizes, looks for resurrection, frees.
    pub(super) fn dispose(mut self, result: &mut Collected) {
        if self.objects.is_empty() {
            return;
        }
        weakref::run_callbacks(std::mem::take(&mut self.callbacks));
        let finalized = self.finalize();
        let mut survivors = Vec::new();
        refcount::pending::stop_with_exact_counts(|| {
            let since = Instant::now();
            // SAFETY: the world is stopped.
            unsafe {
                if finalized {
                    survivors = self.split_resurrected();
                    self.clear_weakrefs();
                }
                for &ptr in &self.objects {
                    if debug() & DEBUG_SAVEALL == 0 {
                        (*ptr).set_flag(HeaderFlags::DYING);
                    }
                }
            }
            *DOOMED.lock() = None;
            result.stopped += since.elapsed();
        });
        for ptr in survivors {
            // SAFETY: the hold.
            unsafe { refcount::decref(ptr) }
        }
        if debug() & DEBUG_SAVEALL != 0 {
            result.uncollectable += self.objects.len();
            // SAFETY: the holds are passed on.
            let saved =
                self.objects.drain(..).map(|ptr| unsafe { Obj::from_value_unchecked(Value::from_ptr(ptr)) });
            SAVED.lock().extend(saved);
            return;
        }
        weakref::run_callbacks(std::mem::take(&mut self.callbacks));
        self.free(result);
    }

    /// Runs finalizers that have not run; true if there was any.
    fn finalize(&self) -> bool {
        let mut any = false;
        for &ptr in &self.objects {
            // SAFETY: held.
            let header = unsafe { &*ptr };
            if header.shape_entry().flags() & shape_flags::FINALIZER != 0
                && header.set_flag(HeaderFlags::FINALIZED)
            {
                any = true;
                refcount::protocol::add_shared(&header.shared);
                // SAFETY: the reference just added.
                let object = unsafe { Obj::from_value_unchecked(Value::from_ptr(ptr)) };
                dealloc::call_finalizer(&object);
            }
        }
        any
    }

    /// Takes those out that are reachable again.
    ///
    /// # Safety
    /// The world is stopped.
    unsafe fn split_resurrected(&mut self) -> Vec<*mut Header> {
        // SAFETY: says the caller; the objects are held and whole.
        let alive = unsafe { mark::resurrected(&self.objects, 1) };
        let mut survivors = Vec::new();
        let mut index = 0;
        self.objects.retain(|&ptr| {
            let lives = alive[index];
            index += 1;
            if lives {
                survivors.push(ptr);
            }
            !lives
        });
        survivors
    }

    /// Drops all fields, then frees all blocks.
    fn free(self, result: &mut Collected) {
        // Classes last: dropping an instance's slots may look at its class.
        // SAFETY: held.
        let is_deferred = |ptr: *mut Header| unsafe { (*ptr).has_flag(HeaderFlags::DEFERRED) };
        for deferred in [false, true] {
            for &ptr in self.objects.iter().filter(|&&ptr| is_deferred(ptr) == deferred) {
                // SAFETY: unreachable, and each is dropped once.
                unsafe { dealloc::drop_fields(ptr, (*ptr).shape_entry()) }
            }
        }
        // Nobody else refers to the garbage any more.
        refcount::pending::flush();
        for ptr in self.objects {
            // SAFETY: held.
            let header = unsafe { &*ptr };
            if header.shared.load(Ordering::Acquire) == protocol::MERGED + protocol::ONE {
                // SAFETY: our hold is the last reference.
                unsafe { heap::free(ptr) }
                result.collected += 1;
            } else {
                debug_assert!(false, "garbage {} is referred to from outside", header.ops().name);
                // Some trace function reported a reference that was not there. The block stays, for safety.
                result.uncollectable += 1;
            }
        }
    }
}
