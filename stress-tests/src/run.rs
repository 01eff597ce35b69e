//! One run of one Python program: started, watched, judged.
//!
//! A run passes if the program ends by itself with status 0 and a closing line that begins with `ok`, within its
//! time, and its resident memory neither passes the limit nor keeps growing.

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How a program is run.
pub struct Plan<'a> {
    /// The interpreter under test.
    pub interpreter: &'a Path,
    /// The program.
    pub program: &'a Path,
    /// What the program is asked to spend.
    pub seconds: f64,
    /// Seed of the program's random choices.
    pub seed: u64,
    /// How many threads it is to use.
    pub threads: usize,
    /// Resident memory above this is a failure, in bytes.
    pub memory_limit: u64,
}

/// What a run gave.
pub struct Outcome {
    /// The closing line, or why the run failed.
    pub verdict: Result<String, String>,
    /// The most resident memory seen, in bytes; 0 where it cannot be measured.
    pub peak_memory: u64,
    /// Wall time of the run.
    pub elapsed: Duration,
}

/// Growth is judged only over runs of at least this length: the programs take their parts in turn.
const SHORTEST_FOR_GROWTH: f64 = 10.0;

impl Plan<'_> {
    /// What to type to repeat the run.
    pub fn command_line(&self) -> String {
        format!(
            "{} {} --seconds {} --seed {} --threads {}",
            self.interpreter.display(),
            self.program.display(),
            self.seconds,
            self.seed,
            self.threads
        )
    }

    /// Runs the program to its end.
    pub fn run(&self) -> Outcome {
        let begin = Instant::now();
        let mut samples = Vec::new();
        let verdict = self.watch(begin, &mut samples);
        let peak_memory = samples.iter().map(|sample| sample.1).max().unwrap_or(0);
        let verdict = verdict.and_then(|line| match growth(&samples, self.seconds) {
            Some(complaint) => Err(complaint),
            None => Ok(line),
        });
        Outcome { verdict, peak_memory, elapsed: begin.elapsed() }
    }

    fn watch(&self, begin: Instant, samples: &mut Vec<(f64, u64)>) -> Result<String, String> {
        let mut child = Command::new(self.interpreter)
            .arg(self.program)
            .args(["--seconds", &self.seconds.to_string()])
            .args(["--seed", &self.seed.to_string()])
            .args(["--threads", &self.threads.to_string()])
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("PYTHONHASHSEED", (self.seed % 4_294_967_296).to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot start {}: {error}", self.interpreter.display()))?;
        let stdout = drain(child.stdout.take());
        let stderr = drain(child.stderr.take());
        let ended = self.wait(&mut child, begin, samples);
        if ended.is_err() {
            child.kill().ok();
            child.wait().ok();
        }
        let (stdout, stderr) = (collect(stdout), collect(stderr));
        let status = ended?;
        let last = stdout.lines().last().unwrap_or("");
        if status.success() && last.starts_with("ok") {
            return Ok(last.to_owned());
        }
        Err(format!("ended with {status}\n{}{}", tail(&stdout), tail(&stderr)))
    }

    fn wait(
        &self,
        child: &mut Child,
        begin: Instant,
        samples: &mut Vec<(f64, u64)>,
    ) -> Result<ExitStatus, String> {
        let time_limit = Duration::from_secs_f64(self.seconds * 5.0 + 120.0);
        loop {
            if let Some(status) = child.try_wait().map_err(|error| format!("cannot wait: {error}"))? {
                return Ok(status);
            }
            if let Some(memory) = resident_memory(child.id()) {
                samples.push((begin.elapsed().as_secs_f64(), memory));
                if memory > self.memory_limit {
                    return Err(format!("uses {} MB of memory", memory >> 20));
                }
            }
            if begin.elapsed() > time_limit {
                return Err(format!("hangs: still running after {} s", time_limit.as_secs()));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// Compares the second quarter of a run with its last: `Some` complaint if memory keeps growing.
fn growth(samples: &[(f64, u64)], seconds: f64) -> Option<String> {
    if seconds < SHORTEST_FOR_GROWTH {
        return None;
    }
    let peak = |from: f64, to: f64| {
        let part = samples.iter().filter(|sample| sample.0 >= from * seconds && sample.0 < to * seconds);
        part.map(|sample| sample.1).max()
    };
    let (early, late) = (peak(0.25, 0.5)?, peak(0.75, 1.0)?);
    let allowed = early + early / 4 + (24 << 20);
    (late > allowed)
        .then(|| format!("memory grows: {} MB early, {} MB late in the run", early >> 20, late >> 20))
}

/// Resident bytes of a process, where `/proc` tells.
fn resident_memory(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().trim_end_matches("kB").trim().parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}

fn drain(pipe: Option<impl Read + Send + 'static>) -> Option<JoinHandle<String>> {
    let mut pipe = pipe?;
    Some(std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // What came before a read error is still worth showing.
        pipe.read_to_end(&mut bytes).ok();
        String::from_utf8_lossy(&bytes).into_owned()
    }))
}

fn collect(reader: Option<JoinHandle<String>>) -> String {
    reader.and_then(|reader| reader.join().ok()).unwrap_or_default()
}

fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(30)..].iter().map(|line| format!("    {line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::growth;

    fn samples(memory: impl Fn(f64) -> f64) -> Vec<(f64, u64)> {
        (0..200).map(|step| step as f64 / 10.0).map(|at| (at, (memory(at) * 1_048_576.0) as u64)).collect()
    }

    #[test]
    fn flat_and_noisy_memory_passes() {
        assert_eq!(growth(&samples(|at| 100.0 + 20.0 * (at % 2.5)), 20.0), None);
    }

    #[test]
    fn growing_memory_is_reported() {
        assert!(growth(&samples(|at| 50.0 + 20.0 * at), 20.0).is_some());
    }

    #[test]
    fn short_runs_are_not_judged() {
        assert_eq!(growth(&samples(|at| 500.0 * at), 2.0), None);
    }
}
