//! The modules that CPython writes in C, one file each, named like the module. The table below is all that the interpreter knows of them.

use taipan_objects::native::ModuleDef;

pub mod _random;
pub mod _sre;
pub mod _struct;
pub mod binascii;
pub mod cmath;
pub mod math;
pub mod new_exception;

/// All native modules. One line each, sorted by name.
static MODULES: &[&ModuleDef] = &[
    &_random::MODULE,
    &_sre::MODULE,
    &_struct::MODULE,
    &binascii::MODULE,
    &cmath::MODULE,
    &math::MODULE,
];

/// All native modules.
pub fn modules() -> &'static [&'static ModuleDef] {
    MODULES
}
