//! Constants of `sys`: versions, limits, platform, and what the command line gave.

use std::sync::OnceLock;

use taipan_objects::dict::PyDict;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::set::PySet;
use taipan_objects::structseq::{self, StructSeqDef};

use super::config::settings;

/// The Python version that Taipan implements.
pub const VERSION: (i64, i64, i64) = (3, 14, 0);
/// `sys.hexversion`.
pub const HEXVERSION: i64 = (VERSION.0 << 24) | (VERSION.1 << 16) | (VERSION.2 << 8) | 0xF0;

/// The text behind `sys.version`.
pub fn version_text() -> String {
    let (major, minor, micro) = VERSION;
    format!("{major}.{minor}.{micro} (taipan {}) [Rust]", env!("CARGO_PKG_VERSION"))
}

/// Name and version of the C library's threads, where it tells.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn thread_library() -> Option<String> {
    let mut text = [0_u8; 128];
    // SAFETY: a buffer with its length, of which no more is written.
    let length =
        unsafe { libc::confstr(libc::_CS_GNU_LIBPTHREAD_VERSION, text.as_mut_ptr().cast(), text.len()) };
    // The length includes the NUL at the end, and is that of the whole text, whether it fits or not.
    let text = text.get(..length.checked_sub(1)?)?;
    std::str::from_utf8(text).ok().map(str::to_owned)
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn thread_library() -> Option<String> {
    None
}

macro_rules! sequence {
    ($static:ident, $name:literal, $doc:literal, $visible:expr, [$($field:literal),* $(,)?]) => {
        static $static: StructSeqDef =
            StructSeqDef { name: $name, doc: $doc, fields: &[$(($field, "")),*], visible: $visible };
    };
}

sequence!(
    FLAGS,
    "sys.flags",
    "sys.flags\n\nFlags provided through command line arguments or environment vars.",
    18,
    [
        "debug",
        "inspect",
        "interactive",
        "optimize",
        "dont_write_bytecode",
        "no_user_site",
        "no_site",
        "ignore_environment",
        "verbose",
        "bytes_warning",
        "quiet",
        "hash_randomization",
        "isolated",
        "dev_mode",
        "utf8_mode",
        "warn_default_encoding",
        "safe_path",
        "int_max_str_digits",
        "gil",
        "thread_inherit_context",
        "context_aware_warnings",
    ]
);
sequence!(
    VERSION_INFO,
    "sys.version_info",
    "sys.version_info\n\nVersion information as a named tuple.",
    5,
    ["major", "minor", "micro", "releaselevel", "serial",]
);
sequence!(
    HASH_INFO,
    "sys.hash_info",
    "hash_info\n\nA named tuple providing parameters used for computing hashes.",
    9,
    ["width", "modulus", "inf", "nan", "imag", "algorithm", "hash_bits", "seed_bits", "cutoff",]
);
sequence!(
    INT_INFO,
    "sys.int_info",
    "sys.int_info\n\nA named tuple that holds information about Python's\ninternal representation of integers.",
    4,
    ["bits_per_digit", "sizeof_digit", "default_max_str_digits", "str_digits_check_threshold",]
);
sequence!(
    FLOAT_INFO,
    "sys.float_info",
    "sys.float_info\n\nA named tuple holding information about the float type.",
    11,
    [
        "max",
        "max_exp",
        "max_10_exp",
        "min",
        "min_exp",
        "min_10_exp",
        "dig",
        "mant_dig",
        "epsilon",
        "radix",
        "rounds",
    ]
);
sequence!(
    THREAD_INFO,
    "sys.thread_info",
    "sys.thread_info\n\nA named tuple holding information about the thread implementation.",
    3,
    ["name", "lock", "version",]
);
sequence!(
    ASYNCGEN_HOOKS,
    "sys.asyncgen_hooks",
    "asyncgen_hooks\n\nThe hooks of asynchronous generators.",
    2,
    ["firstiter", "finalizer"]
);
sequence!(
    UNRAISABLE,
    "sys.UnraisableHookArgs",
    "UnraisableHookArgs\n\nType used to pass arguments to sys.unraisablehook.",
    5,
    ["exc_type", "exc_value", "exc_traceback", "err_msg", "object",]
);

fn instance(class: &'static OnceLock<Py<PyType>>, def: &'static StructSeqDef, values: Vec<Obj>) -> Obj {
    structseq::new(class.get_or_init(|| structseq::make_class(def)), values)
}

/// As [`instance`], of a class that describes this process and has no other instances.
fn only_instance(class: &'static OnceLock<Py<PyType>>, def: &'static StructSeqDef, values: Vec<Obj>) -> Obj {
    structseq::new(class.get_or_init(|| structseq::make_class_without_new(def)), values)
}

/// `sys.asyncgen_hooks`.
pub fn asyncgen_hooks(firstiter: Obj, finalizer: Obj) -> Obj {
    static CLASS: OnceLock<Py<PyType>> = OnceLock::new();
    instance(&CLASS, &ASYNCGEN_HOOKS, vec![firstiter, finalizer])
}

/// The argument of `sys.unraisablehook`.
pub fn unraisable_args(values: Vec<Obj>) -> Obj {
    static CLASS: OnceLock<Py<PyType>> = OnceLock::new();
    instance(&CLASS, &UNRAISABLE, values)
}

fn version_info() -> Obj {
    static VALUE: OnceLock<Obj> = OnceLock::new();
    static CLASS: OnceLock<Py<PyType>> = OnceLock::new();
    VALUE
        .get_or_init(|| {
            let (major, minor, micro) = VERSION;
            only_instance(
                &CLASS,
                &VERSION_INFO,
                vec![int_obj(major), int_obj(minor), int_obj(micro), str_obj("final"), int_obj(0)],
            )
        })
        .clone()
}

/// Words of the command line, or paths; what is no UTF-8 in them is escaped.
fn words(words: &[std::ffi::OsString]) -> Obj {
    list_obj(words.iter().map(crate::run::path_obj).collect())
}

fn strings(texts: &[String]) -> Obj {
    list_obj(texts.iter().map(|t| path_text(t)).collect())
}

/// Text from the operating system.
fn path_text(text: &str) -> Obj {
    str_obj(text)
}

fn flags() -> Obj {
    static CLASS: OnceLock<Py<PyType>> = OnceLock::new();
    let s = settings();
    let flag = |on: bool| int_obj(i64::from(on));
    only_instance(
        &CLASS,
        &FLAGS,
        vec![
            int_obj(s.debug),
            int_obj(s.inspect),
            int_obj(s.interactive),
            int_obj(s.optimize),
            flag(s.dont_write_bytecode),
            flag(s.no_user_site),
            flag(s.no_site),
            flag(s.ignore_environment),
            int_obj(s.verbose),
            int_obj(s.bytes_warning),
            int_obj(s.quiet),
            flag(s.hash_randomization),
            flag(s.isolated),
            bool_obj(s.dev_mode),
            int_obj(s.utf8_mode),
            flag(s.warn_default_encoding),
            bool_obj(s.safe_path),
            int_obj(s.int_max_str_digits),
            s.gil.map_or_else(none, int_obj),
            int_obj(1),
            int_obj(1),
        ],
    )
}

/// The modules of the standard library, native or not, on any platform.
const STDLIB_MODULE_NAMES: &str = include_str!("stdlib_module_names.txt");

#[pymodule(name = "sys")]
mod items {
    use super::*;

    #[pyattr]
    const maxsize: i64 = i64::MAX;
    #[pyattr]
    const maxunicode: i64 = 0x10_FFFF;
    #[pyattr]
    const byteorder: &str = if cfg!(target_endian = "little") { "little" } else { "big" };
    #[pyattr]
    const platform: &str = if cfg!(target_os = "linux") {
        "linux"
    } else if cfg!(target_os = "macos") {
        "darwin"
    } else {
        "unknown"
    };
    #[pyattr]
    const hexversion: i64 = HEXVERSION;
    #[pyattr]
    const api_version: i64 = 1013;
    #[pyattr]
    const copyright: &str = "Copyright (c) the Taipan developers.\n\nThe library is Copyright (c) 2001 Python Software Foundation.\nAll Rights Reserved.";
    #[pyattr]
    const float_repr_style: &str = "short";
    #[pyattr]
    const platlibdir: &str = "lib";
    #[pyattr]
    const _framework: &str = "";
    #[pyattr]
    const abiflags: &str = "t";

    #[pyinit]
    fn init(module: &PyModuleBuilder<'_>) -> PyResult<()> {
        let s = settings();
        module.add("version", version_text())?;
        module.add("version_info", version_info())?;
        module.add("flags", flags())?;
        let (big, max_10, min_10) = (f64::MAX, i64::from(f64::MAX_10_EXP), i64::from(f64::MIN_10_EXP));
        static FLOAT: OnceLock<Py<PyType>> = OnceLock::new();
        let float_info = instance(
            &FLOAT,
            &FLOAT_INFO,
            vec![
                float_obj(big),
                int_obj(1024),
                int_obj(max_10),
                float_obj(f64::MIN_POSITIVE),
                int_obj(-1021),
                int_obj(min_10),
                int_obj(15),
                int_obj(53),
                float_obj(f64::EPSILON),
                int_obj(2),
                int_obj(1),
            ],
        );
        module.add("float_info", float_info)?;
        static INT: OnceLock<Py<PyType>> = OnceLock::new();
        module.add(
            "int_info",
            instance(&INT, &INT_INFO, vec![int_obj(30), int_obj(4), int_obj(4300), int_obj(640)]),
        )?;
        static HASH: OnceLock<Py<PyType>> = OnceLock::new();
        let hash_info = instance(
            &HASH,
            &HASH_INFO,
            vec![
                int_obj(64),
                int_obj((1 << 61) - 1),
                int_obj(314_159),
                int_obj(0),
                int_obj(1_000_003),
                str_obj("siphash13"),
                int_obj(64),
                int_obj(128),
                int_obj(0),
            ],
        );
        module.add("hash_info", hash_info)?;
        static THREAD: OnceLock<Py<PyType>> = OnceLock::new();
        let library = thread_library().map_or_else(none, |text| str_obj(&text));
        let thread_info =
            instance(&THREAD, &THREAD_INFO, vec![str_obj("pthread"), str_obj("semaphore"), library]);
        module.add("thread_info", thread_info)?;
        module.add("implementation", implementation()?)?;
        let native = crate::import::native_names();
        module
            .add("builtin_module_names", tuple_obj(native.iter().map(|n| intern(n).into_obj()).collect()))?;
        module.add(
            "stdlib_module_names",
            PySet::frozen(STDLIB_MODULE_NAMES.split_whitespace().map(|n| intern(n).into_obj()).collect()),
        )?;
        module.add("_git", ("taipan", "", ""))?;
        module.add("argv", words(&s.argv))?;
        module.add("orig_argv", words(&s.orig_argv))?;
        module.add("warnoptions", strings(&s.warn_options))?;
        let options = PyDict::new();
        for (name, value) in &s.x_options {
            options.set_str(name, value.as_deref().map_or_else(|| bool_obj(true), str_obj));
        }
        module.add("_xoptions", options)?;
        module.add("executable", s.executable.as_str())?;
        let places = crate::sys::places::Places::of(&s.executable);
        module.add("_base_executable", places.base_executable.as_str())?;
        for name in ["prefix", "exec_prefix"] {
            module.add(name, places.prefix.as_str())?;
        }
        for name in ["base_prefix", "base_exec_prefix"] {
            module.add(name, places.base_prefix.as_str())?;
        }
        module.add("_stdlib_dir", crate::import::embedded::folder())?;
        module.add("_home", places.home.as_deref().map_or_else(none, str_obj))?;
        module.add("pycache_prefix", s.pycache_prefix.as_deref().map_or_else(none, str_obj))?;
        module.add("dont_write_bytecode", s.dont_write_bytecode)?;
        // The program's folder comes in front once `site` is done.
        let mut path = s.python_path.clone();
        path.push(crate::import::embedded::folder().into());
        module.add("path", words(&path))?;
        module.add("meta_path", list_obj(vec![]))?;
        module.add("path_hooks", list_obj(vec![]))?;
        module.add("path_importer_cache", dict_obj())
    }
}

fn implementation() -> PyResult<Obj> {
    taipan_objects::simple_namespace::new([
        ("name", str_obj("taipan")),
        ("cache_tag", str_obj("taipan-314")),
        ("version", version_info()),
        ("hexversion", int_obj(HEXVERSION)),
        (
            "_multiarch",
            str_obj(if cfg!(target_arch = "aarch64") { "aarch64-linux-gnu" } else { "x86_64-linux-gnu" }),
        ),
        ("supports_isolated_interpreters", bool_obj(false)),
    ])
}
