//! Emptying inline caches that lead straight to an instance's slot.
//!
//! Such a cache word holds a shape and a slot, and no class version: a data descriptor that the class gains later, or another
//! `__getattribute__`, would never be seen. That is rare enough to empty all words of the kind when it happens, with the world
//! stopped, since a thread looks at word and slot without a safepoint between.
//!
//! Machine code has what the words said in it. It counts on the [`epoch`], which passes when words are emptied.

use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use taipan_bytecode::{Instr, Op, OperandKind};
use taipan_gc::{Obj, ShapeId, shape_table};
use taipan_threading::sync::atomic::{AtomicU32, Ordering};

use super::{Word, machine};
use crate::shape::Shape;
use crate::str::PyStr;
use crate::type_object::PyType;
use crate::types::types;

/// The bit that such words have, and those of other kinds (addresses) have not.
pub const SLOT: u64 = 1;
/// The bit of words that are addresses of several words, of this kind and others.
pub const SEVERAL: u64 = 2;

static EPOCH: AtomicU32 = AtomicU32::new(0);

/// The number of the time in which what a word that is read after this leads to stays right: of the instances of a shape, that an attribute is in a slot; of what is found on a class, as long as that
/// has the version, that it is no descriptor.
pub fn epoch() -> u32 {
    // Acquire: words are emptied before it passes.
    EPOCH.load(Ordering::Acquire)
}

/// Where machine code reads that. A thread that looks, and at what was right then without a safepoint between, is right.
pub fn epoch_address() -> *const u32 {
    EPOCH.as_ptr()
}

type Words = [Word];

struct Registry {
    words: Vec<Weak<Words>>,
    /// How many there may be before dead ones are looked for.
    prune_at: usize,
}

static REGISTRY: Mutex<Registry> = Mutex::new(Registry { words: Vec::new(), prune_at: 1024 });

/// Makes the words of a code object with these instructions and constants, which live as long.
pub(super) fn make(instrs: &[Instr], consts: &[Obj]) -> Arc<Words> {
    let word = |(pc, i): (usize, &Instr)| Word::new(*i, at_hand(pc, i, consts));
    let words: Arc<Words> = instrs.iter().enumerate().map(word).collect();
    if machine::counts() {
        for (pc, word) in words.iter().enumerate() {
            word.set_dispatch(machine::counting_handler(&words, pc));
        }
    }
    let mut registry = REGISTRY.lock();
    if registry.words.len() >= registry.prune_at {
        registry.words.retain(|w| w.strong_count() > 0);
        registry.prune_at = 2 * registry.words.len().max(512);
    }
    registry.words.push(Arc::downgrade(&words));
    words
}

/// What is known of an instruction at `pc` from the start, in its cache for the quick tier: the (uncounted) constant that it loads; how many bytes away from it, or from the `BRANCH`
/// in front of it, its target is.
fn at_hand(pc: usize, i: &Instr, consts: &[Obj]) -> u64 {
    let constant =
        |index: u16| consts.get(index as usize).map_or(0, |object| object.value().uncounted().bits());
    let distance = |from: usize| ((i.arg32() as i64 - from as i64) * size_of::<Word>() as i64) as u64;
    match i.op() {
        Some(Op::LoadConst) => constant(i.b()),
        Some(Op::ReturnConst) => constant(i.a()),
        Some(Op::Target) => distance(pc.wrapping_sub(1)),
        Some(op) if op.info().operands[1] == OperandKind::J => distance(pc),
        _ => 0,
    }
}

/// Empties the words that lead to slots and, if `of_classes`, those that lead to what attribute instructions found on classes, too. Those of other instructions stay:
/// what they lead to would be made anew, and is never freed.
fn forget(of_classes: bool) {
    let is_constant = |instr: Instr| matches!(instr.op(), Some(Op::LoadConst | Op::ReturnConst));
    let is_of_attribute = |instr: Instr| {
        matches!(instr.op(), Some(Op::LoadAttr | Op::LoadMethod | Op::StoreAttr | Op::ImportFrom))
    };
    taipan_threading::stop_the_world(|_| {
        for words in REGISTRY.lock().words.iter().filter_map(Weak::upgrade) {
            for word in words.iter() {
                let (instr, known) = (word.instr(), word.cache.load(Ordering::Relaxed));
                if known & (SLOT | SEVERAL) != 0 && !is_constant(instr)
                    || of_classes && known != 0 && is_of_attribute(instr)
                {
                    word.cache.store(0, Ordering::Relaxed);
                }
            }
        }
        // Release: see `epoch`.
        EPOCH.fetch_add(1, Ordering::Release);
    });
}

/// After attribute `name` of `class` was set to a data descriptor, or deleted where a class behind it, of this one or of a subclass, has one.
pub fn data_descriptor_added(class: &PyType, name: &PyStr) {
    if class.is_subtype(&types().type_) {
        // What stands before the attributes of classes, whose caches know the version of the class alone.
        return forget(true);
    }
    let below = class.hierarchy();
    let cached = (1..=shape_table::count()).any(|id| {
        // SAFETY: `info` of every row is null or a `Shape`, until the world is stopped.
        let shape = unsafe { shape_table::entry(ShapeId(id)).info().cast::<Shape>().as_ref() };
        shape.is_some_and(|shape| {
            shape.adds(name) && below.iter().any(|c| std::ptr::eq(std::ptr::from_ref(*c), shape.class()))
        })
    });
    if cached {
        forget(false);
    }
}

/// After a class got another way to look up or set attributes, another base, or another `__get__`, `__set__` or `__delete__`: what is
/// remembered of attributes that are its instances depends on it, too, and knows the version of the class that has them alone.
pub fn lookup_changed() {
    forget(true);
}
