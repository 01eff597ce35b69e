//! Start and end of the interpreter.
//!
//! Order: thread, classes, hooks, `sys` and `builtins`, import system, encodings, standard streams, `site`. Each step may use what the
//! former ones made. The end runs in reverse, on the main thread, and never fails: errors are reported and the rest goes on.

mod streams;
mod teardown;

use taipan_objects::module::PyModule;
use taipan_objects::native::ModuleDef;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;
use taipan_threading::sync::atomic::{AtomicBool, Ordering};

use crate::import;
use crate::interpreter::{call, generators};
use crate::interpreters::{self, Interpreter, PerInterpreter};
use crate::sys::config::{self, Settings};
use crate::thread::{VmThread, trace_all};

/// What the program gives the interpreter.
pub struct Config {
    /// All native modules but the interpreter's own.
    pub modules: &'static [&'static ModuleDef],
    pub settings: Settings,
}

/// Set when the current interpreter can import anything.
static STARTED: PerInterpreter<()> = PerInterpreter::new();

/// Whether start-up is complete and the end is not.
pub fn is_initialized() -> bool {
    STARTED.get().is_some() && !ENDED.load(Ordering::Acquire)
}

/// How long finalizers that run beside the program's own threads may take at the end.
const LAST_SWEEP: std::time::Duration = std::time::Duration::from_secs(2);

/// Whether the main interpreter is at its end.
static ENDED: AtomicBool = AtomicBool::new(false);

/// Makes the calling thread the main Python thread and starts the interpreter. Once per process.
pub fn initialize(config: Config) -> PyResult<()> {
    streams::restore_closed();
    let Config { modules, settings } = config;
    if let Some(seed) = settings.hash_seed {
        taipan_objects::str::set_hash_seed(seed);
    }
    config::install(settings);
    VmThread::enter(interpreters::main().clone());
    taipan_objects::types::init();
    install_hooks();
    let settings = config::settings();
    if let Some(charset) = settings.charset.as_deref().filter(|_| settings.utf8_mode == 0) {
        taipan_objects::str::codecs::set_name_charset(charset);
    }
    let places = crate::sys::places::Places::of(&settings.executable);
    import::embedded::set_folder(settings.library.as_deref(), &places.base_prefix);
    import::install_modules(modules);
    if settings.dev_mode {
        taipan_objects::str::codecs::check_names_always();
    }
    if settings.check_overrides {
        taipan_objects::type_object::overrides::check_from_now_on();
    }
    if let Some(backend) = settings.perf
        && let Err(error) = crate::perf::activate(backend)
    {
        crate::error_display::write_stderr(&format!("can't activate perf trampoline: {error}\n"));
    }
    if settings.no_debug_ranges {
        taipan_objects::code::forget_columns();
    }
    if settings.int_max_str_digits >= 0 {
        taipan_objects::int::set_int_max_str_digits(settings.int_max_str_digits as usize)?;
    }
    taipan_objects::module::set_program_folder(
        settings.path0.as_ref().map(|p| p.to_string_lossy().into_owned()),
    );
    if settings.tracemalloc > 0 {
        crate::tracemalloc::start(settings.tracemalloc);
    }
    start_interpreter(settings.path0.as_deref())?;
    interpreters::main().set_ready();
    // The program that comes is its `__main__`.
    interpreters::main().start_running();
    Ok(())
}

/// Starts the current interpreter: everything from `sys` to `site`. `path0` goes in front of `sys.path`.
pub(crate) fn start_interpreter(path0: Option<&std::ffi::OsStr>) -> PyResult<()> {
    let settings = config::settings();
    let sys = crate::sys::create()?;
    let builtins = crate::builtins::create(settings.optimize > 0)?;
    let table = crate::sys::modules()?;
    setitem(&table, istr!("sys").as_obj(), &sys)?;
    setitem(&table, istr!("builtins").as_obj(), &builtins)?;
    import::note_builtin_import(crate::builtins::get("__import__")?);
    teardown::remember_builtins();
    // `-v` makes the import system talk.
    streams::preliminary()?;
    start_import(&sys)?;
    let has_files = crate::sys::loaded("_frozen_importlib_external").is_some();
    if has_files {
        if crate::import::native_module("_codecs").is_some() {
            drop(import::import_module("encodings")?);
        }
        streams::open()?;
    }
    STARTED.get_or_init(|| ());
    if !settings.warn_options.is_empty() {
        drop(import::import_module("warnings")?);
    }
    start_main()?;
    if has_files && !settings.no_site {
        drop(import::import_module("site")?);
    }
    // After `site`, which makes all entries absolute.
    if let Some(folder) = path0
        && let Some(path) = crate::sys::get("path")?
    {
        drop(call_method_str(&path, "insert", &[int_obj(0), crate::run::path_obj(folder)])?);
    }
    Ok(())
}

fn install_hooks() {
    crate::frame_object::install();
    taipan_gc::hooks::install(taipan_objects::memory_hooks::gc_hooks(trace_all));
    taipan_objects::hooks::install(taipan_objects::hooks::Hooks {
        call_function: call::call_from_native,
        call_code: call::call_code_from_native,
        resume: generators::resume,
        delegate: generators::delegate_hook,
        delegating: generators::delegating,
        generator_frame: crate::frame_object::generator_frame,
        asyncgen_hooks: crate::sys::asyncgen_hooks,
        import_module: import::import_module,
        known_module: import::known_module,
        builtin: crate::builtins::get,
        current_module_name,
        super_arguments: crate::super_arguments::super_arguments,
        unraisable: crate::sys::print_unraisable,
        warn: crate::warnings::warn,
        current_frame: crate::frame_object::current_frame,
        check_signals,
        encode,
        decode,
        codec_error_handler,
        audit: crate::sys::audit,
    });
}

fn current_module_name() -> Option<Obj> {
    let frame = crate::builtins::caller()?;
    crate::frame::dict_of(frame.globals())?.get_name("__name__").map(IntoStrong::into_strong)
}

fn check_signals() -> PyResult<()> {
    let thread = crate::thread::current();
    if thread.threading.poll() == 0 { Ok(()) } else { crate::safepoint::handle(thread) }
}

fn encode(text: &Obj, encoding: &str, errors: &str) -> PyResult<Obj> {
    let codecs = import::import_module("_codecs")?;
    call_method_str(&codecs, "_encode_text", &[text.clone(), str_obj(encoding), str_obj(errors)])
}

fn decode(bytes: &Obj, encoding: &str, errors: &str) -> PyResult<Obj> {
    let codecs = import::import_module("_codecs")?;
    call_method_str(&codecs, "_decode_text", &[bytes.clone(), str_obj(encoding), str_obj(errors)])
}

fn codec_error_handler(name: &str) -> PyResult<Obj> {
    let codecs = import::import_module("_codecs")?;
    call_method_str(&codecs, "lookup_error", &[str_obj(name)])
}

/// Runs a frozen module's code in a new module object.
fn frozen_module(name: &'static str) -> PyResult<Obj> {
    let Some(frozen) = import::embedded::find_frozen(name) else {
        return Err(import_error(format!("no frozen module {name}")));
    };
    let Some(code) = import::embedded::frozen_code(frozen)? else {
        return Err(import_error(format!("the library lacks {}", frozen.path)));
    };
    import::frozen_module(name, frozen, &code)
}

fn start_import(sys: &Obj) -> PyResult<()> {
    let table = crate::sys::modules()?;
    let bootstrap = frozen_module("_frozen_importlib")?;
    import::install_bootstrap(bootstrap.clone());
    let imp = import::make_module(&import::IMP)?;
    setitem(&table, istr!("_imp").as_obj(), &imp)?;
    drop(call_method_str(&bootstrap, "_install", &[sys.clone(), imp])?);
    if ["posix", "_io"].iter().any(|name| import::native_module(name).is_none()) {
        // A program without files: native and frozen modules only.
        return Ok(());
    }
    drop(call_method_str(&bootstrap, "_install_external_importers", &[])?);
    if let Some(hooks) = crate::sys::get("path_hooks")? {
        let zip = getattr_str(&import::import_module("zipimport")?, "zipimporter")?;
        drop(call_method_str(&hooks, "insert", &[int_obj(0), zip])?);
        if !import::embedded::is_replaced() {
            // The program's own library is looked for first: it needs nothing of `zipimport`.
            let embedded = import::import_module("_embedded")?;
            let finder = getattr_str(&embedded, "EmbeddedFinder")?;
            drop(call_method_str(&hooks, "insert", &[int_obj(0), finder])?);
        }
    }
    Ok(())
}

/// The `__main__` module.
fn start_main() -> PyResult<()> {
    let main = PyModule::new("__main__");
    let dict = main.dict();
    dict.set_str("__builtins__", crate::builtins::module()?.as_obj().clone());
    let loader = call_import_attribute("_frozen_importlib", "BuiltinImporter")?;
    dict.set_str("__loader__", loader);
    setitem(&crate::sys::modules()?, istr!("__main__").as_obj(), main.as_obj())
}

fn call_import_attribute(module: &str, name: &str) -> PyResult<Obj> {
    getattr_str(&import::import_module(module)?, name)
}

/// Ends the interpreter: waits for threads, runs exit functions, takes the modules down, flushes. Returns the exit status, `status` unless flushing fails.
pub fn finalize(status: i32) -> i32 {
    let status = interpreters::end(interpreters::main(), status);
    ENDED.store(true, Ordering::Release);
    status
}

/// The end of the current interpreter, for [`interpreters::end`].
pub(crate) fn end_interpreter(interpreter: &Interpreter, status: i32) -> i32 {
    let mut status = status;
    if let Some(threading) = crate::sys::loaded("threading")
        && call_method_str(&threading, "_shutdown", &[]).is_err()
    {
        crate::sys::print_unraisable(Some("Exception ignored on threading shutdown"), Some(&threading));
    }
    // Functions were registered, wherever the module is by now.
    let atexit = crate::sys::loaded("atexit").or_else(|| {
        let imported = import::import_module("atexit");
        imported.map_err(|Raised| drop(try_take_raised())).ok()
    });
    if let Some(atexit) = atexit
        && call_method_str(&atexit, "_run_exitfuncs", &[]).is_err()
    {
        crate::sys::print_unraisable(Some("Exception ignored in atexit callback"), Some(&atexit));
    }
    if !flush_streams() {
        status = 120;
    }
    if interpreter.is_main() {
        taipan_gc::limbo::monitor::retire(LAST_SWEEP);
        finish_subinterpreters();
        interpreter.set_finalizing();
        if taipan_threading::multi_threaded() {
            // Daemonic threads: what they use goes now.
            taipan_threading::stop_for_good();
        }
    } else {
        interpreter.set_finalizing();
        interpreters::dismiss_threads(interpreter);
    }
    teardown::tear_down();
    // What could not be written before has been told of.
    if status != 120 && !flush_streams() {
        status = 120;
    }
    status
}

/// Ends the interpreters that the program forgot.
fn finish_subinterpreters() {
    if interpreters::all().len() < 2 {
        return;
    }
    let text = "remaining subinterpreters; close them with Interpreter.close()";
    if crate::warnings::warn(text, types().runtime_warning.as_obj(), 1).is_err() {
        crate::sys::print_unraisable(None, None);
    }
    interpreters::destroy_all();
}

/// Flushes `sys.stdout` and `sys.stderr`; whether that went well.
pub fn flush_streams() -> bool {
    let mut fine = true;
    for name in ["stdout", "stderr"] {
        let Ok(Some(file)) = crate::sys::get(name) else { continue };
        if is_none(&file) {
            continue;
        }
        let closed = getattr_opt(&file, &istr!("closed")).and_then(|c| c.map_or(Ok(false), |c| is_true(&c)));
        if closed.unwrap_or_else(|Raised| {
            drop(take_raised());
            false
        }) {
            continue;
        }
        if call_method(&file, &istr!("flush"), &[]).is_err() {
            if name == "stdout" {
                crate::sys::print_unraisable(Some("Exception ignored while flushing sys.stdout"), None);
                fine = false;
            } else {
                drop(take_raised());
            }
        }
    }
    fine
}
