//! Running programs: commands, files, modules, standard input, the interactive loop.
//!
//! Everything here gives an exit status; what a program raises is shown, never passed on.

use taipan_objects::code::PyCode;
use taipan_objects::module::PyModule;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;

use crate::builtins::compile::{self, CompileOptions, Mode};
use crate::{error_display, import, sys};

/// `__main__`.
fn main_module() -> PyResult<Py<PyModule>> {
    match sys::loaded("__main__").map(Obj::into_py::<PyModule>) {
        Some(Ok(module)) => Ok(module),
        _ => Err(runtime_error("lost __main__")),
    }
}

fn execute(code: &Py<PyCode>) -> PyResult<Obj> {
    let namespace = main_module()?.dict().into_obj();
    crate::interpreter::call::run_code(code, &namespace, &namespace, None)
}

fn finish(result: PyResult<()>) -> i32 {
    match result {
        Ok(()) => 0,
        Err(Raised) => error_display::handle_uncaught(),
    }
}

/// `-c command`.
pub fn command(text: &str) -> i32 {
    finish(run_command(text))
}

fn run_command(text: &str) -> PyResult<()> {
    // Indented commands are fine, as long as all of them are.
    let text = dedent(text);
    let code = compile::Source::Text(text.as_str().into()).compile(
        "<string>",
        Mode::Exec,
        compile::default_options(),
    )?;
    note_source(&code, &text, "<string>");
    execute(&code).map(drop)
}

/// Takes the common indentation off all lines.
fn dedent(text: &str) -> String {
    let margin = text
        .lines()
        .filter(|l| !l.trim().is_empty())
        .map(|l| &l[..l.len() - l.trim_start_matches([' ', '\t']).len()])
        .reduce(|a, b| {
            let common = a.bytes().zip(b.bytes()).take_while(|(x, y)| x == y).count();
            &a[..common]
        })
        .unwrap_or("");
    if margin.is_empty() {
        return text.to_owned();
    }
    text.split_inclusive('\n')
        .map(|l| l.strip_prefix(margin).unwrap_or_else(|| l.trim_start_matches([' ', '\t'])))
        .collect()
}

/// Lets tracebacks show lines of a source that is in no file. Does without if the library cannot.
fn note_source(code: &Py<PyCode>, text: &str, filename: &str) {
    let noted = import::import_module("linecache").and_then(|cache| {
        call_method_str(&cache, "_register_code", &[code.as_obj().clone(), str_obj(text), str_obj(filename)])
    });
    if noted.is_err() {
        drop(take_raised());
    }
}

/// A file, or a folder or archive with a `__main__`. `display_name`: as given on the command line.
pub fn script(path: &std::path::Path, program: &str, skip_first_line: bool) -> i32 {
    let shown = path.to_string_lossy();
    if path.is_dir() || shown.ends_with(".zip") || shown.ends_with(".pyz") {
        if path.exists() {
            return finish(run_container(&shown));
        }
    }
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) => {
            let number = error.raw_os_error().unwrap_or(0);
            let text = taipan_objects::exceptions::strerror(number);
            let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
            error_display::write_stderr(&format!(
                "{program}: can't open file '{}': [Errno {number}] {text}\n",
                absolute.display()
            ));
            return 2;
        }
    };
    finish(run_source(&bytes, &shown, skip_first_line))
}

fn run_container(path: &str) -> PyResult<()> {
    if let Some(list) = sys::get("path")? {
        drop(call_method_str(&list, "insert", &[int_obj(0), str_obj(path)])?);
    }
    let runpy = import::import_module("runpy")?;
    call_method_str(&runpy, "_run_module_as_main", &[str_obj("__main__"), bool_obj(false)]).map(drop)
}

fn run_source(bytes: &[u8], filename: &str, skip_first_line: bool) -> PyResult<()> {
    let mut text = import::source::decode(bytes, filename, true)?;
    if skip_first_line {
        let end = text.find('\n').unwrap_or(text.len());
        text.replace_range(..end, "");
    }
    if text.contains('\0') {
        return Err(syntax_error("source code cannot contain null bytes"));
    }
    let main = main_module()?;
    let dict = main.dict();
    let filename_obj = str_obj(filename);
    dict.set_str("__file__", filename_obj.clone());
    dict.set_str("__cached__", none());
    if let Some(external) = sys::loaded("_frozen_importlib_external") {
        let loader = getattr_str(&external, "SourceFileLoader")?;
        dict.set_str("__loader__", call(&loader, &[str_obj("__main__"), filename_obj])?);
    }
    let code =
        compile::Source::Text(text.into()).compile(filename, Mode::Exec, compile::default_options())?;
    execute(&code).map(drop)
}

/// `-m module`.
pub fn module(name: &str) -> i32 {
    finish((|| {
        let runpy = import::import_module("runpy")?;
        call_method_str(&runpy, "_run_module_as_main", &[str_obj(name)]).map(drop)
    })())
}

/// Standard input that is not a terminal.
pub fn stdin() -> i32 {
    use std::io::Read;
    let mut bytes = Vec::new();
    let read = taipan_threading::detached(|| std::io::stdin().lock().read_to_end(&mut bytes));
    finish((|| {
        if let Err(error) = read {
            return Err(taipan_objects::exceptions::io_error(&error, None));
        }
        let text = import::source::decode(&bytes, "<stdin>", true)?;
        let code = compile::Source::Text(text.as_str().into()).compile(
            "<stdin>",
            Mode::Exec,
            compile::default_options(),
        )?;
        note_source(&code, &text, "<stdin>");
        execute(&code).map(drop)
    })())
}

/// The interactive loop.
pub fn interactive(quiet: bool) -> i32 {
    if !quiet {
        let platform = if cfg!(target_os = "macos") { "darwin" } else { "linux" };
        error_display::write_stderr(&format!("Taipan {} on {platform}\n", crate::sys::version()));
    }
    for (name, prompt) in [("ps1", ">>> "), ("ps2", "... ")] {
        if matches!(sys::get(name), Ok(None)) && sys::set(name, str_obj(prompt)).is_err() {
            drop(take_raised());
        }
    }
    loop {
        match read_statement() {
            Ok(Some(text)) => {
                if let Some(status) = run_statement(&text) {
                    return status;
                }
            }
            Ok(None) => {
                error_display::write_stderr("\n");
                return 0;
            }
            Err(Raised) => {
                let exception = take_raised();
                if class_of(&exception).is_subtype(&types().keyboard_interrupt) {
                    error_display::write_stderr("\nKeyboardInterrupt\n");
                    continue;
                }
                error_display::show(&exception);
            }
        }
    }
}

fn run_statement(text: &str) -> Option<i32> {
    let result = compile::compile_text(text, "<stdin>", Mode::Single, compile::default_options())
        .and_then(|code| execute(&code));
    if result.is_err() {
        let exception = take_raised();
        if class_of(&exception).is_subtype(&types().system_exit) {
            return Some(error_display::exit_status(&exception));
        }
        error_display::show(&exception);
    }
    crate::init::flush_streams();
    None
}

fn prompt(name: &str) -> PyResult<Obj> {
    match sys::get(name)?.filter(|p| !is_none(p)) {
        Some(prompt) => Ok(str(&prompt)?.into_obj()),
        None => Ok(str_obj("")),
    }
}

/// Reads lines until they are a statement; `None` at the end of input.
fn read_statement() -> PyResult<Option<String>> {
    let input = crate::builtins::get("input")?;
    let mut text = String::new();
    loop {
        let line = match call1(&input, &prompt(if text.is_empty() { "ps1" } else { "ps2" })?) {
            Ok(line) => str_string(&line)?,
            Err(Raised) => {
                drop(catch(&types().eof_error)?);
                return Ok(if text.is_empty() { None } else { Some(text) });
            }
        };
        if text.is_empty() && line.trim().is_empty() {
            continue;
        }
        text.push_str(&line);
        text.push('\n');
        let mut options: CompileOptions = compile::default_options();
        options.allow_incomplete = true;
        options.options.allow_incomplete_input = true;
        match compile::compile_text(&text, "<stdin>", Mode::Single, options) {
            // A compound statement ends with an empty line.
            Ok(_) if text.lines().count() == 1 || line.trim().is_empty() => return Ok(Some(text)),
            Ok(_) => {}
            Err(Raised) if raised_is(&types().incomplete_input_error) => drop(take_raised()),
            Err(Raised) => {
                drop(take_raised());
                return Ok(Some(text));
            }
        }
    }
}
