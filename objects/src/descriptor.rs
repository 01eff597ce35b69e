//! Descriptors of native classes, and `property`, `classmethod`, `staticmethod`.

mod member;
mod member_names;
mod method_descr;
mod property;
mod static_class;
mod wrapper;

pub use member::PyMemberDescr;
pub(crate) use member_names::is_member;
pub use method_descr::{PyGetSetDescr, PyMethodDescr};
pub use property::PyProperty;
pub use static_class::PyClassMethod;
pub use wrapper::{PyMethodWrapper, PyWrapperDescr};

use crate::types::Types;

pub(crate) fn fill(types: &Types) {
    member::fill(types);
    method_descr::fill(types);
    property::fill(types);
    static_class::fill(types);
    wrapper::fill(types);
}
