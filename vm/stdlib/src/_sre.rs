//! `_sre`: regular expressions, for the code that the library's `re._compiler` makes.

mod engine;
mod match_object;
mod opcodes;
mod pattern;
mod subject;
mod template;
mod validate;

use taipan_objects::dict::PyDict;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::tuple::PyTuple;
use taipan_text::unicode_data;

/// The engine behind the re module.
#[pymodule(name = "_sre")]
mod items {
    use super::*;

    #[pyattr(name = "MAGIC")]
    const MAGIC_NUMBER: usize = opcodes::MAGIC;
    #[pyattr]
    const CODESIZE: usize = 4;
    #[pyattr]
    const MAXREPEAT: usize = opcodes::MAX_REPEAT as usize;
    #[pyattr]
    const MAXGROUPS: usize = (i32::MAX / 2) as usize;
    #[pyattr]
    #[allow(non_upper_case_globals)]
    const copyright: &str = " SRE 2.2.2 Copyright (c) 1997-2002 by Secret Labs AB ";

    #[pyfunction]
    fn getcodesize() -> usize {
        4
    }
    #[pyfunction]
    fn ascii_iscased(character: i32) -> bool {
        u8::try_from(character).is_ok_and(|c| c.is_ascii_alphabetic())
    }
    #[pyfunction]
    fn unicode_iscased(character: i32) -> bool {
        let code = character as u32;
        // By the first character of what it becomes, which may be several.
        char::from_u32(code)
            .is_some_and(|c| c.to_lowercase().next() != Some(c) || c.to_uppercase().next() != Some(c))
    }
    #[pyfunction]
    fn ascii_tolower(character: i32) -> i32 {
        u8::try_from(character).map_or(character, |c| i32::from(c.to_ascii_lowercase()))
    }
    #[pyfunction]
    fn unicode_tolower(character: i32) -> u32 {
        unicode_data::simple_lower(character as u32)
    }
    #[pyfunction(sig = "(pattern, flags, code, groups, groupindex, indexgroup)")]
    fn compile(
        pattern: &Obj,
        flags: i64,
        code: &Obj,
        groups: usize,
        groupindex: Py<PyDict>,
        indexgroup: &PyTuple,
    ) -> PyResult<Obj> {
        if !pattern::is_source(pattern) {
            return Err(type_error(format!(
                "expected string or bytes-like object, got '{}'",
                class_of(pattern).name()
            )));
        }
        let code = pattern::code_of(code)?;
        if groups > MAXGROUPS || validate::validate(&code, groups).is_err() {
            return Err(runtime_error("invalid SRE code"));
        }
        let indexgroup = indexgroup.to_vec();
        pattern::new(pattern::Parts { pattern: pattern.clone(), flags, code, groups, groupindex, indexgroup })
    }
    #[pyfunction]
    fn template(pattern: &Obj, template: &Obj) -> PyResult<Obj> {
        let _ = pattern;
        super::template::new(template)
    }
}
