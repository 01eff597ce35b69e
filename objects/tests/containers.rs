//! Lists, dicts, sets and tuples through the abstract operations, and under threads that change what others read.

use std::sync::Once;
use taipan_threading::sync::atomic::{AtomicBool, Ordering};

use taipan_objects::dict::PyDict;
use taipan_objects::error::take_raised;
use taipan_objects::list::PyList;
use taipan_objects::prelude::*;
use taipan_objects::protocol;
use taipan_objects::set::PySet;
use taipan_objects::slice::PySlice;
use taipan_objects::tuple::PyTuple;
use taipan_objects::type_object::CompareOp;

fn initialize() {
    static ONCE: Once = Once::new();
    ONCE.call_once(taipan_objects::types::init);
}

fn ok<T>(result: PyResult<T>) -> T {
    match result {
        Ok(value) => value,
        Err(_) => panic!("raised {}", error_text()),
    }
}

fn error_text() -> String {
    let exception = take_raised();
    format!("{}: {}", class_of(&exception).name(), protocol::str_string(&exception).unwrap_or_default())
}

fn raised<T>(result: PyResult<T>) -> String {
    match result {
        Ok(_) => panic!("nothing was raised"),
        Err(_) => error_text(),
    }
}

fn repr(obj: &Obj) -> String {
    ok(protocol::repr_string(obj))
}

fn ints(items: impl IntoIterator<Item = i64>) -> Vec<Obj> {
    items.into_iter().map(int_obj).collect()
}

fn list(items: impl IntoIterator<Item = i64>) -> Py<PyList> {
    PyList::new(ints(items))
}

fn method(obj: &Obj, name: &str, args: &[Obj]) -> PyResult<Obj> {
    let class = class_of(obj);
    let Some(found) = class.lookup_name(name) else { panic!("{} has no {name}", class.name()) };
    let mut all = vec![obj.clone()];
    all.extend_from_slice(args);
    protocol::call(&found, &all)
}

fn opt(i: Option<i64>) -> Obj {
    i.map_or_else(none, int_obj)
}

fn slice(start: Option<i64>, stop: Option<i64>, step: Option<i64>) -> Obj {
    PySlice::new(opt(start), opt(stop), opt(step)).into_obj()
}

#[test]
fn list_operations() {
    initialize();
    let l = list(0..10);
    let o = l.as_obj();
    assert_eq!(repr(o), "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]");
    assert_eq!(repr(&ok(protocol::getitem(o, &slice(Some(8), Some(1), Some(-3))))), "[8, 5, 2]");
    assert_eq!(
        repr(&ok(protocol::getitem(o, &slice(None, None, Some(-1))))),
        "[9, 8, 7, 6, 5, 4, 3, 2, 1, 0]"
    );
    ok(protocol::delitem(o, &slice(None, None, Some(2))));
    assert_eq!(repr(o), "[1, 3, 5, 7, 9]");
    ok(protocol::setitem(o, &slice(Some(1), Some(3), None), list(20..25).as_obj()));
    assert_eq!(repr(o), "[1, 20, 21, 22, 23, 24, 7, 9]");
    ok(protocol::setitem(o, &slice(None, None, Some(-2)), list(0..4).as_obj()));
    assert_eq!(repr(o), "[1, 3, 21, 2, 23, 1, 7, 0]");
    ok(protocol::delitem(o, &slice(Some(6), Some(0), Some(-3))));
    assert_eq!(repr(o), "[1, 3, 21, 23, 1, 0]");
    ok(protocol::setitem(o, &slice(Some(0), Some(0), None), o));
    assert_eq!(repr(o), "[1, 3, 21, 23, 1, 0, 1, 3, 21, 23, 1, 0]");
    ok(protocol::delitem(o, &slice(Some(2), None, None)));
    assert_eq!(repr(o), "[1, 3]");
    l.insert(1, o.clone());
    assert_eq!(repr(o), "[1, [...], 3]");
    assert!(l.remove(1).is_some());
    ok(protocol::inplace_op(o, list([5]).as_obj(), protocol::BinaryOp::Add));
    assert_eq!(repr(&ok(protocol::binary_op(o, &int_obj(2), protocol::BinaryOp::Mul))), "[1, 3, 5, 1, 3, 5]");
    assert!(ok(protocol::contains(o, &float_obj(5.0))));
    assert_eq!(raised(protocol::getitem(o, &int_obj(3))), "IndexError: list index out of range");
    assert_eq!(
        raised(protocol::getitem(o, &none())),
        "TypeError: list indices must be integers or slices, not NoneType"
    );
    assert_eq!(raised(method(o, "remove", &ints([99]))), "ValueError: list.remove(x): x not in list");
    assert_eq!(repr(&ok(method(o, "pop", &ints([0])))), "1");
    assert_eq!(repr(&ok(method(o, "index", &ints([5, -1])))), "1");
    assert_eq!(
        repr(&ok(method(o, "__reduce_ex__", &ints([2])).or_else(|_| Ok::<Obj, Raised>(take_raised()))))
            .is_empty(),
        false
    );
    ok(method(o, "extend", &[PyTuple::new(ints(7..9)).into_obj()]));
    ok(method(o, "reverse", &[]));
    assert_eq!(repr(o), "[8, 7, 5, 3]");
    ok(method(o, "clear", &[]));
    assert_eq!(repr(o), "[]");
    assert_eq!(raised(method(o, "pop", &[])), "IndexError: pop from empty list");
    assert_eq!(
        raised(method(o, "append", &[])),
        "TypeError: list.append() takes exactly one argument (0 given)"
    );
    let (a, b) = (list([1, 2]), list([1, 3]));
    let less = ok(protocol::rich_compare(a.as_obj(), b.as_obj(), CompareOp::Lt));
    assert_eq!(repr(&less), "True");
}

#[test]
fn sorting() {
    initialize();
    let l = PyList::new(vec![float_obj(2.5), int_obj(1), float_obj(-1.0), int_obj(2)]);
    ok(l.sort(None, false));
    assert_eq!(repr(l.as_obj()), "[-1.0, 1, 2, 2.5]");
    ok(l.sort(None, true));
    assert_eq!(repr(l.as_obj()), "[2.5, 2, 1, -1.0]");
    let l = PyList::new(["pear", "fig", "apple", "kiwi", "fig"].map(str_obj).to_vec());
    ok(l.sort(None, false));
    assert_eq!(repr(l.as_obj()), "['apple', 'fig', 'fig', 'kiwi', 'pear']");
    let len = types().str.lookup_name("__len__").unwrap();
    ok(l.sort(Some(&len), true));
    assert_eq!(repr(l.as_obj()), "['apple', 'kiwi', 'pear', 'fig', 'fig']");
    l.push(int_obj(1));
    assert_eq!(
        raised(l.sort(None, false)),
        "TypeError: '<' not supported between instances of 'int' and 'str'"
    );
    assert_eq!(l.len(), 6);
}

#[test]
fn tuples() {
    initialize();
    let t = PyTuple::new(ints([1, 2, 3]));
    assert_eq!(repr(t.as_obj()), "(1, 2, 3)");
    assert_eq!(ok(protocol::hash(t.as_obj())), 529344067295497451);
    assert_eq!(ok(protocol::hash(PyTuple::empty().as_obj())), 5740354900026072187);
    assert_eq!(repr(PyTuple::from_array([int_obj(1)]).as_obj()), "(1,)");
    assert!(PyTuple::new(Vec::new()).as_obj().is(PyTuple::empty().as_obj()));
    assert_eq!(repr(&ok(protocol::getitem(t.as_obj(), &slice(None, None, Some(-1))))), "(3, 2, 1)");
    let d = PyDict::new();
    ok(d.set(t.as_obj().clone(), int_obj(7)));
    assert_eq!(repr(&ok(d.get(PyTuple::new(ints([1, 2, 3])).as_obj())).unwrap()), "7");
    assert_eq!(
        raised(protocol::hash(PyTuple::new(vec![list([]).into_obj()]).as_obj())),
        "TypeError: unhashable type: 'list'"
    );
}

#[test]
fn dict_operations() {
    initialize();
    let d = PyDict::new();
    for i in 0..1000 {
        ok(d.set(int_obj(i), int_obj(i * 2)));
    }
    for i in (0..1000).step_by(2) {
        assert!(ok(d.delete(&int_obj(i))));
    }
    assert_eq!(d.len(), 500);
    for i in 0..1000 {
        assert_eq!(
            ok(d.get(&int_obj(i))).map(|v| v.value().as_int()),
            if i % 2 == 1 { Some(i * 2) } else { None }
        );
    }
    assert_eq!(d.keys().len(), 500);
    while let Some((k, v)) = d.pop_item() {
        assert_eq!(k.value().as_int() * 2, v.value().as_int());
    }
    assert_eq!(d.len(), 0);
    let o = d.as_obj();
    ok(protocol::setitem(o, &str_obj("a"), &int_obj(1)));
    ok(protocol::setitem(o, &int_obj(1), &str_obj("x")));
    ok(protocol::setitem(o, &float_obj(1.0), &str_obj("y")));
    assert_eq!(repr(o), "{'a': 1, 1: 'y'}");
    assert_eq!(repr(&ok(method(o, "items", &[]))), "dict_items([('a', 1), (1, 'y')])");
    assert_eq!(
        raised(protocol::getitem(o, &list([]).into_obj())),
        "TypeError: cannot use 'list' as a dict key (unhashable type: 'list')"
    );
    assert_eq!(raised(protocol::getitem(o, &str_obj("b"))), "KeyError: 'b'");
    assert_eq!(repr(&ok(method(o, "setdefault", &[str_obj("b"), int_obj(5)]))), "5");
    assert_eq!(repr(&ok(method(o, "pop", &[str_obj("b")]))), "5");
    assert_eq!(repr(&ok(method(o, "get", &[str_obj("b")]))), "None");
    let copy = ok(method(o, "copy", &[]));
    assert!(ok(protocol::eq(o, &copy)));
    let e = ok(PyDict::from_pairs([(str_obj("a"), int_obj(3)), (str_obj("z"), int_obj(4))]));
    assert_eq!(
        repr(&ok(protocol::binary_op(o, e.as_obj(), protocol::BinaryOp::Or))),
        "{'a': 3, 1: 'y', 'z': 4}"
    );
    let keys = ok(method(o, "keys", &[]));
    let both = ok(protocol::binary_op(&keys, e.as_obj(), protocol::BinaryOp::And));
    assert_eq!(repr(&both), "{'a'}");
    let iterator = ok(protocol::iter(o));
    ok(protocol::next(&iterator));
    d.set_str("new", none());
    assert_eq!(raised(protocol::next(&iterator)), "RuntimeError: dictionary changed size during iteration");
    assert_eq!(raised(d.update_from(&int_obj(1))), "TypeError: 'int' object is not iterable");
    d.set_str("self", o.clone());
    assert_eq!(repr(o), "{'a': 1, 1: 'y', 'new': None, 'self': {...}}");
    d.clear();
    assert_eq!(repr(o), "{}");
    // Caches of places.
    d.set_str("one", int_obj(1));
    let version = d.keys_version();
    let index = d.entry_index(&intern("one")).unwrap();
    assert!(version != 0 && d.keys_version() == version);
    d.set_str("one", int_obj(2));
    assert_eq!(d.cached_value(version, index).map(|v| v.value().as_int()), Some(2));
    assert!(d.set_cached_value(version, index, int_obj(3)).is_ok());
    d.set_str("two", int_obj(2));
    assert!(d.cached_value(version, index).is_none());
    assert!(d.keys_version() != version);
}

#[test]
fn sets() {
    initialize();
    let a = ok(PySet::new(ints([1, 2, 3])));
    let b = ok(PySet::new(ints([2, 3, 4])));
    let op = |op| repr(&ok(protocol::binary_op(a.as_obj(), b.as_obj(), op)));
    assert_eq!(op(protocol::BinaryOp::And), "{2, 3}");
    assert_eq!(op(protocol::BinaryOp::Or), "{1, 2, 3, 4}");
    assert_eq!(op(protocol::BinaryOp::Sub), "{1}");
    assert_eq!(op(protocol::BinaryOp::Xor), "{1, 4}");
    let f = PySet::frozen(ints([1, 2, 3]));
    assert!(ok(protocol::eq(&f, a.as_obj())));
    assert_eq!(ok(protocol::hash(&f)), -272375401224217160);
    assert_eq!(ok(protocol::hash(&PySet::frozen(Vec::new()))), 133146708735736);
    assert_eq!(repr(&f), "frozenset({1, 2, 3})");
    let nested = ok(PySet::new(vec![f.clone()]));
    assert!(ok(nested.contains(a.as_obj())));
    assert_eq!(
        raised(a.add(list([]).into_obj())),
        "TypeError: cannot use 'list' as a set element (unhashable type: 'list')"
    );
    assert_eq!(raised(method(a.as_obj(), "remove", &ints([9]))), "KeyError: 9");
    ok(method(a.as_obj(), "intersection_update", &[b.as_obj().clone()]));
    assert_eq!(repr(a.as_obj()), "{2, 3}");
    while a.pop().is_some() {}
    assert_eq!(repr(a.as_obj()), "set()");
}

#[test]
fn iterators() {
    initialize();
    let types = types();
    let call = |class: &Py<PyType>, args: &[Obj]| ok(protocol::call(class.as_obj(), args));
    let collect = |obj: &Obj| repr(PyList::new(ok(protocol::collect(obj))).as_obj());
    let range = call(&types.range, &ints([10, 0, -3]));
    assert_eq!(repr(&range), "range(10, 0, -3)");
    assert_eq!(collect(&range), "[10, 7, 4, 1]");
    assert_eq!(collect(&call(&types.reversed, &[range.clone()])), "[1, 4, 7, 10]");
    assert_eq!(repr(&ok(protocol::getitem(&range, &slice(Some(1), Some(3), None)))), "range(7, 1, -3)");
    assert!(ok(protocol::contains(&range, &int_obj(4))));
    assert!(!ok(protocol::contains(&range, &int_obj(5))));
    let l = list(5..8).into_obj();
    assert_eq!(collect(&call(&types.enumerate, &[l.clone()])), "[(0, 5), (1, 6), (2, 7)]");
    assert_eq!(collect(&call(&types.zip, &[l.clone(), range.clone()])), "[(5, 10), (6, 7), (7, 4)]");
    assert_eq!(collect(&call(&types.filter, &[none(), list(0..3).into_obj()])), "[1, 2]");
    assert_eq!(collect(&call(&types.map, &[types.float.as_obj().clone(), l.clone()])), "[5.0, 6.0, 7.0]");
    assert_eq!(collect(&call(&types.reversed, &[l])), "[7, 6, 5]");
    let s = slice(Some(1), None, Some(-2));
    assert_eq!(repr(&s), "slice(1, None, -2)");
    assert_eq!(repr(&ok(method(&s, "indices", &ints([5])))), "(1, -1, -2)");
}

/// Runs `threads` readers until the writer is done; each must announce its safepoints.
fn race(seconds: f64, threads: usize, write: impl Fn(u64) + Sync, read: impl Fn(u64) + Sync) {
    let done = AtomicBool::new(false);
    let turn = |work: &(dyn Fn(u64) + Sync), seed: u64, done: &AtomicBool| {
        let begun = std::time::Instant::now();
        let mut number = seed;
        while !done.load(Ordering::Relaxed) {
            number = number.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            work(number >> 33);
            if let Some(thread) = taipan_threading::current()
                && thread.poll() != 0
            {
                taipan_gc::thread::poll(thread);
                taipan_threading::safepoint();
            }
            if begun.elapsed().as_secs_f64() > seconds {
                done.store(true, Ordering::Relaxed);
            }
        }
    };
    taipan_gc::thread::enter();
    taipan_threading::detached(|| {
        std::thread::scope(|scope| {
            for seed in 0..threads as u64 {
                let (read, turn, done) = (&read, &turn, &done);
                scope.spawn(move || {
                    taipan_gc::thread::enter();
                    turn(read, seed + 1, done);
                });
            }
            for seed in 0..2 {
                let (write, turn, done) = (&write, &turn, &done);
                scope.spawn(move || {
                    taipan_gc::thread::enter();
                    turn(write, seed + 100, done);
                });
            }
        });
    });
}

/// A fresh object that tells what it was stored for.
fn token(number: u64) -> Obj {
    PyTuple::from_array([int_obj(number as i64), str_obj(&format!("value {number}"))]).into_obj()
}

fn number_of(token: &Obj) -> i64 {
    let tuple = token.downcast::<PyTuple>().expect("a token is a tuple");
    assert_eq!(tuple.len(), 2);
    let number = tuple.as_slice()[0].value().as_int();
    assert_eq!(repr(&tuple.as_slice()[1]), format!("'value {number}'"));
    number
}

#[test]
fn dict_read_while_changed() {
    initialize();
    let dict = PyDict::new();
    race(
        1.0,
        2,
        |n| match n % 100 {
            0 => dict.clear(),
            1..=60 => ok(dict.set(str_obj(&format!("key {}", n % 50)), token(n % 50))),
            61..=65 => drop(dict.pop_item()),
            _ => drop(ok(dict.delete(&str_obj(&format!("key {}", n % 50))))),
        },
        |n| {
            if let Some(value) = ok(dict.get(&str_obj(&format!("key {}", n % 50)))) {
                assert_eq!(number_of(&value), (n % 50) as i64);
            }
            if n % 64 == 0 {
                let mut position = 0;
                while let Some((key, value)) = dict.next_entry(&mut position) {
                    assert_eq!(repr(&key), format!("'key {}'", number_of(&value)));
                }
            }
        },
    );
    for (key, value) in dict.snapshot() {
        assert_eq!(repr(&key), format!("'key {}'", number_of(&value)));
    }
}

#[test]
fn list_read_while_changed() {
    initialize();
    let list = PyList::new(Vec::new());
    race(
        1.0,
        2,
        |n| match n % 40 {
            0 => list.clear(),
            1..=20 => list.push(token(n)),
            21..=24 => drop(list.pop()),
            25..=27 => drop(list.remove((n % 16) as usize)),
            28..=30 => list.insert((n % 16) as usize, token(n)),
            31 => list.reverse(),
            32 => list.splice(2, 6, (0..n % 10).map(token).collect()),
            _ => drop(list.set((n % 16) as usize, token(n))),
        },
        |n| {
            if let Some(item) = list.get((n % 20) as usize) {
                number_of(&item);
            }
            if n % 64 == 0 {
                list.to_vec().iter().for_each(|item| assert!(number_of(item) >= 0));
            }
        },
    );
}

#[test]
fn no_update_is_lost() {
    initialize();
    let (list, dict, set) = (PyList::new(Vec::new()), PyDict::new(), ok(PySet::new(Vec::new())));
    taipan_gc::thread::enter();
    taipan_threading::detached(|| {
        std::thread::scope(|scope| {
            for thread in 0..4i64 {
                let (list, dict, set) = (&list, &dict, &set);
                scope.spawn(move || {
                    taipan_gc::thread::enter();
                    for i in 0..5000 {
                        list.push(int_obj(i));
                        ok(dict.set(int_obj(i * 4 + thread), int_obj(i)));
                        ok(set.add(str_obj(&format!("{}", i * 4 + thread))));
                        taipan_threading::safepoint();
                    }
                });
            }
        });
    });
    assert_eq!((list.len(), dict.len(), set.len()), (20000, 20000, 20000));
    let sum: i64 = list.to_vec().iter().map(|i| i.value().as_int()).sum();
    assert_eq!(sum, 4 * 4999 * 5000 / 2);
}

/// Keys with one hash whose `==` runs what a test wants.
mod evil {
    use std::cell::{Cell, RefCell};

    use taipan_objects::prelude::*;
    use taipan_objects::type_object::{CompareOp, TypeBuilder};

    #[repr(C)]
    pub struct Key {
        header: Header,
        pub name: i64,
    }
    layout!(Key, "Key");

    thread_local! {
        pub static ON_EQ: RefCell<Option<Box<dyn Fn(u32)>>> = const { RefCell::new(None) };
        static CALLS: Cell<u32> = const { Cell::new(0) };
        static BUSY: Cell<bool> = const { Cell::new(false) };
    }

    fn hash(_: &Obj) -> PyResult<i64> {
        Ok(42)
    }

    fn compare(a: &Obj, b: &Obj, op: CompareOp) -> PyResult<Obj> {
        if !BUSY.replace(true) {
            CALLS.set(CALLS.get() + 1);
            ON_EQ.with_borrow(|f| f.iter().for_each(|f| f(CALLS.get())));
            BUSY.set(false);
        }
        if CALLS.get() % 97 == 96 {
            return Err(value_error("no"));
        }
        let (Some(a), Some(b)) = (a.downcast::<Key>(), b.downcast::<Key>()) else {
            return Ok(not_implemented());
        };
        Ok(bool_obj((a.name == b.name) == (op == CompareOp::Eq)))
    }

    pub fn class() -> Py<PyType> {
        let slots = TypeSlots { hash: Some(hash), richcompare: Some(compare), ..TypeSlots::EMPTY };
        TypeBuilder::new("tests.Key", Key::ops()).slots(slots).make()
    }
    pub fn key(class: &PyType, name: i64) -> Obj {
        taipan_objects::type_object::new_instance(class, |header| Key { header, name }).into_obj()
    }
}

#[test]
fn comparisons_that_change_the_container() {
    initialize();
    let class = evil::class();
    let (dict, set, list) = (PyDict::new(), ok(PySet::new(Vec::new())), PyList::new(Vec::new()));
    let keys: Vec<Obj> = (0..12).map(|name| evil::key(&class, name)).collect();
    let (d, s, l, c) = (dict.clone(), set.clone(), list.clone(), class.clone());
    evil::ON_EQ.set(Some(Box::new(move |call| {
        let fresh = |name: u32| evil::key(&c, i64::from(name % 12));
        let quiet = |result: PyResult<()>| {
            if result.is_err() {
                drop(take_raised());
            }
        };
        match call % 11 {
            0 => d.clear(),
            1 => quiet(d.set(fresh(call), int_obj(1))),
            2 => quiet(d.delete(&fresh(call)).map(drop)),
            3 => drop(d.pop_item()),
            4 => s.clear(),
            5 => quiet(s.add(fresh(call)).map(drop)),
            6 => l.clear(),
            7 => l.push(fresh(call)),
            8 => (0..20).for_each(|i| quiet(d.set(int_obj(i), none()))),
            9 => (0..20).for_each(|i| quiet(d.delete(&int_obj(i)).map(drop))),
            _ => drop(l.pop()),
        }
    })));
    let mut errors = 0;
    let mut count = |result: PyResult<()>| {
        if result.is_err() {
            assert!(
                ["ValueError: no", "RuntimeError: dictionary changed size during iteration"]
                    .contains(&error_text().as_str())
            );
            errors += 1;
        }
    };
    for round in 0..400usize {
        // Equal to one of `keys`, but another object.
        let key = evil::key(&class, (round * 7 % 12) as i64);
        count(dict.set(keys[round % 12].clone(), int_obj(round as i64)));
        count(dict.get(&key).map(drop));
        count(dict.delete(&key).map(drop));
        count(dict.setdefault(&key, &none()).map(drop));
        count(set.add(keys[round % 12].clone()).map(drop));
        count(set.contains(&key).map(drop));
        count(set.discard(&key).map(drop));
        list.push(keys[round % 12].clone());
        count(protocol::contains(list.as_obj(), &key).map(drop));
        count(protocol::rich_compare(list.as_obj(), list.as_obj(), CompareOp::Lt).map(drop));
        count(protocol::eq(dict.as_obj(), dict.copy().as_obj()).map(drop));
        count(list.sort(None, false).or_else(|_| {
            drop(take_raised());
            Ok(())
        }));
        // Every key is there once.
        let names: Vec<i64> =
            dict.keys().iter().filter_map(|k| k.downcast::<evil::Key>().map(|k| k.name)).collect();
        let mut unique = names.clone();
        unique.sort();
        unique.dedup();
        assert_eq!(unique.len(), names.len());
        assert_eq!(dict.len(), dict.keys().len());
        assert_eq!(set.len(), set.to_vec().len());
    }
    assert!(errors > 0);
    evil::ON_EQ.set(None);
}

#[test]
fn error_texts() {
    initialize();
    let t = types();
    let call = |class: &Py<PyType>, args: &[Obj]| raised(protocol::call(class.as_obj(), args));
    let (l, d, s) = (list([1, 2, 3]).into_obj(), PyDict::new().into_obj(), PySet::frozen(Vec::new()));
    let text = |s: &str| str_obj(s);
    assert_eq!(call(&t.range, &ints([1, 2, 0])), "ValueError: range() arg 3 must not be zero");
    assert_eq!(call(&t.range, &[text("a")]), "TypeError: 'str' object cannot be interpreted as an integer");
    assert_eq!(call(&t.range, &[]), "TypeError: range expected at least 1 argument, got 0");
    assert_eq!(call(&t.slice, &ints([1, 2, 3, 4])), "TypeError: slice expected at most 3 arguments, got 4");
    assert_eq!(call(&t.list, &ints([1, 2])), "TypeError: list expected at most 1 argument, got 2");
    assert_eq!(call(&t.tuple, &ints([1, 2])), "TypeError: tuple expected at most 1 argument, got 2");
    assert_eq!(call(&t.dict, &ints([1, 2])), "TypeError: dict expected at most 1 argument, got 2");
    assert_eq!(call(&t.dict, &[list([1]).into_obj()]), "TypeError: object is not iterable");
    let triple = PyList::new(vec![list([1, 2, 3]).into_obj()]).into_obj();
    assert_eq!(
        call(&t.dict, &[triple]),
        "ValueError: dictionary update sequence element #0 has length 3; 2 is required"
    );
    assert_eq!(call(&t.set, &ints([1])), "TypeError: 'int' object is not iterable");
    assert_eq!(call(&t.reversed, &ints([1])), "TypeError: 'int' object is not reversible");
    assert_eq!(call(&t.reversed, &[]), "TypeError: reversed expected 1 argument, got 0");
    assert_eq!(call(&t.reversed, &[s.clone()]), "TypeError: 'frozenset' object is not reversible");
    assert_eq!(call(&t.enumerate, &[]), "TypeError: enumerate() missing required argument 'iterable'");
    assert_eq!(call(&t.filter, &ints([1])), "TypeError: filter expected 2 arguments, got 1");
    assert_eq!(call(&t.map, &ints([1])), "TypeError: map() must have at least two arguments.");
    assert_eq!(call(&t.zip, &ints([1])), "TypeError: 'int' object is not iterable");
    let of = |obj: &Obj, name: &str, args: &[Obj]| raised(method(obj, name, args));
    assert_eq!(of(&d, "popitem", &[]), "KeyError: 'popitem(): dictionary is empty'");
    assert_eq!(of(&d, "pop", &[]), "TypeError: pop expected at least 1 argument, got 0");
    assert_eq!(of(&d, "pop", &[l.clone()]), "KeyError: [1, 2, 3]");
    assert_eq!(of(&d, "update", &ints([1, 2])), "TypeError: update expected at most 1 argument, got 2");
    assert_eq!(of(&l, "sort", &ints([1])), "TypeError: sort() takes no positional arguments");
    assert_eq!(of(&l, "pop", &ints([7])), "IndexError: pop index out of range");
    assert_eq!(
        of(&l, "insert", &[text("a"), none()]),
        "TypeError: 'str' object cannot be interpreted as an integer"
    );
    assert_eq!(of(&l, "copy", &ints([1])), "TypeError: list.copy() takes no arguments (1 given)");
    let op = |a: &Obj, b: &Obj, op| raised(protocol::binary_op(a, b, op));
    use protocol::BinaryOp::{Add, Mul, Or};
    assert_eq!(
        op(&l, PyTuple::empty().as_obj(), Add),
        "TypeError: can only concatenate list (not \"tuple\") to list"
    );
    assert_eq!(
        op(PyTuple::empty().as_obj(), &l, Add),
        "TypeError: can only concatenate tuple (not \"list\") to tuple"
    );
    assert_eq!(op(&l, &text("a"), Mul), "TypeError: can't multiply sequence by non-int of type 'str'");
    assert_eq!(op(&l, &int_obj(1 << 62), Mul), "MemoryError: ");
    assert_eq!(op(&d, &l, Or), "TypeError: unsupported operand type(s) for |: 'dict' and 'list'");
    assert_eq!(op(&s, &l, Or), "TypeError: unsupported operand type(s) for |: 'frozenset' and 'list'");
    let set = |key: &Obj, value: &Obj| raised(protocol::setitem(&l, key, value));
    assert_eq!(set(&int_obj(9), &none()), "IndexError: list assignment index out of range");
    assert_eq!(
        set(&slice(None, None, Some(2)), list([1]).as_obj()),
        "ValueError: attempt to assign sequence of size 1 to extended slice of size 2"
    );
    assert_eq!(
        set(&slice(Some(0), Some(1), None), &int_obj(1)),
        "TypeError: must assign iterable to extended slice"
    );
    assert_eq!(
        raised(protocol::getitem(&l, &slice(None, None, Some(0)))),
        "ValueError: slice step cannot be zero"
    );
    let compare = |a: &Obj, b: &Obj| raised(protocol::rich_compare(a, b, CompareOp::Lt));
    assert_eq!(
        compare(&l, &int_obj(1)),
        "TypeError: '<' not supported between instances of 'list' and 'int'"
    );
    assert_eq!(compare(&d, &d), "TypeError: '<' not supported between instances of 'dict' and 'dict'");
    assert_eq!(
        compare(&s, &int_obj(1)),
        "TypeError: '<' not supported between instances of 'frozenset' and 'int'"
    );
    assert_eq!(
        raised(protocol::hash(&slice(Some(1), None, None)).and_then(|_| protocol::hash(&l))),
        "TypeError: unhashable type: 'list'"
    );
    let strict = |lists: &[&[i64]]| {
        let lists: Vec<Obj> = lists.iter().map(|l| list(l.iter().copied()).into_obj()).collect();
        let (names, values) = ([text("strict")], [bool_obj(true)]);
        let args = Args { positional: &lists, keyword_names: &names, keyword_values: &values };
        raised(protocol::call_args(types().zip.as_obj(), &args).and_then(|zip| protocol::collect(&zip)))
    };
    assert_eq!(strict(&[&[1], &[1, 2]]), "ValueError: zip() argument 2 is longer than argument 1");
    assert_eq!(strict(&[&[1], &[1], &[1, 2]]), "ValueError: zip() argument 3 is longer than arguments 1-2");
    assert_eq!(strict(&[&[1, 2], &[1]]), "ValueError: zip() argument 2 is shorter than argument 1");
    assert_eq!(
        strict(&[&[1, 2], &[1, 2], &[1]]),
        "ValueError: zip() argument 3 is shorter than arguments 1-2"
    );
}
