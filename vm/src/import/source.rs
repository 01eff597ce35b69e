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
    if is_file && let Some(at) = body.iter().position(|b| *b == 0) {
        // Found line by line, in front of what is no text in a later line.
        if std::str::from_utf8(&body[..at]).is_ok() {
            return Err(null_bytes(filename, body, at));
        }
    }
    let encoding = declared_encoding(body);
    match encoding {
        Some(name) if bom && normal_name(&name) != "utf-8" => {
            let line =
                body.split(|b| *b == b'\n').position(|line| String::from_utf8_lossy(line).contains(&name));
            let number = line.unwrap_or(0);
            let text =
                body.split(|b| *b == b'\n').nth(number).map(String::from_utf8_lossy).unwrap_or_default();
            let message = format!("encoding problem: {name} with BOM");
            let width = text.chars().count() as i64;
            Err(in_line(&message, is_file.then_some(filename), number + 1, (0, width), &text))
        }
        Some(name) if !is_utf8_name(&name) => {
            let object = bytes_obj(body);
            let decoded = match codecs::decode_object(&object, &normal_name(&name), "strict") {
                Ok(decoded) => decoded,
                Err(Raised) if raised_is(&types().lookup_error) => {
                    let error = take_raised();
                    let text = str_string(&error)?;
                    let message = if text.contains("is not a text encoding") {
                        text
                    } else {
                        format!("unknown encoding: {name}")
                    };
                    return Err(located(message, filename));
                }
                Err(Raised) if raised_is(&types().unicode_error) => {
                    let error = take_raised();
                    return Err(located(str_string(&error)?, filename));
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
                if declared.is_none_or(|name| normal_name(&name) == "utf-8") {
                    let line = body[..at].iter().filter(|b| **b == b'\n').count();
                    let start = body[..at].iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
                    let before = String::from_utf8_lossy(&body[start..at]).chars().count() as i64;
                    let text = body.split(|b| *b == b'\n').nth(line).map(String::from_utf8_lossy);
                    let number = line + 1;
                    let file = if is_file { format!(" in file {filename}") } else { String::new() };
                    let message = format!(
                        "Non-UTF-8 code starting with '\\x{byte:02x}'{file} on line {number}, but no encoding \
                         declared; see https://peps.python.org/pep-0263/ for details"
                    );
                    let place = (before + 1, before + 1);
                    let name = is_file.then_some(filename);
                    return Err(in_line(&message, name, number, place, &text.unwrap_or_default()));
                }
                match codecs::decode_utf8(body) {
                    Err(Raised) => {
                        let error = take_raised();
                        Err(located(str_string(&error)?, filename))
                    }
                    Ok(text) => Ok(text.utf8()?.into_owned()),
                }
            }
        },
    }
}

/// A file has a null character: its line is shown up to there.
#[cold]
fn null_bytes(filename: &str, body: &[u8], at: usize) -> Raised {
    let line = body[..at].iter().filter(|b| **b == b'\n').count() + 1;
    let start = body[..at].iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
    let text = String::from_utf8_lossy(&body[start..at]);
    in_line("source code cannot contain null bytes", Some(filename), line, (0, 0), &text)
}

/// `utf-8` in its usual spellings; other names as they are.
fn normal_name(name: &str) -> String {
    let plain = name.to_ascii_lowercase().replace('_', "-");
    let known = ["utf-8", "iso-8859-1", "latin-1", "iso-latin-1"]
        .into_iter()
        .find(|known| plain.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with('-')));
    match known {
        Some("utf-8") => "utf-8".to_owned(),
        Some(_) => "iso-8859-1".to_owned(),
        None => name.to_owned(),
    }
}

#[cold]
fn located(message: String, filename: &str) -> Raised {
    let place = tuple_obj(vec![str_obj(filename), int_obj(0), int_obj(-1), none()]);
    raise_args(&types().syntax_error, vec![str_obj(&message), place])
}

/// A mistake in a line, from one character to another.
#[cold]
fn in_line(
    message: &str,
    filename: Option<&str>,
    line: usize,
    (offset, end_offset): (i64, i64),
    text: &str,
) -> Raised {
    let place = tuple_obj(vec![
        filename.map_or_else(none, str_obj),
        int_obj(line as i64),
        int_obj(offset),
        str_obj(text),
        int_obj(line as i64),
        int_obj(end_offset),
    ]);
    raise_args(&types().syntax_error, vec![str_obj(message), place])
}
