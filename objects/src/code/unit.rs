//! What a code object is made of, read when it is needed, and kept once.
//!
//! A program calls few of the functions of the modules that it imports. Of a function of the embedded library its code object knows the [`Head`] at first; the
//! rest is read when somebody looks at [`Unit`], which every call does that is not the simplest. And what the compiler made, instructions, names and
//! constants, goes once the words and objects are made of it; the unit can be had again from these.
//!
//! Invariant: [`Part`]s and [`Plain`] are written once, by the thread that won the publication of `parts`, before `facts` and `plain`. They are read by those only that have
//! seen one of these: code that was not read has no plain parameters, so a call of it looks at the facts first, and whoever else wants its parts calls [`PyCode::load`].

use std::cell::Cell;
use std::ops::Deref;
use std::ptr::null_mut;
use std::sync::Arc;

use taipan_bytecode::serialize::Head;
use taipan_bytecode::{CodeUnit, Const, ExceptionEntry, Instr, Positions, flags};
use taipan_gc::{Obj, Py};
use taipan_threading::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

use super::{NOT_PLAIN, PyCode, Word, slot_caches};
use crate::str::{PyStr, intern};

/// What of a [`CodeUnit`] is not in the code object otherwise.
#[derive(PartialEq)]
pub struct Facts {
    pub positions: Positions,
    pub varnames: Box<[String]>,
    pub cellvars: Box<[String]>,
    pub freevars: Box<[String]>,
    pub cell_registers: Box<[u16]>,
    pub free_registers: Box<[u16]>,
    pub nlocals: u16,
    pub first_temp: u16,
    pub nregs: u16,
    pub argcount: u32,
    pub posonlyargcount: u32,
    pub kwonlyargcount: u32,
    pub flags: u32,
    pub first_line: u32,
    /// Number of instructions in front of the call's entry.
    pub(super) entry: u32,
    pub exception_table: Box<[ExceptionEntry]>,
}

impl Facts {
    /// As [`CodeUnit::nparams`].
    pub fn nparams(&self) -> u32 {
        let stars =
            (self.flags & flags::CO_VARARGS != 0) as u32 + (self.flags & flags::CO_VARKEYWORDS != 0) as u32;
        self.argcount + self.kwonlyargcount + stars
    }
    /// As [`CodeUnit::variables`].
    pub fn variables(&self) -> taipan_bytecode::Variables<'_> {
        taipan_bytecode::Variables {
            parameters: self.nparams(),
            varnames: &self.varnames,
            cellvars: &self.cellvars,
            freevars: &self.freevars,
        }
    }
    /// As [`CodeUnit::cell_name`].
    pub fn cell_name(&self, register: u16) -> Option<(&str, bool)> {
        taipan_bytecode::cell_name(
            register,
            (&self.cell_registers, &self.cellvars),
            (&self.free_registers, &self.freevars),
        )
    }
}

struct Parts {
    facts: Arc<Facts>,
    words: Arc<[Word]>,
    consts: Box<[Obj]>,
    names: Box<[Py<PyStr>]>,
}

impl Parts {
    /// Those of a unit whose constants are `consts`.
    fn of(unit: CodeUnit, consts: Box<[Obj]>) -> Parts {
        Parts {
            words: slot_caches::make(&unit.instrs, &consts),
            names: unit.names.iter().map(|n| intern(n)).collect(),
            consts,
            facts: Arc::new(Facts {
                entry: unit.preparation() as u32,
                positions: unit.positions.compact(unit.first_line),
                varnames: unit.varnames.into(),
                cellvars: unit.cellvars.into(),
                freevars: unit.freevars.into(),
                cell_registers: unit.cell_registers.into(),
                free_registers: unit.free_registers.into(),
                nlocals: unit.nlocals,
                first_temp: unit.first_temp,
                nregs: unit.nregs,
                argcount: unit.argcount,
                posonlyargcount: unit.posonlyargcount,
                kwonlyargcount: unit.kwonlyargcount,
                flags: unit.flags,
                first_line: unit.first_line,
                exception_table: unit.exception_table.into(),
            }),
        }
    }
}

/// A list that is empty until the unit is loaded.
pub struct Part<T> {
    start: Cell<*const T>,
    len: Cell<usize>,
}

impl<T> Part<T> {
    const fn new() -> Part<T> {
        Part { start: Cell::new(std::ptr::dangling()), len: Cell::new(0) }
    }
    fn set(&self, list: &[T]) {
        self.start.set(list.as_ptr());
        self.len.set(list.len());
    }
}

impl<T> Deref for Part<T> {
    type Target = [T];
    #[inline(always)]
    fn deref(&self) -> &[T] {
        // SAFETY: empty, or a list that the unit owns as long as it lives.
        unsafe { std::slice::from_raw_parts(self.start.get(), self.len.get()) }
    }
}

/// A number of plain parameters, or [`NOT_PLAIN`].
struct Plain(AtomicU32);

/// See the module.
pub struct Unit {
    /// Null until the unit is loaded. Points into `parts`.
    facts: AtomicPtr<Facts>,
    parts: AtomicPtr<Parts>,
    /// Where the unit is in the program, until it is loaded.
    written: &'static [u8],
    pub filename: Obj,
    /// The instructions as executed, with their caches.
    pub words: Part<Word>,
    pub consts: Part<Obj>,
    pub names: Part<Py<PyStr>>,
    plain: Plain,
}

// SAFETY: see the module's invariant for the cells.
unsafe impl Send for Unit {}
// SAFETY: as above.
unsafe impl Sync for Unit {}

impl Unit {
    fn new(written: &'static [u8], filename: Obj) -> Unit {
        Unit {
            facts: AtomicPtr::new(null_mut()),
            parts: AtomicPtr::new(null_mut()),
            written,
            filename,
            words: Part::new(),
            consts: Part::new(),
            names: Part::new(),
            plain: Plain(AtomicU32::new(NOT_PLAIN)),
        }
    }
    /// Of a unit in the program, to be read later.
    pub(super) fn written(written: &'static [u8], filename: Obj) -> Unit {
        Unit::new(written, filename)
    }
    /// Whether it is in the program.
    pub(super) fn is_written(&self) -> bool {
        !self.written.is_empty()
    }
    /// Of one that the compiler made, with these objects as its constants.
    pub(super) fn made(unit: CodeUnit, consts: Box<[Obj]>) -> Unit {
        let filename = intern(&unit.filename).into_obj();
        Unit::of(Parts::of(unit, consts), filename)
    }
    fn of(parts: Parts, filename: Obj) -> Unit {
        let unit = Unit::new(&[], filename);
        unit.publish(parts);
        unit
    }
    /// One that shares with this one what never changes: all but the caches and the code among the constants.
    pub(super) fn duplicate(&self) -> Unit {
        let Some(parts) = self.parts() else { return Unit::new(self.written, self.filename.clone()) };
        let copied = |constant: &Obj| match constant.downcast::<PyCode>() {
            Some(code) => code.duplicate().into_obj(),
            None => constant.clone(),
        };
        let instrs: Vec<Instr> = self.instrs().collect();
        let consts: Box<[Obj]> = parts.consts.iter().map(copied).collect();
        let parts = Parts {
            facts: parts.facts.clone(),
            words: slot_caches::make(&instrs, &consts),
            consts,
            names: parts.names.clone(),
        };
        Unit::of(parts, self.filename.clone())
    }
    /// The facts alone: for what is not executed.
    pub(super) fn without_parts(&self) -> Unit {
        let facts = self.all().facts.clone();
        let empty = Parts { facts, words: Arc::new([]), consts: Box::new([]), names: Box::new([]) };
        let unit = Unit::of(empty, self.filename.clone());
        unit.plain.0.store(NOT_PLAIN, Ordering::Relaxed);
        unit
    }

    /// The number of the parameters if they are plain positional ones, so that a call with as many arguments needs no binding; otherwise, and as long as the unit
    /// is not loaded, [`NOT_PLAIN`].
    #[inline(always)]
    pub fn plain(&self) -> u32 {
        // Acquire pairs with the Release of `publish`: who sees a number sees the parts.
        self.plain.0.load(Ordering::Acquire)
    }

    fn parts(&self) -> Option<&Parts> {
        // SAFETY: null, or this unit's own. Acquire pairs with the Release of `publish`.
        unsafe { self.parts.load(Ordering::Acquire).as_ref() }
    }

    /// The constants if they are there.
    pub(super) fn present_consts(&self) -> &[Obj] {
        self.parts().map_or(&[], |parts| &parts.consts)
    }

    #[cold]
    #[inline(never)]
    fn load_slow(&self) -> &Facts {
        if self.parts().is_none() {
            let filename = self.filename.downcast::<PyStr>().expect("a code's file name is text");
            let unit =
                taipan_bytecode::serialize::deserialize_written(self.written, &filename.to_string_lossy());
            taipan_gc::resident::was_read();
            self.publish(of_unit(unit.expect("what is part of the program can be read")));
        }
        loop {
            // Acquire pairs with the Release of `publish`.
            let facts = self.facts.load(Ordering::Acquire);
            // SAFETY: null, or in this unit's parts.
            if let Some(facts) = unsafe { facts.as_ref() } {
                return facts;
            }
            // Another thread is between two stores of `publish`.
            std::thread::yield_now();
        }
    }
    /// Makes these the parts unless another thread was first.
    fn publish(&self, parts: Parts) {
        let parts = Box::into_raw(Box::new(parts));
        // Release pairs with the Acquires in `parts`.
        let won = self.parts.compare_exchange(null_mut(), parts, Ordering::Release, Ordering::Relaxed);
        if won.is_err() {
            // SAFETY: nobody else has seen it.
            drop(unsafe { Box::from_raw(parts) });
            return;
        }
        // SAFETY: it lives as long as this.
        let parts = unsafe { &*parts };
        self.words.set(&parts.words);
        self.consts.set(&parts.consts);
        self.names.set(&parts.names);
        let facts = &parts.facts;
        // Release pairs with the Acquires of `deref`, `load_slow` and `plain`.
        self.facts.store(Arc::as_ptr(facts).cast_mut(), Ordering::Release);
        const NOT_SIMPLE: u32 = flags::CO_VARARGS
            | flags::CO_VARKEYWORDS
            | flags::CO_GENERATOR
            | flags::CO_COROUTINE
            | flags::CO_ASYNC_GENERATOR;
        if facts.kwonlyargcount == 0 && facts.flags & NOT_SIMPLE == 0 {
            self.plain.0.store(facts.argcount, Ordering::Release);
        }
    }
    fn all(&self) -> &Parts {
        let _: &Facts = self;
        self.parts().expect("what was loaded stays")
    }

    /// The instructions.
    pub fn instrs(&self) -> impl ExactSizeIterator<Item = Instr> {
        self.all().words.iter().map(Word::instr)
    }
}

/// What the compiler made of the code; constants but code are only counted.
pub(super) fn unit_of(code: &PyCode) -> CodeUnit {
    let parts = code.unit.all();
    let facts = &parts.facts;
    let text =
        |obj: &Obj| obj.downcast::<PyStr>().map_or_else(String::new, |s| s.to_string_lossy().into_owned());
    CodeUnit {
        instrs: code.unit.instrs().collect(),
        positions: facts.positions.clone(),
        consts: vec![Const::None; parts.consts.len()],
        names: parts.names.iter().map(|name| name.to_string_lossy().into_owned()).collect(),
        varnames: facts.varnames.to_vec(),
        cellvars: facts.cellvars.to_vec(),
        freevars: facts.freevars.to_vec(),
        cell_registers: facts.cell_registers.to_vec(),
        free_registers: facts.free_registers.to_vec(),
        nlocals: facts.nlocals,
        first_temp: facts.first_temp,
        nregs: facts.nregs,
        argcount: facts.argcount,
        posonlyargcount: facts.posonlyargcount,
        kwonlyargcount: facts.kwonlyargcount,
        flags: facts.flags,
        name: text(&code.name),
        qualname: text(&code.qualname),
        filename: text(&code.filename),
        first_line: facts.first_line,
        exception_table: facts.exception_table.to_vec(),
    }
}

/// The parts of a unit and, recursively, of the code among its constants.
fn of_unit(mut unit: CodeUnit) -> Parts {
    let consts = objects_of(&mut unit);
    Parts::of(unit, consts)
}

/// The constants' objects, in place of the constants.
pub(super) fn objects_of(unit: &mut CodeUnit) -> Box<[Obj]> {
    let object = |constant| match constant {
        Const::Code(inner) => PyCode::new(Arc::unwrap_or_clone(inner)).into_obj(),
        Const::Written(bytes) => PyCode::of_written(bytes, intern(&unit.filename).into_obj()).into_obj(),
        constant => super::constant(&constant),
    };
    std::mem::take(&mut unit.consts).into_iter().map(object).collect()
}

/// The head of a unit in the program.
pub(super) fn head(written: &'static [u8]) -> Head<'static> {
    taipan_bytecode::serialize::head(written).expect("what is part of the program can be read")
}

impl Deref for Unit {
    type Target = Facts;
    #[inline(always)]
    fn deref(&self) -> &Facts {
        // Acquire pairs with the Release of `publish`.
        let facts = self.facts.load(Ordering::Acquire);
        if facts.is_null() {
            return self.load_slow();
        }
        // SAFETY: in this unit's parts, which live as long as it does.
        unsafe { &*facts }
    }
}

impl Drop for Unit {
    fn drop(&mut self) {
        let parts = self.parts.load(Ordering::Acquire);
        if !parts.is_null() {
            // SAFETY: this unit's own, and nobody else uses it any more.
            drop(unsafe { Box::from_raw(parts) });
        }
    }
}
