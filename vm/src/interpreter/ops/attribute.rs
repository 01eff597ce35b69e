//! Attribute access. What a site has found before stands in its cache word: see [`cache`].

mod cache;
mod super_cache;

use cache::{
    ADD, Called, ClassCache, Found, applying_word, cache_at, distance, install, learn_place, load_known,
    quick_wrapped, remember, slot_at,
};
pub use cache::{
    Single, add_at_once, class_object, inline_slot, inline_slot_to_store, install_method, known_method,
    knows_record, knows_several, method_known, method_of_several, only_in_dict, only_method,
    only_method_beside_dict, only_of_module, only_plain_or_member, quick_load, quick_method, quick_native,
    quick_property, singles, slot_known_to_store, slot_of_record_to_store, slot_or_plain_of_several,
    slot_to_store_of_several, words,
};
pub use super_cache::quick_super;
use super_cache::super_method;

use taipan_bytecode::{Special, SuperFlags};
use taipan_gc::Header;
use taipan_objects::code::PyCode;
use taipan_objects::code::slot_caches::SLOT;
use taipan_objects::descriptor::PyMemberDescr;
use taipan_objects::error::*;
use taipan_objects::module::PyModule;
use taipan_objects::protocol::{self, IntoStrong};
use taipan_objects::shape::{self, Shape};
use taipan_objects::str::PyStr;
use taipan_objects::type_object::slots::BinaryFn;
use taipan_objects::type_object::{PyType, class_of, type_flags};
use taipan_objects::types::types;
use taipan_objects::{Obj, Py, Value, istr};

use crate::registers::Regs;

/// `obj.name` if the cache at `pc` answers.
#[inline]
pub fn load_cached(code: &PyCode, pc: usize, obj: &Obj) -> Option<Obj> {
    quick_load(code.cache(pc), obj)
}

/// Whether attributes of the class's instances are looked up as `object` has it.
pub(super) fn is_generic(class: &PyType) -> bool {
    let generic: BinaryFn = taipan_objects::attribute::generic_getattr;
    class.slots.getattro().is_some_and(|f| f as usize == generic as usize)
}

/// Whether attributes of the class's instances are looked up as `object` has it, and those that are missing by a `__getattr__`.
fn is_hooked(class: &PyType) -> bool {
    let hooked: BinaryFn = taipan_objects::type_object::trampolines::getattr_or_hook;
    class.slots.getattro().is_some_and(|f| f as usize == hooked as usize)
}

fn is_type_getattr(class: &PyType) -> bool {
    let getattr: BinaryFn = taipan_objects::attribute::type_getattr;
    class.slots.getattro().is_some_and(|f| f as usize == getattr as usize)
}

fn is_module_getattr(class: &PyType) -> bool {
    let getattr: BinaryFn = taipan_objects::module::module_getattr;
    class.slots.getattro().is_some_and(|f| f as usize == getattr as usize)
}

/// Whether a class attribute shadows nothing and is not shadowed by data descriptors.
fn is_data_descriptor(attribute: &Obj) -> bool {
    let slots = &class_of(attribute).slots;
    slots.descr_get().is_some() && slots.descr_set().is_some()
}

/// `obj.names[index]`, filling the cache.
#[inline(never)]
pub fn load(code: &PyCode, pc: usize, obj: &Obj, index: usize) -> PyResult<Obj> {
    let name = &code.names[index];
    let class = class_of(obj);
    let Some(header) = obj.header() else { return protocol::getattr(obj, name) };
    if let Some(value) = load_known(code, pc, header, obj, name)? {
        return Ok(value);
    }
    let has_hook = is_hooked(class);
    if has_hook || is_generic(class) {
        let version = class.version();
        let found = class.lookup_lent(name);
        let shape = Shape::of(header);
        if found.as_ref().is_none_or(|f| !is_data_descriptor(f)) && shape.ext_offset != 0 && !shape.is_dict {
            match shape.find(name.as_ptr()) {
                Some(slot) if slot < shape.inline_cap => {
                    let place = distance(shape, slot);
                    remember(code, pc, (shape.id.0 as u64) << 32 | u64::from(place) << 8 | SLOT);
                    if header.shape() == shape.id
                        // SAFETY: the object has the shape for which the distance was made, as this thread reached no safepoint since.
                        && let Some(value) = unsafe { slot_at(header, place) }.load_uncounted()
                    {
                        return Ok(value);
                    }
                }
                Some(_) => {}
                None => cache_of_class(code, pc, shape, version, found.as_ref(), has_hook),
            }
        } else if version != 0
            && let Some(descriptor) = &found
            && types().object.lookup_lent(&istr!("__class__")).is_some_and(|own| own.is(descriptor))
        {
            // One that lasts is as a constant of its instances.
            let (found, value) = match class.lasting_word() {
                Some(word) => (Found::Plain, word),
                None => (Found::Class, Value::EMPTY),
            };
            install(code, pc, ClassCache::of_instances(found, shape, version, value));
        } else if let Some(property) = &found
            && class_of(property).is(&types().property)
            && version != 0
        {
            let found = if has_hook { Found::Hooked } else { Found::Property };
            install(code, pc, ClassCache::of_instances(found, shape, version, property.value()));
        } else if let Some(cache) = member_cache(shape, class, version, found.as_ref()) {
            install(code, pc, cache);
        } else if shape.ext_offset == 0 || found.as_ref().is_some_and(is_data_descriptor) {
            cache_of_class(code, pc, shape, version, found.as_ref(), has_hook);
        } else if shape.is_dict
            && version != 0
            && !(has_hook && found.as_ref().is_some_and(|found| class_of(found).slots.descr_get().is_some()))
        {
            let value = found.as_ref().map_or(Value::EMPTY, Obj::value);
            let place = shape::dict::place_of(obj, name);
            install(code, pc, ClassCache::of_dict(Found::Dict, shape, version, value, name, place));
        }
    } else if is_type_getattr(class)
        && let Some(subject) = obj.downcast::<PyType>()
    {
        let (version, version_of_metaclass) = (subject.version(), class.version());
        let of_metaclass = class.lookup_lent(name);
        if of_metaclass.as_ref().is_some_and(is_data_descriptor) {
            let shape = Shape::of(header);
            cache_of_class(code, pc, shape, version_of_metaclass, of_metaclass.as_ref(), false);
        } else if let Some(value) = subject.lookup_lent(name)
            && is_itself_of_class(&value)
        {
            let cache =
                ClassCache::of_object(Found::OfType, header, version, 0, value.value(), Called::UNKNOWN);
            if version != 0 {
                install(code, pc, cache);
            }
            return Ok(value);
        }
    } else if is_module_getattr(class)
        && let Some(module) = obj.downcast::<PyModule>()
    {
        if class.lookup_lent(name).is_none_or(|f| !is_data_descriptor(&f)) {
            cache_of_module(code, pc, header, module, name);
        }
    }
    protocol::getattr(obj, name)
}

/// For an attribute of a module, the object of `header`, that nothing of its class comes before.
fn cache_of_module(code: &PyCode, pc: usize, header: &Header, module: &PyModule, name: &Py<PyStr>) {
    let dict = module.dict_ref();
    let version = dict.keys_version();
    if version != 0
        && let Some(entry) = dict.entry_index(name)
    {
        let called = dict.constant_at(version, entry).map_or(Called::UNKNOWN, Called::constant);
        let cache = ClassCache::of_object(Found::OfModule, header, version, entry, Value::EMPTY, called);
        install(code, pc, cache);
    }
}

/// Lets an `IMPORT_FROM` know where the module has the attribute. Other code than that of functions hardly comes there again.
pub fn remember_import(code: &PyCode, pc: usize, module: &Obj, name: &Py<PyStr>) {
    let class = class_of(module);
    if code.flags & taipan_bytecode::flags::CO_OPTIMIZED != 0
        && class.is(&types().module)
        && class.lookup_lent(name).is_none()
        && let (Some(header), Some(module)) = (module.header(), module.downcast::<PyModule>())
    {
        cache_of_module(code, pc, header, module, name);
    }
}

/// Whether the attribute of a class is the same object as an attribute of the class object.
fn is_itself_of_class(attribute: &Obj) -> bool {
    let kind = class_of(attribute);
    let t = types();
    let own = [
        &t.function,
        &t.method_descriptor,
        &t.wrapper_descriptor,
        &t.getset_descriptor,
        &t.member_descriptor,
        &t.property,
    ];
    kind.slots.descr_get().is_none() || own.iter().any(|class| kind.is(class))
}

/// For an attribute that nothing of the instances of `shape` comes before.
fn cache_of_class(
    code: &PyCode,
    pc: usize,
    shape: &Shape,
    version: u32,
    found: Option<&Obj>,
    has_hook: bool,
) {
    let Some(value) = found.filter(|_| version != 0) else { return };
    let kind = class_of(value);
    let found = if kind.slots.descr_get().is_none() {
        Found::Plain
    } else if kind.has_flag(type_flags::IMMUTABLE) {
        if has_hook { Found::Hooked } else { Found::Descriptor }
    } else {
        return;
    };
    install(code, pc, ClassCache::of_instances(found, shape, version, value.value()));
}

/// For an attribute that is a `__slots__` member of instances of `shape`.
fn member_cache(shape: &Shape, class: &PyType, version: u32, found: Option<&Obj>) -> Option<ClassCache> {
    let member = found?.downcast::<PyMemberDescr>()?;
    let applies = version != 0
        && class.is_subtype(member.class())
        && member.index() < shape.fixed
        && shape.ext_offset != 0;
    applies.then(|| ClassCache {
        index: distance(shape, member.index()),
        ..ClassCache::of_instances(Found::Member, shape, version, Value::EMPTY)
    })
}

/// `obj.names[index] = value`.
#[inline(never)]
pub fn store(code: &PyCode, pc: usize, obj: &Obj, index: usize, value: Obj) -> PyResult<()> {
    let name = &code.names[index];
    let Some(header) = obj.header() else { return protocol::setattr(obj, name, &value) };
    let word = applying_word(code.cache(pc), header);
    if word & SLOT != 0 {
        let index = (word as u32) >> 8;
        if word & ADD == 0 {
            return shape::store_cached(obj, header, index, name, value);
        }
        return match shape::add_unshared(header, Shape::of(header), Shape::id_in_row(index), value) {
            Ok(()) => Ok(()),
            Err(value) => shape::set_attribute(obj, name, value),
        };
    }
    if word != 0 {
        let cache = cache_at(word);
        match cache.found {
            Found::Member => {
                // SAFETY: the shape is the one for which the distance was made.
                drop(unsafe { slot_at(header, cache.index) }.replace(Some(value)));
                return Ok(());
            }
            Found::Dict => {
                let Err(value) = shape::dict::set_at_place(obj, name, cache.index, value) else {
                    return Ok(());
                };
                shape::set_attribute(obj, name, value)?;
                learn_place(code, pc, cache, obj, name);
                return Ok(());
            }
            _ => {}
        }
    }
    let class = class_of(obj);
    let version = class.version();
    let generic: taipan_objects::type_object::slots::SetFn = taipan_objects::attribute::generic_setattr;
    if class.slots.setattro().is_some_and(|f| f as usize == generic as usize)
        && class.has_dict()
        && class.lookup_lent(name).is_none_or(|f| class_of(&f).slots.descr_set().is_none())
    {
        let before = Shape::of(header);
        shape::set_attribute(obj, name, value)?;
        if version == 0 || class.version_now() != version {
            // Waiting for the object's lock is a safepoint: what was looked up may be outdated.
            return Ok(());
        }
        let shape = Shape::of(header);
        if shape.extends(before, name) {
            let word = (before.id.0 as u64) << 32 | u64::from(shape.id.row()) << 8 | ADD | SLOT;
            remember(code, pc, word);
            return Ok(());
        }
        // A data descriptor added to the class later changes the class, not the shape: see `slot_caches`.
        if shape.ext_offset != 0
            && !shape.is_dict
            && let Some(slot) = shape.find(name.as_ptr())
            && slot < shape.inline_cap
        {
            remember(code, pc, (shape.id.0 as u64) << 32 | (slot as u64) << 8 | SLOT);
        } else if shape.ext_offset != 0 && shape.is_dict {
            let place = shape::dict::place_of(obj, name);
            install(code, pc, ClassCache::of_dict(Found::Dict, shape, version, Value::EMPTY, name, place));
        }
        return Ok(());
    }
    if class.slots.setattro().is_some_and(|f| f as usize == generic as usize)
        && let Some(cache) = member_cache(Shape::of(header), class, version, class.lookup_lent(name).as_ref())
    {
        install(code, pc, cache);
    }
    protocol::setattr(obj, name, &value)
}

/// What an attribute of a class is to `LOAD_METHOD` if it wraps a function.
fn wrapper(attribute: &Obj) -> Option<Found> {
    let kind = class_of(attribute);
    if kind.is(&types().staticmethod) {
        return Some(Found::Static);
    }
    kind.is(&types().classmethod).then_some(Found::OfClass)
}

/// Writes the function and the class, if it is bound to one, where the call finds them: both, before what was there is dropped, which may run code.
fn place_wrapped(regs: Regs, a: usize, function: Obj, receiver: Option<Obj>) {
    let former = [regs.take_value(a), regs.take_value(a + 1)];
    regs.put(a, function.into_value());
    regs.put(a + 1, receiver.map_or(Value::EMPTY, Obj::into_value));
    former.into_iter().for_each(crate::frame::drop_value);
}

/// `LOAD_METHOD`: function and receiver, or bound attribute and nothing.
#[inline(never)]
pub fn load_method(code: &PyCode, pc: usize, regs: Regs, a: usize, b: usize, index: usize) -> PyResult<()> {
    let Some(obj) = regs.get(b) else {
        super::name::empty_register(code, b as u16);
        return Err(Raised);
    };
    if let Some(function) = quick_method(code.cache(pc), obj) {
        place_method(regs, a, b, function);
        return Ok(());
    }
    if let Some(value) = quick_load(code.cache(pc), obj) {
        regs.write(a, value);
        regs.clear(a + 1);
        return Ok(());
    }
    if let Some((function, receiver)) = quick_wrapped(code.cache(pc), obj) {
        place_wrapped(regs, a, function, receiver);
        return Ok(());
    }
    let name = &code.names[index];
    let class = class_of(obj);
    if let Some(subject) = obj.downcast::<PyType>()
        && is_type_getattr(class)
    {
        let version = subject.version();
        if version != 0
            && class.lookup_lent(name).is_none()
            && let Some(value) = subject.lookup_lent(name)
            && let Some(found) = wrapper(&value)
            && let Some(header) = obj.header()
        {
            let called = Called::wrapped(found, &value, subject);
            install(code, pc, ClassCache::of_object(found, header, version, 0, value.value(), called));
        }
    }
    if is_generic(class) || is_hooked(class) {
        let version = class.version();
        if let Some(found) = class.lookup_lent(name) {
            let kind = class_of(&found);
            let wrapper = wrapper(&found);
            if kind.is(&types().function) || kind.is(&types().method_descriptor) || wrapper.is_some() {
                let (shadowed, cacheable) = match obj.header().map(Shape::of) {
                    Some(shape) if shape.ext_offset != 0 && shape.is_dict => {
                        (shape::get_attribute(obj, name)?.is_some(), wrapper.is_none())
                    }
                    Some(shape) if shape.ext_offset != 0 => match shape.find(name.as_ptr()) {
                        Some(_) => (shape::get_attribute(obj, name)?.is_some(), false),
                        None => (false, true),
                    },
                    Some(_) => (false, true),
                    None => (false, false),
                };
                if !shadowed {
                    if cacheable
                        && version != 0
                        && let Some(header) = obj.header()
                    {
                        let shape = Shape::of(header);
                        let cache = if shape.ext_offset != 0 && shape.is_dict {
                            ClassCache::of_dict(Found::DictMethod, shape, version, found.value(), name, None)
                        } else {
                            let found_as = wrapper.unwrap_or(Found::Method);
                            ClassCache::of_instances(found_as, shape, version, found.value())
                        };
                        install(code, pc, cache);
                    }
                    if wrapper.is_none() {
                        place_method(regs, a, b, found);
                        return Ok(());
                    }
                    let value = protocol::getattr(obj, name)?;
                    regs.write(a, value);
                    regs.clear(a + 1);
                    return Ok(());
                }
            }
        }
    }
    let value = load(code, pc, obj, index)?;
    regs.write(a, value);
    regs.clear(a + 1);
    Ok(())
}

/// Writes function and receiver; `b` may be `a` or `a + 1`.
#[inline(always)]
pub fn place_method(regs: Regs, a: usize, b: usize, function: Obj) {
    if b == a {
        let receiver = regs.take_value(a);
        regs.write_value(a + 1, receiver);
    } else if b != a + 1 {
        let receiver = regs.copy_of(b);
        regs.write_value(a + 1, receiver);
    }
    regs.write(a, function);
}

/// `LOAD_SUPER_ATTR`.
pub fn load_super(code: &PyCode, pc: usize, regs: Regs, flags: u16, a: usize, name: usize) -> PyResult<()> {
    let name = &code.names[name];
    let method = flags & SuperFlags::METHOD != 0;
    let callable = regs.take(a).ok_or_else(|| system_error("no super"))?;
    let (Some(class), Some(receiver)) = (regs.take(a + 1), regs.take(a + 2)) else {
        return Err(runtime_error("super(): no arguments"));
    };
    if callable.is(types().super_.as_obj())
        && let Some(class_type) = class.downcast::<PyType>()
    {
        if method && let Some(found) = super_method(code, pc, class_type, &receiver, name) {
            regs.write(a + 2, receiver);
            found.place(regs, a);
            return Ok(());
        }
        let value = taipan_objects::super_object::super_lookup(class_type, &receiver, name.as_obj())?;
        regs.write(a, value);
        regs.clear(a + 1);
        return Ok(());
    }
    let object = if flags & SuperFlags::EXPLICIT == 0 {
        protocol::call0(&callable)?
    } else {
        protocol::call(&callable, &[class, receiver])?
    };
    let value = protocol::getattr(&object, name)?;
    regs.write(a, value);
    regs.clear(a + 1);
    Ok(())
}

/// `LOAD_SPECIAL`.
pub fn load_special(code: &PyCode, pc: usize, regs: Regs, a: usize, b: usize, which: u16) -> PyResult<()> {
    let Some(obj) = regs.get(b) else { return Err(system_error("no context manager")) };
    let (name, message) = match Special::from_u16(which) {
        Some(Special::Enter) => {
            (istr!("__enter__"), "the context manager protocol (missed __enter__ method)")
        }
        Some(Special::Exit) => (istr!("__exit__"), "the context manager protocol (missed __exit__ method)"),
        Some(Special::AEnter) => {
            (istr!("__aenter__"), "the asynchronous context manager protocol (missed __aenter__ method)")
        }
        Some(Special::AExit) => {
            (istr!("__aexit__"), "the asynchronous context manager protocol (missed __aexit__ method)")
        }
        None => return Err(system_error("bad special method")),
    };
    let class = class_of(obj);
    let version = class.version();
    let Some(found) = class.lookup_lent(&name) else {
        let other = match Special::from_u16(which) {
            Some(Special::Enter | Special::Exit) => {
                class.lookup_name("__aenter__").is_some() && class.lookup_name("__aexit__").is_some()
            }
            _ => class.lookup_name("__enter__").is_some() && class.lookup_name("__exit__").is_some(),
        };
        let hint = match (other, Special::from_u16(which)) {
            (false, _) => "",
            (true, Some(Special::Enter | Special::Exit)) => {
                " but it supports the asynchronous context manager protocol. Did you mean to use 'async with'?"
            }
            (true, _) => " but it supports the context manager protocol. Did you mean to use 'with'?",
        };
        return Err(type_error(format!(
            "'{}' object does not support {message}{hint}",
            class.name_with_module()
        )));
    };
    let kind = class_of(&found);
    if kind.is(&types().function) || kind.is(&types().method_descriptor) {
        if version != 0
            && let Some(header) = obj.header()
        {
            install_method(code, pc, Shape::of(header), version, &found);
        }
        place_method(regs, a, b, found);
    } else {
        let bound = protocol::bind(&found.into_strong(), obj)?;
        regs.write(a, bound);
        regs.clear(a + 1);
    }
    Ok(())
}
