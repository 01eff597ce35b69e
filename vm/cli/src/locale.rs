//! The locale that C libraries see. It is set before there is another thread.

use std::ffi::CStr;
use std::io::Write;

use taipan_stdlib::sys_calls;

/// What is taken where the environment names no locale but C, in which text is ASCII for C libraries.
const UTF8: [&CStr; 3] = [c"C.UTF-8", c"C.utf8", c"UTF-8"];

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Takes the locale of characters from the environment. If it is C only because nothing is said, a locale with UTF-8 is taken, and told
/// to the programs that this one starts. The result says whether it was C: then UTF-8 is used whatever that says.
pub fn initialize(ignore_environment: bool) -> bool {
    let named = sys_calls::character_locale(c"");
    let was_c = named.is_none_or(|name| name == b"C" || name == b"POSIX");
    let asked = variable("PYTHONCOERCECLOCALE").filter(|_| !ignore_environment);
    if was_c && variable("LC_ALL").is_none() && asked.as_deref() != Some("0") {
        coerce(asked.as_deref() == Some("warn"));
    }
    was_c
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
