//! `_codecs_iso2022`: codecs that switch between character sets by escape sequences.

use taipan_objects::native::*;
use taipan_objects::prelude::*;

use crate::_multibytecodec::codec;

#[pymodule(name = "_codecs_iso2022", doc = "")]
mod items {
    use super::*;

    #[pyfunction]
    fn getcodec(encoding: &Obj) -> PyResult<Obj> {
        codec(
            &[
                "iso2022_kr",
                "iso2022_jp",
                "iso2022_jp_1",
                "iso2022_jp_2",
                "iso2022_jp_2004",
                "iso2022_jp_3",
                "iso2022_jp_ext",
            ],
            encoding,
        )
    }
}
