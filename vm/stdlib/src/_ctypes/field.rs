//! `CField`: the descriptors of fields of structures and unions.

use taipan_objects::int;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;
use taipan_objects::type_object::{TypeBuilder, type_flags};
use taipan_threading::sync::atomic::{AtomicBool, Ordering};

use super::data::{instance, receiver};
use super::info::{Info, Kind, info_of_obj};
use super::{convert, memory, meta};
use crate::native_class;

/// A field.
#[repr(C)]
pub struct CField {
    header: Header,
    pub name: Obj,
    /// The C type.
    pub ctype: Obj,
    pub offset: usize,
    pub size: usize,
    /// Of a bit field: how many bits, and above how many others.
    pub bits: Option<(u32, u32)>,
    pub index: usize,
    pub anonymous: AtomicBool,
}
layout!(CField, "_ctypes.CField", [name, ctype]);

native_class!(
    /// `_ctypes.CField`.
    pub fn class() = TypeBuilder::new("_ctypes.CField", CField::ops())
        .final_()
        .flag(type_flags::IMMUTABLE)
        .slots(TypeSlots {
            new: Some(construct),
            repr: Some(represent),
            descr_get: Some(get),
            descr_set: Some(set),
            ..TypeSlots::EMPTY
        })
        .getset(CField::getset())
        .doc("Structure/Union member")
        .make()
);

#[pyargs(
    name = "CField",
    sig = "(*, name, type, byte_size, byte_offset, index, _internal_use, bit_size=None, bit_offset=None)"
)]
#[allow(clippy::too_many_arguments)]
fn construct(
    _class: &Obj,
    name: &Obj,
    r#type: &Obj,
    byte_size: isize,
    byte_offset: isize,
    index: isize,
    _internal_use: bool,
    bit_size: Option<&Obj>,
    bit_offset: Option<&Obj>,
) -> PyResult<Obj> {
    if !_internal_use {
        return Err(type_error("CField is not intended to be used directly; use it via Structure/Union"));
    }
    let (Ok(size), Ok(offset)) = (usize::try_from(byte_size), usize::try_from(byte_offset)) else {
        return Err(value_error("byte size of field must not be negative"));
    };
    let Ok(index) = usize::try_from(index) else { return Err(value_error("index must not be negative")) };
    let text = str_string(name)?;
    let Some(info) = info_of_obj(r#type) else {
        return Err(type_error(format!("type of field '{text}' must be a C type")));
    };
    if size != info.size {
        return Err(value_error(format!(
            "byte size of field '{text}' ({size}) does not match type size ({})",
            info.size
        )));
    }
    let bits = match (bit_size.filter(|b| !is_none(b)), bit_offset.filter(|b| !is_none(b))) {
        (Some(count), Some(shift)) => Some(bit_field(&text, r#type, &info, count, shift)?),
        (None, None) => None,
        _ => return Err(value_error("if bit_size is specified, bit_offset must be specified too")),
    };
    Ok(make(taipan_objects::attribute::name_of(name)?.into_obj(), r#type.clone(), offset, size, bits, index))
}

fn bit_field(name: &str, ctype: &Obj, info: &Info, count: &Obj, shift: &Obj) -> PyResult<(u32, u32)> {
    if info.kind != Kind::Simple || !convert::can_have_bits(info.code) {
        return Err(type_error(format!(
            "bit fields not allowed for type {}",
            meta::this(ctype)?.short_name()
        )));
    }
    let (count, shift) = (index_word(count)?, index_word(shift)?);
    if count <= 0 {
        return Err(value_error(format!("number of bits invalid for bit field '{name}'")));
    }
    let available = 8 * info.size as isize;
    if shift < 0 || count + shift > available {
        return Err(value_error(format!(
            "bit field '{name}' overflows its type ({shift} + {count} > {available})"
        )));
    }
    Ok((count as u32, shift as u32))
}

/// Makes a field.
pub fn make(
    name: Obj,
    ctype: Obj,
    offset: usize,
    size: usize,
    bits: Option<(u32, u32)>,
    index: usize,
) -> Obj {
    let header = class().instance_header().0;
    let anonymous = AtomicBool::new(false);
    Py::new(CField { header, name, ctype, offset, size, bits, index, anonymous }).into_obj()
}

fn this(obj: &Obj) -> PyResult<&CField> {
    obj.downcast::<CField>().ok_or_else(|| type_error("a CField is required"))
}

impl CField {
    /// The integer that a bit field is a part of, without its order of bytes.
    fn word(&self, info: &Info, address: usize) -> u64 {
        let mut word = [0; 8];
        let bytes = memory::bytes(address, self.size.min(8));
        word[..bytes.len()].copy_from_slice(&bytes);
        if info.swapped {
            word[..bytes.len()].reverse();
        }
        u64::from_le_bytes(word)
    }
    fn is_bool(&self, info: &Info) -> bool {
        info.code == b'?' || info.code == b'v'
    }
    fn load_bits(&self, info: &Info, address: usize, count: u32, shift: u32) -> Obj {
        let value = self.word(info, address) << (64 - count - shift) >> (64 - count);
        if self.is_bool(info) {
            return bool_obj(value != 0);
        }
        if info.code.is_ascii_lowercase() {
            let unused = 64 - count;
            return int_obj((value << unused).cast_signed() >> unused);
        }
        int::from_u64(value)
    }
    fn store_bits(&self, info: &Info, address: usize, count: u32, shift: u32, value: &Obj) -> PyResult<()> {
        let new =
            if self.is_bool(info) { u64::from(is_true(value)?) } else { convert::integer_argument(value)? };
        let mask = (u64::MAX >> (64 - count)) << shift;
        let word = self.word(info, address) & !mask | new << shift & mask;
        let mut bytes = word.to_le_bytes()[..self.size.min(8)].to_vec();
        if info.swapped {
            bytes.reverse();
        }
        memory::store(address, &bytes);
        Ok(())
    }
}

fn get(slf: &Obj, object: Option<&Obj>, _owner: Option<&Obj>) -> PyResult<Obj> {
    let Some(object) = object else { return Ok(slf.clone()) };
    let (field, data) = (this(slf)?, receiver(object)?);
    let address = data.address() + field.offset;
    let Some(info) = info_of_obj(&field.ctype) else { return Err(type_error("abstract class")) };
    if let Some((count, shift)) = field.bits {
        return Ok(field.load_bits(&info, address, count, shift));
    }
    if info.is_array_of(b'c') {
        let content = memory::bytes(address, field.size);
        let end = memchr::memchr(0, &content).unwrap_or(content.len());
        return Ok(bytes_obj(&content[..end]));
    }
    if info.is_array_of(b'u') {
        return convert::wide_text(&memory::wide(address, field.size / 4));
    }
    meta::load(&field.ctype, object, field.index, address)
}

fn set(slf: &Obj, object: &Obj, value: Option<&Obj>) -> PyResult<()> {
    let field = this(slf)?;
    let Some(data) = instance(object) else { return Err(type_error("not a ctype instance")) };
    let Some(value) = value else { return Err(type_error("can't delete attribute")) };
    let address = data.address() + field.offset;
    let Some(info) = info_of_obj(&field.ctype) else { return Err(type_error("abstract class")) };
    if let Some((count, shift)) = field.bits {
        return field.store_bits(&info, address, count, shift, value);
    }
    let is_own = is_instance_of(value, meta::this(&field.ctype)?);
    if info.is_array_of(b'c') && !is_own {
        return set_text(field, address, value);
    }
    if info.is_array_of(b'u') && !is_own {
        return set_wide(field, address, value);
    }
    meta::store(data, &field.ctype, field.index, address, value)
}

fn set_text(field: &CField, address: usize, value: &Obj) -> PyResult<()> {
    let Some(text) = value.downcast::<taipan_objects::bytes::PyBytes>() else {
        return Err(type_error(format!("expected bytes, {} found", class_of(value).name())));
    };
    let text = text.as_slice();
    // The zero behind is copied too, if there is room; what C's `strlen` finds must fit.
    let needed = memchr::memchr(0, text).unwrap_or(text.len());
    if needed > field.size {
        return Err(value_error(format!("bytes too long ({needed}, maximum length {})", field.size)));
    }
    let text = &text[..text.len().min(field.size)];
    memory::store(address, &text[..needed.min(text.len())]);
    if needed < field.size {
        memory::write(address + needed, 0u8);
    }
    Ok(())
}

fn set_wide(field: &CField, address: usize, value: &Obj) -> PyResult<()> {
    let Some(text) = value.downcast::<PyStr>() else {
        return Err(type_error(format!(
            "unicode string expected instead of {} instance",
            class_of(value).name()
        )));
    };
    let room = field.size / 4;
    if text.len() > room {
        return Err(value_error(format!("string too long ({}, maximum length {room})", text.len())));
    }
    for (i, unit) in text.units().iter().chain([0]).take(room).enumerate() {
        memory::write(address + 4 * i, unit);
    }
    Ok(())
}

fn represent(slf: &Obj) -> PyResult<Obj> {
    let field = this(slf)?;
    let (name, ctype) = (repr_string(&field.name)?, meta::this(&field.ctype)?.short_name());
    let place = match field.bits {
        Some((count, shift)) => format!("ofs={}, bit_size={count}, bit_offset={shift}", field.offset),
        None => format!("ofs={}, size={}", field.offset, field.size),
    };
    Ok(str_obj(&format!("<ctypes.CField {name} type={ctype}, {place}>")))
}

#[pymethods(class = "_ctypes.CField")]
impl CField {
    /// name of this field
    #[pygetset]
    fn name(&self) -> Obj {
        self.name.clone()
    }
    /// type of this field
    #[pygetset(name = "type")]
    fn field_type(&self) -> Obj {
        self.ctype.clone()
    }
    /// offset in bytes of this field (same as byte_offset)
    #[pygetset]
    fn offset(&self) -> usize {
        self.offset
    }
    /// size in bytes of this field; of a bit field, its size and offset in bits
    #[pygetset]
    fn size(&self) -> usize {
        match self.bits {
            Some((count, shift)) => (count as usize) << 16 | shift as usize,
            None => self.size,
        }
    }
    /// offset in bytes of this field
    #[pygetset]
    fn byte_offset(&self) -> usize {
        self.offset
    }
    /// size in bytes of this field
    #[pygetset]
    fn byte_size(&self) -> usize {
        self.size
    }
    /// additional offset in bits (relative to byte_offset)
    #[pygetset]
    fn bit_offset(&self) -> u32 {
        self.bits.map_or(0, |(_, shift)| shift)
    }
    /// size of this field in bits
    #[pygetset]
    fn bit_size(&self) -> u128 {
        self.bits.map_or(self.size as u128 * 8, |(count, _)| u128::from(count))
    }
    /// true if this is a bitfield
    #[pygetset]
    fn is_bitfield(&self) -> bool {
        self.bits.is_some()
    }
    /// true if this field is anonymous
    #[pygetset]
    fn is_anonymous(&self) -> bool {
        self.anonymous.load(Ordering::Relaxed)
    }
}
