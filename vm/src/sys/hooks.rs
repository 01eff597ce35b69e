//! `displayhook`, `excepthook`, `unraisablehook`, `breakpointhook`, audit hooks.

use parking_lot::RwLock;
use taipan_objects::exceptions::PyBaseException;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;
use taipan_threading::sync::atomic::{AtomicBool, Ordering};

use crate::interpreters::PerInterpreter;

static AUDIT_HOOKS: PerInterpreter<RwLock<Vec<Obj>>> = PerInterpreter::new();
/// Whether there are audit hooks. Only ever set.
static AUDITED: AtomicBool = AtomicBool::new(false);

/// Whether anybody listens to audit events.
#[inline(always)]
pub fn is_audited() -> bool {
    // Relaxed: a hook sees the events after its installation, as seen from its thread.
    AUDITED.load(Ordering::Relaxed)
}

/// Raises an audit event.
pub fn audit(event: &str, args: &[Obj]) -> PyResult<()> {
    if !is_audited() {
        return Ok(());
    }
    let hooks = AUDIT_HOOKS.get_or_default().read().clone();
    let arguments = [str_obj(event), tuple_obj(args.to_vec())];
    for hook in hooks {
        call_hook(&hook, &arguments)?;
    }
    Ok(())
}

/// Calls an audit hook, which is traced only if it says that it can be.
fn call_hook(hook: &Obj, arguments: &[Obj]) -> PyResult<()> {
    let tracing = &crate::thread::current().tracing;
    let traced = tracing.silently(|| match getattr_opt(hook, &istr!("__cantrace__"))? {
        Some(answer) => is_true(&answer),
        None => Ok(false),
    })?;
    if traced {
        call(hook, arguments).map(drop)
    } else {
        tracing.silently(|| call(hook, arguments)).map(drop)
    }
}

/// Reports the exception on its way, which nobody can handle, through `sys.unraisablehook`.
pub fn print_unraisable(message: Option<&str>, object: Option<&Obj>) {
    let exception = take_raised();
    let hook = super::get("unraisablehook").unwrap_or_else(|Raised| {
        drop(try_take_raised());
        None
    });
    let traceback = exception
        .downcast::<PyBaseException>()
        .and_then(PyBaseException::traceback)
        .or_else(|| {
            // At least where it was noticed.
            let frame = crate::frame_object::current_frame(0)?;
            let at = frame.downcast::<taipan_objects::frame::PyFrame>()?.lasti.load(Ordering::Relaxed);
            Some(taipan_objects::traceback::PyTraceback::new(None, frame, at as i32, -1).into_obj())
        })
        .unwrap_or_else(none);
    let arguments = super::info::unraisable_args(vec![
        class_of(&exception).to_obj(),
        exception.clone(),
        traceback,
        message.map_or_else(none, str_obj),
        object.cloned().unwrap_or_else(none),
    ]);
    let Some(hook) = hook.filter(|h| !is_none(h)) else { return };
    if call1(&hook, &arguments).is_err() {
        let second = take_raised();
        crate::error_display::display_ignored(
            "Exception ignored in sys.unraisablehook",
            Some(&hook),
            &second,
            second.downcast::<PyBaseException>().and_then(PyBaseException::traceback).as_ref(),
        );
    }
}

#[pymodule(name = "sys")]
mod items {
    use super::*;

    /// Adds a new audit hook callback.
    #[pyfunction(sig = "(hook)")]
    fn addaudithook(hook: &Obj) -> PyResult<()> {
        if audit("sys.addaudithook", &[]).is_err() {
            // A hook refuses further ones.
            catch(&types().exception)?;
            return Ok(());
        }
        AUDIT_HOOKS.get_or_default().write().push(hook.clone());
        AUDITED.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Passes the event to any hooks that are attached.
    #[pyfunction(name = "audit", sig = "(event, /, *args)")]
    fn audit_(event: &str, args: &[Obj]) -> PyResult<()> {
        audit(event, args)
    }

    /// Print an object to sys.stdout and also save it in builtins._
    #[pyfunction]
    fn displayhook(object: &Obj) -> PyResult<()> {
        if is_none(object) {
            return Ok(());
        }
        let builtins = crate::builtins::module()?;
        builtins.dict_ref().set_str("_", none());
        let Some(stdout) = crate::sys::get("stdout")?.filter(|s| !is_none(s)) else {
            return Err(runtime_error("lost sys.stdout"));
        };
        let text = repr(object)?;
        if call_method(&stdout, &istr!("write"), &[text.clone().into_obj()]).is_err() {
            drop(catch(&types().unicode_encode_error)?);
            let encoding = str_string(&getattr(&stdout, &istr!("encoding"))?)?;
            let bytes = taipan_objects::str::codecs::encode(&text, &encoding, "backslashreplace")?;
            let escaped = taipan_objects::str::codecs::decode_object(&bytes, &encoding, "strict")?;
            drop(call_method(&stdout, &istr!("write"), &[escaped])?);
        }
        drop(call_method(&stdout, &istr!("write"), &[str_obj("\n")])?);
        builtins.dict_ref().set_str("_", object.clone());
        Ok(())
    }

    /// Handle an exception by displaying it with a traceback on sys.stderr.
    #[pyfunction]
    fn excepthook(exctype: &Obj, value: &Obj, traceback: &Obj) -> PyResult<()> {
        let _ = (exctype, traceback);
        if !value.is_layout::<PyBaseException>() {
            let text = format!(
                "TypeError: print_exception(): Exception expected for value, {} found\n",
                class_of(value).name()
            );
            if let Some(stderr) = crate::sys::get("stderr")?.filter(|s| !is_none(s)) {
                drop(call_method(&stderr, &istr!("write"), &[str_obj(&text)])?);
            }
            return Ok(());
        }
        crate::error_display::display(value);
        Ok(())
    }

    /// Handle an unraisable exception.
    ///
    /// The unraisable argument has the following attributes:
    ///
    /// * exc_type: Exception type.
    /// * exc_value: Exception value, can be None.
    /// * exc_traceback: Exception traceback, can be None.
    /// * err_msg: Error message, can be None.
    /// * object: Object causing the exception, can be None.
    #[pyfunction]
    fn unraisablehook(unraisable: &Obj) -> PyResult<()> {
        let field = |name: &str| getattr_opt(unraisable, &intern(name)).map(|v| v.filter(|v| !is_none(v)));
        let message = match field("err_msg")? {
            Some(message) => Some(str_string(&message)?),
            None => None,
        };
        let object = field("object")?;
        let text = message.unwrap_or_else(|| "Exception ignored in".to_owned());
        match field("exc_value")? {
            Some(value) => {
                let traceback = field("exc_traceback")?;
                crate::error_display::display_ignored(&text, object.as_ref(), &value, traceback.as_ref());
            }
            None => crate::error_display::write_stderr(&format!("{text}\n")),
        }
        Ok(())
    }

    /// Call the debugger that PYTHONBREAKPOINT names: pdb.set_trace by default, nothing if it is "0".
    #[pyfunction(sig = "(*args, **kws)", text = "($module, /, *args, **kwargs)")]
    fn breakpointhook(args: &[Obj], kws: Kwargs<'_>) -> PyResult<Obj> {
        let wanted = match std::env::var("PYTHONBREAKPOINT") {
            Ok(name) if !crate::sys::config::settings().ignore_environment && !name.is_empty() => name,
            _ => "pdb.set_trace".to_owned(),
        };
        if wanted == "0" {
            return Ok(none());
        }
        let (module, attribute) = wanted.rsplit_once('.').unwrap_or(("builtins", &wanted));
        let found = crate::import::import_module(module).and_then(|module| getattr_str(&module, attribute));
        let Ok(function) = found else {
            drop(catch(&types().exception)?);
            taipan_objects::hooks::warn(
                &format!("Ignoring unimportable $PYTHONBREAKPOINT: \"{wanted}\""),
                types().runtime_warning.as_obj(),
                1,
            )?;
            return Ok(none());
        };
        let (mut names, mut values) = (Vec::new(), Vec::new());
        for (name, value) in kws.iter() {
            names.push(name.clone());
            values.push(value.clone());
        }
        call_args(&function, &Args::with_keywords(args, &names, &values))
    }
}
