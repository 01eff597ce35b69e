//! `OrderedDict`: a dict whose order can be changed. Plain dicts keep their order already, so it has no data of its own.
//!
//! Moving a key takes it out and puts it in again in one critical section; a lookup that misses looks again under the lock.

use taipan_objects::dict::PyDict;
use taipan_objects::dict::views;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::protocol;
use taipan_objects::shape;
use taipan_objects::type_object::{CompareOp, SlotId, TypeBuilder, type_flags};
use taipan_threading::CriticalSection;

use crate::native_class::receiver;
use crate::{counted, native_class};

native_class!(
    /// `collections.OrderedDict`.
    pub fn class() = TypeBuilder::new("collections.OrderedDict", PyDict::ops())
        .base(&types().dict)
        .dict()
        .flag(type_flags::HAS_WEAKREF)
        .slots(TypeSlots {
            init: Some(init),
            repr: Some(repr),
            richcompare: Some(compare),
            iter: Some(|obj| Ok(views::key_iter(receiver::<PyDict>(obj)?))),
            getitem: Some(getitem),
            contains: Some(contains),
            or: Some(or),
            ior: Some(ior),
            ..TypeSlots::EMPTY
        })
        .methods(OrderedDict::own_methods())
        .getset(taipan_objects::object_type::DICT_GETSETS)
        .doc("Dictionary that remembers insertion order")
        .make()
);

fn init(obj: &Obj, args: &Args<'_>) -> PyResult<()> {
    crate::native_class::check_count("OrderedDict", &Args::new(args.positional), 0, 1)?;
    update(obj, args)
}

/// Fills `obj` by its own `__setitem__`.
fn update(obj: &Obj, args: &Args<'_>) -> PyResult<()> {
    let dict = receiver::<PyDict>(obj)?;
    let plain = class_of(obj).slots.raw(SlotId::Setitem) == types().dict.slots.raw(SlotId::Setitem);
    if let Some(other) = args.positional.first() {
        if plain {
            dict.update_from(other)?;
        } else if let Some(keys) = counted::getattr_opt(other, &intern("keys"))? {
            for key in protocol::collect(&counted::call(&keys, &[])?)? {
                protocol::setitem(obj, &key, &counted::getitem(other, &key)?)?;
            }
        } else {
            for pair in protocol::collect(other)? {
                match protocol::collect(&pair)?.as_slice() {
                    [key, value] => protocol::setitem(obj, key, value)?,
                    items => {
                        return Err(value_error(format!(
                            "need more than {} values to unpack",
                            items.len().min(1)
                        )));
                    }
                }
            }
        }
    }
    for (key, value) in args.keywords() {
        protocol::setitem(obj, key, value)?;
    }
    Ok(())
}

/// Looks again under the lock: the key may have been on its way to another place.
#[cold]
fn look_again(dict: &PyDict, key: &Obj) -> PyResult<Option<Obj>> {
    if !taipan_threading::multi_threaded() {
        return Ok(None);
    }
    let _section = CriticalSection::enter(dict.header().lock());
    Ok(dict.get(key)?.map(IntoStrong::into_strong))
}

fn getitem(obj: &Obj, key: &Obj) -> PyResult<Obj> {
    let dict = receiver::<PyDict>(obj)?;
    if let Some(found) = dict.get(key)? {
        return Ok(found);
    }
    if let Some(found) = look_again(dict, key)? {
        return Ok(found);
    }
    if let Some(missing) = protocol::lookup_special(obj, &intern("__missing__"))? {
        return protocol::call1(&missing, key);
    }
    Err(key_error(key.clone()))
}

fn contains(obj: &Obj, key: &Obj) -> PyResult<bool> {
    let dict = receiver::<PyDict>(obj)?;
    Ok(dict.contains(key)? || look_again(dict, key)?.is_some())
}

fn repr(obj: &Obj) -> PyResult<Obj> {
    let dict = receiver::<PyDict>(obj)?;
    let name = class_of(obj).short_name();
    if dict.is_empty() {
        return Ok(str_obj(&format!("{name}()")));
    }
    let Some(_guard) = ReprGuard::enter(obj) else { return Ok(str_obj("...")) };
    let shown = if class_of(obj).is(class()) {
        // As the plain dict shows itself, in the order of this one.
        PyDict::from_pairs(dict.snapshot())?
    } else {
        let items = counted::call_method(obj, "items", &[])?;
        let copy = PyDict::new();
        copy.update_from(&list_obj(protocol::collect(&items)?))?;
        copy
    };
    Ok(str_obj(&format!("{name}({})", protocol::repr_string(shown.as_obj())?)))
}

fn compare(a: &Obj, b: &Obj, op: CompareOp) -> PyResult<Obj> {
    let (Some(x), Some(y)) = (a.downcast::<PyDict>(), b.downcast::<PyDict>()) else {
        return Ok(not_implemented());
    };
    if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
        return Ok(not_implemented());
    }
    let mut equal = match types().dict.slots.richcompare() {
        Some(compare) => protocol::is_true(&compare(a, b, CompareOp::Eq)?)?,
        None => a.is(b),
    };
    if equal && class_of(b).is_subtype(class()) && class_of(a).is_subtype(class()) {
        let keys_now = || (x.keys_version_now(), y.keys_version_now());
        let before = (x.keys_version(), y.keys_version());
        equal = x.len() == y.len();
        for (p, q) in x.keys().iter().zip(&y.keys()) {
            let same = protocol::eq(p, q)?;
            if keys_now() != before {
                return Err(runtime_error("OrderedDict mutated during iteration"));
            }
            if !same {
                equal = false;
                break;
            }
        }
    }
    Ok(bool_obj(equal == (op == CompareOp::Eq)))
}

fn or(a: &Obj, b: &Obj) -> PyResult<Obj> {
    let own = if class_of(a).is_subtype(class()) { a } else { b };
    if !a.is_layout::<PyDict>() || !b.is_layout::<PyDict>() {
        return Ok(not_implemented());
    }
    let result = counted::call1(&class_of(own).to_obj(), a)?;
    if !result.is_layout::<PyDict>() {
        return Err(type_error("or() must return a dict"));
    }
    update(&result, &Args::new(std::slice::from_ref(b)))?;
    Ok(result)
}

fn ior(a: &Obj, b: &Obj) -> PyResult<Obj> {
    update(a, &Args::new(std::slice::from_ref(b)))?;
    Ok(a.clone())
}

/// Copying goes on while only other threads change the keys, which were taken at one moment.
fn check_keys(dict: &PyDict, before: u32) -> PyResult<()> {
    if before != 0 && dict.keys_version_now() != before && !taipan_threading::multi_threaded() {
        return Err(runtime_error("OrderedDict mutated during iteration"));
    }
    Ok(())
}

fn copy(obj: &Obj) -> PyResult<Obj> {
    let class_of_this = class_of(obj);
    if class_of_this.is(class()) {
        let copy = counted::call(class().as_obj(), &[])?;
        let (from, to) = (receiver::<PyDict>(obj)?, receiver::<PyDict>(&copy)?);
        let before = from.keys_version();
        for (key, value) in from.snapshot() {
            to.set(key, value)?;
            check_keys(from, before)?;
        }
        for (name, value) in shape::attributes(obj)? {
            protocol::set_or_delete(&copy, &name, Some(&value))?;
        }
        return Ok(copy);
    }
    let copy = counted::call(&class_of_this.to_obj(), &[])?;
    let from = receiver::<PyDict>(obj)?;
    let before = from.keys_version();
    for key in protocol::collect(obj)? {
        let value = counted::getitem(obj, &key)?;
        check_keys(from, before)?;
        protocol::setitem(&copy, &key, &value)?;
        check_keys(from, before)?;
    }
    Ok(copy)
}

/// Home of the methods: the layout belongs to another crate.
struct OrderedDict;

#[pymethods(class = "OrderedDict", part = "own")]
impl OrderedDict {
    /// Return the value for key if key is in the dictionary, else default.
    #[pymethod(sig = "(key, default=None, /)")]
    fn get(slf: &Obj, key: &Obj, default: Option<&Obj>) -> PyResult<Obj> {
        let dict = receiver::<PyDict>(slf)?;
        if let Some(found) = dict.get(key)? {
            return Ok(found);
        }
        Ok(look_again(dict, key)?.or_else(|| default.cloned()).unwrap_or_else(none))
    }
    /// Create a new ordered dictionary with keys from iterable and values set to value.
    #[pyclassmethod(sig = "(iterable, value=None)")]
    fn fromkeys(cls: &Obj, iterable: &Obj, value: Option<&Obj>) -> PyResult<Obj> {
        let result = counted::call(cls, &[])?;
        let value = value.cloned().unwrap_or_else(none);
        protocol::for_each(iterable, |key| protocol::setitem(&result, &key, &value))?;
        Ok(result)
    }
    /// od.setdefault(key, default=None): as `dict.setdefault`, by way of `__contains__` and `__setitem__`.
    #[pymethod(sig = "(key, default=None)")]
    fn setdefault(slf: &Obj, key: &Obj, default: Option<&Obj>) -> PyResult<Obj> {
        let default = default.cloned().unwrap_or_else(none);
        let dict = receiver::<PyDict>(slf)?;
        if class_of(slf).is(class()) {
            return dict.setdefault(key, &default);
        }
        if protocol::contains(slf, key)? {
            return protocol::getitem(slf, key);
        }
        protocol::setitem(slf, key, &default)?;
        Ok(default)
    }
    /// od.pop(key[,default]) -> v, remove specified key and return the corresponding value.
    ///
    /// If the key is not found, return the default if given; otherwise,
    /// raise a KeyError.
    #[pymethod(sig = "(key, default=<unrepresentable>)")]
    fn pop(slf: &Obj, key: &Obj, default: Option<&Obj>) -> PyResult<Obj> {
        if let Some(value) = receiver::<PyDict>(slf)?.pop(key)? {
            return Ok(value);
        }
        default.cloned().ok_or_else(|| key_error(key.clone()))
    }
    /// Remove and return a (key, value) pair from the dictionary.
    ///
    /// Pairs are returned in LIFO order if last is true or FIFO order if false.
    #[pymethod(sig = "(last=True)")]
    fn popitem(slf: &Obj, last: bool) -> PyResult<Obj> {
        let dict = receiver::<PyDict>(slf)?;
        let pair = if last { dict.pop_item() } else { dict.pop_first() };
        match pair {
            Some((key, value)) => Ok(tuple_obj(vec![key, value])),
            None => Err(key_error(str_obj("dictionary is empty"))),
        }
    }
    /// Move an existing element to the end (or beginning if last is false).
    ///
    /// Raise KeyError if the element does not exist.
    #[pymethod(sig = "(key, last=True)")]
    fn move_to_end(slf: &Obj, key: &Obj, last: bool) -> PyResult<()> {
        if receiver::<PyDict>(slf)?.move_key(key, last)? { Ok(()) } else { Err(key_error(key.clone())) }
    }
    #[pymethod(sig = "(*args, **kwargs)", text = "")]
    fn update(slf: &Obj, args: &[Obj], kwargs: Kwargs<'_>) -> PyResult<()> {
        crate::native_class::check_count("update", &Args::new(args), 0, 1)?;
        update(slf, &Args::new(args))?;
        kwargs.iter().try_for_each(|(key, value)| protocol::setitem(slf, key, value))
    }
    /// A shallow copy of ordered dict.
    #[pymethod]
    fn copy(slf: &Obj) -> PyResult<Obj> {
        copy(slf)
    }
    /// D.__sizeof__() -> size of D in memory, in bytes
    #[pymethod(text = "")]
    fn __sizeof__(slf: &Obj) -> PyResult<Obj> {
        // A dict with places for attributes and weak references behind it.
        let places = 2 * size_of::<usize>() as i64;
        let plain = counted::call1(&counted::getattr(types().dict.as_obj(), "__sizeof__")?, slf)?;
        protocol::binary_op(&plain, &int_obj(places), protocol::BinaryOp::Add)
    }
    /// Return state information for pickling
    #[pymethod(text = "")]
    fn __reduce__(slf: &Obj) -> PyResult<Obj> {
        let state = counted::call_method(slf, "__getstate__", &[])?;
        let items = counted::call_method(slf, "items", &[])?;
        Ok(tuple_obj(vec![class_of(slf).to_obj(), tuple_obj(vec![]), state, none(), counted::iter(&items)?]))
    }
    /// od.__reversed__() <==> reversed(od)
    #[pymethod(text = "")]
    fn __reversed__(slf: &Obj) -> PyResult<Obj> {
        Ok(views::reverse_key_iter(receiver::<PyDict>(slf)?))
    }
}
