//! Errors of the text and number algorithms as Python exceptions.

use taipan_text::{ErrorKind, TextError};

use crate::error::*;
use crate::types::types;

impl From<TextError> for Raised {
    #[cold]
    fn from(error: TextError) -> Raised {
        let types = types();
        let class = match error.kind {
            ErrorKind::Value => &types.value_error,
            ErrorKind::Type => &types.type_error,
            ErrorKind::Overflow => &types.overflow_error,
            ErrorKind::ZeroDivision => &types.zero_division_error,
            ErrorKind::Key => &types.key_error,
            ErrorKind::Index => &types.index_error,
            ErrorKind::Memory => return memory_error(),
        };
        raise_message(class, error.message)
    }
}
