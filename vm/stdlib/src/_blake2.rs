//! `_blake2`: BLAKE2b and BLAKE2s with all their parameters.

use std::sync::OnceLock;

use taipan_objects::buffer;
use taipan_objects::native::*;
use taipan_objects::prelude::*;

use crate::digest_object::{self, Facts, State};

/// The parameters, checked.
struct Parameters {
    key: Vec<u8>,
    salt: Vec<u8>,
    person: Vec<u8>,
    fanout: u8,
    depth: u8,
    leaf_size: u32,
    node_offset: u64,
    node_depth: u8,
    inner_size: usize,
}

/// The parameters as given.
struct Given<'a> {
    digest_size: i64,
    key: Option<&'a Obj>,
    salt: Option<&'a Obj>,
    person: Option<&'a Obj>,
    fanout: i64,
    depth: i64,
    leaf_size: u32,
    node_offset: u64,
    node_depth: i64,
    inner_size: i64,
}

/// What differs between the two algorithms.
struct Sizes {
    name: &'static str,
    digest: usize,
    salt: usize,
    offset_bits: u32,
}

fn check(given: &Given<'_>, sizes: &Sizes) -> PyResult<Parameters> {
    let max = sizes.digest;
    if given.digest_size < 1 || given.digest_size > max as i64 {
        return Err(value_error(format!(
            "digest_size for {} must be between 1 and {max} bytes, here it is {}",
            sizes.name, given.digest_size
        )));
    }
    let bytes = |value: Option<&Obj>, max: usize, what: &str| -> PyResult<Vec<u8>> {
        let bytes = match value {
            Some(value) => buffer::to_vec(value)?,
            None => Vec::new(),
        };
        if bytes.len() > max {
            Err(value_error(format!("maximum {what} length is {max} bytes")))
        } else {
            Ok(bytes)
        }
    };
    let salt = bytes(given.salt, sizes.salt, "salt")?;
    let person = bytes(given.person, sizes.salt, "person")?;
    let small = |value: i64, low: i64, name: &str| {
        if (low..=255).contains(&value) {
            Ok(value as u8)
        } else {
            Err(value_error(format!("{name} must be between {low} and 255")))
        }
    };
    let fanout = small(given.fanout, 0, "fanout")?;
    let depth = small(given.depth, 1, "depth")?;
    if sizes.offset_bits < 64 && given.node_offset >> sizes.offset_bits != 0 {
        return Err(overflow_error("node_offset is too large"));
    }
    let node_depth = small(given.node_depth, 0, "node_depth")?;
    if given.inner_size < 0 || given.inner_size > max as i64 {
        return Err(value_error(format!("inner_size must be between 0 and is {max}")));
    }
    let key = bytes(given.key, max, "key")?;
    Ok(Parameters {
        key,
        salt,
        person,
        fanout,
        depth,
        leaf_size: given.leaf_size,
        node_offset: given.node_offset,
        node_depth,
        inner_size: given.inner_size as usize,
    })
}

macro_rules! algorithm {
    ($name:ident, $class:ident, $krate:ident, $title:literal, $digest:literal, $salt:literal, $block:literal, $bits:literal) => {
        impl State for $krate::State {
            fn update(&mut self, data: &[u8]) {
                $krate::State::update(self, data);
            }
            fn digest(&self, _length: usize) -> Vec<u8> {
                self.finalize().as_bytes().to_vec()
            }
            fn copy(&self) -> Box<dyn State> {
                Box::new(self.clone())
            }
        }

        #[pyargs(name = "blake2", sig = "(data=<unrepresentable>, *, digest_size=<unrepresentable>, key=<unrepresentable>, salt=<unrepresentable>, person=<unrepresentable>, fanout=1, depth=1, leaf_size=<unrepresentable>, node_offset=<unrepresentable>, node_depth=0, inner_size=0, last_node=False, usedforsecurity=True, string=None)")]
        #[allow(clippy::too_many_arguments)]
        fn $name(
            class: &Obj,
            data: Option<&Obj>,
            digest_size: Option<i64>,
            key: Option<&Obj>,
            salt: Option<&Obj>,
            person: Option<&Obj>,
            fanout: i64,
            depth: i64,
            leaf_size: Option<u32>,
            node_offset: Option<u64>,
            node_depth: i64,
            inner_size: i64,
            last_node: bool,
            usedforsecurity: bool,
            string: Option<&Obj>,
        ) -> PyResult<Obj> {
            let _ = usedforsecurity;
            let Some(class) = class.downcast::<PyType>() else { return Err(type_error("expected a type")) };
            let digest_size = digest_size.unwrap_or($digest);
            let (leaf_size, node_offset) = (leaf_size.unwrap_or(0), node_offset.unwrap_or(0));
            let given = Given { digest_size, key, salt, person, fanout, depth, leaf_size, node_offset, node_depth, inner_size };
            let p = check(&given, &Sizes { name: $title, digest: $digest, salt: $salt, offset_bits: $bits })?;
            let mut params = $krate::Params::new();
            params
                .hash_length(digest_size as usize)
                .key(&p.key)
                .salt(&p.salt)
                .personal(&p.person)
                .fanout(p.fanout)
                .max_depth(p.depth)
                .max_leaf_length(p.leaf_size)
                .node_offset(p.node_offset)
                .node_depth(p.node_depth)
                .inner_hash_length(p.inner_size)
                .last_node(last_node);
            let facts = Facts {
                name: stringify!($name),
                block_size: $block,
                digest_size: digest_size as usize,
                rate: 0,
                suffix: 0,
            };
            digest_object::create(class, facts, Box::new(params.to_state()), data, string)
        }

        fn $class() -> &'static Py<PyType> {
            static CLASS: OnceLock<Py<PyType>> = OnceLock::new();
            CLASS.get_or_init(|| {
                digest_object::make_class(concat!("_blake2.", stringify!($name)), Some($name), false, "Return a new BLAKE2 hash object.")
                    .attr("MAX_DIGEST_SIZE", int_obj($digest))
                    .attr("MAX_KEY_SIZE", int_obj($digest))
                    .attr("SALT_SIZE", int_obj($salt))
                    .attr("PERSON_SIZE", int_obj($salt))
                    .make()
            })
        }
    };
}

algorithm!(blake2b, class_b, blake2b_simd, "Blake2b", 64, 16, 128, 64);
algorithm!(blake2s, class_s, blake2s_simd, "Blake2s", 32, 8, 64, 48);

/// _blake2b provides BLAKE2b for hashlib
#[pymodule(name = "_blake2")]
mod items {
    use super::*;

    #[pyattr]
    const _GIL_MINSIZE: i64 = 2048;
    #[pyattr]
    const BLAKE2B_MAX_DIGEST_SIZE: i64 = 64;
    #[pyattr]
    const BLAKE2B_MAX_KEY_SIZE: i64 = 64;
    #[pyattr]
    const BLAKE2B_SALT_SIZE: i64 = 16;
    #[pyattr]
    const BLAKE2B_PERSON_SIZE: i64 = 16;
    #[pyattr]
    const BLAKE2S_MAX_DIGEST_SIZE: i64 = 32;
    #[pyattr]
    const BLAKE2S_MAX_KEY_SIZE: i64 = 32;
    #[pyattr]
    const BLAKE2S_SALT_SIZE: i64 = 8;
    #[pyattr]
    const BLAKE2S_PERSON_SIZE: i64 = 8;
    #[pyinit]
    fn init(module: &PyModuleBuilder<'_>) -> PyResult<()> {
        module.add("blake2b", class_b().as_obj())?;
        module.add("blake2s", class_s().as_obj())
    }
}
