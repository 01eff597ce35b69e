//! Walks through a tree in document order: `Element.iter()` and `Element.itertext()`.

use parking_lot::Mutex;
use taipan_objects::layout::TraceField;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;
use taipan_objects::type_object::{TypeBuilder, new_instance, type_flags};
use taipan_threading::CriticalSection;

use super::element::element;
use crate::native_class;
use crate::native_class::{itself, receiver};

/// Where a walk is.
#[derive(Default)]
struct Path {
    /// The element to begin with, if the walk has not begun.
    root: Option<Obj>,
    /// The elements above, and which child of each is next.
    above: Vec<(Obj, usize)>,
}

/// A walk.
#[repr(C)]
pub struct PyElementIter {
    header: Header,
    path: Mutex<Path>,
    /// The tag that is asked for; `None`: all.
    tag: Option<Obj>,
    /// Whether texts are asked for, not elements.
    texts: bool,
}
layout!(
    PyElementIter,
    "_elementtree._element_iterator",
    trace = |this, tracer| {
        this.tag.trace_field(tracer);
        if let Some(path) = this.path.try_lock() {
            path.root.trace_field(tracer);
            path.above.iter().for_each(|(element, _)| element.trace_field(tracer));
        }
    }
);

native_class!(
    fn class() = TypeBuilder::new("_elementtree._element_iterator", PyElementIter::ops())
        .slots(TypeSlots { iter: Some(itself), iternext: Some(next), ..TypeSlots::EMPTY })
        .flag(type_flags::IMMUTABLE)
        .final_()
        .no_instantiation()
        .make()
);

fn walk(root: &Obj, tag: Option<Obj>, texts: bool) -> Obj {
    let path = Mutex::new(Path { root: Some(root.clone()), above: Vec::new() });
    new_instance(class(), |header| PyElementIter { header, path, tag, texts }).into_obj()
}

/// `element.iter(tag)`.
pub fn elements(root: &Obj, tag: Option<&Obj>) -> Obj {
    let any = |tag: &Obj| is_none(tag) || tag.downcast::<PyStr>().is_some_and(|tag| tag.eq_str("*"));
    walk(root, tag.filter(|tag| !any(tag)).cloned(), false)
}

/// `element.itertext()`.
pub fn texts(root: &Obj) -> Obj {
    walk(root, None, true)
}

fn next(slf: &Obj) -> PyResult<Option<Obj>> {
    let this = receiver::<PyElementIter>(slf)?;
    let _section = CriticalSection::enter(this.header.lock());
    // Not under the lock of the path: comparing tags may run Python code.
    let mut path = std::mem::take(&mut *this.path.lock());
    let found = this.advance(&mut path);
    let left = std::mem::replace(&mut *this.path.lock(), path);
    drop(left);
    found
}

impl PyElementIter {
    fn advance(&self, path: &mut Path) -> PyResult<Option<Obj>> {
        loop {
            let entered = match path.root.take() {
                Some(root) => root,
                None => {
                    let Some((top, at)) = path.above.last_mut() else { return Ok(None) };
                    match element(top).and_then(|top| top.child(*at)) {
                        Some(child) => {
                            *at += 1;
                            child
                        }
                        None => {
                            let left = path.above.pop();
                            // The tail of the element that the walk began with is outside.
                            if self.texts
                                && !path.above.is_empty()
                                && let Some(tail) =
                                    left.and_then(|(left, _)| element(&left).map(|e| e.tail()))
                                && is_true(&tail)?
                            {
                                return Ok(Some(tail));
                            }
                            continue;
                        }
                    }
                }
            };
            path.above.push((entered.clone(), 0));
            let Some(inside) = element(&entered) else { continue };
            let tag = inside.tag();
            if self.texts {
                // Comments and instructions are no text.
                let text = inside.text();
                if !(tag.is_layout::<PyStr>() || is_none(&tag)) {
                    if let Some((_, at)) = path.above.last_mut() {
                        *at = usize::MAX;
                    }
                } else if is_true(&text)? {
                    return Ok(Some(text));
                }
                continue;
            }
            let wanted = match &self.tag {
                Some(wanted) => wanted.is(&tag) || eq(&tag, wanted)?,
                None => true,
            };
            if wanted {
                return Ok(Some(entered));
            }
        }
    }
}
