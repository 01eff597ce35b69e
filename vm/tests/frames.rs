//! Frame objects: `f_locals`, `locals()`, `f_back`, `clear()`, frames of ended calls, of generators and of other threads.

use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use taipan_objects::code::PyCode;
use taipan_objects::construct::*;
use taipan_objects::dict::PyDict;
use taipan_objects::error::*;
use taipan_objects::native_function::PyNativeFunction;
use taipan_objects::{Obj, protocol};
use taipan_vm::frame_object;
use taipan_vm::interpreter::{call, generators};
use taipan_vm::thread::{self, VmThread, trace_all};

#[taipan_objects::native::pymodule(name = "helpers")]
mod helpers {
    use taipan_objects::prelude::*;

    #[pyfunction(sig = "(depth=0, /)")]
    fn getframe(depth: usize) -> PyResult<Obj> {
        taipan_vm::frame_object::current_frame(depth)
            .ok_or_else(|| value_error("call stack is not deep enough"))
    }
    #[pyfunction]
    fn locals() -> PyResult<Obj> {
        taipan_vm::frame_object::locals_snapshot(taipan_vm::thread::current())
    }
    #[pyfunction(name = "type")]
    fn type_name(x: &Obj) -> String {
        class_of(x).name().to_string()
    }
    #[pyfunction]
    fn dict(x: &Obj) -> PyResult<Obj> {
        let dict = taipan_objects::dict::PyDict::new();
        dict.update_from(x)?;
        Ok(dict.into_obj())
    }
    #[pyfunction]
    fn list(x: &Obj) -> PyResult<Obj> {
        Ok(list_obj(taipan_objects::protocol::collect(x)?))
    }
    #[pyfunction]
    fn len(x: &Obj) -> PyResult<usize> {
        taipan_objects::protocol::len(x)
    }
    #[pyfunction]
    fn next(x: &Obj) -> PyResult<Obj> {
        taipan_objects::protocol::next(x)?.ok_or_else(|| stop_iteration(None))
    }
    #[pyfunction]
    fn collect() {
        taipan_gc::limbo::sweep();
        taipan_gc::collector::collect(2);
    }
    /// Locals of the other threads' innermost frames.
    #[pyfunction]
    fn others() -> PyResult<Obj> {
        let me = taipan_vm::thread::current().ident.get();
        let mut all = Vec::new();
        for (ident, frame) in taipan_vm::frame_object::frames_of_threads() {
            if ident != me {
                let locals = taipan_objects::protocol::getattr_str(&frame, "f_locals")?;
                all.push(tuple_obj(vec![taipan_objects::protocol::getattr_str(&frame, "f_lineno")?, locals]));
            }
        }
        Ok(list_obj(all))
    }
    #[pyfunction(sig = "(body, name, /)")]
    fn __build_class__(body: &taipan_objects::function::PyFunction, name: &Obj) -> PyResult<Obj> {
        let namespace = taipan_objects::dict::PyDict::new().into_obj();
        taipan_vm::interpreter::call::run_class_body(body, &namespace)?;
        call(types().type_.as_obj(), &[name.clone(), tuple_obj(vec![]), namespace])
    }
    /// Lets the other threads run for a moment.
    #[pyfunction]
    fn pause() {
        taipan_threading::detached(|| std::thread::sleep(std::time::Duration::from_millis(1)));
    }
}

/// Enters the interpreter. The tests of this file take turns: `prepare_thread_start` is called by the one with threads only.
fn start() -> MutexGuard<'static, ()> {
    static START: Once = Once::new();
    static TURN: Mutex<()> = Mutex::new(());
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    VmThread::enter(taipan_vm::interpreters::main().clone());
    START.call_once(|| {
        taipan_objects::types::init();
        frame_object::install();
        taipan_gc::hooks::install(taipan_objects::memory_hooks::gc_hooks(trace_all));
        taipan_objects::hooks::install(taipan_objects::hooks::Hooks {
            call_function: call::call_from_native,
            call_code: call::call_code_from_native,
            resume: generators::resume,
            delegate: generators::delegate_hook,
            delegating: generators::delegating,
            generator_frame: frame_object::generator_frame,
            asyncgen_hooks: || (None, None),
            import_module: |_| Err(import_error("no library here")),
            known_module: |_| Err(import_error("no library here")),
            builtin: |_| Err(import_error("no library here")),
            current_module_name: || None,
            super_arguments: || Err(runtime_error("super(): no arguments")),
            unraisable: |_, _| drop(try_take_raised()),
            warn: |_, _, _| Ok(()),
            current_frame: frame_object::current_frame,
            check_signals: || Ok(()),
            encode: |_, _, _| Err(lookup_error("no codecs here")),
            decode: |_, _, _| Err(lookup_error("no codecs here")),
            codec_error_handler: |_| Err(lookup_error("no codecs here")),
            audit: |_, _| Ok(()),
        });
    });
    turn
}

fn namespace() -> Obj {
    let builtins = PyDict::new();
    let module = none();
    let set = |name: &str, value| {
        builtins.set_str(name, value);
        Ok(())
    };
    let builder = taipan_objects::native::PyModuleBuilder::new(&module, "helpers", &set);
    helpers::MODULE
        .fill(&builder, &|def| Ok(PyNativeFunction::new(def, None).into_obj()))
        .expect("the helpers");
    let t = taipan_objects::types::types();
    for class in [
        &t.base_exception,
        &t.exception,
        &t.value_error,
        &t.key_error,
        &t.type_error,
        &t.runtime_error,
        &t.stop_iteration,
    ] {
        builtins.set_str(&class.name(), class.as_obj().clone());
    }
    let globals = PyDict::new();
    globals.set_str("__builtins__", builtins.into_obj());
    globals.set_str("__name__", str_obj("test"));
    globals.into_obj()
}

const PRELUDE: &str = "
def attempt(f, *args):
    try:
        return f(*args)
    except Exception as e:
        return (type(e), e.args)
";

fn run_in(globals: &Obj, source: &str) -> PyResult<()> {
    let unit = taipan_compiler::compile(source, "<test>", taipan_compiler::Mode::Exec, Default::default())
        .unwrap_or_else(|e| panic!("{e:?}"));
    call::run_code(&PyCode::new(unit), globals, globals, None).map(drop)
}

fn run(source: &str) -> String {
    let globals = namespace();
    let result = run_in(&globals, PRELUDE).and_then(|()| run_in(&globals, source));
    match result {
        Ok(()) => {
            let result = globals
                .downcast::<PyDict>()
                .and_then(|d| d.get_name("result"))
                .expect("the program sets `result`");
            protocol::repr_string(&result).expect("repr")
        }
        Err(Raised) => format!("raised {}", protocol::repr_string(&take_raised()).expect("repr")),
    }
}

fn check_all(cases: &[(&str, &str)]) {
    let _turn = start();
    let failures: Vec<String> = cases
        .iter()
        .map(|(source, expected)| (source, expected, run(source)))
        .filter(|(_, expected, found)| found != *expected)
        .map(|(source, expected, found)| format!("{source}\n  expected {expected}\n  found    {found}\n"))
        .collect();
    // Before anything panics: the others would wait for this thread.
    VmThread::leave();
    assert!(failures.is_empty(), "{}", failures.concat());
}

#[test]
fn proxies_read_and_write_variables() {
    check_all(&[
        (
            "def f(a, b=2):\n    x = 5\n    if 0: un = 1\n    p = getframe().f_locals\n    return (type(p), len(p), list(p), p.keys(), p['x'])\nresult = f(1)",
            "('FrameLocalsProxy', 4, ['a', 'b', 'x', 'p'], ['a', 'b', 'x', 'p'], 5)",
        ),
        (
            "def f(a):\n    p = getframe().f_locals\n    p['a'] = [7]\n    p['other'] = 3\n    return (a, p.copy() == {'a': [7], 'p': p, 'other': 3}, list(p.__reversed__()))\nresult = f(1)",
            "([7], True, ['other', 'p', 'a'])",
        ),
        (
            "def f(a):\n    def g(): return a\n    getframe().f_locals['a'] = 9\n    return g(), a\nresult = f(1)",
            "(9, 9)",
        ),
        (
            "def f(a):\n    def g():\n        getframe().f_locals['a'] = 'new'\n        return a\n    return g(), a\nresult = f(1)",
            "('new', 'new')",
        ),
        (
            "def f():\n    if 0: un = 1\n    p = getframe().f_locals\n    def d(k): del p[k]\n    return [attempt(lambda: p['un']), attempt(lambda: p[5]), attempt(lambda: p[[]]), attempt(d, 'un'), attempt(d, 'zz'), attempt(p.pop, 'un', 1), attempt(p.pop, 'zz'), p.pop('zz', 4), p.setdefault('un', 3), un, p.get('un'), p.get('qq'), p.get('qq', 1), attempt(p.get)]\nresult = f()",
            "[('KeyError', (\"local variable ''un'' is not defined\",)), ('KeyError', (\"local variable '5' is not defined\",)), ('TypeError', (\"unhashable type: 'list'\",)), ('ValueError', ('cannot remove local variables from FrameLocalsProxy',)), ('KeyError', ('zz',)), ('ValueError', ('cannot remove local variables from FrameLocalsProxy',)), ('KeyError', ('zz',)), 4, 3, 3, 3, None, 1, ('TypeError', ('get expected 1 or 2 arguments',))]",
        ),
        (
            "def f(a):\n    p = getframe().f_locals\n    p.update({'a': 2, 'e': 3})\n    p[7] = 8\n    del p['e']\n    q = p\n    q |= {'k': 1}\n    return (a, q is p, 7 in p, 'k' in p, 'e' in p, attempt(p.update, [1]), p == getframe().f_locals, p != p.copy(), (p | {'z': 1})['z'], ({'z': 1} | p)['k'], attempt(lambda: p | []))\nresult = f(1)",
            "(2, True, True, True, False, ('TypeError', ('update() argument must be dict or another FrameLocalsProxy',)), True, False, 1, 1, ('TypeError', (\"unsupported operand type(s) for |: 'FrameLocalsProxy' and 'list'\",)))",
        ),
        (
            "def f(a):\n    p = getframe().f_locals\n    return [p][0]\np = f(1)\nresult = attempt(lambda: type(p)), attempt(lambda: {p: 1}), p",
            "('FrameLocalsProxy', ('TypeError', (\"cannot use 'FrameLocalsProxy' as a dict key (unhashable type: 'FrameLocalsProxy')\",)), {'a': 1, 'p': {...}})",
        ),
        (
            "result = type(getframe().f_locals), getframe().f_locals is locals(), 'result' in locals()",
            "('dict', True, False)",
        ),
        (
            "result = [(type(locals()), locals(), type(getframe().f_locals)) for i in (1,)]",
            "[('dict', {'i': 1}, 'FrameLocalsProxy')]",
        ),
        (
            "def f(a):\n    d = locals()\n    d['a'] = 2\n    return a, d, locals() is d\nresult = f(1)",
            "(1, {'a': 2}, False)",
        ),
        (
            "def f():\n    def inner(): return c\n    before = locals()\n    c = 4\n    return 'c' in before, locals()['c']\nresult = f()",
            "(False, 4)",
        ),
    ]);
}

#[test]
fn what_a_write_replaces_stays_while_it_is_borrowed() {
    check_all(&[
        // The callee borrows `x`; the caller's variable is rebound behind its back.
        (
            "def callee(borrowed):\n    getframe(1).f_locals['x'] = None\n    collect()\n    return borrowed\ndef f():\n    x = [1, 2, 3]\n    return callee(x), x\nresult = f()",
            "([1, 2, 3], None)",
        ),
        (
            "class A:\n    def __add__(self, other):\n        getframe(1).f_locals['a'] = 5\n        collect()\n        return (type(self), other)\ndef f():\n    a = A()\n    return a + a.__class__.__name__, a\nresult = f()",
            "(('A', 'A'), 5)",
        ),
        ("def f():\n    p = getframe().f_locals\n    p['p'] = 1\n    return p\nresult = f()", "1"),
    ]);
}

#[test]
fn frames_outlive_their_calls() {
    check_all(&[
        (
            "def f(a):\n    b = [a]\n    def g(): return b\n    return getframe(), g\nfr, g = f(1)\np = fr.f_locals\np['b'] = 2\np['a'] = 3\nresult = g(), p['a'], fr.f_back is getframe(), fr.f_code.co_name, fr.f_lineno, fr.f_locals == p",
            "(2, 3, True, 'f', 4, True)",
        ),
        (
            "def f(a):\n    return getframe(), attempt(getframe().clear)\nfr, executing = f([1])\np = fr.f_locals\np['more'] = 1\nfr.clear()\ncleared = p.copy()\np['a'] = 3\nresult = executing, cleared, p",
            "(('RuntimeError', ('cannot clear an executing frame',)), {}, {'a': 3})",
        ),
        (
            "def e1():\n    loc = 1\n    e2()\ndef e2():\n    loc = 2\n    raise ValueError\ntry:\n    e1()\nexcept ValueError as e:\n    tb = e.__traceback__\n    result = []\n    while tb:\n        fr = tb.tb_frame\n        result.append((fr.f_code.co_name, tb.tb_lineno, fr.f_lineno, fr.f_locals.get('loc'), fr.f_back and fr.f_back.f_code.co_name))\n        tb = tb.tb_next",
            "[('<module>', 8, 14, None, None), ('e1', 3, 3, 1, '<module>'), ('e2', 6, 6, 2, 'e1')]",
        ),
        // A finalizer that runs while a frame is being left looks at it.
        (
            "kept = []\nclass D:\n    def __del__(self): kept.append(getframe(1))\ndef f():\n    d = D()\n    return 1\nf()\nresult = [fr.f_code.co_name for fr in kept], [type(fr.f_locals) for fr in kept], attempt(kept[0].clear)",
            "(['f'], ['FrameLocalsProxy'], None)",
        ),
        ("result = attempt(getframe, 100)", "('ValueError', ('call stack is not deep enough',))"),
        (
            "def f(n):\n    return getframe(1) if n == 0 else f(n - 1)\nfr = f(3)\nnames = []\nwhile fr:\n    names.append((fr.f_code.co_name, fr.f_locals.get('n')))\n    fr = fr.f_back\nresult = names",
            "[('f', 1), ('f', 2), ('f', 3), ('<module>', None)]",
        ),
        (
            "fr = getframe()\ndef set(name, value):\n    try: fr.__setattr__(name, value)\n    except Exception as e: return e.args\nresult = set('f_lineno', 1), set('f_trace_lines', 1), set('f_locals', 1)",
            "(('f_lineno can only be set in a trace function',), ('attribute value type must be bool',), (\"attribute 'f_locals' of 'frame' objects is not writable\",))",
        ),
    ]);
}

#[test]
fn frames_of_generators() {
    check_all(&[
        (
            "def gen(n):\n    x = n\n    yield getframe()\n    yield x\ng = gen(1)\nfr = g.gi_frame\nbefore = (fr.f_locals.copy(), fr.f_lineno, fr.f_back, fr.f_generator is g)\nsame = next(g) is fr\nthen = (fr.f_locals.copy(), fr.f_lineno, fr.f_back, attempt(fr.clear))\nfr.f_locals['x'] = 'set'\nlast = next(g)\nlist(g)\nresult = before, same, then, last, fr.f_locals['x'], fr.f_generator, fr.f_back, g.gi_frame",
            "(({'n': 1}, 1, None, True), True, ({'n': 1, 'x': 1}, 3, None, ('RuntimeError', ('cannot clear a suspended frame',))), 'set', 'set', None, None, None)",
        ),
        (
            "def outer(c):\n    def gen():\n        yield c\n    return gen()\ng = outer(3)\nresult = g.gi_frame.f_locals.copy()\ng.gi_frame.f_locals['c'] = 4\nresult = result, next(g)",
            "({'c': 3}, 4)",
        ),
        (
            "def gen(): yield 1\ng = gen()\nfr = g.gi_frame\nfr.clear()\nresult = list(g), g.gi_frame, fr.f_locals.copy()",
            "([], None, {})",
        ),
        (
            "def gen():\n    fr = g.gi_frame\n    yield fr is getframe(), fr.f_back.f_code.co_name, fr.f_generator is g\n    yield g.gi_frame is fr\ng = gen()\nresult = list(g)",
            "[(True, '<module>', True), True]",
        ),
        (
            "def gen():\n    yield 1\n    raise ValueError\ndef drive():\n    for _ in gen(): pass\ntry:\n    drive()\nexcept ValueError as e:\n    tb = e.__traceback__\n    result = []\n    while tb:\n        fr = tb.tb_frame\n        result.append((fr.f_code.co_name, fr.f_back and fr.f_back.f_code.co_name, fr.f_generator))\n        tb = tb.tb_next",
            "[('<module>', None, None), ('drive', '<module>', None), ('gen', None, None)]",
        ),
    ]);
}

#[test]
fn frames_of_other_threads() {
    let _turn = start();
    let globals = namespace();
    run_in(&globals, "stop = [False]\ndef work(tag):\n    n = 0\n    items = []\n    while not stop[0]:\n        n += 1\n        items = [tag, [n]]\n    return items\n").expect("definitions");
    let worker = {
        let work = globals.downcast::<PyDict>().and_then(|d| d.get_name("work")).expect("defined");
        taipan_threading::prepare_thread_start();
        std::thread::spawn(move || {
            VmThread::enter(taipan_vm::interpreters::main().clone());
            let result = protocol::call1(&work, &str_obj("tag")).map(|items| protocol::len(&items));
            drop(work);
            let ok = matches!(result, Ok(Ok(2)));
            VmThread::leave();
            ok
        })
    };
    run_in(
        &globals,
        "\
seen = 0
for _ in list('x' * 400):
    for line, p in others():
        if 'tag' in p:
            if p['tag'] != 'tag' or line not in (5, 6, 7): raise ValueError(line)
            items = p.get('items')
            if items and items[0] != 'tag': raise ValueError(items)
            p['items'] = ['tag', ['written']]
            seen += 1
    pause()
stop[0] = True
",
    )
    .unwrap_or_else(|Raised| panic!("{}", protocol::repr_string(&take_raised()).expect("repr")));
    let seen = globals.downcast::<PyDict>().and_then(|d| d.get_name("seen")).expect("counted");
    assert_ne!(protocol::repr_string(&seen).expect("repr"), "0");
    let ok = taipan_threading::detached(|| worker.join()).expect("no panic");
    assert!(ok);
    drop((globals, seen));
    let _ = thread::current();
    VmThread::leave();
}
