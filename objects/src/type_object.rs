//! Classes: the `type` layout, method resolution, versions, attribute lookup.
//!
//! Who writes what: `slots` and `dict` under the class's lock while other threads read them; `mro` and `base` while the world is
//! stopped or before the class is published; `version` by the looker-up (from 0 to a fresh number) and by whoever modifies the class
//! or a base (back to 0, *before* the modification becomes visible is not needed: caches hold values flagged `SEEN`, so a stale hit
//! reads what the class had a moment ago, never freed memory).

mod attribute_room;
mod bases;
pub mod builder;
pub mod mro;
pub mod number_items;
pub mod overrides;
pub mod ready;
pub mod slot_defs;
mod slot_names;
pub mod slots;
mod subclasses;
pub mod trampolines;
pub mod type_methods;

use std::cell::UnsafeCell;
use std::sync::OnceLock;

use parking_lot::Mutex;
use taipan_gc::weakref::WeakSlot;
use taipan_gc::{Header, HeaderFlags, Obj, Object, Ops, Py, ShapeId, Slot, Tracer, Value};
use taipan_threading::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

pub use builder::TypeBuilder;
pub use slots::{CompareOp, SlotId, SlotTable, TypeSlots};

use crate::dict::PyDict;
use crate::error::{PyResult, memory_error};
use crate::protocol::IntoStrong;
use crate::shape::{self, Shape};
use crate::str::PyStr;
use crate::types::types;

/// Bits of [`PyType::flags`].
pub mod type_flags {
    /// Made by a class statement or `type()`: attributes may be set.
    pub const HEAP: u32 = 1;
    /// May be subclassed.
    pub const BASE: u32 = 2;
    /// `__abstractmethods__` is non-empty.
    pub const ABSTRACT: u32 = 4;
    /// Instances take arbitrary attributes.
    pub const HAS_DICT: u32 = 8;
    /// Instances can be weakly referenced.
    pub const HAS_WEAKREF: u32 = 16;
    /// Attributes of the class cannot be changed.
    pub const IMMUTABLE: u32 = 32;
    /// `slots`, `mro` and `dict` are complete.
    pub const READY: u32 = 64;
    /// Matches sequence patterns (PEP 634).
    pub const SEQUENCE: u32 = 128;
    /// Matches mapping patterns (PEP 634).
    pub const MAPPING: u32 = 256;
    /// Instances cannot be made by calling the class.
    pub const NO_INSTANTIATION: u32 = 512;
    /// `__init__`/`__new__`/`__getattribute__` need no special care: plain `object` behaviour.
    pub const GETATTRIBUTE_OVERRIDDEN: u32 = 1024;
    /// Indexing a match-class pattern with the subject itself (int, str, …).
    pub const MATCH_SELF: u32 = 2048;
    /// The linearization has classes that are no bases and would not tell of their changes: nothing may be cached.
    pub const UNVERSIONED: u32 = 4096;
    /// A native class without data of its own, which pickling takes for one of Python's.
    pub const SHOWN_AS_HEAP: u32 = 8192;
    /// The linearization is the class and then that of its base: what the class has not itself is what the base has.
    pub const LINEAR: u32 = 16384;
    /// An instance was moved to another class: others may be in the midst of an operation on it, which does not keep this class alive, so its shapes stay.
    pub const KEEPS_SHAPES: u32 = 32768;
}

/// A class. See the module for who writes which field.
#[repr(C)]
pub struct PyType {
    header: Header,
    /// `__name__`, a `str`.
    pub name: Slot,
    /// `__qualname__`, a `str`.
    pub qualname: Slot,
    /// `__bases__`, a tuple.
    pub bases: Slot,
    /// `__mro__` as a tuple.
    pub mro_tuple: Slot,
    mro: AtomicPtr<Vec<*const PyType>>,
    base: AtomicPtr<PyType>,
    /// The namespace.
    pub(crate) dict: Slot,
    pub slots: SlotTable,
    /// Native layout of instances.
    pub ops: &'static Ops,
    flags: AtomicU32,
    version: AtomicU32,
    root: AtomicU32,
    inline_cap: AtomicU32,
    /// Number of `__slots__` members including the bases'.
    pub fixed_slots: u32,
    ext_offset: u32,
    dict_shapes: Mutex<Vec<&'static Shape>>,
    /// The newest of its shapes, by which all are known.
    pub(crate) newest_shape: Mutex<Option<&'static Shape>>,
    /// How many shapes its instances' attributes made so far.
    pub(crate) shape_count: AtomicU32,
    pub(crate) subclasses: Mutex<subclasses::Subclasses>,
    /// For native classes: module of definition.
    pub(crate) module: &'static str,
    /// Free for the interpreter: e.g. the cached `__init__`.
    pub cached_init: Slot,
    /// Free for a native metaclass: an object that says what its classes are about.
    pub native: Slot,
    /// How the numbers in its own instances are had at once; not for subclasses.
    pub number_items: OnceLock<&'static number_items::NumberItems>,
    /// Its weak reference without callback, which refers to the class and is itself referred to weakly here.
    pub(crate) weak_reference: WeakSlot,
}

// SAFETY: raw class pointers are uncounted references that classes keep alive (bases) or that are removed on death (subclasses).
unsafe impl Sync for PyType {}
// SAFETY: as above.
unsafe impl Send for PyType {}

static TYPE_OPS: Ops = Ops {
    name: "type",
    size: size_of::<PyType>(),
    trace: trace_type,
    drop: drop_type,
    tracked: true,
    base: None,
};

// SAFETY: repr(C), header first; only `PyType::make` creates them, with shapes of classes whose ops is TYPE_OPS.
unsafe impl Object for PyType {
    fn ops() -> &'static Ops {
        &TYPE_OPS
    }
}

unsafe fn trace_type(header: *const Header, tracer: &mut Tracer<'_>) {
    // SAFETY: only called on this layout.
    let this = unsafe { &*header.cast::<PyType>() };
    for slot in [
        &this.name,
        &this.qualname,
        &this.bases,
        &this.mro_tuple,
        &this.dict,
        &this.cached_init,
        &this.native,
    ] {
        slot.trace(tracer);
    }
}

unsafe fn drop_type(header: *mut Header) {
    // SAFETY: only called on this layout, once.
    unsafe {
        let this = header.cast::<PyType>();
        if (*header).has_flag(crate::watch::WATCHED) {
            crate::watch::types::deallocated(header.addr());
        }
        taipan_gc::weakref::unregister(&(*this).weak_reference);
        (*this).unlink_from_bases();
        shape::dead::leave(&*this);
        // Nobody looks at them any more; the lists inside are the class's own.
        *(*this).dict_shapes.lock() = Vec::new();
        *(*this).subclasses.lock() = subclasses::Subclasses::new();
        for slot in [
            &(*this).name,
            &(*this).qualname,
            &(*this).bases,
            &(*this).mro_tuple,
            &(*this).dict,
            &(*this).cached_init,
            &(*this).native,
        ] {
            drop(slot.take());
        }
    }
}

static NEXT_VERSION: AtomicU32 = AtomicU32::new(1);

/// The class of any value.
#[inline(always)]
pub fn class_of(obj: &Obj) -> &PyType {
    match obj.header() {
        // SAFETY: an object keeps its class alive through its shape.
        Some(header) => unsafe { &*header.shape_entry().class().cast::<PyType>() },
        None => {
            if obj.value().is_int() {
                &types().int
            } else {
                &types().float
            }
        }
    }
}

impl PyType {
    /// The class as an uncounted word, if the collector alone can end it.
    #[inline(always)]
    pub fn lasting_word(&self) -> Option<Value> {
        let lasts = self.header.is_immortal() || self.header.has_flag(HeaderFlags::DEFERRED);
        lasts.then(|| Value::from_ptr(&self.header).uncounted())
    }
    pub fn header(&self) -> &Header {
        &self.header
    }
    #[inline(always)]
    pub fn flags(&self) -> u32 {
        self.flags.load(Ordering::Relaxed)
    }
    #[inline(always)]
    pub fn has_flag(&self, flag: u32) -> bool {
        self.flags() & flag != 0
    }
    pub fn set_flag(&self, flag: u32, on: bool) {
        if on {
            self.flags.fetch_or(flag, Ordering::Relaxed);
        } else {
            self.flags.fetch_and(!flag, Ordering::Relaxed);
        }
    }
    pub fn has_dict(&self) -> bool {
        self.has_flag(type_flags::HAS_DICT)
    }
    /// As a counted object.
    pub fn to_obj(&self) -> Obj {
        Py::from_ref(self).into_obj()
    }
    pub fn to_py(&self) -> Py<PyType> {
        Py::from_ref(self)
    }
    /// Identity.
    #[inline(always)]
    pub fn is(&self, other: &PyType) -> bool {
        std::ptr::eq(self, other)
    }
    /// The solid base: the class whose layout this one extends; `None` for `object`.
    pub fn base(&self) -> Option<&PyType> {
        // SAFETY: `bases` keeps the base alive.
        unsafe { self.base.load(Ordering::Acquire).as_ref() }
    }
    pub(crate) fn set_base(&self, base: &PyType) {
        self.base.store(std::ptr::from_ref(base).cast_mut(), Ordering::Release);
    }
    /// The method resolution order, this class first.
    #[inline]
    pub fn mro(&self) -> &[*const PyType] {
        // SAFETY: null before ready; replaced vectors are leaked.
        match unsafe { self.mro.load(Ordering::Acquire).as_ref() } {
            Some(mro) => mro,
            None => &[],
        }
    }
    /// The method resolution order as references.
    pub fn mro_iter(&self) -> impl DoubleEndedIterator<Item = &PyType> {
        // SAFETY: `mro_tuple` keeps them alive.
        self.mro().iter().map(|c| unsafe { &**c })
    }
    /// Where the linearization is: another one whenever it was stored anew.
    pub(crate) fn mro_address(&self) -> usize {
        self.mro.load(Ordering::Acquire).addr()
    }
    /// The linearization of a dead class, for whoever frees it.
    pub(crate) fn take_mro(&self) -> *mut Vec<*const PyType> {
        self.mro.swap(std::ptr::null_mut(), Ordering::AcqRel)
    }
    pub(crate) fn set_mro(&self, mro: Vec<*const PyType>) {
        self.mro.store(Box::into_raw(Box::new(mro)), Ordering::Release);
    }
    /// `issubclass` by method resolution order alone.
    #[inline]
    pub fn is_subtype(&self, other: &PyType) -> bool {
        std::ptr::eq(self, other) || self.mro().iter().any(|c| std::ptr::eq(*c, other))
    }
    /// The namespace.
    pub fn dict(&self) -> Py<PyDict> {
        match self.dict.load().and_then(|d| d.into_py::<PyDict>().ok()) {
            Some(dict) => dict,
            None => PyDict::new(),
        }
    }
    /// How error texts name the class: `__name__`, qualified by the module for native classes outside of `builtins` (`tp_name`).
    pub fn name(&self) -> String {
        let name = self.short_name();
        if self.has_flag(type_flags::HEAP) || self.module == "builtins" {
            name
        } else {
            format!("{}.{name}", self.module)
        }
    }
    /// `__name__`.
    pub fn short_name(&self) -> String {
        self.name
            .load()
            .and_then(|n| n.downcast::<PyStr>().map(|s| s.to_string_lossy().into_owned()))
            .unwrap_or_default()
    }
    /// `__qualname__`.
    pub fn qualified_name(&self) -> String {
        self.qualname
            .load()
            .and_then(|n| n.downcast::<PyStr>().map(|s| s.to_string_lossy().into_owned()))
            .unwrap_or_default()
    }
    /// Whether instances are initialized as those of `base`: a class with an `__init__` of its own may take other arguments.
    pub fn shares_init(&self, base: &PyType) -> bool {
        std::ptr::eq(self.slots.raw(SlotId::Init), base.slots.raw(SlotId::Init))
    }
    /// `__module__`, if it is in the namespace (heap) or known (native).
    pub fn module_name(&self) -> Option<Obj> {
        if self.has_flag(type_flags::HEAP) {
            return self.dict().get_str(&crate::istr!("__module__"));
        }
        Some(crate::construct::str_obj(self.module))
    }
    /// `module.qualname`, without the module for built-ins: how tracebacks and `repr` name a class.
    pub fn full_name(&self) -> String {
        let qualname = self
            .qualname
            .load()
            .and_then(|n| n.downcast::<PyStr>().map(|s| s.to_string_lossy().into_owned()))
            .unwrap_or_else(|| self.short_name());
        match self.module_name().and_then(|m| m.downcast::<PyStr>().map(|s| s.to_string_lossy().into_owned()))
        {
            Some(module) if module != "builtins" => format!("{module}.{qualname}"),
            _ => qualname,
        }
    }
    /// As [`Self::full_name`], for errors that name classes of the main module without it, too.
    pub fn name_with_module(&self) -> String {
        let name = self.full_name();
        name.strip_prefix("__main__.").map_or_else(|| name.clone(), str::to_owned)
    }
    /// The current version, assigning one if the class was modified since.
    pub fn version(&self) -> u32 {
        let version = self.version.load(Ordering::Acquire);
        if version != 0 {
            return version;
        }
        if self.has_flag(type_flags::UNVERSIONED) {
            return 0;
        }
        let fresh = NEXT_VERSION.fetch_add(1, Ordering::Relaxed);
        if fresh >= u32::MAX - 1 {
            NEXT_VERSION.store(u32::MAX - 1, Ordering::Relaxed);
            return 0;
        }
        match self.version.compare_exchange(0, fresh, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => fresh,
            Err(other) => other,
        }
    }
    /// Where the version is, in bytes, for machine code.
    pub const VERSION: i32 = std::mem::offset_of!(PyType, version) as i32;
    /// The version if one is assigned, for cache checks: one load.
    #[inline(always)]
    pub fn version_now(&self) -> u32 {
        self.version.load(Ordering::Acquire)
    }
    /// Invalidates the caches of this class and its subclasses; call after every modification of the namespace, bases or slots.
    pub fn modified(&self) {
        self.version.store(0, Ordering::Release);
        if self.subclasses.lock().is_empty() {
            return;
        }
        for class in self.hierarchy() {
            class.version.store(0, Ordering::Release);
        }
    }
    /// This class and all below it, each once, those above first where the hierarchy has no diamonds. A metaclass's `mro()` can make
    /// lists of subclasses circular for a while.
    pub fn hierarchy(&self) -> Vec<&PyType> {
        let mut result = vec![self];
        if self.subclasses.lock().is_empty() {
            return result;
        }
        let mut seen = rustc_hash::FxHashSet::default();
        seen.insert(std::ptr::from_ref(self));
        let mut next = 0;
        while let Some(class) = result.get(next) {
            next += 1;
            for subclass in class.subclasses.lock().iter() {
                // SAFETY: a class is whole while it is in the list, which is locked. One that is not `DYING` then is whole until the
                // world was stopped, and no safepoint is in here.
                let subclass = unsafe { &*subclass };
                if !subclass.header.has_flag(taipan_gc::HeaderFlags::DYING)
                    && seen.insert(std::ptr::from_ref(subclass))
                {
                    result.push(subclass);
                }
            }
        }
        result
    }
    /// The direct subclasses, but for those that a collection has found unreachable.
    pub fn direct_subclasses(&self) -> Vec<Py<PyType>> {
        let list = self.subclasses.lock();
        // SAFETY: a class is whole while it is in the list, which is locked.
        let classes = list.iter().map(|subclass| unsafe { &*subclass });
        classes
            .filter(|class| !taipan_gc::collector::is_condemned(&class.header))
            .map(PyType::to_py)
            .collect()
    }
    /// Takes a dying class out of its bases' lists. By the linearization, not by the tuple of bases, which may be dropped already.
    fn unlink_from_bases(&self) {
        for base in self.mro_iter() {
            base.subclasses.lock().remove(self);
        }
    }

    /// The attribute `name` (interned) of the class and its bases, without descriptor calls.
    #[inline]
    pub fn lookup(&self, name: &PyStr) -> Option<Obj> {
        self.lookup_lent(name).map(IntoStrong::into_strong)
    }
    /// [`PyType::lookup`] without counting: the result must go into a register, or be cloned, before anything that may run
    /// Python code other than through itself.
    #[inline]
    pub fn lookup_lent(&self, name: &PyStr) -> Option<Obj> {
        let version = self.version_now();
        if version != 0
            && let Some(hit) = method_cache_get(version, name)
        {
            return hit;
        }
        self.lookup_slow(name)
    }
    #[cold]
    fn lookup_slow(&self, name: &PyStr) -> Option<Obj> {
        let version = if self.has_flag(type_flags::READY) { self.version() } else { 0 };
        let found = self.lookup_uncached(name);
        if version != 0 && name.is_interned() {
            method_cache_put(version, name, found.as_ref());
        }
        found
    }
    fn lookup_uncached(&self, name: &PyStr) -> Option<Obj> {
        if !self.has_flag(type_flags::LINEAR) {
            return self.mro_iter().find_map(|class| class.lookup_own(name));
        }
        // Whoever makes many classes below one base looks for the same names in all of them: the base remembers.
        if let Some(own) = self.lookup_own(name) {
            return Some(own);
        }
        let version = self.base().map_or(0, PyType::version);
        if version != 0
            && let Some(hit) = method_cache_get(version, name)
        {
            return hit;
        }
        let found = self.mro_iter().skip(1).find_map(|class| class.lookup_own(name));
        if version != 0 && name.is_interned() {
            method_cache_put(version, name, found.as_ref());
        }
        found
    }
    /// The attribute `name` in the namespace of this very class.
    #[inline]
    fn lookup_own(&self, name: &PyStr) -> Option<Obj> {
        self.dict.load_uncounted().and_then(|d| d.downcast::<PyDict>().and_then(|d| d.get_str_lent(name)))
    }
    /// The attribute and the class of the method resolution order that has it.
    pub fn lookup_with_class(&self, name: &PyStr) -> Option<(Obj, &PyType)> {
        self.mro_iter().find_map(|class| class.dict().get_str_ref(name).map(|v| (v, class)))
    }
    /// [`PyType::lookup`] by text.
    pub fn lookup_name(&self, name: &str) -> Option<Obj> {
        self.lookup(&crate::str::intern(name))
    }

    /// The shape of a new instance without attributes.
    #[inline(always)]
    pub fn root_shape(&self) -> ShapeId {
        ShapeId(self.root.load(Ordering::Acquire))
    }
    /// Bytes of the extension of a new instance.
    #[inline]
    pub fn extension_size(&self, root: ShapeId) -> usize {
        // SAFETY: the row of a shape of this class, which is alive, has a `Shape`.
        let shape = unsafe { &*taipan_gc::shape_table::entry(root).info().cast::<Shape>() };
        if shape.ext_offset == 0 { 0 } else { shape::extension_size(shape.inline_cap) }
    }
    /// Header and extension size for a new instance.
    #[inline]
    pub fn instance_header(&self) -> (Header, usize) {
        let root = self.root_shape();
        (Header::new(root), self.extension_size(root))
    }
    /// The shape of instances whose attributes are in a real dict, for a given number of inline slots.
    pub(crate) fn dict_shape(&self, inline_cap: u32) -> PyResult<&'static Shape> {
        let mut shapes = self.dict_shapes.lock();
        if let Some(shape) = shapes.iter().find(|s| s.inline_cap == inline_cap) {
            return Ok(shape);
        }
        let flags = taipan_gc::shape_table::entry(self.root_shape()).flags();
        let shape = Shape::root(self, self.fixed_slots, inline_cap, self.ext_offset, true, flags)?;
        shapes.push(shape);
        Ok(shape)
    }
    /// New instances get at least `wanted` inline slots from now on.
    pub(crate) fn learn_inline_cap(&self, wanted: u32) {
        if wanted <= self.inline_cap.load(Ordering::Relaxed) {
            return;
        }
        // Block sizes go in steps of 16 bytes: an odd number of slots beside the overflow word fills them.
        let wanted = wanted | 1;
        let flags = taipan_gc::shape_table::entry(self.root_shape()).flags();
        if let Ok(shape) = Shape::root(self, self.fixed_slots, wanted, self.ext_offset, false, flags) {
            self.inline_cap.store(wanted, Ordering::Relaxed);
            self.root.store(shape.id.0, Ordering::Release);
        }
    }
    /// Makes the root shape; when the class is complete enough to have instances.
    pub(crate) fn make_root_shape(&self, finalizer: bool) -> PyResult<()> {
        let has_extension = self.ext_offset != 0;
        let cap = self.inline_cap.load(Ordering::Relaxed);
        let flags = shape::row_flags(has_extension, finalizer);
        let shape = Shape::root(self, self.fixed_slots, cap, self.ext_offset, false, flags)?;
        self.root.store(shape.id.0, Ordering::Release);
        Ok(())
    }
    /// After `__del__` was added to the class: new instances are finalized.
    pub(crate) fn refresh_finalizer_flag(&self) {
        let finalizer = self.slots.del().is_some();
        let row = taipan_gc::shape_table::entry(self.root_shape());
        row.set_flags(shape::row_flags(self.ext_offset != 0, finalizer));
    }
    pub(crate) fn ext_offset(&self) -> u32 {
        self.ext_offset
    }
    /// Whether `name` names an exception to printing, e.g. `int` for exact-class checks.
    pub fn is_exact(&self, class: &Py<PyType>) -> bool {
        std::ptr::eq(self, &**class)
    }
}

/// Parameters of [`make`].
pub(crate) struct NewType {
    pub name: Obj,
    pub qualname: Obj,
    pub ops: &'static Ops,
    pub flags: u32,
    pub fixed_slots: u32,
    pub inline_cap: u32,
    pub ext_offset: u32,
    pub module: &'static str,
    pub metaclass_shape: ShapeId,
    pub extra: usize,
}

/// Allocates a class object; bases, dict, mro and slots are still to be filled.
pub(crate) fn make(new: NewType) -> Py<PyType> {
    Py::with_extra(
        PyType {
            header: Header::new(new.metaclass_shape),
            name: Slot::new(new.name),
            qualname: Slot::new(new.qualname),
            bases: Slot::empty(),
            mro_tuple: Slot::empty(),
            mro: AtomicPtr::new(std::ptr::null_mut()),
            base: AtomicPtr::new(std::ptr::null_mut()),
            dict: Slot::empty(),
            slots: SlotTable::vacant(),
            ops: new.ops,
            flags: AtomicU32::new(new.flags),
            version: AtomicU32::new(0),
            root: AtomicU32::new(0),
            inline_cap: AtomicU32::new(new.inline_cap),
            fixed_slots: new.fixed_slots,
            ext_offset: new.ext_offset,
            dict_shapes: Mutex::new(Vec::new()),
            newest_shape: Mutex::new(None),
            shape_count: AtomicU32::new(0),
            subclasses: Mutex::new(subclasses::Subclasses::new()),
            module: new.module,
            cached_init: Slot::empty(),
            native: Slot::empty(),
            number_items: OnceLock::new(),
            weak_reference: WeakSlot::new(),
        },
        new.extra,
    )
    .defer()
}

const CACHE_SIZE: usize = 2048;

#[derive(Clone, Copy)]
struct CacheEntry {
    version: u32,
    name: usize,
    value: Value,
}

/// One thread's method cache: (class version, interned name) to value.
struct MethodCache(UnsafeCell<[CacheEntry; CACHE_SIZE]>);

thread_local! {
    static METHOD_CACHE: MethodCache =
        const { MethodCache(UnsafeCell::new([CacheEntry { version: 0, name: 0, value: Value::EMPTY }; CACHE_SIZE])) };
}

#[inline]
fn cache_index(version: u32, name: *const PyStr) -> usize {
    (version as usize ^ (name as usize >> 4)) & (CACHE_SIZE - 1)
}

#[inline]
fn method_cache_get(version: u32, name: &PyStr) -> Option<Option<Obj>> {
    METHOD_CACHE.with(|cache| {
        // SAFETY: only this thread touches its cache, and no reference outlives the statement.
        let entry = unsafe { (*cache.0.get())[cache_index(version, name)] };
        if entry.version == version && entry.name == std::ptr::from_ref(name) as usize {
            // SAFETY: the version is current, so the value was in the class a moment ago; it is flagged SEEN.
            Some(unsafe { Obj::from_value(entry.value.uncounted()) })
        } else {
            None
        }
    })
}

fn method_cache_put(version: u32, name: &PyStr, value: Option<&Obj>) {
    if let Some(header) = value.and_then(Obj::header)
        && !header.is_immortal()
        && !header.has_flag(HeaderFlags::SEEN)
    {
        header.set_flag(HeaderFlags::SEEN);
    }
    METHOD_CACHE.with(|cache| {
        let entry = CacheEntry {
            version,
            name: std::ptr::from_ref(name) as usize,
            value: value.map_or(Value::EMPTY, Obj::value),
        };
        // SAFETY: as in `method_cache_get`.
        unsafe { (*cache.0.get())[cache_index(version, name)] = entry }
    });
}

/// Allocates an instance of `class` whose layout is `T`, with room for its attributes.
#[inline]
pub fn new_instance<T: Object>(class: &PyType, make: impl FnOnce(Header) -> T) -> Py<T> {
    let (header, extra) = class.instance_header();
    Py::with_extra(make(header), extra)
}

/// Checks that `class` can hold instances of layout `T` (guards `__new__` called with a foreign class).
pub fn check_layout<T: Object>(class: &PyType) -> PyResult<()> {
    if class.ops.extends(T::ops()) {
        Ok(())
    } else {
        Err(crate::error::type_error(format!("object.__new__({}) is not safe", class.name())))
    }
}

/// `MemoryError` unless the allocation of `bytes` is plausible.
pub fn check_size(bytes: usize) -> PyResult<()> {
    if bytes > isize::MAX as usize / 2 { Err(memory_error()) } else { Ok(()) }
}
