//! What the comparing commands show: a row per program, with times, memory and, where there are none, the reason.
//!
//! Invariant: the first interpreter is the one under test; ratios of times are the others' by its own, so more is better, ratios of
//! memory its own by the others', so less is better.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::options::Options;
use crate::{plot, record, statistics};

/// What one interpreter did with one program.
#[derive(Default)]
pub struct Samples {
    /// Seconds, in the order of the pairs.
    pub seconds: Vec<f64>,
    /// The most memory that each process had, in bytes; shorter where the system does not tell.
    pub peaks: Vec<f64>,
    pub failed: Option<String>,
}

/// One program; one [`Samples`] per interpreter.
pub struct Row {
    pub program: String,
    pub samples: Vec<Samples>,
    /// Why it was run under none of them.
    pub absent: Option<String>,
}

impl Row {
    pub fn new(program: &str, interpreters: usize) -> Row {
        let samples = (0..interpreters).map(|_| Samples::default()).collect();
        Row { program: program.to_owned(), samples, absent: None }
    }

    /// Notes that an interpreter failed; what it measured before says nothing any more.
    pub fn fail(&mut self, index: usize, complaint: String) {
        self.samples[index] = Samples { failed: Some(complaint), ..Samples::default() };
    }

    /// Measures in turn, `pairs` times, with those that have not failed. `one` gives seconds and bytes.
    pub fn measure(
        &mut self,
        pairs: usize,
        mut one: impl FnMut(usize) -> Result<(f64, Option<f64>), String>,
    ) {
        for pair in 0..pairs {
            for turn in 0..self.samples.len() {
                // Whoever was last in a pair is first in the next one, so no one always comes after the other.
                let index = if pair % 2 == 0 { turn } else { self.samples.len() - 1 - turn };
                if self.samples[index].failed.is_some() {
                    continue;
                }
                match one(index) {
                    Ok((seconds, peak)) => {
                        self.samples[index].seconds.push(seconds);
                        self.samples[index].peaks.extend(peak);
                    }
                    Err(complaint) => self.fail(index, complaint),
                }
            }
        }
    }

    /// The `index`th interpreter's times by ours, pair by pair.
    fn ratios(&self, index: usize) -> Vec<f64> {
        statistics::ratios(&self.samples[index].seconds, &self.samples[0].seconds)
    }

    /// Our memory by the `index`th interpreter's.
    fn memory(&self, index: usize) -> f64 {
        statistics::median(&self.samples[0].peaks) / statistics::median(&self.samples[index].peaks)
    }
}

/// Prints the heading of the table.
pub fn heading(options: &Options) {
    let names = options.names();
    print!("{:<32}", "program");
    names.iter().for_each(|name| print!(" {name:>13}"));
    for name in names.iter().skip(1) {
        print!("  {:<21} {:<7}", format!("{name} / {}", names[0]), "memory");
    }
    println!();
}

/// Prints one row.
pub fn print(options: &Options, row: &Row) {
    print!("{:<32}", row.program);
    if let Some(reason) = &row.absent {
        println!(" {reason}");
        return;
    }
    for samples in &row.samples {
        match (&samples.failed, statistics::median(&samples.seconds)) {
            (Some(_), _) => print!(" {:>13}", "failed"),
            (None, seconds) => print!(" {:>13}", duration(seconds)),
        }
    }
    for index in 1..row.samples.len() {
        let ratios = row.ratios(index);
        let (low, high) = statistics::spread(&ratios);
        let time = match ratios.is_empty() {
            true => "-".to_owned(),
            false => format!("{:.2} ({low:.2}-{high:.2})", statistics::median(&ratios)),
        };
        let memory = row.memory(index);
        let memory = if memory.is_nan() { "-".to_owned() } else { format!("{memory:.2}") };
        print!("  {time:<21} {memory:<7}");
    }
    for (samples, name) in row.samples.iter().zip(options.names()) {
        if let Some(reason) = &samples.failed {
            print!("  {name}: {reason}");
        }
    }
    println!();
}

fn duration(seconds: f64) -> String {
    match seconds {
        long if long >= 1.0 => format!("{long:.2} s "),
        middle if middle >= 1e-3 => format!("{:.2} ms", middle * 1e3),
        short => format!("{:.2} us", short * 1e6),
    }
}

/// Prints means and counts, writes what the options ask for. An error if a program failed.
pub fn finish(options: &Options, command: &str, rows: &[Row], details: Value) -> Result<(), String> {
    let names = options.names();
    let mut summary = BTreeMap::new();
    println!();
    for (index, name) in names.iter().enumerate().skip(1) {
        let measured: Vec<(&Row, f64)> = rows
            .iter()
            .filter(|row| row.samples.len() > index && !row.ratios(index).is_empty())
            .map(|row| (row, statistics::median(&row.ratios(index))))
            .collect();
        let factors: Vec<f64> = measured.iter().map(|(_, factor)| *factor).collect();
        let mean = statistics::geometric_mean(&factors);
        println!(
            "{} takes 1, {name} {mean:.2} times as long (geometric mean of {} programs)",
            names[0],
            factors.len()
        );
        let slow: Vec<String> = measured
            .iter()
            .filter(|(_, factor)| *factor < 0.8)
            .map(|(row, factor)| format!("{} {factor:.2}", row.program))
            .collect();
        if !slow.is_empty() {
            println!("under 0.8 are {}: {}", slow.len(), slow.join(", "));
        }
        let memory: Vec<f64> =
            measured.iter().map(|(row, _)| row.memory(index)).filter(|ratio| !ratio.is_nan()).collect();
        let memory_mean = statistics::geometric_mean(&memory);
        if !memory.is_empty() {
            println!(
                "{} uses {memory_mean:.2} times {name}'s memory at most (geometric mean of {} programs)",
                names[0],
                memory.len()
            );
        }
        summary.insert(format!("time {name} / {}", names[0]), mean);
        summary.insert(format!("memory {} / {name}", names[0]), memory_mean);
    }
    let absent = rows.iter().filter(|row| row.absent.is_some()).count();
    let failed = rows.iter().filter(|row| row.samples.iter().any(|samples| samples.failed.is_some())).count();
    println!(
        "{} programs: {} measured, {failed} failed, {absent} absent",
        rows.len(),
        rows.len() - failed - absent
    );
    let mut document = details;
    document["rows"] = rows.iter().map(|row| to_json(row, &names)).collect();
    record::write(options, command, document, &summary)?;
    if let Some(path) = &options.plot {
        draw(options, path, rows)?;
    }
    if failed > 0 { Err(format!("{failed} programs failed")) } else { Ok(()) }
}

fn to_json(row: &Row, names: &[&str]) -> Value {
    let mut of: [serde_json::Map<String, Value>; 3] = Default::default();
    for (name, samples) in names.iter().zip(&row.samples) {
        of[0].insert((*name).to_owned(), json!(samples.seconds));
        of[1].insert((*name).to_owned(), json!(samples.peaks));
        if let Some(reason) = &samples.failed {
            of[2].insert((*name).to_owned(), json!(reason));
        }
    }
    let [seconds, peaks, failed] = of;
    let mut value = json!({ "program": row.program, "seconds": seconds, "peak_bytes": peaks });
    if !failed.is_empty() {
        value["failed"] = failed.into();
    }
    if let Some(reason) = &row.absent {
        value["absent"] = json!(reason);
    }
    value
}

fn draw(options: &Options, path: &std::path::Path, rows: &[Row]) -> Result<(), String> {
    let names = options.names();
    let rows: Vec<&Row> =
        rows.iter().filter(|row| (1..row.samples.len()).any(|index| !row.ratios(index).is_empty())).collect();
    let labels: Vec<String> = rows.iter().map(|row| row.program.clone()).collect();
    let mut series = Vec::new();
    for (index, name) in names.iter().enumerate().skip(1) {
        let times = rows.iter().map(|row| statistics::median(&row.ratios(index)));
        series.push((format!("time {name} / {}", names[0]), times.collect()));
    }
    for (index, name) in names.iter().enumerate().skip(1) {
        let memory = rows.iter().map(|row| row.memory(index));
        series.push((format!("memory {} / {name}", names[0]), memory.collect()));
    }
    plot::bars(
        path,
        "Times by ours (more is better), our memory by theirs (less is better)",
        &labels,
        &series,
    )
}
