//! What the parser does when it knows a mistake: errors with their place, and the checks of some rules.

use super::grammar::Place;
use super::parser::{ABSENT, NodeId, Parser, What, is_keyword};
use super::token::{Done, Kind, Token};
use crate::syntax_error::{SyntaxErrorInfo, SyntaxErrorKind};

/// A place in lines and one-based byte columns; what is below 1 stays as it is.
#[derive(Clone, Copy)]
struct Span {
    line: u32,
    column: i32,
    end_line: u32,
    end_column: i32,
}

impl<'a> Parser<'a> {
    // --- errors with a place ---

    /// Text of the line that an error shows.
    fn error_text(&self, line: u32) -> String {
        if self.tokenizer.line <= line && self.tokenizer.read_to() > self.tokenizer.buffer {
            return self.text[self.tokenizer.buffer..self.tokenizer.read_to()].to_owned();
        }
        self.text.split('\n').nth((line as usize).saturating_sub(1)).unwrap_or("").to_owned()
    }

    fn raise(&mut self, kind: SyntaxErrorKind, message: String, span: Span) {
        if self.error.is_some() {
            return;
        }
        let text = self.error_text(span.line);
        let characters = |column: i32| {
            if column <= 0 {
                return column;
            }
            let bytes = text.as_bytes();
            let whole = bytes.iter().take(column as usize).filter(|b| (**b & 0xc0) != 0x80).count() as i32;
            whole + i32::from(column as usize > bytes.len())
        };
        self.error = Some(Box::new(SyntaxErrorInfo {
            kind,
            message,
            line: span.line,
            offset: characters(span.column),
            end_line: span.end_line,
            end_offset: characters(span.end_column),
            text: Some(text),
            metadata: None,
            warnings: Vec::new(),
        }));
    }

    /// Bytes of the line read so far.
    fn cursor_column(&self) -> i32 {
        self.tokenizer.cursor.saturating_sub(self.tokenizer.line_start) as i32
    }

    /// At a token; one without place is where reading stopped.
    pub(super) fn raise_token(&mut self, kind: SyntaxErrorKind, message: String, token: Token) {
        let column = if token.column == -1 { self.cursor_column() } else { token.column + 1 };
        let end_column = if token.end_column == -1 { -1 } else { token.end_column + 1 };
        self.raise(kind, message, Span { line: token.line, column, end_line: token.end_line, end_column });
    }

    pub(super) fn raise_last(&mut self, kind: SyntaxErrorKind, message: impl Into<String>) {
        if let Some(token) = self.tokens.last().copied() {
            self.raise_token(kind, message.into(), token);
        } else {
            self.raise(kind, message.into(), Span { line: 0, column: 0, end_line: 0, end_column: -1 });
        }
    }

    /// At a token, as its columns are.
    pub(super) fn raise_known(&mut self, message: String, token: Token) {
        let span = Span {
            line: token.line,
            column: token.column + 1,
            end_line: token.end_line,
            end_column: token.end_column + 1,
        };
        self.raise(SyntaxErrorKind::SyntaxError, message, span);
    }

    fn raise_range(&mut self, first: NodeId, last: NodeId, message: String) {
        let (first, last) = (&self.nodes[first as usize], &self.nodes[last as usize]);
        let span = Span {
            line: first.line,
            column: first.column + 1,
            end_line: last.end_line,
            end_column: last.end_column + 1,
        };
        self.raise(SyntaxErrorKind::SyntaxError, message, span);
    }

    pub(super) fn raise_node(&mut self, node: NodeId, message: String) {
        self.raise_range(node, node, message);
    }

    fn raise_from(&mut self, node: NodeId, message: String) {
        let node = &self.nodes[node as usize];
        let (line, column) = (node.line, node.column + 1);
        let (end_line, end_column) = (self.tokenizer.line, self.cursor_column());
        self.raise(SyntaxErrorKind::SyntaxError, message, Span { line, column, end_line, end_column });
    }

    /// The mistake that stopped the tokenizer.
    pub(super) fn tokenizer_error(&mut self) -> Box<SyntaxErrorInfo> {
        if let Some(info) = self.tokenizer_mistake() {
            return info;
        }
        let (line, column) = (self.tokenizer.line, self.cursor_column());
        let here = Span { line, column, end_line: line, end_column: -1 };
        let known = |column: i32| Span { line, column, end_line: line, end_column: 0 };
        match self.tokenizer.done {
            Done::Dedent => {
                let message = "unindent does not match any outer indentation level";
                self.raise(SyntaxErrorKind::IndentationError, message.into(), here);
            }
            Done::Tabs => {
                let message = "inconsistent use of tabs and spaces in indentation";
                self.raise(SyntaxErrorKind::TabError, message.into(), known(1));
            }
            Done::TooDeep => {
                let message = "too many levels of indentation";
                self.raise(SyntaxErrorKind::IndentationError, message.into(), known(1));
            }
            Done::Continuation => {
                let message = "unexpected character after line continuation character";
                let column = self.tokenizer.cursor.saturating_sub(self.tokenizer.buffer) as i32;
                self.raise(SyntaxErrorKind::SyntaxError, message.into(), known(column));
            }
            _ if self.tokenizer.brackets.is_empty() => {
                self.raise(SyntaxErrorKind::SyntaxError, "unexpected EOF while parsing".into(), here);
            }
            _ => self.raise_unclosed(),
        }
        let bare = || Box::new(SyntaxErrorInfo::bare(SyntaxErrorKind::SyntaxError, "unknown parsing error"));
        self.error.take().unwrap_or_else(bare)
    }

    fn tokenizer_mistake(&self) -> Option<Box<SyntaxErrorInfo>> {
        let mistake = self.tokenizer.mistake.as_ref()?;
        let line = self.text.split('\n').nth((mistake.line as usize).saturating_sub(1)).unwrap_or("");
        Some(Box::new(SyntaxErrorInfo {
            kind: SyntaxErrorKind::SyntaxError,
            message: mistake.message.clone(),
            line: mistake.line,
            offset: mistake.offset,
            end_line: mistake.line,
            end_offset: mistake.end_offset,
            text: Some(line.to_owned()),
            metadata: None,
            warnings: Vec::new(),
        }))
    }

    fn raise_unclosed(&mut self) {
        if let Some(bracket) = self.tokenizer.brackets.last().copied() {
            let message = format!("'{}' was never closed", bracket.byte as char);
            let (line, column) = (bracket.line, bracket.column + 1);
            self.raise(
                SyntaxErrorKind::SyntaxError,
                message,
                Span { line, column, end_line: line, end_column: 0 },
            );
        }
    }

    /// Reads on to the end: a mistake of the tokenizer goes before the parser's error, as does a bracket
    /// that an earlier line left open.
    pub(super) fn check_rest(&mut self) {
        let error_line = self.tokens.last().map_or(0, |t| t.line);
        loop {
            match self.tokenizer.next() {
                Ok(token) if token.kind == Kind::EndMarker => return,
                Ok(_) => {}
                Err(_) => break,
            }
        }
        if let Some(info) = self.tokenizer_mistake() {
            // What is wrong in a field goes before what is wrong with its string.
            if !self.tokenizer.in_string() {
                self.error = Some(info);
            }
        } else if self.tokenizer.brackets.last().is_some_and(|b| error_line > b.line) {
            self.error = None;
            self.raise_unclosed();
        }
    }

    // --- actions ---

    pub(super) fn raise_at(&mut self, place: Place, indentation: bool, message: &str, letters: [NodeId; 5]) {
        let message = self.fill_in(message, letters);
        let node = |letter: u8| letters[letter as usize];
        match place {
            Place::Last if indentation => self.raise_last(SyntaxErrorKind::IndentationError, message),
            Place::Last => self.raise_last(SyntaxErrorKind::SyntaxError, message),
            Place::Next => {
                if let Some(token) = self.peek() {
                    self.raise_token(SyntaxErrorKind::SyntaxError, message, token);
                }
            }
            Place::At(letter) => self.raise_node(node(letter), message),
            Place::Range(first, last) => self.raise_range(node(first), node(last), message),
            Place::From(letter) => self.raise_from(node(letter), message),
        }
    }

    /// `{a}` is what a node is called, `{a.text}` its text, `{a.line}` its line.
    fn fill_in(&self, message: &str, letters: [NodeId; 5]) -> String {
        if !message.contains("{a") {
            return message.to_owned();
        }
        let node = letters[0];
        let text = match self.nodes[node as usize].what {
            What::Token(index) => self.token_text(self.tokens[index as usize]),
            _ => "",
        };
        message
            .replace("{a}", self.name_of(node))
            .replace("{a.text}", text)
            .replace("{a.line}", &self.nodes[node as usize].line.to_string())
    }

    pub(super) fn raise_target(&mut self, kind: &str, node: NodeId) {
        if let Some(wrong) = self.wrong_target(kind, node) {
            let verb = if kind == "delete" { "delete" } else { "assign to" };
            let message = format!("cannot {verb} {}", self.name_of(wrong));
            self.raise_node(wrong, message);
        }
    }

    /// The part of a target that cannot be one.
    fn wrong_target(&self, kind: &str, node: NodeId) -> Option<NodeId> {
        match self.tag(node) {
            "List" | "Tuple" => {
                self.elements(node).into_iter().find_map(|element| self.wrong_target(kind, element))
            }
            "Starred" if kind == "delete" => Some(node),
            "Starred" => self.elements(node).first().and_then(|value| self.wrong_target(kind, *value)),
            "Compare" if kind == "for" => {
                let parts = self.elements_and_operators(node);
                let of_in = parts.get(1).is_some_and(|operator| self.text_of(*operator) == "in");
                if of_in { parts.first().and_then(|left| self.wrong_target(kind, *left)) } else { None }
            }
            "Name" | "Subscript" | "Attribute" => None,
            _ => Some(node),
        }
    }

    fn tag(&self, node: NodeId) -> &'static str {
        match self.nodes[node as usize].what {
            What::Nothing => "",
            What::Group => "Group",
            What::Node(tag) => tag,
            What::Token(index) => {
                let token = self.tokens[index as usize];
                let text = self.token_text(token);
                match token.kind {
                    Kind::Name if text == "True" => "True",
                    Kind::Name if text == "False" => "False",
                    Kind::Name if text == "None" => "None",
                    Kind::Name if !is_keyword(text) => "Name",
                    Kind::Number | Kind::String => "Constant",
                    Kind::Op if text == "..." => "Ellipsis",
                    _ => "",
                }
            }
        }
    }

    fn text_of(&self, node: NodeId) -> &str {
        match self.nodes[node as usize].what {
            What::Token(index) => self.token_text(self.tokens[index as usize]),
            _ => "",
        }
    }

    /// The parts of a node: groups are opened, operators and keywords left out.
    fn elements(&self, node: NodeId) -> Vec<NodeId> {
        let mut parts = self.elements_and_operators(node);
        parts.retain(|part| !self.tag(*part).is_empty());
        parts
    }

    fn elements_and_operators(&self, node: NodeId) -> Vec<NodeId> {
        let mut parts = Vec::new();
        let mut todo: Vec<NodeId> = self.nodes[node as usize].children.iter().rev().copied().collect();
        while let Some(next) = todo.pop() {
            match self.nodes[next as usize].what {
                What::Nothing => {}
                What::Group => todo.extend(self.nodes[next as usize].children.iter().rev()),
                _ => parts.push(next),
            }
        }
        parts
    }

    /// CPython's word for a kind of expression.
    fn name_of(&self, node: NodeId) -> &'static str {
        match self.tag(node) {
            "Attribute" => "attribute",
            "Subscript" => "subscript",
            "Starred" => "starred",
            "Name" => "name",
            "List" => "list",
            "Tuple" => "tuple",
            "Lambda" => "lambda",
            "Call" => "function call",
            "BoolOp" | "BinOp" | "UnaryOp" => "expression",
            "GeneratorExp" => "generator expression",
            "Yield" => "yield expression",
            "Await" => "await expression",
            "ListComp" => "list comprehension",
            "SetComp" => "set comprehension",
            "DictComp" => "dict comprehension",
            "Dict" => "dict literal",
            "Set" => "set display",
            "JoinedStr" => "f-string expression",
            "TemplateStr" => "t-string expression",
            "Constant" => "literal",
            "True" => "True",
            "False" => "False",
            "None" => "None",
            "Ellipsis" => "ellipsis",
            "Compare" => "comparison",
            "IfExp" => "conditional expression",
            "NamedExpr" => "named expression",
            _ => "expression",
        }
    }

    fn is_legacy(&self, node: NodeId) -> bool {
        self.tag(node) == "Name" && matches!(self.text_of(node), "print" | "exec")
    }

    /// The last part of a comprehension's clauses: their last condition, or what they iterate over.
    fn clauses_end(&self, clauses: NodeId) -> NodeId {
        let last = self.elements(clauses).last().copied().unwrap_or(clauses);
        let last = if self.tag(last) == "Clause" { last } else { clauses };
        self.elements(last).last().copied().unwrap_or(last)
    }

    /// The target of the last clause.
    fn clauses_target(&self, clauses: NodeId) -> NodeId {
        let last = self.elements(clauses).last().copied().unwrap_or(clauses);
        let last = if self.tag(last) == "Clause" { last } else { clauses };
        self.elements(last).first().copied().unwrap_or(last)
    }

    /// Actions that look closer.
    pub(super) fn special(
        &mut self,
        name: &str,
        letters: [NodeId; 5],
        values: &[NodeId],
        start: usize,
    ) -> Option<NodeId> {
        let [a, b, ..] = letters;
        match name {
            "compound" => {
                if let Some(token) = self.tokens.get(start)
                    && token.line >= self.last_statement.0
                {
                    self.last_statement = (token.line, token.column.max(0) as u32);
                }
                return Some(a);
            }
            "not_equal" => {
                let token = self.tokens[start];
                let text = self.token_text(token);
                if text == "!=" && self.settings.barry {
                    let message = "with Barry as BDFL, use '<>' instead of '!='";
                    self.raise_last(SyntaxErrorKind::SyntaxError, message);
                    return None;
                }
                return ((text == "<>") == self.settings.barry).then(|| values.first().copied().unwrap_or(a));
            }
            "real" | "imaginary" => {
                let imaginary = self.text_of(a).ends_with(['j', 'J']);
                if imaginary == (name == "imaginary") {
                    return Some(a);
                }
                self.raise_node(a, format!("{name} number required in complex literal"));
            }
            "conversion" => return self.conversion(a, b),
            "string" => return self.string_literal(a, start),
            "fstring" | "tstring" => return self.interpolated(name, a, start),
            "strings" => return self.joined_strings(a, start),
            "mixed_strings" => {
                let (Some(last), Some(first)) =
                    (self.elements(a).last().copied(), self.elements(b).first().copied())
                else {
                    return None;
                };
                let message = "cannot mix t-string literals with string or bytes literals";
                self.raise_range(last, first, message.into());
            }
            "generator" => {
                let end = self.clauses_end(b);
                self.raise_range(a, end, "Generator expression must be parenthesized".into());
            }
            "generator_target" => {
                let end = self.clauses_target(b);
                self.raise_range(a, end, "Generator expression must be parenthesized".into());
            }
            "last_generator" => {
                let positional: Vec<NodeId> = self
                    .elements(a)
                    .into_iter()
                    .filter(|e| !matches!(self.tag(*e), "Keyword" | "DoubleStarred"))
                    .collect();
                if let [_, .., last] = positional[..] {
                    let end = self.clauses_end(b);
                    self.raise_range(last, end, "Generator expression must be parenthesized".into());
                }
            }
            "positional" => {
                let unpacked = self.elements(a).iter().any(|e| self.tag(*e) == "DoubleStarred");
                let what = if unpacked { " unpacking" } else { "" };
                let message = format!("positional argument follows keyword argument{what}");
                self.raise_last(SyntaxErrorKind::SyntaxError, message);
            }
            "legacy" if self.is_legacy(a) => {
                let word = self.text_of(a).to_owned();
                let message = format!("Missing parentheses in call to '{word}'. Did you mean {word}(...)?");
                self.raise_range(a, b, message);
            }
            "comma" if !self.is_legacy(a) => {
                let inside = self.mark.checked_sub(1).is_some_and(|i| self.tokens[i].level > 0);
                if inside {
                    self.raise_range(a, b, "invalid syntax. Perhaps you forgot a comma?".into());
                }
            }
            "type_variable_tuple" | "parameter_specification" => {
                let what = if self.tag(b) == "Tuple" { "constraints" } else { "bound" };
                let kind = if name == "type_variable_tuple" { "TypeVarTuple" } else { "ParamSpec" };
                self.raise_from(a, format!("cannot use {what} with {kind}"));
            }
            "comprehension_target" => {
                let last = self.elements(b).last().copied().unwrap_or(b);
                self.raise_range(
                    a,
                    last,
                    "did you forget parentheses around the comprehension target?".into(),
                );
            }
            "diamond" => {
                let (first, second) = (&self.nodes[a as usize], &self.nodes[b as usize]);
                if (first.end_line, first.end_column) == (second.line, second.column) {
                    self.raise_range(a, b, "invalid syntax.  Maybe you meant '!=' instead of '<>'?".into());
                }
            }
            "no_colon" => {
                let node = &self.nodes[a as usize];
                let (line, end_line) = (node.line, node.end_line);
                let span = Span { line, column: node.end_column, end_line, end_column: 0 };
                self.raise(SyntaxErrorKind::SyntaxError, "':' expected after dictionary key".into(), span);
            }
            _ => {}
        }
        None
    }

    fn conversion(&mut self, sign: NodeId, letter: NodeId) -> Option<NodeId> {
        let prefix = self.tokenizer.prefix();
        let (before, after) = (&self.nodes[sign as usize], &self.nodes[letter as usize]);
        if before.line != after.line || before.end_column != after.column {
            let message =
                format!("{prefix}-string: conversion type must come right after the exclamation mark");
            self.raise_range(sign, letter, message);
            return None;
        }
        let text = self.text_of(letter).to_owned();
        if !matches!(text.as_str(), "s" | "r" | "a") {
            let message =
                format!("{prefix}-string: invalid conversion character '{text}': expected 's', 'r', or 'a'");
            self.raise_node(letter, message);
            return None;
        }
        Some(letter)
    }

    // --- strings ---

    fn string_literal(&mut self, node: NodeId, start: usize) -> Option<NodeId> {
        let text = self.token_text(self.tokens[start]);
        let quote = text.find(['"', '\''])?;
        let prefix = text[..quote].to_ascii_lowercase();
        let width = if text.len() >= quote + 6 && text[quote..].starts_with(&text[quote..=quote].repeat(3)) {
            3
        } else {
            1
        };
        let body = text.get(quote + width..text.len() - width).unwrap_or("");
        if prefix.contains('b') && !body.is_ascii() {
            self.raise_node(node, "bytes can only contain ASCII literal characters".into());
            return None;
        }
        if prefix.contains('r') {
            return Some(node);
        }
        let wrong = if prefix.contains('b') {
            super::escape::wrong_bytes(body)
        } else {
            super::escape::wrong_text(body)
        };
        self.escape_result(wrong, node)
    }

    fn escape_result(&mut self, wrong: Option<String>, node: NodeId) -> Option<NodeId> {
        match wrong {
            Some(message) => {
                self.raise_last(SyntaxErrorKind::SyntaxError, message);
                None
            }
            None => Some(node),
        }
    }

    fn interpolated(&mut self, name: &str, middle: NodeId, start: usize) -> Option<NodeId> {
        let tag = if name == "fstring" { "JoinedStr" } else { "TemplateStr" };
        let raw = self.token_text(self.tokens[start]).to_ascii_lowercase().contains('r');
        let end = self.mark;
        let node = self.node_here(tag, start, middle);
        if raw {
            return Some(node);
        }
        for index in start..end {
            let token = self.tokens[index];
            if matches!(token.kind, Kind::FStringMiddle | Kind::TStringMiddle)
                && let Some(message) = super::escape::wrong_text(self.token_text(token))
            {
                self.raise_known(message, token);
                return None;
            }
        }
        Some(node)
    }

    fn joined_strings(&mut self, strings: NodeId, start: usize) -> Option<NodeId> {
        let (mut bytes, mut text, mut interpolated) = (false, false, false);
        let mut parts = self.elements(strings);
        if parts.is_empty() {
            parts.push(strings);
        }
        for part in &parts {
            if self.tag(*part) == "JoinedStr" {
                interpolated = true;
                text = true;
                continue;
            }
            let token = self.text_of(*part);
            let quote = token.find(['"', '\'']).unwrap_or(0);
            if token[..quote].contains(['b', 'B']) {
                bytes = true;
            } else {
                text = true;
            }
        }
        if bytes && text {
            self.raise_last(SyntaxErrorKind::SyntaxError, "cannot mix bytes and nonbytes literals");
            return None;
        }
        let tag = if interpolated { "JoinedStr" } else { "Constant" };
        Some(self.node_here(tag, start, ABSENT))
    }
}
