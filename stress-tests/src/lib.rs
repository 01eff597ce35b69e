//! What the stress binary, the loom models and the benches share.
//!
//! The models are integration tests (`tests/loom_*.rs`), the Python programs lie in `python/`. Invariant: all
//! randomness comes from a seed that is printed, so that a run can be repeated.

pub mod interpreter;
#[cfg(loom)]
pub mod model;
pub mod random;
pub mod run;
