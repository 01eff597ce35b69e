//! Functions of `sys` about values, limits and the process.

use crate::perf::Backend;
use parking_lot::Mutex;
use taipan_objects::int;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;
use taipan_threading::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use crate::{interpreters, thread};

/// Kept for programs that read it back; threads are switched by the operating system.
static SWITCH_INTERVAL: AtomicU64 = AtomicU64::new(0.005f64.to_bits());
static DLOPEN_FLAGS: AtomicI64 = AtomicI64::new(libc::RTLD_NOW as i64);

/// Whether the interpreter is shutting down.
pub fn is_finalizing() -> bool {
    interpreters::current().is_finalizing() || interpreters::main().is_finalizing()
}

thread_local! {
    static ORIGIN_DEPTH: std::cell::Cell<i64> = const { std::cell::Cell::new(0) };
    static ASYNCGEN_HOOKS: Mutex<(Option<Obj>, Option<Obj>)> = const { Mutex::new((None, None)) };
}

/// `sys.get_coroutine_origin_tracking_depth()`.
pub fn coroutine_origin_depth() -> i64 {
    ORIGIN_DEPTH.get()
}

/// The calling thread's hooks of asynchronous generators: first iteration, finalizer.
pub fn asyncgen_hooks() -> (Option<Obj>, Option<Obj>) {
    ASYNCGEN_HOOKS.with(|hooks| hooks.lock().clone())
}

/// What `sys` keeps for each thread.
pub struct ThreadHooks(i64, (Option<Obj>, Option<Obj>));

/// Takes what `sys` keeps for the calling thread: another interpreter begins to use it.
pub fn take_thread_hooks() -> ThreadHooks {
    ThreadHooks(ORIGIN_DEPTH.replace(0), ASYNCGEN_HOOKS.with(|hooks| std::mem::take(&mut *hooks.lock())))
}

/// Undoes [`take_thread_hooks`].
pub fn restore_thread_hooks(saved: ThreadHooks) {
    ORIGIN_DEPTH.set(saved.0);
    let left = ASYNCGEN_HOOKS.with(|hooks| std::mem::replace(&mut *hooks.lock(), saved.1));
    drop(left);
}

/// `sys.getrefcount` of immortal objects.
const IMMORTAL_COUNT: i64 = 3 << 30;

#[pymodule(name = "sys")]
mod items {
    use super::*;

    /// Exit the interpreter by raising SystemExit(status).
    ///
    /// If the status is omitted or None, it defaults to zero (i.e., success).
    /// If the status is an integer, it will be used as the system exit status.
    /// If it is another kind of object, it will be printed and the system
    /// exit status will be one (i.e., failure).
    #[pyfunction(sig = "(status=None, /)")]
    fn exit(status: Option<&Obj>) -> PyResult<()> {
        // A tuple holds the arguments of the exception.
        let args = match status {
            Some(status) => match status.downcast::<taipan_objects::tuple::PyTuple>() {
                Some(tuple) => tuple.as_slice().to_vec(),
                None => vec![status.clone()],
            },
            None => vec![none()],
        };
        Err(raise_args(&types().system_exit, args))
    }

    /// Return the current default encoding used by the Unicode implementation.
    #[pyfunction]
    fn getdefaultencoding() -> &'static str {
        "utf-8"
    }

    /// Return the encoding used to convert Unicode filenames to OS filenames.
    #[pyfunction]
    fn getfilesystemencoding() -> &'static str {
        taipan_objects::str::codecs::name_encoding()
    }

    /// Return the error mode used Unicode to OS filename conversion.
    #[pyfunction]
    fn getfilesystemencodeerrors() -> &'static str {
        "surrogateescape"
    }

    /// Return the reference count of object.
    ///
    /// The count returned is generally one higher than you might expect,
    /// because it includes the (temporary) reference as an argument to
    /// getrefcount().
    #[pyfunction]
    fn getrefcount(object: &Obj) -> i64 {
        match object.header() {
            _ if _is_immortal(object) => IMMORTAL_COUNT,
            Some(header) => i64::from(taipan_gc::refcount::getrefcount(header)),
            None => 2,
        }
    }

    /// getsizeof(object [, default]) -> int
    ///
    /// Return the size of object in bytes.
    #[pyfunction(sig = "(object, default=<unrepresentable>)", text = "")]
    fn getsizeof(object: &Obj, default: Option<&Obj>) -> PyResult<Obj> {
        let size = match lookup_special(object, &istr!("__sizeof__")) {
            Ok(Some(method)) => call0(&method),
            Ok(None) => {
                Err(type_error(format!("Type {} doesn't define __sizeof__", class_of(object).name())))
            }
            Err(raised) => Err(raised),
        };
        let checked = size.and_then(|size| {
            if !is_instance_of(&size, &types().int) {
                return Err(type_error("an integer is required"));
            }
            if index_word(&size)? < 0 {
                return Err(value_error("__sizeof__() should return >= 0"));
            }
            Ok(size)
        });
        match (checked, default) {
            (Err(Raised), Some(default)) => catch(&types().type_error).map(|_| default.clone()),
            (result, _) => result,
        }
    }

    /// Intern the given string.
    ///
    /// This enters the string in the (global) table of interned strings whose
    /// purpose is to speed up dictionary lookups. Return the string itself or
    /// the previously interned string object with the same value.
    #[pyfunction(name = "intern")]
    fn intern_(string: &Obj) -> PyResult<Obj> {
        match string.downcast::<PyStr>() {
            Some(text) if text.is_exact() => Ok(taipan_objects::str::intern_obj(string).into_obj()),
            Some(_) => Err(type_error(format!("can't intern {}", class_of(string).name()))),
            None => {
                Err(type_error(format!("intern() argument must be str, not {}", class_of(string).name())))
            }
        }
    }

    /// Return True if the given string is "interned".
    #[pyfunction]
    fn _is_interned(string: &Obj) -> PyResult<bool> {
        match string.downcast::<PyStr>() {
            Some(text) => Ok(text.is_interned()),
            None => Err(type_error(format!(
                "_is_interned() argument must be str, not {}",
                class_of(string).name()
            ))),
        }
    }

    /// Return True if the given object is "immortal" per PEP 683.
    #[pyfunction]
    fn _is_immortal(op: &Obj) -> bool {
        match op.header() {
            Some(header) => header.is_immortal(),
            // No object at all: what CPython keeps one of for everybody.
            None => op.value().is_int() && (-5..=256).contains(&op.value().as_int()),
        }
    }

    /// Return True if the GIL is currently enabled.
    #[pyfunction]
    fn _is_gil_enabled() -> bool {
        false
    }

    /// Reads and executes statements line by line.
    #[pyfunction]
    fn _baserepl() -> PyResult<()> {
        match crate::run::basic() {
            None => Ok(()),
            Some(status) => Err(raise_args(&types().system_exit, vec![int_obj(i64::from(status))])),
        }
    }

    /// Return the current value of the recursion limit.
    #[pyfunction]
    fn getrecursionlimit() -> usize {
        thread::recursion_limit()
    }

    /// Set the maximum depth of the Python interpreter stack to n.
    #[pyfunction]
    fn setrecursionlimit(limit: i64) -> PyResult<()> {
        if limit < 1 {
            return Err(value_error("recursion limit must be greater or equal than 1"));
        }
        let depth = thread::current().depth.get();
        if depth >= limit as usize {
            return Err(recursion_error(format!(
                "cannot set the recursion limit to {limit} at the recursion depth {depth}: the limit is too low"
            )));
        }
        thread::set_recursion_limit(limit as usize);
        Ok(())
    }

    /// Return the current thread switch interval; see sys.setswitchinterval().
    #[pyfunction]
    fn getswitchinterval() -> f64 {
        f64::from_bits(SWITCH_INTERVAL.load(Ordering::Relaxed))
    }

    /// Set the ideal thread switching delay inside the Python interpreter.
    #[pyfunction]
    fn setswitchinterval(interval: f64) -> PyResult<()> {
        if interval <= 0.0 {
            return Err(value_error("switch interval must be strictly positive"));
        }
        SWITCH_INTERVAL.store(interval.to_bits(), Ordering::Relaxed);
        Ok(())
    }

    /// Return the maximum string digits limit for non-binary int<->str conversions.
    #[pyfunction]
    fn get_int_max_str_digits() -> usize {
        int::max_str_digits()
    }

    /// Set the maximum string digits limit for non-binary int<->str conversions.
    #[pyfunction(sig = "(maxdigits)")]
    fn set_int_max_str_digits(maxdigits: i64) -> PyResult<()> {
        if maxdigits != 0 && maxdigits < 640 {
            return Err(value_error("maxdigits must be >= 640 or 0 for unlimited"));
        }
        int::set_int_max_str_digits(maxdigits as usize)
    }

    /// Return True if Python is exiting.
    #[pyfunction]
    fn is_finalizing() -> bool {
        super::is_finalizing()
    }

    /// Clear the internal type lookup cache.
    #[pyfunction]
    fn _clear_type_cache() {}

    /// Clear all internal performance-related caches.
    #[pyfunction]
    fn _clear_internal_caches() {}

    /// Private function for clearing certain descriptors from a type's dictionary.
    #[pyfunction]
    fn _clear_type_descriptors(type_: &PyType) -> PyResult<()> {
        if !type_.has_flag(taipan_objects::type_object::type_flags::HEAP) {
            return Err(type_error("argument is immutable"));
        }
        for name in ["__dict__", "__weakref__"] {
            type_.dict().delete_str(name);
        }
        type_.modified();
        Ok(())
    }

    /// Return the number of memory blocks currently allocated.
    #[pyfunction]
    fn getallocatedblocks() -> usize {
        taipan_gc::heap::stats().objects
    }

    /// Return the number of elements of the unicode interned dictionary
    #[pyfunction(sig = "(*, _only_immortal=False)")]
    fn getunicodeinternedsize(_only_immortal: bool) -> usize {
        taipan_objects::str::intern::count()
    }

    /// Print debug info to stderr about the state of the allocator.
    #[pyfunction]
    fn _debugmallocstats() {
        let stats = taipan_gc::heap::stats();
        eprintln!(
            "{} objects, {} bytes, {} pages, {} large objects",
            stats.objects, stats.bytes, stats.pages, stats.large
        );
    }

    /// Return the current value of the flags that are used for dlopen calls.
    #[pyfunction]
    fn getdlopenflags() -> i64 {
        DLOPEN_FLAGS.load(Ordering::Relaxed)
    }

    /// Set the flags used by the interpreter for dlopen calls.
    #[pyfunction]
    fn setdlopenflags(flags: i64) {
        DLOPEN_FLAGS.store(flags, Ordering::Relaxed);
    }

    #[pyfunction]
    fn _get_cpu_count_config() -> i64 {
        crate::sys::config::settings().cpu_count.unwrap_or(-1)
    }

    /// Check status of origin tracking for coroutine objects in this thread.
    #[pyfunction]
    fn get_coroutine_origin_tracking_depth() -> i64 {
        ORIGIN_DEPTH.get()
    }

    /// Enable or disable origin tracking for coroutine objects in this thread.
    #[pyfunction(sig = "(depth)")]
    fn set_coroutine_origin_tracking_depth(depth: i64) -> PyResult<()> {
        if depth < 0 {
            return Err(value_error("depth must be >= 0"));
        }
        ORIGIN_DEPTH.set(depth);
        Ok(())
    }

    /// set_asyncgen_hooks([firstiter] [, finalizer])
    ///
    /// Set a finalizer for async generators objects.
    #[pyfunction(sig = "(firstiter=<unrepresentable>, finalizer=<unrepresentable>)", text = "")]
    fn set_asyncgen_hooks(firstiter: Option<&Obj>, finalizer: Option<&Obj>) -> PyResult<()> {
        for (value, name) in [(finalizer, "finalizer"), (firstiter, "firstiter")] {
            if let Some(value) = value
                && !is_none(value)
                && !is_callable(value)
            {
                return Err(type_error(format!("callable {name} expected, got {}", class_of(value).name())));
            }
        }
        let chosen = |value: &Obj| Some(value.clone()).filter(|v| !is_none(v));
        let old = ASYNCGEN_HOOKS.with(|hooks| {
            let mut hooks = hooks.lock();
            let old = hooks.clone();
            if let Some(value) = firstiter {
                hooks.0 = chosen(value);
            }
            if let Some(value) = finalizer {
                hooks.1 = chosen(value);
            }
            old
        });
        drop(old);
        Ok(())
    }

    /// get_asyncgen_hooks()
    ///
    /// Return a namedtuple of installed asynchronous generators hooks (firstiter, finalizer).
    #[pyfunction]
    fn get_asyncgen_hooks() -> Obj {
        let (firstiter, finalizer) = asyncgen_hooks();
        crate::sys::info::asyncgen_hooks(firstiter.unwrap_or_else(none), finalizer.unwrap_or_else(none))
    }

    /// Activate stack profiler trampoline *backend*.
    #[pyfunction]
    fn activate_stack_trampoline(backend: &str) -> PyResult<()> {
        let Some(backend) = Backend::named(backend) else {
            return Err(value_error(format!("invalid backend: {backend}")));
        };
        crate::perf::activate(backend)
            .map_err(|error| value_error(format!("can't activate perf trampoline: {error}")))
    }

    /// Deactivate the current stack profiler trampoline backend.
    #[pyfunction]
    fn deactivate_stack_trampoline() {
        crate::perf::deactivate();
    }

    /// Return *True* if a stack profiler trampoline is active.
    #[pyfunction]
    fn is_stack_trampoline_active() -> bool {
        crate::perf::is_active()
    }

    #[pyfunction]
    fn is_remote_debug_enabled() -> bool {
        false
    }

    /// Executes a file containing Python code in a given remote Python process.
    #[pyfunction(sig = "(pid, script)")]
    fn remote_exec(_pid: &Obj, _script: &Obj) -> PyResult<()> {
        Err(runtime_error("remote debugging is not supported"))
    }
}
