//! Iterators over sequences by index, forward and backward: of lists, tuples, strings, bytes and of anything with `__getitem__`.

use taipan_gc::{Header, Obj, Object, Py, Value};
use taipan_threading::sync::atomic::{AtomicIsize, Ordering};

use super::itself;
use crate::bytearray::PyByteArray;
use crate::bytes::PyBytes;
use crate::construct::int_obj;
use crate::error::*;
use crate::hooks;
use crate::istr;
use crate::layout;
use crate::list::{Place, PyList};
use crate::native::*;
use crate::protocol;
use crate::singletons::is_none;
use crate::str::{PyStr, latin1_char_at_once};
use crate::tuple::PyTuple;
use crate::type_object::slots::NextFn;
use crate::type_object::{PyType, TypeSlots, class_of, new_instance, ready, type_flags};
use crate::types::{Number, Types, types};

/// An iterator over a sequence. `index` is that of the next item; -1: exhausted.
#[repr(C)]
pub struct PySequenceIter {
    header: Header,
    seq: Obj,
    index: AtomicIsize,
    backward: bool,
}
layout!(PySequenceIter, "sequence_iterator", [seq]);

/// Where machine code finds the parts of an iterator, in bytes.
impl PySequenceIter {
    /// The word of the sequence.
    pub const SEQUENCE: i32 = std::mem::offset_of!(PySequenceIter, seq) as i32;
    /// The index of the next item; or one beyond all sequences, taken as unsigned.
    pub const INDEX: i32 = std::mem::offset_of!(PySequenceIter, index) as i32;
}

const DONE: isize = -1;

pub(super) fn fill(types: &Types) {
    let all: [(&Py<PyType>, NextFn); 9] = [
        (&types.list_iterator, list_next),
        (&types.list_reverseiterator, list_previous),
        (&types.tuple_iterator, tuple_next),
        (&types.str_iterator, str_next),
        (&types.bytes_iterator, bytes_next),
        (&types.bytearray_iterator, bytearray_next),
        (&types.memory_iterator, indexed_next),
        (&types.sequence_iterator, sequence_next),
        (&types.reversed, sequence_previous),
    ];
    for (class, next) in all {
        class.slots.set_all(&TypeSlots { iter: Some(itself), iternext: Some(next), ..TypeSlots::EMPTY });
        ready::add_methods(class, PySequenceIter::methods());
        class.set_flag(type_flags::NO_INSTANTIATION, true);
    }
    types.reversed.set_flag(type_flags::NO_INSTANTIATION, false);
    types.reversed.slots.set_new(Some(reversed_new));
    ready::set_doc(&types.reversed, "Return a reverse iterator over the values of the given sequence.");
}

fn make(class: &PyType, seq: Obj, index: isize, backward: bool) -> Obj {
    let seq = protocol::IntoStrong::into_strong(seq);
    new_instance(class, |header| PySequenceIter { header, seq, index: AtomicIsize::new(index), backward })
        .into_obj()
}

/// `iter(obj)` of an exact list or tuple, as `class` says; the reference to it is counted.
#[inline]
pub fn plain_iter(class: &PyType, seq: Obj) -> Obj {
    let header = Header::new(class.root_shape());
    Py::new(PySequenceIter { header, seq, index: AtomicIsize::new(0), backward: false }).into_obj()
}

/// `iter(obj)` of an object that only has `__getitem__`.
pub fn sequence_iter(obj: Obj) -> Obj {
    make(&types().sequence_iterator, obj, 0, false)
}
pub fn list_iter(list: Obj) -> Obj {
    make(&types().list_iterator, list, 0, false)
}
pub fn list_reverse_iter(list: Obj) -> Obj {
    let last = list.downcast::<PyList>().map_or(0, PyList::len) as isize - 1;
    make(&types().list_reverseiterator, list, last, true)
}
pub fn tuple_iter(tuple: Obj) -> Obj {
    make(&types().tuple_iterator, tuple, 0, false)
}
pub fn str_iter(text: Obj) -> Obj {
    make(&types().str_iterator, text, 0, false)
}
pub fn bytes_iter(bytes: Obj) -> Obj {
    make(&types().bytes_iterator, bytes, 0, false)
}
pub fn bytearray_iter(bytes: Obj) -> Obj {
    make(&types().bytearray_iterator, bytes, 0, false)
}
pub fn memory_iter(view: Obj) -> Obj {
    make(&types().memory_iterator, view, 0, false)
}

/// `reversed(obj)`: what `__reversed__` says, or an iterator over a sequence.
#[pyargs(name = "reversed", sig = "(object, /)")]
fn reversed_new(class: &Obj, object: &Obj) -> PyResult<Obj> {
    let Some(class) = class.downcast::<PyType>() else {
        return Err(type_error("reversed.__new__(X): X is not a type object"));
    };
    if let Some(method) = class_of(object).lookup(&istr!("__reversed__")) {
        if is_none(&method) {
            return Err(type_error(format!("'{}' object is not reversible", class_of(object).name())));
        }
        let method = protocol::IntoStrong::into_strong(method);
        return protocol::call0(&protocol::bind(&method, object)?);
    }
    if !protocol::is_sequence(object) {
        return Err(type_error(format!("'{}' object is not reversible", class_of(object).name())));
    }
    let len = protocol::len(object)?;
    Ok(make(class, object.clone(), len as isize - 1, true))
}

#[inline(always)]
fn this(obj: &Obj) -> PyResult<&PySequenceIter> {
    obj.downcast::<PySequenceIter>().ok_or_else(|| type_error("a sequence iterator is required"))
}

impl PySequenceIter {
    #[inline(always)]
    fn index(&self) -> isize {
        self.index.load(Ordering::Relaxed)
    }
    #[inline(always)]
    fn set_index(&self, index: isize) {
        self.index.store(index, Ordering::Relaxed);
    }
    /// Length of the sequence.
    fn seq_len(&self) -> PyResult<usize> {
        protocol::len(&self.seq)
    }
}

impl PySequenceIter {
    /// The sequence, if it has the layout of the class; those of exactly the class are told at once.
    #[inline(always)]
    fn laid_out<T: Object>(&self, class: Number) -> Option<&T> {
        let header = self.seq.header()?;
        let is_laid_out =
            header.shape() == class.root_shape() || std::ptr::eq(header.shape_entry().ops_ptr(), T::ops());
        // SAFETY: the layout was checked.
        is_laid_out.then(|| unsafe { &*std::ptr::from_ref(header).cast() })
    }
    /// Where the next item of an iterator over a list is, if there is one and that is seen in a few instructions: for code that must not call. Who takes
    /// the item calls [`PySequenceIter::skip`].
    #[inline(always)]
    pub fn place_in_list(&self) -> Option<Place<'_>> {
        // An iterator at its end has an index beyond any list.
        self.laid_out::<PyList>(Number::list)?.place_from_start(self.index() as usize)
    }
    /// An item of the list that an iterator is over, not the next one in particular.
    pub fn sample(&self) -> Option<Obj> {
        let list = self.seq.downcast::<PyList>()?;
        list.get(self.index() as usize).or_else(|| list.get(0))
    }
    /// The object in a place that [`PySequenceIter::place_in_list`] gave: see [`PyList::load_at_once`].
    #[inline(always)]
    pub fn load_in_list(&self, place: Place<'_>) -> Option<Obj> {
        // SAFETY: the place is proof that the sequence is a list, which an iterator never changes.
        let list: &PyList = unsafe { &*self.seq.value().ptr().cast() };
        list.load_at_once(place)
    }
    /// [`PySequenceIter::load_in_list`] of the next item, while later ones come from memory.
    #[inline(always)]
    pub fn load_next_in_list(&self, place: Place<'_>) -> Option<Obj> {
        place.fetch_ahead(self.index() as usize);
        self.load_in_list(place)
    }
    /// The next item of an iterator over a tuple, which keeps it alive, as above.
    #[inline(always)]
    pub fn peek_in_tuple(&self) -> Option<&Obj> {
        self.laid_out::<PyTuple>(Number::tuple)?.get(self.index() as usize)
    }
    /// The next item of a reverse iterator over a list, as the next forward.
    #[inline(always)]
    pub fn previous_at_once(&self) -> Option<Obj> {
        let item = self.load_in_list(self.place_in_list()?)?;
        self.set_index(self.index() - 1);
        Some(item)
    }
    /// The next character of an iterator over a string, as [`latin1_char_at_once`]; uncounted.
    #[inline(always)]
    pub fn next_character_at_once(&self) -> Option<Value> {
        let character = latin1_char_at_once(self.laid_out(Number::str)?, self.index() as usize)?;
        self.skip();
        Some(character)
    }
    /// Goes past an item.
    #[inline(always)]
    pub fn skip(&self) {
        self.set_index(self.index() + 1);
    }
    /// The next item of a list iterator, if that is a matter of a few instructions: for code that must not call. May be uncounted.
    #[inline(always)]
    pub fn next_of_list_at_once(&self) -> Option<Obj> {
        let item = self.load_in_list(self.place_in_list()?)?;
        self.skip();
        Some(item)
    }
    /// The same of a tuple iterator.
    #[inline(always)]
    pub fn next_of_tuple_at_once(&self) -> Option<Obj> {
        let item = self.peek_in_tuple()?.lent_at_once()?;
        self.skip();
        Some(item)
    }
}

/// May return an uncounted item.
fn list_next(obj: &Obj) -> PyResult<Option<Obj>> {
    let iterator = this(obj)?;
    let index = iterator.index();
    if index >= 0
        && let Some(list) = iterator.seq.downcast::<PyList>()
    {
        if let Some(item) = list.get_lent(index as usize) {
            iterator.set_index(index + 1);
            return Ok(Some(item));
        }
        iterator.set_index(DONE);
    }
    Ok(None)
}

fn list_previous(obj: &Obj) -> PyResult<Option<Obj>> {
    let iterator = this(obj)?;
    let index = iterator.index();
    if index >= 0
        && let Some(list) = iterator.seq.downcast::<PyList>()
    {
        if let Some(item) = list.get_lent(index as usize) {
            iterator.set_index(index - 1);
            return Ok(Some(item));
        }
        iterator.set_index(DONE);
    }
    Ok(None)
}

/// May return an uncounted item.
fn tuple_next(obj: &Obj) -> PyResult<Option<Obj>> {
    let iterator = this(obj)?;
    let index = iterator.index();
    if index >= 0
        && let Some(tuple) = iterator.seq.downcast::<PyTuple>()
    {
        if let Some(item) = tuple.get(index as usize) {
            iterator.set_index(index + 1);
            return Ok(Some(item.lent()));
        }
        iterator.set_index(DONE);
    }
    Ok(None)
}

fn str_next(obj: &Obj) -> PyResult<Option<Obj>> {
    let iterator = this(obj)?;
    let index = iterator.index();
    if index >= 0
        && let Some(text) = iterator.seq.downcast::<PyStr>()
    {
        if let Some(code) = text.units().get(index as usize) {
            iterator.set_index(index + 1);
            return Ok(Some(PyStr::from_code_point(code).into_obj()));
        }
        iterator.set_index(DONE);
    }
    Ok(None)
}

/// Another thread may shorten the array at any time: length and byte are looked at under one lock.
fn bytearray_next(obj: &Obj) -> PyResult<Option<Obj>> {
    let iterator = this(obj)?;
    let index = iterator.index();
    if index >= 0
        && let Some(array) = iterator.seq.downcast::<PyByteArray>()
    {
        if let Some(byte) = array.with(|bytes| bytes.get(index as usize).copied()) {
            iterator.set_index(index + 1);
            return Ok(Some(int_obj(i64::from(byte))));
        }
        iterator.set_index(DONE);
    }
    Ok(None)
}

fn bytes_next(obj: &Obj) -> PyResult<Option<Obj>> {
    let iterator = this(obj)?;
    let index = iterator.index();
    if index >= 0
        && let Some(bytes) = iterator.seq.downcast::<PyBytes>()
    {
        if let Some(&byte) = bytes.as_slice().get(index as usize) {
            iterator.set_index(index + 1);
            return Ok(Some(int_obj(i64::from(byte))));
        }
        iterator.set_index(DONE);
    }
    Ok(None)
}

/// For native sequences: the length says when to stop.
fn indexed_next(obj: &Obj) -> PyResult<Option<Obj>> {
    let iterator = this(obj)?;
    let index = iterator.index();
    if index < 0 {
        return Ok(None);
    }
    if index as usize >= iterator.seq_len()? {
        iterator.set_index(DONE);
        return Ok(None);
    }
    let item = protocol::getitem(&iterator.seq, &int_obj(index as i64))?;
    iterator.set_index(index + 1);
    Ok(Some(item))
}

/// The item at `index`; nothing after `IndexError` or `StopIteration`.
fn item_or_end(iterator: &PySequenceIter, index: isize) -> PyResult<Option<Obj>> {
    match protocol::getitem(&iterator.seq, &int_obj(index as i64)) {
        Ok(item) => Ok(Some(item)),
        Err(raised) => {
            if !raised_is(&types().index_error) && !raised_is(&types().stop_iteration) {
                return Err(raised);
            }
            drop(try_take_raised());
            iterator.set_index(DONE);
            Ok(None)
        }
    }
}

fn sequence_next(obj: &Obj) -> PyResult<Option<Obj>> {
    let iterator = this(obj)?;
    let index = iterator.index();
    if index < 0 {
        return Ok(None);
    }
    if index == isize::MAX {
        return Err(overflow_error("iter index too large"));
    }
    // The end, without an exception that says so.
    if let Some(len) = class_of(&iterator.seq).slots.length_of_native_sequence()
        && index as usize >= len(&iterator.seq)?
    {
        iterator.set_index(DONE);
        return Ok(None);
    }
    let item = item_or_end(iterator, index)?;
    if item.is_some() {
        iterator.set_index(index + 1);
    }
    Ok(item)
}

fn sequence_previous(obj: &Obj) -> PyResult<Option<Obj>> {
    let iterator = this(obj)?;
    let index = iterator.index();
    if index < 0 {
        return Ok(None);
    }
    let item = item_or_end(iterator, index)?;
    if item.is_some() {
        iterator.set_index(index - 1);
    }
    Ok(item)
}

#[pymethods(class = "iterator")]
impl PySequenceIter {
    /// Private method returning an estimate of len(list(it)).
    #[pymethod]
    fn __length_hint__(&self) -> PyResult<Obj> {
        let index = self.index();
        if index < 0 {
            return Ok(int_obj(0));
        }
        if class_of(&self.seq).slots.len().is_none() {
            return Ok(crate::singletons::not_implemented());
        }
        let len = self.seq_len()?;
        if self.backward {
            let count = index as usize + 1;
            return Ok(int_obj(if len < count { 0 } else { count as i64 }));
        }
        Ok(int_obj(len.saturating_sub(index as usize) as i64))
    }
    /// Return state information for pickling.
    #[pymethod]
    fn __reduce__(slf: &Obj) -> PyResult<Obj> {
        let iterator = this(slf)?;
        let class = class_of(slf);
        let is_reversed = class.is_subtype(&types().reversed);
        // First of all: looking these up may run code that moves the iterator.
        let maker = match (is_reversed, iterator.backward) {
            (true, _) => class.to_obj(),
            (false, true) => hooks::builtin("reversed")?,
            (false, false) => hooks::builtin("iter")?,
        };
        let index = iterator.index();
        if index < 0 {
            if is_reversed {
                let arguments = PyTuple::from_array([PyTuple::empty().into_obj()]);
                return Ok(PyTuple::from_array([class.to_obj(), arguments.into_obj()]).into_obj());
            }
            let is_list = class.is(&types().list_iterator) || class.is(&types().list_reverseiterator);
            let nothing = if is_list {
                crate::construct::list_obj(Vec::new())
            } else if class.is(&types().str_iterator) {
                crate::construct::str_obj("")
            } else {
                PyTuple::empty().into_obj()
            };
            let arguments = PyTuple::from_array([nothing]).into_obj();
            return Ok(PyTuple::from_array([maker, arguments]).into_obj());
        }
        let arguments = PyTuple::from_array([iterator.seq.clone()]);
        Ok(PyTuple::from_array([maker, arguments.into_obj(), int_obj(index as i64)]).into_obj())
    }
    /// Set state information for unpickling.
    #[pymethod]
    fn __setstate__(&self, object: isize) -> PyResult<()> {
        if self.index() < 0 {
            return Ok(());
        }
        let len =
            if class_of(&self.seq).slots.len().is_some() { self.seq_len()? as isize } else { isize::MAX };
        self.set_index(if self.backward { object.clamp(DONE, len - 1) } else { object.clamp(0, len) });
        Ok(())
    }
}
