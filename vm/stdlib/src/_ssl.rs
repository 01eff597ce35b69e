//! `_ssl`: TLS, by the library `rustls`. What that cannot do (TLS before 1.2, renegotiation, pre-shared keys, post-handshake authentication)
//! is announced as absent or raises an error that says so.

mod bio;
mod certificate;
mod ciphers;
mod constants;
mod context;
mod engine;
mod errors;
mod keylog;
mod observed;
mod oid;
mod pem;
mod session;
mod socket;
mod verify;

use taipan_objects::native::*;
use taipan_objects::prelude::*;

/// Implementation module for SSL socket operations.  See the socket module
/// for documentation.
#[pymodule(name = "_ssl")]
mod items {
    use super::*;

    #[pyattr]
    const OPENSSL_VERSION: &str = "OpenSSL 3.0.0 interface of rustls 0.23";
    #[pyattr]
    const OPENSSL_VERSION_NUMBER: i64 = 0x3000_0000;
    #[pyattr]
    const _DEFAULT_CIPHERS: &str = "ALL:!COMPLEMENTOFDEFAULT:!eNULL";
    #[pyattr]
    fn OPENSSL_VERSION_INFO() -> Obj {
        tuple_obj([3, 0, 0, 0, 0].into_iter().map(int_obj).collect())
    }
    #[pyattr]
    fn _OPENSSL_API_VERSION() -> Obj {
        tuple_obj([3, 0, 0, 0, 0].into_iter().map(int_obj).collect())
    }
    #[pyattr]
    fn _SSLContext() -> Obj {
        context::class().as_obj().clone()
    }
    #[pyattr]
    fn _SSLSocket() -> Obj {
        socket::class().as_obj().clone()
    }
    #[pyattr]
    fn MemoryBIO() -> Obj {
        bio::class().as_obj().clone()
    }
    #[pyattr]
    fn SSLSession() -> Obj {
        session::class().as_obj().clone()
    }
    #[pyattr]
    fn Certificate() -> Obj {
        certificate::class().as_obj().clone()
    }
    #[pyinit]
    fn init(module: &PyModuleBuilder<'_>) -> PyResult<()> {
        for (name, number) in constants::NUMBERS {
            module.add(name, *number)?;
        }
        for (name, able) in constants::ABILITIES {
            module.add(name, *able)?;
        }
        let classes = [
            ("SSLError", errors::error()),
            ("SSLZeroReturnError", errors::zero_return()),
            ("SSLWantReadError", errors::want_read()),
            ("SSLWantWriteError", errors::want_write()),
            ("SSLSyscallError", errors::syscall_error()),
            ("SSLEOFError", errors::eof()),
            ("SSLCertVerificationError", errors::verification_error()),
        ];
        for (name, class) in classes {
            module.add(name, class.as_obj())?;
        }
        Ok(())
    }

    #[pyfunction(sig = "(txt, name=False)")]
    fn txt2obj(txt: &str, name: bool) -> PyResult<Obj> {
        oid::by_text(txt, name)
    }
    #[pyfunction]
    fn nid2obj(nid: i64) -> PyResult<Obj> {
        if nid < 0 {
            return Err(value_error("NID must be positive"));
        }
        oid::by_number(nid)
    }
    #[pyfunction]
    fn RAND_status() -> bool {
        true
    }
    /// The system's generator needs no help.
    #[pyfunction(sig = "(string, entropy, /)")]
    fn RAND_add(string: &Obj, entropy: f64) -> PyResult<()> {
        let _ = entropy;
        if string.is_layout::<PyStr>() || taipan_objects::buffer::has_buffer(string) {
            return Ok(());
        }
        Err(taipan_objects::buffer::not_bytes_like(string))
    }
    /// Generate n cryptographically strong pseudo-random bytes.
    #[pyfunction]
    fn RAND_bytes(n: i32) -> PyResult<Obj> {
        let Ok(count) = usize::try_from(n) else { return Err(value_error("num must be positive")) };
        let mut bytes = vec![0; count];
        match getrandom::fill(&mut bytes) {
            Ok(()) => Ok(bytes_obj(&bytes)),
            Err(_) => Err(errors::plain(errors::error(), 1, "no random bytes")),
        }
    }
    #[pyfunction]
    fn get_default_verify_paths() -> Obj {
        let (file, directory) = context::system_places();
        tuple_obj(["SSL_CERT_FILE", &file, "SSL_CERT_DIR", &directory].into_iter().map(str_obj).collect())
    }
    #[pyfunction(sig = "(path, /)")]
    fn _test_decode_cert(path: &str) -> PyResult<Obj> {
        let text = std::fs::read(path).unwrap_or_default();
        match pem::certificates(&text).unwrap_or_default().first() {
            Some(first) => certificate::decode(first),
            None => Err(errors::plain(errors::error(), 1, "Error decoding PEM-encoded file")),
        }
    }
}
