//! The facade over the standard library's or loom's concurrency primitives.
//!
//! Everything in the workspace that takes part in a modelled protocol gets its atomics, locks,
//! cells and threads from here, so that `--cfg loom` swaps all of them at once. `Mutex` and
//! `Condvar` have one signature in both worlds: `lock` ignores poisoning, `wait` takes the guard
//! by reference. The standard (futex) mutex is used rather than `parking_lot`'s because it keeps no
//! process-wide table: a forked child can go on using it.

#[cfg(loom)]
#[path = "sync/loom.rs"]
mod imp;
#[cfg(not(loom))]
#[path = "sync/std.rs"]
mod imp;

pub use imp::*;
pub use std::sync::OnceLock;
pub use std::time::{Duration, Instant};

/// Defines a `const fn` that loses its `const` under loom, whose primitives have no const constructor.
#[macro_export]
macro_rules! const_fn {
    ($(#[$meta:meta])* $vis:vis const fn $name:ident($($arg:ident: $type:ty),* $(,)?) -> $ret:ty $body:block) => {
        #[cfg(not(loom))]
        $(#[$meta])*
        $vis const fn $name($($arg: $type),*) -> $ret $body
        #[cfg(loom)]
        $(#[$meta])*
        $vis fn $name($($arg: $type),*) -> $ret $body
    };
}
