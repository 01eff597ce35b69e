//! fork with other threads around.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::{ObjectLock, Registry, after_fork_child, after_fork_parent, before_fork, detached, with_section};

#[test]
#[cfg_attr(miri, ignore = "no fork under Miri")]
fn the_child_is_alone() {
    let registry = Registry::leaked();
    let me = registry.register();
    registry.prepare_thread_start();
    let done = AtomicBool::new(false);
    let lock = ObjectLock::new();
    thread::scope(|scope| {
        for index in 0..3 {
            let (done, lock) = (&done, &lock);
            scope.spawn(move || {
                let me = registry.register();
                while !done.load(Ordering::Relaxed) {
                    me.handle_stop();
                    with_section(lock, || detached(thread::yield_now));
                    if index == 0 {
                        lock.lock();
                        lock.unlock();
                    }
                }
                registry.unregister(|| {});
            });
        }
        for _ in 0..20 {
            detached(|| thread::sleep(Duration::from_millis(1)));
            before_fork();
            // SAFETY: the world is stopped; the child only uses this crate and _exit.
            let child = unsafe { libc::fork() };
            if child == 0 {
                let vanished = after_fork_child();
                let alone = registry.threads().count() == 1 && vanished.len() <= 3 && me.is_attached();
                // What the others held is free, and stops and locks still work.
                let free = lock.lock_timeout(Duration::from_secs(2));
                lock.unlock();
                registry.stop_the_world(|stopped| stopped.reclaim_retired());
                // SAFETY: ends the child without running the parent's exit handlers.
                unsafe { libc::_exit(if alone && free { 0 } else { 1 }) };
            }
            after_fork_parent();
            assert!(child > 0);
            let mut status = 0;
            // SAFETY: waits for the child just made.
            detached(|| unsafe { libc::waitpid(child, &mut status, 0) });
            assert_eq!(status, 0);
        }
        done.store(true, Ordering::Relaxed);
        detached(|| {});
        registry.unregister(|| {});
    });
}
