//! Loads, stores and deletions of names, by where the symbol table says they live.

use taipan_bytecode::{Const, Op};

use super::{Compiler, Operand, Residue, take};
use crate::symbols::{Resolution, ScopeKind, Sym};
use ruff_text_size::TextRange;

/// Where a name is found in the current code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Storage {
    Register(u16),
    Cell(u16),
    /// Class body variable that may hide a closure variable.
    ClassCell(u16),
    Global,
    /// In the namespace mapping.
    Namespace,
    /// Annotation scope in a class: the class namespace first, then a closure variable.
    ClassDictCell(u16),
    /// Annotation scope in a class: the class namespace first, then globals.
    ClassDictGlobal,
}

impl<'a> Compiler<'a> {
    pub(crate) fn storage(&self, sym: Sym) -> Storage {
        let unit_scope = self.scope();
        let variables = &self.unit.variables;
        for inlined in self.unit.comprehensions.iter().rev() {
            if let Some(register) = inlined.locals.get(&sym) {
                return Storage::Register(*register);
            }
            if let Some(cell) = inlined.cells.get(&sym) {
                return Storage::Cell(*cell);
            }
            match self.table.scopes[inlined.scope].symbol(sym).map(|s| s.resolution) {
                Some(Resolution::Free) => {
                    // A class variable of the same name is out of sight.
                    let nearest_is_host = self
                        .unit
                        .comprehensions
                        .iter()
                        .all(|c| !c.locals.contains_key(&sym) && !c.cells.contains_key(&sym));
                    if nearest_is_host && unit_scope.kind == ScopeKind::Class {
                        return match variables.cells.get(&sym) {
                            Some(cell) => Storage::Cell(*cell),
                            None => Storage::Global,
                        };
                    }
                }
                Some(Resolution::GlobalExplicit) => return Storage::Global,
                Some(Resolution::GlobalImplicit) | None => {
                    return if unit_scope.kind == ScopeKind::Module
                        && unit_scope.symbol(sym).map(|s| s.resolution) != Some(Resolution::GlobalExplicit)
                    {
                        Storage::Namespace
                    } else {
                        Storage::Global
                    };
                }
                _ => {}
            }
        }
        let resolution = unit_scope.symbol(sym).map_or(Resolution::GlobalImplicit, |s| s.resolution);
        match resolution {
            Resolution::Local => match variables.locals.get(&sym) {
                Some(register) => Storage::Register(*register),
                None => match variables.cells.get(&sym) {
                    Some(cell) if self.is_class_implicit(sym) => Storage::Cell(*cell),
                    _ => Storage::Namespace,
                },
            },
            Resolution::Cell => Storage::Cell(variables.cells[&sym]),
            Resolution::Free => {
                let cell = variables.cells[&sym];
                if unit_scope.kind == ScopeKind::Class {
                    Storage::ClassCell(cell)
                } else if unit_scope.can_see_class_scope && !self.is_dunder_class(sym) {
                    Storage::ClassDictCell(cell)
                } else {
                    Storage::Cell(cell)
                }
            }
            Resolution::GlobalExplicit => Storage::Global,
            Resolution::GlobalImplicit if unit_scope.can_see_class_scope => Storage::ClassDictGlobal,
            Resolution::GlobalImplicit if unit_scope.kind.is_function_like() => Storage::Global,
            Resolution::GlobalImplicit => Storage::Namespace,
        }
    }

    fn is_class_implicit(&self, sym: Sym) -> bool {
        self.scope().kind == ScopeKind::Class
            && matches!(self.table.name(sym), "__classdict__" | "__conditional_annotations__")
    }

    fn is_dunder_class(&self, sym: Sym) -> bool {
        matches!(self.table.name(sym), "__class__" | "__classdict__" | "__conditional_annotations__")
    }

    /// Loads a name as the program wrote it.
    pub(crate) fn load_name(&mut self, name: &str, dst: Option<u16>) -> Operand {
        match self.sym(name) {
            Some(sym) => self.load_sym(sym, dst),
            None => {
                let d = self.dest(dst);
                let n = self.name_index(name);
                self.unit.emit(Op::LoadGlobal, d as u32, n, 0);
                self.result(d, dst, Residue::Object)
            }
        }
    }

    pub(crate) fn load_sym(&mut self, sym: Sym, dst: Option<u16>) -> Operand {
        let storage = self.storage(sym);
        let table = self.table;
        let name = table.name(sym);
        if let Storage::Register(r) = storage {
            self.check_bound(r, name);
            return match dst {
                None => Operand { reg: r, residue: Residue::InPlace },
                Some(d) => {
                    if d != r {
                        self.unit.emit(Op::Copy, d as u32, r as u32, 0);
                    }
                    Operand { reg: d, residue: Residue::InPlace }
                }
            };
        }
        let d = self.dest(dst);
        match storage {
            Storage::Register(_) => {}
            Storage::Cell(cell) => self.unit.emit(Op::LoadDeref, d as u32, cell as u32, 0),
            Storage::ClassCell(cell) => {
                let t = self.unit.temp();
                self.unit.emit(Op::LoadLocals, t as u32, 0, 0);
                self.unit.emit(Op::LoadFromDictOrDeref, d as u32, t as u32, cell as u32);
                self.unit.emit(Op::Drop, t as u32, 0, 0);
                self.unit.release(t as u32);
            }
            Storage::ClassDictCell(cell) => {
                let t = self.load_class_dict();
                self.unit.emit(Op::LoadFromDictOrDeref, d as u32, t as u32, cell as u32);
                self.unit.emit(Op::Drop, t as u32, 0, 0);
                self.unit.release(t as u32);
            }
            Storage::ClassDictGlobal => {
                let t = self.load_class_dict();
                let n = self.unit.name(name);
                self.unit.emit(Op::LoadFromDictOrGlobals, d as u32, t as u32, n);
                self.unit.emit(Op::Drop, t as u32, 0, 0);
                self.unit.release(t as u32);
            }
            Storage::Global => {
                let n = self.unit.name(name);
                self.unit.emit(Op::LoadGlobal, d as u32, n, 0);
            }
            Storage::Namespace => {
                let n = self.unit.name(name);
                self.unit.emit(Op::LoadName, d as u32, n, 0);
            }
        }
        self.result(d, dst, Residue::Object)
    }

    fn load_class_dict(&mut self) -> u16 {
        let t = self.unit.temp();
        let cell =
            self.table.lookup("__classdict__").and_then(|sym| self.unit.variables.cells.get(&sym).copied());
        match cell {
            Some(cell) => self.unit.emit(Op::LoadDeref, t as u32, cell as u32, 0),
            None => self.unit.emit(Op::BuildMap, t as u32, t as u32, 0),
        }
        t
    }

    /// Emits the check for a local that may be unbound.
    fn check_bound(&mut self, register: u16, name: &str) {
        if let Some(bound) = &self.unit.bound
            && !bound.contains(register)
        {
            let n = self.unit.name(name);
            self.unit.emit(Op::CheckLocal, register as u32, n, 0);
            self.mark_bound(register);
        }
    }

    pub(crate) fn mark_bound(&mut self, register: u16) {
        if let Some(bound) = &mut self.unit.bound {
            bound.insert(register);
        }
    }

    pub(crate) fn mark_unbound(&mut self, register: u16) {
        if let Some(bound) = &mut self.unit.bound {
            bound.remove(register);
        }
    }

    /// The register of a name that is a plain local here.
    pub(crate) fn local_register(&self, name: &str) -> Option<u16> {
        match self.storage(self.sym(name)?) {
            Storage::Register(r) => Some(r),
            _ => None,
        }
    }

    /// Stores an operand to a name.
    pub(crate) fn store_name(&mut self, name: &str, value: Operand) {
        match self.sym(name) {
            Some(sym) => self.store_sym(sym, value),
            None => {
                let n = self.name_index(name);
                self.unit.emit(Op::StoreGlobal, self.take_operand(value), n, 0);
            }
        }
    }

    pub(crate) fn store_sym(&mut self, sym: Sym, value: Operand) {
        let operand = self.take_operand(value);
        let table = self.table;
        let name = table.name(sym);
        match self.storage(sym) {
            Storage::Register(r) => {
                if value.reg != r {
                    let op = if value.is_temp() { Op::Move } else { Op::Copy };
                    self.unit.emit(op, r as u32, value.reg as u32, 0);
                }
                self.mark_bound(r);
            }
            Storage::Cell(cell) | Storage::ClassCell(cell) | Storage::ClassDictCell(cell) => {
                self.unit.emit(Op::StoreDeref, cell as u32, operand, 0);
            }
            Storage::Global | Storage::ClassDictGlobal => {
                let n = self.unit.name(name);
                self.unit.emit(Op::StoreGlobal, operand, n, 0);
            }
            Storage::Namespace => {
                let n = self.unit.name(name);
                self.unit.emit(Op::StoreName, operand, n, 0);
            }
        }
    }

    /// Deletes a name.
    pub(crate) fn delete_sym(&mut self, sym: Sym) {
        let table = self.table;
        let name = table.name(sym);
        match self.storage(sym) {
            Storage::Register(r) => {
                self.check_bound(r, name);
                self.unit.emit(Op::Drop, r as u32, 0, 0);
                self.mark_unbound(r);
            }
            Storage::Cell(cell) | Storage::ClassCell(cell) | Storage::ClassDictCell(cell) => {
                self.unit.emit(Op::DeleteDeref, cell as u32, 0, 0);
            }
            Storage::Global | Storage::ClassDictGlobal => {
                let n = self.unit.name(name);
                self.unit.emit(Op::DeleteGlobal, 0, n, 0);
            }
            Storage::Namespace => {
                let n = self.unit.name(name);
                self.unit.emit(Op::DeleteName, 0, n, 0);
            }
        }
    }

    pub(crate) fn delete_name(&mut self, name: &str, range: TextRange) {
        let _ = range;
        if let Some(sym) = self.sym(name) {
            self.delete_sym(sym);
        }
    }

    /// At the end of an `except ... as name`: unbinds the name, whether or not it still is bound.
    pub(crate) fn unbind_exception_name(&mut self, sym: Sym) {
        if let Storage::Register(r) = self.storage(sym) {
            self.unit.emit(Op::Drop, r as u32, 0, 0);
            self.mark_unbound(r);
            return;
        }
        let none = self.load_const(Const::None, None);
        self.store_sym(sym, none);
        self.unit.release(none.reg as u32);
        self.delete_sym(sym);
    }

    /// A cell register for a closure: the cell that inner code's free variable refers to.
    pub(crate) fn closure_cell(&self, sym: Sym) -> Option<u16> {
        for inlined in self.unit.comprehensions.iter().rev() {
            if let Some(cell) = inlined.cells.get(&sym) {
                return Some(*cell);
            }
        }
        let variables = &self.unit.variables;
        variables.class_cells.get(&sym).or_else(|| variables.cells.get(&sym)).copied()
    }

    /// Consumes a temporary: `a` operand with the flag.
    pub(crate) fn taken(&self, register: u16) -> u32 {
        take(register)
    }
}
