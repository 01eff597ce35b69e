//! `_string`: what `string.Formatter` needs of `str.format`'s parser.

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::protocol;
use taipan_text::str_format::{Access, FieldName, FirstName, FormatParser};

fn text_of(obj: &Obj) -> PyResult<&PyStr> {
    obj.downcast::<PyStr>().ok_or_else(|| type_error(format!("expected str, got {}", class_of(obj).name())))
}

fn part(text: &PyStr, range: std::ops::Range<usize>) -> Obj {
    PyStr::from_slice(text.units().slice(range)).into_obj()
}

/// An iterator over what a closure has collected; an error comes after the items before it.
fn iterator(items: Vec<Obj>, failure: Option<Raised>) -> PyResult<Obj> {
    match failure {
        // Eager parsing: the error is raised at once.
        Some(raised) => Err(raised),
        None => protocol::iter(&list_obj(items)),
    }
}

/// string helper module
#[pymodule(name = "_string")]
mod items {
    use super::*;

    /// The pieces of a format string: (literal text, field name, format spec, conversion).
    #[pyfunction]
    fn formatter_parser(object: &Obj) -> PyResult<Obj> {
        let text = text_of(object)?;
        let mut items = Vec::new();
        for piece in FormatParser::new(text.units()) {
            let piece = match piece {
                Ok(piece) => piece,
                Err(error) => return iterator(items, Some(error.into())),
            };
            let literal = part(text, piece.literal);
            items.push(match piece.field {
                Some(field) => {
                    let conversion = match field.conversion {
                        0 => none(),
                        code => PyStr::from_code_point(code).into_obj(),
                    };
                    tuple_obj(vec![literal, part(text, field.name), part(text, field.spec), conversion])
                }
                None => tuple_obj(vec![literal, none(), none(), none()]),
            });
        }
        iterator(items, None)
    }
    /// Splits a field name: (first name, iterator of (is attribute, name)).
    #[pyfunction]
    fn formatter_field_name_split(object: &Obj) -> PyResult<(Obj, Obj)> {
        let text = text_of(object)?;
        let (first, rest) = FieldName::split(text.units(), 0..text.len(), None)?;
        let first = match first {
            FirstName::Index(index) => int_obj(index as i64),
            FirstName::Key(range) => part(text, range),
        };
        let mut items = Vec::new();
        for access in rest {
            let (is_attribute, name) = match access? {
                Access::Attribute(range) => (true, part(text, range)),
                Access::Item(range) => (false, part(text, range)),
                Access::Index(index) => (false, int_obj(index as i64)),
            };
            items.push(tuple_obj(vec![bool_obj(is_attribute), name]));
        }
        Ok((first, iterator(items, None)?))
    }
}
