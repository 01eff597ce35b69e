//! From block to block.

use cranelift_codegen::ir::{BlockCall, JumpTable, Value};

use super::super::allocate::{Place, SCRATCH, SECOND_SCRATCH};
use super::super::assembler::{Alu, Cond, Label, Mem, Width};
use super::super::moves::{Source, moves};
use super::super::order;
use super::Emit;
use super::tests::Test;

/// A way to a block, and what is moved on it.
type Way = (Vec<(Source, Place)>, order::Place);

impl Emit<'_> {
    fn way(&self, call: &BlockCall) -> Way {
        let dfg = &self.facts.function.dfg;
        let block = call.block(&dfg.value_lists);
        let params = dfg.block_params(block);
        let given = call.args(&dfg.value_lists).filter_map(|arg| arg.as_value());
        let given = given.zip(params).map(|(from, to)| (self.source(from), self.place(*to)));
        let given = given.filter(|(from, to)| *from != Source::Place(*to) && *to != Place::Nowhere);
        (given.collect(), self.facts.order.place(block))
    }

    pub(super) fn jump(&mut self, call: &BlockCall) {
        let (given, to) = self.way(call);
        moves(&mut self.code, given);
        self.fall_or_jump(to);
    }

    fn fall_or_jump(&mut self, to: order::Place) {
        if self.next != Some(to) {
            self.code.jump(self.labels[to]);
        }
    }

    /// Where to jump for a way: to the block, or to what is made apart for it.
    fn start(&mut self, (given, to): Way) -> Label {
        if given.is_empty() {
            return self.labels[to];
        }
        let label = self.code.label();
        self.stubs.push((label, given, to));
        label
    }

    pub(super) fn branch(&mut self, asked: Value, blocks: [BlockCall; 2]) -> Option<()> {
        if let Some(constant) = self.constant(asked) {
            self.jump(&blocks[usize::from(constant == 0)]);
            return Some(());
        }
        let [yes, no] = [self.way(&blocks[0]), self.way(&blocks[1])];
        let test = self.test(asked)?;
        let cond = match test {
            Test::One(cond) => cond,
            Test::Equal | Test::NotEqual => {
                let [equal, other] = if test == Test::Equal { [yes, no] } else { [no, yes] };
                let label = self.start(other);
                self.code.jump_if(Cond::Parity, label);
                self.code.jump_if(Cond::NotEqual, label);
                moves(&mut self.code, equal.0);
                self.fall_or_jump(equal.1);
                return Some(());
            }
        };
        // What follows is fallen into; or else what is not cold, with its moves in place.
        let cold = |way: &Way| self.facts.order.cold[way.1];
        let falls_if_so = self.next == Some(yes.1) || self.next != Some(no.1) && cold(&no) && !cold(&yes);
        let (falls, jumps, cond) = if falls_if_so { (yes, no, cond.not()) } else { (no, yes, cond) };
        let label = self.start(jumps);
        self.code.jump_if(cond, label);
        moves(&mut self.code, falls.0);
        self.fall_or_jump(falls.1);
        Some(())
    }

    pub(super) fn table(&mut self, asked: Value, table: JumpTable) -> Option<()> {
        let table = &self.facts.function.dfg.jump_tables[table];
        let default = self.way(&table.default_block());
        let ways: Vec<Way> = table.as_slice().iter().map(|call| self.way(call)).collect();
        let default = self.start(default);
        let labels: Vec<Label> = ways.into_iter().map(|way| self.start(way)).collect();
        let asked = self.int(asked, SECOND_SCRATCH);
        self.code.alu_constant(Alu::Cmp, Width::B4, asked, labels.len() as i32);
        self.code.jump_if(Cond::AboveOrEqual, default);
        self.code.copy(SECOND_SCRATCH, asked);
        let place = self.code.label();
        self.code.address(SCRATCH, place);
        self.code
            .extend_signed(SECOND_SCRATCH, Mem { base: SCRATCH, index: Some(SECOND_SCRATCH), offset: 0 });
        self.code.alu(Alu::Add, Width::B8, SCRATCH, SECOND_SCRATCH);
        self.code.jump_to(SCRATCH);
        self.tables.push((place, labels));
        Some(())
    }
}
