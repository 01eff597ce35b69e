//! Calls. Callable, self slot and arguments stand in consecutive temporaries on top of the stack of temporaries.

use ruff_python_ast::{self as ast, Expr};
use ruff_text_size::{Ranged, TextRange};
use taipan_bytecode::extension::{self, Signature};
use taipan_bytecode::{Const, Op, SuperFlags};

use super::{Compiler, Operand, Residue};
use crate::symbols::Resolution;
use crate::syntax_error::Result;

/// Calls with more arguments pass them in a tuple.
const MAX_ARGUMENTS: usize = 30;

impl<'a> Compiler<'a> {
    pub(crate) fn call(&mut self, c: &'a ast::ExprCall, dst: Option<u16>) -> Result<Operand> {
        self.check_keywords(&c.arguments)?;
        self.check_caller(&c.func);
        if let Some(signature) = self.extension_of(c) {
            return self.extension(signature, c, dst);
        }
        if self.needs_call_ex(&c.arguments, 0) {
            let base = self.callee(&c.func)?;
            self.unit.temp();
            return self.call_ex(base, &[], &c.arguments, c.range(), dst);
        }
        let range = match &*c.func {
            // In the line of the method's name.
            Expr::Attribute(a)
                if self.source.line(a.attr.range.start()) != self.source.line(c.range().start()) =>
            {
                TextRange::new(a.attr.range.start(), c.range().end())
            }
            _ => c.range(),
        };
        if let Some(consumption) = self.consumption(c) {
            return self.consume(&consumption, c, range, dst);
        }
        let (base, method) = self.callee_or_method(&c.func)?;
        self.finish_call(base, method, 0, &c.arguments, range, dst)
    }

    /// The extension instruction that the call is made into.
    fn extension_of(&self, c: &ast::ExprCall) -> Option<Signature> {
        let Expr::Name(name) = &*c.func else { return None };
        let signature = extension::for_call(&name.id)?;
        let symbol = self.table.lookup(&name.id)?;
        let resolution = self.scope().symbol(symbol)?.resolution;
        let plain = c.arguments.keywords.is_empty() && !c.arguments.args.iter().any(|a| a.is_starred_expr());
        (plain && resolution == Resolution::GlobalImplicit).then_some(signature)
    }

    /// An extension instruction: operands and result in consecutive temporaries.
    fn extension(&mut self, signature: Signature, c: &'a ast::ExprCall, dst: Option<u16>) -> Result<Operand> {
        let (wanted, given) = (signature.operands as usize, c.arguments.args.len());
        if wanted != given {
            let text = format!("{}() takes exactly {wanted} arguments ({given} given)", signature.call);
            return self.error(&text, c.range());
        }
        let base = self.unit.depth;
        for argument in &c.arguments.args {
            self.expr_argument(argument)?;
        }
        if given == 0 {
            self.unit.temp();
        }
        self.unit.release(base + 1);
        self.at(c.range());
        let name = self.unit.name(signature.name);
        self.unit.emit(Op::Extension, base, name, given as u32);
        Ok(self.deliver(Operand { reg: base as u16, residue: Residue::Object }, dst))
    }

    /// Evaluates the callable into the next temporary.
    fn callee(&mut self, func: &'a Expr) -> Result<u16> {
        self.expr_argument(func)
    }

    /// Evaluates callable and self slot; whether the slot counts.
    pub(super) fn callee_or_method(&mut self, func: &'a Expr) -> Result<(u16, bool)> {
        let Expr::Attribute(a) = func else {
            let base = self.callee(func)?;
            self.unit.temp();
            return Ok((base, false));
        };
        if let Some(explicit) = self.super_call(&a.value) {
            let base = self.load_super(&a.value, explicit)?;
            self.at(a.range);
            let n = self.name_index(&a.attr);
            self.unit.emit(Op::LoadSuperAttr, SuperFlags::of(explicit, true).into(), base as u32, n);
            self.unit.release(base as u32 + 2);
            return Ok((base, true));
        }
        let mark = self.unit.depth;
        let object = self.expr_stable(&a.value)?;
        self.unit.release(mark);
        let base = self.unit.temps(2);
        self.at_attribute(a);
        let n = self.name_index(&a.attr);
        self.unit.emit(Op::LoadMethod, base as u32, object.reg as u32, n);
        Ok((base, true))
    }

    /// Evaluates the arguments and calls. `given` arguments are in place already.
    pub(crate) fn finish_call(
        &mut self,
        base: u16,
        method: bool,
        given: u32,
        arguments: &'a ast::Arguments,
        range: TextRange,
        dst: Option<u16>,
    ) -> Result<Operand> {
        for argument in &arguments.args {
            self.expr_argument(argument)?;
        }
        let mut names = Vec::new();
        for keyword in &arguments.keywords {
            if let Some(name) = &keyword.arg {
                names.push(Const::Str(name.to_string()));
            }
            self.expr_argument(&keyword.value)?;
        }
        let count = given + (arguments.args.len() + names.len()) as u32;
        Ok(self.emit_call(base, method, count, names, range, dst))
    }

    /// The call instruction.
    pub(crate) fn emit_call(
        &mut self,
        base: u16,
        method: bool,
        count: u32,
        names: Vec<Const>,
        range: TextRange,
        dst: Option<u16>,
    ) -> Operand {
        self.unit.release(base as u32);
        let d = self.dest(dst);
        self.at(range);
        let op = match (method, names.is_empty()) {
            (false, true) => Op::Call,
            (true, true) => Op::CallMethod,
            (false, false) => Op::CallKw,
            (true, false) => Op::CallMethodKw,
        };
        self.unit.emit(op, base as u32, count, d as u32);
        if !names.is_empty() {
            let k = self.unit.constant(Const::Tuple(names));
            self.unit.emit_wide(Op::KwNames, 0, k);
        }
        self.result(d, dst, Residue::Object)
    }

    pub(crate) fn mangled(&self, name: &str) -> String {
        crate::symbols::mangle(self.private(), name).into_owned()
    }

    pub(crate) fn needs_call_ex(&self, arguments: &ast::Arguments, given: usize) -> bool {
        arguments.args.iter().any(|a| a.is_starred_expr())
            || arguments.keywords.iter().any(|k| k.arg.is_none())
            || arguments.len() + given > MAX_ARGUMENTS
    }

    /// A call whose arguments are collected in a tuple and a dict. `given`: registers of
    /// arguments in front, which are consumed.
    pub(crate) fn call_ex(
        &mut self,
        base: u16,
        given: &[u16],
        arguments: &'a ast::Arguments,
        range: TextRange,
        dst: Option<u16>,
    ) -> Result<Operand> {
        let positional = self.unit.depth as u16;
        if let ([Expr::Starred(s)], true) = (&arguments.args[..], given.is_empty()) {
            // `f(*args)`: the iterable itself; CALL_EX makes the tuple.
            self.expr_temp(&s.value)?;
        } else if given.is_empty() && self.tuple_spread(&arguments.args)? {
            let count = arguments.args.len() as u32 - 1;
            self.unit.emit(Op::BuildTupleSpread, positional as u32, positional as u32, count);
            self.unit.release(positional as u32 + 1);
        } else if given.is_empty() && !arguments.args.iter().any(|a| a.is_starred_expr()) {
            if arguments.args.is_empty() {
                self.load_const(Const::Tuple(Vec::new()), None);
            } else if arguments.args.len() <= MAX_ARGUMENTS {
                for argument in &arguments.args {
                    self.expr_temp(argument)?;
                }
                let count = arguments.args.len() as u32;
                self.unit.emit(Op::BuildTuple, positional as u32, positional as u32, count);
                self.unit.release(positional as u32 + 1);
            } else {
                self.positional_list(&[], arguments, range)?;
            }
        } else {
            self.positional_list(given, arguments, range)?;
        }
        if positional != base + 2 {
            self.unit.emit(Op::Move, base as u32 + 2, positional as u32, 0);
            self.unit.release(base as u32 + 3);
        }
        let keywords = self.unit.temp();
        if arguments.keywords.is_empty() {
            self.unit.emit(Op::Drop, keywords as u32, 0, 0);
        } else {
            self.unit.release(keywords as u32);
            self.keyword_dict(base, arguments, range)?;
        }
        self.unit.release(base as u32);
        let d = self.dest(dst);
        self.at(range);
        self.unit.emit(Op::CallEx, base as u32, 0, d as u32);
        Ok(self.result(d, dst, Residue::Object))
    }

    fn positional_list(
        &mut self,
        given: &[u16],
        arguments: &'a ast::Arguments,
        range: TextRange,
    ) -> Result<()> {
        let list = self.unit.depth as u16;
        if given.is_empty() {
            self.unpacked_sequence(arguments.args.iter(), Op::BuildList, range)?;
        } else {
            let t = self.unit.temp();
            self.unit.emit(Op::BuildList, t as u32, t as u32, 0);
            for register in given {
                self.unit.emit(Op::ListAppend, t as u32, super::take(*register), 0);
            }
            for argument in &arguments.args {
                let mark = self.unit.depth;
                let (e, op) = match argument {
                    Expr::Starred(s) => (&*s.value, Op::ListExtend),
                    e => (e, Op::ListAppend),
                };
                let value = self.expr(e, None)?;
                self.at(range);
                if op == Op::ListAppend {
                    let operand = self.take_operand(value);
                    self.unit.emit(op, t as u32, operand, 0);
                } else {
                    self.unit.emit(op, t as u32, value.reg as u32, 0);
                    self.drop_operand(value, None);
                }
                self.unit.release(mark);
            }
        }
        self.unit.emit(Op::ListToTuple, list as u32, list as u32, 0);
        self.unit.release(list as u32 + 1);
        Ok(())
    }

    fn keyword_dict(&mut self, callee: u16, arguments: &'a ast::Arguments, range: TextRange) -> Result<()> {
        let dict = self.unit.temp();
        if matches!(&arguments.keywords[..], [only] if only.arg.is_none()) {
            self.unit.emit(Op::Drop, dict as u32, 0, 0);
        } else {
            self.unit.emit(Op::BuildMap, dict as u32, dict as u32, 0);
        }
        for keyword in &arguments.keywords {
            let mark = self.unit.depth;
            match &keyword.arg {
                Some(name) => {
                    // Through a dict of one, so that a repeated name is found.
                    let first = self.load_const(Const::Str(name.to_string()), None);
                    self.expr_temp(&keyword.value)?;
                    self.at(range);
                    if arguments.keywords.iter().all(|k| k.arg.is_some()) {
                        let value = super::take(first.reg + 1);
                        self.unit.emit(Op::MapAdd, dict as u32, super::take(first.reg), value);
                    } else {
                        self.unit.emit(Op::BuildMap, first.reg as u32, first.reg as u32, 1);
                        self.unit.emit(Op::DictMerge, dict as u32, first.reg as u32, callee as u32);
                        self.unit.emit(Op::Drop, first.reg as u32, 0, 0);
                    }
                }
                None => {
                    let mapping = self.expr(&keyword.value, None)?;
                    self.at(range);
                    self.unit.emit(Op::DictMerge, dict as u32, mapping.reg as u32, callee as u32);
                    self.drop_operand(mapping, None);
                }
            }
            self.unit.release(mark);
        }
        Ok(())
    }

    pub(crate) fn check_keywords(&self, arguments: &ast::Arguments) -> Result<()> {
        for (i, keyword) in arguments.keywords.iter().enumerate() {
            let Some(name) = &keyword.arg else { continue };
            if name.as_str() == "__debug__" {
                return self.error("cannot assign to __debug__", keyword.range);
            }
            let repeated = |k: &ast::Keyword| k.arg.as_ref().is_some_and(|n| n.id == name.id);
            if arguments.keywords[..i].iter().any(repeated) {
                return self.error(format!("keyword argument repeated: {name}"), keyword.range);
            }
        }
        Ok(())
    }

    /// Warns of a call of a literal, mostly a forgotten comma.
    fn check_caller(&mut self, func: &Expr) {
        let Some(kind) = type_of(func).filter(|kind| *kind != "function") else { return };
        self.warn(format!("'{kind}' object is not callable; perhaps you missed a comma?"), func.range());
    }

    /// Warns of a subscript that cannot work, mostly a forgotten comma.
    pub(crate) fn check_subscript(&mut self, s: &ast::ExprSubscript) {
        let Some(kind) = type_of(&s.value) else { return };
        if !matches!(kind, "str" | "bytes" | "tuple" | "list" | "dict") {
            self.warn(format!("'{kind}' object is not subscriptable; perhaps you missed a comma?"), s.range);
            return;
        }
        let Some(index) = type_of(&s.slice).filter(|_| kind != "dict") else { return };
        if !matches!(index, "int" | "bool" | "slice") {
            self.warn(
                format!(
                    "{kind} indices must be integers or slices, not {index}; perhaps you missed a comma?"
                ),
                s.range,
            );
        }
    }
}

/// The type that an expression's value is bound to have.
fn type_of(e: &Expr) -> Option<&'static str> {
    Some(match e {
        Expr::StringLiteral(_) | Expr::FString(_) => "str",
        Expr::TString(_) => "string.templatelib.Template",
        Expr::BytesLiteral(_) => "bytes",
        Expr::NumberLiteral(n) => match n.value {
            ast::Number::Int(_) => "int",
            ast::Number::Float(_) => "float",
            ast::Number::Complex { .. } => "complex",
        },
        Expr::Tuple(_) => "tuple",
        Expr::List(_) | Expr::ListComp(_) => "list",
        Expr::Dict(_) | Expr::DictComp(_) => "dict",
        Expr::Set(_) | Expr::SetComp(_) => "set",
        Expr::Generator(_) => "generator",
        Expr::Lambda(_) => "function",
        Expr::Slice(_) => "slice",
        Expr::NoneLiteral(_) => "NoneType",
        Expr::BooleanLiteral(_) => "bool",
        Expr::EllipsisLiteral(_) => "ellipsis",
        _ => return None,
    })
}
