//! The compiler's tree of a tree of Python objects, which was validated before. Programs may change their tree meanwhile: whatever
//! is found is an error then, never more.
//!
//! Places are handed out in the order of a walk: a node's first before those of its parts, its last behind them. So ranges nest as they do in
//! a source.

mod expressions;
mod patterns;
mod statements;

use ruff_python_ast::{self as ast, AtomicNodeIndex, Mod, ModExpression, ModModule, name::Name};
use ruff_text_size::{TextRange, TextSize};
use rustc_hash::FxHashMap;
use taipan_compiler::TreeSource;
use taipan_objects::list::PyList;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;

use super::validate::name_of;

/// One conversion.
pub(super) struct Walk {
    source: TreeSource,
    /// Names of node classes by the address of the object's class.
    names: FxHashMap<u64, &'static str>,
    depth: usize,
    /// Annotations become strings, so that f-strings need a text.
    stringize: bool,
}

/// No index among a parsed tree's.
fn unnumbered() -> AtomicNodeIndex {
    AtomicNodeIndex::NONE
}

/// Where a node begins, and what it needs at its end.
#[derive(Clone, Copy)]
struct Begun {
    start: TextSize,
    end: (u32, u32),
}

/// Converts a whole tree; also how deeply it nests.
pub(super) fn convert(tree: &Obj, stringize: bool) -> PyResult<(Mod, TreeSource, usize)> {
    let mut walk = Walk { source: TreeSource::default(), names: FxHashMap::default(), depth: 0, stringize };
    let range = TextRange::default();
    walk.source.place(1, 0);
    let module = match walk.name(tree) {
        "Expression" => {
            let body = walk.expression_field(tree, "body")?;
            Mod::Expression(ModExpression { node_index: unnumbered(), range, body })
        }
        _ => {
            walk.stringize |= imports_annotations(tree)?;
            let body = walk.body(tree, "body")?;
            Mod::Module(ModModule { node_index: unnumbered(), range, body })
        }
    };
    Ok((module, walk.source, walk.depth))
}

/// Whether a module has `from __future__ import annotations`.
fn imports_annotations(tree: &Obj) -> PyResult<bool> {
    for statement in list(tree, "body")? {
        if name_of(&statement) == "ImportFrom"
            && text(&statement, "module")?.is_some_and(|module| module == "__future__")
        {
            for alias in list(&statement, "names")? {
                if text(&alias, "name")?.is_some_and(|name| name == "annotations") {
                    return Ok(true);
                }
            }
        }
    }
    Ok(false)
}

/// A field's value; `None` if it is missing or Python's `None`.
fn field(obj: &Obj, name: &str) -> PyResult<Option<Obj>> {
    Ok(getattr_opt(obj, &intern(name))?.filter(|value| !is_none(value)))
}

fn required(obj: &Obj, name: &str) -> PyResult<Obj> {
    field(obj, name)?.ok_or_else(|| value_error(format!("field '{name}' is required for {}", name_of(obj))))
}

fn list(obj: &Obj, name: &str) -> PyResult<Vec<Obj>> {
    Ok(field(obj, name)?.and_then(|value| value.downcast::<PyList>().map(|l| l.to_vec())).unwrap_or_default())
}

fn text(obj: &Obj, name: &str) -> PyResult<Option<String>> {
    Ok(field(obj, name)?
        .and_then(|value| value.downcast::<PyStr>().map(|t| t.to_string_lossy().into_owned())))
}

fn number(obj: &Obj, name: &str) -> PyResult<i64> {
    match field(obj, name)? {
        Some(value) => Ok(index_word(&value)? as i64),
        None => Ok(0),
    }
}

impl Walk {
    fn name(&mut self, obj: &Obj) -> &'static str {
        let class = class_of(obj).to_obj().value().counted().bits();
        *self.names.entry(class).or_insert_with(|| name_of(obj))
    }

    /// A node begins here.
    fn begin(&mut self, obj: &Obj) -> PyResult<Begun> {
        let place = |n: i64| u32::try_from(n.clamp(0, i64::from(i32::MAX))).unwrap_or(0);
        let (line, column) = (place(number(obj, "lineno")?), place(number(obj, "col_offset")?));
        let end_line =
            field(obj, "end_lineno")?.map_or(Ok(line), |n| index_word(&n).map(|n| place(n as i64)))?;
        let end_column =
            field(obj, "end_col_offset")?.map_or(Ok(column), |n| index_word(&n).map(|n| place(n as i64)))?;
        Ok(Begun { start: self.source.place(line, column), end: (end_line, end_column) })
    }
    fn end(&mut self, begun: Begun) -> TextRange {
        let (line, column) = begun.end;
        TextRange::new(begun.start, self.source.place(line, column))
    }
    /// Runs the conversion of a node one level deeper.
    fn nested<T>(
        &mut self,
        level: usize,
        convert: impl FnOnce(&mut Self, usize) -> PyResult<T>,
    ) -> PyResult<T> {
        enter_native_while(" during compilation")?;
        self.depth = self.depth.max(level);
        convert(self, level + 1)
    }

    fn identifier(&self, text: &str, at: TextSize) -> ast::Identifier {
        ast::Identifier::new(Name::new(text), TextRange::empty(at))
    }
    fn identifier_field(&self, obj: &Obj, name: &str, at: TextSize) -> PyResult<ast::Identifier> {
        let text = text(obj, name)?
            .ok_or_else(|| value_error(format!("field '{name}' is required for {}", name_of(obj))))?;
        Ok(self.identifier(&text, at))
    }
    fn optional_identifier(&self, obj: &Obj, name: &str, at: TextSize) -> PyResult<Option<ast::Identifier>> {
        Ok(text(obj, name)?.map(|text| self.identifier(&text, at)))
    }
    fn identifiers(&self, obj: &Obj, name: &str, at: TextSize) -> PyResult<Vec<ast::Identifier>> {
        let text = |item: &Obj| match item.downcast::<PyStr>() {
            Some(text) => Ok(self.identifier(&text.to_string_lossy(), at)),
            None => Err(type_error("AST identifier must be of type str")),
        };
        list(obj, name)?.iter().map(text).collect()
    }
}
