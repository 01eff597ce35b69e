//! Binding and error texts, as CPython 3.14 words them for each calling convention.
#![allow(non_upper_case_globals)]

use super::*;
use crate::construct::{int_obj, list_obj, str_obj};
use crate::error::PyResult;
use crate::list::PyList;
use taipan_gc::Py;

#[pymodule(name = "demo", doc = "For tests.")]
mod demo {
    use super::*;

    #[pyattr]
    const answer: i64 = 42;
    #[pyattr(name = "pair")]
    fn make_pair() -> (i64, f64) {
        (1, 0.5)
    }

    /// Doc of sin.
    ///
    /// Second paragraph.
    #[pyfunction]
    fn sin(x: f64) -> f64 {
        x.sin()
    }
    #[pyfunction]
    fn atan2(y: f64, x: f64) -> f64 {
        y.atan2(x)
    }
    #[pyfunction]
    fn disable() {}
    #[pyfunction(sig = "(a, b, *, rel_tol=1e-09, abs_tol=0.0)")]
    fn isclose(a: f64, b: f64, rel_tol: f64, abs_tol: f64) -> bool {
        (a - b).abs() <= abs_tol.max(rel_tol * a.abs().max(b.abs()))
    }
    #[pyfunction(sig = "(iterable, /, *, start=1)")]
    fn prod(iterable: &Obj, start: Option<&Obj>) -> PyResult<Obj> {
        Ok(start.unwrap_or(iterable).clone())
    }
    #[pyfunction(sig = "(n, k=None, /)")]
    fn perm(n: i64, k: Option<i64>) -> i64 {
        n * 10 + k.unwrap_or(-1)
    }
    #[pyfunction(sig = "(x, /, *args, **kwargs)")]
    fn spread(x: &Obj, args: &[Obj], kwargs: Kwargs<'_>) -> (Obj, usize, usize) {
        (x.clone(), args.len(), kwargs.len())
    }
    #[pyfunction(sig = "(*args, sep=' ', end=None)")]
    fn print(args: &[Obj], sep: &str, end: Option<&str>) -> String {
        format!("{}{sep}{}", args.len(), end.unwrap_or("-"))
    }
    #[pyfunction(sig = "(generation=2)")]
    fn collect(generation: i32) -> i32 {
        generation
    }
    #[pyfunction(sig = "(iterable, /, start=0)")]
    fn sum(iterable: &Obj, start: Option<Obj>) -> Obj {
        start.unwrap_or_else(|| iterable.clone())
    }
    #[pyfunction(sig = "(path, mode=511, *, dir_fd, **rest)")]
    fn named(
        path: &Obj,
        mode: u16,
        dir_fd: Option<i32>,
        rest: Kwargs<'_>,
    ) -> PyResult<(Obj, u16, Option<i32>, usize)> {
        Ok((path.clone(), mode, dir_fd, rest.len()))
    }
    #[pyfunction(sig = "(items, /)")]
    fn takes_list(items: &PyList) -> Py<PyList> {
        Py::from_ref(items)
    }
    #[pyfunction(sig = "(a, b='x', /)")]
    fn texts(a: String, b: &str) -> String {
        a + b
    }
    #[pyfunction(name = "type", sig = "(items, text=None)", text = "")]
    fn type_(items: Option<&Py<PyList>>, text: Option<&Py<PyList>>) -> bool {
        items.is_none() && text.is_none()
    }
    #[cfg(any())]
    #[pyfunction]
    fn absent(x: Missing) {}

    #[pyinit]
    fn init(module: &PyModuleBuilder<'_>) -> PyResult<()> {
        module.add("late", "text")
    }
}

#[pymethods(class = "list", part = "demo")]
impl PyList {
    #[pymethod]
    fn demo_append(&self, _object: &Obj) -> PyResult<()> {
        Ok(())
    }
    #[pymethod]
    fn demo_clear(slf: &Py<Self>) -> Py<Self> {
        slf.clone()
    }
    #[pymethod(sig = "(index=-1, /)")]
    fn demo_pop(&self, index: isize) -> isize {
        index
    }
    #[pymethod(sig = "(*, key=None, reverse=False)")]
    fn demo_sort(&self, key: Option<&Obj>, reverse: bool) -> bool {
        key.is_some() || reverse
    }
    #[pymethod(sig = "(sep=None, maxsplit=-1)", name = "split")]
    fn demo_split(slf: &Obj, sep: Option<&str>, maxsplit: isize) -> (Obj, bool, isize) {
        (slf.clone(), sep.is_some(), maxsplit)
    }
    #[pyclassmethod(name = "fromkeys", sig = "(iterable, value=None, /)")]
    fn demo_fromkeys(cls: &Obj, iterable: &Obj, value: Option<Obj>) -> (Obj, Obj, Option<Obj>) {
        (cls.clone(), iterable.clone(), value)
    }
    #[pystaticmethod(name = "maketrans", sig = "(x, y=<unrepresentable>, /)")]
    fn demo_maketrans(x: &Obj, y: Option<&Self>) -> (Obj, bool) {
        (x.clone(), y.is_some())
    }
    #[pygetset]
    fn demo_real(&self) -> i64 {
        7
    }
    #[pygetset(setter = "demo_real")]
    fn set_demo_real(&self, value: Option<&Obj>) -> PyResult<()> {
        value.map(|_| ()).ok_or_else(|| crate::error::type_error("no deletion"))
    }
}

#[pyargs(name = "enumerate", sig = "(iterable, start=0)")]
fn enumerate_new(cls: &Obj, iterable: &Obj, start: i64) -> PyResult<(Obj, Obj, i64)> {
    Ok((cls.clone(), iterable.clone(), start))
}
#[pyargs(name = "reversed", sig = "(object, /)")]
fn reversed_new(_cls: &Obj, object: &Obj) -> PyResult<Obj> {
    Ok(object.clone())
}

fn find(name: &str) -> &'static MethodDef {
    let all = MODULE.functions.iter().chain(PyList::demo_methods());
    all.into_iter().find(|def| def.name == name).unwrap()
}

fn call_def(
    name: &str,
    call: impl Fn(&Args<'_>) -> PyResult<Obj>,
    positional: &[Obj],
    named: &[(&str, Obj)],
) -> Result<Obj, String> {
    let names: Vec<Obj> = named.iter().map(|(n, _)| str_obj(n)).collect();
    let values: Vec<Obj> = named.iter().map(|(_, v)| v.clone()).collect();
    let args = Args { positional, keyword_names: &names, keyword_values: &values };
    call(&args).map_err(|raised| message(name, raised))
}

fn call(name: &str, positional: &[Obj], named: &[(&str, Obj)]) -> Result<Obj, String> {
    call_def(name, find(name).call, positional, named)
}

/// The text of the exception on its way.
fn message(_name: &str, _raised: crate::error::Raised) -> String {
    last_message()
}

#[track_caller]
fn check(name: &str, positional: &[Obj], named: &[(&str, Obj)], expected: &str) {
    assert_eq!(call(name, positional, named).map(|_| ()), Err(expected.to_string()));
}

fn i(value: i64) -> Obj {
    int_obj(value)
}
fn ints(n: i64) -> Vec<Obj> {
    (1..=n).map(int_obj).collect()
}

#[test]
fn one_and_no_arguments() {
    prepare();
    check("sin", &[], &[], "demo.sin() takes exactly one argument (0 given)");
    check("sin", &ints(2), &[], "demo.sin() takes exactly one argument (2 given)");
    check("sin", &ints(1), &[("x", i(1))], "demo.sin() takes no keyword arguments");
    check("sin", &[str_obj("x")], &[], "must be real number, not str");
    check("disable", &ints(1), &[], "demo.disable() takes no arguments (1 given)");
    check("disable", &[], &[("x", i(1))], "demo.disable() takes no keyword arguments");
    let list = list_obj(vec![]);
    check("demo_append", &[], &[], "unbound method list.demo_append() needs an argument");
    check("demo_append", &[list.clone()], &[], "list.demo_append() takes exactly one argument (0 given)");
    check(
        "demo_append",
        &ints(2),
        &[],
        "descriptor 'demo_append' for 'list' objects doesn't apply to a 'int' object",
    );
    check("demo_clear", &[list.clone(), i(1)], &[], "list.demo_clear() takes no arguments (1 given)");
    assert!(call("demo_clear", &[list.clone()], &[]).unwrap().is(&list));
    assert!(call("sin", &ints(1), &[]).unwrap().value().as_float() == 1f64.sin());
}

#[test]
fn positional_only() {
    prepare();
    check("atan2", &ints(1), &[], "atan2 expected 2 arguments, got 1");
    check("atan2", &ints(3), &[], "atan2 expected 2 arguments, got 3");
    check("atan2", &ints(1), &[("y", i(1))], "demo.atan2() takes no keyword arguments");
    check("perm", &[], &[], "perm expected at least 1 argument, got 0");
    check("perm", &ints(3), &[], "perm expected at most 2 arguments, got 3");
    check("spread", &[], &[("a", i(1))], "spread expected at least 1 argument, got 0");
    let list = list_obj(vec![]);
    check("demo_pop", &[list.clone(), i(1), i(2)], &[], "demo_pop expected at most 1 argument, got 2");
    check("fromkeys", &[list.clone()], &[], "fromkeys expected at least 1 argument, got 0");
    check("maketrans", &ints(3), &[], "maketrans expected at most 2 arguments, got 3");
    check("takes_list", &ints(1), &[], "takes_list() argument must be list, not int");
    check("texts", &ints(1), &[], "texts() argument 1 must be str, not int");
    check("texts", &[str_obj("a"), none()], &[], "texts() argument 2 must be str, not None");
    assert_eq!(int_of(&call("perm", &ints(2), &[]).unwrap()), 12);
    assert_eq!(int_of(&call("perm", &[i(3), none()], &[]).unwrap()), 29);
    assert_eq!(int_of(&call("demo_pop", &[list], &[]).unwrap()), -1);
    assert_eq!(text_of(&call("texts", &[str_obj("a")], &[]).unwrap()), "ax");
}

#[test]
fn keywords() {
    prepare();
    check("isclose", &ints(1), &[], "isclose() missing required argument 'b' (pos 2)");
    check("isclose", &ints(3), &[], "isclose() takes exactly 2 positional arguments (3 given)");
    check("isclose", &ints(5), &[], "isclose() takes at most 4 arguments (5 given)");
    check("isclose", &ints(2), &[("foo", i(1))], "isclose() got an unexpected keyword argument 'foo'");
    let both = [("a", i(2)), ("b", i(1))];
    check("isclose", &ints(1), &both, "argument for isclose() given by name ('a') and position (1)");
    check("prod", &[], &[("iterable", i(1))], "prod() takes exactly 1 positional argument (0 given)");
    check("prod", &ints(1), &[("iterable", i(1))], "prod() got an unexpected keyword argument 'iterable'");
    check("sum", &[], &[("start", i(1))], "sum() takes at least 1 positional argument (0 given)");
    check(
        "sum",
        &ints(1),
        &[("starts", i(1))],
        "sum() got an unexpected keyword argument 'starts'. Did you mean 'start'?",
    );
    let two = [("generation", i(1)), ("x", i(2))];
    check("collect", &[], &two, "collect() takes at most 1 keyword argument (2 given)");
    check("collect", &ints(2), &[("x", i(2))], "collect() takes at most 1 argument (3 given)");
    let list = list_obj(vec![]);
    check("demo_sort", &[list.clone(), i(1)], &[], "demo_sort() takes no positional arguments");
    check("split", &[list.clone(), i(1)], &[], "split() argument 'sep' must be str or None, not int");
    check(
        "split",
        &[list.clone(), str_obj("a"), str_obj("b")],
        &[],
        "'str' object cannot be interpreted as an integer",
    );
    check("print", &ints(1), &[("zzz", i(1))], "print() got an unexpected keyword argument 'zzz'");
    check("named", &ints(1), &[], "named() missing required argument 'dir_fd' (pos 3)");
    check("named", &[], &[("dir_fd", i(1))], "named() missing required argument 'path' (pos 1)");
    assert_eq!(text_of(&call("print", &ints(3), &[("sep", str_obj("|"))]).unwrap()), "3|-");
    assert!(call("named", &ints(2), &[("dir_fd", none()), ("more", i(1))]).is_ok());
    assert!(call("isclose", &ints(1), &[("b", i(1))]).is_ok());
    assert_eq!(int_of(&call("collect", &[], &[("generation", i(9))]).unwrap()), 9);
    check("collect", &[i(1 << 40)], &[], "Python int too large to convert to C int");
    let new = |args: &Args<'_>| enumerate_new(&i(0), args)?.into_py();
    let wrong = call_def("enumerate", new, &[], &[]);
    assert_eq!(wrong.map(|_| ()), Err("enumerate() missing required argument 'iterable' (pos 1)".into()));
    assert!(call_def("enumerate", new, &ints(2), &[]).is_ok());
    let new = |args: &Args<'_>| reversed_new(&i(0), args);
    assert_eq!(
        call_def("reversed", new, &[], &[]).map(|_| ()),
        Err("reversed expected 1 argument, got 0".into())
    );
}

#[test]
fn tables() {
    prepare();
    let sin = find("sin");
    assert_eq!((sin.doc, sin.text_signature), ("Doc of sin.\n\nSecond paragraph.", Some("($module, x, /)")));
    assert!(sin.fast0.is_none() && sin.fast1.is_some() && sin.fast2.is_none());
    let perm = find("perm");
    assert!(perm.fast1.is_some() && perm.fast2.is_some() && perm.fast3.is_none());
    assert_eq!(int_of(&perm.fast2.unwrap()(&i(1), &i(2)).unwrap()), 12);
    assert!(find("demo_append").fast2.is_some() && find("disable").fast0.is_some());
    assert_eq!(find("type").text_signature, None);
    assert_eq!(find("split").text_signature, Some("($self, /, sep=None, maxsplit=-1)"));
    assert_eq!(find("fromkeys").text_signature, Some("($type, iterable, value=None, /)"));
    assert_eq!(find("maketrans").text_signature, Some("(x, y=<unrepresentable>, /)"));
    let attribute = &PyList::demo_getset()[0];
    assert_eq!(int_of(&(attribute.get)(&list_obj(vec![])).unwrap()), 7);
    let wrong = (attribute.get)(&i(1)).map_err(|r| message("", r)).map(|_| ());
    assert_eq!(
        wrong,
        Err("descriptor 'demo_real' for 'list' objects doesn't apply to a 'int' object".into())
    );
    assert!((attribute.set.unwrap())(&list_obj(vec![]), Some(&i(1))).is_ok());
    let seen = std::cell::RefCell::new(Vec::new());
    let module = i(0);
    let set = |name: &str, _: Obj| -> PyResult<()> {
        seen.borrow_mut().push(name.to_string());
        Ok(())
    };
    let builder = PyModuleBuilder::new(&module, MODULE.name, &set);
    assert!(MODULE.fill(&builder, &|def| Ok(str_obj(def.name))).is_ok());
    let seen = seen.into_inner();
    assert_eq!(seen.first().map(String::as_str), Some("sin"));
    assert_eq!(&seen[seen.len() - 3..], ["answer", "pair", "late"]);
}

fn none() -> Obj {
    crate::singletons::none()
}
fn prepare() {
    crate::types::init_for_tests();
}
fn int_of(obj: &Obj) -> i64 {
    obj.value().as_int()
}
fn text_of(obj: &Obj) -> String {
    bridge::str_text(obj).unwrap()
}
fn last_message() -> String {
    crate::protocol::str_string(&crate::error::take_raised()).unwrap()
}
