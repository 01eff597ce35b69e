//! `taipan-benches`: how Taipan scales over threads and how it compares with other interpreters.
//!
//! Invariant: whatever is compared is measured alternately, because what the machine can do varies by the minute.

mod compare;
mod curve;
mod instructions;
mod meta312;
mod options;
mod plot;
mod processes;
mod pyperformance;
mod record;
mod rows;
mod scaling;
mod statistics;

use std::process::ExitCode;

use options::Command;

fn main() -> ExitCode {
    record::load_before();
    let result = options::parse(std::env::args().skip(1)).and_then(|(command, options)| match command {
        Command::Help => {
            println!("{}", options::USAGE);
            Ok(())
        }
        Command::Scaling => scaling::run(&options),
        Command::Meta312 => meta312::run(&options),
        Command::Compare if options.pyperformance => pyperformance::run(&options),
        Command::Compare => compare::run(&options, compare::Subject::Programs),
        Command::Natives => compare::run(&options, compare::Subject::Natives),
        Command::Instructions => instructions::run(&options),
        Command::Curve => curve::run(&options),
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(complaint) => {
            eprintln!("taipan-benches: {complaint}");
            ExitCode::FAILURE
        }
    }
}
