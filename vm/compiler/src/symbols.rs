//! The symbol table: which scope every name of a module belongs to.
//!
//! `build` walks the tree once and records, for each block, the names it binds, declares and uses;
//! `analyze` then resolves each name of each block to a [`Resolution`], following CPython's
//! `Python/symtable.c`. List, set and dict comprehensions are scopes of their own here, but (PEP 709) run
//! inside the code of the block around them unless [`Scope::inlined`] is false.

mod analyze;
mod build;
mod build_expression;
mod export;

use ruff_text_size::{TextRange, TextSize};
use rustc_hash::{FxHashMap, FxHashSet};

pub(crate) use analyze::analyze;
pub(crate) use build::build;
pub use export::TableEntry;
pub(crate) use export::export;

/// An interned, mangled name.
pub(crate) type Sym = u32;
/// Index of a scope in the table.
pub(crate) type ScopeId = usize;

/// What kind of block a scope is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ScopeKind {
    Module,
    Class,
    /// `def`, `async def`.
    Function,
    Lambda,
    /// List, set or dict comprehension.
    Comprehension,
    /// Generator expression.
    Generator,
    /// `__annotate__` of a function, class or module.
    Annotations,
    /// Type parameter list of a function, class or alias.
    TypeParams,
    /// Lazily evaluated value of a type alias.
    TypeAlias,
    /// Lazily evaluated bound, constraint or default of a type parameter.
    TypeVariable,
}

impl ScopeKind {
    /// Whether it is one of those that PEP 649 and 695 call annotation scopes.
    pub(crate) fn is_annotation(self) -> bool {
        use ScopeKind::*;
        matches!(self, Annotations | TypeParams | TypeAlias | TypeVariable)
    }
    /// Whether locals are registers.
    pub(crate) fn is_function_like(self) -> bool {
        !matches!(self, Self::Module | Self::Class)
    }
}

/// Where a name lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resolution {
    Local,
    Cell,
    Free,
    GlobalExplicit,
    GlobalImplicit,
}

/// How a block mentions a name.
pub(crate) mod mention {
    pub(crate) const USE: u32 = 1;
    pub(crate) const LOCAL: u32 = 2;
    pub(crate) const PARAM: u32 = 4;
    pub(crate) const GLOBAL: u32 = 8;
    pub(crate) const NONLOCAL: u32 = 16;
    pub(crate) const ANNOTATED: u32 = 32;
    pub(crate) const IMPORT: u32 = 64;
    pub(crate) const TYPE_PARAM: u32 = 128;
    /// Iteration variable of a comprehension.
    pub(crate) const ITERATION: u32 = 256;
    /// A class passes an enclosing function's variable of this name to its inner blocks.
    pub(crate) const FREE_CLASS: u32 = 512;
    pub(crate) const BOUND: u32 = LOCAL | PARAM | IMPORT | TYPE_PARAM;
}

/// A name in a scope.
#[derive(Clone, Debug)]
pub(crate) struct Symbol {
    pub(crate) sym: Sym,
    pub(crate) mentions: u32,
    pub(crate) resolution: Resolution,
    /// Of the `global` or `nonlocal` statement.
    pub(crate) declared_at: TextRange,
}

/// What a node's scope is looked up by: the node's address, and which of its scopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Role {
    Body,
    TypeParams,
    Annotations,
    Default,
}

/// A block of the program.
#[derive(Debug)]
pub(crate) struct Scope {
    pub(crate) kind: ScopeKind,
    pub(crate) name: String,
    /// Where the statement or expression begins that has the scope.
    pub(crate) start: TextSize,
    pub(crate) parent: Option<ScopeId>,
    pub(crate) children: Vec<ScopeId>,
    pub(crate) symbols: Vec<Symbol>,
    index: FxHashMap<Sym, usize>,
    /// Parameters in register order.
    pub(crate) params: Vec<Sym>,
    /// Inside a function.
    pub(crate) nested: bool,
    /// Contains `yield`.
    pub(crate) is_generator: bool,
    /// `async def`, or a generator expression with asynchronous parts.
    pub(crate) is_coroutine: bool,
    /// Directly inside a class body.
    pub(crate) is_method: bool,
    /// An annotation or type parameter scope whose names look into the class around it first.
    pub(crate) can_see_class_scope: bool,
    /// Some inner block uses `__class__` of this class.
    pub(crate) needs_class_closure: bool,
    /// Some inner block uses the namespace of this class.
    pub(crate) needs_class_dict: bool,
    /// Annotations stand under a condition.
    pub(crate) has_conditional_annotations: bool,
    /// Scope of this class's or module's `__annotate__`.
    pub(crate) annotations: Option<ScopeId>,
    /// The comprehension runs inside the code of its parent.
    pub(crate) inlined: bool,
    /// Has free names; has inner blocks with free names.
    pub(crate) has_free: bool,
    pub(crate) child_has_free: bool,
    /// How private names are mangled.
    pub(crate) private: Option<Private>,
    /// Targets of `:=`, which can rebind a local in the midst of an expression.
    pub(crate) walrus: FxHashSet<Sym>,
    /// Names that `del` or the end of an `except` clause unbinds.
    pub(crate) deleted: FxHashSet<Sym>,
    /// Attributes assigned through `self` in the methods of a class.
    pub(crate) static_attributes: Vec<String>,
}

impl Scope {
    pub(crate) fn symbol(&self, sym: Sym) -> Option<&Symbol> {
        self.index.get(&sym).map(|i| &self.symbols[*i])
    }

    fn symbol_mut(&mut self, sym: Sym) -> &mut Symbol {
        let symbols = &mut self.symbols;
        let i = *self.index.entry(sym).or_insert_with(|| {
            symbols.push(Symbol {
                sym,
                mentions: 0,
                resolution: Resolution::GlobalImplicit,
                declared_at: TextRange::default(),
            });
            symbols.len() - 1
        });
        &mut self.symbols[i]
    }

    pub(crate) fn mentions(&self, sym: Sym) -> u32 {
        self.symbol(sym).map_or(0, |s| s.mentions)
    }

    /// Whether code of this scope runs as a generator function would.
    pub(crate) fn is_comprehension_like(&self) -> bool {
        matches!(self.kind, ScopeKind::Comprehension | ScopeKind::Generator)
    }
}

/// All scopes of a compilation.
#[derive(Debug, Default)]
pub(crate) struct SymbolTable {
    pub(crate) scopes: Vec<Scope>,
    names: Vec<String>,
    interned: FxHashMap<String, Sym>,
    by_node: FxHashMap<(usize, Role), ScopeId>,
    /// `from __future__ import annotations`.
    pub(crate) future_annotations: bool,
}

impl SymbolTable {
    pub(crate) fn intern(&mut self, name: &str) -> Sym {
        if let Some(sym) = self.interned.get(name) {
            return *sym;
        }
        let sym = self.names.len() as Sym;
        self.names.push(name.to_owned());
        self.interned.insert(name.to_owned(), sym);
        sym
    }

    /// The symbol of a name that some scope mentions.
    pub(crate) fn lookup(&self, name: &str) -> Option<Sym> {
        self.interned.get(name).copied()
    }

    pub(crate) fn name(&self, sym: Sym) -> &str {
        &self.names[sym as usize]
    }

    pub(crate) fn scope_of<T>(&self, node: &T, role: Role) -> Option<ScopeId> {
        self.by_node.get(&(address(node), role)).copied()
    }
}

/// The identity of a node while the tree is borrowed.
fn address<T>(node: &T) -> usize {
    std::ptr::from_ref(node).addr()
}

/// How private names are mangled somewhere.
#[derive(Clone, Debug)]
pub(crate) struct Private {
    /// Name of the class.
    pub(crate) class: String,
    /// Around a generic class only the names of its type parameters are.
    pub(crate) only: Option<Vec<String>>,
}

/// Private name mangling: `__x` in class `_C` is `_C__x`.
pub(crate) fn mangle<'n>(private: Option<&Private>, name: &'n str) -> std::borrow::Cow<'n, str> {
    let Some(private) = private else { return name.into() };
    if !name.starts_with("__") || name.ends_with("__") || name.contains('.') {
        return name.into();
    }
    if private.only.as_ref().is_some_and(|only| !only.iter().any(|known| known == name)) {
        return name.into();
    }
    let class = private.class.trim_start_matches('_');
    if class.is_empty() { name.into() } else { format!("_{class}{name}").into() }
}
