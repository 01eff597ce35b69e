//! Classes of native modules: made on first use, one each; access to receivers by layout.

use taipan_objects::prelude::*;
use taipan_objects::type_object::check_layout;

/// `native_class!(pub fn deque() = TypeBuilder::new(..).make());` declares the accessor of a class that is made once.
#[macro_export]
macro_rules! native_class {
    ($(#[$attribute:meta])* $vis:vis fn $name:ident() = $make:expr) => {
        $(#[$attribute])*
        $vis fn $name() -> &'static ::taipan_objects::Py<::taipan_objects::type_object::PyType> {
            static CLASS: std::sync::OnceLock<::taipan_objects::Py<::taipan_objects::type_object::PyType>> =
                std::sync::OnceLock::new();
            CLASS.get_or_init(|| $make)
        }
    };
}

/// The class to make an instance of, for `__new__` of layout `T`.
pub fn class_argument<T: Object>(class: &Obj) -> PyResult<&PyType> {
    let Some(class) = class.downcast::<PyType>() else {
        return Err(type_error("__new__(X): X is not a type object"));
    };
    check_layout::<T>(class)?;
    Ok(class)
}

/// A slot's receiver by its layout.
#[inline]
pub fn receiver<T: Object>(obj: &Obj) -> PyResult<&T> {
    #[cold]
    fn wrong(name: &str) -> Raised {
        type_error(format!("a {name} is required"))
    }
    obj.downcast::<T>().ok_or_else(|| wrong(T::ops().name))
}

/// `iter(iterator)`.
pub fn itself(obj: &Obj) -> PyResult<Obj> {
    Ok(obj.clone())
}

/// Refuses named arguments: `"f() takes no keyword arguments"`.
pub fn no_keywords(function: &str, args: &Args<'_>) -> PyResult<()> {
    if args.has_keywords() {
        Err(type_error(format!("{function}() takes no keyword arguments")))
    } else {
        Ok(())
    }
}

/// Checks the number of positional arguments of a positional-only function, in CPython's words.
pub fn check_count(function: &str, args: &Args<'_>, min: usize, max: usize) -> PyResult<()> {
    let given = args.positional.len();
    let plural = |n: usize| if n == 1 { "" } else { "s" };
    if given < min {
        let at_least = if min == max { "" } else { "at least " };
        return Err(type_error(format!(
            "{function} expected {at_least}{min} argument{}, got {given}",
            plural(min)
        )));
    }
    if given > max {
        let at_most = if min == max { "" } else { "at most " };
        return Err(type_error(format!(
            "{function} expected {at_most}{max} argument{}, got {given}",
            plural(max)
        )));
    }
    Ok(())
}
