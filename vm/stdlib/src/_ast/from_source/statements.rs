//! Statements.

use ruff_python_ast::{self as ast, ExceptHandler, Stmt, TypeParam};
use ruff_text_size::{Ranged, TextRange, TextSize};
use taipan_objects::prelude::*;

use super::{Builder, type_comments};

impl Builder<'_> {
    /// Where a decorated definition's own first word is.
    fn definition_range(&self, range: TextRange, decorators: &[ast::Decorator]) -> TextRange {
        let Some(last) = decorators.last() else { return range };
        let mut at = last.range.end().to_usize();
        let bytes = self.source.as_bytes();
        while at < bytes.len() {
            match bytes[at] {
                b' ' | b'\t' | b'\n' | b'\r' | 0x0c | b'\\' => at += 1,
                b'#' => at = self.source[at..].find('\n').map_or(bytes.len(), |n| at + n),
                _ => break,
            }
        }
        let start = TextSize::try_from(at).unwrap_or(range.start()).min(range.end());
        TextRange::new(start, range.end())
    }

    fn decorators(&self, decorators: &[ast::Decorator]) -> PyResult<Obj> {
        self.list(decorators, |d| self.expression(&d.expression))
    }

    fn type_params(&self, params: Option<&ast::TypeParams>) -> PyResult<Obj> {
        self.list(params.map_or(&[][..], |p| &p.type_params), |param| {
            let range = param.range();
            match param {
                TypeParam::TypeVar(p) => self.node(
                    "TypeVar",
                    range,
                    &[
                        ("name", self.identifier(&p.name)),
                        ("bound", self.optional_expr(p.bound.as_deref())?),
                        ("default_value", self.optional_expr(p.default.as_deref())?),
                    ],
                ),
                TypeParam::ParamSpec(p) => self.node(
                    "ParamSpec",
                    range,
                    &[
                        ("name", self.identifier(&p.name)),
                        ("default_value", self.optional_expr(p.default.as_deref())?),
                    ],
                ),
                TypeParam::TypeVarTuple(p) => self.node(
                    "TypeVarTuple",
                    range,
                    &[
                        ("name", self.identifier(&p.name)),
                        ("default_value", self.optional_expr(p.default.as_deref())?),
                    ],
                ),
            }
        })
    }

    fn alias(&self, alias: &ast::Alias) -> PyResult<Obj> {
        let fields = [
            ("name", self.identifier(&alias.name)),
            ("asname", self.optional_identifier(alias.asname.as_ref())),
        ];
        self.node("alias", alias.range, &fields)
    }

    fn handler(&self, handler: &ExceptHandler) -> PyResult<Obj> {
        let ExceptHandler::ExceptHandler(h) = handler;
        self.node(
            "ExceptHandler",
            h.range,
            &[
                ("type", self.optional_expr(h.type_.as_deref())?),
                ("name", self.optional_identifier(h.name.as_ref())),
                ("body", self.body(&h.body)?),
            ],
        )
    }

    /// `elif` and `else` clauses: nested `If` statements.
    fn else_clauses(&self, clauses: &[ast::ElifElseClause]) -> PyResult<Obj> {
        let Some((first, rest)) = clauses.split_first() else { return Ok(list_obj(Vec::new())) };
        let Some(test) = &first.test else { return self.body(&first.body) };
        let end = clauses.last().map_or(first.range.end(), |c| c.range.end());
        let nested = self.node(
            "If",
            TextRange::new(first.range.start(), end),
            &[
                ("test", self.expression(test)?),
                ("body", self.body(&first.body)?),
                ("orelse", self.else_clauses(rest)?),
            ],
        )?;
        Ok(list_obj(vec![nested]))
    }

    fn type_comment(&self, end: TextSize, between: impl Fn(&str) -> bool) -> Obj {
        self.type_comments.take(self.source, end, between).map_or_else(none, |(_, text)| str_obj(&text))
    }

    pub(super) fn statement(&self, statement: &Stmt) -> PyResult<Obj> {
        enter_native_while(" during ast construction")?;
        let range = statement.range();
        match statement {
            Stmt::FunctionDef(s) => {
                let args = self.arguments(Some(&s.parameters))?;
                let returns = self.optional_expr(s.returns.as_deref())?;
                let end =
                    s.returns.as_deref().map_or(s.parameters.range.end(), |returns| returns.range().end());
                let take = || self.type_comments.take(self.source, end, type_comments::behind_colon_or_below);
                let type_comment = take();
                if let Some((range, _)) = &type_comment {
                    // Another one on the line below.
                    let below = |text: &str| text.trim().is_empty() && text.matches('\n').count() == 1;
                    if self.type_comments.take(self.source, range.end(), below).is_some() {
                        return Err(syntax_error("Cannot have two type comments on def"));
                    }
                }
                self.node(
                    if s.is_async { "AsyncFunctionDef" } else { "FunctionDef" },
                    self.definition_range(range, &s.decorator_list),
                    &[
                        ("name", self.identifier(&s.name)),
                        ("args", args),
                        ("body", self.body(&s.body)?),
                        ("decorator_list", self.decorators(&s.decorator_list)?),
                        ("returns", returns),
                        ("type_comment", type_comment.map_or_else(none, |(_, text)| str_obj(&text))),
                        ("type_params", self.type_params(s.type_params.as_deref())?),
                    ],
                )
            }
            Stmt::ClassDef(s) => {
                let arguments = s.arguments.as_deref();
                self.node(
                    "ClassDef",
                    self.definition_range(range, &s.decorator_list),
                    &[
                        ("name", self.identifier(&s.name)),
                        ("bases", self.exprs(arguments.map_or(&[][..], |a| &a.args))?),
                        (
                            "keywords",
                            self.list(arguments.map_or(&[][..], |a| &a.keywords), |k| self.keyword(k))?,
                        ),
                        ("body", self.body(&s.body)?),
                        ("decorator_list", self.decorators(&s.decorator_list)?),
                        ("type_params", self.type_params(s.type_params.as_deref())?),
                    ],
                )
            }
            Stmt::Return(s) => {
                self.node("Return", range, &[("value", self.optional_expr(s.value.as_deref())?)])
            }
            Stmt::Delete(s) => self.node("Delete", range, &[("targets", self.exprs(&s.targets)?)]),
            Stmt::TypeAlias(s) => self.node(
                "TypeAlias",
                range,
                &[
                    ("name", self.expression(&s.name)?),
                    ("type_params", self.type_params(s.type_params.as_deref())?),
                    ("value", self.expression(&s.value)?),
                ],
            ),
            Stmt::Assign(s) => self.node(
                "Assign",
                range,
                &[
                    ("targets", self.exprs(&s.targets)?),
                    ("value", self.expression(&s.value)?),
                    ("type_comment", self.type_comment(range.end(), type_comments::on_line)),
                ],
            ),
            Stmt::AugAssign(s) => self.node(
                "AugAssign",
                range,
                &[
                    ("target", self.expression(&s.target)?),
                    ("op", self.operator(s.op)?),
                    ("value", self.expression(&s.value)?),
                ],
            ),
            Stmt::AnnAssign(s) => self.node(
                "AnnAssign",
                range,
                &[
                    ("target", self.expression(&s.target)?),
                    ("annotation", self.expression(&s.annotation)?),
                    ("value", self.optional_expr(s.value.as_deref())?),
                    ("simple", int_obj(i64::from(s.simple))),
                ],
            ),
            Stmt::For(s) => {
                let type_comment = self.type_comment(s.iter.range().end(), type_comments::behind_colon);
                self.node(
                    if s.is_async { "AsyncFor" } else { "For" },
                    range,
                    &[
                        ("target", self.expression(&s.target)?),
                        ("iter", self.expression(&s.iter)?),
                        ("body", self.body(&s.body)?),
                        ("orelse", self.body(&s.orelse)?),
                        ("type_comment", type_comment),
                    ],
                )
            }
            Stmt::While(s) => self.node(
                "While",
                range,
                &[
                    ("test", self.expression(&s.test)?),
                    ("body", self.body(&s.body)?),
                    ("orelse", self.body(&s.orelse)?),
                ],
            ),
            Stmt::If(s) => self.node(
                "If",
                range,
                &[
                    ("test", self.expression(&s.test)?),
                    ("body", self.body(&s.body)?),
                    ("orelse", self.else_clauses(&s.elif_else_clauses)?),
                ],
            ),
            Stmt::With(s) => {
                let items = self.list(&s.items, |item| {
                    self.plain(
                        "withitem",
                        &[
                            ("context_expr", self.expression(&item.context_expr)?),
                            ("optional_vars", self.optional_expr(item.optional_vars.as_deref())?),
                        ],
                    )
                })?;
                let class = if s.is_async { "AsyncWith" } else { "With" };
                let end = s.items.last().map_or(range.start(), |item| item.range.end());
                let type_comment = self.type_comment(end, type_comments::behind_colon);
                self.node(
                    class,
                    range,
                    &[("items", items), ("body", self.body(&s.body)?), ("type_comment", type_comment)],
                )
            }
            Stmt::Match(s) => {
                let cases = self.list(&s.cases, |case| {
                    self.plain(
                        "match_case",
                        &[
                            ("pattern", self.pattern(&case.pattern)?),
                            ("guard", self.optional_expr(case.guard.as_deref())?),
                            ("body", self.body(&case.body)?),
                        ],
                    )
                })?;
                self.node("Match", range, &[("subject", self.expression(&s.subject)?), ("cases", cases)])
            }
            Stmt::Raise(s) => self.node(
                "Raise",
                range,
                &[
                    ("exc", self.optional_expr(s.exc.as_deref())?),
                    ("cause", self.optional_expr(s.cause.as_deref())?),
                ],
            ),
            Stmt::Try(s) => self.node(
                if s.is_star { "TryStar" } else { "Try" },
                range,
                &[
                    ("body", self.body(&s.body)?),
                    ("handlers", self.list(&s.handlers, |h| self.handler(h))?),
                    ("orelse", self.body(&s.orelse)?),
                    ("finalbody", self.body(&s.finalbody)?),
                ],
            ),
            Stmt::Assert(s) => self.node(
                "Assert",
                range,
                &[("test", self.expression(&s.test)?), ("msg", self.optional_expr(s.msg.as_deref())?)],
            ),
            Stmt::Import(s) => {
                self.node("Import", range, &[("names", self.list(&s.names, |a| self.alias(a))?)])
            }
            Stmt::ImportFrom(s) => self.node(
                "ImportFrom",
                range,
                &[
                    ("module", self.optional_identifier(s.module.as_ref())),
                    ("names", self.list(&s.names, |a| self.alias(a))?),
                    ("level", int_obj(i64::from(s.level))),
                ],
            ),
            Stmt::Global(s) => self.node(
                "Global",
                range,
                &[("names", list_obj(s.names.iter().map(|n| self.identifier(n)).collect()))],
            ),
            Stmt::Nonlocal(s) => self.node(
                "Nonlocal",
                range,
                &[("names", list_obj(s.names.iter().map(|n| self.identifier(n)).collect()))],
            ),
            Stmt::Expr(s) => self.node("Expr", range, &[("value", self.expression(&s.value)?)]),
            Stmt::Pass(_) => self.pass(range),
            Stmt::Break(_) => self.node("Break", range, &[]),
            Stmt::Continue(_) => self.node("Continue", range, &[]),
            Stmt::IpyEscapeCommand(_) => Err(syntax_error("invalid syntax")),
        }
    }
}
