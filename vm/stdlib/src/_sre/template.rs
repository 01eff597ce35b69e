//! Replacement templates: literal text with references to groups, as `re._parser.parse_template` finds them.

use std::sync::OnceLock;

use taipan_objects::bytes::bytes_value;
use taipan_objects::list::PyList;
use taipan_objects::prelude::*;
use taipan_objects::type_object::{TypeBuilder, new_instance};
use taipan_text::{TextBuf, Units};

use super::engine::State;
use super::match_object::PyMatch;
use super::subject::Subject;

/// `_sre.SRE_Template`.
#[repr(C)]
pub struct PyTemplate {
    header: Header,
    /// The text before the first reference.
    literal: Obj,
    /// References, each with the text after it.
    items: Vec<(usize, Option<Obj>)>,
}
layout!(
    PyTemplate,
    "SRE_Template",
    trace = |this, tracer| {
        use taipan_objects::layout::TraceField;
        this.literal.trace_field(tracer);
        this.items.iter().for_each(|item| item.1.trace_field(tracer));
    }
);

fn class() -> &'static Py<PyType> {
    static CLASS: OnceLock<Py<PyType>> = OnceLock::new();
    CLASS.get_or_init(|| {
        TypeBuilder::new("_sre.SRE_Template", PyTemplate::ops()).final_().no_instantiation().make()
    })
}

/// `_sre.template(pattern, [literal, group, literal, ...])`
pub fn new(parts: &Obj) -> PyResult<Obj> {
    let invalid = || type_error("invalid template");
    let parts = parts.downcast::<PyList>().ok_or_else(invalid)?.to_vec();
    let Some((literal, rest)) = parts.split_first() else { return Err(invalid()) };
    let mut items = Vec::with_capacity(rest.len() / 2);
    for pair in rest.chunks(2) {
        let Some(index) = taipan_objects::int::int_ref(&pair[0]) else {
            return Err(type_error("an integer is required"));
        };
        let index = index.to_i64().and_then(|i| usize::try_from(i).ok()).ok_or_else(invalid)?;
        let text = pair.get(1).filter(|t| length(t) != 0).cloned();
        items.push((index, text));
    }
    let literal = literal.clone();
    Ok(new_instance(class(), |header| PyTemplate { header, literal, items }).into_obj())
}

fn length(text: &Obj) -> usize {
    match text.downcast::<PyStr>() {
        Some(text) => text.len(),
        None => bytes_value(text).map_or(0, <[u8]>::len),
    }
}

/// The text of a str or bytes object; `None` for others.
pub fn text_of(obj: &Obj, bytes: bool) -> Option<Units<'_>> {
    if bytes { bytes_value(obj).map(Units::Latin1) } else { obj.downcast::<PyStr>().map(PyStr::units) }
}

/// The literal that a template without references is.
pub fn literal_of(template: &Obj) -> Option<&Obj> {
    template.downcast::<PyTemplate>().filter(|t| t.items.is_empty()).map(|t| &t.literal)
}

fn push_all(
    template: &PyTemplate,
    subject: &Subject,
    out: &mut TextBuf,
    groups: usize,
    span: impl Fn(usize) -> Option<(usize, usize)>,
) -> PyResult<()> {
    let units = subject.units();
    let bytes = subject.is_bytes();
    let mut push = |obj: &Obj| match text_of(obj, bytes) {
        Some(text) => {
            out.push_units(text);
            Ok(())
        }
        None => Err(wrong_item(0, obj, bytes)),
    };
    push(&template.literal)?;
    for (group, text) in &template.items {
        if *group > groups {
            return Err(index_error("no such group"));
        }
        if let Some((start, end)) = span(*group) {
            let end = end.min(units.len());
            out.push_units(units.slice(start.min(end)..end));
        }
        if let Some(text) = text {
            match text_of(text, bytes) {
                Some(text) => out.push_units(text),
                None => return Err(wrong_item(0, text, bytes)),
            }
        }
    }
    Ok(())
}

/// What `join` says of an item of another kind.
#[cold]
pub fn wrong_item(at: usize, item: &Obj, bytes: bool) -> Raised {
    let wanted = if bytes { "a bytes-like object" } else { "str instance" };
    type_error(format!("sequence item {at}: expected {wanted}, {} found", class_of(item).name()))
}

/// Appends the template's text for the match that the engine has found.
pub fn expand_state(
    template: &Obj,
    state: &State,
    groups: usize,
    subject: &Subject,
    out: &mut TextBuf,
) -> PyResult<()> {
    let Some(template) = template.downcast::<PyTemplate>() else {
        return Err(type_error("invalid template"));
    };
    push_all(template, subject, out, groups, |group| match group {
        0 => Some((state.start, state.end)),
        _ => state.group(group),
    })
}

/// The template's text for a match.
pub fn expand_match(template: &Obj, found: &PyMatch, subject: &Subject) -> PyResult<Obj> {
    if let Some(literal) = literal_of(template) {
        return Ok(literal.clone());
    }
    let Some(template) = template.downcast::<PyTemplate>() else {
        return Err(type_error("invalid template"));
    };
    let mut out = TextBuf::new();
    push_all(template, subject, &mut out, found.pattern.groups, |group| found.span_at(group))?;
    Ok(subject.build(out))
}
