//! Texts, bytes and numbers through the abstract operations, and under threads that change what others read.

use std::sync::Once;

use taipan_objects::bytearray::PyByteArray;
use taipan_objects::bytes::PyBytes;
use taipan_objects::error::take_raised;
use taipan_objects::int::{from_i64, from_i128};
use taipan_objects::memoryview;
use taipan_objects::prelude::*;
use taipan_objects::protocol::{self, BinaryOp};
use taipan_objects::str::{concat_owned, intern, intern_obj};

fn initialize() {
    static ONCE: Once = Once::new();
    ONCE.call_once(taipan_objects::types::init);
}

fn show(result: PyResult<Obj>) -> String {
    let shown = result.and_then(|value| protocol::repr_string(&value));
    shown.unwrap_or_else(|_| {
        let exception = take_raised();
        format!("{}: {}", class_of(&exception).name(), protocol::str_string(&exception).unwrap_or_default())
    })
}

#[track_caller]
fn check(a: Obj, op: BinaryOp, b: Obj, expected: &str) {
    assert_eq!(show(protocol::binary_op(&a, &b, op)), expected);
}

fn method(obj: &Obj, name: &str, args: &[Obj]) -> PyResult<Obj> {
    protocol::call_method_str(obj, name, args)
}

#[test]
fn arithmetic_widens_and_narrows() {
    initialize();
    let i = from_i64;
    check(i((1 << 47) - 1), BinaryOp::Add, i(1), "140737488355328");
    check(i(i64::MAX), BinaryOp::Add, i(1), "9223372036854775808");
    check(i(i64::MIN), BinaryOp::FloorDiv, i(-1), "9223372036854775808");
    check(i(i64::MAX), BinaryOp::Mul, i(i64::MAX), "85070591730234615847396907784232501249");
    check(from_i128(1 << 100), BinaryOp::RShift, i(60), "1099511627776");
    check(from_i128(1 << 100), BinaryOp::Sub, from_i128((1 << 100) - 1), "1");
    check(i(-7), BinaryOp::Mod, i(3), "2");
    check(i(-7), BinaryOp::FloorDiv, i(2), "-4");
    check(i(2), BinaryOp::Pow, i(-1), "0.5");
    check(i(1), BinaryOp::LShift, i(-1), "ValueError: negative shift count");
    check(i(1), BinaryOp::LShift, i(1 << 40), "MemoryError: ");
    check(i(1), BinaryOp::TrueDiv, i(0), "ZeroDivisionError: division by zero");
    check(bool_obj(true), BinaryOp::Add, bool_obj(true), "2");
    check(bool_obj(true), BinaryOp::And, bool_obj(false), "False");
    check(i(1), BinaryOp::Add, Obj::float(0.5), "1.5");
    check(Obj::float(-7.5), BinaryOp::FloorDiv, i(2), "-4.0");
}

#[test]
fn sizes_beyond_memory_are_errors() {
    initialize();
    check(str_obj("x"), BinaryOp::Mul, from_i64(i64::MAX), "MemoryError: ");
    check(bytes_obj(b"x"), BinaryOp::Mul, from_i64(i64::MAX), "MemoryError: ");
    check(str_obj("%*d"), BinaryOp::Mod, tuple_obj(vec![from_i64(1 << 60), from_i64(1)]), "MemoryError: ");
    assert_eq!(show(method(&str_obj("x"), "center", &[from_i64(1 << 60)])), "MemoryError: ");
}

#[test]
fn appending_changes_no_string_that_others_hold() {
    initialize();
    let mut text = str_obj(&"a".repeat(300));
    let mut held = Vec::new();
    for round in 0..200 {
        if round % 3 == 0 {
            held.push((text.clone(), protocol::str_string(&text).unwrap_or_default()));
        }
        let more = str_obj(if round == 150 { "\u{1f600}" } else { "\u{e9}b" });
        text = concat_owned(text, &more).unwrap_or_else(|_| panic!("nothing can fail here"));
    }
    for (string, copy) in &held {
        assert_eq!(&protocol::str_string(string).unwrap_or_default(), copy);
    }
    assert_eq!(protocol::len(&text).ok(), Some(300 + 199 * 2 + 1));
}

#[test]
fn interning_gives_one_object_on_all_threads() {
    initialize();
    let names: Vec<String> =
        (0..500).map(|i| format!("name_{i}_{}", if i % 2 == 0 { "\u{e9}" } else { "z" })).collect();
    taipan_gc::thread::enter();
    let addresses: Vec<Vec<usize>> = taipan_threading::detached(|| {
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..4)
                .map(|worker| {
                    let names = &names;
                    scope.spawn(move || {
                        taipan_gc::thread::enter();
                        names
                            .iter()
                            .map(|name| {
                                let string =
                                    if worker % 2 == 0 { intern(name) } else { intern_obj(&str_obj(name)) };
                                assert!(string.is_interned() && string.eq_str(name));
                                string.as_ptr() as usize
                            })
                            .collect()
                    })
                })
                .collect();
            workers.into_iter().filter_map(|w| w.join().ok()).collect()
        })
    });
    assert_eq!(addresses.len(), 4);
    assert!(addresses.iter().all(|a| *a == addresses[0]));
}

#[test]
fn exports_hold_a_bytearray_in_place() {
    initialize();
    let array = PyByteArray::from_vec(b"abc".to_vec());
    let view =
        memoryview::from_object(array.as_obj()).unwrap_or_else(|_| panic!("a bytearray exports its bytes"));
    assert_eq!(
        show(method(array.as_obj(), "append", &[from_i64(1)])),
        "BufferError: Existing exports of data: object cannot be re-sized"
    );
    assert_eq!(show(method(&view, "release", &[])), "None");
    assert_eq!(show(method(array.as_obj(), "append", &[from_i64(100)])), "None");
    assert_eq!(show(Ok(array.into_obj())), "bytearray(b'abcd')");
    assert_eq!(
        show(method(&view, "tobytes", &[])),
        "ValueError: operation forbidden on released memoryview object"
    );
}

#[test]
fn threads_share_a_bytearray() {
    initialize();
    let array = PyByteArray::from_vec(Vec::new());
    let needle = PyBytes::new(b"xy");
    taipan_gc::thread::enter();
    taipan_threading::detached(|| {
        std::thread::scope(|scope| {
            for worker in 0..4 {
                let (array, needle) = (&array, &needle);
                scope.spawn(move || {
                    taipan_gc::thread::enter();
                    for round in 0..2000 {
                        if let Some(thread) = taipan_threading::current()
                            && thread.poll() != 0
                        {
                            taipan_gc::thread::poll(thread);
                            taipan_threading::safepoint();
                        }
                        let result = match (worker + round) % 4 {
                            0 => method(array.as_obj(), "extend", &[bytes_obj(b"xyz")]),
                            1 => method(array.as_obj(), "find", &[needle.as_obj().clone()]),
                            2 => method(array.as_obj(), "pop", &[from_i64(0)]),
                            _ => memoryview::from_object(array.as_obj()).and_then(|view| {
                                let copy = method(&view, "tobytes", &[]);
                                method(&view, "release", &[])?;
                                copy
                            }),
                        };
                        if result.is_err() {
                            // Empty, or exported by another thread at the moment.
                            let exception = take_raised();
                            let class = class_of(&exception).name();
                            assert!(class == "IndexError" || class == "BufferError", "{class}");
                        }
                    }
                });
            }
        });
    });
    assert_eq!(show(method(array.as_obj(), "clear", &[])), "None");
}
