//! The compiler: Python 3.14 source to register bytecode.
//!
//! source -> ruff's parser -> [`symbols`] -> [`lower`] (with constant folding) -> [`assemble`] (with the
//! peephole pass) -> [`CodeUnit`]. The result is plain data; the compiler holds no Python object and runs
//! no Python code. Every error a source text can cause is returned as a [`SyntaxErrorInfo`].
#![forbid(unsafe_code)]

mod assemble;
mod interactive;
mod lower;
mod nesting;
mod optimize;
mod registers;
mod source;
mod symbols;
mod syntax_error;
mod unit;

use ruff_python_ast::{Mod, PythonVersion};
use ruff_python_parser::{Mode as ParserMode, ParseOptions};

pub use syntax_error::{CompileWarning, SyntaxErrorInfo, SyntaxErrorKind};
pub use taipan_bytecode::CodeUnit;

use source::Source;

/// The `mode` argument of `compile()`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Exec,
    Eval,
    /// One interactive statement: values of expression statements are printed.
    Single,
}

/// What else `compile()` takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// 0: none; 1: no assertions, `__debug__` is false; 2: no docstrings either.
    pub optimize: u8,
    /// `CO_FUTURE_*` bits in force, inherited from the calling code.
    pub future_flags: u32,
    /// `PyCF_ALLOW_TOP_LEVEL_AWAIT`.
    pub allow_top_level_await: bool,
    /// `PyCF_ALLOW_INCOMPLETE_INPUT` and `PyCF_DONT_IMPLY_DEDENT`: a source that more lines could complete
    /// gives [`SyntaxErrorKind::IncompleteInput`].
    pub allow_incomplete_input: bool,
}

/// Compiles a source text.
pub fn compile(
    source: &str,
    filename: &str,
    mode: Mode,
    options: Options,
) -> Result<CodeUnit, SyntaxErrorInfo> {
    compile_with_warnings(source, filename, mode, options).map(|(code, _)| code)
}

/// Compiles a source text and returns the warnings found, too.
pub fn compile_with_warnings(
    source: &str,
    filename: &str,
    mode: Mode,
    options: Options,
) -> Result<(CodeUnit, Vec<CompileWarning>), SyntaxErrorInfo> {
    let text = source.strip_prefix('\u{feff}').unwrap_or(source);
    let source = Source::new(text);
    if let Some(at) = text.find('\0') {
        let at = ruff_text_size::TextRange::empty(ruff_text_size::TextSize::from(at as u32));
        let message = "source code string cannot contain null bytes".to_owned();
        return Err(syntax_error::Failure::syntax(message, at).into_info(&source));
    }
    let depth = nesting::check(&source).map_err(|failure| failure.into_info(&source))?;
    nesting::with_stack_for(depth, || {
        compile_checked(&source, filename, mode, options).map_err(|failure| failure.into_info(&source))
    })
}

/// Parses a source text without compiling it: the syntax tree, or the error that the parser finds.
pub fn parse(source: &str, mode: Mode, options: Options) -> Result<Mod, SyntaxErrorInfo> {
    let text = source.strip_prefix('\u{feff}').unwrap_or(source);
    let source = Source::new(text);
    let depth = nesting::check(&source).map_err(|failure| failure.into_info(&source))?;
    nesting::with_stack_for(depth, || {
        let parser_mode = if mode == Mode::Eval { ParserMode::Expression } else { ParserMode::Module };
        let parser_options = ParseOptions::from(parser_mode).with_target_version(PythonVersion::PY314);
        let parsed = ruff_python_parser::parse_unchecked(source.text, parser_options);
        match syntax_error::from_parser(&source, &parsed) {
            Some(failure)
                if options.allow_incomplete_input && interactive::is_incomplete(&source, &failure) =>
            {
                Err(interactive::incomplete(&source).into_info(&source))
            }
            Some(failure) => Err(failure.into_info(&source)),
            None => Ok(parsed.into_syntax()),
        }
    })
}

/// The value of a string literal as a constant; its lone surrogates are read from the source.
pub fn string_value(source: &str, literal: &ruff_python_ast::ExprStringLiteral) -> taipan_bytecode::Const {
    lower::text::string_constant(&Source::new(source), literal)
}

fn compile_checked(
    source: &Source<'_>,
    filename: &str,
    mode: Mode,
    options: Options,
) -> syntax_error::Result<(CodeUnit, Vec<CompileWarning>)> {
    let parser_mode = match mode {
        Mode::Exec | Mode::Single => ParserMode::Module,
        Mode::Eval => ParserMode::Expression,
    };
    let parser_options = ParseOptions::from(parser_mode).with_target_version(PythonVersion::PY314);
    // `eval` takes leading blanks off by itself; the parser wants an expression and nothing else.
    let parsed = ruff_python_parser::parse_unchecked(source.text, parser_options);
    if let Some(failure) = syntax_error::from_parser(source, &parsed) {
        if options.allow_incomplete_input && interactive::is_incomplete(source, &failure) {
            return Err(interactive::incomplete(source));
        }
        return Err(failure);
    }
    let module: &Mod = parsed.syntax();
    if mode == Mode::Single {
        interactive::check_single(source, module, options.allow_incomplete_input)?;
    }
    lower::compile_module(source, module, filename, mode, options)
}
