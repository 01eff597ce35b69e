//! Methods and attributes of connections.

use std::sync::Arc;

use rustls::{ProtocolVersion, SupportedCipherSuite};
use taipan_objects::bytes::PyBytes;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::{buffer, weakref};
use taipan_threading::sync::atomic::Ordering;

use super::{PySslSocket, begin, behind};
use crate::_ssl::context::PyContext;
use crate::_ssl::session::{self, Session};
use crate::_ssl::{certificate, ciphers, errors};
use crate::native_class::receiver;

/// The most that is read or written at once.
const MOST: usize = 16 * 1024 * 1024;

/// The value of an attribute that cannot be deleted.
fn kept(value: Option<&Obj>) -> PyResult<&Obj> {
    value.ok_or_else(|| attribute_error("attribute cannot be deleted"))
}

impl PySslSocket {
    fn peer_chain(&self) -> Vec<Vec<u8>> {
        let engine = self.engine.lock();
        let chain = engine.connection().and_then(|c| c.peer_certificates()).unwrap_or_default();
        chain.iter().map(|c| c.as_ref().to_vec()).collect()
    }
    /// What only this connection and its peer know; TLS 1.3 has nothing of the kind.
    fn unique(&self) -> Option<[u8; 12]> {
        let engine = self.engine.lock();
        match engine.connection().filter(|c| !c.is_handshaking())?.negotiated_cipher_suite()? {
            SupportedCipherSuite::Tls12(suite) => {
                engine.observed.unique(self.server, suite, &self.secrets.master())
            }
            SupportedCipherSuite::Tls13(_) => None,
        }
    }
    fn version_name(&self) -> Option<&'static str> {
        let engine = self.engine.lock();
        match engine.connection()?.protocol_version()? {
            ProtocolVersion::TLSv1_3 => Some("TLSv1.3"),
            ProtocolVersion::TLSv1_2 => Some("TLSv1.2"),
            _ => None,
        }
    }
}

#[pymethods(class = "_ssl._SSLSocket")]
impl PySslSocket {
    #[pymethod]
    fn do_handshake(slf: &Obj) -> PyResult<()> {
        receiver::<PySslSocket>(slf)?.handshake(slf)
    }
    /// Read up to size bytes from the SSL socket.
    #[pymethod(sig = "(size=1024, buffer=None, /)", text = "")]
    fn read(slf: &Obj, size: Option<&Obj>, buffer: Option<&Obj>) -> PyResult<Obj> {
        let this = receiver::<PySslSocket>(slf)?;
        let size = match size {
            Some(size) => isize::from_arg(size)?,
            None => 1024,
        };
        match buffer.filter(|b| !is_none(b)) {
            None => {
                let size = usize::try_from(size).map_err(|_| value_error("size should not be negative"))?;
                if size == 0 {
                    return Ok(bytes_obj(b""));
                }
                let mut room = vec![0; size.min(MOST)];
                let count = this.read_plain(slf, &mut room)?;
                room.truncate(count);
                Ok(PyBytes::from_vec(room).into_obj())
            }
            Some(target) => {
                let Some(target) = buffer::get_writable(target)? else {
                    return Err(type_error("a read-write bytes-like object is required"));
                };
                let most = match usize::try_from(size) {
                    Ok(size) if size > 0 => size.min(target.len),
                    _ => target.len,
                };
                if most == 0 {
                    return Ok(int_obj(0));
                }
                let mut room = vec![0; most.min(MOST)];
                let count = this.read_plain(slf, &mut room)?;
                target.with_mut(|bytes| bytes[..count].copy_from_slice(&room[..count]));
                Ok(int_obj(count as i64))
            }
        }
    }
    /// Writes the bytes-like object b into the SSL object.
    ///
    /// Returns the number of bytes written.
    #[pymethod(sig = "(b, /)")]
    fn write(slf: &Obj, b: &Obj) -> PyResult<usize> {
        let this = receiver::<PySslSocket>(slf)?;
        let data = buffer::to_vec(b)?;
        if this.engine.lock().is_handshaking() {
            this.handshake(slf)?;
        }
        if this.engine.lock().cut {
            return Err(errors::unexpected_eof());
        }
        if this.engine.lock().said_goodbye {
            return Err(errors::failure("SSL", "PROTOCOL_IS_SHUTDOWN", "protocol is shutdown"));
        }
        if !this.flush(false)? {
            return Err(errors::wants_write());
        }
        let data = &data[..data.len().min(MOST)];
        this.engine.lock().write(data);
        this.flush(false)?;
        Ok(data.len())
    }
    /// Returns the number of already decrypted bytes available for read, pending on the connection.
    #[pymethod]
    fn pending(&self) -> usize {
        self.engine.lock().pending()
    }
    /// Does the SSL shutdown handshake with the remote end.
    #[pymethod]
    fn shutdown(&self) -> PyResult<Obj> {
        if self.engine.lock().is_handshaking() {
            return Err(errors::failure("SSL", "SHUTDOWN_WHILE_IN_INIT", "shutdown while in init"));
        }
        self.engine.lock().say_goodbye();
        if !self.flush(false)? {
            return Err(errors::wants_write());
        }
        loop {
            let (closed, ended) = {
                let mut engine = self.engine.lock();
                if engine.pending() > 0 {
                    // The peer had not read the goodbye yet; who wants to shut down has to read it first.
                    drop(engine);
                    return Err(errors::failure(
                        "SSL",
                        "APPLICATION_DATA_AFTER_CLOSE_NOTIFY",
                        "application data after close notify",
                    ));
                }
                (engine.peer_said_goodbye, engine.ended)
            };
            if closed {
                break;
            }
            if ended {
                return Err(errors::unexpected_eof());
            }
            self.receive("The read")?;
        }
        Ok(behind(&self.socket).unwrap_or_else(none))
    }
    /// Returns the certificate for the peer.
    ///
    /// If no certificate was provided, returns None. If a certificate was
    /// provided, but not validated, returns an empty dictionary. Otherwise
    /// returns a dict containing information about the peer certificate.
    #[pymethod(sig = "(der=False, /)")]
    fn getpeercert(&self, der: bool) -> PyResult<Obj> {
        if self.engine.lock().is_handshaking() {
            return Err(value_error("handshake not done yet"));
        }
        let chain = self.peer_chain();
        let Some(leaf) = chain.first() else { return Ok(none()) };
        if der {
            return Ok(bytes_obj(leaf));
        }
        let context = self.settings()?;
        if receiver::<PyContext>(&context)?.verify_mode.load(Ordering::Relaxed) == 0 {
            return Ok(dict_obj().into_obj());
        }
        certificate::decode(leaf)
    }
    #[pymethod]
    fn get_unverified_chain(&self) -> Obj {
        let chain = self.peer_chain();
        if chain.is_empty() { none() } else { list_obj(chain.iter().map(|c| certificate::make(c)).collect()) }
    }
    #[pymethod]
    fn get_verified_chain(&self) -> PyResult<Obj> {
        let mut chain = self.peer_chain();
        if chain.is_empty() {
            return Ok(none());
        }
        // The trusted certificate that signed the last one ends the chain.
        let context = self.settings()?;
        let trusted = receiver::<PyContext>(&context)?.loaded.lock().trusted.clone();
        use x509_parser::prelude::{FromDer, X509Certificate};
        let issuer = chain.last().and_then(|last| {
            let (_, last) = X509Certificate::from_der(last).ok()?;
            let wanted = last.issuer().as_raw().to_vec();
            let own = last.subject().as_raw() == wanted;
            if own { None } else { Some(wanted) }
        });
        if let Some(issuer) = issuer {
            let root = trusted
                .iter()
                .find(|t| X509Certificate::from_der(t).is_ok_and(|(_, t)| t.subject().as_raw() == issuer));
            chain.extend(root.map(|root| root.as_ref().to_vec()));
        }
        Ok(list_obj(chain.iter().map(|c| certificate::make(c)).collect()))
    }
    #[pymethod]
    fn cipher(&self) -> Option<Obj> {
        let engine = self.engine.lock();
        let suite = engine.connection()?.negotiated_cipher_suite()?.suite();
        let known = ciphers::known(suite)?;
        drop(engine);
        Some(tuple_obj(vec![str_obj(known.name), str_obj(known.protocol), int_obj(known.bits)]))
    }
    #[pymethod]
    fn shared_ciphers(&self) -> Option<Obj> {
        if !self.server || self.engine.lock().is_handshaking() {
            return None;
        }
        let context = self.settings().ok()?;
        let excluded = context.downcast::<PyContext>()?.loaded.lock().excluded.clone();
        let chosen = ciphers::chosen(crate::_ssl::context::provider(), &excluded);
        let known = chosen.iter().filter_map(|s| ciphers::known(s.suite()));
        let shown = known.map(|k| tuple_obj(vec![str_obj(k.name), str_obj(k.protocol), int_obj(k.bits)]));
        Some(list_obj(shown.collect()))
    }
    #[pymethod]
    fn version(&self) -> Option<&'static str> {
        if self.engine.lock().is_handshaking() { None } else { self.version_name() }
    }
    #[pymethod]
    fn selected_alpn_protocol(&self) -> Option<String> {
        let engine = self.engine.lock();
        engine.connection()?.alpn_protocol().map(|p| String::from_utf8_lossy(p).into_owned())
    }
    #[pymethod]
    fn compression(&self) -> Option<String> {
        None
    }
    /// Get channel binding data for current connection, as bytes.
    ///
    /// Returns None if the requested channel binding is not available.
    #[pymethod(sig = "(cb_type='tls-unique')")]
    fn get_channel_binding(&self, cb_type: Option<&str>) -> PyResult<Obj> {
        match cb_type.unwrap_or("tls-unique") {
            "tls-unique" => Ok(self.unique().map_or_else(none, |bytes| bytes_obj(&bytes))),
            other => Err(value_error(format!("'{other}' channel binding type not implemented"))),
        }
    }
    /// Initiate TLS 1.3 post-handshake authentication
    #[pymethod]
    fn verify_client_post_handshake(&self) -> PyResult<()> {
        Err(raise_message(
            &types().not_implemented_error,
            "Post-handshake auth is not supported by this TLS library",
        ))
    }
    #[pygetset]
    fn context(&self) -> Obj {
        self.context.load().unwrap_or_else(none)
    }
    #[pygetset(setter = "context")]
    fn set_context(&self, value: Option<&Obj>) -> PyResult<()> {
        let value = kept(value)?;
        let Some(value) = Some(value).filter(|v| v.is_layout::<PyContext>()) else {
            return Err(type_error("The value must be a SSLContext"));
        };
        drop(self.context.replace(Some(value.clone())));
        Ok(())
    }
    #[pygetset]
    fn server_side(&self) -> bool {
        self.server
    }
    #[pygetset]
    fn server_hostname(&self) -> Obj {
        self.host.clone()
    }
    #[pygetset]
    fn owner(&self) -> Obj {
        self.owner.load().as_ref().and_then(behind).unwrap_or_else(none)
    }
    #[pygetset(setter = "owner")]
    fn set_owner(&self, value: Option<&Obj>) -> PyResult<()> {
        let weak = match Some(kept(value)?).filter(|v| !is_none(v)) {
            Some(value) => weakref::new_ref(value, None)?,
            None => none(),
        };
        drop(self.owner.replace(Some(weak)));
        Ok(())
    }
    #[pygetset]
    fn session(&self) -> PyResult<Obj> {
        let (handshaking, resumed) = {
            let engine = self.engine.lock();
            (engine.is_handshaking(), engine.is_resumed())
        };
        let session = match &*self.client.lock() {
            Some(client) if handshaking => client.tickets.offered(),
            Some(client) => Some(Arc::new(client.tickets.session(resumed, &client.basis))),
            None if handshaking => None,
            None => Some(Arc::new(Session::nameless())),
        };
        let Some(session) = session else { return Ok(none()) };
        Ok(session::make(&self.settings()?, session))
    }
    #[pygetset(setter = "session")]
    fn set_session(&self, value: Option<&Obj>) -> PyResult<()> {
        let context = self.settings()?;
        let session = session::given(kept(value)?, &context)?;
        if self.server {
            return Err(value_error("Cannot set session for server-side SSLSocket."));
        }
        let begun = {
            let engine = self.engine.lock();
            if !engine.is_handshaking() {
                return Err(value_error("Cannot set session after handshake."));
            }
            engine.has_begun
        };
        // What is said already cannot be said otherwise.
        if begun {
            return Ok(());
        }
        let host = self.host.downcast::<PyStr>().map(PyStr::to_utf8).transpose()?;
        let settings = receiver::<PyContext>(&context)?;
        let (mut engine, client) = begin(settings, host.as_deref(), Some(session), &self.secrets)?;
        engine.observed.tells = self.engine.lock().observed.tells;
        *self.client.lock() = Some(client);
        *self.engine.lock() = engine;
        Ok(())
    }
    #[pygetset]
    fn session_reused(&self) -> bool {
        let engine = self.engine.lock();
        !engine.is_handshaking() && engine.is_resumed()
    }
}
