//! Calls upward, filled once at start-up by the object model and the interpreter.

use std::sync::OnceLock;

use crate::header::Header;
use crate::ops::Tracer;
use crate::reference::Obj;

/// What memory management needs from above.
pub struct Hooks {
    /// Runs the object's `__del__` (shape flag `FINALIZER`); errors are reported, not returned. Called at most once per object,
    /// at any drop of a reference, on whichever thread that happens.
    pub finalize: fn(&Obj),
    /// Whether the finalizer of this dead object has nothing to do: then it does not live again for it.
    pub is_finished: fn(&Header) -> bool,
    /// Runs the callback of a weak reference object whose referent died.
    pub weakref_dead: fn(Obj),
    /// Traces the attribute slots behind the native struct (shape flag `SLOTS`).
    pub trace_slots: unsafe fn(*const Header, &mut Tracer<'_>),
    /// Drops the attribute slots behind the native struct (shape flag `SLOTS`).
    pub drop_slots: unsafe fn(*mut Header),
    /// Visits every value in registers of every thread, and what frames refer to without counting (function, code, namespaces);
    /// the world is stopped. What it misses may be freed under the frame.
    pub trace_registers: fn(&mut Tracer<'_>),
    /// Frees what dead classes left for others to look at. The world is stopped, and no garbage waits to be freed; or, if true is passed, some always will.
    pub bury: fn(abandoned: bool),
    /// Lets go of what is only remembered as an example, because somebody asks for a collection.
    pub forget_examples: fn(),
}

static HOOKS: OnceLock<Hooks> = OnceLock::new();

/// Installs the hooks; the first call wins.
pub fn install(hooks: Hooks) {
    let _ = HOOKS.set(hooks);
}

/// The hooks, if installed.
#[inline]
pub fn get() -> Option<&'static Hooks> {
    HOOKS.get()
}
