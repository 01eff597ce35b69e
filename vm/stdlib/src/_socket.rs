//! `_socket`: sockets, and names of hosts, services and interfaces.
//!
//! Whatever may wait (for a peer, a resolver) is detached.

use std::ffi::CString;

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;
use taipan_objects::tuple::PyTuple;
use taipan_objects::{buffer, bytes, int};
use taipan_threading::detached;
use taipan_vm::sys::audit;

use crate::file_path::name_obj;
use crate::native_class;
use crate::new_exception::new_exception;
use crate::os_error::os_error;
use crate::sys_calls::{self, Hints, Host, ResolveError, SocketAddress};

mod address;
mod constants;
mod messages;
mod socket;
mod transfer;

use address::{host_text, name_bytes, os_message, resolve, to_python};

native_class!(
    /// `socket.gaierror`.
    pub fn gaierror_class() = new_exception("socket.gaierror", &types().os_error)
);
native_class!(
    /// `socket.herror`.
    pub fn herror_class() = new_exception("socket.herror", &types().os_error)
);

/// Raises an error of the resolver.
#[cold]
pub fn gai_error(error: ResolveError) -> Raised {
    if error.code == libc::EAI_SYSTEM {
        return os_error(error.errno);
    }
    let text = name_obj(&sys_calls::gai_strerror(error.code));
    raise_args(gaierror_class(), vec![int_obj(error.code.into()), text])
}

#[cold]
fn host_error(code: i32) -> Raised {
    let text = name_obj(&sys_calls::hstrerror(code));
    raise_args(herror_class(), vec![int_obj(code.into()), text])
}

/// A host name argument, with the function's name in errors.
fn host_argument(function: &str, obj: &Obj) -> PyResult<CString> {
    if !obj.is_layout::<PyStr>()
        && !obj.is_layout::<bytes::PyBytes>()
        && !obj.is_layout::<taipan_objects::bytearray::PyByteArray>()
    {
        let name = if is_none(obj) { "None".to_owned() } else { class_of(obj).name() };
        return Err(type_error(format!(
            "{function}() argument 1 must be str, bytes or bytearray, not {name}"
        )));
    }
    name_bytes(obj)?.ok_or_else(|| {
        let name = class_of(obj).name();
        type_error(format!("{function}() argument 1 must be encoded string without null bytes, not {name}"))
    })
}

fn text_argument(obj: &str) -> PyResult<CString> {
    CString::new(obj).map_err(|_| value_error("embedded null character"))
}

/// `(name, aliases, addresses)`.
fn host_obj(host: Result<Host, i32>, family: i32) -> PyResult<(Obj, Vec<Obj>, Vec<Obj>)> {
    let host = host.map_err(host_error)?;
    if host.family != family {
        return Err(os_error(libc::EAFNOSUPPORT));
    }
    let aliases = host.aliases.iter().map(|alias| name_obj(alias)).collect();
    let mut addresses = Vec::new();
    for packed in &host.addresses {
        let mut address = SocketAddress::new(family as u16, 28);
        address.put(if family == libc::AF_INET6 { 8 } else { 4 }, packed);
        addresses.push(host_text(&address)?);
    }
    Ok((name_obj(&host.name), aliases, addresses))
}

/// A port or service of `getaddrinfo`.
fn service_argument(obj: &Obj) -> PyResult<Option<CString>> {
    if is_none(obj) {
        return Ok(None);
    }
    let bytes = if let Some(i) = int::int_ref(obj) {
        let Some(number) = i.to_i64() else {
            return Err(overflow_error("Python int too large to convert to C long"));
        };
        number.to_string().into_bytes()
    } else if let Some(text) = obj.downcast::<PyStr>() {
        text.to_utf8()?.into_owned().into_bytes()
    } else if let Some(bytes) = obj.downcast::<bytes::PyBytes>() {
        bytes.as_slice().to_vec()
    } else {
        return Err(os_message("Int or String expected"));
    };
    // As for C, a NUL byte ends the text.
    let end = bytes.iter().position(|&b| b == 0).unwrap_or(bytes.len());
    CString::new(&bytes[..end]).map(Some).map_err(|_| value_error("embedded null byte"))
}

/// The resolved address of `getnameinfo`'s argument.
fn name_argument(sockaddr: &Obj) -> PyResult<SocketAddress> {
    let Some(tuple) = sockaddr.downcast::<PyTuple>() else {
        return Err(type_error("getnameinfo() argument 1 must be a tuple"));
    };
    let items = tuple.as_slice();
    let (host, port) = match items {
        [host, port, rest @ ..] if host.is_layout::<PyStr>() && rest.len() <= 2 => (host, port),
        _ => return Err(type_error("getnameinfo(): illegal sockaddr argument")),
    };
    let host = text_argument(&String::from_arg(host)?)?;
    let port = i32::from_arg(port)?;
    let number = |at: usize| items.get(at).map_or(Ok(0), u32::from_arg);
    let (flow, scope) = (number(2)?, number(3)?);
    if flow > 0xfffff {
        return Err(overflow_error("getnameinfo(): flowinfo must be 0-1048575."));
    }
    audit("socket.getnameinfo", &[Py::from_ref(tuple).into_obj()])?;
    let hints =
        Hints { flags: libc::AI_NUMERICHOST, family: libc::AF_UNSPEC, kind: libc::SOCK_DGRAM, protocol: 0 };
    let service = text_argument(&(port as u32).to_string())?;
    let answers =
        detached(|| sys_calls::getaddrinfo(Some(&host), Some(&service), hints)).map_err(gai_error)?;
    let mut address = match answers.as_slice() {
        [one] => one.address,
        _ => return Err(os_message("sockaddr resolved to multiple addresses")),
    };
    match address.family() {
        libc::AF_INET if items.len() != 2 => {
            return Err(os_message("IPv4 sockaddr must be 2 tuple"));
        }
        libc::AF_INET6 => {
            address.put(4, &flow.to_be_bytes());
            address.put(24, &scope.to_ne_bytes());
        }
        _ => {}
    }
    Ok(address)
}

/// Implementation module for socket operations.
///
/// See the socket module for documentation.
#[pymodule(name = "_socket")]
mod items {
    use super::*;

    #[pyattr]
    const has_ipv6: bool = true;
    #[pyattr]
    const BDADDR_ANY: &str = "00:00:00:00:00:00";
    #[pyattr]
    const BDADDR_LOCAL: &str = "00:00:00:FF:FF:FF";

    /// close(integer) -> None
    ///
    /// Closes a socket's descriptor.
    #[pyfunction(sig = "(object, /)")]
    fn close(object: i32) -> PyResult<()> {
        match detached(|| sys_calls::close(object)) {
            Ok(()) | Err(libc::ECONNRESET) => Ok(()),
            Err(errno) => Err(os_error(errno)),
        }
    }
    /// dup(integer) -> integer
    ///
    /// Duplicates a socket's descriptor.
    #[pyfunction(sig = "(object, /)")]
    fn dup(object: i32) -> PyResult<i32> {
        sys_calls::dup(object).map_err(os_error)
    }
    /// socketpair([family[, type [, proto]]]) -> (socket object, socket object)
    ///
    /// Makes two sockets that are connected to each other.
    #[pyfunction(sig = "(family=AF_UNIX, type=SOCK_STREAM, proto=0, /)", text = "")]
    fn socketpair(family: Option<i32>, kind: Option<i32>, proto: Option<i32>) -> PyResult<(Obj, Obj)> {
        let family = family.unwrap_or(libc::AF_UNIX);
        let (kind, proto) = (kind.unwrap_or(libc::SOCK_STREAM), proto.unwrap_or(0));
        let (a, b) = detached(|| sys_calls::socketpair(family, kind, proto)).map_err(os_error)?;
        Ok((socket::of_descriptor(a, family, kind, proto)?, socket::of_descriptor(b, family, kind, proto)?))
    }
    /// getdefaulttimeout() -> timeout
    ///
    /// The timeout of new sockets in seconds; None: for ever.
    #[pyfunction]
    fn getdefaulttimeout() -> Obj {
        socket::timeout_obj(socket::default_timeout())
    }
    /// setdefaulttimeout(timeout)
    ///
    /// Sets the timeout of new sockets.
    #[pyfunction(sig = "(object, /)")]
    fn setdefaulttimeout(object: &Obj) -> PyResult<()> {
        socket::set_default_timeout(socket::timeout_argument(object)?);
        Ok(())
    }
    /// gethostname() -> string
    ///
    /// The name of this host.
    #[pyfunction]
    fn gethostname() -> PyResult<Obj> {
        audit("socket.gethostname", &[])?;
        sys_calls::gethostname().map(|name| name_obj(&name)).map_err(os_error)
    }
    /// sethostname(name)
    ///
    /// Renames this host.
    #[pyfunction(sig = "(name, /)", text = "")]
    fn sethostname(name: &Obj) -> PyResult<()> {
        let bytes = crate::file_path::c_name(name)?;
        audit("socket.sethostname", std::slice::from_ref(name))?;
        sys_calls::sethostname(bytes.as_bytes()).map_err(os_error)
    }
    /// gethostbyname(host) -> address
    ///
    /// The IPv4 address of a host.
    #[pyfunction(sig = "(host, /)", text = "")]
    fn gethostbyname(host: &Obj) -> PyResult<Obj> {
        let name = host_argument("gethostbyname", host)?;
        audit("socket.gethostbyname", std::slice::from_ref(host))?;
        host_text(&resolve(&name, libc::AF_INET)?)
    }
    /// gethostbyname_ex(host) -> (name, aliaslist, addresslist)
    ///
    /// The true name of a host, its other names, its IPv4 addresses.
    #[pyfunction(sig = "(host, /)", text = "")]
    fn gethostbyname_ex(host: &Obj) -> PyResult<(Obj, Vec<Obj>, Vec<Obj>)> {
        let name = host_argument("gethostbyname_ex", host)?;
        audit("socket.gethostbyname", std::slice::from_ref(host))?;
        resolve(&name, libc::AF_INET)?;
        host_obj(detached(|| sys_calls::host_by_name(&name)), libc::AF_INET)
    }
    /// gethostbyaddr(host) -> (name, aliaslist, addresslist)
    ///
    /// As gethostbyname_ex(), for an address.
    #[pyfunction(sig = "(host, /)", text = "")]
    fn gethostbyaddr(host: &Obj) -> PyResult<(Obj, Vec<Obj>, Vec<Obj>)> {
        let name = host_argument("gethostbyaddr", host)?;
        audit("socket.gethostbyaddr", std::slice::from_ref(host))?;
        let address = resolve(&name, libc::AF_UNSPEC)?;
        let family = address.family();
        let v4: [u8; 4] = address.get(4);
        let v6: [u8; 16] = address.get(8);
        let packed: &[u8] = match family {
            libc::AF_INET => &v4,
            libc::AF_INET6 => &v6,
            _ => return Err(os_message("unsupported address family")),
        };
        host_obj(detached(|| sys_calls::host_by_address(packed, family)), family)
    }
    /// getaddrinfo(host, port [, family, type, proto, flags])
    ///     -> list of (family, type, proto, canonname, sockaddr)
    ///
    /// The addresses that a host and port may mean.
    #[pyfunction(sig = "(host, port, family=AF_UNSPEC, type=0, proto=0, flags=0)", text = "")]
    fn getaddrinfo(
        host: &Obj,
        port: &Obj,
        family: Option<i32>,
        kind: Option<i32>,
        proto: Option<i32>,
        flags: Option<i32>,
    ) -> PyResult<Obj> {
        let name = if is_none(host) {
            None
        } else if host.is_layout::<PyStr>() || host.is_layout::<bytes::PyBytes>() {
            let unknown = || gai_error(ResolveError { code: libc::EAI_NONAME, errno: 0 });
            Some(name_bytes(host)?.ok_or_else(unknown)?)
        } else {
            return Err(type_error("getaddrinfo() argument 1 must be string or None"));
        };
        let service = service_argument(port)?;
        let hints = Hints {
            family: family.unwrap_or(libc::AF_UNSPEC),
            kind: kind.unwrap_or(0),
            protocol: proto.unwrap_or(0),
            flags: flags.unwrap_or(0),
        };
        let numbers = [hints.family, hints.kind, hints.protocol, hints.flags].map(|n| int_obj(n.into()));
        audit("socket.getaddrinfo", &[&[host.clone(), port.clone()], &numbers[..]].concat())?;
        let answers = detached(|| sys_calls::getaddrinfo(name.as_deref(), service.as_deref(), hints));
        let answers = answers.map_err(gai_error)?;
        let entry = |a: &sys_calls::AddressInfo| {
            let address = to_python(&a.address, a.protocol)?;
            (a.family, a.kind, a.protocol, name_obj(&a.canonical_name), address).into_py()
        };
        Ok(list_obj(answers.iter().map(entry).collect::<PyResult<Vec<Obj>>>()?))
    }
    /// getnameinfo(sockaddr, flags) --> (host, port)
    ///
    /// The names of an address's host and port.
    #[pyfunction(sig = "(sockaddr, flags, /)", text = "")]
    fn getnameinfo(sockaddr: &Obj, flags: i32) -> PyResult<(Obj, Obj)> {
        let address = name_argument(sockaddr)?;
        let (host, service) = detached(|| sys_calls::getnameinfo(&address, flags)).map_err(gai_error)?;
        Ok((name_obj(&host), name_obj(&service)))
    }
    /// getservbyname(servicename[, protocolname]) -> integer
    ///
    /// The port of a service.
    #[pyfunction(sig = "(servicename, protocolname=None, /)", text = "")]
    fn getservbyname(servicename: &str, protocolname: Option<String>) -> PyResult<u16> {
        let name = text_argument(servicename)?;
        let protocol = protocolname.as_deref().map(text_argument).transpose()?;
        let event = [str_obj(servicename), str_obj(protocolname.as_deref().unwrap_or(""))];
        audit("socket.getservbyname", &event)?;
        detached(|| sys_calls::service_by_name(&name, protocol.as_deref()))
            .ok_or_else(|| os_message("service/proto not found"))
    }
    /// getservbyport(port[, protocolname]) -> string
    ///
    /// The name of the service at a port.
    #[pyfunction(sig = "(port, protocolname=None, /)", text = "")]
    fn getservbyport(port: i32, protocolname: Option<String>) -> PyResult<Obj> {
        let Ok(number) = u16::try_from(port) else {
            return Err(overflow_error("getservbyport: port must be 0-65535."));
        };
        let protocol = protocolname.as_deref().map(text_argument).transpose()?;
        let event = [int_obj(port.into()), str_obj(protocolname.as_deref().unwrap_or(""))];
        audit("socket.getservbyport", &event)?;
        detached(|| sys_calls::service_by_port(number, protocol.as_deref()))
            .map(|name| name_obj(&name))
            .ok_or_else(|| os_message("port/proto not found"))
    }
    /// getprotobyname(name) -> integer
    ///
    /// The number of a protocol.
    #[pyfunction(sig = "(name, /)", text = "")]
    fn getprotobyname(name: &str) -> PyResult<i32> {
        let name = text_argument(name)?;
        detached(|| sys_calls::protocol_by_name(&name)).ok_or_else(|| os_message("protocol not found"))
    }
    /// Convert a 16-bit unsigned integer from host to network byte order.
    #[pyfunction(sig = "(integer, /)")]
    fn htons(integer: u16) -> u16 {
        integer.to_be()
    }
    /// Convert a 32-bit unsigned integer from host to network byte order.
    #[pyfunction(sig = "(integer, /)")]
    fn htonl(integer: u32) -> u32 {
        integer.to_be()
    }
    /// Convert a 16-bit unsigned integer from network to host byte order.
    #[pyfunction(sig = "(integer, /)")]
    fn ntohs(integer: u16) -> u16 {
        u16::from_be(integer)
    }
    /// Convert a 32-bit unsigned integer from network to host byte order.
    #[pyfunction(sig = "(integer, /)")]
    fn ntohl(integer: u32) -> u32 {
        u32::from_be(integer)
    }
    /// Convert an IP address in string format to the 32-bit packed binary format.
    #[pyfunction(sig = "(ip_addr, /)")]
    fn inet_aton(ip_addr: &str) -> PyResult<Obj> {
        match sys_calls::inet_aton(&*text_argument(ip_addr)?) {
            Some(packed) => Ok(bytes_obj(&packed)),
            None => Err(os_message("illegal IP address string passed to inet_aton")),
        }
    }
    /// Convert an IP address from 32-bit packed binary format to string format.
    #[pyfunction(sig = "(packed_ip, /)")]
    fn inet_ntoa(packed_ip: &Obj) -> PyResult<String> {
        match buffer::to_vec(packed_ip)?.as_slice() {
            [a, b, c, d] => Ok(format!("{a}.{b}.{c}.{d}")),
            _ => Err(os_message("packed IP wrong length for inet_ntoa")),
        }
    }
    /// inet_pton(af, ip) -> packed IP address string
    ///
    /// The packed form of an address.
    #[pyfunction(sig = "(af, ip, /)", text = "")]
    fn inet_pton(af: i32, ip: &str) -> PyResult<Obj> {
        match sys_calls::packed_address(af, &*text_argument(ip)?).map_err(os_error)? {
            Some(packed) => Ok(bytes_obj(&packed)),
            None => Err(os_message("illegal IP address string passed to inet_pton")),
        }
    }
    /// inet_ntop(af, packed_ip) -> string formatted IP address
    ///
    /// The text of a packed address.
    #[pyfunction(sig = "(af, packed_ip, /)", text = "")]
    fn inet_ntop(af: i32, packed_ip: &Obj) -> PyResult<Obj> {
        let packed = buffer::to_vec(packed_ip)?;
        let len = match af {
            libc::AF_INET => 4,
            libc::AF_INET6 => 16,
            _ => return Err(value_error(format!("unknown address family {af}"))),
        };
        if packed.len() != len {
            return Err(value_error("invalid length of packed IP address string"));
        }
        let mut room = [0u8; 16];
        room[..len].copy_from_slice(&packed);
        sys_calls::address_text(af, &room).map(|text| name_obj(&text)).map_err(os_error)
    }
    /// if_nameindex()
    ///
    /// Numbers and names of all network interfaces.
    #[pyfunction]
    fn if_nameindex() -> PyResult<Vec<(u32, Obj)>> {
        let list = sys_calls::if_nameindex().map_err(os_error)?;
        Ok(list.into_iter().map(|(index, name)| (index, name_obj(&name))).collect())
    }
    /// Returns the interface index corresponding to the interface name if_name.
    #[pyfunction(sig = "(oname, /)")]
    fn if_nametoindex(oname: &Obj) -> PyResult<u32> {
        sys_calls::if_nametoindex(&*crate::file_path::c_name(oname)?).map_err(os_error)
    }
    /// Returns the interface name corresponding to the interface index if_index.
    #[pyfunction(sig = "(if_index, /)")]
    fn if_indextoname(if_index: &Obj) -> PyResult<Obj> {
        let number = u64::from_arg(if_index).and_then(|n| {
            u32::try_from(n).map_err(|_| overflow_error("Python int too large for C unsigned int"))
        })?;
        sys_calls::if_indextoname(number).map(|name| name_obj(&name)).map_err(os_error)
    }
    /// CMSG_LEN(length) -> control message length
    ///
    /// The length of a record of ancillary data with so many bytes of data.
    #[pyfunction(sig = "(length, /)", text = "")]
    fn CMSG_LEN(length: isize) -> PyResult<usize> {
        usize::try_from(length)
            .ok()
            .and_then(messages::record_len)
            .ok_or_else(|| overflow_error("CMSG_LEN() argument out of range"))
    }
    /// CMSG_SPACE(length) -> buffer size
    ///
    /// As CMSG_LEN(), with the padding behind the record.
    #[pyfunction(sig = "(length, /)", text = "")]
    fn CMSG_SPACE(length: isize) -> PyResult<usize> {
        usize::try_from(length)
            .ok()
            .and_then(messages::record_space)
            .ok_or_else(|| overflow_error("CMSG_SPACE() argument out of range"))
    }

    #[pyinit]
    fn init(module: &PyModuleBuilder<'_>) -> PyResult<()> {
        for (name, value) in constants::NAMED.iter().chain(constants::OTHERS) {
            module.add(name, *value)?;
        }
        module.add("socket", socket::class().to_obj())?;
        module.add("SocketType", socket::class().to_obj())?;
        module.add("error", types().os_error.to_obj())?;
        module.add("timeout", types().timeout_error.to_obj())?;
        module.add("gaierror", gaierror_class().to_obj())?;
        module.add("herror", herror_class().to_obj())
    }
}
