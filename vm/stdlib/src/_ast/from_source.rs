//! Python's syntax trees from source: the parser's tree, node for node, in the shapes that CPython gives them.
//!
//! Positions are lines from 1 and columns in UTF-8 bytes. Operators and contexts are shared within one tree.

mod expressions;
mod patterns;
mod statements;

use std::cell::RefCell;

use ruff_python_ast::{self as ast, Mod, ModExpression, ModModule};
use ruff_text_size::{Ranged, TextRange};
use rustc_hash::FxHashMap;
use taipan_objects::prelude::*;
use taipan_vm::builtins::compile::{AstSupport, CompileOptions, Mode};

use super::{blank, classes};

/// One conversion.
pub(super) struct Builder<'a> {
    source: &'a str,
    line_starts: Vec<u32>,
    /// Nodes without fields by class name.
    shared: RefCell<FxHashMap<&'static str, Obj>>,
}

/// Field names with their values.
type Fields<'f> = &'f [(&'static str, Obj)];

impl<'a> Builder<'a> {
    fn new(source: &'a str) -> Builder<'a> {
        let mut line_starts = vec![0];
        line_starts
            .extend(source.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i as u32 + 1));
        Builder { source, line_starts, shared: RefCell::default() }
    }
    fn place(&self, offset: u32) -> (i64, i64) {
        let line = self.line_starts.partition_point(|start| *start <= offset);
        (line as i64, i64::from(offset - self.line_starts[line - 1]))
    }
    fn text(&self, range: TextRange) -> &'a str {
        &self.source[range.start().to_usize()..range.end().to_usize()]
    }
    /// A node without position.
    fn plain(&self, class: &'static str, fields: Fields<'_>) -> PyResult<Obj> {
        let Some(class) = classes().by_name.get(class) else {
            return Err(system_error("unknown node class"));
        };
        let node = blank(class);
        for (name, value) in fields {
            setattr(&node, &intern(name), value)?;
        }
        Ok(node)
    }
    /// A node with a position.
    fn node(&self, class: &'static str, range: TextRange, fields: Fields<'_>) -> PyResult<Obj> {
        let node = self.plain(class, fields)?;
        let (line, column) = self.place(range.start().to_u32());
        let (end_line, end_column) = self.place(range.end().to_u32());
        setattr(&node, &istr!("lineno"), &int_obj(line))?;
        setattr(&node, &istr!("col_offset"), &int_obj(column))?;
        setattr(&node, &istr!("end_lineno"), &int_obj(end_line))?;
        setattr(&node, &istr!("end_col_offset"), &int_obj(end_column))?;
        Ok(node)
    }
    /// The tree's node of a class without fields.
    fn shared(&self, class: &'static str) -> PyResult<Obj> {
        if let Some(node) = self.shared.borrow().get(class) {
            return Ok(node.clone());
        }
        let node = self.plain(class, &[])?;
        self.shared.borrow_mut().insert(class, node.clone());
        Ok(node)
    }
    fn list<T>(
        &self,
        items: impl IntoIterator<Item = T>,
        convert: impl Fn(T) -> PyResult<Obj>,
    ) -> PyResult<Obj> {
        Ok(list_obj(items.into_iter().map(convert).collect::<PyResult<Vec<Obj>>>()?))
    }
    fn optional<T>(&self, item: Option<T>, convert: impl Fn(T) -> PyResult<Obj>) -> PyResult<Obj> {
        item.map_or_else(|| Ok(none()), convert)
    }
    fn identifier(&self, identifier: &ast::Identifier) -> Obj {
        intern(identifier.as_str()).into_obj()
    }
    fn optional_identifier(&self, identifier: Option<&ast::Identifier>) -> Obj {
        identifier.map_or_else(none, |i| self.identifier(i))
    }
    fn body(&self, body: &[ast::Stmt]) -> PyResult<Obj> {
        self.list(body, |s| self.statement(s))
    }
    fn exprs(&self, items: &[ast::Expr]) -> PyResult<Obj> {
        self.list(items, |e| self.expression(e))
    }
    fn optional_expr(&self, item: Option<&ast::Expr>) -> PyResult<Obj> {
        self.optional(item, |e| self.expression(e))
    }
    fn module(&self, module: &Mod, mode: &str) -> PyResult<Obj> {
        match module {
            Mod::Module(ModModule { body, .. }) if mode == "single" => {
                self.plain("Interactive", &[("body", self.body(body)?)])
            }
            Mod::Module(ModModule { body, .. }) => {
                self.plain("Module", &[("body", self.body(body)?), ("type_ignores", list_obj(Vec::new()))])
            }
            Mod::Expression(ModExpression { body, .. }) => {
                self.plain("Expression", &[("body", self.expression(body)?)])
            }
        }
    }
    fn arguments(&self, parameters: Option<&ast::Parameters>) -> PyResult<Obj> {
        let empty = ast::Parameters::default();
        let p = parameters.unwrap_or(&empty);
        let argument = |parameter: &ast::Parameter| self.argument(parameter);
        let plain = |parameter: &ast::ParameterWithDefault| self.argument(&parameter.parameter);
        let mut defaults = Vec::new();
        for parameter in p.posonlyargs.iter().chain(&p.args) {
            if let Some(default) = &parameter.default {
                defaults.push(self.expression(default)?);
            }
        }
        self.plain(
            "arguments",
            &[
                ("posonlyargs", self.list(&p.posonlyargs, plain)?),
                ("args", self.list(&p.args, plain)?),
                ("vararg", self.optional(p.vararg.as_deref(), argument)?),
                ("kwonlyargs", self.list(&p.kwonlyargs, plain)?),
                ("kw_defaults", self.list(&p.kwonlyargs, |a| self.optional_expr(a.default.as_deref()))?),
                ("kwarg", self.optional(p.kwarg.as_deref(), argument)?),
                ("defaults", list_obj(defaults)),
            ],
        )
    }
    fn argument(&self, parameter: &ast::Parameter) -> PyResult<Obj> {
        self.node(
            "arg",
            TextRange::new(parameter.name.start(), parameter.range.end()),
            &[
                ("arg", self.identifier(&parameter.name)),
                ("annotation", self.optional_expr(parameter.annotation.as_deref())?),
                ("type_comment", none()),
            ],
        )
    }
    fn keyword(&self, keyword: &ast::Keyword) -> PyResult<Obj> {
        let fields = [
            ("arg", self.optional_identifier(keyword.arg.as_ref())),
            ("value", self.expression(&keyword.value)?),
        ];
        self.node("keyword", keyword.range, &fields)
    }
}

/// `compile(source, filename, mode, PyCF_ONLY_AST)`.
fn parse(text: &str, filename: &str, mode: &str, _flags: i64, options: CompileOptions) -> PyResult<Obj> {
    let kind = match mode {
        "exec" => Mode::Exec,
        "single" => Mode::Single,
        "eval" => Mode::Eval,
        _ => return Err(not_implemented_error("compile() mode 'func_type' is not supported yet")),
    };
    let text = if kind == Mode::Eval { text.trim_start_matches([' ', '\t']) } else { text };
    match taipan_compiler::parse(text, kind, options.options) {
        Ok((module, warnings)) => {
            taipan_vm::builtins::compile::warn_all(&warnings, filename, text)?;
            Builder::new(text.strip_prefix('\u{feff}').unwrap_or(text)).module(&module, mode)
        }
        Err(info) => {
            Err(taipan_vm::builtins::compile::raise_syntax_error(&info, filename, options.allow_incomplete))
        }
    }
}

fn is_tree(obj: &Obj) -> PyResult<bool> {
    Ok(is_instance_of(obj, &classes().ast))
}

/// Compiles a tree by way of its source text, so positions in the code are those of that text.
fn compile_tree(
    tree: &Obj,
    filename: &str,
    mode: &str,
    flags: i64,
    options: CompileOptions,
) -> PyResult<Obj> {
    if flags & 0x400 != 0 {
        return Ok(tree.clone());
    }
    let (wanted, kind) = match mode {
        "exec" => ("Module", Mode::Exec),
        "single" => ("Interactive", Mode::Single),
        _ => ("Expression", Mode::Eval),
    };
    let class = class_of(tree);
    if !classes().by_name.get(wanted).is_some_and(|c| class.is_subtype(c)) {
        return Err(type_error(format!("expected {wanted} node, got {}", class.short_name())));
    }
    super::validate::check(tree)?;
    let unparse = taipan_objects::hooks::module_attribute("ast", "unparse")?;
    let text = str_string(&call1(&unparse, tree)?)?;
    Ok(taipan_vm::builtins::compile::compile_text(&text, filename, kind, options)?.into_obj())
}

/// Gives `compile` its trees.
pub(super) fn install() {
    taipan_vm::builtins::compile::install_ast_support(AstSupport {
        is_ast: is_tree,
        compile: compile_tree,
        parse,
    });
}
