//! Generator expressions that the call around them consumes at once: `any(… for …)` and its like.
//!
//! Beside the ordinary call stands a loop in the caller's code, which makes the result itself, without function, generator and frame.
//! `IS_BUILTIN` decides between the two each time: the loop is taken if the callable is the built-in one and nobody watches.
//! In the loop names mean what they mean in the expression's own code; variables of the function around it are cells for both.

use ruff_python_ast::{self as ast, Expr};
use ruff_text_size::{Ranged, TextRange};
use taipan_bytecode::{Const, Consumer, Instr, Op};

use super::comprehension::Element;
use super::{Compiler, Operand};
use crate::symbols::{Role, ScopeId, ScopeKind};
use crate::syntax_error::Result;

/// Names that tell whether there is a frame of its own.
const REVEALING: [&str; 8] = ["locals", "vars", "dir", "eval", "exec", "super", "__class__", "_getframe"];

/// A call that consumes a generator expression.
pub(crate) struct Consumption<'a> {
    consumer: Consumer,
    generator: &'a ast::ExprGenerator,
    scope: ScopeId,
}

impl<'a> Compiler<'a> {
    /// Whether the call may be made into a loop.
    pub(crate) fn consumption(&self, c: &'a ast::ExprCall) -> Option<Consumption<'a>> {
        let ([Expr::Generator(generator)], true) = (&c.arguments.args[..], c.arguments.keywords.is_empty())
        else {
            return None;
        };
        let consumer = match &*c.func {
            Expr::Name(name) => Consumer::of_name(&name.id)?,
            Expr::Attribute(a) if a.attr.as_str() == "join" && self.super_call(&a.value).is_none() => {
                Consumer::Join
            }
            _ => return None,
        };
        if consumer == Consumer::Dict && pair(&generator.elt).is_none() {
            return None;
        }
        let host = self.scope();
        if !matches!(host.kind, ScopeKind::Function | ScopeKind::Lambda | ScopeKind::Generator)
            || host.can_see_class_scope
        {
            return None;
        }
        let scope = self.table.scope_of(generator, Role::Body)?;
        let reveals = |name: &&str| self.table.lookup(name).is_some_and(|sym| self.mentions(scope, sym));
        if self.table.scopes[scope].is_coroutine
            || !self.is_all_inlined(scope)
            || REVEALING.iter().any(reveals)
        {
            return None;
        }
        Some(Consumption { consumer, generator, scope })
    }

    fn mentions(&self, scope: ScopeId, sym: crate::symbols::Sym) -> bool {
        let scope = &self.table.scopes[scope];
        scope.symbol(sym).is_some() || scope.children.iter().any(|child| self.mentions(*child, sym))
    }

    /// Whether everything inside is part of the scope's own code.
    fn is_all_inlined(&self, scope: ScopeId) -> bool {
        self.table.scopes[scope].children.iter().all(|child| {
            let inner = &self.table.scopes[*child];
            inner.inlined && !inner.is_coroutine && self.is_all_inlined(*child)
        })
    }

    /// The two ways, and the choice between them.
    pub(crate) fn consume(
        &mut self,
        consumption: &Consumption<'a>,
        c: &'a ast::ExprCall,
        range: TextRange,
        dst: Option<u16>,
    ) -> Result<Operand> {
        let (base, method) = self.callee_or_method(&c.func)?;
        let mark = self.unit.depth;
        let result = dst.unwrap_or(base);
        let (ordinary, end) = (self.unit.label(), self.unit.label());
        self.at(range);
        let is_builtin = self.unit.temp();
        self.unit.emit(Op::IsBuiltin, is_builtin as u32, base as u32, consumption.consumer as u32);
        self.unit.jump_op(Op::PopJumpIfFalse, is_builtin, ordinary);
        self.unit.release(mark);
        let collected = self.consume_here(consumption, base, method, range, result)?;
        self.unit.jump(end);
        // Where CPython has no generator either, the call is where its function is named.
        let inlined = matches!(consumption.consumer, Consumer::Any | Consumer::All | Consumer::Tuple);
        let place = if inlined { c.func.range() } else { range };
        let left = self.stop_handler(mark, collected, place);
        self.unit.place(ordinary);
        self.unit.release(mark);
        let here = self.unit.here() as usize;
        let operand = self.finish_call(base, method, 0, &c.arguments, range, dst)?;
        if let Some(left) = left {
            self.name_generator(left, here, consumption.generator);
        }
        self.unit.place(end);
        Ok(operand)
    }

    /// Lets `STOP_TO_ERROR` at `left` know the code that the instructions from `here` on make the generator of.
    fn name_generator(&mut self, left: usize, here: usize, generator: &ast::ExprGenerator) {
        let position = self.source.position(self.generator_range(generator));
        let makes = |i: &usize| {
            self.unit.instrs[*i].op() == Some(Op::MakeFunction)
                && self.unit.instrs[i - 1].op() != Some(Op::ExtendedArg)
                && self.unit.positions[*i] == position
        };
        if let Some(made) = (here..self.unit.instrs.len()).rfind(makes) {
            let (instr, code) = (self.unit.instrs[left], self.unit.instrs[made].b());
            self.unit.instrs[left] = Instr::new(Op::StopToError, instr.a(), code, instr.c());
        }
    }

    /// The loop, its result in `to`; gives the register where it is collected.
    fn consume_here(
        &mut self,
        consumption: &Consumption<'a>,
        base: u16,
        method: bool,
        range: TextRange,
        to: u16,
    ) -> Result<u16> {
        let Consumption { consumer, generator, scope } = *consumption;
        let call_range = range;
        let range = self.generator_range(generator);
        let mark = self.unit.depth;
        let result = self.unit.temps(2);
        let generators = &generator.generators;
        let iterator = self.iterator(&generators[0].iter)?;
        self.at(range);
        let elt = &*generator.elt;
        let found = self.unit.label();
        let element = match consumer {
            Consumer::Any => Element::Test(elt, found, true),
            Consumer::All => Element::Test(elt, found, false),
            Consumer::Sum | Consumer::Min | Consumer::Max => Element::Fold(elt, consumer),
            Consumer::Set => Element::Set(elt),
            Consumer::Dict => match pair(elt) {
                Some((key, value)) => Element::Dict(key, value),
                None => return self.error("a pair was expected", range),
            },
            Consumer::List | Consumer::Tuple | Consumer::Sorted | Consumer::Join => Element::List(elt),
        };
        match element {
            Element::List(_) => self.unit.emit(Op::BuildList, result as u32, result as u32, 0),
            Element::Set(_) => self.unit.emit(Op::BuildSet, result as u32, result as u32, 0),
            Element::Dict(..) => self.unit.emit(Op::BuildMap, result as u32, result as u32, 0),
            Element::Fold(..) => {
                self.unit.emit(Op::Drop, result as u32 + 1, 0, 0);
                match consumer {
                    Consumer::Sum => drop(self.load_const(Const::Int(0), Some(result))),
                    _ => self.unit.emit(Op::Drop, result as u32, 0, 0),
                }
            }
            Element::Test(..) | Element::Yield(_) => {}
        }
        let registers = self.enter_comprehension(scope);
        let handler = self.unit.label();
        let deleted = self.deleted_registers();
        self.unit.stop_handlers.push((handler, self.unit.depth));
        self.unit.push_handler(handler, false, &deleted);
        self.generators(generators, Some(iterator), element, result, range)?;
        self.unit.pop_handler();
        self.unit.comprehensions.pop();
        if let Element::Test(_, _, when) = element {
            let done = self.unit.label();
            self.at(range);
            self.load_const(truth(!when), Some(result));
            self.unit.jump(done);
            self.unit.place(found);
            if self.unit.is_reachable() {
                // The iterators of all loops, and what else they hold.
                for register in u32::from(iterator)..self.unit.tested_at.max(u32::from(iterator)) {
                    self.unit.emit(Op::Drop, register, 0, 0);
                }
                self.load_const(truth(when), Some(result));
            }
            self.unit.place(done);
        }
        for register in registers {
            self.unit.emit(Op::Drop, register as u32, 0, 0);
            self.mark_unbound(register);
        }
        self.at(call_range);
        match consumer {
            Consumer::Sorted | Consumer::Join => {
                self.unit.emit(Op::Move, base as u32 + 2, result as u32, 0);
                let op = if method { Op::CallMethod } else { Op::Call };
                self.unit.emit(op, base as u32, 1, to as u32);
            }
            Consumer::Tuple => {
                self.unit.emit(Op::ListToTuple, to as u32, result as u32, 0);
                self.unit.emit(Op::Drop, result as u32, 0, 0);
            }
            Consumer::Sum | Consumer::Min | Consumer::Max => {
                self.unit.emit(Op::FoldEnd, result as u32, consumer as u32, 0);
                self.unit.emit(Op::Move, to as u32, result as u32, 0);
            }
            _ => self.unit.emit(Op::Move, to as u32, result as u32, 0),
        }
        if to != base && !matches!(consumer, Consumer::Sorted | Consumer::Join) {
            self.unit.emit(Op::Drop, base as u32, 0, 0);
        }
        self.unit.release(mark);
        Ok(result)
    }

    /// Where an exception leaves the loop as it would leave a generator: the place of `STOP_TO_ERROR`.
    fn stop_handler(&mut self, mark: u32, collected: u16, range: TextRange) -> Option<usize> {
        let (label, depth) = self.unit.stop_handlers.pop()?;
        if !self.unit.is_jumped_to(label) {
            return None;
        }
        self.unit.place(label);
        while self.unit.depth < depth {
            self.unit.temp();
        }
        let saved = self.unit.temp();
        let exception = self.unit.temp();
        self.unit.position.line = 0;
        self.unit.emit(Op::PushExcInfo, saved as u32, exception as u32, 0);
        self.unit.emit(Op::PopExcept, saved as u32, 0, 0);
        self.at(range);
        // Until the code is known: no code.
        let unknown = self.unit.constant(Const::None).min(u16::MAX.into());
        let left = self.unit.here() as usize;
        self.unit.emit(Op::StopToError, exception as u32, unknown, collected as u32);
        self.unit.position.line = 0;
        self.unit.emit_final(Op::Reraise, exception as u32, 0, 0);
        self.unit.release(mark);
        Some(left)
    }
}

fn truth(value: bool) -> Const {
    if value { Const::True } else { Const::False }
}

/// Key and value of a display of two.
fn pair(e: &Expr) -> Option<(&Expr, &Expr)> {
    match e {
        Expr::Tuple(t) => match &t.elts[..] {
            [key, value] if !key.is_starred_expr() && !value.is_starred_expr() => Some((key, value)),
            _ => None,
        },
        _ => None,
    }
}
