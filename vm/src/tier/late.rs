//! Numbers that machine code has in registers of the processor alone, and how they get to the registers of the window: code that is seldom executed says in a list where they are.
//!
//! A list is of nodes of 32-bit words, and each leads to the next one, so that lists have what they begin with in common: what is to be written and where that is, and how many words back the next node
//! is; for a constant, two more with the word that it is. The last one, which leads to itself, says where the window's address is.

use rustc_hash::FxHashMap as HashMap;
use taipan_objects::Value;

use crate::registers::Regs;

/// Where a number is, or an address.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Place {
    /// A general register of the processor.
    Int(u8),
    /// One of floats.
    Float(u8),
    /// A word of the function's part of the stack.
    Slot(u32),
    /// In the list itself: the word of the number.
    Constant(u64),
}

const CONSTANT: u32 = 3;
const PLACE: u32 = 16;
const IS_FLOAT: u32 = 1 << 18;
const INDEX: u32 = 19;

/// The nodes of a function's lists.
#[derive(Default)]
pub struct Lists {
    pub words: Vec<u32>,
    /// Where each node is, by what it says and where it leads.
    nodes: HashMap<(Number, u32), u32>,
}

/// What is to be written to a register of the window, and where it is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Number {
    pub register: u16,
    pub is_float: bool,
    pub place: Place,
}

impl Lists {
    /// The list that has nothing yet, for a window whose address is there: which is the same in the whole function. Nothing if there are too many of something, here and below.
    pub fn empty(&mut self, window: Place) -> Option<u32> {
        if self.words.is_empty() {
            self.node(Number { register: 0, is_float: false, place: window }, 0)
        } else {
            Some(0)
        }
    }

    /// A list that has another number before those of `rest`.
    pub fn with(&mut self, number: Number, rest: u32) -> Option<u32> {
        match self.nodes.get(&(number, rest)) {
            Some(at) => Some(*at),
            None => self.node(number, rest),
        }
    }

    fn node(&mut self, number: Number, rest: u32) -> Option<u32> {
        let at = u32::try_from(self.words.len()).ok()?;
        let (kind, index) = match number.place {
            Place::Int(register) => (0, u32::from(register)),
            Place::Float(register) => (1, u32::from(register)),
            Place::Slot(slot) => (2, slot),
            Place::Constant(_) => (CONSTANT, 0),
        };
        let is_float = if number.is_float { IS_FLOAT } else { 0 };
        self.words
            .extend([u32::from(number.register) | kind << PLACE | is_float | index << INDEX, at - rest]);
        if let Place::Constant(word) = number.place {
            self.words.extend([word as u32, (word >> 32) as u32]);
        }
        self.nodes.insert((number, rest), at);
        (index < 1 << (32 - INDEX)).then_some(at)
    }
}

/// What the code that calls [`write_numbers`] has put on the stack: the registers of the processor, above which is the function's part.
#[repr(C)]
pub struct Saved {
    floats: [f64; FLOATS],
    ints: [u64; INTS],
    back: u64,
    slots: [u64; 0],
}

/// Those of floats, and one word for the sake of 16 bytes.
pub const FLOATS: usize = 15;
/// General ones, by their numbers.
pub const INTS: usize = 16;

/// Writes the numbers of a list to their registers.
///
/// # Safety
/// The list was made for the place that `saved` is of; the registers of the window own nothing.
pub unsafe extern "C" fn write_numbers(saved: *const Saved, list: *const u32) {
    // SAFETY: lists are as long as they say, and the function has the slots that they tell of, behind what was saved.
    let word = |node: *const u32, at: usize| unsafe { node.add(at).read_unaligned() };
    let next = |node: *const u32| node.wrapping_sub(word(node, 1) as usize);
    let is_last = |node: *const u32| word(node, 1) == 0;
    let bits = |word: u32| {
        let index = (word >> INDEX) as usize;
        // SAFETY: as above.
        unsafe {
            match word >> PLACE & 3 {
                0 => (&(*saved).ints)[index],
                1 => (&(*saved).floats)[index].to_bits(),
                _ => (&raw const (*saved).slots).cast::<u64>().add(index).read(),
            }
        }
    };
    let mut last = list;
    while !is_last(last) {
        last = next(last);
    }
    let regs = Regs::new(std::ptr::with_exposed_provenance_mut(bits(word(last, 0)) as usize));
    let mut node = list;
    while !is_last(node) {
        let number = word(node, 0);
        let value = if number >> PLACE & 3 == CONSTANT {
            Value::from_bits(u64::from(word(node, 2)) | u64::from(word(node, 3)) << 32)
        } else if number & IS_FLOAT != 0 {
            Value::from_float(f64::from_bits(bits(number)))
        } else {
            Value::from_int_wrapping(bits(number) as i64)
        };
        regs.put(number as u16 as usize, value);
        node = next(node);
    }
}
