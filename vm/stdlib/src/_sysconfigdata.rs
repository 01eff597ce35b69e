//! The module in which `sysconfig` looks for what the build has determined. There is no C build here, so it says little.

use taipan_objects::dict::PyDict;
use taipan_objects::native::*;
use taipan_objects::prelude::*;

/// Configuration variables of the build.
#[pymodule(name = "_sysconfigdata_t_linux_x86_64-linux-gnu")]
mod items {
    use super::*;

    #[pyattr]
    fn build_time_vars() -> Obj {
        let vars = PyDict::new();
        for (name, value) in [
            ("ABIFLAGS", "t"),
            ("CONFIG_ARGS", ""),
            ("EXT_SUFFIX", ".so"),
            ("HOST_GNU_TYPE", "x86_64-pc-linux-gnu"),
            ("MULTIARCH", "x86_64-linux-gnu"),
            ("SOABI", "taipan-314t"),
            ("exec_prefix", "/usr/local"),
            ("prefix", "/usr/local"),
        ] {
            vars.set_str(name, str_obj(value));
        }
        for (name, value) in
            [("Py_DEBUG", 0), ("Py_GIL_DISABLED", 1), ("Py_TRACE_REFS", 0), ("WITH_DOC_STRINGS", 1)]
        {
            vars.set_str(name, int_obj(value));
        }
        vars.into_obj()
    }
}
