//! Containers of machine numbers whose items can be had without asking the class.

use taipan_gc::Header;

use super::PyType;
use crate::Value;
use crate::shape::Shape;

/// Access to the items of instances of one native class, whose attributes nobody can change, and not of its subclasses.
pub struct NumberItems {
    /// The item at an index counted from the beginning, if there is one and it is an immediate number.
    pub get: fn(&Header, usize) -> Option<Value>,
    /// Replaces an item by an immediate number that fits. Otherwise false, and nothing was done.
    pub set: fn(&Header, usize, Value) -> bool,
}

/// Access to the items of an object, if its class has it.
#[inline(always)]
pub fn of(header: &Header) -> Option<&'static NumberItems> {
    let class: *const PyType = Shape::of(header).class();
    // SAFETY: instances keep their classes alive.
    unsafe { &*class }.number_items.get().copied()
}
