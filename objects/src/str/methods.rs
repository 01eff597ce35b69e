//! The methods of `str` but for splitting, joining and translating.

use taipan_gc::{Obj, Py};
use taipan_text::case;
use taipan_text::pad::{self, Justify};
use taipan_text::search;
use taipan_text::units::{OwnedUnits, Units};

use super::concat::MAX_LENGTH;
use super::{PyStr, codecs, exact_str, inline};
use crate::buffer::bounds;
use crate::construct::tuple_obj;
use crate::error::*;
use crate::native::Kwargs;
use crate::native::pymethods;
use crate::protocol;
use crate::tuple::PyTuple;
use crate::type_object::class_of;

fn owned(units: OwnedUnits) -> Py<PyStr> {
    PyStr::from_units(units)
}

/// An ASCII text of a few words with the letters from `first` to `last` in the other case.
#[inline(always)]
fn ascii_cased(this: &PyStr, first: u8, last: u8) -> Option<Py<PyStr>> {
    inline::ascii_by_words(this.as_utf8()?.as_bytes(), |word| inline::in_other_case(word, first, last))
}

/// `MemoryError` if a text of `len` code points cannot be.
pub fn check_length(len: usize) -> PyResult<()> {
    if len > MAX_LENGTH {
        return Err(memory_error());
    }
    if len > 1 << 20 {
        drop(super::concat::try_vec::<u8>(len)?);
    }
    Ok(())
}

/// The single character of a fill argument.
fn fill_character(fill: Option<&Obj>) -> PyResult<u32> {
    let Some(fill) = fill else { return Ok(' ' as u32) };
    match fill.downcast::<PyStr>().map(PyStr::units) {
        Some(units) if units.len() == 1 => Ok(units.at(0)),
        Some(_) => Err(type_error("The fill character must be exactly one character long")),
        None => Err(type_error(format!(
            "The fill character must be a unicode character, not {}",
            class_of(fill).name()
        ))),
    }
}

fn justify(this: &PyStr, width: isize, fill: Option<&Obj>, side: Justify) -> PyResult<Py<PyStr>> {
    let fill = fill_character(fill)?;
    check_length(width.max(0) as usize)?;
    Ok(match pad::text_justify(this.units(), width, fill, side) {
        Some(units) => owned(units),
        None => this.to_exact(),
    })
}

#[inline(always)]
fn find_with(
    this: &PyStr,
    sub: &PyStr,
    start: Option<&Obj>,
    end: Option<&Obj>,
    find: impl Fn(Units<'_>, Units<'_>, usize, usize) -> Option<usize>,
) -> PyResult<Option<usize>> {
    let range = if start.is_none() && end.is_none() {
        Some((0, this.len()))
    } else {
        bounds(start, end, this.len())?
    };
    Ok(range.and_then(|(start, end)| find(this.units(), sub.units(), start, end)))
}

fn found_or_error(found: Option<usize>) -> PyResult<usize> {
    found.ok_or_else(|| value_error("substring not found"))
}

type Affix<'a> = &'a dyn Fn(Units<'_>, Units<'_>, usize, usize) -> bool;

#[inline(always)]
fn has_affix(
    this: &PyStr,
    name: &str,
    affix: &Obj,
    start: Option<&Obj>,
    end: Option<&Obj>,
    test: impl Fn(Units<'_>, Units<'_>, usize, usize) -> bool,
) -> PyResult<bool> {
    if start.is_none()
        && end.is_none()
        && let Some(part) = exact_str(affix)
    {
        return Ok(test(this.units(), part.units(), 0, this.len()));
    }
    has_affix_within(this, name, affix, start, end, &test)
}

#[inline(never)]
fn has_affix_within(
    this: &PyStr,
    name: &str,
    affix: &Obj,
    start: Option<&Obj>,
    end: Option<&Obj>,
    test: Affix<'_>,
) -> PyResult<bool> {
    let range = bounds(start, end, this.len())?;
    let holds = |part: &PyStr| range.is_some_and(|(start, end)| test(this.units(), part.units(), start, end));
    if let Some(tuple) = affix.downcast::<PyTuple>() {
        for part in tuple.as_slice() {
            match part.downcast::<PyStr>() {
                Some(part) if holds(part) => return Ok(true),
                Some(_) => {}
                None => {
                    return Err(type_error(format!(
                        "tuple for {name} must only contain str, not {}",
                        class_of(part).name()
                    )));
                }
            }
        }
        return Ok(false);
    }
    match affix.downcast::<PyStr>() {
        Some(part) => Ok(holds(part)),
        None => Err(type_error(format!(
            "{name} first arg must be str or a tuple of str, not {}",
            class_of(affix).name()
        ))),
    }
}

#[pymethods(class = "str")]
impl PyStr {
    /// Encode the string using the codec registered for encoding.
    ///
    ///   encoding
    ///     The encoding in which to encode the string.
    ///   errors
    ///     The error handling scheme to use for encoding errors.
    ///     The default is 'strict' meaning that encoding errors raise a
    ///     UnicodeEncodeError.  Other possible values are 'ignore', 'replace' and
    ///     'xmlcharrefreplace' as well as any other name registered with
    ///     codecs.register_error that can handle UnicodeEncodeErrors.
    #[pymethod(sig = "(encoding='utf-8', errors='strict')")]
    fn encode(&self, encoding: &str, errors: &str) -> PyResult<Obj> {
        let encoded = codecs::encode(self, encoding, errors)?;
        if encoded.is_layout::<crate::bytes::PyBytes>() {
            return Ok(encoded);
        }
        Err(type_error(format!(
            "'{encoding}' encoder returned '{}' instead of 'bytes'; use codecs.encode() to encode to arbitrary types",
            class_of(&encoded).name()
        )))
    }
    /// Replace each unescaped replacement field in the string by its value.
    #[pymethod(sig = "(*args, **kwargs)", text = "($self, /, *args, **kwargs)")]
    fn format(&self, args: &[Obj], kwargs: Kwargs<'_>) -> PyResult<Obj> {
        super::format::format(self, args, &kwargs)
    }
    /// Replace each unescaped replacement field in the string by a value of the mapping.
    #[pymethod(sig = "(mapping, /)")]
    fn format_map(&self, mapping: &Obj) -> PyResult<Obj> {
        super::format::format_map(self, mapping)
    }
    /// Return a formatted version of the string as described by format_spec.
    #[pymethod(sig = "(format_spec, /)")]
    fn __format__(this: &Py<PyStr>, format_spec: &PyStr) -> PyResult<Obj> {
        if format_spec.is_empty() {
            return Ok(protocol::str(this.as_obj())?.into_obj());
        }
        super::format::format_text(this, format_spec)
    }
    #[pymethod]
    fn __getnewargs__(&self) -> Obj {
        tuple_obj(vec![PyStr::from_slice(self.units()).into_obj()])
    }
    /// Return the size of the string in memory, in bytes.
    #[pymethod]
    fn __sizeof__(&self) -> usize {
        let units = self.units();
        let head = if self.is_ascii() { 40 } else { 56 };
        head + (units.len() + 1) * units.width()
    }
    /// Return a capitalized version of the string.
    ///
    /// More specifically, make the first character have upper case and the rest lower
    /// case.
    #[pymethod]
    fn capitalize(&self) -> Py<PyStr> {
        owned(case::capitalize(self.units()))
    }
    /// Return a version of the string suitable for caseless comparisons.
    #[pymethod]
    fn casefold(&self) -> Py<PyStr> {
        owned(case::casefold(self.units()))
    }
    /// Return a copy of the string converted to lowercase.
    #[pymethod]
    fn lower(&self) -> Py<PyStr> {
        ascii_cased(self, b'A', b'Z').unwrap_or_else(|| owned(case::lower(self.units())))
    }
    /// Return a copy of the string converted to uppercase.
    #[pymethod]
    fn upper(&self) -> Py<PyStr> {
        ascii_cased(self, b'a', b'z').unwrap_or_else(|| owned(case::upper(self.units())))
    }
    /// Convert uppercase characters to lowercase and lowercase characters to uppercase.
    #[pymethod]
    fn swapcase(&self) -> Py<PyStr> {
        owned(case::swapcase(self.units()))
    }
    /// Return a version of the string where each word is titlecased.
    ///
    /// More specifically, words start with uppercased characters and all remaining
    /// cased characters have lower case.
    #[pymethod]
    fn title(&self) -> Py<PyStr> {
        owned(case::title(self.units()))
    }
    /// Return a centered string of length width.
    ///
    /// Padding is done using the specified fill character (default is a space).
    #[pymethod(sig = "(width, fillchar=' ', /)")]
    fn center(&self, width: isize, fillchar: Option<&Obj>) -> PyResult<Py<PyStr>> {
        justify(self, width, fillchar, Justify::Center)
    }
    /// Return a left-justified string of length width.
    ///
    /// Padding is done using the specified fill character (default is a space).
    #[pymethod(sig = "(width, fillchar=' ', /)")]
    fn ljust(&self, width: isize, fillchar: Option<&Obj>) -> PyResult<Py<PyStr>> {
        justify(self, width, fillchar, Justify::Left)
    }
    /// Return a right-justified string of length width.
    ///
    /// Padding is done using the specified fill character (default is a space).
    #[pymethod(sig = "(width, fillchar=' ', /)")]
    fn rjust(&self, width: isize, fillchar: Option<&Obj>) -> PyResult<Py<PyStr>> {
        justify(self, width, fillchar, Justify::Right)
    }
    /// Pad a numeric string with zeros on the left, to fill a field of the given width.
    ///
    /// The string is never truncated.
    #[pymethod(sig = "(width, /)")]
    fn zfill(&self, width: isize) -> PyResult<Py<PyStr>> {
        check_length(width.max(0) as usize)?;
        Ok(pad::text_zfill(self.units(), width).map_or_else(|| self.to_exact(), owned))
    }
    /// Return a copy where all tab characters are expanded using spaces.
    ///
    /// If tabsize is not given, a tab size of 8 characters is assumed.
    #[pymethod(sig = "(tabsize=8)")]
    fn expandtabs(&self, tabsize: i32) -> PyResult<Py<PyStr>> {
        let tabs = search::text_count(self.units(), Units::ascii("\t"), 0, self.len());
        check_length(tabs.saturating_mul(tabsize.max(0) as usize).saturating_add(self.len()))?;
        Ok(pad::text_expandtabs(self.units(), tabsize as isize)?.map_or_else(|| self.to_exact(), owned))
    }
    /// Return the lowest index in S where substring sub is found, such that sub is contained within S[start:end].
    ///
    /// Optional arguments start and end are interpreted as in slice notation.
    /// Return -1 on failure.
    #[pymethod(sig = "(sub, start=None, end=None, /)")]
    fn find(&self, sub: &PyStr, start: Option<&Obj>, end: Option<&Obj>) -> PyResult<isize> {
        Ok(find_with(self, sub, start, end, search::text_find)?.map_or(-1, |at| at as isize))
    }
    /// Return the highest index in S where substring sub is found, such that sub is contained within S[start:end].
    ///
    /// Optional arguments start and end are interpreted as in slice notation.
    /// Return -1 on failure.
    #[pymethod(sig = "(sub, start=None, end=None, /)")]
    fn rfind(&self, sub: &PyStr, start: Option<&Obj>, end: Option<&Obj>) -> PyResult<isize> {
        Ok(find_with(self, sub, start, end, search::text_rfind)?.map_or(-1, |at| at as isize))
    }
    /// Return the lowest index in S where substring sub is found, such that sub is contained within S[start:end].
    ///
    /// Optional arguments start and end are interpreted as in slice notation.
    /// Raises ValueError when the substring is not found.
    #[pymethod(sig = "(sub, start=None, end=None, /)")]
    fn index(&self, sub: &PyStr, start: Option<&Obj>, end: Option<&Obj>) -> PyResult<usize> {
        found_or_error(find_with(self, sub, start, end, search::text_find)?)
    }
    /// Return the highest index in S where substring sub is found, such that sub is contained within S[start:end].
    ///
    /// Optional arguments start and end are interpreted as in slice notation.
    /// Raises ValueError when the substring is not found.
    #[pymethod(sig = "(sub, start=None, end=None, /)")]
    fn rindex(&self, sub: &PyStr, start: Option<&Obj>, end: Option<&Obj>) -> PyResult<usize> {
        found_or_error(find_with(self, sub, start, end, search::text_rfind)?)
    }
    /// Return the number of non-overlapping occurrences of substring sub in string S[start:end].
    ///
    /// Optional arguments start and end are interpreted as in slice notation.
    #[pymethod(sig = "(sub, start=None, end=None, /)")]
    fn count(&self, sub: &PyStr, start: Option<&Obj>, end: Option<&Obj>) -> PyResult<usize> {
        let range = bounds(start, end, self.len())?;
        Ok(range.map_or(0, |(start, end)| search::text_count(self.units(), sub.units(), start, end)))
    }
    /// Return True if the string starts with the specified prefix, False otherwise.
    ///
    ///   prefix
    ///     A string or a tuple of strings to try.
    ///   start
    ///     Optional start position. Default: start of the string.
    ///   end
    ///     Optional stop position. Default: end of the string.
    #[pymethod(sig = "(prefix, start=None, end=None, /)")]
    fn startswith(&self, prefix: &Obj, start: Option<&Obj>, end: Option<&Obj>) -> PyResult<bool> {
        has_affix(self, "startswith", prefix, start, end, search::text_starts_with)
    }
    /// Return True if the string ends with the specified suffix, False otherwise.
    ///
    ///   suffix
    ///     A string or a tuple of strings to try.
    ///   start
    ///     Optional start position. Default: start of the string.
    ///   end
    ///     Optional stop position. Default: end of the string.
    #[pymethod(sig = "(suffix, start=None, end=None, /)")]
    fn endswith(&self, suffix: &Obj, start: Option<&Obj>, end: Option<&Obj>) -> PyResult<bool> {
        has_affix(self, "endswith", suffix, start, end, search::text_ends_with)
    }
    /// Return a str with the given prefix string removed if present.
    ///
    /// If the string starts with the prefix string, return string[len(prefix):].
    /// Otherwise, return a copy of the original string.
    #[pymethod(sig = "(prefix, /)")]
    fn removeprefix(&self, prefix: &PyStr) -> Py<PyStr> {
        let units = self.units();
        if !prefix.is_empty() && search::text_starts_with(units, prefix.units(), 0, units.len()) {
            return PyStr::from_slice(units.slice(prefix.len()..units.len()));
        }
        self.to_exact()
    }
    /// Return a str with the given suffix string removed if present.
    ///
    /// If the string ends with the suffix string and that suffix is not empty,
    /// return string[:-len(suffix)]. Otherwise, return a copy of the original
    /// string.
    #[pymethod(sig = "(suffix, /)")]
    fn removesuffix(&self, suffix: &PyStr) -> Py<PyStr> {
        let units = self.units();
        if !suffix.is_empty() && search::text_ends_with(units, suffix.units(), 0, units.len()) {
            return PyStr::from_slice(units.slice(0..units.len() - suffix.len()));
        }
        self.to_exact()
    }
    /// Return a copy with all occurrences of substring old replaced by new.
    ///
    ///   count
    ///     Maximum number of occurrences to replace.
    ///     -1 (the default value) means replace all occurrences.
    ///
    /// If the optional argument count is given, only the first count occurrences are
    /// replaced.
    #[pymethod(sig = "(old, new, /, count=-1)")]
    fn replace(&self, old: &PyStr, new: &PyStr, count: isize) -> PyResult<Py<PyStr>> {
        let max = usize::try_from(count).unwrap_or(usize::MAX);
        let grown = (self.len() + 1).saturating_mul(new.len()).saturating_add(self.len());
        if grown > 1 << 30 {
            let times = search::text_count(self.units(), old.units(), 0, self.len()).min(max);
            check_length(self.len().saturating_add(times.saturating_mul(new.len())))?;
        }
        Ok(search::text_replace(self.units(), old.units(), new.units(), max)
            .map_or_else(|| self.to_exact(), owned))
    }
    /// Return True if all characters in the string are ASCII, False otherwise.
    ///
    /// ASCII characters have code points in the range U+0000-U+007F.
    /// Empty string is ASCII too.
    #[pymethod]
    fn isascii(&self) -> bool {
        self.is_ascii()
    }
    /// Return True if the string is an alpha-numeric string, False otherwise.
    ///
    /// A string is alpha-numeric if all characters in the string are alpha-numeric and
    /// there is at least one character in the string.
    #[pymethod]
    fn isalnum(&self) -> bool {
        case::isalnum(self.units())
    }
    /// Return True if the string is an alphabetic string, False otherwise.
    ///
    /// A string is alphabetic if all characters in the string are alphabetic and there
    /// is at least one character in the string.
    #[pymethod]
    fn isalpha(&self) -> bool {
        case::isalpha(self.units())
    }
    /// Return True if the string is a decimal string, False otherwise.
    ///
    /// A string is a decimal string if all characters in the string are decimal and
    /// there is at least one character in the string.
    #[pymethod]
    fn isdecimal(&self) -> bool {
        case::isdecimal(self.units())
    }
    /// Return True if the string is a digit string, False otherwise.
    ///
    /// A string is a digit string if all characters in the string are digits and there
    /// is at least one character in the string.
    #[pymethod]
    fn isdigit(&self) -> bool {
        case::isdigit(self.units())
    }
    /// Return True if the string is a numeric string, False otherwise.
    ///
    /// A string is numeric if all characters in the string are numeric and there is at
    /// least one character in the string.
    #[pymethod]
    fn isnumeric(&self) -> bool {
        case::isnumeric(self.units())
    }
    /// Return True if the string is a valid Python identifier, False otherwise.
    ///
    /// Call keyword.iskeyword(s) to test whether string s is a reserved identifier,
    /// such as "def" or "class".
    #[pymethod]
    fn isidentifier(&self) -> bool {
        case::isidentifier(self.units())
    }
    /// Return True if the string is a lowercase string, False otherwise.
    ///
    /// A string is lowercase if all cased characters in the string are lowercase and
    /// there is at least one cased character in the string.
    #[pymethod]
    fn islower(&self) -> bool {
        case::islower(self.units())
    }
    /// Return True if the string is an uppercase string, False otherwise.
    ///
    /// A string is uppercase if all cased characters in the string are uppercase and
    /// there is at least one cased character in the string.
    #[pymethod]
    fn isupper(&self) -> bool {
        case::isupper(self.units())
    }
    /// Return True if the string is a title-cased string, False otherwise.
    ///
    /// In a title-cased string, upper- and title-case characters may only
    /// follow uncased characters and lowercase characters only cased ones.
    #[pymethod]
    fn istitle(&self) -> bool {
        case::istitle(self.units())
    }
    /// Return True if all characters in the string are printable, False otherwise.
    ///
    /// A character is printable if repr() may use it in its output.
    #[pymethod]
    fn isprintable(&self) -> bool {
        case::isprintable(self.units())
    }
    /// Return True if the string is a whitespace string, False otherwise.
    ///
    /// A string is whitespace if all characters in the string are whitespace and there
    /// is at least one character in the string.
    #[pymethod]
    fn isspace(&self) -> bool {
        case::isspace(self.units())
    }
}
