//! Runs the grammar over the tokens, as CPython's parser does: a first pass that finds how far the source is
//! right, and a second one with the rules that know mistakes.
//!
//! A packrat parser: results are kept by place and rule. Tokens are read when a rule first looks at them, because the
//! tokenizer's mistakes count only as far as somebody looked. Left recursion grows a seed.

use rustc_hash::FxHashMap;

use super::grammar::{Alternative, Grammar, Item};
use super::token::{Done, Kind, Token};
use super::tokenizer::{Tokenizer, Wrong};
use crate::syntax_error::{SyntaxErrorInfo, SyntaxErrorKind};

/// How deep rules nest before the source is too complex.
const MAX_LEVEL: usize = 6000;

/// What a rule or an item found.
pub(super) type NodeId = u32;
/// An optional item that is not there, and items without value.
pub(super) const ABSENT: NodeId = 0;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Nothing,
    Token(u32),
    /// Several values.
    Group,
    Node(&'static str),
}

/// A node: what it is and from where to where.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) what: What,
    pub(super) line: u32,
    pub(super) column: i32,
    pub(super) end_line: u32,
    pub(super) end_column: i32,
    pub(super) children: Vec<NodeId>,
}

/// How to parse.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Settings {
    /// A source that ends too early is reported as such.
    pub(crate) incomplete: bool,
    /// The end of an interactive source ends no block.
    pub(crate) keep_indents: bool,
    /// `<>` in place of `!=`.
    pub(crate) barry: bool,
    pub(crate) single: bool,
}

pub(crate) struct Parser<'a> {
    pub(super) text: &'a str,
    pub(super) tokenizer: Tokenizer<'a>,
    grammar: &'static Grammar,
    pub(super) settings: Settings,
    pub(super) tokens: Vec<Token>,
    pub(super) mark: usize,
    pub(super) nodes: Vec<Node>,
    memo: FxHashMap<(u32, u16, bool), Option<(NodeId, u32)>>,
    pub(super) explain: bool,
    level: usize,
    parsing_started: bool,
    /// Set: everything fails from here on.
    pub(super) error: Option<Box<SyntaxErrorInfo>>,
    /// Line and column of the last statement that was right.
    pub(super) last_statement: (u32, u32),
}

type Letters = [NodeId; 5];

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str, settings: Settings) -> Self {
        let nothing = Node {
            what: What::Nothing,
            line: 0,
            column: 0,
            end_line: 0,
            end_column: 0,
            children: Vec::new(),
        };
        Self {
            text,
            tokenizer: Tokenizer::new(text, settings.barry),
            grammar: Grammar::get(),
            settings,
            tokens: Vec::new(),
            mark: 0,
            nodes: vec![nothing],
            memo: FxHashMap::default(),
            explain: false,
            level: 0,
            parsing_started: false,
            error: None,
            last_statement: (0, 0),
        }
    }

    /// One pass from a start rule: whether the source fits.
    pub(super) fn pass(&mut self, start: &str, explain: bool) -> bool {
        self.mark = 0;
        self.level = 0;
        self.explain = explain;
        self.memo.clear();
        let found = self.rule(self.grammar.rule(start));
        found.is_some() && self.error.is_none()
    }

    // --- tokens ---

    /// The token at the mark.
    pub(super) fn peek(&mut self) -> Option<Token> {
        if self.error.is_some() {
            return None;
        }
        if self.mark == self.tokens.len() {
            self.fill()?;
        }
        self.tokens.get(self.mark).copied()
    }

    fn fill(&mut self) -> Option<()> {
        match self.tokenizer.next() {
            Ok(mut token) => {
                if self.settings.single && token.kind == Kind::EndMarker && self.parsing_started {
                    token.kind = Kind::Newline;
                    self.parsing_started = false;
                    if !self.settings.keep_indents {
                        self.tokenizer.drop_indents();
                    }
                } else {
                    self.parsing_started = true;
                }
                self.tokens.push(token);
                Some(())
            }
            Err(Wrong) => {
                let info = self.tokenizer_error();
                self.error = Some(info);
                None
            }
        }
    }

    pub(super) fn token_text(&self, token: Token) -> &'a str {
        self.text.get(token.start..token.end).unwrap_or("")
    }

    // --- nodes ---

    fn make(&mut self, what: What, from: usize, children: Vec<NodeId>) -> NodeId {
        let start = self.tokens.get(from).copied();
        let end = self.mark.checked_sub(1).and_then(|i| {
            // Blank tokens do not count.
            (0..=i)
                .rev()
                .map(|i| self.tokens[i])
                .find(|t| !matches!(t.kind, Kind::Newline | Kind::Indent | Kind::Dedent | Kind::EndMarker))
        });
        self.nodes.push(Node {
            what,
            line: start.map_or(0, |t| t.line),
            column: start.map_or(-1, |t| t.column),
            end_line: end.map_or(0, |t| t.end_line),
            end_column: end.map_or(-1, |t| t.end_column),
            children,
        });
        self.nodes.len() as NodeId - 1
    }

    /// A node from `start` to the mark with one child.
    pub(super) fn node_here(&mut self, tag: &'static str, start: usize, child: NodeId) -> NodeId {
        self.make(What::Node(tag), start, vec![child])
    }

    fn token_node(&mut self, index: usize) -> NodeId {
        let token = self.tokens[index];
        self.nodes.push(Node {
            what: What::Token(index as u32),
            line: token.line,
            column: token.column,
            end_line: token.end_line,
            end_column: token.end_column,
            children: Vec::new(),
        });
        self.nodes.len() as NodeId - 1
    }

    /// A group that reaches from its first to its last child.
    fn group(&mut self, from: usize, children: Vec<NodeId>) -> NodeId {
        let real: Vec<NodeId> = children.iter().copied().filter(|c| *c != ABSENT).collect();
        let (Some(first), Some(last)) = (real.first(), real.last()) else {
            return self.make(What::Group, from, children);
        };
        let (first, last) = (self.nodes[*first as usize].clone(), self.nodes[*last as usize].clone());
        self.nodes.push(Node {
            what: What::Group,
            line: first.line,
            column: first.column,
            end_line: last.end_line,
            end_column: last.end_column,
            children,
        });
        self.nodes.len() as NodeId - 1
    }

    // --- rules ---

    pub(super) fn rule(&mut self, index: usize) -> Option<NodeId> {
        if self.error.is_some() {
            return None;
        }
        if self.level >= MAX_LEVEL {
            let message = "Parser stack overflowed - Python source too complex to parse";
            self.error = Some(Box::new(SyntaxErrorInfo::bare(SyntaxErrorKind::MemoryError, message)));
            return None;
        }
        let rule = &self.grammar.rules[index];
        if rule.name == "expression_without_invalid" {
            let explain = std::mem::replace(&mut self.explain, false);
            let found = self.rule_body(index);
            self.explain = explain;
            return found;
        }
        let key = (self.mark as u32, index as u16, rule.memo || self.explain);
        if let Some(known) = self.memo.get(&key) {
            return known.map(|(node, end)| {
                self.mark = end as usize;
                node
            });
        }
        if rule.left_recursive {
            return self.grow(index, key);
        }
        let found = self.rule_body(index);
        let end = self.mark as u32;
        self.memo.insert(key, found.map(|node| (node, end)));
        found
    }

    fn rule_body(&mut self, index: usize) -> Option<NodeId> {
        let grammar = self.grammar;
        self.level += 1;
        let found = self.alternatives(&grammar.rules[index].alternatives);
        self.level -= 1;
        found
    }

    fn grow(&mut self, index: usize, key: (u32, u16, bool)) -> Option<NodeId> {
        let start = self.mark;
        self.memo.insert(key, None);
        let mut best = None;
        loop {
            self.mark = start;
            let found = self.rule_body(index);
            let longest = best.map_or(start, |(_, end)| end as usize);
            match found {
                Some(node) if self.mark > longest && self.error.is_none() => {
                    best = Some((node, self.mark as u32));
                    self.memo.insert(key, best);
                }
                _ => break,
            }
        }
        match best {
            Some((node, end)) if self.error.is_none() => {
                self.mark = end as usize;
                Some(node)
            }
            _ => {
                self.mark = start;
                None
            }
        }
    }

    fn alternatives(&mut self, alternatives: &'static [Alternative]) -> Option<NodeId> {
        let start = self.mark;
        for alternative in alternatives {
            if self.error.is_some() {
                return None;
            }
            if alternative.invalid && !self.explain {
                continue;
            }
            self.mark = start;
            let (mut letters, mut values, mut cut) = ([ABSENT; 5], Vec::new(), false);
            if self.items(alternative, &mut letters, &mut values, &mut cut) {
                // Without a result the rule fails: no other alternative is tried.
                let found = self.act(alternative, start, letters, values);
                if found.is_none() {
                    self.mark = start;
                }
                return found;
            }
            self.mark = start;
            if cut {
                return None;
            }
        }
        None
    }

    fn items(
        &mut self,
        alternative: &'static Alternative,
        letters: &mut Letters,
        values: &mut Vec<NodeId>,
        cut: &mut bool,
    ) -> bool {
        for (letter, item) in &alternative.items {
            if matches!(item, Item::Cut) {
                *cut = true;
                continue;
            }
            let Some(value) = self.item(item) else { return false };
            if self.error.is_some() {
                return false;
            }
            if let Some(letter) = letter {
                letters[*letter as usize] = value;
            }
            if !matches!(item, Item::Ahead(..)) {
                values.push(value);
            }
        }
        true
    }

    fn act(
        &mut self,
        alternative: &'static Alternative,
        start: usize,
        letters: Letters,
        values: Vec<NodeId>,
    ) -> Option<NodeId> {
        use super::grammar::Action;
        match &alternative.action {
            Action::Pass if values.len() == 1 => values.first().copied(),
            Action::Pass => Some(self.group(start, values)),
            Action::Node(tag) => Some(self.make(What::Node(tag), start, values)),
            Action::Raise { place, indentation, message } => {
                self.raise_at(*place, *indentation, message, letters);
                None
            }
            Action::Target { kind, of } => {
                self.raise_target(kind, letters[*of as usize]);
                None
            }
            Action::Special("same") => Some(letters[0]),
            Action::Special(name) => self.special(name, letters, &values, start),
        }
    }

    fn item(&mut self, item: &'static Item) -> Option<NodeId> {
        match item {
            Item::Token(kind) => {
                let token = self.peek()?;
                if token.kind != *kind || (*kind == Kind::Name && is_keyword(self.token_text(token))) {
                    return None;
                }
                self.take()
            }
            Item::Literal(text) => {
                self.literal(text)?;
                self.take()
            }
            Item::Soft(text) => {
                let token = self.peek()?;
                if token.kind != Kind::Name || self.token_text(token) != *text {
                    return None;
                }
                self.take()
            }
            Item::SoftKeyword => {
                let token = self.peek()?;
                let soft = matches!(self.token_text(token), "_" | "case" | "match" | "type");
                if token.kind != Kind::Name || !soft {
                    return None;
                }
                self.take()
            }
            Item::Rule(index) => self.rule(*index),
            Item::Group(alternatives) => self.alternatives(alternatives),
            Item::Optional(inner) => {
                let start = self.mark;
                match self.item(inner) {
                    None if self.error.is_some() => None,
                    None => {
                        self.mark = start;
                        Some(ABSENT)
                    }
                    found => found,
                }
            }
            Item::Many(inner, some) => self.many(inner, *some),
            Item::Separated(separator, element) => self.separated(separator, element),
            Item::Ahead(inner, wanted) => {
                let start = self.mark;
                let found = self.item(inner).is_some();
                self.mark = start;
                (self.error.is_none() && found == *wanted).then_some(ABSENT)
            }
            Item::Cut => Some(ABSENT),
            Item::Forced(text) => {
                if self.literal(text).is_none() {
                    self.peek()?;
                    let node = self.token_node(self.mark);
                    self.raise_node(node, format!("expected '{text}'"));
                    return None;
                }
                self.take()
            }
        }
    }

    fn literal(&mut self, text: &str) -> Option<()> {
        let token = self.peek()?;
        (matches!(token.kind, Kind::Op | Kind::Name) && self.token_text(token) == text).then_some(())
    }

    fn take(&mut self) -> Option<NodeId> {
        let node = self.token_node(self.mark);
        self.mark += 1;
        Some(node)
    }

    fn many(&mut self, inner: &'static Item, some: bool) -> Option<NodeId> {
        let start = self.mark;
        let mut found = Vec::new();
        loop {
            let before = self.mark;
            match self.item(inner) {
                Some(node) if self.mark > before => found.push(node),
                _ => {
                    self.mark = before;
                    break;
                }
            }
        }
        if self.error.is_some() || (some && found.is_empty()) {
            return None;
        }
        Some(self.group(start, found))
    }

    fn separated(&mut self, separator: &'static Item, element: &'static Item) -> Option<NodeId> {
        let start = self.mark;
        let mut found = vec![self.item(element)?];
        loop {
            let before = self.mark;
            let next = self.item(separator).and_then(|_| self.item(element));
            match next {
                Some(node) => found.push(node),
                None => {
                    self.mark = before;
                    break;
                }
            }
        }
        if self.error.is_some() {
            return None;
        }
        Some(self.group(start, found))
    }

    /// Whether the tokenizer reached the end of the source.
    pub(super) fn at_end_of_source(&self) -> bool {
        matches!(self.tokenizer.done, Done::Eof | Done::EofInString | Done::EolInString)
    }
}

pub(super) fn is_keyword(name: &str) -> bool {
    matches!(
        name,
        "False"
            | "None"
            | "True"
            | "and"
            | "as"
            | "assert"
            | "async"
            | "await"
            | "break"
            | "class"
            | "continue"
            | "def"
            | "del"
            | "elif"
            | "else"
            | "except"
            | "finally"
            | "for"
            | "from"
            | "global"
            | "if"
            | "import"
            | "in"
            | "is"
            | "lambda"
            | "nonlocal"
            | "not"
            | "or"
            | "pass"
            | "raise"
            | "return"
            | "try"
            | "while"
            | "with"
            | "yield"
    )
}
