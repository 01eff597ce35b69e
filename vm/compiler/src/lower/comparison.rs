//! Comparisons and conditional jumps.

use ruff_python_ast::{self as ast, BoolOp, CmpOp, Expr, UnaryOp};
use ruff_text_size::{Ranged, TextRange};
use taipan_bytecode::{BranchFlags, Const, Op};

use super::expression::unique;
use super::{Compiler, Operand, Residue};
use crate::optimize::fold;
use crate::syntax_error::Result;
use crate::unit::Label;

/// Chains of more operators keep no operand longer than it is compared.
const SHORT_CHAIN: usize = 3;

impl<'a> Compiler<'a> {
    pub(crate) fn compare(&mut self, c: &'a ast::ExprCompare, dst: Option<u16>) -> Result<Operand> {
        self.check_is_literal(c);
        let mark = self.unit.depth;
        if let ([op], [right]) = (&c.ops[..], &c.comparators[..]) {
            let left = self.expr_stable(&c.left)?;
            let right = self.comparator(*op, right)?;
            self.unit.release(mark);
            let d = self.dest(dst);
            self.at(c.range);
            self.unit.emit(compare_op(*op), d as u32, left.reg as u32, right.reg as u32);
            self.drop_object(left, Some(d));
            self.drop_object(right, Some(d));
            let identity = matches!(op, CmpOp::Is | CmpOp::IsNot | CmpOp::In | CmpOp::NotIn);
            let residue = if identity { Residue::Plain } else { Residue::Arithmetic };
            return Ok(self.result(d, dst, residue));
        }
        if c.ops.len() > SHORT_CHAIN {
            return self.long_chain(c, dst);
        }
        // A chain: each operand but the first and last is compared twice, evaluated once.
        let result = self.unit.temp();
        let fail = self.unit.label();
        let mut middles = Vec::new();
        let mut left = self.expr_stable(&c.left)?;
        for (i, (op, right)) in c.ops.iter().zip(&c.comparators[..]).enumerate() {
            let last = i + 1 == c.ops.len();
            let right = if last { self.comparator(*op, right)? } else { self.expr_stable(right)? };
            self.at(c.range);
            self.unit.emit(compare_op(*op), result as u32, left.reg as u32, right.reg as u32);
            self.drop_object(left, None);
            if last {
                self.drop_object(right, None);
            } else {
                if right.residue == Residue::Object {
                    middles.push(right);
                }
                self.unit.jump_op(Op::JumpIfFalse, result, fail);
            }
            left = right;
        }
        if middles.is_empty() {
            self.unit.place(fail);
        } else {
            let end = self.unit.label();
            self.unit.jump(end);
            self.unit.place(fail);
            for middle in middles {
                self.drop_object(middle, None);
            }
            self.unit.place(end);
        }
        self.unit.release(mark + 1);
        Ok(self.deliver(Operand { reg: result, residue: Residue::Arithmetic }, dst))
    }

    /// A chain whose operands take turns in two registers.
    fn long_chain(&mut self, c: &'a ast::ExprCompare, dst: Option<u16>) -> Result<Operand> {
        let mark = self.unit.depth;
        let (result, mut left, mut right) = (self.unit.temp(), self.unit.temp(), self.unit.temp());
        let fail = self.unit.label();
        self.unit.emit(Op::Drop, right as u32, 0, 0);
        self.expr(&c.left, Some(left))?;
        for (i, (op, e)) in c.ops.iter().zip(&c.comparators[..]).enumerate() {
            self.expr(e, Some(right))?;
            self.at(c.range);
            self.unit.emit(compare_op(*op), result as u32, left as u32, right as u32);
            self.unit.emit(Op::Drop, left as u32, 0, 0);
            if i + 1 < c.ops.len() {
                self.unit.jump_op(Op::JumpIfFalse, result, fail);
                std::mem::swap(&mut left, &mut right);
            }
        }
        self.unit.place(fail);
        for operand in [left, right] {
            self.unit.emit(Op::Drop, operand as u32, 0, 0);
        }
        self.unit.release(mark + 1);
        Ok(self.deliver(Operand { reg: result, residue: Residue::Arithmetic }, dst))
    }

    /// The right operand; for `in`, a display of constants becomes one constant.
    fn comparator(&mut self, op: CmpOp, e: &'a Expr) -> Result<Operand> {
        if matches!(op, CmpOp::In | CmpOp::NotIn) {
            let debug = self.options.optimize == 0;
            let constant = match e {
                Expr::List(l) => fold::fold_all(self.source, debug, &l.elts).map(Const::Tuple),
                Expr::Set(s) => {
                    fold::fold_all(self.source, debug, &s.elts).map(|v| Const::FrozenSet(unique(v)))
                }
                _ => None,
            };
            if let Some(constant) = constant {
                self.at(e.range());
                return Ok(self.load_const(constant, None));
            }
        }
        self.expr(e, None)
    }

    fn check_is_literal(&mut self, c: &ast::ExprCompare) {
        let constant =
            |e: &Expr| e.is_literal_expr() || e.as_name_expr().is_some_and(|n| n.id.as_str() == "__debug__");
        let mut left = &*c.left;
        for (op, right) in c.ops.iter().zip(&c.comparators[..]) {
            if matches!(op, CmpOp::Is | CmpOp::IsNot) {
                let literal = [left, right].into_iter().find_map(|e| match e {
                    Expr::NumberLiteral(n) => Some(match n.value {
                        ast::Number::Int(_) => "int",
                        ast::Number::Float(_) => "float",
                        ast::Number::Complex { .. } => "complex",
                    }),
                    Expr::StringLiteral(_) => Some("str"),
                    Expr::BytesLiteral(_) => Some("bytes"),
                    Expr::Tuple(t) if t.elts.iter().all(constant) => Some("tuple"),
                    _ => None,
                });
                if let Some(kind) = literal {
                    let (is, equal) = if *op == CmpOp::Is { ("is", "==") } else { ("is not", "!=") };
                    self.warn(format!("\"{is}\" with '{kind}' literal. Did you mean \"{equal}\"?"), c.range);
                }
            }
            left = right;
        }
    }

    /// Jumps to `target` if the truth of `e` is `when`; else falls through.
    pub(crate) fn branch(&mut self, e: &'a Expr, target: Label, when: bool) -> Result<()> {
        if let Some(value) = self.fold(e) {
            if fold::truth(&value) == when {
                self.unit.jump(target);
            }
            return Ok(());
        }
        match e {
            Expr::UnaryOp(u) if u.op == UnaryOp::Not => return self.branch(&u.operand, target, !when),
            Expr::BoolOp(b) => {
                let and = b.op == BoolOp::And;
                let Some((last, firsts)) = b.values.split_last() else { return Ok(()) };
                if and == when {
                    // `and` jumping if true, `or` jumping if false: the others can end it early.
                    let skip = self.unit.label();
                    for value in firsts {
                        self.branch(value, skip, !when)?;
                    }
                    self.branch(last, target, when)?;
                    self.unit.place(skip);
                } else {
                    for value in &b.values {
                        self.branch(value, target, when)?;
                    }
                }
                return Ok(());
            }
            Expr::Compare(c) if c.ops.len() == 1 => {
                self.check_is_literal(c);
                return self.compare_expressions(&c.left, c.ops[0], &c.comparators[0], target, when, c.range);
            }
            Expr::Compare(c) => {
                if self.chain_branch(c, target, when)? {
                    return Ok(());
                }
            }
            Expr::If(i) => {
                let otherwise = self.unit.label();
                let end = self.unit.label();
                self.branch(&i.test, otherwise, false)?;
                self.branch(&i.body, target, when)?;
                self.unit.jump(end);
                self.unit.place(otherwise);
                self.branch(&i.orelse, target, when)?;
                self.unit.place(end);
                return Ok(());
            }
            _ => {}
        }
        let mark = self.unit.depth;
        let operand = self.expr(e, None)?;
        self.at(e.range());
        let op = match (operand.residue, when) {
            (Residue::Object, true) => Op::PopJumpIfTrue,
            (Residue::Object, false) => Op::PopJumpIfFalse,
            (_, true) => Op::JumpIfTrue,
            (_, false) => Op::JumpIfFalse,
        };
        self.unit.jump_op(op, operand.reg, target);
        self.unit.release(mark);
        Ok(())
    }

    fn compare_expressions(
        &mut self,
        left: &'a Expr,
        op: CmpOp,
        right: &'a Expr,
        target: Label,
        when: bool,
        range: TextRange,
    ) -> Result<()> {
        let mark = self.unit.depth;
        // `0 < x` is `x > 0` for numbers.
        if let (Some(imm), Some(op)) = (self.small_int(left), mirrored(op))
            && self.fold(right).is_none()
        {
            let operand = self.expr_stable(right)?;
            self.branch_on_immediate(operand, op, imm, BranchFlags::MIRRORED, target, when, range);
        } else {
            let operand = self.expr_stable(left)?;
            self.compare_branch(operand, op, right, target, when, range)?;
        }
        self.unit.release(mark);
        Ok(())
    }

    /// Compares an evaluated left operand with an expression and jumps.
    fn compare_branch(
        &mut self,
        left: Operand,
        op: CmpOp,
        right: &'a Expr,
        target: Label,
        when: bool,
        range: TextRange,
    ) -> Result<()> {
        if matches!(op, CmpOp::Is | CmpOp::IsNot) && right.is_none_literal_expr() {
            self.at(range);
            let jump_if_none = (op == CmpOp::Is) == when;
            let jump = match (left.residue == Residue::Object, jump_if_none) {
                (true, true) => Op::PopJumpIfNone,
                (true, false) => Op::PopJumpIfNotNone,
                (false, true) => Op::JumpIfNone,
                (false, false) => Op::JumpIfNotNone,
            };
            self.unit.jump_op(jump, left.reg, target);
            return Ok(());
        }
        if let Some(imm) = self.small_int(right)
            && let Some(branch) = branch_imm(op)
        {
            self.branch_on_immediate(left, branch, imm, 0, target, when, range);
            return Ok(());
        }
        let right = self.comparator(op, right)?;
        let mut flags = branch_flags(left, when);
        if right.residue == Residue::Object {
            flags |= BranchFlags::DROP_B;
        }
        let (branch, negated) = branch_op(op);
        if negated {
            flags ^= BranchFlags::JUMP_IF_TRUE;
        }
        self.at(range);
        self.unit.emit(branch, left.reg as u32, right.reg as u32, flags as u32);
        self.unit.jump_op(Op::Target, 0, target);
        Ok(())
    }

    /// Compares an evaluated operand with an int in the instruction and jumps.
    #[allow(clippy::too_many_arguments)]
    fn branch_on_immediate(
        &mut self,
        operand: Operand,
        branch: Op,
        imm: i16,
        mirrored: u16,
        target: Label,
        when: bool,
        range: TextRange,
    ) {
        let flags = branch_flags(operand, when) | mirrored;
        self.at(range);
        self.unit.emit(branch, operand.reg as u32, imm as u16 as u32, flags as u32);
        self.unit.jump_op(Op::Target, 0, target);
    }

    /// A chained comparison as jumps, if the operands in the middle need no cleanup.
    fn chain_branch(&mut self, c: &'a ast::ExprCompare, target: Label, when: bool) -> Result<bool> {
        let simple = |e: &Expr| match e {
            Expr::Name(n) => self.local_register(&n.id).is_some(),
            _ => self.fold(e).is_some(),
        };
        if !c.comparators[..c.comparators.len() - 1].iter().all(simple) {
            return Ok(false);
        }
        self.check_is_literal(c);
        let fail = if when { self.unit.label() } else { target };
        let mut left_expr = &*c.left;
        for (i, (op, right)) in c.ops.iter().zip(&c.comparators[..]).enumerate() {
            let last = i + 1 == c.ops.len();
            if last && when {
                self.compare_expressions(left_expr, *op, right, target, true, c.range)?;
            } else {
                self.compare_expressions(left_expr, *op, right, fail, false, c.range)?;
            }
            left_expr = right;
        }
        if when {
            self.unit.place(fail);
        }
        Ok(true)
    }
}

fn compare_op(op: CmpOp) -> Op {
    match op {
        CmpOp::Eq => Op::Eq,
        CmpOp::NotEq => Op::Ne,
        CmpOp::Lt => Op::Lt,
        CmpOp::LtE => Op::Le,
        CmpOp::Gt => Op::Gt,
        CmpOp::GtE => Op::Ge,
        CmpOp::Is => Op::Is,
        CmpOp::IsNot => Op::IsNot,
        CmpOp::In => Op::In,
        CmpOp::NotIn => Op::NotIn,
    }
}

/// The branch instruction, and whether it tests the opposite.
fn branch_op(op: CmpOp) -> (Op, bool) {
    match op {
        CmpOp::Eq => (Op::BranchEq, false),
        CmpOp::NotEq => (Op::BranchNe, false),
        CmpOp::Lt => (Op::BranchLt, false),
        CmpOp::LtE => (Op::BranchLe, false),
        CmpOp::Gt => (Op::BranchGt, false),
        CmpOp::GtE => (Op::BranchGe, false),
        CmpOp::Is => (Op::BranchIs, false),
        CmpOp::IsNot => (Op::BranchIs, true),
        CmpOp::In => (Op::BranchIn, false),
        CmpOp::NotIn => (Op::BranchIn, true),
    }
}

fn branch_flags(left: Operand, when: bool) -> u16 {
    let drop = if left.residue == Residue::Object { BranchFlags::DROP_A } else { 0 };
    if when { drop | BranchFlags::JUMP_IF_TRUE } else { drop }
}

/// The instruction for a comparison with an int on its left.
fn mirrored(op: CmpOp) -> Option<Op> {
    Some(match op {
        CmpOp::Eq => Op::BranchEqImm,
        CmpOp::NotEq => Op::BranchNeImm,
        CmpOp::Lt => Op::BranchGtImm,
        CmpOp::LtE => Op::BranchGeImm,
        CmpOp::Gt => Op::BranchLtImm,
        CmpOp::GtE => Op::BranchLeImm,
        _ => return None,
    })
}

fn branch_imm(op: CmpOp) -> Option<Op> {
    Some(match op {
        CmpOp::Eq => Op::BranchEqImm,
        CmpOp::NotEq => Op::BranchNeImm,
        CmpOp::Lt => Op::BranchLtImm,
        CmpOp::LtE => Op::BranchLeImm,
        CmpOp::Gt => Op::BranchGtImm,
        CmpOp::GtE => Op::BranchGeImm,
        _ => return None,
    })
}
