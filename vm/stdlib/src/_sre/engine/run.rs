//! Runs programs: a backtracking matcher with a stack of its own.
//!
//! | frame | when a failure gets to it |
//! | --- | --- |
//! | `Alternative`, `Greedy`, `Lazy`, `MaxTail`, `MinBody` | the match goes on with another choice |
//! | `Mark`, `Counts`, `Enter`, `Current` | what was changed is changed back, and the failure goes on |
//! | `Assert`, `AssertNot`, `Atomic`, `Possessive` | what is matched apart has failed: they are the *barriers* |
//!
//! What is matched apart ends in its own `Success`: then choices above the barrier are forgotten, changes above it stay.
//! The order of choices is that of CPython's engine; marks are always as they were when a choice was made.

use taipan_objects::hooks;
use taipan_objects::prelude::*;
use taipan_text::units::Unit;

use super::characters::{can_follow, count, find_prefix, is_at, takes};
use super::classes::lower_ascii;
use super::frame::Frame;
use super::program::{Fold, Greed, Node, Program, Start};
use taipan_text::unicode_data::simple_lower;

/// No position, no barrier, no repetition.
const NONE: usize = usize::MAX;

/// A repetition that was begun.
#[derive(Clone, Copy, Debug)]
struct Repetition {
    repeat: u32,
    /// The one around it.
    outer: usize,
    /// Rounds begun.
    count: usize,
    /// Where the last round began that did not have to be.
    last: usize,
}

/// What a match is tried with, and what it found.
#[derive(Debug, Default)]
pub struct State {
    /// Of the match.
    pub start: usize,
    pub end: usize,
    last_index: isize,
    marks: Vec<usize>,
    /// Whether marks may be set that no frame remembers.
    marked: bool,
    stack: Vec<Frame>,
    repetitions: Vec<Repetition>,
    steps: u32,
}

/// What to match with what.
#[derive(Clone, Copy)]
pub struct Request {
    pub start: usize,
    pub end: usize,
    /// Only up to the end.
    pub whole: bool,
    /// Not an empty match at the start.
    pub advance: bool,
    /// Whether pending signals, stops and the like are served meanwhile.
    pub poll: bool,
}

/// Failures between two looks at what is pending.
const PATIENCE: u32 = 1 << 14;
/// Frames that a state keeps memory for.
const KEPT: usize = 1 << 12;

impl State {
    /// The span of a group (1 and up).
    pub fn group(&self, group: usize) -> Option<(usize, usize)> {
        let (start, end) = (*self.marks.get(2 * group - 2)?, *self.marks.get(2 * group - 1)?);
        (end != NONE && start <= end).then_some((start, end))
    }
    /// The group that was closed last; -1: none.
    pub fn last_index(&self) -> isize {
        self.last_index
    }
    /// Gives back memory that few matches need.
    pub fn shrink(&mut self) {
        if self.stack.capacity() > KEPT {
            self.stack = Vec::new();
        }
        if self.repetitions.capacity() > KEPT {
            self.repetitions = Vec::new();
        }
    }
    /// Matches at the start.
    pub fn match_here<U: Unit>(
        &mut self,
        program: &Program,
        text: &[U],
        request: &Request,
    ) -> PyResult<bool> {
        if request.end - request.start < program.min_length {
            return Ok(false);
        }
        self.attempt(program, &text[..request.end], request.start, request, true)
    }
    /// Looks for the first match.
    pub fn search<U: Unit>(&mut self, program: &Program, text: &[U], request: &Request) -> PyResult<bool> {
        let text = &text[..request.end];
        let Some(last) = request.end.checked_sub(program.min_length).filter(|&last| last >= request.start)
        else {
            return Ok(false);
        };
        let mut at = request.start;
        loop {
            match &program.start {
                Start::Anywhere => {}
                Start::Here if at > request.start => return Ok(false),
                Start::Here => {}
                Start::Prefix(prefix, finder) => match find_prefix(&text[at..], prefix, finder.as_ref()) {
                    Some(found) => at += found,
                    None => return Ok(false),
                },
                Start::First(first) => match text[at..].iter().position(|unit| first.has(unit.code())) {
                    Some(found) => at += found,
                    None => return Ok(false),
                },
            }
            if at > last {
                return Ok(false);
            }
            if self.attempt(program, text, at, request, at == request.start)? {
                return Ok(true);
            }
            at += 1;
            if at > last {
                return Ok(false);
            }
        }
    }

    fn set_mark(&mut self, mark: u32, at: usize) {
        let Some(place) = self.marks.get_mut(mark as usize) else { return };
        let old = std::mem::replace(place, at);
        if self.stack.is_empty() {
            self.marked = true;
        } else {
            self.stack.push(Frame::Mark { mark, last_index: self.last_index as i32, old });
        }
        if mark % 2 == 1 {
            self.last_index = (mark / 2 + 1) as isize;
        }
    }
    fn set_counts(&mut self, index: usize, count: usize, last: usize) {
        let repetition = &mut self.repetitions[index];
        let old = (repetition.count, repetition.last);
        (repetition.count, repetition.last) = (count, last);
        self.stack.push(Frame::Counts { repetition: index as u32, count: old.0, last: old.1 });
    }
    /// Forgets the choices above a barrier, and the barrier.
    fn forget_choices(&mut self, barrier: usize) {
        let mut kept = barrier;
        for index in barrier + 1..self.stack.len() {
            let frame = self.stack[index];
            if !frame.is_choice() {
                self.stack[kept] = frame;
                kept += 1;
            }
        }
        self.stack.truncate(kept);
    }
    fn begin(&mut self, program: &Program) {
        self.stack.clear();
        self.repetitions.clear();
        if self.marked || self.marks.len() != 2 * program.groups {
            self.marks.clear();
            self.marks.resize(2 * program.groups, NONE);
            self.marked = false;
        }
        self.last_index = -1;
    }

    /// Tries to match at `start`; `text` ends where the match has to. `first`: it is where the search begins.
    fn attempt<U: Unit>(
        &mut self,
        program: &Program,
        text: &[U],
        start: usize,
        request: &Request,
        first: bool,
    ) -> PyResult<bool> {
        self.begin(program);
        let nodes = program.nodes.as_slice();
        let (mut at, mut place) = (start, 0usize);
        let mut current = NONE;
        let mut barrier = NONE;
        'matching: loop {
            // Leaves the block where the node does not match.
            'node: {
                match nodes[place] {
                    Node::One(one) => {
                        let Some(unit) = text.get(at) else { break 'node };
                        if !takes(program, one, unit.code()) {
                            break 'node;
                        }
                        at += 1;
                        place += 1;
                        continue 'matching;
                    }
                    Node::Mark(mark) => {
                        self.set_mark(mark, at);
                        place += 1;
                        continue 'matching;
                    }
                    Node::Jump(to) => {
                        place = to as usize;
                        continue 'matching;
                    }
                    Node::At(position) => {
                        if !is_at(position, text, at) {
                            break 'node;
                        }
                        place += 1;
                        continue 'matching;
                    }
                    Node::Branch { first, end } => match self.choose(program, text, first, end, at) {
                        Some(to) => {
                            place = to;
                            continue 'matching;
                        }
                        None => break 'node,
                    },
                    Node::Run(index) => {
                        let run = &program.runs[index as usize];
                        let most = if run.greed == Greed::Lazy { run.min } else { run.max };
                        let count = count(program, run.item, text, at, most);
                        if count < run.min {
                            break 'node;
                        }
                        let (low, high) = (at + run.min, at + count);
                        let apart = if U::WIDTH == 1 { run.apart.0 } else { run.apart.1 };
                        let ended = match run.greed {
                            Greed::Possessive => Some(high),
                            Greed::Lazy => self.end_lazy(program, text, index, high, count),
                            Greed::Greedy if apart => can_follow(run, text, high).then_some(high),
                            Greed::Greedy => self.end_greedy(program, text, index, high, low),
                        };
                        match ended {
                            Some(ended) => at = ended,
                            None => break 'node,
                        }
                        place += 1;
                        continue 'matching;
                    }
                    Node::Repeat(repeat) => {
                        self.stack.push(Frame::Enter { outer: current });
                        self.repetitions.push(Repetition { repeat, outer: current, count: 0, last: NONE });
                        current = self.repetitions.len() - 1;
                        place = program.repeats[repeat as usize].until as usize;
                        continue 'matching;
                    }
                    Node::MaxUntil | Node::MinUntil if current == NONE => break 'node,
                    Node::MaxUntil => {
                        let Repetition { repeat, outer, count, last } = self.repetitions[current];
                        let bounds = &program.repeats[repeat as usize];
                        if count < bounds.min {
                            self.set_counts(current, count + 1, last);
                            place = bounds.body as usize;
                        } else if (count < bounds.max || bounds.max == usize::MAX) && at != last {
                            self.stack.push(Frame::MaxTail { repetition: current as u32, at });
                            self.set_counts(current, count + 1, at);
                            place = bounds.body as usize;
                        } else {
                            self.stack.push(Frame::Current { old: current });
                            current = outer;
                            place = bounds.tail as usize;
                        }
                        continue 'matching;
                    }
                    Node::MinUntil => {
                        let Repetition { repeat, outer, count, last } = self.repetitions[current];
                        let bounds = &program.repeats[repeat as usize];
                        if count < bounds.min {
                            self.set_counts(current, count + 1, last);
                            place = bounds.body as usize;
                        } else {
                            self.stack.push(Frame::MinBody { repetition: current as u32, at });
                            self.stack.push(Frame::Current { old: current });
                            current = outer;
                            place = bounds.tail as usize;
                        }
                        continue 'matching;
                    }
                    Node::Possessive(repeat) => {
                        let bounds = &program.repeats[repeat as usize];
                        if bounds.max == 0 {
                            place = bounds.tail as usize;
                            continue 'matching;
                        }
                        self.stack.push(Frame::Counts { repetition: u32::MAX, count: 0, last: at });
                        self.stack.push(Frame::Possessive { repeat, outer: barrier });
                        barrier = self.stack.len() - 1;
                        place = bounds.body as usize;
                        continue 'matching;
                    }
                    Node::Assert { back, next } => {
                        let Some(from) = at.checked_sub(back as usize) else { break 'node };
                        self.stack.push(Frame::Assert { next, outer: barrier, at });
                        barrier = self.stack.len() - 1;
                        at = from;
                        place += 1;
                        continue 'matching;
                    }
                    Node::AssertNot { back, next } => {
                        match at.checked_sub(back as usize) {
                            Some(from) => {
                                self.stack.push(Frame::AssertNot { next, outer: barrier, at });
                                barrier = self.stack.len() - 1;
                                at = from;
                                place += 1;
                            }
                            None => place = next as usize,
                        }
                        continue 'matching;
                    }
                    Node::Atomic { next } => {
                        self.stack.push(Frame::Atomic { next, outer: barrier });
                        barrier = self.stack.len() - 1;
                        place += 1;
                        continue 'matching;
                    }
                    Node::GroupRef(group, fold) => {
                        let Some((from, to)) = self.group(group as usize + 1) else { break 'node };
                        let (Some(wanted), Some(found)) =
                            (text.get(from..to), text.get(at..at + (to - from)))
                        else {
                            break 'node;
                        };
                        let folded = |unit: &U| match fold {
                            Fold::No => unit.code(),
                            Fold::Ascii => lower_ascii(unit.code()),
                            Fold::Unicode => simple_lower(unit.code()),
                        };
                        if !wanted.iter().map(folded).eq(found.iter().map(folded)) {
                            break 'node;
                        }
                        at += to - from;
                        place += 1;
                        continue 'matching;
                    }
                    Node::GroupExists { group, otherwise } => {
                        place = match self.group(group as usize + 1) {
                            Some(_) => place + 1,
                            None => otherwise as usize,
                        };
                        continue 'matching;
                    }
                    Node::Failure => break 'node,
                    Node::Success if barrier == NONE => {
                        if request.whole && at != text.len() || request.advance && first && at == start {
                            break 'node;
                        }
                        (self.start, self.end) = (start, at);
                        // Marks that frames remember are set as well.
                        self.marked = true;
                        return Ok(true);
                    }
                    Node::Success => match self.stack[barrier] {
                        Frame::Assert { next, outer, at: from } => {
                            self.forget_choices(barrier);
                            (barrier, at, place) = (outer, from, next as usize);
                            continue 'matching;
                        }
                        Frame::Atomic { next, outer } => {
                            self.forget_choices(barrier);
                            (barrier, place) = (outer, next as usize);
                            continue 'matching;
                        }
                        Frame::Possessive { repeat, outer } => {
                            let Frame::Counts { count, last, .. } = self.stack[barrier - 1] else {
                                break 'node;
                            };
                            self.forget_choices(barrier);
                            let (bounds, count) = (&program.repeats[repeat as usize], count + 1);
                            if (count < bounds.max || bounds.max == usize::MAX) && at != last {
                                self.stack.push(Frame::Counts { repetition: u32::MAX, count, last: at });
                                self.stack.push(Frame::Possessive { repeat, outer });
                                barrier = self.stack.len() - 1;
                                place = bounds.body as usize;
                            } else {
                                barrier = outer;
                                place = bounds.tail as usize;
                            }
                            continue 'matching;
                        }
                        Frame::AssertNot { outer, .. } => {
                            // What must not match does: choices above the barrier are no choices any more.
                            let end = barrier;
                            self.undo_to(end, &mut current);
                            barrier = outer;
                        }
                        _ => {}
                    },
                }
            }
            self.steps += 1;
            if self.steps >= PATIENCE {
                self.steps = 0;
                if request.poll {
                    hooks::check_signals()?;
                }
            }
            // A failure: back to the last choice.
            loop {
                let Some(frame) = self.stack.pop() else { return Ok(false) };
                match frame {
                    Frame::Alternative { next, end, at: from } => {
                        if let Some(to) = self.choose(program, text, next, end, from) {
                            (at, place) = (from, to);
                            continue 'matching;
                        }
                    }
                    Frame::Greedy { run, at: from, low } => {
                        if let Some(ended) = self.end_greedy(program, text, run, from, low) {
                            (at, place) = (ended, program.runs[run as usize].tail as usize);
                            continue 'matching;
                        }
                    }
                    Frame::Lazy { run: index, at: from, count } => {
                        let run = &program.runs[index as usize];
                        if let Some(unit) = text.get(from)
                            && takes(program, run.item, unit.code())
                            && let Some(ended) = self.end_lazy(program, text, index, from + 1, count + 1)
                        {
                            (at, place) = (ended, run.tail as usize);
                            continue 'matching;
                        }
                    }
                    Frame::MaxTail { repetition, at: from } => {
                        let Repetition { repeat, outer, .. } = self.repetitions[repetition as usize];
                        self.stack.push(Frame::Current { old: repetition as usize });
                        (current, at) = (outer, from);
                        place = program.repeats[repeat as usize].tail as usize;
                        continue 'matching;
                    }
                    Frame::MinBody { repetition, at: from } => {
                        let index = repetition as usize;
                        let Repetition { repeat, count, last, .. } = self.repetitions[index];
                        let bounds = &program.repeats[repeat as usize];
                        if (count < bounds.max || bounds.max == usize::MAX) && from != last {
                            self.set_counts(index, count + 1, from);
                            (current, at, place) = (index, from, bounds.body as usize);
                            continue 'matching;
                        }
                    }
                    Frame::Assert { outer, .. } | Frame::Atomic { outer, .. } => barrier = outer,
                    Frame::AssertNot { next, outer, at: from } => {
                        (barrier, at, place) = (outer, from, next as usize);
                        continue 'matching;
                    }
                    Frame::Possessive { repeat, outer } => {
                        barrier = outer;
                        let bounds = &program.repeats[repeat as usize];
                        if let Some(Frame::Counts { count, last, .. }) = self.stack.pop()
                            && count >= bounds.min
                        {
                            (at, place) = (last, bounds.tail as usize);
                            continue 'matching;
                        }
                    }
                    undo => self.undo(undo, &mut current),
                }
            }
        }
    }
    /// Changes back what a frame remembers.
    fn undo(&mut self, frame: Frame, current: &mut usize) {
        match frame {
            Frame::Mark { mark, last_index, old } => {
                self.marks[mark as usize] = old;
                self.last_index = last_index as isize;
            }
            Frame::Counts { repetition, count, last } => {
                if let Some(repetition) = self.repetitions.get_mut(repetition as usize) {
                    (repetition.count, repetition.last) = (count, last);
                }
            }
            Frame::Enter { outer } => {
                self.repetitions.pop();
                *current = outer;
            }
            Frame::Current { old } => *current = old,
            _ => {}
        }
    }
    /// Changes back everything above a barrier, and takes it off the stack.
    fn undo_to(&mut self, barrier: usize, current: &mut usize) {
        while self.stack.len() > barrier {
            if let Some(frame) = self.stack.pop() {
                self.undo(frame, current);
            }
        }
    }
    /// The first of the alternatives that can match here; the others stay a choice.
    fn choose<U: Unit>(
        &mut self,
        program: &Program,
        text: &[U],
        mut next: u32,
        end: u32,
        at: usize,
    ) -> Option<usize> {
        let code = text.get(at).map(|unit| unit.code());
        let mut possible = || {
            while next < end {
                let alternative = &program.alternatives[next as usize];
                next += 1;
                let can_begin = match (&alternative.first, code) {
                    (None, _) => true,
                    (Some(first), Some(code)) => first.has(code),
                    (Some(_), None) => false,
                };
                if can_begin {
                    return Some((alternative.place as usize, next));
                }
            }
            None
        };
        let (place, _) = possible()?;
        if let Some((_, after)) = possible() {
            self.stack.push(Frame::Alternative { next: after - 1, end, at });
        }
        Some(place)
    }
    /// The last place from `low` to `at` where the tail of a run can begin; the others stay a choice.
    fn end_greedy<U: Unit>(
        &mut self,
        program: &Program,
        text: &[U],
        index: u32,
        mut at: usize,
        low: usize,
    ) -> Option<usize> {
        let run = &program.runs[index as usize];
        while !can_follow(run, text, at) {
            if at == low {
                return None;
            }
            at -= 1;
        }
        if at > low {
            self.stack.push(Frame::Greedy { run: index, at: at - 1, low });
        }
        Some(at)
    }
    /// The first place from `at` on where the tail of a run can begin; the others stay a choice.
    fn end_lazy<U: Unit>(
        &mut self,
        program: &Program,
        text: &[U],
        index: u32,
        mut at: usize,
        mut count: usize,
    ) -> Option<usize> {
        let run = &program.runs[index as usize];
        while !can_follow(run, text, at) {
            if count >= run.max || !takes(program, run.item, text.get(at)?.code()) {
                return None;
            }
            at += 1;
            count += 1;
        }
        if count < run.max {
            self.stack.push(Frame::Lazy { run: index, at, count });
        }
        Some(at)
    }
}
