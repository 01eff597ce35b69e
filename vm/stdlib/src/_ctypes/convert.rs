//! Values of simple types: from memory to Python objects and back, by type code.

#![allow(unsafe_code)] // `py_object` memory holds references as words.

use taipan_objects::bytearray::PyByteArray;
use taipan_objects::bytes::PyBytes;
use taipan_objects::complex::{self, PyComplex};
use taipan_objects::int::{self, int_ref};
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;

use super::ffi::Scalar;
use super::memory::{self, Address};

/// The codes of `_type_`, in the order that the error text lists them in.
pub const CODES: &str = "cbBhHiIlLdDFGfuzZqQPOv?g";

/// The scalar that a code stands for.
pub fn scalar(code: u8) -> Option<Scalar> {
    Some(match code {
        b'c' | b'b' => Scalar::I8,
        b'B' | b'?' => Scalar::U8,
        b'h' | b'v' => Scalar::I16,
        b'H' => Scalar::U16,
        b'i' | b'u' => Scalar::I32,
        b'I' => Scalar::U32,
        b'l' | b'q' => Scalar::I64,
        b'L' | b'Q' => Scalar::U64,
        b'f' => Scalar::F32,
        b'd' => Scalar::F64,
        b'g' => Scalar::LongDouble,
        b'F' => Scalar::ComplexF32,
        b'D' => Scalar::ComplexF64,
        b'G' => Scalar::ComplexLongDouble,
        b'z' | b'Z' | b'P' | b'O' => Scalar::Pointer,
        _ => return None,
    })
}

/// Whether values of the code have a form in the other byte order.
pub fn can_swap(code: u8) -> bool {
    matches!(code, b'h' | b'H' | b'i' | b'I' | b'l' | b'L' | b'q' | b'Q' | b'f' | b'd' | b'F' | b'D')
}

/// Whether values of the code are addresses.
pub fn is_pointer(code: u8) -> bool {
    matches!(code, b'z' | b'Z' | b'P' | b'O')
}

/// Whether fields of the code may be bit fields.
pub fn can_have_bits(code: u8) -> bool {
    matches!(code, b'b' | b'B' | b'h' | b'H' | b'i' | b'I' | b'l' | b'L' | b'q' | b'Q' | b'?' | b'v')
}

/// The code in buffer formats (PEP 3118).
pub fn format(code: u8, swapped: bool) -> String {
    let shown = match code {
        b'l' => b'q',
        b'L' => b'Q',
        other => other,
    };
    let order = if swapped == cfg!(target_endian = "little") { '>' } else { '<' };
    format!("{order}{}", shown as char)
}

/// `size` bytes as a signed or unsigned integer.
fn integer(address: Address, size: usize, signed: bool, swapped: bool) -> i128 {
    let mut raw = memory::bytes(address, size);
    if swapped {
        raw.reverse();
    }
    let mut word = [0; 8];
    word[..size].copy_from_slice(&raw);
    let value = u64::from_le_bytes(word);
    if !signed {
        return i128::from(value);
    }
    let unused = 64 - 8 * size as u32;
    i128::from((value << unused).cast_signed() >> unused)
}

fn store_swappable(address: Address, bytes: &[u8], swapped: bool) {
    let mut bytes = bytes.to_vec();
    if swapped {
        bytes.reverse();
    }
    memory::store(address, &bytes);
}

fn complex_at(code: u8, swapped: bool, address: Address) -> Obj {
    let half = |i: usize| match code {
        b'F' => f64::from(f32::from_bits(integer(address + 4 * i, 4, false, swapped) as u32)),
        b'D' => f64::from_bits(integer(address + 8 * i, 8, false, swapped) as u64),
        _ => memory::from_long_double(memory::read(address + memory::LONG_DOUBLE * i)),
    };
    complex::from_parts(half(0), half(1))
}

/// The object that a reference word in memory stands for.
fn object_at(address: Address) -> PyResult<Obj> {
    let value = Value::from_bits(memory::read::<u64>(address));
    if value.is_empty() {
        return Err(value_error("PyObject is NULL"));
    }
    // SAFETY: such words are stored by `store_value` and kept alive by the instance; another word is the Python program's fault.
    Ok(unsafe { Obj::from_borrowed(value) })
}

/// Takes over the reference that a function has returned as a word. `None`: null.
pub fn take_object(word: u64) -> Option<Obj> {
    // SAFETY: by contract of functions whose result is an object.
    unsafe { Obj::from_value(Value::from_bits(word)) }
}

/// The word that stands for a reference that the caller gives away.
pub fn give_object(obj: Obj) -> u64 {
    obj.into_counted().bits()
}

/// The word that stands for an object, without counting.
pub fn object_word(obj: &Obj) -> u64 {
    // A counted word, whatever the reference at hand is: its reader must not take it for one that is kept alive otherwise.
    let word = obj.clone().into_counted();
    // SAFETY: gives back the reference that `into_counted` made.
    drop(unsafe { Obj::from_value(word) });
    word.bits()
}

/// A borrowed reference word, counted.
pub fn borrowed_object(word: u64) -> Option<Obj> {
    let value = Value::from_bits(word);
    // SAFETY: an argument of C code that got it from `object_word`, whose caller keeps the object alive.
    (!value.is_empty()).then(|| unsafe { Obj::from_borrowed(value) })
}

/// The Python value of a simple type at an address.
pub fn load(code: u8, swapped: bool, address: Address) -> PyResult<Obj> {
    let size = scalar(code).map_or(0, Scalar::size);
    Ok(match code {
        b'b' | b'h' | b'i' | b'l' | b'q' => int::from_i128(integer(address, size, true, swapped)),
        b'B' | b'H' | b'I' | b'L' | b'Q' => int::from_i128(integer(address, size, false, swapped)),
        b'?' => bool_obj(memory::read::<u8>(address) != 0),
        b'v' => bool_obj(memory::read::<i16>(address) != 0),
        b'c' => bytes_obj(&memory::bytes(address, 1)),
        b'u' => wide_text(&[memory::read::<u32>(address)])?,
        b'f' => {
            let bits = integer(address, 4, false, swapped) as u32;
            float_obj(f64::from(f32::from_bits(bits)))
        }
        b'd' => float_obj(f64::from_bits(integer(address, 8, false, swapped) as u64)),
        b'g' => float_obj(memory::from_long_double(memory::read(address))),
        b'F' | b'D' | b'G' => complex_at(code, swapped, address),
        b'z' => match memory::read::<usize>(address) {
            0 => none(),
            text => bytes_obj(&memory::bytes(text, memory::string_length(text))),
        },
        b'Z' => match memory::read::<usize>(address) {
            0 => none(),
            text => wide_text(&memory::wide(text, usize::MAX))?,
        },
        b'P' => match memory::read::<usize>(address) {
            0 => none(),
            pointer => int::from_usize(pointer),
        },
        b'O' => object_at(address)?,
        _ => return Err(system_error("unknown type code")),
    })
}

/// A `str` of `wchar_t`s.
pub fn wide_text(codes: &[u32]) -> PyResult<Obj> {
    let mut text = taipan_text::TextBuf::new();
    for &code in codes {
        if code > 0x10ffff {
            return Err(value_error(format!("character U+{code:x} is not in range [U+0000; U+10ffff]")));
        }
        text.push_units(PyStr::from_code_point(code).units());
    }
    Ok(PyStr::from_units(text).into_obj())
}

fn integer_argument(value: &Obj) -> PyResult<u64> {
    if let Some(int) = int_ref(value) {
        return Ok(int.wrapping_u64());
    }
    if has_index(value) {
        return Ok(int_ref(&index(value)?).map_or(0, |int| int.wrapping_u64()));
    }
    Err(type_error(format!("int expected instead of {} instance", class_of(value).name())))
}

fn character(value: &Obj) -> PyResult<u8> {
    let of_length = |what: &str, len: usize| {
        type_error(format!(
            "one character bytes, bytearray, or an integer in range(256) expected, not {what} of length {len}"
        ))
    };
    if let Some(bytes) = value.downcast::<PyBytes>() {
        return match bytes.as_slice() {
            [one] => Ok(*one),
            more => Err(of_length("bytes", more.len())),
        };
    }
    if let Some(array) = value.downcast::<PyByteArray>() {
        return array.with(|bytes| match bytes {
            [one] => Ok(*one),
            more => Err(of_length("bytearray", more.len())),
        });
    }
    match int_ref(value) {
        Some(int) => match int.to_i64().map(u8::try_from) {
            Some(Ok(byte)) => Ok(byte),
            _ => Err(type_error("integer not in range(256)")),
        },
        None => Err(type_error(format!(
            "one character bytes, bytearray, or an integer in range(256) expected, not {}",
            class_of(value).name()
        ))),
    }
}

fn wide_character(value: &Obj) -> PyResult<u32> {
    let Some(text) = value.downcast::<PyStr>() else {
        return Err(type_error(format!(
            "a unicode character expected, not instance of {}",
            class_of(value).name()
        )));
    };
    if text.len() != 1 {
        return Err(type_error(format!(
            "a unicode character expected, not a string of length {}",
            text.len()
        )));
    }
    Ok(text.units().at(0))
}

/// The `wchar_t`s of a text with a zero behind, as an object that keeps them in place.
pub fn wide_bytes(text: &PyStr) -> Py<PyBytes> {
    let codes = text.units().iter().chain([0]);
    PyBytes::from_vec(codes.flat_map(u32::to_ne_bytes).collect())
}

/// The address of a bytes object's content, which ends with a zero byte.
pub fn content(bytes: &Obj) -> Option<Address> {
    Some(bytes.downcast::<PyBytes>()?.zero_ended().expose_provenance())
}

/// Stores a Python value at the address of a simple type. The result must be kept alive as long as the memory.
pub fn store_value(code: u8, swapped: bool, address: Address, value: &Obj) -> PyResult<Obj> {
    let size = scalar(code).map_or(0, Scalar::size);
    match code {
        b'b' | b'B' | b'h' | b'H' | b'i' | b'I' | b'l' | b'L' | b'q' | b'Q' => {
            store_swappable(address, &integer_argument(value)?.to_le_bytes()[..size], swapped);
        }
        b'?' => memory::write(address, u8::from(is_true(value)?)),
        b'v' => memory::write(address, if is_true(value)? { -1i16 } else { 0 }),
        b'c' => memory::write(address, character(value)?),
        b'u' => memory::write(address, wide_character(value)?),
        b'f' => store_swappable(address, &(as_f64(value)? as f32).to_bits().to_le_bytes(), swapped),
        b'd' => store_swappable(address, &as_f64(value)?.to_bits().to_le_bytes(), swapped),
        b'g' => memory::write(address, memory::long_double(as_f64(value)?)),
        b'F' | b'D' | b'G' => store_complex(code, swapped, address, value)?,
        b'z' => {
            if is_none(value) {
                memory::write(address, 0usize);
            } else if let Some(pointer) = content(value) {
                memory::write(address, pointer);
                return Ok(value.clone());
            } else if let Some(int) = int_ref(value) {
                memory::write(address, int.wrapping_u64());
            } else {
                return Err(type_error(format!(
                    "bytes or integer address expected instead of {} instance",
                    class_of(value).name()
                )));
            }
        }
        b'Z' => {
            if is_none(value) {
                memory::write(address, 0usize);
            } else if let Some(text) = value.downcast::<PyStr>() {
                let kept = wide_bytes(text);
                memory::write(address, kept.as_slice().as_ptr().expose_provenance());
                return Ok(kept.into_obj());
            } else if let Some(int) = int_ref(value) {
                memory::write(address, int.wrapping_u64());
            } else {
                return Err(type_error(format!(
                    "unicode string or integer address expected instead of {} instance",
                    class_of(value).name()
                )));
            }
        }
        b'P' => {
            if is_none(value) {
                memory::write(address, 0usize);
            } else if let Some(int) = int_ref(value) {
                memory::write(address, int.wrapping_u64());
            } else {
                return Err(type_error("cannot be converted to pointer"));
            }
        }
        b'O' => {
            memory::write(address, object_word(value));
            return Ok(value.clone());
        }
        _ => return Err(system_error("unknown type code")),
    }
    Ok(none())
}

fn store_complex(code: u8, swapped: bool, address: Address, value: &Obj) -> PyResult<()> {
    let number = match value.downcast::<PyComplex>() {
        Some(complex) => complex.get(),
        None => {
            let converted = call1(types().complex.as_obj(), value)?;
            match converted.downcast::<PyComplex>() {
                Some(complex) => complex.get(),
                None => return Err(type_error("must be complex number")),
            }
        }
    };
    for (i, part) in [number.re, number.im].into_iter().enumerate() {
        match code {
            b'F' => store_swappable(address + 4 * i, &(part as f32).to_le_bytes(), swapped),
            b'D' => store_swappable(address + 8 * i, &part.to_le_bytes(), swapped),
            _ => memory::write(address + memory::LONG_DOUBLE * i, memory::long_double(part)),
        }
    }
    Ok(())
}
