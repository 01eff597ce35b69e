//! `print` and `input`.

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;

#[pymodule(name = "builtins")]
mod items {
    use super::*;

    /// Prints the values to a stream, or to sys.stdout by default.
    ///
    ///   sep
    ///     string inserted between values, default a space.
    ///   end
    ///     string appended after the last value, default a newline.
    ///   file
    ///     a file-like object (stream); defaults to the current sys.stdout.
    ///   flush
    ///     whether to forcibly flush the stream.
    #[pyfunction(sig = "(*args, sep=' ', end='\\n', file=None, flush=False)")]
    fn print(
        args: &[Obj],
        sep: Option<&Obj>,
        end: Option<&Obj>,
        file: Option<&Obj>,
        flush: bool,
    ) -> PyResult<()> {
        let text_or_default = |value: Option<&Obj>, name: &str| -> PyResult<Option<Obj>> {
            match value.filter(|v| !is_none(v)) {
                None => Ok(None),
                Some(value) if value.is_layout::<PyStr>() => Ok(Some(value.clone())),
                Some(value) => Err(type_error(format!(
                    "{name} must be None or a string, not {}",
                    class_of(value).name()
                ))),
            }
        };
        let file = match file.filter(|f| !is_none(f)) {
            Some(file) => file.clone(),
            None => match crate::sys::get("stdout")? {
                None => return Err(runtime_error("lost sys.stdout")),
                Some(file) if is_none(&file) => return Ok(()),
                Some(file) => file,
            },
        };
        let sep = text_or_default(sep, "sep")?.unwrap_or_else(|| istr!(" ").as_obj().clone());
        let end = text_or_default(end, "end")?.unwrap_or_else(|| istr!("\n").as_obj().clone());
        let write = getattr(&file, &istr!("write"))?;
        for (i, value) in args.iter().enumerate() {
            if i > 0 {
                drop(call1(&write, &sep)?);
            }
            let text = str(value)?;
            drop(call1(&write, text.as_obj())?);
        }
        drop(call1(&write, &end)?);
        if flush {
            drop(call_method(&file, &istr!("flush"), &[])?);
        }
        Ok(())
    }

    /// Read a string from standard input.  The trailing newline is stripped.
    ///
    /// The prompt string, if given, is printed to standard output without a
    /// trailing newline before reading input.
    ///
    /// If the user hits EOF (*nix: Ctrl-D, Windows: Ctrl-Z+Return), raise EOFError.
    /// On *nix systems, readline is used if available.
    #[pyfunction(sig = "(prompt='', /)")]
    fn input(prompt: Option<&Obj>) -> PyResult<Obj> {
        let stream = |name: &str| match crate::sys::get(name)? {
            Some(file) if !is_none(&file) => Ok(file),
            _ => Err(runtime_error(format!("lost sys.{name}"))),
        };
        let (stdin, stdout, stderr) = (stream("stdin")?, stream("stdout")?, stream("stderr")?);
        let shown = prompt.map(str).transpose()?.map_or_else(|| str_obj(""), Py::into_obj);
        crate::sys::audit("builtins.input", std::slice::from_ref(&shown))?;
        if call_method(&stderr, &istr!("flush"), &[]).is_err() {
            drop(take_raised());
        }
        if is_terminal(&stdin, 0) && is_terminal(&stdout, 1) {
            if call_method(&stdout, &istr!("flush"), &[]).is_err() {
                drop(take_raised());
            }
            if let Some(line) = edited_line(&shown)? {
                crate::sys::audit("builtins.input/result", std::slice::from_ref(&line))?;
                return Ok(line);
            }
        }
        if prompt.is_some() {
            drop(call_method(&stdout, &istr!("write"), &[shown])?);
        }
        if call_method(&stdout, &istr!("flush"), &[]).is_err() {
            drop(take_raised());
        }
        let line = call_method(&stdin, &istr!("readline"), &[])?;
        let Some(text) = line.downcast::<PyStr>() else {
            return Err(type_error("object.readline() returned non-string"));
        };
        if text.is_empty() {
            return Err(eof_error("EOF when reading a line"));
        }
        let line = match text.utf8() {
            Ok(text) => str_obj(text.strip_suffix('\n').unwrap_or(&text)),
            Err(Raised) => {
                drop(take_raised());
                call_method_str(&line, "removesuffix", &[str_obj("\n")])?
            }
        };
        crate::sys::audit("builtins.input/result", std::slice::from_ref(&line))?;
        Ok(line)
    }
}

/// Whether a stream is the process's `number`-th file, and that a terminal.
fn is_terminal(stream: &Obj, number: i64) -> bool {
    let fileno = call_method_str(stream, "fileno", &[])
        .map(|fileno| taipan_objects::int::int_ref(&fileno).and_then(|n| n.to_i64()));
    match fileno {
        Ok(fileno) => {
            use std::io::IsTerminal;
            fileno == Some(number)
                && if number == 0 { std::io::stdin().is_terminal() } else { std::io::stdout().is_terminal() }
        }
        Err(Raised) => {
            drop(take_raised());
            false
        }
    }
}

/// A line that the user has edited, if the program has imported `readline` and the terminal allows for it.
fn edited_line(prompt: &Obj) -> PyResult<Option<Obj>> {
    let Some(readline) = crate::sys::loaded("readline") else { return Ok(None) };
    // A module of the program's own may have that name.
    let Some(read) = getattr_opt(&readline, &istr!("_read_line"))? else { return Ok(None) };
    let line = call1(&read, prompt)?;
    Ok(line.is_layout::<PyStr>().then_some(line))
}
