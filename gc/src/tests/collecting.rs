//! The collector on one thread.

use super::mock::*;
use crate::{Py, collector, thread};

fn cycle() -> Py<Node> {
    let (a, b) = (node(), node());
    a.set(0, b.as_obj());
    b.set(0, a.as_obj());
    b.set(1, leaf(0).as_obj());
    a
}

#[test]
fn cycles_are_found_and_the_rest_stays() {
    check(|| {
        let kept = cycle();
        drop(cycle());
        let result = collector::collect(2);
        assert_eq!((result.collected, result.uncollectable), (2, 0));
        assert_eq!((get(&NODES_DROPPED), get(&LEAVES_DROPPED)), (2, 1));
        drop(kept);
        assert_eq!(collector::collect(0).collected, 2);
        assert_eq!((get(&NODES_DROPPED), get(&LEAVES_DROPPED)), (4, 2));
    });
}

#[test]
fn finalizers_of_cycles_run_once_and_resurrect() {
    check(|| {
        let keeper = node();
        let shelf = keeper.clone();
        FINALIZER.set(Some(Box::new(move |object| shelf.set(0, object))));
        let a = finalized_node();
        let b = node();
        a.set(0, b.as_obj());
        b.set(0, a.as_obj());
        drop((a, b));
        // Another cycle in the same collection is not kept.
        drop(cycle());
        assert_eq!(collector::collect(2).collected, 2);
        assert_eq!(get(&FINALIZED), 1);
        FINALIZER.set(None);
        drop(keeper.slots[0].take());
        assert_eq!(collector::collect(2).collected, 2);
        assert_eq!(get(&FINALIZED), 1);
    });
}

#[test]
fn registers_keep_uncounted_references() {
    check(|| {
        let a = cycle();
        let value = a.as_obj().value().uncounted();
        // SAFETY: uncounted.
        let register = unsafe { crate::Obj::from_value(value) }.unwrap();
        REGISTERS.with(|registers| registers.borrow_mut().push(register));
        drop(a);
        assert_eq!(collector::collect(2).collected, 0);
        REGISTERS.with(|registers| registers.borrow_mut().clear());
        assert_eq!(collector::collect(2).collected, 2);
    });
}

#[test]
fn instances_keep_their_class() {
    check(|| {
        let class = node().defer();
        let object = instance(&class);
        drop(class);
        assert_eq!(collector::collect(2).collected, 0);
        drop(object);
        assert_eq!(get(&NODES_DROPPED), 1);
        assert_eq!(collector::collect(2).collected, 1);
    });
}

#[test]
fn collections_come_by_themselves_and_rarely() {
    check(|| {
        let before = collector::totals()[2].collections;
        let mut kept = Vec::new();
        for i in 0..1_000_000 {
            let object = cycle();
            if i % 2 == 0 {
                kept.push(object);
            }
            safepoint();
        }
        let collections = collector::totals()[2].collections - before;
        assert!((2..20).contains(&collections), "{collections}");
        drop(kept);
        collector::collect(2);
        assert_eq!(get(&NODES_DROPPED), 2_000_000);
        if let Some(thread) = taipan_threading::current() {
            thread::poll(thread);
        }
    });
}

#[test]
fn objects_can_be_listed() {
    check(|| {
        let (a, b) = (node(), leaf(0));
        a.set(0, b.as_obj());
        assert!(collector::get_objects().iter().any(|object| object.is(a.as_obj())));
        assert!(!collector::get_objects().iter().any(|object| object.is(b.as_obj())));
        assert!(collector::get_referrers(&[b.clone().into_obj()])[0].is(a.as_obj()));
        assert!(collector::get_referents(a.as_obj())[0].is(b.as_obj()));
        assert!(collector::is_tracked(a.as_obj()) && !collector::is_tracked(b.as_obj()));
    });
}

#[test]
fn saveall_keeps_garbage() {
    check(|| {
        collector::set_debug(collector::DEBUG_SAVEALL);
        drop(cycle());
        assert_eq!(collector::collect(2).uncollectable, 2);
        collector::set_debug(0);
        let saved = collector::take_saved();
        assert_eq!(saved.len(), 2);
        drop(saved);
        assert_eq!(collector::collect(2).collected, 2);
    });
}
