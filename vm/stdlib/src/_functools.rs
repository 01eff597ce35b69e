//! `_functools`: `partial`, `reduce`, `lru_cache`'s wrapper and `cmp_to_key`.

pub mod cmp_to_key;
pub mod lru_cache;
pub mod partial;

use taipan_objects::native::*;
use taipan_objects::prelude::*;

use crate::counted;

/// Tools that operate on functions.
#[pymodule(name = "_functools")]
mod items {
    use super::*;

    #[pyattr(name = "partial")]
    fn partial_class() -> Obj {
        partial::class().as_obj().clone()
    }
    #[pyattr(name = "_PlaceholderType")]
    fn placeholder_class() -> Obj {
        partial::placeholder_class().as_obj().clone()
    }
    #[pyattr(name = "Placeholder")]
    fn placeholder() -> Obj {
        partial::placeholder().clone()
    }
    #[pyattr(name = "_lru_cache_wrapper")]
    fn lru_cache_wrapper() -> Obj {
        lru_cache::class().as_obj().clone()
    }
    /// Makes a key function from a comparison function.
    #[pyfunction(sig = "(mycmp)")]
    fn cmp_to_key(mycmp: &Obj) -> Obj {
        super::cmp_to_key::new(mycmp)
    }
    /// Folds an iterable from left to right with a function of two arguments.
    ///
    /// `initial`, if given, comes before the items; it is the result for an empty iterable.
    #[pyfunction(sig = "(function, iterable, /, initial=<unrepresentable>)")]
    fn reduce(function: &Obj, iterable: &Obj, initial: Option<&Obj>) -> PyResult<Obj> {
        let iterator = match counted::iter(iterable) {
            Ok(iterator) => iterator,
            Err(Raised) => {
                drop(catch(&types().type_error)?);
                return Err(type_error("reduce() arg 2 must support iteration"));
            }
        };
        let mut result = initial.cloned();
        while let Some(item) = counted::next(&iterator)? {
            result = Some(match result {
                Some(so_far) => counted::call(function, &[so_far, item])?,
                None => item,
            });
        }
        result.ok_or_else(|| type_error("reduce() of empty iterable with no initial value"))
    }
}
