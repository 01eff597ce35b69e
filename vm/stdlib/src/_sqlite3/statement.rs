//! Statements as the module uses them: compiled, cached by their text, with parameters bound.

use std::sync::Arc;

use taipan_objects::dict::{PyDict, exact_dict};
use taipan_objects::list::exact_list;
use taipan_objects::prelude::*;
use taipan_objects::tuple::exact_tuple;
use taipan_objects::type_object::TypeBuilder;
use taipan_threading::detached;

use super::connection::PyConnection;
use super::errors::{data_error, failed, programming};
use super::ffi::{Statement, c_string};
use super::values::{adapted_parameter, cell_or_none};
use crate::{counted, native_class};

/// A compiled statement.
pub struct Compiled {
    pub raw: Statement,
    /// It inserts, updates or deletes.
    pub is_dml: bool,
}

/// `sqlite3.Statement`, which only `connection(sql)` gives.
#[repr(C)]
pub struct PyStatement {
    pub header: Header,
    pub statement: Arc<Compiled>,
}
layout!(PyStatement, "sqlite3.Statement");

native_class!(
    pub fn class() = TypeBuilder::new("sqlite3.Statement", PyStatement::ops()).no_instantiation().make()
);

/// The text after comments and white space.
pub fn stripped(sql: &str) -> &str {
    let mut rest = sql;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\x0c', '\n', '\r']);
        if let Some(comment) = rest.strip_prefix("--") {
            match comment.find('\n') {
                Some(end) => rest = &comment[end + 1..],
                None => return "",
            }
        } else if let Some(comment) = rest.strip_prefix("/*") {
            match comment.find("*/") {
                Some(end) => rest = &comment[end + 2..],
                None => return "",
            }
        } else {
            return rest;
        }
    }
}

/// Compiles a text of one statement.
pub fn compile(connection: &PyConnection, text: &PyStr) -> PyResult<Compiled> {
    let sql = text.to_utf8()?;
    let database = connection.database()?;
    let limit = connection.inside(|inner, _| Ok(inner.limit(1, -1)))?;
    if sql.len() > limit as usize {
        return Err(raise_message(data_error(), "query string is too large"));
    }
    let Some(c_sql) = c_string(sql.as_bytes()) else {
        return Err(programming("the query contains a null character"));
    };
    let (raw, rest) = connection.inside(|inner, database| inner.prepare(database, &c_sql))?;
    drop(database);
    if !stripped(&sql[rest..]).is_empty() {
        return Err(programming("You can only execute one statement at a time."));
    }
    let first = stripped(&sql);
    let is_dml = ["insert", "update", "delete", "replace"]
        .into_iter()
        .any(|word| first.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word)));
    Ok(Compiled { raw, is_dml })
}

impl Compiled {
    fn bind_one(&self, index: i32, value: &Obj, shown: impl Fn() -> String) -> PyResult<()> {
        let value = adapted_parameter(value)?;
        let Some(cell) = cell_or_none(&value)? else {
            return Err(programming(format!(
                "Error binding parameter {}: type '{}' is not supported",
                shown(),
                class_of(&value).name()
            )));
        };
        detached(|| self.raw.bind(index, &cell)).map_err(failed)
    }
    /// Binds a sequence's or a mapping's values.
    pub fn bind(&self, parameters: &Obj) -> PyResult<()> {
        let needed = detached(|| self.raw.parameters());
        let is_mapping = parameters.is_layout::<PyDict>();
        if !is_mapping && is_sequence(parameters) {
            let given = len(parameters)?;
            if given != needed as usize {
                return Err(programming(format!(
                    "Incorrect number of bindings supplied. The current statement uses {needed}, and there are {given} supplied."
                )));
            }
            for i in 0..given {
                let index = i as i32 + 1;
                let name = detached(|| self.raw.parameter_name(index));
                if let Some(name) = name.filter(|name| name.first() != Some(&b'?')) {
                    return Err(programming(format!(
                        "Binding {index} ('{}') is a named parameter, but you supplied a sequence which requires nominal (qmark) placeholders.",
                        String::from_utf8_lossy(&name)
                    )));
                }
                let value = if let Some(tuple) = exact_tuple(parameters) {
                    tuple.get(i).cloned()
                } else if let Some(list) = exact_list(parameters) {
                    list.get(i)
                } else {
                    Some(counted::getitem(parameters, &int_obj(i as i64))?)
                };
                let Some(value) = value else { return Err(index_error("list index out of range")) };
                self.bind_one(index, &value, || index.to_string())?;
            }
            return Ok(());
        }
        if !is_mapping && counted::getattr_opt(parameters, &istr!("__getitem__"))?.is_none() {
            return Err(programming("parameters are of unsupported type"));
        }
        for index in 1..=needed {
            let Some(name) = detached(|| self.raw.parameter_name(index)) else {
                return Err(programming(format!(
                    "Binding {index} has no name, but you supplied a dictionary (which has only names)."
                )));
            };
            let name = String::from_utf8_lossy(name.get(1..).unwrap_or_default()).into_owned();
            let key = str_obj(&name);
            let found = match exact_dict(parameters) {
                Some(dict) => dict.get(&key)?.map(IntoStrong::into_strong),
                None => match counted::getitem(parameters, &key) {
                    Ok(value) => Some(value),
                    Err(Raised) => {
                        catch(&types().lookup_error)?;
                        None
                    }
                },
            };
            let Some(value) = found else {
                return Err(programming(format!(
                    "You did not supply a value for binding parameter :{name}."
                )));
            };
            self.bind_one(index, &value, || format!("':{name}'"))?;
        }
        Ok(())
    }
    /// Ends its use by a cursor.
    pub fn release(&self) {
        detached(|| self.raw.reset());
        self.raw.in_use.store(false, taipan_threading::sync::atomic::Ordering::Release);
    }
}
