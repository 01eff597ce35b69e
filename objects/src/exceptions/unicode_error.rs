//! `UnicodeDecodeError`, `UnicodeEncodeError`, `UnicodeTranslateError`.
//!
//! Fields: 0 `encoding`, 1 `object`, 2 `start`, 3 `end`, 4 `reason`; `start` and `end` are ints of the machine word's range.

use taipan_gc::{Obj, Py};

use super::{PyBaseException, base, member, this};
use crate::argument::Args;
use crate::bytes::PyBytes;
use crate::construct::*;
use crate::error::*;
use crate::native::GetSetDef;
use crate::protocol;
use crate::str::PyStr;
use crate::type_object::{PyType, TypeSlots, class_of, ready};
use crate::types::{Types, types};

/// Raises `UnicodeDecodeError(encoding, object, start, end, reason)`; `object`: the bytes.
#[cold]
pub fn unicode_decode_error(encoding: &str, object: &Obj, start: usize, end: usize, reason: &str) -> Raised {
    coding_error(&types().unicode_decode_error, encoding, object, start, end, reason)
}

/// Raises `UnicodeEncodeError(encoding, object, start, end, reason)`; `object`: the text.
#[cold]
pub fn unicode_encode_error(encoding: &str, object: &Obj, start: usize, end: usize, reason: &str) -> Raised {
    coding_error(&types().unicode_encode_error, encoding, object, start, end, reason)
}

/// Raises `UnicodeTranslateError(object, start, end, reason)`.
#[cold]
pub fn unicode_translate_error(object: &Obj, start: usize, end: usize, reason: &str) -> Raised {
    let args = vec![object.clone(), int_obj(start as i64), int_obj(end as i64), str_obj(reason)];
    raise(PyBaseException::create(&types().unicode_translate_error, args))
}

fn coding_error(
    class: &Py<PyType>,
    encoding: &str,
    object: &Obj,
    start: usize,
    end: usize,
    reason: &str,
) -> Raised {
    let args =
        vec![str_obj(encoding), object.clone(), int_obj(start as i64), int_obj(end as i64), str_obj(reason)];
    raise(PyBaseException::create(class, args))
}

fn count(args: &Args<'_>, wanted: usize) -> PyResult<()> {
    let given = args.positional.len();
    if given == wanted {
        return Ok(());
    }
    Err(type_error(format!("function takes exactly {wanted} arguments ({given} given)")))
}

fn text(args: &Args<'_>, index: usize) -> PyResult<Obj> {
    let value = &args.positional[index];
    if value.is_layout::<PyStr>() {
        return Ok(value.clone());
    }
    let name = if crate::singletons::is_none(value) { "None".to_owned() } else { class_of(value).name() };
    Err(type_error(format!("argument {} must be str, not {name}", index + 1)))
}

fn position(args: &Args<'_>, index: usize) -> PyResult<Obj> {
    let value = &args.positional[index];
    match crate::int::int_ref(&protocol::index(value)?).and_then(|i| i.to_i64()) {
        Some(i) => Ok(int_obj(i)),
        None => Err(overflow_error("Python int too large to convert to C ssize_t")),
    }
}

fn store(obj: &Obj, fields: [Option<Obj>; 5]) -> PyResult<()> {
    let exception = this(obj)?;
    for (index, value) in fields.into_iter().enumerate() {
        exception.set_field(index, value);
    }
    Ok(())
}

fn decode_init(obj: &Obj, args: &Args<'_>) -> PyResult<()> {
    base::init(obj, args)?;
    count(args, 5)?;
    let (encoding, start, end) = (text(args, 0)?, position(args, 2)?, position(args, 3)?);
    let reason = text(args, 4)?;
    let mut object = args.positional[1].clone();
    if !object.is_layout::<PyBytes>() {
        if class_of(&object).slots.buffer().is_none() {
            return Err(type_error(format!(
                "a bytes-like object is required, not '{}'",
                class_of(&object).name()
            )));
        }
        object = protocol::call1(types().bytes.as_obj(), &object)?;
    }
    store(obj, [Some(encoding), Some(object), Some(start), Some(end), Some(reason)])
}

fn encode_init(obj: &Obj, args: &Args<'_>) -> PyResult<()> {
    base::init(obj, args)?;
    count(args, 5)?;
    let fields = [text(args, 0)?, text(args, 1)?, position(args, 2)?, position(args, 3)?, text(args, 4)?];
    store(obj, fields.map(Some))
}

fn translate_init(obj: &Obj, args: &Args<'_>) -> PyResult<()> {
    base::init(obj, args)?;
    count(args, 4)?;
    let (object, start, end, reason) =
        (text(args, 0)?, position(args, 1)?, position(args, 2)?, text(args, 3)?);
    store(obj, [None, Some(object), Some(start), Some(end), Some(reason)])
}

/// What all three texts are made of.
struct Parts {
    encoding: String,
    object: Obj,
    start: i64,
    end: i64,
    reason: String,
}

impl Parts {
    /// `None` when the exception was never initialized.
    fn of(obj: &Obj) -> PyResult<Option<Parts>> {
        let exception = this(obj)?;
        if exception.field(1).is_none() {
            return Ok(None);
        }
        let word = |index| {
            exception.field(index).and_then(|v| crate::int::int_ref(&v).and_then(|i| i.to_i64())).unwrap_or(0)
        };
        let shown = |index| protocol::str_string(&exception.field(index).unwrap_or_else(none));
        let (reason, encoding) = (shown(4)?, shown(0)?);
        // Only now: showing these may have changed it.
        let Some(object) = exception.field(1) else {
            return Err(type_error("UnicodeError 'object' attribute is not set"));
        };
        Ok(Some(Parts { encoding, object, start: word(2), end: word(3), reason }))
    }
    /// The index, if exactly one unit of `len` is meant.
    fn single(&self, len: usize) -> Option<usize> {
        let start = usize::try_from(self.start).ok()?;
        (start < len && self.end == self.start + 1).then_some(start)
    }
    fn range(&self) -> String {
        format!("{}-{}", self.start, self.end.wrapping_sub(1))
    }
    /// The one character that is meant, as an escape.
    fn character(&self) -> PyResult<Option<String>> {
        let Some(text) = self.object.downcast::<PyStr>() else {
            return Err(type_error("UnicodeError 'object' attribute must be a string"));
        };
        let Some(at) = self.single(text.len()) else { return Ok(None) };
        let code = text.units().at(at);
        Ok(Some(match code {
            0..=0xFF => format!("'\\x{code:02x}'"),
            0x100..=0xFFFF => format!("'\\u{code:04x}'"),
            _ => format!("'\\U{code:08x}'"),
        }))
    }
}

fn decode_str(obj: &Obj) -> PyResult<Obj> {
    let Some(parts) = Parts::of(obj)? else { return Ok(str_obj("")) };
    let Some(bytes) = parts.object.downcast::<PyBytes>() else {
        return Err(type_error("UnicodeError 'object' attribute must be a bytes"));
    };
    let bytes = bytes.as_slice();
    let (encoding, reason) = (&parts.encoding, &parts.reason);
    Ok(str_obj(&match parts.single(bytes.len()) {
        Some(at) => {
            format!("'{encoding}' codec can't decode byte 0x{:02x} in position {at}: {reason}", bytes[at])
        }
        None => format!("'{encoding}' codec can't decode bytes in position {}: {reason}", parts.range()),
    }))
}

fn encode_str(obj: &Obj) -> PyResult<Obj> {
    let Some(parts) = Parts::of(obj)? else { return Ok(str_obj("")) };
    let (encoding, reason) = (&parts.encoding, &parts.reason);
    Ok(str_obj(&match parts.character()? {
        Some(shown) => {
            format!("'{encoding}' codec can't encode character {shown} in position {}: {reason}", parts.start)
        }
        None => format!("'{encoding}' codec can't encode characters in position {}: {reason}", parts.range()),
    }))
}

fn translate_str(obj: &Obj) -> PyResult<Obj> {
    let Some(parts) = Parts::of(obj)? else { return Ok(str_obj("")) };
    let reason = &parts.reason;
    Ok(str_obj(&match parts.character()? {
        Some(shown) => format!("can't translate character {shown} in position {}: {reason}", parts.start),
        None => format!("can't translate characters in position {}: {reason}", parts.range()),
    }))
}

fn get_position<const I: usize>(obj: &Obj) -> PyResult<Obj> {
    Ok(this(obj)?.field(I).unwrap_or_else(|| int_obj(0)))
}

fn set_position<const I: usize>(obj: &Obj, value: Option<&Obj>) -> PyResult<()> {
    let Some(value) = value else { return Err(type_error("can't delete numeric/char attribute")) };
    let Some(int) = crate::int::int_ref(value) else { return Err(type_error("an integer is required")) };
    let Some(word) = int.to_i64() else {
        return Err(overflow_error("Python int too large to convert to C ssize_t"));
    };
    this(obj)?.set_field(I, Some(int_obj(word)));
    Ok(())
}

const fn position_member<const I: usize>(name: &'static str) -> GetSetDef {
    GetSetDef { name, get: get_position::<I>, set: Some(set_position::<I>), doc: "" }
}

static GETSET: &[GetSetDef] = &[
    member::<0>("encoding"),
    member::<1>("object"),
    position_member::<2>("start"),
    position_member::<3>("end"),
    member::<4>("reason"),
];

pub(super) fn fill(types: &Types) {
    let slots = |init, str_| TypeSlots {
        new: Some(base::new),
        init: Some(init),
        str_: Some(str_),
        ..TypeSlots::EMPTY
    };
    types.unicode_decode_error.slots.set_all(&slots(decode_init, decode_str));
    types.unicode_encode_error.slots.set_all(&slots(encode_init, encode_str));
    types.unicode_translate_error.slots.set_all(&slots(translate_init, translate_str));
    for class in [&types.unicode_decode_error, &types.unicode_encode_error, &types.unicode_translate_error] {
        ready::add_getset(class, GETSET);
    }
}
