//! `compile`: from source text or bytes to code objects; syntax errors as Python exceptions.

use std::borrow::Cow;

use taipan_bytecode::flags as co;
use taipan_compiler::{Options, SyntaxErrorInfo, SyntaxErrorKind};
use taipan_objects::code::PyCode;
use taipan_objects::native::*;
use taipan_objects::prelude::*;

pub use taipan_compiler::Mode;

/// The flags of a code that tell which future features it was compiled with.
pub(crate) const FUTURE_MASK: u32 =
    0x1FF_0000 & !(co::CO_NO_MONITORING_EVENTS | co::CO_HAS_DOCSTRING | co::CO_METHOD);
const PYCF_DONT_IMPLY_DEDENT: i64 = 0x200;
const PYCF_ONLY_AST: i64 = 0x400;
const PYCF_TYPE_COMMENTS: i64 = 0x1000;
const PYCF_ALLOW_TOP_LEVEL_AWAIT: i64 = 0x2000;
const PYCF_ALLOW_INCOMPLETE_INPUT: i64 = 0x4000;
const PYCF_OPTIMIZED_AST: i64 = 0x8000 | PYCF_ONLY_AST;

/// What to compile with.
#[derive(Clone, Copy, Default)]
pub struct CompileOptions {
    pub options: Options,
    /// Input that ends too early raises `_IncompleteInputError`.
    pub allow_incomplete: bool,
    /// The source is that of the file of this name.
    pub is_file: bool,
    /// The minor version of Python whose syntax is accepted for a tree; negative: this one's.
    pub feature_version: i64,
}

/// The options of `exec` and `eval`: the calling code's future features, the interpreter's optimization.
pub fn inherited_options() -> CompileOptions {
    let mut options = default_options();
    if let Some(frame) = super::caller() {
        options.options.future_flags = frame.code().flags & FUTURE_MASK;
    }
    options
}

/// The interpreter's own options.
pub fn default_options() -> CompileOptions {
    CompileOptions {
        options: Options {
            optimize: crate::sys::config::optimize(),
            max_digits: taipan_objects::int::max_str_digits() as u32,
            ..Options::default()
        },
        allow_incomplete: false,
        is_file: false,
        feature_version: -1,
    }
}

#[pymodule(name = "builtins")]
mod items {
    use super::*;

    /// Compile source into a code object that can be executed by exec() or eval().
    ///
    /// The source code may represent a Python module, statement or expression.
    /// The filename will be used for run-time error messages.
    /// The mode must be 'exec' to compile a module, 'single' to compile a
    /// single (interactive) statement, or 'eval' to compile an expression.
    /// The flags argument, if present, controls which future statements influence
    /// the compilation of the code.
    /// The dont_inherit argument, if true, stops the compilation inheriting
    /// the effects of any future statements in effect in the code calling
    /// compile; if absent or false these statements do influence the compilation,
    /// in addition to any features explicitly specified.
    #[pyfunction(
        name = "compile",
        sig = "(source, filename, mode, flags=0, dont_inherit=False, optimize=-1, *, _feature_version=-1)"
    )]
    fn compile_(
        source: &Obj,
        filename: &Obj,
        mode: &str,
        flags: i64,
        dont_inherit: bool,
        optimize: i64,
        _feature_version: i64,
    ) -> PyResult<Obj> {
        let known = i64::from(FUTURE_MASK)
            | 0x10
            | PYCF_DONT_IMPLY_DEDENT
            | PYCF_ONLY_AST
            | PYCF_TYPE_COMMENTS
            | PYCF_ALLOW_TOP_LEVEL_AWAIT
            | PYCF_ALLOW_INCOMPLETE_INPUT
            | PYCF_OPTIMIZED_AST;
        let filename_text = filename_argument(filename)?;
        if flags & !known != 0 {
            return Err(value_error("compile(): unrecognised flags"));
        }
        if !(-1..=2).contains(&optimize) {
            return Err(value_error("compile(): invalid optimize value"));
        }
        let kind = match mode {
            "exec" => Mode::Exec,
            "eval" => Mode::Eval,
            "single" => Mode::Single,
            "func_type" if flags & PYCF_ONLY_AST == 0 => {
                return Err(value_error("compile() mode 'func_type' requires flag PyCF_ONLY_AST"));
            }
            "func_type" => Mode::Eval,
            _ if flags & PYCF_ONLY_AST != 0 => {
                return Err(value_error("compile() mode must be 'exec', 'eval', 'single' or 'func_type'"));
            }
            _ => return Err(value_error("compile() mode must be 'exec', 'eval' or 'single'")),
        };
        let mut options = if dont_inherit { default_options() } else { inherited_options() };
        options.options.future_flags |= flags as u32 & FUTURE_MASK;
        if optimize >= 0 {
            options.options.optimize = optimize as u8;
        }
        options.options.allow_top_level_await = flags & PYCF_ALLOW_TOP_LEVEL_AWAIT != 0;
        options.feature_version = if flags & PYCF_ONLY_AST != 0 { _feature_version } else { -1 };
        options.allow_incomplete = flags & PYCF_ALLOW_INCOMPLETE_INPUT != 0;
        options.options.allow_incomplete_input = options.allow_incomplete;
        options.options.keep_indents = flags & PYCF_DONT_IMPLY_DEDENT != 0;
        if flags & PYCF_ONLY_AST != 0 && AST_SUPPORT.get().is_none() {
            // The module brings the support.
            drop(crate::import::import_module("_ast")?);
        }
        if let Some(support) = AST_SUPPORT.get() {
            if (support.is_ast)(source)? {
                return (support.compile)(source, &filename_text, mode, flags, options);
            }
            if flags & PYCF_ONLY_AST != 0 {
                let text = source_argument(source, NO_SOURCE)?;
                text.audit(&filename_text)?;
                return (support.parse)(&text.decode(&filename_text)?, &filename_text, mode, flags, options);
            }
        }
        if flags & PYCF_ONLY_AST != 0 {
            return Err(syntax_error("compile() to an AST is not supported yet"));
        }
        if source.is_layout::<PyCode>() {
            return Err(type_error(NO_SOURCE));
        }
        let source = source_argument(source, NO_SOURCE)?;
        source.audit(&filename_text)?;
        Ok(source.compile(&filename_text, kind, options)?.into_obj())
    }
}

const NO_SOURCE: &str = "compile() arg 1 must be a string, bytes or AST object";

/// What the native `_ast` module adds: objects to trees and back.
pub struct AstSupport {
    pub is_ast: fn(&Obj) -> PyResult<bool>,
    pub compile: fn(&Obj, &str, &str, i64, CompileOptions) -> PyResult<Obj>,
    pub parse: fn(&str, &str, &str, i64, CompileOptions) -> PyResult<Obj>,
}
static AST_SUPPORT: std::sync::OnceLock<AstSupport> = std::sync::OnceLock::new();

/// Installs the syntax tree part of `compile`; the first call wins.
pub fn install_ast_support(support: AstSupport) {
    let _ = AST_SUPPORT.set(support);
}

/// The `filename` argument: `str`, `bytes` or path-like.
pub fn filename_argument(filename: &Obj) -> PyResult<String> {
    let path = match lookup_special(filename, &istr!("__fspath__"))? {
        Some(method) if !filename.is_layout::<PyStr>() => call0(&method)?,
        _ => filename.clone(),
    };
    if let Some(text) = path.downcast::<PyStr>() {
        return Ok(text.to_string_lossy().into_owned());
    }
    match taipan_objects::bytes::bytes_value(&path) {
        Some(bytes) => Ok(taipan_objects::str::codecs::decode_fs(bytes).to_string_lossy().into_owned()),
        None => Err(type_error(format!(
            "expected str, bytes or os.PathLike object, not {}",
            class_of(filename).name()
        ))),
    }
}

/// Source as it was given.
pub enum Source<'a> {
    Text(Cow<'a, str>),
    Bytes(Cow<'a, [u8]>),
}

/// The source argument of `compile`, `exec`, `eval`.
pub fn source_argument<'a>(source: &'a Obj, refusal: &str) -> PyResult<Source<'a>> {
    if let Some(text) = source.downcast::<PyStr>() {
        return Ok(Source::Text(text.utf8()?));
    }
    if let Some(bytes) = taipan_objects::bytes::bytes_value(source) {
        return Ok(Source::Bytes(Cow::Borrowed(bytes)));
    }
    if class_of(source).slots.buffer().is_some() {
        let bytes = call1(types().bytes.as_obj(), source)?;
        if let Some(bytes) = taipan_objects::bytes::bytes_value(&bytes) {
            return Ok(Source::Bytes(Cow::Owned(bytes.to_vec())));
        }
    }
    Err(type_error(refusal))
}

impl Source<'_> {
    /// The text, with line ends made `\n`.
    pub fn decode(&self, filename: &str) -> PyResult<String> {
        let text = match self {
            Source::Text(text) => Cow::Borrowed(&**text),
            Source::Bytes(bytes) => Cow::Owned(crate::import::source::decode(bytes, filename, false)?),
        };
        if text.contains('\0') {
            return Err(syntax_error("source code string cannot contain null bytes"));
        }
        Ok(if text.contains('\r') {
            text.replace("\r\n", "\n").replace('\r', "\n")
        } else {
            text.into_owned()
        })
    }
    /// Tells audit hooks that the source is going to be compiled.
    pub fn audit(&self, filename: &str) -> PyResult<()> {
        if !crate::sys::is_audited() {
            return Ok(());
        }
        let bytes = match self {
            Source::Text(text) => text.as_bytes(),
            Source::Bytes(bytes) => bytes,
        };
        crate::sys::audit("compile", &[bytes_obj(bytes), str_obj(filename)])
    }
    pub fn compile(&self, filename: &str, mode: Mode, options: CompileOptions) -> PyResult<Py<PyCode>> {
        let text = self.decode(filename)?;
        let text = if mode == Mode::Eval { text.trim_start_matches([' ', '\t']) } else { &text };
        compile_text(text, filename, mode, options)
    }
}

/// Names of characters are looked up by a module, which may be missing.
fn need_names(text: &str, filename: &str) -> PyResult<()> {
    let Some(at) = text.find("\\N{") else { return Ok(()) };
    if crate::import::import_module("unicodedata").is_ok() {
        return Ok(());
    }
    drop(take_raised());
    let line = text[..at].matches('\n').count() as u32 + 1;
    let column = text[..at].chars().rev().take_while(|c| *c != '\n').count() as i32 + 1;
    let info = SyntaxErrorInfo {
        kind: SyntaxErrorKind::SyntaxError,
        message: "(unicode error) \\N escapes not supported (can't load unicodedata module)".to_owned(),
        line,
        offset: column,
        end_line: line,
        end_offset: column,
        text: text.lines().nth(line as usize - 1).map(|line| format!("{line}\n")),
        metadata: None,
        warnings: Vec::new(),
    };
    Err(raise_syntax_error(&info, filename, false))
}

/// Compiles text and emits the warnings found.
pub fn compile_text(text: &str, filename: &str, mode: Mode, options: CompileOptions) -> PyResult<Py<PyCode>> {
    need_names(text, filename)?;
    match taipan_compiler::compile_with_warnings(text, filename, mode, options.options) {
        Ok((unit, warnings)) => {
            warn_all(&warnings, filename, text)?;
            Ok(PyCode::new(unit))
        }
        Err(mut info) => {
            warn_all(&std::mem::take(&mut info.warnings), filename, text)?;
            if options.is_file {
                read_from_file(&mut info, filename, text);
            }
            Err(raise_syntax_error(&info, filename, options.allow_incomplete))
        }
    }
}

/// CPython reads a file line by line. The line of an error is read once more, and at its end nothing is left of a statement that had not begun.
fn read_from_file(info: &mut SyntaxErrorInfo, filename: &str, text: &str) {
    if info.text.is_some()
        && let Some(line) = line_of_file(filename, info.line)
    {
        info.text = Some(line);
    }
    if info.message == "unexpected EOF while parsing" {
        let lines = text.lines().take(info.line as usize).collect::<Vec<_>>();
        let continued = lines.iter().rev().map(|line| line.strip_suffix('\\')).map_while(|line| line);
        if continued.into_iter().all(|line| line.trim().is_empty()) {
            info.offset = 0;
        }
    }
}

/// Emits the warnings found in a source.
pub fn warn_all(warnings: &[taipan_compiler::CompileWarning], filename: &str, text: &str) -> PyResult<()> {
    warnings.iter().try_for_each(|warning| warn(warning, filename, text))
}

fn warn(warning: &taipan_compiler::CompileWarning, filename: &str, text: &str) -> PyResult<()> {
    let category = types().syntax_warning.as_obj();
    match crate::warnings::warn_explicit(
        category,
        &str_obj(&warning.message),
        filename,
        warning.line as i64,
        None,
    ) {
        Err(Raised) if raised_is(&types().syntax_warning) => {
            // `-W error`: the place becomes part of the error.
            drop(take_raised());
            let line = text.lines().nth(warning.line.saturating_sub(1) as usize).map(|l| format!("{l}\n"));
            let info = SyntaxErrorInfo {
                kind: SyntaxErrorKind::SyntaxError,
                message: warning.message.replace(" Such sequences will not work in the future.", ""),
                line: warning.line,
                offset: warning.offset as i32,
                end_line: warning.end_line,
                end_offset: warning.end_offset as i32,
                text: line,
                metadata: None,
                warnings: Vec::new(),
            };
            Err(raise_syntax_error(&info, filename, false))
        }
        other => other,
    }
}

/// Raises what the compiler found.
#[cold]
pub fn raise_syntax_error(info: &SyntaxErrorInfo, filename: &str, allow_incomplete: bool) -> Raised {
    let source = info.metadata.as_ref().map_or("", |metadata| &metadata.2);
    if let Err(raised) = warn_all(&info.warnings, filename, source) {
        return raised;
    }
    let t = types();
    let class = match info.kind {
        SyntaxErrorKind::SyntaxError => &t.syntax_error,
        SyntaxErrorKind::IndentationError => &t.indentation_error,
        SyntaxErrorKind::TabError => &t.tab_error,
        SyntaxErrorKind::IncompleteInput if allow_incomplete => &t.incomplete_input_error,
        SyntaxErrorKind::IncompleteInput => &t.syntax_error,
        SyntaxErrorKind::RecursionError => return recursion_error(&info.message),
        SyntaxErrorKind::MemoryError if info.message.is_empty() => {
            return raise_args(&t.memory_error, vec![]);
        }
        SyntaxErrorKind::MemoryError => return raise_message(&t.memory_error, &info.message),
        SyntaxErrorKind::ValueError => return value_error(&info.message),
    };
    let number = |n: i64| int_obj(n);
    let text = match &info.text {
        Some(text) => Some(text.clone()),
        None => line_of_file(filename, info.line),
    };
    let place = tuple_obj(vec![
        str_obj(filename),
        number(info.line.into()),
        number(info.offset.into()),
        text.map_or_else(none, |text| str_obj(&text)),
        number(info.end_line.into()),
        number(info.end_offset.into()),
    ]);
    let message = if info.kind == SyntaxErrorKind::IncompleteInput && allow_incomplete {
        "incomplete input"
    } else {
        &info.message
    };
    let exception = match taipan_objects::protocol::call(class.as_obj(), &[str_obj(message), place]) {
        Ok(exception) => exception,
        Err(raised) => return raised,
    };
    if let Some((line, column, source)) = info.metadata.as_deref() {
        let metadata = tuple_obj(vec![number((*line).into()), number((*column).into()), str_obj(source)]);
        if let Err(raised) = setattr(&exception, &istr!("_metadata"), &metadata) {
            return raised;
        }
    }
    raise(exception)
}

/// Bytes of a line that `SyntaxError` shows at most.
const SHOWN: usize = 999;

/// A line of the file that a code came from, if there is such a file.
fn line_of_file(filename: &str, line: u32) -> Option<String> {
    let bytes = std::fs::read(filename).ok()?;
    let text = match crate::import::source::decode(&bytes, filename, true) {
        Ok(text) => text,
        Err(Raised) => {
            drop(take_raised());
            return None;
        }
    };
    let line = text.split_inclusive('\n').nth((line as usize).checked_sub(1)?)?;
    let line = match line.strip_suffix("\r\n") {
        Some(line) => format!("{line}\n"),
        None => line.to_owned(),
    };
    Some(String::from_utf8_lossy(&line.as_bytes()[..line.len().min(SHOWN)]).into_owned())
}
