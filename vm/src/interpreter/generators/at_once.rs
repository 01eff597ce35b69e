//! Resuming and suspending in a few instructions: for code that must not call (see [`crate::interpreter::quick`]). Each of these declines, with
//! nothing changed that matters, where the functions of the module above are to do it.

use taipan_objects::code::PyCode;
use taipan_objects::error::handles_nothing;
use taipan_objects::function::PyFunction;
use taipan_objects::generator::{CREATED, PyGenerator, SUSPENDED};
use taipan_objects::singletons::none_word;
use taipan_objects::{Obj, Object, Value};
use taipan_threading::sync::atomic::Ordering;

use crate::frame::{Frame, Kind};
use crate::registers::Regs;
use crate::thread::{self, VmThread};

/// The generator that `word` refers to, if its layout is that.
#[inline(always)]
fn generator<'a>(word: Value) -> Option<&'a PyGenerator> {
    if !word.is_ptr() {
        return None;
    }
    // SAFETY: the caller's register keeps the object alive; the layout is checked before the cast is used.
    unsafe {
        std::ptr::eq((*word.ptr()).shape_entry().ops_ptr(), PyGenerator::ops())
            .then(|| &*word.ptr().cast::<PyGenerator>())
    }
}

/// [`super::push`] for a generator or coroutine that handles no exception, whose frame nobody asked for, and to which `sent` (empty: `None`) can be delivered.
/// If the result is true, the generator has taken over the reference `sent`.
#[inline(always)]
#[must_use]
pub fn push(thread: &VmThread, word: Value, kind: Kind, sent: Value, ret: u16) -> bool {
    let Some(generator) = generator(word) else { return false };
    let depth = thread.depth.get();
    if depth >= thread::recursion_limit() || thread.top.get() >= thread.limit() || !handles_nothing() {
        return false;
    }
    let function = generator.function.value();
    let state = generator.state.load(Ordering::Acquire);
    if state > SUSPENDED || generator.try_start_running(state).is_err() {
        return false;
    }
    // The window, `pc` and the rest are this thread's now.
    let regs = Regs::new(generator.window.load(Ordering::Acquire));
    let code: &PyCode = &generator.code;
    let pc = generator.pc.load(Ordering::Relaxed);
    let sent = if sent.is_empty() { none_word() } else { sent };
    let sent_nothing = sent.same(none_word());
    let (target, pc) = if state == SUSPENDED { super::receiver(code, pc) } else { (0, pc) };
    let usual = generator.handled.is_empty()
        && generator.frame.is_empty()
        && generator.locals.is_empty()
        && (sent_nothing || sent.is_counted() || !sent.is_ptr())
        && if state == CREATED { sent_nothing } else { !regs.value(target).is_counted() };
    // SAFETY: the caller's register keeps the generator alive.
    let subject = if usual { unsafe { Obj::from_borrowed_at_once(word) } } else { None };
    let Some(subject) = subject else {
        generator.state.store(state, Ordering::Release);
        return false;
    };
    if state == SUSPENDED {
        regs.put(target, sent);
    }
    // SAFETY: a function, from whose call the generator came (`PyGenerator::make`), and which it keeps.
    let function: &PyFunction = unsafe { &*function.ptr().cast() };
    // SAFETY: the slot is above all live frames; plain writes initialize it.
    unsafe {
        thread.frame(depth).write(Frame {
            ip: code.at(pc as usize),
            subject: subject.into_value(),
            ..Frame::new(function, code, regs, ret, kind, thread.top.get())
        });
    }
    thread.depth.set(depth + 1);
    true
}

/// Whether the generator of `frame` can be suspended with [`suspend`]; its registers are then as they may be in a suspended window.
#[inline(always)]
#[must_use]
pub fn settle(frame: &Frame) -> bool {
    if frame.kind == Kind::Eager
        || !frame.handled.is_empty()
        || !frame.object.is_empty()
        || !handles_nothing()
    {
        return false;
    }
    let regs = frame.regs;
    for i in 0..frame.code().nregs as usize {
        let value = regs.value(i);
        if value.is_ptr() && !value.is_counted() {
            // SAFETY: an uncounted register keeps its object alive until the next safepoint.
            if unsafe { &*value.ptr() }.has_flag(taipan_gc::HeaderFlags::DEFERRED) {
                continue;
            }
            let Some(counted) = regs.counted_at_once(i) else { return false };
            regs.put(i, counted);
        }
    }
    true
}

/// Suspends the innermost frame, for which [`settle`] was true, at `pc`, and pops it. False, with nothing done, if its reference to the generator is
/// not easily dropped.
#[inline(always)]
#[must_use]
pub fn suspend(thread: &VmThread, frame: &Frame, pc: u32) -> bool {
    let subject = frame.subject;
    // SAFETY: the frame owns the word and is popped below.
    if !unsafe { Obj::drop_at_once(subject) } {
        return false;
    }
    thread.top.set(frame.saved_top);
    thread.depth.set(thread.depth.get() - 1);
    // SAFETY: a generator; another of this thread's references, by which it was resumed, is left.
    let generator: &PyGenerator = unsafe { &*subject.ptr().cast() };
    generator.suspend(pc);
    true
}
