//! `_random`: the Mersenne Twister MT19937 (Matsumoto and Nishimura) with CPython's ways to seed it, so that the same seed gives
//! the same numbers.

use std::sync::OnceLock;

use taipan_objects::int::{self, int_ref};
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::short_mutex::ShortMutex;
use taipan_objects::tuple::PyTuple;
use taipan_objects::type_object::{TypeBuilder, new_instance};

const N: usize = 624;
const M: usize = 397;

/// The generator's state: `index` words of the current block are used up.
struct Twister {
    words: [u32; N],
    index: usize,
}

impl Twister {
    fn seed_word(&mut self, seed: u32) {
        self.words[0] = seed;
        for i in 1..N {
            let before = self.words[i - 1];
            self.words[i] = 1812433253u32.wrapping_mul(before ^ before >> 30).wrapping_add(i as u32);
        }
        self.index = N;
    }

    fn seed(&mut self, key: &[u32]) {
        self.seed_word(19650218);
        let (mut i, mut j) = (1, 0);
        for _ in 0..N.max(key.len()) {
            let before = self.words[i - 1];
            self.words[i] = (self.words[i] ^ (before ^ before >> 30).wrapping_mul(1664525))
                .wrapping_add(key[j])
                .wrapping_add(j as u32);
            i += 1;
            j += 1;
            if i >= N {
                self.words[0] = self.words[N - 1];
                i = 1;
            }
            if j >= key.len() {
                j = 0;
            }
        }
        for _ in 0..N - 1 {
            let before = self.words[i - 1];
            self.words[i] =
                (self.words[i] ^ (before ^ before >> 30).wrapping_mul(1566083941)).wrapping_sub(i as u32);
            i += 1;
            if i >= N {
                self.words[0] = self.words[N - 1];
                i = 1;
            }
        }
        self.words[0] = 0x8000_0000;
    }

    fn refill(&mut self) {
        let twist = |high: u32, low: u32, far: u32| {
            let mixed = high & 0x8000_0000 | low & 0x7fff_ffff;
            far ^ mixed >> 1 ^ if low & 1 != 0 { 0x9908_b0df } else { 0 }
        };
        for i in 0..N - M {
            self.words[i] = twist(self.words[i], self.words[i + 1], self.words[i + M]);
        }
        for i in N - M..N - 1 {
            self.words[i] = twist(self.words[i], self.words[i + 1], self.words[i + M - N]);
        }
        self.words[N - 1] = twist(self.words[N - 1], self.words[0], self.words[M - 1]);
        self.index = 0;
    }

    #[inline]
    fn next(&mut self) -> u32 {
        if self.index >= N {
            self.refill();
        }
        let mut word = self.words[self.index];
        self.index += 1;
        word ^= word >> 11;
        word ^= word << 7 & 0x9d2c_5680;
        word ^= word << 15 & 0xefc6_0000;
        word ^ word >> 18
    }
}

/// `_random.Random`.
#[repr(C)]
pub struct PyRandom {
    header: Header,
    state: ShortMutex<Twister>,
}
layout!(PyRandom, "Random");

fn class() -> &'static Py<PyType> {
    static CLASS: OnceLock<Py<PyType>> = OnceLock::new();
    CLASS.get_or_init(|| {
        TypeBuilder::new("_random.Random", PyRandom::ops())
            .slots(TypeSlots { new: Some(new), init: Some(init), ..TypeSlots::EMPTY })
            .methods(PyRandom::methods())
            .doc("Random() -> create a random number generator with its own internal state.")
            .make()
    })
}

fn new(class: &Obj, _args: &Args<'_>) -> PyResult<Obj> {
    let Some(class) = class.downcast::<PyType>() else { return Err(type_error("expected a type")) };
    let state = ShortMutex::new(Twister { words: [0; N], index: 0 });
    Ok(new_instance(class, |header| PyRandom { header, state }).into_obj())
}

fn init(obj: &Obj, args: &Args<'_>) -> PyResult<()> {
    let Some(this) = obj.downcast::<PyRandom>() else { return Err(type_error("expected a Random object")) };
    if args.has_keywords() && class_of(obj).is(class()) {
        return Err(type_error("Random() takes no keyword arguments"));
    }
    match args.positional {
        [] => this.seed_with(None),
        [seed] => this.seed_with(Some(seed)),
        more => Err(type_error(format!("Random expected at most 1 argument, got {}", more.len()))),
    }
}

impl PyRandom {
    fn seed_with(&self, seed: Option<&Obj>) -> PyResult<()> {
        let key = match seed.filter(|s| !is_none(s)) {
            None => {
                let mut bytes = [0u8; N * 4];
                getrandom::fill(&mut bytes).map_err(|error| runtime_error(error.to_string()))?;
                bytes.chunks_exact(4).map(|c| u32::from_le_bytes([c[0], c[1], c[2], c[3]])).collect()
            }
            Some(seed) => match int_ref(seed) {
                Some(seed) => match seed.to_i64() {
                    Some(small) => {
                        let size = small.unsigned_abs();
                        if size >> 32 == 0 {
                            vec![size as u32]
                        } else {
                            vec![size as u32, (size >> 32) as u32]
                        }
                    }
                    None => seed.to_bigint().magnitude().to_u32_digits(),
                },
                None => {
                    let hash = hash(seed)? as u64;
                    if hash >> 32 == 0 { vec![hash as u32] } else { vec![hash as u32, (hash >> 32) as u32] }
                }
            },
        };
        self.state.lock().seed(&key);
        Ok(())
    }
}

#[pymethods(class = "Random")]
impl PyRandom {
    /// random() -> x in the interval [0, 1).
    #[pymethod]
    fn random(&self) -> f64 {
        let mut state = self.state.lock();
        let (high, low) = (state.next() >> 5, state.next() >> 6);
        (f64::from(high) * 67108864.0 + f64::from(low)) * (1.0 / 9007199254740992.0)
    }
    /// Set the state from n: an int, or the hash of another object; without it (or None), from the system's random numbers.
    #[pymethod(sig = "(n=None, /)")]
    fn seed(&self, n: Option<&Obj>) -> PyResult<()> {
        self.seed_with(n)
    }
    /// Return a tuple with the current state.
    #[pymethod]
    fn getstate(&self) -> Obj {
        let state = self.state.lock();
        let (words, index) = (state.words, state.index);
        drop(state);
        let mut items: Vec<Obj> = words.iter().map(|&w| int_obj(i64::from(w))).collect();
        items.push(int_obj(index as i64));
        tuple_obj(items)
    }
    /// Restore a state that getstate() returned.
    #[pymethod]
    fn setstate(&self, state: &Obj) -> PyResult<()> {
        let Some(state) = state.downcast::<PyTuple>() else {
            return Err(type_error("state vector must be a tuple"));
        };
        if state.len() != N + 1 {
            return Err(value_error("state vector is the wrong size"));
        }
        let mut words = [0u32; N];
        for (word, item) in words.iter_mut().zip(state.as_slice()) {
            let Some(item) = int_ref(item) else { return Err(type_error("an integer is required")) };
            if item.is_negative() {
                return Err(overflow_error("can't convert negative value to unsigned int"));
            }
            let Some(item) = item.to_u64() else {
                return Err(overflow_error("Python int too large to convert to C unsigned long"));
            };
            *word = item as u32;
        }
        let index = i64::from_arg(&state.as_slice()[N])?;
        let Some(index) = usize::try_from(index).ok().filter(|&i| i <= N) else {
            return Err(value_error("invalid state"));
        };
        *self.state.lock() = Twister { words, index };
        Ok(())
    }
    /// getrandbits(k) -> x.  Generates an int with k random bits.
    #[pymethod]
    fn getrandbits(&self, k: u64) -> PyResult<Obj> {
        match k {
            0 => Ok(int_obj(0)),
            1..=32 => Ok(int_obj(i64::from(self.state.lock().next() >> (32 - k)))),
            _ => {
                let count = ((k - 1) / 32 + 1) as usize;
                let mut words = taipan_objects::str::concat::try_vec::<u32>(count)?;
                let mut state = self.state.lock();
                let mut left = k;
                while left > 0 {
                    let word = state.next();
                    words.push(if left < 32 { word >> (32 - left) } else { word });
                    left = left.saturating_sub(32);
                }
                drop(state);
                Ok(int::from_bigint(num_bigint::BigUint::new(words).into()))
            }
        }
    }
}

/// Module implements the Mersenne Twister random number generator.
#[pymodule(name = "_random")]
mod items {
    use super::*;
    #[pyattr(name = "Random")]
    fn random() -> Obj {
        class().as_obj().clone()
    }
}
