//! `_abc`: abstract base classes.
//!
//! What a class remembers about others (registered, known subclasses, known others) is kept in dicts from the address of the other class
//! to a weak reference to it. They are read without a lock; an entry counts only while its reference is alive, so a reused address is
//! not mistaken for the dead class. Dead entries go when a dict has grown to twice its size after the last cleaning.

use taipan_objects::dict::PyDict;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::set::PySet;
use taipan_objects::singletons::{is_not_implemented, is_true as is_true_singleton};
use taipan_objects::type_object::slots::BinaryFn;
use taipan_objects::type_object::{TypeBuilder, type_flags};
use taipan_objects::weakref::{self, PyWeakRef};
use taipan_objects::{istr, protocol};
use taipan_threading::CriticalSection;
use taipan_threading::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::{counted, native_class};

/// How many classes were registered anywhere: earlier "no"s are void.
static INVALIDATIONS: AtomicU64 = AtomicU64::new(0);

/// Classes referred to weakly, by address.
struct WeakClasses {
    /// A dict once there is one.
    dict: Slot,
    limit: AtomicUsize,
}

impl taipan_objects::layout::TraceField for WeakClasses {
    fn trace_field(&self, tracer: &mut Tracer<'_>) {
        self.dict.trace(tracer);
    }
}

impl WeakClasses {
    fn new() -> WeakClasses {
        WeakClasses { dict: Slot::empty(), limit: AtomicUsize::new(32) }
    }
    fn key(class: &Obj) -> Obj {
        // Addresses have less than 48 bits.
        int_obj(class.value().counted().bits() as i64)
    }
    fn dict(&self) -> Option<Py<PyDict>> {
        self.dict.load()?.into_py::<PyDict>().ok()
    }
    fn contains(&self, class: &Obj) -> PyResult<bool> {
        self.contains_key(&Self::key(class))
    }
    /// Runs no Python code: the keys are numbers.
    fn contains_key(&self, key: &Obj) -> PyResult<bool> {
        let Some(dict) = self.dict.load_uncounted() else { return Ok(false) };
        let Some(dict) = dict.downcast::<PyDict>() else { return Ok(false) };
        // Numbers that small are their own hashes.
        let found = match dict.get_at_once(key.value(), key.value().as_int()) {
            Some(found) => found,
            None => dict.get_lent(key)?,
        };
        Ok(found.is_some_and(|weak| weak.downcast::<PyWeakRef>().is_some_and(|w| !w.is_dead())))
    }
    fn add(&self, owner: &Header, class: &Obj) -> PyResult<()> {
        let weak = weakref::new_ref(class, None)?;
        let dict = match self.dict() {
            Some(dict) => dict,
            None => {
                let _section = CriticalSection::enter(owner.lock());
                match self.dict() {
                    Some(dict) => dict,
                    None => {
                        let dict = PyDict::new();
                        self.dict.store(dict.as_obj().clone());
                        dict
                    }
                }
            }
        };
        dict.set(Self::key(class), weak)?;
        if dict.len() > self.limit.load(Ordering::Relaxed) {
            for (key, weak) in dict.snapshot() {
                if weak.downcast::<PyWeakRef>().is_some_and(PyWeakRef::is_dead) {
                    dict.delete(&key)?;
                }
            }
            self.limit.store(dict.len() * 2 + 32, Ordering::Relaxed);
        }
        Ok(())
    }
    /// The classes that are alive.
    fn classes(&self) -> Vec<Obj> {
        let weak = self.dict().map(|dict| dict.values()).unwrap_or_default();
        weak.iter().filter_map(|w| w.downcast::<PyWeakRef>()?.get()).collect()
    }
    /// The references, as a set.
    fn dump(&self) -> PyResult<Obj> {
        let weak = self.dict().map(|dict| dict.values()).unwrap_or_default();
        let alive =
            weak.into_iter().filter(|w| w.downcast::<PyWeakRef>().is_some_and(|w| !w.is_dead())).collect();
        Ok(PySet::new(alive)?.into_obj())
    }
    fn clear(&self) {
        drop(self.dict.take());
    }
}

/// `cls._abc_impl`.
#[repr(C)]
pub struct PyAbcData {
    header: Header,
    registry: WeakClasses,
    cache: WeakClasses,
    negative: WeakClasses,
    /// [`INVALIDATIONS`] when `negative` was begun.
    negative_version: AtomicU64,
}
layout!(PyAbcData, "_abc_data", [registry, cache, negative]);

native_class!(
    fn data_class() = TypeBuilder::new("_abc._abc_data", PyAbcData::ops())
        .final_()
        .doc("Internal state of an abstract base class.")
        .slots(TypeSlots { new: Some(|class, _| new_data(class)), ..TypeSlots::EMPTY })
        .make()
);

fn new_data(class: &Obj) -> PyResult<Obj> {
    let class = crate::native_class::class_argument::<PyAbcData>(class)?;
    Ok(taipan_objects::type_object::new_instance(class, |header| PyAbcData {
        header,
        registry: WeakClasses::new(),
        cache: WeakClasses::new(),
        negative: WeakClasses::new(),
        negative_version: AtomicU64::new(INVALIDATIONS.load(Ordering::Acquire)),
    })
    .into_obj())
}

impl PyAbcData {
    /// Whether the class of this key is known not to be a subclass.
    fn is_denied(&self, key: &Obj) -> PyResult<bool> {
        Ok(self.negative_version.load(Ordering::Acquire) == INVALIDATIONS.load(Ordering::Acquire)
            && self.negative.contains_key(key)?)
    }
    /// Notes what was found out while `version` was current.
    fn deny(&self, class: &Obj, version: u64) -> PyResult<()> {
        if self.negative_version.load(Ordering::Acquire) == version {
            self.negative.add(&self.header, class)
        } else {
            Ok(())
        }
    }
    fn allow(&self, class: &Obj) -> PyResult<()> {
        self.cache.add(&self.header, class)
    }
}

fn data_of(class: &Obj) -> PyResult<Py<PyAbcData>> {
    let of_type: BinaryFn = taipan_objects::attribute::type_getattr;
    let (name, metaclass) = (istr!("_abc_impl"), class_of(class));
    if metaclass.slots.getattro().is_some_and(|get| get as usize == of_type as usize)
        && metaclass.lookup_lent(&name).is_none()
        && let Some(found) = class.downcast::<PyType>().and_then(|class| class.lookup_lent(&name))
        && let Ok(data) = found.into_strong().into_py::<PyAbcData>()
    {
        return Ok(data);
    }
    let data = protocol::getattr(class, &istr!("_abc_impl"))?;
    data.into_py::<PyAbcData>().map_err(|_| type_error("_abc_impl is set to a wrong type"))
}

fn is_abstract(value: &Obj) -> PyResult<bool> {
    match counted::getattr_opt(value, &istr!("__isabstractmethod__"))? {
        Some(flag) => protocol::is_true(&flag),
        None => Ok(false),
    }
}

fn compute_abstract_methods(class: &Obj) -> PyResult<()> {
    let mut names = Vec::new();
    let namespace = counted::getattr(class, "__dict__")?;
    for pair in protocol::collect(&counted::call_method(&namespace, "items", &[])?)? {
        let pair = protocol::collect(&pair)?;
        let [name, value] = pair.as_slice() else {
            return Err(type_error("Iteration over items() returned an item which size is not 2"));
        };
        if is_abstract(value)? {
            names.push(name.clone());
        }
    }
    let bases = counted::getattr(class, "__bases__")?;
    for base in protocol::collect(&bases)? {
        let Some(inherited) = counted::getattr_opt(&base, &istr!("__abstractmethods__"))? else { continue };
        for name in protocol::collect(&inherited)? {
            let found = match protocol::getattr_obj(class, &name) {
                Ok(value) => value.into_strong(),
                Err(Raised) => {
                    drop(catch(&types().attribute_error)?);
                    continue;
                }
            };
            if is_abstract(&found)? {
                names.push(name);
            }
        }
    }
    protocol::setattr(class, &istr!("__abstractmethods__"), &PySet::frozen(names))
}

const COLLECTION_FLAGS: [(i64, u32); 2] = [(1 << 5, type_flags::SEQUENCE), (1 << 6, type_flags::MAPPING)];

/// Takes `__abc_tpflags__` out of a class made by a class statement: which patterns it matches.
fn take_pattern_flags(class: &Obj) -> PyResult<()> {
    let Some(class_object) = class.downcast::<PyType>() else { return Ok(()) };
    let Some(flags) = class_object.dict().get_str(&istr!("__abc_tpflags__")).map(IntoStrong::into_strong)
    else {
        return Ok(());
    };
    let bits = if flags.value().is_int() { flags.value().as_int() } else { 0 };
    if COLLECTION_FLAGS.iter().all(|(bit, _)| bits & bit != 0) {
        return Err(type_error("__abc_tpflags__ cannot be both Py_TPFLAGS_SEQUENCE and Py_TPFLAGS_MAPPING"));
    }
    for (bit, flag) in COLLECTION_FLAGS {
        if bits & bit != 0 {
            class_object.set_flag(flag, true);
        }
    }
    protocol::delattr(class, &istr!("__abc_tpflags__"))
}

fn set_flag_recursively(class: &PyType, flag: u32) {
    if class.has_flag(flag) || class.has_flag(type_flags::IMMUTABLE) {
        return;
    }
    class.set_flag(type_flags::SEQUENCE | type_flags::MAPPING, false);
    class.set_flag(flag, true);
    for subclass in class.direct_subclasses() {
        set_flag_recursively(&subclass, flag);
    }
}

fn subclasscheck(class: &Obj, subclass: &Obj) -> PyResult<Obj> {
    protocol::call_method(class, &istr!("__subclasscheck__"), std::slice::from_ref(subclass))
}

/// Whether the `__class__` of instances of `class` is `object`'s.
fn names_own_class(class: &PyType) -> bool {
    let generic: BinaryFn = taipan_objects::attribute::generic_getattr;
    class.slots.getattro().is_some_and(|get| get as usize == generic as usize)
        && match (class.lookup_lent(&istr!("__class__")), types().object.lookup_lent(&istr!("__class__"))) {
            (Some(found), Some(plain)) => found.is(&plain),
            _ => false,
        }
}

fn check_subclass(class: &Obj, subclass: &Obj) -> PyResult<bool> {
    if !subclass.is_layout::<PyType>() {
        return Err(type_error("issubclass() arg 1 must be a class"));
    }
    let data = data_of(class)?;
    if data.cache.contains(subclass)? {
        return Ok(true);
    }
    let version = INVALIDATIONS.load(Ordering::Acquire);
    if data.negative_version.load(Ordering::Acquire) < version {
        data.negative.clear();
        data.negative_version.store(version, Ordering::Release);
    } else if data.negative.contains(subclass)? {
        return Ok(false);
    }
    let answer = protocol::call_method(class, &istr!("__subclasshook__"), std::slice::from_ref(subclass))?;
    if is_true_singleton(&answer) {
        data.allow(subclass)?;
        return Ok(true);
    }
    if taipan_objects::singletons::is_false(&answer) {
        data.deny(subclass, version)?;
        return Ok(false);
    }
    if !is_not_implemented(&answer) {
        return Err(assertion_error("__subclasshook__ must return either False, True, or NotImplemented"));
    }
    let direct = match (subclass.downcast::<PyType>(), class.downcast::<PyType>()) {
        (Some(subclass), Some(class)) => subclass.is_subtype(class),
        _ => false,
    };
    if direct {
        data.allow(subclass)?;
        return Ok(true);
    }
    for registered in data.registry.classes() {
        if protocol::issubclass(subclass, &registered)? {
            data.allow(subclass)?;
            return Ok(true);
        }
    }
    let subclasses = counted::call_method(class, "__subclasses__", &[])?;
    if !subclasses.is_layout::<taipan_objects::list::PyList>() {
        return Err(type_error("__subclasses__() must return a list"));
    }
    for derived in protocol::collect(&subclasses)? {
        if protocol::issubclass(subclass, &derived)? {
            data.allow(subclass)?;
            return Ok(true);
        }
    }
    data.deny(subclass, version)?;
    Ok(false)
}

/// Module contains faster C implementation of abc.ABCMeta
#[pymodule(name = "_abc")]
mod items {
    use super::*;

    /// Prepares a new abstract base class.
    #[pyfunction(sig = "(self, /)")]
    fn _abc_init(class: &Obj) -> PyResult<()> {
        compute_abstract_methods(class)?;
        let data = new_data(data_class().as_obj())?;
        protocol::setattr(class, &istr!("_abc_impl"), &data)?;
        take_pattern_flags(class)
    }
    /// Registers a class as a virtual subclass.
    #[pyfunction(sig = "(self, subclass, /)")]
    fn _abc_register(class: &Obj, subclass: &Obj) -> PyResult<Obj> {
        if !subclass.is_layout::<PyType>() {
            return Err(type_error("Can only register classes"));
        }
        if protocol::issubclass(subclass, class)? {
            return Ok(subclass.clone());
        }
        if protocol::issubclass(class, subclass)? {
            return Err(runtime_error("Refusing to create an inheritance cycle"));
        }
        let data = data_of(class)?;
        data.registry.add(&data.header, subclass)?;
        INVALIDATIONS.fetch_add(1, Ordering::AcqRel);
        if let (Some(class), Some(subclass)) = (class.downcast::<PyType>(), subclass.downcast::<PyType>()) {
            for flag in [type_flags::SEQUENCE, type_flags::MAPPING] {
                if class.has_flag(flag) {
                    set_flag_recursively(subclass, flag);
                }
            }
        }
        Ok(subclass.clone())
    }
    /// `isinstance` for abstract base classes.
    #[pyfunction(sig = "(self, instance, /)")]
    fn _abc_instancecheck(class: &Obj, instance: &Obj) -> PyResult<Obj> {
        let data = data_of(class)?;
        let own_class = class_of(instance);
        let key = int_obj(std::ptr::from_ref(own_class).addr() as i64);
        if data.cache.contains_key(&key)? {
            return Ok(bool_obj(true));
        }
        if names_own_class(own_class) && data.is_denied(&key)? {
            return Ok(bool_obj(false));
        }
        let subclass = match protocol::getattr_opt(instance, &istr!("__class__"))? {
            Some(class) => class.into_strong(),
            None => class_of(instance).to_obj(),
        };
        if data.cache.contains(&subclass)? {
            return Ok(bool_obj(true));
        }
        let class_of_instance = class_of(instance).to_obj();
        if class_of_instance.is(&subclass) {
            if data.is_denied(&WeakClasses::key(&subclass))? {
                return Ok(bool_obj(false));
            }
            return subclasscheck(class, &subclass);
        }
        let answer = subclasscheck(class, &subclass)?;
        if protocol::is_true(&answer)? { Ok(answer) } else { subclasscheck(class, &class_of_instance) }
    }
    /// `issubclass` for abstract base classes.
    #[pyfunction(sig = "(self, subclass, /)")]
    fn _abc_subclasscheck(class: &Obj, subclass: &Obj) -> PyResult<bool> {
        check_subclass(class, subclass)
    }
    /// A number that changes with every registration.
    #[pyfunction]
    fn get_cache_token() -> u64 {
        INVALIDATIONS.load(Ordering::Acquire)
    }
    /// Registry, cache, negative cache and its version, for debugging.
    #[pyfunction(sig = "(self, /)")]
    fn _get_dump(class: &Obj) -> PyResult<(Obj, Obj, Obj, u64)> {
        let data = data_of(class)?;
        Ok((
            data.registry.dump()?,
            data.cache.dump()?,
            data.negative.dump()?,
            data.negative_version.load(Ordering::Acquire),
        ))
    }
    /// Forgets the registered classes.
    #[pyfunction(sig = "(self, /)")]
    fn _reset_registry(class: &Obj) -> PyResult<()> {
        data_of(class)?.registry.clear();
        Ok(())
    }
    /// Forgets what is known about other classes.
    #[pyfunction(sig = "(self, /)")]
    fn _reset_caches(class: &Obj) -> PyResult<()> {
        let data = data_of(class)?;
        data.cache.clear();
        data.negative.clear();
        Ok(())
    }
}
