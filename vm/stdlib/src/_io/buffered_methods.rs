//! The Python methods of the buffered streams. What they do to the state is in the file above.

use taipan_objects::bytes::PyBytes;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;
use taipan_objects::{buffer, istr};
use taipan_threading::sync::atomic::Ordering;

use super::super::base::both;
use super::super::{Size, raw, this, unsupported};
use super::{DETACHED, Entered, PyBuffered, WRITABLE};

fn bytes_or_none(data: Option<Vec<u8>>) -> Obj {
    data.map_or_else(none, |data| PyBytes::from_vec(data).into_obj())
}

fn readinto_as(slf: &Obj, target: &Obj, once: bool) -> PyResult<Option<usize>> {
    let stream = this::<PyBuffered>(slf)?;
    stream.raw()?;
    let Some(target) = buffer::get_writable(target)? else {
        let name = if once { "readinto1" } else { "readinto" };
        return Err(type_error(format!(
            "{name}() argument must be read-write bytes-like object, not {}",
            class_of(target).name()
        )));
    };
    let data = if once {
        Some(stream.read1_into(slf, target.len)?)
    } else {
        stream.read_exactly(slf, target.len)?
    };
    let Some(data) = data else { return Ok(None) };
    target.with_mut(|bytes| bytes[..data.len()].copy_from_slice(&data));
    Ok(Some(data.len()))
}

#[pymethods(class = "_io._Buffered", part = "shared")]
impl PyBuffered {
    #[pymethod]
    fn detach(slf: &Obj) -> PyResult<Obj> {
        let this = this::<PyBuffered>(slf)?;
        this.raw()?;
        call_method_str(slf, "flush", &[])?;
        let raw = this.raw()?;
        this.phase.store(DETACHED, Ordering::Release);
        drop(this.raw.take());
        super::super::base::note_wrapped(&raw, false);
        Ok(raw)
    }
    #[pymethod(name = "flush")]
    fn py_flush(slf: &Obj) -> PyResult<()> {
        this::<PyBuffered>(slf)?.flush(slf)
    }
    #[pymethod]
    fn close(slf: &Obj) -> PyResult<()> {
        let this = this::<PyBuffered>(slf)?;
        let raw = this.raw()?;
        if this.raw_is_closed(&raw)? {
            return Ok(());
        }
        if this.finalizing.load(Ordering::Relaxed)
            && let Some(warn) = getattr_opt(&raw, &istr!("_dealloc_warn"))?
            && call1(&warn, slf).is_err()
        {
            drop(take_raised());
        }
        let flushed = call_method_str(slf, "flush", &[]).map(drop);
        both(flushed, || {
            // Whoever is in a method at this moment finishes it first.
            let lock = if this.lock.is_mine() { None } else { Some(this.lock.enter(slf)?) };
            let closed = call_method_str(&raw, "close", &[]).map(drop);
            if let Some(mut state) = lock {
                state.forget_ahead();
                state.ahead = Vec::new();
                state.pending = Vec::new();
            }
            closed
        })
    }
    #[pymethod]
    fn seekable(&self) -> PyResult<Obj> {
        call_method_str(&self.raw()?, "seekable", &[])
    }
    #[pymethod]
    fn fileno(&self) -> PyResult<Obj> {
        call_method_str(&self.raw()?, "fileno", &[])
    }
    #[pymethod]
    fn isatty(&self) -> PyResult<Obj> {
        call_method_str(&self.raw()?, "isatty", &[])
    }
    #[pymethod]
    fn _dealloc_warn(&self, source: &Obj) -> PyResult<()> {
        let Ok(raw) = self.raw() else {
            drop(take_raised());
            return Ok(());
        };
        if let Some(warn) = getattr_opt(&raw, &istr!("_dealloc_warn"))?
            && call1(&warn, source).is_err()
        {
            drop(take_raised());
        }
        Ok(())
    }
    #[pymethod(sig = "(target, whence=0, /)")]
    fn seek(slf: &Obj, target: &Obj, whence: Option<i32>) -> PyResult<i64> {
        let this = this::<PyBuffered>(slf)?;
        let whence = whence.unwrap_or(0);
        this.raw()?;
        if !matches!(whence, 0 | 1 | 2 | libc::SEEK_HOLE | libc::SEEK_DATA) {
            return Err(value_error(format!("whence value {whence} unsupported")));
        }
        this.check_open(&this.raw()?, "seek of closed file")?;
        this.seek_position(slf, <i64 as FromArg>::from_arg(target)?, whence)
    }
    #[pymethod]
    fn tell(slf: &Obj) -> PyResult<i64> {
        this::<PyBuffered>(slf)?.tell_position(slf)
    }
    #[pymethod(sig = "(pos=None, /)")]
    fn truncate(slf: &Obj, pos: Option<&Obj>) -> PyResult<Obj> {
        let this = this::<PyBuffered>(slf)?;
        let raw = this.raw()?;
        this.check_open(&raw, "truncate of closed file")?;
        if !this.can(WRITABLE) {
            return Err(unsupported("truncate"));
        }
        let Entered { raw, mut state } = this.enter(slf)?;
        state.flush_pending(&raw)?;
        let pos = match pos.filter(|p| !is_none(p)) {
            Some(pos) => pos.clone(),
            None => {
                let at = raw::tell(&raw)?;
                state.raw_position = Some(at);
                int_obj(state.position(&raw)?)
            }
        };
        call_method_str(&raw, "truncate", &[pos])
    }
    #[pymethod]
    fn __sizeof__(slf: &Obj) -> PyResult<usize> {
        let this = this::<PyBuffered>(slf)?;
        let state = this.lock.enter(slf)?;
        Ok(size_of::<PyBuffered>() + state.size)
    }
    #[pymethod]
    fn __getstate__(slf: &Obj) -> PyResult<Obj> {
        Err(type_error(format!("cannot pickle '{}' instances", class_of(slf).short_name())))
    }
    #[pygetset]
    fn closed(&self) -> PyResult<Obj> {
        getattr(&self.raw()?, &istr!("closed"))
    }
    #[pygetset]
    fn name(&self) -> PyResult<Obj> {
        getattr(&self.raw()?, &istr!("name"))
    }
    #[pygetset]
    fn mode(&self) -> PyResult<Obj> {
        getattr(&self.raw()?, &istr!("mode"))
    }
    #[pygetset(name = "raw")]
    fn get_raw(&self) -> Obj {
        self.raw.load().unwrap_or_else(none)
    }
    #[pygetset]
    fn _finalizing(&self) -> bool {
        self.finalizing.load(Ordering::Relaxed)
    }
    #[pygetset(setter = "_finalizing")]
    fn set_finalizing(&self, value: Option<&Obj>) -> PyResult<()> {
        let on = value.map(is_true).transpose()?.unwrap_or(false);
        self.finalizing.store(on, Ordering::Relaxed);
        Ok(())
    }
}

#[pymethods(class = "_io._Buffered", part = "reading")]
impl PyBuffered {
    #[pymethod]
    fn readable(&self) -> PyResult<Obj> {
        call_method_str(&self.raw()?, "readable", &[])
    }
    #[pymethod(sig = "(size=0, /)")]
    fn peek(slf: &Obj, size: Option<isize>) -> PyResult<Obj> {
        let _ = size;
        let this = this::<PyBuffered>(slf)?;
        let Entered { raw, mut state } = this.enter_to_read(slf, "peek of closed file")?;
        if state.left().is_empty() {
            state.fill(&raw)?;
        }
        Ok(bytes_obj(state.left()))
    }
    #[pymethod(sig = "(size=-1, /)")]
    fn read(slf: &Obj, size: Option<Size>) -> PyResult<Obj> {
        let this = this::<PyBuffered>(slf)?;
        let size = size.map_or(-1, |s| s.0);
        if size < -1 {
            return Err(value_error("read length must be non-negative or -1"));
        }
        match usize::try_from(size) {
            Ok(n) => this.read_exactly(slf, n).map(bytes_or_none),
            Err(_) => this.read_all(slf).map(bytes_or_none),
        }
    }
    #[pymethod(sig = "(size=-1, /)")]
    fn read1(slf: &Obj, size: Option<isize>) -> PyResult<Obj> {
        let this = this::<PyBuffered>(slf)?;
        let size = match usize::try_from(size.unwrap_or(-1)) {
            Ok(size) => size,
            Err(_) => {
                this.raw()?;
                this.lock.enter(slf)?.size
            }
        };
        this.raw()?;
        if size == 0 {
            this.check_open(&this.raw()?, "read of closed file")?;
            return Ok(bytes_obj(b""));
        }
        Ok(PyBytes::from_vec(this.read1_vec(slf, size)?).into_obj())
    }
    #[pymethod]
    fn readinto(slf: &Obj, buffer: &Obj) -> PyResult<Option<usize>> {
        readinto_as(slf, buffer, false)
    }
    #[pymethod]
    fn readinto1(slf: &Obj, buffer: &Obj) -> PyResult<Option<usize>> {
        readinto_as(slf, buffer, true)
    }
    #[pymethod(sig = "(size=-1, /)")]
    fn readline(slf: &Obj, size: Option<Size>) -> PyResult<Obj> {
        let this = this::<PyBuffered>(slf)?;
        this.read_line(slf, usize::try_from(size.map_or(-1, |s| s.0)).ok())
    }
}

#[pymethods(class = "_io._Buffered", part = "writing")]
impl PyBuffered {
    #[pymethod]
    fn writable(&self) -> PyResult<Obj> {
        call_method_str(&self.raw()?, "writable", &[])
    }
    #[pymethod]
    fn write(slf: &Obj, buffer: &Obj) -> PyResult<usize> {
        let this = this::<PyBuffered>(slf)?;
        this.raw()?;
        buffer::with_bytes(buffer, |bytes| this.write_bytes(slf, bytes))?
    }
}

pub fn repr(obj: &Obj) -> PyResult<Obj> {
    let class = class_of(obj).full_name();
    let name = match getattr(obj, &istr!("name")) {
        Ok(name) => Some(name),
        Err(Raised) => {
            // A detached stream has none, either.
            if !raised_is(&types().value_error) && !raised_is(&types().attribute_error) {
                return Err(Raised);
            }
            drop(take_raised());
            None
        }
    };
    Ok(str_obj(&match name {
        None => format!("<{class}>"),
        Some(name) => match ReprGuard::enter(obj) {
            Some(_guard) => format!("<{class} name={}>", repr_string(&name)?),
            None => return Err(runtime_error(format!("reentrant call inside {class}.__repr__"))),
        },
    }))
}
