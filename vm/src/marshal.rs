//! `marshal`: basic values in CPython's format (version 4), code objects in Taipan's own (type `c`, private to one build).

mod source;

use std::borrow::Cow;

use rustc_hash::FxHashMap;
use taipan_objects::bytes::PyBytes;
use taipan_objects::code::PyCode;
use taipan_objects::complex::PyComplex;
use taipan_objects::dict::PyDict;
use taipan_objects::int::{self, IntRef, int_ref};
use taipan_objects::list::PyList;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::set::PySet;
use taipan_objects::singletons::is_none;
use taipan_objects::slice::PySlice;
use taipan_objects::tuple::PyTuple;

use source::Source;

const VERSION: i64 = 5;
const MAX_DEPTH: usize = 2000;

/// This module contains functions that can read and write Python values in
/// a binary format. The format is specific to Python, but independent of
/// machine architecture issues.
#[pymodule(name = "marshal")]
mod items {
    use super::*;

    #[pyattr]
    const version: i64 = VERSION;

    /// Return the bytes object that would be written to a file by dump(value, file).
    #[pyfunction(sig = "(value, version=5, /, *, allow_code=True)")]
    fn dumps(value: &Obj, format: i64, allow_code: bool) -> PyResult<Obj> {
        crate::sys::audit("marshal.dumps", &[value.clone(), int_obj(format)])?;
        dump_bytes(value, format, allow_code).map(|bytes| bytes_obj(&bytes))
    }

    /// Write the value on the open file.
    #[pyfunction(sig = "(value, file, version=5, /, *, allow_code=True)")]
    fn dump(value: &Obj, file: &Obj, format: i64, allow_code: bool) -> PyResult<Obj> {
        crate::sys::audit("marshal.dumps", &[value.clone(), int_obj(format)])?;
        let bytes = dump_bytes(value, format, allow_code)?;
        call_method(file, &istr!("write"), &[bytes_obj(&bytes)])
    }

    /// Convert the bytes-like object to a value.
    #[pyfunction(sig = "(bytes, /, *, allow_code=True)")]
    fn loads(bytes: &Obj, allow_code: bool) -> PyResult<Obj> {
        taipan_objects::buffer::with_bytes(bytes, |data| data.to_vec()).and_then(|data| {
            if crate::sys::is_audited() {
                crate::sys::audit("marshal.loads", &[bytes_obj(&data)])?;
            }
            Reader::of(Source::Bytes(&data), allow_code).value_or_error()
        })
    }

    /// Read one value from the open file and return it.
    #[pyfunction(sig = "(file, /, *, allow_code=True)")]
    fn load(file: &Obj, allow_code: bool) -> PyResult<Obj> {
        crate::sys::audit("marshal.load", &[])?;
        Reader::of(Source::file(file)?, allow_code).value_or_error()
    }
}

fn dump_bytes(value: &Obj, version: i64, allow_code: bool) -> PyResult<Vec<u8>> {
    let mut writer = Writer {
        out: Vec::new(),
        depth: 0,
        version,
        flag: 0,
        refs: FxHashMap::default(),
        open: Vec::new(),
        allow_code,
    };
    writer.value(value)?;
    Ok(writer.out)
}

/// Marks a value to which later ones may refer.
const FLAG_REF: u8 = 0x80;

struct Writer {
    out: Vec<u8>,
    depth: usize,
    version: i64,
    /// `FLAG_REF` if the value being begun can be referred to.
    flag: u8,
    /// Number of each value written, and the value, so that its address stays its own.
    refs: FxHashMap<u64, (i64, Obj)>,
    /// Numbers of the slices and codes around the current value: a reader makes these after what is in them.
    open: Vec<i64>,
    allow_code: bool,
}

impl Writer {
    fn long(&mut self, n: i64) {
        self.out.extend_from_slice(&(n as i32).to_le_bytes());
    }
    fn code(&mut self, code: u8) {
        self.out.push(code | std::mem::take(&mut self.flag));
    }
    fn sized(&mut self, code: u8, bytes: &[u8]) {
        self.code(code);
        self.long(bytes.len() as i64);
        self.out.extend_from_slice(bytes);
    }
    fn short(&mut self, code: u8, bytes: &[u8]) {
        self.code(code);
        self.out.push(bytes.len() as u8);
        self.out.extend_from_slice(bytes);
    }
    fn sequence(&mut self, code: u8, items: &[Obj]) -> PyResult<()> {
        self.code(code);
        self.long(items.len() as i64);
        items.iter().try_for_each(|item| self.value(item))
    }
    /// The elements of a set, in an order that does not depend on hashes.
    fn elements(&mut self, code: u8, set: &PySet) -> PyResult<()> {
        let mut elements = Vec::new();
        for element in set.to_vec() {
            elements.push((dump_bytes(&element, self.version, self.allow_code)?, element));
        }
        if set.len() != elements.len() {
            return Err(runtime_error("set changed size during iteration"));
        }
        elements.sort_by(|a, b| a.0.cmp(&b.0));
        let elements: Vec<Obj> = elements.into_iter().map(|(_, element)| element).collect();
        self.sequence(code, &elements)
    }
    /// Refers to a value written before, or makes this one be referred to.
    fn is_reference(&mut self, value: &Obj) -> PyResult<bool> {
        if self.version < 3 {
            return Ok(false);
        }
        let key = value.value().counted().bits();
        if let Some((number, _)) = self.refs.get(&key) {
            let number = *number;
            if self.open.contains(&number) {
                return Err(value_error("unmarshallable object"));
            }
            self.out.push(b'r');
            self.long(number);
            return Ok(true);
        }
        let number = self.refs.len() as i64;
        self.refs.insert(key, (number, value.clone()));
        self.flag = FLAG_REF;
        Ok(false)
    }
    fn text(&mut self, text: &PyStr) -> PyResult<()> {
        let interned = text.is_interned();
        if self.version >= 4
            && let Some(ascii) = text.units().as_ascii()
        {
            if ascii.len() < 256 {
                self.short(if interned { b'Z' } else { b'z' }, ascii.as_bytes());
            } else {
                self.sized(if interned { b'A' } else { b'a' }, ascii.as_bytes());
            }
            return Ok(());
        }
        let bytes = taipan_objects::str::codecs::encode(text, "utf-8", "surrogatepass")?;
        if let Some(bytes) = taipan_objects::bytes::bytes_value(&bytes) {
            self.sized(if interned && self.version >= 3 { b't' } else { b'u' }, bytes);
        }
        Ok(())
    }
    fn float_digits(&mut self, value: f64) {
        let digits = taipan_text::float_repr::repr(value);
        self.out.push(digits.len() as u8);
        self.out.extend_from_slice(digits.as_bytes());
    }
    fn value(&mut self, value: &Obj) -> PyResult<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(value_error("object too deeply nested to marshal"));
        }
        let class = class_of(value);
        let t = types();
        if is_none(value) {
            self.out.push(b'N');
        } else if class.is(&t.bool_) {
            self.out.push(if is_true(value)? { b'T' } else { b'F' });
        } else if class.is(&t.ellipsis) {
            self.out.push(b'.');
        } else if value.is(types().stop_iteration.as_obj()) {
            self.out.push(b'S');
        } else if !self.is_reference(value)? {
            self.object(value)?;
        }
        self.depth -= 1;
        Ok(())
    }
    fn object(&mut self, value: &Obj) -> PyResult<()> {
        let class = class_of(value);
        let t = types();
        if class.is(&t.int)
            && let Some(int) = int_ref(value)
        {
            self.int(int);
        } else if class.is(&t.float) {
            let number = as_f64(value)?;
            if self.version > 1 {
                self.code(b'g');
                self.out.extend_from_slice(&number.to_le_bytes());
            } else {
                self.code(b'f');
                self.float_digits(number);
            }
        } else if let Some(c) = value.downcast::<PyComplex>().filter(|_| class.is(&t.complex)) {
            if self.version > 1 {
                self.code(b'y');
                self.out.extend_from_slice(&c.real.to_le_bytes());
                self.out.extend_from_slice(&c.imag.to_le_bytes());
            } else {
                self.code(b'x');
                self.float_digits(c.real);
                self.float_digits(c.imag);
            }
        } else if let Some(text) = value.downcast::<PyStr>().filter(|_| class.is(&t.str)) {
            self.text(text)?;
        } else if let Some(bytes) = value.downcast::<PyBytes>().filter(|_| class.is(&t.bytes)) {
            self.sized(b's', bytes.as_slice());
        } else if let Some(tuple) = value.downcast::<PyTuple>().filter(|_| class.is(&t.tuple)) {
            if self.version >= 4 && tuple.len() < 256 {
                self.short(b')', &[]);
                if let Some(len) = self.out.last_mut() {
                    *len = tuple.len() as u8;
                }
                tuple.as_slice().iter().try_for_each(|item| self.value(item))?;
            } else {
                self.sequence(b'(', tuple.as_slice())?;
            }
        } else if let Some(list) = value.downcast::<PyList>().filter(|_| class.is(&t.list)) {
            self.sequence(b'[', &list.to_vec())?;
        } else if let Some(dict) = value.downcast::<PyDict>().filter(|_| class.is(&t.dict)) {
            self.code(b'{');
            for (key, item) in dict.snapshot() {
                self.value(&key)?;
                self.value(&item)?;
            }
            self.out.push(b'0');
        } else if let Some(set) = value.downcast::<PySet>().filter(|_| class.is(&t.set)) {
            self.elements(b'<', set)?;
        } else if let Some(set) = value.downcast::<PySet>().filter(|_| class.is(&t.frozenset)) {
            self.elements(b'>', set)?;
        } else if value.is_layout::<PySlice>() && self.version >= 5 {
            self.code(b':');
            self.open.push(self.refs.len() as i64 - 1);
            for part in ["start", "stop", "step"] {
                self.value(&getattr_str(value, part)?)?;
            }
            self.open.pop();
        } else if let Some(code) = value.downcast::<PyCode>() {
            if !self.allow_code {
                return Err(value_error("marshalling code objects is disallowed"));
            }
            // The constants are values like others; a reader makes the code after them.
            let number = self.refs.len() as i64 - 1;
            let bytes = taipan_bytecode::serialize::serialize_without_constants(&code.code_unit());
            self.sized(b'c', &bytes);
            self.open.push(number);
            self.value(&tuple_obj(code.constants().to_vec()))?;
            self.open.pop();
        } else if class.slots.buffer().is_some() {
            let bytes = taipan_objects::buffer::with_bytes(value, |b| b.to_vec())?;
            self.sized(b's', &bytes);
        } else {
            return Err(value_error("unmarshallable object"));
        }
        Ok(())
    }
    fn int(&mut self, value: IntRef<'_>) {
        if let Some(i) = value.to_i64().and_then(|i| i32::try_from(i).ok()) {
            self.code(b'i');
            self.long(i64::from(i));
            return;
        }
        let big = value.to_bigint();
        let mut digits: Vec<u16> = Vec::new();
        let mut bits = 0u32;
        let mut word = 0u64;
        for byte in big.magnitude().to_bytes_le() {
            word |= u64::from(byte) << bits;
            bits += 8;
            if bits >= 15 {
                digits.push((word & 0x7fff) as u16);
                word >>= 15;
                bits -= 15;
            }
        }
        if word != 0 {
            digits.push(word as u16);
        }
        while digits.last() == Some(&0) {
            digits.pop();
        }
        self.code(b'l');
        let count = digits.len() as i64;
        self.long(if value.is_negative() { -count } else { count });
        for digit in digits {
            self.out.extend_from_slice(&digit.to_le_bytes());
        }
    }
}

/// Where in a container that can be changed.
enum Place {
    Item(Py<PyList>, usize),
    Value(Py<PyDict>, Obj),
}

struct Reader<'a> {
    source: Source<'a>,
    refs: Vec<Option<Obj>>,
    /// Tuples around the value that is read.
    open: Vec<usize>,
    /// The last value is one that is not made yet: this one.
    unmade: Option<usize>,
    /// Where values belong that were not made yet.
    awaited: Vec<(usize, Place)>,
    depth: usize,
    allow_code: bool,
}

#[cold]
fn bad(what: &str) -> Raised {
    value_error(format!("bad marshal data ({what})"))
}

impl<'a> Reader<'a> {
    fn of(source: Source<'a>, allow_code: bool) -> Reader<'a> {
        Reader {
            source,
            refs: Vec::new(),
            open: Vec::new(),
            unmade: None,
            awaited: Vec::new(),
            depth: 0,
            allow_code,
        }
    }
    fn take(&mut self, count: usize) -> PyResult<Cow<'a, [u8]>> {
        self.source.take(count)
    }
    fn array<const N: usize>(&mut self) -> PyResult<[u8; N]> {
        let mut array = [0; N];
        array.copy_from_slice(&self.take(N)?);
        Ok(array)
    }
    fn byte(&mut self) -> PyResult<u8> {
        self.source.byte("EOF read where not expected")
    }
    fn long(&mut self) -> PyResult<i64> {
        Ok(i64::from(i32::from_le_bytes(self.array()?)))
    }
    fn size(&mut self, what: &str) -> PyResult<usize> {
        usize::try_from(self.long()?).map_err(|_| bad(&format!("{what} size out of range")))
    }
    fn items(&mut self, count: usize) -> PyResult<Vec<Obj>> {
        let mut items = Vec::with_capacity(self.source.at_most(count));
        for _ in 0..count {
            items.push(self.made()?);
        }
        Ok(items)
    }
    fn value_or_error(&mut self) -> PyResult<Obj> {
        match self.value()? {
            Some(value) => Ok(value),
            None => Err(type_error("NULL object in marshal data for object")),
        }
    }
    /// The next value, which must not be one that contains it.
    fn made(&mut self) -> PyResult<Obj> {
        let value = self.value_or_error()?;
        if self.unmade.is_some() { Err(bad("invalid reference")) } else { Ok(value) }
    }
    fn text(&mut self, count: usize, interned: bool) -> PyResult<Obj> {
        let bytes = bytes_obj(&self.take(count)?);
        let text = taipan_objects::str::codecs::decode_object(&bytes, "utf-8", "surrogatepass")?;
        Ok(if interned { taipan_objects::str::intern_obj(&text).into_obj() } else { text })
    }
    fn latin1(&mut self, count: usize, interned: bool) -> PyResult<Obj> {
        let text = PyStr::from_latin1(&self.take(count)?).into_obj();
        Ok(if interned { taipan_objects::str::intern_obj(&text).into_obj() } else { text })
    }
    /// Puts a value where it was awaited.
    fn fill(&mut self, number: usize, value: &Obj) -> PyResult<()> {
        for (_, place) in self.awaited.extract_if(.., |(wanted, _)| *wanted == number) {
            match place {
                Place::Item(list, index) => setitem(list.as_obj(), &int_obj(index as i64), value)?,
                Place::Value(dict, key) => dict.set(key, value.clone())?,
            }
        }
        Ok(())
    }
    /// The next value; `None` for the end mark of a dict.
    fn value(&mut self) -> PyResult<Option<Obj>> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(bad("recursion limit exceeded"));
        }
        let code = self.source.byte("EOF read where object expected")?;
        let reference = (code & 0x80 != 0).then(|| {
            self.refs.push(None);
            self.refs.len() - 1
        });
        let value = match code & 0x7f {
            b'0' => {
                self.depth -= 1;
                return Ok(None);
            }
            b'N' => none(),
            b'T' => bool_obj(true),
            b'F' => bool_obj(false),
            b'.' => ellipsis(),
            b'S' => types().stop_iteration.as_obj().clone(),
            b'i' => int_obj(self.long()?),
            b'I' => int::from_i64(i64::from_le_bytes(self.array()?)),
            b'l' => self.big_int()?,
            b'g' => float_obj(f64::from_le_bytes(self.array()?)),
            b'f' => float_obj(self.float_digits()?),
            b'x' => taipan_objects::complex::from_parts(self.float_digits()?, self.float_digits()?),
            b'y' => taipan_objects::complex::from_parts(
                f64::from_le_bytes(self.array()?),
                f64::from_le_bytes(self.array()?),
            ),
            b's' => {
                let count = self.size("bytes object")?;
                bytes_obj(&self.take(count)?)
            }
            b'u' | b't' => {
                let count = self.size("string")?;
                self.text(count, code & 0x7f == b't')?
            }
            b'a' | b'A' => {
                let count = self.size("string")?;
                self.latin1(count, code & 0x7f == b'A')?
            }
            b'z' | b'Z' => {
                let count = self.byte()?;
                self.latin1(count.into(), code & 0x7f == b'Z')?
            }
            kind @ (b'(' | b')') => {
                let count = if kind == b'(' { self.size("tuple")? } else { usize::from(self.byte()?) };
                self.open.extend(reference);
                let tuple = tuple_obj(self.items(count)?);
                if let Some(number) = reference {
                    self.open.pop();
                    self.fill(number, &tuple)?;
                }
                tuple
            }
            b'[' => {
                let count = self.size("list")?;
                let list = PyList::new(vec![]);
                if let Some(index) = reference {
                    self.refs[index] = Some(list.as_obj().clone());
                }
                for index in 0..count {
                    list.push(self.value_or_error()?);
                    if let Some(number) = self.unmade.take() {
                        self.awaited.push((number, Place::Item(list.clone(), index)));
                    }
                }
                list.into_obj()
            }
            b'{' => {
                let dict = PyDict::new();
                if let Some(index) = reference {
                    self.refs[index] = Some(dict.as_obj().clone());
                }
                while let Some(key) = self.value()? {
                    if self.unmade.is_some() {
                        return Err(bad("invalid reference"));
                    }
                    let item = self.value_or_error()?;
                    if let Some(number) = self.unmade.take() {
                        self.awaited.push((number, Place::Value(dict.clone(), key.clone())));
                    }
                    dict.set(key, item)?;
                }
                dict.into_obj()
            }
            b'<' => {
                let count = self.size("set")?;
                let set = PySet::new(vec![])?;
                if let Some(index) = reference {
                    self.refs[index] = Some(set.as_obj().clone());
                }
                for item in self.items(count)? {
                    set.add(item)?;
                }
                set.into_obj()
            }
            b'>' => {
                let count = self.size("set")?;
                call1(types().frozenset.as_obj(), &list_obj(self.items(count)?))?
            }
            b':' => {
                let (start, stop, step) = (self.made()?, self.made()?, self.made()?);
                PySlice::new(start, stop, step).into_obj()
            }
            b'r' => {
                let index = self.size("reference")?;
                match self.refs.get(index) {
                    Some(Some(value)) => value.clone(),
                    // A tuple around it, which takes its place when it is made.
                    Some(None) if self.open.contains(&index) => {
                        self.unmade = Some(index);
                        none()
                    }
                    _ => return Err(bad("invalid reference")),
                }
            }
            b'c' => {
                if !self.allow_code {
                    return Err(value_error("unmarshalling code objects is disallowed"));
                }
                let count = self.size("code")?;
                let Ok(unit) = taipan_bytecode::serialize::deserialize(&self.take(count)?) else {
                    return Err(bad("code of another build"));
                };
                let consts = self.made()?;
                let Some(consts) = consts.downcast::<PyTuple>() else { return Err(bad("constants")) };
                taipan_objects::code::fields::of_parts(unit, consts.to_vec())?.into_obj()
            }
            _ => return Err(bad("unknown type code")),
        };
        if let Some(index) = reference {
            self.refs[index] = Some(value.clone());
        }
        self.depth -= 1;
        Ok(Some(value))
    }
    fn float_digits(&mut self) -> PyResult<f64> {
        let [count] = self.array()?;
        let digits = self.take(count.into())?;
        Ok(taipan_text::float_parse::parse_float_bytes(&digits)?)
    }
    fn big_int(&mut self) -> PyResult<Obj> {
        let count = self.long()?;
        let mut value = num_bigint::BigInt::from(0);
        let digits = count.unsigned_abs() as usize;
        if self.source.lacks(digits) {
            return Err(bad("long size out of range"));
        }
        let mut words = Vec::with_capacity(self.source.at_most(digits));
        for _ in 0..digits {
            let digit = u16::from_le_bytes(self.array()?);
            if digit > 0x7fff {
                return Err(bad("digit out of range in long"));
            }
            words.push(digit);
        }
        if words.last() == Some(&0) {
            return Err(bad("unnormalized long data"));
        }
        for digit in words.into_iter().rev() {
            value = (value << 15u32) + digit;
        }
        Ok(int::from_bigint(if count < 0 { -value } else { value }))
    }
}
