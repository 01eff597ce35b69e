//! `_csv.writer`: joins fields to lines and gives them to a `write` method.

use std::sync::OnceLock;

use taipan_objects::float::float_value;
use taipan_objects::int::int_ref;
use taipan_objects::list::exact_list;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::tuple::exact_tuple;
use taipan_objects::type_object::{TypeBuilder, new_instance};
use taipan_text::{TextBuf, Units};
use taipan_threading::sync::atomic::{AtomicUsize, Ordering};

use super::csv_error;
use super::dialect::{PyDialect, Quoting};

/// `_csv.writer`.
#[repr(C)]
pub struct PyWriter {
    header: Header,
    write: Obj,
    dialect: Py<PyDialect>,
    /// Which of the first 256 characters are special in a field.
    special: Box<[bool; 256]>,
    /// How many characters to make room for: a little more than the last row had.
    usual: AtomicUsize,
}
layout!(PyWriter, "writer", [write, dialect]);

pub fn class() -> &'static Py<PyType> {
    static CLASS: OnceLock<Py<PyType>> = OnceLock::new();
    CLASS.get_or_init(|| {
        TypeBuilder::new("_csv.writer", PyWriter::ops())
            .methods(PyWriter::methods())
            .getset(PyWriter::getset())
            .doc("CSV writer\n\nWriter objects are responsible for generating tabular data\nin CSV format from sequence input.")
            .no_instantiation()
            .make()
    })
}

pub fn make(file: &Obj, dialect: Py<PyDialect>) -> PyResult<Obj> {
    let write = getattr_opt(file, &istr!("write"))?.filter(is_callable);
    let Some(write) = write else { return Err(type_error("argument 1 must have a \"write\" method")) };
    let special = special_characters(&dialect);
    Ok(new_instance(class(), |header| PyWriter {
        header,
        write,
        dialect,
        special,
        usual: AtomicUsize::new(0),
    })
    .into_obj())
}

fn special_characters(dialect: &PyDialect) -> Box<[bool; 256]> {
    let rules = &dialect.rules;
    let line = dialect.lineterminator.units();
    let mut special = Box::new([false; 256]);
    let characters = [Some(rules.delimiter), rules.escapechar, rules.quotechar, Some(10), Some(13)];
    for c in characters.into_iter().flatten().chain(line.iter()) {
        if let Some(place) = special.get_mut(c as usize) {
            *place = true;
        }
    }
    special
}

impl PyWriter {
    /// Appends one field's text. `quoted`: in quotes in any case.
    fn field(&self, out: &mut TextBuf, text: Units<'_>, mut quoted: bool, is_none: bool) -> PyResult<()> {
        let rules = &self.dialect.rules;
        let line = self.dialect.lineterminator.units();
        if text.is_empty() && rules.delimiter == 32 && rules.skipinitialspace {
            // Otherwise the space would be taken for one to skip.
            if rules.quoting == Quoting::None
                || (is_none && matches!(rules.quoting, Quoting::Strings | Quoting::Notnull))
            {
                return Err(csv_error(
                    "empty field must be quoted if delimiter is a space and skipinitialspace is true",
                ));
            }
            quoted = true;
        }
        if let Units::Latin1(bytes) = text
            && !bytes.iter().any(|&byte| self.special[usize::from(byte)])
        {
            match rules.quotechar.filter(|_| quoted) {
                Some(quote) => {
                    out.push(quote);
                    out.push_units(text);
                    out.push(quote);
                }
                None => out.push_units(text),
            }
            return Ok(());
        }
        let mut body = TextBuf::with_capacity(text.len());
        for c in text.iter() {
            let special = c == rules.delimiter
                || rules.escapechar == Some(c)
                || rules.quotechar == Some(c)
                || c == 10
                || c == 13
                || line.iter().any(|l| l == c);
            if special {
                let mut escape = false;
                if rules.quoting == Quoting::None {
                    escape = true;
                } else if rules.quotechar == Some(c) {
                    if rules.doublequote {
                        body.push(c);
                    } else {
                        escape = true;
                    }
                } else if rules.escapechar == Some(c) {
                    escape = true;
                }
                if escape {
                    match rules.escapechar {
                        Some(escape) => body.push(escape),
                        None => return Err(csv_error("need to escape, but no escapechar set")),
                    }
                } else {
                    quoted = true;
                }
            }
            body.push(c);
        }
        match rules.quotechar.filter(|_| quoted) {
            Some(quote) => {
                out.push(quote);
                out.push_units(body.as_units());
                out.push(quote);
            }
            None => out.push_units(body.as_units()),
        }
        Ok(())
    }

    fn line(&self, row: &Obj) -> PyResult<Obj> {
        let rules = &self.dialect.rules;
        let mut out = TextBuf::with_capacity(self.usual.load(Ordering::Relaxed));
        let (mut count, mut last_none) = (0, false);
        let mut add = |field: &Obj| -> PyResult<()> {
            if count > 0 {
                out.push(rules.delimiter);
            }
            let none = is_none(field);
            let quoted = match rules.quoting {
                Quoting::Nonnumeric => !is_number(field),
                Quoting::All => true,
                Quoting::Strings => field.is_layout::<PyStr>(),
                Quoting::Notnull => !none,
                Quoting::Minimal | Quoting::None => false,
            };
            if none {
                self.field(&mut out, Units::Latin1(b""), quoted, true)?;
            } else if let Some(text) = field.downcast::<PyStr>().filter(|text| text.is_exact()) {
                self.field(&mut out, text.units(), quoted, false)?;
            } else {
                let text = taipan_objects::protocol::str(field)?;
                self.field(&mut out, text.units(), quoted, false)?;
            }
            count += 1;
            last_none = none;
            Ok(())
        };
        if let Some(tuple) = exact_tuple(row) {
            tuple.as_slice().iter().try_for_each(&mut add)?;
        } else if let Some(list) = exact_list(row) {
            let mut at = 0;
            while let Some(field) = list.get(at).map(IntoStrong::into_strong) {
                add(&field)?;
                at += 1;
            }
        } else {
            let fields = match iter(row) {
                Ok(fields) => fields,
                Err(Raised) => {
                    catch(&types().type_error)?;
                    return Err(csv_error(&format!("iterable expected, not {}", class_of(row).name())));
                }
            };
            while let Some(field) = next(&fields)? {
                add(&field)?;
            }
        }
        if count == 1 && out.is_empty() {
            if rules.quoting == Quoting::None
                || (last_none && matches!(rules.quoting, Quoting::Strings | Quoting::Notnull))
            {
                return Err(csv_error("single empty field record must be quoted"));
            }
            out = TextBuf::new();
            self.field(&mut out, Units::Latin1(b""), true, false)?;
        }
        out.push_units(self.dialect.lineterminator.units());
        // Relaxed: a guess.
        self.usual.store(out.len() + out.len() / 8, Ordering::Relaxed);
        Ok(PyStr::from_units(out).into_obj())
    }
}

/// Whether the object is a number or converts to one by itself.
fn is_number(obj: &Obj) -> bool {
    if int_ref(obj).is_some() || float_value(obj).is_some() {
        return true;
    }
    let slots = &class_of(obj).slots;
    slots.int().is_some()
        || slots.float().is_some()
        || slots.index().is_some()
        || obj.is_layout::<taipan_objects::complex::PyComplex>()
}

#[pymethods(class = "writer")]
impl PyWriter {
    /// Construct and write a CSV record from an iterable of fields. Fields that are not strings are converted by str().
    #[pymethod]
    fn writerow(&self, row: &Obj) -> PyResult<Obj> {
        call(&self.write, &[self.line(row)?])
    }
    /// Construct and write CSV records from an iterable of rows.
    #[pymethod]
    fn writerows(&self, rows: &Obj) -> PyResult<()> {
        for_each(rows, |row| call(&self.write, &[self.line(&row)?]).map(drop))
    }
    #[pygetset]
    fn dialect(&self) -> Obj {
        self.dialect.as_obj().clone()
    }
}
