//! `ChannelID`: objects that name a channel, or an end of it. The channel lives as long as there is one.

use taipan_objects::hooks;
use taipan_objects::layout::TraceField;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::type_object::slots::CompareOp;
use taipan_objects::type_object::{TypeBuilder, new_instance};

use super::{channel, imported_end_types};
use crate::_interpqueues::number_of;
use crate::native_class;

/// Which ends are meant.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum End {
    Both,
    Send,
    Recv,
}

/// Counts one name of a channel.
struct Name(i64);

impl Name {
    fn new(id: i64) -> Name {
        channel::name(id);
        Name(id)
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        channel::unname(self.0);
    }
}

impl TraceField for Name {
    fn trace_field(&self, _: &mut Tracer<'_>) {}
}

/// A `ChannelID`.
#[repr(C)]
pub struct PyChannelId {
    header: Header,
    name: Name,
    end: End,
    /// Whether it arrives elsewhere as an object of the library.
    resolve: bool,
}
layout!(PyChannelId, "_interpchannels.ChannelID", [name]);

native_class!(
    /// `ChannelID`.
    pub fn class() = TypeBuilder::new("_interpchannels.ChannelID", PyChannelId::ops())
        .no_instantiation()
        .slots(TypeSlots {
            repr: Some(repr),
            str_: Some(text),
            hash: Some(hash),
            richcompare: Some(compare),
            index: Some(index),
            int: Some(index),
            ..TypeSlots::EMPTY
        })
        .getset(PyChannelId::getset())
        .doc("A channel ID identifies a channel and may be used as an int.")
        .make()
);

pub fn new(id: i64, end: End, resolve: bool) -> PyResult<Obj> {
    let name = Name::new(id);
    Ok(new_instance(class(), |header| PyChannelId { header, name, end, resolve }).into_obj())
}

pub fn is_id(obj: &Obj) -> bool {
    obj.is_layout::<PyChannelId>()
}

/// The number of a channel given by an id or a number.
pub fn number(obj: &Obj) -> PyResult<i64> {
    match obj.downcast::<PyChannelId>() {
        Some(this) => Ok(this.name.0),
        None => number_of(obj, "channel"),
    }
}

fn this(obj: &Obj) -> PyResult<&PyChannelId> {
    crate::native_class::receiver(obj)
}

fn repr(obj: &Obj) -> PyResult<Obj> {
    let this = this(obj)?;
    let end = match this.end {
        End::Both => "",
        End::Send => ", send=True",
        End::Recv => ", recv=True",
    };
    Ok(str_obj(&format!("{}({}{end})", class_of(obj).short_name(), this.name.0)))
}

fn text(obj: &Obj) -> PyResult<Obj> {
    Ok(str_obj(&this(obj)?.name.0.to_string()))
}

fn hash(obj: &Obj) -> PyResult<i64> {
    taipan_objects::protocol::hash(&int_obj(this(obj)?.name.0))
}

fn index(obj: &Obj) -> PyResult<Obj> {
    Ok(int_obj(this(obj)?.name.0))
}

fn compare(obj: &Obj, other: &Obj, op: CompareOp) -> PyResult<Obj> {
    if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
        return Ok(not_implemented());
    }
    let this = this(obj)?;
    let equal = match other.downcast::<PyChannelId>() {
        Some(other) => this.end == other.end && this.name.0 == other.name.0,
        None if is_instance_of(other, &types().int) || is_instance_of(other, &types().float) => {
            taipan_objects::protocol::eq(&int_obj(this.name.0), other)?
        }
        None => return Ok(not_implemented()),
    };
    Ok(bool_obj(equal == matches!(op, CompareOp::Eq)))
}

#[pymethods(class = "ChannelID")]
impl PyChannelId {
    /// 'send', 'recv', or 'both'
    #[pygetset]
    fn end(&self) -> &'static str {
        match self.end {
            End::Both => "both",
            End::Send => "send",
            End::Recv => "recv",
        }
    }
    /// the 'send' end of the channel
    #[pygetset]
    fn send(&self) -> PyResult<Obj> {
        new(self.name.0, End::Send, self.resolve)
    }
    /// the 'recv' end of the channel
    #[pygetset]
    fn recv(&self) -> PyResult<Obj> {
        new(self.name.0, End::Recv, self.resolve)
    }
}

/// A channel on its way.
pub struct ChannelRef {
    name: Name,
    end: End,
    /// Whether an object of the library is meant.
    object: bool,
}

/// What `obj`, an id or an object of the library's classes, names.
pub fn reference(obj: &Obj, end_types: Option<[Obj; 2]>) -> PyResult<ChannelRef> {
    if let Some(this) = obj.downcast::<PyChannelId>() {
        return Ok(ChannelRef { name: Name::new(this.name.0), end: this.end, object: this.resolve });
    }
    let class = class_of(obj).to_obj();
    let sends = end_types.is_some_and(|[send, _]| send.is(&class));
    let id = getattr_str(obj, "_id")?;
    let Some(id) = id.downcast::<PyChannelId>().map(|id| id.name.0) else {
        return Err(type_error(format!(
            "'_id' attribute must be an _interpchannels.ChannelID object, not {}",
            class_of(&id).name()
        )));
    };
    Ok(ChannelRef { name: Name::new(id), end: if sends { End::Send } else { End::Recv }, object: true })
}

impl ChannelRef {
    /// The object for the current interpreter.
    pub fn arrive(&self) -> PyResult<Obj> {
        let _ = hooks::get()?;
        let id = new(self.name.0, self.end, self.object)?;
        if !self.object || self.end == End::Both {
            return Ok(id);
        }
        let [send, recv] = imported_end_types()?;
        call(if self.end == End::Send { &send } else { &recv }, &[id]).map(IntoStrong::into_strong)
    }
}
