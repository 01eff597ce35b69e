//! Tuples with named fields as native modules return them: `os.stat_result`, `time.struct_time`, `sys.flags` and their like.
//!
//! The visible fields are the tuple's items; the hidden ones, reached by name only, follow in a box. Everything is constant from
//! construction on. A class knows its definition through [`DEFINITIONS`], which only constructing, `repr` and pickling ask.

use parking_lot::RwLock;
use taipan_gc::{Header, Obj, Object, Ops, Py, Tracer};

use crate::argument::Args;
use crate::construct::*;
use crate::dict::PyDict;
use crate::error::*;
use crate::layout::TraceField;
use crate::native::{GetSetDef, Kwargs, pymethods};
use crate::protocol;
use crate::tuple::PyTuple;
use crate::type_object::{PyType, TypeBuilder, TypeSlots, class_of, new_instance};
use crate::types::types;

/// What a class of this kind looks like.
pub struct StructSeqDef {
    /// With the module: `"os.stat_result"`.
    pub name: &'static str,
    pub doc: &'static str,
    /// Names and docs in order; an empty name: the item has an index only.
    pub fields: &'static [(&'static str, &'static str)],
    /// How many of the fields are items of the tuple.
    pub visible: usize,
}

/// A tuple with further fields.
#[repr(C)]
pub struct PyStructSeq {
    tuple: PyTuple,
    hidden: Box<[Obj]>,
}

unsafe fn trace(header: *const Header, tracer: &mut Tracer<'_>) {
    // SAFETY: called on this layout only.
    let this = unsafe { &*header.cast::<PyStructSeq>() };
    this.tuple.as_slice().trace_field(tracer);
    this.hidden.trace_field(tracer);
}

unsafe fn drop_fields(header: *mut Header) {
    // SAFETY: called on this layout only, once.
    unsafe { std::ptr::drop_in_place(header.cast::<PyStructSeq>()) }
}

/// The table of [`PyTuple`], in the form that a static can refer to.
struct Tables(std::sync::OnceLock<Ops>);
static OPS: Tables = Tables(std::sync::OnceLock::new());

// SAFETY: repr(C), starting with the struct of `Ops::base`; `new` alone makes instances, of classes with these ops.
unsafe impl Object for PyStructSeq {
    fn ops() -> &'static Ops {
        OPS.0.get_or_init(|| Ops {
            name: "structseq",
            size: size_of::<PyStructSeq>(),
            trace,
            drop: drop_fields,
            tracked: true,
            base: Some(PyTuple::ops()),
        })
    }
}

/// Every class made here with its definition.
static DEFINITIONS: RwLock<Vec<(Py<PyType>, &'static StructSeqDef)>> = RwLock::new(Vec::new());

fn definition(class: &PyType) -> PyResult<&'static StructSeqDef> {
    let found = DEFINITIONS.read().iter().find(|(known, _)| known.is(class)).map(|(_, def)| *def);
    found.ok_or_else(|| type_error(format!("{} is not a structure sequence", class.name())))
}

fn field_value(obj: &Obj, index: usize) -> PyResult<Obj> {
    let Some(this) = obj.downcast::<PyStructSeq>() else {
        return Err(type_error("a structure sequence is required"));
    };
    let visible = this.tuple.len();
    let value =
        if index < visible { this.tuple.as_slice().get(index) } else { this.hidden.get(index - visible) };
    Ok(value.cloned().unwrap_or_else(none))
}

/// Field `index` (hidden ones count on after the visible ones).
pub fn get(obj: &Obj, index: usize) -> PyResult<Obj> {
    field_value(obj, index)
}

fn getter<const INDEX: usize>(obj: &Obj) -> PyResult<Obj> {
    field_value(obj, INDEX)
}

macro_rules! getters {
    ($($index:literal)*) => { &[$(getter::<$index>),*] };
}

static GETTERS: &[fn(&Obj) -> PyResult<Obj>] =
    getters!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31);

/// Makes the class. Call once for each definition.
pub fn make_class(def: &'static StructSeqDef) -> Py<PyType> {
    let named = def.fields.iter().zip(GETTERS).filter(|((name, _), _)| !name.is_empty());
    let getset: Vec<GetSetDef> = named
        .map(|((name, doc), getter)| GetSetDef {
            name,
            get: *getter,
            set: Some(|_, _| Err(attribute_error("readonly attribute"))),
            doc,
        })
        .collect();
    let getset: &'static [GetSetDef] = Box::leak(getset.into_boxed_slice());
    let unnamed = def.fields.iter().filter(|(name, _)| name.is_empty()).count();
    let match_args = def.fields[..def.visible].iter().filter(|(name, _)| !name.is_empty());
    let class = TypeBuilder::new(def.name, PyStructSeq::ops())
        .base(&types().tuple)
        .final_()
        .slots(TypeSlots { new: Some(new_from_python), repr: Some(repr), ..TypeSlots::EMPTY })
        .getset(getset)
        .methods(PyStructSeq::structseq_methods())
        .doc(def.doc)
        .attr("n_fields", int_obj(def.fields.len() as i64))
        .attr("n_sequence_fields", int_obj(def.visible as i64))
        .attr("n_unnamed_fields", int_obj(unnamed as i64))
        .attr("__match_args__", tuple_obj(match_args.map(|(name, _)| str_obj(name)).collect()))
        .make();
    if !def.name.starts_with("sys.") {
        class.set_flag(crate::type_object::type_flags::IMMUTABLE, false);
    }
    DEFINITIONS.write().push((class.clone(), def));
    class
}

/// As [`make_class`], of a class whose instances only native code makes.
pub fn make_class_without_new(def: &'static StructSeqDef) -> Py<PyType> {
    let class = make_class(def);
    class.set_flag(crate::type_object::type_flags::NO_INSTANTIATION, true);
    class.slots.set_new(Some(refuse_new));
    class
}

fn refuse_new(class: &Obj, _args: &Args<'_>) -> PyResult<Obj> {
    let name = class.downcast::<PyType>().map(PyType::full_name).unwrap_or_default();
    Err(type_error(format!("cannot create '{name}' instances")))
}

/// An instance with these fields; missing ones are `None`.
pub fn new(class: &Py<PyType>, fields: Vec<Obj>) -> Obj {
    let (visible, total) = match definition(class) {
        Ok(def) => (def.visible, def.fields.len()),
        Err(Raised) => {
            drop(try_take_raised());
            (fields.len(), fields.len())
        }
    };
    filled(class, visible, total, fields)
}

/// [`new`] of a class whose definition is at hand.
pub fn of_definition(class: &PyType, def: &StructSeqDef, fields: impl IntoIterator<Item = Obj>) -> Obj {
    filled(class, def.visible, def.fields.len(), fields)
}

fn filled(class: &PyType, visible: usize, total: usize, fields: impl IntoIterator<Item = Obj>) -> Obj {
    let mut fields = fields.into_iter().map(protocol::IntoStrong::into_strong);
    let mut part = |count: usize| {
        let mut items = Vec::with_capacity(count);
        for _ in 0..count {
            items.push(fields.next().unwrap_or_else(none));
        }
        items
    };
    let (items, hidden) = (part(visible.min(total)), part(total.saturating_sub(visible)).into_boxed_slice());
    new_instance(class, |header| PyStructSeq { tuple: PyTuple::boxed(header, items), hidden }).into_obj()
}

/// `class(sequence, dict={})`.
fn new_from_python(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    let Some(class) = class.to_py::<PyType>() else { return Err(type_error("expected a type")) };
    let def = definition(&class)?;
    let argument = |index: usize, name: &str| args.positional.get(index).or_else(|| args.keyword(name));
    let known = args.keywords().all(|(name, _)| {
        ["sequence", "dict"].iter().any(|k| name.downcast::<crate::str::PyStr>().is_some_and(|s| s.eq_str(k)))
    });
    let given = args.positional.len() + args.keyword_names.len();
    if given > 2 || !known {
        return Err(type_error(format!("{}() takes at most 2 arguments ({given} given)", class.name())));
    }
    let Some(sequence) = argument(0, "sequence") else {
        return Err(type_error(format!("{}() missing required argument 'sequence' (pos 1)", class.name())));
    };
    let is_sequence = protocol::is_sequence(sequence) || class_of(sequence).slots.iter().is_some();
    if !is_sequence {
        return Err(type_error("constructor requires a sequence"));
    }
    let mut items = protocol::collect(sequence)?;
    let (least, most) = (def.visible, def.fields.len());
    let wrong = if least != most && items.len() < least {
        Some(format!("an at least {least}-sequence"))
    } else if least != most && items.len() > most {
        Some(format!("an at most {most}-sequence"))
    } else if least == most && items.len() != least {
        Some(format!("a {least}-sequence"))
    } else {
        None
    };
    if let Some(wanted) = wrong {
        return Err(type_error(format!("{}() takes {wanted} ({}-sequence given)", def.name, items.len())));
    }
    if let Some(dict) = argument(1, "dict") {
        let Some(dict) = dict.downcast::<PyDict>() else {
            return Err(type_error(format!("{}() takes a dict as second arg, if any", def.name)));
        };
        let have = items.len();
        let mut used = 0;
        for (name, _) in &def.fields[have..] {
            let value = dict.get_str(&crate::str::intern(name));
            used += usize::from(value.is_some());
            items.push(value.map_or_else(none, protocol::IntoStrong::into_strong));
        }
        if dict.len() > used {
            return Err(type_error(format!("{}() got duplicate or unexpected field name(s)", def.name)));
        }
    }
    Ok(new(&class, items))
}

fn repr(obj: &Obj) -> PyResult<Obj> {
    let def = definition(class_of(obj))?;
    let Some(this) = obj.downcast::<PyStructSeq>() else {
        return Err(type_error("a structure sequence is required"));
    };
    // As CPython does: the named fields in order, beside the items in order.
    let names = def.fields.iter().map(|(name, _)| *name).filter(|name| !name.is_empty());
    let mut text = format!("{}(", def.name);
    for (index, (name, item)) in names.zip(this.tuple.as_slice()).enumerate() {
        if index > 0 {
            text.push_str(", ");
        }
        text.push_str(name);
        text.push('=');
        text.push_str(&protocol::repr_string(item)?);
    }
    text.push(')');
    Ok(str_obj(&text))
}

/// Instances of `class`, which is called with its fields one by one, are pickled as such a call.
pub fn reduce_to_fields(class: &Py<PyType>) {
    crate::type_object::ready::add_methods(class, PyStructSeq::field_by_field_methods());
}

#[pymethods(class = "structseq", part = "field_by_field")]
impl PyStructSeq {
    #[pymethod(name = "__reduce__", text = "")]
    fn reduce_fields(slf: &Obj) -> PyResult<Obj> {
        let class = class_of(slf);
        let visible = definition(class)?.visible;
        let items = (0..visible).map(|i| field_value(slf, i)).collect::<PyResult<Vec<Obj>>>()?;
        Ok(tuple_obj(vec![class.to_obj(), tuple_obj(items)]))
    }
}

#[pymethods(class = "structseq", part = "structseq")]
impl PyStructSeq {
    #[pymethod(name = "__reduce__", text = "")]
    fn structseq_reduce(slf: &Obj) -> PyResult<Obj> {
        let class = class_of(slf);
        let def = definition(class)?;
        let items = (0..def.visible).map(|i| field_value(slf, i)).collect::<PyResult<Vec<Obj>>>()?;
        let hidden = PyDict::new();
        for index in def.visible..def.fields.len() {
            hidden.set_str(def.fields[index].0, field_value(slf, index)?);
        }
        Ok(tuple_obj(vec![class.to_obj(), tuple_obj(vec![tuple_obj(items), hidden.into_obj()])]))
    }
    /// Return a copy of the structure with new values for the specified fields.
    #[pymethod(name = "__replace__", sig = "(**changes)", text = "")]
    fn structseq_replace(slf: &Obj, changes: Kwargs<'_>) -> PyResult<Obj> {
        let class = class_of(slf);
        let def = definition(class)?;
        if def.fields.iter().any(|(name, _)| name.is_empty()) {
            return Err(type_error(format!(
                "__replace__() is not supported for {} because it has unnamed field(s)",
                def.name
            )));
        }
        let mut items = Vec::with_capacity(def.fields.len());
        for (index, (name, _)) in def.fields.iter().enumerate() {
            items.push(match changes.get(name) {
                Some(value) => value.clone(),
                None => field_value(slf, index)?,
            });
        }
        let unknown: Vec<Obj> = changes
            .iter()
            .map(|(name, _)| name.clone())
            .filter(|n| {
                !def.fields
                    .iter()
                    .any(|(f, _)| n.downcast::<crate::str::PyStr>().is_some_and(|s| s.eq_str(f)))
            })
            .collect();
        if !unknown.is_empty() {
            return Err(type_error(format!(
                "Got unexpected field name(s): {}",
                protocol::repr_string(&list_obj(unknown))?
            )));
        }
        Ok(new(&class.to_py(), items))
    }
}
