//! What native code asks of the running frames: `locals()`, the arguments of `super()`, frame objects.

use taipan_objects::cell::PyCell;
use taipan_objects::code::PyCode;
use taipan_objects::dict::PyDict;
use taipan_objects::prelude::*;

use crate::frame::{Frame, object_of};
use crate::registers::Regs;
use crate::thread;

/// Where a variable is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    Register(u16),
    /// A register with a cell.
    Cell(u16),
}

/// The visible variables of a code object with their places. A parameter that is a cell as well has two.
fn variables(code: &PyCode) -> impl Iterator<Item = (&str, Place)> {
    let unit = &code.unit;
    let locals = unit.varnames.iter().enumerate().map(|(i, name)| (name.as_str(), Place::Register(i as u16)));
    let cells = unit.cellvars.iter().zip(&unit.cell_registers).map(|(name, r)| (name.as_str(), Place::Cell(*r)));
    let free = unit.freevars.iter().zip(&unit.free_registers).map(|(name, r)| (name.as_str(), Place::Cell(*r)));
    locals.chain(cells).chain(free).filter(|(name, _)| !name.starts_with('.'))
}

fn in_registers(regs: Regs, place: Place) -> Option<Obj> {
    match place {
        Place::Register(r) => regs.get(r as usize).map(|v| v.clone().into_strong()),
        Place::Cell(r) => regs.get(r as usize)?.downcast::<PyCell>()?.value.load(),
    }
}

/// `locals()` in a frame: its namespace, or a new dict of the variables.
pub fn snapshot(frame: &Frame) -> PyResult<Obj> {
    if let Some(locals) = frame.locals() {
        return Ok(locals.clone());
    }
    let dict = PyDict::new();
    for (name, place) in variables(frame.code()) {
        if let Some(value) = in_registers(frame.regs, place) {
            dict.set_str(name, value);
        }
    }
    if let Some(extra) = frame.object().and_then(|o| o.extra_locals.load())
    {
        dict.update_from(&extra)?;
    }
    Ok(dict.into_obj())
}

/// Frame number `depth` from the innermost.
pub fn live_at<'a>(depth: usize) -> Option<&'a Frame> {
    let thread = thread::try_current()?;
    let index = thread.depth.get().checked_sub(depth + 1)?;
    // SAFETY: below `depth`, and native code of the calling thread runs above it.
    unsafe { thread.frame(index).as_ref() }
}

/// The frame object `depth` frames up.
pub fn frame_at(depth: usize) -> Option<Obj> {
    let thread = thread::try_current()?;
    let index = thread.depth.get().checked_sub(depth + 1)?;
    Some(object_of(thread.frame(index)).into_obj())
}

/// (thread identity, innermost frame object) of every thread that executes Python code.
pub fn frames_of_all_threads() -> Vec<(u64, Obj)> {
    let mut found = Vec::new();
    taipan_threading::stop_the_world(|_| {
        thread::for_each(|thread| {
            let innermost = thread.innermost();
            if !innermost.is_null() {
                found.push((thread.ident.get(), object_of(innermost).into_obj()));
            }
        });
    });
    found
}

/// The `super_arguments` hook: `(__class__, first argument)` of the running frame.
pub fn super_arguments() -> PyResult<(Obj, Obj)> {
    let Some(frame) = crate::builtins::caller() else { return Err(runtime_error("super(): no current frame")) };
    let code = frame.code();
    if code.unit.argcount == 0 {
        return Err(runtime_error("super(): no arguments"));
    }
    let first_name = code.unit.varnames.first().map_or("", String::as_str);
    let first = in_registers(frame.regs, Place::Register(0)).or_else(|| {
        let cell = code.unit.cellvars.iter().position(|n| n == first_name)?;
        in_registers(frame.regs, Place::Cell(code.unit.cell_registers[cell]))
    });
    let Some(first) = first else { return Err(runtime_error("super(): arg[0] deleted")) };
    let Some(index) = code.unit.freevars.iter().position(|n| n == "__class__") else {
        return Err(runtime_error("super(): __class__ cell not found"));
    };
    match in_registers(frame.regs, Place::Cell(code.unit.free_registers[index])) {
        Some(class) if class.is_layout::<PyType>() => Ok((class, first)),
        Some(other) => Err(runtime_error(format!("super(): __class__ is not a type ({})", class_of(&other).name()))),
        None => Err(runtime_error("super(): empty __class__ cell")),
    }
}
