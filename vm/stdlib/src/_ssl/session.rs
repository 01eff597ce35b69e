//! `_ssl.SSLSession`: what a client keeps of a connection to resume it, and what a server remembers for its clients.
//!
//! The library resumes only with the verifier and the certificates of the first connection. So connections that resume one another share a
//! [`Basis`], which is left behind as soon as a setting that verification depends on is another. Tickets of TLS 1.3 are offered once each.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use rustls::client::{ClientSessionStore, Tls12ClientSessionValue, Tls13ClientSessionValue};
use rustls::pki_types::ServerName;
use rustls::server::{ProducesTickets, ServerSessionMemoryCache, StoresServerSessions};
use rustls::{ClientConfig, NamedGroup};
use sha2::Digest;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::type_object::{CompareOp, TypeBuilder, new_instance};

use super::context::Settings;
use super::errors::Rejection;
use crate::native_class;
use crate::native_class::receiver;

/// Seconds after which OpenSSL forgets a session.
const TIMEOUT: i64 = 7200;

/// What connections that resume one another have in common.
pub struct Basis {
    pub settings: Settings,
    pub config: Arc<ClientConfig>,
    pub rejection: Arc<Mutex<Option<Rejection>>>,
}

/// What a connection can be resumed by.
#[derive(Clone)]
enum Means {
    Nothing,
    Tls12(Box<Tls12ClientSessionValue>),
    /// The tickets that the server sent, those still to come included.
    Tls13(Arc<Mutex<Vec<Tls13ClientSessionValue>>>),
}

/// A session.
pub struct Session {
    id: Vec<u8>,
    time: i64,
    has_ticket: bool,
    lifetime: i64,
    means: Means,
    basis: Option<Arc<Basis>>,
}

/// What the library prints of a session behind `name`: the only place where it tells.
fn told<'a>(printed: &'a str, name: &str) -> &'a str {
    let rest = printed.split_once(name).map_or("", |(_, rest)| rest);
    rest.split([',', ' ', '}']).next().unwrap_or("")
}

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |passed| passed.as_secs() as i64)
}

impl Session {
    /// A session by what the library printed of it. As with OpenSSL, a ticket's session is known by the ticket's digest.
    fn described(printed: &str, means: Means) -> Session {
        let ticket = told(printed, " ticket: ");
        let id = match ticket {
            "" => {
                let digits = told(printed, " session_id: ").as_bytes();
                let byte =
                    |pair: &[u8]| std::str::from_utf8(pair).ok().and_then(|p| u8::from_str_radix(p, 16).ok());
                digits.chunks(2).filter_map(byte).collect()
            }
            ticket => sha2::Sha256::digest(ticket).to_vec(),
        };
        Session {
            id,
            time: now(),
            has_ticket: !ticket.is_empty(),
            lifetime: told(printed, " lifetime_secs: ").parse().unwrap_or(0),
            means,
            basis: None,
        }
    }
    /// One that nothing can be resumed by.
    pub fn nameless() -> Session {
        Session {
            id: Vec::new(),
            time: now(),
            has_ticket: false,
            lifetime: 0,
            means: Means::Nothing,
            basis: None,
        }
    }
    pub fn basis(&self) -> Option<&Arc<Basis>> {
        self.basis.as_ref()
    }
    fn based_on(&self, basis: &Arc<Basis>) -> Session {
        Session {
            id: self.id.clone(),
            time: self.time,
            has_ticket: self.has_ticket,
            lifetime: self.lifetime,
            means: self.means.clone(),
            basis: Some(basis.clone()),
        }
    }
}

/// A connection's memory: what it offers, and what it was given.
#[derive(Default)]
pub struct Tickets {
    offered: Option<Arc<Session>>,
    given: Mutex<Option<Session>>,
    group: Mutex<Option<NamedGroup>>,
}

impl std::fmt::Debug for Tickets {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Tickets")
    }
}

impl Tickets {
    pub fn offering(offered: Option<Arc<Session>>) -> Tickets {
        Tickets { offered, ..Tickets::default() }
    }
    pub fn offered(&self) -> Option<Arc<Session>> {
        self.offered.clone()
    }
    /// The session of a connection that is made. Who resumes in TLS 1.2 goes on with the same session, even if it got a new ticket.
    pub fn session(&self, resumed: bool, basis: &Arc<Basis>) -> Session {
        let given = self.given.lock();
        match (&*given, &self.offered) {
            (Some(given), Some(offered)) if resumed && matches!(given.means, Means::Tls12(_)) => {
                Session { id: offered.id.clone(), ..given.based_on(basis) }
            }
            (Some(given), _) => given.based_on(basis),
            (None, Some(offered)) if resumed => offered.based_on(basis),
            (None, _) => Session { basis: Some(basis.clone()), ..Session::nameless() },
        }
    }
}

impl ClientSessionStore for Tickets {
    fn set_kx_hint(&self, _: ServerName<'static>, group: NamedGroup) {
        *self.group.lock() = Some(group);
    }
    fn kx_hint(&self, _: &ServerName<'_>) -> Option<NamedGroup> {
        *self.group.lock()
    }
    fn set_tls12_session(&self, _: ServerName<'static>, value: Tls12ClientSessionValue) {
        let printed = format!("{value:?}");
        *self.given.lock() = Some(Session::described(&printed, Means::Tls12(Box::new(value))));
    }
    fn tls12_session(&self, _: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        match &self.offered.as_ref()?.means {
            Means::Tls12(value) => Some((**value).clone()),
            _ => None,
        }
    }
    fn remove_tls12_session(&self, _: &ServerName<'static>) {}
    fn insert_tls13_ticket(&self, _: ServerName<'static>, value: Tls13ClientSessionValue) {
        let mut given = self.given.lock();
        let tickets = match given.as_ref().map(|session| &session.means) {
            Some(Means::Tls13(tickets)) => tickets.clone(),
            _ => Arc::default(),
        };
        let printed = format!("{value:?}");
        *given = Some(Session::described(&printed, Means::Tls13(tickets.clone())));
        drop(given);
        tickets.lock().push(value);
    }
    fn take_tls13_ticket(&self, _: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        match &self.offered.as_ref()?.means {
            Means::Tls13(tickets) => tickets.lock().pop(),
            _ => None,
        }
    }
}

/// What a server's context remembers of its clients while its settings for them are the same: whom it did not ask for a certificate must
/// not come back to one that asks.
pub struct Memory {
    pub settings: Settings,
    pub tickets: Option<Arc<dyn ProducesTickets>>,
    pub sessions: Arc<dyn StoresServerSessions>,
}

impl Memory {
    pub fn new(settings: Settings) -> Memory {
        Memory {
            settings,
            tickets: rustls::crypto::ring::Ticketer::new().ok(),
            sessions: ServerSessionMemoryCache::new(1024),
        }
    }
}

/// An `SSLSession`.
#[repr(C)]
pub struct PySession {
    header: Header,
    /// Only connections of this context can be resumed.
    context: Obj,
    pub session: Arc<Session>,
}
layout!(PySession, "_ssl.SSLSession", [context]);

native_class!(
    /// `_ssl.SSLSession`.
    pub fn class() = TypeBuilder::new("_ssl.SSLSession", PySession::ops())
        .no_instantiation()
        .slots(TypeSlots { richcompare: Some(compare), ..TypeSlots::EMPTY })
        .getset(PySession::getset())
        .make()
);

pub fn make(context: &Obj, session: Arc<Session>) -> Obj {
    new_instance(class(), |header| PySession { header, context: context.clone(), session }).into_obj()
}

/// The session behind a value that a connection of `context` is to resume.
pub fn given(value: &Obj, context: &Obj) -> PyResult<Arc<Session>> {
    let Some(session) = value.downcast::<PySession>() else {
        return Err(type_error("Value is not a SSLSession."));
    };
    if !session.context.is(context) {
        return Err(value_error("Session refers to a different SSLContext."));
    }
    Ok(session.session.clone())
}

fn compare(left: &Obj, right: &Obj, op: CompareOp) -> PyResult<Obj> {
    let left = receiver::<PySession>(left)?;
    let Some(right) = right.downcast::<PySession>() else { return Ok(not_implemented()) };
    let equal = left.session.id == right.session.id;
    Ok(match op {
        CompareOp::Eq => bool_obj(equal),
        CompareOp::Ne => bool_obj(!equal),
        _ => not_implemented(),
    })
}

#[pymethods(class = "_ssl.SSLSession")]
impl PySession {
    /// Session creation time (seconds since epoch).
    #[pygetset]
    fn time(&self) -> i64 {
        self.session.time
    }
    /// Session timeout (delta in seconds).
    #[pygetset]
    fn timeout(&self) -> i64 {
        TIMEOUT
    }
    /// Ticket life time hint.
    #[pygetset]
    fn ticket_lifetime_hint(&self) -> i64 {
        self.session.lifetime
    }
    /// Session ID.
    #[pygetset]
    fn id(&self) -> Obj {
        bytes_obj(&self.session.id)
    }
    /// Does the session contain a ticket?
    #[pygetset]
    fn has_ticket(&self) -> bool {
        self.session.has_ticket
    }
}
