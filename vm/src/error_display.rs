//! Showing exceptions that nobody caught.
//!
//! The library's `traceback` module does the layout, as in CPython since 3.13; when it cannot be used (too early, too late, or
//! it raises itself) a plain native form appears instead. Nothing in here raises.

use taipan_objects::error::*;
use taipan_objects::exceptions::PyBaseException;
use taipan_objects::singletons::is_none;
use taipan_objects::traceback::PyTraceback;
use taipan_objects::type_object::class_of;
use taipan_objects::types::types;
use taipan_objects::{Obj, istr, protocol};
use taipan_threading::sync::atomic::{AtomicBool, Ordering};

/// `sys.stderr`, unless it is missing or `None`.
fn stderr() -> Option<Obj> {
    if !taipan_objects::types::initialized() {
        return None;
    }
    let found = taipan_objects::hooks::module_attribute("sys", "stderr").map(Some);
    found
        .unwrap_or_else(|Raised| {
            drop(try_take_raised());
            None
        })
        .filter(|f| !is_none(f))
}

/// Whether `sys.stderr` is `None`: the program has no standard error, and the file descriptor may be somebody else's.
fn is_silent() -> bool {
    if !taipan_objects::types::initialized() {
        return false;
    }
    let found = taipan_objects::hooks::module_attribute("sys", "stderr").map(|file| is_none(&file));
    found.unwrap_or_else(|Raised| {
        drop(try_take_raised());
        false
    })
}

/// Writes text to `sys.stderr`, or to the file descriptor if that fails. Nothing is written where there is no standard error.
pub fn write_stderr(text: &str) {
    if is_silent() {
        return;
    }
    if let Some(file) = stderr() {
        match protocol::call_method_str(&file, "write", &[taipan_objects::construct::str_obj(text)]) {
            Ok(_) => return,
            Err(Raised) => drop(try_take_raised()),
        }
    }
    use std::io::Write;
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// The default `sys.excepthook`: shows `exception` on `sys.stderr`.
pub fn display(exception: &Obj) {
    if is_silent() {
        return;
    }
    if library_display(exception).is_err() {
        drop(try_take_raised());
        plain_display(exception, 0);
    }
    if let Some(file) = stderr()
        && protocol::call_method_str(&file, "flush", &[]).is_err()
    {
        drop(try_take_raised());
    }
}

fn library_display(exception: &Obj) -> PyResult<()> {
    let print = taipan_objects::hooks::module_attribute("traceback", "_print_exception_bltin")?;
    protocol::call1(&print, exception).map(drop)
}

/// Without the library: causes, entries and the message.
fn plain_display(exception: &Obj, depth: usize) {
    let Some(e) = exception.downcast::<PyBaseException>() else { return };
    if depth < 20 {
        if let Some(cause) = e.cause() {
            plain_display(&cause, depth + 1);
            write_stderr("\nThe above exception was the direct cause of the following exception:\n\n");
        } else if let Some(context) = e.context()
            && !e.suppress_context()
        {
            plain_display(&context, depth + 1);
            write_stderr("\nDuring handling of the above exception, another exception occurred:\n\n");
        }
    }
    if let Some(traceback) = e.traceback() {
        write_stderr("Traceback (most recent call last):\n");
        plain_entries(traceback);
    }
    let text = message(exception);
    let name = class_of(exception).full_name();
    write_stderr(&if text.is_empty() { format!("{name}\n") } else { format!("{name}: {text}\n") });
}

/// Of an entry that follows itself so many are shown, and then how many there were.
const REPEATED: usize = 3;

fn plain_entries(traceback: Obj) {
    let (mut last, mut times) = (String::new(), 0);
    let end = |times: usize| {
        if let Some(more) = times.checked_sub(REPEATED).filter(|more| *more > 0) {
            let times = if more == 1 { "time" } else { "times" };
            write_stderr(&format!("  [Previous line repeated {more} more {times}]\n"));
        }
    };
    let mut at = Some(traceback);
    while let Some(entry) = at {
        let Some(entry) = entry.downcast::<PyTraceback>() else { break };
        if let Some(frame) = entry.frame()
            && let Some(frame) = frame.downcast::<taipan_objects::frame::PyFrame>()
        {
            let text = |obj| protocol::str_string(obj).unwrap_or_default();
            let (filename, name) = (text(&frame.code.filename), text(&frame.code.name));
            let line = entry.line().map_or_else(|| "?".to_owned(), |l| l.to_string());
            let shown = format!("  File \"{filename}\", line {line}, in {name}\n");
            if shown != last {
                end(std::mem::take(&mut times));
                last = shown;
            }
            times += 1;
            if times <= REPEATED {
                write_stderr(&last);
            }
        }
        at = entry.next();
    }
    end(times);
}

fn message(exception: &Obj) -> String {
    protocol::str_string(exception).unwrap_or_else(|Raised| {
        drop(try_take_raised());
        "<exception str() failed>".to_owned()
    })
}

/// The entries of a traceback with their lines but without marks below them, as CPython shows what it ignores.
fn unmarked_entries(traceback: &Obj) -> PyResult<String> {
    let library = |name| taipan_objects::hooks::module_attribute("traceback", name);
    let mut entries = Vec::new();
    for entry in protocol::collect(&protocol::call1(&library("extract_tb")?, traceback)?)? {
        let field = |name| protocol::getattr_str(&entry, name);
        let filename = field("filename")?;
        let shown = protocol::str_string(&filename)?;
        let made_up = shown.starts_with('<') && shown.ends_with('>');
        let line = if made_up { taipan_objects::construct::str_obj("") } else { field("line")? };
        entries.push(taipan_objects::construct::tuple_obj(vec![
            filename,
            field("lineno")?,
            field("name")?,
            line,
        ]));
    }
    let summary = protocol::getattr_str(&library("StackSummary")?, "from_list")?;
    let summary = protocol::call1(&summary, &taipan_objects::construct::list_obj(entries))?;
    let mut text = String::new();
    for part in protocol::collect(&protocol::call_method_str(&summary, "format", &[])?)? {
        text.push_str(&protocol::str_string(&part)?);
    }
    Ok(text)
}

/// Shows an exception that could not be handled: `text` and the object concerned first.
///
/// Notes, causes, members of groups and marks are left to those who catch; CPython shows none of them here.
pub fn display_ignored(text: &str, object: Option<&Obj>, exception: &Obj, traceback: Option<&Obj>) {
    if is_silent() {
        return;
    }
    let shown = object.map(|object| {
        protocol::repr_string(object).unwrap_or_else(|Raised| {
            drop(try_take_raised());
            "<object repr() failed>".to_owned()
        })
    });
    match shown {
        Some(shown) => write_stderr(&format!("{text} {shown}:\n")),
        None => write_stderr(&format!("{text}:\n")),
    }
    if let Some(traceback) = traceback {
        write_stderr("Traceback (most recent call last):\n");
        match unmarked_entries(traceback) {
            Ok(entries) => write_stderr(&entries),
            Err(Raised) => {
                drop(try_take_raised());
                plain_entries(traceback.clone());
            }
        }
    }
    write_stderr(&format!("{}: {}\n", class_of(exception).name_with_module(), message(exception)));
    if let Some(file) = stderr()
        && protocol::call_method_str(&file, "flush", &[]).is_err()
    {
        drop(try_take_raised());
    }
}

/// Ends the program with the exception on its way: runs `sys.excepthook` or obeys `SystemExit`. Gives the exit status.
pub fn handle_uncaught() -> i32 {
    let exception = take_raised();
    if class_of(&exception).is_subtype(&types().system_exit) {
        return exit_status(&exception);
    }
    let interrupted = class_of(&exception).is_subtype(&types().keyboard_interrupt);
    INTERRUPTED.store(interrupted, Ordering::Relaxed);
    show(&exception);
    if interrupted { 130 } else { 1 }
}

/// Whether an unhandled `KeyboardInterrupt` ended the program; set by its main thread alone.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Whether the process is to end as one that the interrupt signal killed.
pub fn was_interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// Calls `sys.excepthook(type, value, traceback)`.
pub fn show(exception: &Obj) {
    let traceback = exception
        .downcast::<PyBaseException>()
        .and_then(|e| e.traceback())
        .unwrap_or_else(taipan_objects::singletons::none);
    let hook = match taipan_objects::hooks::module_attribute("sys", "excepthook") {
        Ok(hook) => hook,
        Err(Raised) => {
            drop(try_take_raised());
            write_stderr("sys.excepthook is missing\n");
            return display(exception);
        }
    };
    let _ = protocol::setattr(&sys_module(), &istr!("last_exc"), exception)
        .map_err(|Raised| drop(try_take_raised()));
    let arguments = [class_of(exception).to_obj(), exception.clone(), traceback];
    if crate::sys::is_audited() {
        let [class, value, traceback] = arguments.clone();
        if crate::sys::audit("sys.excepthook", &[hook.clone(), class, value, traceback]).is_err() {
            if taipan_objects::error::raised_is(&types().runtime_error) {
                // That is how an audit hook asks for silence.
                return drop(take_raised());
            }
            crate::sys::print_unraisable(Some("Exception ignored in audit hook"), None);
        }
    }
    if protocol::call(&hook, &arguments).is_err() {
        let second = take_raised();
        if class_of(&second).is_subtype(&types().system_exit) {
            return;
        }
        write_stderr("Error in sys.excepthook:\n");
        display(&second);
        write_stderr("\nOriginal exception was:\n");
        display(exception);
    }
}

fn sys_module() -> Obj {
    taipan_objects::hooks::import_module("sys").unwrap_or_else(|Raised| {
        drop(try_take_raised());
        taipan_objects::singletons::none()
    })
}

/// Writes `str(object)` and a newline to `sys.stderr`, or to the descriptor if there is none.
fn write_line(object: &Obj) -> PyResult<()> {
    let text = protocol::str(object)?;
    match crate::sys::get("stderr")?.filter(|stream| !is_none(stream)) {
        Some(stream) => {
            let write = protocol::getattr(&stream, &istr!("write"))?;
            drop(protocol::call1(&write, text.as_obj())?);
            drop(protocol::call1(&write, &taipan_objects::construct::str_obj("\n"))?);
            protocol::call_method(&stream, &istr!("flush"), &[]).map(drop)
        }
        None => {
            write_stderr(&format!("{}\n", text.to_string_lossy()));
            Ok(())
        }
    }
}

/// The exit status that a `SystemExit` asks for; other values than integers and `None` are shown.
pub fn exit_status(exception: &Obj) -> i32 {
    let code = protocol::getattr(exception, &istr!("code")).unwrap_or_else(|Raised| {
        drop(try_take_raised());
        exception.clone()
    });
    if is_none(&code) {
        return 0;
    }
    if let Some(int) = taipan_objects::int::int_ref(&code) {
        return int.to_i64().map_or(-1, |n| n as i32);
    }
    if write_line(&code).is_err() {
        drop(try_take_raised());
        write_stderr("\n");
    }
    1
}
