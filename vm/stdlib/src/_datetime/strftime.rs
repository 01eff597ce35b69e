//! `strftime`: what the C library does not know is filled in before it is asked.

use taipan_objects::hooks;
use taipan_objects::native::is_none;
use taipan_objects::prelude::*;
use taipan_objects::str::is_exact_str;
use taipan_objects::tuple::PyTuple;
use taipan_text::{TextBuf, Units};

use super::delta::PyDelta;
use super::moment::{Clock, Day, ISO_LENGTH, format_offset, push_digits};

fn push(out: &mut TextBuf, text: &str) {
    out.push_str(text);
}

/// `obj.utcoffset()` as text; nothing if there is none.
fn offset_text(obj: &Obj, separator: &str) -> PyResult<String> {
    let Some(get) = getattr_opt(obj, &istr!("utcoffset"))? else { return Ok(String::new()) };
    let offset = call0(&get)?;
    Ok(offset.downcast::<PyDelta>().map_or_else(String::new, |delta| format_offset(delta.total(), separator)))
}

/// `obj.tzname()`, percent signs doubled.
fn push_zone_name(out: &mut TextBuf, obj: &Obj) -> PyResult<()> {
    let Some(get) = getattr_opt(obj, &istr!("tzname"))? else { return Ok(()) };
    let name = call0(&get)?;
    if is_none(&name) {
        return Ok(());
    }
    if !is_exact_str(&name) {
        let escaped = call_method_str(&name, "replace", &[str_obj("%"), str_obj("%%")])?;
        let Some(escaped) = escaped.downcast::<PyStr>() else {
            return Err(type_error("tzname.replace() did not return a string"));
        };
        out.push_units(escaped.units());
        return Ok(());
    }
    let Some(name) = name.downcast::<PyStr>() else { return Ok(()) };
    for code in name.units().iter() {
        if code == u32::from(b'%') {
            out.push(code);
        }
        out.push(code);
    }
    Ok(())
}

/// Formats with the fields that are the same in every locale; `None` if the format has others.
pub fn in_digits(day: Day, clock: Clock, format: &PyStr) -> Option<Obj> {
    // The C library does not fill up years with zeros.
    if day.year < 1000 {
        return None;
    }
    let mut out = String::with_capacity(ISO_LENGTH);
    let mut rest = format.as_utf8()?.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            0 => return None,
            b'%' => {}
            _ => {
                out.push(byte.into());
                continue;
            }
        }
        match rest.next()? {
            b'Y' => push_digits(&mut out, day.year.into(), 4),
            b'y' => push_digits(&mut out, (day.year % 100).into(), 2),
            b'm' => push_digits(&mut out, day.month.into(), 2),
            b'd' => push_digits(&mut out, day.day.into(), 2),
            b'F' => day.push_iso(&mut out),
            b'H' => push_digits(&mut out, clock.hour.into(), 2),
            b'M' => push_digits(&mut out, clock.minute.into(), 2),
            b'S' => push_digits(&mut out, clock.second.into(), 2),
            b'T' => clock.push_iso("seconds", &mut out).ok()?,
            b'f' => push_digits(&mut out, clock.micro, 6),
            b'%' => out.push('%'),
            _ => return None,
        }
    }
    Some(PyStr::from_string(out).into_obj())
}

/// `time.strftime(format, tuple)` for the moment `obj`.
pub fn strftime(obj: &Obj, format: Units<'_>, micro: u32, tuple: &Obj) -> PyResult<Obj> {
    let field = |index: usize| -> PyResult<i64> {
        use taipan_objects::native::FromArg;
        match tuple.downcast::<PyTuple>().and_then(|tuple| tuple.get(index)) {
            Some(field) => i64::from_arg(field),
            None => Err(type_error("timetuple() must return a tuple")),
        }
    };
    let time_strftime = hooks::module_attribute("time", "strftime")?.into_strong();
    let mut out = TextBuf::with_capacity(format.len() + 16);
    let mut codes = format.iter().peekable();
    while let Some(code) = codes.next() {
        if code != u32::from(b'%') {
            out.push(code);
            continue;
        }
        let Some(letter) = codes.next() else {
            out.push(code);
            break;
        };
        match char::from_u32(letter).unwrap_or('\0') {
            'f' => push(&mut out, &format!("{micro:06}")),
            'z' => push(&mut out, &offset_text(obj, "")?),
            'Z' => push_zone_name(&mut out, obj)?,
            ':' if codes.peek() == Some(&u32::from(b'z')) => {
                codes.next();
                push(&mut out, &offset_text(obj, ":")?);
            }
            // The C library does not fill up years with zeros.
            letter @ ('Y' | 'G' | 'F' | 'C') if field(0)? < 1000 => {
                let year = if letter == 'G' {
                    let text = call(&time_strftime, &[str_obj("%G"), tuple.clone()])?;
                    str_string(&text)?.trim().parse::<i64>().map_err(|_| value_error("Invalid year"))?
                } else {
                    field(0)?
                };
                match letter {
                    'C' => push(&mut out, &format!("{:02}", year / 100)),
                    'F' => push(&mut out, &format!("{year:04}-{:02}-{:02}", field(1)?, field(2)?)),
                    _ => push(&mut out, &format!("{year:04}")),
                }
            }
            _ => {
                out.push(code);
                out.push(letter);
            }
        }
    }
    call(&time_strftime, &[PyStr::from_units(out).into_obj(), tuple.clone()])
}
