//! The events of PEP 669.

/// An event; its number is its bit in a set of events.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Event {
    PyStart,
    PyResume,
    PyReturn,
    PyYield,
    Call,
    Line,
    Instruction,
    Jump,
    BranchLeft,
    BranchRight,
    StopIteration,
    Raise,
    ExceptionHandled,
    PyUnwind,
    PyThrow,
    Reraise,
    CReturn,
    CRaise,
    /// Both branches, as Python 3.13 had it: only a name for callbacks and sets.
    Branch,
}

/// Number of events.
pub const EVENTS: usize = 19;
/// Number of events that happen at a place in the code, where they can be switched off. They come first.
pub const LOCAL_EVENTS: usize = 11;

const ALL: [(Event, &str); EVENTS] = [
    (Event::PyStart, "PY_START"),
    (Event::PyResume, "PY_RESUME"),
    (Event::PyReturn, "PY_RETURN"),
    (Event::PyYield, "PY_YIELD"),
    (Event::Call, "CALL"),
    (Event::Line, "LINE"),
    (Event::Instruction, "INSTRUCTION"),
    (Event::Jump, "JUMP"),
    (Event::BranchLeft, "BRANCH_LEFT"),
    (Event::BranchRight, "BRANCH_RIGHT"),
    (Event::StopIteration, "STOP_ITERATION"),
    (Event::Raise, "RAISE"),
    (Event::ExceptionHandled, "EXCEPTION_HANDLED"),
    (Event::PyUnwind, "PY_UNWIND"),
    (Event::PyThrow, "PY_THROW"),
    (Event::Reraise, "RERAISE"),
    (Event::CReturn, "C_RETURN"),
    (Event::CRaise, "C_RAISE"),
    (Event::Branch, "BRANCH"),
];

impl Event {
    /// All events, by number.
    pub fn all() -> impl Iterator<Item = Event> {
        ALL.iter().map(|(event, _)| *event)
    }
    /// The event of a number.
    pub fn from_number(number: usize) -> Option<Event> {
        ALL.get(number).map(|(event, _)| *event)
    }
    /// Its name in `sys.monitoring.events`.
    pub fn name(self) -> &'static str {
        ALL[self as usize].1
    }
    /// Its bit.
    pub const fn bit(self) -> u32 {
        1 << self as u32
    }
    /// Whether it happens at a place in the code.
    pub fn is_local(self) -> bool {
        (self as usize) < LOCAL_EVENTS
    }
    /// The group in which it can be switched off at an instruction. Events that the same instruction can lead to are in different groups.
    pub fn group(self) -> u32 {
        match self {
            Event::Line => 0,
            Event::Instruction => 1,
            Event::PyStart | Event::PyResume => 2,
            Event::BranchLeft => 4,
            Event::BranchRight => 5,
            Event::StopIteration => 6,
            _ => 3,
        }
    }
    /// The event that a tool asks for to get this one: what C functions return and raise comes with their calls.
    pub fn asked_for(self) -> Event {
        match self {
            Event::CReturn | Event::CRaise => Event::Call,
            event => event,
        }
    }
}
