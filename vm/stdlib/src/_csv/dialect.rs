//! `_csv.Dialect`: the checked, immutable parameters of a reader or writer; and the registry of named ones.

use std::sync::OnceLock;

use taipan_objects::dict::PyDict;
use taipan_objects::int::int_ref;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::type_object::{TypeBuilder, new_instance};
use taipan_vm::interpreters::PerInterpreter;

use super::csv_error;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Quoting {
    Minimal,
    All,
    Nonnumeric,
    None,
    Strings,
    Notnull,
}

const QUOTINGS: [Quoting; 6] =
    [Quoting::Minimal, Quoting::All, Quoting::Nonnumeric, Quoting::None, Quoting::Strings, Quoting::Notnull];

/// The parameters.
#[derive(Clone, Debug)]
pub struct Rules {
    pub delimiter: u32,
    pub quotechar: Option<u32>,
    pub escapechar: Option<u32>,
    pub doublequote: bool,
    pub skipinitialspace: bool,
    pub strict: bool,
    pub quoting: Quoting,
    /// For each Latin-1 character where it is an ordinary one: the two constants below.
    pub ordinary: [u8; 256],
}

/// In a field without quotes, not at its start.
pub const IN_FIELD: u8 = 1;
/// Between quotes.
pub const IN_QUOTES: u8 = 2;

/// `_csv.Dialect`.
#[repr(C)]
pub struct PyDialect {
    header: Header,
    pub rules: Rules,
    pub lineterminator: Py<PyStr>,
}
layout!(PyDialect, "Dialect", [lineterminator]);

pub fn class() -> &'static Py<PyType> {
    static CLASS: OnceLock<Py<PyType>> = OnceLock::new();
    CLASS.get_or_init(|| {
        TypeBuilder::new("_csv.Dialect", PyDialect::ops())
            .slots(TypeSlots { new: Some(new), ..TypeSlots::EMPTY })
            .methods(PyDialect::methods())
            .getset(PyDialect::getset())
            .doc("CSV dialect\n\nThe Dialect type records CSV dialect options.")
            .make()
    })
}

/// The named dialects (`_csv._dialects`).
pub fn registry() -> &'static Py<PyDict> {
    static REGISTRY: PerInterpreter<Py<PyDict>> = PerInterpreter::new();
    REGISTRY.get_or_init(dict_obj)
}

/// The names of parameters, in the order of the arguments after the dialect.
const NAMES: [&str; 8] = [
    "delimiter",
    "doublequote",
    "escapechar",
    "lineterminator",
    "quotechar",
    "quoting",
    "skipinitialspace",
    "strict",
];

fn length_error(name: &str, wanted: &str, len: usize) -> Raised {
    type_error(format!("\"{name}\" must be {wanted}, not a string of length {len}"))
}

fn optional_char(name: &str, value: Option<&Obj>, default: Option<u32>) -> PyResult<Option<u32>> {
    const WANTED: &str = "a unicode character or None";
    match value {
        None => Ok(default),
        Some(value) if is_none(value) => Ok(None),
        Some(value) => match value.downcast::<PyStr>() {
            None => Err(type_error(format!("\"{name}\" must be {WANTED}, not {}", class_of(value).name()))),
            Some(text) if text.len() != 1 => Err(length_error(name, WANTED, text.len())),
            Some(text) => Ok(Some(text.units().at(0))),
        },
    }
}

fn required_char(name: &str, value: Option<&Obj>, default: u32) -> PyResult<u32> {
    const WANTED: &str = "a unicode character";
    match value {
        None => Ok(default),
        Some(value) => match value.downcast::<PyStr>() {
            None => Err(type_error(format!("\"{name}\" must be {WANTED}, not {}", class_of(value).name()))),
            Some(text) if text.len() != 1 => Err(length_error(name, WANTED, text.len())),
            Some(text) => Ok(text.units().at(0)),
        },
    }
}

fn flag(value: Option<&Obj>, default: bool) -> PyResult<bool> {
    value.map_or(Ok(default), is_true)
}

/// A character that ends lines, or that leading space could be.
fn check_char(name: &str, c: Option<u32>, line: &PyStr, space_allowed: bool) -> PyResult<()> {
    let Some(c) = c else { return Ok(()) };
    if c == 10 || c == 13 || (c == 32 && !space_allowed) || line.units().iter().any(|l| l == c) {
        return Err(value_error(format!("bad {name} value")));
    }
    Ok(())
}

fn check_pair(names: [&str; 2], a: Option<u32>, b: Option<u32>) -> PyResult<()> {
    if a.is_some() && a == b {
        return Err(value_error(format!("bad {} or {} value", names[0], names[1])));
    }
    Ok(())
}

fn new(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    let Some(class) = class.downcast::<PyType>() else { return Err(type_error("expected a type")) };
    if args.positional.len() > 1 + NAMES.len() {
        return Err(type_error(format!(
            "function takes at most {} positional arguments ({} given)",
            1 + NAMES.len(),
            args.positional.len()
        )));
    }
    let mut dialect = args.positional.first().cloned();
    let mut values: [Option<Obj>; 8] = [const { None }; 8];
    for (value, given) in values.iter_mut().zip(args.positional.iter().skip(1)) {
        *value = Some(given.clone());
    }
    for (name, given) in args.keywords() {
        let name = name.downcast::<PyStr>().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        if name == "dialect" && dialect.is_none() {
            dialect = Some(given.clone());
        } else if let Some(at) = NAMES.iter().position(|&n| n == name) {
            values[at] = Some(given.clone());
        } else {
            return Err(type_error(format!("this function got an unexpected keyword argument '{name}'")));
        }
    }
    if let Some(given) = dialect.take().filter(|d| !is_none(d)) {
        let given = if given.is_layout::<PyStr>() { get(&given)? } else { given };
        if class.is(self::class()) && class_of(&given).is(self::class()) && values.iter().all(Option::is_none)
        {
            return Ok(given);
        }
        for (value, name) in values.iter_mut().zip(NAMES) {
            if value.is_none() {
                *value = getattr_opt(&given, &intern(name))?;
            }
        }
    }
    let [delimiter, doublequote, escapechar, lineterminator, quotechar, quoting, skipinitialspace, strict] =
        &values;
    let delimiter = required_char("delimiter", delimiter.as_ref(), u32::from(b','))?;
    let doublequote = flag(doublequote.as_ref(), true)?;
    let escapechar = optional_char("escapechar", escapechar.as_ref(), None)?;
    let lineterminator = match lineterminator {
        None => PyStr::new("\r\n"),
        Some(text) => match text.to_py::<PyStr>() {
            Some(text) => text,
            None => {
                return Err(type_error(format!(
                    "\"lineterminator\" must be a string, not {}",
                    class_of(text).name()
                )));
            }
        },
    };
    let quote_given = quotechar.as_ref().is_some_and(is_none) && quoting.is_none();
    let quotechar = optional_char("quotechar", quotechar.as_ref(), Some(u32::from(b'"')))?;
    let quoting = match quoting {
        None if quote_given => Quoting::None,
        None => Quoting::Minimal,
        Some(quoting) => {
            if !is_exact_int(quoting) {
                return Err(type_error(format!(
                    "\"quoting\" must be an integer, not {}",
                    class_of(quoting).name()
                )));
            }
            let index = int_ref(quoting).and_then(|q| q.to_i64()).and_then(|q| usize::try_from(q).ok());
            match index.and_then(|q| QUOTINGS.get(q)) {
                Some(quoting) => *quoting,
                None => return Err(type_error("bad \"quoting\" value")),
            }
        }
    };
    let skipinitialspace = flag(skipinitialspace.as_ref(), false)?;
    let strict = flag(strict.as_ref(), false)?;
    if quoting != Quoting::None && quotechar.is_none() {
        return Err(type_error("quotechar must be set if quoting enabled"));
    }
    check_char("delimiter", Some(delimiter), &lineterminator, true)?;
    check_char("escapechar", escapechar, &lineterminator, !skipinitialspace)?;
    check_char("quotechar", quotechar, &lineterminator, !skipinitialspace)?;
    check_pair(["delimiter", "escapechar"], Some(delimiter), escapechar)?;
    check_pair(["delimiter", "quotechar"], Some(delimiter), quotechar)?;
    check_pair(["escapechar", "quotechar"], escapechar, quotechar)?;
    let special = |c: Option<u32>, code: usize| c.is_some_and(|c| c as usize == code);
    let ordinary = std::array::from_fn(|code| {
        let in_field =
            !matches!(code, 10 | 13) && !special(Some(delimiter), code) && !special(escapechar, code);
        let in_quotes = !special(quotechar, code) && !special(escapechar, code);
        u8::from(in_field) * IN_FIELD | u8::from(in_quotes) * IN_QUOTES
    });
    let rules =
        Rules { delimiter, quotechar, escapechar, doublequote, skipinitialspace, strict, quoting, ordinary };
    Ok(new_instance(class, |header| PyDialect { header, rules, lineterminator }).into_obj())
}

/// The dialect registered under a name.
pub fn get(name: &Obj) -> PyResult<Obj> {
    registry().get(name)?.ok_or_else(|| csv_error("unknown dialect"))
}

/// The dialect that `reader(..., dialect, **options)` means.
pub fn of_arguments(dialect: Option<&Obj>, options: &Kwargs<'_>) -> PyResult<Py<PyDialect>> {
    let (mut names, mut values) = (Vec::new(), Vec::new());
    for (name, value) in options.iter() {
        names.push(name.clone());
        values.push(value.clone());
    }
    let positional: Vec<Obj> = dialect.into_iter().cloned().collect();
    let made = call_args(class().as_obj(), &Args::with_keywords(&positional, &names, &values))?;
    made.into_py::<PyDialect>()
        .map_err(|other| type_error(format!("expected a Dialect, not {}", class_of(&other).name())))
}

fn char_obj(c: Option<u32>) -> Obj {
    c.map_or_else(none, |c| PyStr::from_code_point(c).into_obj())
}

#[pymethods(class = "Dialect")]
impl PyDialect {
    #[pymethod]
    fn __reduce__(slf: &Obj) -> PyResult<Obj> {
        Err(type_error(format!("cannot pickle '{}' instances", class_of(slf).full_name())))
    }
    #[pymethod]
    fn __reduce_ex__(slf: &Obj, proto: &Obj) -> PyResult<Obj> {
        let _ = proto;
        Err(type_error(format!("cannot pickle '{}' instances", class_of(slf).full_name())))
    }
    #[pygetset]
    fn delimiter(&self) -> Obj {
        char_obj(Some(self.rules.delimiter))
    }
    #[pygetset]
    fn escapechar(&self) -> Obj {
        char_obj(self.rules.escapechar)
    }
    #[pygetset]
    fn quotechar(&self) -> Obj {
        char_obj(self.rules.quotechar)
    }
    #[pygetset]
    fn lineterminator(&self) -> Obj {
        self.lineterminator.as_obj().clone()
    }
    #[pygetset]
    fn quoting(&self) -> i64 {
        QUOTINGS.iter().position(|&q| q == self.rules.quoting).map_or(0, |q| q as i64)
    }
    #[pygetset]
    fn doublequote(&self) -> bool {
        self.rules.doublequote
    }
    #[pygetset]
    fn skipinitialspace(&self) -> bool {
        self.rules.skipinitialspace
    }
    #[pygetset]
    fn strict(&self) -> bool {
        self.rules.strict
    }
}
