//! What `super()` without arguments finds in the frame that calls it.

use taipan_objects::cell::PyCell;
use taipan_objects::prelude::*;

use crate::frame::Frame;

fn cell(frame: &Frame, register: u16) -> Option<Obj> {
    frame.regs.get(register as usize)?.downcast::<PyCell>()?.value.load()
}

/// The first argument, wherever it is: a parameter that inner functions use lives in a cell.
fn first_argument(frame: &Frame) -> Option<Obj> {
    let unit = &frame.code().unit;
    if let Some(value) = frame.regs.get(0) {
        return Some(value.clone().into_strong());
    }
    let name = unit.varnames.first()?;
    let index = unit.cellvars.iter().position(|n| n == name)?;
    cell(frame, unit.cell_registers[index])
}

/// The `super_arguments` hook: `(__class__, first argument)` of the running frame.
pub fn super_arguments() -> PyResult<(Obj, Obj)> {
    let Some(frame) = crate::builtins::caller() else {
        return Err(runtime_error("super(): no current frame"));
    };
    let unit = &frame.code().unit;
    if unit.argcount == 0 {
        return Err(runtime_error("super(): no arguments"));
    }
    let Some(first) = first_argument(frame) else { return Err(runtime_error("super(): arg[0] deleted")) };
    let Some(index) = unit.freevars.iter().position(|n| n == "__class__") else {
        return Err(runtime_error("super(): __class__ cell not found"));
    };
    match cell(frame, unit.free_registers[index]) {
        Some(class) if class.is_layout::<PyType>() => Ok((class, first)),
        Some(other) => {
            Err(runtime_error(format!("super(): __class__ is not a type ({})", class_of(&other).name())))
        }
        None => Err(runtime_error("super(): empty __class__ cell")),
    }
}
