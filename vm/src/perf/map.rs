//! Perf maps: the text file `/tmp/perf-PID.map`, a line `address size name` for each piece of code, in hexadecimal digits without prefix.
//!
//! Any thread may write, attached or not. A line is one `write` to a file opened for appending, so lines of several threads are whole without
//! a lock; the lock here is for opening the file. The file is opened again when the process has another number than before: after a fork.
//! As the name can be guessed and the folder is everybody's, the file must be a regular one of this user's with one name, and is not looked for
//! through a symbolic link.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::sync::Arc;

use parking_lot::Mutex;

/// The open file, and the process that opened it.
static FILE: Mutex<Option<(u32, Arc<File>)>> = Mutex::new(None);

/// Opens a file in `/tmp` for appending that only this user could have made.
pub(super) fn open_private(path: &str) -> io::Result<File> {
    let flags = libc::O_NOFOLLOW | libc::O_CLOEXEC;
    let file =
        OpenOptions::new().create(true).append(true).read(true).mode(0o600).custom_flags(flags).open(path)?;
    let found = file.metadata()?;
    // SAFETY: no arguments, cannot fail.
    let user = unsafe { libc::geteuid() };
    if !found.is_file() || found.uid() != user || found.nlink() != 1 {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, format!("{path} is somebody else's")));
    }
    Ok(file)
}

fn file() -> io::Result<Arc<File>> {
    let process = std::process::id();
    let mut open = FILE.lock();
    match &*open {
        Some((owner, file)) if *owner == process => Ok(file.clone()),
        _ => {
            let file = Arc::new(open_private(&format!("/tmp/perf-{process}.map"))?);
            *open = Some((process, file.clone()));
            Ok(file)
        }
    }
}

/// Opens the map if it is not open.
pub fn open() -> io::Result<()> {
    file().map(drop)
}

/// Closes the map; the next entry opens it again.
pub fn close() {
    *FILE.lock() = None;
}

/// Before a fork: no other thread is in the middle of opening or closing the file until [`after_fork`].
pub(super) fn before_fork() {
    std::mem::forget(FILE.lock());
}

/// Undoes [`before_fork`], in parent and child.
pub(super) fn after_fork() {
    // SAFETY: locked by `before_fork`, whose guard was forgotten.
    unsafe { FILE.force_unlock() };
}

/// Says that the `size` bytes of machine code at `address` are called `name`.
pub fn write_entry(address: usize, size: usize, name: &str) -> io::Result<()> {
    // A line break would make two entries of one.
    let line = format!("{address:x} {size:x} {}\n", name.replace(['\n', '\r'], " "));
    (&*file()?).write_all(line.as_bytes())
}
