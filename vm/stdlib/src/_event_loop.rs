//! `_event_loop`: what the library's `asyncio` has done natively beyond CPython's `_asyncio`. Not for programs.

use taipan_objects::native::*;
use taipan_objects::prelude::*;

use crate::_asyncio::{event_loop, gathering, handle};

#[pymodule(name = "_event_loop")]
mod items {
    use super::*;

    #[pyattr(name = "Handle")]
    fn handle_class() -> Obj {
        handle::class().to_obj()
    }
    #[pyattr(name = "TimerHandle")]
    fn timer_handle_class() -> Obj {
        handle::timer_class().to_obj()
    }
    /// Takes note of the base class of loops.
    #[pyfunction(sig = "(cls, /)")]
    fn know(cls: &Obj) -> PyResult<()> {
        let class = cls.downcast::<PyType>().ok_or_else(|| type_error("a class is required"))?;
        event_loop::know(class);
        Ok(())
    }
    /// Runs the first handles of a loop's queue.
    #[pyfunction(sig = "(ready, count, /)")]
    fn run_ready(ready: &Obj, count: usize) -> PyResult<()> {
        event_loop::run_ready(ready, count)
    }
    /// What asyncio.gather() gives for these arguments; None if it is not done here.
    #[pyfunction(sig = "(arguments, return_exceptions, /)")]
    fn gather(arguments: &Obj, return_exceptions: bool) -> PyResult<Option<Obj>> {
        match taipan_objects::tuple::exact_tuple(arguments) {
            Some(arguments) => gathering::gather(arguments.as_slice(), return_exceptions),
            None => Err(type_error("a tuple is required")),
        }
    }
}
