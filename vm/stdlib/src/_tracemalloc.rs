//! `_tracemalloc`: allocations are not traced. Starting says so; everything else answers as if nothing was started.

use taipan_objects::native::*;
use taipan_objects::prelude::*;

/// Debug module to trace memory blocks allocated by Python.
#[pymodule(name = "_tracemalloc")]
mod items {
    use super::*;

    /// Whether allocations are traced.
    #[pyfunction]
    fn is_tracing() -> bool {
        false
    }
    /// Starts tracing, which this implementation cannot.
    #[pyfunction(sig = "(nframe=1, /)")]
    fn start(nframe: i32) -> PyResult<()> {
        if nframe < 1 {
            return Err(value_error("the number of frames must be in range [1; 65535]"));
        }
        Err(not_implemented_error("memory allocations cannot be traced"))
    }
    /// Stops tracing.
    #[pyfunction]
    fn stop() {}
    /// Forgets all traces.
    #[pyfunction]
    fn clear_traces() {}
    /// Sets the peak to the present size.
    #[pyfunction]
    fn reset_peak() {}
    /// The largest number of frames kept of each allocation.
    #[pyfunction]
    fn get_traceback_limit() -> i64 {
        1
    }
    /// Present and peak size of traced memory.
    #[pyfunction]
    fn get_traced_memory() -> (i64, i64) {
        (0, 0)
    }
    /// Memory used for tracing.
    #[pyfunction]
    fn get_tracemalloc_memory() -> i64 {
        0
    }
    /// All traces.
    #[pyfunction]
    fn _get_traces() -> Vec<Obj> {
        Vec::new()
    }
    /// Where an object was allocated.
    #[pyfunction]
    fn _get_object_traceback(obj: &Obj) -> Option<Obj> {
        let _ = obj;
        None
    }
}
