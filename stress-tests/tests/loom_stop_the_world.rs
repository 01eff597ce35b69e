//! The handshake: a stop against running, detaching, attaching, registering and leaving threads, and against a second initiator.
#![cfg(loom)]

use loom::thread;
use taipan_stress::model::explore;
use taipan_threading::sync::{Arc, UnsafeCell};
use taipan_threading::{Registry, ThreadState, detached};

/// Stands for the objects: a running thread touches its own part, the initiator all.
struct World([UnsafeCell<usize>; 2]);

// SAFETY: exclusion by the stop is what loom checks.
unsafe impl Sync for World {}
// SAFETY: as above.
unsafe impl Send for World {}

impl World {
    fn new() -> Arc<World> {
        Arc::new(World([UnsafeCell::new(0), UnsafeCell::new(0)]))
    }

    fn touch(&self, index: usize) {
        // SAFETY: attached, and nobody else has this index.
        self.0[index].with_mut(|value| unsafe { *value += 1 });
    }

    fn touch_all(&self) {
        self.touch(0);
        self.touch(1);
    }
}

/// One thread runs `mutator`; this one, `attached` or not even registered, stops the world.
fn race(preemptions: usize, attached: bool, mutator: fn(&World, &'static ThreadState)) {
    explore(preemptions, move || {
        let registry = Registry::leaked();
        let world = World::new();
        if attached {
            registry.register();
            registry.prepare_thread_start();
        }
        let handle = {
            let world = world.clone();
            thread::spawn(move || {
                let me = registry.register();
                mutator(&world, me);
                registry.unregister(|| world.touch(0));
            })
        };
        if attached {
            world.touch(1);
        }
        registry.stop_the_world(|stopped| {
            world.touch_all();
            assert!(stopped.threads().count() <= 2);
        });
        if attached {
            world.touch(1);
            registry.unregister(|| {});
        }
        handle.join().unwrap();
        assert_eq!(registry.threads().count(), 0);
    });
}

#[test]
fn against_a_running_thread() {
    race(5, true, |world, me| {
        world.touch(0);
        me.handle_stop();
        world.touch(0);
    });
}

#[test]
fn against_detaching_and_attaching() {
    race(5, true, |world, _| {
        world.touch(0);
        detached(|| {});
        world.touch(0);
    });
}

#[test]
fn by_a_thread_that_is_not_registered() {
    race(5, false, |world, me| {
        world.touch(0);
        me.handle_stop();
        detached(|| {});
        world.touch(0);
    });
}

#[test]
fn two_initiators() {
    explore(4, || {
        let registry = Registry::leaked();
        let world = World::new();
        registry.register();
        registry.prepare_thread_start();
        let handle = {
            let world = world.clone();
            thread::spawn(move || {
                registry.register();
                world.touch(0);
                registry.stop_the_world(|_| world.touch_all());
                world.touch(0);
                registry.unregister(|| {});
            })
        };
        world.touch(1);
        registry.stop_the_world(|_| world.touch_all());
        world.touch(1);
        registry.unregister(|| {});
        handle.join().unwrap();
        assert_eq!(registry.stop_stats().stops, 2);
    });
}

#[test]
fn two_initiators_and_a_mutator() {
    explore(2, || {
        let registry = Registry::leaked();
        let world = World::new();
        registry.register();
        registry.prepare_thread_start();
        let mutator = {
            let world = world.clone();
            thread::spawn(move || {
                registry.register();
                world.touch(0);
                detached(|| {});
                world.touch(0);
                registry.unregister(|| {});
            })
        };
        let initiator = {
            let world = world.clone();
            thread::spawn(move || registry.stop_the_world(|_| world.touch_all()))
        };
        world.touch(1);
        registry.stop_the_world(|_| world.touch_all());
        world.touch(1);
        registry.unregister(|| {});
        mutator.join().unwrap();
        initiator.join().unwrap();
    });
}

/// Works in the place of `owner`, if that is detached.
fn help(registry: &'static Registry, world: &World, owner: &'static ThreadState) {
    let _done = owner.while_detached(|| world.touch(0));
    registry.unregister(|| {});
}

#[test]
fn work_for_a_detached_thread() {
    explore(4, || {
        let registry = Registry::leaked();
        let world = World::new();
        let owner = registry.register();
        registry.prepare_thread_start();
        let helper = {
            let world = world.clone();
            thread::spawn(move || {
                registry.register();
                help(registry, &world, owner);
            })
        };
        world.touch(0);
        detached(|| {});
        world.touch(0);
        registry.unregister(|| {});
        helper.join().unwrap();
    });
}

#[test]
fn work_for_a_detached_thread_against_a_stop() {
    explore(3, || {
        let registry = Registry::leaked();
        let world = World::new();
        let owner = registry.register();
        registry.prepare_thread_start();
        let helper = {
            let world = world.clone();
            thread::spawn(move || {
                registry.register();
                help(registry, &world, owner);
            })
        };
        let initiator = {
            let world = world.clone();
            thread::spawn(move || registry.stop_the_world(|_| world.touch_all()))
        };
        world.touch(0);
        detached(|| {});
        world.touch(0);
        registry.unregister(|| {});
        helper.join().unwrap();
        initiator.join().unwrap();
    });
}

#[test]
fn the_second_thread_starts_at_a_safepoint_of_the_first() {
    explore(4, || {
        let registry = Registry::leaked();
        let counter = Arc::new(World::new());
        let me = registry.register();
        let handle = {
            let counter = counter.clone();
            thread::spawn(move || {
                registry.register();
                // Not multi-threaded only if the first has left.
                counter.touch(0);
                registry.unregister(|| {});
            })
        };
        // Without a safepoint between the look and the plain access.
        if !registry.multi_threaded() {
            counter.touch(0);
        }
        me.handle_stop();
        registry.unregister(|| {});
        handle.join().unwrap();
    });
}
