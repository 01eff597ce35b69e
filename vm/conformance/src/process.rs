//! A command with limits, in a session of its own that is killed as a whole.
//!
//! Invariant: nothing that the command started in its process group outlives the call.

use std::ffi::OsString;
use std::fs::File;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// No core files, no more than 8 GB of data and 4 GB of a file; the session's leader keeps the shell's process id.
const LIMITS: &str = "ulimit -c 0; ulimit -d 8388608; ulimit -f 8388608; exec setsid \"$@\"";

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// By itself, with exit code 0.
    Well,
    /// By itself, with another code or by a signal.
    Badly,
    /// It was killed.
    Killed,
}

/// Runs `command` in the folder `cwd` with `variables` as its environment; both outputs go to `output`. It is killed
/// at `deadline`, or earlier if `stalled`.
pub fn run(
    command: &[OsString],
    cwd: &Path,
    variables: &[(&str, OsString)],
    output: &Path,
    deadline: Instant,
    stalled: impl Fn() -> bool,
) -> Result<End, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", output.display());
    let out = File::create(output).map_err(failed)?;
    let err = out.try_clone().map_err(failed)?;
    let mut child = Command::new("sh")
        .args(["-c", LIMITS, "sh"])
        .args(command)
        .current_dir(cwd)
        .env_clear()
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(err)
        .spawn()
        .map_err(|error| format!("cannot start sh: {error}"))?;
    let mut pause = Duration::from_millis(5);
    let end = loop {
        let status = child.try_wait().map_err(|error| format!("waiting: {error}"))?;
        if let Some(status) = status {
            break of_status(status);
        }
        if Instant::now() >= deadline || stalled() {
            break End::Killed;
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(200));
    };
    // The leader and what it left running.
    let group = format!("-{}", child.id());
    Command::new("sh").args(["-c", "kill -s KILL -- \"$1\" 2>/dev/null", "sh", &group]).status().ok();
    child.kill().ok();
    child.wait().ok();
    Ok(end)
}

fn of_status(status: ExitStatus) -> End {
    if status.success() { End::Well } else { End::Badly }
}
