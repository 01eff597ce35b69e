//! `-X importtime`: tells on standard error how long each module took to import, without and with what it imported itself.

use std::cell::Cell;
use std::io::Write;
use std::time::Instant;

use taipan_objects::prelude::*;
use taipan_objects::protocol;
use taipan_threading::sync::atomic::{AtomicBool, Ordering};

thread_local! {
    /// How many imports this one is inside of, and the microseconds of those that ended inside of it.
    static INSIDE: Cell<(usize, u128)> = const { Cell::new((0, 0)) };
}

/// Whether times are wanted.
pub(super) fn wanted() -> bool {
    crate::sys::config::settings().import_time > 0
}

/// To the file, not to `sys.stderr`: that may import.
fn write(text: &str) {
    // Who closed standard error does not want to know.
    let _ = taipan_threading::detached(|| std::io::stderr().write_all(text.as_bytes()));
}

fn tell(own: &str, all: &str, level: usize, name: &Py<PyStr>) {
    static BEGUN: AtomicBool = AtomicBool::new(false);
    // Relaxed: only who prints the heading is decided.
    if !BEGUN.swap(true, Ordering::Relaxed) {
        write("import time: self [us] | cumulative | imported package\n");
    }
    let shown = match name.units().to_utf8() {
        Some(text) => text,
        None => protocol::repr_string(name.as_obj()).unwrap_or_default().trim_matches('\'').to_owned(),
    };
    let indent = 2 * level;
    write(&format!("import time: {own} | {all} | {:indent$}{shown}\n", ""));
}

/// A module that was there already.
pub(super) fn found(name: &Py<PyStr>) {
    if crate::sys::config::settings().import_time > 1 {
        tell("cached   ", "cached    ", INSIDE.get().0, name);
    }
}

/// Imports, and tells how long that took.
pub(super) fn measured(name: &Py<PyStr>, import: impl FnOnce() -> PyResult<Obj>) -> PyResult<Obj> {
    let (level, before) = INSIDE.get();
    INSIDE.set((level + 1, 0));
    let start = Instant::now();
    let result = import();
    let all = start.elapsed().as_micros();
    let (_, others) = INSIDE.replace((level, before + all));
    tell(&format!("{:9}", all.saturating_sub(others)), &format!("{all:10}"), level, name);
    result
}
