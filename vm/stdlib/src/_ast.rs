//! `_ast`: the classes of abstract syntax trees: nodes, their fields and defaults. Trees of source texts come from `from_source`.

mod from_source;
mod grammar;
mod into_tree;
mod validate;

use std::sync::OnceLock;

use rustc_hash::FxHashMap;
use taipan_objects::dict::PyDict;
use taipan_objects::generic_alias;
use taipan_objects::hooks;
use taipan_objects::list::PyList;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::tuple::PyTuple;
use taipan_objects::type_object::{TypeBuilder, new_instance, type_flags};

use grammar::NODES;

/// A node: only its attributes.
#[repr(C)]
pub struct PyNode {
    header: Header,
}
layout!(PyNode, "AST");

/// The classes by name, `AST` first.
struct Classes {
    ast: Py<PyType>,
    by_name: FxHashMap<&'static str, Py<PyType>>,
}

fn classes() -> &'static Classes {
    static CLASSES: OnceLock<Classes> = OnceLock::new();
    CLASSES.get_or_init(make_classes)
}

const POSITIONS: [&str; 4] = ["lineno", "col_offset", "end_lineno", "end_col_offset"];

fn names(names: impl IntoIterator<Item = &'static str>) -> Obj {
    tuple_obj(names.into_iter().map(|n| intern(n).into_obj()).collect())
}

/// A node class as the grammar writes it.
fn form(name: &str, fields: &str) -> String {
    let fields: Vec<String> = fields
        .split(' ')
        .filter_map(|field| field.split_once(':'))
        .map(|(field, kind)| {
            let kind = match (field, kind) {
                ("type_comment" | "kind" | "tag", kind) => kind.replace("str", "string"),
                ("value", "object") => "constant".to_owned(),
                ("str", "object") => "constant".to_owned(),
                (_, kind) => kind.replace("str", "identifier"),
            };
            format!("{kind} {field}")
        })
        .collect();
    if fields.is_empty() { name.to_owned() } else { format!("{name}({})", fields.join(", ")) }
}

fn make_classes() -> Classes {
    let ast = TypeBuilder::new("ast.AST", PyNode::ops())
        .dict()
        .flag(type_flags::HEAP)
        .slots(TypeSlots { new: Some(new), init: Some(init), repr: Some(repr_of), ..TypeSlots::EMPTY })
        .methods(PyNode::methods())
        .getset(taipan_objects::object_type::DICT_GETSETS)
        .attr("_fields", names([]))
        .attr("__match_args__", names([]))
        .attr("_attributes", names([]))
        .attr("_field_types", dict_obj().into_obj())
        .make();
    // Programs may extend these classes; `ast` itself does.
    ast.set_flag(type_flags::IMMUTABLE, false);
    let mut by_name: FxHashMap<&'static str, Py<PyType>> = FxHashMap::default();
    for &(name, base, fields, positions) in NODES {
        let base = by_name.get(base).unwrap_or(&ast);
        let full: &'static str = Box::leak(format!("ast.{name}").into_boxed_str());
        let parsed: Vec<(&str, &str)> = fields.split(' ').filter_map(|f| f.split_once(':')).collect();
        let field_names = names(parsed.iter().map(|f| f.0));
        let mut builder = TypeBuilder::new(full, PyNode::ops())
            .base(base)
            .flag(type_flags::HEAP)
            .attr("_fields", field_names.clone())
            .attr("__match_args__", field_names);
        if positions {
            builder = builder.attr("_attributes", names(POSITIONS));
            if !matches!(name, "pattern" | "type_param") {
                builder = builder.attr("end_lineno", none()).attr("end_col_offset", none());
            }
        } else if base.is(&ast) {
            builder = builder.attr("_attributes", names([]));
        }
        for (field, kind) in &parsed {
            if kind.ends_with('?') {
                builder = builder.attr(field, none());
            }
        }
        let forms: Vec<String> =
            NODES.iter().filter(|node| node.1 == name).map(|node| form(node.0, node.2)).collect();
        let doc = if forms.is_empty() {
            form(name, fields)
        } else if forms.iter().any(|form| form.contains('(')) {
            format!("{name} = {}", forms.join(&format!("\n{}| ", " ".repeat(name.len() + 1))))
        } else {
            format!("{name} = {}", forms.join(" | "))
        };
        let class = builder.doc(Box::leak(doc.into_boxed_str())).make();
        class.set_flag(type_flags::IMMUTABLE, false);
        by_name.insert(name, class);
    }
    Classes { ast, by_name }
}

/// The object that stands for a field's type.
fn field_type(kind: &str) -> PyResult<Obj> {
    let plain = kind.trim_end_matches(['*', '?']);
    let class = match plain {
        "str" => types().str.as_obj().clone(),
        "int" => types().int.as_obj().clone(),
        "object" => types().object.as_obj().clone(),
        name => classes().by_name.get(name).unwrap_or(&classes().ast).as_obj().clone(),
    };
    if kind.ends_with('*') {
        return Ok(generic_alias::new(types().list.as_obj(), &class));
    }
    if kind.ends_with('?') {
        return binary_op(&class, &none(), BinaryOp::Or);
    }
    Ok(class)
}

/// A node without attributes.
fn blank(class: &PyType) -> Obj {
    new_instance(class, |header| PyNode { header }).into_obj()
}

fn new(class: &Obj, _args: &Args<'_>) -> PyResult<Obj> {
    match class.downcast::<PyType>() {
        Some(class) => Ok(blank(class)),
        None => Err(type_error("expected a type")),
    }
}

/// A class's name in messages.
fn shown(class: &PyType) -> String {
    if class.is(&classes().ast) { "ast.AST".to_owned() } else { class.short_name() }
}

fn class_tuple(obj: &Obj, name: &'static str) -> PyResult<Vec<Obj>> {
    match getattr_opt(&class_of(obj).to_obj(), &intern(name))? {
        Some(value) => collect(&value),
        None => Ok(Vec::new()),
    }
}

fn name_of(obj: &Obj) -> PyResult<Py<PyStr>> {
    obj.to_py::<PyStr>()
        .ok_or_else(|| type_error(format!("attribute name must be string, not '{}'", class_of(obj).name())))
}

fn contains_name(list: &[Obj], name: &Obj) -> PyResult<bool> {
    for item in list {
        if eq(item, name)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn deprecated(text: &str) -> PyResult<()> {
    hooks::warn(text, types().deprecation_warning.as_obj(), 1)
}

fn init(obj: &Obj, args: &Args<'_>) -> PyResult<()> {
    let class = class_of(obj);
    if getattr_opt(&class.to_obj(), &istr!("_fields"))?.is_none() {
        return Err(attribute_error(format!(
            "type object '{}' has no attribute '_fields'",
            class.full_name()
        )));
    }
    let fields = class_tuple(obj, "_fields")?;
    if args.positional.len() > fields.len() {
        return Err(type_error(format!(
            "{} constructor takes at most {} positional argument{}",
            shown(class),
            fields.len(),
            if fields.len() == 1 { "" } else { "s" }
        )));
    }
    let mut missing = fields.clone();
    for (field, value) in fields.iter().zip(args.positional) {
        setattr(obj, &name_of(field)?, value)?;
        missing.remove(0);
    }
    let mut attributes = None;
    for (name, value) in args.keywords() {
        if contains_name(&missing, name)? {
            let mut rest = Vec::new();
            for field in missing {
                if !eq(&field, name)? {
                    rest.push(field);
                }
            }
            missing = rest;
        } else if contains_name(&fields, name)? {
            return Err(type_error(format!(
                "{} got multiple values for argument {}",
                shown(class),
                repr_string(name)?
            )));
        } else {
            if attributes.is_none() {
                attributes = Some(class_tuple(obj, "_attributes")?);
            }
            if !contains_name(attributes.as_deref().unwrap_or_default(), name)? {
                deprecated(&format!(
                    "{}.__init__ got an unexpected keyword argument {}. Support for arbitrary keyword arguments is deprecated and will be removed in Python 3.15.",
                    shown(class),
                    repr_string(name)?
                ))?;
            }
        }
        setattr(obj, &name_of(name)?, value)?;
    }
    if missing.is_empty() {
        return Ok(());
    }
    let kinds = getattr_opt(&class.to_obj(), &istr!("_field_types"))?;
    for field in &missing {
        let kind = match kinds.as_ref().and_then(|k| k.downcast::<PyDict>()) {
            Some(kinds) => kinds.get(field)?,
            None => None,
        };
        let Some(kind) = kind else {
            deprecated(&format!(
                "Field {} is missing from {}._field_types. This will become an error in Python 3.15.",
                repr_string(field)?,
                shown(class)
            ))?;
            continue;
        };
        let name = name_of(field)?;
        if class_of(&kind).is(&types().union) {
            // Optional: the class has the default.
        } else if class_of(&kind).is(&types().generic_alias) {
            setattr(obj, &name, &list_obj(Vec::new()))?;
        } else if classes().by_name.get("expr_context").is_some_and(|c| kind.is(c.as_obj())) {
            if let Some(load) = classes().by_name.get("Load") {
                setattr(obj, &name, &call0(load.as_obj())?)?;
            }
        } else {
            deprecated(&format!(
                "{}.__init__ missing 1 required positional argument: {}. This will become an error in Python 3.15.",
                shown(class),
                repr_string(field)?
            ))?;
        }
    }
    Ok(())
}

fn repr_of(obj: &Obj) -> PyResult<Obj> {
    Ok(str_obj(&shape_of(obj, 3)?))
}

fn item_text(value: &Obj, depth: usize) -> PyResult<String> {
    if is_instance_of(value, &classes().ast) { shape_of(value, depth) } else { repr_string(value) }
}

/// The text of a node: nodes more than `depth` levels down are not shown.
fn shape_of(obj: &Obj, depth: usize) -> PyResult<String> {
    let name = class_of(obj).short_name();
    if depth == 0 {
        return Ok(format!("{name}(...)"));
    }
    enter_native_while(" during ast construction")?;
    let mut parts = Vec::new();
    for field in class_tuple(obj, "_fields")? {
        let field = name_of(&field)?;
        let value = getattr(obj, &field)?;
        let list = value.downcast::<PyList>().map(|l| (l.to_vec(), "[", "]"));
        let text = match list.or_else(|| value.downcast::<PyTuple>().map(|t| (t.to_vec(), "(", ")"))) {
            Some((items, open, close)) => {
                let mut shown = Vec::new();
                if let [first, .., last] = items.as_slice() {
                    shown.push(item_text(first, depth - 1)?);
                    if items.len() > 2 {
                        shown.push("...".to_owned());
                    }
                    shown.push(item_text(last, depth - 1)?);
                } else if let Some(only) = items.first() {
                    shown.push(item_text(only, depth - 1)?);
                }
                format!("{open}{}{close}", shown.join(", "))
            }
            None => item_text(&value, depth - 1)?,
        };
        parts.push(format!("{}={text}", field.to_string_lossy()));
    }
    Ok(format!("{name}({})", parts.join(", ")))
}

#[pymethods(class = "AST")]
impl PyNode {
    #[pymethod]
    fn __reduce_ex__(slf: &Obj, protocol: &Obj) -> PyResult<Obj> {
        let _ = protocol;
        let fields = class_tuple(slf, "_fields")?;
        let blanks = tuple_obj(fields.iter().map(|_| none()).collect());
        let dict = getattr(slf, &istr!("__dict__"))?;
        Ok(tuple_obj(vec![class_of(slf).to_obj(), blanks, dict]))
    }
    #[pymethod]
    fn __reduce__(slf: &Obj) -> PyResult<Obj> {
        Self::__reduce_ex__(slf, &int_obj(2))
    }
    #[pymethod(sig = "(**fields)")]
    fn __replace__(slf: &Obj, fields: Kwargs<'_>) -> PyResult<Obj> {
        let own = class_tuple(slf, "_fields")?;
        let mut known = own.clone();
        known.extend(class_tuple(slf, "_attributes")?);
        let copy = blank(class_of(slf));
        let values = getattr(slf, &istr!("__dict__"))?;
        let values = values.downcast::<PyDict>();
        let mut missing = Vec::new();
        for name in &known {
            let given = fields.iter().any(|(field, _)| field.is(name) || eq(field, name).unwrap_or(false));
            match values.map_or(Ok(None), |values| values.get(name))? {
                Some(value) => setattr(&copy, &name_of(name)?, &value)?,
                // What the class has is optional.
                None if !given && getattr_opt(&class_of(slf).to_obj(), &name_of(name)?)?.is_none() => {
                    if contains_name(&own, name)? {
                        missing.push(repr_string(name)?);
                    }
                }
                None => {}
            }
        }
        if !missing.is_empty() {
            return Err(type_error(format!(
                "{}.__replace__ missing {} keyword argument{}: {}.",
                shown(class_of(slf)),
                missing.len(),
                if missing.len() == 1 { "" } else { "s" },
                missing.join(", ")
            )));
        }
        for (name, value) in fields.iter() {
            if !contains_name(&known, name)? {
                return Err(type_error(format!(
                    "{}.__replace__ got an unexpected keyword argument {}.",
                    shown(class_of(slf)),
                    repr_string(name)?
                )));
            }
            setattr(&copy, &name_of(name)?, value)?;
        }
        Ok(copy)
    }
}

#[pymodule(name = "_ast", doc = "")]
#[allow(non_upper_case_globals)]
mod items {
    use super::*;

    #[pyattr]
    const PyCF_ALLOW_TOP_LEVEL_AWAIT: i64 = 0x2000;
    #[pyattr]
    const PyCF_ONLY_AST: i64 = 0x400;
    #[pyattr]
    const PyCF_OPTIMIZED_AST: i64 = 0x8400;
    #[pyattr]
    const PyCF_TYPE_COMMENTS: i64 = 0x1000;
    #[pyinit]
    fn init(module: &PyModuleBuilder<'_>) -> PyResult<()> {
        from_source::install();
        let all = classes();
        module.add("AST", all.ast.as_obj())?;
        for &(name, _, fields, _) in NODES {
            let Some(class) = all.by_name.get(name) else { continue };
            let kinds = dict_obj();
            for (field, kind) in fields.split(' ').filter_map(|f| f.split_once(':')) {
                kinds.set_str(field, field_type(kind)?);
            }
            if !fields.is_empty() {
                class.dict().set_str("__annotations__", kinds.clone().into_obj());
                class.dict().set_str("_field_types", kinds.into_obj());
                class.modified();
            }
            module.add(name, class.as_obj())?;
        }
        Ok(())
    }
}
