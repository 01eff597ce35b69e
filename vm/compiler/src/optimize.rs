//! Optimizations, one file each: constant folding works on the tree while it is lowered, the peephole
//! pass on finished instructions.

pub(crate) mod fold;
pub(crate) mod peephole;
