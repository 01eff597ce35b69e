//! Frames that machine code does not push: those of small functions that it executes as part of their caller.
//!
//! The registers of such a callee lie in the stack below its top as those of any frame. So nobody can tell whether its frame is there until something is left to others: an
//! instruction to the interpreter, a call, or an object's end, which may run code. Then the frames are pushed as they would be there ([`push`]), and taken away again if execution goes on in
//! machine code ([`pop`], [`drop_and_look`], [`execute_and_look`]); unless somebody has made a frame's object meanwhile: then machine code is left. (Compilers call that rematerialization.)
//!
//! There is always room for them: the limits of the stacks keep a distance to their ends that is larger than all that one program has. At the limit of recursion a program of Python gets as many calls
//! deeper as there are such callees in each other.

use taipan_objects::code::{PyCode, Word};
use taipan_objects::function::PyFunction;

use super::calls::{self, Outcome};
use super::execute::Executor;
use super::runtime::{self, PLACE_BITS};
use crate::interpreter::call;
use crate::thread::VmThread;

/// A frame that is not pushed.
pub struct VirtualFrame {
    /// The function, which the machine code keeps alive, and the code that it has.
    pub function: *const PyFunction,
    pub code: *const PyCode,
    /// The caller's instruction that calls it.
    pub call: *const Word,
    /// Where its window begins in the caller's.
    pub first: usize,
    /// The caller's register for the result.
    pub ret: u16,
    /// Of an `__init__` that a call of a class calls: the caller's register that has the instance, as long as there is no frame that has it.
    pub instance: Option<usize>,
}

/// An instruction in such a frame.
pub struct Site {
    /// The frames that are not pushed, from the outermost on.
    pub frames: Box<[VirtualFrame]>,
    /// The instruction, and how many frames below its own are the program's: see [`runtime::drop_and_look`].
    pub here: u64,
}

impl Site {
    /// Takes the frames away; false, with nothing done, if somebody may know them.
    ///
    /// # Safety
    /// They are the innermost ones of the calling thread.
    unsafe fn pop(&self, thread: &VmThread) -> bool {
        let (innermost, count) = (thread.innermost(), self.frames.len());
        // SAFETY: says the caller.
        let frame = |level: usize| unsafe { &*innermost.wrapping_sub(level) };
        let is_known = |level: usize| !frame(level).object.is_empty() || !frame(level).locals.is_empty();
        if (0..count).any(is_known) {
            return false;
        }
        for (level, virtual_frame) in self.frames.iter().rev().enumerate() {
            if let Some(register) = virtual_frame.instance {
                frame(level + 1).regs.put(register, frame(level).subject);
            }
        }
        thread.top.set(frame(count - 1).saved_top);
        thread.depth.set(thread.depth.get() - count);
        true
    }
}

/// Pushes the frames of a site, the innermost of which stands at its instruction.
///
/// # Safety
/// Those are called from the innermost frame of the calling thread, and their registers are as the interpreter wants them. What the site points to is alive.
pub unsafe extern "C" fn push(site: &Site, _: u64, thread: &VmThread) -> u64 {
    for frame in &site.frames {
        // SAFETY: says the caller.
        unsafe {
            let caller = &mut *thread.innermost();
            caller.ip = frame.call;
            let (window, instance) = (caller.regs.at(frame.first), frame.instance);
            let instance = instance.map(|register| caller.regs.take_value(register));
            call::push_virtual(thread, &*frame.function, &*frame.code, window, frame.ret, instance);
        }
    }
    // SAFETY: the frame is live.
    unsafe {
        (*thread.innermost()).ip = std::ptr::with_exposed_provenance((site.here & !PLACE_BITS) as usize)
    };
    0
}

/// Takes the frames away again: 0; or 1, with nothing done, if somebody may know them: then machine code has to leave.
///
/// # Safety
/// They are the innermost ones of the calling thread.
pub unsafe extern "C" fn pop(site: &Site, _: u64, thread: &VmThread) -> u64 {
    // SAFETY: says the caller.
    u64::from(!unsafe { site.pop(thread) })
}

/// Gives up what may be the last word there is of an object; whether machine code has to leave, with the frames pushed: see [`runtime::drop_and_look`].
///
/// # Safety
/// As there, and for [`push`].
pub unsafe extern "C" fn drop_and_look(word: u64, site: &Site, thread: &VmThread) -> u64 {
    // SAFETY: says the caller.
    unsafe {
        push(site, 0, thread);
        let watched = runtime::drop_and_look(word, site.here, thread);
        u64::from(watched != 0 || !site.pop(thread))
    }
}

/// Executes the instruction as the interpreter does: [`Outcome::QUIET`], or with the frames pushed what it gives otherwise.
///
/// # Safety
/// As for [`push`] and for the executor.
pub unsafe extern "C" fn execute_and_look(site: &Site, executor: Executor, thread: &'static VmThread) -> u64 {
    // SAFETY: says the caller.
    unsafe {
        push(site, 0, thread);
        match calls::execute_and_look(site.here, executor, thread) {
            Outcome::QUIET if !site.pop(thread) => Outcome::DONE,
            outcome => outcome,
        }
    }
}
