//! Extension instructions: how other crates add to the instruction set without touching this one.
//!
//! [`ops!`](crate::ops) declares instructions from one source: name, the call that the compiler makes into it, operands, semantics, and what it
//! does; [`register`] makes them known to compiler, disassembler and interpreter. See `taipan_bytecode::extension`.

use parking_lot::RwLock;
use taipan_bytecode::extension::{Refused, Signature, declare};
use taipan_objects::Obj;
use taipan_objects::code::PyCode;
use taipan_objects::error::*;
use taipan_objects::protocol::IntoStrong;
use taipan_threading::sync::atomic::Ordering;

use crate::registers::Regs;

/// An extension instruction.
#[repr(align(8))]
pub struct Extension {
    pub signature: Signature,
    /// In words.
    pub semantics: &'static str,
    /// Gets as many operands as the signature says. They may be uncounted: what is kept must be cloned.
    pub run: fn(&[Obj]) -> PyResult<Obj>,
}

static REGISTERED: RwLock<Vec<&'static Extension>> = RwLock::new(Vec::new());

/// Adds instructions, all or none. Code compiled from now on may use them. For good.
pub fn register(extensions: &'static [Extension]) -> Result<(), Refused> {
    let signatures: Vec<Signature> = extensions.iter().map(|extension| extension.signature).collect();
    let mut registered = REGISTERED.write();
    declare(&signatures)?;
    registered.extend(extensions);
    Ok(())
}

/// All of them, for tools.
pub fn all() -> Vec<&'static Extension> {
    REGISTERED.read().clone()
}

/// The instruction at `pc`. Its cache word leads to it once it was looked up: an address, so even, of something that is never freed.
#[inline]
fn at(code: &PyCode, pc: usize, name: usize) -> PyResult<&'static Extension> {
    let address = code.cache(pc).load(Ordering::Relaxed) as usize;
    if address != 0 {
        // SAFETY: `look_up` alone fills the cache word of such an instruction, with the address of a static.
        return Ok(unsafe { &*std::ptr::with_exposed_provenance::<Extension>(address) });
    }
    look_up(code, pc, name)
}

#[cold]
fn look_up(code: &PyCode, pc: usize, name: usize) -> PyResult<&'static Extension> {
    let name = code.names[name].to_string_lossy();
    let found = REGISTERED.read().iter().find(|extension| extension.signature.name == name).copied();
    let Some(extension) = found else {
        return Err(system_error(format!("no extension instruction {name} is registered")));
    };
    code.cache(pc).store(std::ptr::from_ref(extension).expose_provenance() as u64, Ordering::Relaxed);
    Ok(extension)
}

/// `EXTENSION`: applies the instruction to the `count` registers from `first`, which are left empty.
pub(crate) fn execute(
    code: &PyCode,
    pc: usize,
    name: usize,
    regs: Regs,
    first: usize,
    count: usize,
) -> PyResult<Obj> {
    let extension = at(code, pc, name)?;
    if count != extension.signature.operands as usize {
        return Err(system_error(format!("{}: {count} operands", extension.signature.name)));
    }
    // The result may be an uncounted part of what the operands keep alive.
    let result = (extension.run)(regs.slice(first, count)).map(Obj::into_strong);
    regs.clear_range(first, first + count);
    result
}

/// Declares a static of extension instructions:
///
/// ```ignore
/// taipan_vm::ops! {
///     /// My instructions.
///     pub static OPS;
///     "FMA" __fma__(x, y, z) "x * y + z, rounded once." => fused(x, y, z);
/// }
/// taipan_vm::extension::register(&OPS)?;
/// ```
#[macro_export]
macro_rules! ops {
    ($(#[$attribute:meta])* $vis:vis static $table:ident;
     $($name:literal $call:ident($($operand:ident),*) $semantics:literal => $body:expr;)*) => {
        $(#[$attribute])*
        $vis static $table: [$crate::extension::Extension; [$($name),*].len()] = [$(
            $crate::extension::Extension {
                signature: ::taipan_bytecode::extension::Signature {
                    name: $name,
                    call: stringify!($call),
                    operands: { let operands: &[&str] = &[$(stringify!($operand)),*]; operands.len() as u16 },
                },
                semantics: $semantics,
                run: |operands: &[::taipan_objects::Obj]| match operands {
                    [$($operand),*] => $body,
                    _ => Err(::taipan_objects::error::system_error("wrong number of operands")),
                },
            },
        )*];
    };
}
