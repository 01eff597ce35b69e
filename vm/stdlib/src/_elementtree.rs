//! `_elementtree`: the elements of `xml.etree.ElementTree`, what builds trees of them, and what drives the parser of `pyexpat` to that end.
//!
//! An element's parts are slots, its children a list of their own, so elements are as safe under threads as lists and dicts are.

mod copying;
mod element;
mod iteration;
mod parser;
mod search;
mod sequence;
mod tree_builder;

use parking_lot::Mutex;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;
use taipan_vm::interpreters::PerInterpreter;

/// What makes comments and processing instructions.
#[derive(Default)]
struct Factories {
    comment: Option<Obj>,
    instruction: Option<Obj>,
}

static FACTORIES: PerInterpreter<Mutex<Factories>> = PerInterpreter::new();

/// What makes comments, and what makes processing instructions.
fn factories() -> (Option<Obj>, Option<Obj>) {
    let factories = FACTORIES.get_or_default().lock();
    (factories.comment.clone(), factories.instruction.clone())
}

fn factory(obj: &Obj, what: &str) -> PyResult<Option<Obj>> {
    if is_none(obj) {
        return Ok(None);
    }
    if !is_callable(obj) {
        return Err(type_error(format!("{what} factory must be callable, not {}", class_of(obj).name())));
    }
    Ok(Some(obj.clone()))
}

#[pymodule(name = "_elementtree", doc = "")]
mod items {
    use super::*;

    #[pyattr(name = "Element")]
    fn element_class() -> Obj {
        element::class().as_obj().clone()
    }
    #[pyattr(name = "TreeBuilder")]
    fn tree_builder_class() -> Obj {
        tree_builder::class().as_obj().clone()
    }
    #[pyattr(name = "XMLParser")]
    fn parser_class() -> Obj {
        parser::class().as_obj().clone()
    }
    #[pyattr(name = "ParseError")]
    fn error_class() -> Obj {
        parser::error_class().as_obj().clone()
    }
    #[pyfunction(sig = "(parent, tag, attrib={}, /, **extra)")]
    fn SubElement(parent: &Obj, tag: &Obj, attrib: Option<&Obj>, extra: Kwargs<'_>) -> PyResult<Obj> {
        element::make_child(parent, tag, attrib, &extra)
    }
    /// Change the factories used to create comments and processing instructions.
    ///
    /// For internal use only.
    #[pyfunction(sig = "(comment_factory, pi_factory, /)")]
    fn _set_factories(comment_factory: &Obj, pi_factory: &Obj) -> PyResult<Obj> {
        let comment = factory(comment_factory, "Comment")?;
        let instruction = factory(pi_factory, "PI")?;
        let old = {
            let mut factories = FACTORIES.get_or_default().lock();
            std::mem::replace(&mut *factories, Factories { comment, instruction })
        };
        Ok(tuple_obj([old.comment, old.instruction].into_iter().map(|f| f.unwrap_or_else(none)).collect()))
    }
}
