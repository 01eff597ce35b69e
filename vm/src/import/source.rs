//! Source text from bytes: byte order marks and coding declarations (PEP 263).

use taipan_objects::prelude::*;
use taipan_objects::str::codecs;

/// The encoding that a line declares in a comment: `coding[:=]\s*([-\w.]+)`.
fn declared(line: &[u8]) -> Option<String> {
    let start = line.iter().position(|b| !matches!(b, b' ' | b'\t' | 0x0C))?;
    if line[start] != b'#' {
        return None;
    }
    let mut at = start;
    while let Some(found) = line[at..].windows(6).position(|w| w == b"coding") {
        at += found + 6;
        if !matches!(line.get(at), Some(b':' | b'=')) {
            continue;
        }
        let rest = &line[at + 1..];
        let begin = rest.iter().position(|b| !matches!(b, b' ' | b'\t')).unwrap_or(rest.len());
        let name: Vec<u8> = rest[begin..]
            .iter()
            .copied()
            .take_while(|b| b.is_ascii_alphanumeric() || b"-_.".contains(b))
            .collect();
        if !name.is_empty() {
            return String::from_utf8(name).ok();
        }
    }
    None
}

fn is_blank(line: &[u8]) -> bool {
    let start = line.iter().position(|b| !matches!(b, b' ' | b'\t' | 0x0C)).unwrap_or(line.len());
    matches!(line.get(start), None | Some(b'#' | b'\r' | b'\n'))
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|b| *b == b'\n')
}

/// The encoding declared in the first two lines.
pub fn declared_encoding(bytes: &[u8]) -> Option<String> {
    let mut lines = lines(bytes);
    let first = lines.next()?;
    if let Some(name) = declared(first) {
        return Some(name);
    }
    if !is_blank(first) {
        return None;
    }
    declared(lines.next()?)
}

fn is_utf8_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('_', "-");
    name == "utf-8" || name.starts_with("utf-8-") || name == "utf8"
}

/// Decodes source bytes. `is_file`: errors name the file and line, as for a program, rather than the codec's failure.
pub fn decode(bytes: &[u8], filename: &str, is_file: bool) -> PyResult<String> {
    let (body, bom) = match bytes.strip_prefix(b"\xef\xbb\xbf") {
        Some(rest) => (rest, true),
        None => (bytes, false),
    };
    let encoding = declared_encoding(body);
    match encoding {
        Some(name) if bom && !is_utf8_name(&name) => {
            Err(located(format!("encoding problem: {name} with BOM"), filename, None))
        }
        Some(name) if !is_utf8_name(&name) => {
            let object = bytes_obj(body);
            let decoded = match codecs::decode_object(&object, &name, "strict") {
                Ok(decoded) => decoded,
                Err(Raised) if raised_is(&types().lookup_error) => {
                    drop(take_raised());
                    return Err(located(format!("unknown encoding: {name}"), filename, None));
                }
                Err(Raised) if raised_is(&types().unicode_error) => {
                    let error = take_raised();
                    return Err(located(format!("(unicode error) {}", str_string(&error)?), filename, None));
                }
                Err(raised) => return Err(raised),
            };
            match decoded.downcast::<PyStr>() {
                Some(text) => Ok(text.utf8()?.into_owned()),
                None => Err(type_error("decoder must return str")),
            }
        }
        declared => match std::str::from_utf8(body) {
            Ok(text) => Ok(text.to_owned()),
            Err(error) => {
                let at = error.valid_up_to();
                let byte = body[at];
                if is_file && declared.is_none() {
                    let line = body[..at].iter().filter(|b| **b == b'\n').count() + 1;
                    return Err(located(
                        format!(
                            "Non-UTF-8 code starting with '\\x{byte:02x}' on line {line}, but no encoding declared; \
                             see https://peps.python.org/pep-0263/ for details"
                        ),
                        filename,
                        Some(line),
                    ));
                }
                match codecs::decode_utf8(body) {
                    Err(Raised) => {
                        let error = take_raised();
                        Err(located(format!("(unicode error) {}", str_string(&error)?), filename, None))
                    }
                    Ok(text) => Ok(text.utf8()?.into_owned()),
                }
            }
        },
    }
}

#[cold]
fn located(message: String, filename: &str, line: Option<usize>) -> Raised {
    let place = tuple_obj(vec![str_obj(filename), int_obj(line.unwrap_or(0) as i64), int_obj(0), none()]);
    raise_args(&types().syntax_error, vec![str_obj(&message), place])
}
