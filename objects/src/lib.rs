//! The Python object model of Taipan: classes, shapes, the built-in types and the abstract operations on them.
//! Values, headers and counts come from `taipan_gc`; running Python code goes through [`hooks`].

extern crate self as taipan_objects;

pub mod argument;
pub mod attribute;
pub mod bool;
pub mod buffer;
pub mod bytearray;
pub mod bytes;
pub mod cell;
pub mod code;
pub mod complex;
pub mod construct;
pub mod descriptor;
pub mod dict;
pub mod error;
pub mod exceptions;
pub mod float;
pub mod frame;
pub mod function;
pub mod generator;
pub mod generic_alias;
pub mod hooks;
pub mod int;
pub mod iterators;
pub mod layout;
pub mod list;
pub mod mappingproxy;
pub mod memory_hooks;
pub mod memoryview;
pub mod method;
pub mod module;
pub mod native;
pub mod native_function;
pub mod object_type;
pub mod prelude;
pub mod protocol;
pub mod range;
mod registration;
pub mod set;
pub mod shape;
pub(crate) mod short_section;
pub mod simple_namespace;
pub mod singletons;
pub mod slice;
pub mod str;
pub mod structseq;
pub mod super_object;
mod text_error;
pub mod traceback;
pub mod tuple;
pub mod type_object;
pub mod types;
pub mod union;
pub mod weakref;

pub use taipan_gc::{Header, Obj, Object, Ops, Py, Slot, Tracer, Value};
