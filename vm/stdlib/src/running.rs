//! The right to run of methods that keep a second call of theirs out, from code that they call or from another thread, instead of waiting.

use taipan_threading::sync::atomic::{AtomicBool, Ordering};

/// The right to run, given back at the end. The flag is set as long as somebody has it.
pub struct Running<'a>(&'a AtomicBool);

impl<'a> Running<'a> {
    /// `None` if somebody has it already.
    pub fn begin(flag: &'a AtomicBool) -> Option<Running<'a>> {
        // Acquire: sees what the run before has left; pairs with the release in `drop`.
        let taken = flag.swap(true, Ordering::AcqRel);
        if taken { None } else { Some(Running(flag)) }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}
