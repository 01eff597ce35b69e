//! Assignment, augmented and annotated assignment, deletion, unpacking.

use ruff_python_ast::{self as ast, Expr};
use ruff_text_size::Ranged;
use taipan_bytecode::Op;

use super::expression::{binary_op, inplace_op};
use super::{Compiler, Operand, Residue};
use crate::syntax_error::Result;

impl<'a> Compiler<'a> {
    pub(crate) fn assign(&mut self, s: &'a ast::StmtAssign) -> Result<()> {
        let mark = self.unit.depth;
        if let [target] = &s.targets[..] {
            if let Expr::Name(n) = target
                && let Some(register) = self.local_register(&n.id)
            {
                self.expr(&s.value, Some(register))?;
                self.mark_bound(register);
                self.unit.release(mark);
                return Ok(());
            }
            if let Some((targets, values)) = self.parallel(target, &s.value) {
                self.parallel_assign(targets, values)?;
                self.unit.release(mark);
                return Ok(());
            }
            let value = self.value_for(target, &s.value)?;
            self.store(target, value)?;
            self.unit.release(mark);
            return Ok(());
        }
        let value = self.expr_temp(&s.value)?;
        let kept = Operand { reg: value.reg, residue: Residue::InPlace };
        for (i, target) in s.targets.iter().enumerate() {
            let last = i + 1 == s.targets.len();
            self.store(target, if last { value } else { kept })?;
        }
        self.unit.release(mark);
        Ok(())
    }

    /// The value to assign, in a place that evaluating the target leaves alone.
    fn value_for(&mut self, target: &Expr, value: &'a Expr) -> Result<Operand> {
        match target {
            Expr::Name(_) => self.expr(value, None),
            _ => self.expr_stable(value),
        }
    }

    /// `a, b = x, y` without stars: no tuple is made.
    fn parallel(&self, target: &'a Expr, value: &'a Expr) -> Option<(&'a [Expr], &'a [Expr])> {
        let targets = match target {
            Expr::Tuple(t) => &t.elts[..],
            Expr::List(t) => &t.elts[..],
            _ => return None,
        };
        let values = match value {
            Expr::Tuple(t) => &t.elts[..],
            Expr::List(t) => &t.elts[..],
            _ => return None,
        };
        let fits = targets.len() == values.len()
            && !targets.is_empty()
            && targets.len() <= 32
            && !targets.iter().chain(values).any(|e| e.is_starred_expr());
        fits.then_some((targets, values))
    }

    fn parallel_assign(&mut self, targets: &'a [Expr], values: &'a [Expr]) -> Result<()> {
        // Values that are locals stay where they are until they are stored, unless a target
        // stored before is that local, or code of a target could see the difference.
        let simple = targets.iter().all(|t| matches!(t, Expr::Name(_)));
        let mut operands = Vec::with_capacity(values.len());
        for value in values {
            let operand = if simple { self.expr_stable(value)? } else { self.expr_temp(value)? };
            operands.push(operand);
        }
        for (i, target) in targets.iter().enumerate() {
            let register = match target {
                Expr::Name(n) => self.local_register(&n.id),
                _ => None,
            };
            if let Some(register) = register {
                let pending: Vec<usize> = (i + 1..operands.len())
                    .filter(|j| !operands[*j].is_temp() && operands[*j].reg == register)
                    .collect();
                if !pending.is_empty() && operands[i].reg != register {
                    let t = self.unit.temp();
                    // The target is written next, nothing can raise in between.
                    self.unit.emit(Op::Move, t as u32, register as u32, 0);
                    let single = pending.len() == 1;
                    for j in pending {
                        let residue = if single { Residue::Object } else { Residue::InPlace };
                        operands[j] = Operand { reg: t, residue };
                    }
                }
            }
            self.at(target.range());
            self.store(target, operands[i])?;
        }
        Ok(())
    }

    /// Stores a value to a target. A temporary is consumed.
    pub(crate) fn store(&mut self, target: &'a Expr, value: Operand) -> Result<()> {
        match target {
            Expr::Name(n) => {
                self.at(n.range);
                self.store_name(&n.id, value);
                Ok(())
            }
            Expr::Attribute(a) => {
                let mark = self.unit.depth;
                let object = self.expr(&a.value, None)?;
                self.at_attribute(a);
                let n = self.name_index(&a.attr);
                self.unit.emit(Op::StoreAttr, object.reg as u32, self.take_operand(value), n);
                self.drop_operand(object, None);
                self.unit.release(mark);
                Ok(())
            }
            Expr::Subscript(s) => {
                let mark = self.unit.depth;
                let container = self.expr_stable(&s.value)?;
                if let Some((lower, upper)) = self.two_bounds(&s.slice) {
                    let first = self.bounds(lower, upper)?;
                    self.at(s.range);
                    let value = self.take_operand(value);
                    self.unit.emit(Op::StoreSlice, container.reg as u32, first.reg as u32, value);
                } else {
                    let index = self.expr(&s.slice, None)?;
                    self.at(s.range);
                    let value = self.take_operand(value);
                    self.unit.emit(Op::StoreSubscr, container.reg as u32, index.reg as u32, value);
                    self.drop_object(index, None);
                }
                self.drop_operand(container, None);
                self.unit.release(mark);
                Ok(())
            }
            Expr::Tuple(t) => self.unpack(&t.elts, target, value),
            Expr::List(t) => self.unpack(&t.elts, target, value),
            Expr::Starred(s) => self.error("starred assignment target must be in a list or tuple", s.range),
            other => self.error("cannot assign to expression", other.range()),
        }
    }

    fn unpack(&mut self, targets: &'a [Expr], target: &'a Expr, value: Operand) -> Result<()> {
        let mut star = None;
        for (i, t) in targets.iter().enumerate() {
            if t.is_starred_expr() {
                if star.is_some() {
                    return self.error("multiple starred expressions in assignment", target.range());
                }
                star = Some(i);
            }
        }
        let count = targets.len();
        let (op, arg) = match star {
            None => (Op::UnpackSequence, count as u32),
            Some(before) => {
                let after = count - before - 1;
                if before > 255 || after > 255 {
                    return self.error("too many expressions in star-unpacking assignment", target.range());
                }
                (Op::UnpackEx, before as u32 | (after as u32) << 8)
            }
        };
        let inner = |t: &'a Expr| match t {
            Expr::Starred(s) => &*s.value,
            t => t,
        };
        self.at(target.range());
        // Straight into locals that happen to be neighbors.
        let registers: Option<Vec<u16>> = targets
            .iter()
            .map(|t| match inner(t) {
                Expr::Name(n) => self.local_register(&n.id),
                _ => None,
            })
            .collect();
        if let Some(registers) = registers
            && let Some(first) = registers.first().copied()
            && registers.iter().enumerate().all(|(i, r)| *r as usize == first as usize + i)
            && !registers.contains(&value.reg)
        {
            self.unit.emit(op, first as u32, self.take_operand(value), arg);
            registers.iter().for_each(|r| self.mark_bound(*r));
            return Ok(());
        }
        let mark = self.unit.depth;
        let first = self.unit.temps(count as u32);
        self.unit.emit(op, first as u32, self.take_operand(value), arg);
        for (i, t) in targets.iter().enumerate() {
            let item = Operand { reg: first + i as u16, residue: Residue::Object };
            self.store(inner(t), item)?;
        }
        self.unit.release(mark);
        Ok(())
    }

    pub(crate) fn augmented_assign(&mut self, s: &'a ast::StmtAugAssign) -> Result<()> {
        let mark = self.unit.depth;
        match &*s.target {
            Expr::Name(n) => {
                if let Some(register) = self.local_register(&n.id) {
                    let current = self.expr_stable(&s.target)?;
                    self.augment(register, current, s)?;
                    self.mark_bound(register);
                } else {
                    let current = self.load_name(&n.id, None);
                    self.augment(current.reg, current, s)?;
                    self.at(n.range);
                    self.store_name(&n.id, current);
                }
            }
            Expr::Attribute(a) => {
                let object = self.expr_stable(&a.value)?;
                let t = self.unit.temp();
                self.at_attribute(a);
                let n = self.name_index(&a.attr);
                self.unit.emit(Op::LoadAttr, t as u32, object.reg as u32, n);
                let current = Operand { reg: t, residue: Residue::Object };
                self.augment(t, current, s)?;
                self.at_attribute(a);
                self.unit.emit(Op::StoreAttr, object.reg as u32, self.taken(t), n);
                self.drop_operand(object, None);
            }
            Expr::Subscript(sub) => {
                let container = self.expr_stable(&sub.value)?;
                if let Some((lower, upper)) = self.two_bounds(&sub.slice) {
                    let first = self.bounds(lower, upper)?.reg;
                    // The bounds are consumed twice.
                    let copies = self.unit.temps(2);
                    self.at(sub.range);
                    self.unit.emit(Op::Copy, copies as u32, first as u32, 0);
                    self.unit.emit(Op::Copy, copies as u32 + 1, first as u32 + 1, 0);
                    self.unit.emit(Op::BinarySlice, copies as u32, container.reg as u32, copies as u32);
                    let current = Operand { reg: copies, residue: Residue::Object };
                    self.augment(copies, current, s)?;
                    self.at(sub.range);
                    let value = self.taken(copies);
                    self.unit.emit(Op::StoreSlice, container.reg as u32, first as u32, value);
                } else {
                    let index = self.expr_stable(&sub.slice)?;
                    let t = self.unit.temp();
                    self.at(sub.range);
                    self.unit.emit(Op::Subscr, t as u32, container.reg as u32, index.reg as u32);
                    let current = Operand { reg: t, residue: Residue::Object };
                    self.augment(t, current, s)?;
                    self.at(sub.range);
                    let value = self.taken(t);
                    self.unit.emit(Op::StoreSubscr, container.reg as u32, index.reg as u32, value);
                    self.drop_object(index, None);
                }
                self.drop_operand(container, None);
            }
            other => {
                return self.error("illegal expression for augmented assignment", other.range());
            }
        }
        self.unit.release(mark);
        Ok(())
    }

    /// `result = current op= value`.
    fn augment(&mut self, result: u16, current: Operand, s: &'a ast::StmtAugAssign) -> Result<()> {
        if let Some((op, imm)) = self.immediate(s.op, &s.value) {
            let op = match op {
                Op::AddImm => Some(Op::InplaceAddImm),
                Op::SubImm => Some(Op::InplaceSubImm),
                _ => None,
            };
            if let Some(op) = op {
                self.at(s.range);
                self.unit.emit(op, result as u32, current.reg as u32, imm as u16 as u32);
                return Ok(());
            }
        }
        debug_assert_ne!(binary_op(s.op), inplace_op(s.op));
        let value = self.expr(&s.value, None)?;
        self.at(s.range);
        self.unit.emit(inplace_op(s.op), result as u32, current.reg as u32, value.reg as u32);
        if current.is_temp() {
            self.drop_object(current, Some(result));
        }
        self.drop_object(value, None);
        if value.is_temp() {
            self.unit.release(value.reg as u32);
        }
        Ok(())
    }

    pub(crate) fn delete(&mut self, target: &'a Expr) -> Result<()> {
        let mark = self.unit.depth;
        match target {
            Expr::Name(n) => {
                self.at(n.range);
                self.delete_name(&n.id, n.range);
            }
            Expr::Attribute(a) => {
                let object = self.expr(&a.value, None)?;
                self.at_attribute(a);
                let n = self.name_index(&a.attr);
                self.unit.emit(Op::DeleteAttr, object.reg as u32, n, 0);
                self.drop_operand(object, None);
            }
            Expr::Subscript(s) => {
                let container = self.expr_stable(&s.value)?;
                let index = self.expr(&s.slice, None)?;
                self.at(s.range);
                self.unit.emit(Op::DeleteSubscr, container.reg as u32, index.reg as u32, 0);
                self.drop_object(index, None);
                self.drop_operand(container, None);
            }
            Expr::Tuple(t) => t.elts.iter().try_for_each(|e| self.delete(e))?,
            Expr::List(t) => t.elts.iter().try_for_each(|e| self.delete(e))?,
            other => return self.error("cannot delete expression", other.range()),
        }
        self.unit.release(mark);
        Ok(())
    }
}
