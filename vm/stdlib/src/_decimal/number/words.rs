//! Magnitudes: natural numbers as words of eighteen decimal digits, the least significant word first.
//!
//! The base is 10^18 and not 10^19 because eighteen digits are three limbs of six for the number-theoretic transform, and because
//! the sum of sixteen products of words fits in 128 bits beside a carry. A magnitude has no leading zero word; zero has no words.

use std::cmp::Ordering;

use smallvec::SmallVec;

/// Up to 72 digits lie in the number itself: a product of two numbers of the usual precision.
pub type Words = SmallVec<[u64; INLINE]>;
/// Words that lie in the number itself.
const INLINE: usize = 4;

pub const BASE: u64 = 1_000_000_000_000_000_000;
/// Digits in a word.
pub const DIGITS: usize = 18;

pub const POWERS: [u64; 20] = {
    let mut powers = [1; 20];
    let mut i = 1;
    while i < 20 {
        powers[i] = powers[i - 1] * 10;
        i += 1;
    }
    powers
};

/// Division by a fixed word through its reciprocal (Möller and Granlund, "Improved division by invariant integers").
#[derive(Clone, Copy)]
pub struct Divisor {
    /// The divisor with its highest bit set.
    shifted: u64,
    reciprocal: u64,
    shift: u32,
}

impl Divisor {
    pub const fn new(divisor: u64) -> Divisor {
        let shift = divisor.leading_zeros();
        let shifted = divisor << shift;
        let reciprocal = (u128::MAX / shifted as u128 - (1 << 64)) as u64;
        Divisor { shifted, reciprocal, shift }
    }
    /// Quotient and rest of `high * 2^64 + low`, whose quotient has to fit in a word.
    #[inline(always)]
    pub fn divide(self, value: u128) -> (u64, u64) {
        let value = value << self.shift;
        let (high, low) = ((value >> 64) as u64, value as u64);
        let estimate = (self.reciprocal as u128 * high as u128).wrapping_add(value);
        let mut quotient = ((estimate >> 64) as u64).wrapping_add(1);
        let mut rest = low.wrapping_sub(quotient.wrapping_mul(self.shifted));
        if rest > estimate as u64 {
            quotient = quotient.wrapping_sub(1);
            rest = rest.wrapping_add(self.shifted);
        }
        if rest >= self.shifted {
            quotient = quotient.wrapping_add(1);
            rest -= self.shifted;
        }
        (quotient, rest >> self.shift)
    }
}

/// Division by the base.
pub const BY_BASE: Divisor = Divisor::new(BASE);
/// Division by powers of ten.
pub const BY_POWER: [Divisor; 19] = {
    let mut divisors = [Divisor::new(1); 19];
    let mut i = 1;
    while i < 19 {
        divisors[i] = Divisor::new(POWERS[i]);
        i += 1;
    }
    divisors
};

/// What a number lost when its last digits were cut off.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Lost {
    Nothing,
    LessThanHalf,
    Half,
    MoreThanHalf,
}

/// How many digits a word has; 0 for 0.
#[inline]
pub fn word_digits(word: u64) -> usize {
    if word == 0 {
        return 0;
    }
    let estimate = ((64 - word.leading_zeros()) as usize * 1233) >> 12;
    estimate + (word >= POWERS[estimate]) as usize
}

/// How many digits a magnitude has; 0 for 0.
#[inline]
pub fn digits(a: &[u64]) -> usize {
    match a.last() {
        None => 0,
        Some(&top) => (a.len() - 1) * DIGITS + word_digits(top),
    }
}

#[inline]
pub fn trim(a: &mut Words) {
    while a.last() == Some(&0) {
        a.pop();
    }
}

/// A slice without its leading zeros.
pub fn trimmed(mut a: &[u64]) -> &[u64] {
    while let [rest @ .., 0] = a {
        a = rest;
    }
    a
}

#[inline]
pub fn from_word(mut word: u64) -> Words {
    if word < BASE {
        return SmallVec::from_buf_and_len([word, 0, 0, 0], (word != 0) as usize);
    }
    let mut result = Words::new();
    while word != 0 {
        result.push(word % BASE);
        word /= BASE;
    }
    result
}

#[inline]
pub fn from_u128(mut value: u128) -> Words {
    if value >> 64 < u128::from(BASE) {
        let (high, low) = BY_BASE.divide(value);
        if high < BASE {
            let len = if high != 0 { 2 } else { usize::from(low != 0) };
            return SmallVec::from_buf_and_len([low, high, 0, 0], len);
        }
    }
    let mut result = Words::new();
    while value != 0 {
        result.push((value % u128::from(BASE)) as u64);
        value /= u128::from(BASE);
    }
    result
}

/// The magnitude as a word, if it has up to eighteen digits.
#[inline]
pub fn to_word(a: &[u64]) -> Option<u64> {
    match a {
        [] => Some(0),
        [word] => Some(*word),
        _ => None,
    }
}

#[inline]
pub fn to_u128(a: &[u64]) -> Option<u128> {
    match a {
        [] => Some(0),
        [low] => Some(u128::from(*low)),
        [low, high] => Some(u128::from(*high) * u128::from(BASE) + u128::from(*low)),
        _ => None,
    }
}

pub fn is_odd(a: &[u64]) -> bool {
    a.first().is_some_and(|low| low & 1 == 1)
}

/// The last digit.
#[inline]
pub fn last_digit(a: &[u64]) -> u64 {
    a.first().map_or(0, |low| low % 10)
}

/// The digit of weight 10^index.
pub fn digit(a: &[u64], index: usize) -> u64 {
    a.get(index / DIGITS).map_or(0, |word| word / POWERS[index % DIGITS] % 10)
}

pub fn compare(a: &[u64], b: &[u64]) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.iter().rev().cmp(b.iter().rev()))
}

/// The sum of two words that are not zero.
#[inline(always)]
pub fn add_words(x: u64, y: u64) -> Words {
    let sum = x + y;
    if sum < BASE {
        SmallVec::from_buf_and_len([sum, 0, 0, 0], 1)
    } else {
        SmallVec::from_buf_and_len([sum - BASE, 1, 0, 0], 2)
    }
}

#[inline]
pub fn add(a: &[u64], b: &[u64]) -> Words {
    if let ([x], [y]) = (a, b) {
        return add_words(*x, *y);
    }
    let (long, short) = if a.len() >= b.len() { (a, b) } else { (b, a) };
    let mut result = Words::with_capacity(long.len() + 1);
    result.extend_from_slice(long);
    add_to(&mut result, short);
    result
}

/// `a += b`
pub fn add_to(a: &mut Words, b: &[u64]) {
    if a.len() < b.len() {
        a.resize(b.len(), 0);
    }
    if add_in_place(a, b) {
        a.push(1);
    }
}

/// Adds to a slice that is at least as long; whether there is a carry.
pub fn add_in_place(a: &mut [u64], b: &[u64]) -> bool {
    let mut carry = 0;
    let (low, high) = a.split_at_mut(b.len());
    for (x, y) in low.iter_mut().zip(b) {
        let sum = *x + y + carry;
        carry = (sum >= BASE) as u64;
        *x = sum - BASE * carry;
    }
    for x in high {
        if carry == 0 {
            return false;
        }
        let sum = *x + carry;
        carry = (sum == BASE) as u64;
        *x = if sum == BASE { 0 } else { sum };
    }
    carry != 0
}

/// `a -= b` for slices of the same number of words or more; whether it went below zero (then the base's complement is left).
pub fn subtract_in_place(a: &mut [u64], b: &[u64]) -> bool {
    let mut borrow = 0;
    let (low, high) = a.split_at_mut(b.len());
    for (x, y) in low.iter_mut().zip(b) {
        let difference = x.wrapping_sub(*y).wrapping_sub(borrow);
        borrow = difference >> 63;
        *x = difference.wrapping_add(BASE & borrow.wrapping_neg());
    }
    for x in high {
        if borrow == 0 {
            return false;
        }
        borrow = (*x == 0) as u64;
        *x = if *x == 0 { BASE - 1 } else { *x - 1 };
    }
    borrow != 0
}

/// `a - b`, for `a >= b`
pub fn subtract(a: &[u64], b: &[u64]) -> Words {
    let mut result = Words::from_slice(a);
    let negative = subtract_in_place(&mut result, b);
    debug_assert!(!negative, "the subtrahend is not greater");
    trim(&mut result);
    result
}

pub fn increment(a: &mut Words) {
    if add_in_place_or_push(a) {
        a.push(1);
    }
}

fn add_in_place_or_push(a: &mut Words) -> bool {
    for word in a.iter_mut() {
        *word += 1;
        if *word < BASE {
            return false;
        }
        *word = 0;
    }
    true
}

/// `a -= 1`, for `a > 0`
pub fn decrement(a: &mut Words) {
    subtract_in_place(a, &[1]);
    trim(a);
}

/// `a *= factor`
pub fn multiply_word(a: &mut Words, factor: u64) {
    let mut carry = 0;
    for word in a.iter_mut() {
        (carry, *word) = BY_BASE.divide(u128::from(*word) * u128::from(factor) + u128::from(carry));
    }
    while carry != 0 {
        a.push(carry % BASE);
        carry /= BASE;
    }
    trim(a);
}

/// `a /= divisor`; the rest. The divisor is less than the base.
pub fn divide_word(a: &mut Words, divisor: u64) -> u64 {
    let by = Divisor::new(divisor);
    let mut rest = 0;
    for word in a.iter_mut().rev() {
        (*word, rest) = by.divide(u128::from(rest) * u128::from(BASE) + u128::from(*word));
    }
    trim(a);
    rest
}

/// 10^n
pub fn power_of_ten(n: usize) -> Words {
    let mut result: Words = smallvec::smallvec![0; n / DIGITS];
    result.push(POWERS[n % DIGITS]);
    result
}

/// `a * 10^n`
pub fn shift_left(a: &[u64], n: usize) -> Words {
    if a.is_empty() {
        return Words::new();
    }
    if n == 0 {
        return Words::from_slice(a);
    }
    let (words, places) = (n / DIGITS, n % DIGITS);
    if words < INLINE && a.len() + words < INLINE {
        return shift_left_inline(a, words, places);
    }
    let mut result = Words::with_capacity(a.len() + words + 1);
    result.resize(words, 0);
    if places == 0 {
        result.extend_from_slice(a);
        return result;
    }
    let by = BY_POWER[DIGITS - places];
    let factor = POWERS[places];
    let mut carry = 0;
    for &word in a {
        let (high, low) = by.divide(word.into());
        result.push(low * factor + carry);
        carry = high;
    }
    if carry != 0 {
        result.push(carry);
    }
    result
}

/// [`shift_left`] of so few words that the result has no memory of its own.
#[inline(always)]
fn shift_left_inline(a: &[u64], words: usize, places: usize) -> Words {
    let mut result = [0; INLINE];
    if places == 0 {
        result[words..words + a.len()].copy_from_slice(a);
        return Words::from_buf_and_len(result, words + a.len());
    }
    let by = BY_POWER[DIGITS - places];
    let factor = POWERS[places];
    let mut carry = 0;
    for (to, &word) in result[words..].iter_mut().zip(a) {
        let (high, low) = by.divide(word.into());
        *to = low * factor + carry;
        carry = high;
    }
    let end = words + a.len();
    result[end] = carry;
    Words::from_buf_and_len(result, end + (carry != 0) as usize)
}

/// `a / 10^n` without fraction.
pub fn shift_right(a: &[u64], n: usize) -> Words {
    let (words, places) = (n / DIGITS, n % DIGITS);
    if words >= a.len() {
        return Words::new();
    }
    let a = &a[words..];
    if places == 0 {
        return Words::from_slice(a);
    }
    let by = BY_POWER[places];
    let factor = POWERS[DIGITS - places];
    if a.len() <= INLINE {
        let mut result = [0; INLINE];
        let mut above = 0;
        for (to, &word) in result.iter_mut().zip(a).rev() {
            let (high, low) = by.divide(word.into());
            *to = above * factor + high;
            above = low;
        }
        // What the highest word loses is in the next one.
        let len = a.len() - (result[a.len() - 1] == 0) as usize;
        return Words::from_buf_and_len(result, len);
    }
    let mut result: Words = smallvec::smallvec![0; a.len()];
    let mut above = 0;
    for (out, &word) in result.iter_mut().zip(a).rev() {
        let (high, low) = by.divide(word.into());
        *out = above * factor + high;
        above = low;
    }
    trim(&mut result);
    result
}

/// `a / 10^n` and what was lost.
pub fn cut(a: &[u64], n: usize) -> (Words, Lost) {
    (shift_right(a, n), lost(a, n))
}

/// What dividing by 10^n loses.
pub fn lost(a: &[u64], n: usize) -> Lost {
    if n == 0 || a.is_empty() {
        return Lost::Nothing;
    }
    let (words, places) = ((n - 1) / DIGITS, (n - 1) % DIGITS);
    if words >= a.len() {
        return Lost::LessThanHalf;
    }
    // The highest lost digit, and whether there is anything below it.
    let power = POWERS[places];
    let first = a[words] / power % 10;
    let rest = a[words] % power != 0 || a[..words].iter().any(|&word| word != 0);
    match (first, rest) {
        (0, false) => Lost::Nothing,
        (0..5, _) => Lost::LessThanHalf,
        (5, false) => Lost::Half,
        _ => Lost::MoreThanHalf,
    }
}

/// `a % 10^n`
pub fn low_digits(a: &[u64], n: usize) -> Words {
    let (words, places) = (n / DIGITS, n % DIGITS);
    if words >= a.len() {
        return Words::from_slice(a);
    }
    let mut result = Words::from_slice(&a[..words]);
    result.push(a[words] % POWERS[places]);
    trim(&mut result);
    result
}

/// How many zeros a magnitude ends in; 0 for 0.
pub fn trailing_zeros(a: &[u64]) -> usize {
    let Some(words) = a.iter().position(|&word| word != 0) else { return 0 };
    let mut word = a[words];
    let mut zeros = 0;
    for step in [16, 8, 4, 2, 1] {
        if word % POWERS[step] == 0 {
            word /= POWERS[step];
            zeros += step;
        }
    }
    words * DIGITS + zeros
}

/// The first eighteen digits, with zeros behind a shorter number.
pub fn leading(a: &[u64]) -> u64 {
    let Some((&top, rest)) = a.split_last() else { return 0 };
    let missing = DIGITS - word_digits(top);
    match rest.last() {
        Some(&next) if missing > 0 => top * POWERS[missing] + next / POWERS[DIGITS - missing],
        _ => top * POWERS[missing],
    }
}

/// Reads ASCII digits.
pub fn parse(text: &[u8]) -> Words {
    let mut result = Words::with_capacity(text.len() / DIGITS + 1);
    for chunk in text.rchunks(DIGITS) {
        result.push(chunk.iter().fold(0, |word, &digit| word * 10 + u64::from(digit - b'0')));
    }
    trim(&mut result);
    result
}

/// Appends the digits; "0" for 0.
pub fn write(a: &[u64], out: &mut Vec<u8>) {
    let Some((&top, rest)) = a.split_last() else {
        out.push(b'0');
        return;
    };
    let mut buffer = [0; DIGITS];
    fill(&mut buffer, top);
    out.extend_from_slice(&buffer[DIGITS - word_digits(top)..]);
    for &word in rest.iter().rev() {
        fill(&mut buffer, word);
        out.extend_from_slice(&buffer);
    }
}

/// The decimal digits of 0 to 99.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut i = 0;
    while i < 100 {
        pairs[i] = [b'0' + (i / 10) as u8, b'0' + (i % 10) as u8];
        i += 1;
    }
    pairs
};

/// All digits of a word.
fn fill(buffer: &mut [u8; DIGITS], word: u64) {
    let mut put = |at: usize, pair: u32| buffer[at..at + 2].copy_from_slice(&PAIRS[pair as usize % 100]);
    // Three times six digits: words of 32 bits are divided by less.
    for (i, six) in
        [word / 1_000_000_000_000, word / 1_000_000 % 1_000_000, word % 1_000_000].into_iter().enumerate()
    {
        let six = six as u32;
        put(6 * i, six / 10_000);
        put(6 * i + 2, six / 100);
        put(6 * i + 4, six);
    }
}
