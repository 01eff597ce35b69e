//! The blocks of a function in one order, what is seldom executed, and what is in loops.

use cranelift_codegen::entity::EntityRef;
use cranelift_codegen::ir::{Block, Function};
use smallvec::SmallVec;

/// A place in the order.
pub type Place = usize;

/// Loops that count when it is asked how often something is executed.
const DEEPEST: u8 = 3;

pub struct Order {
    /// The blocks that can be reached: each behind what leads to it, but for loops.
    pub blocks: Vec<Block>,
    pub successors: Vec<SmallVec<[Place; 2]>>,
    /// Whether a block leads to where it is not expected to come, or is only come to from such a one.
    pub cold: Vec<bool>,
    /// Loops around a block.
    depth: Vec<u8>,
    places: Vec<Option<u32>>,
}

impl Order {
    /// Blocks behind the `early` first ones of the function's layout belong behind the only one that leads to them, if it is one.
    pub fn of(function: &Function, early: usize) -> Self {
        let blocks = arrange(function, early);
        let mut places = vec![None; function.dfg.num_blocks()];
        for (place, block) in blocks.iter().enumerate() {
            places[block.index()] = Some(place as u32);
        }
        let mut this = Self { blocks, places, successors: Vec::new(), cold: Vec::new(), depth: Vec::new() };
        let successors = |block| function.block_successors(block).map(|next| this.place(next)).collect();
        this.successors = this.blocks.iter().map(|block| successors(*block)).collect();
        this.cold = cold(function, &this.blocks, &this.successors);
        this.depth = depth(&this.successors, &this.cold);
        this
    }

    /// The place of a block that can be reached.
    pub fn place(&self, block: Block) -> Place {
        // Asked of blocks of the order and of what they lead to alone.
        self.places[block.index()].expect("can be reached") as usize
    }

    /// How often a block is executed, in comparison with a cold one.
    pub fn weight(&self, place: Place) -> u64 {
        if self.cold[place] { 1 } else { 32 << (3 * self.depth[place]) }
    }
}

/// The blocks that can be reached, as they are laid out, but for the last ones.
fn arrange(function: &Function, early: usize) -> Vec<Block> {
    let count = function.dfg.num_blocks();
    let Some(entry) = function.layout.entry_block() else { return Vec::new() };
    let mut ways = vec![0u32; count];
    let mut open = vec![entry];
    ways[entry.index()] = 1;
    while let Some(block) = open.pop() {
        for next in function.block_successors(block) {
            let ways = &mut ways[next.index()];
            *ways += 1;
            if *ways == 1 {
                open.push(next);
            }
        }
    }
    let laid_out: Vec<Block> = function.layout.blocks().filter(|block| ways[block.index()] > 0).collect();
    let mut is_late = vec![false; count];
    for block in function.layout.blocks().skip(early.max(1)) {
        let block = block.index();
        is_late[block] = ways[block] == 1;
    }
    let mut blocks = Vec::with_capacity(laid_out.len());
    let mut open = Vec::new();
    for block in laid_out.into_iter().filter(|block| !is_late[block.index()]) {
        open.push(block);
        while let Some(block) = open.pop() {
            blocks.push(block);
            open.extend(function.block_successors(block).rev().filter(|next| is_late[next.index()]));
        }
    }
    blocks
}

fn cold(function: &Function, blocks: &[Block], successors: &[SmallVec<[Place; 2]>]) -> Vec<bool> {
    let mut cold: Vec<bool> = blocks.iter().map(|block| function.layout.is_cold(*block)).collect();
    // A few rounds: what they miss is only made where it is in the way.
    for _ in 0..4 {
        let mut come_to = vec![false; blocks.len()];
        come_to[0] = true;
        for (place, next) in successors.iter().enumerate().rev() {
            cold[place] |= !next.is_empty() && next.iter().all(|next| cold[*next]);
            if !cold[place] {
                next.iter().for_each(|next| come_to[*next] = true);
            }
        }
        for (cold, come_to) in cold.iter_mut().zip(come_to) {
            *cold |= !come_to;
        }
    }
    // It comes first, wherever it leads.
    cold[0] = false;
    cold
}

fn depth(successors: &[SmallVec<[Place; 2]>], cold: &[bool]) -> Vec<u8> {
    // The last block of the loop that begins at each.
    let mut last = vec![None; successors.len()];
    for (place, next) in successors.iter().enumerate().filter(|(place, _)| !cold[*place]) {
        for head in next.iter().filter(|next| **next <= place) {
            last[*head] = Some(place);
        }
    }
    let mut depth = vec![0u8; successors.len()];
    for (head, last) in last.into_iter().enumerate() {
        for depth in last.map_or(&mut [][..], |last| &mut depth[head..=last]) {
            *depth = (*depth + 1).min(DEEPEST);
        }
    }
    depth
}
