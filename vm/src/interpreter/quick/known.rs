//! Shapes of the instances of built-in classes, for exact checks with one comparison: of classes whose instances have no attributes of
//! their own, since others change their shape.

use taipan_objects::function::PyFunction;
use taipan_objects::type_object::PyType;
use taipan_objects::types::types;
use taipan_objects::{Object, Value};
use taipan_threading::sync::atomic::{AtomicU32, Ordering};

/// Number of a built-in class here.
#[derive(Clone, Copy)]
pub(in crate::interpreter) enum Known {
    RangeIterator,
    ListIterator,
    TupleIterator,
    List,
    Tuple,
    Dict,
    Str,
    Generator,
    Coroutine,
    Cell,
    DictItemIterator,
    DictKeyIterator,
    SetIterator,
    Enumerate,
    Zip,
    NativeFunction,
    MethodDescriptor,
    Function,
    Set,
    FrozenSet,
    Bytes,
    Method,
    Slice,
    ByteArray,
}

/// Written once at start-up. 0, which is no object's shape, before.
static SHAPES: [AtomicU32; 24] = [const { AtomicU32::new(0) }; 24];

/// Fills the table.
pub(in crate::interpreter) fn init() {
    let t = types();
    let classes = [
        (Known::RangeIterator, &t.range_iterator),
        (Known::ListIterator, &t.list_iterator),
        (Known::TupleIterator, &t.tuple_iterator),
        (Known::List, &t.list),
        (Known::Tuple, &t.tuple),
        (Known::Dict, &t.dict),
        (Known::Str, &t.str),
        (Known::Generator, &t.generator),
        (Known::Coroutine, &t.coroutine),
        (Known::Cell, &t.cell),
        (Known::DictItemIterator, &t.dict_itemiterator),
        (Known::DictKeyIterator, &t.dict_keyiterator),
        (Known::SetIterator, &t.set_iterator),
        (Known::Enumerate, &t.enumerate),
        (Known::Zip, &t.zip),
        (Known::NativeFunction, &t.builtin_function_or_method),
        (Known::MethodDescriptor, &t.method_descriptor),
        (Known::Function, &t.function),
        (Known::Set, &t.set),
        (Known::FrozenSet, &t.frozenset),
        (Known::Bytes, &t.bytes),
        (Known::Method, &t.method),
        (Known::Slice, &t.slice),
        (Known::ByteArray, &t.bytearray),
    ];
    for (known, class) in classes {
        SHAPES[known as usize].store(class.root_shape().0, Ordering::Relaxed);
    }
}

/// Whether `value`, which is not empty, is an instance of exactly that class.
#[inline(always)]
pub(in crate::interpreter) fn is(value: Value, known: Known) -> bool {
    // SAFETY: a register's pointer is to a live object.
    is_ptr(value) && unsafe { (*value.ptr()).shape().0 } == SHAPES[known as usize].load(Ordering::Relaxed)
}

/// Whether `value`, which is not empty, is a Python function (whatever attributes it has).
#[inline(always)]
pub(in crate::interpreter) fn is_function(value: Value) -> bool {
    if !is_ptr(value) {
        return false;
    }
    // SAFETY: a register's pointer is to a live object.
    let header = unsafe { &*value.ptr() };
    // The usual one, of functions without attributes, first.
    header.shape().0 == SHAPES[Known::Function as usize].load(Ordering::Relaxed)
        || std::ptr::eq(header.shape_entry().ops_ptr(), PyFunction::ops())
}

/// Whether `value`, which is not empty, is an instance of exactly `type`: a class without a metaclass of its own.
#[inline(always)]
pub(in crate::interpreter) fn is_class(value: Value) -> bool {
    if !is_ptr(value) {
        return false;
    }
    // SAFETY: a register's pointer is to a live object.
    let entry = unsafe { &*value.ptr() }.shape_entry();
    std::ptr::eq(entry.ops_ptr(), PyType::ops()) && std::ptr::eq(entry.class(), types().type_.as_ptr().cast())
}

/// [`Value::is_ptr`] of a value that is not empty.
#[inline(always)]
fn is_ptr(value: Value) -> bool {
    debug_assert!(!value.is_empty());
    value.bits() >> 48 == 0
}
