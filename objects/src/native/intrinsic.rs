//! Native functions that an interpreter may do by itself.

/// A function whose work for ordinary arguments takes a few instructions: an interpreter that knows it need not call it for them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Intrinsic {
    /// Any other function.
    None,
    /// `len`
    Len,
    /// `isinstance`
    IsInstance,
    /// `list.append`
    ListAppend,
    /// `dict.get`
    DictGet,
    /// `id`
    Id,
}
