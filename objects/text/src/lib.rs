//! The algorithms of Python's text and numbers on plain Rust data: no Python objects here.
//!
//! Invariant: results and error texts are those of CPython 3.14; nothing here panics on any input that a
//! Python program can bring about.

#![forbid(unsafe_code)]

pub mod bytes_hex;
pub mod case;
pub mod codecs;
pub mod complex_text;
pub mod error;
pub mod float_parse;
pub mod float_repr;
pub mod format_number;
pub mod format_spec;
pub mod hash;
pub mod int_text;
pub mod math;
pub mod pad;
pub mod percent_format;
pub mod repr;
pub mod search;
pub mod split;
pub mod str_format;
pub mod unicode_data;
pub mod units;

pub use error::{ErrorKind, Result, TextError};
pub use units::{OwnedUnits, TextBuf, Unit, Units};
