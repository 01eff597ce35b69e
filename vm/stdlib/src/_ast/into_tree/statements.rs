//! Statements.

use ruff_python_ast::{self as ast, ExceptHandler, Stmt, Suite, TypeParam};
use ruff_text_size::{Ranged, TextRange, TextSize};
use taipan_objects::prelude::*;

use super::{Begun, Walk, field, list, number, required, text, unnumbered};

impl Walk {
    /// The statements of a module.
    pub(super) fn body(&mut self, obj: &Obj, name: &str) -> PyResult<Suite> {
        self.statements(obj, name, 0)
    }

    pub(super) fn statements(&mut self, obj: &Obj, name: &str, level: usize) -> PyResult<Suite> {
        list(obj, name)?.iter().map(|item| self.statement(item, level)).collect()
    }

    fn statement(&mut self, obj: &Obj, level: usize) -> PyResult<Stmt> {
        // A statement's frames in the compiler are larger than an expression's.
        self.nested(level + 1, |walk, level| walk.statement_inside(obj, level))
    }

    fn decorators<C: FromIterator<ast::Decorator>>(&mut self, obj: &Obj, level: usize) -> PyResult<C> {
        let decorator = |item: &Obj| {
            let expression = self.expression(item, level)?;
            Ok(ast::Decorator { range: expression.range(), node_index: unnumbered(), expression })
        };
        list(obj, "decorator_list")?.iter().map(decorator).collect()
    }

    fn type_params(&mut self, obj: &Obj, level: usize) -> PyResult<Option<Box<ast::TypeParams>>> {
        let items = list(obj, "type_params")?;
        if items.is_empty() {
            return Ok(None);
        }
        let type_params =
            items.iter().map(|item| self.type_param(item, level)).collect::<PyResult<Vec<_>>>()?;
        let start = type_params.first().map_or(self.source.last(), Ranged::start);
        let range = TextRange::new(start, self.source.last());
        Ok(Some(Box::new(ast::TypeParams { range, node_index: unnumbered(), type_params })))
    }

    fn type_param(&mut self, obj: &Obj, level: usize) -> PyResult<TypeParam> {
        let begun = self.begin(obj)?;
        let name = self.identifier_field(obj, "name", begun.start)?;
        let node_index = unnumbered();
        let kind = self.name(obj);
        let bound = if kind == "TypeVar" { self.optional_expression(obj, "bound", level)? } else { None };
        let default = self.optional_expression(obj, "default_value", level)?;
        let range = self.end(begun);
        Ok(match kind {
            "TypeVar" => {
                TypeParam::TypeVar(ast::TypeParamTypeVar { node_index, range, name, bound, default })
            }
            "ParamSpec" => TypeParam::ParamSpec(ast::TypeParamParamSpec { node_index, range, name, default }),
            _ => TypeParam::TypeVarTuple(ast::TypeParamTypeVarTuple { node_index, range, name, default }),
        })
    }

    fn alias(&mut self, obj: &Obj) -> PyResult<ast::Alias> {
        let begun = self.begin(obj)?;
        let name = self.identifier_field(obj, "name", begun.start)?;
        let asname = self.optional_identifier(obj, "asname", begun.start)?;
        Ok(ast::Alias { range: self.end(begun), node_index: unnumbered(), name, asname })
    }

    fn aliases(&mut self, obj: &Obj) -> PyResult<Vec<ast::Alias>> {
        list(obj, "names")?.iter().map(|item| self.alias(item)).collect()
    }

    fn with_item(&mut self, obj: &Obj, level: usize) -> PyResult<ast::WithItem> {
        let context_expr = self.expression(&required(obj, "context_expr")?, level)?;
        let optional_vars = self.optional_expression(obj, "optional_vars", level)?;
        let range = TextRange::new(context_expr.start(), self.source.last());
        Ok(ast::WithItem { range, node_index: unnumbered(), context_expr, optional_vars })
    }

    fn handler(&mut self, obj: &Obj, level: usize) -> PyResult<ExceptHandler> {
        let begun = self.begin(obj)?;
        let type_ = self.optional_expression(obj, "type", level)?;
        let name = self.optional_identifier(obj, "name", begun.start)?;
        let body = self.statements(obj, "body", level)?;
        let range = self.end(begun);
        let node_index = unnumbered();
        Ok(ExceptHandler::ExceptHandler(ast::ExceptHandlerExceptHandler {
            range,
            node_index,
            type_,
            name,
            body,
        }))
    }

    /// `elif` and `else`: an `if` alone in an `else` goes on with the chain.
    fn clauses(&mut self, obj: &Obj, level: usize) -> PyResult<Vec<ast::ElifElseClause>> {
        let mut clauses = Vec::new();
        let mut rest = list(obj, "orelse")?;
        loop {
            let node_index = unnumbered();
            match rest.as_slice() {
                [] => return Ok(clauses),
                [only] if self.name(only) == "If" => {
                    let only = only.clone();
                    let begun = self.begin(&only)?;
                    let test = Some(self.expression(&required(&only, "test")?, level)?);
                    let body = self.statements(&only, "body", level)?;
                    let range = self.end(begun);
                    clauses.push(ast::ElifElseClause { range, node_index, test, body });
                    rest = list(&only, "orelse")?;
                }
                statements => {
                    let start = self.source.last();
                    let body = statements
                        .iter()
                        .map(|item| self.statement(item, level))
                        .collect::<PyResult<Suite>>()?;
                    let range = TextRange::new(start, self.source.last());
                    clauses.push(ast::ElifElseClause { range, node_index, test: None, body });
                    return Ok(clauses);
                }
            }
        }
    }

    fn function(&mut self, obj: &Obj, is_async: bool, level: usize) -> PyResult<Stmt> {
        let decorator_list = self.decorators(obj, level)?;
        let begun = self.begin(obj)?;
        let name = self.identifier_field(obj, "name", begun.start)?;
        let type_params = self.type_params(obj, level)?;
        let parameters = Box::new(self.parameters(&required(obj, "args")?, level)?);
        let returns = self.optional_expression(obj, "returns", level)?;
        let body = self.statements(obj, "body", level)?;
        Ok(Stmt::FunctionDef(ast::StmtFunctionDef {
            node_index: unnumbered(),
            range: self.end(begun),
            is_async,
            decorator_list,
            name,
            type_params,
            parameters,
            returns,
            body,
        }))
    }

    fn class(&mut self, obj: &Obj, level: usize) -> PyResult<Stmt> {
        let decorator_list = self.decorators(obj, level)?;
        let begun = self.begin(obj)?;
        let name = self.identifier_field(obj, "name", begun.start)?;
        let type_params = self.type_params(obj, level)?;
        let args = self.expressions(obj, "bases", level)?;
        let arguments = self.arguments(begun.start, args, obj, level)?;
        let body = self.statements(obj, "body", level)?;
        let arguments =
            (!arguments.args.is_empty() || !arguments.keywords.is_empty()).then(|| Box::new(arguments));
        Ok(Stmt::ClassDef(ast::StmtClassDef {
            node_index: unnumbered(),
            range: self.end(begun),
            decorator_list,
            name,
            type_params,
            arguments,
            body,
        }))
    }

    fn statement_inside(&mut self, obj: &Obj, level: usize) -> PyResult<Stmt> {
        let kind = self.name(obj);
        match kind {
            "FunctionDef" | "AsyncFunctionDef" => return self.function(obj, kind != "FunctionDef", level),
            "ClassDef" => return self.class(obj, level),
            _ => {}
        }
        let begun = self.begin(obj)?;
        match kind {
            "For" | "AsyncFor" | "While" | "If" | "With" | "AsyncWith" | "Match" | "Try" | "TryStar" => {
                self.compound(obj, kind, begun, level)
            }
            "Import" | "ImportFrom" | "Global" | "Nonlocal" => self.names_statement(obj, kind, begun),
            _ => self.simple(obj, kind, begun, level),
        }
    }

    fn compound(&mut self, obj: &Obj, kind: &str, begun: Begun, level: usize) -> PyResult<Stmt> {
        let node_index = unnumbered();
        Ok(match kind {
            "For" | "AsyncFor" => {
                let target = self.expression_box(obj, "target", level)?;
                let iter = self.expression_box(obj, "iter", level)?;
                let body = self.statements(obj, "body", level)?;
                let orelse = self.statements(obj, "orelse", level)?;
                let (range, is_async) = (self.end(begun), kind == "AsyncFor");
                Stmt::For(ast::StmtFor { node_index, range, is_async, target, iter, body, orelse })
            }
            "While" => {
                let test = self.expression_box(obj, "test", level)?;
                let body = self.statements(obj, "body", level)?;
                let orelse = self.statements(obj, "orelse", level)?;
                Stmt::While(ast::StmtWhile { node_index, range: self.end(begun), test, body, orelse })
            }
            "If" => {
                let test = self.expression_box(obj, "test", level)?;
                let body = self.statements(obj, "body", level)?;
                let elif_else_clauses = self.clauses(obj, level)?;
                Stmt::If(ast::StmtIf { node_index, range: self.end(begun), test, body, elif_else_clauses })
            }
            "With" | "AsyncWith" => {
                let items = list(obj, "items")?
                    .iter()
                    .map(|item| self.with_item(item, level))
                    .collect::<PyResult<_>>()?;
                let body = self.statements(obj, "body", level)?;
                let (range, is_async) = (self.end(begun), kind == "AsyncWith");
                Stmt::With(ast::StmtWith { node_index, range, is_async, items, body })
            }
            "Match" => {
                let subject = self.expression_box(obj, "subject", level)?;
                let cases = list(obj, "cases")?
                    .iter()
                    .map(|case| self.match_case(case, level))
                    .collect::<PyResult<_>>()?;
                Stmt::Match(ast::StmtMatch { node_index, range: self.end(begun), subject, cases })
            }
            _ => {
                let body = self.statements(obj, "body", level)?;
                let handlers = list(obj, "handlers")?
                    .iter()
                    .map(|item| self.handler(item, level))
                    .collect::<PyResult<_>>()?;
                let orelse = self.statements(obj, "orelse", level)?;
                let finalbody = self.statements(obj, "finalbody", level)?;
                let (range, is_star) = (self.end(begun), kind == "TryStar");
                Stmt::Try(ast::StmtTry { node_index, range, body, handlers, orelse, finalbody, is_star })
            }
        })
    }

    fn names_statement(&mut self, obj: &Obj, kind: &str, begun: Begun) -> PyResult<Stmt> {
        let node_index = unnumbered();
        let at: TextSize = begun.start;
        Ok(match kind {
            "Import" => {
                let names = self.aliases(obj)?;
                Stmt::Import(ast::StmtImport { node_index, range: self.end(begun), names, is_lazy: false })
            }
            "ImportFrom" => {
                let module = text(obj, "module")?.filter(|module| !module.is_empty());
                let module = module.map(|module| self.identifier(&module, at));
                let names = self.aliases(obj)?;
                let level = u32::try_from(number(obj, "level")?)
                    .map_err(|_| value_error("Negative ImportFrom level"))?;
                let range = self.end(begun);
                Stmt::ImportFrom(ast::StmtImportFrom {
                    node_index,
                    range,
                    module,
                    names,
                    level,
                    is_lazy: false,
                })
            }
            "Global" => {
                let names = self.identifiers(obj, "names", at)?;
                Stmt::Global(ast::StmtGlobal { node_index, range: self.end(begun), names })
            }
            _ => {
                let names = self.identifiers(obj, "names", at)?;
                Stmt::Nonlocal(ast::StmtNonlocal { node_index, range: self.end(begun), names })
            }
        })
    }

    fn simple(&mut self, obj: &Obj, kind: &str, begun: Begun, level: usize) -> PyResult<Stmt> {
        let node_index = unnumbered();
        Ok(match kind {
            "Return" => {
                let value = self.optional_expression(obj, "value", level)?;
                Stmt::Return(ast::StmtReturn { node_index, range: self.end(begun), value })
            }
            "Delete" => {
                let targets = self.expressions(obj, "targets", level)?;
                Stmt::Delete(ast::StmtDelete { node_index, range: self.end(begun), targets })
            }
            "Assign" => {
                let targets = self.expressions(obj, "targets", level)?;
                let value = self.expression_box(obj, "value", level)?;
                Stmt::Assign(ast::StmtAssign { node_index, range: self.end(begun), targets, value })
            }
            "TypeAlias" => {
                let name = self.expression_box(obj, "name", level)?;
                let type_params = self.type_params(obj, level)?;
                let value = self.expression_box(obj, "value", level)?;
                Stmt::TypeAlias(ast::StmtTypeAlias {
                    node_index,
                    range: self.end(begun),
                    name,
                    type_params,
                    value,
                })
            }
            "AugAssign" => {
                let target = self.expression_box(obj, "target", level)?;
                let op = self.operator(&required(obj, "op")?)?;
                let value = self.expression_box(obj, "value", level)?;
                Stmt::AugAssign(ast::StmtAugAssign { node_index, range: self.end(begun), target, op, value })
            }
            "AnnAssign" => {
                let target = self.expression_box(obj, "target", level)?;
                let annotation = self.expression_box(obj, "annotation", level)?;
                let value = self.optional_expression(obj, "value", level)?;
                let simple = number(obj, "simple")? != 0;
                let range = self.end(begun);
                Stmt::AnnAssign(ast::StmtAnnAssign { node_index, range, target, annotation, value, simple })
            }
            "Raise" => {
                let exc = self.optional_expression(obj, "exc", level)?;
                let cause = self.optional_expression(obj, "cause", level)?;
                Stmt::Raise(ast::StmtRaise { node_index, range: self.end(begun), exc, cause })
            }
            "Assert" => {
                let test = self.expression_box(obj, "test", level)?;
                let msg = self.optional_expression(obj, "msg", level)?;
                Stmt::Assert(ast::StmtAssert { node_index, range: self.end(begun), test, msg })
            }
            "Expr" => {
                let value = self.expression_box(obj, "value", level)?;
                Stmt::Expr(ast::StmtExpr { node_index, range: self.end(begun), value })
            }
            "Pass" => Stmt::Pass(ast::StmtPass { node_index, range: self.end(begun) }),
            "Break" => Stmt::Break(ast::StmtBreak { node_index, range: self.end(begun) }),
            "Continue" => Stmt::Continue(ast::StmtContinue { node_index, range: self.end(begun) }),
            _ => {
                return Err(type_error(format!("expected some sort of stmt, but got {}", repr_string(obj)?)));
            }
        })
    }

    pub(super) fn optional_expression(
        &mut self,
        obj: &Obj,
        name: &str,
        level: usize,
    ) -> PyResult<Option<Box<ast::Expr>>> {
        match field(obj, name)? {
            Some(value) => Ok(Some(Box::new(self.expression(&value, level)?))),
            None => Ok(None),
        }
    }

    pub(super) fn expression_box(&mut self, obj: &Obj, name: &str, level: usize) -> PyResult<Box<ast::Expr>> {
        Ok(Box::new(self.expression(&required(obj, name)?, level)?))
    }
}
