//! Attribute slots: writes and reads of an existing slot against adding an attribute and against turning the instance into a dict one.
//! No write is lost, nothing torn or stale is read.
//!
//! The instance is `objects/src/shape.rs` in small: two inline slots, three shapes, the object's lock, and a dict with its own lock. Values are
//! numbers; each owns a cell that its maker writes and its readers read, so that loom sees whether the slots order them.
#![cfg(loom)]

use loom::sync::{Arc, Mutex, MutexGuard};
use loom::thread;
use taipan_stress::model::explore;
use taipan_threading::sync::UnsafeCell;
use taipan_threading::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use taipan_threading::sync::atomic::{AtomicU64, AtomicUsize};

/// Shapes: with attribute `A`; with `A` and `B`; with a dict.
const ONLY_A: u64 = 0;
const A_AND_B: u64 = 1;
const DICT: u64 = 2;

const A: usize = 0;
const B: usize = 1;

/// Values; 0 is an empty slot.
const FIRST: u64 = 1;
const VALUES: usize = 6;

struct Instance {
    shape: AtomicU64,
    slots: [AtomicU64; 2],
    /// The object's lock.
    lock: Mutex<()>,
    /// The overflow word: the dict is there.
    has_dict: AtomicU64,
    /// The dict, with its lock.
    dict: Mutex<[u64; 2]>,
    bodies: [UnsafeCell<u64>; VALUES],
    dropped: [AtomicUsize; VALUES],
}

// SAFETY: that the bodies are written before they are read is what loom checks.
unsafe impl Sync for Instance {}
// SAFETY: as above.
unsafe impl Send for Instance {}

/// What a look at the slots leads to.
enum Look {
    Found(u64),
    Absent,
    Again,
}

impl Instance {
    /// `A` is `FIRST`.
    fn new() -> Arc<Instance> {
        let instance = Arc::new(Instance {
            shape: AtomicU64::new(ONLY_A),
            slots: [AtomicU64::new(FIRST), AtomicU64::new(0)],
            lock: Mutex::new(()),
            has_dict: AtomicU64::new(0),
            dict: Mutex::new([0; 2]),
            bodies: std::array::from_fn(|_| UnsafeCell::new(0)),
            dropped: std::array::from_fn(|_| AtomicUsize::new(0)),
        });
        instance.make(FIRST);
        instance
    }
    fn enter(&self) -> MutexGuard<'_, ()> {
        self.lock.lock().unwrap()
    }
    /// Makes the object `value`.
    fn make(&self, value: u64) -> u64 {
        // SAFETY: nobody has it yet.
        self.bodies[value as usize].with_mut(|body| unsafe { *body = value });
        value
    }
    fn touch(&self, value: u64) {
        // SAFETY: loom checks that its making came before.
        assert_eq!(self.bodies[value as usize].with(|body| unsafe { *body }), value);
    }
    fn drop_value(&self, value: u64) {
        if value != 0 {
            self.touch(value);
            self.dropped[value as usize].fetch_add(1, Relaxed);
        }
    }
    fn index(shape: u64, name: usize) -> Option<usize> {
        (name == A || shape == A_AND_B).then_some(name)
    }

    /// `get_attribute`.
    fn get(&self, name: usize) -> Option<u64> {
        loop {
            match self.look(name) {
                Look::Found(value) => {
                    self.touch(value);
                    return Some(value);
                }
                Look::Absent => return None,
                Look::Again => {}
            }
        }
    }
    fn look(&self, name: usize) -> Look {
        let shape = self.shape.load(Acquire);
        if shape == DICT {
            // `instance_dict`: the conversion holds the lock until the dict is complete and there.
            if self.has_dict.load(Acquire) == 0 {
                drop(self.enter());
                assert_eq!(self.has_dict.load(Acquire), 1);
            }
            return match self.dict.lock().unwrap()[name] {
                0 => Look::Absent,
                value => Look::Found(value),
            };
        }
        let Some(index) = Self::index(shape, name) else { return Look::Absent };
        match self.slots[index].load(Acquire) {
            0 => {
                drop(self.enter());
                if self.shape.load(Acquire) == shape { Look::Absent } else { Look::Again }
            }
            value => Look::Found(value),
        }
    }

    /// `set_attribute`.
    fn set(&self, name: usize, value: u64) {
        let shape = self.shape.load(Acquire);
        if shape == DICT {
            return self.set_in_dict(name, value);
        }
        if let Some(index) = Self::index(shape, name) {
            return self.store_inline(index, name, value);
        }
        let section = self.enter();
        let now = self.shape.load(Acquire);
        if now == DICT {
            drop(section);
            return self.set_in_dict(name, value);
        }
        let old = self.slots[name].swap(value, AcqRel);
        if now == ONLY_A && name == B {
            assert_eq!(old, 0, "no shape named the slot");
            self.shape.store(A_AND_B, Release);
        }
        drop(section);
        self.drop_value(old);
    }
    /// `store_inline`.
    fn store_inline(&self, index: usize, name: usize, value: u64) {
        let old = self.slots[index].swap(value, AcqRel);
        if self.shape.load(Acquire) == DICT {
            self.move_parked(index, name);
        }
        self.drop_value(old);
    }
    /// The slots were, or are being, moved to the dict: so is what was stored behind that.
    fn move_parked(&self, index: usize, name: usize) {
        // Both locks: between the two steps the value would be nowhere.
        let _section = self.enter();
        let mut dict = self.dict.lock().unwrap();
        let value = self.slots[index].swap(0, AcqRel);
        if value != 0 {
            let old = std::mem::replace(&mut dict[name], value);
            self.drop_value(old);
        }
    }
    fn set_in_dict(&self, name: usize, value: u64) {
        if self.has_dict.load(Acquire) == 0 {
            drop(self.enter());
        }
        let old = std::mem::replace(&mut self.dict.lock().unwrap()[name], value);
        self.drop_value(old);
    }
    /// `dict_of`.
    fn convert(&self) {
        let _section = self.enter();
        let shape = self.shape.load(Acquire);
        if shape == DICT {
            return;
        }
        self.shape.store(DICT, Release);
        let mut dict = self.dict.lock().unwrap();
        for name in [A, B] {
            if Self::index(shape, name).is_some() {
                dict[name] = self.slots[name].swap(0, AcqRel);
            }
        }
        drop(dict);
        self.has_dict.store(1, Release);
    }

    /// At the end: `A` is one of `wanted`, `B` is `b`, and all other values made were dropped once.
    fn finish(&self, made: &[u64], wanted: &[u64], b: Option<u64>) {
        let a = self.get(A).expect("it was never deleted");
        // No write was lost.
        assert!(wanted.contains(&a));
        assert_eq!(self.get(B), b);
        for value in [FIRST].iter().chain(made) {
            let alive = *value == a || Some(*value) == b;
            assert_eq!(self.dropped[*value as usize].load(Relaxed), usize::from(!alive), "value {value}");
        }
    }
}

fn spawn(instance: &Arc<Instance>, work: impl FnOnce(&Instance) + 'static) -> thread::JoinHandle<()> {
    let instance = instance.clone();
    thread::spawn(move || work(&instance))
}

#[test]
fn reads_and_writes_against_an_addition() {
    explore(4, || {
        let instance = Instance::new();
        let writer = spawn(&instance, |i| i.set(A, i.make(2)));
        let reader = spawn(&instance, |i| {
            let b = i.get(B);
            assert!(b.is_none() || b == Some(3));
            assert!(matches!(i.get(A), Some(FIRST | 2)));
            // An attribute never goes.
            assert!(b.is_none() || i.get(B) == b);
        });
        instance.set(B, instance.make(3));
        writer.join().unwrap();
        reader.join().unwrap();
        instance.finish(&[2], &[2], Some(3));
    });
}

#[test]
fn two_additions() {
    explore(5, || {
        let instance = Instance::new();
        let other = spawn(&instance, |i| i.set(B, i.make(2)));
        instance.set(B, instance.make(3));
        other.join().unwrap();
        let b = instance.get(B);
        assert!(matches!(b, Some(2 | 3)));
        instance.finish(&[2, 3], &[FIRST], b);
    });
}

#[test]
fn a_write_against_the_dict() {
    explore(5, || {
        let instance = Instance::new();
        let writer = spawn(&instance, |i| {
            i.set(A, i.make(2));
            assert_eq!(i.get(A), Some(2));
            i.set(A, i.make(3));
        });
        instance.convert();
        writer.join().unwrap();
        instance.finish(&[2, 3], &[3], None);
    });
}

/// One writer must not carry another's value about while that one goes on.
#[test]
fn two_writers_against_the_dict() {
    explore(3, || {
        let instance = Instance::new();
        let one = spawn(&instance, |i| i.set(A, i.make(2)));
        let other = spawn(&instance, |i| {
            i.set(A, i.make(3));
            // Not what was there before its write.
            assert!(matches!(i.get(A), Some(2 | 3)));
            i.set(A, i.make(4));
        });
        instance.convert();
        one.join().unwrap();
        other.join().unwrap();
        instance.finish(&[2, 3, 4], &[2, 4], None);
    });
}

#[test]
fn reads_against_the_dict() {
    explore(4, || {
        let instance = Instance::new();
        instance.set(B, instance.make(2));
        let reader = spawn(&instance, |i| {
            assert_eq!(i.get(A), Some(FIRST));
            assert_eq!(i.get(B), Some(2));
        });
        instance.convert();
        reader.join().unwrap();
        instance.finish(&[2], &[FIRST], Some(2));
    });
}

#[test]
fn an_addition_against_the_dict() {
    explore(4, || {
        let instance = Instance::new();
        let adder = spawn(&instance, |i| {
            i.set(B, i.make(2));
            assert_eq!(i.get(B), Some(2));
        });
        let reader = spawn(&instance, |i| assert_eq!(i.get(A), Some(FIRST)));
        instance.convert();
        adder.join().unwrap();
        reader.join().unwrap();
        instance.finish(&[2], &[FIRST], Some(2));
    });
}
