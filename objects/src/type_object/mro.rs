//! C3 linearization (Barrett et al., "A monotonic superclass linearization for Dylan").

use taipan_gc::Obj;

use super::{PyType, type_flags};
use crate::error::{PyResult, type_error};
use crate::tuple::PyTuple;

fn bases_of(class: &PyType) -> Vec<*const PyType> {
    let Some(bases) = class.bases.load() else {
        return class.base().map(std::ptr::from_ref).into_iter().collect();
    };
    match bases.downcast::<PyTuple>() {
        Some(bases) => {
            bases.as_slice().iter().filter_map(|b| b.downcast::<PyType>().map(std::ptr::from_ref)).collect()
        }
        None => Vec::new(),
    }
}

/// The linearization of `class` from its bases' ones.
pub fn compute(class: &PyType) -> PyResult<Vec<*const PyType>> {
    let bases = bases_of(class);
    for (i, base) in bases.iter().enumerate() {
        if bases[..i].contains(base) {
            // SAFETY: `bases` keeps them alive.
            return Err(type_error(format!("duplicate base class {}", unsafe { (**base).name() })));
        }
        // SAFETY: as above.
        let base = unsafe { &**base };
        if base.mro().is_empty() {
            return Err(type_error(format!("Cannot extend an incomplete type '{}'", base.name())));
        }
    }
    // SAFETY: as above.
    let mut sequences: Vec<Vec<*const PyType>> =
        bases.iter().map(|b| unsafe { (**b).mro().to_vec() }).collect();
    sequences.push(bases);
    let mut result = vec![std::ptr::from_ref(class)];
    loop {
        sequences.retain(|s| !s.is_empty());
        if sequences.is_empty() {
            return Ok(result);
        }
        let candidate =
            sequences.iter().map(|s| s[0]).find(|c| !sequences.iter().any(|s| s[1..].contains(c)));
        let Some(candidate) = candidate else {
            let mut names: Vec<String> = Vec::new();
            for sequence in &sequences {
                // SAFETY: as above.
                let name = unsafe { (*sequence[0]).short_name() };
                if !names.contains(&name) {
                    names.push(name);
                }
            }
            return Err(type_error(format!(
                "Cannot create a consistent method resolution order (MRO) for bases {}",
                names.join(", ")
            )));
        };
        result.push(candidate);
        for sequence in &mut sequences {
            if sequence[0] == candidate {
                sequence.remove(0);
            }
        }
    }
}

/// Computes and stores the linearization, and links the class into its bases' lists of subclasses.
pub fn install(class: &PyType) -> PyResult<()> {
    let mro = compute(class)?;
    store(class, mro);
    Ok(())
}

/// Stores a linearization (possibly from a metaclass's `mro()`).
pub fn store(class: &PyType, mro: Vec<*const PyType>) {
    // SAFETY: bases are alive.
    let tuple: Vec<Obj> = mro.iter().map(|c| unsafe { (**c).to_obj() }).collect();
    class.mro_tuple.store(PyTuple::new(tuple).into_obj());
    // A base that a metaclass left out of the linearization does not hear of the class either: it could not be told of its death.
    let all_bases = bases_of(class);
    // SAFETY: as above.
    let unversioned = all_bases.iter().any(|base| unsafe { (**base).has_flag(type_flags::UNVERSIONED) });
    let foreign = |c: &*const PyType| {
        // SAFETY: as above.
        !std::ptr::eq(*c, class) && !all_bases.iter().any(|base| unsafe { (**base).mro() }.contains(c))
    };
    class.set_flag(type_flags::UNVERSIONED, unversioned || mro.iter().any(foreign));
    let bases: Vec<*const PyType> = all_bases.into_iter().filter(|base| mro.contains(base)).collect();
    class.set_flag(type_flags::LINEAR, false);
    class.set_mro(mro);
    for base in bases {
        // SAFETY: as above.
        unsafe { (*base).subclasses.lock().add(class) }
    }
}
