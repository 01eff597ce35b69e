//! What memory management calls in the object model.

use taipan_gc::{Obj, Tracer};

use crate::error::{replace_handled, set_raised, try_take_raised};
use crate::type_object::{class_of, type_flags};

/// The hooks for `taipan_gc::hooks::install`; `trace_registers` comes from the interpreter.
pub fn gc_hooks(trace_registers: fn(&mut Tracer<'_>)) -> taipan_gc::hooks::Hooks {
    taipan_gc::hooks::Hooks {
        finalize,
        is_finished: crate::generator::is_finished,
        weakref_dead: crate::weakref::weakref_dead,
        trace_slots: crate::shape::trace_slots,
        drop_slots: crate::shape::drop_slots,
        trace_registers,
        bury: crate::shape::dead::bury,
        forget_examples: crate::code::machine::forget_examples,
    }
}

/// Reports what `__del__` raised; what a program's class calls so is named.
#[cold]
fn report(obj: &Obj) {
    const TEXT: &str = "Exception ignored while calling deallocator";
    let method = class_of(obj).lookup(&crate::istr!("__del__")).map(crate::protocol::IntoStrong::into_strong);
    match method.filter(|_| class_of(obj).has_flag(type_flags::HEAP)) {
        Some(method) => crate::hooks::unraisable_about(TEXT, &method),
        None => crate::hooks::unraisable(Some(TEXT), Some(obj)),
    }
}

/// Runs `__del__`. An exception on its way meanwhile is kept; errors go to `sys.unraisablehook`.
fn finalize(obj: &Obj) {
    let Some(del) = class_of(obj).slots.del() else { return };
    let raised = try_take_raised();
    let handled = replace_handled(None);
    if del(obj).is_err() {
        report(obj);
    }
    drop(replace_handled(handled));
    if let Some(raised) = raised {
        let _ = set_raised(raised);
    }
}
