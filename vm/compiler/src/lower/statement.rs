//! Statements: suites, conditions, loops, and leaving them.

use ruff_python_ast::{self as ast, Expr, Stmt};
use ruff_text_size::Ranged;
use taipan_bytecode::{CommonConstant, Const, Intrinsic1, Op, flags};

use super::{Compiler, Operand, Residue};
use crate::optimize::fold;
use crate::symbols::ScopeKind;
use crate::syntax_error::Result;
use crate::unit::{ActiveBlock, Block, Label, Unit};

impl<'a> Compiler<'a> {
    pub(crate) fn body(&mut self, body: &'a [Stmt]) -> Result<()> {
        body.iter().try_for_each(|s| self.statement(s))
    }

    fn statement(&mut self, stmt: &'a Stmt) -> Result<()> {
        self.at(stmt.range());
        match stmt {
            Stmt::Expr(s) => self.expression_statement(s),
            Stmt::Assign(s) => self.assign(s),
            Stmt::AugAssign(s) => self.augmented_assign(s),
            Stmt::AnnAssign(s) => self.annotated_assign(s),
            Stmt::If(s) => self.if_statement(s),
            Stmt::While(s) => self.while_loop(s),
            Stmt::For(s) if s.is_async => self.async_for_loop(s),
            Stmt::For(s) => self.for_loop(s),
            Stmt::Return(s) => self.return_statement(s),
            Stmt::FunctionDef(s) => self.function_definition(s),
            Stmt::ClassDef(s) => self.class_definition(s),
            Stmt::Try(s) => self.try_statement(s),
            Stmt::With(s) => self.with_statement(s),
            Stmt::Raise(s) => self.raise(s),
            Stmt::Assert(s) => self.assert(s),
            Stmt::Delete(s) => s.targets.iter().try_for_each(|t| self.delete(t)),
            Stmt::Import(s) => self.import(s),
            Stmt::ImportFrom(s) => self.import_from(s),
            Stmt::Match(s) => self.match_statement(s),
            Stmt::TypeAlias(s) => self.type_alias(s),
            Stmt::Break(s) => self.leave_loop(s.range, true),
            Stmt::Continue(s) => self.leave_loop(s.range, false),
            Stmt::Pass(_) => {
                self.line();
                Ok(())
            }
            Stmt::Global(_) | Stmt::Nonlocal(_) => Ok(()),
            Stmt::IpyEscapeCommand(s) => self.error("invalid syntax", s.range),
        }
    }

    fn expression_statement(&mut self, s: &'a ast::StmtExpr) -> Result<()> {
        if self.interactive && self.outer.is_empty() {
            let mark = self.unit.depth;
            let value = self.expr(&s.value, None)?;
            self.at(s.range);
            let t = self.unit.temp();
            self.unit.emit(Op::CallIntrinsic1, t as u32, value.reg as u32, Intrinsic1::Print as u32);
            self.drop_operand(value, None);
            self.unit.release(mark);
            return Ok(());
        }
        if s.value.is_literal_expr() {
            self.line();
            return Ok(());
        }
        let here = self.unit.here();
        self.expr_discard(&s.value)?;
        if self.unit.here() == here {
            self.at(s.range);
            self.line();
        }
        Ok(())
    }

    /// Marks the line at hand as one that is executed, for those who watch. Costs nothing where an instruction of the line is there anyway.
    pub(crate) fn line(&mut self) {
        self.unit.emit(Op::Nop, 0, 0, 0);
    }

    /// Where a branch leads, in its own line: those who watch it are told so.
    pub(crate) fn landing(&mut self) {
        self.unit.emit(Op::Nop, Unit::KEPT, 0, 0);
    }

    fn if_statement(&mut self, s: &'a ast::StmtIf) -> Result<()> {
        let end = self.unit.label();
        let mut test = Some(&*s.test);
        let mut body = &s.body[..];
        let mut clauses = s.elif_else_clauses.iter();
        loop {
            let next = self.unit.label();
            let more = clauses.clone().next().is_some();
            if let Some(test) = test {
                self.at(test.range());
                if self.fold(test).is_some() {
                    self.line();
                }
                self.branch(test, next, false)?;
            }
            self.body(body)?;
            if more {
                self.unit.position.line = 0;
                self.unit.jump(end);
            }
            self.unit.place(next);
            match clauses.next() {
                Some(clause) => {
                    test = clause.test.as_ref();
                    body = &clause.body;
                }
                None => break,
            }
        }
        self.unit.place(end);
        Ok(())
    }

    fn while_loop(&mut self, s: &'a ast::StmtWhile) -> Result<()> {
        let again = self.unit.label();
        let exit = self.unit.label();
        let otherwise = self.unit.label();
        let never = self.fold(&s.test).is_some_and(|v| !fold::truth(&v));
        if self.fold(&s.test).is_some() {
            self.at(s.test.range());
            self.line();
        }
        self.place_loop_head(again);
        self.branch(&s.test, otherwise, false)?;
        let reachable = self.unit.bound.clone();
        if never {
            // Only for the errors in it.
            self.unit.bound = None;
        }
        self.push_block(Block::Loop { exit, again, iterator: None });
        self.body(&s.body)?;
        if self.fold(&s.test).is_some() {
            // The test is nowhere else.
            self.at(s.test.range());
            self.unit.jump_op(Op::JumpBackward, 0, again);
        } else {
            self.jump_again(again);
        }
        self.pop_block();
        if never {
            self.unit.bound = reachable;
        }
        self.unit.place(otherwise);
        self.body(&s.orelse)?;
        self.unit.place(exit);
        Ok(())
    }

    fn for_loop(&mut self, s: &'a ast::StmtFor) -> Result<()> {
        let mark = self.unit.depth;
        let again = self.unit.label();
        let exit = self.unit.label();
        let otherwise = self.unit.label();
        let iterator = self.iterator(&s.iter)?;
        self.place_loop_head(again);
        self.push_block(Block::Loop { exit, again, iterator: Some(iterator) });
        self.at(s.iter.range());
        self.for_iter(iterator, otherwise, &s.target)?;
        self.body(&s.body)?;
        self.jump_again(again);
        self.pop_block();
        self.unit.release(mark);
        self.unit.place(otherwise);
        self.body(&s.orelse)?;
        self.unit.place(exit);
        Ok(())
    }

    /// The end of a loop's body, in whatever line it is reached from.
    pub(crate) fn jump_again(&mut self, again: Label) {
        self.unit.position.line = 0;
        self.unit.jump_op(Op::JumpBackward, 0, again);
    }

    /// An iterator in the next temporary.
    pub(crate) fn iterator(&mut self, iter: &'a Expr) -> Result<u16> {
        let mark = self.unit.depth;
        let debug = self.options.optimize == 0;
        let constant = match iter {
            Expr::List(l) => fold::fold_all(self.source, debug, &l.elts).map(Const::Tuple),
            Expr::Set(s) => fold::fold_all(self.source, debug, &s.elts)
                .map(|v| Const::FrozenSet(super::expression::unique(v))),
            _ => None,
        };
        let source = match (constant, iter) {
            (Some(constant), _) => {
                self.at(iter.range());
                self.load_const(constant, None)
            }
            (None, Expr::List(l)) => self.sequence(&l.elts, Op::BuildTuple, iter, None)?,
            (None, e) => self.expr(e, None)?,
        };
        self.unit.release(mark);
        let t = self.unit.temp();
        self.at(iter.range());
        self.unit.emit(Op::GetIter, t as u32, source.reg as u32, 0);
        Ok(t)
    }

    /// FOR_ITER into a target.
    pub(crate) fn for_iter(&mut self, iterator: u16, exhausted: Label, target: &'a Expr) -> Result<()> {
        self.unit.jump_op(Op::ForIter, iterator, exhausted);
        self.at(target.range());
        if let Expr::Name(n) = target
            && let Some(register) = self.local_register(&n.id)
        {
            self.unit.emit(Op::ForTarget, register as u32, 0, 0);
            self.mark_bound(register);
            return Ok(());
        }
        let t = self.unit.temp();
        self.unit.emit(Op::ForTarget, t as u32, 0, 0);
        self.store(target, Operand { reg: t, residue: Residue::Object })?;
        self.unit.release(t as u32);
        Ok(())
    }

    // --- leaving ---

    pub(crate) fn push_block(&mut self, block: Block<'a>) {
        let handlers = self.unit.handlers.len();
        self.unit.blocks.push(ActiveBlock { block, handlers });
    }

    pub(crate) fn pop_block(&mut self) {
        self.unit.blocks.pop();
    }

    fn leave_loop(&mut self, range: ruff_text_size::TextRange, is_break: bool) -> Result<()> {
        let mut level = self.unit.blocks.len();
        let target = loop {
            let Some(active) = level.checked_sub(1).map(|i| &self.unit.blocks[i]) else {
                return if is_break {
                    self.error("'break' outside loop", range)
                } else {
                    self.error("'continue' not properly in loop", range)
                };
            };
            match &active.block {
                Block::Loop { exit, again, iterator } => break (*exit, *again, *iterator),
                Block::ExceptStar => {
                    return self
                        .error("'break', 'continue' and 'return' cannot appear in an except* block", range);
                }
                _ => level -= 1,
            }
        };
        let (exit, again, iterator) = target;
        self.line();
        let here = self.unit.here();
        self.unwind_to(level, |c| {
            if c.unit.here() == here {
                // Else it is in the line of the last `finally`.
                c.at(range);
            }
            if is_break {
                if let Some(iterator) = iterator {
                    c.unit.emit(Op::Drop, iterator as u32, 0, 0);
                }
                c.unit.jump(exit);
            } else {
                c.unit.jump_op(Op::JumpBackward, 0, again);
            }
            Ok(())
        })
    }

    /// Emits the cleanup of all blocks above `level`, innermost first, then `then`, with the
    /// handlers of the blocks left behind not in force.
    pub(crate) fn unwind_to(
        &mut self,
        level: usize,
        then: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<()> {
        let blocks = self.unit.blocks.clone();
        let mut suspended = Vec::new();
        for i in (level..blocks.len()).rev() {
            self.unit.blocks.truncate(i);
            // Innermost handlers go first; those suspended later stand in front.
            let mut handlers = self.unit.suspend_handlers(blocks[i].handlers);
            handlers.append(&mut suspended);
            suspended = handlers;
            self.unwind_block(&blocks[i].block)?;
        }
        then(self)?;
        self.unit.blocks = blocks;
        self.unit.resume_handlers(suspended);
        Ok(())
    }

    fn unwind_block(&mut self, block: &Block<'a>) -> Result<()> {
        match block {
            Block::Loop { iterator: Some(iterator), .. } => {
                self.unit.emit(Op::Drop, *iterator as u32, 0, 0);
                Ok(())
            }
            Block::Loop { iterator: None, .. } | Block::TryExcept | Block::ExceptStar => Ok(()),
            Block::TryFinally { body } => self.body(body),
            Block::Handler { saved, exception, name } => {
                self.unit.emit(Op::PopExcept, *saved as u32, 0, 0);
                self.unit.emit(Op::Drop, *exception as u32, 0, 0);
                if let Some(name) = name {
                    self.unbind_exception_name(*name);
                }
                Ok(())
            }
            Block::FinallyHandler { saved, exception } => {
                self.unit.emit(Op::PopExcept, *saved as u32, 0, 0);
                self.unit.emit(Op::Drop, *exception as u32, 0, 0);
                Ok(())
            }
            Block::With { exit, is_async, position } => self.exit_normally(*exit, *is_async, *position),
        }
    }

    fn return_statement(&mut self, s: &'a ast::StmtReturn) -> Result<()> {
        let kind = self.scope().kind;
        if !kind.is_function_like() || kind != ScopeKind::Function {
            return self.error("'return' outside function", s.range);
        }
        if s.value.is_some() && self.unit.flags & flags::CO_ASYNC_GENERATOR != 0 {
            return self.error("'return' with value in async generator", s.range);
        }
        if self.unit.blocks.iter().any(|b| matches!(b.block, Block::ExceptStar)) {
            return self.error("'break', 'continue' and 'return' cannot appear in an except* block", s.range);
        }
        let constant = match &s.value {
            None => Some(Const::None),
            Some(e) => self.fold(e),
        };
        if let Some(constant) = constant {
            self.line();
            return self.unwind_to(0, |c| {
                let k = c.unit.constant(constant);
                c.unit.emit_return_const(k);
                Ok(())
            });
        }
        let Some(value) = &s.value else { return Ok(()) };
        let mark = self.unit.depth;
        let runs_code =
            self.unit.blocks.iter().any(|b| !matches!(b.block, Block::Loop { .. } | Block::TryExcept));
        let operand = if runs_code { self.expr_temp(value)? } else { self.expr(value, None)? };
        if !runs_code {
            self.at(s.range);
            self.unit.emit_final(Op::ReturnValue, operand.reg as u32, 0, 0);
            self.unit.release(mark);
            return Ok(());
        }
        self.at(s.range);
        self.unwind_to(0, |c| {
            c.unit.emit_final(Op::ReturnValue, operand.reg as u32, 0, 0);
            Ok(())
        })?;
        self.unit.release(mark);
        Ok(())
    }

    // --- raising ---

    fn raise(&mut self, s: &'a ast::StmtRaise) -> Result<()> {
        let mark = self.unit.depth;
        let Some(exc) = &s.exc else {
            self.unit.emit_final(Op::RaiseCurrent, 0, 0, 0);
            return Ok(());
        };
        let exc = self.expr_stable(exc)?;
        match &s.cause {
            Some(cause) => {
                let cause = self.expr(cause, None)?;
                self.at(s.range);
                let (exc, cause) = (self.take_operand(exc), self.take_operand(cause));
                self.unit.emit_final(Op::RaiseFrom, exc, cause, 0);
            }
            None => {
                self.at(s.range);
                let exc = self.take_operand(exc);
                self.unit.emit_final(Op::Raise, exc, 0, 0);
            }
        }
        self.unit.release(mark);
        Ok(())
    }

    fn assert(&mut self, s: &'a ast::StmtAssert) -> Result<()> {
        if let Expr::Tuple(t) = &*s.test
            && !t.elts.is_empty()
        {
            self.warn("assertion is always true, perhaps remove parentheses?".into(), s.range);
        }
        if self.options.optimize > 0 {
            return Ok(());
        }
        let passed = self.unit.label();
        self.branch(&s.test, passed, true)?;
        let mark = self.unit.depth;
        self.at(s.range);
        let base = self.unit.temp();
        self.unit.emit(Op::LoadCommonConstant, base as u32, CommonConstant::AssertionError as u32, 0);
        if let Some(msg) = &s.msg {
            self.unit.temp();
            self.expr_argument(msg)?;
            self.emit_call(base, false, 1, Vec::new(), s.range, Some(base));
        }
        self.at(s.test.range());
        self.unit.emit_final(Op::Raise, super::take(base), 0, 0);
        self.unit.release(mark);
        self.unit.place(passed);
        Ok(())
    }
}
