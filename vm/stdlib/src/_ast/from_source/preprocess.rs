//! `PyCF_OPTIMIZED_AST`: what the compiler knows before it emits anything, done to the tree: the value of `__debug__`, no docstrings at
//! `-OO`, and numbers in patterns.

use ruff_python_ast::visitor::transformer::{self, Transformer};
use ruff_python_ast::{
    self as ast, AtomicNodeIndex, Expr, ExprContext, Mod, Number, Operator, Pattern, Stmt, Suite, UnaryOp,
};
use ruff_text_size::{Ranged, TextRange, TextSize};

/// Changes the tree.
pub(super) fn optimize(module: &mut Mod, level: u8) {
    let pass = Preprocess { level };
    match module {
        Mod::Module(module) => {
            pass.docstring(&mut module.body);
            pass.visit_body(&mut module.body);
        }
        Mod::Expression(expression) => pass.visit_expr(&mut expression.body),
    }
}

struct Preprocess {
    level: u8,
}

impl Preprocess {
    /// Takes the docstring away; a body is never left empty.
    fn docstring(&self, body: &mut Suite) {
        if self.level < 2 {
            return;
        }
        let Some(Stmt::Expr(first)) = body.first() else { return };
        if !first.value.is_string_literal_expr() {
            return;
        }
        let start = first.range().start();
        let range = TextRange::at(start, TextSize::of("pass"));
        if body.len() > 1 {
            drop(body.remove(0));
        } else {
            body[0] = Stmt::Pass(ast::StmtPass { node_index: AtomicNodeIndex::NONE, range });
        }
    }
}

/// A number or its negation.
fn real(expr: &Expr) -> Option<f64> {
    match expr {
        Expr::NumberLiteral(literal) => match &literal.value {
            Number::Int(int) => int.as_i64().map(|i| i as f64),
            Number::Float(f) => Some(*f),
            Number::Complex { .. } => None,
        },
        Expr::UnaryOp(e) if e.op == UnaryOp::USub => real(&e.operand).map(|value| -value),
        _ => None,
    }
}

/// Sums of a real and an imaginary number become complex numbers. Negative numbers have no literal: `-1` stays as it is.
fn fold_sum(expr: &mut Expr) {
    let Expr::BinOp(sum) = &*expr else { return };
    let Expr::NumberLiteral(right) = &*sum.right else { return };
    let (Some(left), Number::Complex { imag, .. }) = (real(&sum.left), &right.value) else { return };
    let imag = match sum.op {
        Operator::Add => *imag,
        Operator::Sub => -*imag,
        _ => return,
    };
    let (node_index, range) = (AtomicNodeIndex::NONE, sum.range);
    let value = Number::Complex { real: left, imag };
    *expr = Expr::NumberLiteral(ast::ExprNumberLiteral { node_index, range, value });
}

impl Transformer for Preprocess {
    fn visit_stmt(&self, stmt: &mut Stmt) {
        match stmt {
            Stmt::FunctionDef(s) => self.docstring(&mut s.body),
            Stmt::ClassDef(s) => self.docstring(&mut s.body),
            _ => {}
        }
        transformer::walk_stmt(self, stmt);
    }
    fn visit_expr(&self, expr: &mut Expr) {
        if let Expr::Name(name) = expr
            && name.id.as_str() == "__debug__"
            && name.ctx == ExprContext::Load
        {
            let (node_index, range, value) = (AtomicNodeIndex::NONE, name.range, self.level == 0);
            *expr = Expr::BooleanLiteral(ast::ExprBooleanLiteral { node_index, range, value });
            return;
        }
        transformer::walk_expr(self, expr);
    }
    fn visit_pattern(&self, pattern: &mut Pattern) {
        match pattern {
            Pattern::MatchValue(p) => fold_sum(&mut p.value),
            Pattern::MatchMapping(p) => p.keys.iter_mut().for_each(fold_sum),
            _ => {}
        }
        transformer::walk_pattern(self, pattern);
    }
}
