//! `posix_spawn`.

use std::ffi::CString;
use std::mem::MaybeUninit;
use std::os::raw::c_char;

use super::SysResult;

/// What to do with descriptors before the program begins.
pub enum FileAction {
    Open { fd: i32, path: CString, flags: i32, mode: u32 },
    Close(i32),
    Duplicate(i32, i32),
    CloseFrom(i32),
}

/// How the program is to run.
#[derive(Default)]
pub struct SpawnOptions {
    pub actions: Vec<FileAction>,
    pub process_group: Option<i32>,
    pub reset_ids: bool,
    pub new_session: bool,
    pub signal_mask: Option<Vec<i32>>,
    pub default_signals: Option<Vec<i32>>,
    /// Policy (`None`: as it is) and priority.
    pub scheduler: Option<(Option<i32>, i32)>,
    /// Look the program up in `PATH`.
    pub search: bool,
}

/// The functions here return error numbers.
fn check(errno: i32) -> SysResult<()> {
    if errno == 0 { Ok(()) } else { Err(errno) }
}

struct Attributes(Box<libc::posix_spawnattr_t>);
struct Actions(Box<libc::posix_spawn_file_actions_t>);

impl Drop for Attributes {
    fn drop(&mut self) {
        // SAFETY: initialized when made.
        unsafe { libc::posix_spawnattr_destroy(&mut *self.0) };
    }
}
impl Drop for Actions {
    fn drop(&mut self) {
        // SAFETY: initialized when made.
        unsafe { libc::posix_spawn_file_actions_destroy(&mut *self.0) };
    }
}

fn signal_set(signals: &[i32]) -> libc::sigset_t {
    let mut set = MaybeUninit::zeroed();
    // SAFETY: the first call initializes the set; numbers that are no signals are refused by the others.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        for signal in signals {
            libc::sigaddset(set.as_mut_ptr(), *signal);
        }
        set.assume_init()
    }
}

unsafe extern "C" {
    fn posix_spawn_file_actions_addclosefrom_np(
        actions: *mut libc::posix_spawn_file_actions_t,
        from: std::os::raw::c_int,
    ) -> std::os::raw::c_int;
}

fn file_actions(list: &[FileAction]) -> SysResult<Actions> {
    let mut actions = Box::new(MaybeUninit::zeroed());
    // SAFETY: initialized by the call; it stays where it is. The strings live as long as `list`, beyond the spawning.
    unsafe {
        check(libc::posix_spawn_file_actions_init(actions.as_mut_ptr()))?;
        let mut actions = Actions(actions.assume_init());
        let raw: *mut libc::posix_spawn_file_actions_t = &mut *actions.0;
        for action in list {
            check(match action {
                FileAction::Open { fd, path, flags, mode } => libc::posix_spawn_file_actions_addopen(
                    raw,
                    *fd,
                    path.as_ptr(),
                    *flags,
                    *mode as libc::mode_t,
                ),
                FileAction::Close(fd) => libc::posix_spawn_file_actions_addclose(raw, *fd),
                FileAction::Duplicate(fd, target) => {
                    libc::posix_spawn_file_actions_adddup2(raw, *fd, *target)
                }
                FileAction::CloseFrom(fd) => posix_spawn_file_actions_addclosefrom_np(raw, *fd),
            })?;
        }
        Ok(actions)
    }
}

fn attributes(options: &SpawnOptions) -> SysResult<Attributes> {
    let mut attributes = Box::new(MaybeUninit::zeroed());
    // SAFETY: initialized by the call; it stays where it is.
    unsafe {
        check(libc::posix_spawnattr_init(attributes.as_mut_ptr()))?;
        let mut attributes = Attributes(attributes.assume_init());
        let raw: *mut libc::posix_spawnattr_t = &mut *attributes.0;
        let mut flags = 0;
        if let Some(group) = options.process_group {
            check(libc::posix_spawnattr_setpgroup(raw, group))?;
            flags |= libc::POSIX_SPAWN_SETPGROUP;
        }
        if options.reset_ids {
            flags |= libc::POSIX_SPAWN_RESETIDS;
        }
        if options.new_session {
            flags |= 0x80; // POSIX_SPAWN_SETSID
        }
        if let Some(signals) = &options.signal_mask {
            check(libc::posix_spawnattr_setsigmask(raw, &signal_set(signals)))?;
            flags |= libc::POSIX_SPAWN_SETSIGMASK;
        }
        if let Some(signals) = &options.default_signals {
            check(libc::posix_spawnattr_setsigdefault(raw, &signal_set(signals)))?;
            flags |= libc::POSIX_SPAWN_SETSIGDEF;
        }
        if let Some((policy, priority)) = options.scheduler {
            if let Some(policy) = policy {
                check(libc::posix_spawnattr_setschedpolicy(raw, policy))?;
                flags |= libc::POSIX_SPAWN_SETSCHEDULER;
            }
            let parameter = libc::sched_param { sched_priority: priority };
            check(libc::posix_spawnattr_setschedparam(raw, &parameter))?;
            flags |= libc::POSIX_SPAWN_SETSCHEDPARAM;
        }
        check(libc::posix_spawnattr_setflags(raw, flags as _))?;
        Ok(attributes)
    }
}

fn pointers(list: &[CString]) -> Vec<*mut c_char> {
    list.iter().map(|s| s.as_ptr().cast_mut()).chain(std::iter::once(std::ptr::null_mut())).collect()
}

/// Runs a program in a new process; its id.
pub fn posix_spawn(
    path: &CString,
    arguments: &[CString],
    environment: &[CString],
    options: &SpawnOptions,
) -> SysResult<i32> {
    let actions = file_actions(&options.actions)?;
    let attributes = attributes(options)?;
    let (arguments, environment) = (pointers(arguments), pointers(environment));
    let spawn = if options.search { libc::posix_spawnp } else { libc::posix_spawn };
    let mut pid = 0;
    // SAFETY: initialized structs; lists of strings that null pointers end.
    check(unsafe {
        spawn(&mut pid, path.as_ptr(), &*actions.0, &*attributes.0, arguments.as_ptr(), environment.as_ptr())
    })?;
    Ok(pid)
}
