//! `_suggestions`: the name most like a wrong one.

use taipan_objects::list::PyList;
use taipan_objects::native::*;
use taipan_objects::prelude::*;

/// Beyond this many candidates nobody looks.
const MOST_CANDIDATES: usize = 750;

/// Suggestions for mistyped names.
#[pymodule(name = "_suggestions")]
mod items {
    use super::*;

    /// The candidate most like a name; None if none is near.
    #[pyfunction]
    fn _generate_suggestions(candidates: &Obj, item: &Obj) -> PyResult<Obj> {
        let Some(list) = candidates.downcast::<PyList>() else {
            return Err(type_error("candidates must be a list"));
        };
        let Some(item) = item.downcast::<PyStr>() else {
            return Err(type_error(format!(
                "_generate_suggestions() argument 2 must be str, not {}",
                class_of(item).name()
            )));
        };
        let items = list.to_vec();
        if let Some(other) = items.iter().find(|c| !c.is_layout::<PyStr>()) {
            return Err(type_error(format!(
                "all elements in 'candidates' must be strings, not {}",
                class_of(other).name()
            )));
        }
        if items.len() > MOST_CANDIDATES {
            return Ok(none());
        }
        let names: Vec<String> = items
            .iter()
            .filter_map(|c| c.downcast::<PyStr>().map(|s| s.to_string_lossy().into_owned()))
            .collect();
        Ok(match suggestion(&item.to_string_lossy(), names.iter().map(String::as_str)) {
            Some(found) => str_obj(found),
            None => none(),
        })
    }
}
