//! What values are, before any has a place.

use cranelift_codegen::entity::EntityRef;
use cranelift_codegen::ir::condcodes::FloatCC;
use cranelift_codegen::ir::types::{F64, I8, I16, I32, I64};
use cranelift_codegen::ir::{BlockCall, Function, Inst, InstructionData, Opcode, Type, Value, ValueDef};

use super::assembler::Width;
use super::order::Order;
use super::stubs::{self, Stub};

/// How a value is had.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// By nobody.
    Unused,
    /// It is a constant of these bits, zeros above those of its type.
    Constant(u64),
    /// It is a comparison that is made where its result is asked.
    Asked,
    /// It is read from memory where it is compared.
    Read,
    /// It is what a piece of code gives, and asked directly behind that: nobody else needs it.
    Given,
    /// It has a place.
    Kept,
}

pub struct Facts<'a> {
    pub function: &'a Function,
    pub order: &'a Order,
    /// Of aliases, what they stand for.
    stands_for: Vec<Value>,
    kinds: Vec<Kind>,
}

impl<'a> Facts<'a> {
    pub fn of(function: &'a Function, order: &'a Order) -> Self {
        let dfg = &function.dfg;
        let values = (0..dfg.num_values()).map(|number| Value::from_u32(number as u32));
        let stands_for = values.map(|value| dfg.resolve_aliases(value)).collect();
        let mut this = Self { function, order, stands_for, kinds: Vec::new() };
        let mut uses = vec![0u32; dfg.num_values()];
        for inst in this.insts() {
            this.each_operand(inst, |value| uses[value.index()] += 1);
        }
        let insts: Vec<Inst> = this.insts().collect();
        for inst in insts.iter().rev() {
            let asked = dfg.inst_results(*inst).iter().any(|value| uses[value.index()] > 0);
            if !asked && !does_something(dfg.insts[*inst].opcode()) {
                this.each_operand(*inst, |value| uses[value.index()] -= 1);
            }
        }
        this.kinds = uses.iter().map(|uses| if *uses == 0 { Kind::Unused } else { Kind::Kept }).collect();
        for inst in &insts {
            match dfg.insts[*inst] {
                InstructionData::UnaryImm { opcode: Opcode::Iconst, imm } => {
                    let value = dfg.first_result(*inst);
                    let bits = imm.bits() as u64 & mask(dfg.value_type(value));
                    this.set(value, Kind::Constant(bits));
                }
                InstructionData::UnaryIeee64 { imm, .. } => {
                    this.set(dfg.first_result(*inst), Kind::Constant(imm.bits()));
                }
                InstructionData::Brif { arg, .. }
                | InstructionData::Ternary { opcode: Opcode::Select, args: [arg, ..] } => {
                    let asked = this.resolve(arg);
                    if uses[asked.index()] == 1 {
                        this.ask(asked, *inst, &uses);
                    }
                }
                _ => {}
            }
        }
        this
    }

    /// Finds out how a value is had that only `by` asks for.
    fn ask(&mut self, asked: Value, by: Inst, uses: &[u32]) {
        if self.can_be_asked(asked, by) {
            self.set(asked, Kind::Asked);
            let compare = self.function.dfg.value_def(asked).inst();
            let Some(InstructionData::IntCompare { args, .. }) =
                compare.map(|inst| self.function.dfg.insts[inst])
            else {
                return;
            };
            let [left, right] = args.map(|arg| self.resolve(arg));
            for (arg, other) in [(left, right), (right, left)] {
                let is_operand = |bits: u64| i32::try_from(bits as i64).is_ok();
                if uses[arg.index()] == 1
                    && !matches!(self.kind(other), Kind::Constant(bits) if !is_operand(bits))
                    && self.can_be_read(arg, by)
                {
                    return self.set(arg, Kind::Read);
                }
            }
        } else if self.can_be_read(asked, by) {
            self.set(asked, Kind::Read);
        } else if self.is_given(asked, by) {
            self.set(asked, Kind::Given);
        }
    }

    /// Whether a value is a word of memory that `by`, in the same block, finds as it is there.
    fn can_be_read(&self, value: Value, by: Inst) -> bool {
        let ValueDef::Result(inst, 0) = self.function.dfg.value_def(value) else { return false };
        let layout = &self.function.layout;
        let reads = matches!(self.function.dfg.insts[inst].opcode(), Opcode::Load | Opcode::AtomicLoad)
            && matches!(self.function.dfg.value_type(value), I32 | I64);
        if !reads || layout.inst_block(inst) != layout.inst_block(by) {
            return false;
        }
        let touches_memory = |inst: Inst| {
            let opcode = self.function.dfg.insts[inst].opcode();
            does_something(opcode) || opcode.can_load()
        };
        let between = std::iter::successors(layout.next_inst(inst), |inst| layout.next_inst(*inst));
        !between.take_while(|inst| *inst != by).any(touches_memory)
    }

    /// Whether a value is the result of a piece of code, behind which comes nothing but what is made where it is asked until `by`.
    fn is_given(&self, value: Value, by: Inst) -> bool {
        let ValueDef::Result(inst, 0) = self.function.dfg.value_def(value) else { return false };
        self.stub(inst).is_some() && self.function.layout.next_inst(inst) == Some(by)
    }

    /// Whether a value is a comparison in the block of `by`, which asks for it; in flags that one condition tells.
    fn can_be_asked(&self, value: Value, by: Inst) -> bool {
        let ValueDef::Result(inst, 0) = self.function.dfg.value_def(value) else { return false };
        let one = match self.function.dfg.insts[inst] {
            InstructionData::IntCompare { .. } => true,
            InstructionData::FloatCompare { cond, .. } => {
                let by_jump = matches!(self.function.dfg.insts[by], InstructionData::Brif { .. });
                by_jump || !matches!(cond, FloatCC::Equal | FloatCC::NotEqual)
            }
            _ => false,
        };
        one && self.function.layout.inst_block(inst) == self.function.layout.inst_block(by)
    }

    fn set(&mut self, value: Value, kind: Kind) {
        if self.kinds[value.index()] != Kind::Unused {
            self.kinds[value.index()] = kind;
        }
    }

    /// All instructions, in order.
    pub fn insts(&self) -> impl Iterator<Item = Inst> + use<'a> {
        let function = self.function;
        self.order.blocks.iter().flat_map(|block| function.layout.block_insts(*block))
    }

    /// The value that this one stands for.
    pub fn resolve(&self, value: Value) -> Value {
        self.stands_for[value.index()]
    }

    pub fn kind(&self, value: Value) -> Kind {
        self.kinds[value.index()]
    }

    pub fn is_float(&self, value: Value) -> bool {
        self.function.dfg.value_type(value) == F64
    }

    /// Whether an instruction is one that no code is made of, or none where it stands.
    pub fn is_nothing(&self, inst: Inst) -> bool {
        let dfg = &self.function.dfg;
        !does_something(dfg.insts[inst].opcode())
            && dfg.inst_results(inst).iter().all(|value| self.kind(*value) != Kind::Kept)
    }

    /// The instruction that makes a comparison which is made where it is asked.
    pub fn asked(&self, value: Value) -> Option<Inst> {
        if self.kind(value) != Kind::Asked {
            return None;
        }
        self.function.dfg.value_def(value).inst()
    }

    /// Where a value is in memory that is read where it is compared: an address, and how far from there.
    pub fn read(&self, value: Value) -> Option<(Value, i32)> {
        if self.kind(value) != Kind::Read {
            return None;
        }
        match self.function.dfg.insts[self.function.dfg.value_def(value).inst()?] {
            InstructionData::Load { arg, offset, .. } => Some((arg, offset.into())),
            InstructionData::LoadNoOffset { arg, .. } => Some((arg, 0)),
            _ => None,
        }
    }

    /// The piece of code that an instruction calls, if it calls one.
    pub fn stub(&self, inst: Inst) -> Option<Stub> {
        let dfg = &self.function.dfg;
        let InstructionData::CallIndirect { sig_ref, .. } = dfg.insts[inst] else { return None };
        if dfg.signatures[sig_ref].call_conv != stubs::CONVENTION {
            return None;
        }
        match self.kind(self.resolve(*dfg.inst_args(inst).first()?)) {
            Kind::Constant(number) => Stub::of(number),
            _ => None,
        }
    }

    /// Whether an instruction calls a function, which overwrites registers.
    pub fn is_call(&self, inst: Inst) -> bool {
        self.function.dfg.insts[inst].opcode().is_call() && self.stub(inst).is_none()
    }

    /// Calls `each` with the operands of an instruction, those for other blocks with them.
    fn each_operand(&self, inst: Inst, mut each: impl FnMut(Value)) {
        let dfg = &self.function.dfg;
        for value in dfg.inst_args(inst) {
            each(self.resolve(*value));
        }
        for call in dfg.insts[inst].branch_destination(&dfg.jump_tables, &dfg.exception_tables) {
            for value in self.given(call) {
                each(value);
            }
        }
    }

    /// What is given to the block that is gone to.
    pub fn given(&self, call: &'a BlockCall) -> impl Iterator<Item = Value> {
        call.args(&self.function.dfg.value_lists)
            .filter_map(|arg| arg.as_value())
            .map(|value| self.resolve(value))
    }

    /// Calls `each` with those operands that have places when the instruction is executed.
    pub fn each_kept(&self, inst: Inst, mut each: impl FnMut(Value)) {
        self.each_operand(inst, |value| match self.asked(value) {
            Some(compare) => {
                for operand in self.function.dfg.inst_args(compare) {
                    self.if_kept(*operand, &mut each);
                }
            }
            None => self.if_kept(value, &mut each),
        });
    }

    /// Calls `each` with the value, or with its address where it is read from memory, if that has a place.
    fn if_kept(&self, value: Value, each: &mut impl FnMut(Value)) {
        let value = self.resolve(value);
        let value = self.read(value).map_or(value, |(address, _)| self.resolve(address));
        if self.kind(value) == Kind::Kept {
            each(value);
        }
    }
}

/// Whether an instruction is wanted for more than its results.
fn does_something(opcode: Opcode) -> bool {
    opcode.is_terminator() || opcode.is_call() || opcode.can_store()
}

/// The bits of a type.
fn mask(kind: Type) -> u64 {
    match kind.bits() {
        64.. => u64::MAX,
        bits => (1 << bits) - 1,
    }
}

/// The width of a type of integers.
pub fn width(kind: Type) -> Option<Width> {
    Some(match kind {
        I8 => Width::B1,
        I16 => Width::B2,
        I32 => Width::B4,
        I64 => Width::B8,
        _ => return None,
    })
}
