//! `_ssl._SSLContext`: settings, certificates and keys, out of which each connection's configuration is made.

mod loading;
mod settings;

pub use loading::system_places;

use std::sync::Arc;

use parking_lot::Mutex;
use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{CipherSuite, ClientConfig, NamedGroup, ServerConfig, SupportedProtocolVersion};
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::type_object::{TypeBuilder, new_instance, type_flags};
use taipan_threading::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use super::errors::{self, Rejection};
use super::keylog::{KeyFile, Secrets};
use super::session::{Basis, Memory, Tickets};
use super::verify::{Found, Revocation, Verifier};
use super::{ciphers, pem};
use crate::native_class;
use crate::native_class::class_argument;

pub const PROTOCOL_TLS: i64 = 2;
pub const PROTOCOL_TLS_CLIENT: i64 = 16;
pub const PROTOCOL_TLS_SERVER: i64 = 17;
/// `VERIFY_CRL_CHECK_LEAF`, and what is more in `VERIFY_CRL_CHECK_CHAIN`.
const CRL_CHECK: i64 = 4;
const CRL_CHECK_ALL: i64 = 8;
/// `VERIFY_X509_STRICT`.
const X509_STRICT: i64 = 32;
/// `OP_NO_TICKET`.
const NO_TICKET: i64 = 0x4000;
const TLS12: i64 = 0x303;
const TLS13: i64 = 0x304;

/// A certificate chain and its key.
#[derive(Clone)]
pub struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: Arc<PrivateKeyDer<'static>>,
    certified: Arc<CertifiedKey>,
}

/// What is loaded.
#[derive(Clone, Default)]
pub struct Loaded {
    pub identities: Vec<Identity>,
    pub trusted: Vec<CertificateDer<'static>>,
    /// Directories with trusted certificates, looked through when a connection is made.
    pub directories: Vec<Vec<u8>>,
    /// What connections have found in them.
    pub found: Found,
    /// Lists of certificates that have been revoked.
    pub lists: Vec<CertificateRevocationListDer<'static>>,
    /// The only group that keys may be exchanged in.
    pub group: Option<NamedGroup>,
    /// Where secrets are written.
    pub keys: Option<Arc<KeyFile>>,
    pub protocols: Vec<Vec<u8>>,
    pub excluded: Vec<CipherSuite>,
}

/// What verification and the choice of ciphers depend on.
#[derive(Clone)]
pub struct Settings {
    numbers: [i64; 5],
    host: Option<String>,
    /// How many certificates, directories and lists are loaded; none of them is ever unloaded.
    counts: [usize; 3],
    identity: Option<Arc<CertifiedKey>>,
    group: Option<NamedGroup>,
    excluded: Vec<CipherSuite>,
}

impl PartialEq for Settings {
    fn eq(&self, other: &Settings) -> bool {
        let same_identity = match (&self.identity, &other.identity) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (one, other) => one.is_none() && other.is_none(),
        };
        same_identity
            && self.numbers == other.numbers
            && self.host == other.host
            && self.counts == other.counts
            && self.group == other.group
            && self.excluded == other.excluded
    }
}

/// An `_SSLContext`.
#[repr(C)]
pub struct PyContext {
    header: Header,
    pub protocol: i64,
    pub options: AtomicI64,
    pub verify_mode: AtomicI64,
    pub verify_flags: AtomicI64,
    pub check_hostname: AtomicBool,
    pub minimum: AtomicI64,
    pub maximum: AtomicI64,
    pub host_flags: AtomicI64,
    pub tickets: AtomicI64,
    pub post_handshake_auth: AtomicBool,
    pub loaded: Mutex<Loaded>,
    pub sni_callback: Slot,
    pub message_callback: Slot,
    /// The name of the file that secrets are written to.
    pub keylog_filename: Slot,
    /// Connections begun and made, as client and as server, and those among them that were resumed.
    pub counts: [AtomicI64; 5],
    /// What connections as a server remember of their clients.
    memory: Mutex<Option<Arc<Memory>>>,
}
layout!(PyContext, "_ssl._SSLContext", [sni_callback, message_callback, keylog_filename]);

native_class!(
    /// `_ssl._SSLContext`.
    pub fn class() = TypeBuilder::new("_ssl._SSLContext", PyContext::ops())
        .flag(type_flags::BASE | type_flags::HAS_WEAKREF)
        .slots(TypeSlots { new: Some(construct), ..TypeSlots::EMPTY })
        .methods(loading::methods())
        .getset(settings::getset())
        .make()
);

/// The library's cryptography.
pub fn provider() -> &'static Arc<CryptoProvider> {
    static PROVIDER: std::sync::OnceLock<Arc<CryptoProvider>> = std::sync::OnceLock::new();
    PROVIDER.get_or_init(|| Arc::new(rustls::crypto::ring::default_provider()))
}

#[pyargs(name = "_SSLContext", sig = "(protocol, /)")]
fn construct(class: &Obj, protocol: i64) -> PyResult<Obj> {
    let class = class_argument::<PyContext>(class)?;
    let text = match protocol {
        PROTOCOL_TLS => Some("ssl.PROTOCOL_TLS is deprecated"),
        3 => Some("ssl.PROTOCOL_TLSv1 is deprecated"),
        4 => Some("ssl.PROTOCOL_TLSv1_1 is deprecated"),
        5 => Some("ssl.PROTOCOL_TLSv1_2 is deprecated"),
        PROTOCOL_TLS_CLIENT | PROTOCOL_TLS_SERVER => None,
        _ => return Err(value_error("invalid or unsupported protocol version")),
    };
    if let Some(text) = text {
        taipan_objects::hooks::warn(text, types().deprecation_warning.as_obj(), 2)?;
    }
    let client = protocol == PROTOCOL_TLS_CLIENT;
    let (minimum, maximum) = match protocol {
        3 => (0x301, 0x301),
        4 => (0x302, 0x302),
        5 => (TLS12, TLS12),
        _ => (-2, -1),
    };
    Ok(new_instance(class, |header| PyContext {
        header,
        protocol,
        options: AtomicI64::new(2_186_412_112),
        verify_mode: AtomicI64::new(if client { 2 } else { 0 }),
        verify_flags: AtomicI64::new(32768),
        check_hostname: AtomicBool::new(client),
        minimum: AtomicI64::new(minimum),
        maximum: AtomicI64::new(maximum),
        host_flags: AtomicI64::new(4),
        tickets: AtomicI64::new(2),
        post_handshake_auth: AtomicBool::new(false),
        loaded: Mutex::default(),
        sni_callback: Slot::empty(),
        message_callback: Slot::empty(),
        keylog_filename: Slot::empty(),
        counts: Default::default(),
        memory: Mutex::default(),
    })
    .into_obj())
}

/// Chooses among a server's certificates by what the client can check.
#[derive(Debug)]
struct Identities(Vec<Arc<CertifiedKey>>);

impl ResolvesServerCert for Identities {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let fits = |key: &&Arc<CertifiedKey>| {
            let elliptic = key.key.algorithm() != rustls::SignatureAlgorithm::RSA;
            let usable = |suite: &CipherSuite| {
                ciphers::known(*suite).is_some_and(|known| {
                    known.protocol == "TLSv1.3" || known.name.starts_with("ECDHE-ECDSA") == elliptic
                })
            };
            key.key.choose_scheme(hello.signature_schemes()).is_some()
                && hello.cipher_suites().iter().any(usable)
        };
        self.0.iter().rev().find(fits).cloned()
    }
}

impl PyContext {
    /// The versions of TLS that are allowed.
    fn versions(&self) -> Vec<&'static SupportedProtocolVersion> {
        let options = self.options.load(Ordering::Relaxed);
        let least = self.minimum.load(Ordering::Relaxed);
        let most = self.maximum.load(Ordering::Relaxed);
        let allowed = |version: i64, bit: i64| {
            options & bit == 0
                && (least < 0 || version >= least)
                && (most < 0 && (most != -2 || version == TLS12) || version <= most)
        };
        let mut versions = Vec::new();
        if allowed(TLS13, 0x2000_0000) {
            versions.push(&rustls::version::TLS13);
        }
        if allowed(TLS12, 0x0800_0000) {
            versions.push(&rustls::version::TLS12);
        }
        versions
    }
    fn verifier(&self, host: Option<&str>, rejection: &Arc<Mutex<Option<Rejection>>>) -> Verifier {
        let loaded = self.loaded.lock().clone();
        let on_demand: Vec<_> =
            loaded.directories.iter().flat_map(|directory| loading::certificates_in(directory)).collect();
        let mut trusted = loaded.trusted;
        trusted.extend_from_slice(&on_demand);
        let checks = self.check_hostname.load(Ordering::Relaxed);
        let flags = self.verify_flags.load(Ordering::Relaxed);
        let revocation = (flags & CRL_CHECK != 0)
            .then(|| Revocation { lists: loaded.lists, whole_chain: flags & CRL_CHECK_ALL != 0 });
        Verifier {
            provider: provider().clone(),
            trusted,
            on_demand,
            found: loaded.found,
            strict: flags & X509_STRICT != 0,
            mode: self.verify_mode.load(Ordering::Relaxed),
            host: host.filter(|_| checks).map(str::to_owned),
            rejection: rejection.clone(),
            revocation,
        }
    }
    fn chosen_provider(&self, versions: &[&SupportedProtocolVersion]) -> Arc<CryptoProvider> {
        let (excluded, group) = {
            let loaded = self.loaded.lock();
            (loaded.excluded.clone(), loaded.group)
        };
        let mut chosen = (**provider()).clone();
        chosen.cipher_suites = ciphers::chosen(provider(), &excluded);
        // A server must not choose its certificate by what is of no use.
        chosen.cipher_suites.retain(|suite| versions.contains(&suite.version()));
        chosen.kx_groups.retain(|known| group.is_none_or(|group| known.name() == group));
        Arc::new(chosen)
    }
    fn no_protocol() -> Raised {
        errors::failure("SSL", "NO_PROTOCOLS_AVAILABLE", "no protocols available")
    }
    fn settings(&self, host: Option<&str>) -> Settings {
        let numbers = [
            self.options.load(Ordering::Relaxed),
            self.verify_mode.load(Ordering::Relaxed),
            self.verify_flags.load(Ordering::Relaxed) << 1
                | i64::from(self.check_hostname.load(Ordering::Relaxed)),
            self.minimum.load(Ordering::Relaxed),
            self.maximum.load(Ordering::Relaxed),
        ];
        let loaded = self.loaded.lock();
        Settings {
            numbers,
            host: host.map(str::to_owned),
            counts: [loaded.trusted.len(), loaded.directories.len(), loaded.lists.len()],
            identity: loaded.identities.last().map(|identity| identity.certified.clone()),
            group: loaded.group,
            excluded: loaded.excluded.clone(),
        }
    }
    /// What a client's connection is based on: that of the connection which it is to resume, if nothing was changed in between. Then also the
    /// session is offered.
    pub fn basis(
        &self,
        host: Option<&str>,
        sends_name: bool,
        offered: Option<&Arc<Basis>>,
    ) -> PyResult<(Arc<Basis>, bool)> {
        let settings = self.settings(host);
        if let Some(basis) = offered.filter(|basis| basis.settings == settings) {
            *basis.rejection.lock() = None;
            return Ok((basis.clone(), true));
        }
        let versions = self.versions();
        if versions.is_empty() {
            return Err(Self::no_protocol());
        }
        let rejection = Arc::new(Mutex::new(None));
        let verifier = Arc::new(self.verifier(host, &rejection));
        let builder = ClientConfig::builder_with_provider(self.chosen_provider(&versions))
            .with_protocol_versions(&versions)
            .map_err(|e| errors::failed(&e, false))?
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        let identity = self.loaded.lock().identities.last().cloned();
        let mut config = match identity {
            Some(identity) => builder
                .with_client_auth_cert(identity.chain, identity.key.clone_key())
                .map_err(|e| errors::failed(&e, false))?,
            None => builder.with_no_client_auth(),
        };
        config.enable_sni = sends_name;
        Ok((Arc::new(Basis { settings, config: Arc::new(config), rejection }), false))
    }
    /// A client's configuration.
    pub fn client_config(
        &self,
        basis: &Basis,
        tickets: &Arc<Tickets>,
        secrets: &Arc<Secrets>,
    ) -> Arc<ClientConfig> {
        let mut config = (*basis.config).clone();
        config.resumption = Resumption::store(tickets.clone());
        config.alpn_protocols = self.loaded.lock().protocols.clone();
        if let Some(keys) = self.loaded.lock().keys.clone() {
            secrets.belong_to(keys);
        }
        config.key_log = secrets.clone();
        Arc::new(config)
    }
    /// What is remembered for clients, as long as they would be asked for the same.
    fn memory(&self) -> Arc<Memory> {
        let settings = self.settings(None);
        let mut memory = self.memory.lock();
        if let Some(memory) = memory.as_ref().filter(|memory| memory.settings == settings) {
            return memory.clone();
        }
        memory.insert(Arc::new(Memory::new(settings))).clone()
    }
    /// A server's configuration.
    pub fn server_config(
        &self,
        rejection: &Arc<Mutex<Option<Rejection>>>,
        secrets: &Arc<Secrets>,
        offered: Option<&[Vec<u8>]>,
    ) -> PyResult<Arc<ServerConfig>> {
        let versions = self.versions();
        if versions.is_empty() {
            return Err(Self::no_protocol());
        }
        let builder = ServerConfig::builder_with_provider(self.chosen_provider(&versions))
            .with_protocol_versions(&versions)
            .map_err(|e| errors::failed(&e, true))?;
        let builder = match self.verify_mode.load(Ordering::Relaxed) {
            0 => builder.with_no_client_auth(),
            _ => builder.with_client_cert_verifier(Arc::new(self.verifier(None, rejection))),
        };
        let identities = self.loaded.lock().identities.iter().map(|i| i.certified.clone()).collect();
        let mut config = builder.with_cert_resolver(Arc::new(Identities(identities)));
        // Nothing in common is no failure: then nothing is chosen.
        let protocols = self.loaded.lock().protocols.clone();
        if offered.is_some_and(|offered| protocols.iter().any(|p| offered.contains(p))) {
            config.alpn_protocols = protocols;
        }
        if let Some(keys) = self.loaded.lock().keys.clone() {
            secrets.belong_to(keys);
        }
        config.key_log = secrets.clone();
        let memory = self.memory();
        config.session_storage = memory.sessions.clone();
        if self.options.load(Ordering::Relaxed) & NO_TICKET == 0
            && let Some(tickets) = memory.tickets.clone()
        {
            config.ticketer = tickets;
        }
        config.send_tls13_tickets = self.tickets.load(Ordering::Relaxed).clamp(0, 4) as usize;
        Ok(Arc::new(config))
    }
    /// Takes a chain and its key into use.
    fn add_identity(&self, chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> PyResult<()> {
        let mismatch = || errors::failure("X509", "KEY_VALUES_MISMATCH", "key values mismatch");
        let signing = provider().key_provider.load_private_key(key.clone_key()).map_err(|_| broken_pem())?;
        let certified = CertifiedKey::new(chain.clone(), signing);
        match certified.keys_match() {
            Ok(()) | Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::Unknown)) => {}
            Err(rustls::Error::InconsistentKeys(_)) => return Err(mismatch()),
            Err(_) => {}
        }
        let identity = Identity { chain, key: Arc::new(key), certified: Arc::new(certified) };
        let mut loaded = self.loaded.lock();
        let algorithm = identity.certified.key.algorithm();
        loaded.identities.retain(|i| i.certified.key.algorithm() != algorithm);
        loaded.identities.push(identity);
        Ok(())
    }
}

/// `[SSL] PEM lib`.
#[cold]
fn broken_pem() -> Raised {
    errors::plain(errors::error(), 1, "[SSL] PEM lib")
}

/// The certificates of a file's text.
fn certificates_of(text: &[u8]) -> PyResult<Vec<CertificateDer<'static>>> {
    pem::certificates(text).ok_or_else(broken_pem)
}
