//! `grp`: the group database.

use parking_lot::Mutex;
use taipan_objects::int;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::structseq::{self, StructSeqDef};

use crate::file_path::{c_name, name_obj};
use crate::os_error::os_error;
use crate::sys_calls::{self, Group};

static GROUP: StructSeqDef = StructSeqDef {
    name: "grp.struct_group",
    doc: "grp.struct_group: Results from getgr*() routines.\n\nThis object may be accessed either as a tuple of\n  (gr_name,gr_passwd,gr_gid,gr_mem)\nor via the object attributes as named in the above tuple.\n",
    fields: &[
        ("gr_name", "group name"),
        ("gr_passwd", "password"),
        ("gr_gid", "group id"),
        ("gr_mem", "group members"),
    ],
    visible: 4,
};
crate::posix::lazy_class!(group_class, &GROUP);

fn group_obj(group: &Group) -> Obj {
    let members = group.members.iter().map(|name| name_obj(name)).collect();
    let fields =
        vec![name_obj(&group.name), name_obj(&group.password), int_obj(group.gid.into()), list_obj(members)];
    structseq::new(&group_class(), fields)
}

/// Access to the Unix group database.
#[pymodule(name = "grp")]
mod items {
    use super::*;

    /// Return the group database entry for the given numeric group ID.
    ///
    /// If id is not valid, raise KeyError.
    #[pyfunction(sig = "(id)")]
    fn getgrgid(id: &Obj) -> PyResult<Obj> {
        if !has_index(id) {
            return Err(type_error(format!("gid should be integer, not {}", class_of(id).name())));
        }
        let number = index(id)?;
        let not_found = || -> PyResult<Obj> {
            Err(key_error(str_obj(&format!("getgrgid(): gid not found: {}", str_string(&number)?))))
        };
        let gid = match int::int_ref(&number).and_then(|i| i.to_i64()) {
            Some(-1) => u32::MAX,
            Some(gid) => match u32::try_from(gid) {
                Ok(gid) => gid,
                Err(_) if gid < 0 => return Err(overflow_error("gid is less than minimum")),
                Err(_) => return Err(overflow_error("gid is greater than maximum")),
            },
            None => return Err(overflow_error("gid is greater than maximum")),
        };
        match taipan_threading::detached(|| sys_calls::group_by_id(gid)).map_err(os_error)? {
            Some(group) => Ok(group_obj(&group)),
            None => not_found(),
        }
    }
    /// Return the group database entry for the given group name.
    ///
    /// If name is not valid, raise KeyError.
    #[pyfunction(sig = "(name)")]
    fn getgrnam(name: &PyStr) -> PyResult<Obj> {
        let text = Py::from_ref(name).into_obj();
        let c_name = c_name(&text)?;
        match taipan_threading::detached(|| sys_calls::group_by_name(&c_name)).map_err(os_error)? {
            Some(group) => Ok(group_obj(&group)),
            None => Err(key_error(str_obj(&format!("getgrnam(): name not found: {}", repr_string(&text)?)))),
        }
    }
    /// Return a list of all available group entries, in arbitrary order.
    #[pyfunction]
    fn getgrall() -> Obj {
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let groups = taipan_threading::detached(|| {
            let _turn = ONE_AT_A_TIME.lock();
            sys_calls::all_groups()
        });
        list_obj(groups.iter().map(group_obj).collect())
    }

    #[pyinit]
    fn init(module: &PyModuleBuilder<'_>) -> PyResult<()> {
        module.add("struct_group", group_class().into_obj())
    }
}
