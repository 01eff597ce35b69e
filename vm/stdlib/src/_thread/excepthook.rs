//! `threading.excepthook`'s default: shows an exception that a thread has not caught.

use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;
use taipan_objects::structseq::{self, StructSeqDef};
use taipan_objects::{hooks, istr, protocol};

use super::current_ident;
use crate::{counted, native_class};

static ARGUMENTS: StructSeqDef = StructSeqDef {
    name: "_thread._ExceptHookArgs",
    doc: "The argument of threading.excepthook.",
    fields: &[
        ("exc_type", "Exception type"),
        ("exc_value", "Exception value"),
        ("exc_traceback", "Exception traceback"),
        ("thread", "Thread"),
    ],
    visible: 4,
};

native_class!(
    /// `_thread._ExceptHookArgs`.
    pub fn arguments_class() = structseq::make_class(&ARGUMENTS)
);

/// Where to write: `sys.stderr`, or what it was when the thread was made.
fn output(thread: &Obj) -> PyResult<Option<Obj>> {
    let sys = hooks::import_module("sys")?.into_strong();
    if let Some(file) = counted::getattr_opt(&sys, &istr!("stderr"))?.filter(|f| !is_none(f)) {
        return Ok(Some(file));
    }
    if is_none(thread) {
        return Ok(None);
    }
    Ok(Some(counted::getattr(thread, "_stderr")?).filter(|f| !is_none(f)))
}

/// `_thread._excepthook(args)`.
pub fn show(args: &Obj) -> PyResult<()> {
    if !class_of(args).is(arguments_class()) {
        return Err(type_error("_thread.excepthook argument type must be ExceptHookArgs"));
    }
    let field = |index| structseq::get(args, index);
    let (class, value, traceback, thread) = (field(0)?, field(1)?, field(2)?, field(3)?);
    if class.is(types().system_exit.as_obj()) {
        return Ok(());
    }
    let Some(file) = output(&thread)? else { return Ok(()) };
    let name = match counted::getattr_opt(&thread, &istr!("name"))?.filter(|_| !is_none(&thread)) {
        Some(name) => protocol::str_string(&name)?,
        None => current_ident().to_string(),
    };
    counted::call_method(&file, "write", &[str_obj(&format!("Exception in thread {name}:\n"))])?;
    let print = hooks::module_attribute("traceback", "print_exception")?.into_strong();
    counted::call(&print, &[class, value, traceback, none(), file.clone()])?;
    counted::call_method(&file, "flush", &[]).map(drop)
}
