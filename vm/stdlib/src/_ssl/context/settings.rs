//! The attributes of contexts.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_threading::detached;
use taipan_threading::sync::atomic::Ordering;

use super::PyContext;
use crate::_ssl::context::{PROTOCOL_TLS_CLIENT, PROTOCOL_TLS_SERVER};
use crate::_ssl::keylog::KeyFile;

pub fn getset() -> &'static [GetSetDef] {
    PyContext::settings_getset()
}

fn given(value: Option<&Obj>) -> PyResult<&Obj> {
    value.ok_or_else(|| attribute_error("attribute cannot be deleted"))
}

fn version(value: Option<&Obj>, lowest: bool) -> PyResult<i64> {
    let version = i64::from_arg(given(value)?)?;
    match version {
        -2 | -1 | 0x301..=0x304 => Ok(version),
        0x300 => Ok(if lowest { -2 } else { version }),
        _ => Err(value_error(format!("Unsupported TLS/SSL version {version:#x}"))),
    }
}

fn function_or_none(value: Option<&Obj>) -> PyResult<Option<Obj>> {
    let value = given(value)?;
    if is_none(value) {
        return Ok(None);
    }
    if is_callable(value) { Ok(Some(value.clone())) } else { Err(type_error("not a callable object")) }
}

#[pymethods(class = "_ssl._SSLContext", part = "settings")]
impl PyContext {
    #[pygetset]
    fn protocol(&self) -> i64 {
        self.protocol
    }
    #[pygetset]
    fn options(&self) -> i64 {
        self.options.load(Ordering::Relaxed)
    }
    #[pygetset(setter = "options")]
    fn set_options(&self, value: Option<&Obj>) -> PyResult<()> {
        let value = given(value)?;
        if taipan_objects::int::int_ref(value).is_none() {
            return Err(type_error(format!("argument 1 must be int, not {}", class_of(value).name())));
        }
        let options = u64::from_arg(value)? as i64;
        let old = self.options.load(Ordering::Relaxed);
        // Switching old versions off this way is out of date.
        const VERSIONS: i64 = 0x0200_0000 | 0x0400_0000 | 0x1000_0000 | 0x0800_0000 | 0x2000_0000;
        if options & !old & VERSIONS != 0 {
            taipan_objects::hooks::warn(
                "ssl.OP_NO_SSL*/ssl.OP_NO_TLS* options are deprecated",
                types().deprecation_warning.as_obj(),
                2,
            )?;
        }
        self.options.store(options, Ordering::Relaxed);
        Ok(())
    }
    #[pygetset]
    fn verify_mode(&self) -> i64 {
        self.verify_mode.load(Ordering::Relaxed)
    }
    #[pygetset(setter = "verify_mode")]
    fn set_verify_mode(&self, value: Option<&Obj>) -> PyResult<()> {
        let mode = i64::from_arg(given(value)?)?;
        if !(0..=2).contains(&mode) {
            return Err(value_error("invalid value for verify_mode"));
        }
        if mode == 0 && self.check_hostname.load(Ordering::Relaxed) {
            return Err(value_error("Cannot set verify_mode to CERT_NONE when check_hostname is enabled."));
        }
        self.verify_mode.store(mode, Ordering::Relaxed);
        Ok(())
    }
    #[pygetset]
    fn verify_flags(&self) -> i64 {
        self.verify_flags.load(Ordering::Relaxed)
    }
    #[pygetset(setter = "verify_flags")]
    fn set_verify_flags(&self, value: Option<&Obj>) -> PyResult<()> {
        self.verify_flags.store(i64::from_arg(given(value)?)?, Ordering::Relaxed);
        Ok(())
    }
    #[pygetset]
    fn check_hostname(&self) -> bool {
        self.check_hostname.load(Ordering::Relaxed)
    }
    #[pygetset(setter = "check_hostname")]
    fn set_check_hostname(&self, value: Option<&Obj>) -> PyResult<()> {
        let on = is_true(given(value)?)?;
        if on && self.verify_mode.load(Ordering::Relaxed) == 0 {
            self.verify_mode.store(2, Ordering::Relaxed);
        }
        self.check_hostname.store(on, Ordering::Relaxed);
        Ok(())
    }
    #[pygetset]
    fn minimum_version(&self) -> i64 {
        self.minimum.load(Ordering::Relaxed)
    }
    #[pygetset(setter = "minimum_version")]
    fn set_minimum_version(&self, value: Option<&Obj>) -> PyResult<()> {
        self.fixed_version()?;
        let version = version(value, true)?;
        self.minimum.store(if version == -1 { 0x304 } else { version }, Ordering::Relaxed);
        Ok(())
    }
    #[pygetset]
    fn maximum_version(&self) -> i64 {
        self.maximum.load(Ordering::Relaxed)
    }
    #[pygetset(setter = "maximum_version")]
    fn set_maximum_version(&self, value: Option<&Obj>) -> PyResult<()> {
        self.fixed_version()?;
        let version = version(value, false)?;
        self.maximum.store(if version == -2 { 0x301 } else { version }, Ordering::Relaxed);
        Ok(())
    }
    #[pygetset(name = "_host_flags")]
    fn host_flags(&self) -> i64 {
        self.host_flags.load(Ordering::Relaxed)
    }
    #[pygetset(setter = "_host_flags")]
    fn set_host_flags(&self, value: Option<&Obj>) -> PyResult<()> {
        self.host_flags.store(i64::from_arg(given(value)?)?, Ordering::Relaxed);
        Ok(())
    }
    #[pygetset]
    fn num_tickets(&self) -> i64 {
        self.tickets.load(Ordering::Relaxed)
    }
    #[pygetset(setter = "num_tickets")]
    fn set_num_tickets(&self, value: Option<&Obj>) -> PyResult<()> {
        let count = i64::from_arg(given(value)?)?;
        if count < 0 {
            return Err(value_error("value must be non-negative"));
        }
        if self.protocol != PROTOCOL_TLS_SERVER {
            return Err(value_error("SSLContext is not a server context."));
        }
        self.tickets.store(count, Ordering::Relaxed);
        Ok(())
    }
    #[pygetset]
    fn post_handshake_auth(&self) -> bool {
        self.post_handshake_auth.load(Ordering::Relaxed)
    }
    #[pygetset(setter = "post_handshake_auth")]
    fn set_post_handshake_auth(&self, value: Option<&Obj>) -> PyResult<()> {
        self.post_handshake_auth.store(is_true(given(value)?)?, Ordering::Relaxed);
        Ok(())
    }
    #[pygetset]
    fn keylog_filename(&self) -> Obj {
        self.keylog_filename.load().unwrap_or_else(none)
    }
    #[pygetset(setter = "keylog_filename")]
    fn set_keylog_filename(&self, value: Option<&Obj>) -> PyResult<()> {
        let value = given(value)?;
        let name = (!is_none(value)).then(|| value.clone());
        let keys = match &name {
            None => None,
            Some(name) => {
                let path = super::loading::path_of(name, "keylog_filename")?;
                let opened = detached(|| KeyFile::open(std::path::Path::new(OsStr::from_bytes(&path))));
                match opened {
                    Ok(file) => Some(Arc::new(file)),
                    Err(error) => {
                        let number = error.raw_os_error().unwrap_or(libc::EIO);
                        return Err(crate::os_error::os_error_for(number, name));
                    }
                }
            }
        };
        self.loaded.lock().keys = keys;
        drop(self.keylog_filename.replace(name));
        Ok(())
    }
    #[pygetset]
    fn security_level(&self) -> i64 {
        2
    }
    #[pygetset]
    fn sni_callback(&self) -> Obj {
        self.sni_callback.load().unwrap_or_else(none)
    }
    #[pygetset(setter = "sni_callback")]
    fn set_sni_callback(&self, value: Option<&Obj>) -> PyResult<()> {
        given(value)?;
        if self.protocol == PROTOCOL_TLS_CLIENT {
            return Err(value_error("sni_callback cannot be set on TLS_CLIENT context"));
        }
        drop(self.sni_callback.replace(function_or_none(value)?));
        Ok(())
    }
    #[pygetset(name = "_msg_callback")]
    fn message_callback(&self) -> Obj {
        self.message_callback.load().unwrap_or_else(none)
    }
    #[pygetset(setter = "_msg_callback")]
    fn set_message_callback(&self, value: Option<&Obj>) -> PyResult<()> {
        let value = given(value)?;
        if !is_none(value) && !is_callable(value) {
            return Err(type_error(format!(
                "{} is not callable.",
                taipan_objects::protocol::repr_string(value)?
            )));
        }
        drop(self.message_callback.replace(Some(value.clone())));
        Ok(())
    }
}

impl PyContext {
    fn fixed_version(&self) -> PyResult<()> {
        if matches!(self.protocol, 3..=5) {
            return Err(value_error(
                "The context's protocol doesn't support modification of highest and lowest version.",
            ));
        }
        Ok(())
    }
}
