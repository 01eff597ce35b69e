//! `_sysconfig`: build configuration that `sysconfig` cannot work out by itself.

use taipan_objects::dict::PyDict;
use taipan_objects::native::*;
use taipan_objects::prelude::*;

/// A helper for the sysconfig module.
#[pymodule(name = "_sysconfig")]
mod items {
    use super::*;

    /// A dict of configuration variables.
    #[pyfunction]
    fn config_vars() -> Obj {
        let vars = PyDict::new();
        vars.set_str("Py_GIL_DISABLED", int_obj(1));
        vars.set_str("Py_DEBUG", int_obj(0));
        vars.set_str("EXT_SUFFIX", str_obj(".so"));
        vars.set_str("SOABI", str_obj("taipan-314t"));
        vars.into_obj()
    }
}
