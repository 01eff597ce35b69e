//! Registers for values: a linear scan of their ranges (Poletto and Sarkar, "Linear Scan Register Allocation", 1999), which have holes (Traub, Holloway and Smith, "Quality and Speed in Linear-scan
//! Register Allocation", 1998): a number that only a way out needs, far behind, is in nobody's way in between.
//!
//! A value has one place for the whole of its range. What calls overwrite is saved in front of them and had back behind them, by who makes the call: so code that is seldom executed costs
//! the rest nothing.

use std::collections::BTreeMap;

use cranelift_codegen::entity::EntityRef;
use cranelift_codegen::ir::{Inst, InstructionData, Opcode, Value};
use smallvec::SmallVec;

use super::assembler::{Gpr, R8, R9, R10, R11, R12, R13, R14, R15, RAX, RBX, RCX, RDI, RDX, RSI, Xmm};
use super::facts::{Facts, Kind};
use super::live::{Live, Point};

/// Where a value is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    Nowhere,
    Gpr(Gpr),
    Xmm(Xmm),
    /// A word of the function's own part of the stack.
    Slot(u32),
}

/// Registers that no value is in.
pub const SCRATCH: Gpr = R11;
pub const SECOND_SCRATCH: Gpr = R10;
pub const FLOAT_SCRATCH: Xmm = Xmm(15);
pub const SECOND_FLOAT_SCRATCH: Xmm = Xmm(14);

/// Registers of arguments (System V).
pub const ARGUMENTS: [Gpr; 6] = [RDI, RSI, RDX, RCX, R8, R9];
/// Registers that a function keeps.
pub const KEPT: [Gpr; 5] = [RBX, R12, R13, R14, R15];

const fn mask(registers: &[Gpr]) -> u32 {
    let (mut mask, mut at) = (0, 0);
    while at < registers.len() {
        mask |= 1 << registers[at].0;
        at += 1;
    }
    mask
}

const KEPT_MASK: u32 = mask(&KEPT);
const OTHERS_MASK: u32 = mask(&[RAX, RCX, RDX, RSI, RDI, R8, R9]);
const FLOATS_MASK: u32 = 0x3FFF;

/// What a value had best be in.
#[derive(Clone, Copy, Debug)]
enum Hint {
    /// Where another one is.
    Like(Value),
    Gpr(Gpr),
}

pub struct Allocation {
    places: Vec<Place>,
    /// Where values are during calls.
    saved: Vec<Option<u32>>,
    /// Words of the stack.
    pub slots: u32,
    /// Those of [`KEPT`] that are used.
    pub kept: Vec<Gpr>,
}

impl Allocation {
    pub fn place(&self, value: Value) -> Place {
        self.places[value.index()]
    }

    /// The number of the first of the registers of floats, and those behind, in which no value is.
    pub fn floats(&self) -> u8 {
        let numbers = self.places.iter().filter_map(|place| match place {
            Place::Xmm(float) => Some(float.0 + 1),
            _ => None,
        });
        numbers.max().unwrap_or(0)
    }

    /// Where a value is during calls that overwrite its register.
    pub fn saved(&self, value: Value) -> Option<u32> {
        self.saved[value.index()]
    }

    pub fn of(facts: &Facts<'_>, live: &Live) -> Self {
        let count = facts.function.dfg.num_values();
        let mut scan = Scan {
            facts,
            live,
            hints: hints(facts),
            taken: Default::default(),
            slot_ends: Vec::new(),
            touched: 0,
            allocation: Self {
                places: vec![Place::Nowhere; count],
                saved: vec![None; count],
                slots: 0,
                kept: Vec::new(),
            },
        };
        let values = (0..count).map(|number| Value::from_u32(number as u32));
        let mut values: Vec<Value> =
            values.filter(|value| live.ranges[value.index()].start != Point::MAX).collect();
        values.sort_unstable_by_key(|value| live.ranges[value.index()].start);
        for value in values {
            scan.allocate(value);
        }
        let mut allocation = scan.allocation;
        allocation.slots = scan.slot_ends.len() as u32;
        allocation.kept = KEPT.into_iter().filter(|kept| scan.touched >> kept.0 & 1 != 0).collect();
        allocation
    }
}

struct Scan<'a> {
    facts: &'a Facts<'a>,
    live: &'a Live,
    hints: Vec<[Option<Hint>; 2]>,
    /// When registers are taken, and by which values: general ones, and those of floats. By the first points of segments, with the last ones.
    taken: [[BTreeMap<Point, (Point, Value)>; 16]; 2],
    /// Until when each slot is taken.
    slot_ends: Vec<Point>,
    /// General registers that ever were taken.
    touched: u32,
    allocation: Allocation,
}

impl Scan<'_> {
    fn allocate(&mut self, value: Value) {
        let range = self.live.ranges[value.index()];
        let class = usize::from(self.facts.is_float(value));
        let crossed = 2 * self.live.crossed(value);
        // Of both, those that are better first.
        let preferred = if class == 1 {
            [FLOATS_MASK, 0]
        } else if 4 * crossed > range.weight {
            [KEPT_MASK, OTHERS_MASK]
        } else {
            [OTHERS_MASK, KEPT_MASK]
        };
        let mut preferred = preferred.map(|mask| self.free(value, class, mask));
        if crossed > range.weight {
            preferred = preferred.map(|mask| if class == 1 { 0 } else { mask & KEPT_MASK });
            if preferred == [0, 0] {
                return self.spill(value);
            }
        }
        let register = self.hinted(value, class, preferred).or_else(|| {
            preferred.into_iter().find(|mask| *mask != 0).map(|mask| mask.trailing_zeros() as u8)
        });
        match register.or_else(|| self.evict(value, class)) {
            Some(register) => self.take(value, class, register),
            None => self.spill(value),
        }
    }

    /// Those of the registers that are free wherever the value is needed.
    fn free(&self, value: Value, class: usize, mut mask: u32) -> u32 {
        for register in 0..16 {
            if mask >> register & 1 != 0 && self.conflicts(value, class, register).next().is_some() {
                mask &= !(1 << register);
            }
        }
        mask
    }

    /// The values that are in a register where the value is needed; some more than once.
    fn conflicts(&self, value: Value, class: usize, register: u8) -> impl Iterator<Item = Value> {
        let taken = &self.taken[class][register as usize];
        let segments = self.live.segments[value.index()].iter();
        segments.flat_map(|(start, end)| {
            let ending = taken.range(..=*end).rev().take_while(|(_, (last, _))| last >= start);
            ending.map(|(_, (_, other))| *other)
        })
    }

    fn hinted(&self, value: Value, class: usize, masks: [u32; 2]) -> Option<u8> {
        let hints = self.hints[value.index()];
        let registers = hints.into_iter().flatten().filter_map(|hint| match hint {
            Hint::Gpr(register) => (class == 0).then_some(register.0),
            Hint::Like(other) => match self.allocation.place(other) {
                Place::Gpr(register) if class == 0 => Some(register.0),
                Place::Xmm(register) if class == 1 => Some(register.0),
                _ => None,
            },
        });
        // A worse kind of register is no gain.
        let best = masks.into_iter().find(|mask| *mask != 0)?;
        registers.into_iter().find(|register| best >> register & 1 != 0)
    }

    fn take(&mut self, value: Value, class: usize, register: u8) {
        for (start, end) in &self.live.segments[value.index()] {
            self.taken[class][register as usize].insert(*start, (*end, value));
        }
        let place = if class == 0 { Place::Gpr(Gpr(register)) } else { Place::Xmm(Xmm(register)) };
        self.allocation.places[value.index()] = place;
        let kept = class == 0 && KEPT_MASK >> register & 1 != 0;
        if class == 0 {
            self.touched |= 1 << register;
        }
        let range = self.live.ranges[value.index()];
        if !kept && self.live.crossed(value) > 0 {
            let slot = self.slot(range.start, range.end);
            self.allocation.saved[value.index()] = Some(slot);
        }
    }

    fn slot(&mut self, start: Point, end: Point) -> u32 {
        let free = self.slot_ends.iter().position(|until| *until < start);
        let slot = free.unwrap_or_else(|| {
            self.slot_ends.push(0);
            self.slot_ends.len() - 1
        });
        self.slot_ends[slot] = end;
        slot as u32
    }

    fn spill(&mut self, value: Value) {
        let range = self.live.ranges[value.index()];
        let slot = self.slot(range.start, range.end);
        self.allocation.places[value.index()] = Place::Slot(slot);
    }

    /// A register whose values need it less, and are spilled.
    fn evict(&mut self, value: Value, class: usize) -> Option<u8> {
        let need = |value: Value| {
            let segments = &self.live.segments[value.index()];
            let length: Point = segments.iter().map(|(start, end)| end - start).sum();
            self.live.ranges[value.index()].weight as f32 / (length + 8) as f32
        };
        let all = if class == 1 { FLOATS_MASK } else { OTHERS_MASK | KEPT_MASK };
        let registers = (0..16u8).filter(|register| all >> register & 1 != 0);
        let worst = |register: u8| self.conflicts(value, class, register).map(need).fold(0.0, f32::max);
        let (register, most) =
            registers.map(|register| (register, worst(register))).min_by(|x, y| x.1.total_cmp(&y.1))?;
        if most >= need(value) {
            return None;
        }
        let mut others: SmallVec<[Value; 8]> = self.conflicts(value, class, register).collect();
        others.sort_unstable();
        others.dedup();
        for other in others {
            for (start, _) in &self.live.segments[other.index()] {
                self.taken[class][register as usize].remove(start);
            }
            // From the start of its range on: no slot that another had meanwhile.
            let slot = self.allocation.saved[other.index()].take().unwrap_or_else(|| {
                self.slot_ends.push(self.live.ranges[other.index()].end);
                self.slot_ends.len() as u32 - 1
            });
            self.allocation.places[other.index()] = Place::Slot(slot);
        }
        Some(register)
    }
}

fn hints(facts: &Facts<'_>) -> Vec<[Option<Hint>; 2]> {
    let dfg = &facts.function.dfg;
    let mut hints = vec![[None; 2]; dfg.num_values()];
    let mut add = |value: Value, hint: Hint| {
        let hints: &mut [Option<Hint>; 2] = &mut hints[value.index()];
        if let Some(free) = hints.iter_mut().find(|hint| hint.is_none()) {
            *free = Some(hint);
        }
    };
    if let Some(entry) = facts.order.blocks.first() {
        for (value, register) in dfg.block_params(*entry).iter().zip(ARGUMENTS) {
            add(*value, Hint::Gpr(register));
        }
    }
    for inst in facts.insts() {
        for call in dfg.insts[inst].branch_destination(&dfg.jump_tables, &dfg.exception_tables) {
            let params = dfg.block_params(call.block(&dfg.value_lists));
            for (given, param) in facts.given(call).zip(params) {
                if facts.kind(given) == Kind::Kept {
                    add(*param, Hint::Like(given));
                    add(given, Hint::Like(*param));
                }
            }
        }
        result_hints(facts, inst, &mut add);
    }
    hints
}

fn result_hints(facts: &Facts<'_>, inst: Inst, add: &mut impl FnMut(Value, Hint)) {
    let dfg = &facts.function.dfg;
    match dfg.insts[inst] {
        InstructionData::CallIndirect { .. } if facts.is_call(inst) => {
            for (given, register) in dfg.inst_args(inst).iter().skip(1).zip(ARGUMENTS) {
                add(facts.resolve(*given), Hint::Gpr(register));
            }
            for (result, register) in dfg.inst_results(inst).iter().zip([RAX, RDX]) {
                add(*result, Hint::Gpr(register));
            }
        }
        InstructionData::Binary { args: [first, _], .. }
        | InstructionData::Unary { opcode: Opcode::Ineg | Opcode::Fneg | Opcode::Ireduce, arg: first } => {
            for result in dfg.inst_results(inst) {
                add(*result, Hint::Like(facts.resolve(first)));
            }
        }
        _ => {}
    }
}
