//! Code objects: compiled code with its constants made into objects, its instruction words (rewritten in place when they specialise)
//! and one cache word for each instruction.

mod monitors;
pub mod slot_caches;

use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

use taipan_bytecode::{CodeUnit, Const, Instr, flags};
use taipan_gc::{Header, Obj, Py};
use taipan_threading::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::construct::*;
use crate::error::*;
use crate::layout;
use crate::layout::TraceField;
use crate::native::GetSetDef;
use crate::str::{PyStr, intern};
use crate::tuple::PyTuple;
use crate::type_object::{CompareOp, TypeSlots, class_of, ready};
use crate::types::{Types, types};

pub use monitors::{CodeMonitors, TOOLS};

/// Words that stand for the entry of a call in what Python code sees (`co_code`, `f_lasti`, line tables), in front of the instructions: there
/// a frame is in the line of its `def`. They are not there to be executed.
const ENTRY_WORDS: usize = 1;
const ENTRY: Instr = Instr::new(taipan_bytecode::Op::Nop, 0, 0, 0);

/// Where Python code sees the instruction with this index: its offset in `co_code`.
pub const fn offset(index: usize) -> i64 {
    (index + ENTRY_WORDS) as i64 * 8
}

/// The index of the instruction that Python code sees at this offset.
pub const fn index_at(offset: i64) -> Option<usize> {
    (offset as usize / 8).checked_sub(ENTRY_WORDS)
}

/// A code object. Immutable but for the instruction words and caches, which are atomic.
#[repr(C)]
pub struct PyCode {
    header: Header,
    /// What the compiler made.
    pub unit: Arc<CodeUnit>,
    /// Instruction words as executed.
    pub instrs: Box<[AtomicU64]>,
    /// One inline-cache word per instruction; 0: empty.
    pub caches: Arc<[AtomicU64]>,
    pub consts: Box<[Obj]>,
    pub names: Box<[Py<PyStr>]>,
    pub name: Obj,
    pub qualname: Obj,
    pub filename: Obj,
    pub nparams: u16,
    pub nregs: u16,
    pub flags: u32,
    /// Plain positional parameters only: a call with `argcount` arguments needs no binding.
    pub simple: bool,
    /// Number of times a loop or call was entered, for tier decisions.
    pub warmth: AtomicU32,
    /// What monitoring tools want of this code, if they ever did.
    pub monitors: OnceLock<Box<CodeMonitors>>,
}
layout!(
    PyCode,
    "code",
    trace = |code: &PyCode, tracer| code.consts.iter().for_each(|c| c.trace_field(tracer))
);

impl PyCode {
    /// Makes the code object of `unit` and, recursively, of the code among its constants.
    pub fn new(unit: CodeUnit) -> Py<PyCode> {
        Self::of_shared(Arc::new(unit))
    }
    fn of_shared(unit: Arc<CodeUnit>) -> Py<PyCode> {
        let consts = unit.consts.iter().map(constant).collect();
        Self::with_consts(unit, consts)
    }

    /// A code object that shares with this one what never changes: the unit and the constants, but for the code among them.
    pub fn duplicate(&self) -> Py<PyCode> {
        let copied = |constant: &Obj| match constant.downcast::<PyCode>() {
            Some(code) => code.duplicate().into_obj(),
            None => constant.clone(),
        };
        Self::with_consts(self.unit.clone(), self.consts.iter().map(copied).collect())
    }

    /// The same with other constants, at least as many as the unit has.
    fn with_consts(unit: Arc<CodeUnit>, consts: Box<[Obj]>) -> Py<PyCode> {
        debug_assert!(consts.len() >= unit.consts.len());
        let names = unit.names.iter().map(|n| intern(n)).collect();
        let instrs: Box<[AtomicU64]> = unit.instrs.iter().map(|i| AtomicU64::new(i.0)).collect();
        let caches = slot_caches::make(unit.instrs.len());
        let simple = unit.kwonlyargcount == 0
            && unit.flags
                & (flags::CO_VARARGS
                    | flags::CO_VARKEYWORDS
                    | flags::CO_GENERATOR
                    | flags::CO_COROUTINE
                    | flags::CO_ASYNC_GENERATOR)
                == 0;
        Py::new(PyCode {
            header: Header::new(types().code.root_shape()),
            name: intern(&unit.name).into_obj(),
            qualname: intern(&unit.qualname).into_obj(),
            filename: intern(&unit.filename).into_obj(),
            nparams: unit.nparams() as u16,
            nregs: unit.nregs,
            flags: unit.flags,
            simple,
            instrs,
            caches,
            consts,
            names,
            unit,
            warmth: AtomicU32::new(0),
            monitors: OnceLock::new(),
        })
        .defer()
    }
    /// The docstring or `None`.
    pub fn docstring(&self) -> Obj {
        if self.flags & flags::CO_HAS_DOCSTRING != 0
            && let Some(doc) = self.consts.first()
        {
            return doc.clone();
        }
        none()
    }
    /// The record of monitoring, made if need be.
    pub fn monitors(&self) -> &CodeMonitors {
        self.monitors.get_or_init(|| CodeMonitors::new(self.instrs.len()))
    }
    /// The instruction at `pc` as it is now.
    #[inline(always)]
    pub fn instr(&self, pc: usize) -> Instr {
        Instr(self.instrs[pc].load(Ordering::Relaxed))
    }
    /// The source line of instruction `pc`; 0 if it has none.
    pub fn line_of(&self, pc: usize) -> u32 {
        self.unit.positions.get(pc).map_or(0, |p| p.line)
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
        Const::Code(unit) => return PyCode::of_shared(unit.clone()).into_obj(),
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
    let same = std::ptr::eq(a, b)
        || (a.name == b.name
            && (a.argcount, a.posonlyargcount, a.kwonlyargcount, a.flags, a.first_line)
                == (b.argcount, b.posonlyargcount, b.kwonlyargcount, b.flags, b.first_line)
            && a.instrs.iter().map(|i| i.0).eq(b.instrs.iter().map(|i| i.0))
            && a.positions == b.positions
            && a.names == b.names
            && a.varnames == b.varnames
            && a.cellvars == b.cellvars
            && a.freevars == b.freevars
            && left.consts.len() == right.consts.len());
    if !same {
        return Ok(false);
    }
    for (one, other) in left.consts.iter().zip(&right.consts) {
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
    let unit = &this(obj)?.unit;
    let mut hasher = rustc_hash::FxHasher::default();
    unit.name.hash(&mut hasher);
    (unit.argcount, unit.flags, unit.first_line).hash(&mut hasher);
    unit.names.hash(&mut hasher);
    unit.instrs.iter().for_each(|i| i.0.hash(&mut hasher));
    // -1 means an error elsewhere.
    Ok((hasher.finish() >> 1) as i64)
}

fn this(obj: &Obj) -> PyResult<&PyCode> {
    obj.downcast::<PyCode>().ok_or_else(|| system_error("not a code object"))
}

fn names_tuple(names: &[String]) -> PyResult<Obj> {
    Ok(tuple_obj(names.iter().map(|n| intern(n).into_obj()).collect()))
}

fn repr(obj: &Obj) -> PyResult<Obj> {
    let code = this(obj)?;
    Ok(str_obj(&format!(
        "<code object {} at {:#x}, file \"{}\", line {}>",
        code.unit.name,
        obj.value().counted().bits(),
        code.unit.filename,
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
    number!("co_nlocals", c => c.unit.nlocals),
    number!("co_stacksize", c => c.unit.nregs - c.unit.first_temp.min(c.unit.nregs)),
    number!("co_flags", c => c.unit.flags),
    number!("co_firstlineno", c => c.unit.first_line),
    GetSetDef { name: "co_name", get: |o| Ok(this(o)?.name.clone()), set: None, doc: "" },
    GetSetDef { name: "co_qualname", get: |o| Ok(this(o)?.qualname.clone()), set: None, doc: "" },
    GetSetDef { name: "co_filename", get: |o| Ok(this(o)?.filename.clone()), set: None, doc: "" },
    GetSetDef { name: "co_names", get: |o| names_tuple(&this(o)?.unit.names), set: None, doc: "" },
    GetSetDef { name: "co_varnames", get: |o| names_tuple(&this(o)?.unit.varnames), set: None, doc: "" },
    GetSetDef { name: "co_cellvars", get: |o| names_tuple(&this(o)?.unit.cellvars), set: None, doc: "" },
    GetSetDef { name: "co_freevars", get: |o| names_tuple(&this(o)?.unit.freevars), set: None, doc: "" },
    GetSetDef { name: "co_consts", get: |o| Ok(tuple_obj(this(o)?.consts.to_vec())), set: None, doc: "" },
    GetSetDef {
        name: "co_code",
        get: |o| {
            let code = this(o)?;
            let entry = std::iter::repeat_n(ENTRY, ENTRY_WORDS);
            let bytes: Vec<u8> =
                entry.chain(code.unit.instrs.iter().copied()).flat_map(|i| i.0.to_le_bytes()).collect();
            Ok(bytes_obj(&bytes))
        },
        set: None,
        doc: "",
    },
    GetSetDef { name: "co_linetable", get: |_| Ok(bytes_obj(b"")), set: None, doc: "" },
    GetSetDef { name: "co_exceptiontable", get: |_| Ok(bytes_obj(b"")), set: None, doc: "" },
];

#[crate::native::pymethods(class = "code")]
impl PyCode {
    /// Iterator over (start, end, line) of each instruction range.
    #[pymethod]
    fn co_lines(&self) -> PyResult<Obj> {
        let entry = tuple_obj(vec![int_obj(0), int_obj(offset(0)), int_obj(self.unit.first_line as i64)]);
        let mut ranges = vec![entry];
        let positions = &self.unit.positions;
        let mut start = 0;
        while start < positions.len() {
            let line = positions[start].line;
            let end =
                positions[start..].iter().position(|p| p.line != line).map_or(positions.len(), |n| start + n);
            let line = if line == 0 { none() } else { int_obj(line as i64) };
            ranges.push(tuple_obj(vec![int_obj(offset(start)), int_obj(offset(end)), line]));
            start = end;
        }
        crate::protocol::iter(&list_obj(ranges))
    }
    /// Iterator over (line, end line, column, end column) of each two bytes of code, so that `f_lasti // 2` finds its place.
    #[pymethod]
    fn co_positions(&self) -> PyResult<Obj> {
        let (line, end_line) = (self.unit.first_line, self.unit.first_line);
        let entry = taipan_bytecode::Position { line, end_line, col: 0, end_col: 0 };
        let all = std::iter::repeat_n(&entry, ENTRY_WORDS).chain(&self.unit.positions);
        let positions = all.map(|p| {
            if p.line == 0 {
                return tuple_obj(vec![none(), none(), none(), none()]);
            }
            tuple_obj([p.line, p.end_line, p.col, p.end_col].iter().map(|n| int_obj(*n as i64)).collect())
        });
        let positions = positions.flat_map(|p| [p.clone(), p.clone(), p.clone(), p]);
        crate::protocol::iter(&list_obj(positions.collect()))
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
        let instrs = &self.unit.instrs;
        let branch = |(at, instr): (usize, &Instr)| {
            let length = instr.op()?.branch_length()?;
            let word = if instr.op()?.info().operands[1] == taipan_bytecode::OperandKind::J {
                *instr
            } else {
                *instrs.get(at + 1)?
            };
            let places = [at, at + length, word.arg32() as usize];
            Some(tuple_obj(places.iter().map(|place| int_obj(offset(*place))).collect()))
        };
        crate::protocol::iter(&list_obj(instrs.iter().enumerate().filter_map(branch).collect()))
    }
    /// A copy with some attributes replaced.
    #[pymethod(sig = "(**kwargs)")]
    fn replace(slf: &Obj, kwargs: crate::native::Kwargs<'_>) -> PyResult<Obj> {
        let code = this(slf)?;
        let mut unit = (*code.unit).clone();
        let mut consts = code.consts.to_vec();
        for (name, value) in kwargs.iter() {
            let name = crate::protocol::str_string(name)?;
            let text = || crate::protocol::str_string(value);
            let int = || crate::protocol::index_word(value);
            match name.as_str() {
                "co_name" => unit.name = text()?,
                "co_qualname" => unit.qualname = text()?,
                "co_filename" => unit.filename = text()?,
                "co_firstlineno" => unit.first_line = int()? as u32,
                "co_flags" => unit.flags = int()? as u32,
                "co_consts" => {
                    let items = value.downcast::<PyTuple>().map(|t| t.to_vec());
                    let items =
                        items.ok_or_else(|| type_error("code.replace(): co_consts must be a tuple"))?;
                    if items.len() < code.consts.len() {
                        return Err(value_error("code.replace(): co_consts is too short for the code"));
                    }
                    consts = items;
                }
                _ => {
                    // What the instructions depend on may only stay as it is.
                    let name = intern(&name);
                    let old = crate::protocol::getattr_opt(slf, &name)?;
                    if !old.is_some_and(|old| crate::protocol::eq(&old, value).unwrap_or(false)) {
                        return Err(type_error(format!(
                            "code.replace() cannot replace '{}'",
                            name.to_string_lossy()
                        )));
                    }
                }
            }
        }
        // Registers read constants without counting.
        for item in &consts {
            if let Some(header) = item.header()
                && !item.is_layout::<PyCode>()
            {
                taipan_gc::refcount::immortalize(header);
            }
        }
        Ok(PyCode::with_consts(Arc::new(unit), consts.into_boxed_slice()).into_obj())
    }
}

pub(crate) fn fill(types: &Types) {
    types.code.slots.set_all(&TypeSlots {
        repr: Some(repr),
        hash: Some(hash),
        richcompare: Some(compare),
        ..TypeSlots::EMPTY
    });
    ready::add_getset(&types.code, GETSET);
    ready::add_methods(&types.code, <PyCode as crate::native::NativeMethods>::methods());
}
