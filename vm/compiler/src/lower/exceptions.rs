//! `try` statements.
//!
//! A handler begins with `PUSH_EXC_INFO saved, exception`. While it runs, its code is protected by a cleanup handler
//! that restores the exception handled before and passes the new one on. `finally` suites are emitted once
//! for each way out.

use ruff_python_ast::{self as ast, ExceptHandler};
use ruff_text_size::Ranged;
use taipan_bytecode::{Intrinsic2, Op};

use super::{Compiler, Operand, Residue};
use crate::symbols::Sym;
use crate::syntax_error::Result;
use crate::unit::{Block, Label};

impl<'a> Compiler<'a> {
    pub(crate) fn try_statement(&mut self, s: &'a ast::StmtTry) -> Result<()> {
        self.line();
        if s.finalbody.is_empty() {
            return self.try_except(s);
        }
        let handler = self.unit.label();
        let end = self.unit.label();
        let deleted = self.deleted_registers();
        self.push_block(Block::TryFinally { body: &s.finalbody });
        self.unit.push_handler(handler, true, &deleted);
        if s.handlers.is_empty() {
            self.body(&s.body)?;
        } else {
            self.try_except(s)?;
        }
        self.unit.pop_handler();
        self.pop_block();
        // Without an exception.
        self.body(&s.finalbody)?;
        self.unit.position.line = 0;
        self.unit.jump(end);
        // With one.
        self.unit.place(handler);
        let mark = self.unit.depth;
        let saved = self.unit.temp();
        let exception = self.unit.temp();
        self.unit.position.line = 0;
        self.unit.emit(Op::PushExcInfo, saved as u32, exception as u32, 0);
        let cleanup = self.unit.label();
        self.push_block(Block::FinallyHandler { saved, exception });
        self.unit.push_handler(cleanup, true, &deleted);
        self.body(&s.finalbody)?;
        self.unit.pop_handler();
        self.pop_block();
        // Straight from the last statement: its line is left, too.
        if !s.finalbody.last().is_some_and(is_simple) {
            self.unit.position.line = 0;
        }
        self.unit.emit(Op::PopExcept, saved as u32, 0, 0);
        self.unit.emit_final(Op::Reraise, exception as u32, 0, 0);
        self.cleanup_handler(cleanup, saved, None);
        self.unit.release(mark);
        self.unit.place(end);
        Ok(())
    }

    /// Code reached by an exception inside a handler: restores the exception handled before the handler
    /// and lets the new one go on.
    pub(crate) fn cleanup_handler(&mut self, label: Label, saved: u16, name: Option<Sym>) {
        if !self.unit.is_jumped_to(label) {
            return;
        }
        let mark = self.unit.depth;
        self.unit.place(label);
        let inner_saved = self.unit.temp();
        let inner = self.unit.temp();
        self.unit.position.line = 0;
        self.unit.emit(Op::PushExcInfo, inner_saved as u32, inner as u32, 0);
        if let Some(name) = name {
            self.unbind_exception_name(name);
        }
        self.unit.emit(Op::PopExcept, inner_saved as u32, 0, 0);
        self.unit.emit(Op::PopExcept, saved as u32, 0, 0);
        self.unit.emit_final(Op::Reraise, inner as u32, 0, 0);
        self.unit.release(mark);
    }

    fn try_except(&mut self, s: &'a ast::StmtTry) -> Result<()> {
        let handler = self.unit.label();
        let end = self.unit.label();
        let deleted = self.deleted_registers();
        self.push_block(Block::TryExcept);
        self.unit.push_handler(handler, false, &deleted);
        self.body(&s.body)?;
        self.unit.pop_handler();
        self.pop_block();
        self.body(&s.orelse)?;
        self.unit.position.line = 0;
        self.unit.jump(end);
        self.unit.place(handler);
        if s.is_star {
            self.star_handlers(s, end)?;
        } else {
            self.handlers(s, end)?;
        }
        self.unit.place(end);
        Ok(())
    }

    fn handlers(&mut self, s: &'a ast::StmtTry, end: Label) -> Result<()> {
        let mark = self.unit.depth;
        let saved = self.unit.temp();
        let exception = self.unit.temp();
        let deleted = self.deleted_registers();
        self.unit.position.line = 0;
        self.unit.emit(Op::PushExcInfo, saved as u32, exception as u32, 0);
        let cleanup = self.unit.label();
        self.unit.push_handler(cleanup, true, &deleted);
        for (i, ExceptHandler::ExceptHandler(clause)) in s.handlers.iter().enumerate() {
            let next = self.unit.label();
            match &clause.type_ {
                Some(type_) => {
                    let temps = self.unit.depth;
                    let class = self.expr(type_, None)?;
                    self.unit.release(temps);
                    let matched = self.unit.temp();
                    self.at(clause.range);
                    self.unit.emit(Op::CheckExcMatch, matched as u32, exception as u32, class.reg as u32);
                    self.drop_operand(class, Some(matched));
                    self.unit.jump_op(Op::JumpIfFalse, matched, next);
                    self.unit.release(temps);
                }
                None if i + 1 < s.handlers.len() => {
                    return self.error("default 'except:' must be last", clause.range);
                }
                None => {
                    self.at(clause.range);
                    self.line();
                }
            }
            self.clause(clause, saved, exception, end)?;
            self.unit.place(next);
        }
        self.unit.pop_handler();
        // No clause matched.
        if self.unit.is_reachable() {
            match s.handlers.last() {
                Some(ExceptHandler::ExceptHandler(ast::ExceptHandlerExceptHandler {
                    type_: Some(type_),
                    ..
                })) => self.at(type_.range()),
                _ => self.unit.position.line = 0,
            }
            self.unit.emit(Op::PopExcept, saved as u32, 0, 0);
            self.unit.emit_final(Op::Reraise, exception as u32, 0, 0);
        }
        self.cleanup_handler(cleanup, saved, None);
        self.unit.release(mark);
        Ok(())
    }

    fn clause(
        &mut self,
        clause: &'a ast::ExceptHandlerExceptHandler,
        saved: u16,
        exception: u16,
        end: Label,
    ) -> Result<()> {
        let name = clause.name.as_ref().and_then(|n| self.sym(n));
        let deleted = self.deleted_registers();
        let cleanup = self.unit.label();
        // The handler in force outside of the clause is the cleanup of the whole; with a name it takes one of its own.
        let outer = self.unit.handlers.len() - 1;
        if let (Some(name), Some(identifier)) = (name, &clause.name) {
            self.at(identifier.range);
            self.store_sym(name, Operand { reg: exception, residue: Residue::InPlace });
        } else if clause.type_.is_some() {
            self.landing();
        }
        self.push_block(Block::Handler { saved, exception, name });
        // Leaving the clause early puts the cleanup of the whole out of force, too.
        if let Some(block) = self.unit.blocks.last_mut() {
            block.handlers = outer;
        }
        if name.is_some() {
            self.unit.push_handler(cleanup, true, &deleted);
        }
        self.body(&clause.body)?;
        if name.is_some() {
            self.unit.pop_handler();
        }
        self.pop_block();
        let position = self.unit.position;
        let suspended = self.unit.suspend_handlers(outer);
        if self.unit.is_reachable() {
            self.unit.position.line = 0;
            self.unit.emit(Op::PopExcept, saved as u32, 0, 0);
            self.unit.emit(Op::Drop, exception as u32, 0, 0);
            if let Some(name) = name {
                self.unbind_exception_name(name);
            }
            self.unit.jump(end);
        }
        if let Some(name) = name {
            self.cleanup_handler(cleanup, saved, Some(name));
        }
        self.unit.resume_handlers(suspended);
        self.unit.position = position;
        Ok(())
    }

    /// `except*`: each clause takes its part of the group; what is raised meanwhile is collected.
    ///
    /// Registers: saved, exception (the original), list (what the clauses raised, and what no clause took),
    /// rest (what is still unmatched, None when all is taken).
    fn star_handlers(&mut self, s: &'a ast::StmtTry, end: Label) -> Result<()> {
        let mark = self.unit.depth;
        let deleted = self.deleted_registers();
        let saved = self.unit.temp();
        let exception = self.unit.temp();
        let list = self.unit.temp();
        let rest = self.unit.temp();
        self.unit.position.line = 0;
        self.unit.emit(Op::PushExcInfo, saved as u32, exception as u32, 0);
        let cleanup = self.unit.label();
        self.unit.push_handler(cleanup, true, &deleted);
        self.unit.emit(Op::BuildList, list as u32, list as u32, 0);
        self.unit.emit(Op::Copy, rest as u32, exception as u32, 0);
        for ExceptHandler::ExceptHandler(clause) in &s.handlers {
            let next = self.unit.label();
            let temps = self.unit.depth;
            let Some(type_) = &clause.type_ else {
                return self.error("expected one or more exception types", clause.range);
            };
            self.at(type_.range());
            self.unit.jump_op(Op::JumpIfNone, rest, next);
            // The match and the new rest, in this order.
            let matched = self.unit.temps(2);
            let class = self.expr(type_, None)?;
            self.at(clause.range);
            self.unit.emit(Op::CheckEgMatch, matched as u32, rest as u32, class.reg as u32);
            self.drop_operand(class, None);
            self.unit.emit(Op::Move, rest as u32, matched as u32 + 1, 0);
            self.unit.jump_op(Op::JumpIfNone, matched, next);
            self.unit.release(temps + 1);
            let name = clause.name.as_ref().and_then(|n| self.sym(n));
            if let (Some(name), Some(identifier)) = (name, &clause.name) {
                self.at(identifier.range);
                self.store_sym(name, Operand { reg: matched, residue: Residue::InPlace });
            }
            self.push_block(Block::ExceptStar);
            let raised = self.unit.label();
            self.unit.push_handler(raised, true, &deleted);
            self.body(&clause.body)?;
            self.unit.pop_handler();
            self.pop_block();
            let body_end = self.unit.label();
            self.unit.position.line = 0;
            if let Some(name) = name {
                self.unbind_exception_name(name);
            }
            self.unit.jump(body_end);
            if self.unit.is_jumped_to(raised) {
                self.unit.place(raised);
                let inner_saved = self.unit.temp();
                let inner = self.unit.temp();
                self.unit.emit(Op::PushExcInfo, inner_saved as u32, inner as u32, 0);
                if let Some(name) = name {
                    self.unbind_exception_name(name);
                }
                self.unit.emit(Op::PopExcept, inner_saved as u32, 0, 0);
                self.unit.emit(Op::ListAppend, list as u32, super::take(inner), 0);
            }
            self.unit.place(body_end);
            self.unit.emit(Op::SetExcInfo, exception as u32, 0, 0);
            self.unit.emit(Op::Drop, matched as u32, 0, 0);
            self.unit.release(temps);
            self.unit.place(next);
        }
        self.unit.position.line = 0;
        let all_taken = self.unit.label();
        self.unit.jump_op(Op::JumpIfNone, rest, all_taken);
        self.unit.emit(Op::ListAppend, list as u32, super::take(rest), 0);
        self.unit.place(all_taken);
        let pair = self.unit.temps(2);
        self.unit.emit(Op::Copy, pair as u32, exception as u32, 0);
        self.unit.emit(Op::Move, pair as u32 + 1, list as u32, 0);
        self.unit.emit(Op::CallIntrinsic2, pair as u32, pair as u32, Intrinsic2::PrepReraiseStar as u32);
        self.unit.pop_handler();
        self.unit.emit(Op::PopExcept, saved as u32, 0, 0);
        self.unit.emit(Op::Drop, exception as u32, 0, 0);
        self.unit.emit(Op::Drop, rest as u32, 0, 0);
        let done = self.unit.label();
        self.unit.jump_op(Op::JumpIfNone, pair, done);
        self.unit.emit_final(Op::Reraise, pair as u32, 0, 0);
        self.unit.place(done);
        self.unit.jump(end);
        self.cleanup_handler(cleanup, saved, None);
        self.unit.release(mark);
        Ok(())
    }
}

/// Whether the code of a statement is left at its end only.
fn is_simple(statement: &ast::Stmt) -> bool {
    use ast::Stmt::*;
    matches!(
        statement,
        Expr(_) | Assign(_) | AugAssign(_) | AnnAssign(_) | Delete(_) | Pass(_) | Import(_) | ImportFrom(_)
    )
}
