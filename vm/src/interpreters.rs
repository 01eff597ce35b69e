//! Interpreters: what one process may have several of (PEP 734), and how a thread knows which one it runs in.
//!
//! | per interpreter | shared by all |
//! | --- | --- |
//! | `sys`, `builtins`, `sys.modules`, module objects of native modules, the import machinery and its compiled code | built-in and native classes, immortal constants, interned strings |
//! | codec registry, `copyreg` tables, warning filters, audit hooks, `atexit`, fork hooks, threads to join, whatever a native module keeps of the program's objects | heap, collector, monitoring tools, settings, signals (the main interpreter's) |
//!
//! A native module keeps the first kind in a [`PerInterpreter`] where it would have a `OnceLock` otherwise. There is one heap and no lock
//! between interpreters: isolation is a matter of who can reach what, so they run in parallel like any threads, and an immortal object can
//! be passed by reference.
//!
//! A thread belongs to one interpreter at a time: that of the thread that started it, or the one whose code it runs for the moment
//! ([`Interpreter::run`]). It keeps its interpreter alive (by an `Arc`), so a reference to the current interpreter or something in it lasts as long as
//! the thread stays inside.

mod config;
mod lifecycle;

use std::any::Any;
use std::marker::PhantomData;
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use taipan_threading::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};

pub use config::{Gil, InterpreterConfig};
pub(crate) use lifecycle::dismiss_threads;
pub use lifecycle::{Closing, create, create_idle, destroy, destroy_all, end};

/// Who made an interpreter: `_interpreters.WHENCE_…`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whence {
    Unknown = 0,
    Runtime = 1,
    LegacyCapi = 2,
    Capi = 3,
    CrossInterpreter = 4,
    Stdlib = 5,
}

/// What is to be done when the interpreter of an id has ended.
type EndHook = fn(i64);
static END_HOOKS: Mutex<Vec<EndHook>> = Mutex::new(Vec::new());

/// Has `hook` called with the id of every interpreter that has ended, in the thread that ended it.
pub fn on_end(hook: EndHook) {
    let mut hooks = END_HOOKS.lock();
    if !hooks.iter().any(|known| std::ptr::fn_addr_eq(*known, hook)) {
        hooks.push(hook);
    }
}

fn has_ended(id: i64) {
    let hooks = END_HOOKS.lock().clone();
    for hook in hooks {
        hook(id);
    }
}

/// How many [`PerInterpreter`] variables there can be.
const CELLS: usize = 96;

type Cells = [OnceLock<Box<dyn Any + Send + Sync>>; CELLS];

/// One interpreter.
pub struct Interpreter {
    id: i64,
    whence: Whence,
    config: InterpreterConfig,
    /// Set when start-up is complete.
    ready: AtomicBool,
    /// Set when the end begins.
    finalizing: AtomicBool,
    /// Whether some thread executes its `__main__`.
    running: AtomicBool,
    /// References by id (`_interpreters.incref`).
    references: AtomicI64,
    /// Whether the last of these references ends the interpreter.
    owned: AtomicBool,
    /// Set if that happened while it was running.
    abandoned: AtomicBool,
    /// Threads started in it that have not ended.
    threads: AtomicUsize,
    cells: Cells,
}

static MAIN: OnceLock<Arc<Interpreter>> = OnceLock::new();
/// All interpreters but the main one, by id.
static OTHERS: Mutex<Vec<Arc<Interpreter>>> = Mutex::new(Vec::new());
static NEXT_ID: AtomicI64 = AtomicI64::new(1);

fn new(id: i64, whence: Whence, config: InterpreterConfig) -> Arc<Interpreter> {
    Arc::new(Interpreter {
        id,
        whence,
        config,
        ready: AtomicBool::new(false),
        finalizing: AtomicBool::new(false),
        running: AtomicBool::new(false),
        references: AtomicI64::new(0),
        owned: AtomicBool::new(false),
        abandoned: AtomicBool::new(false),
        threads: AtomicUsize::new(0),
        cells: [const { OnceLock::new() }; CELLS],
    })
}

/// The main interpreter: the process begins and ends with it.
pub fn main() -> &'static Arc<Interpreter> {
    MAIN.get_or_init(|| new(0, Whence::Runtime, InterpreterConfig::MAIN))
}

/// The calling thread's interpreter; the main one for threads that run no Python code.
#[inline]
pub fn current() -> &'static Interpreter {
    crate::thread::try_current().map_or_else(|| &**main(), |thread| thread.interpreter())
}

/// The interpreter of an id.
pub fn find(id: i64) -> Option<Arc<Interpreter>> {
    if id == 0 {
        return Some(main().clone());
    }
    OTHERS.lock().iter().find(|interpreter| interpreter.id == id).cloned()
}

/// All interpreters by id.
pub fn all() -> Vec<Arc<Interpreter>> {
    let mut list = vec![main().clone()];
    list.extend(OTHERS.lock().iter().cloned());
    list
}

/// The id that the next new interpreter gets.
pub fn next_id() -> i64 {
    NEXT_ID.load(Ordering::Relaxed)
}

/// In a forked child, whose only thread it is: the other interpreters are gone, `left` threads of this one are left.
pub fn after_fork_child(left: usize) {
    let own = current();
    own.keep_threads(left);
    let others = std::mem::take(&mut *OTHERS.lock());
    let (stay, gone): (Vec<_>, Vec<_>) = others.into_iter().partition(|other| std::ptr::eq(&**other, own));
    *OTHERS.lock() = stay;
    // Their objects stay as they are: no code of theirs is to run in this process.
    gone.into_iter().for_each(std::mem::forget);
}

impl Interpreter {
    pub fn id(&self) -> i64 {
        self.id
    }
    pub fn whence(&self) -> Whence {
        self.whence
    }
    pub fn config(&self) -> &InterpreterConfig {
        &self.config
    }
    pub fn is_main(&self) -> bool {
        self.id == 0
    }
    /// Whether this is the calling thread's.
    pub fn is_current(&self) -> bool {
        std::ptr::eq(self, current())
    }
    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }
    pub(crate) fn set_ready(&self) {
        self.ready.store(true, Ordering::Release);
    }
    /// Whether the end has begun.
    pub fn is_finalizing(&self) -> bool {
        self.finalizing.load(Ordering::Acquire)
    }
    pub(crate) fn set_finalizing(&self) {
        self.finalizing.store(true, Ordering::Release);
    }
    /// Whether some thread executes its `__main__`.
    pub fn is_running(&self) -> bool {
        self.running.load(Ordering::Acquire)
    }
    /// Takes the right to execute `__main__`; false if somebody has it.
    pub fn start_running(&self) -> bool {
        self.running.compare_exchange(false, true, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
    /// Undoes [`Interpreter::start_running`].
    pub fn stop_running(&self) {
        self.running.store(false, Ordering::Release);
    }
    /// Counts a thread started in this interpreter.
    pub fn thread_started(&self) {
        self.threads.fetch_add(1, Ordering::AcqRel);
    }
    /// Undoes [`Interpreter::thread_started`].
    pub fn thread_ended(&self) {
        self.threads.fetch_sub(1, Ordering::AcqRel);
    }
    /// Threads started in this interpreter that have not ended.
    pub fn threads(&self) -> usize {
        self.threads.load(Ordering::Acquire)
    }
    /// In a forked child: at most the calling thread is left.
    pub fn keep_threads(&self, left: usize) {
        self.threads.store(left, Ordering::Release);
    }
    /// The interpreter ends with the last reference by id from now on.
    pub fn own(&self) {
        self.owned.store(true, Ordering::Release);
    }
    /// One more reference by id.
    pub fn incref(&self) {
        self.references.fetch_add(1, Ordering::AcqRel);
    }
    /// One reference by id less; whether the interpreter is to end now.
    #[must_use]
    pub fn decref(&self) -> bool {
        let last = self.references.fetch_sub(1, Ordering::AcqRel) == 1 && self.owned.load(Ordering::Acquire);
        if last && self.is_running() {
            self.abandoned.store(true, Ordering::Release);
        }
        last
    }
    /// Whether the last reference by id went while the interpreter was running: it is to end now.
    pub fn is_abandoned(&self) -> bool {
        self.abandoned.load(Ordering::Acquire)
    }
    /// Runs `work` as this interpreter's code, in the calling thread: with a stack, a context and an exception state of its own.
    pub fn run<R>(self: &Arc<Self>, work: impl FnOnce() -> R) -> R {
        crate::thread::current().run_inside(self, work)
    }
}

/// A variable of which each interpreter has its own, set at most once; used like a `OnceLock`.
pub struct PerInterpreter<T> {
    /// One more than the index of the cell; 0 before the first use.
    cell: AtomicUsize,
    content: PhantomData<fn() -> T>,
}

/// Serializes giving out cells.
static CELLS_USED: Mutex<usize> = Mutex::new(0);

impl<T: Send + Sync + 'static> PerInterpreter<T> {
    #[allow(clippy::new_without_default, reason = "only ever a static's initial value")]
    pub const fn new() -> Self {
        PerInterpreter { cell: AtomicUsize::new(0), content: PhantomData }
    }
    fn index(&self) -> usize {
        match self.cell.load(Ordering::Acquire) {
            0 => self.index_slow(),
            number => number - 1,
        }
    }
    #[cold]
    fn index_slow(&self) -> usize {
        let mut used = CELLS_USED.lock();
        let known = self.cell.load(Ordering::Acquire);
        if known != 0 {
            return known - 1;
        }
        assert!(*used < CELLS, "there are cells for all variables");
        *used += 1;
        self.cell.store(*used, Ordering::Release);
        *used - 1
    }
    /// The variable of an interpreter, if it is set.
    pub fn of<'a>(&self, interpreter: &'a Interpreter) -> Option<&'a T> {
        interpreter.cells[self.index()].get()?.downcast_ref()
    }
    /// The current interpreter's, if it is set.
    pub fn get(&self) -> Option<&'static T> {
        self.of(current())
    }
    /// Sets the current interpreter's; gives the value back if it is set already.
    pub fn set(&self, value: T) -> Result<(), T> {
        let mut value = Some(value);
        self.get_or_init(|| value.take().expect("called once"));
        value.map_or(Ok(()), Err)
    }
    /// The current interpreter's, made by `make` if it is not set. `make` runs no Python code.
    pub fn get_or_init(&self, make: impl FnOnce() -> T) -> &'static T {
        self.of_or_init(current(), make)
    }
    /// An interpreter's, made by `make` if it is not set. `make` runs no Python code.
    pub fn of_or_init<'a>(&self, interpreter: &'a Interpreter, make: impl FnOnce() -> T) -> &'a T {
        let content = interpreter.cells[self.index()].get_or_init(|| Box::new(make()));
        content.downcast_ref().expect("a cell belongs to one variable")
    }
}

impl<T: Default + Send + Sync + 'static> PerInterpreter<T> {
    /// The current interpreter's; the default value at first.
    pub fn get_or_default(&self) -> &'static T {
        self.get_or_init(T::default)
    }
}
