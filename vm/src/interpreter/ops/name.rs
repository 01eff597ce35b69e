//! Variables: globals, namespaces, cells.

use taipan_bytecode::{CommonConstant, Op};
use taipan_objects::cell::PyCell;
use taipan_objects::code::PyCode;
use taipan_objects::construct::*;
use taipan_objects::dict::{PyDict, ValueAddress};
use taipan_objects::error::*;
use taipan_objects::function::PyFunction;
use taipan_objects::str::PyStr;
use taipan_objects::types::types;
use taipan_objects::{Obj, Py, Value, istr, protocol};
use taipan_threading::sync::atomic::{AtomicU64, Ordering};

use crate::frame::{Frame, dict_of};
use crate::interpreter::quick::known::{self, Known};
use crate::registers::Regs;

/// Low bit of a cache word: the value is in the globals, at a place that the word says (1); or the word is the address of a [`GlobalCache`] (0).
const IN_GLOBALS: u64 = 1;
/// Records that a site leaves behind at most: racing readers may hold an old one, so they are never freed.
const RECORDS: u32 = 8;

/// Where a global was found: valid while the dicts concerned have these versions.
struct GlobalCache {
    /// The globals, uncounted: for comparing alone.
    globals: Value,
    globals_version: u32,
    /// 0: it is in the globals.
    builtins_version: u32,
    index: u32,
    /// How many records the site had before.
    former: u32,
    /// What was found, if that lasts as long as the versions (see [`PyDict::constant_at`]); otherwise empty.
    constant: Value,
}

/// The record that the cache word is the address of.
#[inline(always)]
fn record<'a>(word: u64) -> Option<&'a GlobalCache> {
    if word & IN_GLOBALS != 0 || word == 0 {
        return None;
    }
    // SAFETY: an untagged word is a leaked record.
    Some(unsafe { &*std::ptr::with_exposed_provenance::<GlobalCache>(word as usize) })
}

/// The global that the cache word remembers as a constant; a word that needs no count.
#[inline(always)]
pub fn constant_at_once(cache: &AtomicU64, frame: &Frame) -> Option<Value> {
    constant_of(cache, frame.globals, frame.builtins)
}

/// [`constant_at_once`] in these namespaces, which are alive.
#[inline(always)]
pub fn constant_of(cache: &AtomicU64, globals: Value, builtins: Value) -> Option<Value> {
    let record = record(cache.load(Ordering::Acquire))?;
    if !globals.same(record.globals) {
        return None;
    }
    // SAFETY: the globals of a frame are a dict or an instance of a subclass, always; the caller keeps it alive.
    let globals: &PyDict = unsafe { &*globals.ptr().cast() };
    // No other set of keys ever has the number: they are those of the dict that was asked.
    if globals.keys_version_now() != record.globals_version
        || record.builtins_version != 0 && exact_dict(builtins)?.keys_version_now() != record.builtins_version
        || record.constant.is_empty()
    {
        return None;
    }
    Some(record.constant)
}

/// A global that is a constant, as machine code can use it: in these namespaces, and as long as the numbers that they have at the addresses are these.
pub struct Constant {
    /// A word that needs no count.
    pub word: Value,
    pub globals: (*const u32, u32),
    /// If it is in the builtins.
    pub builtins: Option<(*const u32, u32)>,
}

/// What a site knows of a constant in these namespaces, which are alive.
pub fn constant(cache: &AtomicU64, globals: Value, builtins: Value) -> Option<Constant> {
    let word = constant_of(cache, globals, builtins)?;
    let record = record(cache.load(Ordering::Acquire))?;
    // SAFETY: as in `constant_of`.
    let globals: &PyDict = unsafe { &*globals.ptr().cast() };
    let of_builtins = |builtins: &PyDict| (builtins.keys_version_address(), record.builtins_version);
    let builtins = match record.builtins_version {
        0 => None,
        _ => Some(of_builtins(exact_dict(builtins)?)),
    };
    Some(Constant { word, globals: (globals.keys_version_address(), record.globals_version), builtins })
}

/// Where a global is that is no constant, as machine code can read it in these globals, as long as the number that they have at the address is this.
pub struct Variable {
    pub value: ValueAddress,
    pub version: (*const u32, u32),
}

/// What a site knows of a variable in these globals, which are alive.
pub fn variable(cache: &AtomicU64, globals: Value) -> Option<Variable> {
    let word = cache.load(Ordering::Acquire);
    let globals = exact_dict(globals).filter(|_| word & IN_GLOBALS != 0)?;
    let version = (word >> 32) as u32;
    let value = globals.value_address((word as u32) >> 1)?;
    // What was found is that version's if it is the current one still.
    (globals.keys_version_now() == version)
        .then(|| Variable { value, version: (globals.keys_version_address(), version) })
}

/// The global that the cache word stands for, if it knows where that is.
#[inline(always)]
pub fn quick_global(cache: &AtomicU64, frame: &Frame) -> Option<Obj> {
    let (namespace, version, index) = cached_place(cache, frame)?;
    namespace.cached_value(version, index)
}

/// [`quick_global`] of what is in the globals themselves, if that is a matter of a few instructions.
#[inline(always)]
pub fn global_at_once(cache: &AtomicU64, frame: &Frame) -> Option<Obj> {
    let word = cache.load(Ordering::Acquire);
    if word & IN_GLOBALS == 0 {
        return None;
    }
    exact_dict(frame.globals)?.cached_at_once((word >> 32) as u32, (word as u32) >> 1)
}

/// The namespace in which the cache word says that the global is, the version of its keys then, and the entry.
#[inline(always)]
fn cached_place<'a>(cache: &AtomicU64, frame: &Frame) -> Option<(&'a PyDict, u32, u32)> {
    let word = cache.load(Ordering::Acquire);
    let globals = exact_dict(frame.globals)?;
    if word & IN_GLOBALS != 0 {
        return Some((globals, (word >> 32) as u32, (word as u32) >> 1));
    }
    let record = record(word)?;
    if record.builtins_version == 0 {
        return Some((globals, record.globals_version, record.index));
    }
    if globals.keys_version_now() != record.globals_version {
        return None;
    }
    Some((exact_dict(frame.builtins)?, record.builtins_version, record.index))
}

/// Lets the site know that the global was at that place of the globals or, if `builtins_version` is not 0, of the builtins. The versions are from before it was
/// looked for.
fn remember(
    cache: &AtomicU64,
    globals: Value,
    globals_version: u32,
    builtins_version: u32,
    index: u32,
    namespace: &PyDict,
) {
    let version = if builtins_version == 0 { globals_version } else { builtins_version };
    let constant = namespace.constant_at(version, index);
    let word = cache.load(Ordering::Acquire);
    let former = match record(word) {
        Some(record) => record.former + 1,
        None if word == 0 => 0,
        None => RECORDS,
    };
    if builtins_version == 0 && (constant.is_none() || former >= RECORDS) {
        cache.store((globals_version as u64) << 32 | (index as u64) << 1 | IN_GLOBALS, Ordering::Release);
        return;
    }
    if former >= RECORDS {
        return;
    }
    let constant = constant.unwrap_or(Value::EMPTY);
    let record = Box::leak(Box::new(GlobalCache {
        globals,
        globals_version,
        builtins_version,
        index,
        former,
        constant,
    }));
    cache.store(std::ptr::from_ref(record).expose_provenance() as u64, Ordering::Release);
}

#[inline(always)]
fn exact_dict<'a>(namespace: Value) -> Option<&'a PyDict> {
    // SAFETY: the layout was checked; the frame keeps its namespaces alive.
    known::is(namespace, Known::Dict).then(|| unsafe { &*namespace.ptr().cast() })
}

/// The global at `pc` if the cache knows where it is.
#[inline]
pub fn load_global_cached(code: &PyCode, pc: usize, frame: &Frame) -> Option<Obj> {
    quick_global(code.cache(pc), frame)
}

/// The global `names[index]`, filling the cache.
pub fn load_global(code: &PyCode, pc: usize, frame: &Frame, index: usize) -> PyResult<Obj> {
    let name = &code.names[index];
    // A subclass may have `__missing__`.
    if let (Some(globals), Some(builtins)) = (dict_of(frame.globals()), dict_of(frame.builtins()))
        && globals.is_exact()
        && builtins.is_exact()
    {
        let globals_version = globals.keys_version();
        if let Some(value) = globals.get_str_lent(name) {
            if let Some(entry) = globals.entry_index(name)
                && globals_version != 0
            {
                remember(code.cache(pc), frame.globals, globals_version, 0, entry, globals);
            }
            return Ok(value);
        }
        let builtins_version = builtins.keys_version();
        if let Some(value) = builtins.get_str_lent(name) {
            if let Some(entry) = builtins.entry_index(name)
                && globals_version != 0
                && builtins_version != 0
            {
                remember(code.cache(pc), frame.globals, globals_version, builtins_version, entry, builtins);
            }
            return Ok(value);
        }
        return Err(not_defined(name));
    }
    load_global_mapping(frame, name)
}

/// The `__name__` of the globals in which the frame makes a function. The instruction, at which the frame stands, remembers it.
pub fn module_name(code: &PyCode, frame: &Frame) -> Option<Obj> {
    let pc = frame.pc() as usize;
    let cache = (code.instr(pc).op() == Some(Op::MakeFunction)).then(|| code.cache(pc));
    if let Some(cache) = cache
        && let Some(word) = constant_at_once(cache, frame)
    {
        // SAFETY: it is in the globals at this moment.
        return Some(unsafe { Obj::from_borrowed(word) });
    }
    let (globals, name) = (dict_of(frame.globals())?, istr!("__name__"));
    let version = globals.keys_version();
    let module = globals.get_str(&name)?;
    if let Some(cache) = cache
        && globals.is_exact()
        && version != 0
        && let Some(entry) = globals.entry_index(&name)
    {
        remember(cache, frame.globals, version, 0, entry, globals);
    }
    Some(module)
}

fn load_global_mapping(frame: &Frame, name: &Py<PyStr>) -> PyResult<Obj> {
    for namespace in [frame.globals(), frame.builtins()] {
        if let Some(value) = lookup(namespace, name)? {
            return Ok(value);
        }
    }
    Err(not_defined(name))
}

/// `namespace[name]`, `None` on `KeyError`.
pub fn lookup(namespace: &Obj, name: &Py<PyStr>) -> PyResult<Option<Obj>> {
    match dict_of(namespace) {
        Some(dict) if dict.is_exact() => Ok(dict.get_str(name)),
        _ => absent_if(protocol::getitem(namespace, name.as_obj()), &types().key_error),
    }
}

fn name_error_for(message: String, name: &Py<PyStr>, unbound: bool) -> Raised {
    let class = if unbound { &types().unbound_local_error } else { &types().name_error };
    let exception = taipan_objects::exceptions::PyBaseException::create(class, vec![str_obj(&message)]);
    if !unbound && let Some(e) = exception.downcast::<taipan_objects::exceptions::PyBaseException>() {
        e.set_field(0, Some(name.as_obj().clone()));
    }
    raise(exception)
}

#[cold]
fn not_defined(name: &Py<PyStr>) -> Raised {
    name_error_for(format!("name '{}' is not defined", name.to_string_lossy()), name, false)
}

/// Raises `UnboundLocalError` for local `names[index]`.
#[cold]
pub fn unbound_local(code: &PyCode, index: usize) {
    let name = &code.names[index];
    let _ = name_error_for(
        format!(
            "cannot access local variable '{}' where it is not associated with a value",
            name.to_string_lossy()
        ),
        name,
        true,
    );
}

/// Raises for an operand register that is empty although the compiler took it for bound.
#[cold]
pub fn empty_register(code: &PyCode, register: u16) {
    match code.unit.varnames.get(register as usize) {
        Some(name) => {
            let name = taipan_objects::str::intern(name);
            let _ = name_error_for(
                format!(
                    "cannot access local variable '{}' where it is not associated with a value",
                    name.to_string_lossy()
                ),
                &name,
                true,
            );
        }
        None => {
            let _ = system_error(format!("register {register} is empty"));
        }
    }
}

/// Raises for an empty cell.
#[cold]
pub fn empty_cell(code: &PyCode, register: u16) {
    let (name, free) = code.unit.cell_name(register).unwrap_or(("?", false));
    let name = taipan_objects::str::intern(name);
    let text = name.to_string_lossy();
    let _ = if free {
        name_error_for(
            format!(
                "cannot access free variable '{text}' where it is not associated with a value in enclosing scope"
            ),
            &name,
            false,
        )
    } else {
        name_error_for(
            format!("cannot access local variable '{text}' where it is not associated with a value"),
            &name,
            true,
        )
    };
}

pub fn store_global(code: &PyCode, frame: &Frame, index: usize, value: Obj) -> PyResult<()> {
    store_in(frame.globals(), &code.names[index], value)
}

pub fn delete_global(code: &PyCode, frame: &Frame, index: usize) -> PyResult<()> {
    delete_in(frame.globals(), &code.names[index])
}

fn store_in(namespace: &Obj, name: &Py<PyStr>, value: Obj) -> PyResult<()> {
    match dict_of(namespace) {
        Some(dict) if dict.is_exact() => dict.set(name.as_obj().clone(), value),
        _ => protocol::setitem(namespace, name.as_obj(), &value),
    }
}

fn delete_in(namespace: &Obj, name: &Py<PyStr>) -> PyResult<()> {
    let found = match dict_of(namespace) {
        Some(dict) if dict.is_exact() => dict.delete(name.as_obj())?,
        _ => absent_if(protocol::delitem(namespace, name.as_obj()), &types().key_error)?.is_some(),
    };
    if found { Ok(()) } else { Err(not_defined(name)) }
}

/// The namespace of module, class and `exec` code.
fn namespace(frame: &Frame) -> &Obj {
    frame.locals().unwrap_or_else(|| frame.globals())
}

pub fn load_name(code: &PyCode, pc: usize, frame: &Frame, index: usize) -> PyResult<Obj> {
    let name = &code.names[index];
    if let Some(locals) = frame.locals()
        && !locals.is(frame.globals())
        && let Some(value) = lookup(locals, name)?
    {
        return Ok(value);
    }
    if let Some(value) = load_global_cached(code, pc, frame) {
        return Ok(value);
    }
    load_global(code, pc, frame, index)
}

pub fn store_name(code: &PyCode, frame: &Frame, index: usize, value: Obj) -> PyResult<()> {
    store_in(namespace(frame), &code.names[index], value)
}

pub fn delete_name(code: &PyCode, frame: &Frame, index: usize) -> PyResult<()> {
    delete_in(namespace(frame), &code.names[index])
}

pub fn load_locals(frame: &Frame) -> PyResult<Obj> {
    match frame.locals() {
        Some(locals) => Ok(locals.clone()),
        None => Err(system_error("no locals")),
    }
}

pub fn load_from_dict_or_deref(code: &PyCode, mapping: &Obj, cell: &Obj, register: u16) -> PyResult<Obj> {
    let (name, _) = code.unit.cell_name(register).unwrap_or(("?", false));
    if let Some(value) = lookup(mapping, &taipan_objects::str::intern(name))? {
        return Ok(value);
    }
    match cell_value(cell) {
        Some(value) => Ok(value),
        None => {
            empty_cell(code, register);
            Err(Raised)
        }
    }
}

pub fn load_from_dict_or_globals(code: &PyCode, frame: &Frame, mapping: &Obj, index: usize) -> PyResult<Obj> {
    let name = &code.names[index];
    if let Some(value) = lookup(mapping, name)? {
        return Ok(value);
    }
    load_global_mapping(frame, name)
}

pub fn load_build_class(frame: &Frame) -> PyResult<Obj> {
    match lookup(frame.builtins(), &istr!("__build_class__"))? {
        Some(value) => Ok(value),
        None => Err(name_error("__build_class__ not found")),
    }
}

pub fn common_constant(number: u16) -> PyResult<Obj> {
    let t = types();
    Ok(match CommonConstant::from_u16(number) {
        Some(CommonConstant::AssertionError) => t.assertion_error.as_obj().clone(),
        Some(CommonConstant::NotImplementedError) => t.not_implemented_error.as_obj().clone(),
        Some(CommonConstant::Tuple) => t.tuple.as_obj().clone(),
        Some(CommonConstant::List) => t.list.as_obj().clone(),
        Some(CommonConstant::Set) => t.set.as_obj().clone(),
        Some(CommonConstant::All) => taipan_objects::hooks::builtin("all")?,
        Some(CommonConstant::Any) => taipan_objects::hooks::builtin("any")?,
        None => return Err(system_error("bad common constant")),
    })
}

/// A new cell.
pub fn new_cell(value: Option<Obj>) -> Obj {
    PyCell::new(value).into_obj()
}

/// The content of a cell, possibly uncounted.
#[inline(always)]
pub fn cell_value(cell: &Obj) -> Option<Obj> {
    cell.downcast::<PyCell>()?.value.load_uncounted()
}

pub fn store_cell(cell: &Obj, value: Option<Obj>) -> PyResult<()> {
    match cell.downcast::<PyCell>() {
        Some(cell) => {
            drop(cell.value.replace(value));
            Ok(())
        }
        None => Err(system_error("not a cell")),
    }
}

pub fn copy_free_vars(frame: &Frame, regs: Regs, first: usize, count: usize) -> PyResult<()> {
    // SAFETY: a frame's function is traced while the frame exists; deferred, so freed by the collector only.
    let function: Option<&PyFunction> = unsafe { frame.function.as_ref() };
    let cells = function.map_or(&[][..], PyFunction::cells);
    if cells.is_empty() {
        return Err(system_error("the function has no closure"));
    }
    for (offset, cell) in cells.iter().take(count).enumerate() {
        // Lent: a function's closure never changes, and lives as long as the frame.
        regs.write_value(first + offset, cell.value().uncounted());
    }
    Ok(())
}
