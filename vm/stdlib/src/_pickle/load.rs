//! One run of unpickling: the machine's stack and its instructions.
//!
//! `fence` is where the part of the stack above the last mark begins; no instruction but those that use the mark reaches below it.

use taipan_objects::bytearray::PyByteArray;
use taipan_objects::dict::PyDict;
use taipan_objects::int;
use taipan_objects::memoryview;
use taipan_objects::prelude::*;
use taipan_objects::set::PySet;
use taipan_objects::str::codecs;
use taipan_objects::tuple::PyTuple;

use super::errors::*;
use super::input::{Input, parse_int};
use super::lookup::{find_class, registry, text};
use super::memo::{Loaded, Place};
use super::opcode::*;

/// How to unpickle.
pub struct Settings {
    pub fix_imports: bool,
    /// Of strings that Python 2 wrote.
    pub encoding: String,
    pub errors: String,
    /// Iterator over out-of-band buffers.
    pub buffers: Option<Obj>,
}

/// A run of unpickling.
pub struct Loader<'a, I: Input> {
    pub(super) input: I,
    pub(super) stack: Vec<Obj>,
    marks: Vec<usize>,
    fence: usize,
    pub memo: Place<'a, Loaded>,
    settings: Settings,
    proto: i64,
    /// Where others see the protocol.
    pub note_proto: Option<&'a dyn Fn(i64)>,
    /// `find_class` of an Unpickler that may override it.
    pub find_class: Option<Obj>,
    pub persistent_load: Option<Obj>,
}

/// Little-endian unsigned number of up to eight bytes.
fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte))
}

impl<'a, I: Input> Loader<'a, I> {
    pub fn new(input: I, settings: Settings) -> Loader<'a, I> {
        Loader {
            input,
            stack: Vec::new(),
            marks: Vec::new(),
            fence: 0,
            memo: Place::Own(Loaded::default()),
            settings,
            proto: 0,
            note_proto: None,
            find_class: None,
            persistent_load: None,
        }
    }

    #[cold]
    pub(super) fn underflow(&self) -> Raised {
        unpickling_error(if self.marks.is_empty() {
            "unpickling stack underflow"
        } else {
            "unexpected MARK found"
        })
    }
    #[inline]
    pub(super) fn pop(&mut self) -> PyResult<Obj> {
        if self.stack.len() <= self.fence {
            return Err(self.underflow());
        }
        self.stack.pop().ok_or_else(|| self.underflow())
    }
    #[inline]
    pub(super) fn top(&self) -> PyResult<&Obj> {
        match self.stack.last() {
            Some(top) if self.stack.len() > self.fence => Ok(top),
            _ => Err(self.underflow()),
        }
    }
    /// Takes the last mark away; where it was.
    pub(super) fn mark(&mut self) -> PyResult<usize> {
        let Some(mark) = self.marks.pop() else { return Err(unpickling_error("could not find MARK")) };
        self.fence = self.marks.last().copied().unwrap_or(0);
        Ok(mark)
    }
    /// All from the last mark on.
    pub(super) fn pop_mark(&mut self) -> PyResult<Vec<Obj>> {
        let mark = self.mark()?;
        Ok(self.stack.split_off(mark.min(self.stack.len())))
    }
    /// Whether `at` is a position of an object above the fence.
    pub(super) fn is_above_fence(&self, at: usize) -> bool {
        at >= self.fence && at < self.stack.len()
    }

    /// Reads one pickle.
    pub fn load(&mut self) -> PyResult<Obj> {
        loop {
            let Some(code) = self.input.opcode()? else {
                return Err(eof_error("Ran out of input"));
            };
            if code == STOP {
                break;
            }
            self.execute(code)?;
        }
        self.input.finish()?;
        self.pop()
    }

    #[inline]
    fn execute(&mut self, code: u8) -> PyResult<()> {
        match code {
            NONE => self.stack.push(none()),
            NEWTRUE => self.stack.push(bool_obj(true)),
            NEWFALSE => self.stack.push(bool_obj(false)),
            BININT => {
                let value = self.input.four()? as i32;
                self.stack.push(int_obj(i64::from(value)));
            }
            BININT1 => {
                let value = self.input.byte()?;
                self.stack.push(int_obj(value.into()));
            }
            BININT2 => self.push_unsigned(2)?,
            INT => self.load_int()?,
            LONG => self.load_long()?,
            LONG1 => self.load_counted_long(1)?,
            LONG4 => self.load_counted_long(4)?,
            FLOAT => self.load_float()?,
            BINFLOAT => {
                let bits = number(self.input.read(8)?).swap_bytes();
                self.stack.push(float_obj(f64::from_bits(bits)));
            }
            SHORT_BINUNICODE => {
                let size = self.input.byte()?.into();
                let value = text(self.input.read(size)?)?;
                self.stack.push(value);
            }
            BINUNICODE => self.load_text(4, "BINUNICODE")?,
            BINUNICODE8 => self.load_text(8, "BINUNICODE")?,
            SHORT_BINBYTES => self.load_bytes(1, "BINBYTES")?,
            BINBYTES => self.load_bytes(4, "BINBYTES")?,
            BINBYTES8 => self.load_bytes(8, "BINBYTES")?,
            BYTEARRAY8 => {
                let size = self.size(8, "BYTEARRAY8")?;
                let bytes = self.input.read(size)?.to_vec();
                self.stack.push(PyByteArray::from_vec(bytes).into_obj());
            }
            UNICODE => self.load_escaped_text()?,
            STRING => self.load_string()?,
            BINSTRING => self.load_counted_string(4)?,
            SHORT_BINSTRING => self.load_counted_string(1)?,
            NEXT_BUFFER => self.load_next_buffer()?,
            READONLY_BUFFER => self.load_readonly_buffer()?,
            EMPTY_TUPLE => self.stack.push(PyTuple::empty().into_obj()),
            TUPLE1 => self.load_short_tuple(1)?,
            TUPLE2 => self.load_short_tuple(2)?,
            TUPLE3 => self.load_short_tuple(3)?,
            TUPLE => {
                let items = self.pop_mark()?;
                self.stack.push(tuple_obj(items));
            }
            EMPTY_LIST => self.stack.push(list_obj(Vec::new())),
            LIST => {
                let items = self.pop_mark()?;
                self.stack.push(list_obj(items));
            }
            EMPTY_DICT => self.stack.push(PyDict::new().into_obj()),
            DICT => self.load_dict()?,
            EMPTY_SET => self.stack.push(PySet::new(Vec::new())?.into_obj()),
            FROZENSET => {
                let items = self.pop_mark()?;
                let frozen = call1(types().frozenset.as_obj(), &tuple_obj(items))?;
                self.stack.push(frozen);
            }
            APPEND => self.load_append()?,
            APPENDS => self.load_appends()?,
            SETITEM => self.load_setitem()?,
            SETITEMS => self.load_setitems()?,
            ADDITEMS => self.load_additems()?,
            MARK => {
                self.fence = self.stack.len();
                self.marks.push(self.fence);
            }
            POP => self.load_pop()?,
            POP_MARK => drop(self.pop_mark()?),
            DUP => {
                let top = self.top()?.clone();
                self.stack.push(top);
            }
            MEMOIZE => {
                let top = self.top()?.clone();
                let old = self.memo.with(|memo| memo.set(memo.count(), top));
                drop(old);
            }
            PUT => {
                let index = self.line_index()?;
                self.top()?;
                let Ok(index) = usize::try_from(index) else {
                    return Err(value_error("negative PUT argument"));
                };
                self.remember(index)?;
            }
            BINPUT => {
                let index = self.input.byte()?.into();
                self.remember(index)?;
            }
            LONG_BINPUT => {
                let index = self.input.four()? as usize;
                self.remember(index)?;
            }
            GET => {
                let index = self.line_index()?;
                self.recall(index)?;
            }
            BINGET => {
                let index = self.input.byte()?.into();
                self.recall(index)?;
            }
            LONG_BINGET => {
                let index = self.input.four()?.into();
                self.recall(index)?;
            }
            GLOBAL => self.load_global()?,
            STACK_GLOBAL => self.load_stack_global()?,
            EXT1 => self.load_extension(1)?,
            EXT2 => self.load_extension(2)?,
            EXT4 => self.load_extension(4)?,
            INST => self.load_inst()?,
            OBJ => self.load_obj()?,
            NEWOBJ => self.load_newobj(false)?,
            NEWOBJ_EX => self.load_newobj(true)?,
            REDUCE => self.load_reduce()?,
            BUILD => self.load_build()?,
            PERSID => self.load_text_persistent()?,
            BINPERSID => {
                let id = self.pop()?;
                self.push_persistent(&id)?;
            }
            PROTO => self.load_proto()?,
            FRAME => {
                let size = self.frame_size()?;
                self.input.frame(size)?;
            }
            code => return Err(invalid_key(code)),
        }
        Ok(())
    }

    fn load_proto(&mut self) -> PyResult<()> {
        let proto = number(self.input.read(1)?) as i64;
        if proto > HIGHEST_PROTOCOL {
            return Err(value_error(format!("unsupported pickle protocol: {proto}")));
        }
        self.proto = proto;
        if let Some(note) = self.note_proto {
            note(proto);
        }
        Ok(())
    }
    fn frame_size(&mut self) -> PyResult<usize> {
        match isize::try_from(number(self.input.read(8)?)) {
            Ok(size) => Ok(size as usize),
            Err(_) => {
                Err(overflow_error(format!("FRAME length exceeds system's maximum of {} bytes", isize::MAX)))
            }
        }
    }

    #[inline]
    fn push_unsigned(&mut self, width: usize) -> PyResult<()> {
        let value = number(self.input.read(width)?);
        self.stack.push(int_obj(value as i64));
        Ok(())
    }
    fn load_int(&mut self) -> PyResult<()> {
        let line = self.input.line()?;
        let value = match line {
            b"\n" => return Err(truncated()),
            b"00\n" => bool_obj(false),
            b"01\n" => bool_obj(true),
            line => match parse_int(line) {
                Ok(value) => value,
                Err(Raised) => {
                    catch(&types().value_error)?;
                    return Err(value_error("could not convert string to int"));
                }
            },
        };
        self.stack.push(value);
        Ok(())
    }
    fn load_long(&mut self) -> PyResult<()> {
        let line = self.input.line()?;
        let digits = line.strip_suffix(b"\n").unwrap_or(line);
        if digits.is_empty() {
            return Err(truncated());
        }
        let value = match digits.strip_suffix(b"L") {
            Some(digits) => parse_int(digits)?,
            None => parse_int(line)?,
        };
        self.stack.push(value);
        Ok(())
    }
    fn load_counted_long(&mut self, width: usize) -> PyResult<()> {
        let size = number(self.input.read(width)?);
        let Some(size) = usize::try_from(size).ok().filter(|&size| size <= i32::MAX as usize) else {
            return Err(unpickling_error("LONG pickle has negative byte count"));
        };
        let bytes = self.input.read(size)?;
        let value = match bytes {
            [] => int_obj(0),
            [.., last] if bytes.len() <= 8 => {
                let sign = if last & 0x80 != 0 {
                    u64::MAX.checked_shl(8 * bytes.len() as u32).unwrap_or(0)
                } else {
                    0
                };
                int_obj((number(bytes) | sign) as i64)
            }
            _ => int::from_bigint(num_bigint::BigInt::from_signed_bytes_le(bytes)),
        };
        self.stack.push(value);
        Ok(())
    }
    fn load_float(&mut self) -> PyResult<()> {
        let line = self.input.line()?;
        let digits = line.strip_suffix(b"\n").unwrap_or(line);
        if digits.is_empty() {
            return Err(truncated());
        }
        let Ok(value) = taipan_text::float_parse::parse_float_bytes(digits) else {
            let text = String::from_utf8_lossy(line);
            return Err(value_error(format!("could not convert string to float: '{text}'")));
        };
        self.stack.push(float_obj(value));
        Ok(())
    }

    /// A length before data.
    fn size(&mut self, width: usize, what: &str) -> PyResult<usize> {
        let size = number(self.input.read(width)?);
        match isize::try_from(size) {
            Ok(size) => Ok(size as usize),
            Err(_) => {
                Err(overflow_error(format!("{what} exceeds system's maximum size of {} bytes", isize::MAX)))
            }
        }
    }
    #[inline]
    fn load_text(&mut self, width: usize, what: &str) -> PyResult<()> {
        let size = self.size(width, what)?;
        let value = text(self.input.read(size)?)?;
        self.stack.push(value);
        Ok(())
    }
    fn load_bytes(&mut self, width: usize, what: &str) -> PyResult<()> {
        let size = self.size(width, what)?;
        let value = bytes_obj(self.input.read(size)?);
        self.stack.push(value);
        Ok(())
    }
    fn load_escaped_text(&mut self) -> PyResult<()> {
        let line = self.input.line()?;
        let bytes = bytes_obj(line.strip_suffix(b"\n").unwrap_or(line));
        let value = codecs::decode_object(&bytes, "raw-unicode-escape", "strict")?;
        self.stack.push(value.into_strong());
        Ok(())
    }
    /// A string that Python 2 wrote.
    fn push_string(&mut self, bytes: Obj) -> PyResult<()> {
        let value = if self.settings.encoding == "bytes" {
            bytes
        } else {
            codecs::decode_object(&bytes, &self.settings.encoding, &self.settings.errors)?.into_strong()
        };
        self.stack.push(value);
        Ok(())
    }
    fn load_string(&mut self) -> PyResult<()> {
        let line = self.input.line()?;
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let quoted = match line {
            [first @ (b'"' | b'\''), inner @ .., last] if first == last => bytes_obj(inner),
            _ => return Err(unpickling_error("the STRING opcode argument must be quoted")),
        };
        let decode = taipan_objects::hooks::module_attribute("_codecs", "escape_decode")?.into_strong();
        let pair = call1(&decode, &quoted)?;
        let Some(bytes) = pair.downcast::<PyTuple>().and_then(|pair| pair.get(0)) else {
            return Err(system_error("escape_decode() must return a tuple"));
        };
        self.push_string(bytes.clone())
    }
    fn load_counted_string(&mut self, width: usize) -> PyResult<()> {
        let size = number(self.input.read(width)?);
        if size > i32::MAX as u64 {
            return Err(unpickling_error("BINSTRING pickle has negative byte count"));
        }
        let bytes = bytes_obj(self.input.read(size as usize)?);
        self.push_string(bytes)
    }

    fn load_next_buffer(&mut self) -> PyResult<()> {
        let Some(buffers) = &self.settings.buffers else {
            return Err(unpickling_error(
                "pickle stream refers to out-of-band data but no *buffers* argument was given",
            ));
        };
        match next(buffers)? {
            Some(buffer) => {
                self.stack.push(buffer);
                Ok(())
            }
            None => Err(unpickling_error("not enough out-of-band buffers")),
        }
    }
    fn load_readonly_buffer(&mut self) -> PyResult<()> {
        let view = memoryview::from_object(self.top()?)?;
        if !is_true(&getattr(&view, &istr!("readonly"))?)? {
            let readonly = call_method(&view, &istr!("toreadonly"), &[])?;
            self.pop()?;
            self.stack.push(readonly);
        }
        Ok(())
    }

    fn load_short_tuple(&mut self, len: usize) -> PyResult<()> {
        if self.stack.len() < self.fence + len {
            return Err(self.underflow());
        }
        let items = self.stack.split_off(self.stack.len() - len);
        self.stack.push(tuple_obj(items));
        Ok(())
    }
    fn load_dict(&mut self) -> PyResult<()> {
        let items = self.pop_mark()?;
        if items.len() % 2 != 0 {
            return Err(unpickling_error("odd number of items for DICT"));
        }
        let dict = PyDict::new();
        for pair in items.chunks_exact(2) {
            dict.set(pair[0].clone(), pair[1].clone())?;
        }
        self.stack.push(dict.into_obj());
        Ok(())
    }
    fn load_pop(&mut self) -> PyResult<()> {
        // Marks are not on the stack: the one that would be on top of it goes.
        if self.marks.last() == Some(&self.stack.len()) {
            self.mark()?;
            return Ok(());
        }
        self.pop().map(drop)
    }

    fn line_index(&mut self) -> PyResult<i64> {
        let line = self.input.line()?;
        let digits = line.strip_suffix(b"\n").unwrap_or(line);
        if digits.is_empty() {
            return Err(truncated());
        }
        let index = parse_int(line)?;
        int::int_ref(&index)
            .and_then(|index| index.to_i64())
            .ok_or_else(|| overflow_error("Python int too large to convert to C ssize_t"))
    }
    #[inline]
    fn remember(&mut self, index: usize) -> PyResult<()> {
        let top = self.top()?.clone();
        let old = self.memo.with(|memo| memo.set(index, top));
        drop(old);
        Ok(())
    }
    #[inline]
    fn recall(&mut self, index: i64) -> PyResult<()> {
        let found =
            usize::try_from(index).ok().and_then(|index| self.memo.with(|memo| memo.get(index).cloned()));
        match found {
            Some(obj) => {
                self.stack.push(obj);
                Ok(())
            }
            None => Err(unpickling_error(format!("Memo value not found at index {index}"))),
        }
    }

    pub(super) fn class_at(&self, module: &Obj, name: &Obj) -> PyResult<Obj> {
        match &self.find_class {
            Some(find) => call(find, &[module.clone(), name.clone()]),
            None => find_class(module, name, self.proto, self.settings.fix_imports),
        }
    }
    /// A line with a name.
    pub(super) fn name_line(&mut self, ascii: bool) -> PyResult<Obj> {
        let line = self.input.line()?;
        let [name @ .., b'\n'] = line else { return Err(truncated()) };
        if name.is_empty() {
            return Err(truncated());
        }
        let codec = if ascii { codecs::Codec::Ascii } else { codecs::Codec::Utf8 };
        Ok(PyStr::from_units(codecs::decode_with(name, codec, "strict", true)?.0).into_obj())
    }
    fn load_global(&mut self) -> PyResult<()> {
        let module = self.name_line(false)?;
        let name = self.name_line(false)?;
        let global = self.class_at(&module, &name)?;
        self.stack.push(global);
        Ok(())
    }
    fn load_stack_global(&mut self) -> PyResult<()> {
        let name = self.pop()?;
        let module = self.pop()?;
        if ![&name, &module].into_iter().all(|text| class_of(text).is(&types().str)) {
            return Err(unpickling_error("STACK_GLOBAL requires str"));
        }
        let global = self.class_at(&module, &name)?;
        self.stack.push(global);
        Ok(())
    }
    fn load_extension(&mut self, width: usize) -> PyResult<()> {
        let code = number(self.input.read(width)?);
        let code = if width == 4 { i64::from(code as u32 as i32) } else { code as i64 };
        if code <= 0 {
            return Err(unpickling_error("EXT specifies code <= 0"));
        }
        let registry = registry()?;
        let key = int_obj(code);
        if let Some(known) = registry.extension_cache.get(&key)?.map(IntoStrong::into_strong) {
            self.stack.push(known);
            return Ok(());
        }
        let Some(pair) = registry.inverted_extensions.get(&key)?.map(IntoStrong::into_strong) else {
            return Err(value_error(format!("unregistered extension code {code}")));
        };
        let (module, name) = match pair.downcast::<PyTuple>().map(PyTuple::as_slice) {
            Some([module, name]) if module.is_layout::<PyStr>() && name.is_layout::<PyStr>() => {
                (module, name)
            }
            _ => return Err(value_error(format!("_inverted_registry[{code}] isn't a 2-tuple of strings"))),
        };
        let global = self.class_at(module, name)?;
        registry.extension_cache.set(key, global.clone())?;
        self.stack.push(global);
        Ok(())
    }

    fn load_text_persistent(&mut self) -> PyResult<()> {
        let line = self.input.line()?;
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        if !line.is_ascii() {
            return Err(unpickling_error("persistent IDs in protocol 0 must be ASCII strings"));
        }
        let id = PyStr::from_latin1(line).into_obj();
        self.push_persistent(&id)
    }
    fn push_persistent(&mut self, id: &Obj) -> PyResult<()> {
        let Some(load) = &self.persistent_load else { return Err(no_persistent_load()) };
        let obj = call1(load, id)?;
        self.stack.push(obj);
        Ok(())
    }
}

/// What `Unpickler.persistent_load` says unless it is overridden.
#[cold]
pub fn no_persistent_load() -> Raised {
    unpickling_error(
        "A load persistent id instruction was encountered, but no persistent_load function was specified.",
    )
}

#[cold]
fn invalid_key(code: u8) -> Raised {
    match code {
        b'\'' | b'\\' => unpickling_error(format!("invalid load key, '\\x{code:02x}'.")),
        0x20..=0x7e => unpickling_error(format!("invalid load key, '{}'.", char::from(code))),
        _ => unpickling_error(format!("invalid load key, '\\x{code:02x}'.")),
    }
}
