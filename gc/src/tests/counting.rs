//! One thread: counts, prompt death, nesting, finalizers, the heap.

use super::mock::*;
use crate::{HeaderFlags, Obj, heap, refcount};

#[test]
fn last_reference_frees_at_once() {
    check(|| {
        let object = leaf(1).into_obj();
        assert!(refcount::is_unique(&object));
        let other = object.clone();
        assert!(!refcount::is_unique(&object));
        assert_eq!(refcount::getrefcount(object.header().unwrap()), 2);
        drop(object);
        assert_eq!(get(&LEAVES_DROPPED), 0);
        drop(other);
        assert_eq!(get(&LEAVES_DROPPED), 1);
    });
}

#[test]
fn blocks_are_reused_and_extra_is_zero() {
    check(|| {
        let first = leaf(7);
        let address = first.as_ptr();
        drop(first);
        let second = leaf(8);
        assert_eq!(second.as_ptr(), address);
        assert_eq!(second.number, 8);
    });
}

#[test]
fn many_objects_of_all_sizes() {
    check(|| {
        let mut objects = Vec::new();
        for i in 0..100_000_u64 {
            objects.push(leaf(i));
        }
        assert!(objects.iter().enumerate().all(|(i, object)| object.number == i as u64));
        objects.retain(|object| object.number % 3 == 0);
        for i in 0..100_000 {
            objects.push(leaf(i));
        }
        drop(objects);
        assert_eq!(get(&LEAVES_DROPPED), 200_000);
        assert!(heap::stats().objects < 100);
    });
}

#[test]
fn deep_structures_do_not_overflow_the_stack() {
    check(|| {
        let mut head: Option<Obj> = None;
        for _ in 0..1_000_000 {
            let next = node();
            if let Some(head) = head.take() {
                next.slots[0].store(head);
            }
            head = Some(next.into_obj());
        }
        drop(head);
        assert_eq!(get(&NODES_DROPPED), 1_000_000);
    });
}

#[test]
fn finalizer_runs_once_and_may_resurrect() {
    check(|| {
        let keeper = node();
        let shelf = keeper.clone();
        FINALIZER.set(Some(Box::new(move |object| shelf.set(0, object))));
        let object = finalized_node();
        drop(object);
        assert_eq!((get(&FINALIZED), get(&NODES_DROPPED)), (1, 0));
        assert!(keeper.slots[0].load().unwrap().header().unwrap().has_flag(HeaderFlags::FINALIZED));
        drop(keeper.slots[0].take());
        assert_eq!((get(&FINALIZED), get(&NODES_DROPPED)), (1, 1));
        FINALIZER.set(None);
    });
}

#[test]
fn chains_of_finalized_nodes() {
    check(|| {
        let mut head: Option<Obj> = None;
        for _ in 0..10_000 {
            let next = finalized_node();
            if let Some(head) = head.take() {
                next.slots[0].store(head);
            }
            head = Some(next.into_obj());
        }
        // Finalizers that drop the next one nest.
        FINALIZER.set(Some(Box::new(|object| drop(object.downcast::<Node>().unwrap().slots[0].take()))));
        drop(head);
        FINALIZER.set(None);
        drop(leaf(0));
        assert_eq!((get(&FINALIZED), get(&NODES_DROPPED)), (10_000, 10_000));
    });
}

#[test]
fn immortal_objects_stay() {
    check(|| {
        let object = leaf(1);
        object.immortalize();
        let copies: Vec<_> = (0..10).map(|_| object.clone()).collect();
        drop(copies);
        drop(object);
        assert_eq!(get(&LEAVES_DROPPED), 0);
    });
}
