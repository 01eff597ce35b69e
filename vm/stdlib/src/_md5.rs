//! `_md5`: MD5.

use std::sync::OnceLock;

use taipan_objects::native::*;
use taipan_objects::prelude::*;

use crate::{digest_class, digest_object};

digest_class!(class, create, "_md5.md5", "", md5::Md5, "md5", 64, 16);

#[pymodule(name = "_md5", doc = "")]
mod items {
    use super::*;

    #[pyattr]
    const _GIL_MINSIZE: i64 = 2048;
    #[pyattr(name = "MD5Type")]
    fn md5_type() -> Obj {
        class().as_obj().clone()
    }
    /// Return a new MD5 hash object; optionally initialized with a string.
    #[pyfunction(
        sig = "(data=<unrepresentable>, *, usedforsecurity=True, string=None)",
        text = "($module, /, data=b'', *, usedforsecurity=True, string=None)"
    )]
    fn md5(data: Option<&Obj>, usedforsecurity: bool, string: Option<&Obj>) -> PyResult<Obj> {
        let _ = usedforsecurity;
        create(data, string)
    }
}
