//! Sockets: descriptors, addresses as bytes, messages with ancillary data.
//!
//! Invariant: a [`SocketAddress`] holds at most as many bytes as `sockaddr_storage`, all of them initialized, so that its fields are read and written
//! as bytes, in safe code.

use std::ffi::c_void;
use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;

use super::{SysResult, errno};

/// Room for an address of any family.
const ROOM: usize = size_of::<libc::sockaddr_storage>();

/// An address of any family, as the system takes and gives it.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
pub struct SocketAddress {
    bytes: [u8; ROOM],
    len: usize,
}

impl SocketAddress {
    /// No address.
    pub const EMPTY: SocketAddress = SocketAddress { bytes: [0; ROOM], len: 0 };

    /// An address of `len` bytes, all zero but the family.
    pub fn new(family: u16, len: usize) -> SocketAddress {
        let mut address = SocketAddress { len: len.min(ROOM), ..SocketAddress::EMPTY };
        address.put(0, &family.to_ne_bytes());
        address
    }
    /// Writes bytes at an offset; what does not fit is left out.
    pub fn put(&mut self, at: usize, bytes: &[u8]) {
        if let Some(room) = self.bytes.get_mut(at..) {
            let n = bytes.len().min(room.len());
            room[..n].copy_from_slice(&bytes[..n]);
        }
    }
    /// `N` bytes at an offset; zeros beyond the end.
    pub fn get<const N: usize>(&self, at: usize) -> [u8; N] {
        self.bytes.get(at..).and_then(|tail| tail.first_chunk()).copied().unwrap_or([0; N])
    }
    pub fn family(&self) -> i32 {
        u16::from_ne_bytes(self.get(0)).into()
    }
    /// The bytes that the address has.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
    fn as_ptr(&self) -> *const libc::sockaddr {
        self.bytes.as_ptr().cast()
    }
    /// Lets `call` fill an address.
    fn filled<T>(
        call: impl FnOnce(*mut libc::sockaddr, *mut libc::socklen_t) -> SysResult<T>,
    ) -> SysResult<(T, SocketAddress)> {
        let mut address = SocketAddress::EMPTY;
        let mut len = ROOM as libc::socklen_t;
        let result = call(address.bytes.as_mut_ptr().cast(), &mut len)?;
        // The system tells the true length, which may be more than there is room for.
        address.len = (len as usize).min(ROOM);
        Ok((result, address))
    }
    /// Copies `len` bytes of an address that the system made.
    ///
    /// # Safety
    /// `len` bytes at `from` are valid for reads.
    pub(super) unsafe fn copy(from: *const libc::sockaddr, len: usize) -> SocketAddress {
        let mut address = SocketAddress { len: len.min(ROOM), ..SocketAddress::EMPTY };
        // SAFETY: says the caller; the target has the room.
        unsafe { std::ptr::copy_nonoverlapping(from.cast(), address.bytes.as_mut_ptr(), address.len) };
        address
    }
    pub(super) fn parts(&self) -> (*const libc::sockaddr, libc::socklen_t) {
        (self.as_ptr(), self.len as libc::socklen_t)
    }
}

pub fn socket(family: i32, kind: i32, protocol: i32) -> SysResult<i32> {
    call!(libc::socket(family, kind | libc::SOCK_CLOEXEC, protocol))
}
pub fn socketpair(family: i32, kind: i32, protocol: i32) -> SysResult<(i32, i32)> {
    let mut fds = [0; 2];
    call!(libc::socketpair(family, kind | libc::SOCK_CLOEXEC, protocol, fds.as_mut_ptr()))?;
    Ok((fds[0], fds[1]))
}
pub fn accept(fd: i32) -> SysResult<(i32, SocketAddress)> {
    SocketAddress::filled(|address, len| call!(libc::accept4(fd, address, len, libc::SOCK_CLOEXEC)))
}
pub fn bind(fd: i32, address: &SocketAddress) -> SysResult<()> {
    let (pointer, len) = address.parts();
    call!(libc::bind(fd, pointer, len)).map(drop)
}
pub fn connect(fd: i32, address: &SocketAddress) -> SysResult<()> {
    let (pointer, len) = address.parts();
    call!(libc::connect(fd, pointer, len)).map(drop)
}
pub fn listen(fd: i32, backlog: i32) -> SysResult<()> {
    call!(libc::listen(fd, backlog)).map(drop)
}
pub fn shutdown(fd: i32, how: i32) -> SysResult<()> {
    call!(libc::shutdown(fd, how)).map(drop)
}
pub fn getsockname(fd: i32) -> SysResult<SocketAddress> {
    SocketAddress::filled(|address, len| call!(libc::getsockname(fd, address, len))).map(|(_, a)| a)
}
pub fn getpeername(fd: i32) -> SysResult<SocketAddress> {
    SocketAddress::filled(|address, len| call!(libc::getpeername(fd, address, len))).map(|(_, a)| a)
}
/// Receives at most `room` bytes to the end of `out`. Without `MSG_TRUNC`, the number is that of the bytes received.
pub fn recv_append(fd: i32, out: &mut Vec<u8>, room: usize, flags: i32) -> SysResult<usize> {
    out.try_reserve(room).map_err(|_| libc::ENOMEM)?;
    let spare = out.spare_capacity_mut();
    let room = room.min(spare.len());
    let n = call!(libc::recv(fd, spare.as_mut_ptr().cast(), room, flags))? as usize;
    // SAFETY: the system has filled that many bytes of the spare capacity.
    unsafe { out.set_len(out.len() + n.min(room)) };
    Ok(n)
}
/// As [`recv_append`], with the sender's address.
pub fn recvfrom_append(
    fd: i32,
    out: &mut Vec<u8>,
    room: usize,
    flags: i32,
) -> SysResult<(usize, SocketAddress)> {
    out.try_reserve(room).map_err(|_| libc::ENOMEM)?;
    let spare = out.spare_capacity_mut();
    let room = room.min(spare.len());
    let (n, address) = SocketAddress::filled(|address, len| {
        call!(libc::recvfrom(fd, spare.as_mut_ptr().cast(), room, flags, address, len))
    })?;
    let n = n as usize;
    // SAFETY: the system has filled that many bytes of the spare capacity.
    unsafe { out.set_len(out.len() + n.min(room)) };
    Ok((n, address))
}
pub fn send(fd: i32, bytes: &[u8], flags: i32) -> SysResult<usize> {
    call!(libc::send(fd, bytes.as_ptr().cast(), bytes.len(), flags)).map(|n| n as usize)
}
pub fn sendto(fd: i32, bytes: &[u8], flags: i32, address: &SocketAddress) -> SysResult<usize> {
    let (pointer, len) = address.parts();
    call!(libc::sendto(fd, bytes.as_ptr().cast(), bytes.len(), flags, pointer, len)).map(|n| n as usize)
}
/// Reads an option into `buffer`; its length.
pub fn getsockopt(fd: i32, level: i32, name: i32, buffer: &mut [u8]) -> SysResult<usize> {
    let mut len = buffer.len() as libc::socklen_t;
    call!(libc::getsockopt(fd, level, name, buffer.as_mut_ptr().cast(), &mut len))?;
    Ok(len as usize)
}
/// An option that is a number.
pub fn socket_number(fd: i32, level: i32, name: i32) -> SysResult<i32> {
    let mut bytes = [0u8; 4];
    getsockopt(fd, level, name, &mut bytes)?;
    Ok(i32::from_ne_bytes(bytes))
}
pub fn setsockopt(fd: i32, level: i32, name: i32, value: &[u8]) -> SysResult<()> {
    let len = value.len() as libc::socklen_t;
    call!(libc::setsockopt(fd, level, name, value.as_ptr().cast(), len)).map(drop)
}
/// An option without a value: a null pointer, with a length.
pub fn setsockopt_nothing(fd: i32, level: i32, name: i32, len: u32) -> SysResult<()> {
    call!(libc::setsockopt(fd, level, name, std::ptr::null::<c_void>(), len)).map(drop)
}
/// Switches `O_NONBLOCK`.
pub fn set_nonblocking(fd: i32, nonblocking: bool) -> SysResult<()> {
    let mut on = i32::from(nonblocking);
    call!(libc::ioctl(fd, libc::FIONBIO, &mut on)).map(drop)
}

/// What a `recvmsg` brought besides the data.
pub struct Received {
    pub len: usize,
    pub control_len: usize,
    pub flags: i32,
    pub address: SocketAddress,
}

pub fn recvmsg(
    fd: i32,
    buffers: &mut [IoSliceMut<'_>],
    control: &mut [u8],
    flags: i32,
) -> SysResult<Received> {
    let mut address = SocketAddress::EMPTY;
    // SAFETY: all zero is a value of this C struct.
    let mut message: libc::msghdr = unsafe { MaybeUninit::zeroed().assume_init() };
    message.msg_name = address.bytes.as_mut_ptr().cast();
    message.msg_namelen = ROOM as libc::socklen_t;
    // `IoSliceMut` has the layout of `iovec`, says its documentation.
    message.msg_iov = buffers.as_mut_ptr().cast();
    message.msg_iovlen = buffers.len() as _;
    message.msg_control = if control.is_empty() { std::ptr::null_mut() } else { control.as_mut_ptr().cast() };
    message.msg_controllen = control.len() as _;
    let n = call!(libc::recvmsg(fd, &mut message, flags))?;
    address.len = (message.msg_namelen as usize).min(ROOM);
    #[allow(clippy::unnecessary_cast)] // The type depends on the C library.
    let control_len = message.msg_controllen as usize;
    Ok(Received { len: n as usize, control_len, flags: message.msg_flags, address })
}

pub fn sendmsg(
    fd: i32,
    buffers: &[IoSlice<'_>],
    control: &[u8],
    flags: i32,
    address: Option<&SocketAddress>,
) -> SysResult<usize> {
    // SAFETY: all zero is a value of this C struct.
    let mut message: libc::msghdr = unsafe { MaybeUninit::zeroed().assume_init() };
    if let Some(address) = address {
        // The system only reads what a message for sending points to.
        let (pointer, len) = address.parts();
        message.msg_name = pointer.cast_mut().cast();
        message.msg_namelen = len;
    }
    message.msg_iov = buffers.as_ptr().cast_mut().cast();
    message.msg_iovlen = buffers.len() as _;
    if !control.is_empty() {
        message.msg_control = control.as_ptr().cast_mut().cast();
        message.msg_controllen = control.len() as _;
    }
    call!(libc::sendmsg(fd, &message, flags)).map(|n| n as usize)
}
