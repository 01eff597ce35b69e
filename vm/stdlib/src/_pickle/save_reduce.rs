//! Writing what `__reduce__` and its relatives return.

use taipan_objects::dict::PyDict;
use taipan_objects::native::is_none;
use taipan_objects::prelude::*;
use taipan_objects::tuple::PyTuple;

use super::errors::{class_name, noted, pickling_error};
use super::lookup::registry;
use super::opcode::*;
use super::save::Saver;

/// The parts of a reduction: `callable(*args)` makes the object.
struct Reduction<'a> {
    callable: &'a Obj,
    args: &'a Obj,
    state: Option<&'a Obj>,
    list_items: Option<&'a Obj>,
    dict_items: Option<&'a Obj>,
    state_setter: Option<&'a Obj>,
}

impl<'a> Reduction<'a> {
    fn parse(items: &'a [Obj]) -> PyResult<Reduction<'a>> {
        let [callable, args, rest @ ..] = items else { return Err(wrong_size()) };
        if rest.len() > 4 {
            return Err(wrong_size());
        }
        let check = |fits: bool, place: &str, what: &str, obj: &Obj| {
            if fits {
                return Ok(());
            }
            Err(pickling_error(format!(
                "{place} item of the tuple returned by __reduce__ must be {what}, not {}",
                class_name(obj)
            )))
        };
        let part = |index: usize| rest.get(index).filter(|obj| !is_none(obj));
        let parts = Reduction {
            callable,
            args,
            state: part(0),
            list_items: part(1),
            dict_items: part(2),
            state_setter: part(3),
        };
        check(is_callable(callable), "first", "callable", callable)?;
        check(args.is_layout::<PyTuple>(), "second", "a tuple", args)?;
        let is_iterator = |obj: &Obj| class_of(obj).slots.iternext().is_some();
        if let Some(items) = parts.list_items {
            check(is_iterator(items), "fourth", "an iterator", items)?;
        }
        if let Some(items) = parts.dict_items {
            check(is_iterator(items), "fifth", "an iterator", items)?;
        }
        if let Some(setter) = parts.state_setter {
            check(is_callable(setter), "sixth", "callable", setter)?;
        }
        Ok(parts)
    }
}

#[cold]
fn wrong_size() -> Raised {
    pickling_error("tuple returned by __reduce__ must contain 2 through 6 elements")
}

fn check_class(function: &str, class: &Obj, obj: &Obj) -> PyResult<()> {
    if !class.is_layout::<PyType>() {
        return Err(pickling_error(format!(
            "first argument to {function}() must be a class, not {}",
            class_name(class)
        )));
    }
    let own = getattr(obj, &istr!("__class__"))?;
    if own.is(class) {
        return Ok(());
    }
    Err(pickling_error(format!(
        "first argument to {function}() must be {}, not {}",
        repr_string(&own)?,
        repr_string(class)?
    )))
}

impl Saver<'_> {
    /// Writes `obj` as its reduction says: a name, or a tuple.
    pub fn save_reduced(&mut self, obj: &Obj, reduced: &Obj) -> PyResult<()> {
        if reduced.is_layout::<PyStr>() {
            return self.save_global(obj, Some(reduced));
        }
        let saved = match reduced.downcast::<PyTuple>() {
            Some(tuple) => self.save_reduction(obj, tuple),
            None => Err(pickling_error(format!(
                "__reduce__ must return a string or tuple, not {}",
                class_name(reduced)
            ))),
        };
        saved.map_err(|Raised| noted(|| format!("when serializing {} object", class_name(obj))))
    }
    /// Writes `obj` by calls and their arguments.
    pub fn save_reduction(&mut self, obj: &Obj, reduction: &PyTuple) -> PyResult<()> {
        let parts = Reduction::parse(reduction.as_slice())?;
        self.save_parts(obj, &parts)
    }

    fn save_part(&mut self, obj: &Obj, part: &Obj, what: &str) -> PyResult<()> {
        self.save(part).map_err(|Raised| noted(|| format!("when serializing {} {what}", class_name(obj))))
    }

    fn save_parts(&mut self, obj: &Obj, parts: &Reduction<'_>) -> PyResult<()> {
        let name = match self.settings.proto {
            2.. => getattr_opt(parts.callable, &istr!("__name__"))?,
            _ => None,
        };
        let is_named = |text: &str| {
            name.as_ref().and_then(|name| name.downcast::<PyStr>()).is_some_and(|name| name.eq_str(text))
        };
        let args = parts.args.downcast::<PyTuple>().map(PyTuple::as_slice).unwrap_or(&[]);
        if is_named("__newobj_ex__") {
            self.save_newobj_ex(obj, args)?;
        } else if is_named("__newobj__") {
            let [class, rest @ ..] = args else {
                return Err(pickling_error("__newobj__ expected at least 1 argument, got 0"));
            };
            check_class("__newobj__", class, obj)?;
            self.save_part(obj, class, "class")?;
            self.save_part(obj, PyTuple::from_slice(rest).as_obj(), "__new__ arguments")?;
            self.out.byte(NEWOBJ);
        } else {
            self.save_part(obj, parts.callable, "reconstructor")?;
            self.save_part(obj, parts.args, "reconstructor arguments")?;
            self.out.byte(REDUCE);
        }
        if self.is_remembered(obj) {
            // The arguments have led back to the object: it is there already.
            self.out.byte(POP);
            self.recall(obj);
        } else {
            self.memoize(obj);
        }
        if let Some(items) = parts.list_items {
            self.batch_list(obj, items)?;
        }
        if let Some(items) = parts.dict_items {
            self.batch_dict(obj, items)?;
        }
        match (parts.state, parts.state_setter) {
            (None, _) => {}
            (Some(state), None) => {
                self.save_part(obj, state, "state")?;
                self.out.byte(BUILD);
            }
            (Some(state), Some(setter)) => {
                self.save_part(obj, setter, "state setter")?;
                self.save(obj)?;
                self.save_part(obj, state, "state")?;
                self.out.bytes(&[TUPLE2, REDUCE, POP]);
            }
        }
        Ok(())
    }

    fn save_newobj_ex(&mut self, obj: &Obj, args: &[Obj]) -> PyResult<()> {
        let [class, args, keywords] = args else {
            return Err(pickling_error(format!("__newobj_ex__ expected 3 arguments, got {}", args.len())));
        };
        check_class("__newobj_ex__", class, obj)?;
        let Some(positional) = args.downcast::<PyTuple>() else {
            return Err(pickling_error(format!(
                "second argument to __newobj_ex__() must be a tuple, not {}",
                class_name(args)
            )));
        };
        let Some(named) = keywords.downcast::<PyDict>() else {
            return Err(pickling_error(format!(
                "third argument to __newobj_ex__() must be a dict, not {}",
                class_name(keywords)
            )));
        };
        if self.settings.proto >= 4 {
            self.save_part(obj, class, "class")?;
            self.save_part(obj, args, "__new__ arguments")?;
            self.save_part(obj, keywords, "__new__ arguments")?;
            self.out.byte(NEWOBJ_EX);
            return Ok(());
        }
        // Older protocols cannot pass keywords: a partial object carries them.
        let mut bound = vec![getattr(class, &istr!("__new__"))?, class.clone()];
        bound.extend(positional.as_slice().iter().cloned());
        let (names, values): (Vec<Obj>, Vec<Obj>) = named.snapshot().into_iter().unzip();
        let partial = call_args(&registry()?.partial, &Args::with_keywords(&bound, &names, &values))?;
        self.save_part(obj, &partial, "reconstructor")?;
        self.save_part(obj, &tuple_obj(vec![]), "reconstructor arguments")?;
        self.out.byte(REDUCE);
        Ok(())
    }
}
