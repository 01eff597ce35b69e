//! Reads the grammar of `grammar.peg`.
//!
//! Rules begin in the first column: `name: alternative | alternative`, with `(memo)` behind the name if all uses share what
//! was found. An alternative may end with `=> action`, up to the end of the line. Items are `'keyword or operator'`,
//! `"soft keyword"`, `TOKEN`, `rule`, `(group)`, `[optional]`, `item?`, `item*`, `item+`, `separator.item+`, `&ahead`, `!not_ahead`,
//! `~` (no other alternative from here on), `&&'forced'`; `a=item` binds a letter for the action.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::token::Kind;

/// A rule and how to run it.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) name: &'static str,
    pub(crate) alternatives: Vec<Alternative>,
    pub(crate) memo: bool,
    pub(crate) left_recursive: bool,
}

#[derive(Debug)]
pub(crate) struct Alternative {
    pub(crate) items: Vec<(Option<u8>, Item)>,
    pub(crate) action: Action,
    /// Uses a rule that only reports mistakes.
    pub(crate) invalid: bool,
}

#[derive(Debug)]
pub(crate) enum Item {
    Token(Kind),
    SoftKeyword,
    Literal(&'static str),
    Soft(&'static str),
    Rule(usize),
    Group(Vec<Alternative>),
    Optional(Box<Item>),
    Many(Box<Item>, bool),
    Separated(Box<Item>, Box<Item>),
    Ahead(Box<Item>, bool),
    Cut,
    Forced(&'static str),
}

/// Where a message points.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    /// The last token read.
    Last,
    /// The next token.
    Next,
    At(u8),
    Range(u8, u8),
    /// From a node to what has been read.
    From(u8),
}

#[derive(Debug)]
pub(crate) enum Action {
    /// The only value, or a group of all.
    Pass,
    /// Makes a node.
    Node(&'static str),
    Raise {
        place: Place,
        indentation: bool,
        message: &'static str,
    },
    Target {
        kind: &'static str,
        of: u8,
    },
    Special(&'static str),
}

#[derive(Debug)]
pub(crate) struct Grammar {
    pub(crate) rules: Vec<Rule>,
    names: HashMap<&'static str, usize>,
}

impl Grammar {
    pub(crate) fn get() -> &'static Self {
        static GRAMMAR: OnceLock<Grammar> = OnceLock::new();
        GRAMMAR.get_or_init(|| Self::read(include_str!("grammar.peg")))
    }

    pub(crate) fn rule(&self, name: &str) -> usize {
        self.names.get(name).copied().unwrap_or(0)
    }

    fn read(text: &'static str) -> Self {
        let mut texts: Vec<(&str, bool, Vec<&str>)> = Vec::new();
        for line in text.lines() {
            let trimmed = line.trim();
            if trimmed.is_empty() || trimmed.starts_with('#') {
                continue;
            }
            if line.starts_with(' ') {
                if let Some((.., lines)) = texts.last_mut() {
                    lines.push(trimmed);
                }
                continue;
            }
            let (head, rest) = line.split_once(':').expect("a rule has a colon");
            let (name, memo) = match head.strip_suffix("(memo)") {
                Some(name) => (name.trim(), true),
                None => (head.trim(), false),
            };
            texts.push((name, memo, vec![rest.trim()]));
        }
        let names: HashMap<_, _> = texts.iter().enumerate().map(|(i, (name, ..))| (*name, i)).collect();
        let mut rules = Vec::new();
        for (index, (name, memo, lines)) in texts.into_iter().enumerate() {
            let mut alternatives = Vec::new();
            for line in lines {
                let line = line.strip_prefix('|').unwrap_or(line);
                if line.is_empty() {
                    continue;
                }
                let (items, action) = match line.split_once("=> ") {
                    Some((items, action)) => (items, read_action(action.trim())),
                    None => (line, Action::Pass),
                };
                let mut reader = Reader { rest: items, names: &names, rule: name };
                let mut read = reader.alternatives();
                if let Some(last) = read.last_mut() {
                    last.action = action;
                }
                alternatives.extend(read);
            }
            let left_recursive = alternatives
                .iter()
                .any(|a: &Alternative| matches!(a.items.first(), Some((_, Item::Rule(r))) if *r == index));
            rules.push(Rule { name, alternatives, memo, left_recursive });
        }
        Self { rules, names }
    }
}

fn read_action(text: &'static str) -> Action {
    let (head, message) = match text.split_once('"') {
        Some((head, rest)) => (head.trim(), rest.strip_suffix('"').expect("a message ends with a quote")),
        None => (text, ""),
    };
    let mut words = head.split(' ');
    let word = words.next().unwrap_or("");
    let mut letter = || words.next().and_then(|w| w.bytes().next()).expect("a letter") - b'a';
    let place = match word {
        "last" | "indent" => Place::Last,
        "next" => Place::Next,
        "at" => Place::At(letter()),
        "range" => Place::Range(letter(), letter()),
        "from" => Place::From(letter()),
        "target" => {
            let kind = words.next().expect("kind of targets");
            return Action::Target { kind, of: 0 };
        }
        "special" => return Action::Special(words.next().expect("a name")),
        node => return Action::Node(node),
    };
    Action::Raise { place, indentation: word == "indent", message }
}

struct Reader<'n> {
    rest: &'static str,
    names: &'n HashMap<&'static str, usize>,
    rule: &'static str,
}

impl Reader<'_> {
    fn take(&mut self, text: &str) -> bool {
        self.rest = self.rest.trim_start();
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn alternatives(&mut self) -> Vec<Alternative> {
        let mut all = vec![];
        loop {
            let mut items = vec![];
            let mut invalid = false;
            while !self.rest.trim_start().is_empty() && !self.rest.trim_start().starts_with(['|', ')', ']']) {
                self.rest = self.rest.trim_start();
                invalid |= self.rest.starts_with("invalid_");
                let bytes = self.rest.as_bytes();
                let name = (bytes.len() > 2 && bytes[1] == b'=' && bytes[0].is_ascii_lowercase())
                    .then(|| bytes[0] - b'a');
                if name.is_some() {
                    self.rest = &self.rest[2..];
                    invalid |= self.rest.starts_with("invalid_");
                }
                items.push((name, self.item()));
            }
            all.push(Alternative { items, action: Action::Pass, invalid });
            if !self.take("|") {
                return all;
            }
        }
    }

    fn item(&mut self) -> Item {
        if self.take("&&") {
            let Item::Literal(text) = self.atom() else { panic!("only tokens are forced, in {}", self.rule) };
            return Item::Forced(text);
        }
        if self.take("&") {
            return Item::Ahead(Box::new(self.atom()), true);
        }
        if self.take("!") {
            return Item::Ahead(Box::new(self.atom()), false);
        }
        if self.take("~") {
            return Item::Cut;
        }
        let atom = self.atom();
        if self.rest.starts_with('.') {
            self.rest = &self.rest[1..];
            let element = self.atom();
            assert!(self.take("+"), "separated items have a plus, in {}", self.rule);
            return Item::Separated(Box::new(atom), Box::new(element));
        }
        for (sign, make) in [
            ('?', (|a| Item::Optional(Box::new(a))) as fn(Item) -> Item),
            ('*', |a| Item::Many(Box::new(a), false)),
            ('+', |a| Item::Many(Box::new(a), true)),
        ] {
            if self.rest.starts_with(sign) {
                self.rest = &self.rest[1..];
                return make(atom);
            }
        }
        atom
    }

    fn atom(&mut self) -> Item {
        if self.take("(") {
            let group = self.alternatives();
            assert!(self.take(")"), "a group ends, in {}", self.rule);
            return Item::Group(group);
        }
        if self.take("[") {
            let group = self.alternatives();
            assert!(self.take("]"), "an optional part ends, in {}", self.rule);
            return Item::Optional(Box::new(Item::Group(group)));
        }
        for quote in ['\'', '"'] {
            if let Some(rest) = self.rest.strip_prefix(quote) {
                let (text, rest) = rest.split_once(quote).expect("a literal ends");
                self.rest = rest;
                return if quote == '"' { Item::Soft(text) } else { Item::Literal(text) };
            }
        }
        let end = self.rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        self.rest = rest;
        Item::Token(match name {
            "NAME" => Kind::Name,
            "NUMBER" => Kind::Number,
            "STRING" => Kind::String,
            "NEWLINE" => Kind::Newline,
            "INDENT" => Kind::Indent,
            "DEDENT" => Kind::Dedent,
            "ENDMARKER" => Kind::EndMarker,
            "FSTRING_START" => Kind::FStringStart,
            "FSTRING_MIDDLE" => Kind::FStringMiddle,
            "FSTRING_END" => Kind::FStringEnd,
            "TSTRING_START" => Kind::TStringStart,
            "TSTRING_MIDDLE" => Kind::TStringMiddle,
            "TSTRING_END" => Kind::TStringEnd,
            "SOFT_KEYWORD" => return Item::SoftKeyword,
            rule => match self.names.get(rule) {
                Some(index) => return Item::Rule(*index),
                None => panic!("unknown rule {rule:?} in {}", self.rule),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Grammar;

    #[test]
    fn the_grammar_reads() {
        let grammar = Grammar::get();
        assert!(grammar.rules.len() > 250);
        assert!(grammar.rules[grammar.rule("sum")].left_recursive);
        assert!(grammar.rules[grammar.rule("expression")].memo);
    }
}
