//! Rounding modes and their names.

use taipan_objects::prelude::*;

use super::number::Rounding;

/// In the order of [`Rounding::ALL`].
pub const NAMES: [&str; 8] = [
    "ROUND_UP",
    "ROUND_DOWN",
    "ROUND_CEILING",
    "ROUND_FLOOR",
    "ROUND_HALF_UP",
    "ROUND_HALF_DOWN",
    "ROUND_HALF_EVEN",
    "ROUND_05UP",
];

pub fn name(rounding: Rounding) -> &'static str {
    NAMES[rounding as usize]
}

/// The mode that a str object names.
pub fn parse(name: &Obj) -> PyResult<Rounding> {
    if let Some(text) = name.downcast::<PyStr>()
        && let Some(i) = NAMES.iter().position(|name| text.eq_str(name))
    {
        return Ok(Rounding::ALL[i]);
    }
    Err(type_error(
        "valid values for rounding are:\n  [ROUND_CEILING, ROUND_FLOOR, ROUND_UP, ROUND_DOWN,\n   ROUND_HALF_UP, ROUND_HALF_DOWN, ROUND_HALF_EVEN,\n   ROUND_05UP]",
    ))
}
