//! The methods and attributes of `memoryview`.

use std::borrow::Cow;

use taipan_gc::{Obj, Py};

use super::{PyMemoryView, View, item};
use crate::buffer::{Dimensions, contiguous_strides};
use crate::bytes::PyBytes;
use crate::bytes::shared;
use crate::construct::{int_obj, list_obj, str_obj, tuple_obj};
use crate::error::*;
use crate::int::int_ref;
use crate::list::PyList;
use crate::native::pymethods;
use crate::protocol;
use crate::str::PyStr;
use crate::tuple::PyTuple;
use crate::type_object::class_of;
use crate::types::types;

fn dimensions(values: &[isize]) -> Obj {
    tuple_obj(values.iter().map(|&n| int_obj(n as i64)).collect())
}

fn nested(view: &View, code: u8, bytes: &[u8], shape: &[isize]) -> PyResult<Obj> {
    let Some((&n, rest)) = shape.split_first() else { return item::unpack(code, bytes) };
    let size = rest.iter().product::<isize>() as usize * view.itemsize;
    let items = (0..n as usize).map(|i| nested(view, code, &bytes[i * size..(i + 1) * size], rest));
    Ok(list_obj(items.collect::<PyResult<Vec<Obj>>>()?))
}

fn cast(view: View, format: &PyStr, shape: Option<&Obj>) -> PyResult<View> {
    if !view.is_c_contiguous() {
        return Err(type_error("memoryview: casts are restricted to C-contiguous views"));
    }
    if (shape.is_some() || view.ndim() != 1) && view.shape.contains(&0) {
        return Err(type_error("memoryview: cannot cast view with zeros in shape or strides"));
    }
    let wanted = match shape {
        None => None,
        Some(shape) => {
            let items = if let Some(tuple) = shape.downcast::<PyTuple>() {
                tuple.as_slice().to_vec()
            } else if let Some(list) = shape.downcast::<PyList>() {
                list.to_vec()
            } else {
                return Err(type_error("shape must be a list or a tuple"));
            };
            if items.len() > 64 {
                return Err(value_error("memoryview: number of dimensions must not exceed 64"));
            }
            if view.ndim() != 1 && items.len() != 1 {
                return Err(type_error("memoryview: cast must be 1D -> ND or ND -> 1D"));
            }
            Some(items)
        }
    };
    let text = format.to_utf8()?;
    let Some((code, itemsize)) = item::native_code(&text) else {
        return Err(value_error(
            "memoryview: destination format must be a native single character format prefixed with an optional '@'",
        ));
    };
    let is_byte = |code| matches!(code, b'B' | b'b' | b'c');
    // Bytes can be made of anything.
    if !is_byte(code) && !item::native_code(&view.format).is_some_and(|(old, _)| is_byte(old)) {
        return Err(type_error("memoryview: cannot cast between two non-byte formats"));
    }
    if !view.len.is_multiple_of(itemsize) {
        return Err(type_error("memoryview: length is not a multiple of itemsize"));
    }
    let shape: Dimensions = match wanted {
        None => smallvec::smallvec![(view.len / itemsize) as isize],
        Some(items) => {
            let mut shape = Dimensions::new();
            for item in &items {
                let Some(n) = int_ref(item) else {
                    return Err(type_error("memoryview.cast(): elements of shape must be integers"));
                };
                match n.to_i64() {
                    Some(n @ 1..) => shape.push(n as isize),
                    _ => {
                        return Err(value_error("memoryview.cast(): elements of shape must be integers > 0"));
                    }
                }
            }
            let total = shape.iter().try_fold(itemsize as isize, |total, &n| total.checked_mul(n));
            let Some(total) = total else {
                return Err(value_error("memoryview.cast(): product(shape) > SSIZE_MAX"));
            };
            if total as usize != view.len {
                return Err(type_error("memoryview: product(shape) * itemsize != buffer size"));
            }
            shape
        }
    };
    Ok(View {
        strides: contiguous_strides(&shape, itemsize),
        shape,
        itemsize,
        format: Cow::Owned(text.into_owned()),
        ..view
    })
}

#[pymethods(class = "memoryview")]
impl PyMemoryView {
    /// Release the underlying buffer exposed by the memoryview object.
    #[pymethod(name = "release")]
    fn release_method(&self) -> PyResult<()> {
        self.release()
    }
    /// Return the data in the buffer as a byte string.
    ///
    /// Order can be {'C', 'F', 'A'}. When order is 'C' or 'F', the data of the
    /// original array is converted to C or Fortran order. For contiguous views,
    /// 'A' returns an exact copy of the physical memory. In particular, in-memory
    /// Fortran order is preserved. For non-contiguous views, the data is converted
    /// to C first. order=None is the same as order='C'.
    #[pymethod(sig = "(order='C')")]
    fn tobytes(&self, order: Option<&Obj>) -> PyResult<Obj> {
        let view = self.get()?;
        let fortran = match order.filter(|o| !crate::singletons::is_none(o)) {
            None => false,
            Some(order) => {
                let Some(order) = order.downcast::<PyStr>() else {
                    return Err(type_error(format!(
                        "tobytes() argument 'order' must be str or None, not {}",
                        class_of(order).name()
                    )));
                };
                match order.as_utf8() {
                    Some("C") => false,
                    Some("F") => true,
                    Some("A") => view.is_f_contiguous() && !view.is_c_contiguous(),
                    _ => return Err(value_error("order must be 'C', 'F' or 'A'")),
                }
            }
        };
        Ok(PyBytes::from_vec(view.to_vec(fortran)).into_obj())
    }
    /// Return the data in the buffer as a str of hexadecimal numbers.
    ///
    ///   sep
    ///     An optional single character or byte to separate hex bytes.
    ///   bytes_per_sep
    ///     How many bytes between separators.  Positive values count from the
    ///     right, negative values count from the left.
    ///
    /// Example:
    /// >>> value = memoryview(b'\xb9\x01\xef')
    /// >>> value.hex()
    /// 'b901ef'
    /// >>> value.hex(':')
    /// 'b9:01:ef'
    /// >>> value.hex(':', 2)
    /// 'b9:01ef'
    /// >>> value.hex(':', -2)
    /// 'b901:ef'
    #[pymethod(sig = "(sep=<unrepresentable>, bytes_per_sep=1)")]
    fn hex(&self, sep: Option<&Obj>, bytes_per_sep: i32) -> PyResult<Obj> {
        shared::hex(&self.get()?.to_vec(false), sep, bytes_per_sep as isize)
    }
    /// Return the data in the buffer as a list of elements.
    #[pymethod]
    fn tolist(&self) -> PyResult<Obj> {
        let view = self.get()?;
        let code = view.code()?;
        nested(&view, code, &view.to_vec(false), &view.shape)
    }
    /// Cast a memoryview to a new format or shape.
    #[pymethod(name = "cast", sig = "(format, shape=<unrepresentable>)")]
    fn cast_method(&self, format: &PyStr, shape: Option<&Obj>) -> PyResult<Obj> {
        Ok(PyMemoryView::new(cast(self.get_shared()?, format, shape)?).into_obj())
    }
    /// Return a readonly version of the memoryview.
    #[pymethod]
    fn toreadonly(&self) -> PyResult<Obj> {
        Ok(PyMemoryView::new(View { readonly: true, ..self.get_shared()? }).into_obj())
    }
    /// Count the number of occurrences of a value.
    #[pymethod(sig = "(value, /)")]
    fn count(this: &Obj, value: &Obj) -> PyResult<usize> {
        let mut count = 0;
        protocol::for_each(this, |item| {
            count += protocol::eq(&item, value)? as usize;
            Ok(())
        })?;
        Ok(count)
    }
    /// Return the index of the first occurrence of a value.
    ///
    /// Raises ValueError if the value is not present.
    #[pymethod(sig = "(value, start=0, stop=9223372036854775807, /)")]
    fn index(&self, value: &Obj, start: Option<&Obj>, stop: Option<&Obj>) -> PyResult<usize> {
        let view = self.get()?;
        if view.ndim() != 1 {
            return Err(if view.ndim() == 0 {
                type_error("invalid lookup on 0-dim memory")
            } else {
                not_implemented_error("multi-dimensional lookup is not implemented")
            });
        }
        let range = crate::buffer::bounds(start, stop, view.shape[0] as usize)?;
        if let Some((start, stop)) = range {
            for at in start..stop {
                let item = self.get()?.item(at as isize * view.strides[0])?;
                if protocol::eq(&item, value)? {
                    return Ok(at);
                }
            }
        }
        Err(value_error("memoryview.index(x): x not found"))
    }
    /// Release the buffer object that exposes the underlying memory of the object.
    #[pymethod(sig = "(buffer, /)")]
    fn __release_buffer__(this: &Obj, buffer: &Obj) -> PyResult<()> {
        super::release_request(this, buffer)
    }
    #[pymethod]
    fn __enter__(this: &Py<PyMemoryView>) -> PyResult<Obj> {
        this.get()?;
        Ok(this.as_obj().clone())
    }
    #[pymethod(sig = "(*args)")]
    fn __exit__(&self, args: &[Obj]) -> PyResult<()> {
        let _exception = args;
        self.release()
    }
    #[pyclassmethod(sig = "(object, flags)")]
    fn _from_flags(class: &Obj, object: &Obj, flags: i32) -> PyResult<Obj> {
        let _final_class = class;
        super::from_object_with(object, flags)
    }
    /// See PEP 585
    #[pyclassmethod]
    fn __class_getitem__(class: &Obj, item: &Obj) -> Obj {
        crate::generic_alias::new(class, item)
    }
    /// The underlying object of the memoryview.
    #[pygetset]
    fn obj(&self) -> PyResult<Obj> {
        Ok(self.get()?.base.owner.clone())
    }
    /// The amount of space in bytes that the array would use in
    ///  a contiguous representation.
    #[pygetset]
    fn nbytes(&self) -> PyResult<usize> {
        Ok(self.get()?.len)
    }
    /// A bool indicating whether the memory is read only.
    #[pygetset]
    fn readonly(&self) -> PyResult<bool> {
        Ok(self.get()?.readonly)
    }
    /// The size in bytes of each element of the memoryview.
    #[pygetset]
    fn itemsize(&self) -> PyResult<usize> {
        Ok(self.get()?.itemsize)
    }
    /// A string containing the format (in struct module style)
    ///  for each element in the view.
    #[pygetset]
    fn format(&self) -> PyResult<Obj> {
        Ok(str_obj(&self.get()?.format))
    }
    /// An integer indicating how many dimensions of a multi-dimensional
    ///  array the memory represents.
    #[pygetset]
    fn ndim(&self) -> PyResult<usize> {
        Ok(self.get()?.ndim())
    }
    /// A tuple of ndim integers giving the shape of the memory
    ///  as an N-dimensional array.
    #[pygetset]
    fn shape(&self) -> PyResult<Obj> {
        Ok(dimensions(&self.get()?.shape))
    }
    /// A tuple of ndim integers giving the size in bytes to access
    ///  each element for each dimension of the array.
    #[pygetset]
    fn strides(&self) -> PyResult<Obj> {
        Ok(dimensions(&self.get()?.strides))
    }
    /// A tuple of integers used internally for PIL-style arrays.
    #[pygetset]
    fn suboffsets(&self) -> PyResult<Obj> {
        self.get()?;
        Ok(dimensions(&[]))
    }
    /// A bool indicating whether the memory is C contiguous.
    #[pygetset]
    fn c_contiguous(&self) -> PyResult<bool> {
        Ok(self.get()?.is_c_contiguous())
    }
    /// A bool indicating whether the memory is Fortran contiguous.
    #[pygetset]
    fn f_contiguous(&self) -> PyResult<bool> {
        Ok(self.get()?.is_f_contiguous())
    }
    /// A bool indicating whether the memory is contiguous.
    #[pygetset]
    fn contiguous(&self) -> PyResult<bool> {
        let view = self.get()?;
        Ok(view.is_c_contiguous() || view.is_f_contiguous())
    }
}

/// The class, for those who check for it.
pub fn is_memoryview(obj: &Obj) -> bool {
    class_of(obj).is(&types().memoryview)
}
