//! Where marshalled data comes from: bytes that are there, or a file, of which no more is read than the value needs: what follows may belong to
//! somebody else, or not be there yet.

use std::borrow::Cow;

use taipan_objects::bytearray::PyByteArray;
use taipan_objects::memoryview;
use taipan_objects::prelude::*;

/// Bytes that are asked for without knowing whether they are there.
const STEP: usize = 1 << 20;

/// A source of bytes.
pub(super) enum Source<'a> {
    Bytes(&'a [u8]),
    File(&'a Obj),
}

impl<'a> Source<'a> {
    /// A file; `TypeError` if what it reads is not bytes.
    pub(super) fn file(file: &'a Obj) -> PyResult<Source<'a>> {
        let nothing = call_method(file, &istr!("read"), &[int_obj(0)])?;
        if taipan_objects::bytes::bytes_value(&nothing).is_none() {
            let name = class_of(&nothing).name();
            return Err(type_error(format!("file.read() returned not bytes but {name}")));
        }
        Ok(Source::File(file))
    }
    /// The next `count` bytes.
    pub(super) fn take(&mut self, count: usize) -> PyResult<Cow<'a, [u8]>> {
        match self {
            Source::Bytes(left) => match left.split_at_checked(count) {
                Some((bytes, rest)) => {
                    *left = rest;
                    Ok(Cow::Borrowed(bytes))
                }
                None => Err(eof_error("marshal data too short")),
            },
            Source::File(file) => {
                let mut bytes = Vec::new();
                while bytes.len() < count {
                    read_exactly(file, (count - bytes.len()).min(STEP), &mut bytes)?;
                }
                Ok(Cow::Owned(bytes))
            }
        }
    }
    /// The next byte; `missing` says that there is none.
    pub(super) fn byte(&mut self, missing: &str) -> PyResult<u8> {
        if self.lacks(1) {
            return Err(eof_error(missing));
        }
        match self.take(1) {
            Ok(byte) => Ok(byte[0]),
            Err(Raised) => {
                catch(&types().eof_error)?;
                Err(eof_error(missing))
            }
        }
    }
    /// At most as many items as can be left, for what space is made in advance.
    pub(super) fn at_most(&self, count: usize) -> usize {
        match self {
            Source::Bytes(left) => count.min(left.len()),
            Source::File(_) => count.min(STEP),
        }
    }
    /// Whether fewer than `count` bytes are left for sure.
    pub(super) fn lacks(&self, count: usize) -> bool {
        matches!(self, Source::Bytes(left) if left.len() < count)
    }
}

fn read_exactly(file: &Obj, count: usize, bytes: &mut Vec<u8>) -> PyResult<()> {
    let room = PyByteArray::from_vec(vec![0; count]);
    let view = memoryview::from_object(room.as_obj())?;
    let read = call_method(file, &istr!("readinto"), &[view])?;
    let read = index_word_or(&read, &types().overflow_error)?;
    if read as i64 > count as i64 {
        return Err(value_error(format!(
            "read() returned too much data: {count} bytes requested, {read} returned"
        )));
    }
    // Who releases the view can change how much room there is.
    let is_complete = room.with(|content| {
        let is_complete = read as i64 == count as i64 && content.len() == count;
        if is_complete {
            bytes.extend_from_slice(content);
        }
        is_complete
    });
    if is_complete { Ok(()) } else { Err(eof_error("EOF read where not expected")) }
}
