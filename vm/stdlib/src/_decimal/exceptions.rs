//! The exception classes: signals, which contexts have flags and traps for, and the conditions that `InvalidOperation` stands for.

use std::sync::OnceLock;

use taipan_objects::exceptions::PyBaseException;
use taipan_objects::prelude::*;
use taipan_objects::type_object::TypeBuilder;

use super::number::signal::*;

pub struct Classes {
    pub decimal_exception: Py<PyType>,
    pub clamped: Py<PyType>,
    pub invalid_operation: Py<PyType>,
    pub division_by_zero: Py<PyType>,
    pub inexact: Py<PyType>,
    pub rounded: Py<PyType>,
    pub subnormal: Py<PyType>,
    pub overflow: Py<PyType>,
    pub underflow: Py<PyType>,
    pub float_operation: Py<PyType>,
    pub conversion_syntax: Py<PyType>,
    pub division_impossible: Py<PyType>,
    pub division_undefined: Py<PyType>,
    pub invalid_context: Py<PyType>,
}

fn make(name: &'static str, bases: &[&Py<PyType>]) -> Py<PyType> {
    let builder = TypeBuilder::new(name, PyBaseException::ops()).base(bases[0]);
    bases[1..].iter().fold(builder, |builder, base| builder.also_base(base)).make()
}

pub fn classes() -> &'static Classes {
    static CLASSES: OnceLock<Classes> = OnceLock::new();
    CLASSES.get_or_init(|| {
        let t = types();
        let decimal_exception = make("decimal.DecimalException", &[&t.arithmetic_error]);
        let clamped = make("decimal.Clamped", &[&decimal_exception]);
        let invalid_operation = make("decimal.InvalidOperation", &[&decimal_exception]);
        let division_by_zero = make("decimal.DivisionByZero", &[&decimal_exception, &t.zero_division_error]);
        let inexact = make("decimal.Inexact", &[&decimal_exception]);
        let rounded = make("decimal.Rounded", &[&decimal_exception]);
        let subnormal = make("decimal.Subnormal", &[&decimal_exception]);
        let overflow = make("decimal.Overflow", &[&inexact, &rounded]);
        let underflow = make("decimal.Underflow", &[&inexact, &rounded, &subnormal]);
        let float_operation = make("decimal.FloatOperation", &[&decimal_exception, &t.type_error]);
        let conversion_syntax = make("decimal.ConversionSyntax", &[&invalid_operation]);
        let division_impossible = make("decimal.DivisionImpossible", &[&invalid_operation]);
        let division_undefined =
            make("decimal.DivisionUndefined", &[&invalid_operation, &t.zero_division_error]);
        let invalid_context = make("decimal.InvalidContext", &[&invalid_operation]);
        Classes {
            decimal_exception,
            clamped,
            invalid_operation,
            division_by_zero,
            inexact,
            rounded,
            subnormal,
            overflow,
            underflow,
            float_operation,
            conversion_syntax,
            division_impossible,
            division_undefined,
            invalid_context,
        }
    })
}

/// The signals in the order in which they are shown, and their bits.
pub fn signals() -> [(&'static Py<PyType>, u32); 9] {
    let c = classes();
    [
        (&c.invalid_operation, INVALID),
        (&c.float_operation, FLOAT_OPERATION),
        (&c.division_by_zero, DIVISION_BY_ZERO),
        (&c.overflow, OVERFLOW),
        (&c.underflow, UNDERFLOW),
        (&c.subnormal, SUBNORMAL),
        (&c.inexact, INEXACT),
        (&c.rounded, ROUNDED),
        (&c.clamped, CLAMPED),
    ]
}

fn conditions() -> [(&'static Py<PyType>, u32); 5] {
    let c = classes();
    [
        (&c.invalid_operation, INVALID_OPERATION),
        (&c.conversion_syntax, CONVERSION_SYNTAX),
        (&c.division_impossible, DIVISION_IMPOSSIBLE),
        (&c.division_undefined, DIVISION_UNDEFINED),
        (&c.invalid_context, INVALID_CONTEXT),
    ]
}

/// All classes with their names.
pub fn all() -> Vec<(&'static str, &'static Py<PyType>)> {
    let c = classes();
    vec![
        ("DecimalException", &c.decimal_exception),
        ("Clamped", &c.clamped),
        ("InvalidOperation", &c.invalid_operation),
        ("DivisionByZero", &c.division_by_zero),
        ("Inexact", &c.inexact),
        ("Rounded", &c.rounded),
        ("Subnormal", &c.subnormal),
        ("Overflow", &c.overflow),
        ("Underflow", &c.underflow),
        ("FloatOperation", &c.float_operation),
        ("ConversionSyntax", &c.conversion_syntax),
        ("DivisionImpossible", &c.division_impossible),
        ("DivisionUndefined", &c.division_undefined),
        ("InvalidContext", &c.invalid_context),
    ]
}

/// The signals of a set of conditions.
pub fn signal_list(status: u32) -> Vec<Obj> {
    signals().iter().filter(|(_, bits)| status & bits != 0).map(|(class, _)| class.as_obj().clone()).collect()
}

/// Raises for trapped conditions, of which there is at least one.
#[cold]
pub fn raise_trapped(status: u32) -> Raised {
    if status & MALLOC_ERROR != 0 {
        return memory_error();
    }
    let Some((class, _)) = signals().into_iter().find(|(_, bits)| status & bits != 0) else {
        return system_error("internal error in flags_as_exception");
    };
    let shown = conditions().into_iter().chain(signals().into_iter().skip(1));
    let list =
        shown.filter(|(_, bits)| status & bits != 0).map(|(class, _)| class.as_obj().clone()).collect();
    raise(PyBaseException::create(class, vec![list_obj(list)]))
}

/// Bits of a signal class.
pub fn bits_of(class: &Obj) -> PyResult<u32> {
    let found = signals().into_iter().find(|(signal, _)| signal.as_obj().is(class));
    found.map(|(_, bits)| bits).ok_or_else(|| {
        raise_message(
            &types().key_error,
            "valid values for signals are:\n  [InvalidOperation, FloatOperation, DivisionByZero,\n   Overflow, Underflow, Subnormal, Inexact, Rounded,\n   Clamped]",
        )
    })
}
