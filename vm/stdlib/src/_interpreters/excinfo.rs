//! Snapshots of exceptions: text only, so that they pass between interpreters.

use taipan_objects::native::is_none;
use taipan_objects::prelude::*;
use taipan_objects::{protocol, simple_namespace};

use crate::cross_interpreter::imported;

/// What is known of an exception elsewhere.
pub struct ExcInfo {
    name: String,
    qualname: String,
    module: Option<String>,
    message: Option<String>,
    /// The traceback as it would be printed.
    display: Option<String>,
}

fn or_none<T>(result: PyResult<T>) -> Option<T> {
    result.map_err(|Raised| drop(try_take_raised())).ok()
}

fn text_of(owner: &Obj, name: &str) -> Option<String> {
    let value = or_none(getattr_opt(owner, &intern(name)))??;
    value.downcast::<PyStr>().map(|text| text.to_string_lossy().into_owned())
}

/// The printed traceback, without the last line break.
fn display(exception: &Obj) -> PyResult<String> {
    let format = imported("traceback", "TracebackException")?;
    let summary = call_method_str(&format, "from_exception", std::slice::from_ref(exception))?;
    let lines = protocol::collect(&call_method_str(&summary, "format", &[])?)?;
    let mut text = String::new();
    for line in lines {
        text.push_str(&protocol::str_string(&line)?);
    }
    text.truncate(text.trim_end_matches('\n').len());
    Ok(text)
}

impl ExcInfo {
    pub fn of(exception: &Obj) -> ExcInfo {
        let class = class_of(exception).to_obj();
        ExcInfo {
            name: text_of(&class, "__name__").unwrap_or_default(),
            qualname: text_of(&class, "__qualname__").unwrap_or_default(),
            module: text_of(&class, "__module__"),
            message: or_none(protocol::str_string(exception)),
            display: or_none(display(exception)),
        }
    }
    /// `module.Class: message`, without the modules that go without saying.
    pub fn formatted(&self) -> String {
        let class = match self.module.as_deref() {
            None | Some("builtins" | "__main__") => self.qualname.clone(),
            Some(module) => format!("{module}.{}", self.qualname),
        };
        match self.message.as_deref() {
            None | Some("") => class,
            Some(message) => format!("{class}: {message}"),
        }
    }
    /// The text for an exception that stands for this one.
    pub fn summary(&self) -> String {
        self.display.clone().unwrap_or_else(|| self.formatted())
    }
    /// As the namespace that `concurrent.interpreters` shows.
    pub fn to_obj(&self) -> PyResult<Obj> {
        let optional = |text: &Option<String>| text.as_deref().map_or_else(none, str_obj);
        let class = simple_namespace::new([
            ("__name__", str_obj(&self.name)),
            ("__qualname__", str_obj(&self.qualname)),
            ("__module__", optional(&self.module)),
        ])?;
        let mut fields = vec![
            ("type", class),
            ("msg", optional(&self.message)),
            ("formatted", str_obj(&self.formatted())),
        ];
        let display = optional(&self.display);
        if !is_none(&display) {
            fields.push(("errdisplay", display));
        }
        simple_namespace::new(fields)
    }
}
