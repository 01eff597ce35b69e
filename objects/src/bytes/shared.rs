//! What `bytes` and `bytearray` do alike, on byte slices. Results are plain data, which each class wraps as its own.

use taipan_gc::Obj;
use taipan_text::pad::{self, Justify};
use taipan_text::search;
use taipan_text::split::{self, Ends};

use crate::buffer::{self, bounds, has_buffer, with_bytes};
use crate::error::*;
use crate::protocol;
use crate::singletons::is_none;
use crate::str::PyStr;
use crate::str::concat::try_vec;
use crate::tuple::PyTuple;
use crate::type_object::class_of;

pub type Ranges = Vec<std::ops::Range<usize>>;

/// A bytes-like argument, or the value of a byte.
pub enum Needle {
    Byte([u8; 1]),
    Object(Obj),
}

impl Needle {
    pub fn of(arg: &Obj) -> PyResult<Needle> {
        if has_buffer(arg) {
            return Ok(Needle::Object(arg.clone()));
        }
        if protocol::has_index(arg) {
            return super::new::byte_of(arg, "byte").map(|byte| Needle::Byte([byte]));
        }
        Err(type_error(format!(
            "argument should be integer or bytes-like object, not '{}'",
            class_of(arg).name()
        )))
    }
    pub fn with<R>(&self, f: impl FnOnce(&[u8]) -> R) -> PyResult<R> {
        match self {
            Needle::Byte(byte) => Ok(f(byte)),
            Needle::Object(obj) => with_bytes(obj, f),
        }
    }
}

/// `item in b`
pub fn contains(bytes: &[u8], item: &Obj) -> PyResult<bool> {
    if !item.value().is_int() && has_buffer(item) {
        return with_bytes(item, |needle| search::find(bytes, needle).is_some());
    }
    if !protocol::has_index(item) {
        return Err(buffer::not_bytes_like(item));
    }
    let byte = super::new::byte_of(item, "byte")?;
    Ok(memchr::memchr(byte, bytes).is_some())
}

pub fn find(
    bytes: &[u8],
    sub: &Obj,
    start: Option<&Obj>,
    end: Option<&Obj>,
    last: bool,
) -> PyResult<Option<usize>> {
    let range = bounds(start, end, bytes.len())?;
    let needle = Needle::of(sub)?;
    let Some((start, end)) = range else { return Ok(None) };
    needle.with(|needle| {
        let hay = &bytes[start..end];
        let found = if last { search::rfind(hay, needle) } else { search::find(hay, needle) };
        found.map(|at| at + start)
    })
}

pub fn index(found: Option<usize>) -> PyResult<usize> {
    found.ok_or_else(|| value_error("subsection not found"))
}

pub fn count(bytes: &[u8], sub: &Obj, start: Option<&Obj>, end: Option<&Obj>) -> PyResult<usize> {
    let range = bounds(start, end, bytes.len())?;
    let needle = Needle::of(sub)?;
    let Some((start, end)) = range else { return Ok(0) };
    needle.with(|needle| search::count(&bytes[start..end], needle))
}

pub fn has_affix(
    bytes: &[u8],
    name: &str,
    affix: &Obj,
    start: Option<&Obj>,
    end: Option<&Obj>,
) -> PyResult<bool> {
    let range = bounds(start, end, bytes.len())?;
    let test = |part: &Obj| {
        with_bytes(part, |part| {
            range.is_some_and(|(start, end)| {
                let hay = &bytes[start..end];
                if name == "startswith" { hay.starts_with(part) } else { hay.ends_with(part) }
            })
        })
    };
    if let Some(tuple) = affix.downcast::<PyTuple>() {
        for part in tuple.as_slice() {
            if test(part)? {
                return Ok(true);
            }
        }
        return Ok(false);
    }
    if !has_buffer(affix) {
        return Err(type_error(format!(
            "{name} first arg must be bytes or a tuple of bytes, not {}",
            class_of(affix).name()
        )));
    }
    test(affix)
}

pub fn split(bytes: &[u8], sep: Option<&Obj>, maxsplit: isize, last: bool) -> PyResult<Ranges> {
    let max = usize::try_from(maxsplit).unwrap_or(usize::MAX);
    let Some(sep) = sep.filter(|s| !is_none(s)) else {
        return Ok(if last {
            split::bytes_rsplit_space(bytes, max)
        } else {
            split::bytes_split_space(bytes, max)
        });
    };
    with_bytes(sep, |sep| {
        if sep.is_empty() {
            return Err(value_error("empty separator"));
        }
        Ok(if last { split::rsplit(bytes, sep, max) } else { split::split(bytes, sep, max) })
    })?
}

/// Where the separator was found.
pub fn partition(bytes: &[u8], sep: &Obj, last: bool) -> PyResult<Option<std::ops::Range<usize>>> {
    with_bytes(sep, |sep| {
        if sep.is_empty() {
            return Err(value_error("empty separator"));
        }
        let found = if last { search::rfind(bytes, sep) } else { search::find(bytes, sep) };
        Ok(found.map(|at| at..at + sep.len()))
    })?
}

pub fn strip(bytes: &[u8], chars: Option<&Obj>, ends: Ends) -> PyResult<std::ops::Range<usize>> {
    match chars.filter(|c| !is_none(c)) {
        None => Ok(split::bytes_strip(bytes, ends, None)),
        Some(chars) => with_bytes(chars, |chars| split::bytes_strip(bytes, ends, Some(chars))),
    }
}

/// The fill byte of `center` and its sisters.
fn fill_byte(name: &str, fill: Option<&Obj>) -> PyResult<u8> {
    let Some(fill) = fill else { return Ok(b' ') };
    let kind = if fill.is_layout::<super::PyBytes>() {
        "bytes"
    } else if fill.is_layout::<crate::bytearray::PyByteArray>() {
        "bytearray"
    } else {
        return Err(type_error(format!(
            "{name}() argument 2 must be a byte string of length 1, not {}",
            class_of(fill).name()
        )));
    };
    with_bytes(fill, |bytes| match bytes {
        [byte] => Ok(*byte),
        _ => Err(type_error(format!(
            "{name}(): argument 2 must be a byte string of length 1, not a {kind} object of length {}",
            bytes.len()
        ))),
    })?
}

pub fn justify(
    bytes: &[u8],
    name: &str,
    width: isize,
    fill: Option<&Obj>,
    side: Justify,
) -> PyResult<Option<Vec<u8>>> {
    let fill = fill_byte(name, fill)?;
    room(width)?;
    Ok(pad::bytes_justify(bytes, width, fill, side))
}

/// `MemoryError` unless so many bytes can be had.
pub fn room(width: isize) -> PyResult<()> {
    if width > 1 << 20 {
        drop(try_vec::<u8>(width as usize)?);
    }
    Ok(())
}

pub fn zfill(bytes: &[u8], width: isize) -> PyResult<Option<Vec<u8>>> {
    room(width)?;
    Ok(pad::bytes_zfill(bytes, width))
}

pub fn expandtabs(bytes: &[u8], tabsize: i32) -> PyResult<Option<Vec<u8>>> {
    let tabs = search::count(bytes, b"\t");
    room(tabs.saturating_mul(tabsize.max(0) as usize).saturating_add(bytes.len()).min(isize::MAX as usize)
        as isize)?;
    Ok(pad::bytes_expandtabs(bytes, tabsize as isize)?)
}

pub fn replace(bytes: &[u8], old: &Obj, new: &Obj, count: isize) -> PyResult<Option<Vec<u8>>> {
    let max = usize::try_from(count).unwrap_or(usize::MAX);
    with_bytes(old, |old| {
        with_bytes(new, |new| {
            let grown = (bytes.len() + 1).saturating_mul(new.len()).saturating_add(bytes.len());
            if grown > 1 << 30 {
                let times = search::count(bytes, old).min(max);
                room(times.saturating_mul(new.len()).saturating_add(bytes.len()).min(isize::MAX as usize)
                    as isize)?;
            }
            Ok(search::replace(bytes, old, new, max))
        })
    })??
}

pub fn translate(bytes: &[u8], table: &Obj, delete: Option<&Obj>) -> PyResult<Vec<u8>> {
    let mut map: Option<[u8; 256]> = None;
    if !is_none(table) {
        map = Some(
            with_bytes(table, |table| <[u8; 256]>::try_from(table))?
                .map_err(|_| value_error("translation table must be 256 characters long"))?,
        );
    }
    let mut deleted = [false; 256];
    if let Some(delete) = delete {
        with_bytes(delete, |delete| delete.iter().for_each(|&b| deleted[b as usize] = true))?;
    }
    let kept = bytes.iter().filter(|&&b| !deleted[b as usize]);
    Ok(match map {
        Some(map) => kept.map(|&b| map[b as usize]).collect(),
        None => kept.copied().collect(),
    })
}

/// `sep.join(iterable)`
pub fn join(sep: &[u8], iterable: &Obj) -> PyResult<Vec<u8>> {
    let slots = &class_of(iterable).slots;
    if slots.iter().is_none() && slots.getitem().is_none() {
        return Err(type_error("can only join an iterable"));
    }
    let items = protocol::collect(iterable)?;
    // An item's `__buffer__` may change it.
    let list = iterable.downcast::<crate::list::PyList>();
    let mut out: Vec<u8> = Vec::new();
    for (at, item) in items.iter().enumerate() {
        if !has_buffer(item) {
            return Err(type_error(format!(
                "sequence item {at}: expected a bytes-like object, {} found",
                class_of(item).name()
            )));
        }
        if at != 0 {
            out.extend_from_slice(sep);
        }
        with_bytes(item, |bytes| match out.try_reserve(bytes.len()) {
            Ok(()) => {
                out.extend_from_slice(bytes);
                Ok(())
            }
            Err(_) => Err(memory_error()),
        })??;
        if list.is_some_and(|list| list.len() != items.len()) && !taipan_threading::multi_threaded() {
            return Err(runtime_error("sequence changed size during iteration"));
        }
    }
    Ok(out)
}

/// `b.hex(sep, bytes_per_sep)`
pub fn hex(bytes: &[u8], sep: Option<&Obj>, bytes_per_sep: isize) -> PyResult<Obj> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let sep = match sep {
        None => None,
        Some(sep) => {
            let len = protocol::len(sep)?;
            if len != 1 {
                return Err(value_error("sep must be length 1."));
            }
            let code = if let Some(text) = sep.downcast::<PyStr>() {
                text.units().at(0)
            } else if sep.is_layout::<super::PyBytes>() {
                with_bytes(sep, |s| s[0] as u32)?
            } else {
                return Err(type_error("sep must be str or bytes."));
            };
            match u8::try_from(code) {
                Ok(byte) if byte < 128 => Some(byte),
                _ => return Err(value_error("sep must be ASCII.")),
            }
        }
    };
    let group = bytes_per_sep.unsigned_abs();
    let mut out = try_vec(bytes.len().saturating_mul(3))?;
    for (at, byte) in bytes.iter().enumerate() {
        if let Some(sep) = sep
            && at != 0
            && group != 0
            && (if bytes_per_sep > 0 { bytes.len() - at } else { at }).is_multiple_of(group)
        {
            out.push(sep);
        }
        out.extend_from_slice(&[DIGITS[(byte >> 4) as usize], DIGITS[(byte & 15) as usize]]);
    }
    Ok(PyStr::from_units(taipan_text::OwnedUnits::Latin1(out)).into_obj())
}

/// `bytes.fromhex(string)`
pub fn from_hex(string: &Obj) -> PyResult<Vec<u8>> {
    let parse = |text: &mut dyn Iterator<Item = u32>| -> PyResult<Vec<u8>> {
        let mut out = Vec::new();
        let mut high: Option<u32> = None;
        for (at, code) in text.enumerate() {
            let space = matches!(code, 0x20 | 9..=13);
            if space && high.is_none() {
                continue;
            }
            let digit = char::from_u32(code).and_then(|c| c.to_digit(16)).filter(|_| code < 128);
            let Some(digit) = digit else {
                return Err(value_error(format!(
                    "non-hexadecimal number found in fromhex() arg at position {at}"
                )));
            };
            match high.take() {
                Some(high) => out.push((high << 4 | digit) as u8),
                None => high = Some(digit),
            }
        }
        match high {
            Some(_) => Err(value_error("fromhex() arg must contain an even number of hexadecimal digits")),
            None => Ok(out),
        }
    };
    if let Some(text) = string.downcast::<PyStr>() {
        return parse(&mut text.units().iter());
    }
    if !has_buffer(string) {
        return Err(type_error(format!(
            "fromhex() argument must be str or bytes-like, not {}",
            class_of(string).name()
        )));
    }
    parse(&mut buffer::to_vec(string)?.into_iter().map(u32::from))
}

/// `bytes.maketrans(frm, to)`
pub fn maketrans(from: &Obj, to: &Obj) -> PyResult<Obj> {
    let table = with_bytes(from, |from| {
        with_bytes(to, |to| {
            if from.len() != to.len() {
                return Err(value_error("maketrans arguments must have same length"));
            }
            let mut table: Vec<u8> = (0..=255).collect();
            for (from, to) in from.iter().zip(to) {
                table[*from as usize] = *to;
            }
            Ok(table)
        })
    })???;
    Ok(super::PyBytes::from_vec(table).into_obj())
}

/// Repetition of bytes.
pub fn repeat(bytes: &[u8], times: usize) -> PyResult<Vec<u8>> {
    let len =
        bytes.len().checked_mul(times).filter(|&n| n <= isize::MAX as usize).ok_or_else(memory_error)?;
    let mut out = try_vec(len)?;
    if let [byte] = bytes {
        out.resize(len, *byte);
        return Ok(out);
    }
    if len > 0 {
        out.extend_from_slice(bytes);
    }
    while out.len() < len {
        let more = out.len().min(len - out.len());
        out.extend_from_within(..more);
    }
    Ok(out)
}
