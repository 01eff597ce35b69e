//! The objects of the hash modules: one layout for all algorithms, one class for each.
//!
//! The state of a hash is behind a mutex, under which no Python code runs.

use parking_lot::Mutex;
use taipan_objects::buffer;
use taipan_objects::bytes::PyBytes;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::type_object::{TypeBuilder, new_instance};

/// An algorithm's state.
pub trait State: Send {
    fn update(&mut self, data: &[u8]);
    /// The digest so far; `length` counts only where the algorithm lets one choose.
    fn digest(&self, length: usize) -> Vec<u8>;
    fn copy(&self) -> Box<dyn State>;
}

/// What a hash object tells about its algorithm.
#[derive(Clone, Copy)]
pub struct Facts {
    pub name: &'static str,
    pub block_size: usize,
    /// 0: the caller of `digest` says how long.
    pub digest_size: usize,
    /// Rate in bits and suffix of the SHA-3 family; 0 elsewhere.
    pub rate: usize,
    pub suffix: u8,
}

/// A hash object.
#[repr(C)]
pub struct PyDigest {
    header: Header,
    facts: Facts,
    state: Mutex<Box<dyn State>>,
}
layout!(PyDigest, "hash");

/// A class of hash objects. `new`: its constructor, if it has one.
pub fn make_class(
    name: &'static str,
    new: Option<fn(&Obj, &Args<'_>) -> PyResult<Obj>>,
    sha3: bool,
    doc: &'static str,
) -> TypeBuilder {
    let builder = TypeBuilder::new(name, PyDigest::ops()).doc(doc).final_();
    let builder = match new {
        Some(_) => builder.slots(TypeSlots { new, ..TypeSlots::EMPTY }),
        None => builder.no_instantiation(),
    };
    if sha3 {
        builder
            .methods(PyDigest::shake_methods())
            .getset(PyDigest::shake_getset())
            .getset(PyDigest::sha3_getset())
    } else {
        builder.methods(PyDigest::methods()).getset(PyDigest::getset())
    }
}

/// The SHA-3 classes whose digests have one length.
pub fn make_sha3_class(
    name: &'static str,
    new: fn(&Obj, &Args<'_>) -> PyResult<Obj>,
    doc: &'static str,
) -> TypeBuilder {
    TypeBuilder::new(name, PyDigest::ops())
        .doc(doc)
        .final_()
        .slots(TypeSlots { new: Some(new), ..TypeSlots::EMPTY })
        .methods(PyDigest::methods())
        .getset(PyDigest::getset())
        .getset(PyDigest::sha3_getset())
}

/// Runs `f` on the data to hash.
fn with_data(data: &Obj, f: impl FnOnce(&[u8])) -> PyResult<()> {
    if data.is_layout::<PyStr>() {
        return Err(type_error("Strings must be encoded before hashing"));
    }
    if !buffer::has_buffer(data) {
        return Err(type_error("object supporting the buffer API required"));
    }
    buffer::with_bytes(data, f)
}

/// The data of a constructor, given as `data` or `string`.
fn initial<'a>(data: Option<&'a Obj>, string: Option<&'a Obj>) -> PyResult<Option<&'a Obj>> {
    match (data, string.filter(|s| !is_none(s))) {
        (Some(_), Some(_)) => Err(type_error(
            "'data' and 'string' are mutually exclusive and support for 'string' keyword parameter is slated for removal in a future version.",
        )),
        (Some(data), None) | (None, Some(data)) => Ok(Some(data)),
        (None, None) => Ok(None),
    }
}

/// A hash object that has been given the data of its constructor.
pub fn create(
    class: &PyType,
    facts: Facts,
    mut state: Box<dyn State>,
    data: Option<&Obj>,
    string: Option<&Obj>,
) -> PyResult<Obj> {
    if let Some(data) = initial(data, string)? {
        with_data(data, |data| state.update(data))?;
    }
    Ok(new_instance(class, |header| PyDigest { header, facts, state: Mutex::new(state) }).into_obj())
}

fn hex(bytes: &[u8]) -> String {
    taipan_text::bytes_hex::hex(bytes, None)
}

impl PyDigest {
    fn output(&self, length: usize) -> Vec<u8> {
        self.state.lock().digest(length)
    }
}

#[pymethods(class = "hash")]
impl PyDigest {
    /// Return a copy of the hash object.
    #[pymethod]
    fn copy(slf: &Obj) -> PyResult<Obj> {
        copy_of(slf)
    }
    /// Return the digest value as a bytes object.
    #[pymethod]
    fn digest(&self) -> Obj {
        PyBytes::from_vec(self.output(self.facts.digest_size)).into_obj()
    }
    /// Return the digest value as a string of hexadecimal digits.
    #[pymethod]
    fn hexdigest(&self) -> String {
        hex(&self.output(self.facts.digest_size))
    }
    /// Update this hash object's state with the provided bytes-like object.
    #[pymethod]
    fn update(&self, obj: &Obj) -> PyResult<()> {
        with_data(obj, |data| self.state.lock().update(data))
    }
    #[pygetset]
    fn name(&self) -> &'static str {
        self.facts.name
    }
    #[pygetset]
    fn block_size(&self) -> usize {
        self.facts.block_size
    }
    #[pygetset]
    fn digest_size(&self) -> usize {
        self.facts.digest_size
    }
}

fn copy_of(obj: &Obj) -> PyResult<Obj> {
    let Some(this) = obj.downcast::<PyDigest>() else { return Err(type_error("expected a hash object")) };
    let state = this.state.lock().copy();
    let facts = this.facts;
    Ok(new_instance(class_of(obj), |header| PyDigest { header, facts, state: Mutex::new(state) }).into_obj())
}

/// The digests' longest length that is accepted.
const LONGEST: u32 = 1 << 29;

fn check_length(length: u32) -> PyResult<usize> {
    if length >= LONGEST { Err(value_error("length is too large")) } else { Ok(length as usize) }
}

#[pymethods(class = "shake", part = "shake")]
impl PyDigest {
    /// Return a copy of the hash object.
    #[pymethod(name = "copy")]
    fn shake_copy(slf: &Obj) -> PyResult<Obj> {
        copy_of(slf)
    }
    /// Return the digest value as a bytes object.
    #[pymethod(name = "digest", sig = "(length)")]
    fn shake_digest(&self, length: u32) -> PyResult<Obj> {
        Ok(PyBytes::from_vec(self.output(check_length(length)?)).into_obj())
    }
    /// Return the digest value as a string of hexadecimal digits.
    #[pymethod(name = "hexdigest", sig = "(length)")]
    fn shake_hexdigest(&self, length: u32) -> PyResult<String> {
        Ok(hex(&self.output(check_length(length)?)))
    }
    /// Update this hash object's state with the provided bytes-like object.
    #[pymethod(name = "update")]
    fn shake_update(&self, data: &Obj) -> PyResult<()> {
        with_data(data, |data| self.state.lock().update(data))
    }
    #[pygetset(name = "name")]
    fn shake_name(&self) -> &'static str {
        self.facts.name
    }
    #[pygetset(name = "block_size")]
    fn shake_block_size(&self) -> usize {
        self.facts.block_size
    }
    #[pygetset(name = "digest_size")]
    fn shake_digest_size(&self) -> usize {
        self.facts.digest_size
    }
}

#[pymethods(class = "sha3", part = "sha3")]
impl PyDigest {
    #[pygetset]
    fn _capacity_bits(&self) -> usize {
        1600 - self.facts.rate
    }
    #[pygetset]
    fn _rate_bits(&self) -> usize {
        self.facts.rate
    }
    #[pygetset]
    fn _suffix(&self) -> Obj {
        bytes_obj(&[self.facts.suffix])
    }
}

/// A state of the `digest` crate's fixed-length algorithms.
#[derive(Clone)]
pub struct Fixed<D>(pub D);

impl<D: digest::Digest + Clone + Send + 'static> State for Fixed<D> {
    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }
    fn digest(&self, _length: usize) -> Vec<u8> {
        self.0.clone().finalize().to_vec()
    }
    fn copy(&self) -> Box<dyn State> {
        Box::new(self.clone())
    }
}

/// A state of the `digest` crate's algorithms with digests of any length.
#[derive(Clone)]
pub struct Extendable<D>(pub D);

impl<D: digest::ExtendableOutput + digest::Update + Clone + Send + 'static> State for Extendable<D> {
    fn update(&mut self, data: &[u8]) {
        digest::Update::update(&mut self.0, data);
    }
    fn digest(&self, length: usize) -> Vec<u8> {
        let mut out = vec![0; length];
        self.0.clone().finalize_xof_into(&mut out);
        out
    }
    fn copy(&self) -> Box<dyn State> {
        Box::new(self.clone())
    }
}

/// Declares the class and the constructor function of an algorithm with a digest of one length.
#[macro_export]
macro_rules! digest_class {
    ($class:ident, $create:ident, $full:literal, $doc:literal, $algorithm:ty, $name:literal, $block:literal, $digest:literal) => {
        fn $class() -> &'static Py<PyType> {
            static CLASS: OnceLock<Py<PyType>> = OnceLock::new();
            CLASS.get_or_init(|| digest_object::make_class($full, None, false, $doc).make())
        }
        fn $create(data: Option<&Obj>, string: Option<&Obj>) -> PyResult<Obj> {
            let facts = digest_object::Facts {
                name: $name,
                block_size: $block,
                digest_size: $digest,
                rate: 0,
                suffix: 0,
            };
            let state = Box::new(digest_object::Fixed(<$algorithm>::default()));
            digest_object::create($class(), facts, state, data, string)
        }
    };
}

fn object_repr(obj: &Obj, what: &str) -> PyResult<Obj> {
    let Some(this) = obj.downcast::<PyDigest>() else { return Err(type_error("expected a hash object")) };
    let name = this.facts.name.trim_start_matches("hmac-");
    Ok(str_obj(&format!("<{name} {what} object @ {:#x}>", obj.value().counted().bits())))
}

/// The classes of `_hashlib`: hashes, and with a base those with digests of any length.
pub fn make_hash_class(name: &'static str, base: Option<&Py<PyType>>) -> Py<PyType> {
    let builder = TypeBuilder::new(name, PyDigest::ops()).no_instantiation();
    match base {
        Some(base) => {
            let slots =
                TypeSlots { repr: Some(|obj| object_repr(obj, "_hashlib.HASHXOF")), ..TypeSlots::EMPTY };
            let builder = builder.slots(slots).base(base);
            builder.methods(PyDigest::shake_methods()).getset(PyDigest::shake_getset()).make()
        }
        None => {
            let slots = TypeSlots { repr: Some(|obj| object_repr(obj, "_hashlib.HASH")), ..TypeSlots::EMPTY };
            builder.slots(slots).methods(PyDigest::methods()).getset(PyDigest::getset()).make()
        }
    }
}

/// The class of HMAC objects.
pub fn make_hmac_class(name: &'static str) -> Py<PyType> {
    let slots = TypeSlots { repr: Some(|obj| object_repr(obj, "HMAC")), ..TypeSlots::EMPTY };
    TypeBuilder::new(name, PyDigest::ops())
        .no_instantiation()
        .slots(slots)
        .methods(PyDigest::methods())
        .methods(PyDigest::hmac_methods())
        .getset(PyDigest::getset())
        .make()
}

#[pymethods(class = "hmac", part = "hmac")]
impl PyDigest {
    /// Update the HMAC object with msg.
    #[pymethod(name = "update", sig = "(msg)")]
    fn hmac_update(&self, msg: &Obj) -> PyResult<()> {
        with_data(msg, |data| self.state.lock().update(data))
    }
}
