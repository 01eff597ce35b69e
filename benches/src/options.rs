//! The command line.
//!
//! Invariant: all commands take the same options, as far as an option makes sense for them.

use std::path::PathBuf;

use taipan_stress::interpreter;

/// What `--help` prints.
pub const USAGE: &str = "\
usage: taipan-benches scaling [--threads 1,2,4] [--against NAME,...] [--only NAME]... [--pairs N]
                              [--scale F] [--quick] [--json FILE] [--plot FILE.svg]
       taipan-benches compare [--against NAME,...] [--only NAME]... [--pairs N] [--scale F]
                              [--quick] [--json FILE]
       taipan-benches meta312 [--against NAME,...] [--only NAME]... [--pairs N] [--scale F]
                              [--quick] [--json FILE]
       taipan-benches natives [same options as compare]

scaling  runs thread-parallel workloads on k threads, and as their control in k processes of the same
         interpreter, alternately. Efficiency is the processes' time divided by the threads' time.
compare  runs whole programs on one thread under all interpreters in turn.
meta312  tells ratios of two things measured in one process, for what Meta brought to Python 3.12,
         beside CPython 3.14's and the targets.
natives  runs one workload for each of the native modules that programs lean on, in the same way.

  --taipan PATH    the interpreter under test (default: this build's taipan); 'none' leaves it out
  --against LIST   other interpreters, by path or by name in PATH or $TAIPAN_PEERS/bin
  --only NAME      only workloads whose name contains NAME (may be repeated)
  --threads LIST   thread counts (default: 1, 2, 4 ... as far as the machine goes)
  --pairs N        measurements of each (default 5)
  --scale F        times the usual work (default 1)
  --quick          --pairs 3 --scale 0.3
  --json FILE      write all measurements
  --plot FILE.svg  draw the efficiencies";

/// What is to be done.
pub enum Command {
    Help,
    Scaling(Options),
    Compare(Options),
    Meta312(Options),
    Natives(Options),
}

/// An interpreter and the name it goes by in the tables.
pub struct Interpreter {
    pub name: String,
    pub path: PathBuf,
}

/// Options of all commands.
pub struct Options {
    pub interpreters: Vec<Interpreter>,
    pub threads: Vec<usize>,
    pub only: Vec<String>,
    pub pairs: usize,
    pub scale: f64,
    pub json: Option<PathBuf>,
    pub plot: Option<PathBuf>,
}

impl Options {
    /// Whether `--only` lets a name through.
    pub fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|part| name.contains(part.as_str()))
    }
}

/// Reads the arguments after the program's name; finds the interpreters, building ours if need be.
pub fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Command, String> {
    let command = arguments.next().unwrap_or_default();
    if !matches!(command.as_str(), "scaling" | "compare" | "meta312" | "natives") {
        return match command.as_str() {
            "-h" | "--help" => Ok(Command::Help),
            _ => Err(format!("expected 'scaling', 'compare', 'meta312' or 'natives'\n{USAGE}")),
        };
    }
    let mut options = Options {
        interpreters: Vec::new(),
        threads: Vec::new(),
        only: Vec::new(),
        pairs: 5,
        scale: 1.0,
        json: None,
        plot: None,
    };
    let (mut taipan, mut against) = (None, Vec::new());
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "-h" | "--help" => return Ok(Command::Help),
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
            "--pairs" => options.pairs = value()?.parse().map_err(|error| format!("--pairs: {error}"))?,
            "--scale" => options.scale = value()?.parse().map_err(|error| format!("--scale: {error}"))?,
            "--json" => options.json = Some(value()?.into()),
            "--plot" => options.plot = Some(value()?.into()),
            _ => return Err(format!("unknown argument {argument}\n{USAGE}")),
        }
    }
    options.pairs = options.pairs.max(1);
    if options.threads.is_empty() {
        let machine = std::thread::available_parallelism().map_or(1, usize::from);
        options.threads = std::iter::successors(Some(1), |count| Some(count * 2))
            .take_while(|count| *count <= machine)
            .collect();
    }
    match taipan.as_deref() {
        Some("none") => {}
        Some(path) => options
            .interpreters
            .push(Interpreter { name: "taipan".into(), path: interpreter::by_name(path)? }),
        None => {
            options.interpreters.push(Interpreter { name: "taipan".into(), path: interpreter::taipan("")? })
        }
    }
    for name in against {
        let path = interpreter::by_name(&name)?;
        let name = name.rsplit('/').next().unwrap_or(&name).to_owned();
        options.interpreters.push(Interpreter { name, path });
    }
    if options.interpreters.is_empty() {
        return Err("no interpreter to measure".to_owned());
    }
    Ok(match command.as_str() {
        "scaling" => Command::Scaling(options),
        "meta312" => Command::Meta312(options),
        "natives" => Command::Natives(options),
        _ => Command::Compare(options),
    })
}
