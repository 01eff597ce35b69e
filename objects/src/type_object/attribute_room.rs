//! How much room for attributes the instances of a new class get at first; the class learns better (`PyType::learn_inline_cap`), but what
//! was made before stays as it was, and a program's few long-lived objects are often the first of their class.

use std::collections::HashSet;

use taipan_gc::Obj;

use super::PyType;
use crate::dict::PyDict;
use crate::istr;
use crate::tuple::PyTuple;

/// Fewest slots, which fill a block beside the header and the overflow word.
const LEAST: usize = 3;
/// Most slots that are given on suspicion: an attribute that a method assigns need not be there.
const MOST: usize = 30;

/// The number of attributes that instances of a class with this namespace and these bases are likely to have: as many as methods assign to `self`
/// (`__static_attributes__`, which the compiler notes) in the class and in those that it inherits from.
pub(super) fn likely(namespace: &PyDict, bases: &[Obj]) -> u32 {
    let mut names = HashSet::new();
    let mut add = |namespace: &PyDict| {
        if let Some(noted) = namespace.get_str(&istr!("__static_attributes__"))
            && let Some(noted) = noted.downcast::<PyTuple>()
        {
            names.extend(noted.as_slice().iter().map(|name| name.value().bits()));
        }
    };
    add(namespace);
    for class in bases.iter().filter_map(|base| base.downcast::<PyType>()).flat_map(PyType::mro_iter) {
        add(&class.dict());
    }
    names.len().clamp(LEAST, MOST) as u32
}
