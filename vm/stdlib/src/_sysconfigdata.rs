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
            ("LDVERSION", "3.14t"),
            ("LIBDIR", "/usr/local/lib"),
            ("MULTIARCH", "x86_64-linux-gnu"),
            ("SHLIB_SUFFIX", ".so"),
            ("SOABI", "taipan-314t"),
            ("VERSION", "3.14"),
            // Where `zoneinfo` looks for the system's time zones.
            ("TZPATH", "/usr/share/zoneinfo:/usr/lib/zoneinfo:/usr/share/lib/zoneinfo:/etc/zoneinfo"),
            // Packages whose extensions are optional try to compile them before they do without.
            ("AR", "ar"),
            ("ARFLAGS", "rcs"),
            ("CC", "cc"),
            ("CCSHARED", "-fPIC"),
            ("CFLAGS", "-O2 -Wall"),
            ("CXX", "c++"),
            ("LDCXXSHARED", "c++ -shared"),
            ("LDFLAGS", ""),
            ("LDSHARED", "cc -shared"),
            ("OPT", "-O2 -Wall"),
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
