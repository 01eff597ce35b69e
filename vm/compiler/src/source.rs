//! The source text with its line starts; or, of a tree that was made without one, the places of its nodes.

use ruff_python_ast::AtomicNodeIndex;
use ruff_text_size::{Ranged, TextRange, TextSize};
use taipan_bytecode::Position;

/// What stands for the source of a tree that has none: ranges in the tree are made of numbers of places.
///
/// Offsets below [`TreeSource::TEXTS`] are places, those from there on lead into texts.
#[derive(Debug, Default)]
pub struct TreeSource {
    /// One-based line and zero-based column.
    places: Vec<(u32, u32)>,
    texts: String,
    /// What nodes look like in a source, by their number.
    named: Vec<String>,
}

impl TreeSource {
    const TEXTS: u32 = 1 << 31;

    /// An offset for a place, higher than all before.
    pub fn place(&mut self, line: u32, column: u32) -> TextSize {
        if self.places.len() < Self::TEXTS as usize - 1 {
            self.places.push((line, column));
        }
        self.last()
    }
    /// The line and column of an offset.
    pub fn at(&self, offset: TextSize) -> (u32, u32) {
        self.places.get(offset.to_usize()).copied().unwrap_or((1, 0))
    }
    /// What a node was said to look like.
    pub fn named(&self, node: &AtomicNodeIndex) -> Option<&str> {
        self.named.get(node.load().as_u32()? as usize).map(String::as_str)
    }
    /// The offset given out last.
    pub fn last(&self) -> TextSize {
        TextSize::from(self.places.len().saturating_sub(1) as u32)
    }
    /// A range that has this text.
    pub fn text(&mut self, text: &str) -> TextRange {
        let start = Self::TEXTS + self.texts.len() as u32;
        self.texts.push_str(text);
        TextRange::at(TextSize::from(start), TextSize::of(text))
    }
    /// Says what the node with this index, an f-string or a field, looks like in a source.
    pub fn name_text(&mut self, node: &AtomicNodeIndex, text: String) {
        node.set((self.named.len() as u32).into());
        self.named.push(text);
    }
}

/// Source text and where its lines begin.
pub(crate) struct Source<'a> {
    pub(crate) text: &'a str,
    starts: Vec<u32>,
    tree: Option<&'a TreeSource>,
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
        Self { text, starts, tree: None }
    }

    /// The source of a tree that has none.
    pub(crate) fn of_tree(tree: &'a TreeSource) -> Self {
        Self { text: "", starts: vec![0], tree: Some(tree) }
    }

    /// The text that a node of a tree without source was given.
    pub(crate) fn named(&self, node: &AtomicNodeIndex) -> Option<&'a str> {
        self.tree?.named(node)
    }

    /// One-based line and zero-based byte column.
    pub(crate) fn line_and_column(&self, offset: TextSize) -> (u32, u32) {
        let offset = offset.to_u32();
        if let Some(tree) = self.tree {
            return tree.at(TextSize::from(offset));
        }
        let line = self.starts.partition_point(|start| *start <= offset);
        (line as u32, offset - self.starts[line - 1])
    }

    /// One-based line and one-based character column.
    pub(crate) fn line_and_character(&self, offset: TextSize) -> (u32, u32) {
        let (line, column) = self.line_and_column(offset);
        if self.tree.is_some() {
            return (line, column + 1);
        }
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
        match self.tree {
            Some(tree) => {
                let range = node.range();
                let at =
                    |offset: TextSize| offset.to_u32().checked_sub(TreeSource::TEXTS).map(|at| at as usize);
                let found = at(range.start()).zip(at(range.end()));
                found.and_then(|(start, end)| tree.texts.get(start..end)).unwrap_or_default()
            }
            None => &self.text[node.range()],
        }
    }
}
