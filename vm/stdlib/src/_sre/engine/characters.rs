//! Looks at single characters and runs of them.

use taipan_text::units::Unit;

use super::super::opcodes::At;
use super::classes::{is_unicode_word, is_word};
use super::program::{One, Program, Run};

/// Whether the tail of a run can begin here.
#[inline(always)]
pub(super) fn can_follow<U: Unit>(run: &Run, text: &[U], at: usize) -> bool {
    match &run.tail_first {
        None => true,
        Some(first) => text.get(at).is_some_and(|unit| first.has(unit.code())),
    }
}

#[inline(always)]
pub(super) fn takes(program: &Program, one: One, c: u32) -> bool {
    match one {
        One::Literal(wanted) => c == wanted,
        One::NotLiteral(other) => c != other,
        One::AnyButNewline => c != 10,
        One::Any => true,
        One::Set(set) => program.sets[set as usize].has(c),
    }
}

/// How many characters from `at` on the item takes, `most` at most.
#[inline]
pub(super) fn count<U: Unit>(program: &Program, item: One, text: &[U], at: usize, most: usize) -> usize {
    let rest = &text[at..];
    let rest = &rest[..rest.len().min(most)];
    let until = |code: u32| match U::from_code(code) {
        Some(unit) => U::find_unit(rest, unit).unwrap_or(rest.len()),
        None => rest.len(),
    };
    match item {
        One::Any => rest.len(),
        One::AnyButNewline => until(10),
        One::NotLiteral(code) => until(code),
        One::Literal(code) => rest.iter().take_while(|unit| unit.code() == code).count(),
        One::Set(set) => {
            let set = &program.sets[set as usize];
            rest.iter().position(|unit| !set.has(unit.code())).unwrap_or(rest.len())
        }
    }
}

pub(super) fn find_prefix<U: Unit>(
    text: &[U],
    prefix: &[u32],
    finder: Option<&memchr::memmem::Finder<'static>>,
) -> Option<usize> {
    let unit = U::from_code(*prefix.first()?)?;
    if prefix.len() > 1
        && let taipan_text::Units::Latin1(bytes) = U::wrap(text)
    {
        return finder?.find(bytes);
    }
    U::find_unit(text, unit)
}

/// Whether the position is of this kind. The text ends where the match has to.
pub(super) fn is_at<U: Unit>(position: At, text: &[U], at: usize) -> bool {
    let is_newline = |unit: Option<&U>| unit.is_some_and(|unit| unit.code() == 10);
    let before = at.checked_sub(1).and_then(|before| text.get(before));
    let here = text.get(at);
    let boundary = |word: fn(u32) -> bool| {
        before.is_some_and(|unit| word(unit.code())) != here.is_some_and(|unit| word(unit.code()))
    };
    match position {
        At::BEGINNING | At::BEGINNING_STRING => at == 0,
        At::BEGINNING_LINE => at == 0 || is_newline(before),
        At::END => at == text.len() || at + 1 == text.len() && is_newline(here),
        At::END_LINE => at == text.len() || is_newline(here),
        At::END_STRING => at == text.len(),
        At::BOUNDARY | At::LOC_BOUNDARY => boundary(is_word),
        At::NON_BOUNDARY | At::LOC_NON_BOUNDARY => !boundary(is_word),
        At::UNI_BOUNDARY => boundary(is_unicode_word),
        At::UNI_NON_BOUNDARY => !boundary(is_unicode_word),
    }
}
