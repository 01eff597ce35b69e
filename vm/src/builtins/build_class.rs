//! `__build_class__`: what a class statement calls.

use taipan_objects::cell::PyCell;
use taipan_objects::function::PyFunction;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::tuple::PyTuple;
use taipan_objects::type_object::type_methods;
use taipan_objects::types::obj_of;

#[pymodule(name = "builtins")]
mod items {
    use super::*;

    /// __build_class__(func, name, /, *bases, [metaclass], **kwds) -> class
    ///
    /// Internal helper function used by the class statement.
    #[pyfunction(sig = "(*args, **kwargs)", text = "")]
    fn __build_class__(args: &[Obj], kwargs: Kwargs<'_>) -> PyResult<Obj> {
        let [function, name, bases @ ..] = args else {
            return Err(type_error("__build_class__: not enough arguments"));
        };
        let Some(body) = function.downcast::<PyFunction>() else {
            return Err(type_error("__build_class__: func must be a function"));
        };
        if !name.is_layout::<PyStr>() {
            return Err(type_error("__build_class__: name is not a string"));
        }
        build(function, body, name, bases, &kwargs)
    }
}

fn build(_keep: &Obj, body: &PyFunction, name: &Obj, original: &[Obj], kwargs: &Kwargs<'_>) -> PyResult<Obj> {
    let resolved = resolve_bases(original)?;
    let bases = resolved.as_deref().unwrap_or(original);
    let (mut keyword_names, mut keyword_values) = (Vec::new(), Vec::new());
    let mut metaclass = None;
    for (key, value) in kwargs.iter() {
        if key.downcast::<PyStr>().is_some_and(|k| k.eq_str("metaclass")) {
            metaclass = Some(value.clone());
        } else {
            keyword_names.push(key.clone());
            keyword_values.push(value.clone());
        }
    }
    let given = metaclass.is_some();
    let mut metaclass = match metaclass {
        Some(metaclass) => metaclass,
        None => match bases.first() {
            Some(base) => class_of(base).to_obj(),
            None => types().type_.as_obj().clone(),
        },
    };
    let is_class = !given || metaclass.is_layout::<PyType>();
    if is_class && let Some(class) = metaclass.downcast::<PyType>() {
        let winner = type_methods::winner(class, bases)?.to_obj();
        metaclass = winner;
    }
    let bases_tuple = PyTuple::from_slice(bases).into_obj();
    let namespace = match getattr_opt(&metaclass, &istr!("__prepare__"))? {
        Some(prepare) => call_args(
            &prepare,
            &Args::with_keywords(&[name.clone(), bases_tuple.clone()], &keyword_names, &keyword_values),
        )?,
        None => dict_obj().into_obj(),
    };
    if class_of(&namespace).slots.getitem().is_none() {
        let metaclass_name = match metaclass.downcast::<PyType>() {
            Some(class) if is_class => class.name(),
            _ => "<metaclass>".to_owned(),
        };
        return Err(type_error(format!(
            "{metaclass_name}.__prepare__() must return a mapping, not {}",
            class_of(&namespace).name()
        )));
    }
    let cell = crate::interpreter::call::run_class_body(body, &namespace)?.into_strong();
    if resolved.is_some() {
        setitem(&namespace, istr!("__orig_bases__").as_obj(), &PyTuple::from_slice(original).into_obj())?;
    }
    let class = call_args(
        &metaclass,
        &Args::with_keywords(&[name.clone(), bases_tuple, namespace], &keyword_names, &keyword_values),
    )?;
    if let Some(cell) = cell.downcast::<PyCell>()
        && class.is_layout::<PyType>()
    {
        match cell.value.load() {
            None => {
                return Err(runtime_error(format!(
                    "__class__ not set defining {} as {}. Was __classcell__ propagated to type.__new__?",
                    repr_string(name)?,
                    repr_string(&class)?
                )));
            }
            Some(set) if !set.is(&class) => {
                return Err(type_error(format!(
                    "__class__ set to {} defining {} as {}",
                    repr_string(&set)?,
                    repr_string(name)?,
                    repr_string(&class)?
                )));
            }
            Some(_) => {}
        }
    }
    let _ = obj_of(body);
    Ok(class)
}

/// Bases with `__mro_entries__` replaced by their entries; `None` if there are none.
fn resolve_bases(bases: &[Obj]) -> PyResult<Option<Vec<Obj>>> {
    let mut resolved: Option<Vec<Obj>> = None;
    for (i, base) in bases.iter().enumerate() {
        let entries =
            if base.is_layout::<PyType>() { None } else { getattr_opt(base, &istr!("__mro_entries__"))? };
        match entries {
            None => {
                if let Some(list) = &mut resolved {
                    list.push(base.clone());
                }
            }
            Some(method) => {
                let entries = call1(&method, &PyTuple::from_slice(bases).into_obj())?;
                let Some(entries) = entries.downcast::<PyTuple>() else {
                    return Err(type_error("__mro_entries__ must return a tuple"));
                };
                resolved
                    .get_or_insert_with(|| bases[..i].to_vec())
                    .extend(entries.as_slice().iter().cloned());
            }
        }
    }
    Ok(resolved)
}
