//! The `compare` and `natives` commands: whole programs, or workloads of native modules, on one thread, under several interpreters in turn.
//!
//! Invariant: interpreters must agree on a program's output before their times are compared.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::options::Options;
use crate::processes;
use crate::rows::{self, Row};

/// What is compared.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// The programs in `python/programs`.
    Programs,
    /// The workloads in `python/natives.py`.
    Natives,
}

/// A program and the arguments that it takes before `--loops`.
pub struct Program {
    pub name: String,
    pub path: PathBuf,
    pub arguments: Vec<String>,
}

/// Runs the command.
pub fn run(options: &Options, subject: Subject) -> Result<(), String> {
    let (command, programs) = match subject {
        Subject::Programs => ("compare", programs(options)?),
        Subject::Natives => ("natives", workloads(options)?),
    };
    rows::heading(options);
    let mut measured = Vec::new();
    for program in &programs {
        let row = measure(options, program);
        rows::print(options, &row);
        measured.push(row);
    }
    rows::finish(options, command, &measured, json!({ "scale": options.scale, "pairs": options.pairs }))
}

/// The folder of the Python programs.
pub fn python() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("python")
}

/// The programs in `python/programs` that `--only` lets through.
pub fn programs(options: &Options) -> Result<Vec<Program>, String> {
    let folder = python().join("programs");
    let entries = std::fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut found: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "py"))
        .filter(|path| stem(path) != "harness" && options.wants(stem(path)))
        .collect();
    found.sort();
    let found =
        found.into_iter().map(|path| Program { name: stem(&path).to_owned(), path, arguments: Vec::new() });
    some(found.collect())
}

fn workloads(options: &Options) -> Result<Vec<Program>, String> {
    let path = python().join("natives.py");
    let first = options.interpreters.first().ok_or("no interpreter to measure")?;
    let names = processes::output(&first.path, &path, &["--list".to_owned()], options.timeout)?;
    let wanted = names.lines().filter(|name| options.wants(name));
    let workload =
        |name: &str| Program { name: name.to_owned(), path: path.clone(), arguments: vec![name.to_owned()] };
    some(wanted.map(workload).collect())
}

fn some(programs: Vec<Program>) -> Result<Vec<Program>, String> {
    if programs.is_empty() { Err("no program of that name".to_owned()) } else { Ok(programs) }
}

fn stem(path: &Path) -> &str {
    path.file_stem().and_then(|stem| stem.to_str()).unwrap_or("?")
}

fn measure(options: &Options, program: &Program) -> Row {
    let mut row = Row::new(&program.name, options.interpreters.len());
    let mut expected: Option<String> = None;
    let mut arguments = program.arguments.clone();
    arguments.extend(["--loops".to_owned(), options.scale.to_string()]);
    row.measure(options.pairs, |index| {
        let interpreter = &options.interpreters[index];
        let text = processes::output(&interpreter.path, &program.path, &arguments, options.timeout)?;
        let (result, seconds, peak) = split(&text)?;
        let expected = expected.get_or_insert_with(|| result.clone());
        if *expected == result {
            Ok((seconds, peak))
        } else {
            Err(format!("prints {result:?}, another interpreter {expected:?}"))
        }
    });
    row
}

/// A program's output without its closing lines, and what these tell: seconds and, where the system says so, bytes.
fn split(text: &str) -> Result<(String, f64, Option<f64>), String> {
    let (mut seconds, mut peak) = (None, None);
    let mut lines: Vec<&str> = text.lines().collect();
    while let Some(last) = lines.last() {
        if let Some(value) = last.strip_prefix("time: ") {
            seconds = value.parse().ok();
        } else if let Some(value) = last.strip_prefix("peak: ") {
            peak = value.parse().ok();
        } else {
            break;
        }
        lines.pop();
    }
    Ok((lines.join("\n"), seconds.ok_or("does not print its time at the end")?, peak))
}
