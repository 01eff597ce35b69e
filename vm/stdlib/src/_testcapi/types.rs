//! Watching classes.

use std::sync::Arc;

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::watch::types::{self as watch, TypeEvent, TypeWatcher};

use super::{Events, Numbered, boom};

static WATCHERS: Numbered<dyn TypeWatcher> = Numbered::new("type", true);
static EVENTS: Events = Events::new();

/// 0: keeps the class; 1: fails; 2: keeps a list of the class. Only the first change since a lookup counts.
struct Kind(i64);

impl TypeWatcher for Kind {
    fn modified(&self, event: TypeEvent<'_>) -> PyResult<()> {
        if !event.first {
            return Ok(());
        }
        match self.0 {
            1 => return boom(),
            2 => EVENTS.push(list_obj(vec![event.class.to_obj()])),
            _ => EVENTS.push(event.class.to_obj()),
        }
        Ok(())
    }
}

fn subject(obj: &Obj) -> PyResult<&PyType> {
    obj.downcast().ok_or_else(|| value_error("Cannot watch non-type"))
}

#[pymodule(name = "_testcapi")]
mod items {
    use super::*;

    #[pyfunction]
    fn add_type_watcher(kind: i64) -> PyResult<usize> {
        let number = WATCHERS.add(watch::register(Arc::new(Kind(kind))))?;
        EVENTS.open();
        Ok(number)
    }
    #[pyfunction]
    fn clear_type_watcher(number: i64) -> PyResult<()> {
        if WATCHERS.clear(number)? == 0 {
            EVENTS.close();
        }
        Ok(())
    }
    #[pyfunction]
    fn watch_type(number: i64, class: &Obj) -> PyResult<()> {
        let class = subject(class)?;
        WATCHERS.with(number, |watcher| watcher.watch(class))
    }
    #[pyfunction]
    fn unwatch_type(number: i64, class: &Obj) -> PyResult<()> {
        let class = subject(class)?;
        WATCHERS.with(number, |watcher| watcher.unwatch(class))
    }
    #[pyfunction]
    fn get_type_modified_events() -> PyResult<Obj> {
        EVENTS.get()
    }
}
