//! `sqlite3.Connection`: the object, its state, transactions. Its methods are in `connection/methods.rs`.

mod administration;
mod methods;

use std::ffi::CStr;
use std::sync::Arc;

use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use taipan_objects::hooks;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::type_object::{TypeBuilder, new_instance, type_flags};
use taipan_threading::detached;
use taipan_threading::sync::atomic::{AtomicBool, AtomicI8, AtomicU64, AtomicUsize, Ordering};

use super::blob::PyBlob;
use super::callbacks::Callbacks;
use super::errors::{self, failed, programming};
use super::ffi::{Database, Inner, Outcome, c_string};
use super::statement::{Compiled, compile};
use crate::native_class;
use crate::native_class::{class_argument, receiver};
use taipan_objects::layout::TraceField;

pub const PARSE_DECLTYPES: u64 = 1;
pub const PARSE_COLNAMES: u64 = 2;

/// `autocommit`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Autocommit {
    Legacy,
    Disabled,
    Enabled,
}

impl Autocommit {
    fn of(value: &Obj) -> PyResult<Autocommit> {
        let wrong = || value_error("autocommit must be True, False, or sqlite3.LEGACY_TRANSACTION_CONTROL");
        if value.is(&bool_obj(true)) {
            return Ok(Autocommit::Enabled);
        }
        if value.is(&bool_obj(false)) {
            return Ok(Autocommit::Disabled);
        }
        let number = taipan_objects::int::int_ref(value).and_then(|i| i.to_i64());
        if number == Some(-1) { Ok(Autocommit::Legacy) } else { Err(wrong()) }
    }
}

const LEVELS: [(&str, &CStr); 4] = [
    ("", c"BEGIN "),
    ("DEFERRED", c"BEGIN DEFERRED"),
    ("IMMEDIATE", c"BEGIN IMMEDIATE"),
    ("EXCLUSIVE", c"BEGIN EXCLUSIVE"),
];

/// Statements by their text; the least recently used one goes first.
#[derive(Default)]
struct Cache {
    statements: FxHashMap<String, (Arc<Compiled>, u64)>,
    clock: u64,
}

/// A `Connection`.
#[repr(C)]
pub struct PyConnection {
    header: Header,
    database: Mutex<Option<Arc<Database>>>,
    callbacks: Arc<Callbacks>,
    cache: Mutex<Cache>,
    /// Weak references to blobs, which are closed with it.
    blobs: Mutex<Vec<Obj>>,
    row_factory: Slot,
    text_factory: Slot,
    initialized: AtomicBool,
    detect_types: AtomicU64,
    cached: AtomicUsize,
    /// The thread that may use it; 0: all.
    thread: AtomicU64,
    /// An index of [`LEVELS`]; -1: none.
    level: AtomicI8,
    autocommit: AtomicI8,
}

fn trace_connection(this: &PyConnection, tracer: &mut Tracer<'_>) {
    this.row_factory.trace(tracer);
    this.text_factory.trace(tracer);
    this.callbacks.trace_field(tracer);
    if let Some(blobs) = this.blobs.try_lock() {
        blobs.iter().for_each(|blob| blob.trace_field(tracer));
    }
}
layout!(PyConnection, "sqlite3.Connection", trace = trace_connection);

fn make_class() -> Py<PyType> {
    let mut builder = TypeBuilder::new("sqlite3.Connection", PyConnection::ops())
        .flag(type_flags::BASE | type_flags::HAS_WEAKREF)
        .slots(TypeSlots {
            new: Some(construct),
            init: Some(init_warning),
            call: Some(methods::call),
            del: Some(finalize),
            ..TypeSlots::EMPTY
        })
        .methods(methods::all())
        .getset(PyConnection::getset())
        .attr("__text_signature__", str_obj("(sql, /)"))
        .doc("SQLite database connection object.");
    for (name, class) in errors::all() {
        builder = builder.attr(name, class.as_obj().clone());
    }
    builder.make()
}

native_class!(
    /// `sqlite3.Connection`.
    pub fn class() = make_class()
);

fn construct(class: &Obj, _args: &Args<'_>) -> PyResult<Obj> {
    let class = class_argument::<PyConnection>(class)?;
    Ok(new_instance(class, |header| PyConnection {
        header,
        database: Mutex::new(None),
        callbacks: Arc::default(),
        cache: Mutex::default(),
        blobs: Mutex::default(),
        row_factory: Slot::empty(),
        text_factory: Slot::empty(),
        initialized: AtomicBool::new(false),
        detect_types: AtomicU64::new(0),
        cached: AtomicUsize::new(128),
        thread: AtomicU64::new(0),
        level: AtomicI8::new(0),
        autocommit: AtomicI8::new(0),
    })
    .into_obj())
}

fn level_of(value: &Obj) -> PyResult<i8> {
    if is_none(value) {
        return Ok(-1);
    }
    let Some(text) = value.downcast::<PyStr>() else {
        return Err(type_error("isolation_level must be str or None"));
    };
    let text = text.to_string_lossy();
    let found = LEVELS.iter().position(|(name, _)| text.eq_ignore_ascii_case(name));
    match found {
        Some(level) => Ok(level as i8),
        None => {
            Err(value_error("isolation_level string must be '', 'DEFERRED', 'IMMEDIATE', or 'EXCLUSIVE'"))
        }
    }
}

/// What becomes keyword-only.
pub const POSITIONAL: &str = "Parameters 'timeout', 'detect_types', 'isolation_level', 'check_same_thread', 'factory', 'cached_statements' and 'uri' will become keyword-only parameters in Python 3.15.";

fn init_warning(slf: &Obj, args: &Args<'_>) -> PyResult<()> {
    if args.positional.len() > 1 {
        let text = format!(
            "Passing more than 1 positional argument to _sqlite3.Connection() is deprecated. {POSITIONAL}"
        );
        hooks::warn(&text, types().deprecation_warning.as_obj(), 1)?;
    }
    init(slf, args)
}

#[pyargs(
    name = "Connection",
    sig = "(database, timeout=5.0, detect_types=0, isolation_level='', check_same_thread=True, factory=None, cached_statements=128, uri=False, *, autocommit=-1)"
)]
fn init(
    slf: &Obj,
    database: &Obj,
    timeout: f64,
    detect_types: i64,
    isolation_level: Option<&Obj>,
    check_same_thread: bool,
    factory: Option<&Obj>,
    cached_statements: i64,
    uri: bool,
    autocommit: Option<&Obj>,
) -> PyResult<()> {
    let _ = factory;
    let this = receiver::<PyConnection>(slf)?;
    taipan_vm::sys::audit("sqlite3.connect", std::slice::from_ref(database))?;
    let path = crate::counted::call1(&hooks::module_attribute("os", "fspath")?, database)?;
    let Some(path) = crate::file_path::name_bytes(&path)? else { return Err(type_error("expected a path")) };
    let Some(path) = c_string(path) else { return Err(value_error("embedded null byte")) };
    let level = match isolation_level {
        Some(level) => level_of(level)?,
        None => 0,
    };
    let mode = match autocommit {
        Some(value) => Autocommit::of(value)?,
        None => Autocommit::Legacy,
    };
    if this.initialized.swap(false, Ordering::AcqRel) {
        this.end();
    }
    let opened = detached(|| Database::open(&path, uri, timeout)).map_err(failed)?;
    *this.database.lock() = Some(opened);
    this.detect_types.store(detect_types as u64, Ordering::Relaxed);
    this.cached.store(cached_statements.max(0) as usize, Ordering::Relaxed);
    let thread = if check_same_thread { crate::_thread::current_ident() } else { 0 };
    this.thread.store(thread, Ordering::Relaxed);
    this.level.store(level, Ordering::Relaxed);
    this.autocommit.store(mode as i8, Ordering::Relaxed);
    drop(this.row_factory.replace(Some(none())));
    drop(this.text_factory.replace(Some(types().str.as_obj().clone())));
    this.initialized.store(true, Ordering::Release);
    if mode == Autocommit::Disabled {
        this.begin()?;
    }
    taipan_vm::sys::audit("sqlite3.connect/handle", std::slice::from_ref(slf))
}

fn finalize(slf: &Obj) -> PyResult<()> {
    let Some(this) = slf.downcast::<PyConnection>() else { return Ok(()) };
    if this.initialized.load(Ordering::Acquire) && this.database.lock().is_some() {
        let text = format!("unclosed database in {}", taipan_objects::protocol::repr_string(slf)?);
        if taipan_vm::warnings::warn_of_resource(&text, slf).is_err() {
            hooks::unraisable(Some("Exception ignored while finalizing database connection"), Some(slf));
        }
        this.end();
    }
    Ok(())
}

impl PyConnection {
    pub fn check_thread(&self) -> PyResult<()> {
        if !self.initialized.load(Ordering::Acquire) {
            return Err(programming("Base Connection.__init__ not called."));
        }
        let owner = self.thread.load(Ordering::Relaxed);
        let current = crate::_thread::current_ident();
        if owner != 0 && owner != current {
            return Err(programming(format!(
                "SQLite objects created in a thread can only be used in that same thread. The object was created in thread id {owner} and this is thread id {current}."
            )));
        }
        Ok(())
    }
    /// The open database.
    pub fn database(&self) -> PyResult<Arc<Database>> {
        if !self.initialized.load(Ordering::Acquire) {
            return Err(programming("Base Connection.__init__ not called."));
        }
        let database = self.database.lock().clone();
        database.ok_or_else(|| programming("Cannot operate on a closed database."))
    }
    pub fn check(&self) -> PyResult<()> {
        self.check_thread()?;
        self.database().map(|_| ())
    }
    /// Runs `f` inside of the database, detached.
    pub fn inside<R>(&self, f: impl FnOnce(&Inner<'_>, &Arc<Database>) -> Outcome<R>) -> PyResult<R> {
        let database = self.database()?;
        let result = detached(|| database.enter().map(|inner| f(&inner, &database)));
        match result {
            Some(Ok(result)) if !is_raised() => Ok(result),
            Some(Ok(_)) => Err(Raised),
            Some(Err(failure)) => Err(failed(failure)),
            None => Err(programming("Cannot operate on a closed database.")),
        }
    }
    /// Runs a statement without results.
    pub fn run(&self, sql: &CStr) -> PyResult<()> {
        self.inside(|inner, database| inner.run(database, sql))
    }
    pub fn detects(&self, what: u64) -> bool {
        self.detect_types.load(Ordering::Relaxed) & what != 0
    }
    pub fn text_factory(&self) -> Obj {
        self.text_factory.load().unwrap_or_else(|| types().str.as_obj().clone())
    }
    pub fn mode(&self) -> Autocommit {
        match self.autocommit.load(Ordering::Relaxed) {
            0 => Autocommit::Legacy,
            1 => Autocommit::Disabled,
            _ => Autocommit::Enabled,
        }
    }
    /// Whether statements that change something begin a transaction.
    pub fn begins(&self) -> bool {
        self.mode() == Autocommit::Legacy && self.level.load(Ordering::Relaxed) >= 0
    }
    pub fn begin(&self) -> PyResult<()> {
        let level = if self.mode() == Autocommit::Legacy { self.level.load(Ordering::Relaxed) } else { 0 };
        let sql = if self.mode() == Autocommit::Legacy {
            LEVELS.get(level as usize).map_or(c"BEGIN ", |(_, sql)| *sql)
        } else {
            c"BEGIN"
        };
        self.run(sql)
    }
    /// A statement for a cursor: of the cache, or compiled.
    pub fn statement(&self, text: &Py<PyStr>) -> PyResult<Arc<Compiled>> {
        let key = text.to_utf8()?.into_owned();
        {
            let mut cache = self.cache.lock();
            cache.clock += 1;
            let now = cache.clock;
            if let Some((statement, used)) = cache.statements.get_mut(&key)
                && statement.raw.take()
            {
                *used = now;
                return Ok(statement.clone());
            }
        }
        let statement = Arc::new(compile(self, text)?);
        let most = self.cached.load(Ordering::Relaxed);
        let mut cache = self.cache.lock();
        if most > 0 && !cache.statements.contains_key(&key) {
            if cache.statements.len() >= most {
                let oldest =
                    cache.statements.iter().min_by_key(|(_, (_, used))| *used).map(|(k, _)| k.clone());
                if let Some(oldest) = oldest {
                    cache.statements.remove(&oldest);
                }
            }
            let now = cache.clock;
            cache.statements.insert(key, (statement.clone(), now));
        }
        Ok(statement)
    }
    /// Closes blobs, statements and database.
    fn end(&self) {
        let blobs = std::mem::take(&mut *self.blobs.lock());
        for blob in blobs {
            if let Some(weak) = blob.downcast::<taipan_objects::weakref::PyWeakRef>()
                && let Some(blob) = weak.get()
                && let Some(blob) = blob.downcast::<PyBlob>()
            {
                blob.end();
            }
        }
        let statements = std::mem::take(&mut self.cache.lock().statements);
        drop(statements);
        let database = self.database.lock().take();
        if let Some(database) = database {
            let rolls_back = self.mode() == Autocommit::Disabled;
            detached(|| {
                if rolls_back
                    && let Some(inner) = database.enter()
                    && !inner.autocommit()
                {
                    // As good as it goes: the database is closed anyway.
                    let _ = inner.run(&database, c"ROLLBACK");
                }
                database.close();
            });
            self.callbacks.clear();
        }
    }
    fn remember_blob(&self, blob: &Obj) -> PyResult<()> {
        let weak = taipan_objects::weakref::new_ref(blob, None)?;
        let mut blobs = self.blobs.lock();
        blobs.push(weak);
        if blobs.len() % 200 == 0 {
            let dead: Vec<Obj> = blobs
                .extract_if(.., |b| {
                    b.downcast::<taipan_objects::weakref::PyWeakRef>().is_none_or(|weak| weak.is_dead())
                })
                .collect();
            drop(blobs);
            drop(dead);
        }
        Ok(())
    }
}

impl Drop for PyConnection {
    fn drop(&mut self) {
        self.cache.get_mut().statements.clear();
        if let Some(database) = self.database.get_mut().take() {
            database.close();
        }
    }
}

#[pymethods(class = "sqlite3.Connection")]
impl PyConnection {
    #[pygetset]
    fn isolation_level(&self) -> PyResult<Obj> {
        self.check()?;
        let level = self.level.load(Ordering::Relaxed);
        Ok(LEVELS.get(level as usize).map_or_else(none, |(name, _)| str_obj(name)))
    }
    #[pygetset(setter = "isolation_level")]
    fn set_isolation_level(&self, value: Option<&Obj>) -> PyResult<()> {
        let Some(value) = value else { return Err(attribute_error("cannot delete attribute")) };
        if is_none(value) {
            self.level.store(-1, Ordering::Relaxed);
            // What is open is committed.
            return self.commit_now();
        }
        self.level.store(level_of(value)?, Ordering::Relaxed);
        Ok(())
    }
    #[pygetset]
    fn autocommit(&self) -> PyResult<Obj> {
        self.check()?;
        Ok(match self.mode() {
            Autocommit::Legacy => int_obj(-1),
            Autocommit::Disabled => bool_obj(false),
            Autocommit::Enabled => bool_obj(true),
        })
    }
    #[pygetset(setter = "autocommit")]
    fn set_autocommit(&self, value: Option<&Obj>) -> PyResult<()> {
        self.check()?;
        let Some(value) = value else { return Err(attribute_error("cannot delete autocommit attribute")) };
        let mode = Autocommit::of(value)?;
        let idle = self.inside(|inner, _| Ok(inner.autocommit()))?;
        match mode {
            Autocommit::Enabled if !idle => self.run(c"COMMIT")?,
            Autocommit::Disabled if idle => self.run(c"BEGIN")?,
            _ => {}
        }
        self.autocommit.store(mode as i8, Ordering::Relaxed);
        Ok(())
    }
    #[pygetset]
    fn in_transaction(&self) -> PyResult<bool> {
        self.check()?;
        self.inside(|inner, _| Ok(!inner.autocommit()))
    }
    #[pygetset]
    fn total_changes(&self) -> PyResult<i64> {
        self.check()?;
        self.inside(|inner, _| Ok(inner.total_changes()))
    }
    #[pygetset]
    fn row_factory(&self) -> Obj {
        self.row_factory.load().unwrap_or_else(none)
    }
    #[pygetset(setter = "row_factory")]
    fn set_row_factory(&self, value: Option<&Obj>) -> PyResult<()> {
        let Some(value) = value else { return Err(attribute_error("cannot delete row_factory attribute")) };
        drop(self.row_factory.replace(Some(value.clone())));
        Ok(())
    }
    #[pygetset(name = "text_factory")]
    fn get_text_factory(&self) -> Obj {
        self.text_factory()
    }
    #[pygetset(setter = "text_factory")]
    fn set_text_factory(&self, value: Option<&Obj>) -> PyResult<()> {
        let Some(value) = value else { return Err(attribute_error("cannot delete text_factory attribute")) };
        drop(self.text_factory.replace(Some(value.clone())));
        Ok(())
    }
}
