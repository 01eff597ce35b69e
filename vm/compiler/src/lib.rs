//! The compiler: Python 3.14 source to register bytecode.
//!
//! source -> ruff's parser -> [`symbols`] -> [`lower`] (with constant folding) -> [`assemble`] (with the
//! peephole pass) -> [`CodeUnit`]. The result is plain data; the compiler holds no Python object and runs
//! no Python code. Every error a source text can cause is returned as a [`SyntaxErrorInfo`].
#![forbid(unsafe_code)]

mod assemble;
mod diagnosis;
mod interactive;
mod lower;
mod names;
mod nesting;
mod optimize;
mod registers;
mod source;
mod symbols;
mod syntax_error;
mod unit;
mod warnings;

use std::borrow::Cow;

use ruff_python_ast::token::{TokenKind, Tokens};
use ruff_python_ast::{Mod, PythonVersion};
use ruff_python_parser::{Mode as ParserMode, ParseOptions};
use ruff_text_size::Ranged;

pub use interactive::{Input, interactive};
pub use lower::text::interpolation_text;
pub use optimize::fold::FROZEN_SET;
pub use symbols::TableEntry;
pub use syntax_error::{CompileWarning, SyntaxErrorInfo, SyntaxErrorKind};
pub use taipan_bytecode::CodeUnit;

use source::Source;
pub use source::TreeSource;

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
    /// `PyCF_ALLOW_INCOMPLETE_INPUT`: a source that more lines could complete gives
    /// [`SyntaxErrorKind::IncompleteInput`].
    pub allow_incomplete_input: bool,
    /// `PyCF_DONT_IMPLY_DEDENT`: the end of interactive input does not end an indented block.
    pub keep_indents: bool,
    /// The most digits that a decimal integer may have; 0: any number.
    pub max_digits: u32,
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
    if let Some(at) = text.find('\0') {
        let source = Source::new(text);
        let at = ruff_text_size::TextRange::empty(ruff_text_size::TextSize::from(at as u32));
        let message = "source code string cannot contain null bytes".to_owned();
        return Err(syntax_error::Failure::syntax(message, at).into_info(&source));
    }
    let plain = readable(text, options);
    let source = Source::new(&plain);
    parsed(&source, text, mode, options, |module, mut warnings| {
        let of_tokens = warnings.len();
        if let Mod::Module(module) = &module {
            warnings::of_body(&source, &module.body, &mut warnings);
        }
        match lower::compile_module(&source, &module, filename, mode, options) {
            Ok((code, more)) => Ok((code, warnings.into_iter().chain(more).collect())),
            Err(failure) => {
                let mut info = failure.without_text(&source);
                // The parser has warned already; of what is found in its tree that is told which CPython's compiler comes across earlier.
                if !info.is_found_late() {
                    warnings.truncate(of_tokens);
                }
                warnings.retain(|warning| warning.line <= info.line || !info.is_found_late());
                info.warnings = warnings;
                Err(info)
            }
        }
    })
}

/// Compiles a tree that nests at most `depth` levels and that was not parsed from a source.
pub fn compile_tree(
    module: &Mod,
    source: &TreeSource,
    depth: usize,
    filename: &str,
    mode: Mode,
    options: Options,
) -> Result<(CodeUnit, Vec<CompileWarning>), SyntaxErrorInfo> {
    let source = Source::of_tree(source);
    nesting::with_stack_for(depth, || {
        let mut warnings = Vec::new();
        if let Mod::Module(module) = module {
            warnings::of_body(&source, &module.body, &mut warnings);
        }
        lower::compile_module(&source, module, filename, mode, options)
            .map(|(code, more)| (code, warnings.into_iter().chain(more).collect()))
            .map_err(|failure| failure.without_text(&source))
    })?
}

/// Parses a source text without compiling it: the syntax tree, or the error that the parser finds.
pub fn parse(
    source: &str,
    mode: Mode,
    options: Options,
) -> Result<(Mod, Vec<CompileWarning>), SyntaxErrorInfo> {
    let text = source.strip_prefix('\u{feff}').unwrap_or(source);
    let plain = readable(text, options);
    parsed(&Source::new(&plain), text, mode, options, |module, warnings| Ok((module, warnings)))
}

/// Where the comments of a source are, if the parser takes it.
pub fn comments(source: &str) -> Vec<ruff_text_size::TextRange> {
    let options = ParseOptions::from(ParserMode::Module).with_target_version(PythonVersion::PY314);
    let parsed = ruff_python_parser::parse_unchecked(source, options);
    let tokens = parsed.tokens().iter();
    tokens.filter(|t| t.kind() == TokenKind::Comment).map(|t| t.range()).collect()
}

/// What the diagnosis minds about a source; `None` if it takes it. For tests: compiling asks only if it must.
#[doc(hidden)]
pub fn diagnose(source: &str) -> Option<SyntaxErrorInfo> {
    diagnosis::diagnose(source, diagnosis::Start::File, diagnosis::Settings::default()).map(|info| *info)
}

/// The symbol table of a source text.
pub fn symbol_table(source: &str, mode: Mode, options: Options) -> Result<TableEntry, SyntaxErrorInfo> {
    let text = source.strip_prefix('\u{feff}').unwrap_or(source);
    let plain = readable(text, options);
    let source = Source::new(&plain);
    parsed(&source, text, mode, options, |module, _| {
        lower::symbol_table(&module, options)
            .map(|table| symbols::export(&table, &source))
            .map_err(|failure| failure.without_text(&source))
    })
}

/// The value of a string literal as a constant; its lone surrogates are read from the source.
pub fn string_value(source: &str, literal: &ruff_python_ast::ExprStringLiteral) -> taipan_bytecode::Const {
    lower::text::string_constant(&Source::new(source), literal)
}

/// The value of a string literal of a tree that has no source.
pub fn string_value_in_tree(
    source: &TreeSource,
    literal: &ruff_python_ast::ExprStringLiteral,
) -> taipan_bytecode::Const {
    lower::text::string_constant(&Source::of_tree(source), literal)
}

/// The text as the parser reads it, byte by byte at the same places. With `from __future__ import barry_as_FLUFL` the
/// sign `<>` stands for `!=`, which the parser knows; some names of characters it does not.
fn readable(text: &str, options: Options) -> Cow<'_, str> {
    if has_diamonds(text, options) {
        return diagnosis::with_plain_inequality(text);
    }
    names::resolved(text).map_or(Cow::Borrowed(text), Cow::Owned)
}

fn has_diamonds(text: &str, options: Options) -> bool {
    options.future_flags & taipan_bytecode::flags::CO_FUTURE_BARRY_AS_BDFL != 0
        || text.lines().any(|line| line.starts_with("from __future__ import barry_as_FLUFL"))
}

/// A decimal integer with more digits than there may be.
fn too_many_digits(source: &Source<'_>, tokens: &Tokens, most: u32) -> Option<Box<syntax_error::Failure>> {
    if most == 0 {
        return None;
    }
    for token in tokens.iter().filter(|t| t.kind() == TokenKind::Int) {
        let text = &source.text[token.range()];
        if text.len() <= most as usize
            || text.starts_with(['0']) && !text.chars().all(|c| matches!(c, '0' | '_'))
        {
            continue;
        }
        let digits = text.chars().filter(char::is_ascii_digit).count();
        if digits > most as usize {
            let message = format!(
                "Exceeds the limit ({most} digits) for integer string conversion: value has {digits} digits; use sys.set_int_max_str_digits() to increase the limit - Consider hexadecimal for huge integer literals to avoid decimal conversion limits."
            );
            return Some(syntax_error::Failure::syntax(message, token.range()));
        }
    }
    None
}

/// Parses and hands the tree on; the error is what CPython finds in `text`.
fn parsed<T: Send>(
    source: &Source<'_>,
    text: &str,
    mode: Mode,
    options: Options,
    next: impl FnOnce(Mod, Vec<CompileWarning>) -> Result<T, SyntaxErrorInfo> + Send,
) -> Result<T, SyntaxErrorInfo> {
    let settings = diagnosis::Settings {
        incomplete: options.allow_incomplete_input,
        keep_indents: options.keep_indents,
        barry: has_diamonds(text, options),
        single: mode == Mode::Single,
    };
    let start = match mode {
        Mode::Exec => diagnosis::Start::File,
        Mode::Eval => diagnosis::Start::Expression,
        Mode::Single => diagnosis::Start::Single,
    };
    // Interactive input and `<>` are what the other parser does not judge.
    if (mode == Mode::Single || settings.barry)
        && let Some(info) = diagnosis::diagnose(text, start, settings)
    {
        return Err(*info);
    }
    let depth = match nesting::check(source) {
        Ok(depth) => depth,
        Err(failure) if failure.kind == SyntaxErrorKind::MemoryError => return Err(failure.into_info(source)),
        Err(failure) => {
            let found = diagnosis::diagnose(text, start, settings);
            return Err(found.map_or_else(|| failure.into_info(source), |info| *info));
        }
    };
    nesting::with_stack_for(depth, || {
        let parser_mode = if mode == Mode::Eval { ParserMode::Expression } else { ParserMode::Module };
        let parser_options = ParseOptions::from(parser_mode).with_target_version(PythonVersion::PY314);
        let parsed = ruff_python_parser::parse_unchecked(source.text, parser_options);
        if let Some(failure) = syntax_error::of_parser(&parsed) {
            let found = diagnosis::diagnose(text, start, settings);
            return Err(found.map_or_else(|| failure.into_info(source), |info| *info));
        }
        if let Some(failure) = too_many_digits(source, parsed.tokens(), options.max_digits) {
            return Err(failure.into_info(source));
        }
        let tokens: Vec<_> = parsed.tokens().iter().map(|token| (token.kind(), token.range())).collect();
        // The parser takes `(yield, x)` for a tuple.
        let pairs = tokens.iter().zip(tokens.iter().skip(1));
        if pairs.into_iter().any(|(one, next)| one.0 == TokenKind::Yield && next.0 == TokenKind::Comma)
            && let Some(info) = diagnosis::diagnose(text, start, settings)
        {
            return Err(*info);
        }
        let warnings = warnings::of_tokens(source, &tokens);
        next(parsed.into_syntax(), warnings)
    })?
}
