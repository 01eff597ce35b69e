//! Executing bytecode. `dispatch` is the loop with the hot cases; the families of operations are in `ops`, calls in `call`,
//! handlers and tracebacks in `unwind`, suspended frames in `generators`.
//!
//! Contract between the loop and the operations: the loop saves `pc` in the frame before it calls anything that may look at
//! frames, run Python code or raise; an operation returns `Err(Raised)` with the exception in the thread and has then written no register.

pub mod call;
pub mod dispatch;
pub mod generators;
pub mod ops;
pub mod unwind;

pub use dispatch::run;
