//! What nearly every native type and module uses.

pub use crate::argument::Args;
pub use crate::construct::*;
pub use crate::error::*;
pub use crate::protocol::*;
pub use crate::str::{PyStr, intern};
pub use crate::type_object::{PyType, TypeSlots, class_of};
pub use crate::types::types;
pub use crate::{istr, layout};
pub use taipan_gc::{Header, Obj, Object, Ops, Py, Slot, Tracer, Value};
