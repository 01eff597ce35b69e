//! Shapes of the instances of built-in classes, for exact checks with one comparison: of classes whose instances have no attributes of
//! their own, since others change their shape.

use taipan_objects::dict::PyDict;
use taipan_objects::function::PyFunction;
use taipan_objects::types::Number;
use taipan_objects::{Object, Value};

use super::Handler;

/// A built-in class, by the shape of its instances.
#[derive(Clone, Copy)]
#[repr(u32)]
pub(crate) enum Known {
    RangeIterator = Number::range_iterator.root_shape().0,
    ListIterator = Number::list_iterator.root_shape().0,
    TupleIterator = Number::tuple_iterator.root_shape().0,
    List = Number::list.root_shape().0,
    Tuple = Number::tuple.root_shape().0,
    Dict = Number::dict.root_shape().0,
    Str = Number::str.root_shape().0,
    Generator = Number::generator.root_shape().0,
    Coroutine = Number::coroutine.root_shape().0,
    Cell = Number::cell.root_shape().0,
    DictItemIterator = Number::dict_itemiterator.root_shape().0,
    DictKeyIterator = Number::dict_keyiterator.root_shape().0,
    DictValueIterator = Number::dict_valueiterator.root_shape().0,
    ListReverseIterator = Number::list_reverseiterator.root_shape().0,
    StrIterator = Number::str_iterator.root_shape().0,
    SetIterator = Number::set_iterator.root_shape().0,
    Enumerate = Number::enumerate.root_shape().0,
    Zip = Number::zip.root_shape().0,
    NativeFunction = Number::builtin_function_or_method.root_shape().0,
    MethodDescriptor = Number::method_descriptor.root_shape().0,
    Class = Number::type_.root_shape().0,
    Function = Number::function.root_shape().0,
    Set = Number::set.root_shape().0,
    FrozenSet = Number::frozenset.root_shape().0,
    Bytes = Number::bytes.root_shape().0,
    Method = Number::method.root_shape().0,
    Slice = Number::slice.root_shape().0,
    ByteArray = Number::bytearray.root_shape().0,
}

/// Shapes below this number are of built-in classes, and perhaps a few others.
const SHAPES: usize = 128;

/// A handler for each shape of a built-in class.
pub(super) type ByShape = [Handler; SHAPES];

/// The table in which the shapes `listed` have their handlers, and the others `other`.
pub(super) const fn by_shape(other: Handler, listed: &[(Known, Handler)]) -> ByShape {
    let mut table = [other; SHAPES];
    let mut at = 0;
    while at < listed.len() {
        table[listed[at].0 as usize] = listed[at].1;
        at += 1;
    }
    table
}

/// The handler for what `value`, which is not empty, is an instance of; `other` if that is no built-in class.
#[inline(always)]
pub(super) fn choose(value: Value, table: &'static ByShape, other: Handler) -> Handler {
    if !is_ptr(value) {
        return other;
    }
    // SAFETY: a register's pointer is to a live object.
    let shape = unsafe { (*value.ptr()).shape().0 } as usize;
    if shape < SHAPES { table[shape] } else { other }
}

/// Whether `value`, which is not empty, is an instance of exactly that class.
#[inline(always)]
pub(crate) fn is(value: Value, known: Known) -> bool {
    // SAFETY: a register's pointer is to a live object.
    is_ptr(value) && unsafe { (*value.ptr()).shape().0 } == known as u32
}

/// Whether `value`, which is not empty, is a Python function (whatever attributes it has).
#[inline(always)]
pub(crate) fn is_function(value: Value) -> bool {
    if !is_ptr(value) {
        return false;
    }
    // SAFETY: a register's pointer is to a live object.
    let header = unsafe { &*value.ptr() };
    // The usual one, of functions without attributes, first.
    header.shape().0 == Known::Function as u32
        || std::ptr::eq(header.shape_entry().ops_ptr(), PyFunction::ops())
}

/// Whether `value`, which is not empty, is a dict, perhaps of a subclass.
#[inline(always)]
pub(crate) fn is_dict(value: Value) -> bool {
    // SAFETY: a register's pointer is to a live object.
    is_ptr(value) && std::ptr::eq(unsafe { &*value.ptr() }.shape_entry().ops_ptr(), PyDict::ops())
}

/// [`Value::is_ptr`] of a value that is not empty.
#[inline(always)]
fn is_ptr(value: Value) -> bool {
    debug_assert!(!value.is_empty());
    value.bits() >> 48 == 0
}
