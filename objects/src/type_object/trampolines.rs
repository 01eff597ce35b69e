//! Slot functions that call the special method a Python class defines.

use std::mem::ManuallyDrop;

use taipan_gc::{Obj, Py};

use super::slot_defs::Wrap;
use super::slot_names::specials_of;
use super::slots::*;
use super::{PyType, class_of};
use crate::argument::Args;
use crate::construct::*;
use crate::error::*;
use crate::function::PyFunction;
use crate::istr;
use crate::protocol::{self, BinaryOp};
use crate::singletons::is_none;
use crate::str::PyStr;
use crate::types::types;

/// The trampoline for slot `id` as a raw word; null for slots without one.
pub(crate) fn word(id: SlotId) -> *mut () {
    macro_rules! table {
        ($($variant:ident => $f:expr, $t:ty;)*) => {
            match id { $(SlotId::$variant => { let f: $t = $f; f as *mut () })* _ => std::ptr::null_mut() }
        };
    }
    table! {
        Repr => |o| unary(o, &istr!("__repr__"), "__repr__"), UnaryFn;
        Str => |o| unary(o, &istr!("__str__"), "__str__"), UnaryFn;
        Hash => hash, HashFn;
        Call => call, CallFn;
        Getattro => getattro, BinaryFn;
        Setattro => setattro, SetFn;
        Richcompare => richcompare, CompareFn;
        Iter => iter, UnaryFn;
        Iternext => iternext, NextFn;
        DescrGet => descr_get, DescrGetFn;
        DescrSet => descr_set, SetFn;
        Init => init, InitFn;
        New => new, CallFn;
        Del => del, DelFn;
        Len => len, LenFn;
        Getitem => |o, k| call_method(o, &istr!("__getitem__"), &[k]), BinaryFn;
        Setitem => setitem, SetFn;
        Contains => contains, ContainsFn;
        Bool => bool_, BoolFn;
        Neg => |o| unary(o, &istr!("__neg__"), "__neg__"), UnaryFn;
        Pos => |o| unary(o, &istr!("__pos__"), "__pos__"), UnaryFn;
        Abs => |o| unary(o, &istr!("__abs__"), "__abs__"), UnaryFn;
        Invert => |o| unary(o, &istr!("__invert__"), "__invert__"), UnaryFn;
        Int => |o| unary(o, &istr!("__int__"), "__int__"), UnaryFn;
        Float => |o| unary(o, &istr!("__float__"), "__float__"), UnaryFn;
        Index => |o| unary(o, &istr!("__index__"), "__index__"), UnaryFn;
        Buffer => crate::buffer::from_python, BufferFn;
        Await => |o| unary(o, &istr!("__await__"), "__await__"), UnaryFn;
        Aiter => |o| unary(o, &istr!("__aiter__"), "__aiter__"), UnaryFn;
        Anext => |o| unary(o, &istr!("__anext__"), "__anext__"), UnaryFn;
        Add => |a, b| binary(a, b, SlotId::Add, &istr!("__add__"), &istr!("__radd__")), BinaryFn;
        Sub => |a, b| binary(a, b, SlotId::Sub, &istr!("__sub__"), &istr!("__rsub__")), BinaryFn;
        Mul => |a, b| binary(a, b, SlotId::Mul, &istr!("__mul__"), &istr!("__rmul__")), BinaryFn;
        Matmul => |a, b| binary(a, b, SlotId::Matmul, &istr!("__matmul__"), &istr!("__rmatmul__")), BinaryFn;
        Truediv => |a, b| binary(a, b, SlotId::Truediv, &istr!("__truediv__"), &istr!("__rtruediv__")), BinaryFn;
        Floordiv => |a, b| binary(a, b, SlotId::Floordiv, &istr!("__floordiv__"), &istr!("__rfloordiv__")), BinaryFn;
        Mod => |a, b| binary(a, b, SlotId::Mod, &istr!("__mod__"), &istr!("__rmod__")), BinaryFn;
        Divmod => |a, b| binary(a, b, SlotId::Divmod, &istr!("__divmod__"), &istr!("__rdivmod__")), BinaryFn;
        Pow => pow, TernaryFn;
        Lshift => |a, b| binary(a, b, SlotId::Lshift, &istr!("__lshift__"), &istr!("__rlshift__")), BinaryFn;
        Rshift => |a, b| binary(a, b, SlotId::Rshift, &istr!("__rshift__"), &istr!("__rrshift__")), BinaryFn;
        And => |a, b| binary(a, b, SlotId::And, &istr!("__and__"), &istr!("__rand__")), BinaryFn;
        Or => |a, b| binary(a, b, SlotId::Or, &istr!("__or__"), &istr!("__ror__")), BinaryFn;
        Xor => |a, b| binary(a, b, SlotId::Xor, &istr!("__xor__"), &istr!("__rxor__")), BinaryFn;
        Iadd => |a, b| inplace(a, b, &istr!("__iadd__")), BinaryFn;
        Isub => |a, b| inplace(a, b, &istr!("__isub__")), BinaryFn;
        Imul => |a, b| inplace(a, b, &istr!("__imul__")), BinaryFn;
        Imatmul => |a, b| inplace(a, b, &istr!("__imatmul__")), BinaryFn;
        Itruediv => |a, b| inplace(a, b, &istr!("__itruediv__")), BinaryFn;
        Ifloordiv => |a, b| inplace(a, b, &istr!("__ifloordiv__")), BinaryFn;
        Imod => |a, b| inplace(a, b, &istr!("__imod__")), BinaryFn;
        Ipow => |a, b| inplace(a, b, &istr!("__ipow__")), BinaryFn;
        Ilshift => |a, b| inplace(a, b, &istr!("__ilshift__")), BinaryFn;
        Irshift => |a, b| inplace(a, b, &istr!("__irshift__")), BinaryFn;
        Iand => |a, b| inplace(a, b, &istr!("__iand__")), BinaryFn;
        Ior => |a, b| inplace(a, b, &istr!("__ior__")), BinaryFn;
        Ixor => |a, b| inplace(a, b, &istr!("__ixor__")), BinaryFn;
    }
}

/// Looks a special method up on the class of `obj`, bypassing the instance, and calls it; `None` if there is none.
pub fn call_special(obj: &Obj, name: &Obj, args: &[&Obj]) -> PyResult<Option<Obj>> {
    let Some(name) = name.downcast::<PyStr>() else { return Ok(None) };
    let Some(function) = method(class_of(obj), name) else { return Ok(None) };
    call_unbound(&function, obj, args).map(Some)
}

/// [`PyType::lookup`] of what is called at once. A function that the collector alone frees stays uncounted: the thread reaches no safepoint before the
/// function has a frame, which keeps it; and threads that use one class do not contend for its methods' counts.
fn method(class: &PyType, name: &PyStr) -> Option<Obj> {
    let found = class.lookup_lent(name)?;
    let lasts =
        found.downcast::<crate::function::PyFunction>().is_some_and(|function| function.is_deferred());
    Some(if lasts { found } else { protocol::IntoStrong::into_strong(found) })
}

/// A borrowed reference among others in an array of arguments: it is not dropped, and keeps nothing alive.
fn lend(obj: &Obj) -> ManuallyDrop<Obj> {
    // SAFETY: never dropped, so nothing is given up that `obj` does not keep; the array is used while `obj` is borrowed.
    ManuallyDrop::new(unsafe { Obj::from_value_unchecked(obj.value()) })
}

fn as_objs(lent: &[ManuallyDrop<Obj>]) -> &[Obj] {
    // SAFETY: `ManuallyDrop` is transparent.
    unsafe { &*(std::ptr::from_ref(lent) as *const [Obj]) }
}

/// Calls class attribute `function` as a method of `obj`.
pub fn call_unbound(function: &Obj, obj: &Obj, args: &[&Obj]) -> PyResult<Obj> {
    let class = class_of(function);
    if class.is(&types().function)
        || class.is(&types().method_descriptor)
        || class.is(&types().wrapper_descriptor)
    {
        return match args {
            [] => protocol::call(function, std::slice::from_ref(obj)),
            [a] => protocol::call(function, as_objs(&[lend(obj), lend(a)])),
            [a, b] => protocol::call(function, as_objs(&[lend(obj), lend(a), lend(b)])),
            _ => {
                let mut all: smallvec::SmallVec<[Obj; 5]> = smallvec::SmallVec::with_capacity(args.len() + 1);
                all.push(obj.clone());
                all.extend(args.iter().map(|a| (*a).clone()));
                protocol::call(function, &all)
            }
        };
    }
    let bound;
    let bound = match class.slots.descr_get() {
        Some(get) => {
            bound = get(function, Some(obj), Some(&class_of(obj).to_obj()))?;
            &bound
        }
        None => function,
    };
    if args.is_empty() {
        return protocol::call0(bound);
    }
    let all: smallvec::SmallVec<[Obj; 4]> = args.iter().map(|a| (*a).clone()).collect();
    protocol::call(bound, &all)
}

fn call_method(obj: &Obj, name: &Py<PyStr>, args: &[&Obj]) -> PyResult<Obj> {
    match call_special(obj, name.as_obj(), args)? {
        Some(value) => Ok(value),
        None => Err(attribute_error(name.to_string_lossy())),
    }
}

fn unary(obj: &Obj, name: &Py<PyStr>, _text: &str) -> PyResult<Obj> {
    let _depth = protocol::enter_native()?;
    call_method(obj, name, &[])
}

fn hash(obj: &Obj) -> PyResult<i64> {
    let result = match method(class_of(obj), &istr!("__hash__")) {
        Some(f) if !is_none(&f) => call_unbound(&f, obj, &[])?,
        _ => return crate::object_type::hash_not_implemented(obj),
    };
    match crate::int::int_ref(&result) {
        // A result that fits is the hash; -1 is taken.
        Some(i) => Ok(match i.to_i64() {
            Some(-1) => -2,
            Some(hash) => hash,
            None => i.python_hash(),
        }),
        None => Err(type_error("__hash__ method should return an integer")),
    }
}

fn call(obj: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    let Some(function) = class_of(obj).lookup(&istr!("__call__")) else {
        return Err(type_error(format!("'{}' object is not callable", class_of(obj).name())));
    };
    let _depth = protocol::enter_native()?;
    let bound = protocol::bind(&function, obj)?;
    protocol::call_args(&bound, args)
}

/// `__getattribute__` and `__getattr__` defined in Python.
fn getattro(obj: &Obj, name: &Obj) -> PyResult<Obj> {
    getattro_bare(obj, name).map_err(|Raised| tell_attribute(obj, name))
}

/// `__getattr__` defined in Python, beside `object.__getattribute__`.
pub fn getattr_or_hook(obj: &Obj, name: &Obj) -> PyResult<Obj> {
    match crate::attribute::generic_getattr_opt(obj, name) {
        Ok(Some(value)) => Ok(value),
        Ok(None) => ask_hook(obj, name),
        Err(Raised) => hooked(obj, name),
    }
}

/// An attribute's descriptor has raised an exception: an `AttributeError` leads to `__getattr__`.
#[cold]
pub fn hooked(obj: &Obj, name: &Obj) -> PyResult<Obj> {
    if !raised_is(&types().attribute_error) {
        return Err(Raised);
    }
    drop(take_raised());
    ask_hook(obj, name)
}

fn ask_hook(obj: &Obj, name: &Obj) -> PyResult<Obj> {
    let Some(hook) = class_of(obj).lookup(&istr!("__getattr__")) else {
        return Err(crate::attribute::no_attribute(obj, name));
    };
    let answer = protocol::enter_native().and_then(|_depth| call_unbound(&hook, obj, &[name]));
    answer.map_err(|Raised| tell_attribute(obj, name))
}

/// An `AttributeError` of a hook says what was looked for, unless it does already.
#[cold]
fn tell_attribute(obj: &Obj, name: &Obj) -> Raised {
    if !raised_is(&types().attribute_error) {
        return Raised;
    }
    let exception = take_raised();
    if let Some(e) = exception.downcast::<crate::exceptions::PyBaseException>()
        && e.field(0).is_none_or(|field| is_none(&field))
        && e.field(1).is_none_or(|field| is_none(&field))
    {
        e.set_field(0, Some(name.clone()));
        e.set_field(1, Some(obj.clone()));
    }
    set_raised(exception)
}

fn getattro_bare(obj: &Obj, name: &Obj) -> PyResult<Obj> {
    let class = class_of(obj);
    let found = class.lookup(&istr!("__getattribute__"));
    let hook = class.lookup(&istr!("__getattr__"));
    let plain = found.as_ref().is_none_or(|f| {
        f.downcast::<crate::descriptor::PyWrapperDescr>().is_some_and(|w| {
            let generic: BinaryFn = crate::attribute::generic_getattr;
            w.def.name == "__getattribute__" && w.word == generic as *mut ()
        })
    });
    let own = match &found {
        _ if plain && hook.is_some() => return getattr_or_hook(obj, name),
        Some(own) if !plain => own,
        _ => return crate::attribute::generic_getattr(obj, name),
    };
    match (call_unbound(own, obj, &[name]), hook) {
        (Err(Raised), Some(hook)) if raised_is(&types().attribute_error) => {
            drop(take_raised());
            call_unbound(&hook, obj, &[name])
        }
        (result, _) => result,
    }
}

fn setattro(obj: &Obj, name: &Obj, value: Option<&Obj>) -> PyResult<()> {
    match value {
        Some(value) => call_method(obj, &istr!("__setattr__"), &[name, value])?,
        None => call_method(obj, &istr!("__delattr__"), &[name])?,
    };
    Ok(())
}

fn comparison_name(op: CompareOp) -> &'static Py<PyStr> {
    let names = specials_of(SlotId::Richcompare);
    &names[op as usize].name
}

/// Whether instances of the class are compared by its methods.
#[inline]
pub(crate) fn compares_by_methods(class: &PyType) -> bool {
    let by_methods = richcompare as *const () as usize;
    class.slots.richcompare().is_some_and(|compare| compare as *const () as usize == by_methods)
}

fn richcompare(a: &Obj, b: &Obj, op: CompareOp) -> PyResult<Obj> {
    let name = comparison_name(op);
    let _depth = protocol::enter_native()?;
    let Some(f) = method(class_of(a), name) else { return Ok(not_implemented()) };
    let plain = class_of(&f).is(&types().function) || class_of(&f).slots.descr_get().is_none();
    if plain || class_of(&f).is(&types().wrapper_descriptor) || class_of(&f).is(&types().method_descriptor) {
        return call_unbound(&f, a, &[b]);
    }
    match protocol::bind(&protocol::IntoStrong::into_strong(f), a) {
        Ok(method) => protocol::call1(&method, b),
        // A method that cannot be had is none.
        Err(Raised) => {
            drop(catch(&types().attribute_error)?);
            Ok(not_implemented())
        }
    }
}

fn iter(obj: &Obj) -> PyResult<Obj> {
    match class_of(obj).lookup(&istr!("__iter__")) {
        Some(f) if is_none(&f) => {
            Err(type_error(format!("'{}' object is not iterable", class_of(obj).name())))
        }
        Some(f) => call_unbound(&f, obj, &[]),
        None if class_of(obj).lookup(&istr!("__getitem__")).is_some() => {
            Ok(crate::iterators::sequence_iter(obj.clone()))
        }
        None => Err(type_error(format!("'{}' object is not iterable", class_of(obj).name()))),
    }
}

fn iternext(obj: &Obj) -> PyResult<Option<Obj>> {
    absent_if(call_method(obj, &istr!("__next__"), &[]), &types().stop_iteration)
}

fn descr_get(descr: &Obj, instance: Option<&Obj>, owner: Option<&Obj>) -> PyResult<Obj> {
    let Some(f) = class_of(descr).lookup(&istr!("__get__")) else { return Ok(descr.clone()) };
    let none = none();
    call_unbound(&f, descr, &[instance.unwrap_or(&none), owner.unwrap_or(&none)])
}

fn descr_set(descr: &Obj, instance: &Obj, value: Option<&Obj>) -> PyResult<()> {
    match value {
        Some(value) => call_method(descr, &istr!("__set__"), &[instance, value])?,
        None => call_method(descr, &istr!("__delete__"), &[instance])?,
    };
    Ok(())
}

fn init(obj: &Obj, args: &Args<'_>) -> PyResult<()> {
    let Some(function) = class_of(obj).lookup(&istr!("__init__")) else { return Ok(()) };
    // A method of the usual kind needs no bound one in between.
    let result = if function.is_layout::<PyFunction>() {
        args.behind(obj, |args| protocol::call_args(&function, args))?
    } else {
        protocol::call_args(&protocol::bind(&function, obj)?, args)?
    };
    if is_none(&result) {
        return Ok(());
    }
    Err(type_error(format!("__init__() should return None, not '{}'", class_of(&result).name())))
}

fn new(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    let function = protocol::getattr(class, &istr!("__new__"))?;
    args.behind(class, |args| protocol::call_args(&function, args))
}

fn del(obj: &Obj) -> PyResult<()> {
    call_special(obj, istr!("__del__").as_obj(), &[]).map(|_| ())
}

fn len(obj: &Obj) -> PyResult<usize> {
    let result = call_method(obj, &istr!("__len__"), &[])?;
    let index = protocol::index(&result)?;
    match crate::int::int_ref(&index).map(|i| (i.is_negative(), i.to_i64())) {
        Some((true, _)) => Err(value_error("__len__() should return >= 0")),
        Some((false, Some(n))) => Ok(n as usize),
        _ => Err(overflow_error("cannot fit 'int' into an index-sized integer")),
    }
}

fn setitem(obj: &Obj, key: &Obj, value: Option<&Obj>) -> PyResult<()> {
    let (name, args): (_, smallvec::SmallVec<[&Obj; 2]>) = match value {
        Some(value) => (istr!("__setitem__"), smallvec::smallvec![key, value]),
        None => (istr!("__delitem__"), smallvec::smallvec![key]),
    };
    call_method(obj, &name, &args).map(drop)
}

fn contains(obj: &Obj, item: &Obj) -> PyResult<bool> {
    match class_of(obj).lookup(&istr!("__contains__")) {
        Some(f) if is_none(&f) => {
            Err(type_error(format!("'{}' object is not a container", class_of(obj).name())))
        }
        Some(f) => protocol::is_true(&call_unbound(&f, obj, &[item])?),
        None => protocol::iter_contains(obj, item),
    }
}

fn bool_(obj: &Obj) -> PyResult<bool> {
    if method(class_of(obj), &istr!("__bool__")).is_some_and(|f| is_none(&f)) {
        return Err(type_error(format!("'{}' cannot be interpreted as a boolean", class_of(obj).name())));
    }
    if let Some(result) = call_special(obj, istr!("__bool__").as_obj(), &[])? {
        if !class_of(&result).is(&types().bool_) {
            return Err(type_error(format!(
                "__bool__ should return bool, returned {}",
                class_of(&result).name()
            )));
        }
        return Ok(crate::singletons::is_true(&result));
    }
    match class_of(obj).slots.len() {
        Some(len) => Ok(len(obj)? != 0),
        None => Ok(true),
    }
}

/// Whether `class` defines the method in Python for this slot, i.e. the slot is a trampoline.
pub(crate) fn is_trampoline(class: &PyType, id: SlotId) -> bool {
    class.slots.raw(id) == word(id)
}

/// Whether the second operand's method comes before the first one's, if it has one of its own.
fn is_second_first(class_a: &PyType, class_b: &PyType) -> bool {
    !class_a.is(class_b) && class_b.is_subtype(class_a)
}

/// The method that `a <op> b` (or `a <op>= b`) of instances of these classes calls first, if it is one of `a`'s that is written in Python; not of powers.
pub fn first_operator(
    class_a: &PyType,
    class_b: &PyType,
    op: BinaryOp,
    inplace: bool,
) -> Option<&'static Py<PyStr>> {
    if op == BinaryOp::Pow {
        return None;
    }
    let own = op.inplace_slot_id().filter(|id| inplace && !class_a.slots.raw(*id).is_null());
    if own.is_none() && is_second_first(class_a, class_b) {
        return None;
    }
    let id = own.unwrap_or(op.slot_id());
    is_trampoline(class_a, id).then(|| &specials_of(id)[0].name)
}

/// The method that the comparison of instances of these classes calls first, likewise.
pub fn first_comparison(class_a: &PyType, class_b: &PyType, op: CompareOp) -> Option<&'static Py<PyStr>> {
    (is_trampoline(class_a, SlotId::Richcompare) && !is_second_first(class_a, class_b))
        .then(|| comparison_name(op))
}

/// What the reflected method of `b`'s class, which is written in Python, says of `a <op> b`.
pub(crate) fn reflected(a: &Obj, b: &Obj, op: BinaryOp) -> PyResult<Obj> {
    let _depth = protocol::enter_native()?;
    let reflected = specials_of(op.slot_id()).iter().find(|special| special.def.wrap == Wrap::BinaryRight);
    let Some(reflected) = reflected else { return Ok(not_implemented()) };
    Ok(call_special(b, reflected.name.as_obj(), &[a])?.unwrap_or_else(not_implemented))
}

fn binary(a: &Obj, b: &Obj, id: SlotId, name: &Py<PyStr>, reflected: &Py<PyStr>) -> PyResult<Obj> {
    binary_with(a, b, id, name, reflected, None)
}

fn binary_with(
    a: &Obj,
    b: &Obj,
    id: SlotId,
    name: &Py<PyStr>,
    reflected: &Py<PyStr>,
    third: Option<&Obj>,
) -> PyResult<Obj> {
    let (class_a, class_b) = (class_of(a), class_of(b));
    let mut try_right = !class_a.is(class_b) && is_trampoline(class_b, id);
    let _depth = protocol::enter_native()?;
    let call = |x: &Obj, y: &Obj, name: &Py<PyStr>| -> PyResult<Option<Obj>> {
        let args: smallvec::SmallVec<[&Obj; 2]> = match third {
            Some(third) => smallvec::smallvec![y, third],
            None => smallvec::smallvec![y],
        };
        let result = call_special(x, name.as_obj(), &args)?;
        Ok(result.filter(|r| !crate::singletons::is_not_implemented(r)))
    };
    if is_trampoline(class_a, id) {
        if try_right && class_b.is_subtype(class_a) {
            let (own, inherited) = (class_b.lookup(reflected), class_a.lookup(reflected));
            let overrides = match (&own, &inherited) {
                (Some(x), Some(y)) => !x.is(y),
                (Some(_), None) => true,
                _ => false,
            };
            if overrides {
                if let Some(result) = call(b, a, reflected)? {
                    return Ok(result);
                }
                try_right = false;
            }
        }
        if let Some(result) = call(a, b, name)? {
            return Ok(result);
        }
        if class_a.is(class_b) {
            return Ok(not_implemented());
        }
    }
    if try_right && let Some(result) = call(b, a, reflected)? {
        return Ok(result);
    }
    Ok(not_implemented())
}

fn pow(a: &Obj, b: &Obj, modulus: &Obj) -> PyResult<Obj> {
    if is_none(modulus) {
        return binary_with(a, b, SlotId::Pow, &istr!("__pow__"), &istr!("__rpow__"), None);
    }
    if is_trampoline(class_of(a), SlotId::Pow) {
        return call_method(a, &istr!("__pow__"), &[b, modulus]);
    }
    if is_trampoline(class_of(b), SlotId::Pow) {
        return Ok(
            call_special(b, istr!("__rpow__").as_obj(), &[a, modulus])?.unwrap_or_else(not_implemented)
        );
    }
    Ok(not_implemented())
}

fn inplace(a: &Obj, b: &Obj, name: &Py<PyStr>) -> PyResult<Obj> {
    Ok(call_special(a, name.as_obj(), &[b])?.unwrap_or_else(not_implemented))
}
