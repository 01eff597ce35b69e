//! Texts and attributes of exceptions, and of the other objects that go with them, as CPython 3.14 has them.

use taipan_gc::{Obj, Py};

use super::*;
use crate::protocol::{getattr_str, repr_string, str_string};

fn prepare() -> &'static Types {
    crate::types::init_for_tests();
    types()
}

fn s(text: &str) -> Obj {
    str_obj(text)
}
fn i(value: i64) -> Obj {
    int_obj(value)
}
fn tuple(items: &[Obj]) -> Obj {
    tuple_obj(items.to_vec())
}

fn outcome<T>(result: PyResult<T>) -> Result<T, String> {
    result.map_err(|Raised| {
        let exception = take_raised();
        format!("{}: {}", class_of(&exception).name(), str_string(&exception).unwrap())
    })
}

fn make(class: &Py<PyType>, args: &[Obj]) -> Result<Obj, String> {
    outcome(protocol::call(class.as_obj(), args))
}

fn make_with(class: &Py<PyType>, args: &[Obj], named: &[(&str, Obj)]) -> Result<Obj, String> {
    let names: Vec<Obj> = named.iter().map(|(n, _)| s(n)).collect();
    let values: Vec<Obj> = named.iter().map(|(_, v)| v.clone()).collect();
    outcome(protocol::call_args(class.as_obj(), &Args::with_keywords(args, &names, &values)))
}

/// `str` and `repr` of `class(*args)`.
#[track_caller]
fn check(class: &Py<PyType>, args: &[Obj], text: &str, repr: &str) {
    let exception = make(class, args).unwrap();
    assert_eq!(outcome(str_string(&exception)).unwrap(), text);
    assert_eq!(outcome(repr_string(&exception)).unwrap(), repr);
}

#[track_caller]
fn fails(class: &Py<PyType>, args: &[Obj], message: &str) {
    assert_eq!(make(class, args).map(|o| repr_string(&o).unwrap()), Err(message.to_owned()));
}

#[track_caller]
fn attribute(obj: &Obj, name: &str, repr: &str) {
    let shown = outcome(getattr_str(obj, name).and_then(|v| repr_string(&v)));
    assert_eq!(shown.unwrap_or_else(|e| e), repr, "{name}");
}

fn set(obj: &Obj, name: &str, value: Option<&Obj>) -> Result<(), String> {
    outcome(protocol::set_or_delete(obj, &s(name), value))
}

#[test]
fn plain_exceptions() {
    let t = prepare();
    check(&t.exception, &[], "", "Exception()");
    check(&t.exception, &[i(1)], "1", "Exception(1)");
    check(&t.value_error, &[i(1), s("a")], "(1, 'a')", "ValueError(1, 'a')");
    check(&t.key_error, &[s("a")], "'a'", "KeyError('a')");
    check(&t.key_error, &[], "", "KeyError()");
    let e = make(&t.exception, &[i(1)]).unwrap();
    attribute(&e, "args", "(1,)");
    attribute(&e, "__cause__", "None");
    attribute(&e, "__suppress_context__", "False");
    assert_eq!(set(&e, "args", None), Err("TypeError: args may not be deleted".into()));
    assert_eq!(set(&e, "args", Some(&i(3))), Err("TypeError: 'int' object is not iterable".into()));
    assert_eq!(
        set(&e, "__cause__", Some(&i(3))),
        Err("TypeError: exception cause must be None or derive from BaseException".into())
    );
    let cause = make(&t.key_error, &[]).unwrap();
    set(&e, "__cause__", Some(&cause)).unwrap();
    attribute(&e, "__cause__", "KeyError()");
    attribute(&e, "__suppress_context__", "True");
    assert_eq!(set(&e, "__context__", None), Err("TypeError: __context__ may not be deleted".into()));
    assert_eq!(
        set(&e, "__traceback__", Some(&i(3))),
        Err("TypeError: __traceback__ must be a traceback or None".into())
    );
    assert_eq!(
        set(&e, "__suppress_context__", Some(&i(1))),
        Err("TypeError: attribute value type must be bool".into())
    );
    set(&e, "extra", Some(&i(5))).unwrap();
    let reduced = outcome(protocol::call_method_str(&e, "__reduce__", &[])).unwrap();
    assert_eq!(repr_string(&reduced).unwrap(), "(<class 'Exception'>, (1,), {'extra': 5})");
    assert_eq!(
        make_with(&t.base_exception, &[], &[("a", i(1))]).map(|_| ()),
        Err("TypeError: BaseException() takes no keyword arguments".into())
    );
    outcome(add_note(&e, &s("a"))).unwrap();
    outcome(add_note(&e, &s("b"))).unwrap();
    attribute(&e, "__notes__", "['a', 'b']");
}

#[test]
fn attributes_of_classes() {
    let t = prepare();
    let e = make_with(&t.attribute_error, &[s("x")], &[("name", s("n")), ("obj", i(3))]).unwrap();
    attribute(&e, "name", "'n'");
    attribute(&e, "obj", "3");
    let reduced = outcome(protocol::call_method_str(&e, "__reduce__", &[])).unwrap();
    assert_eq!(
        repr_string(&reduced).unwrap(),
        "(<class 'AttributeError'>, ('x',), {'name': 'n', 'args': ('x',)})"
    );
    let wrong = make_with(&t.attribute_error, &[], &[("foo", i(1))]).map(|_| ());
    assert_eq!(wrong, Err("TypeError: AttributeError() got an unexpected keyword argument 'foo'".into()));
    attribute(&make(&t.stop_iteration, &[i(1), i(2)]).unwrap(), "value", "1");
    attribute(&make(&t.system_exit, &[i(1), i(2)]).unwrap(), "code", "(1, 2)");
    attribute(&make(&t.system_exit, &[]).unwrap(), "code", "None");
    let e = make_with(&t.import_error, &[s("x")], &[("name", s("a")), ("path", s("b"))]).unwrap();
    attribute(&e, "msg", "'x'");
    let reduced = outcome(protocol::call_method_str(&e, "__reduce__", &[])).unwrap();
    assert_eq!(repr_string(&reduced).unwrap(), "(<class 'ImportError'>, ('x',), {'name': 'a', 'path': 'b'})");
}

#[test]
fn os_errors() {
    let t = prepare();
    check(&t.os_error, &[i(2), s("x"), s("f")], "[Errno 2] x: 'f'", "FileNotFoundError(2, 'x')");
    check(
        &t.os_error,
        &[i(2), s("x"), s("f"), none(), s("g")],
        "[Errno 2] x: 'f' -> 'g'",
        "FileNotFoundError(2, 'x')",
    );
    check(&t.os_error, &[i(1)], "1", "OSError(1)");
    check(&t.file_not_found_error, &[i(13), s("x")], "[Errno 13] x", "FileNotFoundError(13, 'x')");
    let e = make(&t.os_error, &[i(11), s("x"), i(5)]).unwrap();
    attribute(&e, "characters_written", "5");
    attribute(&e, "filename", "None");
    attribute(&e, "args", "(11, 'x', 5)");
    let e = make(&t.os_error, &[i(2), s("x"), s("f"), i(0), s("g")]).unwrap();
    attribute(&e, "characters_written", "AttributeError: characters_written");
    let reduced = outcome(protocol::call_method_str(&e, "__reduce__", &[])).unwrap();
    assert_eq!(repr_string(&reduced).unwrap(), "(<class 'FileNotFoundError'>, (2, 'x', 'f', None, 'g'))");
    let raised = outcome::<()>(Err(os_error_from_errno(libc::ENOENT, Some(&s("a.txt")))));
    assert_eq!(raised, Err("FileNotFoundError: [Errno 2] No such file or directory: 'a.txt'".into()));
}

#[test]
fn syntax_errors() {
    let t = prepare();
    let place = |items: &[Obj]| [s("x"), tuple(items)];
    let text = |items: &[Obj]| str_string(&make(&t.syntax_error, &place(items)).unwrap()).unwrap();
    assert_eq!(text(&[s("/a/f"), i(1), i(2), s("t")]), "x (f, line 1)");
    assert_eq!(text(&[none(), i(1), i(2), s("t")]), "x (line 1)");
    assert_eq!(text(&[s("f"), none(), i(2), s("t")]), "x (f)");
    fails(
        &t.syntax_error,
        &place(&[s("f"), i(1), i(2)]),
        "TypeError: function takes at least 4 arguments (3 given)",
    );
    fails(
        &t.syntax_error,
        &place(&[s("f"), i(1), i(2), s("t"), i(3)]),
        "TypeError: end_offset must be provided when end_lineno is provided",
    );
    let e = make(&t.syntax_error, &place(&[s("f"), i(1), i(2), s("t"), i(3), i(4), i(5)])).unwrap();
    attribute(&e, "end_offset", "4");
    attribute(&e, "_metadata", "5");
    set(&e, "print_file_and_line", Some(&i(7))).unwrap();
    attribute(&e, "print_file_and_line", "7");
    attribute(&e, "end_lineno", "3");
}

#[test]
fn unicode_errors() {
    let t = prepare();
    let bytes = bytes_obj(b"abc");
    let args = |object: &Obj, start, end| [s("utf8"), object.clone(), i(start), i(end), s("r")];
    let text = |class: &Py<PyType>, args: &[Obj]| str_string(&make(class, args).unwrap()).unwrap();
    let decode = &t.unicode_decode_error;
    assert_eq!(text(decode, &args(&bytes, 1, 2)), "'utf8' codec can't decode byte 0x62 in position 1: r");
    assert_eq!(text(decode, &args(&bytes, 1, 3)), "'utf8' codec can't decode bytes in position 1-2: r");
    let encode = &t.unicode_encode_error;
    assert_eq!(
        text(encode, &args(&s("a\u{1234}c"), 1, 2)),
        "'utf8' codec can't encode character '\\u1234' in position 1: r"
    );
    assert_eq!(
        text(encode, &args(&s("abc"), 1, 3)),
        "'utf8' codec can't encode characters in position 1-2: r"
    );
    let translate = &t.unicode_translate_error;
    assert_eq!(
        text(translate, &[s("abc"), i(1), i(2), s("r")]),
        "can't translate character '\\x62' in position 1: r"
    );
    fails(decode, &[s("utf8")], "TypeError: function takes exactly 5 arguments (1 given)");
    fails(decode, &args(&s("abc"), 1, 2), "TypeError: a bytes-like object is required, not 'str'");
    fails(encode, &args(&bytes, 1, 2), "TypeError: argument 2 must be str, not bytes");
}

#[test]
fn groups() {
    let t = prepare();
    let base = &t.base_exception_group;
    let e = |class: &Py<PyType>, n| make(class, &[i(n)]).unwrap();
    fails(base, &[s("a")], "TypeError: BaseExceptionGroup.__new__() takes exactly 2 arguments (1 given)");
    fails(
        base,
        &[s("a"), list_obj(vec![])],
        "ValueError: second argument (exceptions) must be a non-empty sequence",
    );
    fails(
        base,
        &[s("a"), tuple(&[i(4)])],
        "ValueError: Item 0 of second argument (exceptions) is not an exception",
    );
    let interrupt = tuple(&[e(&t.keyboard_interrupt, 1)]);
    fails(
        exception_group(),
        &[s("a"), interrupt.clone()],
        "TypeError: Cannot nest BaseExceptions in an ExceptionGroup",
    );
    check(
        base,
        &[s("a"), interrupt],
        "a (1 sub-exception)",
        "BaseExceptionGroup('a', (KeyboardInterrupt(1),))",
    );
    let two = list_obj(vec![e(&t.value_error, 1), e(&t.type_error, 2)]);
    check(
        base,
        &[s("a"), two.clone()],
        "a (2 sub-exceptions)",
        "ExceptionGroup('a', [ValueError(1), TypeError(2)])",
    );
    attribute(
        exception_group().as_obj(),
        "__mro__",
        "(<class 'ExceptionGroup'>, <class 'BaseExceptionGroup'>, <class 'Exception'>, <class 'BaseException'>, <class 'object'>)",
    );
    let group = make(exception_group(), &[s("a"), two]).unwrap();
    let split =
        outcome(protocol::call_method_str(&group, "split", &[t.value_error.as_obj().clone()])).unwrap();
    assert_eq!(
        repr_string(&split).unwrap(),
        "(ExceptionGroup('a', [ValueError(1)]), ExceptionGroup('a', [TypeError(2)]))"
    );
    let wrong = outcome(protocol::call_method_str(&group, "subgroup", &[i(3)])).map(|_| ());
    let text = "TypeError: expected an exception type, a tuple of exception types, or a callable (other than a class)";
    assert_eq!(wrong, Err(text.into()));
    let (matched, rest) = outcome(group::match_star(&group, t.type_error.as_obj())).unwrap();
    assert_eq!(repr_string(&matched.unwrap()).unwrap(), "ExceptionGroup('a', [TypeError(2)])");
    let again = outcome(group::prepare_reraise_star(&group, &[rest.unwrap()])).unwrap();
    assert_eq!(repr_string(&again.unwrap()).unwrap(), "ExceptionGroup('a', [ValueError(1)])");
    assert_eq!(set(&group, "message", Some(&i(3))), Err("AttributeError: readonly attribute".into()));
}

#[test]
fn contexts_do_not_become_cycles() {
    let t = prepare();
    let [a, b, c] = [1, 2, 3].map(|n| PyBaseException::create(&t.value_error, vec![i(n)]));
    let of = |o: &Obj| o.downcast::<PyBaseException>().unwrap().context();
    let link =
        |o: &Obj, to: &Obj| o.downcast::<PyBaseException>().unwrap().set_context_avoiding_cycle(to.clone());
    link(&b, &a);
    link(&c, &b);
    link(&a, &c);
    assert!(of(&a).unwrap().is(&c) && of(&c).unwrap().is(&b) && of(&b).is_none());
    link(&a, &a);
    assert!(of(&a).unwrap().is(&c));
}

#[test]
fn aliases_and_unions() {
    let t = prepare();
    let (int, list) = (t.int.as_obj(), t.list.as_obj());
    let alias = crate::generic_alias::new(list, int);
    let shown = |o: &Obj| outcome(repr_string(o)).unwrap();
    assert_eq!(shown(&alias), "list[int]");
    assert_eq!(shown(&crate::generic_alias::new(t.tuple.as_obj(), &tuple(&[]))), "tuple[()]");
    assert_eq!(
        shown(&crate::generic_alias::new(t.tuple.as_obj(), &tuple(&[int.clone(), ellipsis()]))),
        "tuple[int, ...]"
    );
    attribute(&alias, "__origin__", "<class 'list'>");
    attribute(&alias, "__parameters__", "()");
    attribute(&alias, "foo", "AttributeError: type object 'list' has no attribute 'foo'");
    assert!(outcome(protocol::eq(&alias, &crate::generic_alias::new(list, int))).unwrap());
    assert_eq!(
        outcome(protocol::getitem(&alias, int)).map(|_| ()),
        Err("TypeError: list[int] is not a generic class".into())
    );
    let wrong = outcome(protocol::isinstance(&list_obj(vec![]), &alias)).map(|_| ());
    assert_eq!(wrong, Err("TypeError: isinstance() argument 2 cannot be a parameterized generic".into()));
    let star = protocol::next(&protocol::iter(&crate::generic_alias::new(t.tuple.as_obj(), int)).unwrap())
        .unwrap()
        .unwrap();
    assert_eq!(shown(&star), "*tuple[int]");
    let union = outcome(crate::union::or(int, &none())).unwrap();
    assert_eq!(shown(&union), "int | None");
    let more = outcome(crate::union::or(&union, &alias)).unwrap();
    assert_eq!(shown(&more), "int | None | list[int]");
    assert!(outcome(protocol::isinstance(&none(), &union)).unwrap());
    assert!(!outcome(protocol::isinstance(&s("a"), &union)).unwrap());
    assert!(outcome(crate::union::or(int, int)).unwrap().is(int));
    let swapped = outcome(crate::union::or(t.none_type.as_obj(), int)).unwrap();
    assert!(outcome(protocol::eq(&union, &swapped)).unwrap());
    assert_eq!(outcome(protocol::hash(&union)), outcome(protocol::hash(&swapped)));
    assert!(crate::singletons::is_not_implemented(&outcome(crate::union::or(int, &i(3))).unwrap()));
}

#[test]
fn modules_and_namespaces() {
    let t = prepare();
    let module = crate::module::PyModule::new("m").into_obj();
    assert_eq!(repr_string(&module).unwrap(), "<module 'm'>");
    attribute(
        &module,
        "__dict__",
        "{'__name__': 'm', '__doc__': None, '__package__': None, '__loader__': None, '__spec__': None}",
    );
    attribute(&module, "foo", "AttributeError: module 'm' has no attribute 'foo'");
    set(&module, "x", Some(&i(1))).unwrap();
    attribute(&module, "x", "1");
    set(&module, "x", None).unwrap();
    assert_eq!(set(&module, "x", None), Err("AttributeError: 'module' object has no attribute 'x'".into()));
    assert_eq!(outcome(protocol::getattr_opt(&module, &crate::str::intern("x"))).unwrap().map(|_| ()), None);
    fails(&t.module, &[], "TypeError: module() missing required argument 'name' (pos 1)");
    fails(&t.module, &[i(3)], "TypeError: module() argument 'name' must be str, not int");
    attribute(&make(&t.module, &[s("a"), i(3)]).unwrap(), "__doc__", "3");
    attribute(&module, "__annotations__", "{}");
    let namespace = make_with(&t.simple_namespace, &[], &[("a", i(1)), ("b", s("x"))]).unwrap();
    assert_eq!(repr_string(&namespace).unwrap(), "namespace(a=1, b='x')");
    let other = make_with(&t.simple_namespace, &[], &[("a", i(1)), ("b", s("x"))]).unwrap();
    assert!(outcome(protocol::eq(&namespace, &other)).unwrap());
    fails(
        &t.simple_namespace,
        &[i(1), i(2)],
        "TypeError: SimpleNamespace expected at most 1 argument, got 2",
    );
}

#[test]
fn weak_references() {
    let t = prepare();
    let target = make(&t.set, &[]).unwrap();
    let weak = outcome(crate::weakref::new_ref(&target, None)).unwrap();
    assert!(outcome(crate::weakref::new_ref(&target, None)).unwrap().is(&weak));
    assert_eq!(crate::weakref::count(&target), 1);
    assert!(outcome(protocol::call0(&weak)).unwrap().is(&target));
    let proxy = outcome(crate::weakref::new_proxy(&target, None)).unwrap();
    assert_eq!(outcome(protocol::len(&proxy)).unwrap(), 0);
    drop(target);
    assert!(crate::singletons::is_none(&outcome(protocol::call0(&weak)).unwrap()));
    assert_eq!(
        outcome(protocol::len(&proxy)),
        Err("ReferenceError: weakly-referenced object no longer exists".into())
    );
    assert_eq!(outcome(protocol::hash(&weak)), Err("TypeError: weak object has gone away".into()));
    fails(&t.weakref, &[i(3)], "TypeError: cannot create weak reference to 'int' object");
    fails(&t.weakref, &[], "TypeError: __new__ expected at least 1 argument, got 0");
}

fn class(name: &str, bases: &[&Py<PyType>]) -> Py<PyType> {
    let bases: Vec<Obj> = bases.iter().map(|b| b.as_obj().clone()).collect();
    let class =
        outcome(protocol::call(types().type_.as_obj(), &[s(name), tuple_obj(bases), dict_obj().into_obj()]))
            .unwrap();
    class.into_py::<PyType>().unwrap()
}

#[test]
fn classes_derived_in_python() {
    let t = prepare();
    let mine = class("Mine", &[&t.os_error]);
    let e = make(&mine, &[i(2), s("x"), s("f")]).unwrap();
    assert_eq!(str_string(&e).unwrap(), "[Errno 2] x: 'f'");
    assert_eq!(repr_string(&e).unwrap(), "Mine(2, 'x')");
    let both = class("Both", &[exception_group(), &t.value_error]);
    let e = make(&both, &[s("g"), list_obj(vec![make(&t.key_error, &[i(1)]).unwrap()])]).unwrap();
    assert_eq!(repr_string(&e).unwrap(), "Both('g', [KeyError(1)])");
    let weak = outcome(crate::weakref::new_ref(&e, None)).unwrap();
    attribute(&e, "__weakref__", &repr_string(&weak).unwrap());
    fails(
        &both,
        &[s("g"), tuple(&[make(&t.keyboard_interrupt, &[]).unwrap()])],
        "TypeError: Cannot nest BaseExceptions in 'Both'",
    );
    let module = make(&class("M", &[&t.module]), &[s("z")]).unwrap();
    set(&module, "x", Some(&i(3))).unwrap();
    attribute(&module, "x", "3");
    attribute(
        &module,
        "__dict__",
        "{'__name__': 'z', '__doc__': None, '__package__': None, '__loader__': None, '__spec__': None, 'x': 3}",
    );
    let space = make_with(&class("S", &[&t.simple_namespace]), &[], &[("a", i(1))]).unwrap();
    assert_eq!(repr_string(&space).unwrap(), "S(a=1)");
    let space = make(&t.simple_namespace, &[]).unwrap();
    attribute(&space, "zip", "AttributeError: 'types.SimpleNamespace' object has no attribute 'zip'");
}

#[test]
fn super_objects() {
    let t = prepare();
    let a = class("A", &[&t.object]);
    let b = class("B", &[&a]);
    ready::set_attr(&a, "x", i(1));
    ready::set_attr(&b, "x", i(2));
    let instance = make(&b, &[]).unwrap();
    let bound = make(&t.super_, &[b.as_obj().clone(), instance.clone()]).unwrap();
    attribute(&bound, "x", "1");
    attribute(&bound, "nope", "AttributeError: 'super' object has no attribute 'nope'");
    assert_eq!(repr_string(&bound).unwrap(), "<super: <class 'B'>, <B object>>");
    assert_eq!(
        outcome(crate::super_object::super_lookup(&b, &instance, &s("x"))).unwrap().value().as_int(),
        1
    );
    let unbound = make(&t.super_, &[b.as_obj().clone()]).unwrap();
    assert_eq!(repr_string(&unbound).unwrap(), "<super: <class 'B'>, NULL>");
    let rebound = outcome(protocol::call_method_str(&unbound, "__get__", &[instance])).unwrap();
    attribute(&rebound, "x", "1");
    fails(&t.super_, &[i(3)], "TypeError: super() argument 1 must be a type, not int");
    let text =
        "TypeError: super(type, obj): obj (instance of int) is not an instance or subtype of type (B).";
    fails(&t.super_, &[b.as_obj().clone(), i(3)], text);
    let text = "TypeError: super(type, obj): obj (type A) is not an instance or subtype of type (B).";
    fails(&t.super_, &[b.as_obj().clone(), a.as_obj().clone()], text);
}
