//! What is told of values at hand, to guess what will come: nothing here runs code.

use taipan_objects::Obj;
use taipan_objects::conversion;
use taipan_objects::descriptor::PyMethodDescr;
use taipan_objects::native_function::PyNativeFunction;
use taipan_objects::type_object::{PyType, class_of, type_flags};
use taipan_objects::types::types;

pub use crate::interpreter::ops::attribute::{Single, singles};
pub use crate::interpreter::ops::name::{Constant, constant};
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
    None,
    /// No value.
    Empty,
    Other,
}

impl Kind {
    const ALL: [Kind; 13] = [
        Kind::Int,
        Kind::Float,
        Kind::Bool,
        Kind::List,
        Kind::Tuple,
        Kind::RangeIterator,
        Kind::ListIterator,
        Kind::Dict,
        Kind::Str,
        Kind::Sequence,
        Kind::None,
        Kind::Empty,
        Kind::Other,
    ];
    /// Its bit in a set of kinds.
    pub fn bit(self) -> u16 {
        1 << self as u16
    }
    /// The only kind in a set, if it is one.
    pub fn only(kinds: u16) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.bit() == kinds)
    }
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
    if taipan_objects::singletons::is_none(value) {
        return Kind::None;
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
        Some(class) if conversion::of_class(class).is_some() || class.is(&types().type_) => {
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
