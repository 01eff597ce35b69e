//! Calls of built-in functions whose work the interpreter does itself (see [`Intrinsic`]), where that takes a few instructions. These handlers call nothing.

use taipan_objects::code::Word;
use taipan_objects::conversion;
use taipan_objects::descriptor::PyMethodDescr;
use taipan_objects::list::PyList;
use taipan_objects::native::Intrinsic;
use taipan_objects::native_function::PyNativeFunction;
use taipan_objects::singletons::{bool_obj, none};
use taipan_objects::type_object::{PyType, class_of};
use taipan_objects::types::types;
use taipan_objects::{Obj, Value};

use super::known::{self, Known};
use super::{Exit, State, calls, handlers, lookups};
use crate::interpreter::ops::intrinsics;

/// Whether the word in the register, if there is one, can be dropped in a few instructions.
#[inline(always)]
fn is_spare(s: State, register: usize) -> bool {
    // SAFETY: the register owns its reference.
    unsafe { Obj::drops_at_once(s.regs.value(register)) }
}

/// Ends a call: empties the register of the callable, which owns nothing, and `count` registers from `first` on, whose words are spare; goes on with the result.
#[inline(always)]
fn finish(s: State, i: &Word, first: usize, count: usize, result: Value) -> Exit {
    s.regs.put(i.a() as usize, Value::EMPTY);
    for at in first..first + count {
        // Two of them may have been the last two references to one object: the second stays until the register is written again.
        let _ = s.regs.clear_at_once(at);
    }
    s.write(i.c(), result, 1)
}

/// Appends what is in the register, which is empty then, to an exact list.
#[inline(always)]
fn append(s: State, list: Value, register: usize) -> bool {
    if s.regs.value(register).is_empty() || !known::is(list, Known::List) {
        return false;
    }
    // SAFETY: the layout was checked.
    let list: &PyList = unsafe { &*list.ptr().cast() };
    let appended = list.push_at_once(|| s.regs.stored_at_once(register, true));
    if appended {
        s.regs.put(register, Value::EMPTY);
    }
    appended
}

handlers! {
    /// A method descriptor with its receiver in the register behind it.
    #[inline(never)]
    call_known_method(s, i) {
        let (base, nargs) = (i.a() as usize, i.b() as usize);
        // SAFETY: the layout was checked.
        let descriptor: &PyMethodDescr = unsafe { &*s.regs.value(base).ptr().cast() };
        let receiver = s.regs.value(base + 1);
        if descriptor.def.intrinsic == Intrinsic::None
            || s.regs.value(base).is_counted()
            || !is_spare(s, base + 1)
        {
            return calls::call_descriptor(s.ip, s.regs, s.fp, s.thread);
        }
        match (descriptor.def.intrinsic, nargs) {
            (Intrinsic::ListAppend, 1) => {
                if append(s, receiver, base + 2) {
                    return finish(s, i, base + 1, 1, none().into_value());
                }
            }
            (Intrinsic::DictGet, 1 | 2) => {
                let key = s.regs.value(base + 2);
                if !key.is_empty()
                    && is_spare(s, base + 2)
                    && (nargs == 1 || is_spare(s, base + 3) && !s.regs.value(base + 3).is_empty())
                    && let Some(found) = lookups::get_at_once(receiver, key).map(|found| found.map(Obj::into_value))
                {
                    let takes_default = found.is_none() && nargs == 2;
                    let result = match found {
                        Some(value) => Some(value),
                        // It outlives the register that it is lent from, so it is counted.
                        None if takes_default => s.regs.stored_at_once(base + 3, true),
                        None => Some(none().into_value()),
                    };
                    if let Some(result) = result {
                        if takes_default {
                            s.regs.put(base + 3, Value::EMPTY);
                        }
                        return finish(s, i, base + 1, nargs + 1, result);
                    }
                }
            }
            _ => {}
        }
        calls::call_descriptor(s.ip, s.regs, s.fp, s.thread)
    }
    /// A native function.
    #[inline(never)]
    call_known_native(s, i) {
        let (base, nargs) = (i.a() as usize, i.b() as usize);
        // SAFETY: the layout was checked.
        let function: &PyNativeFunction = unsafe { &*s.regs.value(base).ptr().cast() };
        match (function.def.intrinsic, nargs) {
            (Intrinsic::ListAppend, 1) => {
                let list = function.receiver_word();
                if !list.is_empty() && is_spare(s, base) && append(s, list, base + 2) {
                    let _ = s.regs.clear_at_once(base);
                    return finish(s, i, base + 2, 0, none().into_value());
                }
            }
            (Intrinsic::Len, 1) => {
                if !s.regs.value(base).is_counted()
                    && !s.regs.value(base + 2).is_empty()
                    && is_spare(s, base + 2)
                    && let Some(len) = intrinsics::len(s.regs.obj(base + 2))
                    && let Some(len) = Value::from_int(len as i64)
                {
                    return finish(s, i, base + 2, 1, len);
                }
            }
            (Intrinsic::IsInstance, 2) => return call_isinstance(s.ip, s.regs, s.fp, s.thread),
            (Intrinsic::Id, 1) => {
                let object = s.regs.value(base + 2);
                if !s.regs.value(base).is_counted()
                    && object.is_ptr()
                    && is_spare(s, base + 2)
                    && let Some(id) = Value::from_int(object.counted().bits() as i64)
                {
                    return finish(s, i, base + 2, 1, id);
                }
            }
            _ => {}
        }
        calls::call_native(s.ip, s.regs, s.fp, s.thread)
    }
    #[inline(never)]
    call_isinstance(s, i) {
        let base = i.a() as usize;
        let (object, class) = (s.regs.value(base + 2), s.regs.value(base + 3));
        if !s.regs.value(base).is_counted()
            && !object.is_empty()
            && !class.is_empty()
            && is_spare(s, base + 2)
            && is_spare(s, base + 3)
            && let Some(is) = intrinsics::isinstance_at_once(s.regs.obj(base + 2), class)
        {
            return finish(s, i, base + 2, 2, bool_obj(is).into_value());
        }
        calls::call_native(s.ip, s.regs, s.fp, s.thread)
    }
    /// A class without a metaclass of its own.
    #[inline(never)]
    call_known_class(s, i) {
        let base = i.a() as usize;
        if i.b() == 1
            && s.regs.value(base).same(types().type_.as_obj().value())
            && !s.regs.value(base).is_counted()
            && !s.regs.value(base + 2).is_empty()
            && is_spare(s, base + 2)
            && let Some(class) = class_of(s.regs.obj(base + 2)).lasting_word()
        {
            return finish(s, i, base + 2, 1, class);
        }
        if i.b() == 1 && !s.regs.value(base).is_counted() && !s.regs.value(base + 2).is_empty() {
            // SAFETY: the layout was checked; the class lasts.
            let class: &PyType = unsafe { &*s.regs.value(base).ptr().cast() };
            if conversion::of_class(class).is_some() {
                return calls::convert(s.ip, s.regs, s.fp, s.thread);
            }
        }
        calls::call_class(s.ip, s.regs, s.fp, s.thread)
    }
}
