//! The `taipan` program: reads the command line and the environment, runs the interpreter on a large stack.
//!
//! That is a stack of its own, but the process's first thread: whoever looks at a process from outside (debuggers, tracers of system calls, who sends
//! signals by number of thread) takes that one for the program.
#![forbid(unsafe_code)]

mod locale;
mod options;
mod settings;

use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::path::Path;

use options::{Options, Program, Request};
use taipan_vm::{error_display, init, run};

#[cfg(not(feature = "malloc"))]
#[global_allocator]
static ALLOCATOR: taipan_gc::malloc::MiMalloc = taipan_gc::malloc::MiMalloc;

/// Stack of the main thread, as large as that of others: recursion in native code ends before it takes long.
const STACK: usize = 16 << 20;

fn main() {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let options = match options::parse(&arguments, &format!("Python {}", taipan_vm::sys::version())) {
        Request::Run(options) => options,
        Request::Print(text) => {
            // A closed pipe is nobody's fault.
            let _ = std::io::stdout().write_all(text.as_bytes());
            std::process::exit(0);
        }
        Request::Fail(text, status) => {
            let _ = std::io::stderr().write_all(text.as_bytes());
            std::process::exit(status);
        }
    };
    let c_locale = locale::initialize(&options);
    let status = stacker::grow(STACK, || {
        taipan_objects::protocol::set_stack_room(stacker::remaining_stack().unwrap_or(STACK));
        std::panic::catch_unwind(|| interpret(&options, &arguments, c_locale)).unwrap_or(70)
    });
    std::process::exit(status);
}

fn interpret(options: &Options, arguments: &[OsString], c_locale: bool) -> i32 {
    let settings = match settings::from(options, arguments, c_locale) {
        Ok(settings) => settings,
        Err(complaint) => {
            error_display::write_stderr(&format!(
                "Fatal Python error: {complaint}\nPython runtime state: preinitialized\n\n"
            ));
            return 1;
        }
    };
    taipan_jit::install();
    let program_name = arguments.first().map_or("taipan".into(), |a| a.to_string_lossy().into_owned());
    let quiet = options.quiet;
    let inspect = settings.inspect > 0;
    let config = init::Config { modules: taipan_stdlib::modules(), settings };
    if init::initialize(config).is_err() {
        let status = error_display::handle_uncaught().max(1);
        error_display::write_stderr("taipan: the interpreter could not be started\n");
        return status;
    }
    taipan_stdlib::_signal::install();
    if settings::shows_faults(options) && taipan_stdlib::faulthandler::enable_by_default().is_err() {
        // Where there is no standard error nothing can be shown.
        drop(taipan_objects::error::try_take_raised());
    }
    let terminal = std::io::stdin().is_terminal();
    let mut status = match options.program.as_ref().unwrap_or(&Program::Stdin) {
        Program::Command(text) => run::command(text),
        Program::Module(name) => run::module(name),
        Program::Script(path) => run::script(Path::new(path), &program_name, options.skip_first_line),
        Program::Stdin if terminal || options.interactive => run::interactive(quiet, true),
        Program::Stdin => run::stdin(),
    };
    if inspect
        && (terminal || options.interactive)
        && options.program.as_ref().is_some_and(|p| *p != Program::Stdin)
    {
        status = run::interactive(true, false);
    }
    let status = init::finalize(status);
    if error_display::was_interrupted() {
        // The parent is to see what ended the program.
        taipan_stdlib::_signal::end_by_interrupt();
    }
    status
}
