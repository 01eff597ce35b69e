//! What memory management calls in the object model.

use taipan_gc::{Obj, Tracer};

use crate::error::{replace_handled, set_raised, try_take_raised};
use crate::type_object::class_of;

/// The hooks for `taipan_gc::hooks::install`; `trace_registers` comes from the interpreter.
pub fn gc_hooks(trace_registers: fn(&mut Tracer<'_>)) -> taipan_gc::hooks::Hooks {
    taipan_gc::hooks::Hooks {
        finalize,
        weakref_dead: crate::weakref::weakref_dead,
        trace_slots: crate::shape::trace_slots,
        drop_slots: crate::shape::drop_slots,
        trace_registers,
    }
}

/// Runs `__del__`. An exception on its way meanwhile is kept; errors go to `sys.unraisablehook`.
fn finalize(obj: &Obj) {
    let Some(del) = class_of(obj).slots.del() else { return };
    let raised = try_take_raised();
    let handled = replace_handled(None);
    if del(obj).is_err() {
        crate::hooks::unraisable(Some("Exception ignored while calling deallocator"), Some(obj));
    }
    drop(replace_handled(handled));
    if let Some(raised) = raised {
        let _ = set_raised(raised);
    }
}
