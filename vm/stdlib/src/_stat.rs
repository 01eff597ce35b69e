//! `_stat`: what the bits of a file's mode mean.

use taipan_objects::native::*;
use taipan_objects::prelude::*;

const CONSTANTS: &[(&str, u32)] = &[
    ("SF_APPEND", 0x40000),
    ("SF_ARCHIVED", 0x10000),
    ("SF_DATALESS", 0x4000_0000),
    ("SF_FIRMLINK", 0x80_0000),
    ("SF_IMMUTABLE", 0x20000),
    ("SF_NOUNLINK", 0x10_0000),
    ("SF_SETTABLE", 0xffff_0000),
    ("SF_SNAPSHOT", 0x20_0000),
    ("SF_RESTRICTED", 0x8_0000),
    ("SF_SUPPORTED", 0x9f_0000),
    ("SF_SYNTHETIC", 0xc000_0000),
    ("ST_MODE", 0),
    ("ST_INO", 1),
    ("ST_DEV", 2),
    ("ST_NLINK", 3),
    ("ST_UID", 4),
    ("ST_GID", 5),
    ("ST_SIZE", 6),
    ("ST_ATIME", 7),
    ("ST_MTIME", 8),
    ("ST_CTIME", 9),
    ("S_ENFMT", libc::S_ISGID),
    ("S_IEXEC", libc::S_IXUSR),
    ("S_IREAD", libc::S_IRUSR),
    ("S_IWRITE", libc::S_IWUSR),
    ("S_IFBLK", libc::S_IFBLK),
    ("S_IFCHR", libc::S_IFCHR),
    ("S_IFDIR", libc::S_IFDIR),
    ("S_IFDOOR", 0),
    ("S_IFIFO", libc::S_IFIFO),
    ("S_IFLNK", libc::S_IFLNK),
    ("S_IFPORT", 0),
    ("S_IFREG", libc::S_IFREG),
    ("S_IFSOCK", libc::S_IFSOCK),
    ("S_IFWHT", 0),
    ("S_IRWXU", libc::S_IRWXU),
    ("S_IRUSR", libc::S_IRUSR),
    ("S_IWUSR", libc::S_IWUSR),
    ("S_IXUSR", libc::S_IXUSR),
    ("S_IRWXG", libc::S_IRWXG),
    ("S_IRGRP", libc::S_IRGRP),
    ("S_IWGRP", libc::S_IWGRP),
    ("S_IXGRP", libc::S_IXGRP),
    ("S_IRWXO", libc::S_IRWXO),
    ("S_IROTH", libc::S_IROTH),
    ("S_IWOTH", libc::S_IWOTH),
    ("S_IXOTH", libc::S_IXOTH),
    ("S_ISUID", libc::S_ISUID),
    ("S_ISGID", libc::S_ISGID),
    ("S_ISVTX", libc::S_ISVTX),
    ("UF_APPEND", 4),
    ("UF_COMPRESSED", 0x20),
    ("UF_DATAVAULT", 0x80),
    ("UF_HIDDEN", 0x8000),
    ("UF_IMMUTABLE", 2),
    ("UF_NODUMP", 1),
    ("UF_NOUNLINK", 0x10),
    ("UF_OPAQUE", 8),
    ("UF_SETTABLE", 0xffff),
    ("UF_TRACKED", 0x40),
];

fn is(mode: u32, kind: u32) -> bool {
    mode & libc::S_IFMT == kind
}

/// The three letters of one class of users.
fn triple(mode: u32, shift: u32, special: bool, letter: char) -> [char; 3] {
    let bits = mode >> shift;
    let execute = match (bits & 1 != 0, special) {
        (true, true) => letter,
        (false, true) => letter.to_ascii_uppercase(),
        (true, false) => 'x',
        (false, false) => '-',
    };
    [if bits & 4 != 0 { 'r' } else { '-' }, if bits & 2 != 0 { 'w' } else { '-' }, execute]
}

/// S_IFMT_: file type bits
#[pymodule(name = "_stat")]
mod items {
    use super::*;

    /// Return True if mode is from a directory.
    #[pyfunction(text = "($module, object, /)")]
    fn S_ISDIR(mode: u32) -> bool {
        is(mode, libc::S_IFDIR)
    }
    /// Return True if mode is from a character special device file.
    #[pyfunction(text = "($module, object, /)")]
    fn S_ISCHR(mode: u32) -> bool {
        is(mode, libc::S_IFCHR)
    }
    /// Return True if mode is from a block special device file.
    #[pyfunction(text = "($module, object, /)")]
    fn S_ISBLK(mode: u32) -> bool {
        is(mode, libc::S_IFBLK)
    }
    /// Return True if mode is from a regular file.
    #[pyfunction(text = "($module, object, /)")]
    fn S_ISREG(mode: u32) -> bool {
        is(mode, libc::S_IFREG)
    }
    /// Return True if mode is from a FIFO (named pipe).
    #[pyfunction(text = "($module, object, /)")]
    fn S_ISFIFO(mode: u32) -> bool {
        is(mode, libc::S_IFIFO)
    }
    /// Return True if mode is from a symbolic link.
    #[pyfunction(text = "($module, object, /)")]
    fn S_ISLNK(mode: u32) -> bool {
        is(mode, libc::S_IFLNK)
    }
    /// Return True if mode is from a socket.
    #[pyfunction(text = "($module, object, /)")]
    fn S_ISSOCK(mode: u32) -> bool {
        is(mode, libc::S_IFSOCK)
    }
    /// Return True if mode is from a door.
    #[pyfunction(text = "($module, object, /)")]
    fn S_ISDOOR(mode: u32) -> bool {
        let _ = mode;
        false
    }
    /// Return True if mode is from an event port.
    #[pyfunction(text = "($module, object, /)")]
    fn S_ISPORT(mode: u32) -> bool {
        let _ = mode;
        false
    }
    /// Return True if mode is from a whiteout.
    #[pyfunction(text = "($module, object, /)")]
    fn S_ISWHT(mode: u32) -> bool {
        let _ = mode;
        false
    }
    /// Return the portion of the file's mode that can be set by os.chmod().
    #[pyfunction(text = "($module, object, /)")]
    fn S_IMODE(mode: u32) -> u32 {
        mode & 0o7777
    }
    /// Return the portion of the file's mode that describes the file type.
    #[pyfunction(text = "($module, object, /)")]
    fn S_IFMT(mode: u32) -> u32 {
        mode & libc::S_IFMT
    }
    /// Convert a file's mode to a string of the form '-rwxrwxrwx'
    #[pyfunction(text = "($module, object, /)")]
    fn filemode(mode: u32) -> String {
        let kind = match mode & libc::S_IFMT {
            libc::S_IFREG => '-',
            libc::S_IFDIR => 'd',
            libc::S_IFLNK => 'l',
            libc::S_IFBLK => 'b',
            libc::S_IFCHR => 'c',
            libc::S_IFIFO => 'p',
            libc::S_IFSOCK => 's',
            _ => '?',
        };
        let user = triple(mode, 6, mode & libc::S_ISUID != 0, 's');
        let group = triple(mode, 3, mode & libc::S_ISGID != 0, 's');
        let others = triple(mode, 0, mode & libc::S_ISVTX != 0, 't');
        std::iter::once(kind).chain(user).chain(group).chain(others).collect()
    }

    #[pyinit]
    fn init(module: &PyModuleBuilder<'_>) -> PyResult<()> {
        for (name, value) in CONSTANTS {
            module.add(name, *value)?;
        }
        Ok(())
    }
}
