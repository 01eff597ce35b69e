//! Code objects made of their attributes: `code(...)` and `code.replace(...)`.
//!
//! Invariant: what comes out passes [`taipan_bytecode::verify`], so that executing it touches only what it has. That registers hold what the
//! instructions expect is the maker's business, as it is with CPython's instructions and its stack.

use taipan_bytecode::{CodeUnit, Const, Instr, Op, Position, flags};
use taipan_gc::{Obj, Py};

use super::{ENTRY, Facts, PyCode, tables};
use crate::error::*;
use crate::protocol;
use crate::tuple::PyTuple;
use crate::type_object::class_of;

/// The attributes, to be changed one by one.
pub struct Fields {
    unit: CodeUnit,
    consts: Vec<Obj>,
    nlocals: usize,
    stack_size: usize,
    /// The number of variables or the instructions are others: registers are given out anew.
    moved: bool,
    line_table: Option<Vec<u8>>,
    exception_table: Option<Vec<u8>>,
}

/// `co_stacksize`: registers that are no variables.
pub fn stack_size(unit: &Facts) -> usize {
    usize::from(unit.nregs.saturating_sub(unit.first_temp))
}

impl Fields {
    /// Those of a code.
    pub fn of(code: &PyCode) -> Fields {
        Fields {
            unit: code.code_unit(),
            consts: code.constants().to_vec(),
            nlocals: code.unit.variables().locals().count(),
            stack_size: stack_size(&code.unit),
            moved: false,
            line_table: None,
            exception_table: None,
        }
    }

    /// None but empty ones.
    pub fn empty() -> Fields {
        Fields {
            unit: CodeUnit::default(),
            consts: Vec::new(),
            nlocals: 0,
            stack_size: 0,
            moved: true,
            line_table: Some(Vec::new()),
            exception_table: Some(Vec::new()),
        }
    }

    /// Sets the attribute `name`.
    pub fn set(&mut self, name: &str, value: &Obj) -> PyResult<()> {
        let unit = &mut self.unit;
        match name {
            "co_name" => unit.name = text(name, value)?,
            "co_qualname" => unit.qualname = text(name, value)?,
            "co_filename" => unit.filename = text(name, value)?,
            "co_argcount" => unit.argcount = count(value)?,
            "co_posonlyargcount" => unit.posonlyargcount = count(value)?,
            "co_kwonlyargcount" => unit.kwonlyargcount = count(value)?,
            "co_firstlineno" => {
                let line = protocol::index_word(value)?;
                unit.first_line = u32::try_from(line)
                    .map_err(|_| value_error("code: co_firstlineno must not be negative"))?;
            }
            "co_flags" => unit.flags = count(value)?,
            "co_nlocals" => self.nlocals = count(value)? as usize,
            "co_stacksize" => {
                self.stack_size = count(value)? as usize;
                self.moved = true;
            }
            "co_consts" => self.consts = tuple(name, value)?,
            "co_names" => unit.names = texts(name, value)?,
            "co_varnames" => {
                let names = texts(name, value)?;
                let told = unit.variables().locals().count();
                if self.nlocals == told && self.line_table.is_none() {
                    // `replace` need not say how many there are.
                    self.nlocals = names.len();
                }
                if !names.iter().eq(unit.variables().locals()) {
                    self.moved |= names.len() != unit.varnames.len();
                    unit.varnames = names;
                }
            }
            "co_cellvars" => {
                let names = texts(name, value)?;
                if !names.iter().eq(unit.variables().cells()) {
                    self.moved |= names.len() != unit.cellvars.len();
                    unit.cellvars = names;
                }
            }
            "co_freevars" => {
                let names = texts(name, value)?;
                self.moved |= names.len() != unit.freevars.len();
                unit.freevars = names;
            }
            "co_code" => {
                unit.instrs = instructions(bytes(name, value)?)?;
                // The line table is that of the code before; where it ends, the last place goes on.
                let last = unit.positions.last().copied().unwrap_or(Position::NONE);
                unit.positions.to_mut().resize(unit.instrs.len(), last);
                unit.exception_table.retain(|e| (e.handler as usize) < unit.instrs.len());
            }
            "co_linetable" => self.line_table = Some(bytes(name, value)?.to_vec()),
            "co_exceptiontable" => self.exception_table = Some(bytes(name, value)?.to_vec()),
            _ => {
                return Err(type_error(format!("replace() got an unexpected keyword argument '{name}'")));
            }
        }
        Ok(())
    }

    /// The code.
    pub fn make(self) -> PyResult<Py<PyCode>> {
        let Fields { mut unit, consts, nlocals, stack_size, moved, line_table, exception_table } = self;
        if nlocals != unit.variables().locals().count() {
            return Err(value_error("code: co_nlocals != len(co_varnames)"));
        }
        let nlocals = unit.varnames.len();
        if unit.posonlyargcount > unit.argcount {
            return Err(value_error("code: co_posonlyargcount > co_argcount"));
        }
        let parameters = u64::from(unit.argcount) + u64::from(unit.kwonlyargcount);
        let stars =
            (unit.flags & flags::CO_VARARGS != 0) as u64 + (unit.flags & flags::CO_VARKEYWORDS != 0) as u64;
        if parameters + stars > nlocals as u64 {
            return Err(value_error("code: co_varnames is too small"));
        }
        if moved {
            let cells = nlocals..nlocals + unit.cellvars.len();
            let free = cells.end..cells.end + unit.freevars.len();
            let registers = free.end + stack_size;
            if registers >= usize::from(taipan_bytecode::TAKE) {
                return Err(value_error("code: too many variables"));
            }
            unit.first_temp = free.end as u16;
            unit.nregs = registers as u16;
            unit.nlocals = nlocals as u16;
            unit.cell_registers = cells.map(|register| register as u16).collect();
            unit.free_registers = free.map(|register| register as u16).collect();
        }
        if let Some(table) = line_table {
            // Without a table there are no lines at all.
            let mut positions = tables::positions(&table, unit.first_line);
            let entry = unit.preparation();
            if entry < positions.len() {
                positions.remove(entry);
            }
            if !table.is_empty() {
                positions.resize(unit.instrs.len(), Position::NONE);
            }
            unit.positions = positions.into();
        }
        if let Some(table) = exception_table {
            unit.exception_table = tables::exception_entries(&table, unit.preparation() as u32)
                .ok_or_else(|| value_error("code: co_exceptiontable is malformed"))?;
        }
        of_parts(unit, consts)
    }
}

/// The code of a unit whose constants are these objects.
pub fn of_parts(mut unit: CodeUnit, consts: Vec<Obj>) -> PyResult<Py<PyCode>> {
    unit.consts = vec![Const::None; consts.len()];
    if let Err(invalid) = taipan_bytecode::verify::verify(&unit) {
        return Err(value_error(format!("code: {invalid}")));
    }
    // Registers read constants without counting. They may be other threads' objects: immortality comes during a stop.
    let immortalize = || {
        for header in consts.iter().filter(|item| !item.is_layout::<PyCode>()).filter_map(Obj::header) {
            taipan_gc::refcount::immortalize(header);
        }
    };
    if taipan_threading::multi_threaded() {
        taipan_threading::stop_the_world(|_| immortalize());
    } else {
        immortalize();
    }
    Ok(PyCode::with_consts(unit, consts.into_boxed_slice()))
}

fn instructions(code: &[u8]) -> PyResult<Vec<Instr>> {
    let malformed = || value_error("code: co_code is malformed");
    if code.len() % 8 != 0 {
        return Err(malformed());
    }
    let words = code.chunks_exact(8).map(|chunk| {
        let mut word = [0; 8];
        word.copy_from_slice(chunk);
        Instr::from_bits(u64::from_le_bytes(word))
    });
    // Who executes what means nothing gets the error, not who writes it.
    let words = words.map(|word| match word.op() {
        None | Some(Op::Unknown) => Instr::new(Op::Unknown, word.opcode(), 0, 0),
        Some(_) => word,
    });
    let mut words: Vec<Instr> = words.collect();
    let entry = words.iter().take_while(|word| word.op().is_some_and(Op::prepares)).count();
    if words.len() < entry + 2 {
        return Err(malformed());
    }
    // The entry of the call is no instruction; if it means nothing, nothing behind it is reached.
    match words.remove(entry) {
        ENTRY => {}
        unknown if unknown.op() == Some(Op::Unknown) => words[entry] = unknown,
        _ => return Err(malformed()),
    }
    Ok(words)
}

fn count(value: &Obj) -> PyResult<u32> {
    u32::try_from(protocol::index_word(value)?)
        .map_err(|_| value_error("code: a count or size is negative or too large"))
}

fn argument_type(name: &str, expected: &str, value: &Obj) -> Raised {
    type_error(format!("replace() argument '{name}' must be {expected}, not {}", class_of(value).name()))
}

fn text(name: &str, value: &Obj) -> PyResult<String> {
    match value.downcast::<crate::str::PyStr>() {
        Some(text) => Ok(text.to_string_lossy().into_owned()),
        None => Err(argument_type(name, "str", value)),
    }
}

fn tuple(name: &str, value: &Obj) -> PyResult<Vec<Obj>> {
    value.downcast::<PyTuple>().map(PyTuple::to_vec).ok_or_else(|| argument_type(name, "tuple", value))
}

fn texts(name: &str, value: &Obj) -> PyResult<Vec<String>> {
    let names = tuple(name, value)?;
    let text = |item: &Obj| match item.downcast::<crate::str::PyStr>() {
        Some(text) => Ok(text.to_string_lossy().into_owned()),
        None => {
            Err(type_error(format!("name tuples must contain only strings, not '{}'", class_of(item).name())))
        }
    };
    names.iter().map(text).collect()
}

fn bytes<'a>(name: &str, value: &'a Obj) -> PyResult<&'a [u8]> {
    crate::bytes::bytes_value(value).ok_or_else(|| argument_type(name, "bytes", value))
}
