//! Positions and exception table of a code in CPython's compact forms, which Python code sees as `co_linetable` and `co_exceptiontable`.
//!
//! An instruction word is four code units, as it is in `co_positions` and `f_lasti`. The forms are those that CPython's
//! `Objects/locations.md` and `Objects/exception_handling_notes.txt` describe.

use taipan_bytecode::{ExceptionEntry, Position};

/// Code units (two bytes) of a word.
const UNITS: usize = 4;

const ONE_LINE: u8 = 10;
const NO_COLUMNS: u8 = 13;
const LONG: u8 = 14;
const NOWHERE: u8 = 15;

fn varint(out: &mut Vec<u8>, mut value: u32) {
    while value >= 64 {
        out.push(64 | (value & 63) as u8);
        value >>= 6;
    }
    out.push(value as u8);
}

fn signed_varint(out: &mut Vec<u8>, value: i64) {
    let magnitude = value.unsigned_abs() as u32;
    varint(out, magnitude << 1 | (value < 0) as u32);
}

/// The line table of the positions of successive words.
pub fn line_table<'a>(first_line: u32, words: impl Iterator<Item = &'a Position>, columns: bool) -> Vec<u8> {
    let mut out = Vec::new();
    let mut line = i64::from(first_line);
    let words: Vec<&Position> = words.collect();
    for equal in words.chunk_by(|a, b| a == b) {
        // An entry holds two words.
        for pair in equal.chunks(2) {
            write_entry(&mut out, pair[0], (pair.len() * UNITS) as u8, &mut line, columns);
        }
    }
    out
}

fn write_entry(out: &mut Vec<u8>, p: &Position, units: u8, line: &mut i64, columns: bool) {
    let mut start = |code: u8| out.push(0x80 | code << 3 | (units - 1));
    if p.is_none() {
        return start(NOWHERE);
    }
    let delta = i64::from(p.line) - *line;
    *line = i64::from(p.line);
    if !columns || !p.has_columns() {
        start(NO_COLUMNS);
        return signed_varint(out, delta);
    }
    let one_line = p.line == p.end_line;
    if one_line && delta == 0 && p.col < 80 && p.end_col >= p.col && p.end_col - p.col < 16 {
        start((p.col >> 3) as u8);
        out.push(((p.col & 7) << 4 | (p.end_col - p.col)) as u8);
    } else if one_line && (0..3).contains(&delta) && p.col < 128 && p.end_col < 128 {
        start(ONE_LINE + delta as u8);
        out.extend([p.col as u8, p.end_col as u8]);
    } else {
        start(LONG);
        signed_varint(out, delta);
        varint(out, p.end_line.saturating_sub(p.line));
        varint(out, p.col + 1);
        varint(out, p.end_col + 1);
    }
}

/// Reads a table; past its end it gives zeros.
struct Bytes<'a>(std::slice::Iter<'a, u8>);

impl Bytes<'_> {
    fn byte(&mut self) -> u32 {
        self.0.next().map_or(0, |byte| u32::from(*byte))
    }
    fn varint(&mut self) -> u32 {
        let mut value = 0u32;
        let mut shift = 0;
        loop {
            let byte = self.byte();
            value |= (byte & 63).checked_shl(shift).unwrap_or(0);
            shift += 6;
            if byte & 64 == 0 {
                return value;
            }
        }
    }
    fn signed_varint(&mut self) -> i64 {
        let value = self.varint();
        let magnitude = i64::from(value >> 1);
        if value & 1 != 0 { -magnitude } else { magnitude }
    }
}

/// The positions of the words that a line table covers; each is its first code unit's.
pub fn positions(table: &[u8], first_line: u32) -> Vec<Position> {
    let mut words = Vec::new();
    let mut bytes = Bytes(table.iter());
    let mut line = i64::from(first_line);
    let mut unit = 0;
    while let Some(&first) = bytes.0.next() {
        let units = usize::from(first & 7) + 1;
        let code = first >> 3 & 15;
        let at = |line: i64| u32::try_from(line.max(0)).unwrap_or(0);
        let position = match code {
            NOWHERE => Position::NONE,
            NO_COLUMNS => {
                line += bytes.signed_varint();
                Position::of_line(at(line))
            }
            LONG => {
                line += bytes.signed_varint();
                let end_line = at(line).saturating_add(bytes.varint());
                let (col, end_col) = (bytes.varint(), bytes.varint());
                Position {
                    line: at(line),
                    end_line,
                    col: col.wrapping_sub(1),
                    end_col: end_col.wrapping_sub(1),
                }
            }
            ONE_LINE..NO_COLUMNS => {
                line += i64::from(code - ONE_LINE);
                Position { line: at(line), end_line: at(line), col: bytes.byte(), end_col: bytes.byte() }
            }
            _ => {
                let second = bytes.byte();
                let col = u32::from(code) << 3 | second >> 4 & 7;
                Position { line: at(line), end_line: at(line), col, end_col: col + (second & 15) }
            }
        };
        for _ in 0..units {
            if unit % UNITS == 0 {
                words.push(position);
            }
            unit += 1;
        }
    }
    words
}

/// The exception table, of words with one more in front of index `entry`.
pub fn exception_table(entries: &[ExceptionEntry], entry: u32) -> Vec<u8> {
    let mut out = Vec::new();
    let units = |index: u32| (index + (index >= entry) as u32) * UNITS as u32;
    for e in entries {
        let depth_and_lasti = u32::from(e.depth) << 1 | e.lasti as u32;
        let length = units(e.end).saturating_sub(units(e.start));
        let numbers = [units(e.start), length, units(e.handler), depth_and_lasti];
        for (index, number) in numbers.into_iter().enumerate() {
            let begin = out.len();
            for shift in [30, 24, 18, 12, 6] {
                if number >> shift != 0 {
                    out.push(64 | (number >> shift & 63) as u8);
                }
            }
            out.push((number & 63) as u8);
            if index == 0 {
                out[begin] |= 0x80;
            }
        }
    }
    out
}

/// Reads an exception table; `None` if it is not one.
pub fn exception_entries(table: &[u8], entry: u32) -> Option<Vec<ExceptionEntry>> {
    let mut bytes = table.iter();
    let mut entries = Vec::new();
    while bytes.len() > 0 {
        let mut number = || {
            let mut value = 0u32;
            loop {
                let byte = *bytes.next()?;
                value = value.checked_mul(64)? | u32::from(byte & 63);
                if byte & 64 == 0 {
                    return Some(value);
                }
            }
        };
        let (start, length, target, depth_and_lasti) = (number()?, number()?, number()?, number()?);
        let word = |unit: u32| {
            let word = unit / UNITS as u32;
            if word > entry {
                Some(word - 1)
            } else if word < entry {
                Some(word)
            } else {
                None
            }
        };
        entries.push(ExceptionEntry {
            start: word(start)?,
            end: word(start.checked_add(length)?)?,
            handler: word(target)?,
            depth: u16::try_from(depth_and_lasti >> 1).ok()?,
            lasti: depth_and_lasti & 1 != 0,
        });
    }
    Some(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_survive_the_table() {
        let p = |line, end_line, col, end_col| Position { line, end_line, col, end_col };
        let all = [
            p(10, 10, 0, 0),
            p(10, 10, 79, 94),
            p(10, 10, 79, 94),
            p(10, 10, 79, 94),
            p(12, 12, 100, 127),
            p(3, 9, 300, 5),
            Position::NONE,
            Position::of_line(4),
            p(4, 4, 7, 2),
        ];
        assert_eq!(positions(&line_table(10, all.iter(), true), 10), all);
        let plain = positions(&line_table(10, all.iter(), false), 10);
        assert!(plain.iter().all(|position| position.line == 0 || !position.has_columns()));
    }

    #[test]
    fn exception_entries_survive_the_table() {
        let entries = [
            ExceptionEntry { start: 0, end: 3, handler: 70_000, depth: 5, lasti: true },
            ExceptionEntry { start: 20, end: 3000, handler: 4, depth: 0, lasti: false },
        ];
        let table = exception_table(&entries, 0);
        assert_eq!(exception_entries(&table, 0).as_deref(), Some(&entries[..]));
        assert_eq!(exception_entries(&table[..table.len() - 1], 0), None);
    }
}
