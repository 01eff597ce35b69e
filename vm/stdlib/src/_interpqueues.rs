//! `_interpqueues`: queues between interpreters.
//!
//! A queue is a list of passages under a lock of its own, found by number in one table. Nothing waits here: the library's module asks again.
//! When the interpreter that put an item ends, what becomes of the item is what its `unboundop` says.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use parking_lot::Mutex;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::type_object::TypeBuilder;
use taipan_vm::interpreters::{self, PerInterpreter};

use crate::cross_interpreter::{Passage, Way, WeakClasses, imported};
use crate::native_class;
use crate::new_exception::new_exception;

native_class!(
    /// `QueueError`.
    fn queue_error() =
        TypeBuilder::new("concurrent.interpreters.QueueError", taipan_objects::exceptions::PyBaseException::ops())
            .base(&types().runtime_error)
            .doc("Indicates that a queue-related error happened.")
            .make()
);
native_class!(
    /// `QueueNotFoundError`.
    fn queue_not_found_error() = new_exception("concurrent.interpreters.QueueNotFoundError", queue_error())
);

/// What becomes of an item without interpreter.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Unbound {
    Remove = 1,
    Error = 2,
    Replace = 3,
}

impl Unbound {
    /// Of a number; negative: the default.
    pub fn of(number: i64, default: Unbound) -> PyResult<Unbound> {
        match number {
            ..=-1 => Ok(default),
            1 => Ok(Unbound::Remove),
            2 => Ok(Unbound::Error),
            3 => Ok(Unbound::Replace),
            _ => Err(value_error(format!("unsupported unboundop {number}"))),
        }
    }
}

/// How objects pass, by number; negative: the default.
pub fn way_of(number: i64, default: Way) -> PyResult<Way> {
    match number {
        ..=-1 => Ok(default),
        0 => Ok(Way::Shared),
        1 => Ok(Way::Full),
        _ => Err(value_error(format!("unsupported fallback {number}"))),
    }
}

struct Item {
    /// None once its interpreter has ended.
    passage: Option<Passage>,
    /// The interpreter that put it.
    from: i64,
    unbound: Unbound,
}

struct Queue {
    id: i64,
    /// No limit if not positive.
    maxsize: i64,
    unbound: Unbound,
    way: Way,
    items: Mutex<VecDeque<Item>>,
}

#[derive(Default)]
struct Table {
    next: i64,
    /// Queues with the number of references by id.
    queues: HashMap<i64, (Arc<Queue>, usize)>,
}

static TABLE: Mutex<Option<Table>> = Mutex::new(None);

fn with_table<R>(work: impl FnOnce(&mut Table) -> R) -> R {
    let mut table = TABLE.lock();
    work(table.get_or_insert_with(|| Table { next: 1, ..Table::default() }))
}

fn not_found(id: i64) -> Raised {
    raise_args(queue_not_found_error(), vec![str_obj(&format!("queue {id} not found"))])
}

fn id_of(id: &Obj) -> PyResult<i64> {
    number_of(id, "queue")
}

/// A number that names a thing of a kind.
pub fn number_of(id: &Obj, kind: &str) -> PyResult<i64> {
    if class_of(id).slots.index().is_none() {
        return Err(type_error(format!("{kind} ID must be an int, got {}", class_of(id).name())));
    }
    let number = taipan_objects::protocol::index(id)?;
    match taipan_objects::int::int_ref(&number).and_then(|n| n.to_i64()) {
        None => Err(overflow_error("int too big to convert")),
        Some(number) if number < 0 => {
            Err(value_error(format!("{kind} ID must be a non-negative int, got {}", repr_string(id)?)))
        }
        Some(number) => Ok(number),
    }
}

fn find(id: i64) -> PyResult<Arc<Queue>> {
    with_table(|table| table.queues.get(&id).map(|(queue, _)| queue.clone())).ok_or_else(|| not_found(id))
}

fn bind(id: i64) -> PyResult<()> {
    let found = with_table(|table| table.queues.get_mut(&id).map(|(_, references)| *references += 1));
    found.ok_or_else(|| not_found(id))
}

/// One reference less; without any the queue goes, and what is in it.
fn release(id: i64) -> PyResult<()> {
    let found = with_table(|table| {
        let (_, references) = table.queues.get_mut(&id)?;
        match *references {
            0 => Some(Err(())),
            1 => Some(Ok(table.queues.remove(&id))),
            _ => {
                *references -= 1;
                Some(Ok(None))
            }
        }
    });
    match found {
        Some(Ok(gone)) => {
            drop(gone);
            Ok(())
        }
        Some(Err(())) => Err(raise_args(queue_error(), vec![str_obj(&format!("queue {id} never bound"))])),
        None => Err(not_found(id)),
    }
}

/// What an ended interpreter has put.
fn interpreter_ended(id: i64) {
    let queues: Vec<Arc<Queue>> = with_table(|table| table.queues.values().map(|(q, _)| q.clone()).collect());
    for queue in queues {
        let mut gone = Vec::new();
        let mut items = queue.items.lock();
        for item in items.iter_mut().filter(|item| item.from == id) {
            gone.extend(item.passage.take());
        }
        items.retain(|item| item.passage.is_some() || item.unbound != Unbound::Remove);
        drop(items);
        drop(gone);
    }
}

/// The classes of the library's module: `Queue`, `QueueEmpty`, `QueueFull`.
static CLASSES: PerInterpreter<Mutex<Option<WeakClasses<3>>>> = PerInterpreter::new();

fn classes() -> Option<[Obj; 3]> {
    let classes = CLASSES.get()?.lock().clone();
    classes?.get()
}

fn imported_classes() -> PyResult<[Obj; 3]> {
    if let Some(classes) = classes() {
        return Ok(classes);
    }
    // The module registers them.
    let queue = imported("concurrent.interpreters._queues", "Queue")?;
    Ok(match classes() {
        Some(classes) => classes,
        None => [
            queue,
            imported("concurrent.interpreters._queues", "QueueEmpty")?,
            imported("concurrent.interpreters._queues", "QueueFull")?,
        ],
    })
}

fn raise_of_library(which: usize, text: &str) -> Raised {
    let error = imported_classes().and_then(|classes| call(&classes[which], &[str_obj(text)]));
    match error {
        Ok(error) => raise(error.into_strong()),
        Err(raised) => raised,
    }
}

/// A queue on its way; a reference.
pub struct QueueRef(i64);

impl QueueRef {
    /// The library's object for it.
    pub fn arrive(&self) -> PyResult<Obj> {
        let [queue, ..] = imported_classes()?;
        call(&queue, &[int_obj(self.0)]).map(IntoStrong::into_strong)
    }
}

impl Drop for QueueRef {
    fn drop(&mut self) {
        if release(self.0).is_err() {
            drop(try_take_raised());
        }
    }
}

/// Whether the object is the library's `Queue`.
pub fn is_queue(obj: &Obj) -> bool {
    classes().is_some_and(|[queue, ..]| queue.is(&class_of(obj).to_obj()))
}

/// A reference to the queue that the object stands for, if it is one.
pub fn reference(obj: &Obj) -> PyResult<Option<QueueRef>> {
    if !is_queue(obj) {
        return Ok(None);
    }
    let id = id_of(&getattr_str(obj, "_id")?)?;
    bind(id)?;
    Ok(Some(QueueRef(id)))
}

/// This module provides primitive operations to manage Python interpreters.
/// The 'interpreters' module provides a more convenient interface.
#[pymodule(name = "_interpqueues")]
mod items {
    use super::*;

    /// create(maxsize, unboundop, fallback) -> qid
    ///
    /// Create a new cross-interpreter queue and return its unique generated ID.
    #[pyfunction(sig = "(maxsize, unboundop=-1, fallback=-1)", text = "")]
    fn create(maxsize: i64, unboundop: i64, fallback: i64) -> PyResult<i64> {
        let unbound = Unbound::of(unboundop, Unbound::Replace)?;
        let way = way_of(fallback, Way::Full)?;
        Ok(with_table(|table| {
            let id = table.next;
            table.next += 1;
            let queue = Queue { id, maxsize, unbound, way, items: Mutex::new(VecDeque::new()) };
            table.queues.insert(id, (Arc::new(queue), 0));
            id
        }))
    }
    /// destroy(qid)
    ///
    /// Clear and destroy the queue.  Afterward attempts to use the queue
    /// will behave as though it never existed.
    #[pyfunction(sig = "(qid)", text = "")]
    fn destroy(qid: &Obj) -> PyResult<()> {
        let id = id_of(qid)?;
        let gone = with_table(|table| table.queues.remove(&id));
        if gone.is_some() { Ok(()) } else { Err(not_found(id)) }
    }
    /// list_all() -> [(qid, unboundop, fallback)]
    ///
    /// Return the list of IDs for all queues.
    #[pyfunction]
    fn list_all() -> Obj {
        let mut queues: Vec<Arc<Queue>> =
            with_table(|table| table.queues.values().map(|(queue, _)| queue.clone()).collect());
        queues.sort_by_key(|queue| queue.id);
        let describe = |queue: &Arc<Queue>| {
            let way = i64::from(queue.way == Way::Full);
            tuple_obj(vec![int_obj(queue.id), int_obj(queue.unbound as i64), int_obj(way)])
        };
        list_obj(queues.iter().map(describe).collect())
    }
    /// put(qid, obj)
    ///
    /// Add the object's data to the queue.
    #[pyfunction(sig = "(qid, obj, unboundop=-1, fallback=-1)", text = "")]
    fn put(qid: &Obj, obj: &Obj, unboundop: i64, fallback: i64) -> PyResult<()> {
        let id = id_of(qid)?;
        let queue = find(id)?;
        let unbound = Unbound::of(unboundop, queue.unbound)?;
        let way = way_of(fallback, queue.way)?;
        let item =
            Item { passage: Some(Passage::of(obj, way)?), from: interpreters::current().id(), unbound };
        interpreters::on_end(interpreter_ended);
        let mut items = queue.items.lock();
        if queue.maxsize > 0 && items.len() as i64 >= queue.maxsize {
            drop(items);
            drop(item);
            return Err(raise_of_library(2, &format!("queue {id} is full")));
        }
        items.push_back(item);
        Ok(())
    }
    /// get(qid) -> (obj, unboundop)
    ///
    /// Return a new object from the data at the front of the queue.
    #[pyfunction(sig = "(qid)", text = "")]
    fn get(qid: &Obj) -> PyResult<Obj> {
        let id = id_of(qid)?;
        let queue = find(id)?;
        let item = queue.items.lock().pop_front();
        let Some(item) = item else { return Err(raise_of_library(1, &format!("queue {id} is empty"))) };
        Ok(match &item.passage {
            Some(passage) => tuple_obj(vec![passage.arrive()?, none()]),
            None => tuple_obj(vec![none(), int_obj(item.unbound as i64)]),
        })
    }
    /// bind(qid)
    ///
    /// Take a reference to the identified queue.
    /// The queue is not destroyed until there are no references left.
    #[pyfunction(name = "bind", sig = "(qid)", text = "")]
    fn bind_(qid: &Obj) -> PyResult<()> {
        bind(id_of(qid)?)
    }
    /// release(qid)
    ///
    /// Release a reference to the queue.
    /// The queue is destroyed once there are no references left.
    #[pyfunction(name = "release", sig = "(qid)", text = "")]
    fn release_(qid: &Obj) -> PyResult<()> {
        release(id_of(qid)?)
    }
    /// get_maxsize(qid)
    ///
    /// Return the maximum number of items in the queue.
    #[pyfunction(sig = "(qid)", text = "")]
    fn get_maxsize(qid: &Obj) -> PyResult<i64> {
        Ok(find(id_of(qid)?)?.maxsize)
    }
    /// get_queue_defaults(qid)
    ///
    /// Return the queue's default values, set when it was created.
    #[pyfunction(sig = "(qid)", text = "")]
    fn get_queue_defaults(qid: &Obj) -> PyResult<Obj> {
        let queue = find(id_of(qid)?)?;
        Ok(tuple_obj(vec![int_obj(queue.unbound as i64), int_obj(i64::from(queue.way == Way::Full))]))
    }
    /// is_full(qid)
    ///
    /// Return true if the queue has a maxsize and has reached it.
    #[pyfunction(sig = "(qid)", text = "")]
    fn is_full(qid: &Obj) -> PyResult<bool> {
        let queue = find(id_of(qid)?)?;
        let count = queue.items.lock().len() as i64;
        Ok(queue.maxsize > 0 && count >= queue.maxsize)
    }
    /// get_count(qid)
    ///
    /// Return the number of items in the queue.
    #[pyfunction(sig = "(qid)", text = "")]
    fn get_count(qid: &Obj) -> PyResult<usize> {
        Ok(find(id_of(qid)?)?.items.lock().len())
    }
    #[pyfunction(sig = "(queuetype, emptyerror, fullerror)", text = "")]
    fn _register_heap_types(queuetype: &Obj, emptyerror: &Obj, fullerror: &Obj) -> PyResult<()> {
        let new = Some(WeakClasses::new([queuetype, emptyerror, fullerror])?);
        let old = std::mem::replace(&mut *CLASSES.get_or_default().lock(), new);
        drop(old);
        Ok(())
    }

    #[pyinit]
    fn init(module: &PyModuleBuilder<'_>) -> PyResult<()> {
        module.add("QueueError", queue_error().as_obj().clone())?;
        module.add("QueueNotFoundError", queue_not_found_error().as_obj().clone())
    }
}
