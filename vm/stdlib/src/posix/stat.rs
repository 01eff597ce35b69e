//! `stat` and what it returns.

use taipan_objects::int;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::structseq::{self, StructSeqDef};

use super::lazy_class;
use crate::file_path::{self, Accept, FilePath, dir_fd};
use crate::os_error::{blocking, blocking_for};
use crate::sys_calls;

/// The number of no device, -1 in Python.
const NO_DEVICE: u64 = u64::MAX;

fn device_of(device: &Obj) -> PyResult<u64> {
    if int::int_ref(device).and_then(|n| n.to_i64()) == Some(-1) {
        Ok(NO_DEVICE)
    } else {
        u64::from_arg(device)
    }
}

/// A major or minor number; -1 are those of no device.
fn part_of(number: &Obj) -> PyResult<u32> {
    if int::int_ref(number).and_then(|n| n.to_i64()) == Some(-1) {
        Ok(u32::MAX)
    } else {
        u32::from_arg(number)
    }
}

fn number_of(part: u32) -> i64 {
    if part == u32::MAX { -1 } else { part.into() }
}

static STAT: StructSeqDef = StructSeqDef {
    name: "os.stat_result",
    doc: "stat_result: Result from stat, fstat, or lstat.\n\nThis object may be accessed either as a tuple of\n  (mode, ino, dev, nlink, uid, gid, size, atime, mtime, ctime)\nor via the attributes st_mode, st_ino, st_dev, st_nlink, st_uid, and so on.",
    fields: &[
        ("st_mode", "protection bits"),
        ("st_ino", "inode"),
        ("st_dev", "device"),
        ("st_nlink", "number of hard links"),
        ("st_uid", "user ID of owner"),
        ("st_gid", "group ID of owner"),
        ("st_size", "total size, in bytes"),
        ("", "integer time of last access"),
        ("", "integer time of last modification"),
        ("", "integer time of last change"),
        ("st_atime", "time of last access"),
        ("st_mtime", "time of last modification"),
        ("st_ctime", "time of last change"),
        ("st_atime_ns", "time of last access in nanoseconds"),
        ("st_mtime_ns", "time of last modification in nanoseconds"),
        ("st_ctime_ns", "time of last change in nanoseconds"),
        ("st_blksize", "blocksize for filesystem I/O"),
        ("st_blocks", "number of blocks allocated"),
        ("st_rdev", "device type (if inode device)"),
    ],
    visible: 10,
};
lazy_class!(stat_class, &STAT);

static STATVFS: StructSeqDef = StructSeqDef {
    name: "os.statvfs_result",
    doc: "statvfs_result: Result from statvfs or fstatvfs.",
    fields: &[
        ("f_bsize", ""),
        ("f_frsize", ""),
        ("f_blocks", ""),
        ("f_bfree", ""),
        ("f_bavail", ""),
        ("f_files", ""),
        ("f_ffree", ""),
        ("f_favail", ""),
        ("f_flag", ""),
        ("f_namemax", ""),
        ("f_fsid", ""),
    ],
    visible: 10,
};
lazy_class!(statvfs_class, &STATVFS);

fn nanoseconds(seconds: i64, rest: i64) -> Obj {
    int::from_i128(i128::from(seconds) * 1_000_000_000 + i128::from(rest))
}

/// A `stat_result`.
pub fn stat_obj(s: &libc::stat) -> Obj {
    let u = |value: u64| int::from_u64(value);
    let times = [(s.st_atime, s.st_atime_nsec), (s.st_mtime, s.st_mtime_nsec), (s.st_ctime, s.st_ctime_nsec)];
    let [atime, mtime, ctime] = times.map(|(seconds, _)| int_obj(seconds));
    let [exact_atime, exact_mtime, exact_ctime] =
        times.map(|(seconds, rest)| float_obj(seconds as f64 + 1e-9 * rest as f64));
    let [atime_ns, mtime_ns, ctime_ns] = times.map(|(seconds, rest)| nanoseconds(seconds, rest));
    let fields = [
        u(s.st_mode.into()),
        u(s.st_ino),
        u(s.st_dev),
        u(s.st_nlink as u64),
        u(s.st_uid.into()),
        u(s.st_gid.into()),
        int_obj(s.st_size),
        atime,
        mtime,
        ctime,
        exact_atime,
        exact_mtime,
        exact_ctime,
        atime_ns,
        mtime_ns,
        ctime_ns,
        int_obj(s.st_blksize as i64),
        int_obj(s.st_blocks),
        u(s.st_rdev),
    ];
    structseq::of_definition(&stat_class(), &STAT, fields)
}

fn statvfs_obj(s: &libc::statvfs) -> Obj {
    let all = [
        s.f_bsize,
        s.f_frsize,
        s.f_blocks,
        s.f_bfree,
        s.f_bavail,
        s.f_files,
        s.f_ffree,
        s.f_favail,
        s.f_flag,
        s.f_namemax,
        s.f_fsid,
    ];
    structseq::new(&statvfs_class(), all.into_iter().map(int::from_u64).collect())
}

fn stat_path(path: &FilePath, dir: i32, flags: i32) -> PyResult<Obj> {
    let found = match path.fd {
        Some(fd) => blocking(|| sys_calls::fstat(fd))?,
        None => blocking_for(&path.object, || sys_calls::fstatat(dir, &path.name, flags))?,
    };
    Ok(stat_obj(&found))
}

#[pymodule(name = "posix_stat", doc = "")]
mod items {
    use super::*;

    /// Perform a stat system call on the given path.
    #[pyfunction(sig = "(path, *, dir_fd=None, follow_symlinks=True)")]
    fn stat(path: &Obj, dir_fd: Option<&Obj>, follow_symlinks: Option<bool>) -> PyResult<Obj> {
        let path = file_path::path("stat", "path", Some(path), Accept::NameOrFd)?;
        let dir = super::dir_fd(dir_fd)?;
        let follow = follow_symlinks.unwrap_or(true);
        if path.fd.is_some() && dir != libc::AT_FDCWD {
            return Err(value_error("stat: can't specify dir_fd without matching path"));
        }
        if path.fd.is_some() && !follow {
            return Err(value_error("stat: cannot use fd and follow_symlinks together"));
        }
        stat_path(&path, dir, if follow { 0 } else { libc::AT_SYMLINK_NOFOLLOW })
    }
    /// Perform a stat system call on the given path, without following symbolic links.
    #[pyfunction(sig = "(path, *, dir_fd=None)")]
    fn lstat(path: &Obj, dir_fd: Option<&Obj>) -> PyResult<Obj> {
        let path = file_path::path("lstat", "path", Some(path), Accept::Name)?;
        stat_path(&path, super::dir_fd(dir_fd)?, libc::AT_SYMLINK_NOFOLLOW)
    }
    /// Perform a stat system call on the given file descriptor.
    #[pyfunction(sig = "(fd)")]
    fn fstat(fd: i32) -> PyResult<Obj> {
        Ok(stat_obj(&blocking(|| sys_calls::fstat(fd))?))
    }
    /// Perform a statvfs system call on the given path.
    #[pyfunction(sig = "(path)")]
    fn statvfs(path: &Obj) -> PyResult<Obj> {
        let path = file_path::path("statvfs", "path", Some(path), Accept::NameOrFd)?;
        let found = match path.fd {
            Some(fd) => blocking(|| sys_calls::fstatvfs(fd))?,
            None => blocking_for(&path.object, || sys_calls::statvfs(&path.name))?,
        };
        Ok(statvfs_obj(&found))
    }
    /// Perform an fstatvfs system call on the given fd.
    #[pyfunction(sig = "(fd, /)")]
    fn fstatvfs(fd: i32) -> PyResult<Obj> {
        Ok(statvfs_obj(&blocking(|| sys_calls::fstatvfs(fd))?))
    }
    /// Extracts a device major number from a raw device number.
    #[pyfunction(sig = "(device, /)")]
    fn major(device: &Obj) -> PyResult<i64> {
        Ok(number_of(libc::major(device_of(device)?)))
    }
    /// Extracts a device minor number from a raw device number.
    #[pyfunction(sig = "(device, /)")]
    fn minor(device: &Obj) -> PyResult<i64> {
        Ok(number_of(libc::minor(device_of(device)?)))
    }
    /// Composes a raw device number from the major and minor device numbers.
    #[pyfunction(sig = "(major, minor, /)")]
    fn makedev(major: &Obj, minor: &Obj) -> PyResult<Obj> {
        match libc::makedev(part_of(major)?, part_of(minor)?) {
            NO_DEVICE => Ok(int_obj(-1)),
            device => Ok(int::from_u64(device)),
        }
    }

    #[pyinit]
    fn init(module: &PyModuleBuilder<'_>) -> PyResult<()> {
        module.add("stat_result", stat_class().into_obj())?;
        module.add("statvfs_result", statvfs_class().into_obj())
    }
}
