//! What lives in the Python part of `asyncio` and elsewhere in the library: imported when first needed, once.

use taipan_objects::hooks;
use taipan_objects::prelude::*;
use taipan_vm::interpreters::PerInterpreter;

macro_rules! imported {
    ($($name:ident => $module:literal . $attribute:literal;)*) => { $(
        #[doc = concat!("`", $module, ".", $attribute, "`.")]
        pub fn $name() -> PyResult<Obj> {
            static FOUND: PerInterpreter<Obj> = PerInterpreter::new();
            if let Some(found) = FOUND.get() {
                return Ok(found.clone());
            }
            let found = hooks::module_attribute($module, $attribute)?.into_strong();
            Ok(FOUND.get_or_init(|| found).clone())
        }
    )* };
}

/// `asyncio.tasks.Task` as it is now: tests put other classes there.
pub fn current_task_class() -> PyResult<Obj> {
    hooks::module_attribute("asyncio.tasks", "Task").map(IntoStrong::into_strong)
}

imported! {
    cancelled_error => "asyncio.exceptions"."CancelledError";
    invalid_state_error => "asyncio.exceptions"."InvalidStateError";
    event_loop_policy => "asyncio.events"."_get_event_loop_policy";
    is_coroutine => "asyncio.coroutines"."iscoroutine";
    eager_task_factory => "asyncio.tasks"."eager_task_factory";
    gathering_future => "asyncio.tasks"."_GatheringFuture";
    handle_info => "asyncio.events"."_handle_info";
    handle_failed => "asyncio.events"."_handle_failed";
    callers_stack => "asyncio.format_helpers"."extract_stack";
    future_repr => "asyncio.base_futures"."_future_repr";
    task_repr => "asyncio.base_tasks"."_task_repr";
    task_get_stack => "asyncio.base_tasks"."_task_get_stack";
    task_print_stack => "asyncio.base_tasks"."_task_print_stack";
    extract_stack => "traceback"."extract_stack";
}
