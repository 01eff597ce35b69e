//! The engine: compiled code becomes a [`Program`] once, which is run on a text of any width.

mod characters;
mod classes;
mod frame;
mod program;
mod run;

pub use program::Program;
pub use run::{Request, State};

use std::cell::Cell;
use std::ops::{Deref, DerefMut};

thread_local! {
    /// A state that nobody uses, for the next match of the thread.
    static SPARE: Cell<Option<Box<State>>> = const { Cell::new(None) };
}

/// A state lent to one operation.
pub struct Scratch(Option<Box<State>>);

impl Scratch {
    pub fn new() -> Scratch {
        Scratch(Some(SPARE.try_with(Cell::take).ok().flatten().unwrap_or_default()))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Some(mut state) = self.0.take() {
            state.shrink();
            // A thread that is ending keeps none.
            let _ = SPARE.try_with(|spare| spare.set(Some(state)));
        }
    }
}

impl Deref for Scratch {
    type Target = State;
    fn deref(&self) -> &State {
        // Only taken when dropped.
        self.0.as_ref().expect("a state until the end")
    }
}

impl DerefMut for Scratch {
    fn deref_mut(&mut self) -> &mut State {
        self.0.as_mut().expect("a state until the end")
    }
}
