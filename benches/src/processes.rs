//! Interpreters started, made ready together and timed over their work alone.
//!
//! Invariant: the clock runs from the moment the first process is told to go until the last one has said it is
//! done; preparation and start-up stay outside.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// One process that prepares itself, says `ready`, waits for a line, works and says `done`.
struct Worker {
    child: Child,
    input: ChildStdin,
    lines: Receiver<String>,
    errors: JoinHandle<Vec<u8>>,
    deadline: Instant,
}

impl Worker {
    fn start(
        interpreter: &Path,
        script: &Path,
        arguments: &[String],
        deadline: Instant,
    ) -> Result<Worker, String> {
        let mut child = Command::new(interpreter)
            .arg(script)
            .args(arguments)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot start {}: {error}", interpreter.display()))?;
        let input = child.stdin.take().ok_or("no pipe to the interpreter")?;
        let output = BufReader::new(child.stdout.take().ok_or("no pipe from the interpreter")?);
        let (sender, lines) = channel();
        // Whoever waits for a line can stop waiting, unlike whoever reads a pipe.
        std::thread::spawn(move || {
            output.lines().map_while(Result::ok).take_while(|line| sender.send(line.clone()).is_ok()).count()
        });
        let errors = collect(child.stderr.take());
        Ok(Worker { child, input, lines, errors, deadline })
    }

    fn expect(&mut self, word: &str) -> Result<(), String> {
        match self.lines.recv_timeout(self.deadline.saturating_duration_since(Instant::now())) {
            Ok(line) if line.trim_end() == word => Ok(()),
            Err(RecvTimeoutError::Timeout) => Err(format!("does not say {word} in time")),
            Ok(_) | Err(RecvTimeoutError::Disconnected) => Err(self.complaint()),
        }
    }

    /// Why the process did not do as expected: the end of what it wrote to standard error.
    fn complaint(&mut self) -> String {
        self.child.kill().ok();
        let status = self.child.wait().map_or("no status".to_owned(), |status| status.to_string());
        let errors = text(std::mem::replace(&mut self.errors, collect(None::<std::io::Empty>)));
        let last = errors.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("");
        format!("{status}: {last}")
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Seconds of work of `count` processes that run the same script at the same time, within a time from start to end.
pub fn timed(
    interpreter: &Path,
    script: &Path,
    arguments: &[String],
    count: usize,
    limit: Duration,
) -> Result<f64, String> {
    let deadline = Instant::now() + limit;
    let started: Result<Vec<Worker>, String> =
        (0..count).map(|_| Worker::start(interpreter, script, arguments, deadline)).collect();
    let mut workers = started?;
    for worker in &mut workers {
        worker.expect("ready")?;
    }
    let begin = Instant::now();
    for worker in &mut workers {
        worker
            .input
            .write_all(b"go\n")
            .and_then(|()| worker.input.flush())
            .map_err(|error| error.to_string())?;
    }
    for worker in &mut workers {
        worker.expect("done")?;
    }
    Ok(begin.elapsed().as_secs_f64())
}

/// Standard output of a script that is expected to succeed.
pub fn output(
    interpreter: &Path,
    script: &Path,
    arguments: &[String],
    limit: Duration,
) -> Result<String, String> {
    let mut command = Command::new(interpreter);
    command.arg(script).args(arguments).env("PYTHONDONTWRITEBYTECODE", "1");
    finish(&mut command, limit).map(|(output, _)| output)
}

/// Standard output and standard error of a process that is expected to succeed within a time; afterwards it is killed.
pub fn finish(command: &mut Command, limit: Duration) -> Result<(String, String), String> {
    let program = command.get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| format!("cannot start {program}: {error}"))?;
    let output = collect(child.stdout.take());
    let errors = collect(child.stderr.take());
    let deadline = Instant::now() + limit;
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(5)),
            Ok(None) => {
                child.kill().ok();
                child.wait().ok();
                return Err(format!("no end after {} s", limit.as_secs_f64()));
            }
            Err(error) => return Err(error.to_string()),
        }
    };
    let (output, errors) = (text(output), text(errors));
    if status.success() {
        return Ok((output, errors));
    }
    let last = errors.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("");
    Err(format!("{status}: {last}"))
}

/// Reads a pipe to its end, in a thread of its own, because a process that fills one pipe waits although the other is read.
fn collect(pipe: Option<impl Read + Send + 'static>) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            pipe.read_to_end(&mut bytes).ok();
        }
        bytes
    })
}

fn text(bytes: JoinHandle<Vec<u8>>) -> String {
    String::from_utf8_lossy(&bytes.join().unwrap_or_default()).into_owned()
}
