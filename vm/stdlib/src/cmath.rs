//! `cmath`: functions on complex numbers; the algorithms and special values are those of CPython (by way of `pymath`).

use num_complex::Complex64;
use taipan_objects::complex::{PyComplex, complex_obj};
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_text::math::pymath::{self, Error};

/// An argument that `complex()` of it would take as a number.
pub struct Number(pub Complex64);

impl<'a> FromArg<'a> for Number {
    fn from_arg(obj: &'a Obj) -> PyResult<Self> {
        if let Some(z) = obj.downcast::<PyComplex>() {
            let z = z.get();
            return Ok(Number(Complex64::new(z.re, z.im)));
        }
        if !obj.value().is_ptr() {
            return Ok(Number(Complex64::new(as_f64(obj)?, 0.0)));
        }
        if let Some(method) = lookup_special(obj, &istr!("__complex__"))? {
            let result = call0(&method)?;
            return match result.downcast::<PyComplex>() {
                Some(z) => Ok(Number(Complex64::new(z.get().re, z.get().im))),
                None => Err(type_error(format!(
                    "{}.__complex__() must return a complex, not {}",
                    class_of(obj).name(),
                    class_of(&result).name()
                ))),
            };
        }
        Ok(Number(Complex64::new(as_f64(obj)?, 0.0)))
    }
}

#[cold]
fn raised(error: Error) -> Raised {
    match error {
        Error::EDOM => value_error("math domain error"),
        Error::ERANGE => overflow_error("math range error"),
    }
}

fn complex(result: pymath::Result<Complex64>) -> PyResult<Obj> {
    result.map(|z| complex_obj(z.re, z.im)).map_err(raised)
}

/// Mathematical functions on complex numbers.
#[pymodule(name = "cmath")]
mod items {
    use super::*;

    #[pyattr]
    const pi: f64 = std::f64::consts::PI;
    #[pyattr]
    const e: f64 = std::f64::consts::E;
    #[pyattr]
    const tau: f64 = std::f64::consts::TAU;
    #[pyattr]
    const inf: f64 = f64::INFINITY;
    #[pyattr]
    const nan: f64 = f64::NAN;
    #[pyattr]
    fn infj() -> Obj {
        complex_obj(0.0, f64::INFINITY)
    }
    #[pyattr]
    fn nanj() -> Obj {
        complex_obj(0.0, f64::NAN)
    }

    /// Return the arc cosine of z.
    #[pyfunction]
    fn acos(z: Number) -> PyResult<Obj> {
        complex(pymath::cmath::acos(z.0))
    }
    /// Return the inverse hyperbolic cosine of z.
    #[pyfunction]
    fn acosh(z: Number) -> PyResult<Obj> {
        complex(pymath::cmath::acosh(z.0))
    }
    /// Return the arc sine of z.
    #[pyfunction]
    fn asin(z: Number) -> PyResult<Obj> {
        complex(pymath::cmath::asin(z.0))
    }
    /// Return the inverse hyperbolic sine of z.
    #[pyfunction]
    fn asinh(z: Number) -> PyResult<Obj> {
        complex(pymath::cmath::asinh(z.0))
    }
    /// Return the arc tangent of z.
    #[pyfunction]
    fn atan(z: Number) -> PyResult<Obj> {
        complex(pymath::cmath::atan(z.0))
    }
    /// Return the inverse hyperbolic tangent of z.
    #[pyfunction]
    fn atanh(z: Number) -> PyResult<Obj> {
        complex(pymath::cmath::atanh(z.0))
    }
    /// Return the cosine of z.
    #[pyfunction]
    fn cos(z: Number) -> PyResult<Obj> {
        complex(pymath::cmath::cos(z.0))
    }
    /// Return the hyperbolic cosine of z.
    #[pyfunction]
    fn cosh(z: Number) -> PyResult<Obj> {
        complex(pymath::cmath::cosh(z.0))
    }
    /// Return e raised to the power of z.
    #[pyfunction]
    fn exp(z: Number) -> PyResult<Obj> {
        complex(pymath::cmath::exp(z.0))
    }
    /// Return the base 10 logarithm of z.
    #[pyfunction]
    fn log10(z: Number) -> PyResult<Obj> {
        complex(pymath::cmath::log10(z.0))
    }
    /// Return the sine of z.
    #[pyfunction]
    fn sin(z: Number) -> PyResult<Obj> {
        complex(pymath::cmath::sin(z.0))
    }
    /// Return the hyperbolic sine of z.
    #[pyfunction]
    fn sinh(z: Number) -> PyResult<Obj> {
        complex(pymath::cmath::sinh(z.0))
    }
    /// Return the square root of z.
    #[pyfunction]
    fn sqrt(z: Number) -> PyResult<Obj> {
        complex(pymath::cmath::sqrt(z.0))
    }
    /// Return the tangent of z.
    #[pyfunction]
    fn tan(z: Number) -> PyResult<Obj> {
        complex(pymath::cmath::tan(z.0))
    }
    /// Return the hyperbolic tangent of z.
    #[pyfunction]
    fn tanh(z: Number) -> PyResult<Obj> {
        complex(pymath::cmath::tanh(z.0))
    }
    /// log(z[, base]) -> the logarithm of z to the given base; the natural one if there is none.
    #[pyfunction(sig = "(z, base=<unrepresentable>, /)")]
    fn log(z: Number, base: Option<&Obj>) -> PyResult<Obj> {
        let base = match base {
            Some(base) => Some(Number::from_arg(base)?.0),
            None => None,
        };
        complex(pymath::cmath::log(z.0, base))
    }
    /// Return the argument, also known as the phase angle, of z.
    #[pyfunction]
    fn phase(z: Number) -> PyResult<f64> {
        pymath::cmath::phase(z.0).map_err(raised)
    }
    /// Convert z from rectangular to polar coordinates: the distance from 0 and the phase angle.
    #[pyfunction]
    fn polar(z: Number) -> PyResult<(f64, f64)> {
        pymath::cmath::polar(z.0).map_err(raised)
    }
    /// Convert from polar coordinates to rectangular coordinates.
    #[pyfunction]
    fn rect(r: f64, phi: f64) -> PyResult<Obj> {
        complex(pymath::cmath::rect(r, phi))
    }
    /// Return whether both parts of z are finite.
    #[pyfunction]
    fn isfinite(z: Number) -> bool {
        pymath::cmath::isfinite(z.0)
    }
    /// Return whether a part of z is infinite.
    #[pyfunction]
    fn isinf(z: Number) -> bool {
        pymath::cmath::isinf(z.0)
    }
    /// Return whether a part of z is a NaN.
    #[pyfunction]
    fn isnan(z: Number) -> bool {
        pymath::cmath::isnan(z.0)
    }
    /// Tell whether two complex numbers are close in value.
    #[pyfunction(sig = "(a, b, *, rel_tol=1e-09, abs_tol=0.0)")]
    fn isclose(a: Number, b: Number, rel_tol: f64, abs_tol: f64) -> PyResult<bool> {
        pymath::cmath::isclose(a.0, b.0, Some(rel_tol), Some(abs_tol))
            .map_err(|_| value_error("tolerances must be non-negative"))
    }
}
