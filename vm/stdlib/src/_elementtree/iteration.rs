//! Walks through a tree in document order: `Element.iter()` and `Element.itertext()`.

use taipan_objects::layout::TraceField;
use taipan_objects::prelude::*;
use taipan_objects::short_mutex::ShortMutex;
use taipan_objects::singletons::is_none;
use taipan_objects::type_object::{TypeBuilder, new_instance, type_flags};
use taipan_threading::{CriticalSection, multi_threaded};

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
    path: ShortMutex<Path>,
    /// The tag that is asked for; `None`: all.
    tag: Option<Obj>,
    /// Whether texts are asked for, not elements.
    texts: bool,
}
layout!(PyElementIter, "_elementtree._element_iterator", [path, tag]);

impl TraceField for Path {
    fn trace_field(&self, tracer: &mut Tracer<'_>) {
        self.root.trace_field(tracer);
        self.above.iter().for_each(|(element, _)| element.trace_field(tracer));
    }
}

native_class!(
    fn class() = TypeBuilder::new("_elementtree._element_iterator", PyElementIter::ops())
        .slots(TypeSlots { iter: Some(itself), iternext: Some(next), ..TypeSlots::EMPTY })
        .flag(type_flags::IMMUTABLE)
        .final_()
        .no_instantiation()
        .make()
);

fn walk(root: &Obj, tag: Option<Obj>, texts: bool) -> Obj {
    let path = ShortMutex::new(Path { root: Some(root.clone()), above: Vec::new() });
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

/// One step of a walk.
enum Step {
    Entered(Obj),
    /// Left an element that is not the one that the walk began with.
    Left(Obj),
    /// Left that one.
    End(Option<Obj>),
}

fn next(slf: &Obj) -> PyResult<Option<Obj>> {
    let this = receiver::<PyElementIter>(slf)?;
    // The path has a lock of its own: this is for threads that walk together.
    let _section = multi_threaded().then(|| CriticalSection::enter(this.header.lock()));
    loop {
        // Tags and texts are looked at without the lock: that may run Python code, which may go on with this very walk.
        match this.step() {
            Step::Left(left) => {
                if this.texts
                    && let Some(tail) = element(&left).map(|left| left.tail())
                    && is_true(&tail)?
                {
                    return Ok(Some(tail));
                }
            }
            Step::End(left) => {
                drop(left);
                return Ok(None);
            }
            Step::Entered(entered) => {
                if this.tag.is_none() && !this.texts {
                    return Ok(Some(entered));
                }
                let Some(inside) = element(&entered) else { continue };
                let tag = inside.tag();
                if this.texts {
                    let text = inside.text();
                    // Comments and instructions are no text.
                    if !(tag.is_layout::<PyStr>() || is_none(&tag)) {
                        this.skip();
                    } else if is_true(&text)? {
                        return Ok(Some(text));
                    }
                    continue;
                }
                let wanted = match &this.tag {
                    Some(wanted) => wanted.is(&tag) || eq(&tag, wanted)?,
                    None => true,
                };
                if wanted {
                    return Ok(Some(entered));
                }
            }
        }
    }
}

impl PyElementIter {
    fn step(&self) -> Step {
        let path = &mut *self.path.lock();
        let entered = match path.root.take() {
            Some(root) => root,
            None => {
                let Some((top, at)) = path.above.last_mut() else { return Step::End(None) };
                match element(top).and_then(|top| top.child(*at)) {
                    Some(child) => {
                        *at += 1;
                        child
                    }
                    None => {
                        let left = path.above.pop().map(|(left, _)| left);
                        return match left {
                            Some(left) if !path.above.is_empty() => Step::Left(left),
                            left => Step::End(left),
                        };
                    }
                }
            }
        };
        path.above.push((entered.clone(), 0));
        Step::Entered(entered)
    }
    /// Passes over the children of the element that was entered last.
    fn skip(&self) {
        if let Some((_, at)) = self.path.lock().above.last_mut() {
            *at = usize::MAX;
        }
    }
}
