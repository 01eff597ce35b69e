//! Methods of connections for callbacks, limits, switches, copies and blobs.

use std::ffi::CString;

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::{buffer, hooks};
use taipan_threading::detached;

use super::PyConnection;
use crate::_sqlite3::callbacks::Kind;
use crate::_sqlite3::errors::{failed, failed_with, operational_error, programming};
use crate::_sqlite3::ffi::{DONE, c_string, sleep};
use crate::_sqlite3::{blob, constants};
use crate::counted;
use crate::native_class::receiver;

fn name_of(text: &str) -> PyResult<CString> {
    c_string(text).ok_or_else(|| value_error("embedded null character"))
}

/// None or a function.
fn function_of(given: &Obj) -> Option<&Obj> {
    if is_none(given) { None } else { Some(given) }
}

impl PyConnection {
    fn define(&self, name: &str, count: i32, kind: Kind, function: &Obj) -> PyResult<()> {
        self.check()?;
        let name = name_of(name)?;
        let callbacks = &self.callbacks;
        let limit = self.inside(|inner, _| Ok(inner.limit(6, -1)))?;
        let _ = limit;
        match self
            .inside(|inner, _| inner.create_function(callbacks, &name, count, kind, function_of(function)))
        {
            Ok(()) => Ok(()),
            Err(Raised) => {
                let error = take_raised();
                if !(-1..=127).contains(&count) {
                    return Err(programming(format!(
                        "Error creating function: the number of arguments must be between -1 and {limit}, not {count}"
                    )));
                }
                Err(set_raised(error))
            }
        }
    }
    fn handler(
        &self,
        which: usize,
        function: Option<&Obj>,
    ) -> PyResult<*mut crate::_sqlite3::callbacks::Context> {
        let database = self.database()?;
        Ok(database.handlers[which].replace(&self.callbacks, function))
    }
}

#[pymethods(class = "sqlite3.Connection", part = "administration")]
impl PyConnection {
    /// Creates a new function.
    #[pymethod(sig = "(name, narg, func, /, *, deterministic=False)")]
    fn create_function(&self, name: &str, narg: i32, func: &Obj, deterministic: bool) -> PyResult<()> {
        self.define(name, narg, Kind::Scalar { deterministic }, func)
    }
    /// Creates a new aggregate.
    #[pymethod(sig = "(name, n_arg, aggregate_class, /)")]
    fn create_aggregate(&self, name: &str, n_arg: i32, aggregate_class: &Obj) -> PyResult<()> {
        self.define(name, n_arg, Kind::Aggregate, aggregate_class)
    }
    /// Creates or redefines an aggregate window function. Non-standard.
    #[pymethod(sig = "(name, num_params, aggregate_class, /)")]
    fn create_window_function(&self, name: &str, num_params: i32, aggregate_class: &Obj) -> PyResult<()> {
        self.define(name, num_params, Kind::Window, aggregate_class)
    }
    /// Creates a collation function.
    #[pymethod(sig = "(name, callback, /)")]
    fn create_collation(&self, name: &str, callback: &Obj) -> PyResult<()> {
        self.check()?;
        if !is_none(callback) && !is_callable(callback) {
            return Err(type_error("parameter must be callable"));
        }
        let name = name_of(name)?;
        self.inside(|inner, _| inner.create_collation(&self.callbacks, &name, function_of(callback)))
    }
    /// Set authorizer callback.
    #[pymethod(sig = "(authorizer_callback)")]
    fn set_authorizer(&self, authorizer_callback: &Obj) -> PyResult<()> {
        self.check()?;
        let context = self.handler(0, function_of(authorizer_callback))?;
        let context = context.expose_provenance();
        self.inside(|inner, _| inner.set_authorizer(std::ptr::with_exposed_provenance_mut(context)))
    }
    /// Set progress handler callback.
    #[pymethod(sig = "(progress_handler, /, n)")]
    fn set_progress_handler(&self, progress_handler: &Obj, n: i32) -> PyResult<()> {
        self.check()?;
        let context = self.handler(1, function_of(progress_handler))?.expose_provenance();
        self.inside(|inner, _| {
            inner.set_progress(std::ptr::with_exposed_provenance_mut(context), n);
            Ok(())
        })
    }
    /// Set a trace callback called for each SQL statement (passed as unicode).
    #[pymethod(sig = "(trace_callback)")]
    fn set_trace_callback(&self, trace_callback: &Obj) -> PyResult<()> {
        self.check()?;
        let context = self.handler(2, function_of(trace_callback))?.expose_provenance();
        self.inside(|inner, _| inner.set_trace(std::ptr::with_exposed_provenance_mut(context)))
    }
    /// Set connection run-time limits.
    #[pymethod(sig = "(category, limit, /)")]
    fn setlimit(&self, category: i32, limit: i32) -> PyResult<i64> {
        self.check()?;
        let old = self.inside(|inner, _| Ok(inner.limit(category, limit)))?;
        if old < 0 { Err(programming("'category' is out of bounds")) } else { Ok(i64::from(old)) }
    }
    /// Get connection run-time limits.
    #[pymethod(sig = "(category, /)")]
    fn getlimit(&self, category: i32) -> PyResult<i64> {
        self.setlimit(category, -1)
    }
    /// Query a boolean connection configuration option.
    #[pymethod(sig = "(op, /)")]
    fn getconfig(&self, op: i32) -> PyResult<bool> {
        self.check()?;
        check_switch(op)?;
        self.inside(|inner, _| inner.config(op, -1))
    }
    /// Set a boolean connection configuration option.
    #[pymethod(sig = "(op, enable=True, /)")]
    fn setconfig(&self, op: i32, enable: bool) -> PyResult<()> {
        self.check()?;
        check_switch(op)?;
        let now = self.inside(|inner, _| inner.config(op, i32::from(enable)))?;
        if now != enable {
            return Err(raise_message(operational_error(), "Unable to set config"));
        }
        Ok(())
    }
    /// Enable dynamic loading of SQLite extension modules.
    #[pymethod(sig = "(enable, /)")]
    fn enable_load_extension(&self, enable: bool) -> PyResult<()> {
        self.check()?;
        self.inside(|inner, _| inner.enable_load_extension(enable))
    }
    /// Load SQLite extension module.
    #[pymethod(sig = "(name, /, *, entrypoint=None)")]
    fn load_extension(&self, name: &str, entrypoint: Option<&str>) -> PyResult<()> {
        self.check()?;
        let name = name_of(name)?;
        let entry = entrypoint.map(name_of).transpose()?;
        self.inside(|inner, _| inner.load_extension(&name, entry.as_deref()))
    }
    /// Serialize a database into a byte string.
    #[pymethod(sig = "(*, name='main')")]
    fn serialize(&self, name: Option<&str>) -> PyResult<Obj> {
        self.check()?;
        let shown = name.unwrap_or("main");
        let name = name_of(shown)?;
        match self.inside(|inner, _| inner.serialize(&name))? {
            Some(bytes) => Ok(bytes_obj(&bytes)),
            None => Err(raise_message(operational_error(), format!("unable to serialize '{shown}'"))),
        }
    }
    /// Load a serialized database.
    #[pymethod(sig = "(data, /, *, name='main')")]
    fn deserialize(&self, data: &Obj, name: Option<&str>) -> PyResult<()> {
        self.check()?;
        let bytes = match data.downcast::<PyStr>() {
            Some(text) => text.to_utf8()?.as_bytes().to_vec(),
            None => buffer::to_vec(data)?,
        };
        let name = name_of(name.unwrap_or("main"))?;
        self.inside(|inner, _| inner.deserialize(&name, &bytes))
    }
    /// Open and return a BLOB object.
    #[pymethod(sig = "(table, column, rowid, /, *, readonly=False, name='main')")]
    fn blobopen(
        slf: &Obj,
        table: &str,
        column: &str,
        rowid: i64,
        readonly: bool,
        name: Option<&str>,
    ) -> PyResult<Obj> {
        let this = receiver::<PyConnection>(slf)?;
        this.check()?;
        let (table, column, name) = (name_of(table)?, name_of(column)?, name_of(name.unwrap_or("main"))?);
        let raw = this
            .inside(|inner, database| inner.open_blob(database, [&name, &table, &column], rowid, readonly))?;
        let made = blob::make(slf, raw);
        this.remember_blob(&made)?;
        Ok(made)
    }
    /// Makes a backup of the database.
    #[pymethod(sig = "(target, *, pages=-1, progress=None, name='main', sleep=0.25)")]
    fn backup(
        slf: &Obj,
        target: &Obj,
        pages: i32,
        progress: Option<&Obj>,
        name: Option<&str>,
        sleep: f64,
    ) -> PyResult<()> {
        let this = receiver::<PyConnection>(slf)?;
        let Some(other) = target.downcast::<PyConnection>() else {
            return Err(type_error(format!(
                "backup() argument 1 must be sqlite3.Connection, not {}",
                class_of(target).name()
            )));
        };
        this.check()?;
        other.check()?;
        if target.is(slf) {
            return Err(value_error("target cannot be the same connection instance"));
        }
        let progress = progress.filter(|p| !is_none(p));
        if progress.is_some_and(|p| !is_callable(p)) {
            return Err(type_error("progress argument must be a callable"));
        }
        let pages = if pages == 0 { -1 } else { pages };
        let name = name_of(name.unwrap_or("main"))?;
        let (from, to) = (this.database()?, other.database()?);
        let closed = || programming("Cannot operate on a closed database.");
        let (from, to) = detached(|| (from.enter().map(|_| from.clone()), to.enter().map(|_| to.clone())));
        let (Some(from), Some(to)) = (from, to) else { return Err(closed()) };
        // The stays last as long as the copy.
        let stays = detached(|| (from.enter(), to.enter()));
        let (Some(source), Some(sink)) = (&stays.0, &stays.1) else { return Err(closed()) };
        let copy = detached(|| sink.backup(&name, source)).map_err(failed)?;
        let mut result = Ok(());
        loop {
            let (code, remaining, count) = detached(|| copy.step(pages));
            if let Some(progress) = progress {
                let args = [code, remaining, count].map(|n| int_obj(i64::from(n)));
                if let Err(raised) = counted::call(progress, &args) {
                    result = Err(raised);
                    break;
                }
            }
            match code {
                0 => {}
                5 | 6 => detached(|| self::sleep((sleep * 1000.0) as i32)),
                DONE => break,
                _ => break,
            }
            if let Err(raised) = hooks::check_signals() {
                result = Err(raised);
                break;
            }
        }
        let code = detached(|| copy.finish());
        result?;
        match code {
            0 => Ok(()),
            7 => Err(memory_error()),
            _ => {
                let failure = detached(|| sink.failure());
                if failure.code == 0 { Err(failed_with(code)) } else { Err(failed(failure)) }
            }
        }
    }
}

fn check_switch(op: i32) -> PyResult<()> {
    let known = constants::OTHERS
        .iter()
        .any(|(name, number)| name.starts_with("SQLITE_DBCONFIG_") && *number == i64::from(op));
    if known { Ok(()) } else { Err(value_error(format!("unknown config 'op': {op}"))) }
}
