//! Functions, imports, type parameters and the other rare instructions.

use taipan_bytecode::{FunctionAttribute, Instr, Intrinsic1, Intrinsic2, Op};
use taipan_objects::code::PyCode;
use taipan_objects::construct::*;
use taipan_objects::dict::PyDict;
use taipan_objects::error::*;
use taipan_objects::function::PyFunction;
use taipan_objects::protocol;
use taipan_objects::singletons::is_none;
use taipan_objects::str::PyStr;
use taipan_objects::tuple::PyTuple;
use taipan_objects::{Obj, Py, istr};

use super::super::call::Called;
use crate::frame::Frame;
use crate::registers::Regs;
use crate::thread::VmThread;

/// `<127>`.
pub fn unknown(opcode: u16) -> PyResult<()> {
    Err(system_error(format!("unknown opcode {opcode}")))
}

/// `MAKE_FUNCTION`.
pub fn make_function(code: &PyCode, frame: &Frame, index: usize) -> PyResult<Obj> {
    match code.consts[index].to_py::<PyCode>() {
        Some(made) => {
            let (globals, builtins) = (frame.globals().clone(), frame.builtins().clone());
            let module = super::name::module_name(code, frame);
            Ok(PyFunction::of_module(&made, globals, builtins, module).into_obj())
        }
        None => Err(system_error("not a code constant")),
    }
}

/// `SET_FUNCTION_ATTRIBUTE`.
pub fn set_function_attribute(function: &Obj, value: Obj, which: u16) -> PyResult<()> {
    let Some(function) = function.downcast::<PyFunction>() else {
        return Err(system_error("not a function"));
    };
    let slot = match FunctionAttribute::from_u16(which) {
        Some(FunctionAttribute::Defaults) => &function.defaults,
        Some(FunctionAttribute::KwDefaults) => &function.kwdefaults,
        Some(FunctionAttribute::Annotations) => &function.annotations,
        Some(FunctionAttribute::Closure) => &function.closure,
        Some(FunctionAttribute::Annotate) => &function.annotate,
        None => return Err(system_error("bad function attribute")),
    };
    slot.store(value);
    Ok(())
}

/// `IMPORT_NAME`.
pub fn import_name(code: &PyCode, frame: &Frame, name: usize, constant: usize) -> PyResult<Obj> {
    let constant = &code.consts[constant];
    let (level, fromlist) = match constant.downcast::<PyTuple>().map(PyTuple::as_slice) {
        Some([level, fromlist]) => (protocol::index_word(level)? as i64, fromlist),
        None if is_none(constant) => (0, constant),
        _ => return Err(system_error("bad import constant")),
    };
    let name = &code.names[name];
    let import = super::name::lookup(frame.builtins(), &istr!("__import__"))?;
    match import {
        Some(import) if !crate::import::is_builtin_import(&import) => protocol::call(
            &import,
            &[
                name.as_obj().clone(),
                frame.globals().clone(),
                frame.locals().cloned().unwrap_or_else(none),
                fromlist.clone(),
                int_obj(level),
            ],
        ),
        Some(_) => crate::import::import_name(name, frame.globals(), frame.locals(), fromlist, level),
        None => Err(import_error("__import__ not found")),
    }
}

/// `IMPORT_FROM`.
pub fn import_from(code: &PyCode, pc: usize, module: &Obj, name: &Py<PyStr>) -> PyResult<Obj> {
    super::attribute::remember_import(code, pc, module, name);
    crate::import::import_from(module, name)
}

/// `IMPORT_STAR`.
pub fn import_star(module: &Obj, frame: &Frame) -> PyResult<()> {
    crate::import::import_star(module, frame.locals().unwrap_or_else(|| frame.globals()))
}

/// `SETUP_ANNOTATIONS`.
pub fn setup_annotations(frame: &Frame) -> PyResult<()> {
    let namespace = frame.locals().unwrap_or_else(|| frame.globals());
    let name = istr!("__annotations__");
    if super::name::lookup(namespace, &name)?.is_none() {
        protocol::setitem(namespace, name.as_obj(), PyDict::new().as_obj())?;
    }
    Ok(())
}

/// A class of the `typing` machinery, native module `_typing`.
fn typing(name: &str) -> PyResult<Obj> {
    taipan_objects::hooks::module_attribute("_typing", name)
}

/// `CALL_INTRINSIC_1`.
pub fn intrinsic_1(which: u16, value: &Obj) -> PyResult<Obj> {
    match Intrinsic1::from_u16(which) {
        Some(Intrinsic1::Print) => {
            let Some(hook) = crate::sys::get("displayhook")? else {
                return Err(runtime_error("lost sys.displayhook"));
            };
            protocol::call1(&hook, value)
        }
        Some(Intrinsic1::TypeVar) => type_parameter("TypeVar", value, Some("infer_variance")),
        Some(Intrinsic1::ParamSpec) => type_parameter("ParamSpec", value, Some("infer_variance")),
        Some(Intrinsic1::TypeVarTuple) => type_parameter("TypeVarTuple", value, None),
        Some(Intrinsic1::SubscriptGeneric) => {
            let generic = typing("Generic")?;
            let params = protocol::collect(value)?;
            let mut items = Vec::with_capacity(params.len());
            for param in params {
                if taipan_objects::type_object::class_of(&param).short_name() == "TypeVarTuple" {
                    items.extend(protocol::collect(&param)?);
                } else {
                    items.push(param);
                }
            }
            protocol::getitem(&generic, &tuple_obj(items))
        }
        Some(Intrinsic1::TypeAlias) => {
            let parts = protocol::collect(value)?;
            let [name, params, compute] = parts.as_slice() else {
                return Err(system_error("bad type alias"));
            };
            let class = typing("TypeAliasType")?;
            let make = protocol::getattr_opt(&class, &istr!("_from_statement"))?;
            match make {
                Some(make) => protocol::call(&make, &[name.clone(), params.clone(), compute.clone()]),
                None => Err(not_implemented_error("type statements need the native typing module")),
            }
        }
        None => Err(system_error("bad intrinsic")),
    }
}

fn type_parameter(class: &str, name: &Obj, inferred: Option<&str>) -> PyResult<Obj> {
    let class = typing(class)?;
    match inferred {
        Some(keyword) => protocol::call_args(
            &class,
            &taipan_objects::argument::Args::with_keywords(
                std::slice::from_ref(name),
                &[taipan_objects::str::intern(keyword).into_obj()],
                &[bool_obj(true)],
            ),
        ),
        None => protocol::call1(&class, name),
    }
}

/// `CALL_INTRINSIC_2`.
pub fn intrinsic_2(which: u16, first: &Obj, second: &Obj) -> PyResult<Obj> {
    match Intrinsic2::from_u16(which) {
        Some(Intrinsic2::PrepReraiseStar) => {
            let raised = if is_none(second) { Vec::new() } else { protocol::collect(second)? };
            Ok(taipan_objects::exceptions::group::prepare_reraise_star(first, &raised)?.unwrap_or_else(none))
        }
        Some(Intrinsic2::TypeVarWithBound) => {
            let variable = type_parameter("TypeVar", first, Some("infer_variance"))?;
            protocol::setattr(&variable, &istr!("_evaluate_bound"), second)?;
            Ok(variable)
        }
        Some(Intrinsic2::TypeVarWithConstraints) => {
            let variable = type_parameter("TypeVar", first, Some("infer_variance"))?;
            protocol::setattr(&variable, &istr!("_evaluate_constraints"), second)?;
            Ok(variable)
        }
        Some(Intrinsic2::SetFunctionTypeParams) => {
            protocol::setattr(first, &istr!("__type_params__"), second)?;
            Ok(first.clone())
        }
        Some(Intrinsic2::SetTypeParamDefault) => {
            protocol::setattr(first, &istr!("_evaluate_default"), second)?;
            Ok(first.clone())
        }
        None => Err(system_error("bad intrinsic")),
    }
}

/// `BUILD_INTERPOLATION`.
pub fn build_interpolation(regs: Regs, first: usize, flags: u16) -> PyResult<Obj> {
    let value = regs.take(first).unwrap_or_else(none);
    let text = regs.take(first + 1).unwrap_or_else(none);
    let spec = if flags & 4 != 0 { regs.take(first + 2).unwrap_or_else(none) } else { str_obj("") };
    let conversion = match flags & 3 {
        1 => str_obj("s"),
        2 => str_obj("r"),
        3 => str_obj("a"),
        _ => none(),
    };
    let class = taipan_objects::hooks::module_attribute("_template", "Interpolation")?;
    protocol::call(&class, &[value, text, conversion, spec])
}

/// `BUILD_TEMPLATE`.
pub fn build_template(strings: &Obj, interpolations: &Obj) -> PyResult<Obj> {
    let make = taipan_objects::hooks::module_attribute("_template", "_from_parts")?;
    protocol::call(&make, &[strings.clone(), interpolations.clone()])
}

/// An instruction with 32-bit operands.
pub fn extended(
    _thread: &'static VmThread,
    code: &PyCode,
    regs: Regs,
    frame: &Frame,
    high: Instr,
    low: Instr,
) -> PyResult<Called> {
    let a = low.a() as usize;
    let (b, c) = (low.b() as usize | (high.b() as usize) << 16, low.c() as usize | (high.c() as usize) << 16);
    let pc = frame.pc() as usize + 1;
    let value = match low.op() {
        Some(Op::LoadConst) => code.consts[b].clone(),
        Some(Op::LoadGlobal) => super::name::load_global(code, pc, frame, b)?,
        Some(Op::LoadName) => super::name::load_name(code, pc, frame, b)?,
        Some(Op::LoadAttr) => super::attribute::load(code, pc, operand(regs, low.b() as usize)?, c)?,
        Some(Op::StoreName) => {
            super::name::store_name(
                code,
                frame,
                b,
                operand(regs, (low.a() & !taipan_bytecode::TAKE) as usize)?.clone(),
            )?;
            return Ok(Called::Value(none()));
        }
        Some(Op::StoreGlobal) => {
            super::name::store_global(
                code,
                frame,
                b,
                operand(regs, (low.a() & !taipan_bytecode::TAKE) as usize)?.clone(),
            )?;
            return Ok(Called::Value(none()));
        }
        Some(Op::StoreAttr) => {
            let value = operand(regs, (low.b() & !taipan_bytecode::TAKE) as usize)?.clone();
            super::attribute::store(code, pc, operand(regs, a)?, c, value)?;
            return Ok(Called::Value(none()));
        }
        Some(Op::LoadMethod) => {
            super::attribute::load_method(code, pc, regs, a, low.b() as usize, c)?;
            return Ok(Called::Value(none()));
        }
        Some(Op::MakeFunction) => make_function(code, frame, b)?,
        Some(Op::ImportName) => import_name(code, frame, b, c)?,
        Some(Op::ImportFrom) => import_from(code, pc, operand(regs, low.b() as usize)?, &code.names[c])?,
        Some(Op::DeleteName) => {
            super::name::delete_name(code, frame, b)?;
            return Ok(Called::Value(none()));
        }
        Some(Op::DeleteGlobal) => {
            super::name::delete_global(code, frame, b)?;
            return Ok(Called::Value(none()));
        }
        Some(Op::DeleteAttr) => {
            protocol::delattr(operand(regs, a)?, &code.names[b])?;
            return Ok(Called::Value(none()));
        }
        Some(Op::CheckLocal) => {
            if regs.get(a).is_none() {
                super::name::unbound_local(code, b);
                return Err(Raised);
            }
            return Ok(Called::Value(none()));
        }
        Some(Op::LoadSuperAttr) => {
            super::attribute::load_super(code, pc, regs, low.a(), low.b() as usize, c)?;
            return Ok(Called::Value(none()));
        }
        Some(Op::LoadFromDictOrGlobals) => {
            super::name::load_from_dict_or_globals(code, frame, operand(regs, low.b() as usize)?, c)?
        }
        Some(Op::BuildList) => super::build::list(regs, low.b() as usize, c),
        Some(Op::BuildTuple) => super::build::tuple(regs, low.b() as usize, c),
        other => {
            return Err(system_error(format!(
                "instruction {} with wide operands",
                other.map_or("?", Op::name)
            )));
        }
    };
    regs.write(a, value);
    Ok(Called::Value(none()))
}

fn operand<'a>(regs: Regs, i: usize) -> PyResult<&'a Obj> {
    regs.get(i).ok_or_else(|| system_error("register is empty"))
}
