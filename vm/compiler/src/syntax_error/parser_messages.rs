//! From the parser's errors to CPython's messages.

use ruff_python_ast::Mod;
use ruff_python_parser::Parsed;

use super::{Failure, SyntaxErrorKind};
use crate::source::Source;

/// The first error of a parse, if any.
pub(crate) fn from_parser(_source: &Source<'_>, parsed: &Parsed<Mod>) -> Option<Box<Failure>> {
    let error = parsed.errors().first();
    if let Some(error) = error {
        return Some(Box::new(Failure {
            kind: SyntaxErrorKind::SyntaxError,
            message: error.error.to_string(),
            range: error.location,
        }));
    }
    let error = parsed.unsupported_syntax_errors().first()?;
    Some(Failure::syntax(error.to_string(), error.range))
}
