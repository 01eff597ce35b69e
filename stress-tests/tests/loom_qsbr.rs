//! Retiring against readers: storage is freed only when no reader can hold it, and it is freed.
#![cfg(loom)]

use loom::thread;
use taipan_stress::model::explore;
use taipan_threading::sync::Arc;
use taipan_threading::sync::UnsafeCell;
use taipan_threading::sync::atomic::AtomicUsize;
use taipan_threading::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use taipan_threading::{Registry, ThreadState, detached, qsbr};

/// Storage 0 is linked at first; 1 replaces it. Freeing is a write, reading a read: loom sees races.
struct Shared {
    linked: AtomicUsize,
    storage: [UnsafeCell<u32>; 2],
    freed: AtomicUsize,
}

// SAFETY: that readers and the freeing do not meet is what loom checks.
unsafe impl Sync for Shared {}
// SAFETY: as above.
unsafe impl Send for Shared {}

impl Shared {
    fn new() -> Shared {
        Shared {
            linked: AtomicUsize::new(0),
            storage: [UnsafeCell::new(7), UnsafeCell::new(7)],
            freed: AtomicUsize::new(0),
        }
    }

    /// A lock-free read, without a safepoint.
    fn read(&self) {
        let index = self.linked.load(Acquire);
        // SAFETY: QSBR keeps it until our next safepoint.
        assert_eq!(self.storage[index].with(|storage| unsafe { *storage }), 7);
    }

    fn replace(shared: &Arc<Shared>) {
        let old = shared.linked.swap(1, AcqRel);
        let shared = shared.clone();
        qsbr::retire(Box::new(move || {
            // SAFETY: nobody reads it any more.
            shared.storage[old].with_mut(|storage| unsafe { *storage = 0xDEAD });
            shared.freed.fetch_add(1, Relaxed);
        }));
    }
}

/// A reader that runs `reader` against a writer that retires, and then looks twice whether it may free.
fn race(reader: fn(&Shared, &'static ThreadState), writer_leaves: bool) {
    explore(3, move || {
        let registry = Registry::leaked();
        let shared = Arc::new(Shared::new());
        let me = registry.register();
        registry.prepare_thread_start();
        let handle = {
            let shared = shared.clone();
            thread::spawn(move || {
                let me = registry.register();
                reader(&shared, me);
                registry.unregister(|| {});
            })
        };
        Shared::replace(&shared);
        if writer_leaves {
            // Whoever passes a safepoint next may free what we leave: the reader, or we when we are back.
            registry.unregister(|| {});
            let me = registry.register();
            me.quiescent();
            handle.join().unwrap();
            me.quiescent();
        } else {
            qsbr::flush();
            me.quiescent();
            me.quiescent();
            handle.join().unwrap();
            me.quiescent();
        }
        assert_eq!(shared.freed.load(Relaxed), 1);
        registry.unregister(|| {});
    });
}

#[test]
fn reader_passes_safepoints() {
    race(
        |shared, me| {
            shared.read();
            me.quiescent();
            shared.read();
        },
        false,
    );
}

#[test]
fn reader_detaches_and_attaches() {
    race(
        |shared, _| {
            shared.read();
            detached(|| {});
            shared.read();
        },
        false,
    );
}

#[test]
fn writer_leaves_its_batch_behind() {
    race(
        |shared, me| {
            shared.read();
            me.quiescent();
            shared.read();
        },
        true,
    );
}

#[test]
fn a_stop_frees_everything() {
    explore(4, || {
        let registry = Registry::leaked();
        let shared = Arc::new(Shared::new());
        registry.register();
        registry.prepare_thread_start();
        let handle = {
            let shared = shared.clone();
            thread::spawn(move || {
                let me = registry.register();
                Shared::replace(&shared);
                shared.read();
                me.handle_stop();
                shared.read();
                registry.unregister(|| {});
            })
        };
        qsbr::barrier_drain();
        registry.unregister(|| {});
        handle.join().unwrap();
        // By a thread that is not registered.
        registry.stop_the_world(|stopped| stopped.reclaim_retired());
        assert_eq!(shared.freed.load(Relaxed), 1);
    });
}

#[test]
fn a_thread_asked_to_stop_is_still_reading() {
    explore(2, || {
        let registry = Registry::leaked();
        let shared = Arc::new(Shared::new());
        let me = registry.register();
        registry.prepare_thread_start();
        let reader = {
            let shared = shared.clone();
            thread::spawn(move || {
                registry.register();
                shared.read();
                registry.unregister(|| {});
            })
        };
        let initiator = thread::spawn(move || registry.stop_the_world(|_| {}));
        Shared::replace(&shared);
        qsbr::flush();
        me.quiescent();
        me.handle_stop();
        registry.unregister(|| {});
        reader.join().unwrap();
        initiator.join().unwrap();
        registry.stop_the_world(|stopped| stopped.reclaim_retired());
        assert_eq!(shared.freed.load(Relaxed), 1);
    });
}
