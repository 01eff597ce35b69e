//! Starting threads, and their life from the first to the last instruction.

use std::cell::Cell;
use std::os::unix::thread::JoinHandleExt;
use std::sync::Arc;

use taipan_objects::dict::PyDict;
use taipan_objects::prelude::*;
use taipan_objects::tuple::PyTuple;
use taipan_objects::{hooks, protocol};
use taipan_threading::sync::atomic::{AtomicBool, Ordering};
use taipan_vm::interpreters::{self, Interpreter};
use taipan_vm::thread::VmThread;

use super::handle::{self, Shared};
use super::{STACK_SIZE, at_shutdown, local};

/// Bytes of a thread's stack unless `stack_size` says otherwise.
const DEFAULT_STACK: usize = 16 << 20;
/// What the interpreter needs in any case.
const NEEDED_STACK: usize = 1 << 20;

/// Threads started by the current interpreter that have not ended.
pub fn running() -> usize {
    interpreters::current().threads()
}

/// Whether the process was forked by a thread that was started here, so that it has no thread that runs its `main`.
static HAS_NO_MAIN: AtomicBool = AtomicBool::new(false);

/// In a forked child: at most this thread is left.
pub fn after_fork_child() {
    HAS_NO_MAIN.store(IS_MINE.get(), Ordering::Release);
    interpreters::after_fork_child(usize::from(IS_MINE.get()));
}

thread_local! {
    /// Whether the calling thread was started here.
    static IS_MINE: Cell<bool> = const { Cell::new(false) };
}

/// What a thread does.
struct Job {
    function: Obj,
    args: Vec<Obj>,
    keyword_names: Vec<Obj>,
    keyword_values: Vec<Obj>,
}

impl Job {
    fn run(&self) {
        let args = Args::with_keywords(&self.args, &self.keyword_names, &self.keyword_values);
        if protocol::call_args(&self.function, &args).is_ok() {
            return;
        }
        let exception = take_raised();
        if class_of(&exception).is_subtype(&types().system_exit) {
            return;
        }
        let shown = protocol::repr_string(&self.function).unwrap_or_else(|_| {
            drop(take_raised());
            "<unprintable function>".to_owned()
        });
        let Raised = set_raised(exception);
        hooks::unraisable(Some(&format!("Exception ignored in thread started by {shown}")), None);
    }
}

/// Runs what the thread that sees to limbo has to do as a Python thread of the main interpreter.
fn serve_limbo(work: &mut dyn FnMut()) {
    VmThread::enter(interpreters::main().clone());
    work();
    drop(replace_handled(None));
    local::thread_ends();
    VmThread::leave();
}

/// The whole life of the thread.
fn live(job: Job, interpreter: Arc<Interpreter>, handle: &Arc<Shared>) {
    let thread = VmThread::enter(interpreter);
    IS_MINE.set(true);
    handle.started(thread.ident.get());
    job.run();
    drop(job);
    drop(replace_handled(None));
    local::thread_ends();
    let interpreter = thread.shared_interpreter();
    interpreter.thread_ended();
    VmThread::leave();
    handle.finish();
    if HAS_NO_MAIN.load(Ordering::Acquire)
        && interpreter.threads() == 0
        && HAS_NO_MAIN.swap(false, Ordering::AcqRel)
    {
        // The system ends a process with its last thread; but those that serve the memory go on.
        std::process::exit(0);
    }
}

fn spawn(job: Job, handle: &Arc<Shared>, daemon: bool) -> PyResult<u64> {
    let config = interpreters::current().config();
    if !config.allow_threads {
        return Err(runtime_error("thread is not supported for isolated subinterpreters"));
    }
    if daemon && !config.allow_daemon_threads {
        return Err(runtime_error("daemon thread is not supported for isolated subinterpreters"));
    }
    if taipan_vm::sys::is_finalizing() {
        return Err(at_shutdown("can't create new thread at interpreter shutdown"));
    }
    if !handle.begin(daemon) {
        return Err(runtime_error("thread already started"));
    }
    let stack = match STACK_SIZE.load(Ordering::Relaxed) {
        0 => DEFAULT_STACK,
        size => size.max(NEEDED_STACK),
    };
    // Until there is a second thread nothing comes into limbo.
    taipan_gc::limbo::monitor::set_runner(serve_limbo);
    taipan_threading::prepare_thread_start();
    let interpreter = taipan_vm::thread::current().shared_interpreter();
    interpreter.thread_started();
    let own = interpreter.clone();
    let in_thread = handle.clone();
    // A job that could not be handed over is dropped here, attached.
    match std::thread::Builder::new().stack_size(stack).spawn(move || live(job, own, &in_thread)) {
        Ok(thread) => {
            let ident = thread.as_pthread_t() as u64;
            handle.started(ident);
            Ok(ident)
        }
        Err(_) => {
            interpreter.thread_ended();
            handle.abandon();
            Err(runtime_error("can't start new thread"))
        }
    }
}

/// `_thread.start_new_thread`.
pub fn start_new_thread(function: &Obj, args: &Obj, kwargs: Option<&Obj>) -> PyResult<u64> {
    if !protocol::is_callable(function) {
        return Err(type_error("first arg must be callable"));
    }
    let Some(tuple) = args.downcast::<PyTuple>() else { return Err(type_error("2nd arg must be a tuple")) };
    let (mut keyword_names, mut keyword_values) = (Vec::new(), Vec::new());
    if let Some(kwargs) = kwargs {
        let Some(dict) = kwargs.downcast::<PyDict>() else {
            return Err(type_error("optional 3rd arg must be a dictionary"));
        };
        for (name, value) in dict.snapshot() {
            if !name.is_layout::<PyStr>() {
                return Err(type_error("keywords must be strings"));
            }
            keyword_names.push(name);
            keyword_values.push(value);
        }
    }
    let job = Job { function: function.clone(), args: tuple.to_vec(), keyword_names, keyword_values };
    spawn(job, &Shared::new(), true)
}

/// `_thread.start_joinable_thread`.
pub fn start_joinable_thread(function: &Obj, handle: Option<&Obj>, daemon: bool) -> PyResult<Obj> {
    if !protocol::is_callable(function) {
        return Err(type_error("thread function must be callable"));
    }
    let handle = match handle {
        Some(handle) => handle.clone(),
        None => handle::new(Shared::new()),
    };
    let job = Job {
        function: function.clone(),
        args: Vec::new(),
        keyword_names: Vec::new(),
        keyword_values: Vec::new(),
    };
    spawn(job, &handle::shared(&handle)?, daemon)?;
    Ok(handle)
}
