//! The 16-byte object header.
//!
//! ```text
//!  0        4         8        12      14     15     16
//!  | local  | shared  | shape  | owner | lock | flags |
//! ```
//!
//! | field | written by | read by |
//! | --- | --- | --- |
//! | `local` | the owner thread, plainly; all ones: immortal, never written again | anyone |
//! | `shared` | others, by atomic read-modify-write; count `<< 2` plus two state bits | anyone |
//! | `shape` | under the object's lock (release) | anyone (acquire) |
//! | `owner` | the owner (to 0 when merging) | anyone |
//! | `lock` | [`ObjectLock`]'s protocol | |
//! | `flags` | atomic or | anyone |

use taipan_threading::ObjectLock;
use taipan_threading::sync::atomic::{AtomicI32, AtomicU8, AtomicU16, AtomicU32, Ordering};

use crate::shape_table::{self, ShapeEntry, ShapeId};
use crate::{Ops, refcount};

/// Flag bits of a header; see the constants.
pub struct HeaderFlags;

impl HeaderFlags {
    /// A thread that is not the owner has read a reference to this object without counting it. Sticky.
    pub const SEEN: u8 = 1;
    /// Freed by the collector only; references from registers are not counted.
    pub const DEFERRED: u8 = 2;
    /// The weak reference registry has an entry.
    pub const WEAKREFS: u8 = 4;
    /// The finalizer has run (PEP 442).
    pub const FINALIZED: u8 = 8;
    /// Waiting in limbo, count zero.
    pub const LIMBO: u8 = 16;
    /// Being freed, or free: no reference can be made. Stays set until the block is used again.
    pub const DYING: u8 = 32;
    /// Free for the layout's own use.
    pub const LAYOUT_A: u8 = 64;
    /// Free for the layout's own use.
    pub const LAYOUT_B: u8 = 128;
}

/// What every heap object starts with; see the module.
#[repr(C, align(8))]
pub struct Header {
    pub(crate) local: AtomicU32,
    pub(crate) shared: AtomicI32,
    shape: AtomicU32,
    pub(crate) owner: AtomicU16,
    lock: ObjectLock,
    flags: AtomicU8,
}

/// What a new object's header says.
#[derive(Clone, Copy)]
pub(crate) struct Words {
    local: u32,
    shared: i32,
    pub(crate) shape: ShapeId,
    flags: u8,
}

#[cfg(not(loom))]
const _: () = assert!(size_of::<Header>() == 16);

impl Header {
    /// Where the parts are, in bytes, for machine code.
    pub const LOCAL: i32 = std::mem::offset_of!(Header, local) as i32;
    pub const SHAPE: i32 = std::mem::offset_of!(Header, shape) as i32;
    pub const OWNER: i32 = std::mem::offset_of!(Header, owner) as i32;
    pub const FLAGS: i32 = std::mem::offset_of!(Header, flags) as i32;
    /// Two of the flags.
    pub const DEFERRED: u8 = HeaderFlags::DEFERRED;
    pub const DYING: u8 = HeaderFlags::DYING;

    /// The header of a new object with one reference, owned by the calling thread.
    #[inline]
    pub fn new(shape: ShapeId) -> Header {
        Header {
            local: AtomicU32::new(1),
            shared: AtomicI32::new(0),
            shape: AtomicU32::new(shape.0),
            owner: AtomicU16::new(taipan_threading::current_slot()),
            lock: ObjectLock::new(),
            flags: AtomicU8::new(0),
        }
    }

    /// The current shape. Acquire: slots written before the shape was published are visible.
    #[inline(always)]
    pub fn shape(&self) -> ShapeId {
        ShapeId(self.shape.load(Ordering::Acquire))
    }
    /// Publishes a new shape. The caller holds the object's lock.
    #[inline]
    pub fn set_shape(&self, shape: ShapeId) {
        taipan_threading::note_shape_change();
        self.shape.store(shape.0, Ordering::Release);
    }
    #[inline(always)]
    pub fn shape_entry(&self) -> &'static ShapeEntry {
        shape_table::entry(self.shape())
    }
    #[inline(always)]
    pub fn ops(&self) -> &'static Ops {
        self.shape_entry().ops()
    }
    #[inline(always)]
    pub fn lock(&self) -> &ObjectLock {
        &self.lock
    }
    #[inline(always)]
    pub fn flags(&self) -> u8 {
        self.flags.load(Ordering::Relaxed)
    }
    #[inline(always)]
    pub fn has_flag(&self, flag: u8) -> bool {
        self.flags() & flag != 0
    }
    /// Sets `flag`; returns whether it was clear.
    #[inline]
    pub fn set_flag(&self, flag: u8) -> bool {
        self.flags.fetch_or(flag, Ordering::AcqRel) & flag == 0
    }
    #[inline]
    pub fn clear_flag(&self, flag: u8) {
        self.flags.fetch_and(!flag, Ordering::AcqRel);
    }
    #[inline(always)]
    pub(crate) fn flags_word(&self) -> &AtomicU8 {
        &self.flags
    }
    /// Makes this block's header that of a new object, as `header` says. Stale readers may be looking; Release pairs with their
    /// look at the flags (`load_foreign`) and with their increment of the shared count (`weakref::upgrade`).
    #[inline(always)]
    pub(crate) fn publish(&self, header: Words, owner: u16) {
        // Relaxed: see above, and nobody has a reference yet.
        self.local.store(header.local, Ordering::Relaxed);
        self.shared.store(header.shared, Ordering::Release);
        self.shape.store(header.shape.0, Ordering::Relaxed);
        self.owner.store(owner, Ordering::Relaxed);
        self.flags.store(header.flags, Ordering::Release);
    }
    /// What is in a header that is a value still. Read plainly: a new object that is looked at by atomic accesses would be written to the stack first, and
    /// copied from there by words of another size, for which the processor waits.
    #[cfg(not(loom))]
    #[inline(always)]
    pub(crate) fn words(&mut self) -> Words {
        Words {
            local: *self.local.get_mut(),
            shared: *self.shared.get_mut(),
            shape: ShapeId(*self.shape.get_mut()),
            flags: *self.flags.get_mut(),
        }
    }
    #[cfg(loom)]
    pub(crate) fn words(&mut self) -> Words {
        Words {
            local: self.local.load(Ordering::Relaxed),
            shared: self.shared.load(Ordering::Relaxed),
            shape: self.shape(),
            flags: self.flags(),
        }
    }
    /// Makes this the header of a free block; see `heap::page`.
    #[inline(always)]
    pub(crate) fn make_free(&self) {
        self.flags.store(HeaderFlags::DYING, Ordering::Release);
        self.shape.store(0, Ordering::Relaxed);
        self.owner.store(0, Ordering::Relaxed);
        self.shared.store(refcount::protocol::MERGED, Ordering::Relaxed);
    }
    /// Page offset of the next free block; in the local count's place.
    #[inline(always)]
    pub(crate) fn free_link(&self) -> u32 {
        self.local.load(Ordering::Relaxed)
    }
    #[inline(always)]
    pub(crate) fn set_free_link(&self, offset: u32) {
        self.local.store(offset, Ordering::Relaxed);
    }
    #[inline(always)]
    pub fn is_immortal(&self) -> bool {
        self.local.load(Ordering::Relaxed) == refcount::IMMORTAL
    }
    #[inline(always)]
    pub fn owner(&self) -> u16 {
        self.owner.load(Ordering::Relaxed)
    }
}
