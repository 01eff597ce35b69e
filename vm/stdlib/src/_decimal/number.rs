//! Decimal numbers and the arithmetic of the General Decimal Arithmetic Specification, without Python objects.
//!
//! A [`Number`] is immutable once made. Operations take [`Settings`] and add to a set of conditions ([`signal`]); they never raise.
//! The last step of an operation is [`Number::finish`], which rounds to the precision and brings the exponent into its range.
//! `elementary.rs` has exp, ln, log10 and power, `arithmetic.rs` the rest with rounding, `order.rs` comparison.

pub mod arithmetic;
pub mod convert;
pub mod digitwise;
pub mod divide;
pub mod elementary;
pub mod fixed;
pub mod multiply;
pub mod neighbor;
pub mod order;
pub mod power;
pub mod quantize;
pub mod quotient;
pub mod short;
pub mod text;
pub mod words;

use words::{Lost, Words};

/// Conditions, as bits.
pub mod signal {
    pub const CLAMPED: u32 = 1;
    pub const CONVERSION_SYNTAX: u32 = 2;
    pub const DIVISION_BY_ZERO: u32 = 4;
    pub const DIVISION_IMPOSSIBLE: u32 = 8;
    pub const DIVISION_UNDEFINED: u32 = 0x10;
    pub const INEXACT: u32 = 0x40;
    pub const INVALID_CONTEXT: u32 = 0x80;
    pub const INVALID_OPERATION: u32 = 0x100;
    pub const MALLOC_ERROR: u32 = 0x200;
    pub const OVERFLOW: u32 = 0x800;
    pub const ROUNDED: u32 = 0x1000;
    pub const SUBNORMAL: u32 = 0x2000;
    pub const UNDERFLOW: u32 = 0x4000;
    pub const FLOAT_OPERATION: u32 = 0x8000;
    /// What the signal `InvalidOperation` stands for.
    pub const INVALID: u32 = CONVERSION_SYNTAX
        | DIVISION_IMPOSSIBLE
        | DIVISION_UNDEFINED
        | INVALID_CONTEXT
        | INVALID_OPERATION
        | MALLOC_ERROR;
}

pub const MAX_PREC: i64 = 999_999_999_999_999_999;
pub const MAX_EMAX: i64 = 999_999_999_999_999_999;
pub const MIN_EMIN: i64 = -999_999_999_999_999_999;
pub const MIN_ETINY: i64 = MIN_EMIN - (MAX_PREC - 1);
/// Numbers of more digits than this are refused: about a gigabyte.
const MOST_DIGITS: i64 = 2_000_000_000;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Rounding {
    Up,
    Down,
    Ceiling,
    Floor,
    HalfUp,
    HalfDown,
    HalfEven,
    ZeroFiveUp,
}

impl Rounding {
    pub const ALL: [Rounding; 8] = [
        Rounding::Up,
        Rounding::Down,
        Rounding::Ceiling,
        Rounding::Floor,
        Rounding::HalfUp,
        Rounding::HalfDown,
        Rounding::HalfEven,
        Rounding::ZeroFiveUp,
    ];
    /// Whether a coefficient that lost digits goes one up.
    #[inline]
    pub fn goes_up(self, negative: bool, coefficient: &[u64], lost: Lost) -> bool {
        if lost == Lost::Nothing {
            return false;
        }
        match self {
            Rounding::Up => true,
            Rounding::Down => false,
            Rounding::Ceiling => !negative,
            Rounding::Floor => negative,
            Rounding::HalfUp => lost >= Lost::Half,
            Rounding::HalfDown => lost > Lost::Half,
            Rounding::HalfEven => lost > Lost::Half || lost == Lost::Half && words::is_odd(coefficient),
            Rounding::ZeroFiveUp => matches!(words::last_digit(coefficient), 0 | 5),
        }
    }
}

/// What of a context the arithmetic needs.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    pub prec: i64,
    pub emin: i64,
    pub emax: i64,
    pub rounding: Rounding,
    pub clamp: bool,
}

impl Settings {
    /// With the greatest precision and exponents: results are exact.
    pub const MAX: Settings = Settings {
        prec: MAX_PREC,
        emin: MIN_EMIN,
        emax: MAX_EMAX,
        rounding: Rounding::HalfEven,
        clamp: false,
    };
    pub fn etiny(&self) -> i64 {
        self.emin - (self.prec - 1)
    }
    pub fn etop(&self) -> i64 {
        self.emax - (self.prec - 1)
    }
    pub fn rounding(self, rounding: Rounding) -> Settings {
        Settings { rounding, ..self }
    }
    pub fn prec(self, prec: i64) -> Settings {
        Settings { prec, ..self }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Kind {
    Finite,
    Infinite,
    Quiet,
    Signaling,
}

/// A decimal number: `(-1)^negative * coefficient * 10^exponent`, or an infinity, or a NaN with the coefficient for its payload.
#[derive(Clone, Debug)]
pub struct Number {
    pub negative: bool,
    pub kind: Kind,
    pub exponent: i64,
    pub coefficient: Words,
}

impl Number {
    #[inline]
    pub fn finite(negative: bool, coefficient: Words, exponent: i64) -> Number {
        Number { negative, kind: Kind::Finite, exponent, coefficient }
    }
    #[inline]
    pub fn word(negative: bool, word: u64, exponent: i64) -> Number {
        Number::finite(negative, words::from_word(word), exponent)
    }
    pub fn zero(negative: bool, exponent: i64) -> Number {
        Number::finite(negative, Words::new(), exponent)
    }
    pub fn infinity(negative: bool) -> Number {
        Number { negative, kind: Kind::Infinite, exponent: 0, coefficient: Words::new() }
    }
    pub fn nan() -> Number {
        Number { negative: false, kind: Kind::Quiet, exponent: 0, coefficient: Words::new() }
    }
    /// The result of an operation that has none.
    #[cold]
    pub fn invalid(status: &mut u32, condition: u32) -> Number {
        *status |= condition;
        Number::nan()
    }
    pub fn of_i64(value: i64) -> Number {
        Number::finite(value < 0, words::from_word(value.unsigned_abs()), 0)
    }
    #[inline]
    pub fn is_finite(&self) -> bool {
        self.kind == Kind::Finite
    }
    #[inline]
    pub fn is_infinite(&self) -> bool {
        self.kind == Kind::Infinite
    }
    #[inline]
    pub fn is_nan(&self) -> bool {
        matches!(self.kind, Kind::Quiet | Kind::Signaling)
    }
    pub fn is_signaling(&self) -> bool {
        self.kind == Kind::Signaling
    }
    /// Finite and zero.
    #[inline]
    pub fn is_zero(&self) -> bool {
        self.is_finite() && self.coefficient.is_empty()
    }
    /// Digits of the coefficient; zero has one.
    #[inline]
    pub fn digits(&self) -> i64 {
        (words::digits(&self.coefficient) as i64).max(1)
    }
    /// The exponent of the first digit.
    #[inline]
    pub fn adjusted(&self) -> i64 {
        self.exponent + self.digits() - 1
    }
    pub fn is_normal(&self, cx: &Settings) -> bool {
        self.is_finite() && !self.coefficient.is_empty() && self.adjusted() >= cx.emin
    }
    pub fn is_subnormal(&self, cx: &Settings) -> bool {
        self.is_finite() && !self.coefficient.is_empty() && self.adjusted() < cx.emin
    }
    /// Whether it is finite and has no fraction.
    pub fn is_integer(&self) -> bool {
        self.is_finite()
            && (self.exponent >= 0
                || self.coefficient.is_empty()
                || words::trailing_zeros(&self.coefficient) as i64 >= -self.exponent)
    }
    /// For integers: whether odd.
    pub fn is_odd(&self) -> bool {
        self.exponent <= 0 && words::digit(&self.coefficient, self.exponent.unsigned_abs() as usize) & 1 == 1
    }
    pub fn absolute(&self) -> Number {
        Number { negative: false, ..self.clone() }
    }
    pub fn negated(&self) -> Number {
        Number { negative: !self.negative, ..self.clone() }
    }
    pub fn with_sign_of(&self, other: &Number) -> Number {
        Number { negative: other.negative, ..self.clone() }
    }

    /// Rounds to the precision and brings the exponent into its range.
    #[inline]
    pub fn finish(mut self, cx: &Settings, status: &mut u32) -> Number {
        let digits = self.digits();
        let adjusted = self.exponent + digits - 1;
        if self.is_finite()
            && digits <= cx.prec
            && adjusted <= cx.emax
            && adjusted >= cx.emin
            && !(cx.clamp && self.exponent > cx.etop())
        {
            return self;
        }
        self.finish_slow(cx, status);
        self
    }

    #[cold]
    fn finish_slow(&mut self, cx: &Settings, status: &mut u32) {
        match self.kind {
            Kind::Finite => {}
            Kind::Infinite => return,
            Kind::Quiet | Kind::Signaling => return self.fix_payload(cx),
        }
        let digits = self.digits();
        let adjusted = self.exponent + digits - 1;
        // Usually only the digits are too many.
        let exponent_fits = !cx.clamp && (cx.emin..cx.emax).contains(&adjusted);
        if !exponent_fits {
            self.fix_exponent(cx, status);
            if !self.is_finite() {
                return;
            }
        }
        let digits = self.digits();
        if digits > cx.prec {
            let cut = digits - cx.prec;
            let lost = self.cut_off(cut, cx.rounding);
            if self.digits() > cx.prec {
                self.coefficient = words::shift_right(&self.coefficient, 1);
                self.exponent += 1;
            }
            *status |= signal::ROUNDED;
            if lost != Lost::Nothing {
                *status |= signal::INEXACT;
            }
            if !exponent_fits {
                self.fix_exponent(cx, status);
            }
        }
    }

    /// Cuts digits off, adds to the exponent, and rounds.
    fn cut_off(&mut self, count: i64, rounding: Rounding) -> Lost {
        let (mut kept, lost) = words::cut(&self.coefficient, count as usize);
        self.exponent += count;
        if rounding.goes_up(self.negative, &kept, lost) {
            words::increment(&mut kept);
        }
        self.coefficient = kept;
        lost
    }

    /// A NaN's payload keeps the last digits that have room.
    pub fn fix_payload(&mut self, cx: &Settings) {
        let room = cx.prec - cx.clamp as i64;
        if words::digits(&self.coefficient) as i64 > room {
            self.coefficient = words::low_digits(&self.coefficient, room as usize);
        }
    }

    fn fix_exponent(&mut self, cx: &Settings, status: &mut u32) {
        let adjusted = self.adjusted();
        let zero = self.coefficient.is_empty();
        if adjusted > cx.emax {
            if zero {
                self.exponent = if cx.clamp { cx.etop() } else { cx.emax };
                *status |= signal::CLAMPED;
            } else {
                self.overflow(cx, status);
            }
        } else if cx.clamp && self.exponent > cx.etop() {
            *status |= signal::CLAMPED;
            if !zero && adjusted < cx.emin {
                *status |= signal::SUBNORMAL;
            }
            let shift = self.exponent - cx.etop();
            if !zero && shift > MOST_DIGITS {
                *self = Number::invalid(status, signal::MALLOC_ERROR);
                return;
            }
            self.coefficient = words::shift_left(&self.coefficient, if zero { 0 } else { shift as usize });
            self.exponent = cx.etop();
        } else if adjusted < cx.emin {
            let etiny = cx.etiny();
            if zero {
                if self.exponent < etiny {
                    self.exponent = etiny;
                    *status |= signal::CLAMPED;
                }
                return;
            }
            *status |= signal::SUBNORMAL;
            if self.exponent < etiny {
                let lost = self.cut_off(etiny - self.exponent, cx.rounding);
                *status |= signal::ROUNDED;
                if lost != Lost::Nothing {
                    *status |= signal::INEXACT | signal::UNDERFLOW;
                    if self.coefficient.is_empty() {
                        *status |= signal::CLAMPED;
                    }
                }
            }
        }
    }

    fn overflow(&mut self, cx: &Settings, status: &mut u32) {
        let to_greatest = match cx.rounding {
            Rounding::Down | Rounding::ZeroFiveUp => true,
            Rounding::Ceiling => self.negative,
            Rounding::Floor => !self.negative,
            _ => false,
        };
        *self = match to_greatest {
            true => Number::greatest(self.negative, cx, status),
            false => Number::infinity(self.negative),
        };
        *status |= signal::OVERFLOW | signal::INEXACT | signal::ROUNDED;
    }

    /// The finite number of greatest magnitude.
    pub fn greatest(negative: bool, cx: &Settings, status: &mut u32) -> Number {
        if cx.prec > MOST_DIGITS {
            return Number::invalid(status, signal::MALLOC_ERROR);
        }
        let mut nines = words::power_of_ten(cx.prec as usize);
        words::decrement(&mut nines);
        Number::finite(negative, nines, cx.etop())
    }

    /// The coefficient with so many zeros more, or nothing if that is too long.
    pub fn shifted(&self, shift: i64, status: &mut u32) -> Option<Words> {
        shifted(&self.coefficient, shift, status)
    }

    /// The result of an operation with a NaN among the operands.
    pub fn nan_of(a: &Number, b: Option<&Number>, cx: &Settings, status: &mut u32) -> Option<Number> {
        if !a.is_nan() && !b.is_some_and(Number::is_nan) {
            return None;
        }
        let operands = [Some(a), b];
        let mut given = operands.into_iter().flatten();
        let signaling = given.clone().find(|n| n.is_signaling());
        if signaling.is_some() {
            *status |= signal::INVALID_OPERATION;
        }
        let mut result = signaling.or_else(|| given.find(|n| n.is_nan()))?.clone();
        result.kind = Kind::Quiet;
        result.fix_payload(cx);
        Some(result)
    }
}

/// `a * 10^shift`, or nothing if that is too long.
pub fn shifted(a: &[u64], shift: i64, status: &mut u32) -> Option<Words> {
    if a.is_empty() {
        return Some(Words::new());
    }
    if shift.saturating_add(words::digits(a) as i64) > MOST_DIGITS {
        *status |= signal::MALLOC_ERROR;
        return None;
    }
    Some(words::shift_left(a, shift as usize))
}
