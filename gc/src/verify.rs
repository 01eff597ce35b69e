//! Whole-heap checks: every reference of every live object leads to a live object whose counts account for it.

use rustc_hash::FxHashMap;

use crate::collector::trace_object;
use crate::header::{Header, HeaderFlags};
use crate::heap;
use crate::refcount;
use crate::refcount::pending::stop_with_exact_counts;

/// What is wrong with the heap, in words; nothing if all is well. Stops the world.
pub fn verify() -> Vec<String> {
    stop_with_exact_counts(|| {
        let mut problems = Vec::new();
        let mut internal: FxHashMap<*mut Header, i64> = FxHashMap::default();
        // SAFETY: the world is stopped.
        let pages = unsafe { heap::pages() };
        for page in &pages {
            let mut live = 0;
            page.for_each_object(|ptr| {
                live += 1;
                // SAFETY: an object of the page.
                let header = unsafe { &*ptr };
                if header.has_flag(HeaderFlags::DYING) {
                    return;
                }
                let immortal = header.is_immortal();
                // SAFETY: whole, and the world is stopped.
                unsafe {
                    trace_object(ptr, &mut |value, times| {
                        if !value.is_ptr() {
                            return;
                        }
                        let target = &*value.ptr();
                        if target.shape().0 == 0 {
                            problems.push(format!("{} at {ptr:p} refers to a free block", header.ops().name));
                        } else if !target.is_immortal() && value.is_counted() {
                            *internal.entry(value.ptr()).or_default() += i64::from(times);
                        }
                    });
                }
                if !immortal && refcount::count(header) < 0 {
                    problems.push(format!("{} at {ptr:p} has a negative count", header.ops().name));
                }
            });
            if live > page.used.get() {
                problems.push(format!(
                    "page {page:p}: {live} objects, {} used",
                    page.used.get(),
                    page = *page
                ));
            }
        }
        for (ptr, references) in internal {
            // SAFETY: a live object.
            let header = unsafe { &*ptr };
            let count = refcount::count(header);
            if count < references {
                problems.push(format!(
                    "{} at {ptr:p}: {references} references, count {count}",
                    header.ops().name
                ));
            }
        }
        problems
    })
}
