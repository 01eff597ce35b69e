//! What passes from one interpreter to another, and how.
//!
//! There is one heap, so nothing needs to be copied for memory's sake; what counts is that no interpreter reaches another's mutable objects, classes
//! or modules. An object of a built-in, deeply immutable class passes by reference (but for `bytes`, which are copied). A tuple passes with its items. A buffer is shared through a memory view of
//! the receiver's own. Queues and channels pass as numbers. The rest, where the caller allows it (`Way::Full`), passes as the code of
//! a function that needs nothing around it, or pickled.

mod errors;
mod pickled;
mod stateless;

use taipan_objects::code::PyCode;
use taipan_objects::hooks;
use taipan_objects::int;
use taipan_objects::memoryview::{self, PyMemoryView};
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::tuple::PyTuple;
use taipan_objects::weakref::{self, PyWeakRef};

use crate::{_interpchannels, _interpqueues};

pub use errors::{interpreter_error, not_found_error, not_shareable_error, raise_from};
pub use pickled::Pickle;
pub use stateless::{check_script, check_stateless};

/// How an object may pass.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Only if its class is made for it.
    Shared,
    /// Somehow.
    Full,
}

/// An object on its way between interpreters.
pub enum Passage {
    /// Deeply immutable, of built-in classes.
    Reference(Obj),
    /// The content of a `bytes`.
    Bytes(Vec<u8>),
    Tuple(Vec<Passage>),
    /// A memory view of the sender's.
    Buffer(Obj),
    /// The code of a stateless function.
    Function(Py<PyCode>),
    Pickled(Pickle),
    Queue(_interpqueues::QueueRef),
    Channel(_interpchannels::ChannelRef),
}

fn is_exact(obj: &Obj, class: &Py<PyType>) -> bool {
    class_of(obj).is(class)
}

/// An integer of a machine word, or one that never dies.
fn is_passable_int(obj: &Obj) -> bool {
    int::int_ref(obj).is_some_and(|int| int.to_i64().is_some())
        || obj.header().is_some_and(taipan_gc::Header::is_immortal)
}

/// Whether a reference to the object may pass.
fn is_plain(obj: &Obj) -> bool {
    let t = types();
    let class = class_of(obj);
    is_none(obj)
        || [&t.bool_, &t.float, &t.str].into_iter().any(|c| class.is(c))
        || class.is(&t.int) && is_passable_int(obj)
}

/// Whether the object passes without being pickled.
pub fn is_shareable(obj: &Obj) -> bool {
    if let Some(tuple) = obj.downcast::<PyTuple>().filter(|_| is_exact(obj, &types().tuple)) {
        return tuple.to_vec().iter().all(is_shareable);
    }
    is_plain(obj)
        || is_exact(obj, &types().bytes)
        || is_exact(obj, &types().memoryview)
        || _interpqueues::is_queue(obj)
        || _interpchannels::is_channel(obj)
}

/// Raises the error of an object that does not pass; what is raised already is its cause.
fn refused(obj: &Obj) -> Raised {
    let cause = try_take_raised();
    let text = match repr_string(obj) {
        Ok(shown) => format!("{shown} does not support cross-interpreter data"),
        Err(Raised) => {
            drop(take_raised());
            "object does not support cross-interpreter data".to_owned()
        }
    };
    errors::raise_from(not_shareable_error(), &text, cause)
}

impl Passage {
    /// Takes an object out of the current interpreter.
    pub fn of(obj: &Obj, way: Way) -> PyResult<Passage> {
        if let Some(tuple) = obj.downcast::<PyTuple>().filter(|_| is_exact(obj, &types().tuple)) {
            let items = tuple.to_vec();
            if items.iter().all(is_plain) {
                return Ok(Passage::Reference(obj.clone()));
            }
            let items: PyResult<Vec<Passage>> = items.iter().map(|item| Passage::of(item, way)).collect();
            return items.map(Passage::Tuple).map_err(|Raised| refused(obj));
        }
        if is_plain(obj) {
            return Ok(Passage::Reference(obj.clone()));
        }
        if is_exact(obj, &types().bytes) {
            return taipan_objects::buffer::with_bytes(obj, <[u8]>::to_vec).map(Passage::Bytes);
        }
        if is_exact(obj, &types().memoryview) {
            return memoryview::from_object(obj).map(Passage::Buffer);
        }
        if let Some(queue) = _interpqueues::reference(obj)? {
            return Ok(Passage::Queue(queue));
        }
        if let Some(channel) = _interpchannels::reference(obj)? {
            return Ok(Passage::Channel(channel));
        }
        if way == Way::Full {
            if let Some(function) = stateless::code_of(obj) {
                return Ok(Passage::Function(function));
            }
            if let Ok(pickle) = Pickle::of(obj) {
                return Ok(Passage::Pickled(pickle));
            }
            drop(try_take_raised());
        } else if is_exact(obj, &types().int) {
            let _ = overflow_error("try sending as bytes");
        }
        Err(refused(obj))
    }
    /// Something to call: a stateless function passes as such, anything else pickled.
    pub fn of_callable(obj: &Obj) -> PyResult<Passage> {
        if let Err(Raised) = check_stateless(obj) {
            let problem = take_raised();
            if let Ok(pickle) = Pickle::of(obj) {
                return Ok(Passage::Pickled(pickle));
            }
            drop(try_take_raised());
            let Raised = set_raised(problem);
            return Err(Raised);
        }
        match stateless::code_of(obj) {
            Some(code) => Ok(Passage::Function(code)),
            None => Err(refused(obj)),
        }
    }
    /// A memory view of a buffer.
    pub fn of_buffer(obj: &Obj) -> PyResult<Passage> {
        memoryview::from_object(obj).map(Passage::Buffer)
    }
    /// The object in the current interpreter.
    pub fn arrive(&self) -> PyResult<Obj> {
        match self {
            Passage::Reference(obj) => Ok(obj.clone()),
            Passage::Bytes(content) => Ok(bytes_obj(content)),
            Passage::Tuple(items) => {
                let items: PyResult<Vec<Obj>> = items.iter().map(Passage::arrive).collect();
                items.map(tuple_obj)
            }
            Passage::Buffer(view) => memoryview::from_object(view),
            Passage::Function(code) => stateless::function_of(code),
            Passage::Pickled(pickle) => pickle.load(),
            Passage::Queue(queue) => queue.arrive(),
            Passage::Channel(channel) => channel.arrive(),
        }
    }
}

/// Lets go of the sender's view.
impl Drop for Passage {
    fn drop(&mut self) {
        if let Passage::Buffer(view) = self
            && let Some(view) = view.downcast::<PyMemoryView>()
            && view.release().is_err()
        {
            drop(try_take_raised());
        }
    }
}

/// Classes of the library that native code must know but not keep alive.
#[derive(Clone)]
pub(crate) struct WeakClasses<const N: usize>([Obj; N]);

impl<const N: usize> WeakClasses<N> {
    pub fn new(classes: [&Obj; N]) -> PyResult<Self> {
        let mut references = Vec::new();
        for class in classes {
            references.push(weakref::new_ref(class, None)?);
        }
        let references = references.try_into().map_err(|_| system_error("as many as there were"))?;
        Ok(WeakClasses(references))
    }
    /// The classes, while they live.
    pub fn get(&self) -> Option<[Obj; N]> {
        let classes: Option<Vec<Obj>> =
            self.0.iter().map(|reference| reference.downcast::<PyWeakRef>()?.get()).collect();
        classes?.try_into().ok()
    }
}

/// `module.attribute` of the current interpreter.
pub(crate) fn imported(module: &str, attribute: &str) -> PyResult<Obj> {
    hooks::module_attribute(module, attribute).map(IntoStrong::into_strong)
}
