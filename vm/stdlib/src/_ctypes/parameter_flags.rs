//! `paramflags` of prototypes: named parameters, defaults, and parameters that are results.

use taipan_objects::int::int_ref;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;
use taipan_objects::tuple::PyTuple;

use super::info::{Kind, info_of_obj};
use super::meta;

const IN: i64 = 1;
const OUT: i64 = 2;
const LCID: i64 = 4;

/// One parameter.
struct Parameter {
    flags: i64,
    name: Option<Obj>,
    default: Option<Obj>,
}

fn parse(item: &Obj) -> PyResult<Parameter> {
    let wrong = || type_error("paramflags must be a sequence of (int [,string [,value]]) tuples");
    let Some(items) = item.downcast::<PyTuple>().map(PyTuple::as_slice) else { return Err(wrong()) };
    let (flags, rest) = items.split_first().ok_or_else(wrong)?;
    let Some(flags) = int_ref(flags).and_then(|flags| flags.to_i64()) else { return Err(wrong()) };
    if rest.len() > 2 {
        return Err(wrong());
    }
    let name = rest.first().filter(|name| !is_none(name)).cloned();
    if name.as_ref().is_some_and(|name| !name.is_layout::<PyStr>()) {
        return Err(wrong());
    }
    Ok(Parameter { flags, name, default: rest.get(1).cloned() })
}

/// Whether flags fit a prototype's argument types.
pub fn check(argtypes: &Obj, flags: &Obj) -> PyResult<()> {
    let Some(items) = flags.downcast::<PyTuple>() else {
        return Err(type_error("paramflags must be a tuple or None"));
    };
    let Some(argtypes) = argtypes.downcast::<PyTuple>() else { return Err(type_error("abstract class")) };
    if items.len() != argtypes.len() {
        return Err(value_error("paramflags must have the same length as argtypes"));
    }
    for (i, (item, ctype)) in items.as_slice().iter().zip(argtypes.as_slice()).enumerate() {
        let parameter = parse(item)?;
        match parameter.flags & (IN | OUT | LCID) {
            0 | IN => {}
            flags if flags == IN | LCID || flags == IN | OUT => {}
            OUT => check_result(i + 1, ctype)?,
            _ => return Err(type_error(format!("paramflag value {} not supported", parameter.flags))),
        }
    }
    Ok(())
}

/// A parameter that is a result must be a pointer.
fn check_result(index: usize, ctype: &Obj) -> PyResult<()> {
    let fits = info_of_obj(ctype).is_some_and(|info| match info.kind {
        Kind::Pointer | Kind::Array => true,
        Kind::Simple => matches!(info.code, b'P' | b'z' | b'Z'),
        _ => false,
    });
    if fits {
        return Ok(());
    }
    let name = match ctype.downcast::<PyType>() {
        Some(class) => class.name(),
        None => class_of(ctype).name(),
    };
    Err(type_error(format!("'out' parameter {index} must be a pointer type, not {name}")))
}

/// The arguments that a call passes, and which of them it gives back.
pub struct Built {
    pub arguments: Vec<Obj>,
    results: Vec<(usize, bool)>,
}

/// Makes the arguments of a call.
pub fn build(flags: &Obj, argtypes: Option<&Obj>, args: &Args<'_>) -> PyResult<Built> {
    let items = flags.downcast::<PyTuple>().map(PyTuple::as_slice).unwrap_or_default();
    let ctypes =
        argtypes.and_then(|types| types.downcast::<PyTuple>()).map(PyTuple::as_slice).unwrap_or_default();
    let mut built = Built { arguments: Vec::with_capacity(items.len()), results: Vec::new() };
    let mut next = 0;
    for (i, item) in items.iter().enumerate() {
        let Parameter { flags, name, default } = parse(item)?;
        match flags & (IN | OUT | LCID) {
            f if f == IN | LCID => built.arguments.push(default.unwrap_or_else(|| int_obj(0))),
            OUT => {
                let made = match default {
                    Some(default) => default,
                    None => result_place(ctypes.get(i), i)?,
                };
                built.results.push((i, true));
                built.arguments.push(made);
            }
            f => {
                if f == IN | OUT {
                    built.results.push((i, false));
                }
                let value = argument(&mut next, name.as_ref(), default.as_ref(), args)?;
                built.arguments.push(value);
            }
        }
    }
    let given = args.positional.len() + args.keyword_names.len();
    if next < given {
        let what = if items.len() == 1 { "" } else { "s" };
        return Err(type_error(format!("call takes exactly {next} argument{what} ({given} given)")));
    }
    Ok(built)
}

/// A new instance for a result.
fn result_place(ctype: Option<&Obj>, index: usize) -> PyResult<Obj> {
    let Some(ctype) = ctype else { return Err(type_error("abstract class")) };
    let Some(info) = info_of_obj(ctype) else { return Err(runtime_error("NULL stgdict unexpected")) };
    match (info.kind, info.item.load()) {
        (Kind::Array, _) => call0(ctype),
        (Kind::Pointer, Some(item)) => call0(&item),
        _ => Err(type_error(format!(
            "{} 'out' parameter must be passed as default value (parameter {})",
            meta::this(ctype)?.short_name(),
            index + 1
        ))),
    }
}

fn argument(next: &mut usize, name: Option<&Obj>, default: Option<&Obj>, args: &Args<'_>) -> PyResult<Obj> {
    if let Some(value) = args.positional.get(*next) {
        *next += 1;
        return Ok(value.clone());
    }
    if let Some(name) = name {
        let text = str_string(name)?;
        if let Some(value) = args.keyword(&text) {
            *next += 1;
            return Ok(value.clone());
        }
        if default.is_none() {
            return Err(type_error(format!("required argument '{text}' missing")));
        }
    }
    match default {
        Some(default) => Ok(default.clone()),
        None => Err(type_error("not enough arguments")),
    }
}

impl Built {
    /// What the call gives: its result, or that of its parameters that are results.
    pub fn result(self, result: Obj) -> PyResult<Obj> {
        let mut values = Vec::with_capacity(self.results.len());
        for (index, is_out) in &self.results {
            let Some(value) = self.arguments.get(*index) else { continue };
            values.push(if *is_out {
                call_method_str(value, "__ctypes_from_outparam__", &[])?
            } else {
                value.clone()
            });
        }
        Ok(match values.len() {
            0 => result,
            1 => values.remove(0),
            _ => tuple_obj(values),
        })
    }
}
