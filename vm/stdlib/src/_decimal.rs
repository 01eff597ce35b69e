//! `_decimal`: decimal numbers of any precision.
//!
//! `number.rs` has the arithmetic; the other files are what Python sees of it. A `Decimal` never changes. A `Context` is a handful of
//! atomic words, so that threads that share one lose at worst each other's last assignment, never a flag.

pub mod arithmetic_methods;
pub mod construct;
pub mod context;
pub mod context_methods;
pub mod current;
pub mod decimal;
pub mod exceptions;
pub mod format;
pub mod methods;
pub mod number;
pub mod operators;
pub mod rounding;
pub mod settings;
pub mod signal_dict;

use taipan_objects::native::*;
use taipan_objects::prelude::*;

use crate::counted;

/// C decimal arithmetic module
#[pymodule(name = "_decimal")]
mod items {
    use super::*;

    #[pyattr]
    const MAX_PREC: i64 = number::MAX_PREC;
    #[pyattr]
    const MAX_EMAX: i64 = number::MAX_EMAX;
    #[pyattr]
    const MIN_EMIN: i64 = number::MIN_EMIN;
    #[pyattr]
    const MIN_ETINY: i64 = number::MIN_ETINY;
    #[pyattr]
    const IEEE_CONTEXT_MAX_BITS: i64 = 512;
    #[pyattr]
    const HAVE_THREADS: bool = true;
    #[pyattr]
    const HAVE_CONTEXTVAR: bool = true;
    #[pyattr]
    const __version__: &str = "1.70";
    #[pyattr]
    const __libmpdec_version__: &str = "2.5.1";

    #[pyinit]
    fn init(module: &PyModuleBuilder<'_>) -> PyResult<()> {
        for (name, class) in exceptions::all() {
            module.add(name, class.as_obj().clone())?;
        }
        for name in rounding::NAMES {
            module.add(name, intern(name).into_obj())?;
        }
        module.add("Decimal", decimal::class().as_obj().clone())?;
        module.add("Context", context::class().as_obj().clone())?;
        module.add("DecimalTuple", decimal_tuple()?.clone())?;
        register()?;
        let templates = current::templates()?;
        module.add("DefaultContext", templates.default.as_obj().clone())?;
        module.add("BasicContext", templates.basic.as_obj().clone())?;
        module.add("ExtendedContext", templates.extended.as_obj().clone())
    }

    /// Get the current default context.
    #[pyfunction]
    fn getcontext() -> PyResult<Obj> {
        Ok(current::get()?.into_obj())
    }
    /// Set a new default context.
    #[pyfunction]
    fn setcontext(context: &Obj) -> PyResult<()> {
        current::set(context)
    }
    /// Return a context manager that will set the default context to a copy of ctx
    /// on entry to the with-statement and restore the previous default context when
    /// exiting the with-statement. If no context is specified, a copy of the current
    /// default context is used.
    #[pyfunction(sig = "(ctx=None, **kwargs)")]
    fn localcontext(ctx: Option<&Obj>, kwargs: Kwargs<'_>) -> PyResult<Obj> {
        current::local(ctx, kwargs)
    }
    /// Return a context object initialized to the proper values for one of the IEEE
    /// interchange formats. The argument must be a multiple of 32 and less than
    /// IEEE_CONTEXT_MAX_BITS.
    #[pyfunction]
    fn IEEEContext(bits: &Obj) -> PyResult<Obj> {
        let bits = settings::whole_number(bits)?;
        if bits <= 0 || bits > 512 || bits % 32 != 0 {
            return Err(value_error("argument must be a multiple of 32, with a maximum of 512"));
        }
        let emax = 3 << (bits / 16 + 3);
        let plain = context::Plain {
            settings: number::Settings {
                prec: 9 * bits / 32 - 2,
                emax,
                emin: 1 - emax,
                rounding: number::Rounding::HalfEven,
                clamp: true,
            },
            capitals: true,
            traps: 0,
            flags: 0,
        };
        Ok(context::make(context::class(), plain)?.into_obj())
    }
}

/// The named tuple that `Decimal.as_tuple` makes.
pub fn decimal_tuple() -> PyResult<&'static Obj> {
    static CLASS: std::sync::OnceLock<Obj> = std::sync::OnceLock::new();
    if let Some(class) = CLASS.get() {
        return Ok(class);
    }
    let module = taipan_objects::hooks::import_module("collections")?;
    let class = counted::call_method(
        &module,
        "namedtuple",
        &[str_obj("DecimalTuple"), str_obj("sign digits exponent")],
    )?;
    setattr(&class, &intern("__module__"), &str_obj("decimal"))?;
    Ok(CLASS.get_or_init(|| class))
}

/// Tells the abstract classes about ours.
fn register() -> PyResult<()> {
    let numbers = taipan_objects::hooks::import_module("numbers")?;
    let number = counted::getattr(&numbers, "Number")?;
    counted::call_method(&number, "register", &[decimal::class().as_obj().clone()])?;
    Ok(())
}
