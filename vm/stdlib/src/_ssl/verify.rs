//! Whether a peer's certificate is accepted: a chain up to a trusted certificate, and the host's name in it.

use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{VerifierBuilderError, WebPkiServerVerifier, verify_server_cert_signed_by_trust_anchor};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use rustls::{
    CertRevocationListError, CertificateError, DigitallySignedStruct, DistinguishedName, Error,
    RootCertStore, SignatureScheme,
};
use x509_parser::prelude::{
    FromDer, GeneralName, ParsedExtension, X509Certificate, X509Extension, X509Version,
};

use sha2::Digest;

use super::errors::Rejection;

/// Certificates of a context's directories that were needed; shared by its connections.
pub type Found = Arc<Mutex<Vec<CertificateDer<'static>>>>;

/// What verification needs to know, and what it found.
#[derive(Debug)]
pub struct Verifier {
    pub provider: Arc<CryptoProvider>,
    pub trusted: Vec<CertificateDer<'static>>,
    /// Those among the trusted ones that are in directories.
    pub on_demand: Vec<CertificateDer<'static>>,
    pub found: Found,
    /// A certificate must be as the standard asks authorities to make it.
    pub strict: bool,
    /// `CERT_NONE`, `CERT_OPTIONAL`, `CERT_REQUIRED`.
    pub mode: i64,
    /// The name to be found in the certificate.
    pub host: Option<String>,
    pub rejection: Arc<Mutex<Option<Rejection>>>,
    /// Asked for: certificates must not have been revoked.
    pub revocation: Option<Revocation>,
}

/// How certificates are looked up in lists of revoked ones.
#[derive(Debug)]
pub struct Revocation {
    pub lists: Vec<CertificateRevocationListDer<'static>>,
    /// Not only the peer's own certificate.
    pub whole_chain: bool,
}

/// The keys of authorities that are not to be trusted although a trusted one has certified them: SHA-256 of their `SubjectPublicKeyInfo`. CPython
/// refuses the same ones.
const DISTRUSTED: [&str; 8] = [
    "43bffa19d6ef651451f6841e019931e96f6f2eaeff28ab4b6f1ce4576de2717b",
    "49dd353dc2b919a3770645117d0e60c16115e7d1bc259eefe734b00ea434fe5f",
    "5c0660a2b164910d8ff589c18e14552e9e0ec237dcefe2cb736d41a4811f81a0",
    "63ecefee431d49523bc1136c4e72d0206a477086caf606cd5cf025686c109cf8",
    "92c063d67e8f14db71d288e11266ffdaf69cbf115f7bab14f3bc2f68d25e0e30",
    "e0254c7fcdc265e2f0f8a428dabb75ab4ae039b4872d62f5ee57f0877d5a8a41",
    "ebed6475c2c2d80fcb199f3fe8dd6e6b3ce60b77eb15d4e42c3dec0c6f5b5105",
    "ec4ffa1ad0ac88081314b7aaffef6a91f97cd57291bb5ba686c5415f5eb4f6b6",
];

fn is_distrusted(certificate: &[u8]) -> bool {
    use std::fmt::Write as _;
    let Ok((_, parsed)) = X509Certificate::from_der(certificate) else { return false };
    let mut digest = String::new();
    for byte in sha2::Sha256::digest(parsed.public_key().raw) {
        // Writing to a string does not fail.
        let _ = write!(digest, "{byte:02x}");
    }
    DISTRUSTED.contains(&&*digest)
}

fn is_self_signed(certificate: &[u8]) -> bool {
    X509Certificate::from_der(certificate)
        .is_ok_and(|(_, c)| c.tbs_certificate.subject.as_raw() == c.tbs_certificate.issuer.as_raw())
}

fn matches_pattern(pattern: &str, host: &str) -> bool {
    let (pattern, host) = (pattern.trim_end_matches('.'), host.trim_end_matches('.'));
    if pattern.eq_ignore_ascii_case(host) {
        return true;
    }
    match (pattern.strip_prefix("*."), host.split_once('.')) {
        (Some(rest), Some((label, domain))) => {
            !label.is_empty() && rest.contains('.') && rest.eq_ignore_ascii_case(domain)
        }
        _ => false,
    }
}

/// Whether a certificate is for a host.
pub fn is_for(certificate: &[u8], host: &str) -> bool {
    let Ok((_, certificate)) = X509Certificate::from_der(certificate) else { return false };
    let address = host.parse::<IpAddr>().ok();
    let names = certificate.subject_alternative_name().ok().flatten();
    let Some(names) = names else {
        // Without alternative names, the common name counts.
        let names = certificate.subject().iter_common_name().filter_map(|n| n.as_str().ok());
        return address.is_none() && names.into_iter().any(|name| matches_pattern(name, host));
    };
    names.value.general_names.iter().any(|name| match (name, address) {
        (GeneralName::DNSName(pattern), None) => matches_pattern(pattern, host),
        (GeneralName::IPAddress(bytes), Some(IpAddr::V4(address))) => *bytes == address.octets(),
        (GeneralName::IPAddress(bytes), Some(IpAddr::V6(address))) => *bytes == address.octets(),
        _ => false,
    })
}

impl Verifier {
    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        for certificate in &self.trusted {
            // What is no authority's certificate is of no use here.
            let _ = roots.add(certificate.clone());
        }
        roots
    }
    fn reject(&self, code: i64, text: impl Into<String>, error: CertificateError) -> Error {
        *self.rejection.lock() = Some(Rejection { code, text: text.into() });
        Error::InvalidCertificate(error)
    }
    fn explain(&self, error: Error, leaf: &[u8], chain: &[CertificateDer<'_>]) -> Error {
        let why = match error {
            Error::InvalidCertificate(why) => why,
            Error::InvalidCertRevocationList(why) => return self.explain_list(why),
            other => return other,
        };
        let (code, text) = match &why {
            CertificateError::UnknownIssuer if is_self_signed(leaf) => (18, "self-signed certificate"),
            CertificateError::UnknownIssuer if chain.iter().any(|c| is_self_signed(c)) => {
                (19, "self-signed certificate in certificate chain")
            }
            CertificateError::UnknownIssuer => (20, "unable to get local issuer certificate"),
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                (10, "certificate has expired")
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                (9, "certificate is not yet valid")
            }
            CertificateError::Revoked => (23, "certificate revoked"),
            CertificateError::UnknownRevocationStatus => (3, "unable to get certificate CRL"),
            CertificateError::ExpiredRevocationList
            | CertificateError::ExpiredRevocationListContext { .. } => (12, "CRL has expired"),
            CertificateError::BadSignature => (7, "certificate signature failure"),
            CertificateError::InvalidPurpose => (26, "unsuitable certificate purpose"),
            CertificateError::Other(_) if is_self_signed(leaf) => (18, "self-signed certificate"),
            _ => (1, "unspecified certificate verification error"),
        };
        self.reject(code, text, why)
    }
    /// Why a list of revoked certificates cannot be used.
    fn explain_list(&self, why: CertRevocationListError) -> Error {
        let (code, text) = match why {
            CertRevocationListError::BadSignature => (8, "CRL signature failure"),
            CertRevocationListError::UnsupportedCriticalExtension => (36, "unhandled critical CRL extension"),
            _ => (1, "unspecified certificate verification error"),
        };
        *self.rejection.lock() = Some(Rejection { code, text: text.into() });
        Error::InvalidCertRevocationList(why)
    }
    /// Why there is no verifier.
    fn explain_builder(
        &self,
        error: VerifierBuilderError,
        leaf: &[u8],
        chain: &[CertificateDer<'_>],
    ) -> Error {
        match error {
            VerifierBuilderError::InvalidCrl(why) => self.explain_list(why),
            VerifierBuilderError::NoRootAnchors => {
                self.explain(Error::InvalidCertificate(CertificateError::UnknownIssuer), leaf, chain)
            }
            other => Error::General(other.to_string()),
        }
    }
    /// Whether certificates are to be looked up, and there is nothing to look in.
    fn lacks_lists(&self) -> bool {
        self.revocation.as_ref().is_some_and(|revocation| revocation.lists.is_empty())
    }
    fn unknown_revocation(&self, leaf: &[u8], chain: &[CertificateDer<'_>]) -> Error {
        self.explain(Error::InvalidCertificate(CertificateError::UnknownRevocationStatus), leaf, chain)
    }
    /// Looks a certificate whose chain is good up in the lists, if that is asked for.
    fn check_revocation(
        &self,
        leaf: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Error> {
        let Some(revocation) = &self.revocation else { return Ok(()) };
        // Names are compared by others: the answer comes after that about the lists.
        let name = ServerName::try_from("name.invalid");
        let (Ok(name), false) = (name, self.lacks_lists()) else {
            return Err(self.unknown_revocation(leaf, chain));
        };
        let mut builder =
            WebPkiServerVerifier::builder_with_provider(Arc::new(self.roots()), self.provider.clone())
                .with_crls(revocation.lists.iter().cloned())
                .enforce_revocation_expiration();
        if !revocation.whole_chain {
            builder = builder.only_check_end_entity_revocation();
        }
        let verifier = builder.build().map_err(|error| self.explain_builder(error, leaf, chain))?;
        match verifier.verify_server_cert(leaf, chain, &name, &[], now) {
            Ok(_)
            | Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(()),
            Err(error) => Err(self.explain(error, leaf, chain)),
        }
    }
    /// The part of the presented chain that may lead to a trusted certificate; fails if the leaf itself is not to be trusted.
    fn without_distrusted<'a>(
        &self,
        leaf: &CertificateDer<'_>,
        chain: &[CertificateDer<'a>],
    ) -> Result<Vec<CertificateDer<'a>>, Error> {
        if is_distrusted(leaf) {
            return Err(self.distrusted());
        }
        Ok(chain.iter().filter(|certificate| !is_distrusted(certificate)).cloned().collect())
    }
    fn distrusted(&self) -> Error {
        self.reject(28, "certificate rejected", CertificateError::ApplicationVerificationFailure)
    }
    /// Says of a certificate that an authority has signed whether it names that authority's key.
    fn check_strictly(&self, leaf: &[u8]) -> Result<(), Error> {
        let Ok((_, parsed)) = X509Certificate::from_der(leaf) else { return Ok(()) };
        let names_key = |extension: &X509Extension<'_>| match extension.parsed_extension() {
            ParsedExtension::AuthorityKeyIdentifier(authority) => authority.key_identifier.is_some(),
            _ => false,
        };
        // Earlier versions have no extensions.
        if !self.strict || parsed.version() != X509Version::V3 || parsed.extensions().iter().any(names_key) {
            return Ok(());
        }
        let error = CertificateError::ApplicationVerificationFailure;
        Err(self.reject(85, "Missing Authority Key Identifier", error))
    }
    /// Keeps those certificates of the directories that a good chain leads to.
    fn note_found(&self, leaf: &CertificateDer<'_>, chain: &[CertificateDer<'_>]) {
        if self.on_demand.is_empty() {
            return;
        }
        let names = |certificate: &[u8]| {
            let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
            let (subject, issuer) = (&parsed.tbs_certificate.subject, &parsed.tbs_certificate.issuer);
            Some((subject.as_raw().to_vec(), issuer.as_raw().to_vec()))
        };
        let on_demand: Vec<_> = self.on_demand.iter().filter_map(|c| Some((c, names(c)?))).collect();
        let presented = std::iter::once(leaf).chain(chain);
        let mut wanted: Vec<_> = presented.filter_map(|c| names(c)).map(|(_, issuer)| issuer).collect();
        let mut at = 0;
        while let Some(name) = wanted.get(at).cloned() {
            at += 1;
            for (certificate, (_, issuer)) in on_demand.iter().filter(|(_, (subject, _))| *subject == name) {
                let mut found = self.found.lock();
                if !found.contains(*certificate) {
                    found.push((*certificate).clone());
                    wanted.push(issuer.clone());
                }
            }
        }
    }
    /// A certificate that is itself trusted needs no issuer, but time has not to have passed.
    fn is_trusted(&self, leaf: &CertificateDer<'_>, now: UnixTime) -> Option<Result<(), Error>> {
        if !self.trusted.iter().any(|t| t.as_ref() == leaf.as_ref()) {
            return None;
        }
        let Ok((_, parsed)) = X509Certificate::from_der(leaf) else { return None };
        let seconds = now.as_secs() as i64;
        Some(if parsed.validity().not_after.timestamp() < seconds {
            Err(self.reject(10, "certificate has expired", CertificateError::Expired))
        } else if parsed.validity().not_before.timestamp() > seconds {
            Err(self.reject(9, "certificate is not yet valid", CertificateError::NotValidYet))
        } else {
            Ok(())
        })
    }
}

macro_rules! signatures {
    () => {
        fn verify_tls12_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signature: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            let algorithms = &self.provider.signature_verification_algorithms;
            rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
        }
        fn verify_tls13_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signature: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            let algorithms = &self.provider.signature_verification_algorithms;
            rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
        }
        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            self.provider.signature_verification_algorithms.supported_schemes()
        }
    };
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.mode == 0 {
            return Ok(ServerCertVerified::assertion());
        }
        match self.is_trusted(leaf, now) {
            Some(result) => result?,
            None => {
                let parsed = ParsedCertificate::try_from(leaf).map_err(|e| self.explain(e, leaf, chain))?;
                let algorithms = self.provider.signature_verification_algorithms.all;
                let trusted = self.without_distrusted(leaf, chain)?;
                verify_server_cert_signed_by_trust_anchor(&parsed, &self.roots(), &trusted, now, algorithms)
                    .map_err(|error| match trusted.len() == chain.len() {
                        true => self.explain(error, leaf, chain),
                        false => self.distrusted(),
                    })?;
                let chain = &trusted[..];
                self.check_strictly(leaf)?;
                self.check_revocation(leaf, chain, now)?;
                self.note_found(leaf, chain);
            }
        }
        if let Some(host) = &self.host
            && !is_for(leaf, host)
        {
            let (code, what) =
                if host.parse::<IpAddr>().is_ok() { (64, "IP address") } else { (62, "Hostname") };
            let text = format!("{what} mismatch, certificate is not valid for '{host}'.");
            return Err(self.reject(code, text, CertificateError::NotValidForName));
        }
        Ok(ServerCertVerified::assertion())
    }
    signatures!();
}

impl ClientCertVerifier for Verifier {
    fn offer_client_auth(&self) -> bool {
        self.mode != 0
    }
    fn client_auth_mandatory(&self) -> bool {
        self.mode == 2
    }
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }
    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        if let Some(result) = self.is_trusted(leaf, now) {
            return result.map(|()| ClientCertVerified::assertion());
        }
        let trusted = self.without_distrusted(leaf, chain)?;
        let mut builder =
            WebPkiClientVerifier::builder_with_provider(Arc::new(self.roots()), self.provider.clone());
        if let Some(revocation) = &self.revocation {
            builder = builder.with_crls(revocation.lists.iter().cloned()).enforce_revocation_expiration();
            if !revocation.whole_chain {
                builder = builder.only_check_end_entity_revocation();
            }
        }
        let inner = builder.build().map_err(|error| self.explain_builder(error, leaf, chain))?;
        let verified = inner.verify_client_cert(leaf, &trusted, now).map_err(|error| {
            match trusted.len() == chain.len() {
                true => self.explain(error, leaf, chain),
                false => self.distrusted(),
            }
        })?;
        let chain = &trusted[..];
        self.check_strictly(leaf)?;
        self.note_found(leaf, chain);
        // Without lists the verifier does not look for any.
        if self.lacks_lists() { Err(self.unknown_revocation(leaf, chain)) } else { Ok(verified) }
    }
    signatures!();
}
