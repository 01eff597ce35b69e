//! `_symtable`: the compiler's symbol tables as objects, for the `symtable` module.

use std::sync::OnceLock;

use taipan_compiler::TableEntry;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::type_object::{TypeBuilder, new_instance, type_flags};
use taipan_vm::builtins::compile::{
    Mode, default_options, filename_argument, raise_syntax_error, source_argument,
};

/// A block's entry: only its attributes.
#[repr(C)]
pub struct PyEntry {
    header: Header,
}
layout!(PyEntry, "symtable entry");

fn class() -> &'static Py<PyType> {
    static CLASS: OnceLock<Py<PyType>> = OnceLock::new();
    CLASS.get_or_init(|| {
        TypeBuilder::new("symtable entry", PyEntry::ops())
            .dict()
            .flag(type_flags::HEAP)
            .slots(TypeSlots { repr: Some(repr_of), ..TypeSlots::EMPTY })
            .no_instantiation()
            .make()
    })
}

fn repr_of(entry: &Obj) -> PyResult<Obj> {
    let text = |name| repr_or_text(entry, name);
    let shown = format!("<symtable entry {}({}), line {}>", text("name")?, text("id")?, text("lineno")?);
    Ok(str_obj(&shown))
}

fn repr_or_text(entry: &Obj, name: &str) -> PyResult<String> {
    str_string(&getattr(entry, &intern(name))?)
}

fn object_of(entry: &TableEntry) -> PyResult<Obj> {
    let object = new_instance(class(), |header| PyEntry { header }).into_obj();
    let symbols = dict_obj();
    for (name, flags) in &entry.symbols {
        symbols.set_str(name, int_obj(i64::from(*flags)));
    }
    let mut children = Vec::with_capacity(entry.children.len());
    for child in &entry.children {
        children.push(object_of(child)?);
    }
    let parameters = entry.parameters.iter().map(|name| intern(name).into_obj()).collect();
    let id = object.value().counted().bits();
    for (name, value) in [
        ("id", int_obj((id & 0x7fff_ffff_ffff) as i64)),
        ("name", str_obj(&entry.name)),
        ("symbols", symbols.into_obj()),
        ("varnames", list_obj(parameters)),
        ("children", list_obj(children)),
        ("nested", int_obj(i64::from(entry.nested))),
        ("type", int_obj(i64::from(entry.kind))),
        ("lineno", int_obj(i64::from(entry.line))),
    ] {
        setattr(&object, &intern(name), &value)?;
    }
    Ok(object)
}

/// Symbol tables.
#[pymodule(name = "_symtable")]
mod items {
    use super::*;

    #[pyattr]
    const DEF_GLOBAL: i64 = 1;
    #[pyattr]
    const DEF_LOCAL: i64 = 2;
    #[pyattr]
    const DEF_PARAM: i64 = 4;
    #[pyattr]
    const DEF_NONLOCAL: i64 = 8;
    #[pyattr]
    const USE: i64 = 16;
    #[pyattr]
    const DEF_FREE_CLASS: i64 = 64;
    #[pyattr]
    const DEF_IMPORT: i64 = 128;
    #[pyattr]
    const DEF_BOUND: i64 = 134;
    #[pyattr]
    const DEF_ANNOT: i64 = 256;
    #[pyattr]
    const DEF_COMP_ITER: i64 = 512;
    #[pyattr]
    const DEF_TYPE_PARAM: i64 = 1024;
    #[pyattr]
    const DEF_COMP_CELL: i64 = 2048;
    #[pyattr]
    const TYPE_FUNCTION: i64 = 0;
    #[pyattr]
    const TYPE_CLASS: i64 = 1;
    #[pyattr]
    const TYPE_MODULE: i64 = 2;
    #[pyattr]
    const TYPE_ANNOTATION: i64 = 3;
    #[pyattr]
    const TYPE_TYPE_ALIAS: i64 = 4;
    #[pyattr]
    const TYPE_TYPE_PARAMETERS: i64 = 5;
    #[pyattr]
    const TYPE_TYPE_VARIABLE: i64 = 6;
    #[pyattr]
    const LOCAL: i64 = 1;
    #[pyattr]
    const GLOBAL_EXPLICIT: i64 = 2;
    #[pyattr]
    const GLOBAL_IMPLICIT: i64 = 3;
    #[pyattr]
    const FREE: i64 = 4;
    #[pyattr]
    const CELL: i64 = 5;
    #[pyattr]
    const SCOPE_OFF: i64 = 12;
    #[pyattr]
    const SCOPE_MASK: i64 = 15;

    /// Return symbol and scope dictionaries used internally by compiler.
    #[pyfunction(sig = "(source, filename, startstr, /)")]
    fn symtable(source: &Obj, filename: &Obj, startstr: &str) -> PyResult<Obj> {
        let filename = filename_argument(filename)?;
        let mode = match startstr {
            "exec" => Mode::Exec,
            "eval" => Mode::Eval,
            "single" => Mode::Single,
            _ => return Err(value_error("symtable() arg 3 must be 'exec' or 'eval' or 'single'")),
        };
        let text =
            source_argument(source, "symtable() arg 1 must be a string or bytes")?.decode(&filename)?;
        match taipan_compiler::symbol_table(&text, mode, default_options().options) {
            Ok(entry) => object_of(&entry),
            Err(info) => Err(raise_syntax_error(&info, &filename, false)),
        }
    }
}
