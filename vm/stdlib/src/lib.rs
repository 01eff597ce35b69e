//! The modules that CPython writes in C, one file each, named like the module. The table below is all that the interpreter knows of them.

use taipan_objects::native::ModuleDef;

pub mod _abc;
pub mod _collections;
pub mod _functools;
pub mod _json;
pub mod _operator;
pub mod _random;
pub mod _sre;
pub mod _struct;
pub mod _weakref;
pub mod array;
pub mod binascii;
pub mod cmath;
pub mod counted;
pub mod itertools;
pub mod math;
pub mod native_class;
pub mod new_exception;
pub mod unicodedata;

/// All native modules. One line each, sorted by name.
static MODULES: &[&ModuleDef] = &[
    &_abc::MODULE,
    &_collections::MODULE,
    &_functools::MODULE,
    &_json::MODULE,
    &_operator::MODULE,
    &_random::MODULE,
    &_sre::MODULE,
    &_struct::MODULE,
    &_weakref::MODULE,
    &array::MODULE,
    &binascii::MODULE,
    &cmath::MODULE,
    &itertools::MODULE,
    &math::MODULE,
    &unicodedata::MODULE,
];

/// All native modules.
pub fn modules() -> &'static [&'static ModuleDef] {
    MODULES
}
