//! What can be built on the interpreter's hooks, each in one file: a profiler, a compiler of functions with guards, a checker of classes, and
//! three instructions of one's own. `docs/hooks.md` explains them; `tests/hooks.rs` runs them.
#![forbid(unsafe_code)]

pub mod checker;
pub mod jit;
pub mod opcodes;
pub mod profiler;
