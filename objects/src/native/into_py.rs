//! Conversion of Rust results to Python objects.

use taipan_gc::{Obj, Object, Py};

use super::bridge;
use crate::error::PyResult;

/// A Rust value that a native function can return.
pub trait IntoPy {
    fn into_py(self) -> PyResult<Obj>;
}

impl IntoPy for Obj {
    #[inline(always)]
    fn into_py(self) -> PyResult<Obj> {
        Ok(self)
    }
}

impl IntoPy for &Obj {
    #[inline]
    fn into_py(self) -> PyResult<Obj> {
        Ok(self.clone())
    }
}

impl<T: Object> IntoPy for Py<T> {
    #[inline]
    fn into_py(self) -> PyResult<Obj> {
        Ok(self.into_obj())
    }
}

impl<T: IntoPy> IntoPy for PyResult<T> {
    #[inline(always)]
    fn into_py(self) -> PyResult<Obj> {
        self?.into_py()
    }
}

impl<T: IntoPy> IntoPy for Option<T> {
    #[inline]
    fn into_py(self) -> PyResult<Obj> {
        match self {
            Some(value) => value.into_py(),
            None => Ok(bridge::none()),
        }
    }
}

impl IntoPy for () {
    #[inline]
    fn into_py(self) -> PyResult<Obj> {
        Ok(bridge::none())
    }
}

impl IntoPy for bool {
    #[inline]
    fn into_py(self) -> PyResult<Obj> {
        Ok(bridge::bool_obj(self))
    }
}

impl IntoPy for f64 {
    #[inline]
    fn into_py(self) -> PyResult<Obj> {
        Ok(Obj::float(self))
    }
}

impl IntoPy for &str {
    fn into_py(self) -> PyResult<Obj> {
        Ok(bridge::str_obj(self))
    }
}

impl IntoPy for String {
    fn into_py(self) -> PyResult<Obj> {
        Ok(bridge::str_obj(&self))
    }
}

impl IntoPy for std::borrow::Cow<'_, str> {
    fn into_py(self) -> PyResult<Obj> {
        Ok(bridge::str_obj(&self))
    }
}

impl IntoPy for char {
    fn into_py(self) -> PyResult<Obj> {
        Ok(bridge::str_obj(self.encode_utf8(&mut [0; 4])))
    }
}

macro_rules! integers {
    ($($ty:ty),*) => { $(
        impl IntoPy for $ty {
            #[inline]
            fn into_py(self) -> PyResult<Obj> {
                match i64::try_from(self) {
                    Ok(value) => Ok(bridge::int_obj(value)),
                    Err(_) => Ok(bridge::big_int_obj(num_bigint::BigInt::from(self))),
                }
            }
        }
    )* };
}

integers!(i8, i16, i32, i64, isize, i128, u8, u16, u32, u64, usize, u128);

impl IntoPy for num_bigint::BigInt {
    fn into_py(self) -> PyResult<Obj> {
        Ok(bridge::big_int_obj(self))
    }
}

impl<T: IntoPy> IntoPy for Vec<T> {
    fn into_py(self) -> PyResult<Obj> {
        let items = self.into_iter().map(IntoPy::into_py).collect::<PyResult<Vec<Obj>>>()?;
        Ok(bridge::list_obj(items))
    }
}

macro_rules! tuples {
    ($(($($name:ident)+))*) => { $(
        impl<$($name: IntoPy),+> IntoPy for ($($name,)+) {
            #[allow(non_snake_case)]
            fn into_py(self) -> PyResult<Obj> {
                let ($($name,)+) = self;
                Ok(bridge::tuple_obj(vec![$($name.into_py()?),+]))
            }
        }
    )* };
}

tuples! { (A) (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) (A B C D E F G) (A B C D E F G H) }
