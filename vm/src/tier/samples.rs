//! What is told of values at hand, to guess what will come: nothing here runs code.

use taipan_objects::construct::{float_obj, int_obj};
use taipan_objects::conversion;
use taipan_objects::descriptor::PyMethodDescr;
use taipan_objects::function::PyFunction;
use taipan_objects::native::Intrinsic;
use taipan_objects::native_function::PyNativeFunction;
use taipan_objects::object_type;
use taipan_objects::singletons;
use taipan_objects::type_object::number_items;
use taipan_objects::type_object::{PyType, class_of, type_flags};
use taipan_objects::types::types;
use taipan_objects::{Obj, Value, istr};

use crate::interpreter::call;
pub use crate::interpreter::ops::attribute::{Single, singles, words};
use crate::interpreter::ops::intrinsics;
pub use crate::interpreter::ops::name::{Constant, Variable, constant, variable};
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
    TupleIterator,
    /// A container of doubles that machine code finds.
    Doubles,
    /// Another built-in class of sequences.
    Sequence,
    None,
    /// No value.
    Empty,
    Other,
}

impl Kind {
    const ALL: [Kind; 15] = [
        Kind::Int,
        Kind::Float,
        Kind::Bool,
        Kind::List,
        Kind::Tuple,
        Kind::RangeIterator,
        Kind::ListIterator,
        Kind::Dict,
        Kind::Str,
        Kind::TupleIterator,
        Kind::Doubles,
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
        (Known::TupleIterator, Kind::TupleIterator),
    ]
    .into_iter()
    .find_map(|(known, kind)| known::is(word, known).then_some(kind))
    .unwrap_or_else(|| match value.header() {
        Some(header) if number_items::has_doubles(header) => Kind::Doubles,
        _ if is_sequence(value) => Kind::Sequence,
        _ => Kind::Other,
    })
}

/// Whether numbers of a kind are instances of the class that a word is which needs no count, if that class alone decides and is never another one.
pub fn is_number_instance(number: Kind, class: Value) -> Option<bool> {
    let sample = match number {
        Kind::Int => int_obj(0),
        Kind::Float => float_obj(0.0),
        _ => return None,
    };
    let class = word_of_constant(class)?;
    let answer = intrinsics::answer(Intrinsic::IsInstance, &[sample, class])?;
    Some(answer.same(singletons::bool_obj(true).value()))
}

/// What lives for ever, by its word.
fn word_of_constant(word: Value) -> Option<Obj> {
    if !word.is_ptr() {
        return None;
    }
    // SAFETY: a site's constant is alive while that is looked at; more is only done with what lives for ever.
    let object = std::mem::ManuallyDrop::new(unsafe { Obj::from_value_unchecked(word) });
    let lasts = object.header().is_some_and(|header| header.is_immortal());
    lasts.then(|| Obj::clone(&object))
}

/// Whether the class is a built-in one of sequences, so that an item is had by its number without running code.
pub(super) fn is_sequence(value: &Obj) -> bool {
    let class = class_of(value);
    class.has_flag(type_flags::IMMUTABLE) && class.has_flag(type_flags::SEQUENCE)
}

/// What the call of a class comes to that makes its instances as `object` does: its `__init__`, if that is in Python, and the class's version while this is so.
pub fn constructor(callable: &Obj) -> Option<(Obj, u32)> {
    let class = callable.downcast::<PyType>()?;
    let version = class.version();
    let is_plain = class_of(callable).is(&types().type_)
        && call::is_plain(class)
        && object_type::has_plain_instances(class)
        && version != 0;
    let init = class
        .lookup(&istr!("__init__"))
        .filter(|init| is_plain && init.downcast::<PyFunction>().is_some())?;
    (class.version_now() == version).then_some((init, version))
}

/// Whether a callable, which has a receiver or not, is a native function that machine code calls itself, with so many arguments.
pub fn is_native(callable: &Obj, has_receiver: bool, count: u16) -> bool {
    if !has_receiver && callable.downcast::<PyNativeFunction>().is_some() {
        return true;
    }
    if let Some(descriptor) = callable.downcast::<PyMethodDescr>().filter(|_| has_receiver) {
        return match count {
            0 => descriptor.def.fast1.is_some(),
            1 => descriptor.def.fast2.is_some(),
            2 => descriptor.def.fast3.is_some(),
            _ => false,
        };
    }
    let class = callable.downcast::<PyType>().filter(|_| !has_receiver && count == 1);
    class.is_some_and(|class| conversion::of_class(class).is_some() || class.is(&types().type_))
}
