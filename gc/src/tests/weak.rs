//! Weak references on one thread.

use super::mock::*;
use crate::{collector, weakref};

#[test]
fn upgrade_until_death() {
    check(|| {
        let target = node().into_obj();
        let first = weak(&target);
        let second = weak(&target);
        assert_eq!(weakref::count(&target), 2);
        assert!(weakref::list(&target)[1].is(second.as_obj()));
        assert!(weakref::upgrade(&first.slot).unwrap().is(&target));
        drop(second);
        assert_eq!(weakref::count(&target), 1);
        drop(target);
        assert!(weakref::upgrade(&first.slot).is_none());
        assert_eq!((get(&CALLBACKS), get(&NODES_DROPPED)), (1, 1));
    });
}

#[test]
fn weak_objects_may_die_first() {
    check(|| {
        let target = node();
        drop(weak(target.as_obj()));
        assert_eq!(weakref::count(target.as_obj()), 0);
        drop(target);
        assert_eq!(get(&CALLBACKS), 0);
    });
}

#[test]
fn weak_references_see_the_object_during_its_finalizer() {
    check(|| {
        let target = finalized_node();
        let watcher = weak(target.as_obj());
        let inside = watcher.clone();
        FINALIZER
            .set(Some(Box::new(move |object| assert!(weakref::upgrade(&inside.slot).unwrap().is(object)))));
        drop(target);
        FINALIZER.set(None);
        assert!(watcher.slot.is_dead());
        assert_eq!(get(&FINALIZED), 1);
    });
}

#[test]
fn cyclic_garbage_empties_weak_references() {
    check(|| {
        let a = node();
        a.set(0, a.as_obj());
        let outside = weak(a.as_obj());
        // A weak reference that is garbage itself gets no callback.
        let inside = weak(a.as_obj());
        a.set(1, inside.as_obj());
        drop((a, inside));
        assert!(weakref::upgrade(&outside.slot).is_some());
        assert_eq!(collector::collect(2).collected, 2);
        assert!(outside.slot.is_dead());
        assert_eq!(get(&CALLBACKS), 1);
    });
}

#[test]
fn deferred_objects_without_counts_can_be_upgraded() {
    check(|| {
        let target = node().defer();
        let watcher = weak(target.as_obj());
        // SAFETY: uncounted.
        let register = unsafe { crate::Obj::from_value(target.as_obj().value().uncounted()) }.unwrap();
        REGISTERS.with(|registers| registers.borrow_mut().push(register));
        drop(target);
        assert_eq!(collector::collect(2).collected, 0);
        assert!(weakref::upgrade(&watcher.slot).is_some());
        REGISTERS.with(|registers| registers.borrow_mut().clear());
        assert_eq!(collector::collect(2).collected, 1);
        assert!(watcher.slot.is_dead());
    });
}
