//! Code units as bytes: for the library compiled into the program, and for `marshal` and `.pyc` files.
//!
//! Numbers are LEB128 (signed ones zigzag), texts and lists are preceded by their length. Instructions are words of eight bytes, because
//! there are many and they are to be read fast; positions are a block of bytes that is decoded when somebody looks. The format is private
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
pub const VERSION: u32 = 3 << 16 | Op::COUNT as u32;

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
    read(Reader { bytes, depth: 0, filename: None, keep: |bytes| Cow::Owned(bytes.to_vec()) })
}

/// [`deserialize`] of bytes that are part of the program, which are not copied where that is not needed, with `filename` in place of the
/// file name that was written.
pub fn deserialize_static(bytes: &'static [u8], filename: &str) -> Result<CodeUnit, Malformed> {
    read(Reader { bytes, depth: 0, filename: Some(filename), keep: Cow::Borrowed })
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
        }
    }
    fn unit(&mut self, unit: &CodeUnit) {
        self.unit_with(unit, &unit.consts);
    }
    fn unit_with(&mut self, unit: &CodeUnit, consts: &[Const]) {
        self.number(unit.instrs.len() as u64);
        unit.instrs.iter().for_each(|instr| self.0.extend_from_slice(&instr.0.to_le_bytes()));
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
        self.registers(&[unit.nlocals, unit.first_temp, unit.nregs]);
        for n in [unit.argcount, unit.posonlyargcount, unit.kwonlyargcount, unit.flags, unit.first_line] {
            self.number(n as u64);
        }
        for text in [&unit.name, &unit.qualname, &unit.filename] {
            self.bytes(text.as_bytes());
        }
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
    fn text(&mut self) -> Result<String, Malformed> {
        let n = self.len()?;
        String::from_utf8(self.take(n)?.to_vec()).map_err(|_| Malformed)
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
            14 => Const::Code(Arc::new(self.unit()?)),
            _ => return Err(Malformed),
        };
        self.depth -= 1;
        Ok(constant)
    }
    fn instrs(&mut self) -> Result<Vec<Instr>, Malformed> {
        let count = self.len()?;
        let words = self.take(count.checked_mul(8).ok_or(Malformed)?)?.as_chunks::<8>().0;
        let instrs: Vec<Instr> = words.iter().map(|word| Instr(u64::from_le_bytes(*word))).collect();
        if instrs.iter().all(|instr| instr.op().is_some()) { Ok(instrs) } else { Err(Malformed) }
    }
    fn unit(&mut self) -> Result<CodeUnit, Malformed> {
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
        let [nlocals, first_temp, nregs] =
            <[u16; 3]>::try_from(self.list(Self::narrow)?).map_err(|_| Malformed)?;
        let (argcount, posonlyargcount, kwonlyargcount) = (self.narrow()?, self.narrow()?, self.narrow()?);
        let (flags, first_line) = (self.narrow()?, self.narrow()?);
        let (name, qualname, written) = (self.text()?, self.text()?, self.text()?);
        let filename = self.filename.map_or(written, str::to_owned);
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
            nregs,
            argcount,
            posonlyargcount,
            kwonlyargcount,
            flags,
            name,
            qualname,
            filename,
            first_line,
            exception_table,
        })
    }
}
