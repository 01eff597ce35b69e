//! The slots of `int`.

use taipan_gc::Obj;
use taipan_text::int_text;

use super::{PyInt, arithmetic, int_ref};
use crate::error::*;
use crate::native::NativeMethods;
use crate::str::PyStr;
use crate::type_object::{TypeSlots, ready, type_flags};
use crate::types::Types;

/// `repr(i)`.
pub fn repr(obj: &Obj) -> PyResult<Obj> {
    let Some(value) = int_ref(obj) else {
        return Err(type_error("descriptor '__repr__' requires an 'int' object"));
    };
    let mut buffer = [0u8; 20];
    match value {
        super::IntRef::Small(i) => Ok(PyStr::from_latin1(decimal(i, &mut buffer)).into_obj()),
        big => Ok(PyStr::from_string(super::to_decimal(big)?).into_obj()),
    }
}

/// The decimal digits of a word, written from the end of `buffer`.
fn decimal(i: i64, buffer: &mut [u8; 20]) -> &[u8] {
    let mut left = i.unsigned_abs();
    let mut at = buffer.len();
    loop {
        at -= 1;
        buffer[at] = b'0' + (left % 10) as u8;
        left /= 10;
        if left == 0 {
            break;
        }
    }
    if i < 0 {
        at -= 1;
        buffer[at] = b'-';
    }
    &buffer[at..]
}

fn hash(obj: &Obj) -> PyResult<i64> {
    Ok(int_ref(obj).map_or(0, |i| i.python_hash()))
}

fn is_true(obj: &Obj) -> PyResult<bool> {
    Ok(int_ref(obj).is_some_and(|i| !i.is_zero()))
}

fn float(obj: &Obj) -> PyResult<Obj> {
    match int_ref(obj) {
        Some(i) => Ok(Obj::float(i.to_f64()?)),
        None => Ok(crate::construct::not_implemented()),
    }
}

/// `hex`, `oct`, `bin` of an index object.
pub fn prefixed(obj: &Obj, base: u32) -> PyResult<Obj> {
    let index = crate::protocol::index(obj)?;
    let text = int_ref(&index).map(|i| int_text::to_prefixed(i.text(), base)).unwrap_or_default();
    Ok(PyStr::from_string(text).into_obj())
}

static SLOTS: TypeSlots = TypeSlots {
    repr: Some(repr),
    hash: Some(hash),
    richcompare: Some(arithmetic::compare),
    new: Some(super::new::new),
    bool_: Some(is_true),
    neg: Some(arithmetic::negate),
    pos: Some(arithmetic::plain),
    abs: Some(arithmetic::absolute),
    invert: Some(arithmetic::invert),
    int: Some(arithmetic::plain),
    index: Some(arithmetic::plain),
    float: Some(float),
    add: Some(arithmetic::add),
    sub: Some(arithmetic::sub),
    mul: Some(arithmetic::mul),
    truediv: Some(arithmetic::true_div),
    floordiv: Some(arithmetic::floor_div),
    mod_: Some(arithmetic::modulo),
    divmod: Some(arithmetic::div_mod),
    pow: Some(arithmetic::power),
    lshift: Some(arithmetic::lshift),
    rshift: Some(arithmetic::rshift),
    and: Some(arithmetic::and),
    or: Some(arithmetic::or),
    xor: Some(arithmetic::xor),
    ..TypeSlots::EMPTY
};

const DOC: &str = "int([x]) -> integer\nint(x, base=10) -> integer\n\nConvert a number or string to an integer, or return 0 if no arguments\nare given.  If x is a number, return x.__int__().  For floating-point\nnumbers, this truncates towards zero.\n\nIf x is not a number or if base is given, then x must be a string,\nbytes, or bytearray instance representing an integer literal in the\ngiven base.  The literal can be preceded by '+' or '-' and be surrounded\nby whitespace.  The base defaults to 10.  Valid bases are 0 and 2-36.\nBase 0 means to interpret the base from the string as an integer literal.\n>>> int('0b100', base=0)\n4";

/// Completes the class.
pub(crate) fn fill(types: &Types) {
    types.int.slots.set_all(&SLOTS);
    types.int.set_flag(type_flags::MATCH_SELF, true);
    ready::add_methods(&types.int, PyInt::methods());
    ready::add_getset(&types.int, PyInt::getset());
    ready::set_doc(&types.int, DOC);
}
