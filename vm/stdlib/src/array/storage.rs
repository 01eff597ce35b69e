//! The memory of an array: machine values of one kind, one after the other.
//!
//! The bytes are touched only under the array's object lock (for moments: in a short section); while they are exported, they neither
//! move nor change in number. Values are converted outside of the lock, since that may run Python code.
#![allow(unsafe_code)] // The buffer protocol hands out addresses; the bytes are in a cell that the object lock guards.

use std::cell::UnsafeCell;
use std::ops::Range;

use taipan_objects::Value;
use taipan_objects::buffer::{self, Buffer};
use taipan_objects::int::{self, int_ref};
use taipan_objects::native::FromArg;
use taipan_objects::prelude::*;
use taipan_objects::short_section::ShortSection;
use taipan_objects::type_object::number_items::{Doubles, NumberItems};

/// A kind of item.
pub struct Kind {
    pub code: u8,
    pub size: usize,
    /// Format for the buffer protocol.
    pub format: &'static str,
}

pub static KINDS: [Kind; 14] = [
    Kind { code: b'b', size: 1, format: "b" },
    Kind { code: b'B', size: 1, format: "B" },
    Kind { code: b'u', size: 4, format: "w" },
    Kind { code: b'w', size: 4, format: "w" },
    Kind { code: b'h', size: 2, format: "h" },
    Kind { code: b'H', size: 2, format: "H" },
    Kind { code: b'i', size: 4, format: "i" },
    Kind { code: b'I', size: 4, format: "I" },
    Kind { code: b'l', size: 8, format: "l" },
    Kind { code: b'L', size: 8, format: "L" },
    Kind { code: b'q', size: 8, format: "q" },
    Kind { code: b'Q', size: 8, format: "Q" },
    Kind { code: b'f', size: 4, format: "f" },
    Kind { code: b'd', size: 8, format: "d" },
];

/// One item as bytes; the first `Kind::size` of them count.
pub type Item = [u8; 8];

fn word(value: u64) -> Item {
    value.to_ne_bytes()
}

/// The first bytes of the native form of a number of `size` bytes.
fn narrow(value: u64, size: usize) -> Item {
    let mut item = [0; 8];
    match size {
        1 => item[..1].copy_from_slice(&(value as u8).to_ne_bytes()),
        2 => item[..2].copy_from_slice(&(value as u16).to_ne_bytes()),
        4 => item[..4].copy_from_slice(&(value as u32).to_ne_bytes()),
        _ => item = word(value),
    }
    item
}

impl Kind {
    pub fn of(code: u32) -> Option<&'static Kind> {
        KINDS.iter().find(|k| u32::from(k.code) == code)
    }
    /// Where item `index` is in a memory of `len` bytes, if it has one.
    #[inline]
    pub fn place(&self, index: usize, len: usize) -> Option<Range<usize>> {
        let start = index.checked_mul(self.size)?;
        let end = start.checked_add(self.size)?;
        (end <= len).then_some(start..end)
    }
    pub fn is_text(&self) -> bool {
        matches!(self.code, b'u' | b'w')
    }
    /// The object for the first item in these bytes.
    #[inline]
    pub fn get(&self, bytes: &[u8]) -> Obj {
        let item = match self.size {
            1 => [bytes[0], 0, 0, 0, 0, 0, 0, 0],
            2 => [bytes[0], bytes[1], 0, 0, 0, 0, 0, 0],
            4 => [bytes[0], bytes[1], bytes[2], bytes[3], 0, 0, 0, 0],
            _ => bytes.first_chunk::<8>().copied().unwrap_or_default(),
        };
        let [a, b, c, d, ..] = item;
        match self.code {
            b'b' => int_obj(i64::from(a as i8)),
            b'B' => int_obj(i64::from(a)),
            b'h' => int_obj(i64::from(i16::from_ne_bytes([a, b]))),
            b'H' => int_obj(i64::from(u16::from_ne_bytes([a, b]))),
            b'i' => int_obj(i64::from(i32::from_ne_bytes([a, b, c, d]))),
            b'I' => int_obj(i64::from(u32::from_ne_bytes([a, b, c, d]))),
            b'l' | b'q' => int_obj(i64::from_ne_bytes(item)),
            b'L' | b'Q' => int::from_u64(u64::from_ne_bytes(item)),
            b'f' => float_obj(f64::from(f32::from_ne_bytes([a, b, c, d]))),
            b'd' => float_obj(f64::from_ne_bytes(item)),
            _ => PyStr::from_code_point(u32::from_ne_bytes([a, b, c, d])).into_obj(),
        }
    }
    /// The item for an object.
    pub fn item(&self, value: &Obj) -> PyResult<Item> {
        let limits = |low: i64, high: i64, name: &str| -> PyResult<Item> {
            let short = |value: i64, low: i64, high: i64, name: &str| {
                if value < low {
                    Err(overflow_error(format!("{name} is less than minimum")))
                } else if value > high {
                    Err(overflow_error(format!("{name} is greater than maximum")))
                } else {
                    Ok(())
                }
            };
            let value = if value.value().is_int() { value.value().as_int() } else { i64::from_arg(value)? };
            match self.code {
                // The C converters of these kinds check for a wider one first.
                b'b' => short(value, i64::from(i16::MIN), i64::from(i16::MAX), "signed short integer")?,
                b'H' => short(value, i64::from(i32::MIN), i64::from(i32::MAX), "signed integer")?,
                _ => {}
            }
            short(value, low, high, name)?;
            Ok(narrow(value as u64, self.size))
        };
        match self.code {
            b'b' => limits(-128, 127, "signed char"),
            b'B' => limits(0, 255, "unsigned byte integer"),
            b'h' => limits(i64::from(i16::MIN), i64::from(i16::MAX), "signed short integer"),
            b'H' => limits(0, 0xffff, "unsigned short"),
            b'i' => limits(i64::from(i32::MIN), i64::from(i32::MAX), "signed integer"),
            b'l' => Ok(word(i64::from_arg(value)? as u64)),
            b'I' | b'L' => {
                let value = index(value)?;
                let Some(value) = int_ref(&value) else {
                    return Err(type_error("an index is not an integer"));
                };
                if value.is_negative() {
                    return Err(overflow_error("can't convert negative value to unsigned int"));
                }
                let Some(value) = value.to_u64() else {
                    return Err(overflow_error("Python int too large to convert to C unsigned long"));
                };
                if self.code == b'I' && value > u64::from(u32::MAX) {
                    return Err(overflow_error("unsigned int is greater than maximum"));
                }
                Ok(narrow(value, self.size))
            }
            b'q' => {
                let value = index(value)?;
                match int_ref(&value).and_then(|i| i.to_i64()) {
                    Some(value) => Ok(word(value as u64)),
                    None => Err(overflow_error("int too big to convert")),
                }
            }
            b'Q' => {
                let value = index(value)?;
                match int_ref(&value) {
                    Some(value) if value.is_negative() => {
                        Err(overflow_error("can't convert negative int to unsigned"))
                    }
                    Some(value) => {
                        value.to_u64().map(word).ok_or_else(|| overflow_error("int too big to convert"))
                    }
                    None => Err(type_error("an index is not an integer")),
                }
            }
            b'f' => Ok(narrow(u64::from((as_f64(value)? as f32).to_bits()), 4)),
            b'd' => Ok(word(as_f64(value)?.to_bits())),
            _ => {
                let Some(text) = value.downcast::<PyStr>() else {
                    return Err(type_error(format!(
                        "array item must be a unicode character, not {}",
                        class_of(value).name()
                    )));
                };
                if text.len() != 1 {
                    return Err(type_error(format!(
                        "array item must be a unicode character, not a string of length {}",
                        text.len()
                    )));
                }
                Ok(narrow(u64::from(text.units().at(0)), 4))
            }
        }
    }
}

/// An `array.array`.
#[repr(C)]
pub struct PyArray {
    header: Header,
    doubles: Doubles,
    pub kind: &'static Kind,
    memory: UnsafeCell<Memory>,
}
layout!(PyArray, "array.array");

// SAFETY: `memory` is only touched under the object's lock: by `locked`.
unsafe impl Sync for PyArray {}

/// Items that are numbers of a machine word.
pub static NUMBER_ITEMS: NumberItems = NumberItems { get: number_at, set: put_number, has_doubles: true };

fn of_header(header: &Header) -> &PyArray {
    // SAFETY: called for instances of the class alone, which have this layout, by the address where they begin.
    unsafe { &*std::ptr::from_ref(header).cast() }
}

fn number_at(header: &Header, index: usize) -> Option<Value> {
    let array = of_header(header);
    if array.kind.is_text() {
        return None;
    }
    if array.kind.code != b'd' {
        // A larger one is an object.
        return array.at(index).filter(|item| item.value().is_number()).map(Obj::into_value);
    }
    array.locked(|memory| {
        let bytes = memory.bytes.get(index.checked_mul(8)?..)?.first_chunk()?;
        Some(Value::from_float(f64::from_ne_bytes(*bytes)))
    })
}

fn put_number(header: &Header, index: usize, value: Value) -> bool {
    let array = of_header(header);
    let number = match array.kind.code {
        b'd' if value.is_float() => value.as_float(),
        b'd' if value.is_int() => value.as_int() as f64,
        _ => return false,
    };
    array.locked(|memory| {
        let place = index.checked_mul(8).and_then(|start| memory.bytes.get_mut(start..)?.first_chunk_mut());
        place.map(|place| *place = number.to_ne_bytes()).is_some()
    })
}

struct Memory {
    bytes: Vec<u8>,
    exports: usize,
}

impl PyArray {
    /// An array of `class` with these bytes, a whole number of items.
    pub fn create(class: &PyType, kind: &'static Kind, bytes: Vec<u8>) -> Py<PyArray> {
        let memory = UnsafeCell::new(Memory { bytes, exports: 0 });
        let array = taipan_objects::type_object::new_instance(class, |header| PyArray {
            header,
            doubles: Doubles::none(),
            kind,
            memory,
        });
        array.locked(|memory| array.tell(memory));
        array
    }
    /// Tells machine code where the items are; to be called whenever that may have changed.
    fn tell(&self, memory: &mut Memory) {
        if self.kind.code == b'd' {
            let count = memory.bytes.len() / 8;
            self.doubles.are(memory.bytes.as_mut_ptr(), count);
        }
    }
    /// Runs `f` on the memory, under the lock. It must not run Python code, drop an object or block.
    #[inline(always)]
    fn locked<R>(&self, f: impl FnOnce(&mut Memory) -> R) -> R {
        let _section = ShortSection::enter(self.header.lock());
        // SAFETY: under the lock, and `f` does not come back here.
        f(unsafe { &mut *self.memory.get() })
    }
    /// Runs `f` on the bytes. It must not run Python code.
    pub fn with<R>(&self, f: impl FnOnce(&[u8]) -> R) -> R {
        self.locked(|memory| f(&memory.bytes))
    }
    /// Runs `f` on the bytes to change them in place. It must not run Python code.
    pub fn with_mut<R>(&self, f: impl FnOnce(&mut [u8]) -> R) -> R {
        self.locked(|memory| f(&mut memory.bytes))
    }
    /// Runs `f` to change the number of items; `BufferError` if that changes while they are exported. It must not run Python code.
    pub fn resize<R>(&self, f: impl FnOnce(&mut Vec<u8>) -> R) -> PyResult<R> {
        let changed = self.locked(|memory| {
            let result = (memory.exports == 0).then(|| f(&mut memory.bytes));
            self.tell(memory);
            result
        });
        changed.ok_or_else(|| buffer_error("cannot resize an array that is exporting buffers"))
    }
    /// Number of items.
    pub fn len(&self) -> usize {
        self.with(<[u8]>::len) / self.kind.size
    }
    /// The item at an index, if there is one.
    pub fn at(&self, index: usize) -> Option<Obj> {
        let size = self.kind.size;
        let item: Item = self.locked(|memory| {
            let bytes = memory.bytes.get(self.kind.place(index, memory.bytes.len())?)?;
            Some(match size {
                1 => [bytes[0], 0, 0, 0, 0, 0, 0, 0],
                2 => [bytes[0], bytes[1], 0, 0, 0, 0, 0, 0],
                4 => [bytes[0], bytes[1], bytes[2], bytes[3], 0, 0, 0, 0],
                _ => bytes.first_chunk::<8>().copied().unwrap_or_default(),
            })
        })?;
        Some(self.kind.get(&item))
    }
    /// Overwrites the item at an index; false if there is none.
    pub fn put(&self, index: usize, item: &[u8]) -> bool {
        self.with_mut(|bytes| {
            let place = self.kind.place(index, bytes.len());
            place.map(|place| bytes[place].copy_from_slice(item)).is_some()
        })
    }
    /// Removes the item at an index, if there is (still) one.
    pub fn delete(&self, index: usize) -> PyResult<()> {
        self.resize(|bytes| {
            if let Some(place) = self.kind.place(index, bytes.len()) {
                bytes.drain(place);
            }
        })
    }
    /// Makes room for that many more items, if the memory may move and there is some.
    pub fn reserve(&self, items: usize) {
        self.locked(|memory| {
            if memory.exports == 0 {
                // Otherwise the memory grows with the items.
                let _ = memory.bytes.try_reserve(items.saturating_mul(self.kind.size));
                self.tell(memory);
            }
        });
    }
    /// All items.
    pub fn items(&self) -> Vec<Obj> {
        let bytes = self.with(<[u8]>::to_vec);
        bytes.chunks_exact(self.kind.size).map(|item| self.kind.get(item)).collect()
    }
    /// Address of the first item.
    pub fn address(&self) -> usize {
        self.with(|bytes| bytes.as_ptr().addr())
    }
}

fn release(owner: &Obj) {
    if let Some(array) = owner.downcast::<PyArray>() {
        array.locked(|memory| memory.exports -= 1);
    }
}

/// The buffer protocol.
pub fn export(obj: &Obj, flags: i32) -> PyResult<Buffer> {
    let Some(array) = obj.downcast::<PyArray>() else { return Err(buffer::not_bytes_like(obj)) };
    let (ptr, len) = array.locked(|memory| {
        memory.exports += 1;
        (memory.bytes.as_mut_ptr(), memory.bytes.len())
    });
    // SAFETY: `resize` refuses to touch the memory while `exports` is not 0, and `owner` keeps the array alive.
    let buffer = unsafe { Buffer::new(obj.clone(), ptr, len, false, Some(release)) };
    let format = if flags & buffer::request::FORMAT != 0 { array.kind.format } else { "B" };
    Ok(buffer.with_items(array.kind.size, format))
}
