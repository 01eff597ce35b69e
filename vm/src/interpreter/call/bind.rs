//! Binding arguments to parameters, with CPython's errors.

use taipan_bytecode::flags;
use taipan_objects::Obj;
use taipan_objects::argument::Args;
use taipan_objects::code::PyCode;
use taipan_objects::construct::tuple_obj;
use taipan_objects::dict::PyDict;
use taipan_objects::error::*;
use taipan_objects::function::PyFunction;
use taipan_objects::protocol::{self, IntoStrong};
use taipan_objects::str::PyStr;
use taipan_objects::tuple::PyTuple;

/// An argument for a register: the caller keeps it alive for the duration of the call only if it is in registers, so it is counted.
fn own(value: &Obj) -> Obj {
    value.clone().into_strong()
}

fn function_name(function: &PyFunction) -> String {
    function.qualname.load().and_then(|n| protocol::str_string(&n).ok()).unwrap_or_default()
}

/// Fills `bound` (one entry per parameter register) from `args` and the function's defaults.
pub fn bind(
    function: &PyFunction,
    code: &PyCode,
    args: &Args<'_>,
    bound: &mut [Option<Obj>],
) -> PyResult<()> {
    let unit = &*code.unit;
    let argcount = unit.argcount as usize;
    let kwonly = unit.kwonlyargcount as usize;
    let has_varargs = code.flags & flags::CO_VARARGS != 0;
    let has_kwargs = code.flags & flags::CO_VARKEYWORDS != 0;
    let varargs_at = argcount + kwonly;
    let kwargs_at = varargs_at + has_varargs as usize;
    let given = args.positional.len();
    for (place, value) in bound.iter_mut().zip(&args.positional[..given.min(argcount)]) {
        *place = Some(own(value));
    }
    if has_varargs {
        let extra =
            if given > argcount { args.positional[argcount..].iter().map(own).collect() } else { Vec::new() };
        bound[varargs_at] = Some(tuple_obj(extra));
    }
    let kwargs = if has_kwargs { Some(PyDict::new()) } else { None };
    if args.has_keywords() {
        bind_keywords(function, code, args, bound, kwargs.as_deref())?;
    }
    if given > argcount && !has_varargs {
        return Err(too_many(function, code, given, bound));
    }
    if let Some(kwargs) = kwargs {
        bound[kwargs_at] = Some(kwargs.into_obj());
    }
    if given < argcount {
        let defaults = function.defaults.load();
        let defaults =
            defaults.as_ref().and_then(|d| d.downcast::<PyTuple>()).map_or(&[][..], |d| d.as_slice());
        let first_default = argcount.saturating_sub(defaults.len());
        let missing: Vec<usize> = (given..first_default).filter(|i| bound[*i].is_none()).collect();
        if !missing.is_empty() {
            return Err(missing_arguments(function, code, &missing, "positional"));
        }
        let skip = defaults.len() - (argcount - first_default);
        for i in given.max(first_default)..argcount {
            if bound[i].is_none() {
                bound[i] = Some(own(&defaults[skip + i - first_default]));
            }
        }
    }
    if kwonly > 0 {
        let defaults = function.kwdefaults.load();
        let defaults = defaults.as_ref().and_then(|d| d.downcast::<PyDict>());
        let mut missing = Vec::new();
        for i in argcount..argcount + kwonly {
            if bound[i].is_some() {
                continue;
            }
            match defaults.map(|d| d.get(code.parameters()[i].as_obj())).transpose()?.flatten() {
                Some(value) => bound[i] = Some(own(&value)),
                None => missing.push(i),
            }
        }
        if !missing.is_empty() {
            return Err(missing_arguments(function, code, &missing, "keyword-only"));
        }
    }
    Ok(())
}

fn bind_keywords(
    function: &PyFunction,
    code: &PyCode,
    args: &Args<'_>,
    bound: &mut [Option<Obj>],
    kwargs: Option<&PyDict>,
) -> PyResult<()> {
    let unit = &*code.unit;
    let named = unit.argcount as usize + unit.kwonlyargcount as usize;
    let posonly = unit.posonlyargcount as usize;
    for (name, value) in args.keywords() {
        let Some(text) = name.downcast::<PyStr>() else {
            return Err(type_error("keywords must be strings"));
        };
        let found = (posonly..named).find(|i| text.eq_str(&unit.varnames[*i]));
        match found {
            Some(i) if bound[i].is_some() => {
                return Err(type_error(format!(
                    "{}() got multiple values for argument '{}'",
                    function_name(function),
                    unit.varnames[i]
                )));
            }
            Some(i) => bound[i] = Some(own(value)),
            None => match kwargs {
                Some(kwargs) => kwargs.set(name.clone(), own(value))?,
                None => return Err(unexpected_keyword(function, code, args, &text.to_string_lossy())),
            },
        }
    }
    Ok(())
}

#[cold]
fn unexpected_keyword(function: &PyFunction, code: &PyCode, args: &Args<'_>, name: &str) -> Raised {
    let unit = &*code.unit;
    let posonly = &unit.varnames[..unit.posonlyargcount as usize];
    let clashes: Vec<String> = posonly
        .iter()
        .filter(|p| args.keyword_names.iter().any(|n| n.downcast::<PyStr>().is_some_and(|n| n.eq_str(p))))
        .cloned()
        .collect();
    if !clashes.is_empty() {
        return type_error(format!(
            "{}() got some positional-only arguments passed as keyword arguments: '{}'",
            function_name(function),
            clashes.join(", ")
        ));
    }
    let named = &unit.varnames[unit.posonlyargcount as usize..(unit.argcount + unit.kwonlyargcount) as usize];
    let names: Vec<&str> = named.iter().map(String::as_str).collect();
    let hint = match taipan_objects::native::suggestion(name, names.iter().copied()) {
        Some(close) => format!(". Did you mean '{close}'?"),
        None => String::new(),
    };
    type_error(format!("{}() got an unexpected keyword argument '{name}'{hint}", function_name(function)))
}

#[cold]
fn too_many(function: &PyFunction, code: &PyCode, given: usize, bound: &[Option<Obj>]) -> Raised {
    let unit = &*code.unit;
    let argcount = unit.argcount as usize;
    let defaults = function.defaults.load();
    let ndefaults = defaults.as_ref().and_then(|d| d.downcast::<PyTuple>()).map_or(0, |d| d.len());
    let (takes, plural) = if ndefaults > 0 {
        (format!("from {} to {argcount}", argcount - ndefaults.min(argcount)), true)
    } else {
        (argcount.to_string(), argcount != 1)
    };
    let kwonly_given =
        (argcount..argcount + unit.kwonlyargcount as usize).filter(|i| bound[*i].is_some()).count();
    let given_text = if kwonly_given > 0 {
        format!(
            "{given} positional argument{} (and {kwonly_given} keyword-only argument{}) were",
            if given == 1 { "" } else { "s" },
            if kwonly_given == 1 { "" } else { "s" }
        )
    } else {
        format!("{given} {}", if given == 1 { "was" } else { "were" })
    };
    type_error(format!(
        "{}() takes {takes} positional argument{} but {given_text} given",
        function_name(function),
        if plural { "s" } else { "" }
    ))
}

#[cold]
fn missing_arguments(function: &PyFunction, code: &PyCode, missing: &[usize], kind: &str) -> Raised {
    let names: Vec<String> = missing.iter().map(|i| format!("'{}'", code.unit.varnames[*i])).collect();
    let list = match names.as_slice() {
        [one] => one.clone(),
        [one, two] => format!("{one} and {two}"),
        [init @ .., last] => format!("{}, and {last}", init.join(", ")),
        [] => String::new(),
    };
    type_error(format!(
        "{}() missing {} required {kind} argument{}: {list}",
        function_name(function),
        missing.len(),
        if missing.len() == 1 { "" } else { "s" }
    ))
}
