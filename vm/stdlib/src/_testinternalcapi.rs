//! `_testinternalcapi`, as far as tests of the hooks need it. Built for tests only.

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_vm::perf;

#[pymodule(name = "_testinternalcapi")]
mod items {
    use super::*;

    #[pyfunction]
    fn write_perf_map_entry(address: usize, size: usize, name: &str) -> PyResult<i64> {
        perf::write_entry(address, size, name).map_err(crate::os_error::raise_io)?;
        Ok(0)
    }
    #[pyfunction]
    fn perf_map_state_teardown() {
        perf::close_map();
    }
}
