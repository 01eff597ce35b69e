//! What a command found, as JSON: measurements, a few figures that sum them up, and where, when and of what they are.
//!
//! Invariant: a record says how busy the machine was before it was used, so that nobody takes noise for a result.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::options::Options;

/// More processes that want to run than this, per processor, make a record one of a busy machine.
const BUSY: f64 = 0.4;

/// Writes to the files that the options name, if any.
pub fn write(
    options: &Options,
    command: &str,
    details: Value,
    summary: &BTreeMap<String, f64>,
) -> Result<(), String> {
    if options.json.is_none() && !options.record {
        return Ok(());
    }
    let mut document = json!({
        "command": command, "date": date(), "commit": commit(), "machine": machine(), "quiet": is_quiet(), "summary": summary,
    });
    if let (Some(document), Value::Object(details)) = (document.as_object_mut(), details) {
        document.extend(details);
    }
    let text = format!("{document:#}\n");
    if let Some(path) = &options.json {
        store(path, &text)?;
    }
    if options.record {
        let commit: String = commit().chars().take(12).collect();
        let name = format!("{command}-{}-{commit}.json", date().replace(':', "").replace('-', ""));
        let path = options.results.join(name);
        std::fs::create_dir_all(&options.results)
            .map_err(|error| format!("{}: {error}", options.results.display()))?;
        store(&path, &text)?;
        println!("recorded in {}", path.display());
        if !is_quiet() {
            println!("the machine was busy: this record is marked so, and left out of curves");
        }
    }
    Ok(())
}

fn store(path: &Path, text: &str) -> Result<(), String> {
    std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}

/// All records of a command, by date.
pub fn read(folder: &Path, command: &str) -> Result<Vec<Value>, String> {
    let entries = std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    let mut found = Vec::new();
    for path in paths {
        let value = load(&path)?;
        if value["command"] == command {
            found.push(value);
        }
    }
    found.sort_by_key(|value| value["date"].as_str().unwrap_or("").to_owned());
    Ok(found)
}

/// One record.
pub fn load(path: &Path) -> Result<Value, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
}

/// Now, to the second, in UTC.
fn date() -> String {
    let now = OffsetDateTime::now_utc();
    let (hour, minute, second) = now.to_hms();
    format!(
        "{:04}-{:02}-{:02}T{hour:02}:{minute:02}:{second:02}Z",
        now.year(),
        u8::from(now.month()),
        now.day()
    )
}

/// The commit that is checked out, with a plus sign if files differ from it.
fn commit() -> String {
    let git = |arguments: &[&str]| {
        let output =
            Command::new("git").args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| text.trim().to_owned())
    };
    let Some(mut commit) = git(&["rev-parse", "HEAD"]) else { return "unknown".to_owned() };
    if git(&["status", "--porcelain", "--untracked-files=no"]).is_none_or(|changes| !changes.is_empty()) {
        commit.insert(12.min(commit.len()), '+');
    }
    commit
}

/// The processor, their number, the memory, the system.
fn machine() -> Value {
    let field = |path: &str, name: &str| {
        let text = std::fs::read_to_string(path).ok()?;
        let line = text.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let memory = field("/proc/meminfo", "MemTotal")
        .and_then(|text| text.strip_suffix(" kB").and_then(|text| text.parse::<u64>().ok()));
    json!({
        "processor": field("/proc/cpuinfo", "model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
        "processors": std::thread::available_parallelism().map_or(0, usize::from),
        "memory_bytes": memory.map(|kib| kib * 1024),
        "system": format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        "load_before": load_before(),
    })
}

/// The mean number of processes that wanted to run in the minute before the first question, which is asked before anything is measured.
pub fn load_before() -> Option<f64> {
    static LOAD: std::sync::OnceLock<Option<f64>> = std::sync::OnceLock::new();
    *LOAD.get_or_init(|| {
        let text = std::fs::read_to_string("/proc/loadavg").ok()?;
        text.split(' ').next()?.parse().ok()
    })
}

fn is_quiet() -> bool {
    let processors = std::thread::available_parallelism().map_or(1, usize::from) as f64;
    load_before().is_none_or(|load| load <= BUSY * processors)
}
