//! Methods of contexts: certificates, keys and choices, and new connections.

use rustls::NamedGroup;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer};
use taipan_objects::bytes::bytes_value;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::{buffer, hooks};
use taipan_threading::detached;
use taipan_threading::sync::atomic::Ordering;

use super::{PyContext, broken_pem, certificates_of};
use crate::_ssl::{certificate, ciphers, errors, pem, socket};
use crate::counted;
use crate::file_path::name_bytes;

pub fn methods() -> &'static [MethodDef] {
    PyContext::loading_methods()
}

pub(super) fn path_of(given: &Obj, what: &str) -> PyResult<Vec<u8>> {
    let path = match counted::call1(&hooks::module_attribute("os", "fspath")?, given) {
        Ok(path) => path,
        Err(Raised) => {
            catch(&types().type_error)?;
            return Err(type_error(format!("{what} should be a valid filesystem path")));
        }
    };
    name_bytes(&path)?.ok_or_else(|| type_error(format!("{what} should be a valid filesystem path")))
}

fn file_of(path: &[u8]) -> PyResult<Vec<u8>> {
    use std::os::unix::ffi::OsStrExt;
    let name = std::ffi::OsStr::from_bytes(path).to_owned();
    detached(|| std::fs::read(&name)).map_err(|error| {
        let number = error.raw_os_error().unwrap_or(libc::EIO);
        crate::os_error::os_error(number)
    })
}

/// The certificates of a directory's files whose names are numbers: those that OpenSSL would find.
pub fn certificates_in(directory: &[u8]) -> Vec<CertificateDer<'static>> {
    use std::os::unix::ffi::OsStrExt;
    let mut found = Vec::new();
    let Ok(entries) = std::fs::read_dir(std::ffi::OsStr::from_bytes(directory)) else { return found };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let is_hashed = name.as_bytes().len() == 10 && name.as_bytes()[8] == b'.';
        if is_hashed && let Ok(text) = std::fs::read(entry.path()) {
            found.extend(pem::certificates(&text).unwrap_or_default());
        }
    }
    found
}

/// The file and the directory where the system's certificates are.
pub fn system_places() -> (String, String) {
    const FILES: [&str; 5] = [
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/ca-bundle.pem",
        "/etc/ssl/cert.pem",
        "/usr/lib/ssl/cert.pem",
    ];
    let file = FILES.into_iter().find(|file| std::path::Path::new(file).exists()).unwrap_or(FILES[4]);
    (file.to_owned(), "/etc/ssl/certs".to_owned())
}

fn password_bytes(given: &Obj, from_callback: bool) -> PyResult<Vec<u8>> {
    let bytes = if let Some(text) = given.downcast::<PyStr>() {
        text.to_utf8()?.as_bytes().to_vec()
    } else if buffer::has_buffer(given) {
        buffer::to_vec(given)?
    } else if from_callback {
        return Err(type_error("password callback must return a string"));
    } else {
        return Err(type_error("password should be a string or callable"));
    };
    if bytes.len() > 1023 {
        return Err(value_error("password cannot be longer than 1023 bytes"));
    }
    Ok(bytes)
}

impl PyContext {
    fn trust(&self, certificates: Vec<CertificateDer<'static>>) {
        let mut loaded = self.loaded.lock();
        for certificate in certificates {
            if !loaded.trusted.contains(&certificate) {
                loaded.trusted.push(certificate);
            }
        }
    }
}

#[pymethods(class = "_ssl._SSLContext", part = "loading")]
impl PyContext {
    #[pymethod(sig = "(certfile, keyfile=None, password=None)")]
    fn load_cert_chain(&self, certfile: &Obj, keyfile: Option<&Obj>, password: Option<&Obj>) -> PyResult<()> {
        let certificate_path = path_of(certfile, "certfile")?;
        let key_path = match keyfile.filter(|k| !is_none(k)) {
            Some(keyfile) => path_of(keyfile, "keyfile")?,
            None => certificate_path.clone(),
        };
        let password = password.filter(|p| !is_none(p));
        let fixed = match password {
            Some(given) if !is_callable(given) => Some(password_bytes(given, false)?),
            _ => None,
        };
        let text = file_of(&certificate_path)?;
        let chain = certificates_of(&text)?;
        if chain.is_empty() {
            return Err(broken_pem());
        }
        let key_text = file_of(&key_path)?;
        let key = match pem::key(&key_text, fixed.as_deref()) {
            Err(pem::NoKey::Locked) => {
                let Some(callback) = password else { return Err(broken_pem()) };
                let given = password_bytes(&counted::call(callback, &[])?, true)?;
                pem::key(&key_text, Some(&given))
            }
            other => other,
        };
        match key {
            Ok(key) => self.add_identity(chain, key),
            Err(_) => Err(broken_pem()),
        }
    }
    #[pymethod(sig = "(cafile=None, capath=None, cadata=None)")]
    fn load_verify_locations(
        &self,
        cafile: Option<&Obj>,
        capath: Option<&Obj>,
        cadata: Option<&Obj>,
    ) -> PyResult<()> {
        let given = |o: Option<&Obj>| o.filter(|o| !is_none(o)).cloned();
        let (cafile, capath, cadata) = (given(cafile), given(capath), given(cadata));
        if cafile.is_none() && capath.is_none() && cadata.is_none() {
            return Err(type_error("cafile, capath and cadata cannot be all omitted"));
        }
        let file = cafile.map(|f| path_of(&f, "cafile")).transpose()?;
        let directory = capath.map(|p| path_of(&p, "capath")).transpose()?;
        if let Some(data) = cadata {
            if let Some(text) = data.downcast::<PyStr>() {
                if !text.is_ascii() {
                    return Err(type_error("cadata should be an ASCII string or a bytes-like object"));
                }
                let found = pem::certificates(text.to_utf8()?.as_bytes());
                let none_there = || {
                    errors::failure(
                        "PEM",
                        "NO_START_LINE",
                        "no start line: cadata does not contain a certificate",
                    )
                };
                match found {
                    Some(found) if !found.is_empty() => self.trust(found),
                    Some(_) => return Err(none_there()),
                    None => return Err(errors::failure("PEM", "BAD_BASE64_DECODE", "bad base64 decode")),
                }
            } else if buffer::has_buffer(&data) {
                let bytes = match bytes_value(&data) {
                    Some(bytes) => bytes.to_vec(),
                    None => buffer::to_vec(&data)?,
                };
                let mut rest = &bytes[..];
                let mut found = Vec::new();
                while !rest.is_empty() {
                    use x509_parser::prelude::{FromDer, X509Certificate};
                    match X509Certificate::from_der(rest) {
                        Ok((after, _)) => {
                            found.push(CertificateDer::from(rest[..rest.len() - after.len()].to_vec()));
                            rest = after;
                        }
                        Err(_) if found.is_empty() => {
                            let text = "not enough data: cadata does not contain a certificate";
                            return Err(errors::failure("ASN1", "NOT_ENOUGH_DATA", text));
                        }
                        Err(_) => {
                            return Err(errors::failure("ASN1", "BAD_OBJECT_HEADER", "bad object header"));
                        }
                    }
                }
                if found.is_empty() {
                    return Err(value_error("Empty certificate data"));
                }
                self.trust(found);
            } else {
                return Err(type_error("cadata should be an ASCII string or a bytes-like object"));
            }
        }
        if let Some(path) = file {
            let text = file_of(&path)?;
            let found = pem::certificates(&text);
            let sections = pem::sections(&text).unwrap_or_default();
            let lists = sections.into_iter().filter(|s| s.label == "X509 CRL").map(|s| s.bytes.into());
            let lists: Vec<CertificateRevocationListDer<'static>> = lists.collect();
            match found {
                Some(found) if found.iter().any(|c| !certificate::is_one(c)) => return Err(broken_pem()),
                Some(found) if !found.is_empty() || !lists.is_empty() => self.trust(found),
                Some(_) => {
                    return Err(errors::failure(
                        "X509",
                        "NO_CERTIFICATE_OR_CRL_FOUND",
                        "no certificate or crl found",
                    ));
                }
                None => return Err(broken_pem()),
            }
            self.loaded.lock().lists.extend(lists);
        }
        if let Some(path) = directory {
            self.loaded.lock().directories.push(path);
        }
        Ok(())
    }
    #[pymethod]
    fn set_default_verify_paths(&self) -> PyResult<()> {
        let environ = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let (file, directory) = system_places();
        let file = environ("SSL_CERT_FILE").unwrap_or(file);
        if let Ok(text) = detached(|| std::fs::read(&file)) {
            self.trust(pem::certificates(&text).unwrap_or_default());
        }
        if let Some(directory) = environ("SSL_CERT_DIR") {
            self.loaded.lock().directories.push(directory.into_bytes());
        } else if self.loaded.lock().trusted.is_empty() {
            self.loaded.lock().directories.push(directory.into_bytes());
        }
        Ok(())
    }
    #[pymethod]
    fn load_dh_params(&self, path: &Obj) -> PyResult<()> {
        let event = [path.clone(), str_obj("rb"), int_obj(0)];
        let path = path_of(path, "path")?;
        taipan_vm::sys::audit("open", &event)?;
        let text = file_of(&path)?;
        let there =
            pem::sections(&text).is_some_and(|s| s.iter().any(|s| s.label.ends_with("DH PARAMETERS")));
        // Key exchange is by elliptic curves alone: the parameters are checked and not used.
        if there { Ok(()) } else { Err(errors::failure("PEM", "NO_START_LINE", "no start line")) }
    }
    #[pymethod]
    fn session_stats(&self) -> Obj {
        let dict = dict_obj();
        let counts = self.counts.each_ref().map(|c| c.load(Ordering::Relaxed));
        let values = [
            ("number", 0),
            ("connect", counts[0]),
            ("connect_good", counts[1]),
            ("connect_renegotiate", 0),
            ("accept", counts[2]),
            ("accept_good", counts[3]),
            ("accept_renegotiate", 0),
            ("hits", counts[4]),
            ("misses", 0),
            ("timeouts", 0),
            ("cache_full", 0),
        ];
        values.into_iter().for_each(|(name, value)| dict.set_str(name, int_obj(value)));
        dict.into_obj()
    }
    #[pymethod]
    fn cert_store_stats(&self) -> Obj {
        let loaded = self.loaded.lock().clone();
        let authorities = loaded.trusted.iter().filter(|c| certificate::is_authority(c)).count();
        let dict = dict_obj();
        for (name, count) in
            [("x509", loaded.trusted.len()), ("crl", loaded.lists.len()), ("x509_ca", authorities)]
        {
            dict.set_str(name, int_obj(count as i64));
        }
        dict.into_obj()
    }
    /// Returns a list of dicts with information of loaded CA certs.
    #[pymethod(sig = "(binary_form=False)")]
    fn get_ca_certs(&self, binary_form: bool) -> PyResult<Obj> {
        let loaded = self.loaded.lock().clone();
        let mut trusted = loaded.trusted;
        trusted.extend_from_slice(&loaded.found.lock());
        let authorities = trusted.iter().filter(|c| certificate::is_authority(c));
        let shown = authorities.map(|c| if binary_form { Ok(bytes_obj(c)) } else { certificate::decode(c) });
        Ok(list_obj(shown.collect::<PyResult<Vec<Obj>>>()?))
    }
    #[pymethod]
    fn get_ciphers(&self) -> Obj {
        let excluded = self.loaded.lock().excluded.clone();
        let chosen = ciphers::chosen(super::provider(), &excluded);
        list_obj(chosen.iter().filter_map(|s| ciphers::known(s.suite())).map(ciphers::describe).collect())
    }
    #[pymethod(sig = "(cipherlist, /)")]
    fn set_ciphers(&self, cipherlist: &str) -> PyResult<()> {
        match ciphers::excluded_by(cipherlist) {
            Some(excluded) => {
                self.loaded.lock().excluded = excluded;
                Ok(())
            }
            None => Err(errors::plain(errors::error(), 1, "No cipher can be selected.")),
        }
    }
    #[pymethod(sig = "(name, /)")]
    fn set_ecdh_curve(&self, name: &Obj) -> PyResult<()> {
        let Some(bytes) = name_bytes(name)? else { return Err(type_error("expected str or bytes")) };
        let group = match &bytes[..] {
            b"prime256v1" | b"P-256" => NamedGroup::secp256r1,
            b"secp384r1" | b"P-384" => NamedGroup::secp384r1,
            b"X25519" => NamedGroup::X25519,
            other => {
                return Err(value_error(format!(
                    "unknown elliptic curve name {}",
                    taipan_objects::protocol::repr_string(&bytes_obj(other))?
                )));
            }
        };
        self.loaded.lock().group = Some(group);
        Ok(())
    }
    #[pymethod(sig = "(protos, /)")]
    fn _set_alpn_protocols(&self, protos: &Obj) -> PyResult<()> {
        let bytes = buffer::to_vec(protos)?;
        let mut protocols = Vec::new();
        let mut rest = &bytes[..];
        while let Some((len, after)) = rest.split_first() {
            let Some(name) = after.get(..usize::from(*len)) else { break };
            protocols.push(name.to_vec());
            rest = &after[name.len()..];
        }
        self.loaded.lock().protocols = protocols;
        Ok(())
    }
    #[pymethod(sig = "(sock, server_side, server_hostname=None, *, owner=None, session=None)")]
    fn _wrap_socket(
        slf: &Obj,
        sock: &Obj,
        server_side: bool,
        server_hostname: Option<&Obj>,
        owner: Option<&Obj>,
        session: Option<&Obj>,
    ) -> PyResult<Obj> {
        socket::over_socket(slf, sock, server_side, server_hostname, owner, session)
    }
    #[pymethod(sig = "(incoming, outgoing, server_side, server_hostname=None, *, owner=None, session=None)")]
    fn _wrap_bio(
        slf: &Obj,
        incoming: &Obj,
        outgoing: &Obj,
        server_side: bool,
        server_hostname: Option<&Obj>,
        owner: Option<&Obj>,
        session: Option<&Obj>,
    ) -> PyResult<Obj> {
        socket::over_memory(slf, [incoming, outgoing], server_side, server_hostname, owner, session)
    }
}
