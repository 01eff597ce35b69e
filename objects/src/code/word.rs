//! One instruction as it is executed.

use taipan_bytecode::Instr;
use taipan_threading::sync::atomic::{AtomicU8, AtomicU64, Ordering};

/// An instruction and what it remembers, next to each other: who has the address of the one has that of the other.
///
/// The instruction never changes, but for `dispatch`: which handler executes it. That is the opcode, unless the tier above the interpreter wants to know
/// that execution comes here, or has its own code for what begins here.
#[repr(C, align(8))]
pub struct Word {
    dispatch: AtomicU8,
    opcode: u8,
    a: u16,
    b: u16,
    c: u16,
    /// The inline cache; 0: empty. Constants and distances of jumps are there from the start.
    pub cache: AtomicU64,
}

const _: () =
    assert!(size_of::<Word>() == 16 && taipan_bytecode::Op::COUNT < super::machine::RECORD as usize);

impl Word {
    /// An instruction with this in its cache.
    pub(super) fn new(instr: Instr, cache: u64) -> Word {
        let opcode = instr.opcode() as u8;
        Word {
            dispatch: AtomicU8::new(opcode),
            opcode,
            a: instr.a(),
            b: instr.b(),
            c: instr.c(),
            cache: AtomicU64::new(cache),
        }
    }
    /// The instruction.
    #[inline(always)]
    pub fn instr(&self) -> Instr {
        let bits = self.opcode as u64 | (self.a as u64) << 16 | (self.b as u64) << 32 | (self.c as u64) << 48;
        Instr::from_bits(bits)
    }
    /// The number of the handler. Read without order: a handler that is chosen too late or too early does what the instruction means all the same.
    #[inline(always)]
    pub fn handler(&self) -> usize {
        #[cfg(all(target_arch = "x86_64", not(miri)))]
        {
            let index: usize;
            // SAFETY: reads the byte of a live word, as an atomic load does, of which the compiler would extend the result in an instruction of its own.
            unsafe {
                std::arch::asm!(
                    "movzx {index:e}, byte ptr [{byte}]",
                    index = lateout(reg) index,
                    byte = in(reg) self.dispatch.as_ptr(),
                    options(pure, readonly, nostack, preserves_flags)
                );
                // SAFETY: a byte, extended. Else each dispatch would compare it with the length of the table, in a frame for the panic.
                std::hint::assert_unchecked(index <= usize::from(u8::MAX));
            }
            index
        }
        #[cfg(not(all(target_arch = "x86_64", not(miri))))]
        usize::from(self.dispatch.load(Ordering::Relaxed))
    }
    /// Lets another handler execute it, or again that of its opcode.
    pub fn set_dispatch(&self, handler: Option<u8>) {
        self.dispatch.store(handler.unwrap_or(self.opcode), Ordering::Relaxed);
    }
    /// [`Word::set_dispatch`], if the handler is still `old`.
    pub fn replace_dispatch(&self, old: u8, handler: Option<u8>) {
        let new = handler.unwrap_or(self.opcode);
        let _ = self.dispatch.compare_exchange(old, new, Ordering::Relaxed, Ordering::Relaxed);
    }
    /// The opcode number.
    #[inline(always)]
    pub fn opcode(&self) -> u16 {
        self.opcode as u16
    }
    /// First operand.
    #[inline(always)]
    pub fn a(&self) -> u16 {
        self.a
    }
    /// Second operand.
    #[inline(always)]
    pub fn b(&self) -> u16 {
        self.b
    }
    /// Third operand.
    #[inline(always)]
    pub fn c(&self) -> u16 {
        self.c
    }
    /// `b` as a signed immediate.
    #[inline(always)]
    pub fn b_imm(&self) -> i16 {
        self.b as i16
    }
    /// `c` as a signed immediate.
    #[inline(always)]
    pub fn c_imm(&self) -> i16 {
        self.c as i16
    }
    /// The 32-bit operand in `b` and `c`: see [`Instr::arg32`].
    #[inline(always)]
    pub fn arg32(&self) -> u32 {
        self.b as u32 | (self.c as u32) << 16
    }
}
