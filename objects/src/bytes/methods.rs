//! The methods of `bytes`; those that `bytearray` has too come from [`byte_methods!`].

use taipan_gc::Obj;

use super::PyBytes;
use crate::construct::tuple_obj;
use crate::native::pymethods;

impl PyBytes {
    /// Runs `f` on the bytes.
    #[inline]
    pub(crate) fn read<R>(&self, f: impl FnOnce(&[u8]) -> R) -> R {
        f(self.as_slice())
    }
    /// A result of a method.
    pub(crate) fn wrap(bytes: Vec<u8>) -> Obj {
        PyBytes::from_vec(bytes).into_obj()
    }
    /// The result of a method that changes nothing.
    pub(crate) fn unchanged(&self) -> Obj {
        self.to_exact().into_obj()
    }
}

/// The methods that `bytes` and `bytearray` share, as `Self::shared_methods()`. The type has `read`, `wrap` and `unchanged`.
macro_rules! byte_methods {
    ($type:ident, $class:tt) => {
        #[$crate::native::pymethods(class = $class, part = "shared")]
        impl $type {
            /// Decode the bytes using the codec registered for encoding.
            ///
            ///   encoding
            ///     The encoding with which to decode the bytes.
            ///   errors
            ///     The error handling scheme to use for the handling of decoding errors.
            ///     The default is 'strict' meaning that decoding errors raise a
            ///     UnicodeDecodeError. Other possible values are 'ignore' and 'replace'
            ///     as well as any other name registered with codecs.register_error that
            ///     can handle UnicodeDecodeErrors.
            #[pymethod(sig = "(encoding='utf-8', errors='strict')")]
            fn decode(this: &Obj, encoding: &str, errors: &str) -> PyResult<Obj> {
                let decoded = $crate::str::codecs::decode_object(this, encoding, errors)?;
                if decoded.is_layout::<$crate::str::PyStr>() {
                    return Ok(decoded);
                }
                Err(type_error(format!(
                    "'{encoding}' decoder returned '{}' instead of 'str'; use codecs.decode() to decode to arbitrary types",
                    $crate::type_object::class_of(&decoded).name()
                )))
            }
            /// Return the lowest index in B where subsection 'sub' is found, such that 'sub' is contained within B[start,end].
            ///
            ///   start
            ///     Optional start position. Default: start of the bytes.
            ///   end
            ///     Optional stop position. Default: end of the bytes.
            ///
            /// Return -1 on failure.
            #[pymethod(sig = "(sub, start=None, end=None, /)")]
            fn find(&self, sub: &Obj, start: Option<&Obj>, end: Option<&Obj>) -> PyResult<isize> {
                let found = self.read(|b| shared::find(b, sub, start, end, false))?;
                Ok(found.map_or(-1, |at| at as isize))
            }
            /// Return the highest index in B where subsection 'sub' is found, such that 'sub' is contained within B[start,end].
            ///
            ///   start
            ///     Optional start position. Default: start of the bytes.
            ///   end
            ///     Optional stop position. Default: end of the bytes.
            ///
            /// Return -1 on failure.
            #[pymethod(sig = "(sub, start=None, end=None, /)")]
            fn rfind(&self, sub: &Obj, start: Option<&Obj>, end: Option<&Obj>) -> PyResult<isize> {
                let found = self.read(|b| shared::find(b, sub, start, end, true))?;
                Ok(found.map_or(-1, |at| at as isize))
            }
            /// Return the lowest index in B where subsection 'sub' is found, such that 'sub' is contained within B[start,end].
            ///
            ///   start
            ///     Optional start position. Default: start of the bytes.
            ///   end
            ///     Optional stop position. Default: end of the bytes.
            ///
            /// Raise ValueError if the subsection is not found.
            #[pymethod(sig = "(sub, start=None, end=None, /)")]
            fn index(&self, sub: &Obj, start: Option<&Obj>, end: Option<&Obj>) -> PyResult<usize> {
                shared::index(self.read(|b| shared::find(b, sub, start, end, false))?)
            }
            /// Return the highest index in B where subsection 'sub' is found, such that 'sub' is contained within B[start,end].
            ///
            ///   start
            ///     Optional start position. Default: start of the bytes.
            ///   end
            ///     Optional stop position. Default: end of the bytes.
            ///
            /// Raise ValueError if the subsection is not found.
            #[pymethod(sig = "(sub, start=None, end=None, /)")]
            fn rindex(&self, sub: &Obj, start: Option<&Obj>, end: Option<&Obj>) -> PyResult<usize> {
                shared::index(self.read(|b| shared::find(b, sub, start, end, true))?)
            }
            /// Return the number of non-overlapping occurrences of subsection 'sub' in bytes B[start:end].
            ///
            ///   start
            ///     Optional start position. Default: start of the bytes.
            ///   end
            ///     Optional stop position. Default: end of the bytes.
            #[pymethod(sig = "(sub, start=None, end=None, /)")]
            fn count(&self, sub: &Obj, start: Option<&Obj>, end: Option<&Obj>) -> PyResult<usize> {
                self.read(|b| shared::count(b, sub, start, end))
            }
            /// Return True if the bytes starts with the specified prefix, False otherwise.
            ///
            ///   prefix
            ///     A bytes or a tuple of bytes to try.
            ///   start
            ///     Optional start position. Default: start of the bytes.
            ///   end
            ///     Optional stop position. Default: end of the bytes.
            #[pymethod(sig = "(prefix, start=None, end=None, /)")]
            fn startswith(&self, prefix: &Obj, start: Option<&Obj>, end: Option<&Obj>) -> PyResult<bool> {
                self.read(|b| shared::has_affix(b, "startswith", prefix, start, end))
            }
            /// Return True if the bytes ends with the specified suffix, False otherwise.
            ///
            ///   suffix
            ///     A bytes or a tuple of bytes to try.
            ///   start
            ///     Optional start position. Default: start of the bytes.
            ///   end
            ///     Optional stop position. Default: end of the bytes.
            #[pymethod(sig = "(suffix, start=None, end=None, /)")]
            fn endswith(&self, suffix: &Obj, start: Option<&Obj>, end: Option<&Obj>) -> PyResult<bool> {
                self.read(|b| shared::has_affix(b, "endswith", suffix, start, end))
            }
            /// Return a list of the sections in the bytes, using sep as the delimiter.
            ///
            ///   sep
            ///     The delimiter according which to split the bytes.
            ///     None (the default value) means split on ASCII whitespace characters
            ///     (space, tab, return, newline, formfeed, vertical tab).
            ///   maxsplit
            ///     Maximum number of splits to do.
            ///     -1 (the default value) means no limit.
            #[pymethod(sig = "(sep=None, maxsplit=-1)")]
            fn split(&self, sep: Option<&Obj>, maxsplit: isize) -> PyResult<Obj> {
                self.read(|b| Ok(Self::parts(b, shared::split(b, sep, maxsplit, false)?)))
            }
            /// Return a list of the sections in the bytes, using sep as the delimiter.
            ///
            ///   sep
            ///     The delimiter according which to split the bytes.
            ///     None (the default value) means split on ASCII whitespace characters
            ///     (space, tab, return, newline, formfeed, vertical tab).
            ///   maxsplit
            ///     Maximum number of splits to do.
            ///     -1 (the default value) means no limit.
            ///
            /// Splitting is done starting at the end of the bytes and working to the front.
            #[pymethod(sig = "(sep=None, maxsplit=-1)")]
            fn rsplit(&self, sep: Option<&Obj>, maxsplit: isize) -> PyResult<Obj> {
                self.read(|b| Ok(Self::parts(b, shared::split(b, sep, maxsplit, true)?)))
            }
            /// Return a list of the lines in the bytes, breaking at line boundaries.
            ///
            /// Line breaks are not included in the resulting list unless keepends is given and
            /// true.
            #[pymethod(sig = "(keepends=False)")]
            fn splitlines(&self, keepends: bool) -> Obj {
                self.read(|b| Self::parts(b, split::bytes_splitlines(b, keepends)))
            }
            /// Partition the bytes into three parts using the given separator.
            ///
            /// This will search for the separator sep in the bytes. If the separator is found,
            /// returns a 3-tuple containing the part before the separator, the separator
            /// itself, and the part after it.
            ///
            /// If the separator is not found, returns a 3-tuple containing the original bytes
            /// object and two empty bytes objects.
            #[pymethod(sig = "(sep, /)")]
            fn partition(&self, sep: &Obj) -> PyResult<Obj> {
                let parts = self.read(|b| {
                    Ok::<_, Raised>(match shared::partition(b, sep, false)? {
                        Some(at) => vec![
                            Self::wrap(b[..at.start].to_vec()),
                            Self::wrap(b[at.clone()].to_vec()),
                            Self::wrap(b[at.end..].to_vec()),
                        ],
                        None => vec![Self::wrap(b.to_vec()), Self::wrap(Vec::new()), Self::wrap(Vec::new())],
                    })
                })?;
                Ok(tuple_obj(parts))
            }
            /// Partition the bytes into three parts using the given separator.
            ///
            /// This will search for the separator sep in the bytes, starting at the end. If
            /// the separator is found, returns a 3-tuple containing the part before the
            /// separator, the separator itself, and the part after it.
            ///
            /// If the separator is not found, returns a 3-tuple containing two empty bytes
            /// objects and the original bytes object.
            #[pymethod(sig = "(sep, /)")]
            fn rpartition(&self, sep: &Obj) -> PyResult<Obj> {
                let parts = self.read(|b| {
                    Ok::<_, Raised>(match shared::partition(b, sep, true)? {
                        Some(at) => vec![
                            Self::wrap(b[..at.start].to_vec()),
                            Self::wrap(b[at.clone()].to_vec()),
                            Self::wrap(b[at.end..].to_vec()),
                        ],
                        None => vec![Self::wrap(Vec::new()), Self::wrap(Vec::new()), Self::wrap(b.to_vec())],
                    })
                })?;
                Ok(tuple_obj(parts))
            }
            /// Strip leading and trailing bytes contained in the argument.
            ///
            /// If the argument is omitted or None, strip leading and trailing ASCII whitespace.
            #[pymethod(sig = "(bytes=None, /)")]
            fn strip(&self, bytes: Option<&Obj>) -> PyResult<Obj> {
                self.stripped(bytes, Ends::Both)
            }
            /// Strip leading bytes contained in the argument.
            ///
            /// If the argument is omitted or None, strip leading  ASCII whitespace.
            #[pymethod(sig = "(bytes=None, /)")]
            fn lstrip(&self, bytes: Option<&Obj>) -> PyResult<Obj> {
                self.stripped(bytes, Ends::Left)
            }
            /// Strip trailing bytes contained in the argument.
            ///
            /// If the argument is omitted or None, strip trailing ASCII whitespace.
            #[pymethod(sig = "(bytes=None, /)")]
            fn rstrip(&self, bytes: Option<&Obj>) -> PyResult<Obj> {
                self.stripped(bytes, Ends::Right)
            }
            /// Return a centered string of length width.
            ///
            /// Padding is done using the specified fill character.
            #[pymethod(sig = "(width, fillchar=b' ', /)")]
            fn center(&self, width: isize, fillchar: Option<&Obj>) -> PyResult<Obj> {
                let result = self.read(|b| shared::justify(b, "center", width, fillchar, Justify::Center))?;
                Ok(result.map_or_else(|| self.unchanged(), Self::wrap))
            }
            /// Return a left-justified string of length width.
            ///
            /// Padding is done using the specified fill character.
            #[pymethod(sig = "(width, fillchar=b' ', /)")]
            fn ljust(&self, width: isize, fillchar: Option<&Obj>) -> PyResult<Obj> {
                let result = self.read(|b| shared::justify(b, "ljust", width, fillchar, Justify::Left))?;
                Ok(result.map_or_else(|| self.unchanged(), Self::wrap))
            }
            /// Return a right-justified string of length width.
            ///
            /// Padding is done using the specified fill character.
            #[pymethod(sig = "(width, fillchar=b' ', /)")]
            fn rjust(&self, width: isize, fillchar: Option<&Obj>) -> PyResult<Obj> {
                let result = self.read(|b| shared::justify(b, "rjust", width, fillchar, Justify::Right))?;
                Ok(result.map_or_else(|| self.unchanged(), Self::wrap))
            }
            /// Pad a numeric string with zeros on the left, to fill a field of the given width.
            ///
            /// The original string is never truncated.
            #[pymethod(sig = "(width, /)")]
            fn zfill(&self, width: isize) -> PyResult<Obj> {
                Ok(self.read(|b| shared::zfill(b, width))?.map_or_else(|| self.unchanged(), Self::wrap))
            }
            /// Return a copy where all tab characters are expanded using spaces.
            ///
            /// If tabsize is not given, a tab size of 8 characters is assumed.
            #[pymethod(sig = "(tabsize=8)")]
            fn expandtabs(&self, tabsize: i32) -> PyResult<Obj> {
                Ok(self.read(|b| shared::expandtabs(b, tabsize))?.map_or_else(|| self.unchanged(), Self::wrap))
            }
            /// Return a copy with all occurrences of substring old replaced by new.
            ///
            ///   count
            ///     Maximum number of occurrences to replace.
            ///     -1 (the default value) means replace all occurrences.
            ///
            /// If the optional argument count is given, only the first count occurrences are
            /// replaced.
            #[pymethod(sig = "(old, new, count=-1, /)")]
            fn replace(&self, old: &Obj, new: &Obj, count: isize) -> PyResult<Obj> {
                Ok(self.read(|b| shared::replace(b, old, new, count))?.map_or_else(|| self.unchanged(), Self::wrap))
            }
            /// Return a bytes object with the given prefix string removed if present.
            ///
            /// If the bytes starts with the prefix string, return bytes[len(prefix):].
            /// Otherwise, return a copy of the original bytes.
            #[pymethod(sig = "(prefix, /)")]
            fn removeprefix(&self, prefix: &Obj) -> PyResult<Obj> {
                let rest = with_bytes(prefix, |p| self.read(|b| b.strip_prefix(p).map(<[u8]>::to_vec)))?;
                Ok(rest.map_or_else(|| self.unchanged(), Self::wrap))
            }
            /// Return a bytes object with the given suffix string removed if present.
            ///
            /// If the bytes ends with the suffix string and that suffix is not empty,
            /// return bytes[:-len(prefix)].  Otherwise, return a copy of the original
            /// bytes.
            #[pymethod(sig = "(suffix, /)")]
            fn removesuffix(&self, suffix: &Obj) -> PyResult<Obj> {
                let rest = with_bytes(suffix, |p| self.read(|b| b.strip_suffix(p).map(<[u8]>::to_vec)))?;
                Ok(rest.map_or_else(|| self.unchanged(), Self::wrap))
            }
            /// Return a copy with each character mapped by the given translation table.
            ///
            ///   table
            ///     Translation table, which must be a bytes object of length 256.
            ///
            /// All characters occurring in the optional argument delete are removed.
            /// The remaining characters are mapped through the given translation table.
            #[pymethod(sig = "(table, /, delete=b'')")]
            fn translate(&self, table: &Obj, delete: Option<&Obj>) -> PyResult<Obj> {
                Ok(Self::wrap(self.read(|b| shared::translate(b, table, delete))?))
            }
            /// Return a translation table usable for the bytes or bytearray translate method.
            ///
            /// The returned table will be one where each byte in frm is mapped to the byte at
            /// the same position in to.
            ///
            /// The bytes objects frm and to must be of the same length.
            #[pystaticmethod(sig = "(frm, to, /)")]
            fn maketrans(frm: &Obj, to: &Obj) -> PyResult<Obj> {
                shared::maketrans(frm, to)
            }
            /// Concatenate any number of bytes objects.
            ///
            /// The bytes whose method is called is inserted in between each pair.
            ///
            /// The result is returned as a new bytes object.
            ///
            /// Example: b'.'.join([b'ab', b'pq', b'rs']) -> b'ab.pq.rs'.
            #[pymethod(sig = "(iterable_of_bytes, /)")]
            fn join(&self, iterable_of_bytes: &Obj) -> PyResult<Obj> {
                Ok(Self::wrap(self.read(|b| shared::join(b, iterable_of_bytes))?))
            }
            /// Create a string of hexadecimal numbers from a bytes object.
            ///
            ///   sep
            ///     An optional single character or byte to separate hex bytes.
            ///   bytes_per_sep
            ///     How many bytes between separators.  Positive values count from the
            ///     right, negative values count from the left.
            ///
            /// Example:
            /// >>> value = b'\xb9\x01\xef'
            /// >>> value.hex()
            /// 'b901ef'
            /// >>> value.hex(':')
            /// 'b9:01:ef'
            /// >>> value.hex(':', 2)
            /// 'b9:01ef'
            /// >>> value.hex(':', -2)
            /// 'b901:ef'
            #[pymethod(sig = "(sep=<unrepresentable>, bytes_per_sep=1)")]
            fn hex(&self, sep: Option<&Obj>, bytes_per_sep: i32) -> PyResult<Obj> {
                self.read(|b| shared::hex(b, sep, bytes_per_sep as isize))
            }
            /// Create a bytes object from a string of hexadecimal numbers.
            ///
            /// Spaces between two numbers are accepted.
            /// Example: bytes.fromhex('B9 01EF') -> b'\\xb9\\x01\\xef'.
            #[pyclassmethod(sig = "(string, /)")]
            fn fromhex(class: &Obj, string: &Obj) -> PyResult<Obj> {
                let value = Self::wrap(shared::from_hex(string)?);
                match class.downcast::<PyType>() {
                    Some(wanted) if class_of(&value).is(wanted) => Ok(value),
                    _ => $crate::protocol::call1(class, &value),
                }
            }
            /// Return a copy of B with only its first character capitalized and the rest lower-cased.
            #[pymethod]
            fn capitalize(&self) -> Obj {
                Self::wrap(self.read(case::bytes_capitalize))
            }
            /// Return a copy of B with all ASCII characters converted to lowercase.
            #[pymethod]
            fn lower(&self) -> Obj {
                Self::wrap(self.read(|b| b.to_ascii_lowercase()))
            }
            /// Return a copy of B with all ASCII characters converted to uppercase.
            #[pymethod]
            fn upper(&self) -> Obj {
                Self::wrap(self.read(|b| b.to_ascii_uppercase()))
            }
            /// Return a copy of B with uppercase ASCII characters converted to lowercase ASCII and vice versa.
            #[pymethod]
            fn swapcase(&self) -> Obj {
                Self::wrap(self.read(case::bytes_swapcase))
            }
            /// Return a titlecased version of B, i.e. ASCII words start with uppercase characters, all remaining cased characters have lowercase.
            #[pymethod]
            fn title(&self) -> Obj {
                Self::wrap(self.read(case::bytes_title))
            }
            /// Return True if all characters in B are alphanumeric and there is at least one character in B, False otherwise.
            #[pymethod]
            fn isalnum(&self) -> bool {
                self.read(case::bytes_isalnum)
            }
            /// Return True if all characters in B are alphabetic and there is at least one character in B, False otherwise.
            #[pymethod]
            fn isalpha(&self) -> bool {
                self.read(case::bytes_isalpha)
            }
            /// Return True if B is empty or all characters in B are ASCII, False otherwise.
            #[pymethod]
            fn isascii(&self) -> bool {
                self.read(<[u8]>::is_ascii)
            }
            /// Return True if all characters in B are digits and there is at least one character in B, False otherwise.
            #[pymethod]
            fn isdigit(&self) -> bool {
                self.read(case::bytes_isdigit)
            }
            /// Return True if all cased characters in B are lowercase and there is at least one cased character in B, False otherwise.
            #[pymethod]
            fn islower(&self) -> bool {
                self.read(case::bytes_islower)
            }
            /// Return True if all characters in B are whitespace and there is at least one character in B, False otherwise.
            #[pymethod]
            fn isspace(&self) -> bool {
                self.read(case::bytes_isspace)
            }
            /// Return True if B is a titlecased string and there is at least one character in B, i.e. uppercase characters may only follow uncased characters and lowercase characters only cased ones, False otherwise.
            #[pymethod]
            fn istitle(&self) -> bool {
                self.read(case::bytes_istitle)
            }
            /// Return True if all cased characters in B are uppercase and there is at least one cased character in B, False otherwise.
            #[pymethod]
            fn isupper(&self) -> bool {
                self.read(case::bytes_isupper)
            }
        }

        impl $type {
            fn parts(bytes: &[u8], ranges: shared::Ranges) -> Obj {
                $crate::construct::list_obj(ranges.into_iter().map(|range| Self::wrap(bytes[range].to_vec())).collect())
            }
            fn stripped(&self, chars: Option<&Obj>, ends: Ends) -> PyResult<Obj> {
                let result = self.read(|b| {
                    let range = shared::strip(b, chars, ends)?;
                    Ok::<_, Raised>(if range.len() == b.len() { None } else { Some(b[range].to_vec()) })
                })?;
                Ok(result.map_or_else(|| self.unchanged(), Self::wrap))
            }
        }
    };
}
pub(crate) use byte_methods;

mod expanded {
    use taipan_gc::Obj;
    use taipan_text::case;
    use taipan_text::pad::Justify;
    use taipan_text::split::{self, Ends};

    use super::PyBytes;
    use crate::buffer::with_bytes;
    use crate::bytes::shared;
    use crate::construct::tuple_obj;
    use crate::error::*;
    use crate::type_object::{PyType, class_of};

    byte_methods!(PyBytes, "bytes");
}

#[pymethods(class = "bytes")]
impl PyBytes {
    #[pymethod]
    fn __getnewargs__(&self) -> Obj {
        tuple_obj(vec![PyBytes::new(self.as_slice()).into_obj()])
    }
    /// Convert this value to exact type bytes.
    #[pymethod]
    fn __bytes__(&self) -> Obj {
        self.unchanged()
    }
    #[pymethod]
    fn __sizeof__(&self) -> usize {
        33 + self.len()
    }
}
