//! Operations by family, called from the loop.

pub mod arithmetic;
pub mod attribute;
pub mod build;
pub mod consume;
pub mod exception;
pub mod intrinsics;
pub mod iteration;
pub mod name;
pub mod operators;
pub mod pattern;
pub mod rare;
