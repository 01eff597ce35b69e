//! The `scaling` command: thread-parallel workloads on k threads against k processes.
//!
//! Each row is one workload on private or shared data. Its control is the same work in k processes of the same
//! interpreter, measured alternately with the threads, so that what the machine gives to k processors at the
//! time cancels out: efficiency = processes' time / threads' time, the median over the pairs.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use crate::options::{Interpreter, Options};
use crate::{plot, processes, record, statistics};

/// Measurements of one row: workload, kind, interpreter, number of threads.
pub struct Row {
    pub workload: String,
    pub kind: String,
    pub interpreter: String,
    pub count: usize,
    pub threads: Vec<f64>,
    pub processes: Vec<f64>,
    /// Work done per second relative to one thread.
    pub speedup: f64,
}

impl Row {
    /// Processes' time by threads' time.
    pub fn efficiency(&self) -> f64 {
        statistics::median(&statistics::ratios(&self.processes, &self.threads))
    }
}

/// Runs the command.
pub fn run(options: &Options) -> Result<(), String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/scaling/runner.py");
    let workloads = workloads(options, &script)?;
    if workloads.is_empty() {
        return Err("no workload of that name".to_owned());
    }
    println!(
        "{:<28} {:<8} {:<12} {:>2}  {:>9} {:>9}  {:>8}  {:>10}  range",
        "workload", "data", "interpreter", "k", "threads", "processes", "speed-up", "efficiency"
    );
    let (mut rows, mut failures) = (Vec::new(), 0);
    for (workload, kind) in &workloads {
        for interpreter in &options.interpreters {
            match measure(options, &script, interpreter, workload, kind) {
                Ok(measured) => {
                    measured.iter().for_each(print);
                    rows.extend(measured);
                }
                Err(complaint) => {
                    failures += 1;
                    println!("{workload:<28} {kind:<8} {:<12}  failed: {complaint}", interpreter.name);
                }
            }
        }
    }
    let summary = summarize(options, &rows);
    let rows_json: Vec<Value> = rows.iter().map(to_json).collect();
    let details = json!({ "scale": options.scale, "pairs": options.pairs, "rows": rows_json });
    record::write(options, "scaling", details, &summary)?;
    if let Some(path) = &options.plot {
        plot::efficiencies(path, &rows)?;
    }
    if failures > 0 { Err(format!("{failures} rows failed")) } else { Ok(()) }
}

/// Names and kinds, as the first interpreter that can say lists them.
fn workloads(options: &Options, script: &Path) -> Result<Vec<(String, String)>, String> {
    let mut complaint = String::new();
    for interpreter in &options.interpreters {
        match processes::output(&interpreter.path, script, &["--list".to_owned()], options.timeout) {
            Ok(text) => {
                let rows = text.lines().filter_map(|line| line.split_once('\t'));
                let wanted = rows
                    .filter(|(name, kind)| options.wants(name) || options.wants(&format!("{name} {kind}")));
                return Ok(wanted.map(|(name, kind)| (name.to_owned(), kind.to_owned())).collect());
            }
            Err(error) => complaint = format!("{}: {error}", interpreter.name),
        }
    }
    Err(complaint)
}

fn measure(
    options: &Options,
    script: &Path,
    interpreter: &Interpreter,
    workload: &str,
    kind: &str,
) -> Result<Vec<Row>, String> {
    let arguments = |threads: usize| {
        [workload, kind, "--threads", &threads.to_string(), "--scale", &options.scale.to_string()]
            .map(str::to_owned)
    };
    let threads =
        |count: usize| processes::timed(&interpreter.path, script, &arguments(count), 1, options.timeout);
    let controls =
        |count: usize| processes::timed(&interpreter.path, script, &arguments(1), count, options.timeout);
    let mut alone = Vec::new();
    let mut rows: Vec<Row> = options
        .threads
        .iter()
        .map(|count| Row {
            workload: workload.to_owned(),
            kind: kind.to_owned(),
            interpreter: interpreter.name.clone(),
            count: *count,
            threads: Vec::new(),
            processes: Vec::new(),
            speedup: f64::NAN,
        })
        .collect();
    for pair in 0..options.pairs {
        // One thread is measured in every turn: it is what the speed-ups refer to.
        let one = threads(1)?;
        alone.push(one);
        for row in &mut rows {
            if row.count == 1 {
                row.threads.push(one);
                row.processes.push(controls(1)?);
            } else if pair % 2 == 0 {
                row.threads.push(threads(row.count)?);
                row.processes.push(controls(row.count)?);
            } else {
                row.processes.push(controls(row.count)?);
                row.threads.push(threads(row.count)?);
            }
        }
    }
    for row in &mut rows {
        row.speedup = row.count as f64 * statistics::median(&statistics::ratios(&alone, &row.threads));
    }
    Ok(rows)
}

fn print(row: &Row) {
    let (low, high) = statistics::spread(&statistics::ratios(&row.processes, &row.threads));
    println!(
        "{:<28} {:<8} {:<12} {:>2}  {:>6.0} ms {:>6.0} ms  {:>8.2}  {:>10.2}  {low:.2}-{high:.2}",
        row.workload,
        row.kind,
        row.interpreter,
        row.count,
        statistics::median(&row.threads) * 1e3,
        statistics::median(&row.processes) * 1e3,
        row.speedup,
        row.efficiency()
    );
}

/// One line per interpreter, kind and thread count: mean and worst efficiency. Gives the means by name.
fn summarize(options: &Options, rows: &[Row]) -> BTreeMap<String, f64> {
    let mut means = BTreeMap::new();
    println!();
    for interpreter in &options.interpreters {
        for kind in ["private", "shared"] {
            for count in options.threads.iter().filter(|count| **count > 1) {
                let chosen = rows.iter().filter(|row| {
                    row.interpreter == interpreter.name && row.kind == kind && row.count == *count
                });
                let mut efficiencies: Vec<(f64, &str)> =
                    chosen.map(|row| (row.efficiency(), row.workload.as_str())).collect();
                efficiencies.sort_by(|left, right| left.0.total_cmp(&right.0));
                let values: Vec<f64> = efficiencies.iter().map(|one| one.0).collect();
                if let Some((worst, name)) = efficiencies.first() {
                    let mean = statistics::geometric_mean(&values);
                    means.insert(format!("{} {kind} {count} threads", interpreter.name), mean);
                    println!(
                        "{}, {kind} data, {count} threads: efficiency {mean:.2} in the mean of {} workloads, {worst:.2} at worst ({name})",
                        interpreter.name,
                        values.len()
                    );
                }
            }
        }
    }
    means
}

fn to_json(row: &Row) -> Value {
    json!({
        "workload": row.workload, "data": row.kind, "interpreter": row.interpreter, "threads": row.count,
        "threads_seconds": row.threads, "processes_seconds": row.processes,
        "speedup": row.speedup, "efficiency": row.efficiency(),
    })
}
