//! A list's item is read without a lock while the list grows, shrinks and loses items.
//!
//! The list is `objects/src/list.rs` in small: storages of one and two words, published through an index. One writer (it would hold the
//! lock) and one reader, who owns none of the items.
#![cfg(loom)]

#[path = "containers/blocks.rs"]
mod blocks;

use blocks::{Block, Replaced, load_in, word};
use loom::sync::Arc;
use loom::thread;
use taipan_stress::model::explore;
use taipan_threading::sync::atomic::Ordering::{AcqRel, Acquire, Release};
use taipan_threading::sync::atomic::{AtomicU64, AtomicUsize};

struct List {
    /// Storage 0 is empty, 1 has room for one item, 2 for two.
    storages: [Vec<AtomicU64>; 3],
    current: AtomicUsize,
    len: AtomicUsize,
    blocks: Vec<Block>,
}

/// Names of the objects.
const FIRST: u32 = 1;
const SECOND: u32 = 2;
const STRANGER: u32 = 9;

impl List {
    /// One item, `FIRST` in block 0, filling storage 1; block 1 is `SECOND`.
    fn new() -> Arc<List> {
        let storage = |items: &[u64]| items.iter().map(|&item| AtomicU64::new(item)).collect();
        Arc::new(List {
            storages: [storage(&[]), storage(&[word(0)]), storage(&[0, 0])],
            current: AtomicUsize::new(1),
            len: AtomicUsize::new(1),
            blocks: vec![Block::new(FIRST), Block::new(SECOND)],
        })
    }
    /// `PyList::get` as far as it goes without the lock; `None`: no such item. The name of the item, used after the load.
    fn get(&self, index: usize) -> Option<u32> {
        loop {
            let current = self.current.load(Acquire);
            let storage = &self.storages[current];
            if index >= self.len.load(Acquire) {
                return None;
            }
            if index < storage.len() {
                match load_in(&self.blocks, &storage[index], || self.current.load(Acquire) == current) {
                    Ok(Some(block)) => return Some(block.name()),
                    Ok(None) | Err(Replaced) => {}
                }
            }
            thread::yield_now();
        }
    }
    /// `PyList::push` into full storage.
    fn grow_and_push(&self, item: u64) {
        self.storages[2][0].store(self.storages[1][0].load(Acquire), Release);
        self.current.swap(2, AcqRel);
        self.storages[2][1].store(item, Release);
        self.len.store(2, Release);
    }
    /// `PyList::set`: the former item's block.
    fn set(&self, index: usize, item: u64) -> &Block {
        let current = self.current.load(Acquire);
        let old = self.storages[current][index].swap(item, AcqRel);
        &self.blocks[old as usize - 1]
    }
    /// `PyList::clear`: the storage is unpublished, then the items are dropped.
    fn clear_and_drop(&self) {
        let current = self.current.load(Acquire);
        let len = self.len.load(Acquire);
        self.len.store(0, Release);
        self.current.swap(0, AcqRel);
        for slot in &self.storages[current][..len] {
            self.blocks[slot.load(Acquire) as usize - 1].die_and_become(STRANGER);
        }
    }
}

/// The reader is the spawned thread: with the roles exchanged, loom finds fewer interleavings.
fn check(write: fn(&List), read: fn(&List)) {
    explore(3, move || {
        let list = List::new();
        let reader = {
            let list = list.clone();
            thread::spawn(move || read(&list))
        };
        write(&list);
        reader.join().unwrap();
    });
}

#[test]
fn append() {
    check(
        |list| list.grow_and_push(word(1)),
        |list| {
            assert!(matches!(list.get(1), None | Some(SECOND)));
            assert_eq!(list.get(0), Some(FIRST));
        },
    );
}

/// The old storage goes on showing an item that the new one has lost, and whose block is another object by now.
#[test]
fn growth_then_replacement() {
    check(
        |list| {
            list.grow_and_push(word(1));
            list.set(0, word(1)).die_and_become(STRANGER);
        },
        |list| assert!(matches!(list.get(0), Some(FIRST | SECOND))),
    );
}

/// As before, but the block stays free: nothing that the reader looks at will ever change again.
#[test]
fn growth_then_death() {
    check(
        |list| {
            list.grow_and_push(word(1));
            list.set(0, word(1)).die();
        },
        |list| assert!(matches!(list.get(0), Some(FIRST | SECOND))),
    );
}

#[test]
fn replacement_in_place() {
    check(
        |list| list.set(0, word(1)).die_and_become(STRANGER),
        |list| assert!(matches!(list.get(0), Some(FIRST | SECOND))),
    );
}

#[test]
fn clear() {
    check(List::clear_and_drop, |list| assert!(matches!(list.get(0), None | Some(FIRST))));
}

/// The length of one moment and the storage of another.
#[test]
fn growth_then_clear() {
    check(
        |list| {
            list.grow_and_push(word(1));
            list.clear_and_drop();
        },
        |list| assert!(matches!(list.get(1), None | Some(SECOND))),
    );
}
