//! One run of pickling: which way an object is written, and numbers, strings and bytes.

use rustc_hash::FxHashSet;
use taipan_objects::bytearray::PyByteArray;
use taipan_objects::bytes::PyBytes;
use taipan_objects::int::{self, IntRef, int_ref};
use taipan_objects::native::is_none;
use taipan_objects::prelude::*;
use taipan_objects::singletons::{is_false, is_not_implemented, is_true as is_true_singleton};
use taipan_objects::str::{codecs, exact_str};
use taipan_objects::tuple::PyTuple;
use taipan_text::Units;

use super::buffer::PyPickleBuffer;
use super::errors::*;
use super::lookup::registry;
use super::memo::{Place, Saved};
use super::opcode::*;
use super::output::Output;

/// How to pickle.
pub struct Settings {
    pub proto: i64,
    /// Protocol 1 or higher.
    pub bin: bool,
    /// Without a memo.
    pub fast: bool,
    pub fix_imports: bool,
    pub buffer_callback: Option<Obj>,
}

impl Settings {
    pub fn new(
        protocol: Option<&Obj>,
        fix_imports: bool,
        buffer_callback: Option<&Obj>,
    ) -> PyResult<Settings> {
        use taipan_objects::native::FromArg;
        let proto = match protocol.filter(|p| !is_none(p)) {
            None => HIGHEST_PROTOCOL,
            Some(protocol) => match i64::from_arg(protocol)? {
                i64::MIN..=-1 => HIGHEST_PROTOCOL,
                proto if proto > HIGHEST_PROTOCOL => {
                    return Err(value_error(format!("pickle protocol must be <= {HIGHEST_PROTOCOL}")));
                }
                proto => proto,
            },
        };
        let buffer_callback = buffer_callback.filter(|c| !is_none(c)).cloned();
        if buffer_callback.is_some() && proto < 5 {
            return Err(value_error("buffer_callback needs protocol >= 5"));
        }
        Ok(Settings {
            proto,
            bin: proto > 0,
            fast: false,
            fix_imports: fix_imports && proto < 3,
            buffer_callback,
        })
    }
}

/// What a Pickler object or its subclass overrides.
#[derive(Default)]
pub struct Overrides {
    pub persistent_id: Option<Obj>,
    pub reducer_override: Option<Obj>,
    pub dispatch_table: Option<Obj>,
}

/// A run of pickling.
pub struct Saver<'a> {
    pub settings: Settings,
    pub out: Output,
    pub memo: Place<'a, Saved>,
    pub overrides: Overrides,
    /// In fast mode, the containers around the current object, once they are nested deep enough to suspect a cycle.
    open: FxHashSet<u64>,
    depth: usize,
}

/// In fast mode cycles are looked for from this depth on.
const FAST_NESTING_LIMIT: usize = 50;

impl<'a> Saver<'a> {
    pub fn new(settings: Settings, write: Option<Obj>) -> Saver<'a> {
        Saver {
            settings,
            out: Output::new(write),
            memo: Place::Own(Saved::default()),
            overrides: Overrides::default(),
            open: FxHashSet::default(),
            depth: 0,
        }
    }
    /// Writes one whole pickle.
    pub fn dump(&mut self, obj: &Obj) -> PyResult<()> {
        if self.settings.proto >= 2 {
            self.out.op(PROTO, &[self.settings.proto as u8]);
        }
        if self.settings.proto >= 4 {
            self.out.start_framing();
        }
        self.save(obj)?;
        self.out.byte(STOP);
        self.out.close_frame();
        Ok(())
    }
    /// Gives what is left to the file.
    pub fn finish(&mut self) -> PyResult<()> {
        self.out.flush()
    }
    /// The pickle, which went to no file.
    pub fn into_bytes(self) -> Obj {
        PyBytes::from_vec(self.out.into_bytes()).into_obj()
    }

    /// Remembers an object that was just written.
    #[inline]
    pub fn memoize(&mut self, obj: &Obj) {
        if self.settings.fast {
            return;
        }
        let number = self.memo.with(|memo| memo.add(obj));
        if self.settings.proto >= 4 {
            self.out.byte(MEMOIZE);
        } else if !self.settings.bin {
            self.out.bytes(format!("p{number}\n").as_bytes());
        } else if number < 256 {
            self.out.op(BINPUT, &[number as u8]);
        } else {
            self.out.op(LONG_BINPUT, &(number as u32).to_le_bytes());
        }
    }
    /// Refers to an object written before, if it was.
    #[inline]
    pub fn recall(&mut self, obj: &Obj) -> bool {
        let Some(number) = self.memo.with(|memo| memo.get(obj)) else { return false };
        if !self.settings.bin {
            self.out.bytes(format!("g{number}\n").as_bytes());
        } else if number < 256 {
            self.out.op(BINGET, &[number as u8]);
        } else {
            self.out.op(LONG_BINGET, &(number as u32).to_le_bytes());
        }
        true
    }
    pub fn is_remembered(&mut self, obj: &Obj) -> bool {
        self.memo.with(|memo| memo.get(obj)).is_some()
    }

    /// In fast mode, goes into a container; its address unless it is too early to suspect a cycle.
    pub fn enter_fast(&mut self, obj: &Obj) -> PyResult<()> {
        if self.settings.fast {
            self.depth += 1;
            if self.depth >= FAST_NESTING_LIMIT {
                let address = obj.value().counted().bits();
                if !self.open.insert(address) {
                    return Err(value_error(format!(
                        "fast mode: can't pickle cyclic objects including object type {} at 0x{address:x}",
                        class_of(obj).full_name()
                    )));
                }
            }
        }
        Ok(())
    }
    /// In fast mode, leaves a container.
    pub fn leave_fast(&mut self, obj: &Obj) {
        if self.settings.fast {
            if self.depth >= FAST_NESTING_LIMIT {
                self.open.remove(&obj.value().counted().bits());
            }
            self.depth = self.depth.saturating_sub(1);
        }
    }

    /// Writes an object.
    #[inline]
    pub fn save(&mut self, obj: &Obj) -> PyResult<()> {
        if self.save_plain(obj) { Ok(()) } else { self.save_unless_persistent(obj, true) }
    }

    /// Writes an object if that can neither fail nor run Python code nor drop an object: numbers of a word, singletons, short ASCII strings. Whether it did.
    #[inline]
    pub fn save_plain(&mut self, obj: &Obj) -> bool {
        if self.settings.proto < 4 || self.overrides.persistent_id.is_some() || !self.out.has_room() {
            return false;
        }
        let value = obj.value();
        if let Some(text) = exact_str(obj) {
            if self.recall(obj) {
                return true;
            }
            let Some(text) = text.as_utf8().filter(|text| text.len() < 256) else { return false };
            let memoize = !self.settings.fast;
            if memoize {
                self.memo.with(|memo| memo.add(obj));
            }
            self.out.short(SHORT_BINUNICODE, text.as_bytes(), memoize.then_some(MEMOIZE));
        } else if value.is_int() {
            let Ok(small) = i32::try_from(value.as_int()) else { return false };
            self.save_small(small);
        } else if value.is_float() {
            self.out.op(BINFLOAT, &taipan_gc::nan::plain(value.as_float()).to_be_bytes());
        } else if is_none(obj) {
            self.out.byte(NONE);
        } else if is_true_singleton(obj) {
            self.out.byte(NEWTRUE);
        } else if is_false(obj) {
            self.out.byte(NEWFALSE);
        } else {
            return false;
        }
        true
    }

    /// Protocol 1 and higher.
    #[inline]
    fn save_small(&mut self, small: i32) {
        if let Ok(byte) = u8::try_from(small) {
            self.out.op(BININT1, &[byte]);
        } else if let Ok(short) = u16::try_from(small) {
            self.out.op(BININT2, &short.to_le_bytes());
        } else {
            self.out.op(BININT, &small.to_le_bytes());
        }
    }

    fn save_unless_persistent(&mut self, obj: &Obj, ask: bool) -> PyResult<()> {
        self.out.boundary()?;
        if ask && let Some(persistent_id) = &self.overrides.persistent_id {
            let persistent_id = persistent_id.clone();
            enter_native_while(" while pickling an object")?;
            let id = call1(&persistent_id, obj)?;
            if !is_none(&id) {
                return self.save_persistent(&id);
            }
        }
        let value = obj.value();
        if value.is_int() {
            self.save_int(IntRef::Small(value.as_int()))?;
            return Ok(());
        }
        if value.is_float() {
            self.save_float(value.as_float());
            return Ok(());
        }
        if is_none(obj) {
            self.out.byte(NONE);
            return Ok(());
        }
        if is_true_singleton(obj) || is_false(obj) {
            self.save_bool(is_true_singleton(obj));
            return Ok(());
        }
        let class = class_of(obj);
        let types = types();
        if class.is(&types.str) {
            return if self.recall(obj) { Ok(()) } else { self.save_str(obj) };
        }
        if class.is(&types.int)
            && let Some(int) = int_ref(obj)
        {
            return self.save_int(int);
        }
        if self.recall(obj) {
            return Ok(());
        }
        if class.is(&types.bytes) {
            return self.save_bytes(obj);
        }
        enter_native_while(" while pickling an object")?;
        if class.is(&types.dict) {
            self.save_dict(obj)
        } else if class.is(&types.list) {
            self.save_list(obj)
        } else if class.is(&types.tuple) {
            self.save_tuple(obj)
        } else if class.is(&types.set) {
            self.save_set(obj)
        } else if class.is(&types.frozenset) {
            self.save_frozenset(obj)
        } else if class.is(&types.bytearray) {
            self.save_bytearray(obj)
        } else if class.is(super::buffer::class()) {
            self.save_pickle_buffer(obj)
        } else {
            self.save_by_reduction(obj)
        }
    }

    /// Writes an object of a class that has no instruction of its own.
    fn save_by_reduction(&mut self, obj: &Obj) -> PyResult<()> {
        if let Some(reduce) = self.overrides.reducer_override.clone() {
            let reduced = call1(&reduce, obj)?;
            if !is_not_implemented(&reduced) {
                return self.save_reduced(obj, &reduced);
            }
        }
        let class = class_of(obj);
        let types = types();
        if class.is(&types.type_) {
            return self.save_class(obj);
        }
        if class.is(&types.function) {
            return self.save_global(obj, None);
        }
        let key = class.to_obj();
        let reduce = match &self.overrides.dispatch_table {
            None => registry()?.dispatch_table.get(&key)?.map(IntoStrong::into_strong),
            Some(table) => {
                let table = table.clone();
                absent_if(getitem(&table, &key), &types.key_error)?.map(IntoStrong::into_strong)
            }
        };
        let reduced = if let Some(reduce) = reduce {
            call1(&reduce, obj)?
        } else if class.is_subtype(&types.type_) {
            return self.save_global(obj, None);
        } else if let Some(reduce) = getattr_opt(obj, &istr!("__reduce_ex__"))? {
            call1(&reduce, &int_obj(self.settings.proto))?
        } else if let Some(reduce) = getattr_opt(obj, &istr!("__reduce__"))? {
            call0(&reduce)?
        } else {
            return Err(pickling_error(format!(
                "can't pickle '{}' object: {}",
                class.full_name(),
                repr_string(obj)?
            )));
        };
        self.save_reduced(obj, &reduced.into_strong())
    }

    fn save_persistent(&mut self, id: &Obj) -> PyResult<()> {
        if self.settings.bin {
            self.save_unless_persistent(id, false)?;
            self.out.byte(BINPERSID);
            return Ok(());
        }
        let text = str(id)?;
        match text.units().as_ascii() {
            Some(text) => {
                self.out.byte(PERSID);
                self.out.bytes(text.as_bytes());
                self.out.byte(b'\n');
                Ok(())
            }
            None => Err(pickling_error("persistent IDs in protocol 0 must be ASCII strings")),
        }
    }

    fn save_bool(&mut self, value: bool) {
        if self.settings.proto >= 2 {
            self.out.byte(if value { NEWTRUE } else { NEWFALSE });
        } else {
            self.out.bytes(if value { b"I01\n" } else { b"I00\n" });
        }
    }

    fn save_int(&mut self, value: IntRef<'_>) -> PyResult<()> {
        if let Some(small) = value.to_i64().and_then(|i| i32::try_from(i).ok()) {
            if !self.settings.bin {
                self.out.bytes(format!("I{small}\n").as_bytes());
            } else {
                self.save_small(small);
            }
            return Ok(());
        }
        if self.settings.proto < 2 {
            let digits = match value {
                IntRef::Small(i) => i.to_string(),
                big => int::to_decimal(big)?,
            };
            self.out.bytes(format!("L{digits}L\n").as_bytes());
            return Ok(());
        }
        let bytes = value.to_bigint().to_signed_bytes_le();
        match u8::try_from(bytes.len()) {
            Ok(len) => self.out.op(LONG1, &[len]),
            Err(_) if bytes.len() > i32::MAX as usize => {
                return Err(overflow_error("int too large to pickle"));
            }
            Err(_) => self.out.op(LONG4, &(bytes.len() as u32).to_le_bytes()),
        }
        self.out.bytes(&bytes);
        Ok(())
    }

    fn save_float(&mut self, value: f64) {
        if self.settings.bin {
            self.out.op(BINFLOAT, &taipan_gc::nan::plain(value).to_be_bytes());
        } else {
            self.out.bytes(format!("F{}\n", taipan_text::float_repr::repr(value)).as_bytes());
        }
    }

    fn save_str(&mut self, obj: &Obj) -> PyResult<()> {
        let Some(text) = obj.downcast::<PyStr>() else { return Err(type_error("expected a str")) };
        if !self.settings.bin {
            self.save_escaped(text.units());
            self.memoize(obj);
            return Ok(());
        }
        match text.units().as_ascii() {
            Some(text) => self.save_utf8(text.as_bytes())?,
            None => {
                let bytes = codecs::encode_with(text.units(), codecs::Codec::Utf8, "surrogatepass")?;
                self.save_utf8(&bytes)?;
            }
        }
        self.memoize(obj);
        Ok(())
    }

    #[inline]
    fn save_utf8(&mut self, bytes: &[u8]) -> PyResult<()> {
        let len = bytes.len();
        if self.settings.proto >= 4 && len < 256 {
            self.out.short(SHORT_BINUNICODE, bytes, None);
            return Ok(());
        }
        let header = self.long_header(BINUNICODE, BINUNICODE8, len, "string")?;
        self.out.data(&header, bytes, None)
    }

    /// An instruction with a length of four bytes, or eight if need be.
    fn long_header(&self, long: u8, longest: u8, len: usize, what: &str) -> PyResult<Vec<u8>> {
        let mut header = Vec::with_capacity(9);
        if let Ok(len) = u32::try_from(len) {
            header.push(long);
            header.extend_from_slice(&len.to_le_bytes());
        } else if self.settings.proto >= 4 {
            header.push(longest);
            header.extend_from_slice(&(len as u64).to_le_bytes());
        } else {
            return Err(overflow_error(format!(
                "serializing a {what} larger than 4 GiB requires pickle protocol 4 or higher"
            )));
        }
        Ok(header)
    }

    /// Protocol 0: the text with escapes.
    fn save_escaped(&mut self, text: Units<'_>) {
        self.out.byte(UNICODE);
        for code in text.iter() {
            match code {
                0x5c | 0 | 0x0a | 0x0d | 0x1a | 0x100..=0xffff => {
                    self.out.bytes(format!("\\u{code:04x}").as_bytes());
                }
                0x10000.. => self.out.bytes(format!("\\U{code:08x}").as_bytes()),
                code => self.out.byte(code as u8),
            }
        }
        self.out.byte(b'\n');
    }

    fn save_bytes(&mut self, obj: &Obj) -> PyResult<()> {
        let Some(bytes) = obj.downcast::<PyBytes>() else { return Err(type_error("expected bytes")) };
        if self.settings.proto < 3 {
            let reduction = if bytes.is_empty() {
                PyTuple::from_array([types().bytes.as_obj().clone(), tuple_obj(vec![])])
            } else {
                let text = PyStr::from_latin1(bytes.as_slice()).into_obj();
                let args = tuple_obj(vec![text, istr!("latin1").as_obj().clone()]);
                PyTuple::from_array([registry()?.codecs_encode.clone(), args])
            };
            return self.save_reduction(obj, &reduction);
        }
        self.save_bytes_data(bytes.as_slice(), Some(obj))?;
        self.memoize(obj);
        Ok(())
    }

    fn save_bytes_data(&mut self, bytes: &[u8], object: Option<&Obj>) -> PyResult<()> {
        if bytes.len() < 256 {
            self.out.short(SHORT_BINBYTES, bytes, None);
            return Ok(());
        }
        let header = self.long_header(BINBYTES, BINBYTES8, bytes.len(), "bytes object")?;
        self.out.data(&header, bytes, object)
    }

    fn save_bytearray(&mut self, obj: &Obj) -> PyResult<()> {
        let Some(array) = obj.downcast::<PyByteArray>() else {
            return Err(type_error("expected a bytearray"));
        };
        let copy = array.with(<[u8]>::to_vec);
        if self.settings.proto < 5 {
            let args = if copy.is_empty() { vec![] } else { vec![bytes_obj(&copy)] };
            let reduction = PyTuple::from_array([types().bytearray.as_obj().clone(), tuple_obj(args)]);
            return self.save_reduction(obj, &reduction);
        }
        self.save_bytearray_data(&copy, Some(obj))?;
        self.memoize(obj);
        Ok(())
    }

    fn save_bytearray_data(&mut self, bytes: &[u8], object: Option<&Obj>) -> PyResult<()> {
        let mut header = vec![BYTEARRAY8];
        header.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
        self.out.data(&header, bytes, object)
    }

    fn save_pickle_buffer(&mut self, obj: &Obj) -> PyResult<()> {
        if self.settings.proto < 5 {
            return Err(pickling_error("PickleBuffer can only be pickled with protocol >= 5"));
        }
        let Some(buffer) = obj.downcast::<PyPickleBuffer>() else {
            return Err(type_error("expected a PickleBuffer"));
        };
        let Some(plain) = buffer.plain()? else {
            return Err(pickling_error(
                "PickleBuffer can not be pickled when pointing to a non-contiguous buffer",
            ));
        };
        let in_band = match self.settings.buffer_callback.clone() {
            None => true,
            Some(callback) => is_true(&call1(&callback, obj)?)?,
        };
        if !in_band {
            self.out.byte(NEXT_BUFFER);
            if plain.readonly {
                self.out.byte(READONLY_BUFFER);
            }
            return Ok(());
        }
        let copy = plain.to_vec();
        if plain.readonly {
            self.save_bytes_data(&copy, None)?;
        } else {
            self.save_bytearray_data(&copy, None)?;
        }
        self.memoize(obj);
        Ok(())
    }
}
