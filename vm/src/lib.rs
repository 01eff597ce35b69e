//! The virtual machine: threads, frames, the interpreter loop, and what calls up from the object model.

pub mod builtins;
pub mod error_display;
pub mod extension;
pub mod frame;
pub mod frame_object;
pub mod import;
pub mod init;
pub mod interpreter;
pub mod interpreters;
pub mod marshal;
pub mod perf;
pub mod registers;
pub mod run;
pub mod safepoint;
pub mod stack_dump;
pub mod super_arguments;
pub mod sys;
pub mod thread;
pub mod tier;
pub mod trace;
pub mod tracemalloc;
pub mod warnings;
