//! `_json.Encoder`: writes a value as JSON into one buffer.

use std::sync::OnceLock;

use rustc_hash::FxHashSet;
use taipan_objects::dict::{PyDict, exact_dict};
use taipan_objects::exceptions::add_note;
use taipan_objects::float::float_value;
use taipan_objects::int::{self, IntRef, int_ref};
use taipan_objects::list::PyList;
use taipan_objects::native::*;
use taipan_objects::native_function::PyNativeFunction;
use taipan_objects::prelude::*;
use taipan_objects::singletons::{is_false, is_true as is_true_singleton};
use taipan_objects::tuple::PyTuple;
use taipan_objects::type_object::{TypeBuilder, new_instance};
use taipan_text::{TextBuf, Units};

/// How strings are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quote {
    Ascii,
    Unicode,
    /// By calling `encoder`.
    Call,
}

/// `_json.Encoder`, alias `make_encoder`: the settings of one encoder.
#[repr(C)]
pub struct PyEncoder {
    header: Header,
    /// A dict: look out for circular references.
    markers: Obj,
    default: Obj,
    encoder: Obj,
    indent: Obj,
    key_separator: Py<PyStr>,
    item_separator: Py<PyStr>,
    sort_keys: bool,
    skipkeys: bool,
    allow_nan: bool,
    quote: Quote,
}
layout!(PyEncoder, "Encoder", [markers, default, encoder, indent, key_separator, item_separator]);

pub fn class() -> &'static Py<PyType> {
    static CLASS: OnceLock<Py<PyType>> = OnceLock::new();
    CLASS.get_or_init(|| {
        TypeBuilder::new("_json.Encoder", PyEncoder::ops())
            .slots(TypeSlots { new: Some(new), call: Some(call_encoder), ..TypeSlots::EMPTY })
            .getset(PyEncoder::getset())
            .doc("Encoder(markers, default, encoder, indent, key_separator, item_separator, sort_keys, skipkeys, allow_nan)")
            .make()
    })
}

#[pyargs(
    name = "make_encoder",
    sig = "(markers, default, encoder, indent, key_separator, item_separator, sort_keys, skipkeys, allow_nan)"
)]
#[allow(clippy::too_many_arguments)]
fn new(
    class: &Obj,
    markers: Obj,
    default: Obj,
    encoder: Obj,
    indent: Obj,
    key_separator: Py<PyStr>,
    item_separator: Py<PyStr>,
    sort_keys: bool,
    skipkeys: bool,
    allow_nan: bool,
) -> PyResult<Obj> {
    let Some(class) = class.downcast::<PyType>() else { return Err(type_error("expected a type")) };
    if !is_none(&markers) && !markers.is_layout::<PyDict>() {
        return Err(type_error(format!(
            "make_encoder() argument 1 must be dict or None, not {}",
            class_of(&markers).name()
        )));
    }
    let quote = match encoder.downcast::<PyNativeFunction>() {
        Some(function) => {
            let is = |name: &str| {
                super::MODULE.functions.iter().any(|def| def.name == name && std::ptr::eq(def, function.def))
            };
            match (is("encode_basestring_ascii"), is("encode_basestring")) {
                (true, _) => Quote::Ascii,
                (_, true) => Quote::Unicode,
                _ => Quote::Call,
            }
        }
        None => Quote::Call,
    };
    Ok(new_instance(class, |header| PyEncoder {
        header,
        markers,
        default,
        encoder,
        indent,
        key_separator,
        item_separator,
        sort_keys,
        skipkeys,
        allow_nan,
        quote,
    })
    .into_obj())
}

fn call_encoder(obj: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    encode(obj, args)
}

#[pyargs(name = "_iterencode", sig = "(obj, _current_indent_level)")]
fn encode(encoder: &Obj, obj: &Obj, _current_indent_level: isize) -> PyResult<Obj> {
    let Some(this) = encoder.downcast::<PyEncoder>() else { return Err(type_error("expected an Encoder")) };
    let indent = match this.indent.downcast::<PyStr>() {
        Some(indent) => Some(indent.units()),
        None if is_none(&this.indent) => None,
        None => {
            return Err(type_error(format!(
                "indent must be a string, not {}",
                class_of(&this.indent).name()
            )));
        }
    };
    let mut writer = Writer { this, indent, out: TextBuf::new(), open: FxHashSet::default() };
    writer.value(obj, _current_indent_level.max(0) as usize)?;
    Ok(tuple_obj(vec![PyStr::from_units(writer.out).into_obj()]))
}

#[pymethods(class = "Encoder")]
impl PyEncoder {
    #[pygetset]
    fn markers(&self) -> Obj {
        self.markers.clone()
    }
    #[pygetset]
    fn default(&self) -> Obj {
        self.default.clone()
    }
    #[pygetset]
    fn encoder(&self) -> Obj {
        self.encoder.clone()
    }
    #[pygetset]
    fn indent(&self) -> Obj {
        self.indent.clone()
    }
    #[pygetset]
    fn key_separator(&self) -> Obj {
        self.key_separator.as_obj().clone()
    }
    #[pygetset]
    fn item_separator(&self) -> Obj {
        self.item_separator.as_obj().clone()
    }
    #[pygetset]
    fn sort_keys(&self) -> bool {
        self.sort_keys
    }
    #[pygetset]
    fn skipkeys(&self) -> bool {
        self.skipkeys
    }
}

/// The letter of a short escape.
fn short_escape(code: u32) -> Option<u8> {
    Some(match code {
        0x22 => b'"',
        0x5c => b'\\',
        8 => b'b',
        12 => b'f',
        10 => b'n',
        13 => b'r',
        9 => b't',
        _ => return None,
    })
}

fn push_escape(out: &mut TextBuf, code: u32) {
    let mut unit = |unit: u32| {
        let digit = |shift: u32| b"0123456789abcdef"[(unit >> shift & 15) as usize];
        out.push_latin1(&[b'\\', b'u', digit(12), digit(8), digit(4), digit(0)]);
    };
    if code < 0x10000 {
        unit(code);
    } else {
        let offset = code - 0x10000;
        unit(0xd800 | offset >> 10);
        unit(0xdc00 | offset & 0x3ff);
    }
}

/// Appends text as a JSON string; with `ascii`, everything else is escaped.
pub fn push_quoted(out: &mut TextBuf, text: Units<'_>, ascii: bool) {
    out.push(u32::from(b'"'));
    if let Units::Latin1(bytes) = text
        && bytes.iter().all(|&b| b >= 0x20 && b != b'"' && b != b'\\' && (!ascii || b < 0x7f))
    {
        out.push_latin1(bytes);
    } else {
        for code in text.iter() {
            match short_escape(code) {
                Some(letter) => out.push_latin1(&[b'\\', letter]),
                None if code < 0x20 || (ascii && code > 0x7e) => push_escape(out, code),
                None => out.push(code),
            }
        }
    }
    out.push(u32::from(b'"'));
}

/// Adds the note that tells where in the value an error happened.
#[cold]
fn noted(note: impl FnOnce() -> String) -> Raised {
    let exception = take_raised();
    if add_note(&exception, &str_obj(&note())).is_err() {
        drop(take_raised());
    }
    set_raised(exception)
}

/// One value being written.
struct Writer<'a> {
    this: &'a PyEncoder,
    indent: Option<Units<'a>>,
    out: TextBuf,
    /// Addresses of the containers around the current value.
    open: FxHashSet<u64>,
}

impl Writer<'_> {
    fn quoted(&mut self, text: &Obj) -> PyResult<()> {
        if let (Some(own), quote @ (Quote::Ascii | Quote::Unicode)) =
            (text.downcast::<PyStr>(), self.this.quote)
        {
            push_quoted(&mut self.out, own.units(), quote == Quote::Ascii);
            return Ok(());
        }
        let encoded = call1(&self.this.encoder, text)?;
        let Some(encoded) = encoded.downcast::<PyStr>() else {
            return Err(type_error(format!(
                "encoder() must return a string, not {}",
                class_of(&encoded).name()
            )));
        };
        self.out.push_units(encoded.units());
        Ok(())
    }

    fn float_text(&self, x: f64) -> PyResult<String> {
        if x.is_finite() {
            return Ok(taipan_text::float_repr::repr(x));
        }
        if !self.this.allow_nan {
            return Err(value_error(format!(
                "Out of range float values are not JSON compliant: {}",
                taipan_text::float_repr::repr(x)
            )));
        }
        Ok(if x.is_nan() {
            "NaN"
        } else if x > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        }
        .to_owned())
    }

    fn int_text(value: IntRef<'_>) -> PyResult<String> {
        match value {
            IntRef::Small(i) => Ok(i.to_string()),
            big => int::to_decimal(big),
        }
    }

    /// The text of None, True and False.
    fn constant(obj: &Obj) -> Option<&'static str> {
        if is_none(obj) {
            Some("null")
        } else if is_true_singleton(obj) {
            Some("true")
        } else if is_false(obj) {
            Some("false")
        } else {
            None
        }
    }

    fn enter(&mut self, obj: &Obj) -> PyResult<u64> {
        let address = obj.value().counted().bits();
        if !is_none(&self.this.markers) && !self.open.insert(address) {
            return Err(value_error("Circular reference detected"));
        }
        Ok(address)
    }

    fn newline(&mut self, level: usize) {
        if let Some(indent) = self.indent {
            self.out.push(u32::from(b'\n'));
            for _ in 0..level {
                self.out.push_units(indent);
            }
        }
    }

    fn value(&mut self, obj: &Obj, level: usize) -> PyResult<()> {
        if let Some(text) = Self::constant(obj) {
            self.out.push_latin1(text.as_bytes());
        } else if obj.is_layout::<PyStr>() {
            self.quoted(obj)?;
        } else if let Some(int) = int_ref(obj) {
            let text = Self::int_text(int)?;
            self.out.push_latin1(text.as_bytes());
        } else if let Some(x) = float_value(obj) {
            let text = self.float_text(x)?;
            self.out.push_latin1(text.as_bytes());
        } else if obj.is_layout::<PyList>() || obj.is_layout::<PyTuple>() {
            enter_native_while(" while encoding a JSON object")?;
            self.sequence(obj, level)?;
        } else if obj.is_layout::<PyDict>() {
            enter_native_while(" while encoding a JSON object")?;
            self.mapping(obj, level)?;
        } else {
            let address = self.enter(obj)?;
            enter_native_while(" while encoding a JSON object")?;
            let substitute = call1(&self.this.default, obj)?;
            if self.value(&substitute, level).is_err() {
                return Err(noted(|| format!("when serializing {} object", class_of(obj).full_name())));
            }
            self.open.remove(&address);
        }
        Ok(())
    }

    fn sequence(&mut self, obj: &Obj, level: usize) -> PyResult<()> {
        // A list is read as it is when its turn comes: encoding an item may shorten it.
        let list = taipan_objects::list::exact_list(obj);
        let items = if list.is_some() { Vec::new() } else { collect(obj)? };
        let item_at = |i: usize| match list {
            Some(list) => list.get(i),
            None => items.get(i).cloned(),
        };
        let Some(mut item) = item_at(0) else {
            self.out.push_latin1(b"[]");
            return Ok(());
        };
        let address = self.enter(obj)?;
        self.out.push(u32::from(b'['));
        let mut i = 0;
        loop {
            self.newline(level + 1);
            if self.value(&item, level + 1).is_err() {
                return Err(noted(|| format!("when serializing {} item {i}", class_of(obj).full_name())));
            }
            i += 1;
            let Some(next) = item_at(i) else { break };
            item = next;
            self.out.push_units(self.this.item_separator.units());
        }
        self.open.remove(&address);
        self.newline(level);
        self.out.push(u32::from(b']'));
        Ok(())
    }

    fn mapping(&mut self, obj: &Obj, level: usize) -> PyResult<()> {
        if len(obj)? == 0 {
            self.out.push_latin1(b"{}");
            return Ok(());
        }
        let address = self.enter(obj)?;
        let pairs = match exact_dict(obj) {
            Some(dict) if !self.this.sort_keys => dict.snapshot(),
            _ => {
                let items = collect(&call_method(obj, &istr!("items"), &[])?)?;
                let items = list_obj(items);
                if self.this.sort_keys {
                    call_method(&items, &istr!("sort"), &[])?;
                }
                collect(&items)?
                    .iter()
                    .map(|pair| match pair.downcast::<PyTuple>().map(PyTuple::as_slice) {
                        Some([key, value]) => Ok((key.clone(), value.clone())),
                        _ => Err(value_error("items must return 2-tuples")),
                    })
                    .collect::<PyResult<Vec<(Obj, Obj)>>>()?
            }
        };
        self.out.push(u32::from(b'{'));
        let mut first = true;
        for (key, value) in &pairs {
            let text = if key.is_layout::<PyStr>() {
                None
            } else if let Some(text) = Self::constant(key) {
                Some(text.to_owned())
            } else if let Some(x) = float_value(key) {
                Some(self.float_text(x)?)
            } else if let Some(int) = int_ref(key) {
                Some(Self::int_text(int)?)
            } else if self.this.skipkeys {
                continue;
            } else {
                return Err(type_error(format!(
                    "keys must be str, int, float, bool or None, not {}",
                    class_of(key).name()
                )));
            };
            if !first {
                self.out.push_units(self.this.item_separator.units());
            }
            first = false;
            self.newline(level + 1);
            match text {
                None => self.quoted(key)?,
                Some(text) => self.quoted(&str_obj(&text))?,
            }
            self.out.push_units(self.this.key_separator.units());
            if self.value(value, level + 1).is_err() {
                let class = class_of(obj).full_name();
                return Err(noted(|| match repr_string(key) {
                    Ok(key) => format!("when serializing {class} item {key}"),
                    Err(Raised) => {
                        drop(take_raised());
                        format!("when serializing {class} item")
                    }
                }));
            }
        }
        self.open.remove(&address);
        if !first {
            self.newline(level);
        }
        self.out.push(u32::from(b'}'));
        Ok(())
    }
}
