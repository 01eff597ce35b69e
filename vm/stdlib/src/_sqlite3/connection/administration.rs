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

/// Warns of names that will be positional-only.
fn warn_of_names(function: &str, names: &[&str]) -> PyResult<()> {
    let quoted: Vec<String> = names.iter().map(|n| format!("'{n}'")).collect();
    let (list, s) = match quoted.as_slice() {
        [one] => (one.clone(), ""),
        [first @ .., last] => (format!("{} and {last}", first.join(", ")), "s"),
        [] => return Ok(()),
    };
    let text = format!(
        "Passing keyword argument{s} {list} to _sqlite3.Connection.{function}() is deprecated. Parameter{s} {list} will become positional-only in Python 3.15."
    );
    hooks::warn(&text, types().deprecation_warning.as_obj(), 1)
}

/// The values of parameters that can still be given by name.
fn named(function: &str, names: &[&str], args: &[Obj], kwargs: &Kwargs<'_>) -> PyResult<Vec<Obj>> {
    let mut given = args.to_vec();
    for name in names.iter().skip(args.len()) {
        match kwargs.get(name) {
            Some(value) => given.push(value.clone()),
            None => break,
        }
    }
    if given.len() != names.len() {
        return Err(type_error(format!(
            "{function}() takes exactly {} positional argument{} ({} given)",
            names.len(),
            if names.len() == 1 { "" } else { "s" },
            args.len()
        )));
    }
    if args.len() < names.len() {
        warn_of_names(function, names)?;
    }
    Ok(given)
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
    #[pymethod(sig = "(*args, **kwargs)", text = "($self, /, name, narg, func, *, deterministic=False)")]
    fn create_function(&self, args: &[Obj], kwargs: Kwargs<'_>) -> PyResult<()> {
        let given = named("create_function", &["name", "narg", "func"], args, &kwargs)?;
        let deterministic = kwargs.get("deterministic").map_or(Ok(false), is_true)?;
        let name = String::from_arg(&given[0])?;
        self.define(&name, i32::from_arg(&given[1])?, Kind::Scalar { deterministic }, &given[2])
    }
    /// Creates a new aggregate.
    #[pymethod(sig = "(*args, **kwargs)", text = "($self, /, name, n_arg, aggregate_class)")]
    fn create_aggregate(&self, args: &[Obj], kwargs: Kwargs<'_>) -> PyResult<()> {
        let given = named("create_aggregate", &["name", "n_arg", "aggregate_class"], args, &kwargs)?;
        let name = String::from_arg(&given[0])?;
        self.define(&name, i32::from_arg(&given[1])?, Kind::Aggregate, &given[2])
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
    #[pymethod(sig = "(*args, **kwargs)", text = "($self, /, authorizer_callback)")]
    fn set_authorizer(&self, args: &[Obj], kwargs: Kwargs<'_>) -> PyResult<()> {
        let given = named("set_authorizer", &["authorizer_callback"], args, &kwargs)?;
        self.check()?;
        let context = self.handler(0, function_of(&given[0]))?;
        let context = context.expose_provenance();
        self.inside(|inner, _| inner.set_authorizer(std::ptr::with_exposed_provenance_mut(context)))
    }
    /// Set progress handler callback.
    #[pymethod(sig = "(*args, **kwargs)", text = "($self, /, progress_handler, n)")]
    fn set_progress_handler(&self, args: &[Obj], kwargs: Kwargs<'_>) -> PyResult<()> {
        let by_name = kwargs.get("n").cloned();
        let mut given = args.to_vec();
        given.extend(by_name.filter(|_| args.len() == 1));
        let (callback, n) = match (given.as_slice(), kwargs.get("progress_handler"), kwargs.get("n")) {
            ([callback, n], None, _) => (callback.clone(), n.clone()),
            ([], Some(callback), Some(n)) => {
                warn_of_names("set_progress_handler", &["progress_handler"])?;
                (callback.clone(), n.clone())
            }
            _ => {
                return Err(type_error(format!(
                    "set_progress_handler() takes exactly 2 arguments ({} given)",
                    args.len() + kwargs.len()
                )));
            }
        };
        let n = i32::from_arg(&n)?;
        self.check()?;
        let context = self.handler(1, function_of(&callback))?.expose_provenance();
        self.inside(|inner, _| {
            inner.set_progress(std::ptr::with_exposed_provenance_mut(context), n);
            Ok(())
        })
    }
    /// Set a trace callback called for each SQL statement (passed as unicode).
    #[pymethod(sig = "(*args, **kwargs)", text = "($self, /, trace_callback)")]
    fn set_trace_callback(&self, args: &[Obj], kwargs: Kwargs<'_>) -> PyResult<()> {
        let given = named("set_trace_callback", &["trace_callback"], args, &kwargs)?;
        self.check()?;
        let context = self.handler(2, function_of(&given[0]))?.expose_provenance();
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
    fn enable_load_extension(slf: &Obj, enable: bool) -> PyResult<()> {
        let this = receiver::<PyConnection>(slf)?;
        this.check()?;
        taipan_vm::sys::audit("sqlite3.enable_load_extension", &[slf.clone(), bool_obj(enable)])?;
        this.inside(|inner, _| inner.enable_load_extension(enable))
    }
    /// Load SQLite extension module.
    #[pymethod(sig = "(name, /, *, entrypoint=None)")]
    fn load_extension(slf: &Obj, name: &str, entrypoint: Option<&str>) -> PyResult<()> {
        let this = receiver::<PyConnection>(slf)?;
        this.check()?;
        taipan_vm::sys::audit("sqlite3.load_extension", &[slf.clone(), str_obj(name)])?;
        let name = name_of(name)?;
        let entry = entrypoint.map(name_of).transpose()?;
        this.inside(|inner, _| inner.load_extension(&name, entry.as_deref()))
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
            None => buffer::get(data, 0)?.to_vec(),
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
