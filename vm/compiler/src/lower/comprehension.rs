//! Comprehensions and generator expressions.
//!
//! List, set and dict comprehensions run in the code around them (PEP 709). Their variables have registers of their own, so
//! nothing of the surrounding code need be saved; the registers are emptied at the end.

use ruff_python_ast::{self as ast, Comprehension, Expr};
use ruff_text_size::{Ranged, TextRange};
use rustc_hash::FxHashMap;
use taipan_bytecode::{Consumer, Op, flags};

use super::{Compiler, Operand, Residue};
use crate::symbols::{Resolution, Role, ScopeId, ScopeKind, mention};
use crate::syntax_error::Result;
use crate::unit::{Block, Cleanup, InlinedComprehension, Label};

/// What a comprehension makes of each round.
#[derive(Clone, Copy)]
pub(crate) enum Element<'a> {
    List(&'a Expr),
    Set(&'a Expr),
    Dict(&'a Expr, &'a Expr),
    Yield(&'a Expr),
    /// Jumps where the truth of the expression is this.
    Test(&'a Expr, Label, bool),
    Fold(&'a Expr, Consumer),
}

impl<'a> Compiler<'a> {
    pub(crate) fn list_comprehension(
        &mut self,
        c: &'a ast::ExprListComp,
        id: Option<ScopeId>,
        dst: Option<u16>,
    ) -> Result<Operand> {
        self.comprehension(id, Element::List(&c.elt), &c.generators, c.range, dst)
    }

    pub(crate) fn set_comprehension(
        &mut self,
        c: &'a ast::ExprSetComp,
        id: Option<ScopeId>,
        dst: Option<u16>,
    ) -> Result<Operand> {
        self.comprehension(id, Element::Set(&c.elt), &c.generators, c.range, dst)
    }

    pub(crate) fn dict_comprehension(
        &mut self,
        c: &'a ast::ExprDictComp,
        id: Option<ScopeId>,
        dst: Option<u16>,
    ) -> Result<Operand> {
        let Some(key) = &c.key else {
            return self.error("dict unpacking cannot be used in dict comprehension", c.range);
        };
        self.comprehension(id, Element::Dict(key, &c.value), &c.generators, c.range, dst)
    }

    pub(crate) fn generator_expression(
        &mut self,
        c: &'a ast::ExprGenerator,
        dst: Option<u16>,
    ) -> Result<Operand> {
        let id = self.table.scope_of(c, Role::Body);
        let Some(id) = id else { return self.error("generator expression without scope", c.range) };
        let range = self.generator_range(c);
        self.comprehension_function(id, Element::Yield(&c.elt), &c.generators, range, dst)
    }

    /// Where a generator expression is, with its parentheses; those of a call if it has none of its own.
    pub(super) fn generator_range(&self, c: &ast::ExprGenerator) -> TextRange {
        let text = self.source.text;
        let (Some(before), Some(after)) =
            (text.get(..c.range.start().to_usize()), text.get(c.range.end().to_usize()..))
        else {
            return c.range;
        };
        let (before, after) = (before.trim_end(), after.trim_start());
        if c.parenthesized || !before.ends_with('(') || !after.starts_with(')') {
            return c.range;
        }
        let at = |offset: usize| ruff_text_size::TextSize::from(offset as u32);
        TextRange::new(at(before.len() - 1), at(text.len() - after.len() + 1))
    }

    fn comprehension(
        &mut self,
        id: Option<ScopeId>,
        element: Element<'a>,
        generators: &'a [Comprehension],
        range: TextRange,
        dst: Option<u16>,
    ) -> Result<Operand> {
        let Some(id) = id else { return self.error("comprehension without scope", range) };
        let table = self.table;
        let scope = &table.scopes[id];
        if scope.is_coroutine {
            let host = self.scope();
            let allowed = self.unit.flags & (flags::CO_COROUTINE | flags::CO_ASYNC_GENERATOR) != 0
                || host.is_comprehension_like()
                || (host.kind == ScopeKind::Module && self.options.allow_top_level_await);
            if !allowed {
                return self.error("asynchronous comprehension outside of an asynchronous function", range);
            }
        }
        if !scope.inlined {
            return self.comprehension_function(id, element, generators, range, dst);
        }
        let mark = self.unit.depth;
        let result = self.unit.temp();
        let first = &generators[0];
        let iterator =
            if first.is_async { self.async_iterator(&first.iter)? } else { self.iterator(&first.iter)? };
        self.at(range);
        let build = match element {
            Element::Set(_) => Op::BuildSet,
            Element::Dict(..) => Op::BuildMap,
            _ => Op::BuildList,
        };
        self.unit.emit(build, result as u32, result as u32, 0);
        let registers = self.enter_comprehension(id);
        let handler = self.unit.label();
        let protected = self.protect_comprehension(handler, &registers);
        self.generators(generators, Some(iterator), element, result, range)?;
        self.unit.comprehensions.pop();
        if protected {
            self.unit.pop_handler();
        }
        for register in registers {
            self.unit.emit(Op::Drop, register as u32, 0, 0);
            self.mark_unbound(register);
        }
        self.unit.release(mark + 1);
        Ok(self.deliver(Operand { reg: result, residue: Residue::Object }, dst))
    }

    /// Sees to it that an exception that leaves a comprehension leaves none of its variables bound; temporaries are emptied anyway.
    fn protect_comprehension(&mut self, handler: Label, registers: &[u16]) -> bool {
        let first_temp = self.unit.variables.first_temp;
        let registers: Vec<u16> = registers.iter().copied().filter(|r| u32::from(*r) < first_temp).collect();
        if registers.is_empty() {
            return false;
        }
        self.unit.cleanups.push(Cleanup {
            handler,
            registers,
            depth: self.unit.depth,
            around: self.unit.handlers.clone(),
        });
        let deleted = self.deleted_registers();
        self.unit.push_handler(handler, true, &deleted);
        true
    }

    /// Gives the variables of an inlined comprehension their registers; returns those to empty at its end.
    pub(super) fn enter_comprehension(&mut self, id: ScopeId) -> Vec<u16> {
        let table = self.table;
        let mut locals = FxHashMap::default();
        let mut cells = FxHashMap::default();
        let mut registers = Vec::new();
        for symbol in &table.scopes[id].symbols {
            if symbol.mentions & mention::PARAM != 0 {
                continue;
            }
            let sym = symbol.sym;
            let active = |c: &InlinedComprehension| c.locals.contains_key(&sym) || c.cells.contains_key(&sym);
            let in_use = self.unit.comprehensions.iter().any(active);
            match symbol.resolution {
                Resolution::Local => {
                    let named = self.unit.variables.comprehension_locals.get(&sym).copied();
                    let register = match named {
                        Some(register) if !in_use => {
                            self.mark_unbound(register);
                            register
                        }
                        _ => {
                            let t = self.unit.temp();
                            self.unit.emit(Op::Drop, t as u32, 0, 0);
                            self.mark_unbound(t);
                            t
                        }
                    };
                    locals.insert(sym, register);
                    registers.push(register);
                }
                Resolution::Cell => {
                    let named = self.unit.variables.comprehension_cells.get(&sym).copied();
                    let register = match named {
                        Some(register) if !in_use => register,
                        _ => self.unit.temp(),
                    };
                    self.unit.emit(Op::NewCell, register as u32, 0, 0);
                    cells.insert(sym, register);
                    registers.push(register);
                }
                _ => {}
            }
        }
        self.unit.comprehensions.push(InlinedComprehension { scope: id, locals, cells });
        registers
    }

    /// The loops. `iterator` holds the iterator of the first one.
    pub(super) fn generators(
        &mut self,
        generators: &'a [Comprehension],
        iterator: Option<u16>,
        element: Element<'a>,
        result: u16,
        range: TextRange,
    ) -> Result<()> {
        let Some((generator, others)) = generators.split_first() else {
            return self.element(element, result, range);
        };
        let mark = self.unit.depth;
        if iterator.is_none()
            && !generator.is_async
            && let Some(single) = single_element(&generator.iter)
        {
            // `for y in [x]` is an assignment.
            let skip = self.unit.label();
            let value = self.expr_temp(single)?;
            self.store(&generator.target, value)?;
            for condition in &generator.ifs {
                self.branch(condition, skip, false)?;
            }
            self.generators(others, None, element, result, range)?;
            self.unit.place(skip);
            self.unit.release(mark);
            return Ok(());
        }
        let iterator = match iterator {
            Some(iterator) => iterator,
            None if generator.is_async => self.async_iterator(&generator.iter)?,
            None => self.iterator(&generator.iter)?,
        };
        let again = self.unit.label();
        let skip = self.unit.label();
        let exhausted = self.unit.label();
        self.place_loop_head(again);
        self.at(generator.iter.range());
        if generator.is_async {
            let range = generator.iter.range();
            self.async_for_iter(iterator, exhausted, &generator.target, range)?;
        } else {
            self.for_iter(iterator, exhausted, &generator.target)?;
        }
        for condition in &generator.ifs {
            self.branch(condition, skip, false)?;
        }
        self.generators(others, None, element, result, range)?;
        self.unit.place(skip);
        self.at(range);
        self.unit.jump_op(Op::JumpBackward, 0, again);
        self.unit.place(exhausted);
        if generator.is_async {
            self.unit.emit(Op::EndAsyncFor, iterator as u32, 0, 0);
        }
        self.unit.release(mark);
        Ok(())
    }

    fn element(&mut self, element: Element<'a>, result: u16, range: TextRange) -> Result<()> {
        let mark = self.unit.depth;
        match element {
            Element::List(e) | Element::Set(e) => {
                let op = if matches!(element, Element::List(_)) { Op::ListAppend } else { Op::SetAdd };
                let value = self.expr(e, None)?;
                self.at(e.range());
                let value = self.take_operand(value);
                self.unit.emit(op, result as u32, value, 0);
            }
            Element::Dict(key, value) => {
                let range = key.range().cover(value.range());
                let key_operand = self.expr_stable(key)?;
                let value = self.expr(value, None)?;
                self.at(range);
                let (key, value) = (self.take_operand(key_operand), self.take_operand(value));
                self.unit.emit(Op::MapAdd, result as u32, key, value);
            }
            Element::Test(e, label, when) => {
                self.unit.tested_at = mark;
                self.branch(e, label, when)?;
            }
            Element::Fold(e, consumer) => {
                let value = self.expr(e, None)?;
                self.at(e.range());
                let value = self.take_operand(value);
                self.unit.emit(Op::Fold, result as u32, value, consumer as u32);
            }
            Element::Yield(e) => {
                let value = self.expr(e, None)?;
                let sent = self.emit_yield(value, mark, e.range(), None)?;
                self.drop_operand(sent, None);
            }
        }
        let _ = range;
        self.unit.release(mark);
        Ok(())
    }

    /// A comprehension with code of its own: generator expressions, and comprehensions in
    /// annotation scopes of classes.
    fn comprehension_function(
        &mut self,
        id: ScopeId,
        element: Element<'a>,
        generators: &'a [Comprehension],
        range: TextRange,
        dst: Option<u16>,
    ) -> Result<Operand> {
        let mark = self.unit.depth;
        let base = self.unit.temps(2);
        let first = &generators[0];
        if first.is_async {
            self.async_iterator(&first.iter)?;
        } else {
            self.iterator(&first.iter)?;
        }
        let table = self.table;
        let scope = &table.scopes[id];
        self.at(range);
        let line = self.source.line(range.start());
        self.enter_unit(id, &scope.name, line);
        self.at(range);
        self.unit.argcount = 1;
        let generator = matches!(element, Element::Yield(_));
        self.unit.flags |= match (generator, scope.is_coroutine) {
            (true, false) => flags::CO_GENERATOR,
            (true, true) => flags::CO_ASYNC_GENERATOR,
            (false, true) => flags::CO_COROUTINE,
            (false, false) => 0,
        };
        self.prologue();
        self.push_block(Block::TryExcept);
        if generator {
            self.generators(generators, Some(0), element, 0, range)?;
            self.pop_block();
            self.return_none();
        } else {
            let result = self.unit.temp();
            let build = match element {
                Element::Set(_) => Op::BuildSet,
                Element::Dict(..) => Op::BuildMap,
                _ => Op::BuildList,
            };
            self.unit.emit(build, result as u32, result as u32, 0);
            self.generators(generators, Some(0), element, result, range)?;
            self.pop_block();
            self.unit.emit_final(Op::ReturnValue, result as u32, 0, 0);
        }
        let code = self.leave_unit()?;
        self.at(range);
        self.make_function(code, base);
        let awaited = !generator && scope.is_coroutine;
        self.unit.release(mark);
        let d = if awaited { self.unit.temp() } else { self.dest(dst) };
        self.unit.emit(Op::Call, base as u32, 1, d as u32);
        if awaited {
            self.unit.release(mark);
            let value = Operand { reg: d, residue: Residue::Object };
            return self.await_operand(value, 0, dst);
        }
        Ok(self.result(d, dst, Residue::Object))
    }
}

/// The element of a display of one.
fn single_element(e: &Expr) -> Option<&Expr> {
    let elts = match e {
        Expr::List(l) => &l.elts,
        Expr::Tuple(t) => &t.elts,
        _ => return None,
    };
    match &elts[..] {
        [single] if !single.is_starred_expr() => Some(single),
        _ => None,
    }
}
