//! The locale that C libraries see. It is set before there is another thread.

use std::ffi::CStr;
use std::io::Write;

use taipan_stdlib::sys_calls;

use crate::options::Options;
use crate::settings;

/// What is taken where the environment names no locale but C, in which text is ASCII for C libraries.
const UTF8: [&CStr; 3] = [c"C.UTF-8", c"C.utf8", c"UTF-8"];

/// Takes the locale of characters from the environment. If it is C only because nothing is said, a locale with UTF-8 is taken, and told
/// to the programs that this one starts. The result says whether it was C: then UTF-8 is used whatever that says.
pub fn initialize(options: &Options) -> bool {
    let named = sys_calls::character_locale(c"");
    let was_c = named.is_none_or(|name| name == b"C" || name == b"POSIX");
    let asked = settings::variable(options, "PYTHONCOERCECLOCALE");
    let decreed = std::env::var("LC_ALL").is_ok_and(|value| !value.is_empty());
    if was_c && !decreed && asked.as_deref() != Some("0") {
        coerce(asked.as_deref() == Some("warn"));
    }
    was_c
}

/// The charset of the locale.
pub fn charset() -> String {
    sys_calls::charset()
}

fn coerce(warn: bool) {
    let Some(chosen) = UTF8.into_iter().find(|name| sys_calls::character_locale(name).is_some()) else {
        return;
    };
    let _ = sys_calls::setenv(c"LC_CTYPE", chosen);
    if warn {
        let warning = format!(
            "Python detected LC_CTYPE=C: LC_CTYPE coerced to {} (set another locale or PYTHONCOERCECLOCALE=0 to disable this locale \
             coercion behavior).\n",
            chosen.to_string_lossy()
        );
        let _ = std::io::stderr().write_all(warning.as_bytes());
    }
}
