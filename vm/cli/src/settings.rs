//! Options and environment variables together: the interpreter's settings.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use taipan_vm::perf::Backend;
use taipan_vm::sys::config::Settings;

use crate::locale;
use crate::options::{Options, Program};

fn text(value: &OsString) -> String {
    value.to_string_lossy().into_owned()
}

/// A variable of the environment, unless that is ignored or the variable is empty.
pub fn variable(options: &Options, name: &str) -> Option<String> {
    if options.ignore_environment {
        return None;
    }
    std::env::var_os(name).map(|value| text(&value)).filter(|value| !value.is_empty())
}

/// The level that a flag's variable sets: a number, or 1 for any other text.
fn level(options: &Options, name: &str) -> i64 {
    variable(options, name).map_or(0, |value| value.parse().map_or(1, |n: i64| n.max(0)))
}

fn is_set(options: &Options, name: &str) -> bool {
    variable(options, name).is_some()
}

/// Whether stacks are shown before a fatal signal ends the process: `-X faulthandler`, `-X dev`, `PYTHONFAULTHANDLER`.
pub fn shows_faults(options: &Options) -> bool {
    let asked = |name| options.xoptions.iter().any(|option| option.split('=').next() == Some(name));
    asked("faulthandler")
        || asked("dev")
        || is_set(options, "PYTHONFAULTHANDLER")
        || is_set(options, "PYTHONDEVMODE")
}

/// Where the running program is.
fn executable(arguments: &[OsString]) -> String {
    let named = arguments.first().map(PathBuf::from);
    if let Some(path) = named {
        if path.components().count() > 1 || path.is_absolute() {
            return std::path::absolute(&path).unwrap_or(path).to_string_lossy().into_owned();
        }
        let found = std::env::var_os("PATH").and_then(|folders| {
            std::env::split_paths(&folders).map(|folder| folder.join(&path)).find(|file| file.is_file())
        });
        if let Some(found) = found {
            return found.to_string_lossy().into_owned();
        }
    }
    std::env::current_exe().map_or_else(|_| String::new(), |p| p.to_string_lossy().into_owned())
}

/// First entry of `sys.path`.
fn path0(options: &Options) -> Option<OsString> {
    if options.safe_path {
        return None;
    }
    Some(match options.program.as_ref()? {
        Program::Command(_) | Program::Stdin => OsString::new(),
        Program::Module(_) => std::env::current_dir().unwrap_or_default().into_os_string(),
        Program::Script(path) => {
            let path = Path::new(path);
            if taipan_vm::run::is_container(path) {
                return None;
            }
            let real = std::fs::canonicalize(path)
                .or_else(|_| std::path::absolute(path))
                .unwrap_or_else(|_| path.to_path_buf());
            real.parent().map_or_else(OsString::new, |folder| folder.as_os_str().to_owned())
        }
    })
}

/// What of imports is told.
fn import_time(what: &str, value: &str) -> Result<u8, String> {
    match value.parse::<i64>() {
        Ok(2) => Ok(2),
        Ok(1) | Err(_) => Ok(1),
        Ok(_) => {
            Err(format!("config_init_import_time: {what} other than 1 and 2 are reserved for future use."))
        }
    }
}

/// How many frames of allocations are to be traced; 0, or nothing behind the `=`: none.
fn traced_frames(what: &str, value: &str) -> Result<usize, String> {
    if value.is_empty() {
        return Ok(0);
    }
    let number = value.parse().ok().filter(|number| *number <= taipan_vm::tracemalloc::MAX_FRAMES);
    number.ok_or_else(|| format!("{what}: invalid number of frames"))
}

/// The settings for a command line.
pub fn from(options: &Options, arguments: &[OsString], c_locale: bool) -> Result<Settings, String> {
    let x_options: Vec<(String, Option<String>)> = options
        .xoptions
        .iter()
        .map(|option| match option.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (option.clone(), None),
        })
        .collect();
    let x = |name: &str| {
        x_options.iter().rev().find(|(n, _)| n == name).map(|(_, value)| value.as_deref().unwrap_or("1"))
    };
    // The option has the last word; `=0` switches off.
    let on = |name: &str, environment: &str| match x(name) {
        Some(value) => value != "0",
        None => variable(options, environment).is_some_and(|value| value != "0" && !value.is_empty()),
    };
    let import_time = match (x("importtime"), variable(options, "PYTHONPROFILEIMPORTTIME")) {
        (Some(value), _) => import_time("-X importtime: values", value)?,
        (None, Some(value)) => import_time("PYTHONPROFILEIMPORTTIME: numeric values", &value)?,
        (None, None) => 0,
    };
    let tracemalloc = match (x("tracemalloc"), variable(options, "PYTHONTRACEMALLOC")) {
        (Some(value), _) => traced_frames("-X tracemalloc=NFRAME", value)?,
        (None, Some(value)) => traced_frames("PYTHONTRACEMALLOC", &value)?,
        (None, None) => 0,
    };
    let check_overrides = match x("override") {
        None => false,
        Some("error") => true,
        Some(_) => return Err("-X override: the only mode is 'error'".to_owned()),
    };
    let utf8_mode = match (x("utf8"), variable(options, "PYTHONUTF8").as_deref()) {
        (Some("0"), _) | (None, Some("0")) => 0,
        (Some("1"), _) | (None, Some("1")) => 1,
        (Some(_), _) => return Err("preconfig_init_utf8_mode: invalid -X utf8 option value".to_owned()),
        (None, Some(_)) => {
            return Err("preconfig_init_utf8_mode: invalid PYTHONUTF8 environment variable value".to_owned());
        }
        (None, None) => i64::from(c_locale),
    };
    let dev_mode = x("dev").is_some() || is_set(options, "PYTHONDEVMODE");
    let mut warn_options = Vec::new();
    if dev_mode {
        warn_options.push("default".to_owned());
    }
    if let Some(list) = variable(options, "PYTHONWARNINGS") {
        warn_options.extend(list.split(',').map(str::to_owned));
    }
    warn_options.extend(options.warnings.iter().cloned());
    match options.bytes_warning {
        0 => {}
        1 => warn_options.push("default::BytesWarning".to_owned()),
        _ => warn_options.push("error::BytesWarning".to_owned()),
    }
    let hash_seed = match variable(options, "PYTHONHASHSEED").filter(|seed| seed != "random") {
        _ if options.random_hashes => None,
        None => None,
        Some(seed) => Some(seed.parse::<u32>().map_err(|_| {
            "config_init_hash_seed: PYTHONHASHSEED must be \"random\" or an integer in range [0; 4294967295]"
        })?),
    };
    // A word without a value is no number.
    let digits = match x_options.iter().rev().find(|(name, _)| name == "int_max_str_digits") {
        Some((_, value)) => Some(("-X int_max_str_digits", value.clone().unwrap_or_default())),
        None => variable(options, "PYTHONINTMAXSTRDIGITS").map(|value| ("PYTHONINTMAXSTRDIGITS", value)),
    };
    let int_max_str_digits = match digits {
        None => 4300,
        Some((_, text))
            if text.parse().is_ok_and(|n: i64| n == 0 || (640..=i64::from(i32::MAX)).contains(&n)) =>
        {
            text.parse().unwrap_or(4300)
        }
        Some((origin, _)) => {
            return Err(format!(
                "config_init_int_max_str_digits: {origin}: invalid limit; must be >= 640 or 0 for unlimited."
            ));
        }
    };
    let last = |name: &str| x_options.iter().rev().find(|(n, _)| n == name).map(|(_, value)| value.clone());
    // There is no other bytecode than the one that all threads share.
    match (last("tlbc"), variable(options, "PYTHON_TLBC")) {
        (Some(value), _) if !matches!(value.as_deref(), Some("0" | "1")) => {
            return Err("config_init_tlbc: -X tlbc=n: n is missing or invalid".to_owned());
        }
        (None, Some(value)) if !matches!(value.as_str(), "0" | "1") => {
            return Err("config_init_tlbc: PYTHON_TLBC=N: N is missing or invalid".to_owned());
        }
        _ => {}
    }
    let gil = match last("gil").map(Option::unwrap_or_default).or_else(|| variable(options, "PYTHON_GIL")) {
        None => None,
        Some(value) => match value.parse() {
            Ok(number @ (0 | 1)) => Some(number),
            _ => return Err("config_read_gil: PYTHON_GIL / -X gil must be \"0\" or \"1\"".to_owned()),
        },
    };
    let counted = last("cpu_count").map(Option::unwrap_or_default);
    let cpu_count = match counted.or_else(|| variable(options, "PYTHON_CPU_COUNT")).as_deref() {
        None | Some("default") => None,
        Some(value) => match value.parse() {
            Ok(number @ 1..) => Some(number),
            _ => {
                let text = "config_init_cpu_count: -X cpu_count=n option: n is missing or an invalid number, n must be greater than 0";
                return Err(text.to_owned());
            }
        },
    };
    let python_path = std::env::var_os("PYTHONPATH")
        .filter(|folders| !options.ignore_environment && !folders.is_empty())
        .map(|folders| {
            std::env::split_paths(&folders)
                .map(|folder| std::path::absolute(&folder).unwrap_or(folder).into_os_string())
                .collect()
        })
        .unwrap_or_default();
    let library = options.stdlib.as_ref().map(text).or_else(|| variable(options, "TAIPAN_HOME"));
    Ok(Settings {
        debug: i64::from(options.debug).max(i64::from(is_set(options, "PYTHONDEBUG"))),
        inspect: i64::from(options.inspect || is_set(options, "PYTHONINSPECT")),
        interactive: i64::from(options.interactive),
        optimize: i64::from(options.optimize).max(level(options, "PYTHONOPTIMIZE")),
        dont_write_bytecode: options.dont_write_bytecode || is_set(options, "PYTHONDONTWRITEBYTECODE"),
        no_user_site: options.no_user_site || is_set(options, "PYTHONNOUSERSITE"),
        no_site: options.no_site,
        ignore_environment: options.ignore_environment,
        verbose: i64::from(options.verbose).max(level(options, "PYTHONVERBOSE")),
        bytes_warning: i64::from(options.bytes_warning),
        quiet: i64::from(options.quiet),
        hash_randomization: hash_seed != Some(0),
        isolated: options.isolated,
        dev_mode,
        import_time,
        tracemalloc,
        utf8_mode,
        charset: Some(locale::charset()),
        warn_default_encoding: x("warn_default_encoding").is_some()
            || is_set(options, "PYTHONWARNDEFAULTENCODING"),
        safe_path: options.safe_path || is_set(options, "PYTHONSAFEPATH"),
        int_max_str_digits,
        unbuffered: options.unbuffered || is_set(options, "PYTHONUNBUFFERED"),
        hash_seed,
        python_path,
        library,
        argv: options.argv.clone(),
        orig_argv: arguments.to_vec(),
        path0: if is_set(options, "PYTHONSAFEPATH") { None } else { path0(options) },
        warn_options,
        pycache_prefix: last("pycache_prefix")
            .map(Option::unwrap_or_default)
            .or_else(|| variable(options, "PYTHONPYCACHEPREFIX"))
            .filter(|prefix| !prefix.is_empty()),
        perf: if on("perf_jit", "PYTHON_PERF_JIT_SUPPORT") {
            Some(Backend::JitDump)
        } else if on("perf", "PYTHONPERFSUPPORT") {
            Some(Backend::Map)
        } else {
            None
        },
        check_overrides,
        no_debug_ranges: x("no_debug_ranges").is_some() || is_set(options, "PYTHONNODEBUGRANGES"),
        gil,
        cpu_count,
        x_options,
        executable: executable(arguments),
        io_encoding: variable(options, "PYTHONIOENCODING"),
    })
}
