//! Code units as bytes: for the library compiled into the program, and for `marshal` and `.pyc` files.
//!
//! Numbers are LEB128 (signed ones zigzag), texts and lists are preceded by their length. Instructions are words of eight bytes, because
//! there are many and they are to be read fast; positions are a block of bytes that is decoded when somebody looks. A unit is preceded by its length and begins
//! with its [`Head`], all that must be known of a function that is not called: what is part of the program is read function by function. The format is private
//! to one build: [`VERSION`] changes with it and with the instruction table.

use std::borrow::Cow;
use std::sync::Arc;

use crate::code_unit::{CodeUnit, Const};
use crate::exception_table::ExceptionEntry;
use crate::instr::Instr;
use crate::leb128;
use crate::ops::Op;
use crate::positions::Positions;

/// First bytes of a serialized unit: format number and number of opcodes.
pub const VERSION: u32 = 4 << 16 | Op::COUNT as u32;

/// The bytes do not hold a code unit of this build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

impl std::fmt::Display for Malformed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("malformed code unit")
    }
}
impl std::error::Error for Malformed {}

/// Writes a unit.
pub fn serialize(unit: &CodeUnit) -> Vec<u8> {
    let mut out = Writer(Vec::new());
    out.number(VERSION as u64);
    out.unit(unit);
    out.0
}

/// Writes a unit as if it had no constants; nor does the one that is read then.
pub fn serialize_without_constants(unit: &CodeUnit) -> Vec<u8> {
    let mut out = Writer(Vec::new());
    out.number(VERSION as u64);
    out.unit_with(unit, &[]);
    out.0
}

/// Reads a unit. Bytes that are no unit, or of another build, are an error; operands are checked by who executes the unit.
pub fn deserialize(bytes: &[u8]) -> Result<CodeUnit, Malformed> {
    read(Reader { bytes, depth: 0, filename: None, keep: |bytes| Cow::Owned(bytes.to_vec()), later: None })
}

/// [`deserialize`] of bytes that are part of the program, which are not copied where that is not needed, with `filename` in place of the
/// file name that was written. With `later` the units among the constants are not read: they are [`Const::Written`].
pub fn deserialize_static(bytes: &'static [u8], filename: &str, later: bool) -> Result<CodeUnit, Malformed> {
    read(of_program(bytes, filename, later))
}

/// Reads a unit that was left for later, and leaves those among its constants for later.
pub fn deserialize_written(bytes: &'static [u8], filename: &str) -> Result<CodeUnit, Malformed> {
    of_program(bytes, filename, true).unit_of(bytes)
}

fn of_program<'f>(bytes: &'static [u8], filename: &'f str, later: bool) -> Reader<'static, 'f> {
    let later = later.then_some(Const::Written as fn(&'static [u8]) -> Const);
    Reader { bytes, depth: 0, filename: Some(filename), keep: Cow::Borrowed, later }
}

/// What is known of a unit that is left for later.
#[derive(Debug)]
pub struct Head<'a> {
    pub name: &'a str,
    pub qualname: &'a str,
    /// [`CodeUnit::flags`].
    pub flags: u32,
    /// [`CodeUnit::nparams`].
    pub nparams: u32,
    pub nregs: u16,
}

/// The head of a unit that was left for later.
pub fn head(written: &[u8]) -> Result<Head<'_>, Malformed> {
    let keep = |bytes: &[u8]| Cow::Owned(bytes.to_vec());
    Reader { bytes: written, depth: 0, filename: None, keep, later: None }.head()
}

fn read(mut input: Reader<'_, '_>) -> Result<CodeUnit, Malformed> {
    if input.number()? != VERSION as u64 {
        return Err(Malformed);
    }
    input.unit()
}

struct Writer(Vec<u8>);

impl Writer {
    fn number(&mut self, n: u64) {
        leb128::write(&mut self.0, n);
    }
    fn signed(&mut self, n: i64) {
        leb128::write_signed(&mut self.0, n);
    }
    fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }
    fn texts(&mut self, texts: &[String]) {
        self.number(texts.len() as u64);
        texts.iter().for_each(|t| self.bytes(t.as_bytes()));
    }
    fn registers(&mut self, registers: &[u16]) {
        self.number(registers.len() as u64);
        registers.iter().for_each(|r| self.number(*r as u64));
    }
    fn consts(&mut self, consts: &[Const]) {
        self.number(consts.len() as u64);
        consts.iter().for_each(|c| self.constant(c));
    }
    fn constant(&mut self, constant: &Const) {
        match constant {
            Const::None => self.0.push(0),
            Const::True => self.0.push(1),
            Const::False => self.0.push(2),
            Const::Ellipsis => self.0.push(3),
            Const::Int(i) => {
                self.0.push(4);
                self.signed(*i);
            }
            Const::BigInt(digits) => {
                self.0.push(5);
                self.bytes(digits.as_bytes());
            }
            Const::Float(f) => {
                self.0.push(6);
                self.0.extend_from_slice(&f.to_bits().to_le_bytes());
            }
            Const::Complex(re, im) => {
                self.0.push(7);
                self.0.extend_from_slice(&re.to_bits().to_le_bytes());
                self.0.extend_from_slice(&im.to_bits().to_le_bytes());
            }
            Const::Str(text) => {
                self.0.push(8);
                self.bytes(text.as_bytes());
            }
            Const::SurrogateStr(bytes) => {
                self.0.push(9);
                self.bytes(bytes);
            }
            Const::Bytes(bytes) => {
                self.0.push(10);
                self.bytes(bytes);
            }
            Const::Tuple(items) => {
                self.0.push(11);
                self.consts(items);
            }
            Const::FrozenSet(items) => {
                self.0.push(12);
                self.consts(items);
            }
            Const::Slice(parts) => {
                self.0.push(13);
                parts.iter().for_each(|p| self.constant(p));
            }
            Const::Code(unit) => {
                self.0.push(14);
                self.unit(unit);
            }
            Const::Written(bytes) => {
                self.0.push(14);
                self.bytes(bytes);
            }
        }
    }
    fn unit(&mut self, unit: &CodeUnit) {
        self.unit_with(unit, &unit.consts);
    }
    fn unit_with(&mut self, unit: &CodeUnit, consts: &[Const]) {
        let mut written = Writer(Vec::new());
        written.head(unit);
        written.body(unit, consts);
        self.bytes(&written.0);
    }
    fn head(&mut self, unit: &CodeUnit) {
        for text in [&unit.name, &unit.qualname] {
            self.bytes(text.as_bytes());
        }
        for n in [unit.flags, unit.nparams(), unit.nregs.into()] {
            self.number(n.into());
        }
    }
    fn body(&mut self, unit: &CodeUnit, consts: &[Const]) {
        self.number(unit.instrs.len() as u64);
        unit.instrs.iter().for_each(|instr| self.0.extend_from_slice(&instr.bits().to_le_bytes()));
        self.number(unit.positions.len() as u64);
        let mut positions = Vec::new();
        unit.positions.write(unit.first_line, &mut positions);
        self.bytes(&positions);
        self.consts(consts);
        for texts in [&unit.names, &unit.varnames, &unit.cellvars, &unit.freevars] {
            self.texts(texts);
        }
        self.registers(&unit.cell_registers);
        self.registers(&unit.free_registers);
        self.registers(&[unit.nlocals, unit.first_temp]);
        for n in [unit.argcount, unit.posonlyargcount, unit.kwonlyargcount, unit.first_line] {
            self.number(n as u64);
        }
        self.bytes(unit.filename.as_bytes());
        self.number(unit.exception_table.len() as u64);
        for entry in &unit.exception_table {
            for n in [entry.start, entry.end, entry.handler, entry.depth as u32, entry.lasti as u32] {
                self.number(n as u64);
            }
        }
    }
}

struct Reader<'a, 'f> {
    bytes: &'a [u8],
    depth: u32,
    /// In place of the file names that were written.
    filename: Option<&'f str>,
    /// Makes bytes last as long as the unit.
    keep: fn(&'a [u8]) -> Cow<'static, [u8]>,
    /// Makes a constant of a unit that is not read.
    later: Option<fn(&'a [u8]) -> Const>,
}

impl<'a> Reader<'a, '_> {
    fn byte(&mut self) -> Result<u8, Malformed> {
        let (first, rest) = self.bytes.split_first().ok_or(Malformed)?;
        self.bytes = rest;
        Ok(*first)
    }
    #[inline]
    fn number(&mut self) -> Result<u64, Malformed> {
        leb128::read(&mut self.bytes).ok_or(Malformed)
    }
    fn narrow<T: TryFrom<u64>>(&mut self) -> Result<T, Malformed> {
        T::try_from(self.number()?).map_err(|_| Malformed)
    }
    fn signed(&mut self) -> Result<i64, Malformed> {
        leb128::read_signed(&mut self.bytes).ok_or(Malformed)
    }
    /// A length: at least that many bytes must follow.
    fn len(&mut self) -> Result<usize, Malformed> {
        let n = self.narrow::<usize>()?;
        if n > self.bytes.len() { Err(Malformed) } else { Ok(n) }
    }
    fn take(&mut self, n: usize) -> Result<&'a [u8], Malformed> {
        if n > self.bytes.len() {
            return Err(Malformed);
        }
        let (taken, rest) = self.bytes.split_at(n);
        self.bytes = rest;
        Ok(taken)
    }
    fn str(&mut self) -> Result<&'a str, Malformed> {
        let n = self.len()?;
        str::from_utf8(self.take(n)?).map_err(|_| Malformed)
    }
    fn text(&mut self) -> Result<String, Malformed> {
        self.str().map(str::to_owned)
    }
    fn list<T>(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<T, Malformed>,
    ) -> Result<Vec<T>, Malformed> {
        let n = self.len()?;
        (0..n).map(|_| item(self)).collect()
    }
    fn float(&mut self) -> Result<f64, Malformed> {
        let bytes = self.take(8)?.try_into().map_err(|_| Malformed)?;
        Ok(f64::from_bits(u64::from_le_bytes(bytes)))
    }
    fn constant(&mut self) -> Result<Const, Malformed> {
        self.depth += 1;
        if self.depth > 500 {
            return Err(Malformed);
        }
        let constant = match self.byte()? {
            0 => Const::None,
            1 => Const::True,
            2 => Const::False,
            3 => Const::Ellipsis,
            4 => Const::Int(self.signed()?),
            5 => Const::BigInt(self.text()?),
            6 => Const::Float(self.float()?),
            7 => Const::Complex(self.float()?, self.float()?),
            8 => Const::Str(self.text()?),
            9 => {
                let n = self.len()?;
                Const::SurrogateStr(self.take(n)?.to_vec())
            }
            10 => {
                let n = self.len()?;
                Const::Bytes(self.take(n)?.to_vec())
            }
            11 => Const::Tuple(self.list(Self::constant)?),
            12 => Const::FrozenSet(self.list(Self::constant)?),
            13 => Const::Slice(Box::new([self.constant()?, self.constant()?, self.constant()?])),
            14 => match self.later {
                Some(later) => {
                    let n = self.len()?;
                    later(self.take(n)?)
                }
                None => Const::Code(Arc::new(self.unit()?)),
            },
            _ => return Err(Malformed),
        };
        self.depth -= 1;
        Ok(constant)
    }
    fn instrs(&mut self) -> Result<Vec<Instr>, Malformed> {
        let count = self.len()?;
        let words = self.take(count.checked_mul(8).ok_or(Malformed)?)?.as_chunks::<8>().0;
        let instrs: Vec<Instr> =
            words.iter().map(|word| Instr::from_bits(u64::from_le_bytes(*word))).collect();
        if instrs.iter().all(|instr| instr.op().is_some()) { Ok(instrs) } else { Err(Malformed) }
    }
    fn unit(&mut self) -> Result<CodeUnit, Malformed> {
        let n = self.len()?;
        let written = self.take(n)?;
        self.unit_of(written)
    }
    fn unit_of(&mut self, written: &'a [u8]) -> Result<CodeUnit, Malformed> {
        let behind = std::mem::replace(&mut self.bytes, written);
        let head = self.head()?;
        let unit = self.body(&head)?;
        if !std::mem::replace(&mut self.bytes, behind).is_empty() || unit.nparams() != head.nparams {
            return Err(Malformed);
        }
        Ok(unit)
    }
    fn head(&mut self) -> Result<Head<'a>, Malformed> {
        Ok(Head {
            name: self.str()?,
            qualname: self.str()?,
            flags: self.narrow()?,
            nparams: self.narrow()?,
            nregs: self.narrow()?,
        })
    }
    fn body(&mut self, head: &Head<'_>) -> Result<CodeUnit, Malformed> {
        let instrs = self.instrs()?;
        let positions = self.narrow::<usize>()?;
        let block = self.len()?;
        let block = self.take(block)?;
        // A position takes four bytes at least.
        if positions > block.len() / 4 {
            return Err(Malformed);
        }
        let consts = self.list(Self::constant)?;
        let names = self.list(Self::text)?;
        let varnames = self.list(Self::text)?;
        let cellvars = self.list(Self::text)?;
        let freevars = self.list(Self::text)?;
        let cell_registers = self.list(Self::narrow)?;
        let free_registers = self.list(Self::narrow)?;
        let [nlocals, first_temp] = <[u16; 2]>::try_from(self.list(Self::narrow)?).map_err(|_| Malformed)?;
        let (argcount, posonlyargcount, kwonlyargcount) = (self.narrow()?, self.narrow()?, self.narrow()?);
        let (first_line, written) = (self.narrow()?, self.str()?);
        let filename = self.filename.unwrap_or(written).to_owned();
        let exception_table = self.list(|r| {
            Ok(ExceptionEntry {
                start: r.narrow()?,
                end: r.narrow()?,
                handler: r.narrow()?,
                depth: r.narrow()?,
                lasti: r.number()? != 0,
            })
        })?;
        let positions = Positions::of_written((self.keep)(block), positions, first_line);
        Ok(CodeUnit {
            instrs,
            positions,
            consts,
            names,
            varnames,
            cellvars,
            freevars,
            cell_registers,
            free_registers,
            nlocals,
            first_temp,
            nregs: head.nregs,
            argcount,
            posonlyargcount,
            kwonlyargcount,
            flags: head.flags,
            name: head.name.to_owned(),
            qualname: head.qualname.to_owned(),
            filename,
            first_line,
            exception_table,
        })
    }
}
