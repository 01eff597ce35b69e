//! The algorithms by name, and HMAC (RFC 2104) over any of them.

use crate::digest_object::{Extendable, Facts, Fixed, State};

/// PBKDF2 with HMAC of an algorithm: password, salt, rounds, key.
pub type Derive = fn(&[u8], &[u8], u32, &mut [u8]);

/// An algorithm.
pub struct Algorithm {
    pub facts: Facts,
    /// The name of the HMAC objects.
    pub hmac_name: &'static str,
    /// Other names.
    aliases: &'static [&'static str],
    pub make: fn() -> Box<dyn State>,
    /// None for those whose digests have any length.
    pub derive: Option<Derive>,
}

macro_rules! fixed {
    ($name:literal $digest:literal $block:literal $algorithm:ty; $($alias:literal)*) => {
        Algorithm {
            facts: Facts { name: $name, block_size: $block, digest_size: $digest, rate: 0, suffix: 0 },
            hmac_name: concat!("hmac-", $name),
            aliases: &[$($alias),*],
            make: || Box::new(Fixed(<$algorithm>::default())),
            derive: Some(|password, salt, rounds, key| {
                pbkdf2::pbkdf2_hmac::<$algorithm>(password, salt, rounds, key);
            }),
        }
    };
}

macro_rules! extendable {
    ($name:literal $block:literal $algorithm:ty; $($alias:literal)*) => {
        Algorithm {
            facts: Facts { name: $name, block_size: $block, digest_size: 0, rate: 0, suffix: 0 },
            hmac_name: concat!("hmac-", $name),
            aliases: &[$($alias),*],
            make: || Box::new(Extendable(<$algorithm>::default())),
            derive: None,
        }
    };
}

static ALGORITHMS: [Algorithm; 15] = [
    fixed!("md5" 16 64 md5::Md5; "ssl3-md5"),
    fixed!("sha1" 20 64 sha1::Sha1; "sha-1" "ssl3-sha1"),
    fixed!("sha224" 28 64 sha2::Sha224; "sha-224" "sha2-224"),
    fixed!("sha256" 32 64 sha2::Sha256; "sha-256" "sha2-256"),
    fixed!("sha384" 48 128 sha2::Sha384; "sha-384" "sha2-384"),
    fixed!("sha512" 64 128 sha2::Sha512; "sha-512" "sha2-512"),
    fixed!("sha512_224" 28 128 sha2::Sha512_224; "sha512-224" "sha-512/224" "sha2-512/224"),
    fixed!("sha512_256" 32 128 sha2::Sha512_256; "sha512-256" "sha-512/256" "sha2-512/256"),
    fixed!("sha3_224" 28 144 sha3::Sha3_224; "sha3-224"),
    fixed!("sha3_256" 32 136 sha3::Sha3_256; "sha3-256"),
    fixed!("sha3_384" 48 104 sha3::Sha3_384; "sha3-384"),
    fixed!("sha3_512" 64 72 sha3::Sha3_512; "sha3-512"),
    fixed!("ripemd160" 20 64 ripemd::Ripemd160; "ripemd" "rmd160" "ripemd-160"),
    extendable!("shake_128" 168 sha3::Shake128; "shake-128" "shake128"),
    extendable!("shake_256" 136 sha3::Shake256; "shake-256" "shake256"),
];

/// The algorithm of a name in any case.
pub fn find(name: &str) -> Option<&'static Algorithm> {
    let is = |known: &str| known.eq_ignore_ascii_case(name);
    ALGORITHMS.iter().find(|algorithm| is(algorithm.facts.name) || algorithm.aliases.iter().any(|a| is(a)))
}

/// What `_hmac` knows besides.
static BLAKE: [Algorithm; 2] = [
    Algorithm {
        facts: Facts { name: "blake2b", block_size: 128, digest_size: 64, rate: 0, suffix: 0 },
        hmac_name: "hmac-blake2b",
        aliases: &[],
        make: || Box::new(Blake2b(blake2b_simd::State::new())),
        derive: None,
    },
    Algorithm {
        facts: Facts { name: "blake2s", block_size: 64, digest_size: 32, rate: 0, suffix: 0 },
        hmac_name: "hmac-blake2s",
        aliases: &[],
        make: || Box::new(Blake2s(blake2s_simd::State::new())),
        derive: None,
    },
];

macro_rules! blake {
    ($name:ident $module:ident) => {
        struct $name($module::State);
        impl State for $name {
            fn update(&mut self, data: &[u8]) {
                self.0.update(data);
            }
            fn digest(&self, _length: usize) -> Vec<u8> {
                self.0.finalize().as_bytes().to_vec()
            }
            fn copy(&self) -> Box<dyn State> {
                Box::new($name(self.0.clone()))
            }
        }
    };
}
blake!(Blake2b blake2b_simd);
blake!(Blake2s blake2s_simd);

/// The algorithm that CPython brings along under a name.
pub fn find_builtin(name: &str) -> Option<&'static Algorithm> {
    const BUILTIN: [&str; 10] = [
        "md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_224", "sha3_256", "sha3_384", "sha3_512",
    ];
    let same = |known: &str| known == name || known.to_ascii_uppercase() == name;
    let all = ALGORITHMS.iter().filter(|algorithm| BUILTIN.contains(&algorithm.facts.name)).chain(&BLAKE);
    all.into_iter().find(|algorithm| same(algorithm.facts.name))
}

/// The usual names.
pub fn names() -> impl Iterator<Item = &'static str> {
    ALGORITHMS.iter().map(|algorithm| algorithm.facts.name)
}

/// HMAC: a hash that has begun with the inner key, and one that has begun with the outer key.
pub struct Hmac {
    inner: Box<dyn State>,
    outer: Box<dyn State>,
    digest_size: usize,
}

impl Hmac {
    pub fn new(algorithm: &Algorithm, key: &[u8]) -> Hmac {
        let Facts { block_size, digest_size, .. } = algorithm.facts;
        let mut block = if key.len() > block_size {
            let mut hash = (algorithm.make)();
            hash.update(key);
            hash.digest(digest_size)
        } else {
            key.to_vec()
        };
        block.resize(block_size, 0);
        let begin = |pad: u8| {
            let mut hash = (algorithm.make)();
            hash.update(&block.iter().map(|byte| byte ^ pad).collect::<Vec<_>>());
            hash
        };
        Hmac { inner: begin(0x36), outer: begin(0x5c), digest_size }
    }
}

impl State for Hmac {
    fn update(&mut self, data: &[u8]) {
        self.inner.update(data);
    }
    fn digest(&self, _length: usize) -> Vec<u8> {
        let mut outer = self.outer.copy();
        outer.update(&self.inner.digest(self.digest_size));
        outer.digest(self.digest_size)
    }
    fn copy(&self) -> Box<dyn State> {
        let (inner, outer) = (self.inner.copy(), self.outer.copy());
        Box::new(Hmac { inner, outer, digest_size: self.digest_size })
    }
}
