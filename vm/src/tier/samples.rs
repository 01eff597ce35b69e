//! What a compiler asks about values at hand, to guess what will come: nothing here runs code.

use taipan_objects::Obj;
use taipan_objects::conversion;
use taipan_objects::descriptor::PyMethodDescr;
use taipan_objects::iterators::PySequenceIter;
use taipan_objects::list::PyList;
use taipan_objects::native_function::PyNativeFunction;
use taipan_objects::protocol::{self, IntoStrong};
use taipan_objects::range::PyRangeIter;
use taipan_objects::tuple::PyTuple;
use taipan_objects::type_object::{PyType, class_of, type_flags};
use taipan_objects::types::types;
use taipan_threading::sync::atomic::AtomicU64;

pub use crate::interpreter::ops::attribute::{Single, single, single_to_store};
use crate::interpreter::ops::{attribute, name};
use crate::interpreter::quick::known::{self, Known};

/// What can be told of a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Int,
    Float,
    Bool,
    List,
    Tuple,
    RangeIterator,
    ListIterator,
    Dict,
    Str,
    /// Another built-in class of sequences.
    Sequence,
    Other,
}

/// What kind of value it is.
pub fn kind(value: &Obj) -> Kind {
    let word = value.value();
    if word.is_int() {
        return Kind::Int;
    }
    if word.is_float() {
        return Kind::Float;
    }
    if taipan_objects::singletons::is_true(value) || taipan_objects::singletons::is_false(value) {
        return Kind::Bool;
    }
    [
        (Known::List, Kind::List),
        (Known::Dict, Kind::Dict),
        (Known::Str, Kind::Str),
        (Known::Tuple, Kind::Tuple),
        (Known::RangeIterator, Kind::RangeIterator),
        (Known::ListIterator, Kind::ListIterator),
    ]
    .into_iter()
    .find_map(|(known, kind)| known::is(word, known).then_some(kind))
    .unwrap_or_else(|| if is_sequence(value) { Kind::Sequence } else { Kind::Other })
}

/// Whether the class is a built-in one of sequences, so that an item is had by its number without running code.
pub(super) fn is_sequence(value: &Obj) -> bool {
    let class = class_of(value);
    class.has_flag(type_flags::IMMUTABLE) && class.has_flag(type_flags::SEQUENCE)
}

/// An item of a sequence.
pub fn item(container: &Obj) -> Option<Obj> {
    match kind(container) {
        Kind::List => container.downcast::<PyList>()?.get(0),
        Kind::Tuple => container.downcast::<PyTuple>()?.get(0).cloned(),
        Kind::Str | Kind::Sequence => {
            let item = protocol::getitem(container, &taipan_objects::construct::int_obj(0));
            item.inspect_err(|_| drop(taipan_objects::error::try_take_raised())).ok()
        }
        _ => None,
    }
}

/// What an iterator may give.
pub fn next(iterator: &Obj) -> Option<Obj> {
    match kind(iterator) {
        Kind::RangeIterator => {
            iterator.downcast::<PyRangeIter>()?;
            Some(taipan_objects::construct::int_obj(0))
        }
        Kind::ListIterator => iterator.downcast::<PySequenceIter>()?.sample(),
        _ => None,
    }
}

/// What an attribute instruction with that cache gets from the value, if that is in a slot.
pub fn attribute(cache: &AtomicU64, subject: &Obj) -> Option<Obj> {
    attribute::inline_slot(cache, subject.value()).map(IntoStrong::into_strong)
}

/// The function that a method instruction with that cache finds on the class of the value.
pub fn method(cache: &AtomicU64, subject: &Obj) -> Option<Obj> {
    let word = attribute::known_method(cache, subject.value())
        .or_else(|| attribute::only_method_beside_dict(cache, subject.value()))?;
    // SAFETY: the class, of which there is an instance, keeps it alive; it is counted here.
    unsafe { Obj::from_value(word) }.map(IntoStrong::into_strong)
}

/// The global that an instruction with that cache reads in code with these namespaces.
pub fn global(cache: &AtomicU64, globals: &Obj, builtins: &Obj) -> Option<Obj> {
    let word = name::constant_of(cache, globals.value(), builtins.value())?;
    // SAFETY: the namespaces keep it alive; it is counted here.
    unsafe { Obj::from_value(word) }.map(IntoStrong::into_strong)
}

/// What is to be expected of a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Callee {
    /// Machine code can make it; the kind of its result, if that can be told.
    Native(Option<Kind>),
    Other,
}

/// What a callable is that has a receiver or not.
pub fn callee(callable: &Obj, has_receiver: bool, count: u16) -> Callee {
    let of_name = |name: &str| match name {
        "len" | "ord" | "id" | "hash" | "index" | "find" | "count" | "bit_length" => Some(Kind::Int),
        "sqrt" | "sin" | "cos" | "tan" | "exp" | "log" | "atan2" | "hypot" | "random" | "fabs" | "pow" => {
            Some(Kind::Float)
        }
        "isinstance" | "hasattr" | "callable" | "startswith" | "endswith" | "isdigit" => Some(Kind::Bool),
        _ => None,
    };
    if let Some(function) = callable.downcast::<PyNativeFunction>().filter(|_| !has_receiver) {
        return Callee::Native(of_name(function.def.name));
    }
    if let Some(descriptor) = callable.downcast::<PyMethodDescr>().filter(|_| has_receiver) {
        let takes = match count {
            0 => descriptor.def.fast1.is_some(),
            1 => descriptor.def.fast2.is_some(),
            2 => descriptor.def.fast3.is_some(),
            _ => false,
        };
        return if takes { Callee::Native(of_name(descriptor.def.name)) } else { Callee::Other };
    }
    match callable.downcast::<PyType>().filter(|_| !has_receiver && count == 1) {
        Some(class) if conversion::of_class(class).is_some() => {
            let types = types();
            let kind = if std::ptr::eq(class, &*types.int) {
                Some(Kind::Int)
            } else if std::ptr::eq(class, &*types.float) {
                Some(Kind::Float)
            } else {
                None
            };
            Callee::Native(kind)
        }
        _ => Callee::Other,
    }
}
