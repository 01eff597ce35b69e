//! The rules of the repository, as a test: what reviewers would otherwise have to look for in every change.
//!
//! Each rule reports all its offenders at once. Exceptions stand in the constants below, with their reasons.

use std::fs;
use std::path::{Path, PathBuf};

/// No file is longer; more than `LONG` is told, as a hint to split.
const LONGEST: usize = 1000;
const LONG: usize = 600;

/// Where atomics and loom may be named: the facade that chooses between them. Everything else gets them from it.
const SYNC_FACADE: &[&str] = &["threading/src/sync.rs", "threading/src/sync/"];

/// Crates that do not use unsafe code at all.
const SAFE: &[&str] = &["vm/bytecode/", "vm/compiler/", "benches/", "stress-tests/src/", "vm/conformance/"];

struct Source {
    /// Relative to the repository, with forward slashes.
    name: String,
    text: String,
}

impl Source {
    /// Whether a script wrote it: its first line then says so. Style is then the script's.
    fn generated(&self) -> bool {
        self.text.lines().next().is_some_and(|line| line.contains("do not edit"))
    }
}

fn sources() -> Vec<Source> {
    let root =
        fs::canonicalize(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")).expect("the repository exists");
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> =
        ["threading", "gc", "objects", "vm", "stress-tests", "benches"].map(|top| root.join(top)).to_vec();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a readable folder") {
            let path = entry.expect("a readable entry").path();
            if path.is_dir() {
                if path.file_name().is_some_and(|name| name != "target") {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(&root).expect("inside the repository");
                let name = name.to_string_lossy().replace('\\', "/");
                found.push(Source { name, text: fs::read_to_string(&path).expect("source is UTF-8") });
            }
        }
    }
    found.sort_by(|left, right| left.name.cmp(&right.name));
    assert!(found.len() > 10, "the sources were not found");
    found
}

/// A line without its comment; good enough for the words looked for here.
fn code(line: &str) -> &str {
    line.split("//").next().unwrap_or("")
}

fn report(rule: &str, offenders: &[String]) {
    assert!(offenders.is_empty(), "{rule}:\n  {}", offenders.join("\n  "));
}

/// Lines of code for which `wrong` holds, in files that `covered` lets through.
fn lines(covered: impl Fn(&str) -> bool, wrong: impl Fn(&str) -> bool) -> Vec<String> {
    let mut offenders = Vec::new();
    for source in sources().iter().filter(|source| covered(&source.name)) {
        for (number, line) in source.text.lines().enumerate() {
            if wrong(code(line)) {
                offenders.push(format!("{}:{}: {}", source.name, number + 1, line.trim()));
            }
        }
    }
    offenders
}

#[test]
fn every_file_says_what_it_holds() {
    let silent =
        sources().into_iter().filter(|source| !source.generated() && !source.text.starts_with("//! "));
    report("files that do not open with `//!`", &silent.map(|source| source.name).collect::<Vec<_>>());
}

/// One match with an arm for each opcode: the arms share the loop's local variables, so it stays in one file.
const DISPATCH: &str = "vm/src/interpreter/dispatch.rs";

#[test]
fn files_are_short() {
    let mut too_long = Vec::new();
    for source in sources().into_iter().filter(|source| !source.generated()) {
        let length = source.text.lines().count();
        if length > LONGEST && source.name != DISPATCH {
            too_long.push(format!("{}: {length} lines", source.name));
        } else if length > LONG {
            println!("note: {} has {length} lines; more than {LONG} ask for a split", source.name);
        }
    }
    report(&format!("files of more than {LONGEST} lines"), &too_long);
}

#[test]
fn atomics_come_from_the_facade() {
    let covered = |name: &str| {
        !SYNC_FACADE.iter().any(|allowed| name.starts_with(allowed))
            // Models drive loom themselves; unit tests count with atomics that no model is to see.
            && !name.starts_with("stress-tests/tests/")
            && !name.starts_with("stress-tests/src/model")
            && !name.contains("/src/tests/")
            && name != "vm/cli/tests/tidy.rs"
    };
    let named = ["std::sync::atomic", "core::sync::atomic", "loom::"];
    report(
        "atomics or loom named outside threading/src/sync",
        &lines(covered, |code| named.iter().any(|word| code.contains(word))),
    );
}

#[test]
fn nothing_is_left_to_do() {
    let words = ["todo!(", "unimplemented!(", "dbg!("];
    let covered = |name: &str| name != "vm/cli/tests/tidy.rs";
    report("unfinished code", &lines(covered, |code| words.iter().any(|word| code.contains(word))));
}

#[test]
fn safe_crates_stay_safe() {
    let covered = |name: &str| SAFE.iter().any(|part| name.starts_with(part));
    let unsafe_word =
        |code: &str| ["unsafe {", "unsafe fn", "unsafe impl"].iter().any(|word| code.contains(word));
    report("unsafe code in a crate that has none", &lines(covered, unsafe_word));
}

#[test]
fn files_are_named_after_an_idea() {
    let vague = ["util", "utils", "common", "misc", "helper", "helpers"];
    let stem =
        |name: &str| Path::new(name).file_stem().and_then(|stem| stem.to_str()).unwrap_or("").to_owned();
    let offenders: Vec<String> = sources()
        .into_iter()
        .map(|source| source.name)
        .filter(|name| vague.contains(&stem(name).as_str()))
        .collect();
    report("file names that say nothing", &offenders);
}
