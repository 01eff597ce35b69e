//! Certificates and keys in files: the text format, and keys that a password protects.

use rustls::pki_types::{
    CertificateDer, PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer,
};

/// A section of a file: what it says it is, its lines of headers, its bytes.
pub struct Section {
    pub label: String,
    pub encrypted: bool,
    pub bytes: Vec<u8>,
}

fn base64(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut word, mut bits) = (0u32, 0);
    for c in text.bytes() {
        let value = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => break,
            c if c.is_ascii_whitespace() => continue,
            _ => return None,
        };
        word = word << 6 | u32::from(value);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push((word >> bits) as u8);
            word &= (1 << bits) - 1;
        }
    }
    Some(out)
}

/// The sections of a text; `None`: one is broken.
pub fn sections(text: &[u8]) -> Option<Vec<Section>> {
    let text = String::from_utf8_lossy(text);
    let mut found = Vec::new();
    let mut lines = text.lines().map(str::trim_end);
    while let Some(line) = lines.next() {
        let Some(label) = line.strip_prefix("-----BEGIN ").and_then(|l| l.strip_suffix("-----")) else {
            continue;
        };
        let end = format!("-----END {label}-----");
        let mut body = String::new();
        let mut encrypted = false;
        let mut closed = false;
        for line in lines.by_ref() {
            if line == end {
                closed = true;
                break;
            }
            if line.contains(':') {
                encrypted |= line.starts_with("Proc-Type") && line.contains("ENCRYPTED");
                continue;
            }
            body.push_str(line);
        }
        if !closed {
            return None;
        }
        found.push(Section { label: label.to_owned(), encrypted, bytes: base64(&body)? });
    }
    Some(found)
}

/// The certificates of a text; `None`: it is broken.
pub fn certificates(text: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    let sections = sections(text)?;
    let is_certificate =
        |s: &Section| matches!(s.label.as_str(), "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE");
    Some(sections.into_iter().filter(is_certificate).map(|s| CertificateDer::from(s.bytes)).collect())
}

/// Why there is no key.
pub enum NoKey {
    Missing,
    /// A password is needed.
    Locked,
    Broken,
}

/// The first key of a text.
pub fn key(text: &[u8], password: Option<&[u8]>) -> Result<PrivateKeyDer<'static>, NoKey> {
    let sections = sections(text).ok_or(NoKey::Broken)?;
    for section in sections {
        if section.encrypted {
            return Err(if password.is_none() { NoKey::Locked } else { NoKey::Broken });
        }
        match section.label.as_str() {
            "PRIVATE KEY" => return Ok(PrivatePkcs8KeyDer::from(section.bytes).into()),
            "RSA PRIVATE KEY" => return Ok(PrivatePkcs1KeyDer::from(section.bytes).into()),
            "EC PRIVATE KEY" => return Ok(PrivateSec1KeyDer::from(section.bytes).into()),
            "ENCRYPTED PRIVATE KEY" => {
                let Some(password) = password else { return Err(NoKey::Locked) };
                let locked = pkcs8::EncryptedPrivateKeyInfo::try_from(&section.bytes[..])
                    .map_err(|_| NoKey::Broken)?;
                let open = locked.decrypt(password).map_err(|_| NoKey::Broken)?;
                return Ok(PrivatePkcs8KeyDer::from(open.as_bytes().to_vec()).into());
            }
            _ => {}
        }
    }
    Err(NoKey::Missing)
}
