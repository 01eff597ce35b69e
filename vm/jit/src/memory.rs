//! From a program to finished code in memory that can be executed.

use std::any::Any;

use cranelift_codegen::ir::{Function, UserFuncName};
use cranelift_codegen::isa::{CallConv, TargetFrontendConfig};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use memmap2::{Mmap, MmapMut};
use target_lexicon::PointerWidth;

use taipan_objects::str::PyStr;
use taipan_threading::sync::atomic::{AtomicUsize, Ordering};

use crate::expect::Guess;
use crate::flow::Flow;
use crate::kinds::State;
use crate::lower::{Lowering, signature};
use crate::program::Program;
use crate::x64;

const CALL_CONV: CallConv = CallConv::SystemV;
pub const CONFIG: TargetFrontendConfig = TargetFrontendConfig {
    default_call_conv: CALL_CONV,
    pointer_width: PointerWidth::U64,
    page_size_align_log2: 12,
};

/// Whether there can be machine code. The memory model that plain loads and stores are made for here is that of x86-64.
pub fn is_supported() -> bool {
    cfg!(all(target_arch = "x86_64", unix))
}

/// The address of a function, and what owns its memory.
pub type Code = (usize, Box<dyn Any + Send + Sync>);

/// Makes the function: its address, and what owns its memory. Nothing if that cannot be, with the frames that the program has.
pub fn compile(program: &Program, guesses: &[Guess], flow: &Flow, states: &[Option<State>]) -> Option<Code> {
    let mut function = Function::with_name_signature(UserFuncName::default(), signature(CALL_CONV));
    let mut frontend = FunctionBuilderContext::new();
    let builder = FunctionBuilder::new(&mut function, &mut frontend);
    let (early, kept) = Lowering::run(builder, program, guesses, flow, states, CONFIG)?;
    #[cfg(debug_assertions)]
    verify(&function);
    let code = match x64::generate(&function, early) {
        Ok(code) => code,
        Err(unknown) => {
            debug_assert!(false, "{unknown:?}");
            return None;
        }
    };
    let (memory, start) = executable(&code).ok()?;
    let entry = memory[start..].as_ptr().expose_provenance();
    if taipan_vm::perf::is_active()
        && let Some(name) = program.bodies[0].code.qualname.downcast::<PyStr>()
    {
        // `perf` without the name is what happens if that cannot be written.
        let _ = taipan_vm::perf::write_entry(entry, code.len(), &format!("jit::{}", name.to_string_lossy()));
    }
    Some((entry, Box::new((memory, kept))))
}

/// Bytes of a page, at which the sets of a processor's cache of instructions begin anew.
const PAGE: usize = 4096;
/// Bytes of a line of that cache.
const LINE: usize = 64;
/// Where in its first page the next code begins.
static NEXT: AtomicUsize = AtomicUsize::new(0);

/// Pages of their own, never written once they can be executed, and where in them the code begins: behind where in its last page that before it ends. If all code began
/// at the beginning of a page, the lines of the beginnings, which are executed most, would all have the same few places in the cache.
pub fn executable(code: &[u8]) -> std::io::Result<(Mmap, usize)> {
    let taken = code.len().next_multiple_of(LINE);
    let start = NEXT.fetch_add(taken, Ordering::Relaxed) % PAGE;
    let mut pages = MmapMut::map_anon(start + code.len())?;
    pages[start..].copy_from_slice(code);
    Ok((pages.make_exec()?, start))
}

#[cfg(debug_assertions)]
fn verify(function: &Function) {
    let flags = cranelift_codegen::settings::Flags::new(cranelift_codegen::settings::builder());
    if let Err(errors) = cranelift_codegen::verify_function(function, &flags) {
        panic!("{errors}");
    }
}
