//! The interpreter core without the library: plain code in a namespace, results read back.

use taipan_objects::code::PyCode;
use taipan_objects::construct::*;
use taipan_objects::dict::PyDict;
use taipan_objects::error::*;
use taipan_objects::{Obj, protocol};
use taipan_vm::interpreter::call;
use taipan_vm::thread::{VmThread, trace_all};

fn start() {
    VmThread::enter(taipan_vm::interpreters::main().clone());
    taipan_objects::types::init();
    taipan_gc::hooks::install(taipan_objects::memory_hooks::gc_hooks(trace_all));
    taipan_objects::hooks::install(taipan_objects::hooks::Hooks {
        call_function: call::call_from_native,
        call_code: call::call_code_from_native,
        resume: taipan_vm::interpreter::generators::resume,
        delegate: taipan_vm::interpreter::generators::delegate_hook,
        delegating: taipan_vm::interpreter::generators::delegating,
        generator_frame: taipan_vm::frame_object::generator_frame,
        asyncgen_hooks: || (None, None),
        import_module: |_| Err(import_error("no library here")),
        known_module: |_| Err(import_error("no library here")),
        builtin: |_| Err(import_error("no library here")),
        current_module_name: || None,
        super_arguments: || Err(runtime_error("super(): no arguments")),
        unraisable: |_, _| drop(try_take_raised()),
        warn: |_, _, _| Ok(()),
        current_frame: |_| None,
        check_signals: || Ok(()),
        encode: |_, _, _| Err(lookup_error("no codecs here")),
        decode: |_, _, _| Err(lookup_error("no codecs here")),
        codec_error_handler: |_| Err(lookup_error("no codecs here")),
        audit: |_, _| Ok(()),
    });
}

fn run(source: &str) -> String {
    let unit = taipan_compiler::compile(source, "<test>", taipan_compiler::Mode::Exec, Default::default())
        .unwrap_or_else(|e| panic!("{e:?}"));
    let code = PyCode::new(unit);
    let globals = PyDict::new();
    globals.set_str("__builtins__", PyDict::new().into_obj());
    globals.set_str("__name__", str_obj("test"));
    let globals: Obj = globals.into_obj();
    match call::run_code(&code, &globals, &globals, None) {
        Ok(_) => {
            let result = globals
                .downcast::<PyDict>()
                .and_then(|d| d.get_name("result"))
                .expect("the program sets `result`");
            protocol::repr_string(&result).expect("repr")
        }
        Err(Raised) => {
            let exception = take_raised();
            format!("raised {}", protocol::repr_string(&exception).expect("repr"))
        }
    }
}

fn check(source: &str, expected: &str) {
    assert_eq!(run(source), expected, "{source}");
}

#[test]
fn plain_code_runs() {
    start();
    check("result = 1 + 2", "3");
    check("def fib(n):\n    return n if n < 2 else fib(n-1) + fib(n-2)\nresult = fib(15)", "610");
    check("result = [x * x for x in (1, 2, 3) if x != 2]", "[1, 9]");
    check("d = {'a': 1}\nd['b'] = 2.5\nresult = d", "{'a': 1, 'b': 2.5}");
    check(
        "def f(a, b=2, *args, c, **kw):\n    return (a, b, args, c, kw)\nresult = f(1, c=3, z=4)",
        "(1, 2, (), 3, {'z': 4})",
    );
    check("def f():\n    yield 1\n    x = yield 2\n    yield x\nresult = [v for v in f()]", "[1, 2, None]");
    check("try:\n    1 / 0\nexcept:\n    result = 'caught'", "'caught'");
    check("result = f'{1 + 1}-{\"x\"!r}'", "\"2-'x'\"");
    check(
        "def outer():\n    n = 0\n    def inner():\n        nonlocal n\n        n += 1\n        return n\n    inner()\n    return inner()\nresult = outer()",
        "2",
    );
    check("a, *b, c = (1, 2, 3, 4)\nresult = (a, b, c)", "(1, [2, 3], 4)");
    check("x = 0\nwhile x < 10:\n    x += 3\nelse:\n    x = -x\nresult = x", "-12");
    check("result = 'abc'[1:] + 'd' * 3", "'bcddd'");
    check("result = 10 ** 20 // 7", "14285714285714285714");
    check(
        "def f(n):\n    return f(n + 1)\nf(0)",
        "raised RecursionError('maximum recursion depth exceeded')",
    );
    check("undefined", "raised NameError(\"name 'undefined' is not defined\")");
    check("match {'k': [1, 2]}:\n    case {'k': [a, b]}:\n        result = a + b", "3");
    check(
        "def g():\n    return (yield from h())\ndef h():\n    yield 1\n    return 2\ndef t():\n    r = yield from g()\n    yield r\nresult = [x for x in t()]",
        "[1, 2]",
    );
}
