//! Python's syntax trees from source: the parser's tree, node for node, in the shapes that CPython gives them.
//!
//! Positions are lines from 1 and columns in UTF-8 bytes. Operators and contexts are shared within one tree.

mod expressions;
mod features;
mod patterns;
mod preprocess;
mod statements;
mod type_comments;

use std::cell::RefCell;

use ruff_python_ast::{self as ast, Mod, ModExpression, ModModule};
use ruff_text_size::{Ranged, TextRange, TextSize};
use rustc_hash::FxHashMap;
use taipan_objects::prelude::*;
use taipan_vm::builtins::compile::{AstSupport, CompileOptions, Mode};

use super::{blank, classes};
use taipan_compiler::TreeSource;
use type_comments::TypeComments;

/// One conversion.
pub(super) struct Builder<'a> {
    source: &'a str,
    line_starts: Vec<u32>,
    /// Nodes without fields by class name.
    shared: RefCell<FxHashMap<&'static str, Obj>>,
    /// If they are asked for.
    type_comments: TypeComments,
    /// The places of a tree that has no source.
    tree: Option<TreeSource>,
    /// Negative numbers in patterns become constants.
    folds_patterns: bool,
    /// Bytes in front of the first line that are not the program's.
    shift: i64,
}

/// Field names with their values.
type Fields<'f> = &'f [(&'static str, Obj)];

impl<'a> Builder<'a> {
    fn new(source: &'a str) -> Builder<'a> {
        let mut line_starts = vec![0];
        line_starts
            .extend(source.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i as u32 + 1));
        Builder {
            source,
            line_starts,
            shared: RefCell::default(),
            type_comments: TypeComments::default(),
            tree: None,
            folds_patterns: false,
            shift: 0,
        }
    }
    fn place(&self, offset: u32) -> (i64, i64) {
        if let Some(tree) = &self.tree {
            let (line, column) = tree.at(TextSize::from(offset));
            return (line.into(), column.into());
        }
        let line = self.line_starts.partition_point(|start| *start <= offset);
        let shift = if line == 1 { self.shift } else { 0 };
        (line as i64, i64::from(offset - self.line_starts[line - 1]) - shift)
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
    /// A `pass`, which is in one line also where it stands for a docstring of several.
    fn pass(&self, range: TextRange) -> PyResult<Obj> {
        let node = self.node("Pass", range, &[])?;
        if self.tree.is_none() {
            let (line, column) = self.place(range.start().to_u32());
            setattr(&node, &istr!("end_lineno"), &int_obj(line))?;
            setattr(&node, &istr!("end_col_offset"), &int_obj(column + "pass".len() as i64))?;
        }
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
                let body = self.body(body)?;
                let ignored = self.list(&self.type_comments.ignored, |(offset, tag)| {
                    let line = int_obj(self.place(*offset).0);
                    self.plain("TypeIgnore", &[("lineno", line), ("tag", str_obj(tag))])
                })?;
                self.plain("Module", &[("body", body), ("type_ignores", ignored)])
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
        let plain = |parameter: &ast::ParameterWithDefault| {
            self.argument_until(&parameter.parameter, parameter.range.end())
        };
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
        self.argument_until(parameter, parameter.range.end())
    }
    /// A parameter whose default, if it has one, ends at `end`.
    fn argument_until(&self, parameter: &ast::Parameter, end: TextSize) -> PyResult<Obj> {
        let type_comment = self.type_comments.take(self.source, end, type_comments::behind_parameter);
        self.node(
            "arg",
            TextRange::new(parameter.name.start(), parameter.range.end()),
            &[
                ("arg", self.identifier(&parameter.name)),
                ("annotation", self.optional_expr(parameter.annotation.as_deref())?),
                ("type_comment", type_comment.map_or_else(none, |(_, text)| str_obj(&text))),
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
fn parse(text: &str, filename: &str, mode: &str, flags: i64, options: CompileOptions) -> PyResult<Obj> {
    let kind = match mode {
        "exec" => Mode::Exec,
        "single" => Mode::Single,
        "eval" => Mode::Eval,
        _ => return function_type(text, filename, options),
    };
    let text = if kind == Mode::Eval { text.trim_start_matches([' ', '\t']) } else { text };
    match taipan_compiler::parse(text, kind, options.options) {
        Ok((mut module, warnings)) => {
            taipan_vm::builtins::compile::warn_all(&warnings, filename, text)?;
            let source = text.strip_prefix('\u{feff}').unwrap_or(text);
            let mut builder = Builder::new(source);
            if options.feature_version >= 0
                && let Some(new) = features::check(&module, source, options.feature_version)
            {
                return Err(builder.error(&new.message, new.range, filename));
            }
            if flags & OPTIMIZED == OPTIMIZED {
                preprocess::optimize(&mut module, options.options.optimize);
                builder.folds_patterns = true;
            }
            if flags & TYPE_COMMENTS != 0 {
                builder.type_comments = TypeComments::of(source, &taipan_compiler::comments(source));
            }
            let tree = builder.module(&module, mode)?;
            match builder.type_comments.left() {
                Some(range) if type_comments::is_behind_bare_star(source, range) => {
                    Err(builder.error("bare * has associated type comment", range, filename))
                }
                Some(range) => Err(builder.error("invalid syntax", range, filename)),
                None => Ok(tree),
            }
        }
        Err(info) => {
            Err(taipan_vm::builtins::compile::raise_syntax_error(&info, filename, options.allow_incomplete))
        }
    }
}

const OPTIMIZED: i64 = 0x8400;
const TYPE_COMMENTS: i64 = 0x1000;

/// The type of a function as in a type comment: `(int, *str) -> bool`. It is the arguments of a call, an arrow and an expression.
fn function_type(text: &str, filename: &str, options: CompileOptions) -> PyResult<Obj> {
    let text = text.trim();
    let invalid = || {
        let builder = Builder::new(text);
        builder.error("invalid syntax", TextRange::up_to(TextSize::of(text)), filename)
    };
    let mut depth = 0i32;
    let mut arrow = None;
    for (at, c) in text.char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            '-' if depth == 0 && text[at..].starts_with("->") => {
                arrow = Some(at);
                break;
            }
            _ => {}
        }
    }
    let Some((arguments, returns)) = arrow.map(|at| (text[..at].trim_end(), text[at + 2..].trim_start()))
    else {
        return Err(invalid());
    };
    if !arguments.starts_with('(') || returns.is_empty() {
        return Err(invalid());
    }
    let expression = |text: &str| match taipan_compiler::parse(text, Mode::Eval, options.options) {
        Ok((Mod::Expression(ModExpression { body, .. }), _)) => Ok(body),
        Ok(_) => Err(invalid()),
        Err(info) => Err(taipan_vm::builtins::compile::raise_syntax_error(&info, filename, false)),
    };
    // A name in front makes it a call.
    let call = format!("f{arguments}");
    let ast::Expr::Call(parsed) = *expression(&call)? else { return Err(invalid()) };
    let mut builder = Builder::new(&call);
    builder.shift = 1;
    let mut types = Vec::new();
    let args = &parsed.arguments.args;
    let first_star = args.iter().position(ast::Expr::is_starred_expr).unwrap_or(args.len());
    // One star at most, behind the others, and two at most behind that.
    if first_star + 1 < args.len() || parsed.arguments.keywords.len() > 1 {
        return Err(invalid());
    }
    for argument in args {
        types.push(match argument {
            ast::Expr::Starred(starred) => builder.expression(&starred.value)?,
            other => builder.expression(other)?,
        });
    }
    for keyword in &parsed.arguments.keywords {
        if keyword.arg.is_some() || args.last().is_some_and(|last| last.start() > keyword.range.start()) {
            return Err(invalid());
        }
        types.push(builder.expression(&keyword.value)?);
    }
    // Spaces put the rest where it is.
    let start = text.len() - returns.len();
    let mut after = Builder::new(returns);
    after.shift = -(start as i64);
    let returns = after.expression(&*expression(returns)?)?;
    builder.plain("FunctionType", &[("argtypes", list_obj(types)), ("returns", returns)])
}

impl Builder<'_> {
    /// A `SyntaxError` at a place of the source.
    fn error(&self, message: &str, range: TextRange, filename: &str) -> Raised {
        let (line, column) = self.place(range.start().to_u32());
        let (end_line, end_column) = self.place(range.end().to_u32());
        let text = self.source.lines().nth((line - 1).max(0) as usize).map(|line| format!("{line}\n"));
        let info = taipan_compiler::SyntaxErrorInfo {
            kind: taipan_compiler::SyntaxErrorKind::SyntaxError,
            message: message.to_owned(),
            line: line as u32,
            offset: column as i32 + 1,
            end_line: end_line as u32,
            end_offset: end_column as i32 + 1,
            text,
            metadata: None,
            warnings: Vec::new(),
        };
        taipan_vm::builtins::compile::raise_syntax_error(&info, filename, false)
    }
}

fn is_tree(obj: &Obj) -> PyResult<bool> {
    Ok(is_instance_of(obj, &classes().ast))
}

/// Compiles a tree; positions in the code are those of its nodes.
fn compile_tree(
    tree: &Obj,
    filename: &str,
    mode: &str,
    flags: i64,
    options: CompileOptions,
) -> PyResult<Obj> {
    let (wanted, kind) = match mode {
        "exec" => ("Module", Mode::Exec),
        "single" => ("Interactive", Mode::Single),
        "func_type" => ("FunctionType", Mode::Eval),
        _ => ("Expression", Mode::Eval),
    };
    let class = class_of(tree);
    if !classes().by_name.get(wanted).is_some_and(|c| class.is_subtype(c)) {
        return Err(type_error(format!("expected {wanted} node, got {}", class.short_name())));
    }
    super::validate::check(tree)?;
    if flags & OPTIMIZED == OPTIMIZED && mode != "func_type" {
        let (mut module, source, _) = super::into_tree::convert(tree, false)?;
        preprocess::optimize(&mut module, options.options.optimize);
        let mut builder = Builder::new("");
        builder.tree = Some(source);
        builder.folds_patterns = true;
        return builder.module(&module, mode);
    }
    if flags & 0x400 != 0 {
        return Ok(tree.clone());
    }
    let stringize = options.options.future_flags & taipan_bytecode::flags::CO_FUTURE_ANNOTATIONS != 0;
    let (module, source, depth) = super::into_tree::convert(tree, stringize)?;
    match taipan_compiler::compile_tree(&module, &source, depth, filename, kind, options.options) {
        Ok((unit, warnings)) => {
            taipan_vm::builtins::compile::warn_all(&warnings, filename, "")?;
            Ok(taipan_objects::code::PyCode::new(unit).into_obj())
        }
        Err(info) => Err(taipan_vm::builtins::compile::raise_syntax_error(&info, filename, false)),
    }
}

/// Gives `compile` its trees.
pub(super) fn install() {
    taipan_vm::builtins::compile::install_ast_support(AstSupport {
        is_ast: is_tree,
        compile: compile_tree,
        parse,
    });
}
