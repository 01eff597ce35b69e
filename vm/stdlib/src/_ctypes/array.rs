//! Arrays: `Array` and its metaclass.

use taipan_objects::buffer::{self, slice_range};
use taipan_objects::bytes::PyBytes;
use taipan_objects::generic_alias;
use taipan_objects::int::int_ref;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::type_object::{TypeBuilder, ready, type_flags};

use super::data::{self, CData, receiver};
use super::ffi::FfiType;
use super::info::{Draft, Info, Kind, attach, info_of_instance, info_of_obj};
use super::{convert, memory, meta};
use crate::native_class;

native_class!(
    /// The metaclass of array types.
    pub fn metaclass() = meta::derived("_ctypes.PyCArrayType")
        .slots(TypeSlots { init: Some(init), ..TypeSlots::EMPTY })
        .make()
);

native_class!(
    /// `_ctypes.Array`.
    pub fn class() = TypeBuilder::new("_ctypes.Array", CData::ops())
        .base(data::class())
        .metaclass(metaclass())
        .flag(type_flags::SEQUENCE)
        .slots(TypeSlots {
            new: Some(data::construct),
            init: Some(init_instance),
            len: Some(|obj| Ok(receiver(obj)?.length)),
            getitem: Some(getitem),
            setitem: Some(setitem),
            ..TypeSlots::EMPTY
        })
        .methods(METHODS)
        .doc("Abstract base class for arrays.\n\nThe recommended way to create concrete array types is by multiplying any\nctypes data type with a non-negative integer. Alternatively, you can subclass\nthis type and define _length_ and _type_ class variables. Array elements can\nbe read and written using standard subscript and slice accesses for slice\nreads, the resulting object is not itself an Array.")
        .make()
);

static CLASS_GETITEM: Signature = meta::signature("__class_getitem__");
static METHODS: &[MethodDef] = &[MethodDef {
    kind: MethodKind::ClassMethod,
    ..meta::method("__class_getitem__", "See PEP 585", &CLASS_GETITEM, |args| {
        let (class, args) = meta::split(args, "__class_getitem__")?;
        Ok(generic_alias::new(class, meta::only(&args, "__class_getitem__")?))
    })
}];

/// `value` and `raw` of `c_char` arrays.
static BYTES_GETSET: &[GetSetDef] = &[
    GetSetDef {
        name: "value",
        get: |slf| {
            let content = content(slf)?;
            let end = memchr::memchr(0, &content).unwrap_or(content.len());
            Ok(bytes_obj(&content[..end]))
        },
        set: Some(set_text),
        doc: "string value",
    },
    GetSetDef { name: "raw", get: |slf| Ok(bytes_obj(&content(slf)?)), set: Some(set_raw), doc: "value" },
];

/// `value` of `c_wchar` arrays.
static WIDE_GETSET: &[GetSetDef] = &[GetSetDef {
    name: "value",
    get: |slf| {
        let data = receiver(slf)?;
        convert::wide_text(&memory::wide(data.address(), data.size() / 4))
    },
    set: Some(set_wide),
    doc: "string value",
}];

fn content(slf: &Obj) -> PyResult<Vec<u8>> {
    let data = receiver(slf)?;
    Ok(memory::bytes(data.address(), data.size()))
}

fn set_text(slf: &Obj, value: Option<&Obj>) -> PyResult<()> {
    let data = receiver(slf)?;
    let Some(value) = value else { return Err(type_error("can't delete attribute")) };
    let Some(text) = value.downcast::<PyBytes>() else {
        return Err(type_error(format!("bytes expected instead of {} instance", class_of(value).name())));
    };
    let text = text.as_slice();
    if text.len() > data.size() {
        return Err(value_error("byte string too long"));
    }
    memory::store(data.address(), text);
    if text.len() < data.size() {
        memory::write(data.address() + text.len(), 0u8);
    }
    Ok(())
}

fn set_raw(slf: &Obj, value: Option<&Obj>) -> PyResult<()> {
    let data = receiver(slf)?;
    let Some(value) = value else { return Err(attribute_error("cannot delete attribute")) };
    let content = buffer::to_vec(value)?;
    if content.len() > data.size() {
        return Err(value_error("byte string too long"));
    }
    memory::store(data.address(), &content);
    Ok(())
}

fn set_wide(slf: &Obj, value: Option<&Obj>) -> PyResult<()> {
    let data = receiver(slf)?;
    let Some(value) = value else { return Err(type_error("can't delete attribute")) };
    let Some(text) = value.downcast::<PyStr>() else {
        return Err(type_error(format!(
            "unicode string expected instead of {} instance",
            class_of(value).name()
        )));
    };
    let room = data.size() / 4;
    if text.len() > room {
        return Err(value_error("string too long"));
    }
    for (i, unit) in text.units().iter().chain([0]).take(room).enumerate() {
        memory::write(data.address() + 4 * i, unit);
    }
    Ok(())
}

/// `_length_` of a class that is being made.
fn length_of(class: &Obj) -> PyResult<usize> {
    let Some(length) = getattr_opt(class, &istr!("_length_"))? else {
        return Err(attribute_error("class must define a '_length_' attribute"));
    };
    let Some(int) = int_ref(&length) else {
        return Err(type_error("The '_length_' attribute must be an integer"));
    };
    if int.is_negative() {
        return Err(value_error("The '_length_' attribute must not be negative"));
    }
    match int.to_i64() {
        Some(length) => Ok(length as usize),
        None => Err(overflow_error("The '_length_' attribute is too large")),
    }
}

fn init(class: &Obj, args: &Args<'_>) -> PyResult<()> {
    let (this, _) = meta::class_and_namespace(class, args)?;
    let length = length_of(class)?;
    let Some(item) = getattr_opt(class, &istr!("_type_"))? else {
        return Err(attribute_error("class must define a '_type_' attribute"));
    };
    let Some(of) = info_of_obj(&item) else { return Err(type_error("_type_ must have storage info")) };
    let size = of.size.checked_mul(length).filter(|&size| size <= isize::MAX as usize);
    let Some(size) = size else { return Err(overflow_error("array too large")) };
    attach(this, describe(&of, &item, length, size))?;
    let this = Py::from_ref(this);
    match (of.kind, of.code) {
        (Kind::Simple, b'c') => ready::add_getset(&this, BYTES_GETSET),
        (Kind::Simple, b'u') => ready::add_getset(&this, WIDE_GETSET),
        _ => return Ok(()),
    }
    this.modified();
    Ok(())
}

fn describe(of: &Info, item: &Obj, length: usize, size: usize) -> Py<Info> {
    // Larger ones matter to no call.
    let scalars = match size {
        0..=64 => {
            (0..length).flat_map(|i| of.scalars.iter().map(move |(at, s)| (i * of.size + at, *s))).collect()
        }
        _ => of.scalars.first().copied().into_iter().collect::<Vec<_>>(),
    };
    of.seal();
    let info = Draft {
        kind: Kind::Array,
        code: if of.kind == Kind::Simple { of.code } else { 0 },
        swapped: of.swapped,
        size,
        align: of.align,
        length,
        pointers: of.pointers,
        flags: 0,
        format: None,
        ffi: FfiType::aggregate(size, of.align, &scalars),
        scalars,
    }
    .finish();
    info.item.store(item.clone());
    info
}

fn init_instance(slf: &Obj, args: &Args<'_>) -> PyResult<()> {
    for (i, value) in args.positional.iter().enumerate() {
        store_item(slf, i as isize, value)?;
    }
    Ok(())
}

/// The type of the items and their size.
fn item_type(slf: &Obj) -> PyResult<(Obj, usize)> {
    let info = info_of_instance(slf)?;
    let size = info.item_info().map_or(0, |item| item.size);
    match info.item.load() {
        Some(item) => Ok((item, size)),
        None => Err(type_error("abstract class")),
    }
}

fn store_item(slf: &Obj, index: isize, value: &Obj) -> PyResult<()> {
    let data = receiver(slf)?;
    let Some(at) = usize::try_from(index).ok().filter(|&at| at < data.length) else {
        return Err(index_error("invalid index"));
    };
    let (item, size) = item_type(slf)?;
    meta::store(data, &item, at, data.address() + at * size, value)
}

/// Items as `bytes`, `str` or `list`, as slices give them; `place`: the index and address of each.
pub fn items(
    item: &Obj,
    whole: &Obj,
    count: usize,
    place: impl Fn(usize) -> (usize, usize),
) -> PyResult<Obj> {
    let code = info_of_obj(item).filter(|info| info.kind == Kind::Simple).map_or(0, |info| info.code);
    match code {
        b'c' => {
            let content: Vec<u8> = (0..count).map(|i| memory::read::<u8>(place(i).1)).collect();
            Ok(bytes_obj(&content))
        }
        b'u' => {
            let content: Vec<u32> = (0..count).map(|i| memory::read::<u32>(place(i).1)).collect();
            convert::wide_text(&content)
        }
        _ => {
            let item_at = |i| {
                let (index, address) = place(i);
                meta::load(item, whole, index, address)
            };
            Ok(list_obj((0..count).map(item_at).collect::<PyResult<_>>()?))
        }
    }
}

fn getitem(slf: &Obj, key: &Obj) -> PyResult<Obj> {
    let data = receiver(slf)?;
    let (item, size) = item_type(slf)?;
    if let Some(range) = slice_range(key, data.length)? {
        return items(&item, slf, range.count, |i| {
            let at = (range.start as isize + i as isize * range.step) as usize;
            (at, data.address() + at * size)
        });
    }
    let at = position(key, data.length)?;
    match usize::try_from(at).ok().filter(|&at| at < data.length) {
        Some(at) => meta::load(&item, slf, at, data.address() + at * size),
        None => Err(index_error("invalid index")),
    }
}

fn position(key: &Obj, length: usize) -> PyResult<isize> {
    if !has_index(key) {
        return Err(type_error("indices must be integers"));
    }
    let index = index_word(key)?;
    Ok(if index < 0 { index + length as isize } else { index })
}

fn setitem(slf: &Obj, key: &Obj, value: Option<&Obj>) -> PyResult<()> {
    let Some(value) = value else { return Err(type_error("Array does not support item deletion")) };
    let length = receiver(slf)?.length;
    let Some(range) = slice_range(key, length)? else {
        return store_item(slf, position(key, length)?, value);
    };
    if len(value)? != range.count {
        return Err(value_error("Can only assign sequence of same size"));
    }
    for (i, at) in range.positions().enumerate() {
        let item = getitem_of(value, i)?;
        store_item(slf, at as isize, &item)?;
    }
    Ok(())
}

fn getitem_of(sequence: &Obj, index: usize) -> PyResult<Obj> {
    taipan_objects::protocol::getitem(sequence, &int_obj(index as i64))
}
