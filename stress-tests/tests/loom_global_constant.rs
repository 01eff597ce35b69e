//! A site remembers a value of a namespace that lasts (a function, a class), or needs no count (a number), with the version of the namespace alone, and reads it without looking at
//! the slot. Who replaces the former knows by the value that it may be remembered; of the latter it is said before.
//!
//! `objects/src/dict/hash_core.rs` (`replace_value`, `remember`, `keys_version`), `PyDict::constant_at` and `vm/src/interpreter/ops/name.rs` (`remember`,
//! `constant_at_once`) in small: one entry, its version, one site. Values are numbers; that they stay readable is the collector's matter (it ends such
//! objects in stops only). What must hold: who has seen a value that was stored later never gets an earlier one from the site.
#![cfg(loom)]

use loom::sync::{Arc, Mutex};
use loom::thread;
use taipan_stress::model::explore;
use taipan_threading::sync::atomic::AtomicU64;
use taipan_threading::sync::atomic::Ordering::{Acquire, Relaxed, Release};

const OLD: u64 = 1;
const NEW: u64 = 2;

struct Namespace {
    /// The object's lock.
    lock: Mutex<u64>,
    version: AtomicU64,
    slot: AtomicU64,
    /// Whether the values last.
    lasting: bool,
    /// Whether somebody may remember one that does not.
    remembered: AtomicU64,
    /// The site: version and value of the record that it points to; 0: nothing remembered.
    site: AtomicU64,
}

impl Namespace {
    fn new(lasting: bool) -> Arc<Namespace> {
        Arc::new(Namespace {
            lasting,
            remembered: AtomicU64::new(0),
            lock: Mutex::new(1),
            version: AtomicU64::new(1),
            slot: AtomicU64::new(OLD),
            site: AtomicU64::new(0),
        })
    }
    /// `HashCore::replace_value`.
    fn replace(&self, value: u64) {
        let _section = self.lock.lock().unwrap();
        if self.version.load(Relaxed) != 0 && (self.lasting || self.remembered.load(Relaxed) != 0) {
            self.version.store(0, Relaxed);
        }
        self.slot.store(value, Release);
    }
    /// `HashCore::keys_version`: a number that there never was.
    fn version(&self) -> u64 {
        let version = self.version.load(Acquire);
        if version != 0 {
            return version;
        }
        let mut last = self.lock.lock().unwrap();
        if self.version.load(Relaxed) == 0 {
            *last += 1;
            self.version.store(*last, Release);
        }
        self.version.load(Relaxed)
    }
    /// `load_global` and `remember`.
    fn look_up(&self) -> u64 {
        let version = self.version();
        let value = self.slot.load(Acquire);
        let constant = self.remember();
        if self.version.load(Acquire) == version {
            self.site.store(version << 8 | constant, Release);
        }
        value
    }
    /// `HashCore::remember`.
    fn remember(&self) -> u64 {
        let mut value = self.slot.load(Acquire);
        if !self.lasting {
            let _section = self.lock.lock().unwrap();
            self.remembered.store(1, Relaxed);
            value = self.slot.load(Acquire);
        }
        value
    }
    /// `constant_at_once`, or else `look_up`.
    fn read(&self) -> u64 {
        let site = self.site.load(Acquire);
        if site != 0 && self.version.load(Acquire) == site >> 8 {
            return site & 0xFF;
        }
        self.look_up()
    }
}

fn a_later_value_is_not_followed_by_an_earlier_one(lasting: bool) {
    explore(4, move || {
        let namespace = Namespace::new(lasting);
        namespace.read();
        let writer = {
            let namespace = namespace.clone();
            thread::spawn(move || namespace.replace(NEW))
        };
        let first = namespace.read();
        let second = namespace.read();
        assert!(second >= first);
        if namespace.slot.load(Acquire) == NEW {
            assert_eq!(namespace.read(), NEW);
        }
        writer.join().unwrap();
        assert_eq!(namespace.read(), NEW);
    });
}

fn a_site_filled_during_the_change_is_not_believed_after_it(lasting: bool) {
    explore(4, move || {
        let namespace = Namespace::new(lasting);
        let writer = {
            let namespace = namespace.clone();
            thread::spawn(move || namespace.replace(NEW))
        };
        let reader = {
            let namespace = namespace.clone();
            thread::spawn(move || {
                let first = namespace.read();
                assert!(namespace.read() >= first);
            })
        };
        writer.join().unwrap();
        assert_eq!(namespace.read(), NEW);
        reader.join().unwrap();
        assert_eq!(namespace.read(), NEW);
    });
}

#[test]
fn later_values_that_last() {
    a_later_value_is_not_followed_by_an_earlier_one(true);
}

#[test]
fn later_values_that_need_no_count() {
    a_later_value_is_not_followed_by_an_earlier_one(false);
}

#[test]
fn sites_filled_with_what_lasts() {
    a_site_filled_during_the_change_is_not_believed_after_it(true);
}

#[test]
fn sites_filled_with_what_needs_no_count() {
    a_site_filled_during_the_change_is_not_believed_after_it(false);
}
