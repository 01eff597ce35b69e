//! The skeleton of a JIT compiler: functions of the form `def f(x): return x * NAME` become native code in which the global `NAME` is a
//! constant. What the code relies on is watched; when it changes, the code goes before the change is made.

use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use taipan_bytecode::Op;
use taipan_objects::Obj;
use taipan_objects::Py;
use taipan_objects::code::PyCode;
use taipan_objects::construct::float_obj;
use taipan_objects::dict::PyDict;
use taipan_objects::error::PyResult;
use taipan_objects::function::PyFunction;
use taipan_objects::function::entry::{EntryCall, EntryGuard, FunctionEntry};
use taipan_objects::protocol;
use taipan_objects::watch::dict::{self, DictEvent, DictRegistration, DictWatcher};
use taipan_objects::watch::function::{self, FunctionEvent, FunctionRegistration, FunctionWatcher};

/// "Machine code": multiplies by a constant.
struct Multiply(f64);

impl FunctionEntry for Multiply {
    fn call(&self, call: &EntryCall<'_>) -> PyResult<Obj> {
        match call.args().positional {
            [x] if !call.args().has_keywords() && x.value().is_float() => {
                Ok(float_obj(x.value().as_float() * self.0))
            }
            // Nothing that was compiled for: the interpreter knows.
            _ => call.proceed(call.args()),
        }
    }
}

/// A compiled function, and what it relies on.
struct Compiled {
    function: Py<PyFunction>,
    name: Obj,
    guard: EntryGuard,
}

/// The compiled functions.
#[derive(Default)]
struct Cache(Mutex<Vec<Compiled>>);

impl Cache {
    fn invalidate(&self, stale: impl Fn(&Compiled) -> bool) {
        let gone: Vec<Compiled> = self.0.lock().extract_if(.., |compiled| stale(compiled)).collect();
        // Dropping the guards puts the functions back.
        drop(gone);
    }
}

struct Watcher(Weak<Cache>);

impl DictWatcher for Watcher {
    fn changed(&self, dict: &PyDict, event: DictEvent<'_>) -> PyResult<()> {
        let Some(cache) = self.0.upgrade() else { return Ok(()) };
        let of = |compiled: &Compiled| compiled.function.globals.is(&dict.to_obj());
        match event {
            // A new key cannot be one that was found before.
            DictEvent::Added { .. } => {}
            DictEvent::Modified { key, .. } | DictEvent::Deleted { key, .. } => {
                // Names in code and keys of namespaces are interned.
                cache.invalidate(|compiled| of(compiled) && compiled.name.is(key));
            }
            DictEvent::Cloned { .. } | DictEvent::Cleared => cache.invalidate(of),
        }
        Ok(())
    }
}

impl FunctionWatcher for Watcher {
    fn changed(&self, function: &PyFunction, event: FunctionEvent<'_>) -> PyResult<()> {
        if matches!(event, FunctionEvent::Code(_) | FunctionEvent::Defaults(_))
            && let Some(cache) = self.0.upgrade()
        {
            cache.invalidate(|compiled| std::ptr::eq(&*compiled.function, function));
        }
        Ok(())
    }
}

/// The compiler.
pub struct Jit {
    cache: Arc<Cache>,
    namespaces: DictRegistration,
    _functions: FunctionRegistration,
}

/// The global's name, if the code is `return x * NAME`.
fn multiplier(code: &PyCode) -> Option<usize> {
    let instrs: Vec<_> = (0..code.words.len()).map(|pc| code.instr(pc)).collect();
    let ops: Vec<Op> = instrs.iter().filter_map(|i| i.op().map(Op::generic)).collect();
    match ops[..] {
        [Op::LoadGlobal, Op::Mul, Op::ReturnValue] | [Op::LoadGlobal, Op::Mul, Op::Drop, Op::ReturnValue]
            if code.nparams == 1 =>
        {
            Some(instrs[0].b() as usize)
        }
        _ => None,
    }
}

impl Jit {
    /// A compiler without compiled functions.
    pub fn new() -> Jit {
        let cache = Arc::new(Cache::default());
        let watcher = Arc::new(Watcher(Arc::downgrade(&cache)));
        Jit { cache, namespaces: dict::register(watcher.clone()), _functions: function::register(watcher) }
    }
    /// Compiles the function if it can.
    pub fn compile(&self, function: &PyFunction) -> bool {
        let code = function.code();
        let Some(index) = multiplier(&code) else { return false };
        let Some(globals) = function.globals.downcast::<PyDict>() else { return false };
        // Watched first, read then: what comes between is told of.
        self.namespaces.watch(globals);
        let name = code.names[index].as_obj().clone();
        let Ok(Some(value)) = globals.get(&name) else { return false };
        if !value.value().is_float() && !value.value().is_int() {
            return false;
        }
        let Ok(factor) = protocol::as_f64(&value) else { return false };
        let guard = function.set_entry(Arc::new(Multiply(factor)));
        let compiled = Compiled { function: Py::from_ref(function), name: name.clone(), guard };
        self.cache.0.lock().push(compiled);
        // Had it changed before the code was in the cache, nobody would have thrown it away.
        if !matches!(globals.get(&name), Ok(Some(now)) if now.value().same(value.value())) {
            self.cache.invalidate(|compiled| std::ptr::eq(&*compiled.function, function));
            return false;
        }
        true
    }
    /// How many functions are compiled.
    pub fn compiled(&self) -> usize {
        self.cache.0.lock().iter().filter(|compiled| compiled.guard.function().has_entry()).count()
    }
}

impl Default for Jit {
    fn default() -> Jit {
        Jit::new()
    }
}
