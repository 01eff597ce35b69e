//! The user database and the locale.

use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::os::raw::{c_char, c_int};

use super::{SysResult, c_text};

/// A line of the user database.
pub struct User {
    pub name: Vec<u8>,
    pub password: Vec<u8>,
    pub uid: u32,
    pub gid: u32,
    pub gecos: Vec<u8>,
    pub home: Vec<u8>,
    pub shell: Vec<u8>,
}

fn user(
    find: impl Fn(*mut libc::passwd, *mut c_char, usize, *mut *mut libc::passwd) -> c_int,
) -> SysResult<Option<User>> {
    let mut room = 1024;
    loop {
        let mut buffer = vec![0u8; room];
        let mut entry = MaybeUninit::<libc::passwd>::zeroed();
        let mut found = std::ptr::null_mut();
        match find(entry.as_mut_ptr(), buffer.as_mut_ptr().cast(), room, &mut found) {
            libc::ERANGE if room < 1 << 24 => room *= 2,
            0 if found.is_null() => return Ok(None),
            0 => {
                // SAFETY: found: the entry is filled, its strings are in the buffer.
                let entry = unsafe { entry.assume_init() };
                return Ok(Some(copy_user(&entry)));
            }
            libc::ENOENT | libc::ESRCH | libc::EBADF | libc::EPERM => return Ok(None),
            errno => return Err(errno),
        }
    }
}

fn copy_user(entry: &libc::passwd) -> User {
    User {
        name: c_text(entry.pw_name),
        password: c_text(entry.pw_passwd),
        uid: entry.pw_uid,
        gid: entry.pw_gid,
        gecos: c_text(entry.pw_gecos),
        home: c_text(entry.pw_dir),
        shell: c_text(entry.pw_shell),
    }
}

pub fn user_by_id(uid: u32) -> SysResult<Option<User>> {
    // SAFETY: a struct, a buffer with its length, a place for the result.
    user(|entry, buffer, room, found| unsafe { libc::getpwuid_r(uid, entry, buffer, room, found) })
}
pub fn user_by_name(name: &CStr) -> SysResult<Option<User>> {
    // SAFETY: a string, a struct, a buffer with its length, a place for the result.
    user(|entry, buffer, room, found| unsafe { libc::getpwnam_r(name.as_ptr(), entry, buffer, room, found) })
}
/// All users. Not for two threads at a time: the caller serializes.
pub fn all_users() -> Vec<User> {
    let mut users = Vec::new();
    // SAFETY: the entry is copied before the next call.
    unsafe {
        libc::setpwent();
        while let Some(entry) = libc::getpwent().as_ref() {
            users.push(copy_user(entry));
        }
        libc::endpwent();
    }
    users
}

/// A line of the group database.
pub struct Group {
    pub name: Vec<u8>,
    pub password: Vec<u8>,
    pub gid: u32,
    pub members: Vec<Vec<u8>>,
}

fn copy_group(entry: &libc::group) -> Group {
    let mut members = Vec::new();
    // SAFETY: null, or a list of strings that a null pointer ends.
    unsafe {
        let mut at = entry.gr_mem;
        while !at.is_null() && !(*at).is_null() {
            members.push(c_text(*at));
            at = at.add(1);
        }
    }
    Group { name: c_text(entry.gr_name), password: c_text(entry.gr_passwd), gid: entry.gr_gid, members }
}

fn group(
    find: impl Fn(*mut libc::group, *mut c_char, usize, *mut *mut libc::group) -> c_int,
) -> SysResult<Option<Group>> {
    let mut room = 4096;
    loop {
        let mut buffer = vec![0u64; room / 8];
        let mut entry = MaybeUninit::<libc::group>::zeroed();
        let mut found = std::ptr::null_mut();
        match find(entry.as_mut_ptr(), buffer.as_mut_ptr().cast(), room, &mut found) {
            libc::ERANGE if room < 1 << 24 => room *= 2,
            0 if found.is_null() => return Ok(None),
            // SAFETY: found: the entry is filled, its strings are in the buffer.
            0 => return Ok(Some(copy_group(unsafe { entry.assume_init_ref() }))),
            libc::ENOENT | libc::ESRCH | libc::EBADF | libc::EPERM => return Ok(None),
            errno => return Err(errno),
        }
    }
}

pub fn group_by_id(gid: u32) -> SysResult<Option<Group>> {
    // SAFETY: a struct, a buffer with its length, a place for the result.
    group(|entry, buffer, room, found| unsafe { libc::getgrgid_r(gid, entry, buffer, room, found) })
}
pub fn group_by_name(name: &CStr) -> SysResult<Option<Group>> {
    // SAFETY: a string, a struct, a buffer with its length, a place for the result.
    group(|entry, buffer, room, found| unsafe { libc::getgrnam_r(name.as_ptr(), entry, buffer, room, found) })
}
/// All groups. Not for two threads at a time: the caller serializes.
pub fn all_groups() -> Vec<Group> {
    let mut groups = Vec::new();
    // SAFETY: the entry is copied before the next call.
    unsafe {
        libc::setgrent();
        while let Some(entry) = libc::getgrent().as_ref() {
            groups.push(copy_group(entry));
        }
        libc::endgrent();
    }
    groups
}

/// Opens the log. `ident` must stay: the C library keeps the pointer.
pub fn openlog(ident: Option<&'static CStr>, option: i32, facility: i32) {
    // SAFETY: a static string or null, and numbers.
    unsafe { libc::openlog(ident.map_or(std::ptr::null(), CStr::as_ptr), option, facility) }
}
pub fn syslog(priority: i32, message: &CStr) {
    // SAFETY: the format takes one string.
    unsafe { libc::syslog(priority, c"%s".as_ptr(), message.as_ptr()) }
}
pub fn closelog() {
    // SAFETY: no arguments.
    unsafe { libc::closelog() }
}
pub fn setlogmask(mask: i32) -> i32 {
    // SAFETY: a plain number.
    unsafe { libc::setlogmask(mask) }
}

// Locale.

/// Sets (or asks for) the locale of a category. Not for two threads at a time: the caller serializes.
pub fn setlocale(category: i32, locale: Option<&CStr>) -> Option<Vec<u8>> {
    // SAFETY: a string or nothing; the result is copied at once.
    let result = unsafe { libc::setlocale(category, locale.map_or(std::ptr::null(), CStr::as_ptr)) };
    if result.is_null() { None } else { Some(c_text(result)) }
}
/// Sets the locale of characters alone, as [`setlocale`]; an empty name: the environment's.
pub fn character_locale(name: &CStr) -> Option<Vec<u8>> {
    setlocale(libc::LC_CTYPE, Some(name))
}
pub fn nl_langinfo(item: i32) -> Vec<u8> {
    // SAFETY: a plain number; the result is copied at once.
    c_text(unsafe { libc::nl_langinfo(item) })
}
/// The charset of the current locale. Where that has no name it is UTF-8.
pub fn charset() -> String {
    match String::from_utf8_lossy(&nl_langinfo(libc::CODESET)).into_owned() {
        nameless if nameless.is_empty() => "UTF-8".to_owned(),
        charset => charset,
    }
}
/// Numbers and texts of `localeconv`.
pub struct Conventions {
    pub texts: [Vec<u8>; 10],
    pub numbers: [i8; 14],
}
pub fn localeconv() -> Conventions {
    // SAFETY: the result is copied at once.
    unsafe {
        let c = &*libc::localeconv();
        Conventions {
            texts: [
                c_text(c.decimal_point),
                c_text(c.thousands_sep),
                c_text(c.grouping),
                c_text(c.int_curr_symbol),
                c_text(c.currency_symbol),
                c_text(c.mon_decimal_point),
                c_text(c.mon_thousands_sep),
                c_text(c.mon_grouping),
                c_text(c.positive_sign),
                c_text(c.negative_sign),
            ],
            numbers: [
                c.int_frac_digits,
                c.frac_digits,
                c.p_cs_precedes,
                c.p_sep_by_space,
                c.n_cs_precedes,
                c.n_sep_by_space,
                c.p_sign_posn,
                c.n_sign_posn,
                0,
                0,
                0,
                0,
                0,
                0,
            ],
        }
    }
}
pub fn strcoll(a: &CStr, b: &CStr) -> i32 {
    // SAFETY: two strings.
    unsafe { libc::strcoll(a.as_ptr(), b.as_ptr()) }
}
pub fn strxfrm(text: &CStr) -> Vec<u8> {
    // SAFETY: a string; the first call only measures, the second has that much room.
    unsafe {
        let n = libc::strxfrm(std::ptr::null_mut(), text.as_ptr(), 0);
        let mut buffer = vec![0u8; n + 1];
        libc::strxfrm(buffer.as_mut_ptr().cast(), text.as_ptr(), buffer.len());
        buffer.truncate(n);
        buffer
    }
}
