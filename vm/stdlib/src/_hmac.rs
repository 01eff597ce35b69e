//! `_hmac`: HMAC with the algorithms that the interpreter brings along.

use taipan_objects::bytes::PyBytes;
use taipan_objects::native::*;
use taipan_objects::prelude::*;

use crate::_hashlib::algorithms::{self, Algorithm, Hmac};
use crate::decompressor::Input;
use crate::digest_object::{self, State};
use crate::native_class;
use crate::new_exception::new_exception;

native_class! {
    fn unknown_class() = new_exception("_hmac.UnknownHashError", &types().value_error)
}
native_class! {
    fn hmac_class() = digest_object::make_hmac_class("_hmac.HMAC")
}

/// The algorithm of a name.
fn algorithm(digest: &Obj) -> PyResult<&'static Algorithm> {
    let found = match digest.downcast::<PyStr>() {
        Some(name) => algorithms::find_builtin(&name.to_utf8()?),
        None => None,
    };
    match found {
        Some(algorithm) => Ok(algorithm),
        None => {
            let text = format!("unsupported hash type: {}", repr_string(digest)?);
            Err(raise_message(unknown_class(), text))
        }
    }
}

fn data(object: &Obj) -> PyResult<Input<'_>> {
    if object.is_layout::<PyStr>() {
        return Err(type_error("Strings must be encoded before hashing"));
    }
    if !taipan_objects::buffer::has_buffer(object) {
        return Err(type_error("object supporting the buffer API required"));
    }
    Input::new(object)
}

fn compute(algorithm: &Algorithm, key: &Obj, msg: &Obj) -> PyResult<Obj> {
    let (key, msg) = (data(key)?, data(msg)?);
    let digest = taipan_threading::detached(|| {
        let mut hmac = Hmac::new(algorithm, key.get());
        hmac.update(msg.get());
        hmac.digest(0)
    });
    Ok(PyBytes::from_vec(digest).into_obj())
}

/// Functions for one algorithm each.
macro_rules! functions {
    ($($function:ident $name:literal)*) => {
        #[pymodule(name = "_hmac", doc = "HMAC with built-in algorithms.")]
        mod items {
            use super::*;

            $(
                #[pyfunction]
                fn $function(key: &Obj, msg: &Obj) -> PyResult<Obj> {
                    match algorithms::find_builtin($name) {
                        Some(algorithm) => compute(algorithm, key, msg),
                        None => Err(system_error("an algorithm is missing")),
                    }
                }
            )*
            #[pyattr]
            const _GIL_MINSIZE: i64 = 2048;
            #[pyattr]
            fn HMAC() -> Obj {
                hmac_class().as_obj().clone()
            }
            #[pyattr]
            fn UnknownHashError() -> Obj {
                unknown_class().as_obj().clone()
            }
            /// Return a new HMAC object.
            #[pyfunction(
                sig = "(key, msg=None, digestmod=<unrepresentable>)",
                text = "($module, /, key, msg=None, digestmod=None)"
            )]
            fn new(key: &Obj, msg: Option<&Obj>, digestmod: Option<&Obj>) -> PyResult<Obj> {
                let Some(digestmod) = digestmod else {
                    return Err(type_error("new() missing 1 required argument 'digestmod'"));
                };
                let algorithm = algorithm(digestmod)?;
                let facts = digest_object::Facts { name: algorithm.hmac_name, ..algorithm.facts };
                let state = Box::new(Hmac::new(algorithm, data(key)?.get()));
                let msg = msg.filter(|msg| !is_none(msg));
                digest_object::create(hmac_class(), facts, state, msg, None)
            }
            /// Compute the digest of a message in one go.
            #[pyfunction(sig = "(key, msg, digest)")]
            fn compute_digest(key: &Obj, msg: &Obj, digest: &Obj) -> PyResult<Obj> {
                compute(algorithm(digest)?, key, msg)
            }
        }
    };
}

functions! {
    compute_md5 "md5"
    compute_sha1 "sha1"
    compute_sha224 "sha224"
    compute_sha256 "sha256"
    compute_sha384 "sha384"
    compute_sha512 "sha512"
    compute_sha3_224 "sha3_224"
    compute_sha3_256 "sha3_256"
    compute_sha3_384 "sha3_384"
    compute_sha3_512 "sha3_512"
    compute_blake2s_32 "blake2s"
    compute_blake2b_32 "blake2b"
}
