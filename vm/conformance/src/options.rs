//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use taipan_stress::interpreter;

/// What `--help` prints.
pub const USAGE: &str = "\
usage: taipan-conformance --oracle PYTHON --tests DIR [--taipan PATH] [--modules NAME,...]... [--fast]
                          [--check TABLE] [--write TABLE] [--failures FILE] [--logs DIR]
                          [--jobs N] [--timeout S] [--stall S] [--cache DIR]

Runs CPython's test modules under Taipan and under CPython 3.14 and counts, test by test, what Taipan
passes of that which CPython passes.

  --oracle PYTHON  CPython 3.14
  --tests DIR      the folder that holds CPython's `test` package
  --taipan PATH    the interpreter under test (default: this build's taipan)
  --modules LIST   only these modules, without `test.` (default: all of modules.txt)
  --fast           only the modules marked as fast
  --check TABLE    compare the fast modules (or those of --modules) with the figures of a table, and fail
                   when one passes fewer tests than it did
  --write TABLE    write the table, in Markdown
  --failures FILE  write module, class and id of each test that CPython passes and Taipan does not
  --logs DIR       write what each module printed under Taipan
  --jobs N         modules at a time (default: one for each core)
  --timeout S      seconds that a module may take (default 180)
  --stall S        seconds after which a single test hangs (default 60)
  --cache DIR      where the oracle's outcomes are kept (default: target/conformance)";

/// See [`USAGE`].
pub struct Options {
    pub oracle: PathBuf,
    pub tests: PathBuf,
    pub taipan: PathBuf,
    pub modules: Vec<String>,
    pub fast: bool,
    pub check: Option<PathBuf>,
    pub write: Option<PathBuf>,
    pub failures: Option<PathBuf>,
    pub logs: Option<PathBuf>,
    pub jobs: usize,
    pub timeout: Duration,
    pub stall: Duration,
    pub cache: PathBuf,
}

/// Reads the arguments after the program's name; `None` asks for help.
pub fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Option<Options>, String> {
    let (mut oracle, mut tests, mut taipan) = (None, None, None);
    let mut options = Options {
        oracle: PathBuf::new(),
        tests: PathBuf::new(),
        taipan: PathBuf::new(),
        modules: Vec::new(),
        fast: false,
        check: None,
        write: None,
        failures: None,
        logs: None,
        jobs: std::thread::available_parallelism().map_or(1, usize::from),
        timeout: Duration::from_secs(180),
        stall: Duration::from_secs(60),
        cache: "target/conformance".into(),
    };
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        let number = |text: String| text.parse::<u64>().map_err(|error| format!("{argument}: {error}"));
        match argument.as_str() {
            "-h" | "--help" => return Ok(None),
            "--oracle" => oracle = Some(value()?),
            "--tests" => tests = Some(value()?),
            "--taipan" => taipan = Some(value()?),
            "--modules" => {
                let list = value()?;
                let names = list.split([',', ' ']).filter(|name| !name.is_empty());
                options.modules.extend(names.map(str::to_owned));
            }
            "--fast" => options.fast = true,
            "--check" => options.check = Some(value()?.into()),
            "--write" => options.write = Some(value()?.into()),
            "--failures" => options.failures = Some(value()?.into()),
            "--logs" => options.logs = Some(value()?.into()),
            "--jobs" => options.jobs = number(value()?)?.max(1) as usize,
            "--timeout" => options.timeout = Duration::from_secs(number(value()?)?),
            "--stall" => options.stall = Duration::from_secs(number(value()?)?),
            "--cache" => options.cache = value()?.into(),
            _ => return Err(format!("unknown argument {argument}\n{USAGE}")),
        }
    }
    options.oracle = interpreter::by_name(&oracle.ok_or(format!("--oracle is missing\n{USAGE}"))?)?;
    options.taipan = match taipan {
        Some(path) => interpreter::by_name(&path)?,
        None => interpreter::taipan("")?,
    };
    options.tests = tests.ok_or(format!("--tests is missing\n{USAGE}"))?.into();
    if !options.tests.join("test/support/__init__.py").is_file() {
        return Err(format!("{} holds no `test` package", options.tests.display()));
    }
    Ok(Some(options))
}
