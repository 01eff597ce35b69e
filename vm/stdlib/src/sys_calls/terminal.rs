//! Terminals.

use std::mem::MaybeUninit;

use super::{SysResult, errno};

pub fn tcgetattr(fd: i32) -> SysResult<libc::termios> {
    read_struct!(libc::termios, slot => libc::tcgetattr(fd, slot))
}
pub fn tcsetattr(fd: i32, when: i32, attributes: &libc::termios) -> SysResult<()> {
    call!(libc::tcsetattr(fd, when, attributes)).map(drop)
}
/// Sets both speeds.
pub fn set_speeds(attributes: &mut libc::termios, input: u32, output: u32) -> SysResult<()> {
    call!(libc::cfsetispeed(attributes, input))?;
    call!(libc::cfsetospeed(attributes, output)).map(drop)
}
/// Speeds of input and output.
pub fn speeds(attributes: &libc::termios) -> (u32, u32) {
    // SAFETY: a borrowed struct.
    unsafe { (libc::cfgetispeed(attributes), libc::cfgetospeed(attributes)) }
}
pub fn tcsendbreak(fd: i32, duration: i32) -> SysResult<()> {
    call!(libc::tcsendbreak(fd, duration)).map(drop)
}
pub fn tcdrain(fd: i32) -> SysResult<()> {
    call!(libc::tcdrain(fd)).map(drop)
}
pub fn tcflush(fd: i32, queue: i32) -> SysResult<()> {
    call!(libc::tcflush(fd, queue)).map(drop)
}
pub fn tcflow(fd: i32, action: i32) -> SysResult<()> {
    call!(libc::tcflow(fd, action)).map(drop)
}
pub fn window_size(fd: i32) -> SysResult<libc::winsize> {
    read_struct!(libc::winsize, slot => libc::ioctl(fd, libc::TIOCGWINSZ, slot))
}
pub fn set_window_size(fd: i32, size: &libc::winsize) -> SysResult<()> {
    call!(libc::ioctl(fd, libc::TIOCSWINSZ, std::ptr::from_ref(size))).map(drop)
}
pub fn posix_openpt(flags: i32) -> SysResult<i32> {
    call!(libc::posix_openpt(flags))
}
pub fn grantpt(fd: i32) -> SysResult<()> {
    call!(libc::grantpt(fd)).map(drop)
}
pub fn unlockpt(fd: i32) -> SysResult<()> {
    call!(libc::unlockpt(fd)).map(drop)
}
/// The name of the other side of a pseudo-terminal.
pub fn ptsname(fd: i32) -> SysResult<Vec<u8>> {
    let mut buffer = [0u8; 4096];
    // SAFETY: a buffer with its length.
    match unsafe { libc::ptsname_r(fd, buffer.as_mut_ptr().cast(), buffer.len()) } {
        0 => Ok(super::until_nul(&buffer)),
        errno => Err(errno),
    }
}
/// Makes a terminal the controlling one and the standard streams.
pub fn login_tty(fd: i32) -> SysResult<()> {
    call!(libc::login_tty(fd)).map(drop)
}
/// Forks; the child's controlling terminal is a new pseudo-terminal, whose other end the parent gets.
pub fn forkpty() -> SysResult<(i32, i32)> {
    let mut leader = -1;
    let nothing = std::ptr::null_mut();
    let pid = call!(libc::forkpty(&mut leader, nothing, std::ptr::null_mut(), std::ptr::null_mut()))?;
    Ok((pid, leader))
}
