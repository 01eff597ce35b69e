//! Reading and writing several buffers at a position, and moving data between descriptors.

use std::io::IoSlice;

use taipan_objects::buffer;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;

use crate::os_error::blocking;
use crate::sys_calls;

fn buffers_of(buffers: &Obj, position: &str) -> PyResult<Vec<Obj>> {
    if !is_sequence(buffers) {
        return Err(type_error(format!("{position} must be a sequence")));
    }
    collect(buffers)
}

fn offset(obj: Option<&Obj>) -> PyResult<Option<i64>> {
    obj.filter(|o| !is_none(o)).map(i64::from_arg).transpose()
}

#[pymodule(name = "posix_vectors", doc = "")]
mod items {
    use super::*;

    /// Reads from a file descriptor into a number of mutable bytes-like objects.
    #[pyfunction(sig = "(fd, buffers, offset, flags=0, /)")]
    fn preadv(fd: i32, buffers: &Obj, offset: i64, flags: Option<i32>) -> PyResult<usize> {
        let mut targets = Vec::new();
        for obj in buffers_of(buffers, "preadv2() arg 2")? {
            let target = buffer::get_writable(&obj)?;
            targets.push(target.ok_or_else(|| type_error("read-write bytes-like object is required"))?);
        }
        // Into memory of our own first: the targets' locks are not held while the thread is detached.
        let total = targets.iter().fold(0, |sum: usize, target| sum.saturating_add(target.len));
        let mut data = vec![0u8; total.min(crate::posix::files::MAX_TRANSFER)];
        let n = blocking(|| sys_calls::preadv(fd, &mut data, offset, flags.unwrap_or(0)))?;
        let mut left = data.get(..n).unwrap_or_default();
        for target in &targets {
            let (part, rest) = left.split_at(left.len().min(target.len));
            target.with_mut(|bytes| bytes[..part.len()].copy_from_slice(part));
            left = rest;
        }
        Ok(n)
    }
    /// Writes the contents of bytes-like objects to a file descriptor at a given offset.
    #[pyfunction(sig = "(fd, buffers, offset, flags=0, /)")]
    fn pwritev(fd: i32, buffers: &Obj, offset: i64, flags: Option<i32>) -> PyResult<usize> {
        let parts = buffers_of(buffers, "pwritev() arg 2")?
            .iter()
            .map(buffer::to_vec)
            .collect::<PyResult<Vec<_>>>()?;
        let slices: Vec<_> = parts.iter().map(|part| IoSlice::new(part)).collect();
        blocking(|| sys_calls::pwritev(fd, &slices, offset, flags.unwrap_or(0)))
    }
    /// Transfer count bytes from one pipe to a descriptor or vice versa.
    #[pyfunction(sig = "(src, dst, count, offset_src=None, offset_dst=None, flags=0)")]
    fn splice(
        src: i32,
        dst: i32,
        count: isize,
        offset_src: Option<&Obj>,
        offset_dst: Option<&Obj>,
        flags: Option<u32>,
    ) -> PyResult<usize> {
        let Ok(count) = usize::try_from(count) else {
            return Err(value_error("negative value for 'count' not allowed"));
        };
        let (from, to) = (offset(offset_src)?, offset(offset_dst)?);
        blocking(|| sys_calls::splice(src, from, dst, to, count, flags.unwrap_or(0)))
    }
}
