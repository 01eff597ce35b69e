//! `taipan-conformance`: CPython's own test modules, counted test by test under Taipan and under CPython 3.14, as a table.
//!
//! Invariant: a test counts only if CPython passes it here, twice; what it needs and does not find (network, a display, CPython's C
//! test modules) is the same for both.
#![forbid(unsafe_code)]

mod modules;
mod options;
mod outcomes;
mod pool;
mod process;
mod stage;
mod table;

use std::process::ExitCode;

use modules::Module;
use options::Options;
use outcomes::{Figure, Runner};

fn main() -> ExitCode {
    let result = options::parse(std::env::args().skip(1)).and_then(|options| match options {
        None => {
            println!("{}", options::USAGE);
            Ok(true)
        }
        Some(options) => run(&options),
    });
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(complaint) => {
            eprintln!("taipan-conformance: {complaint}");
            ExitCode::from(2)
        }
    }
}

/// Whether nothing fell under its recorded figure.
fn run(options: &Options) -> Result<bool, String> {
    let recorded = match &options.check {
        Some(path) => Some(table::read(path)?),
        None => None,
    };
    let modules = modules::selected(options)?;
    let stage = stage::Stage::new(&options.tests)?;
    let runner = Runner::new(options, &stage)?;
    let measured = pool::map(options.jobs, &modules, |module| {
        let figure = runner.figure(&module.name)?;
        println!("{}", line(module, &figure));
        Ok(figure)
    })?;
    let mut fine = true;
    for (module, figure) in modules.iter().zip(&measured) {
        let Some(recorded) = &recorded else { break };
        let Some(least) = recorded.get(module.name.as_str()).copied() else { continue };
        if figure.passed >= least {
            continue;
        }
        // A test that depends on the time may fail once.
        let again = runner.ours_again(&module.name)?;
        if again.passed < least {
            fine = false;
            println!("{} passes {} tests, and passed {least}:", module.name, again.passed);
            again.rest.iter().for_each(|(test, class)| println!("    {class} {test}"));
        }
    }
    let (passed, expected) = measured.iter().fold((0, 0), |sum, f| (sum.0 + f.passed, sum.1 + f.expected));
    println!("{passed} of the {expected} tests that CPython passes, in {} modules", measured.len());
    if let Some(path) = &options.write {
        let text = table::write(&modules, &measured, &runner.oracle_version);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        }
        std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    if let Some(path) = &options.failures {
        let all = modules.iter().zip(&measured);
        let lines = all.flat_map(|(module, figure)| {
            figure.rest.iter().map(|(test, class)| format!("{}\t{class}\t{test}\n", module.name))
        });
        std::fs::write(path, lines.collect::<String>())
            .map_err(|error| format!("{}: {error}", path.display()))?;
    }
    if recorded.is_some() {
        println!("conformance result: {}", if fine { "no module fell" } else { "FAILED" });
    }
    Ok(fine)
}

fn line(module: &Module, figure: &Figure) -> String {
    let rest = table::classes(figure);
    format!("{:34} {:5}/{:<5} {:6.1} s  {rest}", module.name, figure.passed, figure.expected, figure.seconds)
}
