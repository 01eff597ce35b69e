//! Extension instructions: what other crates add to the instruction set.
//!
//! All of them are [`crate::Op::Extension`], which names the one that is meant, so that code which was stored does not depend on the order of
//! registration. Here is what compiler and disassembler need to know; what they do is the interpreter's.

use std::sync::RwLock;

/// One extension instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature {
    /// As disassemblies show it.
    pub name: &'static str,
    /// The global name whose calls the compiler makes into the instruction, such as `__fma__`. It begins and ends with two underscores:
    /// names that programs do not make up.
    pub call: &'static str,
    /// Number of operands.
    pub operands: u16,
}

/// Why a signature cannot be declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// There is another one of this name, or for calls of this name.
    Clash(&'static str),
    /// `call` is a name that programs may use.
    Name(&'static str),
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Refused::Clash(name) => write!(f, "there is an extension instruction '{name}' already"),
            Refused::Name(name) => write!(f, "'{name}' does not begin and end with two underscores"),
        }
    }
}

impl std::error::Error for Refused {}

static DECLARED: RwLock<Vec<Signature>> = RwLock::new(Vec::new());

/// Declares all of them or none. Code that is compiled from now on may use them.
pub fn declare(new: &[Signature]) -> Result<(), Refused> {
    let mut declared = DECLARED.write().unwrap_or_else(std::sync::PoisonError::into_inner);
    let before = declared.len();
    for signature in new {
        let refused = if !(signature.call.starts_with("__") && signature.call.ends_with("__")) {
            Some(Refused::Name(signature.call))
        } else if declared.iter().any(|d| d.name == signature.name || d.call == signature.call) {
            Some(Refused::Clash(signature.name))
        } else {
            None
        };
        if let Some(refused) = refused {
            declared.truncate(before);
            return Err(refused);
        }
        declared.push(*signature);
    }
    Ok(())
}

/// The instruction for calls of the global `name`.
pub fn for_call(name: &str) -> Option<Signature> {
    if !name.starts_with("__") {
        return None;
    }
    let declared = DECLARED.read().unwrap_or_else(std::sync::PoisonError::into_inner);
    declared.iter().find(|signature| signature.call == name).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_or_none() {
        let of = |name, call| Signature { name, call, operands: 1 };
        assert_eq!(declare(&[of("ONE", "__one__")]), Ok(()));
        assert_eq!(declare(&[of("TWO", "__two__"), of("ONE", "__three__")]), Err(Refused::Clash("ONE")));
        assert_eq!(declare(&[of("TWO", "two")]), Err(Refused::Name("two")));
        assert_eq!(for_call("__two__"), None);
        assert_eq!(for_call("__one__"), Some(of("ONE", "__one__")));
    }
}
