//! Annotations: evaluated lazily by `__annotate__` functions (PEP 649), or kept as text under
//! `from __future__ import annotations`.

use ruff_python_ast::{self as ast, Expr, Stmt};
use ruff_text_size::{Ranged, TextRange};
use taipan_bytecode::{CommonConstant, Const, FunctionAttribute, Op};

use super::unparse::unparse;
use super::{Compiler, Operand, Residue, take};
use crate::symbols::{Role, ScopeId, ScopeKind};
use crate::syntax_error::Result;

/// `annotationlib.Format.VALUE_WITH_FAKE_GLOBALS`: formats beyond are refused.
const LAST_FORMAT: u32 = 2;

/// An annotated variable of a class or module.
struct Annotated<'a> {
    name: &'a str,
    annotation: &'a Expr,
    /// Stands under a condition.
    conditional: bool,
    range: TextRange,
}

/// Whether a body annotates variables.
pub(crate) fn has_annotations(body: &[Stmt]) -> bool {
    let mut found = Vec::new();
    collect(body, false, &mut |s, _| found.push(s.range.start()));
    !found.is_empty()
}

/// Visits the annotated simple names of a body, not those of blocks inside.
fn collect<'a>(body: &'a [Stmt], conditional: bool, visit: &mut dyn FnMut(&'a ast::StmtAnnAssign, bool)) {
    for s in body {
        match s {
            Stmt::AnnAssign(s) if s.simple && s.target.is_name_expr() => visit(s, conditional),
            Stmt::If(s) => {
                collect(&s.body, true, visit);
                s.elif_else_clauses.iter().for_each(|c| collect(&c.body, true, visit));
            }
            Stmt::For(s) => {
                collect(&s.body, true, visit);
                collect(&s.orelse, true, visit);
            }
            Stmt::While(s) => {
                collect(&s.body, true, visit);
                collect(&s.orelse, true, visit);
            }
            Stmt::With(s) => collect(&s.body, true, visit),
            Stmt::Match(s) => s.cases.iter().for_each(|c| collect(&c.body, true, visit)),
            Stmt::Try(s) => {
                collect(&s.body, true, visit);
                for ast::ExceptHandler::ExceptHandler(h) in &s.handlers {
                    collect(&h.body, true, visit);
                }
                collect(&s.orelse, true, visit);
                collect(&s.finalbody, true, visit);
            }
            _ => {}
        }
    }
}

impl<'a> Compiler<'a> {
    /// Numbers the conditional annotations of a body before it is lowered.
    pub(crate) fn number_annotations(&mut self, body: &'a [Stmt]) {
        let module = self.scope().kind == ScopeKind::Module;
        let numbers = &mut self.unit.annotation_numbers;
        collect(body, false, &mut |s, conditional| {
            if conditional || module {
                let next = numbers.len() as u32;
                numbers.insert(s.range.start(), next);
            }
        });
    }

    fn annotated(&self, body: &'a [Stmt]) -> Vec<Annotated<'a>> {
        let module = self.scope().kind == ScopeKind::Module;
        let mut found = Vec::new();
        collect(body, false, &mut |s, conditional| {
            if let Expr::Name(n) = &*s.target {
                found.push(Annotated {
                    name: &n.id,
                    annotation: &s.annotation,
                    conditional: conditional || module,
                    range: s.range,
                });
            }
        });
        found
    }

    /// `__annotate__` of a module, made before the body runs.
    pub(crate) fn module_annotations(&mut self, body: &'a [Stmt]) -> Result<()> {
        self.number_annotations(body);
        self.namespace_annotations(body, "__annotate__")
    }

    /// `__annotate_func__` of a class.
    pub(crate) fn class_annotations(&mut self, body: &'a [Stmt]) -> Result<()> {
        self.namespace_annotations(body, "__annotate_func__")
    }

    fn namespace_annotations(&mut self, body: &'a [Stmt], stored: &str) -> Result<()> {
        let Some(id) = self.scope().annotations else { return Ok(()) };
        let annotated = self.annotated(body);
        if annotated.is_empty() {
            return Ok(());
        }
        let numbers = self.unit.annotation_numbers.clone();
        let first_line = self.unit.first_line;
        let conditional_sym = self.table.lookup("__conditional_annotations__");
        let target = self.unit.temp();
        self.enter_annotate(id, first_line);
        let dict = self.unit.temp();
        self.unit.emit(Op::BuildMap, dict as u32, dict as u32, 0);
        for a in &annotated {
            let skip = self.unit.label();
            let mark = self.unit.depth;
            if a.conditional
                && let (Some(number), Some(sym)) = (numbers.get(&a.range.start()), conditional_sym)
            {
                self.at(a.range);
                let number = self.load_const(Const::Int(*number as i64), None);
                let set = self.load_conditional_set(sym);
                let flags = if set.is_temp() { taipan_bytecode::BranchFlags::DROP_B } else { 0 };
                self.unit.emit(Op::BranchIn, number.reg as u32, set.reg as u32, flags as u32);
                self.unit.jump_op(Op::Target, 0, skip);
                self.unit.release(mark);
            }
            let key = self.load_const_temp(Const::Str(self.mangled(a.name)));
            let value = self.expr(a.annotation, None)?;
            self.at(a.annotation.range());
            let value = self.take_operand(value);
            self.unit.emit(Op::MapAdd, dict as u32, take(key), value);
            self.unit.release(mark);
            self.unit.place(skip);
        }
        self.unit.emit_final(Op::ReturnValue, dict as u32, 0, 0);
        let code = self.leave_unit()?;
        self.make_function(code, target);
        self.store_class_name(stored, target);
        self.unit.release(target as u32);
        Ok(())
    }

    /// The set of the conditional annotations that were reached: a global of the module, or a cell of the class.
    fn load_conditional_set(&mut self, sym: crate::symbols::Sym) -> Operand {
        if let Some(cell) = self.unit.variables.cells.get(&sym).copied() {
            let t = self.unit.temp();
            self.unit.emit(Op::LoadDeref, t as u32, cell as u32, 0);
            return Operand { reg: t, residue: Residue::Object };
        }
        let t = self.unit.temp();
        let n = self.unit.name("__conditional_annotations__");
        self.unit.emit(Op::LoadGlobal, t as u32, n, 0);
        Operand { reg: t, residue: Residue::Object }
    }

    /// Begins an `__annotate__` function: one positional parameter, the format.
    fn enter_annotate(&mut self, id: ScopeId, first_line: u32) {
        let name = self.table.scopes[id].name.clone();
        self.enter_unit(id, &name, first_line);
        self.unit.argcount = 1;
        self.unit.posonlyargcount = 1;
        self.prologue();
        self.check_format();
    }

    /// Raises NotImplementedError for formats that this function leaves to others.
    pub(crate) fn check_format(&mut self) {
        let ok = self.unit.label();
        self.unit.emit(Op::BranchGtImm, 0, LAST_FORMAT, 0);
        self.unit.jump_op(Op::Target, 0, ok);
        let t = self.unit.temp();
        self.unit.emit(Op::LoadCommonConstant, t as u32, CommonConstant::NotImplementedError as u32, 0);
        self.unit.emit_final(Op::Raise, take(t), 0, 0);
        self.unit.release(t as u32);
        self.unit.place(ok);
    }

    /// Annotations of a function: its `__annotate__` function in the next temporary.
    pub(crate) fn function_annotations(
        &mut self,
        s: &'a ast::StmtFunctionDef,
    ) -> Result<Option<(u16, FunctionAttribute)>> {
        let p = &s.parameters;
        let plain = p.posonlyargs.iter().chain(&p.args).map(|p| &p.parameter);
        let keyword_only = p.kwonlyargs.iter().map(|p| &p.parameter);
        let annotations: Vec<(&'a str, &'a Expr)> = plain
            .chain(p.vararg.as_deref())
            .chain(keyword_only)
            .chain(p.kwarg.as_deref())
            .filter_map(|p| Some((p.name.as_str(), p.annotation.as_deref()?)))
            .chain(s.returns.as_deref().map(|r| ("return", r)))
            .collect();
        if annotations.is_empty() {
            return Ok(None);
        }
        let target = self.unit.depth as u16;
        self.unit.temp();
        let Some(id) = self.table.scope_of(s, Role::Annotations) else {
            return self.error("annotations without scope", s.range);
        };
        let line = self.source.line(s.name.range.start());
        self.enter_annotate(id, line);
        // Named after the function, as if it were an attribute of it.
        if let Some(outer) = self.unit.qualname.strip_suffix("__annotate__") {
            self.unit.qualname = format!("{outer}{}.__annotate__", s.name);
        }
        let dict = self.unit.temp();
        self.unit.emit(Op::BuildMap, dict as u32, dict as u32, 0);
        for (name, annotation) in &annotations {
            let mark = self.unit.depth;
            let key = self.load_const_temp(Const::Str(self.mangled(name)));
            let value = match annotation {
                annotation if self.table.future_annotations => {
                    let text = unparse(self.source, annotation);
                    self.load_const(Const::Str(text), None)
                }
                // `*args: *Ts`
                Expr::Starred(starred) => {
                    let value = self.expr_temp(&starred.value)?;
                    self.at(starred.range);
                    self.unit.emit(Op::UnpackSequence, value.reg as u32, take(value.reg), 1);
                    value
                }
                annotation => self.expr(annotation, None)?,
            };
            self.at(annotation.range());
            let value = self.take_operand(value);
            self.unit.emit(Op::MapAdd, dict as u32, take(key), value);
            self.unit.release(mark);
        }
        self.unit.emit_final(Op::ReturnValue, dict as u32, 0, 0);
        let code = self.leave_unit()?;
        self.at_definition(s.range, s.name.range);
        self.make_function(code, target);
        Ok(Some((target, FunctionAttribute::Annotate)))
    }

    pub(crate) fn annotated_assign(&mut self, s: &'a ast::StmtAnnAssign) -> Result<()> {
        let mark = self.unit.depth;
        if let Some(value) = &s.value {
            let register = match &*s.target {
                Expr::Name(n) => self.local_register(&n.id),
                _ => None,
            };
            match register {
                Some(register) => {
                    self.expr(value, Some(register))?;
                    self.mark_bound(register);
                }
                None => {
                    let value = self.expr_stable(value)?;
                    self.store(&s.target, value)?;
                }
            }
            self.unit.release(mark);
        }
        match &*s.target {
            Expr::Name(n) if s.simple => self.record_annotation(s, &n.id),
            Expr::Name(_) => {}
            Expr::Attribute(a) if s.value.is_none() => self.expr_discard(&a.value)?,
            Expr::Subscript(sub) if s.value.is_none() => {
                self.expr_discard(&sub.value)?;
                self.expr_discard(&sub.slice)?;
            }
            Expr::Attribute(_) | Expr::Subscript(_) => {}
            Expr::List(l) => return self.error("only single target (not list) can be annotated", l.range),
            Expr::Tuple(t) => {
                return self.error("only single target (not tuple) can be annotated", t.range);
            }
            other => return self.error("illegal target for annotation", other.range()),
        }
        self.unit.release(mark);
        Ok(())
    }

    fn record_annotation(&mut self, s: &'a ast::StmtAnnAssign, name: &str) {
        if self.scope().kind.is_function_like() {
            return;
        }
        let mark = self.unit.depth;
        self.at(s.range);
        if self.table.future_annotations {
            let text = self.load_const_temp(Const::Str(unparse(self.source, &s.annotation)));
            let dict = self.unit.temp();
            let n = self.unit.name("__annotations__");
            self.unit.emit(Op::LoadName, dict as u32, n, 0);
            let key = self.load_const_temp(Const::Str(self.mangled(name)));
            self.unit.emit(Op::StoreSubscr, dict as u32, key as u32, take(text));
            self.unit.emit(Op::Drop, dict as u32, 0, 0);
        } else if let Some(number) = self.unit.annotation_numbers.get(&s.range.start()).copied() {
            let t = self.unit.temp();
            let cell = self
                .table
                .lookup("__conditional_annotations__")
                .and_then(|sym| self.unit.variables.cells.get(&sym).copied());
            match cell {
                Some(cell) => self.unit.emit(Op::LoadDeref, t as u32, cell as u32, 0),
                None => {
                    let n = self.unit.name("__conditional_annotations__");
                    self.unit.emit(Op::LoadName, t as u32, n, 0);
                }
            }
            let number = self.load_const(Const::Int(number as i64), None);
            self.unit.emit(Op::SetAdd, t as u32, take(number.reg), 0);
            self.unit.emit(Op::Drop, t as u32, 0, 0);
        }
        self.unit.release(mark);
    }
}
