//! Processors and scheduling.

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::structseq::{self, StructSeqDef};

use super::lazy_class;
use crate::os_error::os_error;
use crate::sys_calls;

static PARAM: StructSeqDef = StructSeqDef {
    name: "posix.sched_param",
    doc: "Currently has only one field: sched_priority\n\n  sched_priority\n    A scheduling parameter.",
    fields: &[("sched_priority", "the scheduling priority")],
    visible: 1,
};
lazy_class!(param_class, &PARAM);

/// Unlike other such classes, this one is called with its only field.
#[pyargs(name = "sched_param", sig = "(sched_priority)")]
fn new_param(class: &Obj, sched_priority: &Obj) -> PyResult<Obj> {
    let Some(class) = class.to_py::<PyType>() else { return Err(type_error("X is not a type object")) };
    Ok(structseq::new(&class, vec![sched_priority.clone()]))
}

/// The priority in a `sched_param`.
pub fn priority(param: &Obj) -> PyResult<i32> {
    if !class_of(param).is_subtype(&param_class()) {
        return Err(type_error("must have a sched_param object"));
    }
    let value = getattr_str(param, "sched_priority")?.into_strong();
    let index = i64::from_arg(&value)?;
    i32::try_from(index).map_err(|_| overflow_error("sched_priority out of range"))
}

#[pymodule(name = "posix_scheduling", doc = "")]
mod items {
    use super::*;

    /// Return the number of logical CPUs in the system.
    #[pyfunction]
    fn cpu_count() -> Option<i64> {
        if let Some(count) = taipan_vm::sys::config::settings().cpu_count {
            return Some(count);
        }
        sys_calls::sysconf(libc::_SC_NPROCESSORS_ONLN).ok().filter(|n| *n > 0)
    }
    /// Return the affinity of the process identified by pid (or the current process if zero).
    #[pyfunction(sig = "(pid, /)")]
    fn sched_getaffinity(pid: i32) -> PyResult<Obj> {
        let cpus = sys_calls::sched_getaffinity(pid).map_err(os_error)?;
        let cpus = list_obj(cpus.into_iter().map(|cpu| int_obj(cpu as i64)).collect());
        call1(types().set.as_obj(), &cpus)
    }
    /// Set the CPU affinity of the process identified by pid to mask.
    #[pyfunction(sig = "(pid, mask, /)")]
    fn sched_setaffinity(pid: i32, mask: &Obj) -> PyResult<()> {
        let mut cpus = Vec::new();
        for cpu in collect(mask)? {
            match usize::try_from(i64::from_arg(&cpu)?) {
                Ok(cpu) => cpus.push(cpu),
                Err(_) => return Err(value_error("negative CPU number")),
            }
        }
        sys_calls::sched_setaffinity(pid, &cpus).map_err(os_error)
    }
    /// Voluntarily relinquish the CPU.
    #[pyfunction]
    fn sched_yield() -> PyResult<()> {
        taipan_threading::detached(sys_calls::sched_yield).map_err(os_error)
    }
    /// Get the scheduling policy for the process identified by pid.
    #[pyfunction(sig = "(pid, /)")]
    fn sched_getscheduler(pid: i32) -> PyResult<i32> {
        sys_calls::sched_getscheduler(pid).map_err(os_error)
    }
    /// Returns scheduling parameters for the process identified by pid.
    #[pyfunction(sig = "(pid, /)")]
    fn sched_getparam(pid: i32) -> PyResult<Obj> {
        let priority = sys_calls::sched_getparam(pid).map_err(os_error)?;
        Ok(structseq::new(&param_class(), vec![int_obj(priority.into())]))
    }
    /// Set the scheduling policy for the process identified by pid.
    #[pyfunction(sig = "(pid, policy, param, /)")]
    fn sched_setscheduler(pid: i32, policy: i32, param: &Obj) -> PyResult<()> {
        sys_calls::sched_setscheduler(pid, policy, priority(param)?).map_err(os_error)
    }
    /// Set scheduling parameters for the process identified by pid.
    #[pyfunction(sig = "(pid, param, /)")]
    fn sched_setparam(pid: i32, param: &Obj) -> PyResult<()> {
        sys_calls::sched_setparam(pid, priority(param)?).map_err(os_error)
    }
    /// Return the round-robin quantum for the process identified by pid, in seconds.
    #[pyfunction(sig = "(pid, /)")]
    fn sched_rr_get_interval(pid: i32) -> PyResult<f64> {
        let time = sys_calls::sched_rr_get_interval(pid).map_err(os_error)?;
        Ok(time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9)
    }
    /// Get the maximum scheduling priority for policy.
    #[pyfunction(sig = "(policy)")]
    fn sched_get_priority_max(policy: i32) -> PyResult<i32> {
        sys_calls::sched_priority_range(policy).map(|range| range.1).map_err(os_error)
    }
    /// Get the minimum scheduling priority for policy.
    #[pyfunction(sig = "(policy)")]
    fn sched_get_priority_min(policy: i32) -> PyResult<i32> {
        sys_calls::sched_priority_range(policy).map(|range| range.0).map_err(os_error)
    }
    /// Return average recent system load information.
    #[pyfunction]
    fn getloadavg() -> PyResult<(f64, f64, f64)> {
        match sys_calls::getloadavg() {
            Some([one, five, fifteen]) => Ok((one, five, fifteen)),
            None => Err(raise_message(&types().os_error, "Load averages are unobtainable")),
        }
    }

    #[pyinit]
    fn init(module: &PyModuleBuilder<'_>) -> PyResult<()> {
        param_class().slots.set_new(Some(new_param));
        structseq::reduce_to_fields(&param_class());
        module.add("sched_param", param_class().into_obj())
    }
}
