//! Taking a function over: calls go to an *entry* instead of the function's code.
//!
//! Everything that calls a Python function looks at its code object first: whether it is called in the simple way, in the general
//! one, or makes a generator. A function with an entry has another code object in the place of its own, a *shadow*, which is called like a
//! generator's; there, where nothing is hot, the entry gets the call. So every site of a call honors it, whatever that site has learnt, and functions
//! without an entry pay nothing.
//!
//! A shadow knows what was in its place before: the code itself, or an earlier entry's shadow. Changes of this chain are made under the
//! function's lock.

use std::sync::Arc;

use taipan_gc::{Obj, Py, Slot};
use taipan_threading::CriticalSection;

use super::PyFunction;
use crate::argument::Args;
use crate::code::PyCode;
use crate::error::*;
use crate::types::obj_of;

/// What gets the calls of a function. It is called on any thread, and by several at once.
pub trait FunctionEntry: Send + Sync {
    /// A call. The arguments are not bound to the parameters yet.
    fn call(&self, call: &EntryCall<'_>) -> PyResult<Obj>;
}

/// In a code object: it is a shadow.
pub(crate) struct Shadow {
    entry: Arc<dyn FunctionEntry>,
    /// What was there before: code or another shadow. Changed under the function's lock.
    pub(crate) beneath: Slot,
}

/// One call of a function that was taken over.
pub struct EntryCall<'a> {
    function: &'a PyFunction,
    shadow: &'a Shadow,
    args: &'a Args<'a>,
}

impl EntryCall<'_> {
    /// The function.
    pub fn function(&self) -> &PyFunction {
        self.function
    }
    /// The arguments.
    pub fn args(&self) -> &Args<'_> {
        self.args
    }
    /// The code that the function had before it was taken over, or what stood in for it; for [`crate::hooks::Hooks::call_code`].
    pub fn beneath(&self) -> PyResult<Py<PyCode>> {
        match self.shadow.beneath.load().map(Obj::into_py::<PyCode>) {
            Some(Ok(code)) => Ok(code),
            _ => Err(system_error("an entry without code beneath")),
        }
    }
    /// Calls what the function was before it was taken over.
    pub fn proceed(&self, args: &Args<'_>) -> PyResult<Obj> {
        (crate::hooks::get()?.call_code)(self.function, &*self.beneath()?, args)
    }
}

/// Puts back, when dropped, what the function was before it was taken over; an entry set later stays.
#[must_use]
pub struct EntryGuard {
    function: Py<PyFunction>,
    shadow: Py<PyCode>,
}

/// The code at the bottom of the chain.
#[cold]
pub(super) fn original(mut code: Py<PyCode>) -> Py<PyCode> {
    while let Some(shadow) = &code.shadow {
        match shadow.beneath.load().map(Obj::into_py::<PyCode>) {
            Some(Ok(beneath)) => code = beneath,
            _ => break,
        }
    }
    code
}

/// If `code` is a shadow: the call of its entry.
#[cold]
pub fn call(function: &PyFunction, code: &PyCode, args: &Args<'_>) -> Option<PyResult<Obj>> {
    let shadow = code.shadow.as_ref()?;
    // The entry may be removed, and the shadow with it, while it is at work.
    let _keep = (obj_of(function), obj_of(code));
    let call = EntryCall { function, shadow, args };
    Some(crate::protocol::enter_native().and_then(|()| shadow.entry.call(&call)))
}

impl PyFunction {
    /// Takes the function over: from now on calls go to `entry`, until the guard is dropped. `__code__` is not changed by it, and assigning
    /// `__code__` does not end it.
    pub fn set_entry(&self, entry: Arc<dyn FunctionEntry>) -> EntryGuard {
        let _section = CriticalSection::enter(self.header.lock());
        let beneath = self.executed();
        let shadow = Shadow { entry, beneath: Slot::new(beneath.as_obj().clone()) };
        let shadow = PyCode::shadow(&beneath, shadow);
        self.code.store(shadow.as_obj().clone());
        self.changed();
        EntryGuard { function: Py::from_ref(self), shadow }
    }
    /// Whether calls go to an entry.
    pub fn has_entry(&self) -> bool {
        self.executed().shadow.is_some()
    }
    /// Assigns the code.
    pub(super) fn set_code(&self, code: Obj) {
        if self.doc.is_empty() {
            // It stays.
            self.doc.store(self.code().docstring());
        }
        let old = {
            let _section = CriticalSection::enter(self.header.lock());
            let mut place = Place::Function(self);
            while let Some(shadow) = place.shadow() {
                place = Place::Shadow(shadow);
            }
            let old = place.slot().replace(Some(code));
            self.changed();
            old
        };
        drop(old);
    }
}

/// Where a link of the chain is.
enum Place<'a> {
    Function(&'a PyFunction),
    Shadow(Py<PyCode>),
}

impl Place<'_> {
    fn slot(&self) -> &Slot {
        match self {
            Place::Function(function) => &function.code,
            Place::Shadow(code) => match &code.shadow {
                Some(shadow) => &shadow.beneath,
                None => unreachable!("only shadows are linked"),
            },
        }
    }
    /// What is linked here, if it is a shadow.
    fn shadow(&self) -> Option<Py<PyCode>> {
        self.slot().load()?.into_py::<PyCode>().ok().filter(|code| code.shadow.is_some())
    }
}

impl EntryGuard {
    /// The function that was taken over.
    pub fn function(&self) -> &Py<PyFunction> {
        &self.function
    }
    /// Leaves the function taken over for good.
    pub fn keep(self) {
        std::mem::forget(self);
    }
}

impl Drop for EntryGuard {
    fn drop(&mut self) {
        let old = {
            let _section = CriticalSection::enter(self.function.header.lock());
            let mut place = Place::Function(&self.function);
            loop {
                let Some(linked) = place.shadow() else { break None };
                if std::ptr::eq(&*linked, &*self.shadow) {
                    let beneath = linked.shadow.as_ref().and_then(|shadow| shadow.beneath.load());
                    let old = place.slot().replace(beneath);
                    self.function.changed();
                    break old;
                }
                place = Place::Shadow(linked);
            }
        };
        drop(old);
    }
}
