//! `module`.
//!
//! A module's attributes are in a real dict from the start, always the same one: the struct has it for quick access, and it is the
//! instance's `__dict__` as well, so that `object.__getattribute__` and subclasses see the same.

use taipan_gc::{Header, Obj, Py};
use taipan_threading::sync::atomic::{AtomicU32, Ordering};

use crate::argument::Args;
use crate::attribute::{attribute_error_for, name_of};
use crate::construct::*;
use crate::dict::PyDict;
use crate::error::*;
use crate::istr;
use crate::layout;
use crate::native::{GetSetDef, NativeMethods, pyargs, pymethods};
use crate::protocol::{self, IntoStrong};
use crate::singletons::is_none;
use crate::str::PyStr;
use crate::type_object::{PyType, TypeSlots, check_layout, class_of, new_instance, ready};
use crate::types::{Types, types};

/// A module.
#[repr(C)]
pub struct PyModule {
    header: Header,
    dict: Py<PyDict>,
    /// A keys version of the dict with which it has no `__getattr__`; 0: none is known. Whoever looks in vain writes it.
    hookless: AtomicU32,
}
layout!(PyModule, "module", [dict]);

impl PyModule {
    /// Where the address of the namespace is, in bytes, for machine code.
    pub const DICT: i32 = std::mem::offset_of!(PyModule, dict) as i32;

    /// An empty module.
    pub fn new(name: &str) -> Py<PyModule> {
        let module = allocate(&types().module);
        fill_dict(&module.dict, str_obj(name), none());
        module
    }
    /// The namespace.
    pub fn dict(&self) -> Py<PyDict> {
        self.dict.clone()
    }
    /// The namespace, borrowed.
    pub fn dict_ref(&self) -> &PyDict {
        &self.dict
    }
    /// `__getattr__` of the namespace. That there is none is remembered as long as the namespace has the same keys.
    fn hook(&self) -> Option<Obj> {
        // Relaxed: no two sets of keys have the same version, so an old one just does not match.
        let known = self.hookless.load(Ordering::Relaxed);
        if known != 0 && known == self.dict.keys_version_now() {
            return None;
        }
        // Asked for before the look, so that keys that come meanwhile have another one. Only the first look assigns one, because a module
        // whose keys change between all looks would use up the numbers.
        let version = if known == 0 { self.dict.keys_version() } else { self.dict.keys_version_now() };
        let hook = self.dict.get_str(&istr!("__getattr__"));
        if hook.is_none() && version != 0 {
            self.hookless.store(version, Ordering::Relaxed);
        }
        hook
    }
    /// `__name__`, if it is a `str`.
    pub fn name(&self) -> Option<String> {
        let name = self.dict.get_str(&istr!("__name__"))?;
        name.downcast::<PyStr>().map(|s| s.to_string_lossy().into_owned())
    }
}

fn allocate(class: &PyType) -> Py<PyModule> {
    let module =
        new_instance(class, |header| PyModule { header, dict: PyDict::new(), hookless: AtomicU32::new(0) });
    if let Err(Raised) = crate::shape::set_dict(module.as_obj(), module.dict()) {
        // A class without room for a dict: only the struct's one counts.
        drop(take_raised());
    }
    module
}

fn fill_dict(dict: &PyDict, name: Obj, doc: Obj) {
    dict.set_str("__name__", name);
    dict.set_str("__doc__", doc);
    for absent in ["__package__", "__loader__", "__spec__"] {
        dict.set_str(absent, none());
    }
}

fn this(obj: &Obj) -> PyResult<&PyModule> {
    obj.downcast::<PyModule>().ok_or_else(|| system_error("not a module"))
}

fn new(class: &Obj, _args: &Args<'_>) -> PyResult<Obj> {
    let Some(class) = class.downcast::<PyType>() else { return Err(type_error("expected a type")) };
    check_layout::<PyModule>(class)?;
    Ok(allocate(class).into_obj())
}

#[pyargs(name = "module", sig = "(name, doc=None)")]
fn init_with(obj: &Obj, name: &Py<PyStr>, doc: Option<&Obj>) -> PyResult<()> {
    fill_dict(&this(obj)?.dict, name.as_obj().clone(), doc.cloned().unwrap_or_else(none));
    Ok(())
}

fn init(obj: &Obj, args: &Args<'_>) -> PyResult<()> {
    init_with(obj, args)
}

/// `module.__getattribute__`.
pub fn module_getattr(obj: &Obj, name: &Obj) -> PyResult<Obj> {
    match module_getattr_opt(obj, name)? {
        Some(value) => Ok(value),
        None => Err(no_attribute(obj, name)),
    }
}

/// `module.__getattribute__` without making an exception on a miss.
pub fn module_getattr_opt(obj: &Obj, name: &Obj) -> PyResult<Option<Obj>> {
    let name = name_of(name)?;
    let module = this(obj)?;
    let class = class_of(obj);
    let of_class = class.lookup_lent(&name);
    if of_class.is_none()
        && let Some(value) = module.dict.get_str(&name)
    {
        return Ok(Some(value));
    }
    let found = of_class.map(IntoStrong::into_strong);
    if let Some(attribute) = &found {
        let slots = &class_of(attribute).slots;
        if let Some(get) = slots.descr_get()
            && slots.descr_set().is_some()
        {
            return get(attribute, Some(obj), Some(&class.to_obj())).map(Some);
        }
    }
    if let Some(value) = module.dict.get_str(&name) {
        return Ok(Some(value));
    }
    if let Some(attribute) = found {
        return match class_of(&attribute).slots.descr_get() {
            Some(get) => get(&attribute, Some(obj), Some(&class.to_obj())).map(Some),
            None => Ok(Some(attribute)),
        };
    }
    match module.hook() {
        Some(hook) => protocol::call1(&hook, name.as_obj()).map(Some),
        None => Ok(None),
    }
}

/// A true attribute of a module spec. Whatever goes wrong counts as "no".
fn spec_flag(spec: &Obj, name: &Py<PyStr>) -> bool {
    let flag = protocol::getattr_opt(spec, name).and_then(|v| v.map_or(Ok(false), |v| protocol::is_true(&v)));
    flag.unwrap_or_else(|Raised| {
        drop(take_raised());
        false
    })
}

/// Whether the module of this spec is still being executed.
pub fn is_initializing(spec: &Obj) -> bool {
    spec_flag(spec, &istr!("_initializing"))
}

fn is_uninitialized_submodule(spec: &Obj, name: &Obj) -> PyResult<bool> {
    match protocol::getattr_opt(spec, &istr!("_uninitialized_submodules"))? {
        Some(list) => protocol::contains(&list, name),
        None => Ok(false),
    }
}

/// The file of a module with a location.
pub fn origin_of_spec(spec: &Obj) -> PyResult<Option<String>> {
    if !spec_flag(spec, &istr!("has_location")) {
        return Ok(None);
    }
    let origin = protocol::getattr_opt(spec, &istr!("origin"))?;
    Ok(origin.and_then(|o| o.downcast::<PyStr>().map(|s| s.to_string_lossy().into_owned())))
}

/// What the interpreter put in front of `sys.path` for the program, if anything.
static PROGRAM_FOLDER: std::sync::OnceLock<Option<String>> = std::sync::OnceLock::new();

/// Sets the program's entry of `sys.path`; the first call wins.
pub fn set_program_folder(folder: Option<String>) {
    let _ = PROGRAM_FOLDER.set(folder);
}

/// Whether the module in file `origin` lies in the directory of the program, where it may hide a library's module.
pub fn is_possibly_shadowing(origin: &str) -> PyResult<bool> {
    let flags = crate::hooks::module_attribute("sys", "flags")?;
    if spec_flag(&flags, &istr!("safe_path")) {
        return Ok(false);
    }
    let Some(Some(first)) = PROGRAM_FOLDER.get() else { return Ok(false) };
    let root = match first.as_str() {
        "" => std::env::current_dir().map(|d| d.to_string_lossy().into_owned()).unwrap_or_default(),
        _ => first.clone(),
    };
    let Some((mut directory, file)) = origin.rsplit_once('/') else { return Ok(false) };
    if file == "__init__.py" {
        match directory.rsplit_once('/') {
            Some((parent, _)) => directory = parent,
            None => return Ok(false),
        }
    }
    Ok(directory == root)
}

/// Whether a module of the library has this name, as far as `sys` tells.
pub fn is_library_name(name: &Obj) -> PyResult<bool> {
    match crate::hooks::module_attribute("sys", "stdlib_module_names") {
        Ok(names) if names.is_layout::<crate::set::PySet>() => protocol::contains(&names, name),
        Ok(_) => Ok(false),
        Err(Raised) => {
            drop(take_raised());
            Ok(false)
        }
    }
}

/// Raises the `AttributeError` for a missing attribute of a module.
#[cold]
pub fn no_attribute(obj: &Obj, name: &Obj) -> Raised {
    match no_attribute_text(obj, name) {
        Ok(text) => attribute_error_for(text, obj, name),
        Err(raised) => raised,
    }
}

fn no_attribute_text(obj: &Obj, name: &Obj) -> PyResult<String> {
    let module = this(obj)?;
    let attribute = protocol::str_string(name)?;
    let Some(module_name) = module.name() else {
        return Ok(format!("module has no attribute '{attribute}'"));
    };
    let plain = format!("module '{module_name}' has no attribute '{attribute}'");
    let Some(spec) = module.dict.get_str(&istr!("__spec__")) else { return Ok(plain) };
    let origin = origin_of_spec(&spec)?;
    let shadowing = match &origin {
        Some(origin) => is_possibly_shadowing(origin)?,
        None => false,
    };
    if shadowing && let Some(origin) = &origin {
        let name = module.dict.get_str(&istr!("__name__"));
        if is_library_name(&name.unwrap_or_else(|| str_obj(&module_name)))? {
            return Ok(format!(
                "{plain} (consider renaming '{origin}' since it has the same name as the standard library module named \
                 '{module_name}' and prevents importing that standard library module)"
            ));
        }
    }
    if is_initializing(&spec) {
        return Ok(match origin {
            Some(origin) if shadowing => {
                format!(
                    "{plain} (consider renaming '{origin}' if it has the same name as a library you intended to import)"
                )
            }
            Some(origin) => format!(
                "partially initialized module '{module_name}' from '{origin}' has no attribute '{attribute}' \
                 (most likely due to a circular import)"
            ),
            None => format!("partially initialized {plain} (most likely due to a circular import)"),
        });
    }
    if is_uninitialized_submodule(&spec, name)? {
        return Ok(format!(
            "cannot access submodule '{attribute}' of module '{module_name}' (most likely due to a circular import)"
        ));
    }
    Ok(plain)
}

/// As `importlib._bootstrap._module_repr`.
fn repr(obj: &Obj) -> PyResult<Obj> {
    let get = |owner: &Obj, name: &str| protocol::getattr_opt(owner, &crate::str::intern(name));
    let present = |value: Option<Obj>| value.filter(|v| !is_none(v));
    let with_loader = |name: &str, loader: Option<Obj>| -> PyResult<String> {
        Ok(match loader {
            Some(loader) => format!("<module {name} ({})>", protocol::repr_string(&loader)?),
            None => format!("<module {name}>"),
        })
    };
    let spec = match present(get(obj, "__spec__")?) {
        Some(spec) if protocol::is_true(&spec)? => Some(spec),
        _ => None,
    };
    let text = if let Some(spec) = spec {
        let name = present(get(&spec, "name")?).unwrap_or_else(|| str_obj("?"));
        let shown = protocol::repr_string(&name)?;
        match present(get(&spec, "origin")?) {
            Some(origin) if spec_flag(&spec, &istr!("has_location")) => {
                format!("<module {shown} from {}>", protocol::repr_string(&origin)?)
            }
            Some(origin) => format!("<module {shown} ({})>", protocol::str_string(&origin)?),
            None => match present(get(&spec, "loader")?) {
                Some(loader) if class_of(&loader).name() == "NamespaceLoader" => {
                    let path = protocol::collect(&protocol::getattr(&loader, &istr!("_path"))?)?;
                    format!("<module {shown} (namespace) from {}>", protocol::repr_string(&list_obj(path))?)
                }
                loader => with_loader(&shown, loader)?,
            },
        }
    } else {
        let name = protocol::repr_string(&get(obj, "__name__")?.unwrap_or_else(|| str_obj("?")))?;
        match get(obj, "__file__")? {
            Some(file) => format!("<module {name} from {}>", protocol::repr_string(&file)?),
            None => with_loader(&name, present(get(obj, "__loader__")?))?,
        }
    };
    Ok(str_obj(&text))
}

fn get_annotations(obj: &Obj) -> PyResult<Obj> {
    let dict = &this(obj)?.dict;
    if let Some(annotations) = dict.get_str(&istr!("__annotations__")) {
        return Ok(annotations);
    }
    let annotations = match dict.get_str(&istr!("__annotate__")) {
        Some(annotate) if protocol::is_callable(&annotate) => {
            let result = protocol::call1(&annotate, &int_obj(1))?;
            if !result.is_layout::<PyDict>() {
                return Err(type_error(format!(
                    "__annotate__ returned non-dict of type '{}'",
                    class_of(&result).name()
                )));
            }
            result
        }
        _ => dict_obj().into_obj(),
    };
    // While the module is being executed, more annotations may come.
    if !dict.get_str(&istr!("__spec__")).is_some_and(|spec| is_initializing(&spec)) {
        dict.set_str("__annotations__", annotations.clone());
    }
    Ok(annotations)
}

fn set_annotations(obj: &Obj, value: Option<&Obj>) -> PyResult<()> {
    let dict = &this(obj)?.dict;
    match value {
        Some(value) => dict.set_str("__annotations__", value.clone()),
        None => {
            if !dict.delete(istr!("__annotations__").as_obj())? {
                return Err(attribute_error("__annotations__"));
            }
        }
    }
    dict.delete(istr!("__annotate__").as_obj())?;
    Ok(())
}

fn get_annotate(obj: &Obj) -> PyResult<Obj> {
    let dict = &this(obj)?.dict;
    if let Some(annotate) = dict.get_str(&istr!("__annotate__")) {
        return Ok(annotate);
    }
    dict.set_str("__annotate__", none());
    Ok(none())
}

fn set_annotate(obj: &Obj, value: Option<&Obj>) -> PyResult<()> {
    let Some(value) = value else { return Err(type_error("cannot delete __annotate__ attribute")) };
    if !is_none(value) && !protocol::is_callable(value) {
        return Err(type_error("__annotate__ must be callable or None"));
    }
    let dict = &this(obj)?.dict;
    dict.set_str("__annotate__", value.clone());
    if !is_none(value) {
        dict.delete(istr!("__annotations__").as_obj())?;
    }
    Ok(())
}

#[pymethods(class = "module")]
impl PyModule {
    /// The names of the module's attributes, or what its own __dir__ gives.
    #[pymethod(text = "")]
    fn __dir__(slf: &Obj) -> PyResult<Obj> {
        let dict = protocol::getattr(slf, &istr!("__dict__"))?;
        let Some(dict) = dict.downcast::<PyDict>() else {
            return Err(type_error("<module>.__dict__ is not a dictionary"));
        };
        match dict.get_str(&istr!("__dir__")) {
            Some(function) => protocol::call0(&function),
            None => Ok(list_obj(dict.keys())),
        }
    }
}

static GETSET: &[GetSetDef] = &[
    GetSetDef {
        name: "__dict__",
        get: |o| Ok(this(o)?.dict().into_obj()),
        set: Some(|_, _| Err(attribute_error("readonly attribute"))),
        doc: "",
    },
    GetSetDef { name: "__annotations__", get: get_annotations, set: Some(set_annotations), doc: "" },
    GetSetDef { name: "__annotate__", get: get_annotate, set: Some(set_annotate), doc: "" },
];

pub(crate) fn fill(types: &Types) {
    let class = &types.module;
    class.slots.set_all(&TypeSlots {
        new: Some(new),
        init: Some(init),
        repr: Some(repr),
        getattro: Some(module_getattr),
        ..TypeSlots::EMPTY
    });
    ready::add_methods(class, <PyModule as NativeMethods>::methods());
    ready::add_getset(class, GETSET);
    ready::set_doc(class, "A module: a namespace with a name and a docstring of any type.");
}
