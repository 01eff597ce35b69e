//! `str` methods that take apart, put together and map: split, strip, partition, join, translate.

use taipan_gc::{Obj, Py};
use taipan_text::split::{self, Ends};
use taipan_text::units::{FromUnits, OwnedUnits, Unit, Units};

use super::ascii::{split_ascii, strip_ascii};
use super::concat::{MAX_LENGTH, extend, try_vec};
use super::{PyStr, exact_str};
use crate::dict::PyDict;
use crate::error::*;
use crate::int::int_ref;
use crate::list::{PyList, exact_list};
use crate::native::pymethods;
use crate::protocol;
use crate::singletons::is_none;
use crate::tuple::{PyTuple, exact_tuple};
use crate::type_object::class_of;
use crate::types::types;

type Ranges = Vec<std::ops::Range<usize>>;

/// The separator; `None` for white space.
fn separator(sep: Option<&Obj>) -> PyResult<Option<&PyStr>> {
    let Some(sep) = sep.filter(|s| !is_none(s)) else { return Ok(None) };
    match sep.downcast::<PyStr>() {
        Some(sep) if sep.is_empty() => Err(value_error("empty separator")),
        Some(sep) => Ok(Some(sep)),
        None => Err(type_error(format!("must be str or None, not {}", class_of(sep).name()))),
    }
}

fn parts(this: &PyStr, ranges: Ranges) -> Obj {
    let units = this.units();
    let whole = 0..units.len();
    if let Some(text) = this.as_utf8() {
        let bytes = text.as_bytes();
        let part = |range: std::ops::Range<usize>| {
            if range == whole { this.to_exact() } else { PyStr::from_ascii(&bytes[range]) }.into_obj()
        };
        return PyList::from_exact(ranges.into_iter().map(part)).into_obj();
    }
    let part = |range: std::ops::Range<usize>| {
        if range == whole { this.to_exact() } else { PyStr::from_slice(units.slice(range)) }.into_obj()
    };
    PyList::from_exact(ranges.into_iter().map(part)).into_obj()
}

/// A part of a string.
fn part(this: &PyStr, range: std::ops::Range<usize>) -> Py<PyStr> {
    match this.as_utf8() {
        Some(text) => PyStr::from_ascii(&text.as_bytes()[range]),
        None => PyStr::from_slice(this.units().slice(range)),
    }
}

fn strip(this: &PyStr, name: &str, chars: Option<&Obj>, ends: Ends) -> PyResult<Py<PyStr>> {
    let chars = match chars.map(|chars| (chars, string(chars))) {
        None => None,
        Some((_, Some(chars))) => Some(chars.units()),
        Some((none, None)) if is_none(none) => None,
        Some(_) => return Err(type_error(format!("{name} arg must be None or str"))),
    };
    let quickly = match chars {
        None => strip_ascii(this, None, ends),
        Some(Units::Latin1(chars)) => strip_ascii(this, Some(chars), ends),
        Some(_) => None,
    };
    let range = quickly.unwrap_or_else(|| split::text_strip(this.units(), ends, chars));
    Ok(if range.len() == this.len() { this.to_exact() } else { part(this, range) })
}

/// What lies before and behind a separator, with the separator itself, which may be of a subclass.
#[inline]
fn parted(head: Py<PyStr>, sep: &PyStr, tail: Py<PyStr>) -> Py<PyTuple> {
    let sep = Py::from_ref(sep);
    if sep.is_exact() {
        PyTuple::of_texts([head, sep, tail])
    } else {
        PyTuple::from_array([head, sep, tail].map(Py::into_obj))
    }
}

fn partition(this: &PyStr, sep: &PyStr, last: bool) -> PyResult<Obj> {
    if sep.is_empty() {
        return Err(value_error("empty separator"));
    }
    let units = this.units();
    if let (false, Some(text), Units::Latin1([sep_byte])) = (last, this.as_utf8(), sep.units()) {
        let Some(at) = u8::find_unit(text.as_bytes(), *sep_byte) else {
            return Ok(PyTuple::of_texts([this.to_exact(), super::empty(), super::empty()]).into_obj());
        };
        let (head, tail) = text.as_bytes().split_at(at);
        let (head, tail) = (PyStr::from_ascii(head), PyStr::from_ascii(&tail[1..]));
        return Ok(parted(head, sep, tail).into_obj());
    }
    let found = if last {
        split::text_rpartition(units, sep.units())
    } else {
        split::text_partition(units, sep.units())
    };
    let texts = match found {
        Some(range) => {
            return Ok(parted(part(this, 0..range.start), sep, part(this, range.end..units.len())).into_obj());
        }
        None if last => [super::empty(), super::empty(), this.to_exact()],
        None => [this.to_exact(), super::empty(), super::empty()],
    };
    Ok(PyTuple::of_texts(texts).into_obj())
}

fn limit(maxsplit: isize) -> usize {
    usize::try_from(maxsplit).unwrap_or(usize::MAX)
}

/// `sep.join(iterable)`.
pub fn join(sep: &PyStr, iterable: &Obj) -> PyResult<Py<PyStr>> {
    let slots = &class_of(iterable).slots;
    if slots.iter().is_none() && slots.getitem().is_none() {
        return Err(type_error("can only join an iterable"));
    }
    // Joining strings runs no Python code.
    if let Some(tuple) = exact_tuple(iterable) {
        return join_items(sep.units(), tuple.as_slice());
    }
    if let Some(list) = exact_list(iterable) {
        return list.with_items(|items| join_items(sep.units(), items));
    }
    join_items(sep.units(), &protocol::collect(iterable)?)
}

/// The string that an item is.
#[inline(always)]
fn string(item: &Obj) -> Option<&PyStr> {
    exact_str(item).or_else(|| item.downcast::<PyStr>())
}

/// Joins strings.
pub fn join_items(sep: Units<'_>, items: &[Obj]) -> PyResult<Py<PyStr>> {
    match join_short(sep, items) {
        Some(joined) => Ok(joined),
        None => join_measured(sep, items),
    }
}

/// Joins several Latin-1 strings whose sum is short, in one turn.
fn join_short(sep: Units<'_>, items: &[Obj]) -> Option<Py<PyStr>> {
    let Units::Latin1(sep) = sep else { return None };
    // A single one may be the result itself.
    if items.len() < 2 {
        return None;
    }
    let mut buffer = [0; SHORT];
    let mut end = 0;
    let mut put = |bytes: &[u8]| {
        buffer.get_mut(end..end + bytes.len())?.copy_from_slice(bytes);
        end += bytes.len();
        Some(())
    };
    for (at, item) in items.iter().enumerate() {
        let Units::Latin1(bytes) = string(item)?.units() else { return None };
        if at != 0 && !sep.is_empty() {
            put(sep)?;
        }
        put(bytes)?;
    }
    Some(PyStr::from_latin1(&buffer[..end]))
}

/// Joins any strings, whose sum is looked at first.
fn join_measured(sep: Units<'_>, items: &[Obj]) -> PyResult<Py<PyStr>> {
    let mut len = sep.len().saturating_mul(items.len().saturating_sub(1));
    let mut width = if items.len() > 1 { sep.width() } else { 1 };
    for (at, item) in items.iter().enumerate() {
        let Some(text) = string(item) else {
            return Err(type_error(format!(
                "sequence item {at}: expected str instance, {} found",
                class_of(item).name()
            )));
        };
        len = len.saturating_add(text.len());
        width = width.max(text.width());
    }
    match items {
        [] => return Ok(PyStr::from_latin1(&[])),
        [only] => {
            if let Some(text) = string(only) {
                return Ok(text.to_exact());
            }
        }
        _ => {}
    }
    if len > MAX_LENGTH {
        return Err(overflow_error("join() result is too long for a Python string"));
    }
    fn build<U: Unit + FromUnits>(sep: Units<'_>, items: &[Obj], len: usize) -> PyResult<Vec<U>> {
        let mut out: Vec<U> = try_vec(len)?;
        for (at, item) in items.iter().enumerate() {
            if at != 0 {
                extend(&mut out, sep);
            }
            if let Some(text) = string(item) {
                extend(&mut out, text.units());
            }
        }
        Ok(out)
    }
    Ok(PyStr::from_units(match width {
        1 => {
            let mut out = try_vec(len)?;
            out.resize(len, 0);
            join_latin1(sep, items, &mut out);
            OwnedUnits::Latin1(out)
        }
        2 => OwnedUnits::Ucs2(build(sep, items, len)?),
        _ => OwnedUnits::Ucs4(build(sep, items, len)?),
    }))
}

/// Puts Latin-1 strings, with the separator between them, where there is room for just these.
fn join_latin1(sep: Units<'_>, items: &[Obj], mut room: &mut [u8]) {
    let sep = match sep {
        Units::Latin1(sep) => sep,
        // Of one item: no separator.
        _ => &[],
    };
    let mut put = |bytes: &[u8]| {
        if let Some((to, rest)) = std::mem::take(&mut room).split_at_mut_checked(bytes.len()) {
            to.copy_from_slice(bytes);
            room = rest;
        }
    };
    for (at, item) in items.iter().enumerate() {
        if at != 0 {
            match sep {
                [byte] => put(std::slice::from_ref(byte)),
                _ => put(sep),
            }
        }
        if let Some(text) = string(item)
            && let Units::Latin1(bytes) = text.units()
        {
            put(bytes);
        }
    }
}

/// Most characters that are joined without memory of their own.
const SHORT: usize = 200;

/// What a translation table says about one character.
enum Mapped {
    Same,
    Nothing,
    Code(u32),
    Text(Py<PyStr>),
}

fn look_up(table: &Obj, code: u32) -> PyResult<Mapped> {
    let key = crate::int::from_i64(code as i64);
    let found = match protocol::getitem(table, &key) {
        Ok(found) => found,
        Err(Raised) => {
            drop(catch(&types().lookup_error)?);
            return Ok(Mapped::Same);
        }
    };
    if is_none(&found) {
        return Ok(Mapped::Nothing);
    }
    if let Some(number) = int_ref(&found) {
        return match number.to_i64() {
            Some(code @ 0..=0x10ffff) => Ok(Mapped::Code(code as u32)),
            _ => Err(value_error("character mapping must be in range(0x110000)")),
        };
    }
    match found.into_py::<PyStr>() {
        Ok(text) => Ok(Mapped::Text(text)),
        Err(_) => Err(type_error("character mapping must return integer, None or str")),
    }
}

/// `s.translate(table)`.
pub fn translate(this: &PyStr, table: &Obj) -> PyResult<Py<PyStr>> {
    // A plain dict is asked once for each Latin-1 character.
    let cacheable = class_of(table).is(&types().dict) && this.len() > 64;
    let mut cache: Vec<Option<Mapped>> = Vec::new();
    if cacheable {
        cache.resize_with(256, || None);
    }
    let mut out = OwnedUnits::with_capacity(this.len());
    let mut put = |code: u32, mapped: &Mapped| match mapped {
        Mapped::Same => out.push(code),
        Mapped::Nothing => {}
        Mapped::Code(code) => out.push(*code),
        Mapped::Text(text) => out.push_units(text.units()),
    };
    for code in this.units().iter() {
        match cache.get_mut(code as usize) {
            Some(Some(mapped)) => put(code, mapped),
            Some(vacant) => {
                let mapped = look_up(table, code)?;
                put(code, &mapped);
                *vacant = Some(mapped);
            }
            None => put(code, &look_up(table, code)?),
        }
    }
    Ok(PyStr::from_units(out))
}

fn make_translation(x: &Obj, y: Option<&Obj>, z: Option<&Obj>) -> PyResult<Obj> {
    let result = PyDict::new();
    let code_obj = |code: u32| crate::int::from_i64(code as i64);
    let Some(y) = y else {
        let Some(source) = x.downcast::<PyDict>() else {
            return Err(type_error("if you give only one argument to maketrans it must be a dict"));
        };
        for (key, value) in source.snapshot() {
            let key = if let Some(text) = key.downcast::<PyStr>() {
                if text.len() != 1 {
                    return Err(value_error("string keys in translatetable must be of length 1"));
                }
                code_obj(text.units().at(0))
            } else if int_ref(&key).is_some() {
                key
            } else {
                return Err(type_error("keys in translate table mustbe strings or integers"));
            };
            result.set(key, value)?;
        }
        return Ok(result.into_obj());
    };
    let string = |obj: &Obj, place: usize| -> PyResult<Py<PyStr>> {
        obj.to_py::<PyStr>().ok_or_else(|| {
            type_error(format!("maketrans() argument {place} must be str, not {}", class_of(obj).name()))
        })
    };
    let y = string(y, 2)?;
    let z = z.map(|z| string(z, 3)).transpose()?;
    let Some(x) = x.downcast::<PyStr>() else {
        return Err(type_error("first maketrans argument must be a string if there is a second argument"));
    };
    if x.len() != y.len() {
        return Err(value_error("the first two maketrans arguments must have equal length"));
    }
    for (from, to) in x.units().iter().zip(y.units().iter()) {
        result.set(code_obj(from), code_obj(to))?;
    }
    if let Some(z) = z {
        for code in z.units().iter() {
            result.set(code_obj(code), crate::construct::none())?;
        }
    }
    Ok(result.into_obj())
}

#[pymethods(class = "str", part = "split")]
impl PyStr {
    /// Return a list of the substrings in the string, using sep as the separator string.
    ///
    ///   sep
    ///     The separator used to split the string.
    ///
    ///     When set to None (the default value), will split on any whitespace
    ///     character (including \n \r \t \f and spaces) and will discard
    ///     empty strings from the result.
    ///   maxsplit
    ///     Maximum number of splits.
    ///     -1 (the default value) means no limit.
    ///
    /// Splitting starts at the front of the string and works to the end.
    ///
    /// Note, str.split() is mainly useful for data that has been intentionally
    /// delimited.  With natural text that includes punctuation, consider using
    /// the regular expression module.
    #[pymethod(sig = "(sep=None, maxsplit=-1)")]
    fn split(&self, sep: Option<&Obj>, maxsplit: isize) -> PyResult<Obj> {
        let max = limit(maxsplit);
        let sep_text = separator(sep)?;
        let byte = sep_text.map(|sep| sep.as_utf8().unwrap_or_default().as_bytes());
        let quickly = match byte {
            None => split_ascii(self, None, max),
            Some([byte]) => split_ascii(self, Some(*byte), max),
            Some(_) => None,
        };
        if let Some(parts) = quickly {
            return Ok(parts);
        }
        Ok(parts(
            self,
            match sep_text {
                Some(sep) => split::text_split(self.units(), sep.units(), max),
                None => split::text_split_space(self.units(), max),
            },
        ))
    }
    /// Return a list of the substrings in the string, using sep as the separator string.
    ///
    ///   sep
    ///     The separator used to split the string.
    ///
    ///     When set to None (the default value), will split on any whitespace
    ///     character (including \n \r \t \f and spaces) and will discard
    ///     empty strings from the result.
    ///   maxsplit
    ///     Maximum number of splits.
    ///     -1 (the default value) means no limit.
    ///
    /// Splitting starts at the end of the string and works to the front.
    #[pymethod(sig = "(sep=None, maxsplit=-1)")]
    fn rsplit(&self, sep: Option<&Obj>, maxsplit: isize) -> PyResult<Obj> {
        let max = limit(maxsplit);
        Ok(parts(
            self,
            match separator(sep)? {
                Some(sep) => split::text_rsplit(self.units(), sep.units(), max),
                None => split::text_rsplit_space(self.units(), max),
            },
        ))
    }
    /// Return a list of the lines in the string, breaking at line boundaries.
    ///
    /// Line breaks are not included in the resulting list unless keepends is given and
    /// true.
    #[pymethod(sig = "(keepends=False)")]
    fn splitlines(&self, keepends: bool) -> Obj {
        parts(self, split::text_splitlines(self.units(), keepends))
    }
    /// Partition the string into three parts using the given separator.
    ///
    /// This will search for the separator in the string.  If the separator is found,
    /// returns a 3-tuple containing the part before the separator, the separator
    /// itself, and the part after it.
    ///
    /// If the separator is not found, returns a 3-tuple containing the original string
    /// and two empty strings.
    #[pymethod(name = "partition", sig = "(sep, /)")]
    fn partition_method(&self, sep: &Obj) -> PyResult<Obj> {
        partition(self, string_argument(sep)?, false)
    }
    /// Partition the string into three parts using the given separator.
    ///
    /// This will search for the separator in the string, starting at the end. If
    /// the separator is found, returns a 3-tuple containing the part before the
    /// separator, the separator itself, and the part after it.
    ///
    /// If the separator is not found, returns a 3-tuple containing two empty strings
    /// and the original string.
    #[pymethod(sig = "(sep, /)")]
    fn rpartition(&self, sep: &Obj) -> PyResult<Obj> {
        partition(self, string_argument(sep)?, true)
    }
    /// Return a copy of the string with leading and trailing whitespace removed.
    ///
    /// If chars is given and not None, remove characters in chars instead.
    #[pymethod(name = "strip", sig = "(chars=None, /)")]
    fn strip_method(&self, chars: Option<&Obj>) -> PyResult<Py<PyStr>> {
        strip(self, "strip", chars, Ends::Both)
    }
    /// Return a copy of the string with leading whitespace removed.
    ///
    /// If chars is given and not None, remove characters in chars instead.
    #[pymethod(sig = "(chars=None, /)")]
    fn lstrip(&self, chars: Option<&Obj>) -> PyResult<Py<PyStr>> {
        strip(self, "lstrip", chars, Ends::Left)
    }
    /// Return a copy of the string with trailing whitespace removed.
    ///
    /// If chars is given and not None, remove characters in chars instead.
    #[pymethod(sig = "(chars=None, /)")]
    fn rstrip(&self, chars: Option<&Obj>) -> PyResult<Py<PyStr>> {
        strip(self, "rstrip", chars, Ends::Right)
    }
    /// Concatenate any number of strings.
    ///
    /// The string whose method is called is inserted in between each given string.
    /// The result is returned as a new string.
    ///
    /// Example: '.'.join(['ab', 'pq', 'rs']) -> 'ab.pq.rs'
    #[pymethod(name = "join", sig = "(iterable, /)")]
    fn join_method(&self, iterable: &Obj) -> PyResult<Py<PyStr>> {
        join(self, iterable)
    }
    /// Replace each character in the string using the given translation table.
    ///
    ///   table
    ///     Translation table, which must be a mapping of Unicode ordinals to
    ///     Unicode ordinals, strings, or None.
    ///
    /// The table must implement lookup/indexing via __getitem__, for instance a
    /// dictionary or list.  If this operation raises LookupError, the character is
    /// left untouched.  Characters mapped to None are deleted.
    #[pymethod(name = "translate", sig = "(table, /)")]
    fn translate_method(&self, table: &Obj) -> PyResult<Py<PyStr>> {
        translate(self, table)
    }
    /// Return a translation table usable for str.translate().
    ///
    /// If there is only one argument, it must be a dictionary mapping Unicode
    /// ordinals (integers) or characters to Unicode ordinals, strings or None.
    /// Character keys will be then converted to ordinals.
    /// If there are two arguments, they must be strings of equal length, and
    /// in the resulting dictionary, each character in x will be mapped to the
    /// character at the same position in y. If there is a third argument, it
    /// must be a string, whose characters will be mapped to None in the result.
    #[pystaticmethod(sig = "(x, y=<unrepresentable>, z=<unrepresentable>, /)")]
    fn maketrans(x: &Obj, y: Option<&Obj>, z: Option<&Obj>) -> PyResult<Obj> {
        make_translation(x, y, z)
    }
}

#[inline]
fn string_argument(obj: &Obj) -> PyResult<&PyStr> {
    string(obj).ok_or_else(|| type_error(format!("must be str, not {}", class_of(obj).name())))
}
