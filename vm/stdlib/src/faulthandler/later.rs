//! `dump_traceback_later()`: a thread of its own that waits and then looks at the others.
//!
//! It runs no Python code. It belongs to the Python threads only while it has them stopped; whoever cancels it lets go of the channel on
//! which it waits.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use parking_lot::Mutex;
use taipan_objects::prelude::*;
use taipan_vm::thread::VmThread;

use super::{write_all, write_stacks};

/// What waits; a forked child has none of its parent's threads, but may let go of the channel all the same.
struct Waiting {
    /// Only let go of.
    _cancel: Sender<()>,
    /// Keeps the descriptor open.
    file: Obj,
}

static WAITING: Mutex<Option<Waiting>> = Mutex::new(None);

/// `Timeout (0:00:01.500000)!`
fn notice(after: Duration) -> String {
    let (seconds, micros) = (after.as_secs(), after.subsec_micros());
    let fraction = if micros == 0 { String::new() } else { format!(".{micros:06}") };
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("Timeout ({hours}:{minutes:02}:{seconds:02}{fraction})!\n")
}

/// Begins to wait, in place of what waited before.
pub fn start(after: Duration, repeat: bool, file: Obj, fd: i32, exit: bool) -> PyResult<()> {
    let (cancel, canceled) = channel();
    taipan_threading::prepare_thread_start();
    let interpreter = taipan_vm::thread::current().shared_interpreter();
    let notice = notice(after);
    let wait = move || {
        crate::sys_calls::block_all_signals();
        while canceled.recv_timeout(after) == Err(RecvTimeoutError::Timeout) {
            VmThread::enter(interpreter.clone());
            write_all(fd, notice.as_bytes());
            write_stacks(fd);
            VmThread::leave();
            if exit {
                crate::sys_calls::exit_now(1);
            }
            if !repeat {
                break;
            }
        }
    };
    if std::thread::Builder::new().spawn(wait).is_err() {
        return Err(runtime_error("unable to start watchdog thread"));
    }
    let former = WAITING.lock().replace(Waiting { _cancel: cancel, file });
    drop(former.map(|waiting| waiting.file));
    Ok(())
}

/// Waits no longer.
pub fn cancel() {
    let former = WAITING.lock().take();
    drop(former.map(|waiting| waiting.file));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_notice_names_the_time() {
        assert_eq!(notice(Duration::from_millis(500)), "Timeout (0:00:00.500000)!\n");
        assert_eq!(notice(Duration::from_secs(3725)), "Timeout (1:02:05)!\n");
    }
}
