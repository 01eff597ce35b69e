//! `feature_version`: syntax that a version of Python does not have yet.

use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{self as ast, ExceptHandler, Expr, Mod, Operator, Stmt, TypeParam};
use ruff_text_size::{Ranged, TextRange};

/// What is too new, and where.
pub(super) struct TooNew {
    pub(super) message: String,
    pub(super) range: TextRange,
}

/// The first syntax in the tree that Python 3.`minor` does not have.
pub(super) fn check(module: &Mod, source: &str, minor: i64) -> Option<TooNew> {
    let mut search = Search { source, minor, found: None };
    match module {
        Mod::Module(module) => search.visit_body(&module.body),
        Mod::Expression(expression) => search.visit_expr(&expression.body),
    }
    search.found
}

struct Search<'a> {
    source: &'a str,
    minor: i64,
    found: Option<TooNew>,
}

impl Search<'_> {
    fn needs(&mut self, minor: i64, what: &str, range: TextRange) {
        if self.minor < minor && self.found.is_none() {
            let message = format!("{what} only supported in Python 3.{minor} and greater");
            self.found = Some(TooNew { message, range });
        }
    }
}

impl<'a> Visitor<'a> for Search<'_> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        let range = stmt.range();
        match stmt {
            Stmt::FunctionDef(s) if s.is_async => self.needs(5, "Async functions are", range),
            Stmt::For(s) if s.is_async => self.needs(5, "Async for loops are", range),
            Stmt::With(s) if s.is_async => self.needs(5, "Async with statements are", range),
            Stmt::AugAssign(s) if s.op == Operator::MatMult => self.needs(5, "The '@' operator is", range),
            Stmt::AnnAssign(_) => self.needs(6, "Variable annotation syntax is", range),
            Stmt::Match(_) => self.needs(10, "Pattern matching is", range),
            Stmt::Try(s) if s.is_star => self.needs(11, "Exception groups are", range),
            Stmt::TypeAlias(_) => self.needs(12, "Type statement is", range),
            _ => {}
        }
        if let Stmt::Try(s) = stmt {
            for ExceptHandler::ExceptHandler(handler) in &s.handlers {
                if let Some(Expr::Tuple(types)) = handler.type_.as_deref()
                    && !types.parenthesized
                {
                    let what = if s.is_star { "except* expressions" } else { "except expressions" };
                    self.needs(14, &format!("{what} without parentheses are"), types.range);
                }
            }
        }
        visitor::walk_stmt(self, stmt);
    }
    fn visit_expr(&mut self, expr: &'a Expr) {
        let range = expr.range();
        match expr {
            Expr::Await(_) => self.needs(5, "Await expressions are", range),
            Expr::BinOp(e) if e.op == Operator::MatMult => self.needs(5, "The '@' operator is", range),
            Expr::NumberLiteral(_)
                if self.source.get(range.to_std_range()).is_some_and(|text| text.contains('_')) =>
            {
                self.needs(6, "Underscores in numeric literals are", range);
            }
            Expr::Named(_) => self.needs(8, "Assignment expressions are", range),
            Expr::TString(_) => self.needs(14, "t-strings are", range),
            _ => {}
        }
        visitor::walk_expr(self, expr);
    }
    fn visit_comprehension(&mut self, comprehension: &'a ast::Comprehension) {
        if comprehension.is_async {
            self.needs(6, "Async comprehensions are", comprehension.range);
        }
        visitor::walk_comprehension(self, comprehension);
    }
    fn visit_parameters(&mut self, parameters: &'a ast::Parameters) {
        if !parameters.posonlyargs.is_empty() {
            self.needs(8, "Positional-only parameters are", parameters.range);
        }
        visitor::walk_parameters(self, parameters);
    }
    fn visit_type_params(&mut self, type_params: &'a ast::TypeParams) {
        self.needs(12, "Type parameter lists are", type_params.range);
        visitor::walk_type_params(self, type_params);
    }
    fn visit_type_param(&mut self, type_param: &'a TypeParam) {
        let default = match type_param {
            TypeParam::TypeVar(p) => &p.default,
            TypeParam::ParamSpec(p) => &p.default,
            TypeParam::TypeVarTuple(p) => &p.default,
        };
        if default.is_some() {
            self.needs(13, "Type parameter defaults are", type_param.range());
        }
        visitor::walk_type_param(self, type_param);
    }
}
