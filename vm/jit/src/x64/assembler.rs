//! Encoding of the x86-64 instructions that are used (Intel's manual, volume 2).

/// A general register, by its number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Gpr(pub u8);

/// A register of floats, by its number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Xmm(pub u8);

pub const RAX: Gpr = Gpr(0);
pub const RCX: Gpr = Gpr(1);
pub const RDX: Gpr = Gpr(2);
pub const RBX: Gpr = Gpr(3);
pub const RSP: Gpr = Gpr(4);
pub const RBP: Gpr = Gpr(5);
pub const RSI: Gpr = Gpr(6);
pub const RDI: Gpr = Gpr(7);
pub const R8: Gpr = Gpr(8);
pub const R9: Gpr = Gpr(9);
pub const R10: Gpr = Gpr(10);
pub const R11: Gpr = Gpr(11);
pub const R12: Gpr = Gpr(12);
pub const R13: Gpr = Gpr(13);
pub const R14: Gpr = Gpr(14);
pub const R15: Gpr = Gpr(15);

/// In place of a base: none.
const NO_BASE: Gpr = Gpr(u8::MAX);

/// A place in memory: at an offset from a base, perhaps with an index of 8-byte words.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mem {
    pub base: Gpr,
    pub index: Option<Gpr>,
    pub offset: i32,
}

impl Mem {
    pub fn at(base: Gpr, offset: i32) -> Self {
        Self { base, index: None, offset }
    }

    /// At an address.
    pub fn absolute(address: i32) -> Self {
        Self { base: NO_BASE, index: None, offset: address }
    }
}

/// The operand that may be a register or in memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rm {
    Reg(u8),
    Mem(Mem),
}

impl From<Gpr> for Rm {
    fn from(register: Gpr) -> Self {
        Self::Reg(register.0)
    }
}

impl From<Xmm> for Rm {
    fn from(register: Xmm) -> Self {
        Self::Reg(register.0)
    }
}

impl From<Mem> for Rm {
    fn from(memory: Mem) -> Self {
        Self::Mem(memory)
    }
}

/// Bytes of an operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Width {
    B1,
    B2,
    B4,
    B8,
}

impl Width {
    /// The bit of the prefix that says 64 bits.
    fn is_long(self) -> bool {
        self == Self::B8
    }
}

/// Arithmetic of one encoding, by its number there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Alu {
    Add = 0,
    Or = 1,
    And = 4,
    Sub = 5,
    Xor = 6,
    Cmp = 7,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shift {
    RotateRight = 1,
    Left = 4,
    Right = 5,
    SignedRight = 7,
}

/// Arithmetic of floats, by its opcode.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sse {
    Add = 0x58,
    Mul = 0x59,
    Sub = 0x5C,
    Div = 0x5E,
}

/// What flags say, by its number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cond {
    Overflow = 0,
    Below = 2,
    AboveOrEqual = 3,
    Equal = 4,
    NotEqual = 5,
    BelowOrEqual = 6,
    Above = 7,
    Parity = 10,
    NoParity = 11,
    Less = 12,
    GreaterOrEqual = 13,
    LessOrEqual = 14,
    Greater = 15,
}

impl Cond {
    /// The opposite; none of overflow, of which it is not wanted.
    pub fn not(self) -> Self {
        match self {
            Self::Overflow => unreachable!("overflow is only asked for"),
            Self::Below => Self::AboveOrEqual,
            Self::AboveOrEqual => Self::Below,
            Self::Equal => Self::NotEqual,
            Self::NotEqual => Self::Equal,
            Self::BelowOrEqual => Self::Above,
            Self::Above => Self::BelowOrEqual,
            Self::Parity => Self::NoParity,
            Self::NoParity => Self::Parity,
            Self::Less => Self::GreaterOrEqual,
            Self::GreaterOrEqual => Self::Less,
            Self::LessOrEqual => Self::Greater,
            Self::Greater => Self::LessOrEqual,
        }
    }
}

/// A place in the code, bound before or after jumps to it are made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Label(u32);

/// Where 4 bytes are to tell how far a label is from behind them, or from another label.
struct Fixup {
    at: usize,
    label: Label,
    from: Option<Label>,
    /// How many bytes the instruction, which they end, can do without if a byte suffices; 0 if that cannot be.
    spare: usize,
}

/// Code being written.
#[derive(Default)]
pub struct Assembler {
    code: Vec<u8>,
    /// Where labels are bound.
    labels: Vec<Option<u32>>,
    /// In the order of their places.
    fixups: Vec<Fixup>,
    /// A register with how much of it, of which the flags say behind so many bytes of code whether it is zero.
    told: Option<(Gpr, Width, usize)>,
}

/// Which jumps are short ones, and where everything is then.
struct Layout<'a> {
    fixups: &'a [Fixup],
    labels: &'a [usize],
    /// How many bytes are gone up to each fixup, without and with it.
    gone: Vec<usize>,
}

impl<'a> Layout<'a> {
    /// Jumps that can be short make others so, but never longer: it ends when there are no more.
    fn of(fixups: &'a [Fixup], labels: &'a [usize]) -> Self {
        let mut layout = Layout { fixups, labels, gone: vec![0; fixups.len() + 1] };
        loop {
            let mut gone = Vec::with_capacity(layout.gone.len());
            let mut sum = 0;
            gone.push(0);
            for (index, fixup) in fixups.iter().enumerate() {
                if i8::try_from(layout.distance(index)).is_ok() {
                    sum += fixup.spare;
                }
                gone.push(sum);
            }
            if gone == layout.gone {
                return layout;
            }
            layout.gone = gone;
        }
    }
    fn is_short(&self, index: usize) -> bool {
        self.gone[index] != self.gone[index + 1]
    }
    /// Where that is which was so far from the beginning.
    fn place(&self, at: usize) -> usize {
        at - self.gone[self.fixups.partition_point(|fixup| fixup.at < at)]
    }
    /// What the fixup is to tell.
    fn distance(&self, index: usize) -> i32 {
        let Fixup { at, label, from, .. } = self.fixups[index];
        let from = from.map_or(at + 4, |from| self.labels[from.0 as usize]);
        self.place(self.labels[label.0 as usize]) as i32 - self.place(from) as i32
    }
}

impl Assembler {
    pub fn label(&mut self) -> Label {
        self.labels.push(None);
        Label(self.labels.len() as u32 - 1)
    }

    pub fn bind(&mut self, label: Label) {
        self.labels[label.0 as usize] = Some(self.code.len() as u32);
        self.told = None;
    }

    /// The instruction just written left in the flags whether what it wrote to the register is zero.
    fn tell(&mut self, register: Gpr, width: Width) {
        self.told = Some((register, width, self.code.len()));
    }

    /// The code, all of whose labels must have been bound.
    pub fn finish(self) -> Option<Vec<u8>> {
        let labels: Vec<usize> =
            self.labels.iter().map(|label| label.map(|at| at as usize)).collect::<Option<_>>()?;
        let layout = Layout::of(&self.fixups, &labels);
        let mut code = Vec::with_capacity(self.code.len());
        let mut copied = 0;
        for (index, Fixup { at, spare, .. }) in self.fixups.iter().enumerate() {
            let distance = layout.distance(index);
            if layout.is_short(index) {
                // `JMP` or `Jcc` of 2 bytes in place of 5 or 6.
                let start = at + 4 - 2 - spare;
                code.extend_from_slice(&self.code[copied..start]);
                code.extend([
                    if self.code[start] == 0xE9 { 0xEB } else { self.code[start + 1] - 0x10 },
                    distance as u8,
                ]);
            } else {
                code.extend_from_slice(&self.code[copied..*at]);
                code.extend(distance.to_le_bytes());
            }
            copied = at + 4;
        }
        code.extend_from_slice(&self.code[copied..]);
        Some(code)
    }

    fn byte(&mut self, byte: u8) {
        self.code.push(byte);
    }

    fn int(&mut self, value: i32) {
        self.code.extend_from_slice(&value.to_le_bytes());
    }

    fn fix(&mut self, label: Label, from: Option<Label>, spare: usize) {
        self.fixups.push(Fixup { at: self.code.len(), label, from, spare });
        self.int(0);
    }

    /// An instruction of a register and an operand. `bytes`: its registers are those of 8 bits, which some numbers need a prefix to be.
    fn op(&mut self, prefix: Option<u8>, opcode: &[u8], long: bool, register: u8, rm: Rm, bytes: bool) {
        self.code.extend(prefix);
        let (index, base) = match rm {
            Rm::Reg(rm) => (0, rm),
            Rm::Mem(Mem { base: NO_BASE, .. }) => (0, 0),
            Rm::Mem(memory) => (memory.index.map_or(0, |index| index.0), memory.base.0),
        };
        let rex =
            0x40 | u8::from(long) << 3 | (register >> 3 & 1) << 2 | (index >> 3 & 1) << 1 | (base >> 3 & 1);
        let is_new = |register: u8| (4..8).contains(&register);
        let forced = bytes && (is_new(register) || matches!(rm, Rm::Reg(rm) if is_new(rm)));
        if rex != 0x40 || forced {
            self.byte(rex);
        }
        self.code.extend_from_slice(opcode);
        let field = (register & 7) << 3;
        let memory = match rm {
            Rm::Reg(rm) => return self.byte(0xC0 | field | rm & 7),
            Rm::Mem(memory) => memory,
        };
        if memory.base == NO_BASE {
            self.byte(field | 4);
            self.byte(0x25);
            return self.int(memory.offset);
        }
        let low = memory.base.0 & 7;
        let mode = match memory.offset {
            // This base without an offset means something else.
            0 if low != RBP.0 => 0x00,
            -128..=127 => 0x40,
            _ => 0x80,
        };
        match memory.index {
            Some(index) => {
                self.byte(mode | field | 4);
                self.byte(3 << 6 | (index.0 & 7) << 3 | low);
            }
            None if low == RSP.0 => {
                self.byte(mode | field | 4);
                self.byte(0x24);
            }
            None => self.byte(mode | field | low),
        }
        match mode {
            0x00 => {}
            0x40 => self.byte(memory.offset as u8),
            _ => self.int(memory.offset),
        }
    }

    pub fn mov(&mut self, width: Width, to: Gpr, from: impl Into<Rm>) {
        self.op(None, &[0x8B], width.is_long(), to.0, from.into(), false);
    }

    /// Copies a word between registers that may be the same.
    pub fn copy(&mut self, to: Gpr, from: Gpr) {
        if to != from {
            self.mov(Width::B8, to, from);
        }
    }

    /// Loads bytes, and zeros above them.
    pub fn load(&mut self, width: Width, to: Gpr, from: Mem) {
        match width {
            Width::B1 => self.op(None, &[0x0F, 0xB6], false, to.0, from.into(), false),
            Width::B2 => self.op(None, &[0x0F, 0xB7], false, to.0, from.into(), false),
            Width::B4 | Width::B8 => self.mov(width, to, from),
        }
    }

    pub fn extend_byte(&mut self, to: Gpr, from: Gpr) {
        self.op(None, &[0x0F, 0xB6], false, to.0, from.into(), true);
    }

    pub fn extend_signed(&mut self, to: Gpr, from: impl Into<Rm>) {
        self.op(None, &[0x63], true, to.0, from.into(), false);
    }

    pub fn store(&mut self, width: Width, to: Mem, from: Gpr) {
        let prefix = (width == Width::B2).then_some(0x66);
        let opcode = if width == Width::B1 { 0x88 } else { 0x89 };
        self.op(prefix, &[opcode], width.is_long(), from.0, to.into(), width == Width::B1);
    }

    /// Stores a constant; one of 8 bytes is extended with its sign.
    pub fn store_constant(&mut self, width: Width, to: Mem, value: i32) {
        let prefix = (width == Width::B2).then_some(0x66);
        let opcode = if width == Width::B1 { 0xC6 } else { 0xC7 };
        self.op(prefix, &[opcode], width.is_long(), 0, to.into(), false);
        match width {
            Width::B1 => self.byte(value as u8),
            Width::B2 => self.code.extend_from_slice(&(value as i16).to_le_bytes()),
            Width::B4 | Width::B8 => self.int(value),
        }
    }

    /// Leaves the flags as they are.
    pub fn constant(&mut self, to: Gpr, value: u64) {
        if let Ok(small) = u32::try_from(value) {
            self.code.extend((to.0 >= 8).then_some(0x41));
            self.byte(0xB8 | to.0 & 7);
            self.int(small as i32);
        } else if let Ok(small) = i32::try_from(value as i64) {
            self.op(None, &[0xC7], true, 0, to.into(), false);
            self.int(small);
        } else {
            self.byte(0x48 | to.0 >> 3);
            self.byte(0xB8 | to.0 & 7);
            self.code.extend_from_slice(&value.to_le_bytes());
        }
    }

    /// Makes it 0.
    pub fn clear(&mut self, register: Gpr) {
        self.alu(Alu::Xor, Width::B4, register, register);
    }

    pub fn alu(&mut self, op: Alu, width: Width, to: Gpr, from: impl Into<Rm>) {
        self.op(None, &[(op as u8) << 3 | 3], width.is_long(), to.0, from.into(), false);
        if op != Alu::Cmp {
            self.tell(to, width);
        }
    }

    pub fn alu_constant(&mut self, op: Alu, width: Width, to: impl Into<Rm>, value: i32) {
        let to = to.into();
        if let Ok(small) = i8::try_from(value) {
            self.op(None, &[0x83], width.is_long(), op as u8, to, false);
            self.byte(small as u8);
        } else {
            self.op(None, &[0x81], width.is_long(), op as u8, to, false);
            self.int(value);
        }
        if let Rm::Reg(register) = to
            && op != Alu::Cmp
        {
            self.tell(Gpr(register), width);
        }
    }

    /// Lets the flags say whether a register is zero; nothing else of them is wanted.
    pub fn test(&mut self, width: Width, register: Gpr) {
        if self.told != Some((register, width, self.code.len())) {
            self.op(None, &[0x85], width.is_long(), register.0, register.into(), false);
        }
    }

    /// Of a byte in memory.
    pub fn test_byte(&mut self, place: Mem, bits: u8) {
        self.op(None, &[0xF6], false, 0, place.into(), false);
        self.byte(bits);
    }

    pub fn lea(&mut self, to: Gpr, place: Mem) {
        self.op(None, &[0x8D], true, to.0, place.into(), false);
    }

    /// The address of a label.
    pub fn address(&mut self, to: Gpr, label: Label) {
        self.byte(0x48 | (to.0 >> 3) << 2);
        self.byte(0x8D);
        self.byte((to.0 & 7) << 3 | 5);
        self.fix(label, None, 0);
    }

    pub fn shift(&mut self, op: Shift, width: Width, to: Gpr, by: u8) {
        self.op(None, &[0xC1], width.is_long(), op as u8, to.into(), false);
        self.byte(by);
        if op != Shift::RotateRight && by != 0 {
            self.tell(to, width);
        }
    }

    /// The same by the number in `RCX`.
    pub fn shift_by_rcx(&mut self, op: Shift, width: Width, to: Gpr) {
        self.op(None, &[0xD3], width.is_long(), op as u8, to.into(), false);
    }

    pub fn multiply(&mut self, width: Width, to: Gpr, by: impl Into<Rm>) {
        self.op(None, &[0x0F, 0xAF], width.is_long(), to.0, by.into(), false);
    }

    pub fn negate(&mut self, width: Width, to: Gpr) {
        self.op(None, &[0xF7], width.is_long(), 3, to.into(), false);
    }

    /// Divides `RAX`, with its sign in `RDX`.
    pub fn divide(&mut self, by: Gpr) {
        self.byte(0x48);
        self.byte(0x99);
        self.op(None, &[0xF7], true, 7, by.into(), false);
    }

    /// Makes the low byte 0 or 1.
    pub fn set(&mut self, cond: Cond, to: Gpr) {
        self.op(None, &[0x0F, 0x90 | cond as u8], false, 0, to.into(), true);
    }

    pub fn move_if(&mut self, cond: Cond, to: Gpr, from: impl Into<Rm>) {
        self.op(None, &[0x0F, 0x40 | cond as u8], true, to.0, from.into(), false);
    }

    pub fn jump_if(&mut self, cond: Cond, to: Label) {
        self.byte(0x0F);
        self.byte(0x80 | cond as u8);
        self.fix(to, None, 4);
    }

    pub fn jump(&mut self, to: Label) {
        self.byte(0xE9);
        self.fix(to, None, 3);
    }

    pub fn jump_to(&mut self, to: Gpr) {
        self.op(None, &[0xFF], false, 4, to.into(), false);
    }

    pub fn call(&mut self, to: Gpr) {
        self.op(None, &[0xFF], false, 2, to.into(), false);
    }

    pub fn call_label(&mut self, to: Label) {
        self.byte(0xE8);
        self.fix(to, None, 0);
    }

    pub fn push(&mut self, register: Gpr) {
        self.code.extend((register.0 >= 8).then_some(0x41));
        self.byte(0x50 | register.0 & 7);
    }

    pub fn pop(&mut self, register: Gpr) {
        self.code.extend((register.0 >= 8).then_some(0x41));
        self.byte(0x58 | register.0 & 7);
    }

    pub fn ret(&mut self) {
        self.byte(0xC3);
    }

    /// A word of 32 bits that is no code.
    pub fn data(&mut self, word: u32) {
        self.code.extend(word.to_le_bytes());
    }
    /// A word whose lower half is how far a label is from another.
    pub fn distance(&mut self, to: Label, from: Label) {
        self.fix(to, Some(from), 0);
        self.int(0);
    }

    pub fn bits_to_float(&mut self, to: Xmm, from: Gpr) {
        self.op(Some(0x66), &[0x0F, 0x6E], true, to.0, from.into(), false);
    }

    pub fn bits_of_float(&mut self, to: Gpr, from: Xmm) {
        self.op(Some(0x66), &[0x0F, 0x7E], true, from.0, to.into(), false);
    }

    pub fn load_float(&mut self, to: Xmm, from: Mem) {
        self.op(Some(0xF2), &[0x0F, 0x10], false, to.0, from.into(), false);
    }

    pub fn store_float(&mut self, to: Mem, from: Xmm) {
        self.op(Some(0xF2), &[0x0F, 0x11], false, from.0, to.into(), false);
    }

    pub fn copy_float(&mut self, to: Xmm, from: Xmm) {
        if to != from {
            self.op(None, &[0x0F, 0x28], false, to.0, from.into(), false);
        }
    }

    pub fn sse(&mut self, op: Sse, to: Xmm, from: impl Into<Rm>) {
        self.op(Some(0xF2), &[0x0F, op as u8], false, to.0, from.into(), false);
    }

    pub fn compare_floats(&mut self, left: Xmm, right: impl Into<Rm>) {
        self.op(Some(0x66), &[0x0F, 0x2E], false, left.0, right.into(), false);
    }

    pub fn int_to_float(&mut self, to: Xmm, from: impl Into<Rm>) {
        self.op(Some(0xF2), &[0x0F, 0x2A], true, to.0, from.into(), false);
    }

    pub fn xor_floats(&mut self, to: Xmm, with: Xmm) {
        self.op(None, &[0x0F, 0x57], false, to.0, with.into(), false);
    }
}
