//! Random functions, whose code must compute what walking through the representation computes. They have more values than there are registers, calls that overwrite
//! those, loops with values that change places, and blocks that are cold.

use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::types::{F64, I8, I32, I64};
use cranelift_codegen::ir::{
    AbiParam, Block, BlockCall, Function, Inst, InstBuilder, InstructionData, MemFlagsData, Opcode,
    Signature, Type, UserFuncName, Value,
};
use cranelift_codegen::isa::CallConv;
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use rustc_hash::FxHashMap;

use super::generate;

/// Words that functions read and write.
const MEMORY: usize = 8;

/// Marsaglia's xorshift.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() >> 33) as usize % limit
    }

    fn of<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }
}

/// What functions call: it depends on all arguments and their order.
extern "C" fn mix(a: u64, b: u64, c: u64, d: u64, e: u64, f: u64) -> u64 {
    [b, c, d, e, f].into_iter().fold(a, |all, x| all.rotate_left(7).wrapping_mul(3) ^ x)
}

extern "C" fn mix_floats(a: u64, x: f64, y: f64) -> f64 {
    a as u32 as f64 + x - y
}

/// A function of an address and two numbers that gives two.
struct Maker<'a> {
    b: FunctionBuilder<'a>,
    random: Random,
    memory: Value,
    ints: Vec<Value>,
    floats: Vec<Value>,
}

impl Maker<'_> {
    fn int(&mut self) -> Value {
        if self.random.below(4) == 0 {
            let constants = [0, 1, -1, 8, 1 << 20, i64::from(i32::MAX), 1 << 47, i64::MIN];
            let constant = self.random.of(&constants);
            return self.b.ins().iconst(I64, constant);
        }
        self.random.of(&self.ints)
    }

    fn float(&mut self) -> Value {
        if self.random.below(4) == 0 {
            let constant = self.random.of(&[0.0, -0.0, 1.5, f64::NAN, f64::INFINITY, 1e300]);
            return self.b.ins().f64const(constant);
        }
        self.random.of(&self.floats)
    }

    /// Zero in place of what is no number: which one of those it is, is not said.
    fn number(&mut self, float: Value) -> Value {
        let number = self.b.ins().fcmp(FloatCC::Ordered, float, float);
        let zero = self.b.ins().f64const(0.0);
        self.b.ins().select(number, float, zero)
    }

    fn truth(&mut self) -> Value {
        const INTS: [IntCC; 10] = [
            IntCC::Equal,
            IntCC::NotEqual,
            IntCC::SignedLessThan,
            IntCC::SignedGreaterThanOrEqual,
            IntCC::SignedGreaterThan,
            IntCC::SignedLessThanOrEqual,
            IntCC::UnsignedLessThan,
            IntCC::UnsignedGreaterThanOrEqual,
            IntCC::UnsignedGreaterThan,
            IntCC::UnsignedLessThanOrEqual,
        ];
        const FLOATS: [FloatCC; 8] = [
            FloatCC::Equal,
            FloatCC::NotEqual,
            FloatCC::Ordered,
            FloatCC::Unordered,
            FloatCC::LessThan,
            FloatCC::LessThanOrEqual,
            FloatCC::GreaterThan,
            FloatCC::GreaterThanOrEqual,
        ];
        match self.random.below(6) {
            0 => {
                let (x, y, cond) = (self.float(), self.float(), self.random.of(&FLOATS));
                self.b.ins().fcmp(cond, x, y)
            }
            1 => {
                let (x, y) = (self.truth(), self.truth());
                self.b.ins().bor(x, y)
            }
            2 => {
                let (x, y) = (self.int(), self.int());
                let (x, y) = (self.b.ins().ireduce(I32, x), self.b.ins().ireduce(I32, y));
                let cond = self.random.of(&INTS);
                self.b.ins().icmp(cond, x, y)
            }
            _ => {
                let (x, y, cond) = (self.int(), self.int(), self.random.of(&INTS));
                self.b.ins().icmp(cond, x, y)
            }
        }
    }

    fn instruction(&mut self) {
        let flags = MemFlagsData::trusted();
        let offset = self.random.below(MEMORY) as i32 * 8;
        let memory = self.memory;
        if self.random.below(3) == 0 {
            let (x, y) = (self.float(), self.float());
            let made = match self.random.below(9) {
                0 => self.b.ins().fadd(x, y),
                1 => self.b.ins().fsub(x, y),
                2 => self.b.ins().fmul(x, y),
                3 => self.b.ins().fdiv(x, y),
                4 => self.b.ins().fneg(x),
                5 => {
                    let int = self.int();
                    self.b.ins().fcvt_from_sint(F64, int)
                }
                6 => {
                    let asked = self.truth();
                    self.b.ins().select(asked, x, y)
                }
                7 => {
                    let first = self.int();
                    self.call(mix_floats as *const () as usize, &[first, x, y], F64)
                }
                _ => {
                    let x = self.number(x);
                    self.b.ins().store(flags, x, memory, offset);
                    self.b.ins().load(F64, flags, memory, offset)
                }
            };
            return self.floats.push(made);
        }
        let (x, y) = (self.int(), self.int());
        let made = match self.random.below(22) {
            0 | 1 => self.b.ins().iadd(x, y),
            2 => self.b.ins().isub(x, y),
            3 => self.b.ins().band(x, y),
            4 => self.b.ins().bor(x, y),
            5 => self.b.ins().bxor(x, y),
            6 => self.b.ins().imul(x, y),
            7 => self.b.ins().ishl(x, y),
            8 => self.b.ins().sshr(x, y),
            9 => self.b.ins().ushr_imm_s(x, 13),
            10 => self.b.ins().rotr(x, y),
            11 => self.b.ins().umin(x, y),
            12 => self.b.ins().umax(x, y),
            13 => self.b.ins().ineg(x),
            14 => {
                // Neither zero nor minus one.
                let odd = self.b.ins().ushr_imm_s(y, 2);
                let odd = self.b.ins().bor_imm_s(odd, 1);
                self.b.ins().sdiv(x, odd)
            }
            15 => {
                let (product, overflow) = self.b.ins().smul_overflow(x, y);
                let overflow = self.b.ins().uextend(I64, overflow);
                self.b.ins().bxor(product, overflow)
            }
            16 => {
                let asked = self.truth();
                self.b.ins().select(asked, x, y)
            }
            17 => {
                let (width, offset) = (self.random.of(&[I8, I32, I64]), offset + self.random.below(2) as i32);
                let offset = offset.min(MEMORY as i32 * 8 - 8);
                let value = if width == I64 { x } else { self.b.ins().ireduce(width, x) };
                self.b.ins().store(flags, value, memory, offset);
                let value = self.b.ins().load(width, flags, memory, offset);
                if width == I64 { value } else { self.b.ins().uextend(I64, value) }
            }
            18 => {
                let float = self.float();
                let float = self.number(float);
                self.b.ins().bitcast(I64, MemFlagsData::new(), float)
            }
            19 => {
                let truth = self.truth();
                self.b.ins().uextend(I64, truth)
            }
            _ => {
                let given: Vec<Value> = (0..6).map(|_| self.int()).collect();
                self.call(mix as *const () as usize, &given, I64)
            }
        };
        self.ints.push(made);
    }

    fn call(&mut self, function: usize, given: &[Value], gives: Type) -> Value {
        let mut signature = Signature::new(CallConv::SystemV);
        signature.params.extend(given.iter().map(|value| AbiParam::new(self.b.func.dfg.value_type(*value))));
        signature.returns.push(AbiParam::new(gives));
        let signature = self.b.import_signature(signature);
        let function = self.b.ins().iconst(I64, function as i64);
        let call = self.b.ins().call_indirect(signature, function, given);
        self.b.inst_results(call)[0]
    }

    /// Instructions, branches, and a loop; what is made on the ways is given up but for what is handed on.
    fn body(&mut self, depth: usize) {
        for _ in 0..self.random.below(12) {
            self.instruction();
        }
        if depth == 0 {
            return;
        }
        match self.random.below(3) {
            0 => self.branches(depth),
            1 => self.turns(depth),
            _ => {}
        }
        self.body(depth - 1);
    }

    fn branches(&mut self, depth: usize) {
        let asked = self.truth();
        let (yes, no, on) = (self.b.create_block(), self.b.create_block(), self.b.create_block());
        let (int, float) = (self.b.append_block_param(on, I64), self.b.append_block_param(on, F64));
        if self.random.below(3) == 0 {
            self.b.set_cold_block(no);
        }
        self.b.ins().brif(asked, yes, &[], no, &[]);
        for block in [yes, no] {
            self.b.switch_to_block(block);
            let known = (self.ints.len(), self.floats.len());
            self.body(depth - 1);
            let given = [self.int().into(), self.float().into()];
            self.b.ins().jump(on, &given);
            self.ints.truncate(known.0);
            self.floats.truncate(known.1);
        }
        self.b.switch_to_block(on);
        self.ints.push(int);
        self.floats.push(float);
    }

    /// A few turns, in which two integers and two floats may change places.
    fn turns(&mut self, depth: usize) {
        let (head, on) = (self.b.create_block(), self.b.create_block());
        let params = [I64, I64, I64, F64, F64].map(|kind| self.b.append_block_param(head, kind));
        let count = self.b.ins().iconst(I64, 3);
        let first = [count, self.int(), self.int(), self.float(), self.float()].map(Into::into);
        self.b.ins().jump(head, &first);
        self.b.switch_to_block(head);
        let known = (self.ints.len(), self.floats.len());
        self.ints.extend(&params[1..3]);
        self.floats.extend(&params[3..5]);
        self.body(depth - 1);
        let left = self.b.ins().iadd_imm_s(params[0], -1);
        let again = if self.random.below(2) == 0 {
            [left, params[2], params[1], params[4], params[3]]
        } else {
            [left, self.int(), params[1], self.float(), params[3]]
        };
        self.b.ins().brif(left, head, &again.map(Into::into), on, &[]);
        self.b.switch_to_block(on);
        self.ints.truncate(known.0);
        self.floats.truncate(known.1);
        // The head is on every way to here.
        self.ints.extend(&params[1..3]);
        self.floats.extend(&params[3..5]);
    }

    fn end(mut self) {
        let mut all = self.ints[0];
        for value in std::mem::take(&mut self.ints) {
            let turned = self.b.ins().rotr_imm_s(all, 5);
            all = self.b.ins().bxor(turned, value);
        }
        let mut floats = self.floats[0];
        for value in std::mem::take(&mut self.floats) {
            floats = self.b.ins().fadd(floats, value);
        }
        let floats = self.number(floats);
        let floats = self.b.ins().bitcast(I64, MemFlagsData::new(), floats);
        self.b.ins().return_(&[all, floats]);
        self.b.seal_all_blocks();
        self.b.finalize(crate::memory::CONFIG);
    }
}

fn function(seed: u64) -> Function {
    let signature = crate::lower::signature(CallConv::SystemV);
    let mut function = Function::with_name_signature(UserFuncName::default(), signature);
    let mut context = FunctionBuilderContext::new();
    let mut b = FunctionBuilder::new(&mut function, &mut context);
    let entry = b.create_block();
    b.append_block_params_for_function_params(entry);
    b.switch_to_block(entry);
    let params = b.block_params(entry).to_vec();
    let float = b.ins().fcvt_from_sint(F64, params[3]);
    let mut maker =
        Maker { b, random: Random(seed), memory: params[0], ints: params[1..].to_vec(), floats: vec![float] };
    maker.body(5);
    maker.end();
    function
}

/// Walks through a function.
struct Walk<'a> {
    function: &'a Function,
    values: FxHashMap<Value, u64>,
    memory: [u8; MEMORY * 8],
    start: u64,
}

impl Walk<'_> {
    fn of(&self, value: Value) -> u64 {
        self.values[&self.function.dfg.resolve_aliases(value)]
    }

    fn run(&mut self, given: &[u64]) -> [u64; 2] {
        let dfg = &self.function.dfg;
        let mut block = self.function.layout.entry_block().expect("an entry");
        for (param, given) in dfg.block_params(block).iter().zip(given) {
            self.values.insert(*param, *given);
        }
        loop {
            let mut next = None;
            for inst in self.function.layout.block_insts(block) {
                match dfg.insts[inst] {
                    InstructionData::Jump { destination, .. } => next = Some(self.go(&destination)),
                    InstructionData::Brif { arg, blocks, .. } => {
                        next = Some(self.go(&blocks[usize::from(self.of(arg) == 0)]));
                    }
                    InstructionData::MultiAry { .. } => {
                        let given = dfg.inst_args(inst);
                        return [self.of(given[0]), self.of(given[1])];
                    }
                    _ => self.instruction(inst),
                }
            }
            block = next.expect("a block ends");
        }
    }

    fn go(&mut self, call: &BlockCall) -> Block {
        let dfg = &self.function.dfg;
        let block = call.block(&dfg.value_lists);
        let given: Vec<u64> =
            call.args(&dfg.value_lists).filter_map(|arg| arg.as_value()).map(|arg| self.of(arg)).collect();
        for (param, given) in dfg.block_params(block).iter().zip(given) {
            self.values.insert(*param, given);
        }
        block
    }

    fn instruction(&mut self, inst: Inst) {
        let dfg = &self.function.dfg;
        let results = dfg.inst_results(inst);
        let arg = |at: usize| self.of(dfg.inst_args(inst)[at]);
        let float = |at: usize| f64::from_bits(arg(at));
        let bytes = |value: Value| dfg.value_type(value).bytes() as usize;
        let signed = |at: usize| match bytes(dfg.inst_args(inst)[at]) {
            1 => i64::from(arg(at) as i8),
            4 => i64::from(arg(at) as i32),
            _ => arg(at) as i64,
        };
        let made = match (dfg.insts[inst].opcode(), dfg.insts[inst]) {
            (_, InstructionData::UnaryImm { imm, .. }) => imm.bits() as u64,
            (_, InstructionData::UnaryIeee64 { imm, .. }) => imm.bits(),
            (_, InstructionData::IntCompare { cond, .. }) => u64::from(match cond {
                IntCC::Equal => arg(0) == arg(1),
                IntCC::NotEqual => arg(0) != arg(1),
                IntCC::SignedLessThan => signed(0) < signed(1),
                IntCC::SignedGreaterThanOrEqual => signed(0) >= signed(1),
                IntCC::SignedGreaterThan => signed(0) > signed(1),
                IntCC::SignedLessThanOrEqual => signed(0) <= signed(1),
                IntCC::UnsignedLessThan => arg(0) < arg(1),
                IntCC::UnsignedGreaterThanOrEqual => arg(0) >= arg(1),
                IntCC::UnsignedGreaterThan => arg(0) > arg(1),
                IntCC::UnsignedLessThanOrEqual => arg(0) <= arg(1),
            }),
            (_, InstructionData::FloatCompare { cond, .. }) => u64::from(match cond {
                FloatCC::Equal => float(0) == float(1),
                FloatCC::NotEqual => float(0) != float(1),
                FloatCC::Ordered => !float(0).is_nan() && !float(1).is_nan(),
                FloatCC::Unordered => float(0).is_nan() || float(1).is_nan(),
                FloatCC::LessThan => float(0) < float(1),
                FloatCC::LessThanOrEqual => float(0) <= float(1),
                FloatCC::GreaterThan => float(0) > float(1),
                FloatCC::GreaterThanOrEqual => float(0) >= float(1),
                _ => unreachable!("is not made"),
            }),
            (Opcode::Iadd, _) => arg(0).wrapping_add(arg(1)),
            (Opcode::Isub, _) => arg(0).wrapping_sub(arg(1)),
            (Opcode::Band, _) => arg(0) & arg(1),
            (Opcode::Bor, _) => arg(0) | arg(1),
            (Opcode::Bxor, _) => arg(0) ^ arg(1),
            (Opcode::Imul, _) => arg(0).wrapping_mul(arg(1)),
            (Opcode::Ishl, _) => arg(0).wrapping_shl(arg(1) as u32),
            (Opcode::Ushr, _) => arg(0).wrapping_shr(arg(1) as u32),
            (Opcode::Sshr, _) => (arg(0) as i64).wrapping_shr(arg(1) as u32) as u64,
            (Opcode::Rotr, _) => arg(0).rotate_right(arg(1) as u32 & 63),
            (Opcode::Umin, _) => arg(0).min(arg(1)),
            (Opcode::Umax, _) => arg(0).max(arg(1)),
            (Opcode::Ineg, _) => arg(0).wrapping_neg(),
            (Opcode::Sdiv, _) => (arg(0) as i64).wrapping_div(arg(1) as i64) as u64,
            (Opcode::SmulOverflow, _) => {
                let (product, overflow) = (arg(0) as i64).overflowing_mul(arg(1) as i64);
                self.values.insert(results[1], u64::from(overflow));
                product as u64
            }
            (Opcode::Select, _) => arg(if arg(0) == 0 { 2 } else { 1 }),
            (Opcode::Fadd, _) => (float(0) + float(1)).to_bits(),
            (Opcode::Fsub, _) => (float(0) - float(1)).to_bits(),
            (Opcode::Fmul, _) => (float(0) * float(1)).to_bits(),
            (Opcode::Fdiv, _) => (float(0) / float(1)).to_bits(),
            (Opcode::Fneg, _) => arg(0) ^ 1 << 63,
            (Opcode::FcvtFromSint, _) => (arg(0) as i64 as f64).to_bits(),
            (Opcode::Bitcast | Opcode::Uextend, _) => arg(0),
            (Opcode::Ireduce, _) => arg(0) & ((1 << (8 * bytes(results[0]))) - 1),
            (Opcode::Load, InstructionData::Load { offset, .. }) => {
                let at = (arg(0) - self.start) as usize + i32::from(offset) as usize;
                let mut word = [0; 8];
                let count = bytes(results[0]);
                word[..count].copy_from_slice(&self.memory[at..at + count]);
                u64::from_le_bytes(word)
            }
            (Opcode::Store, InstructionData::Store { offset, args, .. }) => {
                let at = (arg(1) - self.start) as usize + i32::from(offset) as usize;
                let (count, word) = (bytes(args[0]), arg(0).to_le_bytes());
                self.memory[at..at + count].copy_from_slice(&word[..count]);
                return;
            }
            (Opcode::CallIndirect, _) if dfg.inst_args(inst).len() == 4 => {
                mix_floats(arg(1), float(2), float(3)).to_bits()
            }
            (Opcode::CallIndirect, _) => mix(arg(1), arg(2), arg(3), arg(4), arg(5), arg(6)),
            (opcode, _) => unreachable!("{opcode} is not made"),
        };
        self.values.insert(results[0], made);
    }
}

#[repr(C)]
struct Two([u64; 2]);

#[test]
fn code_computes_what_the_representation_says() {
    for seed in 1..400 {
        let function = function(0x9E37_79B9_7F4A_7C15u64.wrapping_mul(seed));
        let code = generate(&function, function.layout.blocks().count() / 2).expect("all is known");
        let (pages, start) = crate::memory::executable(&code).expect("memory");
        // SAFETY: the code is that of a function with this signature, and the pages stay.
        let compiled: extern "C" fn(*mut u8, u64, u64, u64, u64) -> Two =
            unsafe { std::mem::transmute(pages[start..].as_ptr()) };
        let mut memory = [7u8; MEMORY * 8];
        let start = memory.as_mut_ptr().expose_provenance() as u64;
        let numbers = [seed, u64::MAX / seed, seed << 40, 0x1234_5678_9ABC_DEF0];
        let Two(found) = compiled(memory.as_mut_ptr(), numbers[0], numbers[1], numbers[2], numbers[3]);
        let mut walk =
            Walk { function: &function, values: FxHashMap::default(), memory: [7; MEMORY * 8], start };
        let given = [start, numbers[0], numbers[1], numbers[2], numbers[3]];
        assert_eq!(found, walk.run(&given), "seed {seed}\n{function}");
        assert_eq!(memory, walk.memory, "seed {seed}\n{function}");
    }
}
