//! `_tracemalloc`: the Python face of [`taipan_vm::tracemalloc`].

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_vm::{thread, trace, tracemalloc};

/// Where Python allocates memory.
#[pymodule(name = "_tracemalloc")]
mod items {
    use super::*;

    /// Whether allocations are traced.
    #[pyfunction]
    fn is_tracing() -> bool {
        tracemalloc::is_tracing()
    }
    /// Trace allocations from now on, with the innermost nframe frames of each.
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
    /// Trace no more and forget all traces.
    #[pyfunction]
    fn stop() {
        tracemalloc::stop();
    }
    /// Forget all traces.
    #[pyfunction]
    fn clear_traces() {
        tracemalloc::clear();
    }
    /// Begin the search for the peak anew.
    #[pyfunction]
    fn reset_peak() {
        tracemalloc::reset_peak();
    }
    /// How many frames of a traceback are kept.
    #[pyfunction]
    fn get_traceback_limit() -> usize {
        tracemalloc::limit()
    }
    /// (size now, largest size) of what is traced.
    #[pyfunction]
    fn get_traced_memory() -> (usize, usize) {
        tracemalloc::traced_memory()
    }
    /// How many bytes the traces themselves take.
    #[pyfunction]
    fn get_tracemalloc_memory() -> usize {
        tracemalloc::overhead()
    }
    /// (domain, size, traceback, number of frames) of each traced block.
    #[pyfunction]
    fn _get_traces() -> Vec<Obj> {
        tracemalloc::traces()
    }
    /// Where an object was allocated; None if it is not traced.
    #[pyfunction(sig = "(obj, /)")]
    fn _get_object_traceback(obj: &Obj) -> Option<Obj> {
        tracemalloc::traceback_of(obj)
    }
}
