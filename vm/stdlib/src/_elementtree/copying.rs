//! Copies and pickles of elements.

use taipan_objects::dict::PyDict;
use taipan_objects::hooks;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;

use super::element::{self, PyElement, check_element};
use crate::native_class::receiver;

fn deep_copy(obj: &Obj, memo: &Obj) -> PyResult<Obj> {
    if is_none(obj) || taipan_objects::str::is_exact_str(obj) {
        return Ok(obj.clone());
    }
    if class_of(obj).is(element::class()) {
        enter_native()?;
        return deep_copy_element(obj, memo);
    }
    call(&hooks::module_attribute("copy", "deepcopy")?, &[obj.clone(), memo.clone()])
}

fn deep_copy_element(slf: &Obj, memo: &Obj) -> PyResult<Obj> {
    let this = receiver::<PyElement>(slf)?;
    let tag = deep_copy(&this.tag(), memo)?;
    let attrib = match this.attributes() {
        Some(attrib) => Some(deep_copy(&attrib, memo)?),
        None => None,
    };
    let made = element::make(element::class(), tag, attrib);
    let copy = receiver::<PyElement>(&made)?;
    copy.set_text(deep_copy(&this.text(), memo)?);
    copy.set_tail(deep_copy(&this.tail(), memo)?);
    // The children as they are at each step: a copy may change them.
    let mut copies = Vec::with_capacity(this.len());
    while let Some(child) = this.child(copies.len()) {
        let child = deep_copy(&child, memo)?;
        check_element(&child)?;
        copies.push(child);
    }
    copy.set_children(copies);
    let identity = slf.header().map_or(0, |header| std::ptr::from_ref(header).addr());
    taipan_objects::protocol::setitem(memo, &taipan_objects::int::from_usize(identity), &made)?;
    Ok(made)
}

#[pymethods(class = "xml.etree.ElementTree.Element", part = "copying")]
impl PyElement {
    #[pymethod]
    fn __copy__(&self) -> PyResult<Obj> {
        let attrib = self.attributes().and_then(|attrib| attrib.downcast::<PyDict>().map(PyDict::copy));
        let made = element::make(element::class(), self.tag(), attrib.map(Py::into_obj));
        let copy = receiver::<PyElement>(&made)?;
        copy.set_text(self.text());
        copy.set_tail(self.tail());
        copy.set_children(self.children().map(|children| children.to_vec()).unwrap_or_default());
        Ok(made)
    }
    #[pymethod]
    fn __deepcopy__(slf: &Obj, memo: &Obj) -> PyResult<Obj> {
        if !memo.is_layout::<PyDict>() {
            return Err(type_error(format!(
                "__deepcopy__() argument must be dict, not {}",
                class_of(memo).name()
            )));
        }
        deep_copy_element(slf, memo)
    }
    #[pymethod]
    fn __getstate__(&self) -> PyResult<Obj> {
        let children = self.children().map(|children| children.to_vec()).unwrap_or_default();
        let attrib = self.attributes().unwrap_or_else(|| PyDict::new().into_obj());
        let parts = [
            ("tag", self.tag()),
            ("_children", list_obj(children)),
            ("attrib", attrib),
            ("text", self.text()),
            ("tail", self.tail()),
        ];
        Ok(PyDict::from_pairs(parts.map(|(name, value)| (str_obj(name), value)))?.into_obj())
    }
    #[pymethod]
    fn __setstate__(&self, state: &Obj) -> PyResult<()> {
        let Some(state) = state.downcast::<PyDict>() else {
            return Err(type_error(format!(
                "Don't know how to unpickle \"{}\" as an Element",
                repr_string(state)?
            )));
        };
        let part = |name: &str| state.get_name(name).map(IntoStrong::into_strong);
        let Some(tag) = part("tag") else { return Err(type_error("tag may not be NULL")) };
        let children = match part("_children") {
            Some(children) => collect(&children)?,
            None => Vec::new(),
        };
        children.iter().try_for_each(check_element)?;
        let attrib = part("attrib").filter(|attrib| !is_none(attrib));
        if attrib.as_ref().is_some_and(|attrib| !attrib.is_layout::<PyDict>()) {
            return Err(type_error("attrib must be dict"));
        }
        self.set_tag(tag);
        self.set_text(part("text").unwrap_or_else(none));
        self.set_tail(part("tail").unwrap_or_else(none));
        self.set_attributes(attrib);
        self.set_children(children);
        Ok(())
    }
}
