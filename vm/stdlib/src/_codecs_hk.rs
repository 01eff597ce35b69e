//! `_codecs_hk`: the codec of Hong Kong.

use taipan_objects::native::*;
use taipan_objects::prelude::*;

use crate::_multibytecodec::codec;

#[pymodule(name = "_codecs_hk", doc = "")]
mod items {
    use super::*;

    #[pyfunction]
    fn getcodec(encoding: &Obj) -> PyResult<Obj> {
        codec(&["big5hkscs"], encoding)
    }
}
