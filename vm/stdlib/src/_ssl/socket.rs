//! `_ssl._SSLSocket`: a connection over a socket or over two memory BIOs.
//!
//! The engine is behind a mutex that is held for computing only, never while waiting; so one thread may read while another writes. Records
//! leave in the order in which they were made, and arrive in theirs, because `sending` and `receiving` are held around each.

mod methods;
mod transport;

use std::sync::Arc;

use parking_lot::Mutex;
use rustls::ClientConnection;
use rustls::pki_types::ServerName;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::type_object::{TypeBuilder, new_instance, type_flags};
use taipan_objects::weakref;
use taipan_threading::detached;
use taipan_threading::sync::atomic::Ordering;

use super::bio::PyMemoryBio;
use super::context::{PROTOCOL_TLS_CLIENT, PROTOCOL_TLS_SERVER, PyContext};
use super::engine::{Engine, Plain};
use super::errors::{self, Rejection};
use super::keylog::Secrets;
use super::observed::Way;
use super::session::{self, Basis, Session, Tickets};
use crate::native_class::receiver;
use crate::{counted, native_class};
use transport::{Arrived, Sent};

/// An `_SSLSocket`.
#[repr(C)]
pub struct PySslSocket {
    header: Header,
    context: Slot,
    /// A weak reference to the socket, or None.
    socket: Obj,
    /// The BIOs, or None.
    incoming: Obj,
    outgoing: Obj,
    /// A weak reference to the Python object that users see.
    owner: Slot,
    host: Obj,
    server: bool,
    engine: Mutex<Engine>,
    sending: Mutex<Vec<u8>>,
    receiving: Mutex<transport::Framing>,
    /// A client's: what it may resume and can be resumed by.
    client: Mutex<Option<Client>>,
    /// A server's: why a client's certificate was refused.
    rejection: Arc<Mutex<Option<Rejection>>>,
    /// Written out whenever the engine may have computed some.
    secrets: Arc<Secrets>,
}
/// What a client's connection is made from.
struct Client {
    basis: Arc<Basis>,
    tickets: Arc<Tickets>,
}

layout!(PySslSocket, "_ssl._SSLSocket", [context, socket, incoming, outgoing, owner, host]);

native_class!(
    /// `_ssl._SSLSocket`.
    pub fn class() = TypeBuilder::new("_ssl._SSLSocket", PySslSocket::ops())
        .flag(type_flags::HAS_WEAKREF)
        .no_instantiation()
        .methods(PySslSocket::methods())
        .getset(PySslSocket::getset())
        .make()
);

fn weak_or_none(object: Option<&Obj>) -> PyResult<Obj> {
    match object.filter(|o| !is_none(o)) {
        Some(object) => weakref::new_ref(object, None),
        None => Ok(none()),
    }
}

fn behind(weak: &Obj) -> Option<Obj> {
    weak.downcast::<weakref::PyWeakRef>().and_then(weakref::PyWeakRef::get)
}

/// The host's name as it is sent and looked for.
fn host_of(name: Option<&Obj>) -> PyResult<Option<String>> {
    let Some(name) = name.filter(|n| !is_none(n)) else { return Ok(None) };
    let text = match name.downcast::<PyStr>() {
        Some(text) if text.is_ascii() => text.to_utf8()?.into_owned(),
        Some(_) => {
            let encoded = counted::call_method(name, "encode", &[str_obj("idna")])?;
            String::from_utf8_lossy(&taipan_objects::buffer::to_vec(&encoded)?).into_owned()
        }
        None => {
            return Err(type_error(format!("argument must be str, not {}", class_of(name).name())));
        }
    };
    if text.is_empty() || text.starts_with('.') {
        return Err(value_error("server_hostname cannot be an empty string or start with a leading dot."));
    }
    if text.contains('\0') {
        return Err(type_error("embedded null character"));
    }
    Ok(Some(text))
}

/// A client's connection, of which nothing has been sent.
fn begin(
    settings: &PyContext,
    host: Option<&str>,
    session: Option<Arc<Session>>,
    secrets: &Arc<Secrets>,
) -> PyResult<(Engine, Client)> {
    let known = host.and_then(|h| ServerName::try_from(h.to_owned()).ok());
    let offered = session.as_ref().and_then(|session| session.basis());
    let (basis, same) = settings.basis(host, known.is_some(), offered)?;
    let tickets = Arc::new(Tickets::offering(session.filter(|_| same)));
    let config = settings.client_config(&basis, &tickets, secrets);
    // A name that cannot be sent is not.
    let name = known.map_or_else(|| ServerName::try_from("localhost"), Ok);
    let name = name.map_err(|_| value_error("invalid host name"))?;
    let mut connection = ClientConnection::new(config, name).map_err(|e| errors::failed(&e, false))?;
    connection.set_buffer_limit(None);
    Ok((Engine::client(connection), Client { basis, tickets }))
}

fn make(
    context: &Obj,
    transport: [Obj; 3],
    server: bool,
    name: Option<&Obj>,
    owner: Option<&Obj>,
    session: Option<&Obj>,
) -> PyResult<Obj> {
    let settings = receiver::<PyContext>(context)?;
    if server && settings.protocol == PROTOCOL_TLS_CLIENT {
        return Err(errors::plain(
            errors::error(),
            1,
            "Cannot create a server socket with a PROTOCOL_TLS_CLIENT context",
        ));
    }
    if !server && settings.protocol == PROTOCOL_TLS_SERVER {
        return Err(errors::plain(
            errors::error(),
            1,
            "Cannot create a client socket with a PROTOCOL_TLS_SERVER context",
        ));
    }
    let session = session.filter(|s| !is_none(s));
    if server && session.is_some() {
        return Err(value_error("session can only be specified in client mode"));
    }
    let session = session.map(|value| session::given(value, context)).transpose()?;
    if server && name.is_some_and(|n| !is_none(n)) {
        return Err(value_error("server_hostname can only be specified in client mode"));
    }
    let checks = settings.check_hostname.load(Ordering::Relaxed);
    let is_empty = name.and_then(|n| n.downcast::<PyStr>()).is_some_and(PyStr::is_empty);
    if !server && checks && is_empty {
        return Err(value_error("check_hostname requires server_hostname"));
    }
    let host = host_of(name)?;
    if !server && host.is_none() && settings.check_hostname.load(Ordering::Relaxed) {
        return Err(value_error("check_hostname requires server_hostname"));
    }
    let secrets = Arc::new(Secrets::default());
    settings.counts[if server { 2 } else { 0 }].fetch_add(1, Ordering::Relaxed);
    let (mut engine, client) = if server {
        (Engine::server(), None)
    } else {
        let (engine, client) = begin(settings, host.as_deref(), session, &secrets)?;
        (engine, Some(client))
    };
    engine.observed.tells = settings.message_callback.load().is_some_and(|callback| !is_none(&callback));
    let owner = weak_or_none(owner)?;
    let [socket, incoming, outgoing] = transport;
    let host = host.map_or_else(none, |h| str_obj(&h));
    Ok(new_instance(class(), |header| PySslSocket {
        header,
        context: Slot::new(context.clone()),
        socket,
        incoming,
        outgoing,
        owner: Slot::new(owner),
        host,
        server,
        engine: Mutex::new(engine),
        sending: Mutex::default(),
        receiving: Mutex::default(),
        client: Mutex::new(client),
        rejection: Arc::default(),
        secrets,
    })
    .into_obj())
}

/// `_wrap_socket()`.
pub fn over_socket(
    context: &Obj,
    socket: &Obj,
    server: bool,
    name: Option<&Obj>,
    owner: Option<&Obj>,
    session: Option<&Obj>,
) -> PyResult<Obj> {
    let transport = [weak_or_none(Some(socket))?, none(), none()];
    make(context, transport, server, name, owner, session)
}

/// `_wrap_bio()`.
pub fn over_memory(
    context: &Obj,
    [incoming, outgoing]: [&Obj; 2],
    server: bool,
    name: Option<&Obj>,
    owner: Option<&Obj>,
    session: Option<&Obj>,
) -> PyResult<Obj> {
    for (bio, which) in [(incoming, 1), (outgoing, 2)] {
        if !bio.is_layout::<PyMemoryBio>() {
            return Err(type_error(format!(
                "_wrap_bio() argument {which} must be _ssl.MemoryBIO, not {}",
                class_of(bio).name()
            )));
        }
    }
    make(context, [none(), incoming.clone(), outgoing.clone()], server, name, owner, session)
}

impl PySslSocket {
    fn settings(&self) -> PyResult<Obj> {
        self.context.load().ok_or_else(|| value_error("no context"))
    }
    /// The exception of a failure, after the alert that tells the peer was sent as far as that goes at once.
    fn failed(&self, error: &rustls::Error) -> Raised {
        let of_client = self.client.lock().as_ref().map(|client| client.basis.rejection.clone());
        let rejection = of_client.as_ref().unwrap_or(&self.rejection).lock().clone();
        let raised = match rejection {
            Some(rejection) => errors::rejected(&rejection),
            None => errors::failed(error, self.server),
        };
        let pending = take_raised();
        if self.flush(true).is_err() {
            drop(try_take_raised());
        }
        let _ = raised;
        set_raised(pending)
    }
    /// Sends what there is to send. False: not all of it could be sent without waiting, which is not allowed.
    fn flush(&self, now: bool) -> PyResult<bool> {
        self.secrets.write_out();
        if let Some(out) = self.outgoing.downcast::<PyMemoryBio>() {
            let mut records = Vec::new();
            self.engine.lock().take_records(&mut records);
            out.bytes.lock().waiting.extend(&records);
            self.tell()?;
            return Ok(true);
        }
        let wire = self.wire()?;
        loop {
            let sent = detached(|| {
                let mut waiting = self.sending.lock();
                self.engine.lock().take_records(&mut waiting);
                wire.send(&mut waiting, now)
            });
            self.tell()?;
            match sent {
                Sent::All => return Ok(true),
                Sent::Blocked => return Ok(false),
                Sent::Interrupted => taipan_objects::hooks::check_signals()?,
                Sent::TimedOut => return Err(timed_out("The write operation timed out")),
                Sent::Failed(number) => return Err(crate::os_error::os_error(number)),
            }
        }
    }
    /// Calls the function that wants to be told of messages.
    fn tell(&self) -> PyResult<()> {
        let messages = {
            let mut engine = self.engine.lock();
            if !engine.observed.tells {
                return Ok(());
            }
            engine.observed.take_messages()
        };
        let context = self.settings()?;
        let Some(callback) = receiver::<PyContext>(&context)?.message_callback.load().filter(|c| !is_none(c))
        else {
            return Ok(());
        };
        let owner = self.owner.load().as_ref().and_then(behind).unwrap_or_else(none);
        for message in messages {
            let way = if message.way == Way::In { "read" } else { "write" };
            let numbers = [message.version, message.content, message.kind].map(int_obj);
            let [version, content, kind] = numbers;
            let bytes = bytes_obj(&message.bytes);
            counted::call(&callback, &[owner.clone(), str_obj(way), version, content, kind, bytes])?;
        }
        Ok(())
    }
    /// Takes records in; waits for them if the transport does. The end of the transport is fed, too.
    fn receive(&self, what: &str) -> PyResult<()> {
        if let Some(incoming) = self.incoming.downcast::<PyMemoryBio>() {
            let mut bytes = incoming.bytes.lock();
            let taken: Vec<u8> = bytes.waiting.drain(..).collect();
            let ended = bytes.ended;
            drop(bytes);
            if taken.is_empty() && !ended {
                return Err(errors::wants_read());
            }
            let result = self.engine.lock().feed(&taken);
            self.secrets.write_out();
            self.tell()?;
            return result.map_err(|error| self.failed(&error));
        }
        let wire = self.wire()?;
        loop {
            let arrived = detached(|| {
                let mut framing = self.receiving.lock();
                match wire.receive(&mut framing) {
                    Arrived::Bytes(bytes) => Ok(self.engine.lock().feed(&bytes)),
                    other => Err(other),
                }
            });
            match arrived {
                Ok(result) => {
                    self.secrets.write_out();
                    self.tell()?;
                    return result.map_err(|error| self.failed(&error));
                }
                Err(Arrived::Interrupted) => taipan_objects::hooks::check_signals()?,
                Err(Arrived::Blocked) => return Err(errors::wants_read()),
                Err(Arrived::TimedOut) => return Err(timed_out(&format!("{what} operation timed out"))),
                Err(Arrived::Failed(number)) if number == libc::ECONNRESET => {
                    return Err(crate::os_error::os_error(number));
                }
                Err(Arrived::Failed(number)) => return Err(crate::os_error::os_error(number)),
                Err(Arrived::Bytes(_)) => return Ok(()),
            }
        }
    }
    /// Calls the server's function that may choose another context by the name the client gave.
    fn choose(&self, slf: &Obj, name: Option<&str>) -> PyResult<Option<u8>> {
        let context = self.settings()?;
        let Some(callback) = receiver::<PyContext>(&context)?.sni_callback.load().filter(|c| !is_none(c))
        else {
            return Ok(None);
        };
        let owner = match self.owner.load().filter(|o| !is_none(o)) {
            None => slf.clone(),
            Some(weak) => match behind(&weak) {
                Some(owner) => owner,
                // Nobody is left to be asked about it.
                None => return Ok(Some(80)),
            },
        };
        let name = name.map_or_else(none, str_obj);
        let answer = match counted::call(&callback, &[owner, name, context]) {
            Ok(answer) => answer,
            Err(Raised) => {
                taipan_objects::hooks::unraisable(None, Some(&callback));
                return Ok(Some(40));
            }
        };
        if is_none(&answer) {
            return Ok(None);
        }
        match u8::from_arg(&answer) {
            Ok(alert) => Ok(Some(alert)),
            Err(Raised) => {
                taipan_objects::hooks::unraisable(None, Some(&answer));
                Ok(Some(80))
            }
        }
    }
    fn handshake(&self, slf: &Obj) -> PyResult<()> {
        if self.engine.lock().cut {
            return Err(errors::unexpected_eof());
        }
        if !self.engine.lock().is_handshaking() {
            self.flush(false)?;
            return Ok(());
        }
        loop {
            if !self.flush(false)? {
                return Err(errors::wants_write());
            }
            let (done, ended) = {
                let engine = self.engine.lock();
                (!engine.is_handshaking(), engine.ended)
            };
            if done {
                let context = self.settings()?;
                let counts = &receiver::<PyContext>(&context)?.counts;
                counts[if self.server { 3 } else { 1 }].fetch_add(1, Ordering::Relaxed);
                if self.engine.lock().is_resumed() {
                    counts[4].fetch_add(1, Ordering::Relaxed);
                }
                return Ok(());
            }
            if ended {
                return Err(errors::unexpected_eof());
            }
            self.receive("_ssl.c: The handshake")?;
            let accepted = self.engine.lock().accepted();
            match accepted {
                Ok(None) => {}
                Err(error) => return Err(self.failed(&error)),
                Ok(Some(accepted)) => {
                    let name = accepted.client_hello().server_name().map(str::to_owned);
                    let offered: Option<Vec<Vec<u8>>> =
                        accepted.client_hello().alpn().map(|all| all.map(<[u8]>::to_vec).collect());
                    if let Some(alert) = self.choose(slf, name.as_deref())? {
                        self.engine.lock().refuse(alert);
                        self.flush(true)?;
                        return Err(errors::failure("SSL", "CALLBACK_FAILED", "callback failed"));
                    }
                    let context = self.settings()?;
                    let config = receiver::<PyContext>(&context)?.server_config(
                        &self.rejection,
                        &self.secrets,
                        offered.as_deref(),
                    )?;
                    let answered = self.engine.lock().answer(accepted, config);
                    if let Err(error) = answered {
                        return Err(self.failed(&error));
                    }
                    // What came behind the client's first message.
                    if self.engine.lock().has_unread() {
                        let fed = self.engine.lock().continue_reading();
                        fed.map_err(|error| self.failed(&error))?;
                    }
                }
            }
        }
    }
    /// Reads plain bytes; `None` at the end.
    fn read_plain(&self, slf: &Obj, room: &mut [u8]) -> PyResult<usize> {
        if self.engine.lock().is_handshaking() {
            self.handshake(slf)?;
        }
        loop {
            let plain = self.engine.lock().read(room);
            let plain = plain.map_err(|error| self.failed(&error))?;
            match plain {
                Plain::Bytes(count) => return Ok(count),
                // An empty result says that the peer will send no more; to whom has closed, too, nothing is left to say.
                Plain::Closed if self.engine.lock().said_goodbye => {
                    return Err(errors::plain(
                        errors::zero_return(),
                        6,
                        "TLS/SSL connection has been closed (EOF)",
                    ));
                }
                Plain::Closed => return Ok(0),
                Plain::Cut => return Err(errors::unexpected_eof()),
                Plain::Nothing => {}
            }
            // What was read may ask for an answer.
            self.flush(true)?;
            self.receive("The read")?;
        }
    }
}

#[cold]
fn timed_out(text: &str) -> Raised {
    raise_message(&types().timeout_error, text)
}
