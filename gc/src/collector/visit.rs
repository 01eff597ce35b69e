//! Looking at the heap from outside: `gc.get_objects` and its kin, `gc.freeze`; making objects immortal.
//!
//! Objects are gathered, with a reference each, while the world is stopped, and handed out when it goes on. Garbage that a
//! collection is disposing of, objects in limbo and dying ones are left out.

use std::ops::ControlFlow;

use parking_lot::Mutex;
use rustc_hash::FxHashSet;
use taipan_threading::stop_the_world;

use super::{mark, sweep};
use crate::header::{Header, HeaderFlags};
use crate::heap;
use crate::refcount;
use crate::refcount::pending::stop_with_exact_counts;
use crate::reference::Obj;
use crate::value::Value;

/// What `gc.freeze` keeps.
static FROZEN: Mutex<Vec<Obj>> = Mutex::new(Vec::new());

/// A reference to each tracked object for which `wanted` holds. The world is stopped for it.
fn gather(mut wanted: impl FnMut(*mut Header) -> bool) -> Vec<Obj> {
    stop_with_exact_counts(|| {
        let mut objects = Vec::new();
        // SAFETY: the world is stopped.
        for page in unsafe { heap::pages() } {
            if !page.tracked {
                continue;
            }
            page.for_each_object(|ptr| {
                // SAFETY: an object of the page.
                let header = unsafe { &*ptr };
                if !header.has_flag(HeaderFlags::LIMBO | HeaderFlags::DYING)
                    && (refcount::count(header) > 0 || header.has_flag(HeaderFlags::DEFERRED))
                    && wanted(ptr)
                    && !sweep::is_doomed(ptr)
                {
                    // SAFETY: alive.
                    objects.push(unsafe { Obj::from_borrowed(Value::from_ptr(ptr)) });
                }
            });
        }
        objects
    })
}

/// All tracked objects.
pub fn get_objects() -> Vec<Obj> {
    gather(|_| true)
}

/// Calls `visit` with every tracked object until it breaks.
pub fn visit_objects(mut visit: impl FnMut(&Obj) -> ControlFlow<()>) {
    for object in &get_objects() {
        if visit(object).is_break() {
            return;
        }
    }
}

/// The tracked objects that directly refer to one of `targets`.
pub fn get_referrers(targets: &[Obj]) -> Vec<Obj> {
    let is_target = |value: Value| targets.iter().any(|target| target.value().same(value));
    gather(|ptr| {
        let mut found = false;
        // SAFETY: whole, and the world is stopped.
        unsafe { mark::trace(ptr, &mut |value, _| found |= is_target(value)) };
        found
    })
}

/// What the object directly refers to.
pub fn get_referents(object: &Obj) -> Vec<Obj> {
    let Some(header) = object.header() else { return Vec::new() };
    stop_the_world(|_| {
        let mut referents = Vec::new();
        // SAFETY: alive, and the world is stopped; a reference keeps its object alive.
        unsafe {
            mark::trace(header, &mut |value, times| {
                for _ in 0..times {
                    referents.push(Obj::from_borrowed(value));
                }
            });
        }
        referents
    })
}

/// Whether the collector knows the object.
pub fn is_tracked(object: &Obj) -> bool {
    object.header().is_some_and(|header| {
        // Objects outside the heap are immortal; the layout answers for those.
        if header.is_immortal() {
            return header.ops().tracked;
        }
        // SAFETY: an object that is not immortal lives on the heap.
        unsafe { heap::is_tracked(header) }
    })
}

/// Keeps all tracked objects, reachable or not, until [`unfreeze`]: no collection looks for garbage among them meanwhile.
pub fn freeze() {
    let now = get_objects();
    let former = std::mem::replace(&mut *FROZEN.lock(), now);
    drop(former);
}

/// Lets go of what [`freeze`] kept: what of it is garbage is found by the next collection.
pub fn unfreeze() {
    let frozen = std::mem::take(&mut *FROZEN.lock());
    drop(frozen);
}

/// Number of objects kept by [`freeze`].
pub fn freeze_count() -> usize {
    FROZEN.lock().len()
}

/// Makes `roots` immortal and, through those objects for which `enter` holds, everything that they lead to: never counted, never freed, not
/// written by who uses them. Returns how many were not immortal before. For good.
pub fn immortalize(roots: &[Obj], enter: impl Fn(&Header) -> bool) -> usize {
    stop_with_exact_counts(|| {
        let mut seen = FxHashSet::default();
        let mut pending: Vec<*const Header> =
            roots.iter().filter_map(Obj::header).map(std::ptr::from_ref).collect();
        let mut number = 0;
        while let Some(ptr) = pending.pop() {
            if !seen.insert(ptr) {
                continue;
            }
            // SAFETY: alive, being referred to by what is alive, and the world is stopped.
            let header = unsafe { &*ptr };
            if mark::is_candidate(header) {
                refcount::immortalize(header);
                number += 1;
            }
            if enter(header) {
                // SAFETY: as above.
                unsafe {
                    mark::trace(ptr, &mut |value, _| {
                        if value.is_ptr() {
                            pending.push(value.ptr().cast_const().cast());
                        }
                    });
                }
            }
        }
        number
    })
}

/// Makes all objects immortal, so that a forked child dirties no page by using them. `prepare` is shown each of them, to compute what
/// they would store in themselves when first asked. Returns how many were not immortal before. For good.
pub fn immortalize_heap(mut prepare: impl FnMut(&Obj)) -> usize {
    stop_with_exact_counts(|| {
        let mut number = 0;
        // SAFETY: the world is stopped.
        for page in unsafe { heap::pages() } {
            page.for_each_object(|ptr| {
                // SAFETY: an object of the page.
                let header = unsafe { &*ptr };
                if mark::is_candidate(header) && !sweep::is_doomed(ptr) {
                    refcount::immortalize(header);
                    number += 1;
                    // SAFETY: alive for good.
                    prepare(&unsafe { Obj::from_borrowed(Value::from_ptr(ptr)) });
                }
            });
        }
        number
    })
}
