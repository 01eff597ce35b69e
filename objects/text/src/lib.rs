//! The algorithms of Python's text and numbers on plain Rust data: no Python objects here.
//!
//! Invariant: results and error texts are those of CPython 3.14; nothing here panics on any input that a
//! Python program can bring about.

#![forbid(unsafe_code)]

pub mod case;
pub mod error;
pub mod float_parse;
pub mod float_repr;
pub mod hash;
pub mod int_text;
pub mod math;
pub mod pad;
pub mod repr;
pub mod search;
pub mod split;
pub mod unicode_data;
pub mod units;

pub use error::{ErrorKind, Result, TextError};
pub use units::{OwnedUnits, TextBuf, Unit, Units};
