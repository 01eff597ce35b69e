//! Sending and receiving plain bytes.
//!
//! What is received goes into memory of our own first, so that no lock of a buffer is held while the thread is detached.

use taipan_objects::buffer;
use taipan_objects::bytes::PyBytes;
use taipan_objects::hooks;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_vm::sys::audit;

use super::address::to_python;
use super::socket::{Outcome, PySocket, Ready, now};
use crate::native_class::receiver;
use crate::sys_calls;

/// Copies `from` to the front of `to`.
pub fn copy_front(to: &mut [u8], from: &[u8]) {
    let n = to.len().min(from.len());
    to[..n].copy_from_slice(&from[..n]);
}

/// A size that may not be negative.
fn size_argument(size: isize, error: &str) -> PyResult<usize> {
    usize::try_from(size).map_err(|_| value_error(error))
}

fn writable(function: &str, obj: &Obj) -> PyResult<buffer::Buffer> {
    buffer::get_writable(obj)?.ok_or_else(|| {
        let name = class_of(obj).name();
        type_error(format!("{function}() argument 1 must be read-write bytes-like object, not {name}"))
    })
}

impl PySocket {
    /// Receives into a buffer; the number of bytes.
    fn receive_into(&self, target: &buffer::Buffer, room: usize, flags: i32) -> PyResult<usize> {
        if room == 0 {
            return Ok(0);
        }
        let mut data = Vec::new();
        let n = self.perform(Ready::Read, |fd| sys_calls::recv_append(fd, &mut data, room, flags))?;
        let n = n.or_raise()?;
        target.with_mut(|bytes| copy_front(bytes, &data));
        Ok(n)
    }
}

#[pymethods(class = "_socket.socket", part = "transfer")]
impl PySocket {
    /// recv(buffersize[, flags]) -> data
    ///
    /// Receives at most buffersize bytes; none at the end of the data.
    #[pymethod(sig = "(buffersize, flags=0, /)", text = "")]
    fn recv(&self, buffersize: isize, flags: Option<i32>) -> PyResult<Obj> {
        let room = size_argument(buffersize, "negative buffersize in recv")?;
        let flags = flags.unwrap_or(0);
        let mut data = Vec::new();
        data.try_reserve_exact(room).map_err(|_| memory_error())?;
        self.perform(Ready::Read, |fd| sys_calls::recv_append(fd, &mut data, room, flags))?.or_raise()?;
        Ok(PyBytes::from_vec(data).into_obj())
    }
    /// recv_into(buffer, [nbytes[, flags]]) -> nbytes_read
    ///
    /// As recv(), into a buffer.
    #[pymethod(sig = "(buffer, nbytes=0, flags=0)", text = "")]
    fn recv_into(&self, buffer: &Obj, nbytes: Option<isize>, flags: Option<i32>) -> PyResult<usize> {
        let target = writable("recv_into", buffer)?;
        let room = size_argument(nbytes.unwrap_or(0), "negative buffersize in recv_into")?;
        if room > target.len {
            return Err(value_error("buffer too small for requested bytes"));
        }
        self.receive_into(&target, if room == 0 { target.len } else { room }, flags.unwrap_or(0))
    }
    /// recvfrom(buffersize[, flags]) -> (data, address info)
    ///
    /// As recv(), with the sender's address.
    #[pymethod(sig = "(buffersize, flags=0, /)", text = "")]
    fn recvfrom(&self, buffersize: isize, flags: Option<i32>) -> PyResult<(Obj, Obj)> {
        let room = size_argument(buffersize, "negative buffersize in recvfrom")?;
        let flags = flags.unwrap_or(0);
        let mut data = Vec::new();
        data.try_reserve_exact(room).map_err(|_| memory_error())?;
        let receive = |fd| sys_calls::recvfrom_append(fd, &mut data, room, flags);
        let (_, address) = self.perform(Ready::Read, receive)?.or_raise()?;
        Ok((PyBytes::from_vec(data).into_obj(), to_python(&address, self.protocol())?))
    }
    /// recvfrom_into(buffer[, nbytes[, flags]]) -> (nbytes, address info)
    ///
    /// As recv_into(), with the sender's address.
    #[pymethod(sig = "(buffer, nbytes=0, flags=0)", text = "")]
    fn recvfrom_into(
        &self,
        buffer: &Obj,
        nbytes: Option<isize>,
        flags: Option<i32>,
    ) -> PyResult<(usize, Obj)> {
        let target = writable("recvfrom_into", buffer)?;
        let room = size_argument(nbytes.unwrap_or(0), "negative buffersize in recvfrom_into")?;
        if room > target.len {
            return Err(value_error("nbytes is greater than the length of the buffer"));
        }
        let room = if room == 0 { target.len } else { room };
        let flags = flags.unwrap_or(0);
        let mut data = Vec::new();
        let receive = |fd| sys_calls::recvfrom_append(fd, &mut data, room, flags);
        let (n, address) = self.perform(Ready::Read, receive)?.or_raise()?;
        target.with_mut(|bytes| copy_front(bytes, &data));
        Ok((n, to_python(&address, self.protocol())?))
    }
    /// send(data[, flags]) -> count
    ///
    /// Sends data; how many bytes of it were sent.
    #[pymethod(sig = "(data, flags=0, /)", text = "")]
    fn send(&self, data: &Obj, flags: Option<i32>) -> PyResult<usize> {
        let flags = flags.unwrap_or(0);
        buffer::with_bytes(data, |bytes| {
            self.perform(Ready::Write, |fd| sys_calls::send(fd, bytes, flags))?.or_raise()
        })?
    }
    /// sendall(data[, flags])
    ///
    /// Sends all of the data. After an error nobody knows how much was sent.
    #[pymethod(sig = "(data, flags=0, /)", text = "")]
    fn sendall(&self, data: &Obj, flags: Option<i32>) -> PyResult<()> {
        let flags = flags.unwrap_or(0);
        buffer::with_bytes(data, |bytes| {
            let mut rest = bytes;
            let timeout = self.timeout();
            let deadline = if timeout > 0 { Some(now()?.saturating_add(timeout)) } else { None };
            while !rest.is_empty() {
                let left = match deadline {
                    Some(deadline) => match deadline - now()? {
                        ..=0 => return Outcome::TimedOut.or_raise(),
                        left => left,
                    },
                    None => timeout,
                };
                let sent = self.perform_within(Ready::Write, left, |fd| sys_calls::send(fd, rest, flags))?;
                rest = rest.get(sent.or_raise()?..).unwrap_or_default();
                // Data that goes out without waiting must not keep signals waiting.
                hooks::check_signals()?;
            }
            Ok(())
        })?
    }
    /// sendto(data[, flags], address) -> count
    ///
    /// As send(), to an address.
    #[pymethod(sig = "(*args)", text = "")]
    fn sendto(slf: &Obj, args: &[Obj]) -> PyResult<usize> {
        let this = receiver::<PySocket>(slf)?;
        let (data, flags, target) = match args {
            [data, target] => (data, 0, target),
            [data, flags, target] => {
                if !buffer::has_buffer(data) {
                    return Err(buffer::not_bytes_like(data));
                }
                (data, i32::from_arg(flags)?, target)
            }
            _ => {
                let n = args.len();
                return Err(type_error(format!("sendto() takes 2 or 3 arguments ({n} given)")));
            }
        };
        if !buffer::has_buffer(data) {
            return Err(buffer::not_bytes_like(data));
        }
        let address = this.address("sendto", target)?;
        audit("socket.sendto", &[slf.clone(), target.clone()])?;
        buffer::with_bytes(data, |bytes| {
            let send = |fd| sys_calls::sendto(fd, bytes, flags, &address);
            this.perform(Ready::Write, send)?.or_raise()
        })?
    }
}
