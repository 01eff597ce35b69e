//! Runs every program of `tests/python` under the built `taipan` and compares its standard output and exit
//! status with the `NAME.out` beside it, which `regenerate.sh` wrote from CPython 3.14.
//!
//! A harness of its own, so that each program counts as one test. `python/skip.txt` names the programs that
//! do not pass yet, each with its reason. Arguments: substrings of the names to run; `--skipped` runs the
//! skipped ones too; `--list` names them. `--fail-fast` stops at the first failure. `TAIPAN_TEST_INTERPRETER`
//! names another interpreter than this build's: a release build, or CPython, to check the expectations.
//!
//! Every program runs twice, the second time with the compiler to machine code asked for all code that is executed more than once or twice.
//!
//! Invariant: a program that is not in the skip list passes, or this test fails.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// A program that runs longer than this is taken for hung.
const TIME_LIMIT: Duration = Duration::from_secs(120);

fn main() -> ExitCode {
    let mut filters = Vec::new();
    let (mut skipped_too, mut list, mut fail_fast) = (false, false, false);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--skipped" | "--include-ignored" => skipped_too = true,
            "--list" => list = true,
            "--fail-fast" => fail_fast = true,
            "--test-threads" | "--format" | "--color" => drop(arguments.next()),
            option if option.starts_with('-') => {}
            _ => filters.push(argument),
        }
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python");
    let skips = read_skips(&folder.join("skip.txt"));
    let mut programs: Vec<PathBuf> = std::fs::read_dir(&folder)
        .expect("tests/python exists")
        .map(|entry| entry.expect("a readable entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "py"))
        .collect();
    programs.sort();
    programs.retain(|path| {
        filters.is_empty() || filters.iter().any(|filter| stem(path).contains(filter.as_str()))
    });
    if list {
        programs.iter().for_each(|path| println!("{}: test", stem(path)));
        return ExitCode::SUCCESS;
    }
    let (skipped, run): (Vec<_>, Vec<_>) =
        programs.into_iter().partition(|path| !skipped_too && skips.contains_key(stem(path)));
    for path in &skipped {
        println!("test {} ... ignored ({})", stem(path), skips[stem(path)]);
    }
    let started = Instant::now();
    let queue = Mutex::new(run.iter());
    let failures = Mutex::new(Vec::new());
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(8);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    if fail_fast && !failures.lock().expect("no worker panics").is_empty() {
                        break;
                    }
                    let Some(path) = queue.lock().expect("no worker panics").next() else { break };
                    match check(path) {
                        Ok(()) => println!("test {} ... ok", stem(path)),
                        Err(report) => {
                            println!("test {} ... FAILED", stem(path));
                            failures.lock().expect("no worker panics").push((stem(path).to_owned(), report));
                        }
                    }
                }
            });
        }
    });
    let mut failures = failures.into_inner().expect("no worker panics");
    failures.sort();
    for (name, report) in &failures {
        println!("\n---- {name} ----\n{report}");
    }
    println!(
        "\ntest result: {}. {} passed; {} failed; {} ignored; finished in {:.2}s",
        if failures.is_empty() { "ok" } else { "FAILED" },
        run.len() - failures.len(),
        failures.len(),
        skipped.len(),
        started.elapsed().as_secs_f64()
    );
    ExitCode::from(u8::from(!failures.is_empty()))
}

fn stem(path: &Path) -> &str {
    path.file_stem().and_then(|name| name.to_str()).unwrap_or("?")
}

/// Lines of `NAME reason`; `#` starts a comment.
fn read_skips(path: &Path) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
        .map(|line| line.split_once(' ').unwrap_or((line, "no reason given")))
        .map(|(name, reason)| (name.to_owned(), reason.trim().to_owned()))
        .collect()
}

/// What the head comments of a program ask for.
fn directive<'a>(source: &'a str, name: &str) -> Option<&'a str> {
    source.lines().take(5).find_map(|line| line.strip_prefix("# ")?.strip_prefix(name)?.strip_prefix(": "))
}

/// Runs the program as it is, and with everything compiled to machine code that can be (`PYTHON_JIT=eager`).
fn check(path: &Path) -> Result<(), String> {
    check_with(path, "0")?;
    check_with(path, "eager").map_err(|report| format!("compiled eagerly:\n{report}"))
}

fn check_with(path: &Path, jit: &str) -> Result<(), String> {
    let read =
        |path: &Path| std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()));
    let source = read(path)?;
    let expected = read(&path.with_extension("out"))?;
    let status: i32 =
        directive(&source, "exit").map_or(Ok(0), str::parse).map_err(|error| format!("exit: {error}"))?;
    let interpreter =
        std::env::var_os("TAIPAN_TEST_INTERPRETER").unwrap_or(env!("CARGO_BIN_EXE_taipan").into());
    let mut child = Command::new(interpreter)
        .arg(path.file_name().expect("a listed file has a name"))
        .current_dir(path.parent().expect("a listed file has a folder"))
        .env("PYTHON_JIT", jit)
        .env("PYTHONUTF8", "1")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env_remove("PYTHONPATH")
        .env_remove("PYTHONHASHSEED")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot start taipan: {error}"))?;
    let drain = |mut pipe: Box<dyn Read + Send>| {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            pipe.read_to_end(&mut bytes).map(|_| String::from_utf8_lossy(&bytes).into_owned())
        })
    };
    let stdout = drain(Box::new(child.stdout.take().expect("stdout is piped")));
    let stderr = drain(Box::new(child.stderr.take().expect("stderr is piped")));
    let deadline = Instant::now() + TIME_LIMIT;
    let ended = loop {
        if let Some(ended) = child.try_wait().map_err(|error| error.to_string())? {
            break ended;
        }
        if Instant::now() > deadline {
            child.kill().ok();
            child.wait().ok();
            return Err(format!("still running after {} s", TIME_LIMIT.as_secs()));
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let join = |pipe: std::thread::JoinHandle<std::io::Result<String>>| {
        pipe.join().map_err(|_| "reader panicked".to_owned())?.map_err(|error| error.to_string())
    };
    // Tracebacks name files by their whole path; where the repository lies must not matter.
    let folder = path.parent().and_then(|folder| folder.canonicalize().ok()).unwrap_or_default();
    let strip = |text: String| nameless(&text.replace(&format!("{}/", folder.display()), ""));
    let (stdout, stderr) = (strip(join(stdout)?), strip(join(stderr)?));
    let mut problems = String::new();
    if let Some(difference) = first_difference(&expected, &stdout) {
        problems += &format!("standard output differs {difference}\n");
    }
    if directive(&source, "stderr") == Some("compare")
        && let Some(difference) = first_difference(&read(&path.with_extension("err"))?, &stderr)
    {
        problems += &format!("standard error differs {difference}\n");
    }
    if ended.code() != Some(status) {
        problems += &format!("ended with {ended}, expected exit status {status}\n");
    }
    if problems.is_empty() {
        return Ok(());
    }
    let lines: Vec<&str> = stderr.lines().collect();
    problems += &format!("standard error ends:\n{}", lines[lines.len().saturating_sub(12)..].join("\n"));
    Err(problems)
}

/// Traceback lines of library files without folder and line number, as `regenerate.sh` writes them: which release
/// of the library it is must not matter either.
fn nameless(text: &str) -> String {
    let line = |line: &str| {
        let rewritten = line.trim_start().strip_prefix("File \"/").and_then(|rest| {
            let (path, rest) = rest.split_once("\", line ")?;
            let indent = &line[..line.len() - line.trim_start().len()];
            let after = rest.trim_start_matches(|character: char| character.is_ascii_digit());
            Some(format!("{indent}File \"{}\", line N{after}", path.rsplit('/').next()?))
        });
        rewritten.unwrap_or_else(|| line.to_owned())
    };
    text.split_inclusive('\n').map(line).collect()
}

fn first_difference(expected: &str, got: &str) -> Option<String> {
    if expected == got {
        return None;
    }
    let (mut left, mut right) = (expected.lines(), got.lines());
    for number in 1.. {
        match (left.next(), right.next()) {
            (None, None) => break,
            (wanted, had) if wanted == had => {}
            (wanted, had) => {
                let show = |line: Option<&str>| {
                    line.map_or("<end of output>".to_owned(), |line| format!("{line:?}"))
                };
                return Some(format!(
                    "in line {number}:\n  expected {}\n  got      {}",
                    show(wanted),
                    show(had)
                ));
            }
        }
    }
    Some("in its line ends".to_owned())
}
