//! Lowering: one pass over the tree that emits instructions.
//!
//! Expressions are evaluated by [`Compiler::expr`] into a destination register, or wherever is best if none is given: a
//! bound local is used in place, everything else ends in the next free temporary. So a result is either
//! no temporary at all or exactly the one at the mark where the evaluation began, and operands can be built side by
//! side by evaluating one after the other.
//!
//! A local is only written by the last instruction of the expression assigned to it, so
//! that an exception in between leaves it as it was.

mod annotations;
mod assignment;
mod call;
mod class;
mod comparison;
mod comprehension;
mod consume;
mod exceptions;
mod expression;
mod function;
mod generator;
mod import;
mod names;
mod pattern;
mod statement;
pub(crate) mod text;
mod type_params;
mod unparse;
mod with;

use ruff_python_ast::{Expr, Mod, Stmt};
use ruff_text_size::{Ranged, TextRange, TextSize};
use taipan_bytecode::{CodeUnit, Const, Op, flags};

use crate::optimize::fold;
use crate::registers::{MAX_REGISTER, VariableMap};
use crate::source::Source;
use crate::symbols::{self, Scope, ScopeId, ScopeKind, Sym, SymbolTable};
use crate::syntax_error::{CompileWarning, Failure, Result};
use crate::unit::{Label, Unit};
use crate::{Mode, Options, assemble};

/// What becomes of a temporary when its value has been used and nothing overwrites it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Residue {
    /// Not a temporary of ours: a local used in place.
    InPlace,
    /// A constant, bool or text: may stay.
    Plain,
    /// A result of arithmetic: may stay behind arithmetic, is dropped elsewhere.
    Arithmetic,
    /// An object whose lifetime can be observed: dropped.
    Object,
}

/// Where the value of an expression is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operand {
    pub(crate) reg: u16,
    pub(crate) residue: Residue,
}

impl Operand {
    pub(crate) fn is_temp(self) -> bool {
        self.residue != Residue::InPlace
    }
}

pub(crate) struct Compiler<'a> {
    pub(crate) source: &'a Source<'a>,
    pub(crate) table: &'a SymbolTable,
    pub(crate) filename: &'a str,
    pub(crate) options: Options,
    pub(crate) interactive: bool,
    pub(crate) unit: Unit<'a>,
    pub(crate) outer: Vec<Unit<'a>>,
    pub(crate) warnings: Vec<CompileWarning>,
    /// Where the last `__future__` import in its proper place begins.
    pub(crate) last_future: TextSize,
    /// Set when a unit ran out of registers.
    overflow: bool,
}

/// The scopes of a parsed source.
pub(crate) fn symbol_table(module: &Mod, options: Options) -> Result<symbols::SymbolTable> {
    let body: &[Stmt] = match module {
        Mod::Module(m) => &m.body,
        Mod::Expression(_) => &[],
    };
    let future = import::future_features(body)? | options.future_flags;
    let mut table =
        symbols::build(module, future & flags::CO_FUTURE_ANNOTATIONS != 0, options.allow_top_level_await)?;
    symbols::analyze(&mut table)?;
    Ok(table)
}

/// Compiles a parsed source.
pub(crate) fn compile_module(
    source: &Source<'_>,
    module: &Mod,
    filename: &str,
    mode: Mode,
    options: Options,
) -> Result<(CodeUnit, Vec<CompileWarning>)> {
    let body: &[Stmt] = match module {
        Mod::Module(m) => &m.body,
        Mod::Expression(_) => &[],
    };
    let future = import::future_features(body)? | options.future_flags;
    let table = symbol_table(module, options)?;
    let mut unit = Unit::new(0, VariableMap::new(&table, 0));
    unit.name = "<module>".into();
    unit.qualname = "<module>".into();
    unit.flags = future;
    if options.allow_top_level_await && table.scopes[0].is_coroutine {
        unit.flags |= flags::CO_COROUTINE;
    }
    let mut compiler = Compiler {
        source,
        table: &table,
        filename,
        options,
        interactive: mode == Mode::Single,
        unit,
        outer: Vec::new(),
        warnings: Vec::new(),
        last_future: import::last_future(body),
        overflow: false,
    };
    match module {
        Mod::Module(m) => compiler.module(&m.body)?,
        Mod::Expression(e) => {
            compiler.prologue();
            let value = compiler.expr(&e.body, None)?;
            compiler.at(e.body.range());
            compiler.unit.emit_final(Op::ReturnValue, value.reg as u32, 0, 0);
        }
    }
    let (code, warnings) = compiler.finish()?;
    Ok((code, warnings))
}

impl<'a> Compiler<'a> {
    fn module(&mut self, body: &'a [Stmt]) -> Result<()> {
        self.prologue();
        let body = if self.interactive { body } else { self.module_docstring(body) };
        let annotated = self.scope().annotations.is_some();
        if annotated && self.scope().has_conditional_annotations {
            self.unit.emit(Op::BuildSet, self.unit.depth, self.unit.depth, 0);
            let t = self.unit.temp();
            let name = self.unit.name("__conditional_annotations__");
            self.unit.emit(Op::StoreName, take(t), name, 0);
            self.unit.release(t as u32);
        }
        if self.table.future_annotations && annotations::has_annotations(body) {
            self.unit.emit(Op::SetupAnnotations, 0, 0, 0);
        }
        if annotated {
            self.module_annotations(body)?;
        }
        self.body(body)?;
        self.return_none();
        Ok(())
    }

    pub(crate) fn return_none(&mut self) {
        if self.unit.is_reachable() {
            let none = self.unit.constant(Const::None);
            if self.unit.positions.iter().any(|p| p.line != 0) {
                // In whatever line it is reached from.
                self.unit.position.line = 0;
            } else {
                self.unit.position.line = self.unit.first_line;
            }
            self.unit.emit_return_const(none);
        }
    }

    fn finish(mut self) -> Result<(CodeUnit, Vec<CompileWarning>)> {
        self.check_registers()?;
        Ok((assemble::assemble(self.unit, self.table, self.filename), self.warnings))
    }

    fn check_registers(&mut self) -> Result<()> {
        if self.unit.max_depth > MAX_REGISTER || self.overflow {
            return Err(Failure::syntax(
                format!("too many variables or operands in '{}'", self.unit.name),
                TextRange::default(),
            ));
        }
        Ok(())
    }

    // --- units ---

    pub(crate) fn scope(&self) -> &'a Scope {
        let table: &'a SymbolTable = self.table;
        &table.scopes[self.unit.scope]
    }

    /// Begins the code of a nested scope.
    pub(crate) fn enter_unit(&mut self, id: ScopeId, name: &str, first_line: u32) {
        let scope = &self.table.scopes[id];
        let mut unit = Unit::new(id, VariableMap::new(self.table, id));
        unit.name = name.to_owned();
        unit.qualname = self.qualified_name(name, id);
        unit.first_line = first_line;
        unit.flags = self.unit.flags
            & (flags::CO_FUTURE_ANNOTATIONS
                | flags::CO_FUTURE_BARRY_AS_BDFL
                | flags::CO_FUTURE_GENERATOR_STOP);
        if scope.kind.is_function_like() {
            unit.flags |= flags::CO_OPTIMIZED | flags::CO_NEWLOCALS;
            if scope.nested {
                unit.flags |= flags::CO_NESTED;
            }
            let mut bound = unit.bound.take().unwrap_or_default();
            for i in 0..scope.params.len() {
                bound.insert(i as u16);
            }
            unit.bound = Some(bound);
        }
        unit.position = self.unit.position;
        let outer = std::mem::replace(&mut self.unit, unit);
        self.outer.push(outer);
    }

    /// Ends the code of a nested scope and returns to the one around it.
    pub(crate) fn leave_unit(&mut self) -> Result<CodeUnit> {
        self.check_registers()?;
        let outer = self.outer.pop().expect("every leave_unit follows an enter_unit");
        let unit = std::mem::replace(&mut self.unit, outer);
        Ok(assemble::assemble(unit, self.table, self.filename))
    }

    fn qualified_name(&self, name: &str, id: ScopeId) -> String {
        // Annotation scopes of all kinds are invisible to the names of what is in them, but only one is looked through.
        let mut parent = &self.unit;
        if self.table.scopes[parent.scope].kind.is_annotation()
            && let Some(unit) = self.outer.last()
        {
            parent = unit;
        }
        let scope = &self.table.scopes[parent.scope];
        let kind = self.table.scopes[id].kind;
        if matches!(kind, ScopeKind::Function | ScopeKind::Class)
            && self
                .table
                .lookup(&symbols::mangle(scope.private.as_ref(), name))
                .and_then(|sym| scope.symbol(sym))
                .is_some_and(|s| s.resolution == symbols::Resolution::GlobalExplicit)
        {
            return name.to_owned();
        }
        match scope.kind {
            ScopeKind::Module => name.to_owned(),
            kind if kind == ScopeKind::Class || kind.is_annotation() => format!("{}.{name}", parent.qualname),
            _ => format!("{}.<locals>.{name}", parent.qualname),
        }
    }

    /// First instructions of every unit: generator frame, closure cells, own cells.
    pub(crate) fn prologue(&mut self) {
        if self.unit.flags & (flags::CO_GENERATOR | flags::CO_COROUTINE | flags::CO_ASYNC_GENERATOR) != 0 {
            self.unit.emit(Op::ReturnGenerator, 0, 0, 0);
        }
        let variables = &self.unit.variables;
        let free = variables.free_registers.len();
        let first_free = variables.free_registers.first().copied();
        let parameter_cells = variables.parameter_cells.clone();
        let new_cells = variables.new_cells.clone();
        if let Some(first) = first_free {
            self.unit.emit(Op::CopyFreeVars, first as u32, free as u32, 0);
        }
        for (cell, parameter) in parameter_cells {
            self.unit.emit(Op::MakeCell, cell as u32, parameter as u32, 0);
        }
        for cell in new_cells {
            self.unit.emit(Op::NewCell, cell as u32, 0, 0);
        }
    }

    // --- positions ---

    /// Instructions from here on come from this part of the source.
    pub(crate) fn at(&mut self, range: TextRange) {
        self.unit.position = self.source.position(range);
    }

    // --- operands ---

    /// The given destination, or a new temporary.
    pub(crate) fn dest(&mut self, dst: Option<u16>) -> u16 {
        match dst {
            Some(register) => register,
            None => self.unit.temp(),
        }
    }

    /// An operand in a new result register.
    pub(crate) fn result(&self, reg: u16, dst: Option<u16>, residue: Residue) -> Operand {
        match dst {
            Some(_) => Operand { reg, residue: Residue::InPlace },
            None => Operand { reg, residue },
        }
    }

    /// Drops a used operand that `keep` does not overwrite.
    pub(crate) fn drop_operand(&mut self, operand: Operand, keep: Option<u16>) {
        if matches!(operand.residue, Residue::Object | Residue::Arithmetic) && Some(operand.reg) != keep {
            self.unit.emit(Op::Drop, operand.reg as u32, 0, 0);
        }
    }

    /// As [`Self::drop_operand`] behind arithmetic, where results of arithmetic may stay.
    pub(crate) fn drop_object(&mut self, operand: Operand, keep: Option<u16>) {
        if operand.residue == Residue::Object && Some(operand.reg) != keep {
            self.unit.emit(Op::Drop, operand.reg as u32, 0, 0);
        }
    }

    /// The operand for a `T` position: temporaries are consumed.
    pub(crate) fn take_operand(&self, operand: Operand) -> u32 {
        if operand.is_temp() { take(operand.reg) } else { operand.reg as u32 }
    }

    /// Evaluates into exactly the next temporary.
    pub(crate) fn expr_temp(&mut self, e: &'a Expr) -> Result<Operand> {
        let mark = self.unit.depth;
        let operand = self.expr(e, None)?;
        if operand.is_temp() {
            debug_assert_eq!(operand.reg as u32, mark);
            return Ok(operand);
        }
        let t = self.unit.temp();
        self.unit.emit(Op::Copy, t as u32, operand.reg as u32, 0);
        Ok(Operand { reg: t, residue: Residue::Object })
    }

    /// Evaluates into the next temporary as an argument of a call.
    pub(crate) fn expr_argument(&mut self, e: &'a Expr) -> Result<u16> {
        let operand = self.expr(e, None)?;
        if operand.is_temp() {
            return Ok(operand.reg);
        }
        let t = self.unit.temp();
        let op = if self.may_be_rebound(e) { Op::Copy } else { Op::Lend };
        self.unit.emit(op, t as u32, operand.reg as u32, 0);
        Ok(t)
    }

    /// Evaluates an operand that stays valid while further operands are evaluated.
    pub(crate) fn expr_stable(&mut self, e: &'a Expr) -> Result<Operand> {
        if self.may_be_rebound(e) { self.expr_temp(e) } else { self.expr(e, None) }
    }

    /// Whether `e` is a local that some `:=` in the same code can rebind.
    fn may_be_rebound(&self, e: &Expr) -> bool {
        let name = match e {
            Expr::Name(name) => name,
            Expr::Named(_) => return true,
            _ => return false,
        };
        let walrus = &self.scope().walrus;
        !walrus.is_empty() && self.sym(&name.id).is_some_and(|sym| walrus.contains(&sym))
    }

    /// Loads a constant.
    pub(crate) fn load_const(&mut self, value: Const, dst: Option<u16>) -> Operand {
        let d = self.dest(dst);
        match value {
            // Larger ones are among the constants, where `replace` finds them.
            Const::Int(i @ 0..=255) => {
                self.unit.emit_wide(Op::LoadInt, d, i as i32 as u32);
            }
            value => {
                let k = self.unit.constant(value);
                self.unit.emit(Op::LoadConst, d as u32, k, 0);
            }
        }
        self.result(d, dst, Residue::Plain)
    }

    /// The value of a constant expression.
    pub(crate) fn fold(&self, e: &Expr) -> Option<Const> {
        fold::fold(self.source, self.options.optimize == 0, e)
    }

    // --- names ---

    /// The symbol of a name as seen in this unit, mangled.
    pub(crate) fn sym(&self, name: &str) -> Option<Sym> {
        self.table.lookup(&symbols::mangle(self.private(), name))
    }

    pub(crate) fn private(&self) -> Option<&'a symbols::Private> {
        self.scope().private.as_ref()
    }

    /// Index of an attribute or global name, mangled.
    pub(crate) fn name_index(&mut self, name: &str) -> u32 {
        let mangled = symbols::mangle(self.private(), name);
        self.unit.name(&mangled)
    }

    /// Registers of locals that `del` or an `except` clause may unbind.
    pub(crate) fn deleted_registers(&self) -> Vec<u16> {
        let locals = &self.unit.variables.locals;
        self.scope().deleted.iter().filter_map(|sym| locals.get(sym).copied()).collect()
    }

    pub(crate) fn place_loop_head(&mut self, label: Label) {
        let deleted = self.deleted_registers();
        self.unit.place_loop_head(label, &deleted);
    }

    pub(crate) fn warn(&mut self, message: String, range: TextRange) {
        let line = self.source.line(range.start());
        if !self.warnings.iter().any(|w| w.line == line && w.message == message) {
            self.warnings.push(CompileWarning::new(self.source, message, range));
        }
    }

    pub(crate) fn error<T>(&self, message: impl Into<String>, range: TextRange) -> Result<T> {
        Err(Failure::syntax(message.into(), range))
    }
}

/// A register with the `TAKE` bit.
pub(crate) fn take(register: u16) -> u32 {
    (register | taipan_bytecode::TAKE) as u32
}
