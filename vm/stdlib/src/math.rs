//! `math`: functions on real numbers. Results agree with CPython's bit for bit: the C library's functions where CPython calls
//! these, CPython's own algorithms (by way of `pymath`) where it has its own.

use num_bigint::BigInt;
use taipan_objects::int::{self, IntRef, int_ref};
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_text::math as exact;
use taipan_text::math::pymath::{self, Error};

const FINITE: &str = "expected a finite input, got ";
const POSITIVE: &str = "expected a positive input, got ";
const UNIT: &str = "expected a number in range from -1 up to 1, got ";
const NONINTEGER: &str = "expected a noninteger or positive integer, got ";

#[cold]
fn domain(text: &str, x: f64) -> Raised {
    if text.is_empty() {
        value_error("math domain error")
    } else {
        value_error(format!("{text}{}", taipan_text::float_repr::repr(x)))
    }
}

#[cold]
fn range_error() -> Raised {
    overflow_error("math range error")
}

/// What a function of one variable gave for `x`: an infinity or NaN that `x` does not explain is an error.
#[inline]
fn checked(x: f64, result: f64, overflows: bool, text: &str) -> PyResult<f64> {
    if result.is_finite() {
        return Ok(result);
    }
    if result.is_nan() && !x.is_nan() {
        return Err(domain(text, x));
    }
    if result.is_infinite() && x.is_finite() {
        return Err(if overflows { range_error() } else { domain(text, x) });
    }
    Ok(result)
}

fn mapped(result: pymath::Result<f64>, text: &str, x: f64) -> PyResult<f64> {
    result.map_err(|error| match error {
        Error::EDOM => domain(text, x),
        Error::ERANGE => range_error(),
    })
}

/// A logarithm of a float or of an int of any size.
fn logarithm(x: &Obj, log: fn(f64) -> f64) -> PyResult<f64> {
    if let Some(i) = int_ref(x) {
        if i.is_negative() || i.is_zero() {
            return Err(value_error("expected a positive input"));
        }
        return Ok(match i {
            IntRef::Small(i) => log(i as f64),
            IntRef::Big(big) => match exact::bigint_to_float(big) {
                Some(x) => log(x),
                None => {
                    let (fraction, exponent) = exact::bigint_frexp(big);
                    log(fraction) + log(2.0) * exponent as f64
                }
            },
        });
    }
    let x = as_f64(x)?;
    if x.is_finite() {
        if x > 0.0 { Ok(log(x)) } else { Err(domain(POSITIVE, x)) }
    } else if x == f64::NEG_INFINITY {
        Err(domain(POSITIVE, x))
    } else {
        Ok(x)
    }
}

/// `__ceil__` and the like, if the class has it.
fn special(x: &Obj, name: &str) -> PyResult<Option<Obj>> {
    match lookup_special(x, &intern(name))? {
        Some(method) => call0(&method).map(Some),
        None => Ok(None),
    }
}

fn rounded(x: &Obj, name: &str, round: fn(f64) -> f64) -> PyResult<Obj> {
    if !x.value().is_float() {
        if int_ref(x).is_some() && is_exact_int(x) {
            return Ok(x.clone());
        }
        if !is_exactly(x, |t| &t.float)
            && let Some(result) = special(x, name)?
        {
            return Ok(result);
        }
    }
    int::from_f64(round(as_f64(x)?))
}

fn index_big(x: &Obj) -> PyResult<BigInt> {
    let index = index(x)?;
    int_ref(&index)
        .map(|i| i.to_bigint().into_owned())
        .ok_or_else(|| type_error("an index is not an integer"))
}

fn reals(items: &[Obj]) -> PyResult<Vec<f64>> {
    items.iter().map(as_f64).collect()
}

fn factorial_of(n: &Obj) -> PyResult<Obj> {
    let n = index_big(n)?;
    if n < BigInt::ZERO {
        return Err(value_error("factorial() not defined for negative values"));
    }
    let Ok(n) = i64::try_from(&n) else {
        return Err(overflow_error(format!("factorial() argument should not exceed {}", i64::MAX)));
    };
    match pymath::math::integer::factorial(n) {
        Ok(result) => Ok(int::from_bigint(result.into())),
        Err(_) => Err(memory_error()),
    }
}

/// The two arguments of `perm` and `comb`.
fn counts(n: &Obj, k: &Obj) -> PyResult<(BigInt, BigInt)> {
    let (n, k) = (index_big(n)?, index_big(k)?);
    if n < BigInt::ZERO {
        return Err(value_error("n must be a non-negative integer"));
    }
    if k < BigInt::ZERO {
        return Err(value_error("k must be a non-negative integer"));
    }
    Ok((n, k))
}

/// Floats collected for an exact sum of products, or ints, until a pair of another kind comes.
struct SumProd {
    total: Obj,
    ints: Option<i128>,
    floats: Option<(Vec<f64>, Vec<f64>)>,
}

impl SumProd {
    fn end_ints(&mut self) -> PyResult<()> {
        if let Some(sum) = self.ints.take()
            && sum != 0
        {
            self.total = binary_op(&self.total, &int::from_i128(sum), BinaryOp::Add)?;
        }
        Ok(())
    }
    fn end_floats(&mut self) -> PyResult<()> {
        if let Some((p, q)) = self.floats.take()
            && !p.is_empty()
        {
            let sum = pymath::math::sumprod(&p, &q).unwrap_or(f64::NAN);
            self.total = binary_op(&self.total, &float_obj(sum), BinaryOp::Add)?;
        }
        Ok(())
    }
    fn add(&mut self, p: &Obj, q: &Obj) -> PyResult<()> {
        if let Some(sum) = self.ints {
            if is_exact_int(p)
                && is_exact_int(q)
                && let (Some(IntRef::Small(a)), Some(IntRef::Small(b))) = (int_ref(p), int_ref(q))
                && let Some(next) = sum.checked_add(a as i128 * b as i128)
            {
                self.ints = Some(next);
                return Ok(());
            }
            self.end_ints()?;
        }
        if let Some((ps, qs)) = &mut self.floats {
            let real = |x: &Obj| -> Option<f64> {
                if x.value().is_float() {
                    return Some(x.value().as_float());
                }
                if is_exact_int(x) || is_exactly(x, |t| &t.bool_) {
                    return match int_ref(x)? {
                        IntRef::Small(i) => Some(i as f64),
                        IntRef::Big(b) => exact::bigint_to_float(b),
                    };
                }
                None
            };
            if (p.value().is_float() || q.value().is_float())
                && let (Some(a), Some(b)) = (real(p), real(q))
            {
                ps.push(a);
                qs.push(b);
                return Ok(());
            }
            self.end_floats()?;
        }
        let product = binary_op(p, q, BinaryOp::Mul)?;
        self.total = binary_op(&self.total, &product, BinaryOp::Add)?;
        Ok(())
    }
}

macro_rules! one {
    ($module:ident { $($(#[$doc:meta])* $name:ident = $f:expr, $overflows:literal, $text:expr;)* }) => {
        /// The functions of one float.
        #[pymodule(name = "math")]
        pub mod $module {
            use super::*;
            $( $(#[$doc])* #[pyfunction] fn $name(x: f64) -> PyResult<f64> {
                let f: fn(f64) -> f64 = $f;
                checked(x, f(x), $overflows, $text)
            } )*
        }
    };
}

/// Functions of one float.
pub mod real {
    use super::*;
    one! { functions {
        /// Return the cosine of x (measured in radians).
        cos = f64::cos, false, FINITE;
        /// Return the sine of x (measured in radians).
        sin = f64::sin, false, FINITE;
        /// Return the tangent of x (measured in radians).
        tan = f64::tan, false, FINITE;
        /// Return the arc cosine, in radians, of x; the result is between 0 and pi.
        acos = f64::acos, false, UNIT;
        /// Return the arc sine, in radians, of x; the result is between -pi/2 and pi/2.
        asin = f64::asin, false, UNIT;
        /// Return the arc tangent, in radians, of x; the result is between -pi/2 and pi/2.
        atan = f64::atan, false, "";
        /// Return the hyperbolic cosine of x.
        cosh = f64::cosh, true, "";
        /// Return the hyperbolic sine of x.
        sinh = f64::sinh, true, "";
        /// Return the hyperbolic tangent of x.
        tanh = f64::tanh, false, "";
        /// Return the square root of x.
        sqrt = f64::sqrt, false, "expected a nonnegative input, got ";
        /// Return the cube root of x.
        cbrt = f64::cbrt, false, "";
        /// Return e raised to the power of x.
        exp = f64::exp, true, "";
        /// Return 2 raised to the power of x.
        exp2 = f64::exp2, true, "";
        /// Return exp(x)-1 without the loss of precision that the subtraction brings for small x.
        expm1 = f64::exp_m1, true, "";
        /// Return the natural logarithm of 1+x, accurate for x near zero.
        log1p = f64::ln_1p, false, "expected argument value > -1, got ";
        /// Return the absolute value of the float x.
        fabs = f64::abs, false, "";
    } }
}

/// Mathematical functions on real numbers, as the C standard defines them.
#[pymodule(name = "math", include(real::functions::MODULE))]
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

    /// Return the inverse hyperbolic cosine of x.
    #[pyfunction]
    fn acosh(x: f64) -> PyResult<f64> {
        mapped(pymath::math::acosh(x), "expected argument value not less than 1, got ", x)
    }
    /// Return the inverse hyperbolic sine of x.
    #[pyfunction]
    fn asinh(x: f64) -> PyResult<f64> {
        mapped(pymath::math::asinh(x), "", x)
    }
    /// Return the inverse hyperbolic tangent of x.
    #[pyfunction]
    fn atanh(x: f64) -> PyResult<f64> {
        mapped(pymath::math::atanh(x), "expected a number between -1 and 1, got ", x)
    }
    /// Return the arc tangent, in radians, of y/x; the signs of both decide the quadrant.
    #[pyfunction]
    fn atan2(y: f64, x: f64) -> PyResult<f64> {
        mapped(pymath::math::atan2(y, x), "", x)
    }
    /// Error function at x.
    #[pyfunction]
    fn erf(x: f64) -> PyResult<f64> {
        mapped(pymath::math::erf(x), "", x)
    }
    /// Complementary error function at x.
    #[pyfunction]
    fn erfc(x: f64) -> PyResult<f64> {
        mapped(pymath::math::erfc(x), "", x)
    }
    /// Gamma function at x.
    #[pyfunction]
    fn gamma(x: f64) -> PyResult<f64> {
        mapped(pymath::math::gamma(x), NONINTEGER, x)
    }
    /// Natural logarithm of the absolute value of the gamma function at x.
    #[pyfunction]
    fn lgamma(x: f64) -> PyResult<f64> {
        mapped(pymath::math::lgamma(x), NONINTEGER, x)
    }
    /// Return a float with the magnitude of x and the sign of y.
    #[pyfunction]
    fn copysign(x: f64, y: f64) -> f64 {
        x.copysign(y)
    }
    /// Convert angle x from radians to degrees.
    #[pyfunction]
    fn degrees(x: f64) -> f64 {
        pymath::math::degrees(x)
    }
    /// Convert angle x from degrees to radians.
    #[pyfunction]
    fn radians(x: f64) -> f64 {
        pymath::math::radians(x)
    }
    /// Return the least integer that is not less than x.
    #[pyfunction]
    fn ceil(x: &Obj) -> PyResult<Obj> {
        rounded(x, "__ceil__", f64::ceil)
    }
    /// Return the greatest integer that is not greater than x.
    #[pyfunction]
    fn floor(x: &Obj) -> PyResult<Obj> {
        rounded(x, "__floor__", f64::floor)
    }
    /// Cut the number x off to the nearest integer toward zero.
    #[pyfunction]
    fn trunc(x: &Obj) -> PyResult<Obj> {
        if x.value().is_float() || is_exactly(x, |t| &t.float) {
            return int::from_f64(as_f64(x)?);
        }
        match special(x, "__trunc__")? {
            Some(result) => Ok(result),
            None => Err(type_error(format!("type {} doesn't define __trunc__ method", class_of(x).name()))),
        }
    }
    /// Return whether x is neither an infinity nor a NaN.
    #[pyfunction]
    fn isfinite(x: f64) -> bool {
        x.is_finite()
    }
    /// Return whether x is a positive or negative infinity.
    #[pyfunction]
    fn isinf(x: f64) -> bool {
        x.is_infinite()
    }
    /// Return whether x is a NaN (not a number).
    #[pyfunction]
    fn isnan(x: f64) -> bool {
        x.is_nan()
    }
    /// Tell whether two numbers are close in value.
    ///
    /// rel_tol is relative to the larger magnitude, abs_tol an absolute tolerance. NaN is close to nothing,
    /// an infinity only to itself.
    #[pyfunction(sig = "(a, b, *, rel_tol=1e-09, abs_tol=0.0)")]
    fn isclose(a: f64, b: f64, rel_tol: f64, abs_tol: f64) -> PyResult<bool> {
        pymath::math::isclose(a, b, Some(rel_tol), Some(abs_tol))
            .map_err(|_| value_error("tolerances must be non-negative"))
    }
    /// Return x**y.
    #[pyfunction]
    fn pow(x: f64, y: f64) -> PyResult<f64> {
        mapped(pymath::math::pow(x, y), "", x)
    }
    /// Return the remainder of x/y with the sign of x, as C does.
    #[pyfunction]
    fn fmod(x: f64, y: f64) -> PyResult<f64> {
        mapped(pymath::math::fmod(x, y), "", x)
    }
    /// Return the difference of x and the closest multiple of y (the even one of two equally close).
    #[pyfunction]
    fn remainder(x: f64, y: f64) -> PyResult<f64> {
        mapped(pymath::math::remainder(x, y), "", x)
    }
    /// Compute (x * y) + z with a single rounding.
    #[pyfunction]
    fn fma(x: f64, y: f64, z: f64) -> PyResult<f64> {
        pymath::math::fma(x, y, z).map_err(|error| match error {
            Error::EDOM => value_error("invalid operation in fma"),
            Error::ERANGE => overflow_error("overflow in fma"),
        })
    }
    /// Return the mantissa and exponent (m, e) of x, so that x == m * 2.0**e with 0.5 <= abs(m) < 1.0.
    #[pyfunction]
    fn frexp(x: f64) -> (f64, i32) {
        exact::frexp(x)
    }
    /// Return x * (2**i).
    #[pyfunction]
    fn ldexp(x: f64, i: &Obj) -> PyResult<f64> {
        let Some(i) = int_ref(i) else {
            return Err(type_error("Expected an int as second argument to ldexp."));
        };
        if x == 0.0 || !x.is_finite() {
            return Ok(x);
        }
        let i = i.to_i64().unwrap_or(if i.is_negative() { i64::MIN } else { i64::MAX });
        let result = exact::ldexp(x, i);
        if result.is_infinite() { Err(range_error()) } else { Ok(result) }
    }
    /// Return the fractional and the integer part of x, both floats with the sign of x.
    #[pyfunction]
    fn modf(x: f64) -> (f64, f64) {
        if x.is_infinite() {
            (0.0f64.copysign(x), x)
        } else if x.is_nan() {
            (x, x)
        } else {
            (x.fract().copysign(x), x.trunc())
        }
    }
    /// Return the value of the least significant bit of x.
    #[pyfunction]
    fn ulp(x: f64) -> f64 {
        pymath::math::ulp(x)
    }
    /// Return the float so many steps after x toward y (one step by default).
    #[pyfunction(sig = "(x, y, /, *, steps=None)")]
    fn nextafter(x: f64, y: f64, steps: Option<&Obj>) -> PyResult<f64> {
        let steps = match steps.filter(|s| !is_none(s)) {
            None => None,
            Some(steps) => {
                let steps = index_big(steps)?;
                if steps < BigInt::ZERO {
                    return Err(value_error("steps must be a non-negative integer"));
                }
                Some(u64::try_from(&steps).unwrap_or(u64::MAX))
            }
        };
        Ok(pymath::math::nextafter(x, y, steps))
    }
    /// log(x, [base=math.e])
    /// Return the logarithm of x to the given base; the natural one if there is none.
    #[pyfunction(sig = "(x, base=<unrepresentable>, /)", text = "")]
    fn log(x: &Obj, base: Option<&Obj>) -> PyResult<f64> {
        let number = logarithm(x, f64::ln)?;
        let Some(base) = base else { return Ok(number) };
        let base = logarithm(base, f64::ln)?;
        if base == 0.0 { Err(zero_division_error("division by zero")) } else { Ok(number / base) }
    }
    /// Return the base 2 logarithm of x.
    #[pyfunction]
    fn log2(x: &Obj) -> PyResult<f64> {
        logarithm(x, f64::log2)
    }
    /// Return the base 10 logarithm of x.
    #[pyfunction]
    fn log10(x: &Obj) -> PyResult<f64> {
        logarithm(x, f64::log10)
    }
    /// Return n! of the nonnegative integer n.
    #[pyfunction]
    fn factorial(n: &Obj) -> PyResult<Obj> {
        factorial_of(n)
    }
    /// Number of ways to choose k items of n, without repetition and without order.
    #[pyfunction]
    fn comb(n: &Obj, k: &Obj) -> PyResult<Obj> {
        let (n, k) = counts(n, k)?;
        if k > n {
            return Ok(int_obj(0));
        }
        let rest = &n - &k;
        let k = if rest < k { rest } else { k };
        let Ok(small) =
            u64::try_from(&k).map_err(drop).and_then(|k| if k <= i64::MAX as u64 { Ok(k) } else { Err(()) })
        else {
            return Err(overflow_error(format!("min(n - k, k) must not exceed {}", i64::MAX)));
        };
        let result = match i64::try_from(&n) {
            Ok(n) => pymath::math::integer::comb(n, small as i64).map_err(|_| memory_error())?,
            Err(_) => pymath::math::comb_bigint(&n, small),
        };
        Ok(int::from_bigint(result.into()))
    }
    /// Number of ways to choose k items of n, without repetition and with order; n! without k.
    #[pyfunction(sig = "(n, k=None, /)")]
    fn perm(n: &Obj, k: Option<&Obj>) -> PyResult<Obj> {
        let Some(k) = k.filter(|k| !is_none(k)) else { return factorial_of(n) };
        let (n, k) = counts(n, k)?;
        if k > n {
            return Ok(int_obj(0));
        }
        let Ok(small) = i64::try_from(&k) else {
            return Err(overflow_error(format!("k must not exceed {}", i64::MAX)));
        };
        let result = match i64::try_from(&n) {
            Ok(n) => pymath::math::integer::perm(n, Some(small)).map_err(|_| memory_error())?,
            Err(_) => pymath::math::perm_bigint(&n, small as u64),
        };
        Ok(int::from_bigint(result.into()))
    }
    /// Return the integer part of the square root of n.
    #[pyfunction]
    fn isqrt(n: &Obj) -> PyResult<Obj> {
        let n = index(n)?;
        match int_ref(&n) {
            Some(n) if n.is_negative() => Err(value_error("isqrt() argument must be nonnegative")),
            Some(n) => Ok(int::isqrt(n)),
            None => Err(type_error("an index is not an integer")),
        }
    }
    /// Greatest common divisor.
    #[pyfunction(sig = "(*integers)")]
    fn gcd(integers: &[Obj]) -> PyResult<Obj> {
        let mut result = int_obj(0);
        for item in integers {
            let item = index(item)?;
            if let (Some(a), Some(b)) = (int_ref(&result), int_ref(&item)) {
                result = int::gcd(a, b);
            }
        }
        Ok(result)
    }
    /// Least common multiple.
    #[pyfunction(sig = "(*integers)")]
    fn lcm(integers: &[Obj]) -> PyResult<Obj> {
        use num_integer::Integer;
        let mut result = BigInt::from(1);
        for item in integers {
            let item = index_big(item)?;
            if result != BigInt::ZERO {
                result = result.lcm(&item);
            }
        }
        Ok(int::from_bigint(result))
    }
    /// Return an accurate sum of the floats of an iterable.
    #[pyfunction]
    fn fsum(seq: &Obj) -> PyResult<f64> {
        let mut items = Vec::new();
        for_each(seq, |item| {
            items.push(as_f64(&item)?);
            Ok(())
        })?;
        pymath::math::fsum(items).map_err(|error| match error {
            Error::EDOM => value_error("-inf + inf in fsum"),
            Error::ERANGE => overflow_error("intermediate overflow in fsum"),
        })
    }
    /// Return the Euclidean distance of the points p and q, given as sequences of coordinates.
    #[pyfunction]
    fn dist(p: &Obj, q: &Obj) -> PyResult<f64> {
        let (p, q) = (collect(p)?, collect(q)?);
        if p.len() != q.len() {
            return Err(value_error("both points must have the same number of dimensions"));
        }
        Ok(pymath::math::dist(&reals(&p)?, &reals(&q)?))
    }
    /// hypot(*coordinates) -> value
    /// Multidimensional Euclidean distance from the origin to a point.
    #[pyfunction(sig = "(*coordinates)")]
    fn hypot(coordinates: &[Obj]) -> PyResult<f64> {
        Ok(pymath::math::hypot(&reals(coordinates)?))
    }
    /// Return the sum of the products of the values of two iterables of the same length.
    #[pyfunction]
    fn sumprod(p: &Obj, q: &Obj) -> PyResult<Obj> {
        let (p, q) = (iter(p)?, iter(q)?);
        let mut sum = SumProd { total: int_obj(0), ints: Some(0), floats: Some((Vec::new(), Vec::new())) };
        loop {
            match (next(&p)?, next(&q)?) {
                (Some(p), Some(q)) => sum.add(&p.into_strong(), &q.into_strong())?,
                (None, None) => break,
                _ => return Err(value_error("Inputs are not the same length")),
            }
        }
        sum.end_ints()?;
        sum.end_floats()?;
        Ok(sum.total)
    }
    /// Calculate the product of the items of an iterable, times start.
    #[pyfunction(sig = "(iterable, /, *, start=1)")]
    fn prod(iterable: &Obj, start: Option<&Obj>) -> PyResult<Obj> {
        let mut product = start.cloned().unwrap_or_else(|| int_obj(1));
        for_each(iterable, |item| {
            product = if product.value().is_float() && item.value().is_float() {
                float_obj(product.value().as_float() * item.value().as_float())
            } else {
                binary_op(&product, &item, BinaryOp::Mul)?
            };
            Ok(())
        })?;
        Ok(product)
    }
}
