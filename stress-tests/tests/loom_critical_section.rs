//! Critical sections: exclusion, two objects in any order, suspension while blocked.
#![cfg(loom)]

use loom::thread;
use taipan_stress::model::explore;
use taipan_threading::sync::{Arc, UnsafeCell};
use taipan_threading::{Event, ObjectLock, Registry, with_section, with_section2};

struct Objects {
    locks: [ObjectLock; 2],
    values: [UnsafeCell<usize>; 2],
}

// SAFETY: a value is only touched in a section on its lock, which is what loom checks.
unsafe impl Sync for Objects {}
// SAFETY: as above.
unsafe impl Send for Objects {}

impl Objects {
    fn new() -> Arc<Objects> {
        Arc::new(Objects {
            locks: [ObjectLock::new(), ObjectLock::new()],
            values: [UnsafeCell::new(0), UnsafeCell::new(0)],
        })
    }

    fn touch(&self, index: usize) {
        // SAFETY: in a section on the lock of the same index.
        self.values[index].with_mut(|value| unsafe { *value += 1 });
    }

    fn both(&self, one: usize, other: usize) {
        with_section2(&self.locks[one], &self.locks[other], || {
            self.touch(one);
            self.touch(other);
        });
    }

    fn nested(&self, outer: usize, inner: usize) {
        with_section(&self.locks[outer], || {
            self.touch(outer);
            with_section(&self.locks[inner], || self.touch(inner));
            // Possibly suspended in between, but held again now.
            self.touch(outer);
        });
    }
}

/// Runs the two functions in two registered threads.
fn race(preemptions: usize, left: fn(&Objects), right: fn(&Objects)) {
    explore(preemptions, move || {
        let registry = Registry::leaked();
        let objects = Objects::new();
        registry.register();
        registry.prepare_thread_start();
        let handle = {
            let objects = objects.clone();
            thread::spawn(move || {
                registry.register();
                right(&objects);
                registry.unregister(|| {});
            })
        };
        left(&objects);
        registry.unregister(|| {});
        handle.join().unwrap();
        assert!(!objects.locks.iter().any(ObjectLock::is_locked));
    });
}

#[test]
fn two_objects_in_either_order() {
    race(4, |objects| objects.both(0, 1), |objects| objects.both(1, 0));
}

#[test]
fn nesting_in_opposite_orders() {
    race(4, |objects| objects.nested(0, 1), |objects| objects.nested(1, 0));
}

#[test]
fn nesting_against_two_objects() {
    race(4, |objects| objects.nested(1, 0), |objects| objects.both(0, 1));
}

#[test]
fn a_blocked_thread_lets_go() {
    explore(6, || {
        let registry = Registry::leaked();
        let objects = Objects::new();
        let event = Arc::new(Event::new());
        registry.register();
        registry.prepare_thread_start();
        let handle = {
            let (objects, event) = (objects.clone(), event.clone());
            thread::spawn(move || {
                registry.register();
                with_section(&objects.locks[0], || objects.touch(0));
                event.set();
                with_section(&objects.locks[0], || objects.touch(0));
                registry.unregister(|| {});
            })
        };
        with_section(&objects.locks[0], || {
            objects.touch(0);
            // The other thread needs our lock to get there.
            let _set = event.wait(None, false);
            objects.touch(0);
        });
        registry.unregister(|| {});
        handle.join().unwrap();
    });
}
