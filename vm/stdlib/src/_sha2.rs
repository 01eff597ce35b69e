//! `_sha2`: SHA-224, SHA-256, SHA-384 and SHA-512.

use std::sync::OnceLock;

use taipan_objects::native::*;
use taipan_objects::prelude::*;

use crate::{digest_class, digest_object};

digest_class!(class224, create224, "_sha2.SHA224Type", "", sha2::Sha224, "sha224", 64, 28);
digest_class!(class256, create256, "_sha2.SHA256Type", "", sha2::Sha256, "sha256", 64, 32);
digest_class!(class384, create384, "_sha2.SHA384Type", "", sha2::Sha384, "sha384", 128, 48);
digest_class!(class512, create512, "_sha2.SHA512Type", "", sha2::Sha512, "sha512", 128, 64);

#[pymodule(name = "_sha2", doc = "")]
mod items {
    use super::*;

    #[pyattr]
    const _GIL_MINSIZE: i64 = 2048;
    #[pyattr(name = "SHA224Type")]
    fn sha224_type() -> Obj {
        class224().as_obj().clone()
    }
    /// Return a new SHA-224 hash object; optionally initialized with a string.
    #[pyfunction(
        sig = "(data=<unrepresentable>, *, usedforsecurity=True, string=None)",
        text = "($module, /, data=b'', *, usedforsecurity=True, string=None)"
    )]
    fn sha224(data: Option<&Obj>, usedforsecurity: bool, string: Option<&Obj>) -> PyResult<Obj> {
        let _ = usedforsecurity;
        create224(data, string)
    }
    #[pyattr(name = "SHA256Type")]
    fn sha256_type() -> Obj {
        class256().as_obj().clone()
    }
    /// Return a new SHA-256 hash object; optionally initialized with a string.
    #[pyfunction(
        sig = "(data=<unrepresentable>, *, usedforsecurity=True, string=None)",
        text = "($module, /, data=b'', *, usedforsecurity=True, string=None)"
    )]
    fn sha256(data: Option<&Obj>, usedforsecurity: bool, string: Option<&Obj>) -> PyResult<Obj> {
        let _ = usedforsecurity;
        create256(data, string)
    }
    #[pyattr(name = "SHA384Type")]
    fn sha384_type() -> Obj {
        class384().as_obj().clone()
    }
    /// Return a new SHA-384 hash object; optionally initialized with a string.
    #[pyfunction(
        sig = "(data=<unrepresentable>, *, usedforsecurity=True, string=None)",
        text = "($module, /, data=b'', *, usedforsecurity=True, string=None)"
    )]
    fn sha384(data: Option<&Obj>, usedforsecurity: bool, string: Option<&Obj>) -> PyResult<Obj> {
        let _ = usedforsecurity;
        create384(data, string)
    }
    #[pyattr(name = "SHA512Type")]
    fn sha512_type() -> Obj {
        class512().as_obj().clone()
    }
    /// Return a new SHA-512 hash object; optionally initialized with a string.
    #[pyfunction(
        sig = "(data=<unrepresentable>, *, usedforsecurity=True, string=None)",
        text = "($module, /, data=b'', *, usedforsecurity=True, string=None)"
    )]
    fn sha512(data: Option<&Obj>, usedforsecurity: bool, string: Option<&Obj>) -> PyResult<Obj> {
        let _ = usedforsecurity;
        create512(data, string)
    }
}
