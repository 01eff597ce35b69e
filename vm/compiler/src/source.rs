//! The source text with its line starts.

use ruff_text_size::{Ranged, TextRange, TextSize};
use taipan_bytecode::Position;

/// Source text and where its lines begin.
pub(crate) struct Source<'a> {
    pub(crate) text: &'a str,
    starts: Vec<u32>,
}

impl<'a> Source<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let bytes = text.as_bytes();
        let mut starts = vec![0];
        for (i, b) in bytes.iter().enumerate() {
            if *b == b'\n' || (*b == b'\r' && bytes.get(i + 1) != Some(&b'\n')) {
                starts.push(i as u32 + 1);
            }
        }
        Self { text, starts }
    }

    /// One-based line and zero-based byte column.
    pub(crate) fn line_and_column(&self, offset: TextSize) -> (u32, u32) {
        let offset = offset.to_u32();
        let line = self.starts.partition_point(|start| *start <= offset);
        (line as u32, offset - self.starts[line - 1])
    }

    /// One-based line and one-based character column.
    pub(crate) fn line_and_character(&self, offset: TextSize) -> (u32, u32) {
        let (line, column) = self.line_and_column(offset);
        let start = self.starts[line as usize - 1] as usize;
        let end = (start + column as usize).min(self.text.len());
        let characters = self.text.get(start..end).map_or(column as usize, |s| s.chars().count());
        (line, characters as u32 + 1)
    }

    pub(crate) fn line(&self, offset: TextSize) -> u32 {
        self.line_and_column(offset).0
    }

    pub(crate) fn position(&self, range: TextRange) -> Position {
        let (line, col) = self.line_and_column(range.start());
        let (end_line, end_col) = self.line_and_column(range.end());
        Position { line, end_line, col, end_col }
    }

    /// Text of a one-based line, with its line end as `\n`.
    pub(crate) fn line_text(&self, line: u32) -> String {
        let start = self.starts.get((line as usize).wrapping_sub(1)).copied().unwrap_or(0) as usize;
        let end = self.starts.get(line as usize).map_or(self.text.len(), |e| *e as usize);
        let text = self.text.get(start..end).unwrap_or("");
        let body = text.trim_end_matches(['\n', '\r']);
        if body.len() < text.len() { format!("{body}\n") } else { text.to_owned() }
    }

    /// Number of lines, counting the unfinished last one.
    pub(crate) fn line_count(&self) -> u32 {
        self.starts.len() as u32
    }

    /// Start of a one-based line.
    pub(crate) fn line_start(&self, line: u32) -> TextSize {
        self.starts.get((line as usize).wrapping_sub(1)).copied().unwrap_or(self.text.len() as u32).into()
    }

    pub(crate) fn slice(&self, node: &impl Ranged) -> &'a str {
        &self.text[node.range()]
    }
}
