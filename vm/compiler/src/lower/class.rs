//! Class definitions.

use ruff_python_ast::{self as ast, Stmt};
use ruff_text_size::Ranged;
use taipan_bytecode::{CodeUnit, Const, Op};

use super::{Compiler, Operand, Residue, take};
use crate::symbols::{Role, ScopeId, mention};
use crate::syntax_error::Result;

impl<'a> Compiler<'a> {
    pub(crate) fn class_definition(&mut self, s: &'a ast::StmtClassDef) -> Result<()> {
        let mark = self.unit.depth;
        let bases = self.decorators(&s.decorator_list)?;
        let first_line = self.first_line(&s.decorator_list, s.range);
        self.at_definition(s.range, s.name.range);
        let class = match &s.type_params {
            Some(params) => self.generic_class(s, params, first_line)?,
            None => self.class_object(s, None, first_line)?,
        };
        let value = self.apply_decorators(&bases, &s.decorator_list, class);
        self.at_definition(s.range, s.name.range);
        self.store_name(&s.name, value);
        self.unit.release(mark);
        Ok(())
    }

    /// `__build_class__(function, name, *bases, **keywords)` in the next temporary. `generic_base`: register of an
    /// additional last base.
    fn class_object(
        &mut self,
        s: &'a ast::StmtClassDef,
        generic_base: Option<u16>,
        first_line: u32,
    ) -> Result<u16> {
        let base = self.unit.temps(2);
        self.unit.emit(Op::LoadBuildClass, base as u32, 0, 0);
        let function = self.unit.temp();
        let Some(id) = self.table.scope_of(s, Role::Body) else {
            return self.error("class without scope", s.range);
        };
        let code = self.class_code(s, id, first_line)?;
        self.at_definition(s.range, s.name.range);
        self.make_function(code, function);
        let name = self.load_const_temp(Const::Str(s.name.to_string()));
        let range = self.definition_range(s.range, s.name.range);
        if let Some(arguments) = &s.arguments {
            self.check_keywords(arguments)?;
            if generic_base.is_some() || self.needs_call_ex(arguments, 2) {
                if let Some(generic) = generic_base {
                    return self.generic_class_call(base, function, name, generic, arguments, range);
                }
                self.call_ex(base, &[function, name], arguments, range, Some(base))?;
                self.unit.release(base as u32 + 1);
                return Ok(base);
            }
            self.finish_call(base, false, 2, arguments, range, Some(base))?;
        } else {
            let mut count = 2;
            if let Some(generic) = generic_base {
                let t = self.unit.temp();
                self.unit.emit(Op::Copy, t as u32, generic as u32, 0);
                count = 3;
            }
            self.emit_call(base, false, count, Vec::new(), range, Some(base));
        }
        self.unit.release(base as u32 + 1);
        Ok(base)
    }

    /// As a call with the generic base behind the written ones.
    fn generic_class_call(
        &mut self,
        base: u16,
        function: u16,
        name: u16,
        generic: u16,
        arguments: &'a ast::Arguments,
        range: ruff_text_size::TextRange,
    ) -> Result<u16> {
        if self.needs_call_ex(arguments, 3) {
            // The generic base goes last among the positional ones: collect those in a list first.
            let mark = self.unit.depth;
            let list = self.unit.temp();
            self.unit.emit(Op::BuildList, list as u32, function as u32, 2);
            let _ = name;
            for argument in &arguments.args {
                let temps = self.unit.depth;
                match argument {
                    ast::Expr::Starred(starred) => {
                        let value = self.expr(&starred.value, None)?;
                        self.unit.emit(Op::ListExtend, list as u32, value.reg as u32, 0);
                        self.drop_operand(value, None);
                    }
                    e => {
                        let value = self.expr(e, None)?;
                        let value = self.take_operand(value);
                        self.unit.emit(Op::ListAppend, list as u32, value, 0);
                    }
                }
                self.unit.release(temps);
            }
            self.unit.emit(Op::ListAppend, list as u32, generic as u32, 0);
            self.unit.emit(Op::ListToTuple, function as u32, list as u32, 0);
            self.unit.emit(Op::Drop, list as u32, 0, 0);
            self.unit.release(mark);
            self.unit.release(function as u32 + 1);
            let keywords = self.unit.temp();
            self.unit.emit(Op::BuildMap, keywords as u32, keywords as u32, 0);
            for keyword in &arguments.keywords {
                let temps = self.unit.depth;
                match &keyword.arg {
                    Some(name) => {
                        let key = self.load_const_temp(Const::Str(name.to_string()));
                        let value = self.expr_temp(&keyword.value)?;
                        self.unit.emit(Op::MapAdd, keywords as u32, take(key), take(value.reg));
                    }
                    None => {
                        let value = self.expr(&keyword.value, None)?;
                        self.unit.emit(Op::DictMerge, keywords as u32, value.reg as u32, base as u32);
                        self.drop_operand(value, None);
                    }
                }
                self.unit.release(temps);
            }
            self.at(range);
            self.unit.emit(Op::CallEx, base as u32, 0, base as u32);
            self.unit.release(base as u32 + 1);
            return Ok(base);
        }
        for argument in &arguments.args {
            self.expr_argument(argument)?;
        }
        let t = self.unit.temp();
        self.unit.emit(Op::Copy, t as u32, generic as u32, 0);
        let mut names = Vec::new();
        for keyword in &arguments.keywords {
            if let Some(name) = &keyword.arg {
                names.push(Const::Str(name.to_string()));
            }
            self.expr_argument(&keyword.value)?;
        }
        let count = (3 + arguments.args.len() + names.len()) as u32;
        self.emit_call(base, false, count, names, range, Some(base));
        self.unit.release(base as u32 + 1);
        Ok(base)
    }

    fn generic_class(
        &mut self,
        s: &'a ast::StmtClassDef,
        params: &'a ast::TypeParams,
        first_line: u32,
    ) -> Result<u16> {
        let base = self.unit.temps(2);
        let Some(id) = self.table.scope_of(s, Role::TypeParams) else {
            return self.error("type parameters without scope", s.range);
        };
        let name = self.table.scopes[id].name.clone();
        self.enter_unit(id, &name, first_line);
        self.prologue();
        let tuple = self.type_params(params)?;
        if let Some(sym) = self.table.lookup(".type_params") {
            self.store_sym(sym, Operand { reg: tuple, residue: Residue::InPlace });
        }
        let generic = self.unit.temp();
        self.unit.emit(
            Op::CallIntrinsic1,
            generic as u32,
            tuple as u32,
            taipan_bytecode::Intrinsic1::SubscriptGeneric as u32,
        );
        if let Some(sym) = self.table.lookup(".generic_base") {
            self.store_sym(sym, Operand { reg: generic, residue: Residue::InPlace });
        }
        let class = self.class_object(s, Some(generic), first_line)?;
        self.unit.emit_final(Op::ReturnValue, class as u32, 0, 0);
        let code = self.leave_unit()?;
        self.at_definition(s.range, s.name.range);
        self.make_function(code, base);
        self.unit.emit(Op::Call, base as u32, 0, base as u32);
        self.unit.release(base as u32 + 1);
        Ok(base)
    }

    fn class_code(&mut self, s: &'a ast::StmtClassDef, id: ScopeId, first_line: u32) -> Result<CodeUnit> {
        let table = self.table;
        let scope = &table.scopes[id];
        self.enter_unit(id, &s.name, first_line);
        self.unit.position.line = first_line;
        self.prologue();
        let t = self.unit.temp();
        let module = self.unit.name("__name__");
        self.unit.emit(Op::LoadName, t as u32, module, 0);
        self.store_class_name("__module__", t);
        let qualname = self.unit.qualname.clone();
        self.set_class_constant("__qualname__", Const::Str(qualname));
        self.set_class_constant("__firstlineno__", Const::Int(first_line as i64));
        if s.type_params.is_some()
            && let Some(sym) = table.lookup(".type_params")
        {
            let value = self.load_sym(sym, None);
            self.store_class_name("__type_params__", value.reg);
            self.unit.release(value.reg as u32);
        }
        if scope.needs_class_dict
            && let Some(cell) =
                table.lookup("__classdict__").and_then(|sym| self.unit.variables.cells.get(&sym).copied())
        {
            self.unit.emit(Op::LoadLocals, t as u32, 0, 0);
            self.unit.emit(Op::StoreDeref, cell as u32, take(t), 0);
        }
        if scope.has_conditional_annotations
            && let Some(cell) = table
                .lookup("__conditional_annotations__")
                .and_then(|sym| self.unit.variables.cells.get(&sym).copied())
        {
            self.unit.emit(Op::BuildSet, t as u32, t as u32, 0);
            self.unit.emit(Op::StoreDeref, cell as u32, take(t), 0);
        }
        self.unit.release(t as u32);
        let body = self.class_docstring(&s.body);
        if table.future_annotations && super::annotations::has_annotations(body) {
            self.unit.emit(Op::SetupAnnotations, 0, 0, 0);
        }
        self.number_annotations(body);
        self.body(body)?;
        if self.unit.is_reachable() {
            self.unit.position.line = 0;
            self.unit.tail = Some(self.unit.here() as usize);
            self.class_annotations(body)?;
            let attributes = scope.static_attributes.iter().map(|a| Const::Str(a.clone())).collect();
            self.set_class_constant("__static_attributes__", Const::Tuple(attributes));
            self.class_cells();
        }
        self.leave_unit()
    }

    fn class_docstring(&mut self, body: &'a [Stmt]) -> &'a [Stmt] {
        let Some((doc, rest)) = self.docstring(body) else { return body };
        if self.options.optimize < 2 {
            if let Some(statement) = body.first() {
                self.at(statement.range());
            }
            self.set_class_constant("__doc__", doc);
        }
        rest
    }

    /// Hands the cells to `type.__new__`, returns that of `__class__`.
    fn class_cells(&mut self) {
        let cell = |c: &Self, name: &str| {
            c.table.lookup(name).and_then(|sym| c.unit.variables.class_cells.get(&sym).copied())
        };
        let scope = self.scope();
        let t = self.unit.temp();
        if scope.needs_class_dict
            && let Some(register) = cell(self, "__classdict__")
        {
            self.unit.emit(Op::Copy, t as u32, register as u32, 0);
            self.store_class_name("__classdictcell__", t);
        }
        if scope.needs_class_closure
            && let Some(register) = cell(self, "__class__")
        {
            self.unit.emit(Op::Copy, t as u32, register as u32, 0);
            let n = self.unit.name("__classcell__");
            self.unit.emit(Op::StoreName, t as u32, n, 0);
            self.unit.emit_final(Op::ReturnValue, t as u32, 0, 0);
        } else {
            self.return_none();
        }
        self.unit.release(t as u32);
    }

    fn set_class_constant(&mut self, name: &str, value: Const) {
        let t = self.load_const_temp(value);
        self.store_class_name(name, t);
        self.unit.release(t as u32);
    }

    /// Stores a temporary in the class namespace, unless the program declares the name to be of another.
    pub(crate) fn store_class_name(&mut self, name: &str, register: u16) {
        const DECLARED: u32 = mention::GLOBAL | mention::NONLOCAL;
        let declared = self
            .table
            .lookup(name)
            .filter(|sym| self.scope().symbols.iter().any(|s| s.sym == *sym && s.mentions & DECLARED != 0));
        if let Some(sym) = declared {
            return self.store_sym(sym, Operand { reg: register, residue: Residue::Object });
        }
        let n = self.unit.name(name);
        self.unit.emit(Op::StoreName, take(register), n, 0);
    }
}
