//! What the interpreter keeps for each thread: the value stack, the frame stack, depth limits.
//!
//! Both stacks are reserved address space that is touched as it is used, so they never move. The owner pushes and pops; the collector
//! reads `[base, top)` of the value stack and the frames below `depth` while the world is stopped.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use parking_lot::Mutex;
use taipan_objects::{Obj, Tracer, Value};
use taipan_threading::sync::atomic::{AtomicUsize, Ordering};

use crate::frame::Frame;
use crate::interpreters::Interpreter;

/// Words of a value stack (address space; pages are touched as needed).
const VALUE_STACK: usize = 8 << 20;
/// Frames of a frame stack: the most that `sys.setrecursionlimit` can mean.
pub const MAX_FRAMES: usize = 220_000;

/// A thread's interpreter state.
pub struct VmThread {
    values: *mut Value,
    /// See [`VmThread::limit`].
    limit: *mut Value,
    frames: *mut Frame,
    /// First free word of the value stack.
    pub top: Cell<*mut Value>,
    /// What a generator's frame that ended in the quick tier has for its native resumer. Empty but for the few instructions between; counted if code may run there.
    pub result: Cell<Value>,
    /// Number of frames.
    pub depth: Cell<usize>,
    /// Nested native calls into the interpreter.
    pub native_depth: Cell<usize>,
    /// Machine code enters no other while the machine stack is below this address. Kept up to date by who enters machine code.
    pub stack_limit: Cell<usize>,
    pub threading: &'static taipan_threading::ThreadState,
    /// The exception that another thread asked to raise here (`PyThreadState_SetAsyncExc`).
    pub async_exception: Mutex<Option<Obj>>,
    /// `sys.settrace` / `sys.setprofile` functions of this thread.
    pub trace: taipan_objects::Slot,
    pub profile: taipan_objects::Slot,
    pub tracing: crate::trace::Tracing,
    /// The exceptions that the thread handles.
    pub handled: taipan_objects::error::HandledPlace,
    /// `threading.get_ident()`.
    pub ident: Cell<u64>,
    /// The current `contextvars.Context`.
    pub context: taipan_objects::Slot,
    /// The interpreter whose code the thread runs: the last of `inside`.
    interpreter: Cell<*const Interpreter>,
    /// The interpreters that the thread is in, one calling the next; they live as long as they are here.
    inside: RefCell<Vec<Arc<Interpreter>>>,
    /// Number of frames that belong to the callers of the interpreter that runs now.
    pub floor: Cell<usize>,
    /// What executes an instruction, by opcode.
    pub(crate) handlers: crate::interpreter::quick::Table,
}

/// Where parts of it are, in bytes, for machine code.
pub mod layout {
    use std::mem::offset_of;

    use super::VmThread;

    pub const TOP: i32 = offset_of!(VmThread, top) as i32;
    pub const DEPTH: i32 = offset_of!(VmThread, depth) as i32;
    pub const LIMIT: i32 = offset_of!(VmThread, limit) as i32;
    pub const STACK_LIMIT: i32 = offset_of!(VmThread, stack_limit) as i32;

    /// Where the recursion limit is.
    pub fn recursion_limit() -> *const u8 {
        std::ptr::from_ref(&super::RECURSION_LIMIT).cast()
    }
}

// SAFETY: other threads look at it only while the world is stopped (see the module), or at the atomic and locked fields.
unsafe impl Sync for VmThread {}
// SAFETY: as above.
unsafe impl Send for VmThread {}

static ALL: Mutex<Vec<usize>> = Mutex::new(Vec::new());
static RECURSION_LIMIT: AtomicUsize = AtomicUsize::new(1000);

thread_local! {
    static CURRENT: Cell<*const VmThread> = const { Cell::new(std::ptr::null()) };
}

/// `sys.getrecursionlimit()`.
#[inline(always)]
pub fn recursion_limit() -> usize {
    RECURSION_LIMIT.load(Ordering::Relaxed)
}

/// `sys.setrecursionlimit()`.
pub fn set_recursion_limit(limit: usize) {
    RECURSION_LIMIT.store(limit.min(MAX_FRAMES - 64), Ordering::Relaxed);
}

fn reserve(bytes: usize) -> *mut u8 {
    // SAFETY: an anonymous private mapping at any address.
    let address = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            bytes,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
            -1,
            0,
        )
    };
    assert!(address != libc::MAP_FAILED, "no address space for a thread's stacks");
    address.cast()
}

/// The calling thread's interpreter state. The thread must have called [`VmThread::enter`].
#[inline(always)]
pub fn current() -> &'static VmThread {
    let current = CURRENT.get();
    assert!(!current.is_null(), "the thread is attached to the interpreter");
    // SAFETY: set by `enter`, cleared by `leave`; only this thread can be asking.
    unsafe { &*current }
}

/// The calling thread's interpreter state, if it has one.
pub fn try_current() -> Option<&'static VmThread> {
    // SAFETY: as in `current`.
    unsafe { CURRENT.get().as_ref() }
}

impl VmThread {
    /// Makes the calling OS thread a Python thread of an interpreter: registers it and gives it stacks. Ends with [`VmThread::leave`].
    pub fn enter(interpreter: Arc<Interpreter>) -> &'static VmThread {
        let threading = taipan_threading::register_thread();
        taipan_gc::thread::enter();
        let values = reserve(VALUE_STACK * size_of::<Value>()).cast::<Value>();
        let thread = Box::new(VmThread {
            values,
            limit: values.wrapping_add(VALUE_STACK - 4096),
            frames: reserve(MAX_FRAMES * size_of::<Frame>()).cast(),
            top: Cell::new(values),
            result: Cell::new(Value::EMPTY),
            depth: Cell::new(0),
            native_depth: Cell::new(0),
            stack_limit: Cell::new(0),
            threading,
            async_exception: Mutex::new(None),
            trace: taipan_objects::Slot::empty(),
            profile: taipan_objects::Slot::empty(),
            tracing: crate::trace::Tracing::default(),
            handled: taipan_objects::error::HandledPlace::here(),
            ident: Cell::new(threading.pthread_id() as u64),
            context: taipan_objects::Slot::empty(),
            interpreter: Cell::new(Arc::as_ptr(&interpreter)),
            inside: RefCell::new(vec![interpreter]),
            floor: Cell::new(0),
            handlers: crate::interpreter::quick::HANDLERS,
        });
        let thread: &'static VmThread = Box::leak(thread);
        threading.set_interpreter(std::ptr::from_ref(thread).cast_mut().cast());
        ALL.lock().push(std::ptr::from_ref(thread).expose_provenance());
        CURRENT.set(thread);
        crate::trace::refresh(thread);
        thread
    }
    /// Undoes [`VmThread::enter`] for the calling thread, which runs no Python code any more.
    pub fn leave() {
        let this = current();
        taipan_threading::unregister_thread(|| {
            drop(taipan_objects::error::replace_handled(None));
            drop(taipan_objects::error::try_take_raised());
            drop(this.async_exception.lock().take());
            for slot in [&this.trace, &this.profile, &this.context] {
                drop(slot.take());
            }
            taipan_gc::thread::exiting();
            let address = std::ptr::from_ref(this).addr();
            ALL.lock().retain(|a| *a != address);
            CURRENT.set(std::ptr::null());
        });
        // SAFETY: nobody refers to the stacks any more: the state left the list that the collector walks.
        unsafe {
            libc::munmap(this.values.cast(), VALUE_STACK * size_of::<Value>());
            libc::munmap(this.frames.cast(), MAX_FRAMES * size_of::<Frame>());
            drop(Box::from_raw(std::ptr::from_ref(this).cast_mut()));
        }
    }
    /// The interpreter whose code the thread runs.
    #[inline(always)]
    pub fn interpreter(&self) -> &'static Interpreter {
        // SAFETY: `inside` keeps it alive; references to the current interpreter do not outlast the thread's stay in it.
        unsafe { &*self.interpreter.get() }
    }
    /// The same, to keep.
    pub fn shared_interpreter(&self) -> Arc<Interpreter> {
        let inside = self.inside.borrow();
        inside.last().expect("a thread is in an interpreter").clone()
    }
    /// Runs `work` inside `interpreter`, as if in a thread of its own.
    pub fn run_inside<R>(&self, interpreter: &Arc<Interpreter>, work: impl FnOnce() -> R) -> R {
        let outer = self.interpreter.replace(Arc::as_ptr(interpreter));
        self.inside.borrow_mut().push(interpreter.clone());
        let floor = self.floor.replace(self.depth.get());
        let slots = [&self.trace, &self.profile, &self.context];
        let saved = slots.map(taipan_objects::Slot::take);
        let local = crate::sys::take_thread_hooks();
        let handled = taipan_objects::error::replace_handled(None);
        crate::trace::refresh(self);
        let result = work();
        drop(taipan_objects::error::replace_handled(handled));
        crate::sys::restore_thread_hooks(local);
        for (slot, value) in slots.into_iter().zip(saved) {
            drop(slot.replace(value));
        }
        self.floor.set(floor);
        let left = self.inside.borrow_mut().pop();
        self.interpreter.set(outer);
        crate::trace::refresh(self);
        drop(left);
        result
    }
    /// Index of the frame `depth` below the innermost one of the running interpreter.
    pub fn visible(&self, depth: usize) -> Option<usize> {
        let index = self.depth.get().checked_sub(depth.checked_add(1)?)?;
        (index >= self.floor.get()).then_some(index)
    }
    /// In a forked child: forgets all other threads' stacks.
    pub fn after_fork_child() {
        let address = std::ptr::from_ref(current()).addr();
        ALL.lock().retain(|a| *a == address);
    }
    /// End of the value stack.
    #[inline(always)]
    pub fn limit(&self) -> *mut Value {
        self.limit
    }
    /// Frame number `i`, counted from the bottom.
    #[inline(always)]
    pub fn frame(&self, i: usize) -> *mut Frame {
        debug_assert!(i < MAX_FRAMES);
        // SAFETY: the mapping has MAX_FRAMES frames.
        unsafe { self.frames.add(i) }
    }
    /// The innermost frame; null if there is none.
    #[inline(always)]
    pub fn innermost(&self) -> *mut Frame {
        match self.depth.get() {
            0 => std::ptr::null_mut(),
            depth => self.frame(depth - 1),
        }
    }
    /// Visits every value in registers and frames.
    fn trace(&self, tracer: &mut Tracer<'_>) {
        let mut at = self.values;
        while at < self.top.get() {
            // SAFETY: below `top`, so initialized (the mapping starts zeroed).
            let value = unsafe { *at };
            if value.is_ptr() {
                tracer(value, 1);
            }
            at = at.wrapping_add(1);
        }
        for i in 0..self.depth.get() {
            // SAFETY: below `depth`.
            unsafe { (*self.frame(i)).trace(tracer) };
        }
    }
}

/// The collector's `trace_registers` hook; the world is stopped.
pub fn trace_all(tracer: &mut Tracer<'_>) {
    for address in ALL.lock().iter() {
        let thread: *const VmThread = std::ptr::with_exposed_provenance(*address);
        // SAFETY: threads remove themselves before they are freed.
        unsafe { (*thread).trace(tracer) };
    }
}

/// Runs `f` for every thread's state. Only for atomic and locked fields, unless the world is stopped.
pub fn for_each(mut f: impl FnMut(&VmThread)) {
    for address in ALL.lock().iter() {
        let thread: *const VmThread = std::ptr::with_exposed_provenance(*address);
        // SAFETY: threads remove themselves before they are freed, under the same lock.
        f(unsafe { &*thread });
    }
}

/// Raises `exception` (a class or an instance) in the thread of that `ident` at its next safepoint, or, without one, takes back what was
/// asked for. False: there is no such thread.
pub fn raise_in(ident: u64, exception: Option<Obj>) -> bool {
    let mut exception = Some(exception);
    let mut replaced = None;
    for_each(|thread| {
        if thread.threading.pthread_id() as u64 == ident
            && let Some(exception) = exception.take()
        {
            let wanted = exception.is_some();
            replaced = std::mem::replace(&mut *thread.async_exception.lock(), exception);
            if wanted {
                thread.threading.request(taipan_threading::safepoint::ASYNC_EXC);
            }
        }
    });
    drop(replaced);
    exception.is_none()
}

/// Raises `SystemExit` in all threads of an interpreter but the calling one.
pub fn dismiss(interpreter: &Interpreter) {
    let me = std::ptr::from_ref(current());
    let mut replaced = Vec::new();
    // Stopped, because a thread changes its interpreter without a lock.
    taipan_threading::stop_the_world(|_| {
        for_each(|thread| {
            if std::ptr::eq(thread.interpreter.get(), interpreter) && !std::ptr::eq(thread, me) {
                let exit = taipan_objects::types::types().system_exit.to_obj();
                replaced.push(thread.async_exception.lock().replace(exit));
                thread.threading.request(taipan_threading::safepoint::ASYNC_EXC);
            }
        });
    });
    drop(replaced);
}
