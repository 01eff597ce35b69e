//! The 64-bit NaN-boxed value: empty, pointer, immediate float or immediate integer.
//!
//! | bits 63..48      | meaning                                                                     |
//! | ---------------- | --------------------------------------------------------------------------- |
//! | `0x0000`         | pointer to a [`Header`]; bit 0 set: the reference is *not counted*; all zero: empty |
//! | `0x0001..0xFFFE` | float: IEEE bits plus `1 << 48`                                             |
//! | `0xFFFF`         | integer: 48-bit two's complement                                            |

use crate::header::Header;

/// A NaN-boxed word without ownership; see the module's table.
#[repr(transparent)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Value(u64);

const FLOAT_OFFSET: u64 = 1 << 48;
const INT_TAG: u64 = 0xFFFF << 48;
const POINTER_LIMIT: u64 = 1 << 48;
const UNCOUNTED: u64 = 1;

impl Value {
    /// No value: an unbound variable, an empty slot, "an exception is raised".
    pub const EMPTY: Value = Value(0);
    /// Smallest immediate integer.
    pub const INT_MIN: i64 = -(1 << 47);
    /// Largest immediate integer.
    pub const INT_MAX: i64 = (1 << 47) - 1;

    /// The raw word.
    #[inline(always)]
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// A value from its raw word, as [`Value::bits`] gave it.
    #[inline(always)]
    pub const fn from_bits(bits: u64) -> Value {
        Value(bits)
    }

    /// The immediate integer `i`, if it fits 48 bits.
    #[inline(always)]
    pub const fn from_int(i: i64) -> Option<Value> {
        if i >= Self::INT_MIN && i <= Self::INT_MAX { Some(Self::from_int_wrapping(i)) } else { None }
    }

    /// The immediate integer of the low 48 bits of `i`.
    #[inline(always)]
    pub const fn from_int_wrapping(i: i64) -> Value {
        Value(i as u64 & !INT_TAG | INT_TAG)
    }

    /// The float `f`. A NaN gets an identity of its own: see [`crate::nan`].
    #[inline(always)]
    pub fn from_float(f: f64) -> Value {
        if f.is_nan() {
            Value(crate::nan::identify(f) + FLOAT_OFFSET)
        } else {
            Value(f.to_bits() + FLOAT_OFFSET)
        }
    }

    /// A counted pointer.
    #[inline(always)]
    pub fn from_ptr(ptr: *const Header) -> Value {
        Value(ptr.expose_provenance() as u64)
    }

    #[inline(always)]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
    #[inline(always)]
    pub const fn is_int(self) -> bool {
        self.0 >= INT_TAG
    }
    /// Whether both are immediate integers.
    #[inline(always)]
    pub const fn both_int(self, other: Value) -> bool {
        self.0 & other.0 >= INT_TAG
    }
    #[inline(always)]
    pub const fn is_float(self) -> bool {
        self.0 >= FLOAT_OFFSET && self.0 < INT_TAG
    }
    /// Whether this is an immediate integer or float.
    #[inline(always)]
    pub const fn is_number(self) -> bool {
        self.0 >= POINTER_LIMIT
    }
    /// Whether this points to an object (empty is no pointer).
    #[inline(always)]
    pub const fn is_ptr(self) -> bool {
        self.0.wrapping_sub(1) < POINTER_LIMIT - 1
    }
    /// Whether dropping this reference must change a count.
    #[inline(always)]
    pub const fn is_counted(self) -> bool {
        // With the uncounted bit on top, all that is not a counted pointer is beyond their range (empty by wrapping around).
        self.0.rotate_right(1).wrapping_sub(1) < POINTER_LIMIT / 2 - 1
    }
    /// Whether this is an uncounted pointer.
    #[inline(always)]
    pub const fn is_lent(self) -> bool {
        self.is_ptr() && self.0 & UNCOUNTED != 0
    }
    /// The integer. Meaningful only if [`Value::is_int`].
    #[inline(always)]
    pub const fn as_int(self) -> i64 {
        (self.0 << 16) as i64 >> 16
    }
    /// The float. Meaningful only if [`Value::is_float`].
    #[inline(always)]
    pub const fn as_float(self) -> f64 {
        f64::from_bits(self.0.wrapping_sub(FLOAT_OFFSET))
    }
    /// The object pointed to, without the uncounted bit. Meaningful only if [`Value::is_ptr`].
    #[inline(always)]
    pub fn ptr(self) -> *mut Header {
        std::ptr::with_exposed_provenance_mut((self.0 & !UNCOUNTED) as usize)
    }
    /// Has the header of the object come from memory meanwhile; of anything but a pointer nothing is to be had.
    #[inline(always)]
    pub fn fetch(self) {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: a hint, whatever the address.
        unsafe {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            _mm_prefetch::<_MM_HINT_T0>(self.ptr().cast());
        }
    }
    /// The same value as an uncounted reference (numbers are unchanged).
    #[inline(always)]
    pub const fn uncounted(self) -> Value {
        if self.is_ptr() { Value(self.0 | UNCOUNTED) } else { self }
    }
    /// [`Value::uncounted`] of what is known to be a pointer.
    #[inline(always)]
    pub const fn uncounted_ptr(self) -> Value {
        debug_assert!(self.is_ptr());
        Value(self.0 | UNCOUNTED)
    }
    /// The same value with the uncounted bit cleared.
    #[inline(always)]
    pub const fn counted(self) -> Value {
        if self.is_ptr() { Value(self.0 & !UNCOUNTED) } else { self }
    }
    /// Python's `is`: numbers by value, objects by address whatever the uncounted bit.
    #[inline(always)]
    pub const fn same(self, other: Value) -> bool {
        self.0 == other.0 || (self.0 ^ other.0 == UNCOUNTED && self.is_ptr())
    }
}

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            v if v.is_empty() => write!(f, "<empty>"),
            v if v.is_int() => write!(f, "{}", v.as_int()),
            v if v.is_float() => write!(f, "{:?}", v.as_float()),
            v => write!(f, "<object {:#x}>", v.0),
        }
    }
}
