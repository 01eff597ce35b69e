//! Containers of machine numbers whose items can be had without asking the class.

use std::mem::offset_of;
use std::sync::OnceLock;

use taipan_gc::{Header, ShapeId};
use taipan_threading::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use super::PyType;
use crate::Value;
use crate::shape::Shape;

/// Access to the items of instances of one native class, whose attributes nobody can change, and not of its subclasses.
pub struct NumberItems {
    /// The item at an index counted from the beginning, if there is one and it is an immediate number.
    pub get: fn(&Header, usize) -> Option<Value>,
    /// Replaces an item by an immediate number that fits. Otherwise false, and nothing was done.
    pub set: fn(&Header, usize, Value) -> bool,
    /// Whether instances begin with [`Doubles`].
    pub has_doubles: bool,
}

/// What an instance has behind its header that may have doubles in its memory, for machine code: while there is one thread, that may read and write them there.
///
/// The owner's memory lives as long as what is said here, and is changed by the owner alone, who says so ([`Doubles::are`]) before anything else runs.
#[repr(C)]
pub struct Doubles {
    first: AtomicPtr<u8>,
    /// 0 if the memory has something else.
    count: AtomicUsize,
}

impl Doubles {
    /// Offsets in the instance, in bytes, for machine code.
    pub const FIRST: i32 = (size_of::<Header>() + offset_of!(Doubles, first)) as i32;
    pub const COUNT: i32 = (size_of::<Header>() + offset_of!(Doubles, count)) as i32;

    /// None.
    pub const fn none() -> Doubles {
        Doubles { first: AtomicPtr::new(std::ptr::null_mut()), count: AtomicUsize::new(0) }
    }
    /// The memory at `first` has so many.
    pub fn are(&self, first: *mut u8, count: usize) {
        self.first.store(first, Ordering::Relaxed);
        self.count.store(count, Ordering::Relaxed);
    }
    /// Whether there are any.
    pub fn any(&self) -> bool {
        self.count.load(Ordering::Relaxed) != 0
    }
}

/// The shape of the instances that have [`Doubles`], but for those of subclasses.
static WITH_DOUBLES: OnceLock<ShapeId> = OnceLock::new();

/// Gives a native class that access to its instances' items. The first one that has [`Doubles`] is known to machine code.
pub fn register(class: &PyType, items: &'static NumberItems) {
    let first = class.number_items.set(items).is_ok();
    if first && items.has_doubles {
        let _ = WITH_DOUBLES.set(class.root_shape());
    }
}

/// The shape of instances that have [`Doubles`].
pub fn shape_with_doubles() -> Option<ShapeId> {
    WITH_DOUBLES.get().copied()
}

/// Whether an object has doubles where machine code finds them.
pub fn has_doubles(header: &Header) -> bool {
    let known = shape_with_doubles().is_some_and(|shape| header.shape() == shape);
    // SAFETY: instances of that shape begin with their `Doubles`.
    known && unsafe { &*std::ptr::from_ref(header).add(1).cast::<Doubles>() }.any()
}

/// Access to the items of an object, if its class has it.
#[inline(always)]
pub fn of(header: &Header) -> Option<&'static NumberItems> {
    let class: *const PyType = Shape::of(header).class();
    // SAFETY: instances keep their classes alive.
    unsafe { &*class }.number_items.get().copied()
}
