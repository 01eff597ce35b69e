//! The `meta312` command: figures for what Meta brought to Python 3.12, each a ratio of two things measured in turn within one process, so
//! that it says something whatever the machine. Beside ours stand other interpreters' and the target.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;

use crate::options::Options;
use crate::{processes, record, statistics};

/// What a ratio should be.
enum Target {
    AtMost(f64),
    AtLeast(f64),
    /// To be told, not to be met.
    Shown,
}

/// Names as `python/meta312/ratios.py` prints them, the figure of CPython 3.14 that was published or measured when the target was set, the target.
const FIGURES: &[(&str, f64, Target)] = &[
    ("1.dirtied", 1.0, Target::AtMost(0.02)),
    ("1.interpreter/thread", 150.0, Target::Shown),
    ("1.queue/call", 20.0, Target::Shown),
    ("1.call/thread", 2.0, Target::Shown),
    ("2.override/empty", 1.55, Target::AtMost(2.0)),
    ("3.function/comprehension", 1.93, Target::AtLeast(1.93)),
    ("3.genexpr/comprehension", 2.4, Target::AtMost(1.2)),
    ("4.gather default/eager", 3.99, Target::AtLeast(3.99)),
    ("4.group default/eager", 1.21, Target::AtLeast(1.21)),
    ("5.python/native current", 3.1, Target::AtLeast(3.1)),
    ("5.current/call", 0.7, Target::AtMost(1.0)),
    ("5.throughput per loop", 0.25, Target::AtLeast(0.9)),
    ("5.processor time per loop", 1.0, Target::AtMost(1.1)),
    ("6.super/direct", 1.36, Target::AtMost(1.1)),
    ("7.module miss/hit", 1.39, Target::AtMost(1.0)),
    ("7.type miss/hit", 0.84, Target::AtMost(1.0)),
    ("8.Mock/type", 2.5, Target::AtMost(1.5)),
    ("8.AsyncMock/Mock", 5.9, Target::AtMost(2.0)),
    ("8.calls counted", 1.0, Target::AtLeast(1.0)),
    ("10.store watchers/none", 1.0, Target::AtMost(1.01)),
    ("10.trampoline on/off", 1.6, Target::AtMost(1.1)),
];

impl Target {
    fn text(&self) -> String {
        match self {
            Target::AtMost(most) => format!("<= {most}"),
            Target::AtLeast(least) => format!(">= {least}"),
            Target::Shown => "-".to_owned(),
        }
    }
    fn is_met(&self, value: f64) -> bool {
        match self {
            Target::AtMost(most) => value <= *most,
            Target::AtLeast(least) => value >= *least,
            Target::Shown => true,
        }
    }
}

/// Runs the command.
pub fn run(options: &Options) -> Result<(), String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/meta312/ratios.py");
    let mut found: Vec<BTreeMap<String, Vec<f64>>> =
        options.interpreters.iter().map(|_| BTreeMap::new()).collect();
    for _ in 0..options.pairs {
        for (interpreter, found) in options.interpreters.iter().zip(&mut found) {
            let text =
                processes::output(&interpreter.path, &script, &[options.scale.to_string()], options.timeout)?;
            for (name, value) in text.lines().filter_map(|line| line.rsplit_once(' ')) {
                if let Ok(value) = value.parse() {
                    found.entry(name.to_owned()).or_default().push(value);
                }
            }
        }
    }
    print!("{:<26}", "ratio");
    options.interpreters.iter().for_each(|interpreter| print!(" {:>12}", interpreter.name));
    println!(" {:>12} {:>9}", "CPython 3.14", "target");
    for (name, reference, target) in FIGURES.iter().filter(|(name, ..)| options.wants(name)) {
        print!("{name:<26}");
        for found in &found {
            match found.get(*name) {
                Some(values) => print!(" {:>12.2}", statistics::median(values)),
                None => print!(" {:>12}", "-"),
            }
        }
        let ours = found.first().and_then(|found| found.get(*name)).map(|values| statistics::median(values));
        let met = ours.is_none_or(|value| target.is_met(value));
        println!(" {reference:>12.2} {:>9}{}", target.text(), if met { "" } else { "  missed" });
    }
    let medians = found.first().into_iter().flatten();
    let summary =
        medians.map(|(name, values)| (name.clone(), statistics::median(values))).collect::<BTreeMap<_, _>>();
    let all: BTreeMap<&str, _> = options.names().into_iter().zip(&found).collect();
    record::write(
        options,
        "meta312",
        json!({ "scale": options.scale, "pairs": options.pairs, "ratios": all }),
        &summary,
    )
}
