//! Which characters a set, category or literal of compiled code takes.
//!
//! Locales are not asked: what depends on one is as in the C locale.

use taipan_text::unicode_data::{is_alnum, is_decimal, is_line_break, is_space, simple_lower, simple_upper};

use super::super::opcodes::{Category, Op};

pub fn is_word(c: u32) -> bool {
    u8::try_from(c).is_ok_and(|c| c == b'_' || c.is_ascii_alphanumeric())
}

pub fn is_unicode_word(c: u32) -> bool {
    if c < 0x80 { is_word(c) } else { is_alnum(c) }
}

fn is_ascii_digit(c: u32) -> bool {
    (0x30..=0x39).contains(&c)
}

fn is_ascii_space(c: u32) -> bool {
    matches!(c, 9..=13 | 32)
}

pub fn lower_ascii(c: u32) -> u32 {
    u8::try_from(c).map_or(c, |c| c.to_ascii_lowercase().into())
}

fn upper_ascii(c: u32) -> u32 {
    u8::try_from(c).map_or(c, |c| c.to_ascii_uppercase().into())
}

pub fn in_category(category: Category, c: u32) -> bool {
    match category {
        Category::DIGIT => is_ascii_digit(c),
        Category::NOT_DIGIT => !is_ascii_digit(c),
        Category::SPACE => is_ascii_space(c),
        Category::NOT_SPACE => !is_ascii_space(c),
        Category::WORD | Category::LOC_WORD => is_word(c),
        Category::NOT_WORD | Category::LOC_NOT_WORD => !is_word(c),
        Category::LINEBREAK => c == 10,
        Category::NOT_LINEBREAK => c != 10,
        Category::UNI_DIGIT => is_decimal(c),
        Category::UNI_NOT_DIGIT => !is_decimal(c),
        Category::UNI_SPACE => is_space(c),
        Category::UNI_NOT_SPACE => !is_space(c),
        Category::UNI_WORD => is_unicode_word(c),
        Category::UNI_NOT_WORD => !is_unicode_word(c),
        Category::UNI_LINEBREAK => is_line_break(c),
        Category::UNI_NOT_LINEBREAK => !is_line_break(c),
    }
}

/// Whether the set in `code` has the character. What is no set has none.
fn in_set(code: &[u32], c: u32) -> bool {
    look_up(code, c).unwrap_or(false)
}

fn look_up(code: &[u32], c: u32) -> Option<bool> {
    let mut positive = true;
    let mut at = 0;
    loop {
        let word = |i: usize| code.get(at + i).copied();
        let (found, size) = match Op::from_word(word(0)?)? {
            Op::FAILURE => return Some(!positive),
            Op::NEGATE => {
                positive = !positive;
                (false, 1)
            }
            Op::CATEGORY => (in_category(Category::from_word(word(1)?)?, c), 2),
            Op::LITERAL => (c == word(1)?, 2),
            Op::RANGE => ((word(1)?..=word(2)?).contains(&c), 3),
            Op::RANGE_UNI_IGNORE => {
                let range = word(1)?..=word(2)?;
                (range.contains(&c) || range.contains(&simple_upper(c)), 3)
            }
            Op::CHARSET => (c < 256 && word(1 + c as usize / 32)? >> (c % 32) & 1 != 0, 9),
            Op::BIGCHARSET => {
                let blocks = word(1)? as usize;
                let found = c < 0x10000 && {
                    let block = (c >> 8) as usize;
                    let index = word(2 + block / 4)?.to_ne_bytes()[block % 4] as usize;
                    word(66 + index * 8 + (c as usize & 255) / 32)? >> (c % 32) & 1 != 0
                };
                (found, 66 + blocks * 8)
            }
            _ => return None,
        };
        if found {
            return Some(positive);
        }
        at += size;
    }
}

/// A test of one character that is more than a comparison.
#[derive(Clone, Debug)]
pub enum Test {
    Category(Category),
    Set(Box<[u32]>),
    SetIgnore(Box<[u32]>),
    SetUnicodeIgnore(Box<[u32]>),
    SetLocaleIgnore(Box<[u32]>),
    LiteralIgnore(u32),
    LiteralUnicodeIgnore(u32),
    LiteralLocaleIgnore(u32),
    Not(Box<Test>),
}

impl Test {
    pub fn takes(&self, c: u32) -> bool {
        match self {
            Test::Category(category) => in_category(*category, c),
            Test::Set(code) => in_set(code, c),
            Test::SetIgnore(code) => in_set(code, lower_ascii(c)),
            Test::SetUnicodeIgnore(code) => in_set(code, simple_lower(c)),
            Test::SetLocaleIgnore(code) => {
                let (negated, code) = match &**code {
                    [first, rest @ ..] if *first == Op::NEGATE as u32 => (true, rest),
                    code => (false, code),
                };
                (in_set(code, lower_ascii(c)) || in_set(code, upper_ascii(c))) != negated
            }
            Test::LiteralIgnore(wanted) => lower_ascii(c) == *wanted,
            Test::LiteralUnicodeIgnore(wanted) => simple_lower(c) == *wanted,
            Test::LiteralLocaleIgnore(wanted) => {
                c == *wanted || lower_ascii(c) == *wanted || upper_ascii(c) == *wanted
            }
            Test::Not(test) => !test.takes(c),
        }
    }
    /// Whether no character above U+00FF is taken, as far as that is seen at once.
    pub fn is_narrow(&self) -> bool {
        let Test::Set(code) = self else { return false };
        let mut at = 0;
        loop {
            let word = |i: usize| code.get(at + i).copied().unwrap_or(u32::MAX);
            at += match Op::from_word(word(0)) {
                Some(Op::FAILURE) => return true,
                Some(Op::CHARSET) => 9,
                Some(Op::LITERAL) if word(1) < 256 => 2,
                Some(Op::RANGE) if word(2) < 256 => 3,
                Some(Op::CATEGORY) if matches!(word(1), 0 | 2 | 4) => 2,
                _ => return false,
            };
        }
    }
}
