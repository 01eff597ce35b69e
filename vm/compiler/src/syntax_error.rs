//! Errors of compilation, in CPython's words.
//!
//! Inside the compiler an error is a [`Failure`] with a source range; at the border it becomes a
//! [`SyntaxErrorInfo`] with the line and the one-based character columns that `SyntaxError` carries.

use ruff_python_ast::Mod;
use ruff_python_parser::Parsed;
use ruff_text_size::TextRange;

use crate::source::Source;

/// The class of exception to raise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyntaxErrorKind {
    SyntaxError,
    IndentationError,
    TabError,
    /// Input ends too early (what the REPL and `codeop` ask for more on). A subclass of `SyntaxError`.
    IncompleteInput,
    /// The source nests too deeply: `RecursionError`, without location.
    RecursionError,
    /// `MemoryError`: the parser would run out of stack.
    MemoryError,
    /// `ValueError`, e.g. for null bytes where the caller wants one.
    ValueError,
}

/// All that is needed to raise a `SyntaxError`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxErrorInfo {
    pub kind: SyntaxErrorKind,
    pub message: String,
    /// One-based; 0 if unknown.
    pub line: u32,
    /// One-based, in characters; 0 or less if unknown.
    pub offset: i32,
    pub end_line: u32,
    pub end_offset: i32,
    /// The source line, mostly with its line end.
    pub text: Option<String>,
    /// Of the parser's errors: line and column of the last compound statement that was right, and the whole source.
    pub metadata: Option<Box<(u32, u32, String)>>,
    /// What the source in front of the error should not say either.
    pub warnings: Vec<CompileWarning>,
}

impl SyntaxErrorInfo {
    /// Whether CPython finds this error only when it makes instructions.
    pub(crate) fn is_found_late(&self) -> bool {
        const LATE: [&str; 3] =
            ["'return' outside function", "'break' outside loop", "'continue' not properly in loop"];
        LATE.contains(&&*self.message)
    }
    /// An error without place.
    pub(crate) fn bare(kind: SyntaxErrorKind, message: &str) -> Self {
        let message = message.to_owned();
        Self {
            kind,
            message,
            line: 0,
            offset: 0,
            end_line: 0,
            end_offset: 0,
            text: None,
            metadata: None,
            warnings: Vec::new(),
        }
    }
}

impl std::fmt::Display for SyntaxErrorInfo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}: {} (line {}, column {})", self.kind, self.message, self.line, self.offset)
    }
}

impl std::error::Error for SyntaxErrorInfo {}

/// A `SyntaxWarning` (or `DeprecationWarning`) found while compiling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompileWarning {
    pub message: String,
    pub line: u32,
    /// One-based, in characters.
    pub offset: u32,
    pub end_line: u32,
    pub end_offset: u32,
}

/// An error with its place.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) kind: SyntaxErrorKind,
    pub(crate) message: String,
    pub(crate) range: TextRange,
}

/// What the parser minds, roughly: the diagnosis finds CPython's words for all but a few.
pub(crate) fn of_parser(parsed: &Parsed<Mod>) -> Option<Box<Failure>> {
    if let Some(error) = parsed.errors().first() {
        return Some(Failure::syntax("invalid syntax".into(), error.location));
    }
    let error = parsed.unsupported_syntax_errors().first()?;
    Some(Failure::syntax(error.to_string(), error.range))
}

/// Result of compiler passes. The error is boxed: results travel through deep recursion.
pub(crate) type Result<T> = std::result::Result<T, Box<Failure>>;

impl Failure {
    pub(crate) fn syntax(message: String, range: TextRange) -> Box<Self> {
        Box::new(Self { kind: SyntaxErrorKind::SyntaxError, message, range })
    }

    pub(crate) fn indentation(message: String, range: TextRange) -> Box<Self> {
        Box::new(Self { kind: SyntaxErrorKind::IndentationError, message, range })
    }

    /// What a pass behind the parser finds: without the text, as CPython shows the line of the file, if there is one; columns count
    /// bytes.
    pub(crate) fn without_text(self, source: &Source<'_>) -> SyntaxErrorInfo {
        let range = self.range;
        let info = self.into_info(source);
        if info.line == 0 {
            return info;
        }
        let (line, column) = source.line_and_column(range.start());
        let (end_line, end_column) = source.line_and_column(range.end());
        let (offset, end_offset) = (column as i32 + 1, end_column as i32 + 1);
        SyntaxErrorInfo { text: None, line, offset, end_line, end_offset, ..info }
    }

    pub(crate) fn into_info(self, source: &Source<'_>) -> SyntaxErrorInfo {
        if matches!(self.kind, SyntaxErrorKind::RecursionError | SyntaxErrorKind::MemoryError) {
            return SyntaxErrorInfo::bare(self.kind, &self.message);
        }
        let (line, offset) = source.line_and_character(self.range.start());
        let (end_line, end_offset) = source.line_and_character(self.range.end());
        SyntaxErrorInfo {
            kind: self.kind,
            message: self.message,
            line,
            offset: offset as i32,
            end_line,
            end_offset: end_offset as i32,
            text: Some(source.line_text(line)),
            metadata: None,
            warnings: Vec::new(),
        }
    }
}
