//! Programs run by an interpreter of their own, with little time and memory.

use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With whatever exit status.
    Ended,
    /// Not in time; killed.
    TimedOut,
    /// By a signal.
    Crashed,
    /// The interpreter panicked.
    Panicked,
}

/// Runs `source` under `interpreter`; also the end of what it wrote to standard error.
pub fn run(
    interpreter: &Path,
    folder: &Path,
    source: &str,
    timeout: Duration,
) -> std::io::Result<(End, String)> {
    let (program, errors) = (folder.join("program.py"), folder.join("errors"));
    std::fs::write(&program, source)?;
    let mut child = Command::new("sh")
        .args(["-c", "ulimit -c 0; ulimit -v 6000000; ulimit -f 200000; exec \"$@\"", "sh"])
        .arg(interpreter)
        .args(["-I", "-S"])
        .arg(&program)
        .current_dir(folder)
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(&errors)?)
        .spawn()?;
    let end = Instant::now() + timeout;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break Some(status);
        }
        if Instant::now() > end {
            break None;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let group = format!("-{}", child.id());
    if status.is_none() {
        Command::new("sh")
            .args(["-c", "kill -s KILL -- \"$1\"", "sh", &group])
            .stderr(Stdio::null())
            .status()?;
        child.wait()?;
    }
    let text = String::from_utf8_lossy(&std::fs::read(&errors)?).into_owned();
    let end = match status {
        _ if text.contains("panicked at") => End::Panicked,
        None => End::TimedOut,
        Some(status) if status.signal().is_some() || status.code().is_some_and(|code| code > 128) => {
            End::Crashed
        }
        Some(_) => End::Ended,
    };
    let last = text.char_indices().rev().nth(600).map_or(0, |(at, _)| at);
    Ok((end, text[last..].to_owned()))
}
