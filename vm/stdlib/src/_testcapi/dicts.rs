//! Watching dicts.

use std::sync::Arc;

use taipan_objects::dict::PyDict;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::watch::dict::{self, DictEvent, DictWatcher};

use super::{Events, Numbered, boom};

static WATCHERS: Numbered<dyn DictWatcher> = Numbered::new("dict", true);
static EVENTS: Events = Events::new();

/// 0: describes the event; 1: fails; 2: says "second".
struct Kind(i64);

impl Kind {
    fn tell(&self, text: impl FnOnce() -> PyResult<String>) -> PyResult<()> {
        match self.0 {
            1 => boom(),
            2 => {
                EVENTS.push(str_obj("second"));
                Ok(())
            }
            _ => {
                let text = text()?;
                EVENTS.push(str_obj(&text));
                Ok(())
            }
        }
    }
}

impl DictWatcher for Kind {
    fn changed(&self, _: &PyDict, event: DictEvent<'_>) -> PyResult<()> {
        self.tell(|| {
            Ok(match event {
                DictEvent::Added { key, value } => format!("new:{}:{}", str_string(key)?, str_string(value)?),
                DictEvent::Modified { key, value, .. } => {
                    format!("mod:{}:{}", str_string(key)?, str_string(value)?)
                }
                DictEvent::Deleted { key, .. } => format!("del:{}", str_string(key)?),
                DictEvent::Cloned { .. } => "clone".to_owned(),
                DictEvent::Cleared => "clear".to_owned(),
            })
        })
    }
    fn deallocated(&self, _: usize) -> PyResult<()> {
        self.tell(|| Ok("dealloc".to_owned()))
    }
}

fn subject(obj: &Obj) -> PyResult<&PyDict> {
    obj.downcast().ok_or_else(|| value_error("Cannot watch non-dictionary"))
}

#[pymodule(name = "_testcapi")]
mod items {
    use super::*;

    #[pyfunction]
    fn add_dict_watcher(kind: i64) -> PyResult<usize> {
        EVENTS.open();
        WATCHERS.add(dict::register(Arc::new(Kind(kind))))
    }
    #[pyfunction]
    fn clear_dict_watcher(number: i64) -> PyResult<()> {
        if WATCHERS.clear(number)? == 0 {
            EVENTS.close();
        }
        Ok(())
    }
    #[pyfunction]
    fn watch_dict(number: i64, dict: &Obj) -> PyResult<()> {
        let dict = subject(dict)?;
        WATCHERS.with(number, |watcher| watcher.watch(dict))
    }
    #[pyfunction]
    fn unwatch_dict(number: i64, dict: &Obj) -> PyResult<()> {
        let dict = subject(dict)?;
        WATCHERS.with(number, |watcher| watcher.unwatch(dict))
    }
    #[pyfunction]
    fn get_dict_watcher_events() -> PyResult<Obj> {
        EVENTS.get()
    }
}
