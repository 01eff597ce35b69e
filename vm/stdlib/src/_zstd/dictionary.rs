//! `ZstdDict`: the content of a dictionary, and its digested forms, one for each compression level that asked.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use taipan_objects::bytes::PyBytes;
use taipan_objects::int::int_ref;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::tuple::PyTuple;
use taipan_objects::type_object::{TypeBuilder, new_instance};

use super::context::{Digest, Failure, Use, dictionary_id};
use crate::decompressor::Input;
use crate::native_class;
use crate::native_class::{class_argument, receiver};

/// `ZstdDict`.
#[repr(C)]
pub struct PyZstdDict {
    header: Header,
    content: Arc<Vec<u8>>,
    id: u32,
    digests: Mutex<HashMap<i32, Arc<Digest>>>,
}
layout!(PyZstdDict, "compression.zstd.ZstdDict");

native_class! {
    pub fn class() = TypeBuilder::new("compression.zstd.ZstdDict", PyZstdDict::ops())
        .text_signature("(dict_content, /, *, is_raw=False)")
        .slots(TypeSlots { new: Some(new), len: Some(length), repr: Some(repr), ..TypeSlots::EMPTY })
        .methods(PyZstdDict::methods())
        .getset(PyZstdDict::getset())
        .doc("Represents a Zstandard dictionary.")
        .final_()
        .make()
}

#[pyargs(name = "ZstdDict", sig = "(dict_content, /, *, is_raw=False)")]
fn new(class: &Obj, dict_content: &Obj, is_raw: bool) -> PyResult<Obj> {
    let class = class_argument::<PyZstdDict>(class)?;
    let content = Input::new(dict_content)?.get().to_vec();
    if content.len() < 8 {
        let text = "Zstandard dictionary content too short (must have at least eight bytes)";
        return Err(value_error(text));
    }
    let id = dictionary_id(&content);
    if !is_raw && id == 0 {
        return Err(value_error("invalid Zstandard dictionary"));
    }
    let (content, digests) = (Arc::new(content), Mutex::default());
    Ok(new_instance(class, |header| PyZstdDict { header, content, id, digests }).into_obj())
}

fn length(obj: &Obj) -> PyResult<usize> {
    Ok(receiver::<PyZstdDict>(obj)?.content.len())
}

fn repr(obj: &Obj) -> PyResult<Obj> {
    let this = receiver::<PyZstdDict>(obj)?;
    Ok(str_obj(&format!("<ZstdDict dict_id={} dict_size={}>", this.id, this.content.len())))
}

fn with_use(this: &Obj, usage: i64) -> Obj {
    tuple_obj(vec![this.clone(), int_obj(usage)])
}

#[pymethods(class = "compression.zstd.ZstdDict")]
impl PyZstdDict {
    /// The content of a Zstandard dictionary, as a bytes object.
    #[pygetset]
    fn dict_content(&self) -> Obj {
        PyBytes::from_vec(self.content.to_vec()).into_obj()
    }
    /// The Zstandard dictionary, an int between 0 and 2**32.
    #[pygetset]
    fn dict_id(&self) -> u32 {
        self.id
    }
    /// Load as a digested dictionary to compressor.
    #[pygetset]
    fn as_digested_dict(slf: &Obj) -> Obj {
        with_use(slf, 0)
    }
    /// Load as an undigested dictionary to compressor.
    #[pygetset]
    fn as_undigested_dict(slf: &Obj) -> Obj {
        with_use(slf, 1)
    }
    /// Load as a prefix to compressor/decompressor.
    #[pygetset]
    fn as_prefix(slf: &Obj) -> Obj {
        with_use(slf, 2)
    }
}

impl PyZstdDict {
    pub fn content(&self) -> &Arc<Vec<u8>> {
        &self.content
    }
    /// Digested for a level.
    pub fn digest(&self, level: i32) -> Result<Arc<Digest>, Failure> {
        taipan_threading::detached(|| {
            let mut digests = self.digests.lock();
            if let Some(digest) = digests.get(&level) {
                return Ok(digest.clone());
            }
            let digest = Arc::new(Digest::new(&self.content, level)?);
            digests.insert(level, digest.clone());
            Ok(digest)
        })
    }
}

/// A dictionary argument: a dictionary, or one with its use.
pub fn argument(arg: &Obj, usual: Use) -> PyResult<(&PyZstdDict, Use)> {
    let found = match arg.downcast::<PyTuple>().map(PyTuple::as_slice) {
        Some([dictionary, usage]) => {
            let usage = match int_ref(usage).map(|usage| usage.to_i64().and_then(|u| i32::try_from(u).ok())) {
                Some(None) => return Err(overflow_error("Python int too large to convert to C int")),
                Some(Some(0)) => Some(Use::Digested),
                Some(Some(1)) => Some(Use::Undigested),
                Some(Some(2)) => Some(Use::Prefix),
                _ => None,
            };
            dictionary.downcast::<PyZstdDict>().zip(usage)
        }
        Some(_) => None,
        None => arg.downcast::<PyZstdDict>().map(|dictionary| (dictionary, usual)),
    };
    found.ok_or_else(|| type_error("zstd_dict argument should be a ZstdDict object."))
}
