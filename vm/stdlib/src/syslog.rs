//! `syslog`: messages to the system's log.
//!
//! The C library keeps the pointer to the name of the program: each one given is kept for ever, once.

use std::collections::HashSet;
use std::ffi::{CStr, CString};

use parking_lot::Mutex;
use taipan_objects::list::PyList;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_threading::detached;
use taipan_vm::sys::audit;

use crate::sys_calls;

macro_rules! numbers {
    ($($name:ident)*) => { &[$((stringify!($name), libc::$name as i64)),*] };
}

const NUMBERS: &[(&str, i64)] = numbers!(
    LOG_EMERG LOG_ALERT LOG_CRIT LOG_ERR LOG_WARNING LOG_NOTICE LOG_INFO LOG_DEBUG LOG_PID LOG_CONS LOG_NDELAY
    LOG_ODELAY LOG_NOWAIT LOG_PERROR LOG_KERN LOG_USER LOG_MAIL LOG_DAEMON LOG_AUTH LOG_LPR LOG_NEWS LOG_UUCP
    LOG_CRON LOG_SYSLOG LOG_AUTHPRIV LOG_FTP LOG_LOCAL0 LOG_LOCAL1 LOG_LOCAL2 LOG_LOCAL3 LOG_LOCAL4 LOG_LOCAL5
    LOG_LOCAL6 LOG_LOCAL7
);

/// Whether the log is open; names that were given to the C library.
struct Log {
    is_open: bool,
    names: Option<HashSet<&'static CStr>>,
}

static LOG: Mutex<Log> = Mutex::new(Log { is_open: false, names: None });

fn text(text: &str) -> PyResult<CString> {
    CString::new(text).map_err(|_| value_error("embedded null character"))
}

fn open(ident: Option<CString>, option: i32, facility: i32) {
    let mut log = LOG.lock();
    let names = log.names.get_or_insert_default();
    let ident = ident.map(|ident| match names.get(ident.as_c_str()) {
        Some(known) => *known,
        None => {
            let kept: &'static CStr = Box::leak(ident.into_boxed_c_str());
            names.insert(kept);
            kept
        }
    });
    sys_calls::openlog(ident, option, facility);
    log.is_open = true;
}

/// The name of the running script, without its folders.
fn script_name() -> PyResult<Option<CString>> {
    let Ok(argv) = taipan_objects::hooks::module_attribute("sys", "argv") else {
        drop(take_raised());
        return Ok(None);
    };
    // A program may have put anything there.
    let Some(first) = argv.downcast::<PyList>().and_then(|argv| argv.to_vec().into_iter().next()) else {
        return Ok(None);
    };
    let Some(bytes) = crate::file_path::name_bytes(&first)? else { return Ok(None) };
    let name = bytes.rsplit(|&b| b == b'/').next().unwrap_or_default();
    Ok(CString::new(name).ok().filter(|name| !name.is_empty()))
}

fn begin(name: Option<CString>, option: i32, facility: i32) -> PyResult<()> {
    let told = name.as_ref().map_or_else(none, |name| str_obj(&name.to_string_lossy()));
    audit("syslog.openlog", &[told, int_obj(option.into()), int_obj(facility.into())])?;
    open(name, option, facility);
    Ok(())
}

#[pymodule(name = "syslog", doc = "")]
mod items {
    use super::*;

    /// Set logging options of subsequent syslog() calls.
    #[pyfunction(sig = "(ident=<unrepresentable>, logoption=0, facility=LOG_USER)")]
    fn openlog(ident: Option<&Obj>, logoption: Option<i32>, facility: Option<i32>) -> PyResult<()> {
        let name = match ident {
            Some(ident) => match ident.downcast::<PyStr>() {
                Some(name) => Some(text(&name.to_utf8()?)?),
                None => {
                    let given = class_of(ident).name();
                    return Err(type_error(format!("openlog() argument 'ident' must be str, not {given}")));
                }
            },
            None => script_name()?,
        };
        let (option, facility) = (logoption.unwrap_or(0), facility.unwrap_or(libc::LOG_USER));
        begin(name, option, facility)
    }
    /// syslog([priority=LOG_INFO,] message)
    /// Send the string message to the system logger.
    #[pyfunction(sig = "(*args)", text = "")]
    fn syslog(args: &[Obj]) -> PyResult<()> {
        let (priority, message, position) = match args {
            [message] => (libc::LOG_INFO, message, 1),
            [priority, message] => (i32::from_arg(priority)?, message, 2),
            _ => return Err(type_error("syslog.syslog requires 1 to 2 arguments")),
        };
        let Some(message) = message.downcast::<PyStr>() else {
            let given = class_of(message).name();
            return Err(type_error(format!("syslog() argument {position} must be str, not {given}")));
        };
        audit("syslog.syslog", &[int_obj(priority.into()), Py::from_ref(message).into_obj()])?;
        let message = text(&message.to_utf8()?)?;
        if !LOG.lock().is_open {
            begin(script_name()?, 0, libc::LOG_USER)?;
        }
        detached(|| sys_calls::syslog(priority, &message));
        Ok(())
    }
    /// Reset the syslog module values and call the system library closelog().
    #[pyfunction]
    fn closelog() -> PyResult<()> {
        audit("syslog.closelog", &[])?;
        let mut log = LOG.lock();
        if log.is_open {
            sys_calls::closelog();
            log.is_open = false;
        }
        Ok(())
    }
    /// Set the priority mask to maskpri and return the previous mask value.
    #[pyfunction(sig = "(maskpri, /)")]
    fn setlogmask(maskpri: i32) -> PyResult<i32> {
        audit("syslog.setlogmask", &[int_obj(maskpri.into())])?;
        Ok(sys_calls::setlogmask(maskpri))
    }
    /// Calculates the mask for the individual priority pri.
    #[pyfunction(sig = "(pri, /)")]
    fn LOG_MASK(pri: i32) -> i32 {
        1i32.wrapping_shl(pri as u32)
    }
    /// Calculates the mask for all priorities up to and including pri.
    #[pyfunction(sig = "(pri, /)")]
    fn LOG_UPTO(pri: i32) -> i32 {
        1i32.wrapping_shl((pri as u32).wrapping_add(1)).wrapping_sub(1)
    }

    #[pyinit]
    fn init(module: &PyModuleBuilder<'_>) -> PyResult<()> {
        for (name, value) in NUMBERS {
            module.add(name, *value)?;
        }
        Ok(())
    }
}
