//! `print` and `input`.

use taipan_objects::hooks;
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
            _ => Err(runtime_error(format!("input(): lost sys.{name}"))),
        };
        let (stdin, stdout, stderr) = (stream("stdin")?, stream("stdout")?, stream("stderr")?);
        let _ = hooks::builtin;
        if call_method(&stderr, &istr!("flush"), &[]).is_err() {
            drop(take_raised());
        }
        if let Some(prompt) = prompt {
            let text = str(prompt)?;
            drop(call_method(&stdout, &istr!("write"), &[text.into_obj()])?);
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
        match text.utf8() {
            Ok(text) => Ok(str_obj(text.strip_suffix('\n').unwrap_or(&text))),
            Err(Raised) => {
                drop(take_raised());
                call_method_str(&line, "removesuffix", &[str_obj("\n")])
            }
        }
    }
}
