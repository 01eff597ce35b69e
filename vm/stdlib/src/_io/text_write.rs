//! Writing to text streams. What is written is encoded at once and waits in `pending` until there is a chunk of it.

use taipan_objects::prelude::*;
use taipan_text::units::TextBuf;
use taipan_threading::sync::atomic::Ordering;

use super::newline::contains;
use super::text::{Entered, PyTextIOWrapper};
use super::unsupported;

impl PyTextIOWrapper {
    /// What is to be written for `text`, an instance of a subclass of `str`, whose `replace` may do anything.
    pub(super) fn with_newlines(&self, slf: &Obj, text: &Obj) -> PyResult<Obj> {
        let entered = self.enter(slf)?;
        let Some(newline) = entered.state.write_newline.filter(|_| entered.state.can_write) else {
            return Ok(text.clone());
        };
        drop(entered);
        if !text.downcast::<PyStr>().is_some_and(|text| contains(text.units(), b'\n')) {
            return Ok(text.clone());
        }
        let replaced = call_method_str(text, "replace", &[str_obj("\n"), str_obj(newline)])?;
        if !replaced.is_layout::<PyStr>() {
            let name = class_of(&replaced).name();
            return Err(type_error(format!("replace() should return a str, not {name}")));
        }
        Ok(replaced)
    }
    /// Writes text, its newlines translated if `raw` does not say that they are; its length in characters.
    pub(super) fn write_text(&self, slf: &Obj, text: &PyStr, raw: bool) -> PyResult<usize> {
        let Entered { buffer, mut state } = self.enter(slf)?;
        if !state.can_write {
            return Err(unsupported("not writable"));
        }
        let length = text.len();
        let units = text.units();
        let line_buffering = self.line_buffering.load(Ordering::Relaxed);
        let has_newline = (line_buffering || state.write_newline.is_some()) && contains(units, b'\n');
        let flush = line_buffering && (has_newline || contains(units, b'\r'));
        let translated;
        // Text that is its own encoding, which a string knows of itself.
        let mut plain = text.as_utf8();
        let units = match state.write_newline {
            Some(newline) if has_newline && !raw => {
                let mut out = TextBuf::with_capacity(units.len() + 16);
                for code in units.iter() {
                    if code == 10 { out.push_str(newline) } else { out.push(code) }
                }
                translated = out;
                plain = None;
                translated.as_units()
            }
            _ => units,
        };
        let before = match (state.encode_native, plain) {
            (Some(_), Some(plain)) => {
                let before = state.pending.len();
                state.pending.extend_from_slice(plain.as_bytes());
                before
            }
            (Some(_), None) => {
                let mut pending = std::mem::take(&mut state.pending);
                let before = pending.len();
                let encoded = self.encode(&mut state, units, &mut pending);
                if encoded.is_err() {
                    pending.truncate(before);
                }
                state.pending = pending;
                encoded?;
                before
            }
            // A program's encoder may write to this stream meanwhile.
            (None, _) => {
                let mut encoded = Vec::new();
                self.encode(&mut state, units, &mut encoded)?;
                let before = state.pending.len();
                state.pending.extend_from_slice(&encoded);
                before
            }
        };
        // What waited already goes out first, so that no piece is larger than it has to be.
        if before > 0 && state.pending.len() > state.chunk_size {
            let text = state.pending.split_off(before);
            // A program's buffered stream may write to this one meanwhile.
            while !state.pending.is_empty() && state.pending.len() + text.len() > state.chunk_size {
                self.write_pending(&mut state, &buffer)?;
            }
            state.pending.extend_from_slice(&text);
        }
        let write_through = self.write_through.load(Ordering::Relaxed);
        if state.pending.len() >= state.chunk_size || flush || write_through {
            self.write_pending(&mut state, &buffer)?;
        }
        if flush {
            PyTextIOWrapper::ask(&mut state, &buffer, || self.flush_buffer(&buffer))?;
        }
        if state.snapshot.is_some() {
            state.forget_decoded();
        }
        if state.can_read {
            self.reset_decoder(&mut state)?;
        }
        Ok(length)
    }
}
