//! `pyexpat`: the interface of the XML parser Expat. The parser is in `pyexpat/parser.rs`, which knows no Python object; the class that drives it in
//! `pyexpat/xmlparser.rs`, what it shares with `ElementTree`'s in `pyexpat/driven.rs`, the calls of handlers in `pyexpat/handlers.rs`.

pub mod driven;
mod handlers;
pub mod parser;
mod xmlparser;

use taipan_objects::dict::PyDict;
use taipan_objects::exceptions::PyBaseException;
use taipan_objects::module::PyModule;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::type_object::TypeBuilder;

use crate::native_class;
pub use handlers::encoding_table;
use parser::ERRORS;

/// The version whose interface this is.
pub const VERSION: [i64; 3] = [2, 9, 0];

native_class!(
    /// `pyexpat.ExpatError`.
    pub fn error_class() = TypeBuilder::new("xml.parsers.expat.ExpatError", PyBaseException::ops())
        .base(&types().exception)
        .make()
);

/// The text of an error.
pub fn text_of_error(code: i64) -> Option<&'static str> {
    ERRORS.iter().find(|(number, _, _)| *number == code).map(|(_, _, text)| *text)
}

/// An `ExpatError` with its attributes.
fn expat_error(code: i64, text: Option<&str>, line: u64, column: u64) -> Raised {
    let message = match text {
        Some(text) => text.to_owned(),
        None => format!("{}: line {line}, column {column}", text_of_error(code).unwrap_or("(null)")),
    };
    let error = PyBaseException::create(error_class(), vec![str_obj(&message)]);
    for (name, value) in [("code", code), ("offset", column as i64), ("lineno", line as i64)] {
        if let Err(raised) = setattr(&error, &intern(name), &int_obj(value)) {
            return raised;
        }
    }
    raise(error)
}

/// An argument of `ParserCreate()`.
fn text_or_none(name: &str, given: Option<&Obj>) -> PyResult<Option<String>> {
    let Some(given) = given.filter(|given| !is_none(given)) else { return Ok(None) };
    match given.downcast::<PyStr>() {
        Some(text) => Ok(Some(text.utf8()?.into_owned())),
        None => Err(type_error(format!(
            "ParserCreate() argument '{name}' must be str or None, not {}",
            class_of(given).name()
        ))),
    }
}

fn submodule(name: &str, doc: &str, fill: impl Fn(&PyDict) -> PyResult<()>) -> PyResult<Obj> {
    let module = PyModule::new(name);
    module.dict_ref().set_str("__doc__", str_obj(doc));
    fill(module.dict_ref())?;
    let modules = taipan_objects::hooks::module_attribute("sys", "modules")?;
    setitem(&modules, &str_obj(name), module.as_obj())?;
    Ok(module.as_obj().clone())
}

/// Python wrapper for Expat parser.
#[pymodule(name = "pyexpat")]
mod items {
    use super::*;

    #[pyattr]
    const EXPAT_VERSION: &str = "expat_2.9.0";
    #[pyattr]
    const native_encoding: &str = "UTF-8";
    #[pyattr]
    const XML_PARAM_ENTITY_PARSING_NEVER: i64 = 0;
    #[pyattr]
    const XML_PARAM_ENTITY_PARSING_UNLESS_STANDALONE: i64 = 1;
    #[pyattr]
    const XML_PARAM_ENTITY_PARSING_ALWAYS: i64 = 2;
    #[pyattr]
    fn version_info() -> Obj {
        tuple_obj(VERSION.into_iter().map(int_obj).collect())
    }
    #[pyattr]
    fn features() -> Obj {
        let known = [
            ("sizeof(XML_Char)", 1),
            ("sizeof(XML_LChar)", 1),
            ("XML_DTD", 0),
            ("XML_CONTEXT_BYTES", 1024),
            ("XML_NS", 0),
            ("XML_BLAP_MAX_AMP", 100),
            ("XML_BLAP_ACT_THRES", 8 << 20),
            ("XML_GE", 0),
            ("XML_AT_MAX_AMP", 100),
            ("XML_AT_ACT_THRES", 64 << 20),
        ];
        list_obj(
            known.into_iter().map(|(name, value)| tuple_obj(vec![str_obj(name), int_obj(value)])).collect(),
        )
    }
    #[pyattr]
    fn ExpatError() -> Obj {
        error_class().as_obj().clone()
    }
    #[pyattr]
    fn error() -> Obj {
        error_class().as_obj().clone()
    }
    #[pyattr]
    fn XMLParserType() -> Obj {
        xmlparser::class().as_obj().clone()
    }
    #[pyattr]
    fn errors() -> PyResult<Obj> {
        submodule("pyexpat.errors", "Constants used to describe error conditions.", |dict| {
            let (codes, messages) = (dict_obj(), dict_obj());
            for (number, name, text) in ERRORS {
                dict.set_str(name, str_obj(text));
                codes.set(str_obj(text), int_obj(*number))?;
                messages.set(int_obj(*number), str_obj(text))?;
            }
            dict.set_str("codes", codes.into_obj());
            dict.set_str("messages", messages.into_obj());
            Ok(())
        })
    }
    #[pyattr]
    fn model() -> PyResult<Obj> {
        submodule("pyexpat.model", "Constants used to interpret content model information.", |dict| {
            let types = ["EMPTY", "ANY", "MIXED", "NAME", "CHOICE", "SEQ"];
            for (name, number) in types.into_iter().zip(1..) {
                dict.set_str(&format!("XML_CTYPE_{name}"), int_obj(number));
            }
            for (name, number) in ["NONE", "OPT", "REP", "PLUS"].into_iter().zip(0..) {
                dict.set_str(&format!("XML_CQUANT_{name}"), int_obj(number));
            }
            Ok(())
        })
    }

    /// Return a new XML parser object.
    #[pyfunction(sig = "(encoding=None, namespace_separator=None, intern=<unrepresentable>)")]
    fn ParserCreate(
        encoding: Option<&Obj>,
        namespace_separator: Option<&Obj>,
        intern: Option<&Obj>,
    ) -> PyResult<Obj> {
        let encoding = text_or_none("encoding", encoding)?;
        let separator = text_or_none("namespace_separator", namespace_separator)?;
        xmlparser::create(encoding.as_deref(), separator.as_deref(), intern)
    }
    /// Returns string error for given number.
    #[pyfunction]
    fn ErrorString(code: i64) -> Option<&'static str> {
        text_of_error(code)
    }
}
