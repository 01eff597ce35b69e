//! The inline cache of `super().method`: its words are addresses of immutable [`SuperCache`]s.

use taipan_objects::code::PyCode;
use taipan_objects::type_object::{PyType, class_of};
use taipan_objects::types::types;
use taipan_objects::{Obj, Value};
use taipan_threading::sync::atomic::{AtomicU64, Ordering};

use super::cache::{PATIENCE, let_be_read, uncounted};

/// The method that `super(start, receiver)` gives receivers of a class at a version.
struct SuperCache {
    version: u32,
    /// The class of receivers, and the one to begin behind: it is in the linearization of the former, which keeps it alive at that version.
    class: usize,
    start: usize,
    /// As in [`ClassCache`].
    value: Value,
}

/// Lets the site know what it found.
pub(super) fn remember_super(code: &PyCode, pc: usize, start: &PyType, receiver: &Obj, found: &Obj) {
    let class = class_of(receiver);
    let version = class.version();
    if version == 0 || code.warmth.fetch_add(1, Ordering::Relaxed) > PATIENCE {
        return;
    }
    let_be_read(found);
    let address = |class: &PyType| std::ptr::from_ref(class).addr();
    let cache = SuperCache { version, class: address(class), start: address(start), value: found.value() };
    let cache = Box::leak(Box::new(cache));
    code.cache(pc).store(std::ptr::from_ref(cache).expose_provenance() as u64, Ordering::Release);
}

/// The method if the cache word of a `LOAD_SUPER_ATTR` answers.
#[inline(always)]
pub fn quick_super(cache: &AtomicU64, callable: &Obj, start: &Obj, receiver: &Obj) -> Option<Obj> {
    let word = cache.load(Ordering::Acquire);
    if word == 0 || !callable.is(types().super_.as_obj()) {
        return None;
    }
    // SAFETY: a nonzero word of such an instruction is the address of a leaked `SuperCache`.
    let cache = unsafe { &*std::ptr::with_exposed_provenance::<SuperCache>(word as usize) };
    let class = class_of(receiver);
    let applies = std::ptr::from_ref(class).addr() == cache.class
        && class.version_now() == cache.version
        && start.header().is_some_and(|start| std::ptr::from_ref(start).addr() == cache.start);
    applies.then(|| uncounted(cache.value))
}
