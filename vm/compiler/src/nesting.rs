//! Guard against stack overflow. Parser and lowering recurse with the nesting of the source; this scan of the
//! tokens bounds that depth before they run, so that too deep a source is an error and a deep one
//! gets a thread with stack enough.

use ruff_python_ast::token::TokenKind;
use ruff_python_parser::{Mode, lexer};
use ruff_text_size::{TextRange, TextSize};

use crate::source::Source;
use crate::syntax_error::{Failure, Result, SyntaxErrorInfo, SyntaxErrorKind};

/// CPython's limit on open brackets.
const MAX_BRACKETS: usize = 200;
/// CPython's limit on f-strings in fields of f-strings.
const MAX_STRINGS: usize = 150;
/// CPython's limit on fields in the format specs of fields.
const MAX_FIELDS: usize = 3;
/// CPython's limit on indentation.
const MAX_INDENT: usize = 100;
/// Deepest tree worked on.
const MAX_DEPTH: usize = 30_000;
/// Depth up to which the caller's stack is trusted.
const SHALLOW: usize = 150;
/// Stack reserved per level; only what is used costs memory.
const STACK_PER_LEVEL: usize = if cfg!(debug_assertions) { 48 << 10 } else { 20 << 10 };

/// Estimates the depth of the tree from above.
pub(crate) fn check(source: &Source<'_>) -> Result<usize> {
    let mut lexer = lexer::lex(source.text, Mode::Module);
    // For each open bracket: operators since its last comma. They may nest (unary, power,
    // conditional) or lean to one side (sums, attribute chains); either way they make depth.
    let mut chains: Vec<usize> = vec![0];
    let mut total = 0usize;
    let mut deepest = 0usize;
    let mut indent = 0usize;
    // Fields of f-strings stand side by side; they make no chain.
    let mut fields: Vec<bool> = Vec::new();
    // For each open f-string, how many of its fields are.
    let mut strings: Vec<usize> = Vec::new();
    let mut before = TokenKind::EndOfFile;
    let mut fields_before = false;
    loop {
        let kind = lexer.next_token();
        match kind {
            TokenKind::EndOfFile => break,
            TokenKind::Lpar | TokenKind::Lsqb | TokenKind::Lbrace => {
                total += 2;
                let in_text = matches!(
                    before,
                    TokenKind::FStringStart
                        | TokenKind::FStringMiddle
                        | TokenKind::TStringStart
                        | TokenKind::TStringMiddle
                ) || (before == TokenKind::Rbrace && fields_before)
                    // A field in the format spec of one.
                    || (before == TokenKind::Colon && fields.last() == Some(&true));
                if let Some(last) = chains.last_mut()
                    && !in_text
                {
                    *last += 2;
                }
                fields.push(in_text);
                chains.push(0);
                if in_text && let Some(open) = strings.last_mut() {
                    *open += 1;
                    if *open > MAX_FIELDS {
                        let message = "f-string: expressions nested too deeply".into();
                        return Err(Failure::syntax(message, TextRange::default()));
                    }
                }
                if chains.len() > MAX_BRACKETS + 1 {
                    return Err(Failure::syntax(
                        "too many nested parentheses".into(),
                        TextRange::empty(nth_bracket(source.text)),
                    ));
                }
            }
            TokenKind::Rpar | TokenKind::Rsqb | TokenKind::Rbrace if chains.len() > 1 => {
                total -= chains.pop().unwrap_or(0);
                if fields.pop() == Some(true) {
                    total -= 2;
                    if let Some(open) = strings.last_mut() {
                        *open = open.saturating_sub(1);
                    }
                    fields_before = true;
                    before = kind;
                    continue;
                }
            }
            TokenKind::FStringStart | TokenKind::TStringStart => {
                strings.push(0);
                if strings.len() >= MAX_STRINGS {
                    let message = "too many nested f-strings or t-strings".into();
                    return Err(Failure::syntax(message, TextRange::default()));
                }
            }
            TokenKind::FStringEnd | TokenKind::TStringEnd => {
                strings.pop();
            }
            TokenKind::Comma | TokenKind::Semi | TokenKind::Newline => {
                if kind != TokenKind::Comma {
                    chains.truncate(1);
                    total = chains[0];
                }
                if let Some(last) = chains.last_mut() {
                    total -= *last;
                    *last = 0;
                }
            }
            TokenKind::Indent => {
                indent += 1;
                if indent >= MAX_INDENT {
                    return Err(Failure::indentation(
                        "too many levels of indentation".into(),
                        TextRange::empty(source.line_start(source.line_count())),
                    ));
                }
            }
            TokenKind::Dedent => indent = indent.saturating_sub(1),
            TokenKind::Name
            | TokenKind::Int
            | TokenKind::Float
            | TokenKind::Complex
            | TokenKind::String
            | TokenKind::FStringMiddle
            | TokenKind::TStringMiddle
            | TokenKind::Comment
            | TokenKind::NonLogicalNewline
            | TokenKind::Rpar
            | TokenKind::Rsqb
            | TokenKind::Rbrace => {}
            _ => {
                total += 1;
                if let Some(last) = chains.last_mut() {
                    *last += 1;
                }
            }
        }
        fields_before = false;
        before = kind;
        deepest = deepest.max(total + 2 * indent);
        if deepest > MAX_DEPTH {
            return Err(Box::new(Failure {
                kind: SyntaxErrorKind::MemoryError,
                message: "Parser stack overflowed - Python source too complex to parse".into(),
                range: TextRange::default(),
            }));
        }
    }
    // `elif` chains and statement lists do not nest.
    Ok(deepest)
}

/// Roughly where the bracket too many is.
fn nth_bracket(text: &str) -> TextSize {
    let open = text.match_indices(['(', '[', '{']).nth(MAX_BRACKETS);
    open.map_or(TextSize::default(), |(i, _)| TextSize::from(i as u32))
}

/// The system gives no thread with the stack that a source needs.
#[derive(Debug)]
pub(crate) struct NoStack;

impl From<NoStack> for SyntaxErrorInfo {
    fn from(_: NoStack) -> Self {
        SyntaxErrorInfo::bare(SyntaxErrorKind::MemoryError, "")
    }
}

/// Runs `work` on a stack that suffices for the depth.
pub(crate) fn with_stack_for<T: Send>(
    depth: usize,
    work: impl FnOnce() -> T + Send,
) -> std::result::Result<T, NoStack> {
    if depth <= SHALLOW {
        return Ok(work());
    }
    let size = (depth * STACK_PER_LEVEL).max(4 << 20);
    std::thread::scope(|scope| {
        let spawned = std::thread::Builder::new().name("compile".into()).stack_size(size);
        match spawned.spawn_scoped(scope, work).map(std::thread::ScopedJoinHandle::join) {
            Ok(Ok(result)) => Ok(result),
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            Err(_) => Err(NoStack),
        }
    })
}
