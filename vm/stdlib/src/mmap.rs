//! `mmap`: files as memory.
//!
//! Everything that an object knows is behind its mutex; methods enter the object's critical section first, as the users of its buffers do. While
//! buffers are exported the memory neither moves nor goes.

#![allow(unsafe_code)] // The buffer protocol hands out addresses.

use parking_lot::Mutex;
use taipan_objects::buffer::{self, Buffer};
use taipan_objects::bytes::PyBytes;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::type_object::{TypeBuilder, new_instance, type_flags};
use taipan_threading::CriticalSection;
use taipan_vm::sys::audit;

use crate::native_class;
use crate::native_class::{class_argument, receiver};
use crate::os_error::os_error;
use crate::sys_calls::{self, Mapping};

mod methods;
mod sequence;

/// How the memory may be used.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Access {
    Default,
    Read,
    Write,
    Copy,
}

impl Access {
    fn name(self) -> &'static str {
        match self {
            Access::Default => "ACCESS_DEFAULT",
            Access::Read => "ACCESS_READ",
            Access::Write => "ACCESS_WRITE",
            Access::Copy => "ACCESS_COPY",
        }
    }
}

/// The memory and the position in it.
pub struct State {
    /// `None`: closed.
    mapping: Option<Mapping>,
    position: usize,
    exports: usize,
    /// A duplicate of the file's descriptor; -1: none.
    fd: i32,
}

impl State {
    fn close(&mut self) {
        self.mapping = None;
        let fd = std::mem::replace(&mut self.fd, -1);
        if fd >= 0 {
            let _ = sys_calls::close(fd);
        }
    }
}

impl Drop for State {
    fn drop(&mut self) {
        self.close();
    }
}

/// An `mmap` object.
#[repr(C)]
pub struct PyMmap {
    header: Header,
    state: Mutex<State>,
    access: Access,
    flags: i32,
    offset: i64,
    /// Whether a descriptor was to be kept.
    tracks: bool,
}
layout!(PyMmap, "mmap");

native_class!(
    /// `mmap.mmap`.
    pub fn class() = TypeBuilder::new("mmap.mmap", PyMmap::ops())
        .flag(type_flags::HAS_WEAKREF)
        .slots(TypeSlots {
            new: Some(construct),
            repr: Some(represent),
            len: Some(sequence::len),
            getitem: Some(sequence::getitem),
            setitem: Some(sequence::setitem),
            iter: Some(sequence::iter),
            buffer: Some(export),
            ..TypeSlots::EMPTY
        })
        .methods(PyMmap::methods())
        .getset(PyMmap::getset())
        .doc("mmap(fileno, length[, flags[, prot[, access[, offset[, trackfd]]]]])\n\nMaps length bytes of an open file into memory (0: all of it); with fileno -1,\nmemory without a file. Changes are shared with other processes that map the\nfile, unless flags or access say otherwise.")
        .make()
);

#[cold]
fn closed() -> Raised {
    value_error("mmap closed or invalid")
}

impl PyMmap {
    /// Runs `f` on the open memory, alone.
    fn with<R>(&self, f: impl FnOnce(&mut State, &Mapping) -> PyResult<R>) -> PyResult<R> {
        let _section = CriticalSection::enter(self.header.lock());
        let mut state = self.state.lock();
        // Taken out so that `f` has the memory and the rest of the state at the same time.
        let Some(mapping) = state.mapping.take() else { return Err(closed()) };
        let result = f(&mut state, &mapping);
        state.mapping = Some(mapping);
        result
    }
    /// As [`PyMmap::with`], to change bytes.
    fn with_writable<R>(&self, f: impl FnOnce(&mut State, &Mapping) -> PyResult<R>) -> PyResult<R> {
        self.with(|state, mapping| {
            if self.access == Access::Read || !mapping.is_writable() {
                return Err(type_error("mmap can't modify a readonly memory map."));
            }
            f(state, mapping)
        })
    }
}

const READ_WRITE: i32 = libc::PROT_READ | libc::PROT_WRITE;

#[pyargs(
    name = "mmap",
    sig = "(fileno, length, flags=MAP_SHARED, prot=PROT_WRITE|PROT_READ, access=ACCESS_DEFAULT, offset=0, *, trackfd=True)"
)]
fn construct(
    class: &Obj,
    fileno: i32,
    length: isize,
    flags: Option<i32>,
    prot: Option<i32>,
    access: Option<i32>,
    offset: Option<i64>,
    trackfd: Option<bool>,
) -> PyResult<Obj> {
    let class = class_argument::<PyMmap>(class)?;
    let (mut flags, mut prot) = (flags.unwrap_or(libc::MAP_SHARED), prot.unwrap_or(READ_WRITE));
    let (access, offset) = (access.unwrap_or(0), offset.unwrap_or(0));
    let event = [i64::from(fileno), length as i64, i64::from(access), offset].map(int_obj);
    audit("mmap.__new__", &event)?;
    let Ok(mut length) = usize::try_from(length) else {
        return Err(overflow_error("memory mapped length must be positive"));
    };
    if offset < 0 {
        return Err(overflow_error("memory mapped offset must be positive"));
    }
    if access != 0 && (flags != libc::MAP_SHARED || prot != READ_WRITE) {
        return Err(value_error("mmap can't specify both access and flags, prot."));
    }
    let access = match access {
        0 if prot & READ_WRITE == READ_WRITE => Access::Default,
        0 if prot & libc::PROT_WRITE != 0 => Access::Write,
        0 => Access::Read,
        1 => {
            prot = libc::PROT_READ;
            Access::Read
        }
        2 => Access::Write,
        3 => {
            flags = libc::MAP_PRIVATE;
            Access::Copy
        }
        _ => return Err(value_error("mmap invalid access parameter.")),
    };
    if fileno == -1 {
        flags |= libc::MAP_ANONYMOUS;
    } else {
        length = file_length(fileno, length, offset)?;
    }
    let tracks = trackfd.unwrap_or(true);
    let fd = if fileno != -1 && tracks { sys_calls::dup(fileno).map_err(os_error)? } else { -1 };
    let mut state = State { mapping: None, position: 0, exports: 0, fd };
    let mapping = taipan_threading::detached(|| Mapping::new(length, prot, flags, fileno, offset));
    state.mapping = Some(mapping.map_err(os_error)?);
    let state = Mutex::new(state);
    Ok(new_instance(class, |header| PyMmap { header, state, access, flags, offset, tracks }).into_obj())
}

/// How much of a file to map: what is asked for must be there.
fn file_length(fd: i32, length: usize, offset: i64) -> PyResult<usize> {
    let stat = sys_calls::fstat(fd).map_err(os_error)?;
    if stat.st_mode & libc::S_IFMT != libc::S_IFREG {
        return Ok(length);
    }
    let rest = stat.st_size - offset;
    if length == 0 {
        if stat.st_size == 0 {
            return Err(value_error("cannot mmap an empty file"));
        }
        return match usize::try_from(rest) {
            Ok(rest) if rest > 0 => Ok(rest),
            _ => Err(value_error("mmap offset is greater than file size")),
        };
    }
    match usize::try_from(rest) {
        Ok(rest) if length <= rest => Ok(length),
        _ => Err(value_error("mmap length is greater than file size")),
    }
}

fn represent(slf: &Obj) -> PyResult<Obj> {
    let this = receiver::<PyMmap>(slf)?;
    let class = class_of(slf).full_name().to_string();
    let state = this.state.lock();
    let text = match &state.mapping {
        None => format!("<{class} closed=True>"),
        Some(mapping) => format!(
            "<{class} closed=False, access={}, length={}, pos={}, offset={}>",
            this.access.name(),
            mapping.len(),
            state.position,
            this.offset
        ),
    };
    drop(state);
    Ok(str_obj(&text))
}

fn release(owner: &Obj) {
    if let Some(this) = owner.downcast::<PyMmap>() {
        this.state.lock().exports -= 1;
    }
}

/// The buffer protocol.
fn export(slf: &Obj, flags: i32) -> PyResult<Buffer> {
    let this = receiver::<PyMmap>(slf)?;
    this.with(|state, mapping| {
        let readonly = this.access == Access::Read || !mapping.is_writable();
        if readonly && flags & buffer::request::WRITABLE != 0 {
            return Err(buffer_error("Object is not writable."));
        }
        if !mapping.is_readable() {
            return Err(buffer_error("Object is not readable."));
        }
        state.exports += 1;
        // SAFETY: neither `close` nor `resize` touches the memory while `exports` is not 0, and `owner` keeps the object alive.
        Ok(unsafe { Buffer::new(slf.clone(), mapping.as_ptr(), mapping.len(), readonly, Some(release)) })
    })
}

/// A copy of the bytes of an argument.
fn bytes_argument(obj: &Obj) -> PyResult<Vec<u8>> {
    if buffer::has_buffer(obj) { buffer::to_vec(obj) } else { Err(buffer::not_bytes_like(obj)) }
}

fn owned_bytes(bytes: &[u8]) -> Obj {
    PyBytes::from_vec(bytes.to_vec()).into_obj()
}

macro_rules! numbers {
    ($($name:ident)*) => { &[$((stringify!($name), libc::$name as i64)),*] };
}

const NUMBERS: &[(&str, i64)] = numbers!(
    MADV_DODUMP MADV_DOFORK MADV_DONTDUMP MADV_DONTFORK MADV_DONTNEED MADV_FREE MADV_HUGEPAGE MADV_HWPOISON
    MADV_MERGEABLE MADV_NOHUGEPAGE MADV_NORMAL MADV_RANDOM MADV_REMOVE MADV_SEQUENTIAL MADV_UNMERGEABLE
    MADV_WILLNEED MAP_ANON MAP_ANONYMOUS MAP_DENYWRITE MAP_EXECUTABLE MAP_NORESERVE MAP_POPULATE MAP_PRIVATE
    MAP_SHARED MAP_STACK PROT_EXEC PROT_READ PROT_WRITE
);

#[pymodule(name = "mmap", doc = "")]
mod items {
    use super::*;

    #[pyattr]
    const ACCESS_DEFAULT: i64 = 0;
    #[pyattr]
    const ACCESS_READ: i64 = 1;
    #[pyattr]
    const ACCESS_WRITE: i64 = 2;
    #[pyattr]
    const ACCESS_COPY: i64 = 3;

    #[pyinit]
    fn init(module: &PyModuleBuilder<'_>) -> PyResult<()> {
        for (name, value) in NUMBERS {
            module.add(name, *value)?;
        }
        #[cfg(target_arch = "x86_64")]
        module.add("MAP_32BIT", i64::from(libc::MAP_32BIT))?;
        let page = sys_calls::sysconf(libc::_SC_PAGESIZE).map_err(os_error)?;
        module.add("PAGESIZE", page)?;
        module.add("ALLOCATIONGRANULARITY", page)?;
        module.add("mmap", class().to_obj())?;
        module.add("error", types().os_error.to_obj())
    }
}
