//! What `super().name(…)` calls, and the inline cache of that: its words are addresses of immutable [`SuperCache`]s.

use taipan_objects::code::PyCode;
use taipan_objects::descriptor::PyClassMethod;
use taipan_objects::str::PyStr;
use taipan_objects::super_object::super_lookup_unbound;
use taipan_objects::type_object::{PyType, class_of};
use taipan_objects::types::types;
use taipan_objects::{Obj, Py, Value};
use taipan_threading::sync::atomic::{AtomicU64, Ordering};

use super::cache::{PATIENCE, let_be_read, uncounted};
use crate::frame::drop_value;
use crate::registers::Regs;

/// What `super(start, receiver)` gives receivers of a class at a version.
struct SuperCache {
    version: u32,
    /// The class of receivers, and the one to begin behind: it is in the linearization of the former, which keeps it alive at that version.
    class: usize,
    start: usize,
    /// As in [`ClassCache`].
    value: Value,
    how: How,
}

/// How what was found becomes what is called.
#[derive(Clone, Copy)]
struct How {
    /// The receiver is that class itself.
    of_class: bool,
    /// It is called with the receiver in front of the arguments.
    binds: bool,
    /// It is a `staticmethod` or `classmethod`, whose function is called.
    wraps: bool,
}

/// What is called, and whether with the receiver in front of the arguments.
pub struct SuperMethod {
    callable: Obj,
    binds: bool,
}

impl SuperMethod {
    fn of(value: Obj, how: How) -> Option<SuperMethod> {
        let callable =
            if how.wraps { value.downcast::<PyClassMethod>()?.function.load_uncounted()? } else { value };
        Some(SuperMethod { callable, binds: how.binds })
    }

    /// Writes the callable to register `a`, and the receiver, which is in the one behind the next, to the next.
    #[inline(never)]
    pub fn place(self, regs: Regs, a: usize) {
        let receiver = regs.take_value(a + 2);
        if self.binds {
            regs.write_value(a + 1, receiver);
            return regs.write(a, self.callable);
        }
        regs.clear(a + 1);
        regs.write(a, self.callable);
        drop_value(receiver);
    }
}

/// The class in whose linearization `super(start, receiver)` looks, if that is told by the classes alone; and whether it is the receiver.
fn searched<'a>(start: &PyType, receiver: &'a Obj) -> Option<(&'a PyType, bool)> {
    if let Some(class) = receiver.downcast::<PyType>().filter(|class| class.is_subtype(start)) {
        return Some((class, true));
    }
    Some((class_of(receiver), false)).filter(|(class, _)| class.is_subtype(start))
}

/// What `super(start, receiver).name(…)` calls, if that is told without running code; the site remembers it.
pub(super) fn super_method(
    code: &PyCode,
    pc: usize,
    start: &PyType,
    receiver: &Obj,
    name: &Py<PyStr>,
) -> Option<SuperMethod> {
    if name.eq_str("__class__") {
        return None;
    }
    let (class, of_class) = searched(start, receiver)?;
    // Before the lookup.
    let version = class.version();
    let found = super_lookup_unbound(start, class, name)?;
    let (kind, t) = (class_of(&found), types());
    let how = if kind.is(&t.function) || kind.is(&t.method_descriptor) {
        How { of_class, binds: !of_class, wraps: false }
    } else if kind.is(&t.staticmethod) {
        How { of_class, binds: false, wraps: true }
    } else if kind.is(&t.classmethod) && of_class {
        How { of_class, binds: true, wraps: true }
    } else if kind.slots.descr_get().is_none() {
        How { of_class, binds: false, wraps: false }
    } else {
        return None;
    };
    if version != 0 && code.warmth.fetch_add(1, Ordering::Relaxed) <= PATIENCE {
        let_be_read(&found);
        let address = |class: &PyType| std::ptr::from_ref(class).addr();
        let (class, start, value) = (address(class), address(start), found.value());
        let cache = Box::leak(Box::new(SuperCache { version, class, start, value, how }));
        code.cache(pc).store(std::ptr::from_ref(cache).expose_provenance() as u64, Ordering::Release);
    }
    SuperMethod::of(found, how)
}

/// What is called if the cache word of a `LOAD_SUPER_ATTR` answers.
#[inline(always)]
pub fn quick_super(cache: &AtomicU64, callable: &Obj, start: &Obj, receiver: &Obj) -> Option<SuperMethod> {
    let word = cache.load(Ordering::Acquire);
    if word == 0 || !callable.is(types().super_.as_obj()) {
        return None;
    }
    // SAFETY: a nonzero word of such an instruction is the address of a leaked `SuperCache`.
    let cache = unsafe { &*std::ptr::with_exposed_provenance::<SuperCache>(word as usize) };
    let class = if cache.how.of_class { receiver.downcast::<PyType>()? } else { class_of(receiver) };
    let applies = std::ptr::from_ref(class).addr() == cache.class
        && class.version_now() == cache.version
        && start.header().is_some_and(|start| std::ptr::from_ref(start).addr() == cache.start);
    if !applies {
        return None;
    }
    SuperMethod::of(uncounted(cache.value), cache.how)
}
