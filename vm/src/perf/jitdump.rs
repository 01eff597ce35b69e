//! Jitdump files: machine code with its names and source lines, `/tmp/jit-PID.dump`, for `perf inject --jit`.
//!
//! Laid out as `tools/perf/Documentation/jitdump-specification.txt` of Linux says: a header, then records, each written at once. `perf record`
//! learns of the file by its first page being mapped executable. The code's index counts records; they are in order of time, so one lock is
//! held while a record is made and written.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsRawFd;

use parking_lot::Mutex;
use taipan_threading::sync::atomic::{AtomicU64, Ordering};

const MAGIC: u32 = 0x4A69_5444;
const VERSION: u32 = 1;
const HEADER_SIZE: u32 = 40;
const CODE_LOAD: u32 = 0;
const CODE_DEBUG_INFO: u32 = 2;
const MACHINE: u32 = if cfg!(target_arch = "aarch64") { 183 } else { 62 };
const PAGE: usize = 4096;

struct Dump {
    process: u32,
    file: File,
}

static DUMP: Mutex<Option<Dump>> = Mutex::new(None);
/// The next piece of code; relaxed: taken under the lock.
static NEXT: AtomicU64 = AtomicU64::new(1);

/// Bytes of a record, little-endian as the machines are.
#[derive(Default)]
struct Record(Vec<u8>);

impl Record {
    fn word(mut self, value: u32) -> Record {
        self.0.extend(value.to_ne_bytes());
        self
    }
    fn long(mut self, value: u64) -> Record {
        self.0.extend(value.to_ne_bytes());
        self
    }
    fn bytes(mut self, bytes: &[u8]) -> Record {
        self.0.extend(bytes);
        self
    }
    fn name(self, name: &str) -> Record {
        self.bytes(name.replace('\0', " ").as_bytes()).bytes(&[0])
    }
}

/// Nanoseconds of the clock that `perf record -k 1` uses.
fn now() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: writes the struct.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

impl Dump {
    fn open(process: u32) -> io::Result<Dump> {
        let file = super::map::open_private(&format!("/tmp/jit-{process}.dump"))?;
        file.set_len(0)?;
        let header = Record::default().word(MAGIC).word(VERSION).word(HEADER_SIZE).word(MACHINE).word(0);
        (&file).write_all(&header.word(process).long(now()).long(0).0)?;
        // The mapping is what `perf record` sees; it stays for the life of the process.
        // SAFETY: a new private mapping, at an address of the system's choice.
        let page = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                PAGE,
                libc::PROT_READ | libc::PROT_EXEC,
                libc::MAP_PRIVATE,
                file.as_raw_fd(),
                0,
            )
        };
        if page == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        Ok(Dump { process, file })
    }
    fn write(&self, kind: u32, body: Record) -> io::Result<()> {
        let size = 16 + body.0.len() as u32;
        (&self.file).write_all(&Record::default().word(kind).word(size).long(now()).bytes(&body.0).0)
    }
}

fn with_dump<R>(work: impl FnOnce(&Dump) -> io::Result<R>) -> io::Result<R> {
    let process = std::process::id();
    let mut dump = DUMP.lock();
    if dump.as_ref().is_none_or(|dump| dump.process != process) {
        *dump = Some(Dump::open(process)?);
    }
    match &*dump {
        Some(dump) => work(dump),
        None => unreachable!("opened just now"),
    }
}

/// Closes the file.
pub fn close() {
    *DUMP.lock() = None;
}

/// Before a fork: no other thread is in the middle of a record until [`after_fork`].
pub(super) fn before_fork() {
    std::mem::forget(DUMP.lock());
}

/// Undoes [`before_fork`], in parent and child.
pub(super) fn after_fork() {
    // SAFETY: locked by `before_fork`, whose guard was forgotten.
    unsafe { DUMP.force_unlock() };
}

/// Says that at `address` there is this machine code, called `name`.
pub fn write_code(address: usize, code: &[u8], name: &str) -> io::Result<()> {
    write_code_with_lines(address, code, name, &[])
}

/// The same with the source lines of some of its instructions: address, line, file.
pub fn write_code_with_lines(
    address: usize,
    code: &[u8],
    name: &str,
    lines: &[(usize, u32, &str)],
) -> io::Result<()> {
    with_dump(|dump| {
        if !lines.is_empty() {
            let head = Record::default().long(address as u64).long(lines.len() as u64);
            let body = lines.iter().fold(head, |record, (at, line, file)| {
                record.long(*at as u64).word(*line).word(0).name(file)
            });
            dump.write(CODE_DEBUG_INFO, body)?;
        }
        // SAFETY: no arguments, cannot fail.
        let thread = unsafe { libc::gettid() } as u32;
        let body = Record::default().word(dump.process).word(thread).long(address as u64);
        let body =
            body.long(address as u64).long(code.len() as u64).long(NEXT.fetch_add(1, Ordering::Relaxed));
        dump.write(CODE_LOAD, body.name(name).bytes(code))
    })
}
