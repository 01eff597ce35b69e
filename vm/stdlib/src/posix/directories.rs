//! Listing directories: `listdir`, `scandir` and its entries.
//!
//! Invariant: the open directory is read under its mutex by a detached thread, which takes nothing else meanwhile.

use std::ffi::CString;

use parking_lot::Mutex;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;
use taipan_objects::type_object::{TypeBuilder, new_instance};
use taipan_objects::{generic_alias, hooks};
use taipan_threading::detached;

use super::stat::stat_obj;
use crate::file_path::{self, Accept, FilePath, name_like};
use crate::os_error::{blocking_for, interruptible, os_error_for};
use crate::sys_calls::{self, Directory};

/// One entry of a directory.
#[repr(C)]
pub struct PyDirEntry {
    header: Header,
    name: Slot,
    path: Slot,
    /// The results of `stat` with and without following links, once asked for.
    stat: Slot,
    lstat: Slot,
    /// The path for the system, relative to `dir_fd`.
    system_path: CString,
    dir_fd: i32,
    kind: u8,
    inode: u64,
}
layout!(PyDirEntry, "DirEntry", [name, path, stat, lstat]);

impl PyDirEntry {
    fn fetch(&self, slot: &Slot, flags: i32) -> PyResult<Obj> {
        if let Some(found) = slot.load() {
            return Ok(found);
        }
        let path = self.path.load().unwrap_or_else(none);
        let found = blocking_for(&path, || sys_calls::fstatat(self.dir_fd, &self.system_path, flags))?;
        let found = stat_obj(&found);
        slot.store(found.clone());
        Ok(found)
    }
    fn stat_of(&self, follow: bool) -> PyResult<Obj> {
        if follow && self.kind == libc::DT_LNK || follow && self.kind == libc::DT_UNKNOWN {
            return self.fetch(&self.stat, 0);
        }
        self.fetch(&self.lstat, libc::AT_SYMLINK_NOFOLLOW)
    }
    /// Whether the entry is of a kind, by its directory's word if that suffices.
    fn is_kind(&self, kind: u8, mode: u32, follow: bool) -> PyResult<bool> {
        if self.kind != libc::DT_UNKNOWN && !(follow && self.kind == libc::DT_LNK) {
            return Ok(self.kind == kind);
        }
        match self.stat_of(follow) {
            Ok(found) => {
                let found = taipan_objects::structseq::get(&found, 0)?;
                Ok(u32::from_arg(&found)? & libc::S_IFMT == mode)
            }
            Err(Raised) => catch(&types().file_not_found_error).map(|_| false),
        }
    }
}

#[pymethods(class = "DirEntry")]
impl PyDirEntry {
    /// Return True if the entry is a directory; cached per entry.
    #[pymethod(sig = "(*, follow_symlinks=True)")]
    fn is_dir(&self, follow_symlinks: Option<bool>) -> PyResult<bool> {
        self.is_kind(libc::DT_DIR, libc::S_IFDIR, follow_symlinks.unwrap_or(true))
    }
    /// Return True if the entry is a file; cached per entry.
    #[pymethod(sig = "(*, follow_symlinks=True)")]
    fn is_file(&self, follow_symlinks: Option<bool>) -> PyResult<bool> {
        self.is_kind(libc::DT_REG, libc::S_IFREG, follow_symlinks.unwrap_or(true))
    }
    /// Return True if the entry is a symbolic link; cached per entry.
    #[pymethod]
    fn is_symlink(&self) -> PyResult<bool> {
        self.is_kind(libc::DT_LNK, libc::S_IFLNK, false)
    }
    /// Return True if the entry is a junction; cached per entry.
    #[pymethod]
    fn is_junction(&self) -> bool {
        false
    }
    /// Return stat_result object for the entry; cached per entry.
    #[pymethod(name = "stat", sig = "(*, follow_symlinks=True)")]
    fn py_stat(&self, follow_symlinks: Option<bool>) -> PyResult<Obj> {
        self.stat_of(follow_symlinks.unwrap_or(true))
    }
    /// Return inode of the entry; cached per entry.
    #[pymethod(name = "inode")]
    fn py_inode(&self) -> u64 {
        self.inode
    }
    /// Returns the path for the entry.
    #[pymethod]
    fn __fspath__(&self) -> Obj {
        self.path.load().unwrap_or_else(none)
    }
    #[pyclassmethod(text = "")]
    fn __class_getitem__(cls: &Obj, item: &Obj) -> Obj {
        generic_alias::new(cls, item)
    }
    /// the entry's base filename, relative to scandir() "path" argument
    #[pygetset(name = "name")]
    fn get_name(&self) -> Obj {
        self.name.load().unwrap_or_else(none)
    }
    /// the entry's full path name; equivalent to os.path.join(scandir_path, entry.name)
    #[pygetset(name = "path")]
    fn get_path(&self) -> Obj {
        self.path.load().unwrap_or_else(none)
    }
}

fn entry_repr(obj: &Obj) -> PyResult<Obj> {
    let name = obj.downcast::<PyDirEntry>().and_then(|e| e.name.load()).unwrap_or_else(none);
    Ok(str_obj(&format!("<DirEntry {}>", repr_string(&name)?)))
}

/// What `scandir` returns.
#[repr(C)]
pub struct PyScandirIterator {
    header: Header,
    directory: Mutex<Option<Directory>>,
    source: Slot,
    /// The given path, with a slash at its end, for the paths of entries.
    prefix: Vec<u8>,
    fd: Option<i32>,
    is_bytes: bool,
}
layout!(PyScandirIterator, "ScandirIterator", [source]);

impl PyScandirIterator {
    fn next_entry(&self) -> PyResult<Option<Obj>> {
        let read = interruptible(|| {
            let mut directory = self.directory.lock();
            match directory.as_mut() {
                Some(open) => {
                    let entry = open.next();
                    if matches!(entry, Ok(None)) {
                        *directory = None;
                    }
                    entry
                }
                None => Ok(None),
            }
        })?;
        let entry = read.map_err(|errno| os_error_for(errno, &self.source.load().unwrap_or_else(none)))?;
        let Some(entry) = entry else { return Ok(None) };
        let name = name_like(&entry.name, self.is_bytes);
        let (path, system_path, dir_fd) = match self.fd {
            Some(fd) => (name.clone(), entry.name, fd),
            None => {
                // With room for the NUL that follows.
                let mut whole = Vec::with_capacity(self.prefix.len() + entry.name.len() + 1);
                whole.extend_from_slice(&self.prefix);
                whole.extend_from_slice(&entry.name);
                (name_like(&whole, self.is_bytes), whole, libc::AT_FDCWD)
            }
        };
        let made = new_instance(&classes().0, |header| PyDirEntry {
            header,
            name: Slot::new(name),
            path: Slot::new(path),
            stat: Slot::empty(),
            lstat: Slot::empty(),
            system_path: CString::new(system_path).unwrap_or_default(),
            dir_fd,
            kind: entry.kind,
            inode: entry.inode,
        });
        Ok(Some(made.into_obj()))
    }
    fn shut(&self) {
        detached(|| drop(self.directory.lock().take()));
    }
}

#[pymethods(class = "posix.ScandirIterator")]
impl PyScandirIterator {
    #[pymethod]
    fn close(&self) {
        self.shut();
    }
    #[pymethod]
    fn __enter__(slf: &Obj) -> Obj {
        slf.clone()
    }
    #[pymethod(sig = "(*args)", text = "")]
    fn __exit__(&self, args: &[Obj]) {
        let _ = args;
        self.shut();
    }
}

/// `__del__`: a folder that was left open is worth a warning.
fn finalize_iterator(obj: &Obj) -> PyResult<()> {
    let this = iterator_of(obj)?;
    if this.directory.lock().is_none() {
        return Ok(());
    }
    let text = format!("unclosed scandir iterator {}", repr_string(obj)?);
    if taipan_vm::warnings::warn_of_resource(&text, obj).is_err() {
        // Raised by a warning filter: there is nobody to catch it here.
        hooks::unraisable(None, Some(obj));
    }
    this.shut();
    Ok(())
}

fn iterator_of(obj: &Obj) -> PyResult<&PyScandirIterator> {
    obj.downcast().ok_or_else(|| type_error("a ScandirIterator is required"))
}

/// `DirEntry` and the iterator's class.
fn classes() -> &'static (Py<PyType>, Py<PyType>) {
    static CLASSES: std::sync::OnceLock<(Py<PyType>, Py<PyType>)> = std::sync::OnceLock::new();
    CLASSES.get_or_init(|| {
        let entry = TypeBuilder::new("posix.DirEntry", <PyDirEntry as taipan_objects::Object>::ops())
            .slots(TypeSlots { repr: Some(entry_repr), ..TypeSlots::EMPTY })
            .methods(PyDirEntry::methods())
            .getset(PyDirEntry::getset())
            .no_instantiation()
            .final_()
            .make();
        let slots = TypeSlots {
            iter: Some(|obj| Ok(obj.clone())),
            iternext: Some(|obj| iterator_of(obj)?.next_entry()),
            del: Some(finalize_iterator),
            ..TypeSlots::EMPTY
        };
        let iterator =
            TypeBuilder::new("posix.ScandirIterator", <PyScandirIterator as taipan_objects::Object>::ops())
                .slots(slots)
                .methods(PyScandirIterator::methods())
                .no_instantiation()
                .final_()
                .make();
        (entry, iterator)
    })
}

fn open_directory(path: &FilePath) -> PyResult<Directory> {
    blocking_for(&path.object, || match path.fd {
        Some(fd) => Directory::from_fd(fd),
        None => Directory::open(&path.name),
    })
}

#[pymodule(name = "posix_directories", doc = "")]
mod items {
    use super::*;

    /// Return a list containing the names of the files in the directory.
    #[pyfunction(sig = "(path=None)")]
    fn listdir(path: Option<&Obj>) -> PyResult<Obj> {
        let path = file_path::path("listdir", "path", path, Accept::NameFdOrNone)?;
        let mut directory = open_directory(&path)?;
        let names = blocking_for(&path.object, || {
            let mut names = Vec::new();
            while let Some(entry) = directory.next()? {
                names.push(entry.name);
            }
            Ok(names)
        })?;
        Ok(list_obj(names.iter().map(|name| name_like(name, path.is_bytes)).collect()))
    }
    /// Return an iterator of DirEntry objects for given path.
    #[pyfunction(sig = "(path=None)")]
    fn scandir(path: Option<&Obj>) -> PyResult<Obj> {
        let path = file_path::path("scandir", "path", path.filter(|p| !is_none(p)), Accept::NameFdOrNone)?;
        let directory = open_directory(&path)?;
        let mut prefix = path.name.as_bytes().to_vec();
        if !prefix.is_empty() && prefix.last() != Some(&b'/') {
            prefix.push(b'/');
        }
        let iterator = new_instance(&classes().1, |header| PyScandirIterator {
            header,
            directory: Mutex::new(Some(directory)),
            source: Slot::new(path.object.clone()),
            prefix,
            fd: path.fd,
            is_bytes: path.is_bytes,
        });
        Ok(iterator.into_obj())
    }

    #[pyinit]
    fn init(module: &PyModuleBuilder<'_>) -> PyResult<()> {
        module.add("DirEntry", classes().0.to_obj())
    }
}
