//! Constant folding: the value of an expression made of literals, within the size limits that CPython sets.
//! Whatever would raise is left to run time.

use num_bigint::BigInt;
use num_traits::{One, Signed, ToPrimitive, Zero};
use ruff_python_ast::{Expr, ExprContext, Number, Operator, UnaryOp};
use taipan_bytecode::Const;

use crate::lower::text::string_constant;
use crate::source::Source;

const MAX_INT_BITS: u64 = 128;
const MAX_COLLECTION: usize = 256;
const MAX_TEXT: usize = 4096;

/// What a set of constants in a tree is called that stands for a frozenset.
pub const FROZEN_SET: &str = "frozenset";

/// The value of a constant expression. `debug` is the value of `__debug__`.
pub(crate) fn fold(source: &Source<'_>, debug: bool, e: &Expr) -> Option<Const> {
    match e {
        Expr::NoneLiteral(_) => Some(Const::None),
        Expr::BooleanLiteral(b) => Some(if b.value { Const::True } else { Const::False }),
        Expr::EllipsisLiteral(_) => Some(Const::Ellipsis),
        Expr::NumberLiteral(n) => Some(match &n.value {
            Number::Int(i) => match i.as_i64() {
                Some(i) => Const::Int(i),
                None => from_big(parse_big(&i.to_string())?),
            },
            Number::Float(f) => Const::Float(*f),
            Number::Complex { real, imag } => Const::Complex(*real, *imag),
        }),
        Expr::StringLiteral(s) => Some(string_constant(source, s)),
        Expr::BytesLiteral(b) => Some(Const::Bytes(b.value.bytes().collect())),
        Expr::Name(n) if n.id.as_str() == "__debug__" && n.ctx == ExprContext::Load => {
            Some(if debug { Const::True } else { Const::False })
        }
        Expr::Tuple(t) if t.ctx == ExprContext::Load => fold_all(source, debug, &t.elts).map(Const::Tuple),
        // No text means a frozenset, but a tree may hold one.
        Expr::Set(s) if source.named(&s.node_index) == Some(FROZEN_SET) => {
            s.elts.iter().map(|e| fold(source, debug, e)).collect::<Option<_>>().map(Const::FrozenSet)
        }
        Expr::UnaryOp(u) => unary(u.op, fold(source, debug, &u.operand)?),
        Expr::BinOp(b) => {
            let right = fold(source, debug, &b.right)?;
            let left = fold(source, debug, &b.left)?;
            binary(b.op, left, right)
        }
        _ => None,
    }
}

/// The values of a list of constant expressions.
pub(crate) fn fold_all(source: &Source<'_>, debug: bool, elts: &[Expr]) -> Option<Vec<Const>> {
    // The last one first: a long list with a variable part is most often told by its end.
    if let Some(last) = elts.last()
        && elts.len() > 1
        && matches!(last, Expr::Call(_) | Expr::Name(_) | Expr::Attribute(_) | Expr::Starred(_))
    {
        return None;
    }
    elts.iter().map(|e| fold(source, debug, e)).collect()
}

/// Truth of a constant.
pub(crate) fn truth(value: &Const) -> bool {
    match value {
        Const::None | Const::False => false,
        Const::True
        | Const::Ellipsis
        | Const::Code(_)
        | Const::Written(_)
        | Const::BigInt(_)
        | Const::Slice(_) => true,
        Const::Int(i) => *i != 0,
        Const::Float(f) => *f != 0.0,
        Const::Complex(re, im) => *re != 0.0 || *im != 0.0,
        Const::Str(s) => !s.is_empty(),
        Const::SurrogateStr(b) | Const::Bytes(b) => !b.is_empty(),
        Const::Tuple(v) | Const::FrozenSet(v) => !v.is_empty(),
    }
}

fn parse_big(text: &str) -> Option<BigInt> {
    let digits: String = text.chars().filter(|c| *c != '_').collect();
    let (radix, digits) = match digits.get(..2) {
        Some("0x" | "0X") => (16, &digits[2..]),
        Some("0o" | "0O") => (8, &digits[2..]),
        Some("0b" | "0B") => (2, &digits[2..]),
        _ => (10, digits.as_str()),
    };
    BigInt::parse_bytes(digits.as_bytes(), radix)
}

fn from_big(value: BigInt) -> Const {
    match value.to_i64() {
        Some(i) => Const::Int(i),
        None => Const::BigInt(format!("{value:x}")),
    }
}

fn to_big(value: &Const) -> Option<BigInt> {
    match value {
        Const::Int(i) => Some(BigInt::from(*i)),
        Const::BigInt(digits) => BigInt::parse_bytes(digits.as_bytes(), 16),
        Const::True => Some(BigInt::one()),
        Const::False => Some(BigInt::zero()),
        _ => None,
    }
}

fn unary(op: UnaryOp, value: Const) -> Option<Const> {
    match (op, value) {
        (UnaryOp::Not, value) => Some(if truth(&value) { Const::False } else { Const::True }),
        (UnaryOp::USub, Const::Float(f)) => Some(Const::Float(-f)),
        (UnaryOp::USub, Const::Complex(re, im)) => Some(Const::Complex(-re, -im)),
        (UnaryOp::UAdd, value @ (Const::Float(_) | Const::Complex(..))) => Some(value),
        (UnaryOp::Invert, Const::True | Const::False) => None,
        (UnaryOp::USub, value) => Some(from_big(-to_big(&value)?)),
        (UnaryOp::UAdd, value) => Some(from_big(to_big(&value)?)),
        (UnaryOp::Invert, value) => Some(from_big(-to_big(&value)? - 1)),
    }
}

fn binary(op: Operator, left: Const, right: Const) -> Option<Const> {
    if let (Some(l), Some(r)) = (to_big(&left), to_big(&right)) {
        if let (Const::True | Const::False, Const::True | Const::False) = (&left, &right)
            && matches!(op, Operator::BitAnd | Operator::BitOr | Operator::BitXor)
        {
            return None;
        }
        return integers(op, l, r);
    }
    match (&left, &right) {
        (Const::Complex(..), _) | (_, Const::Complex(..)) => complexes(op, &left, &right),
        (Const::Float(_), _) | (_, Const::Float(_)) => floats(op, to_float(&left)?, to_float(&right)?),
        (Const::Str(a), Const::Str(b)) if op == Operator::Add && a.len() + b.len() <= MAX_TEXT => {
            Some(Const::Str(format!("{a}{b}")))
        }
        (Const::Bytes(a), Const::Bytes(b)) if op == Operator::Add && a.len() + b.len() <= MAX_TEXT => {
            Some(Const::Bytes([a.as_slice(), b].concat()))
        }
        (Const::Tuple(a), Const::Tuple(b)) if op == Operator::Add && a.len() + b.len() <= MAX_COLLECTION => {
            Some(Const::Tuple(a.iter().chain(b).cloned().collect()))
        }
        (text, Const::Int(n)) | (Const::Int(n), text) if op == Operator::Mult => repeat(text, *n),
        _ => None,
    }
}

fn repeat(value: &Const, n: i64) -> Option<Const> {
    let n = usize::try_from(n).ok()?;
    let fits = |len: usize, max: usize| len.checked_mul(n).is_some_and(|total| total <= max);
    match value {
        Const::Str(s) if fits(s.len(), MAX_TEXT) => Some(Const::Str(s.repeat(n))),
        Const::Bytes(b) if fits(b.len(), MAX_TEXT) => Some(Const::Bytes(b.repeat(n))),
        Const::Tuple(t) if fits(t.len(), MAX_COLLECTION) => {
            Some(Const::Tuple(std::iter::repeat_n(t, n).flatten().cloned().collect()))
        }
        _ => None,
    }
}

fn integers(op: Operator, l: BigInt, r: BigInt) -> Option<Const> {
    let value = match op {
        Operator::Add => l + r,
        Operator::Sub => l - r,
        Operator::Mult if l.bits() + r.bits() <= MAX_INT_BITS => l * r,
        Operator::FloorDiv if !r.is_zero() => num_floor_div(&l, &r),
        Operator::Mod if !r.is_zero() => {
            let quotient = num_floor_div(&l, &r);
            l - quotient * r
        }
        Operator::Div if !r.is_zero() => {
            // Exact in float arithmetic only if both are exactly floats.
            let exact = |v: &BigInt| (v.bits() <= 53).then(|| v.to_f64()).flatten();
            return Some(Const::Float(exact(&l)? / exact(&r)?));
        }
        Operator::Pow if !r.is_negative() => {
            let exponent = r.to_u32()?;
            if l.bits() * u64::from(exponent) > MAX_INT_BITS {
                return None;
            }
            l.pow(exponent)
        }
        Operator::LShift if !r.is_negative() => {
            let shift = r.to_u64()?;
            if l.bits() + shift > MAX_INT_BITS {
                return None;
            }
            l << shift
        }
        Operator::RShift if !r.is_negative() => l >> r.to_u64()?,
        Operator::BitAnd => l & r,
        Operator::BitOr => l | r,
        Operator::BitXor => l ^ r,
        _ => return None,
    };
    Some(from_big(value))
}

fn num_floor_div(l: &BigInt, r: &BigInt) -> BigInt {
    let quotient = l / r;
    let exact = (&quotient * r) == *l;
    if !exact && l.is_negative() != r.is_negative() { quotient - 1 } else { quotient }
}

fn to_float(value: &Const) -> Option<f64> {
    match value {
        Const::Float(f) => Some(*f),
        Const::Int(i) if i.unsigned_abs() <= 1 << 53 => Some(*i as f64),
        Const::True => Some(1.0),
        Const::False => Some(0.0),
        _ => None,
    }
}

fn floats(op: Operator, l: f64, r: f64) -> Option<Const> {
    let value = match op {
        Operator::Add => l + r,
        Operator::Sub => l - r,
        Operator::Mult => l * r,
        Operator::Div if r != 0.0 => l / r,
        _ => return None,
    };
    Some(Const::Float(value))
}

fn complexes(op: Operator, left: &Const, right: &Const) -> Option<Const> {
    // A real operand has no imaginary part, not even zero. Products and quotients of two complex numbers are left to who knows of infinities.
    let (re, im) = match (op, left, right) {
        (Operator::Add, Const::Complex(a, b), Const::Complex(c, d)) => (a + c, b + d),
        (Operator::Sub, Const::Complex(a, b), Const::Complex(c, d)) => (a - c, b - d),
        (Operator::Add, Const::Complex(a, b), real) | (Operator::Add, real, Const::Complex(a, b)) => {
            (to_float(real)? + a, *b)
        }
        (Operator::Sub, Const::Complex(a, b), real) => (a - to_float(real)?, *b),
        (Operator::Sub, real, Const::Complex(c, d)) => (to_float(real)? - c, -d),
        (Operator::Mult, Const::Complex(..), Const::Complex(..)) => return None,
        (Operator::Mult, Const::Complex(a, b), real) | (Operator::Mult, real, Const::Complex(a, b)) => {
            let real = to_float(real)?;
            (a * real, b * real)
        }
        _ => return None,
    };
    Some(Const::Complex(re, im))
}

/// A key that is equal for constants that may share an index: equal type, value and sign of zero.
/// Code objects are never shared.
pub(crate) fn constant_key(value: &Const) -> Option<Vec<u8>> {
    let mut key = Vec::new();
    write_key(value, &mut key).then_some(key)
}

/// A text that is the same for constants that are equal, as far as dict keys in patterns go.
pub(crate) fn equality_key(value: &Const) -> Option<Vec<u8>> {
    let whole = |f: f64| (f.fract() == 0.0 && f.abs() < 9e15).then_some(Const::Int(f as i64));
    match value {
        Const::True => constant_key(&Const::Int(1)),
        Const::False => constant_key(&Const::Int(0)),
        Const::Float(f) => constant_key(&whole(*f).unwrap_or(Const::Float(*f))),
        Const::Complex(re, 0.0) => constant_key(&whole(*re).unwrap_or(Const::Float(*re))),
        other => constant_key(other),
    }
}

fn write_key(value: &Const, key: &mut Vec<u8>) -> bool {
    let text = |key: &mut Vec<u8>, tag: u8, bytes: &[u8]| {
        key.push(tag);
        key.extend((bytes.len() as u64).to_le_bytes());
        key.extend(bytes);
    };
    match value {
        Const::None => key.push(b'n'),
        Const::True => key.push(b't'),
        Const::False => key.push(b'f'),
        Const::Ellipsis => key.push(b'e'),
        Const::Int(i) => {
            key.push(b'i');
            key.extend(i.to_le_bytes());
        }
        Const::BigInt(digits) => text(key, b'I', digits.as_bytes()),
        Const::Float(f) => {
            key.push(b'd');
            key.extend(f.to_bits().to_le_bytes());
        }
        Const::Complex(re, im) => {
            key.push(b'c');
            key.extend(re.to_bits().to_le_bytes());
            key.extend(im.to_bits().to_le_bytes());
        }
        Const::Str(s) => text(key, b's', s.as_bytes()),
        Const::SurrogateStr(b) => text(key, b'S', b),
        Const::Bytes(b) => text(key, b'b', b),
        Const::Tuple(items) | Const::FrozenSet(items) => {
            key.push(if matches!(value, Const::Tuple(_)) { b'(' } else { b'{' });
            key.extend((items.len() as u64).to_le_bytes());
            return items.iter().all(|item| write_key(item, key));
        }
        Const::Slice(parts) => {
            key.push(b':');
            return parts.iter().all(|item| write_key(item, key));
        }
        Const::Code(_) | Const::Written(_) => return false,
    }
    true
}
