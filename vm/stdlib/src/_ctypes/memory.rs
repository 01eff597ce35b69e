//! Memory by address, as C programs use it: reads, writes and copies without alignment, blocks that an instance owns, the x87 format.
//!
//! That an address is good is the duty of the Python program, as it is the C programmer's; nothing here can check it. What the rest of this
//! folder gives to these functions by itself is memory of instances, which lives as long as the instance does (see `data.rs`). Other threads
//! may write the same bytes meanwhile: accesses are by copies of bytes, never by references.

#![allow(unsafe_code)] // Addresses are what the module is about.

use std::alloc::Layout;

/// An address, as C has it.
pub type Address = usize;

fn pointer(address: Address) -> *mut u8 {
    std::ptr::with_exposed_provenance_mut(address)
}

/// The value at an address.
pub fn read<T: Copy>(address: Address) -> T {
    // SAFETY: the address is the Python program's to answer for; no alignment is supposed.
    unsafe { pointer(address).cast::<T>().read_unaligned() }
}

/// Stores a value at an address.
pub fn write<T: Copy>(address: Address, value: T) {
    // SAFETY: as in `read`.
    unsafe { pointer(address).cast::<T>().write_unaligned(value) }
}

/// A copy of bytes.
pub fn bytes(address: Address, count: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(count);
    // SAFETY: as in `read`; the vector has room for `count` bytes, all of which are written.
    unsafe {
        std::ptr::copy_nonoverlapping(pointer(address), out.as_mut_ptr(), count);
        out.set_len(count);
    }
    out
}

/// Stores bytes.
pub fn store(address: Address, bytes: &[u8]) {
    if bytes.is_empty() {
        return;
    }
    // SAFETY: as in `read`.
    unsafe { std::ptr::copy(bytes.as_ptr(), pointer(address), bytes.len()) }
}

/// Copies bytes that may overlap.
pub fn copy(from: Address, to: Address, count: usize) {
    if count == 0 {
        return;
    }
    // SAFETY: as in `read`.
    unsafe { std::ptr::copy(pointer(from), pointer(to), count) }
}

/// The length of a string that ends with a zero byte.
pub fn string_length(address: Address) -> usize {
    // SAFETY: as in `read`.
    unsafe { libc::strlen(pointer(address).cast()) }
}

/// Code points at an address, up to a zero or up to `limit` of them.
pub fn wide(address: Address, limit: usize) -> Vec<u32> {
    (0..limit).map(|i| read::<u32>(address + 4 * i)).take_while(|&c| c != 0).collect()
}

/// A block of zeroed memory that an instance owns.
pub struct Block {
    address: Address,
    layout: Layout,
}

impl Block {
    /// `None`: there is no memory of that size.
    pub fn new(size: usize, align: usize) -> Option<Block> {
        let layout = Layout::from_size_align(size.max(1), align.max(8).next_power_of_two()).ok()?;
        // SAFETY: the layout has a size.
        let block = unsafe { std::alloc::alloc_zeroed(layout) };
        if block.is_null() {
            return None;
        }
        Some(Block { address: block.expose_provenance(), layout })
    }
    pub fn address(&self) -> Address {
        self.address
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        // SAFETY: allocated in `new` with this layout, freed once.
        unsafe { std::alloc::dealloc(pointer(self.address), self.layout) }
    }
}

/// Bytes of a C `long double`.
pub const LONG_DOUBLE: usize = 16;

/// A C `long double` that is near to `f`: x87's extended format, or IEEE's quadruple one.
pub fn long_double(f: f64) -> [u8; LONG_DOUBLE] {
    let bits = f.to_bits();
    let (sign, exponent, fraction) = (bits >> 63, (bits >> 52 & 0x7ff) as i64, bits & ((1 << 52) - 1));
    // The significand with its leading bit at bit 63, and the exponent that belongs to it.
    let (exponent, significand) = match (exponent, fraction) {
        (0, 0) => (0, 0),
        (0x7ff, _) => (0x7fff, 1 << 63 | fraction << 11),
        (0, _) => {
            let shift = i64::from(fraction.leading_zeros());
            (1 - 1023 + 16383 + 11 - shift, fraction << shift)
        }
        _ => (exponent - 1023 + 16383, 1 << 63 | fraction << 11),
    };
    let top = u128::from(sign << 15 | exponent as u64);
    let whole = if cfg!(target_arch = "x86_64") {
        top << 64 | u128::from(significand)
    } else {
        top << 112 | u128::from(significand << 1) << 48
    };
    whole.to_le_bytes()
}

/// The `f64` that is near to a C `long double`.
pub fn from_long_double(bytes: [u8; LONG_DOUBLE]) -> f64 {
    let whole = u128::from_le_bytes(bytes);
    let (top, significand) = if cfg!(target_arch = "x86_64") {
        ((whole >> 64) as u64 & 0xffff, whole as u64)
    } else {
        ((whole >> 112) as u64, (whole >> 49) as u64 & (u64::MAX >> 1) | 1 << 63)
    };
    let sign = if top >> 15 == 1 { -1.0 } else { 1.0 };
    let exponent = (top & 0x7fff) as i32;
    if exponent == 0 {
        return sign * 0.0;
    }
    if exponent == 0x7fff {
        return if significand << 1 == 0 { sign * f64::INFINITY } else { f64::NAN };
    }
    // In two steps, so that no factor is out of range.
    let power = exponent - 16383 - 63;
    let half = power / 2;
    let scale = |p: i32| 2f64.powi(p.clamp(-1022, 1023));
    sign * (significand as f64) * scale(half) * scale(power - half)
}
