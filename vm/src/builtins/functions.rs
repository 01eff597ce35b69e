//! Attribute access, classes, text and the other small built-in functions.

use taipan_objects::native::*;
use taipan_objects::prelude::*;

#[pymodule(name = "builtins")]
mod items {
    use super::*;

    /// Return an ASCII-only representation of an object.
    ///
    /// As repr(), return a string containing a printable representation of an
    /// object, but escape the non-ASCII characters in the string returned by
    /// repr() using \\x, \\u or \\U escapes. This generates a string similar
    /// to that returned by repr() in Python 2.
    #[pyfunction]
    fn ascii(obj: &Obj) -> PyResult<Py<PyStr>> {
        taipan_objects::str::format::ascii(obj)
    }

    /// Return the canonical string representation of the object.
    ///
    /// For many object types, including most builtins, eval(repr(obj)) == obj.
    #[pyfunction]
    fn repr(obj: &Obj) -> PyResult<Py<PyStr>> {
        taipan_objects::protocol::repr(obj)
    }

    /// Return type(value).__format__(value, format_spec).
    ///
    /// Many built-in types implement format_spec according to the
    /// Format Specification Mini-language. See help('FORMATTING') for details.
    ///
    /// If type(value) does not supply a method named __format__ and
    /// format_spec is empty, then str(value) is returned.
    #[pyfunction(sig = "(value, format_spec='', /)")]
    fn format(value: &Obj, format_spec: Option<&Obj>) -> PyResult<Obj> {
        match format_spec {
            None => taipan_objects::protocol::format(value, &str_obj("")),
            Some(spec) if spec.is_layout::<PyStr>() => taipan_objects::protocol::format(value, spec),
            Some(other) => {
                Err(type_error(format!("format() argument 2 must be str, not {}", class_of(other).name())))
            }
        }
    }

    /// Return whether the object is callable (i.e., some kind of function).
    ///
    /// Note that classes are callable, as are instances of classes with a
    /// __call__() method.
    #[pyfunction]
    fn callable(obj: &Obj) -> bool {
        is_callable(obj)
    }

    /// getattr(object, name[, default]) -> value
    ///
    /// Get a named attribute from an object; getattr(x, 'y') is equivalent to x.y.
    /// When a default argument is given, it is returned when the attribute doesn't
    /// exist; without it, an exception is raised in that case.
    #[pyfunction(sig = "(object, name, default=<unrepresentable>, /)", text = "")]
    fn getattr(object: &Obj, name: &Obj, default: Option<&Obj>) -> PyResult<Obj> {
        let name_str = attribute_name(name)?;
        match default {
            None => getattr_obj(object, name_str.as_obj()),
            Some(default) => Ok(getattr_opt(object, &name_str)?.unwrap_or_else(|| default.clone())),
        }
    }

    /// Return whether the object has an attribute with the given name.
    ///
    /// This is done by calling getattr(obj, name) and catching AttributeError.
    #[pyfunction]
    fn hasattr(obj: &Obj, name: &Obj) -> PyResult<bool> {
        Ok(getattr_opt(obj, &attribute_name(name)?)?.is_some())
    }

    /// Sets the named attribute on the given object to the specified value.
    ///
    /// setattr(x, 'y', v) is equivalent to ``x.y = v``
    #[pyfunction]
    fn setattr(obj: &Obj, name: &Obj, value: &Obj) -> PyResult<()> {
        set_or_delete(obj, attribute_name(name)?.as_obj(), Some(value))
    }

    /// Deletes the named attribute from the given object.
    ///
    /// delattr(x, 'y') is equivalent to ``del x.y``
    #[pyfunction]
    fn delattr(obj: &Obj, name: &Obj) -> PyResult<()> {
        set_or_delete(obj, attribute_name(name)?.as_obj(), None)
    }

    /// Return the hash value for the given object.
    ///
    /// Two objects that compare equal must also have the same hash value, but the
    /// reverse is not necessarily true.
    #[pyfunction]
    fn hash(obj: &Obj) -> PyResult<i64> {
        taipan_objects::protocol::hash(obj)
    }

    /// Return the identity of an object.
    ///
    /// This is guaranteed to be unique among simultaneously existing objects.
    /// (CPython uses the object's memory address.)
    #[pyfunction(intrinsic = "Id")]
    fn id(obj: &Obj) -> Obj {
        taipan_objects::int::from_u64(obj.value().counted().bits())
    }

    /// Return whether an object is an instance of a class or of a subclass thereof.
    ///
    /// A tuple, as in ``isinstance(x, (A, B, ...))``, may be given as the target to
    /// check against. This is equivalent to ``isinstance(x, A) or isinstance(x, B)
    /// or ...`` etc.
    #[pyfunction(intrinsic = "IsInstance")]
    fn isinstance(obj: &Obj, class_or_tuple: &Obj) -> PyResult<bool> {
        taipan_objects::protocol::isinstance(obj, class_or_tuple)
    }

    /// Return whether 'cls' is derived from another class or is the same class.
    ///
    /// A tuple, as in ``issubclass(x, (A, B, ...))``, may be given as the target to
    /// check against. This is equivalent to ``issubclass(x, A) or issubclass(x, B)
    /// or ...``.
    #[pyfunction]
    fn issubclass(cls: &Obj, class_or_tuple: &Obj) -> PyResult<bool> {
        taipan_objects::protocol::issubclass(cls, class_or_tuple)
    }

    /// Return the number of items in a container.
    #[pyfunction(intrinsic = "Len")]
    fn len(obj: &Obj) -> PyResult<usize> {
        taipan_objects::protocol::len(obj)
    }

    /// Call sys.breakpointhook(*args, **kws).
    ///
    /// sys.breakpointhook() must accept whatever arguments are passed.
    ///
    /// By default, this drops you into the pdb debugger.
    #[pyfunction(sig = "(*args, **kws)")]
    fn breakpoint(args: &[Obj], kws: Kwargs<'_>) -> PyResult<Obj> {
        let Some(hook) = crate::sys::get("breakpointhook")? else {
            return Err(runtime_error("lost sys.breakpointhook"));
        };
        let (mut names, mut values) = (Vec::new(), Vec::new());
        for (name, value) in kws.iter() {
            names.push(name.clone());
            values.push(value.clone());
        }
        crate::sys::audit("builtins.breakpoint", &[hook.clone()])?;
        let result = call_args(&hook, &Args::with_keywords(args, &names, &values))?;
        if is_none(&result) {
            // The debugger wants to be in the caller at once.
            crate::trace::switch_behind_call(crate::thread::current(), "breakpoint")?;
        }
        Ok(result)
    }

    /// Import a module.
    ///
    /// Because this function is meant for use by the Python
    /// interpreter and not for general use, it is better to use
    /// importlib.import_module() to programmatically import a module.
    ///
    /// The globals argument is only used to determine the context;
    /// they are not modified.  The locals argument is unused.  The fromlist
    /// should be a list of names to emulate ``from name import ...``, or an
    /// empty list to emulate ``import name``.
    /// When importing a module from a package, note that __import__('A.B', ...)
    /// returns package A when fromlist is empty, but its submodule B when
    /// fromlist is not empty.  The level argument is used to determine whether to
    /// perform absolute or relative imports: 0 is absolute, while a positive number
    /// is the number of parent directories to search relative to the current module.
    #[pyfunction(sig = "(name, globals=None, locals=None, fromlist=(), level=0)")]
    fn __import__(
        name: &Obj,
        globals: Option<&Obj>,
        locals: Option<&Obj>,
        fromlist: Option<&Obj>,
        level: Option<i64>,
    ) -> PyResult<Obj> {
        let Some(name) = name.to_py::<PyStr>() else {
            return Err(type_error("module name must be a string"));
        };
        let none = none();
        let empty = tuple_obj(vec![]);
        crate::import::import_name(
            &name,
            globals.unwrap_or(&none),
            locals,
            fromlist.unwrap_or(&empty),
            level.unwrap_or(0),
        )
    }
}

/// An attribute name given to `getattr` and its like.
fn attribute_name(name: &Obj) -> PyResult<Py<PyStr>> {
    match name.to_py::<PyStr>() {
        Some(name) => Ok(name),
        None => Err(type_error(format!("attribute name must be string, not '{}'", class_of(name).name()))),
    }
}
