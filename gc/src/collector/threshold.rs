//! When to collect: net growth since the last collection against what was alive then.
//!
//! Each heap counts its own growth and adds it to the process's when it exceeds its part (an eighth of the threshold), so no shared
//! line is written often. What a collection frees counts as grown beforehand, so that growth is what comes on top of what the collection left
//! alive. A heap looks at its growth when it goes to another page. The threshold follows the live heap, so the total work of collecting stays linear in the work of building;
//! when collections find little it grows faster. Its least is for one heap: as many heaps as grow have it each, so that threads make as much between two
//! stops as processes would.

use taipan_threading::sync::atomic::{AtomicBool, AtomicIsize, Ordering};

use crate::heap;
use crate::heap::local::{self, LocalHeap};
use crate::heap::page::Page;

/// Net new tracked objects before the first collection.
pub const FIRST_OBJECTS: isize = 30_000;
/// Net new bytes before the first collection.
pub const FIRST_BYTES: isize = 32 << 20;

/// Heaps beyond which the least threshold does not grow, for the sake of memory.
const MOST_HEAPS: isize = 16;

static OBJECTS: AtomicIsize = AtomicIsize::new(FIRST_OBJECTS);
static BYTES: AtomicIsize = AtomicIsize::new(FIRST_BYTES);
/// `gc.set_threshold`: the least number of objects; 0 turns automatic collections off.
static LEAST: AtomicIsize = AtomicIsize::new(FIRST_OBJECTS);
/// Whether [`LEAST`] is the threshold, however much is alive.
static EXACT: AtomicBool = AtomicBool::new(false);
static GROWN_OBJECTS: AtomicIsize = AtomicIsize::new(0);
static GROWN_BYTES: AtomicIsize = AtomicIsize::new(0);
/// Heaps that have reported since the last collection.
static HEAPS: AtomicIsize = AtomicIsize::new(0);

/// Sets the least growth in objects that leads to a collection; 0: none ever does.
pub fn set_least(objects: usize) {
    let objects = isize::try_from(objects).unwrap_or(isize::MAX);
    LEAST.store(objects, Ordering::Relaxed);
    OBJECTS.store(objects.max(1), Ordering::Relaxed);
    // What has grown already counts; other threads' heaps follow at their next look.
    consider(local::heap());
}

/// Whether the threshold stays at the least growth instead of following what is alive. Then the work of collecting is not linear any more.
pub fn set_exact(exact: bool) {
    EXACT.store(exact, Ordering::Relaxed);
}

/// The least growth in objects that leads to a collection.
pub fn least() -> usize {
    LEAST.load(Ordering::Relaxed).unsigned_abs()
}

/// Growth in objects now, as far as heaps have reported it.
pub fn grown() -> usize {
    GROWN_OBJECTS.load(Ordering::Relaxed).max(0).unsigned_abs()
}

/// Whether enough has grown.
pub(super) fn due() -> bool {
    // Relaxed: a heuristic.
    let least = LEAST.load(Ordering::Relaxed);
    let heaps =
        if EXACT.load(Ordering::Relaxed) { 1 } else { HEAPS.load(Ordering::Relaxed).clamp(1, MOST_HEAPS) };
    let objects = OBJECTS.load(Ordering::Relaxed).max(least.saturating_mul(heaps));
    let bytes = BYTES.load(Ordering::Relaxed).max(FIRST_BYTES * heaps);
    least != 0
        && (GROWN_OBJECTS.load(Ordering::Relaxed) >= objects || GROWN_BYTES.load(Ordering::Relaxed) >= bytes)
}

/// A heap has grown by its part: adds that up.
#[cold]
pub(crate) fn consider(heap: &LocalHeap) {
    if !heap.reported.replace(true) {
        HEAPS.fetch_add(1, Ordering::Relaxed);
    }
    GROWN_OBJECTS.fetch_add(heap.grown_objects.replace(0), Ordering::Relaxed);
    GROWN_BYTES.fetch_add(heap.grown_bytes.replace(0), Ordering::Relaxed);
    set_part(heap);
    if due() && super::is_enabled() && !super::is_busy() {
        super::request();
    }
}

fn set_part(heap: &LocalHeap) {
    heap.check_objects.set((OBJECTS.load(Ordering::Relaxed) / 8).max(1000));
    heap.check_bytes.set(BYTES.load(Ordering::Relaxed) / 8);
}

/// A collection has looked at `candidates` objects and found `garbage`, so much on each page. The world is stopped.
pub(super) fn collected(candidates: usize, garbage: usize, by_page: &[(&'static Page, usize)]) {
    let mut live_bytes = 0_isize;
    for heap in local::all() {
        heap.recount();
        heap.grown_objects.set(0);
        heap.grown_bytes.set(0);
        heap.reported.set(false);
        live_bytes += heap.bytes_while_stopped() as isize;
    }
    for &(page, number) in by_page {
        // SAFETY: the world is stopped.
        unsafe { heap::expect_free(page, number) };
    }
    let factor = if garbage * 10 < candidates { 2 } else { 1 };
    let live = (candidates - garbage) as isize;
    let least = LEAST.load(Ordering::Relaxed);
    let followed = if EXACT.load(Ordering::Relaxed) { 0 } else { live.saturating_mul(factor) };
    OBJECTS.store(least.max(followed), Ordering::Relaxed);
    BYTES.store(FIRST_BYTES.max(live_bytes.saturating_mul(factor)), Ordering::Relaxed);
    GROWN_OBJECTS.store(0, Ordering::Relaxed);
    GROWN_BYTES.store(0, Ordering::Relaxed);
    HEAPS.store(0, Ordering::Relaxed);
    for heap in local::all() {
        set_part(heap);
    }
}

/// The garbage of a collection has given back `bytes` that lay outside the heap, which the calling thread was credited with.
pub(super) fn disposed(bytes: isize) {
    let heap = local::heap();
    heap.grown_bytes.set(heap.grown_bytes.get() + bytes);
}
