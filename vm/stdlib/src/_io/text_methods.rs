//! The Python methods of `TextIOWrapper`. What they do to the state is in the files beside.

use taipan_objects::istr;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;
use taipan_threading::sync::atomic::Ordering;

use super::base::both;
use super::text::{Entered, PyTextIOWrapper, newline_argument};
use super::text_codec::locale_encoding;
use super::{Size, classes, this, unsupported};

fn text_argument(obj: &Obj) -> PyResult<&PyStr> {
    match obj.downcast::<PyStr>() {
        Some(text) => Ok(text),
        None => Err(type_error(format!("write() argument must be str, not {}", class_of(obj).name()))),
    }
}

fn text_option(value: Option<&Obj>, name: &str) -> PyResult<Option<String>> {
    match value.filter(|v| !is_none(v)) {
        None => Ok(None),
        Some(value) => match value.downcast::<PyStr>() {
            Some(text) => Ok(Some(text.to_utf8()?.into_owned())),
            None => Err(type_error(format!(
                "reconfigure() argument '{name}' must be str or None, not {}",
                class_of(value).name()
            ))),
        },
    }
}

#[pymethods(class = "_io.TextIOWrapper")]
impl PyTextIOWrapper {
    #[pymethod]
    fn write(slf: &Obj, text: &Obj) -> PyResult<usize> {
        let this = this::<PyTextIOWrapper>(slf)?;
        let given = text_argument(text)?;
        if class_of(text).is(&types().str) {
            return this.write_text(slf, given, false);
        }
        let replaced = this.with_newlines(slf, text)?;
        this.write_text(slf, text_argument(&replaced)?, !replaced.is(text))?;
        Ok(given.len())
    }
    #[pymethod(sig = "(size=-1, /)")]
    fn read(slf: &Obj, size: Option<Size>) -> PyResult<Py<PyStr>> {
        let this = this::<PyTextIOWrapper>(slf)?;
        let Entered { buffer, mut state } = this.enter(slf)?;
        match usize::try_from(size.map_or(-1, |s| s.0)) {
            Ok(count) => this.read_characters(&mut state, &buffer, count),
            Err(_) => this.read_rest(&mut state, &buffer),
        }
    }
    #[pymethod(sig = "(size=-1, /)")]
    fn readline(slf: &Obj, size: Option<isize>) -> PyResult<Py<PyStr>> {
        let this = this::<PyTextIOWrapper>(slf)?;
        let Entered { buffer, mut state } = this.enter(slf)?;
        this.read_line(&mut state, &buffer, usize::try_from(size.unwrap_or(-1)).ok())
    }
    #[pymethod]
    fn flush(slf: &Obj) -> PyResult<()> {
        let this = this::<PyTextIOWrapper>(slf)?;
        let Entered { buffer, mut state } = this.enter(slf)?;
        state.telling = state.seekable;
        this.write_pending(&mut state, &buffer)?;
        drop(state);
        // What was written may have detached it.
        this.flush_buffer(&this.buffer()?)
    }
    #[pymethod]
    fn close(slf: &Obj) -> PyResult<()> {
        let this = this::<PyTextIOWrapper>(slf)?;
        let buffer = this.buffer()?;
        // It may be detached by who says whether it is closed.
        if this.is_closed(&buffer)? || this.is_detached() {
            return Ok(());
        }
        if this.finalizing.load(Ordering::Relaxed)
            && let Some(warn) = getattr_opt(&buffer, &istr!("_dealloc_warn"))?
            && call1(&warn, slf).is_err()
        {
            drop(take_raised());
        }
        let flushed = call_method_str(slf, "flush", &[]).map(drop);
        both(flushed, || call_method_str(&this.buffer()?, "close", &[]).map(drop))
    }
    #[pymethod]
    fn detach(slf: &Obj) -> PyResult<Obj> {
        let this = this::<PyTextIOWrapper>(slf)?;
        this.buffer()?;
        call_method_str(slf, "flush", &[])?;
        let buffer = this.buffer()?;
        this.set_phase_detached();
        drop(this.buffer.take());
        super::base::note_wrapped(&buffer, false);
        Ok(buffer)
    }
    #[pymethod(sig = "(cookie, whence=0, /)", text = "($self, cookie, whence=os.SEEK_SET, /)")]
    fn seek(slf: &Obj, cookie: &Obj, whence: Option<i32>) -> PyResult<Obj> {
        this::<PyTextIOWrapper>(slf)?.seek_cookie(slf, cookie, whence.unwrap_or(0))
    }
    #[pymethod]
    fn tell(slf: &Obj) -> PyResult<Obj> {
        this::<PyTextIOWrapper>(slf)?.tell_cookie(slf)
    }
    #[pymethod(sig = "(pos=None, /)")]
    fn truncate(slf: &Obj, pos: Option<&Obj>) -> PyResult<Obj> {
        let this = this::<PyTextIOWrapper>(slf)?;
        this.buffer()?;
        call_method_str(slf, "flush", &[])?;
        call_method_str(&this.buffer()?, "truncate", &[pos.cloned().unwrap_or_else(none)])
    }
    #[pymethod]
    fn fileno(&self) -> PyResult<Obj> {
        call_method_str(&self.buffer()?, "fileno", &[])
    }
    #[pymethod]
    fn seekable(&self) -> PyResult<Obj> {
        call_method_str(&self.buffer()?, "seekable", &[])
    }
    #[pymethod]
    fn readable(&self) -> PyResult<Obj> {
        call_method_str(&self.buffer()?, "readable", &[])
    }
    #[pymethod]
    fn writable(&self) -> PyResult<Obj> {
        call_method_str(&self.buffer()?, "writable", &[])
    }
    #[pymethod]
    fn isatty(&self) -> PyResult<Obj> {
        call_method_str(&self.buffer()?, "isatty", &[])
    }
    /// Reconfigure the text stream with new parameters.
    ///
    /// This also does an implicit stream flush.
    #[pymethod(
        sig = "(*, encoding=None, errors=None, newline=None, line_buffering=None, write_through=None)"
    )]
    fn reconfigure(
        slf: &Obj,
        encoding: Option<&Obj>,
        errors: Option<&Obj>,
        newline: Option<&Obj>,
        line_buffering: Option<&Obj>,
        write_through: Option<&Obj>,
    ) -> PyResult<()> {
        let this = this::<PyTextIOWrapper>(slf)?;
        let encoding = text_option(encoding, "encoding")?;
        let errors = text_option(errors, "errors")?;
        if let Some((name, _)) = encoding.as_deref().and_then(|encoding| encoding.split_once('\0')) {
            return Err(lookup_error(format!("unknown encoding: {name}")));
        }
        // Not given at all, or `None`: both are values here.
        let newline = match newline {
            None => None,
            Some(value) if is_none(value) => Some(None),
            Some(value) => match value.downcast::<PyStr>() {
                Some(text) => Some(newline_argument(Some(&text.to_utf8()?), false)?),
                None => {
                    return Err(type_error(format!(
                        "reconfigure() argument 'newline' must be str or None, not {}",
                        class_of(value).name()
                    )));
                }
            },
        };
        let flag = |value: Option<&Obj>, now: bool| -> PyResult<bool> {
            match value.filter(|v| !is_none(v)) {
                Some(value) => Ok(index_word_or(value, &types().overflow_error)? != 0),
                None => Ok(now),
            }
        };
        let lines = flag(line_buffering, this.line_buffering.load(Ordering::Relaxed))?;
        let through = flag(write_through, this.write_through.load(Ordering::Relaxed))?;
        {
            let Entered { state, .. } = this.enter(slf)?;
            if !state.decoded.is_empty() && (encoding.is_some() || errors.is_some() || newline.is_some()) {
                return Err(unsupported(
                    "It is not possible to set the encoding or newline of stream after the first read",
                ));
            }
        }
        call_method_str(slf, "flush", &[])?;
        let Entered { buffer, mut state } = this.enter(slf)?;
        if encoding.is_some() || errors.is_some() || newline.is_some() {
            let old = |slot: &Slot| -> PyResult<String> {
                slot.load().map_or_else(|| Ok(String::new()), |text| str_string(&text))
            };
            let encoding_now = match encoding.as_deref() {
                None => old(&this.encoding)?,
                Some("locale") => locale_encoding(),
                Some(encoding) => encoding.to_owned(),
            };
            let errors_now = match errors {
                Some(errors) => errors,
                None if encoding.is_some() => "strict".to_owned(),
                None => old(&this.errors)?,
            };
            if let Some(newline) = newline {
                state.set_newline(newline);
            }
            this.set_codecs(&mut state, &encoding_now, &errors_now)?;
            this.encoding.store(str_obj(&encoding_now));
            this.errors.store(str_obj(&errors_now));
            this.begin(&mut state, &buffer)?;
        }
        this.line_buffering.store(lines, Ordering::Relaxed);
        this.write_through.store(through, Ordering::Relaxed);
        Ok(())
    }
    #[pymethod]
    fn __getstate__(slf: &Obj) -> PyResult<Obj> {
        Err(type_error(format!("cannot pickle '{}' instances", class_of(slf).short_name())))
    }
    #[pygetset(name = "encoding")]
    fn get_encoding(&self) -> Obj {
        self.encoding.load().unwrap_or_else(none)
    }
    #[pygetset(name = "errors")]
    fn get_errors(&self) -> PyResult<Obj> {
        match self.errors.load() {
            Some(errors) => Ok(errors),
            None => self.buffer().map(|_| none()),
        }
    }
    #[pygetset(name = "buffer")]
    fn get_buffer(&self) -> PyResult<Obj> {
        self.buffer()
    }
    #[pygetset]
    fn name(&self) -> PyResult<Obj> {
        getattr(&self.buffer()?, &istr!("name"))
    }
    #[pygetset]
    fn closed(&self) -> PyResult<bool> {
        self.is_closed(&self.buffer()?)
    }
    #[pygetset]
    fn newlines(slf: &Obj) -> PyResult<Obj> {
        let this = this::<PyTextIOWrapper>(slf)?;
        this.buffer()?;
        let state = this.lock.enter(slf)?;
        Ok(if state.universal && state.can_read { state.newlines.seen() } else { none() })
    }
    #[pygetset(name = "line_buffering")]
    fn get_line_buffering(&self) -> bool {
        self.line_buffering.load(Ordering::Relaxed)
    }
    #[pygetset(name = "write_through")]
    fn get_write_through(&self) -> bool {
        self.write_through.load(Ordering::Relaxed)
    }
    #[pygetset(name = "_CHUNK_SIZE")]
    fn chunk_size(slf: &Obj) -> PyResult<usize> {
        let this = this::<PyTextIOWrapper>(slf)?;
        this.buffer()?;
        Ok(this.lock.enter(slf)?.chunk_size)
    }
    #[pygetset(setter = "_CHUNK_SIZE")]
    fn set_chunk_size(slf: &Obj, value: Option<&Obj>) -> PyResult<()> {
        let this = this::<PyTextIOWrapper>(slf)?;
        this.buffer()?;
        let Some(value) = value else {
            return Err(attribute_error("attribute '_CHUNK_SIZE' cannot be deleted"));
        };
        match usize::try_from(index_word_or(value, &types().value_error)?) {
            Ok(size) if size > 0 => {
                this.lock.enter(slf)?.chunk_size = size;
                Ok(())
            }
            _ => Err(value_error("a strictly positive integer is required")),
        }
    }
    #[pygetset(name = "_finalizing")]
    fn is_finalizing(&self) -> bool {
        self.finalizing.load(Ordering::Relaxed)
    }
    #[pygetset(setter = "_finalizing")]
    fn set_finalizing(&self, value: Option<&Obj>) -> PyResult<()> {
        let on = value.map(is_true).transpose()?.unwrap_or(false);
        self.finalizing.store(on, Ordering::Relaxed);
        Ok(())
    }
}

pub fn next_line(obj: &Obj) -> PyResult<Option<Obj>> {
    let this = this::<PyTextIOWrapper>(obj)?;
    if class_of(obj).is(&classes().text_io_wrapper) {
        if let Some(line) = this.line_at_hand(obj)? {
            return Ok(Some(line.into_obj()));
        }
        let Entered { buffer, mut state } = this.enter(obj)?;
        state.telling = false;
        let line = this.read_line(&mut state, &buffer, None)?;
        if line.is_empty() {
            state.snapshot = None;
            state.telling = state.seekable;
            return Ok(None);
        }
        return Ok(Some(line.into_obj()));
    }
    this.enter(obj)?.state.telling = false;
    let line = call_method_str(obj, "readline", &[])?;
    let Some(text) = line.downcast::<PyStr>() else {
        let message =
            format!("readline() should have returned a str object, not '{}'", class_of(&line).name());
        return Err(raise_message(&types().os_error, message));
    };
    if text.is_empty() {
        let mut entered = this.enter(obj)?;
        entered.state.snapshot = None;
        entered.state.telling = entered.state.seekable;
        return Ok(None);
    }
    Ok(Some(line))
}

pub fn repr(obj: &Obj) -> PyResult<Obj> {
    let this = this::<PyTextIOWrapper>(obj)?;
    let class = class_of(obj).full_name();
    let Some(encoding) = this.encoding.load() else {
        return Err(value_error("I/O operation on uninitialized object"));
    };
    let Some(_guard) = ReprGuard::enter(obj) else {
        return Err(runtime_error(format!("reentrant call inside {class}.__repr__")));
    };
    let mut text = format!("<{class}");
    for attribute in ["name", "mode"] {
        match getattr_str(obj, attribute) {
            Ok(value) => text.push_str(&format!(" {attribute}={}", repr_string(&value)?)),
            // A detached stream has none, either.
            Err(Raised) if raised_is(&types().value_error) || raised_is(&types().attribute_error) => {
                drop(take_raised())
            }
            Err(Raised) => return Err(Raised),
        }
    }
    text.push_str(&format!(" encoding={}>", repr_string(&encoding)?));
    Ok(str_obj(&text))
}
