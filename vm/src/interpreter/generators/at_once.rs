//! Resuming and suspending in a few instructions: for code that must not call (see [`crate::interpreter::quick`]). Each of these declines, with
//! nothing changed that matters, where the functions of the module above are to do it.

use taipan_objects::code::PyCode;
use taipan_objects::error::handles_nothing;
use taipan_objects::generator::{CREATED, PyGenerator, SUSPENDED};
use taipan_objects::singletons::none_word;
use taipan_objects::{Obj, Object, Value};
use taipan_threading::sync::atomic::Ordering;

use crate::frame::{Frame, Kind};
use crate::interpreter::quick::known::{self, Known};
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
    let state = generator.state.load(Ordering::Acquire);
    if state > SUSPENDED || generator.try_start_running(state).is_err() {
        return false;
    }
    // The window, `pc`, the function and the rest are this thread's now.
    let function = generator.running_function();
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
    let subject = if !usual {
        None
    } else if matches!(kind, Kind::GeneratorFor | Kind::GeneratorSend) && word.is_counted() {
        // The register that owns it is the resumer's, who does nothing until this frame is popped.
        Some(word.uncounted_ptr())
    } else {
        // SAFETY: the caller's register keeps the generator alive.
        unsafe { Obj::from_borrowed_at_once(word) }.map(Obj::into_value)
    };
    let Some(subject) = subject else {
        generator.state.store(state, Ordering::Release);
        return false;
    };
    if state == SUSPENDED {
        regs.put(target, sent);
    }
    // SAFETY: the slot is above all live frames; plain writes initialize it.
    unsafe {
        thread.frame(depth).write(Frame {
            ip: code.at(pc as usize),
            subject,
            ..Frame::new(function, code, regs, ret, kind, thread.top.get())
        });
    }
    thread.depth.set(depth + 1);
    true
}

/// In [`Frame::ret`] of a [`Kind::GeneratorSend`]: the frame below has executed nothing since it was resumed.
const PASSED_ON: u16 = 1;

/// Whether the frame below `frame`, which was resumed by `YIELD_FROM`, has executed nothing since it was resumed itself.
#[inline(always)]
pub fn is_passed_on(frame: &Frame) -> bool {
    frame.ret == PASSED_ON
}

/// Resumes, on top of the generator's frame `fp`, which was just resumed by [`push`], what it delegates to, and so on while those delegate, too: in place of executing the
/// `YIELD_FROM` of each. The frame that is the innermost one then.
///
/// # Safety
/// `fp` is the innermost frame.
#[inline(always)]
pub unsafe fn descend(thread: &VmThread, mut fp: *mut Frame) -> *mut Frame {
    // SAFETY: a live frame of a generator, which is there as long as its frame.
    let (mut regs, first) = unsafe { ((*fp).regs, &*(*fp).subject.ptr().cast::<PyGenerator>()) };
    let Some(mut next) = first.delegate() else { return fp };
    let (mut depth, limit, top) = (thread.depth.get(), thread::recursion_limit(), thread.top.get());
    // SAFETY: in the frame's code.
    let mut at = unsafe { (*(*fp).ip).a() } as usize;
    let sent = regs.value(at + 1);
    regs.put(at + 1, Value::EMPTY);
    while depth < limit {
        let generator = next;
        if generator.state.load(Ordering::Acquire) != SUSPENDED
            || generator.try_start_running(SUSPENDED).is_err()
        {
            break;
        }
        let Some(below) = generator.delegate().filter(|_| generator.frame.is_empty()) else {
            generator.suspend_again();
            break;
        };
        next = below;
        regs = Regs::new(generator.window.load(Ordering::Acquire));
        let code: &PyCode = &generator.code;
        let ip = code.at(generator.pc.load(Ordering::Relaxed) as usize);
        // SAFETY: as in `push`, where in the code the generator stands.
        at = unsafe { (*ip).a() } as usize;
        fp = fp.wrapping_add(1);
        // SAFETY: frames are next to each other; the slot is above all live ones, and plain writes initialize it.
        unsafe {
            fp.write(Frame {
                ip,
                subject: Value::from_ptr(std::ptr::from_ref(generator).cast()).uncounted_ptr(),
                ..Frame::new(generator.running_function(), code, regs, PASSED_ON, Kind::GeneratorSend, top)
            });
        }
        depth += 1;
    }
    regs.put(at + 1, sent);
    thread.depth.set(depth);
    fp
}

/// Suspends and pops the innermost frame, which stands at its `YIELD_FROM`: [`settle`] and [`suspend`]. `passed_on`: it has executed nothing since it was resumed.
#[inline(always)]
#[must_use]
pub fn pass_on(thread: &VmThread, frame: &Frame, passed_on: bool) -> bool {
    if !passed_on {
        if !settle(frame) {
            return false;
        }
        // SAFETY: in the frame's code.
        let at = unsafe { (*frame.ip).a() } as usize;
        let word = frame.regs.value(at);
        let delegates = word.is_counted()
            && (known::is(word, Known::Generator) || known::is(word, Known::Coroutine))
            && frame.locals.is_empty();
        let delegate = if delegates { generator(word) } else { None };
        let pc = frame.pc();
        return pop(thread, frame).map(|generator| generator.suspend_where(pc, delegate)).is_some();
    }
    if !frame.object.is_empty() {
        return false;
    }
    pop(thread, frame).map(PyGenerator::suspend_again).is_some()
}

/// [`pass_on`] of the frame `fp` and of those below that were resumed by `YIELD_FROM` and have executed nothing since, either: down to the first that takes another way. Gives that,
/// and whether it has executed nothing since.
///
/// # Safety
/// `fp` is the innermost frame, and has executed nothing since it was resumed.
#[inline(always)]
pub unsafe fn pass_all_on(thread: &VmThread, mut fp: *mut Frame) -> (*mut Frame, bool) {
    let (mut passed_on, mut depth) = (true, thread.depth.get());
    while passed_on {
        // SAFETY: a live frame: what is resumed by `YIELD_FROM` is so in another one.
        let frame = unsafe { &*fp };
        if frame.kind != Kind::GeneratorSend || !frame.object.is_empty() || !frame.subject.is_lent() {
            break;
        }
        thread.top.set(frame.saved_top);
        // SAFETY: the register of the frame below owns it.
        unsafe { &*frame.subject.ptr().cast::<PyGenerator>() }.suspend_again();
        passed_on = is_passed_on(frame);
        fp = fp.wrapping_sub(1);
        depth -= 1;
    }
    thread.depth.set(depth);
    (fp, passed_on)
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
        if value.is_lent() {
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
    pop(thread, frame).map(|generator| generator.suspend(pc)).is_some()
}

/// Pops the innermost frame, a generator's, and gives that; `None`, with nothing done, if its reference to the generator is not easily dropped. By another of this thread's
/// references the generator was resumed: it stays.
#[inline(always)]
fn pop<'a>(thread: &VmThread, frame: &Frame) -> Option<&'a PyGenerator> {
    let subject = frame.subject;
    // SAFETY: the frame owns the word and is popped.
    if !unsafe { Obj::drop_at_once(subject) } {
        return None;
    }
    thread.top.set(frame.saved_top);
    thread.depth.set(thread.depth.get() - 1);
    // SAFETY: see above.
    Some(unsafe { &*subject.ptr().cast() })
}

/// [`super::finish`] of the frame of a generator that handles no exception and whose frame nobody asked for, if all that is to be dropped is a matter of a few instructions.
/// Otherwise false, and what is left of the frame is to be finished by [`super::finish`].
#[inline(always)]
#[must_use]
pub fn finish(thread: &VmThread, frame: &Frame) -> bool {
    if !frame.is_generator() || !frame.handled.is_empty() || !frame.object.is_empty() || !handles_nothing() {
        return false;
    }
    for i in 0..frame.code().nregs as usize {
        if !frame.regs.clear_at_once(i) {
            return false;
        }
    }
    pop(thread, frame).map(PyGenerator::close_empty).is_some()
}
