//! What the building blocks cost: counts, locks, allocation, lists, dicts, a collection. `cargo bench -p taipan-benches`.
//!
//! All on one thread, in a process that has no other: what threads cost each other is `taipan-benches scaling`'s to say.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use taipan_gc::collector;
use taipan_objects::dict::PyDict;
use taipan_objects::list::PyList;
use taipan_objects::prelude::*;
use taipan_objects::tuple::PyTuple;
use taipan_threading::with_section;

/// Makes the types, once; the thread stays attached.
fn initialize() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(taipan_objects::types::init);
}

/// Objects that are counted: nothing else refers to them.
fn lists(count: usize) -> Vec<Obj> {
    (0..count).map(|_| PyList::new(Vec::new()).into_obj()).collect()
}

fn count(criterion: &mut Criterion) {
    initialize();
    let mut group = criterion.benchmark_group("count");
    let (owned, immortal, number) =
        (PyList::new(Vec::new()).into_obj(), intern("text").into_obj(), int_obj(7));
    group.bench_function("clone and drop of an own object", |b| {
        b.iter(|| black_box(black_box(&owned).clone()))
    });
    group.bench_function("clone and drop of an immortal object", |b| {
        b.iter(|| black_box(black_box(&immortal).clone()))
    });
    group
        .bench_function("clone and drop of an integer", |b| b.iter(|| black_box(black_box(&number).clone())));
    let slot = Slot::new(owned.clone());
    group.bench_function("load of a slot", |b| b.iter(|| black_box(black_box(&slot).load())));
    group.finish();
}

fn lock(criterion: &mut Criterion) {
    initialize();
    let mut group = criterion.benchmark_group("lock");
    let list = PyList::new(Vec::new());
    let lock = list.header().lock();
    group.bench_function("lock and unlock", |b| {
        b.iter(|| {
            black_box(lock).lock();
            black_box(lock).unlock();
        })
    });
    group.bench_function("critical section", |b| b.iter(|| with_section(black_box(lock), || black_box(1))));
    group.bench_function("safepoint", |b| b.iter(taipan_threading::safepoint));
    group.finish();
}

fn alloc(criterion: &mut Criterion) {
    initialize();
    let mut group = criterion.benchmark_group("alloc");
    group.bench_function("empty list", |b| b.iter(|| PyList::new(Vec::new())));
    group.bench_function("empty dict", |b| b.iter(PyDict::new));
    group.bench_function("pair", |b| b.iter(|| PyTuple::from_array([int_obj(1), int_obj(2)])));
    group.bench_function("short string", |b| b.iter(|| str_obj(black_box("a short text"))));
    group.bench_function("a thousand lists at a time", |b| b.iter(|| lists(1000)));
    group.finish();
}

fn list(criterion: &mut Criterion) {
    initialize();
    let mut group = criterion.benchmark_group("list");
    let list = PyList::new((0..100).map(int_obj).collect());
    let of_objects = PyList::new(lists(100));
    group.bench_function("get of an integer", |b| b.iter(|| black_box(list.get(black_box(50)))));
    group.bench_function("get of an object", |b| b.iter(|| black_box(of_objects.get(black_box(50)))));
    group.bench_function("set", |b| b.iter(|| black_box(list.set(black_box(50), int_obj(3)))));
    group.bench_function("push and pop", |b| {
        b.iter(|| {
            list.push(int_obj(1));
            black_box(list.pop())
        })
    });
    group.bench_function("growth to a thousand", |b| {
        b.iter(|| {
            let list = PyList::new(Vec::new());
            (0..1000).for_each(|number| list.push(int_obj(number)));
            list
        })
    });
    group.finish();
}

fn dict(criterion: &mut Criterion) {
    initialize();
    let mut group = criterion.benchmark_group("dict");
    let names: Vec<Py<PyStr>> = (0..100).map(|number| intern(&format!("name{number}"))).collect();
    let pairs = || names.iter().map(|name| (name.clone().into_obj(), int_obj(1)));
    let dict = PyDict::from_pairs(pairs()).unwrap_or_else(|_| PyDict::new());
    let absent = intern("absent");
    group.bench_function("get by name", |b| b.iter(|| black_box(dict.get_str(black_box(&names[50])))));
    group.bench_function("get of an absent name", |b| b.iter(|| black_box(dict.get_str(black_box(&absent)))));
    group.bench_function("set of a name that is there", |b| {
        b.iter(|| dict.set(names[50].clone().into_obj(), int_obj(2)).is_ok())
    });
    let numbers = PyDict::from_pairs((0..100).map(|number| (int_obj(number), int_obj(1))));
    let numbers = numbers.unwrap_or_else(|_| PyDict::new());
    group.bench_function("get by number", |b| b.iter(|| numbers.get(&int_obj(black_box(50))).is_ok()));
    group.bench_function("growth to a hundred names", |b| b.iter(|| PyDict::from_pairs(pairs()).is_ok()));
    group.finish();
}

fn collection(criterion: &mut Criterion) {
    initialize();
    let mut group = criterion.benchmark_group("collection");
    group.sample_size(20);
    collector::disable();
    let alive = lists(10_000);
    group.bench_function("of nothing among ten thousand lists", |b| b.iter(|| collector::collect(2)));
    drop(alive);
    let cycles = || {
        for _ in 0..10_000 {
            let list = PyList::new(Vec::new());
            list.push(list.clone().into_obj());
        }
    };
    group.bench_function("of ten thousand lists that hold themselves", |b| {
        b.iter_batched(cycles, |()| collector::collect(2), BatchSize::PerIteration)
    });
    group.finish();
}

criterion_group!(benches, count, lock, alloc, list, dict, collection);
criterion_main!(benches);
