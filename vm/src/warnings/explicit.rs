//! What happens to one warning: registries and filters, then the error, nothing, or the library's `_showwarnmsg`.

use taipan_objects::dict::PyDict;
use taipan_objects::int::int_ref;
use taipan_objects::list::PyList;
use taipan_objects::prelude::*;
use taipan_objects::protocol;
use taipan_objects::singletons::is_none;
use taipan_objects::tuple::PyTuple;
use taipan_objects::type_object::CompareOp;
use taipan_threading::sync::atomic::Ordering;

use super::{library, locked, state, version};

/// A warning and where it comes from.
pub(super) struct Warning<'a> {
    /// Text or an instance of the category.
    pub message: &'a Obj,
    pub category: &'a Obj,
    pub filename: &'a Obj,
    pub lineno: i64,
    /// None: from the file's name. Python's `None`: the module is being torn down, no warning.
    pub module: Option<&'a Obj>,
    pub registry: Option<&'a Obj>,
    /// Text of the source line, where it cannot be read from the file.
    pub line: Option<&'a Obj>,
    pub source: Option<&'a Obj>,
}

fn module_of(filename: &Obj) -> Obj {
    match filename.downcast::<PyStr>().map(|f| f.to_string_lossy().into_owned()) {
        Some(name) if name.is_empty() => str_obj("<unknown>"),
        Some(name) => name.strip_suffix(".py").map_or_else(|| filename.clone(), str_obj),
        None => filename.clone(),
    }
}

/// Whether `key` is in a registry of the current version; puts it in if `note`.
fn already_warned(registry: &Obj, key: &Obj, note: bool) -> PyResult<bool> {
    let Some(dict) = registry.downcast::<PyDict>() else {
        return Err(type_error("'registry' must be a dict or None"));
    };
    let current = version().load(Ordering::Relaxed);
    let name = istr!("version");
    let known = dict.get_str(&name).and_then(|v| v.value().is_int().then(|| v.value().as_int()));
    if known == Some(current) {
        if let Some(value) = dict.get(key)? {
            return protocol::is_true(&value.into_strong());
        }
    } else {
        dict.clear();
        dict.set(name.as_obj().clone(), int_obj(current))?;
    }
    if note {
        dict.set(key.clone(), bool_obj(true))?;
    }
    Ok(false)
}

fn matches(pattern: &Obj, text: &Obj) -> PyResult<bool> {
    if is_none(pattern) {
        return Ok(true);
    }
    if class_of(pattern).is(&types().str) {
        return protocol::is_true(&protocol::rich_compare(pattern, text, CompareOp::Eq)?);
    }
    protocol::is_true(&call_method_str(pattern, "match", std::slice::from_ref(text))?)
}

/// The action of the first filter in `filters` that applies, and the filter.
fn search(
    filters: &Obj,
    category: &Obj,
    text: &Obj,
    lineno: i64,
    module: &Obj,
) -> PyResult<Option<(Obj, Obj)>> {
    let Some(list) = filters.downcast::<PyList>() else {
        return Err(value_error("_warnings.filters must be a list"));
    };
    let mut index = 0;
    // Patterns may change the list.
    while let Some(item) = list.get(index) {
        let parts = item.downcast::<PyTuple>().map(PyTuple::as_slice);
        let Some([action, message, class, module_pattern, line]) = parts else {
            return Err(value_error(format!("_warnings.filters item {index} isn't a 5-tuple")));
        };
        if !action.is_layout::<PyStr>() {
            return Err(type_error(format!("action must be a string, not '{}'", class_of(action).name())));
        }
        if matches(message, text)?
            && matches(module_pattern, module)?
            && protocol::issubclass(category, class)?
            && {
                let line = int_ref(&protocol::index(line)?).and_then(|l| l.to_i64());
                line == Some(0) || line == Some(lineno)
            }
        {
            return Ok(Some((action.clone(), item.clone())));
        }
        index += 1;
    }
    Ok(None)
}

fn action_for(category: &Obj, text: &Obj, lineno: i64, module: &Obj) -> PyResult<(Obj, Obj)> {
    let state = state()?;
    let context = match &state.context {
        // Contexts are the library's, whose modules are being taken down.
        _ if crate::interpreters::current().is_finalizing() => None,
        Some(variable) => Some(call_method_str(variable, "get", &[none()])?).filter(|c| !is_none(c)),
        None => None,
    };
    let own = match &context {
        Some(context) => {
            let filters = getattr_str(context, "_filters")?;
            if !filters.is_layout::<PyList>() {
                return Err(type_error(format!(
                    "_filters of warnings._Context must be a list, not '{}'",
                    class_of(&filters).name()
                )));
            }
            filters
        }
        None => library("filters", false)?.unwrap_or_else(|| state.filters.clone()),
    };
    if let Some(found) = search(&own, category, text, lineno, module)? {
        return Ok(found);
    }
    let action = library("defaultaction", false)?.unwrap_or_else(|| state.default_action.clone());
    if !action.is_layout::<PyStr>() {
        return Err(type_error(format!(
            "_warnings.defaultaction must be a string, not '{}'",
            class_of(&action).name()
        )));
    }
    Ok((action, none()))
}

fn once_registry() -> PyResult<Obj> {
    let registry = match library("onceregistry", false)? {
        Some(registry) => registry,
        None => state()?.once_registry.clone(),
    };
    if registry.is_layout::<PyDict>() {
        return Ok(registry);
    }
    Err(type_error(format!("_warnings.onceregistry must be a dict, not '{}'", class_of(&registry).name())))
}

/// `warn_explicit`.
pub(super) fn warn(w: &Warning<'_>) -> PyResult<()> {
    if w.module.is_some_and(is_none) {
        return Ok(());
    }
    locked(|| decide(w))
}

fn decide(w: &Warning<'_>) -> PyResult<()> {
    if let Some(registry) = w.registry
        && !registry.is_layout::<PyDict>()
    {
        return Err(type_error("'registry' must be a dict or None"));
    }
    let module = w.module.cloned().unwrap_or_else(|| module_of(w.filename));
    let (text, category, message) = if protocol::isinstance(w.message, types().warning.as_obj())? {
        (protocol::str(w.message)?.into_obj(), class_of(w.message).to_obj(), w.message.clone())
    } else {
        (w.message.clone(), w.category.clone(), protocol::call1(w.category, w.message)?)
    };
    let lineno = int_obj(w.lineno);
    let key = tuple_obj(vec![text.clone(), category.clone(), lineno.clone()]);
    if let Some(registry) = w.registry
        && already_warned(registry, &key, false)?
    {
        return Ok(());
    }
    let (action, item) = action_for(&category, &text, w.lineno, &module)?;
    let name = action.downcast::<PyStr>().map(|a| a.to_string_lossy().into_owned()).unwrap_or_default();
    match name.as_str() {
        "error" => return Err(raise(message)),
        "ignore" => return Ok(()),
        "always" | "all" => {}
        _ => {
            if let Some(dict) = w.registry.and_then(|r| r.downcast::<PyDict>()) {
                dict.set(key, bool_obj(true))?;
            }
            let short = || tuple_obj(vec![text.clone(), category.clone()]);
            let known = match name.as_str() {
                "once" => match w.registry {
                    Some(registry) => already_warned(registry, &short(), true)?,
                    None => already_warned(&once_registry()?, &short(), true)?,
                },
                "module" => match w.registry {
                    Some(registry) => already_warned(registry, &short(), true)?,
                    None => false,
                },
                "default" => false,
                _ => {
                    return Err(runtime_error(format!(
                        "Unrecognized action ({}) in warnings.filters:\n {}",
                        protocol::repr_string(&action)?,
                        protocol::repr_string(&item)?
                    )));
                }
            };
            if known {
                return Ok(());
            }
        }
    }
    show(w, &category, &text, message, lineno)
}

fn show(w: &Warning<'_>, category: &Obj, text: &Obj, message: Obj, lineno: Obj) -> PyResult<()> {
    let Some(function) = library("_showwarnmsg", true)? else {
        return show_plainly(w, category, text);
    };
    if !protocol::is_callable(&function) {
        return Err(type_error("warnings._showwarnmsg() must be set to a callable"));
    }
    let Some(class) = library("WarningMessage", false)? else {
        return Err(runtime_error("unable to get warnings.WarningMessage"));
    };
    let source = w.source.cloned().unwrap_or_else(none);
    let line = w.line.cloned().unwrap_or_else(none);
    let record =
        call(&class, &[message, category.clone(), w.filename.clone(), lineno, none(), line, source])?;
    call1(&function, &record).map(drop)
}

/// Without the library: the line alone.
fn show_plainly(w: &Warning<'_>, category: &Obj, text: &Obj) -> PyResult<()> {
    let name = category.downcast::<PyType>().map(PyType::short_name).unwrap_or_default();
    let line = format!(
        "{}:{}: {name}: {}\n",
        protocol::str(w.filename)?.to_string_lossy(),
        w.lineno,
        protocol::str(text)?.to_string_lossy()
    );
    crate::error_display::write_stderr(&line);
    Ok(())
}

/// The source line, from the loader of the module whose namespace is given.
pub(super) fn source_line(globals: &Obj, lineno: i32) -> PyResult<Option<Obj>> {
    let external = crate::import::import_module("_frozen_importlib_external")?;
    let loader = call_method_str(&external, "_bless_my_loader", std::slice::from_ref(globals))?;
    if is_none(&loader) {
        return Ok(None);
    }
    let Some(dict) = globals.downcast::<PyDict>() else { return Ok(None) };
    let Some(mut name) = dict.get_str(&istr!("__name__")) else { return Ok(None) };
    if name.downcast::<PyStr>().is_some_and(|n| n.to_string_lossy() == "__main__") {
        // The loader knows the program by its real name.
        match dict.get_str(&istr!("__spec__")).filter(|s| !is_none(s)) {
            Some(spec) => name = getattr_str(&spec, "name")?,
            None => return Ok(None),
        }
    }
    let Some(get_source) = getattr_opt(&loader, &istr!("get_source"))? else { return Ok(None) };
    let source = call1(&get_source, &name)?;
    if is_none(&source) {
        return Ok(None);
    }
    let lines = call_method_str(&source, "splitlines", &[])?;
    Ok(lines.downcast::<PyList>().and_then(|l| l.get((lineno as usize).wrapping_sub(1))))
}
