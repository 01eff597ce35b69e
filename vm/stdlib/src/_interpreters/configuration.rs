//! Configurations as Python objects: names, namespaces, overrides.

use taipan_objects::dict::PyDict;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::simple_namespace;
use taipan_vm::interpreters::{Gil, InterpreterConfig};

type Flag = (&'static str, fn(&mut InterpreterConfig) -> &mut bool);

const FLAGS: [Flag; 6] = [
    ("use_main_obmalloc", |c| &mut c.use_main_obmalloc),
    ("allow_fork", |c| &mut c.allow_fork),
    ("allow_exec", |c| &mut c.allow_exec),
    ("allow_threads", |c| &mut c.allow_threads),
    ("allow_daemon_threads", |c| &mut c.allow_daemon_threads),
    ("check_multi_interp_extensions", |c| &mut c.check_multi_interp_extensions),
];
const GILS: [(&str, Gil); 3] = [("default", Gil::Default), ("shared", Gil::Shared), ("own", Gil::Own)];

/// The configuration of a name.
pub fn named(name: &str) -> PyResult<InterpreterConfig> {
    match name {
        "isolated" | "default" | "" => Ok(InterpreterConfig::ISOLATED),
        "legacy" => Ok(InterpreterConfig::LEGACY),
        "empty" => Ok(InterpreterConfig::EMPTY),
        _ => Err(value_error(format!("unsupported config name '{name}'"))),
    }
}

/// Sets one field; false if there is none of that name.
fn set(config: &mut InterpreterConfig, name: &str, value: &Obj) -> PyResult<bool> {
    if name == "gil" {
        let Some(text) = value.downcast::<PyStr>() else {
            return Err(type_error(format!("invalid config type: {name}")));
        };
        let text = text.to_string_lossy();
        let Some((_, gil)) = GILS.into_iter().find(|(known, _)| *known == text) else {
            return Err(value_error(format!("unsupported interpreter config .gil value '{text}'")));
        };
        config.gil = gil;
        return Ok(true);
    }
    let Some((_, field)) = FLAGS.into_iter().find(|(known, _)| *known == name) else { return Ok(false) };
    if !class_of(value).is(&types().bool_) {
        return Err(type_error(format!("invalid config type: {name}")));
    }
    *field(config) = is_true(value)?;
    Ok(true)
}

fn check_extra(extra: &PyDict) -> PyResult<()> {
    match extra.len() {
        0 => Ok(()),
        count => Err(value_error(format!(
            "config dict has {count} extra item{} ({})",
            if count == 1 { "" } else { "s" },
            repr_string(&extra.to_obj())?
        ))),
    }
}

/// Applies keyword arguments.
pub fn override_with(config: &mut InterpreterConfig, overrides: Kwargs<'_>) -> PyResult<()> {
    let extra = PyDict::new();
    for (name, value) in overrides.iter() {
        let text = name.downcast::<PyStr>().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        if !set(config, &text, value)? {
            extra.set(name.clone(), value.clone())?;
        }
    }
    check_extra(&extra)
}

/// The configuration of a name, or of an object with all fields as attributes.
pub fn from_obj(obj: &Obj) -> PyResult<InterpreterConfig> {
    if let Some(name) = obj.downcast::<PyStr>() {
        let config = named(&name.utf8()?)?;
        check(&config)?;
        return Ok(config);
    }
    let namespace = getattr_opt(obj, &istr!("__dict__"))?;
    let Some(namespace) = namespace.as_ref().and_then(|n| n.downcast::<PyDict>()) else {
        return Err(type_error(format!("bad config {}", repr_string(obj)?)));
    };
    let left = PyDict::from_pairs(namespace.snapshot())?;
    let mut config = InterpreterConfig::EMPTY;
    for name in FLAGS.iter().map(|(name, _)| *name).chain(["gil"]) {
        let Some(value) = left.get_name(name).map(IntoStrong::into_strong) else {
            return Err(value_error(format!("missing config key: {name}")));
        };
        set(&mut config, name, &value)?;
        left.delete(&str_obj(name))?;
    }
    check_extra(&left)?;
    check(&config)?;
    Ok(config)
}

/// Refuses what cannot be together.
fn check(config: &InterpreterConfig) -> PyResult<()> {
    if !config.use_main_obmalloc && !config.check_multi_interp_extensions {
        return Err(super::failed(
            "per-interpreter obmalloc does not support single-phase init extension modules",
        ));
    }
    Ok(())
}

/// The fields in a namespace.
pub fn to_obj(config: &InterpreterConfig) -> PyResult<Obj> {
    let mut config = *config;
    let gil = GILS.into_iter().find(|(_, gil)| *gil == config.gil).map_or("default", |(name, _)| name);
    let mut fields: Vec<(&'static str, Obj)> =
        FLAGS.iter().map(|(name, field)| (*name, bool_obj(*field(&mut config)))).collect();
    fields.push(("gil", str_obj(gil)));
    simple_namespace::new(fields)
}
