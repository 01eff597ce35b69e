//! What interactive input asks for: one statement at a time, and telling wrong input from unfinished input.

use ruff_python_ast::{Mod, Stmt};
use ruff_text_size::{Ranged, TextRange, TextSize};

use crate::source::Source;
use crate::syntax_error::{Failure, Result, SyntaxErrorKind};

/// Whether more lines could mend the error.
pub(crate) fn is_incomplete(source: &Source<'_>, failure: &Failure) -> bool {
    let message = failure.message.as_str();
    let end = source.text.trim_end().len();
    message.ends_with("was never closed")
        || message.starts_with("unterminated triple-quoted")
        || message == "unexpected EOF while parsing"
        || (failure.range.start().to_usize() >= end && !message.starts_with("unterminated"))
}

/// The error for unfinished input.
pub(crate) fn incomplete(source: &Source<'_>) -> Box<Failure> {
    let end = TextSize::from(source.text.len() as u32);
    Box::new(Failure {
        kind: SyntaxErrorKind::IncompleteInput,
        message: "incomplete input".into(),
        range: TextRange::empty(end),
    })
}

/// Checks that a source is one interactive statement.
pub(crate) fn check_single(source: &Source<'_>, module: &Mod, allow_incomplete: bool) -> Result<()> {
    let Mod::Module(module) = module else { return Ok(()) };
    for pair in module.body.windows(2) {
        if source.line(pair[1].range().start()) > source.line(pair[0].range().end()) {
            return Err(Failure::syntax(
                "multiple statements found while compiling a single statement".into(),
                TextRange::empty(pair[0].range().end()),
            ));
        }
    }
    if let Some(last) = module.body.last()
        && allow_incomplete
        && is_compound(last)
    {
        // A compound statement ends with a blank line.
        let mut lines = source.text.trim_end_matches([' ', '\t']).rsplit('\n');
        let ended = lines.next() == Some("") && lines.next().is_some_and(|line| line.trim().is_empty());
        if !ended {
            return Err(incomplete(source));
        }
    }
    Ok(())
}

fn is_compound(s: &Stmt) -> bool {
    matches!(
        s,
        Stmt::FunctionDef(_)
            | Stmt::ClassDef(_)
            | Stmt::If(_)
            | Stmt::While(_)
            | Stmt::For(_)
            | Stmt::Try(_)
            | Stmt::With(_)
            | Stmt::Match(_)
    )
}
