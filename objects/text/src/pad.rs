//! Filling out: `center`, `ljust`, `rjust`, `zfill`, `expandtabs`, for `str` and `bytes`.
//!
//! Invariant: a result of `None` means that the text stays as it is.

use crate::error::{Result, TextError};
use crate::units::{TextBuf, Unit, Units};
use crate::with_units;

/// Where the text goes in the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Justify {
    /// `ljust`
    Left,
    /// `rjust`
    Right,
    /// `center`
    Center,
}

/// Units of fill to the left and to the right.
pub fn padding(len: usize, width: isize, justify: Justify) -> Option<(usize, usize)> {
    let room = usize::try_from(width).ok()?.checked_sub(len).filter(|&room| room > 0)?;
    Some(match justify {
        Justify::Left => (0, room),
        Justify::Right => (room, 0),
        // An odd unit goes left if the width is odd.
        Justify::Center => {
            let left = room / 2 + (room & width as usize & 1);
            (left, room - left)
        }
    })
}

/// Fails if a width asks for more memory than there can be: to be called before the functions below with
/// untrusted widths.
pub fn check_width(width: isize) -> Result<()> {
    crate::format_spec::check_size(usize::try_from(width).unwrap_or(0))
}

/// `str.ljust`, `str.rjust`, `str.center`.
pub fn text_justify(text: Units<'_>, width: isize, fill: u32, justify: Justify) -> Option<TextBuf> {
    let (left, right) = padding(text.len(), width, justify)?;
    let mut out = TextBuf::with_capacity(left + text.len() + right);
    out.push_repeated(fill, left);
    out.push_units(text);
    out.push_repeated(fill, right);
    Some(out)
}

/// `bytes.ljust`, `bytes.rjust`, `bytes.center`.
pub fn bytes_justify(bytes: &[u8], width: isize, fill: u8, justify: Justify) -> Option<Vec<u8>> {
    let (left, right) = padding(bytes.len(), width, justify)?;
    let mut out = Vec::with_capacity(left + bytes.len() + right);
    out.resize(left, fill);
    out.extend_from_slice(bytes);
    out.resize(left + bytes.len() + right, fill);
    Some(out)
}

/// `str.zfill`.
pub fn text_zfill(text: Units<'_>, width: isize) -> Option<TextBuf> {
    let (zeros, _) = padding(text.len(), width, Justify::Right)?;
    let mut out = TextBuf::with_capacity(zeros + text.len());
    let sign = usize::from(matches!(text.get(0), Some(0x2b | 0x2d)));
    out.push_units(text.slice(0..sign));
    out.push_repeated(u32::from(b'0'), zeros);
    out.push_units(text.slice(sign..text.len()));
    Some(out)
}

/// `bytes.zfill`.
pub fn bytes_zfill(bytes: &[u8], width: isize) -> Option<Vec<u8>> {
    let (zeros, _) = padding(bytes.len(), width, Justify::Right)?;
    let mut out = Vec::with_capacity(zeros + bytes.len());
    let sign = usize::from(matches!(bytes.first(), Some(b'+' | b'-')));
    out.extend_from_slice(&bytes[..sign]);
    out.resize(sign + zeros, b'0');
    out.extend_from_slice(&bytes[sign..]);
    Some(out)
}

fn expand<U: Unit>(units: &[U], tab_size: isize) -> Result<Option<Vec<U>>> {
    const TAB: u32 = 9;
    if U::find_unit(units, U::truncate(TAB)).is_none() {
        return Ok(None);
    }
    let tab_size = usize::try_from(tab_size).unwrap_or(0);
    let mut out = Vec::with_capacity(units.len() + 16);
    let mut column = 0;
    for &unit in units {
        match unit.code() {
            TAB => {
                if tab_size > 0 {
                    let room = tab_size - column % tab_size;
                    if room > isize::MAX as usize - out.len() {
                        return Err(TextError::overflow("new string is too long"));
                    }
                    column += room;
                    out.try_reserve(room).map_err(|_| TextError::memory())?;
                    out.resize(out.len() + room, U::truncate(0x20));
                }
            }
            code => {
                column = if code == 10 || code == 13 { 0 } else { column + 1 };
                out.push(unit);
            }
        }
    }
    Ok(Some(out))
}

/// `str.expandtabs`.
pub fn text_expandtabs(text: Units<'_>, tab_size: isize) -> Result<Option<TextBuf>> {
    with_units!(text, s => Ok(expand(s, tab_size)?.map(Unit::wrap_owned)))
}

/// `bytes.expandtabs`.
pub fn bytes_expandtabs(bytes: &[u8], tab_size: isize) -> Result<Option<Vec<u8>>> {
    expand(bytes, tab_size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn centered_as_cpython_does() {
        let center =
            |s: &str, w| text_justify(Units::ascii(s), w, 0x2a, Justify::Center).map(|t| t.to_string_lossy());
        assert_eq!(center("abc", 6).as_deref(), Some("*abc**"));
        assert_eq!(center("ab", 5).as_deref(), Some("**ab*"));
        assert_eq!(center("ab", -5), None);
        assert_eq!(bytes_zfill(b"-12", 5), Some(b"-0012".to_vec()));
        assert_eq!(bytes_expandtabs(b"a\tb\n\tc", 4), Ok(Some(b"a   b\n    c".to_vec())));
        assert_eq!(bytes_expandtabs(b"a\tb", 0), Ok(Some(b"ab".to_vec())));
    }
}
