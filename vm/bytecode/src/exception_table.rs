//! The exception table: which handler covers which instructions. Entries are ordered innermost
//! first, so that the first entry covering an instruction is the one to use.

/// One protected range of instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExceptionEntry {
    /// First covered instruction index.
    pub start: u32,
    /// One past the last covered instruction index.
    pub end: u32,
    /// Instruction index of the handler.
    pub handler: u32,
    /// Unwinding drops all registers from this one up.
    pub depth: u16,
    /// The handler re-raises on behalf of the instruction that raised: it belongs to a cleanup
    /// (`with`, `finally`, end of an `except`), not to an `except` clause of the program.
    pub lasti: bool,
}

/// The handler entry for an exception raised by the instruction at `pc`.
pub fn find_handler(table: &[ExceptionEntry], pc: u32) -> Option<&ExceptionEntry> {
    table.iter().find(|e| e.start <= pc && pc < e.end)
}
