//! `open`, and the standard streams.

use taipan_objects::prelude::*;
use taipan_objects::{bytes::PyBytes, int, istr};

use super::base::both;
use super::buffered::{self, Kind};
use super::raw::file_of;
use super::text::{self, Settings};
use super::{DEFAULT_BUFFER_SIZE, classes};

/// What a mode string says.
#[derive(Default)]
struct Mode {
    creating: bool,
    reading: bool,
    writing: bool,
    appending: bool,
    updating: bool,
    text: bool,
    binary: bool,
}

impl Mode {
    fn parse(mode: &str) -> PyResult<Mode> {
        let mut parsed = Mode::default();
        for c in mode.chars() {
            let flag = match c {
                'x' => &mut parsed.creating,
                'r' => &mut parsed.reading,
                'w' => &mut parsed.writing,
                'a' => &mut parsed.appending,
                '+' => &mut parsed.updating,
                't' => &mut parsed.text,
                'b' => &mut parsed.binary,
                _ => return Err(value_error(format!("invalid mode: '{mode}'"))),
            };
            if std::mem::replace(flag, true) {
                return Err(value_error(format!("invalid mode: '{mode}'")));
            }
        }
        if parsed.text && parsed.binary {
            return Err(value_error("can't have text and binary mode at once"));
        }
        let ways = [parsed.creating, parsed.reading, parsed.writing, parsed.appending];
        if ways.into_iter().filter(|way| *way).count() > 1 {
            return Err(value_error("must have exactly one of create/read/write/append mode"));
        }
        Ok(parsed)
    }
    fn raw(&self) -> String {
        let letters = [
            (self.creating, 'x'),
            (self.reading, 'r'),
            (self.writing, 'w'),
            (self.appending, 'a'),
            (self.updating, '+'),
        ];
        letters.into_iter().filter(|(on, _)| *on).map(|(_, letter)| letter).collect()
    }
}

/// `open(...)`.
#[allow(clippy::too_many_arguments)]
pub fn open_file(
    file: &Obj,
    mode: &str,
    buffering: i32,
    encoding: Option<&str>,
    errors: Option<&str>,
    newline: Option<&str>,
    closefd: bool,
    opener: Option<&Obj>,
) -> PyResult<Obj> {
    let is_descriptor = int::int_ref(file).is_some() || has_index(file);
    let file = if is_descriptor { file.clone() } else { crate::file_path::fspath(file)? };
    if !is_descriptor && !file.is_layout::<PyStr>() && !file.is_layout::<PyBytes>() {
        return Err(type_error(format!("invalid file: {}", repr_string(&file)?)));
    }
    let parsed = Mode::parse(mode)?;
    if parsed.binary {
        for (given, what) in [(encoding, "an encoding"), (errors, "an errors"), (newline, "a newline")] {
            if given.is_some() {
                return Err(value_error(format!("binary mode doesn't take {what} argument")));
            }
        }
        if buffering == 1 {
            let text = "line buffering (buffering=1) isn't supported in binary mode, the default buffer size will be used";
            taipan_objects::hooks::warn(text, types().runtime_warning.as_obj(), 1)?;
        }
    }
    let opener = opener.cloned().unwrap_or_else(none);
    let arguments = [file, str_obj(&parsed.raw()), bool_obj(closefd), opener];
    let raw = call(classes().file_io.as_obj(), &arguments)?;
    let mut result = raw.clone();
    match wrap(&raw, &parsed, mode, buffering, encoding, errors, newline, &mut result) {
        Ok(()) => Ok(result),
        // The outermost object closes what is below.
        Err(raised) => both(Err(raised), || call_method_str(&result, "close", &[]).map(drop)),
    }
}

/// Puts buffer and text layer over `raw`; `result` is the outermost object so far.
#[allow(clippy::too_many_arguments)]
fn wrap(
    raw: &Obj,
    parsed: &Mode,
    mode: &str,
    buffering: i32,
    encoding: Option<&str>,
    errors: Option<&str>,
    newline: Option<&str>,
    result: &mut Obj,
) -> PyResult<()> {
    let Some(file) = file_of(raw) else { return Err(system_error("FileIO() gave something else")) };
    // Terminals are line-buffered; unless that is asked for or excluded, look whether this is one.
    let terminal = buffering < 0 && file.is_terminal_at_open();
    let line_buffering = (buffering == 1 && !parsed.binary) || terminal;
    let size = match buffering {
        0 => {
            if !parsed.binary {
                return Err(value_error("can't have unbuffered text I/O"));
            }
            return Ok(());
        }
        2.. => buffering as usize,
        _ => file.block_size().max(DEFAULT_BUFFER_SIZE),
    };
    let kind = if parsed.updating {
        Kind::Random
    } else if parsed.creating || parsed.writing || parsed.appending {
        Kind::Writer
    } else if parsed.reading {
        Kind::Reader
    } else {
        return Err(value_error(format!("unknown mode: '{mode}'")));
    };
    *result = buffered::create(kind, raw, size)?;
    if parsed.binary {
        return Ok(());
    }
    let settings = Settings { encoding, errors, newline, line_buffering, write_through: false };
    let stream = text::create(&result.clone(), &settings)?;
    *result = stream.clone();
    setattr(&stream, &istr!("mode"), &str_obj(mode))
}

/// `sys.stdin`, `sys.stdout` or `sys.stderr`: a text stream over a descriptor, or `None` if that is not open.
/// `buffered` is false with `-u`.
pub fn standard_stream(fd: i32, encoding: &str, errors: &str, buffered: bool) -> PyResult<Obj> {
    if crate::sys_calls::fcntl(fd, libc::F_GETFD, 0).is_err() {
        return Ok(none());
    }
    let writing = fd != 0;
    let mode = if writing { "wb" } else { "rb" };
    let buffering = if !buffered && writing { 0 } else { -1 };
    let binary = match open_file(&int_obj(fd.into()), mode, buffering, None, None, None, false, None) {
        Ok(binary) => binary,
        Err(Raised) => {
            // A directory, for instance, is no standard stream.
            drop(catch(&types().os_error)?);
            return Ok(none());
        }
    };
    let raw = if file_of(&binary).is_some() { binary.clone() } else { getattr_str(&binary, "raw")? };
    let name = ["<stdin>", "<stdout>", "<stderr>"][fd.clamp(0, 2) as usize];
    setattr(&raw, &istr!("name"), &str_obj(name))?;
    let terminal = crate::sys_calls::isatty(fd);
    let settings = Settings {
        encoding: Some(encoding),
        errors: Some(errors),
        newline: Some("\n"),
        line_buffering: buffered && (terminal || fd == 2),
        write_through: !buffered,
    };
    let settings = if writing { settings } else { Settings { newline: None, ..settings } };
    let stream = text::create(&binary, &settings)?;
    setattr(&stream, &istr!("mode"), &str_obj(if writing { "w" } else { "r" }))?;
    Ok(stream)
}
