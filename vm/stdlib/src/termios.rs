//! `termios`: control of terminals.

use taipan_objects::bytes::PyBytes;
use taipan_objects::list::PyList;
use taipan_objects::native::*;
use taipan_objects::prelude::*;

use crate::file_path::fileno_of;
use crate::native_class;
use crate::new_exception::new_exception;
use crate::os_error::interruptible;
use crate::sys_calls::{self, SysResult};

mod constants;

native_class!(
    /// `termios.error`.
    pub fn error_class() = new_exception("termios.error", &types().exception)
);

#[cold]
fn terminal_error(errno: i32) -> Raised {
    let text = str_obj(&sys_calls::strerror(errno));
    raise_args(error_class(), vec![int_obj(errno.into()), text])
}

/// Runs a call detached; its error is a `termios.error`.
fn terminal<T>(call: impl FnMut() -> SysResult<T>) -> PyResult<T> {
    interruptible(call)?.map_err(terminal_error)
}

fn flags(obj: &Obj) -> PyResult<u32> {
    let number = index(obj)?;
    // More than the flags' width is cut off, but not more than a C `long`.
    i64::from_arg(&number).map(|bits| bits as u32)
}

/// The control characters of `attributes[6]`: numbers where input is not canonical, bytes elsewhere.
fn control_characters(list: &Obj, attributes: &mut libc::termios) -> PyResult<()> {
    let wrong = || type_error(format!("tcsetattr: attributes[6] must be {} element list", libc::NCCS));
    let Some(list) = list.downcast::<PyList>() else { return Err(wrong()) };
    let items = collect(&list.to_obj())?;
    if items.len() != libc::NCCS {
        return Err(wrong());
    }
    for (slot, item) in attributes.c_cc.iter_mut().zip(&items) {
        *slot = match item.downcast::<PyBytes>().map(PyBytes::as_slice) {
            Some([byte]) => *byte,
            None if taipan_objects::int::int_ref(item).is_some() => flags(item)? as u8,
            _ => {
                return Err(type_error("tcsetattr: elements of attributes must be characters or integers"));
            }
        };
    }
    Ok(())
}

/// This module provides an interface to the Posix calls for tty I/O control.
#[pymodule(name = "termios")]
mod items {
    use super::*;

    /// Get the tty attributes for file descriptor fd.
    ///
    /// Returns a list [iflag, oflag, cflag, lflag, ispeed, ospeed, cc]
    /// where cc is a list of the tty special characters.
    #[pyfunction(sig = "(fd, /)")]
    fn tcgetattr(fd: &Obj) -> PyResult<Obj> {
        let fd = fileno_of(fd)?;
        let attributes = terminal(|| sys_calls::tcgetattr(fd))?;
        let mut characters: Vec<Obj> = attributes.c_cc.iter().map(|byte| bytes_obj(&[*byte])).collect();
        if attributes.c_lflag & libc::ICANON == 0 {
            for at in [libc::VMIN, libc::VTIME] {
                characters[at] = int_obj(attributes.c_cc[at].into());
            }
        }
        let (input, output) = sys_calls::speeds(&attributes);
        let numbers =
            [attributes.c_iflag, attributes.c_oflag, attributes.c_cflag, attributes.c_lflag, input, output];
        let mut list: Vec<Obj> = numbers.iter().map(|n| int_obj((*n).into())).collect();
        list.push(list_obj(characters));
        Ok(list_obj(list))
    }
    /// Set the tty attributes for file descriptor fd.
    #[pyfunction(sig = "(fd, when, attributes, /)")]
    fn tcsetattr(fd: &Obj, when: i32, attributes: &Obj) -> PyResult<()> {
        let fd = fileno_of(fd)?;
        let list = attributes.downcast::<PyList>().map(|list| collect(&list.to_obj())).transpose()?;
        let Some([input, output, control, local, ispeed, ospeed, characters]) = list.as_deref() else {
            return Err(type_error("tcsetattr, arg 3: must be 7 element list"));
        };
        // What is not in the list stays as it is.
        let mut new = terminal(|| sys_calls::tcgetattr(fd))?;
        new.c_iflag = flags(input)?;
        new.c_oflag = flags(output)?;
        new.c_cflag = flags(control)?;
        new.c_lflag = flags(local)?;
        let (ispeed, ospeed) = (flags(ispeed)?, flags(ospeed)?);
        control_characters(characters, &mut new)?;
        sys_calls::set_speeds(&mut new, ispeed, ospeed).map_err(terminal_error)?;
        terminal(|| sys_calls::tcsetattr(fd, when, &new))
    }
    /// Send a break on file descriptor fd.
    #[pyfunction(sig = "(fd, duration, /)")]
    fn tcsendbreak(fd: &Obj, duration: i32) -> PyResult<()> {
        let fd = fileno_of(fd)?;
        terminal(|| sys_calls::tcsendbreak(fd, duration))
    }
    /// Wait until all output written to file descriptor fd has been transmitted.
    #[pyfunction(sig = "(fd, /)")]
    fn tcdrain(fd: &Obj) -> PyResult<()> {
        let fd = fileno_of(fd)?;
        terminal(|| sys_calls::tcdrain(fd))
    }
    /// Discard queued data on file descriptor fd.
    #[pyfunction(sig = "(fd, queue, /)")]
    fn tcflush(fd: &Obj, queue: i32) -> PyResult<()> {
        let fd = fileno_of(fd)?;
        terminal(|| sys_calls::tcflush(fd, queue))
    }
    /// Suspend or resume input or output on file descriptor fd.
    #[pyfunction(sig = "(fd, action, /)")]
    fn tcflow(fd: &Obj, action: i32) -> PyResult<()> {
        let fd = fileno_of(fd)?;
        terminal(|| sys_calls::tcflow(fd, action))
    }
    /// Get the tty winsize for file descriptor fd.
    ///
    /// Returns a tuple (ws_row, ws_col).
    #[pyfunction(sig = "(fd, /)")]
    fn tcgetwinsize(fd: &Obj) -> PyResult<(u16, u16)> {
        let fd = fileno_of(fd)?;
        let size = terminal(|| sys_calls::window_size(fd))?;
        Ok((size.ws_row, size.ws_col))
    }
    /// Set the tty winsize for file descriptor fd.
    #[pyfunction(sig = "(fd, winsize, /)")]
    fn tcsetwinsize(fd: &Obj, winsize: &Obj) -> PyResult<()> {
        let fd = fileno_of(fd)?;
        let wrong = || type_error("tcsetwinsize, arg 2: must be a two-item sequence");
        if !is_sequence(winsize) {
            return Err(wrong());
        }
        let items = collect(winsize)?;
        let [rows, columns] = items.as_slice() else { return Err(wrong()) };
        let (rows, columns) = (i64::from_arg(rows)?, i64::from_arg(columns)?);
        // The size in pixels stays.
        let mut size = terminal(|| sys_calls::window_size(fd))?;
        let (Ok(rows), Ok(columns)) = (u16::try_from(rows), u16::try_from(columns)) else {
            return Err(overflow_error("winsize value(s) out of range."));
        };
        (size.ws_row, size.ws_col) = (rows, columns);
        terminal(|| sys_calls::set_window_size(fd, &size))
    }

    #[pyinit]
    fn init(module: &PyModuleBuilder<'_>) -> PyResult<()> {
        for (name, value) in constants::NAMED.iter().chain(constants::OTHERS) {
            module.add(name, *value)?;
        }
        module.add("error", error_class().to_obj())
    }
}
