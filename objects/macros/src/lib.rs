//! Attributes that turn Rust functions into Python functions, methods and modules. The generated tables and the code that
//! binds arguments use `taipan_objects::native`; error texts are those of CPython's Argument Clinic.
//!
//! ```ignore
//! use taipan_objects::native::*;
//! use taipan_objects::prelude::*;
//!
//! /// Docstring of the module.
//! #[pymodule(name = "math")]
//! mod items {
//!     use super::*;
//!
//!     #[pyattr]
//!     const pi: f64 = std::f64::consts::PI;
//!     #[pyattr]
//!     fn inf() -> f64 { f64::INFINITY }          // computed when the module is made; may return PyResult
//!
//!     /// Return the sine of x (measured in radians).
//!     #[pyfunction]
//!     fn sin(x: f64) -> f64 { x.sin() }           // no sig: all parameters positional-only and required
//!
//!     #[pyfunction(sig = "(n, k=None, /)")]
//!     fn perm(n: &Obj, k: Option<&Obj>) -> PyResult<Obj> { ... }
//!
//!     #[pyfunction(sig = "(a, b, *, rel_tol=1e-09, abs_tol=0.0)")]
//!     fn isclose(a: f64, b: f64, rel_tol: f64, abs_tol: f64) -> PyResult<bool> { ... }
//!
//!     #[pyfunction(sig = "(*integers)")]
//!     fn gcd(integers: &[Obj]) -> PyResult<Obj> { ... }
//!
//!     #[pyinit]
//!     fn init(module: &PyModuleBuilder<'_>) -> PyResult<()> { module.add("tau", 6.28) }
//! }
//! // makes `items::MODULE: ModuleDef`, also visible as `MODULE` beside the `mod`
//!
//! #[pymethods(class = "list")]
//! impl PyList {
//!     /// Append object to the end of the list.
//!     #[pymethod]
//!     fn append(&self, object: &Obj) -> PyResult<()> { ... }
//!     #[pymethod(sig = "(index=-1, /)")]
//!     fn pop(&self, index: isize) -> PyResult<Obj> { ... }
//!     #[pymethod(sig = "(*, key=None, reverse=False)")]
//!     fn sort(&self, key: Option<&Obj>, reverse: bool) -> PyResult<()> { ... }
//!     #[pyclassmethod(name = "__class_getitem__")]
//!     fn class_getitem(cls: &Obj, item: &Obj) -> PyResult<Obj> { ... }
//!     #[pystaticmethod(sig = "(x, y=<unrepresentable>, /)")]
//!     fn maketrans(x: &Obj, y: Option<&Obj>) -> PyResult<Obj> { ... }
//!     #[pygetset]
//!     fn real(&self) -> i64 { ... }
//!     #[pygetset(setter = "real")]
//!     fn set_real(&self, value: Option<&Obj>) -> PyResult<()> { ... }     // None: `del`
//! }
//! // makes `impl NativeMethods for PyList { fn methods(); fn getset(); }`
//!
//! #[pyargs(name = "enumerate", sig = "(iterable, start=0)")]
//! fn new(class: &Py<PyType>, iterable: &Obj, start: Option<&Obj>) -> PyResult<Obj> { ... }
//! // makes `fn new(class: &Py<PyType>, args: &Args<'_>) -> PyResult<Obj>`
//! ```
//!
//! # Signatures
//! `sig` is what `inspect.signature` shows, without the receiver. Rust parameters correspond in order: `*args` is `&[Obj]`,
//! `**kwargs` is `Kwargs<'_>`. A parameter with a default is
//! - `Option<T>`: Rust `None` if missing; if the default is `None`, also if Python's `None` is given (unless `T` is `Obj` or `&Obj`,
//!   which receive the object);
//! - or `T` itself if the default is a literal (`-1`, `0.5`, `True`, `'utf-8'`) of that type.
//!
//! Without a default, `Option<T>` accepts Python's `None` as `None`. `text = "..."` overrides `__text_signature__`; `text = ""` removes it.
//!
//! # Parameter types
//! `&Obj`, `Obj`; `&T` and `Py<T>` and `&Py<T>` for a layout `T`; `&str`, `String`, `Cow<str>` (lone surrogates raise);
//! `i8 .. i64`, `isize`, `u8 .. u64`, `usize` (`__index__`, range-checked); `f64`; `bool` (truth); whatever implements `FromArg`.
//!
//! # Results
//! Whatever implements `IntoPy`: `()`, `bool`, integers, `f64`, `&str`, `String`, `Obj`, `Py<T>`, `Option<T>` (`None`), `Vec<T>` (list),
//! tuples, and `PyResult` of those.

mod arguments;
mod function;
mod methods;
mod module;
mod options;
mod signature;

use proc_macro::TokenStream;

fn finish(result: syn::Result<proc_macro2::TokenStream>) -> TokenStream {
    result.unwrap_or_else(|error| error.to_compile_error()).into()
}

/// Makes a module table of the items in a `mod`: `#[pymodule(name = "...", doc = "...", include(path::MODULE))]`.
#[proc_macro_attribute]
pub fn pymodule(options: TokenStream, item: TokenStream) -> TokenStream {
    match syn::parse(item) {
        Ok(module) => finish(module::expand(options.into(), module)),
        Err(error) => error.to_compile_error().into(),
    }
}

/// Makes method tables of an `impl` block: `#[pymethods(class = "...", part = "...")]`. With `part = "x"` the tables are
/// `Self::x_methods()` and `Self::x_getset()` instead of an implementation of `NativeMethods`.
#[proc_macro_attribute]
pub fn pymethods(options: TokenStream, item: TokenStream) -> TokenStream {
    match syn::parse(item) {
        Ok(block) => finish(methods::expand(options.into(), block)),
        Err(error) => error.to_compile_error().into(),
    }
}

/// Binds the arguments of a free-standing function, such as a constructor: `#[pyargs(name = "...", sig = "...")]`.
#[proc_macro_attribute]
pub fn pyargs(options: TokenStream, item: TokenStream) -> TokenStream {
    match syn::parse(item) {
        Ok(function) => finish(arguments::expand(options.into(), function)),
        Err(error) => error.to_compile_error().into(),
    }
}

macro_rules! inner_attributes {
    ($($name:ident in $outer:literal),*) => { $(
        #[doc = concat!("Marks an item inside of `#[", $outer, "]`.")]
        #[proc_macro_attribute]
        pub fn $name(_options: TokenStream, item: TokenStream) -> TokenStream {
            let text = concat!("`#[", stringify!($name), "]` belongs inside of `#[", $outer, "]`");
            let item = proc_macro2::TokenStream::from(item);
            quote::quote!(::core::compile_error!(#text); #item).into()
        }
    )* };
}

inner_attributes! {
    pyfunction in "pymodule", pyattr in "pymodule", pyinit in "pymodule",
    pymethod in "pymethods", pyclassmethod in "pymethods", pystaticmethod in "pymethods", pygetset in "pymethods"
}
