//! Numeric built-in functions.

use num_bigint::BigInt;
use taipan_objects::int::{self, IntRef, int_ref};
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::protocol::Items;
use taipan_objects::type_object::trampolines::call_special;

use super::sums;

#[pymodule(name = "builtins")]
mod items {
    use super::*;

    /// Return the absolute value of the argument.
    #[pyfunction]
    fn abs(x: &Obj) -> PyResult<Obj> {
        absolute(x)
    }

    /// Return the binary representation of an integer.
    ///
    ///    >>> bin(2796202)
    ///    '0b1010101010101010101010'
    #[pyfunction]
    fn bin(number: &Obj) -> PyResult<Obj> {
        radix(number, 2, "0b")
    }

    /// Return the octal representation of an integer.
    ///
    ///    >>> oct(342391)
    ///    '0o1234567'
    #[pyfunction]
    fn oct(number: &Obj) -> PyResult<Obj> {
        radix(number, 8, "0o")
    }

    /// Return the hexadecimal representation of an integer.
    ///
    ///    >>> hex(12648430)
    ///    '0xc0ffee'
    #[pyfunction]
    fn hex(number: &Obj) -> PyResult<Obj> {
        radix(number, 16, "0x")
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
        let mut items = Items::of(iterable)?;
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
        add_up(&mut items, start)
    }
}

fn radix(integer: &Obj, base: u32, prefix: &str) -> PyResult<Obj> {
    let index = index(integer)?;
    let Some(value) = int_ref(&index) else { return Err(type_error("an integer is required")) };
    let Some(number) = value.to_i64() else {
        let big: BigInt = value.to_bigint().into_owned();
        let digits = big.magnitude().to_str_radix(base);
        let sign = if value.is_negative() { "-" } else { "" };
        return Ok(str_obj(&format!("{sign}{prefix}{digits}")));
    };
    // A sign, the prefix, and at most 64 digits, from the end.
    let mut text = [0u8; 67];
    let mut at = text.len();
    let mut put = |byte: u8| {
        at -= 1;
        text[at] = byte;
    };
    let mut rest = number.unsigned_abs();
    loop {
        let digit = (rest % u64::from(base)) as u8;
        put(if digit < 10 { b'0' + digit } else { b'a' + digit - 10 });
        rest /= u64::from(base);
        if rest == 0 {
            break;
        }
    }
    prefix.bytes().rev().for_each(&mut put);
    if number < 0 {
        put(b'-');
    }
    Ok(PyStr::from_ascii(&text[at..]).into_obj())
}

fn add_up(items: &mut Items<'_>, start: Obj) -> PyResult<Obj> {
    let mut state = sums::begin(start);
    // Whole numbers as machine words.
    if state.1.is_none()
        && let Some(mut sum) = sums::exact_word(&state.0)
    {
        loop {
            let Some(item) = items.next()? else {
                return Ok(int::from_i64(sum));
            };
            match sums::exact_word(&item).and_then(|i| sum.checked_add(i)) {
                Some(new) => sum = new,
                None => {
                    state = sums::add(int::from_i64(sum), None, item)?;
                    break;
                }
            }
        }
    }
    if let Some(mut high) = sums::exact_float(&state.0) {
        let mut low = 0.0;
        loop {
            let Some(item) = items.next()? else {
                return Ok(sums::total(float_obj(high), Some(float_obj(low))));
            };
            match sums::exact_float(&item) {
                Some(x) => (high, low) = sums::compensated(high, low, x),
                None => {
                    state = sums::add(float_obj(high), Some(float_obj(low)), item)?;
                    break;
                }
            }
        }
    }
    while let Some(item) = items.next()? {
        state = sums::add(state.0, state.1, item)?;
    }
    Ok(sums::total(state.0, state.1))
}
