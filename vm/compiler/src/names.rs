//! Names of characters that the parser does not know: those of Tangut ideographs.
//!
//! `\N{TANGUT IDEOGRAPH-17000}` becomes the character itself, and what is left of the room becomes the end of the literal, spaces,
//! and the beginning of another one, which the parser joins with it. So nothing else in the source changes its place.

use ruff_python_ast::token::{TokenKind, Tokens};
use ruff_python_ast::{PythonVersion, StringFlags};
use ruff_python_parser::{Mode, ParseOptions};
use ruff_text_size::Ranged;
use taipan_text::unicode_data::names::lookup;

use crate::nesting;
use crate::source::Source;

const PREFIX: &str = "TANGUT IDEOGRAPH-";
/// Length of the whole escape, whose number has five digits.
const LENGTH: usize = "\\N{}".len() + PREFIX.len() + 5;

/// The source with those names resolved; `None` if there are none.
pub(crate) fn resolved(source: &str) -> Option<String> {
    let bytes = source.as_bytes();
    let is_name = |at: usize| {
        bytes
            .get(at + 3..at + 3 + PREFIX.len())
            .is_some_and(|name| name.eq_ignore_ascii_case(PREFIX.as_bytes()))
    };
    let mut places = source.match_indices("\\N{").map(|(at, _)| at).filter(|at| is_name(*at)).peekable();
    places.peek()?;
    let places: Vec<usize> = places.collect();
    let depth = nesting::check(&Source::new(source)).ok()?;
    let options = ParseOptions::from(Mode::Module).with_target_version(PythonVersion::PY314);
    nesting::with_stack_for(depth, || {
        replaced(source, &places, ruff_python_parser::parse_unchecked(source, options).tokens())
    })
    .ok()
}

fn replaced(source: &str, places: &[usize], tokens: &Tokens) -> String {
    let mut result = source.to_owned();
    // Open brackets of each open f-string: in a format spec no literal can end.
    let mut open: Vec<usize> = Vec::new();
    for token in tokens {
        match token.kind() {
            TokenKind::FStringStart | TokenKind::TStringStart => open.push(0),
            TokenKind::FStringEnd | TokenKind::TStringEnd => drop(open.pop()),
            TokenKind::Lbrace => open.iter_mut().last().into_iter().for_each(|depth| *depth += 1),
            TokenKind::Rbrace => {
                open.iter_mut().last().into_iter().for_each(|depth| *depth = depth.saturating_sub(1));
            }
            _ => {}
        }
        let letter = match token.kind() {
            TokenKind::String => "",
            TokenKind::FStringMiddle if open.last() == Some(&0) => "f",
            TokenKind::TStringMiddle if open.last() == Some(&0) => "t",
            _ => continue,
        };
        let Some(flags) =
            token.string_flags().filter(|flags| !flags.is_raw_string() && !flags.is_byte_string())
        else {
            continue;
        };
        let quotes = flags.quote_str();
        for at in places.iter().filter(|at| token.range().contains((**at as u32).into())) {
            let escaping = source[..*at].bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1;
            let escape = source.get(*at..at + LENGTH).filter(|escape| !escaping && escape.ends_with('}'));
            let code = escape.and_then(|escape| lookup(&escape["\\N{".len()..LENGTH - 1]));
            let Some(character) = code.and_then(char::from_u32) else { continue };
            let end = format!("{character}{quotes}");
            let again = format!("{letter}{quotes}");
            let room = LENGTH - end.len() - again.len();
            result.replace_range(*at..at + LENGTH, &format!("{end}{:room$}{again}", ""));
        }
    }
    result
}
