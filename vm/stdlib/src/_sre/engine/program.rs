//! Compiled code as the matcher runs it: nodes in place of words, tables of characters in place of sets, and what
//! is known about the beginning of what follows, so that most attempts end before they begin.
//!
//! Invariant: places in nodes are indices of nodes, and no way through them leaves the last one, which is `Success`.

use super::super::opcodes::{At, Category, MAX_REPEAT, Op};
use super::classes::Test;

/// What takes one character.
#[derive(Clone, Copy, Debug)]
pub enum One {
    Literal(u32),
    NotLiteral(u32),
    AnyButNewline,
    Any,
    /// A number in [`Program::sets`].
    Set(u32),
}

/// How case matters for a reference to a group.
#[derive(Clone, Copy, Debug)]
pub enum Fold {
    No,
    Ascii,
    Unicode,
}

/// An instruction.
#[derive(Clone, Copy, Debug)]
pub enum Node {
    Success,
    Failure,
    One(One),
    At(At),
    Mark(u32),
    Jump(u32),
    /// One of these [`Program::alternatives`].
    Branch {
        first: u32,
        end: u32,
    },
    /// One character several times: a number in [`Program::runs`].
    Run(u32),
    /// A number in [`Program::repeats`]; so in the next one.
    Repeat(u32),
    Possessive(u32),
    /// The end of the innermost repetition.
    MaxUntil,
    MinUntil,
    Assert {
        back: u32,
        next: u32,
    },
    AssertNot {
        back: u32,
        next: u32,
    },
    Atomic {
        next: u32,
    },
    GroupRef(u32, Fold),
    GroupExists {
        group: u32,
        otherwise: u32,
    },
}

/// A set of characters.
#[derive(Debug)]
pub struct Set {
    /// Those up to U+00FF.
    pub table: Box<[bool; 256]>,
    /// Says so of all others; `None`: none of them.
    wide: Option<Test>,
}

impl Set {
    fn new(test: Test) -> Set {
        let table = Box::new(std::array::from_fn(|c| test.takes(c as u32)));
        Set { table, wide: if test.is_narrow() { None } else { Some(test) } }
    }
    #[inline(always)]
    pub fn has(&self, c: u32) -> bool {
        match self.table.get(c as usize) {
            Some(found) => *found,
            None => self.has_wide(c),
        }
    }
    #[cold]
    fn has_wide(&self, c: u32) -> bool {
        self.wide.as_ref().is_some_and(|test| test.takes(c))
    }
}

/// Characters with which something can begin.
#[derive(Clone, Debug)]
pub struct First {
    table: Box<[bool; 256]>,
    /// Whether all others can, too.
    wide: bool,
}

impl First {
    #[inline(always)]
    pub fn has(&self, c: u32) -> bool {
        self.table.get(c as usize).copied().unwrap_or(self.wide)
    }
    fn add(&mut self, other: &First) {
        self.table.iter_mut().zip(other.table.iter()).for_each(|(own, other)| *own |= other);
        self.wide |= other.wide;
    }
    fn is_apart_from(&self, other: &First) -> bool {
        !self.table.iter().zip(other.table.iter()).any(|(a, b)| *a && *b)
    }
    fn none() -> First {
        First { table: Box::new([false; 256]), wide: false }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Greed {
    Greedy,
    Lazy,
    Possessive,
}

/// One character several times.
#[derive(Debug)]
pub struct Run {
    pub item: One,
    pub min: usize,
    pub max: usize,
    pub greed: Greed,
    pub tail: u32,
    /// With what the tail begins, if it cannot be empty.
    pub tail_first: Option<First>,
    /// Whether the tail cannot begin with a character of the run: in Latin-1 text, in any.
    pub apart: (bool, bool),
}

/// Something several times.
#[derive(Debug)]
pub struct Repeat {
    pub body: u32,
    pub until: u32,
    pub tail: u32,
    pub min: usize,
    pub max: usize,
}

/// An alternative of a branch.
#[derive(Debug)]
pub struct Alternative {
    pub place: u32,
    pub first: Option<First>,
}

/// Where a search looks for matches.
#[derive(Debug)]
pub enum Start {
    Anywhere,
    /// At its beginning only.
    Here,
    /// Where this text is.
    Prefix(Vec<u32>, Option<memchr::memmem::Finder<'static>>),
    First(First),
}

/// See the module.
#[derive(Debug)]
pub struct Program {
    pub nodes: Vec<Node>,
    pub sets: Vec<Set>,
    pub runs: Vec<Run>,
    pub repeats: Vec<Repeat>,
    pub alternatives: Vec<Alternative>,
    pub start: Start,
    /// Characters that every match has at least.
    pub min_length: usize,
    pub groups: usize,
}

fn bound(word: u32) -> usize {
    if word == MAX_REPEAT { usize::MAX } else { word as usize }
}

struct Compiler<'a> {
    code: &'a [u32],
    program: Program,
}

/// How many nodes are looked at to find out with what something begins.
const EFFORT: usize = 48;

impl Program {
    /// The program for code that was validated. `None`: it has something that `re` does not make.
    pub fn new(code: &[u32], groups: usize) -> Option<Program> {
        let program = Program {
            nodes: Vec::new(),
            sets: Vec::new(),
            runs: Vec::new(),
            repeats: Vec::new(),
            alternatives: Vec::new(),
            start: Start::Anywhere,
            min_length: 0,
            groups,
        };
        let mut compiler = Compiler { code, program };
        if code.first() == Some(&(Op::INFO as u32)) {
            compiler.program.min_length = *code.get(3)? as usize;
        }
        compiler.block(0, code.len())?;
        compiler.emit(Node::Success);
        let mut program = compiler.program;
        program.look_ahead();
        Some(program)
    }

    /// Finds out with what tails and alternatives begin, and the whole.
    fn look_ahead(&mut self) {
        for index in 0..self.runs.len() {
            let (tail, item) = (self.runs[index].tail, self.runs[index].item);
            let first = self.first(tail as usize, &mut EFFORT.clone());
            let own = self.first_of(item);
            let run = &mut self.runs[index];
            if let Some(first) = &first {
                let apart = first.is_apart_from(&own);
                run.apart = (apart, apart && !(first.wide && own.wide));
            }
            run.tail_first = first;
        }
        for index in 0..self.alternatives.len() {
            let place = self.alternatives[index].place as usize;
            self.alternatives[index].first = self.first(place, &mut EFFORT.clone());
        }
        self.start = self.find_start();
    }
    fn find_start(&self) -> Start {
        let mut prefix = Vec::new();
        for node in &self.nodes {
            match node {
                Node::Mark(_) => {}
                Node::One(One::Literal(c)) => prefix.push(*c),
                Node::At(At::BEGINNING | At::BEGINNING_STRING) if prefix.is_empty() => return Start::Here,
                _ => break,
            }
        }
        if !prefix.is_empty() {
            let narrow: Option<Vec<u8>> = prefix.iter().map(|&c| u8::try_from(c).ok()).collect();
            let finder = narrow.map(|bytes| memchr::memmem::Finder::new(&bytes).into_owned());
            return Start::Prefix(prefix, finder);
        }
        self.first(0, &mut EFFORT.clone()).map_or(Start::Anywhere, Start::First)
    }
    fn first_of(&self, one: One) -> First {
        let takes = |c: u32| match one {
            One::Literal(wanted) => c == wanted,
            One::NotLiteral(other) => c != other,
            One::AnyButNewline => c != 10,
            One::Any => true,
            One::Set(set) => self.sets[set as usize].has(c),
        };
        let wide = match one {
            One::Literal(c) => c > 0xff,
            One::Set(set) => self.sets[set as usize].wide.is_some(),
            _ => true,
        };
        First { table: Box::new(std::array::from_fn(|c| takes(c as u32))), wide }
    }
    /// With what a match from this node on begins; `None` if it can be empty, or if that takes too long to tell.
    fn first(&self, mut place: usize, effort: &mut usize) -> Option<First> {
        loop {
            *effort = effort.checked_sub(1)?;
            place = match *self.nodes.get(place)? {
                Node::Mark(_) | Node::At(_) | Node::Atomic { .. } => place + 1,
                Node::Jump(to) => to as usize,
                // What they say about what follows is left aside.
                Node::Assert { next, .. } | Node::AssertNot { next, .. } => next as usize,
                Node::Failure => return Some(First::none()),
                Node::One(one) => return Some(self.first_of(one)),
                Node::Branch { first, end } => {
                    let mut all = First::none();
                    for alternative in self.alternatives.get(first as usize..end as usize)? {
                        all.add(&self.first(alternative.place as usize, effort)?);
                    }
                    return Some(all);
                }
                Node::Run(run) => {
                    let run = self.runs.get(run as usize)?;
                    let mut all = self.first_of(run.item);
                    if run.min == 0 {
                        all.add(&self.first(run.tail as usize, effort)?);
                    }
                    return Some(all);
                }
                Node::Repeat(repeat) | Node::Possessive(repeat) => {
                    let repeat = self.repeats.get(repeat as usize)?;
                    let mut all = self.first(repeat.body as usize, effort)?;
                    if repeat.min == 0 {
                        all.add(&self.first(repeat.tail as usize, effort)?);
                    }
                    return Some(all);
                }
                Node::Success
                | Node::MaxUntil
                | Node::MinUntil
                | Node::GroupRef(..)
                | Node::GroupExists { .. } => return None,
            };
        }
    }
}

impl Compiler<'_> {
    fn emit(&mut self, node: Node) -> usize {
        self.program.nodes.push(node);
        self.program.nodes.len() - 1
    }
    fn here(&self) -> u32 {
        self.program.nodes.len() as u32
    }
    fn word(&self, at: usize) -> Option<u32> {
        self.code.get(at).copied()
    }
    /// Where the skip at `at` leads.
    fn target(&self, at: usize) -> Option<usize> {
        Some(at + self.word(at)? as usize)
    }
    fn set(&mut self, test: Test) -> One {
        self.program.sets.push(Set::new(test));
        One::Set(self.program.sets.len() as u32 - 1)
    }
    /// What takes one character at `at`, and where it ends; `None` if something else is there.
    fn one(&mut self, at: usize) -> Option<(One, usize)> {
        let op = Op::from_word(self.word(at)?)?;
        let set = |this: &mut Self, make: fn(Box<[u32]>) -> Test| {
            let end = this.target(at + 1)?;
            let code = this.code.get(at + 2..end)?.into();
            Some((this.set(make(code)), end))
        };
        let end = at + 2;
        Some(match op {
            Op::ANY => (One::AnyButNewline, at + 1),
            Op::ANY_ALL => (One::Any, at + 1),
            Op::LITERAL => (One::Literal(self.word(at + 1)?), end),
            Op::NOT_LITERAL => (One::NotLiteral(self.word(at + 1)?), end),
            Op::IN => return set(self, Test::Set),
            Op::IN_IGNORE => return set(self, Test::SetIgnore),
            Op::IN_UNI_IGNORE => return set(self, Test::SetUnicodeIgnore),
            Op::IN_LOC_IGNORE => return set(self, Test::SetLocaleIgnore),
            Op::CATEGORY => {
                let category = Category::from_word(self.word(at + 1)?)?;
                (self.set(Test::Category(category)), end)
            }
            Op::LITERAL_IGNORE | Op::NOT_LITERAL_IGNORE => {
                let test = Test::LiteralIgnore(self.word(at + 1)?);
                (self.literal(test, op == Op::NOT_LITERAL_IGNORE), end)
            }
            Op::LITERAL_UNI_IGNORE | Op::NOT_LITERAL_UNI_IGNORE => {
                let test = Test::LiteralUnicodeIgnore(self.word(at + 1)?);
                (self.literal(test, op == Op::NOT_LITERAL_UNI_IGNORE), end)
            }
            Op::LITERAL_LOC_IGNORE | Op::NOT_LITERAL_LOC_IGNORE => {
                let test = Test::LiteralLocaleIgnore(self.word(at + 1)?);
                (self.literal(test, op == Op::NOT_LITERAL_LOC_IGNORE), end)
            }
            _ => return None,
        })
    }
    fn literal(&mut self, test: Test, negated: bool) -> One {
        self.set(if negated { Test::Not(Box::new(test)) } else { test })
    }
    /// Compiles the code from `at` to `end`.
    fn block(&mut self, mut at: usize, end: usize) -> Option<()> {
        while at < end {
            if let Some((one, next)) = self.one(at) {
                self.emit(Node::One(one));
                at = next;
                continue;
            }
            at = self.compound(at)?;
        }
        (at == end).then_some(())
    }
    /// Compiles what is at `at` and takes no character by itself; where it ends.
    fn compound(&mut self, at: usize) -> Option<usize> {
        let word = |i: usize| self.word(at + i);
        Some(match Op::from_word(self.word(at)?)? {
            Op::SUCCESS => {
                self.emit(Node::Success);
                at + 1
            }
            Op::FAILURE => {
                self.emit(Node::Failure);
                at + 1
            }
            Op::INFO => self.target(at + 1)?,
            Op::AT => {
                let place = At::from_word(word(1)?)?;
                self.emit(Node::At(place));
                at + 2
            }
            Op::MARK => {
                let mark = word(1)?;
                // Two for each group.
                if mark as usize >= 2 * self.program.groups {
                    return None;
                }
                self.emit(Node::Mark(mark));
                at + 2
            }
            Op::BRANCH => return self.branch(at + 1),
            op @ (Op::REPEAT_ONE | Op::MIN_REPEAT_ONE | Op::POSSESSIVE_REPEAT_ONE) => {
                let (min, max, end) = (bound(word(2)?), bound(word(3)?), self.target(at + 1)?);
                let (item, item_end) = self.one(at + 4)?;
                if item_end + 1 != end {
                    return None;
                }
                let greed = match op {
                    Op::REPEAT_ONE => Greed::Greedy,
                    Op::MIN_REPEAT_ONE => Greed::Lazy,
                    _ => Greed::Possessive,
                };
                let tail = self.here() + 1;
                let apart = (false, false);
                self.program.runs.push(Run { item, min, max, greed, tail, tail_first: None, apart });
                let index = self.program.runs.len() as u32 - 1;
                self.emit(Node::Run(index));
                end
            }
            Op::REPEAT => {
                let (min, max, end) = (bound(word(2)?), bound(word(3)?), self.target(at + 1)?);
                let index = self.repeat(min, max);
                self.emit(Node::Repeat(index));
                self.program.repeats[index as usize].body = self.here();
                self.block(at + 4, end)?;
                self.program.repeats[index as usize].until = self.here();
                match Op::from_word(self.word(end)?)? {
                    Op::MAX_UNTIL => self.emit(Node::MaxUntil),
                    Op::MIN_UNTIL => self.emit(Node::MinUntil),
                    _ => return None,
                };
                self.program.repeats[index as usize].tail = self.here();
                end + 1
            }
            Op::POSSESSIVE_REPEAT => {
                let (min, max, end) = (bound(word(2)?), bound(word(3)?), self.target(at + 1)?);
                let index = self.repeat(min, max);
                self.emit(Node::Possessive(index));
                self.program.repeats[index as usize].body = self.here();
                self.block(at + 4, end)?;
                self.emit(Node::Success);
                self.program.repeats[index as usize].tail = self.here();
                end + 1
            }
            op @ (Op::ASSERT | Op::ASSERT_NOT) => {
                let (back, end) = (word(2)?, self.target(at + 1)?);
                let node = self.emit(Node::Failure);
                self.block(at + 3, end - 1)?;
                self.emit(Node::Success);
                let next = self.here();
                self.program.nodes[node] = if op == Op::ASSERT {
                    Node::Assert { back, next }
                } else {
                    Node::AssertNot { back, next }
                };
                end
            }
            Op::ATOMIC_GROUP => {
                let end = self.target(at + 1)?;
                let node = self.emit(Node::Failure);
                self.block(at + 2, end - 1)?;
                self.emit(Node::Success);
                self.program.nodes[node] = Node::Atomic { next: self.here() };
                end
            }
            Op::GROUPREF => self.group_ref(at, Fold::No)?,
            Op::GROUPREF_IGNORE | Op::GROUPREF_LOC_IGNORE => self.group_ref(at, Fold::Ascii)?,
            Op::GROUPREF_UNI_IGNORE => self.group_ref(at, Fold::Unicode)?,
            Op::GROUPREF_EXISTS => return self.conditional(at),
            _ => return None,
        })
    }
    fn group_ref(&mut self, at: usize, fold: Fold) -> Option<usize> {
        let group = self.word(at + 1)?;
        self.emit(Node::GroupRef(group, fold));
        Some(at + 2)
    }
    fn repeat(&mut self, min: usize, max: usize) -> u32 {
        self.program.repeats.push(Repeat { body: 0, until: 0, tail: 0, min, max });
        self.program.repeats.len() as u32 - 1
    }
    /// Alternatives, each with its skip, up to one that is 0.
    fn branch(&mut self, mut at: usize) -> Option<usize> {
        let node = self.emit(Node::Failure);
        let (mut places, mut jumps) = (Vec::new(), Vec::new());
        while self.word(at)? != 0 {
            let next = self.target(at)?;
            places.push(self.here());
            // An alternative ends in a jump behind the last.
            self.block(at + 1, next.checked_sub(2)?)?;
            jumps.push(self.emit(Node::Failure));
            at = next;
        }
        let end = self.here();
        for jump in jumps {
            self.program.nodes[jump] = Node::Jump(end);
        }
        let alternatives = &mut self.program.alternatives;
        let first = alternatives.len() as u32;
        alternatives.extend(places.into_iter().map(|place| Alternative { place, first: None }));
        self.program.nodes[node] = Node::Branch { first, end: alternatives.len() as u32 };
        Some(at + 1)
    }
    /// One part if a group took part, perhaps another if it did not.
    fn conditional(&mut self, at: usize) -> Option<usize> {
        let group = self.word(at + 1)?;
        // This skip counts from the group's number.
        let middle = (at + 2 + self.word(at + 2)? as usize).checked_sub(1)?;
        let node = self.emit(Node::Failure);
        let jump = middle.checked_sub(2).filter(|&j| j >= at + 3 && self.word(j) == Some(Op::JUMP as u32));
        if let Some(jump) = jump {
            let sizes = self.sizes();
            // What looks like a jump over the other part may be the end of a character's code.
            if self.block(at + 3, jump).is_some() {
                let end = self.target(jump + 1)?;
                let over = self.emit(Node::Failure);
                self.program.nodes[node] = Node::GroupExists { group, otherwise: self.here() };
                self.block(middle, end)?;
                self.program.nodes[over] = Node::Jump(self.here());
                return Some(end);
            }
            self.cut(sizes);
        }
        self.block(at + 3, middle)?;
        self.program.nodes[node] = Node::GroupExists { group, otherwise: self.here() };
        Some(middle)
    }
    fn sizes(&self) -> [usize; 5] {
        let Program { nodes, sets, runs, repeats, alternatives, .. } = &self.program;
        [nodes.len(), sets.len(), runs.len(), repeats.len(), alternatives.len()]
    }
    fn cut(&mut self, [nodes, sets, runs, repeats, alternatives]: [usize; 5]) {
        self.program.nodes.truncate(nodes);
        self.program.sets.truncate(sets);
        self.program.runs.truncate(runs);
        self.program.repeats.truncate(repeats);
        self.program.alternatives.truncate(alternatives);
    }
}
