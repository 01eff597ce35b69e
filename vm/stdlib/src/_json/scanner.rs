//! `_json.Scanner`: parses JSON text in place, at whatever width it is stored.

use std::sync::OnceLock;

use rustc_hash::FxHashMap;
use taipan_objects::dict::PyDict;
use taipan_objects::hooks;
use taipan_objects::int;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::type_object::{TypeBuilder, new_instance};
use taipan_text::units::Unit;
use taipan_text::{TextBuf, with_units};

/// `_json.Scanner`, alias `make_scanner`: the settings of one decoder.
#[repr(C)]
pub struct PyScanner {
    header: Header,
    strict: bool,
    /// `None` for None: then dicts stay as they are.
    object_hook: Option<Obj>,
    object_pairs_hook: Option<Obj>,
    parse_float: Obj,
    parse_int: Obj,
    parse_constant: Obj,
}
layout!(PyScanner, "Scanner", [object_hook, object_pairs_hook, parse_float, parse_int, parse_constant]);

pub fn class() -> &'static Py<PyType> {
    static CLASS: OnceLock<Py<PyType>> = OnceLock::new();
    CLASS.get_or_init(|| {
        TypeBuilder::new("_json.Scanner", PyScanner::ops())
            .slots(TypeSlots { new: Some(new), call: Some(call_scanner), ..TypeSlots::EMPTY })
            .getset(PyScanner::getset())
            .doc("JSON scanner object")
            .make()
    })
}

#[pyargs(name = "make_scanner", sig = "(context)")]
fn new(class: &Obj, context: &Obj) -> PyResult<Obj> {
    let Some(class) = class.downcast::<PyType>() else { return Err(type_error("expected a type")) };
    let strict = is_true(&getattr_str(context, "strict")?)?;
    let hook = |name: &str| -> PyResult<Option<Obj>> {
        let hook = getattr_str(context, name)?;
        Ok(if is_none(&hook) { None } else { Some(hook) })
    };
    let (object_hook, object_pairs_hook) = (hook("object_hook")?, hook("object_pairs_hook")?);
    let parse_float = getattr_str(context, "parse_float")?;
    let parse_int = getattr_str(context, "parse_int")?;
    let parse_constant = getattr_str(context, "parse_constant")?;
    Ok(new_instance(class, |header| PyScanner {
        header,
        strict,
        object_hook,
        object_pairs_hook,
        parse_float,
        parse_int,
        parse_constant,
    })
    .into_obj())
}

fn call_scanner(obj: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    scan(obj, args)
}

#[pyargs(name = "scan_once", sig = "(string, idx)")]
fn scan(obj: &Obj, string: &Obj, idx: isize) -> PyResult<Obj> {
    let Some(scanner) = obj.downcast::<PyScanner>() else { return Err(type_error("expected a Scanner")) };
    let Some(text) = string.downcast::<PyStr>() else {
        return Err(type_error(format!("first argument must be a string, not {}", class_of(string).name())));
    };
    let Ok(start) = usize::try_from(idx) else { return Err(value_error("idx cannot be negative")) };
    let (value, end) = with_units!(text.units(), text => Scan { scanner, string, text, keys: FxHashMap::default() }.value(start))?;
    Ok(tuple_obj(vec![value, int_obj(end as i64)]))
}

#[pymethods(class = "Scanner")]
impl PyScanner {
    #[pygetset]
    fn strict(&self) -> bool {
        self.strict
    }
    #[pygetset]
    fn object_hook(&self) -> Option<Obj> {
        self.object_hook.clone()
    }
    #[pygetset]
    fn object_pairs_hook(&self) -> Option<Obj> {
        self.object_pairs_hook.clone()
    }
    #[pygetset]
    fn parse_float(&self) -> Obj {
        self.parse_float.clone()
    }
    #[pygetset]
    fn parse_int(&self) -> Obj {
        self.parse_int.clone()
    }
    #[pygetset]
    fn parse_constant(&self) -> Obj {
        self.parse_constant.clone()
    }
}

/// Raises `JSONDecodeError(message, string, position)`.
#[cold]
fn decode_error(message: &str, string: &Obj, position: isize) -> Raised {
    let make = || -> PyResult<Obj> {
        let class = hooks::module_attribute("json.decoder", "JSONDecodeError")?;
        call(&class, &[str_obj(message), string.clone(), int_obj(position as i64)])
    };
    match make() {
        Ok(error) => raise(error),
        Err(raised) => raised,
    }
}

/// "Expecting value": the decoder waits for this.
#[cold]
fn no_value(at: usize) -> Raised {
    stop_iteration(Some(int_obj(at as i64)))
}

fn hex4<U: Unit>(text: &[U]) -> Option<u32> {
    text.iter().try_fold(0, |n, u| char::from_u32(u.code()).and_then(|c| c.to_digit(16)).map(|d| n << 4 | d))
}

/// The string whose opening quote is before `begin`; and the position after its closing quote.
pub fn scan_string<U: Unit>(
    string: &Obj,
    text: &[U],
    begin: usize,
    strict: bool,
) -> PyResult<(Py<PyStr>, usize)> {
    let stop = |u: &U| matches!(u.code(), 0x22 | 0x5c) || (u.code() < 0x20);
    let mut built = TextBuf::new();
    let mut from = begin;
    let mut at = begin;
    let unterminated = || decode_error("Unterminated string starting at", string, begin as isize - 1);
    loop {
        let Some(found) = text.get(at..).and_then(|rest| rest.iter().position(stop)) else {
            return Err(unterminated());
        };
        at += found;
        match text[at].code() {
            0x22 => {
                let part = U::wrap(&text[from..at]);
                if built.is_empty() {
                    return Ok((PyStr::from_slice(part), at + 1));
                }
                built.push_units(part);
                return Ok((PyStr::from_units(built), at + 1));
            }
            0x5c => {
                built.push_units(U::wrap(&text[from..at]));
                let Some(escape) = text.get(at + 1) else { return Err(unterminated()) };
                let code = match escape.code() {
                    c @ (0x22 | 0x5c | 0x2f) => c,
                    0x62 => 8,
                    0x66 => 12,
                    0x6e => 10,
                    0x72 => 13,
                    0x74 => 9,
                    0x75 => {
                        let bad = || decode_error("Invalid \\uXXXX escape", string, at as isize + 1);
                        if at + 6 >= text.len() {
                            return Err(unterminated());
                        }
                        let mut code = text.get(at + 2..at + 6).and_then(hex4).ok_or_else(bad)?;
                        at += 4;
                        if (0xd800..0xdc00).contains(&code)
                            && text.get(at + 2).is_some_and(|u| u.code() == 0x5c)
                            && text.get(at + 3).is_some_and(|u| u.code() == 0x75)
                            && let Some(low @ 0xdc00..0xe000) = text.get(at + 4..at + 8).and_then(hex4)
                        {
                            code = 0x10000 + ((code & 0x3ff) << 10 | low & 0x3ff);
                            at += 6;
                        }
                        code
                    }
                    _ => return Err(decode_error("Invalid \\escape", string, at as isize)),
                };
                built.push(code);
                at += 2;
                from = at;
            }
            _ if strict => return Err(decode_error("Invalid control character at", string, at as isize)),
            _ => at += 1,
        }
    }
}

/// One parse of one text.
struct Scan<'a, U: Unit> {
    scanner: &'a PyScanner,
    string: &'a Obj,
    text: &'a [U],
    /// Keys seen, so that equal ones are one object.
    keys: FxHashMap<&'a [U], Obj>,
}

impl<U: Unit> Scan<'_, U> {
    #[inline]
    fn code(&self, at: usize) -> u32 {
        // The end reads as a character that nothing expects.
        self.text.get(at).map_or(u32::MAX, |u| u.code())
    }
    #[inline]
    fn skip(&self, mut at: usize) -> usize {
        while matches!(self.code(at), 0x20 | 9 | 10 | 13) {
            at += 1;
        }
        at
    }
    fn is(&self, at: usize, word: &str) -> bool {
        self.text
            .get(at..at + word.len())
            .is_some_and(|t| t.iter().zip(word.bytes()).all(|(u, b)| u.code() == u32::from(b)))
    }
    fn error(&self, message: &str, at: usize) -> Raised {
        decode_error(message, self.string, at as isize)
    }

    fn value(&mut self, at: usize) -> PyResult<(Obj, usize)> {
        match char::from_u32(self.code(at)).unwrap_or('\0') {
            '"' => scan_string(self.string, self.text, at + 1, self.scanner.strict)
                .map(|(s, end)| (s.into_obj(), end)),
            '{' => {
                enter_native_while(" while decoding a JSON object from a unicode string")?;
                self.object(at + 1)
            }
            '[' => {
                enter_native_while(" while decoding a JSON array from a unicode string")?;
                self.array(at + 1)
            }
            'n' if self.is(at, "null") => Ok((none(), at + 4)),
            't' if self.is(at, "true") => Ok((bool_obj(true), at + 4)),
            'f' if self.is(at, "false") => Ok((bool_obj(false), at + 5)),
            'N' if self.is(at, "NaN") => self.constant("NaN", at),
            'I' if self.is(at, "Infinity") => self.constant("Infinity", at),
            '-' if self.is(at, "-Infinity") => self.constant("-Infinity", at),
            '-' | '0'..='9' => self.number(at),
            _ => Err(no_value(at)),
        }
    }

    fn constant(&self, name: &str, at: usize) -> PyResult<(Obj, usize)> {
        Ok((call1(&self.scanner.parse_constant, &str_obj(name))?, at + name.len()))
    }

    fn number(&self, start: usize) -> PyResult<(Obj, usize)> {
        let digits = |mut at: usize| {
            while matches!(self.code(at), 0x30..=0x39) {
                at += 1;
            }
            at
        };
        let whole = start + usize::from(self.code(start) == u32::from(b'-'));
        let mut end = match self.code(whole) {
            0x30 => whole + 1,
            0x31..=0x39 => digits(whole + 1),
            _ => return Err(no_value(start)),
        };
        let mut real = false;
        if self.code(end) == u32::from(b'.') && matches!(self.code(end + 1), 0x30..=0x39) {
            real = true;
            end = digits(end + 2);
        }
        if matches!(self.code(end), 0x65 | 0x45) {
            let sign = usize::from(matches!(self.code(end + 1), 0x2b | 0x2d));
            let after = digits(end + 1 + sign);
            if after > end + 1 + sign {
                real = true;
                end = after;
            }
        }
        let text: smallvec::SmallVec<[u8; 32]> =
            self.text[start..end].iter().map(|u| u.code() as u8).collect();
        let parse = if real { &self.scanner.parse_float } else { &self.scanner.parse_int };
        let value = if real && parse.is(types().float.as_obj()) {
            float_obj(taipan_text::float_parse::parse_float_bytes(&text)?)
        } else if !real && parse.is(types().int.as_obj()) {
            match std::str::from_utf8(&text).ok().filter(|t| t.len() < 19).and_then(|t| t.parse().ok()) {
                Some(small) => int_obj(small),
                None => int::from_parsed(taipan_text::int_text::parse_int_bytes(
                    &text,
                    10,
                    int::max_str_digits(),
                )?),
            }
        } else {
            call1(parse, PyStr::from_latin1(&text).as_obj())?
        };
        Ok((value, end))
    }

    fn key(&mut self, at: usize) -> PyResult<(Obj, usize)> {
        let (key, end) = scan_string(self.string, self.text, at, self.scanner.strict)?;
        let source = &self.text[at..end - 1];
        let key = self.keys.entry(source).or_insert_with(|| key.into_obj()).clone();
        Ok((key, end))
    }

    fn object(&mut self, at: usize) -> PyResult<(Obj, usize)> {
        let dict = PyDict::new();
        let mut pairs = self.scanner.object_pairs_hook.as_ref().map(|_| Vec::new());
        let mut at = self.skip(at);
        if self.code(at) != u32::from(b'}') {
            loop {
                if self.code(at) != u32::from(b'"') {
                    return Err(self.error("Expecting property name enclosed in double quotes", at));
                }
                let (key, end) = self.key(at + 1)?;
                at = self.skip(end);
                if self.code(at) != u32::from(b':') {
                    return Err(self.error("Expecting ':' delimiter", at));
                }
                let (value, end) = self.value(self.skip(at + 1))?;
                match &mut pairs {
                    Some(pairs) => pairs.push(tuple_obj(vec![key, value])),
                    None => dict.set(key, value)?,
                }
                at = self.skip(end);
                match self.code(at) {
                    0x7d => break,
                    0x2c => {}
                    _ => return Err(self.error("Expecting ',' delimiter", at)),
                }
                let comma = at;
                at = self.skip(at + 1);
                if self.code(at) == u32::from(b'}') {
                    return Err(self.error("Illegal trailing comma before end of object", comma));
                }
            }
        }
        let value = match (&self.scanner.object_pairs_hook, pairs, &self.scanner.object_hook) {
            (Some(hook), Some(pairs), _) => call1(hook, &list_obj(pairs))?,
            (_, _, Some(hook)) => call1(hook, dict.as_obj())?,
            _ => dict.into_obj(),
        };
        Ok((value, at + 1))
    }

    fn array(&mut self, at: usize) -> PyResult<(Obj, usize)> {
        let mut items = Vec::new();
        let mut at = self.skip(at);
        if self.code(at) != u32::from(b']') {
            loop {
                let (value, end) = self.value(at)?;
                items.push(value);
                at = self.skip(end);
                match self.code(at) {
                    0x5d => break,
                    0x2c => {}
                    _ => return Err(self.error("Expecting ',' delimiter", at)),
                }
                let comma = at;
                at = self.skip(at + 1);
                if self.code(at) == u32::from(b']') {
                    return Err(self.error("Illegal trailing comma before end of array", comma));
                }
            }
        }
        Ok((list_obj(items), at + 1))
    }
}
