//! SQLite's C interface in safe clothes: databases, statements and blobs.
//!
//! Every function here may wait for the database's mutex, which a thread holds while it runs a statement, Python callbacks included: so all are
//! called detached. A database is closed when it was asked to and nobody is inside any more; statements and blobs that are left
//! keep SQLite's memory alive by themselves.
#![allow(unsafe_code)] // SQLite's interface is that of C.

use std::ffi::{CStr, CString, c_char, c_int};
use std::ptr::{null, null_mut};
use std::sync::Arc;

use super::callbacks::Handler;
use libsqlite3_sys as sys;
use parking_lot::Mutex;
use taipan_threading::sync::atomic::{AtomicBool, Ordering};

unsafe extern "C" {
    /// Closes a database when its last statement is gone. (The bindings leave it out.)
    fn sqlite3_close_v2(db: *mut sys::sqlite3) -> c_int;
}

pub const ROW: i32 = 100;
pub const DONE: i32 = 101;

/// What SQLite says of a failure.
#[derive(Clone, Debug)]
pub struct Failure {
    pub code: i32,
    pub message: Vec<u8>,
}

pub type Outcome<T> = Result<T, Failure>;

/// A value of a column, an argument or a result.
#[derive(Clone, Debug)]
pub enum Cell {
    Null,
    Int(i64),
    Real(f64),
    Text(Vec<u8>),
    Blob(Vec<u8>),
}

enum Later {
    Finalize(*mut sys::sqlite3_stmt),
    Call(Box<dyn FnOnce() + Send>),
}

struct Inside {
    users: usize,
    closed: bool,
}

/// A database.
pub struct Database {
    raw: *mut sys::sqlite3,
    inside: Mutex<Inside>,
    /// What objects left to be done that died: finalizing and resetting statements may wait, which the death of an object cannot.
    later: Mutex<Vec<Later>>,
    /// The contexts of authorizer, progress handler and trace function: as long-lived as the database.
    pub handlers: [Handler; 3],
}

// SAFETY: SQLite is built for use by several threads ("serialized").
unsafe impl Send for Database {}
// SAFETY: as above.
unsafe impl Sync for Database {}

/// A stay inside an open database.
pub struct Inner<'a>(&'a Database);

impl Drop for Inner<'_> {
    fn drop(&mut self) {
        let mut inside = self.0.inside.lock();
        inside.users -= 1;
        let ends = inside.closed && inside.users == 0;
        drop(inside);
        if ends {
            self.0.end();
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if self.inside.lock().closed {
            self.do_what_was_left();
        } else {
            self.end();
        }
    }
}

/// Holds a database's mutex, so that a call's error text is its own.
struct Hold(*mut sys::sqlite3_mutex);

impl Hold {
    fn new(db: *mut sys::sqlite3) -> Hold {
        // SAFETY: a database that is alive, if only by its statements; the mutex is recursive.
        unsafe {
            let mutex = sys::sqlite3_db_mutex(db);
            sys::sqlite3_mutex_enter(mutex);
            Hold(mutex)
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        // SAFETY: entered by `new`.
        unsafe { sys::sqlite3_mutex_leave(self.0) }
    }
}

fn bytes_of(text: *const c_char) -> Vec<u8> {
    if text.is_null() {
        return Vec::new();
    }
    // SAFETY: SQLite's texts end in a zero byte.
    unsafe { CStr::from_ptr(text) }.to_bytes().to_vec()
}

fn failure_of(db: *mut sys::sqlite3) -> Failure {
    // SAFETY: the database is alive and its mutex held.
    unsafe { Failure { code: sys::sqlite3_extended_errcode(db), message: bytes_of(sys::sqlite3_errmsg(db)) } }
}

/// The text of a code.
pub fn error_text(code: i32) -> Vec<u8> {
    // SAFETY: takes any number.
    bytes_of(unsafe { sys::sqlite3_errstr(code) })
}

/// Whether a text is a whole statement.
pub fn is_complete(text: &CStr) -> bool {
    // SAFETY: a string of C.
    unsafe { sys::sqlite3_complete(text.as_ptr()) != 0 }
}

pub fn sleep(milliseconds: i32) {
    // SAFETY: takes any number.
    unsafe { sys::sqlite3_sleep(milliseconds) };
}

impl Database {
    pub fn open(name: &CStr, uri: bool, timeout: f64) -> Outcome<Arc<Database>> {
        static CONFIGURED: std::sync::Once = std::sync::Once::new();
        // Names are plain ones unless the caller says otherwise.
        // SAFETY: before the library is first used.
        CONFIGURED.call_once(|| unsafe {
            sys::sqlite3_config(sys::SQLITE_CONFIG_URI, 0 as c_int);
        });
        let mut raw = null_mut();
        let flags = sys::SQLITE_OPEN_READWRITE
            | sys::SQLITE_OPEN_CREATE
            | sys::SQLITE_OPEN_FULLMUTEX
            | if uri { sys::SQLITE_OPEN_URI } else { 0 };
        // SAFETY: a string of C and a place for the result; on failure the handle, if any, tells why and is closed.
        unsafe {
            let code = sys::sqlite3_open_v2(name.as_ptr(), &mut raw, flags, null());
            if raw.is_null() {
                return Err(Failure { code: 7, message: b"out of memory".to_vec() });
            }
            if code != 0 {
                let failure = Failure {
                    code: sys::sqlite3_extended_errcode(raw),
                    message: bytes_of(sys::sqlite3_errmsg(raw)),
                };
                sqlite3_close_v2(raw);
                return Err(failure);
            }
            sys::sqlite3_busy_timeout(raw, (timeout * 1000.0) as c_int);
            sys::sqlite3_db_config(raw, sys::SQLITE_DBCONFIG_ENABLE_FKEY, 0 as c_int, null_mut::<c_int>());
        }
        Ok(Arc::new(Database {
            raw,
            inside: Mutex::new(Inside { users: 0, closed: false }),
            later: Mutex::new(Vec::new()),
            handlers: std::array::from_fn(|_| Handler(Mutex::new(Vec::new()))),
        }))
    }
    /// Comes in, unless it is closed.
    pub fn enter(&self) -> Option<Inner<'_>> {
        let mut inside = self.inside.lock();
        if inside.closed {
            return None;
        }
        inside.users += 1;
        drop(inside);
        self.do_what_was_left();
        Some(Inner(self))
    }
    fn do_what_was_left(&self) {
        loop {
            let all = std::mem::take(&mut *self.later.lock());
            if all.is_empty() {
                return;
            }
            for one in all {
                match one {
                    // SAFETY: a statement that is finalized once, here.
                    Later::Finalize(statement) => drop(unsafe { sys::sqlite3_finalize(statement) }),
                    Later::Call(call) => call(),
                }
            }
        }
    }
    /// Has something done when somebody comes in the next time.
    pub fn later(&self, call: impl FnOnce() + Send + 'static) {
        self.later.lock().push(Later::Call(Box::new(call)));
    }
    /// Closes it as soon as nobody is inside.
    pub fn close(&self) {
        let mut inside = self.inside.lock();
        let ends = !inside.closed && inside.users == 0;
        inside.closed = true;
        drop(inside);
        if ends {
            self.end();
        }
    }
    fn end(&self) {
        self.do_what_was_left();
        // SAFETY: nobody is inside and nobody can come in; called once.
        unsafe { sqlite3_close_v2(self.raw) };
    }
}

impl Inner<'_> {
    pub fn raw(&self) -> *mut sys::sqlite3 {
        self.0.raw
    }
    /// Makes a result of a code.
    pub fn check(&self, run: impl FnOnce(*mut sys::sqlite3) -> c_int) -> Outcome<()> {
        let _hold = Hold::new(self.0.raw);
        if run(self.0.raw) == 0 { Ok(()) } else { Err(failure_of(self.0.raw)) }
    }
    /// Whether no transaction is open.
    pub fn autocommit(&self) -> bool {
        // SAFETY: an open database.
        unsafe { sys::sqlite3_get_autocommit(self.0.raw) != 0 }
    }
    pub fn last_rowid(&self) -> i64 {
        // SAFETY: an open database.
        unsafe { sys::sqlite3_last_insert_rowid(self.0.raw) }
    }
    pub fn total_changes(&self) -> i64 {
        // SAFETY: an open database.
        unsafe { sys::sqlite3_total_changes64(self.0.raw) }
    }
    pub fn interrupt(&self) {
        // SAFETY: an open database; may be called at any time.
        unsafe { sys::sqlite3_interrupt(self.0.raw) }
    }
    pub fn limit(&self, category: i32, value: i32) -> i32 {
        // SAFETY: an open database; unknown categories give -1.
        unsafe { sys::sqlite3_limit(self.0.raw, category, value) }
    }
    /// Reads a switch, or sets it if `value` is not negative.
    pub fn config(&self, op: i32, value: i32) -> Outcome<bool> {
        let mut now: c_int = 0;
        // SAFETY: the switches that callers pass take a number and a place for the present value.
        self.check(|db| unsafe { sys::sqlite3_db_config(db, op, value as c_int, &mut now as *mut c_int) })?;
        Ok(now != 0)
    }
    /// The first statement of `sql`, which ends in a zero byte, and where the rest begins.
    pub fn prepare(&self, db: &Arc<Database>, sql: &CStr) -> Outcome<(Statement, usize)> {
        let mut raw = null_mut();
        let mut tail = null();
        // SAFETY: a string of C and places for results.
        self.check(|db| unsafe {
            sys::sqlite3_prepare_v2(db, sql.as_ptr(), sql.to_bytes().len() as c_int + 1, &mut raw, &mut tail)
        })?;
        let rest = if tail.is_null() { sql.to_bytes().len() } else { tail.addr() - sql.as_ptr().addr() };
        Ok((Statement { raw, db: db.clone(), in_use: AtomicBool::new(true) }, rest))
    }
    /// Runs a statement without results.
    pub fn run(&self, db: &Arc<Database>, sql: &CStr) -> Outcome<()> {
        let (statement, _) = self.prepare(db, sql)?;
        statement.step().map(|_| ())
    }
    pub fn serialize(&self, name: &CStr) -> Outcome<Option<Vec<u8>>> {
        let mut size = 0;
        let _hold = Hold::new(self.0.raw);
        // SAFETY: an open database; the result is copied and freed.
        unsafe {
            let data = sys::sqlite3_serialize(self.0.raw, name.as_ptr(), &mut size, 0);
            if data.is_null() {
                return Ok(None);
            }
            let copy = std::slice::from_raw_parts(data, size as usize).to_vec();
            sys::sqlite3_free(data.cast());
            Ok(Some(copy))
        }
    }
    pub fn deserialize(&self, name: &CStr, data: &[u8]) -> Outcome<()> {
        // SAFETY: SQLite takes over memory of its own allocator, which holds `data`.
        self.check(|db| unsafe {
            let copy = sys::sqlite3_malloc64(data.len().max(1) as u64).cast::<u8>();
            if copy.is_null() {
                return 7;
            }
            copy.copy_from_nonoverlapping(data.as_ptr(), data.len());
            let flags = (sys::SQLITE_DESERIALIZE_FREEONCLOSE | sys::SQLITE_DESERIALIZE_RESIZEABLE) as u32;
            sys::sqlite3_deserialize(db, name.as_ptr(), copy, data.len() as i64, data.len() as i64, flags)
        })
    }
    pub fn load_extension(&self, path: &CStr, entry: Option<&CStr>) -> Outcome<()> {
        let mut message = null_mut();
        let entry = entry.map_or(null(), CStr::as_ptr);
        // SAFETY: strings of C and a place for a text, which is freed.
        unsafe {
            if sys::sqlite3_load_extension(self.0.raw, path.as_ptr(), entry, &mut message) == 0 {
                return Ok(());
            }
            let text = bytes_of(message);
            sys::sqlite3_free(message.cast());
            Err(Failure { code: 1, message: text })
        }
    }
    pub fn enable_load_extension(&self, on: bool) -> Outcome<()> {
        // SAFETY: an open database.
        self.check(|db| unsafe { sys::sqlite3_enable_load_extension(db, c_int::from(on)) })
    }
    pub fn open_blob(
        &self,
        db: &Arc<Database>,
        [name, table, column]: [&CStr; 3],
        row: i64,
        readonly: bool,
    ) -> Outcome<RawBlob> {
        let mut raw = null_mut();
        // SAFETY: strings of C and a place for the result.
        self.check(|db| unsafe {
            let flags = c_int::from(!readonly);
            sys::sqlite3_blob_open(db, name.as_ptr(), table.as_ptr(), column.as_ptr(), row, flags, &mut raw)
        })?;
        Ok(RawBlob { raw: Mutex::new(raw), db: db.clone() })
    }
    /// Begins to copy `from` into this database.
    pub fn backup(&self, name: &CStr, from: &Inner<'_>) -> Outcome<Backup> {
        let _hold = Hold::new(self.0.raw);
        // SAFETY: two open databases.
        let raw =
            unsafe { sys::sqlite3_backup_init(self.0.raw, c"main".as_ptr(), from.0.raw, name.as_ptr()) };
        if raw.is_null() { Err(failure_of(self.0.raw)) } else { Ok(Backup(raw)) }
    }
    pub fn failure(&self) -> Failure {
        let _hold = Hold::new(self.0.raw);
        failure_of(self.0.raw)
    }
}

/// A copy being made.
pub struct Backup(*mut sys::sqlite3_backup);

impl Backup {
    /// Copies pages: the code, how many are left and how many there are.
    pub fn step(&self, pages: i32) -> (i32, i32, i32) {
        // SAFETY: a backup that is not finished.
        unsafe {
            let code = sys::sqlite3_backup_step(self.0, pages);
            (code, sys::sqlite3_backup_remaining(self.0), sys::sqlite3_backup_pagecount(self.0))
        }
    }
    pub fn finish(self) -> i32 {
        // SAFETY: finished once; `self` is gone.
        unsafe { sys::sqlite3_backup_finish(self.0) }
    }
}

/// A statement. `raw` is null for text without one.
pub struct Statement {
    raw: *mut sys::sqlite3_stmt,
    db: Arc<Database>,
    /// A cursor has it.
    pub in_use: AtomicBool,
}

// SAFETY: SQLite is built for use by several threads.
unsafe impl Send for Statement {}
// SAFETY: as above; who has it in use is alone in it.
unsafe impl Sync for Statement {}

impl Drop for Statement {
    fn drop(&mut self) {
        if !self.raw.is_null() {
            self.db.later.lock().push(Later::Finalize(self.raw));
        }
    }
}

impl Statement {
    pub fn database(&self) -> &Arc<Database> {
        &self.db
    }
    /// Takes it for a cursor; false: another has it.
    pub fn take(&self) -> bool {
        !self.in_use.swap(true, Ordering::AcqRel)
    }
    /// Runs to the next row or the end; which of them.
    pub fn step(&self) -> Outcome<i32> {
        if self.raw.is_null() {
            return Ok(DONE);
        }
        let _hold = Hold::new(self.db.raw);
        // SAFETY: a statement that is not finalized.
        match unsafe { sys::sqlite3_step(self.raw) } {
            code @ (ROW | DONE) => Ok(code),
            _ => Err(failure_of(self.db.raw)),
        }
    }
    pub fn reset(&self) {
        if !self.raw.is_null() {
            // SAFETY: a statement that is not finalized.
            unsafe { sys::sqlite3_reset(self.raw) };
        }
    }
    pub fn clear_bindings(&self) {
        if !self.raw.is_null() {
            // SAFETY: a statement that is not finalized.
            unsafe { sys::sqlite3_clear_bindings(self.raw) };
        }
    }
    pub fn is_busy(&self) -> bool {
        // SAFETY: a statement that is not finalized, or null.
        !self.raw.is_null() && unsafe { sys::sqlite3_stmt_busy(self.raw) != 0 }
    }
    pub fn is_readonly(&self) -> bool {
        // SAFETY: a statement that is not finalized, or null.
        unsafe { sys::sqlite3_stmt_readonly(self.raw) != 0 }
    }
    pub fn parameters(&self) -> i32 {
        // SAFETY: a statement that is not finalized, or null.
        unsafe { sys::sqlite3_bind_parameter_count(self.raw) }
    }
    pub fn parameter_name(&self, index: i32) -> Option<Vec<u8>> {
        // SAFETY: a statement that is not finalized; any index is looked at.
        let name = unsafe { sys::sqlite3_bind_parameter_name(self.raw, index) };
        if name.is_null() { None } else { Some(bytes_of(name)) }
    }
    pub fn columns(&self) -> i32 {
        // SAFETY: a statement that is not finalized, or null.
        unsafe { sys::sqlite3_column_count(self.raw) }
    }
    pub fn column_name(&self, index: i32) -> Vec<u8> {
        // SAFETY: a statement that is not finalized; any index is looked at.
        bytes_of(unsafe { sys::sqlite3_column_name(self.raw, index) })
    }
    pub fn column_type(&self, index: i32) -> Option<Vec<u8>> {
        // SAFETY: a statement that is not finalized; any index is looked at.
        let name = unsafe { sys::sqlite3_column_decltype(self.raw, index) };
        if name.is_null() { None } else { Some(bytes_of(name)) }
    }
    pub fn bind(&self, index: i32, value: &Cell) -> Outcome<()> {
        let _hold = Hold::new(self.db.raw);
        // SAFETY: a statement that is not finalized; SQLite copies texts and blobs.
        let code = unsafe {
            match value {
                Cell::Null => sys::sqlite3_bind_null(self.raw, index),
                Cell::Int(i) => sys::sqlite3_bind_int64(self.raw, index, *i),
                Cell::Real(f) => sys::sqlite3_bind_double(self.raw, index, *f),
                Cell::Text(text) => sys::sqlite3_bind_text64(
                    self.raw,
                    index,
                    text.as_ptr().cast(),
                    text.len() as u64,
                    sys::SQLITE_TRANSIENT(),
                    sys::SQLITE_UTF8 as u8,
                ),
                Cell::Blob(blob) if blob.is_empty() => sys::sqlite3_bind_zeroblob(self.raw, index, 0),
                Cell::Blob(blob) => sys::sqlite3_bind_blob64(
                    self.raw,
                    index,
                    blob.as_ptr().cast(),
                    blob.len() as u64,
                    sys::SQLITE_TRANSIENT(),
                ),
            }
        };
        if code == 0 { Ok(()) } else { Err(failure_of(self.db.raw)) }
    }
    /// The values of the row; as plain bytes where `raw` says so.
    pub fn row(&self, raw: &[bool]) -> Vec<Cell> {
        // SAFETY: a statement that is not finalized, and that nobody else steps; column numbers are below the count.
        unsafe {
            let count = sys::sqlite3_data_count(self.raw);
            (0..count)
                .map(|i| {
                    let kind = sys::sqlite3_column_type(self.raw, i);
                    let as_bytes = raw.get(i as usize) == Some(&true);
                    let blob = || {
                        let data = sys::sqlite3_column_blob(self.raw, i).cast::<u8>();
                        copied(data, sys::sqlite3_column_bytes(self.raw, i))
                    };
                    match kind {
                        sys::SQLITE_NULL => Cell::Null,
                        _ if as_bytes => Cell::Blob(blob()),
                        sys::SQLITE_INTEGER => Cell::Int(sys::sqlite3_column_int64(self.raw, i)),
                        sys::SQLITE_FLOAT => Cell::Real(sys::sqlite3_column_double(self.raw, i)),
                        sys::SQLITE_TEXT => {
                            let text = sys::sqlite3_column_text(self.raw, i);
                            Cell::Text(copied(text, sys::sqlite3_column_bytes(self.raw, i)))
                        }
                        _ => Cell::Blob(blob()),
                    }
                })
                .collect()
        }
    }
    pub fn changes(&self) -> i64 {
        // SAFETY: the database is alive by this statement.
        unsafe { sys::sqlite3_changes64(self.db.raw) }
    }
}

/// Bytes that SQLite owns, copied.
///
/// # Safety
/// `data` is null or valid for `len` bytes.
pub unsafe fn copied(data: *const u8, len: c_int) -> Vec<u8> {
    if data.is_null() || len <= 0 {
        return Vec::new();
    }
    // SAFETY: valid, says the caller.
    unsafe { std::slice::from_raw_parts(data, len as usize) }.to_vec()
}

/// A blob that is read and written in place; null when closed.
pub struct RawBlob {
    raw: Mutex<*mut sys::sqlite3_blob>,
    db: Arc<Database>,
}

// SAFETY: SQLite is built for use by several threads; the pointer is behind a mutex.
unsafe impl Send for RawBlob {}
// SAFETY: as above.
unsafe impl Sync for RawBlob {}

impl RawBlob {
    pub fn is_closed(&self) -> bool {
        self.raw.lock().is_null()
    }
    pub fn len(&self) -> i32 {
        // SAFETY: an open blob, or null, which has no bytes.
        unsafe { sys::sqlite3_blob_bytes(*self.raw.lock()) }
    }
    fn check(&self, code: c_int) -> Outcome<()> {
        if code == 0 { Ok(()) } else { Err(failure_of(self.db.raw)) }
    }
    pub fn read(&self, offset: i32, len: i32) -> Outcome<Vec<u8>> {
        let raw = self.raw.lock();
        let mut out = vec![0; len as usize];
        let _hold = Hold::new(self.db.raw);
        // SAFETY: an open blob or null, and room for the bytes.
        self.check(unsafe { sys::sqlite3_blob_read(*raw, out.as_mut_ptr().cast(), len, offset) })?;
        Ok(out)
    }
    pub fn write(&self, offset: i32, data: &[u8]) -> Outcome<()> {
        let raw = self.raw.lock();
        let _hold = Hold::new(self.db.raw);
        // SAFETY: an open blob or null, and as many bytes as it says.
        self.check(unsafe {
            sys::sqlite3_blob_write(*raw, data.as_ptr().cast(), data.len() as c_int, offset)
        })
    }
    pub fn close(&self) {
        let raw = std::mem::replace(&mut *self.raw.lock(), null_mut());
        // SAFETY: closed once; null does nothing.
        unsafe { sys::sqlite3_blob_close(raw) };
    }
}

impl Drop for RawBlob {
    fn drop(&mut self) {
        self.close();
    }
}

/// A string of C; `None` if it has a zero byte in it.
pub fn c_string(text: impl Into<Vec<u8>>) -> Option<CString> {
    CString::new(text).ok()
}
