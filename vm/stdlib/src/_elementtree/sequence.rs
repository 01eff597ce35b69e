//! Elements as sequences of their children.

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::slice::PySlice;

use super::element::{PyElement, check_element, element_argument};
use crate::native_class::receiver;

fn position(key: &Obj, len: usize) -> PyResult<Option<usize>> {
    if !has_index(key) {
        return Err(type_error("element indices must be integers"));
    }
    let index = index_word(key)?;
    let index = if index < 0 { index + len as isize } else { index };
    Ok(usize::try_from(index).ok().filter(|&at| at < len))
}

pub fn getitem(slf: &Obj, key: &Obj) -> PyResult<Obj> {
    let this = receiver::<PyElement>(slf)?;
    let word = key.value();
    if word.is_int()
        && let Ok(at) = usize::try_from(word.as_int())
        && let Some(child) = this.child(at)
    {
        return Ok(child);
    }
    if key.is_layout::<PySlice>() {
        return taipan_objects::protocol::getitem(this.own_children().as_obj(), key);
    }
    match position(key, this.len())?.and_then(|at| this.child(at)) {
        Some(child) => Ok(child),
        None => Err(index_error("child index out of range")),
    }
}

/// The elements that an assignment or `extend` is given.
fn elements(given: &Obj, refusal: &str) -> PyResult<Vec<Obj>> {
    let iterator = match iter(given) {
        Ok(iterator) => iterator,
        Err(Raised) => {
            drop(catch(&types().type_error)?);
            return Err(type_error(refusal));
        }
    };
    let items = collect(&iterator)?;
    items.iter().try_for_each(check_element)?;
    Ok(items)
}

pub fn setitem(slf: &Obj, key: &Obj, value: Option<&Obj>) -> PyResult<()> {
    let this = receiver::<PyElement>(slf)?;
    if key.is_layout::<PySlice>() {
        let children = this.own_children();
        return match value {
            Some(value) => {
                let new = elements(value, "assignment expects an iterable")?;
                taipan_objects::protocol::setitem(children.as_obj(), key, &list_obj(new))
            }
            None => delitem(children.as_obj(), key),
        };
    }
    let Some(at) = position(key, this.len())? else {
        return Err(index_error("child assignment index out of range"));
    };
    let children = this.own_children();
    match value {
        Some(value) => {
            check_element(value)?;
            children.set(at, value.clone());
        }
        None => drop(children.remove(at)),
    }
    Ok(())
}

/// Where a child is: that very object, or an equal one before it.
fn find(this: &PyElement, wanted: &Obj) -> PyResult<Option<usize>> {
    let mut at = 0;
    // The children as they are at each step: comparing them may change them.
    while let Some(item) = this.child(at) {
        if item.is(wanted) || eq(&item, wanted)? {
            return Ok(Some(at));
        }
        at += 1;
    }
    Ok(None)
}

#[pymethods(class = "xml.etree.ElementTree.Element", part = "sequence")]
impl PyElement {
    #[pymethod]
    fn append(&self, subelement: &Obj) -> PyResult<()> {
        element_argument(subelement, "append", 1)?;
        self.append_child(subelement.clone());
        Ok(())
    }
    #[pymethod]
    fn extend(&self, elements: &Obj) -> PyResult<()> {
        let new = self::elements(elements, "'elements' must be an iterable")?;
        if !new.is_empty() {
            self.own_children().extend(new);
        }
        Ok(())
    }
    #[pymethod(sig = "(index, subelement, /)")]
    fn insert(&self, index: isize, subelement: &Obj) -> PyResult<()> {
        element_argument(subelement, "insert", 2)?;
        let len = self.len() as isize;
        let at = if index < 0 { (index + len).max(0) } else { index.min(len) };
        self.own_children().insert(at as usize, subelement.clone());
        Ok(())
    }
    #[pymethod]
    fn remove(&self, subelement: &Obj) -> PyResult<()> {
        element_argument(subelement, "remove", 1)?;
        if let Some(at) = find(self, subelement)? {
            // Unless the comparison has taken the children away.
            if let Some(current) = self.children() {
                drop(current.remove(at));
            }
            return Ok(());
        }
        Err(value_error("Element.remove(x): element not found"))
    }
}
