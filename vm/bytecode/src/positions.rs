//! Where the instructions of a unit come from.
//!
//! A program needs the positions of few of its functions: of those that tracebacks and tracers meet. So a unit that was read from bytes
//! keeps them as they were written, which is a quarter of the size, and in the bytes themselves if these are part of the program.
//!
//! Written, a position is the difference of its line to the one before, of its end line to its line, and the same of its columns, each a
//! LEB128 number in zigzag.
//!
//! Invariant: whether they were decoded is seen by nobody. What is no list of `len` positions is decoded to one without source locations.

use std::borrow::Cow;
use std::ops::Deref;
use std::sync::OnceLock;

use crate::code_unit::Position;
use crate::leb128;

/// A list of positions.
#[derive(Clone, Default)]
pub struct Positions {
    decoded: OnceLock<Vec<Position>>,
    written: Written,
}

#[derive(Clone, Default)]
struct Written {
    bytes: Cow<'static, [u8]>,
    len: usize,
    /// The line that the first difference is to.
    first_line: u32,
}

impl Positions {
    /// As [`Positions::write`] wrote them.
    pub(crate) fn of_written(bytes: Cow<'static, [u8]>, len: usize, first_line: u32) -> Positions {
        Positions { decoded: OnceLock::new(), written: Written { bytes, len, first_line } }
    }

    /// Appends the differences to `out`.
    pub(crate) fn write(&self, first_line: u32, out: &mut Vec<u8>) {
        let (mut line, mut col) = (first_line as i64, 0);
        for position in self.iter() {
            leb128::write_signed(out, position.line as i64 - line);
            leb128::write_signed(out, position.end_line as i64 - position.line as i64);
            leb128::write_signed(out, position.col as i64 - col);
            leb128::write_signed(out, position.end_col as i64 - position.col as i64);
            (line, col) = (position.line as i64, position.col as i64);
        }
    }

    /// The same as they would be written, which takes less memory, if they were not read from there anyway.
    pub fn compact(self, first_line: u32) -> Positions {
        let Some(list) = self.decoded.get().filter(|list| !list.is_empty()) else { return self };
        let len = list.len();
        let mut bytes = Vec::with_capacity(5 * len);
        self.write(first_line, &mut bytes);
        bytes.shrink_to_fit();
        Positions::of_written(bytes.into(), len, first_line)
    }

    /// Their number, for which nothing is decoded.
    pub fn len(&self) -> usize {
        self.decoded.get().map_or(self.written.len, Vec::len)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The list, to be changed.
    pub fn to_mut(&mut self) -> &mut Vec<Position> {
        let list = match self.decoded.take() {
            Some(list) => list,
            None => self.written.decode(),
        };
        self.written = Written::default();
        // Set once: it has just been taken.
        self.decoded.get_or_init(|| list);
        self.decoded.get_mut().expect("it has just been set")
    }
}

impl Written {
    fn decode(&self) -> Vec<Position> {
        self.try_decode().unwrap_or_else(|| vec![Position::NONE; self.len])
    }
    fn try_decode(&self) -> Option<Vec<Position>> {
        let mut rest = &*self.bytes;
        let mut positions = Vec::with_capacity(self.len);
        let (mut line, mut col) = (self.first_line as i64, 0i64);
        for _ in 0..self.len {
            line = line.wrapping_add(leb128::read_signed(&mut rest)?);
            let end_line = line.wrapping_add(leb128::read_signed(&mut rest)?);
            col = col.wrapping_add(leb128::read_signed(&mut rest)?);
            let end_col = col.wrapping_add(leb128::read_signed(&mut rest)?);
            positions.push(Position {
                line: line as u32,
                end_line: end_line as u32,
                col: col as u32,
                end_col: end_col as u32,
            });
        }
        Some(positions)
    }
}

impl Deref for Positions {
    type Target = [Position];
    fn deref(&self) -> &[Position] {
        if let Some(list) = self.decoded.get() {
            return list;
        }
        // Before it is set, not while: a listener to the allocator may ask for the positions of the code that makes this list.
        let list = self.written.decode();
        self.decoded.get_or_init(|| list)
    }
}

impl PartialEq for Positions {
    /// Places without a source location are all alike.
    fn eq(&self, other: &Positions) -> bool {
        let same = |(a, b): (&Position, &Position)| a == b || a.is_none() && b.is_none();
        self.len() == other.len() && self.iter().zip(other.iter()).all(same)
    }
}

impl From<Vec<Position>> for Positions {
    fn from(list: Vec<Position>) -> Positions {
        Positions { decoded: OnceLock::from(list), written: Written::default() }
    }
}

impl std::fmt::Debug for Positions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.deref().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> Vec<Position> {
        let position = |line, end_line, col, end_col| Position { line, end_line, col, end_col };
        vec![position(7, 7, 4, 9), Position::NONE, Position::of_line(3), position(900, 1000, 0, 1)]
    }

    #[test]
    fn what_was_written_is_read_when_somebody_looks() {
        let mut bytes = Vec::new();
        Positions::from(some()).write(5, &mut bytes);
        let mut read = Positions::of_written(bytes.into(), 4, 5);
        assert_eq!(read.len(), 4);
        assert_eq!(*read, *some());
        read.to_mut().push(Position::NONE);
        assert_eq!((read.len(), read[4]), (5, Position::NONE));
    }

    #[test]
    fn malformed_bytes_are_positions_without_lines() {
        let read = Positions::of_written(Cow::Borrowed(&[0x80]), 2, 5);
        assert_eq!(*read, [Position::NONE; 2]);
    }
}
