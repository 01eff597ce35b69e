//! Completing classes: filling namespaces of native ones, inheriting slots, keeping slots and namespace in step.

use parking_lot::RwLock;
use rustc_hash::{FxBuildHasher, FxHashMap};
use taipan_gc::{Obj, Py};

use super::slot_defs::{SLOT_DEFS, SlotDef};
use super::{PyType, SlotId, mro, slot_names, type_flags};
use crate::descriptor::{PyGetSetDescr, PyMethodDescr, PyWrapperDescr};
use crate::dict::PyDict;
use crate::native::{GetSetDef, MethodDef, MethodKind};
use crate::native_function::PyNativeFunction;
use crate::singletons::none;
use crate::str::PyStr;
use crate::tuple::PyTuple;
use crate::types::{Types, types};

/// Gives every class of the start-up table its bases, namespace and linearization.
pub(crate) fn make_dicts(types: &Types) {
    for class in types.all() {
        let bases = class.base().map(|b| b.to_obj()).into_iter().collect();
        class.bases.store(PyTuple::new(bases).into_obj());
        class.dict.store(PyDict::new().into_obj());
        if mro::install(class).is_err() {
            unreachable!("single inheritance always linearizes");
        }
    }
}

/// Adds methods to a native class's namespace.
pub fn add_methods(class: &Py<PyType>, methods: &'static [MethodDef]) {
    let dict = class.dict();
    for def in methods {
        let value = match def.kind {
            MethodKind::StaticMethod if def.name == "__new__" => {
                PyNativeFunction::new_bound(def, class.as_obj().clone()).into_obj()
            }
            MethodKind::Function | MethodKind::StaticMethod => {
                let function = PyNativeFunction::new_static(def, class.as_obj().clone()).into_obj();
                crate::descriptor::PyClassMethod::new_static(function).into_obj()
            }
            MethodKind::Method => PyMethodDescr::new(def, class).into_obj(),
            MethodKind::ClassMethod => PyMethodDescr::new_class(def, class).into_obj(),
        };
        dict.set_str(def.name, value);
    }
}

/// Adds attributes with getters and setters to a native class's namespace.
pub fn add_getset(class: &Py<PyType>, getset: &'static [GetSetDef]) {
    for def in getset {
        let descriptor = match crate::descriptor::is_member(&class.short_name(), def.name) {
            true => crate::descriptor::PyMemberDescr::native(def, class).into_obj(),
            false => PyGetSetDescr::new(def, class).into_obj(),
        };
        class.dict().set_str(def.name, descriptor);
    }
}

/// Sets `__doc__`.
pub fn set_doc(class: &PyType, doc: &str) {
    class.dict().set_str("__doc__", crate::construct::str_obj(doc));
}

/// `__text_signature__` of native classes, which live as long as the process, by address.
static TEXT_SIGNATURES: RwLock<FxHashMap<usize, &'static str>> =
    RwLock::new(FxHashMap::with_hasher(FxBuildHasher));

/// Sets `__text_signature__`.
pub fn set_text_signature(class: &PyType, signature: &'static str) {
    TEXT_SIGNATURES.write().insert(std::ptr::from_ref(class).addr(), signature);
}

/// `__text_signature__`, if the class has one.
pub fn text_signature(class: &PyType) -> Option<&'static str> {
    TEXT_SIGNATURES.read().get(&std::ptr::from_ref(class).addr()).copied()
}

/// The signature that a class written in Python has at the beginning of its docstring, as classes written in C have it.
pub fn signature_in_doc(class: &PyType) -> Option<Obj> {
    let doc = class.dict().get_str(&crate::str::intern("__doc__"))?;
    let text = doc.downcast::<crate::str::PyStr>()?.utf8().ok()?;
    let signature = text.strip_prefix(&*class.name()).filter(|rest| rest.starts_with('('))?;
    let end = signature.find(")\n--\n\n")?;
    let signature = &signature[..=end];
    (!signature.contains("\n\n")).then(|| crate::construct::str_obj(signature))
}

/// Sets a class attribute without any check.
pub fn set_attr(class: &PyType, name: &str, value: Obj) {
    class.dict().set_str(name, value);
}

impl PyType {
    /// The native class that gives instances of this one their layout, if they are made through `object.__new__` nevertheless (see
    /// [`super::TypeBuilder::made_by_object`]).
    pub(crate) fn made_by_object(&self) -> Option<&PyType> {
        let mut bases = std::iter::successors(Some(self), |class| class.base());
        let native = bases.find(|class| !class.has_flag(type_flags::HEAP))?;
        let object = &types().object;
        let shown = |class: &PyType| !class.is(object) && class.dict().contains_str("__new__");
        let inherits = !native.is(object)
            && !native.slots.raw(SlotId::New).is_null()
            && !std::iter::successors(Some(native), |class| class.base()).any(shown);
        inherits.then_some(native)
    }

    /// Completes a native class: wrappers for its own slots, inherited slots for the rest.
    pub fn ready(&self) {
        let class = Py::from_ref(self);
        let dict = self.dict();
        for def in SLOT_DEFS {
            let word = self.slots.raw(def.id);
            if word.is_null() {
                continue;
            }
            if def.id == SlotId::New {
                if !dict.contains_str("__new__") {
                    dict.set_str("__new__", crate::object_type::new_wrapper(&class));
                }
                continue;
            }
            if !dict.contains_str(def.name) {
                dict.set_str(def.name, PyWrapperDescr::new(def, word, &class).into_obj());
            }
        }
        let hash_before = self.slots.hash().is_some();
        if !hash_before && self.slots.richcompare().is_some() {
            // Equality without hashing: unhashable.
            self.slots.set_hash(Some(crate::object_type::hash_not_implemented));
            dict.set_str("__hash__", none());
        }
        let bases: Vec<Py<PyType>> = self.mro_iter().skip(1).map(|b| b.to_py()).collect();
        for base in &bases {
            self.slots.inherit(&base.slots);
        }
        for base in &bases {
            for flag in [type_flags::SEQUENCE, type_flags::MAPPING, type_flags::MATCH_SELF] {
                if base.has_flag(flag) {
                    self.set_flag(flag, true);
                }
            }
        }
        if !dict.contains_str("__doc__") {
            dict.set_str("__doc__", none());
        }
        self.set_flag(type_flags::READY | type_flags::IMMUTABLE, true);
        self.refresh_finalizer_flag();
    }

    /// Sets every slot of a class made by a class statement from what its namespace and bases define.
    pub fn ready_heap(&self) {
        let base = self.only_base();
        self.set_flag(type_flags::LINEAR, base.is_some());
        match base {
            Some(base) => self.ready_like(&base),
            None => SlotId::ALL.iter().for_each(|&id| self.update_slot(id)),
        }
        self.refresh_finalizer_flag();
    }

    /// The base of which the class inherits everything: its linearization is that of the base behind the class.
    fn only_base(&self) -> Option<Py<PyType>> {
        let base = self.base()?.to_py();
        let same =
            self.mro_iter().skip(1).map(std::ptr::from_ref).eq(base.mro_iter().map(std::ptr::from_ref));
        (same && base.has_flag(type_flags::READY)).then_some(base)
    }

    /// [`PyType::ready_heap`] of a class that inherits from `base` alone: only what its own namespace defines is looked up.
    fn ready_like(&self, base: &PyType) {
        let mut own = [false; SlotId::ALL.len()];
        // Each native base's constructor is bound to that base.
        own[SlotId::New as usize] = !base.has_flag(type_flags::HEAP);
        for name in self.dict().keys() {
            slot_names::slots_of_key(&name).iter().for_each(|id| own[*id as usize] = true);
        }
        let overridden = base.has_flag(type_flags::GETATTRIBUTE_OVERRIDDEN);
        self.set_flag(type_flags::GETATTRIBUTE_OVERRIDDEN, overridden);
        for &id in SlotId::ALL {
            if own[id as usize] {
                self.update_slot(id);
            } else {
                // SAFETY: same slot.
                unsafe { self.slots.set_raw(id, base.slots.raw(id)) }
            }
        }
    }

    /// Recomputes slot `id` of this class from its linearization.
    fn update_slot(&self, id: SlotId) {
        let specials = slot_names::specials_of(id);
        if specials.is_empty() {
            // No special method stands for it (buffer and the like): inherit.
            let word = self.mro_iter().skip(1).map(|b| b.slots.raw(id)).find(|w| !w.is_null());
            // SAFETY: same slot.
            unsafe { self.slots.set_raw(id, word.unwrap_or(std::ptr::null_mut())) }
            return;
        }
        let mut native: Option<*mut ()> = None;
        let mut overridden = false;
        for special in specials {
            let Some(value) = self.lookup_lent(&special.name) else { continue };
            match native_word(self, special.def, &value) {
                Some(word) if native.is_none_or(|w| w == word) => native = Some(word),
                _ => overridden = true,
            }
        }
        if overridden {
            return self.override_slot(id);
        }
        // SAFETY: `native` is a function of this slot's type: a base's own.
        unsafe { self.slots.set_raw(id, native.unwrap_or(std::ptr::null_mut())) }
        if id == SlotId::Getattro {
            self.set_flag(type_flags::GETATTRIBUTE_OVERRIDDEN, false);
        }
    }

    /// From now on slot `id` calls special methods.
    fn override_slot(&self, id: SlotId) {
        // SAFETY: the trampoline for this slot.
        unsafe { self.slots.set_raw(id, super::trampolines::word(id)) }
        if id == SlotId::Getattro {
            self.set_flag(type_flags::GETATTRIBUTE_OVERRIDDEN, true);
        }
    }

    /// After attribute `name` (interned) of the class was set to `value`, or deleted: slots of this class and its subclasses that depend on
    /// it, and versions.
    pub fn attribute_changed(&self, name: &PyStr, value: Option<&Obj>) {
        self.modified();
        let slots = slot_names::slots_of(name);
        if slots.is_empty() {
            return;
        }
        // What is in the class itself and stands for no slot function overrides, whatever the bases have.
        let first = self.mro().first().is_some_and(|class| std::ptr::eq(*class, self));
        let plain = first && value.is_some_and(|value| !may_be_native(value));
        let hierarchy = self.hierarchy();
        for &id in slots {
            for class in hierarchy.iter().filter(|class| class.has_flag(type_flags::HEAP)) {
                if plain && class.is(self) {
                    class.override_slot(id);
                } else {
                    class.update_slot(id);
                }
                if id == SlotId::Del {
                    class.refresh_finalizer_flag();
                }
            }
            if matches!(id, SlotId::DescrGet | SlotId::DescrSet | SlotId::Getattro | SlotId::Setattro) {
                crate::code::slot_caches::lookup_changed();
            }
        }
    }
}

/// Whether [`native_word`] may know a slot function behind an attribute.
fn may_be_native(value: &Obj) -> bool {
    crate::singletons::is_none(value)
        || value.is_layout::<PyNativeFunction>()
        || value.is_layout::<PyMethodDescr>()
        || value.is_layout::<PyWrapperDescr>()
}

/// If `value`, found in the class as `def.name`, is the untouched wrapper of a native slot function (or `None` for `__hash__`): that function.
fn native_word(class: &PyType, def: &SlotDef, value: &Obj) -> Option<*mut ()> {
    if def.id == SlotId::New {
        // The nearest base with a native constructor, if `__new__` is that constructor's own wrapper.
        let function = value.downcast::<PyNativeFunction>()?;
        let owner = function.receiver()?;
        let owner = owner.downcast::<PyType>()?;
        // Other native methods bound to a class, and constructors of foreign classes, are called as any function.
        let own = (function.is_constructor() || function.def.name == "__new__") && class.is_subtype(owner);
        return own.then(|| match class.made_by_object() {
            Some(made) if owner.is(&types().object) => made.slots.raw(SlotId::New),
            _ => owner.slots.raw(SlotId::New),
        });
    }
    if def.id == SlotId::Hash && crate::singletons::is_none(value) {
        let f: super::slots::HashFn = crate::object_type::hash_not_implemented;
        return Some(f as *mut ());
    }
    if let Some(method) = value.downcast::<PyMethodDescr>() {
        // A native class's method that stands in for the wrapper of its own slot.
        let own = method.def.name == def.name && class.is_subtype(method.class());
        let word = method.class().slots.raw(def.id);
        return (own && !word.is_null() && slot_names::specials_of(def.id).len() == 1).then_some(word);
    }
    let wrapper = value.downcast::<PyWrapperDescr>()?;
    if wrapper.def.id != def.id || !class.is_subtype(&wrapper.class()) {
        return None;
    }
    if def.id == SlotId::Getattro && class.lookup(&crate::istr!("__getattr__")).is_some() {
        let generic: super::slots::BinaryFn = crate::attribute::generic_getattr;
        let hooked: super::slots::BinaryFn = super::trampolines::getattr_or_hook;
        return (wrapper.word == generic as *mut ()).then_some(hooked as *mut ());
    }
    Some(wrapper.word)
}
