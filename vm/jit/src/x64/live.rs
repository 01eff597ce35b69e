//! From where to where values are needed.
//!
//! Instructions have numbers in the order of blocks, and so has the head of each block, where its parameters are. Operands are needed at twice the number, results and
//! what is behind one more.

use cranelift_codegen::entity::EntityRef;
use cranelift_codegen::ir::{Inst, Value};
use rustc_hash::FxHashMap;

use smallvec::SmallVec;

use super::facts::{Facts, Kind};
use super::order::Place;

/// A place in the code, see the module.
pub type Point = u32;

/// What is known of a value.
#[derive(Clone, Copy, Debug)]
pub struct Range {
    /// The first point at which it is there; behind the last one if it never is.
    pub start: Point,
    /// The last one at which it is needed.
    pub end: Point,
    /// How often it is used, in comparison: see [`Order::weight`](super::order::Order::weight).
    pub weight: u64,
}

/// Points in a row at which a value is needed: the first and the last one.
pub type Segment = (Point, Point);

pub struct Live {
    /// Of each value.
    pub ranges: Vec<Range>,
    /// What of its range each value is needed in, in order: what is laid out in between may use its register.
    pub segments: Vec<SmallVec<[Segment; 2]>>,
    /// The number of the head of each block; and behind the last one.
    heads: Vec<u32>,
    /// Sums of how often calls are executed, of those before each number.
    calls: Vec<u64>,
    /// Of each call, those values that are needed behind it and there before.
    pub over_calls: FxHashMap<Inst, Box<[Value]>>,
}

impl Live {
    pub fn of(facts: &Facts<'_>) -> Self {
        let order = facts.order;
        let mut heads = Vec::with_capacity(order.blocks.len() + 1);
        let mut number = 0;
        for block in &order.blocks {
            heads.push(number);
            number += 1 + facts.function.layout.block_insts(*block).count() as u32;
        }
        heads.push(number);
        let none = Range { start: Point::MAX, end: 0, weight: 0 };
        let mut this = Self {
            ranges: vec![none; facts.function.dfg.num_values()],
            segments: vec![SmallVec::new(); facts.function.dfg.num_values()],
            heads,
            calls: Vec::with_capacity(number as usize + 1),
            over_calls: FxHashMap::default(),
        };
        let shared = this.within_blocks(facts);
        let sets = this.over_blocks(facts, &shared);
        this.in_blocks(facts, &shared, &sets);
        this
    }

    fn cover(&mut self, value: Value, point: Point) {
        let range = &mut self.ranges[value.index()];
        range.start = range.start.min(point);
        range.end = range.end.max(point);
    }

    /// Covers definitions and uses. Gives the values that are used outside of their blocks.
    fn within_blocks(&mut self, facts: &Facts<'_>) -> Shared {
        let dfg = &facts.function.dfg;
        let values = dfg.num_values();
        let mut shared =
            Shared { numbers: vec![None; values], values: Vec::new(), homes: vec![u32::MAX; values] };
        for (place, block) in facts.order.blocks.iter().enumerate() {
            for value in dfg.block_params(*block) {
                shared.homes[value.index()] = place as u32;
            }
            for inst in facts.function.layout.block_insts(*block) {
                for value in dfg.inst_results(inst) {
                    shared.homes[value.index()] = place as u32;
                }
            }
        }
        let mut sum = 0;
        for (place, block) in facts.order.blocks.iter().enumerate() {
            let weight = facts.order.weight(place);
            let mut number = self.heads[place];
            for value in dfg.block_params(*block) {
                if facts.kind(*value) == Kind::Kept {
                    self.cover(*value, 2 * number);
                }
            }
            self.calls.push(sum);
            for inst in facts.function.layout.block_insts(*block) {
                number += 1;
                self.calls.push(sum);
                if facts.is_nothing(inst) {
                    continue;
                }
                if facts.is_call(inst) {
                    sum += weight;
                }
                facts.each_kept(inst, |value| {
                    self.cover(value, 2 * number);
                    self.ranges[value.index()].weight += weight;
                    if !shared.is_at_home(value, place) {
                        shared.add(value);
                    }
                });
                for value in dfg.inst_results(inst) {
                    if facts.kind(*value) == Kind::Kept {
                        self.cover(*value, 2 * number + 1);
                        self.ranges[value.index()].weight += weight;
                    }
                }
            }
        }
        self.calls.push(sum);
        shared
    }

    /// Covers what is between blocks: from each use backwards to where the value is made.
    fn over_blocks(&mut self, facts: &Facts<'_>, shared: &Shared) -> Sets {
        let order = facts.order;
        let mut sets = Sets::new(shared.values.len(), order.blocks.len());
        let before = before(&order.successors);
        for (place, block) in order.blocks.iter().enumerate() {
            for inst in facts.function.layout.block_insts(*block).filter(|inst| !facts.is_nothing(*inst)) {
                facts.each_kept(inst, |value| self.from_home(value, place, shared, &before, &mut sets));
            }
        }
        sets
    }

    /// Covers what is between the block that makes a value and one that uses it.
    fn from_home(
        &mut self,
        value: Value,
        used: Place,
        shared: &Shared,
        before: &[SmallVec<[Place; 2]>],
        sets: &mut Sets,
    ) {
        let Some(number) = shared.number(value) else { return };
        let mut open: SmallVec<[Place; 16]> = SmallVec::new();
        open.push(used);
        while let Some(place) = open.pop() {
            if shared.is_at_home(value, place) {
                continue;
            }
            self.cover(value, 2 * self.heads[place]);
            for before in &before[place] {
                if sets.add(*before, number) {
                    self.cover(value, 2 * self.heads[before + 1] - 1);
                    open.push(*before);
                }
            }
        }
    }

    /// How often calls are executed while the value is needed.
    pub fn crossed(&self, value: Value) -> u64 {
        let in_segment = |(start, end): &Segment| {
            let (first, last) = (start / 2 + 1, end.div_ceil(2));
            if first >= last { 0 } else { self.calls[last as usize] - self.calls[first as usize] }
        };
        self.segments[value.index()].iter().map(in_segment).sum()
    }

    /// Segments, and what is needed over calls.
    fn in_blocks(&mut self, facts: &Facts<'_>, shared: &Shared, sets: &Sets) {
        let mut needed = Needed { values: Vec::new(), places: vec![None; facts.function.dfg.num_values()] };
        for (place, block) in facts.order.blocks.iter().enumerate() {
            let (head, end) = (2 * self.heads[place], 2 * self.heads[place + 1] - 1);
            for number in sets.members(place) {
                needed.add(shared.values[number], end);
            }
            let mut point = end + 1;
            for inst in facts.function.layout.block_insts(*block).rev() {
                point -= 2;
                if facts.is_nothing(inst) {
                    continue;
                }
                for value in facts.function.dfg.inst_results(inst) {
                    if facts.kind(*value) == Kind::Kept {
                        self.made(*value, point + 1, needed.remove(*value));
                    }
                }
                if facts.is_call(inst) {
                    let values = needed.values.iter().map(|(value, _)| *value).collect();
                    self.over_calls.insert(inst, values);
                }
                facts.each_kept(inst, |value| needed.add(value, point));
            }
            for value in facts.function.dfg.block_params(*block) {
                if facts.kind(*value) == Kind::Kept {
                    self.made(*value, head, needed.remove(*value));
                }
            }
            while let Some((value, end)) = needed.pop() {
                self.made(value, head, Some(end));
            }
        }
    }

    /// In a block, a value is there from `start` on, and needed until `end`, if at all.
    fn made(&mut self, value: Value, start: Point, end: Option<Point>) {
        let end = end.unwrap_or(start);
        match self.segments[value.index()].last_mut() {
            Some((_, before)) if *before + 1 == start => *before = end,
            _ => self.segments[value.index()].push((start, end)),
        }
    }
}

/// The values that are needed behind a point, and until when.
struct Needed {
    values: Vec<(Value, Point)>,
    /// Where each is among them.
    places: Vec<Option<u32>>,
}

impl Needed {
    fn add(&mut self, value: Value, end: Point) {
        if self.places[value.index()].is_none() {
            self.places[value.index()] = Some(self.values.len() as u32);
            self.values.push((value, end));
        }
    }
    fn remove(&mut self, value: Value) -> Option<Point> {
        let at = self.places[value.index()].take()?;
        let (_, end) = self.values.swap_remove(at as usize);
        if let Some((moved, _)) = self.values.get(at as usize) {
            self.places[moved.index()] = Some(at);
        }
        Some(end)
    }
    fn pop(&mut self) -> Option<(Value, Point)> {
        let (value, end) = self.values.pop()?;
        self.places[value.index()] = None;
        Some((value, end))
    }
}

/// The values that are used outside of their blocks.
struct Shared {
    numbers: Vec<Option<u32>>,
    values: Vec<Value>,
    /// The place of the block that makes each value.
    homes: Vec<u32>,
}

impl Shared {
    fn add(&mut self, value: Value) {
        let number = &mut self.numbers[value.index()];
        if number.is_none() {
            *number = Some(self.values.len() as u32);
            self.values.push(value);
        }
    }

    fn number(&self, value: Value) -> Option<usize> {
        self.numbers[value.index()].map(|number| number as usize)
    }

    fn is_at_home(&self, value: Value, place: Place) -> bool {
        self.homes[value.index()] == place as u32
    }
}

/// What leads to each block.
fn before(successors: &[SmallVec<[Place; 2]>]) -> Vec<SmallVec<[Place; 2]>> {
    let mut before = vec![SmallVec::new(); successors.len()];
    for (place, next) in successors.iter().enumerate() {
        next.iter().for_each(|next| before[*next].push(place));
    }
    before
}

/// The shared values that are needed at the end of each block, as bits.
struct Sets {
    words: usize,
    bits: Vec<u64>,
}

impl Sets {
    fn new(values: usize, blocks: usize) -> Self {
        let words = values.div_ceil(64);
        Self { words, bits: vec![0; words * blocks] }
    }

    /// Whether it is new.
    fn add(&mut self, place: Place, number: usize) -> bool {
        let word = &mut self.bits[place * self.words + number / 64];
        let before = *word;
        *word |= 1 << (number % 64);
        *word != before
    }

    fn members(&self, place: Place) -> impl Iterator<Item = usize> {
        let words = &self.bits[place * self.words..][..self.words];
        words.iter().enumerate().flat_map(|(at, word)| {
            let mut word = *word;
            std::iter::from_fn(move || {
                let bit = word.trailing_zeros() as usize;
                word &= word.wrapping_sub(1);
                (bit < 64).then_some(at * 64 + bit)
            })
        })
    }
}
