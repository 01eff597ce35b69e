//! Handlers that stand in for those of instructions at which the tier above counts, or is entered: see [`crate::tier`].

use taipan_objects::Value;

use super::{Exit, Ip, State, handlers, save};
use crate::frame::{Frame, Kind};
use crate::registers::Regs;
use crate::thread::VmThread;
use crate::tier::{self, Left};

/// Apart, because it calls.
#[inline(never)]
fn count(by: u32, ip: Ip, fp: *mut Frame) {
    // The compiler lets go of objects, which may run code.
    save(ip, fp);
    // SAFETY: the frame is live.
    tier::count(by, unsafe { &*fp });
}

/// Records what the instruction finds, and counts if it is one at which that is done.
#[inline(never)]
fn note(ip: Ip, regs: Regs, fp: *mut Frame) {
    save(ip, fp);
    // SAFETY: the frame is live.
    let frame = unsafe { &*fp };
    match tier::record::note(frame.code(), ip, regs) {
        0 => {}
        by => tier::count(by, frame),
    }
}

/// Where machine code left that was entered at `ip`, and why; to be executed there if there is none.
#[inline(always)]
fn left(ip: Ip, regs: Regs, fp: *mut Frame, thread: &'static VmThread) -> tier::Exit {
    tier::enter(ip, regs, fp, thread).unwrap_or(left_at_once(ip))
}

/// That machine code was not entered.
#[inline(always)]
fn left_at_once(ip: Ip) -> tier::Exit {
    tier::Exit { word: ip.expose_provenance() as u64 | Left::EXECUTE, value: 0 }
}

/// Goes on where machine code left that was entered at `s`.
#[inline(always)]
fn go_on(s: State, exit: tier::Exit) -> Exit {
    let why = exit.word & Left::MASK;
    if why == Left::RAISED {
        return Exit::Raised;
    }
    if why == Left::RETURNED {
        // SAFETY: the frame was popped, and nothing was pushed since.
        let (ret, kind) = unsafe { ((*s.fp).ret, (*s.fp).kind) };
        let value = Value::from_bits(exit.value);
        // SAFETY: as above.
        unsafe { tier::calls::drop_callee(s.fp) };
        if kind == Kind::Entry {
            s.thread.result.set(value);
            return Exit::Done;
        }
        if kind == Kind::Operator {
            return super::operators::conclude(super::calls::below(s, 0), value);
        }
        return super::calls::deliver(s, ret, value);
    }
    let ip = std::ptr::with_exposed_provenance((exit.word & !Left::MASK) as usize);
    // It may have pushed frames.
    let state = State { ip, ..State::innermost(s.thread) };
    let handler = if why == Left::EXECUTE { state.own_handler() } else { state.handler() };
    if super::CHAINED || why == Left::EXECUTE {
        return handler(state.ip, state.regs, state.fp, state.thread);
    }
    state.go()
}

handlers! {
    enter(s, _i) {
        go_on(s, left(s.ip, s.regs, s.fp, s.thread))
    }
    /// At the start of a frame that native code pushed.
    enter_start(s, _i) {
        go_on(s, tier::enter_start(s.ip, s.regs, s.fp, s.thread).unwrap_or(left_at_once(s.ip)))
    }
    count_turns(s, _i) {
        count(tier::TURN, s.ip, s.fp);
        s.own_handler()(s.ip, s.regs, s.fp, s.thread)
    }
    count_calls(s, _i) {
        count(tier::CALL, s.ip, s.fp);
        s.own_handler()(s.ip, s.regs, s.fp, s.thread)
    }
    record(s, _i) {
        note(s.ip, s.regs, s.fp);
        s.own_handler()(s.ip, s.regs, s.fp, s.thread)
    }
}
