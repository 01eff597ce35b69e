//! Message catalogs of the C library. Texts that come back are copied at once: they last until the next call that changes a domain,
//! which the caller keeps away.

use std::ffi::CStr;

use libc::{c_char, c_int};

use super::{SysResult, c_text, errno};

unsafe extern "C" {
    fn dcgettext(domain: *const c_char, message: *const c_char, category: c_int) -> *mut c_char;
    fn textdomain(domain: *const c_char) -> *mut c_char;
    fn bindtextdomain(domain: *const c_char, folder: *const c_char) -> *mut c_char;
    fn bind_textdomain_codeset(domain: *const c_char, codeset: *const c_char) -> *mut c_char;
}

fn pointer(text: Option<&CStr>) -> *const c_char {
    text.map_or(std::ptr::null(), CStr::as_ptr)
}

/// The translation in a domain, or in the one that was chosen last.
pub fn translation(domain: Option<&CStr>, message: &CStr, category: c_int) -> Vec<u8> {
    // SAFETY: strings or nothing.
    c_text(unsafe { dcgettext(pointer(domain), message.as_ptr(), category) })
}
/// Chooses a domain, or asks which one is.
pub fn text_domain(domain: Option<&CStr>) -> SysResult<Vec<u8>> {
    // SAFETY: a string or nothing.
    let chosen = unsafe { textdomain(pointer(domain)) };
    if chosen.is_null() { Err(errno()) } else { Ok(c_text(chosen)) }
}
/// Chooses or asks for the folder of a domain.
pub fn bind_text_domain(domain: &CStr, folder: Option<&CStr>) -> SysResult<Vec<u8>> {
    // SAFETY: strings or nothing.
    let chosen = unsafe { bindtextdomain(domain.as_ptr(), pointer(folder)) };
    if chosen.is_null() { Err(errno()) } else { Ok(c_text(chosen)) }
}
/// Chooses or asks for the encoding of a domain's texts; `None`: that of the locale.
pub fn bind_text_domain_codeset(domain: &CStr, codeset: Option<&CStr>) -> Option<Vec<u8>> {
    // SAFETY: strings or nothing.
    let chosen = unsafe { bind_textdomain_codeset(domain.as_ptr(), pointer(codeset)) };
    if chosen.is_null() { None } else { Some(c_text(chosen)) }
}
