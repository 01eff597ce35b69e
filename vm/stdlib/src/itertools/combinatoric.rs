//! `product`, `permutations`, `combinations` and `combinations_with_replacement`: walks over indices into constant pools.

use parking_lot::Mutex;
use taipan_objects::int::int_ref;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::protocol;
use taipan_objects::singletons::is_none;
use taipan_objects::type_object::new_instance;

use super::iterator_class;
use crate::native_class::{class_argument, receiver};

/// Where a walk is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Before,
    Within,
    After,
}

struct Walk {
    phase: Phase,
    indices: Vec<usize>,
    /// For permutations.
    cycles: Vec<usize>,
}

/// All of them.
#[repr(C)]
pub struct PyCombinatoric {
    header: Header,
    /// One pool, or for a product one for each place.
    pools: Vec<Vec<Obj>>,
    length: usize,
    walk: Mutex<Walk>,
}
layout!(PyCombinatoric, "itertools", [pools]);

iterator_class!(
    product_class,
    "itertools.product" "(*iterables, repeat=1)",
    PyCombinatoric,
    new_product,
    product_next,
    "The tuples of the cartesian product of the iterables."
);
iterator_class!(
    permutations_class,
    "itertools.permutations" "(iterable, r=None)",
    PyCombinatoric,
    construct_permutations,
    permutations_next,
    "The arrangements of r (by default all) of the items."
);
iterator_class!(
    combinations_class,
    "itertools.combinations" "(iterable, r)",
    PyCombinatoric,
    construct_combinations,
    combinations_next,
    "The selections of r of the items, in their order."
);
iterator_class!(
    with_replacement_class,
    "itertools.combinations_with_replacement" "(iterable, r)",
    PyCombinatoric,
    construct_with_replacement,
    with_replacement_next,
    "The selections of r of the items, each any number of times, in their order."
);

fn make(class: &PyType, pools: Vec<Vec<Obj>>, length: usize, walk: Walk) -> Obj {
    new_instance(class, |header| PyCombinatoric { header, pools, length, walk: Mutex::new(walk) }).into_obj()
}

fn phase(empty: bool) -> Phase {
    if empty { Phase::After } else { Phase::Before }
}

fn new_product(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    let class = class_argument::<PyCombinatoric>(class)?;
    let mut repeat = 1;
    for (name, value) in args.keywords() {
        if !name.downcast::<PyStr>().is_some_and(|n| n.eq_str("repeat")) {
            return Err(type_error(format!(
                "product() got an unexpected keyword argument '{}'",
                protocol::str_string(name)?
            )));
        }
        repeat = protocol::index_word_or(value, &types().overflow_error)?;
    }
    let Ok(repeat) = usize::try_from(repeat) else {
        return Err(value_error("repeat argument cannot be negative"));
    };
    let given = if repeat == 0 { &[] } else { args.positional };
    let Some(length) = given.len().checked_mul(repeat).filter(|n| *n < isize::MAX as usize / 8) else {
        return Err(overflow_error("repeat argument too large"));
    };
    let pools = given.iter().map(protocol::collect).collect::<PyResult<Vec<_>>>()?;
    let empty = pools.iter().any(Vec::is_empty);
    Ok(make(class, pools, length, Walk { phase: phase(empty), indices: Vec::new(), cycles: Vec::new() }))
}

fn length_argument(r: &Obj) -> PyResult<usize> {
    let r = protocol::index_word_or(r, &types().overflow_error)?;
    usize::try_from(r).map_err(|_| value_error("r must be non-negative"))
}

fn construct_permutations(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    new_permutations(class, args)
}

#[pyargs(name = "permutations", sig = "(iterable, r=None)")]
fn new_permutations(class: &Obj, iterable: &Obj, r: Option<&Obj>) -> PyResult<Obj> {
    let class = class_argument::<PyCombinatoric>(class)?;
    let pool = protocol::collect(iterable)?;
    let n = pool.len();
    let length = match r.filter(|r| !is_none(r)) {
        Some(r) if int_ref(r).is_none() => return Err(type_error("Expected int as r")),
        Some(r) => length_argument(r)?,
        None => n,
    };
    let cycles = if length > n { Vec::new() } else { (0..length).map(|i| n - i).collect() };
    Ok(make(class, vec![pool], length, Walk { phase: phase(length > n), indices: (0..n).collect(), cycles }))
}

fn construct_combinations(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    new_combinations(class, args)
}

#[pyargs(name = "combinations", sig = "(iterable, r)")]
fn new_combinations(class: &Obj, iterable: &Obj, r: &Obj) -> PyResult<Obj> {
    let class = class_argument::<PyCombinatoric>(class)?;
    let length = protocol::index_word_or(r, &types().overflow_error)?;
    let pool = protocol::collect(iterable)?;
    let length = usize::try_from(length).map_err(|_| value_error("r must be non-negative"))?;
    let too_long = length > pool.len();
    let indices = if too_long { Vec::new() } else { (0..length).collect() };
    Ok(make(class, vec![pool], length, Walk { phase: phase(too_long), indices, cycles: Vec::new() }))
}

fn construct_with_replacement(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    new_with_replacement(class, args)
}

#[pyargs(name = "combinations_with_replacement", sig = "(iterable, r)")]
fn new_with_replacement(class: &Obj, iterable: &Obj, r: &Obj) -> PyResult<Obj> {
    let class = class_argument::<PyCombinatoric>(class)?;
    let pool = protocol::collect(iterable)?;
    let length = length_argument(r)?;
    let mut indices = Vec::new();
    if indices.try_reserve_exact(length).is_err() {
        return Err(memory_error());
    }
    indices.resize(length, 0);
    let empty = pool.is_empty() && length > 0;
    Ok(make(class, vec![pool], length, Walk { phase: phase(empty), indices, cycles: Vec::new() }))
}

impl PyCombinatoric {
    /// Advances the walk by `step`, which says whether there is another tuple, and returns the tuple of `pick`ed items.
    fn advance(
        &self,
        step: impl FnOnce(&Self, &mut Walk) -> bool,
        pick: impl Fn(&Self, &Walk, usize) -> Option<Obj>,
    ) -> Option<Obj> {
        let mut walk = self.walk.lock();
        let more = match walk.phase {
            Phase::Before => {
                walk.phase = Phase::Within;
                true
            }
            Phase::Within => step(self, &mut walk),
            Phase::After => false,
        };
        if !more {
            walk.phase = Phase::After;
            return None;
        }
        let items: Vec<Obj> = (0..self.length).filter_map(|place| pick(self, &walk, place)).collect();
        drop(walk);
        Some(tuple_obj(items))
    }
    fn pick_from_one(&self, walk: &Walk, place: usize) -> Option<Obj> {
        self.pools.first()?.get(*walk.indices.get(place)?).cloned()
    }
}

fn product_next(obj: &Obj) -> PyResult<Option<Obj>> {
    let this = receiver::<PyCombinatoric>(obj)?;
    Ok(this.advance(
        |this, walk| {
            walk.indices.resize(this.length, 0);
            for place in (0..this.length).rev() {
                walk.indices[place] += 1;
                if walk.indices[place] < this.pools[place % this.pools.len()].len() {
                    return true;
                }
                walk.indices[place] = 0;
            }
            false
        },
        |this, walk, place| {
            let index = walk.indices.get(place).copied().unwrap_or(0);
            this.pools[place % this.pools.len()].get(index).cloned()
        },
    ))
}

fn permutations_next(obj: &Obj) -> PyResult<Option<Obj>> {
    let this = receiver::<PyCombinatoric>(obj)?;
    Ok(this.advance(
        |this, walk| {
            let n = walk.indices.len();
            for place in (0..this.length).rev() {
                walk.cycles[place] -= 1;
                if walk.cycles[place] == 0 {
                    walk.indices[place..].rotate_left(1);
                    walk.cycles[place] = n - place;
                } else {
                    let other = n - walk.cycles[place];
                    walk.indices.swap(place, other);
                    return true;
                }
            }
            false
        },
        PyCombinatoric::pick_from_one,
    ))
}

fn combinations_next(obj: &Obj) -> PyResult<Option<Obj>> {
    let this = receiver::<PyCombinatoric>(obj)?;
    Ok(this.advance(
        |this, walk| {
            let n = this.pools[0].len();
            let Some(place) = (0..this.length).rev().find(|i| walk.indices[*i] != i + n - this.length) else {
                return false;
            };
            let first = walk.indices[place] + 1;
            for (offset, index) in walk.indices[place..].iter_mut().enumerate() {
                *index = first + offset;
            }
            true
        },
        PyCombinatoric::pick_from_one,
    ))
}

fn with_replacement_next(obj: &Obj) -> PyResult<Option<Obj>> {
    let this = receiver::<PyCombinatoric>(obj)?;
    Ok(this.advance(
        |this, walk| {
            let n = this.pools[0].len();
            let Some(place) = (0..this.length).rev().find(|i| walk.indices[*i] + 1 != n) else {
                return false;
            };
            let next = walk.indices[place] + 1;
            walk.indices[place..].fill(next);
            true
        },
        PyCombinatoric::pick_from_one,
    ))
}
