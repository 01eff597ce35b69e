//! `_codecs_tw`: codecs of Taiwan.

use taipan_objects::native::*;
use taipan_objects::prelude::*;

use crate::_multibytecodec::codec;

#[pymodule(name = "_codecs_tw", doc = "")]
mod items {
    use super::*;

    #[pyfunction]
    fn getcodec(encoding: &Obj) -> PyResult<Obj> {
        codec(&["big5", "cp950"], encoding)
    }
}
