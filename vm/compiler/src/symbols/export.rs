//! The symbol table as the `symtable` module shows it: entries with CPython's numbers.

use super::{Resolution, Scope, ScopeId, ScopeKind, SymbolTable, mention};
use crate::source::Source;

/// Where the resolution stands among the bits of a name.
const RESOLUTION: u32 = 12;

/// A block with the names it mentions.
#[derive(Clone, Debug)]
pub struct TableEntry {
    pub name: String,
    /// CPython's `TYPE_*`.
    pub kind: u8,
    /// One-based; 0 for the module.
    pub line: u32,
    pub nested: bool,
    /// Names with CPython's `DEF_*` bits and the resolution from bit 12 on.
    pub symbols: Vec<(String, u32)>,
    /// Parameters.
    pub parameters: Vec<String>,
    pub children: Vec<TableEntry>,
}

pub(crate) fn export(table: &SymbolTable, source: &Source<'_>) -> TableEntry {
    entry(table, source, 0)
}

fn entry(table: &SymbolTable, source: &Source<'_>, id: ScopeId) -> TableEntry {
    let scope = &table.scopes[id];
    let kind = match scope.kind {
        ScopeKind::Function | ScopeKind::Lambda | ScopeKind::Comprehension | ScopeKind::Generator => 0,
        ScopeKind::Class => 1,
        ScopeKind::Module => 2,
        ScopeKind::Annotations => 3,
        ScopeKind::TypeAlias => 4,
        ScopeKind::TypeParams => 5,
        ScopeKind::TypeVariable => 6,
    };
    let name = match scope.kind {
        ScopeKind::Module => "top".to_owned(),
        ScopeKind::TypeParams => {
            scope.name.trim_start_matches("<generic parameters of ").trim_end_matches('>').to_owned()
        }
        _ => scope.name.trim_matches(['<', '>']).to_owned(),
    };
    let line = if scope.kind == ScopeKind::Module { 0 } else { source.line(scope.start) };
    let mut entry = TableEntry {
        name,
        kind,
        line,
        nested: scope.nested,
        symbols: visible(table, scope),
        parameters: scope.params.iter().map(|sym| table.name(*sym).to_owned()).collect(),
        children: Vec::new(),
    };
    add_children(table, source, scope, &mut entry);
    entry
}

/// What runs inside a block's code is no block of its own: its names are the block's.
fn add_children(table: &SymbolTable, source: &Source<'_>, scope: &Scope, entry: &mut TableEntry) {
    for child in &scope.children {
        let inner = &table.scopes[*child];
        if inner.inlined {
            add_children(table, source, inner, entry);
            continue;
        }
        let made = self::entry(table, source, *child);
        let annotated =
            entry.children.last().is_some_and(|before| before.kind == 3 && before.line == made.line);
        if inner.kind == ScopeKind::Function && !annotated {
            // A function has a block for its annotations, be there any or not.
            entry.children.push(TableEntry {
                name: "__annotate__".to_owned(),
                kind: 3,
                line: made.line,
                nested: made.nested,
                symbols: vec![(".format".to_owned(), 4 | 16 | 1 << RESOLUTION)],
                parameters: vec![".format".to_owned()],
                children: Vec::new(),
            });
        }
        entry.children.push(made);
    }
}

/// A block's names with those of the comprehensions that run in its code.
fn visible(table: &SymbolTable, scope: &Scope) -> Vec<(String, u32)> {
    const LOCAL: u32 = 1;
    const CELL: u32 = 5;
    let mut all = symbols(table, scope);
    for inner in scope.children.iter().map(|child| &table.scopes[*child]).filter(|inner| inner.inlined) {
        for (name, mut flags) in visible(table, inner) {
            if name == ".0" {
                continue;
            }
            let resolution = flags >> RESOLUTION;
            if resolution == CELL {
                flags |= 2048;
            }
            match all.iter_mut().find(|(known, _)| *known == name) {
                // A use of the block's own variable, which a class body's comprehension cannot reach.
                Some((_, known)) => {
                    let hidden = scope.kind == ScopeKind::Class && *known >> RESOLUTION == LOCAL;
                    if !matches!(resolution, LOCAL | CELL) && !hidden {
                        *known |= flags & 16;
                    }
                }
                None => all.push((name, flags)),
            }
        }
    }
    all
}

fn symbols(table: &SymbolTable, scope: &Scope) -> Vec<(String, u32)> {
    let bits = [
        (mention::GLOBAL, 1),
        (mention::LOCAL, 2),
        (mention::PARAM, 4),
        (mention::NONLOCAL, 8),
        (mention::USE, 16),
        (mention::FREE_CLASS, 64),
        (mention::IMPORT, 128),
        (mention::ANNOTATED, 256),
        (mention::ITERATION, 512),
        (mention::TYPE_PARAM, 1024 | 2),
    ];
    let flags =
        |mentions: u32| bits.iter().filter(|(bit, _)| mentions & bit != 0).fold(0, |all, (_, f)| all | f);
    scope
        .symbols
        .iter()
        .map(|symbol| {
            let resolution = match symbol.resolution {
                Resolution::Local => 1,
                Resolution::GlobalExplicit => 2,
                Resolution::GlobalImplicit => 3,
                Resolution::Free => 4,
                Resolution::Cell => 5,
            };
            (table.name(symbol.sym).to_owned(), flags(symbol.mentions) | resolution << RESOLUTION)
        })
        .collect()
}
