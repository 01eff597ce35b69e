//! The raw stream below a buffered one: `FileIO` itself without attribute lookups, anything else by its Python methods.

use taipan_objects::bytearray::PyByteArray;
use taipan_objects::memoryview;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;

use super::classes;
use super::file_io::PyFileIO;

/// `raw` as a plain `FileIO`.
#[inline]
pub fn file_of(raw: &Obj) -> Option<&PyFileIO> {
    if class_of(raw).is(&classes().file_io) { raw.downcast::<PyFileIO>() } else { None }
}

/// Reads at most `room` bytes to the end of `out`; `None`: the stream does not block and has none yet.
pub fn read(raw: &Obj, out: &mut Vec<u8>, room: usize) -> PyResult<Option<usize>> {
    if let Some(file) = file_of(raw) {
        return file.read_append(out, room);
    }
    let mut zeros = taipan_objects::str::concat::try_vec(room)?;
    zeros.resize(room, 0);
    let target = PyByteArray::from_vec(zeros);
    let view = memoryview::from_object(target.as_obj())?;
    let n = call_method_str(raw, "readinto", &[view])?;
    if is_none(&n) {
        return Ok(None);
    }
    if !has_index(&n) {
        let cause = index_word_or(&n, &types().value_error).map_or_else(|Raised| take_raised(), |_| none());
        let Raised = raise_message(&types().os_error, "raw readinto() failed");
        let error = take_raised();
        setattr(&error, &taipan_objects::istr!("__cause__"), &cause)?;
        return Err(set_raised(error));
    }
    let n = index_word_or(&n, &types().value_error)?;
    target.with(|bytes| match usize::try_from(n) {
        Ok(n) if n <= room && n <= bytes.len() => {
            out.extend_from_slice(&bytes[..n]);
            Ok(Some(n))
        }
        _ => Err(raise_message(
            &types().os_error,
            format!("raw readinto() returned invalid length {n} (should have been between 0 and {room})"),
        )),
    })
}

/// Writes some of the bytes; `None`: the stream does not block and takes none yet.
pub fn write(raw: &Obj, bytes: &[u8]) -> PyResult<Option<usize>> {
    if let Some(file) = file_of(raw) {
        return file.write_some(bytes);
    }
    let view = memoryview::from_object(&bytes_obj(bytes))?;
    let n = call_method_str(raw, "write", &[view])?;
    if is_none(&n) {
        return Ok(None);
    }
    let n = index_word_or(&n, &types().value_error)?;
    match usize::try_from(n) {
        Ok(n) if n <= bytes.len() => Ok(Some(n)),
        _ => Err(raise_message(
            &types().os_error,
            format!(
                "raw write() returned invalid length {n} (should have been between 0 and {})",
                bytes.len()
            ),
        )),
    }
}

fn position(obj: &Obj, what: &str) -> PyResult<i64> {
    let n = index_word_or(obj, &types().value_error)? as i64;
    if n < 0 {
        return Err(raise_message(
            &types().os_error,
            format!("Raw stream returned invalid position {n}{what}"),
        ));
    }
    Ok(n)
}

pub fn seek(raw: &Obj, offset: i64, whence: i32) -> PyResult<i64> {
    if let Some(file) = file_of(raw) {
        return file.seek_to(offset, whence);
    }
    position(&call_method_str(raw, "seek", &[int_obj(offset), int_obj(whence.into())])?, "")
}

pub fn tell(raw: &Obj) -> PyResult<i64> {
    if let Some(file) = file_of(raw) {
        return file.seek_to(0, libc::SEEK_CUR);
    }
    position(&call_method_str(raw, "tell", &[])?, "")
}
