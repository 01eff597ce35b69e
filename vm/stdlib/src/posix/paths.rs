//! Functions that take names of files.

use taipan_objects::buffer;
use taipan_objects::int;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;
use taipan_objects::tuple::PyTuple;

use crate::file_path::{self, Accept, FilePath, dir_fd, name_like};
use crate::os_error::{blocking, blocking_for, interruptible, os_error, os_error_for, os_error_for2};
use crate::sys_calls::{self, SysResult};

fn name(function: &str, obj: &Obj) -> PyResult<FilePath> {
    file_path::path(function, "path", Some(obj), Accept::Name)
}

/// A call with two names, both of which errors tell.
fn two(from: &FilePath, to: &FilePath, call: impl FnMut() -> SysResult<()>) -> PyResult<()> {
    interruptible(call)?.map_err(|errno| os_error_for2(errno, &from.object, &to.object))
}

fn no_follow(follow: Option<bool>) -> i32 {
    if follow.unwrap_or(true) { 0 } else { libc::AT_SYMLINK_NOFOLLOW }
}

/// Seconds as a number: whole seconds and nanoseconds, rounded down.
fn time_of(obj: &Obj) -> PyResult<libc::timespec> {
    if let Some(i) = int::int_ref(obj) {
        let Some(tv_sec) = i.to_i64() else {
            return Err(overflow_error("timestamp out of range for platform time_t"));
        };
        return Ok(libc::timespec { tv_sec, tv_nsec: 0 });
    }
    let seconds = as_f64(obj)?;
    if seconds.is_nan() {
        return Err(value_error("Invalid value NaN (not a number)"));
    }
    let whole = seconds.floor();
    if !(-9.2e18..9.2e18).contains(&whole) {
        return Err(overflow_error("timestamp out of range for platform time_t"));
    }
    let nanoseconds = ((seconds - whole) * 1e9).floor().min(999_999_999.0);
    Ok(libc::timespec { tv_sec: whole as i64, tv_nsec: nanoseconds as i64 })
}

fn nanoseconds_of(obj: &Obj) -> PyResult<libc::timespec> {
    let index = index(obj)?;
    let Some(value) = int::int_ref(&index) else { return Err(type_error("an integer is required")) };
    let value = value.to_bigint();
    let billion = num_bigint::BigInt::from(1_000_000_000);
    use num_integer::Integer;
    use num_traits::ToPrimitive;
    let (seconds, rest) = value.div_mod_floor(&billion);
    match (seconds.to_i64(), rest.to_i64()) {
        (Some(tv_sec), Some(tv_nsec)) => Ok(libc::timespec { tv_sec, tv_nsec }),
        _ => Err(overflow_error("timestamp out of range for platform time_t")),
    }
}

fn pair(obj: &Obj, what: &str) -> PyResult<(Obj, Obj)> {
    match obj.downcast::<PyTuple>().map(PyTuple::as_slice) {
        Some([a, b]) => Ok((a.clone(), b.clone())),
        _ => Err(type_error(format!("utime: '{what}' must be a tuple of two ints"))),
    }
}

fn remove(function: &str, path: &Obj, dir: Option<&Obj>, flags: i32) -> PyResult<()> {
    let path = name(function, path)?;
    let dir = dir_fd(dir)?;
    blocking_for(&path.object, || sys_calls::unlinkat(dir, &path.name, flags))
}

fn move_file(
    function: &str,
    src: &Obj,
    dst: &Obj,
    src_dir: Option<&Obj>,
    dst_dir: Option<&Obj>,
) -> PyResult<()> {
    let src = file_path::path(function, "src", Some(src), Accept::Name)?;
    let dst = file_path::path(function, "dst", Some(dst), Accept::Name)?;
    let (from, to) = (dir_fd(src_dir)?, dir_fd(dst_dir)?);
    two(&src, &dst, || sys_calls::renameat(from, &src.name, to, &dst.name))
}

fn uid(obj: &Obj, what: &str) -> PyResult<u32> {
    let index = index(obj).map_err(|raised| {
        if raised_is(&types().type_error) {
            drop(take_raised());
            return type_error(format!("{what} should be integer, not {}", class_of(obj).name()));
        }
        raised
    })?;
    match int::int_ref(&index).and_then(|i| i.to_i64()) {
        Some(-1) => Ok(u32::MAX),
        Some(id) if id < 0 => Err(overflow_error(format!("{what} is less than minimum"))),
        Some(id) if id < i64::from(u32::MAX) => Ok(id as u32),
        _ => Err(overflow_error(format!("{what} is greater than maximum"))),
    }
}

pub fn user_id(obj: &Obj) -> PyResult<u32> {
    uid(obj, "uid")
}
pub fn group_id(obj: &Obj) -> PyResult<u32> {
    uid(obj, "gid")
}

/// Whose extended attributes are meant.
fn attributed(path: &file_path::FilePath, follow: bool) -> sys_calls::Attributed<'_> {
    match path.fd {
        Some(fd) => sys_calls::Attributed::Fd(fd),
        None => sys_calls::Attributed::Path(&path.name, follow),
    }
}

#[pymodule(name = "posix_paths", doc = "")]
mod items {
    use super::*;

    /// Create a directory.
    #[pyfunction(sig = "(path, mode=511, *, dir_fd=None)")]
    fn mkdir(path: &Obj, mode: Option<i32>, dir_fd: Option<&Obj>) -> PyResult<()> {
        let path = name("mkdir", path)?;
        let dir = super::dir_fd(dir_fd)?;
        blocking_for(&path.object, || sys_calls::mkdirat(dir, &path.name, mode.unwrap_or(0o777) as u32))
    }
    /// Remove a directory.
    #[pyfunction(sig = "(path, *, dir_fd=None)")]
    fn rmdir(path: &Obj, dir_fd: Option<&Obj>) -> PyResult<()> {
        remove("rmdir", path, dir_fd, libc::AT_REMOVEDIR)
    }
    /// Remove a file (same as remove()).
    #[pyfunction(sig = "(path, *, dir_fd=None)")]
    fn unlink(path: &Obj, dir_fd: Option<&Obj>) -> PyResult<()> {
        remove("unlink", path, dir_fd, 0)
    }
    /// Remove a file (same as unlink()).
    #[pyfunction(name = "remove", sig = "(path, *, dir_fd=None)")]
    fn remove_(path: &Obj, dir_fd: Option<&Obj>) -> PyResult<()> {
        remove("remove", path, dir_fd, 0)
    }
    /// Rename a file or directory.
    #[pyfunction(sig = "(src, dst, *, src_dir_fd=None, dst_dir_fd=None)")]
    fn rename(src: &Obj, dst: &Obj, src_dir_fd: Option<&Obj>, dst_dir_fd: Option<&Obj>) -> PyResult<()> {
        move_file("rename", src, dst, src_dir_fd, dst_dir_fd)
    }
    /// Rename a file or directory, overwriting the destination.
    #[pyfunction(sig = "(src, dst, *, src_dir_fd=None, dst_dir_fd=None)")]
    fn replace(src: &Obj, dst: &Obj, src_dir_fd: Option<&Obj>, dst_dir_fd: Option<&Obj>) -> PyResult<()> {
        move_file("replace", src, dst, src_dir_fd, dst_dir_fd)
    }
    /// Create a hard link to a file.
    #[pyfunction(sig = "(src, dst, *, src_dir_fd=None, dst_dir_fd=None, follow_symlinks=True)")]
    fn link(
        src: &Obj,
        dst: &Obj,
        src_dir_fd: Option<&Obj>,
        dst_dir_fd: Option<&Obj>,
        follow_symlinks: Option<bool>,
    ) -> PyResult<()> {
        let src = file_path::path("link", "src", Some(src), Accept::Name)?;
        let dst = file_path::path("link", "dst", Some(dst), Accept::Name)?;
        let (from, to) = (dir_fd(src_dir_fd)?, dir_fd(dst_dir_fd)?);
        let flags = if follow_symlinks.unwrap_or(true) { libc::AT_SYMLINK_FOLLOW } else { 0 };
        two(&src, &dst, || sys_calls::linkat(from, &src.name, to, &dst.name, flags))
    }
    /// Create a symbolic link pointing to src named dst.
    #[pyfunction(sig = "(src, dst, target_is_directory=False, *, dir_fd=None)")]
    fn symlink(
        src: &Obj,
        dst: &Obj,
        target_is_directory: Option<bool>,
        dir_fd: Option<&Obj>,
    ) -> PyResult<()> {
        let _ = target_is_directory;
        let src = file_path::path("symlink", "src", Some(src), Accept::Name)?;
        let dst = file_path::path("symlink", "dst", Some(dst), Accept::Name)?;
        let dir = super::dir_fd(dir_fd)?;
        two(&src, &dst, || sys_calls::symlinkat(&src.name, dir, &dst.name))
    }
    /// Return a string representing the path to which the symbolic link points.
    #[pyfunction(sig = "(path, *, dir_fd=None)")]
    fn readlink(path: &Obj, dir_fd: Option<&Obj>) -> PyResult<Obj> {
        let path = name("readlink", path)?;
        let dir = super::dir_fd(dir_fd)?;
        let target = blocking_for(&path.object, || sys_calls::readlinkat(dir, &path.name))?;
        Ok(name_like(&target, path.is_bytes))
    }
    /// Change the access permissions of a file.
    #[pyfunction(sig = "(path, mode, *, dir_fd=None, follow_symlinks=True)")]
    fn chmod(path: &Obj, mode: i32, dir_fd: Option<&Obj>, follow_symlinks: Option<bool>) -> PyResult<()> {
        let path = file_path::path("chmod", "path", Some(path), Accept::NameOrFd)?;
        let dir = super::dir_fd(dir_fd)?;
        match path.fd {
            Some(fd) => blocking(|| sys_calls::fchmod(fd, mode as u32)),
            None => {
                let flags = no_follow(follow_symlinks);
                match interruptible(|| sys_calls::fchmodat(dir, &path.name, mode as u32, flags))? {
                    // Links have no mode of their own here.
                    Err(libc::EOPNOTSUPP) if flags != 0 => {
                        Err(not_implemented_error("chmod: follow_symlinks unavailable on this platform"))
                    }
                    result => result.map_err(|errno| os_error_for(errno, &path.object)),
                }
            }
        }
    }
    /// Change the access permissions of the file given by file descriptor fd.
    #[pyfunction(sig = "(fd, mode)")]
    fn fchmod(fd: i32, mode: i32) -> PyResult<()> {
        blocking(|| sys_calls::fchmod(fd, mode as u32))
    }
    /// Change the owner and group id of path to the numeric uid and gid.
    #[pyfunction(sig = "(path, uid, gid, *, dir_fd=None, follow_symlinks=True)")]
    fn chown(
        path: &Obj,
        uid: &Obj,
        gid: &Obj,
        dir_fd: Option<&Obj>,
        follow_symlinks: Option<bool>,
    ) -> PyResult<()> {
        let path = file_path::path("chown", "path", Some(path), Accept::NameOrFd)?;
        let (uid, gid) = (user_id(uid)?, group_id(gid)?);
        let dir = super::dir_fd(dir_fd)?;
        match path.fd {
            Some(fd) => blocking(|| sys_calls::fchown(fd, uid, gid)),
            None => blocking_for(&path.object, || {
                sys_calls::fchownat(dir, &path.name, uid, gid, no_follow(follow_symlinks))
            }),
        }
    }
    /// Change the owner and group id of the file specified by file descriptor.
    #[pyfunction(sig = "(fd, uid, gid)")]
    fn fchown(fd: i32, uid: &Obj, gid: &Obj) -> PyResult<()> {
        let (uid, gid) = (user_id(uid)?, group_id(gid)?);
        blocking(|| sys_calls::fchown(fd, uid, gid))
    }
    /// Change the owner and group id of path to the numeric uid and gid, without following symbolic links.
    #[pyfunction(sig = "(path, uid, gid)")]
    fn lchown(path: &Obj, uid: &Obj, gid: &Obj) -> PyResult<()> {
        let path = name("lchown", path)?;
        let (uid, gid) = (user_id(uid)?, group_id(gid)?);
        blocking_for(&path.object, || {
            sys_calls::fchownat(libc::AT_FDCWD, &path.name, uid, gid, libc::AT_SYMLINK_NOFOLLOW)
        })
    }
    /// Use the real uid/gid to test for access to a path.
    #[pyfunction(sig = "(path, mode, *, dir_fd=None, effective_ids=False, follow_symlinks=True)")]
    fn access(
        path: &Obj,
        mode: i32,
        dir_fd: Option<&Obj>,
        effective_ids: Option<bool>,
        follow_symlinks: Option<bool>,
    ) -> PyResult<bool> {
        let path = name("access", path)?;
        let dir = super::dir_fd(dir_fd)?;
        let effective = if effective_ids.unwrap_or(false) { libc::AT_EACCESS } else { 0 };
        let flags = no_follow(follow_symlinks) | effective;
        Ok(interruptible(|| sys_calls::faccessat(dir, &path.name, mode, flags))?.is_ok())
    }
    /// Set the access and modified time of path.
    #[pyfunction(sig = "(path, times=None, *, ns=<unrepresentable>, dir_fd=None, follow_symlinks=True)")]
    fn utime(
        path: &Obj,
        times: Option<&Obj>,
        ns: Option<&Obj>,
        dir_fd: Option<&Obj>,
        follow_symlinks: Option<bool>,
    ) -> PyResult<()> {
        let path = file_path::path("utime", "path", Some(path), Accept::NameOrFd)?;
        let times = times.filter(|t| !is_none(t));
        let spec = match (times, ns) {
            (Some(_), Some(_)) => {
                return Err(value_error("utime: you may specify either 'times' or 'ns' but not both"));
            }
            (Some(times), None) => {
                let Ok((a, b)) = pair(times, "times") else {
                    drop(take_raised());
                    return Err(type_error("utime: 'times' must be either a tuple of two ints or None"));
                };
                Some([time_of(&a)?, time_of(&b)?])
            }
            (None, Some(ns)) => {
                let (a, b) = pair(ns, "ns")?;
                Some([nanoseconds_of(&a)?, nanoseconds_of(&b)?])
            }
            (None, None) => None,
        };
        let dir = super::dir_fd(dir_fd)?;
        match path.fd {
            Some(fd) => blocking(|| sys_calls::futimens(fd, spec.as_ref())),
            None => blocking_for(&path.object, || {
                sys_calls::utimensat(dir, &path.name, spec.as_ref(), no_follow(follow_symlinks))
            }),
        }
    }
    /// Create a "fifo" (a POSIX named pipe).
    #[pyfunction(sig = "(path, mode=438, *, dir_fd=None)")]
    fn mkfifo(path: &Obj, mode: Option<i32>, dir_fd: Option<&Obj>) -> PyResult<()> {
        let path = name("mkfifo", path)?;
        let dir = super::dir_fd(dir_fd)?;
        blocking_for(&path.object, || sys_calls::mkfifoat(dir, &path.name, mode.unwrap_or(0o666) as u32))
    }
    /// Create a node in the file system.
    #[pyfunction(sig = "(path, mode=384, device=0, *, dir_fd=None)")]
    fn mknod(path: &Obj, mode: Option<i32>, device: Option<u64>, dir_fd: Option<&Obj>) -> PyResult<()> {
        let path = name("mknod", path)?;
        let dir = super::dir_fd(dir_fd)?;
        let (mode, device) = (mode.unwrap_or(0o600) as u32, device.unwrap_or(0));
        blocking_for(&path.object, || sys_calls::mknodat(dir, &path.name, mode, device))
    }
    /// Return a unicode string representing the current working directory.
    #[pyfunction]
    fn getcwd() -> PyResult<Obj> {
        sys_calls::getcwd().map(|path| file_path::name_obj(&path)).map_err(os_error)
    }
    /// Return a bytes string representing the current working directory.
    #[pyfunction]
    fn getcwdb() -> PyResult<Obj> {
        sys_calls::getcwd().map(|path| bytes_obj(&path)).map_err(os_error)
    }
    /// Change the current working directory to the specified path.
    #[pyfunction(sig = "(path)")]
    fn chdir(path: &Obj) -> PyResult<()> {
        let path = file_path::path("chdir", "path", Some(path), Accept::NameOrFd)?;
        match path.fd {
            Some(fd) => blocking(|| sys_calls::fchdir(fd)),
            None => blocking_for(&path.object, || sys_calls::chdir(&path.name)),
        }
    }
    /// Change to the directory of the given file descriptor.
    #[pyfunction(sig = "(fd)")]
    fn fchdir(fd: &Obj) -> PyResult<()> {
        let fd = file_path::fileno_of(fd)?;
        blocking(|| sys_calls::fchdir(fd))
    }
    /// Change root directory to path.
    #[pyfunction(sig = "(path)")]
    fn chroot(path: &Obj) -> PyResult<()> {
        let path = name("chroot", path)?;
        blocking_for(&path.object, || sys_calls::chroot(&path.name))
    }
    /// Set the current numeric umask and return the previous umask.
    #[pyfunction(sig = "(mask, /)")]
    fn umask(mask: i32) -> u32 {
        sys_calls::umask(mask as u32)
    }
    /// Return the value of extended attribute attribute on path.
    #[pyfunction(sig = "(path, attribute, *, follow_symlinks=True)")]
    fn getxattr(path: &Obj, attribute: &Obj, follow_symlinks: Option<bool>) -> PyResult<Obj> {
        let path = file_path::path("getxattr", "path", Some(path), Accept::NameOrFd)?;
        let attribute = file_path::c_name(attribute)?;
        let follow = follow_symlinks.unwrap_or(true);
        let value =
            blocking_for(&path.object, || sys_calls::getxattr(attributed(&path, follow), &attribute))?;
        Ok(bytes_obj(&value))
    }
    /// Set extended attribute attribute on path to value.
    #[pyfunction(sig = "(path, attribute, value, flags=0, *, follow_symlinks=True)")]
    fn setxattr(
        path: &Obj,
        attribute: &Obj,
        value: &Obj,
        flags: Option<i32>,
        follow_symlinks: Option<bool>,
    ) -> PyResult<()> {
        let path = file_path::path("setxattr", "path", Some(path), Accept::NameOrFd)?;
        let attribute = file_path::c_name(attribute)?;
        let value = buffer::to_vec(value)?;
        let (flags, follow) = (flags.unwrap_or(0), follow_symlinks.unwrap_or(true));
        blocking_for(&path.object, || {
            sys_calls::setxattr(attributed(&path, follow), &attribute, &value, flags)
        })
    }
    /// Remove extended attribute attribute on path.
    #[pyfunction(sig = "(path, attribute, *, follow_symlinks=True)")]
    fn removexattr(path: &Obj, attribute: &Obj, follow_symlinks: Option<bool>) -> PyResult<()> {
        let path = file_path::path("removexattr", "path", Some(path), Accept::NameOrFd)?;
        let attribute = file_path::c_name(attribute)?;
        let follow = follow_symlinks.unwrap_or(true);
        blocking_for(&path.object, || sys_calls::removexattr(attributed(&path, follow), &attribute))
    }
    /// Return a list of extended attributes on path.
    #[pyfunction(sig = "(path=None, *, follow_symlinks=True)")]
    fn listxattr(path: Option<&Obj>, follow_symlinks: Option<bool>) -> PyResult<Obj> {
        let path = file_path::path("listxattr", "path", path, Accept::NameFdOrNone)?;
        let follow = follow_symlinks.unwrap_or(true);
        let list = blocking_for(&path.object, || sys_calls::listxattr(attributed(&path, follow)))?;
        Ok(list_obj(list.split(|&b| b == 0).filter(|n| !n.is_empty()).map(file_path::name_obj).collect()))
    }
}
