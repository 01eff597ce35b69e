//! The usual templates of `%`, without the general way: ASCII with `%s`, `%r`, `%d`, `%i`, `%x`, `%X` and `%f`, `d` and `x` perhaps with a width, `f` with a
//! precision, for as many values as there are, numbers of machine words.
//!
//! Invariant: the template and the kinds of the values are looked at first, when no Python code has run yet; whatever is not certain to be as the general way
//! has it is left to that.

use smallvec::SmallVec;
use taipan_gc::{Obj, Py};
use taipan_text::units::{OwnedUnits, Units};

use super::{PyStr, quick};
use crate::dict::{PyDict, exact_dict};
use crate::error::*;
use crate::protocol;
use crate::str::{exact_str, is_exact_str};
use crate::tuple::PyTuple;

/// A piece of a template.
enum Piece<'a> {
    Literal(&'a [u8]),
    Text(&'a Obj),
    Repr(&'a Obj),
    Int { number: i64, base: u64, ten: u8, fill: u8, width: usize },
    Float { number: f64, precision: usize, width: usize },
}

/// The pieces, or `None` if the general way has to be gone.
fn pieces<'a>(template: &'a [u8], values: &'a [Obj]) -> Option<SmallVec<[Piece<'a>; 8]>> {
    let mut pieces = SmallVec::new();
    let mut values = values.iter();
    let mut rest = template;
    while let Some(at) = memchr::memchr(b'%', rest) {
        if at > 0 {
            pieces.push(Piece::Literal(&rest[..at]));
        }
        rest = &rest[at + 1..];
        let (&first, tail) = rest.split_first()?;
        match first {
            b'%' => {
                pieces.push(Piece::Literal(b"%"));
                rest = tail;
                continue;
            }
            b's' => {
                pieces.push(Piece::Text(values.next()?));
                rest = tail;
                continue;
            }
            b'r' => {
                pieces.push(Piece::Repr(values.next()?));
                rest = tail;
                continue;
            }
            _ => {}
        }
        let mut fill = b' ';
        if first == b'0' {
            (fill, rest) = (b'0', tail);
        }
        let width = quick::take_number(&mut rest)?;
        if let Some((b'.', tail)) = rest.split_first() {
            rest = tail;
            if fill == b'0' || !rest.first()?.is_ascii_digit() {
                return None;
            }
            let precision = quick::take_number(&mut rest)?;
            let (b'f', tail) = rest.split_first()? else { return None };
            rest = tail;
            let value = values.next()?.value();
            let number = if value.is_float() {
                value.as_float()
            } else if value.is_int() {
                value.as_int() as f64
            } else {
                return None;
            };
            if !quick::fits(number) || width > quick::ROOM {
                return None;
            }
            pieces.push(Piece::Float { number, precision, width });
            continue;
        }
        let (&kind, tail) = rest.split_first()?;
        rest = tail;
        let (base, ten) = match kind {
            b'd' | b'i' => (10, b'a'),
            b'x' => (16, b'a'),
            b'X' => (16, b'A'),
            _ => return None,
        };
        let value = values.next()?.value();
        if !value.is_int() {
            return None;
        }
        pieces.push(Piece::Int { number: value.as_int(), base, ten, fill, width });
    }
    if !rest.is_empty() {
        pieces.push(Piece::Literal(rest));
    }
    // What is left over is an error.
    values.next().is_none().then_some(pieces)
}

/// Text that grows: bytes on the stack as long as they are few, and ASCII.
struct Output {
    bytes: SmallVec<[u8; 128]>,
    wide: Option<OwnedUnits>,
}

/// Room behind a long text for what usually follows: to grow would have the text twice for a moment.
const SLACK: usize = 64;

impl Output {
    #[inline]
    fn ascii(&mut self, bytes: &[u8]) {
        match &mut self.wide {
            None => {
                if bytes.len() > self.bytes.inline_size() {
                    self.bytes.reserve_exact(bytes.len() + SLACK);
                }
                self.bytes.extend_from_slice(bytes);
            }
            Some(wide) => wide.push_units(Units::Latin1(bytes)),
        }
    }
    fn text(&mut self, text: &PyStr) {
        if text.is_ascii()
            && let Units::Latin1(bytes) = text.units()
        {
            return self.ascii(bytes);
        }
        self.wide
            .get_or_insert_with(|| {
                let mut wide = OwnedUnits::with_capacity(self.bytes.len() + text.len() + SLACK);
                wide.push_units(Units::Latin1(&self.bytes));
                wide
            })
            .push_units(text.units());
    }
}

/// `template % values` if all that is put in are short ASCII strings by `%s`: neither pieces nor sizes are noted down before.
fn short_texts(template: &[u8], values: &[Obj]) -> Option<Py<PyStr>> {
    // The value itself is the result.
    if template == b"%s" {
        return None;
    }
    let mut buffer = [0; 128];
    let mut end = 0;
    let mut values = values.iter();
    let mut rest = template.iter();
    while let Some(&byte) = rest.next() {
        if byte == b'%' {
            if rest.next() != Some(&b's') {
                return None;
            }
            let text = exact_str(values.next()?).filter(|text| text.is_ascii())?;
            let Units::Latin1(bytes) = text.units() else { return None };
            buffer.get_mut(end..end + bytes.len())?.copy_from_slice(bytes);
            end += bytes.len();
        } else {
            *buffer.get_mut(end)? = byte;
            end += 1;
        }
    }
    // What is left over is an error.
    values.next().is_none().then(|| PyStr::from_ascii(&buffer[..end]))
}

/// `template % values` if all that is put in are short ASCII strings by `%(name)s`, or one string that is the result.
fn short_named(template: &[u8], values: &PyDict) -> Option<Py<PyStr>> {
    let mut buffer = [0; 128];
    let mut end = 0;
    let mut rest = template;
    while let Some((&byte, tail)) = rest.split_first() {
        if byte != b'%' {
            *buffer.get_mut(end)? = byte;
            end += 1;
            rest = tail;
            continue;
        }
        let name = tail.strip_prefix(b"(")?;
        let (name, tail) = name.split_at(memchr::memchr(b')', name)?);
        // Parentheses may be nested in names.
        if name.contains(&b'(') {
            return None;
        }
        let tail = tail.strip_prefix(b")s")?;
        let value = values.get_str(&PyStr::from_ascii(name))?;
        let text = exact_str(&value)?;
        if tail.is_empty() && rest.len() == template.len() {
            return Some(Py::from_ref(text));
        }
        let Units::Latin1(bytes) = text.units() else { return None };
        if !text.is_ascii() {
            return None;
        }
        buffer.get_mut(end..end + bytes.len())?.copy_from_slice(bytes);
        end += bytes.len();
        rest = tail;
    }
    Some(PyStr::from_ascii(&buffer[..end]))
}

/// `template % values`, if it is one of the usual ones.
pub(super) fn percent(template: &PyStr, values: &Obj) -> PyResult<Option<Py<PyStr>>> {
    let Some(text) = template.as_utf8().filter(|_| template.is_ascii()) else { return Ok(None) };
    if let Some(dict) = exact_dict(values)
        && let Some(result) = short_named(text.as_bytes(), dict)
    {
        return Ok(Some(result));
    }
    let items = match values.downcast::<PyTuple>() {
        Some(tuple) => tuple.as_slice(),
        None => std::slice::from_ref(values),
    };
    if let Some(result) = short_texts(text.as_bytes(), items) {
        return Ok(Some(result));
    }
    let Some(pieces) = pieces(text.as_bytes(), items) else { return Ok(None) };
    if let [Piece::Text(value)] = &pieces[..]
        && is_exact_str(value)
        && let Some(text) = value.downcast::<PyStr>()
    {
        return Ok(Some(Py::from_ref(text)));
    }
    let mut out = Output { bytes: SmallVec::new(), wide: None };
    for piece in &pieces {
        match *piece {
            Piece::Literal(bytes) => out.ascii(bytes),
            Piece::Text(value) => {
                if value.value().is_int() {
                    let (buffer, start) = quick::lay_int(value.value().as_int(), 10, b'a', b' ', 0);
                    out.ascii(&buffer[start..]);
                } else {
                    out.text(&*protocol::str(value)?);
                }
            }
            Piece::Repr(value) => out.text(&*protocol::repr(value)?),
            Piece::Int { number, base, ten, fill, width } => {
                let (buffer, start) = quick::lay_int(number, base, ten, fill, width);
                out.ascii(&buffer[start..]);
            }
            Piece::Float { number, precision, width } => match quick::lay_float(number, precision, width) {
                Some((buffer, start, end)) => out.ascii(&buffer[start..end]),
                None => return Err(value_error("a float does not fit")),
            },
        }
    }
    Ok(Some(match out.wide {
        None if out.bytes.spilled() => PyStr::from_units(OwnedUnits::Latin1(out.bytes.into_vec())),
        None => PyStr::from_ascii(&out.bytes),
        Some(wide) => PyStr::from_units(wide),
    }))
}
