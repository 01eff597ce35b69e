//! Takes the import machinery's own frames out of tracebacks.

use taipan_objects::exceptions::PyBaseException;
use taipan_objects::frame::PyFrame;
use taipan_objects::prelude::*;
use taipan_objects::traceback::PyTraceback;

const FILES: [&str; 3] =
    ["<frozen importlib._bootstrap>", "<frozen importlib._bootstrap_external>", "<frozen _embedded>"];
const MARKER: &str = "_call_with_frames_removed";

/// Shortens the traceback of the exception on its way: all frames of importlib for an `ImportError`, else those runs of them that end in
/// `_call_with_frames_removed`. With `-v` nothing is removed.
pub fn trim_importlib_frames() -> Raised {
    let exception = take_raised();
    if crate::sys::config::verbose() == 0
        && let Some(e) = exception.downcast::<PyBaseException>()
    {
        let always = class_of(&exception).is_subtype(&types().import_error);
        let mut entries = Vec::new();
        let mut cursor = e.traceback();
        while let Some(entry) = cursor {
            cursor = entry.downcast::<PyTraceback>().and_then(PyTraceback::next);
            entries.push(entry);
        }
        let mut keep = vec![true; entries.len()];
        let mut start = 0;
        while start < entries.len() {
            let end = (start..entries.len()).find(|i| !is_importlib(&entries[*i])).unwrap_or(entries.len());
            if end == start {
                start += 1;
                continue;
            }
            if always || (start..end).any(|i| name_of(&entries[i]) == MARKER) {
                keep[start..end].fill(false);
            }
            start = end;
        }
        if keep.contains(&false) {
            let kept: Vec<Obj> =
                entries.into_iter().zip(keep).filter(|(_, keep)| *keep).map(|(entry, _)| entry).collect();
            for (i, entry) in kept.iter().enumerate() {
                let next = kept.get(i + 1).cloned().unwrap_or_else(none);
                if setattr(entry, &istr!("tb_next"), &next).is_err() {
                    drop(take_raised());
                }
            }
            e.set_traceback(kept.into_iter().next());
        }
    }
    set_raised(exception)
}

fn with_code<R>(entry: &Obj, f: impl FnOnce(&taipan_objects::code::PyCode) -> R) -> Option<R> {
    let frame = entry.downcast::<PyTraceback>()?.frame()?;
    frame.downcast::<PyFrame>().map(|frame| f(&frame.code))
}

fn is_importlib(entry: &Obj) -> bool {
    with_code(entry, |code| FILES.contains(&text(&code.filename).as_str())).unwrap_or(false)
}

fn name_of(entry: &Obj) -> String {
    with_code(entry, |code| text(&code.name)).unwrap_or_default()
}

fn text(obj: &Obj) -> String {
    taipan_objects::protocol::str_string(obj).unwrap_or_default()
}
