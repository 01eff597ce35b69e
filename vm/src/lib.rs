//! The virtual machine: threads, frames, the interpreter loop, and what calls up from the object model.

pub mod frame;
pub mod frame_object;
pub mod import;
pub mod interpreter;
pub mod registers;
pub mod safepoint;
pub mod thread;
