//! `str`: the layout, construction, text access and hashing. Parts: interning, concatenation, methods, codecs.
//!
//! | words | content |
//! | --- | --- |
//! | header | `LAYOUT_A`: interned |
//! | hash | -1: not computed yet; written by anyone, always with the same value |
//! | meta | length `<< 8`, the flags below |
//! | data | the units: in the tail and behind the struct (inline), or a `Vec`'s (`EXTERNAL`) |
//! | tail | first inline bytes; of an external string the `Vec`'s capacity |
//!
//! Invariants: units are of the narrowest width that holds the text; everything but the hash is constant once a second reference
//! exists (appending in place happens to unique strings only). Instances of subclasses keep no more than the tail inline: their
//! attributes follow the struct.

mod ascii;
pub mod codecs;
pub mod concat;
pub mod format;
mod inline;
pub mod intern;
pub mod methods;
pub mod new;
mod percent;
mod quick;
pub mod slots;
pub mod split;

use std::borrow::Cow;
use std::sync::OnceLock;

use taipan_gc::{Header, HeaderFlags, Obj, Py, ShapeId, Value};
use taipan_text::units::{OwnedUnits, Units};
use taipan_threading::sync::atomic::{AtomicI64, AtomicPtr, AtomicU32, AtomicU64, Ordering};

use crate::error::*;
use crate::layout;
use crate::type_object::PyType;
use crate::types::{Types, types};

pub use concat::{concat, concat_owned};
pub use intern::{intern, intern_obj, is_intern_ready, literal};
pub(crate) use quick::decimal;
pub(crate) use slots::fill;

/// A `str` object; see the module.
#[repr(C)]
pub struct PyStr {
    header: Header,
    hash: AtomicI64,
    meta: AtomicU64,
    data: AtomicPtr<u8>,
    tail: AtomicU64,
}
layout!(PyStr, "str");

#[cfg(not(loom))]
const _: () = assert!(size_of::<PyStr>() == 48);

impl PyStr {
    /// Where the parts are that tell of most texts that they differ, for machine code: the length with what is known of the units, shifted by so many bits, and the address of the units.
    pub const META: i32 = std::mem::offset_of!(PyStr, meta) as i32;
    pub const DATA: i32 = std::mem::offset_of!(PyStr, data) as i32;
    pub const LENGTH_SHIFT: u32 = LENGTH_SHIFT;
    /// The bit of those that texts may differ in which are equal.
    pub const EXTERNAL: u64 = EXTERNAL;
    /// The bits of those that are 0 if the units are bytes.
    pub const WIDTH: u64 = WIDTH;
}

/// Width is `1 << (meta & WIDTH)` bytes.
const WIDTH: u64 = 3;
const ASCII: u64 = 4;
const EXTERNAL: u64 = 8;
const LENGTH_SHIFT: u32 = 8;
/// Bytes that fit without anything behind the struct.
const TAIL: usize = 8;
/// Longer texts are kept outside of the object, where they can grow.
const MAX_INLINE: usize = 256;
const NO_HASH: i64 = -1;

/// Root shape of exact `str`; 0 until the class exists.
static STR_SHAPE: AtomicU32 = AtomicU32::new(0);

fn str_header() -> Header {
    Header::new(ShapeId(STR_SHAPE.load(Ordering::Relaxed)))
}

/// A `Vec` of units taken apart.
struct External {
    data: *mut u8,
    len: usize,
    capacity: usize,
    flags: u64,
}

impl External {
    fn new(units: OwnedUnits) -> External {
        let ascii = matches!(&units, OwnedUnits::Latin1(v) if v.is_ascii());
        Self::of(units, ascii)
    }
    /// `ascii`: whether the text is, if its units are bytes.
    fn of(units: OwnedUnits, ascii: bool) -> External {
        fn parts<U>(units: Vec<U>, width: u64) -> External {
            let mut units = std::mem::ManuallyDrop::new(units);
            External {
                data: units.as_mut_ptr().cast(),
                len: units.len(),
                capacity: units.capacity(),
                flags: width | EXTERNAL,
            }
        }
        match units {
            OwnedUnits::Latin1(v) => {
                let mut external = parts(v, 0);
                external.flags |= if ascii { ASCII } else { 0 };
                external
            }
            OwnedUnits::Ucs2(v) => parts(v, 1),
            OwnedUnits::Ucs4(v) => parts(v, 2),
        }
    }
}

impl Drop for PyStr {
    fn drop(&mut self) {
        if self.meta.load(Ordering::Relaxed) & EXTERNAL != 0 {
            drop(self.take_external());
        }
    }
}

fn flags_of(units: Units<'_>) -> u64 {
    match units {
        Units::Latin1(s) => {
            if s.is_ascii() {
                ASCII
            } else {
                0
            }
        }
        Units::Ucs2(_) => 1,
        Units::Ucs4(_) => 2,
    }
}

fn bytes_of(units: Units<'_>) -> (*const u8, usize) {
    match units {
        Units::Latin1(s) => (s.as_ptr(), s.len()),
        Units::Ucs2(s) => (s.as_ptr().cast(), s.len() * 2),
        Units::Ucs4(s) => (s.as_ptr().cast(), s.len() * 4),
    }
}

impl PyStr {
    /// An inline string: `units` at their narrowest width already.
    fn inline(header: Header, extra: usize, units: Units<'_>) -> Py<PyStr> {
        let (source, size) = bytes_of(units);
        // SAFETY: the units' own bytes.
        let bytes = unsafe { std::slice::from_raw_parts(source, size) };
        Self::inline_bytes(header, extra, bytes, flags_of(units) | (units.len() as u64) << LENGTH_SHIFT)
    }
    /// An inline string of these bytes; `meta` says what they are.
    #[inline(always)]
    fn inline_bytes(header: Header, extra: usize, bytes: &[u8], meta: u64) -> Py<PyStr> {
        let object = inline::room(header, extra, bytes.len(), meta);
        inline::fill(&object, bytes);
        object
    }
    fn external(header: Header, extra: usize, units: OwnedUnits) -> Py<PyStr> {
        Self::outside(header, extra, External::new(units))
    }
    fn outside(header: Header, extra: usize, parts: External) -> Py<PyStr> {
        Py::with_extra(
            PyStr {
                header,
                hash: AtomicI64::new(NO_HASH),
                meta: AtomicU64::new(parts.flags | (parts.len as u64) << LENGTH_SHIFT),
                data: AtomicPtr::new(parts.data),
                tail: AtomicU64::new(parts.capacity as u64),
            },
            extra,
        )
    }
    /// The `Vec` of an external string, which the string must not use any more.
    fn take_external(&self) -> OwnedUnits {
        let meta = self.meta.load(Ordering::Relaxed);
        let data = self.data.load(Ordering::Relaxed);
        let len = (meta >> LENGTH_SHIFT) as usize;
        let capacity = self.tail.load(Ordering::Relaxed) as usize;
        self.meta.store(ASCII, Ordering::Relaxed);
        // SAFETY: `External::new` took the parts from a `Vec` of this width; the string has just forgotten them.
        unsafe {
            match meta & WIDTH {
                0 => OwnedUnits::Latin1(Vec::from_raw_parts(data, len, capacity)),
                1 => OwnedUnits::Ucs2(Vec::from_raw_parts(data.cast(), len, capacity)),
                _ => OwnedUnits::Ucs4(Vec::from_raw_parts(data.cast(), len, capacity)),
            }
        }
    }
    /// Puts a (grown) `Vec` into a string whose former one was taken. The caller is the only user of the string.
    /// `ascii`: whether the text is, if its units are bytes.
    fn put_external(&self, units: OwnedUnits, ascii: bool) {
        let parts = External::of(units, ascii);
        self.data.store(parts.data, Ordering::Relaxed);
        self.tail.store(parts.capacity as u64, Ordering::Relaxed);
        self.hash.store(NO_HASH, Ordering::Relaxed);
        self.meta.store(parts.flags | (parts.len as u64) << LENGTH_SHIFT, Ordering::Relaxed);
    }

    /// A string of this text.
    pub fn new(text: &str) -> Py<PyStr> {
        if text.is_ascii() {
            Self::from_latin1(text.as_bytes())
        } else {
            Self::from_units(OwnedUnits::from(text))
        }
    }
    /// A string of Latin-1 bytes.
    pub fn from_latin1(bytes: &[u8]) -> Py<PyStr> {
        match bytes {
            [] => empty(),
            [c] => latin1_char(*c),
            _ if bytes.len() <= MAX_INLINE => Self::inline(str_header(), 0, Units::Latin1(bytes)),
            _ => Self::external(str_header(), 0, OwnedUnits::Latin1(bytes.to_vec())),
        }
    }
    /// A string of ASCII bytes.
    pub fn from_ascii(bytes: &[u8]) -> Py<PyStr> {
        debug_assert!(bytes.is_ascii());
        match bytes {
            [] => empty(),
            [c] => latin1_char(*c),
            _ if bytes.len() <= MAX_INLINE => {
                Self::inline_bytes(str_header(), 0, bytes, ASCII | (bytes.len() as u64) << LENGTH_SHIFT)
            }
            _ => {
                let units = OwnedUnits::Latin1(bytes.to_vec());
                Self::outside(str_header(), 0, External::of(units, true))
            }
        }
    }
    /// Takes over an owned Rust string.
    pub fn from_string(text: String) -> Py<PyStr> {
        if text.is_ascii() {
            Self::from_units(OwnedUnits::Latin1(text.into_bytes()))
        } else {
            Self::from_units(OwnedUnits::from(text.as_str()))
        }
    }
    /// Takes over built text (at its narrowest width).
    pub fn from_units(units: OwnedUnits) -> Py<PyStr> {
        match &units {
            OwnedUnits::Latin1(bytes) if bytes.len() <= MAX_INLINE => Self::from_latin1(bytes),
            _ if units.len() * units.as_units().width() <= MAX_INLINE => {
                Self::inline(str_header(), 0, units.as_units())
            }
            _ => Self::external(str_header(), 0, units),
        }
    }
    /// A copy of a part of a text; narrows it if possible.
    pub fn from_slice(units: Units<'_>) -> Py<PyStr> {
        match units {
            Units::Latin1(bytes) => Self::from_latin1(bytes),
            Units::Ucs2([c]) => Self::from_code_point(*c as u32),
            Units::Ucs4([c]) => Self::from_code_point(*c),
            Units::Ucs2(s) if s.len() * 2 <= MAX_INLINE && s.iter().any(|&c| c > 0xff) => {
                Self::inline(str_header(), 0, units)
            }
            _ => Self::from_units(units.to_buf()),
        }
    }
    /// A string of one code point.
    pub fn from_code_point(code: u32) -> Py<PyStr> {
        match code {
            0..=0xff => latin1_char(code as u8),
            0x100..=0xffff => Self::inline(str_header(), 0, Units::Ucs2(&[code as u16])),
            _ => Self::inline(str_header(), 0, Units::Ucs4(&[code])),
        }
    }
    /// An instance of `class`, a subclass of `str` or `str` itself.
    pub fn new_of(class: &PyType, units: Units<'_>) -> Py<PyStr> {
        if class.is(&types().str) {
            return Self::from_slice(units);
        }
        let (header, extra) = class.instance_header();
        let units = units.to_buf();
        if bytes_of(units.as_units()).1 <= TAIL {
            Self::inline(header, extra, units.as_units())
        } else {
            Self::external(header, extra, units)
        }
    }
    /// The interned string `text`, which may be asked for before any class exists: [`PyStr::finish_bootstrap`] completes it.
    pub(crate) fn bootstrap(text: &'static str) -> Obj {
        intern(text).into_obj()
    }
    /// Gives the strings made so far their class.
    pub(crate) fn finish_bootstrap(types: &Types) {
        let shape = types.str.root_shape();
        STR_SHAPE.store(shape.0, Ordering::Relaxed);
        intern::set_shapes(shape);
    }

    /// The text.
    #[inline]
    pub fn units(&self) -> Units<'_> {
        let meta = self.meta.load(Ordering::Relaxed);
        let data = self.data.load(Ordering::Relaxed);
        let len = (meta >> LENGTH_SHIFT) as usize;
        // SAFETY: `data` holds `len` units of the width in `meta`; they are constant while there is a reference to the string.
        unsafe {
            match meta & WIDTH {
                0 => Units::Latin1(std::slice::from_raw_parts(data, len)),
                1 => Units::Ucs2(std::slice::from_raw_parts(data.cast(), len)),
                _ => Units::Ucs4(std::slice::from_raw_parts(data.cast(), len)),
            }
        }
    }
    /// Bytes in a unit.
    #[inline(always)]
    pub(crate) fn width(&self) -> usize {
        1 << (self.meta.load(Ordering::Relaxed) & WIDTH)
    }
    /// Number of code points.
    #[inline(always)]
    pub fn len(&self) -> usize {
        (self.meta.load(Ordering::Relaxed) >> LENGTH_SHIFT) as usize
    }
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    #[inline(always)]
    pub fn is_ascii(&self) -> bool {
        self.meta.load(Ordering::Relaxed) & ASCII != 0
    }
    /// The text, if it is ASCII (and so needs no conversion).
    #[inline]
    pub fn as_utf8(&self) -> Option<&str> {
        if !self.is_ascii() {
            return None;
        }
        match self.units() {
            // SAFETY: the flag says that all bytes are ASCII.
            Units::Latin1(bytes) => Some(unsafe { std::str::from_utf8_unchecked(bytes) }),
            _ => None,
        }
    }
    /// Whether the text begins and ends with two underscores.
    pub fn is_dunder(&self) -> bool {
        matches!(self.units(), Units::Latin1([b'_', b'_', .., b'_', b'_']))
    }
    /// The text; lone surrogates become U+FFFD.
    pub fn to_string_lossy(&self) -> Cow<'_, str> {
        match self.as_utf8() {
            Some(text) => Cow::Borrowed(text),
            None => Cow::Owned(self.units().to_string_lossy()),
        }
    }
    /// The text; raises `UnicodeEncodeError` if it has lone surrogates.
    pub fn to_utf8(&self) -> PyResult<Cow<'_, str>> {
        if let Some(text) = self.as_utf8() {
            return Ok(Cow::Borrowed(text));
        }
        match self.units().to_utf8() {
            Some(text) => Ok(Cow::Owned(text)),
            None => Err(codecs::surrogates_not_allowed(self)),
        }
    }
    /// [`PyStr::to_utf8`].
    pub fn utf8(&self) -> PyResult<Cow<'_, str>> {
        self.to_utf8()
    }
    /// Whether this is the text.
    #[inline]
    pub fn eq_str(&self, text: &str) -> bool {
        match self.as_utf8() {
            Some(own) => own == text,
            None => !text.is_ascii() && self.units().iter().eq(text.chars().map(|c| c as u32)),
        }
    }
    /// Equality of texts.
    #[inline]
    pub fn equals(&self, other: &PyStr) -> bool {
        if std::ptr::eq(self, other) {
            return true;
        }
        let (a, b) = (self.meta.load(Ordering::Relaxed), other.meta.load(Ordering::Relaxed));
        // Both at the narrowest width: different widths or lengths, different texts.
        if (a ^ b) & !EXTERNAL != 0 {
            return false;
        }
        let size = ((a >> LENGTH_SHIFT) as usize) << (a & WIDTH);
        let (x, y) = (self.data.load(Ordering::Relaxed), other.data.load(Ordering::Relaxed));
        // SAFETY: both hold `size` bytes.
        let (x, y) = unsafe { (std::slice::from_raw_parts(x, size), std::slice::from_raw_parts(y, size)) };
        // Most that are of one length differ at once; single characters are compared without a call.
        match (x, y) {
            ([x], [y]) => x == y,
            ([x, ..], [y, ..]) if x != y => false,
            _ => x == y,
        }
    }
    /// `hash(s)`.
    #[inline]
    pub fn python_hash(&self) -> i64 {
        match self.hash.load(Ordering::Relaxed) {
            NO_HASH => self.python_hash_slow(),
            hash => hash,
        }
    }
    /// `needle in self`. Not inlined: the search has many ways, and its callers are short.
    #[inline(never)]
    pub fn contains(&self, needle: &PyStr) -> bool {
        taipan_text::search::text_contains(self.units(), needle.units())
    }
    /// [`PyStr::python_hash`], if it was computed before.
    #[inline(always)]
    pub(crate) fn hash_at_once(&self) -> Option<i64> {
        Some(self.hash.load(Ordering::Relaxed)).filter(|&hash| hash != NO_HASH)
    }
    #[cold]
    fn python_hash_slow(&self) -> i64 {
        let hash = hash_units(self.units());
        self.hash.store(hash, Ordering::Relaxed);
        hash
    }
    /// Whether this very object is in the intern table.
    #[inline(always)]
    pub fn is_interned(&self) -> bool {
        self.header.has_flag(HeaderFlags::LAYOUT_A)
    }
    /// Whether the class is `str` itself.
    #[inline(always)]
    pub fn is_exact(&self) -> bool {
        self.header.shape().0 == STR_SHAPE.load(Ordering::Relaxed)
    }
    /// `self` if its class is exactly `str`, else a copy.
    pub fn to_exact(&self) -> Py<PyStr> {
        if self.is_exact() { Py::from_ref(self) } else { Self::from_slice(self.units()) }
    }
}

/// A string from generalized UTF-8, in which surrogates are encoded like other code points.
pub fn from_wtf8(bytes: &[u8]) -> Obj {
    match codecs::decode_with(bytes, codecs::Codec::Utf8, "surrogatepass", true) {
        Ok((text, _)) => PyStr::from_units(text).into_obj(),
        Err(Raised) => {
            drop(take_raised());
            PyStr::new(&String::from_utf8_lossy(bytes)).into_obj()
        }
    }
}

impl std::fmt::Display for PyStr {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.to_string_lossy())
    }
}

/// Whether `obj` is exactly a `str`, no subclass.
#[inline]
pub fn is_exact_str(obj: &Obj) -> bool {
    obj.header().is_some_and(|h| h.shape().0 == STR_SHAPE.load(Ordering::Relaxed))
}

/// Whether objects of this shape are exact strings.
#[inline(always)]
pub(crate) fn is_exact_str_shape(shape: taipan_gc::ShapeId) -> bool {
    shape.0 == STR_SHAPE.load(Ordering::Relaxed)
}

/// `obj` as a `str` if its class is exactly that: without a look at what its shape means.
#[inline(always)]
pub fn exact_str(obj: &Obj) -> Option<&PyStr> {
    let header = obj.header().filter(|header| header.shape().0 == STR_SHAPE.load(Ordering::Relaxed))?;
    // SAFETY: that shape is of objects with this layout only.
    Some(unsafe { &*std::ptr::from_ref(header).cast::<PyStr>() })
}

/// The texts of one Latin-1 character and the empty one, immortal.
static CHARACTERS: OnceLock<Vec<Py<PyStr>>> = OnceLock::new();

#[cold]
fn make_characters() -> Vec<Py<PyStr>> {
    let mut all: Vec<Py<PyStr>> = (0..=255u8).map(|c| intern::intern_units(Units::Latin1(&[c]))).collect();
    all.push(intern::intern_units(Units::Latin1(&[])));
    all
}

/// The string of one Latin-1 character.
#[inline]
pub fn latin1_char(c: u8) -> Py<PyStr> {
    CHARACTERS.get_or_init(make_characters)[c as usize].clone()
}

/// Where the addresses of the strings of one Latin-1 character are, for machine code: in the order of the characters.
pub fn latin1_chars() -> *const Py<PyStr> {
    CHARACTERS.get_or_init(make_characters).as_ptr()
}

/// The string of character `index` of a text of Latin-1 characters, if it has one; a word that needs no count. For code that must not call.
#[inline(always)]
pub fn latin1_char_at_once(text: &PyStr, index: usize) -> Option<Value> {
    let meta = text.meta.load(Ordering::Relaxed);
    if meta & WIDTH != 0 || index >= (meta >> LENGTH_SHIFT) as usize {
        return None;
    }
    // SAFETY: as in `units`.
    let character = unsafe { *text.data.load(Ordering::Relaxed).add(index) };
    Some(CHARACTERS.get()?[character as usize].as_obj().value().uncounted())
}

/// The empty string.
#[inline]
pub fn empty() -> Py<PyStr> {
    CHARACTERS.get_or_init(make_characters)[256].clone()
}

static HASH_KEY: OnceLock<(u64, u64)> = OnceLock::new();

/// Chooses the key of string hashes as `PYTHONHASHSEED` does: 0 disables randomization. Has an effect only before the first hash.
pub fn set_hash_seed(seed: u32) {
    let mut state = seed;
    let mut next = || {
        if seed == 0 {
            return 0;
        }
        let mut word = [0u8; 8];
        for byte in &mut word {
            state = state.wrapping_mul(214013).wrapping_add(2531011);
            *byte = (state >> 16) as u8;
        }
        u64::from_le_bytes(word)
    };
    let key = (next(), next());
    let _already_chosen = HASH_KEY.set(key);
}

#[cold]
fn random_key() -> (u64, u64) {
    let mut bytes = [0u8; 16];
    // Without a random source the hashes are merely predictable.
    let _no_source = getrandom::fill(&mut bytes);
    let (a, b) = bytes.split_at(8);
    let word = |half: &[u8]| half.iter().rev().fold(0u64, |word, &byte| word << 8 | byte as u64);
    (word(a), word(b))
}

/// The hash of `bytes` and of the bytes of strings: SipHash-1-3 with the process's key.
pub fn hash_bytes(bytes: &[u8]) -> i64 {
    if bytes.is_empty() {
        return 0;
    }
    let (k0, k1) = *HASH_KEY.get_or_init(random_key);
    match siphasher::sip::SipHasher13::new_with_keys(k0, k1).hash(bytes) as i64 {
        -1 => -2,
        hash => hash,
    }
}

/// The hash of a text at its narrowest width.
pub fn hash_units(units: Units<'_>) -> i64 {
    let (data, size) = bytes_of(units);
    // SAFETY: the bytes of the slice of units.
    hash_bytes(unsafe { std::slice::from_raw_parts(data, size) })
}
