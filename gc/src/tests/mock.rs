//! Mock objects: nodes with reference slots, leaves, weak references; a harness with hooks.

use std::cell::{Cell, RefCell};
use std::sync::{Mutex, MutexGuard, Once, OnceLock};

use taipan_threading::sync::atomic::{AtomicUsize, Ordering};

use crate::shape_table::{self, shape_flags};
use crate::{Header, Obj, Object, Ops, Py, ShapeId, Slot, Tracer, Value, WeakSlot, hooks, thread};

pub static LEAVES_DROPPED: AtomicUsize = AtomicUsize::new(0);
pub static NODES_DROPPED: AtomicUsize = AtomicUsize::new(0);
pub static FINALIZED: AtomicUsize = AtomicUsize::new(0);
pub static CALLBACKS: AtomicUsize = AtomicUsize::new(0);

/// No references.
#[repr(C)]
pub struct Leaf {
    header: Header,
    pub number: u64,
}

/// Four references.
#[repr(C)]
pub struct Node {
    header: Header,
    pub slots: [Slot; 4],
}

/// A weak reference.
#[repr(C)]
pub struct Weak {
    header: Header,
    pub slot: WeakSlot,
}

unsafe fn trace_nothing(_: *const Header, _: &mut Tracer<'_>) {}
unsafe fn drop_leaf(_: *mut Header) {
    LEAVES_DROPPED.fetch_add(1, Ordering::Relaxed);
}
unsafe fn trace_node(ptr: *const Header, tracer: &mut Tracer<'_>) {
    // SAFETY: the layout.
    unsafe { (*ptr.cast::<Node>()).slots.iter().for_each(|slot| slot.trace(tracer)) }
}
unsafe fn drop_node(ptr: *mut Header) {
    NODES_DROPPED.fetch_add(1, Ordering::Relaxed);
    // SAFETY: the layout.
    unsafe { std::ptr::drop_in_place(&raw mut (*ptr.cast::<Node>()).slots) }
}
unsafe fn drop_weak(ptr: *mut Header) {
    // SAFETY: the layout.
    unsafe { crate::weakref::unregister(&(*ptr.cast::<Weak>()).slot) }
}

static LEAF: Ops = Ops {
    name: "leaf",
    size: size_of::<Leaf>(),
    trace: trace_nothing,
    drop: drop_leaf,
    tracked: false,
    base: None,
};
static NODE: Ops = Ops {
    name: "node",
    size: size_of::<Node>(),
    trace: trace_node,
    drop: drop_node,
    tracked: true,
    base: None,
};
static WEAK: Ops = Ops {
    name: "weak",
    size: size_of::<Weak>(),
    trace: trace_nothing,
    drop: drop_weak,
    tracked: true,
    base: None,
};

// SAFETY: `repr(C)`, header first, slots are atomic.
unsafe impl Object for Leaf {
    fn ops() -> &'static Ops {
        &LEAF
    }
}
// SAFETY: as above.
unsafe impl Object for Node {
    fn ops() -> &'static Ops {
        &NODE
    }
}
// SAFETY: as above.
unsafe impl Object for Weak {
    fn ops() -> &'static Ops {
        &WEAK
    }
}

fn shape(cell: &OnceLock<ShapeId>, ops: &'static Ops, flags: u32) -> ShapeId {
    *cell.get_or_init(|| {
        shape_table::allocate(ops, std::ptr::null_mut(), std::ptr::null_mut(), 1, flags)
            .expect("ids are left")
    })
}

pub fn leaf(number: u64) -> Py<Leaf> {
    static SHAPE: OnceLock<ShapeId> = OnceLock::new();
    Py::new(Leaf { header: Header::new(shape(&SHAPE, &LEAF, 0)), number })
}
fn node_of(shape: ShapeId) -> Py<Node> {
    Py::new(Node { header: Header::new(shape), slots: [const { Slot::empty() }; 4] })
}
pub fn node() -> Py<Node> {
    static SHAPE: OnceLock<ShapeId> = OnceLock::new();
    node_of(shape(&SHAPE, &NODE, 0))
}
/// A node with a finalizer.
pub fn finalized_node() -> Py<Node> {
    static SHAPE: OnceLock<ShapeId> = OnceLock::new();
    node_of(shape(&SHAPE, &NODE, shape_flags::FINALIZER))
}
/// A node of a class.
pub fn instance(class: &Py<Node>) -> Py<Node> {
    let class = class.as_ptr().cast();
    node_of(shape_table::allocate(&NODE, class, std::ptr::null_mut(), 1, 0).expect("ids are left"))
}
pub fn weak(target: &Obj) -> Py<Weak> {
    static SHAPE: OnceLock<ShapeId> = OnceLock::new();
    let weak = Py::new(Weak { header: Header::new(shape(&SHAPE, &WEAK, 0)), slot: WeakSlot::new() });
    assert!(crate::weakref::register(target, weak.as_obj(), &weak.slot));
    weak
}

impl Node {
    pub fn set(&self, index: usize, value: &Obj) {
        self.slots[index].store(value.clone());
    }
}

type Finalizer = Box<dyn Fn(&Obj)>;
thread_local! {
    /// What the thread's registers hold.
    pub static REGISTERS: RefCell<Vec<Obj>> = const { RefCell::new(Vec::new()) };
    pub static FINALIZER: RefCell<Option<Finalizer>> = const { RefCell::new(None) };
    pub static FINALIZING: Cell<bool> = const { Cell::new(false) };
}
/// Registers of all threads, as the interpreter would have them.
pub static ALL_REGISTERS: Mutex<Vec<RegisterFile>> = Mutex::new(Vec::new());
pub struct RegisterFile(pub *const RefCell<Vec<Obj>>);
// SAFETY: looked at while its thread is stopped.
unsafe impl Send for RegisterFile {}

fn trace_registers(tracer: &mut Tracer<'_>) {
    for file in &*ALL_REGISTERS.lock().unwrap() {
        // SAFETY: the threads are stopped, and unlist their files before they end.
        for object in unsafe { &*(*file.0).as_ptr() } {
            tracer(object.value(), 1);
        }
    }
}

fn finalize(object: &Obj) {
    FINALIZED.fetch_add(1, Ordering::Relaxed);
    FINALIZER.with(|finalizer| {
        if let Some(finalizer) = &*finalizer.borrow() {
            finalizer(object);
        }
    });
}

/// Registers the calling thread with everything for the time of `work`.
pub fn as_thread<R>(work: impl FnOnce() -> R) -> R {
    taipan_threading::register_thread();
    thread::enter();
    let file = REGISTERS.with(std::ptr::from_ref);
    ALL_REGISTERS.lock().unwrap().push(RegisterFile(file));
    struct Leave(*const RefCell<Vec<Obj>>);
    impl Drop for Leave {
        fn drop(&mut self) {
            REGISTERS.with(|registers| registers.borrow_mut().clear());
            FINALIZER.set(None);
            ALL_REGISTERS.lock().unwrap().retain(|other| !std::ptr::eq(other.0, self.0));
            taipan_threading::unregister_thread(thread::exiting);
        }
    }
    let _leave = Leave(file);
    work()
}

/// Serves the poll word as an interpreter would.
pub fn safepoint() {
    if taipan_threading::safepoint() != 0
        && let Some(thread) = taipan_threading::current()
    {
        thread::poll(thread);
    }
}

/// Runs one test alone.
pub fn check(test: impl FnOnce()) {
    static ALONE: Mutex<()> = Mutex::new(());
    static HOOKS: Once = Once::new();
    HOOKS.call_once(|| {
        hooks::install(hooks::Hooks {
            finalize,
            weakref_dead: |_| {
                CALLBACKS.fetch_add(1, Ordering::Relaxed);
            },
            trace_slots: |_, _| {},
            is_finished: |_| false,
            drop_slots: |_| {},
            trace_registers,
            bury: |_| {},
            forget_examples: || {},
        });
    });
    let _alone: MutexGuard<'_, ()> = ALONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    for counter in [&LEAVES_DROPPED, &NODES_DROPPED, &FINALIZED, &CALLBACKS] {
        counter.store(0, Ordering::Relaxed);
    }
    as_thread(|| {
        test();
        let problems = crate::verify::verify();
        assert!(problems.is_empty(), "{problems:?}");
    });
}

pub fn get(counter: &AtomicUsize) -> usize {
    counter.load(Ordering::Relaxed)
}

pub fn value_ptr(object: &Obj) -> *mut Header {
    let value: Value = object.value();
    value.ptr()
}
