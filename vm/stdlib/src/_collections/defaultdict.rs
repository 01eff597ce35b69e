//! `defaultdict`: a dict that makes missing values.

use taipan_objects::dict::PyDict;
use taipan_objects::dict::extended::PyExtendedDict;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;
use taipan_objects::type_object::TypeBuilder;
use taipan_objects::{generic_alias, protocol};

use crate::native_class::{class_argument, receiver};
use crate::{counted, native_class};

native_class!(
    /// `collections.defaultdict`.
    pub fn class() = TypeBuilder::new("collections.defaultdict", PyExtendedDict::ops())
        .base(&types().dict)
        .slots(TypeSlots { new: Some(new), init: Some(init), repr: Some(repr), or: Some(or), ..TypeSlots::EMPTY })
        .methods(DefaultDict::own_methods())
        .getset(GETSET)
        .doc("defaultdict(default_factory=None, /, [...]) --> dict with default factory\n\nThe default factory is called without arguments to produce\na new value when a key is not present, in __getitem__ only.\nA defaultdict compares equal to a dict with the same items.\nAll remaining arguments are treated the same as if they were\npassed to the dict constructor, including keyword arguments.")
        .make()
);

fn factory(obj: &Obj) -> PyResult<Obj> {
    Ok(receiver::<PyExtendedDict>(obj)?.extra.load().unwrap_or_else(none))
}

static GETSET: &[GetSetDef] = &[GetSetDef {
    name: "default_factory",
    get: factory,
    set: Some(|obj, value| {
        drop(receiver::<PyExtendedDict>(obj)?.extra.replace(value.cloned()));
        Ok(())
    }),
    doc: "Factory for default value called by __missing__().",
}];

fn new(class: &Obj, _args: &Args<'_>) -> PyResult<Obj> {
    Ok(PyExtendedDict::new(class_argument::<PyExtendedDict>(class)?).into_obj())
}

fn init(obj: &Obj, args: &Args<'_>) -> PyResult<()> {
    let this = receiver::<PyExtendedDict>(obj)?;
    let (first, rest) = match args.positional.split_first() {
        Some((first, rest)) => (Some(first.clone()), rest),
        None => (None, args.positional),
    };
    if let Some(factory) = &first
        && !is_none(factory)
        && !protocol::is_callable(factory)
    {
        return Err(type_error("first argument must be callable or None"));
    }
    drop(this.extra.replace(first));
    match types().dict.slots.init() {
        Some(init) => init(obj, &Args { positional: rest, ..*args }),
        None => Ok(()),
    }
}

fn repr(obj: &Obj) -> PyResult<Obj> {
    let base = match types().dict.slots.repr() {
        Some(repr) => protocol::str_string(&repr(obj)?)?,
        None => String::new(),
    };
    let factory = factory(obj)?;
    let shown = match ReprGuard::enter(&factory) {
        Some(_guard) => protocol::repr_string(&factory)?,
        None => "...".to_owned(),
    };
    Ok(str_obj(&format!("{}({shown}, {base})", class_of(obj).short_name())))
}

fn or(a: &Obj, b: &Obj) -> PyResult<Obj> {
    let (own, other) =
        if a.is_layout::<PyExtendedDict>() && class_of(a).is_subtype(class()) { (a, b) } else { (b, a) };
    if !other.is_layout::<PyDict>() {
        return Ok(not_implemented());
    }
    let result = counted::call(&class_of(own).to_obj(), &[factory(own)?, a.clone()])?;
    receiver::<PyDict>(&result)?.update_from(b)?;
    Ok(result)
}

fn copy(obj: &Obj) -> PyResult<Obj> {
    counted::call(&class_of(obj).to_obj(), &[factory(obj)?, obj.clone()])
}

/// Home of the methods: the layout belongs to another crate.
struct DefaultDict;

#[pymethods(class = "collections.defaultdict", part = "own")]
impl DefaultDict {
    /// __missing__(key) # Called by __getitem__ for missing key; pseudo-code:
    /// if self.default_factory is None: raise KeyError((key,))
    /// self[key] = value = self.default_factory()
    /// return value
    #[pymethod(sig = "(key, /)", text = "")]
    fn __missing__(slf: &Obj, key: &Obj) -> PyResult<Obj> {
        let factory = factory(slf)?;
        if is_none(&factory) {
            return Err(key_error(key.clone()));
        }
        let value = counted::call(&factory, &[])?;
        let own_set = class_of(slf).slots.setitem().map(|f| f as usize);
        if own_set == types().dict.slots.setitem().map(|f| f as usize)
            && let Some(dict) = slf.downcast::<PyDict>()
        {
            // Of several threads that miss the same key, all get the first one's value.
            return Ok(dict.setdefault(key, &value)?.into_strong());
        }
        protocol::setitem(slf, key, &value)?;
        Ok(value)
    }
    /// A shallow copy.
    #[pymethod]
    fn copy(slf: &Obj) -> PyResult<Obj> {
        copy(slf)
    }
    /// A shallow copy.
    #[pymethod(text = "")]
    fn __copy__(slf: &Obj) -> PyResult<Obj> {
        copy(slf)
    }
    /// Return state information for pickling.
    #[pymethod(text = "")]
    fn __reduce__(slf: &Obj) -> PyResult<Obj> {
        let factory = factory(slf)?;
        let arguments = if is_none(&factory) { vec![] } else { vec![factory] };
        let items = counted::call_method(slf, "items", &[])?;
        let items = counted::iter(&items)?;
        Ok(tuple_obj(vec![class_of(slf).to_obj(), tuple_obj(arguments), none(), none(), items]))
    }
    /// See PEP 585
    #[pyclassmethod]
    fn __class_getitem__(cls: &Obj, object: &Obj) -> Obj {
        generic_alias::new(cls, object)
    }
}
