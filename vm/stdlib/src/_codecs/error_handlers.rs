//! The registry of error handlers. The standard ones are native functions around `taipan_text::codecs::Policy`.

use taipan_objects::bytes::PyBytes;
use taipan_objects::dict::PyDict;
use taipan_objects::exceptions::PyBaseException;
use taipan_objects::native::*;
use taipan_objects::native_function;
use taipan_objects::prelude::*;
use taipan_objects::{buffer, int};
use taipan_text::codecs::{Policy, Replacement};
use taipan_text::units::TextBuf;
use taipan_vm::interpreters::PerInterpreter;

const STANDARD: [(&str, &str, Policy); 8] = [
    ("strict", "strict_errors", Policy::Strict),
    ("ignore", "ignore_errors", Policy::Ignore),
    ("replace", "replace_errors", Policy::Replace),
    ("xmlcharrefreplace", "xmlcharrefreplace_errors", Policy::XmlCharRefReplace),
    ("backslashreplace", "backslashreplace_errors", Policy::BackslashReplace),
    ("namereplace", "namereplace_errors", Policy::NameReplace),
    ("surrogatepass", "surrogatepass", Policy::SurrogatePass),
    ("surrogateescape", "surrogateescape", Policy::SurrogateEscape),
];

#[pymodule(name = "_codecs_error_handlers", doc = "")]
mod items {
    use super::*;

    /// Implements the 'strict' error handling, which raises a UnicodeError on coding errors.
    #[pyfunction]
    fn strict_errors(exception: &Obj) -> PyResult<Obj> {
        handle(exception, Policy::Strict)
    }
    /// Implements the 'ignore' error handling, which ignores malformed data and continues.
    #[pyfunction]
    fn ignore_errors(exception: &Obj) -> PyResult<Obj> {
        handle(exception, Policy::Ignore)
    }
    /// Implements the 'replace' error handling, which replaces malformed data with a replacement marker.
    #[pyfunction]
    fn replace_errors(exception: &Obj) -> PyResult<Obj> {
        handle(exception, Policy::Replace)
    }
    /// Implements the 'xmlcharrefreplace' error handling, which replaces an unencodable character with the appropriate XML character reference.
    #[pyfunction]
    fn xmlcharrefreplace_errors(exception: &Obj) -> PyResult<Obj> {
        handle(exception, Policy::XmlCharRefReplace)
    }
    /// Implements the 'backslashreplace' error handling, which replaces malformed data with a backslashed escape sequence.
    #[pyfunction]
    fn backslashreplace_errors(exception: &Obj) -> PyResult<Obj> {
        handle(exception, Policy::BackslashReplace)
    }
    /// Implements the 'namereplace' error handling, which replaces an unencodable character with a \N{...} escape sequence.
    #[pyfunction]
    fn namereplace_errors(exception: &Obj) -> PyResult<Obj> {
        handle(exception, Policy::NameReplace)
    }
    #[pyfunction]
    fn surrogatepass(exception: &Obj) -> PyResult<Obj> {
        handle(exception, Policy::SurrogatePass)
    }
    #[pyfunction]
    fn surrogateescape(exception: &Obj) -> PyResult<Obj> {
        handle(exception, Policy::SurrogateEscape)
    }
}

fn registry() -> PyResult<Py<PyDict>> {
    static REGISTRY: PerInterpreter<Py<PyDict>> = PerInterpreter::new();
    if let Some(registry) = REGISTRY.get() {
        return Ok(registry.clone());
    }
    let registry = PyDict::new();
    for (name, function, _) in STANDARD {
        if let Some(def) = MODULE.functions.iter().find(|def| def.name == function) {
            registry.set_str(name, native_function::PyNativeFunction::new(def, None).into_obj());
        }
    }
    Ok(REGISTRY.get_or_init(|| registry).clone())
}

/// The handler registered under a name: for the hooks, too.
pub fn error_handler(name: &str) -> PyResult<Obj> {
    match registry()?.get(&str_obj(name))? {
        Some(handler) => Ok(handler.into_strong()),
        None => Err(lookup_error(format!("unknown error handler name '{name}'"))),
    }
}

pub fn register(name: &str, handler: &Obj) -> PyResult<()> {
    if !is_callable(handler) {
        return Err(type_error("handler must be callable"));
    }
    registry()?.set(str_obj(name), handler.clone())
}

pub fn unregister(name: &str) -> PyResult<bool> {
    if STANDARD.iter().any(|(standard, ..)| *standard == name) {
        return Err(value_error(format!("cannot un-register built-in error handler '{name}'")));
    }
    registry()?.delete(&str_obj(name))
}

fn refuse(exception: &Obj) -> Raised {
    let name = class_of(exception).name();
    type_error(format!("don't know how to handle {name} in error callback"))
}

/// What a standard handler does with an exception.
fn handle(exception: &Obj, policy: Policy) -> PyResult<Obj> {
    if !exception.is_layout::<PyBaseException>() {
        return Err(type_error("codec must pass exception instance"));
    }
    if policy == Policy::Strict {
        return Err(raise(exception.clone()));
    }
    let position = |name: &'static str| -> PyResult<usize> {
        let value = getattr_str(exception, name)?;
        Ok(int::int_ref(&value).and_then(|i| i.to_i64()).unwrap_or(0).max(0) as usize)
    };
    let t = types();
    let decodes = is_instance_of(exception, &t.unicode_decode_error);
    let encodes = is_instance_of(exception, &t.unicode_encode_error);
    let translates = is_instance_of(exception, &t.unicode_translate_error);
    let fits = match policy {
        Policy::Ignore | Policy::Replace | Policy::BackslashReplace => decodes || encodes || translates,
        Policy::XmlCharRefReplace | Policy::NameReplace => encodes,
        _ => decodes || encodes,
    };
    if !fits {
        return Err(refuse(exception));
    }
    let (start, end) = (position("start")?, position("end")?);
    let object = getattr_str(exception, "object")?;
    let codec = if translates { String::new() } else { str_string(&getattr_str(exception, "encoding")?)? };
    let pair = |value: Obj, next: usize| tuple_obj(vec![value, int_obj(next as i64)]);
    if decodes {
        let bytes = buffer::to_vec(&object)?;
        let (start, end) = (start.min(bytes.len()), end.min(bytes.len()));
        return match policy.decode(&codec, &bytes, start, end.max(start)) {
            Some((text, next)) => Ok(pair(PyStr::from_units(text).into_obj(), next)),
            None => Err(raise(exception.clone())),
        };
    }
    let Some(text) = object.downcast::<PyStr>() else {
        return Err(type_error("object attribute must be unicode"));
    };
    let (start, end) = (start.min(text.len()), end.min(text.len()));
    let end = end.max(start);
    if translates && policy == Policy::Replace {
        let mut out = TextBuf::new();
        out.push_repeated(0xfffd, end - start);
        return Ok(pair(PyStr::from_units(out).into_obj(), end));
    }
    match policy.encode(&codec, text.units(), start, end) {
        Some((Replacement::Text(text), next)) => Ok(pair(PyStr::from_units(text).into_obj(), next)),
        Some((Replacement::Bytes(bytes), next)) => Ok(pair(PyBytes::from_vec(bytes).into_obj(), next)),
        None => Err(raise(exception.clone())),
    }
}
