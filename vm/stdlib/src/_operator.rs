//! `_operator`: the operators as functions, and `itemgetter`, `attrgetter`, `methodcaller`.

pub mod getters;

use taipan_objects::buffer;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::protocol;
use taipan_objects::singletons::is_none as is_none_object;
use taipan_objects::type_object::CompareOp;

use crate::counted;

/// Whether `obj` supports `+` and the like as a sequence.
fn check_sequence(obj: &Obj) -> PyResult<()> {
    if protocol::is_sequence(obj) { Ok(()) } else { Err(not_concatenated(obj)) }
}

fn not_concatenated(obj: &Obj) -> Raised {
    type_error(format!("'{}' object can't be concatenated", class_of(obj).name()))
}

/// Compares in a time that does not depend on the content.
fn same_bytes(a: &[u8], b: &[u8]) -> bool {
    let other = if a.len() == b.len() { b } else { a };
    let difference = a.iter().zip(other).fold(u8::from(a.len() != b.len()), |sum, (x, y)| sum | (x ^ y));
    std::hint::black_box(difference) == 0
}

macro_rules! module {
    ($($(#[$doc:meta])* $name:ident($($arg:ident),*) => $body:expr;)*) => {
        /// Operator interface.
        ///
        /// This module exports a set of functions implemented in C corresponding
        /// to the intrinsic operators of Python.  For example, operator.add(x, y)
        /// is equivalent to the expression x+y.
        #[pymodule(name = "_operator")]
        mod items {
            use super::*;

            $(
                $(#[$doc])*
                #[pyfunction]
                fn $name($($arg: &Obj),*) -> PyResult<Obj> {
                    IntoPy::into_py($body)
                }
            )*

            /// Equivalent of not a.
            #[pyfunction(name = "not_")]
            fn not_(a: &Obj) -> PyResult<bool> {
                Ok(!protocol::is_true(a)?)
            }
            /// Equivalent of a is b.
            #[pyfunction(name = "is_")]
            fn is_(a: &Obj, b: &Obj) -> bool {
                a.is(b)
            }
            /// Equivalent of a & b.
            #[pyfunction(name = "and_")]
            fn and_(a: &Obj, b: &Obj) -> PyResult<Obj> {
                binary(a, b, BinaryOp::And)
            }
            /// Equivalent of a | b.
            #[pyfunction(name = "or_")]
            fn or_(a: &Obj, b: &Obj) -> PyResult<Obj> {
                binary(a, b, BinaryOp::Or)
            }

            #[pyattr(name = "itemgetter")]
            fn itemgetter() -> Obj {
                getters::item_class().as_obj().clone()
            }
            #[pyattr(name = "attrgetter")]
            fn attrgetter() -> Obj {
                getters::attribute_class().as_obj().clone()
            }
            #[pyattr(name = "methodcaller")]
            fn methodcaller() -> Obj {
                getters::method_class().as_obj().clone()
            }
            /// Equivalent of obj(*args, **kwargs).
            #[pyfunction(sig = "(obj, /, *args, **kwargs)")]
            fn call(obj: &Obj, args: &[Obj], kwargs: Kwargs<'_>) -> PyResult<Obj> {
                let (names, values): (Vec<Obj>, Vec<Obj>) = kwargs.iter().map(|(n, v)| (n.clone(), v.clone())).unzip();
                protocol::call_args(obj, &Args::with_keywords(args, &names, &values))
            }
            /// Return an estimate of the number of items in obj.
            ///
            /// This is useful for presizing containers when building from an iterable.
            ///
            /// If the object supports len(), the result will be exact.
            /// Otherwise, it may over- or under-estimate by an arbitrary amount.
            #[pyfunction(sig = "(obj, default=0, /)")]
            fn length_hint(obj: &Obj, default: Option<&Obj>) -> PyResult<usize> {
                let default = match default {
                    Some(default) if taipan_objects::int::int_ref(default).is_none() => {
                        return Err(type_error(format!("'{}' object cannot be interpreted as an integer", class_of(default).name())));
                    }
                    Some(default) => protocol::index_word_or(default, &types().overflow_error)?,
                    None => 0,
                };
                if default < 0 {
                    return Ok(match protocol::length_hint(obj, usize::MAX)? {
                        usize::MAX => return Err(value_error("__length_hint__() should return >= 0")),
                        hint => hint,
                    });
                }
                protocol::length_hint(obj, default.unsigned_abs())
            }
            /// Return 'a == b'.
            ///
            /// This function uses an approach designed to prevent
            /// timing analysis, making it appropriate for cryptography.
            ///
            /// a and b must both be of the same type: either str (ASCII only),
            /// or any bytes-like object.
            #[pyfunction]
            fn _compare_digest(a: &Obj, b: &Obj) -> PyResult<bool> {
                if let (Some(x), Some(y)) = (a.downcast::<PyStr>(), b.downcast::<PyStr>()) {
                    if !x.is_ascii() || !y.is_ascii() {
                        return Err(type_error("comparing strings with non-ASCII characters is not supported"));
                    }
                    return Ok(same_bytes(x.utf8()?.as_bytes(), y.utf8()?.as_bytes()));
                }
                let supports = |o: &Obj| class_of(o).slots.buffer().is_some();
                if !supports(a) && !supports(b) || a.is_layout::<PyStr>() || b.is_layout::<PyStr>() {
                    return Err(type_error(format!(
                        "unsupported operand types(s) or combination of types: '{}' and '{}'",
                        class_of(a).name(),
                        class_of(b).name()
                    )));
                }
                let (x, y) = (super::bytes_of(a)?, super::bytes_of(b)?);
                Ok(same_bytes(&x, &y))
            }
        }
    };
}

fn bytes_of(obj: &Obj) -> PyResult<Vec<u8>> {
    buffer::to_vec(obj)
}

fn compare(a: &Obj, b: &Obj, op: CompareOp) -> PyResult<Obj> {
    protocol::rich_compare(a, b, op)
}
fn binary(a: &Obj, b: &Obj, op: BinaryOp) -> PyResult<Obj> {
    protocol::binary_op(a, b, op)
}
fn inplace(a: &Obj, b: &Obj, op: BinaryOp) -> PyResult<Obj> {
    protocol::inplace_op(a, b, op)
}

module! {
    /// Equivalent of bool(a).
    truth(a) => protocol::is_true(a)?;
    /// Equivalent of a is not b.
    is_not(a, b) => !a.is(b);
    /// Equivalent of a is None.
    is_none(a) => is_none_object(a);
    /// Equivalent of a is not None.
    is_not_none(a) => !is_none_object(a);
    /// Equivalent of a + b.
    add(a, b) => binary(a, b, BinaryOp::Add)?;
    /// Equivalent of a - b.
    sub(a, b) => binary(a, b, BinaryOp::Sub)?;
    /// Equivalent of a * b.
    mul(a, b) => binary(a, b, BinaryOp::Mul)?;
    /// Equivalent of a @ b.
    matmul(a, b) => binary(a, b, BinaryOp::Matmul)?;
    /// Equivalent of a // b.
    floordiv(a, b) => binary(a, b, BinaryOp::FloorDiv)?;
    /// Equivalent of a / b.
    truediv(a, b) => binary(a, b, BinaryOp::TrueDiv)?;
    /// Equivalent of a % b.
    mod_(a, b) => binary(a, b, BinaryOp::Mod)?;
    /// Equivalent of a << b.
    lshift(a, b) => binary(a, b, BinaryOp::LShift)?;
    /// Equivalent of a >> b.
    rshift(a, b) => binary(a, b, BinaryOp::RShift)?;
    /// Equivalent of a ^ b.
    xor(a, b) => binary(a, b, BinaryOp::Xor)?;
    /// Equivalent of a ** b.
    pow(a, b) => protocol::power(a, b, &none())?;
    /// Equivalent of -a.
    neg(a) => protocol::negative(a)?;
    /// Equivalent of +a.
    pos(a) => protocol::positive(a)?;
    /// Equivalent of abs(a).
    abs(a) => protocol::absolute(a)?;
    /// Equivalent of ~a.
    inv(a) => protocol::invert(a)?;
    /// Equivalent of ~a.
    invert(a) => protocol::invert(a)?;
    /// Equivalent of a.__index__()
    index(a) => {
        let index = protocol::index(a)?;
        // Exact, as `operator.index` of CPython gives it.
        match types().int.slots.pos() {
            Some(exact) => exact(&index)?,
            None => index,
        }
    };
    /// Equivalent of a + b, for a and b sequences.
    concat(a, b) => { check_sequence(a)?; check_sequence_pair(a, b)?; binary(a, b, BinaryOp::Add)? };
    /// Equivalent of a += b.
    iadd(a, b) => inplace(a, b, BinaryOp::Add)?;
    /// Equivalent of a -= b.
    isub(a, b) => inplace(a, b, BinaryOp::Sub)?;
    /// Equivalent of a *= b.
    imul(a, b) => inplace(a, b, BinaryOp::Mul)?;
    /// Equivalent of a @= b.
    imatmul(a, b) => inplace(a, b, BinaryOp::Matmul)?;
    /// Equivalent of a //= b.
    ifloordiv(a, b) => inplace(a, b, BinaryOp::FloorDiv)?;
    /// Equivalent of a /= b.
    itruediv(a, b) => inplace(a, b, BinaryOp::TrueDiv)?;
    /// Equivalent of a %= b.
    imod(a, b) => inplace(a, b, BinaryOp::Mod)?;
    /// Equivalent of a <<= b.
    ilshift(a, b) => inplace(a, b, BinaryOp::LShift)?;
    /// Equivalent of a >>= b.
    irshift(a, b) => inplace(a, b, BinaryOp::RShift)?;
    /// Equivalent of a &= b.
    iand(a, b) => inplace(a, b, BinaryOp::And)?;
    /// Equivalent of a ^= b.
    ixor(a, b) => inplace(a, b, BinaryOp::Xor)?;
    /// Equivalent of a |= b.
    ior(a, b) => inplace(a, b, BinaryOp::Or)?;
    /// Equivalent of a **= b.
    ipow(a, b) => inplace(a, b, BinaryOp::Pow)?;
    /// Equivalent of a += b, for a and b sequences.
    iconcat(a, b) => { check_sequence(a)?; check_sequence_pair(a, b)?; inplace(a, b, BinaryOp::Add)? };
    /// Equivalent of b in a (note reversed operands).
    contains(a, b) => protocol::contains(a, b)?;
    /// Return the number of items in a which are, or which equal, b.
    #[allow(non_snake_case)]
    countOf(a, b) => count_of(a, b)?;
    /// Return the first index of b in a.
    #[allow(non_snake_case)]
    indexOf(a, b) => index_of(a, b)?;
    /// Equivalent of a[b].
    getitem(a, b) => protocol::getitem(a, b)?;
    /// Equivalent of a[b] = c.
    setitem(a, b, c) => protocol::setitem(a, b, c)?;
    /// Equivalent of del a[b].
    delitem(a, b) => protocol::delitem(a, b)?;
    /// Equivalent of a < b.
    lt(a, b) => compare(a, b, CompareOp::Lt)?;
    /// Equivalent of a <= b.
    le(a, b) => compare(a, b, CompareOp::Le)?;
    /// Equivalent of a == b.
    eq(a, b) => compare(a, b, CompareOp::Eq)?;
    /// Equivalent of a != b.
    ne(a, b) => compare(a, b, CompareOp::Ne)?;
    /// Equivalent of a >= b.
    ge(a, b) => compare(a, b, CompareOp::Ge)?;
    /// Equivalent of a > b.
    gt(a, b) => compare(a, b, CompareOp::Gt)?;
}

fn check_sequence_pair(a: &Obj, b: &Obj) -> PyResult<()> {
    // What knows how to be concatenated says itself what is wrong with the other.
    if protocol::is_sequence(b) || class_of(a).slots.concat().is_some() {
        Ok(())
    } else {
        Err(not_concatenated(a))
    }
}

fn iterator_over(iterable: &Obj) -> PyResult<Obj> {
    counted::iter(iterable).or_else(|Raised| {
        drop(catch(&types().type_error)?);
        Err(type_error(format!("argument of type '{}' is not iterable", class_of(iterable).name())))
    })
}

fn count_of(iterable: &Obj, value: &Obj) -> PyResult<usize> {
    let iterator = iterator_over(iterable)?;
    let mut count = 0;
    while let Some(item) = counted::next(&iterator)? {
        count += usize::from(protocol::eq(&item, value)?);
    }
    Ok(count)
}

fn index_of(iterable: &Obj, value: &Obj) -> PyResult<usize> {
    let iterator = iterator_over(iterable)?;
    let mut index = 0;
    while let Some(item) = counted::next(&iterator)? {
        if protocol::eq(&item, value)? {
            return Ok(index);
        }
        index += 1;
    }
    Err(value_error("sequence.index(x): x not in sequence"))
}
