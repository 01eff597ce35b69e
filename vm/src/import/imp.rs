//! The `_imp` module.

use std::sync::LazyLock;

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;
use taipan_threading::RawLock;
use taipan_threading::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use super::embedded::{self, find_frozen};

/// The import lock: owned by a thread, taken as often as its owner likes.
struct ImportLock {
    lock: RawLock,
    /// Identity of the owner; 0: free. Written by the owner only.
    owner: AtomicU64,
    depth: AtomicUsize,
}

static LOCK: LazyLock<ImportLock> = LazyLock::new(|| ImportLock {
    lock: RawLock::default(),
    owner: AtomicU64::new(0),
    depth: AtomicUsize::new(0),
});

/// Takes the import lock, once more if this thread has it: until [`unlock_imports`] no other thread is in the middle of an import.
pub fn lock_imports() {
    let me = identity();
    // Relaxed: only this thread can have stored its own identity.
    if LOCK.owner.load(Ordering::Relaxed) == me {
        LOCK.depth.fetch_add(1, Ordering::Relaxed);
        return;
    }
    let _ = LOCK.lock.acquire(None, false);
    LOCK.owner.store(me, Ordering::Relaxed);
    LOCK.depth.store(1, Ordering::Relaxed);
}

/// Gives back what one [`lock_imports`] took; false if this thread does not have the lock.
pub fn unlock_imports() -> bool {
    if LOCK.owner.load(Ordering::Relaxed) != identity() {
        return false;
    }
    if LOCK.depth.fetch_sub(1, Ordering::Relaxed) == 1 {
        LOCK.owner.store(0, Ordering::Relaxed);
        LOCK.lock.release();
    }
    true
}

/// The magic number of cached code: each compiler has its own.
fn magic() -> i64 {
    0x0A0D_0000 | i64::from(taipan_library::FINGERPRINT.parse::<u16>().unwrap_or(0))
}

/// The text of a string without lone surrogates. The library has no names with such.
fn plain_text(obj: &Obj) -> Option<String> {
    match obj.downcast::<PyStr>()?.utf8() {
        Ok(text) => Some(text.to_string()),
        Err(Raised) => {
            drop(take_raised());
            None
        }
    }
}

/// (Extremely) low-level import machinery bits as used by importlib.
#[pymodule(name = "_imp")]
mod items {
    use super::*;

    #[pyattr]
    const check_hash_based_pycs: &str = "default";
    #[pyattr]
    fn pyc_magic_number_token() -> i64 {
        magic()
    }
    #[pyattr]
    fn library_path() -> &'static str {
        embedded::folder()
    }

    /// Acquires the interpreter's import lock for the current thread.
    ///
    /// This lock should be used by import hooks to ensure thread-safety when importing
    /// modules. On platforms without threads, this function does nothing.
    #[pyfunction]
    fn acquire_lock() {
        lock_imports();
    }

    /// Release the interpreter's import lock.
    ///
    /// On platforms without threads, this function does nothing.
    #[pyfunction]
    fn release_lock() -> PyResult<()> {
        if unlock_imports() { Ok(()) } else { Err(runtime_error("not holding the import lock")) }
    }

    /// Return True if the import lock is currently held, else False.
    ///
    /// On platforms without threads, return False.
    #[pyfunction]
    fn lock_held() -> bool {
        LOCK.lock.is_locked()
    }

    /// Returns the list of file suffixes used to identify extension modules.
    #[pyfunction]
    fn extension_suffixes() -> Vec<String> {
        Vec::new()
    }

    /// Returns True if the module name corresponds to a built-in module.
    #[pyfunction]
    fn is_builtin(name: &PyStr) -> i64 {
        match &*name.to_string_lossy() {
            // Once made they are never made again.
            "sys" | "builtins" => -1,
            name => i64::from(super::super::native_module(name).is_some()),
        }
    }

    /// Create an extension module.
    #[pyfunction]
    fn create_builtin(spec: &Obj) -> PyResult<Obj> {
        let name = getattr(spec, &istr!("name"))?;
        let Some(text) = name.downcast::<PyStr>() else {
            return Err(type_error(format!("name must be string, not {}", class_of(&name).name())));
        };
        let text = text.utf8()?;
        if &*text == "sys" || &*text == "builtins" {
            return Ok(super::super::loaded(&name)?.unwrap_or_else(none));
        }
        match super::super::native_module(&text) {
            Some(def) => super::super::make_module(def),
            None => Ok(none()),
        }
    }

    /// Initialize a built-in module.
    #[pyfunction]
    fn exec_builtin(_mod: &Obj) -> i64 {
        0
    }

    /// Create an extension module.
    #[pyfunction(sig = "(spec, file=None, /)")]
    fn create_dynamic(spec: &Obj, file: Option<&Obj>) -> PyResult<Obj> {
        let _ = file;
        let name = str_string(&getattr(spec, &istr!("name"))?)?;
        let origin = str_string(&getattr(spec, &istr!("origin"))?)?;
        if name.contains('\0') || origin.contains('\0') {
            return Err(value_error("embedded null character"));
        }
        Err(import_error(format!("extension modules in C cannot be loaded: {name}")))
    }

    /// Initialize an extension module.
    #[pyfunction]
    fn exec_dynamic(_mod: &Obj) -> i64 {
        0
    }

    /// Returns True if the module name corresponds to a frozen module.
    #[pyfunction]
    fn is_frozen(name: &PyStr) -> bool {
        named(name).is_some()
    }

    /// Returns True if the module name is of a frozen package.
    #[pyfunction]
    fn is_frozen_package(name: &str) -> PyResult<bool> {
        Ok(frozen(name)?.is_package)
    }

    /// Return info about the corresponding frozen module (if there is one) or None.
    ///
    /// The returned info (a 3-tuple):
    ///
    ///  * data         the raw marshalled bytes
    ///  * is_package   whether or not it is a package
    ///  * origname     the originally frozen module's name, or None if not
    ///                 a stdlib module (this will usually be the same as
    ///                 the module's current name)
    #[pyfunction(sig = "(name, /, *, withdata=False)")]
    fn find_frozen_(name: &PyStr, withdata: bool) -> Option<Obj> {
        let _ = withdata;
        let found = named(name)?;
        Some(tuple_obj(vec![none(), bool_obj(found.is_package), str_obj(found.origin)]))
    }

    /// Create a code object for a frozen module.
    #[pyfunction(sig = "(name, data=None, /)")]
    fn get_frozen_object(name: &str, data: Option<&Obj>) -> PyResult<Obj> {
        if data.is_some_and(|d| !is_none(d)) {
            return Err(import_error(format!("Frozen object named '{name}' is invalid")));
        }
        match embedded::frozen_code(frozen(name)?)? {
            Some(code) => Ok(code),
            None => Err(no_frozen(name)),
        }
    }

    /// Initializes a frozen module.
    #[pyfunction]
    fn init_frozen(name: &str) -> PyResult<Option<Obj>> {
        let Some(found) = find_frozen(name) else { return Ok(None) };
        match embedded::frozen_code(found)? {
            Some(code) => super::super::frozen_module(name, found, &code).map(Some),
            None => Ok(None),
        }
    }

    /// Returns the list of available frozen modules.
    #[pyfunction]
    fn _frozen_module_names() -> Vec<&'static str> {
        embedded::FROZEN.iter().map(|f| f.name).collect()
    }

    #[pyfunction]
    fn _override_frozen_modules_for_tests(_override: i64) {
        WITHOUT_FROZEN.store(_override < 0, Ordering::Relaxed);
    }

    #[pyfunction]
    fn _override_multi_interp_extensions_check(_override: i64) -> i64 {
        0
    }

    #[pyfunction]
    fn _fix_co_filename(_code: &Obj, _path: &Obj) {}

    #[pyfunction]
    fn source_hash(key: i64, source: &Obj) -> PyResult<Obj> {
        let Some(bytes) = taipan_objects::bytes::bytes_value(source) else {
            return Err(type_error(format!(
                "a bytes-like object is required, not '{}'",
                class_of(source).name()
            )));
        };
        Ok(bytes_obj(&siphash13(key as u64, 0, bytes).to_le_bytes()))
    }

    // The embedded library, for `_embedded`.

    /// The path inside of the embedded library, or None.
    #[pyfunction]
    fn embedded_relative(path: &Obj) -> Option<String> {
        embedded::relative(&plain_text(path)?).map(str::to_owned)
    }

    /// Whether the embedded library has a folder.
    #[pyfunction]
    fn is_embedded_folder(relative: &str) -> bool {
        taipan_library::has_folder(relative)
    }

    /// (path in the library, path in the folder, whether it is a package) of a module, or None.
    #[pyfunction]
    fn find_embedded(folder: &str, name: &Obj) -> Option<Obj> {
        let found = taipan_library::find(folder, &plain_text(name)?)?;
        let inside = if folder.is_empty() { found.path.as_str() } else { &found.path[folder.len() + 1..] };
        Some(tuple_obj(vec![str_obj(&found.path), str_obj(inside), bool_obj(found.is_package)]))
    }

    /// (name, whether it is a package) of each module in a folder.
    #[pyfunction]
    fn list_embedded(folder: &str) -> Vec<(String, bool)> {
        let entries = taipan_library::entries(folder).into_iter();
        let modules = entries.filter_map(|(name, is_folder)| match name.strip_suffix(".py") {
            Some("__init__") => None,
            Some(module) => Some((module.to_owned(), false)),
            None => {
                let is_package = is_folder && taipan_library::find(folder, name).is_some();
                is_package.then(|| (name.to_owned(), true))
            }
        });
        modules.collect()
    }

    /// (name, whether it is a folder) of all that is in a folder.
    #[pyfunction]
    fn embedded_entries(folder: &str) -> Vec<(String, bool)> {
        let entries = taipan_library::entries(folder).into_iter();
        entries.map(|(name, is_folder)| (name.to_owned(), is_folder)).collect()
    }

    /// The code of a file of the embedded library.
    #[pyfunction]
    fn get_embedded_code(relative: &str, filename: &str) -> PyResult<Obj> {
        match embedded::code(relative, filename)? {
            Some(code) => Ok(code),
            None => Err(import_error(format!("no file '{relative}' in the embedded library"))),
        }
    }

    /// The source text of a file of the embedded library.
    #[pyfunction]
    fn get_embedded_source(relative: &str) -> PyResult<Option<String>> {
        match embedded::content(relative) {
            Some(bytes) => super::super::source::decode(&bytes, relative, true).map(Some),
            None => Ok(None),
        }
    }

    /// The bytes of a file of the embedded library.
    #[pyfunction]
    fn get_embedded_data(relative: &str) -> Option<Obj> {
        embedded::content(relative).map(|bytes| bytes_obj(&bytes))
    }
}

fn identity() -> u64 {
    taipan_threading::current().map_or(0, |t| t.pthread_id() as u64)
}

/// Tests want the library's files in place of frozen modules.
static WITHOUT_FROZEN: AtomicBool = AtomicBool::new(false);

/// No module of the library has a name with a surrogate in it.
fn named(name: &PyStr) -> Option<&'static embedded::Frozen> {
    let found = find_frozen(&name.to_string_lossy())?;
    let is_essential = found.name.starts_with("_frozen_importlib") || found.name == "zipimport";
    (is_essential || !WITHOUT_FROZEN.load(Ordering::Relaxed)).then_some(found)
}

fn frozen(name: &str) -> PyResult<&'static embedded::Frozen> {
    find_frozen(name).ok_or_else(|| no_frozen(name))
}

#[cold]
fn no_frozen(name: &str) -> Raised {
    let arguments = Args::with_keywords(&[], &[], &[]);
    let _ = arguments;
    let message = str_obj(&format!("No such frozen object named {name}"));
    match call_args(
        types().import_error.as_obj(),
        &Args::with_keywords(&[message], &[istr!("name").as_obj().clone()], &[str_obj(name)]),
    ) {
        Ok(exception) => raise(exception),
        Err(raised) => raised,
    }
}

/// SipHash-1-3, as CPython hashes sources.
fn siphash13(k0: u64, k1: u64, data: &[u8]) -> u64 {
    let mut v = [
        k0 ^ 0x736f_6d65_7073_6575,
        k1 ^ 0x646f_7261_6e64_6f6d,
        k0 ^ 0x6c79_6765_6e65_7261,
        k1 ^ 0x7465_6462_7974_6573,
    ];
    let round = |v: &mut [u64; 4]| {
        v[0] = v[0].wrapping_add(v[1]);
        v[1] = v[1].rotate_left(13) ^ v[0];
        v[0] = v[0].rotate_left(32);
        v[2] = v[2].wrapping_add(v[3]);
        v[3] = v[3].rotate_left(16) ^ v[2];
        v[0] = v[0].wrapping_add(v[3]);
        v[3] = v[3].rotate_left(21) ^ v[0];
        v[2] = v[2].wrapping_add(v[1]);
        v[1] = v[1].rotate_left(17) ^ v[2];
        v[2] = v[2].rotate_left(32);
    };
    let chunks = data.chunks_exact(8);
    let tail = chunks.remainder();
    for chunk in chunks {
        let mut word = [0; 8];
        word.copy_from_slice(chunk);
        let word = u64::from_le_bytes(word);
        v[3] ^= word;
        round(&mut v);
        v[0] ^= word;
    }
    let mut last = [0; 8];
    last[..tail.len()].copy_from_slice(tail);
    last[7] = data.len() as u8;
    let word = u64::from_le_bytes(last);
    v[3] ^= word;
    round(&mut v);
    v[0] ^= word;
    v[2] ^= 0xff;
    for _ in 0..3 {
        round(&mut v);
    }
    v[0] ^ v[1] ^ v[2] ^ v[3]
}
