//! `-X importtime`: how long imports take, told on standard error as they end.
//!
//! A module's own time is what its import took without the imports in it, so the own times of a run add up to the whole.

use std::cell::Cell;
use std::io::Write;
use std::time::{Duration, Instant};

use taipan_objects::prelude::*;
use taipan_threading::sync::atomic::{AtomicBool, Ordering};

thread_local! {
    /// Imports that are under way in this thread.
    static LEVEL: Cell<usize> = const { Cell::new(0) };
    /// What the imports inside of the innermost one under way have taken.
    static INNER: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}
static HAS_HEADING: AtomicBool = AtomicBool::new(false);

/// An import under way.
pub struct Timed {
    begun: Instant,
    /// [`INNER`] of the import around it.
    outer: Duration,
}

/// Begins to take the time of an import, if that is wanted.
pub fn begin() -> Option<Timed> {
    if crate::sys::config::settings().import_time == 0 {
        return None;
    }
    LEVEL.set(LEVEL.get() + 1);
    Some(Timed { begun: Instant::now(), outer: INNER.replace(Duration::ZERO) })
}

impl Timed {
    /// Tells what the import took.
    pub fn end(self, name: &Py<PyStr>) {
        let level = LEVEL.get() - 1;
        LEVEL.set(level);
        let whole = self.begun.elapsed();
        let own = whole.saturating_sub(INNER.replace(self.outer + whole));
        tell(&format!("{:9} | {:10}", own.as_micros(), whole.as_micros()), level, name);
    }
}

/// Tells of a module that was there already, if that is wanted.
pub fn found(name: &Py<PyStr>) {
    if crate::sys::config::settings().import_time > 1 {
        tell("cached    | cached    ", LEVEL.get(), name);
    }
}

fn tell(times: &str, level: usize, name: &Py<PyStr>) {
    let heading = if HAS_HEADING.swap(true, Ordering::Relaxed) {
        ""
    } else {
        "import time: self [us] | cumulative | imported package\n"
    };
    let name = match taipan_objects::str::codecs::encode(name, "utf-8", "backslashreplace") {
        Ok(name) => name,
        Err(Raised) => return drop(take_raised()),
    };
    let name = taipan_objects::bytes::bytes_value(&name).map(String::from_utf8_lossy).unwrap_or_default();
    let indentation = " ".repeat(2 * level);
    // `sys.stderr` is made by imports.
    let _ = std::io::stderr()
        .write_all(format!("{heading}import time: {times} | {indentation}{name}\n").as_bytes());
}
