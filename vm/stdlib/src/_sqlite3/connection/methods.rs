//! Methods of connections for running statements and transactions.

use std::sync::Arc;

use taipan_objects::hooks;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::type_object::new_instance;

use super::{Autocommit, PyConnection};
use crate::_sqlite3::cursor::{self, PyCursor};
use crate::_sqlite3::ffi::Outcome;
use crate::_sqlite3::statement::{self, PyStatement};
use crate::counted;
use crate::native_class::receiver;

/// The methods of all files.
pub fn all() -> &'static [MethodDef] {
    let parts = [PyConnection::running_methods(), PyConnection::administration_methods()];
    let all: Vec<MethodDef> = parts
        .into_iter()
        .flatten()
        .map(|m| MethodDef {
            name: m.name,
            kind: m.kind,
            call: m.call,
            doc: m.doc,
            text_signature: m.text_signature,
            signature: m.signature,
            fast0: m.fast0,
            fast1: m.fast1,
            fast2: m.fast2,
            fast3: m.fast3,
            intrinsic: m.intrinsic,
        })
        .collect();
    Box::leak(all.into_boxed_slice())
}

/// `connection(sql)`: the compiled statement.
pub fn call(slf: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    let this = receiver::<PyConnection>(slf)?;
    this.check()?;
    if args.has_keywords() || args.positional.len() != 1 {
        return Err(type_error("Connection.__call__() takes exactly one positional argument"));
    }
    let sql = &args.positional[0];
    let Some(text) = sql.downcast::<PyStr>() else {
        return Err(type_error(format!("argument 1 must be str, not {}", class_of(sql).name())));
    };
    let statement = Arc::new(statement::compile(this, text)?);
    Ok(new_instance(statement::class(), |header| PyStatement { header, statement }).into_obj())
}

impl PyConnection {
    pub fn commit_now(&self) -> PyResult<()> {
        self.check()?;
        let mode = self.mode();
        if mode == Autocommit::Enabled {
            return Ok(());
        }
        self.inside(|inner, database| -> Outcome<()> {
            if !inner.autocommit() {
                inner.run(database, c"COMMIT")?;
            }
            if mode == Autocommit::Disabled { inner.run(database, c"BEGIN") } else { Ok(()) }
        })
    }
    fn rollback_now(&self) -> PyResult<()> {
        self.check()?;
        let mode = self.mode();
        if mode == Autocommit::Enabled {
            return Ok(());
        }
        self.inside(|inner, database| -> Outcome<()> {
            if !inner.autocommit() {
                inner.run(database, c"ROLLBACK")?;
            }
            if mode == Autocommit::Disabled { inner.run(database, c"BEGIN") } else { Ok(()) }
        })
    }
    fn new_cursor(slf: &Obj, factory: Option<&Obj>) -> PyResult<Obj> {
        let this = receiver::<PyConnection>(slf)?;
        this.check()?;
        let factory = factory.unwrap_or(cursor::class().as_obj());
        let made = counted::call1(factory, slf)?;
        let Some(cursor) = made.downcast::<PyCursor>() else {
            return Err(type_error(format!("factory must return a cursor, not {}", class_of(&made).name())));
        };
        let row_factory = this.row_factory.load().filter(|f| !is_none(f));
        if row_factory.is_some() {
            cursor.set_row_factory(row_factory);
        }
        Ok(made)
    }
}

#[pymethods(class = "sqlite3.Connection", part = "running")]
impl PyConnection {
    /// Return a cursor for the connection.
    #[pymethod(sig = "(factory=<unrepresentable>)")]
    fn cursor(slf: &Obj, factory: Option<&Obj>) -> PyResult<Obj> {
        Self::new_cursor(slf, factory)
    }
    /// Executes an SQL statement.
    #[pymethod(sig = "(sql, parameters=<unrepresentable>, /)", text = "($self, sql, parameters=(), /)")]
    fn execute(slf: &Obj, sql: &Obj, parameters: Option<&Obj>) -> PyResult<Obj> {
        let cursor = counted::call_method(slf, "cursor", &[])?;
        let args: Vec<Obj> = [Some(sql), parameters].into_iter().flatten().cloned().collect();
        counted::call_method(&cursor, "execute", &args)
    }
    /// Repeatedly executes an SQL statement.
    #[pymethod(sig = "(sql, parameters, /)")]
    fn executemany(slf: &Obj, sql: &Obj, parameters: &Obj) -> PyResult<Obj> {
        let cursor = counted::call_method(slf, "cursor", &[])?;
        counted::call_method(&cursor, "executemany", &[sql.clone(), parameters.clone()])
    }
    /// Executes multiple SQL statements at once.
    #[pymethod(sig = "(sql_script, /)")]
    fn executescript(slf: &Obj, sql_script: &Obj) -> PyResult<Obj> {
        let cursor = counted::call_method(slf, "cursor", &[])?;
        counted::call_method(&cursor, "executescript", std::slice::from_ref(sql_script))
    }
    /// Commit any pending transaction to the database.
    ///
    /// If there is no open transaction, this method is a no-op.
    #[pymethod]
    fn commit(&self) -> PyResult<()> {
        self.commit_now()
    }
    /// Roll back to the start of any pending transaction.
    ///
    /// If there is no open transaction, this method is a no-op.
    #[pymethod]
    fn rollback(&self) -> PyResult<()> {
        self.rollback_now()
    }
    /// Close the database connection.
    ///
    /// Any pending transaction is not committed implicitly.
    #[pymethod]
    fn close(&self) -> PyResult<()> {
        self.check_thread()?;
        self.end();
        Ok(())
    }
    /// Called when the connection is used as a context manager.
    ///
    /// Returns itself as a convenience to the caller.
    #[pymethod]
    fn __enter__(slf: &Obj) -> PyResult<Obj> {
        receiver::<PyConnection>(slf)?.check()?;
        Ok(slf.clone())
    }
    /// Called when the connection is used as a context manager.
    ///
    /// If there was any exception, a rollback takes place; otherwise we commit.
    #[pymethod(sig = "(type, value, traceback, /)")]
    fn __exit__(slf: &Obj, r#type: &Obj, value: &Obj, traceback: &Obj) -> PyResult<bool> {
        let this = receiver::<PyConnection>(slf)?;
        let commits = is_none(r#type) && is_none(value) && is_none(traceback);
        if !commits {
            this.rollback_now()?;
            return Ok(false);
        }
        if this.commit_now().is_err() {
            let error = take_raised();
            if this.rollback_now().is_err() {
                let second = take_raised();
                if let Some(e) = second.downcast::<taipan_objects::exceptions::PyBaseException>() {
                    e.set_context(Some(error));
                }
                return Err(set_raised(second));
            }
            return Err(set_raised(error));
        }
        Ok(false)
    }
    /// Abort any pending database operation.
    #[pymethod]
    fn interrupt(&self) -> PyResult<()> {
        let database = self.database()?;
        taipan_threading::detached(|| {
            if let Some(inner) = database.enter() {
                inner.interrupt();
            }
        });
        Ok(())
    }
    /// Returns iterator to the dump of the database in an SQL text format.
    #[pymethod(sig = "(*, filter=None)")]
    fn iterdump(slf: &Obj, filter: Option<&Obj>) -> PyResult<Obj> {
        receiver::<PyConnection>(slf)?.check()?;
        let dump = hooks::import_module("sqlite3.dump")?;
        let function = counted::getattr(&dump, "_iterdump")?;
        let filter = filter.cloned().unwrap_or_else(none);
        let name = str_obj("filter");
        let (names, values) = (std::slice::from_ref(&name), std::slice::from_ref(&filter));
        let args = Args::with_keywords(std::slice::from_ref(slf), names, values);
        Ok(call_args(&function, &args)?.into_strong())
    }
}
