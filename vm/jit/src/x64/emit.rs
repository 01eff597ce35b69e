//! Instructions of the processor for a function whose values have places.

mod blocks;
mod numbers;
mod tests;

use std::collections::BTreeMap;

use cranelift_codegen::ir::types::{F64, I64};
use cranelift_codegen::ir::{Inst, InstructionData, Opcode, Type, Value};
use taipan_vm::tier::late;

use super::allocate::{ARGUMENTS, Allocation, FLOAT_SCRATCH, KEPT, Place, SCRATCH, SECOND_SCRATCH};
use super::assembler::{Alu, Assembler, Gpr, Label, Mem, RAX, RBP, RDX, RSP, Rm, Sse, Width, Xmm};
use super::facts::{Facts, Kind, width};
use super::live::Live;
use super::moves::{Source, moves, one, slot};
use super::order;
use super::stubs::{self, Stub};

/// The instruction is none that there is code for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unknown(pub Opcode);

pub struct Emit<'a> {
    code: Assembler,
    facts: &'a Facts<'a>,
    allocation: &'a Allocation,
    live: &'a Live,
    labels: Vec<Label>,
    /// Where the function ends.
    end: Label,
    /// Blocks behind the one being made.
    next: Option<order::Place>,
    /// Moves on the way to a block, that are made apart.
    stubs: Vec<(Label, Vec<(Source, Place)>, order::Place)>,
    /// Tables of places to jump to.
    tables: Vec<(Label, Vec<Label>)>,
    lists: late::Lists,
    /// Those that are asked for, by where they are.
    list_labels: BTreeMap<u32, Label>,
    /// Of those that are called.
    pieces: [Option<Label>; Stub::ALL.len()],
}

impl<'a> Emit<'a> {
    /// The code of the function.
    pub fn run(facts: &'a Facts<'a>, live: &'a Live, allocation: &'a Allocation) -> Result<Vec<u8>, Unknown> {
        let mut code = Assembler::default();
        let labels = facts.order.blocks.iter().map(|_| code.label()).collect();
        let end = code.label();
        let mut this = Self {
            code,
            facts,
            allocation,
            live,
            labels,
            end,
            next: None,
            stubs: Vec::new(),
            tables: Vec::new(),
            lists: late::Lists::default(),
            list_labels: BTreeMap::new(),
            pieces: [None; Stub::ALL.len()],
        };
        this.begin();
        let places = 0..facts.order.blocks.len();
        let (warm, cold): (Vec<_>, Vec<_>) = places.partition(|place| !facts.order.cold[*place]);
        let places: Vec<order::Place> = warm.into_iter().chain(cold).collect();
        for (at, place) in places.iter().enumerate() {
            this.next = places.get(at + 1).copied();
            this.code.bind(this.labels[*place]);
            for inst in facts.function.layout.block_insts(facts.order.blocks[*place]) {
                if !facts.is_nothing(inst) {
                    let unknown = Unknown(facts.function.dfg.insts[inst].opcode());
                    this.instruction(inst).ok_or(unknown)?;
                }
            }
        }
        this.finish();
        this.code.finish().ok_or(Unknown(Opcode::Nop))
    }

    /// Bytes of the function's part of the stack, under the registers that it keeps.
    fn bytes(&self) -> i32 {
        let words = self.allocation.slots as usize + self.allocation.kept.len();
        // The return address and a register are above.
        (self.allocation.slots as i32 + (words % 2) as i32) * 8
    }

    fn begin(&mut self) {
        self.code.push(RBP);
        self.code.copy(RBP, RSP);
        if self.facts.insts().any(|inst| self.facts.stub(inst).is_some()) {
            stubs::prepare(&mut self.code);
        }
        for register in &self.allocation.kept {
            self.code.push(*register);
        }
        if self.bytes() > 0 {
            let bytes = self.bytes();
            self.code.alu_constant(Alu::Sub, Width::B8, RSP, bytes);
        }
        let entry = self.facts.order.blocks[0];
        let params = self.facts.function.dfg.block_params(entry);
        let given = params.iter().zip(ARGUMENTS);
        let given = given.map(|(to, from)| (Source::Place(Place::Gpr(from)), self.place(*to))).collect();
        moves(&mut self.code, given);
    }

    fn finish(&mut self) {
        for (label, given, to) in std::mem::take(&mut self.stubs) {
            self.code.bind(label);
            moves(&mut self.code, given);
            self.code.jump(self.labels[to]);
        }
        self.code.bind(self.end);
        if self.bytes() > 0 {
            let bytes = self.bytes();
            self.code.alu_constant(Alu::Add, Width::B8, RSP, bytes);
        }
        for register in self.allocation.kept.iter().rev() {
            self.code.pop(*register);
        }
        self.code.copy(RSP, RBP);
        self.code.pop(RBP);
        self.code.ret();
        let floats = self.allocation.floats();
        for (stub, label) in Stub::ALL.into_iter().zip(std::mem::take(&mut self.pieces)) {
            if let Some(label) = label {
                stubs::write(&mut self.code, stub, label, floats);
            }
        }
        for (at, word) in std::mem::take(&mut self.lists.words).into_iter().enumerate() {
            if let Some(label) = self.list_labels.get(&(at as u32)) {
                self.code.bind(*label);
            }
            self.code.data(word);
        }
        for (table, labels) in std::mem::take(&mut self.tables) {
            self.code.bind(table);
            for label in labels {
                self.code.distance(label, table);
            }
        }
    }

    /// Makes code of an instruction; nothing if that is not known.
    fn instruction(&mut self, inst: Inst) -> Option<()> {
        let dfg = &self.facts.function.dfg;
        let data = dfg.insts[inst];
        let opcode = data.opcode();
        match data {
            InstructionData::Jump { destination, .. } => self.jump(&destination),
            InstructionData::Brif { arg, blocks, .. } => return self.branch(arg, blocks),
            InstructionData::BranchTable { arg, table, .. } => return self.table(arg, table),
            InstructionData::CallIndirect { .. } => return self.call(inst),
            InstructionData::MultiAry { opcode: Opcode::Return, .. } => {
                return self.return_(inst);
            }
            InstructionData::Load { opcode: Opcode::Load, arg, offset, .. } => {
                let from = self.at(arg, offset.into(), SCRATCH);
                return self.load(inst, from);
            }
            InstructionData::LoadNoOffset { opcode: Opcode::AtomicLoad, arg, .. } => {
                // Loads are not put before earlier ones by this processor.
                let from = self.at(arg, 0, SCRATCH);
                return self.load(inst, from);
            }
            InstructionData::LoadNoOffset { opcode: Opcode::Bitcast, arg, .. } => {
                let result = self.result(inst);
                if self.kind(result).bits() != 64 || self.kind(arg).bits() != 64 {
                    return None;
                }
                let to = self.place(result);
                self.bring(arg, to);
            }
            InstructionData::Store { opcode: Opcode::Store, args: [value, to], offset, .. } => {
                let to = self.at(to, offset.into(), SCRATCH);
                return self.store(value, to);
            }
            InstructionData::IntCompare { .. } | InstructionData::FloatCompare { .. } => {
                return self.compare_value(inst);
            }
            InstructionData::Ternary { opcode: Opcode::Select, args } => {
                return self.select(inst, args);
            }
            InstructionData::Binary { args, .. } => return self.binary(inst, opcode, args),
            InstructionData::Unary { arg, .. } => return self.unary(inst, opcode, arg),
            InstructionData::NullAry { opcode: Opcode::GetStackPointer } => {
                self.put(self.result(inst), RSP);
            }
            _ => return None,
        }
        Some(())
    }

    // --- values ---

    fn place(&self, value: Value) -> Place {
        self.allocation.place(self.facts.resolve(value))
    }

    fn constant(&self, value: Value) -> Option<u64> {
        match self.facts.kind(self.facts.resolve(value)) {
            Kind::Constant(bits) => Some(bits),
            _ => None,
        }
    }

    /// The constant as an operand of that width, if it can be one.
    fn immediate(&self, value: Value, width: Width) -> Option<i32> {
        let bits = self.constant(value)?;
        if width == Width::B8 { i32::try_from(bits as i64).ok() } else { Some(bits as u32 as i32) }
    }

    fn source(&self, value: Value) -> Source {
        match self.constant(value) {
            Some(bits) => Source::Constant(bits),
            None => Source::Place(self.place(value)),
        }
    }

    /// Moves a value there.
    fn bring(&mut self, value: Value, to: Place) {
        let from = self.source(value);
        one(&mut self.code, from, to);
    }

    fn kind(&self, value: Value) -> Type {
        self.facts.function.dfg.value_type(value)
    }

    fn result(&self, inst: Inst) -> Value {
        self.facts.function.dfg.first_result(inst)
    }

    /// The register that an integer is in; that one if it is in none.
    fn int(&mut self, value: Value, otherwise: Gpr) -> Gpr {
        match self.source(value) {
            Source::Place(Place::Gpr(register)) => register,
            source => {
                one(&mut self.code, source, Place::Gpr(otherwise));
                otherwise
            }
        }
    }

    /// An operand: of a constant, in that register.
    fn int_operand(&mut self, value: Value, otherwise: Gpr) -> Rm {
        match self.source(value) {
            Source::Place(Place::Slot(number)) => slot(number).into(),
            _ => self.int(value, otherwise).into(),
        }
    }

    fn float(&mut self, value: Value, otherwise: Xmm) -> Xmm {
        match self.source(value) {
            Source::Place(Place::Xmm(register)) => register,
            source => {
                one(&mut self.code, source, Place::Xmm(otherwise));
                otherwise
            }
        }
    }

    fn float_operand(&mut self, value: Value, otherwise: Xmm) -> Rm {
        match self.source(value) {
            Source::Place(Place::Slot(number)) => slot(number).into(),
            _ => self.float(value, otherwise).into(),
        }
    }

    /// Where to make an integer: its register, or one from which [`Self::put`] moves it.
    fn target(&self, value: Value) -> Gpr {
        match self.place(value) {
            Place::Gpr(register) => register,
            _ => SCRATCH,
        }
    }

    fn float_target(&self, value: Value) -> Xmm {
        match self.place(value) {
            Place::Xmm(register) => register,
            _ => FLOAT_SCRATCH,
        }
    }

    fn put(&mut self, value: Value, from: Gpr) {
        let to = self.place(value);
        one(&mut self.code, Source::Place(Place::Gpr(from)), to);
    }

    fn put_float(&mut self, value: Value, from: Xmm) {
        let to = self.place(value);
        one(&mut self.code, Source::Place(Place::Xmm(from)), to);
    }

    // --- memory ---

    /// The place so far from an address, which that register has if no other does.
    fn at(&mut self, address: Value, offset: i32, otherwise: Gpr) -> Mem {
        let absolute =
            self.constant(address).and_then(|bits| i32::try_from(bits as i64 + i64::from(offset)).ok());
        match absolute.filter(|address| *address >= 0) {
            Some(address) => Mem::absolute(address),
            None => Mem::at(self.int(address, otherwise), offset),
        }
    }

    /// The place of a value that is read where it is compared.
    fn memory(&mut self, value: Value, otherwise: Gpr) -> Option<Mem> {
        let (address, offset) = self.facts.read(self.facts.resolve(value))?;
        Some(self.at(address, offset, otherwise))
    }

    fn load(&mut self, inst: Inst, from: Mem) -> Option<()> {
        let result = self.result(inst);
        if self.kind(result) == F64 {
            let to = self.float_target(result);
            self.code.load_float(to, from);
            self.put_float(result, to);
            return Some(());
        }
        let to = self.target(result);
        self.code.load(width(self.kind(result))?, to, from);
        self.put(result, to);
        Some(())
    }

    fn store(&mut self, value: Value, to: Mem) -> Option<()> {
        if self.kind(value) == F64 {
            let from = self.float(value, FLOAT_SCRATCH);
            self.code.store_float(to, from);
            return Some(());
        }
        let width = width(self.kind(value))?;
        match self.immediate(value, width) {
            Some(constant) => self.code.store_constant(width, to, constant),
            None => {
                let from = self.int(value, SECOND_SCRATCH);
                self.code.store(width, to, from);
            }
        }
        Some(())
    }

    // --- calls ---

    /// Calls a piece of code, which leaves registers as they are.
    fn call_stub(&mut self, inst: Inst, stub: Stub) -> Option<()> {
        let dfg = &self.facts.function.dfg;
        if stub == Stub::Write {
            let list = self.numbers(inst)?;
            let label = *self.list_labels.entry(list).or_insert_with(|| self.code.label());
            self.code.address(SECOND_SCRATCH, label);
            self.call_piece(stub);
            return Some(());
        }
        let given = dfg.inst_args(inst);
        self.bring(*given.get(1)?, Place::Gpr(SECOND_SCRATCH));
        if let Some(second) = given.get(2) {
            self.bring(*second, Place::Gpr(SCRATCH));
        }
        self.call_piece(stub);
        let result = self.result(inst);
        if self.facts.kind(result) != Kind::Given {
            self.put(result, SECOND_SCRATCH);
        }
        Some(())
    }

    fn call_piece(&mut self, stub: Stub) {
        let label = match self.pieces[stub as usize] {
            Some(label) => label,
            None => *self.pieces[stub as usize].insert(self.code.label()),
        };
        self.code.call_label(label);
    }

    /// The list of what a call of [`Stub::Write`] is given.
    fn numbers(&mut self, inst: Inst) -> Option<u32> {
        let facts = self.facts;
        let [_, window, given @ ..] = facts.function.dfg.inst_args(inst) else { return None };
        let window = self.place_of_number(*window);
        let mut list = self.lists.empty(window)?;
        for pair in given.chunks_exact(2) {
            let register = self.constant(pair[0])? as u16;
            let (is_float, place) = (self.kind(pair[1]) == F64, self.place_of_number(pair[1]));
            list = self.lists.with(late::Number { register, is_float, place }, list)?;
        }
        Some(list)
    }

    fn place_of_number(&self, value: Value) -> late::Place {
        match self.source(value) {
            Source::Place(Place::Gpr(register)) => late::Place::Int(register.0),
            Source::Place(Place::Xmm(register)) => late::Place::Float(register.0),
            Source::Place(Place::Slot(number)) => late::Place::Slot(number),
            Source::Constant(bits) if self.kind(value) == F64 => {
                late::Place::Constant(taipan_objects::Value::from_float(f64::from_bits(bits)).bits())
            }
            Source::Constant(bits) => {
                late::Place::Constant(taipan_objects::Value::from_int_wrapping(bits as i64).bits())
            }
            // Nothing that is used is nowhere.
            Source::Place(Place::Nowhere) => unreachable!("is used"),
        }
    }

    fn call(&mut self, inst: Inst) -> Option<()> {
        if let Some(stub) = self.facts.stub(inst) {
            return self.call_stub(inst, stub);
        }
        let facts = self.facts;
        let dfg = &facts.function.dfg;
        let mut saved = Vec::new();
        for value in self.live.over_calls.get(&inst)? {
            match self.place(*value) {
                Place::Gpr(register) if KEPT.contains(&register) => {}
                Place::Slot(_) | Place::Nowhere => {}
                place => saved.push((place, self.allocation.saved(*value)?)),
            }
        }
        for (place, number) in &saved {
            one(&mut self.code, Source::Place(*place), Place::Slot(*number));
        }
        let (callee, args) = dfg.inst_args(inst).split_first()?;
        let mut given = Vec::with_capacity(args.len() + 1);
        let (mut ints, mut floats) = (ARGUMENTS.into_iter(), (0..8).map(Xmm));
        for arg in args {
            let to = match self.kind(*arg) {
                F64 => Place::Xmm(floats.next()?),
                _ => Place::Gpr(ints.next()?),
            };
            given.push((self.source(*arg), to));
        }
        match self.constant(*callee) {
            Some(address) => {
                moves(&mut self.code, given);
                self.code.constant(SCRATCH, address);
            }
            None => {
                given.push((self.source(*callee), Place::Gpr(SCRATCH)));
                moves(&mut self.code, given);
            }
        }
        self.code.call(SCRATCH);
        let mut got = Vec::new();
        let mut ints = [RAX, RDX].into_iter();
        for result in dfg.inst_results(inst) {
            let from = match self.kind(*result) {
                F64 => Place::Xmm(Xmm(0)),
                I64 => Place::Gpr(ints.next()?),
                // What is above such results is not said to be zero.
                _ => return None,
            };
            got.push((Source::Place(from), self.place(*result)));
        }
        moves(&mut self.code, got);
        for (place, number) in saved {
            one(&mut self.code, Source::Place(Place::Slot(number)), place);
        }
        Some(())
    }

    fn return_(&mut self, inst: Inst) -> Option<()> {
        let results = self.facts.function.dfg.inst_args(inst);
        if results.len() > 2 || results.iter().any(|value| self.kind(*value) != I64) {
            return None;
        }
        let given = results.iter().zip([RAX, RDX]);
        let given = given.map(|(value, to)| (self.source(*value), Place::Gpr(to))).collect();
        moves(&mut self.code, given);
        self.code.jump(self.end);
        Some(())
    }

    // --- arithmetic ---

    fn binary(&mut self, inst: Inst, opcode: Opcode, args: [Value; 2]) -> Option<()> {
        let op = match opcode {
            Opcode::Iadd => Some(Alu::Add),
            Opcode::Isub => Some(Alu::Sub),
            Opcode::Band => Some(Alu::And),
            Opcode::Bor => Some(Alu::Or),
            Opcode::Bxor => Some(Alu::Xor),
            _ => None,
        };
        if let Some(op) = op {
            return self.alu(inst, op, args);
        }
        let sse = match opcode {
            Opcode::Fadd => Some(Sse::Add),
            Opcode::Fsub => Some(Sse::Sub),
            Opcode::Fmul => Some(Sse::Mul),
            Opcode::Fdiv => Some(Sse::Div),
            _ => None,
        };
        if let Some(op) = sse {
            self.sse(inst, op, args);
            return Some(());
        }
        self.other_binary(inst, opcode, args)
    }
}
