//! Instructions of x86-64 for a function in Cranelift's representation: what Cranelift's own backend makes, too, in a fraction of the time and memory, because the language is small.
//!
//! 1. [`order`]: blocks in one order, what is cold, what is in loops.
//! 2. [`facts`]: constants, which are made where they are used, and comparisons, which are made where they are asked.
//! 3. [`live`]: from where to where values are needed.
//! 4. [`allocate`]: registers, by a linear scan.
//! 5. [`emit`]: instructions, by [`assembler`]; [`stubs`]: code that is called without giving up registers.
//!
//! Integers shorter than 64 bits have zeros above them in registers. Functions are called as System V has it, with at most six integers, which are 64 bits long.

mod allocate;
mod assembler;
mod emit;
mod facts;
mod live;
mod moves;
mod order;
#[cfg(all(test, target_arch = "x86_64", unix))]
mod random;
pub mod stubs;

use cranelift_codegen::ir::Function;

use allocate::Allocation;
use emit::Emit;
use facts::Facts;
use live::Live;
use order::Order;

pub use emit::Unknown;

/// The code of a function, which can be put anywhere. Blocks behind its `early` first ones belong behind those that lead to them.
///
/// # Errors
///
/// There is no code for an instruction of it.
pub fn generate(function: &Function, early: usize) -> Result<Vec<u8>, Unknown> {
    let order = Order::of(function, early);
    let facts = Facts::of(function, &order);
    let live = Live::of(&facts);
    let allocation = Allocation::of(&facts, &live);
    Emit::run(&facts, &live, &allocation)
}
