//! The attributes of a context: checks of their values.

use taipan_objects::int::int_ref;
use taipan_objects::prelude::*;

use super::context::PyContext;
use super::number::{MAX_EMAX, MAX_PREC, MIN_EMIN};
use super::{rounding, signal_dict};

/// An int of the machine's size.
pub fn whole_number(value: &Obj) -> PyResult<i64> {
    let Some(value) = int_ref(value) else { return Err(type_error("an integer is required")) };
    value.to_i64().ok_or_else(|| overflow_error("Python int too large to convert to C ssize_t"))
}

/// The names of the attributes, in the order of the constructor.
pub const NAMES: [&str; 8] = ["prec", "rounding", "Emin", "Emax", "capitals", "clamp", "flags", "traps"];

/// Sets an attribute, of which [`NAMES`] has the name; flags and traps also from lists.
pub fn set(context: &PyContext, name: &str, value: &Obj) -> PyResult<()> {
    let signals = |value: &Obj| match is_instance_of(value, &types().list) {
        true => signal_dict::bits_of_list(value),
        false => signal_dict::bits_of_mapping(value),
    };
    match name {
        "prec" => {
            let prec = whole_number(value)?;
            if !(1..=MAX_PREC).contains(&prec) {
                return Err(value_error("valid range for prec is [1, MAX_PREC]"));
            }
            context.set_prec(prec);
        }
        "rounding" => context.set_rounding(rounding::parse(value)?),
        "Emin" => {
            let emin = whole_number(value)?;
            if !(MIN_EMIN..=0).contains(&emin) {
                return Err(value_error("valid range for Emin is [MIN_EMIN, 0]"));
            }
            context.set_emin(emin);
        }
        "Emax" => {
            let emax = whole_number(value)?;
            if !(0..=MAX_EMAX).contains(&emax) {
                return Err(value_error("valid range for Emax is [0, MAX_EMAX]"));
            }
            context.set_emax(emax);
        }
        "capitals" | "clamp" => {
            let on = match whole_number(value)? {
                0 => false,
                1 => true,
                _ => return Err(value_error(format!("valid values for {name} are 0 or 1"))),
            };
            if name == "clamp" { context.set_clamp(on) } else { context.set_capitals(on) }
        }
        "flags" => context.flags().set(signals(value)?),
        _ => context.traps().set(signals(value)?),
    }
    Ok(())
}
