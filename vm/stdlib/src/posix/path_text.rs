//! Paths as text: what needs no system call.

use taipan_objects::bytes::PyBytes;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_text::units::{TextBuf, Units};

use crate::file_path;

/// Runs `f` on the code points of a path, and makes parts of the path's type again.
fn parts(path: &Obj, f: impl FnOnce(Units<'_>) -> Vec<TextBuf>) -> PyResult<Vec<Obj>> {
    let path = file_path::fspath(path)?;
    if let Some(text) = path.downcast::<PyStr>() {
        return Ok(f(text.units()).into_iter().map(|part| PyStr::from_units(part).into_obj()).collect());
    }
    let Some(bytes) = path.downcast::<PyBytes>() else { return Err(type_error("expected str or bytes")) };
    let made = f(Units::Latin1(bytes.as_slice()));
    Ok(made
        .into_iter()
        .map(|part| bytes_obj(&part.as_units().iter().map(|c| c as u8).collect::<Vec<u8>>()))
        .collect())
}

const SLASH: u32 = b'/' as u32;

/// How many slashes are the root: one, or exactly two (POSIX leaves their meaning open).
fn root_length(path: Units<'_>) -> usize {
    let slashes = path.iter().take_while(|c| *c == SLASH).count();
    match slashes {
        0 => 0,
        2 => 2,
        _ => 1,
    }
}

fn normal(path: Units<'_>) -> TextBuf {
    let root = root_length(path);
    let mut kept: Vec<Units<'_>> = Vec::new();
    let mut start = 0;
    for at in 0..=path.len() {
        if at < path.len() && path.at(at) != SLASH {
            continue;
        }
        let part = path.slice(start..at);
        start = at + 1;
        let dots = part.iter().all(|c| c == u32::from(b'.'));
        match (part.len(), dots) {
            (0, _) | (1, true) => {}
            (2, true) => {
                let up = kept
                    .last()
                    .is_none_or(|last| last.len() == 2 && last.iter().all(|c| c == u32::from(b'.')));
                if !up {
                    kept.pop();
                } else if root == 0 {
                    kept.push(part);
                }
            }
            _ => kept.push(part),
        }
    }
    let mut out = TextBuf::with_capacity(path.len());
    out.push_repeated(SLASH, root);
    for (index, part) in kept.iter().enumerate() {
        if index > 0 {
            out.push(SLASH);
        }
        part.iter().for_each(|c| out.push(c));
    }
    if out.is_empty() {
        out.push(u32::from(b'.'));
    }
    out
}

#[pymodule(name = "posix_path_text", doc = "")]
mod items {
    use super::*;

    /// Return the file system path representation of the object.
    #[pyfunction(sig = "(path)")]
    fn fspath(path: &Obj) -> PyResult<Obj> {
        file_path::fspath(path)
    }
    /// Normalize path, eliminating double slashes, etc.
    #[pyfunction(sig = "(path)")]
    fn _path_normpath(path: &Obj) -> PyResult<Obj> {
        if !path.is_layout::<PyStr>()
            && !path.is_layout::<PyBytes>()
            && class_of(path).lookup(&istr!("__fspath__")).is_none()
        {
            return Err(type_error(format!(
                "_path_normpath: path should be string, bytes or os.PathLike, not {}",
                class_of(path).name()
            )));
        }
        let made = parts(path, |units| vec![normal(units)])?;
        Ok(made.into_iter().next().unwrap_or_else(none))
    }
    /// Split a pathname into drive, root and tail.
    #[pyfunction(sig = "(p, /)")]
    fn _path_splitroot_ex(p: &Obj) -> PyResult<Obj> {
        let split = |units: Units<'_>| {
            let root = root_length(units);
            vec![TextBuf::new(), units.slice(0..root).to_buf(), units.slice(root..units.len()).to_buf()]
        };
        Ok(tuple_obj(parts(p, split)?))
    }
}
