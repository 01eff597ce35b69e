//! The usual formats of numbers, without the general way: `[>][0][width][d|x|X]` of integers and `[width].digits f` of floats.
//!
//! Invariant: what is not certain to be as the general way has it is left to that.

use std::io::Write;

use taipan_gc::Py;

use super::PyStr;

/// Most characters of a result.
pub(super) const ROOM: usize = 64;
/// Greatest width or precision.
pub(super) const WIDEST: usize = 40;

/// Takes a number of one or two digits off the front; 0 if there is none. `None` if it is too great.
pub(super) fn take_number(spec: &mut &[u8]) -> Option<usize> {
    let mut number = 0;
    while let [digit @ b'0'..=b'9', rest @ ..] = *spec {
        number = number * 10 + usize::from(digit - b'0');
        if number > WIDEST {
            return None;
        }
        *spec = rest;
    }
    Some(number)
}

/// `format(number, spec)`.
pub(super) fn int(number: i64, mut spec: &[u8]) -> Option<Py<PyStr>> {
    let mut fill = b' ';
    match spec {
        [b'>', b'0', ..] => return None,
        [b'>', rest @ ..] => spec = rest,
        [b'0', rest @ ..] => (fill, spec) = (b'0', rest),
        _ => {}
    }
    let width = take_number(&mut spec)?;
    let (base, ten) = match spec {
        [] | [b'd'] => (10, b'a'),
        [b'x'] => (16, b'a'),
        [b'X'] => (16, b'A'),
        _ => return None,
    };
    let (buffer, start) = lay_int(number, base, ten, fill, width);
    Some(PyStr::from_ascii(&buffer[start..]))
}

/// An integer in decimal: the text ends the buffer, from the number on that is returned.
#[inline]
pub(crate) fn decimal(number: i64) -> ([u8; ROOM], usize) {
    lay_int(number, 10, b'a', b' ', 0)
}

/// An integer in a base, filled to a width of at most [`WIDEST`] with blanks or zeros: the text ends the buffer. `ten`: the digit for 10.
#[inline]
pub(super) fn lay_int(number: i64, base: u64, ten: u8, fill: u8, width: usize) -> ([u8; ROOM], usize) {
    let mut buffer = [fill; ROOM];
    let mut at = ROOM;
    let mut rest = number.unsigned_abs();
    loop {
        at -= 1;
        let digit = (rest % base) as u8;
        buffer[at] = if digit < 10 { b'0' + digit } else { ten + digit - 10 };
        rest /= base;
        if rest == 0 {
            break;
        }
    }
    let sign = usize::from(number < 0);
    let start = (at - sign).min(ROOM - width);
    if number < 0 {
        // Before the zeros, or behind the blanks.
        buffer[if fill == b'0' { start } else { at - 1 }] = b'-';
    }
    (buffer, start)
}

/// `format(number, spec)`.
pub(super) fn float(number: f64, mut spec: &[u8]) -> Option<Py<PyStr>> {
    if !fits(number) || spec.first() == Some(&b'0') {
        return None;
    }
    let width = take_number(&mut spec)?;
    let [b'.', b'0'..=b'9', ..] = spec else { return None };
    spec = &spec[1..];
    let precision = take_number(&mut spec)?;
    if spec != b"f" {
        return None;
    }
    let (buffer, start, end) = lay_float(number, precision, width)?;
    Some(PyStr::from_ascii(&buffer[start..end]))
}

/// Whether a float is short enough for [`lay_float`].
pub(super) fn fits(number: f64) -> bool {
    number.is_finite() && number.abs() < 1e15
}

/// A float with so many digits behind the point, at most [`WIDEST`], filled to a width with blanks: buffer, start and end.
pub(super) fn lay_float(
    number: f64,
    precision: usize,
    width: usize,
) -> Option<([u8; ROOM + WIDEST], usize, usize)> {
    let mut buffer = [b' '; ROOM + WIDEST];
    let mut room = &mut buffer[WIDEST..];
    write!(room, "{number:.precision$}").ok()?;
    let end = ROOM + WIDEST - room.len();
    let start = WIDEST.min(end.checked_sub(width)?);
    Some((buffer, start, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_the_general_way() {
        crate::types::init_for_tests();
        let shown = |text: Option<Py<PyStr>>| text.map(|text| text.to_string());
        assert_eq!(shown(int(5, b"02")).as_deref(), Some("05"));
        assert_eq!(shown(int(-5, b"04d")).as_deref(), Some("-005"));
        assert_eq!(shown(int(-5, b">4")).as_deref(), Some("  -5"));
        assert_eq!(shown(int(i64::MIN, b"X")).as_deref(), Some("-8000000000000000"));
        assert_eq!(shown(int(255, b"4x")).as_deref(), Some("  ff"));
        assert_eq!(shown(int(5, b"<4")), None);
        assert_eq!(shown(float(2.675, b".2f")).as_deref(), Some("2.67"));
        assert_eq!(shown(float(-0.001, b"8.2f")).as_deref(), Some("   -0.00"));
        assert_eq!(shown(float(1.0, b".40f")).map(|text| text.len()), Some(42));
        assert_eq!(shown(float(1.0, b".f")), None);
    }
}
