//! Shapes: the immutable description of where an instance keeps its attributes (hidden classes).
//!
//! Behind the native struct, an instance of a class with the `SLOTS` shape flag has the *extension*:
//!
//! ```text
//! | overflow word | slot 0 | slot 1 | … | slot inline_cap-1 |
//! ```
//!
//! The first `fixed` slots belong to `__slots__` members; the others are attributes in the order in which they were added,
//! as the shape's property table tells. Attributes beyond `inline_cap` are in the overflow array. The overflow word is
//! 0, a pointer to an [`Overflow`] array (with bit 1 set), or the slot of the instance's real `dict`; the latter exactly
//! when the shape is the class's *dict shape* (see [`dict`]).
//!
//! Protocol. Adding an attribute, growing the overflow array and turning the instance into a dict one happen under the object's
//! lock: slot first, shape last (release). A reader loads the shape (acquire), then the slot; an empty slot sends it to the
//! locked path. A writer of an existing *inline* slot exchanges it and then looks at the shape again: if it changed to the dict shape
//! meanwhile, the writer moves what is in the slot (its value, or a later one) to the dict, holding the locks of both.
//! Model: `stress-tests/tests/loom_shape.rs`.
//! Overflow slots are written under the lock, since growing moves them.
//! A slot gets another attribute only in an instance that no other thread can reach (see [`delete_attribute`]).

pub(crate) mod dead;
pub mod dict;

pub use dict::{dict_of, set_dict};
use dict::{instance_dict, move_parked};

use std::sync::OnceLock;

use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use taipan_gc::shape_table::{self, shape_flags};
use taipan_gc::{Header, Obj, Py, ShapeId, Slot, Tracer, Value};
use taipan_threading::CriticalSection;
use taipan_threading::sync::atomic::{AtomicU64, Ordering};

use crate::dict::NameTable;
use crate::error::{PyResult, memory_error};
use crate::str::PyStr;
use crate::type_object::{PyType, type_flags};

/// More attributes than this: the instance gets a real dict.
const MAX_PROPERTIES: u32 = 128;
/// More shapes than this of one class: instances that would make another get a real dict. A program that adds attributes in any order makes them
/// without end.
const MAX_SHAPES: u32 = 4096;
/// Most inline slots that a class learns to give its instances.
const MAX_INLINE: u32 = 30;

/// One hidden class. Lives as long as its class, and until the world is stopped then ([`dead`]).
pub struct Shape {
    pub id: ShapeId,
    class: *const PyType,
    /// The shape of the class that was made before this one.
    older: Option<&'static Shape>,
    parent: Option<&'static Shape>,
    /// The attribute that this shape adds to its parent (interned), and its slot.
    name: *const PyStr,
    /// Number of slots in use: `fixed` + attributes.
    pub count: u32,
    pub fixed: u32,
    pub inline_cap: u32,
    /// Byte offset of the extension from the header; 0: no extension.
    pub ext_offset: u32,
    /// Attributes are in a real dict.
    pub is_dict: bool,
    table: OnceLock<FxHashMap<usize, u32>>,
    /// What dicts of instances begin as.
    name_table: OnceLock<NameTable>,
    transitions: Mutex<FxHashMap<usize, &'static Shape>>,
    /// What [`Shape::without`] found.
    removals: Mutex<FxHashMap<usize, &'static Shape>>,
}

// SAFETY: class and name pointers are only compared, or used while the class is alive through an instance or the caller.
unsafe impl Send for Shape {}
// SAFETY: as above.
unsafe impl Sync for Shape {}

impl Shape {
    /// Whether this shape is `other` and the attribute `name` in an inline slot.
    pub fn extends(&self, other: &Shape, name: &PyStr) -> bool {
        self.adds(name)
            && self.parent.is_some_and(|parent| std::ptr::eq(parent, other))
            && !self.is_dict
            && other.ext_offset != 0
            && self.ext_offset == other.ext_offset
            && self.inline_cap == other.inline_cap
            && other.count < other.inline_cap
            && self.count == other.count + 1
    }
    /// The shape of `id`, if the class has shapes of this module (every class has).
    #[inline(always)]
    pub fn of(header: &Header) -> &'static Shape {
        // SAFETY: `info` of the row of a living object's shape is a `Shape`, stored before the id was published.
        unsafe { &*header.shape_entry().info().cast::<Shape>() }
    }

    /// The id of the shape in a row of the table, which is one of a living class.
    #[inline(always)]
    pub fn id_in_row(row: u32) -> ShapeId {
        // SAFETY: says the caller: see `of`.
        unsafe { (*shape_table::entry(ShapeId(row)).info().cast::<Shape>()).id }
    }

    /// The first shape of a class: no attributes yet. `class` may be null during bootstrap.
    pub(crate) fn root(
        class: &PyType,
        fixed: u32,
        inline_cap: u32,
        ext_offset: u32,
        is_dict: bool,
        flags: u32,
    ) -> PyResult<&'static Shape> {
        Shape::publish(class, None, std::ptr::null(), fixed, fixed, inline_cap, ext_offset, is_dict, flags)
    }

    #[allow(clippy::too_many_arguments)]
    fn publish(
        class: &PyType,
        parent: Option<&'static Shape>,
        name: *const PyStr,
        count: u32,
        fixed: u32,
        inline_cap: u32,
        ext_offset: u32,
        is_dict: bool,
        flags: u32,
    ) -> PyResult<&'static Shape> {
        let shape = Box::new(Shape {
            id: ShapeId(0),
            class,
            older: None,
            parent,
            name,
            count,
            fixed,
            inline_cap,
            ext_offset,
            is_dict,
            table: OnceLock::new(),
            name_table: OnceLock::new(),
            transitions: Mutex::new(FxHashMap::default()),
            removals: Mutex::new(FxHashMap::default()),
        });
        let shape = Box::into_raw(shape);
        let class_header = std::ptr::from_ref(class).cast::<Header>().cast_mut();
        let id = shape_table::allocate(class.ops, class_header, shape.cast(), 0, flags);
        let Some(id) = id else {
            // SAFETY: nobody has seen it.
            drop(unsafe { Box::from_raw(shape) });
            return Err(memory_error());
        };
        let mut newest = class.newest_shape.lock();
        // SAFETY: made above and not yet published to other threads: no header holds the id.
        let shape: &'static Shape = unsafe {
            (*shape).id = id;
            (*shape).older = *newest;
            &*shape
        };
        *newest = Some(shape);
        Ok(shape)
    }

    /// The class. Alive as long as an instance of this shape is.
    #[inline(always)]
    pub fn class(&self) -> *const PyType {
        self.class
    }

    /// The slot of attribute `name` (interned).
    #[inline]
    pub fn find(&'static self, name: *const PyStr) -> Option<u32> {
        if self.count == self.fixed {
            return None;
        }
        self.table
            .get_or_init(|| {
                let mut map = FxHashMap::default();
                let mut at = Some(self);
                while let Some(shape) = at {
                    if !shape.name.is_null() {
                        map.insert(shape.name as usize, shape.count - 1);
                    }
                    at = shape.parent;
                }
                map
            })
            .get(&(name as usize))
            .copied()
    }

    /// Whether this is the shape that has attribute `name` (interned) first.
    pub(crate) fn adds(&self, name: &PyStr) -> bool {
        std::ptr::eq(self.name, name)
    }

    /// Attribute names in slot order.
    pub fn names(&self) -> Vec<*const PyStr> {
        let mut names = Vec::new();
        let mut at = Some(self);
        while let Some(shape) = at {
            if !shape.name.is_null() {
                names.push(shape.name);
            }
            at = shape.parent;
        }
        names.reverse();
        names
    }

    /// The shape with attribute `name` added; `None` when the instance should get a real dict instead.
    fn with(&'static self, class: &PyType, name: &Py<PyStr>) -> PyResult<Option<&'static Shape>> {
        if self.count - self.fixed >= MAX_PROPERTIES {
            return Ok(None);
        }
        let mut transitions = self.transitions.lock();
        if let Some(next) = transitions.get(&(name.as_ptr() as usize)) {
            return Ok(Some(next));
        }
        if transitions.len() >= 64 || class.shape_count.load(Ordering::Relaxed) >= MAX_SHAPES {
            return Ok(None);
        }
        class.shape_count.fetch_add(1, Ordering::Relaxed);
        let flags = self.id_entry_flags();
        let next = Shape::publish(
            class,
            Some(self),
            name.as_ptr(),
            self.count + 1,
            self.fixed,
            self.inline_cap,
            self.ext_offset,
            false,
            flags,
        )?;
        transitions.insert(name.as_ptr() as usize, next);
        class.learn_inline_cap(next.count.min(self.fixed + MAX_INLINE));
        Ok(Some(next))
    }

    /// The shape that has attribute `name`, one of this shape's, no more: the one of an instance that was given only the others, so that there are no
    /// more shapes for deletions, and an attribute that is added again comes last. `None` when the instance should get a real dict instead.
    fn without(&'static self, class: &PyType, name: &Py<PyStr>) -> PyResult<Option<&'static Shape>> {
        if let Some(known) = self.removals.lock().get(&(name.as_ptr() as usize)) {
            return Ok(Some(known));
        }
        let mut later = Vec::new();
        let mut at = self;
        let mut next = loop {
            let Some(parent) = at.parent else { return Ok(None) };
            if at.adds(name) {
                break parent;
            }
            later.push(at.name);
            at = parent;
        };
        for name in later.into_iter().rev() {
            // SAFETY: interned names are immortal.
            match next.with(class, &Py::from_ref(unsafe { &*name }))? {
                Some(shape) => next = shape,
                None => return Ok(None),
            }
        }
        self.removals.lock().insert(name.as_ptr() as usize, next);
        Ok(Some(next))
    }

    fn id_entry_flags(&self) -> u32 {
        shape_table::entry(self.id).flags()
    }
}

/// Attribute slots beyond the inline ones. Written and replaced under the object's lock; freed through QSBR.
#[repr(C)]
struct Overflow {
    slots: Vec<Slot>,
}

/// The extension of one instance.
#[derive(Clone, Copy)]
pub struct Extension {
    overflow: *const AtomicU64,
    slots: *const Slot,
}

/// Set in an overflow word that is the address of an [`Overflow`].
const OVERFLOW_TAG: u64 = 2;

/// Bytes of an extension with `inline_cap` slots.
pub const fn extension_size(inline_cap: u32) -> usize {
    8 + 8 * inline_cap as usize
}

impl Extension {
    /// The extension of an instance of `shape`.
    ///
    /// # Safety
    /// `header` is alive, and `shape` is (or was) its shape, with a nonzero `ext_offset`.
    #[inline(always)]
    pub unsafe fn of(header: *const Header, shape: &Shape) -> Extension {
        // SAFETY: the object was allocated with `extension_size(inline_cap)` bytes at this offset.
        let at = unsafe { header.cast::<u8>().add(shape.ext_offset as usize) };
        // SAFETY: as above.
        Extension { overflow: at.cast(), slots: unsafe { at.add(8) }.cast() }
    }
    /// Inline slot `index`.
    ///
    /// # Safety
    /// `index < inline_cap`; the object outlives `'a`.
    #[inline(always)]
    pub unsafe fn slot<'a>(self, index: u32) -> &'a Slot {
        // SAFETY: in bounds, says the caller.
        unsafe { &*self.slots.add(index as usize) }
    }
    #[inline(always)]
    fn word(&self) -> &AtomicU64 {
        // SAFETY: the object is alive as long as this borrowed view is used.
        unsafe { &*self.overflow }
    }
    fn overflow(&self) -> Option<&Overflow> {
        let word = self.word().load(Ordering::Acquire);
        if word & OVERFLOW_TAG == 0 {
            return None;
        }
        // SAFETY: a tagged word is a live `Overflow`, retired through QSBR.
        Some(unsafe { &*overflow_at(word) })
    }
    /// The slot of the dict, once there is one. It is that until the instance dies.
    #[inline(always)]
    fn dict_slot(&self) -> Option<&Slot> {
        let word = self.word().load(Ordering::Acquire);
        if word == 0 || word & OVERFLOW_TAG != 0 {
            return None;
        }
        // SAFETY: a word that is no tagged address is a reference that the instance owns, and from then on always; it is exchanged by the rules of slots.
        Some(unsafe { &*self.overflow.cast::<Slot>() })
    }
}

/// What an overflow word with the tag is the address of.
fn overflow_at(word: u64) -> *mut Overflow {
    std::ptr::with_exposed_provenance_mut((word & !OVERFLOW_TAG) as usize)
}

/// The extension of `obj`, with its shape; `None` if its class has none.
#[inline]
pub fn extension(obj: &Obj) -> Option<(&'static Shape, Extension, &Header)> {
    let header = obj.header()?;
    let shape = Shape::of(header);
    if shape.ext_offset == 0 {
        return None;
    }
    // SAFETY: its shape.
    Some((shape, unsafe { Extension::of(header, shape) }, header))
}

fn class_ref<'a>(shape: &Shape, _alive: &'a Header) -> &'a PyType {
    // SAFETY: an instance keeps its class alive.
    unsafe { &*shape.class() }
}

/// The instance attribute `name` (interned), not looking at the class. May be uncounted.
pub fn get_attribute(obj: &Obj, name: &Py<PyStr>) -> PyResult<Option<Obj>> {
    let Some((shape, ext, header)) = extension(obj) else { return Ok(None) };
    if shape.is_dict {
        return dict::get_attribute(obj, name);
    }
    let Some(index) = shape.find(name.as_ptr()) else {
        return Ok(None);
    };
    if index < shape.inline_cap {
        // SAFETY: in bounds; `obj` is alive.
        if let Some(value) = unsafe { ext.slot(index) }.load_uncounted() {
            return Ok(Some(value));
        }
    } else if let Some(value) =
        ext.overflow().and_then(|o| o.slots.get((index - shape.inline_cap) as usize)?.load_uncounted())
    {
        return Ok(Some(value));
    }
    // Empty: another thread is turning the instance into a dict one, or has.
    let section = CriticalSection::enter(header.lock());
    let now = Shape::of(header);
    drop(section);
    if now.id != shape.id { get_attribute(obj, name) } else { Ok(None) }
}

/// Stores the instance attribute `name` (interned). The class must allow attributes ([`PyType::has_dict`]).
pub fn set_attribute(obj: &Obj, name: &Py<PyStr>, value: Obj) -> PyResult<()> {
    let Some((shape, ext, header)) = extension(obj) else {
        return Err(crate::error::system_error("object has no attribute storage"));
    };
    if shape.is_dict {
        return dict::set_attribute(obj, name, value);
    }
    if let Some(index) = shape.find(name.as_ptr())
        && index < shape.inline_cap
    {
        return store_inline(obj, shape, ext, header, index, name, value);
    }
    let section = CriticalSection::enter(header.lock());
    let now = Shape::of(header);
    if now.is_dict {
        drop(section);
        return dict::set_attribute(obj, name, value);
    }
    if let Some(index) = now.find(name.as_ptr()) {
        let old = match index.checked_sub(now.inline_cap) {
            // SAFETY: in bounds; alive.
            None => unsafe { ext.slot(index) }.replace(Some(value)),
            Some(beyond) => match ext.overflow().and_then(|o| o.slots.get(beyond as usize)) {
                Some(slot) => slot.replace(Some(value)),
                None => return Err(crate::error::system_error("attribute storage is missing")),
            },
        };
        drop(section);
        drop(old);
        return Ok(());
    }
    let class = class_ref(now, header);
    let Some(next) = now.with(class, name)? else {
        drop(section);
        return dict::set_attribute(obj, name, value);
    };
    let index = now.count;
    if index < now.inline_cap {
        // SAFETY: in bounds; alive. The slot is empty: no shape named it before.
        drop(unsafe { ext.slot(index) }.replace(Some(value)));
    } else {
        let beyond = (index - now.inline_cap) as usize;
        grow_overflow(&ext, beyond);
        if let Some(slot) = ext.overflow().and_then(|o| o.slots.get(beyond)) {
            drop(slot.replace(Some(value)));
        }
    }
    header.set_shape(next.id);
    Ok(())
}

/// Adds the attribute that shape `to` has beyond the object's shape `from` (see [`Shape::extends`]), without a lock, if no other thread can reach the
/// object. Gives the value back otherwise.
#[inline]
pub fn add_unshared(header: &Header, from: &'static Shape, to: ShapeId, value: Obj) -> Result<(), Obj> {
    if !taipan_gc::refcount::is_alone(header) {
        return Err(value);
    }
    // SAFETY: its shape.
    let ext = unsafe { Extension::of(header, from) };
    // SAFETY: in bounds, because `to` keeps the attribute inline; alive. The slot is empty: no shape named it before.
    drop(unsafe { ext.slot(from.count) }.replace_unshared(Some(value)));
    header.set_shape(to);
    Ok(())
}

/// [`add_unshared`] of a word that owns its reference, in an object of which the caller knows that no other thread can reach it: for code that must not call.
#[inline(always)]
pub fn add_alone(header: &Header, from: &'static Shape, to: ShapeId, value: Value) {
    // SAFETY: its shape; in bounds, because `to` keeps the attribute inline; alive.
    unsafe { Extension::of(header, from).slot(from.count) }.fill_unshared(value);
    header.set_shape(to);
}

/// Stores into inline slot `index`, which the caller's cache found for the shape that the object just had.
#[inline]
pub fn store_cached(obj: &Obj, header: &Header, index: u32, name: &Py<PyStr>, value: Obj) -> PyResult<()> {
    let shape = Shape::of(header);
    if shape.is_dict || index >= shape.inline_cap {
        return set_attribute(obj, name, value);
    }
    // SAFETY: its shape.
    let ext = unsafe { Extension::of(header, shape) };
    store_inline(obj, shape, ext, header, index, name, value)
}

/// Exchanges an existing inline slot; see the module's protocol.
#[inline]
fn store_inline(
    obj: &Obj,
    shape: &'static Shape,
    ext: Extension,
    header: &Header,
    index: u32,
    name: &Py<PyStr>,
    value: Obj,
) -> PyResult<()> {
    // SAFETY: in bounds; alive.
    let slot = unsafe { ext.slot(index) };
    let old = slot.replace(Some(value));
    if header.shape() != shape.id && Shape::of(header).is_dict {
        move_parked(obj, ext, header, slot, name)?;
    }
    drop(old);
    Ok(())
}

/// Makes room for overflow slot `beyond`; under the object's lock.
fn grow_overflow(ext: &Extension, beyond: usize) {
    let old_word = ext.word().load(Ordering::Acquire);
    if let Some(old) = ext.overflow()
        && beyond < old.slots.len()
    {
        return;
    }
    let capacity = (beyond + 1).next_power_of_two().max(4);
    let mut slots = Vec::with_capacity(capacity);
    if let Some(old) = ext.overflow() {
        // Emptied by exchange, so that a reader of the old array goes to the locked path.
        slots.extend(old.slots.iter().map(|s| Slot::from_option(s.take())));
    }
    slots.resize_with(capacity, Slot::empty);
    let new = Box::into_raw(Box::new(Overflow { slots }));
    ext.word().store(new.expose_provenance() as u64 | OVERFLOW_TAG, Ordering::Release);
    if old_word != 0 {
        let old = old_word;
        taipan_threading::qsbr::retire(Box::new(move || {
            // SAFETY: unpublished above; no reader is left after the grace period.
            drop(unsafe { Box::from_raw(overflow_at(old)) });
        }));
    }
}

/// Drops what an overflow word owned.
fn retire_word(word: u64) {
    if word & OVERFLOW_TAG == 0 {
        // SAFETY: the word owned the reference, if it is not 0.
        drop(unsafe { Obj::from_value(Value::from_bits(word)) });
        return;
    }
    // The references go now: the collector counts on it, and what they hold may run Python code when it dies. Only the
    // memory waits for readers, who find empty slots.
    // SAFETY: unpublished by the caller and not freed before the call below.
    let overflow = unsafe { &*overflow_at(word) };
    overflow.slots.iter().for_each(|slot| drop(slot.take()));
    taipan_threading::qsbr::retire(Box::new(move || {
        // SAFETY: unpublished by the caller; no reader is left after the grace period.
        drop(unsafe { Box::from_raw(overflow_at(word)) });
    }));
}

/// Deletes the instance attribute; returns whether it existed.
pub fn delete_attribute(obj: &Obj, name: &Py<PyStr>) -> PyResult<bool> {
    let Some((shape, ext, header)) = extension(obj) else { return Ok(false) };
    if !shape.is_dict {
        let Some(index) = shape.find(name.as_ptr()) else { return Ok(false) };
        if taipan_gc::refcount::is_alone(header)
            && let Some(target) = shape.without(class_ref(shape, header), name)?
        {
            return Ok(remove_alone(header, shape, ext, index, target));
        }
    }
    dict_of(obj)?.delete(name.as_obj())
}

/// Empties slot `index` of an object that no other thread can reach, and moves the later ones down: a slot may get another attribute only while nobody
/// can be about to store into it. Returns whether it held anything.
fn remove_alone(header: &Header, shape: &Shape, ext: Extension, index: u32, target: &Shape) -> bool {
    let overflow = ext.overflow();
    let slot = |index: u32| match index.checked_sub(shape.inline_cap) {
        // SAFETY: in bounds; alive.
        None => Some(unsafe { ext.slot(index) }),
        Some(beyond) => overflow.and_then(|o| o.slots.get(beyond as usize)),
    };
    let mut removed = None;
    for at in (index..shape.count).rev() {
        if let Some(slot) = slot(at) {
            removed = slot.replace_unshared(removed);
        }
    }
    header.set_shape(target.id);
    // What went with a plain store may be the last way to an object that others look for.
    taipan_gc::refcount::emptied_by_stores();
    removed.is_some()
}

/// The attributes as (name, value) pairs in order, without making a dict.
pub fn attributes(obj: &Obj) -> PyResult<Vec<(Obj, Obj)>> {
    let Some((shape, ext, _)) = extension(obj) else { return Ok(Vec::new()) };
    if shape.is_dict {
        return Ok(instance_dict(obj).map(|d| d.snapshot()).unwrap_or_default());
    }
    let mut pairs = Vec::new();
    for (offset, name) in shape.names().into_iter().enumerate() {
        let index = shape.fixed + offset as u32;
        let value = match index.checked_sub(shape.inline_cap) {
            // SAFETY: in bounds; alive.
            None => unsafe { ext.slot(index) }.load(),
            Some(beyond) => ext.overflow().and_then(|o| o.slots.get(beyond as usize)?.load()),
        };
        if let Some(value) = value {
            // SAFETY: interned names are immortal.
            pairs.push((Py::from_ref(unsafe { &*name }).into_obj(), value));
        }
    }
    Ok(pairs)
}

/// Moves `obj` to `class` (`__class__` assignment between compatible layouts): its attributes go to a real dict.
pub fn change_class(obj: &Obj, class: &PyType) -> PyResult<()> {
    let Some(header) = obj.header() else {
        return Err(crate::error::type_error(
            "__class__ assignment only supported for mutable types or ModuleType subclasses",
        ));
    };
    let shape = Shape::of(header);
    let target = if shape.ext_offset == 0 {
        class.root_shape()
    } else {
        let _ = dict_of(obj)?;
        class.dict_shape(shape.inline_cap)?.id
    };
    class_ref(shape, header).set_flag(type_flags::KEEPS_SHAPES, true);
    if obj.is_layout::<crate::module::PyModule>() {
        // What is remembered of a module is not remembered of its class.
        crate::code::slot_caches::lookup_changed();
    }
    if !taipan_threading::multi_threaded() {
        header.set_shape(target);
        return Ok(());
    }
    // Others may have found something on the former class that they are about to use for this instance.
    taipan_threading::stop_the_world(|_| header.set_shape(target));
    Ok(())
}

/// The `trace_slots` hook of the collector.
///
/// # Safety
/// As `Ops::trace`.
pub(crate) unsafe fn trace_slots(header: *const Header, tracer: &mut Tracer<'_>) {
    // SAFETY: alive, says the caller; its own shape.
    let (shape, ext) = unsafe {
        let shape = Shape::of(&*header);
        if shape.ext_offset == 0 {
            return;
        }
        (shape, Extension::of(header, shape))
    };
    for index in 0..shape.inline_cap {
        // SAFETY: in bounds.
        unsafe { ext.slot(index) }.trace(tracer);
    }
    if let Some(dict) = ext.dict_slot() {
        dict.trace(tracer);
    } else if let Some(overflow) = ext.overflow() {
        overflow.slots.iter().for_each(|s| s.trace(tracer));
    }
}

/// The `drop_slots` hook: drops the extension's references.
///
/// # Safety
/// As `Ops::drop`.
pub(crate) unsafe fn drop_slots(header: *mut Header) {
    // SAFETY: as the caller says; its own shape.
    let (shape, ext) = unsafe {
        let shape = Shape::of(&*header);
        if shape.ext_offset == 0 {
            return;
        }
        (shape, Extension::of(header, shape))
    };
    // Nobody else refers to the object any more: no exchange is needed.
    for index in 0..shape.inline_cap {
        // SAFETY: in bounds.
        drop(unsafe { ext.slot(index) }.replace_unshared(None));
    }
    let word = ext.word().load(Ordering::Acquire);
    if word != 0 {
        ext.word().store(0, Ordering::Release);
        retire_word(word);
    }
}

/// Shape flags for a class's rows.
pub(crate) fn row_flags(has_extension: bool, has_finalizer: bool) -> u32 {
    (if has_extension { shape_flags::SLOTS } else { 0 })
        | (if has_finalizer { shape_flags::FINALIZER } else { 0 })
}
