//! The `instructions` command: how many machine instructions small statements and the programs of `compare` take.
//!
//! A figure is that of a process that runs the statement many times, or a small part of the program's usual work, less that of a process
//! that only starts up. Counts vary by far less than times do, so a record of them shows a change of a few percent, on a busy machine as well.
//!
//! Invariant: counts are compared only with counts of the same counter.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::Duration;

use serde_json::{Value, json};

use crate::options::{Interpreter, Options};
use crate::{compare, processes, record, statistics};

/// How often a statement runs: so often that compiling it is less than an instruction of each time.
const TIMES: u32 = 20_000;

/// The part of their usual work that programs do, because counting makes them fifty times as slow.
const PART: f64 = 0.02;

/// What counts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Counter {
    Perf,
    Callgrind,
}

/// What is counted.
enum Subject {
    Statement(String),
    Program(PathBuf, Vec<String>),
}

/// A subject's name and what each interpreter needed for it.
struct Row {
    name: String,
    program: bool,
    counts: Vec<Result<f64, String>>,
}

/// Runs the command.
pub fn run(options: &Options) -> Result<(), String> {
    let counter = Counter::choose(options.counter.as_deref())?;
    let baseline = options.baseline.as_deref().map(|path| Baseline::read(path, counter)).transpose()?;
    if baseline.is_some() && options.names()[0] != "taipan" {
        return Err("--baseline says what taipan needed, which --taipan none leaves out".to_owned());
    }
    let script = compare::python().join("instructions.py");
    let subjects = subjects(options, &script)?;
    let startup: Vec<Result<f64, String>> = options
        .interpreters
        .iter()
        .map(|interpreter| counter.count(options, interpreter, &script, &["pass".into(), "0".into()]))
        .collect();
    let names = options.names();
    print!("{:<28}", format!("instructions ({})", counter.name()));
    names.iter().for_each(|name| print!(" {name:>14}"));
    names.iter().skip(1).for_each(|name| print!(" {:>12}", format!("/ {name}")));
    println!("{}", if baseline.is_some() { "  against the record" } else { "" });
    let rows = count_all(options, counter, &script, &subjects, &startup, |row| {
        print(row, baseline.as_ref().and_then(|baseline| baseline.growth(row)));
    });
    let summary = summarize(&names, &rows);
    let counts: serde_json::Map<String, Value> = rows.iter().map(|row| to_json(row, &names)).collect();
    record::write(options, "instructions", json!({ "counter": counter.name(), "counts": counts }), &summary)?;
    let failed = rows.iter().filter(|row| row.counts.iter().any(Result::is_err)).count();
    let grown: Vec<String> = rows
        .iter()
        .filter_map(|row| Some((row, baseline.as_ref()?.growth(row)?)))
        .filter(|(_, growth)| *growth > options.tolerance)
        .map(|(row, growth)| format!("{} ({growth:+.1} %)", row.name))
        .collect();
    if !grown.is_empty() {
        return Err(format!(
            "more instructions than in the record, by over {} %: {}",
            options.tolerance,
            grown.join(", ")
        ));
    }
    if failed > 0 { Err(format!("{failed} rows failed")) } else { Ok(()) }
}

impl Counter {
    fn choose(wanted: Option<&str>) -> Result<Counter, String> {
        match wanted {
            Some("perf") if Counter::Perf.works() => Ok(Counter::Perf),
            Some("callgrind") if Counter::Callgrind.works() => Ok(Counter::Callgrind),
            Some(name @ ("perf" | "callgrind")) => {
                Err(format!("{name} counts no instructions on this machine"))
            }
            Some(name) => Err(format!("--counter {name}: neither perf nor callgrind")),
            None => [Counter::Perf, Counter::Callgrind].into_iter().find(|counter| counter.works()).ok_or(
                "neither `perf stat -e instructions:u` nor `valgrind --tool=callgrind` works on this machine"
                    .to_owned(),
            ),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Counter::Perf => "perf",
            Counter::Callgrind => "callgrind",
        }
    }

    /// Whether it counts at all: virtual machines often have no counters for perf.
    fn works(self) -> bool {
        let mut command = self.command();
        command.arg("true");
        let result = processes::finish(&mut command, Duration::from_secs(60));
        result.is_ok_and(|(_, errors)| self.read(&errors).is_some())
    }

    fn command(self) -> Command {
        match self {
            Counter::Perf => {
                let mut command = Command::new("perf");
                command.args(["stat", "-x", ",", "-e", "instructions:u"]);
                command
            }
            Counter::Callgrind => {
                let mut command = Command::new("valgrind");
                command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
                command
            }
        }
    }

    /// The count, as the counter tells it on standard error.
    fn read(self, errors: &str) -> Option<f64> {
        match self {
            Counter::Perf => {
                let line = errors.lines().find(|line| line.contains("instructions"))?;
                line.split(',').next()?.trim().parse().ok()
            }
            Counter::Callgrind => {
                let line = errors.lines().find(|line| line.contains("Collected"))?;
                line.rsplit(':').next()?.trim().parse().ok()
            }
        }
    }

    fn count(
        self,
        options: &Options,
        interpreter: &Interpreter,
        script: &Path,
        arguments: &[String],
    ) -> Result<f64, String> {
        let mut command = self.command();
        command.arg(&interpreter.path).arg(script).args(arguments);
        // What depends on the hashes of strings is the same in all processes.
        command.env("PYTHONHASHSEED", "1").env("PYTHONDONTWRITEBYTECODE", "1");
        let (_, errors) = processes::finish(&mut command, options.timeout)?;
        self.read(&errors).ok_or_else(|| format!("{} tells no count", self.name()))
    }
}

/// A record to compare with.
struct Baseline {
    counts: Value,
}

impl Baseline {
    fn read(path: &Path, counter: Counter) -> Result<Baseline, String> {
        let document = record::load(path)?;
        let Some(other) = document["counter"].as_str() else {
            return Err(format!("{} is no record of instructions", path.display()));
        };
        if other != counter.name() {
            return Err(format!("{} was counted by {other}: use --counter {other}", path.display()));
        }
        Ok(Baseline { counts: document["counts"].clone() })
    }

    /// Percents that the first interpreter needs more than it is recorded to have needed.
    fn growth(&self, row: &Row) -> Option<f64> {
        let recorded = self.counts[&row.name]["taipan"].as_f64()?;
        let now = row.counts.first()?.as_ref().ok()?;
        // Less than an instruction is noise, however much of a small count it is.
        if (now - recorded).abs() < 1.0 { Some(0.0) } else { Some((now / recorded - 1.0) * 100.0) }
    }
}

fn subjects(options: &Options, script: &Path) -> Result<Vec<(String, Subject)>, String> {
    let first = options.interpreters.first().ok_or("no interpreter to measure")?;
    let names = processes::output(&first.path, script, &["--list".to_owned()], options.timeout)?;
    let statements = names.lines().filter(|name| options.wants(name));
    let mut found: Vec<(String, Subject)> =
        statements.map(|name| (name.to_owned(), Subject::Statement(name.to_owned()))).collect();
    for program in compare::programs(options).unwrap_or_default() {
        let mut arguments = program.arguments;
        arguments.extend(["--loops".to_owned(), (PART * options.scale).to_string()]);
        found.push((program.name, Subject::Program(program.path, arguments)));
    }
    if found.is_empty() { Err("no statement and no program of that name".to_owned()) } else { Ok(found) }
}

/// Counts all subjects, on all processors at the same time, which the counts do not mind.
fn count_all(
    options: &Options,
    counter: Counter,
    script: &Path,
    subjects: &[(String, Subject)],
    startup: &[Result<f64, String>],
    done: impl Fn(&Row) + Sync,
) -> Vec<Row> {
    let next = Mutex::new(subjects.iter().enumerate());
    let rows = Mutex::new(BTreeMap::new());
    let work = || {
        loop {
            let Some((index, (name, subject))) = next.lock().ok().and_then(|mut next| next.next()) else {
                break;
            };
            let one = |(interpreter, startup): (&Interpreter, &Result<f64, String>)| {
                let (path, arguments, times) = match subject {
                    Subject::Statement(name) => {
                        (script, &[name.clone(), TIMES.to_string()][..], f64::from(TIMES))
                    }
                    Subject::Program(path, arguments) => (path.as_path(), &arguments[..], 1.0),
                };
                Ok((counter.count(options, interpreter, path, arguments)? - startup.clone()?) / times)
            };
            let counts = options.interpreters.iter().zip(startup).map(one).collect();
            let row = Row { name: name.clone(), program: matches!(subject, Subject::Program(..)), counts };
            if let Ok(mut rows) = rows.lock() {
                done(&row);
                rows.insert(index, row);
            }
        }
    };
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..processors {
            scope.spawn(work);
        }
    });
    rows.into_inner().unwrap_or_default().into_values().collect()
}

fn print(row: &Row, growth: Option<f64>) {
    print!("{:<28}", row.name);
    for count in &row.counts {
        match count {
            Ok(count) if row.program => print!(" {:>12.1} M", count / 1e6),
            Ok(count) => print!(" {count:>14.1}"),
            Err(_) => print!(" {:>14}", "failed"),
        }
    }
    for index in 1..row.counts.len() {
        match ratio(row, index) {
            Some(ratio) => print!(" {ratio:>12.2}"),
            None => print!(" {:>12}", "-"),
        }
    }
    if let Some(growth) = growth {
        print!("  {growth:+.1} %");
    }
    row.counts.iter().filter_map(|count| count.as_ref().err()).for_each(|complaint| print!("  {complaint}"));
    println!();
}

/// Our count by the `index`th interpreter's.
fn ratio(row: &Row, index: usize) -> Option<f64> {
    let (ours, theirs) = (row.counts.first()?.as_ref().ok()?, row.counts.get(index)?.as_ref().ok()?);
    Some(ours / theirs)
}

fn summarize(names: &[&str], rows: &[Row]) -> BTreeMap<String, f64> {
    let mut summary = BTreeMap::new();
    println!();
    for (index, name) in names.iter().enumerate().skip(1) {
        for (kind, program) in [("statements", false), ("programs", true)] {
            let ratios: Vec<f64> = rows
                .iter()
                .filter(|row| row.program == program)
                .filter_map(|row| ratio(row, index))
                .collect();
            if !ratios.is_empty() {
                let mean = statistics::geometric_mean(&ratios);
                println!(
                    "{kind}: {mean:.2} times {name}'s instructions (geometric mean of {})",
                    ratios.len()
                );
                summary.insert(format!("{kind} {} / {name}", names[0]), mean);
            }
        }
    }
    summary
}

fn to_json(row: &Row, names: &[&str]) -> (String, Value) {
    let counts: serde_json::Map<String, Value> = names
        .iter()
        .zip(&row.counts)
        .filter_map(|(name, count)| Some(((*name).to_owned(), json!(count.as_ref().ok()?))))
        .collect();
    (row.name.clone(), counts.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_from_what_the_counters_print() {
        assert_eq!(Counter::Callgrind.read("==1== Events    : Ir\n==1== Collected : 12345\n"), Some(12345.0));
        assert_eq!(Counter::Perf.read("12345,,instructions:u,100,100.00,,\n"), Some(12345.0));
        assert_eq!(Counter::Perf.read("<not supported>,,instructions:u,0,100.00,,\n"), None);
    }
}
