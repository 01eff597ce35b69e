//! The embedded library: where its files seem to be, its code.

use std::sync::OnceLock;

use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use taipan_objects::code::PyCode;
use taipan_objects::prelude::*;

use crate::builtins::compile::{self, Mode};
use crate::interpreters::{self, PerInterpreter};

/// What `sysconfig` calls the library's folder, without the installation's.
const FOLDER_BELOW_PREFIX: &str = "/lib/python3.14t";

/// The library's folder as the program sees it.
static FOLDER: OnceLock<String> = OnceLock::new();
/// A folder given in place of the embedded library.
static REPLACED: OnceLock<bool> = OnceLock::new();
/// What an interpreter has compiled; the main one's serves the others as a model, since constants never die.
static COMPILED: PerInterpreter<Mutex<FxHashMap<String, Obj>>> = PerInterpreter::new();

/// Decides where the library is: in `replacement`, else, embedded, below the folder `prefix` of the installation. There it seems to be
/// whether or not such a folder exists: what a program is told does not depend on where Taipan was built.
pub fn set_folder(replacement: Option<&str>, prefix: &str) {
    let _ = REPLACED.set(replacement.is_some());
    let folder = match replacement {
        Some(folder) => std::path::absolute(folder)
            .map_or_else(|_| folder.to_owned(), |p| p.to_string_lossy().into_owned()),
        None => format!("{}{FOLDER_BELOW_PREFIX}", prefix.trim_end_matches('/')),
    };
    let _ = FOLDER.set(folder);
}

/// The library's folder.
pub fn folder() -> &'static str {
    FOLDER.get().map_or(FOLDER_BELOW_PREFIX, String::as_str)
}

/// Whether a folder given by the user takes the place of the embedded library.
pub fn is_replaced() -> bool {
    REPLACED.get().copied().unwrap_or(false)
}

/// The path of a file relative to the embedded library, if it seems to be inside.
pub fn relative(path: &str) -> Option<&str> {
    if is_replaced() {
        return None;
    }
    let rest = path.strip_prefix(folder())?;
    if rest.is_empty() { Some("") } else { rest.strip_prefix('/') }
}

/// The content of a library file given by its relative path.
pub fn content(relative: &str) -> Option<Vec<u8>> {
    if is_replaced() {
        return std::fs::read(format!("{}/{relative}", folder())).ok();
    }
    taipan_library::file(relative).map(<[u8]>::to_vec)
}

/// The compiled code of a library file, for `filename` in tracebacks.
pub fn code(relative: &str, filename: &str) -> PyResult<Option<Obj>> {
    let key = format!("{relative}\0{filename}");
    let compiled_before = COMPILED.get_or_default();
    let known = compiled_before.lock().get(&key).cloned();
    if let Some(code) = known {
        return Ok(Some(code));
    }
    let main = interpreters::main();
    if !interpreters::current().is_main()
        && let Some(models) = COMPILED.of(main)
    {
        let model = models.lock().get(&key).cloned();
        let model = match model.map(Obj::into_py::<PyCode>) {
            Some(Ok(model)) => Some(model),
            _ => compiled(relative, filename),
        };
        if let Some(model) = model {
            let code = model.duplicate().into_obj();
            let former = compiled_before.lock().insert(key.clone(), code.clone());
            let replaced = models.lock().insert(key, model.into_obj());
            drop((former, replaced));
            return Ok(Some(code));
        }
    }
    let code = match compiled(relative, filename) {
        Some(code) => code,
        None => {
            let Some(bytes) = content(relative) else { return Ok(None) };
            let text = super::source::decode(&bytes, filename, true)?;
            compile::compile_text(&text, filename, Mode::Exec, compile::default_options())?
        }
    };
    let code = code.into_obj();
    let former = compiled_before.lock().insert(key, code.clone());
    drop(former);
    Ok(Some(code))
}

/// The code that was compiled with the program: without `-O`, and while the library is the embedded one.
fn compiled(relative: &str, filename: &str) -> Option<Py<PyCode>> {
    if is_replaced() || crate::sys::config::optimize() != 0 {
        return None;
    }
    // SAFETY: it is included in the program.
    unsafe { taipan_gc::resident::is_read_in_parts(taipan_library::whole()) };
    taipan_gc::resident::was_read();
    let unit = taipan_bytecode::deserialize_static(
        taipan_library::code(relative)?,
        filename,
        !taipan_objects::watch::code::any(),
    )
    .ok()?;
    Some(PyCode::new(unit))
}

/// A module that is frozen: found by name alone, ahead of `sys.path`.
pub struct Frozen {
    pub name: &'static str,
    pub path: &'static str,
    pub is_package: bool,
    /// The library's name of the module.
    pub origin: &'static str,
}

const fn frozen(name: &'static str, path: &'static str, origin: &'static str) -> Frozen {
    Frozen { name, path, is_package: false, origin }
}

/// The modules that start-up needs, and those with special meaning.
pub static FROZEN: &[Frozen] = &[
    frozen("_frozen_importlib", "importlib/_bootstrap.py", "importlib._bootstrap"),
    frozen("_frozen_importlib_external", "importlib/_bootstrap_external.py", "importlib._bootstrap_external"),
    frozen("zipimport", "zipimport.py", "zipimport"),
    frozen("abc", "abc.py", "abc"),
    frozen("codecs", "codecs.py", "codecs"),
    frozen("io", "io.py", "io"),
    frozen("_collections_abc", "_collections_abc.py", "_collections_abc"),
    frozen("_sitebuiltins", "_sitebuiltins.py", "_sitebuiltins"),
    frozen("genericpath", "genericpath.py", "genericpath"),
    frozen("ntpath", "ntpath.py", "ntpath"),
    frozen("posixpath", "posixpath.py", "posixpath"),
    frozen("os.path", "posixpath.py", "posixpath"),
    frozen("os", "os.py", "os"),
    frozen("site", "site.py", "site"),
    frozen("stat", "stat.py", "stat"),
    frozen("importlib.util", "importlib/util.py", "importlib.util"),
    frozen("importlib.machinery", "importlib/machinery.py", "importlib.machinery"),
    frozen("runpy", "runpy.py", "runpy"),
    frozen("_embedded", "_embedded.py", "_embedded"),
    frozen("__hello__", "__hello__.py", "__hello__"),
    frozen("__phello__.spam", "__phello__/spam.py", "__phello__.spam"),
    Frozen { name: "__phello__", path: "__phello__/__init__.py", is_package: true, origin: "__phello__" },
];

/// The frozen module of a name.
pub fn find_frozen(name: &str) -> Option<&'static Frozen> {
    FROZEN.iter().find(|f| f.name == name)
}

/// The code of a frozen module.
pub fn frozen_code(frozen: &Frozen) -> PyResult<Option<Obj>> {
    code(frozen.path, &format!("<frozen {}>", frozen.origin))
}
