//! The standard streams.

use std::sync::OnceLock;

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::type_object::{TypeBuilder, new_instance};
use taipan_threading::sync::atomic::{AtomicU8, Ordering};

use crate::sys::config::settings;

/// Bit by bit: which of the standard files were closed when the program began.
static CLOSED: AtomicU8 = AtomicU8::new(0);

/// Rust's runtime opens the null device in place of standard files that are closed, before `main`: this has to run earlier.
#[used]
#[cfg_attr(target_os = "macos", unsafe(link_section = "__DATA,__mod_init_func"))]
#[cfg_attr(not(target_os = "macos"), unsafe(link_section = ".init_array"))]
static NOTE_CLOSED: extern "C" fn() = note_closed;

extern "C" fn note_closed() {
    for descriptor in 0..3 {
        // SAFETY: asks about a descriptor number, whatever it is.
        if unsafe { libc::fcntl(descriptor, libc::F_GETFD) } == -1 {
            // Relaxed: there are no other threads yet.
            CLOSED.fetch_or(1 << descriptor, Ordering::Relaxed);
        }
    }
}

/// Closes what was closed when the program began.
pub fn restore_closed() {
    let closed = CLOSED.swap(0, Ordering::Relaxed);
    for descriptor in (0..3).filter(|descriptor| closed & 1 << descriptor != 0) {
        // SAFETY: the null device, opened for the program without its knowledge.
        unsafe { libc::close(descriptor) };
    }
}

/// A stream without `io`: text to a file descriptor. Stands in for `sys.stderr` while the real one cannot be made yet.
#[repr(C)]
struct PyPlainStream {
    header: Header,
    descriptor: i32,
}
layout!(PyPlainStream, "PlainStream");

#[pymethods(class = "PlainStream")]
impl PyPlainStream {
    #[pymethod]
    fn write(&self, text: &str) -> PyResult<usize> {
        use std::io::Write;
        let result = if self.descriptor == 2 {
            std::io::stderr().write_all(text.as_bytes())
        } else {
            std::io::stdout().write_all(text.as_bytes())
        };
        match result {
            Ok(()) => Ok(text.chars().count()),
            Err(error) => Err(taipan_objects::exceptions::io_error(&error, None)),
        }
    }
    #[pymethod]
    fn flush(&self) -> PyResult<()> {
        use std::io::Write;
        match std::io::stdout().flush() {
            Ok(()) => Ok(()),
            Err(error) => Err(taipan_objects::exceptions::io_error(&error, None)),
        }
    }
}

fn plain(descriptor: i32) -> Obj {
    static CLASS: OnceLock<Py<PyType>> = OnceLock::new();
    let class = CLASS.get_or_init(|| {
        TypeBuilder::new("PlainStream", <PyPlainStream as Object>::ops())
            .final_()
            .no_instantiation()
            .methods(PyPlainStream::methods())
            .make()
    });
    new_instance(class, |header| PyPlainStream { header, descriptor }).into_obj()
}

/// Streams that work before `io` does.
pub fn preliminary() -> PyResult<()> {
    for (name, descriptor) in [("stdout", 1), ("stderr", 2)] {
        crate::sys::set(name, plain(descriptor))?;
    }
    crate::sys::set("stdin", none())
}

/// Whether the locale asks for plain ASCII, which is taken for UTF-8 that lets anything through (PEP 538, PEP 540).
fn is_c_locale() -> bool {
    // SAFETY: asks for the name of the current locale, which is read at once.
    let name = unsafe { libc::setlocale(libc::LC_CTYPE, std::ptr::null()) };
    if name.is_null() {
        return false;
    }
    // SAFETY: not null, so a text that ends with NUL.
    let name = unsafe { std::ffi::CStr::from_ptr(name) };
    matches!(name.to_bytes(), b"C" | b"POSIX" | b"C.UTF-8" | b"C.utf8" | b"UTF-8")
}

/// Opens the standard streams and makes `open` a builtin.
pub fn open() -> PyResult<()> {
    if crate::import::native_module("_io").is_none() {
        return Ok(());
    }
    let io = crate::import::import_module("io")?;
    let open = getattr_str(&io, "open")?;
    crate::builtins::module()?.dict_ref().set_str("open", open.clone());
    let settings = settings();
    let (mut encoding, mut errors) =
        ("utf-8".to_owned(), if is_c_locale() { "surrogateescape" } else { "strict" }.to_owned());
    if settings.utf8_mode > 0 {
        errors = "surrogateescape".to_owned();
    } else if let Some(charset) = &settings.charset {
        // A charset without a codec is left for UTF-8.
        encoding = codec_name(charset).unwrap_or_else(|Raised| {
            drop(taipan_objects::error::try_take_raised());
            encoding
        });
    }
    if let Some(choice) = &settings.io_encoding {
        let (name, handler) = choice.split_once(':').unwrap_or((choice, ""));
        if !name.is_empty() {
            encoding = codec_name(name).unwrap_or_else(|Raised| {
                drop(taipan_objects::error::try_take_raised());
                name.to_owned()
            });
            errors = "strict".to_owned();
        }
        if !handler.is_empty() {
            errors = handler.to_owned();
        }
    }
    for (descriptor, name, mode) in [(0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")] {
        let errors = if descriptor == 2 { "backslashreplace" } else { &errors };
        let stream = stream(&io, &open, descriptor, name, mode, &encoding, errors)?;
        crate::sys::set(name, stream.clone())?;
        crate::sys::set(&format!("__{name}__"), stream)?;
    }
    Ok(())
}

/// What a codec calls itself.
fn codec_name(name: &str) -> PyResult<String> {
    let found = call_method_str(&crate::import::import_module("_codecs")?, "lookup", &[str_obj(name)])?;
    let own = getattr_str(&found, "name")?;
    Ok(own.downcast::<PyStr>().map_or_else(|| name.to_owned(), |own| own.to_string_lossy().into_owned()))
}

fn stream(
    io: &Obj,
    open: &Obj,
    descriptor: i32,
    name: &str,
    mode: &str,
    encoding: &str,
    errors: &str,
) -> PyResult<Obj> {
    // SAFETY: asks about a descriptor number, whatever it is.
    if unsafe { libc::fcntl(descriptor, libc::F_GETFD) } == -1 {
        return Ok(none());
    }
    let unbuffered = crate::sys::config::settings().unbuffered && descriptor != 0;
    let raw_mode = format!("{mode}b");
    let buffering = if unbuffered { 0 } else { -1 };
    let names = |names: &[&str]| -> Vec<Obj> { names.iter().map(|n| intern(n).into_obj()).collect() };
    let opened = call_args(
        open,
        &Args::with_keywords(
            &[int_obj(descriptor.into()), str_obj(&raw_mode), int_obj(buffering)],
            &names(&["closefd"]),
            &[bool_obj(false)],
        ),
    );
    let buffer = match opened {
        Ok(buffer) => buffer,
        // For example a folder as standard input.
        Err(Raised) => {
            drop(catch(&types().os_error)?);
            return Ok(none());
        }
    };
    let raw = if unbuffered { buffer.clone() } else { getattr_str(&buffer, "raw")? };
    setattr(&raw, &istr!("name"), &str_obj(&format!("<{name}>")))?;
    let is_terminal = is_true(&call_method_str(&raw, "isatty", &[])?)?;
    let line_buffering = is_terminal || descriptor == 2;
    let wrapper = getattr_str(io, "TextIOWrapper")?;
    let text = call_args(
        &wrapper,
        &Args::with_keywords(
            std::slice::from_ref(&buffer),
            &names(&["encoding", "errors", "newline", "line_buffering", "write_through"]),
            &[
                str_obj(encoding),
                str_obj(errors),
                if mode == "r" { none() } else { str_obj("\n") },
                bool_obj(line_buffering),
                bool_obj(unbuffered),
            ],
        ),
    )?;
    setattr(&text, &istr!("mode"), &str_obj(mode))?;
    Ok(text)
}
