//! Structures and unions: `Structure`, `Union` and their metaclasses.
//!
//! `ctypes._layout` computes where fields are; this makes a description of it, once for a class: when `_fields_` is set.

use taipan_objects::attribute::type_setattr;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::type_object::TypeBuilder;
use taipan_threading::sync::atomic::Ordering;

use super::data::{self, CData};
use super::ffi::{FfiType, Placed};
use super::field::{self, CField};
use super::info::{Draft, Info, Kind, attach, info_of, info_of_obj};
use super::meta;
use crate::native_class;

const INSTANCES: TypeSlots =
    TypeSlots { new: Some(data::construct), init: Some(init_instance), ..TypeSlots::EMPTY };

native_class!(
    /// The metaclass of structures.
    pub fn structure_metaclass() = meta::derived("_ctypes.PyCStructType")
        .slots(TypeSlots { init: Some(|class, args| init(class, args, Kind::Structure)), setattro: Some(set_attribute), ..TypeSlots::EMPTY })
        .make()
);

native_class!(
    /// The metaclass of unions.
    pub fn union_metaclass() = meta::derived("_ctypes.UnionType")
        .slots(TypeSlots { init: Some(|class, args| init(class, args, Kind::Union)), setattro: Some(set_attribute), ..TypeSlots::EMPTY })
        .make()
);

native_class!(
    /// `_ctypes.Structure`.
    pub fn structure() = TypeBuilder::new("_ctypes.Structure", CData::ops())
        .base(data::class())
        .metaclass(structure_metaclass())
        .slots(INSTANCES)
        .doc("Structure base class")
        .make()
);

native_class!(
    /// `_ctypes.Union`.
    pub fn union() = TypeBuilder::new("_ctypes.Union", CData::ops())
        .base(data::class())
        .metaclass(union_metaclass())
        .slots(INSTANCES)
        .doc("Union base class")
        .make()
);

fn empty(kind: Kind) -> Draft {
    Draft {
        kind,
        code: 0,
        swapped: false,
        size: 0,
        align: 0,
        length: 0,
        pointers: false,
        flags: 0,
        format: Some("B".to_owned()),
        ffi: FfiType::aggregate(0, 1, &[]),
        scalars: Vec::new(),
    }
}

fn init(class: &Obj, args: &Args<'_>, kind: Kind) -> PyResult<()> {
    let (this, namespace) = meta::class_and_namespace(class, args)?;
    if namespace.contains_str("_abstract_") {
        return Ok(());
    }
    attach(this, empty(kind).finish())?;
    if let Some(fields) = this.dict().get_name("_fields_") {
        return setattr(class, &istr!("_fields_"), &fields);
    }
    if let Some(base) = this.base().and_then(info_of) {
        base.seal();
        this.native.store(base.draft().finish().into_obj());
    }
    Ok(())
}

fn set_attribute(class: &Obj, name: &Obj, value: Option<&Obj>) -> PyResult<()> {
    let is_fields = name.downcast::<PyStr>().is_some_and(|name| name.eq_str("_fields_"));
    let Some(fields) = value.filter(|_| is_fields) else { return type_setattr(class, name, value) };
    let this = meta::this(class)?;
    let Some(info) = info_of(this) else { return Err(type_error("ctypes state is not initialized")) };
    if info.is_sealed() {
        return Err(attribute_error("_fields_ is final"));
    }
    type_setattr(class, name, value)?;
    describe(class, this, &info, fields)
}

/// Makes the description that `_fields_` asks for.
fn describe(class: &Obj, this: &PyType, old: &Info, fields: &Obj) -> PyResult<()> {
    let base = this.base().filter(|base| info_of(base).is_some());
    let base_info = base.and_then(info_of);
    let get_layout = taipan_objects::hooks::module_attribute("ctypes._layout", "get_layout")?;
    let is_struct = bool_obj(old.kind == Kind::Structure);
    let base_obj = base.map_or_else(none, PyType::to_obj);
    let layout = call(&get_layout, &[class.clone(), fields.clone(), is_struct, base_obj])?;
    let laid_out = collect(&getattr_str(&layout, "fields")?)?;
    let number = |name: &str| -> PyResult<usize> {
        let value = index_word(&getattr_str(&layout, name)?)?;
        usize::try_from(value).map_err(|_| value_error(format!("{name} must not be negative")))
    };
    let (align, size) = (number("align")?, number("size")?);
    let format = str_string(&getattr_str(&layout, "format_spec")?)?;
    if old.is_sealed() {
        return Err(attribute_error("_fields_ is final"));
    }
    let (mut scalars, mut pointers, before): (Vec<Placed>, bool, usize) = match &base_info {
        Some(base) => {
            base.seal();
            (base.scalars.clone(), base.pointers, base.length)
        }
        None => (Vec::new(), false, 0),
    };
    let count = laid_out.len();
    for (i, laid_out) in laid_out.iter().enumerate() {
        let Some(field) = laid_out.downcast::<CField>() else {
            return Err(type_error("fields must be CField objects"));
        };
        let Some(info) = info_of_obj(&field.ctype) else {
            return Err(type_error("second item in _fields_ tuple must be a C type"));
        };
        info.seal();
        if old.is_sealed() {
            return Err(attribute_error("Structure or union cannot contain itself"));
        }
        pointers |= info.pointers;
        scalars.extend(info.scalars.iter().map(|(at, scalar)| (field.offset + at, *scalar)));
        let own = field::make(
            field.name.clone(),
            field.ctype.clone(),
            field.offset,
            field.size,
            field.bits,
            before + i,
        );
        type_setattr(class, &field.name, Some(&own))?;
    }
    if size > 64 {
        scalars.truncate(1);
    }
    let info = Draft {
        size,
        align,
        length: before + count,
        pointers,
        format: Some(format),
        ffi: FfiType::aggregate(size, align, &scalars),
        scalars,
        ..empty(old.kind)
    }
    .finish();
    info.seal();
    for (from, to) in [(&old.pointer_type, &info.pointer_type), (&old.arrays, &info.arrays)] {
        if let Some(value) = from.load() {
            to.store(value);
        }
    }
    this.native.store(info.into_obj());
    spread_anonymous(class, this)
}

fn field_of(class: &Obj, name: &Obj) -> PyResult<Option<Obj>> {
    Ok(getattr_opt(class, &taipan_objects::attribute::name_of(name)?)?
        .filter(|found| found.is_layout::<CField>()))
}

/// Gives the class the fields of its anonymous ones.
fn spread_anonymous(class: &Obj, this: &PyType) -> PyResult<()> {
    let Some(names) = this.dict().get_name("_anonymous_") else {
        return match getattr_opt(class, &istr!("_anonymous_"))? {
            Some(names) => spread(class, &names),
            None => Ok(()),
        };
    };
    spread(class, &names)
}

fn spread(class: &Obj, names: &Obj) -> PyResult<()> {
    let names = match collect(names) {
        Ok(names) => names,
        Err(Raised) => {
            drop(catch(&types().type_error)?);
            return Err(type_error("_anonymous_ must be a sequence"));
        }
    };
    for name in names {
        let Some(found) = field_of(class, &name)? else {
            return Err(attribute_error(format!(
                "'{}' is specified in _anonymous_ but not in _fields_",
                str_string(&name)?
            )));
        };
        let Some(field) = found.downcast::<CField>() else { continue };
        field.anonymous.store(true, Ordering::Relaxed);
        spread_fields(class, &field.ctype, field.index, field.offset)?;
    }
    Ok(())
}

/// Gives the class the fields of `ctype`, which is at `offset`.
fn spread_fields(class: &Obj, ctype: &Obj, index: usize, offset: usize) -> PyResult<()> {
    let fields = getattr_str(ctype, "_fields_")?;
    for entry in collect(&fields)? {
        let name = taipan_objects::protocol::getitem(&entry, &int_obj(0))?;
        let Some(found) = field_of(ctype, &name)? else { return Err(type_error("unexpected type")) };
        let Some(inner) = found.downcast::<CField>() else { continue };
        let (at, place) = (inner.index + index, inner.offset + offset);
        if inner.anonymous.load(Ordering::Relaxed) {
            enter_native()?;
            spread_fields(class, &inner.ctype, at, place)?;
            continue;
        }
        let own = field::make(inner.name.clone(), inner.ctype.clone(), place, inner.size, inner.bits, at);
        type_setattr(class, &inner.name, Some(&own))?;
    }
    Ok(())
}

/// Sets the fields of a class and its bases by position; gives how many arguments they took.
fn set_positional(slf: &Obj, class: &PyType, args: &Args<'_>, from: usize) -> PyResult<usize> {
    let mut at = from;
    if let Some(base) = class.base()
        && info_of(base).is_some()
    {
        at = set_positional(slf, base, args, from)?;
    }
    let Some(fields) = class.dict().get_name("_fields_") else { return Ok(at) };
    for entry in collect(&fields)? {
        let Some(value) = args.positional.get(at) else { break };
        let name = taipan_objects::protocol::getitem(&entry, &int_obj(0))?;
        if args.keyword_names.iter().any(|known| eq(known, &name).unwrap_or(false)) {
            return Err(type_error(format!("duplicate values for field {}", repr_string(&name)?)));
        }
        setattr(slf, &taipan_objects::attribute::name_of(&name)?, value)?;
        at += 1;
    }
    Ok(at)
}

fn init_instance(slf: &Obj, args: &Args<'_>) -> PyResult<()> {
    if !args.positional.is_empty() {
        let taken = set_positional(slf, class_of(slf), args, 0)?;
        if taken < args.positional.len() {
            return Err(type_error("too many initializers"));
        }
    }
    for (name, value) in args.keywords() {
        setattr(slf, &taipan_objects::attribute::name_of(name)?, value)?;
    }
    Ok(())
}
