//! Code objects: compiled code with its constants made into objects, its instruction words and one cache word behind each of them.

pub mod fields;
pub mod machine;
mod monitors;
pub mod slot_caches;
mod tables;
mod unit;
mod word;

use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::OnceLock;

use taipan_bytecode::{CodeUnit, Const, ExceptionEntry, Instr, Op, Position, flags};
use taipan_gc::{Header, Obj, Py};
use taipan_threading::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use crate::construct::*;
use crate::error::*;
use crate::function::entry::Shadow;
use crate::layout;
use crate::layout::TraceField;
use crate::native::GetSetDef;
use crate::str::{PyStr, intern};
use crate::tuple::PyTuple;
use crate::type_object::{CompareOp, TypeSlots, class_of, ready};
use crate::types::{Types, types};
use crate::watch::code as watch;

pub use monitors::{CodeMonitors, TOOLS};
pub use unit::{Facts, Unit};
pub use word::Word;

/// The word that stands for the entry of a call in what Python code sees (`co_code`, `f_lasti`, line tables), behind the instructions that
/// prepare the frame: there a frame is in the line of its `def`. It is not there to be executed.
const ENTRY: Instr = Instr::new(Op::Resume, 0, 0, 0);
/// The flags of code whose calls make a generator or its like.
const GENERATORS: u32 = flags::CO_GENERATOR | flags::CO_COROUTINE | flags::CO_ASYNC_GENERATOR;
/// See [`PyCode::plain`].
pub const NOT_PLAIN: u32 = u32::MAX;
/// Bytes of a word.
const WORD: i64 = 8;

/// `-X no_debug_ranges`: positions are lines only. Written at start-up, before any code runs.
static NO_DEBUG_RANGES: AtomicBool = AtomicBool::new(false);

/// Switches the columns of all code off.
pub fn forget_columns() {
    NO_DEBUG_RANGES.store(true, Ordering::Relaxed);
}

/// Whether positions have columns.
pub fn debug_ranges() -> bool {
    !NO_DEBUG_RANGES.load(Ordering::Relaxed)
}

/// A code object. Immutable but for the caches, which are atomic.
#[repr(C)]
pub struct PyCode {
    header: Header,
    /// What the compiler made, words, constants and names; read when somebody looks.
    pub unit: Unit,
    pub name: Obj,
    pub qualname: Obj,
    pub nparams: u16,
    pub nregs: u16,
    pub flags: u32,
    /// Number of times that attribute caches missed.
    pub warmth: AtomicU32,
    /// What was made of it for the tier above the interpreter, and what is counted until then.
    pub machine: machine::Tier,
    /// Names of the parameters that can be given by name or position, once a call asked for them.
    parameters: OnceLock<Box<[Py<PyStr>]>>,
    /// What monitoring tools want of this code, if they ever did.
    pub monitors: OnceLock<Box<CodeMonitors>>,
    /// It stands in for a function's code and is not executed: see [`crate::function::entry`].
    pub(crate) shadow: Option<Box<Shadow>>,
}
layout!(
    PyCode,
    "code",
    trace = |code: &PyCode, tracer| {
        code.unit.present_consts().iter().for_each(|c| c.trace_field(tracer));
        if let Some(shadow) = &code.shadow {
            shadow.beneath.trace(tracer);
        }
        code.machine.objects().for_each(|object| object.trace_field(tracer));
    }
);

impl Deref for PyCode {
    type Target = Unit;
    #[inline(always)]
    fn deref(&self) -> &Unit {
        &self.unit
    }
}

impl Drop for PyCode {
    #[inline]
    fn drop(&mut self) {
        if watch::any() && self.shadow.is_none() {
            watch::destroyed(std::ptr::from_ref(self).addr());
        }
    }
}

impl PyCode {
    /// Makes the code object of `unit` and, recursively, of the code among its constants.
    pub fn new(mut unit: CodeUnit) -> Py<PyCode> {
        let consts = unit::objects_of(&mut unit);
        Self::with_consts(unit, consts)
    }

    /// A code object that shares with this one what never changes: all but the caches and the code among the constants.
    pub fn duplicate(&self) -> Py<PyCode> {
        self.like(self.unit.duplicate(), self.flags, None)
    }

    /// The code object of a unit whose constants are these objects.
    fn with_consts(unit: CodeUnit, consts: Box<[Obj]>) -> Py<PyCode> {
        let head = (unit.nparams(), unit.nregs, unit.flags);
        let names = [intern(&unit.name).into_obj(), intern(&unit.qualname).into_obj()];
        Self::place(Unit::made(unit, consts), names, head, None)
    }

    /// The code object of a unit in the program, which is read when somebody looks.
    fn of_written(written: &'static [u8], filename: Obj) -> Py<PyCode> {
        let head = unit::head(written);
        let names = [intern(head.name).into_obj(), intern(head.qualname).into_obj()];
        Self::place(Unit::written(written, filename), names, (head.nparams, head.nregs, head.flags), None)
    }

    /// What stands in for `code`: called as a generator's is, for nothing else.
    pub(crate) fn shadow(code: &PyCode, shadow: Shadow) -> Py<PyCode> {
        code.like(code.unit.without_parts(), code.flags | flags::CO_GENERATOR, Some(Box::new(shadow)))
    }

    fn like(&self, unit: Unit, flags: u32, shadow: Option<Box<Shadow>>) -> Py<PyCode> {
        let names = [self.name.clone(), self.qualname.clone()];
        Self::place(unit, names, (self.nparams.into(), self.nregs, flags), shadow)
    }

    fn place(
        unit: Unit,
        [name, qualname]: [Obj; 2],
        (nparams, nregs, flags): (u32, u16, u32),
        shadow: Option<Box<Shadow>>,
    ) -> Py<PyCode> {
        // Code that is read because the code around it is called comes at a time when nobody expects watchers to run.
        let told = shadow.is_none() && !unit.is_written();
        let code = Py::new(PyCode {
            header: Header::new(types().code.root_shape()),
            unit,
            name,
            qualname,
            nparams: nparams as u16,
            nregs,
            flags,
            warmth: AtomicU32::new(0),
            machine: machine::Tier::default(),
            parameters: OnceLock::new(),
            monitors: OnceLock::new(),
            shadow,
        })
        .defer();
        if told && watch::any() {
            watch::created(&code);
        }
        code
    }

    /// What the compiler made of this code; the constants are but counted.
    pub fn code_unit(&self) -> CodeUnit {
        unit::unit_of(self)
    }
    /// Reads the unit unless that is done. Calls look at the unit anyway; who pushes a frame without a call comes here first.
    #[inline]
    pub fn load(&self) {
        let _: &Facts = &self.unit;
    }
    /// The constants, of code that may not have been executed.
    pub fn constants(&self) -> &[Obj] {
        self.load();
        &self.consts
    }
    /// Whether this stands in for the code of a function that was taken over.
    #[inline(always)]
    pub fn is_shadow(&self) -> bool {
        self.shadow.is_some()
    }
    /// The docstring or `None`.
    pub fn docstring(&self) -> Obj {
        if self.flags & flags::CO_HAS_DOCSTRING != 0
            && let Some(doc) = self.constants().first()
        {
            return doc.clone();
        }
        none()
    }
    /// Names of the positional and keyword-only parameters, in the order of their registers; interned.
    pub fn parameters(&self) -> &[Py<PyStr>] {
        self.parameters.get_or_init(|| {
            let count = (self.unit.argcount + self.unit.kwonlyargcount) as usize;
            self.unit.varnames[..count].iter().map(|name| intern(name)).collect()
        })
    }
    /// The record of monitoring, made if need be.
    pub fn monitors(&self) -> &CodeMonitors {
        self.monitors.get_or_init(|| CodeMonitors::new(self.instrs().len()))
    }
    /// The instruction at `pc` as it is now.
    #[inline(always)]
    pub fn instr(&self, pc: usize) -> Instr {
        self.words[pc].instr()
    }
    /// The inline-cache word of the instruction at `pc`.
    #[inline(always)]
    pub fn cache(&self, pc: usize) -> &AtomicU64 {
        &self.words[pc].cache
    }
    /// Address of the instruction at `pc`.
    #[inline(always)]
    pub fn at(&self, pc: usize) -> *const Word {
        self.words.as_ptr().wrapping_add(pc)
    }
    /// Index of the instruction at this address, which is one of this code.
    #[inline(always)]
    pub fn index_of(&self, ip: *const Word) -> usize {
        (ip.addr() - self.words.as_ptr().addr()) / size_of::<Word>()
    }
    /// The first instruction behind those that prepare the frame.
    pub fn entry_index(&self) -> usize {
        self.load();
        self.unit.entry as usize
    }
    /// Where the instruction at `pc` jumps to, if it may.
    pub fn jump_target(&self, pc: usize) -> Option<usize> {
        let op = self.instr(pc).op()?;
        if op.info().operands[1] == taipan_bytecode::OperandKind::J {
            return Some(self.instr(pc).arg32() as usize);
        }
        (op.branch_length() == Some(2)).then(|| self.instr(pc + 1).arg32() as usize)
    }
    /// The source line of instruction `pc`; 0 if it has none.
    pub fn line_of(&self, pc: usize) -> u32 {
        self.unit.positions.get(pc).map_or(0, |p| p.line)
    }
    /// The source line that is told of instruction `pc`: that of an instruction before it if it has none, as what ends a clause has not.
    pub fn shown_line(&self, pc: usize) -> u32 {
        let lines = self.unit.positions.iter().take(pc + 1).rev().map(|p| p.line);
        lines.into_iter().find(|line| *line != 0).unwrap_or(0)
    }
    /// Where the branch at `at` leads if its jump is not taken and `next` is behind it. The item of a loop is stored by a word of its own.
    pub fn branch_left(&self, at: usize, next: usize) -> usize {
        if self.instr(at).op().map(Op::generic) == Some(Op::ForIter) { at + 1 } else { next }
    }
    /// Whether `async for` waits for its next item at `at`.
    pub fn waits_for_item(&self, at: usize) -> bool {
        self.instr(at).op() == Some(Op::YieldFrom) && at > 0 && self.instr(at - 1).op() == Some(Op::GetANext)
    }
    /// Where Python code sees the instruction with this index: its offset in `co_code`.
    pub fn offset(&self, index: usize) -> i64 {
        (index + (index >= self.unit.entry as usize) as usize) as i64 * WORD
    }
    /// The index of the instruction that it sees at this offset; none is at the entry.
    pub fn index_at(&self, offset: i64) -> Option<usize> {
        let (word, entry) = (usize::try_from(offset / WORD).ok()?, self.unit.entry as usize);
        match word.cmp(&entry) {
            std::cmp::Ordering::Less => Some(word),
            std::cmp::Ordering::Equal => None,
            std::cmp::Ordering::Greater => Some(word - 1),
        }
    }
    /// Where it sees the entry of the call.
    pub fn entry_offset(&self) -> i64 {
        i64::from(self.unit.entry) * WORD
    }
    /// The position of each word that Python code sees; none if the code was made without a line table.
    fn positions(&self) -> Vec<Position> {
        let unit = &self.unit;
        let mut positions = unit.positions.to_vec();
        if !positions.is_empty() {
            // A module begins in front of its first line.
            let line = if self.is_module() { 0 } else { unit.first_line };
            // Where generators wait before they run has no columns.
            let col = if unit.flags & GENERATORS != 0 { u32::MAX } else { 0 };
            let entry = Position { line, end_line: unit.first_line, col, end_col: col };
            positions.insert((self.unit.entry as usize).min(positions.len()), entry);
        }
        positions
    }
    /// (start, end, line) of successive words of one line.
    fn line_ranges(&self) -> Vec<(i64, i64, Option<u32>)> {
        let mut ranges = Vec::new();
        let mut start = 0;
        for same in self.positions().chunk_by(|a, b| a.line == b.line && a.is_none() == b.is_none()) {
            let end = start + same.len() as i64 * WORD;
            ranges.push((start, end, (!same[0].is_none()).then_some(same[0].line)));
            start = end;
        }
        ranges
    }
    /// Whether it has plain positional parameters only, and its calls make nothing but a frame.
    #[inline(always)]
    pub fn is_simple(&self) -> bool {
        self.plain() != NOT_PLAIN
    }
    /// Whether it is a module's.
    pub fn is_module(&self) -> bool {
        self.name.downcast::<PyStr>().is_some_and(|name| name.eq_str("<module>"))
    }
    /// Whether the code makes a generator, coroutine or asynchronous generator.
    pub fn is_generator_like(&self) -> bool {
        self.flags & (flags::CO_GENERATOR | flags::CO_COROUTINE | flags::CO_ASYNC_GENERATOR) != 0
    }
}

/// The object of a compile-time constant. Everything but code is made immortal: registers read it without counting.
pub fn constant(constant: &Const) -> Obj {
    let obj = match constant {
        Const::None => none(),
        Const::True => bool_obj(true),
        Const::False => bool_obj(false),
        Const::Ellipsis => ellipsis(),
        Const::Int(i) => int_obj(*i),
        Const::BigInt(digits) => crate::int::from_hex(digits),
        Const::Float(f) => float_obj(*f),
        Const::Complex(re, im) => crate::complex::from_parts(*re, *im),
        Const::Str(s) => {
            if s.len() <= 4096 {
                intern(s).into_obj()
            } else {
                str_obj(s)
            }
        }
        Const::SurrogateStr(bytes) => crate::str::from_wtf8(bytes),
        Const::Bytes(bytes) => bytes_obj(bytes),
        Const::Tuple(items) => tuple_obj(items.iter().map(self::constant).collect()),
        Const::FrozenSet(items) => crate::set::PySet::frozen(items.iter().map(self::constant).collect()),
        Const::Slice(parts) => {
            let [a, b, c] = &**parts;
            crate::slice::PySlice::new(self::constant(a), self::constant(b), self::constant(c)).into_obj()
        }
        Const::Code(unit) => return PyCode::new((**unit).clone()).into_obj(),
        Const::Written(bytes) => return PyCode::of_written(bytes, intern("").into_obj()).into_obj(),
    };
    if let Some(header) = obj.header() {
        taipan_gc::refcount::immortalize(header);
    }
    obj
}

/// Codes are equal that do the same at the same lines, wherever they come from.
fn compare(a: &Obj, b: &Obj, op: CompareOp) -> PyResult<Obj> {
    let (Some(left), Some(right)) = (a.downcast::<PyCode>(), b.downcast::<PyCode>()) else {
        return Ok(not_implemented());
    };
    let wanted = match op {
        CompareOp::Eq => true,
        CompareOp::Ne => false,
        _ => return Ok(not_implemented()),
    };
    Ok(bool_obj(equal(left, right)? == wanted))
}

fn equal(left: &PyCode, right: &PyCode) -> PyResult<bool> {
    let (a, b) = (&*left.unit, &*right.unit);
    // Names are interned.
    let same_names = |a: &[Py<PyStr>], b: &[Py<PyStr>]| {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.as_obj().is(b.as_obj()))
    };
    let same = left.name.is(&right.name)
        && (std::ptr::eq(a, b) || a == b)
        && left.instrs().eq(right.instrs())
        && same_names(&left.names, &right.names)
        && left.consts.len() == right.consts.len();
    if !same {
        return Ok(false);
    }
    for (one, other) in left.consts.iter().zip(right.consts.iter()) {
        if !same_constant(one, other)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Equal and of one type, all the way down.
fn same_constant(one: &Obj, other: &Obj) -> PyResult<bool> {
    if one.is(other) {
        return Ok(true);
    }
    if !class_of(one).is(class_of(other)) {
        return Ok(false);
    }
    if let (Some(one), Some(other)) = (one.downcast::<PyTuple>(), other.downcast::<PyTuple>()) {
        let (one, other) = (one.to_vec(), other.to_vec());
        if one.len() != other.len() {
            return Ok(false);
        }
        for (a, b) in one.iter().zip(&other) {
            if !same_constant(a, b)? {
                return Ok(false);
            }
        }
        return Ok(true);
    }
    if class_of(one).is(&types().float) || class_of(one).is(&types().complex) {
        // The signs of zeros count.
        return Ok(crate::protocol::repr_string(one)? == crate::protocol::repr_string(other)?);
    }
    crate::protocol::eq(one, other)
}

fn hash(obj: &Obj) -> PyResult<i64> {
    let code = this(obj)?;
    let unit = &*code.unit;
    let mut hasher = rustc_hash::FxHasher::default();
    crate::protocol::hash(&code.name)?.hash(&mut hasher);
    (unit.argcount, unit.posonlyargcount, unit.kwonlyargcount).hash(&mut hasher);
    (unit.flags, unit.first_line).hash(&mut hasher);
    for name in code.names.iter() {
        crate::protocol::hash(name.as_obj())?.hash(&mut hasher);
    }
    code.instrs().for_each(|i| i.bits().hash(&mut hasher));
    // -1 means an error elsewhere.
    Ok((hasher.finish() >> 1) as i64)
}

fn this(obj: &Obj) -> PyResult<&PyCode> {
    obj.downcast::<PyCode>().ok_or_else(|| system_error("not a code object"))
}

fn names_tuple<'a>(names: impl Iterator<Item = &'a String>) -> PyResult<Obj> {
    Ok(tuple_obj(names.map(|n| intern(n).into_obj()).collect()))
}

/// Instruction words as Python code sees them.
fn words(code: &PyCode, instrs: impl Iterator<Item = Instr>) -> Obj {
    let mut words: Vec<Instr> = instrs.collect();
    words.insert((code.unit.entry as usize).min(words.len()), ENTRY);
    bytes_obj(&words.into_iter().flat_map(|i| i.bits().to_le_bytes()).collect::<Vec<u8>>())
}

/// `co_lnotab`: pairs of differences of offset and line.
fn line_differences(obj: &Obj) -> PyResult<Obj> {
    let category = types().deprecation_warning.as_obj();
    crate::hooks::warn("co_lnotab is deprecated, use co_lines instead.", category, 1)?;
    let code = this(obj)?;
    let mut out = Vec::new();
    let (mut offset, mut line) = (0, i64::from(code.unit.first_line));
    for (start, _, at) in code.line_ranges() {
        let at = at.unwrap_or(0);
        let mut lines = i64::from(at) - line;
        if at == 0 || lines == 0 {
            continue;
        }
        let mut bytes = start - offset;
        (offset, line) = (start, i64::from(at));
        while bytes > 255 {
            out.extend([255, 0]);
            bytes -= 255;
        }
        while !(-128..=127).contains(&lines) {
            let part = lines.clamp(-128, 127);
            out.extend([bytes as u8, part as i8 as u8]);
            bytes = 0;
            lines -= part;
        }
        out.extend([bytes as u8, lines as i8 as u8]);
    }
    Ok(bytes_obj(&out))
}

fn repr(obj: &Obj) -> PyResult<Obj> {
    let code = this(obj)?;
    Ok(str_obj(&format!(
        "<code object {} at {:#x}, file \"{}\", line {}>",
        crate::protocol::str_string(&code.name)?,
        obj.value().counted().bits(),
        crate::protocol::str_string(&code.filename)?,
        code.unit.first_line
    )))
}

macro_rules! number {
    ($name:literal, $code:ident => $value:expr) => {
        GetSetDef {
            name: $name,
            get: |o| {
                let $code = this(o)?;
                Ok(int_obj($value as i64))
            },
            set: None,
            doc: "",
        }
    };
}

static GETSET: &[GetSetDef] = &[
    number!("co_argcount", c => c.unit.argcount),
    number!("co_posonlyargcount", c => c.unit.posonlyargcount),
    number!("co_kwonlyargcount", c => c.unit.kwonlyargcount),
    number!("co_nlocals", c => c.unit.variables().locals().count() as u32),
    number!("co_stacksize", c => fields::stack_size(&c.unit)),
    number!("co_flags", c => c.unit.flags),
    number!("co_firstlineno", c => c.unit.first_line),
    GetSetDef { name: "co_name", get: |o| Ok(this(o)?.name.clone()), set: None, doc: "" },
    GetSetDef { name: "co_qualname", get: |o| Ok(this(o)?.qualname.clone()), set: None, doc: "" },
    GetSetDef { name: "co_filename", get: |o| Ok(this(o)?.filename.clone()), set: None, doc: "" },
    GetSetDef {
        name: "co_names",
        get: |o| {
            let code = this(o)?;
            code.load();
            Ok(tuple_obj(code.names.iter().map(|name| name.as_obj().clone()).collect()))
        },
        set: None,
        doc: "",
    },
    GetSetDef {
        name: "co_varnames",
        get: |o| names_tuple(this(o)?.unit.variables().locals()),
        set: None,
        doc: "",
    },
    GetSetDef {
        name: "co_cellvars",
        get: |o| names_tuple(this(o)?.unit.variables().cells()),
        set: None,
        doc: "",
    },
    GetSetDef {
        name: "co_freevars",
        get: |o| names_tuple(this(o)?.unit.freevars.iter()),
        set: None,
        doc: "",
    },
    GetSetDef {
        name: "co_consts",
        get: |o| Ok(tuple_obj(this(o)?.constants().to_vec())),
        set: None,
        doc: "",
    },
    GetSetDef {
        name: "co_code",
        get: |o| {
            let code = this(o)?;
            Ok(words(code, code.instrs()))
        },
        set: None,
        doc: "",
    },
    GetSetDef {
        name: "_co_code_adaptive",
        get: |o| {
            let code = this(o)?;
            Ok(words(code, code.instrs()))
        },
        set: None,
        doc: "",
    },
    GetSetDef {
        name: "co_linetable",
        get: |o| {
            let code = this(o)?;
            let table = tables::line_table(code.unit.first_line, code.positions().iter(), debug_ranges());
            Ok(bytes_obj(&table))
        },
        set: None,
        doc: "",
    },
    GetSetDef {
        name: "co_exceptiontable",
        get: |o| {
            let code = this(o)?;
            Ok(bytes_obj(&tables::exception_table(&code.unit.exception_table, code.unit.entry)))
        },
        set: None,
        doc: "",
    },
    GetSetDef { name: "co_lnotab", get: line_differences, set: None, doc: "" },
];

#[crate::native::pymethods(class = "code")]
impl PyCode {
    /// Iterator over (start, end, line) of each instruction range.
    #[pymethod]
    fn co_lines(&self) -> PyResult<Obj> {
        let ranges = self.line_ranges().into_iter().map(|(start, end, line)| {
            let line = line.map_or_else(none, |line| int_obj(line.into()));
            tuple_obj(vec![int_obj(start), int_obj(end), line])
        });
        crate::protocol::iter(&list_obj(ranges.collect()))
    }
    /// Iterator over (line, end line, column, end column) of each two bytes of code, so that `f_lasti // 2` finds its place.
    #[pymethod]
    fn co_positions(&self) -> PyResult<Obj> {
        let columns = debug_ranges();
        let mut positions = Vec::new();
        for p in self.positions() {
            let line = |line: u32| if p.is_none() { none() } else { int_obj(line.into()) };
            let column = |column: u32| {
                if p.is_none() || !columns || !p.has_columns() { none() } else { int_obj(column.into()) }
            };
            let position = tuple_obj(vec![line(p.line), line(p.end_line), column(p.col), column(p.end_col)]);
            positions.extend([position.clone(), position.clone(), position.clone(), position]);
        }
        crate::protocol::iter(&list_obj(positions))
    }
    /// The name of a local, cell or free variable by its register.
    #[pymethod(sig = "(oparg)")]
    fn _varname_from_oparg(&self, oparg: usize) -> PyResult<Obj> {
        if let Some(name) = self.unit.varnames.get(oparg) {
            return Ok(intern(name).into_obj());
        }
        let cell = u16::try_from(oparg).ok().and_then(|register| self.unit.cell_name(register));
        cell.map(|(name, _)| intern(name).into_obj()).ok_or_else(|| index_error("tuple index out of range"))
    }
    /// Iterator over (branch, where it goes when not taken, where when taken) of each conditional jump.
    #[pymethod]
    fn co_branches(&self) -> PyResult<Obj> {
        let instrs: Vec<Instr> = self.instrs().collect();
        let places_of =
            |places: [usize; 3]| tuple_obj(places.iter().map(|place| int_obj(self.offset(*place))).collect());
        let branch = |(at, instr): (usize, &Instr)| {
            if self.waits_for_item(at) {
                let waiting = |e: &&ExceptionEntry| (e.start as usize..e.end as usize).contains(&at);
                let end = self.unit.exception_table.iter().find(waiting)?.handler as usize;
                return Some(places_of([at, at + 1, end + 1]));
            }
            let length = instr.op()?.branch_length()?;
            let word = if instr.op()?.info().operands[1] == taipan_bytecode::OperandKind::J {
                *instr
            } else {
                *instrs.get(at + 1)?
            };
            Some(places_of([at, self.branch_left(at, at + length), word.arg32() as usize]))
        };
        crate::protocol::iter(&list_obj(instrs.iter().enumerate().filter_map(branch).collect()))
    }
    /// A copy with some attributes replaced.
    #[pymethod(sig = "(**kwargs)")]
    fn replace(slf: &Obj, kwargs: crate::native::Kwargs<'_>) -> PyResult<Obj> {
        let mut fields = fields::Fields::of(this(slf)?);
        for (name, value) in kwargs.iter() {
            fields.set(&crate::protocol::str_string(name)?, value)?;
        }
        Ok(fields.make()?.into_obj())
    }
    /// A copy with some attributes replaced.
    #[pymethod(sig = "(**kwargs)")]
    fn __replace__(slf: &Obj, kwargs: crate::native::Kwargs<'_>) -> PyResult<Obj> {
        Self::replace(slf, kwargs)
    }
}

#[allow(clippy::too_many_arguments)]
#[crate::native::pyargs(
    name = "code",
    sig = "(argcount, posonlyargcount, kwonlyargcount, nlocals, stacksize, flags, codestring, constants, names, varnames, filename, name, qualname, firstlineno, linetable, exceptiontable, freevars=(), cellvars=(), /)"
)]
fn new(
    class: &Obj,
    argcount: &Obj,
    posonlyargcount: &Obj,
    kwonlyargcount: &Obj,
    nlocals: &Obj,
    stacksize: &Obj,
    flags: &Obj,
    codestring: &Obj,
    constants: &Obj,
    names: &Obj,
    varnames: &Obj,
    filename: &Obj,
    name: &Obj,
    qualname: &Obj,
    firstlineno: &Obj,
    linetable: &Obj,
    exceptiontable: &Obj,
    freevars: Option<&Obj>,
    cellvars: Option<&Obj>,
) -> PyResult<Obj> {
    let _ = class;
    let mut fields = fields::Fields::empty();
    for (name, value) in [
        ("co_argcount", Some(argcount)),
        ("co_posonlyargcount", Some(posonlyargcount)),
        ("co_kwonlyargcount", Some(kwonlyargcount)),
        ("co_nlocals", Some(nlocals)),
        ("co_stacksize", Some(stacksize)),
        ("co_flags", Some(flags)),
        ("co_code", Some(codestring)),
        ("co_consts", Some(constants)),
        ("co_names", Some(names)),
        ("co_varnames", Some(varnames)),
        ("co_filename", Some(filename)),
        ("co_name", Some(name)),
        ("co_qualname", Some(qualname)),
        ("co_firstlineno", Some(firstlineno)),
        ("co_linetable", Some(linetable)),
        ("co_exceptiontable", Some(exceptiontable)),
        ("co_freevars", freevars),
        ("co_cellvars", cellvars),
    ] {
        if let Some(value) = value {
            fields.set(name, value)?;
        }
    }
    Ok(fields.make()?.into_obj())
}

pub(crate) fn fill(types: &Types) {
    types.code.slots.set_all(&TypeSlots {
        repr: Some(repr),
        hash: Some(hash),
        richcompare: Some(compare),
        new: Some(new),
        ..TypeSlots::EMPTY
    });
    ready::add_getset(&types.code, GETSET);
    ready::add_methods(&types.code, <PyCode as crate::native::NativeMethods>::methods());
}
