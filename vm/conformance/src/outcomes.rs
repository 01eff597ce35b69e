//! The outcome of each test of a module: under an interpreter, past crashes and hangs, and compared with the oracle's.
//!
//! Invariant: a test has one outcome, the first bad one of those that its id had.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

use crate::options::Options;
use crate::process::{self, End};
use crate::stage::{Scratch, Stage};

/// Runs of one module: the first, and one behind each crash or hang.
const RUNS: usize = 20;
/// What the oracle may take for a module.
const ORACLE_TIME: Duration = Duration::from_secs(180);

/// Test ids and how they ended: `ok`, `fail`, `error`, `skip`, `hang`, `crash`.
pub type Outcomes = BTreeMap<String, String>;

/// What a module has.
pub struct Figure {
    /// Tests that CPython passes.
    pub expected: usize,
    /// Of these, tests that Taipan passes.
    pub passed: usize,
    /// The others, with their class.
    pub rest: Vec<(String, String)>,
    /// Seconds under Taipan.
    pub seconds: f64,
}

/// Runs modules.
pub struct Runner<'a> {
    options: &'a Options,
    stage: &'a Stage,
    cache: PathBuf,
    oracle: PathBuf,
    taipan: PathBuf,
    /// For the table.
    pub oracle_version: String,
}

impl<'a> Runner<'a> {
    /// Asks the oracle for its version.
    pub fn new(options: &'a Options, stage: &'a Stage) -> Result<Runner<'a>, String> {
        let code = "import sys; print('.'.join(map(str, sys.version_info[:3]))); print(sys.version)";
        let answer = Command::new(&options.oracle)
            .args(["-c", code])
            .output()
            .map_err(|error| format!("cannot start {}: {error}", options.oracle.display()))?;
        let answer = String::from_utf8_lossy(&answer.stdout).into_owned();
        let oracle_version = answer.lines().next().unwrap_or_default().to_owned();
        if !oracle_version.starts_with("3.14.") {
            return Err(format!("{} is not CPython 3.14", options.oracle.display()));
        }
        let mut hasher = DefaultHasher::new();
        (&answer, Stage::version(), &options.tests).hash(&mut hasher);
        let cache = options.cache.join(format!("{:016x}", hasher.finish()));
        let folders = [Some(&cache), options.logs.as_ref()];
        for folder in folders.into_iter().flatten() {
            std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        }
        let oracle = stage.interpreter(&options.oracle, "oracle")?;
        let taipan = stage.interpreter(&options.taipan, "taipan")?;
        Ok(Runner { options, stage, cache, oracle, taipan, oracle_version })
    }

    /// Compares a module.
    pub fn figure(&self, module: &str) -> Result<Figure, String> {
        let expected = self.expected(module)?;
        self.ours(module, &expected)
    }
    /// Compares it once more.
    pub fn ours_again(&self, module: &str) -> Result<Figure, String> {
        self.figure(module)
    }

    fn ours(&self, module: &str, expected: &Outcomes) -> Result<Figure, String> {
        let start = Instant::now();
        let log = self.options.logs.as_ref().map(|folder| folder.join(format!("{module}.log")));
        let got = self.run(&self.taipan, module, self.options.timeout, log.as_deref())?.0;
        let wanted = expected.iter().filter(|(_, status)| *status == "ok");
        let mut figure =
            Figure { expected: 0, passed: 0, rest: Vec::new(), seconds: start.elapsed().as_secs_f64() };
        for (test, _) in wanted {
            figure.expected += 1;
            match got.get(test).map(String::as_str) {
                Some("ok") => figure.passed += 1,
                class => figure.rest.push((test.clone(), class.unwrap_or("missing").to_owned())),
            }
        }
        Ok(figure)
    }

    /// What the oracle makes of a module: what it passes only once is `unsteady`. Kept from run to run.
    fn expected(&self, module: &str) -> Result<Outcomes, String> {
        let file = self.cache.join(module);
        if let Ok(text) = std::fs::read_to_string(&file) {
            return Ok(noted(&text).map(|(status, test)| (test.to_owned(), status.to_owned())).collect());
        }
        let (mut outcomes, ended) = self.run(&self.oracle, module, ORACLE_TIME, None)?;
        if ended {
            let (again, _) = self.run(&self.oracle, module, ORACLE_TIME, None)?;
            for (test, status) in &mut outcomes {
                if again.get(test) != Some(status) {
                    "unsteady".clone_into(status);
                }
            }
        }
        let text: String = outcomes.iter().map(|(test, status)| format!("{status}\t{test}\n")).collect();
        std::fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display()))?;
        Ok(outcomes)
    }

    /// Runs a module, beginning anew behind each test that crashes or hangs; whether it came to its end in time.
    fn run(
        &self,
        program: &Path,
        module: &str,
        timeout: Duration,
        log: Option<&Path>,
    ) -> Result<(Outcomes, bool), String> {
        let deadline = Instant::now() + timeout;
        let mut outcomes = Outcomes::new();
        let mut ended = false;
        for _ in 0..RUNS {
            let scratch = Scratch::new()?;
            let [cwd, results, done, output] =
                ["cwd", "results", "done", "output"].map(|name| scratch.path().join(name));
            let before: String = outcomes.keys().map(|test| format!("{test}\n")).collect();
            std::fs::create_dir_all(&cwd)
                .and_then(|()| std::fs::write(&results, ""))
                .and_then(|()| std::fs::write(&done, before))
                .map_err(|error| format!("{}: {error}", scratch.path().display()))?;
            let command: Vec<OsString> = vec![
                program.into(),
                self.stage.child().into(),
                results.clone().into(),
                done.into(),
                format!("test.{module}").into(),
            ];
            let variables = [
                ("PATH", std::env::var_os("PATH").unwrap_or_default()),
                ("HOME", cwd.clone().into()),
                ("TMPDIR", cwd.clone().into()),
                ("LANG", "C.UTF-8".into()),
                ("PYTHONPATH", self.stage.path().into()),
            ];
            let stalled = || is_older(&results, self.options.stall);
            let end = process::run(&command, &cwd, &variables, &output, deadline, stalled)?;
            if let Some(log) = log {
                std::fs::copy(&output, log).ok();
            }
            let text = std::fs::read(&results).unwrap_or_default();
            let running = note_all(&String::from_utf8_lossy(&text), &mut outcomes);
            ended = end != End::Killed;
            let Some(test) = running else { break };
            outcomes.insert(test, if ended { "crash" } else { "hang" }.to_owned());
            if Instant::now() >= deadline {
                break;
            }
        }
        Ok((outcomes, ended))
    }
}

fn is_older(path: &Path, age: Duration) -> bool {
    let changed = std::fs::metadata(path).and_then(|metadata| metadata.modified());
    changed.is_ok_and(|changed| SystemTime::now().duration_since(changed).is_ok_and(|since| since > age))
}

fn noted(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.lines().filter_map(|line| line.split_once('\t'))
}

/// Takes notes over; the test that began and did not end.
fn note_all(text: &str, outcomes: &mut Outcomes) -> Option<String> {
    let mut running = None;
    for (status, test) in noted(text) {
        match status {
            "start" => running = Some(test.to_owned()),
            "stop" => running = None,
            _ => {
                let outcome = outcomes.entry(test.to_owned()).or_insert_with(|| status.to_owned());
                if outcome == "ok" {
                    status.clone_into(outcome);
                }
            }
        }
    }
    running
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bad_outcome_stays_and_the_running_test_is_told() {
        let mut outcomes = Outcomes::new();
        let text = "start\ta\nok\ta\nfail\ta\nok\ta\nstop\ta\nstart\tb\nok\tb\nstop\tb\nstart\tc\n";
        assert_eq!(note_all(text, &mut outcomes).as_deref(), Some("c"));
        assert_eq!(outcomes["a"], "fail");
        assert_eq!(outcomes["b"], "ok");
        assert_eq!(outcomes.len(), 2);
    }
}
