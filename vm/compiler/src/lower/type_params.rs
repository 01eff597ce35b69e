//! Type parameters and type aliases (PEP 695). Bounds, constraints, defaults and alias values are
//! functions that are called when they are asked for.

use ruff_python_ast::{self as ast, Expr, TypeParam};
use ruff_text_size::Ranged;
use taipan_bytecode::{Const, FunctionAttribute, Intrinsic1, Intrinsic2, Op};

use super::{Compiler, Operand, Residue, take};
use crate::symbols::Role;
use crate::syntax_error::Result;

impl<'a> Compiler<'a> {
    /// Makes the parameters and stores them to their names; their tuple is in the next temporary.
    pub(crate) fn type_params(&mut self, params: &'a ast::TypeParams) -> Result<u16> {
        let tuple = self.unit.depth as u16;
        for param in &params.type_params {
            self.at(param.range());
            let t = self.unit.temps(2);
            let (name, default, intrinsic) = match param {
                TypeParam::TypeVar(p) => (&p.name, &p.default, Intrinsic1::TypeVar),
                TypeParam::TypeVarTuple(p) => (&p.name, &p.default, Intrinsic1::TypeVarTuple),
                TypeParam::ParamSpec(p) => (&p.name, &p.default, Intrinsic1::ParamSpec),
            };
            let text = Const::Str(name.to_string());
            self.load_const(text, Some(t));
            let bound = match param {
                TypeParam::TypeVar(p) => p.bound.as_deref().map(|bound| (p, bound)),
                _ => None,
            };
            match bound {
                Some((p, bound)) => {
                    self.lazy_value(p, Role::Body, name, bound, t + 1)?;
                    let which = if bound.is_tuple_expr() {
                        Intrinsic2::TypeVarWithConstraints
                    } else {
                        Intrinsic2::TypeVarWithBound
                    };
                    self.at(param.range());
                    self.unit.emit(Op::CallIntrinsic2, t as u32, t as u32, which as u32);
                }
                None => self.unit.emit(Op::CallIntrinsic1, t as u32, t as u32, intrinsic as u32),
            }
            if let Some(default) = default {
                match param {
                    TypeParam::TypeVar(p) => self.lazy_value(p, Role::Default, name, default, t + 1)?,
                    TypeParam::TypeVarTuple(p) => {
                        self.lazy_value(p, Role::Default, name, default, t + 1)?;
                    }
                    TypeParam::ParamSpec(p) => {
                        self.lazy_value(p, Role::Default, name, default, t + 1)?;
                    }
                }
                self.at(param.range());
                self.unit.emit(
                    Op::CallIntrinsic2,
                    t as u32,
                    t as u32,
                    Intrinsic2::SetTypeParamDefault as u32,
                );
            }
            self.unit.release(t as u32 + 1);
            self.store_name(name, Operand { reg: t, residue: Residue::InPlace });
        }
        let count = params.type_params.len() as u32;
        self.unit.emit(Op::BuildTuple, tuple as u32, tuple as u32, count);
        self.unit.release(tuple as u32 + 1);
        Ok(tuple)
    }

    /// A function that computes `value`, in `target`. Its parameter, the format, defaults to VALUE.
    fn lazy_value<T>(
        &mut self,
        node: &T,
        role: Role,
        name: &str,
        value: &'a Expr,
        target: u16,
    ) -> Result<()> {
        let Some(id) = self.table.scope_of(node, role) else {
            return self.error("lazily evaluated expression without scope", value.range());
        };
        let line = self.source.line(value.range().start());
        self.enter_unit(id, name, line);
        self.unit.argcount = 1;
        self.unit.posonlyargcount = 1;
        self.prologue();
        self.check_format();
        let result = match value {
            // `T = *Ts`: the default of a TypeVarTuple.
            Expr::Starred(starred) => {
                let operand = self.expr_temp(&starred.value)?;
                self.unit.emit(Op::UnpackSequence, operand.reg as u32, take(operand.reg), 1);
                operand
            }
            value => self.expr(value, None)?,
        };
        self.unit.emit_final(Op::ReturnValue, result.reg as u32, 0, 0);
        let code = self.leave_unit()?;
        self.at(value.range());
        self.make_function(code, target);
        let defaults = self.load_const_temp(Const::Tuple(vec![Const::Int(1)]));
        self.set_attribute(target, defaults, FunctionAttribute::Defaults);
        self.unit.release(defaults as u32);
        Ok(())
    }

    pub(crate) fn type_alias(&mut self, s: &'a ast::StmtTypeAlias) -> Result<()> {
        let Expr::Name(name) = &*s.name else {
            return self.error("invalid syntax", s.name.range());
        };
        let mark = self.unit.depth;
        let alias = match &s.type_params {
            None => self.alias_object(s, &name.id, None)?,
            Some(params) => {
                let base = self.unit.temps(2);
                let Some(id) = self.table.scope_of(s, Role::TypeParams) else {
                    return self.error("type parameters without scope", s.range);
                };
                let scope_name = self.table.scopes[id].name.clone();
                let line = self.source.line(s.range.start());
                self.enter_unit(id, &scope_name, line);
                self.prologue();
                let tuple = self.type_params(params)?;
                let alias = self.alias_object(s, &name.id, Some(tuple))?;
                self.unit.emit_final(Op::ReturnValue, alias as u32, 0, 0);
                let code = self.leave_unit()?;
                self.at(s.range);
                self.make_function(code, base);
                self.unit.emit(Op::Call, base as u32, 0, base as u32);
                base
            }
        };
        self.unit.release(alias as u32 + 1);
        self.store_name(&name.id, Operand { reg: alias, residue: Residue::Object });
        self.unit.release(mark);
        Ok(())
    }

    fn alias_object(&mut self, s: &'a ast::StmtTypeAlias, name: &str, params: Option<u16>) -> Result<u16> {
        let t = self.unit.temps(3);
        self.load_const(Const::Str(name.to_owned()), Some(t));
        match params {
            Some(params) => self.unit.emit(Op::Copy, t as u32 + 1, params as u32, 0),
            None => {
                self.load_const(Const::None, Some(t + 1));
            }
        }
        self.lazy_value(s, Role::Body, name, &s.value, t + 2)?;
        self.at(s.range);
        self.unit.emit(Op::BuildTuple, t as u32, t as u32, 3);
        self.unit.emit(Op::CallIntrinsic1, t as u32, t as u32, Intrinsic1::TypeAlias as u32);
        self.unit.release(t as u32 + 1);
        Ok(t)
    }
}
