//! The socket under a connection: sends and receives with the socket's timeout, without Python.
#![allow(unsafe_code)] // System calls on a descriptor.

use std::time::{Duration, Instant};

use taipan_objects::prelude::*;

use super::{PySslSocket, behind};
use crate::counted;

/// A descriptor and how long to wait.
pub struct Wire {
    fd: i32,
    /// `None`: as long as it takes; zero: not at all.
    timeout: Option<Duration>,
}

pub enum Sent {
    All,
    Blocked,
    Interrupted,
    TimedOut,
    Failed(i32),
}

pub enum Arrived {
    /// Empty: the end.
    Bytes(Vec<u8>),
    Blocked,
    Interrupted,
    TimedOut,
    Failed(i32),
}

/// How much of the current record is still to come: no byte behind it is taken off the socket, because what follows the end of TLS
/// belongs to the program.
#[derive(Default)]
pub struct Framing {
    header: Vec<u8>,
    left: usize,
}

impl Framing {
    fn wanted(&self) -> usize {
        if self.left > 0 { self.left } else { 5 - self.header.len() }
    }
    fn took(&mut self, bytes: &[u8]) {
        if self.left > 0 {
            self.left -= bytes.len().min(self.left);
            return;
        }
        self.header.extend_from_slice(bytes);
        if let [_, _, _, high, low] = self.header[..] {
            self.left = usize::from(u16::from_be_bytes([high, low]));
            self.header.clear();
        }
    }
}

enum Ready {
    Yes,
    No,
    Interrupted,
}

fn errno() -> i32 {
    std::io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO)
}

impl PySslSocket {
    /// The socket's descriptor and timeout.
    pub fn wire(&self) -> PyResult<Wire> {
        let Some(socket) = behind(&self.socket) else {
            return Err(crate::_ssl::errors::plain(
                crate::_ssl::errors::error(),
                1,
                "Underlying socket connection gone",
            ));
        };
        let fd = counted::call_method(&socket, "fileno", &[])?;
        let fd = taipan_objects::native::FromArg::from_arg(&fd)?;
        if fd < 0 {
            return Err(crate::os_error::os_error(libc::EBADF));
        }
        let timeout = counted::call_method(&socket, "gettimeout", &[])?;
        let timeout = if is_none_obj(&timeout) {
            None
        } else {
            Some(Duration::try_from_secs_f64(as_f64(&timeout)?.max(0.0)).unwrap_or(Duration::MAX))
        };
        Ok(Wire { fd, timeout })
    }
}

fn is_none_obj(obj: &Obj) -> bool {
    taipan_objects::singletons::is_none(obj)
}

impl Wire {
    fn blocks(&self) -> bool {
        self.timeout != Some(Duration::ZERO)
    }
    fn wait(&self, events: i16, until: Option<Instant>) -> Ready {
        let left = match until {
            Some(until) => {
                let left = until.saturating_duration_since(Instant::now());
                i32::try_from(left.as_millis() + 1).unwrap_or(i32::MAX)
            }
            None => -1,
        };
        let mut poll = libc::pollfd { fd: self.fd, events, revents: 0 };
        // SAFETY: one descriptor.
        match unsafe { libc::poll(&mut poll, 1, left) } {
            0 => Ready::No,
            n if n > 0 => Ready::Yes,
            _ if errno() == libc::EINTR => Ready::Interrupted,
            _ => Ready::Yes,
        }
    }
    fn deadline(&self) -> Option<Instant> {
        self.timeout.and_then(|timeout| Instant::now().checked_add(timeout))
    }
    /// Sends from the front of `waiting`. `now`: what cannot be sent at once stays.
    pub fn send(&self, waiting: &mut Vec<u8>, now: bool) -> Sent {
        let until = self.deadline();
        while !waiting.is_empty() {
            // SAFETY: the bytes are valid for their length.
            let sent = unsafe {
                libc::send(
                    self.fd,
                    waiting.as_ptr().cast(),
                    waiting.len(),
                    libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL,
                )
            };
            if sent >= 0 {
                waiting.drain(..sent as usize);
                continue;
            }
            match errno() {
                libc::EINTR => return Sent::Interrupted,
                libc::EAGAIN if now || !self.blocks() => return Sent::Blocked,
                libc::EAGAIN => match self.wait(libc::POLLOUT, until) {
                    Ready::Yes => {}
                    Ready::No => return Sent::TimedOut,
                    Ready::Interrupted => return Sent::Interrupted,
                },
                number => return Sent::Failed(number),
            }
        }
        Sent::All
    }
    pub fn receive(&self, framing: &mut Framing) -> Arrived {
        let until = self.deadline();
        let mut room = vec![0; framing.wanted()];
        loop {
            // SAFETY: room for as many bytes.
            let got =
                unsafe { libc::recv(self.fd, room.as_mut_ptr().cast(), room.len(), libc::MSG_DONTWAIT) };
            if got >= 0 {
                room.truncate(got as usize);
                framing.took(&room);
                return Arrived::Bytes(room);
            }
            match errno() {
                libc::EINTR => return Arrived::Interrupted,
                libc::EAGAIN if !self.blocks() => return Arrived::Blocked,
                libc::EAGAIN => match self.wait(libc::POLLIN, until) {
                    Ready::Yes => {}
                    Ready::No => return Arrived::TimedOut,
                    Ready::Interrupted => return Arrived::Interrupted,
                },
                number => return Arrived::Failed(number),
            }
        }
    }
}
