//! Names of hosts, services, protocols and network interfaces.
//!
//! The C library's databases of services and protocols keep their answer in static memory; a lock makes their callers take turns.

use std::ffi::CStr;
use std::os::raw::{c_char, c_int, c_void};

use parking_lot::Mutex;

use super::sockets::SocketAddress;
use super::{SysResult, c_text, errno};

/// `getaddrinfo`'s own error number; with `EAI_SYSTEM`, the system's.
pub struct ResolveError {
    pub code: i32,
    pub errno: i32,
}

/// One answer of `getaddrinfo`.
pub struct AddressInfo {
    pub family: i32,
    pub kind: i32,
    pub protocol: i32,
    pub canonical_name: Vec<u8>,
    pub address: SocketAddress,
}

/// What to ask `getaddrinfo` for.
#[derive(Clone, Copy, Default)]
pub struct Hints {
    pub flags: i32,
    pub family: i32,
    pub kind: i32,
    pub protocol: i32,
}

pub fn getaddrinfo(
    host: Option<&CStr>,
    service: Option<&CStr>,
    hints: Hints,
) -> Result<Vec<AddressInfo>, ResolveError> {
    let pointer = |text: Option<&CStr>| text.map_or(std::ptr::null(), CStr::as_ptr);
    let wanted = libc::addrinfo {
        ai_flags: hints.flags,
        ai_family: hints.family,
        ai_socktype: hints.kind,
        ai_protocol: hints.protocol,
        ai_addrlen: 0,
        ai_addr: std::ptr::null_mut(),
        ai_canonname: std::ptr::null_mut(),
        ai_next: std::ptr::null_mut(),
    };
    let mut list = std::ptr::null_mut();
    // SAFETY: strings or null, a struct, a place for the result.
    let code = unsafe { libc::getaddrinfo(pointer(host), pointer(service), &wanted, &mut list) };
    if code != 0 {
        return Err(ResolveError { code, errno: errno() });
    }
    let mut answers = Vec::new();
    let mut at = list;
    // SAFETY: the list that the call made: each entry is null or valid, its address has the length that stands beside it.
    while let Some(entry) = unsafe { at.as_ref() } {
        answers.push(AddressInfo {
            family: entry.ai_family,
            kind: entry.ai_socktype,
            protocol: entry.ai_protocol,
            canonical_name: c_text(entry.ai_canonname),
            // SAFETY: as above.
            address: unsafe { SocketAddress::copy(entry.ai_addr, entry.ai_addrlen as usize) },
        });
        at = entry.ai_next;
    }
    // SAFETY: the list is freed once; everything was copied.
    unsafe { libc::freeaddrinfo(list) };
    Ok(answers)
}

pub fn getnameinfo(address: &SocketAddress, flags: i32) -> Result<(Vec<u8>, Vec<u8>), ResolveError> {
    let (mut host, mut service) = ([0u8; 1025], [0u8; 32]);
    let (pointer, len) = address.parts();
    // SAFETY: an address and two buffers with their lengths.
    let code = unsafe {
        libc::getnameinfo(
            pointer,
            len,
            host.as_mut_ptr().cast(),
            host.len() as libc::socklen_t,
            service.as_mut_ptr().cast(),
            service.len() as libc::socklen_t,
            flags as _,
        )
    };
    match code {
        0 => Ok((super::until_nul(&host), super::until_nul(&service))),
        code => Err(ResolveError { code, errno: errno() }),
    }
}

/// The text of an error of `getaddrinfo`.
pub fn gai_strerror(code: i32) -> Vec<u8> {
    // SAFETY: a plain number; the result is static text.
    c_text(unsafe { libc::gai_strerror(code) })
}

/// The text of an error of `gethostbyname` and the like.
pub fn hstrerror(code: i32) -> Vec<u8> {
    // SAFETY: as above.
    c_text(unsafe { libc::hstrerror(code) })
}

unsafe extern "C" {
    fn gethostbyname_r(
        name: *const c_char,
        entry: *mut libc::hostent,
        buffer: *mut c_char,
        room: usize,
        found: *mut *mut libc::hostent,
        error: *mut c_int,
    ) -> c_int;
    fn gethostbyaddr_r(
        address: *const c_void,
        len: libc::socklen_t,
        kind: c_int,
        entry: *mut libc::hostent,
        buffer: *mut c_char,
        room: usize,
        found: *mut *mut libc::hostent,
        error: *mut c_int,
    ) -> c_int;
}

/// A host: name, aliases, family, packed addresses.
pub struct Host {
    pub name: Vec<u8>,
    pub aliases: Vec<Vec<u8>>,
    pub family: i32,
    pub addresses: Vec<Vec<u8>>,
}

/// The strings of a list that a null pointer ends.
///
/// # Safety
/// `list` is null or such a list of valid pointers.
unsafe fn pointers<T>(list: *mut *mut c_char, mut copy: impl FnMut(*mut c_char) -> T) -> Vec<T> {
    let mut out = Vec::new();
    if list.is_null() {
        return out;
    }
    loop {
        // SAFETY: says the caller: we have not passed the null pointer at the end.
        let item = unsafe { *list.add(out.len()) };
        if item.is_null() {
            return out;
        }
        out.push(copy(item));
    }
}

/// Runs a reentrant look-up with a buffer that is large enough. The error is that of `h_errno`.
fn host(
    find: impl Fn(*mut libc::hostent, *mut c_char, usize, *mut *mut libc::hostent, *mut c_int) -> c_int,
) -> Result<Host, i32> {
    let mut room = 16384;
    loop {
        let mut buffer = vec![0u64; room / 8];
        // SAFETY: all zero is a value of this C struct.
        let mut entry: libc::hostent = unsafe { std::mem::zeroed() };
        let (mut found, mut error) = (std::ptr::null_mut(), 0);
        let code = find(&mut entry, buffer.as_mut_ptr().cast(), room, &mut found, &mut error);
        if code == libc::ERANGE && room < 1 << 22 {
            room *= 2;
            continue;
        }
        // SAFETY: null or the entry, which is filled and whose strings are in the buffer.
        let Some(found) = (unsafe { found.as_ref() }) else { return Err(error) };
        let len = found.h_length.max(0) as usize;
        // SAFETY: lists that a null pointer ends; each address has `h_length` bytes.
        let (aliases, addresses) = unsafe {
            let aliases = pointers(found.h_aliases, |text| c_text(text));
            let packed = |p: *mut c_char| std::slice::from_raw_parts(p.cast::<u8>(), len).to_vec();
            (aliases, pointers(found.h_addr_list, packed))
        };
        return Ok(Host { name: c_text(found.h_name), aliases, family: found.h_addrtype, addresses });
    }
}

pub fn host_by_name(name: &CStr) -> Result<Host, i32> {
    // SAFETY: a string, a struct, a buffer with its length, places for the results.
    host(|entry, buffer, room, found, error| unsafe {
        gethostbyname_r(name.as_ptr(), entry, buffer, room, found, error)
    })
}
pub fn host_by_address(packed: &[u8], family: i32) -> Result<Host, i32> {
    // SAFETY: as above; the address comes with its length.
    host(|entry, buffer, room, found, error| unsafe {
        let len = packed.len() as libc::socklen_t;
        gethostbyaddr_r(packed.as_ptr().cast(), len, family, entry, buffer, room, found, error)
    })
}

static STATIC_ANSWERS: Mutex<()> = Mutex::new(());

fn c_pointer(text: Option<&CStr>) -> *const c_char {
    text.map_or(std::ptr::null(), CStr::as_ptr)
}
/// The port of a service.
pub fn service_by_name(name: &CStr, protocol: Option<&CStr>) -> Option<u16> {
    let _turn = STATIC_ANSWERS.lock();
    // SAFETY: strings or null; the answer is copied while it is our turn.
    let entry = unsafe { libc::getservbyname(name.as_ptr(), c_pointer(protocol)).as_ref() };
    entry.map(|entry| u16::from_be(entry.s_port as u16))
}
/// The name of the service at a port.
pub fn service_by_port(port: u16, protocol: Option<&CStr>) -> Option<Vec<u8>> {
    let _turn = STATIC_ANSWERS.lock();
    // SAFETY: as above.
    let entry = unsafe { libc::getservbyport(port.to_be().into(), c_pointer(protocol)).as_ref() };
    entry.map(|entry| c_text(entry.s_name))
}
/// The number of a protocol.
pub fn protocol_by_name(name: &CStr) -> Option<i32> {
    let _turn = STATIC_ANSWERS.lock();
    // SAFETY: as above.
    unsafe { libc::getprotobyname(name.as_ptr()).as_ref() }.map(|entry| entry.p_proto)
}

/// The packed IPv4 address of any notation that the C library knows.
pub fn inet_aton(text: &CStr) -> Option<[u8; 4]> {
    unsafe extern "C" {
        fn inet_aton(text: *const c_char, address: *mut libc::in_addr) -> c_int;
    }
    let mut address = libc::in_addr { s_addr: 0 };
    // SAFETY: a string and a place for the result.
    (unsafe { inet_aton(text.as_ptr(), &mut address) } != 0).then(|| address.s_addr.to_ne_bytes())
}

pub fn gethostname() -> SysResult<Vec<u8>> {
    let mut buffer = [0u8; 1024];
    call!(libc::gethostname(buffer.as_mut_ptr().cast(), buffer.len() - 1))?;
    Ok(super::until_nul(&buffer))
}
pub fn sethostname(name: &[u8]) -> SysResult<()> {
    call!(libc::sethostname(name.as_ptr().cast(), name.len())).map(drop)
}

/// The number of a network interface.
pub fn if_nametoindex(name: &CStr) -> SysResult<u32> {
    // SAFETY: a string.
    match unsafe { libc::if_nametoindex(name.as_ptr()) } {
        0 => Err(errno()),
        index => Ok(index),
    }
}
/// The name of a network interface.
pub fn if_indextoname(index: u32) -> SysResult<Vec<u8>> {
    let mut buffer = [0u8; libc::IF_NAMESIZE + 1];
    // SAFETY: room for a name.
    if unsafe { libc::if_indextoname(index, buffer.as_mut_ptr().cast()) }.is_null() {
        return Err(errno());
    }
    Ok(super::until_nul(&buffer))
}
/// All network interfaces.
pub fn if_nameindex() -> SysResult<Vec<(u32, Vec<u8>)>> {
    // SAFETY: no arguments.
    let list = unsafe { libc::if_nameindex() };
    if list.is_null() {
        return Err(errno());
    }
    let mut out = Vec::new();
    // SAFETY: an array that an entry of zeros ends, freed once; its strings are copied.
    unsafe {
        let mut at = list;
        while (*at).if_index != 0 && !(*at).if_name.is_null() {
            out.push(((*at).if_index, c_text((*at).if_name)));
            at = at.add(1);
        }
        libc::if_freenameindex(list);
    }
    Ok(out)
}

unsafe extern "C" {
    fn inet_ntop(
        family: c_int,
        packed: *const c_void,
        text: *mut c_char,
        room: libc::socklen_t,
    ) -> *const c_char;
    fn inet_pton(family: c_int, text: *const c_char, packed: *mut c_void) -> c_int;
}

/// The packed form of an address of `AF_INET` (4 bytes) or `AF_INET6` (16 bytes); `None`: not an address.
pub fn packed_address(family: i32, text: &CStr) -> SysResult<Option<Vec<u8>>> {
    let mut packed = [0u8; 16];
    // SAFETY: a string, and room for the longest packed address.
    match call!(inet_pton(family, text.as_ptr(), packed.as_mut_ptr().cast()))? {
        0 => Ok(None),
        _ => Ok(Some(packed[..if family == libc::AF_INET6 { 16 } else { 4 }].to_vec())),
    }
}
/// The text of a packed address.
pub fn address_text(family: i32, packed: &[u8; 16]) -> SysResult<Vec<u8>> {
    let mut text = [0u8; 64];
    let room = text.len() as libc::socklen_t;
    // SAFETY: a packed address of either family has at most 16 bytes; a buffer with its length.
    if unsafe { inet_ntop(family, packed.as_ptr().cast(), text.as_mut_ptr().cast(), room) }.is_null() {
        return Err(errno());
    }
    Ok(super::until_nul(&text))
}
