//! `resource`: limits on, and use of, the system's resources.

use taipan_objects::int;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;
use taipan_objects::structseq::{self, StructSeqDef};

use crate::os_error::os_error;
use crate::sys_calls;

macro_rules! numbers {
    ($($name:ident)*) => { &[$((stringify!($name), libc::$name as i64)),*] };
}

const NUMBERS: &[(&str, i64)] = numbers!(
    RLIMIT_AS RLIMIT_CORE RLIMIT_CPU RLIMIT_DATA RLIMIT_FSIZE RLIMIT_MEMLOCK RLIMIT_MSGQUEUE RLIMIT_NICE RLIMIT_NOFILE
    RLIMIT_NPROC RLIMIT_RSS RLIMIT_RTPRIO RLIMIT_RTTIME RLIMIT_SIGPENDING RLIMIT_STACK
    RUSAGE_SELF RUSAGE_CHILDREN RUSAGE_THREAD RLIM_INFINITY
);

/// One more than the greatest resource.
const RESOURCES: i32 = 16;

static RUSAGE: StructSeqDef = StructSeqDef {
    name: "resource.struct_rusage",
    doc: "struct_rusage: Result from getrusage.\n\nThis object may be accessed either as a tuple of\n    (utime,stime,maxrss,ixrss,idrss,isrss,minflt,majflt,\n    nswap,inblock,oublock,msgsnd,msgrcv,nsignals,nvcsw,nivcsw)\nor via the attributes ru_utime, ru_stime, ru_maxrss, and so on.",
    fields: &[
        ("ru_utime", "user time used"),
        ("ru_stime", "system time used"),
        ("ru_maxrss", "max. resident set size"),
        ("ru_ixrss", "shared memory size"),
        ("ru_idrss", "unshared data size"),
        ("ru_isrss", "unshared stack size"),
        ("ru_minflt", "page faults not requiring I/O"),
        ("ru_majflt", "page faults requiring I/O"),
        ("ru_nswap", "number of swap outs"),
        ("ru_inblock", "block input operations"),
        ("ru_oublock", "block output operations"),
        ("ru_msgsnd", "IPC messages sent"),
        ("ru_msgrcv", "IPC messages received"),
        ("ru_nsignals", "signals received"),
        ("ru_nvcsw", "voluntary context switches"),
        ("ru_nivcsw", "involuntary context switches"),
    ],
    visible: 16,
};
crate::posix::lazy_class!(rusage_class, &RUSAGE);

/// The system's account as a `struct_rusage`.
pub fn rusage_obj(usage: &libc::rusage) -> Obj {
    let seconds = |t: &libc::timeval| float_obj(t.tv_sec as f64 + t.tv_usec as f64 * 1e-6);
    let numbers = [
        usage.ru_maxrss,
        usage.ru_ixrss,
        usage.ru_idrss,
        usage.ru_isrss,
        usage.ru_minflt,
        usage.ru_majflt,
        usage.ru_nswap,
        usage.ru_inblock,
        usage.ru_oublock,
        usage.ru_msgsnd,
        usage.ru_msgrcv,
        usage.ru_nsignals,
        usage.ru_nvcsw,
        usage.ru_nivcsw,
    ];
    let mut fields = vec![seconds(&usage.ru_utime), seconds(&usage.ru_stime)];
    fields.extend(numbers.into_iter().map(int_obj));
    structseq::new(&rusage_class(), fields)
}

/// The number of a resource.
fn checked(resource: i32) -> PyResult<u32> {
    match u32::try_from(resource) {
        Ok(number) if resource < RESOURCES => Ok(number),
        _ => Err(value_error("invalid resource specified")),
    }
}

fn limit(obj: &Obj) -> PyResult<u64> {
    let number = index(obj)?;
    match int::int_ref(&number) {
        Some(i) if i.to_i64() == Some(-1) => Ok(libc::RLIM_INFINITY),
        Some(i) if i.is_negative() => Err(value_error("Cannot convert negative int")),
        _ => u64::from_arg(&number).map_err(|raised| {
            if !raised_is(&types().overflow_error) {
                return raised;
            }
            drop(take_raised());
            overflow_error("Python int too large to convert to C rlim_t")
        }),
    }
}

fn limits_argument(limits: &Obj) -> PyResult<(u64, u64)> {
    match collect(limits)?.as_slice() {
        [soft, hard] => Ok((limit(soft)?, limit(hard)?)),
        _ => Err(value_error("expected a tuple of 2 integers")),
    }
}

/// `RLIM_INFINITY` is -1, the other limits are what they are.
fn limits_result((soft, hard): (u64, u64)) -> (Obj, Obj) {
    let limit =
        |limit| if limit == libc::RLIM_INFINITY { int_obj(-1) } else { taipan_objects::int::from_u64(limit) };
    (limit(soft), limit(hard))
}

const EXCEEDS: &str = "current limit exceeds maximum limit";

#[pymodule(name = "resource", doc = "")]
mod items {
    use super::*;

    /// How much of the resources was used, by whom `who` says.
    #[pyfunction(sig = "(who, /)")]
    fn getrusage(who: i32) -> PyResult<Obj> {
        match sys_calls::getrusage(who) {
            Ok(usage) => Ok(rusage_obj(&usage)),
            Err(libc::EINVAL) => Err(value_error("invalid who parameter")),
            Err(errno) => Err(os_error(errno)),
        }
    }
    /// Soft and hard limit of a resource.
    #[pyfunction(sig = "(resource, /)")]
    fn getrlimit(resource: i32) -> PyResult<(Obj, Obj)> {
        let resource = checked(resource)?;
        sys_calls::prlimit(0, resource, None).map(limits_result).map_err(os_error)
    }
    /// Sets soft and hard limit of a resource.
    #[pyfunction(sig = "(resource, limits, /)")]
    fn setrlimit(resource: i32, limits: &Obj) -> PyResult<()> {
        taipan_vm::sys::audit("resource.setrlimit", &[int_obj(resource.into()), limits.clone()])?;
        let resource = checked(resource)?;
        let new = limits_argument(limits)?;
        match sys_calls::prlimit(0, resource, Some(new)) {
            Ok(_) => Ok(()),
            Err(libc::EINVAL) => Err(value_error(EXCEEDS)),
            Err(libc::EPERM) => Err(value_error("not allowed to raise maximum limit")),
            Err(errno) => Err(os_error(errno)),
        }
    }
    /// Soft and hard limit of a process's resource, as they were before new ones were set.
    #[pyfunction(sig = "(pid, resource, limits=None, /)")]
    fn prlimit(pid: i32, resource: i32, limits: Option<&Obj>) -> PyResult<(Obj, Obj)> {
        let limits = limits.filter(|l| !is_none(l));
        let event = [int_obj(pid.into()), int_obj(resource.into()), limits.cloned().unwrap_or_else(none)];
        taipan_vm::sys::audit("resource.prlimit", &event)?;
        let resource = checked(resource)?;
        let new = limits.map(limits_argument).transpose()?;
        match sys_calls::prlimit(pid, resource, new) {
            Ok(old) => Ok(limits_result(old)),
            Err(libc::EINVAL) => Err(value_error(EXCEEDS)),
            Err(errno) => Err(os_error(errno)),
        }
    }
    /// The number of bytes in a page of memory.
    #[pyfunction]
    fn getpagesize() -> PyResult<i64> {
        sys_calls::sysconf(libc::_SC_PAGESIZE).map_err(os_error)
    }

    #[pyinit]
    fn init(module: &PyModuleBuilder<'_>) -> PyResult<()> {
        for (name, value) in NUMBERS {
            module.add(name, *value)?;
        }
        module.add("RLIMIT_OFILE", i64::from(libc::RLIMIT_NOFILE))?;
        module.add("struct_rusage", rusage_class().into_obj())?;
        module.add("error", types().os_error.to_obj())
    }
}
