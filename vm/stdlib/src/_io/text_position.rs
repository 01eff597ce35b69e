//! Positions of text streams. A position is a number of bytes at which a decoder can start, how to set the decoder there, and how many bytes
//! to feed it and characters to skip from there: a *cookie*, packed into one int as CPython packs it.
//!
//! | bits | content |
//! | --- | --- |
//! | 0..64 | byte position of the buffered stream |
//! | 64..128 | flags of the decoder |
//! | 128..192 | bytes to feed |
//! | 192..256 | characters to skip |
//! | 256 | the decoder has to be told the end |

use num_bigint::BigInt;
use num_traits::ToPrimitive;
use taipan_objects::int;
use taipan_objects::prelude::*;

use super::buffered::buffered_of;
use super::text::{Entered, Held, PyTextIOWrapper};
use super::unsupported;

#[derive(Clone, Copy, Default)]
struct Cookie {
    position: u64,
    flags: u64,
    feed: u64,
    skip: u64,
    end: bool,
}

impl Cookie {
    fn pack(self) -> Obj {
        let fields = [self.position, self.flags, self.feed, self.skip, u64::from(self.end)];
        let mut value = BigInt::ZERO;
        for field in fields.into_iter().rev() {
            value = (value << 64u32) | BigInt::from(field);
        }
        int::from_bigint(value)
    }
    fn unpack(obj: &Obj) -> PyResult<Cookie> {
        let index = index(obj)?;
        let Some(value) = int::int_ref(&index) else { return Err(type_error("an integer is required")) };
        if value.is_negative() {
            return Err(value_error(format!("negative seek position {}", repr_string(&index)?)));
        }
        let value = value.to_bigint();
        let mask = BigInt::from(u64::MAX);
        let field = |at: u32| ((value.as_ref() >> (at * 64)) & &mask).to_u64().unwrap_or(0);
        Ok(Cookie {
            position: field(0),
            flags: field(1),
            feed: field(2),
            skip: field(3),
            end: field(4) & 1 != 0,
        })
    }
}

/// Where the buffered stream is.
pub(super) fn buffer_tell(buffer: &Obj) -> PyResult<i64> {
    match buffered_of(buffer) {
        Some(stream) => stream.tell_position(buffer),
        None => Ok(index_word_or(&call_method_str(buffer, "tell", &[])?, &types().overflow_error)? as i64),
    }
}

fn buffer_seek(buffer: &Obj, offset: i64, whence: i32) -> PyResult<Obj> {
    call_method_str(buffer, "seek", &[int_obj(offset), int_obj(whence.into())])
}

impl PyTextIOWrapper {
    pub(super) fn tell_cookie(&self, slf: &Obj) -> PyResult<Obj> {
        let Entered { buffer, mut state } = self.enter(slf)?;
        if !state.seekable {
            return Err(unsupported("underlying stream is not seekable"));
        }
        if !state.telling {
            return Err(raise_message(&types().os_error, "telling position disabled by next() call"));
        }
        self.write_pending(&mut state, &buffer)?;
        let position = PyTextIOWrapper::ask(&mut state, &buffer, || {
            self.flush_buffer(&buffer)?;
            // Which may have detached it.
            buffer_tell(&self.buffer()?)
        })?;
        let Some((flags, input)) = state.snapshot.clone().filter(|_| state.can_read) else {
            return Ok(int_obj(position));
        };
        let position = position - input.len() as i64;
        if state.used == 0 {
            return Ok(Cookie { position: position as u64, flags: flags as u64, ..Cookie::default() }.pack());
        }
        let used = state.used;
        let (saved_bytes, saved_flags) = self.decoder_state(&mut state)?;
        let newlines = state.newlines;
        let found = self.find_start(&mut state, position, flags, &input, used);
        let restored = self.set_decoder_state(&mut state, &saved_bytes, saved_flags);
        state.newlines = newlines;
        let cookie = found?;
        restored?;
        Ok(cookie.pack())
    }

    /// The last place before character `skip` of what `input` decodes to at which the decoder holds no bytes back.
    fn find_start(
        &self,
        state: &mut Held<'_>,
        position: i64,
        flags: i64,
        input: &[u8],
        mut skip: usize,
    ) -> PyResult<Cookie> {
        let mut flags = flags;
        // A guess from the mean number of bytes in a character, corrected downward in growing steps.
        let mut start = ((state.bytes_per_char * skip as f64) as usize).min(input.len());
        let mut step = 1;
        loop {
            self.set_decoder_state(state, b"", flags)?;
            if start == 0 {
                break;
            }
            let count = self.decode(state, &input[..start], false)?.len();
            if count <= skip {
                let (held, new_flags) = self.decoder_state(state)?;
                if held.is_empty() {
                    flags = new_flags;
                    skip -= count;
                    break;
                }
                start = start.saturating_sub(held.len());
                step = 1;
            } else {
                start = start.saturating_sub(step);
                step *= 2;
            }
        }
        let mut cookie =
            Cookie { position: (position + start as i64) as u64, flags: flags as u64, ..Cookie::default() };
        if skip == 0 {
            return Ok(cookie);
        }
        // From there byte by byte, moving the start on whenever the decoder is at rest.
        let (mut fed, mut count) = (0, 0);
        for &byte in &input[start..] {
            fed += 1;
            count += self.decode(state, &[byte], false)?.len();
            let (held, new_flags) = self.decoder_state(state)?;
            if held.is_empty() && count <= skip {
                cookie.position += fed;
                cookie.flags = new_flags as u64;
                skip -= count;
                (fed, count) = (0, 0);
            }
            if count >= skip {
                break;
            }
        }
        if count < skip {
            count += self.decode(state, b"", true)?.len();
            cookie.end = true;
            if count < skip {
                return Err(raise_message(&types().os_error, "can't reconstruct logical file position"));
            }
        }
        cookie.feed = fed;
        cookie.skip = skip as u64;
        Ok(cookie)
    }

    pub(super) fn seek_cookie(&self, slf: &Obj, cookie: &Obj, whence: i32) -> PyResult<Obj> {
        let is_zero = || -> PyResult<bool> { Ok(!is_true(cookie)?) };
        let Entered { buffer, mut state } = self.enter(slf)?;
        if !state.seekable {
            return Err(unsupported("underlying stream is not seekable"));
        }
        match whence {
            libc::SEEK_SET => {}
            libc::SEEK_CUR => {
                if !is_zero()? {
                    return Err(unsupported("can't do nonzero cur-relative seeks"));
                }
                drop(state);
                // The present position, which also brings the buffered stream there.
                let here = self.tell_cookie(slf)?;
                return self.seek_cookie(slf, &here, libc::SEEK_SET);
            }
            libc::SEEK_END => {
                if !is_zero()? {
                    return Err(unsupported("can't do nonzero end-relative seeks"));
                }
                self.write_pending(&mut state, &buffer)?;
                PyTextIOWrapper::ask(&mut state, &buffer, || self.flush_buffer(&buffer))?;
                self.buffer()?;
                state.forget_decoded();
                if state.can_read {
                    self.reset_decoder(&mut state)?;
                }
                let position =
                    PyTextIOWrapper::ask(&mut state, &buffer, || buffer_seek(&buffer, 0, libc::SEEK_END))?;
                if state.can_write {
                    self.reset_encoder(&mut state, !is_true(&position)?)?;
                }
                return Ok(position);
            }
            _ => return Err(value_error(format!("invalid whence ({whence}, should be 0, 1 or 2)"))),
        }
        let place = Cookie::unpack(cookie)?;
        self.write_pending(&mut state, &buffer)?;
        PyTextIOWrapper::ask(&mut state, &buffer, || self.flush_buffer(&buffer))?;
        self.buffer()?;
        let Ok(position) = i64::try_from(place.position) else {
            return Err(overflow_error("Python int too large to convert to C long"));
        };
        PyTextIOWrapper::ask(&mut state, &buffer, || buffer_seek(&buffer, position, libc::SEEK_SET))?;
        state.forget_decoded();
        if state.can_read {
            if place.position == 0 && place.flags == 0 {
                self.reset_decoder(&mut state)?;
            } else {
                self.set_decoder_state(&mut state, b"", place.flags as i64)?;
            }
            if place.skip > 0 {
                let room = place.feed.min(1 << 40);
                let input = PyTextIOWrapper::ask(&mut state, &buffer, || {
                    taipan_objects::buffer::to_vec(&call_method_str(
                        &buffer,
                        "read",
                        &[int_obj(room as i64)],
                    )?)
                })?;
                let text = self.decode(&mut state, &input, place.end)?;
                if (text.len() as u64) < place.skip {
                    return Err(raise_message(&types().os_error, "can't restore logical file position"));
                }
                state.snapshot = Some((place.flags as i64, input));
                state.set_decoded(text);
                state.used = place.skip as usize;
            } else {
                state.snapshot = Some((place.flags as i64, Vec::new()));
            }
        }
        if state.can_write {
            self.reset_encoder(&mut state, place.position == 0 && place.flags == 0)?;
        }
        state.telling = state.seekable;
        Ok(cookie.clone())
    }
}
