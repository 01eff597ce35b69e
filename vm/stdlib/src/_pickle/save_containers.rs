//! Writing tuples, lists, dicts and sets.

use taipan_objects::dict::exact_dict;
use taipan_objects::list::exact_list;
use taipan_objects::prelude::*;
use taipan_objects::set::PySet;
use taipan_objects::tuple::PyTuple;

use super::errors::{class_name, noted, shown};
use super::opcode::*;
use super::save::Saver;

/// How many items one instruction adds to a container.
const BATCH_SIZE: usize = 1000;

impl Saver<'_> {
    fn save_item(&mut self, container: &Obj, index: usize, item: &Obj) -> PyResult<()> {
        self.save(item)
            .map_err(|Raised| noted(|| format!("when serializing {} item {index}", class_name(container))))
    }
    fn save_value(&mut self, container: &Obj, key: &Obj, value: &Obj) -> PyResult<()> {
        self.save(value).map_err(|Raised| {
            noted(|| format!("when serializing {} item {}", class_name(container), shown(key)))
        })
    }
    fn save_element(&mut self, set: &Obj, element: &Obj) -> PyResult<()> {
        self.save(element).map_err(|Raised| noted(|| format!("when serializing {} element", class_name(set))))
    }

    pub fn save_tuple(&mut self, obj: &Obj) -> PyResult<()> {
        let Some(tuple) = obj.downcast::<PyTuple>() else { return Err(type_error("expected a tuple")) };
        let items = tuple.as_slice();
        if items.is_empty() {
            if self.settings.bin {
                self.out.byte(EMPTY_TUPLE);
            } else {
                self.out.bytes(&[MARK, TUPLE]);
            }
            return Ok(());
        }
        let short = items.len() <= 3 && self.settings.proto >= 2;
        if !short {
            self.out.byte(MARK);
        }
        for (index, item) in items.iter().enumerate() {
            self.save_item(obj, index, item)?;
        }
        if self.is_remembered(obj) {
            // The items have led back to the tuple: it is there already, and the items go away again.
            if short {
                self.out.bytes(&[POP; 3][..items.len()]);
            } else if self.settings.bin {
                self.out.byte(POP_MARK);
            } else {
                self.out.bytes(&vec![POP; items.len() + 1]);
            }
            self.recall(obj);
            return Ok(());
        }
        self.out.byte(if short { [TUPLE1, TUPLE2, TUPLE3][items.len() - 1] } else { TUPLE });
        self.memoize(obj);
        Ok(())
    }

    pub fn save_list(&mut self, obj: &Obj) -> PyResult<()> {
        self.enter_fast(obj)?;
        if self.settings.bin {
            self.out.byte(EMPTY_LIST);
        } else {
            self.out.bytes(&[MARK, LIST]);
        }
        self.memoize(obj);
        let saved =
            if self.settings.bin { self.batch_list_exact(obj) } else { self.batch_list(obj, &iter(obj)?) };
        self.leave_fast(obj);
        saved
    }

    fn batch_list_exact(&mut self, obj: &Obj) -> PyResult<()> {
        let Some(list) = exact_list(obj) else { return Err(type_error("expected a list")) };
        if list.len() == 1
            && let Some(only) = list.get(0)
        {
            self.save_item(obj, 0, &only)?;
            self.out.byte(APPEND);
            return Ok(());
        }
        let mut total = 0;
        while total < list.len() {
            self.out.byte(MARK);
            let batch_end = total + BATCH_SIZE;
            while total < batch_end {
                let plain = |items: &[Obj]| {
                    let batch = items.get(total..batch_end.min(items.len())).unwrap_or_default();
                    batch.iter().take_while(|item| self.save_plain(item)).count()
                };
                total += list.with_items(plain);
                if total == batch_end {
                    break;
                }
                let Some(item) = list.get(total) else { break };
                self.save_item(obj, total, &item)?;
                total += 1;
            }
            self.out.byte(APPENDS);
        }
        Ok(())
    }

    /// Writes what an iterator gives as items of the list-like `obj`.
    pub fn batch_list(&mut self, obj: &Obj, items: &Obj) -> PyResult<()> {
        let mut index = 0;
        if self.settings.proto == 0 {
            while let Some(item) = next(items)? {
                self.save_item(obj, index, &item)?;
                self.out.byte(APPEND);
                index += 1;
            }
            return Ok(());
        }
        loop {
            let Some(first) = next(items)? else { return Ok(()) };
            let Some(mut item) = next(items)? else {
                self.save_item(obj, index, &first)?;
                self.out.byte(APPEND);
                return Ok(());
            };
            self.out.byte(MARK);
            self.save_item(obj, index, &first)?;
            let batch_end = index + BATCH_SIZE;
            index += 1;
            loop {
                self.save_item(obj, index, &item)?;
                index += 1;
                if index == batch_end {
                    break;
                }
                match next(items)? {
                    Some(following) => item = following,
                    None => break,
                }
            }
            self.out.byte(APPENDS);
            if index < batch_end {
                return Ok(());
            }
        }
    }

    pub fn save_dict(&mut self, obj: &Obj) -> PyResult<()> {
        self.enter_fast(obj)?;
        if self.settings.bin {
            self.out.byte(EMPTY_DICT);
        } else {
            self.out.bytes(&[MARK, DICT]);
        }
        self.memoize(obj);
        let saved = match exact_dict(obj) {
            Some(dict) if dict.is_empty() => Ok(()),
            Some(_) if self.settings.bin => self.batch_dict_exact(obj),
            _ => {
                let items = call_method(obj, &istr!("items"), &[])?;
                self.batch_dict(obj, &iter(&items)?)
            }
        };
        self.leave_fast(obj);
        saved
    }

    fn batch_dict_exact(&mut self, obj: &Obj) -> PyResult<()> {
        let Some(dict) = exact_dict(obj) else { return Err(type_error("expected a dict")) };
        let size = dict.len();
        let mut position = 0;
        if size == 1
            && let Some((key, value)) = dict.next_entry(&mut position)
        {
            self.save(&key)?;
            self.save_value(obj, &key, &value)?;
            self.out.byte(SETITEM);
            return Ok(());
        }
        loop {
            let mut count = 0;
            self.out.byte(MARK);
            while count < BATCH_SIZE {
                // A pair that is not plain, and whether its key was.
                let mut left = None;
                dict.walk(&mut position, |key, value| {
                    if count == BATCH_SIZE {
                        return false;
                    }
                    let key_saved = self.save_plain(key);
                    if key_saved && self.save_plain(value) {
                        count += 1;
                        return true;
                    }
                    left = Some((key.clone(), value.clone(), key_saved));
                    false
                });
                let Some((key, value, key_saved)) = left else { break };
                position += 1;
                if !key_saved {
                    self.save(&key)?;
                }
                self.save_value(obj, &key, &value)?;
                count += 1;
            }
            self.out.byte(SETITEMS);
            if dict.len() != size {
                return Err(runtime_error("dictionary changed size during iteration"));
            }
            if count < BATCH_SIZE {
                return Ok(());
            }
        }
    }

    fn pair(item: &Obj) -> PyResult<(&Obj, &Obj)> {
        match item.downcast::<PyTuple>().map(PyTuple::as_slice) {
            Some([key, value]) => Ok((key, value)),
            _ => Err(type_error("dict items iterator must return 2-tuples")),
        }
    }

    /// Writes the pairs that an iterator gives as items of the dict-like `obj`.
    pub fn batch_dict(&mut self, obj: &Obj, items: &Obj) -> PyResult<()> {
        if self.settings.proto == 0 {
            while let Some(item) = next(items)? {
                let (key, value) = Self::pair(&item)?;
                self.save(key)?;
                self.save_value(obj, key, value)?;
                self.out.byte(SETITEM);
            }
            return Ok(());
        }
        loop {
            let Some(first) = next(items)? else { return Ok(()) };
            let (key, value) = Self::pair(&first)?;
            let Some(mut item) = next(items)? else {
                self.save(key)?;
                self.save_value(obj, key, value)?;
                self.out.byte(SETITEM);
                return Ok(());
            };
            self.out.byte(MARK);
            self.save(key)?;
            self.save_value(obj, key, value)?;
            let mut count = 1;
            loop {
                let (key, value) = Self::pair(&item)?;
                self.save(key)?;
                self.save_value(obj, key, value)?;
                count += 1;
                if count == BATCH_SIZE {
                    break;
                }
                match next(items)? {
                    Some(following) => item = following,
                    None => break,
                }
            }
            self.out.byte(SETITEMS);
            if count < BATCH_SIZE {
                return Ok(());
            }
        }
    }

    fn save_old_set(&mut self, obj: &Obj) -> PyResult<()> {
        let items = list_obj(collect(obj)?);
        let reduction = PyTuple::from_array([class_of(obj).to_obj(), tuple_obj(vec![items])]);
        self.save_reduction(obj, &reduction)
    }

    pub fn save_set(&mut self, obj: &Obj) -> PyResult<()> {
        if self.settings.proto < 4 {
            return self.save_old_set(obj);
        }
        let Some(set) = obj.downcast::<PySet>() else { return Err(type_error("expected a set")) };
        self.out.byte(EMPTY_SET);
        self.memoize(obj);
        let elements = set.to_vec();
        if elements.is_empty() {
            return Ok(());
        }
        let mut rest = elements.as_slice();
        loop {
            let (batch, after) = rest.split_at(rest.len().min(BATCH_SIZE));
            self.out.byte(MARK);
            for element in batch {
                self.save_element(obj, element)?;
            }
            self.out.byte(ADDITEMS);
            if set.len() != elements.len() {
                return Err(runtime_error("set changed size during iteration"));
            }
            if batch.len() < BATCH_SIZE {
                return Ok(());
            }
            rest = after;
        }
    }

    pub fn save_frozenset(&mut self, obj: &Obj) -> PyResult<()> {
        if self.settings.proto < 4 {
            return self.save_old_set(obj);
        }
        let Some(set) = obj.downcast::<PySet>() else { return Err(type_error("expected a frozenset")) };
        self.enter_fast(obj)?;
        self.out.byte(MARK);
        for element in set.to_vec() {
            self.save_element(obj, &element)?;
        }
        self.leave_fast(obj);
        if self.is_remembered(obj) {
            // The elements have led back to the set.
            self.out.byte(POP_MARK);
            self.recall(obj);
            return Ok(());
        }
        self.out.byte(FROZENSET);
        self.memoize(obj);
        Ok(())
    }
}
