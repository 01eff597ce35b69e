//! Cranelift, and the memory of finished code.

use std::any::Any;
use std::sync::OnceLock;

use cranelift_codegen::isa::OwnedTargetIsa;
use cranelift_codegen::settings::{self, Configurable};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use cranelift_jit::{JITBuilder, JITModule};
use cranelift_module::{Linkage, Module, default_libcall_names};

use taipan_objects::str::PyStr;

use crate::expect::Guess;
use crate::flow::Flow;
use crate::kinds::State;
use crate::lower::{Lowering, signature};
use crate::program::Program;

/// The processor that code is made for; nothing if Cranelift does not know it.
fn isa() -> Option<&'static OwnedTargetIsa> {
    static ISA: OnceLock<Option<OwnedTargetIsa>> = OnceLock::new();
    ISA.get_or_init(|| {
        let mut flags = settings::builder();
        for (name, value) in [
            // What more there is to find in such code is not worth the time: it is as fast.
            ("opt_level", "none"),
            ("enable_verifier", if cfg!(debug_assertions) { "true" } else { "false" }),
            ("is_pic", "false"),
        ] {
            flags.set(name, value).ok()?;
        }
        cranelift_native::builder().ok()?.finish(settings::Flags::new(flags)).ok()
    })
    .as_ref()
}

/// Whether there can be machine code. The memory model that plain loads and stores are made for here is that of x86-64.
pub fn is_supported() -> bool {
    cfg!(target_arch = "x86_64")
}

/// Owns the memory of one function.
struct Memory(Option<JITModule>);

// SAFETY: a module is only kept, and freed by its last owner.
unsafe impl Send for Memory {}
// SAFETY: as above.
unsafe impl Sync for Memory {}

impl Drop for Memory {
    fn drop(&mut self) {
        if let Some(module) = self.0.take() {
            // SAFETY: the code object died, so no frame executes its code.
            unsafe { module.free_memory() }
        }
    }
}

/// Makes the function: its address, and what owns it.
pub fn compile(
    program: &Program,
    guesses: &[Guess],
    flow: &Flow,
    states: &[Option<State>],
) -> Option<(usize, Box<dyn Any + Send + Sync>)> {
    let isa = isa()?;
    let mut module = JITModule::new(JITBuilder::with_isa(isa.clone(), default_libcall_names()));
    let mut context = module.make_context();
    context.func.signature = signature(isa.default_call_conv());
    let mut frontend = FunctionBuilderContext::new();
    let builder = FunctionBuilder::new(&mut context.func, &mut frontend);
    Lowering::run(builder, program, guesses, flow, states, &**isa);
    let id = module.declare_function("code", Linkage::Local, &context.func.signature).ok()?;
    let mut size = 0;
    let made = module.define_function(id, &mut context).and_then(|()| {
        size = context.compiled_code().map_or(0, |code| code.code_info().total_size as usize);
        module.clear_context(&mut context);
        module.finalize_definitions()
    });
    if let Err(error) = made {
        debug_assert!(false, "{error:?}");
        drop(Memory(Some(module)));
        return None;
    }
    let entry = module.get_finalized_function(id).expose_provenance();
    if taipan_vm::perf::is_active()
        && let Some(name) = program.bodies[0].code.qualname.downcast::<PyStr>()
    {
        // `perf` without the name is what happens if that cannot be written.
        let _ = taipan_vm::perf::write_entry(entry, size, &format!("jit::{}", name.to_string_lossy()));
    }
    Some((entry, Box::new(Memory(Some(module)))))
}
