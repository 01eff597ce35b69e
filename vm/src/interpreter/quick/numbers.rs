//! Arithmetic and comparison of immediate integers and floats.
//!
//! An integer's 48 bits stand in the low end of its word. Shifted to the high end, two of them are added with the processor's own check for overflow.

use taipan_objects::Value;
use taipan_objects::code::Word;
use taipan_objects::singletons::{bool_as_int, bool_obj};

use super::{Exit, Handler, State, actions, handlers, operators, values};
use crate::interpreter::ops::arithmetic;

/// The integer times 2^16.
#[inline(always)]
pub(super) fn high(value: Value) -> i64 {
    (value.bits() << 16) as i64
}

/// The integer of `high / 2^16`, unless that overflowed.
#[inline(always)]
fn from_high((high, overflow): (i64, bool)) -> Option<Value> {
    if overflow { None } else { Some(Value::from_bits(high as u64 >> 16 | 0xFFFF << 48)) }
}

/// A float that is a number; NaNs get an identity in the loop.
#[inline(always)]
fn number(f: f64) -> Option<Value> {
    if f.is_nan() { None } else { Some(Value::from_float(f)) }
}

/// Writes the result, or passes the instruction on.
#[inline(always)]
fn finish(s: State, i: &Word, result: Option<Value>, otherwise: Handler) -> Exit {
    match result {
        Some(result) => s.write(i.a(), result, 1),
        None => otherwise(s.ip, s.regs, s.fp, s.thread),
    }
}

/// An operation on two registers and one on a register and an immediate operand.
macro_rules! arithmetic {
    ($($name:ident or $any:path $(, $imm:ident)?: |$v:ident, $w:ident| $int:expr, |$f:ident, $g:ident| $float:expr;)*) => {
        handlers! {
            $(
                $name(s, i) {
                    let ($v, $w) = (s.value(i.b()), s.value(i.c()));
                    let result = if $v.both_int($w) {
                        $int
                    } else if $v.is_float() && $w.is_float() {
                        let ($f, $g) = ($v.as_float(), $w.as_float());
                        $float
                    } else {
                        None
                    };
                    finish(s, i, result, $any)
                }
                $($imm(s, i) {
                    let ($v, $w) = (s.value(i.b()), Value::from_int_wrapping(i.c_imm() as i64));
                    let result = if $v.is_int() {
                        $int
                    } else if $v.is_float() {
                        let ($f, $g) = ($v.as_float(), i.c_imm() as f64);
                        $float
                    } else {
                        None
                    };
                    finish(s, i, result, operators::binary_imm)
                })?
            )*
        }
    };
}

arithmetic! {
    add or add_mixed, add_imm: |v, w| from_high(high(v).overflowing_add(high(w))), |f, g| number(f + g);
    sub or sub_mixed, sub_imm: |v, w| from_high(high(v).overflowing_sub(high(w))), |f, g| number(f - g);
    mul or mul_mixed, mul_imm: |v, w| from_high(high(v).overflowing_mul(w.as_int())), |f, g| number(f * g);
    true_div or true_div_mixed: |v, w| arithmetic::truediv(v.as_int(), w.as_int()), |f, g| if g == 0.0 { None } else { number(f / g) };
    floor_div or operators::binary, floor_div_imm: |v, w| arithmetic::floordiv(v.as_int(), w.as_int()), |_f, _g| None;
    modulo or operators::binary, modulo_imm: |v, w| arithmetic::modulo(v.as_int(), w.as_int()), |_f, _g| None;
    lshift or operators::binary, lshift_imm: |v, w| arithmetic::lshift(v.as_int(), w.as_int()), |_f, _g| None;
    rshift or operators::binary, rshift_imm: |v, w| arithmetic::rshift(v.as_int(), w.as_int()), |_f, _g| None;
    and or operators::binary, and_imm: |v, w| Some(Value::from_bits(v.bits() & w.bits())), |_f, _g| None;
    or or operators::binary: |v, w| Some(Value::from_bits(v.bits() | w.bits())), |_f, _g| None;
    xor or operators::binary: |v, w| Some(Value::from_int_wrapping((v.bits() ^ w.bits()) as i64)), |_f, _g| None;
}

/// An operand that is an integer, or a truth value that counts as one.
#[inline(always)]
fn integer(word: Value) -> Option<Value> {
    if word.is_int() { Some(word) } else { bool_as_int(word) }
}

/// An operation on an integer and a float, or on truth values, apart: without the conversions the others need fewer machine registers than are free.
macro_rules! mixed {
    ($($name:ident or $any:path: |$f:ident, $g:ident| $float:expr, |$v:ident, $w:ident| $int:expr;)*) => {
        handlers! {
            $(
                #[inline(never)]
                $name(s, i) {
                    let (v, w) = (s.value(i.b()), s.value(i.c()));
                    let result = if let Some(($f, $g)) = arithmetic::floats(v, w) {
                        $float
                    } else if let (Some($v), Some($w)) = (integer(v), integer(w)) {
                        $int
                    } else {
                        None
                    };
                    finish(s, i, result, $any)
                }
            )*
        }
    };
}

mixed! {
    add_mixed or values::add_any: |f, g| number(f + g), |v, w| from_high(high(v).overflowing_add(high(w)));
    sub_mixed or operators::binary: |f, g| number(f - g), |v, w| from_high(high(v).overflowing_sub(high(w)));
    mul_mixed or operators::binary: |f, g| number(f * g), |v, w| from_high(high(v).overflowing_mul(w.as_int()));
    true_div_mixed or operators::binary: |f, g| if g == 0.0 { None } else { number(f / g) }, |v, w| arithmetic::truediv(v.as_int(), w.as_int());
}

macro_rules! comparisons {
    ($($name:ident $cmp:tt;)*) => {
        handlers! {
            $(
                $name(s, i) {
                    let (v, w) = (s.value(i.b()), s.value(i.c()));
                    let result = if v.both_int(w) {
                        high(v) $cmp high(w)
                    } else if v.is_float() && w.is_float() {
                        v.as_float() $cmp w.as_float()
                    } else {
                        return operators::compare(s.ip, s.regs, s.fp, s.thread);
                    };
                    s.write_obj(i.a(), bool_obj(result), 1)
                }
            )*
        }
    };
}

comparisons! { lt <; le <=; eq ==; ne !=; gt >; ge >=; }

handlers! {
    /// Squares; other powers are done by a function.
    pow_imm(s, i) {
        let v = s.value(i.b());
        let square = if i.c_imm() != 2 {
            None
        } else if v.is_int() {
            from_high(high(v).overflowing_mul(v.as_int()))
        } else if v.is_float() {
            arithmetic::float_square(v.as_float())
        } else {
            None
        };
        finish(s, i, square, operators::binary_imm)
    }
    neg(s, i) {
        let v = s.value(i.b());
        let result = if v.is_int() {
            from_high(high(v).overflowing_neg())
        } else if v.is_float() {
            number(-v.as_float())
        } else {
            None
        };
        finish(s, i, result, super::leave)
    }
    is(s, i) {
        s.write_obj(i.a(), bool_obj(s.value(i.b()).same(s.value(i.c()))), 1)
    }
    is_not(s, i) {
        s.write_obj(i.a(), bool_obj(!s.value(i.b()).same(s.value(i.c()))), 1)
    }
    not(s, i) {
        if s.value(i.b()).is_empty() {
            return s.leave();
        }
        match arithmetic::quick_truth(s.regs.obj(i.b() as usize)) {
            Some(truth) => s.write_obj(i.a(), bool_obj(!truth), 1),
            None => actions::not_any(s.ip, s.regs, s.fp, s.thread),
        }
    }
}
