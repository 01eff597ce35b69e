//! What pickling needs of other modules, and how classes and functions are found by name and named.

use taipan_objects::dict::PyDict;
use taipan_objects::hooks;
use taipan_objects::native::is_none;
use taipan_objects::prelude::*;
use taipan_objects::str::codecs;
use taipan_objects::tuple::PyTuple;
use taipan_vm::interpreters::PerInterpreter;

use super::errors::{pickling_error, shown, while_handling};

/// Tables and functions of `copyreg`, `_compat_pickle` and others. The tables are what they were at first use; their content may change.
pub struct Registry {
    pub dispatch_table: Py<PyDict>,
    pub extensions: Py<PyDict>,
    pub inverted_extensions: Py<PyDict>,
    pub extension_cache: Py<PyDict>,
    pub new_names: Py<PyDict>,
    pub new_modules: Py<PyDict>,
    pub old_names: Py<PyDict>,
    pub old_modules: Py<PyDict>,
    pub codecs_encode: Obj,
    pub getattr: Obj,
    pub partial: Obj,
}

fn table(module: &str, name: &str) -> PyResult<Py<PyDict>> {
    hooks::module_attribute(module, name)?.into_strong().into_py::<PyDict>().map_err(|other| {
        runtime_error(format!("{module}.{name} should be a dict, not {}", class_of(&other).name()))
    })
}

/// The registry, made at first use.
pub fn registry() -> PyResult<&'static Registry> {
    static REGISTRY: PerInterpreter<Registry> = PerInterpreter::new();
    if let Some(registry) = REGISTRY.get() {
        return Ok(registry);
    }
    let function =
        |module: &str, name: &str| hooks::module_attribute(module, name).map(IntoStrong::into_strong);
    let made = Registry {
        dispatch_table: table("copyreg", "dispatch_table")?,
        extensions: table("copyreg", "_extension_registry")?,
        inverted_extensions: table("copyreg", "_inverted_registry")?,
        extension_cache: table("copyreg", "_extension_cache")?,
        new_names: table("_compat_pickle", "NAME_MAPPING")?,
        new_modules: table("_compat_pickle", "IMPORT_MAPPING")?,
        old_names: table("_compat_pickle", "REVERSE_NAME_MAPPING")?,
        old_modules: table("_compat_pickle", "REVERSE_IMPORT_MAPPING")?,
        codecs_encode: function("codecs", "encode")?,
        getattr: hooks::builtin("getattr")?.into_strong(),
        partial: function("functools", "partial")?,
    };
    Ok(REGISTRY.get_or_init(|| made))
}

/// The parts of a dotted name.
pub fn path_of(name: &PyStr) -> Vec<Py<PyStr>> {
    let units = name.units();
    let mut parts = Vec::new();
    let mut start = 0;
    for (at, code) in units.iter().enumerate() {
        if code == u32::from(b'.') {
            parts.push(PyStr::from_slice(units.slice(start..at)));
            start = at + 1;
        }
    }
    parts.push(PyStr::from_slice(units.slice(start..units.len())));
    parts
}

/// `obj.first.second…`
pub fn attribute(obj: &Obj, path: &[Py<PyStr>]) -> PyResult<Obj> {
    let mut found = obj.clone();
    for name in path {
        found = getattr(&found, &taipan_objects::str::intern_obj(name.as_obj()))?.into_strong();
    }
    Ok(found)
}

/// `sys.modules`.
fn loaded_modules() -> PyResult<Obj> {
    match hooks::module_attribute("sys", "modules") {
        Ok(modules) => Ok(modules.into_strong()),
        Err(Raised) => {
            catch(&types().attribute_error)?;
            Err(runtime_error("unable to get sys.modules"))
        }
    }
}

/// Imports the module called `name` and returns it.
pub fn import(name: &Obj) -> PyResult<Obj> {
    let Some(text) = name.downcast::<PyStr>() else {
        return Err(type_error(format!("module name must be a string, not {}", class_of(name).name())));
    };
    if text.is_empty() {
        return Err(value_error("Empty module name"));
    }
    match text.utf8() {
        Ok(text) => hooks::import_module(&text).map(IntoStrong::into_strong),
        Err(Raised) => {
            // No file has such a name, but somebody may have put a module there.
            catch(&types().unicode_encode_error)?;
            getitem(&loaded_modules()?, name)
        }
    }
}

fn is_at(module: &Obj, path: &[Py<PyStr>], object: &Obj) -> PyResult<bool> {
    if is_none(module) {
        return Ok(false);
    }
    match attribute(module, path) {
        Ok(found) => Ok(found.is(object)),
        Err(Raised) => catch(&types().attribute_error).map(|_| false),
    }
}

/// The name of the module that `object` is found in under `name`, whose parts are `path`.
pub fn module_of(object: &Obj, name: &PyStr, path: &[Py<PyStr>]) -> PyResult<Obj> {
    if path.iter().any(|part| part.eq_str("<locals>")) {
        return Err(pickling_error(format!("Can't pickle local object {}", repr_string(object)?)));
    }
    let mut module_name = getattr_opt(object, &istr!("__module__"))?.filter(|name| !is_none(name));
    if module_name.is_none() {
        let modules = loaded_modules()?;
        for pair in
            collect(&call_method(&call_method(&modules, &istr!("copy"), &[])?, &istr!("items"), &[])?)?
        {
            let Some([key, module]) = pair.downcast::<PyTuple>().map(PyTuple::as_slice) else { continue };
            if key.downcast::<PyStr>().is_some_and(|k| k.eq_str("__main__") || k.eq_str("__mp_main__")) {
                continue;
            }
            if is_at(module, path, object)? {
                module_name = Some(key.clone());
                break;
            }
        }
    }
    let module_name = module_name.unwrap_or_else(|| str_obj("__main__"));
    let module = match import(&module_name) {
        Ok(module) => module,
        Err(Raised) => {
            let cause = [&types().import_error, &types().value_error, &types().key_error]
                .into_iter()
                .find_map(|class| raised_is(class).then(take_raised));
            let Some(cause) = cause else { return Err(Raised) };
            let text = str_string(&cause)?;
            return Err(while_handling(cause, || {
                pickling_error(format!("Can't pickle {}: {text}", shown(object)))
            }));
        }
    };
    let place = || format!("{}.{}", shown_text(&module_name), name.to_string_lossy());
    match attribute(&module, path) {
        Ok(found) if found.is(object) => Ok(module_name),
        Ok(_) => Err(pickling_error(format!(
            "Can't pickle {}: it's not the same object as {}",
            repr_string(object)?,
            place()
        ))),
        Err(Raised) => {
            let cause = catch(&types().attribute_error)?;
            Err(while_handling(cause, || {
                pickling_error(format!("Can't pickle {}: it's not found as {}", shown(object), place()))
            }))
        }
    }
}

fn shown_text(obj: &Obj) -> String {
    str_string(obj).unwrap_or_else(|Raised| {
        drop(take_raised());
        String::new()
    })
}

/// The Python 3 place of a global of a protocol below 3.
fn modern(module: &Obj, name: &Obj) -> PyResult<(Obj, Obj)> {
    let registry = registry()?;
    let key = tuple_obj(vec![module.clone(), name.clone()]);
    if let Some(pair) = registry.new_names.get(&key)?.map(IntoStrong::into_strong) {
        return match pair.downcast::<PyTuple>().map(PyTuple::as_slice) {
            Some([module, name]) if module.is_layout::<PyStr>() && name.is_layout::<PyStr>() => {
                Ok((module.clone(), name.clone()))
            }
            Some([_, _]) => Err(runtime_error("_compat_pickle.NAME_MAPPING values should be pairs of str")),
            _ => Err(runtime_error(format!(
                "_compat_pickle.NAME_MAPPING values should be 2-tuples, not {}",
                class_of(&pair).name()
            ))),
        };
    }
    match registry.new_modules.get(module)?.map(IntoStrong::into_strong) {
        Some(new) if new.is_layout::<PyStr>() => Ok((new, name.clone())),
        Some(other) => Err(runtime_error(format!(
            "_compat_pickle.IMPORT_MAPPING values should be strings, not {}",
            class_of(&other).name()
        ))),
        None => Ok((module.clone(), name.clone())),
    }
}

/// What `Unpickler.find_class` does.
pub fn find_class(module: &Obj, name: &Obj, proto: i64, fix_imports: bool) -> PyResult<Obj> {
    if taipan_vm::sys::is_audited() {
        taipan_vm::sys::audit("pickle.find_class", &[module.clone(), name.clone()])?;
    }
    let (module, name) =
        if proto < 3 && fix_imports { modern(module, name)? } else { (module.clone(), name.clone()) };
    let found = import(&module)?;
    let Some(text) = name.downcast::<PyStr>() else {
        return Err(type_error(format!("attribute name must be string, not '{}'", class_of(&name).name())));
    };
    if proto < 4 {
        return getattr(&found, &taipan_objects::str::intern_obj(&name)).map(IntoStrong::into_strong);
    }
    let path = path_of(text);
    match attribute(&found, &path) {
        Ok(global) => Ok(global),
        Err(Raised) if path.len() > 1 => {
            let cause = take_raised();
            Err(while_handling(cause, || {
                attribute_error(format!("Can't resolve path {} on module {}", shown(&name), shown(&module)))
            }))
        }
        Err(Raised) => Err(Raised),
    }
}

/// Decodes text of a pickle: UTF-8 that may hold lone surrogates.
#[inline]
pub fn text(bytes: &[u8]) -> PyResult<Obj> {
    if bytes.is_ascii() {
        return Ok(PyStr::from_ascii(bytes).into_obj());
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Ok(PyStr::new(text).into_obj());
    }
    let (text, _) = codecs::decode_with(bytes, codecs::Codec::Utf8, "surrogatepass", true)?;
    Ok(PyStr::from_units(text).into_obj())
}
