//! `_typing`: type variables and aliases (PEP 484, 612, 646, 695, 696), of which the interpreter makes those of type parameter lists.
//!
//! A bound, a default or an alias' value may be given by a function that is called when somebody first asks; see [`Lazy`].

pub mod generic;
pub mod param_spec;
pub mod type_alias;
pub mod type_var;
pub mod type_var_tuple;

use taipan_objects::layout::TraceField;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::type_object::{TypeBuilder, new_instance};
use taipan_objects::{generic_alias, hooks, protocol};

use crate::native_class::{no_keywords, receiver};
use crate::{counted, native_class};

/// A value that may still have to be computed. Threads that ask at once may compute it twice; the first one's stays.
pub(crate) struct Lazy {
    value: Slot,
    evaluate: Slot,
}

impl TraceField for Lazy {
    fn trace_field(&self, tracer: &mut Tracer<'_>) {
        self.value.trace(tracer);
        self.evaluate.trace(tracer);
    }
}

impl Lazy {
    pub fn new(value: Option<Obj>) -> Lazy {
        Lazy { value: Slot::from_option(value), evaluate: Slot::empty() }
    }
    /// Whether there is a value, computed or not.
    pub fn is_given(&self) -> bool {
        !self.value.is_empty() || !self.evaluate.is_empty()
    }
    pub fn set_evaluate(&self, function: Option<&Obj>) {
        drop(self.evaluate.replace(function.cloned()));
    }
    /// The value.
    pub fn get(&self) -> PyResult<Option<Obj>> {
        if let Some(value) = self.value.load() {
            return Ok(Some(value));
        }
        let Some(evaluate) = self.evaluate.load() else { return Ok(None) };
        let value = counted::call1(&evaluate, &int_obj(1))?;
        self.value.store(value.clone());
        Ok(Some(value))
    }
    /// What computes the value in a given format; `None` if there is no value.
    pub fn evaluator(&self) -> Obj {
        match (self.evaluate.load(), self.value.load()) {
            (Some(evaluate), _) => evaluate,
            (None, Some(value)) => constant_evaluator(value),
            (None, None) => none(),
        }
    }
}

/// An evaluator of a known value.
#[repr(C)]
struct PyConstEvaluator {
    header: Header,
    value: Obj,
}
layout!(PyConstEvaluator, "_typing._ConstEvaluator", [value]);

native_class!(
    fn evaluator_class() = TypeBuilder::new("_typing._ConstEvaluator", PyConstEvaluator::ops())
        .final_()
        .no_instantiation()
        .slots(TypeSlots {
            call: Some(evaluate_constant),
            repr: Some(|obj| {
                let value = protocol::repr_string(&receiver::<PyConstEvaluator>(obj)?.value)?;
                Ok(str_obj(&format!("<constevaluator {value}>")))
            }),
            ..TypeSlots::EMPTY
        })
        .make()
);

fn constant_evaluator(value: Obj) -> Obj {
    new_instance(evaluator_class(), |header| PyConstEvaluator { header, value }).into_obj()
}

/// The format in which annotations are text.
const STRING_FORMAT: isize = 4;

fn evaluate_constant(obj: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    let this = receiver::<PyConstEvaluator>(obj)?;
    no_keywords("_ConstEvaluator.__call__", args)?;
    crate::native_class::check_count("_ConstEvaluator.__call__", args, 1, 1)?;
    if protocol::index_word(&args.positional[0])? != STRING_FORMAT {
        return Ok(this.value.clone());
    }
    let Some(tuple) = this.value.downcast::<taipan_objects::tuple::PyTuple>() else {
        return Ok(str_obj(&generic_alias::type_repr(&this.value)?));
    };
    let parts = tuple.as_slice().iter().map(generic_alias::type_repr).collect::<PyResult<Vec<_>>>()?;
    let comma = if parts.len() == 1 { "," } else { "" };
    Ok(str_obj(&format!("({}{comma})", parts.join(", "))))
}

/// `NoDefault`.
#[repr(C)]
struct PyNoDefault {
    header: Header,
}
layout!(PyNoDefault, "NoDefaultType");

native_class!(
    fn no_default_class() = TypeBuilder::new("builtins.NoDefaultType", PyNoDefault::ops())
        .final_()
        .slots(TypeSlots {
            new: Some(|_, args| {
                if !args.positional.is_empty() || args.has_keywords() {
                    return Err(type_error("NoDefaultType takes no arguments"));
                }
                Ok(no_default().clone())
            }),
            repr: Some(|_| Ok(str_obj("typing.NoDefault"))),
            ..TypeSlots::EMPTY
        })
        .methods(PyNoDefault::methods())
        .doc("The type of the NoDefault singleton.")
        .make()
);

#[pymethods(class = "NoDefaultType")]
impl PyNoDefault {
    #[pymethod(text = "")]
    fn __reduce__(slf: &Obj) -> Obj {
        let _ = slf;
        str_obj("NoDefault")
    }
}

/// `typing.NoDefault`.
pub fn no_default() -> &'static Obj {
    static NO_DEFAULT: std::sync::OnceLock<Obj> = std::sync::OnceLock::new();
    NO_DEFAULT.get_or_init(|| new_instance(no_default_class(), |header| PyNoDefault { header }).into_obj())
}

/// A default given by the program, unless it is `NoDefault`.
pub(crate) fn given_default(default: Option<&Obj>) -> Lazy {
    Lazy::new(default.filter(|d| !d.is(no_default())).cloned())
}

/// Calls a function of the `typing` module.
pub(crate) fn call_typing(name: &str, args: &[Obj]) -> PyResult<Obj> {
    let function = hooks::module_attribute("typing", name)?.into_strong();
    counted::call(&function, args)
}

/// `typing._type_check(arg, message)`.
pub(crate) fn type_check(arg: &Obj, message: &str) -> PyResult<Obj> {
    // Plain classes need no question.
    if arg.is_layout::<PyType>() {
        return Ok(arg.clone());
    }
    call_typing("_type_check", &[arg.clone(), str_obj(message)])
}

/// `iter((typing.Unpack[obj],))`.
pub(crate) fn unpacked_iter(obj: &Obj) -> PyResult<Obj> {
    let unpacked = unpacked(obj)?;
    protocol::iter(&tuple_obj(vec![unpacked]))
}

/// `typing.Unpack[obj]`.
pub(crate) fn unpacked(obj: &Obj) -> PyResult<Obj> {
    let unpack = hooks::module_attribute("typing", "Unpack")?.into_strong();
    counted::getitem(&unpack, obj)
}

/// Notes the running module as the place of definition; `None` if it has no name.
pub(crate) fn set_module(obj: &Obj) -> PyResult<()> {
    let module = hooks::current_module_name().map_or_else(none, IntoStrong::into_strong);
    taipan_objects::shape::set_attribute(obj, &intern("__module__"), module)
}

/// The setter of attributes that only native code sets.
pub(crate) fn read_only(_obj: &Obj, _value: Option<&Obj>) -> PyResult<()> {
    Err(attribute_error("readonly attribute"))
}

/// Accelerators for the typing module.
#[pymodule(name = "_typing")]
mod items {
    use super::*;

    #[pyinit]
    fn init(module: &PyModuleBuilder<'_>) -> PyResult<()> {
        let classes = [
            ("Generic", generic::class()),
            ("ParamSpec", param_spec::class()),
            ("ParamSpecArgs", param_spec::args_class()),
            ("ParamSpecKwargs", param_spec::kwargs_class()),
            ("TypeAliasType", type_alias::class()),
            ("TypeVar", type_var::class()),
            ("TypeVarTuple", type_var_tuple::class()),
            ("Union", &types().union),
        ];
        classes.into_iter().try_for_each(|(name, class)| module.add(name, class.as_obj().clone()))?;
        module.add("NoDefault", no_default().clone())
    }
    /// Returns its argument.
    #[pyfunction(sig = "(x, /)")]
    fn _idfunc(x: &Obj) -> Obj {
        x.clone()
    }
}
