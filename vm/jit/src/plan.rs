//! What each instruction comes to for machine code.

use taipan_bytecode::{BranchFlags, Instr, Op};
use taipan_objects::code::PyCode;
use taipan_objects::type_object::CompareOp;
use taipan_vm::tier::samples::Kind;

use crate::kinds::Known;

/// A register.
pub type Reg = u16;

/// An operand that may stand in the instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operand {
    Reg(Reg),
    Int(i64),
}

/// An operation on two numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Arith {
    Add,
    Sub,
    Mul,
    TrueDiv,
    FloorDiv,
    Mod,
    LShift,
    RShift,
    And,
    Or,
    Xor,
}

impl Arith {
    /// Whether floats have it.
    pub fn has_floats(self) -> bool {
        matches!(self, Arith::Add | Arith::Sub | Arith::Mul | Arith::TrueDiv)
    }
}

/// What ends in a jump or not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Test {
    /// Jumps if that is true, or false.
    Truth {
        register: Reg,
        when: bool,
    },
    None {
        register: Reg,
        when: bool,
    },
    Compare {
        compare: CompareOp,
        left: Reg,
        right: Operand,
        when: bool,
    },
    Is {
        left: Reg,
        right: Reg,
        when: bool,
    },
    /// Whether two strings are equal.
    SameText {
        left: Reg,
        right: Reg,
        when: bool,
    },
    /// Whether two objects are equal, which mostly is told without running code.
    Equal {
        left: Reg,
        right: Reg,
        when: bool,
    },
}

/// An instruction, for machine code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Plan {
    /// The interpreter does it. Execution may go on behind it, or not at all.
    Leave {
        goes_on: bool,
    },
    /// Was not executed while that was recorded.
    Unseen,
    /// Belongs to the word in front.
    Behind,
    Nop,
    /// A word that needs no count.
    Const {
        to: Reg,
        word: u64,
    },
    Copy {
        to: Reg,
        from: Reg,
    },
    Move {
        to: Reg,
        from: Reg,
    },
    Lend {
        to: Reg,
        from: Reg,
    },
    Drop {
        register: Reg,
    },
    CheckLocal {
        register: Reg,
    },
    Arith {
        op: Arith,
        to: Reg,
        left: Reg,
        right: Operand,
    },
    Square {
        to: Reg,
        from: Reg,
    },
    Neg {
        to: Reg,
        from: Reg,
    },
    Not {
        to: Reg,
        from: Reg,
    },
    /// Whether two objects are equal, which mostly is told without running code; or whether they are not.
    Equal {
        to: Reg,
        left: Reg,
        right: Reg,
        when: bool,
    },
    Compare {
        compare: CompareOp,
        to: Reg,
        left: Reg,
        right: Operand,
    },
    Is {
        to: Reg,
        left: Reg,
        right: Reg,
        is: bool,
    },
    Jump {
        target: usize,
    },
    Back {
        target: usize,
    },
    /// `drops`: registers that are emptied either way.
    Branch {
        test: Test,
        drops: [Option<Reg>; 2],
        target: usize,
    },
    For {
        iterator: Reg,
        item: Reg,
        target: usize,
    },
    Item {
        to: Reg,
        container: Reg,
        index: Operand,
    },
    /// An item of a dict.
    Get {
        to: Reg,
        container: Reg,
        key: Reg,
    },
    /// A power of floats.
    Power {
        to: Reg,
        left: Reg,
        right: Reg,
    },
    /// `container[start:stop]`, from two registers that are consumed.
    Slice {
        to: Reg,
        container: Reg,
        bounds: Reg,
    },
    StoreItem {
        container: Reg,
        index: Reg,
        operand: u16,
    },
    LoadAttr {
        to: Reg,
        subject: Reg,
    },
    StoreAttr {
        subject: Reg,
        operand: u16,
    },
    LoadMethod {
        to: Reg,
        subject: Reg,
    },
    LoadGlobal {
        to: Reg,
        /// The word of a number that it is expected to stay.
        number: Option<u64>,
    },
    /// The first cells of the function's closure.
    CopyFree {
        first: Reg,
        count: u16,
    },
    LoadCell {
        to: Reg,
        cell: Reg,
    },
    Append {
        list: Reg,
        operand: u16,
    },
    Unpack {
        first: Reg,
        operand: u16,
        count: u16,
        parts: Parts,
    },
    /// A tuple or list of registers, which are consumed.
    Build {
        to: Reg,
        first: Reg,
        count: u16,
        list: bool,
    },
    /// A call of what is in `base`, whose arguments begin at `first`, or in front of it if there is a receiver.
    Call {
        base: Reg,
        count: u16,
        to: Reg,
        method: bool,
    },
    /// A call of `isinstance` for a number, whose kind decides, and a class that is expected to stay.
    IsNumber {
        base: Reg,
        to: Reg,
        /// `isinstance`, as for `Native`.
        callee: u16,
        /// [`Known::Int`] or [`Known::Float`].
        number: Known,
        class: u64,
        answer: bool,
    },
    /// A call of `len` for a container of a kind, which decides.
    Length {
        base: Reg,
        to: Reg,
        /// `len`, as for `Native`.
        callee: u16,
        of: Kind,
    },
    /// The same of a native function.
    Native {
        base: Reg,
        count: u16,
        to: Reg,
        method: bool,
        /// Which of the program's native functions it is expected to be.
        callee: u16,
    },
    /// A call of anything else. A Python function is entered where its machine code begins, if it has any.
    Invoke {
        base: Reg,
        count: u16,
        to: Reg,
        method: bool,
        end: Reg,
        /// Which of the program's functions it is expected to be.
        callee: Option<u16>,
    },
    /// What a function executes as the interpreter does.
    Execute {
        effects: Effects,
    },
    /// The same of what jumps or not, and may empty registers.
    Decide {
        drops: [Option<Reg>; 2],
        target: usize,
    },
    /// The same of `For`.
    Next {
        iterator: Reg,
        item: Reg,
        /// The first of two registers for the parts of the item, which is taken apart at once.
        pair: Option<Reg>,
        target: usize,
    },
    /// The end of the code itself.
    End {
        from: Result,
    },
    /// A call whose callee is part of the program: `callee` of it, beginning at step `target` in the window that begins at `first`.
    Enter {
        base: Reg,
        first: Reg,
        count: u16,
        to: Reg,
        callee: u16,
        target: usize,
    },
    /// The same of an item whose class has the method `__getitem__` in Python, or of the getter of a property: the window begins at `first`, with what the method is given, which stays where it is.
    EnterLent {
        subject: Reg,
        argument: Option<Operand>,
        first: Reg,
        to: Reg,
        callee: u16,
        target: usize,
    },
    /// The end of such a callee, behind which the caller goes on at step `target`.
    Return {
        from: Result,
        callee: u16,
        first: Reg,
        to: Reg,
        target: usize,
    },
}

/// What is expected of what is taken apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Parts {
    /// A tuple or a list; otherwise nothing is expected.
    pub source: Option<Kind>,
    /// Bits of the parts that are integers, and floats.
    pub ints: u64,
    pub floats: u64,
}

impl Parts {
    /// The kind of number that a part is expected to be.
    pub fn number(self, index: u16) -> Option<Known> {
        let has = |set: u64| index < 64 && set >> index & 1 != 0;
        match self.source {
            Some(_) if has(self.ints) => Some(Known::Int),
            Some(_) if has(self.floats) => Some(Known::Float),
            _ => None,
        }
    }
}

/// What an instruction does to registers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Effects {
    /// First of registers of which nothing is known behind it, and their number.
    pub written: (Reg, u16),
    /// First of registers that are empty behind it, and their number.
    pub emptied: (Reg, u16),
    /// Others that are empty.
    pub taken: [Option<Reg>; 2],
}

/// What is returned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Result {
    Reg(Reg),
    Const(u64),
}

/// Plans of all instructions of `code`.
pub fn plans(code: &PyCode) -> Vec<Plan> {
    let instrs: Vec<Instr> = code.instrs().collect();
    let mut plans = Vec::with_capacity(instrs.len());
    while plans.len() < instrs.len() {
        let pc = plans.len();
        let op = instrs[pc].op();
        // A prefix and what it belongs to are one.
        if op == Some(Op::ExtendedArg) {
            plans.push(Plan::Leave { goes_on: false });
            let next = instrs.get(pc + 1).and_then(|i| i.op());
            plans.push(Plan::Leave { goes_on: next.is_some_and(goes_on) });
            if next.is_some_and(Op::has_pseudo_word) {
                plans.push(Plan::Behind);
            }
            continue;
        }
        plans.push(op.map_or(Plan::Leave { goes_on: false }, |op| plan(code, pc, op, &instrs)));
        if op.is_some_and(Op::has_pseudo_word) {
            plans.push(Plan::Behind);
        }
    }
    plans.truncate(instrs.len());
    plans
}

/// Whether anything is executed behind the instruction.
fn goes_on(op: Op) -> bool {
    !matches!(
        op,
        Op::ReturnValue
            | Op::ReturnConst
            | Op::Raise
            | Op::RaiseFrom
            | Op::RaiseCurrent
            | Op::Reraise
            | Op::Jump
            | Op::JumpBackward
    )
}

fn plan(code: &PyCode, pc: usize, op: Op, instrs: &[Instr]) -> Plan {
    let i = instrs[pc];
    let (a, b, c) = (i.a(), i.b(), i.c());
    let target = i.arg32() as usize;
    let arith = |op| Plan::Arith { op, to: a, left: b, right: Operand::Reg(c) };
    let arith_imm = |op| Plan::Arith { op, to: a, left: b, right: Operand::Int(i.c_imm() as i64) };
    let compare = |compare| Plan::Compare { compare, to: a, left: b, right: Operand::Reg(c) };
    let branch = |test| Plan::Branch { test, drops: [None, None], target };
    let pop = |test| Plan::Branch { test, drops: [Some(a), None], target };
    let when = c & BranchFlags::JUMP_IF_TRUE != 0;
    let flagged = |test, right: Option<Reg>| {
        let drops =
            [(c & BranchFlags::DROP_A != 0).then_some(a), right.filter(|_| c & BranchFlags::DROP_B != 0)];
        Plan::Branch { test, drops, target: instrs.get(pc + 1).map_or(0, |word| word.arg32() as usize) }
    };
    let compared =
        |compare| flagged(Test::Compare { compare, left: a, right: Operand::Reg(b), when }, Some(b));
    let compared_imm = |compare| {
        flagged(Test::Compare { compare, left: a, right: Operand::Int(i.b_imm() as i64), when }, None)
    };
    match op {
        Op::Nop | Op::Resume => Plan::Nop,
        Op::LoadConst => match code.constants().get(b as usize) {
            Some(constant) => Plan::Const { to: a, word: constant.value().uncounted().bits() },
            None => Plan::Leave { goes_on: true },
        },
        Op::LoadInt => Plan::Const {
            to: a,
            word: taipan_objects::Value::from_int_wrapping(i.arg32() as i32 as i64).bits(),
        },
        Op::Copy => Plan::Copy { to: a, from: b },
        Op::Move => Plan::Move { to: a, from: b },
        Op::Lend => Plan::Lend { to: a, from: b },
        Op::Drop => Plan::Drop { register: a },
        Op::CheckLocal => Plan::CheckLocal { register: a },
        Op::Add | Op::InplaceAdd => arith(Arith::Add),
        Op::Sub | Op::InplaceSub => arith(Arith::Sub),
        Op::Mul | Op::InplaceMul => arith(Arith::Mul),
        Op::TrueDiv | Op::InplaceTrueDiv => arith(Arith::TrueDiv),
        Op::FloorDiv | Op::InplaceFloorDiv => arith(Arith::FloorDiv),
        Op::Mod | Op::InplaceMod => arith(Arith::Mod),
        Op::LShift | Op::InplaceLShift => arith(Arith::LShift),
        Op::RShift | Op::InplaceRShift => arith(Arith::RShift),
        Op::And | Op::InplaceAnd => arith(Arith::And),
        Op::Or | Op::InplaceOr => arith(Arith::Or),
        Op::Xor | Op::InplaceXor => arith(Arith::Xor),
        Op::AddImm | Op::InplaceAddImm => arith_imm(Arith::Add),
        Op::SubImm | Op::InplaceSubImm => arith_imm(Arith::Sub),
        Op::MulImm => arith_imm(Arith::Mul),
        Op::FloorDivImm => arith_imm(Arith::FloorDiv),
        Op::ModImm => arith_imm(Arith::Mod),
        Op::LShiftImm => arith_imm(Arith::LShift),
        Op::RShiftImm => arith_imm(Arith::RShift),
        Op::AndImm => arith_imm(Arith::And),
        Op::PowImm if i.c_imm() == 2 => Plan::Square { to: a, from: b },
        Op::Neg => Plan::Neg { to: a, from: b },
        Op::Not => Plan::Not { to: a, from: b },
        Op::Lt => compare(CompareOp::Lt),
        Op::Le => compare(CompareOp::Le),
        Op::Eq => compare(CompareOp::Eq),
        Op::Ne => compare(CompareOp::Ne),
        Op::Gt => compare(CompareOp::Gt),
        Op::Ge => compare(CompareOp::Ge),
        Op::Pow | Op::InplacePow => Plan::Power { to: a, left: b, right: c },
        Op::BinarySlice => Plan::Slice { to: a, container: b, bounds: c },
        Op::Is | Op::IsNot => Plan::Is { to: a, left: b, right: c, is: op == Op::Is },
        Op::Jump => Plan::Jump { target },
        Op::JumpBackward => Plan::Back { target },
        Op::JumpIfFalse | Op::JumpIfTrue => branch(Test::Truth { register: a, when: op == Op::JumpIfTrue }),
        Op::PopJumpIfFalse | Op::PopJumpIfTrue => {
            pop(Test::Truth { register: a, when: op == Op::PopJumpIfTrue })
        }
        Op::JumpIfNone | Op::JumpIfNotNone => branch(Test::None { register: a, when: op == Op::JumpIfNone }),
        Op::PopJumpIfNone | Op::PopJumpIfNotNone => {
            pop(Test::None { register: a, when: op == Op::PopJumpIfNone })
        }
        Op::BranchLt => compared(CompareOp::Lt),
        Op::BranchLe => compared(CompareOp::Le),
        Op::BranchEq => compared(CompareOp::Eq),
        Op::BranchNe => compared(CompareOp::Ne),
        Op::BranchGt => compared(CompareOp::Gt),
        Op::BranchGe => compared(CompareOp::Ge),
        Op::BranchIs => flagged(Test::Is { left: a, right: b, when }, Some(b)),
        Op::BranchLtImm => compared_imm(CompareOp::Lt),
        Op::BranchLeImm => compared_imm(CompareOp::Le),
        Op::BranchEqImm => compared_imm(CompareOp::Eq),
        Op::BranchNeImm => compared_imm(CompareOp::Ne),
        Op::BranchGtImm => compared_imm(CompareOp::Gt),
        Op::BranchGeImm => compared_imm(CompareOp::Ge),
        Op::ForIter => Plan::For { iterator: a, item: instrs.get(pc + 1).map_or(0, |word| word.a()), target },
        Op::Subscr => Plan::Item { to: a, container: b, index: Operand::Reg(c) },
        Op::SubscrImm => Plan::Item { to: a, container: b, index: Operand::Int(i.c_imm() as i64) },
        Op::StoreSubscr => Plan::StoreItem { container: a, index: b, operand: c },
        Op::LoadAttr => Plan::LoadAttr { to: a, subject: b },
        Op::StoreAttr => Plan::StoreAttr { subject: a, operand: b },
        Op::LoadMethod => Plan::LoadMethod { to: a, subject: b },
        Op::LoadGlobal => Plan::LoadGlobal { to: a, number: None },
        Op::CopyFreeVars => Plan::CopyFree { first: a, count: b },
        Op::LoadDeref => Plan::LoadCell { to: a, cell: b },
        Op::ListAppend => Plan::Append { list: a, operand: b },
        Op::UnpackSequence => Plan::Unpack { first: a, operand: b, count: c, parts: Parts::default() },
        Op::BuildTuple => Plan::Build { to: a, first: b, count: c, list: false },
        Op::BuildList => Plan::Build { to: a, first: b, count: c, list: true },
        Op::Call => Plan::Call { base: a, count: b, to: c, method: false },
        Op::CallMethod => Plan::Call { base: a, count: b, to: c, method: true },
        Op::ReturnValue => Plan::End { from: Result::Reg(a) },
        Op::ReturnConst => match code.constants().get(a as usize) {
            Some(constant) => Plan::End { from: Result::Const(constant.value().uncounted().bits()) },
            None => Plan::Leave { goes_on: false },
        },
        _ => Plan::Leave { goes_on: goes_on(op) },
    }
}

impl Plan {
    /// Where execution may go from `pc`, but for leaving.
    pub fn successors(self, pc: usize, plans: &[Plan]) -> impl Iterator<Item = usize> {
        let next = Plan::next(pc, plans);
        let (falls, target) = match self {
            Plan::Leave { .. } | Plan::Unseen | Plan::Call { .. } | Plan::Behind | Plan::End { .. } => {
                (None, None)
            }
            Plan::Jump { target } | Plan::Back { target } => (None, Some(target)),
            Plan::Branch { target, .. }
            | Plan::For { target, .. }
            | Plan::Decide { target, .. }
            | Plan::Next { target, .. } => (Some(next), Some(target)),
            Plan::Enter { target, .. } | Plan::EnterLent { target, .. } | Plan::Return { target, .. } => {
                (None, Some(target))
            }
            _ => (Some(next), None),
        };
        let len = plans.len();
        falls.into_iter().chain(target).filter(move |at| *at < len)
    }
    /// The instruction behind that at `pc`.
    pub fn next(pc: usize, plans: &[Plan]) -> usize {
        let behind = plans[pc + 1..].iter().take_while(|plan| **plan == Plan::Behind).count();
        pc + 1 + behind
    }
    /// The plan in a window that begins at register `by` of the program's, with its jumps `steps` further.
    pub fn shifted(self, by: Reg, steps: usize) -> Plan {
        let right = |operand: Operand| match operand {
            Operand::Reg(register) => Operand::Reg(register + by),
            int @ Operand::Int(_) => int,
        };
        // The bit that says that it is taken stays.
        let taken = |operand: u16| operand + by;
        match self {
            Plan::Leave { .. } | Plan::Unseen | Plan::Behind | Plan::Nop => self,
            Plan::Const { to, word } => Plan::Const { to: to + by, word },
            Plan::Copy { to, from } => Plan::Copy { to: to + by, from: from + by },
            Plan::Move { to, from } => Plan::Move { to: to + by, from: from + by },
            Plan::Lend { to, from } => Plan::Lend { to: to + by, from: from + by },
            Plan::Drop { register } => Plan::Drop { register: register + by },
            Plan::CheckLocal { register } => Plan::CheckLocal { register: register + by },
            Plan::Arith { op, to, left, right: r } => {
                Plan::Arith { op, to: to + by, left: left + by, right: right(r) }
            }
            Plan::Square { to, from } => Plan::Square { to: to + by, from: from + by },
            Plan::Neg { to, from } => Plan::Neg { to: to + by, from: from + by },
            Plan::Not { to, from } => Plan::Not { to: to + by, from: from + by },
            Plan::Equal { to, left, right, when } => {
                Plan::Equal { to: to + by, left: left + by, right: right + by, when }
            }
            Plan::Compare { compare, to, left, right: r } => {
                Plan::Compare { compare, to: to + by, left: left + by, right: right(r) }
            }
            Plan::Is { to, left, right, is } => {
                Plan::Is { to: to + by, left: left + by, right: right + by, is }
            }
            Plan::Get { to, container, key } => {
                Plan::Get { to: to + by, container: container + by, key: key + by }
            }
            Plan::Power { to, left, right } => {
                Plan::Power { to: to + by, left: left + by, right: right + by }
            }
            Plan::Slice { to, container, bounds } => {
                Plan::Slice { to: to + by, container: container + by, bounds: bounds + by }
            }
            Plan::Jump { target } => Plan::Jump { target: target + steps },
            Plan::Back { target } => Plan::Back { target: target + steps },
            Plan::Branch { test, drops, target } => {
                let test = match test {
                    Test::Truth { register, when } => Test::Truth { register: register + by, when },
                    Test::None { register, when } => Test::None { register: register + by, when },
                    Test::Compare { compare, left, right: r, when } => {
                        Test::Compare { compare, left: left + by, right: right(r), when }
                    }
                    Test::Is { left, right, when } => Test::Is { left: left + by, right: right + by, when },
                    Test::SameText { left, right, when } => {
                        Test::SameText { left: left + by, right: right + by, when }
                    }
                    Test::Equal { left, right, when } => {
                        Test::Equal { left: left + by, right: right + by, when }
                    }
                };
                let drops = drops.map(|register| register.map(|register| register + by));
                Plan::Branch { test, drops, target: target + steps }
            }
            Plan::For { iterator, item, target } => {
                Plan::For { iterator: iterator + by, item: item + by, target: target + steps }
            }
            Plan::Item { to, container, index } => {
                Plan::Item { to: to + by, container: container + by, index: right(index) }
            }
            Plan::StoreItem { container, index, operand } => {
                Plan::StoreItem { container: container + by, index: index + by, operand: taken(operand) }
            }
            Plan::LoadAttr { to, subject } => Plan::LoadAttr { to: to + by, subject: subject + by },
            Plan::StoreAttr { subject, operand } => {
                Plan::StoreAttr { subject: subject + by, operand: taken(operand) }
            }
            Plan::LoadMethod { to, subject } => Plan::LoadMethod { to: to + by, subject: subject + by },
            Plan::LoadGlobal { to, number } => Plan::LoadGlobal { to: to + by, number },
            Plan::CopyFree { first, count } => Plan::CopyFree { first: first + by, count },
            Plan::LoadCell { to, cell } => Plan::LoadCell { to: to + by, cell: cell + by },
            Plan::Append { list, operand } => Plan::Append { list: list + by, operand: taken(operand) },
            Plan::Unpack { first, operand, count, parts } => {
                Plan::Unpack { first: first + by, operand: taken(operand), count, parts }
            }
            Plan::Build { to, first, count, list } => {
                Plan::Build { to: to + by, first: first + by, count, list }
            }
            Plan::Call { base, count, to, method } => {
                Plan::Call { base: base + by, count, to: to + by, method }
            }
            Plan::Native { .. }
            | Plan::IsNumber { .. }
            | Plan::Length { .. }
            | Plan::Invoke { .. }
            | Plan::Execute { .. }
            | Plan::Decide { .. }
            | Plan::Next { .. }
            | Plan::Enter { .. }
            | Plan::EnterLent { .. }
            | Plan::Return { .. }
            | Plan::End { .. } => unreachable!("made in place"),
        }
    }
}
