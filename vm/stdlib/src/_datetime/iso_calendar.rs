//! What `isocalendar` returns: a tuple with names.

use taipan_objects::native::{GetSetDef, MethodDef, MethodKind, Shape, Signature};
use taipan_objects::prelude::*;
use taipan_objects::tuple::PyTuple;
use taipan_objects::type_object::TypeBuilder;

use crate::native_class;

native_class!(
    fn class() = TypeBuilder::new("datetime.IsoCalendarDate", PyTuple::ops())
        .base(&types().tuple)
        .slots(TypeSlots { repr: Some(repr), ..TypeSlots::EMPTY })
        .methods(METHODS)
        .getset(GETSET)
        .doc("The result of date.isocalendar() or datetime.isocalendar()\n\nThis object may be accessed either as a tuple of\n  ((year, week, weekday))\nor via the object attributes as named in the above tuple.")
        .no_instantiation()
        .final_()
        .make()
);

fn part(obj: &Obj, index: usize) -> PyResult<Obj> {
    obj.downcast::<PyTuple>()
        .and_then(|tuple| tuple.get(index).cloned())
        .ok_or_else(|| type_error("an IsoCalendarDate is required"))
}

static GETSET: &[GetSetDef] = &[
    GetSetDef { name: "year", get: |obj| part(obj, 0), set: None, doc: "" },
    GetSetDef { name: "week", get: |obj| part(obj, 1), set: None, doc: "" },
    GetSetDef { name: "weekday", get: |obj| part(obj, 2), set: None, doc: "" },
];

static REDUCE: Signature = Signature {
    name: "__reduce__",
    owner: "datetime.IsoCalendarDate",
    shape: Shape::NoArgs,
    receiver: true,
    names: &[],
    positional_only: 0,
    positional: 0,
    required: 0,
    required_mask: 0,
    varargs: false,
    kwargs: false,
};
static METHODS: &[MethodDef] = &[MethodDef {
    name: "__reduce__",
    kind: MethodKind::Method,
    call: |args| {
        let items = args.positional.first().map(collect_items).transpose()?.unwrap_or_default();
        Ok(tuple_obj(vec![types().tuple.as_obj().clone(), tuple_obj(vec![tuple_obj(items)])]))
    },
    doc: "",
    text_signature: None,
    signature: &REDUCE,
    fast0: None,
    fast1: None,
    fast2: None,
    fast3: None,
    intrinsic: taipan_objects::native::Intrinsic::None,
}];

fn collect_items(obj: &Obj) -> PyResult<Vec<Obj>> {
    obj.downcast::<PyTuple>().map(PyTuple::to_vec).ok_or_else(|| type_error("an IsoCalendarDate is required"))
}

fn repr(obj: &Obj) -> PyResult<Obj> {
    let (year, week, weekday) = (part(obj, 0)?, part(obj, 1)?, part(obj, 2)?);
    Ok(str_obj(&format!(
        "{}(year={}, week={}, weekday={})",
        class_of(obj).name(),
        str_string(&year)?,
        str_string(&week)?,
        str_string(&weekday)?
    )))
}

pub fn make((year, week, weekday): (i64, i64, i64)) -> Obj {
    PyTuple::with_class(class(), vec![int_obj(year), int_obj(week), int_obj(weekday)]).into_obj()
}
