//! Expressions: operators, attributes, items, displays, conditional and named expressions.

use ruff_python_ast::{self as ast, BoolOp, Expr, Operator, UnaryOp};
use ruff_text_size::{Ranged, TextRange};
use taipan_bytecode::{Const, Op, SuperFlags};

use super::names::Storage;
use super::{Compiler, Operand, Residue};
use crate::optimize::fold;
use crate::symbols::{Resolution, Role};
use crate::syntax_error::Result;
use crate::unit::Label;

/// Displays with more elements are built step by step.
const MAX_DISPLAY: usize = 60;

impl<'a> Compiler<'a> {
    /// Evaluates an expression: see the module's documentation.
    pub(crate) fn expr(&mut self, e: &'a Expr, dst: Option<u16>) -> Result<Operand> {
        if matches!(
            e,
            Expr::NumberLiteral(_)
                | Expr::StringLiteral(_)
                | Expr::BytesLiteral(_)
                | Expr::BooleanLiteral(_)
                | Expr::NoneLiteral(_)
                | Expr::EllipsisLiteral(_)
                | Expr::UnaryOp(_)
                | Expr::BinOp(_)
                | Expr::Tuple(_)
                | Expr::Set(_)
        ) && let Some(value) = self.fold(e)
        {
            self.at(e.range());
            return Ok(self.load_const(value, dst));
        }
        match e {
            Expr::Name(n) => {
                self.at(n.range);
                if n.id.as_str() == "__debug__" {
                    let value = if self.options.optimize == 0 { Const::True } else { Const::False };
                    return Ok(self.load_const(value, dst));
                }
                Ok(self.load_name(&n.id, dst))
            }
            Expr::BinOp(b) => self.binary(b, dst),
            Expr::UnaryOp(u) => self.unary(u, dst),
            Expr::BoolOp(b) => self.bool_op(b, dst),
            Expr::Compare(c) => self.compare(c, dst),
            Expr::Call(c) => self.call(c, dst),
            Expr::Attribute(a) => self.attribute(a, dst),
            Expr::Subscript(s) => self.subscript(s, dst),
            Expr::If(i) => self.conditional(i, dst),
            Expr::Named(n) => self.named(n, dst),
            Expr::Tuple(t) => self.sequence(&t.elts, Op::BuildTuple, e, dst),
            Expr::List(l) => self.sequence(&l.elts, Op::BuildList, e, dst),
            Expr::Set(s) => self.sequence(&s.elts, Op::BuildSet, e, dst),
            Expr::Dict(d) => self.dict(d, dst),
            Expr::Lambda(l) => self.lambda(l, dst),
            Expr::ListComp(c) => {
                let id = self.table.scope_of(c, Role::Body);
                self.list_comprehension(c, id, dst)
            }
            Expr::SetComp(c) => {
                let id = self.table.scope_of(c, Role::Body);
                self.set_comprehension(c, id, dst)
            }
            Expr::DictComp(c) => {
                let id = self.table.scope_of(c, Role::Body);
                self.dict_comprehension(c, id, dst)
            }
            Expr::Generator(c) => self.generator_expression(c, dst),
            Expr::Await(a) => self.await_expression(a, dst),
            Expr::Yield(y) => self.yield_expression(y, dst),
            Expr::YieldFrom(y) => self.yield_from(y, dst),
            Expr::FString(f) => self.f_string(f, dst),
            Expr::TString(t) => self.t_string(t, dst),
            Expr::Slice(s) => self.slice(s, dst),
            Expr::Starred(s) => self.error("can't use starred expression here", s.range),
            Expr::IpyEscapeCommand(c) => self.error("invalid syntax", c.range),
            Expr::NumberLiteral(_)
            | Expr::StringLiteral(_)
            | Expr::BytesLiteral(_)
            | Expr::BooleanLiteral(_)
            | Expr::NoneLiteral(_)
            | Expr::EllipsisLiteral(_) => self.error("invalid constant", e.range()),
        }
    }

    /// Moves a result to the destination asked for.
    pub(crate) fn deliver(&mut self, operand: Operand, dst: Option<u16>) -> Operand {
        match dst {
            Some(d) if d != operand.reg => {
                let op = if operand.is_temp() { Op::Move } else { Op::Copy };
                self.unit.emit(op, d as u32, operand.reg as u32, 0);
                if operand.is_temp() {
                    self.unit.release(operand.reg as u32);
                }
                Operand { reg: d, residue: Residue::InPlace }
            }
            _ => operand,
        }
    }

    /// Evaluates for effect only.
    pub(crate) fn expr_discard(&mut self, e: &'a Expr) -> Result<()> {
        let mark = self.unit.depth;
        let operand = self.expr(e, None)?;
        self.drop_operand(operand, None);
        self.unit.release(mark);
        Ok(())
    }

    // --- operators ---

    fn binary(&mut self, b: &'a ast::ExprBinOp, dst: Option<u16>) -> Result<Operand> {
        let mark = self.unit.depth;
        let left = self.expr_stable(&b.left)?;
        if let Some((op, imm)) = self.immediate(b.op, &b.right) {
            self.unit.release(mark);
            let d = self.dest(dst);
            self.at(b.range);
            self.unit.emit(op, d as u32, left.reg as u32, imm as u16 as u32);
            self.drop_object(left, Some(d));
            return Ok(self.result(d, dst, Residue::Arithmetic));
        }
        let right = self.expr(&b.right, None)?;
        self.unit.release(mark);
        let d = self.dest(dst);
        self.at(b.range);
        self.unit.emit(binary_op(b.op), d as u32, left.reg as u32, right.reg as u32);
        self.drop_object(left, Some(d));
        self.drop_object(right, Some(d));
        Ok(self.result(d, dst, Residue::Arithmetic))
    }

    /// An instruction with an immediate for a small integer on the right.
    pub(crate) fn immediate(&self, op: Operator, right: &Expr) -> Option<(Op, i16)> {
        let op = match op {
            Operator::Add => Op::AddImm,
            Operator::Sub => Op::SubImm,
            Operator::Mult => Op::MulImm,
            Operator::FloorDiv => Op::FloorDivImm,
            Operator::Mod => Op::ModImm,
            Operator::Pow => Op::PowImm,
            Operator::LShift => Op::LShiftImm,
            Operator::RShift => Op::RShiftImm,
            Operator::BitAnd => Op::AndImm,
            _ => return None,
        };
        self.small_int(right).map(|i| (op, i))
    }

    /// The value of a small integer constant.
    pub(crate) fn small_int(&self, e: &Expr) -> Option<i16> {
        if !matches!(e, Expr::NumberLiteral(_) | Expr::UnaryOp(_) | Expr::BinOp(_)) {
            return None;
        }
        match self.fold(e) {
            Some(Const::Int(i)) => i16::try_from(i).ok(),
            _ => None,
        }
    }

    fn unary(&mut self, u: &'a ast::ExprUnaryOp, dst: Option<u16>) -> Result<Operand> {
        let mark = self.unit.depth;
        let value = self.expr(&u.operand, None)?;
        self.unit.release(mark);
        let d = self.dest(dst);
        self.at(u.range);
        let op = match u.op {
            UnaryOp::Invert => Op::Invert,
            UnaryOp::Not => Op::Not,
            UnaryOp::UAdd => Op::Pos,
            UnaryOp::USub => Op::Neg,
        };
        self.unit.emit(op, d as u32, value.reg as u32, 0);
        self.drop_object(value, Some(d));
        let residue = if u.op == UnaryOp::Not { Residue::Plain } else { Residue::Arithmetic };
        Ok(self.result(d, dst, residue))
    }

    fn bool_op(&mut self, b: &'a ast::ExprBoolOp, dst: Option<u16>) -> Result<Operand> {
        let mark = self.unit.depth;
        let end = self.unit.label();
        let mut residue = Residue::Plain;
        let mut decided = false;
        for (i, value) in b.values.iter().enumerate() {
            let last = i + 1 == b.values.len();
            if !last && let Some(constant) = self.fold(value) {
                // `False and x` and `1 or x` end here, `True and x` is x.
                if fold::truth(&constant) == (b.op == BoolOp::And) {
                    continue;
                }
                self.load_const(constant, None);
                decided = true;
            }
            if decided {
                break;
            }
            if last {
                residue = either(residue, self.expr_temp(value)?.residue);
            } else {
                residue = either(residue, self.bool_part(value, b.op, end)?);
            }
        }
        self.unit.place(end);
        let result = Operand { reg: mark as u16, residue };
        Ok(self.deliver(result, dst))
    }

    /// Evaluates an operand that is not the last one into the next temporary, and jumps to `decided` with it if it is the result of
    /// `op`. What is left of it otherwise is overwritten. The truth of each value is asked for once.
    fn bool_part(&mut self, value: &'a Expr, op: BoolOp, decided: Label) -> Result<Residue> {
        if let Expr::BoolOp(inner) = value
            && self.fold(value).is_none()
            && let Some((last, firsts)) = inner.values.split_last()
        {
            let next = self.unit.label();
            let mut residue = Residue::Plain;
            for part in firsts {
                // What decides the inner operator alike decides the outer one.
                let target = if inner.op == op { decided } else { next };
                residue = either(residue, self.bool_part(part, inner.op, target)?);
            }
            residue = either(residue, self.bool_part(last, op, decided)?);
            self.unit.place(next);
            return Ok(residue);
        }
        let mark = self.unit.depth;
        let operand = self.expr_temp(value)?;
        self.at(value.range());
        let jump = if op == BoolOp::And { Op::JumpIfFalse } else { Op::JumpIfTrue };
        self.unit.jump_op(jump, operand.reg, decided);
        self.unit.release(mark);
        Ok(operand.residue)
    }

    fn conditional(&mut self, i: &'a ast::ExprIf, dst: Option<u16>) -> Result<Operand> {
        if let Some(value) = self.fold(&i.test) {
            let chosen = if fold::truth(&value) { &i.body } else { &i.orelse };
            return self.expr(chosen, dst);
        }
        let mark = self.unit.depth;
        let otherwise = self.unit.label();
        let end = self.unit.label();
        self.branch(&i.test, otherwise, false)?;
        self.unit.release(mark);
        let mut residue = Residue::Plain;
        for (n, e) in [&i.body, &i.orelse].into_iter().enumerate() {
            let operand = match dst {
                Some(_) => self.expr(e, dst)?,
                None => self.expr_temp(e)?,
            };
            if operand.residue != Residue::Plain {
                residue = if residue == Residue::Object { residue } else { operand.residue };
            }
            self.unit.release(mark);
            if n == 0 {
                self.unit.jump(end);
                self.unit.place(otherwise);
            }
        }
        self.unit.place(end);
        let d = self.dest(dst);
        Ok(self.result(d, dst, residue))
    }

    fn named(&mut self, n: &'a ast::ExprNamed, dst: Option<u16>) -> Result<Operand> {
        let Expr::Name(target) = &*n.target else {
            return self.error("cannot use assignment expressions with expression", n.target.range());
        };
        if let Some(register) = self.local_register(&target.id) {
            self.expr(&n.value, Some(register))?;
            self.mark_bound(register);
            let operand = Operand { reg: register, residue: Residue::InPlace };
            return Ok(self.deliver(operand, dst));
        }
        let value = self.expr_temp(&n.value)?;
        self.at(n.range);
        let copy = Operand { reg: value.reg, residue: Residue::InPlace };
        self.store_name(&target.id, copy);
        Ok(self.deliver(value, dst))
    }

    // --- attributes and items ---

    fn attribute(&mut self, a: &'a ast::ExprAttribute, dst: Option<u16>) -> Result<Operand> {
        if let Some(explicit) = self.super_call(&a.value) {
            let base = self.load_super(&a.value, explicit)?;
            self.at(a.range);
            let n = self.name_index(&a.attr);
            self.unit.emit(Op::LoadSuperAttr, SuperFlags::of(explicit, false).into(), base as u32, n);
            self.unit.release(base as u32 + 1);
            return Ok(self.deliver(Operand { reg: base, residue: Residue::Object }, dst));
        }
        let mark = self.unit.depth;
        let object = self.expr(&a.value, None)?;
        self.unit.release(mark);
        let d = self.dest(dst);
        self.at_attribute(a);
        let n = self.name_index(&a.attr);
        self.unit.emit(Op::LoadAttr, d as u32, object.reg as u32, n);
        self.drop_operand(object, Some(d));
        Ok(self.result(d, dst, Residue::Object))
    }

    /// The position of an attribute access: its own line if the expression spans several.
    pub(crate) fn at_attribute(&mut self, a: &ast::ExprAttribute) {
        self.at(a.range);
        let (line, column) = self.source.line_and_column(a.attr.range.start());
        let position = &mut self.unit.position;
        if position.line != line {
            position.line = line;
            position.col = column;
        }
    }

    /// Whether `e` is a call of the builtin `super` that can be done without making the object:
    /// Some(true) with explicit arguments, Some(false) without.
    pub(crate) fn super_call(&self, e: &Expr) -> Option<bool> {
        let Expr::Call(call) = e else { return None };
        let Expr::Name(name) = &*call.func else { return None };
        if name.id.as_str() != "super" || !call.arguments.keywords.is_empty() {
            return None;
        }
        let scope = self.scope();
        if !scope.kind.is_function_like() || !self.unit.comprehensions.is_empty() {
            return None;
        }
        if self.storage(self.sym("super")?) != Storage::Global
            || scope.symbol(self.sym("super")?).map(|s| s.resolution) != Some(Resolution::GlobalImplicit)
        {
            return None;
        }
        match &call.arguments.args[..] {
            [] => {
                let class = self.table.lookup("__class__")?;
                let has_class = scope.symbol(class).is_some_and(|s| s.resolution == Resolution::Free);
                (has_class && self.unit.argcount > 0).then_some(false)
            }
            [class, object] if !class.is_starred_expr() && !object.is_starred_expr() => Some(true),
            _ => None,
        }
    }

    /// Loads super, class and self for the LOAD_SUPER instructions.
    pub(crate) fn load_super(&mut self, e: &'a Expr, explicit: bool) -> Result<u16> {
        let Expr::Call(call) = e else { return self.error("invalid syntax", e.range()) };
        let base = self.expr_temp(&call.func)?.reg;
        if explicit {
            for argument in &call.arguments.args {
                self.expr_temp(argument)?;
            }
        } else {
            self.at(call.range());
            if let Some(class) = self.table.lookup("__class__") {
                let operand = self.load_sym(class, None);
                self.into_temp(operand);
            }
            // The first parameter, in its cell if it is captured.
            let first = self.scope().params[0];
            let operand = self.load_sym(first, None);
            self.into_temp(operand);
        }
        Ok(base)
    }

    /// Copies a local used in place to the next temporary.
    pub(crate) fn into_temp(&mut self, operand: Operand) -> Operand {
        if operand.is_temp() {
            return operand;
        }
        let t = self.unit.temp();
        self.unit.emit(Op::Copy, t as u32, operand.reg as u32, 0);
        Operand { reg: t, residue: Residue::Object }
    }

    fn subscript(&mut self, s: &'a ast::ExprSubscript, dst: Option<u16>) -> Result<Operand> {
        self.check_subscript(s);
        let mark = self.unit.depth;
        let container = self.expr_stable(&s.value)?;
        let (op, index) = if let Some(i) = self.small_int(&s.slice) {
            (Op::SubscrImm, Err(i))
        } else if let Some((lower, upper)) = self.two_bounds(&s.slice) {
            (Op::BinarySlice, Ok(self.bounds(lower, upper)?))
        } else {
            (Op::Subscr, Ok(self.expr(&s.slice, None)?))
        };
        self.unit.release(mark);
        let d = self.dest(dst);
        self.at(s.range);
        let third = match index {
            Ok(operand) => operand.reg as u32,
            Err(i) => i as u16 as u32,
        };
        self.unit.emit(op, d as u32, container.reg as u32, third);
        self.drop_operand(container, Some(d));
        if let (Op::Subscr, Ok(operand)) = (op, index) {
            self.drop_object(operand, Some(d));
        }
        Ok(self.result(d, dst, Residue::Object))
    }

    /// The bounds of a slice without step that is not constant.
    #[allow(clippy::type_complexity)]
    pub(crate) fn two_bounds(&self, e: &'a Expr) -> Option<(Option<&'a Expr>, Option<&'a Expr>)> {
        let Expr::Slice(s) = e else { return None };
        (s.step.is_none() && self.constant_slice(s).is_none())
            .then_some((s.lower.as_deref(), s.upper.as_deref()))
    }

    /// Evaluates two bounds into consecutive temporaries.
    pub(crate) fn bounds(&mut self, lower: Option<&'a Expr>, upper: Option<&'a Expr>) -> Result<Operand> {
        let first = self.unit.depth as u16;
        for bound in [lower, upper] {
            match bound {
                Some(e) => self.expr_temp(e)?,
                None => self.load_const(Const::None, None),
            };
        }
        Ok(Operand { reg: first, residue: Residue::Plain })
    }

    fn constant_slice(&self, s: &ast::ExprSlice) -> Option<Const> {
        let part = |e: &Option<Box<Expr>>| match e {
            Some(e) => match self.fold(e)? {
                value @ (Const::None | Const::Int(_)) => Some(value),
                _ => None,
            },
            None => Some(Const::None),
        };
        Some(Const::Slice(Box::new([part(&s.lower)?, part(&s.upper)?, part(&s.step)?])))
    }

    fn slice(&mut self, s: &'a ast::ExprSlice, dst: Option<u16>) -> Result<Operand> {
        if let Some(value) = self.constant_slice(s) {
            self.at(s.range);
            return Ok(self.load_const(value, dst));
        }
        let mark = self.unit.depth;
        let first = self.bounds(s.lower.as_deref(), s.upper.as_deref())?.reg;
        let mut count = 2;
        if let Some(step) = &s.step {
            self.expr_temp(step)?;
            count = 3;
        }
        self.unit.release(mark);
        let d = self.dest(dst);
        self.at(s.range);
        self.unit.emit(Op::BuildSlice, d as u32, first as u32, count);
        Ok(self.result(d, dst, Residue::Object))
    }

    // --- displays ---

    /// A tuple, list or set display.
    pub(crate) fn sequence(
        &mut self,
        elts: &'a [Expr],
        build: Op,
        e: &Expr,
        dst: Option<u16>,
    ) -> Result<Operand> {
        let mark = self.unit.depth;
        let starred = elts.iter().any(|e| e.is_starred_expr());
        if elts.len() >= 3 && !starred && build != Op::BuildTuple {
            // A display of constants: extended from one constant.
            if let Some(values) = fold::fold_all(self.source, self.options.optimize == 0, elts) {
                self.at(e.range());
                let t = self.unit.temp();
                self.unit.emit(build, t as u32, t as u32, 0);
                let (constant, extend) = if build == Op::BuildList {
                    (Const::Tuple(values), Op::ListExtend)
                } else {
                    (Const::FrozenSet(unique(values)), Op::SetUpdate)
                };
                let k = self.load_const(constant, None);
                self.unit.emit(extend, t as u32, k.reg as u32, 0);
                self.unit.release(mark + 1);
                return Ok(self.deliver(Operand { reg: t, residue: Residue::Object }, dst));
            }
        }
        if !starred && elts.len() <= MAX_DISPLAY {
            for element in elts {
                self.expr_temp(element)?;
            }
            self.unit.release(mark);
            let d = self.dest(dst);
            self.at(e.range());
            let count = elts.len() as u32;
            self.unit.emit(build, d as u32, mark, count);
            if count == 0 {
                return Ok(self.result(d, dst, Residue::Object));
            }
            return Ok(self.result(d, dst, Residue::Object));
        }
        if build == Op::BuildTuple && self.tuple_spread(elts)? {
            self.unit.release(mark);
            let d = self.dest(dst);
            self.at(e.range());
            self.unit.emit(Op::BuildTupleSpread, d as u32, mark, elts.len() as u32 - 1);
            return Ok(self.result(d, dst, Residue::Object));
        }
        let result = self.unpacked_sequence(
            elts.iter(),
            if build == Op::BuildSet { build } else { Op::BuildList },
            e.range(),
        )?;
        self.at(e.range());
        if build == Op::BuildTuple {
            self.unit.release(mark);
            let d = self.dest(dst);
            self.unit.emit(Op::ListToTuple, d as u32, result.reg as u32, 0);
            self.drop_operand(result, Some(d));
            return Ok(self.result(d, dst, Residue::Object));
        }
        Ok(self.deliver(result, dst))
    }

    /// Whether only the last element is starred: then they are in registers of their own now, as `BUILD_TUPLE_SPREAD` has them.
    pub(crate) fn tuple_spread(&mut self, elts: &'a [Expr]) -> Result<bool> {
        let Some((Expr::Starred(last), before)) = elts.split_last() else { return Ok(false) };
        if before.len() > MAX_DISPLAY || before.iter().any(|e| e.is_starred_expr()) {
            return Ok(false);
        }
        for element in before {
            self.expr_temp(element)?;
        }
        self.expr_temp(&last.value)?;
        Ok(true)
    }

    /// Builds a list or set step by step from elements that may be starred. What fails is at the whole display, as in CPython.
    pub(crate) fn unpacked_sequence(
        &mut self,
        elts: impl Iterator<Item = &'a Expr>,
        build: Op,
        range: TextRange,
    ) -> Result<Operand> {
        let t = self.unit.depth as u16;
        let (append, extend) = if build == Op::BuildSet {
            (Op::SetAdd, Op::SetUpdate)
        } else {
            (Op::ListAppend, Op::ListExtend)
        };
        let mut built = false;
        for element in elts {
            if !built && (element.is_starred_expr() || self.unit.depth - t as u32 >= 4) {
                self.build_from(t, build);
                built = true;
            }
            let mark = self.unit.depth;
            match element {
                Expr::Starred(s) => {
                    let value = self.expr(&s.value, None)?;
                    self.at(range);
                    self.unit.emit(extend, t as u32, value.reg as u32, 0);
                    self.drop_operand(value, None);
                    self.unit.release(mark);
                }
                _ if built => {
                    let value = self.expr(element, None)?;
                    self.at(range);
                    let operand = self.take_operand(value);
                    self.unit.emit(append, t as u32, operand, 0);
                    self.unit.release(mark);
                }
                _ => {
                    self.expr_temp(element)?;
                }
            }
        }
        if !built {
            self.build_from(t, build);
        }
        Ok(Operand { reg: t, residue: Residue::Object })
    }

    fn build_from(&mut self, first: u16, build: Op) {
        let count = self.unit.depth - first as u32;
        self.unit.emit(build, first as u32, first as u32, count);
        self.unit.release(first as u32);
        self.unit.temp();
    }

    fn dict(&mut self, d: &'a ast::ExprDict, dst: Option<u16>) -> Result<Operand> {
        let mark = self.unit.depth;
        let plain = d.items.iter().all(|item| item.key.is_some());
        if plain && d.items.len() <= MAX_DISPLAY / 2 {
            for item in &d.items {
                if let Some(key) = &item.key {
                    self.expr_temp(key)?;
                }
                self.expr_temp(&item.value)?;
            }
            self.unit.release(mark);
            let register = self.dest(dst);
            self.at(d.range);
            self.unit.emit(Op::BuildMap, register as u32, mark, d.items.len() as u32);
            return Ok(self.result(register, dst, Residue::Object));
        }
        let t = self.unit.temp();
        self.at(d.range);
        self.unit.emit(Op::BuildMap, t as u32, t as u32, 0);
        for item in &d.items {
            let mark = self.unit.depth;
            match &item.key {
                Some(key) => {
                    let key = self.expr_stable(key)?;
                    let value = self.expr(&item.value, None)?;
                    self.at(d.range);
                    let (key, value) = (self.take_operand(key), self.take_operand(value));
                    self.unit.emit(Op::MapAdd, t as u32, key, value);
                }
                None => {
                    let mapping = self.expr(&item.value, None)?;
                    self.at(d.range);
                    self.unit.emit(Op::DictUpdate, t as u32, mapping.reg as u32, 0);
                    self.drop_operand(mapping, None);
                }
            }
            self.unit.release(mark);
        }
        Ok(self.deliver(Operand { reg: t, residue: Residue::Object }, dst))
    }
}

/// What has to be dropped of a register that holds one value or the other.
fn either(one: Residue, other: Residue) -> Residue {
    match (one, other) {
        (Residue::Object | Residue::InPlace, _) | (_, Residue::Object | Residue::InPlace) => Residue::Object,
        (Residue::Arithmetic, _) | (_, Residue::Arithmetic) => Residue::Arithmetic,
        _ => Residue::Plain,
    }
}

/// Set members without repetition; `1`, `True` and `1.0` are left to the set. What is no number is no repetition of another.
pub(crate) fn unique(values: Vec<Const>) -> Vec<Const> {
    let mut seen = rustc_hash::FxHashSet::default();
    let is_nan = |value: &Const| match value {
        Const::Float(f) => f.is_nan(),
        Const::Complex(re, im) => re.is_nan() || im.is_nan(),
        _ => false,
    };
    let is_new = |v: &Const| is_nan(v) || fold::constant_key(v).is_none_or(|key| seen.insert(key));
    values.into_iter().filter(is_new).collect()
}

/// The instruction of a binary operator.
pub(crate) fn binary_op(op: Operator) -> Op {
    match op {
        Operator::Add => Op::Add,
        Operator::Sub => Op::Sub,
        Operator::Mult => Op::Mul,
        Operator::MatMult => Op::MatMul,
        Operator::Div => Op::TrueDiv,
        Operator::Mod => Op::Mod,
        Operator::Pow => Op::Pow,
        Operator::LShift => Op::LShift,
        Operator::RShift => Op::RShift,
        Operator::BitOr => Op::Or,
        Operator::BitXor => Op::Xor,
        Operator::BitAnd => Op::And,
        Operator::FloorDiv => Op::FloorDiv,
    }
}

/// The instruction of an augmented assignment.
pub(crate) fn inplace_op(op: Operator) -> Op {
    match op {
        Operator::Add => Op::InplaceAdd,
        Operator::Sub => Op::InplaceSub,
        Operator::Mult => Op::InplaceMul,
        Operator::MatMult => Op::InplaceMatMul,
        Operator::Div => Op::InplaceTrueDiv,
        Operator::Mod => Op::InplaceMod,
        Operator::Pow => Op::InplacePow,
        Operator::LShift => Op::InplaceLShift,
        Operator::RShift => Op::InplaceRShift,
        Operator::BitOr => Op::InplaceOr,
        Operator::BitXor => Op::InplaceXor,
        Operator::BitAnd => Op::InplaceAnd,
        Operator::FloorDiv => Op::InplaceFloorDiv,
    }
}
