//! `_codecs_jp`: codecs of Japan.

use taipan_objects::native::*;
use taipan_objects::prelude::*;

use crate::_multibytecodec::codec;

#[pymodule(name = "_codecs_jp", doc = "")]
mod items {
    use super::*;

    #[pyfunction]
    fn getcodec(encoding: &Obj) -> PyResult<Obj> {
        codec(
            &[
                "shift_jis",
                "cp932",
                "euc_jp",
                "shift_jis_2004",
                "euc_jis_2004",
                "euc_jisx0213",
                "shift_jisx0213",
            ],
            encoding,
        )
    }
}
