//! Registers of a code unit under construction: which variable lives where, the stack of temporaries,
//! and which locals are certainly bound at the current point.

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::symbols::{Resolution, Scope, ScopeId, ScopeKind, Sym, Symbol, SymbolTable, mention};

/// Highest register number: bit 15 of operands is a flag.
pub(crate) const MAX_REGISTER: u32 = 0x7ff0;

/// The set of locals that are bound on every path to the current point.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct BoundLocals(SmallVec<[u64; 2]>);

impl BoundLocals {
    pub(crate) fn contains(&self, register: u16) -> bool {
        self.0.get(register as usize / 64).is_some_and(|w| w >> (register % 64) & 1 != 0)
    }

    pub(crate) fn insert(&mut self, register: u16) {
        let word = register as usize / 64;
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= 1 << (register % 64);
    }

    pub(crate) fn remove(&mut self, register: u16) {
        if let Some(w) = self.0.get_mut(register as usize / 64) {
            *w &= !(1 << (register % 64));
        }
    }

    /// Keeps what is bound on both paths.
    pub(crate) fn intersect(&mut self, other: &Self) {
        for (i, w) in self.0.iter_mut().enumerate() {
            *w &= other.0.get(i).copied().unwrap_or(0);
        }
    }
}

/// Where each variable of a unit lives.
#[derive(Debug, Default)]
pub(crate) struct VariableMap {
    pub(crate) locals: FxHashMap<Sym, u16>,
    pub(crate) cells: FxHashMap<Sym, u16>,
    /// Those that a class body makes for the functions in it; a variable of the same name that the body declares nonlocal is another.
    pub(crate) class_cells: FxHashMap<Sym, u16>,
    /// Registers for comprehension variables, also of those that have the name of a variable of the unit.
    pub(crate) comprehension_locals: FxHashMap<Sym, u16>,
    pub(crate) comprehension_cells: FxHashMap<Sym, u16>,
    pub(crate) varnames: Vec<Sym>,
    pub(crate) cellvars: Vec<Sym>,
    pub(crate) freevars: Vec<Sym>,
    pub(crate) cell_registers: Vec<u16>,
    pub(crate) free_registers: Vec<u16>,
    /// (cell register, parameter) pairs to set up, and cells to create empty.
    pub(crate) parameter_cells: Vec<(u16, u16)>,
    pub(crate) new_cells: Vec<u16>,
    pub(crate) first_temp: u32,
}

impl VariableMap {
    /// Numbers the registers of a scope's code.
    pub(crate) fn new(table: &SymbolTable, id: ScopeId) -> Self {
        let scope = &table.scopes[id];
        let mut map = Self::default();
        let function_like = scope.kind.is_function_like();
        let mut inlined = Vec::new();
        collect_inlined(table, scope, &mut inlined);
        for sym in &scope.params {
            map.locals.insert(*sym, map.varnames.len() as u16);
            map.varnames.push(*sym);
        }
        if function_like {
            for symbol in &scope.symbols {
                if symbol.resolution == Resolution::Local && !map.locals.contains_key(&symbol.sym) {
                    map.locals.insert(symbol.sym, map.varnames.len() as u16);
                    map.varnames.push(symbol.sym);
                }
            }
        }
        let taken = |map: &Self, sym: Sym| {
            map.locals.contains_key(&sym)
                || (function_like
                    && scope.symbol(sym).is_some_and(|s| s.resolution != Resolution::GlobalImplicit))
        };
        for hidden in [false, true] {
            for comprehension in &inlined {
                for symbol in &table.scopes[*comprehension].symbols {
                    if symbol.resolution == Resolution::Local
                        && symbol.mentions & mention::PARAM == 0
                        && !map.comprehension_locals.contains_key(&symbol.sym)
                        && taken(&map, symbol.sym) == hidden
                    {
                        map.comprehension_locals.insert(symbol.sym, map.varnames.len() as u16);
                        map.varnames.push(symbol.sym);
                    }
                }
            }
        }
        let mut next = map.varnames.len() as u32;
        let mut cell = |map: &mut Self, sym: Sym| {
            let register = next as u16;
            next += 1;
            map.cellvars.push(sym);
            map.cell_registers.push(register);
            register
        };
        if scope.kind == ScopeKind::Class {
            for (needed, name) in [
                (scope.needs_class_closure, "__class__"),
                (scope.needs_class_dict, "__classdict__"),
                (scope.has_conditional_annotations, "__conditional_annotations__"),
            ] {
                if let (true, Some(sym)) = (needed, table.lookup(name)) {
                    let register = cell(&mut map, sym);
                    map.cells.insert(sym, register);
                    map.new_cells.push(register);
                    map.class_cells.insert(sym, register);
                }
            }
        }
        for symbol in &scope.symbols {
            if symbol.resolution == Resolution::Cell {
                let register = cell(&mut map, symbol.sym);
                map.cells.insert(symbol.sym, register);
                match map.locals.get(&symbol.sym) {
                    Some(parameter) => map.parameter_cells.push((register, *parameter)),
                    None => map.new_cells.push(register),
                }
            }
        }
        for comprehension in &inlined {
            for symbol in &table.scopes[*comprehension].symbols {
                if symbol.resolution == Resolution::Cell && !map.comprehension_cells.contains_key(&symbol.sym)
                {
                    let register = cell(&mut map, symbol.sym);
                    map.comprehension_cells.insert(symbol.sym, register);
                }
            }
        }
        let is_free = |symbol: &&Symbol| {
            symbol.resolution == Resolution::Free || symbol.mentions & mention::FREE_CLASS != 0
        };
        let mut free: Vec<Sym> = scope.symbols.iter().filter(is_free).map(|symbol| symbol.sym).collect();
        // Closures are made by hand, too, in CPython's order.
        free.sort_by_key(|sym| table.name(*sym));
        for sym in free {
            let register = next as u16;
            next += 1;
            map.cells.insert(sym, register);
            map.freevars.push(sym);
            map.free_registers.push(register);
        }
        map.first_temp = next;
        map
    }
}

fn collect_inlined(table: &SymbolTable, scope: &Scope, out: &mut Vec<ScopeId>) {
    for child in &scope.children {
        let inner = &table.scopes[*child];
        if inner.inlined {
            out.push(*child);
            collect_inlined(table, inner, out);
        }
    }
}
