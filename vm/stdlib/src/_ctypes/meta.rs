//! `CType_Type`, the metaclass of all C types, and what its kinds have in common: instances at an address or in a buffer, `from_param`, arrays by
//! multiplication.

use taipan_objects::attribute::attribute_error_for;
use taipan_objects::buffer::{self, request};
use taipan_objects::dict::PyDict;
use taipan_objects::int::int_ref;
use taipan_objects::memoryview::PyMemoryView;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::tuple::PyTuple;
use taipan_objects::type_object::TypeBuilder;
use taipan_objects::weakref::{self, PyWeakRef};
use taipan_vm::sys::audit;

use super::argument::CArgument;
use super::data::{self, CData, Origin, instance};
use super::info::{Info, info_of};
use super::memory::{self, Address};
use super::{array, ffi};
use crate::native_class;

native_class!(
    /// `_ctypes.CType_Type`.
    pub fn class() = TypeBuilder::new("_ctypes.CType_Type", PyType::ops())
        .base(&types().type_)
        .slots(TypeSlots { init: Some(init), repeat: Some(repeat), ..TypeSlots::EMPTY })
        .getset(GETSET)
        .make()
);

/// The start of the metaclass of a kind of types.
pub fn derived(name: &'static str) -> TypeBuilder {
    TypeBuilder::new(name, PyType::ops()).base(class()).methods(METHODS)
}

/// A method of a metaclass: takes the class and the arguments.
pub const fn method(
    name: &'static str,
    doc: &'static str,
    signature: &'static Signature,
    call: NativeFn,
) -> MethodDef {
    MethodDef {
        name,
        kind: MethodKind::Method,
        call,
        doc,
        text_signature: None,
        signature,
        fast0: None,
        fast1: None,
        fast2: None,
        fast3: None,
        intrinsic: taipan_objects::native::Intrinsic::None,
    }
}

/// The parameters of a metaclass's method.
pub const fn signature(name: &'static str) -> Signature {
    Signature {
        name,
        owner: "_ctypes.CType_Type",
        shape: Shape::Positional,
        receiver: true,
        names: &[],
        positional_only: 0,
        positional: 0,
        required: 0,
        required_mask: 0,
        varargs: true,
        kwargs: false,
    }
}

macro_rules! metamethods {
    ($vis:vis static $table:ident: $($name:literal $function:expr, $doc:literal;)*) => {
        $vis static $table: &[MethodDef] = &[$({
            static SIGNATURE: Signature = $crate::_ctypes::meta::signature($name);
            $crate::_ctypes::meta::method($name, $doc, &SIGNATURE, |args| {
                let (class, args) = $crate::_ctypes::meta::split(args, $name)?;
                $function(class, &args)
            })
        }),*];
    };
}
pub(crate) use metamethods;

metamethods!(
    pub static METHODS:
    "from_address" from_address, "C.from_address(integer) -> C instance\n\nAccess a C instance at the specified address.";
    "from_buffer" from_buffer, "C.from_buffer(object, offset=0, /) -> C instance\n\nCreate a C instance from a writeable buffer.";
    "from_buffer_copy" from_buffer_copy, "C.from_buffer_copy(object, offset=0, /) -> C instance\n\nCreate a C instance from a readable buffer.";
    "in_dll" in_dll, "C.in_dll(dll, name) -> C instance\n\nAccess a C instance in a dll.";
    "from_param" |class: &Obj, args: &Args<'_>| from_param(class, only(args, "from_param")?), "Convert a Python object into a function call parameter.";
);

/// The class and the arguments of a metaclass's method.
pub fn split<'a>(args: &Args<'a>, name: &str) -> PyResult<(&'a Obj, Args<'a>)> {
    let Some(class) = args.positional.first() else { return Err(type_error("a class is required")) };
    let rest = args.skip_first();
    if rest.has_keywords() {
        return Err(type_error(format!("{name}() takes no keyword arguments")));
    }
    Ok((class, rest))
}

/// The only argument.
pub fn only<'a>(args: &Args<'a>, name: &str) -> PyResult<&'a Obj> {
    match args.positional {
        [one] => Ok(one),
        more => Err(type_error(format!("{name}() takes exactly one argument ({} given)", more.len()))),
    }
}

/// The class object that a metaclass's method is called on.
pub fn this(class: &Obj) -> PyResult<&PyType> {
    class.downcast::<PyType>().ok_or_else(|| type_error("a class is required"))
}

/// The arguments `(class, name, bases, namespace)` of a metaclass's `__init__`.
pub fn class_and_namespace<'a>(class: &'a Obj, args: &Args<'a>) -> PyResult<(&'a PyType, &'a PyDict)> {
    let namespace = args.positional.get(2).and_then(|obj| obj.downcast::<PyDict>());
    match namespace {
        Some(namespace) => Ok((this(class)?, namespace)),
        None => Err(type_error("type.__init__() takes 3 arguments")),
    }
}

/// Classes that no kind's metaclass makes have no description.
fn init(_class: &Obj, _args: &Args<'_>) -> PyResult<()> {
    Ok(())
}

static GETSET: &[GetSetDef] = &[GetSetDef {
    name: "__pointer_type__",
    get: |class| {
        let info = described(class)?;
        info.pointer_type.load().ok_or_else(|| {
            let shown = repr_string(class).unwrap_or_default();
            let name = istr!("__pointer_type__");
            attribute_error_for(
                format!("type {shown} has no attribute '__pointer_type__'"),
                class,
                name.as_obj(),
            )
        })
    },
    set: Some(|class, value| {
        let info = described(class)?;
        match value {
            Some(value) => info.pointer_type.store(value.clone()),
            None => drop(info.pointer_type.take()),
        }
        Ok(())
    }),
    doc: "pointer type",
}];

fn described(class: &Obj) -> PyResult<Py<Info>> {
    match class.downcast::<PyType>().and_then(info_of) {
        Some(info) => Ok(info),
        None => Err(type_error(format!("{} must have storage info", repr_string(class)?))),
    }
}

fn abstract_class() -> Raised {
    type_error("abstract class")
}

/// The description of a class that instances are to be made of.
pub fn concrete(class: &Obj) -> PyResult<Py<Info>> {
    info_of(this(class)?).ok_or_else(abstract_class)
}

/// `type * length`: an array type, the same for the same length as long as there is one.
fn repeat(class: &Obj, length: &Obj) -> PyResult<Obj> {
    let Some(int) = int_ref(length) else {
        return Err(type_error(format!(
            "can't multiply sequence by non-int of type '{}'",
            class_of(length).name()
        )));
    };
    let Some(n) = int.to_i64() else {
        return Err(overflow_error(format!(
            "cannot fit '{}' into an index-sized integer",
            class_of(length).name()
        )));
    };
    if n < 0 {
        return Err(value_error(format!("Array length must be >= 0, not {n}")));
    }
    let item = this(class)?;
    let info = info_of(item);
    let cache = info.as_ref().map(|info| match info.arrays.load() {
        Some(cache) => cache,
        None => {
            let fresh = PyDict::new().into_obj();
            info.arrays.store(fresh.clone());
            fresh
        }
    });
    let cache = cache.as_ref().and_then(|cache| cache.downcast::<PyDict>());
    let key = int_obj(n);
    if let Some(cache) = cache
        && let Some(found) = cache.get(&key)?
        && let Some(known) = found.downcast::<PyWeakRef>().and_then(PyWeakRef::get)
    {
        return Ok(known);
    }
    let namespace = PyDict::new();
    namespace.set_str("_length_", key.clone());
    namespace.set_str("_type_", class.clone());
    let bases = PyTuple::from_array([array::class().as_obj().clone()]);
    let name = str_obj(&format!("{}_Array_{n}", item.short_name()));
    let made = call(array::metaclass().as_obj(), &[name, bases.into_obj(), namespace.into_obj()])?;
    if let Some(cache) = cache {
        cache.set(key, weakref::new_ref(&made, None)?)?;
    }
    Ok(made)
}

/// An integer argument as an address.
pub fn address_argument(obj: &Obj, message: &str) -> PyResult<Address> {
    match int_ref(obj) {
        Some(int) => Ok(int.wrapping_u64() as Address),
        None => Err(type_error(message)),
    }
}

fn from_address(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    let value = only(args, "from_address")?;
    let address = address_argument(value, "integer expected")?;
    audit("ctypes.cdata", &[int_obj(address as i64)])?;
    data::make(this(class)?, Origin::At(address), None)
}

/// The arguments of `from_buffer` and `from_buffer_copy`.
fn buffer_arguments<'a>(args: &Args<'a>, name: &str) -> PyResult<(&'a Obj, isize)> {
    match args.positional {
        [object] => Ok((object, 0)),
        [object, offset] => Ok((object, index_word(offset)?)),
        [] => Err(type_error(format!("{name} expected at least 1 argument, got 0"))),
        more => Err(type_error(format!("{name} expected at most 2 arguments, got {}", more.len()))),
    }
}

fn check_range(offset: isize, len: usize, size: usize) -> PyResult<usize> {
    let Ok(start) = usize::try_from(offset) else { return Err(value_error("offset cannot be negative")) };
    if start > len || size > len - start {
        let needed = start.saturating_add(size);
        return Err(value_error(format!("Buffer size too small ({len} instead of at least {needed} bytes)")));
    }
    Ok(start)
}

fn from_buffer(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    let info = concrete(class)?;
    let (object, offset) = buffer_arguments(args, "from_buffer")?;
    let view = PyMemoryView::from_buffer(buffer::get(object, request::FULL_RO)?).into_obj();
    let export = buffer::get(&view, request::FULL_RO)?;
    if export.readonly {
        return Err(type_error("underlying buffer is not writable"));
    }
    if !export.is_contiguous() {
        return Err(type_error("underlying buffer is not C contiguous"));
    }
    let start = check_range(offset, export.len, info.size)?;
    let address = export.as_ptr().expose_provenance();
    let event = [int_obj(address as i64), int_obj(export.len as i64), int_obj(offset as i64)];
    audit("ctypes.cdata/buffer", &event)?;
    drop(export);
    let made = data::make(this(class)?, Origin::At(address + start), None)?;
    if let Some(made) = instance(&made) {
        // The view keeps the memory exported.
        made.keep(usize::from(u16::MAX) << 16 | usize::from(u16::MAX), view)?;
    }
    Ok(made)
}

fn from_buffer_copy(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    let info = concrete(class)?;
    let (object, offset) = buffer_arguments(args, "from_buffer_copy")?;
    let export = buffer::get(object, request::SIMPLE)?;
    if !export.is_contiguous() {
        return Err(type_error("underlying buffer is not C contiguous"));
    }
    let start = check_range(offset, export.len, info.size)?;
    let content = export.to_vec();
    let event =
        [int_obj(export.as_ptr().addr() as i64), int_obj(content.len() as i64), int_obj(offset as i64)];
    audit("ctypes.cdata/buffer", &event)?;
    let made = data::make(this(class)?, Origin::New, None)?;
    if let Some(made) = instance(&made) {
        memory::store(made.address(), content.get(start..start + info.size).unwrap_or_default());
    }
    Ok(made)
}

/// The handle of a loaded library: its `_handle`.
pub fn library_handle(dll: &Obj) -> PyResult<Address> {
    let handle = getattr_str(dll, "_handle")?;
    address_argument(&handle, "the _handle attribute of the second argument must be an integer")
}

fn in_dll(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    concrete(class)?;
    let [dll, name] = args.positional else {
        return Err(type_error(format!("in_dll expected 2 arguments, got {}", args.positional.len())));
    };
    let Some(text) = name.downcast::<PyStr>() else {
        return Err(type_error(format!("in_dll() argument 2 must be str, not {}", class_of(name).name())));
    };
    audit("ctypes.dlsym", &[dll.clone(), name.clone()])?;
    let handle = library_handle(dll)?;
    let text = text.to_utf8()?.into_owned();
    let Ok(symbol) = std::ffi::CString::new(text.clone()) else {
        return Err(value_error("embedded null character"));
    };
    match ffi::dlsym(handle, &symbol) {
        Ok(address) => data::make(this(class)?, Origin::At(address), None),
        Err(message) if message.is_empty() => Err(value_error(format!("symbol '{text}' not found"))),
        Err(message) => Err(value_error(message)),
    }
}

/// What `from_param` of most types does: instances, references to instances, and what `_as_parameter_` gives.
pub fn from_param(class: &Obj, value: &Obj) -> PyResult<Obj> {
    let wanted = this(class)?;
    if is_instance_of(value, wanted) {
        return Ok(value.clone());
    }
    if let Some(argument) = value.downcast::<CArgument>() {
        let object = argument.object.load();
        if let Some(object) = &object
            && is_instance_of(object, wanted)
        {
            return Ok(value.clone());
        }
        let given = object.map_or_else(|| "None".to_owned(), |object| class_of(&object).name());
        return Err(type_error(format!(
            "expected {} instance instead of pointer to {given}",
            wanted.short_name()
        )));
    }
    if let Some(parameter) = as_parameter(value)? {
        enter_native()?;
        return call_method_str(class, "from_param", &[parameter]);
    }
    Err(type_error(format!(
        "expected {} instance instead of {}",
        wanted.short_name(),
        class_of(value).name()
    )))
}

/// The attribute `_as_parameter_`.
pub fn as_parameter(value: &Obj) -> PyResult<Option<Obj>> {
    getattr_opt(value, &istr!("_as_parameter_"))
}

/// What a stored C value of a type is for Python: a value of a simple type, or an instance that is part `index` of `base`.
pub fn load(class: &Obj, base: &Obj, index: usize, address: Address) -> PyResult<Obj> {
    let class = this(class)?;
    let info = info_of(class).ok_or_else(abstract_class)?;
    match plain_code(class, &info) {
        Some(code) => super::convert::load(code, info.swapped, address),
        None => data::make(class, Origin::Part { base, index, address }, None),
    }
}

/// The type code of a simple type, but not of classes derived from one: their instances stay what they are.
pub fn plain_code(class: &PyType, info: &Info) -> Option<u8> {
    let is_plain = info.kind == super::info::Kind::Simple
        && class.base().is_some_and(|base| base.is(super::simple::class()));
    is_plain.then_some(info.code)
}

/// Stores a Python value where a C type's value belongs, part `index` of `target`.
pub fn store(target: &CData, class: &Obj, index: usize, address: Address, value: &Obj) -> PyResult<()> {
    let kept = store_unkept(class, address, value)?;
    target.keep(index, kept)
}

/// [`store`], giving what must be kept alive.
pub fn store_unkept(class: &Obj, address: Address, value: &Obj) -> PyResult<Obj> {
    use super::info::Kind;
    let wanted = this(class)?;
    let info = info_of(wanted).ok_or_else(abstract_class)?;
    if info.kind == Kind::Simple && plain_code(wanted, &info).is_some() {
        if let Some(source) = instance(value).filter(|_| is_instance_of(value, wanted)) {
            return copy_instance(source, address, info.size);
        }
        return super::convert::store_value(info.code, info.swapped, address, value);
    }
    let Some(source) = instance(value) else {
        if info.kind == Kind::Simple {
            return super::convert::store_value(info.code, info.swapped, address, value);
        }
        if let Some(tuple) = value.downcast::<PyTuple>() {
            let made = match call(class, tuple.as_slice()) {
                Ok(made) => made,
                Err(Raised) => {
                    return Err(super::explain(
                        &types().runtime_error,
                        &format!("({}) ", wanted.short_name()),
                    ));
                }
            };
            return store_unkept(class, address, &made);
        }
        if info.kind == Kind::Pointer && taipan_objects::singletons::is_none(value) {
            memory::write(address, 0usize);
            return Ok(none());
        }
        return Err(type_error(format!(
            "expected {} instance, got {}",
            wanted.short_name(),
            class_of(value).name()
        )));
    };
    if is_instance_of(value, wanted) {
        return copy_instance(source, address, info.size);
    }
    let given = info_of(class_of(value)).ok_or_else(abstract_class)?;
    if info.kind == Kind::Pointer && given.kind == Kind::Array {
        let same = match (given.item.load(), info.item.load()) {
            (Some(one), Some(other)) => one.is(&other),
            _ => false,
        };
        if same {
            memory::write(address, source.address());
            return Ok(tuple_obj(vec![source.kept_objects(), value.clone()]));
        }
    }
    Err(type_error(format!(
        "incompatible types, {} instance instead of {} instance",
        class_of(value).short_name(),
        wanted.short_name()
    )))
}

fn copy_instance(source: &CData, address: Address, size: usize) -> PyResult<Obj> {
    memory::copy(source.address(), address, size);
    Ok(source.kept_objects())
}
