//! Addresses: from Python's tuples, paths and numbers to the system's bytes, and back.
//!
//! Every family's form is that of the `socket` documentation. Offsets are those of the system's structs (`sockaddr_in` and so on).

use std::ffi::CString;

use taipan_objects::buffer;
use taipan_objects::bytearray::PyByteArray;
use taipan_objects::bytes::PyBytes;
use taipan_objects::hooks;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::str::codecs::encode_fs;
use taipan_objects::tuple::PyTuple;
use taipan_threading::detached;

use super::gai_error;
use crate::file_path::name_obj;
use crate::os_error::os_error;
use crate::sys_calls::{self, Hints, SocketAddress};

/// Where a Unix socket's path begins, and the room it has.
const UNIX_PATH: usize = 2;
const UNIX_ROOM: usize = 108;

/// A host name: text is encoded with IDNA unless it is ASCII.
pub fn host_name(obj: &Obj) -> PyResult<CString> {
    let bytes = if let Some(text) = obj.downcast::<PyStr>() {
        match text.to_utf8() {
            Ok(text) if text.is_ascii() => text.into_owned().into_bytes(),
            other => {
                if other.is_err() {
                    drop(take_raised());
                }
                encode_idna(obj)?
            }
        }
    } else if obj.is_layout::<PyBytes>() || obj.is_layout::<PyByteArray>() {
        buffer::to_vec(obj)?
    } else {
        let name = class_of(obj).name();
        return Err(type_error(format!("str, bytes or bytearray expected, not {name}")));
    };
    CString::new(bytes).map_err(|_| type_error("host name must not contain null character"))
}

/// A name to be looked up. Unlike with addresses, what cannot be encoded is told as the codec tells it. `None`: a null character is in it.
pub fn name_bytes(obj: &Obj) -> PyResult<Option<CString>> {
    let is_plain = |text: &str| {
        let labels = text.strip_suffix('.').unwrap_or(text).split('.');
        text.is_ascii() && (text.is_empty() || labels.into_iter().all(|label| (1..64).contains(&label.len())))
    };
    let bytes = match obj.downcast::<PyStr>() {
        None => buffer::to_vec(obj)?,
        Some(text) => match text.to_utf8() {
            Ok(text) if is_plain(&text) => text.into_owned().into_bytes(),
            other => {
                if other.is_err() {
                    drop(take_raised());
                }
                let encode = hooks::get().map(|hooks| hooks.encode);
                buffer::to_vec(&encode.map_or(Err(Raised), |encode| encode(obj, "idna", "strict"))?)?
            }
        },
    };
    Ok(CString::new(bytes).ok())
}

fn encode_idna(obj: &Obj) -> PyResult<Vec<u8>> {
    let encoded = match hooks::get().and_then(|hooks| (hooks.encode)(obj, "idna", "strict")) {
        Ok(encoded) => encoded,
        Err(Raised) => {
            drop(take_raised());
            return Err(type_error("encoding of hostname failed"));
        }
    };
    buffer::to_vec(&encoded)
}

/// The packed address that a name means, waiting for the resolver if need be. Only of the family, unless that is `AF_UNSPEC`.
pub fn resolve(name: &CString, family: i32) -> PyResult<SocketAddress> {
    let unspecified = family == libc::AF_UNSPEC;
    let fits = |wanted: i32| unspecified || family == wanted;
    let of_ipv4 = |packed: [u8; 4]| {
        let mut address = SocketAddress::new(libc::AF_INET as u16, 16);
        address.put(4, &packed);
        address
    };
    match name.as_bytes() {
        b"" => {
            let hints = Hints { flags: libc::AI_PASSIVE, family, kind: libc::SOCK_DGRAM, protocol: 0 };
            let answers = detached(|| sys_calls::getaddrinfo(None, Some(c"0"), hints)).map_err(gai_error)?;
            return match answers.as_slice() {
                [one] => Ok(one.address),
                _ => Err(os_message("wildcard resolved to multiple address")),
            };
        }
        b"255.255.255.255" | b"<broadcast>" => {
            if !fits(libc::AF_INET) {
                return Err(os_message("address family mismatched"));
            }
            return Ok(of_ipv4([255; 4]));
        }
        _ => {}
    }
    if fits(libc::AF_INET)
        && let Ok(Some(packed)) = sys_calls::packed_address(libc::AF_INET, name)
        && let Some(packed) = packed.first_chunk()
    {
        return Ok(of_ipv4(*packed));
    }
    if fits(libc::AF_INET6)
        && !name.as_bytes().contains(&b'%')
        && let Ok(Some(packed)) = sys_calls::packed_address(libc::AF_INET6, name)
    {
        let mut address = SocketAddress::new(libc::AF_INET6 as u16, 28);
        address.put(8, &packed);
        return Ok(address);
    }
    let hints = Hints { family, ..Hints::default() };
    let answers = detached(|| sys_calls::getaddrinfo(Some(name), None, hints)).map_err(gai_error)?;
    let first = answers.first().map(|answer| answer.address);
    first.ok_or_else(|| os_message("unknown address family"))
}

/// Raises `OSError(message)`.
#[cold]
pub fn os_message(message: &str) -> Raised {
    raise_message(&types().os_error, message)
}

fn family_name(family: i32) -> &'static str {
    match family {
        libc::AF_INET => "AF_INET",
        libc::AF_INET6 => "AF_INET6",
        libc::AF_NETLINK => "AF_NETLINK",
        libc::AF_PACKET => "AF_PACKET",
        libc::AF_VSOCK => "AF_VSOCK",
        libc::AF_ALG => "AF_ALG",
        libc::AF_CAN => "AF_CAN",
        libc::AF_TIPC => "AF_TIPC",
        _ => "AF_QIPCRTR",
    }
}

/// The items of an address tuple, between `min` and `max`.
fn items<'a>(
    caller: &str,
    family: i32,
    obj: &'a Obj,
    min: usize,
    max: usize,
    form: &str,
) -> PyResult<&'a [Obj]> {
    let Some(tuple) = obj.downcast::<PyTuple>() else {
        let (family, given) = (family_name(family), class_of(obj).name());
        return Err(type_error(format!("{caller}(): {family} address must be tuple, not {given}")));
    };
    let items = tuple.as_slice();
    if items.len() < min || items.len() > max {
        return Err(type_error(format!("{} address must be {form}", family_name(family))));
    }
    Ok(items)
}

/// A port number. What no integer type holds is no port either.
fn port(caller: &str, obj: &Obj) -> PyResult<u16> {
    match i32::from_arg(obj) {
        Ok(number) => u16::try_from(number).ok(),
        Err(Raised) => {
            catch(&types().overflow_error)?;
            None
        }
    }
    .ok_or_else(|| overflow_error(format!("{caller}(): port must be 0-65535.")))
}

/// A number of 32 bits, wrapped around as C does.
fn word(obj: Option<&Obj>) -> PyResult<u32> {
    let Some(obj) = obj else { return Ok(0) };
    let number = index(obj)?;
    Ok(taipan_objects::int::int_ref(&number).map_or(0, |i| i.wrapping_u64()) as u32)
}

fn number(obj: Option<&Obj>) -> PyResult<i32> {
    obj.map_or(Ok(0), i32::from_arg)
}

/// The index of the network interface called so; 0 if the name is empty.
fn interface(name: &Obj) -> PyResult<u32> {
    let name = crate::file_path::c_name(name)?;
    if name.is_empty() {
        return Ok(0);
    }
    sys_calls::if_nametoindex(&name).map_err(os_error)
}

/// The system's form of `obj`, an address for a socket of `family`; `caller` is named in errors.
pub fn from_python(caller: &str, family: i32, protocol: i32, obj: &Obj) -> PyResult<SocketAddress> {
    match family {
        libc::AF_UNIX => unix(obj),
        libc::AF_INET => {
            let [host, service] = items(caller, family, obj, 2, 2, "a pair (host, port)")? else {
                return Err(os_message("bad address"));
            };
            let host = host_name(host)?;
            let service = port(caller, service)?;
            let mut address = resolve(&host, family)?;
            address.put(2, &service.to_be_bytes());
            Ok(address)
        }
        libc::AF_INET6 => {
            let form = "a tuple (host, port[, flowinfo[, scopeid]])";
            let items = items(caller, family, obj, 2, 4, form)?;
            let host = host_name(&items[0])?;
            let service = port(caller, &items[1])?;
            let (flow, scope) = (word(items.get(2))?, word(items.get(3))?);
            if flow > 0xfffff {
                return Err(overflow_error(format!("{caller}(): flowinfo must be 0-1048575.")));
            }
            let mut address = resolve(&host, family)?;
            address.put(2, &service.to_be_bytes());
            address.put(4, &flow.to_be_bytes());
            address.put(24, &scope.to_ne_bytes());
            Ok(address)
        }
        libc::AF_NETLINK => {
            let items = items(caller, family, obj, 2, 2, "a pair (pid, groups)")?;
            let mut address = SocketAddress::new(family as u16, 12);
            address.put(4, &word(items.first())?.to_ne_bytes());
            address.put(8, &word(items.get(1))?.to_ne_bytes());
            Ok(address)
        }
        libc::AF_VSOCK => {
            let items = items(caller, family, obj, 2, 2, "a pair (CID, port)")?;
            let mut address = SocketAddress::new(family as u16, 16);
            address.put(8, &word(items.first())?.to_ne_bytes());
            address.put(4, &word(items.get(1))?.to_ne_bytes());
            Ok(address)
        }
        libc::AF_PACKET => packet(caller, obj),
        libc::AF_CAN => can(caller, protocol, obj),
        libc::AF_ALG => algorithm(caller, obj),
        QIPCRTR => {
            let items = items(caller, family, obj, 2, 2, "a pair (node, port)")?;
            let mut address = SocketAddress::new(family as u16, 12);
            address.put(4, &word(items.first())?.to_ne_bytes());
            address.put(8, &word(items.get(1))?.to_ne_bytes());
            Ok(address)
        }
        libc::AF_TIPC => {
            let form = "a tuple (addr_type, v1, v2, v3[, scope])";
            let items = items(caller, family, obj, 4, 5, form)?;
            tipc(items)
        }
        _ => Err(os_message(&format!("{caller}(): bad family"))),
    }
}

const QIPCRTR: i32 = 42;

fn unix(obj: &Obj) -> PyResult<SocketAddress> {
    let path = match obj.downcast::<PyStr>() {
        Some(text) => encode_fs(text)?,
        None if buffer::has_buffer(obj) => buffer::to_vec(obj)?,
        None => return Err(buffer::not_bytes_like(obj)),
    };
    // An abstract name begins with a NUL byte and may fill the room; a path is followed by one. Nothing at all: the system picks a name.
    let (fits, len) = match path.first() {
        None | Some(0) => (path.len() <= UNIX_ROOM, path.len()),
        Some(_) => (path.len() < UNIX_ROOM, path.len() + 1),
    };
    if !fits {
        return Err(os_message("AF_UNIX path too long"));
    }
    let mut address = SocketAddress::new(libc::AF_UNIX as u16, UNIX_PATH + len);
    address.put(UNIX_PATH, &path);
    Ok(address)
}

fn packet(caller: &str, obj: &Obj) -> PyResult<SocketAddress> {
    let form = "a tuple of two to five elements";
    let items = items(caller, libc::AF_PACKET, obj, 2, 5, form)?;
    let index = interface(&items[0])?;
    let protocol = u16::try_from(number(items.get(1))?)
        .map_err(|_| overflow_error(format!("{caller}(): proto must be 0-65535.")))?;
    let (kind, hardware) = (number(items.get(2))?, number(items.get(3))?);
    let hardware_address = items.get(4).map_or(Ok(Vec::new()), buffer::to_vec)?;
    if hardware_address.len() > 8 {
        return Err(value_error("hardware address must be 8 bytes or less"));
    }
    let mut address = SocketAddress::new(libc::AF_PACKET as u16, 20);
    address.put(2, &protocol.to_be_bytes());
    address.put(4, &index.to_ne_bytes());
    address.put(8, &(hardware as u16).to_ne_bytes());
    address.put(10, &[kind as u8, hardware_address.len() as u8]);
    address.put(12, &hardware_address);
    Ok(address)
}

fn can(caller: &str, protocol: i32, obj: &Obj) -> PyResult<SocketAddress> {
    let mut address = SocketAddress::new(libc::AF_CAN as u16, 24);
    let interface_of = |items: &[Obj]| items.first().map_or(Ok(0), interface);
    match protocol {
        libc::CAN_RAW | libc::CAN_BCM => {
            let items = items(caller, libc::AF_CAN, obj, 1, 1, "a tuple (interface, )")?;
            address.put(4, &interface_of(items)?.to_ne_bytes());
        }
        libc::CAN_ISOTP => {
            let items = items(caller, libc::AF_CAN, obj, 3, 3, "a tuple (interface, rx_addr, tx_addr)")?;
            address.put(4, &interface_of(items)?.to_ne_bytes());
            address.put(8, &word(items.get(1))?.to_ne_bytes());
            address.put(12, &word(items.get(2))?.to_ne_bytes());
        }
        libc::CAN_J1939 => {
            let items = items(caller, libc::AF_CAN, obj, 4, 4, "a tuple (interface, name, pgn, addr)")?;
            address.put(4, &interface_of(items)?.to_ne_bytes());
            address.put(8, &u64::from_arg(&items[1])?.to_ne_bytes());
            address.put(16, &word(items.get(2))?.to_ne_bytes());
            address.put(20, &[u8::from_arg(&items[3])?]);
        }
        _ => return Err(os_message(&format!("{caller}(): unsupported CAN protocol"))),
    }
    Ok(address)
}

fn algorithm(caller: &str, obj: &Obj) -> PyResult<SocketAddress> {
    let form = "a tuple (type, name[, feat[, mask]])";
    let items = items(caller, libc::AF_ALG, obj, 2, 4, form)?;
    let text = |obj: &Obj| String::from_arg(obj);
    let (kind, name) = (text(&items[0])?, text(&items[1])?);
    if kind.len() >= 14 {
        return Err(value_error("AF_ALG type too long."));
    }
    if name.len() >= 64 {
        return Err(value_error("AF_ALG name too long."));
    }
    let mut address = SocketAddress::new(libc::AF_ALG as u16, 88);
    address.put(2, kind.as_bytes());
    address.put(16, &word(items.get(2))?.to_ne_bytes());
    address.put(20, &word(items.get(3))?.to_ne_bytes());
    address.put(24, name.as_bytes());
    Ok(address)
}

fn tipc(items: &[Obj]) -> PyResult<SocketAddress> {
    /// `TIPC_CLUSTER_SCOPE`, `TIPC_ADDR_NAMESEQ`, `TIPC_ADDR_NAME`, `TIPC_ADDR_ID`.
    const CLUSTER: i32 = 2;
    let kind = word(items.first())?;
    let (v1, v2, v3) = (word(items.get(1))?, word(items.get(2))?, word(items.get(3))?);
    let scope = items.get(4).map_or(Ok(CLUSTER), i32::from_arg)?;
    let values = match kind {
        1 => [v1, v2, v3],
        2 => [v1, v2, 0],
        3 => [v2, v1, 0],
        _ => return Err(type_error("Invalid address type")),
    };
    let mut address = SocketAddress::new(libc::AF_TIPC as u16, 16);
    address.put(2, &[kind as u8, scope as u8]);
    for (at, value) in values.into_iter().enumerate() {
        address.put(4 + 4 * at, &value.to_ne_bytes());
    }
    Ok(address)
}

/// The text of an IPv4 or IPv6 address.
pub fn host_text(address: &SocketAddress) -> PyResult<Obj> {
    let family = address.family();
    let packed: [u8; 16] = if family == libc::AF_INET6 { address.get(8) } else { address.get(4) };
    sys_calls::address_text(family, &packed).map(|text| name_obj(&text)).map_err(os_error)
}

/// Python's form of an address that the system gave; `None` if it gave none.
pub fn to_python(address: &SocketAddress, protocol: i32) -> PyResult<Obj> {
    if address.is_empty() {
        return Ok(none());
    }
    let word_at = |at: usize| u32::from_ne_bytes(address.get(at));
    let port = || u16::from_be_bytes(address.get(2));
    match address.family() {
        libc::AF_INET => (host_text(address)?, port()).into_py(),
        libc::AF_INET6 => {
            let flow = u32::from_be_bytes(address.get(4));
            (host_text(address)?, port(), flow, word_at(24)).into_py()
        }
        libc::AF_UNIX => {
            let path = address.as_bytes().get(UNIX_PATH..).unwrap_or_default();
            if path.first() == Some(&0) {
                return Ok(bytes_obj(path));
            }
            let end = path.iter().position(|&b| b == 0).unwrap_or(path.len());
            Ok(name_obj(&path[..end]))
        }
        libc::AF_NETLINK => (word_at(4), word_at(8)).into_py(),
        libc::AF_VSOCK => (word_at(8), word_at(4)).into_py(),
        QIPCRTR => (word_at(4), word_at(8)).into_py(),
        libc::AF_PACKET => {
            let name = match word_at(4) {
                0 => Vec::new(),
                index => sys_calls::if_indextoname(index).unwrap_or_default(),
            };
            let [kind, len] = address.get::<2>(10);
            let hardware: [u8; 8] = address.get(12);
            let hardware = bytes_obj(&hardware[..usize::from(len).min(8)]);
            let hardware_type = u16::from_ne_bytes(address.get(8));
            (name_obj(&name), port(), kind, hardware_type, hardware).into_py()
        }
        libc::AF_CAN => {
            let name = match word_at(4) {
                0 => Vec::new(),
                index => sys_calls::if_indextoname(index).unwrap_or_default(),
            };
            let name = name_obj(&name);
            match protocol {
                libc::CAN_ISOTP => (name, word_at(8), word_at(12)).into_py(),
                libc::CAN_J1939 => {
                    (name, u64::from_ne_bytes(address.get(8)), word_at(16), address.get::<1>(20)[0]).into_py()
                }
                _ => (name,).into_py(),
            }
        }
        libc::AF_TIPC => {
            let [kind, scope] = address.get::<2>(2);
            let (a, b, c) = (word_at(4), word_at(8), word_at(12));
            let scope = scope as i8;
            match kind {
                1 => (kind, a, b, c, scope).into_py(),
                2 => (kind, a, b, b, scope).into_py(),
                3 => (kind, b, a, 0, scope).into_py(),
                _ => Err(value_error("Invalid address type")),
            }
        }
        family => (family, bytes_obj(address.as_bytes().get(2..).unwrap_or_default())).into_py(),
    }
}
