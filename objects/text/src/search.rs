//! Finding, counting and replacing in slices of code units: shared by `str` and `bytes`.
//!
//! Invariant: positions are in units; no search is worse than linear in the sum of the lengths, except
//! `rfind` in wide strings.

use crate::units::{AtWidth, FromUnits, TextBuf, Unit, Units};
use crate::with_units;

/// Resolves Python slice bounds (as `str.find` takes them) to a range; `None` if start is beyond the end.
#[inline]
pub fn adjust_bounds(start: isize, end: isize, len: usize) -> Option<(usize, usize)> {
    let len_signed = len as isize;
    let mut end = if end > len_signed { len_signed } else { end };
    if end < 0 {
        end = (end + len_signed).max(0);
    }
    let start = if start < 0 { (start + len_signed).max(0) } else { start };
    (start <= end).then_some((start as usize, end as usize))
}

/// First position of `needle` in `hay`.
#[inline]
pub fn find<U: Unit>(hay: &[U], needle: &[U]) -> Option<usize> {
    match needle {
        [] => Some(0),
        _ if needle.len() > hay.len() => None,
        [unit] => U::find_unit(hay, *unit),
        _ => U::find_slice(hay, needle),
    }
}

/// Last position of `needle` in `hay`.
#[inline]
pub fn rfind<U: Unit>(hay: &[U], needle: &[U]) -> Option<usize> {
    match needle {
        [] => Some(hay.len()),
        _ if needle.len() > hay.len() => None,
        [unit] => U::rfind_unit(hay, *unit),
        _ => U::rfind_slice(hay, needle),
    }
}

/// Number of occurrences without overlap.
pub fn count<U: Unit>(hay: &[U], needle: &[U]) -> usize {
    match needle {
        [] => hay.len() + 1,
        [unit] => U::count_unit(hay, *unit),
        _ => {
            let mut total = 0;
            U::each_slice(hay, needle, |_| {
                total += 1;
                true
            });
            total
        }
    }
}

/// Calls with each position of `needle` (not empty), without overlap, until it returns false.
#[inline]
pub fn each<U: Unit>(hay: &[U], needle: &[U], mut f: impl FnMut(usize) -> bool) {
    if let [unit] = needle {
        let mut at = 0;
        while let Some(found) = U::find_unit(&hay[at..], *unit) {
            if !f(at + found) {
                break;
            }
            at += found + 1;
        }
    } else {
        U::each_slice(hay, needle, f);
    }
}

/// `replace` of at most `max` occurrences; `None` if nothing changes.
pub fn replace<U: Unit>(hay: &[U], from: &[U], to: &[U], max: usize) -> Option<Vec<U>> {
    if max == 0 || from == to {
        return None;
    }
    if from.is_empty() {
        if to.is_empty() {
            return None;
        }
        let gaps = (hay.len() + 1).min(max);
        let mut out = Vec::with_capacity(hay.len() + gaps.saturating_mul(to.len()));
        for &unit in &hay[..gaps - 1] {
            out.extend_from_slice(to);
            out.push(unit);
        }
        out.extend_from_slice(to);
        out.extend_from_slice(&hay[gaps - 1..]);
        return Some(out);
    }
    if let ([from], [to]) = (from, to) {
        let found = U::find_unit(hay, *from)?;
        let mut out = hay.to_vec();
        let mut left = max;
        for unit in &mut out[found..] {
            if unit == from {
                *unit = *to;
                left -= 1;
                if left == 0 {
                    break;
                }
            }
        }
        return Some(out);
    }
    let mut out = Vec::new();
    let (mut copied, mut left) = (0, max);
    each(hay, from, |found| {
        if copied == 0 {
            out.reserve(hay.len() + to.len());
        }
        out.extend_from_slice(&hay[copied..found]);
        out.extend_from_slice(to);
        copied = found + from.len();
        left -= 1;
        left != 0
    });
    if copied == 0 {
        return None;
    }
    out.extend_from_slice(&hay[copied..]);
    Some(out)
}

/// [`find`] for wide units: skips by the first unit, and turns to the two-way algorithm when that goes badly.
pub(crate) fn find_wide<U: Unit>(hay: &[U], needle: &[U]) -> Option<usize> {
    let last_start = hay.len() - needle.len();
    let mut at = 0;
    let mut wasted = 0;
    while at <= last_start {
        at += U::find_unit(&hay[at..=last_start], needle[0])?;
        let same = needle.iter().zip(&hay[at..]).take_while(|(a, b)| a == b).count();
        if same == needle.len() {
            return Some(at);
        }
        wasted += same;
        at += 1;
        if wasted > 64 + 4 * at {
            return two_way(&hay[at..], needle).map(|found| at + found);
        }
    }
    None
}

/// [`rfind`] for wide units.
pub(crate) fn rfind_wide<U: Unit>(hay: &[U], needle: &[U]) -> Option<usize> {
    let mut end = hay.len() - needle.len() + 1;
    while let Some(at) = U::rfind_unit(&hay[..end], needle[0]) {
        if hay[at..].starts_with(needle) {
            return Some(at);
        }
        end = at;
    }
    None
}

/// Crochemore and Perrin's two-way string matching: linear time, constant space.
fn two_way<U: Unit>(hay: &[U], needle: &[U]) -> Option<usize> {
    if hay.len() < needle.len() {
        return None;
    }
    let (less, less_period) = maximal_suffix(needle, false);
    let (greater, greater_period) = maximal_suffix(needle, true);
    let (cut, period) = if less > greater { (less, less_period) } else { (greater, greater_period) };
    let len = needle.len();
    let last_start = hay.len() - len;
    let mut at = 0;
    if cut + period <= len && needle[..cut] == needle[period..period + cut] {
        // Periodic: what matched of the period before need not be compared again.
        let mut known = 0;
        while at <= last_start {
            let mut i = cut.max(known);
            while i < len && needle[i] == hay[at + i] {
                i += 1;
            }
            if i < len {
                at += i - cut + 1;
                known = 0;
                continue;
            }
            let mut j = cut;
            while j > known && needle[j - 1] == hay[at + j - 1] {
                j -= 1;
            }
            if j <= known {
                return Some(at);
            }
            at += period;
            known = len - period;
        }
    } else {
        let jump = cut.max(len - cut) + 1;
        while at <= last_start {
            let mut i = cut;
            while i < len && needle[i] == hay[at + i] {
                i += 1;
            }
            if i < len {
                at += i - cut + 1;
                continue;
            }
            if needle[..cut] == hay[at..at + cut] {
                return Some(at);
            }
            at += jump;
        }
    }
    None
}

/// Start and period of the maximal suffix under the usual or the reversed order.
fn maximal_suffix<U: Unit>(needle: &[U], reversed: bool) -> (usize, usize) {
    let (mut start, mut candidate, mut offset, mut period) = (0, 1, 0, 1);
    while candidate + offset < needle.len() {
        let (a, b) = (needle[candidate + offset], needle[start + offset]);
        if (a < b) != reversed && a != b {
            candidate += offset + 1;
            offset = 0;
            period = candidate - start;
        } else if a == b {
            if offset + 1 == period {
                candidate += period;
                offset = 0;
            } else {
                offset += 1;
            }
        } else {
            start = candidate;
            candidate += 1;
            offset = 0;
            period = 1;
        }
    }
    (start, period)
}

/// `str.find` within a range that lies in the string; positions count from the start of the string.
#[inline]
pub fn text_find(hay: Units<'_>, needle: Units<'_>, start: usize, end: usize) -> Option<usize> {
    if let (Units::Latin1(hay), Units::Latin1(needle)) = (hay, needle) {
        return find(&hay[start..end], needle).map(|i| i + start);
    }
    with_units!(hay, h => find(&h[start..end], &at_width(h, needle)?).map(|i| i + start))
}

/// `str.rfind` within a range that lies in the string.
#[inline]
pub fn text_rfind(hay: Units<'_>, needle: Units<'_>, start: usize, end: usize) -> Option<usize> {
    with_units!(hay, h => rfind(&h[start..end], &at_width(h, needle)?).map(|i| i + start))
}

/// `needle in hay`.
#[inline]
pub fn text_contains(hay: Units<'_>, needle: Units<'_>) -> bool {
    // Below this a search by wide registers takes longer to begin than a loop to end.
    const SHORT: usize = 16;
    if let (Units::Latin1(hay), Units::Latin1([one])) = (hay, needle)
        && hay.len() <= SHORT
    {
        return hay.iter().any(|unit| unit == one);
    }
    text_find(hay, needle, 0, hay.len()).is_some()
}

/// `str.count` within a range that lies in the string.
pub fn text_count(hay: Units<'_>, needle: Units<'_>, start: usize, end: usize) -> usize {
    with_units!(hay, h => at_width(h, needle).map_or(0, |n| count(&h[start..end], &n)))
}

/// Whether the part of `hay` in a range that lies in it begins with `prefix`.
#[inline]
pub fn text_starts_with(hay: Units<'_>, prefix: Units<'_>, start: usize, end: usize) -> bool {
    if let (Units::Latin1(hay), Units::Latin1(prefix)) = (hay, prefix) {
        return begins_with(&hay[start..end], prefix);
    }
    prefix.len() <= end - start && hay.slice(start..start + prefix.len()) == prefix
}

/// Whether bytes begin with others; a few are compared without a call.
#[inline]
fn begins_with(hay: &[u8], prefix: &[u8]) -> bool {
    match hay.get(..prefix.len()) {
        Some(part) if prefix.len() < 8 => part.iter().zip(prefix).all(|(a, b)| a == b),
        Some(part) => part == prefix,
        None => false,
    }
}

/// Whether the part of `hay` in a range that lies in it ends with `suffix`.
#[inline]
pub fn text_ends_with(hay: Units<'_>, suffix: Units<'_>, start: usize, end: usize) -> bool {
    suffix.len() <= end - start && hay.slice(end - suffix.len()..end) == suffix
}

/// `str.replace`; `None` if nothing changes.
pub fn text_replace(hay: Units<'_>, from: Units<'_>, to: Units<'_>, max: usize) -> Option<TextBuf> {
    if from.len() > hay.len() || max == 0 {
        return None;
    }
    if to.width() <= hay.width() {
        return match hay {
            Units::Latin1(h) => same_width(h, from, to, max).map(TextBuf::Latin1),
            // What made the string wide may have been replaced.
            Units::Ucs2(h) => same_width(h, from, to, max).map(|v| Units::Ucs2(&v).to_buf()),
            Units::Ucs4(h) => same_width(h, from, to, max).map(|v| Units::Ucs4(&v).to_buf()),
        };
    }
    // The string has to become wider, if `from` occurs in it at all.
    if !from.is_empty() && !text_contains(hay, from) {
        return None;
    }
    let mut wide = TextBuf::new();
    if to.width() == 2 {
        let hay: Vec<u16> = hay.iter().map(Unit::truncate).collect();
        wide.push_units(Units::Ucs2(&same_width(&hay, from, to, max)?));
    } else {
        let hay: Vec<u32> = hay.iter().collect();
        wide.push_units(Units::Ucs4(&same_width(&hay, from, to, max)?));
    }
    Some(wide)
}

/// Fails if replacing would need more memory than there can be: to be called before [`replace`] and
/// [`text_replace`] with untrusted sizes. `count` is only called when the result may be large.
pub fn check_replace(
    hay_len: usize,
    from_len: usize,
    to_len: usize,
    max: usize,
    count: impl FnOnce() -> usize,
) -> crate::Result<()> {
    const SURE: usize = 1 << 26;
    let most = (hay_len / from_len.max(1) + 1).min(max);
    if to_len <= from_len || most.saturating_mul(to_len - from_len) < SURE {
        return Ok(());
    }
    let growth = count().min(max).checked_mul(to_len - from_len).and_then(|g| g.checked_add(hay_len));
    match growth {
        Some(total) if total <= isize::MAX as usize => crate::format_spec::check_size(total),
        _ => Err(crate::TextError::overflow("replace string is too long")),
    }
}

fn same_width<U: FromUnits>(hay: &[U], from: Units<'_>, to: Units<'_>, max: usize) -> Option<Vec<U>> {
    replace(hay, &U::from_units(from)?, &U::from_units(to)?, max)
}

#[inline]
pub(crate) fn at_width<'a, U: FromUnits>(_hay: &[U], needle: Units<'a>) -> Option<AtWidth<'a, U>> {
    U::from_units(needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn naive<U: Unit>(hay: &[U], needle: &[U]) -> Option<usize> {
        (0..(hay.len() + 1).saturating_sub(needle.len())).find(|&i| hay[i..].starts_with(needle))
    }

    #[test]
    fn two_way_agrees_with_the_naive_search() {
        let mut state = 12345u32;
        let mut next = |below: u32| {
            state = state.wrapping_mul(1664525).wrapping_add(1013904223);
            (state >> 16) % below
        };
        for _ in 0..if cfg!(miri) { 50 } else { 20000 } {
            let hay: Vec<u16> = (0..next(40)).map(|_| next(2) as u16).collect();
            let needle: Vec<u16> = (0..2 + next(7)).map(|_| next(2) as u16).collect();
            assert_eq!(two_way(&hay, &needle), naive(&hay, &needle), "{hay:?} {needle:?}");
            assert_eq!(find(&hay, &needle), naive(&hay, &needle));
            let last = (0..hay.len()).rev().find(|&i| hay[i..].starts_with(&needle));
            assert_eq!(rfind(&hay, &needle), last);
        }
    }

    #[test]
    fn replacing() {
        assert_eq!(replace(b"aaa".as_slice(), b"a", b"bc", 2), Some(b"bcbca".to_vec()));
        assert_eq!(replace(b"ab".as_slice(), b"", b"-", usize::MAX), Some(b"-a-b-".to_vec()));
        assert_eq!(replace(b"ab".as_slice(), b"", b"-", 2), Some(b"-a-b".to_vec()));
        assert_eq!(replace(b"".as_slice(), b"", b"-", 5), Some(b"-".to_vec()));
        assert_eq!(replace(b"ab".as_slice(), b"c", b"-", 5), None);
        let (hay, wide) = (TextBuf::from("a-b"), TextBuf::from("\u{1f600}"));
        let dash = TextBuf::from("-");
        let there = text_replace(hay.as_units(), dash.as_units(), wide.as_units(), usize::MAX).unwrap();
        assert_eq!(there, TextBuf::from("a\u{1f600}b"));
        let back = text_replace(there.as_units(), wide.as_units(), dash.as_units(), usize::MAX).unwrap();
        assert!(matches!(back, TextBuf::Latin1(_)));
        assert_eq!(back, hay);
    }

    #[test]
    fn bounds() {
        assert_eq!(adjust_bounds(0, isize::MAX, 5), Some((0, 5)));
        assert_eq!(adjust_bounds(-3, -1, 5), Some((2, 4)));
        assert_eq!(adjust_bounds(6, isize::MAX, 5), None);
        assert_eq!(adjust_bounds(-9, -9, 5), Some((0, 0)));
    }
}
