//! Arithmetic dispatch.

use taipan_gc::Obj;

use crate::error::*;
use crate::int::int_ref;
use crate::singletons::{is_none, is_not_implemented, none};
use crate::type_object::slots::{BinaryFn, SlotTable};
use crate::type_object::{SlotId, class_of, trampolines};
use crate::types::types;

/// The binary operators.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum BinaryOp {
    Add,
    Sub,
    Mul,
    Matmul,
    TrueDiv,
    FloorDiv,
    Mod,
    Pow,
    LShift,
    RShift,
    And,
    Or,
    Xor,
    DivMod,
}

impl BinaryOp {
    fn slot(self, slots: &SlotTable) -> Option<BinaryFn> {
        match self {
            BinaryOp::Add => slots.add(),
            BinaryOp::Sub => slots.sub(),
            BinaryOp::Mul => slots.mul(),
            BinaryOp::Matmul => slots.matmul(),
            BinaryOp::TrueDiv => slots.truediv(),
            BinaryOp::FloorDiv => slots.floordiv(),
            BinaryOp::Mod => slots.mod_(),
            BinaryOp::LShift => slots.lshift(),
            BinaryOp::RShift => slots.rshift(),
            BinaryOp::And => slots.and(),
            BinaryOp::Or => slots.or(),
            BinaryOp::Xor => slots.xor(),
            BinaryOp::DivMod => slots.divmod(),
            BinaryOp::Pow => None,
        }
    }
    fn inplace_slot(self, slots: &SlotTable) -> Option<BinaryFn> {
        match self {
            BinaryOp::Add => slots.iadd(),
            BinaryOp::Sub => slots.isub(),
            BinaryOp::Mul => slots.imul(),
            BinaryOp::Matmul => slots.imatmul(),
            BinaryOp::TrueDiv => slots.itruediv(),
            BinaryOp::FloorDiv => slots.ifloordiv(),
            BinaryOp::Mod => slots.imod(),
            BinaryOp::Pow => slots.ipow(),
            BinaryOp::LShift => slots.ilshift(),
            BinaryOp::RShift => slots.irshift(),
            BinaryOp::And => slots.iand(),
            BinaryOp::Or => slots.ior(),
            BinaryOp::Xor => slots.ixor(),
            BinaryOp::DivMod => None,
        }
    }
    /// The slot for the operation in place; `divmod` has none.
    pub fn inplace_slot_id(self) -> Option<SlotId> {
        Some(match self {
            BinaryOp::Add => SlotId::Iadd,
            BinaryOp::Sub => SlotId::Isub,
            BinaryOp::Mul => SlotId::Imul,
            BinaryOp::Matmul => SlotId::Imatmul,
            BinaryOp::TrueDiv => SlotId::Itruediv,
            BinaryOp::FloorDiv => SlotId::Ifloordiv,
            BinaryOp::Mod => SlotId::Imod,
            BinaryOp::Pow => SlotId::Ipow,
            BinaryOp::LShift => SlotId::Ilshift,
            BinaryOp::RShift => SlotId::Irshift,
            BinaryOp::And => SlotId::Iand,
            BinaryOp::Or => SlotId::Ior,
            BinaryOp::Xor => SlotId::Ixor,
            BinaryOp::DivMod => return None,
        })
    }
    /// The slot, for comparisons.
    pub fn slot_id(self) -> SlotId {
        match self {
            BinaryOp::Add => SlotId::Add,
            BinaryOp::Sub => SlotId::Sub,
            BinaryOp::Mul => SlotId::Mul,
            BinaryOp::Matmul => SlotId::Matmul,
            BinaryOp::TrueDiv => SlotId::Truediv,
            BinaryOp::FloorDiv => SlotId::Floordiv,
            BinaryOp::Mod => SlotId::Mod,
            BinaryOp::Pow => SlotId::Pow,
            BinaryOp::LShift => SlotId::Lshift,
            BinaryOp::RShift => SlotId::Rshift,
            BinaryOp::And => SlotId::And,
            BinaryOp::Or => SlotId::Or,
            BinaryOp::Xor => SlotId::Xor,
            BinaryOp::DivMod => SlotId::Divmod,
        }
    }
    /// As in error texts.
    pub fn symbol(self) -> &'static str {
        ["+", "-", "*", "@", "/", "//", "%", "** or pow()", "<<", ">>", "&", "|", "^", "divmod()"]
            [self as usize]
    }
}

fn unsupported(a: &Obj, b: &Obj, symbol: &str) -> Raised {
    type_error(format!(
        "unsupported operand type(s) for {symbol}: '{}' and '{}'",
        class_of(a).name(),
        class_of(b).name()
    ))
}

/// Tries both operands' slots; `NotImplemented` if neither knows.
fn dispatch(a: &Obj, b: &Obj, op: BinaryOp) -> PyResult<Obj> {
    let (class_a, class_b) = (class_of(a), class_of(b));
    let slot_a = op.slot(&class_a.slots);
    let mut slot_b = if class_a.is(class_b) { None } else { op.slot(&class_b.slots) };
    if let (Some(x), Some(y)) = (slot_a, slot_b)
        && x as usize == y as usize
    {
        slot_b = None;
    }
    if let Some(f) = slot_a {
        if let Some(g) = slot_b
            && class_b.is_subtype(class_a)
        {
            let result = g(a, b)?;
            if !is_not_implemented(&result) {
                return Ok(result);
            }
            slot_b = None;
        }
        let result = f(a, b)?;
        if !is_not_implemented(&result) {
            return Ok(result);
        }
    }
    match slot_b {
        Some(g) => g(a, b),
        None => Ok(crate::singletons::not_implemented()),
    }
}

/// `a <op> b`.
pub fn binary_op(a: &Obj, b: &Obj, op: BinaryOp) -> PyResult<Obj> {
    if op == BinaryOp::Pow {
        return power(a, b, &none());
    }
    // Operands of one class have one slot, which mostly knows.
    let class = class_of(a);
    if class.is(class_of(b))
        && let Some(slot) = op.slot(&class.slots)
    {
        return answered(a, b, op, false, slot(a, b)?);
    }
    answered(a, b, op, false, dispatch(a, b, op)?)
}

/// What `a <op> b`, or `a <op>= b`, comes to when the slots gave `result`: if they know nothing, sequences may.
#[inline]
fn answered(a: &Obj, b: &Obj, op: BinaryOp, inplace: bool, result: Obj) -> PyResult<Obj> {
    if is_not_implemented(&result) { unanswered(a, b, op, inplace) } else { Ok(result) }
}

#[cold]
fn unanswered(a: &Obj, b: &Obj, op: BinaryOp, inplace: bool) -> PyResult<Obj> {
    match op {
        BinaryOp::Add => {
            let slots = &class_of(a).slots;
            let concat = slots.inplace_concat().filter(|_| inplace).or_else(|| slots.concat());
            if let Some(concat) = concat {
                return concat(a, b);
            }
        }
        BinaryOp::Mul => {
            if let Some(result) = try_repeat(a, b, inplace) {
                return result;
            }
        }
        BinaryOp::RShift if !inplace => {
            if let Some(function) = a.downcast::<crate::native_function::PyNativeFunction>()
                && function.def.name == "print"
            {
                return Err(type_error(format!(
                    "unsupported operand type(s) for >>: '{}' and '{}'. Did you mean \"print(<message>, file=<output_stream>)\"?",
                    class_of(a).name(),
                    class_of(b).name()
                )));
            }
        }
        _ => {}
    }
    if inplace {
        return Err(unsupported(a, b, &format!("{}=", op.symbol())));
    }
    Err(unsupported(a, b, op.symbol()))
}

/// What `a <op> b`, or `a <op>= b`, comes to after the method that [`trampolines::first_operator`] tells of gave `NotImplemented`.
pub fn binary_op_declined(a: &Obj, b: &Obj, op: BinaryOp, inplace: bool) -> PyResult<Obj> {
    let (class_a, class_b) = (class_of(a), class_of(b));
    let result = if inplace && op.inplace_slot(&class_a.slots).is_some() {
        dispatch(a, b, op)?
    } else if class_a.is(class_b) {
        crate::singletons::not_implemented()
    } else if trampolines::is_trampoline(class_b, op.slot_id()) {
        trampolines::reflected(a, b, op)?
    } else {
        op.slot(&class_b.slots).map_or_else(|| Ok(crate::singletons::not_implemented()), |slot| slot(a, b))?
    };
    answered(a, b, op, inplace, result)
}

fn try_repeat(a: &Obj, b: &Obj, inplace: bool) -> Option<PyResult<Obj>> {
    let slots_a = &class_of(a).slots;
    let repeat = slots_a.inplace_repeat().filter(|_| inplace).or_else(|| slots_a.repeat());
    let (f, sequence, count) = match (repeat, class_of(b).slots.repeat()) {
        (Some(f), _) => (f, a, b),
        (None, Some(f)) => (f, b, a),
        (None, None) => return None,
    };
    if class_of(count).slots.index().is_none() {
        return Some(Err(type_error(format!(
            "can't multiply sequence by non-int of type '{}'",
            class_of(count).name()
        ))));
    }
    Some(f(sequence, count))
}

/// `a <op>= b`.
pub fn inplace_op(a: &Obj, b: &Obj, op: BinaryOp) -> PyResult<Obj> {
    if let Some(f) = op.inplace_slot(&class_of(a).slots) {
        let result = f(a, b)?;
        if !is_not_implemented(&result) {
            return Ok(result);
        }
    }
    if op == BinaryOp::Pow {
        let result = power_dispatch(a, b, &none())?;
        return if is_not_implemented(&result) { Err(unsupported(a, b, "**=")) } else { Ok(result) };
    }
    answered(a, b, op, true, dispatch(a, b, op)?)
}

fn power_dispatch(a: &Obj, b: &Obj, modulus: &Obj) -> PyResult<Obj> {
    let (class_a, class_b) = (class_of(a), class_of(b));
    let slot_a = class_a.slots.pow();
    let mut slot_b = if class_a.is(class_b) { None } else { class_b.slots.pow() };
    if let (Some(x), Some(y)) = (slot_a, slot_b)
        && x as usize == y as usize
    {
        slot_b = None;
    }
    if let Some(f) = slot_a {
        if let Some(g) = slot_b
            && class_b.is_subtype(class_a)
        {
            let result = g(a, b, modulus)?;
            if !is_not_implemented(&result) {
                return Ok(result);
            }
            slot_b = None;
        }
        let result = f(a, b, modulus)?;
        if !is_not_implemented(&result) {
            return Ok(result);
        }
    }
    if let Some(g) = slot_b {
        let result = g(a, b, modulus)?;
        if !is_not_implemented(&result) {
            return Ok(result);
        }
    }
    // The modulus may know, too, if it is of a third class.
    let slot_c = if is_none(modulus) { None } else { class_of(modulus).slots.pow() };
    match slot_c {
        Some(h)
            if slot_a.is_none_or(|f| f as usize != h as usize)
                && class_b.slots.pow().is_none_or(|g| g as usize != h as usize) =>
        {
            h(a, b, modulus)
        }
        _ => Ok(crate::singletons::not_implemented()),
    }
}

/// `pow(a, b, modulus)`; `modulus` may be `None`.
pub fn power(a: &Obj, b: &Obj, modulus: &Obj) -> PyResult<Obj> {
    let result = power_dispatch(a, b, modulus)?;
    if !is_not_implemented(&result) {
        return Ok(result);
    }
    if is_none(modulus) {
        return Err(unsupported(a, b, "** or pow()"));
    }
    Err(type_error(format!(
        "unsupported operand type(s) for ** or pow(): '{}', '{}', '{}'",
        class_of(a).name(),
        class_of(b).name(),
        class_of(modulus).name()
    )))
}

macro_rules! unary {
    ($name:ident, $slot:ident, $symbol:literal) => {
        #[doc = concat!("`", $symbol, "obj`.")]
        pub fn $name(obj: &Obj) -> PyResult<Obj> {
            match class_of(obj).slots.$slot() {
                Some(f) => f(obj),
                None => Err(type_error(format!(
                    concat!("bad operand type for ", "{}", ": '{}'"),
                    $symbol,
                    class_of(obj).name()
                ))),
            }
        }
    };
}
unary!(negative, neg, "unary -");
unary!(positive, pos, "unary +");
unary!(invert, invert, "unary ~");
unary!(absolute, abs, "abs()");

/// `operator.index(obj)`: an exact int or subclass instance.
pub fn index(obj: &Obj) -> PyResult<Obj> {
    if int_ref(obj).is_some() {
        return Ok(obj.clone());
    }
    match class_of(obj).slots.index() {
        Some(index) => {
            let result = index(obj)?;
            if int_ref(&result).is_some() {
                if !is_exact_int(&result) {
                    crate::str::new::deprecated_subclass("__index__", "int", &result)?;
                }
                return Ok(result);
            }
            Err(type_error(format!("__index__ returned non-int (type {})", class_of(&result).name())))
        }
        None => {
            Err(type_error(format!("'{}' object cannot be interpreted as an integer", class_of(obj).name())))
        }
    }
}

/// Whether `obj` can be an index.
pub fn has_index(obj: &Obj) -> bool {
    class_of(obj).slots.index().is_some()
}

/// The float value of a real number (`PyFloat_AsDouble`). A NaN loses its identity.
pub fn as_f64(obj: &Obj) -> PyResult<f64> {
    let value = obj.value();
    if value.is_float() {
        return Ok(taipan_gc::nan::plain(value.as_float()));
    }
    if value.is_int() {
        return Ok(value.as_int() as f64);
    }
    if let Some(f) = obj.downcast::<crate::float::PyFloat>() {
        return Ok(f.value);
    }
    let slots = &class_of(obj).slots;
    if let Some(float) = slots.float() {
        let result = float(obj)?;
        if result.value().is_float() {
            return Ok(taipan_gc::nan::plain(result.value().as_float()));
        }
        if let Some(f) = result.downcast::<crate::float::PyFloat>() {
            if !class_of(&result).is(&types().float) {
                let method = format!("{}.__float__", class_of(obj).name());
                crate::str::new::deprecated_subclass(&method, "float", &result)?;
            }
            return Ok(f.value);
        }
        return Err(type_error(format!(
            "{}.__float__ returned non-float (type {})",
            class_of(obj).name(),
            class_of(&result).name()
        )));
    }
    if slots.index().is_some() {
        let index = index(obj)?;
        return match int_ref(&index) {
            Some(i) => i.to_f64(),
            None => Err(type_error("must be real number")),
        };
    }
    Err(type_error(format!("must be real number, not {}", class_of(obj).name())))
}

/// Whether the class of `obj` is exactly `int`.
pub fn is_exact_int(obj: &Obj) -> bool {
    obj.value().is_int() || class_of(obj).is(&types().int)
}
