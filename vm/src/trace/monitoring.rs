//! The tools of `sys.monitoring` and the delivery of events to them.
//!
//! Tools register from any thread while others deliver. Everything that a delivery reads is one atomic word or a slot, and is read once: a
//! delivery that overlaps a change sees the old or the new state of it.

use parking_lot::Mutex;
use smallvec::SmallVec;
use taipan_objects::code::{PyCode, TOOLS};
use taipan_objects::prelude::*;
use taipan_threading::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use super::event::{EVENTS, Event};
use crate::thread::VmThread;

/// The arguments of a callback.
pub type Arguments = SmallVec<[Obj; 5]>;

struct Tool {
    /// Its events in all code.
    events: AtomicU32,
    /// Changes when the tool is cleared, which ends what it asked for in single code objects.
    version: AtomicU32,
    /// Number of code objects of which it wants something.
    codes: AtomicU32,
    callbacks: [Slot; EVENTS],
    /// Whether it switched anything off at a place.
    has_off: AtomicBool,
}

static ALL: [Tool; TOOLS] = [const {
    Tool {
        events: AtomicU32::new(0),
        version: AtomicU32::new(1),
        codes: AtomicU32::new(0),
        callbacks: [const { Slot::empty() }; EVENTS],
        has_off: AtomicBool::new(false),
    }
}; TOOLS];
/// Names of the tools in use.
static NAMES: Mutex<[Option<Obj>; TOOLS]> = Mutex::new([const { None }; TOOLS]);
/// Rounds of `restart_events`.
static ROUND: AtomicU64 = AtomicU64::new(0);

/// Whether any tool wants any event.
pub fn is_wanted_anywhere() -> bool {
    ALL.iter().any(|t| t.events.load(Ordering::Relaxed) != 0 || t.codes.load(Ordering::Relaxed) != 0)
}

/// Which of `events` any tool wants in `code`.
pub fn wanted(code: &PyCode, events: u32) -> u32 {
    let local = code.monitors.get();
    let of = |(number, tool): (usize, &Tool)| {
        tool.events.load(Ordering::Relaxed) | local_events(tool, number, code)
    };
    match local {
        None => ALL.iter().fold(0, |all, t| all | t.events.load(Ordering::Relaxed)) & events,
        Some(_) => ALL.iter().enumerate().map(of).fold(0, |all, events| all | events) & events,
    }
}

fn local_events(tool: &Tool, number: usize, code: &PyCode) -> u32 {
    code.monitors.get().map_or(0, |m| m.local(number, tool.version.load(Ordering::Relaxed)))
}

/// Tells all tools that want it of `event` at instruction `pc` of `code`; `arguments` come behind the code object.
pub fn deliver(
    thread: &VmThread,
    code: &PyCode,
    pc: usize,
    event: Event,
    arguments: impl FnOnce() -> Arguments,
) -> PyResult<()> {
    if thread.tracing.inside.get() != 0 {
        return Ok(());
    }
    let asked = event.asked_for();
    let mut make = Some(arguments);
    let mut made = Arguments::new();
    for (number, tool) in ALL.iter().enumerate() {
        let events = tool.events.load(Ordering::Relaxed) | local_events(tool, number, code);
        if events & asked.bit() == 0 {
            continue;
        }
        if asked.is_local()
            && let Some(monitors) = code.monitors.get()
            && monitors.is_off(number, asked.group(), pc, ROUND.load(Ordering::Relaxed))
        {
            continue;
        }
        let own = tool.callbacks[event as usize].load();
        let Some(callback) = own.or_else(|| both_branches(tool, event)) else { continue };
        if let Some(make) = make.take() {
            made.push(taipan_objects::types::obj_of(code));
            made.extend(make());
        }
        let answer = thread.tracing.callback(event, thread.depth.get(), || call(&callback, &made))?;
        if !answer.is(&disable()) {
            continue;
        }
        if !event.is_local() {
            drop(tool.callbacks[event as usize].take());
            let name = event.name();
            return Err(value_error(format!("Cannot disable {name} events. Callback removed.")));
        }
        let round = ROUND.load(Ordering::Relaxed);
        tool.has_off.store(true, Ordering::Relaxed);
        code.monitors().switch_off(number, event.group(), pc, round);
        if both_branches(tool, event).is_some() {
            code.monitors().switch_off(number, Event::BranchLeft.group(), pc, round);
            code.monitors().switch_off(number, Event::BranchRight.group(), pc, round);
        }
    }
    Ok(())
}

/// The callback that a tool has for branches in either direction.
fn both_branches(tool: &Tool, event: Event) -> Option<Obj> {
    let branch = matches!(event, Event::BranchLeft | Event::BranchRight);
    branch.then(|| tool.callbacks[Event::Branch as usize].load()).flatten()
}

static MARKS: std::sync::OnceLock<(Obj, Obj)> = std::sync::OnceLock::new();

/// `DISABLE` and `MISSING`.
fn marks() -> &'static (Obj, Obj) {
    let mark = || {
        taipan_objects::object_type::plain_instance(&types().object).unwrap_or_else(|Raised| {
            drop(take_raised());
            none()
        })
    };
    MARKS.get_or_init(|| (mark(), mark()))
}

/// What a callback returns to get no more of an event at a place.
pub fn disable() -> Obj {
    marks().0.clone()
}

/// Stands for the first argument of a call without arguments.
pub fn missing() -> Obj {
    marks().1.clone()
}

/// Gives tool `tool` to a program; whether it was free.
pub fn take_tool(tool: usize, name: Obj) -> bool {
    let mut names = NAMES.lock();
    let free = names[tool].is_none();
    if free {
        names[tool] = Some(name);
    }
    free
}

/// The name of a tool that is in use.
pub fn tool_name(tool: usize) -> Option<Obj> {
    NAMES.lock()[tool].clone()
}

/// Takes everything back that a tool asked for.
pub fn clear_tool(tool: usize) {
    let this = &ALL[tool];
    this.events.store(0, Ordering::Relaxed);
    this.version.fetch_add(1, Ordering::Relaxed);
    this.codes.store(0, Ordering::Relaxed);
    let callbacks: Vec<Option<Obj>> = this.callbacks.iter().map(Slot::take).collect();
    super::refresh_all();
    drop(callbacks);
}

/// The same, and the tool is free.
pub fn free_tool(tool: usize) {
    clear_tool(tool);
    let name = NAMES.lock()[tool].take();
    drop(name);
}

/// Replaces a callback.
pub fn set_callback(tool: usize, event: Event, function: Option<Obj>) -> Option<Obj> {
    ALL[tool].callbacks[event as usize].replace(function)
}

/// The events of a tool in all code.
pub fn events(tool: usize) -> u32 {
    ALL[tool].events.load(Ordering::Relaxed)
}

/// Sets them.
pub fn set_events(tool: usize, events: u32) {
    let former = ALL[tool].events.swap(events, Ordering::Relaxed);
    if events & !former != 0 && ALL[tool].has_off.swap(false, Ordering::Relaxed) {
        // What is asked for anew is delivered everywhere (to the other tools, too).
        restart();
    }
    super::refresh_all();
}

/// The events of a tool in `code`.
pub fn events_in(tool: usize, code: &PyCode) -> u32 {
    local_events(&ALL[tool], tool, code)
}

/// Sets them.
pub fn set_events_in(tool: usize, code: &PyCode, events: u32) {
    let this = &ALL[tool];
    let former = local_events(this, tool, code);
    if former == 0 && events == 0 {
        return;
    }
    if events & !former != 0 {
        code.monitors().switch_on(tool);
    }
    code.monitors().set_local(tool, this.version.load(Ordering::Relaxed), events);
    if former == 0 {
        this.codes.fetch_add(1, Ordering::Relaxed);
    } else if events == 0 {
        let less = |n: u32| Some(n.saturating_sub(1));
        let _ = this.codes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }
    super::refresh_all();
}

/// What was switched off at places is delivered again.
pub fn restart() {
    ROUND.fetch_add(1, Ordering::Relaxed);
}

/// For each event that any tool wants in all code: the tools, as bits.
pub fn tools_of_events() -> Vec<(Event, u32)> {
    let wants = |event: Event| {
        ALL.iter().enumerate().fold(0, |bits, (number, tool)| {
            bits | u32::from(tool.events.load(Ordering::Relaxed) & event.bit() != 0) << number
        })
    };
    Event::all().map(|event| (event, wants(event))).filter(|(_, tools)| *tools != 0).collect()
}
