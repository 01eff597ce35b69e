//! Pointers: `_Pointer` and its metaclass.

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;
use taipan_objects::slice::PySlice;
use taipan_objects::type_object::TypeBuilder;

use super::argument::CArgument;
use super::data::{self, CData, Origin, instance, receiver};
use super::ffi::Scalar;
use super::function_argument::byref;
use super::info::{Draft, Info, Kind, attach, info_of, info_of_instance, info_of_obj};
use super::meta::{self, metamethods, only, this};
use super::{array, memory};
use crate::native_class;
use crate::native_class::class_argument;

native_class!(
    /// The metaclass of pointer types.
    pub fn metaclass() = meta::derived("_ctypes.PyCPointerType")
        .slots(TypeSlots { init: Some(init), ..TypeSlots::EMPTY })
        .methods(METHODS)
        .make()
);

native_class!(
    /// `_ctypes._Pointer`.
    pub fn class() = TypeBuilder::new("_ctypes._Pointer", CData::ops())
        .base(data::class())
        .metaclass(metaclass())
        .slots(TypeSlots {
            new: Some(construct),
            init: Some(init_instance),
            bool_: Some(|obj| Ok(receiver(obj)?.pointer() != 0)),
            getitem: Some(getitem),
            setitem: Some(setitem),
            ..TypeSlots::EMPTY
        })
        .getset(GETSET)
        .doc("XXX to be provided")
        .make()
);

metamethods!(
    static METHODS:
    "from_param" |class: &Obj, args: &Args<'_>| from_param(class, only(args, "from_param")?), "Convert a Python object into a function call parameter.";
    "set_type" |class: &Obj, args: &Args<'_>| set_type(class, only(args, "set_type")?), "";
);

static GETSET: &[GetSetDef] = &[GetSetDef {
    name: "contents",
    get: contents,
    set: Some(|slf, value| match value {
        Some(value) => set_contents(slf, value),
        None => Err(type_error("Pointer does not support item deletion")),
    }),
    doc: "the object this pointer points to (read-write)",
}];

fn init(class: &Obj, args: &Args<'_>) -> PyResult<()> {
    let (this, namespace) = meta::class_and_namespace(class, args)?;
    let mut draft = Draft::scalar(Kind::Pointer, Scalar::Pointer);
    draft.length = 1;
    draft.pointers = true;
    let info = draft.finish();
    if let Some(item) = namespace.get_str(&istr!("_type_")) {
        point_to(&info, class, &item)?;
    }
    attach(this, info)
}

/// Makes `class` the type of pointers to `item`.
fn point_to(info: &Info, class: &Obj, item: &Obj) -> PyResult<()> {
    if !item.is_layout::<PyType>() {
        return Err(type_error("_type_ must be a type"));
    }
    let Some(target) = info_of_obj(item) else { return Err(type_error("_type_ must have storage info")) };
    info.item.store(item.clone());
    // What the item is like now: it may get its fields later.
    *info.pointer_format.lock() = Some(super::info::pointer_format(&target));
    if target.pointer_type.is_empty() {
        target.pointer_type.store(class.clone());
    }
    Ok(())
}

fn set_type(class: &Obj, item: &Obj) -> PyResult<Obj> {
    let info = meta::concrete(class)?;
    point_to(&info, class, item)?;
    setattr(class, &istr!("_type_"), item)?;
    Ok(none())
}

fn from_param(class: &Obj, value: &Obj) -> PyResult<Obj> {
    if is_none(value) {
        return Ok(none());
    }
    let info = meta::concrete(class)?;
    let Some(item) = info.item.load() else { return Err(type_error("abstract class")) };
    let target = this(&item)?;
    if let Some(argument) = value.downcast::<CArgument>()
        && argument.object.load().is_some_and(|object| is_instance_of(&object, target))
    {
        return Ok(value.clone());
    }
    if instance(value).is_some() {
        if is_instance_of(value, target) {
            return byref(value, 0);
        }
        let given = info_of_instance(value)?;
        if matches!(given.kind, Kind::Pointer | Kind::Array)
            && let Some(pointed) = given.item.load()
            && this(&pointed)?.is_subtype(target)
        {
            return Ok(value.clone());
        }
    }
    meta::from_param(class, value)
}

fn construct(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    let this = class_argument::<CData>(class)?;
    if info_of(this).is_none_or(|info| info.item.is_empty()) {
        return Err(type_error("Cannot create instance: has no _type_"));
    }
    data::construct(class, args)
}

fn init_instance(slf: &Obj, args: &Args<'_>) -> PyResult<()> {
    crate::native_class::check_count("POINTER", args, 0, 1)?;
    match args.positional {
        [value] => set_contents(slf, value),
        _ => Ok(()),
    }
}

/// The type that an instance points to.
fn item_type(slf: &Obj) -> PyResult<Obj> {
    info_of_instance(slf)?.item.load().ok_or_else(|| type_error("Cannot create instance: has no _type_"))
}

fn null_pointer() -> Raised {
    value_error("NULL pointer access")
}

fn contents(slf: &Obj) -> PyResult<Obj> {
    let address = receiver(slf)?.pointer();
    if address == 0 {
        return Err(null_pointer());
    }
    data::make(this(&item_type(slf)?)?, Origin::Part { base: slf, index: 0, address }, None)
}

fn set_contents(slf: &Obj, value: &Obj) -> PyResult<()> {
    let item = item_type(slf)?;
    let wanted = this(&item)?;
    let (Some(target), true) = (instance(value), is_instance_of(value, wanted)) else {
        return Err(type_error(format!(
            "expected {} instead of {}",
            wanted.short_name(),
            class_of(value).name()
        )));
    };
    let data = receiver(slf)?;
    memory::write(data.address(), target.address());
    data.keep(1, value.clone())?;
    data.keep(0, target.kept_objects())
}

/// Where item `index` of what is pointed to is.
fn item_address(slf: &Obj, item: &Obj, index: isize) -> PyResult<usize> {
    let start = receiver(slf)?.pointer();
    if start == 0 {
        return Err(null_pointer());
    }
    let size = info_of_obj(item).map_or(0, |info| info.size);
    Ok(start.wrapping_add_signed(index.wrapping_mul(size as isize)))
}

fn getitem(slf: &Obj, key: &Obj) -> PyResult<Obj> {
    if let Some(slice) = key.downcast::<PySlice>() {
        return get_slice(slf, slice);
    }
    if !has_index(key) {
        return Err(type_error("Pointer indices must be integer"));
    }
    let (index, item) = (index_word(key)?, item_type(slf)?);
    let address = item_address(slf, &item, index)?;
    meta::load(&item, slf, index as usize, address)
}

fn get_slice(slf: &Obj, slice: &PySlice) -> PyResult<Obj> {
    let bound = |obj: &Obj| if is_none(obj) { Ok(None) } else { index_word(obj).map(Some) };
    let step = bound(&slice.step)?.unwrap_or(1);
    if step == 0 {
        return Err(value_error("slice step cannot be zero"));
    }
    let start = match bound(&slice.start)? {
        Some(start) => start,
        None if step < 0 => return Err(value_error("slice start is required for step < 0")),
        None => 0,
    };
    let Some(stop) = bound(&slice.stop)? else { return Err(value_error("slice stop is required")) };
    let count = match step > 0 {
        true if start < stop => (stop - start - 1) / step + 1,
        false if stop < start => (start - stop - 1) / -step + 1,
        _ => 0,
    };
    let item = item_type(slf)?;
    let first = item_address(slf, &item, start)?;
    let size = info_of_obj(&item).map_or(0, |info| info.size as isize);
    array::items(&item, slf, count as usize, |i| {
        let index = start + i as isize * step;
        (index as usize, first.wrapping_add_signed(i as isize * step * size))
    })
}

fn setitem(slf: &Obj, key: &Obj, value: Option<&Obj>) -> PyResult<()> {
    let Some(value) = value else { return Err(type_error("Pointer does not support item deletion")) };
    let (index, item) = (index_word(key)?, item_type(slf)?);
    let address = item_address(slf, &item, index)?;
    meta::store(receiver(slf)?, &item, index as usize, address, value)
}
