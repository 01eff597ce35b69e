//! The error of this crate: which Python exception to raise, and its text.

use std::fmt;

/// The Python exception class that an error stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// `ValueError`
    Value,
    /// `TypeError`
    Type,
    /// `OverflowError`
    Overflow,
    /// `ZeroDivisionError`
    ZeroDivision,
    /// `MemoryError`
    Memory,
    /// `KeyError`
    Key,
    /// `IndexError`
    Index,
}

/// An exception to be raised by the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextError {
    /// Its class.
    pub kind: ErrorKind,
    /// Its message, as CPython words it.
    pub message: String,
}

/// What most functions here return.
pub type Result<T, E = TextError> = std::result::Result<T, E>;

impl TextError {
    /// A `ValueError`.
    #[cold]
    pub fn value(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Value, message: message.into() }
    }

    /// A `TypeError`.
    #[cold]
    pub fn type_error(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Type, message: message.into() }
    }

    /// An `OverflowError`.
    #[cold]
    pub fn overflow(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Overflow, message: message.into() }
    }

    /// A `ZeroDivisionError`.
    #[cold]
    pub fn zero_division(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::ZeroDivision, message: message.into() }
    }

    /// A `MemoryError`.
    #[cold]
    pub fn memory() -> Self {
        Self { kind: ErrorKind::Memory, message: String::new() }
    }
}

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for TextError {}
