//! The methods and attributes of `complex`.

use taipan_gc::{Obj, Py};

use super::{Complex, PyComplex, complex_obj};
use crate::error::*;
use crate::native::pymethods;
use crate::protocol;
use crate::str::PyStr;
use crate::type_object::{PyType, class_of};
use crate::types::types;

#[pymethods(class = "complex")]
impl PyComplex {
    /// Return the complex conjugate of its argument. (3-4j).conjugate() == 3+4j.
    #[pymethod]
    fn conjugate(&self) -> Obj {
        complex_obj(self.real, -self.imag)
    }
    /// Convert this value to exact type complex.
    #[pymethod]
    fn __complex__(this: &Py<PyComplex>) -> Obj {
        if class_of(this.as_obj()).is(&types().complex) {
            return this.as_obj().clone();
        }
        complex_obj(this.real, this.imag)
    }
    #[pymethod]
    fn __getnewargs__(&self) -> (f64, f64) {
        (self.real, self.imag)
    }
    /// Convert to a string according to format_spec.
    #[pymethod]
    fn __format__(this: &Py<PyComplex>, format_spec: &PyStr) -> PyResult<Obj> {
        if format_spec.is_empty() {
            return Ok(protocol::str(this.as_obj())?.into_obj());
        }
        crate::str::format::format_complex(this.as_obj(), this.get(), format_spec)
    }
    /// Convert number to a complex floating-point number.
    #[pyclassmethod(sig = "(number, /)")]
    fn from_number(class: &Obj, number: &Obj) -> PyResult<Obj> {
        let exact = class.downcast::<PyType>().is_some_and(|c| c.is(&types().complex));
        if exact && class_of(number).is(&types().complex) {
            return Ok(number.clone());
        }
        let Some(Complex { re, im }) = super::new::number(number)? else {
            return Err(type_error(format!("must be real number, not {}", class_of(number).name())));
        };
        let value = complex_obj(re, im);
        if exact { Ok(value) } else { protocol::call1(class, &value) }
    }
    /// the real part of a complex number
    #[pygetset]
    fn real(&self) -> f64 {
        self.real
    }
    /// the imaginary part of a complex number
    #[pygetset]
    fn imag(&self) -> f64 {
        self.imag
    }
}
