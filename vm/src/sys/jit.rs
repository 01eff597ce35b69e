//! `sys._jit`: what the program may ask about machine code.

use taipan_objects::native::*;
use taipan_objects::prelude::*;

mod functions {
    use super::*;

    #[pymodule(name = "sys._jit")]
    mod table_items {
        /// Return True if the current Python executable supports JIT compilation, and False otherwise.
        #[pyfunction]
        fn is_available() -> bool {
            crate::tier::is_available()
        }

        /// Return True if JIT compilation is enabled for the current Python process (implies sys._jit.is_available()), and False otherwise.
        #[pyfunction]
        fn is_enabled() -> bool {
            crate::tier::is_enabled()
        }

        /// Return True if the topmost Python frame is currently executing JIT code (implies sys._jit.is_enabled()), and False otherwise.
        #[pyfunction]
        fn is_active() -> bool {
            false
        }
    }
    pub use table_items::MODULE as TABLE;
}

#[pymodule(name = "sys")]
mod items {
    use super::*;

    #[pyattr]
    fn _jit() -> PyResult<Obj> {
        crate::import::make_module(&functions::TABLE)
    }
}
