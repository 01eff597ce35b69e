//! Moving several values at once, of which one may be where another is to go.

use super::allocate::{FLOAT_SCRATCH, Place, SCRATCH, SECOND_FLOAT_SCRATCH, SECOND_SCRATCH};
use super::assembler::{Assembler, Mem, RSP, Width};

/// What is moved.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    Place(Place),
    /// The bits of a constant.
    Constant(u64),
}

/// The word of the stack.
pub fn slot(number: u32) -> Mem {
    Mem::at(RSP, number as i32 * 8)
}

/// Moves all, as if at the same moment.
pub fn moves(code: &mut Assembler, mut open: Vec<(Source, Place)>) {
    open.retain(|(from, to)| *from != Source::Place(*to) && *to != Place::Nowhere);
    while !open.is_empty() {
        let free = open.iter().position(|(_, to)| open.iter().all(|(from, _)| *from != Source::Place(*to)));
        if let Some(free) = free {
            let (from, to) = open.swap_remove(free);
            one(code, from, to);
            continue;
        }
        // A circle: one of it goes by way of a register that nobody has.
        let (from, to) = open[0];
        let way = match to {
            Place::Xmm(_) => Place::Xmm(SECOND_FLOAT_SCRATCH),
            _ => Place::Gpr(SECOND_SCRATCH),
        };
        one(code, from, way);
        open[0] = (Source::Place(way), to);
    }
}

/// Moves one.
pub fn one(code: &mut Assembler, from: Source, to: Place) {
    match (from, to) {
        (Source::Constant(bits), Place::Gpr(to)) => code.constant(to, bits),
        (Source::Constant(0), Place::Xmm(to)) => code.xor_floats(to, to),
        (Source::Constant(bits), Place::Xmm(to)) => {
            code.constant(SCRATCH, bits);
            code.bits_to_float(to, SCRATCH);
        }
        (Source::Constant(bits), Place::Slot(to)) => match i32::try_from(bits as i64) {
            Ok(small) => code.store_constant(Width::B8, slot(to), small),
            Err(_) => {
                code.constant(SCRATCH, bits);
                code.store(Width::B8, slot(to), SCRATCH);
            }
        },
        (Source::Place(Place::Gpr(from)), Place::Gpr(to)) => code.copy(to, from),
        (Source::Place(Place::Gpr(from)), Place::Slot(to)) => code.store(Width::B8, slot(to), from),
        (Source::Place(Place::Gpr(from)), Place::Xmm(to)) => code.bits_to_float(to, from),
        (Source::Place(Place::Slot(from)), Place::Gpr(to)) => code.mov(Width::B8, to, slot(from)),
        (Source::Place(Place::Slot(from)), Place::Xmm(to)) => code.load_float(to, slot(from)),
        (Source::Place(Place::Slot(from)), Place::Slot(to)) => {
            code.load_float(FLOAT_SCRATCH, slot(from));
            code.store_float(slot(to), FLOAT_SCRATCH);
        }
        (Source::Place(Place::Xmm(from)), Place::Xmm(to)) => code.copy_float(to, from),
        (Source::Place(Place::Xmm(from)), Place::Slot(to)) => code.store_float(slot(to), from),
        (Source::Place(Place::Xmm(from)), Place::Gpr(to)) => code.bits_of_float(to, from),
        (Source::Place(Place::Nowhere), _) | (_, Place::Nowhere) => {}
    }
}
