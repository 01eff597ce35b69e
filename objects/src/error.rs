//! Raising: `PyResult`, the exception on its way in the current thread, and constructors of the common ones.

use std::cell::Cell;

use taipan_gc::{Obj, Py, Value};

use crate::exceptions::PyBaseException;
use crate::tuple::PyTuple;
use crate::type_object::PyType;
use crate::types::types;

/// "An exception is raised": the exception itself waits in the thread, see [`take_raised`].
#[derive(Debug, Clone, Copy)]
#[must_use]
pub struct Raised;

/// The result of everything that may raise. `PyResult<Obj>` is one word.
pub type PyResult<T> = Result<T, Raised>;

const _: () = assert!(size_of::<PyResult<Obj>>() == 8);

thread_local! {
    static RAISED: Cell<u64> = const { Cell::new(0) };
    static HANDLED: Cell<u64> = const { Cell::new(0) };
    /// What those handle who resumed the running generator, and who resumed them: it shows while the generator handles nothing itself.
    static OUTER: Cell<u64> = const { Cell::new(0) };
}

/// Sets the exception on its way, without touching its context.
pub fn set_raised(exception: Obj) -> Raised {
    let old = RAISED.replace(exception.into_counted().bits());
    // SAFETY: the cell owned its content.
    drop(unsafe { Obj::from_value(Value::from_bits(old)) });
    Raised
}

/// Takes the exception on its way. Something must have been raised; otherwise a `SystemError` is made up.
pub fn take_raised() -> Obj {
    try_take_raised().unwrap_or_else(|| {
        let Raised = system_error("error return without exception set");
        try_take_raised().unwrap_or_else(crate::singletons::none)
    })
}

/// Takes the exception on its way, if there is one.
pub fn try_take_raised() -> Option<Obj> {
    // SAFETY: the cell owned its content.
    unsafe { Obj::from_value(Value::from_bits(RAISED.replace(0))) }
}

/// Whether an exception is on its way.
pub fn is_raised() -> bool {
    RAISED.get() != 0
}

/// The exception being handled (`sys.exception()`), if any.
pub fn handled() -> Option<Obj> {
    let own = Value::from_bits(HANDLED.get());
    let value = if own.is_empty() { Value::from_bits(OUTER.get()) } else { own };
    // SAFETY: the cell keeps it alive.
    if value.is_empty() { None } else { Some(unsafe { Obj::from_borrowed(value) }) }
}

/// Whether the running generator (outside of generators: the thread) handles no exception itself.
#[inline(always)]
pub fn handles_nothing() -> bool {
    HANDLED.get() == 0
}

/// Where a thread keeps what it handles, for others to look at.
#[derive(Clone, Copy)]
pub struct HandledPlace {
    own: *const Cell<u64>,
    outer: *const Cell<u64>,
}

impl HandledPlace {
    /// That of the calling thread.
    pub fn here() -> HandledPlace {
        HandledPlace { own: HANDLED.with(std::ptr::from_ref), outer: OUTER.with(std::ptr::from_ref) }
    }
    /// What the thread handles, as [`handled`] would tell it.
    ///
    /// # Safety
    ///
    /// The thread exists, and does not run: the world is stopped, or the thread is the calling one.
    pub unsafe fn load(self) -> Option<Obj> {
        // SAFETY: the cells of a thread that exists are there (they need no destructor), and nobody changes them, as the caller warrants.
        let (own, outer) = unsafe { ((*self.own).get(), (*self.outer).get()) };
        let value = Value::from_bits(if own == 0 { outer } else { own });
        // SAFETY: the cell keeps it alive.
        if value.is_empty() { None } else { Some(unsafe { Obj::from_borrowed(value) }) }
    }
}

/// Makes `exception` the one that the running generator (outside of generators: the thread) handles itself, and returns the former.
pub fn replace_handled(exception: Option<Obj>) -> Option<Obj> {
    let old = HANDLED.replace(exception.map_or(0, |e| e.into_counted().bits()));
    // SAFETY: the cell owned its content.
    unsafe { Obj::from_value(Value::from_bits(old)) }
}

/// Enters a generator that handles `own` itself: gives what its resumer handles itself and, if that is something, what the
/// resumer sees of others. Both are for [`leave_handled`].
#[inline]
pub fn enter_handled(own: Option<Obj>) -> (Option<Obj>, Option<Obj>) {
    if own.is_none() && HANDLED.get() == 0 {
        return (None, None);
    }
    let resumer = replace_handled(own);
    let hidden = resumer.as_ref().and_then(|r| replace_outer(Some(r.clone())));
    (resumer, hidden)
}

/// Leaves a generator; gives what it handles itself.
#[inline]
pub fn leave_handled(resumer: Option<Obj>, hidden: Option<Obj>) -> Option<Obj> {
    if resumer.is_none() && HANDLED.get() == 0 {
        return None;
    }
    if resumer.is_some() {
        drop(replace_outer(hidden));
    }
    replace_handled(resumer)
}

fn replace_outer(exception: Option<Obj>) -> Option<Obj> {
    let old = OUTER.replace(exception.map_or(0, |e| e.into_counted().bits()));
    // SAFETY: the cell owned its content.
    unsafe { Obj::from_value(Value::from_bits(old)) }
}

/// Raises an exception object: its context becomes the handled exception, unless that is itself.
pub fn raise(exception: Obj) -> Raised {
    if let Some(context) = handled()
        && let Some(e) = exception.downcast::<PyBaseException>()
        && !context.is(&exception)
    {
        e.set_context_avoiding_cycle(context);
    }
    set_raised(exception)
}

/// Raises an exception that is thrown into the running generator: its context becomes what the generator handles itself, not what
/// its resumer handles.
pub fn raise_thrown(exception: Obj) -> Raised {
    let own = Value::from_bits(HANDLED.get());
    if own.is_empty() { set_raised(exception) } else { raise(exception) }
}

/// Raises `class(message)`.
#[cold]
pub fn raise_message(class: &Py<PyType>, message: impl AsRef<str>) -> Raised {
    let exception = PyBaseException::create_with(
        class,
        PyTuple::from_array([crate::construct::str_obj(message.as_ref())]),
    );
    raise(exception)
}

/// Raises `class(*args)` for a built-in exception class.
#[cold]
pub fn raise_args(class: &Py<PyType>, args: Vec<Obj>) -> Raised {
    match crate::protocol::call(class.as_obj(), &args) {
        Ok(exception) => raise(exception),
        Err(raised) => raised,
    }
}

macro_rules! constructors {
    ($($name:ident => $field:ident),* $(,)?) => { $(
        #[doc = concat!("Raises `", stringify!($field), "` with a message.")]
        #[cold]
        pub fn $name(message: impl AsRef<str>) -> Raised {
            raise_message(&types().$field, message)
        }
    )* };
}

constructors! {
    type_error => type_error,
    value_error => value_error,
    attribute_error => attribute_error,
    index_error => index_error,
    overflow_error => overflow_error,
    zero_division_error => zero_division_error,
    runtime_error => runtime_error,
    recursion_error => recursion_error,
    name_error => name_error,
    unbound_local_error => unbound_local_error,
    system_error => system_error,
    not_implemented_error => not_implemented_error,
    buffer_error => buffer_error,
    eof_error => eof_error,
    import_error => import_error,
    assertion_error => assertion_error,
    lookup_error => lookup_error,
    reference_error => reference_error,
    syntax_error => syntax_error,
    unicode_error => unicode_error,
    arithmetic_error => arithmetic_error,
}

/// Raises `MemoryError()`.
#[cold]
pub fn memory_error() -> Raised {
    raise(PyBaseException::create(&types().memory_error, vec![]))
}

/// Raises `KeyError(key)`.
#[cold]
pub fn key_error(key: Obj) -> Raised {
    raise(PyBaseException::create_with(&types().key_error, PyTuple::from_array([key])))
}

/// Raises `StopIteration(value)` (no argument if `None`).
#[cold]
pub fn stop_iteration(value: Option<Obj>) -> Raised {
    let args = value.map_or_else(PyTuple::empty, |value| PyTuple::from_array([value]));
    raise(PyBaseException::create_with(&types().stop_iteration, args))
}

/// Whether the exception on its way is an instance of `class`.
pub fn raised_is(class: &Py<PyType>) -> bool {
    with_raised(|exception| crate::type_object::class_of(exception).is_subtype(class)).unwrap_or(false)
}

/// Shows `look` the exception on its way, if there is one, which stays so. `look` runs no Python code and raises nothing.
pub fn with_raised<R>(look: impl FnOnce(&Obj) -> R) -> Option<R> {
    let value = Value::from_bits(RAISED.get());
    if !value.is_ptr() {
        return None;
    }
    // SAFETY: the cell keeps it alive.
    let exception = std::mem::ManuallyDrop::new(unsafe { Obj::from_value_unchecked(value) });
    Some(look(&exception))
}

/// If the exception on its way is an instance of `class`, takes it and gives `Ok`; else passes it on.
pub fn catch(class: &Py<PyType>) -> PyResult<Obj> {
    if raised_is(class) { Ok(take_raised()) } else { Err(Raised) }
}

/// `Ok(None)` instead of the error when it is an instance of `class`.
pub fn absent_if<T>(result: PyResult<T>, class: &Py<PyType>) -> PyResult<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Raised) => catch(class).map(|_| None),
    }
}
