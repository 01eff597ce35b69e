//! Access to a frame's register window.
//!
//! Invariant: a [`Regs`] points at the window of the frame that the calling thread is executing, with at least
//! `code.nregs` words; the compiler emits operands below `nregs` only, which `verify` checks when a code object is made.
//! A word owns its reference unless it is uncounted. Only the executing thread touches the window, except for the collector
//! and limbo sweeps, which read it while the world is stopped.

use taipan_objects::{Obj, Value};

/// A register window.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Regs(*mut Value);

impl Regs {
    /// A window starting at `base`.
    #[inline(always)]
    pub fn new(base: *mut Value) -> Regs {
        Regs(base)
    }
    #[inline(always)]
    pub fn base(self) -> *mut Value {
        self.0
    }
    /// Address of register `i`.
    #[inline(always)]
    pub fn at(self, i: usize) -> *mut Value {
        // SAFETY: in the window, by the invariant.
        unsafe { self.0.add(i) }
    }
    /// The word in register `i`.
    #[inline(always)]
    pub fn value(self, i: usize) -> Value {
        // SAFETY: in the window, by the invariant.
        unsafe { *self.0.add(i) }
    }
    /// Borrows register `i`, which must not be empty (see [`Regs::value`]). The borrow ends before the register is written.
    #[inline(always)]
    pub fn obj<'a>(self, i: usize) -> &'a Obj {
        debug_assert!(!self.value(i).is_empty(), "register {i} is empty");
        // SAFETY: in the window; a non-empty word has the representation of an `Obj`.
        unsafe { &*self.0.add(i).cast::<Obj>() }
    }
    /// Borrows register `i`; `None` if it is empty.
    #[inline(always)]
    pub fn get<'a>(self, i: usize) -> Option<&'a Obj> {
        if self.value(i).is_empty() { None } else { Some(self.obj(i)) }
    }
    /// Borrows `n` registers from `i`, none of them empty.
    #[inline(always)]
    pub fn slice<'a>(self, i: usize, n: usize) -> &'a [Obj] {
        // SAFETY: in the window; non-empty words have the representation of `Obj`.
        unsafe { std::slice::from_raw_parts(self.0.add(i).cast::<Obj>(), n) }
    }
    /// Stores `value` into register `i` and drops what was there.
    #[inline(always)]
    pub fn write(self, i: usize, value: Obj) {
        self.write_value(i, value.into_value());
    }
    /// Stores a word that owns its reference (or needs none) into register `i` and drops what was there.
    #[inline(always)]
    pub fn write_value(self, i: usize, value: Value) {
        // SAFETY: in the window.
        let old = unsafe { std::ptr::replace(self.0.add(i), value) };
        if old.is_counted() {
            drop_counted(old);
        }
    }
    /// Stores a word without looking at what was there, which must own nothing.
    #[inline(always)]
    pub fn put(self, i: usize, value: Value) {
        // SAFETY: in the window.
        unsafe { *self.0.add(i) = value }
    }
    /// Moves the content of register `i` out, leaving it empty.
    #[inline(always)]
    pub fn take_value(self, i: usize) -> Value {
        // SAFETY: in the window.
        unsafe { std::ptr::replace(self.0.add(i), Value::EMPTY) }
    }
    /// Moves the content of register `i` out, leaving it empty.
    #[inline(always)]
    pub fn take(self, i: usize) -> Option<Obj> {
        // SAFETY: the register owned its reference.
        unsafe { Obj::from_value(self.take_value(i)) }
    }
    /// Empties register `i`.
    #[inline(always)]
    pub fn clear(self, i: usize) {
        let old = self.take_value(i);
        if old.is_counted() {
            drop_counted(old);
        }
    }
    /// Empties registers `from..to`.
    #[inline(always)]
    pub fn clear_range(self, from: usize, to: usize) {
        for i in from..to {
            self.clear(i);
        }
    }
    /// A word for another register that may own its reference: counted if this register's is, else the same uncounted word.
    #[inline(always)]
    pub fn copy_of(self, i: usize) -> Value {
        let value = self.value(i);
        if value.is_counted() {
            return self.obj(i).clone().into_value();
        }
        value
    }
    /// [`Regs::copy_of`] if that is a matter of a few instructions.
    #[inline(always)]
    pub fn copy_at_once(self, i: usize) -> Option<Value> {
        let value = self.value(i);
        if value.is_counted() {
            // SAFETY: the register keeps the object alive.
            return unsafe { Obj::from_borrowed_at_once(value) }.map(Obj::into_value);
        }
        Some(value)
    }
    /// A word for a heap slot, which owns its reference, if that is a matter of a few instructions. Register `i` is not empty.
    #[inline(always)]
    pub fn counted_at_once(self, i: usize) -> Option<Value> {
        // SAFETY: the register keeps the object alive.
        unsafe { Obj::from_borrowed_at_once(self.value(i)) }.map(Obj::into_value)
    }
    /// The word for a heap slot that a `T` operand gives: register `i`'s own, if that owns its reference and `take` is set, else [`Regs::counted_at_once`]. The register
    /// stays as it is: if `take` is set, the caller empties it once the word is stored.
    #[inline(always)]
    pub fn stored_at_once(self, i: usize, take: bool) -> Option<Value> {
        let value = self.value(i);
        if take && !value.is_lent() { Some(value) } else { self.counted_at_once(i) }
    }
    /// [`Regs::clear`] if that is a matter of a few instructions; otherwise false, and the register is as it was.
    #[inline(always)]
    #[must_use]
    pub fn clear_at_once(self, i: usize) -> bool {
        let value = self.value(i);
        if value.is_empty() {
            return true;
        }
        // SAFETY: the register owned its reference.
        let dropped = unsafe { Obj::drop_at_once(value) };
        if dropped {
            self.put(i, Value::EMPTY);
        }
        dropped
    }
}

#[inline(always)]
fn drop_counted(value: Value) {
    // SAFETY: the word owned its reference and was moved out of its register.
    drop(unsafe { Obj::from_value(value) });
}
