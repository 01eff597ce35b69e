//! `_codecs_kr`: codecs of Korea.

use taipan_objects::native::*;
use taipan_objects::prelude::*;

use crate::_multibytecodec::codec;

#[pymodule(name = "_codecs_kr", doc = "")]
mod items {
    use super::*;

    #[pyfunction]
    fn getcodec(encoding: &Obj) -> PyResult<Obj> {
        codec(&["euc_kr", "cp949", "johab"], encoding)
    }
}
