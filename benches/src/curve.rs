//! The `curve` command: the figures that sum up the records of one command, in the order of their dates.
//!
//! Invariant: only records of quiet machines are drawn, unless asked otherwise, and those of different machines are told apart.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::options::Options;
use crate::{plot, record};

/// Runs the command.
pub fn run(options: &Options) -> Result<(), String> {
    let mut records = record::read(&options.results, &options.of)?;
    let all = records.len();
    records.retain(|record| options.busy || record["quiet"] != false);
    if records.len() < all {
        println!("{} of {all} records are of busy machines and left out", all - records.len());
    }
    if records.is_empty() {
        return Err(format!("no records of {} in {}", options.of, options.results.display()));
    }
    let text = |record: &Value, key: &str| record[key].as_str().unwrap_or("?").to_owned();
    let machine = |record: &Value| {
        format!(
            "{}, {} processors",
            record["machine"]["processor"].as_str().unwrap_or("?"),
            record["machine"]["processors"]
        )
    };
    let machines: BTreeSet<String> = records.iter().map(machine).collect();
    // By name: one value for each record, if it has one.
    let mut series: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for (index, record) in records.iter().enumerate() {
        println!("{} {} {}", text(record, "date"), text(record, "commit"), machine(record));
        for (name, value) in record["summary"].as_object().into_iter().flatten() {
            let (true, Some(value)) = (options.wants(name), value.as_f64()) else { continue };
            println!("    {name:<48} {value:>8.3}");
            let name =
                if machines.len() > 1 { format!("{name} ({})", machine(record)) } else { name.clone() };
            series.entry(name).or_insert_with(|| vec![f64::NAN; records.len()])[index] = value;
        }
    }
    let Some(path) = &options.plot else { return Ok(()) };
    let labels: Vec<String> = records
        .iter()
        .map(|record| format!("{:.10} {:.7}", text(record, "date"), text(record, "commit")))
        .collect();
    let series: Vec<(String, Vec<f64>)> = series.into_iter().collect();
    plot::lines(path, &format!("taipan-benches {}", options.of), &labels, &series)
}
