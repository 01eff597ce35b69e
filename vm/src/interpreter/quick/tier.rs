//! Handlers that stand in for those of instructions at which the tier above counts, or is entered: see [`crate::tier`].

use super::{Exit, Ip, State, handlers, save};
use crate::frame::Frame;
use crate::registers::Regs;
use crate::thread::VmThread;
use crate::tier::{self, Left};

/// Apart, because it calls.
#[inline(never)]
fn count(by: u32, ip: Ip, regs: Regs, fp: *mut Frame) {
    // The compiler lets go of objects, which may run code.
    save(ip, fp);
    // SAFETY: the frame is live.
    tier::count(by, unsafe { &*fp }, ip, regs);
}

/// Where machine code left that was entered at `ip`; to be executed there if there is none.
#[inline(always)]
fn left(ip: Ip, regs: Regs, fp: *mut Frame, thread: &'static VmThread) -> (Ip, u64) {
    match tier::enter(ip, regs, fp, thread) {
        Some(word) => (std::ptr::with_exposed_provenance((word & !Left::MASK) as usize), word & Left::MASK),
        None => (ip, Left::EXECUTE),
    }
}

handlers! {
    enter(s, _i) {
        let (ip, why) = left(s.ip, s.regs, s.fp, s.thread);
        if why == Left::RAISED {
            return Exit::Raised;
        }
        // It may have pushed frames.
        let state = State { ip, ..State::innermost(s.thread) };
        let handler = if why == Left::EXECUTE { state.own_handler() } else { state.handler() };
        if super::CHAINED || why == Left::EXECUTE {
            return handler(state.ip, state.regs, state.fp, state.thread);
        }
        state.go()
    }
    count_turns(s, _i) {
        count(tier::TURN, s.ip, s.regs, s.fp);
        s.own_handler()(s.ip, s.regs, s.fp, s.thread)
    }
    count_calls(s, _i) {
        count(tier::CALL, s.ip, s.regs, s.fp);
        s.own_handler()(s.ip, s.regs, s.fp, s.thread)
    }
}
