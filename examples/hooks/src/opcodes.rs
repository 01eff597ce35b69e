//! Three instructions, with the calls that the compiler makes into them.

use taipan_objects::construct::*;
use taipan_objects::error::*;
use taipan_objects::protocol;
use taipan_objects::type_object::CompareOp;
use taipan_objects::{Obj, Value};
use taipan_vm::extension;

fn number(operand: &Obj) -> PyResult<f64> {
    match operand.value() {
        value if value.is_float() => Ok(value.as_float()),
        value if value.is_int() => Ok(value.as_int() as f64),
        _ => Err(type_error("a number is required")),
    }
}

fn fused(x: &Obj, y: &Obj, z: &Obj) -> PyResult<Obj> {
    Ok(float_obj(number(x)?.mul_add(number(y)?, number(z)?)))
}

fn clamped(x: &Obj, low: &Obj, high: &Obj) -> PyResult<Obj> {
    let below = protocol::is_true(&protocol::rich_compare(x, low, CompareOp::Lt)?)?;
    if below {
        return Ok(low.clone());
    }
    let above = protocol::is_true(&protocol::rich_compare(x, high, CompareOp::Gt)?)?;
    Ok(if above { high.clone() } else { x.clone() })
}

fn ones(n: &Obj) -> PyResult<Obj> {
    let value: Value = n.value();
    if !value.is_int() || value.as_int() < 0 {
        return Err(value_error("__popcount__() takes an int from 0 to 2**47 - 1"));
    }
    Ok(int_obj(i64::from(value.as_int().count_ones())))
}

taipan_vm::ops! {
    /// The three instructions.
    pub static OPS;
    "FMA" __fma__(x, y, z) "x * y + z, rounded once." => fused(x, y, z);
    "CLAMP" __clamp__(x, low, high) "low if x < low, high if x > high, else x." => clamped(x, low, high);
    "POPCOUNT" __popcount__(n) "The number of ones among the binary digits of n." => ones(n);
}

/// Adds them to the instruction set.
pub fn register() -> Result<(), taipan_bytecode::extension::Refused> {
    extension::register(&OPS)
}
