//! The table from shape id to layout, class and version: one flat array, read without a lock.
//!
//! An entry is filled before its id is published in a header. Ids are never reused, since inline caches may remember them for ever, but rows are: the low bits of an
//! id are its row, the others count how often the row was given out. The last time it stays.

use taipan_threading::sync::Mutex;
use taipan_threading::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering};

use crate::header::Header;
use crate::ops::Ops;

/// Index into the shape table. 0: a free block.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[repr(transparent)]
pub struct ShapeId(pub u32);

impl ShapeId {
    /// The row in the table. Of all ids with this row one at most is in use.
    #[inline(always)]
    pub fn row(self) -> u32 {
        self.0 & (CAPACITY as u32 - 1)
    }
}

/// One row: what a 32-bit shape id stands for.
#[repr(C)]
pub struct ShapeEntry {
    ops: AtomicPtr<Ops>,
    /// The class object. Written when the entry is made, and while the world is stopped.
    class: AtomicPtr<Header>,
    /// The object model's own description of the shape.
    info: AtomicPtr<()>,
    /// Version of the class: 0 means "do not cache".
    version: AtomicU32,
    flags: AtomicU32,
}

/// Bits of [`ShapeEntry::flags`].
pub mod shape_flags {
    /// Instances have a `__del__`.
    pub const FINALIZER: u32 = 1;
    /// Attribute slots follow the native struct: trace them with the `trace_slots` hook.
    pub const SLOTS: u32 = 2;
    /// The class is not immortal, so the collector must know the instances, whatever their layout. Set by `allocate`.
    pub const HEAP_CLASS: u32 = 4;
    /// What makes the collector know an instance of a layout that holds no references.
    pub const TRACKED: u32 = SLOTS | HEAP_CLASS;
}

const CAPACITY: usize = 1 << 22;

#[allow(clippy::declare_interior_mutable_const)]
const VACANT: ShapeEntry = ShapeEntry {
    ops: AtomicPtr::new(std::ptr::null_mut()),
    class: AtomicPtr::new(std::ptr::null_mut()),
    info: AtomicPtr::new(std::ptr::null_mut()),
    version: AtomicU32::new(0),
    flags: AtomicU32::new(0),
};
static TABLE: [ShapeEntry; CAPACITY] = [VACANT; CAPACITY];
static NEXT: AtomicU32 = AtomicU32::new(1);
/// The next ids of rows that were given up.
static RELEASED: Mutex<Vec<u32>> = Mutex::new(Vec::new());

/// The row of `id`.
#[inline(always)]
pub fn entry(id: ShapeId) -> &'static ShapeEntry {
    &TABLE[id.row() as usize]
}

/// Makes a new shape. `None` when all four million rows are taken.
pub fn allocate(
    ops: &'static Ops,
    class: *mut Header,
    info: *mut (),
    version: u32,
    flags: u32,
) -> Option<ShapeId> {
    let released = RELEASED.lock().pop();
    let id = match released {
        Some(id) => id,
        None => {
            let id = NEXT.fetch_add(1, Ordering::Relaxed);
            if id as usize >= CAPACITY {
                NEXT.store(CAPACITY as u32, Ordering::Relaxed);
                return None;
            }
            id
        }
    };
    let row = entry(ShapeId(id));
    row.class.store(class, Ordering::Relaxed);
    row.info.store(info, Ordering::Relaxed);
    row.version.store(version, Ordering::Relaxed);
    row.flags.store(flags | heap_class_flag(class), Ordering::Relaxed);
    row.ops.store(std::ptr::from_ref(ops).cast_mut(), Ordering::Release);
    Some(ShapeId(id))
}

/// Gives the row of a shape up that no object has: the world is stopped, so nobody is looking at it.
pub fn release(id: ShapeId) {
    let row = entry(id);
    row.class.store(std::ptr::null_mut(), Ordering::Relaxed);
    row.info.store(std::ptr::null_mut(), Ordering::Relaxed);
    row.version.store(0, Ordering::Relaxed);
    row.flags.store(0, Ordering::Relaxed);
    if let Some(next) = id.0.checked_add(CAPACITY as u32) {
        RELEASED.lock().push(next);
    }
}

/// `HEAP_CLASS` if the class may be collected.
fn heap_class_flag(class: *mut Header) -> u32 {
    // SAFETY: classes given to the table are objects, and alive.
    if class.is_null() || unsafe { (*class).is_immortal() } { 0 } else { shape_flags::HEAP_CLASS }
}

/// Before the first collection, when no class can have died yet: finds classes that became immortal after their shapes were
/// made (those of the built-in types). The world is stopped.
pub(crate) fn refresh_heap_classes() {
    static DONE: AtomicBool = AtomicBool::new(false);
    if DONE.swap(true, Ordering::Relaxed) {
        return;
    }
    for id in 1..=count().min(CAPACITY as u32 - 1) {
        let row = entry(ShapeId(id));
        row.flags
            .store(row.flags() & !shape_flags::HEAP_CLASS | heap_class_flag(row.class()), Ordering::Relaxed);
    }
}

/// Number of rows given out so far; they are `1..=count`.
pub fn count() -> u32 {
    NEXT.load(Ordering::Relaxed) - 1
}

impl ShapeEntry {
    #[inline(always)]
    pub fn ops(&self) -> &'static Ops {
        // SAFETY: an id is published only after `allocate` stored a `&'static Ops`.
        unsafe { &*self.ops.load(Ordering::Relaxed) }
    }
    /// Address of the layout table, for exact layout checks.
    #[inline(always)]
    pub fn ops_ptr(&self) -> *const Ops {
        self.ops.load(Ordering::Relaxed)
    }
    #[inline(always)]
    pub fn class(&self) -> *mut Header {
        self.class.load(Ordering::Acquire)
    }
    pub fn set_class(&self, class: *mut Header) {
        self.flags.fetch_or(heap_class_flag(class), Ordering::Relaxed);
        self.class.store(class, Ordering::Release);
    }
    #[inline(always)]
    pub fn info(&self) -> *mut () {
        self.info.load(Ordering::Acquire)
    }
    pub fn set_info(&self, info: *mut ()) {
        self.info.store(info, Ordering::Release);
    }
    #[inline(always)]
    pub fn version(&self) -> u32 {
        self.version.load(Ordering::Acquire)
    }
    pub fn set_version(&self, version: u32) {
        self.version.store(version, Ordering::Release);
    }
    #[inline(always)]
    pub fn flags(&self) -> u32 {
        self.flags.load(Ordering::Relaxed)
    }
    /// Replaces the flags but `HEAP_CLASS`, which the table keeps.
    pub fn set_flags(&self, flags: u32) {
        self.flags.store(flags | heap_class_flag(self.class()), Ordering::Relaxed);
    }
}
