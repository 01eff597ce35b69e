//! Resuming, yielding, delegating, returning: what happens between a generator's frame and the one below it.

use taipan_bytecode::Instr;
use taipan_objects::code::Word;
use taipan_objects::error::{PyResult, Raised, handles_nothing};
use taipan_objects::generator::async_gen;
use taipan_objects::protocol::IntoStrong;
use taipan_objects::singletons::none;
use taipan_objects::{Obj, Value};

use super::calls::below;
use super::known::{self, Known};
use super::{Exit, State, handlers, result};
use crate::frame::{Frame, Kind, drop_value};
use crate::interpreter::call;
use crate::interpreter::generators::{self, Sent, Through, asend, at_once};
use crate::registers::Regs;
use crate::thread::VmThread;

/// What sending to any iterator came to; a value is in `thread.result`.
enum Answer {
    Yielded,
    Returned,
    /// A generator's frame was pushed.
    Pushed,
    Raised,
}

// Apart, because their locals live in memory: see the module above.

/// `YIELD_FROM` `i` in every case.
#[inline(never)]
fn send(thread: &'static VmThread, regs: Regs, i: &Word) -> Answer {
    let at = i.a() as usize;
    let mut sent = Some(regs.take(at + 1).unwrap_or_else(none));
    match generators::push_idle(thread, regs.obj(at), Kind::GeneratorSend, &mut sent, 0) {
        Ok(true) => return Answer::Pushed,
        Ok(false) => {}
        Err(Raised) => return Answer::Raised,
    }
    let sent = sent.unwrap_or_else(none);
    if async_gen::is_asend(regs.obj(at)) {
        return match asend::push(thread, regs.obj(at), sent) {
            Ok(()) => Answer::Pushed,
            Err(Raised) => Answer::Raised,
        };
    }
    match generators::send(regs.obj(at), sent) {
        Ok(Sent::Yielded(value)) => {
            thread.result.set(value.into_value());
            Answer::Yielded
        }
        Ok(Sent::Returned(value)) => {
            thread.result.set(value.into_value());
            Answer::Returned
        }
        Err(Raised) => Answer::Raised,
    }
}

/// Suspends the innermost frame and those that delegate to it with the value in `thread.result`. By how many words the one goes on that waits for it, and has it in its
/// register; 0: it is in `thread.result` again, for the native resumer.
#[inline(never)]
fn yield_through(thread: &'static VmThread) -> usize {
    // SAFETY: who put the word there gave its reference away.
    let value = unsafe { Obj::from_value(result(thread)) }.unwrap_or_else(none);
    match generators::yield_through(thread, value) {
        Through::Loop(value) => {
            // SAFETY: the frame below is live.
            let below = unsafe { &*thread.innermost() };
            let target = below.code().instr(below.pc() as usize + 1).a();
            below.regs.write(target as usize, value);
            2
        }
        Through::Awaited => 1,
        Through::Native(value) => {
            thread.result.set(value.into_value());
            0
        }
    }
}

/// Puts the word of a register, perhaps emptied, into `thread.result`, counted.
#[inline(never)]
fn strong(thread: &'static VmThread, regs: Regs, register: u16, take: bool) {
    let value = if take { regs.take(register as usize) } else { regs.get(register as usize).cloned() };
    thread.result.set(value.map_or(Value::EMPTY, |value| value.into_strong().into_value()));
}

/// Closes the innermost frame's generator, which returns `word` (owned), and pops the frame: what that drops may run code. Then `word` is in `thread.result`.
#[inline(never)]
fn finish_with(thread: &'static VmThread, word: Value) {
    generators::finish(thread);
    thread.result.set(word);
}

/// [`finish_with`] of a frame whose `ip` is not saved: without that if it is a matter of a few instructions.
#[inline(always)]
fn finish(s: State, word: Value) {
    // SAFETY: the frame is live.
    if at_once::finish(s.thread, unsafe { &*s.fp }) {
        s.thread.result.set(word);
    } else {
        s.save();
        finish_with(s.thread, word);
    }
}

/// Delivers the result of `YIELD_FROM` `i`, in `thread.result`.
#[inline(never)]
fn end_delegation(thread: &'static VmThread, regs: Regs, i: &Word) {
    let value = result(thread);
    regs.clear(i.a() as usize);
    regs.clear(i.a() as usize + 1);
    regs.write_value(i.b() as usize, value);
}

/// Puts what a `YIELD_FROM` delegates to into the register of `i`, and `None`, which is sent first, behind it.
#[inline(always)]
fn delegate(regs: Regs, i: &Word, receiver: Obj) {
    regs.write(i.a() as usize, receiver);
    regs.write(i.a() as usize + 1, none());
}

/// Delivers what an asynchronous generator yielded to the innermost frame.
#[inline(never)]
fn deliver(thread: &'static VmThread, value: Value) {
    // SAFETY: the generator gave its reference away.
    let _ = asend::deliver(thread, unsafe { Obj::from_value(value) }.unwrap_or_else(none));
}

#[inline(never)]
fn awaitable(regs: Regs, i: &Word) -> PyResult<()> {
    let value = generators::awaitable(regs.obj(i.b() as usize), i.c())?;
    delegate(regs, i, value);
    Ok(())
}

/// The awaitable of the next value of an asynchronous iterator.
#[inline(never)]
fn anext(regs: Regs, i: &Word) -> PyResult<()> {
    let value = generators::get_anext(regs.obj(i.b() as usize))?;
    delegate(regs, i, value);
    Ok(())
}

#[inline(never)]
fn yield_from_iter(fp: *mut Frame, regs: Regs, i: &Word) -> PyResult<()> {
    // SAFETY: the innermost frame is live.
    let code = unsafe { (*fp).code() };
    let value = generators::yield_from_iter(code, regs.obj(i.b() as usize))?;
    delegate(regs, i, value);
    Ok(())
}

/// Goes on in the generator whose frame was pushed on top of `s`, or in what it delegates to.
#[inline(always)]
fn resumed(s: State) -> Exit {
    // SAFETY: that frame is the innermost one.
    let fp = unsafe { at_once::descend(s.thread, s.fp.wrapping_add(1)) };
    State::at(fp, s.thread).go()
}

/// The generator's frame that `s` is in was suspended with `value`, which goes to who resumed it.
#[inline(always)]
fn hand_over(s: State, kind: Kind, value: Value) -> Exit {
    match kind {
        Kind::GeneratorFor => {
            let resumer = below(s, 0);
            // Behind `FOR_ITER` and the word of its target.
            resumer.write(resumer.word(1).a(), value, 2)
        }
        Kind::GeneratorSend => {
            // SAFETY: the frame was just popped: nothing took its place yet.
            let passed_on = at_once::is_passed_on(unsafe { &*s.fp });
            pass_on(s.fp.wrapping_sub(1), s.thread, value, passed_on)
        }
        Kind::GeneratorAsend => {
            let resumer = below(s, 0);
            if !asend::is_wrapped(value) {
                return pass_on(resumer.fp, resumer.thread, value, false);
            }
            deliver(s.thread, value);
            resumer.next(1)
        }
        _ => {
            s.thread.result.set(value);
            Exit::Done
        }
    }
}

/// The innermost frame, at its `YIELD_FROM`, yields what its delegate yielded, and so do those that delegate to it. `passed_on`: it has done nothing since it was resumed.
#[inline(never)]
fn pass_on(mut fp: *mut Frame, thread: &'static VmThread, value: Value, mut passed_on: bool) -> Exit {
    // What the delegate handled when it yielded is none of theirs.
    let plain = handles_nothing();
    loop {
        if passed_on && plain {
            // SAFETY: the innermost frame.
            (fp, passed_on) = unsafe { at_once::pass_all_on(thread, fp) };
        }
        // SAFETY: the innermost frame is live.
        let frame = unsafe { &*fp };
        let kind = frame.kind;
        if !plain || !at_once::pass_on(thread, frame, passed_on) {
            break;
        }
        if kind != Kind::GeneratorSend {
            return hand_over(State::at(fp, thread), kind, value);
        }
        passed_on = at_once::is_passed_on(frame);
        fp = fp.wrapping_sub(1);
    }
    // What follows may run code: a word that is not counted would be nobody's.
    thread.result.set(if value.is_lent() { super::calls::strong(value) } else { value });
    let s = State::at(fp, thread);
    pass_on_any(s.ip, s.regs, s.fp, s.thread)
}

/// The frame that the generator's frame `s` returned to, which is popped, goes on with the result in `thread.result`.
#[inline(always)]
fn returned(s: State, kind: Kind) -> Exit {
    match kind {
        Kind::GeneratorFor => {
            let resumer = below(s, 0);
            let (i, value) = (resumer.word(0), result(s.thread));
            if value.is_counted() {
                drop_value(value);
            }
            resumer.clear_and_jump(i.a())
        }
        Kind::GeneratorSend | Kind::Eager => {
            let resumer = below(s, 0);
            end_delegation(s.thread, resumer.regs, resumer.word(0));
            resumer.next(1)
        }
        Kind::GeneratorAsend => {
            let value = result(s.thread);
            if value.is_counted() {
                drop_value(value);
            }
            if asend::end_loop(s.thread) {
                return State::innermost(s.thread).go();
            }
            let Raised = asend::ended(s.thread, Ok(()));
            Exit::Raised
        }
        _ => {
            generators::set_returned();
            Exit::Done
        }
    }
}

/// Pops the frame of a coroutine function that nobody saw and that never waited, if that is a matter of a few instructions.
#[inline(always)]
fn ends_at_once(s: State, frame: &mut Frame) -> bool {
    frame.kind == Kind::Eager
        && frame.subject.is_empty()
        && handles_nothing()
        && call::pop_frame_at_once(s.thread, frame)
}

/// Delivers what the frame `s`, popped at once, returned to the `YIELD_FROM` below.
#[inline(always)]
fn answer(s: State, value: Value) -> Exit {
    let resumer = below(s, 0);
    resumer.write(resumer.word(0).b(), value, 1)
}

handlers! {
    yield_value(s, i) {
        let (register, take) = Instr::split_take(i.b());
        // SAFETY: the frame is live.
        let frame = unsafe { &*s.fp };
        if s.value(register).is_empty() || !at_once::settle(frame) {
            return yield_any(s.ip, s.regs, s.fp, s.thread);
        }
        let kind = frame.kind;
        let value = if take {
            Some(s.value(register))
        } else {
            s.regs.copy_at_once(register as usize)
        };
        let Some(value) = value else { return yield_any(s.ip, s.regs, s.fp, s.thread) };
        let pc = s.saved_pc() as u32;
        if !at_once::suspend(s.thread, frame, pc) {
            if !take {
                // SAFETY: the copy just made, of a reference that is still there.
                let _ = unsafe { Obj::drop_at_once(value) };
            }
            return yield_any(s.ip, s.regs, s.fp, s.thread);
        }
        if take {
            s.regs.put(register as usize, Value::EMPTY);
        }
        hand_over(s, kind, value)
    }
    #[inline(never)]
    yield_any(s, i) {
        let (register, take) = Instr::split_take(i.b());
        if s.value(register).is_empty() {
            return s.leave();
        }
        s.save();
        strong(s.thread, s.regs, register, take);
        pass_on_any(s.ip, s.regs, s.fp, s.thread)
    }
    /// The innermost frame yields what is in `thread.result`.
    #[inline(never)]
    pass_on_any(s, _i) {
        match yield_through(s.thread) {
            0 => Exit::Done,
            words => State::innermost(s.thread).next(words),
        }
    }
    /// A generator's frame returns the content of a register.
    #[inline(never)]
    return_from_generator(s, i) {
        // SAFETY: the frame is live.
        let frame = unsafe { &mut *s.fp };
        let (kind, value) = (frame.kind, s.value(i.a()));
        if !value.is_lent() {
            // Not dropped with the others.
            s.regs.put(i.a() as usize, Value::EMPTY);
            if ends_at_once(s, frame) {
                return answer(s, value);
            }
            s.regs.put(i.a() as usize, value);
        }
        strong(s.thread, s.regs, i.a(), true);
        finish(s, result(s.thread));
        returned(s, kind)
    }
    /// A generator's frame returns a constant.
    #[inline(never)]
    return_const_from_generator(s, _i) {
        // SAFETY: the frame is live.
        let frame = unsafe { &mut *s.fp };
        let kind = frame.kind;
        let value = s.constant();
        if ends_at_once(s, frame) {
            return answer(s, value);
        }
        finish(s, value);
        returned(s, kind)
    }
    #[inline(never)]
    for_generator(s, i) {
        s.save();
        if at_once::push(s.thread, s.value(i.a()), Kind::GeneratorFor, Value::EMPTY, s.word(1).a()) {
            return resumed(s);
        }
        super::iteration::for_other(s.ip, s.regs, s.fp, s.thread)
    }
    yield_from(s, i) {
        let receiver = s.value(i.a());
        if receiver.is_empty() {
            return s.leave();
        }
        s.save();
        if known::is(receiver, Known::Generator) || known::is(receiver, Known::Coroutine) {
            let sent = i.a() as usize + 1;
            if at_once::push(s.thread, receiver, Kind::GeneratorSend, s.regs.value(sent), 0) {
                s.regs.put(sent, Value::EMPTY);
                return resumed(s);
            }
        }
        yield_from_any(s.ip, s.regs, s.fp, s.thread)
    }
    #[inline(never)]
    yield_from_any(s, i) {
        match send(s.thread, s.regs, i) {
            Answer::Pushed => State::reload(s.thread),
            Answer::Raised => Exit::Raised,
            Answer::Returned => {
                end_delegation(s.thread, s.regs, i);
                s.next(1)
            }
            Answer::Yielded => {
                let value = result(s.thread);
                pass_on(s.fp, s.thread, value, false)
            }
        }
    }
    get_awaitable(s, i) {
        let operand = s.value(i.b());
        if operand.is_empty() {
            return s.leave();
        }
        s.save();
        match awaitable(s.regs, i) {
            Ok(()) => s.next(1),
            Err(Raised) => Exit::Raised,
        }
    }
    get_anext(s, i) {
        if s.value(i.b()).is_empty() {
            return s.leave();
        }
        s.save();
        match anext(s.regs, i) {
            Ok(()) => s.next(1),
            Err(Raised) => Exit::Raised,
        }
    }
    get_yield_from_iter(s, i) {
        if s.value(i.b()).is_empty() {
            return s.leave();
        }
        s.save();
        match yield_from_iter(s.fp, s.regs, i) {
            Ok(()) => s.next(1),
            Err(Raised) => Exit::Raised,
        }
    }
}
