//! Struct formats: parsing, packing and unpacking. A parsed [`Format`] never changes.

use taipan_objects::bytearray::PyByteArray;
use taipan_objects::bytes::bytes_value;
use taipan_objects::complex::complex_obj;
use taipan_objects::int::{self, IntRef, int_ref};
use taipan_objects::native::FromArg;
use taipan_objects::prelude::*;
use taipan_objects::tuple::PyTuple;

use super::struct_error;
use crate::cmath::Number;

/// Some items of one kind in a row; a string (`s`, `p`) is one item of `size` bytes.
#[derive(Debug)]
struct Field {
    code: u8,
    size: usize,
    offset: usize,
    repeat: usize,
}

/// A parsed format.
#[derive(Debug)]
pub struct Format {
    /// The text it was parsed from.
    pub text: Vec<u8>,
    little: bool,
    fields: Vec<Field>,
    /// Bytes in all.
    pub size: usize,
    /// Number of values.
    pub values: usize,
}

/// Size and native alignment of a code.
fn layout(code: u8, native: bool) -> Option<(usize, usize)> {
    Some(match code {
        b'x' | b'c' | b'b' | b'B' | b'?' | b's' | b'p' => (1, 1),
        b'h' | b'H' | b'e' => (2, 2),
        b'i' | b'I' | b'f' => (4, 4),
        b'l' | b'L' if native => (8, 8),
        b'l' | b'L' => (4, 4),
        b'q' | b'Q' | b'd' => (8, 8),
        b'F' => (8, 4),
        b'D' => (16, 8),
        b'n' | b'N' | b'P' if native => (8, 8),
        _ => return None,
    })
}

impl Format {
    /// Parses a format.
    pub fn parse(text: &[u8]) -> PyResult<Format> {
        let (native, little, mut rest) = match text.first() {
            Some(b'@') => (true, cfg!(target_endian = "little"), &text[1..]),
            Some(b'=') => (false, cfg!(target_endian = "little"), &text[1..]),
            Some(b'<') => (false, true, &text[1..]),
            Some(b'>' | b'!') => (false, false, &text[1..]),
            _ => (true, cfg!(target_endian = "little"), text),
        };
        let too_long = || struct_error("total struct size too long");
        let mut fields = Vec::new();
        let (mut size, mut values) = (0usize, 0usize);
        while let Some((&first, tail)) = rest.split_first() {
            rest = tail;
            if first.is_ascii_whitespace() || first == 0x0b {
                continue;
            }
            if first == 0 {
                return Err(struct_error("embedded null character"));
            }
            let (mut code, mut count) = (first, 1usize);
            if first.is_ascii_digit() {
                count = usize::from(first - b'0');
                loop {
                    let Some((&next, tail)) = rest.split_first() else {
                        return Err(struct_error("repeat count given without format specifier"));
                    };
                    rest = tail;
                    code = next;
                    if !next.is_ascii_digit() {
                        break;
                    }
                    count = count
                        .checked_mul(10)
                        .and_then(|n| n.checked_add(usize::from(next - b'0')))
                        .ok_or_else(too_long)?;
                }
            }
            if code == 0 {
                return Err(struct_error("embedded null character"));
            }
            let Some((item, align)) = layout(code, native) else {
                let what = if code == 0 { "embedded null character" } else { "bad char in struct format" };
                return Err(struct_error(what));
            };
            if native {
                size = size.checked_next_multiple_of(align).ok_or_else(too_long)?;
            }
            let bytes = item.checked_mul(count).ok_or_else(too_long)?;
            let offset = size;
            size = size.checked_add(bytes).filter(|&n| n <= isize::MAX as usize).ok_or_else(too_long)?;
            match code {
                b'x' => {}
                b's' | b'p' => {
                    values += 1;
                    fields.push(Field { code, size: count, offset, repeat: 1 });
                }
                _ if count == 0 => {}
                _ => {
                    values += count;
                    fields.push(Field { code, size: item, offset, repeat: count });
                }
            }
        }
        Ok(Format { text: text.to_vec(), little, fields, size, values })
    }

    /// The bytes of the values, whose number is right, given to `use_bytes`.
    pub fn pack<R>(&self, values: &[Obj], use_bytes: impl FnOnce(&[u8]) -> R) -> PyResult<R> {
        let mut few = [0; 128];
        let mut many;
        let out = match few.get_mut(..self.size) {
            Some(out) => out,
            None => {
                many = taipan_objects::str::concat::try_vec::<u8>(self.size)?;
                many.resize(self.size, 0);
                &mut many[..]
            }
        };
        let mut values = values.iter();
        for field in &self.fields {
            let places = out[field.offset..].chunks_exact_mut(field.size.max(1)).take(field.repeat);
            if field.size == 0 {
                // `0s` takes a value and no room.
                if let Some(value) = values.next() {
                    pack_one(field.code, value, &mut [], self.little)?;
                }
                continue;
            }
            for (place, value) in places.zip(&mut values) {
                pack_one(field.code, value, place, self.little)?;
            }
        }
        Ok(use_bytes(out))
    }

    /// The values of `self.size` bytes, as a tuple.
    pub fn unpack(&self, bytes: &[u8]) -> Obj {
        let values = self.fields.iter().flat_map(|field| {
            (0..field.repeat).map(move |i| {
                let at = field.offset + i * field.size;
                unpack_one(field.code, &bytes[at..at + field.size], self.little)
            })
        });
        PyTuple::of_items(self.values, true, values).into_obj()
    }
}

/// Stores an integer's bytes, least significant first, in the wanted order.
#[inline]
fn store(out: &mut [u8], value: u64, little: bool) {
    match out {
        [a] => *a = value as u8,
        [_, _] => out.copy_from_slice(&if little {
            (value as u16).to_le_bytes()
        } else {
            (value as u16).to_be_bytes()
        }),
        [_, _, _, _] => out.copy_from_slice(&if little {
            (value as u32).to_le_bytes()
        } else {
            (value as u32).to_be_bytes()
        }),
        [_, _, _, _, _, _, _, _] => {
            out.copy_from_slice(&if little { value.to_le_bytes() } else { value.to_be_bytes() })
        }
        _ => {}
    }
}

fn load(bytes: &[u8], little: bool) -> u64 {
    match *bytes {
        [byte] => byte.into(),
        [a, b] => {
            let word = [a, b];
            if little { u16::from_le_bytes(word).into() } else { u16::from_be_bytes(word).into() }
        }
        [a, b, c, d] => {
            let word = [a, b, c, d];
            if little { u32::from_le_bytes(word).into() } else { u32::from_be_bytes(word).into() }
        }
        [a, b, c, d, e, f, g, h] => {
            let word = [a, b, c, d, e, f, g, h];
            if little { u64::from_le_bytes(word) } else { u64::from_be_bytes(word) }
        }
        _ => 0,
    }
}

fn integer(value: &Obj) -> PyResult<Obj> {
    if int_ref(value).is_some() {
        return Ok(value.clone());
    }
    if has_index(value) { index(value) } else { Err(struct_error("required argument is not an integer")) }
}

fn pack_int(code: u8, value: &Obj, out: &mut [u8], little: bool) -> PyResult<()> {
    if value.value().is_int() {
        let number = value.value().as_int();
        let bits = out.len() as u32 * 8;
        // The bits that do not fit: all like the sign, or none.
        let fits = if code.is_ascii_lowercase() {
            bits == 64 || number >> (bits - 1) == number >> 63
        } else {
            number >= 0 && (bits == 64 || number >> bits == 0)
        };
        if fits {
            store(out, number as u64, little);
            return Ok(());
        }
    }
    let int = integer(value)?;
    let Some(int) = int_ref(&int) else { return Err(struct_error("required argument is not an integer")) };
    let bits = out.len() as u32 * 8;
    let signed = code.is_ascii_lowercase();
    let fits = if signed {
        int.to_i64().is_some_and(|i| bits == 64 || (-(1i64 << (bits - 1))..1i64 << (bits - 1)).contains(&i))
    } else {
        int.to_u64().is_some_and(|u| bits == 64 || u < 1 << bits)
    };
    if !fits {
        let (low, high) = if signed {
            (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1)
        } else {
            (0, (1i128 << bits) - 1)
        };
        return Err(struct_error(&format!("'{}' format requires {low} <= number <= {high}", code as char)));
    }
    store(out, int.wrapping_u64(), little);
    Ok(())
}

fn real(value: &Obj) -> PyResult<f64> {
    if value.value().is_float() {
        return Ok(taipan_gc::nan::plain(value.value().as_float()));
    }
    as_f64(value).map_err(|_| {
        drop(take_raised());
        struct_error("required argument is not a float")
    })
}

/// The nearest half-precision number; `None` if it is too large.
pub fn half_bits(x: f64) -> Option<u16> {
    let sign = if x.is_sign_negative() { 0x8000 } else { 0 };
    if x.is_nan() {
        // The top bits of the payload stay; a signalling NaN stays one.
        let payload = (x.to_bits() >> 42 & 0x3ff) as u16;
        return Some(sign | 0x7c00 | if payload == 0 { 1 } else { payload });
    }
    if x.is_infinite() {
        return Some(sign | 0x7c00);
    }
    let (fraction, exponent) = taipan_text::math::frexp(x.abs());
    if fraction == 0.0 {
        return Some(sign);
    }
    // x = fraction * 2**exponent with fraction in [0.5, 1).
    let (scaled, biased) = if exponent < -13 {
        (taipan_text::math::ldexp(fraction, i64::from(exponent) + 24), 0)
    } else if exponent > 16 {
        return None;
    } else {
        ((fraction * 2.0 - 1.0) * 1024.0, (exponent + 14) as u16)
    };
    let mantissa = scaled.round_ties_even() as u16;
    let bits = (biased << 10) + mantissa;
    (bits < 0x7c00).then_some(sign | bits)
}

/// The value of a half-precision number.
pub fn half_value(bits: u16) -> f64 {
    let sign = if bits & 0x8000 != 0 { -1.0 } else { 1.0 };
    let (exponent, mantissa) = (bits >> 10 & 0x1f, f64::from(bits & 0x3ff));
    match exponent {
        0x1f if mantissa == 0.0 => sign * f64::INFINITY,
        0x1f => f64::from_bits(u64::from(bits & 0x8000) << 48 | 0x7ff << 52 | u64::from(bits & 0x3ff) << 42),
        0 => sign * mantissa * 2f64.powi(-24),
        _ => sign * (1.0 + mantissa / 1024.0) * 2f64.powi(i32::from(exponent) - 15),
    }
}

/// The nearest single-precision number; raises if it is too large.
pub fn single(x: f64) -> PyResult<f32> {
    let y = x as f32;
    if y.is_infinite() && x.is_finite() {
        return Err(overflow_error("float too large to pack with f format"));
    }
    Ok(y)
}

fn pack_one(code: u8, value: &Obj, out: &mut [u8], little: bool) -> PyResult<()> {
    match code {
        b'?' => out[0] = is_true(value)? as u8,
        b'c' => match bytes_value(value) {
            Some([byte]) => out[0] = *byte,
            _ => return Err(struct_error("char format requires a bytes object of length 1")),
        },
        b's' | b'p' => {
            let copy;
            let bytes = match (bytes_value(value), value.downcast::<PyByteArray>()) {
                (Some(bytes), _) => bytes,
                (None, Some(array)) => {
                    copy = array.with(<[u8]>::to_vec);
                    &copy
                }
                (None, None) => {
                    return Err(struct_error(&format!(
                        "argument for '{}' must be a bytes object",
                        code as char
                    )));
                }
            };
            if code == b's' {
                let n = bytes.len().min(out.len());
                out[..n].copy_from_slice(&bytes[..n]);
            } else if let Some((len, room)) = out.split_first_mut() {
                let n = bytes.len().min(room.len());
                room[..n].copy_from_slice(&bytes[..n]);
                *len = n.min(255) as u8;
            }
        }
        b'e' => {
            let x = real(value)?;
            match half_bits(x) {
                Some(bits) => store(out, bits.into(), little),
                None => return Err(overflow_error("float too large to pack with e format")),
            }
        }
        b'f' => store(out, single(real(value)?)?.to_bits().into(), little),
        b'd' => store(out, real(value)?.to_bits(), little),
        b'F' | b'D' => {
            let Ok(Number(z)) = Number::from_arg(value) else {
                drop(take_raised());
                return Err(struct_error("required argument is not a complex"));
            };
            let (re, im) = out.split_at_mut(if code == b'F' { 4 } else { 8 });
            if code == b'F' {
                store(re, single(z.re)?.to_bits().into(), little);
                store(im, single(z.im)?.to_bits().into(), little);
            } else {
                store(re, z.re.to_bits(), little);
                store(im, z.im.to_bits(), little);
            }
        }
        b'P' => {
            let int = integer(value)?;
            match int_ref(&int) {
                Some(IntRef::Small(i)) => store(out, i as u64, little),
                Some(big) => match big.to_u64() {
                    Some(word) => store(out, word, little),
                    None => return Err(struct_error("int too large to convert")),
                },
                None => return Err(struct_error("required argument is not an integer")),
            }
        }
        _ => pack_int(code, value, out, little)?,
    }
    Ok(())
}

fn unpack_one(code: u8, bytes: &[u8], little: bool) -> Obj {
    match code {
        b'?' => bool_obj(bytes[0] != 0),
        b'c' | b's' => bytes_obj(bytes),
        b'p' => match bytes.split_first() {
            Some((&len, text)) => bytes_obj(&text[..usize::from(len).min(text.len())]),
            None => bytes_obj(b""),
        },
        b'e' => float_obj(half_value(load(bytes, little) as u16)),
        b'f' => float_obj(f64::from(f32::from_bits(load(bytes, little) as u32))),
        b'd' => float_obj(f64::from_bits(load(bytes, little))),
        b'F' => {
            let part = |b: &[u8]| f64::from(f32::from_bits(load(b, little) as u32));
            complex_obj(part(&bytes[..4]), part(&bytes[4..]))
        }
        b'D' => {
            complex_obj(f64::from_bits(load(&bytes[..8], little)), f64::from_bits(load(&bytes[8..], little)))
        }
        b'b' | b'h' | b'i' | b'l' | b'q' | b'n' => {
            let shift = 64 - bytes.len() as u32 * 8;
            int_obj((load(bytes, little) << shift) as i64 >> shift)
        }
        _ => int::from_u64(load(bytes, little)),
    }
}
