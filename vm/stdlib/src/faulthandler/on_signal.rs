//! Stacks written by signal handlers: before the process ends (`enable`), or whenever somebody asks by a signal (`register`).
//!
//! The handlers read atomics and write to descriptors, nothing else. The files whose descriptors they use are kept by slots.

use parking_lot::Mutex;
use taipan_objects::prelude::*;
use taipan_threading::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use super::{write_all, write_header, write_native, write_own};
use crate::os_error::os_error;
use crate::sys_calls::{self, Former};

/// Fatal signals and what they are called.
const FATAL: [(i32, &[u8]); 5] = [
    (libc::SIGBUS, b"Bus error"),
    (libc::SIGILL, b"Illegal instruction"),
    (libc::SIGFPE, b"Floating-point exception"),
    (libc::SIGABRT, b"Aborted"),
    (libc::SIGSEGV, b"Segmentation fault"),
];
/// One more than the greatest signal number.
const NSIG: usize = 65;

/// A signal that somebody asks by.
struct Asked {
    /// -1: not registered.
    fd: AtomicI32,
    all_threads: AtomicBool,
    /// Whether what was set before is done, too.
    chain: AtomicBool,
    file: Slot,
    /// Not held while a handler may run, but for the time it takes to copy it.
    former: Mutex<Option<Former>>,
}

static ASKED: [Asked; NSIG] = [const {
    Asked {
        fd: AtomicI32::new(-1),
        all_threads: AtomicBool::new(false),
        chain: AtomicBool::new(false),
        file: Slot::empty(),
        former: Mutex::new(None),
    }
}; NSIG];

/// -1: not enabled.
static FATAL_FD: AtomicI32 = AtomicI32::new(-1);
static FATAL_ALL: AtomicBool = AtomicBool::new(true);
static FATAL_NATIVE: AtomicBool = AtomicBool::new(true);
static FATAL_FILE: Slot = Slot::empty();
static FATAL_FORMER: Mutex<Vec<(i32, Former)>> = Mutex::new(Vec::new());

extern "C" fn on_fatal(signal: i32) {
    sys_calls::preserving_errno(|| {
        let fd = FATAL_FD.load(Ordering::Acquire);
        // What comes next ends the process.
        let _ = sys_calls::sigaction(signal, sys_calls::Disposition::Default, false);
        if fd >= 0 {
            let name =
                FATAL.iter().find(|(number, _)| *number == signal).map_or(&b"Signal"[..], |(_, name)| name);
            write_all(fd, b"Fatal Python error: ");
            write_all(fd, name);
            write_all(fd, b"\n\n");
            if FATAL_ALL.load(Ordering::Relaxed) {
                write_all(fd, b"<Cannot show all threads while the GIL is disabled>\n");
            }
            write_own(fd);
            if FATAL_NATIVE.load(Ordering::Relaxed) {
                write_all(fd, b"\n");
                write_native(fd);
            }
        }
        // Delivered when this handler returns, which blocks it.
        let _ = sys_calls::raise(signal);
    });
}

extern "C" fn on_asked(signal: i32) {
    sys_calls::preserving_errno(|| {
        let Some(asked) = ASKED.get(signal as usize) else { return };
        let fd = asked.fd.load(Ordering::Acquire);
        if fd < 0 {
            return;
        }
        if asked.all_threads.load(Ordering::Relaxed) {
            write_header(b"Current thread", sys_calls::current_pthread() as u64, fd);
            taipan_vm::stack_dump::write_own(&mut |bytes| write_all(fd, bytes));
        } else {
            write_own(fd);
        }
        if !asked.chain.load(Ordering::Relaxed) {
            return;
        }
        // Whoever changes it has the signal anyway.
        let former = asked.former.try_lock().and_then(|former| *former);
        if let Some(former) = former {
            let _ = sys_calls::sigaction_back(signal, &former);
            let _ = sys_calls::raise(signal);
            let _ = sys_calls::sigaction_replacing(signal, on_asked, true);
        }
    });
}

/// Begins to write stacks before fatal signals end the process.
pub fn enable(file: Obj, fd: i32, all_threads: bool, native: bool) -> PyResult<()> {
    FATAL_ALL.store(all_threads, Ordering::Relaxed);
    FATAL_NATIVE.store(native, Ordering::Relaxed);
    let before = FATAL_FD.swap(fd, Ordering::AcqRel);
    drop(FATAL_FILE.replace(Some(file)));
    if before >= 0 {
        return Ok(());
    }
    let mut failed = None;
    let mut former = FATAL_FORMER.lock();
    for (signal, _) in FATAL {
        match sys_calls::sigaction_replacing(signal, on_fatal, true) {
            Ok(before) => former.push((signal, before)),
            Err(number) => failed = Some(number),
        }
    }
    drop(former);
    failed.map_or(Ok(()), |number| Err(os_error(number)))
}

/// Lets fatal signals do what they did; whether it was otherwise.
pub fn disable() -> bool {
    let was = FATAL_FD.swap(-1, Ordering::AcqRel) >= 0;
    for (signal, former) in std::mem::take(&mut *FATAL_FORMER.lock()) {
        let _ = sys_calls::sigaction_back(signal, &former);
    }
    drop(FATAL_FILE.replace(None));
    was
}

pub fn is_enabled() -> bool {
    FATAL_FD.load(Ordering::Acquire) >= 0
}

/// Whether one can ask by a signal.
pub fn check(signal: i32) -> PyResult<()> {
    if FATAL.iter().any(|(number, _)| *number == signal) {
        return Err(runtime_error(format!("signal {signal} cannot be registered, use enable() instead")));
    }
    if signal < 1 || signal as usize >= NSIG {
        return Err(value_error("signal number out of range"));
    }
    Ok(())
}

/// Begins to write stacks on a signal.
pub fn register(signal: i32, file: Obj, fd: i32, all_threads: bool, chain: bool) -> PyResult<()> {
    let asked = &ASKED[signal as usize];
    asked.all_threads.store(all_threads, Ordering::Relaxed);
    asked.chain.store(chain, Ordering::Relaxed);
    let before = asked.fd.swap(fd, Ordering::AcqRel);
    drop(asked.file.replace(Some(file)));
    if before < 0 {
        let former = sys_calls::sigaction_replacing(signal, on_asked, chain).map_err(|number| {
            asked.fd.store(-1, Ordering::Release);
            os_error(number)
        })?;
        *asked.former.lock() = Some(former);
    }
    Ok(())
}

/// Lets a signal do what it did; whether it was otherwise.
pub fn unregister(signal: i32) -> bool {
    let asked = &ASKED[signal as usize];
    let was = asked.fd.swap(-1, Ordering::AcqRel) >= 0;
    let former = asked.former.lock().take();
    if let Some(former) = former {
        let _ = sys_calls::sigaction_back(signal, &former);
    }
    drop(asked.file.replace(None));
    was
}
