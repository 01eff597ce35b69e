//! `object`: the defaults that every class inherits.

use taipan_gc::{Header, Obj, Py, Value};

use crate::argument::Args;
use crate::construct::*;
use crate::error::*;
use crate::layout;
use crate::native::{GetSetDef, Kwargs, MethodDef, MethodKind, Signature, pymethods};
use crate::native_function::PyNativeFunction;
use crate::protocol;
use crate::str::PyStr;
use crate::tuple::PyTuple;
use crate::type_object::slots::{BinaryFn, CallFn, InitFn};
use crate::type_object::{PyType, TypeSlots, class_of, new_instance, ready, type_flags};
use crate::types::{Types, types};

/// The layout of `object` and of classes without a native base: attributes only.
#[repr(C)]
pub struct PyObject {
    header: Header,
}
layout!(PyObject, "object", []);

/// The hash of unhashable classes.
pub fn hash_not_implemented(obj: &Obj) -> PyResult<i64> {
    Err(type_error(format!("unhashable type: '{}'", class_of(obj).name())))
}

/// `object.__hash__`: from the address.
pub fn identity_hash(obj: &Obj) -> PyResult<i64> {
    Ok(identity_hash_of(obj.value()))
}

/// [`identity_hash`] of a word.
#[inline(always)]
pub(crate) fn identity_hash_of(value: Value) -> i64 {
    let block = value.counted().bits().rotate_right(4);
    // Blocks of one size lie side by side: the low bits of their numbers are the same for all that are large, classes for example.
    match (block ^ block >> 6) as i64 {
        -1 => -2,
        hash => hash,
    }
}

/// `object.__repr__`.
pub fn object_repr(obj: &Obj) -> PyResult<Obj> {
    let class = class_of(obj);
    Ok(str_obj(&format!("<{} object at {:#x}>", repr_name(class), obj.value().counted().bits())))
}

/// `module.qualname` for instance reprs (unlike tracebacks, heap classes of `builtins` show bare).
fn repr_name(class: &PyType) -> String {
    class.full_name()
}

fn object_str(obj: &Obj) -> PyResult<Obj> {
    protocol::repr(obj).map(Py::into_obj)
}

/// Whether `class` overrides `object.__new__` or `object.__init__`.
fn excess_args(args: &Args<'_>) -> bool {
    !args.positional.is_empty() || args.has_keywords()
}

/// `object.__new__`.
pub fn object_new(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    let Some(class) = class.downcast::<PyType>() else {
        return Err(type_error("object.__new__(X): X is not a type object"));
    };
    let own_new: CallFn = object_new;
    let own_init: InitFn = object_init;
    if excess_args(args) {
        if class.slots.new().is_some_and(|f| f as usize != own_new as usize) {
            return Err(type_error("object.__new__() takes exactly one argument (the type to instantiate)"));
        }
        if class.slots.init().is_some_and(|f| f as usize == own_init as usize) {
            return Err(type_error(format!("{}() takes no arguments", class.name())));
        }
    }
    if class.has_flag(type_flags::ABSTRACT) {
        return Err(abstract_error(class));
    }
    plain_instance(class)
}

/// Whether [`plain_instance`] makes instances of the class. That never changes.
pub fn has_plain_instances(class: &PyType) -> bool {
    std::ptr::eq(class.ops, <PyObject as taipan_gc::Object>::ops())
}

/// A new instance of a class of `object`'s layout, attributes empty.
#[inline]
pub fn plain_instance(class: &PyType) -> PyResult<Obj> {
    if !has_plain_instances(class) {
        if class.has_flag(crate::type_object::type_flags::NO_INSTANTIATION) {
            return Err(type_error(format!("cannot create '{}' instances", class.full_name())));
        }
        return Err(type_error(format!("object.__new__({0}) is not safe, use {0}.__new__()", class.name())));
    }
    Ok(new_instance(class, |header| PyObject { header }).into_obj())
}

#[cold]
fn abstract_error(class: &PyType) -> Raised {
    let names = match protocol::getattr_opt(&class.to_obj(), &crate::istr!("__abstractmethods__")) {
        Ok(Some(names)) => protocol::collect(&names),
        Ok(None) => Ok(Vec::new()),
        Err(raised) => return raised,
    };
    let names = match names {
        Ok(names) => names,
        Err(raised) => return raised,
    };
    let mut names: Vec<String> = names.iter().filter_map(|n| protocol::str_string(n).ok()).collect();
    names.sort();
    let list = names.iter().map(|n| format!("'{n}'")).collect::<Vec<_>>().join(", ");
    type_error(format!(
        "Can't instantiate abstract class {} without an implementation for abstract method{} {list}",
        class.name(),
        if names.len() == 1 { "" } else { "s" }
    ))
}

/// `object.__init__`.
pub fn object_init(obj: &Obj, args: &Args<'_>) -> PyResult<()> {
    if excess_args(args) {
        let class = class_of(obj);
        let own_new: CallFn = object_new;
        let own_init: InitFn = object_init;
        if class.slots.init().is_some_and(|f| f as usize != own_init as usize) {
            return Err(type_error(
                "object.__init__() takes exactly one argument (the instance to initialize)",
            ));
        }
        if class.slots.new().is_some_and(|f| f as usize == own_new as usize) {
            return Err(type_error(format!(
                "{}.__init__() takes exactly one argument (the instance to initialize)",
                class.name()
            )));
        }
    }
    Ok(())
}

static NEW_SIGNATURE: Signature = Signature::attribute("__new__", "object");
static NEW_DEF: MethodDef = MethodDef {
    name: "__new__",
    kind: MethodKind::StaticMethod,
    call: |_| Err(system_error("__new__ without its class")),
    doc: "Create and return a new object.  See help(type) for accurate signature.",
    text_signature: Some("($type, *args, **kwargs)"),
    signature: &NEW_SIGNATURE,
    fast0: None,
    fast1: None,
    fast2: None,
    fast3: None,
    intrinsic: crate::native::Intrinsic::None,
};

/// The `__new__` attribute of native class `class`.
pub(crate) fn new_wrapper(class: &Py<PyType>) -> Obj {
    PyNativeFunction::new_constructor(&NEW_DEF, class.as_obj().clone()).into_obj()
}

/// Calls `owner.__new__(cls, ...)`, checking that `cls` derives from `owner` and that no native base is bypassed.
pub(crate) fn call_new(owner: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    let Some(owner_class) = owner.downcast::<PyType>() else {
        return Err(system_error("__new__ without its class"));
    };
    let Some(first) = args.positional.first() else {
        return Err(type_error(format!("{}.__new__(): not enough arguments", owner_class.name())));
    };
    let Some(class) = first.downcast::<PyType>() else {
        return Err(type_error(format!(
            "{}.__new__(X): X is not a type object ({})",
            owner_class.name(),
            class_of(first).name()
        )));
    };
    if !class.is_subtype(owner_class) {
        let (owner_name, name) = (owner_class.name(), class.name());
        return Err(type_error(format!(
            "{owner_name}.__new__({name}): {name} is not a subtype of {owner_name}"
        )));
    }
    let trampoline = crate::type_object::trampolines::word(crate::type_object::SlotId::New);
    // Along the bases that give the layout: a mixin beside them has no say.
    let native = std::iter::successors(Some(class), |c| c.base())
        .find(|c| c.slots.raw(crate::type_object::SlotId::New) != trampoline);
    if let Some(native) = native
        && native.slots.raw(crate::type_object::SlotId::New)
            != owner_class.slots.raw(crate::type_object::SlotId::New)
        && !std::ptr::eq(native.ops, owner_class.ops)
    {
        if owner_class.is(&types().object)
            && let Some(new) = class.made_by_object().and_then(|made| made.slots.new())
        {
            return new(first, &args.skip_first());
        }
        let (owner_name, name, safe) = (owner_class.name(), class.name(), native.name());
        return Err(type_error(format!("{owner_name}.__new__({name}) is not safe, use {safe}.__new__()")));
    }
    match owner_class.slots.new() {
        Some(new) => new(first, &args.skip_first()),
        None => Err(type_error(format!("cannot create '{}' instances", class.name()))),
    }
}

static SLOTS: TypeSlots = TypeSlots {
    repr: Some(object_repr),
    str_: Some(object_str),
    hash: Some(identity_hash),
    getattro: Some(crate::attribute::generic_getattr),
    setattro: Some(crate::attribute::generic_setattr),
    richcompare: Some(protocol::identity_compare),
    new: Some(object_new),
    init: Some(object_init),
    ..TypeSlots::EMPTY
};

/// `__dict__` for native classes whose instances have one.
pub const DICT_GETSET: GetSetDef = GetSetDef {
    name: "__dict__",
    get: crate::attribute::get_dict,
    set: Some(|obj, value| match value.map(|v| v.to_py::<crate::dict::PyDict>()) {
        Some(Some(dict)) => crate::shape::set_dict(obj, dict),
        Some(None) => Err(type_error(format!(
            "__dict__ must be set to a dictionary, not a '{}'",
            value.map(|v| class_of(v).name()).unwrap_or_default()
        ))),
        None => Err(type_error("cannot delete __dict__")),
    }),
    doc: "",
};
pub static DICT_GETSETS: &[GetSetDef] = &[DICT_GETSET];
/// `__dict__` for classes made by a class statement: deleting it leaves an empty one.
/// Objects of native classes that have their own kind of `__dict__` (classes, modules) may get this attribute from another base.
pub static HEAP_DICT_GETSETS: &[GetSetDef] = &[GetSetDef {
    get: |obj| match native_dict(obj) {
        Some(attribute) => match class_of(&attribute).slots.descr_get() {
            Some(get) => get(&attribute, Some(obj), None),
            None => Ok(attribute),
        },
        None => crate::attribute::get_dict(obj),
    },
    set: Some(|obj, value| match (native_dict(obj), value, DICT_GETSET.set) {
        (Some(attribute), _, _) => match class_of(&attribute).slots.descr_set() {
            Some(set) => set(&attribute, obj, value),
            None => Err(attribute_error("attribute '__dict__' is not writable")),
        },
        (None, Some(_), Some(set)) => set(obj, value),
        _ => crate::shape::set_dict(obj, crate::dict::PyDict::new()),
    }),
    doc: "dictionary for instance variables",
    ..DICT_GETSET
}];

/// The `__dict__` attribute of the nearest native base of `obj`'s class that has one.
fn native_dict(obj: &Obj) -> Option<Obj> {
    let name = crate::istr!("__dict__");
    let class = class_of(obj);
    class
        .mro_iter()
        .filter(|base| !base.has_flag(type_flags::HEAP) && !base.is(&types().object))
        .find_map(|base| base.dict().get_str(&name))
}

fn get_class(obj: &Obj) -> PyResult<Obj> {
    Ok(class_of(obj).to_obj())
}

/// The `__slots__` members of a class and its bases, by slot.
fn member_names(class: &PyType) -> std::collections::BTreeMap<u32, usize> {
    let mut names = std::collections::BTreeMap::new();
    if class.fixed_slots > 0 {
        for base in class.mro_iter() {
            for (name, value) in base.dict().snapshot() {
                if let Some(member) = value.downcast::<crate::descriptor::PyMemberDescr>()
                    && member.index() < class.fixed_slots
                    && let Some(name) = name.header()
                {
                    names.entry(member.index()).or_insert(std::ptr::from_ref(name).addr());
                }
            }
        }
    }
    names
}

/// The nearest base, `class` itself included, that adds something to what instances hold.
fn layout_class(class: &PyType) -> &PyType {
    let mut class = class;
    while let Some(base) = class.base() {
        let adds = class.fixed_slots != base.fixed_slots
            || class.has_dict() != base.has_dict()
            || class.has_flag(type_flags::HAS_WEAKREF) != base.has_flag(type_flags::HAS_WEAKREF);
        if adds || !class.has_flag(type_flags::HEAP) {
            break;
        }
        class = base;
    }
    class
}

fn set_class(obj: &Obj, value: Option<&Obj>) -> PyResult<()> {
    let Some(value) = value else { return Err(type_error("can't delete __class__ attribute")) };
    let Some(new) = value.downcast::<PyType>() else {
        return Err(type_error(format!(
            "__class__ must be set to a class, not '{}' object",
            class_of(value).name()
        )));
    };
    crate::hooks::audit_attribute(obj, "__class__", Some(value))?;
    let old = class_of(obj);
    if old.is(new) {
        return Ok(());
    }
    let movable = |c: &PyType| c.has_flag(type_flags::HEAP) || c.is(&types().module);
    if !movable(old) || !movable(new) {
        return Err(type_error(
            "__class__ assignment only supported for mutable types or ModuleType subclasses",
        ));
    }
    let same = std::ptr::eq(old.ops, new.ops)
        && old.has_dict() == new.has_dict()
        && old.has_flag(type_flags::HAS_WEAKREF) == new.has_flag(type_flags::HAS_WEAKREF)
        && old.fixed_slots == new.fixed_slots
        && old.ext_offset() == new.ext_offset()
        && member_names(old) == member_names(new)
        && (std::ptr::eq(layout_class(old), layout_class(new))
            || match (layout_class(old).base(), layout_class(new).base()) {
                (Some(a), Some(b)) => a.is(b),
                _ => false,
            });
    if !same {
        return Err(type_error(format!(
            "__class__ assignment: '{}' object layout differs from '{}'",
            new.name(),
            old.name()
        )));
    }
    crate::shape::change_class(obj, new)
}

static GETSET: &[GetSetDef] =
    &[GetSetDef { name: "__class__", get: get_class, set: Some(set_class), doc: "the object's class" }];

#[pymethods(class = "object")]
impl PyObject {
    /// Helper for pickle.
    #[pymethod(sig = "($self, /)")]
    fn __reduce__(slf: &Obj) -> PyResult<Obj> {
        reduce(slf, 0)
    }
    /// Helper for pickle.
    #[pymethod(sig = "($self, protocol, /)")]
    fn __reduce_ex__(slf: &Obj, protocol: i64) -> PyResult<Obj> {
        let name = crate::istr!("__reduce__");
        let own = class_of(slf).lookup(&name);
        let base = types().object.lookup(&name);
        if let (Some(own), Some(base)) = (own, base)
            && !own.is(&base)
        {
            return protocol::call_method(slf, &name, &[]);
        }
        reduce(slf, protocol)
    }
    /// Helper for pickle.
    #[pymethod(sig = "($self, /)")]
    fn __getstate__(slf: &Obj) -> PyResult<Obj> {
        getstate(slf)
    }
    /// Default object formatter.
    #[pymethod(sig = "($self, format_spec, /)")]
    fn __format__(slf: &Obj, spec: &Obj) -> PyResult<Obj> {
        match spec.downcast::<PyStr>() {
            Some(text) if text.len() == 0 => protocol::str(slf).map(Py::into_obj),
            Some(_) => Err(type_error(format!(
                "unsupported format string passed to {}.__format__",
                class_of(slf).name()
            ))),
            None => {
                Err(type_error(format!("__format__() argument must be str, not {}", class_of(spec).name())))
            }
        }
    }
    /// Size of object in memory, in bytes.
    #[pymethod(sig = "($self, /)")]
    fn __sizeof__(slf: &Obj) -> PyResult<i64> {
        Ok(slf.header().map_or(8, |h| {
            h.ops().size as i64 + class_of(slf).extension_size(class_of(slf).root_shape()) as i64
        }))
    }
    /// Default dir() implementation.
    #[pymethod(sig = "($self, /)")]
    fn __dir__(slf: &Obj) -> PyResult<Obj> {
        let names = crate::dict::PyDict::new();
        if let Some(dict) = protocol::getattr_opt(slf, &crate::istr!("__dict__"))?
            && dict.is_layout::<crate::dict::PyDict>()
        {
            names.update_from(&dict)?;
        }
        if let Some(class) = protocol::getattr_opt(slf, &crate::istr!("__class__"))?
            && let Some(class) = class.downcast::<PyType>()
        {
            class_names(class, &names)?;
        }
        Ok(list_obj(names.keys()))
    }
    /// This method is called when a class is subclassed.
    #[pyclassmethod(sig = "($type, *args, **kwargs)", text = "($type, /)")]
    fn __init_subclass__(class: &Obj, args: &[Obj], kwargs: Kwargs<'_>) -> PyResult<()> {
        let refused = if kwargs.iter().next().is_some() {
            "takes no keyword arguments".to_owned()
        } else if !args.is_empty() {
            format!("takes no arguments ({} given)", args.len())
        } else {
            return Ok(());
        };
        let name = class.downcast::<PyType>().map(PyType::short_name).unwrap_or_default();
        Err(type_error(format!("{name}.__init_subclass__() {refused}")))
    }
    /// Abstract classes can override this to customize issubclass().
    #[pyclassmethod(sig = "($type, object, /)")]
    fn __subclasshook__(_class: &Obj, _object: &Obj) -> PyResult<Obj> {
        Ok(not_implemented())
    }
}

/// Merges the names of `class` and its bases into `names`.
pub fn class_names(class: &PyType, names: &crate::dict::PyDict) -> PyResult<()> {
    for base in class.mro_iter().collect::<Vec<_>>().into_iter().rev() {
        names.update_from(base.dict().as_obj())?;
    }
    Ok(())
}

fn slot_names(class: &PyType) -> PyResult<Vec<Obj>> {
    // Where `copyreg` keeps them.
    if let Some(known) = class.dict().get_str(&crate::istr!("__slotnames__"))
        && let Some(names) = crate::list::exact_list(&known)
    {
        return Ok(if names.len() == 0 { Vec::new() } else { names.to_vec() });
    }
    let copyreg = crate::hooks::import_module("copyreg")?;
    let names = protocol::call_method_str(&copyreg, "_slotnames", &[class.to_obj()])?;
    if crate::singletons::is_none(&names) { Ok(Vec::new()) } else { protocol::collect(&names) }
}

fn getstate(obj: &Obj) -> PyResult<Obj> {
    let class = class_of(obj);
    let state = match protocol::getattr_opt(obj, &crate::istr!("__dict__"))? {
        Some(dict) if dict.downcast::<crate::dict::PyDict>().is_some_and(|d| d.len() > 0) => dict,
        _ => none(),
    };
    if !class.has_flag(type_flags::HEAP) {
        return Ok(state);
    }
    let names = slot_names(class)?;
    if names.is_empty() {
        return Ok(state);
    }
    let slots = crate::dict::PyDict::new();
    for name in names {
        if let Some(text) = name.to_py::<PyStr>()
            && let Some(value) = protocol::getattr_opt(obj, &text)?
        {
            slots.set(name, value)?;
        }
    }
    if slots.len() == 0 { Ok(state) } else { Ok(tuple_obj(vec![state, slots.into_obj()])) }
}

/// The positional and the named arguments that `__getnewargs_ex__` returned.
fn new_arguments_ex(pair: &Obj) -> PyResult<(Vec<Obj>, Obj)> {
    let wrong = |place: &str, what: &str, given: &Obj| {
        Err(type_error(format!("{place} a {what}, not '{}'", class_of(given).name())))
    };
    let Some(items) = pair.downcast::<PyTuple>() else {
        return wrong("__getnewargs_ex__ should return", "tuple", pair);
    };
    let [args, keywords] = items.as_slice() else {
        return Err(value_error(format!(
            "__getnewargs_ex__ should return a tuple of length 2, not {}",
            items.len()
        )));
    };
    let Some(positional) = args.downcast::<PyTuple>() else {
        return wrong("first item of the tuple returned by __getnewargs_ex__ must be", "tuple", args);
    };
    if !keywords.is_layout::<crate::dict::PyDict>() {
        return wrong("second item of the tuple returned by __getnewargs_ex__ must be", "dict", keywords);
    }
    Ok((positional.to_vec(), keywords.clone()))
}

fn reduce(obj: &Obj, version: i64) -> PyResult<Obj> {
    let copyreg = crate::hooks::known_module(&crate::istr!("copyreg"))?;
    if version < 2 {
        return protocol::call_method_str(&copyreg, "_reduce_ex", &[obj.clone(), int_obj(version)]);
    }
    let class = class_of(obj);
    let class_obj = class.to_obj();
    let mut positional = vec![];
    let mut keywords = None;
    let mut has_arguments = false;
    if let Some(get) = protocol::lookup_special(obj, &crate::istr!("__getnewargs_ex__"))? {
        let (args, named) = new_arguments_ex(&protocol::call0(&get)?)?;
        positional = args;
        keywords = Some(named).filter(|k| protocol::len(k).is_ok_and(|n| n > 0));
        has_arguments = true;
    } else if let Some(get) = protocol::lookup_special(obj, &crate::istr!("__getnewargs__"))? {
        let args = protocol::call0(&get)?;
        let Some(args) = args.downcast::<PyTuple>() else {
            return Err(type_error(format!(
                "__getnewargs__ should return a tuple, not '{}'",
                class_of(&args).name()
            )));
        };
        positional = args.to_vec();
        has_arguments = true;
    }
    let is_list = obj.is_layout::<crate::list::PyList>();
    let is_dict = obj.is_layout::<crate::dict::PyDict>();
    // A class that tells its state by itself knows what instances need.
    let name = crate::istr!("__getstate__");
    let plain_state = match (class.lookup(&name), types().object.lookup(&name)) {
        (Some(own), Some(base)) => own.is(&base),
        _ => true,
    };
    if plain_state
        && !has_arguments
        && !is_list
        && !is_dict
        && !std::ptr::eq(class.ops, <PyObject as taipan_gc::Object>::ops())
        && !obj.is_layout::<crate::exceptions::PyBaseException>()
    {
        if obj.is_layout::<crate::memoryview::PyMemoryView>() {
            return Err(type_error("cannot pickle memoryview objects"));
        }
        return Err(type_error(format!("cannot pickle '{}' object", class.full_name())));
    }
    let generic: BinaryFn = crate::attribute::generic_getattr;
    let state = if plain_state
        && class.slots.getattro().is_some_and(|f| f as usize == generic as usize)
        && crate::shape::get_attribute(obj, &name)?.is_none()
    {
        getstate(obj)?
    } else {
        protocol::call_method(obj, &name, &[])?
    };
    let (function, arguments) = match keywords {
        Some(keywords) => (
            protocol::getattr(&copyreg, &crate::istr!("__newobj_ex__"))?,
            PyTuple::from_array([class_obj, tuple_obj(positional), keywords]),
        ),
        None => {
            let function = protocol::getattr(&copyreg, &crate::istr!("__newobj__"))?;
            let count = 1 + positional.len();
            (function, PyTuple::of_items(count, false, std::iter::once(class_obj).chain(positional)))
        }
    };
    let list_items = if is_list { protocol::iter(obj)? } else { none() };
    let dict_items = if is_dict {
        protocol::iter(&protocol::call_method(obj, &crate::istr!("items"), &[])?)?
    } else {
        none()
    };
    Ok(PyTuple::from_array([function, arguments.into_obj(), state, list_items, dict_items]).into_obj())
}

pub(crate) fn fill(types: &Types) {
    types.object.slots.set_all(&SLOTS);
    ready::add_getset(&types.object, GETSET);
    ready::add_methods(&types.object, <PyObject as crate::native::NativeMethods>::methods());
    ready::set_doc(
        &types.object,
        "The base class of the class hierarchy.\n\nWhen called, it accepts no arguments and returns a new featureless\ninstance that has no instance attributes and cannot be given any.\n",
    );
}
