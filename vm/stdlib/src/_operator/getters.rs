//! `itemgetter`, `attrgetter` and `methodcaller`. All fields are constant.

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::protocol;
use taipan_objects::str::intern_obj;
use taipan_objects::tuple::PyTuple;
use taipan_objects::type_object::{TypeBuilder, new_instance};

use crate::native_class::{class_argument, no_keywords, receiver};
use crate::{counted, native_class};

/// `itemgetter`.
#[repr(C)]
pub struct PyItemGetter {
    header: Header,
    items: Py<PyTuple>,
}
layout!(PyItemGetter, "operator.itemgetter", [items]);

/// `attrgetter`: each name split at its dots.
#[repr(C)]
pub struct PyAttrGetter {
    header: Header,
    names: Py<PyTuple>,
    paths: Vec<Vec<Obj>>,
}
layout!(PyAttrGetter, "operator.attrgetter", [names]);

/// `methodcaller`.
#[repr(C)]
pub struct PyMethodCaller {
    header: Header,
    name: Obj,
    args: Py<PyTuple>,
    keyword_names: Vec<Obj>,
    keyword_values: Vec<Obj>,
}
layout!(PyMethodCaller, "operator.methodcaller", [name, args, keyword_names, keyword_values]);

native_class!(
    /// `operator.itemgetter`.
    pub fn item_class() = TypeBuilder::new("operator.itemgetter", PyItemGetter::ops())
        .slots(TypeSlots { new: Some(new_item), call: Some(call_item), repr: Some(repr_item), ..TypeSlots::EMPTY })
        .methods(PyItemGetter::methods())
        .getset(PyItemGetter::getset())
        .text_signature("(item, /, *items)")
        .doc("Return a callable object that fetches the given item(s) from its operand.\nAfter f = itemgetter(2), the call f(r) returns r[2].\nAfter g = itemgetter(2, 5, 3), the call g(r) returns (r[2], r[5], r[3])")
        .make()
);
native_class!(
    /// `operator.attrgetter`.
    pub fn attribute_class() = TypeBuilder::new("operator.attrgetter", PyAttrGetter::ops())
        .slots(TypeSlots { new: Some(new_attribute), call: Some(call_attribute), repr: Some(repr_attribute), ..TypeSlots::EMPTY })
        .methods(PyAttrGetter::methods())
        .getset(PyAttrGetter::getset())
        .text_signature("(attr, /, *attrs)")
        .doc("Return a callable object that fetches the given attribute(s) from its operand.\nAfter f = attrgetter('name'), the call f(r) returns r.name.\nAfter g = attrgetter('name', 'date'), the call g(r) returns (r.name, r.date).\nAfter h = attrgetter('name.first', 'name.last'), the call h(r) returns\n(r.name.first, r.name.last).")
        .make()
);
native_class!(
    /// `operator.methodcaller`.
    pub fn method_class() = TypeBuilder::new("operator.methodcaller", PyMethodCaller::ops())
        .slots(TypeSlots { new: Some(new_method), call: Some(call_method), repr: Some(repr_method), ..TypeSlots::EMPTY })
        .methods(PyMethodCaller::methods())
        .getset(PyMethodCaller::getset())
        .text_signature("(name, /, *args, **kwargs)")
        .doc("Return a callable object that calls the given method on its operand.\nAfter f = methodcaller('name'), the call f(r) returns r.name().\nAfter g = methodcaller('name', 'date', foo=1), the call g(r) returns\nr.name('date', foo=1).")
        .make()
);

fn operand<'a>(function: &str, args: &Args<'a>) -> PyResult<&'a Obj> {
    no_keywords(function, args)?;
    crate::native_class::check_count(function, args, 1, 1)?;
    Ok(&args.positional[0])
}

fn new_item(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    no_keywords("itemgetter", args)?;
    let class = class_argument::<PyItemGetter>(class)?;
    if args.positional.is_empty() {
        return Err(type_error("itemgetter expected 1 argument, got 0"));
    }
    let items = PyTuple::from_slice(args.positional);
    Ok(new_instance(class, |header| PyItemGetter { header, items }).into_obj())
}

fn call_item(obj: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    let this = receiver::<PyItemGetter>(obj)?;
    let operand = operand("itemgetter", args)?;
    match this.items.as_slice() {
        [only] => protocol::getitem(operand, only),
        items => Ok(tuple_obj(
            items.iter().map(|item| counted::getitem(operand, item)).collect::<PyResult<Vec<Obj>>>()?,
        )),
    }
}

fn list_reprs(items: &[Obj]) -> PyResult<String> {
    Ok(items.iter().map(protocol::repr_string).collect::<PyResult<Vec<String>>>()?.join(", "))
}

fn repr_of(obj: &Obj, inner: impl FnOnce() -> PyResult<String>) -> PyResult<Obj> {
    let name = class_of(obj).full_name();
    let Some(_guard) = ReprGuard::enter(obj) else { return Ok(str_obj(&format!("{name}(...)"))) };
    Ok(str_obj(&format!("{name}({})", inner()?)))
}

fn repr_item(obj: &Obj) -> PyResult<Obj> {
    let this = receiver::<PyItemGetter>(obj)?;
    repr_of(obj, || list_reprs(this.items.as_slice()))
}

#[pymethods(class = "operator.itemgetter")]
impl PyItemGetter {
    /// Of the instance, which is called with an operand.
    #[pygetset]
    fn __text_signature__(&self) -> &str {
        "(obj, /)"
    }
    #[pymethod(text = "")]
    fn __reduce__(slf: &Obj) -> PyResult<(Obj, Obj)> {
        let this = receiver::<PyItemGetter>(slf)?;
        Ok((class_of(slf).to_obj(), this.items.as_obj().clone()))
    }
}

fn new_attribute(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    no_keywords("attrgetter", args)?;
    let class = class_argument::<PyAttrGetter>(class)?;
    if args.positional.is_empty() {
        return Err(type_error("attrgetter expected at least 1 argument, got 0"));
    }
    let mut paths = Vec::with_capacity(args.positional.len());
    for name in args.positional {
        let Some(text) = name.downcast::<PyStr>() else {
            return Err(type_error("attribute name must be a string"));
        };
        paths.push(match text.as_utf8() {
            Some(text) if text.contains('.') => text.split('.').map(|part| intern(part).into_obj()).collect(),
            _ => vec![intern_obj(name).into_obj()],
        });
    }
    let names = PyTuple::from_slice(args.positional);
    Ok(new_instance(class, |header| PyAttrGetter { header, names, paths }).into_obj())
}

fn follow(operand: &Obj, path: &[Obj]) -> PyResult<Obj> {
    let Some((first, rest)) = path.split_first() else { return Ok(operand.clone()) };
    let mut value = protocol::getattr_obj(operand, first)?;
    for name in rest {
        let owner = value.into_strong();
        value = protocol::getattr_obj(&owner, name)?.into_strong();
    }
    Ok(value)
}

fn call_attribute(obj: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    let this = receiver::<PyAttrGetter>(obj)?;
    let operand = operand("attrgetter", args)?;
    match this.paths.as_slice() {
        [only] => follow(operand, only),
        paths => {
            let values = paths.iter().map(|path| follow(operand, path).map(IntoStrong::into_strong));
            Ok(tuple_obj(values.collect::<PyResult<Vec<Obj>>>()?))
        }
    }
}

fn repr_attribute(obj: &Obj) -> PyResult<Obj> {
    let this = receiver::<PyAttrGetter>(obj)?;
    repr_of(obj, || list_reprs(this.names.as_slice()))
}

#[pymethods(class = "operator.attrgetter")]
impl PyAttrGetter {
    /// Of the instance, which is called with an operand.
    #[pygetset]
    fn __text_signature__(&self) -> &str {
        "(obj, /)"
    }
    #[pymethod(text = "")]
    fn __reduce__(slf: &Obj) -> PyResult<(Obj, Obj)> {
        let this = receiver::<PyAttrGetter>(slf)?;
        Ok((class_of(slf).to_obj(), this.names.as_obj().clone()))
    }
}

fn new_method(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    let class = class_argument::<PyMethodCaller>(class)?;
    let Some((name, rest)) = args.positional.split_first() else {
        return Err(type_error("methodcaller needs at least one argument, the method name"));
    };
    if !name.is_layout::<PyStr>() {
        return Err(type_error("method name must be a string"));
    }
    let (name, args_tuple) = (intern_obj(name).into_obj(), PyTuple::from_slice(rest));
    let (keyword_names, keyword_values) = (args.keyword_names.to_vec(), args.keyword_values.to_vec());
    Ok(new_instance(class, |header| PyMethodCaller {
        header,
        name,
        args: args_tuple,
        keyword_names,
        keyword_values,
    })
    .into_obj())
}

fn call_method(obj: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    let this = receiver::<PyMethodCaller>(obj)?;
    let operand = operand("methodcaller", args)?;
    if this.keyword_names.is_empty()
        && let Some(name) = this.name.to_py::<PyStr>()
    {
        return protocol::call_method(operand, &name, this.args.as_slice());
    }
    let method = protocol::getattr_obj(operand, &this.name)?.into_strong();
    protocol::call_args(
        &method,
        &Args::with_keywords(this.args.as_slice(), &this.keyword_names, &this.keyword_values),
    )
}

fn repr_method(obj: &Obj) -> PyResult<Obj> {
    let this = receiver::<PyMethodCaller>(obj)?;
    repr_of(obj, || {
        let mut text = protocol::repr_string(&this.name)?;
        for argument in this.args.as_slice() {
            text.push_str(&format!(", {}", protocol::repr_string(argument)?));
        }
        for (name, value) in this.keyword_names.iter().zip(&this.keyword_values) {
            text.push_str(&format!(", {}={}", protocol::str_string(name)?, protocol::repr_string(value)?));
        }
        Ok(text)
    })
}

#[pymethods(class = "operator.methodcaller")]
impl PyMethodCaller {
    /// Of the instance, which is called with an operand.
    #[pygetset]
    fn __text_signature__(&self) -> &str {
        "(obj, /)"
    }
    #[pymethod(text = "")]
    fn __reduce__(slf: &Obj) -> PyResult<Obj> {
        let this = receiver::<PyMethodCaller>(slf)?;
        let mut positional = vec![this.name.clone()];
        positional.extend_from_slice(this.args.as_slice());
        let class = class_of(slf).to_obj();
        if this.keyword_names.is_empty() {
            return Ok(tuple_obj(vec![class, tuple_obj(positional)]));
        }
        let partial = taipan_objects::hooks::module_attribute("functools", "partial")?.into_strong();
        let maker = vec![class, this.name.clone()];
        let maker = protocol::call_args(
            &partial,
            &Args::with_keywords(&maker, &this.keyword_names, &this.keyword_values),
        )?;
        Ok(tuple_obj(vec![maker.into_strong(), this.args.as_obj().clone()]))
    }
}
