//! The table as Markdown, and the figures read back from it.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::path::Path;

use crate::modules::Module;
use crate::outcomes::Figure;

const INTRODUCTION: &str = "\
# Conformance

How many tests of CPython's own test-suite Taipan passes, of those that CPython passes on the same machine under the same conditions:
without network, display and other resources that tests ask for, without CPython's C test modules (but for the tests of hooks), and without the tests that CPython
itself marks as being about its implementation (`cpython_only`). A test is a test method, by its id.

The rest falls into classes: *fail* (an assertion), *error* (another exception), *skip* (the test found that something is missing),
*hang* (no end within a minute), *crash* (the process ended), *missing* (the test did not come to run, for instance because its module
did not load). Modules with a `*` are compared with this table in continuous integration, which fails when one passes fewer tests.

This file is written by a command, `DIR` being the folder that holds CPython's `test` package:

    cargo build --release --features testcapi
    cargo run --release -p taipan-conformance -- --oracle python3.14 --tests DIR --write docs/conformance.md

";

/// The classes of what is not passed, with their numbers.
pub fn classes(figure: &Figure) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, class) in &figure.rest {
        *counts.entry(class).or_default() += 1;
    }
    let parts: Vec<String> = counts.iter().map(|(class, count)| format!("{count} {class}")).collect();
    parts.join(", ")
}

/// A share in percent, rounded down: 100 means all.
fn percent(passed: usize, expected: usize) -> String {
    match (passed * 1000).checked_div(expected) {
        Some(tenths) => format!("{}.{}", tenths / 10, tenths % 10),
        None => "-".to_owned(),
    }
}

/// The text of the table.
pub fn write(modules: &[Module], figures: &[Figure], oracle: &str) -> String {
    let mut text = INTRODUCTION.to_owned();
    let all: Vec<(&Module, &Figure)> = modules.iter().zip(figures).collect();
    let sum = |rows: &[(&Module, &Figure)]| {
        rows.iter().fold((0, 0), |(passed, expected), (_, f)| (passed + f.passed, expected + f.expected))
    };
    let (passed, expected) = sum(&all);
    let good = all.iter().filter(|(_, f)| f.passed * 100 >= f.expected * 95).count();
    let whole = all.iter().filter(|(_, f)| f.passed == f.expected).count();
    let _ = writeln!(
        text,
        "Compared with CPython {oracle}: {passed} of {expected} tests ({} %); of {} modules {whole} pass whole and {good} to 95 % or more.",
        percent(passed, expected),
        all.len()
    );
    for rows in all.chunk_by(|a, b| a.0.section == b.0.section) {
        let (passed, expected) = sum(rows);
        let section = rows.first().map_or("", |(module, _)| module.section.as_str());
        let _ = writeln!(text, "\n## {section}: {passed} of {expected} ({} %)\n", percent(passed, expected));
        text.push_str("| module | passed | CPython | % | rest |\n| --- | ---: | ---: | ---: | --- |\n");
        for (module, figure) in rows {
            let _ = writeln!(
                text,
                "| {}{} | {} | {} | {} | {} |",
                module.name,
                if module.fast { " *" } else { "" },
                figure.passed,
                figure.expected,
                percent(figure.passed, figure.expected),
                classes(figure)
            );
        }
    }
    text
}

/// The tests that each module passed when the table was written.
pub fn read(path: &Path) -> Result<HashMap<String, usize>, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let figures = figures(&text);
    if figures.is_empty() { Err(format!("{} holds no figures", path.display())) } else { Ok(figures) }
}

fn figures(text: &str) -> HashMap<String, usize> {
    let row = |line: &str| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let &[_, name, passed, ..] = cells.as_slice() else { return None };
        Some((name.trim_end_matches(" *").to_owned(), passed.parse().ok()?))
    };
    text.lines().filter_map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let module = |name: &str, fast| Module { name: name.into(), section: "Core".into(), fast };
        let figure = |passed, rest: &[&str]| Figure {
            expected: passed + rest.len(),
            passed,
            rest: rest.iter().map(|class| ("id".to_owned(), (*class).to_owned())).collect(),
            seconds: 0.0,
        };
        let modules = [module("test_a", true), module("test_b.test_c", false)];
        let figures_written = [figure(19, &["fail"]), figure(3, &[])];
        let text = write(&modules, &figures_written, "3.14.0");
        assert!(text.contains("22 of 23 tests (95.6 %); of 2 modules 1 pass whole and 2"), "{text}");
        assert!(text.contains("| test_a * | 19 | 20 | 95.0 | 1 fail |"), "{text}");
        let read = figures(&text);
        assert_eq!((read["test_a"], read["test_b.test_c"]), (19, 3));
        assert_eq!(read.len(), 2);
    }
}
