//! `compare --pyperformance`: the programs of the Python benchmark suite, as PyPI has it, run by the real `pyperf` under each interpreter.
//!
//! Each measurement is a process of its own in pyperf's worker mode, which measures one benchmark and starts no others, so the turns are
//! ours to arrange. How many loops a value takes is found out once, under the reference interpreter, and is the same for all.
//!
//! Invariant: whatever a program does, it gives rows; what fails or does not exist is a row with the reason.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::options::{Interpreter, Options};
use crate::rows::{self, Row};
use crate::{processes, record, statistics};

/// What is compared unless `--only` chooses: what is about the interpreter and its own library, and needs no other packages.
const PROGRAMS: &[&str] = &[
    "async_generators",
    "async_tree",
    "async_tree_memoization",
    "async_tree_tg",
    "async_tree_memoization_tg",
    "async_tree_eager",
    "async_tree_eager_memoization",
    "async_tree_eager_tg",
    "async_tree_eager_memoization_tg",
    "barnes_hut",
    "bpe_tokeniser",
    "btree",
    "chaos",
    "comprehensions",
    "coroutines",
    "decimal_pi",
    "deepcopy",
    "deltablue",
    "fannkuch",
    "float",
    "gc_collect",
    "gc_traversal",
    "generators",
    "go",
    "hexiom",
    "json_dumps",
    "json_loads",
    "logging",
    "mdp",
    "meteor_contest",
    "nbody",
    "nqueens",
    "pathlib",
    "pickle_pure_python",
    "pidigits",
    "pprint",
    "pyflate",
    "raytrace",
    "regex_compile",
    "regex_effbot",
    "regex_v8",
    "richards",
    "richards_super",
    "scimark",
    "spectral_norm",
    "telco",
    "typing_runtime_protocols",
    "unpack_sequence",
    "unpickle_pure_python",
    "xml_etree",
];

/// Time that the packages may take to install.
const INSTALLATION: Duration = Duration::from_secs(600);

/// A value that takes longer needs no warming up.
const LONG: f64 = 1.0;

/// Where the packages are and what they hold.
struct Suite {
    packages: PathBuf,
    version: String,
}

/// A program of the suite.
struct Program {
    script: PathBuf,
    arguments: Vec<String>,
}

/// One of the things that a program measures.
struct Benchmark {
    name: String,
    loops: u64,
    /// Seconds that this many loops took.
    seconds: f64,
}

/// Runs the command.
pub fn run(options: &Options) -> Result<(), String> {
    let suite = Suite::find(options)?;
    let chosen: Vec<&str> = PROGRAMS.iter().copied().filter(|name| options.wants(name)).collect();
    if chosen.is_empty() {
        return Err("no program of that name".to_owned());
    }
    println!("pyperformance {} in {}\n", suite.version, suite.packages.display());
    rows::heading(options);
    let mut all = Vec::new();
    for name in chosen {
        let Some(program) = suite.program(name) else {
            let mut row = Row::new(name, 0);
            row.absent = Some("not in this pyperformance".to_owned());
            rows::print(options, &row);
            all.push(row);
            continue;
        };
        measure(options, &suite, name, &program, |row| {
            rows::print(options, &row);
            all.push(row);
        });
    }
    let details = json!({
        "pyperformance": suite.version, "pairs": options.pairs, "values": options.values, "warmups": options.warmups,
    });
    rows::finish(options, "pyperformance", &all, details)
}

impl Suite {
    /// Where `--packages` says, else in the target folder, installed on the way.
    fn find(options: &Options) -> Result<Suite, String> {
        let packages = match &options.packages {
            Some(folder) => folder.clone(),
            None => default_folder()?,
        };
        // Processes may be started elsewhere.
        let packages = std::path::absolute(&packages).map_err(|error| error.to_string())?;
        let suite = Suite { version: version(&packages), packages };
        if suite.benchmarks().is_dir() {
            return Ok(suite);
        }
        if options.packages.is_some() {
            return Err(format!(
                "no pyperformance in {}: install it there with pip install --target, or leave --packages out",
                suite.packages.display()
            ));
        }
        install(options, &suite.packages)?;
        Ok(Suite { version: version(&suite.packages), ..suite })
    }

    fn benchmarks(&self) -> PathBuf {
        self.packages.join("pyperformance/data-files/benchmarks")
    }

    /// A program by its name in the suite's manifest; one that is not listed there may still have a folder of its own.
    fn program(&self, name: &str) -> Option<Program> {
        let manifest = std::fs::read_to_string(self.benchmarks().join("MANIFEST")).unwrap_or_default();
        let listed = manifest.lines().filter_map(|line| line.split_once('\t'));
        let shared = listed
            .filter(|(listed, _)| *listed == name)
            .find_map(|(_, place)| place.trim().strip_prefix("<local:")?.strip_suffix('>'));
        let folder = self.benchmarks().join(format!("bm_{}", shared.unwrap_or(name)));
        let description = match shared {
            Some(_) => folder.join(format!("bm_{name}.toml")),
            None => folder.join("pyproject.toml"),
        };
        let script = folder.join("run_benchmark.py");
        let arguments = arguments(&std::fs::read_to_string(description).ok()?);
        script.is_file().then_some(Program { script, arguments })
    }

    /// Runs pyperf in worker mode and reads what it writes.
    fn worker(
        &self,
        options: &Options,
        interpreter: &Interpreter,
        program: &Program,
        arguments: &[String],
    ) -> Result<Value, String> {
        let output = std::env::temp_dir().join(format!("taipan-benches-{}.json", std::process::id()));
        // pyperf overwrites no files.
        std::fs::remove_file(&output).ok();
        let mut command = Command::new(&interpreter.path);
        command.arg(&program.script).arg("--worker").args(arguments).arg("--output").arg(&output);
        command.args(&program.arguments).env("PYTHONPATH", &self.packages);
        let result = processes::finish(&mut command, options.timeout).and_then(|_| record::load(&output));
        std::fs::remove_file(&output).ok();
        result
    }
}

fn default_folder() -> Result<PathBuf, String> {
    let own = std::env::current_exe().map_err(|error| format!("cannot find my own executable: {error}"))?;
    let target = own.parent().and_then(Path::parent).ok_or("my own executable is in no target folder")?;
    Ok(target.join("pyperformance"))
}

/// Has the first Python that has pip put the two packages into a folder. They need no others in worker mode.
fn install(options: &Options, folder: &Path) -> Result<(), String> {
    let others = options.interpreters.iter().skip(1).map(|interpreter| interpreter.path.clone());
    let mut complaints = Vec::new();
    for python in others.chain(["python3", "python"].map(PathBuf::from)) {
        let mut command = Command::new(&python);
        command.args(["-m", "pip", "install", "--quiet", "--no-deps", "--target"]).arg(folder);
        command.args(["pyperformance", "pyperf"]);
        match processes::finish(&mut command, INSTALLATION) {
            Ok(_) => return Ok(()),
            Err(complaint) => complaints.push(format!("{}: {complaint}", python.display())),
        }
    }
    // What an unfinished installation left would pass for a finished one.
    std::fs::remove_dir_all(folder).ok();
    Err(format!(
        "cannot install pyperformance with pip; name a folder with --packages ({})",
        complaints.join("; ")
    ))
}

/// The version of the installed suite, from the name of the folder of its metadata.
fn version(packages: &Path) -> String {
    let names =
        std::fs::read_dir(packages).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.file_name()));
    let versions = names.filter_map(|name| {
        Some(name.to_str()?.strip_prefix("pyperformance-")?.strip_suffix(".dist-info")?.to_owned())
    });
    versions.last().unwrap_or_else(|| "of unknown version".to_owned())
}

/// The arguments that a program's description adds. They are a list of strings in one line, which JSON writes in the same way.
fn arguments(description: &str) -> Vec<String> {
    let line = description.lines().find_map(|line| line.strip_prefix("extra_opts"));
    let list = line.and_then(|rest| rest.split_once('=')).map(|(_, list)| list.trim());
    list.and_then(|list| serde_json::from_str(list).ok()).unwrap_or_default()
}

/// Measures what a program measures, each in turn under all interpreters.
fn measure(options: &Options, suite: &Suite, name: &str, program: &Program, mut done: impl FnMut(Row)) {
    let count = options.interpreters.len();
    let mut failed: Vec<Option<String>> = vec![None; count];
    let mut found = None;
    for (index, interpreter) in options.interpreters.iter().enumerate().rev() {
        match calibrate(options, suite, interpreter, program) {
            Ok(benchmarks) => {
                found = Some(benchmarks);
                break;
            }
            Err(complaint) => failed[index] = Some(complaint),
        }
    }
    let fail = |row: &mut Row| {
        for (index, complaint) in failed.iter().enumerate() {
            complaint.iter().for_each(|complaint| row.fail(index, complaint.clone()));
        }
    };
    let Some(benchmarks) = found else {
        let mut row = Row::new(name, count);
        fail(&mut row);
        return done(row);
    };
    for (task, benchmark) in benchmarks.iter().enumerate() {
        let mut row = Row::new(&benchmark.name, count);
        fail(&mut row);
        let warmups = if benchmark.seconds > LONG { 0 } else { options.warmups };
        let arguments = [
            ("--worker-task", task.to_string()),
            ("--loops", benchmark.loops.to_string()),
            ("--values", options.values.to_string()),
            ("--warmups", warmups.to_string()),
        ];
        let arguments: Vec<String> =
            arguments.into_iter().flat_map(|(name, value)| [name.to_owned(), value]).collect();
        row.measure(options.pairs, |index| {
            let document = suite.worker(options, &options.interpreters[index], program, &arguments)?;
            let first = document["benchmarks"].get(0).ok_or("pyperf gives no benchmark")?;
            let values = first["runs"].as_array().into_iter().flatten();
            let values = values.filter_map(|run| run["values"].as_array()).flatten();
            let values: Vec<f64> = values.filter_map(Value::as_f64).collect();
            if values.is_empty() {
                return Err("pyperf gives no values".to_owned());
            }
            let peak = metadata(&document, first, "mem_max_rss").and_then(Value::as_f64);
            Ok((statistics::median(&values), peak))
        });
        done(row);
    }
}

/// Asks a program what it measures and how many loops that takes.
fn calibrate(
    options: &Options,
    suite: &Suite,
    interpreter: &Interpreter,
    program: &Program,
) -> Result<Vec<Benchmark>, String> {
    let mut arguments: Vec<String> = ["--warmups", "0", "--values", "1"].map(str::to_owned).into();
    match options.loops {
        0 => arguments.extend([
            "--calibrate-loops".to_owned(),
            "--min-time".to_owned(),
            options.min_time.to_string(),
        ]),
        loops => arguments.extend(["--loops".to_owned(), loops.to_string()]),
    }
    let document = suite.worker(options, interpreter, program, &arguments)?;
    let benchmarks = document["benchmarks"].as_array().into_iter().flatten();
    let found: Vec<Benchmark> = benchmarks
        .filter_map(|benchmark| {
            let name = metadata(&document, benchmark, "name")?.as_str()?.to_owned();
            let loops = metadata(&document, benchmark, "loops").and_then(Value::as_u64).unwrap_or(1);
            let run = benchmark["runs"].as_array()?.last()?;
            let last = run["warmups"].as_array().and_then(|warmups| warmups.last()?.get(1));
            let one = last.or_else(|| run["values"].get(0)).and_then(Value::as_f64).unwrap_or(0.0);
            Some(Benchmark { name, loops, seconds: one * loops as f64 })
        })
        .collect();
    if found.is_empty() { Err("pyperf names no benchmark".to_owned()) } else { Ok(found) }
}

/// What pyperf says of a benchmark: it stands with the run, the benchmark or the whole, whichever is the same for all below.
fn metadata<'a>(document: &'a Value, benchmark: &'a Value, name: &str) -> Option<&'a Value> {
    let run = benchmark["runs"].get(0).and_then(|run| run["metadata"].get(name));
    run.or_else(|| benchmark["metadata"].get(name)).or_else(|| document["metadata"].get(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_read_from_descriptions() {
        assert_eq!(
            arguments("[tool.pyperformance]\nname = \"a\"\nextra_opts = [\"eager\", \"--task-groups\"]\n"),
            ["eager", "--task-groups"]
        );
        assert!(arguments("[tool.pyperformance]\nname = \"a\"\n").is_empty());
    }
}
