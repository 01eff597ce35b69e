//! The methods of `bytearray`; those that change it are here, the others come from `byte_methods!`.

use taipan_gc::Obj;

use super::slots::{append, insert_at};
use super::{PyByteArray, cannot_resize};
use crate::buffer::{has_buffer, index_in, with_stable_bytes};
use crate::bytes::PyBytes;
use crate::bytes::new::byte_of;
use crate::construct::{int_obj, str_obj, tuple_obj};
use crate::error::*;
use crate::native::pymethods;
use crate::protocol;
use crate::str::PyStr;
use crate::str::concat::try_vec;
use crate::type_object::class_of;

impl PyByteArray {
    /// Runs `f` on the bytes, which stay in place.
    pub(crate) fn read<R>(&self, f: impl FnOnce(&[u8]) -> R) -> R {
        self.with_pinned(f)
    }
    /// A result of a method.
    pub(crate) fn wrap(bytes: Vec<u8>) -> Obj {
        PyByteArray::from_vec(bytes).into_obj()
    }
    /// The result of a method that changes nothing: a copy.
    pub(crate) fn unchanged(&self) -> Obj {
        Self::wrap(self.with(<[u8]>::to_vec))
    }
}

mod expanded {
    use taipan_gc::Obj;
    use taipan_text::case;
    use taipan_text::pad::Justify;
    use taipan_text::split::{self, Ends};

    use super::PyByteArray;
    use crate::buffer::with_bytes;
    use crate::bytes::methods::byte_methods;
    use crate::bytes::shared;
    use crate::construct::tuple_obj;
    use crate::error::*;
    use crate::type_object::{PyType, class_of};

    byte_methods!(PyByteArray, "bytearray");
}

#[pymethods(class = "bytearray")]
impl PyByteArray {
    /// Append a single item to the end of the bytearray.
    ///
    ///   item
    ///     The item to be appended.
    #[pymethod(name = "append", sig = "(item, /)")]
    fn append_method(&self, item: &Obj) -> PyResult<()> {
        let byte = byte_of(item, "byte")?;
        append(self, &[byte])
    }
    /// Append all the items from the iterator or sequence to the end of the bytearray.
    ///
    ///   iterable_of_ints
    ///     The iterable of items to append.
    #[pymethod(sig = "(iterable_of_ints, /)")]
    fn extend(&self, iterable_of_ints: &Obj) -> PyResult<()> {
        if has_buffer(iterable_of_ints) {
            // What the exporter's `__buffer__` adds comes behind.
            let end = self.len();
            return with_stable_bytes(iterable_of_ints, |bytes| insert_at(self, end, bytes))?;
        }
        if iterable_of_ints.is_layout::<PyStr>() {
            return Err(type_error("expected iterable of integers; got: 'str'"));
        }
        let slots = &class_of(iterable_of_ints).slots;
        if slots.iter().is_none() && slots.getitem().is_none() {
            return Err(type_error(format!(
                "can't extend bytearray with {}",
                class_of(iterable_of_ints).name()
            )));
        }
        protocol::length_hint(iterable_of_ints, 0)?;
        let mut bytes = Vec::new();
        protocol::for_each(iterable_of_ints, |item| {
            bytes.push(byte_of(&item, "byte")?);
            Ok(())
        })?;
        append(self, &bytes)
    }
    /// Insert a single item into the bytearray before the given index.
    ///
    ///   index
    ///     The index where the value is to be inserted.
    ///   item
    ///     The item to be inserted.
    #[pymethod(sig = "(index, item, /)")]
    fn insert(&self, index: isize, item: &Obj) -> PyResult<()> {
        let byte = byte_of(item, "byte")?;
        self.resize(|storage| {
            let len = storage.len();
            let at = if index < 0 {
                index.saturating_add(len as isize).max(0) as usize
            } else {
                (index as usize).min(len)
            };
            storage.splice(at..at, &[byte])
        })
    }
    /// Remove and return a single item from B.
    ///
    ///   index
    ///     The index from where to remove the item.
    ///     -1 (the default value) means remove the last item.
    ///
    /// If no index argument is given, will pop the last item.
    #[pymethod(sig = "(index=-1, /)")]
    fn pop(&self, index: isize) -> PyResult<Obj> {
        let byte = self.change(|storage, resizable| {
            if storage.len() == 0 {
                return Err(index_error("pop from empty bytearray"));
            }
            let Some(at) = index_in(index, storage.len()) else {
                return Err(index_error("pop index out of range"));
            };
            if !resizable {
                return Err(cannot_resize());
            }
            let byte = storage.bytes()[at];
            storage.splice(at..at + 1, &[])?;
            Ok(byte)
        })?;
        Ok(int_obj(byte as i64))
    }
    /// Remove the first occurrence of a value in the bytearray.
    ///
    ///   value
    ///     The value to remove.
    #[pymethod(sig = "(value, /)")]
    fn remove(&self, value: &Obj) -> PyResult<()> {
        let byte = byte_of(value, "byte")?;
        self.change(|storage, resizable| match memchr::memchr(byte, storage.bytes()) {
            None => Err(value_error("value not found in bytearray")),
            Some(_) if !resizable => Err(cannot_resize()),
            Some(at) => storage.splice(at..at + 1, &[]),
        })
    }
    /// Remove all items from the bytearray.
    #[pymethod]
    fn clear(&self) -> PyResult<()> {
        self.resize(|storage| {
            storage.set(Vec::new());
            Ok(())
        })
    }
    /// Return a copy of B.
    #[pymethod]
    fn copy(&self) -> Obj {
        self.unchanged()
    }
    /// Reverse the order of the values in B in place.
    #[pymethod]
    fn reverse(&self) {
        self.with_mut(<[u8]>::reverse);
    }
    /// Resize the internal buffer of bytearray to len.
    ///
    ///   size
    ///     New size to resize to..
    #[pymethod(name = "resize", sig = "(size, /)")]
    fn resize_method(&self, size: isize) -> PyResult<()> {
        let Ok(size) = usize::try_from(size) else {
            return Err(value_error(format!("Can only resize to positive sizes, got {size}")));
        };
        self.change(|storage, resizable| {
            let len = storage.len();
            if size == len {
                return Ok(());
            }
            if !resizable {
                return Err(cannot_resize());
            }
            if size > len {
                drop(try_vec::<u8>(size)?);
            }
            storage.vec().resize(size, 0);
            Ok(())
        })
    }
    /// Release the buffer object that exposes the underlying memory of the object.
    #[pymethod(sig = "(buffer, /)")]
    fn __release_buffer__(this: &Obj, buffer: &Obj) -> PyResult<()> {
        crate::memoryview::release_request(this, buffer)
    }
    /// Return the number of bytes actually allocated.
    #[pymethod]
    fn __alloc__(&self) -> usize {
        self.with(|bytes| if bytes.is_empty() { 0 } else { bytes.len() + 1 })
    }
    /// Returns the size of the bytearray object in memory, in bytes.
    #[pymethod]
    fn __sizeof__(&self) -> usize {
        56 + self.with(|bytes| if bytes.is_empty() { 0 } else { bytes.len() + 1 })
    }
    /// Return state information for pickling.
    #[pymethod]
    fn __reduce__(this: &Obj) -> PyResult<Obj> {
        reduce(this, 2)
    }
    /// Return state information for pickling.
    #[pymethod(sig = "(proto=0, /)")]
    fn __reduce_ex__(this: &Obj, proto: i32) -> PyResult<Obj> {
        reduce(this, proto)
    }
}

fn reduce(this: &Obj, proto: i32) -> PyResult<Obj> {
    let Some(array) = this.downcast::<PyByteArray>() else {
        return Err(type_error("a bytearray object is required"));
    };
    let state = protocol::call_method(this, &crate::istr!("__getstate__"), &[])?;
    let bytes = array.with(<[u8]>::to_vec);
    let args = if proto < 3 {
        let text: taipan_text::OwnedUnits = bytes.iter().map(|&b| b as u32).collect();
        tuple_obj(vec![PyStr::from_units(text).into_obj(), str_obj("latin-1")])
    } else {
        tuple_obj(vec![PyBytes::from_vec(bytes).into_obj()])
    };
    Ok(tuple_obj(vec![class_of(this).to_obj(), args, state]))
}
