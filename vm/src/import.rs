//! Import: the statements' semantics, native modules, the import machinery's start.
//!
//! Finding and loading is the library's `importlib._bootstrap`, as in CPython; here are the fast paths around it. A module that is in
//! `sys.modules` and not being initialized is found without running Python code.

pub mod embedded;
mod imp;
mod native;
pub mod source;
mod timing;
mod trim;

pub use imp::{MODULE as IMP, lock_imports, unlock_imports};
pub use native::{install_modules, make_module, native_module, native_names};

use taipan_objects::code::PyCode;
use taipan_objects::dict::PyDict;
use taipan_objects::exceptions::PyBaseException;
use taipan_objects::list::PyList;
use taipan_objects::module::{self, PyModule};
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;
use taipan_objects::tuple::PyTuple;

use crate::interpreters::PerInterpreter;

/// `importlib._bootstrap`, once it is loaded.
static BOOTSTRAP: PerInterpreter<Obj> = PerInterpreter::new();
/// `builtins.__import__` as it is at the start.
static BUILTIN_IMPORT: PerInterpreter<Obj> = PerInterpreter::new();

/// Whether `import` is the built-in `__import__`, so that a statement need not call it.
pub fn is_builtin_import(import: &Obj) -> bool {
    BUILTIN_IMPORT.get().is_some_and(|own| own.is(import))
}

/// Remembers `builtins.__import__`.
pub(crate) fn note_builtin_import(import: Obj) {
    let _ = BUILTIN_IMPORT.set(import);
}

/// Remembers `importlib._bootstrap`.
pub(crate) fn install_bootstrap(bootstrap: Obj) {
    let _ = BOOTSTRAP.set(bootstrap);
}

fn bootstrap() -> PyResult<&'static Obj> {
    BOOTSTRAP.get().ok_or_else(|| import_error("the import system is not initialized"))
}

/// A module of `sys.modules`.
pub fn loaded(name: &Obj) -> PyResult<Option<Obj>> {
    let modules = crate::sys::modules()?;
    match modules.downcast::<PyDict>() {
        Some(dict) => Ok(dict.get(name)?.map(IntoStrong::into_strong)),
        None => absent_if(getitem(&modules, name), &types().key_error),
    }
}

/// [`loaded`] of a string.
fn loaded_name(name: &Py<PyStr>) -> PyResult<Option<Obj>> {
    let modules = crate::sys::modules()?;
    match modules.downcast::<PyDict>() {
        Some(dict) if name.is_interned() => Ok(dict.get_str(name)),
        _ => loaded(name.as_obj()),
    }
}

/// Imports an absolute module and returns it itself (not its top package).
pub fn import_module(name: &str) -> PyResult<Obj> {
    let name = intern(name);
    import_absolute(&name)
}

/// The module that has this name in `sys.modules`, whether it was executed whole or not, or that is imported.
pub fn known_module(name: &Py<PyStr>) -> PyResult<Obj> {
    match loaded_name(name)? {
        Some(module) if !is_none(&module) => Ok(module),
        _ => import_absolute(name),
    }
}

/// `sys.modules[name]`, loading it if need be.
fn import_absolute(name: &Py<PyStr>) -> PyResult<Obj> {
    if let Some(module) = loaded_name(name)?
        && !is_none(&module)
    {
        // Another thread that executed it may have failed, and have taken it away again.
        if !ensure_initialized(&module, name)? || loaded(name.as_obj())?.is_some_and(|now| now.is(&module)) {
            timing::found(name);
            return Ok(module);
        }
    }
    find_and_load(name)
}

/// Waits for another thread that is executing the module; whether there was one.
fn ensure_initialized(module: &Obj, name: &Py<PyStr>) -> PyResult<bool> {
    let spec = match module.downcast::<PyModule>() {
        Some(module) => module.dict_ref().get_str(&istr!("__spec__")),
        None => getattr_opt(module, &istr!("__spec__"))?,
    };
    if let Some(spec) = spec
        && !is_none(&spec)
        && module::is_initializing(&spec.into_strong())
    {
        drop(call_method(bootstrap()?, &istr!("_lock_unlock_module"), &[name.as_obj().clone()])?);
        return Ok(true);
    }
    Ok(false)
}

fn find_and_load(name: &Py<PyStr>) -> PyResult<Obj> {
    let none = none();
    let of = |name: &str| Ok::<Obj, Raised>(crate::sys::get(name)?.unwrap_or_else(|| none.clone()));
    if crate::sys::is_audited() {
        crate::sys::audit(
            "import",
            &[name.as_obj().clone(), none.clone(), of("path")?, of("meta_path")?, of("path_hooks")?],
        )?;
    }
    let import = crate::builtins::get("__import__")?;
    let timed = timing::begin();
    let result = call_method(bootstrap()?, &istr!("_find_and_load"), &[name.as_obj().clone(), import]);
    if let Some(timed) = timed {
        timed.end(name);
    }
    match result {
        Ok(module) => {
            let module = module.into_strong();
            // What names it reads it without counting from now on.
            if class_of(&module).is(&types().module)
                && let Some(module) = module.to_py::<PyModule>()
            {
                drop(module.defer());
            }
            Ok(module)
        }
        Err(Raised) => Err(trim::trim_importlib_frames()),
    }
}

/// The package that a relative import in a module with these globals starts from.
fn package_of(globals: &Obj) -> PyResult<String> {
    let Some(dict) = globals.downcast::<PyDict>() else { return Err(type_error("globals must be a dict")) };
    let get = |name: &str| dict.get_name(name).map(IntoStrong::into_strong).filter(|v| !is_none(v));
    let package = get("__package__");
    let spec = get("__spec__");
    let text = |value: &Obj, what: &str| match value.downcast::<PyStr>() {
        Some(text) => Ok(text.to_string_lossy().into_owned()),
        None => Err(type_error(what)),
    };
    if let Some(package) = package {
        let name = text(&package, "package must be a string")?;
        if let Some(spec) = &spec {
            let parent = taipan_objects::protocol::getattr(spec, &istr!("parent"))?;
            if !eq(&package, &parent)? {
                taipan_objects::hooks::warn(
                    "__package__ != __spec__.parent",
                    types().deprecation_warning.as_obj(),
                    1,
                )?;
            }
        }
        return Ok(name);
    }
    if let Some(spec) = spec {
        let parent = taipan_objects::protocol::getattr(&spec, &istr!("parent"))?;
        return text(&parent, "__spec__.parent must be a string");
    }
    taipan_objects::hooks::warn(
        "can't resolve package from __spec__ or __package__, falling back on __name__ and __path__",
        types().import_warning.as_obj(),
        1,
    )?;
    let Some(name) = dict.get_name("__name__") else {
        return Err(key_error(str_obj("'__name__' not in globals")));
    };
    let name = text(&name, "__name__ must be a string")?;
    if dict.contains_str("__path__") {
        return Ok(name);
    }
    Ok(name.rsplit_once('.').map_or(String::new(), |(parent, _)| parent.to_owned()))
}

fn resolve(name: &str, globals: &Obj, level: i64) -> PyResult<String> {
    if is_none(globals) {
        return Err(key_error(str_obj("'__name__' not in globals")));
    }
    let package = package_of(globals)?;
    if package.is_empty() {
        return Err(import_error("attempted relative import with no known parent package"));
    }
    let mut base = package.as_str();
    for _ in 1..level {
        match base.rsplit_once('.') {
            Some((parent, _)) => base = parent,
            None => return Err(import_error("attempted relative import beyond top-level package")),
        }
    }
    Ok(if name.is_empty() { base.to_owned() } else { format!("{base}.{name}") })
}

/// `__import__(name, globals, locals, fromlist, level)`.
pub fn import_name(
    name: &Py<PyStr>,
    globals: &Obj,
    _locals: Option<&Obj>,
    fromlist: &Obj,
    level: i64,
) -> PyResult<Obj> {
    if level < 0 {
        return Err(value_error("level must be >= 0"));
    }
    let absolute = if level > 0 {
        intern(&resolve(&name.utf8()?, globals, level)?)
    } else if name.is_empty() {
        return Err(value_error("Empty module name"));
    } else if name.is_interned() {
        name.clone()
    } else {
        taipan_objects::str::intern_obj(name.as_obj())
    };
    let module = import_absolute(&absolute)?;
    let has_from = !is_none(fromlist) && is_true(fromlist)?;
    if has_from {
        return handle_fromlist(module, fromlist);
    }
    if level > 0 && name.is_empty() {
        return Ok(module);
    }
    if !name.to_string_lossy().contains('.') {
        return Ok(module);
    }
    let text = name.utf8()?;
    let Some(dot) = text.find('.') else { return Ok(module) };
    if level == 0 {
        return import_absolute(&intern(&text[..dot]));
    }
    let full = absolute.utf8()?;
    let top = &full[..full.len() - (text.len() - dot)];
    match loaded(intern(top).as_obj())? {
        Some(module) => Ok(module),
        None => Err(key_error(str_obj(&format!("'{top}' not in sys.modules as expected")))),
    }
}

/// Imports the submodules that a `from` names, where they are needed.
fn handle_fromlist(module: Obj, fromlist: &Obj) -> PyResult<Obj> {
    if getattr_opt(&module, &istr!("__path__"))?.is_none() {
        return Ok(module);
    }
    // Nothing to load if every name is an attribute already.
    let names: Option<Vec<Obj>> = fromlist
        .downcast::<PyTuple>()
        .map(|t| t.to_vec())
        .or_else(|| fromlist.downcast::<PyList>().map(PyList::to_vec));
    if let Some(names) = names {
        let mut complete = true;
        for name in &names {
            match name.to_py::<PyStr>() {
                Some(name) if !name.eq_str("*") && getattr_opt(&module, &name)?.is_some() => {}
                _ => {
                    complete = false;
                    break;
                }
            }
        }
        if complete {
            return Ok(module);
        }
    }
    let import = crate::builtins::get("__import__")?;
    let result = call_method(bootstrap()?, &istr!("_handle_fromlist"), &[module, fromlist.clone(), import]);
    match result {
        Ok(module) => Ok(module.into_strong()),
        Err(Raised) => Err(trim::trim_importlib_frames()),
    }
}

/// `from module import name`.
pub fn import_from(module: &Obj, name: &Py<PyStr>) -> PyResult<Obj> {
    if let Some(value) = getattr_opt(module, name)? {
        return Ok(value);
    }
    // A submodule that is being imported in a circle is not an attribute yet.
    let module_name = getattr_opt(module, &istr!("__name__"))?;
    let module_text =
        module_name.as_ref().and_then(|n| n.downcast::<PyStr>()).map(|s| s.to_string_lossy().into_owned());
    if let Some(text) = &module_text {
        let full = intern(&format!("{text}.{}", name.to_string_lossy()));
        if let Some(found) = loaded(full.as_obj())? {
            return Ok(found);
        }
    }
    Err(cannot_import(module, module_name.filter(|_| module_text.is_some()), name)?)
}

/// Raises the `ImportError` of a name that a module lacks.
#[cold]
fn cannot_import(module: &Obj, module_name: Option<Obj>, name: &Py<PyStr>) -> PyResult<Raised> {
    let known = module_name.is_some();
    let module_text = module_name.as_ref().and_then(|name| name.downcast::<PyStr>());
    let module_text =
        module_text.map_or_else(|| "<unknown module name>".to_owned(), |s| s.to_string_lossy().into_owned());
    let shown_module = repr_string(&str_obj(&module_text))?;
    let shown_name = repr_string(name.as_obj())?;
    let spec = getattr_opt(module, &istr!("__spec__"))?.filter(|s| !is_none(s));
    let mut origin = match &spec {
        Some(spec) => module::origin_of_spec(spec)?,
        None => None,
    };
    let shadowing = match &origin {
        Some(origin) => module::is_possibly_shadowing(origin)?,
        None => false,
    };
    if origin.is_none() {
        origin = getattr_opt(module, &istr!("__file__"))?
            .and_then(|f| f.downcast::<PyStr>().map(|s| s.to_string_lossy().into_owned()));
    }
    let shown_origin = match &origin {
        Some(origin) => Some((origin.clone(), repr_string(&str_obj(origin))?)),
        None => None,
    };
    let plain = format!("cannot import name {shown_name} from {shown_module}");
    let initializing = spec.as_ref().is_some_and(module::is_initializing);
    let library_name = shadowing
        && match &module_name {
            Some(name) => module::is_library_name(name)?,
            None => false,
        };
    let message = match shown_origin {
        Some((_, shown)) if library_name => format!(
            "{plain} (consider renaming {shown} since it has the same name as the standard library module named {shown_module} and \
             prevents importing that standard library module)"
        ),
        Some((_, shown)) if initializing && shadowing => {
            format!(
                "{plain} (consider renaming {shown} if it has the same name as a library you intended to import)"
            )
        }
        Some((origin, _)) if initializing => format!(
            "cannot import name {shown_name} from partially initialized module {shown_module} (most likely due to a circular import) \
             ({origin})"
        ),
        None if initializing => format!(
            "cannot import name {shown_name} from partially initialized module {shown_module} (most likely due to a circular import)"
        ),
        Some((origin, _)) => format!("{plain} ({origin})"),
        None => format!("{plain} (unknown location)"),
    };
    let exception = call_args(
        types().import_error.as_obj(),
        &Args::with_keywords(
            &[str_obj(&message)],
            &[
                istr!("name").into_obj_clone(),
                istr!("path").into_obj_clone(),
                istr!("name_from").into_obj_clone(),
            ],
            &[
                if known { str_obj(&module_text) } else { none() },
                origin.as_deref().map_or_else(none, str_obj),
                name.as_obj().clone(),
            ],
        ),
    )?;
    let _ = exception.downcast::<PyBaseException>();
    Ok(raise(exception))
}

/// A new module executed from a frozen module's code, put into `sys.modules`; removed again if that fails.
pub fn frozen_module(name: &str, frozen: &embedded::Frozen, code: &Obj) -> PyResult<Obj> {
    let Some(code) = code.to_py::<PyCode>() else { return Err(system_error("frozen module without code")) };
    let module = PyModule::new(name);
    let dict = module.dict();
    dict.set_str("__origname__", str_obj(frozen.origin));
    if frozen.is_package {
        dict.set_str("__path__", list_obj(vec![]));
    }
    dict.set_str("__builtins__", crate::builtins::module()?.dict().into_obj());
    let modules = crate::sys::modules()?;
    let key = intern(name).into_obj();
    setitem(&modules, &key, module.as_obj())?;
    let namespace = dict.into_obj();
    if let Err(raised) = crate::interpreter::call::run_code(&code, &namespace, &namespace, None) {
        let exception = take_raised();
        if delitem(&modules, &key).is_err() {
            drop(take_raised());
        }
        let _ = raised;
        return Err(set_raised(exception));
    }
    Ok(module.into_obj())
}

/// An interned name as an object.
trait CloneObj {
    fn into_obj_clone(&self) -> Obj;
}
impl CloneObj for Py<PyStr> {
    fn into_obj_clone(&self) -> Obj {
        self.as_obj().clone()
    }
}

/// `from module import *` into a namespace.
pub fn import_star(module: &Obj, namespace: &Obj) -> PyResult<()> {
    let all = getattr_opt(module, &istr!("__all__"))?;
    let (names, from_all) = match all {
        Some(all) => (collect(&all)?, true),
        None => {
            let Some(dict) = getattr_opt(module, &istr!("__dict__"))? else {
                return Err(import_error("from-import-* object has no __dict__ and no __all__"));
            };
            (collect(&call_method(&dict, &istr!("keys"), &[])?)?, false)
        }
    };
    for name in names {
        let Some(text) = name.to_py::<PyStr>() else {
            let module_name = getattr(module, &istr!("__name__"))?;
            let Some(module_name) = module_name.downcast::<PyStr>() else {
                return Err(type_error(format!(
                    "module __name__ must be a string, not {}",
                    class_of(&module_name).name()
                )));
            };
            let module_name = module_name.to_string_lossy();
            let class = class_of(&name).name();
            return Err(type_error(if from_all {
                format!("Item in {module_name}.__all__ must be str, not {class}")
            } else {
                format!("Key in {module_name}.__dict__ must be str, not {class}")
            }));
        };
        if !from_all && text.units().iter().next() == Some(u32::from(b'_')) {
            continue;
        }
        let value = getattr(module, &text)?;
        setitem(namespace, &name, &value)?;
    }
    Ok(())
}
