//! Running programs: commands, files, modules, standard input; in `run/interactive.rs` the interactive loop.
//!
//! Everything here gives an exit status; what a program raises is shown, never passed on.

use taipan_objects::code::PyCode;
use taipan_objects::module::PyModule;
use taipan_objects::prelude::*;

use crate::builtins::compile::{self, Mode};
use crate::{error_display, import, sys};

mod interactive;

pub use interactive::{basic, interactive};

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
pub fn command(text: &std::ffi::OsStr) -> i32 {
    let text = path_obj(text);
    let Some(text) = text.downcast::<PyStr>() else { return 1 };
    match text.utf8() {
        Ok(text) => finish(run_command(&text)),
        Err(Raised) => {
            error_display::write_stderr("Unable to decode the command from the command line:\n");
            error_display::handle_uncaught()
        }
    }
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

/// Runs a text in `__main__` on behalf of an embedding program: 0, or -1 after showing what it raised.
pub fn simple_text(text: &str) -> i32 {
    match run_command(text) {
        Ok(()) => 0,
        Err(Raised) => {
            error_display::show(&take_raised());
            -1
        }
    }
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
        .map(|l| match l.strip_prefix(margin) {
            Some(rest) if !l.trim().is_empty() => rest,
            // Of a blank line nothing but its end is left.
            _ => &l[l.trim_end_matches(['\r', '\n']).len()..],
        })
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

/// A file, or a folder or archive with a `__main__`.
pub fn script(path: &std::path::Path, program: &str, skip_first_line: bool) -> i32 {
    // Programs are told where the file is, whatever becomes the current folder.
    let absolute = std::env::current_dir().map_or_else(|_| path.to_path_buf(), |folder| folder.join(path));
    let shown = absolute.to_string_lossy();
    if is_container(path) {
        return finish(run_container(&path_obj(&absolute)));
    }
    // The `__file__` of a module of the library need not be a file.
    let bytes = match std::fs::read(path).or_else(|error| embedded_script(&shown).ok_or(error)) {
        Ok(bytes) => bytes,
        Err(error) => {
            let number = error.raw_os_error().unwrap_or(0);
            let text = taipan_objects::exceptions::strerror(number);
            error_display::write_stderr(&format!(
                "{program}: can't open file '{}': [Errno {number}] {text}\n",
                shown
            ));
            return 2;
        }
    };
    let file = path_obj(&absolute);
    finish(match is_compiled(&bytes, &shown) {
        Ok(true) => run_compiled(&bytes, file),
        Ok(false) => run_source(&bytes, &shown, file, skip_first_line),
        Err(Raised) => Err(Raised),
    })
}

/// A path as programs see it: what is no UTF-8 in it is escaped.
pub(crate) fn path_obj(path: impl AsRef<std::ffi::OsStr>) -> Obj {
    use std::os::unix::ffi::OsStrExt;
    taipan_objects::str::codecs::decode_fs(path.as_ref().as_bytes()).into_obj()
}

/// The content of a module of the embedded library that is run as a script.
fn embedded_script(path: &str) -> Option<Vec<u8>> {
    import::embedded::relative(path).and_then(import::embedded::content)
}

/// Whether a path is one to import from: a folder, a file that ends like a zip archive, or something below such a file.
pub fn is_container(path: &std::path::Path) -> bool {
    if !path.exists() {
        let there = path.ancestors().skip(1).find(|folder| folder.exists());
        return there.is_some_and(|file| file.is_file() && is_container(file));
    }
    use std::io::{Read, Seek, SeekFrom};
    if path.is_dir() {
        return true;
    }
    // A folder within an archive.
    let archive = path.ancestors().skip(1).find(|above| above.is_file());
    let path = archive.unwrap_or(path);
    // The end record of an archive is 22 bytes and a comment of at most 64 KB. Only files are looked into: reading a pipe takes from it.
    let read_end = || -> std::io::Result<Vec<u8>> {
        if !std::fs::metadata(path)?.is_file() {
            return Ok(Vec::new());
        }
        let mut file = std::fs::File::open(path)?;
        let length = file.seek(SeekFrom::End(0))?;
        file.seek(SeekFrom::Start(length.saturating_sub(22 + 0xffff)))?;
        let mut end = Vec::new();
        file.read_to_end(&mut end)?;
        Ok(end)
    };
    let end = read_end().unwrap_or_default();
    end.windows(22).enumerate().any(|(at, record)| {
        let comment = usize::from(record[20]) | usize::from(record[21]) << 8;
        record.starts_with(b"PK\x05\x06") && at + 22 + comment == end.len()
    })
}

fn magic_number() -> PyResult<Vec<u8>> {
    let Some(external) = sys::loaded("_frozen_importlib_external") else { return Ok(Vec::new()) };
    let magic = getattr_str(&external, "MAGIC_NUMBER")?;
    Ok(taipan_objects::bytes::bytes_value(&magic).unwrap_or_default().to_vec())
}

fn is_compiled(bytes: &[u8], filename: &str) -> PyResult<bool> {
    let magic = magic_number()?;
    Ok(filename.ends_with(".pyc") || (!magic.is_empty() && bytes.starts_with(&magic)))
}

/// A `.pyc` file: a header of 16 bytes and a code.
fn run_compiled(bytes: &[u8], file: Obj) -> PyResult<()> {
    let (Some(magic), Some(code)) = (bytes.get(..4), bytes.get(16..)) else {
        return Err(runtime_error("Bad magic number in .pyc file"));
    };
    if magic != magic_number()?.as_slice() {
        return Err(runtime_error("Bad magic number in .pyc file"));
    }
    let marshal = import::import_module("marshal")?;
    let code = call_method_str(&marshal, "loads", &[bytes_obj(code)])?;
    let Some(code) = code.to_py::<PyCode>() else {
        return Err(runtime_error("Bad code object in .pyc file"));
    };
    set_main_file(file, "SourcelessFileLoader")?;
    execute(&code).map(drop)
}

fn set_main_file(file: Obj, loader: &str) -> PyResult<()> {
    let main = main_module()?;
    let dict = main.dict();
    dict.set_str("__file__", file.clone());
    dict.set_str("__cached__", none());
    if let Some(external) = sys::loaded("_frozen_importlib_external") {
        let loader = getattr_str(&external, loader)?;
        dict.set_str("__loader__", call(&loader, &[str_obj("__main__"), file])?);
    }
    Ok(())
}

fn run_container(path: &Obj) -> PyResult<()> {
    if let Some(list) = sys::get("path")? {
        drop(call_method_str(&list, "insert", &[int_obj(0), path.clone()])?);
    }
    let runpy = import::import_module("runpy")?;
    call_method_str(&runpy, "_run_module_as_main", &[str_obj("__main__"), bool_obj(false)]).map(drop)
}

fn run_source(bytes: &[u8], filename: &str, file: Obj, skip_first_line: bool) -> PyResult<()> {
    let mut text = import::source::decode(bytes, filename, true)?;
    if skip_first_line {
        let end = text.find('\n').unwrap_or(text.len());
        text.replace_range(..end, "");
    }
    if text.contains('\0') {
        return Err(syntax_error("source code cannot contain null bytes"));
    }
    set_main_file(file, "SourceFileLoader")?;
    let options = compile::CompileOptions { is_file: true, ..compile::default_options() };
    let code = compile::Source::Text(text.into()).compile(filename, Mode::Exec, options)?;
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
