//! The examples at work. One interpreter for all: a process has one.

use taipan_hook_examples::{checker::Checker, jit::Jit, opcodes, profiler::Profiler};
use taipan_objects::function::PyFunction;
use taipan_objects::module::PyModule;
use taipan_objects::type_object::PyType;
use taipan_objects::{Obj, protocol};
use taipan_vm::{import, init, run};

/// Runs a program in `__main__`.
fn program(text: &str) {
    assert_eq!(run::command(text.as_ref()), 0, "{text}");
}

/// A global of `__main__`.
fn global(name: &str) -> Obj {
    let main = import::import_module("__main__").expect("it is there");
    let module = main.downcast::<PyModule>().expect("a module");
    protocol::IntoStrong::into_strong(module.dict().get_name(name).expect("defined"))
}

fn opcodes() {
    opcodes::register().expect("the names are free");
    assert!(opcodes::register().is_err());
    program(
        "def use(x): return __fma__(x, 2.0, 1), __clamp__(x, 0, 3), __popcount__(255)\n\
         assert [use(n) for n in (5, -1, 2)] == [(11.0, 3, 8), (-1.0, 0, 8), (5.0, 2, 8)]\n\
         import dis\n\
         assert sum(i.opname == 'EXTENSION' for i in dis.get_instructions(use)) == 3\n\
         assert [n for n in use.__code__.co_names] == ['FMA', 'CLAMP', 'POPCOUNT']\n\
         try: __popcount__('x')\n\
         except ValueError: pass\n\
         try: compile('__fma__(1)', '', 'eval'); assert 0\n\
         except SyntaxError: pass\n\
         def own(__fma__): return __fma__(1)\n\
         assert own(str) == '1'\n\
         import threading\n\
         wrong = []\n\
         def many():\n    for n in range(20000):\n        if use(n)[2] != 8 or __clamp__(n, 5, 7) not in (5, 6, 7): wrong.append(n)\n\
         ts = [threading.Thread(target=many) for _ in range(4)]\n\
         [t.start() for t in ts]; [t.join() for t in ts]\n\
         assert not wrong",
    );
}

fn profiler() {
    program("def before(): pass");
    let profiler = Profiler::start(|name| name == "before" || name == "after");
    program("def after(): before()\nfor _ in range(10): after()\nbefore()");
    assert_eq!(profiler.report(), [("before".to_owned(), 11), ("after".to_owned(), 10)]);
    drop(profiler);
    program("after()");
}

fn jit() {
    program("FACTOR = 2\ndef scale(x): return x * FACTOR\ndef other(x): return x");
    let jit = Jit::new();
    let (scale, other) = (global("scale"), global("other"));
    let scale = scale.downcast::<PyFunction>().expect("a function");
    assert!(jit.compile(scale) && !jit.compile(other.downcast::<PyFunction>().expect("a function")));
    program("assert scale(1.5) == 3.0 and scale('ab') == 'abab'");
    assert_eq!(jit.compiled(), 1);
    program("FACTOR = 3\nassert scale(1.5) == 4.5");
    assert_eq!(jit.compiled(), 0);
    assert!(jit.compile(scale));
    program("scale.__code__ = (lambda x: -x).__code__\nassert scale(1.5) == -1.5");
    assert_eq!(jit.compiled(), 0);
}

fn checker() {
    program(
        "from typing import override\n\
         class Base:\n    size = 1\n    def m(self): pass\n\
         class Sub(Base):\n    @override\n    def m(self): pass",
    );
    let checker = Checker::new();
    for name in ["Base", "Sub"] {
        checker.watch(global(name).downcast::<PyType>().expect("a class"));
    }
    program("Base.size = 2\nBase.size = 'large'\ndel Base.m");
    let findings = checker.findings();
    assert_eq!(findings, ["Base.size: int becomes str", "Sub.m overrides nothing any more"]);
}

/// The stub file says what the module has.
fn stub() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/taipan.pyi");
    program(&format!(
        "import ast, taipan\n\
         tree = ast.parse(open({path:?}).read())\n\
         told = {{node.name for node in tree.body if hasattr(node, 'name')}}\n\
         there = {{name for name in dir(taipan) if not name.startswith('_')}}\n\
         assert told == there, told ^ there"
    ));
}

#[test]
fn examples_work() {
    let work = || {
        let config = init::Config { modules: taipan_stdlib::modules(), settings: Default::default() };
        assert!(init::initialize(config).is_ok());
        opcodes();
        profiler();
        jit();
        checker();
        stub();
        assert_eq!(init::finalize(0), 0);
    };
    let thread = std::thread::Builder::new().stack_size(16 << 20).spawn(work).expect("a thread");
    thread.join().expect("the assertions hold");
}
