//! The interactive loop: statements read by the library's editor, or line by line, compiled and executed one by one.
//!
//! What follows holds without the editor.
//!
//! Each statement has a name of its own, under which `linecache` keeps its lines for tracebacks; what a statement imports from
//! `__future__` holds for those that follow.

use taipan_compiler::Input;
use taipan_objects::code::PyCode;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;

use super::{execute, note_source};
use crate::builtins::compile::{self, FUTURE_MASK, Mode};
use crate::{error_display, sys};

/// Talks with the user until the input ends; gives the exit status. `begins`: no program ran before, so `PYTHONSTARTUP` is executed.
///
/// At a terminal the library's editor reads the statements, unless `PYTHON_BASIC_REPL` is set.
pub fn interactive(quiet: bool, begins: bool) -> i32 {
    if !quiet {
        let platform = if cfg!(target_os = "macos") { "darwin" } else { "linux" };
        error_display::write_stderr(&format!("Taipan {} on {platform}\n", crate::sys::version()));
        if !sys::config::settings().no_site {
            let hint = "Type \"help\", \"copyright\", \"credits\" or \"license\" for more information.\n";
            error_display::write_stderr(hint);
        }
    }
    if begins && let Some(status) = environment("PYTHONSTARTUP").and_then(|path| run_startup(&path)) {
        return status;
    }
    if let Ok(Some(hook)) = sys::get("__interactivehook__")
        && let Err(Raised) = sys::audit("cpython.run_interactivehook", std::slice::from_ref(&hook))
            .and_then(|()| call0(&hook).map(drop))
    {
        error_display::write_stderr("Failed calling sys.__interactivehook__\n");
        error_display::show(&take_raised());
    }
    if terminal() && environment("PYTHON_BASIC_REPL").is_none() {
        match editor() {
            Ok(Some(console)) => return super::finish(run_editor(&console)),
            Ok(None) => {}
            Err(Raised) => drop(take_raised()),
        }
    }
    basic().unwrap_or(0)
}

/// A variable of the environment that is set, not empty, and not to be ignored.
fn environment(name: &str) -> Option<String> {
    if sys::config::settings().ignore_environment {
        return None;
    }
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Executes the file that `PYTHONSTARTUP` names; the exit status if it asks for the end.
fn run_startup(path: &str) -> Option<i32> {
    let result = sys::audit("cpython.run_startup", &[str_obj(path)]).and_then(|()| {
        let bytes = std::fs::read(path).map_err(|error| {
            let number = error.raw_os_error().unwrap_or(0);
            let text = taipan_objects::exceptions::strerror(number);
            error_display::write_stderr(&format!("Could not open PYTHONSTARTUP\n{path}: {text}\n"));
            Raised
        });
        let Ok(bytes) = bytes else { return Ok(()) };
        let text = crate::import::source::decode(&bytes, path, true)?;
        let code =
            compile::Source::Text(text.into()).compile(path, Mode::Exec, compile::default_options())?;
        execute(&code).map(drop)
    });
    if result.is_ok() {
        return None;
    }
    let exception = take_raised();
    if class_of(&exception).is_subtype(&types().system_exit) {
        return Some(error_display::exit_status(&exception));
    }
    error_display::show(&exception);
    None
}

/// The function that reads statements with the editor, if the terminal allows for one; the reason is shown if not.
fn editor() -> PyResult<Option<Obj>> {
    let module = crate::import::import_module("_pyrepl.main")?;
    if is_true(&getattr_str(&module, "CAN_USE_PYREPL")?)? {
        return getattr_str(&module, "interactive_console").map(Some);
    }
    let reason = str_string(&getattr_str(&module, "FAIL_REASON")?)?;
    if !reason.is_empty() {
        error_display::write_stderr(&format!("{reason}\n"));
    }
    Ok(None)
}

fn run_editor(console: &Obj) -> PyResult<()> {
    call1(console, super::main_module()?.as_obj()).map(drop)
}

/// Reads and executes statements line by line until the input ends, or until one asks for the end: then its exit status.
pub fn basic() -> Option<i32> {
    for (name, prompt) in [("ps1", ">>> "), ("ps2", "... ")] {
        if matches!(sys::get(name), Ok(None)) && sys::set(name, str_obj(prompt)).is_err() {
            drop(take_raised());
        }
    }
    let mut session = Session { statements: 0, future_flags: 0 };
    loop {
        match session.read() {
            Ok(Some(text)) => {
                if let Some(status) = session.run(&text) {
                    return Some(status);
                }
            }
            Ok(None) => {
                error_display::write_stderr("\n");
                return None;
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

/// What statements leave to those that follow.
struct Session {
    /// How many there were.
    statements: usize,
    future_flags: u32,
}

impl Session {
    fn options(&self) -> compile::CompileOptions {
        let mut options = compile::default_options();
        options.options.future_flags |= self.future_flags;
        options
    }

    /// Reads lines until they are a statement; `None` at the end of input, or when it cannot be read.
    fn read(&self) -> PyResult<Option<String>> {
        let mut text = String::new();
        loop {
            let line = match read_line(&prompt(if text.is_empty() { "ps1" } else { "ps2" })?) {
                Ok(Some(line)) => line,
                Ok(None) if text.is_empty() => return Ok(None),
                Ok(None) => {
                    error_display::write_stderr("\n");
                    return Ok(Some(text));
                }
                Err(Raised) if raised_is(&types().keyboard_interrupt) => return Err(Raised),
                Err(Raised) => {
                    error_display::show(&take_raised());
                    return Ok(None);
                }
            };
            let start = line.trim_start();
            if text.is_empty() && (start.is_empty() || start.starts_with('#')) {
                continue;
            }
            text.push_str(&line);
            text.push('\n');
            match taipan_compiler::interactive(&text, line.is_empty(), self.options().options) {
                Input::Statement => return Ok(Some(text)),
                Input::Unfinished => {}
                Input::Wrong(info) => return Err(compile::raise_syntax_error(&info, "<stdin>", false)),
            }
        }
    }

    /// Executes a statement; the exit status if it asks for the end.
    fn run(&mut self, text: &str) -> Option<i32> {
        let name = format!("<stdin-{}>", self.statements);
        self.statements += 1;
        let result = self.compile(text, &name).and_then(|code| {
            self.future_flags |= code.unit.flags & FUTURE_MASK;
            note_source(&code, text, "<stdin>");
            execute(&code)
        });
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

    fn compile(&self, text: &str, name: &str) -> PyResult<Py<PyCode>> {
        let options = self.options();
        match taipan_compiler::compile_with_warnings(text, name, Mode::Single, options.options) {
            Ok((unit, warnings)) => {
                compile::warn_all(&warnings, name, text)?;
                Ok(PyCode::new(unit))
            }
            Err(mut info) => {
                // No file holds the line.
                let line = text.split_inclusive('\n').nth(info.line.saturating_sub(1) as usize);
                info.text = info.text.or_else(|| line.map(str::to_owned));
                Err(compile::raise_syntax_error(&info, name, false))
            }
        }
    }
}

fn prompt(name: &str) -> PyResult<Obj> {
    match sys::get(name)?.filter(|p| !is_none(p)) {
        Some(prompt) => Ok(str(&prompt)?.into_obj()),
        None => Ok(str_obj("")),
    }
}

/// Whether somebody sits at both ends.
fn terminal() -> bool {
    use std::io::IsTerminal;
    std::io::stdin().is_terminal() && std::io::stdout().is_terminal()
}

/// A line of input without its end; `None` if there is none. Prompts go to standard error unless both ends are a terminal, as they belong
/// to nobody's data.
fn read_line(prompt: &Obj) -> PyResult<Option<String>> {
    if sys::get("stdin")?.is_none_or(|stream| is_none(&stream)) {
        return Ok(None);
    }
    let input = crate::builtins::get("input")?;
    let line = if terminal() {
        call1(&input, prompt)
    } else {
        crate::init::flush_streams();
        error_display::write_stderr(&str_string(prompt)?);
        call1(&input, &str_obj(""))
    };
    match line {
        Ok(line) => str_string(&line).map(Some),
        Err(Raised) => catch(&types().eof_error).map(|_| None),
    }
}
