//! (first form)
pub mod sync { pub mod atomic { pub use std::sync::atomic::*; } }
pub fn current_slot() -> u16 { 1 }
pub fn multi_threaded() -> bool { true }
pub struct ObjectLock(std::sync::atomic::AtomicU8);
impl ObjectLock { pub const fn new() -> Self { ObjectLock(std::sync::atomic::AtomicU8::new(0)) } }
