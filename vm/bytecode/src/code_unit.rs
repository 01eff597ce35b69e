//! What the compiler produces for each code block, as plain data: no Python object is involved,
//! so a code unit can be built at compile time, stored and sent between threads.

use crate::exception_table::ExceptionEntry;
use crate::instr::Instr;
use crate::ops::Op;
use crate::positions::Positions;

/// CPython's `CO_*` bits.
pub mod flags {
    /// Locals are in registers, not in a namespace.
    pub const CO_OPTIMIZED: u32 = 0x1;
    /// A new namespace is needed for each call.
    pub const CO_NEWLOCALS: u32 = 0x2;
    /// Has `*args`.
    pub const CO_VARARGS: u32 = 0x4;
    /// Has `**kwargs`.
    pub const CO_VARKEYWORDS: u32 = 0x8;
    /// Defined inside a function.
    pub const CO_NESTED: u32 = 0x10;
    /// Generator function.
    pub const CO_GENERATOR: u32 = 0x20;
    /// Coroutine function (`async def` without `yield`).
    pub const CO_COROUTINE: u32 = 0x80;
    /// Generator usable in `await` (`types.coroutine`).
    pub const CO_ITERABLE_COROUTINE: u32 = 0x100;
    /// `async def` with `yield`.
    pub const CO_ASYNC_GENERATOR: u32 = 0x200;
    /// `from __future__ import barry_as_FLUFL`.
    pub const CO_FUTURE_BARRY_AS_BDFL: u32 = 0x40_0000;
    /// `from __future__ import generator_stop`.
    pub const CO_FUTURE_GENERATOR_STOP: u32 = 0x80_0000;
    /// `from __future__ import annotations`.
    pub const CO_FUTURE_ANNOTATIONS: u32 = 0x100_0000;
    /// No docstring was removed.
    pub const CO_NO_MONITORING_EVENTS: u32 = 0x200_0000;
    /// `consts[0]` is the docstring.
    pub const CO_HAS_DOCSTRING: u32 = 0x400_0000;
    /// Function defined in a class body.
    pub const CO_METHOD: u32 = 0x800_0000;
}

/// A constant.
#[derive(Clone, Debug)]
pub enum Const {
    None,
    True,
    False,
    Ellipsis,
    Int(i64),
    /// Too large for `Int`: an optional `-` and hexadecimal digits in lower case.
    BigInt(String),
    Float(f64),
    Complex(f64, f64),
    Str(String),
    /// A string with lone surrogates, in WTF-8.
    SurrogateStr(Vec<u8>),
    Bytes(Vec<u8>),
    Tuple(Vec<Const>),
    FrozenSet(Vec<Const>),
    /// `slice(start, stop, step)`.
    Slice(Box<[Const; 3]>),
    Code(std::sync::Arc<CodeUnit>),
    /// A unit that is part of the program and has not been read yet: see [`crate::serialize`].
    Written(&'static [u8]),
}

/// Where in the source an instruction comes from (PEP 657).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Position {
    /// One-based; 0: the instruction has no source line, or, if `end_line` is 1, it is in front of the first one.
    pub line: u32,
    /// Line of the end.
    pub end_line: u32,
    /// Zero-based, in UTF-8 bytes.
    pub col: u32,
    /// Column behind the last byte.
    pub end_col: u32,
}

impl Position {
    /// No source location.
    pub const NONE: Self = Self { line: 0, end_line: 0, col: 0, end_col: 0 };

    /// A line, without columns.
    pub const fn of_line(line: u32) -> Self {
        Self { line, end_line: line, col: u32::MAX, end_col: u32::MAX }
    }
    /// Whether there is no source location.
    pub const fn is_none(&self) -> bool {
        self.line == 0 && self.end_line == 0
    }
    /// Whether there are columns.
    pub const fn has_columns(&self) -> bool {
        self.col != u32::MAX && self.end_col != u32::MAX
    }
}

/// A compiled code block: module, function, class body, lambda, comprehension, annotation scope.
#[derive(Clone, Debug, Default)]
pub struct CodeUnit {
    pub instrs: Vec<Instr>,
    /// One per instruction.
    pub positions: Positions,
    pub consts: Vec<Const>,
    /// Attribute, global and other names, by index.
    pub names: Vec<String>,
    /// Names of registers `0..nlocals`. A comprehension inlined into the block contributes its
    /// variables, also those that have the name of another one ([`Variables`]).
    pub varnames: Vec<String>,
    /// Cell variables, in register order. A parameter that is a cell is in `varnames` too.
    pub cellvars: Vec<String>,
    /// Free variables, in register order and in order of the function's closure.
    pub freevars: Vec<String>,
    /// Registers of `cellvars`.
    pub cell_registers: Vec<u16>,
    /// Registers of `freevars` (consecutive).
    pub free_registers: Vec<u16>,
    /// Number of named registers, `varnames.len()`.
    pub nlocals: u16,
    /// First register that is neither a local nor a cell.
    pub first_temp: u16,
    /// Size of the window.
    pub nregs: u16,
    /// Positional parameters, positional-only ones included, without `*args`.
    pub argcount: u32,
    pub posonlyargcount: u32,
    pub kwonlyargcount: u32,
    /// [`flags`].
    pub flags: u32,
    pub name: String,
    pub qualname: String,
    pub filename: String,
    pub first_line: u32,
    /// Innermost first.
    pub exception_table: Vec<ExceptionEntry>,
}

impl CodeUnit {
    /// Number of parameter registers, `*args` and `**kwargs` included.
    pub fn nparams(&self) -> u32 {
        let stars =
            (self.flags & flags::CO_VARARGS != 0) as u32 + (self.flags & flags::CO_VARKEYWORDS != 0) as u32;
        self.argcount + self.kwonlyargcount + stars
    }

    /// The variables by name.
    pub fn variables(&self) -> Variables<'_> {
        Variables {
            parameters: self.nparams(),
            varnames: &self.varnames,
            cellvars: &self.cellvars,
            freevars: &self.freevars,
        }
    }

    /// Number of instructions at the beginning that prepare the frame: generator, closure, cells. The call begins behind them.
    pub fn preparation(&self) -> usize {
        self.instrs.iter().take_while(|instr| instr.op().is_some_and(Op::prepares)).count()
    }

    /// The docstring, which is constant 0 if there is one.
    pub fn docstring(&self) -> Option<&Const> {
        if self.flags & flags::CO_HAS_DOCSTRING != 0 { self.consts.first() } else { None }
    }

    /// Name of the variable in a cell register, and whether it is a free variable.
    pub fn cell_name(&self, register: u16) -> Option<(&str, bool)> {
        cell_name(register, (&self.cell_registers, &self.cellvars), (&self.free_registers, &self.freevars))
    }
}

/// The names of a unit's variables. Where a comprehension is inlined into a block that has a variable of the same name, there are two: the
/// comprehension's is *hidden*. Python code is not told of it, but while it is bound it is the one that its name means.
#[derive(Clone, Copy)]
pub struct Variables<'a> {
    pub parameters: u32,
    pub varnames: &'a [String],
    pub cellvars: &'a [String],
    pub freevars: &'a [String],
}

impl<'a> Variables<'a> {
    /// Whether a local is hidden.
    pub fn is_hidden_local(self, index: usize) -> bool {
        let name = &self.varnames[index];
        index >= self.parameters as usize
            && (self.varnames[..index].contains(name)
                || self.cellvars.contains(name)
                || self.freevars.contains(name))
    }
    /// Whether a cell variable is hidden.
    pub fn is_hidden_cell(self, index: usize) -> bool {
        let name = &self.cellvars[index];
        let local = self.varnames.iter().skip(self.parameters as usize).any(|local| local == name);
        self.cellvars[..index].contains(name) || self.freevars.contains(name) || local
    }
    /// The locals that Python code is told of.
    pub fn locals(self) -> impl Iterator<Item = &'a String> {
        (0..self.varnames.len()).filter(move |i| !self.is_hidden_local(*i)).map(move |i| &self.varnames[i])
    }
    /// The cell variables that Python code is told of.
    pub fn cells(self) -> impl Iterator<Item = &'a String> {
        (0..self.cellvars.len()).filter(move |i| !self.is_hidden_cell(*i)).map(move |i| &self.cellvars[i])
    }
}

/// [`CodeUnit::cell_name`] of the registers and names of cells and of free variables.
pub fn cell_name<'a>(
    register: u16,
    cells: (&[u16], &'a [String]),
    free: (&[u16], &'a [String]),
) -> Option<(&'a str, bool)> {
    let find = |(registers, names): (&[u16], &'a [String])| {
        registers.iter().zip(names).find(|(r, _)| **r == register).map(|(_, name)| name.as_str())
    };
    find(cells).map(|name| (name, false)).or_else(|| find(free).map(|name| (name, true)))
}
