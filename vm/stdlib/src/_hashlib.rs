//! `_hashlib`: hashes by name, HMAC and key derivation: the part of `hashlib` and `hmac` that other programs have from OpenSSL.
//! Algorithms are in `_hashlib/algorithms.rs`, key derivation in `_hashlib/derive.rs`.

pub mod algorithms;
mod derive;

use taipan_objects::bytes::PyBytes;
use taipan_objects::native::*;
use taipan_objects::prelude::*;

use crate::decompressor::Input;
use crate::digest_object::{self, State};
use crate::native_class;
use crate::new_exception::new_exception;
use algorithms::{Algorithm, Hmac};

native_class! {
    fn unsupported_class() = new_exception("_hashlib.UnsupportedDigestmodError", &types().value_error)
}
native_class! {
    fn hash_class() = digest_object::make_hash_class("_hashlib.HASH", None)
}
native_class! {
    fn xof_class() = digest_object::make_hash_class("_hashlib.HASHXOF", Some(hash_class()))
}
native_class! {
    fn hmac_class() = digest_object::make_hmac_class("_hashlib.HMAC")
}

#[cold]
fn unsupported() -> Raised {
    raise_message(unsupported_class(), "[digital envelope routines] unsupported")
}

fn algorithm(name: &str) -> PyResult<&'static Algorithm> {
    algorithms::find(name).ok_or_else(unsupported)
}

fn create(name: &str, data: Option<&Obj>, string: Option<&Obj>) -> PyResult<Obj> {
    let algorithm = algorithm(name)?;
    let class = if algorithm.facts.digest_size == 0 { xof_class() } else { hash_class() };
    digest_object::create(class, algorithm.facts, (algorithm.make)(), data, string)
}

/// The algorithm of HMAC: by name, or by one of this module's constructors.
fn digestmod(digest: &Obj) -> PyResult<&'static Algorithm> {
    let name = match digest.downcast::<PyStr>() {
        Some(name) => name.to_utf8()?.into_owned(),
        None => {
            let name = if is_callable(digest) { getattr_opt(digest, &intern("__name__"))? } else { None };
            let name = name.as_ref().and_then(|name| name.downcast::<PyStr>()).map(PyStr::to_utf8);
            match name.transpose()?.as_deref().and_then(|name| name.strip_prefix("openssl_")) {
                Some(name) => name.to_owned(),
                None => {
                    let text = format!("Unsupported digestmod {}", repr_string(digest)?);
                    return Err(raise_message(unsupported_class(), text));
                }
            }
        }
    };
    let algorithm = algorithm(&name)?;
    if algorithm.facts.digest_size == 0 {
        return Err(value_error("no reason supplied"));
    }
    Ok(algorithm)
}

/// Constructors with the name of their algorithm.
macro_rules! constructors {
    ($($function:ident $name:literal)*) => {
        #[pymodule(name = "_hashlib", doc = "OpenSSL's interface to hashes, HMAC and key derivation.")]
        mod items {
            use super::*;

            $(
                /// Returns a hash object; optionally initialized with a string.
                #[pyfunction(
                    sig = "(data=<unrepresentable>, *, usedforsecurity=True, string=None)",
                    text = "($module, /, data=b'', *, usedforsecurity=True, string=None)"
                )]
                fn $function(
                    data: Option<&Obj>,
                    usedforsecurity: bool,
                    string: Option<&Obj>,
                ) -> PyResult<Obj> {
                    let _ = usedforsecurity;
                    create($name, data, string)
                }
            )*
            #[pyattr]
            const _GIL_MINSIZE: i64 = 2048;
            #[pyattr]
            fn HASH() -> Obj {
                hash_class().as_obj().clone()
            }
            #[pyattr]
            fn HASHXOF() -> Obj {
                xof_class().as_obj().clone()
            }
            #[pyattr]
            fn HMAC() -> Obj {
                hmac_class().as_obj().clone()
            }
            #[pyattr]
            fn UnsupportedDigestmodError() -> Obj {
                unsupported_class().as_obj().clone()
            }
            /// Adds the constructors with the names of their algorithms.
            #[pyinit]
            fn init(module: &PyModuleBuilder<'_>) -> PyResult<()> {
                let names = dict_obj().into_obj();
                $(
                    let function = crate::counted::getattr(module.module, stringify!($function))?;
                    setitem(&names, &function, &str_obj($name))?;
                )*
                module.add("_constructors", names)
            }
            #[pyattr]
            fn openssl_md_meth_names() -> PyResult<Obj> {
                let names = algorithms::names().map(str_obj).collect();
                call1(types().frozenset.as_obj(), &list_obj(names))
            }
            /// Return a new hash object using the named algorithm.
            #[pyfunction(
                sig = "(name, data=<unrepresentable>, *, usedforsecurity=True, string=None)",
                text = "($module, /, name, data=b'', *, usedforsecurity=True, string=None)"
            )]
            fn new(
                name: &str,
                data: Option<&Obj>,
                usedforsecurity: bool,
                string: Option<&Obj>,
            ) -> PyResult<Obj> {
                let _ = usedforsecurity;
                create(name, data, string)
            }
            /// Determine the OpenSSL FIPS mode of operation.
            #[pyfunction]
            fn get_fips_mode() -> i64 {
                0
            }
            /// Password based key derivation function 2 (PKCS #5 v2.0) with HMAC as pseudorandom function.
            #[pyfunction(sig = "(hash_name, password, salt, iterations, dklen=None)")]
            fn pbkdf2_hmac(
                hash_name: &str,
                password: &Obj,
                salt: &Obj,
                iterations: i64,
                dklen: Option<&Obj>,
            ) -> PyResult<Obj> {
                let algorithm = algorithm(hash_name)?;
                let (password, salt) = (Input::new(password)?, Input::new(salt)?);
                derive::pbkdf2(algorithm, password.get(), salt.get(), iterations, dklen)
            }
            /// scrypt password-based key derivation function.
            #[pyfunction(sig = "(password, *, salt, n, r, p, maxmem=0, dklen=64)")]
            fn scrypt(
                password: &Obj,
                salt: &Obj,
                n: u64,
                r: u64,
                p: u64,
                maxmem: i64,
                dklen: i64,
            ) -> PyResult<Obj> {
                let (password, salt) = (Input::new(password)?, Input::new(salt)?);
                derive::scrypt(password.get(), salt.get(), (n, r, p), maxmem, dklen)
            }
            /// Single-shot HMAC.
            #[pyfunction(sig = "(key, msg, digest)")]
            fn hmac_digest(key: &Obj, msg: &Obj, digest: &Obj) -> PyResult<Obj> {
                let algorithm = digestmod(digest)?;
                let (key, msg) = (Input::new(key)?, Input::new(msg)?);
                let digest = taipan_threading::detached(|| {
                    let mut hmac = Hmac::new(algorithm, key.get());
                    hmac.update(msg.get());
                    hmac.digest(0)
                });
                Ok(PyBytes::from_vec(digest).into_obj())
            }
            /// Return a new hmac object.
            #[pyfunction(
                sig = "(key, msg=<unrepresentable>, digestmod=<unrepresentable>)",
                text = "($module, /, key, msg=b'', digestmod=None)"
            )]
            fn hmac_new(key: &Obj, msg: Option<&Obj>, digestmod: Option<&Obj>) -> PyResult<Obj> {
                let key = Input::new(key)?;
                let Some(digestmod) = digestmod else {
                    return Err(type_error("Missing required parameter 'digestmod'."));
                };
                let algorithm = super::digestmod(digestmod)?;
                let facts = digest_object::Facts { name: algorithm.hmac_name, ..algorithm.facts };
                let state = Box::new(Hmac::new(algorithm, key.get()));
                let msg = msg.filter(|msg| !is_none(msg));
                digest_object::create(hmac_class(), facts, state, msg, None)
            }
            /// Return 'a == b' in a time that does not depend on the values.
            #[pyfunction]
            fn compare_digest(a: &Obj, b: &Obj) -> PyResult<Obj> {
                let operator = taipan_objects::hooks::import_module("_operator")?;
                call_method_str(&operator, "_compare_digest", &[a.clone(), b.clone()])
            }
        }
    };
}

constructors! {
    openssl_md5 "md5"
    openssl_sha1 "sha1"
    openssl_sha224 "sha224"
    openssl_sha256 "sha256"
    openssl_sha384 "sha384"
    openssl_sha512 "sha512"
    openssl_sha3_224 "sha3_224"
    openssl_sha3_256 "sha3_256"
    openssl_sha3_384 "sha3_384"
    openssl_sha3_512 "sha3_512"
    openssl_shake_128 "shake_128"
    openssl_shake_256 "shake_256"
}
