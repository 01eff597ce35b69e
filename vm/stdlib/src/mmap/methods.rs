//! The methods of `mmap` objects: those of a file, and those of memory.

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;

use super::{Access, PyMmap, bytes_argument, closed, owned_bytes};
use crate::native_class::receiver;
use crate::os_error::os_error;
use crate::sys_calls;

/// A position in memory of `len` bytes; negative ones count from the end.
fn bound(obj: Option<&Obj>, default: usize, len: usize) -> PyResult<usize> {
    let Some(obj) = obj.filter(|o| !is_none(o)) else { return Ok(default.min(len)) };
    let at = index_clamped(&index(obj)?)?;
    Ok(if at < 0 { len.saturating_sub(at.unsigned_abs()) } else { (at as usize).min(len) })
}

fn find(this: &PyMmap, view: &Obj, start: Option<&Obj>, end: Option<&Obj>, last: bool) -> PyResult<i64> {
    let wanted = bytes_argument(view)?;
    // Indices may run Python code: before the memory is looked at.
    let (len, position) = this.with(|state, mapping| Ok((mapping.len(), state.position)))?;
    let (start, end) = (bound(start, position, len)?, bound(end, len, len)?);
    this.with(|_, mapping| {
        Ok(mapping.with(|bytes| {
            let Some(range) = bytes.get(start..end) else { return -1 };
            let found = if last {
                memchr::memmem::rfind(range, &wanted)
            } else {
                memchr::memmem::find(range, &wanted)
            };
            found.map_or(-1, |at| (start + at) as i64)
        }))
    })
}

#[pymethods(class = "mmap.mmap")]
impl PyMmap {
    #[pymethod]
    fn close(&self) -> PyResult<()> {
        let mut state = self.state.lock();
        if state.exports > 0 {
            return Err(buffer_error("cannot close exported pointers exist"));
        }
        state.close();
        Ok(())
    }
    #[pymethod(sig = "(view, start=None, end=None, /)")]
    fn find(&self, view: &Obj, start: Option<&Obj>, end: Option<&Obj>) -> PyResult<i64> {
        find(self, view, start, end, false)
    }
    #[pymethod(sig = "(view, start=None, end=None, /)")]
    fn rfind(&self, view: &Obj, start: Option<&Obj>, end: Option<&Obj>) -> PyResult<i64> {
        find(self, view, start, end, true)
    }
    #[pymethod(sig = "(offset=0, size=None, /)")]
    fn flush(&self, offset: Option<isize>, size: Option<&Obj>) -> PyResult<()> {
        let size = size.filter(|s| !is_none(s)).map(isize::from_arg).transpose()?;
        self.with(|_, mapping| {
            let out_of_range = || value_error("flush values out of range");
            let offset = usize::try_from(offset.unwrap_or(0)).map_err(|_| out_of_range())?;
            let size = match size {
                Some(size) => usize::try_from(size).map_err(|_| out_of_range())?,
                None => mapping.len().checked_sub(offset).ok_or_else(out_of_range)?,
            };
            if offset.checked_add(size).is_none_or(|end| end > mapping.len()) {
                return Err(out_of_range());
            }
            if matches!(self.access, Access::Read | Access::Copy) {
                return Ok(());
            }
            mapping.flush(offset, size).map_err(os_error)
        })
    }
    #[pymethod(sig = "(option, start=0, length=None, /)")]
    fn madvise(&self, option: i32, start: Option<isize>, length: Option<&Obj>) -> PyResult<()> {
        let length = length.filter(|l| !is_none(l)).map(isize::from_arg).transpose()?;
        self.with(|_, mapping| {
            let start = usize::try_from(start.unwrap_or(0)).ok().filter(|start| *start < mapping.len());
            let Some(start) = start else { return Err(value_error("madvise start out of bounds")) };
            let length = match length {
                Some(length) => usize::try_from(length).map_err(|_| value_error("madvise length invalid"))?,
                None => mapping.len(),
            };
            if start > (isize::MAX as usize).saturating_sub(length) {
                return Err(overflow_error("madvise length too large"));
            }
            mapping.advise(start, length, option).map_err(os_error)
        })
    }
    #[pymethod(sig = "(dest, src, count, /)")]
    fn r#move(&self, dest: isize, src: isize, count: isize) -> PyResult<()> {
        self.with_writable(|_, mapping| {
            let moved = match (usize::try_from(dest), usize::try_from(src), usize::try_from(count)) {
                (Ok(dest), Ok(src), Ok(count)) => mapping.move_within(dest, src, count),
                _ => false,
            };
            if moved { Ok(()) } else { Err(value_error("source, destination, or count out of range")) }
        })
    }
    #[pymethod(sig = "(n=None, /)")]
    fn read(&self, n: Option<&Obj>) -> PyResult<Obj> {
        let n = n.filter(|n| !is_none(n)).map(isize::from_arg).transpose()?;
        self.with(|state, mapping| {
            let rest = mapping.len().saturating_sub(state.position);
            let n = n.and_then(|n| usize::try_from(n).ok()).map_or(rest, |n| n.min(rest));
            let start = state.position;
            state.position += n;
            Ok(mapping.with(|bytes| owned_bytes(bytes.get(start..start + n).unwrap_or_default())))
        })
    }
    #[pymethod]
    fn read_byte(&self) -> PyResult<u8> {
        self.with(|state, mapping| {
            let byte = mapping.with(|bytes| bytes.get(state.position).copied());
            let byte = byte.ok_or_else(|| value_error("read byte out of range"))?;
            state.position += 1;
            Ok(byte)
        })
    }
    #[pymethod]
    fn readline(&self) -> PyResult<Obj> {
        self.with(|state, mapping| {
            mapping.with(|bytes| {
                let rest = bytes.get(state.position..).unwrap_or_default();
                let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
                state.position += end;
                Ok(owned_bytes(&rest[..end]))
            })
        })
    }
    #[pymethod(sig = "(newsize, /)")]
    fn resize(&self, newsize: isize) -> PyResult<()> {
        let mut state = self.state.lock();
        if state.mapping.is_none() {
            return Err(closed());
        }
        if state.exports > 0 {
            return Err(buffer_error("mmap can't resize with extant buffers exported."));
        }
        if !self.tracks {
            return Err(value_error("mmap can't resize with trackfd=False."));
        }
        if matches!(self.access, Access::Read | Access::Copy) {
            return Err(type_error("mmap can't resize a readonly or copy-on-write memory map."));
        }
        let fits =
            |size: &usize| i64::try_from(*size).is_ok_and(|size| size.checked_add(self.offset).is_some());
        let Some(size) = usize::try_from(newsize).ok().filter(fits) else {
            return Err(value_error("new size out of range"));
        };
        let fd = state.fd;
        let Some(mapping) = &mut state.mapping else { return Err(closed()) };
        if fd == -1 && self.flags & libc::MAP_PRIVATE == 0 && size > mapping.len() {
            return Err(value_error("mmap: can't expand a shared anonymous mapping"));
        }
        if fd != -1 {
            sys_calls::ftruncate(fd, self.offset + size as i64).map_err(os_error)?;
        }
        mapping.resize(size).map_err(os_error)
    }
    #[pymethod(sig = "(pos, whence=0, /)")]
    fn seek(&self, pos: isize, whence: Option<i32>) -> PyResult<usize> {
        self.with(|state, mapping| {
            let base = match whence.unwrap_or(0) {
                0 => 0,
                1 => state.position,
                2 => mapping.len(),
                _ => return Err(value_error("unknown seek type")),
            };
            match base.checked_add_signed(pos).filter(|at| *at <= mapping.len()) {
                Some(at) => {
                    state.position = at;
                    Ok(at)
                }
                None => Err(value_error("seek out of range")),
            }
        })
    }
    #[pymethod]
    fn seekable(&self) -> bool {
        true
    }
    #[pymethod]
    fn size(&self) -> PyResult<i64> {
        self.with(|state, _| sys_calls::fstat(state.fd).map(|stat| stat.st_size).map_err(os_error))
    }
    #[pymethod]
    fn tell(&self) -> PyResult<usize> {
        self.with(|state, _| Ok(state.position))
    }
    #[pymethod(sig = "(bytes, /)")]
    fn write(&self, bytes: &Obj) -> PyResult<usize> {
        let bytes = bytes_argument(bytes)?;
        self.with_writable(|state, mapping| {
            if !mapping.write(state.position, &bytes) {
                return Err(value_error("data out of range"));
            }
            state.position += bytes.len();
            Ok(bytes.len())
        })
    }
    #[pymethod(sig = "(byte, /)")]
    fn write_byte(&self, byte: u8) -> PyResult<()> {
        self.with_writable(|state, mapping| {
            if !mapping.write(state.position, &[byte]) {
                return Err(value_error("write byte out of range"));
            }
            state.position += 1;
            Ok(())
        })
    }
    #[pymethod]
    fn __enter__(slf: &Obj) -> PyResult<Obj> {
        receiver::<PyMmap>(slf)?.with(|_, _| Ok(slf.clone()))
    }
    #[pymethod(sig = "(exc_type, exc_value, traceback, /)")]
    fn __exit__(slf: &Obj, exc_type: &Obj, exc_value: &Obj, traceback: &Obj) -> PyResult<()> {
        let _ = (exc_type, exc_value, traceback);
        call_method_str(slf, "close", &[]).map(drop)
    }
    #[pymethod]
    fn __sizeof__(slf: &Obj) -> PyResult<usize> {
        receiver::<PyMmap>(slf).map(|_| size_of::<PyMmap>())
    }
    #[pygetset]
    fn closed(&self) -> bool {
        self.state.lock().mapping.is_none()
    }
}
