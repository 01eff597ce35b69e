//! Numeric built-in functions.

use num_bigint::BigInt;
use taipan_objects::complex::PyComplex;
use taipan_objects::int::{self, IntRef, int_ref};
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::protocol::BinaryOp;
use taipan_objects::type_object::trampolines::call_special;

#[pymodule(name = "builtins")]
mod items {
    use super::*;

    /// Return the absolute value of the argument.
    #[pyfunction]
    fn abs(number: &Obj) -> PyResult<Obj> {
        absolute(number)
    }

    /// Return the binary representation of an integer.
    ///
    ///    >>> bin(2796202)
    ///    '0b1010101010101010101010'
    #[pyfunction]
    fn bin(integer: &Obj) -> PyResult<Obj> {
        radix(integer, 2, "0b")
    }

    /// Return the octal representation of an integer.
    ///
    ///    >>> oct(342391)
    ///    '0o1234567'
    #[pyfunction]
    fn oct(integer: &Obj) -> PyResult<Obj> {
        radix(integer, 8, "0o")
    }

    /// Return the hexadecimal representation of an integer.
    ///
    ///    >>> hex(12648430)
    ///    '0xc0ffee'
    #[pyfunction]
    fn hex(integer: &Obj) -> PyResult<Obj> {
        radix(integer, 16, "0x")
    }

    /// Return a Unicode string of one character with ordinal i; 0 <= i <= 0x10ffff.
    #[pyfunction]
    fn chr(i: &Obj) -> PyResult<Py<PyStr>> {
        let index = index(i)?;
        match int_ref(&index).and_then(IntRef::to_i64) {
            Some(code) if (0..0x11_0000).contains(&code) => Ok(PyStr::from_code_point(code as u32)),
            _ => Err(value_error("chr() arg not in range(0x110000)")),
        }
    }

    /// Return the ordinal value of a character.
    ///
    /// If the argument is a one-byte string, return the value of that byte.
    #[pyfunction]
    fn ord(character: &Obj) -> PyResult<i64> {
        let size = if let Some(text) = character.downcast::<PyStr>() {
            if text.len() == 1 {
                return Ok(i64::from(text.units().at(0)));
            }
            text.len()
        } else if let Some(bytes) = character.downcast::<taipan_objects::bytes::PyBytes>() {
            if let [byte] = bytes.as_slice() {
                return Ok(i64::from(*byte));
            }
            bytes.as_slice().len()
        } else if character.is_layout::<taipan_objects::bytearray::PyByteArray>() {
            let size = taipan_objects::protocol::len(character)?;
            if size == 1 {
                return Ok(index_word(&getitem(character, &int_obj(0))?)? as i64);
            }
            size
        } else {
            return Err(type_error(format!(
                "ord() expected string of length 1, but {} found",
                class_of(character).name()
            )));
        };
        Err(type_error(format!("ord() expected a character, but string of length {size} found")))
    }

    /// Return the tuple (x//y, x%y).  Invariant: div*y + mod == x.
    #[pyfunction]
    fn divmod(x: &Obj, y: &Obj) -> PyResult<Obj> {
        binary_op(x, y, BinaryOp::DivMod)
    }

    /// Equivalent to base**exp with 2 arguments or base**exp % mod with 3 arguments.
    ///
    /// Some types, such as ints, are able to use a more efficient algorithm when
    /// invoked using the three argument form.
    #[pyfunction(sig = "(base, exp, mod=None)")]
    fn pow(base: &Obj, exp: &Obj, modulus: Option<&Obj>) -> PyResult<Obj> {
        power(base, exp, modulus.unwrap_or(&none()))
    }

    /// Round a number to a given precision in decimal digits.
    ///
    /// The return value is an integer if ndigits is omitted or None.  Otherwise
    /// the return value has the same type as the number.  ndigits may be negative.
    #[pyfunction(sig = "(number, ndigits=None)")]
    fn round(number: &Obj, ndigits: Option<&Obj>) -> PyResult<Obj> {
        let ndigits = ndigits.filter(|n| !taipan_objects::singletons::is_none(n));
        let name = istr!("__round__");
        let result = match ndigits {
            None => call_special(number, name.as_obj(), &[])?,
            Some(digits) => call_special(number, name.as_obj(), &[digits])?,
        };
        result.ok_or_else(|| {
            type_error(format!("type {} doesn't define __round__ method", class_of(number).name()))
        })
    }

    /// Return the sum of a 'start' value (default: 0) plus an iterable of numbers
    ///
    /// When the iterable is empty, return the start value.
    /// This function is intended specifically for use with numeric values and may
    /// reject non-numeric types.
    #[pyfunction(sig = "(iterable, /, start=0)")]
    fn sum(iterable: &Obj, start: Option<&Obj>) -> PyResult<Obj> {
        let iterator = iter(iterable)?;
        let start = match start {
            None => int_obj(0),
            Some(start) => {
                for (class, kind, hint) in [
                    (&types().str, "strings", "''.join(seq)"),
                    (&types().bytes, "bytes", "b''.join(seq)"),
                    (&types().bytearray, "bytearray", "b''.join(seq)"),
                ] {
                    if is_instance_of(start, class) {
                        return Err(type_error(format!("sum() can't sum {kind} [use {hint} instead]")));
                    }
                }
                start.clone()
            }
        };
        add_up(&iterator, start)
    }
}

fn radix(integer: &Obj, base: u32, prefix: &str) -> PyResult<Obj> {
    let index = index(integer)?;
    let Some(value) = int_ref(&index) else { return Err(type_error("an integer is required")) };
    let (sign, digits) = match value.to_i64() {
        Some(i) => {
            let magnitude = i.unsigned_abs();
            let digits = match base {
                2 => format!("{magnitude:b}"),
                8 => format!("{magnitude:o}"),
                _ => format!("{magnitude:x}"),
            };
            (i < 0, digits)
        }
        None => {
            let big: BigInt = value.to_bigint().into_owned();
            (value.is_negative(), big.magnitude().to_str_radix(base))
        }
    };
    Ok(str_obj(&format!("{}{prefix}{digits}", if sign { "-" } else { "" })))
}

/// Neumaier's compensated sum.
#[derive(Clone, Copy)]
struct Compensated {
    high: f64,
    low: f64,
}

impl Compensated {
    fn new(start: f64) -> Compensated {
        Compensated { high: start, low: 0.0 }
    }
    fn add(&mut self, x: f64) {
        let total = self.high + x;
        if self.high.abs() >= x.abs() {
            self.low += (self.high - total) + x;
        } else {
            self.low += (x - total) + self.high;
        }
        self.high = total;
    }
    fn total(self) -> f64 {
        // An infinite sum has a meaningless compensation.
        if self.low != 0.0 && self.low.is_finite() { self.high + self.low } else { self.high }
    }
}

fn exact_float(obj: &Obj) -> Option<f64> {
    obj.value().is_float().then(|| obj.value().as_float())
}

fn exact_word(obj: &Obj) -> Option<i64> {
    let class = class_of(obj);
    if class.is(&types().int) || class.is(&types().bool_) {
        int_ref(obj).and_then(IntRef::to_i64)
    } else {
        None
    }
}

fn exact_complex(obj: &Obj) -> Option<(f64, f64)> {
    if !class_of(obj).is(&types().complex) {
        return None;
    }
    obj.downcast::<PyComplex>().map(|c| (c.real, c.imag))
}

fn add_up(iterator: &Obj, start: Obj) -> PyResult<Obj> {
    let mut total = start;
    // Whole numbers as machine words.
    if class_of(&total).is(&types().int)
        && let Some(mut sum) = exact_word(&total)
    {
        loop {
            let Some(item) = next(iterator)?.map(IntoStrong::into_strong) else {
                return Ok(int::from_i64(sum));
            };
            match exact_word(&item).and_then(|i| sum.checked_add(i)) {
                Some(new) => sum = new,
                None => {
                    total = binary_op(&int::from_i64(sum), &item, BinaryOp::Add)?;
                    break;
                }
            }
        }
    }
    if let Some(start) = exact_float(&total) {
        let mut sum = Compensated::new(start);
        loop {
            let Some(item) = next(iterator)?.map(IntoStrong::into_strong) else {
                return Ok(float_obj(sum.total()));
            };
            if let Some(x) = exact_float(&item) {
                sum.add(x);
            } else if let Some(i) = exact_word(&item) {
                sum.add(i as f64);
            } else {
                total = binary_op(&float_obj(sum.total()), &item, BinaryOp::Add)?;
                break;
            }
        }
    }
    if let Some((re, im)) = exact_complex(&total) {
        let (mut re, mut im) = (Compensated::new(re), Compensated::new(im));
        loop {
            let Some(item) = next(iterator)?.map(IntoStrong::into_strong) else {
                return Ok(taipan_objects::complex::from_parts(re.total(), im.total()));
            };
            if let Some((x, y)) = exact_complex(&item) {
                re.add(x);
                im.add(y);
            } else if let Some(x) = exact_float(&item).or_else(|| exact_word(&item).map(|i| i as f64)) {
                re.add(x);
            } else {
                total = binary_op(
                    &taipan_objects::complex::from_parts(re.total(), im.total()),
                    &item,
                    BinaryOp::Add,
                )?;
                break;
            }
        }
    }
    while let Some(item) = next(iterator)? {
        total = binary_op(&total, &item.into_strong(), BinaryOp::Add)?.into_strong();
    }
    Ok(total)
}
