//! `_io`: files, buffers and text streams. Parts: the abstract classes, raw files, buffered streams, text streams, in-memory streams, `open`.
//!
//! Invariants: a stream's state is touched only by the thread that holds the stream's lock ([`lock`]), which is let go while no method of the
//! stream runs; locks are taken from text stream to buffered stream to raw file, never the other way; whatever blocks runs detached.

mod base;
pub mod buffered;
mod buffered_pair;
mod bytes_io;
mod file_io;
mod lock;
mod newline;
mod open;
mod raw;
mod string_io;
pub mod text;
mod text_codec;
mod text_methods;
mod text_position;
mod text_write;

pub use open::{open_file, standard_stream};
pub use text_codec::locale_encoding;

use std::sync::OnceLock;

use taipan_objects::native::*;
use taipan_objects::prelude::*;

/// `io.DEFAULT_BUFFER_SIZE`.
pub const DEFAULT_BUFFER_SIZE: usize = 128 * 1024;

/// The classes, made when first needed.
pub struct Classes {
    pub io_base: Py<PyType>,
    pub raw_io_base: Py<PyType>,
    pub buffered_io_base: Py<PyType>,
    pub text_io_base: Py<PyType>,
    pub file_io: Py<PyType>,
    pub bytes_io: Py<PyType>,
    pub string_io: Py<PyType>,
    pub buffered_reader: Py<PyType>,
    pub buffered_writer: Py<PyType>,
    pub buffered_random: Py<PyType>,
    pub buffered_rw_pair: Py<PyType>,
    pub text_io_wrapper: Py<PyType>,
    pub newline_decoder: Py<PyType>,
}

/// The classes of the module.
pub fn classes() -> &'static Classes {
    static CLASSES: OnceLock<Classes> = OnceLock::new();
    CLASSES.get_or_init(|| {
        let io_base = base::make_io_base();
        let raw_io_base = base::make_raw_io_base(&io_base);
        let buffered_io_base = base::make_buffered_io_base(&io_base);
        let text_io_base = base::make_text_io_base(&io_base);
        Classes {
            file_io: file_io::make_class(&raw_io_base),
            bytes_io: bytes_io::make_class(&buffered_io_base),
            string_io: string_io::make_class(&text_io_base),
            buffered_reader: buffered::make_reader(&buffered_io_base),
            buffered_writer: buffered::make_writer(&buffered_io_base),
            buffered_random: buffered::make_random(&buffered_io_base),
            buffered_rw_pair: buffered_pair::make_class(&buffered_io_base),
            text_io_wrapper: text::make_class(&text_io_base),
            newline_decoder: newline::make_class(),
            io_base,
            raw_io_base,
            buffered_io_base,
            text_io_base,
        }
    })
}

/// `io.UnsupportedOperation`.
pub fn unsupported_operation() -> PyResult<Py<PyType>> {
    static CLASS: OnceLock<Py<PyType>> = OnceLock::new();
    if let Some(class) = CLASS.get() {
        return Ok(class.clone());
    }
    let bases = tuple_obj(vec![types().os_error.to_obj(), types().value_error.to_obj()]);
    let namespace = dict_obj();
    namespace.set_str("__module__", str_obj("io"));
    let class =
        call(types().type_.as_obj(), &[str_obj("UnsupportedOperation"), bases, namespace.into_obj()])?;
    let class = class.into_py::<PyType>().map_err(|_| system_error("type() gave no class"))?;
    Ok(CLASS.get_or_init(|| class).clone())
}

/// Raises `UnsupportedOperation(message)`.
#[cold]
pub(crate) fn unsupported(message: &str) -> Raised {
    match unsupported_operation() {
        Ok(class) => raise_args(&class, vec![str_obj(message)]),
        Err(raised) => raised,
    }
}

#[cold]
fn closed_file() -> Raised {
    value_error("I/O operation on closed file.")
}

/// The instance of `T` behind a receiver.
#[inline(always)]
fn this<T: taipan_objects::Object>(obj: &Obj) -> PyResult<&T> {
    #[cold]
    fn unexpected(obj: &Obj) -> Raised {
        type_error(format!("unexpected receiver of type '{}'", class_of(obj).name()))
    }
    obj.downcast::<T>().ok_or_else(|| unexpected(obj))
}

/// The instance's own class object for `__new__`, whose instances must have layout `T`.
fn class_argument<T: taipan_objects::Object>(class: &Obj) -> PyResult<&PyType> {
    let Some(class) = class.downcast::<PyType>() else { return Err(type_error("X is not a type object")) };
    taipan_objects::type_object::check_layout::<T>(class)?;
    Ok(class)
}

/// A size argument: an int, or `None` for "all".
struct Size(isize);

impl<'a> FromArg<'a> for Size {
    fn from_arg(obj: &'a Obj) -> PyResult<Self> {
        if obj.value().is_int() {
            return Ok(Size(obj.value().as_int() as isize));
        }
        if taipan_objects::singletons::is_none(obj) {
            return Ok(Size(-1));
        }
        if has_index(obj) {
            return index_word_or(obj, &types().overflow_error).map(Size);
        }
        Err(type_error(format!("argument should be integer or None, not '{}'", class_of(obj).name())))
    }
}

/// The io module provides the Python interfaces to stream handling. The
/// builtin open function is defined in this module.
#[pymodule(name = "_io")]
mod items {
    use super::*;

    #[pyattr(name = "DEFAULT_BUFFER_SIZE")]
    fn default_buffer_size() -> usize {
        DEFAULT_BUFFER_SIZE
    }

    /// Open file and return a stream.  Raise OSError upon failure.
    #[pyfunction(
        sig = "(file, mode='r', buffering=-1, encoding=None, errors=None, newline=None, closefd=True, opener=None)"
    )]
    #[allow(clippy::too_many_arguments)]
    fn open(
        file: &Obj,
        mode: &str,
        buffering: i32,
        encoding: Option<&str>,
        errors: Option<&str>,
        newline: Option<&str>,
        closefd: bool,
        opener: Option<&Obj>,
    ) -> PyResult<Obj> {
        open_file(file, mode, buffering, encoding, errors, newline, closefd, opener)
    }

    /// Opens the provided file with the intent to import the contents.
    ///
    /// This may perform extra validation beyond open(), but is otherwise interchangeable
    /// with calling open(path, 'rb').
    #[pyfunction(sig = "(path)")]
    fn open_code(path: &Obj) -> PyResult<Obj> {
        if !path.is_layout::<PyStr>() {
            return Err(type_error(format!(
                "open_code() argument 'path' must be str, not {}",
                class_of(path).name()
            )));
        }
        open_file(path, "rb", -1, None, None, None, true, None)
    }

    /// A helper function to choose the text encoding.
    ///
    /// When encoding is not None, this function returns it.
    /// Otherwise, this function returns the default text encoding
    /// (i.e. "locale" or "utf-8" depends on UTF-8 mode).
    #[pyfunction(sig = "(encoding, stacklevel=2, /)")]
    fn text_encoding(encoding: &Obj, stacklevel: Option<i32>) -> PyResult<Obj> {
        if taipan_objects::singletons::is_none(encoding) {
            text_codec::warn_of_default(i64::from(stacklevel.unwrap_or(2)))?;
            return Ok(str_obj(if text_codec::utf8_mode() { "utf-8" } else { "locale" }));
        }
        Ok(encoding.clone())
    }

    #[pyinit]
    fn init(module: &PyModuleBuilder<'_>) -> PyResult<()> {
        let c = classes();
        let all = [
            ("_IOBase", &c.io_base),
            ("_RawIOBase", &c.raw_io_base),
            ("_BufferedIOBase", &c.buffered_io_base),
            ("_TextIOBase", &c.text_io_base),
            ("FileIO", &c.file_io),
            ("BytesIO", &c.bytes_io),
            ("StringIO", &c.string_io),
            ("BufferedReader", &c.buffered_reader),
            ("BufferedWriter", &c.buffered_writer),
            ("BufferedRandom", &c.buffered_random),
            ("BufferedRWPair", &c.buffered_rw_pair),
            ("TextIOWrapper", &c.text_io_wrapper),
            ("IncrementalNewlineDecoder", &c.newline_decoder),
            ("BlockingIOError", &types().blocking_io_error),
        ];
        for (name, class) in all {
            module.add(name, class.to_obj())?;
        }
        module.add("UnsupportedOperation", unsupported_operation()?.into_obj())
    }
}
