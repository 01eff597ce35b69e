//! A copy of the test package: tests write beside themselves. Interpreters that would not find it in isolated mode, where
//! `PYTHONPATH` does not count, are run from virtual environments, those that carry their library inside from an installation
//! that has its sources on the disk, as CPython's has: tests read them.
//!
//! Invariant: the copy is gone when the stage is dropped.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::process::{self, End};

const CHILD: &str = include_str!("../child.py");

/// What each program that is run to prepare the stage may take.
const STEP: Duration = Duration::from_secs(120);

/// A temporary folder.
pub struct Scratch(PathBuf);

impl Scratch {
    /// Makes one.
    pub fn new() -> Result<Scratch, String> {
        static MADE: Mutex<u32> = Mutex::new(0);
        let number = {
            let mut made = MADE.lock().map_err(|error| error.to_string())?;
            *made += 1;
            *made
        };
        let path = std::env::temp_dir().join(format!("conformance-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Scratch(path))
    }
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Tests may leave folders that cannot be read.
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// The copy, and beside it the program that runs one module.
pub struct Stage {
    folder: Scratch,
}

/// The package of the tests of interpreters skips itself where there is no GIL, also when one of these interpreters imports it. They mean something there, too.
const INTERPRETERS: &str = "\
import os
import test.support


def load_tests(*arguments):
    return test.support.load_package_tests(os.path.dirname(__file__), *arguments)
";

/// Writes [`INTERPRETERS`] over `package`, if there is such a file.
fn let_run(package: &Path) -> std::io::Result<()> {
    if package.exists() { std::fs::write(package, INTERPRETERS) } else { Ok(()) }
}

/// Prints where the library is if no such folder is there.
const WHERE: &str = "\
import os
folder = os.path.dirname(os.__file__)
print('' if os.path.isdir(folder) else folder)
";

/// Writes the library's sources to its folder and prints the one for further packages.
const UNPACK: &str = "\
import importlib.machinery, os, pkgutil, sysconfig


def unpack(folder):
    for module in pkgutil.iter_modules([folder]):
        spec = importlib.machinery.PathFinder.find_spec(module.name, [folder])
        os.makedirs(os.path.dirname(spec.origin), exist_ok=True)
        with open(spec.origin, 'wb') as file:
            file.write(spec.loader.get_data(spec.origin))
        if module.ispkg:
            unpack(os.path.dirname(spec.origin))


unpack(os.path.dirname(os.__file__))
folder = sysconfig.get_path('purelib')
os.makedirs(folder, exist_ok=True)
print(folder)
";

impl Stage {
    /// Copies the package out of `tests`.
    pub fn new(tests: &Path) -> Result<Stage, String> {
        let folder = Scratch::new()?;
        copy(&tests.join("test"), &folder.path().join("test"))
            .and_then(|()| std::fs::write(folder.path().join("conformance_child.py"), CHILD))
            .and_then(|()| let_run(&folder.path().join("test/test_interpreters/__init__.py")))
            .map_err(|error| format!("copying the tests: {error}"))?;
        Ok(Stage { folder })
    }
    /// What goes into `PYTHONPATH`.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
    /// The program that runs one module.
    pub fn child(&self) -> PathBuf {
        self.path().join("conformance_child.py")
    }
    /// The program to start for `program`: itself if its children find a test package whatever their options are, otherwise the one
    /// of an environment or an installation, called `name`, that leads to the copy.
    pub fn interpreter(&self, program: &Path, name: &str) -> Result<PathBuf, String> {
        if isolated(program, &["-c", "import test.support"])?.0 {
            return Ok(program.to_owned());
        }
        let failed = |said: &str| Err(format!("no environment of {}: {said}", program.display()));
        let place = self.path().join(name);
        let inside = place.join("bin/python");
        let (answered, said) = isolated(program, &["-c", WHERE])?;
        let script = if answered && said.lines().last().is_some_and(|folder| !folder.is_empty()) {
            std::fs::create_dir_all(place.join("bin"))
                .and_then(|()| std::fs::copy(program, &inside))
                .map_err(|error| format!("{}: {error}", inside.display()))?;
            UNPACK
        } else {
            let (made, said) = isolated(program, &["-m", "venv", "--without-pip", &place.to_string_lossy()])?;
            if !made {
                return failed(&said);
            }
            "import sysconfig; print(sysconfig.get_path('purelib'))"
        };
        let (answered, said) = isolated(&inside, &["-c", script])?;
        // Warnings may come before the answer.
        let Some(packages) = said.lines().last().filter(|_| answered) else { return failed(&said) };
        let list = Path::new(packages).join("conformance.pth");
        std::fs::write(&list, format!("{}\n", self.path().display()))
            .map_err(|error| format!("{}: {error}", list.display()))?;
        Ok(inside)
    }
    /// A text that changes with what is measured.
    pub fn version() -> &'static str {
        CHILD
    }
}

/// Whether a program ended well in isolated mode, and what it said.
fn isolated(program: &Path, arguments: &[&str]) -> Result<(bool, String), String> {
    let scratch = Scratch::new()?;
    let output = scratch.path().join("output");
    let command: Vec<OsString> = [program.as_os_str(), "-I".as_ref()]
        .into_iter()
        .chain(arguments.iter().map(AsRef::as_ref))
        .map(OsString::from)
        .collect();
    let variables = [
        ("PATH", std::env::var_os("PATH").unwrap_or_default()),
        ("HOME", scratch.path().into()),
        ("LANG", "C.UTF-8".into()),
    ];
    let deadline = Instant::now() + STEP;
    let end = process::run(&command, Path::new("."), &variables, &output, deadline, || false)?;
    let said = std::fs::read(&output).unwrap_or_default();
    Ok((end == End::Well, String::from_utf8_lossy(&said).into_owned()))
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type()?;
        if kind.is_symlink() {
            std::os::unix::fs::symlink(std::fs::read_link(&source)?, &target)?;
        } else if kind.is_dir() {
            if entry.file_name() != "__pycache__" {
                copy(&source, &target)?;
            }
        } else {
            std::fs::copy(&source, &target)?;
        }
    }
    Ok(())
}
