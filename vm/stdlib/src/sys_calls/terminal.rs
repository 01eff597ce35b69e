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
