//! Python functions that SQLite calls. What it holds is a number; the functions are in a table that the connection's object shows to the
//! collector, so that a cycle through a database is found. A call that finds nothing under its number fails.
//!
//! SQLite calls from inside of a detached operation: each function here attaches for the time of the Python call.
#![allow(unsafe_code)] // SQLite's interface is that of C.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::sync::Arc;

use libsqlite3_sys as sys;
use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use taipan_objects::hooks;
use taipan_objects::layout::TraceField;
use taipan_objects::prelude::*;
use taipan_threading::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::ffi::{Cell, Inner, Outcome, copied};
use super::values::{cell_of, object_of_argument};
use crate::counted;

/// `enable_callback_tracebacks()`.
pub static TRACEBACKS: AtomicBool = AtomicBool::new(false);

/// The functions that a database calls, and the aggregates that it computes.
#[derive(Default)]
pub struct Callbacks {
    objects: Mutex<FxHashMap<usize, Obj>>,
    next: AtomicUsize,
}

impl TraceField for Callbacks {
    fn trace_field(&self, tracer: &mut Tracer<'_>) {
        if let Some(objects) = self.objects.try_lock() {
            objects.values().for_each(|object| object.trace_field(tracer));
        }
    }
}

impl Callbacks {
    pub fn add(&self, object: Obj) -> usize {
        let key = self.next.fetch_add(1, Ordering::Relaxed) + 1;
        self.objects.lock().insert(key, object);
        key
    }
    pub fn get(&self, key: usize) -> Option<Obj> {
        self.objects.lock().get(&key).cloned()
    }
    pub fn remove(&self, key: usize) -> Option<Obj> {
        self.objects.lock().remove(&key)
    }
    pub fn clear(&self) {
        let all = std::mem::take(&mut *self.objects.lock());
        drop(all);
    }
}

/// What SQLite passes back.
pub struct Context {
    callbacks: Arc<Callbacks>,
    key: usize,
}

impl Context {
    /// Puts a function into the table; the pointer is for SQLite, which ends it with [`destroy`].
    pub fn new(callbacks: &Arc<Callbacks>, function: &Obj) -> *mut Context {
        let key = callbacks.add(function.clone());
        Box::into_raw(Box::new(Context { callbacks: callbacks.clone(), key }))
    }
}

/// Runs `f` attached.
fn attached<R>(f: impl FnOnce() -> R) -> R {
    let was = taipan_threading::is_attached();
    if !was {
        taipan_threading::attach();
    }
    let result = f();
    if !was {
        taipan_threading::detach();
    }
    result
}

/// SQLite's destructor of a context.
pub unsafe extern "C" fn destroy(context: *mut c_void) {
    if context.is_null() {
        return;
    }
    // SAFETY: made by `Context::new`; SQLite calls this once.
    let context = unsafe { Box::from_raw(context.cast::<Context>()) };
    attached(|| drop(context.callbacks.remove(context.key)));
}

/// Reports the exception on its way, or forgets it.
fn report(function: &Obj) {
    if TRACEBACKS.load(Ordering::Relaxed) {
        let name = taipan_objects::protocol::repr_string(function).unwrap_or_default();
        hooks::unraisable(Some(&format!("Exception ignored on sqlite3 callback {name}")), Some(function));
    } else {
        drop(try_take_raised());
    }
}

/// The context of a call.
///
/// # Safety
/// `pointer` came from [`Context::new`] and was not ended.
unsafe fn context<'a>(pointer: *mut c_void) -> &'a Context {
    // SAFETY: says the caller.
    unsafe { &*pointer.cast::<Context>() }
}

/// How a function of SQL fails.
enum Refusal {
    NoMemory,
    TooBig,
    Message(&'static CStr),
}

fn refusal(function: &Obj, message: &'static CStr) -> Refusal {
    let refusal = if raised_is(&types().memory_error) {
        Refusal::NoMemory
    } else if raised_is(&types().overflow_error) {
        Refusal::TooBig
    } else {
        Refusal::Message(message)
    };
    report(function);
    refusal
}

/// Gives a result to SQLite.
///
/// # Safety
/// `context` is that of the call.
unsafe fn answer(context: *mut sys::sqlite3_context, result: Result<Cell, Refusal>) {
    // SAFETY: SQLite copies texts and blobs.
    unsafe {
        match result {
            Ok(Cell::Null) => sys::sqlite3_result_null(context),
            Ok(Cell::Int(i)) => sys::sqlite3_result_int64(context, i),
            Ok(Cell::Real(f)) => sys::sqlite3_result_double(context, f),
            Ok(Cell::Text(text)) => sys::sqlite3_result_text64(
                context,
                text.as_ptr().cast(),
                text.len() as u64,
                sys::SQLITE_TRANSIENT(),
                sys::SQLITE_UTF8 as u8,
            ),
            Ok(Cell::Blob(blob)) if blob.is_empty() => sys::sqlite3_result_zeroblob(context, 0),
            Ok(Cell::Blob(blob)) => sys::sqlite3_result_blob64(
                context,
                blob.as_ptr().cast(),
                blob.len() as u64,
                sys::SQLITE_TRANSIENT(),
            ),
            Err(Refusal::NoMemory) => sys::sqlite3_result_error_nomem(context),
            Err(Refusal::TooBig) => sys::sqlite3_result_error_toobig(context),
            Err(Refusal::Message(text)) => sys::sqlite3_result_error(context, text.as_ptr(), -1),
        }
    }
}

/// The arguments of a call.
///
/// # Safety
/// As SQLite passes them.
unsafe fn arguments(count: c_int, values: *mut *mut sys::sqlite3_value) -> Vec<Cell> {
    (0..count as usize)
        .map(|i| {
            // SAFETY: `count` values.
            unsafe {
                let value = *values.add(i);
                match sys::sqlite3_value_type(value) {
                    sys::SQLITE_INTEGER => Cell::Int(sys::sqlite3_value_int64(value)),
                    sys::SQLITE_FLOAT => Cell::Real(sys::sqlite3_value_double(value)),
                    sys::SQLITE_TEXT => {
                        let text = sys::sqlite3_value_text(value);
                        Cell::Text(copied(text, sys::sqlite3_value_bytes(value)))
                    }
                    sys::SQLITE_BLOB => {
                        let blob = sys::sqlite3_value_blob(value).cast();
                        Cell::Blob(copied(blob, sys::sqlite3_value_bytes(value)))
                    }
                    _ => Cell::Null,
                }
            }
        })
        .collect()
}

fn objects_of(cells: Vec<Cell>) -> PyResult<Vec<Obj>> {
    cells.into_iter().map(object_of_argument).collect()
}

unsafe extern "C" fn scalar(
    call: *mut sys::sqlite3_context,
    count: c_int,
    values: *mut *mut sys::sqlite3_value,
) {
    // SAFETY: the context that `create_function` gave, and the call's values.
    let (this, cells) = unsafe { (context(sys::sqlite3_user_data(call)), arguments(count, values)) };
    const RAISED: &CStr = c"user-defined function raised exception";
    let result = attached(|| {
        let Some(function) = this.callbacks.get(this.key) else { return Err(Refusal::Message(RAISED)) };
        let result =
            objects_of(cells).and_then(|args| counted::call(&function, &args)).and_then(|r| cell_of(&r));
        result.map_err(|_| refusal(&function, RAISED))
    });
    // SAFETY: the call's context.
    unsafe { answer(call, result) }
}

/// The key of the aggregate that a call belongs to: where it is kept.
///
/// # Safety
/// `call` is that of a step or an end.
unsafe fn place<'a>(call: *mut sys::sqlite3_context, create: bool) -> Option<&'a mut usize> {
    let size = if create { size_of::<usize>() as c_int } else { 0 };
    // SAFETY: zeroed memory that SQLite keeps for the aggregate.
    unsafe { sys::sqlite3_aggregate_context(call, size).cast::<usize>().as_mut() }
}

fn call_of(
    instance: &Obj,
    name: &str,
    args: &[Obj],
    undefined: &'static CStr,
    failed: &'static CStr,
) -> Result<Obj, &'static CStr> {
    let method = counted::getattr(instance, name).map_err(|_| undefined)?;
    counted::call(&method, args).map_err(|_| failed)
}

unsafe extern "C" fn step(
    call: *mut sys::sqlite3_context,
    count: c_int,
    values: *mut *mut sys::sqlite3_value,
) {
    // SAFETY: as `scalar`; the place belongs to the aggregate.
    let (this, cells, key) =
        unsafe { (context(sys::sqlite3_user_data(call)), arguments(count, values), place(call, true)) };
    let Some(key) = key else { return };
    let result = attached(|| {
        let Some(class) = this.callbacks.get(this.key) else {
            return Err(Refusal::Message(c"user-defined aggregate's 'step' method raised error"));
        };
        let instance = match this.callbacks.get(*key) {
            Some(instance) => instance,
            None => {
                let made = counted::call(&class, &[]).map_err(|_| {
                    refusal(&class, c"user-defined aggregate's '__init__' method raised error")
                })?;
                *key = this.callbacks.add(made.clone());
                made
            }
        };
        let args = objects_of(cells)
            .map_err(|_| refusal(&class, c"user-defined aggregate's 'step' method raised error"))?;
        call_of(
            &instance,
            "step",
            &args,
            c"user-defined aggregate's 'step' method not defined",
            c"user-defined aggregate's 'step' method raised error",
        )
        .map_err(|text| refusal(&class, text))
    });
    if let Err(refusal) = result {
        // SAFETY: the call's context.
        unsafe { answer(call, Err(refusal)) }
    }
}

unsafe extern "C" fn inverse(
    call: *mut sys::sqlite3_context,
    count: c_int,
    values: *mut *mut sys::sqlite3_value,
) {
    // SAFETY: as `step`.
    let (this, cells, key) =
        unsafe { (context(sys::sqlite3_user_data(call)), arguments(count, values), place(call, true)) };
    let Some(key) = key else { return };
    let result = attached(|| {
        let (Some(class), Some(instance)) = (this.callbacks.get(this.key), this.callbacks.get(*key)) else {
            return Err(Refusal::Message(c"user-defined aggregate's 'inverse' method raised error"));
        };
        let args = objects_of(cells)
            .map_err(|_| refusal(&class, c"user-defined aggregate's 'inverse' method raised error"))?;
        call_of(
            &instance,
            "inverse",
            &args,
            c"user-defined aggregate's 'inverse' method not defined",
            c"user-defined aggregate's 'inverse' method raised error",
        )
        .map_err(|text| refusal(&class, text))
    });
    if let Err(refusal) = result {
        // SAFETY: the call's context.
        unsafe { answer(call, Err(refusal)) }
    }
}

unsafe extern "C" fn value(call: *mut sys::sqlite3_context) {
    // SAFETY: as `step`.
    let (this, key) = unsafe { (context(sys::sqlite3_user_data(call)), place(call, true)) };
    let Some(key) = key else { return };
    let result = attached(|| {
        let (Some(class), Some(instance)) = (this.callbacks.get(this.key), this.callbacks.get(*key)) else {
            return Ok(Cell::Null);
        };
        let result = call_of(
            &instance,
            "value",
            &[],
            c"user-defined aggregate's 'value' method not defined",
            c"user-defined aggregate's 'value' method raised error",
        )
        .map_err(|text| refusal(&class, text))?;
        cell_of(&result).map_err(|_| refusal(&class, c"user-defined aggregate's 'value' method raised error"))
    });
    // SAFETY: the call's context.
    unsafe { answer(call, result) }
}

unsafe extern "C" fn finish(call: *mut sys::sqlite3_context) {
    // SAFETY: as `step`.
    let (this, key) = unsafe { (context(sys::sqlite3_user_data(call)), place(call, false)) };
    let Some(key) = key else { return };
    let result = attached(|| {
        let class = this.callbacks.get(this.key);
        let instance = this.callbacks.remove(*key);
        *key = 0;
        let (Some(class), Some(instance)) = (class, instance) else { return Ok(None) };
        let result = call_of(
            &instance,
            "finalize",
            &[],
            c"user-defined aggregate's 'finalize' method not defined",
            c"user-defined aggregate's 'finalize' method raised error",
        )
        .map_err(|text| refusal(&class, text))?;
        cell_of(&result)
            .map(Some)
            .map_err(|_| refusal(&class, c"user-defined aggregate's 'finalize' method raised error"))
    });
    let result = match result {
        Ok(None) => return,
        Ok(Some(cell)) => Ok(cell),
        Err(refusal) => Err(refusal),
    };
    // SAFETY: the call's context.
    unsafe { answer(call, result) }
}

unsafe extern "C" fn collate(
    pointer: *mut c_void,
    a_len: c_int,
    a: *const c_void,
    b_len: c_int,
    b: *const c_void,
) -> c_int {
    // SAFETY: the context, and two texts of the given lengths.
    let (this, a, b) = unsafe { (context(pointer), copied(a.cast(), a_len), copied(b.cast(), b_len)) };
    attached(|| {
        let Some(function) = this.callbacks.get(this.key) else { return 0 };
        let result = objects_of(vec![Cell::Text(a), Cell::Text(b)])
            .and_then(|args| counted::call(&function, &args))
            .and_then(|result| {
                compare_bool(&result, &int_obj(0), taipan_objects::type_object::CompareOp::Gt).and_then(
                    |above| {
                        Ok((
                            above,
                            compare_bool(&result, &int_obj(0), taipan_objects::type_object::CompareOp::Lt)?,
                        ))
                    },
                )
            });
        match result {
            Ok((above, below)) => c_int::from(above) - c_int::from(below),
            Err(Raised) => {
                report(&function);
                0
            }
        }
    })
}

/// A text or nothing.
///
/// # Safety
/// `text` is null or a string of C.
unsafe fn text_or_none(text: *const c_char) -> Obj {
    if text.is_null() {
        return none();
    }
    // SAFETY: says the caller.
    str_obj(&unsafe { CStr::from_ptr(text) }.to_string_lossy())
}

unsafe extern "C" fn authorize(
    pointer: *mut c_void,
    action: c_int,
    a: *const c_char,
    b: *const c_char,
    c: *const c_char,
    d: *const c_char,
) -> c_int {
    // SAFETY: the context.
    let this = unsafe { context(pointer) };
    let (callbacks, key) = (this.callbacks.clone(), this.key);
    attached(|| {
        let Some(function) = callbacks.get(key) else { return sys::SQLITE_DENY };
        // SAFETY: strings of C, or null.
        let args = unsafe {
            [int_obj(i64::from(action)), text_or_none(a), text_or_none(b), text_or_none(c), text_or_none(d)]
        };
        let result = counted::call(&function, &args);
        match result {
            Ok(result) if is_exact_int(&result) => match taipan_objects::native::FromArg::from_arg(&result) {
                Ok(code) => code,
                Err(Raised) => {
                    report(&function);
                    sys::SQLITE_DENY
                }
            },
            Ok(_) => sys::SQLITE_DENY,
            Err(Raised) => {
                report(&function);
                sys::SQLITE_DENY
            }
        }
    })
}

unsafe extern "C" fn progress(pointer: *mut c_void) -> c_int {
    // SAFETY: the context.
    let this = unsafe { context(pointer) };
    let (callbacks, key) = (this.callbacks.clone(), this.key);
    attached(|| {
        let Some(function) = callbacks.get(key) else { return 1 };
        match counted::call(&function, &[]).and_then(|result| is_true(&result)) {
            Ok(stop) => c_int::from(stop),
            Err(Raised) => {
                report(&function);
                1
            }
        }
    })
}

unsafe extern "C" fn trace(_: u32, pointer: *mut c_void, statement: *mut c_void, _: *mut c_void) -> c_int {
    // SAFETY: the context and a statement; the expanded text is freed.
    let (callbacks, key, expanded, plain) = unsafe {
        let this = context(pointer);
        let expanded = sys::sqlite3_expanded_sql(statement.cast());
        let text = if expanded.is_null() {
            None
        } else {
            let text = CStr::from_ptr(expanded).to_string_lossy().into_owned();
            sys::sqlite3_free(expanded.cast());
            Some(text)
        };
        let plain = CStr::from_ptr(sys::sqlite3_sql(statement.cast())).to_string_lossy().into_owned();
        (this.callbacks.clone(), this.key, text, plain)
    };
    attached(|| {
        let Some(function) = callbacks.get(key) else { return };
        let text = expanded.unwrap_or_else(|| {
            let class = super::errors::data_error();
            let _ = raise_message(class, "Expanded SQL string exceeds the maximum string length");
            report(&function);
            plain
        });
        if counted::call1(&function, &str_obj(&text)).is_err() {
            report(&function);
        }
    });
    0
}

/// Functions that SQL can call.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Scalar { deterministic: bool },
    Aggregate,
    Window,
}

impl Inner<'_> {
    /// Defines a function, or removes it.
    pub fn create_function(
        &self,
        callbacks: &Arc<Callbacks>,
        name: &CStr,
        count: i32,
        kind: Kind,
        function: Option<&Obj>,
    ) -> Outcome<()> {
        let pointer = function.map_or(std::ptr::null_mut(), |f| Context::new(callbacks, f)).cast::<c_void>();
        let there = function.is_some();
        let flags = sys::SQLITE_UTF8
            | if kind == (Kind::Scalar { deterministic: true }) { sys::SQLITE_DETERMINISTIC } else { 0 };
        type Step = unsafe extern "C" fn(*mut sys::sqlite3_context, c_int, *mut *mut sys::sqlite3_value);
        type End = unsafe extern "C" fn(*mut sys::sqlite3_context);
        let end: Option<unsafe extern "C" fn(*mut c_void)> = if there { Some(destroy) } else { None };
        // SAFETY: functions of the right types; SQLite ends the context, on failure, too.
        self.check(|db| unsafe {
            match kind {
                Kind::Scalar { .. } => sys::sqlite3_create_function_v2(
                    db,
                    name.as_ptr(),
                    count,
                    flags,
                    pointer,
                    there.then_some(scalar as Step),
                    None,
                    None,
                    end,
                ),
                Kind::Aggregate => sys::sqlite3_create_function_v2(
                    db,
                    name.as_ptr(),
                    count,
                    flags,
                    pointer,
                    None,
                    there.then_some(step as Step),
                    there.then_some(finish as End),
                    end,
                ),
                Kind::Window => sys::sqlite3_create_window_function(
                    db,
                    name.as_ptr(),
                    count,
                    flags,
                    pointer,
                    there.then_some(step as Step),
                    there.then_some(finish as End),
                    there.then_some(value as End),
                    there.then_some(inverse as Step),
                    end,
                ),
            }
        })
    }
    pub fn create_collation(
        &self,
        callbacks: &Arc<Callbacks>,
        name: &CStr,
        function: Option<&Obj>,
    ) -> Outcome<()> {
        let pointer = function.map_or(std::ptr::null_mut(), |f| Context::new(callbacks, f));
        // SAFETY: as above, but on failure the context stays the caller's.
        let result = self.check(|db| unsafe {
            type Compare =
                unsafe extern "C" fn(*mut c_void, c_int, *const c_void, c_int, *const c_void) -> c_int;
            let compare = function.map(|_| collate as Compare);
            let end: Option<unsafe extern "C" fn(*mut c_void)> =
                if pointer.is_null() { None } else { Some(destroy) };
            sys::sqlite3_create_collation_v2(
                db,
                name.as_ptr(),
                sys::SQLITE_UTF8,
                pointer.cast(),
                compare,
                end,
            )
        });
        if result.is_err() {
            // SAFETY: SQLite did not take it over.
            unsafe { destroy(pointer.cast()) };
        }
        result
    }
    /// Sets the authorizer; gives the context for [`destroy`] when the next one is set.
    pub fn set_authorizer(&self, context: *mut Context) -> Outcome<()> {
        type Authorize = unsafe extern "C" fn(
            *mut c_void,
            c_int,
            *const c_char,
            *const c_char,
            *const c_char,
            *const c_char,
        ) -> c_int;
        let function = (!context.is_null()).then_some(authorize as Authorize);
        // SAFETY: a function of the right type, and its context, which outlives it.
        self.check(|db| unsafe { sys::sqlite3_set_authorizer(db, function, context.cast()) })
    }
    pub fn set_progress(&self, context: *mut Context, n: i32) {
        type Progress = unsafe extern "C" fn(*mut c_void) -> c_int;
        let function = (!context.is_null()).then_some(progress as Progress);
        // SAFETY: as above.
        unsafe { sys::sqlite3_progress_handler(self.raw(), n, function, context.cast()) }
    }
    pub fn set_trace(&self, context: *mut Context) -> Outcome<()> {
        type Trace = unsafe extern "C" fn(u32, *mut c_void, *mut c_void, *mut c_void) -> c_int;
        let function = (!context.is_null()).then_some(trace as Trace);
        let mask = if context.is_null() { 0 } else { sys::SQLITE_TRACE_STMT as u32 };
        // SAFETY: as above.
        self.check(|db| unsafe { sys::sqlite3_trace_v2(db, mask, function, context.cast()) })
    }
}

/// The context of a handler of which a connection has one; ended when the connection is.
pub struct Handler(pub Mutex<Vec<usize>>);

impl Handler {
    /// Puts a context there; those before it stay alive, because a call may be under way, but lose their function.
    pub fn replace(&self, callbacks: &Arc<Callbacks>, function: Option<&Obj>) -> *mut Context {
        let pointer = function.map_or(std::ptr::null_mut(), |f| Context::new(callbacks, f));
        let mut all = self.0.lock();
        let before = all.last().copied();
        if !pointer.is_null() {
            all.push(pointer.expose_provenance());
        }
        drop(all);
        if let Some(before) = before {
            // SAFETY: contexts in the list are alive until the handler is dropped.
            let key = unsafe { (*std::ptr::with_exposed_provenance::<Context>(before)).key };
            drop(callbacks.remove(key));
        }
        pointer
    }
}

impl Drop for Handler {
    fn drop(&mut self) {
        for context in self.0.get_mut().drain(..) {
            // SAFETY: from `Context::new`; the database that knew it is closed or has forgotten it.
            drop(unsafe { Box::from_raw(std::ptr::with_exposed_provenance_mut::<Context>(context)) });
        }
    }
}
