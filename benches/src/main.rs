//! `taipan-benches`: how Taipan scales over threads and how it compares with other interpreters.
//!
//! Invariant: whatever is compared is measured alternately, because what the machine can do varies by the minute.

mod compare;
mod meta312;
mod options;
mod plot;
mod processes;
mod scaling;
mod statistics;

use std::process::ExitCode;

fn main() -> ExitCode {
    let result = options::parse(std::env::args().skip(1)).and_then(|command| match command {
        options::Command::Help => {
            println!("{}", options::USAGE);
            Ok(())
        }
        options::Command::Scaling(options) => scaling::run(&options),
        options::Command::Meta312(options) => meta312::run(&options),
        options::Command::Compare(options) => compare::run(&options, compare::Subject::Programs),
        options::Command::Natives(options) => compare::run(&options, compare::Subject::Natives),
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(complaint) => {
            eprintln!("taipan-benches: {complaint}");
            ExitCode::FAILURE
        }
    }
}
