//! `_template`: the classes of `string.templatelib` (PEP 750), and what the interpreter makes template strings by.

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;
use taipan_objects::tuple::PyTuple;
use taipan_objects::type_object::{TypeBuilder, new_instance};
use taipan_objects::{generic_alias, hooks, protocol};
use taipan_threading::sync::atomic::{AtomicUsize, Ordering};

use crate::native_class;
use crate::native_class::{class_argument, itself, receiver};

/// One replacement field.
#[repr(C)]
pub struct PyInterpolation {
    header: Header,
    value: Obj,
    expression: Obj,
    conversion: Obj,
    format_spec: Obj,
}
layout!(PyInterpolation, "string.templatelib.Interpolation", [value, expression, conversion, format_spec]);

/// A template: one string more than there are interpolations.
#[repr(C)]
pub struct PyTemplate {
    header: Header,
    strings: Py<PyTuple>,
    interpolations: Py<PyTuple>,
}
layout!(PyTemplate, "string.templatelib.Template", [strings, interpolations]);

/// An iterator over the parts that are not empty.
#[repr(C)]
struct PyTemplateIter {
    header: Header,
    strings: Py<PyTuple>,
    interpolations: Py<PyTuple>,
    /// Even: a string is next.
    place: AtomicUsize,
}
layout!(PyTemplateIter, "string.templatelib.TemplateIter", [strings, interpolations]);

native_class!(
    /// `string.templatelib.Interpolation`.
    pub fn interpolation_class() = TypeBuilder::new("string.templatelib.Interpolation", PyInterpolation::ops())
        .final_()
        .slots(TypeSlots { new: Some(construct_interpolation), repr: Some(repr_interpolation), ..TypeSlots::EMPTY })
        .methods(PyInterpolation::methods())
        .getset(PyInterpolation::getset())
        .attr("__match_args__", tuple_obj(["value", "expression", "conversion", "format_spec"].map(str_obj).to_vec()))
        .doc("Interpolation object")
        .make()
);
native_class!(
    /// `string.templatelib.Template`.
    pub fn template_class() = TypeBuilder::new("string.templatelib.Template", PyTemplate::ops())
        .final_()
        .slots(TypeSlots {
            new: Some(new_template),
            repr: Some(repr_template),
            iter: Some(iter_template),
            concat: Some(concat),
            ..TypeSlots::EMPTY
        })
        .methods(PyTemplate::methods())
        .getset(PyTemplate::getset())
        .doc("Template object")
        .make()
);
native_class!(
    fn iter_class() = TypeBuilder::new("string.templatelib.TemplateIter", PyTemplateIter::ops())
        .final_()
        .no_instantiation()
        .slots(TypeSlots { iter: Some(itself), iternext: Some(next), ..TypeSlots::EMPTY })
        .make()
);

fn construct_interpolation(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    new_interpolation(class, args)
}

fn check_text(name: &str, obj: Option<&Obj>) -> PyResult<Obj> {
    match obj {
        Some(text) if text.is_layout::<PyStr>() => Ok(text.clone()),
        Some(other) => Err(type_error(format!(
            "Interpolation() argument '{name}' must be str, not {}",
            class_of(other).name()
        ))),
        None => Ok(str_obj("")),
    }
}

#[pyargs(name = "Interpolation", sig = "(value, expression='', conversion=None, format_spec='')")]
fn new_interpolation(
    class: &Obj,
    value: &Obj,
    expression: Option<&Obj>,
    conversion: Option<&Obj>,
    format_spec: Option<&Obj>,
) -> PyResult<Obj> {
    let class = class_argument::<PyInterpolation>(class)?;
    let expression = check_text("expression", expression)?;
    let conversion = match conversion.filter(|c| !is_none(c)) {
        Some(conversion) => {
            let text = check_text("conversion", Some(conversion))?;
            if !text.downcast::<PyStr>().is_some_and(|t| ["s", "a", "r"].iter().any(|known| t.eq_str(known)))
            {
                return Err(value_error(
                    "Interpolation() argument 'conversion' must be one of 's', 'a' or 'r'",
                ));
            }
            text
        }
        None => none(),
    };
    let format_spec = check_text("format_spec", format_spec)?;
    let value = value.clone();
    Ok(new_instance(class, |header| PyInterpolation { header, value, expression, conversion, format_spec })
        .into_obj())
}

fn repr_interpolation(obj: &Obj) -> PyResult<Obj> {
    let this = receiver::<PyInterpolation>(obj)?;
    let parts = [&this.value, &this.expression, &this.conversion, &this.format_spec];
    let parts = parts.into_iter().map(protocol::repr_string).collect::<PyResult<Vec<_>>>()?;
    Ok(str_obj(&format!("Interpolation({})", parts.join(", "))))
}

#[pymethods(class = "Interpolation")]
impl PyInterpolation {
    #[pygetset]
    fn value(&self) -> Obj {
        self.value.clone()
    }
    #[pygetset]
    fn expression(&self) -> Obj {
        self.expression.clone()
    }
    #[pygetset]
    fn conversion(&self) -> Obj {
        self.conversion.clone()
    }
    #[pygetset]
    fn format_spec(&self) -> Obj {
        self.format_spec.clone()
    }
    #[pymethod(text = "")]
    fn __reduce__(slf: &Obj) -> PyResult<Obj> {
        let this = receiver::<PyInterpolation>(slf)?;
        let fields = [&this.value, &this.expression, &this.conversion, &this.format_spec].map(Clone::clone);
        Ok(tuple_obj(vec![class_of(slf).to_obj(), tuple_obj(fields.to_vec())]))
    }
    /// Templates are generic over the types of their values
    #[pyclassmethod]
    fn __class_getitem__(cls: &Obj, object: &Obj) -> Obj {
        generic_alias::new(cls, object)
    }
}

fn make(strings: Py<PyTuple>, interpolations: Py<PyTuple>) -> Obj {
    new_instance(template_class(), |header| PyTemplate { header, strings, interpolations }).into_obj()
}

/// The text of one part.
fn joined(texts: &[Obj]) -> PyResult<Obj> {
    match texts {
        [] => Ok(str_obj("")),
        [only] => Ok(only.clone()),
        all => protocol::call_method_str(&str_obj(""), "join", &[list_obj(all.to_vec())]),
    }
}

fn new_template(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    class_argument::<PyTemplate>(class)?;
    if args.has_keywords() {
        return Err(type_error("Template.__new__ only accepts *args arguments"));
    }
    let (mut strings, mut interpolations, mut texts) = (Vec::new(), Vec::new(), Vec::new());
    for part in args.positional {
        if part.is_layout::<PyStr>() {
            texts.push(part.clone());
        } else if part.is_layout::<PyInterpolation>() {
            strings.push(joined(&std::mem::take(&mut texts))?);
            interpolations.push(part.clone());
        } else {
            let given = class_of(part).full_name();
            return Err(type_error(format!(
                "Template.__new__ *args need to be of type 'str' or 'Interpolation', got {given}"
            )));
        }
    }
    strings.push(joined(&texts)?);
    Ok(make(PyTuple::new(strings), PyTuple::new(interpolations)))
}

fn repr_template(obj: &Obj) -> PyResult<Obj> {
    let this = receiver::<PyTemplate>(obj)?;
    let strings = protocol::repr_string(this.strings.as_obj())?;
    let interpolations = protocol::repr_string(this.interpolations.as_obj())?;
    Ok(str_obj(&format!("Template(strings={strings}, interpolations={interpolations})")))
}

fn iter_template(obj: &Obj) -> PyResult<Obj> {
    let this = receiver::<PyTemplate>(obj)?;
    let (strings, interpolations) = (this.strings.clone(), this.interpolations.clone());
    Ok(new_instance(iter_class(), |header| PyTemplateIter {
        header,
        strings,
        interpolations,
        place: AtomicUsize::new(0),
    })
    .into_obj())
}

fn next(obj: &Obj) -> PyResult<Option<Obj>> {
    let this = receiver::<PyTemplateIter>(obj)?;
    loop {
        let place = this.place.fetch_add(1, Ordering::Relaxed);
        let part =
            if place % 2 == 0 { this.strings.get(place / 2) } else { this.interpolations.get(place / 2) };
        let Some(part) = part else { return Ok(None) };
        if part.downcast::<PyStr>().is_none_or(|text| !text.is_empty()) {
            return Ok(Some(part.clone()));
        }
    }
}

fn concat(a: &Obj, b: &Obj) -> PyResult<Obj> {
    let x = receiver::<PyTemplate>(a)?;
    let Some(y) = b.downcast::<PyTemplate>() else {
        return Err(type_error(format!(
            "can only concatenate string.templatelib.Template (not \"{}\") to string.templatelib.Template",
            class_of(b).full_name()
        )));
    };
    let (first, second) = (x.strings.as_slice(), y.strings.as_slice());
    let (Some((end, head)), Some((start, tail))) = (first.split_last(), second.split_first()) else {
        return Err(system_error("a template without strings"));
    };
    let mut strings = head.to_vec();
    strings.push(joined(&[end.clone(), start.clone()])?);
    strings.extend_from_slice(tail);
    let interpolations =
        x.interpolations.as_slice().iter().chain(y.interpolations.as_slice()).cloned().collect();
    Ok(make(PyTuple::new(strings), PyTuple::new(interpolations)))
}

#[pymethods(class = "Template")]
impl PyTemplate {
    /// The texts between the interpolations.
    #[pygetset]
    fn strings(&self) -> Obj {
        self.strings.as_obj().clone()
    }
    /// The interpolations.
    #[pygetset]
    fn interpolations(&self) -> Obj {
        self.interpolations.as_obj().clone()
    }
    /// Values of interpolations
    #[pygetset]
    fn values(&self) -> Obj {
        let values = self
            .interpolations
            .as_slice()
            .iter()
            .filter_map(|i| Some(i.downcast::<PyInterpolation>()?.value.clone()));
        tuple_obj(values.collect())
    }
    #[pymethod(text = "")]
    fn __reduce__(slf: &Obj) -> PyResult<Obj> {
        let this = receiver::<PyTemplate>(slf)?;
        let restore = hooks::module_attribute("string.templatelib", "_template_unpickle")?.into_strong();
        let parts = vec![this.strings.as_obj().clone(), this.interpolations.as_obj().clone()];
        Ok(tuple_obj(vec![restore, tuple_obj(parts)]))
    }
    /// Templates are generic over the types of their values
    #[pyclassmethod]
    fn __class_getitem__(cls: &Obj, object: &Obj) -> Obj {
        generic_alias::new(cls, object)
    }
}

/// The classes behind template strings.
#[pymodule(name = "_template")]
mod items {
    use super::*;

    #[pyattr(name = "Interpolation")]
    fn interpolation() -> Obj {
        interpolation_class().as_obj().clone()
    }
    #[pyattr(name = "Template")]
    fn template() -> Obj {
        template_class().as_obj().clone()
    }
    /// For the interpreter: the template of these strings and interpolations.
    #[pyfunction]
    fn _from_parts(strings: &Obj, interpolations: &Obj) -> PyResult<Obj> {
        let strings = protocol::collect(strings)?;
        let interpolations = protocol::collect(interpolations)?;
        Ok(make(PyTuple::new(strings), PyTuple::new(interpolations)))
    }
}
