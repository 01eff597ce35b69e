//! Starting a program in a child process.
//!
//! Invariant: between the fork and the new program the child allocates nothing and takes no lock (other threads may have been holding
//! one): everything is prepared in [`spawn`] before the fork.

use std::ffi::CString;
use std::os::raw::c_char;

use super::{SysResult, errno};

/// How the child is to be set up.
pub struct ChildSetup {
    /// Descriptors that stay open, ascending.
    pub keep: Vec<i32>,
    /// Paths to try in order.
    pub programs: Vec<CString>,
    pub arguments: Vec<CString>,
    pub environment: Option<Vec<CString>>,
    pub directory: Option<CString>,
    pub close_fds: bool,
    /// Descriptors that become 0, 1 and 2; -1: as they are.
    pub stdin: i32,
    pub stdout: i32,
    pub stderr: i32,
    /// The parent's ends of the pipes, to be closed; -1: none.
    pub parent_ends: [i32; 3],
    /// Where to report errors.
    pub error_pipe: i32,
    pub restore_signals: bool,
    pub new_session: bool,
    /// -1: as it is.
    pub process_group: i32,
    pub group: Option<u32>,
    pub groups: Option<Vec<u32>>,
    pub user: Option<u32>,
    /// -1: as it is.
    pub umask: i32,
}

fn pointers(list: &[CString]) -> Vec<*const c_char> {
    list.iter().map(|s| s.as_ptr()).chain(std::iter::once(std::ptr::null())).collect()
}

/// Forks and runs the program; the child's process id. `prepare` is called in the child, for what only the caller can do;
/// false: it failed.
pub fn spawn(setup: &ChildSetup, prepare: Option<&mut dyn FnMut() -> bool>) -> SysResult<i32> {
    let arguments = pointers(&setup.arguments);
    let environment = setup.environment.as_deref().map(pointers);
    // SAFETY: no arguments. What the child does until exec is below.
    match unsafe { libc::fork() } {
        -1 => Err(errno()),
        0 => {
            let (error, text) = in_child(setup, &arguments, environment.as_deref(), prepare);
            report(setup.error_pipe, error, text);
            // SAFETY: a plain number.
            unsafe { libc::_exit(255) }
        }
        pid => Ok(pid),
    }
}

/// Tells the parent: class of the exception, error number in hexadecimal digits, and what failed.
fn report(pipe: i32, error: i32, text: &[u8]) {
    let send = |bytes: &[u8]| {
        // SAFETY: a buffer with its length.
        unsafe { libc::write(pipe, bytes.as_ptr().cast(), bytes.len()) };
    };
    if error == 0 {
        send(b"SubprocessError:0:");
    } else {
        send(b"OSError:");
        let mut digits = [0u8; 8];
        let (mut at, mut rest) = (digits.len(), error as u32);
        while rest != 0 && at > 0 {
            at -= 1;
            digits[at] = b"0123456789ABCDEF"[(rest & 15) as usize];
            rest >>= 4;
        }
        send(&digits[at..]);
        send(b":");
    }
    send(text);
}

const NOEXEC: &[u8] = b"noexec";
const CHDIR: &[u8] = b"noexec:chdir";

/// The child's part; returns only when something failed: the error number and what to tell the parent.
fn in_child(
    setup: &ChildSetup,
    arguments: &[*const c_char],
    environment: Option<&[*const c_char]>,
    prepare: Option<&mut dyn FnMut() -> bool>,
) -> (i32, &'static [u8]) {
    macro_rules! attempt {
        ($call:expr) => {{
            // SAFETY: plain numbers, or strings and buffers of `setup`.
            let result = unsafe { $call };
            if result == -1 {
                return (errno(), NOEXEC);
            }
            result
        }};
    }
    for &fd in setup.keep.iter().filter(|fd| **fd != setup.error_pipe) {
        attempt!(libc::fcntl(fd, libc::F_SETFD, 0));
    }
    for fd in setup.parent_ends.into_iter().filter(|fd| *fd >= 0) {
        attempt!(libc::close(fd));
    }
    // Out of the way of the descriptors that are about to be replaced.
    let (mut stdout, mut stderr) = (setup.stdout, setup.stderr);
    if stdout == 0 {
        stdout = attempt!(libc::dup(stdout));
    }
    while stderr == 0 || stderr == 1 {
        stderr = attempt!(libc::dup(stderr));
    }
    for (fd, wanted) in [(setup.stdin, 0), (stdout, 1), (stderr, 2)] {
        if fd == wanted {
            attempt!(libc::fcntl(fd, libc::F_SETFD, 0));
        } else if fd >= 0 {
            attempt!(libc::dup2(fd, wanted));
        }
    }
    if let Some(directory) = &setup.directory {
        // SAFETY: a string.
        if unsafe { libc::chdir(directory.as_ptr()) } == -1 {
            return (errno(), CHDIR);
        }
    }
    if setup.umask >= 0 {
        // SAFETY: a plain number.
        unsafe { libc::umask(setup.umask as u32) };
    }
    if setup.restore_signals {
        for signal in [libc::SIGPIPE, libc::SIGXFSZ] {
            // SAFETY: plain numbers.
            unsafe { libc::signal(signal, libc::SIG_DFL) };
        }
    }
    if setup.new_session {
        attempt!(libc::setsid());
    }
    if setup.process_group >= 0 {
        attempt!(libc::setpgid(0, setup.process_group));
    }
    if let Some(groups) = &setup.groups {
        attempt!(libc::setgroups(groups.len(), groups.as_ptr()));
    }
    if let Some(group) = setup.group {
        attempt!(libc::setregid(group, group));
    }
    if let Some(user) = setup.user {
        attempt!(libc::setreuid(user, user));
    }
    if let Some(prepare) = prepare
        && !prepare()
    {
        return (0, b"Exception occurred in preexec_fn.");
    }
    if setup.close_fds {
        let mut from = 3u32;
        for &fd in setup.keep.iter().filter(|fd| **fd >= 3) {
            close_range(from, fd as u32 - 1);
            from = fd as u32 + 1;
        }
        close_range(from, u32::MAX);
    }
    let mut last = 0;
    for program in &setup.programs {
        // SAFETY: NULL-terminated arrays of strings of `setup`.
        unsafe {
            match environment {
                Some(environment) => libc::execve(program.as_ptr(), arguments.as_ptr(), environment.as_ptr()),
                None => libc::execv(program.as_ptr(), arguments.as_ptr()),
            }
        };
        let error = errno();
        if last == 0 || (error != libc::ENOENT && error != libc::ENOTDIR) {
            last = error;
        }
    }
    // An empty text: the program itself could not be run.
    (last, b"")
}

/// Closes all descriptors from one to another.
fn close_range(from: u32, to: u32) {
    if from > to {
        return;
    }
    // SAFETY: plain numbers.
    if unsafe { libc::syscall(libc::SYS_close_range, from, to, 0) } == -1 {
        let limit = to.min(65535);
        for fd in from..=limit {
            // SAFETY: a plain number.
            unsafe { libc::close(fd as i32) };
        }
    }
}
