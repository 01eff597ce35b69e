//! `_tracemalloc`: the Python face of [`taipan_vm::tracemalloc`].

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_vm::{thread, trace, tracemalloc};

/// Debug module to trace memory blocks allocated by Python.
#[pymodule(name = "_tracemalloc")]
mod items {
    use super::*;

    /// Return True if the tracemalloc module is tracing Python memory allocations.
    #[pyfunction]
    fn is_tracing() -> bool {
        tracemalloc::is_tracing()
    }
    /// Start tracing Python memory allocations.
    ///
    /// Of the traceback of each allocation the innermost nframe frames are kept.
    #[pyfunction(sig = "(nframe=1, /)")]
    fn start(nframe: i32) -> PyResult<()> {
        let limit =
            usize::try_from(nframe).ok().filter(|limit| (1..=tracemalloc::MAX_FRAMES).contains(limit));
        let Some(limit) = limit else {
            let most = tracemalloc::MAX_FRAMES;
            return Err(value_error(format!("the number of frames must be in range [1; {most}]")));
        };
        tracemalloc::start(limit);
        trace::switch_behind_call(thread::current(), "start")
    }
    /// Stop tracing Python memory allocations.
    ///
    /// All traces are forgotten.
    #[pyfunction]
    fn stop() {
        tracemalloc::stop();
    }
    /// Clear traces of memory blocks allocated by Python.
    #[pyfunction]
    fn clear_traces() {
        tracemalloc::clear();
    }
    /// Set the peak size of memory blocks traced by tracemalloc to the current size.
    #[pyfunction]
    fn reset_peak() {
        tracemalloc::reset_peak();
    }
    /// Get the maximum number of frames stored in the traceback of a trace.
    #[pyfunction]
    fn get_traceback_limit() -> usize {
        tracemalloc::limit()
    }
    /// Get the current size and peak size of memory blocks traced by tracemalloc.
    #[pyfunction]
    fn get_traced_memory() -> (usize, usize) {
        tracemalloc::traced_memory()
    }
    /// Get the memory usage in bytes of the tracemalloc module.
    ///
    /// This is what the traces themselves take.
    #[pyfunction]
    fn get_tracemalloc_memory() -> usize {
        tracemalloc::overhead()
    }
    /// Get traces of all memory blocks allocated by Python.
    ///
    /// Each is a tuple of domain, size, traceback and number of frames.
    #[pyfunction]
    fn _get_traces() -> Vec<Obj> {
        tracemalloc::traces()
    }
    /// Get the traceback where the Python object obj was allocated.
    ///
    /// None if the object is not traced.
    #[pyfunction(sig = "(obj, /)")]
    fn _get_object_traceback(obj: &Obj) -> Option<Obj> {
        tracemalloc::traceback_of(obj)
    }
}
