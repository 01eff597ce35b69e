//! `binascii`: conversion between bytes and several encodings in ASCII, and checksums.

use std::sync::OnceLock;

use taipan_objects::buffer;
use taipan_objects::bytes::{PyBytes, shared};
use taipan_objects::int::int_ref;
use taipan_objects::native::*;
use taipan_objects::prelude::*;

use crate::new_exception::new_exception;

fn error_class() -> &'static Py<PyType> {
    static CLASS: OnceLock<Py<PyType>> = OnceLock::new();
    CLASS.get_or_init(|| new_exception("binascii.Error", &types().value_error))
}

fn incomplete_class() -> &'static Py<PyType> {
    static CLASS: OnceLock<Py<PyType>> = OnceLock::new();
    CLASS.get_or_init(|| new_exception("binascii.Incomplete", &types().exception))
}

#[cold]
fn error(text: impl AsRef<str>) -> Raised {
    raise_message(error_class(), text)
}

/// Runs `f` on bytes or ASCII text.
fn with_ascii<R>(data: &Obj, f: impl FnOnce(&[u8]) -> PyResult<R>) -> PyResult<R> {
    if let Some(text) = data.downcast::<PyStr>() {
        return match text.as_utf8() {
            Some(text) => f(text.as_bytes()),
            None => Err(value_error("string argument should contain only ASCII characters")),
        };
    }
    if !buffer::has_buffer(data) {
        return Err(type_error(format!(
            "argument should be bytes, buffer or ASCII string, not '{}'",
            class_of(data).name()
        )));
    }
    buffer::with_bytes(data, f)?
}

fn bytes(data: Vec<u8>) -> Obj {
    PyBytes::from_vec(data).into_obj()
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

const NO_DIGIT: u8 = 0xff;

const BASE64_VALUES: [u8; 256] = {
    let mut table = [NO_DIGIT; 256];
    let mut i = 0;
    while i < 64 {
        table[BASE64[i] as usize] = i as u8;
        i += 1;
    }
    table
};

fn decode_base64(input: &[u8], strict: bool) -> PyResult<Vec<u8>> {
    let mut out = Vec::with_capacity(input.len() / 4 * 3 + 3);
    let (mut position, mut left, mut pads) = (0u32, 0u8, 0u32);
    for (i, &byte) in input.iter().enumerate() {
        if byte == b'=' {
            pads += 1;
            if (position >= 2 && position + pads <= 4) || !strict {
                continue;
            }
            if position == 1 {
                break;
            }
            return Err(error(if position == 0 && i == 0 {
                "Leading padding not allowed"
            } else {
                "Excess padding not allowed"
            }));
        }
        let value = BASE64_VALUES[byte as usize];
        if value == NO_DIGIT {
            if strict {
                return Err(error("Only base64 data is allowed"));
            }
            continue;
        }
        if strict && pads > 0 {
            return Err(error(if position + pads == 4 {
                "Excess data after padding"
            } else {
                "Discontinuous padding not allowed"
            }));
        }
        pads = 0;
        match position {
            0 => left = value,
            1 => {
                out.push(left << 2 | value >> 4);
                left = value & 0x0f;
            }
            2 => {
                out.push(left << 4 | value >> 2);
                left = value & 0x03;
            }
            _ => out.push(left << 6 | value),
        }
        position = (position + 1) & 3;
    }
    if position == 1 {
        return Err(error(format!(
            "Invalid base64-encoded string: number of data characters ({}) cannot be 1 more than a multiple of 4",
            out.len() / 3 * 4 + 1
        )));
    }
    if position != 0 && position + pads < 4 {
        return Err(error("Incorrect padding"));
    }
    Ok(out)
}

fn encode_base64(input: &[u8], newline: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(input.len().div_ceil(3) * 4 + 1);
    let digit = |n: u32| BASE64[(n & 63) as usize];
    let chunks = input.chunks_exact(3);
    let rest = chunks.remainder();
    for c in chunks {
        let n = u32::from(c[0]) << 16 | u32::from(c[1]) << 8 | u32::from(c[2]);
        out.extend_from_slice(&[digit(n >> 18), digit(n >> 12), digit(n >> 6), digit(n)]);
    }
    match *rest {
        [a] => out.extend_from_slice(&[digit(u32::from(a) >> 2), digit(u32::from(a) << 4), b'=', b'=']),
        [a, b] => {
            let n = u32::from(a) << 8 | u32::from(b);
            out.extend_from_slice(&[digit(n >> 10), digit(n >> 4), digit(n << 2), b'=']);
        }
        _ => {}
    }
    if newline {
        out.push(b'\n');
    }
    out
}

fn hex_digit(byte: u8) -> Option<u8> {
    (byte as char).to_digit(16).map(|d| d as u8)
}

fn decode_hex(input: &[u8]) -> PyResult<Vec<u8>> {
    if input.len() % 2 != 0 {
        return Err(error("Odd-length string"));
    }
    input
        .chunks_exact(2)
        .map(|pair| match (hex_digit(pair[0]), hex_digit(pair[1])) {
            (Some(high), Some(low)) => Ok(high << 4 | low),
            _ => Err(error("Non-hexadecimal digit found")),
        })
        .collect()
}

fn encode_hex(data: &Obj, sep: Option<&Obj>, bytes_per_sep: i32) -> PyResult<Obj> {
    let text = buffer::with_bytes(data, |bytes| shared::hex(bytes, sep, bytes_per_sep as isize))??;
    Ok(match text.downcast::<PyStr>().and_then(PyStr::as_utf8) {
        Some(digits) => bytes_obj(digits.as_bytes()),
        None => text,
    })
}

fn decode_uu(input: &[u8]) -> PyResult<Vec<u8>> {
    let Some((&first, mut rest)) = input.split_first() else { return Err(error("Missing length byte")) };
    let len = usize::from(first.wrapping_sub(b' ') & 0x3f);
    let mut out = Vec::with_capacity(len);
    let (mut bits, mut left) = (0, 0u32);
    while out.len() < len {
        let value = match rest.split_first() {
            None => 0,
            Some((&byte, tail)) => {
                rest = tail;
                match byte {
                    // Spaces at the end of the line may have been lost.
                    b'\n' | b'\r' => 0,
                    b' '..=b'`' => (byte - b' ') & 0x3f,
                    _ => return Err(error("Illegal char")),
                }
            }
        };
        left = left << 6 | u32::from(value);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push((left >> bits) as u8);
            left &= (1 << bits) - 1;
        }
    }
    if rest.iter().any(|c| !matches!(c, b' ' | b'`' | b'\n' | b'\r')) {
        return Err(error("Trailing garbage"));
    }
    Ok(out)
}

fn encode_uu(input: &[u8], backtick: bool) -> PyResult<Vec<u8>> {
    if input.len() > 45 {
        return Err(error("At most 45 bytes at once"));
    }
    let digit = |n: u8| if backtick && n == 0 { b'`' } else { b' ' + n };
    let mut out = vec![digit(input.len() as u8)];
    for c in input.chunks(3) {
        let at = |i: usize| c.get(i).copied().unwrap_or(0);
        out.extend_from_slice(&[
            digit(at(0) >> 2),
            digit((at(0) & 3) << 4 | at(1) >> 4),
            digit((at(1) & 15) << 2 | at(2) >> 6),
            digit(at(2) & 63),
        ]);
    }
    out.push(b'\n');
    Ok(out)
}

fn decode_qp(input: &[u8], header: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(input.len());
    let mut i = 0;
    while i < input.len() {
        match input[i] {
            b'=' => {
                i += 1;
                match input.get(i) {
                    None => break,
                    Some(b'\n' | b'\r') => {
                        while i < input.len() && input[i] != b'\n' {
                            i += 1;
                        }
                        i += 1;
                    }
                    Some(b'=') => {
                        out.push(b'=');
                        i += 1;
                    }
                    Some(&high) => {
                        match (hex_digit(high), input.get(i + 1).and_then(|&low| hex_digit(low))) {
                            (Some(high), Some(low)) => {
                                out.push(high << 4 | low);
                                i += 2;
                            }
                            _ => out.push(b'='),
                        }
                    }
                }
            }
            b'_' if header => {
                out.push(b' ');
                i += 1;
            }
            byte => {
                out.push(byte);
                i += 1;
            }
        }
    }
    out
}

/// Longest line of quoted-printable text.
const QP_LINE: usize = 76;

fn encode_qp(input: &[u8], quotetabs: bool, istext: bool, header: bool) -> Vec<u8> {
    fn hex(out: &mut Vec<u8>, byte: u8) {
        out.push(b'=');
        out.extend_from_slice(format!("{byte:02X}").as_bytes());
    }
    // The first line end decides what the ones added look like.
    let crlf = input.iter().position(|&c| c == b'\n').is_some_and(|p| p > 0 && input[p - 1] == b'\r');
    let newline: &[u8] = if crlf { b"\r\n" } else { b"\n" };
    let mut out = Vec::with_capacity(input.len() + input.len() / 8);
    let (mut i, mut column) = (0, 0);
    while i < input.len() {
        let byte = input[i];
        let next = input.get(i + 1).copied();
        let quoted = byte > 126
            || byte == b'='
            || (header && byte == b'_')
            || (byte == b'.' && column == 0 && matches!(next, None | Some(b'\n' | b'\r' | 0)))
            || (!istext && matches!(byte, b'\r' | b'\n'))
            || (matches!(byte, b'\t' | b' ') && next.is_none())
            || (byte < 33 && !matches!(byte, b'\r' | b'\n') && (quotetabs || !matches!(byte, b'\t' | b' ')));
        if quoted {
            if column + 3 >= QP_LINE {
                out.push(b'=');
                out.extend_from_slice(newline);
                column = 0;
            }
            hex(&mut out, byte);
            column += 3;
            i += 1;
        } else if istext && (byte == b'\n' || (byte == b'\r' && next == Some(b'\n'))) {
            column = 0;
            if let Some(&last @ (b' ' | b'\t')) = out.last() {
                out.pop();
                hex(&mut out, last);
            }
            out.extend_from_slice(newline);
            i += if byte == b'\r' { 2 } else { 1 };
        } else {
            if next.is_some_and(|n| n != b'\n') && column + 1 >= QP_LINE {
                out.push(b'=');
                out.extend_from_slice(newline);
                column = 0;
            }
            column += 1;
            out.push(if header && byte == b' ' { b'_' } else { byte });
            i += 1;
        }
    }
    out
}

/// The low 32 bits of an int argument.
pub fn low_word(value: &Obj) -> PyResult<u32> {
    let value = index(value)?;
    Ok(int_ref(&value).map_or(0, |i| i.wrapping_u64()) as u32)
}

/// Conversion between binary data and ASCII
#[pymodule(name = "binascii")]
mod items {
    use super::*;

    #[pyattr(name = "Error")]
    fn error_() -> Obj {
        error_class().as_obj().clone()
    }
    #[pyattr(name = "Incomplete")]
    fn incomplete() -> Obj {
        incomplete_class().as_obj().clone()
    }

    /// Decode a line of uuencoded data.
    #[pyfunction]
    fn a2b_uu(data: &Obj) -> PyResult<Obj> {
        with_ascii(data, decode_uu).map(super::bytes)
    }
    /// Uuencode a line of data.
    #[pyfunction(sig = "(data, /, *, backtick=False)")]
    fn b2a_uu(data: &Obj, backtick: bool) -> PyResult<Obj> {
        buffer::with_bytes(data, |data| encode_uu(data, backtick))?.map(super::bytes)
    }
    /// Decode base64 data; in strict mode, refuse everything that does not belong there.
    #[pyfunction(sig = "(data, /, *, strict_mode=False)")]
    fn a2b_base64(data: &Obj, strict_mode: bool) -> PyResult<Obj> {
        with_ascii(data, |data| decode_base64(data, strict_mode)).map(super::bytes)
    }
    /// Encode data in base64, by default with a newline at the end.
    #[pyfunction(sig = "(data, /, *, newline=True)")]
    fn b2a_base64(data: &Obj, newline: bool) -> PyResult<Obj> {
        buffer::with_bytes(data, |data| encode_base64(data, newline)).map(super::bytes)
    }
    /// Bytes of hexadecimal digits.
    #[pyfunction]
    fn a2b_hex(hexstr: &Obj) -> PyResult<Obj> {
        with_ascii(hexstr, decode_hex).map(super::bytes)
    }
    /// Bytes of hexadecimal digits.
    #[pyfunction]
    fn unhexlify(hexstr: &Obj) -> PyResult<Obj> {
        with_ascii(hexstr, decode_hex).map(super::bytes)
    }
    /// Hexadecimal digits of bytes, perhaps with a separator between groups of them.
    #[pyfunction(sig = "(data, sep=<unrepresentable>, bytes_per_sep=1)")]
    fn b2a_hex(data: &Obj, sep: Option<&Obj>, bytes_per_sep: i32) -> PyResult<Obj> {
        encode_hex(data, sep, bytes_per_sep)
    }
    /// Hexadecimal digits of bytes, perhaps with a separator between groups of them.
    #[pyfunction(sig = "(data, sep=<unrepresentable>, bytes_per_sep=1)")]
    fn hexlify(data: &Obj, sep: Option<&Obj>, bytes_per_sep: i32) -> PyResult<Obj> {
        encode_hex(data, sep, bytes_per_sep)
    }
    /// Compute CRC-CCITT incrementally.
    #[pyfunction]
    fn crc_hqx(data: &Obj, crc: &Obj) -> PyResult<u32> {
        let start = low_word(crc)? & 0xffff;
        buffer::with_bytes(data, |data| {
            data.iter().fold(start, |crc, &byte| {
                (0..8).fold(crc ^ u32::from(byte) << 8, |c, _| {
                    if c & 0x8000 != 0 { (c << 1 ^ 0x1021) & 0xffff } else { c << 1 }
                })
            })
        })
    }
    /// Compute CRC-32 incrementally.
    #[pyfunction(sig = "(data, crc=0, /)")]
    fn crc32(data: &Obj, crc: Option<&Obj>) -> PyResult<u32> {
        let start = match crc {
            Some(crc) => low_word(crc)?,
            None => 0,
        };
        buffer::with_bytes(data, |data| {
            let mut hasher = crc32fast::Hasher::new_with_initial(start);
            hasher.update(data);
            hasher.finalize()
        })
    }
    /// Decode a string of quoted-printable data.
    #[pyfunction(sig = "(data, header=False)")]
    fn a2b_qp(data: &Obj, header: bool) -> PyResult<Obj> {
        with_ascii(data, |data| Ok(decode_qp(data, header))).map(super::bytes)
    }
    /// Encode data in quoted-printable.
    #[pyfunction(sig = "(data, quotetabs=False, istext=True, header=False)")]
    fn b2a_qp(data: &Obj, quotetabs: bool, istext: bool, header: bool) -> PyResult<Obj> {
        buffer::with_bytes(data, |data| encode_qp(data, quotetabs, istext, header)).map(super::bytes)
    }
}
