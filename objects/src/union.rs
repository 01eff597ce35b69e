//! `typing.Union`: `int | str`.
//!
//! Members are flattened and each kept once, in order; equality and hash ignore the order.

use taipan_gc::{Header, Obj, Py, Slot};

use crate::construct::*;
use crate::error::*;
use crate::generic_alias::substitution::{items, substitute};
use crate::generic_alias::{PyGenericAlias, lazy_parameters, type_repr};
use crate::layout;
use crate::native::{GetSetDef, NativeMethods, pymethods};
use crate::protocol;
use crate::singletons::is_none;
use crate::tuple::PyTuple;
use crate::type_object::{CompareOp, PyType, TypeSlots, class_of, ready, type_flags};
use crate::types::{Types, types};

/// A union of at least two types.
#[repr(C)]
pub struct PyUnion {
    header: Header,
    /// A tuple.
    pub args: Obj,
    /// A tuple, once asked for.
    parameters: Slot,
    /// How many members had no hash when the union was made.
    unhashable: usize,
}
layout!(PyUnion, "Union", [args, parameters]);

fn this(obj: &Obj) -> PyResult<&PyUnion> {
    obj.downcast::<PyUnion>().ok_or_else(|| system_error("not a union"))
}

fn is_unionable(obj: &Obj) -> bool {
    is_none(obj)
        || obj.is_layout::<PyType>()
        || obj.is_layout::<PyGenericAlias>()
        || obj.is_layout::<PyUnion>()
        || class_of(obj).full_name() == "typing.TypeAliasType"
}

/// `a | b` for types; `NotImplemented` for anything else.
pub fn or(a: &Obj, b: &Obj) -> PyResult<Obj> {
    if a.is_layout::<PyUnion>() || b.is_layout::<PyUnion>() {
        // Beside a union, anything that `typing` takes for a type.
        return from_args(&[a.clone(), b.clone()]);
    }
    if !is_unionable(a) || !is_unionable(b) {
        return Ok(not_implemented());
    }
    let mut builder = Builder::default();
    builder.add(a)?;
    builder.add(b)?;
    builder.finish()
}

/// `typing.Union[args]`: members that are not plainly types are checked by `typing`.
pub fn from_args(args: &[Obj]) -> PyResult<Obj> {
    let mut builder = Builder { checked: true, ..Builder::default() };
    for argument in args {
        builder.add(argument)?;
    }
    builder.finish()
}

#[derive(Default)]
struct Builder {
    members: Vec<Obj>,
    /// The members' hashes; `None` for unhashable ones.
    hashes: Vec<Option<i64>>,
    checked: bool,
}

impl Builder {
    fn add(&mut self, argument: &Obj) -> PyResult<()> {
        if is_none(argument) {
            return self.add_member(types().none_type.as_obj().clone());
        }
        if let Some(union) = argument.downcast::<PyUnion>() {
            for member in items(&union.args) {
                self.add_member(member)?;
            }
            return Ok(());
        }
        if self.checked && !is_unionable(argument) {
            let check = crate::hooks::module_attribute("typing", "_type_check")?;
            let member = protocol::call(
                &check,
                &[argument.clone(), str_obj("Union[arg, ...]: each arg must be a type.")],
            )?;
            return self.add_member(member);
        }
        self.add_member(argument.clone())
    }
    fn add_member(&mut self, member: Obj) -> PyResult<()> {
        let hash = hash_if_hashable(&member)?;
        for (known, known_hash) in self.members.iter().zip(&self.hashes) {
            if *known_hash == hash && protocol::eq(known, &member)? {
                return Ok(());
            }
        }
        self.members.push(member);
        self.hashes.push(hash);
        Ok(())
    }
    fn finish(mut self) -> PyResult<Obj> {
        match self.members.len() {
            0 => Err(type_error("Cannot take a Union of no types.")),
            1 => Ok(self.members.swap_remove(0)),
            _ => Ok(Py::new(PyUnion {
                header: Header::new(types().union.root_shape()),
                unhashable: self.hashes.iter().filter(|hash| hash.is_none()).count(),
                args: tuple_obj(self.members),
                parameters: Slot::empty(),
            })
            .into_obj()),
        }
    }
}

fn hash_if_hashable(member: &Obj) -> PyResult<Option<i64>> {
    match protocol::hash(member) {
        Ok(hash) => Ok(Some(hash)),
        Err(Raised) => {
            // As CPython: whatever `__hash__` raises, the member counts as unhashable.
            drop(take_raised());
            Ok(None)
        }
    }
}

fn contains(list: &[Obj], item: &Obj) -> PyResult<bool> {
    for candidate in list {
        if protocol::eq(candidate, item)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn richcompare(a: &Obj, b: &Obj, op: CompareOp) -> PyResult<Obj> {
    let (Some(x), Some(y)) = (a.downcast::<PyUnion>(), b.downcast::<PyUnion>()) else {
        return Ok(not_implemented());
    };
    if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
        return Ok(not_implemented());
    }
    let (x, y) = (items(&x.args), items(&y.args));
    let mut equal = x.len() == y.len();
    for member in &x {
        equal = equal && contains(&y, member)?;
    }
    Ok(bool_obj(equal == (op == CompareOp::Eq)))
}

fn hash(obj: &Obj) -> PyResult<i64> {
    // Independent of the order.
    let mut sum: u64 = 0x9E37_79B9_7F4A_7C15;
    for member in items(&this(obj)?.args) {
        let h = protocol::hash(&member)? as u64;
        sum = sum.wrapping_add((h ^ h << 16 ^ 0x055B_4DB3).wrapping_mul(0xD6E8_FEB8_6659_FD93));
    }
    match this(obj)?.unhashable {
        0 => {}
        1 => return Err(type_error("union contains 1 unhashable element")),
        n => return Err(type_error(format!("union contains {n} unhashable elements"))),
    }
    let hash = (sum ^ sum >> 32) as i64;
    Ok(if hash == -1 { -2 } else { hash })
}

fn repr(obj: &Obj) -> PyResult<Obj> {
    let parts: Vec<String> = items(&this(obj)?.args).iter().map(type_repr).collect::<PyResult<_>>()?;
    Ok(str_obj(&parts.join(" | ")))
}

fn parameters(obj: &Obj) -> PyResult<Obj> {
    let union = this(obj)?;
    lazy_parameters(&union.parameters, &union.args)
}

fn getitem(obj: &Obj, key: &Obj) -> PyResult<Obj> {
    let args = substitute(obj, &items(&this(obj)?.args), &items(&parameters(obj)?), key)?;
    from_args(&args)
}

/// Runs `check` for each member until it says yes.
fn any_member(obj: &Obj, mut check: impl FnMut(&Obj) -> PyResult<bool>) -> PyResult<bool> {
    for member in items(&this(obj)?.args) {
        if check(&member)? {
            return Ok(true);
        }
    }
    Ok(false)
}

#[pymethods(class = "typing.Union")]
impl PyUnion {
    #[pymethod(text = "", sig = "(bases, /)")]
    fn __mro_entries__(slf: &Obj, _bases: &Obj) -> PyResult<Obj> {
        Err(type_error(format!("Cannot subclass {}", protocol::repr_string(slf)?)))
    }
    #[pymethod(text = "", sig = "(instance, /)")]
    fn __instancecheck__(slf: &Obj, instance: &Obj) -> PyResult<bool> {
        any_member(slf, |member| protocol::isinstance(instance, member))
    }
    #[pymethod(text = "", sig = "(cls, /)")]
    fn __subclasscheck__(slf: &Obj, cls: &Obj) -> PyResult<bool> {
        any_member(slf, |member| protocol::issubclass(cls, member))
    }
    /// See PEP 585
    #[pyclassmethod(sig = "(item, /)", text = "")]
    fn __class_getitem__(_cls: &Obj, item: &Obj) -> PyResult<Obj> {
        if item.is_layout::<PyTuple>() {
            from_args(&items(item))
        } else {
            from_args(std::slice::from_ref(item))
        }
    }
}

static GETSET: &[GetSetDef] = &[
    GetSetDef {
        name: "__args__",
        get: |o| Ok(this(o)?.args.clone()),
        set: Some(|_, _| Err(attribute_error("readonly attribute"))),
        doc: "",
    },
    GetSetDef { name: "__module__", get: |_| Ok(str_obj("typing")), set: None, doc: "" },
    GetSetDef { name: "__name__", get: |_| Ok(str_obj("Union")), set: None, doc: "'Union'" },
    GetSetDef { name: "__qualname__", get: |_| Ok(str_obj("Union")), set: None, doc: "'Union'" },
    GetSetDef {
        name: "__origin__",
        get: |_| Ok(types().union.as_obj().clone()),
        set: None,
        doc: "typing.Union itself",
    },
    GetSetDef {
        name: "__parameters__",
        get: parameters,
        set: None,
        doc: "The type variables among the members.",
    },
];

static SLOTS: TypeSlots = TypeSlots {
    repr: Some(repr),
    hash: Some(hash),
    richcompare: Some(richcompare),
    getitem: Some(getitem),
    or: Some(or),
    ..TypeSlots::EMPTY
};

pub(crate) fn fill(types: &Types) {
    let class: &Py<PyType> = &types.union;
    class.slots.set_all(&SLOTS);
    ready::add_methods(class, <PyUnion as NativeMethods>::methods());
    ready::add_getset(class, GETSET);
    class.set_flag(type_flags::HAS_WEAKREF | type_flags::NO_INSTANTIATION, true);
    ready::set_doc(class, "One of several types, such as int | str.");
}
