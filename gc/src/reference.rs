//! Owned references: [`Obj`] to any value, [`Py<T>`] to an object of a known layout.
//! Both drop their count by themselves; cloning always yields a counted reference (unless immortal or a number).

use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::num::NonZeroU64;
use std::ops::Deref;
use std::ptr::NonNull;

use crate::header::Header;
use crate::ops::Ops;
use crate::refcount;
use crate::shape_table::{ShapeId, shape_flags};
use crate::value::Value;

/// An owned reference to a Python value: never empty. `Option<Obj>` and `Result<Obj, Zst>` are one word.
/// `&Obj` is the borrowed form. An `Obj` in a register may carry the uncounted bit; dropping that one is free.
#[repr(transparent)]
pub struct Obj(NonZeroU64);

impl Obj {
    /// Takes over the reference that `value` stands for. `None` if empty.
    ///
    /// # Safety
    /// If counted, the caller gives one reference away.
    #[inline(always)]
    pub unsafe fn from_value(value: Value) -> Option<Obj> {
        NonZeroU64::new(value.bits()).map(Obj)
    }
    /// Takes over the reference of a non-empty value.
    ///
    /// # Safety
    /// As [`Obj::from_value`], and `value` is not empty.
    #[inline(always)]
    pub unsafe fn from_value_unchecked(value: Value) -> Obj {
        // SAFETY: not empty, says the caller.
        Obj(unsafe { NonZeroU64::new_unchecked(value.bits()) })
    }
    /// A new counted reference to what `value` (not empty, alive) refers to.
    ///
    /// # Safety
    /// `value` is not empty, and its object is alive during the call.
    #[inline(always)]
    pub unsafe fn from_borrowed(value: Value) -> Obj {
        // SAFETY: alive, says the caller.
        unsafe {
            refcount::incref(value);
            Obj::from_value_unchecked(value.counted())
        }
    }
    /// An immediate integer, if `i` fits 48 bits.
    #[inline(always)]
    pub fn small_int(i: i64) -> Option<Obj> {
        // SAFETY: immediates are not counted.
        Value::from_int(i).map(|v| unsafe { Obj::from_value_unchecked(v) })
    }
    /// An immediate float.
    #[inline(always)]
    pub fn float(f: f64) -> Obj {
        // SAFETY: immediates are not counted and never zero.
        unsafe { Obj::from_value_unchecked(Value::from_float(f)) }
    }
    /// A counted reference to what `value` (not empty, alive) refers to, if that is a matter of a few instructions: for code that must not call.
    ///
    /// # Safety
    /// As [`Obj::from_borrowed`].
    #[inline(always)]
    pub unsafe fn from_borrowed_at_once(value: Value) -> Option<Obj> {
        // SAFETY: alive, says the caller.
        if value.is_ptr() && !unsafe { refcount::try_incref_own(value.ptr()) } {
            return None;
        }
        // SAFETY: the reference just made.
        Some(unsafe { Obj::from_value_unchecked(value.counted()) })
    }
    /// A word for a register, of what `value` (not empty, alive) refers to, if that is a matter of a few instructions: for code that must not call.
    ///
    /// # Safety
    /// As [`Obj::from_borrowed`].
    #[inline(always)]
    pub unsafe fn word_at_once(value: Value) -> Option<Value> {
        if value.is_number() {
            return Some(value);
        }
        // SAFETY: alive, says the caller.
        unsafe {
            if (*value.ptr()).is_immortal() {
                return Some(value.uncounted_ptr());
            }
            refcount::try_incref_own(value.ptr()).then_some(value.counted())
        }
    }
    /// Gives up the reference that `value` stands for, if that is a matter of a few instructions and ends no object. Otherwise false, and it
    /// is still owned.
    ///
    /// # Safety
    /// `value` owns its reference, or needs none.
    #[inline(always)]
    #[must_use]
    pub unsafe fn drop_at_once(value: Value) -> bool {
        // SAFETY: says the caller.
        !value.is_counted() || unsafe { refcount::try_decref_own(value.ptr()) }
    }
    /// Whether [`Obj::drop_at_once`] will do.
    ///
    /// # Safety
    /// `value` owns its reference, or needs none.
    #[inline(always)]
    #[must_use]
    pub unsafe fn drops_at_once(value: Value) -> bool {
        // SAFETY: says the caller.
        !value.is_counted() || unsafe { refcount::is_spare(value.ptr()) }
    }
    /// Gives up the reference that `value`, which [`Obj::drop_at_once`] declined, stands for.
    ///
    /// # Safety
    /// `value` owns its reference.
    #[inline(always)]
    pub unsafe fn drop_last(value: Value) {
        debug_assert!(value.is_counted());
        // SAFETY: says the caller.
        unsafe { refcount::release(value.ptr()) }
    }
    /// The word, still owned by `self`.
    #[inline(always)]
    pub fn value(&self) -> Value {
        Value::from_bits(self.0.get())
    }
    /// Gives the reference away as a word.
    #[inline(always)]
    pub fn into_value(self) -> Value {
        ManuallyDrop::new(self).value()
    }
    /// Gives the reference away as a counted word (for a heap slot): an uncounted one is counted first.
    #[inline(always)]
    pub fn into_counted(self) -> Value {
        let value = self.value();
        if value.is_ptr() && !value.is_counted() {
            // SAFETY: `self` keeps the object alive.
            unsafe { refcount::incref(value) };
            return value.counted();
        }
        self.into_value()
    }
    /// The word of another reference to the same, counted: for a heap slot.
    #[inline(always)]
    pub fn counted_word(&self) -> Value {
        let value = self.value();
        if !value.is_ptr() {
            return value;
        }
        // SAFETY: `self` keeps the object alive.
        unsafe { refcount::incref_object(value.ptr()) };
        value.counted()
    }
    /// Another reference to the same, taken as from a slot ([`crate::Slot::load_uncounted`]): perhaps uncounted, so that threads that read one
    /// immutable object's fields do not write their counts. `self` is a counted reference in such an object.
    #[inline(always)]
    pub fn lent(&self) -> Obj {
        // SAFETY: both are one word; this one is never changed, so a slot's loads are all that happens to it.
        let slot = unsafe { &*std::ptr::from_ref(self).cast::<crate::Slot>() };
        slot.load_uncounted().unwrap_or_else(|| self.clone())
    }
    /// [`Obj::lent`] if that is a matter of a few instructions: for code that must not call.
    #[inline(always)]
    pub fn lent_at_once(&self) -> Option<Obj> {
        // SAFETY: as in `lent`.
        unsafe { &*std::ptr::from_ref(self).cast::<crate::Slot>() }.load_at_once()
    }
    /// The object's header, unless this is a number.
    #[inline(always)]
    pub fn header(&self) -> Option<&Header> {
        // Never empty, so anything below the floats is a pointer.
        if self.0.get() >> 48 != 0 {
            return None;
        }
        // SAFETY: a reference keeps its object alive.
        Some(unsafe { &*self.value().ptr() })
    }
    /// Python's `is`.
    #[inline(always)]
    pub fn is(&self, other: &Obj) -> bool {
        self.value().same(other.value())
    }
    /// Whether the object never is part of a cycle that the collector has to find: it refers to nothing, as numbers and strings, or it is immortal.
    #[inline(always)]
    pub fn is_acyclic(&self) -> bool {
        self.header().is_none_or(|header| {
            let entry = header.shape_entry();
            !entry.ops().tracked && entry.flags() & shape_flags::TRACKED == 0 || header.is_immortal()
        })
    }
    /// Borrows as `T` if the layout is `T`'s or extends it.
    #[inline(always)]
    pub fn downcast<T: Object>(&self) -> Option<&T> {
        let header = self.header()?;
        let entry = header.shape_entry();
        if std::ptr::eq(entry.ops_ptr(), T::ops()) || entry.ops().extends(T::ops()) {
            // SAFETY: the layout was checked; shapes never change an object's layout.
            Some(unsafe { &*std::ptr::from_ref(header).cast::<T>() })
        } else {
            None
        }
    }
    /// Whether the layout is `T`'s or extends it.
    #[inline]
    pub fn is_layout<T: Object>(&self) -> bool {
        self.downcast::<T>().is_some()
    }
    /// A counted [`Py<T>`] if the layout is `T`'s.
    pub fn to_py<T: Object>(&self) -> Option<Py<T>> {
        self.downcast::<T>().map(Py::from_ref)
    }
    /// Converts into [`Py<T>`], or gives `self` back.
    pub fn into_py<T: Object>(self) -> Result<Py<T>, Obj> {
        if self.is_layout::<T>() {
            let value = self.into_counted();
            // SAFETY: the layout was checked, the reference is passed on.
            Ok(Py { ptr: unsafe { NonNull::new_unchecked(value.ptr().cast()) }, owns: PhantomData })
        } else {
            Err(self)
        }
    }
}

impl Clone for Obj {
    #[inline(always)]
    fn clone(&self) -> Obj {
        // SAFETY: `self` keeps the object alive.
        unsafe { Obj::from_borrowed(self.value()) }
    }
}

impl Drop for Obj {
    #[inline(always)]
    fn drop(&mut self) {
        let value = self.value();
        if value.is_counted() {
            // SAFETY: the count that this reference stands for is given up.
            unsafe { refcount::decref(value.ptr()) }
        }
    }
}

impl std::fmt::Debug for Obj {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.value().fmt(f)
    }
}

/// A Rust struct that is a Python object's layout.
///
/// # Safety
/// `repr(C)` with a [`Header`] (or the struct of `Ops::base`) as first field, every header of it having a shape whose
/// `ops` is [`Object::ops`] or extends it; shared access from many threads is sound.
pub unsafe trait Object: Sized {
    /// The one table of this layout.
    fn ops() -> &'static Ops;
}

/// A counted reference to an object of layout `T`.
#[repr(transparent)]
pub struct Py<T: Object> {
    ptr: NonNull<T>,
    owns: PhantomData<T>,
}

// SAFETY: layouts are shared between threads by `Object`'s contract; counts are thread-safe.
unsafe impl<T: Object> Send for Py<T> {}
// SAFETY: as above.
unsafe impl<T: Object> Sync for Py<T> {}

impl<T: Object> Py<T> {
    /// A new object holding `value`, with `extra` zeroed bytes behind it.
    #[inline]
    pub fn with_extra(value: T, extra: usize) -> Py<T> {
        Py { ptr: crate::heap::place(value, extra), owns: PhantomData }
    }
    /// A new object holding `value`, with `extra` bytes behind it that hold anything.
    ///
    /// # Safety
    /// They are written before the calling thread reaches a safepoint, the object ends or others see it. If it is made `acyclic`, all that it will ever
    /// refer to is [`Obj::is_acyclic`]; then the collector need not know it.
    #[inline]
    pub unsafe fn with_unfilled_extra(value: T, extra: usize, acyclic: bool) -> Py<T> {
        Py { ptr: crate::heap::place_unfilled(value, extra, acyclic), owns: PhantomData }
    }
    /// [`Py::with_unfilled_extra`] as part of the caller: see [`place_unfilled_here`](crate::heap::place_unfilled_here).
    ///
    /// # Safety
    /// As for [`Py::with_unfilled_extra`].
    #[inline(always)]
    pub unsafe fn with_unfilled_extra_here(value: T, extra: usize, acyclic: bool) -> Py<T> {
        Py { ptr: crate::heap::place_unfilled_here(value, extra, acyclic), owns: PhantomData }
    }
    /// A new object holding `value`.
    #[inline(always)]
    pub fn new(value: T) -> Py<T> {
        Py { ptr: crate::heap::place_unfilled_here(value, 0, false), owns: PhantomData }
    }
    /// Another reference to `object`.
    #[inline]
    pub fn from_ref(object: &T) -> Py<T> {
        let ptr = NonNull::from(object);
        // SAFETY: `object` is alive.
        unsafe { refcount::incref(Value::from_ptr(ptr.as_ptr().cast())) };
        Py { ptr, owns: PhantomData }
    }
    /// Takes over one reference.
    ///
    /// # Safety
    /// `ptr` is an object of layout `T`, and the caller gives a counted reference away.
    pub unsafe fn from_raw(ptr: *mut T) -> Py<T> {
        // SAFETY: not null, says the caller.
        Py { ptr: unsafe { NonNull::new_unchecked(ptr) }, owns: PhantomData }
    }
    /// The object's address.
    #[inline(always)]
    pub fn as_ptr(&self) -> *mut T {
        self.ptr.as_ptr()
    }
    #[inline(always)]
    pub fn header(&self) -> &Header {
        // SAFETY: a layout starts with its header.
        unsafe { self.ptr.cast().as_ref() }
    }
    #[inline(always)]
    pub fn into_obj(self) -> Obj {
        let this = ManuallyDrop::new(self);
        // SAFETY: the reference is passed on.
        unsafe { Obj::from_value_unchecked(Value::from_ptr(this.ptr.as_ptr().cast())) }
    }
    /// Borrows as an [`Obj`].
    #[inline(always)]
    pub fn as_obj(&self) -> &Obj {
        // SAFETY: both are one word holding the same address.
        unsafe { &*std::ptr::from_ref(self).cast::<Obj>() }
    }
    /// Never to be freed, counts no longer changed. Call before the object is shared.
    pub fn immortalize(&self) {
        refcount::immortalize(self.header());
    }
    /// Marks as deferred: only the collector frees it, and registers do not count it.
    pub fn defer(self) -> Py<T> {
        self.header().set_flag(crate::HeaderFlags::DEFERRED);
        self
    }
    /// The shape right now.
    pub fn shape(&self) -> ShapeId {
        self.header().shape()
    }
}

impl<T: Object> Deref for Py<T> {
    type Target = T;
    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: a reference keeps its object alive.
        unsafe { self.ptr.as_ref() }
    }
}

impl<T: Object> Clone for Py<T> {
    fn clone(&self) -> Py<T> {
        Py::from_ref(self)
    }
}

impl<T: Object> Drop for Py<T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the count that this reference stands for is given up.
        unsafe { refcount::decref(self.ptr.as_ptr().cast()) }
    }
}

impl<T: Object> From<Py<T>> for Obj {
    fn from(object: Py<T>) -> Obj {
        object.into_obj()
    }
}

/// An [`Obj`] made from a borrowed struct reference: a new counted reference.
pub fn obj_from_ref<T: Object>(object: &T) -> Obj {
    Py::from_ref(object).into_obj()
}
