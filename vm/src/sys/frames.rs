//! Frames, exceptions and tracing in `sys`.

use taipan_objects::dict::PyDict;
use taipan_objects::exceptions::PyBaseException;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;

use crate::{thread, trace};

/// The function that is set; `None` takes it away.
fn given(function: &Obj) -> Option<Obj> {
    Some(function.clone()).filter(|f| !is_none(f))
}

fn triple(exception: Option<Obj>) -> Obj {
    let Some(exception) = exception else { return tuple_obj(vec![none(), none(), none()]) };
    let traceback =
        exception.downcast::<PyBaseException>().and_then(PyBaseException::traceback).unwrap_or_else(none);
    tuple_obj(vec![class_of(&exception).to_obj(), exception, traceback])
}

/// The name of the module whose code runs `depth` frames above.
fn module_name(depth: i64) -> Option<Obj> {
    let thread = thread::current();
    let index = thread.visible(depth.max(0) as usize)?;
    // SAFETY: below `depth`: a live frame of the calling thread.
    let frame = unsafe { &*thread.frame(index) };
    // SAFETY: null, or the function of a live frame.
    let function = unsafe { frame.function.as_ref() }?;
    let module = function.module.load().filter(|m| !is_none(m));
    module
        .or_else(|| crate::frame::dict_of(frame.globals())?.get_name("__name__").map(IntoStrong::into_strong))
}

#[pymodule(name = "sys")]
mod items {
    use super::*;

    /// Return a frame object from the call stack.
    ///
    /// If optional integer depth is given, return the frame object that many
    /// calls below the top of the stack.  If that is deeper than the call
    /// stack, ValueError is raised.  The default for depth is zero, returning
    /// the frame at the top of the call stack.
    ///
    /// This function should be used for internal and specialized purposes
    /// only.
    #[pyfunction(sig = "(depth=0, /)")]
    fn _getframe(depth: i64) -> PyResult<Obj> {
        match crate::frame_object::current_frame(depth.max(0) as usize) {
            Some(frame) => {
                crate::sys::audit("sys._getframe", std::slice::from_ref(&frame))?;
                Ok(frame)
            }
            None => Err(value_error("call stack is not deep enough")),
        }
    }

    /// Return the name of the module for a calling frame.
    ///
    /// The default depth returns the module containing the call to this API.
    /// A more typical use in a library will pass a depth of 1 to get the user's
    /// module rather than the library module.
    ///
    /// If no frame, module, or name can be found, returns None.
    #[pyfunction(sig = "(depth=0)")]
    fn _getframemodulename(depth: i64) -> PyResult<Option<Obj>> {
        crate::sys::audit("sys._getframemodulename", &[int_obj(depth)])?;
        Ok(module_name(depth))
    }

    /// Return information about the most recent exception caught by an except clause.
    ///
    /// Return current exception information: (type, value, traceback).
    #[pyfunction]
    fn exc_info() -> Obj {
        triple(handled())
    }

    /// Return the current exception.
    ///
    /// Return the most recent exception caught by an except clause
    /// in the current stack frame or in an older stack frame, or None
    /// if no such clause exists.
    #[pyfunction]
    fn exception() -> Option<Obj> {
        handled()
    }

    /// Return a dict mapping each thread's thread id to its current stack frame.
    ///
    /// This function should be used for specialized purposes only.
    #[pyfunction]
    fn _current_frames() -> PyResult<Obj> {
        let frames = PyDict::new();
        for (ident, frame) in crate::frame_object::frames_of_threads() {
            frames.set(taipan_objects::int::from_u64(ident), frame)?;
        }
        Ok(frames.into_obj())
    }

    /// Return a dict mapping each thread's identifier to its current raised exception.
    ///
    /// This function should be used for specialized purposes only.
    #[pyfunction]
    fn _current_exceptions() -> PyResult<Obj> {
        let exceptions = PyDict::new();
        for (ident, exception) in crate::frame_object::exceptions_of_threads() {
            exceptions.set(taipan_objects::int::from_u64(ident), exception.unwrap_or_else(none))?;
        }
        Ok(exceptions.into_obj())
    }

    /// Set the global debug tracing function.
    ///
    /// It will be called on each function call.  See the debugger chapter
    /// in the library manual.
    #[pyfunction]
    fn settrace(function: &Obj) -> PyResult<()> {
        crate::sys::audit("sys.settrace", &[])?;
        let thread = thread::current();
        drop(thread.trace.replace(given(function)));
        trace::refresh(thread);
        trace::switch_behind_call(thread, "settrace")
    }

    /// Return the global debug tracing function set with sys.settrace.
    ///
    /// See the debugger chapter in the library manual.
    #[pyfunction]
    fn gettrace() -> Option<Obj> {
        thread::current().trace.load()
    }

    /// Set the profiling function.
    ///
    /// It will be called on each function call and return.  See the profiler
    /// chapter in the library manual.
    #[pyfunction]
    fn setprofile(function: &Obj) -> PyResult<()> {
        crate::sys::audit("sys.setprofile", &[])?;
        let thread = thread::current();
        drop(thread.profile.replace(given(function)));
        trace::refresh(thread);
        trace::switch_behind_call(thread, "setprofile")
    }

    /// Return the profiling function set with sys.setprofile.
    ///
    /// See the profiler chapter in the library manual.
    #[pyfunction]
    fn getprofile() -> Option<Obj> {
        thread::current().profile.load()
    }

    /// Set the global debug tracing function in all running threads belonging to the current interpreter.
    #[pyfunction]
    fn _settraceallthreads(arg: &Obj) -> PyResult<()> {
        crate::sys::audit("sys.settrace", &[])?;
        let mut old = Vec::new();
        thread::for_each(|thread| old.push(thread.trace.replace(given(arg))));
        drop(old);
        trace::refresh_all();
        trace::switch_behind_call(thread::current(), "_settraceallthreads")
    }

    /// Set the profiling function in all running threads belonging to the current interpreter.
    #[pyfunction]
    fn _setprofileallthreads(arg: &Obj) -> PyResult<()> {
        crate::sys::audit("sys.setprofile", &[])?;
        let mut old = Vec::new();
        thread::for_each(|thread| old.push(thread.profile.replace(given(arg))));
        drop(old);
        trace::refresh_all();
        trace::switch_behind_call(thread::current(), "_setprofileallthreads")
    }

    /// Call func(*args), while tracing is enabled.
    ///
    /// The tracing state is saved, and restored afterwards.  This is intended
    /// to be called from a debugger from a checkpoint, to recursively debug
    /// some other code.
    #[pyfunction]
    fn call_tracing(func: &Obj, funcargs: &Obj) -> PyResult<Obj> {
        let arguments = collect(funcargs)?;
        thread::current().tracing.outside(|| call(func, &arguments))
    }
}
