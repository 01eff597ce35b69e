//! `pwd`: the user database.

use parking_lot::Mutex;
use taipan_objects::int;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::structseq::{self, StructSeqDef};

use crate::file_path::{c_name, name_obj};
use crate::os_error::os_error;
use crate::sys_calls::{self, User};

static PASSWD: StructSeqDef = StructSeqDef {
    name: "pwd.struct_passwd",
    doc: "pwd.struct_passwd: Results from getpw*() routines.\n\nThis object may be accessed either as a tuple of\n  (pw_name,pw_passwd,pw_uid,pw_gid,pw_gecos,pw_dir,pw_shell)\nor via the object attributes as named in the above tuple.",
    fields: &[
        ("pw_name", "user name"),
        ("pw_passwd", "password"),
        ("pw_uid", "user id"),
        ("pw_gid", "group id"),
        ("pw_gecos", "real name"),
        ("pw_dir", "home directory"),
        ("pw_shell", "shell program"),
    ],
    visible: 7,
};
crate::posix::lazy_class!(passwd_class, &PASSWD);

fn user_obj(user: &User) -> Obj {
    let fields = vec![
        name_obj(&user.name),
        name_obj(&user.password),
        int_obj(user.uid.into()),
        int_obj(user.gid.into()),
        name_obj(&user.gecos),
        name_obj(&user.home),
        name_obj(&user.shell),
    ];
    structseq::new(&passwd_class(), fields)
}

/// This module provides access to the Unix password database.
/// It is available on all Unix versions.
#[pymodule(name = "pwd")]
mod items {
    use super::*;

    /// Return the password database entry for the given numeric user ID.
    #[pyfunction(sig = "(uidobj, /)")]
    fn getpwuid(uidobj: &Obj) -> PyResult<Obj> {
        let index = index(uidobj)?;
        let not_found = || -> PyResult<Obj> {
            Err(key_error(str_obj(&format!("getpwuid(): uid not found: {}", str_string(&index)?))))
        };
        let uid = match int::int_ref(&index).and_then(|i| i.to_i64()) {
            Some(-1) => u32::MAX,
            Some(uid) => match u32::try_from(uid) {
                Ok(uid) => uid,
                Err(_) => return not_found(),
            },
            None => return not_found(),
        };
        match taipan_threading::detached(|| sys_calls::user_by_id(uid)).map_err(os_error)? {
            Some(user) => Ok(user_obj(&user)),
            None => not_found(),
        }
    }
    /// Return the password database entry for the given user name.
    #[pyfunction(sig = "(name, /)")]
    fn getpwnam(name: &PyStr) -> PyResult<Obj> {
        let text = Py::from_ref(name).into_obj();
        let c_name = c_name(&text)?;
        match taipan_threading::detached(|| sys_calls::user_by_name(&c_name)).map_err(os_error)? {
            Some(user) => Ok(user_obj(&user)),
            None => Err(key_error(str_obj(&format!("getpwnam(): name not found: {}", repr_string(&text)?)))),
        }
    }
    /// Return a list of all available password database entries, in arbitrary order.
    #[pyfunction]
    fn getpwall() -> Obj {
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let users = taipan_threading::detached(|| {
            let _turn = ONE_AT_A_TIME.lock();
            sys_calls::all_users()
        });
        list_obj(users.iter().map(user_obj).collect())
    }

    #[pyinit]
    fn init(module: &PyModuleBuilder<'_>) -> PyResult<()> {
        module.add("struct_passwd", passwd_class().into_obj())
    }
}
