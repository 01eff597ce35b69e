//! Bases and linearization of classes made by class statements: which bases fit together, `mro()` of metaclasses, assignment to `__bases__`.
//!
//! Invariant: a linearization holds classes only whose layout instances of the class have. A metaclass's `mro()` may do anything to the
//! classes meanwhile; whoever finds that a linearization or tuple of bases is no longer the one that it stored leaves it alone.

use taipan_gc::{Obj, Py};

use super::type_methods::{check_mutable, this};
use super::{PyType, class_of, mro};
use crate::error::*;
use crate::istr;
use crate::protocol;
use crate::tuple::PyTuple;
use crate::types::types;

use super::type_flags;

/// The class whose layout `class` has: the nearest that added something to the native struct or to the fixed slots.
fn solid_base(class: &PyType) -> &PyType {
    match class.base() {
        Some(base) if std::ptr::eq(base.ops, class.ops) && base.fixed_slots == class.fixed_slots => {
            solid_base(base)
        }
        _ => class,
    }
}

pub(super) fn best_base<'a>(bases: &'a [Obj]) -> PyResult<&'a PyType> {
    let mut winner: Option<(&PyType, &PyType)> = None;
    for base in bases {
        let Some(base) = base.downcast::<PyType>() else { return Err(type_error("bases must be types")) };
        if !base.has_flag(type_flags::BASE) {
            return Err(type_error(format!("type '{}' is not an acceptable base type", base.full_name())));
        }
        let solid = solid_base(base);
        winner = Some(match winner {
            None => (base, solid),
            Some(old) if old.1.is_subtype(solid) => old,
            Some(old) if solid.is_subtype(old.1) => (base, solid),
            Some(_) => return Err(type_error("multiple bases have instance lay-out conflict")),
        });
    }
    match winner {
        Some((base, _)) => Ok(base),
        None => Ok(&types().object),
    }
}

/// The linearization that `class` shall have: from its bases, or through the metaclass's `mro()` if it has its own.
fn linearize(class: &Py<PyType>) -> PyResult<Vec<Py<PyType>>> {
    let metaclass = class_of(class.as_obj());
    let name = istr!("mro");
    let own = metaclass.lookup(&name);
    let plain = metaclass.is(&types().type_)
        || matches!((&own, types().type_.lookup(&name)), (Some(own), Some(base)) if own.is(&base));
    if plain {
        // SAFETY: the linearization's classes are kept alive by the bases.
        return Ok(mro::compute(class)?.into_iter().map(|c| unsafe { (*c).to_py() }).collect());
    }
    let solid = solid_base(class).to_py();
    let result = protocol::collect(&protocol::call_method(class.as_obj(), &name, &[])?)?;
    if result.is_empty() {
        return Err(type_error("type MRO must not be empty"));
    }
    let mut list = Vec::with_capacity(result.len());
    for item in &result {
        let Some(c) = item.to_py::<PyType>() else {
            return Err(type_error(format!("mro() returned a non-class ('{}')", class_of(item).name())));
        };
        if !solid.is_subtype(solid_base(&c)) {
            return Err(type_error(format!("mro() returned base with unsuitable layout ('{}')", c.name())));
        }
        list.push(c);
    }
    Ok(list)
}

/// Gives a new class its linearization.
pub(super) fn install_mro(class: &Py<PyType>) -> PyResult<()> {
    let before = class.mro_address();
    let list = linearize(class)?;
    if class.mro_address() == before {
        mro::store(class, pointers(&list));
    }
    Ok(())
}

fn pointers(list: &[Py<PyType>]) -> Vec<*const PyType> {
    list.iter().map(|c| std::ptr::from_ref::<PyType>(c)).collect()
}

/// What to restore if a later class of the hierarchy has no linearization.
struct Undo {
    class: Py<PyType>,
    stored: usize,
    old: Vec<Py<PyType>>,
}

/// New linearizations for `class` and all its subclasses.
fn install_hierarchy(class: &Py<PyType>, undo: &mut Vec<Undo>) -> PyResult<()> {
    protocol::enter_native()?;
    let before = class.mro_address();
    let old = class.mro_iter().map(PyType::to_py).collect();
    let list = linearize(class)?;
    if class.mro_address() != before {
        return Ok(());
    }
    mro::store(class, pointers(&list));
    undo.push(Undo { class: class.clone(), stored: class.mro_address(), old });
    for subclass in &class.direct_subclasses() {
        install_hierarchy(subclass, undo)?;
    }
    Ok(())
}

fn is_below(class: &PyType, other: &PyType) -> bool {
    let mut next = Some(class);
    while let Some(class) = next {
        if class.is(other) {
            return true;
        }
        next = class.base();
    }
    false
}

/// Assignment to `__bases__`.
pub(super) fn set_bases(obj: &Obj, value: Option<&Obj>) -> PyResult<()> {
    let class = Py::from_ref(this(obj)?);
    check_mutable(&class, "__bases__")?;
    let Some(value) = value else {
        return Err(type_error(format!(
            "cannot delete '__bases__' attribute of immutable type '{}'",
            class.name()
        )));
    };
    crate::hooks::audit_attribute(obj, "__bases__", Some(value))?;
    let Some(bases) = value.downcast::<PyTuple>() else {
        return Err(type_error(format!(
            "can only assign tuple to {}.__bases__, not {}",
            class.name(),
            class_of(value).name()
        )));
    };
    if bases.len() == 0 {
        return Err(type_error(format!(
            "can only assign non-empty tuple to {}.__bases__, not ()",
            class.name()
        )));
    }
    for base in bases.as_slice() {
        let Some(base) = base.downcast::<PyType>() else {
            return Err(type_error(format!(
                "{}.__bases__ must be tuple of classes, not '{}'",
                class.name(),
                class_of(base).name()
            )));
        };
        // By the chain of bases, too: a linearization that is being made is not stored yet.
        if base.is_subtype(&class) || (!base.mro().is_empty() && is_below(base, &class)) {
            return Err(type_error("a __bases__ item causes an inheritance cycle"));
        }
    }
    let base = best_base(bases.as_slice())?;
    let compatible = std::ptr::eq(base.ops, class.ops)
        && class.base().is_none_or(|old| {
            old.fixed_slots == base.fixed_slots && (old.has_dict() == base.has_dict() || class.has_dict())
        });
    if !compatible {
        return Err(type_error(format!(
            "__bases__ assignment: '{}' object layout differs from '{}'",
            base.name(),
            class.base().map(|b| b.name()).unwrap_or_default()
        )));
    }
    let old_base = class.base().map(PyType::to_py);
    let begun = crate::watch::types::begin(&class, crate::watch::types::TypeChange::Bases);
    let old = class.bases.replace(Some(value.clone()));
    class.set_base(base);
    let mut undo = Vec::new();
    let result = install_hierarchy(&class, &mut undo);
    let still_ours = class.bases.load().is_some_and(|b| b.is(value));
    if result.is_ok() {
        if still_ours {
            if let Some(old) = old.as_ref().and_then(|o| o.downcast::<PyTuple>()) {
                unlink(&class, old, bases);
            }
            refresh(&class);
        }
        begun.end();
        return Ok(());
    }
    for Undo { class, stored, old } in undo.into_iter().rev() {
        if class.mro_address() == stored {
            mro::store(&class, pointers(&old));
        }
    }
    if still_ours {
        if let (Some(old), Some(old_base)) = (old, old_base) {
            if let Some(former) = old.downcast::<PyTuple>() {
                unlink(&class, bases, former);
            }
            class.bases.store(old);
            class.set_base(&old_base);
        }
    }
    refresh(&class);
    result
}

/// Takes `class` out of the lists of those of the bases `old` that are not among `new`.
fn unlink(class: &PyType, old: &PyTuple, new: &PyTuple) {
    for base in old.as_slice() {
        if let Some(base_class) = base.downcast::<PyType>()
            && !new.as_slice().iter().any(|b| b.is(base))
        {
            base_class.subclasses.lock().remove(class);
        }
    }
}

/// After linearizations changed.
fn refresh(class: &PyType) {
    class.modified();
    for c in class.hierarchy() {
        c.ready_heap();
    }
    crate::code::slot_caches::lookup_changed();
}
