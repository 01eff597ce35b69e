//! `_testcapi`, as far as tests of the hooks need it: watchers that keep lists and counts. Built for tests only.
//!
//! CPython has eight watchers of a kind at most; there the numbers end here, too.

mod all;
mod dicts;
mod types;

use parking_lot::Mutex;
use taipan_objects::list::PyList;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::watch::Registration;

/// What a failing watcher raises.
fn boom() -> PyResult<()> {
    Err(runtime_error("boom!"))
}

/// Registered watchers of a kind by number, with the words that its messages use.
struct Numbered<W: ?Sized + 'static> {
    all: Mutex<Vec<Registration<W>>>,
    kind: &'static str,
    capital: bool,
}

impl<W: ?Sized> Numbered<W> {
    const fn new(kind: &'static str, capital: bool) -> Numbered<W> {
        Numbered { all: Mutex::new(Vec::new()), kind, capital }
    }
    fn add(&self, registration: Registration<W>) -> PyResult<usize> {
        let number = registration.number();
        if number >= 8 {
            drop(registration);
            return Err(runtime_error(format!("no more {} watcher IDs available", self.kind)));
        }
        self.all.lock().push(registration);
        Ok(number)
    }
    fn check(&self, number: i64) -> PyResult<()> {
        let (invalid, no) = if self.capital { ("Invalid", "No") } else { ("invalid", "no") };
        if !(0..8).contains(&number) {
            return Err(value_error(format!("{invalid} {} watcher ID {number}", self.kind)));
        }
        if !self.all.lock().iter().any(|r| r.number() as i64 == number) {
            return Err(value_error(format!("{no} {} watcher set for ID {number}", self.kind)));
        }
        Ok(())
    }
    fn with<R>(&self, number: i64, act: impl FnOnce(&Registration<W>) -> R) -> PyResult<R> {
        self.check(number)?;
        let all = self.all.lock();
        match all.iter().find(|r| r.number() as i64 == number) {
            Some(registration) => Ok(act(registration)),
            None => Err(value_error("gone meanwhile")),
        }
    }
    /// How many are left.
    fn clear(&self, number: i64) -> PyResult<usize> {
        self.check(number)?;
        let mut all = self.all.lock();
        let at = all.iter().position(|r| r.number() as i64 == number);
        let gone = at.map(|at| all.swap_remove(at));
        let left = all.len();
        drop(all);
        drop(gone);
        Ok(left)
    }
}

/// A list of events that is there while somebody is registered.
struct Events(Mutex<Option<Py<PyList>>>);

impl Events {
    const fn new() -> Events {
        Events(Mutex::new(None))
    }
    fn list(&self) -> Option<Py<PyList>> {
        self.0.lock().clone()
    }
    fn open(&self) {
        self.0.lock().get_or_insert_with(|| PyList::new(vec![]));
    }
    fn close(&self) {
        let list = self.0.lock().take();
        drop(list);
    }
    fn push(&self, event: Obj) {
        if let Some(list) = self.list() {
            list.push(event);
        }
    }
    fn get(&self) -> PyResult<Obj> {
        self.list().map(Py::into_obj).ok_or_else(|| runtime_error("no watchers active"))
    }
}

#[pymodule(name = "_testcapi", include(super::all::MODULE, super::dicts::MODULE, super::types::MODULE))]
mod items {
    use super::*;
    use crate::_testinternalcapi::interpreters::run_once;
    use taipan_vm::interpreters::{InterpreterConfig, Whence};

    #[pyfunction]
    fn run_in_subinterp(code: &str) -> PyResult<i64> {
        run_once(code, Whence::LegacyCapi, InterpreterConfig::LEGACY).map(i64::from)
    }
}
