//! `taipan-stress`: runs the Python programs of `python/` over and over with different seeds.
//!
//! Invariant: everything that varies between runs follows from the printed seed.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use taipan_stress::interpreter;
use taipan_stress::random::Random;
use taipan_stress::run::Plan;

const USAGE: &str = "\
usage: taipan-stress [--seconds N] [--seed N] [--only NAME]... [--interpreter PATH]
                     [--threads N] [--memory-limit MB] [--features LIST] [--keep-going]

Runs the Python programs of stress-tests/python in turn with different seeds until the time is over.
  --seconds N         how long to go on in all (default 30)
  --seed N            seed of the first run (default: from the clock)
  --only NAME         only programs whose name contains NAME
  --interpreter PATH  what to test (default: this build's taipan)
  --threads N         threads per program (default: 2 to 8, by seed)
  --memory-limit MB   resident memory that fails a run (default 1500)
  --features LIST     Cargo features to build taipan with
  --keep-going        do not stop at the first failure";

struct Options {
    seconds: f64,
    seed: u64,
    only: Vec<String>,
    interpreter: Option<String>,
    threads: Option<usize>,
    memory_limit: u64,
    features: String,
    keep_going: bool,
}

fn main() -> ExitCode {
    let options = match parse(std::env::args().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Err(complaint) => {
            eprintln!("taipan-stress: {complaint}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match stress(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(complaint) => {
            eprintln!("taipan-stress: {complaint}");
            ExitCode::from(2)
        }
    }
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Option<Options>, String> {
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |since| since.as_millis() as u64);
    let mut options = Options {
        seconds: 30.0,
        seed: clock % 1_000_000_007,
        only: Vec::new(),
        interpreter: None,
        threads: None,
        memory_limit: 1500,
        features: String::new(),
        keep_going: false,
    };
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        let number = |text: String| text.parse::<u64>().map_err(|error| format!("{text}: {error}"));
        match argument.as_str() {
            "--seconds" => {
                let text = value()?;
                let seconds =
                    text.parse::<f64>().ok().filter(|seconds| seconds.is_finite() && *seconds >= 0.0);
                options.seconds = seconds.ok_or(format!("--seconds {text}: not a number of seconds"))?;
            }
            "--seed" => options.seed = number(value()?)?,
            "--only" => options.only.push(value()?),
            "--interpreter" => options.interpreter = Some(value()?),
            "--threads" => options.threads = Some(number(value()?)?.max(1) as usize),
            "--memory-limit" => options.memory_limit = number(value()?)?,
            "--features" => options.features = value()?,
            "--keep-going" => options.keep_going = true,
            "-h" | "--help" => return Ok(None),
            _ => return Err(format!("unknown argument {argument}")),
        }
    }
    Ok(Some(options))
}

/// The programs to run, by name.
fn programs(only: &[String]) -> Result<Vec<PathBuf>, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("python");
    let entries = std::fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut found: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "py"))
        .filter(|path| name(path) != "harness")
        .filter(|path| only.is_empty() || only.iter().any(|wanted| name(path).contains(wanted.as_str())))
        .collect();
    found.sort();
    if found.is_empty() { Err(format!("no program of that name in {}", folder.display())) } else { Ok(found) }
}

fn name(path: &Path) -> &str {
    path.file_stem().and_then(|name| name.to_str()).unwrap_or("?")
}

/// Runs everything; whether all passed.
fn stress(options: &Options) -> Result<bool, String> {
    let programs = programs(&options.only)?;
    let interpreter = match &options.interpreter {
        Some(path) => interpreter::by_name(path)?,
        None => interpreter::taipan(&options.features)?,
    };
    // Long enough for a program to take all its parts in turn, if the time in all allows.
    let share = (options.seconds / programs.len() as f64).clamp(1.0, 40.0);
    println!(
        "seed {}: {} programs of {share:.1} s each under {}",
        options.seed,
        programs.len(),
        interpreter.display()
    );
    let begin = Instant::now();
    let end = begin + Duration::from_secs_f64(options.seconds);
    let mut random = Random::new(options.seed);
    let (mut runs, mut failed, mut peak) = (0u64, Vec::new(), 0);
    'all: for pass in 0u64.. {
        let mut order: Vec<&PathBuf> = programs.iter().collect();
        random.shuffle(&mut order);
        for program in order {
            let drawn = 2 + random.below(7);
            let seed =
                if programs.len() == 1 && pass == 0 { options.seed } else { random.bits() % 1_000_000_007 };
            if Instant::now() >= end && runs > 0 {
                break 'all;
            }
            let plan = Plan {
                interpreter: &interpreter,
                program,
                seconds: share,
                seed,
                threads: options.threads.unwrap_or(drawn),
                memory_limit: options.memory_limit << 20,
            };
            let outcome = plan.run();
            runs += 1;
            peak = peak.max(outcome.peak_memory);
            let figures =
                format!("{:5.1} s {:5} MB", outcome.elapsed.as_secs_f64(), outcome.peak_memory >> 20);
            match outcome.verdict {
                Ok(line) => println!("{:>18}  {figures}  {line}", name(program)),
                Err(complaint) => {
                    println!(
                        "{:>18}  {figures}  FAILED {complaint}\n  repeat with: {}",
                        name(program),
                        plan.command_line()
                    );
                    failed.push(format!("{} (seed {seed})", name(program)));
                    if !options.keep_going {
                        break 'all;
                    }
                }
            }
        }
    }
    println!(
        "stress result: {}. {} of {runs} runs passed in {:.0} s, seed {}, most memory {} MB{}{}",
        if failed.is_empty() { "ok" } else { "FAILED" },
        runs - failed.len() as u64,
        begin.elapsed().as_secs_f64(),
        options.seed,
        peak >> 20,
        if failed.is_empty() { "" } else { "; failed: " },
        failed.join(", ")
    );
    Ok(failed.is_empty())
}
