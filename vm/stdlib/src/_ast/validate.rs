//! Checks a tree before it is compiled: first that each field holds what the grammar says, then what the grammar
//! cannot say. Trees come from programs; nothing about them is taken for granted.

use taipan_objects::list::PyList;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;
use taipan_objects::tuple::PyTuple;

use super::classes;
use super::grammar::NODES;

type Node = &'static (&'static str, &'static str, &'static str, bool);

/// Checks a whole tree.
pub(super) fn check(tree: &Obj) -> PyResult<()> {
    shape(tree, "mod")?;
    meaning(tree)
}

/// The class of the grammar that a node has, of a given kind.
fn entry_of(obj: &Obj, kind: &str) -> Option<Node> {
    let class = class_of(obj);
    NODES.iter().find(|(name, base, ..)| {
        (*base == kind || *name == kind)
            && !(*name == kind && NODES.iter().any(|(_, base, ..)| *base == kind))
            && classes().by_name.get(name).is_some_and(|c| class.is_subtype(c))
    })
}

fn any_entry(obj: &Obj) -> Option<Node> {
    let class = class_of(obj);
    NODES.iter().find(|(name, ..)| {
        !NODES.iter().any(|(_, base, ..)| base == name)
            && classes().by_name.get(name).is_some_and(|c| class.is_subtype(c))
    })
}

fn fields_of(node: Node) -> impl Iterator<Item = (&'static str, &'static str)> {
    node.2.split(' ').filter_map(|field| field.split_once(':'))
}

// --- types of fields ---

fn shape(obj: &Obj, kind: &'static str) -> PyResult<()> {
    enter_native_while(" during ast construction")?;
    let positions = NODES.iter().any(|(name, _, _, positions)| *name == kind && *positions);
    if positions {
        for name in ["lineno", "col_offset", "end_lineno", "end_col_offset"] {
            match getattr_opt(obj, &intern(name))? {
                Some(value) if is_none(&value) && name.starts_with("end_") => {}
                Some(value) => integer(&value)?,
                None if name.starts_with("end_") => {}
                None => {
                    return Err(type_error(format!("required field \"{name}\" missing from {kind}")));
                }
            }
        }
    }
    let Some(node) = entry_of(obj, kind) else {
        return Err(type_error(format!("expected some sort of {kind}, but got {}", repr_string(obj)?)));
    };
    for (field, kind) in fields_of(node) {
        let value = getattr_opt(obj, &intern(field))?;
        if let Some(kind) = kind.strip_suffix('*') {
            let Some(value) = value else { continue };
            let Some(list) = value.downcast::<PyList>() else {
                return Err(type_error(format!(
                    "{} field \"{field}\" must be a list, not a {}",
                    node.0,
                    class_of(&value).name()
                )));
            };
            for item in list.to_vec() {
                if !is_none(&item) {
                    one(&item, kind, field)?;
                }
            }
            continue;
        }
        let optional = kind.ends_with('?');
        match value {
            None if optional => {}
            None => return Err(type_error(format!("required field \"{field}\" missing from {}", node.0))),
            Some(value) if is_none(&value) && kind == "object" => {}
            Some(value) if is_none(&value) && optional => {}
            Some(value) if is_none(&value) => {
                return Err(value_error(format!("field '{field}' is required for {}", node.0)));
            }
            Some(value) => one(&value, kind.trim_end_matches('?'), field)?,
        }
    }
    Ok(())
}

fn integer(value: &Obj) -> PyResult<()> {
    if is_instance_of(value, &types().int) {
        return Ok(());
    }
    Err(value_error(format!("invalid integer value: {}", repr_string(value)?)))
}

fn one(value: &Obj, kind: &'static str, field: &str) -> PyResult<()> {
    match kind {
        "object" => Ok(()),
        "int" => integer(value),
        "str" if class_of(value).is(&types().str) => Ok(()),
        "str" if matches!(field, "type_comment" | "kind" | "tag") => {
            Err(type_error("AST string must be of type str"))
        }
        "str" => Err(type_error("AST identifier must be of type str")),
        kind => shape(value, kind),
    }
}

// --- what the grammar cannot say ---

fn get(obj: &Obj, field: &str) -> PyResult<Obj> {
    Ok(getattr_opt(obj, &intern(field))?.unwrap_or_else(none))
}

fn list(obj: &Obj, field: &str) -> PyResult<Vec<Obj>> {
    Ok(get(obj, field)?.downcast::<PyList>().map(|list| list.to_vec()).unwrap_or_default())
}

fn wrong<T>(message: impl AsRef<str>) -> PyResult<T> {
    Err(value_error(message))
}

/// The node class of the grammar that an object is of; empty if it is none.
pub(super) fn name_of(obj: &Obj) -> &'static str {
    any_entry(obj).map_or("", |node| node.0)
}

fn nonempty(obj: &Obj, field: &str, owner: &str) -> PyResult<()> {
    if list(obj, field)?.is_empty() { wrong(format!("empty {field} on {owner}")) } else { Ok(()) }
}

/// Validates a node and all below it.
fn meaning(obj: &Obj) -> PyResult<()> {
    enter_native_while(" during compilation")?;
    let Some(node) = any_entry(obj) else { return Ok(()) };
    let name = node.0;
    let positions = matches!(node.1, "expr" | "stmt" | "pattern" | "excepthandler" | "type_param") || node.3;
    if positions {
        check_position(obj)?;
    }
    if name != "arguments" {
        before(obj, name)?;
    }
    // What a comprehension evaluates first is checked first.
    let mut fields: Vec<_> = fields_of(node).collect();
    if matches!(name, "ListComp" | "SetComp" | "DictComp" | "GeneratorExp") {
        fields.sort_by_key(|(field, _)| *field != "generators");
    }
    for (field, kind) in fields {
        if field == "ctx" {
            continue;
        }
        let value = get(obj, field)?;
        if let Some(items) = value.downcast::<PyList>() {
            for item in items.to_vec() {
                if !is_none(&item) {
                    child(name, field, kind, &item)?;
                    continue;
                }
                let allowed = matches!((name, field), ("Dict", "keys") | ("arguments", "kw_defaults"));
                match kind {
                    "stmt*" => return wrong("None disallowed in statement list"),
                    "expr*" if !allowed => return wrong("None disallowed in expression list"),
                    _ => {}
                }
            }
        } else if !is_none(&value) {
            child(name, field, kind, &value)?;
        }
    }
    if name == "arguments" {
        before(obj, name)?;
    }
    Ok(())
}

fn child(name: &str, field: &str, kind: &str, value: &Obj) -> PyResult<()> {
    match kind.trim_end_matches(['*', '?']) {
        "expr" => {
            let context = match (name, field) {
                ("Delete", "targets") => "Del",
                ("Assign", "targets")
                | (
                    "AugAssign" | "AnnAssign" | "For" | "AsyncFor" | "comprehension" | "NamedExpr",
                    "target",
                )
                | ("TypeAlias", "name")
                | ("withitem", "optional_vars") => "Store",
                _ => "Load",
            };
            expression(value, context)
        }
        "str" if !matches!(field, "type_comment" | "kind" | "tag" | "module") => {
            let text = value.downcast::<PyStr>().map(|s| s.to_string_lossy().into_owned());
            match text.as_deref() {
                Some(word @ ("None" | "True" | "False")) if field != "attr" => {
                    wrong(format!("identifier field can't represent '{word}' constant"))
                }
                _ => Ok(()),
            }
        }
        "str" | "object" | "int" => Ok(()),
        "pattern" if name_of(value) == "MatchStar" && name != "MatchSequence" => {
            wrong("can't use MatchStar here")
        }
        _ => meaning(value),
    }
}

/// An expression in a context; the parts of a list or tuple share it.
fn expression(obj: &Obj, context: &str) -> PyResult<()> {
    let name = name_of(obj);
    match name {
        "Attribute" | "Subscript" | "Starred" | "Name" | "List" | "Tuple" => {
            let actual = name_of(&get(obj, "ctx")?);
            if actual != context {
                return wrong(format!("expression must have {context} context but has {actual} instead"));
            }
        }
        _ if context != "Load" => {
            return wrong(format!("expression which can't be assigned to in {context} context"));
        }
        _ => {}
    }
    if context == "Load" || !matches!(name, "List" | "Tuple" | "Starred") {
        return meaning(obj);
    }
    check_position(obj)?;
    enter_native_while(" during compilation")?;
    if name == "Starred" {
        return expression(&get(obj, "value")?, context);
    }
    for item in list(obj, "elts")? {
        if is_none(&item) {
            return wrong("None disallowed in expression list");
        }
        expression(&item, context)?;
    }
    Ok(())
}

fn check_position(obj: &Obj) -> PyResult<()> {
    let number = |name: &str| -> PyResult<Option<i64>> {
        let value = get(obj, name)?;
        if is_none(&value) { Ok(None) } else { index_word(&value).map(|n| Some(n as i64)) }
    };
    let (line, column) = (number("lineno")?.unwrap_or(0), number("col_offset")?.unwrap_or(0));
    let end_line = number("end_lineno")?.unwrap_or(line);
    let end_column = number("end_col_offset")?.unwrap_or(column);
    if line > end_line {
        return wrong(format!("AST node line range ({line}, {end_line}) is not valid"));
    }
    if (line < 0 && end_line != line) || (column < 0 && column != end_column) {
        return wrong(format!(
            "AST node column range ({column}, {end_column}) for line range ({line}, {end_line}) is not valid"
        ));
    }
    if line == end_line && column > end_column {
        return wrong(format!("line {line}, column {column}-{end_column} is not a valid range"));
    }
    Ok(())
}

/// What a node must keep besides what its parts must.
fn before(obj: &Obj, name: &str) -> PyResult<()> {
    let length = |field: &str| list(obj, field).map(|items| items.len());
    match name {
        "FunctionDef" | "AsyncFunctionDef" | "ClassDef" | "While" | "If" | "For" | "AsyncFor" | "With"
        | "AsyncWith" | "Try" | "TryStar" | "ExceptHandler" | "match_case" => nonempty(obj, "body", name)?,
        _ => {}
    }
    match name {
        "Delete" | "Assign" => nonempty(obj, "targets", name)?,
        "With" | "AsyncWith" => nonempty(obj, "items", name)?,
        "Match" => nonempty(obj, "cases", name)?,
        "Import" | "ImportFrom" | "Global" | "Nonlocal" => nonempty(obj, "names", name)?,
        _ => {}
    }
    match name {
        "ImportFrom" => {
            let level = get(obj, "level")?;
            if !is_none(&level) && index_word(&level)? < 0 {
                return wrong("Negative ImportFrom level");
            }
        }
        "Try" | "TryStar" => {
            let (handlers, last) = (length("handlers")?, length("finalbody")?);
            if handlers == 0 && last == 0 {
                return wrong(format!("{name} has neither except handlers nor finalbody"));
            }
            if handlers == 0 && length("orelse")? > 0 {
                return wrong(format!("{name} has orelse but no except handlers"));
            }
        }
        "Raise" if is_none(&get(obj, "exc")?) && !is_none(&get(obj, "cause")?) => {
            return wrong("Raise with cause but no exception");
        }
        "AnnAssign" => {
            let simple = index_word(&get(obj, "simple")?)? != 0;
            if simple && name_of(&get(obj, "target")?) != "Name" {
                return Err(type_error("AnnAssign with simple non-Name target"));
            }
        }
        "TypeAlias" if name_of(&get(obj, "name")?) != "Name" => {
            return Err(type_error("TypeAlias with non-Name name"));
        }
        "NamedExpr" if name_of(&get(obj, "target")?) != "Name" => {
            return Err(type_error("NamedExpr target must be a Name"));
        }
        "BoolOp" if length("values")? < 2 => return wrong("BoolOp with less than 2 values"),
        "Dict" if length("keys")? != length("values")? => {
            return wrong("Dict doesn't have the same number of keys as values");
        }
        "ListComp" | "SetComp" | "DictComp" | "GeneratorExp" if length("generators")? == 0 => {
            return wrong("comprehension with no generators");
        }
        "Compare" => {
            if length("comparators")? == 0 {
                return wrong("Compare with no comparators");
            }
            if length("comparators")? != length("ops")? {
                return wrong("Compare has a different number of comparators and operands");
            }
        }
        "Constant" => constant(&get(obj, "value")?)?,
        "arguments" => {
            if length("defaults")? > length("args")? + length("posonlyargs")? {
                return wrong("more positional defaults than args on arguments");
            }
            if length("kw_defaults")? != length("kwonlyargs")? {
                return wrong("length of kwonlyargs is not the same as kw_defaults on arguments");
            }
        }
        _ => pattern(obj, name)?,
    }
    Ok(())
}

fn pattern(obj: &Obj, name: &str) -> PyResult<()> {
    let length = |field: &str| list(obj, field).map(|items| items.len());
    match name {
        "MatchValue" => match_value(&get(obj, "value")?)?,
        "MatchSingleton" => {
            let value = get(obj, "value")?;
            if !is_none(&value) && !class_of(&value).is(&types().bool_) {
                return wrong("MatchSingleton can only contain True, False and None");
            }
        }
        "MatchMapping" => {
            if length("keys")? != length("patterns")? {
                return wrong("MatchMapping doesn't have the same number of keys as patterns");
            }
            capture(&get(obj, "rest")?)?;
            for key in list(obj, "keys")? {
                let singleton = name_of(&key) == "Constant" && {
                    let value = get(&key, "value")?;
                    is_none(&value) || class_of(&value).is(&types().bool_)
                };
                if !singleton {
                    match_value(&key)?;
                }
            }
        }
        "MatchClass" => {
            if length("kwd_attrs")? != length("kwd_patterns")? {
                return wrong("MatchClass doesn't have the same number of keyword attributes as patterns");
            }
            let mut class = get(obj, "cls")?;
            while name_of(&class) == "Attribute" {
                class = get(&class, "value")?;
            }
            if name_of(&class) != "Name" {
                return wrong("MatchClass cls field can only contain Name or Attribute nodes.");
            }
        }
        "MatchStar" => capture(&get(obj, "name")?)?,
        "MatchAs" => {
            let target = get(obj, "name")?;
            capture(&target)?;
            if !is_none(&get(obj, "pattern")?) && is_none(&target) {
                return wrong("MatchAs must specify a target name if a pattern is given");
            }
        }
        "MatchOr" if length("patterns")? < 2 => return wrong("MatchOr requires at least 2 patterns"),
        _ => {}
    }
    Ok(())
}

fn capture(name: &Obj) -> PyResult<()> {
    let text = name.downcast::<PyStr>().map(|s| s.to_string_lossy().into_owned());
    if text.as_deref() == Some("_") { wrong("can't capture name '_' in patterns") } else { Ok(()) }
}

/// Literals, their negation, complex sums and dotted names.
fn match_value(value: &Obj) -> PyResult<()> {
    let number = |obj: &Obj| -> PyResult<bool> {
        if name_of(obj) != "Constant" {
            return Ok(false);
        }
        let value = get(obj, "value")?;
        let class = class_of(&value);
        Ok(class.is(&types().int) || class.is(&types().float) || class.is(&types().complex))
    };
    let signed = |obj: &Obj| -> PyResult<bool> {
        if name_of(obj) == "UnaryOp" && name_of(&get(obj, "op")?) == "USub" {
            return number(&get(obj, "operand")?);
        }
        number(obj)
    };
    let valid = match name_of(value) {
        "Constant" => {
            let constant = get(value, "value")?;
            let class = class_of(&constant);
            [&types().int, &types().float, &types().complex, &types().str, &types().bytes]
                .iter()
                .any(|t| class.is(t))
        }
        "UnaryOp" => signed(value)?,
        "BinOp" => {
            matches!(name_of(&get(value, "op")?), "Add" | "Sub")
                && signed(&get(value, "left")?)?
                && number(&get(value, "right")?)?
        }
        "Attribute" => {
            let mut inner = get(value, "value")?;
            while name_of(&inner) == "Attribute" {
                inner = get(&inner, "value")?;
            }
            name_of(&inner) == "Name"
        }
        "JoinedStr" | "TemplateStr" => true,
        _ => false,
    };
    if valid { Ok(()) } else { wrong("patterns may only match literals and attribute lookups") }
}

fn constant(value: &Obj) -> PyResult<()> {
    enter_native_while(" during compilation")?;
    let t = types();
    let class = class_of(value);
    let plain = [&t.int, &t.float, &t.complex, &t.bool_, &t.str, &t.bytes];
    if is_none(&value) || value.is(&ellipsis()) || plain.iter().any(|p| class.is(p)) {
        return Ok(());
    }
    if let Some(items) = value.downcast::<PyTuple>().filter(|_| class.is(&t.tuple)) {
        return items.to_vec().iter().try_for_each(constant);
    }
    if class.is(&t.frozenset) {
        return collect(value)?.iter().try_for_each(constant);
    }
    Err(type_error(format!("got an invalid type in Constant: {}", class.name())))
}
