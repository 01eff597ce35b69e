//! Adding up: `sum()`, in one go or step by step.
//!
//! Floats and complex numbers are added with Neumaier's compensation. Step by step the state is the total so far and a rest: none while all
//! are whole numbers, a float or complex number that is still to be added, or `None` once there was anything else.

use taipan_objects::complex::{self, PyComplex};
use taipan_objects::int::{IntRef, int_ref};
use taipan_objects::prelude::*;
use taipan_objects::protocol::BinaryOp;
use taipan_objects::singletons::is_none;

/// The sum of `high`, `low` and `x` in two parts.
#[inline]
pub fn compensated(high: f64, low: f64, x: f64) -> (f64, f64) {
    let total = high + x;
    let lost = if high.abs() >= x.abs() { (high - total) + x } else { (x - total) + high };
    (total, low + lost)
}

/// One float of two parts. An infinite sum has a meaningless compensation.
fn joined(high: f64, low: f64) -> f64 {
    if low != 0.0 && low.is_finite() { high + low } else { high }
}

/// An exact float.
pub fn exact_float(obj: &Obj) -> Option<f64> {
    obj.value().is_float().then(|| obj.value().as_float())
}

/// An exact whole number, or truth value, of one machine word.
#[inline]
pub fn exact_word(obj: &Obj) -> Option<i64> {
    if obj.value().is_int() {
        return Some(obj.value().as_int());
    }
    exact_word_slow(obj)
}

fn exact_word_slow(obj: &Obj) -> Option<i64> {
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

/// The state of a sum that is `total` so far.
pub fn begin(total: Obj) -> (Obj, Option<Obj>) {
    let rest = if class_of(&total).is(&types().int) {
        None
    } else if exact_float(&total).is_some() {
        Some(float_obj(0.0))
    } else if exact_complex(&total).is_some() {
        Some(complex::from_parts(0.0, 0.0))
    } else {
        Some(none())
    };
    (total, rest)
}

/// What a state stands for.
pub fn total(total: Obj, rest: Option<Obj>) -> Obj {
    let Some(rest) = rest else { return total };
    if let (Some(high), Some(low)) = (exact_float(&total), exact_float(&rest)) {
        return float_obj(joined(high, low));
    }
    match (exact_complex(&total), exact_complex(&rest)) {
        (Some(high), Some(low)) => complex::from_parts(joined(high.0, low.0), joined(high.1, low.1)),
        _ => total,
    }
}

/// Adds `item` to a state.
pub fn add(sum: Obj, rest: Option<Obj>, item: Obj) -> PyResult<(Obj, Option<Obj>)> {
    match &rest {
        None => {
            if let (Some(a), Some(b)) = (exact_word(&sum), exact_word(&item))
                && let Some(new) = a.checked_add(b)
            {
                return Ok((taipan_objects::int::from_i64(new), None));
            }
            let new = binary_op(&sum, &item, BinaryOp::Add)?.into_strong();
            // Whole numbers beyond a word stay beyond: they are added like anything else.
            let (new, rest) = begin(new);
            return Ok((new, rest.or_else(|| Some(none()))));
        }
        Some(rest) if is_none(rest) => {}
        Some(rest) => {
            let number = exact_float(&item).or_else(|| exact_word(&item).map(|i| i as f64));
            if let (Some(high), Some(low)) = (exact_float(&sum), exact_float(rest)) {
                if let Some(x) = number {
                    // Only a float may have lost something.
                    let (high, low) = compensated(high, low, x);
                    return Ok((float_obj(high), Some(float_obj(low))));
                }
            } else if let (Some(high), Some(low)) = (exact_complex(&sum), exact_complex(rest)) {
                let parts = exact_complex(&item).map(|(x, y)| (x, Some(y))).or(number.map(|x| (x, None)));
                if let Some((x, y)) = parts {
                    let re = compensated(high.0, low.0, x);
                    // A real number leaves the sign of an imaginary zero alone.
                    let im = y.map_or((high.1, low.1), |y| compensated(high.1, low.1, y));
                    let rest = complex::from_parts(re.1, im.1);
                    return Ok((complex::from_parts(re.0, im.0), Some(rest)));
                }
            }
        }
    }
    let of_floats = rest.as_ref().is_some_and(|rest| exact_float(rest).is_some());
    let new = binary_op(&total(sum, rest), &item, BinaryOp::Add)?.into_strong();
    // From floats to complex numbers, or to anything.
    if of_floats && exact_complex(&new).is_some() { Ok(begin(new)) } else { Ok((new, Some(none()))) }
}
