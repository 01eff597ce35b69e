//! Function definitions and lambdas.

use ruff_python_ast::{self as ast, Expr, Parameters, Stmt};
use ruff_text_size::{Ranged, TextRange, TextSize};
use taipan_bytecode::{CodeUnit, Const, FunctionAttribute, Intrinsic2, Op, flags};

use super::{Compiler, Operand, Residue, take};
use crate::symbols::{Role, ScopeId};
use crate::syntax_error::Result;

impl<'a> Compiler<'a> {
    pub(crate) fn function_definition(&mut self, s: &'a ast::StmtFunctionDef) -> Result<()> {
        let mark = self.unit.depth;
        let bases = self.decorators(&s.decorator_list)?;
        let first_line = self.first_line(&s.decorator_list, s.range);
        self.at_definition(s.range, s.name.range);
        let function = match &s.type_params {
            Some(params) => self.generic_function(s, params, first_line)?,
            None => {
                let target = self.unit.temp();
                let defaults = self.positional_defaults(&s.parameters)?;
                let kwdefaults = self.keyword_defaults(&s.parameters)?;
                self.function_object(s, target, defaults, kwdefaults, first_line)?;
                target
            }
        };
        let value = self.apply_decorators(&bases, &s.decorator_list, function);
        self.at_definition(s.range, s.name.range);
        self.store_name(&s.name, value);
        self.unit.release(mark);
        Ok(())
    }

    /// Evaluates decorators, each as the callee of a call whose argument is what follows.
    pub(crate) fn decorators(&mut self, decorators: &'a [ast::Decorator]) -> Result<Vec<u16>> {
        let mut bases = Vec::new();
        for decorator in decorators {
            bases.push(self.expr_argument(&decorator.expression)?);
            self.unit.temp();
        }
        Ok(bases)
    }

    /// Calls the decorators on an object that stands where their argument is.
    pub(crate) fn apply_decorators(
        &mut self,
        bases: &[u16],
        decorators: &'a [ast::Decorator],
        object: u16,
    ) -> Operand {
        let mut value = Operand { reg: object, residue: Residue::Object };
        for (base, decorator) in bases.iter().zip(decorators).rev() {
            self.at(decorator.expression.range());
            self.unit.emit(Op::Call, *base as u32, 1, *base as u32);
            self.unit.release(*base as u32 + 1);
            value.reg = *base;
        }
        value
    }

    pub(crate) fn first_line(&self, decorators: &[ast::Decorator], range: TextRange) -> u32 {
        match decorators.first() {
            Some(decorator) => self.source.line(decorator.range.start()),
            None => self.source.line(range.start()),
        }
    }

    /// Position of the code that makes a function or class: the `def` line, not the decorators.
    pub(crate) fn at_definition(&mut self, range: TextRange, name: TextRange) {
        self.at(range);
        let (line, _) = self.source.line_and_column(name.start());
        let position = &mut self.unit.position;
        if position.line != line {
            position.line = line;
            // Nothing but blanks is in front of `def` and `class`.
            let text = self.source.line_text(line);
            position.col = (text.len() - text.trim_start_matches([' ', '\t', '\u{c}']).len()) as u32;
        }
    }

    /// A definition without its decorators.
    pub(crate) fn definition_range(&self, range: TextRange, name: TextRange) -> TextRange {
        let line = self.source.line(name.start());
        if self.source.line(range.start()) == line {
            return range;
        }
        let text = self.source.line_text(line);
        let blanks = text.len() - text.trim_start_matches([' ', '\t', '\u{c}']).len();
        TextRange::new(self.source.line_start(line) + TextSize::from(blanks as u32), range.end())
    }

    /// Positional defaults as a tuple in the next temporary.
    pub(crate) fn positional_defaults(&mut self, parameters: &'a Parameters) -> Result<Option<u16>> {
        let defaults: Vec<&'a Expr> = parameters
            .posonlyargs
            .iter()
            .chain(&parameters.args)
            .filter_map(|p| p.default.as_deref())
            .collect();
        if defaults.is_empty() {
            return Ok(None);
        }
        let constants: Option<Vec<Const>> = defaults.iter().map(|e| self.fold(e)).collect();
        if let Some(constants) = constants {
            return Ok(Some(self.load_const(Const::Tuple(constants), None).reg));
        }
        let first = self.unit.depth as u16;
        for default in &defaults {
            self.expr_temp(default)?;
        }
        self.unit.emit(Op::BuildTuple, first as u32, first as u32, defaults.len() as u32);
        self.unit.release(first as u32 + 1);
        Ok(Some(first))
    }

    /// Keyword-only defaults as a dict in the next temporary.
    pub(crate) fn keyword_defaults(&mut self, parameters: &'a Parameters) -> Result<Option<u16>> {
        let first = self.unit.depth as u16;
        let mut count = 0;
        for parameter in &parameters.kwonlyargs {
            if let Some(default) = &parameter.default {
                let name = self.mangled(&parameter.parameter.name);
                self.load_const_temp(Const::Str(name));
                self.expr_temp(default)?;
                count += 1;
            }
        }
        if count == 0 {
            return Ok(None);
        }
        self.unit.emit(Op::BuildMap, first as u32, first as u32, count);
        self.unit.release(first as u32 + 1);
        Ok(Some(first))
    }

    pub(crate) fn load_const_temp(&mut self, value: Const) -> u16 {
        self.load_const(value, None).reg
    }

    /// Makes the function object in `target`; the defaults are in temporaries.
    pub(crate) fn function_object(
        &mut self,
        s: &'a ast::StmtFunctionDef,
        target: u16,
        defaults: Option<u16>,
        kwdefaults: Option<u16>,
        first_line: u32,
    ) -> Result<()> {
        let mark = self.unit.depth;
        let annotations = self.function_annotations(s)?;
        let Some(id) = self.table.scope_of(s, Role::Body) else {
            return self.error("function without scope", s.range);
        };
        let code = self.function_code(s, id, first_line)?;
        self.at_definition(s.range, s.name.range);
        self.make_function(code, target);
        if let Some((register, kind)) = annotations {
            self.set_attribute(target, register, kind);
        }
        if let Some(register) = kwdefaults {
            self.set_attribute(target, register, FunctionAttribute::KwDefaults);
        }
        if let Some(register) = defaults {
            self.set_attribute(target, register, FunctionAttribute::Defaults);
        }
        self.unit.release(mark.min(target as u32 + 1));
        Ok(())
    }

    pub(crate) fn set_attribute(&mut self, function: u16, value: u16, kind: FunctionAttribute) {
        self.unit.emit(Op::SetFunctionAttribute, function as u32, take(value), kind as u32);
    }

    /// MAKE_FUNCTION with the closure, into `target`.
    pub(crate) fn make_function(&mut self, code: CodeUnit, target: u16) {
        let freevars = code.freevars.clone();
        let k = self.unit.constant(Const::Code(std::sync::Arc::new(code)));
        self.unit.emit(Op::MakeFunction, target as u32, k, 0);
        if freevars.is_empty() {
            return;
        }
        let mark = self.unit.depth;
        let first = self.unit.temps(freevars.len() as u32);
        for (i, name) in freevars.iter().enumerate() {
            let cell = self.table.lookup(name).and_then(|sym| self.closure_cell(sym));
            let t = first as u32 + i as u32;
            match cell {
                Some(cell) => self.unit.emit(Op::Copy, t, cell as u32, 0),
                None => self.unit.emit(Op::NewCell, t, 0, 0),
            }
        }
        self.unit.emit(Op::BuildTuple, first as u32, first as u32, freevars.len() as u32);
        self.set_attribute(target, first, FunctionAttribute::Closure);
        self.unit.release(mark);
    }

    fn function_code(
        &mut self,
        s: &'a ast::StmtFunctionDef,
        id: ScopeId,
        first_line: u32,
    ) -> Result<CodeUnit> {
        let scope = &self.table.scopes[id];
        self.enter_unit(id, &s.name, first_line);
        self.count_parameters(&s.parameters);
        self.unit.flags |= match (s.is_async, scope.is_generator) {
            (false, false) => 0,
            (false, true) => flags::CO_GENERATOR,
            (true, false) => flags::CO_COROUTINE,
            (true, true) => flags::CO_ASYNC_GENERATOR,
        };
        if scope.is_method {
            self.unit.flags |= flags::CO_METHOD;
        }
        let body = self.function_docstring(&s.body);
        self.unit.position.line = first_line;
        self.prologue();
        self.body(body)?;
        self.at(s.body.last().map_or(s.range, Ranged::range));
        self.return_none();
        self.leave_unit()
    }

    /// Makes the docstring constant 0; returns the rest of the body.
    fn function_docstring(&mut self, body: &'a [Stmt]) -> &'a [Stmt] {
        let Some((doc, rest)) = self.docstring(body) else { return body };
        if self.options.optimize < 2 {
            self.unit.constant(doc);
            self.unit.flags |= flags::CO_HAS_DOCSTRING;
        }
        rest
    }

    pub(crate) fn count_parameters(&mut self, parameters: &Parameters) {
        self.unit.posonlyargcount = parameters.posonlyargs.len() as u32;
        self.unit.argcount = (parameters.posonlyargs.len() + parameters.args.len()) as u32;
        self.unit.kwonlyargcount = parameters.kwonlyargs.len() as u32;
        if parameters.vararg.is_some() {
            self.unit.flags |= flags::CO_VARARGS;
        }
        if parameters.kwarg.is_some() {
            self.unit.flags |= flags::CO_VARKEYWORDS;
        }
    }

    pub(crate) fn lambda(&mut self, l: &'a ast::ExprLambda, dst: Option<u16>) -> Result<Operand> {
        let target = self.unit.temp();
        let (mut defaults, mut kwdefaults) = (None, None);
        if let Some(parameters) = &l.parameters {
            defaults = self.positional_defaults(parameters)?;
            kwdefaults = self.keyword_defaults(parameters)?;
        }
        let Some(id) = self.table.scope_of(l, Role::Body) else {
            return self.error("lambda without scope", l.range);
        };
        let line = self.source.line(l.range.start());
        self.enter_unit(id, "<lambda>", line);
        if let Some(parameters) = &l.parameters {
            self.count_parameters(parameters);
        }
        let generator = self.scope().is_generator;
        if self.scope().is_method {
            self.unit.flags |= flags::CO_METHOD;
        }
        if generator {
            self.unit.flags |= flags::CO_GENERATOR;
        }
        self.at(l.range);
        self.prologue();
        if let Some(constant) = self.fold(&l.body) {
            self.at(l.body.range());
            let k = self.unit.constant(constant);
            self.unit.emit_return_const(k);
        } else {
            let value = self.expr(&l.body, None)?;
            self.at(l.body.range());
            self.unit.emit_final(Op::ReturnValue, value.reg as u32, 0, 0);
        }
        let code = self.leave_unit()?;
        self.at(l.range);
        self.make_function(code, target);
        if let Some(register) = kwdefaults {
            self.set_attribute(target, register, FunctionAttribute::KwDefaults);
        }
        if let Some(register) = defaults {
            self.set_attribute(target, register, FunctionAttribute::Defaults);
        }
        self.unit.release(target as u32 + 1);
        Ok(self.deliver(Operand { reg: target, residue: Residue::Object }, dst))
    }

    /// A function with type parameters: they are made in a function of their own, which is called at
    /// once with the defaults as arguments.
    fn generic_function(
        &mut self,
        s: &'a ast::StmtFunctionDef,
        params: &'a ast::TypeParams,
        first_line: u32,
    ) -> Result<u16> {
        let base = self.unit.temps(2);
        let defaults = self.positional_defaults(&s.parameters)?;
        let kwdefaults = self.keyword_defaults(&s.parameters)?;
        let count = defaults.is_some() as u32 + kwdefaults.is_some() as u32;
        let Some(id) = self.table.scope_of(s, Role::TypeParams) else {
            return self.error("type parameters without scope", s.range);
        };
        let name = self.table.scopes[id].name.clone();
        self.enter_unit(id, &name, first_line);
        self.unit.argcount = count;
        self.prologue();
        let params_tuple = self.type_params(params)?;
        let target = self.unit.temp();
        let mut register = 0;
        let mut parameter = |c: &mut Self| {
            let t = c.unit.temp();
            c.unit.emit(Op::Copy, t as u32, register, 0);
            register += 1;
            t
        };
        let inner_defaults = defaults.map(|_| parameter(self));
        let inner_kwdefaults = kwdefaults.map(|_| parameter(self));
        self.function_object(s, target, inner_defaults, inner_kwdefaults, first_line)?;
        let pair = self.unit.temps(2);
        self.unit.emit(Op::Move, pair as u32, target as u32, 0);
        self.unit.emit(Op::Move, pair as u32 + 1, params_tuple as u32, 0);
        self.unit.emit(
            Op::CallIntrinsic2,
            pair as u32,
            pair as u32,
            Intrinsic2::SetFunctionTypeParams as u32,
        );
        self.unit.emit_final(Op::ReturnValue, pair as u32, 0, 0);
        let code = self.leave_unit()?;
        self.at_definition(s.range, s.name.range);
        self.make_function(code, base);
        self.unit.emit(Op::Call, base as u32, count, base as u32);
        self.unit.release(base as u32 + 1);
        Ok(base)
    }
}
