//! What has to be asked of the garbage before it can be freed, while the world goes on; see the phases in `collector`.
//!
//! Invariant: each piece of garbage is merged and held by one reference from [`Garbage::find`] to the end, so that no count of it reaches
//! zero elsewhere; its fields are dropped once.

use taipan_threading::sync::atomic::{AtomicBool, Ordering};
use taipan_threading::sync::{Instant, Mutex};

use super::{Collected, DEBUG_SAVEALL, debug, mark, threshold};
use crate::header::{Header, HeaderFlags};
use crate::refcount::{self, protocol};
use crate::reference::Obj;
use crate::shape_table::shape_flags;
use crate::value::Value;
use crate::{dealloc, weakref};

/// Unreachable objects on their way out.
pub(super) struct Garbage {
    objects: Vec<*mut Header>,
    /// Weak reference objects, not garbage themselves, whose referents are.
    callbacks: Vec<Obj>,
    /// Whether any finalizer has to run.
    finalizers: bool,
}

/// The marks of the garbage that is being disposed of.
static DOOMED: Mutex<Option<mark::Marks>> = Mutex::new(None);
static SAVED: Mutex<Vec<Obj>> = Mutex::new(Vec::new());

/// Whether the object is garbage that the collection under way will free.
pub(super) fn is_doomed(ptr: *const Header) -> bool {
    DOOMED.lock().as_ref().is_some_and(|marks| marks.is_doomed(ptr))
}

/// The collection under way does not exist in this process.
pub(super) fn forget() {
    *DOOMED.lock() = None;
}

/// What `DEBUG_SAVEALL` kept.
pub fn take_saved() -> Vec<Obj> {
    std::mem::take(&mut *SAVED.lock())
}

/// Whether the object has a finalizer that has not run.
fn wants_finalizer(header: &Header) -> bool {
    header.shape_entry().flags() & shape_flags::FINALIZER != 0 && !header.has_flag(HeaderFlags::FINALIZED)
}

impl Garbage {
    /// Finds the unreachable objects and takes hold of them. Also the number of objects looked at.
    ///
    /// # Safety
    /// The world is stopped.
    pub(super) unsafe fn find() -> (Garbage, usize) {
        let (weakrefs, finalizers) = (AtomicBool::new(false), AtomicBool::new(false));
        let note = |flag: &AtomicBool| {
            if !flag.load(Ordering::Relaxed) {
                flag.store(true, Ordering::Relaxed);
            }
        };
        let hold = |ptr: *mut Header| {
            // SAFETY: a whole object.
            let header = unsafe { &*ptr };
            protocol::hold_while_stopped(&header.local, &header.owner, &header.shared);
            if header.has_flag(HeaderFlags::WEAKREFS) {
                note(&weakrefs);
            }
            if wants_finalizer(header) {
                note(&finalizers);
            }
        };
        // SAFETY: says the caller.
        let found = unsafe { mark::find_garbage(hold) };
        let mut garbage =
            Garbage { objects: found.garbage, callbacks: Vec::new(), finalizers: finalizers.into_inner() };
        threshold::collected(found.candidates, garbage.objects.len(), &found.by_page);
        if !garbage.objects.is_empty() {
            *DOOMED.lock() = Some(found.marks);
        }
        if weakrefs.into_inner() {
            // SAFETY: says the caller.
            unsafe { garbage.clear_weakrefs() };
        }
        (garbage, found.candidates)
    }

    /// Empties the weak references to the garbage.
    ///
    /// # Safety
    /// The world is stopped.
    unsafe fn clear_weakrefs(&mut self) {
        for &ptr in &self.objects {
            // SAFETY: whole objects.
            if unsafe { (*ptr).has_flag(HeaderFlags::WEAKREFS) } {
                self.callbacks.extend(weakref::clear(ptr));
            }
        }
    }

    /// Finalizes, looks for resurrection; then everything that is left is to be freed.
    pub(super) fn finish(mut self, result: &mut Collected) -> Vec<*mut Header> {
        if self.objects.is_empty() {
            return Vec::new();
        }
        weakref::run_callbacks(std::mem::take(&mut self.callbacks));
        if self.finalizers && self.finalize() {
            let mut survivors = Vec::new();
            refcount::pending::stop_with_exact_counts(|| {
                let since = Instant::now();
                // SAFETY: the world is stopped.
                unsafe {
                    survivors = self.split_resurrected();
                    self.clear_weakrefs();
                }
                if let Some(marks) = &*DOOMED.lock() {
                    survivors.iter().for_each(|&ptr| marks.spare(ptr));
                }
                result.stopped += since.elapsed();
            });
            for ptr in survivors {
                // SAFETY: the hold.
                unsafe { refcount::decref(ptr) }
            }
        }
        if debug() & DEBUG_SAVEALL != 0 {
            forget();
            result.uncollectable += self.objects.len();
            // SAFETY: the holds are passed on.
            let saved =
                self.objects.drain(..).map(|ptr| unsafe { Obj::from_value_unchecked(Value::from_ptr(ptr)) });
            SAVED.lock().extend(saved);
            return Vec::new();
        }
        weakref::run_callbacks(std::mem::take(&mut self.callbacks));
        self.objects
    }

    /// Runs finalizers that have not run; true if there was any.
    fn finalize(&self) -> bool {
        let mut any = false;
        for &ptr in &self.objects {
            // SAFETY: held.
            let header = unsafe { &*ptr };
            if wants_finalizer(header) && header.set_flag(HeaderFlags::FINALIZED) {
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
}
