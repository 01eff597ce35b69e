//! Watched dicts: whoever begins to watch and then reads is told of every change of what was read; the mark of a dict that nobody
//! watches any more goes without taking a new watcher's with it; a watcher whose registration has ended is not called.
//!
//! The protocol of `objects/src/watch.rs`, `watch/dict.rs` and `dict/watched.rs` in small: one dict with one value, whose lock is a mutex.
#![cfg(loom)]

use loom::sync::{Arc, Mutex};
use loom::thread;
use taipan_stress::model::explore;
use taipan_threading::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use taipan_threading::sync::atomic::{AtomicBool, AtomicUsize};

/// A registered watcher and what it was told.
struct Watcher {
    live: AtomicBool,
    told: AtomicUsize,
}

struct Model {
    /// The dict's lock.
    lock: Mutex<()>,
    /// The flag in the dict's header.
    watched: AtomicBool,
    value: AtomicUsize,
    /// The side table: who watches the dict.
    table: Mutex<Vec<usize>>,
    watchers: [Watcher; 2],
}

impl Model {
    fn new() -> Arc<Model> {
        let watcher = || Watcher { live: AtomicBool::new(true), told: AtomicUsize::new(0) };
        Arc::new(Model {
            lock: Mutex::new(()),
            watched: AtomicBool::new(false),
            value: AtomicUsize::new(0),
            table: Mutex::new(Vec::new()),
            watchers: [watcher(), watcher()],
        })
    }
    /// `DictRegistration::watch`.
    fn watch(&self, number: usize) {
        let _section = self.lock.lock().unwrap();
        self.table.lock().unwrap().push(number);
        self.watched.store(true, Relaxed);
    }
    /// `Registration::drop`: the flag stays.
    fn forget(&self, number: usize) {
        self.watchers[number].live.store(false, Release);
        self.table.lock().unwrap().retain(|n| *n != number);
    }
    /// `PyDict::set_counted`.
    fn store(&self, value: usize) {
        let section = self.lock.lock().unwrap();
        if self.watched.load(Relaxed) {
            drop(section);
            return self.store_watched(value);
        }
        self.value.store(value, Relaxed);
    }
    /// `PyDict::change_watched`.
    fn store_watched(&self, value: usize) {
        let watchers = self.table.lock().unwrap().clone();
        if watchers.is_empty() {
            let section = self.lock.lock().unwrap();
            if self.table.lock().unwrap().is_empty() {
                self.watched.store(false, Relaxed);
            }
            drop(section);
            // The change is looked at anew, as by `change_watched`'s caller the next time.
            return self.store(value);
        }
        for number in watchers {
            let watcher = &self.watchers[number];
            if watcher.live.load(Acquire) {
                watcher.told.fetch_add(1, Relaxed);
            }
        }
        let _section = self.lock.lock().unwrap();
        self.value.store(value, Relaxed);
    }
    /// The dict's value, read under its lock.
    fn read(&self) -> usize {
        let _section = self.lock.lock().unwrap();
        self.value.load(Relaxed)
    }
    fn told(&self, number: usize) -> usize {
        self.watchers[number].told.load(Relaxed)
    }
}

#[test]
fn a_change_against_the_first_watch() {
    explore(4, || {
        let model = Model::new();
        let writer = {
            let model = model.clone();
            thread::spawn(move || model.store(1))
        };
        model.watch(0);
        let read = model.read();
        writer.join().unwrap();
        assert!(model.read() == read || model.told(0) > 0);
    });
}

#[test]
fn a_stale_mark_against_a_new_watch() {
    explore(4, || {
        let model = Model::new();
        model.watch(0);
        model.forget(0);
        let writers: Vec<_> = [1, 2]
            .into_iter()
            .map(|value| {
                let model = model.clone();
                thread::spawn(move || model.store(value))
            })
            .collect();
        model.watch(1);
        let read = model.read();
        for writer in writers {
            writer.join().unwrap();
        }
        assert!(model.read() == read || model.told(1) > 0);
        assert_eq!(model.told(0), 0);
    });
}

#[test]
fn a_change_against_the_end() {
    explore(4, || {
        let model = Model::new();
        model.watch(0);
        let ender = {
            let model = model.clone();
            thread::spawn(move || {
                model.forget(0);
                model.told(0)
            })
        };
        model.store(1);
        let at_the_end = ender.join().unwrap();
        // A callback that was begun may still be at work; none is begun afterwards.
        assert!(model.told(0) <= 1 && at_the_end <= 1);
        model.store(2);
        assert!(model.told(0) <= 1);
    });
}
