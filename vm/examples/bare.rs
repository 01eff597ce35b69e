//! Runs a file with the bare interpreter: no library, results discarded. For looking at the loop's machine code and counts.

use taipan_objects::code::PyCode;
use taipan_objects::construct::*;
use taipan_objects::dict::PyDict;
use taipan_objects::error::*;
use taipan_objects::{Obj, protocol};
use taipan_vm::interpreter::{call, generators};
use taipan_vm::thread::{VmThread, trace_all};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn builtins_of(globals: &Obj) -> Obj {
    globals.downcast::<PyDict>().and_then(|d| d.get_name("__builtins__")).expect("set above").clone()
}

fn main() {
    VmThread::enter(taipan_vm::interpreters::main().clone());
    taipan_objects::types::init();
    taipan_gc::hooks::install(taipan_objects::memory_hooks::gc_hooks(trace_all));
    taipan_objects::hooks::install(taipan_objects::hooks::Hooks {
        call_function: call::call_from_native,
        call_code: call::call_code_from_native,
        resume: generators::resume,
        delegate: generators::delegate_hook,
        delegating: generators::delegating,
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
    let path = std::env::args().nth(1).expect("a file");
    let source = std::fs::read_to_string(&path).expect("readable");
    let unit = taipan_compiler::compile(&source, &path, taipan_compiler::Mode::Exec, Default::default())
        .expect("valid");
    let code = PyCode::new(unit);
    let globals = PyDict::new();
    let builtins = PyDict::new();
    builtins.set_str("range", taipan_objects::types::types().range.as_obj().clone());
    globals.set_str("__builtins__", builtins.into_obj());
    globals.set_str("__name__", str_obj("test"));
    let globals: Obj = globals.into_obj();
    let threads: usize = std::env::args().nth(2).and_then(|n| n.parse().ok()).unwrap_or(1);
    if threads > 1 {
        // Each thread runs the program in a namespace of its own, with one code object for all.
        taipan_threading::prepare_thread_start();
        let start = std::time::Instant::now();
        let handles: Vec<_> = (0..threads)
            .map(|_| {
                let (code, builtins) = (code.clone(), builtins_of(&globals));
                std::thread::Builder::new()
                    .stack_size(16 << 20)
                    .spawn(move || {
                        VmThread::enter(taipan_vm::interpreters::main().clone());
                        let globals = PyDict::new();
                        globals.set_str("__builtins__", builtins);
                        globals.set_str("__name__", str_obj("test"));
                        let globals: Obj = globals.into_obj();
                        let start = std::time::Instant::now();
                        if call::run_code(&code, &globals, &globals, None).is_err() {
                            println!("raised {}", protocol::repr_string(&take_raised()).expect("repr"));
                        }
                        println!("thread: {:.3} s", start.elapsed().as_secs_f64());
                        drop((globals, code));
                        VmThread::leave();
                    })
                    .expect("a thread")
            })
            .collect();
        taipan_threading::detached(|| handles.into_iter().for_each(|h| h.join().expect("no panic")));
        println!("{threads} threads: {:.3} s", start.elapsed().as_secs_f64());
        return;
    }
    let start = std::time::Instant::now();
    if let Err(Raised) = call::run_code(&code, &globals, &globals, None) {
        println!("raised {}", protocol::repr_string(&take_raised()).expect("repr"));
    }
    println!("{:.3} s", start.elapsed().as_secs_f64());
    let result = globals.downcast::<PyDict>().and_then(|d| d.get_name("result"));
    println!("{:?}", result.map(|r| protocol::repr_string(&r)));
}
