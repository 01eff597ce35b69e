//! A heap slot that holds a counted value and is read by other threads without a lock.
//!
//! Writers exchange, so that each content is dropped once; readers follow the foreign-load protocol of `refcount::protocol`.

use taipan_threading::sync::atomic::{AtomicU64, Ordering, fence};

use crate::header::{Header, HeaderFlags};
use crate::ops::Tracer;
use crate::refcount;
use crate::refcount::protocol::{self, Look};
use crate::reference::Obj;
use crate::value::Value;

/// One counted reference (or number, or nothing) in an object or in its storage.
#[repr(transparent)]
pub struct Slot(AtomicU64);

/// The storage that a slot is in was replaced; see [`Slot::load_uncounted_in`].
#[derive(Debug, Clone, Copy)]
pub struct Replaced;

/// What keeps an object alive that was found in a slot.
enum Keeper {
    /// It is deferred or immortal, or will go into limbo: it is there until this thread was stopped, whatever becomes of the slot.
    Others,
    /// The reference in the slot, for as long as this thread, which owns the object, drops nothing and is not stopped.
    Slot,
}

/// Whether a reference from a register needs no count whatever other threads do: the object is deferred or immortal. `bits` are its flags.
#[inline(always)]
fn lasts(header: &Header, bits: u8) -> bool {
    bits & (HeaderFlags::DEFERRED | HeaderFlags::DYING) == HeaderFlags::DEFERRED || header.is_immortal()
}

impl Default for Slot {
    fn default() -> Slot {
        Slot::empty()
    }
}

impl Slot {
    /// A slot that holds `value`.
    #[inline]
    pub fn new(value: Obj) -> Slot {
        Slot(AtomicU64::new(value.into_counted().bits()))
    }
    /// A slot that holds nothing.
    #[inline]
    pub const fn empty() -> Slot {
        Slot(AtomicU64::new(0))
    }
    pub fn from_option(value: Option<Obj>) -> Slot {
        value.map_or(Slot::empty(), Slot::new)
    }
    /// The raw word, which another thread may replace at any time.
    #[inline(always)]
    pub fn peek(&self) -> Value {
        Value::from_bits(self.0.load(Ordering::Acquire))
    }
    /// Whether the slot, which this thread just read, holds the same word after the look at the object's flags: see `protocol::is_unshared`.
    #[inline(always)]
    fn still_holds(&self, value: Value) -> bool {
        self.0.load(Ordering::SeqCst) == value.bits()
    }
    /// A reference to what the slot holds, safe against concurrent replacement. The result may be *uncounted* (kept alive by
    /// limbo until this thread's next safepoint turns it into a counted one), so it must stay in a register or be cloned into the heap.
    #[inline(always)]
    pub fn load_uncounted(&self) -> Option<Obj> {
        let value = self.peek();
        if !value.is_ptr() {
            // SAFETY: numbers and nothing are not counted.
            return unsafe { Obj::from_value(value) };
        }
        self.load_pointer(value, || true).unwrap_or(None)
    }
    /// [`Slot::load_uncounted`] for a slot in storage that writers replace by copying its words: the slots of replaced storage never change
    /// again, whatever becomes of the objects, so looking at them twice proves nothing. `is_current` (a SeqCst load) says
    /// whether the storage is still in use; if it is not, the outcome is `Err`.
    #[inline(always)]
    pub fn load_uncounted_in(&self, is_current: impl Fn() -> bool + Copy) -> Result<Option<Obj>, Replaced> {
        let value = self.peek();
        if !value.is_ptr() {
            // SAFETY: numbers and nothing are not counted.
            return Ok(unsafe { Obj::from_value(value) });
        }
        self.load_pointer(value, is_current).ok_or(Replaced)
    }
    /// [`Slot::load_uncounted`] if the slot is not empty and that is a matter of a few instructions: for code that must not call.
    #[inline(always)]
    pub fn load_at_once(&self) -> Option<Obj> {
        self.load_at_once_in(|| true)
    }
    /// [`Slot::load_uncounted_in`] if the slot is not empty and that is a matter of a few instructions; and if, after the content was read, `is_current`: of
    /// numbers, too, because who reads by a remembered place asks with it whether the place is still the same thing's.
    #[inline(always)]
    pub fn load_at_once_in(&self, is_current: impl Fn() -> bool + Copy) -> Option<Obj> {
        let value = self.peek();
        if !value.is_ptr() {
            // SAFETY: numbers and nothing are not counted.
            return if is_current() { unsafe { Obj::from_value(value) } } else { None };
        }
        self.load_usual_pointer(value, is_current)
    }
    /// The object in the slot as an uncounted word, which is good until this thread passes a safepoint or drops anything, if that is a matter of a few instructions.
    #[inline(always)]
    pub fn borrow_at_once(&self) -> Option<Value> {
        let value = self.peek();
        if !value.is_ptr() {
            return None;
        }
        self.look_at_usual_pointer(value, || true).map(|_| value.uncounted())
    }
    /// `value` (a pointer) was just read from the slot. `None`: the storage is not current any more.
    #[inline(always)]
    fn load_pointer(&self, value: Value, is_current: impl Fn() -> bool + Copy) -> Option<Option<Obj>> {
        match self.load_usual_pointer(value, is_current) {
            Some(object) => Some(Some(object)),
            None => self.load_pointer_slow(value, is_current),
        }
    }
    /// The usual cases of [`Slot::load_pointer`].
    #[inline(always)]
    fn load_usual_pointer(&self, value: Value, is_current: impl Fn() -> bool + Copy) -> Option<Obj> {
        let word = match self.look_at_usual_pointer(value, is_current)? {
            Keeper::Others => value.uncounted(),
            Keeper::Slot => {
                // SAFETY: an object that this thread owns can only be freed by this thread, and the slot had a reference just now.
                unsafe { refcount::incref_own(value.ptr()) };
                value
            }
        };
        // SAFETY: the reference that was just made, or one that needs none.
        unsafe { Obj::from_value(word) }
    }
    /// Who keeps the object of [`Slot::load_pointer`] alive, in the usual cases.
    #[inline(always)]
    fn look_at_usual_pointer(&self, value: Value, is_current: impl Fn() -> bool + Copy) -> Option<Keeper> {
        // SAFETY: object memory is type-stable: a header stays readable while this thread does not pass a safepoint.
        let header = unsafe { &*value.ptr() };
        // SeqCst: see `protocol::load_foreign`, of which this is the usual case.
        let bits = header.flags_word().load(Ordering::SeqCst);
        if lasts(header, bits) {
            // Acquire: pairs with `immortalize`, so that a stale content of the slot is not taken for an immortal object.
            fence(Ordering::Acquire);
            // Only the collector ends deferred objects, with the world stopped; nobody immortal ones.
            (self.peek() == value && is_current()).then_some(Keeper::Others)
        } else if header.owner() == taipan_threading::current_slot() && bits & HeaderFlags::DEFERRED == 0 {
            (self.peek() == value && is_current()).then_some(Keeper::Slot)
        } else {
            // Its last drop puts it into limbo, where it stays until this thread was stopped.
            (bits & (HeaderFlags::SEEN | HeaderFlags::DYING) == HeaderFlags::SEEN
                && taipan_threading::multi_threaded()
                && self.still_holds(value)
                && is_current())
            .then_some(Keeper::Others)
        }
    }
    #[cold]
    #[inline(never)]
    fn load_pointer_slow(
        &self,
        mut value: Value,
        is_current: impl Fn() -> bool + Copy,
    ) -> Option<Option<Obj>> {
        loop {
            if !value.is_ptr() {
                // SAFETY: numbers and nothing are not counted.
                return Some(unsafe { Obj::from_value(value) });
            }
            // SAFETY: as in `load_pointer`.
            let header = unsafe { &*value.ptr() };
            let deferred = header.has_flag(HeaderFlags::DEFERRED);
            if header.is_immortal() {
                fence(Ordering::Acquire);
                if self.peek() == value {
                    // SAFETY: immortal.
                    return is_current().then(|| unsafe { Obj::from_value(value.uncounted()) });
                }
            } else if !deferred && header.owner() == taipan_threading::current_slot() {
                if self.peek() == value {
                    // SAFETY: as in `load_pointer`.
                    return is_current().then(|| Some(unsafe { Obj::from_borrowed(value) }));
                }
            } else if !deferred && !taipan_threading::multi_threaded() {
                // A merged object, or one of a thread that left.
                // SAFETY: nobody else can empty the slot.
                return Some(Some(unsafe { Obj::from_borrowed(value) }));
            } else if protocol::load_foreign(&self.0, value.bits(), header.flags_word()) == Look::Accept {
                // After the look at the header (Acquire): if the block is another object by now, the replacement is visible.
                // SAFETY: its last drop puts it into limbo, where it stays until this thread was stopped; the collector alone ends a deferred one.
                return is_current().then(|| unsafe { Obj::from_value(value.uncounted()) });
            }
            if !is_current() {
                return None;
            }
            value = self.peek();
        }
    }
    /// A counted reference to what the slot holds.
    #[inline]
    pub fn load(&self) -> Option<Obj> {
        let loaded = self.load_uncounted()?;
        let value = loaded.into_value();
        if value.is_ptr() && !value.is_counted() {
            // SAFETY: alive until the next safepoint at least.
            return Some(unsafe { Obj::from_borrowed(value) });
        }
        // SAFETY: the reference that was just given away.
        unsafe { Obj::from_value(value) }
    }
    /// [`Slot::load`] whose usual case, an object of this thread, is part of the caller.
    #[inline(always)]
    pub fn load_here(&self) -> Option<Obj> {
        let value = self.peek();
        if value.is_ptr() {
            // SAFETY: as in `load_usual_pointer`, of which this is one case.
            let header = unsafe { &*value.ptr() };
            let bits = header.flags_word().load(Ordering::SeqCst);
            if header.owner() == taipan_threading::current_slot()
                && bits & HeaderFlags::DEFERRED == 0
                && !header.is_immortal()
                && self.peek() == value
            {
                // SAFETY: as there.
                unsafe { refcount::incref_own(value.ptr()) };
                // SAFETY: the reference that was just made.
                return unsafe { Obj::from_value(value) };
            }
        }
        self.load()
    }
    /// What the slot holds, lent, if there is no other thread; `None` says nothing.
    ///
    /// # Safety
    /// While the caller has the reference it runs nothing that could empty the slot, and reaches no safepoint.
    #[inline(always)]
    pub unsafe fn lend_alone(&self) -> Option<Obj> {
        if taipan_threading::multi_threaded() {
            return None;
        }
        let value = Value::from_bits(self.0.load(Ordering::Relaxed));
        // SAFETY: the slot has a counted reference, which lasts as long as this one, says the caller.
        unsafe { Obj::from_value(if value.is_ptr() { value.uncounted() } else { value }) }
    }
    /// Replaces the content and returns the former one.
    #[inline]
    pub fn replace(&self, value: Option<Obj>) -> Option<Obj> {
        let bits = value.map_or(0, |v| v.into_counted().bits());
        let old = if taipan_threading::multi_threaded() {
            // Release publishes the new object, Acquire receives the old one; the end of that is ordered by `die`. SeqCst: see `protocol::is_unshared`.
            self.0.swap(bits, Ordering::SeqCst)
        } else {
            let old = self.0.load(Ordering::Relaxed);
            self.0.store(bits, Ordering::Relaxed);
            old
        };
        // SAFETY: the slot owned the former content.
        unsafe { Obj::from_value(Value::from_bits(old)) }
    }
    /// Exchanges the word for one that owns its reference, while there is only one thread. The former one is the caller's.
    #[inline(always)]
    pub fn replace_alone(&self, word: Value) -> Value {
        debug_assert!(!word.is_ptr() || word.is_counted());
        let old = Value::from_bits(self.0.load(Ordering::Relaxed));
        self.0.store(word.bits(), Ordering::Relaxed);
        old
    }
    /// [`Slot::replace`] in an object that no other thread can reach.
    #[inline]
    pub fn replace_unshared(&self, value: Option<Obj>) -> Option<Obj> {
        let bits = value.map_or(0, |v| v.into_counted().bits());
        let old = self.0.load(Ordering::Relaxed);
        // Release: whoever reads the object later, through a slot, reads it whole.
        self.0.store(bits, Ordering::Release);
        // SAFETY: the slot owned the former content.
        unsafe { Obj::from_value(Value::from_bits(old)) }
    }
    /// Fills an empty slot with a word that owns its reference, in an object that no other thread can reach.
    #[inline(always)]
    pub fn fill_unshared(&self, word: Value) {
        debug_assert!(self.is_empty() && (!word.is_ptr() || word.is_counted()));
        // Release: as in `replace_unshared`.
        self.0.store(word.bits(), Ordering::Release);
    }
    /// Replaces the content, dropping the former one.
    #[inline]
    pub fn store(&self, value: Obj) {
        drop(self.replace(Some(value)));
    }
    /// Empties the slot.
    #[inline]
    pub fn take(&self) -> Option<Obj> {
        self.replace(None)
    }
    /// Whether the slot holds nothing right now.
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }
    /// For `Ops::trace`.
    #[inline]
    pub fn trace(&self, tracer: &mut Tracer<'_>) {
        let value = self.peek();
        if value.is_ptr() {
            tracer(value, 1);
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let value = Value::from_bits(self.0.load(Ordering::Relaxed));
        if value.is_counted() {
            // SAFETY: the slot owned the reference.
            unsafe { refcount::decref(value.ptr()) }
        }
    }
}
