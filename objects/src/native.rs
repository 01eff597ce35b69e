//! The interface between native Rust code and Python calls: tables of functions, methods, attributes and modules, the binding
//! of arguments, and the conversions to and from Rust values. `taipan_macros` generates code against exactly these names.
//!
//! Every native function has one uniform entry ([`NativeFn`]); a call with only positional arguments, in a legal number,
//! binds by one comparison of lengths and allocates nothing. For methods `positional[0]` is the receiver. Descriptors check
//! that the receiver is an instance of their class before they call; the entries check the layout once more, for safety.

mod bind;
pub(crate) mod bridge;
mod from_arg;
mod into_py;
mod intrinsic;
mod keywords;
mod module_def;
mod suggestion;
#[cfg(test)]
mod tests;

use crate::error::PyResult;
use taipan_gc::Obj;

pub use crate::argument::Args;
pub use bind::Place;
pub use bridge::is_none;
pub use from_arg::{FromArg, layout_argument, text_argument, text_or_none_argument};
pub use into_py::IntoPy;
pub use intrinsic::Intrinsic;
pub use keywords::Kwargs;
pub use module_def::{AttributeDef, ModuleDef, PyModuleBuilder};
pub use suggestion::suggestion;
pub use taipan_macros::{pyargs, pymethods, pymodule};

/// The uniform vectorcall entry of a native function.
pub type NativeFn = fn(&Args<'_>) -> PyResult<Obj>;
/// Entry for calls without arguments.
pub type Fast0 = fn() -> PyResult<Obj>;
/// Entry for calls with exactly one positional argument (receiver included).
pub type Fast1 = fn(&Obj) -> PyResult<Obj>;
/// Entry for calls with exactly two positional arguments (receiver included).
pub type Fast2 = fn(&Obj, &Obj) -> PyResult<Obj>;
/// Entry for calls with exactly three positional arguments (receiver included).
pub type Fast3 = fn(&Obj, &Obj, &Obj) -> PyResult<Obj>;

/// What kind of attribute a native function becomes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MethodKind {
    /// A module's function: no receiver.
    Function,
    /// `positional[0]` is the instance.
    Method,
    /// `positional[0]` is the class.
    ClassMethod,
    /// In a class, without receiver.
    StaticMethod,
}

/// A native function or method.
pub struct MethodDef {
    pub name: &'static str,
    pub kind: MethodKind,
    /// Takes any call.
    pub call: NativeFn,
    pub doc: &'static str,
    /// `__text_signature__`, with the receiver as `$self`, `$type` or `$module`.
    pub text_signature: Option<&'static str>,
    pub signature: &'static Signature,
    /// The fast entries take calls with exactly that many positional arguments and no keywords. An absent one says nothing: use `call`.
    pub fast0: Option<Fast0>,
    pub fast1: Option<Fast1>,
    pub fast2: Option<Fast2>,
    pub fast3: Option<Fast3>,
    /// What the interpreter knows the function as.
    pub intrinsic: Intrinsic,
}

impl MethodDef {
    /// Calls the fast entry that takes just these arguments, if there is one.
    #[inline(always)]
    pub fn call_fast(&self, arguments: &[Obj]) -> Option<PyResult<Obj>> {
        Some(match arguments {
            [] => self.fast0?(),
            [a] => self.fast1?(a),
            [a, b] => self.fast2?(a, b),
            [a, b, c] => self.fast3?(a, b, c),
            _ => return None,
        })
    }
    /// Calls the entry that fits these arguments best.
    #[inline(always)]
    pub fn call_positional(&self, arguments: &[Obj]) -> PyResult<Obj> {
        self.call_fast(arguments).unwrap_or_else(|| (self.call)(&Args::new(arguments)))
    }
}

/// A native attribute with a getter and perhaps a setter.
pub struct GetSetDef {
    pub name: &'static str,
    pub get: fn(&Obj) -> PyResult<Obj>,
    /// With `None`, deletes the attribute.
    pub set: Option<fn(&Obj, Option<&Obj>) -> PyResult<()>>,
    pub doc: &'static str,
}

/// A layout with methods, as `#[pymethods]` implements it.
pub trait NativeMethods {
    fn methods() -> &'static [MethodDef];
    fn getset() -> &'static [GetSetDef];
}

/// CPython's calling conventions, which differ in their error texts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shape {
    /// `METH_NOARGS`: "list.clear() takes no arguments (1 given)"
    NoArgs,
    /// `METH_O`: "list.append() takes exactly one argument (0 given)"
    One,
    /// Positional-only, `METH_FASTCALL`: "pop expected at most 1 argument, got 2"
    Positional,
    /// With keywords: "round() missing required argument 'number' (pos 1)"
    Keywords,
}

/// The parameters of a native function.
#[derive(Debug)]
pub struct Signature {
    pub name: &'static str,
    /// Name of the class or module; empty for built-in functions.
    pub owner: &'static str,
    pub shape: Shape,
    /// Whether `positional[0]` is a receiver; nothing below counts it.
    pub receiver: bool,
    /// All parameters but `*args` and `**kwargs`: positional-only ones first, keyword-only ones last.
    pub names: &'static [&'static str],
    pub positional_only: usize,
    /// How many can be given by position.
    pub positional: usize,
    /// How many of these have no default.
    pub required: usize,
    /// One bit for each parameter without default.
    pub required_mask: u64,
    pub varargs: bool,
    pub kwargs: bool,
}

impl Signature {
    /// Of an attribute's getter and setter: only names for error texts.
    pub const fn attribute(name: &'static str, owner: &'static str) -> Signature {
        Signature {
            name,
            owner,
            shape: Shape::NoArgs,
            receiver: true,
            names: &[],
            positional_only: 0,
            positional: 0,
            required: 0,
            required_mask: 0,
            varargs: false,
            kwargs: false,
        }
    }
    /// The names that can be given by keyword.
    #[inline]
    pub fn keyword_names(&self) -> &'static [&'static str] {
        &self.names[self.positional_only..]
    }
}
