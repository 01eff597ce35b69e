//! The command line.
//!
//! Invariant: all commands take the same options, as far as an option makes sense for them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use taipan_stress::interpreter;

/// What `--help` prints.
pub const USAGE: &str = "\
usage: taipan-benches COMMAND [OPTION]...

scaling       runs thread-parallel workloads on k threads, and as their control in k processes of the same
              interpreter, alternately. Efficiency is the processes' time divided by the threads' time.
compare       runs whole programs on one thread under all interpreters in turn, and tells times and memory.
natives       runs one workload for each of the native modules that programs lean on, in the same way.
meta312       tells ratios of two things measured in one process, for what Meta brought to Python 3.12,
              beside CPython 3.14's and the targets.
instructions  counts the instructions of small statements and of the programs of compare, with perf or callgrind.
curve         draws the figures of the records in benches/results over time.

  --taipan PATH    the interpreter under test (default: this build's taipan); 'none' leaves it out
  --against LIST   other interpreters, by path or by name in PATH or $TAIPAN_PEERS/bin
  --only NAME      only workloads whose name contains NAME (may be repeated)
  --threads LIST   thread counts (default: 1, 2, 4 ... as far as the machine goes)
  --pairs N        measurements of each (default 5)
  --scale F        times the usual work (default 1)
  --quick          --pairs 3 --scale 0.3
  --timeout S      seconds that a program may take (default 300)
  --json FILE      write all measurements, with machine, date and commit
  --record         the same, to a file of its own in --results
  --results DIR    where records are (default: benches/results)
  --plot FILE.svg  draw what the command found

compare only:
  --pyperformance  run pyperformance's programs in place of our own, with the real pyperf
  --packages DIR   where pyperformance and pyperf are installed (default: target/pyperformance, where pip
                   installs them if they are missing)
  --values N       values of each process (default 1)
  --warmups N      values before them that do not count (default 1)
  --loops N        turns per value (default: as many as take the last of --against --min-time)
  --min-time S     seconds (default 0.1)

instructions only:
  --counter NAME   perf or callgrind (default: perf where it counts instructions)
  --baseline FILE  compare with a file that --json wrote; fail if Taipan needs more
  --tolerance P    percents more that are let pass (default 2)

curve only:
  --of COMMAND     whose records (default: compare)
  --busy           also records of machines that had other things to do";

/// What is to be done.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Command {
    Help,
    Scaling,
    Compare,
    Meta312,
    Natives,
    Instructions,
    Curve,
}

/// The commands by name.
const COMMANDS: &[(&str, Command)] = &[
    ("scaling", Command::Scaling),
    ("compare", Command::Compare),
    ("meta312", Command::Meta312),
    ("natives", Command::Natives),
    ("instructions", Command::Instructions),
    ("curve", Command::Curve),
];

/// An interpreter and the name it goes by in the tables.
pub struct Interpreter {
    pub name: String,
    pub path: PathBuf,
}

/// Options of all commands: see [`USAGE`].
pub struct Options {
    pub interpreters: Vec<Interpreter>,
    pub threads: Vec<usize>,
    pub only: Vec<String>,
    pub pairs: usize,
    pub scale: f64,
    pub timeout: Duration,
    pub json: Option<PathBuf>,
    pub record: bool,
    pub results: PathBuf,
    pub plot: Option<PathBuf>,
    pub pyperformance: bool,
    pub packages: Option<PathBuf>,
    pub values: usize,
    pub warmups: usize,
    pub loops: usize,
    pub min_time: f64,
    pub counter: Option<String>,
    pub baseline: Option<PathBuf>,
    pub tolerance: f64,
    pub of: String,
    pub busy: bool,
}

impl Options {
    fn new() -> Options {
        Options {
            interpreters: Vec::new(),
            threads: Vec::new(),
            only: Vec::new(),
            pairs: 5,
            scale: 1.0,
            timeout: Duration::from_secs(300),
            json: None,
            record: false,
            results: Path::new(env!("CARGO_MANIFEST_DIR")).join("results"),
            plot: None,
            pyperformance: false,
            packages: None,
            values: 1,
            warmups: 1,
            loops: 0,
            min_time: 0.1,
            counter: None,
            baseline: None,
            tolerance: 2.0,
            of: "compare".to_owned(),
            busy: false,
        }
    }

    /// Whether `--only` lets a name through.
    pub fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|part| name.contains(part.as_str()))
    }

    /// The interpreters' names, ours first.
    pub fn names(&self) -> Vec<&str> {
        self.interpreters.iter().map(|interpreter| interpreter.name.as_str()).collect()
    }
}

/// Reads the arguments after the program's name; finds the interpreters, building ours if need be.
pub fn parse(mut arguments: impl Iterator<Item = String>) -> Result<(Command, Options), String> {
    let word = arguments.next().unwrap_or_default();
    let mut options = Options::new();
    if matches!(word.as_str(), "-h" | "--help") {
        return Ok((Command::Help, options));
    }
    let Some((_, command)) = COMMANDS.iter().find(|(name, _)| *name == word) else {
        let names: Vec<&str> = COMMANDS.iter().map(|(name, _)| *name).collect();
        return Err(format!("expected one of {}\n{USAGE}", names.join(", ")));
    };
    let (mut taipan, mut against) = (None, Vec::new());
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "-h" | "--help" => return Ok((Command::Help, options)),
            "--quick" => (options.pairs, options.scale) = (3, 0.3),
            "--taipan" => taipan = Some(value()?),
            "--against" => {
                against.extend(value()?.split(',').filter(|name| !name.is_empty()).map(str::to_owned))
            }
            "--only" => options.only.push(value()?),
            "--threads" => {
                let list = value()?;
                let counts =
                    list.split(',').map(|count| count.parse::<usize>().ok().filter(|count| *count > 0));
                let counts: Option<Vec<usize>> = counts.collect();
                options.threads = counts.ok_or(format!("--threads {list}: not a list of counts"))?;
            }
            "--pairs" => options.pairs = number(&argument, value()?)?,
            "--scale" => options.scale = number(&argument, value()?)?,
            "--timeout" => {
                options.timeout = Duration::try_from_secs_f64(number(&argument, value()?)?)
                    .map_err(|error| format!("--timeout: {error}"))?
            }
            "--json" => options.json = Some(value()?.into()),
            "--record" => options.record = true,
            "--results" => options.results = value()?.into(),
            "--plot" => options.plot = Some(value()?.into()),
            "--pyperformance" => options.pyperformance = true,
            "--packages" => options.packages = Some(value()?.into()),
            "--values" => options.values = number(&argument, value()?)?,
            "--warmups" => options.warmups = number(&argument, value()?)?,
            "--loops" => options.loops = number(&argument, value()?)?,
            "--min-time" => options.min_time = number(&argument, value()?)?,
            "--counter" => options.counter = Some(value()?),
            "--baseline" => options.baseline = Some(value()?.into()),
            "--tolerance" => options.tolerance = number(&argument, value()?)?,
            "--of" => options.of = value()?,
            "--busy" => options.busy = true,
            _ => return Err(format!("unknown argument {argument}\n{USAGE}")),
        }
    }
    (options.pairs, options.values) = (options.pairs.max(1), options.values.max(1));
    if options.threads.is_empty() {
        let machine = std::thread::available_parallelism().map_or(1, usize::from);
        options.threads = std::iter::successors(Some(1), |count| Some(count * 2))
            .take_while(|count| *count <= machine)
            .collect();
    }
    if *command != Command::Curve {
        options.interpreters = interpreters(taipan.as_deref(), &against)?;
    }
    Ok((*command, options))
}

fn number<T: std::str::FromStr<Err: std::fmt::Display>>(argument: &str, text: String) -> Result<T, String> {
    text.parse().map_err(|error| format!("{argument} {text}: {error}"))
}

fn interpreters(taipan: Option<&str>, against: &[String]) -> Result<Vec<Interpreter>, String> {
    let mut found = Vec::new();
    match taipan {
        Some("none") => {}
        Some(path) => found.push(Interpreter { name: "taipan".into(), path: interpreter::by_name(path)? }),
        None => found.push(Interpreter { name: "taipan".into(), path: interpreter::taipan("")? }),
    }
    for name in against {
        let path = interpreter::by_name(name)?;
        let name = name.rsplit('/').next().unwrap_or(name).to_owned();
        found.push(Interpreter { name, path });
    }
    if found.is_empty() { Err("no interpreter to measure".to_owned()) } else { Ok(found) }
}
