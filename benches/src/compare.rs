//! The `compare` and `natives` commands: whole programs, or workloads of native modules, on one thread, under several interpreters in turn.
//!
//! Invariant: interpreters must agree on a program's output before their times are compared.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::options::Options;
use crate::{processes, statistics};

/// What is compared.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// The programs in `python/programs`.
    Programs,
    /// The workloads in `python/natives.py`.
    Natives,
}

/// A program and the arguments that it takes before `--loops`.
struct Program {
    name: String,
    path: PathBuf,
    arguments: Vec<String>,
}

/// Times of one program, one list per interpreter; empty where it failed.
struct Row {
    program: String,
    times: Vec<Vec<f64>>,
}

/// Runs the command.
pub fn run(options: &Options, subject: Subject) -> Result<(), String> {
    let programs = match subject {
        Subject::Programs => programs(options)?,
        Subject::Natives => workloads(options)?,
    };
    let names: Vec<&str> = options.interpreters.iter().map(|interpreter| interpreter.name.as_str()).collect();
    print!("{:<20}", "program");
    names.iter().for_each(|name| print!(" {name:>12}"));
    names.iter().skip(1).for_each(|name| print!("  {:<22}", format!("{name} / {}", names[0])));
    println!();
    let (mut rows, mut failures) = (Vec::new(), 0);
    for program in &programs {
        let row = measure(options, program, &mut failures);
        print(&row);
        rows.push(row);
    }
    println!();
    for (index, name) in names.iter().enumerate().skip(1) {
        let factors: Vec<f64> = rows
            .iter()
            .filter(|row| !row.times[index].is_empty() && !row.times[0].is_empty())
            .map(|row| statistics::median(&statistics::ratios(&row.times[index], &row.times[0])))
            .collect();
        println!(
            "{} takes 1, {name} {:.2} times as long (geometric mean of {} programs)",
            names[0],
            statistics::geometric_mean(&factors),
            factors.len()
        );
    }
    if let Some(path) = &options.json {
        write_json(path, options, subject, &names, &rows)?;
    }
    if failures > 0 { Err(format!("{failures} programs failed")) } else { Ok(()) }
}

/// The folder of the Python programs.
fn python() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("python")
}

fn programs(options: &Options) -> Result<Vec<Program>, String> {
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
    let names = processes::output(&first.path, &path, &["--list".to_owned()])?;
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

fn measure(options: &Options, program: &Program, failures: &mut usize) -> Row {
    let count = options.interpreters.len();
    let mut row = Row { program: program.name.clone(), times: vec![Vec::new(); count] };
    let mut failed = vec![false; count];
    let mut expected: Option<String> = None;
    let mut arguments = program.arguments.clone();
    arguments.extend(["--loops".to_owned(), options.scale.to_string()]);
    for _ in 0..options.pairs {
        for (index, interpreter) in options.interpreters.iter().enumerate() {
            if failed[index] {
                continue;
            }
            let result =
                processes::output(&interpreter.path, &program.path, &arguments).and_then(|text| split(&text));
            let complaint = match result {
                Ok((result, seconds)) if expected.as_ref().is_none_or(|expected| *expected == result) => {
                    expected = Some(result);
                    row.times[index].push(seconds);
                    continue;
                }
                Ok((result, _)) => {
                    format!("prints {result:?}, another interpreter {:?}", expected.as_deref().unwrap_or(""))
                }
                Err(complaint) => complaint,
            };
            println!("{}: {} failed: {complaint}", row.program, interpreter.name);
            failed[index] = true;
            row.times[index].clear();
            *failures += 1;
        }
    }
    row
}

/// A program's output without its last line, and the seconds that this last line tells.
fn split(text: &str) -> Result<(String, f64), String> {
    let (result, last) = text.trim_end().rsplit_once('\n').ok_or("prints less than two lines")?;
    let seconds = last.strip_prefix("time: ").and_then(|seconds| seconds.parse().ok());
    Ok((result.to_owned(), seconds.ok_or("does not print its time in the last line")?))
}

fn print(row: &Row) {
    print!("{:<20}", row.program);
    for times in &row.times {
        if times.is_empty() {
            print!(" {:>12}", "failed")
        } else {
            print!(" {:>9.1} ms", statistics::median(times) * 1e3)
        }
    }
    for times in row.times.iter().skip(1) {
        let ratios = statistics::ratios(times, &row.times[0]);
        let (low, high) = statistics::spread(&ratios);
        let text = if ratios.is_empty() {
            "-".into()
        } else {
            format!("{:.2} ({low:.2}-{high:.2})", statistics::median(&ratios))
        };
        print!("  {text:<22}");
    }
    println!();
}

fn write_json(
    path: &Path,
    options: &Options,
    subject: Subject,
    names: &[&str],
    rows: &[Row],
) -> Result<(), String> {
    let rows: Vec<_> = rows
        .iter()
        .map(|row| {
            let times: serde_json::Map<_, _> = names
                .iter()
                .zip(&row.times)
                .map(|(name, times)| ((*name).to_owned(), json!(times)))
                .collect();
            json!({ "program": row.program, "seconds": times })
        })
        .collect();
    let document = json!({ "command": if subject == Subject::Natives { "natives" } else { "compare" }, "scale": options.scale, "pairs": options.pairs, "rows": rows });
    std::fs::write(path, format!("{document:#}\n")).map_err(|error| format!("{}: {error}", path.display()))
}
