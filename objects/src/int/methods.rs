//! The methods and attributes of `int`. Receivers may be immediate, so they come as plain objects.

use num_bigint::BigInt;
use taipan_gc::Obj;
use taipan_text::math;

use super::{IntRef, PyInt, arithmetic, from_bigint, from_i64, from_u64, int_ref};
use crate::construct::tuple_obj;
use crate::error::*;
use crate::native::pymethods;
use crate::protocol;
use crate::str::PyStr;
use crate::type_object::{PyType, class_of};
use crate::types::types;

fn number(this: &Obj) -> IntRef<'_> {
    // Descriptors have checked the class; anything else cannot come here.
    int_ref(this).unwrap_or(IntRef::Small(0))
}

/// `True` for little endian.
fn is_little(byteorder: &str) -> PyResult<bool> {
    match byteorder {
        "little" => Ok(true),
        "big" => Ok(false),
        _ => Err(value_error("byteorder must be either 'little' or 'big'")),
    }
}

/// The bytes of an exact `bytes`.
fn exact_bytes(obj: &Obj) -> Option<&[u8]> {
    if class_of(obj).is(&types().bytes) { crate::bytes::bytes_value(obj) } else { None }
}

/// The number that up to eight bytes are, if it is a machine word.
fn small_word(bytes: &[u8], little: bool, signed: bool) -> Option<i64> {
    if bytes.len() > 8 || (bytes.len() == 8 && !signed) {
        return None;
    }
    let mut word = [0; 8];
    let value = if little {
        word[..bytes.len()].copy_from_slice(bytes);
        u64::from_le_bytes(word)
    } else {
        word[8 - bytes.len()..].copy_from_slice(bytes);
        u64::from_be_bytes(word)
    };
    if signed && !bytes.is_empty() {
        let unused = 64 - bytes.len() as u32 * 8;
        return Some((value << unused) as i64 >> unused);
    }
    Some(value as i64)
}

#[pymethods(class = "int")]
impl PyInt {
    /// Returns self, the complex conjugate of any int.
    #[pymethod]
    fn conjugate(this: &Obj) -> PyResult<Obj> {
        arithmetic::plain(this)
    }
    /// Number of bits necessary to represent self in binary.
    ///
    /// >>> bin(37)
    /// '0b100101'
    /// >>> (37).bit_length()
    /// 6
    #[pymethod]
    fn bit_length(this: &Obj) -> Obj {
        from_u64(number(this).bits())
    }
    /// Number of ones in the binary representation of the absolute value of self.
    ///
    /// Also known as the population count.
    ///
    /// >>> bin(13)
    /// '0b1101'
    /// >>> (13).bit_count()
    /// 3
    #[pymethod]
    fn bit_count(this: &Obj) -> Obj {
        from_u64(arithmetic::bit_count(number(this)))
    }
    /// Return an array of bytes representing an integer.
    ///
    ///   length
    ///     Length of bytes object to use.  An OverflowError is raised if the
    ///     integer is not representable with the given number of bytes.  Default
    ///     is length 1.
    ///   byteorder
    ///     The byte order used to represent the integer.  If byteorder is 'big',
    ///     the most significant byte is at the beginning of the byte array.  If
    ///     byteorder is 'little', the most significant byte is at the end of the
    ///     byte array.  To request the native byte order of the host system, use
    ///     sys.byteorder as the byte order value.  Default is to use 'big'.
    ///   signed
    ///     Determines whether two's complement is used to represent the integer.
    ///     If signed is False and a negative integer is given, an OverflowError
    ///     is raised.
    #[pymethod(sig = "(length=1, byteorder='big', *, signed=False)")]
    fn to_bytes(this: &Obj, length: isize, byteorder: &str, signed: bool) -> PyResult<Obj> {
        let little = is_little(byteorder)?;
        let Ok(length) = usize::try_from(length) else {
            return Err(value_error("length argument must be non-negative"));
        };
        let value = number(this);
        if !signed && value.is_negative() {
            return Err(overflow_error("can't convert negative int to unsigned"));
        }
        if length <= 8
            && let Some(word) = value.to_i64()
        {
            let bits = length as u32 * 8;
            let fits = if signed {
                bits == 64 || (bits == 0 && word == 0) || (bits > 0 && word >> (bits - 1) == word >> 63)
            } else {
                bits == 64 || word >> bits == 0
            };
            if !fits {
                return Err(overflow_error("int too big to convert"));
            }
            let bytes =
                if little { &word.to_le_bytes()[..length] } else { &word.to_be_bytes()[8 - length..] };
            return Ok(crate::bytes::PyBytes::new(bytes).into_obj());
        }
        drop(crate::str::concat::try_vec::<u8>(length)?);
        let Some(mut bytes) = math::to_bytes_le(&value.to_bigint(), length, signed) else {
            return Err(overflow_error("int too big to convert"));
        };
        if !little {
            bytes.reverse();
        }
        Ok(crate::bytes::PyBytes::from_vec(bytes).into_obj())
    }
    /// Return the integer represented by the given array of bytes.
    ///
    ///   bytes
    ///     Holds the array of bytes to convert.  The argument must either
    ///     support the buffer protocol or be an iterable object producing bytes.
    ///     Bytes and bytearray are examples of built-in objects that support the
    ///     buffer protocol.
    ///   byteorder
    ///     The byte order used to represent the integer.  If byteorder is 'big',
    ///     the most significant byte is at the beginning of the byte array.  If
    ///     byteorder is 'little', the most significant byte is at the end of the
    ///     byte array.  To request the native byte order of the host system, use
    ///     sys.byteorder as the byte order value.  Default is to use 'big'.
    ///   signed
    ///     Indicates whether two's complement is used to represent the integer.
    #[pyclassmethod(sig = "(bytes, byteorder='big', *, signed=False)")]
    fn from_bytes(class: &Obj, bytes: &Obj, byteorder: &str, signed: bool) -> PyResult<Obj> {
        let little = is_little(byteorder)?;
        if let Some(bytes) = exact_bytes(bytes)
            && let Some(word) = small_word(bytes, little, signed)
            && class.is(types().int.as_obj())
        {
            return Ok(from_i64(word));
        }
        let mut digits = crate::bytes::new::bytes_of_object(bytes)?;
        if !little {
            digits.reverse();
        }
        let value = match digits.len() {
            0..8 if !signed => from_i64(digits.iter().rev().fold(0, |value, &b| value << 8 | b as i64)),
            _ => from_bigint(math::from_bytes_le(&digits, signed)),
        };
        match class.downcast::<PyType>() {
            Some(class) if class.is(&types().int) => Ok(value),
            _ => protocol::call1(class, &value),
        }
    }
    /// Return a pair of integers, whose ratio is equal to the original int.
    ///
    /// The ratio is in lowest terms and has a positive denominator.
    ///
    /// >>> (10).as_integer_ratio()
    /// (10, 1)
    /// >>> (-10).as_integer_ratio()
    /// (-10, 1)
    /// >>> (0).as_integer_ratio()
    /// (0, 1)
    #[pymethod]
    fn as_integer_ratio(this: &Obj) -> PyResult<Obj> {
        Ok(tuple_obj(vec![arithmetic::plain(this)?, from_i64(1)]))
    }
    /// Returns True. Exists for duck type compatibility with float.is_integer.
    #[pymethod]
    fn is_integer(this: &Obj) -> bool {
        let _every_int_is = this;
        true
    }
    /// Truncating an Integral returns itself.
    #[pymethod]
    fn __trunc__(this: &Obj) -> PyResult<Obj> {
        arithmetic::plain(this)
    }
    /// Flooring an Integral returns itself.
    #[pymethod]
    fn __floor__(this: &Obj) -> PyResult<Obj> {
        arithmetic::plain(this)
    }
    /// Ceiling of an Integral returns itself.
    #[pymethod]
    fn __ceil__(this: &Obj) -> PyResult<Obj> {
        arithmetic::plain(this)
    }
    /// Rounding an Integral returns itself.
    ///
    /// Rounding with an ndigits argument also returns an integer.
    #[pymethod(sig = "(ndigits=None, /)")]
    fn __round__(this: &Obj, ndigits: Option<&Obj>) -> PyResult<Obj> {
        match ndigits.filter(|n| !crate::singletons::is_none(n)) {
            Some(ndigits) => arithmetic::round(this, ndigits),
            None => arithmetic::plain(this),
        }
    }
    #[pymethod]
    fn __getnewargs__(this: &Obj) -> PyResult<Obj> {
        Ok(tuple_obj(vec![number(this).to_obj()]))
    }
    /// Convert to a string according to format_spec.
    #[pymethod]
    fn __format__(this: &Obj, format_spec: &PyStr) -> PyResult<Obj> {
        if format_spec.is_empty() {
            return Ok(protocol::str(this)?.into_obj());
        }
        crate::str::format::format_int(this, number(this), format_spec)
    }
    /// Returns size in memory, in bytes.
    #[pymethod]
    fn __sizeof__(this: &Obj) -> i64 {
        // What CPython reports: digits of 30 bits.
        24 + 4 * number(this).bits().div_ceil(30).max(1) as i64
    }
    /// the real part of a complex number
    #[pygetset]
    fn real(this: &Obj) -> PyResult<Obj> {
        arithmetic::plain(this)
    }
    /// the imaginary part of a complex number
    #[pygetset]
    fn imag(this: &Obj) -> Obj {
        let _real = this;
        from_i64(0)
    }
    /// the numerator of a rational number in lowest terms
    #[pygetset]
    fn numerator(this: &Obj) -> PyResult<Obj> {
        arithmetic::plain(this)
    }
    /// the denominator of a rational number in lowest terms
    #[pygetset]
    fn denominator(this: &Obj) -> Obj {
        let _whole = this;
        from_i64(1)
    }
}

/// `obj` as a big integer, for native modules; raises `TypeError` unless it is an index.
pub fn to_bigint(obj: &Obj) -> PyResult<BigInt> {
    let index = protocol::index(obj)?;
    match int_ref(&index) {
        Some(i) => Ok(i.to_bigint().into_owned()),
        None => {
            Err(type_error(format!("'{}' object cannot be interpreted as an integer", class_of(obj).name())))
        }
    }
}
