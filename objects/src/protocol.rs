//! The abstract operations on objects: what the interpreter and native code call without knowing a type.

mod attributes;
mod calls;
mod compare;
mod containers;
mod iteration;
mod numbers;
mod stack;
mod text;

pub use attributes::*;
pub use calls::*;
pub use compare::*;
pub use containers::*;
pub use iteration::*;
pub use numbers::*;
pub use stack::*;
pub use text::*;
