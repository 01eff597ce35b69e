//! `sqlite3.Cursor`. `locked` keeps a cursor from being used while it is in use, by a converter or by another thread.

use std::sync::Arc;

use parking_lot::Mutex;
use taipan_objects::bytes::PyBytes;
use taipan_objects::dict::PyDict;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::tuple::PyTuple;
use taipan_objects::type_object::{TypeBuilder, new_instance, type_flags};
use taipan_threading::detached;
use taipan_threading::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering};

use super::connection::{Autocommit, PARSE_COLNAMES, PARSE_DECLTYPES, PyConnection};
use super::errors::{data_error, failed, operational_error, programming};
use super::ffi::{Cell, DONE, c_string};
use super::statement::Compiled;
use super::values::{registry, text_of};
use crate::native_class::{class_argument, receiver};
use crate::running::Running;
use crate::{counted, native_class};

/// A `Cursor`.
#[repr(C)]
pub struct PyCursor {
    header: Header,
    connection: Slot,
    pub description: Slot,
    row_factory: Slot,
    lastrowid: Slot,
    /// A tuple of the columns' converters, if columns are converted.
    converters: Slot,
    statement: Mutex<Option<Arc<Compiled>>>,
    rowcount: AtomicI64,
    arraysize: AtomicU32,
    closed: AtomicBool,
    locked: AtomicBool,
}
layout!(PyCursor, "sqlite3.Cursor", [connection, description, row_factory, lastrowid, converters]);

native_class!(
    /// `sqlite3.Cursor`.
    pub fn class() = TypeBuilder::new("sqlite3.Cursor", PyCursor::ops())
        .flag(type_flags::BASE | type_flags::HAS_WEAKREF)
        .slots(TypeSlots {
            new: Some(construct),
            init: Some(init),
            iter: Some(|obj| Ok(obj.clone())),
            iternext: Some(next_row),
            ..TypeSlots::EMPTY
        })
        .methods(PyCursor::methods())
        .getset(PyCursor::getset())
        .doc("SQLite database cursor class.")
        .make()
);

fn construct(class: &Obj, _args: &Args<'_>) -> PyResult<Obj> {
    let class = class_argument::<PyCursor>(class)?;
    Ok(new_instance(class, |header| PyCursor {
        header,
        connection: Slot::empty(),
        description: Slot::empty(),
        row_factory: Slot::empty(),
        lastrowid: Slot::empty(),
        converters: Slot::empty(),
        statement: Mutex::new(None),
        rowcount: AtomicI64::new(-1),
        arraysize: AtomicU32::new(1),
        closed: AtomicBool::new(false),
        locked: AtomicBool::new(false),
    })
    .into_obj())
}

#[pyargs(name = "Cursor", sig = "(connection, /)")]
fn init(slf: &Obj, connection: &Obj) -> PyResult<()> {
    let this = receiver::<PyCursor>(slf)?;
    let Some(given) = connection.downcast::<PyConnection>() else {
        return Err(type_error(format!(
            "Cursor() argument 1 must be sqlite3.Connection, not {}",
            class_of(connection).name()
        )));
    };
    if this.locked.load(Ordering::Acquire) {
        return Err(recursive());
    }
    this.drop_statement();
    drop(this.connection.replace(Some(connection.clone())));
    drop(this.description.take());
    drop(this.row_factory.take());
    this.rowcount.store(-1, Ordering::Relaxed);
    this.arraysize.store(1, Ordering::Relaxed);
    this.closed.store(false, Ordering::Release);
    given.check_thread()
}

fn recursive() -> Raised {
    programming("Recursive use of cursors not allowed.")
}

impl PyCursor {
    fn owner(&self) -> PyResult<Py<PyConnection>> {
        match self.connection.load().and_then(|c| c.into_py::<PyConnection>().ok()) {
            Some(connection) => Ok(connection),
            None => Err(programming("Base Cursor.__init__ not called.")),
        }
    }
    /// Checks that it may be used now, and takes it into use.
    fn enter(&self) -> PyResult<(Py<PyConnection>, Running<'_>)> {
        let connection = self.owner()?;
        if self.closed.load(Ordering::Acquire) {
            return Err(programming("Cannot operate on a closed cursor."));
        }
        connection.check_thread()?;
        connection.database()?;
        let running = Running::begin(&self.locked).ok_or_else(recursive)?;
        Ok((connection, running))
    }
    pub fn set_row_factory(&self, factory: Option<Obj>) {
        drop(self.row_factory.replace(factory));
    }
    fn drop_statement(&self) {
        let statement = self.statement.lock().take();
        if let Some(statement) = statement {
            statement.release();
            detached(|| drop(statement));
        }
    }
    fn current(&self) -> Option<Arc<Compiled>> {
        self.statement.lock().clone()
    }
    fn run(&self, slf: &Obj, sql: &Obj, parameters: &Obj, many: bool) -> PyResult<()> {
        let function = if many { "executemany" } else { "execute" };
        let Some(text) = sql.to_py::<PyStr>() else {
            return Err(type_error(format!(
                "{function}() argument 1 must be str, not {}",
                class_of(sql).name()
            )));
        };
        let _ = slf;
        let (connection, _lock) = self.enter()?;
        let iterator = if many { Some(counted::iter(parameters)?) } else { None };
        self.drop_statement();
        drop(self.description.take());
        let result = self.execute_all(&connection, &text, parameters, iterator.as_ref());
        match &result {
            Ok(()) => {
                let busy = self.current().is_some_and(|s| detached(|| s.raw.is_busy()));
                if !busy {
                    self.drop_statement();
                }
            }
            Err(Raised) => {
                let error = take_raised();
                self.drop_statement();
                self.rowcount.store(-1, Ordering::Relaxed);
                let _ = set_raised(error);
            }
        }
        result
    }
    fn execute_all(
        &self,
        connection: &Py<PyConnection>,
        text: &Py<PyStr>,
        parameters: &Obj,
        many: Option<&Obj>,
    ) -> PyResult<()> {
        let statement = connection.statement(text)?;
        *self.statement.lock() = Some(statement.clone());
        detached(|| {
            statement.raw.reset();
            statement.raw.clear_bindings();
        });
        if many.is_some() && detached(|| statement.raw.is_readonly()) {
            return Err(programming("executemany() can only execute DML statements."));
        }
        self.rowcount.store(if statement.is_dml { 0 } else { -1 }, Ordering::Relaxed);
        if statement.is_dml && connection.begins() && connection.inside(|inner, _| Ok(inner.autocommit()))? {
            connection.begin()?;
        }
        let mut first = true;
        loop {
            let given = match many {
                Some(iterator) => match counted::next(iterator)? {
                    Some(given) => given,
                    None => break,
                },
                None => parameters.clone(),
            };
            statement.bind(&given)?;
            let code = detached(|| statement.raw.step()).map_err(failed)?;
            self.find_converters(connection, &statement)?;
            if first || self.description.is_empty() {
                self.describe(connection, &statement)?;
                first = false;
            }
            if code == DONE {
                if statement.is_dml {
                    let changes = detached(|| statement.raw.changes());
                    self.rowcount.fetch_add(changes, Ordering::Relaxed);
                }
                detached(|| statement.raw.reset());
            } else if many.is_some() {
                detached(|| statement.raw.reset());
            }
            if many.is_none() {
                let id = connection.inside(|inner, _| Ok(inner.last_rowid()))?;
                drop(self.lastrowid.replace(Some(int_obj(id))));
                break;
            }
        }
        Ok(())
    }
    fn describe(&self, connection: &PyConnection, statement: &Compiled) -> PyResult<()> {
        let names: Vec<Vec<u8>> =
            detached(|| (0..statement.raw.columns()).map(|i| statement.raw.column_name(i)).collect());
        if names.is_empty() {
            return Ok(());
        }
        let mut columns = Vec::with_capacity(names.len());
        for mut name in names {
            if connection.detects(PARSE_COLNAMES)
                && let Some(at) = name.iter().position(|c| *c == b'[')
            {
                let end = if at > 0 && name[at - 1] == b' ' { at - 1 } else { at };
                name.truncate(end);
            }
            let mut column = vec![text_of(name)?];
            column.resize_with(7, none);
            columns.push(tuple_obj(column));
        }
        drop(self.description.replace(Some(tuple_obj(columns))));
        Ok(())
    }
    fn find_converters(&self, connection: &PyConnection, statement: &Compiled) -> PyResult<()> {
        if !connection.detects(PARSE_COLNAMES | PARSE_DECLTYPES) {
            return Ok(());
        }
        let converters = registry("converters")?;
        let lookup = |name: &[u8]| -> PyResult<Option<Obj>> {
            let key = str_obj(&String::from_utf8_lossy(name).to_uppercase());
            match converters.downcast::<PyDict>() {
                Some(converters) => Ok(converters.get(&key)?.map(IntoStrong::into_strong)),
                None => Ok(None),
            }
        };
        let columns: Vec<(Vec<u8>, Option<Vec<u8>>)> = detached(|| {
            let raw = &statement.raw;
            (0..raw.columns()).map(|i| (raw.column_name(i), raw.column_type(i))).collect()
        });
        let mut found = Vec::with_capacity(columns.len());
        for (name, declared) in columns {
            let mut converter = None;
            if connection.detects(PARSE_COLNAMES)
                && let Some(open) = name.iter().position(|c| *c == b'[')
                && let Some(close) = name[open..].iter().position(|c| *c == b']')
            {
                converter = lookup(&name[open + 1..open + close])?;
            }
            if converter.is_none()
                && connection.detects(PARSE_DECLTYPES)
                && let Some(declared) = declared
            {
                let end = declared.iter().position(|c| matches!(c, b' ' | b'(')).unwrap_or(declared.len());
                converter = lookup(&declared[..end])?;
            }
            found.push(converter.unwrap_or_else(none));
        }
        drop(self.converters.replace(Some(tuple_obj(found))));
        Ok(())
    }
    fn row_of(
        &self,
        connection: &PyConnection,
        cells: Vec<Cell>,
        converters: Option<&PyTuple>,
    ) -> PyResult<Obj> {
        let mut values = Vec::with_capacity(cells.len());
        let factory = connection.text_factory();
        let is_str = factory.is(types().str.as_obj());
        for (i, cell) in cells.into_iter().enumerate() {
            let converter = converters.and_then(|c| c.get(i)).filter(|c| !is_none(c));
            let value = match (cell, converter) {
                (Cell::Null, _) => none(),
                (Cell::Blob(bytes), Some(_)) if bytes.is_empty() => none(),
                (Cell::Blob(bytes), Some(converter)) => {
                    counted::call1(converter, PyBytes::from_vec(bytes).as_obj())?
                }
                (Cell::Int(i), _) => int_obj(i),
                (Cell::Real(f), _) => float_obj(f),
                (Cell::Blob(bytes), None) => PyBytes::from_vec(bytes).into_obj(),
                (Cell::Text(text), _) if is_str => match String::from_utf8(text) {
                    Ok(text) => PyStr::from_string(text).into_obj(),
                    Err(wrong) => return Err(self.undecodable(i, wrong.as_bytes())),
                },
                (Cell::Text(text), _) => {
                    let bytes = PyBytes::from_vec(text).into_obj();
                    if factory.is(types().bytes.as_obj()) { bytes } else { counted::call1(&factory, &bytes)? }
                }
            };
            values.push(value);
        }
        Ok(tuple_obj(values))
    }
    fn undecodable(&self, column: usize, text: &[u8]) -> Raised {
        let name = self.current().map(|s| detached(|| s.raw.column_name(column as i32))).unwrap_or_default();
        let shown: String =
            text.iter().map(|b| if b.is_ascii() { char::from(*b) } else { '\u{fffd}' }).collect();
        raise_message(
            operational_error(),
            format!(
                "Could not decode to UTF-8 column '{}' with text '{shown}'",
                String::from_utf8_lossy(&name)
            ),
        )
    }
}

fn next_row(slf: &Obj) -> PyResult<Option<Obj>> {
    let this = receiver::<PyCursor>(slf)?;
    let (connection, _lock) = this.enter()?;
    let Some(statement) = this.current() else { return Ok(None) };
    let converters = this.converters.load().filter(|_| connection.detects(PARSE_COLNAMES | PARSE_DECLTYPES));
    let converters = converters.as_ref().and_then(|c| c.downcast::<PyTuple>());
    let raw: Vec<bool> =
        converters.map(|c| c.as_slice().iter().map(|c| !is_none(c)).collect()).unwrap_or_default();
    let cells = detached(|| statement.raw.row(&raw));
    let row = this.row_of(&connection, cells, converters).inspect_err(|_| {
        let error = take_raised();
        this.drop_statement();
        let _ = set_raised(error);
    })?;
    match detached(|| statement.raw.step()) {
        Ok(DONE) => {
            if statement.is_dml {
                let changes = detached(|| statement.raw.changes());
                this.rowcount.store(changes, Ordering::Relaxed);
            }
            this.drop_statement();
        }
        Ok(_) => {}
        Err(failure) => {
            this.drop_statement();
            return Err(failed(failure));
        }
    }
    drop(_lock);
    match this.row_factory.load().filter(|f| !is_none(f)) {
        Some(factory) => counted::call(&factory, &[slf.clone(), row]).map(Some),
        None => Ok(Some(row)),
    }
}

fn size_argument(value: &Obj) -> PyResult<u32> {
    let Some(size) = taipan_objects::int::int_ref(&index(value)?)
        .and_then(|i| i.to_i64().or(if i.is_negative() { Some(-1) } else { None }))
    else {
        return Err(overflow_error("Python int too large to convert to C uint32_t"));
    };
    if size < 0 {
        return Err(value_error("Cannot convert negative int"));
    }
    u32::try_from(size).map_err(|_| overflow_error("Python int too large to convert to C uint32_t"))
}

#[pymethods(class = "sqlite3.Cursor")]
impl PyCursor {
    /// Executes an SQL statement.
    #[pymethod(sig = "(sql, parameters=(), /)")]
    pub fn execute(slf: &Obj, sql: &Obj, parameters: Option<&Obj>) -> PyResult<Obj> {
        let empty = tuple_obj(vec![]);
        receiver::<PyCursor>(slf)?.run(slf, sql, parameters.unwrap_or(&empty), false)?;
        Ok(slf.clone())
    }
    /// Repeatedly executes an SQL statement.
    #[pymethod(sig = "(sql, seq_of_parameters, /)")]
    pub fn executemany(slf: &Obj, sql: &Obj, seq_of_parameters: &Obj) -> PyResult<Obj> {
        receiver::<PyCursor>(slf)?.run(slf, sql, seq_of_parameters, true)?;
        Ok(slf.clone())
    }
    /// Executes multiple SQL statements at once.
    #[pymethod(sig = "(sql_script, /)")]
    pub fn executescript(slf: &Obj, sql_script: &str) -> PyResult<Obj> {
        let this = receiver::<PyCursor>(slf)?;
        let (connection, _lock) = this.enter()?;
        let limit = connection.inside(|inner, _| Ok(inner.limit(1, -1)))?;
        if sql_script.len() > limit as usize {
            return Err(raise_message(data_error(), "query string is too large"));
        }
        if sql_script.contains('\0') {
            return Err(value_error("embedded null character"));
        }
        if connection.mode() == Autocommit::Legacy && !connection.inside(|inner, _| Ok(inner.autocommit()))? {
            connection.run(c"COMMIT")?;
        }
        let mut rest = sql_script;
        while !rest.is_empty() {
            let Some(sql) = c_string(rest.as_bytes()) else { break };
            let end = connection.inside(|inner, database| {
                let (statement, end) = inner.prepare(database, &sql)?;
                while statement.step()? != DONE {}
                Ok(end)
            })?;
            rest = rest.get(end..).unwrap_or("");
        }
        Ok(slf.clone())
    }
    /// Fetches one row from the resultset.
    #[pymethod]
    fn fetchone(slf: &Obj) -> PyResult<Obj> {
        Ok(next_row(slf)?.unwrap_or_else(none))
    }
    /// Fetches several rows from the resultset.
    #[pymethod(sig = "(size=1)")]
    fn fetchmany(slf: &Obj, size: Option<&Obj>) -> PyResult<Obj> {
        let this = receiver::<PyCursor>(slf)?;
        let most = match size {
            Some(size) => size_argument(size)?,
            None => this.arraysize.load(Ordering::Relaxed),
        };
        let mut rows = Vec::new();
        while (rows.len() as u64) < u64::from(most)
            && let Some(row) = next_row(slf)?
        {
            rows.push(row);
        }
        Ok(list_obj(rows))
    }
    /// Fetches all rows from the resultset.
    #[pymethod]
    fn fetchall(slf: &Obj) -> PyResult<Obj> {
        let mut rows = Vec::new();
        while let Some(row) = next_row(slf)? {
            rows.push(row);
        }
        Ok(list_obj(rows))
    }
    /// Required by DB-API. Does nothing in sqlite3.
    #[pymethod]
    fn setinputsizes(&self, sizes: &Obj) {
        let _ = sizes;
    }
    /// Required by DB-API. Does nothing in sqlite3.
    #[pymethod(sig = "(size, column=None, /)")]
    fn setoutputsize(&self, size: &Obj, column: Option<&Obj>) {
        let _ = (size, column);
    }
    /// Closes the cursor.
    #[pymethod]
    fn close(&self) -> PyResult<()> {
        let connection = self.owner()?;
        if self.locked.load(Ordering::Acquire) {
            return Err(recursive());
        }
        connection.check_thread()?;
        connection.database()?;
        self.drop_statement();
        self.closed.store(true, Ordering::Release);
        Ok(())
    }
    #[pygetset]
    fn connection(&self) -> Obj {
        self.connection.load().unwrap_or_else(none)
    }
    #[pygetset]
    fn description(&self) -> Obj {
        self.description.load().unwrap_or_else(none)
    }
    #[pygetset]
    fn lastrowid(&self) -> Obj {
        self.lastrowid.load().unwrap_or_else(none)
    }
    #[pygetset]
    fn rowcount(&self) -> i64 {
        self.rowcount.load(Ordering::Relaxed)
    }
    #[pygetset]
    fn arraysize(&self) -> u32 {
        self.arraysize.load(Ordering::Relaxed)
    }
    #[pygetset(setter = "arraysize")]
    fn set_arraysize(&self, value: Option<&Obj>) -> PyResult<()> {
        let Some(value) = value else {
            return Err(attribute_error("'arraysize' attribute cannot be deleted"));
        };
        self.arraysize.store(size_argument(value)?, Ordering::Relaxed);
        Ok(())
    }
    #[pygetset]
    fn row_factory(&self) -> Obj {
        self.row_factory.load().unwrap_or_else(none)
    }
    #[pygetset(setter = "row_factory")]
    fn set_factory(&self, value: Option<&Obj>) -> PyResult<()> {
        let Some(value) = value else { return Err(attribute_error("cannot delete row_factory attribute")) };
        self.set_row_factory(Some(value.clone()));
        Ok(())
    }
}

impl Drop for PyCursor {
    fn drop(&mut self) {
        if let Some(statement) = self.statement.get_mut().take() {
            let database = statement.raw.database().clone();
            database.later(move || {
                statement.raw.reset();
                statement.raw.in_use.store(false, Ordering::Release);
            });
        }
    }
}
