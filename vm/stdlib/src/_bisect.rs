//! `_bisect`: searching sorted sequences.

use taipan_objects::list::PyList;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::protocol;
use taipan_objects::singletons::is_none;
use taipan_objects::type_object::CompareOp;

use crate::counted;

/// Where `x` belongs in `a[lo..hi]`: before (`left`) or behind its equals.
fn search(a: &Obj, x: &Obj, lo: isize, hi: Option<&Obj>, key: Option<&Obj>, left: bool) -> PyResult<usize> {
    let Ok(mut lo) = usize::try_from(lo) else { return Err(value_error("lo must be non-negative")) };
    let mut hi = match hi.filter(|h| !is_none(h)) {
        Some(hi) => match protocol::index_word(hi)? {
            -1 => protocol::len(a)?,
            hi => hi.max(0).unsigned_abs(),
        },
        None => protocol::len(a)?,
    };
    let key = key.filter(|k| !is_none(k));
    while lo < hi {
        let middle = lo + (hi - lo) / 2;
        let item = match a.downcast::<PyList>() {
            Some(list) if class_of(a).is(&types().list) => list
                .get(middle)
                .map(IntoStrong::into_strong)
                .ok_or_else(|| index_error("list index out of range"))?,
            _ if a.is_layout::<taipan_objects::dict::PyDict>() => {
                return Err(type_error("dict is not a sequence"));
            }
            _ => counted::getitem(a, &int_obj(middle as i64))?,
        };
        let item = match key {
            Some(key) => counted::call1(key, &item)?,
            None => item,
        };
        let (first, second) = if left { (&item, x) } else { (x, &item) };
        let less = protocol::is_true(&protocol::rich_compare(first, second, CompareOp::Lt)?)?;
        if less == left {
            lo = middle + 1;
        } else {
            hi = middle;
        }
    }
    Ok(lo)
}

fn insert(a: &Obj, x: &Obj, lo: isize, hi: Option<&Obj>, key: Option<&Obj>, left: bool) -> PyResult<()> {
    let wanted = match key.filter(|k| !is_none(k)) {
        Some(key) => counted::call1(key, x)?,
        None => x.clone(),
    };
    let index = search(a, &wanted, lo, hi, key, left)?;
    match a.downcast::<PyList>() {
        Some(list) if class_of(a).is(&types().list) => list.insert(index, x.clone()),
        _ => drop(counted::call_method(a, "insert", &[int_obj(index as i64), x.clone()])?),
    }
    Ok(())
}

/// Bisection algorithms: sequences that stay sorted.
#[pymodule(name = "_bisect")]
mod items {
    use super::*;

    /// The index behind all items of a sorted sequence that are not greater than x.
    #[pyfunction(sig = "(a, x, lo=0, hi=None, *, key=None)")]
    fn bisect_right(a: &Obj, x: &Obj, lo: isize, hi: Option<&Obj>, key: Option<&Obj>) -> PyResult<usize> {
        search(a, x, lo, hi, key, false)
    }
    /// The index before all items of a sorted sequence that are not less than x.
    #[pyfunction(sig = "(a, x, lo=0, hi=None, *, key=None)")]
    fn bisect_left(a: &Obj, x: &Obj, lo: isize, hi: Option<&Obj>, key: Option<&Obj>) -> PyResult<usize> {
        search(a, x, lo, hi, key, true)
    }
    /// Inserts x into a sorted sequence, behind its equals.
    #[pyfunction(sig = "(a, x, lo=0, hi=None, *, key=None)")]
    fn insort_right(a: &Obj, x: &Obj, lo: isize, hi: Option<&Obj>, key: Option<&Obj>) -> PyResult<()> {
        insert(a, x, lo, hi, key, false)
    }
    /// Inserts x into a sorted sequence, before its equals.
    #[pyfunction(sig = "(a, x, lo=0, hi=None, *, key=None)")]
    fn insort_left(a: &Obj, x: &Obj, lo: isize, hi: Option<&Obj>, key: Option<&Obj>) -> PyResult<()> {
        insert(a, x, lo, hi, key, true)
    }
}
