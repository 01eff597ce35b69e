//! What the command line and the environment decided, fixed before the interpreter starts.

use std::ffi::OsString;
use std::sync::OnceLock;

/// The interpreter's settings; `sys.flags` and others show them.
#[derive(Clone, Debug)]
pub struct Settings {
    pub debug: i64,
    pub inspect: i64,
    pub interactive: i64,
    pub optimize: i64,
    pub dont_write_bytecode: bool,
    pub no_user_site: bool,
    pub no_site: bool,
    pub ignore_environment: bool,
    pub verbose: i64,
    pub bytes_warning: i64,
    pub quiet: i64,
    pub hash_randomization: bool,
    pub isolated: bool,
    pub dev_mode: bool,
    pub utf8_mode: i64,
    /// The charset of the locale that the program has set, as the C library names it; `None`: it has set none, and text is UTF-8.
    pub charset: Option<String>,
    /// Tell how long imports take: 1, or 2 to tell of modules that are found loaded, too.
    pub import_time: u8,
    /// Trace allocations from the beginning, with so many frames; 0: do not.
    pub tracemalloc: usize,
    pub warn_default_encoding: bool,
    pub safe_path: bool,
    pub int_max_str_digits: i64,
    pub unbuffered: bool,
    /// `PYTHONHASHSEED`, if fixed.
    pub hash_seed: Option<u32>,
    /// `PYTHONPATH`.
    pub python_path: Vec<OsString>,
    /// `--stdlib` or `TAIPAN_HOME`.
    pub library: Option<String>,
    /// `sys.argv`.
    pub argv: Vec<OsString>,
    pub orig_argv: Vec<OsString>,
    /// First entry of `sys.path`, if there is one.
    pub path0: Option<OsString>,
    pub warn_options: Vec<String>,
    /// `-X name=value`.
    pub x_options: Vec<(String, Option<String>)>,
    pub executable: String,
    /// `PYTHONIOENCODING`.
    pub io_encoding: Option<String>,
    pub pycache_prefix: Option<String>,
    /// `-X no_debug_ranges`.
    pub no_debug_ranges: bool,
    /// `-X perf` or `-X perf_jit`.
    pub perf: Option<crate::perf::Backend>,
    /// `-X override=error`: a method marked as overriding one must.
    pub check_overrides: bool,
    /// `-X gil`: changes nothing but the flag.
    pub gil: Option<i64>,
    /// `-X cpu_count`: what to say in place of the number of processors.
    pub cpu_count: Option<i64>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            debug: 0,
            inspect: 0,
            interactive: 0,
            optimize: 0,
            dont_write_bytecode: false,
            no_user_site: false,
            no_site: false,
            ignore_environment: false,
            verbose: 0,
            bytes_warning: 0,
            quiet: 0,
            hash_randomization: true,
            isolated: false,
            dev_mode: false,
            utf8_mode: 0,
            charset: None,
            import_time: 0,
            tracemalloc: 0,
            warn_default_encoding: false,
            safe_path: false,
            int_max_str_digits: 4300,
            unbuffered: false,
            hash_seed: None,
            python_path: Vec::new(),
            library: None,
            argv: vec![OsString::new()],
            orig_argv: Vec::new(),
            path0: None,
            warn_options: Vec::new(),
            x_options: Vec::new(),
            executable: String::new(),
            io_encoding: None,
            pycache_prefix: None,
            no_debug_ranges: false,
            perf: None,
            check_overrides: false,
            gil: None,
            cpu_count: None,
        }
    }
}

static SETTINGS: OnceLock<Settings> = OnceLock::new();

/// Fixes the settings; the first call wins.
pub fn install(settings: Settings) {
    let _ = SETTINGS.set(settings);
}

/// The settings.
pub fn settings() -> &'static Settings {
    SETTINGS.get_or_init(Settings::default)
}

/// `-O` as the compiler takes it.
pub fn optimize() -> u8 {
    settings().optimize.clamp(0, 2) as u8
}

/// `-v`.
pub fn verbose() -> i64 {
    settings().verbose
}
