//! `array`: compact sequences of machine values.

mod storage;

use std::sync::OnceLock;

use taipan_objects::buffer::{self, slice_range};
use taipan_objects::hooks;
use taipan_objects::list::{PyList, exact_list};
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::tuple::PyTuple;
use taipan_objects::type_object::{CompareOp, TypeBuilder, new_instance, number_items, type_flags};
use taipan_text::TextBuf;
use taipan_threading::multi_threaded;
use taipan_threading::sync::atomic::{AtomicUsize, Ordering};

use storage::{Item, Kind, PyArray};

const BAD_CODE: &str = "bad typecode (must be b, B, u, w, h, H, i, I, l, L, q, Q, f or d)";

/// `array.arrayiterator`.
#[repr(C)]
pub struct PyArrayIter {
    header: Header,
    array: Slot,
    index: AtomicUsize,
}
layout!(PyArrayIter, "arrayiterator", [array]);

fn class() -> &'static Py<PyType> {
    static CLASS: OnceLock<Py<PyType>> = OnceLock::new();
    CLASS.get_or_init(|| {
        let class = TypeBuilder::new("array.array", PyArray::ops())
            .slots(TypeSlots {
                new: Some(new),
                repr: Some(repr_of),
                hash: Some(|obj| Err(type_error(format!("unhashable type: '{}'", class_of(obj).full_name())))),
                richcompare: Some(compare),
                iter: Some(iterate),
                len: Some(|obj| Ok(this(obj)?.len())),
                getitem: Some(getitem),
                setitem: Some(setitem),
                contains: Some(contains),
                concat: Some(concat),
                repeat: Some(repeat),
                inplace_concat: Some(inplace_concat),
                inplace_repeat: Some(inplace_repeat),
                buffer: Some(storage::export),
                ..TypeSlots::EMPTY
            })
            .methods(PyArray::methods())
            .getset(PyArray::getset())
            .doc("array(typecode [, initializer]) -> array\n\nReturn a new array whose items are restricted by typecode, initialized from the\noptional initializer: a list, str, bytes-like object or an iterable.")
            .flag(type_flags::HAS_WEAKREF | type_flags::SEQUENCE)
            .attr("__hash__", none())
            .make();
        number_items::register(&class, &storage::NUMBER_ITEMS);
        class
    })
}

fn iterator_class() -> &'static Py<PyType> {
    static CLASS: OnceLock<Py<PyType>> = OnceLock::new();
    CLASS.get_or_init(|| {
        TypeBuilder::new("array.arrayiterator", PyArrayIter::ops())
            .slots(TypeSlots { iter: Some(|i| Ok(i.clone())), iternext: Some(iter_next), ..TypeSlots::EMPTY })
            .methods(PyArrayIter::methods())
            .final_()
            .no_instantiation()
            .make()
    })
}

fn this(obj: &Obj) -> PyResult<&PyArray> {
    obj.downcast().ok_or_else(|| type_error(format!("expected array.array, not {}", class_of(obj).name())))
}

/// The code points of a text, as items of a text array.
fn text_bytes(text: &PyStr) -> Vec<u8> {
    text.units().iter().flat_map(u32::to_ne_bytes).collect()
}

fn new(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    let Some(class) = class.downcast::<PyType>() else { return Err(type_error("expected a type")) };
    if args.has_keywords() && class.is(self::class()) {
        return Err(type_error("array.array() takes no keyword arguments"));
    }
    let (code, initial) = match args.positional {
        [code] => (code, None),
        [code, initial] => (code, Some(initial)),
        [] => return Err(type_error("array() takes at least 1 argument (0 given)")),
        more => return Err(type_error(format!("array() takes at most 2 arguments ({} given)", more.len()))),
    };
    let kind = kind_argument(code)?;
    let array = PyArray::create(class, kind, Vec::new());
    let Some(initial) = initial else { return Ok(array.into_obj()) };
    if let Some(text) = initial.downcast::<PyStr>() {
        if !kind.is_text() {
            return Err(type_error(format!(
                "cannot use a str to initialize an array with typecode '{}'",
                kind.code as char
            )));
        }
        array.resize(|bytes| *bytes = text_bytes(text))?;
        return Ok(array.into_obj());
    }
    if let Some(other) = initial.downcast::<PyArray>() {
        if other.kind.is_text() && !kind.is_text() {
            return Err(type_error(format!(
                "cannot use a unicode array to initialize an array with typecode '{}'",
                kind.code as char
            )));
        }
        if other.kind.code == kind.code {
            let copy = other.with(<[u8]>::to_vec);
            array.resize(|bytes| *bytes = copy)?;
            return Ok(array.into_obj());
        }
    } else if !initial.is_layout::<PyList>()
        && (initial.is_layout::<taipan_objects::bytes::PyBytes>()
            || initial.is_layout::<taipan_objects::bytearray::PyByteArray>())
    {
        array.append_bytes(initial)?;
        return Ok(array.into_obj());
    }
    array.extend_from(initial)?;
    Ok(array.into_obj())
}

fn kind_argument(code: &Obj) -> PyResult<&'static Kind> {
    let Some(text) = code.downcast::<PyStr>() else {
        return Err(type_error(format!(
            "array() argument 1 must be a unicode character, not {}",
            class_of(code).name()
        )));
    };
    if text.len() != 1 {
        return Err(type_error(format!(
            "array() argument 1 must be a unicode character, not a string of length {}",
            text.len()
        )));
    }
    let kind = Kind::of(text.units().at(0)).ok_or_else(|| value_error(BAD_CODE))?;
    if kind.code == b'u' {
        hooks::warn(
            "The 'u' type code is deprecated and will be removed in Python 3.16",
            types().deprecation_warning.as_obj(),
            1,
        )?;
    }
    Ok(kind)
}

fn repr_of(obj: &Obj) -> PyResult<Obj> {
    let array = this(obj)?;
    let name = class_of(obj).short_name();
    let code = array.kind.code as char;
    if array.len() == 0 {
        return Ok(str_obj(&format!("{name}('{code}')")));
    }
    let items = if array.kind.is_text() { array.text()? } else { list_obj(array.items()) };
    let mut out = TextBuf::from(format!("{name}('{code}', "));
    out.push_units(repr(&items)?.units());
    out.push_str(")");
    Ok(PyStr::from_units(out).into_obj())
}

fn compare(a: &Obj, b: &Obj, op: CompareOp) -> PyResult<Obj> {
    let (Some(x), Some(y)) = (a.downcast::<PyArray>(), b.downcast::<PyArray>()) else {
        return Ok(not_implemented());
    };
    if matches!(op, CompareOp::Eq | CompareOp::Ne) && x.len() != y.len() {
        return Ok(bool_obj(op == CompareOp::Ne));
    }
    let mut i = 0;
    while let (Some(left), Some(right)) = (x.at(i), y.at(i)) {
        if !compare_bool(&left, &right, CompareOp::Eq)? {
            return match op {
                CompareOp::Eq => Ok(bool_obj(false)),
                CompareOp::Ne => Ok(bool_obj(true)),
                _ => rich_compare(&left, &right, op),
            };
        }
        i += 1;
    }
    Ok(bool_obj(op.holds(x.len().cmp(&y.len()))))
}

fn iterate(obj: &Obj) -> PyResult<Obj> {
    let array = Slot::new(obj.clone());
    Ok(new_instance(iterator_class(), |header| PyArrayIter { header, array, index: AtomicUsize::new(0) })
        .into_obj())
}

fn iter_next(obj: &Obj) -> PyResult<Option<Obj>> {
    let Some(iterator) = obj.downcast::<PyArrayIter>() else {
        return Err(type_error("expected an arrayiterator"));
    };
    // Waiting for the array's lock is a safepoint: with other threads about, only a counted reference is one behind it.
    let array = if multi_threaded() { iterator.array.load() } else { iterator.array.load_uncounted() };
    let Some(array) = array else { return Ok(None) };
    // Threads that share an iterator may get an item twice, as with those of lists.
    let index = iterator.index.load(Ordering::Relaxed);
    let item = this(&array)?.at(index);
    iterator.index.store(index + 1, Ordering::Relaxed);
    if item.is_none() {
        drop(iterator.array.take());
    }
    Ok(item)
}

#[pymethods(class = "arrayiterator")]
impl PyArrayIter {
    #[pymethod]
    fn __reduce__(&self) -> PyResult<Obj> {
        let iter = hooks::builtin("iter")?;
        Ok(match self.array.load() {
            Some(array) => tuple_obj(vec![
                iter,
                tuple_obj(vec![array]),
                int_obj(self.index.load(Ordering::Relaxed) as i64),
            ]),
            None => tuple_obj(vec![iter, tuple_obj(vec![list_obj(vec![])])]),
        })
    }
    #[pymethod]
    fn __setstate__(&self, state: isize) {
        self.index.store(state.max(0) as usize, Ordering::Relaxed);
    }
}

fn index_of(obj: &Obj, key: &Obj) -> PyResult<isize> {
    let index = if key.value().is_int() {
        key.value().as_int() as isize
    } else if has_index(key) {
        index_word(key)?
    } else {
        return Err(type_error("array indices must be integers"));
    };
    let len = this(obj)?.len() as isize;
    Ok(if index < 0 { index + len } else { index })
}

fn getitem(obj: &Obj, key: &Obj) -> PyResult<Obj> {
    let array = this(obj)?;
    if key.value().is_int()
        && let Ok(index) = usize::try_from(key.value().as_int())
    {
        return array.at(index).ok_or_else(|| index_error("array index out of range"));
    }
    if let Some(range) = slice_range(key, array.len())? {
        let size = array.kind.size;
        let bytes = array.with(|bytes| {
            let mut out = Vec::with_capacity(range.count * size);
            for at in range.positions() {
                out.extend_from_slice(array.kind.place(at, bytes.len()).map_or(&[], |place| &bytes[place]));
            }
            out
        });
        return Ok(PyArray::create(class(), array.kind, bytes).into_obj());
    }
    let index = index_of(obj, key)?;
    usize::try_from(index)
        .ok()
        .and_then(|i| array.at(i))
        .ok_or_else(|| index_error("array index out of range"))
}

fn setitem(obj: &Obj, key: &Obj, value: Option<&Obj>) -> PyResult<()> {
    let array = this(obj)?;
    let size = array.kind.size;
    let out_of_range = || index_error("array assignment index out of range");
    let Some(range) = slice_range(key, array.len())? else {
        let at = usize::try_from(index_of(obj, key)?).map_err(|_| out_of_range())?;
        if at >= array.len() {
            return Err(out_of_range());
        }
        let Some(value) = value else { return array.delete(at) };
        let item = array.kind.item(value)?;
        return if array.put(at, &item[..size]) { Ok(()) } else { Err(out_of_range()) };
    };
    let new = match value {
        None => Vec::new(),
        Some(value) => match value.downcast::<PyArray>() {
            Some(other) if other.kind.code == array.kind.code => other.with(<[u8]>::to_vec),
            Some(_) => return Err(type_error("bad argument type for built-in operation")),
            None => {
                return Err(type_error(format!(
                    "can only assign array (not \"{}\") to array slice",
                    class_of(value).name()
                )));
            }
        },
    };
    if range.step == 1 {
        let (start, end) = (range.start * size, (range.start + range.count) * size);
        if new.len() == end - start {
            array.with_mut(|bytes| {
                if let Some(place) = bytes.get_mut(start..end) {
                    place.copy_from_slice(&new);
                }
            });
            return Ok(());
        }
        return array.resize(|bytes| {
            let (start, end) = (start.min(bytes.len()), end.min(bytes.len()));
            bytes.splice(start..end, new);
        });
    }
    if value.is_none() {
        if range.count == 0 {
            return Ok(());
        }
        let mut gone: Vec<usize> = range.positions().collect();
        gone.sort_unstable();
        return array.resize(|bytes| {
            for at in gone.into_iter().rev() {
                if let Some(place) = array.kind.place(at, bytes.len()) {
                    bytes.drain(place);
                }
            }
        });
    }
    if new.len() / size != range.count {
        return Err(value_error(format!(
            "attempt to assign array of size {} to extended slice of size {}",
            new.len() / size,
            range.count
        )));
    }
    array.with_mut(|bytes| {
        for (at, item) in range.positions().zip(new.chunks_exact(size)) {
            if let Some(place) = array.kind.place(at, bytes.len()) {
                bytes[place].copy_from_slice(item);
            }
        }
    });
    Ok(())
}

fn contains(obj: &Obj, item: &Obj) -> PyResult<bool> {
    Ok(this(obj)?.find(item, 0, usize::MAX)?.is_some())
}

fn concat(a: &Obj, b: &Obj) -> PyResult<Obj> {
    let array = this(a)?;
    let Some(other) = b.downcast::<PyArray>() else {
        return Err(type_error(format!("can only append array (not \"{}\") to array", class_of(b).name())));
    };
    if other.kind.code != array.kind.code {
        return Err(type_error("bad argument type for built-in operation"));
    }
    let mut bytes = array.with(<[u8]>::to_vec);
    bytes.extend(other.with(<[u8]>::to_vec));
    Ok(PyArray::create(class(), array.kind, bytes).into_obj())
}

fn repeated(array: &PyArray, times: &Obj) -> PyResult<Vec<u8>> {
    let times = index_word_or(times, &types().overflow_error)?.max(0) as usize;
    array.with(|bytes| taipan_objects::bytes::shared::repeat(bytes, times))
}

fn repeat(obj: &Obj, times: &Obj) -> PyResult<Obj> {
    let array = this(obj)?;
    Ok(PyArray::create(class(), array.kind, repeated(array, times)?).into_obj())
}

fn inplace_concat(obj: &Obj, other: &Obj) -> PyResult<Obj> {
    if !other.is_layout::<PyArray>() {
        return Err(type_error(format!(
            "can only extend array with array (not \"{}\")",
            class_of(other).name()
        )));
    }
    this(obj)?.extend_from(other)?;
    Ok(obj.clone())
}

fn inplace_repeat(obj: &Obj, times: &Obj) -> PyResult<Obj> {
    let array = this(obj)?;
    let bytes = repeated(array, times)?;
    if bytes.len() != array.with(<[u8]>::len) {
        array.resize(|old| *old = bytes)?;
    }
    Ok(obj.clone())
}

impl PyArray {
    fn push(&self, item: &Item) -> PyResult<()> {
        self.resize(|bytes| bytes.extend_from_slice(&item[..self.kind.size]))
    }
    /// Appends a whole number of items. None at all changes nothing, so that is possible while the array is exported.
    fn append_raw(&self, items: &[u8]) -> PyResult<()> {
        if items.is_empty() { Ok(()) } else { self.resize(|bytes| bytes.extend_from_slice(items)) }
    }
    fn append_bytes(&self, data: &Obj) -> PyResult<()> {
        let new = buffer::to_vec(data)?;
        if new.len() % self.kind.size != 0 {
            return Err(value_error("bytes length not a multiple of item size"));
        }
        self.append_raw(&new)
    }
    fn extend_from(&self, source: &Obj) -> PyResult<()> {
        if let Some(other) = source.downcast::<PyArray>() {
            if other.kind.code == self.kind.code {
                return self.append_raw(&other.with(<[u8]>::to_vec));
            }
            if self.len() > 0 || other.len() == 0 {
                return Err(type_error("can only extend with array of same kind"));
            }
        }
        if let Some(list) = exact_list(source)
            && list.len() < 1 << 20
        {
            self.reserve(list.len());
        }
        for_each(source, |value| self.push(&self.kind.item(&value)?))
    }
    /// The first index of an equal item.
    fn find(&self, value: &Obj, start: usize, stop: usize) -> PyResult<Option<usize>> {
        let mut i = start;
        while i < stop
            && let Some(item) = self.at(i)
        {
            if eq(&item, value)? {
                return Ok(Some(i));
            }
            i += 1;
        }
        Ok(None)
    }
    fn text(&self) -> PyResult<Obj> {
        let bytes = self.with(<[u8]>::to_vec);
        let mut out = TextBuf::new();
        for item in bytes.chunks_exact(4) {
            let code = u32::from_ne_bytes([item[0], item[1], item[2], item[3]]);
            if code > 0x10ffff {
                return Err(value_error(format!("character U+{code:x} is not in range [U+0000; U+10ffff]")));
            }
            out.push(code);
        }
        Ok(PyStr::from_units(out).into_obj())
    }
}

/// What `__reduce_ex__` calls the machine format of a kind.
fn machine_format(kind: &Kind) -> i64 {
    let big = i64::from(cfg!(target_endian = "big"));
    match (kind.code, kind.size) {
        (b'B', _) => 0,
        (b'b', _) => 1,
        (b'u' | b'w', _) => 20 + big,
        (b'f', _) => 14 + big,
        (b'd', _) => 16 + big,
        (code, size) => {
            let signed = 2 * i64::from(code.is_ascii_lowercase());
            big + signed
                + match size {
                    2 => 2,
                    4 => 6,
                    _ => 10,
                }
        }
    }
}

#[pymethods(class = "array.array")]
impl PyArray {
    /// Append new value v to the end of the array.
    #[pymethod]
    fn append(&self, v: &Obj) -> PyResult<()> {
        self.push(&self.kind.item(v)?)
    }
    /// Return a tuple (address, length) of the array's memory and its number of items.
    #[pymethod]
    fn buffer_info(&self) -> (usize, usize) {
        (self.address(), self.len())
    }
    /// Byteswap all items of the array.
    #[pymethod]
    fn byteswap(&self) {
        self.with_mut(|bytes| bytes.chunks_exact_mut(self.kind.size).for_each(<[u8]>::reverse));
    }
    /// Remove all elements from the array.
    #[pymethod]
    fn clear(&self) -> PyResult<()> {
        self.resize(Vec::clear)
    }
    /// Return number of occurrences of v in the array.
    #[pymethod]
    fn count(&self, v: &Obj) -> PyResult<usize> {
        let (mut i, mut n) = (0, 0);
        while let Some(item) = self.at(i) {
            n += usize::from(eq(&item, v)?);
            i += 1;
        }
        Ok(n)
    }
    /// Append items to the end of the array.
    #[pymethod]
    fn extend(&self, bb: &Obj) -> PyResult<()> {
        self.extend_from(bb)
    }
    /// Append items from the bytes of a bytes-like object.
    #[pymethod]
    fn frombytes(&self, buffer: &Obj) -> PyResult<()> {
        self.append_bytes(buffer)
    }
    /// Read n items from the file object f and append them to the end of the array.
    #[pymethod]
    fn fromfile(&self, f: &Obj, n: isize) -> PyResult<()> {
        if n < 0 {
            return Err(value_error("negative count"));
        }
        let Some(wanted) = (n as usize).checked_mul(self.kind.size).filter(|&w| w <= isize::MAX as usize)
        else {
            return Err(memory_error());
        };
        let data = call_method_str(f, "read", &[int_obj(wanted as i64)])?;
        let Some(bytes) = taipan_objects::bytes::bytes_value(&data) else {
            return Err(type_error("read() didn't return bytes"));
        };
        let complete = bytes.len() == wanted;
        self.append_bytes(&data)?;
        if complete { Ok(()) } else { Err(eof_error("read() didn't return enough bytes")) }
    }
    /// Append items to the array from a list.
    #[pymethod]
    fn fromlist(&self, list: &Obj) -> PyResult<()> {
        let Some(list) = list.downcast::<PyList>() else { return Err(type_error("arg must be list")) };
        let mut new = Vec::new();
        let items = list.to_vec();
        for value in &items {
            new.extend_from_slice(&self.kind.item(value)?[..self.kind.size]);
            if list.len() != items.len() {
                return Err(runtime_error("list changed size during iteration"));
            }
        }
        self.append_raw(&new)
    }
    /// Extend a text array with the characters of a str.
    #[pymethod]
    fn fromunicode(&self, ustr: &Obj) -> PyResult<()> {
        let Some(text) = ustr.downcast::<PyStr>() else {
            return Err(type_error(format!(
                "fromunicode() argument must be str, not {}",
                class_of(ustr).name()
            )));
        };
        if !self.kind.is_text() {
            return Err(value_error("fromunicode() may only be called on unicode type arrays ('u' or 'w')"));
        }
        self.append_raw(&text_bytes(text))
    }
    /// Return index of first occurrence of v in the array.
    #[pymethod(sig = "(v, start=0, stop=sys.maxsize, /)")]
    fn index(&self, v: &Obj, start: Option<&Obj>, stop: Option<&Obj>) -> PyResult<usize> {
        let len = self.len() as isize;
        let bound = |value: Option<&Obj>, default: isize| -> PyResult<usize> {
            let at = match value {
                Some(value) => buffer::slice_index(value)?,
                None => default,
            };
            Ok((if at < 0 { (at + len).max(0) } else { at }) as usize)
        };
        let (start, stop) = (bound(start, 0)?, bound(stop, isize::MAX)?);
        self.find(v, start, stop)?.ok_or_else(|| value_error("array.index(x): x not in array"))
    }
    /// Insert a new item v into the array before position i.
    #[pymethod]
    fn insert(&self, i: isize, v: &Obj) -> PyResult<()> {
        let item = self.kind.item(v)?;
        let size = self.kind.size;
        self.resize(|bytes| {
            let len = (bytes.len() / size) as isize;
            let at = if i < 0 { (i + len).max(0) } else { i.min(len) } as usize * size;
            bytes.splice(at..at, item[..size].iter().copied());
        })
    }
    /// Return the i-th element and delete it from the array.
    #[pymethod(sig = "(i=-1, /)")]
    fn pop(&self, i: isize) -> PyResult<Obj> {
        let len = self.len() as isize;
        if len == 0 {
            return Err(index_error("pop from empty array"));
        }
        let at = if i < 0 { i + len } else { i };
        let out_of_range = || index_error("pop index out of range");
        let at = usize::try_from(at).map_err(|_| out_of_range())?;
        let item = self.at(at).ok_or_else(out_of_range)?;
        self.delete(at)?;
        Ok(item)
    }
    /// Remove the first occurrence of v in the array.
    #[pymethod]
    fn remove(&self, v: &Obj) -> PyResult<()> {
        let Some(at) = self.find(v, 0, usize::MAX)? else {
            return Err(value_error("array.remove(x): x not in array"));
        };
        self.delete(at)
    }
    /// Reverse the order of the items in the array.
    #[pymethod]
    fn reverse(&self) {
        let size = self.kind.size;
        self.with_mut(|bytes| {
            bytes.reverse();
            bytes.chunks_exact_mut(size).for_each(<[u8]>::reverse);
        });
    }
    /// Return the array's bytes.
    #[pymethod]
    fn tobytes(&self) -> Obj {
        let bytes = self.with(<[u8]>::to_vec);
        taipan_objects::bytes::PyBytes::from_vec(bytes).into_obj()
    }
    /// Write all items (as machine values) to the file object f.
    #[pymethod]
    fn tofile(&self, f: &Obj) -> PyResult<()> {
        let bytes = self.with(<[u8]>::to_vec);
        for block in bytes.chunks(64 * 1024) {
            call_method_str(f, "write", &[bytes_obj(block)])?;
        }
        Ok(())
    }
    /// Convert array to an ordinary list with the same items.
    #[pymethod]
    fn tolist(&self) -> Obj {
        list_obj(self.items())
    }
    /// Convert a text array to a str.
    #[pymethod]
    fn tounicode(&self) -> PyResult<Obj> {
        if !self.kind.is_text() {
            return Err(value_error("tounicode() may only be called on unicode type arrays ('u' or 'w')"));
        }
        self.text()
    }
    #[pymethod]
    fn __copy__(slf: &Obj) -> PyResult<Obj> {
        let array = this(slf)?;
        Ok(PyArray::create(class(), array.kind, array.with(<[u8]>::to_vec)).into_obj())
    }
    #[pymethod]
    fn __deepcopy__(slf: &Obj, unused: &Obj) -> PyResult<Obj> {
        let _ = unused;
        let array = this(slf)?;
        Ok(PyArray::create(class(), array.kind, array.with(<[u8]>::to_vec)).into_obj())
    }
    #[pymethod]
    fn __reduce_ex__(slf: &Obj, value: &Obj) -> PyResult<Obj> {
        let array = this(slf)?;
        let protocol = i64::from_arg(value)?;
        let state = match taipan_objects::protocol::getattr_opt(slf, &istr!("__dict__"))? {
            Some(dict) => dict,
            None => none(),
        };
        let code = str_obj(&(array.kind.code as char).to_string());
        let class = class_of(slf).to_obj();
        if protocol < 3 {
            return Ok(tuple_obj(vec![class, tuple_obj(vec![code, list_obj(array.items())]), state]));
        }
        let rebuild = hooks::module_attribute("array", "_array_reconstructor")?;
        let parts = tuple_obj(vec![class, code, int_obj(machine_format(array.kind)), array.tobytes()]);
        Ok(tuple_obj(vec![rebuild, parts, state]))
    }
    #[pymethod]
    fn __sizeof__(&self) -> usize {
        size_of::<PyArray>() + self.with(<[u8]>::len)
    }
    #[pyclassmethod(name = "__class_getitem__")]
    fn class_getitem(cls: &Obj, object: &Obj) -> Obj {
        taipan_objects::generic_alias::new(cls, object)
    }
    /// the typecode character used to create the array
    #[pygetset]
    fn typecode(&self) -> String {
        (self.kind.code as char).to_string()
    }
    /// the size, in bytes, of one array item
    #[pygetset]
    fn itemsize(&self) -> usize {
        self.kind.size
    }
}

/// The values of bytes in a machine format that is not that of `kind`.
fn convert(format: i64, bytes: &[u8]) -> PyResult<Vec<Obj>> {
    let item = |size: usize, text: &'static str| -> PyResult<Vec<Obj>> {
        if bytes.len() % size != 0 {
            return Err(value_error("bytes length not a multiple of item size"));
        }
        let format = crate::_struct::Format::parse(text.as_bytes())?;
        Ok(bytes
            .chunks_exact(size)
            .filter_map(|b| format.unpack(b).downcast::<PyTuple>()?.as_slice().first().cloned())
            .collect())
    };
    match format {
        0 => item(1, "<B"),
        1 => item(1, "<b"),
        2 => item(2, "<H"),
        3 => item(2, ">H"),
        4 => item(2, "<h"),
        5 => item(2, ">h"),
        6 => item(4, "<I"),
        7 => item(4, ">I"),
        8 => item(4, "<i"),
        9 => item(4, ">i"),
        10 => item(8, "<Q"),
        11 => item(8, ">Q"),
        12 => item(8, "<q"),
        13 => item(8, ">q"),
        14 => item(4, "<f"),
        15 => item(4, ">f"),
        16 => item(8, "<d"),
        17 => item(8, ">d"),
        _ => {
            let codec = match format {
                18 => "utf-16-le",
                19 => "utf-16-be",
                20 => "utf-32-le",
                _ => "utf-32-be",
            };
            let text = taipan_objects::str::codecs::decode_object(&bytes_obj(bytes), codec, "strict")?;
            Ok(text
                .downcast::<PyStr>()
                .map(|t| t.units().iter().map(|c| PyStr::from_code_point(c).into_obj()).collect())
                .unwrap_or_default())
        }
    }
}

/// This module defines an object type which can efficiently represent an array of basic values: characters, integers, floating-point
/// numbers.
#[pymodule(name = "array")]
mod items {
    use super::*;

    /// Tells the abstract classes about ours.
    #[pyinit]
    fn init(module: &PyModuleBuilder<'_>) -> PyResult<()> {
        let _ = module;
        let abstract_classes = taipan_objects::hooks::import_module("collections.abc")?;
        let sequence = crate::counted::getattr(&abstract_classes, "MutableSequence")?;
        crate::counted::call_method(&sequence, "register", &[class().as_obj().clone()])?;
        Ok(())
    }
    #[pyattr]
    fn array() -> Obj {
        class().as_obj().clone()
    }
    #[pyattr(name = "ArrayType")]
    fn array_type() -> Obj {
        class().as_obj().clone()
    }
    #[pyattr]
    const typecodes: &str = "bBuwhHiIlLqQfd";

    /// Internal. Used for pickling support.
    #[pyfunction]
    fn _array_reconstructor(
        arraytype: &Obj,
        typecode: &Obj,
        mformat_code: i64,
        items: &Obj,
    ) -> PyResult<Obj> {
        let Some(arraytype) = arraytype.downcast::<PyType>() else {
            return Err(type_error(format!(
                "first argument must be a type object, not {}",
                class_of(arraytype).name()
            )));
        };
        if !arraytype.is_subtype(class()) {
            return Err(type_error(format!("{} is not a subtype of array.array", arraytype.name())));
        }
        let kind =
            typecode.downcast::<PyStr>().filter(|t| t.len() == 1).and_then(|t| Kind::of(t.units().at(0)));
        let Some(kind) = kind else { return Err(value_error("second argument must be a valid type code")) };
        if !(0..=21).contains(&mformat_code) {
            return Err(value_error("third argument must be a valid machine format code."));
        }
        let Some(bytes) = taipan_objects::bytes::bytes_value(items) else {
            return Err(type_error(format!(
                "fourth argument should be bytes, not {}",
                class_of(items).name()
            )));
        };
        let array = PyArray::create(arraytype, kind, Vec::new());
        if mformat_code == machine_format(kind) {
            array.append_bytes(items)?;
        } else {
            for value in convert(mformat_code, bytes)? {
                array.push(&kind.item(&value)?)?;
            }
        }
        Ok(array.into_obj())
    }
}
