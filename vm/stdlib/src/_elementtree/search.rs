//! Finding elements: by a tag here, by a path in `xml.etree.ElementPath`.

use taipan_objects::bytes::PyBytes;
use taipan_objects::hooks;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;

use super::element::{PyElement, element};
use super::iteration;

/// Whether a path is more than a tag.
fn is_path(path: &Obj) -> bool {
    let units: Vec<u32> = match (path.downcast::<PyStr>(), path.downcast::<PyBytes>()) {
        (Some(text), _) => text.units().iter().collect(),
        (_, Some(bytes)) => bytes.as_slice().iter().map(|&byte| byte.into()).collect(),
        _ => return true,
    };
    let is = |at: usize, c: char| units.get(at) == Some(&u32::from(c));
    if units.len() >= 3 && is(0, '{') && (is(1, '}') || is(1, '*') && is(2, '}')) {
        return true;
    }
    let mut outside = true;
    units.into_iter().filter_map(char::from_u32).any(|c| {
        match c {
            '{' => outside = false,
            '}' => outside = true,
            '/' | '*' | '[' | '@' | '.' if outside => return true,
            _ => {}
        }
        false
    })
}

/// The children of that tag, as long as `more` wants.
fn children(this: &PyElement, tag: &Obj, mut more: impl FnMut(&Obj) -> bool) -> PyResult<()> {
    let mut at = 0;
    while let Some(child) = this.child(at) {
        at += 1;
        if let Some(found) = element(&child)
            && eq(&found.tag(), tag)?
            && !more(&child)
        {
            return Ok(());
        }
    }
    Ok(())
}

fn by_path(function: &str, args: &[Obj]) -> PyResult<Obj> {
    call(&hooks::module_attribute("xml.etree.ElementPath", function)?, args)
}

fn is_given(obj: Option<&Obj>) -> bool {
    obj.is_some_and(|obj| !is_none(obj))
}

fn or_none(obj: Option<&Obj>) -> Obj {
    obj.cloned().unwrap_or_else(none)
}

#[pymethods(class = "xml.etree.ElementTree.Element", part = "search")]
impl PyElement {
    #[pymethod(sig = "(path, namespaces=None)")]
    fn find(slf: &Obj, path: &Obj, namespaces: Option<&Obj>) -> PyResult<Obj> {
        let Some(this) = element(slf) else { return Ok(none()) };
        if is_path(path) || is_given(namespaces) {
            return by_path("find", &[slf.clone(), path.clone(), or_none(namespaces)]);
        }
        let mut first = none();
        children(this, path, |child| {
            first = child.clone();
            false
        })?;
        Ok(first)
    }
    #[pymethod(sig = "(path, default=None, namespaces=None)")]
    fn findtext(slf: &Obj, path: &Obj, default: Option<&Obj>, namespaces: Option<&Obj>) -> PyResult<Obj> {
        let Some(this) = element(slf) else { return Ok(none()) };
        if is_path(path) || is_given(namespaces) {
            return by_path("findtext", &[slf.clone(), path.clone(), or_none(default), or_none(namespaces)]);
        }
        let mut text = None;
        children(this, path, |child| {
            text = element(child).map(PyElement::text);
            false
        })?;
        Ok(match text {
            Some(text) if is_none(&text) => str_obj(""),
            Some(text) => text,
            None => or_none(default),
        })
    }
    #[pymethod(sig = "(path, namespaces=None)")]
    fn findall(slf: &Obj, path: &Obj, namespaces: Option<&Obj>) -> PyResult<Obj> {
        let Some(this) = element(slf) else { return Ok(none()) };
        if is_path(path) || is_given(namespaces) {
            return by_path("findall", &[slf.clone(), path.clone(), or_none(namespaces)]);
        }
        let mut all = Vec::new();
        children(this, path, |child| {
            all.push(child.clone());
            true
        })?;
        Ok(list_obj(all))
    }
    #[pymethod(sig = "(path, namespaces=None)")]
    fn iterfind(slf: &Obj, path: &Obj, namespaces: Option<&Obj>) -> PyResult<Obj> {
        by_path("iterfind", &[slf.clone(), path.clone(), or_none(namespaces)])
    }
    #[pymethod(sig = "(tag=None)")]
    fn iter(slf: &Obj, tag: Option<&Obj>) -> Obj {
        iteration::elements(slf, tag)
    }
    #[pymethod]
    fn itertext(slf: &Obj) -> Obj {
        iteration::texts(slf)
    }
}
