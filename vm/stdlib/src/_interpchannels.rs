//! `_interpchannels`: channels between interpreters, found by number in one table (`channel.rs`), and the objects that name them (`channel_id.rs`).

mod channel;
mod channel_id;

use std::time::Duration;

use parking_lot::Mutex;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::structseq::{self, StructSeqDef};
use taipan_vm::interpreters::PerInterpreter;

use crate::_interpqueues::{Unbound, way_of};
use crate::_thread::wait_interruptibly;
use crate::cross_interpreter::{Passage, Way, WeakClasses, imported};
use crate::native_class;
use crate::new_exception::new_exception;
use channel::{Problem, Received};
use channel_id::End;

pub use channel_id::ChannelRef;

native_class!(
    /// `ChannelError`.
    fn channel_error() = new_exception("_interpchannels.ChannelError", &types().runtime_error)
);
native_class!(
    /// `ChannelNotFoundError`.
    fn not_found_error() = new_exception("_interpchannels.ChannelNotFoundError", channel_error())
);
native_class!(
    /// `ChannelClosedError`.
    fn closed_error() = new_exception("_interpchannels.ChannelClosedError", channel_error())
);
native_class!(
    /// `ChannelEmptyError`.
    fn empty_error() = new_exception("_interpchannels.ChannelEmptyError", channel_error())
);
native_class!(
    /// `ChannelNotEmptyError`.
    fn not_empty_error() = new_exception("_interpchannels.ChannelNotEmptyError", channel_error())
);

/// Raises what went wrong with a channel.
fn problem(id: i64, problem: Problem) -> Raised {
    let (class, text) = match problem {
        Problem::NotFound => (not_found_error(), format!("channel {id} not found")),
        Problem::Closed => (closed_error(), format!("channel {id} is closed")),
        Problem::Empty => (empty_error(), format!("channel {id} is empty")),
        Problem::NotEmpty => {
            (not_empty_error(), format!("channel {id} may not be closed if not empty (try force=True)"))
        }
        Problem::Released => (closed_error(), format!("channel {id} is already closed")),
    };
    raise_args(class, vec![str_obj(&text)])
}

static INFO: StructSeqDef = StructSeqDef {
    name: "_interpchannels.ChannelInfo",
    doc: "ChannelInfo\n\nA named tuple of a channel's state.",
    fields: &[
        ("open", "both ends are open"),
        ("closing", "send is closed, recv is non-empty"),
        ("closed", "both ends are closed"),
        ("count", "queued objects"),
        ("num_interp_send", "interpreters bound to the send end"),
        ("num_interp_send_released", "interpreters bound to the send end and released"),
        ("num_interp_recv", "interpreters bound to the send end"),
        ("num_interp_recv_released", "interpreters bound to the send end and released"),
        ("num_interp_both", "interpreters bound to both ends"),
        ("num_interp_both_recv_released", "interpreters bound to both ends and released_from_the recv end"),
        ("num_interp_both_send_released", "interpreters bound to both ends and released_from_the send end"),
        ("num_interp_both_released", "interpreters bound to both ends and released_from_both"),
        ("send_associated", "current interpreter is bound to the send end"),
        ("send_released", "current interpreter *was* bound to the send end"),
        ("recv_associated", "current interpreter is bound to the recv end"),
        ("recv_released", "current interpreter *was* bound to the recv end"),
    ],
    visible: 8,
};
crate::posix::lazy_class!(info_class, &INFO);

/// The classes of channel ends that the library registered: of the sending and of the receiving end.
static END_TYPES: PerInterpreter<Mutex<Option<WeakClasses<2>>>> = PerInterpreter::new();

fn end_types() -> Option<[Obj; 2]> {
    let types = END_TYPES.get()?.lock().clone();
    types?.get()
}

/// The same, importing the module that registers them.
fn imported_end_types() -> PyResult<[Obj; 2]> {
    if let Some(types) = end_types() {
        return Ok(types);
    }
    for module in ["concurrent.interpreters._channels", "test.support.channels"] {
        match imported(module, "SendChannel") {
            Ok(_) => break,
            Err(Raised) => drop(catch(&types().import_error)?),
        }
    }
    end_types().ok_or_else(|| runtime_error("channel end types are not registered"))
}

/// Whether the object is a channel's number or one of its ends.
pub fn is_channel(obj: &Obj) -> bool {
    let class = class_of(obj).to_obj();
    channel_id::is_id(obj) || end_types().is_some_and(|types| types.iter().any(|end| end.is(&class)))
}

/// What the object names, if it is such an object.
pub fn reference(obj: &Obj) -> PyResult<Option<ChannelRef>> {
    if !is_channel(obj) {
        return Ok(None);
    }
    channel_id::reference(obj, end_types()).map(Some)
}

/// A passage in the channel, and for who waits the time until it is taken.
fn send_passage(id: i64, passage: Passage, unbound: Unbound, wait: Option<Option<Duration>>) -> PyResult<()> {
    let sent = channel::send(id, passage, unbound).map_err(|p| problem(id, p))?;
    let Some(timeout) = wait else { return Ok(()) };
    let taken = wait_interruptibly(timeout, |left| sent.done.wait(left, true));
    match taken {
        Ok(true) if sent.was_received() => Ok(()),
        Ok(true) => Err(problem(id, Problem::Closed)),
        Ok(false) if channel::take_back(id, &sent) => {
            Err(raise_args(&types().timeout_error, vec![str_obj("timed out")]))
        }
        // It was taken at the last moment.
        Ok(false) => Ok(()),
        Err(raised) => {
            let pending = take_raised();
            channel::take_back(id, &sent);
            let _ = raised;
            Err(set_raised(pending))
        }
    }
}

fn waiting(blocking: bool, timeout: Option<&Obj>) -> PyResult<Option<Option<Duration>>> {
    let Some(timeout) = timeout.filter(|t| !is_none(t)) else { return Ok(blocking.then_some(None)) };
    let seconds = f64::from_arg(timeout)?;
    if seconds < 0.0 {
        return Err(value_error("timeout value must be a non-negative number"));
    }
    if !blocking {
        return Err(value_error("can't specify a timeout for a non-blocking call"));
    }
    Ok(Some(Duration::try_from_secs_f64(seconds).ok()))
}

fn default_of(id: i64, unboundop: i64) -> PyResult<Unbound> {
    let (default, _) = channel::defaults(id).map_err(|p| problem(id, p))?;
    Unbound::of(unboundop, default)
}

/// Which ends two optional flags mean.
fn ends(send: Option<bool>, recv: Option<bool>) -> PyResult<End> {
    Ok(match (send, recv) {
        (None | Some(false), None) if send.is_none() => End::Both,
        (Some(true), Some(true)) => End::Both,
        (Some(true), _) => End::Send,
        (_, Some(true)) => End::Recv,
        (Some(false), None) => End::Recv,
        (None, Some(false)) => End::Send,
        _ => return Err(value_error("'send' and 'recv' cannot both be False")),
    })
}

/// This module provides primitive operations to manage Python interpreters.
/// The 'interpreters' module provides a more convenient interface.
#[pymodule(name = "_interpchannels")]
mod items {
    use super::*;

    /// channel_create(unboundop) -> cid
    ///
    /// Create a new cross-interpreter channel and return a unique generated ID.
    #[pyfunction(sig = "(unboundop=-1, fallback=-1)", text = "")]
    fn create(unboundop: i64, fallback: i64) -> PyResult<Obj> {
        let unbound = Unbound::of(unboundop, Unbound::Replace)?;
        let way = way_of(fallback, Way::Full)?;
        channel_id::new(channel::create(unbound, way), End::Both, false)
    }
    /// channel_destroy(cid)
    ///
    /// Close and finalize the channel.  Afterward attempts to use the channel
    /// will behave as though it never existed.
    #[pyfunction(sig = "(cid)", text = "")]
    fn destroy(cid: &Obj) -> PyResult<()> {
        let id = channel_id::number(cid)?;
        channel::destroy(id).map_err(|p| problem(id, p))
    }
    /// channel_list_all() -> [cid]
    ///
    /// Return the list of all IDs for active channels.
    #[pyfunction]
    fn list_all() -> PyResult<Obj> {
        let mut list = Vec::new();
        for (id, unbound, way) in channel::all() {
            let way = i64::from(way == Way::Full);
            let number = channel_id::new(id, End::Both, false)?;
            list.push(tuple_obj(vec![number, int_obj(unbound as i64), int_obj(way)]));
        }
        Ok(list_obj(list))
    }
    /// channel_list_interpreters(cid, *, send) -> [id]
    ///
    /// Return the list of all interpreter IDs associated with an end of the channel.
    #[pyfunction(sig = "(cid, *, send)", text = "")]
    fn list_interpreters(cid: &Obj, send: bool) -> PyResult<Obj> {
        let id = channel_id::number(cid)?;
        let list = channel::interpreters(id, send).map_err(|p| problem(id, p))?;
        Ok(list_obj(list.into_iter().map(int_obj).collect()))
    }
    /// channel_send(cid, obj, *, blocking=True, timeout=None)
    ///
    /// Add the object's data to the channel's queue.
    #[pyfunction(sig = "(cid, obj, unboundop=-1, fallback=-1, *, blocking=True, timeout=None)", text = "")]
    fn send(
        cid: &Obj,
        obj: &Obj,
        unboundop: i64,
        fallback: i64,
        blocking: bool,
        timeout: Option<&Obj>,
    ) -> PyResult<()> {
        let id = channel_id::number(cid)?;
        let wait = waiting(blocking, timeout)?;
        let unbound = default_of(id, unboundop)?;
        let (_, way) = channel::defaults(id).map_err(|p| problem(id, p))?;
        send_passage(id, Passage::of(obj, way_of(fallback, way)?)?, unbound, wait)
    }
    /// channel_send_buffer(cid, obj, *, blocking=True, timeout=None)
    ///
    /// Add the object's buffer to the channel's queue.
    #[pyfunction(sig = "(cid, obj, unboundop=-1, fallback=-1, *, blocking=True, timeout=None)", text = "")]
    fn send_buffer(
        cid: &Obj,
        obj: &Obj,
        unboundop: i64,
        fallback: i64,
        blocking: bool,
        timeout: Option<&Obj>,
    ) -> PyResult<()> {
        let id = channel_id::number(cid)?;
        let wait = waiting(blocking, timeout)?;
        let unbound = default_of(id, unboundop)?;
        let _ = way_of(fallback, Way::Full)?;
        send_passage(id, Passage::of_buffer(obj)?, unbound, wait)
    }
    /// channel_recv(cid, [default]) -> (obj, unboundop)
    ///
    /// Return a new object from the data at the front of the channel's queue.
    #[pyfunction(sig = "(cid, default=<unrepresentable>)", text = "")]
    fn recv(cid: &Obj, default: Option<&Obj>) -> PyResult<Obj> {
        let id = channel_id::number(cid)?;
        match channel::receive(id) {
            Ok(Received::Item(passage)) => Ok(tuple_obj(vec![passage.arrive()?, none()])),
            Ok(Received::Unbound(unbound)) => Ok(tuple_obj(vec![none(), int_obj(unbound as i64)])),
            Err(Problem::Empty) if default.is_some() => {
                Ok(tuple_obj(vec![default.cloned().unwrap_or_else(none), none()]))
            }
            Err(other) => Err(problem(id, other)),
        }
    }
    /// channel_close(cid, *, send=None, recv=None, force=False)
    ///
    /// Close the channel for all interpreters.
    #[pyfunction(sig = "(cid, *, send=False, recv=False, force=False)", text = "")]
    fn close(cid: &Obj, send: bool, recv: bool, force: bool) -> PyResult<()> {
        let id = channel_id::number(cid)?;
        channel::close(id, send && !recv, force).map_err(|p| problem(id, p))
    }
    /// channel_release(cid, *, send=None, recv=None, force=True)
    ///
    /// Close the channel for the current interpreter.  'send' and 'recv'
    /// (bool) may be used to indicate the ends to close.  By default both
    /// ends are closed.  Closing an already closed end is a noop.
    #[pyfunction(sig = "(cid, *, send=False, recv=False, force=False)", text = "")]
    fn release(cid: &Obj, send: bool, recv: bool, force: bool) -> PyResult<()> {
        let _ = force;
        let id = channel_id::number(cid)?;
        let both = !send && !recv;
        channel::release(id, send || both, recv || both).map_err(|p| problem(id, p))
    }
    /// get_count(cid)
    ///
    /// Return the number of items in the channel.
    #[pyfunction(sig = "(cid)", text = "")]
    fn get_count(cid: &Obj) -> PyResult<usize> {
        let id = channel_id::number(cid)?;
        channel::count(id).map_err(|p| problem(id, p))
    }
    /// get_info(cid)
    ///
    /// Return details about the channel.
    #[pyfunction(sig = "(cid)", text = "")]
    fn get_info(cid: &Obj) -> PyResult<Obj> {
        let id = channel_id::number(cid)?;
        let info = channel::info(id).map_err(|p| problem(id, p))?;
        let flags = [info.open, info.closing, info.closed].map(bool_obj);
        let counts = info.counts.map(|count| int_obj(count as i64));
        let own = info.own.map(bool_obj);
        Ok(structseq::new(&info_class(), flags.into_iter().chain(counts).chain(own).collect()))
    }
    /// get_channel_defaults(cid)
    ///
    /// Return the channel's default values, set when it was created.
    #[pyfunction(sig = "(cid)", text = "")]
    fn get_channel_defaults(cid: &Obj) -> PyResult<Obj> {
        let id = channel_id::number(cid)?;
        let (unbound, way) = channel::defaults(id).map_err(|p| problem(id, p))?;
        Ok(tuple_obj(vec![int_obj(unbound as i64), int_obj(i64::from(way == Way::Full))]))
    }
    #[pyfunction(sig = "(cid, *, send=None, recv=None, force=False, _resolve=False)", text = "")]
    fn _channel_id(
        cid: &Obj,
        send: Option<bool>,
        recv: Option<bool>,
        force: bool,
        _resolve: bool,
    ) -> PyResult<Obj> {
        let id = channel_id::number(cid)?;
        let end = ends(send, recv)?;
        if !force && !channel::exists(id) {
            return Err(problem(id, Problem::NotFound));
        }
        channel_id::new(id, end, _resolve)
    }
    #[pyfunction(sig = "(send, recv)", text = "")]
    fn _register_end_types(send: &Obj, recv: &Obj) -> PyResult<()> {
        let new = Some(WeakClasses::new([send, recv])?);
        let old = std::mem::replace(&mut *END_TYPES.get_or_default().lock(), new);
        drop(old);
        Ok(())
    }

    #[pyinit]
    fn init(module: &PyModuleBuilder<'_>) -> PyResult<()> {
        for (name, class) in [
            ("ChannelError", channel_error()),
            ("ChannelNotFoundError", not_found_error()),
            ("ChannelClosedError", closed_error()),
            ("ChannelEmptyError", empty_error()),
            ("ChannelNotEmptyError", not_empty_error()),
            ("ChannelID", channel_id::class()),
            ("ChannelInfo", &info_class()),
        ] {
            module.add(name, class.as_obj().clone())?;
        }
        Ok(())
    }
}
