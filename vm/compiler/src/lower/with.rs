//! `with` and `async with`.
//!
//! The exit method and its self stay in two temporaries below everything the body uses, in the place
//! from which they are called at the end.

use ruff_python_ast::{self as ast, Expr};
use ruff_text_size::Ranged;
use taipan_bytecode::{Const, Op, Position, Special};

use super::{Compiler, Operand, Residue};
use crate::syntax_error::Result;
use crate::unit::Block;

impl<'a> Compiler<'a> {
    pub(crate) fn with_statement(&mut self, s: &'a ast::StmtWith) -> Result<()> {
        if s.is_async {
            self.check_async_statement("'async with' outside async function", s.range)?;
        }
        self.with_items(s, &s.items)
    }

    fn with_items(&mut self, s: &'a ast::StmtWith, items: &'a [ast::WithItem]) -> Result<()> {
        let Some((item, others)) = items.split_first() else {
            return self.body(&s.body);
        };
        let mark = self.unit.depth;
        let exit = self.unit.temps(2);
        let manager = self.expr(&item.context_expr, None)?;
        let value = if manager.is_temp() { manager.reg } else { self.unit.temp() };
        let range = item.context_expr.range();
        let (enter_special, exit_special) =
            if s.is_async { (Special::AEnter, Special::AExit) } else { (Special::Enter, Special::Exit) };
        self.at(range);
        self.unit.emit(Op::LoadSpecial, exit as u32, manager.reg as u32, exit_special as u32);
        let enter = self.unit.temps(2);
        self.unit.emit(Op::LoadSpecial, enter as u32, manager.reg as u32, enter_special as u32);
        let register = match item.optional_vars.as_deref() {
            Some(Expr::Name(n)) if !s.is_async => self.local_register(&n.id),
            _ => None,
        };
        match register {
            Some(register) => {
                // The value is stored after the handler is in force, which no one can tell apart:
                // the move to a local cannot fail.
                self.unit.emit(Op::CallMethod, enter as u32, 0, register as u32);
                self.mark_bound(register);
                self.drop_operand(manager, None);
            }
            None => self.unit.emit(Op::CallMethod, enter as u32, 0, value as u32),
        }
        self.unit.release(value as u32 + 1);
        if s.is_async {
            self.unit.release(value as u32);
            let result = Operand { reg: value, residue: Residue::Object };
            self.await_operand(result, 1, Some(value))?;
            self.unit.release(value as u32 + 1);
        }
        let handler = self.unit.label();
        let end = self.unit.label();
        let deleted = self.deleted_registers();
        // Unwinding keeps the exit method.
        self.unit.release(exit as u32 + 2);
        let position = self.unit.position;
        self.push_block(Block::With { exit, is_async: s.is_async, position });
        self.unit.push_handler(handler, true, &deleted);
        if register.is_none() {
            self.unit.temp();
            let value = Operand { reg: value, residue: Residue::Object };
            match &item.optional_vars {
                Some(target) => self.store(target, value)?,
                None => self.drop_operand(value, None),
            }
            self.unit.release(exit as u32 + 2);
        }
        self.with_items(s, others)?;
        self.unit.pop_handler();
        self.pop_block();
        self.exit_normally(exit, s.is_async, position)?;
        self.unit.jump(end);
        self.unit.place(handler);
        self.exit_with_exception(exit, s.is_async, position)?;
        self.unit.release(mark);
        self.unit.place(end);
        Ok(())
    }

    /// Calls the exit method with three Nones.
    pub(crate) fn exit_normally(&mut self, exit: u16, is_async: bool, position: Position) -> Result<()> {
        let mark = self.unit.depth;
        self.unit.position = position;
        // A value to be returned may lie above: then the call is made from a copy.
        let base = if mark == exit as u32 + 2 {
            exit
        } else {
            let copy = self.unit.temps(2);
            self.unit.emit(Op::Move, copy as u32, exit as u32, 0);
            self.unit.emit(Op::Move, copy as u32 + 1, exit as u32 + 1, 0);
            copy
        };
        for _ in 0..3 {
            self.load_const(Const::None, None);
        }
        self.unit.emit(Op::CallMethod, base as u32, 3, base as u32);
        if is_async {
            self.unit.release(base as u32);
            let value = Operand { reg: base, residue: Residue::Object };
            // `base` and the register above are taken by the awaitable.
            self.await_operand(value, 2, Some(base))?;
        }
        self.unit.emit(Op::Drop, base as u32, 0, 0);
        self.unit.release(mark);
        Ok(())
    }

    fn exit_with_exception(&mut self, exit: u16, is_async: bool, position: Position) -> Result<()> {
        self.unit.position = position;
        let saved = self.unit.temp();
        let exception = self.unit.temp();
        self.unit.emit(Op::PushExcInfo, saved as u32, exception as u32, 0);
        let cleanup = self.unit.label();
        let deleted = self.deleted_registers();
        self.unit.push_handler(cleanup, true, &deleted);
        let base = self.unit.temps(5);
        self.unit.emit(Op::WithExceptStart, base as u32, exit as u32, exception as u32);
        self.unit.emit(Op::CallMethod, base as u32, 3, base as u32);
        if is_async {
            self.unit.release(base as u32);
            let value = Operand { reg: base, residue: Residue::Object };
            self.await_operand(value, 2, Some(base))?;
        }
        self.unit.release(base as u32 + 1);
        let suppressed = self.unit.label();
        self.unit.jump_op(Op::PopJumpIfTrue, base, suppressed);
        self.unit.pop_handler();
        // The line is the one that the exception came from.
        self.unit.position.line = 0;
        self.unit.emit(Op::PopExcept, saved as u32, 0, 0);
        self.unit.emit_final(Op::Reraise, exception as u32, 0, 0);
        self.unit.place(suppressed);
        self.unit.emit(Op::PopExcept, saved as u32, 0, 0);
        self.unit.emit(Op::Drop, exception as u32, 0, 0);
        self.unit.emit(Op::Drop, exit as u32, 0, 0);
        self.unit.emit(Op::Drop, exit as u32 + 1, 0, 0);
        let end = self.unit.label();
        self.unit.jump(end);
        self.unit.release(base as u32);
        self.cleanup_handler(cleanup, saved, None);
        self.unit.place(end);
        Ok(())
    }
}
