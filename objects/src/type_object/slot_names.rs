//! Which slots depend on which special methods' names, and the other way round, by interned name.

use std::sync::OnceLock;

use rustc_hash::FxHashMap;
use taipan_gc::{Obj, Py};

use super::SlotId;
use super::slot_defs::{SLOT_DEFS, SlotDef};
use crate::str::{PyStr, intern, intern_obj};

/// A special method that stands for a slot, perhaps with others.
pub(super) struct Special {
    pub def: &'static SlotDef,
    pub name: Py<PyStr>,
}

struct Tables {
    by_name: FxHashMap<usize, Vec<SlotId>>,
    by_slot: Vec<Vec<Special>>,
}

fn tables() -> &'static Tables {
    static TABLES: OnceLock<Tables> = OnceLock::new();
    TABLES.get_or_init(|| {
        let mut by_name: FxHashMap<usize, Vec<SlotId>> = FxHashMap::default();
        let named = SLOT_DEFS.iter().map(|def| (def.name, def.id)).chain([("__getattr__", SlotId::Getattro)]);
        named.for_each(|(name, id)| by_name.entry(intern(name).as_ptr().addr()).or_default().push(id));
        let specials = |id: &SlotId| {
            let defs = SLOT_DEFS.iter().filter(|def| def.id == *id);
            defs.map(|def| Special { def, name: intern(def.name) }).collect()
        };
        Tables { by_name, by_slot: SlotId::ALL.iter().map(specials).collect() }
    })
}

/// The special methods that stand for a slot.
pub(super) fn specials_of(id: SlotId) -> &'static [Special] {
    &tables().by_slot[id as usize]
}

/// The slots that depend on the attribute `name` (interned) of a class: addition and concatenation may share one.
pub(super) fn slots_of(name: &PyStr) -> &'static [SlotId] {
    tables().by_name.get(&std::ptr::from_ref(name).addr()).map_or(&[], Vec::as_slice)
}

/// [`slots_of`] of any key of a namespace.
pub(super) fn slots_of_key(key: &Obj) -> &'static [SlotId] {
    match key.downcast::<PyStr>() {
        Some(name) if name.is_dunder() => slots_of(&intern_obj(key)),
        _ => &[],
    }
}
