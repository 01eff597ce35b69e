//! Instructions that make objects by calling their classes, and those that fill them.

use taipan_objects::attribute::generic_getattr;
use taipan_objects::dict::{PyDict, exact_dict};
use taipan_objects::list::exact_list;
use taipan_objects::native::is_none;
use taipan_objects::prelude::*;
use taipan_objects::set::PySet;
use taipan_objects::shape;
use taipan_objects::str::{intern_obj, is_exact_str};
use taipan_objects::tuple::PyTuple;
use taipan_objects::type_object::slots::BinaryFn;

use super::errors::unpickling_error;
use super::input::Input;
use super::load::Loader;

/// `class.__new__(class)`, or `class(*args)` if there are arguments.
fn instantiate(class: &Obj, args: &[Obj]) -> PyResult<Obj> {
    if args.is_empty() && class.is_layout::<PyType>() && !hasattr(class, &istr!("__getinitargs__"))? {
        return call_method(class, &istr!("__new__"), std::slice::from_ref(class));
    }
    call(class, args)
}

/// Whether instance attributes are kept in the plain way, so that storing one is the same as storing in `__dict__`.
fn has_plain_attributes(obj: &Obj) -> bool {
    let generic: BinaryFn = generic_getattr;
    let class = class_of(obj);
    class.has_dict()
        && class.slots.getattro().is_some_and(|get| get as usize == generic as usize)
        && class
            .lookup(&istr!("__dict__"))
            .is_some_and(|found| class_of(&found).is(&types().getset_descriptor))
        && shape::extension(obj).is_some()
}

fn set_state(obj: &Obj, state: &PyDict) -> PyResult<()> {
    let items = state.snapshot();
    if has_plain_attributes(obj) && items.iter().all(|(name, _)| is_exact_str(name)) {
        for (name, value) in items {
            shape::set_attribute(obj, &intern_obj(&name), value)?;
        }
        return Ok(());
    }
    let dict = getattr(obj, &istr!("__dict__"))?;
    for (name, value) in items {
        let name = if is_exact_str(&name) { intern_obj(&name).into_obj() } else { name };
        setitem(&dict, &name, &value)?;
    }
    Ok(())
}

impl<I: Input> Loader<'_, I> {
    pub(super) fn load_inst(&mut self) -> PyResult<()> {
        let args = self.pop_mark()?;
        let module = self.name_line(true)?;
        let name = self.name_line(true)?;
        let class = self.class_at(&module, &name)?;
        let obj = instantiate(&class, &args)?;
        self.stack.push(obj);
        Ok(())
    }
    pub(super) fn load_obj(&mut self) -> PyResult<()> {
        let items = self.pop_mark()?;
        let [class, args @ ..] = items.as_slice() else { return Err(self.underflow()) };
        let obj = instantiate(class, args)?;
        self.stack.push(obj);
        Ok(())
    }
    pub(super) fn load_newobj(&mut self, with_keywords: bool) -> PyResult<()> {
        let name = if with_keywords { "NEWOBJ_EX" } else { "NEWOBJ" };
        let keywords = if with_keywords { Some(self.pop()?) } else { None };
        let args = self.pop()?;
        let class_obj = self.pop()?;
        let Some(class) = class_obj.downcast::<PyType>() else {
            return Err(unpickling_error(format!(
                "{name} class argument must be a type, not {}",
                class_of(&class_obj).full_name()
            )));
        };
        let Some(new) = class.slots.new() else {
            return Err(unpickling_error(format!(
                "{name} class argument '{}' doesn't have __new__",
                class.full_name()
            )));
        };
        let Some(positional) = args.downcast::<PyTuple>() else {
            return Err(unpickling_error(format!(
                "{name} args argument must be a tuple, not {}",
                class_of(&args).full_name()
            )));
        };
        let (mut names, mut values) = (Vec::new(), Vec::new());
        if let Some(keywords) = &keywords {
            let Some(keywords) = keywords.downcast::<PyDict>() else {
                return Err(unpickling_error(format!(
                    "{name} kwargs argument must be a dict, not {}",
                    class_of(keywords).full_name()
                )));
            };
            for (key, value) in keywords.snapshot() {
                if !key.is_layout::<PyStr>() {
                    return Err(type_error("keywords must be strings"));
                }
                names.push(key);
                values.push(value);
            }
        }
        enter_native()?;
        let obj = new(&class_obj, &Args::with_keywords(positional.as_slice(), &names, &values))?;
        self.stack.push(obj.into_strong());
        Ok(())
    }
    pub(super) fn load_reduce(&mut self) -> PyResult<()> {
        let args = self.pop()?;
        let callable = self.pop()?;
        let Some(args) = args.downcast::<PyTuple>() else {
            return Err(type_error("argument list must be a tuple"));
        };
        let obj = call(&callable, args.as_slice())?;
        self.stack.push(obj);
        Ok(())
    }
    pub(super) fn load_build(&mut self) -> PyResult<()> {
        let state = self.pop()?;
        let obj = self.top()?.clone();
        if let Some(set) = getattr_opt(&obj, &istr!("__setstate__"))? {
            return call1(&set, &state).map(drop);
        }
        let (state, slots) = match state.downcast::<PyTuple>().map(PyTuple::as_slice) {
            Some([state, slots]) => (state.clone(), Some(slots.clone())),
            _ => (state, None),
        };
        if !is_none(&state) {
            let Some(state) = state.downcast::<PyDict>() else {
                return Err(unpickling_error("state is not a dictionary"));
            };
            set_state(&obj, state)?;
        }
        if let Some(slots) = slots.filter(|slots| !is_none(slots)) {
            let Some(slots) = slots.downcast::<PyDict>() else {
                return Err(unpickling_error("slot state is not a dictionary"));
            };
            for (name, value) in slots.snapshot() {
                set_or_delete(&obj, &name, Some(&value))?;
            }
        }
        Ok(())
    }

    /// Adds `items` to the list-like object on top.
    fn append_all(&mut self, items: Vec<Obj>) -> PyResult<()> {
        let list = self.top()?.clone();
        if let Some(list) = exact_list(&list) {
            list.extend(items);
            return Ok(());
        }
        if let Some(extend) = getattr_opt(&list, &istr!("extend"))? {
            return call1(&extend, &list_obj(items)).map(drop);
        }
        let append = getattr(&list, &istr!("append"))?;
        for item in &items {
            call1(&append, item)?;
        }
        Ok(())
    }
    pub(super) fn load_append(&mut self) -> PyResult<()> {
        let item = self.pop()?;
        let top = self.top()?;
        if let Some(list) = exact_list(top) {
            list.push(item);
            return Ok(());
        }
        self.append_all(vec![item])
    }
    /// Takes away the last mark, below which there has to be the object that the items above it go into; where the items begin, and the object.
    fn mark_for_top(&mut self) -> PyResult<(usize, Obj)> {
        let mark = self.mark()?;
        if mark == 0
            || mark > self.stack.len()
            || !self.is_above_fence(mark.wrapping_sub(1)) && mark != self.stack.len()
        {
            return Err(self.underflow());
        }
        match self.stack.get(mark - 1) {
            Some(top) if self.is_above_fence(mark - 1) => Ok((mark, top.clone())),
            _ => Err(self.underflow()),
        }
    }
    pub(super) fn load_appends(&mut self) -> PyResult<()> {
        let (mark, list) = self.mark_for_top()?;
        if mark == self.stack.len() {
            return Ok(());
        }
        if let Some(list) = exact_list(&list) {
            list.extend_exact(self.stack.drain(mark..).map(IntoStrong::into_strong));
            return Ok(());
        }
        let items = self.stack.split_off(mark);
        self.append_all(items)
    }
    fn set_all(dict: &Obj, mut items: impl Iterator<Item = Obj>) -> PyResult<()> {
        let exact = exact_dict(dict);
        while let Some(key) = items.next()
            && let Some(value) = items.next()
        {
            match exact {
                Some(dict) => dict.set(key, value)?,
                None => setitem(dict, &key, &value)?,
            }
        }
        Ok(())
    }
    pub(super) fn load_setitem(&mut self) -> PyResult<()> {
        let value = self.pop()?;
        let key = self.pop()?;
        let dict = self.top()?.clone();
        Self::set_all(&dict, [key, value].into_iter())
    }
    pub(super) fn load_setitems(&mut self) -> PyResult<()> {
        let (mark, dict) = self.mark_for_top()?;
        let count = self.stack.len() - mark;
        if count % 2 != 0 {
            self.stack.truncate(mark);
            return Err(unpickling_error("odd number of items for SETITEMS"));
        }
        if count == 0 {
            return Ok(());
        }
        if let Some(dict) = exact_dict(&dict)
            && dict.is_empty()
        {
            dict.reserve(count / 2);
        }
        Self::set_all(&dict, self.stack.drain(mark..))
    }
    pub(super) fn load_additems(&mut self) -> PyResult<()> {
        let (mark, set) = self.mark_for_top()?;
        if mark == self.stack.len() {
            return Ok(());
        }
        let items = self.stack.split_off(mark);
        if let Some(set) = set.downcast::<PySet>() {
            for item in items {
                set.add(item)?;
            }
            return Ok(());
        }
        let add = getattr(&set, &istr!("add"))?;
        for item in &items {
            call1(&add, item)?;
        }
        Ok(())
    }
}
