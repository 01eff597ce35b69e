//! Cipher suites by OpenSSL's names, and the choices that OpenSSL's cipher strings make.

use rustls::crypto::CryptoProvider;
use rustls::{CipherSuite, SupportedCipherSuite};
use taipan_objects::prelude::*;

/// A suite: its name for OpenSSL, its protocol, the bits of its key, how keys are exchanged and peers authenticated.
pub struct Known {
    pub suite: CipherSuite,
    pub name: &'static str,
    pub protocol: &'static str,
    pub bits: i64,
    symmetric: &'static str,
    auth: &'static str,
}

macro_rules! suites {
    ($($suite:ident $name:literal $protocol:literal $bits:literal $symmetric:literal $auth:literal;)*) => {
        const KNOWN: &[Known] = &[$(Known {
            suite: CipherSuite::$suite, name: $name, protocol: $protocol, bits: $bits, symmetric: $symmetric, auth: $auth,
        }),*];
    };
}

suites! {
    TLS13_AES_256_GCM_SHA384 "TLS_AES_256_GCM_SHA384" "TLSv1.3" 256 "aes-256-gcm" "auth-any";
    TLS13_CHACHA20_POLY1305_SHA256 "TLS_CHACHA20_POLY1305_SHA256" "TLSv1.3" 256 "chacha20-poly1305" "auth-any";
    TLS13_AES_128_GCM_SHA256 "TLS_AES_128_GCM_SHA256" "TLSv1.3" 128 "aes-128-gcm" "auth-any";
    TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 "ECDHE-ECDSA-AES256-GCM-SHA384" "TLSv1.2" 256 "aes-256-gcm" "auth-ecdsa";
    TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 "ECDHE-RSA-AES256-GCM-SHA384" "TLSv1.2" 256 "aes-256-gcm" "auth-rsa";
    TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 "ECDHE-ECDSA-CHACHA20-POLY1305" "TLSv1.2" 256 "chacha20-poly1305" "auth-ecdsa";
    TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 "ECDHE-RSA-CHACHA20-POLY1305" "TLSv1.2" 256 "chacha20-poly1305" "auth-rsa";
    TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 "ECDHE-ECDSA-AES128-GCM-SHA256" "TLSv1.2" 128 "aes-128-gcm" "auth-ecdsa";
    TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 "ECDHE-RSA-AES128-GCM-SHA256" "TLSv1.2" 128 "aes-128-gcm" "auth-rsa";
}

pub fn known(suite: CipherSuite) -> Option<&'static Known> {
    KNOWN.iter().find(|k| k.suite == suite)
}

/// All suites but those that were excluded.
pub fn chosen(provider: &CryptoProvider, excluded: &[CipherSuite]) -> Vec<SupportedCipherSuite> {
    provider.cipher_suites.iter().filter(|s| !excluded.contains(&s.suite())).copied().collect()
}

fn fits(known: &Known, word: &str) -> bool {
    word.split('+').all(|part| match part {
        "ALL"
        | "DEFAULT"
        | "HIGH"
        | "COMPLEMENTOFDEFAULT"
        | "TLSv1.2"
        | "kECDHE"
        | "kEECDH"
        | "ECDHE"
        | "EECDH"
        | "ECDH" => part != "COMPLEMENTOFDEFAULT",
        "AES" | "AESGCM" => known.symmetric.starts_with("aes"),
        "AES128" => known.symmetric == "aes-128-gcm",
        "AES256" => known.symmetric == "aes-256-gcm",
        "CHACHA20" => known.symmetric == "chacha20-poly1305",
        "aRSA" | "RSA" => known.auth == "auth-rsa",
        "aECDSA" | "ECDSA" => known.auth == "auth-ecdsa",
        "SHA256" => known.name.ends_with("SHA256"),
        "SHA384" => known.name.ends_with("SHA384"),
        name => name == known.name,
    })
}

/// The suites of TLS 1.2 that a cipher string leaves out; `None`: it leaves nothing.
pub fn excluded_by(list: &str) -> Option<Vec<CipherSuite>> {
    let mut kept: Vec<CipherSuite> = Vec::new();
    let mut banned: Vec<CipherSuite> = Vec::new();
    let older = || KNOWN.iter().filter(|k| k.protocol == "TLSv1.2");
    for word in list.split([':', ',', ' ', ';']).filter(|w| !w.is_empty() && !w.starts_with('@')) {
        let (first, rest) = (word.as_bytes()[0], word.get(1..).unwrap_or(""));
        match first {
            b'!' => banned.extend(older().filter(|k| fits(k, rest)).map(|k| k.suite)),
            b'-' => kept.retain(|suite| !older().any(|k| k.suite == *suite && fits(k, rest))),
            b'+' => {}
            _ => kept.extend(older().filter(|k| fits(k, word)).map(|k| k.suite)),
        }
    }
    kept.retain(|suite| !banned.contains(suite));
    if kept.is_empty() {
        return None;
    }
    Some(older().map(|k| k.suite).filter(|suite| !kept.contains(suite)).collect())
}

/// What `get_ciphers()` says of a suite.
pub fn describe(known: &Known) -> Obj {
    let dict = dict_obj();
    let id = 0x0300_0000 | i64::from(u16::from(known.suite));
    let exchange = if known.protocol == "TLSv1.3" { "kx-any" } else { "kx-ecdhe" };
    dict.set_str("id", int_obj(id));
    dict.set_str("name", str_obj(known.name));
    dict.set_str("protocol", str_obj(known.protocol));
    let kind = |text: &str| text.split_once('-').map_or(text, |(_, rest)| rest).to_uppercase();
    let description = format!(
        "{:<30} {} Kx={:<8} Au={:<5} Enc={}({}) Mac=AEAD",
        known.name,
        known.protocol,
        kind(exchange).to_lowercase(),
        kind(known.auth).to_lowercase(),
        known.symmetric.to_uppercase(),
        known.bits
    );
    dict.set_str("description", str_obj(&description));
    dict.set_str("strength_bits", int_obj(known.bits));
    dict.set_str("alg_bits", int_obj(known.bits));
    dict.set_str("aead", bool_obj(true));
    dict.set_str("symmetric", str_obj(known.symmetric));
    dict.set_str("digest", none());
    dict.set_str("kea", str_obj(exchange));
    dict.set_str("auth", str_obj(known.auth));
    dict.into_obj()
}
