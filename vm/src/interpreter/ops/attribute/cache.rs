//! Inline caches of attributes.
//!
//! A cache word is 0 (empty), or has its low bit set and describes an own attribute in an inline slot:
//!
//! | bits | field |
//! | --- | --- |
//! | 63..32 | shape id |
//! | 31..8 | loads: the slot's distance from the header in words; stores: the slot, or the row of the shape with one more attribute |
//! | 1 | `ADD`: a store that adds the attribute |
//! | 0 | 1 |
//!
//! or is the address of an immutable [`ClassCache`], or, with bit 1 set, of an immutable [`Several`] that holds such words for different shapes. Words are replaced
//! whole, so a race between two threads costs a miss at worst. Replaced caches are leaked up to a bound per code object (one that keeps missing stops caching).

use std::collections::BTreeMap;

use parking_lot::Mutex;
use smallvec::SmallVec;
use taipan_gc::{Header, ShapeId, Slot};
use taipan_objects::attribute::protected;
use taipan_objects::code::PyCode;
use taipan_objects::code::slot_caches::{SEVERAL, SLOT};
use taipan_objects::descriptor::{PyClassMethod, PyGetSetDescr, PyProperty};
use taipan_objects::error::{PyResult, Raised};
use taipan_objects::module::PyModule;
use taipan_objects::native::GetSetDef;
use taipan_objects::shape::{self, Shape};
use taipan_objects::str::PyStr;
use taipan_objects::type_object::trampolines::hooked;
use taipan_objects::type_object::{PyType, class_of};
use taipan_objects::{Obj, Object, Py, Value};
use taipan_threading::sync::atomic::{AtomicU64, Ordering};

/// See the module.
pub(super) const ADD: u64 = 2;

/// What a [`ClassCache`] found.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// A plain function or method descriptor on the class: bind to the instance.
    Method,
    /// A class attribute without descriptor behavior.
    Plain,
    /// An attribute of the class object itself: `subject` is the class.
    OfType,
    /// An entry of a module's namespace.
    OfModule,
    /// A `__slots__` member: its slot is `index` words from the header.
    Member,
    /// A `property`, which is `value`.
    Property,
    /// A `staticmethod`, which is `value`; `subject` as for `OfType` if `shape` is 0.
    Static,
    /// A `classmethod`, likewise.
    OfClass,
    /// The attribute `__class__` as `object` has it.
    Class,
    /// A descriptor of a class that does not change, which is `value`; no attribute of the instance comes before it.
    Descriptor,
    /// A descriptor, which is `value`, of a class with `__getattr__`: that is asked if this raises `AttributeError`.
    Hooked,
    /// `shape` is a dict shape: what the instance's dict has (in entry `index`, perhaps), or else the class, where it is `value` (empty: there is none, or
    /// it does not matter, as for stores).
    Dict,
    /// `shape` is a dict shape: a `Method` of the class, if the instance's dict has nothing by the name.
    DictMethod,
}

/// An attribute found on the class of instances of `shape` while the class had `version`.
pub(super) struct ClassCache {
    pub(super) found: Found,
    pub(super) shape: u32,
    pub(super) version: u32,
    /// `OfModule`: entry index in the namespace; `Member`, `Dict`: see there.
    pub(super) index: u32,
    /// Of dict shapes: words from the header to the slot of the dict.
    pub(super) dict: u32,
    /// Of dict shapes: the name, interned.
    pub(super) name: Value,
    /// Of one object: how machine code has what is called.
    pub(super) called: Called,
    /// `OfType`, `OfModule`: the object itself. Others: the class, alive as long as there is an instance of `shape`.
    pub(super) subject: usize,
    /// Flagged SEEN (or deferred or immortal), so reading it uncounted is safe while the version is current.
    pub(super) value: Value,
}

/// What machine code makes of an attribute of a class or module that is called: words that need no count.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Called {
    /// `OfModule`: what is there, if that lasts as long as the version (see [`PyDict::constant_at`]); `Static`, `OfClass`: the function, if the collector alone can end it. Otherwise empty.
    function: u64,
    /// `OfClass`: the class, if the collector alone can end it. Otherwise empty.
    receiver: u64,
}

impl Called {
    pub(super) const UNKNOWN: Called = Called { function: 0, receiver: 0 };

    /// By the constant of a module.
    pub(super) fn constant(value: Value) -> Called {
        Called { function: value.bits(), receiver: 0 }
    }
    /// By what `found`, a `Static` or `OfClass` of a class, wraps.
    pub(super) fn wrapped(found: Found, value: &Obj, class: &PyType) -> Called {
        let lasts = |obj: &Obj| {
            let header = obj.header()?;
            let lasts = header.is_immortal() || header.has_flag(taipan_gc::HeaderFlags::DEFERRED);
            lasts.then(|| obj.value().uncounted().bits())
        };
        let function = value.downcast::<PyClassMethod>().and_then(|wrapper| wrapper.function.load());
        let receiver = match found {
            Found::OfClass => class.lasting_word().map(Value::bits),
            _ => Some(0),
        };
        match (function.as_ref().and_then(lasts), receiver) {
            (Some(function), Some(receiver)) => Called { function, receiver },
            _ => Called::UNKNOWN,
        }
    }
}

/// The words of a site that sees objects of several shapes, the latest first; unused ones are 0.
struct Several {
    /// What [`shape_of`] each word is.
    shapes: [u32; MOST],
    words: [u64; MOST],
}

/// Shapes that a site tells apart.
pub const MOST: usize = 4;
/// Misses of a code object after which its sites do not change any more.
pub(super) const PATIENCE: u32 = 100_000;
/// A site that knows as many shapes as it can learns another one at every so many misses.
const SELDOM: u32 = 32;

/// What a cache word is the address of, if it stands for several words.
#[inline(always)]
fn several_at(word: u64) -> Option<&'static Several> {
    if word & (SLOT | SEVERAL) != SEVERAL {
        return None;
    }
    // SAFETY: a word tagged so is the address of a leaked `Several`.
    Some(unsafe { &*std::ptr::with_exposed_provenance::<Several>((word & !SEVERAL) as usize) })
}

impl Several {
    /// The word for instances of the shape that `header` has; 0 if there is none. Other words, for one object, are not looked at.
    #[inline(always)]
    fn word_for(&self, header: &Header) -> u64 {
        let own = header.shape().0;
        // By number: an iterator would be a local in memory of the handlers that this is part of, if it is not taken apart.
        for at in 0..MOST {
            if self.shapes[at] == own {
                return self.words[at];
            }
        }
        0
    }
}

/// The word of a site that knows several shapes for the shape of `subject`, and its header.
#[inline(always)]
fn one_of_several<'a>(cache: &AtomicU64, subject: Value) -> Option<(u64, &'a Header)> {
    let several = several_at(cache.load(Ordering::Acquire))?;
    if !subject.is_ptr() {
        return None;
    }
    // SAFETY: a register keeps its object alive.
    let header = unsafe { &*subject.ptr() };
    let word = several.word_for(header);
    (word != 0).then_some((word, header))
}

/// Whether the site knows several shapes.
#[inline(always)]
pub fn knows_several(cache: &AtomicU64) -> bool {
    cache.load(Ordering::Acquire) & (SLOT | SEVERAL) == SEVERAL
}

/// The shape that a word (not 0, not of several) is for; 0 if it is for one object.
#[inline(always)]
fn shape_of(word: u64) -> u32 {
    if word & SLOT != 0 { (word >> 32) as u32 } else { cache_at(word).shape }
}

/// What a word is for: a shape, or the address of an object.
fn subject_of(word: u64) -> usize {
    match shape_of(word) {
        0 => cache_at(word).subject,
        shape => shape as usize,
    }
}

/// Whether a word for the shape, which is that of the object of `header`, or for one object applies.
#[inline(always)]
fn applies(word: u64, shape: u32, header: &Header) -> bool {
    if shape == 0 {
        return std::ptr::from_ref(header).addr() == cache_at(word).subject;
    }
    word & SLOT != 0 || cache_at(word).applies(header)
}

/// The word, of those that the cache word stands for, that applies to the object of `header`; 0 if none does.
#[inline(always)]
pub(super) fn applying_word(cache: &AtomicU64, header: &Header) -> u64 {
    let word = cache.load(Ordering::Acquire);
    if word == 0 {
        return 0;
    }
    let own = header.shape().0;
    if let Some(several) = several_at(word) {
        // By number, as above.
        for at in 0..MOST {
            let (shape, word) = (several.shapes[at], several.words[at]);
            if word != 0 && (shape == own || shape == 0) && applies(word, shape, header) {
                return word;
            }
        }
        return 0;
    }
    let shape = shape_of(word);
    if (shape == own || shape == 0) && applies(word, shape, header) { word } else { 0 }
}

/// Whether the site whose word is `old` learns what it missed. Every miss counts.
fn learns(code: &PyCode, old: u64) -> bool {
    let misses = code.warmth.fetch_add(1, Ordering::Relaxed);
    let is_full = several_at(old).is_some_and(|several| several.words[MOST - 1] != 0);
    misses <= PATIENCE && (!is_full || misses % SELDOM == 0)
}

/// Lets the site know the word of a slot, beside those that it knows already for other subjects.
pub(super) fn remember(code: &PyCode, pc: usize, word: u64) {
    let place = code.cache(pc);
    let old = place.load(Ordering::Acquire);
    if old == 0 || learns(code, old) {
        add(place, old, word);
    }
}

/// Puts the word in front of those that `old` stands for.
fn add(place: &AtomicU64, old: u64, word: u64) {
    let former = several_at(old).map_or([old, 0, 0, 0], |several| several.words);
    let subject = subject_of(word);
    let mut words = [word, 0, 0, 0];
    let others = former.iter().filter(|w| **w != 0 && subject_of(**w) != subject);
    for (place, other) in words[1..].iter_mut().zip(others) {
        *place = *other;
    }
    let new = if words[1] == 0 {
        word
    } else {
        let shapes = words.map(|word| if word == 0 { 0 } else { shape_of(word) });
        std::ptr::from_ref(Box::leak(Box::new(Several { shapes, words }))).expose_provenance() as u64
            | SEVERAL
    };
    place.store(new, Ordering::Release);
}

#[inline(always)]
pub(super) fn cache_at(word: u64) -> &'static ClassCache {
    // SAFETY: an untagged nonzero word is the address of a leaked `ClassCache`.
    unsafe { &*std::ptr::with_exposed_provenance::<ClassCache>(word as usize) }
}

#[inline(always)]
pub(super) fn uncounted(value: Value) -> Obj {
    // SAFETY: the cached value is kept by the class's namespace, or by limbo until the next safepoint.
    unsafe { Obj::from_value_unchecked(value.uncounted()) }
}

/// The class as a value for a register: counted if the collector is not the only one to end it.
pub fn class_object(class: &PyType) -> Obj {
    if let Some(word) = class.lasting_word() {
        // SAFETY: an instance, which the caller has, keeps its class; registers need no count of such objects.
        return unsafe { Obj::from_value_unchecked(word) };
    }
    class.to_obj()
}

impl ClassCache {
    /// Of what the class of instances of `shape` had at `version`.
    pub(super) fn of_instances(found: Found, shape: &Shape, version: u32, value: Value) -> ClassCache {
        let subject = shape.class().expose_provenance();
        ClassCache {
            found,
            shape: shape.id.0,
            version,
            index: 0,
            dict: 0,
            name: Value::EMPTY,
            called: Called::UNKNOWN,
            subject,
            value,
        }
    }
    /// Of one object, the class or module of `header`.
    pub(super) fn of_object(
        found: Found,
        header: &Header,
        version: u32,
        index: u32,
        value: Value,
        called: Called,
    ) -> ClassCache {
        let subject = std::ptr::from_ref(header).addr();
        ClassCache { found, shape: 0, version, index, dict: 0, name: Value::EMPTY, called, subject, value }
    }
    /// Of an instance of `shape`, a dict shape, which has the attribute in entry `place` of its dict, or not there.
    pub(super) fn of_dict(
        found: Found,
        shape: &Shape,
        version: u32,
        value: Value,
        name: &Py<PyStr>,
        place: Option<u32>,
    ) -> ClassCache {
        ClassCache {
            index: place.unwrap_or(u32::MAX),
            dict: shape::dict::distance(shape),
            name: name.as_obj().value(),
            ..ClassCache::of_instances(found, shape, version, value)
        }
    }
    /// The attribute of `header`, an instance of the shape, a dict shape, if it is where this says. May be uncounted.
    #[inline(always)]
    fn in_dict(&self, header: &Header) -> Option<Obj> {
        // SAFETY: the shape is the one for which the distance was made.
        unsafe { shape::dict::value_at_once(header, self.dict, self.name, self.index) }
    }
    /// The attribute of `header`, an instance of the shape, a dict shape, or that its dict has none; nothing: that takes more. May be uncounted.
    #[inline(never)]
    fn look(&self, header: &Header) -> Option<Option<Obj>> {
        // SAFETY: as above.
        unsafe { shape::dict::look_at_once(header, self.dict, self.name) }
    }
    /// The attribute of `header`, an instance of the shape, a dict shape, or of its class, if it is found without running code. May be uncounted.
    #[inline(never)]
    fn in_dict_or_class(&self, header: &Header) -> Option<Obj> {
        if let Some(value) = self.in_dict(header) {
            return Some(value);
        }
        match self.look(header)? {
            Some(value) => Some(value),
            None if self.value.is_empty() => None,
            None => {
                let value = uncounted(self.value);
                class_of(&value).slots.descr_get().is_none().then_some(value)
            }
        }
    }
    /// The content of the `__slots__` member of `header`, an instance of the shape, if that is a matter of a few instructions.
    #[inline(always)]
    fn member(&self, header: &Header) -> Option<Value> {
        // SAFETY: the shape is the one for which the distance was made.
        unsafe { slot_at(header, self.index) }.load_at_once().map(Obj::into_value)
    }
    /// Whether `header` is of an instance of `shape` whose class has the version.
    #[inline(always)]
    fn applies(&self, header: &Header) -> bool {
        header.shape().0 == self.shape && self.is_current()
    }
    /// Whether the class has the version still: there is an instance of `shape`.
    #[inline(always)]
    fn is_current(&self) -> bool {
        // SAFETY: an instance of the shape keeps its class, which `subject` is, alive.
        unsafe { &*self.class() }.version_now() == self.version
    }
    #[inline(always)]
    fn class(&self) -> *const PyType {
        std::ptr::with_exposed_provenance(self.subject)
    }
}

/// The slot `distance` words from `header`.
///
/// # Safety
/// An object of the header's layout and shape has a slot there.
#[inline(always)]
pub(super) unsafe fn slot_at(header: &Header, distance: u32) -> &Slot {
    // SAFETY: says the caller.
    unsafe { &*std::ptr::from_ref(header).cast::<Slot>().add(distance as usize) }
}

/// Distance in words from the header to slot `slot` of an instance of `shape`.
pub(super) fn distance(shape: &Shape, slot: u32) -> u32 {
    // Behind the overflow word.
    shape.ext_offset / 8 + 1 + slot
}

/// `obj.name` if the cache word answers.
#[inline(never)]
pub fn quick_load(cache: &AtomicU64, obj: &Obj) -> Option<Obj> {
    let header = obj.header()?;
    let word = applying_word(cache, header);
    if word & SLOT != 0 {
        // SAFETY: the shape was just checked, and the distance was made for it.
        return unsafe { slot_at(header, (word as u32) >> 8) }.load_uncounted();
    }
    if word == 0 {
        return None;
    }
    let cache = cache_at(word);
    match cache.found {
        Found::Plain => Some(uncounted(cache.value)),
        // SAFETY: the shape is the one for which the distance was made.
        Found::Member => unsafe { slot_at(header, cache.index) }.load_uncounted(),
        Found::Class => Some(class_object(class_of(obj))),
        Found::OfType => {
            let class = obj.downcast::<PyType>()?;
            (class.version_now() == cache.version).then(|| uncounted(cache.value))
        }
        Found::OfModule => obj.downcast::<PyModule>()?.dict_ref().cached_value(cache.version, cache.index),
        Found::Method
        | Found::Property
        | Found::Static
        | Found::OfClass
        | Found::Descriptor
        | Found::Hooked
        | Found::DictMethod => None,
        Found::Dict => cache.in_dict_or_class(header),
    }
}

/// `obj.name` by the descriptor, or from the dict, that the cache word tells of: this may run code.
pub(super) fn load_known(
    code: &PyCode,
    pc: usize,
    header: &Header,
    obj: &Obj,
    name: &Py<PyStr>,
) -> PyResult<Option<Obj>> {
    let word = applying_word(code.cache(pc), header);
    if word == 0 || word & SLOT != 0 {
        return Ok(None);
    }
    let cache = cache_at(word);
    let found = || protected(uncounted(cache.value));
    match cache.found {
        Found::Descriptor => get_bound(found(), obj).map(Some),
        Found::Hooked => get_bound(found(), obj).or_else(|Raised| hooked(obj, name.as_obj())).map(Some),
        Found::Dict => {
            // Counted before the dict is asked, which may run code.
            let found = (!cache.value.is_empty()).then(found);
            match shape::get_attribute(obj, name)? {
                Some(value) => {
                    learn_place(code, pc, cache, obj, name);
                    Ok(Some(value))
                }
                None => found.map(|found| get_bound(found, obj)).transpose(),
            }
        }
        _ => Ok(None),
    }
}

/// The attribute was not in the entry that the site knows: lets it know the one where it is, at times.
pub(super) fn learn_place(code: &PyCode, pc: usize, cache: &ClassCache, obj: &Obj, name: &Py<PyStr>) {
    if code.warmth.fetch_add(1, Ordering::Relaxed) % SELDOM == 0
        && let Some(place) = shape::dict::place_of(obj, name)
        && place != cache.index
    {
        install(code, pc, ClassCache { index: place, ..*cache });
    }
}

/// The native attribute that `obj.name` is by the class of `obj`, if the cache word knows of one.
#[inline]
pub fn quick_native(cache: &AtomicU64, obj: &Obj) -> Option<&'static GetSetDef> {
    let cache = applying(cache, obj, Found::Descriptor)?;
    let descriptor = uncounted(cache.value);
    let descriptor = descriptor.downcast::<PyGetSetDescr>()?;
    descriptor.accepts(obj).then_some(descriptor.def)
}

/// What an attribute of the class of `obj` is as an attribute of `obj`.
fn get_bound(found: Obj, obj: &Obj) -> PyResult<Obj> {
    match class_of(&found).slots.descr_get() {
        Some(get) => get(&found, Some(obj), Some(&class_of(obj).to_obj())),
        None => Ok(found),
    }
}

/// `subject.name` if the cache word knows its inline slot and that can be read in a few instructions.
#[inline(always)]
pub fn inline_slot(cache: &AtomicU64, subject: Value) -> Option<Obj> {
    let word = cache.load(Ordering::Acquire);
    if word & SLOT == 0 || !subject.is_ptr() {
        return None;
    }
    // SAFETY: a register keeps its object alive.
    let header = unsafe { &*subject.ptr() };
    if header.shape().0 != (word >> 32) as u32 {
        return None;
    }
    // SAFETY: the shape was just checked, and the distance was made for it.
    unsafe { slot_at(header, (word as u32) >> 8) }.load_at_once()
}

/// The content of the slot or the plain class attribute that `subject.name` is, at a site that knows several shapes; a word that owns its reference or needs none.
#[inline(always)]
pub fn slot_or_plain_of_several(cache: &AtomicU64, subject: Value) -> Option<Value> {
    let (word, header) = one_of_several(cache, subject)?;
    if word & SLOT != 0 {
        // SAFETY: the shape was just checked, and the distance was made for it.
        return unsafe { slot_at(header, (word as u32) >> 8) }.load_at_once().map(Obj::into_value);
    }
    let cache = cache_at(word);
    match cache.found {
        Found::Plain if cache.is_current() => Some(cache.value.uncounted()),
        Found::Member if cache.is_current() => cache.member(header),
        _ => None,
    }
}

/// [`only_method`] at a site that knows several shapes.
#[inline(always)]
pub fn method_of_several(cache: &AtomicU64, subject: Value) -> Option<Value> {
    let (word, _) = one_of_several(cache, subject)?;
    if word & SLOT != 0 {
        return None;
    }
    let cache = cache_at(word);
    (cache.found == Found::Method && cache.is_current()).then(|| cache.value.uncounted_ptr())
}

/// The inline slot of `subject` that the cache word of a store knows, while no other thread can be at it (otherwise see `shape`'s protocol).
#[inline(always)]
pub fn inline_slot_to_store<'a>(cache: &AtomicU64, subject: Value) -> Option<&'a Slot> {
    let word = cache.load(Ordering::Acquire);
    if word & SLOT == 0 || !subject.is_ptr() {
        return None;
    }
    // SAFETY: a register keeps its object alive.
    let header = unsafe { &*subject.ptr() };
    if header.shape().0 != (word >> 32) as u32 {
        return None;
    }
    slot_to_store(word, header)
}

/// [`inline_slot_to_store`] at a site that knows several shapes.
#[inline(always)]
pub fn slot_to_store_of_several<'a>(cache: &AtomicU64, subject: Value) -> Option<&'a Slot> {
    let (word, header) = one_of_several(cache, subject)?;
    slot_to_store(word, header)
}

/// The slot that `word`, which is for the shape of `header`, leads to.
#[inline(always)]
fn slot_to_store(word: u64, header: &Header) -> Option<&Slot> {
    if word & (SLOT | ADD) != SLOT || !taipan_gc::refcount::is_alone(header) {
        return None;
    }
    let (shape, index) = (Shape::of(header), (word as u32) >> 8);
    if shape.is_dict || index >= shape.inline_cap {
        return None;
    }
    // SAFETY: the object has this shape, and so many inline slots.
    Some(unsafe { slot_at(header, distance(shape, index)) })
}

/// Adds the attribute to `subject` that the cache word of a store, or one of those that it stands for, says is added to objects of its shape, if that is a matter of a few
/// instructions. `value`, a word that owns its reference, is made only then.
#[inline(always)]
#[must_use]
pub fn add_at_once(cache: &AtomicU64, subject: Value, value: impl FnOnce() -> Option<Value>) -> bool {
    if !subject.is_ptr() {
        return false;
    }
    // SAFETY: a register keeps its object alive.
    let header = unsafe { &*subject.ptr() };
    let mut word = cache.load(Ordering::Acquire);
    if let Some(several) = several_at(word) {
        // A method of a base class, or a class whose instances have got more room.
        word = several.word_for(header);
    }
    if word & (SLOT | ADD) != SLOT | ADD
        || header.shape().0 != (word >> 32) as u32
        || !taipan_gc::refcount::is_alone(header)
    {
        return false;
    }
    // Asked before: the value may be the object itself, whose count it raises.
    let Some(value) = value() else { return false };
    let to = Shape::id_in_row((word as u32) >> 8);
    taipan_objects::shape::add_alone(header, Shape::of(header), to, value);
    true
}

/// What the cache word leads to, if it is of this kind and applies to `obj`.
#[inline(always)]
pub(super) fn applying(cache: &AtomicU64, obj: &Obj, found: Found) -> Option<&'static ClassCache> {
    let word = applying_word(cache, obj.header()?);
    if word == 0 || word & SLOT != 0 {
        return None;
    }
    let cache = cache_at(word);
    (cache.found == found).then_some(cache)
}

/// The function that `LOAD_METHOD` binds to `obj`, if the cache word answers.
#[inline(never)]
pub fn quick_method(cache: &AtomicU64, obj: &Obj) -> Option<Obj> {
    let header = obj.header()?;
    let word = applying_word(cache, header);
    if word == 0 || word & SLOT != 0 {
        return None;
    }
    let cache = cache_at(word);
    let applies = match cache.found {
        Found::Method => true,
        Found::DictMethod => matches!(cache.look(header), Some(None)),
        _ => false,
    };
    applies.then(|| uncounted(cache.value))
}

/// The function of the `staticmethod` or `classmethod` that `LOAD_METHOD` finds, and the class to which that binds it, if the cache word answers.
pub(super) fn quick_wrapped(cache: &AtomicU64, obj: &Obj) -> Option<(Obj, Option<Obj>)> {
    let word = applying_word(cache, obj.header()?);
    if word == 0 || word & SLOT != 0 {
        return None;
    }
    let cache = cache_at(word);
    if !matches!(cache.found, Found::Static | Found::OfClass) {
        return None;
    }
    let own = cache.shape != 0;
    if !own && obj.downcast::<PyType>()?.version_now() != cache.version {
        return None;
    }
    let function = uncounted(cache.value).downcast::<PyClassMethod>()?.function.load_uncounted()?;
    let receiver = match cache.found {
        Found::Static => None,
        _ if own => Some(class_object(class_of(obj))),
        _ => Some(class_object(obj.downcast::<PyType>()?)),
    };
    Some((function, receiver))
}

/// What a site that knows one shape, or one object, found on a class or in a namespace, and the header of what the register holds.
#[inline(always)]
fn only<'a>(cache: &AtomicU64, subject: Value) -> Option<(&'static ClassCache, &'a Header)> {
    let word = cache.load(Ordering::Acquire);
    if word == 0 || word & (SLOT | SEVERAL) != 0 || !subject.is_ptr() {
        return None;
    }
    // SAFETY: a register keeps its object alive.
    Some((cache_at(word), unsafe { &*subject.ptr() }))
}

/// [`quick_method`] of what a register holds, at a site that knows one shape; a word that needs no count.
#[inline(always)]
pub fn only_method(cache: &AtomicU64, subject: Value) -> Option<Value> {
    let (cache, header) = only(cache, subject)?;
    (cache.found == Found::Method && cache.applies(header)).then(|| cache.value.uncounted_ptr())
}

/// The class attribute or the content of the `__slots__` member that `subject.name` is, at a site that knows one shape; a word that owns its reference or needs none.
#[inline(always)]
pub fn only_plain_or_member(cache: &AtomicU64, subject: Value) -> Option<Value> {
    let (cache, header) = only(cache, subject)?;
    let applies = match cache.found {
        Found::Plain => cache.applies(header),
        Found::Member if cache.applies(header) => return cache.member(header),
        // The class may be dead, and its block another object by now.
        Found::OfType
            if std::ptr::from_ref(header).addr() == cache.subject
                && std::ptr::eq(header.shape_entry().ops_ptr(), PyType::ops()) =>
        {
            // SAFETY: the layout was checked.
            let class: &PyType = unsafe { &*std::ptr::from_ref(header).cast() };
            class.version_now() == cache.version
        }
        _ => false,
    };
    applies.then(|| cache.value.uncounted())
}

/// The attribute of the module that a register holds, at a site that knows one, if that is a matter of a few instructions. May be uncounted.
#[inline(always)]
pub fn only_of_module(cache: &AtomicU64, subject: Value) -> Option<Obj> {
    let (cache, header) = only(cache, subject)?;
    // The module may be dead, and its block another object by now.
    if cache.found != Found::OfModule
        || std::ptr::from_ref(header).addr() != cache.subject
        || !std::ptr::eq(header.shape_entry().ops_ptr(), PyModule::ops())
    {
        return None;
    }
    // SAFETY: the layout was checked.
    let module: &PyModule = unsafe { &*std::ptr::from_ref(header).cast() };
    module.dict_ref().cached_at_once(cache.version, cache.index)
}

/// [`only_method`] of an instance whose dict might have something else by the name, and has not.
#[inline(always)]
pub fn only_method_beside_dict(cache: &AtomicU64, subject: Value) -> Option<Value> {
    let (cache, header) = only(cache, subject)?;
    if cache.found != Found::DictMethod || !cache.applies(header) || !lacks(cache, header) {
        return None;
    }
    Some(cache.value.uncounted_ptr())
}

/// Whether the dict of `header`, an instance of the shape of the cache, a dict shape, has nothing by the name; false if that takes more.
#[inline(never)]
fn lacks(cache: &ClassCache, header: &Header) -> bool {
    matches!(cache.look(header), Some(None))
}

/// Whether the site knows one shape or object, and something else than a slot of it.
#[inline(always)]
pub fn knows_record(cache: &AtomicU64) -> bool {
    let word = cache.load(Ordering::Acquire);
    word != 0 && word & (SLOT | SEVERAL) == 0
}

/// The `__slots__` member, or the place in the dict, of what a register holds that the site, which knows one shape, stores to, if no other thread can be at it.
#[inline(always)]
pub fn slot_of_record_to_store<'a>(cache: &AtomicU64, subject: Value) -> Option<&'a Slot> {
    let (cache, header) = only(cache, subject)?;
    if cache.found == Found::Member && cache.applies(header) {
        // SAFETY: the shape is the one for which the distance was made.
        return taipan_gc::refcount::is_alone(header).then(|| unsafe { slot_at(header, cache.index) });
    }
    if cache.found != Found::Dict || !cache.applies(header) {
        return None;
    }
    // SAFETY: the shape is the one for which the distance was made.
    unsafe { shape::dict::slot_at_once(header, cache.dict, cache.name, cache.index) }
}

/// The attribute of what a register holds in the entry of its dict that the site, which knows one shape, knows, if that is a matter of a few instructions. May be uncounted.
#[inline(always)]
pub fn only_in_dict(cache: &AtomicU64, subject: Value) -> Option<Obj> {
    let (cache, header) = only(cache, subject)?;
    if cache.found != Found::Dict || !cache.applies(header) {
        return None;
    }
    cache.in_dict(header)
}

/// The getter that a property of `obj` has, if the cache word knows of one.
#[inline(always)]
pub fn quick_property(cache: &AtomicU64, obj: &Obj) -> Option<Obj> {
    let cache = applying(cache, obj, Found::Property)?;
    uncounted(cache.value).downcast::<PyProperty>()?.get.load_uncounted()
}

/// Marks what a cache holds as read uncounted, so that a stale hit reads a whole object.
pub(super) fn let_be_read(value: &Obj) {
    if let Some(header) = value.header()
        && !header.is_immortal()
    {
        header.set_flag(taipan_gc::HeaderFlags::SEEN);
    }
}

/// The record with this content, which is never freed: sites that forgot what they knew (see `slot_caches`) find the same again.
fn recorded(cache: ClassCache) -> &'static ClassCache {
    type Content = (u8, u32, u32, u32, usize, u64, u64, Called);
    static RECORDED: Mutex<BTreeMap<Content, &'static ClassCache>> = Mutex::new(BTreeMap::new());
    let (value, name) = (cache.value.bits(), cache.name.bits());
    // The distance to a dict is the shape's.
    let found = cache.found as u8;
    let content = (found, cache.shape, cache.version, cache.index, cache.subject, value, name, cache.called);
    RECORDED.lock().entry(content).or_insert_with(|| Box::leak(Box::new(cache)))
}

/// Lets the site know what was found on a class.
pub(super) fn install(code: &PyCode, pc: usize, cache: ClassCache) {
    let place = code.cache(pc);
    let old = place.load(Ordering::Acquire);
    if !learns(code, old) {
        return;
    }
    if cache.value.is_ptr() {
        let_be_read(&uncounted(cache.value));
    }
    add(place, old, std::ptr::from_ref(recorded(cache)).expose_provenance() as u64);
}

/// The method that the site, which knows one shape or several, knows for what a register holds; a word that needs no count.
#[inline(always)]
pub fn known_method(cache: &AtomicU64, subject: Value) -> Option<Value> {
    match only_method(cache, subject) {
        None => method_of_several(cache, subject),
        found => found,
    }
}

/// The same for what is alive, as an object of its own.
pub fn method_known(cache: &AtomicU64, subject: &Obj) -> Option<Obj> {
    let method = known_method(cache, subject.value())?;
    // SAFETY: the class has it at this moment, and the subject the class.
    unsafe { Obj::from_borrowed_at_once(method) }
}

/// Lets the site know a method that instances of `shape` have of their class, at its `version`.
pub fn install_method(code: &PyCode, pc: usize, shape: &Shape, version: u32, function: &Obj) {
    install(code, pc, ClassCache::of_instances(Found::Method, shape, version, function.value()));
}

/// What a site knows of one shape, as machine code can use it: as long as the cache has the same word, and what is said of the subject and its class holds.
#[derive(Clone, Copy, Debug)]
pub enum Single {
    /// Instances of `shape` have the attribute in a slot, so many bytes from the header.
    Slot { shape: u32, offset: i32 },
    /// The same of a `__slots__` member, which may be empty, while the class has `version`.
    Member { shape: u32, class: usize, version: u32, offset: i32 },
    /// Instances of `shape` have the method `function`, a word that needs no count, of their class, while that has `version`.
    Method { shape: u32, class: usize, version: u32, function: Value },
    /// The same of a value that is no method.
    Plain { shape: u32, class: usize, version: u32, value: Value },
    /// The same of a property.
    Property { shape: u32, class: usize, version: u32, property: Value },
    /// The class itself has the attribute `value`, a word that needs no count, while it has `version`.
    OfType { class: usize, version: u32, value: Value },
    /// The module whose keys have `version` has the attribute `value`, a word that needs no count.
    OfModule { version: u32, value: Value },
    /// The class itself has the `staticmethod` or `classmethod` `wrapper` of `function`, which is called with `receiver` in front of the arguments (or nothing, if that is empty),
    /// while it has `version`; all words that need no count. The wrapper may be made to wrap something else.
    Wrapped { class: usize, version: u32, wrapper: Value, function: Value, receiver: Value },
}

/// What the cache of a site for loads knows of slots, methods and other attributes of classes. It stays true of the shapes when the site learns others.
pub fn singles(cache: &AtomicU64) -> SmallVec<[Single; MOST]> {
    words(cache).into_iter().filter_map(single).collect()
}

/// The words that the cache word of a site stands for; unused ones are 0.
pub fn words(cache: &AtomicU64) -> [u64; MOST] {
    let word = cache.load(Ordering::Acquire);
    several_at(word).map_or([word, 0, 0, 0], |several| several.words)
}

/// What a word that is not of several says.
fn single(word: u64) -> Option<Single> {
    if word == 0 {
        return None;
    }
    if word & SLOT != 0 {
        return Some(Single::Slot { shape: (word >> 32) as u32, offset: ((word as u32) >> 8) as i32 * 8 });
    }
    let cache = cache_at(word);
    let (shape, class, version, value) = (cache.shape, cache.subject, cache.version, cache.value.uncounted());
    match cache.found {
        Found::Method if shape != 0 => Some(Single::Method { shape, class, version, function: value }),
        Found::Member if shape != 0 => {
            Some(Single::Member { shape, class, version, offset: cache.index as i32 * 8 })
        }
        Found::Plain if shape != 0 => Some(Single::Plain { shape, class, version, value }),
        Found::Property if shape != 0 => Some(Single::Property { shape, class, version, property: value }),
        Found::OfType => Some(Single::OfType { class, version, value }),
        Found::OfModule if cache.called != Called::UNKNOWN => {
            Some(Single::OfModule { version, value: Value::from_bits(cache.called.function) })
        }
        Found::Static | Found::OfClass if shape == 0 && cache.called != Called::UNKNOWN => {
            let [function, receiver] = [cache.called.function, cache.called.receiver].map(Value::from_bits);
            Some(Single::Wrapped { class, version, wrapper: value, function, receiver })
        }
        _ => None,
    }
}

/// What the cache of a site for stores says of instances of the shape that `subject` has, if that is a slot that they have or are to have; how many bytes from the header it is; and the shape that
/// they get, if it is another one.
pub fn slot_known_to_store(cache: &AtomicU64, subject: &Obj) -> Option<(u64, i32, Option<ShapeId>)> {
    let header = subject.header()?;
    let word = match cache.load(Ordering::Acquire) {
        word if word & SLOT != 0 && (word >> 32) as u32 == header.shape().0 => word,
        _ => one_of_several(cache, subject.value())?.0,
    };
    if word & SLOT == 0 {
        return None;
    }
    let (shape, number) = (Shape::of(header), (word as u32) >> 8);
    let adds = word & ADD != 0;
    let index = if adds { shape.count } else { number };
    if shape.is_dict || index >= shape.inline_cap {
        return None;
    }
    Some((word, distance(shape, index) as i32 * 8, adds.then(|| Shape::id_in_row(number))))
}
