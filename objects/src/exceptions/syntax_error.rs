//! `SyntaxError`.
//!
//! Fields: 0 `msg`, 1 `filename`, 2 `lineno`, 3 `offset`, 4 `text`; 5 a tuple of `end_lineno`, `end_offset`, `print_file_and_line`,
//! `_metadata` (missing while all are `None`), replaced under the object's lock.

use taipan_gc::Obj;
use taipan_threading::CriticalSection;

use super::{base, member, this};
use crate::argument::Args;
use crate::construct::*;
use crate::error::*;
use crate::native::GetSetDef;
use crate::protocol;
use crate::str::PyStr;
use crate::tuple::PyTuple;
use crate::type_object::{TypeSlots, class_of, ready};
use crate::types::{Types, types};

const MORE: usize = 5;

fn more(obj: &Obj) -> PyResult<Vec<Obj>> {
    let stored = this(obj)?.field(MORE);
    let mut items = stored
        .as_ref()
        .and_then(|t| t.downcast::<PyTuple>())
        .map(|t| t.as_slice().to_vec())
        .unwrap_or_default();
    items.resize_with(4, none);
    Ok(items)
}

fn get_more<const I: usize>(obj: &Obj) -> PyResult<Obj> {
    Ok(more(obj)?.swap_remove(I))
}

fn set_more<const I: usize>(obj: &Obj, value: Option<&Obj>) -> PyResult<()> {
    let Some(header) = obj.header() else { return Ok(()) };
    let section = CriticalSection::enter(header.lock());
    let mut items = more(obj)?;
    items[I] = value.cloned().unwrap_or_else(none);
    // The former tuple is dropped after the lock: dropping may run Python code.
    let former = this(obj)?.fields[MORE].replace(Some(tuple_obj(items)));
    drop(section);
    drop(former);
    Ok(())
}

fn init(obj: &Obj, args: &Args<'_>) -> PyResult<()> {
    base::init(obj, args)?;
    let exception = this(obj)?;
    if let Some(message) = args.positional.first() {
        exception.set_field(0, Some(message.clone()));
    }
    let [_, info] = args.positional else { return Ok(()) };
    let info = protocol::collect(info)?;
    if info.len() < 4 {
        return Err(type_error(format!("function takes at least 4 arguments ({} given)", info.len())));
    }
    if info.len() > 7 {
        return Err(type_error(format!("function takes at most 7 arguments ({} given)", info.len())));
    }
    for (index, value) in info.iter().take(4).enumerate() {
        exception.set_field(index + 1, Some(value.clone()));
    }
    if info.len() == 4 {
        exception.set_field(MORE, None);
    } else {
        let item = |index: usize| info.get(index).cloned().unwrap_or_else(none);
        exception.set_field(MORE, Some(tuple_obj(vec![item(4), item(5), none(), item(6)])));
        if info.len() == 5 {
            return Err(type_error("end_offset must be provided when end_lineno is provided"));
        }
    }
    Ok(())
}

fn str(obj: &Obj) -> PyResult<Obj> {
    let exception = this(obj)?;
    let message = protocol::str(&exception.field(0).unwrap_or_else(none))?;
    let filename = exception.field(1).and_then(|f| {
        let path = f.downcast::<PyStr>()?.to_string_lossy().into_owned();
        Some(path.rsplit('/').next().unwrap_or_default().to_owned())
    });
    let line = exception.field(2).filter(|l| class_of(l).is(&types().int));
    let line = line.map(|l| protocol::str_string(&l)).transpose()?;
    let place = match (filename, line) {
        (Some(filename), Some(line)) => format!(" ({filename}, line {line})"),
        (Some(filename), None) => format!(" ({filename})"),
        (None, Some(line)) => format!(" (line {line})"),
        (None, None) => return Ok(message.into_obj()),
    };
    crate::str::concat(&message, &PyStr::new(&place)).map(|s| s.into_obj())
}

const fn more_member<const I: usize>(name: &'static str) -> GetSetDef {
    GetSetDef { name, get: get_more::<I>, set: Some(set_more::<I>), doc: "" }
}

static GETSET: &[GetSetDef] = &[
    member::<0>("msg"),
    member::<1>("filename"),
    member::<2>("lineno"),
    member::<3>("offset"),
    member::<4>("text"),
    more_member::<0>("end_lineno"),
    more_member::<1>("end_offset"),
    more_member::<2>("print_file_and_line"),
    more_member::<3>("_metadata"),
];

pub(super) fn fill(types: &Types) {
    let class = &types.syntax_error;
    class.slots.set_all(&TypeSlots { init: Some(init), str_: Some(str), ..TypeSlots::EMPTY });
    ready::add_getset(class, GETSET);
}
