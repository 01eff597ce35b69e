//! Resolution of names, innermost information flowing outward: after a block's own names are settled,
//! its children report which of their names are free, and those become cells here or pass on outward.

use rustc_hash::FxHashSet;

use super::{Resolution, ScopeId, ScopeKind, Sym, SymbolTable, mention};
use crate::syntax_error::{Failure, Result};

type Names = FxHashSet<Sym>;

/// Resolves every name of every scope.
pub(crate) fn analyze(table: &mut SymbolTable) -> Result<()> {
    let special = Special {
        class: table.intern("__class__"),
        class_dict: table.intern("__classdict__"),
        conditional: table.intern("__conditional_annotations__"),
    };
    let mut free = Names::default();
    analyze_block(table, 0, None, &mut free, &mut Names::default(), &mut Names::default(), None, &special)
}

/// Names that class bodies provide implicitly.
struct Special {
    class: Sym,
    class_dict: Sym,
    conditional: Sym,
}

#[allow(clippy::too_many_arguments)]
fn analyze_block(
    table: &mut SymbolTable,
    id: ScopeId,
    bound: Option<&mut Names>,
    free: &mut Names,
    global: &mut Names,
    type_params: &mut Names,
    class_entry: Option<ScopeId>,
    special: &Special,
) -> Result<()> {
    let kind = table.scopes[id].kind;
    let is_class = kind == ScopeKind::Class;
    let mut local = Names::default();
    let mut new_bound = Names::default();
    let mut new_global = Names::default();
    let mut new_free = Names::default();
    let mut bound = bound;
    if is_class {
        new_global.extend(global.iter());
        if let Some(bound) = &bound {
            new_bound.extend(bound.iter());
        }
    }
    for i in 0..table.scopes[id].symbols.len() {
        let symbol = table.scopes[id].symbols[i].clone();
        let sym = symbol.sym;
        let resolution = if symbol.mentions & mention::GLOBAL != 0 {
            if symbol.mentions & mention::NONLOCAL != 0 {
                return Err(Failure::syntax(
                    format!("name '{}' is nonlocal and global", table.name(sym)),
                    symbol.declared_at,
                ));
            }
            global.insert(sym);
            if let Some(bound) = &mut bound {
                bound.remove(&sym);
            }
            Resolution::GlobalExplicit
        } else if symbol.mentions & mention::NONLOCAL != 0 {
            let Some(bound) = &bound else {
                return Err(Failure::syntax(
                    "nonlocal declaration not allowed at module level".into(),
                    symbol.declared_at,
                ));
            };
            if !bound.contains(&sym) {
                return Err(Failure::syntax(
                    format!("no binding for nonlocal '{}' found", table.name(sym)),
                    symbol.declared_at,
                ));
            }
            if type_params.contains(&sym) {
                return Err(Failure::syntax(
                    format!("nonlocal binding not allowed for type parameter '{}'", table.name(sym)),
                    symbol.declared_at,
                ));
            }
            table.scopes[id].has_free = true;
            free.insert(sym);
            Resolution::Free
        } else if symbol.mentions & mention::BOUND != 0 {
            local.insert(sym);
            global.remove(&sym);
            if symbol.mentions & mention::TYPE_PARAM != 0 {
                type_params.insert(sym);
            } else {
                type_params.remove(&sym);
            }
            Resolution::Local
        } else {
            let class_mentions = class_entry.map_or(0, |class| table.scopes[class].mentions(sym));
            if class_mentions & mention::GLOBAL != 0 {
                Resolution::GlobalExplicit
            } else if class_mentions & mention::BOUND != 0 && class_mentions & mention::NONLOCAL == 0 {
                Resolution::GlobalImplicit
            } else if bound.as_ref().is_some_and(|b| b.contains(&sym)) {
                table.scopes[id].has_free = true;
                free.insert(sym);
                Resolution::Free
            } else {
                Resolution::GlobalImplicit
            }
        };
        table.scopes[id].symbols[i].resolution = resolution;
    }
    if is_class {
        new_bound.insert(special.class);
        new_bound.insert(special.class_dict);
        new_bound.insert(special.conditional);
    } else {
        if kind.is_function_like() {
            new_bound.extend(local.iter());
        }
        if let Some(bound) = &bound {
            new_bound.extend(bound.iter());
        }
        new_global.extend(global.iter());
    }
    for child in table.scopes[id].children.clone() {
        let class_entry = if table.scopes[child].can_see_class_scope {
            if is_class { Some(id) } else { class_entry }
        } else {
            None
        };
        table.scopes[child].inlined =
            table.scopes[child].kind == ScopeKind::Comprehension && !table.scopes[id].can_see_class_scope;
        let mut child_free = Names::default();
        analyze_block(
            table,
            child,
            Some(&mut new_bound.clone()),
            &mut child_free,
            &mut new_global.clone(),
            &mut type_params.clone(),
            class_entry,
            special,
        )?;
        if table.scopes[child].inlined {
            inline(table, id, child, &mut child_free, special);
        }
        if table.scopes[child].has_free || table.scopes[child].child_has_free {
            table.scopes[id].child_has_free = true;
        }
        new_free.extend(child_free);
    }
    if kind.is_function_like() {
        for symbol in &mut table.scopes[id].symbols {
            if symbol.resolution == Resolution::Local && new_free.remove(&symbol.sym) {
                symbol.resolution = Resolution::Cell;
            }
        }
    } else if is_class {
        let scope = &mut table.scopes[id];
        scope.needs_class_closure |= new_free.remove(&special.class);
        scope.needs_class_dict |= new_free.remove(&special.class_dict);
        if new_free.remove(&special.conditional) {
            scope.has_conditional_annotations = true;
        }
    }
    // What is still free comes from further out and must be handed through this block.
    for sym in &new_free {
        let scope = &mut table.scopes[id];
        let existing = scope.mentions(*sym);
        if scope.symbol(*sym).is_some() {
            // A scope that looks into a class first still hands on the variable from further out.
            let from_class = scope.can_see_class_scope
                && bound.as_ref().is_some_and(|b| b.contains(sym))
                && scope.symbol(*sym).is_some_and(|s| {
                    matches!(s.resolution, Resolution::GlobalImplicit | Resolution::GlobalExplicit)
                });
            if from_class || (is_class && existing & (mention::BOUND | mention::GLOBAL) != 0) {
                scope.symbol_mut(*sym).mentions |= mention::FREE_CLASS;
            }
        } else if bound.as_ref().is_some_and(|b| b.contains(sym)) {
            scope.symbol_mut(*sym).resolution = Resolution::Free;
        }
    }
    free.extend(new_free);
    Ok(())
}

/// A comprehension that runs in its parent's code reaches the parent's locals directly: they need not be
/// cells on its account.
fn inline(table: &mut SymbolTable, id: ScopeId, child: ScopeId, child_free: &mut Names, special: &Special) {
    let is_class = table.scopes[id].kind == ScopeKind::Class;
    let symbols = table.scopes[child].symbols.clone();
    for symbol in symbols.iter().filter(|s| s.resolution == Resolution::Free) {
        let sym = symbol.sym;
        if is_class && [special.class, special.class_dict, special.conditional].contains(&sym) {
            // Visible to functions inside the class, not to code of the body itself.
            if !free_in_inner_block(table, child, sym) {
                child_free.remove(&sym);
            }
            continue;
        }
        let bound_here =
            table.scopes[id].kind.is_function_like() && table.scopes[id].mentions(sym) & mention::BOUND != 0;
        if bound_here && !free_in_inner_block(table, child, sym) {
            child_free.remove(&sym);
        }
    }
}

/// Whether a block inside the comprehension that has code of its own uses the name as free.
fn free_in_inner_block(table: &SymbolTable, id: ScopeId, sym: Sym) -> bool {
    table.scopes[id].children.iter().any(|child| {
        let scope = &table.scopes[*child];
        match scope.symbol(sym) {
            Some(s) if s.resolution == Resolution::Free || s.mentions & mention::FREE_CLASS != 0 => {
                !scope.inlined || free_in_inner_block(table, *child, sym)
            }
            _ => false,
        }
    })
}
