//! `sendmsg` and `recvmsg`: data in several buffers, with ancillary data.
//!
//! Ancillary data is a sequence of records, each a header (length of header and data, level, type) and data, padded to the size of a word.

use std::io::{IoSlice, IoSliceMut};

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;
use taipan_objects::tuple::PyTuple;
use taipan_objects::{buffer, bytes};
use taipan_vm::sys::audit;

use super::address::{os_message, to_python};
use super::socket::{PySocket, Ready};
use super::transfer::copy_front;
use crate::native_class::receiver;
use crate::sys_calls::{self, Received};

const WORD: usize = size_of::<usize>();
/// A record's header: a word, two 32-bit numbers.
const HEADER: usize = size_of::<libc::cmsghdr>();

/// The greatest length of ancillary data: a `socklen_t`'s positive half.
const LIMIT: usize = i32::MAX as usize;

/// `CMSG_LEN`: header and data. `None`: too long.
pub fn record_len(data: usize) -> Option<usize> {
    if data > LIMIT - HEADER { None } else { Some(data + HEADER) }
}

/// `CMSG_SPACE`: a record with its padding.
pub fn record_space(data: usize) -> Option<usize> {
    if data > LIMIT - HEADER - WORD { None } else { Some(data.next_multiple_of(WORD) + HEADER) }
}

/// Appends a record.
fn push_record(control: &mut Vec<u8>, level: i32, kind: i32, data: &[u8]) {
    let start = control.len();
    control.extend_from_slice(&(HEADER + data.len()).to_ne_bytes());
    control.extend_from_slice(&level.to_ne_bytes());
    control.extend_from_slice(&kind.to_ne_bytes());
    control.resize(start + HEADER, 0);
    control.extend_from_slice(data);
    control.resize(start + HEADER + data.len().next_multiple_of(WORD), 0);
}

/// The records in what the system wrote: level, type, data; the last one's data may have been cut off.
fn records(mut control: &[u8]) -> Vec<(i32, i32, &[u8])> {
    let mut out = Vec::new();
    while let (Some(len), Some(level), Some(kind)) = (
        control.first_chunk().map(|b| usize::from_ne_bytes(*b)),
        control.get(WORD..).and_then(|b| b.first_chunk()).map(|b| i32::from_ne_bytes(*b)),
        control.get(WORD + 4..).and_then(|b| b.first_chunk()).map(|b| i32::from_ne_bytes(*b)),
    ) {
        if len < HEADER || control.len() < HEADER {
            break;
        }
        let end = len.min(control.len());
        out.push((level, kind, &control[HEADER..end]));
        match len.checked_next_multiple_of(WORD).and_then(|next| control.get(next..)) {
            Some(rest) => control = rest,
            None => break,
        }
    }
    out
}

/// Closes the descriptors that came in, when nobody gets to know of them.
fn close_received(control: &[u8]) {
    for (level, kind, data) in records(control) {
        if (level, kind) == (libc::SOL_SOCKET, libc::SCM_RIGHTS) {
            for fd in data.chunks_exact(4).filter_map(|b| b.first_chunk()) {
                let _ = sys_calls::close(i32::from_ne_bytes(*fd));
            }
        }
    }
}

/// What comes behind the data in the results of both `recvmsg`s: ancillary data, flags, address.
fn rest_of(this: &PySocket, received: &Received, control: &[u8]) -> PyResult<(Obj, i32, Obj)> {
    let control = control.get(..received.control_len).unwrap_or(control);
    let list = records(control)
        .into_iter()
        .map(|(level, kind, data)| (level, kind, bytes_obj(data)).into_py())
        .collect::<PyResult<Vec<Obj>>>();
    let result = list.and_then(|list| {
        Ok((list_obj(list), received.flags, to_python(&received.address, this.protocol())?))
    });
    if result.is_err() {
        close_received(control);
    }
    result
}

fn control_room(size: Option<isize>) -> PyResult<Vec<u8>> {
    let size = size.unwrap_or(0);
    match usize::try_from(size) {
        Ok(room) if room <= i32::MAX as usize => {
            let mut control = Vec::new();
            control.try_reserve_exact(room).map_err(|_| memory_error())?;
            control.resize(room, 0);
            Ok(control)
        }
        _ => Err(value_error("invalid ancillary data buffer length")),
    }
}

/// The items of an argument that should be an iterable.
fn items(obj: &Obj, function: &str, position: usize) -> PyResult<Vec<Obj>> {
    match collect(obj) {
        Ok(items) => Ok(items),
        Err(Raised) if class_of(obj).slots.iter().is_none() && !is_sequence(obj) => {
            catch(&types().type_error)?;
            Err(type_error(format!("{function}() argument {position} must be an iterable")))
        }
        Err(raised) => Err(raised),
    }
}

fn ancillary_item(item: &Obj) -> PyResult<(i32, i32, Vec<u8>)> {
    const WHERE: &str = "[sendmsg() ancillary data items]() argument must be";
    let Some(tuple) = item.downcast::<PyTuple>() else {
        return Err(type_error(format!("{WHERE} 3-item tuple, not {}", class_of(item).name())));
    };
    let [level, kind, data] = tuple.as_slice() else {
        return Err(type_error(format!("{WHERE} tuple of length 3, not {}", tuple.as_slice().len())));
    };
    Ok((i32::from_arg(level)?, i32::from_arg(kind)?, buffer::to_vec(data)?))
}

/// Copies of the bytes of several buffers.
fn byte_buffers(obj: &Obj, function: &str) -> PyResult<Vec<Vec<u8>>> {
    items(obj, function, 1)?.iter().map(buffer::to_vec).collect()
}

/// `AF_ALG`'s parameters as records; see the system's `af_alg`.
fn algorithm_records(op: i32, iv: Option<&Obj>, assoclen: Option<i32>) -> PyResult<Vec<u8>> {
    let mut control = Vec::new();
    push_record(&mut control, libc::SOL_ALG, libc::ALG_SET_OP, &op.to_ne_bytes());
    if let Some(iv) = iv {
        let iv = buffer::to_vec(iv)?;
        let mut data = (iv.len() as u32).to_ne_bytes().to_vec();
        data.extend_from_slice(&iv);
        push_record(&mut control, libc::SOL_ALG, libc::ALG_SET_IV, &data);
    }
    if let Some(len) = assoclen {
        push_record(&mut control, libc::SOL_ALG, libc::ALG_SET_AEAD_ASSOCLEN, &len.to_ne_bytes());
    }
    Ok(control)
}

#[pymethods(class = "_socket.socket", part = "message")]
impl PySocket {
    /// recvmsg(bufsize[, ancbufsize[, flags]]) -> (data, ancdata, msg_flags, address)
    ///
    /// Receives data and ancillary data.
    #[pymethod(sig = "(bufsize, ancbufsize=0, flags=0, /)", text = "")]
    fn recvmsg(
        &self,
        bufsize: isize,
        ancbufsize: Option<isize>,
        flags: Option<i32>,
    ) -> PyResult<(Obj, Obj, i32, Obj)> {
        let Ok(room) = usize::try_from(bufsize) else {
            return Err(value_error("negative buffer size in recvmsg()"));
        };
        let mut data = Vec::new();
        data.try_reserve_exact(room).map_err(|_| memory_error())?;
        data.resize(room, 0);
        let mut control = control_room(ancbufsize)?;
        let flags = flags.unwrap_or(0);
        let received = self
            .perform(Ready::Read, |fd| {
                sys_calls::recvmsg(fd, &mut [IoSliceMut::new(&mut data)], &mut control, flags)
            })?
            .or_raise()?;
        data.truncate(received.len);
        let (ancillary, flags, address) = rest_of(self, &received, &control)?;
        Ok((bytes::PyBytes::from_vec(data).into_obj(), ancillary, flags, address))
    }
    /// recvmsg_into(buffers[, ancbufsize[, flags]]) -> (nbytes, ancdata, msg_flags, address)
    ///
    /// As recvmsg(), into several buffers one after the other.
    #[pymethod(sig = "(buffers, ancbufsize=0, flags=0, /)", text = "")]
    fn recvmsg_into(
        &self,
        buffers: &Obj,
        ancbufsize: Option<isize>,
        flags: Option<i32>,
    ) -> PyResult<(usize, Obj, i32, Obj)> {
        let mut targets = Vec::new();
        for obj in items(buffers, "recvmsg_into", 1)? {
            targets.push(buffer::get_writable(&obj)?.ok_or_else(|| {
                type_error(
                    "recvmsg_into() argument 1 must be an iterable of single-segment read-write buffers",
                )
            })?);
        }
        let mut parts: Vec<Vec<u8>> = targets.iter().map(|target| vec![0; target.len]).collect();
        let mut control = control_room(ancbufsize)?;
        let flags = flags.unwrap_or(0);
        let received = self
            .perform(Ready::Read, |fd| {
                let mut slices: Vec<_> = parts.iter_mut().map(|part| IoSliceMut::new(part)).collect();
                sys_calls::recvmsg(fd, &mut slices, &mut control, flags)
            })?
            .or_raise()?;
        let mut left = received.len;
        for (target, part) in targets.iter().zip(&parts) {
            let n = left.min(part.len());
            target.with_mut(|bytes| copy_front(bytes, &part[..n]));
            left -= n;
        }
        let (ancillary, flags, address) = rest_of(self, &received, &control)?;
        Ok((received.len, ancillary, flags, address))
    }
    /// sendmsg(buffers[, ancdata[, flags[, address]]]) -> count
    ///
    /// Sends the data of several buffers, and ancillary data.
    #[pymethod(sig = "(buffers, ancdata=(), flags=0, address=None, /)", text = "")]
    fn sendmsg(
        slf: &Obj,
        buffers: &Obj,
        ancdata: Option<&Obj>,
        flags: Option<i32>,
        address: Option<&Obj>,
    ) -> PyResult<usize> {
        let this = receiver::<PySocket>(slf)?;
        let address_arg = address.filter(|a| !is_none(a));
        let address = address_arg.map(|a| this.address("sendmsg", a)).transpose()?;
        audit("socket.sendmsg", &[slf.clone(), address_arg.cloned().unwrap_or_else(none)])?;
        let parts = byte_buffers(buffers, "sendmsg")?;
        let mut control = Vec::new();
        if let Some(ancdata) = ancdata {
            for item in items(ancdata, "sendmsg", 2)? {
                let (level, kind, data) = ancillary_item(&item)?;
                if record_space(data.len()).and_then(|n| n.checked_add(control.len())).is_none() {
                    return Err(os_message("ancillary data item too large"));
                }
                push_record(&mut control, level, kind, &data);
            }
        }
        // The last record needs no padding, as far as the system is concerned, but is not refused for having it.
        let slices: Vec<_> = parts.iter().map(|part| IoSlice::new(part)).collect();
        let flags = flags.unwrap_or(0);
        let send = |fd| sys_calls::sendmsg(fd, &slices, &control, flags, address.as_ref());
        this.perform(Ready::Write, send)?.or_raise()
    }
    /// sendmsg_afalg([msg], *, op[, iv[, assoclen[, flags=MSG_MORE]]])
    ///
    /// Sends data and the parameters of an AF_ALG socket.
    #[pymethod(sig = "(msg=(), *, op=-1, iv=None, assoclen=None, flags=0)", text = "")]
    fn sendmsg_afalg(
        &self,
        msg: Option<&Obj>,
        op: Option<&Obj>,
        iv: Option<&Obj>,
        assoclen: Option<&Obj>,
        flags: Option<i32>,
    ) -> PyResult<usize> {
        if self.family() != libc::AF_ALG {
            return Err(os_message("algset is only supported for AF_ALG"));
        }
        let op = op.map_or(Ok(-1), i32::from_arg)?;
        if op < 0 {
            return Err(type_error("Invalid or missing argument 'op'"));
        }
        let assoclen = assoclen.filter(|a| !is_none(a)).map(i32::from_arg).transpose()?;
        if assoclen.is_some_and(|len| len < 0) {
            return Err(type_error("assoclen must be non-negative"));
        }
        let control = algorithm_records(op, iv.filter(|iv| !is_none(iv)), assoclen)?;
        let parts = msg.map_or(Ok(Vec::new()), |msg| byte_buffers(msg, "sendmsg_afalg"))?;
        let slices: Vec<_> = parts.iter().map(|part| IoSlice::new(part)).collect();
        let flags = flags.unwrap_or(0);
        let send = |fd| sys_calls::sendmsg(fd, &slices, &control, flags, None);
        self.perform(Ready::Write, send)?.or_raise()
    }
}
