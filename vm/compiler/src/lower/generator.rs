//! `yield`, `yield from`, `await` and `async for`.

use ruff_python_ast::{self as ast, Expr};
use ruff_text_size::{Ranged, TextRange};
use taipan_bytecode::{Const, Op, flags};

use super::{Compiler, Operand, Residue};
use crate::symbols::ScopeKind;
use crate::syntax_error::Result;
use crate::unit::{Block, Label};

impl<'a> Compiler<'a> {
    pub(crate) fn yield_expression(&mut self, y: &'a ast::ExprYield, dst: Option<u16>) -> Result<Operand> {
        let mark = self.unit.depth;
        let value = match &y.value {
            Some(e) => self.expr(e, None)?,
            None => self.load_const(Const::None, None),
        };
        self.emit_yield(value, mark, y.range, dst)
    }

    pub(crate) fn emit_yield(
        &mut self,
        mut value: Operand,
        mark: u32,
        range: TextRange,
        dst: Option<u16>,
    ) -> Result<Operand> {
        self.at(range);
        if self.unit.flags & flags::CO_ASYNC_GENERATOR != 0 {
            self.unit.release(mark);
            let t = self.unit.temp();
            self.unit.emit(Op::AsyncGenWrap, t as u32, value.reg as u32, 0);
            value = Operand { reg: t, residue: Residue::Object };
        }
        self.unit.release(mark);
        let d = self.dest(dst);
        let operand = self.take_operand(value);
        self.unit.emit(Op::YieldValue, d as u32, operand, 0);
        Ok(self.result(d, dst, Residue::Object))
    }

    pub(crate) fn yield_from(&mut self, y: &'a ast::ExprYieldFrom, dst: Option<u16>) -> Result<Operand> {
        if self.scope().kind == ScopeKind::Function && self.scope().is_coroutine {
            return self.error("'yield from' inside async function", y.range);
        }
        let mark = self.unit.depth;
        let value = self.expr(&y.value, None)?;
        self.unit.release(mark);
        let t = self.unit.temps(2);
        self.at(y.range);
        self.unit.emit(Op::GetYieldFromIter, t as u32, value.reg as u32, 0);
        self.delegate(t, dst)
    }

    /// Delegates to the iterator in `t`; `t + 1` is None.
    fn delegate(&mut self, t: u16, dst: Option<u16>) -> Result<Operand> {
        self.unit.release(t as u32);
        let d = self.dest(dst);
        self.unit.emit(Op::YieldFrom, t as u32, d as u32, 0);
        Ok(self.result(d, dst, Residue::Object))
    }

    pub(crate) fn await_expression(&mut self, a: &'a ast::ExprAwait, dst: Option<u16>) -> Result<Operand> {
        self.check_await(a.range)?;
        let mark = self.unit.depth;
        let value = self.expr(&a.value, None)?;
        self.unit.release(mark);
        self.at(a.range);
        self.await_operand(value, 0, dst)
    }

    fn check_await(&mut self, range: TextRange) -> Result<()> {
        if self.unit.flags & (flags::CO_COROUTINE | flags::CO_ASYNC_GENERATOR) != 0 {
            return Ok(());
        }
        let kind = self.scope().kind;
        if kind == ScopeKind::Module && self.options.allow_top_level_await {
            return Ok(());
        }
        if !kind.is_function_like() {
            return self.error("'await' outside function", range);
        }
        if kind == ScopeKind::Generator {
            return Ok(());
        }
        self.error("'await' outside async function", range)
    }

    /// Awaits an evaluated operand at the top of the temporaries.
    pub(crate) fn await_operand(&mut self, value: Operand, kind: u32, dst: Option<u16>) -> Result<Operand> {
        let t = self.unit.temps(2);
        self.unit.emit(Op::GetAwaitable, t as u32, value.reg as u32, kind);
        self.drop_operand(value, Some(t));
        self.delegate(t, dst)
    }

    // --- async for ---

    /// The asynchronous iterator in the next temporary.
    pub(crate) fn async_iterator(&mut self, iter: &'a Expr) -> Result<u16> {
        let mark = self.unit.depth;
        let source = self.expr(iter, None)?;
        self.unit.release(mark);
        let t = self.unit.temp();
        self.at(iter.range());
        self.unit.emit(Op::GetAIter, t as u32, source.reg as u32, 0);
        Ok(t)
    }

    /// Awaits the next item into a target; at the end goes to `exhausted`.
    pub(crate) fn async_for_iter(
        &mut self,
        iterator: u16,
        exhausted: Label,
        target: &'a Expr,
        range: TextRange,
    ) -> Result<()> {
        self.at(range);
        let deleted = self.deleted_registers();
        self.unit.push_handler(exhausted, false, &deleted);
        let t = self.unit.temps(2);
        self.unit.emit(Op::GetANext, t as u32, iterator as u32, 0);
        let item = self.delegate(t, None)?;
        self.unit.pop_handler();
        self.store(target, item)?;
        self.unit.release(t as u32);
        Ok(())
    }

    pub(crate) fn async_for_loop(&mut self, s: &'a ast::StmtFor) -> Result<()> {
        self.check_async_statement("'async for' outside async function", s.range)?;
        let mark = self.unit.depth;
        let again = self.unit.label();
        let exit = self.unit.label();
        let exhausted = self.unit.label();
        let iterator = self.async_iterator(&s.iter)?;
        self.place_loop_head(again);
        self.push_block(Block::Loop { exit, again, iterator: Some(iterator) });
        self.async_for_iter(iterator, exhausted, &s.target, s.iter.range())?;
        self.body(&s.body)?;
        self.jump_again(again);
        self.pop_block();
        self.unit.release(mark);
        self.unit.place(exhausted);
        self.at(s.iter.range());
        self.unit.emit(Op::EndAsyncFor, iterator as u32, 0, 0);
        self.body(&s.orelse)?;
        self.unit.place(exit);
        Ok(())
    }

    pub(crate) fn check_async_statement(&mut self, message: &str, range: TextRange) -> Result<()> {
        let in_async = self.unit.flags & (flags::CO_COROUTINE | flags::CO_ASYNC_GENERATOR) != 0;
        let top_level = self.scope().kind == ScopeKind::Module && self.options.allow_top_level_await;
        if in_async || top_level {
            return Ok(());
        }
        self.error(message, range)
    }
}
