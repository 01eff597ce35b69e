//! Simple types: `_SimpleCData` and its metaclass.

use taipan_objects::bytes::PyBytes;
use taipan_objects::dict::PyDict;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;
use taipan_objects::tuple::PyTuple;
use taipan_objects::type_object::TypeBuilder;
use taipan_objects::type_object::type_methods::type_new;

use super::argument::CArgument;
use super::data::{self, CData, instance, receiver};
use super::ffi::{FfiType, Scalar};
use super::info::{Draft, Info, Kind, attach, info_of, info_of_instance};
use super::meta::{self, as_parameter, metamethods, only, this};
use super::{convert, memory};
use crate::native_class;

native_class!(
    /// The metaclass of simple types.
    pub fn metaclass() = meta::derived("_ctypes.PyCSimpleType")
        .slots(TypeSlots { init: Some(init), ..TypeSlots::EMPTY })
        .methods(METHODS)
        .make()
);

native_class!(
    /// `_ctypes._SimpleCData`.
    pub fn class() = TypeBuilder::new("_ctypes._SimpleCData", CData::ops())
        .base(data::class())
        .metaclass(metaclass())
        .slots(TypeSlots {
            new: Some(data::construct),
            init: Some(init_instance),
            repr: Some(represent),
            bool_: Some(|obj| {
                let data = receiver(obj)?;
                Ok(memory::bytes(data.address(), data.size()).iter().any(|&byte| byte != 0))
            }),
            ..TypeSlots::EMPTY
        })
        .getset(GETSET)
        .methods(INSTANCE_METHODS)
        .doc("XXX to be provided")
        .make()
);

metamethods!(
    static METHODS:
    "from_param" |class: &Obj, args: &Args<'_>| from_param(class, only(args, "from_param")?), "Convert a Python object into a function call parameter.";
);

metamethods!(
    static INSTANCE_METHODS:
    "__ctypes_from_outparam__" |slf: &Obj, _args: &Args<'_>| {
        if is_plain(slf) { value(slf) } else { Ok(slf.clone()) }
    }, "";
);

static GETSET: &[GetSetDef] = &[GetSetDef {
    name: "value",
    get: value,
    set: Some(|slf, value| match value {
        Some(value) => set_value(slf, value),
        None => Err(type_error("can't delete attribute")),
    }),
    doc: "current value",
}];

/// Whether the class is a simple type itself, not derived from one.
fn is_plain(slf: &Obj) -> bool {
    class_of(slf).base().is_some_and(|base| base.is(class()))
}

/// The value of an instance.
pub fn value(slf: &Obj) -> PyResult<Obj> {
    let info = info_of_instance(slf)?;
    convert::load(info.code, info.swapped, receiver(slf)?.address())
}

fn set_value(slf: &Obj, value: &Obj) -> PyResult<()> {
    let (info, data) = (info_of_instance(slf)?, receiver(slf)?);
    let kept = convert::store_value(info.code, info.swapped, data.address(), value)?;
    // The object's own bytes show in `_objects`, even if C code sees a copy.
    data.keep(0, kept)
}

fn init_instance(slf: &Obj, args: &Args<'_>) -> PyResult<()> {
    crate::native_class::check_count("__init__", args, 0, 1)?;
    match args.positional {
        [value] => set_value(slf, value),
        _ => Ok(()),
    }
}

fn represent(slf: &Obj) -> PyResult<Obj> {
    let class = class_of(slf);
    if !is_plain(slf) {
        let address = slf.header().map_or(0, |header| std::ptr::from_ref(header).addr());
        return Ok(str_obj(&format!("<{} object at {address:#x}>", class.name())));
    }
    Ok(str_obj(&format!("{}({})", class.short_name(), repr_string(&value(slf)?)?)))
}

/// The `_type_` of a class that is being made.
fn type_code(class: &Obj) -> PyResult<u8> {
    let Some(code) = getattr_opt(class, &istr!("_type_"))? else {
        return Err(attribute_error("class must define a '_type_' attribute"));
    };
    let Some(text) = code.downcast::<PyStr>() else {
        return Err(type_error("class must define a '_type_' string attribute"));
    };
    if text.len() != 1 {
        return Err(value_error("class must define a '_type_' attribute which must be a string of length 1"));
    }
    let unit = text.units().at(0);
    match u8::try_from(unit) {
        Ok(code) if convert::CODES.as_bytes().contains(&code) => Ok(code),
        _ => Err(attribute_error(format!(
            "class must define a '_type_' attribute which must be\na single character string containing one of '{}'.",
            convert::CODES
        ))),
    }
}

fn describe(code: u8, swapped: bool) -> Py<Info> {
    let scalar = convert::scalar(code).unwrap_or(Scalar::Void);
    let mut draft = Draft::scalar(Kind::Simple, scalar);
    draft.code = code;
    draft.swapped = swapped;
    draft.pointers = convert::is_pointer(code);
    draft.format = Some(convert::format(code, swapped));
    draft.finish()
}

fn init(class: &Obj, args: &Args<'_>) -> PyResult<()> {
    let (this, namespace) = meta::class_and_namespace(class, args)?;
    let code = type_code(class)?;
    let swapped = this.base().and_then(info_of).is_some_and(|info| info.swapped);
    attach(this, describe(code, swapped))?;
    if class_of(class).is(metaclass()) && convert::can_swap(code) {
        make_swapped(class, args, namespace, code)?;
    }
    Ok(())
}

/// Makes the type of the other byte order, and links the two.
fn make_swapped(class: &Obj, args: &Args<'_>, namespace: &PyDict, code: u8) -> PyResult<()> {
    let little = cfg!(target_endian = "little");
    let (own, other, suffix) = if little {
        (istr!("__ctype_le__"), istr!("__ctype_be__"), "_be")
    } else {
        (istr!("__ctype_be__"), istr!("__ctype_le__"), "_le")
    };
    let name = args.positional.first().map(str_string).transpose()?.unwrap_or_default();
    let bases = args.positional.get(1).cloned().unwrap_or_else(|| PyTuple::empty().into_obj());
    let arguments = [str_obj(&format!("{name}{suffix}")), bases, namespace.copy().into_obj()];
    let swapped = type_new(&class_of(class).to_obj(), &Args::new(&arguments))?;
    attach(this(&swapped)?, describe(code, true))?;
    for (holder, name, value) in [
        (class, &own, class),
        (class, &other, &swapped),
        (&swapped, &own, class),
        (&swapped, &other, &swapped),
    ] {
        setattr(holder, name, value)?;
    }
    Ok(())
}

/// Whether the value is an array of, or a pointer to, items of a simple type's code, or a reference to such an item.
fn leads_to(value: &Obj, code: u8) -> bool {
    if let Some(argument) = value.downcast::<CArgument>() {
        let object = argument.object.load();
        return object
            .as_ref()
            .and_then(|object| info_of(class_of(object)))
            .is_some_and(|info| info.kind == Kind::Simple && info.code == code);
    }
    let Some(info) = info_of(class_of(value)).filter(|_| instance(value).is_some()) else { return false };
    matches!(info.kind, Kind::Array | Kind::Pointer)
        && info.item_info().is_some_and(|item| item.kind == Kind::Simple && item.code == code)
}

fn from_param(class: &Obj, value: &Obj) -> PyResult<Obj> {
    let wanted = this(class)?;
    let info = info_of(wanted).ok_or_else(|| type_error("abstract class"))?;
    let special = match info.code {
        b'z' | b'Z' => text_param(&info, wanted, value)?,
        b'P' => address_param(wanted, value)?,
        _ => None,
    };
    if let Some(found) = special {
        return Ok(found);
    }
    if is_instance_of(value, wanted) {
        return Ok(value.clone());
    }
    if !matches!(info.code, b'z' | b'Z' | b'P') {
        let argument = CArgument::new(info.code, info.ffi.clone());
        match convert::store_value(info.code, info.swapped, argument.address(), value) {
            Ok(kept) => {
                argument.object.store(kept);
                return Ok(argument.into_obj());
            }
            Err(Raised) => {
                let error = take_raised();
                match as_parameter(value)? {
                    Some(parameter) => return again(class, &parameter),
                    None => return Err(set_raised(error)),
                }
            }
        }
    }
    if let Some(parameter) = as_parameter(value)? {
        return again(class, &parameter);
    }
    let name = match info.code {
        b'z' => "ctypes.c_char_p",
        b'Z' => "ctypes.c_wchar_p",
        _ => "ctypes.c_void_p",
    };
    Err(type_error(format!("'{}' object cannot be interpreted as {name}", class_of(value).name())))
}

fn again(class: &Obj, parameter: &Obj) -> PyResult<Obj> {
    enter_native()?;
    from_param(class, parameter)
}

/// An argument that is an address, with what must stay alive for it.
fn pointer_argument(tag: u8, address: usize, kept: Obj) -> Obj {
    let argument = CArgument::new(tag, FfiType::Scalar(Scalar::Pointer));
    memory::write(argument.address(), address);
    argument.object.store(kept);
    argument.into_obj()
}

/// Arguments of a `c_char_p` or `c_wchar_p` parameter.
fn text_param(info: &Info, wanted: &PyType, value: &Obj) -> PyResult<Option<Obj>> {
    if is_none(value) {
        return Ok(Some(none()));
    }
    let is_text = if info.code == b'z' { value.is_layout::<PyBytes>() } else { value.is_layout::<PyStr>() };
    if is_text {
        return text_argument(info.code, value).map(Some);
    }
    let item = if info.code == b'z' { b'c' } else { b'u' };
    let fits = is_instance_of(value, wanted) || leads_to(value, item);
    Ok(fits.then(|| value.clone()))
}

/// A `bytes` or `str` object as an argument: the address of its content.
pub fn text_argument(code: u8, value: &Obj) -> PyResult<Obj> {
    let argument = CArgument::new(code, FfiType::Scalar(Scalar::Pointer));
    let kept = convert::store_value(code, false, argument.address(), value)?;
    argument.object.store(kept);
    Ok(argument.into_obj())
}

/// Arguments of a `c_void_p` parameter.
fn address_param(wanted: &PyType, value: &Obj) -> PyResult<Option<Obj>> {
    if is_none(value) {
        return Ok(Some(none()));
    }
    if let Some(int) = taipan_objects::int::int_ref(value) {
        return Ok(Some(pointer_argument(b'P', int.wrapping_u64() as usize, none())));
    }
    if value.is_layout::<PyBytes>() {
        return text_argument(b'z', value).map(Some);
    }
    if value.is_layout::<PyStr>() {
        return text_argument(b'Z', value).map(Some);
    }
    if is_instance_of(value, wanted) {
        return Ok(Some(value.clone()));
    }
    if let Some(argument) = value.downcast::<CArgument>() {
        return Ok((argument.tag == b'P').then(|| value.clone()));
    }
    let (Some(data), Some(info)) = (instance(value), info_of(class_of(value))) else { return Ok(None) };
    Ok(match info.kind {
        Kind::Array | Kind::Pointer => Some(value.clone()),
        Kind::Function => Some(pointer_argument(b'P', data.pointer(), value.clone())),
        Kind::Simple if matches!(info.code, b'z' | b'Z') => {
            Some(pointer_argument(b'Z', data.pointer(), value.clone()))
        }
        _ => None,
    })
}
