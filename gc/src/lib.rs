//! Memory of Taipan: values, object headers, biased reference counts, the object heap, limbo, weak references and the
//! cycle collector. This crate knows no Python type: it sees [`Ops`] tables and the shape table.
//!
//! In reading order: what a word is ([`value`]) and who owns it ([`reference`], [`slot`]); the header ([`header`]) and its counts
//! ([`refcount`], the protocol itself in [`refcount::protocol`]); where objects lie ([`heap`]); how they end (`dealloc`, [`limbo`],
//! [`weakref`], [`collector`]); what a thread has to do for all that ([`thread`]); what is asked of the layers above ([`ops`],
//! [`shape_table`], [`hooks`]).
//!
//! Invariants: a counted reference keeps its object alive; an uncounted one in a register does until its thread was stopped
//! without it; objects outside the heap are immortal; block headers stay readable between stops of the world; an object that is
//! `DYING` is referred to by nobody; Python code never sees an object some of whose fields are dropped.

#[cfg(feature = "chaos")]
mod chaos;
pub mod collector;
mod dealloc;
pub mod header;
pub mod heap;
pub mod hooks;
pub mod limbo;
pub mod malloc;
mod mapping;
pub mod nan;
pub mod ops;
pub mod refcount;
pub mod reference;
pub mod resident;
pub mod shape_table;
pub mod slot;
pub mod thread;
pub mod value;
pub mod verify;
pub mod weakref;

pub use header::{Header, HeaderFlags};
pub use ops::{Ops, TraceFn, Tracer, trace_all};
pub use reference::{Obj, Object, Py};
pub use shape_table::{ShapeEntry, ShapeId};
pub use slot::{Replaced, Slot};
pub use value::Value;
pub use weakref::WeakSlot;

#[cfg(test)]
mod tests;
