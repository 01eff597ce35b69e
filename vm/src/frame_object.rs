//! The interpreter's part of Python frame objects: where the variables of a frame are, `f_locals`, `locals()`, `clear()`.
//!
//! The registers behind a frame object are, at any time, in one of three places:
//!
//! | frame | registers | who may touch them |
//! | --- | --- | --- |
//! | running (`live` is set) | the thread's value stack, or the generator's window | the running thread; others while the world is stopped |
//! | suspended generator (not `CLOSED`) | the generator's window | whoever stopped the world (or is the only thread) |
//! | ended | the object's `registers` | anybody, under their lock |
//!
//! `live` is emptied before the frame leaves the frame stack, without a safepoint in between, so during a stop it never dangles.
//! A value that a write takes out of a running frame's register stays in the object's `replaced` until the frame ends: instructions
//! and callees may have borrowed it. No Python object is dropped while the world is stopped or a lock is held.

mod jump;
mod locals_proxy;

use smallvec::SmallVec;
use taipan_bytecode::flags;
use taipan_objects::cell::PyCell;
use taipan_objects::code::PyCode;
use taipan_objects::dict::PyDict;
use taipan_objects::error::*;
use taipan_objects::frame::{FrameHooks, PyFrame};
use taipan_objects::generator::{CLOSED, CREATED, PyGenerator, RUNNING, SUSPENDED};
use taipan_objects::protocol::{self, IntoStrong};
use taipan_objects::singletons::none;
use taipan_objects::str::{PyStr, intern};
use taipan_objects::tuple::PyTuple;
use taipan_objects::type_object::class_of;
use taipan_objects::{Obj, Py, Slot};
use taipan_threading::CriticalSection;
use taipan_threading::sync::atomic::Ordering;

use crate::frame::{Frame, Kind, object_of};
use crate::registers::Regs;
use crate::thread::{self, VmThread};

/// Gives frame objects their interpreter. Once, at start-up.
pub fn install() {
    taipan_objects::frame::install(FrameHooks { refresh, locals, clear, jump: jump::jump });
}

/// `sys._getframe(depth)`; `None` if the stack is not that deep.
pub fn current_frame(depth: usize) -> Option<Obj> {
    let thread = thread::try_current()?;
    let index = thread.visible(depth)?;
    Some(object_of(thread.frame(index)).into_obj())
}

/// `sys._current_frames()`: `threading.get_ident()` and innermost frame of every thread that runs Python code.
pub fn frames_of_threads() -> Vec<(u64, Obj)> {
    let own = crate::interpreters::current();
    taipan_threading::stop_the_world(|_| {
        let mut frames = Vec::new();
        thread::for_each(|thread| {
            let innermost = thread.innermost();
            if !innermost.is_null() && std::ptr::eq(thread.interpreter(), own) {
                frames.push((thread.ident.get(), object_of(innermost).into_obj()));
            }
        });
        frames
    })
}

/// What each thread of the interpreter that runs Python code handles, by its identity.
pub fn exceptions_of_threads() -> Vec<(u64, Option<Obj>)> {
    let own = crate::interpreters::current();
    taipan_threading::stop_the_world(|_| {
        let mut exceptions = Vec::new();
        thread::for_each(|thread| {
            if !thread.innermost().is_null() && std::ptr::eq(thread.interpreter(), own) {
                // SAFETY: threads that are listed exist, and the world is stopped.
                exceptions.push((thread.ident.get(), unsafe { thread.handled.load() }));
            }
        });
        exceptions
    })
}

/// What `locals()` gives in the innermost frame of `thread`, the calling one: a new dict for functions, else the namespace.
pub fn locals_snapshot(thread: &VmThread) -> PyResult<Obj> {
    let Some(innermost) = thread.visible(0) else { return Err(system_error("frame does not exist")) };
    let object = object_of(thread.frame(innermost));
    if let Some(namespace) = namespace(&object) {
        return Ok(namespace);
    }
    Ok(PyDict::from_pairs(items(&object))?.into_obj())
}

/// The frame object of a generator; `None` if it is closed.
pub fn generator_frame(obj: &Obj) -> PyResult<Obj> {
    let Some(generator) = obj.downcast::<PyGenerator>() else { return Err(system_error("not a generator")) };
    if generator.state.load(Ordering::Acquire) == CLOSED {
        return Ok(none());
    }
    if let Some(frame) = generator.frame.load() {
        return Ok(frame);
    }
    let Some(function) = generator.function() else { return Ok(none()) };
    let pc = match generator.state.load(Ordering::Acquire) {
        CREATED => 0,
        _ => generator.pc.load(Ordering::Relaxed),
    };
    let (globals, builtins) = (function.globals.clone(), function.builtins.clone());
    let fresh = PyFrame::new(generator.code.clone(), globals, builtins, None, std::ptr::null_mut(), pc);
    PyFrame::belongs_to(&fresh, obj);
    let found = stopped(|| attach(obj, generator, &fresh));
    Ok(found.unwrap_or_else(none))
}

/// Makes `fresh` the generator's frame object, unless it has one or is closed. The world is stopped.
fn attach(obj: &Obj, generator: &PyGenerator, fresh: &Py<PyFrame>) -> Option<Obj> {
    if let Some(frame) = generator.frame.load() {
        return Some(frame);
    }
    match generator.state.load(Ordering::Acquire) {
        CLOSED => return None,
        RUNNING => {
            let mut running = std::ptr::null_mut::<Frame>();
            thread::for_each(|thread| {
                for index in (0..thread.depth.get()).rev() {
                    // SAFETY: below `depth`; its thread is stopped or this one.
                    let frame = unsafe { &*thread.frame(index) };
                    if (frame.is_generator() || frame.kind == Kind::Eager)
                        && !frame.subject.is_empty()
                        && frame.subject().is(obj)
                    {
                        running = thread.frame(index);
                    }
                }
            });
            // SAFETY: null, or a frame that stays while the world is stopped.
            let frame = unsafe { running.as_mut() }?;
            if let Some(object) = frame.object() {
                return Some(taipan_objects::types::obj_of(object));
            }
            fresh.lasti.store(frame.pc(), Ordering::Relaxed);
            fresh.live.store(running.cast(), Ordering::Release);
            frame.object = fresh.clone().into_obj().into_counted();
        }
        _ => {}
    }
    generator.frame.store(fresh.clone().into_obj());
    Some(fresh.clone().into_obj())
}

/// Runs `work` while no other thread runs.
fn stopped<R>(work: impl FnOnce() -> R) -> R {
    if taipan_threading::multi_threaded() { taipan_threading::stop_the_world(|_| work()) } else { work() }
}

/// Index of the frame at `live` on `thread`'s frame stack.
fn index_on(thread: &VmThread, live: *mut Frame) -> Option<usize> {
    let offset = live.addr().checked_sub(thread.frame(0).addr())?;
    let index = offset / size_of::<Frame>();
    (index < thread.depth.get()).then_some(index)
}

/// The frame behind `object` if the calling thread is running it.
fn live_here(object: &PyFrame) -> Option<(&'static VmThread, usize)> {
    let live: *mut Frame = object.live.load(Ordering::Acquire).cast();
    if live.is_null() {
        return None;
    }
    let thread = thread::try_current()?;
    Some((thread, index_on(thread, live)?))
}

fn refresh(object: &PyFrame) {
    if object.live.load(Ordering::Acquire).is_null() {
        return;
    }
    let former = match live_here(object) {
        Some((thread, index)) => update(thread, index, object),
        None => taipan_threading::stop_the_world(|_| {
            let live: *mut Frame = object.live.load(Ordering::Acquire).cast();
            let mut former = None;
            if !live.is_null() {
                thread::for_each(|thread| {
                    if let Some(index) = index_on(thread, live) {
                        former = update(thread, index, object);
                    }
                });
            }
            former
        }),
    };
    drop(former);
}

/// Brings `lasti` and `back` of a running frame up to date; gives the former `back`. Its thread is the calling one, or stopped.
fn update(thread: &VmThread, index: usize, object: &PyFrame) -> Option<Obj> {
    // SAFETY: a frame below `depth`.
    let pc = unsafe { (*thread.frame(index)).pc() };
    object.lasti.store(pc, Ordering::Relaxed);
    object.back.replace(
        index
            .checked_sub(1)
            .filter(|_| index != thread.floor.get())
            .map(|below| object_of(thread.frame(below)).into_obj()),
    )
}

/// The registers of a frame.
enum View<'a> {
    /// Of a running frame or a suspended generator; `true` if it is running.
    Words(Regs, bool),
    /// Of an ended frame. Empty if it was cleared.
    Saved(&'a mut Vec<Slot>),
}

impl View<'_> {
    /// A counted reference to what register `i` holds.
    fn get(&self, i: usize) -> Option<Obj> {
        match self {
            View::Words(regs, _) => regs.get(i).cloned(),
            View::Saved(slots) => slots.get(i).and_then(Slot::load),
        }
    }
}

/// Runs `work` on the registers of a frame, wherever they are. `work` neither drops Python objects nor runs Python code.
fn access<R>(object: &PyFrame, work: impl FnOnce(View<'_>) -> R) -> R {
    if let Some((thread, index)) = live_here(object) {
        // SAFETY: a running frame of this thread.
        return work(View::Words(unsafe { (*thread.frame(index)).regs }, true));
    }
    let generator = object.generator.load();
    let generator = generator.as_ref().and_then(|g| g.downcast::<PyGenerator>());
    if object.live.load(Ordering::Acquire).is_null()
        && generator.is_none_or(|g| g.state.load(Ordering::Acquire) == CLOSED)
    {
        return work(View::Saved(&mut object.registers.lock()));
    }
    stopped(|| {
        let live: *mut Frame = object.live.load(Ordering::Acquire).cast();
        if !live.is_null() {
            // SAFETY: a frame of a stopped thread; see the module.
            return work(View::Words(unsafe { (*live).regs }, true));
        }
        let window = generator.map_or(std::ptr::null_mut(), |g| g.window.load(Ordering::Acquire));
        if window.is_null() {
            work(View::Saved(&mut object.registers.lock()))
        } else {
            work(View::Words(Regs::new(window), false))
        }
    })
}

/// A variable of a code object: the registers that may hold it, later ones first. Those of comprehensions, which come before the others, are
/// empty outside of them.
struct Variable<'a> {
    name: &'a str,
    hidden: SmallVec<[u16; 1]>,
    registers: SmallVec<[u16; 2]>,
}

fn is_optimized(code: &PyCode) -> bool {
    code.flags & flags::CO_OPTIMIZED != 0
}

/// The variables that are in registers, in CPython's order. Of a namespace's code these are the variables of its comprehensions.
fn variables(code: &PyCode) -> Vec<Variable<'_>> {
    let unit = &*code.unit;
    let mut all: Vec<Variable<'_>> =
        Vec::with_capacity(unit.varnames.len() + unit.cellvars.len() + unit.freevars.len());
    let told = unit.variables();
    let locals = unit.varnames.iter().zip(0..).enumerate().map(|(i, place)| (place, told.is_hidden_local(i)));
    let cells = unit.cellvars.iter().zip(unit.cell_registers.iter().copied()).enumerate();
    let cells = cells.map(|(i, place)| (place, told.is_hidden_cell(i)));
    let free = unit.freevars.iter().zip(unit.free_registers.iter().copied()).map(|place| (place, false));
    let behind = if is_optimized(code) { usize::MAX } else { 0 };
    for ((name, register), hidden) in locals.chain(cells.chain(free).take(behind)) {
        let index = all.iter().position(|v| v.name == name).unwrap_or_else(|| {
            all.push(Variable { name, hidden: SmallVec::new(), registers: SmallVec::new() });
            all.len() - 1
        });
        if hidden {
            all[index].hidden.push(register);
        } else {
            all[index].registers.insert(0, register);
        }
    }
    all
}

/// The variable that `key` names. Raises if `key` cannot be hashed or compared.
fn find<'a>(code: &'a PyCode, key: &Obj) -> PyResult<Option<Variable<'a>>> {
    if let Some(text) = key.downcast::<PyStr>()
        && text.is_exact()
    {
        let text = text.to_string_lossy();
        return Ok(variables(code).into_iter().find(|v| v.name == text));
    }
    let hash = protocol::hash(key)?;
    for variable in variables(code) {
        let name = intern(variable.name).into_obj();
        if protocol::hash(&name)? == hash && protocol::eq(&name, key)? {
            return Ok(Some(variable));
        }
    }
    Ok(None)
}

/// What the register of a variable holds: its value, or the cell that does.
enum Content {
    Value(Obj),
    Cell(Obj),
}

/// All named registers of a frame.
fn contents(object: &PyFrame) -> Vec<Option<Content>> {
    let unit = &object.code.unit;
    let count = unit.first_temp as usize;
    let raw: Vec<Option<Obj>> = access(object, |view| (0..count).map(|i| view.get(i)).collect());
    let locals = unit.nlocals as usize;
    let mut contents: Vec<Option<Content>> = raw
        .into_iter()
        .enumerate()
        .map(|(i, value)| Some(if i < locals { Content::Value(value?) } else { Content::Cell(value?) }))
        .collect();
    // A generator that has not begun has not copied its closure yet.
    if let Some(first) = unit.free_registers.first()
        && contents.get(*first as usize).is_some_and(Option::is_none)
        && let Some(generator) = object.generator.load()
        && let Some(function) = generator.downcast::<PyGenerator>().and_then(PyGenerator::function)
        && let Some(closure) = function.closure.load()
        && let Some(cells) = closure.downcast::<PyTuple>()
    {
        for (cell, register) in cells.as_slice().iter().zip(&unit.free_registers) {
            if let Some(place) = contents.get_mut(*register as usize) {
                *place = Some(Content::Cell(cell.clone()));
            }
        }
    }
    contents
}

/// The value of a variable.
fn value_of(variable: &Variable<'_>, contents: &[Option<Content>]) -> Option<Obj> {
    variable.hidden.iter().chain(&variable.registers).find_map(|register| {
        match contents.get(*register as usize)?.as_ref()? {
            Content::Value(value) => Some(value.clone()),
            Content::Cell(cell) => cell.downcast::<PyCell>()?.value.load(),
        }
    })
}

/// The bound variables with their values, then the names that were added through `f_locals`.
fn items(object: &PyFrame) -> Vec<(Obj, Obj)> {
    let contents = contents(object);
    let bound = |v: &Variable<'_>| Some((intern(v.name).into_obj(), value_of(v, &contents)?));
    let mut items: Vec<(Obj, Obj)> = variables(&object.code).iter().filter_map(bound).collect();
    if let Some(extra) = extra(object) {
        items.extend(extra.snapshot());
    }
    items
}

/// Binds a variable.
fn write(object: &PyFrame, variable: &Variable<'_>, value: &Obj) {
    let contents = contents(object);
    let content = |register: &u16| contents.get(*register as usize).and_then(Option::as_ref);
    let hidden = variable.hidden.iter().find(|register| content(register).is_some());
    if let Some(Content::Cell(cell)) = hidden.and_then(content)
        && let Some(cell) = cell.downcast::<PyCell>()
    {
        cell.set(Some(value.clone().into_strong()));
        return;
    }
    let cells = variable.registers.iter().filter_map(|r| match content(r) {
        Some(Content::Cell(cell)) => cell.downcast::<PyCell>(),
        _ => None,
    });
    if let Some(cell) = cells.last().filter(|_| hidden.is_none()) {
        cell.set(Some(value.clone().into_strong()));
        return;
    }
    let locals = object.code.nlocals();
    let plain = |r: &&u16| (**r as usize) < locals;
    let bound = variable.registers.iter().filter(plain).find(|r| content(r).is_some());
    let Some(register) = hidden.or(bound).or_else(|| variable.registers.iter().filter(plain).next_back())
    else {
        return;
    };
    let register = *register as usize;
    let word = value.clone().into_strong();
    let former = access(object, |view| match view {
        View::Words(regs, running) => {
            let former = regs.take(register);
            regs.put(register, word.into_value());
            if running {
                // Relaxed: who looks was stopped meanwhile, or is this thread.
                object.written.store(true, Ordering::Relaxed);
                object.replaced.lock().extend(former);
                return None;
            }
            former
        }
        View::Saved(slots) => {
            if slots.len() <= register {
                slots.resize_with(object.code.nregs as usize, Slot::empty);
            }
            slots[register].replace(Some(word))
        }
    });
    drop(former);
}

/// The dict of names that are no variables of the code, if any was added.
fn extra(object: &PyFrame) -> Option<Py<PyDict>> {
    object.extra_locals.load()?.into_py::<PyDict>().ok()
}

/// The same, made if need be.
fn extra_made(object: &PyFrame) -> Py<PyDict> {
    let frame = taipan_objects::types::obj_of(object);
    let fresh = PyDict::new();
    let section = frame.header().map(|header| CriticalSection::enter(header.lock()));
    let dict = extra(object).unwrap_or_else(|| {
        object.extra_locals.store(fresh.clone().into_obj());
        fresh
    });
    drop(section);
    dict
}

/// The namespace that is `f_locals`, unless variables are in registers: then `None`.
fn namespace(object: &PyFrame) -> Option<Obj> {
    if is_optimized(&object.code) {
        return None;
    }
    let comprehension =
        object.code.nlocals() > 0 && contents(object).iter().take(object.code.nlocals()).any(Option::is_some);
    if comprehension { None } else { Some(object.locals.load().unwrap_or_else(|| object.globals.clone())) }
}

/// `f_locals`.
fn locals(obj: &Obj) -> PyResult<Obj> {
    let Some(object) = obj.downcast::<PyFrame>() else { return Err(system_error("not a frame")) };
    match namespace(object) {
        Some(namespace) => Ok(namespace),
        None => Ok(locals_proxy::PyFrameLocalsProxy::new(obj.clone())),
    }
}

/// `frame.clear()`.
fn clear(obj: &Obj) -> PyResult<()> {
    let Some(object) = obj.downcast::<PyFrame>() else { return Err(system_error("not a frame")) };
    let executing = || runtime_error("cannot clear an executing frame");
    if !object.live.load(Ordering::Acquire).is_null() {
        return Err(executing());
    }
    if let Some(generator) = object.generator.load()
        && let Some(g) = generator.downcast::<PyGenerator>()
    {
        match g.state.load(Ordering::Acquire) {
            RUNNING => return Err(executing()),
            SUSPENDED => return Err(runtime_error("cannot clear a suspended frame")),
            CREATED => {
                if let Some(del) = class_of(&generator).slots.del() {
                    del(&generator)?;
                }
                drop(taipan_objects::generator::methods::close(&generator)?);
                drop((g.frame.take(), object.generator.take()));
            }
            _ => {}
        }
    }
    let registers = std::mem::take(&mut *object.registers.lock());
    drop((registers, object.extra_locals.take(), object.trace.take()));
    Ok(())
}

trait NamedRegisters {
    /// Number of registers that hold plain variables.
    fn nlocals(&self) -> usize;
}

impl NamedRegisters for PyCode {
    fn nlocals(&self) -> usize {
        self.unit.nlocals as usize
    }
}
