//! Concatenation and repetition; appending in place to strings that nobody else can see.

use taipan_gc::{HeaderFlags, Obj, Py};
use taipan_text::units::{FromUnits, OwnedUnits, Unit, Units};

use super::{EXTERNAL, MAX_INLINE, PyStr};
use crate::error::*;
use crate::type_object::class_of;
use taipan_threading::sync::atomic::Ordering;

/// Longest string, so that sizes in bytes fit `isize`.
pub const MAX_LENGTH: usize = isize::MAX as usize / 4;

/// An empty vector with room for `len` units, or `MemoryError`.
pub fn try_vec<U>(len: usize) -> PyResult<Vec<U>> {
    let mut vec = Vec::new();
    match vec.try_reserve_exact(len) {
        Ok(()) => Ok(vec),
        Err(_) => Err(memory_error()),
    }
}

/// Appends units, none of which is wider than `U`.
pub(super) fn extend<U: Unit + FromUnits>(out: &mut Vec<U>, units: Units<'_>) {
    if let Some(same) = U::unwrap(units) {
        return out.extend_from_slice(same);
    }
    match units {
        Units::Latin1(s) => out.extend(s.iter().map(|u| U::truncate(u.code()))),
        Units::Ucs2(s) => out.extend(s.iter().map(|u| U::truncate(u.code()))),
        Units::Ucs4(s) => out.extend(s.iter().map(|u| U::truncate(u.code()))),
    }
}

/// `MemoryError` if `n` units of `width` bytes are more than can be had.
fn reserve(units: &mut OwnedUnits, n: usize) -> PyResult<()> {
    // At least doubled, so that appending is linear in all.
    let done = match units {
        OwnedUnits::Latin1(v) => v.try_reserve(n),
        OwnedUnits::Ucs2(v) => v.try_reserve(n),
        OwnedUnits::Ucs4(v) => v.try_reserve(n),
    };
    done.map_err(|_| memory_error())
}

/// `a + b`.
pub fn concat(a: &PyStr, b: &PyStr) -> PyResult<Py<PyStr>> {
    if b.is_empty() && a.is_exact() {
        return Ok(Py::from_ref(a));
    }
    if a.is_empty() && b.is_exact() {
        return Ok(Py::from_ref(b));
    }
    concat_units(a.units(), b.units())
}

/// The two texts in one string.
pub fn concat_units(a: Units<'_>, b: Units<'_>) -> PyResult<Py<PyStr>> {
    let len = a.len() + b.len();
    if len > MAX_LENGTH {
        return Err(memory_error());
    }
    if let (Units::Latin1(x), Units::Latin1(y)) = (a, b)
        && len <= MAX_INLINE
    {
        let mut buffer = [0u8; MAX_INLINE];
        buffer[..x.len()].copy_from_slice(x);
        buffer[x.len()..len].copy_from_slice(y);
        return Ok(PyStr::from_latin1(&buffer[..len]));
    }
    fn build<U: Unit + FromUnits>(a: Units<'_>, b: Units<'_>, len: usize) -> PyResult<Vec<U>> {
        let mut out = try_vec(len)?;
        extend(&mut out, a);
        extend(&mut out, b);
        Ok(out)
    }
    Ok(PyStr::from_units(match a.width().max(b.width()) {
        1 => OwnedUnits::Latin1(build(a, b, len)?),
        2 => OwnedUnits::Ucs2(build(a, b, len)?),
        _ => OwnedUnits::Ucs4(build(a, b, len)?),
    }))
}

fn cannot_concatenate(other: &Obj) -> Raised {
    type_error(format!("can only concatenate str (not \"{}\") to str", class_of(other).name()))
}

/// The slot of `+`: `left` is a `str`.
pub fn concat_slot(left: &Obj, right: &Obj) -> PyResult<Obj> {
    match (left.downcast::<PyStr>(), right.downcast::<PyStr>()) {
        (Some(a), Some(b)) => Ok(concat(a, b)?.into_obj()),
        _ => Err(cannot_concatenate(right)),
    }
}

/// `left + right`, using `left`'s own memory if this was the last reference to it. `left` is a `str`.
pub fn concat_owned(left: Obj, right: &Obj) -> PyResult<Obj> {
    let (Some(a), Some(b)) = (left.downcast::<PyStr>(), right.downcast::<PyStr>()) else {
        return Err(cannot_concatenate(right));
    };
    if b.is_empty() && a.is_exact() {
        return Ok(left);
    }
    if !can_append(&left, a) || left.is(right) {
        if a.len() + b.len() <= MAX_INLINE || a.is_empty() {
            return Ok(concat(a, b)?.into_obj());
        }
        return grown(a.units(), b.units()).map(|s| PyStr::from_units(s).into_obj());
    }
    if a.len() + b.len() > MAX_LENGTH {
        return Err(memory_error());
    }
    // Not looked for in the whole text again, so that a loop that appends is linear.
    let was_ascii = a.is_ascii();
    let mut units = a.take_external();
    let result = append(&mut units, b.units());
    a.put_external(units, was_ascii && (result.is_err() || b.is_ascii()));
    result?;
    Ok(left)
}

/// A copy of `a` and `b` with room to grow: the first step of a loop that appends.
fn grown(a: Units<'_>, b: Units<'_>) -> PyResult<OwnedUnits> {
    let len = a.len() + b.len();
    if len > MAX_LENGTH {
        return Err(memory_error());
    }
    fn build<U: Unit + FromUnits>(a: Units<'_>, b: Units<'_>, len: usize) -> PyResult<Vec<U>> {
        let mut out = try_vec(len + len / 8)?;
        extend(&mut out, a);
        extend(&mut out, b);
        Ok(out)
    }
    Ok(match a.width().max(b.width()) {
        1 => OwnedUnits::Latin1(build(a, b, len)?),
        2 => OwnedUnits::Ucs2(build(a, b, len)?),
        _ => OwnedUnits::Ucs4(build(a, b, len)?),
    })
}

fn append(units: &mut OwnedUnits, more: Units<'_>) -> PyResult<()> {
    if more.width() > units.as_units().width() {
        *units = grown(units.as_units(), more)?;
        return Ok(());
    }
    reserve(units, more.len())?;
    match units {
        OwnedUnits::Latin1(v) => extend(v, more),
        OwnedUnits::Ucs2(v) => extend(v, more),
        OwnedUnits::Ucs4(v) => extend(v, more),
    }
    Ok(())
}

/// Whether nobody but the holder of `obj` can see the string, and its text is outside of the object.
fn can_append(obj: &Obj, string: &PyStr) -> bool {
    string.meta.load(Ordering::Relaxed) & EXTERNAL != 0
        && string.is_exact()
        && obj.value().is_counted()
        && !string.header.has_flag(HeaderFlags::SEEN | HeaderFlags::WEAKREFS | HeaderFlags::LAYOUT_A)
        && taipan_gc::refcount::is_unique(obj)
}

/// `s * n`.
pub fn repeat(string: &PyStr, times: usize) -> PyResult<Py<PyStr>> {
    if times == 0 || string.is_empty() {
        return Ok(super::empty());
    }
    if times == 1 && string.is_exact() {
        return Ok(Py::from_ref(string));
    }
    fn build<U: Unit>(units: &[U], times: usize) -> PyResult<Vec<U>> {
        let len = units.len().checked_mul(times).filter(|&len| len <= MAX_LENGTH).ok_or_else(memory_error)?;
        let mut out = try_vec(len)?;
        if let [unit] = units {
            out.resize(len, *unit);
            return Ok(out);
        }
        out.extend_from_slice(units);
        while out.len() < len {
            let more = out.len().min(len - out.len());
            out.extend_from_within(..more);
        }
        Ok(out)
    }
    Ok(PyStr::from_units(match string.units() {
        Units::Latin1(s) => OwnedUnits::Latin1(build(s, times)?),
        Units::Ucs2(s) => OwnedUnits::Ucs2(build(s, times)?),
        Units::Ucs4(s) => OwnedUnits::Ucs4(build(s, times)?),
    }))
}
