//! `sys.monitoring` (PEP 669): what programs see of the tools in `trace/monitoring.rs`.

use taipan_objects::code::PyCode;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;

use crate::trace::event::{EVENTS, Event, LOCAL_EVENTS};
use crate::trace::monitoring as tools;

fn check(id: i64) -> PyResult<usize> {
    match usize::try_from(id) {
        Ok(id) if id < taipan_objects::code::TOOLS => Ok(id),
        _ => Err(value_error(format!("invalid tool {id} (must be between 0 and 5)"))),
    }
}

fn used(id: i64) -> PyResult<usize> {
    let tool = check(id)?;
    match tools::tool_name(tool) {
        Some(_) => Ok(tool),
        None => Err(value_error(format!("tool {id} is not in use"))),
    }
}

fn code_of(code: &Obj) -> PyResult<&PyCode> {
    code.downcast::<PyCode>().ok_or_else(|| type_error("code must be a code object"))
}

const C_EVENTS: u32 = Event::CReturn.bit() | Event::CRaise.bit();
const BRANCHES: u32 = Event::BranchLeft.bit() | Event::BranchRight.bit();

/// A set of events as tools want them: `limit` is the number of events that it may have.
fn event_set(set: i64, limit: usize, what: &str) -> PyResult<u32> {
    let invalid = || value_error(format!("invalid {what}event set 0x{set:x}"));
    let mut events = u32::try_from(set).map_err(|_| invalid())?;
    if events & C_EVENTS != 0 && events & (C_EVENTS | Event::Call.bit()) != C_EVENTS | Event::Call.bit() {
        return Err(value_error("cannot set C_RETURN or C_RAISE events independently"));
    }
    events &= !C_EVENTS;
    if events & Event::Branch.bit() != 0 {
        events = events & !Event::Branch.bit() | BRANCHES;
    }
    if events >= 1 << limit {
        return Err(invalid());
    }
    Ok(events)
}

mod functions {
    use super::*;

    #[pymodule(name = "sys.monitoring")]
    mod table_items {
        use super::*;

        #[pyfunction]
        fn use_tool_id(tool_id: i64, name: &Obj) -> PyResult<()> {
            let tool = check(tool_id)?;
            if !name.is_layout::<PyStr>() {
                return Err(value_error("tool name must be a str"));
            }
            if !tools::take_tool(tool, name.clone()) {
                return Err(value_error(format!("tool {tool_id} is already in use")));
            }
            Ok(())
        }
        #[pyfunction]
        fn clear_tool_id(tool_id: i64) -> PyResult<()> {
            let tool = check(tool_id)?;
            if tools::tool_name(tool).is_some() {
                tools::clear_tool(tool);
            }
            Ok(())
        }
        #[pyfunction]
        fn free_tool_id(tool_id: i64) -> PyResult<()> {
            let tool = check(tool_id)?;
            tools::free_tool(tool);
            Ok(())
        }
        #[pyfunction]
        fn get_tool(tool_id: i64) -> PyResult<Option<Obj>> {
            Ok(tools::tool_name(check(tool_id)?))
        }
        #[pyfunction]
        fn register_callback(tool_id: i64, event: i64, func: &Obj) -> PyResult<Option<Obj>> {
            let tool = check(tool_id)?;
            let bits = u32::try_from(event).unwrap_or(0);
            if bits.count_ones() != 1 {
                return Err(value_error("The callback can only be set for one event at a time"));
            }
            let number = bits.trailing_zeros() as usize;
            let Some(event) = Event::from_number(number).filter(|_| number < EVENTS) else {
                return Err(value_error(format!("invalid event {event}")));
            };
            crate::sys::audit("sys.monitoring.register_callback", std::slice::from_ref(func))?;
            let function = Some(func.clone()).filter(|f| !is_none(f));
            Ok(tools::set_callback(tool, event, function))
        }
        #[pyfunction]
        fn get_events(tool_id: i64) -> PyResult<i64> {
            Ok(tools::events(check(tool_id)?) as i64)
        }
        #[pyfunction]
        fn set_events(tool_id: i64, event_set: i64) -> PyResult<()> {
            check(tool_id)?;
            let events = super::super::event_set(event_set, EVENTS - 1, "")?;
            tools::set_events(used(tool_id)?, events);
            crate::trace::switch_behind_call(crate::thread::current(), "set_events")
        }
        #[pyfunction]
        fn get_local_events(tool_id: i64, code: &Obj) -> PyResult<i64> {
            let code = code_of(code)?;
            Ok(tools::events_in(check(tool_id)?, code) as i64)
        }
        #[pyfunction]
        fn set_local_events(tool_id: i64, code: &Obj, event_set: i64) -> PyResult<()> {
            let code = code_of(code)?;
            check(tool_id)?;
            let events = super::super::event_set(event_set, LOCAL_EVENTS, "local ")?;
            tools::set_events_in(used(tool_id)?, code, events);
            crate::trace::switch_behind_call(crate::thread::current(), "set_local_events")
        }
        #[pyfunction]
        fn restart_events() {
            tools::restart();
        }
        #[pyfunction]
        fn _all_events() -> PyResult<Obj> {
            let dict = dict_obj();
            for (event, tools) in tools::tools_of_events() {
                dict.set_str(event.name(), int_obj(tools as i64));
            }
            Ok(dict.into_obj())
        }

        #[pyinit]
        fn init(module: &PyModuleBuilder<'_>) -> PyResult<()> {
            let all = Event::all().map(|event| (event.name(), int_obj(event.bit() as i64)));
            let events = std::iter::once(("NO_EVENTS", int_obj(0))).chain(all);
            module.add("events", taipan_objects::simple_namespace::new(events)?)?;
            module.add("DISABLE", tools::disable())?;
            module.add("MISSING", tools::missing())?;
            for (name, id) in
                [("DEBUGGER_ID", 0), ("COVERAGE_ID", 1), ("PROFILER_ID", 2), ("OPTIMIZER_ID", 5)]
            {
                module.add(name, id)?;
            }
            Ok(())
        }
    }
    pub use table_items::MODULE as TABLE;
}

#[pymodule(name = "sys")]
mod items {
    use super::*;

    #[pyattr]
    fn monitoring() -> PyResult<Obj> {
        crate::import::make_module(&functions::TABLE)
    }
}
