//! `_testinternalcapi`, as far as tests of the hooks and of interpreters need it. Built for tests only.

pub mod interpreters;

use std::collections::BTreeSet;

use taipan_bytecode::{Op, flags};
use taipan_objects::code::PyCode;
use taipan_objects::dict::PyDict;
use taipan_objects::function::PyFunction;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_vm::perf;

/// A dict of counts and dicts of counts.
fn counts(fields: &[(&str, Obj)]) -> Obj {
    let dict = PyDict::new();
    for (name, value) in fields {
        dict.set_str(name, value.clone());
    }
    dict.into_obj()
}

fn number(count: usize) -> Obj {
    int_obj(count as i64)
}

/// Arguments, other locals and cells: their number, and a dict that tells them apart.
fn local_counts(code: &PyCode) -> (usize, Obj) {
    let unit = &code.unit;
    let star = |flag: u32| usize::from(unit.flags & flag != 0);
    let parameters = unit.nparams() as usize;
    let is_parameter = |name: &String| unit.varnames.iter().take(parameters).any(|other| other == name);
    let argument_cells = unit.cellvars.iter().filter(|name| is_parameter(name)).count();
    let other_cells = unit.cellvars.len() - argument_cells;
    let pure = unit.varnames.iter().skip(parameters).filter(|name| !unit.cellvars.contains(name)).count();
    let arguments = counts(&[
        ("total", number(parameters)),
        ("numposonly", number(unit.posonlyargcount as usize)),
        ("numposorkw", number((unit.argcount - unit.posonlyargcount) as usize)),
        ("numkwonly", number(unit.kwonlyargcount as usize)),
        ("varargs", number(star(flags::CO_VARARGS))),
        ("varkwargs", number(star(flags::CO_VARKEYWORDS))),
    ]);
    let cells = counts(&[
        ("total", number(argument_cells + other_cells)),
        ("numargs", number(argument_cells)),
        ("numothers", number(other_cells)),
    ]);
    // No local is hidden from Python code here.
    let hidden = counts(&[("total", number(0)), ("numpure", number(0)), ("numcells", number(0))]);
    let total = parameters + pure + other_cells;
    let dict = counts(&[
        ("total", number(total)),
        ("args", arguments),
        ("numpure", number(pure)),
        ("cells", cells),
        ("hidden", hidden),
    ]);
    (total, dict)
}

/// Names that are looked up when the code runs, by where. Global ones are told apart if the namespaces are given.
fn unbound_counts(code: &PyCode, globals: Option<&Obj>, builtins: Option<&Obj>) -> Obj {
    let (mut global, mut attributes, mut all) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for instr in code.instrs() {
        let (index, kind) = match instr.op() {
            Some(Op::LoadGlobal | Op::StoreGlobal | Op::DeleteGlobal) => (instr.b(), Some(&mut global)),
            Some(Op::LoadFromDictOrGlobals) => (instr.c(), Some(&mut global)),
            Some(Op::LoadAttr | Op::StoreAttr | Op::LoadMethod | Op::LoadSuperAttr) => {
                (instr.c(), Some(&mut attributes))
            }
            Some(Op::DeleteAttr) => (instr.b(), Some(&mut attributes)),
            Some(Op::ImportFrom) => (instr.c(), None),
            Some(Op::LoadName | Op::StoreName | Op::DeleteName | Op::ImportName) => (instr.b(), None),
            _ => continue,
        };
        all.insert(index);
        if let Some(kind) = kind {
            kind.insert(index);
        }
    }
    let (mut in_globals, mut in_builtins) = (0, 0);
    for name in global.iter().filter_map(|index| code.names.get(*index as usize)) {
        let has = |space: Option<&Obj>| {
            space
                .and_then(|space| space.downcast::<PyDict>())
                .is_some_and(|dict| dict.get_str(name).is_some())
        };
        if has(globals) {
            in_globals += 1;
        } else if has(builtins) {
            in_builtins += 1;
        }
    }
    let of_globals = counts(&[
        ("total", number(global.len())),
        ("numglobal", number(in_globals)),
        ("numbuiltin", number(in_builtins)),
        ("numunknown", number(global.len() - in_globals - in_builtins)),
    ]);
    let unknown = all.iter().filter(|index| !global.contains(index) && !attributes.contains(index)).count();
    counts(&[
        ("total", number(global.len() + attributes.len() + unknown)),
        ("globals", of_globals),
        ("numattrs", number(attributes.len())),
        ("numunknown", number(unknown)),
    ])
}

#[pymodule(name = "_testinternalcapi", include(super::interpreters::MODULE))]
mod items {
    use super::*;

    /// Turns of a loop after which CPython would look for a path through it to compile.
    #[pyattr]
    const TIER2_THRESHOLD: i64 = 4096;

    #[pyfunction]
    fn write_perf_map_entry(address: usize, size: usize, name: &str) -> PyResult<i64> {
        perf::write_entry(address, size, name).map_err(crate::os_error::raise_io)?;
        Ok(0)
    }
    #[pyfunction]
    fn perf_map_state_teardown() {
        perf::close_map();
    }
    /// How many variables of which kinds a code object or a function has.
    #[pyfunction(sig = "(code, globalsns=None, builtinsns=None)")]
    fn get_code_var_counts(code: Obj, globalsns: Option<Obj>, builtinsns: Option<Obj>) -> PyResult<Obj> {
        let function = code.downcast::<PyFunction>();
        let (globals, builtins) = match function {
            Some(function) => (
                globalsns.or_else(|| Some(function.globals.clone())),
                builtinsns.or_else(|| Some(function.builtins.clone())),
            ),
            None => (globalsns, builtinsns),
        };
        let of_function = function.map(|function| function.code());
        let Some(code) = of_function.as_deref().or_else(|| code.downcast::<PyCode>()) else {
            return Err(type_error("argument must be a code object or a function"));
        };
        let (number_of_locals, locals) = local_counts(code);
        Ok(counts(&[
            ("total", number(number_of_locals + code.unit.freevars.len())),
            ("locals", locals),
            ("numfree", number(code.unit.freevars.len())),
            ("unbound", unbound_counts(code, globals.as_ref(), builtins.as_ref())),
        ]))
    }
}
