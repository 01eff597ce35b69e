//! The wrapper that `functools.lru_cache` makes.
//!
//! The cache is a plain dict, read without a lock: a hit of an unbounded cache writes only this thread's part of the hit counter. A
//! bounded one maps keys to [`PyEntry`] objects, which are ordered by use in a list of numbered nodes behind a mutex. An entry is in the list
//! from its insertion to its removal; whoever takes an entry out of the list removes it from the dict, too.

use crossbeam::utils::CachePadded;
use taipan_objects::dict::PyDict;
use taipan_objects::layout::TraceField;
use taipan_objects::method::PyBoundMethod;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::protocol;
use taipan_objects::short_mutex::ShortMutex;
use taipan_objects::singletons::is_none;
use taipan_objects::str::is_exact_str;
use taipan_objects::tuple::{self, PyTuple};
use taipan_objects::type_object::{TypeBuilder, new_instance, type_flags};
use taipan_threading::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::native_class::{class_argument, receiver};
use crate::{counted, native_class};

/// Parts of the hit counter.
const STRIPES: usize = 8;
/// No node.
const NIL: usize = usize::MAX;

/// One remembered result of a bounded cache.
#[repr(C)]
struct PyEntry {
    header: Header,
    key: Obj,
    hash: i64,
    result: Obj,
    /// Its node in the list.
    node: AtomicUsize,
}
layout!(PyEntry, "lru_entry", [key, result]);

native_class!(fn entry_class() = TypeBuilder::new("functools._lru_list_elem", PyEntry::ops()).final_().no_instantiation().make());

struct Node {
    /// Towards the older ones.
    previous: usize,
    /// Towards the newer ones.
    next: usize,
    entry: Option<Obj>,
}

/// Entries from the least to the most recently used one; free nodes are linked by `next`.
struct Order {
    nodes: Vec<Node>,
    oldest: usize,
    newest: usize,
    free: usize,
    len: usize,
    /// Hits of a bounded cache.
    hits: u64,
}

impl TraceField for Order {
    fn trace_field(&self, tracer: &mut Tracer<'_>) {
        self.nodes.iter().for_each(|node| node.entry.trace_field(tracer));
    }
}

impl Order {
    const EMPTY: Order = Order { nodes: Vec::new(), oldest: NIL, newest: NIL, free: NIL, len: 0, hits: 0 };

    fn link_newest(&mut self, node: usize) {
        self.nodes[node].previous = self.newest;
        self.nodes[node].next = NIL;
        match self.newest {
            NIL => self.oldest = node,
            newest => self.nodes[newest].next = node,
        }
        self.newest = node;
    }
    fn unlink(&mut self, node: usize) {
        let (previous, next) = (self.nodes[node].previous, self.nodes[node].next);
        match previous {
            NIL => self.oldest = next,
            previous => self.nodes[previous].next = next,
        }
        match next {
            NIL => self.newest = previous,
            next => self.nodes[next].previous = previous,
        }
    }
    fn add(&mut self, entry: Obj) -> usize {
        let node = match self.free {
            NIL => {
                self.nodes.push(Node { previous: NIL, next: NIL, entry: Some(entry) });
                self.nodes.len() - 1
            }
            free => {
                self.free = self.nodes[free].next;
                self.nodes[free].entry = Some(entry);
                free
            }
        };
        self.link_newest(node);
        self.len += 1;
        node
    }
    /// `entry`, at `node` if it is still in the list, was used and becomes the most recently used one.
    fn touch(&mut self, node: usize, entry: &Obj) {
        self.hits += 1;
        if node != self.newest
            && self.nodes.get(node).is_some_and(|n| n.entry.as_ref().is_some_and(|e| e.is(entry)))
        {
            self.unlink(node);
            self.link_newest(node);
        }
    }
    fn take_oldest(&mut self) -> Option<Obj> {
        let node = self.oldest;
        if node == NIL {
            return None;
        }
        self.unlink(node);
        self.nodes[node].next = self.free;
        self.free = node;
        self.len -= 1;
        self.nodes[node].entry.take()
    }
}

/// The wrapper; see the module.
#[repr(C)]
pub struct PyLruCache {
    header: Header,
    function: Obj,
    info_class: Obj,
    cache: Py<PyDict>,
    order: ShortMutex<Order>,
    /// `None`: unbounded.
    max_size: Option<usize>,
    typed: bool,
    misses: AtomicU64,
    /// Hits of an unbounded cache.
    hits: Box<[CachePadded<AtomicU64>; STRIPES]>,
}
layout!(PyLruCache, "functools._lru_cache_wrapper", [function, info_class, cache, order]);

native_class!(
    /// `functools._lru_cache_wrapper`.
    pub fn class() = TypeBuilder::new("functools._lru_cache_wrapper", PyLruCache::ops())
        .dict()
        .flag(type_flags::HAS_WEAKREF)
        .slots(TypeSlots { new: Some(construct), call: Some(call), descr_get: Some(get), ..TypeSlots::EMPTY })
        .methods(PyLruCache::methods())
        .getset(taipan_objects::object_type::DICT_GETSETS)
        .doc("Create a cached callable that wraps another function.\n\nuser_function:      the function being cached\n\nmaxsize:  0         for no caching\n          None      for unlimited cache size\n          n         for a bounded cache\n\ntyped:    False     cache f(3) and f(3.0) as identical calls\n          True      cache f(3) and f(3.0) as distinct calls\n\ncache_info_type:    namedtuple class with the fields:\n                        hits misses currsize maxsize\n")
        .make()
);

fn construct(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    new(class, args)
}

#[pyargs(name = "lru_cache", sig = "(user_function, maxsize, typed, cache_info_type)")]
fn new(class: &Obj, user_function: &Obj, maxsize: &Obj, typed: bool, cache_info_type: &Obj) -> PyResult<Obj> {
    let class = class_argument::<PyLruCache>(class)?;
    if !protocol::is_callable(user_function) {
        return Err(type_error("the first argument must be callable"));
    }
    let max_size = if is_none(maxsize) {
        None
    } else if protocol::has_index(maxsize) {
        Some(protocol::index_word_or(maxsize, &types().overflow_error)?.max(0).unsigned_abs())
    } else {
        return Err(type_error("maxsize should be integer or None"));
    };
    let (function, info_class) = (user_function.clone(), cache_info_type.clone());
    Ok(new_instance(class, |header| PyLruCache {
        header,
        function,
        info_class,
        cache: PyDict::new(),
        order: ShortMutex::new(Order::EMPTY),
        max_size,
        typed,
        misses: AtomicU64::new(0),
        hits: Box::new([const { CachePadded::new(AtomicU64::new(0)) }; STRIPES]),
    })
    .into_obj())
}

/// Separates positional from named arguments in keys.
fn keyword_mark() -> &'static Obj {
    static MARK: std::sync::OnceLock<Obj> = std::sync::OnceLock::new();
    MARK.get_or_init(|| match taipan_objects::object_type::plain_instance(&types().object) {
        Ok(mark) => mark,
        Err(Raised) => {
            drop(try_take_raised());
            tuple_obj(vec![none()])
        }
    })
}

/// The only argument, if it is its own key.
fn is_own_key<'a>(args: &Args<'a>) -> Option<&'a Obj> {
    match args.positional {
        [only] if class_of(only).is(&types().int) || is_exact_str(only) => Some(only),
        _ => None,
    }
}

fn make_key(args: &Args<'_>, typed: bool) -> Obj {
    if !typed && !args.has_keywords() {
        return match is_own_key(args) {
            Some(only) => only.clone(),
            None => PyTuple::from_slice(args.positional).into_obj(),
        };
    }
    let mut key = args.positional.to_vec();
    if args.has_keywords() {
        key.push(keyword_mark().clone());
        for (name, value) in args.keywords() {
            key.push(name.clone());
            key.push(value.clone());
        }
    }
    if typed {
        key.extend(args.positional.iter().chain(args.keyword_values).map(|a| class_of(a).to_obj()));
    }
    tuple_obj(key)
}

impl PyLruCache {
    #[inline]
    fn count_hit(&self) {
        let stripe = usize::from(taipan_threading::current_slot()) % STRIPES;
        self.hits[stripe].fetch_add(1, Ordering::Relaxed);
    }
    fn miss(&self, args: &Args<'_>) -> PyResult<Obj> {
        self.misses.fetch_add(1, Ordering::Relaxed);
        protocol::call_args(&self.function, args).map(IntoStrong::into_strong)
    }
    /// What the cache has for a call, perhaps uncounted; if that is nothing, the key of it. A tuple of arguments that is there already need not be made.
    fn find(&self, args: &Args<'_>) -> PyResult<Result<Obj, (Obj, i64)>> {
        if !self.typed && !args.has_keywords() && is_own_key(args).is_none() {
            let hash = tuple::hash_items(args.positional)?;
            return match self.cache.get_tuple_lent(args.positional, hash) {
                Some(Some(found)) => Ok(Ok(found)),
                Some(None) => Ok(Err((make_key(args, false), hash))),
                None => self.find_key(make_key(args, false), hash),
            };
        }
        let key = make_key(args, self.typed);
        let hash = protocol::hash(&key)?;
        self.find_key(key, hash)
    }
    fn find_key(&self, key: Obj, hash: i64) -> PyResult<Result<Obj, (Obj, i64)>> {
        Ok(self.cache.get_with_hash_lent(&key, hash)?.ok_or((key, hash)))
    }
    fn call_unbounded(&self, args: &Args<'_>) -> PyResult<Obj> {
        let (key, hash) = match self.find(args)? {
            // Straight into the caller's register, uncounted.
            Ok(found) => {
                self.count_hit();
                return Ok(found);
            }
            Err(missing) => missing,
        };
        let result = self.miss(args)?;
        self.cache.set_with_hash(key, hash, result.clone())?;
        Ok(result)
    }
    fn call_bounded(&self, args: &Args<'_>, max_size: usize) -> PyResult<Obj> {
        let (key, hash) = match self.find(args)? {
            Ok(found) => {
                // Perhaps uncounted, and evicted by others now: nothing up to the end of this is a safepoint.
                let Some(entry) = found.downcast::<PyEntry>() else { return self.miss(args) };
                // Relaxed: written under the mutex.
                self.order.lock().touch(entry.node.load(Ordering::Relaxed), &found);
                return Ok(entry.result.clone());
            }
            Err(missing) => missing,
        };
        let result = self.miss(args)?;
        let entry = new_instance(entry_class(), |header| PyEntry {
            header,
            key: key.clone(),
            hash,
            result: result.clone(),
            node: AtomicUsize::new(NIL),
        });
        // The function may have called itself with the same arguments, or another thread was faster: theirs stays.
        if !self.cache.set_if_absent(key, hash, entry.as_obj().clone())? {
            return Ok(result);
        }
        let mut order = self.order.lock();
        let node = order.add(entry.as_obj().clone());
        entry.node.store(node, Ordering::Relaxed);
        let evicted = if order.len > max_size { order.take_oldest() } else { None };
        drop(order);
        if let Some(old) = evicted.as_ref().and_then(|e| e.downcast::<PyEntry>()) {
            let removed = self.cache.pop_with_hash(&old.key, old.hash)?;
            if let (Some(removed), Some(old)) = (removed, &evicted)
                && !removed.is(old)
                && let Some(kept) = removed.downcast::<PyEntry>()
            {
                // Emptied and filled anew in between: that one belongs here.
                self.cache.set_if_absent(kept.key.clone(), kept.hash, removed.clone())?;
            }
        }
        Ok(result)
    }
}

fn call(obj: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    let this = receiver::<PyLruCache>(obj)?;
    match this.max_size {
        None => this.call_unbounded(args),
        Some(0) => this.miss(args),
        Some(max_size) => this.call_bounded(args, max_size),
    }
}

fn get(descriptor: &Obj, instance: Option<&Obj>, _owner: Option<&Obj>) -> PyResult<Obj> {
    Ok(match instance.filter(|i| !is_none(i)) {
        Some(instance) => PyBoundMethod::new(descriptor.clone(), instance.clone()).into_obj(),
        None => descriptor.clone(),
    })
}

#[pymethods(class = "functools._lru_cache_wrapper")]
impl PyLruCache {
    /// Report cache statistics
    #[pymethod]
    fn cache_info(&self) -> PyResult<Obj> {
        let max_size = self.max_size.map_or_else(none, |size| int_obj(size as i64));
        let misses = self.misses.load(Ordering::Relaxed);
        let (hits, current) = if self.max_size.is_some() {
            // Entries are in the dict a moment before they are in the list, which never is too long.
            let order = self.order.lock();
            (order.hits, order.len)
        } else {
            (self.hits.iter().map(|part| part.load(Ordering::Relaxed)).sum(), self.cache.len())
        };
        let (hits, misses, current) = (int_obj(hits as i64), int_obj(misses as i64), int_obj(current as i64));
        counted::call(&self.info_class, &[hits, misses, max_size, current])
    }
    /// Clear the cache and cache statistics
    #[pymethod]
    fn cache_clear(&self) {
        let order = std::mem::replace(&mut *self.order.lock(), Order::EMPTY);
        self.cache.clear();
        drop(order);
        self.misses.store(0, Ordering::Relaxed);
        self.hits.iter().for_each(|part| part.store(0, Ordering::Relaxed));
    }
    #[pymethod(text = "")]
    fn __reduce__(slf: &Obj) -> PyResult<Obj> {
        counted::getattr(slf, "__qualname__")
    }
    #[pymethod(text = "")]
    fn __copy__(slf: &Obj) -> Obj {
        slf.clone()
    }
    #[pymethod(sig = "(memo, /)", text = "")]
    fn __deepcopy__(slf: &Obj, memo: &Obj) -> Obj {
        let _ = memo;
        slf.clone()
    }
}
