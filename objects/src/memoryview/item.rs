//! Items of a memoryview: one native number, character or pointer each.

use taipan_gc::Obj;

use crate::bytes::PyBytes;
use crate::complex::{PyComplex, complex_obj};
use crate::construct::{bool_obj, int_obj};
use crate::error::*;
use crate::int::{from_u64, int_ref};
use crate::protocol;
use crate::types::types;

/// The character of a native format and its size: one character, perhaps after `@`.
pub fn native_code(format: &str) -> Option<(u8, usize)> {
    let code = match format.as_bytes() {
        [code] | [b'@', code] => *code,
        _ => return None,
    };
    let size = match code {
        b'c' | b'b' | b'B' | b'?' => 1,
        b'h' | b'H' | b'e' => 2,
        b'i' | b'I' | b'f' => 4,
        b'l' | b'L' | b'q' | b'Q' | b'n' | b'N' | b'P' | b'd' | b'F' => 8,
        b'D' => 16,
        _ => return None,
    };
    Some((code, size))
}

/// The first `N` bytes; zeros if there are fewer, which the size of the item excludes.
fn word<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.first_chunk::<N>().copied().unwrap_or([0; N])
}

/// A half-precision float.
pub fn half_to_f64(bits: u16) -> f64 {
    let sign = if bits & 0x8000 != 0 { -1.0 } else { 1.0 };
    let exponent = (bits >> 10 & 31) as i32;
    let fraction = (bits & 1023) as f64;
    sign * match exponent {
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        0 => fraction * 2f64.powi(-24),
        _ => (1024.0 + fraction) * 2f64.powi(exponent - 25),
    }
}

/// The nearest half-precision float (half to even); `None` if it is too large.
pub fn f64_to_half(x: f64) -> Option<u16> {
    let sign = if x.is_sign_negative() { 0x8000 } else { 0 };
    if x.is_nan() {
        return Some(sign | 0x7e00);
    }
    let size = x.abs();
    if size.is_infinite() {
        return Some(sign | 0x7c00);
    }
    if size < 2f64.powi(-14) {
        // Subnormal: units of 2**-24. Rounding up to the first normal one carries by itself.
        return Some(sign | (size * 2f64.powi(24)).round_ties_even() as u16);
    }
    let exponent = ((size.to_bits() >> 52) as i32) - 1023;
    let scaled = (size * 2f64.powi(10 - exponent)).round_ties_even() as i32;
    let bits = ((exponent + 15) << 10) + (scaled - 1024);
    if exponent > 15 || bits >= 0x7c00 { None } else { Some(sign | bits as u16) }
}

/// The object for an item.
pub fn unpack(code: u8, bytes: &[u8]) -> PyResult<Obj> {
    Ok(match code {
        b'B' => int_obj(word::<1>(bytes)[0] as i64),
        b'b' => int_obj(word::<1>(bytes)[0] as i8 as i64),
        b'c' => PyBytes::new(&bytes[..1]).into_obj(),
        b'?' => bool_obj(word::<1>(bytes)[0] != 0),
        b'h' => int_obj(i16::from_ne_bytes(word(bytes)) as i64),
        b'H' => int_obj(u16::from_ne_bytes(word(bytes)) as i64),
        b'i' => int_obj(i32::from_ne_bytes(word(bytes)) as i64),
        b'I' => int_obj(u32::from_ne_bytes(word(bytes)) as i64),
        b'l' | b'q' | b'n' => int_obj(i64::from_ne_bytes(word(bytes))),
        b'L' | b'Q' | b'N' | b'P' => from_u64(u64::from_ne_bytes(word(bytes))),
        b'e' => Obj::float(half_to_f64(u16::from_ne_bytes(word(bytes)))),
        b'f' => Obj::float(f32::from_ne_bytes(word(bytes)) as f64),
        b'd' => Obj::float(f64::from_ne_bytes(word(bytes))),
        b'F' => {
            complex_obj(f32::from_ne_bytes(word(bytes)) as f64, f32::from_ne_bytes(word(&bytes[4..])) as f64)
        }
        b'D' => complex_obj(f64::from_ne_bytes(word(bytes)), f64::from_ne_bytes(word(&bytes[8..]))),
        _ => return Err(not_implemented_error(format!("memoryview: format {} not supported", code as char))),
    })
}

fn invalid_value(code: u8) -> Raised {
    value_error(format!("memoryview: invalid value for format '{}'", code as char))
}

fn invalid_type(code: u8) -> Raised {
    type_error(format!("memoryview: invalid type for format '{}'", code as char))
}

/// Runs a conversion whose `TypeError` and `OverflowError` get texts of our own.
fn convert<T>(code: u8, result: PyResult<T>) -> PyResult<T> {
    match result {
        Err(Raised) if raised_is(&types().type_error) => {
            drop(take_raised());
            Err(invalid_type(code))
        }
        Err(Raised) if raised_is(&types().overflow_error) => {
            drop(take_raised());
            Err(invalid_value(code))
        }
        result => result,
    }
}

/// The bytes of an item.
pub fn pack(code: u8, value: &Obj) -> PyResult<smallvec::SmallVec<[u8; 16]>> {
    macro_rules! integer {
        ($ty:ty) => {{
            let index = convert(code, protocol::index(value))?;
            let number = int_ref(&index).ok_or_else(|| invalid_type(code))?;
            let fitting = match number.to_i64() {
                Some(i) => <$ty>::try_from(i).ok(),
                None => number.to_u64().and_then(|u| <$ty>::try_from(u).ok()),
            };
            smallvec::SmallVec::from_slice(&fitting.ok_or_else(|| invalid_value(code))?.to_ne_bytes())
        }};
    }
    let real = || convert(code, protocol::as_f64(value));
    Ok(match code {
        b'B' => integer!(u8),
        b'b' => integer!(i8),
        b'h' => integer!(i16),
        b'H' => integer!(u16),
        b'i' => integer!(i32),
        b'I' => integer!(u32),
        b'l' | b'q' | b'n' => integer!(i64),
        b'L' | b'Q' | b'N' | b'P' => integer!(u64),
        b'?' => smallvec::smallvec![protocol::is_true(value)? as u8],
        b'c' => match value.downcast::<PyBytes>().map(PyBytes::as_slice) {
            Some([byte]) => smallvec::smallvec![*byte],
            Some(_) => return Err(invalid_value(code)),
            None => return Err(invalid_type(code)),
        },
        b'e' => match f64_to_half(real()?) {
            Some(bits) => smallvec::SmallVec::from_slice(&bits.to_ne_bytes()),
            None => return Err(invalid_value(code)),
        },
        b'f' => {
            let x = real()?;
            let single = x as f32;
            if single.is_infinite() && x.is_finite() {
                return Err(invalid_value(code));
            }
            smallvec::SmallVec::from_slice(&single.to_ne_bytes())
        }
        b'd' => smallvec::SmallVec::from_slice(&real()?.to_ne_bytes()),
        b'F' | b'D' => {
            let (re, im) = match value.downcast::<PyComplex>() {
                Some(c) => (c.real, c.imag),
                None => (real()?, 0.0),
            };
            let mut out = smallvec::SmallVec::new();
            if code == b'D' {
                out.extend_from_slice(&re.to_ne_bytes());
                out.extend_from_slice(&im.to_ne_bytes());
            } else {
                out.extend_from_slice(&(re as f32).to_ne_bytes());
                out.extend_from_slice(&(im as f32).to_ne_bytes());
            }
            out
        }
        _ => return Err(not_implemented_error(format!("memoryview: format {} not supported", code as char))),
    })
}
