//! Memory of Taipan: values, object headers, biased reference counts, the object heap, limbo, weak references and the
//! cycle collector. This crate knows no Python type: it sees [`Ops`] tables and the shape table.

pub mod collector;
mod dealloc;
pub mod header;
pub mod heap;
pub mod hooks;
pub mod limbo;
pub mod ops;
pub mod reference;
pub mod refcount;
pub mod shape_table;
pub mod slot;
pub mod thread;
pub mod value;
pub mod verify;
pub mod weakref;

pub use header::{Header, HeaderFlags};
pub use ops::{Ops, TraceFn, Tracer};
pub use reference::{Obj, Object, Py};
pub use shape_table::{ShapeEntry, ShapeId};
pub use slot::Slot;
pub use weakref::WeakSlot;
pub use value::Value;

#[cfg(test)]
mod tests;
