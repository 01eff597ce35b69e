//! Where memory was allocated: the traces behind the module `tracemalloc`.
//!
//! While tracing is on, the heap and the program's allocator tell of every block ([`taipan_gc::heap::traced`]); its trace says how large it is and
//! which Python frames the allocating thread was in. Threads run the watched loop meanwhile, which saves where each frame is before every
//! instruction. The tables have one lock. It is a leaf: nothing happens under it but looking at the calling thread's own frames and
//! growing the tables, and what a thread allocates meanwhile is not traced ([`untraced`]). File names in code are interned, so they live
//! for ever and are kept by address.

use std::cell::Cell;

use parking_lot::{Mutex, MutexGuard};
use rustc_hash::FxHashMap;
use taipan_gc::heap::traced::{self, Listener};
use taipan_objects::prelude::*;
use taipan_threading::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::thread::try_current;

/// The most frames that can be kept of a traceback.
pub const MAX_FRAMES: usize = 65535;

/// The domain of what the interpreter allocates.
const DEFAULT_DOMAIN: u32 = 0;

/// A line of a source file.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Line {
    /// Bits of the immortal file name, or of the empty word if it is not known.
    file: u64,
    line: u32,
}

/// No Python code was running.
const UNKNOWN: Line = Line { file: 0, line: 0 };

/// The frames of an allocation, innermost first.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Traceback {
    lines: Box<[Line]>,
    /// How many frames there were.
    total: usize,
}

#[derive(Clone, Copy)]
struct Trace {
    size: usize,
    /// Index in `Tables::tracebacks`.
    traceback: u32,
}

#[derive(Default)]
struct Tables {
    /// Blocks of the default domain by address.
    blocks: FxHashMap<usize, Trace>,
    /// What was tracked by hand, by domain and address.
    others: FxHashMap<(u32, usize), Trace>,
    /// All different tracebacks. They stay until everything is forgotten.
    tracebacks: Vec<Traceback>,
    indices: FxHashMap<Traceback, u32>,
    now: usize,
    peak: usize,
}

static TABLES: Mutex<Option<Tables>> = Mutex::new(None);
static TRACING: AtomicBool = AtomicBool::new(false);
/// The most frames to keep.
static LIMIT: AtomicUsize = AtomicUsize::new(1);

/// What a thread is doing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Doing {
    /// What it allocates is traced.
    Work,
    /// What it allocates is not.
    Untraced,
    /// The same, and it has the lock.
    Tables,
}

thread_local! {
    static DOING: Cell<Doing> = const { Cell::new(Doing::Work) };
}

fn doing<R>(what: Doing, work: impl FnOnce() -> R) -> R {
    let former = DOING.replace(what);
    let result = work();
    DOING.set(former);
    result
}

/// Runs `work` without tracing what it allocates in this thread.
pub fn untraced<R>(work: impl FnOnce() -> R) -> R {
    doing(Doing::Untraced, work)
}

impl Tables {
    fn traceback(&mut self, lines: Box<[Line]>, total: usize) -> u32 {
        let traceback = Traceback { lines, total };
        if let Some(&index) = self.indices.get(&traceback) {
            return index;
        }
        let index = self.tracebacks.len() as u32;
        self.tracebacks.push(traceback.clone());
        self.indices.insert(traceback, index);
        index
    }
    fn add(&mut self, domain: u32, address: usize, size: usize) {
        let (lines, total) = here(LIMIT.load(Ordering::Relaxed));
        let trace = Trace { size, traceback: self.traceback(lines, total) };
        let former = if domain == DEFAULT_DOMAIN {
            self.blocks.insert(address, trace)
        } else {
            self.others.insert((domain, address), trace)
        };
        self.now -= former.map_or(0, |trace| trace.size);
        self.now += size;
        self.peak = self.peak.max(self.now);
    }
    fn remove(&mut self, domain: u32, address: usize) {
        let trace = if domain == DEFAULT_DOMAIN {
            self.blocks.remove(&address)
        } else {
            self.others.remove(&(domain, address))
        };
        self.now -= trace.map_or(0, |trace| trace.size);
    }
    /// Bytes of the tables, roughly.
    fn bytes(&self) -> usize {
        self.blocks.capacity() * (size_of::<(usize, Trace)>() + 1)
            + self.others.capacity() * (size_of::<((u32, usize), Trace)>() + 1)
            + (self.tracebacks.capacity() + self.indices.capacity()) * size_of::<Traceback>()
            + self.tracebacks.iter().map(|traceback| 2 * size_of_val(&*traceback.lines)).sum::<usize>()
    }
}

/// The calling thread's frames, innermost first, at most `limit`; and how many there are.
fn here(limit: usize) -> (Box<[Line]>, usize) {
    let Some(thread) = try_current() else { return (Box::new([UNKNOWN]), 1) };
    let (floor, depth) = (thread.floor.get(), thread.depth.get());
    let line = |index: usize| {
        // SAFETY: a frame of the calling thread below `depth`, which nobody changes meanwhile.
        let frame = unsafe { &*thread.frame(index) };
        let file = frame.code().filename.value();
        debug_assert!(frame.code().filename.header().is_some_and(|header| header.is_immortal()));
        Line { file: file.bits(), line: frame.line() }
    };
    let lines: Box<[Line]> = (floor..depth).rev().take(limit).map(line).collect();
    if lines.is_empty() { (Box::new([UNKNOWN]), 1) } else { (lines, depth - floor) }
}

fn with_tables<R>(work: impl FnOnce(&mut Tables) -> R) -> Option<R> {
    doing(Doing::Tables, || TABLES.lock().as_mut().map(work))
}

fn allocated(address: usize, size: usize) {
    if address != 0 && DOING.get() == Doing::Work {
        with_tables(|tables| tables.add(DEFAULT_DOMAIN, address, size));
    }
}

fn freed(address: usize) {
    // What ends under the lock is the tables' own.
    if DOING.get() != Doing::Tables {
        with_tables(|tables| tables.remove(DEFAULT_DOMAIN, address));
    }
}

/// Whether allocations are traced.
pub fn is_tracing() -> bool {
    TRACING.load(Ordering::Acquire)
}

/// How many frames of each are kept.
pub fn limit() -> usize {
    LIMIT.load(Ordering::Relaxed)
}

/// Held while tracing begins or ends: each is several steps.
static SWITCHING: Mutex<()> = Mutex::new(());

fn switching() -> MutexGuard<'static, ()> {
    SWITCHING.try_lock().unwrap_or_else(|| taipan_threading::detached(|| SWITCHING.lock()))
}

/// Begins to trace, unless that has happened.
pub fn start(limit: usize) {
    let _switching = switching();
    if TRACING.swap(true, Ordering::AcqRel) {
        return;
    }
    LIMIT.store(limit, Ordering::Relaxed);
    doing(Doing::Tables, || *TABLES.lock() = Some(Tables::default()));
    traced::listen(Listener { allocated, freed });
    crate::trace::refresh_all();
}

/// Ends tracing and forgets all traces.
pub fn stop() {
    let _switching = switching();
    if !TRACING.swap(false, Ordering::AcqRel) {
        return;
    }
    traced::ignore();
    doing(Doing::Tables, || drop(TABLES.lock().take()));
    crate::trace::refresh_all();
}

/// Forgets all traces.
pub fn clear() {
    doing(Doing::Tables, || drop(TABLES.lock().as_mut().map(std::mem::take)));
}

/// Present and largest size of what is traced.
pub fn traced_memory() -> (usize, usize) {
    with_tables(|tables| (tables.now, tables.peak)).unwrap_or_default()
}

/// The largest size is the present one.
pub fn reset_peak() {
    with_tables(|tables| tables.peak = tables.now);
}

/// Bytes that tracing itself uses.
pub fn overhead() -> usize {
    with_tables(|tables| tables.bytes()).unwrap_or_default()
}

/// Traces a block by hand. False if nothing is traced.
pub fn track(domain: u32, address: usize, size: usize) -> bool {
    with_tables(|tables| tables.add(domain, address, size)).is_some()
}

/// Forgets a block. False if nothing is traced.
pub fn untrack(domain: u32, address: usize) -> bool {
    with_tables(|tables| tables.remove(domain, address)).is_some()
}

/// The file names of a listing by their words.
#[derive(Default)]
struct Files(FxHashMap<u64, Obj>);

impl Files {
    fn get(&mut self, file: u64) -> Obj {
        let of_word = || {
            let value = taipan_objects::Value::from_bits(file);
            // SAFETY: the word of an interned string, which is never freed and not counted.
            if file == 0 { str_obj("<unknown>") } else { unsafe { Obj::from_borrowed(value) } }
        };
        self.0.entry(file).or_insert_with(of_word).clone()
    }
    /// `((filename, line), …)`.
    fn tuple(&mut self, traceback: &Traceback) -> Obj {
        let line = |line: &Line| tuple_obj(vec![self.get(line.file), int_obj(i64::from(line.line))]);
        tuple_obj(traceback.lines.iter().map(line).collect())
    }
}

/// All traces: `(domain, size, traceback, total)`.
pub fn traces() -> Vec<Obj> {
    untraced(|| {
        let copy = with_tables(|tables| {
            let blocks = tables.blocks.values().map(|trace| (DEFAULT_DOMAIN, *trace));
            let others = tables.others.iter().map(|((domain, _), trace)| (*domain, *trace));
            (blocks.chain(others).collect::<Vec<_>>(), tables.tracebacks.clone())
        });
        let Some((traces, tracebacks)) = copy else { return Vec::new() };
        let mut files = Files::default();
        let tuples: Vec<Obj> = tracebacks.iter().map(|traceback| files.tuple(traceback)).collect();
        let trace = |(domain, trace): (u32, Trace)| {
            let index = trace.traceback as usize;
            tuple_obj(vec![
                int_obj(i64::from(domain)),
                int_obj(trace.size as i64),
                tuples[index].clone(),
                int_obj(tracebacks[index].total as i64),
            ])
        };
        traces.into_iter().map(trace).collect()
    })
}

/// The traceback of the block at an address: `((filename, line), …)`.
pub fn traceback(domain: u32, address: usize) -> Option<Obj> {
    let found = with_tables(|tables| {
        let trace = if domain == DEFAULT_DOMAIN {
            tables.blocks.get(&address)
        } else {
            tables.others.get(&(domain, address))
        };
        trace.map(|trace| tables.tracebacks[trace.traceback as usize].clone())
    });
    untraced(|| found.flatten().map(|traceback| Files::default().tuple(&traceback)))
}

/// The traceback of an object.
pub fn traceback_of(obj: &Obj) -> Option<Obj> {
    traceback(DEFAULT_DOMAIN, std::ptr::from_ref(obj.header()?).addr())
}

/// Before a fork: no other thread is in the middle of a change until [`after_fork`], and this one tells of nothing.
pub fn before_fork() {
    DOING.set(Doing::Tables);
    std::mem::forget(TABLES.lock());
}

/// Undoes [`before_fork`], in parent and child.
pub fn after_fork() {
    // SAFETY: locked by `before_fork`, whose guard was forgotten.
    unsafe { TABLES.force_unlock() };
    DOING.set(Doing::Work);
}
