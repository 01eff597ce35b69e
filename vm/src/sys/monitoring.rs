//! `sys.monitoring` (PEP 669): the registry of tools. No event is delivered yet, and asking for events says so.

use parking_lot::Mutex;
use taipan_objects::native::*;
use taipan_objects::prelude::*;

static TOOLS: Mutex<[Option<Obj>; 6]> = Mutex::new([const { None }; 6]);

fn check(id: i64) -> PyResult<usize> {
    match usize::try_from(id) {
        Ok(id) if id < 6 => Ok(id),
        _ => Err(value_error(format!("invalid tool {id} (must be between 0 and 5)"))),
    }
}

fn used(id: i64) -> PyResult<usize> {
    let index = check(id)?;
    if TOOLS.lock()[index].is_none() {
        return Err(value_error(format!("tool {id} is not in use")));
    }
    Ok(index)
}

const EVENTS: &[(&str, i64)] = &[
    ("NO_EVENTS", 0),
    ("PY_START", 1),
    ("PY_RESUME", 1 << 1),
    ("PY_RETURN", 1 << 2),
    ("PY_YIELD", 1 << 3),
    ("CALL", 1 << 4),
    ("LINE", 1 << 5),
    ("INSTRUCTION", 1 << 6),
    ("JUMP", 1 << 7),
    ("BRANCH_LEFT", 1 << 8),
    ("BRANCH_RIGHT", 1 << 9),
    ("STOP_ITERATION", 1 << 10),
    ("RAISE", 1 << 11),
    ("EXCEPTION_HANDLED", 1 << 12),
    ("PY_UNWIND", 1 << 13),
    ("PY_THROW", 1 << 14),
    ("RERAISE", 1 << 15),
    ("C_RETURN", 1 << 16),
    ("C_RAISE", 1 << 17),
    ("BRANCH", 1 << 18),
];

mod functions {
    use super::*;

    #[pymodule(name = "sys.monitoring")]
    mod table_items {
        use super::*;

        #[pyfunction]
        fn use_tool_id(tool_id: i64, name: &Obj) -> PyResult<()> {
            let index = check(tool_id)?;
            if !name.is_layout::<PyStr>() {
                return Err(value_error("tool name must be a str"));
            }
            let mut tools = TOOLS.lock();
            if tools[index].is_some() {
                return Err(value_error(format!("tool {tool_id} is already in use")));
            }
            tools[index] = Some(name.clone());
            Ok(())
        }
        #[pyfunction]
        fn clear_tool_id(tool_id: i64) -> PyResult<()> {
            check(tool_id).map(drop)
        }
        #[pyfunction]
        fn free_tool_id(tool_id: i64) -> PyResult<()> {
            let index = check(tool_id)?;
            let old = TOOLS.lock()[index].take();
            drop(old);
            Ok(())
        }
        #[pyfunction]
        fn get_tool(tool_id: i64) -> PyResult<Option<Obj>> {
            let index = check(tool_id)?;
            Ok(TOOLS.lock()[index].clone())
        }
        #[pyfunction]
        fn register_callback(tool_id: i64, event: i64, func: &Obj) -> PyResult<Obj> {
            check(tool_id)?;
            let _ = (event, func);
            Ok(none())
        }
        #[pyfunction]
        fn get_events(tool_id: i64) -> PyResult<i64> {
            used(tool_id)?;
            Ok(0)
        }
        #[pyfunction]
        fn set_events(tool_id: i64, event_set: i64) -> PyResult<()> {
            used(tool_id)?;
            if event_set == 0 {
                return Ok(());
            }
            Err(not_implemented_error("sys.monitoring delivers no events yet"))
        }
        #[pyfunction]
        fn get_local_events(tool_id: i64, _code: &Obj) -> PyResult<i64> {
            used(tool_id)?;
            Ok(0)
        }
        #[pyfunction]
        fn set_local_events(tool_id: i64, _code: &Obj, event_set: i64) -> PyResult<()> {
            used(tool_id)?;
            if event_set == 0 {
                return Ok(());
            }
            Err(not_implemented_error("sys.monitoring delivers no events yet"))
        }
        #[pyfunction]
        fn restart_events() {}
        #[pyfunction]
        fn _all_events() -> Obj {
            dict_obj().into_obj()
        }

        #[pyinit]
        fn init(module: &PyModuleBuilder<'_>) -> PyResult<()> {
            let events = taipan_objects::simple_namespace::new(
                EVENTS.iter().map(|(name, bit)| (*name, int_obj(*bit))),
            )?;
            module.add("events", events)?;
            for name in ["DISABLE", "MISSING"] {
                module.add(name, taipan_objects::object_type::plain_instance(&types().object)?)?;
            }
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
