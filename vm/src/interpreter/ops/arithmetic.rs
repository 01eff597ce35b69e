//! Arithmetic and comparison beyond what the loop does on immediate operands.

use taipan_bytecode::BranchFlags;
use taipan_objects::error::{PyResult, Raised};
use taipan_objects::protocol::{self, BinaryOp};
use taipan_objects::singletons::{is_false, is_none, is_true};
use taipan_objects::str::{PyStr, concat};
use taipan_objects::type_object::{CompareOp, class_of};
use taipan_objects::types::types;
use taipan_objects::{Obj, Value};

use crate::interpreter::quick::known::{self, Known};
use crate::registers::Regs;

/// A small integer as an object.
#[inline(always)]
pub fn immediate(i: i64) -> Obj {
    // SAFETY: an immediate integer is never empty and owns nothing.
    unsafe { Obj::from_value_unchecked(Value::from_int_wrapping(i)) }
}

/// The product if it is an immediate integer.
#[inline(always)]
pub fn mul(x: i64, y: i64) -> Option<Value> {
    x.checked_mul(y).and_then(Value::from_int)
}

/// Python's `//` on integers; `None` for a zero divisor.
#[inline(always)]
pub fn floordiv(x: i64, y: i64) -> Option<Value> {
    if y == 0 {
        return None;
    }
    let quotient = x / y;
    Value::from_int(if x % y != 0 && (x < 0) != (y < 0) { quotient - 1 } else { quotient })
}

/// Python's `%` on integers; `None` for a zero divisor.
#[inline(always)]
pub fn modulo(x: i64, y: i64) -> Option<Value> {
    if y == 0 {
        return None;
    }
    let rest = x % y;
    Value::from_int(if rest != 0 && (rest < 0) != (y < 0) { rest + y } else { rest })
}

/// The quotient as a float. Both fit 48 bits, so the division of their exact float values is correctly rounded.
#[inline(always)]
pub fn truediv(x: i64, y: i64) -> Option<Value> {
    if y == 0 { None } else { Some(Value::from_float(x as f64 / y as f64)) }
}

#[inline(always)]
pub fn float_div(f: f64, g: f64) -> Option<Value> {
    if g == 0.0 { None } else { Some(Value::from_float(f / g)) }
}

/// The square unless it overflows (which raises in Python).
#[inline(always)]
pub fn float_square(f: f64) -> Option<Value> {
    let square = f * f;
    if square.is_finite() || !f.is_finite() { Some(Value::from_float(square)) } else { None }
}

#[inline(always)]
pub fn lshift(x: i64, y: i64) -> Option<Value> {
    if !(0..48).contains(&y) || x.unsigned_abs().leading_zeros() <= 16 + y as u32 {
        None
    } else {
        Value::from_int(x << y)
    }
}

#[inline(always)]
pub fn rshift(x: i64, y: i64) -> Option<Value> {
    if y < 0 { None } else { Value::from_int(x >> y.min(63)) }
}

/// The operands as floats, if one is a float and the other a float or an immediate integer (which a float holds exactly).
#[inline(always)]
pub fn floats(v: Value, w: Value) -> Option<(f64, f64)> {
    if v.is_float() {
        if w.is_float() {
            return Some((v.as_float(), w.as_float()));
        }
        if w.is_int() {
            return Some((v.as_float(), w.as_int() as f64));
        }
    } else if v.is_int() && w.is_float() {
        return Some((v.as_int() as f64, w.as_float()));
    }
    None
}

/// Any binary operation on any operands.
pub fn binary(a: &Obj, b: &Obj, op: BinaryOp, inplace: bool) -> PyResult<Obj> {
    let (v, w) = (a.value(), b.value());
    // int with float: the common mixed case.
    if let Some((x, y)) = floats(v, w) {
        match op {
            BinaryOp::Add => return Ok(Obj::float(x + y)),
            BinaryOp::Sub => return Ok(Obj::float(x - y)),
            BinaryOp::Mul => return Ok(Obj::float(x * y)),
            BinaryOp::TrueDiv if y != 0.0 => return Ok(Obj::float(x / y)),
            _ => {}
        }
    }
    if matches!(op, BinaryOp::Add | BinaryOp::Sub)
        && let (Some(x), Some(y)) = (quick_int(a), quick_int(b))
        && let Some(result) = Value::from_int(if op == BinaryOp::Add { x + y } else { x - y })
    {
        // SAFETY: an immediate integer is never empty and owns nothing.
        return Ok(unsafe { Obj::from_value_unchecked(result) });
    }
    if op == BinaryOp::Add && !inplace && known::is(v, Known::Str) && known::is(w, Known::Str) {
        // SAFETY: the layouts were checked.
        let (one, other) = unsafe { (&*v.ptr().cast::<PyStr>(), &*w.ptr().cast::<PyStr>()) };
        return Ok(concat(one, other)?.into_obj());
    }
    if inplace { protocol::inplace_op(a, b, op) } else { protocol::binary_op(a, b, op) }
}

/// An immediate integer, or a bool as one: who counts adds conditions up.
#[inline]
fn quick_int(obj: &Obj) -> Option<i64> {
    let value = obj.value();
    if value.is_int() {
        return Some(value.as_int());
    }
    if is_true(obj) { Some(1) } else { is_false(obj).then_some(0) }
}

/// The truth of a comparison.
pub fn compare_truth(a: &Obj, b: &Obj, op: CompareOp) -> PyResult<bool> {
    if op.is_equality()
        && let Some(equal) = protocol::texts_or_tuples_equal(a, b)
    {
        return Ok(equal == (op == CompareOp::Eq));
    }
    let result = protocol::rich_compare(a, b, op)?;
    match quick_truth(&result) {
        Some(truth) => Ok(truth),
        None => protocol::is_true(&result),
    }
}

/// The truth of the comparison of an object with the int of a `BRANCH` instruction.
///
/// The operands' methods are tried, and errors name the operator, as in the source: `flags` say on which side the int is there.
pub fn compare_immediate_truth(a: &Obj, imm: i64, op: CompareOp, flags: u16) -> PyResult<bool> {
    let imm = immediate(imm);
    if flags & BranchFlags::MIRRORED != 0 {
        compare_truth(&imm, a, op.swapped())
    } else {
        compare_truth(a, &imm, op)
    }
}

/// The truth of booleans, `None` and numbers.
#[inline(always)]
pub fn quick_truth(obj: &Obj) -> Option<bool> {
    if is_true(obj) {
        return Some(true);
    }
    if is_false(obj) || is_none(obj) {
        return Some(false);
    }
    let value = obj.value();
    if value.is_int() {
        return Some(value.as_int() != 0);
    }
    None
}

/// Whether the class is exactly `str`.
#[inline]
pub fn is_exact_str(obj: &Obj) -> bool {
    class_of(obj).is(&types().str)
}

/// `register += right` of a register that holds an exact `str`.
pub fn grow(regs: Regs, register: usize, right: &Obj) -> PyResult<()> {
    let right = right.clone();
    let Some(left) = regs.take(register) else { return Ok(()) };
    match concat_in_place(left, &right) {
        Ok(result) => regs.write(register, result),
        Err((left, raised)) => {
            regs.write(register, left);
            return Err(raised);
        }
    }
    Ok(())
}

/// `left + right` for an exact `str` on the left, extending it in place when nobody else can see it. Gives `left` back with an error.
fn concat_in_place(left: Obj, right: &Obj) -> Result<Obj, (Obj, Raised)> {
    if !is_exact_str(right) {
        return match protocol::inplace_op(&left, right, BinaryOp::Add) {
            Ok(result) => Ok(result),
            Err(raised) => Err((left, raised)),
        };
    }
    match taipan_objects::str::concat_owned(left, right) {
        Ok(result) => Ok(result),
        Err(raised) => Err((taipan_objects::singletons::none(), raised)),
    }
}
