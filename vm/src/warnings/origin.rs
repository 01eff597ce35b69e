//! Where a warning comes from: the frame that `stacklevel` tells, its namespace's registry and name.

use taipan_objects::dict::PyDict;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;

use crate::frame::Frame;
use crate::thread;

/// Of one warning.
pub(super) struct Origin {
    pub filename: Obj,
    pub lineno: i64,
    pub module: Obj,
    pub registry: Obj,
}

fn filename(frame: &Frame) -> String {
    frame.code().filename.downcast::<PyStr>().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default()
}

fn is_internal(filename: &str) -> bool {
    filename.contains("importlib") && filename.contains("_bootstrap") || filename == "<frozen _embedded>"
}

fn is_skipped(filename: &str, skip: &[Obj]) -> bool {
    is_internal(filename)
        || skip
            .iter()
            .any(|p| p.downcast::<PyStr>().is_some_and(|p| filename.starts_with(&*p.to_string_lossy())))
}

/// The frame `level` calls up, not counting frames of the import system and those of files that begin with a prefix in `skip`.
pub(super) fn find(level: isize, skip: &[Obj]) -> PyResult<Origin> {
    let mut found = None;
    if let Some(thread) = thread::try_current() {
        // SAFETY: frames below the depth are live while the native function that they called runs.
        let frame = |i: usize| unsafe { &*thread.frame(i) };
        let floor = thread.floor.get();
        let mut index = thread.visible(0);
        let below = |index: Option<usize>| index.and_then(|i| i.checked_sub(1)).filter(|i| *i >= floor);
        let plain = level <= 0 || index.is_some_and(|i| is_internal(&filename(frame(i))));
        let mut level = level;
        while level > 1 && index.is_some() {
            level -= 1;
            index = below(index);
            while !plain
                && let Some(i) = index
                && is_skipped(&filename(frame(i)), skip)
            {
                index = below(Some(i));
            }
        }
        found = index.map(frame);
    }
    let (filename, lineno, globals) = match found {
        Some(frame) => (frame.code().filename.clone(), frame.shown_line().into(), frame.globals().clone()),
        None => (str_obj("<sys>"), 0, crate::sys::module()?.dict().into_obj()),
    };
    let Some(dict) = globals.downcast::<PyDict>() else { return Err(system_error("globals are no dict")) };
    let key = istr!("__warningregistry__");
    let registry = match dict.get_str(&key).filter(|r| !is_none(r)) {
        Some(registry) => registry,
        None => {
            let registry = PyDict::new().into_obj();
            dict.set(key.as_obj().clone(), registry.clone())?;
            registry
        }
    };
    let module = match dict.get_str(&istr!("__name__")) {
        Some(name) if is_none(&name) || name.is_layout::<PyStr>() => name,
        _ => str_obj("<string>"),
    };
    Ok(Origin { filename, lineno, module, registry })
}
