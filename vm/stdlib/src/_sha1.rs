//! `_sha1`: SHA-1.

use std::sync::OnceLock;

use taipan_objects::native::*;
use taipan_objects::prelude::*;

use crate::{digest_class, digest_object};

digest_class!(class, create, "_sha1.sha1", "", sha1::Sha1, "sha1", 64, 20);

#[pymodule(name = "_sha1", doc = "")]
mod items {
    use super::*;

    #[pyattr]
    const _GIL_MINSIZE: i64 = 2048;
    #[pyattr(name = "SHA1Type")]
    fn sha1_type() -> Obj {
        class().as_obj().clone()
    }
    /// Return a new SHA1 hash object; optionally initialized with a string.
    #[pyfunction(
        sig = "(data=<unrepresentable>, *, usedforsecurity=True, string=None)",
        text = "($module, /, data=b'', *, usedforsecurity=True, string=None)"
    )]
    fn sha1(data: Option<&Obj>, usedforsecurity: bool, string: Option<&Obj>) -> PyResult<Obj> {
        let _ = usedforsecurity;
        create(data, string)
    }
}
