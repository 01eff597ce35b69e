//! `_sha3`: SHA-3 and SHAKE.

use std::sync::OnceLock;

use taipan_objects::native::*;
use taipan_objects::prelude::*;

use crate::digest_object::{self, Extendable, Facts, Fixed, State};

/// The constructor of a class.
fn construct(
    class: &Obj,
    facts: Facts,
    state: Box<dyn State>,
    data: Option<&Obj>,
    string: Option<&Obj>,
) -> PyResult<Obj> {
    match class.downcast::<PyType>() {
        Some(class) => digest_object::create(class, facts, state, data, string),
        None => Err(type_error("expected a type")),
    }
}

macro_rules! family {
    ($($name:ident $make:ident $class:ident $algorithm:ident $wrap:ident $digest:literal $rate:literal $suffix:literal $doc:literal;)*) => { $(
        #[pyargs(name = "sha3", sig = "(data=<unrepresentable>, *, usedforsecurity=True, string=None)")]
        fn $name(class: &Obj, data: Option<&Obj>, usedforsecurity: bool, string: Option<&Obj>) -> PyResult<Obj> {
            let _ = usedforsecurity;
            let facts =
                Facts { name: stringify!($name), block_size: $rate / 8, digest_size: $digest, rate: $rate, suffix: $suffix };
            construct(class, facts, Box::new($wrap(sha3::$algorithm::default())), data, string)
        }
        fn $class() -> &'static Py<PyType> {
            static CLASS: OnceLock<Py<PyType>> = OnceLock::new();
            CLASS.get_or_init(|| $make(concat!("_sha3.", stringify!($name)), $name, $doc))
        }
    )* };
}

fn fixed(name: &'static str, new: fn(&Obj, &Args<'_>) -> PyResult<Obj>, doc: &'static str) -> Py<PyType> {
    digest_object::make_sha3_class(name, new, doc).make()
}

fn shake(name: &'static str, new: fn(&Obj, &Args<'_>) -> PyResult<Obj>, doc: &'static str) -> Py<PyType> {
    digest_object::make_class(name, Some(new), true, doc).make()
}

family! {
    sha3_224 fixed class_224 Sha3_224 Fixed 28 1152 6 "Return a new SHA3 hash object with a hashbit length of 28 bytes.";
    sha3_256 fixed class_256 Sha3_256 Fixed 32 1088 6 "Return a new SHA3 hash object with a hashbit length of 32 bytes.";
    sha3_384 fixed class_384 Sha3_384 Fixed 48 832 6 "Return a new SHA3 hash object with a hashbit length of 48 bytes.";
    sha3_512 fixed class_512 Sha3_512 Fixed 64 576 6 "Return a new SHA3 hash object with a hashbit length of 64 bytes.";
    shake_128 shake class_128 Shake128 Extendable 0 1344 0x1f "Return a new SHAKE hash object.";
    shake_256 shake class_s256 Shake256 Extendable 0 1088 0x1f "Return a new SHAKE hash object.";
}

#[pymodule(name = "_sha3", doc = "")]
mod items {
    use super::*;

    #[pyattr]
    const _GIL_MINSIZE: i64 = 2048;
    #[pyattr]
    const implementation: &str = "RustCrypto";
    #[pyinit]
    fn init(module: &PyModuleBuilder<'_>) -> PyResult<()> {
        module.add("sha3_224", class_224().as_obj())?;
        module.add("sha3_256", class_256().as_obj())?;
        module.add("sha3_384", class_384().as_obj())?;
        module.add("sha3_512", class_512().as_obj())?;
        module.add("shake_128", class_128().as_obj())?;
        module.add("shake_256", class_s256().as_obj())
    }
}
