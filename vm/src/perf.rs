//! What tells Linux' `perf` where Python code is: perf maps, jitdump files, and stubs that stand on the machine stack for Python functions.
//!
//! While the *trampoline* is active, each code object has a stub of its own, a few machine instructions that call the interpreter loop. Calls that enter
//! the loop from native code go through the stub of the code that they execute, so `perf` finds its name on the stack. Calls from
//! Python code to Python code stay within one loop and leave nothing on the machine stack: of these the first one is seen.
//! The stubs of all code objects are written to the map, whether they are called that way or not.

pub mod jitdump;
pub mod map;
mod stubs;

use std::io;
use std::ops::ControlFlow;
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use taipan_objects::Obj;
use taipan_objects::code::PyCode;
use taipan_objects::error::{PyResult, system_error};
use taipan_objects::str::PyStr;
use taipan_objects::watch::code::{self, CodeRegistration, CodeWatcher};
use taipan_threading::sync::atomic::{AtomicU8, Ordering};

use crate::interpreter;
use crate::thread::VmThread;

pub use map::{close as close_map, write_entry};

/// Where names of code are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Backend {
    /// The text file `/tmp/perf-PID.map`.
    Map = 1,
    /// The binary file `/tmp/jit-PID.dump`, for `perf inject`.
    JitDump = 2,
}

impl Backend {
    /// The backend that `sys.activate_stack_trampoline` calls so.
    pub fn named(name: &str) -> Option<Backend> {
        match name {
            "perf" => Some(Backend::Map),
            "perf_jit" => Some(Backend::JitDump),
            _ => None,
        }
    }
}

/// The active backend; 0: none. Written under the lock of [`STUBS`]. Relaxed reads: a call that misses a change is one that came before it.
static ACTIVE: AtomicU8 = AtomicU8::new(0);

/// The stub of each code object, by its address.
static STUBS: Mutex<Option<FxHashMap<usize, Entry>>> = Mutex::new(None);

struct Entry {
    stub: usize,
    name: Box<str>,
    /// Bits of the backends that know of it.
    written: u8,
}

fn active() -> Option<Backend> {
    match ACTIVE.load(Ordering::Relaxed) {
        0 => None,
        1 => Some(Backend::Map),
        _ => Some(Backend::JitDump),
    }
}

/// Whether the trampoline is active.
pub fn is_active() -> bool {
    active().is_some()
}

/// Gives each new code object a stub; from the first activation on, so that no address in the table is that of other code.
struct Assign;

impl CodeWatcher for Assign {
    fn created(&self, code: &PyCode) -> PyResult<()> {
        add(code).map_err(|error| system_error(format!("perf: {error}")))
    }
    fn destroyed(&self, address: usize) -> PyResult<()> {
        let gone = STUBS.lock().as_mut().and_then(|stubs| stubs.remove(&address));
        drop(gone);
        Ok(())
    }
}

fn text(name: &Obj) -> String {
    name.downcast::<PyStr>().map_or_else(String::new, |text| text.to_string_lossy().into_owned())
}

fn add(code: &PyCode) -> io::Result<()> {
    let address = std::ptr::from_ref(code).addr();
    let mut stubs = STUBS.lock();
    let table = stubs.get_or_insert_default();
    if !table.contains_key(&address) {
        let name = format!("py::{}:{}", text(&code.qualname), text(&code.filename)).into();
        table.insert(address, Entry { stub: stubs::new()?, name, written: 0 });
    }
    match (active(), table.get_mut(&address)) {
        (Some(backend), Some(entry)) => entry.write(backend),
        _ => Ok(()),
    }
}

impl Entry {
    fn write(&mut self, backend: Backend) -> io::Result<()> {
        if self.written & backend as u8 != 0 {
            return Ok(());
        }
        match backend {
            Backend::Map => map::write_entry(self.stub, stubs::SIZE, &self.name)?,
            Backend::JitDump => jitdump::write_code(self.stub, &stubs::CODE, &self.name)?,
        }
        self.written |= backend as u8;
        Ok(())
    }
}

/// Activates the trampoline; the names of all code objects that there are get written if they were not before.
pub fn activate(backend: Backend) -> io::Result<()> {
    if !stubs::SUPPORTED {
        return Err(io::Error::other("not available on this platform"));
    }
    static WATCHER: OnceLock<CodeRegistration> = OnceLock::new();
    let mut is_first = false;
    WATCHER.get_or_init(|| {
        is_first = true;
        code::register(Arc::new(Assign))
    });
    if is_first {
        let mut result = Ok(());
        taipan_gc::collector::visit_objects(|object| match object.downcast::<PyCode>() {
            Some(code) => {
                result = add(code);
                if result.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            }
            None => ControlFlow::Continue(()),
        });
        result?;
    }
    let mut stubs = STUBS.lock();
    // The file is there even if it has nothing to say.
    if backend == Backend::Map {
        map::open()?;
    }
    for entry in stubs.get_or_insert_default().values_mut() {
        entry.write(backend)?;
    }
    ACTIVE.store(backend as u8, Ordering::Relaxed);
    Ok(())
}

/// Deactivates the trampoline. Frames that went through stubs are still on them.
pub fn deactivate() {
    let _stubs = STUBS.lock();
    ACTIVE.store(0, Ordering::Relaxed);
}

/// Before a fork, when the world is stopped: threads that are not attached may write, too.
pub fn before_fork() {
    map::before_fork();
    jitdump::before_fork();
}

/// After a fork, in the parent.
pub fn after_fork_parent() {
    map::after_fork();
    jitdump::after_fork();
}

/// In a forked child: files of its own, with everything that is known.
pub fn after_fork_child() {
    map::after_fork();
    jitdump::after_fork();
    map::close();
    jitdump::close();
    let mut stubs = STUBS.lock();
    for entry in stubs.iter_mut().flat_map(|table| table.values_mut()) {
        entry.written = 0;
        if let Some(backend) = active() {
            // A child that cannot write its map runs on without.
            let _ = entry.write(backend);
        }
    }
}

/// Runs the innermost frame, which executes `code`, through its stub if the trampoline is active.
#[inline(always)]
pub(crate) fn run(thread: &'static VmThread, code: &PyCode) -> PyResult<Obj> {
    if ACTIVE.load(Ordering::Relaxed) == 0 { interpreter::run(thread) } else { run_on_stub(thread, code) }
}

#[cold]
fn run_on_stub(thread: &'static VmThread, code: &PyCode) -> PyResult<Obj> {
    let address = std::ptr::from_ref(code).addr();
    let stub = STUBS.lock().as_ref().and_then(|table| table.get(&address).map(|entry| entry.stub));
    match stub {
        Some(stub) => stubs::call(stub, || interpreter::run(thread)),
        None => interpreter::run(thread),
    }
}
