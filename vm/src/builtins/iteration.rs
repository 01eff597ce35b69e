//! Built-in functions over iterables.

use taipan_gc::{Header, Slot};
use taipan_objects::list::{PyList, sort_items};
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::protocol::{Items, less_quickly};
use taipan_objects::singletons::is_none;
use taipan_objects::type_object::{CompareOp, TypeBuilder};

#[pymodule(name = "builtins")]
mod items {
    use super::*;

    /// Return True if bool(x) is True for all values x in the iterable.
    ///
    /// If the iterable is empty, return True.
    #[pyfunction]
    fn all(iterable: &Obj) -> PyResult<bool> {
        let mut items = Items::of(iterable)?;
        while let Some(item) = items.next()? {
            if !is_true(&item)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Return True if bool(x) is True for any x in the iterable.
    ///
    /// If the iterable is empty, return False.
    #[pyfunction]
    fn any(iterable: &Obj) -> PyResult<bool> {
        let mut items = Items::of(iterable)?;
        while let Some(item) = items.next()? {
            if is_true(&item)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// iter(iterable) -> iterator
    /// iter(callable, sentinel) -> iterator
    ///
    /// Get an iterator from an object.
    /// In the first form, the argument must supply its own iterator, or be a sequence.
    /// In the second form, the callable is called until it returns the sentinel.
    #[pyfunction(name = "iter", sig = "(object, sentinel=<unrepresentable>, /)", text = "")]
    fn iter_(object: &Obj, sentinel: Option<&Obj>) -> PyResult<Obj> {
        match sentinel {
            None => iter(object),
            Some(_) if !is_callable(object) => Err(type_error("iter(v, w): v must be callable")),
            Some(sentinel) => Ok(taipan_objects::iterators::callable_iter(object.clone(), sentinel.clone())),
        }
    }

    /// next(iterator[, default])
    ///
    /// Return the next item from the iterator.
    ///
    /// If default is given and the iterator is exhausted,
    /// it is returned instead of raising StopIteration.
    #[pyfunction(sig = "(iterator, default=<unrepresentable>, /)", text = "")]
    fn next(iterator: &Obj, default: Option<&Obj>) -> PyResult<Obj> {
        match (taipan_objects::protocol::next_or_stop(iterator), default) {
            (Ok(Some(item)), _) => Ok(item),
            (Ok(None), Some(default)) => Ok(default.clone()),
            (Ok(None), None) => Err(exhausted(iterator)),
            (Err(Raised), Some(default)) => catch(&types().stop_iteration).map(|_| default.clone()),
            (Err(raised), None) => Err(raised),
        }
    }

    /// Return an AsyncIterator for an AsyncIterable object.
    #[pyfunction]
    fn aiter(async_iterable: &Obj) -> PyResult<Obj> {
        let Some(get) = class_of(async_iterable).slots.aiter() else {
            return Err(type_error(format!(
                "'{}' object is not an async iterable",
                class_of(async_iterable).name()
            )));
        };
        let iterator = get(async_iterable)?;
        if class_of(&iterator).slots.anext().is_none() {
            return Err(type_error(format!(
                "aiter() returned not an async iterator of type '{}'",
                class_of(&iterator).name()
            )));
        }
        Ok(iterator)
    }

    /// Return the next item from the async iterator.
    ///
    /// If default is given and the async iterator is exhausted,
    /// it is returned instead of raising StopAsyncIteration.
    #[pyfunction(sig = "(async_iterator, default=<unrepresentable>, /)")]
    fn anext(async_iterator: &Obj, default: Option<&Obj>) -> PyResult<Obj> {
        let Some(next) = class_of(async_iterator).slots.anext() else {
            return Err(type_error(format!(
                "'{}' object is not an async iterator",
                class_of(async_iterator).name()
            )));
        };
        let awaitable = next(async_iterator)?;
        Ok(match default {
            None => awaitable,
            Some(default) => PyAnextAwaitable::create(awaitable, default.clone()),
        })
    }

    /// max(iterable, *[, default=obj, key=func]) -> value
    /// max(arg1, arg2, *args, *[, key=func]) -> value
    ///
    /// With a single iterable argument, return its biggest item. The
    /// default keyword-only argument specifies an object to return if
    /// the provided iterable is empty.
    /// With two or more positional arguments, return the largest argument.
    #[pyfunction(sig = "(*args, **kwargs)", text = "")]
    fn max(args: &[Obj], kwargs: Kwargs<'_>) -> PyResult<Obj> {
        extreme("max", args, &kwargs, CompareOp::Gt)
    }

    /// min(iterable, *[, default=obj, key=func]) -> value
    /// min(arg1, arg2, *args, *[, key=func]) -> value
    ///
    /// With a single iterable argument, return its smallest item. The
    /// default keyword-only argument specifies an object to return if
    /// the provided iterable is empty.
    /// With two or more positional arguments, return the smallest argument.
    #[pyfunction(sig = "(*args, **kwargs)", text = "")]
    fn min(args: &[Obj], kwargs: Kwargs<'_>) -> PyResult<Obj> {
        extreme("min", args, &kwargs, CompareOp::Lt)
    }

    /// Return a new list containing all items from the iterable in ascending order.
    ///
    /// A custom key function can be supplied to customize the sort order, and the
    /// reverse flag can be set to request the result in descending order.
    #[pyfunction(
        sig = "(*args, key=None, reverse=False)",
        text = "(iterable, /, *, key=None, reverse=False)"
    )]
    fn sorted(args: &[Obj], key: Option<&Obj>, reverse: Option<&Obj>) -> PyResult<Obj> {
        let [iterable] = args else {
            return Err(type_error(format!("sorted expected 1 argument, got {}", args.len())));
        };
        let mut items = collect(iterable)?;
        let reverse = match reverse {
            None => false,
            Some(reverse) => is_true(reverse)?,
        };
        sort_items(&mut items, key.filter(|k| !is_none(k)), reverse)?;
        Ok(PyList::new(items).into_obj())
    }
}

/// What `next()` raises at the end. (A generator that returns a value raises by itself.)
fn exhausted(iterator: &Obj) -> Raised {
    let _ = iterator;
    stop_iteration(None)
}

fn extreme(name: &str, args: &[Obj], kwargs: &Kwargs<'_>, op: CompareOp) -> PyResult<Obj> {
    kwargs.only(name, &["key", "default"])?;
    let default = kwargs.get("default");
    let key = kwargs.get("key").filter(|k| !is_none(k));
    let arguments;
    let mut items = match args {
        [] => return Err(type_error(format!("{name} expected at least 1 argument, got 0"))),
        [iterable] => Items::of(iterable)?,
        _ if default.is_some() => {
            return Err(type_error(format!(
                "Cannot specify a default for {name}() with multiple positional arguments"
            )));
        }
        [first, others @ ..] if key.is_none() => {
            let mut best = first;
            for item in others {
                if compare_bool(item, best, op)? {
                    best = item;
                }
            }
            return Ok(best.clone());
        }
        several => {
            arguments = tuple_obj(several.to_vec());
            Items::of(&arguments)?
        }
    };
    let better = |item: &Obj, best: &Obj| -> PyResult<bool> {
        let quickly = match op {
            CompareOp::Lt => less_quickly(item, best),
            _ => less_quickly(best, item),
        };
        match quickly {
            Some(better) => Ok(better),
            None => compare_bool(item, best, op),
        }
    };
    let Some(key) = key else {
        let mut best: Option<Obj> = None;
        while let Some(item) = items.next()? {
            if match &best {
                None => true,
                Some(best) => better(&item, best)?,
            } {
                best = Some(item);
            }
        }
        return found(name, best, default);
    };
    let mut best: Option<(Obj, Obj)> = None;
    while let Some(item) = items.next()? {
        let value = call1(key, &item)?.into_strong();
        if match &best {
            None => true,
            Some((_, least)) => better(&value, least)?,
        } {
            best = Some((item, value));
        }
    }
    found(name, best.map(|(item, _)| item), default)
}

/// What `min` or `max` gives.
fn found(name: &str, best: Option<Obj>, default: Option<&Obj>) -> PyResult<Obj> {
    match (best, default) {
        (Some(item), _) => Ok(item),
        (None, Some(default)) => Ok(default.clone()),
        (None, None) => Err(value_error(format!("{name}() iterable argument is empty"))),
    }
}

/// The awaitable of `anext(iterator, default)`: passes everything on, and turns the end into the default.
#[repr(C)]
pub struct PyAnextAwaitable {
    header: Header,
    awaitable: Slot,
    default: Slot,
    /// The iterator of the awaitable, once begun.
    iterator: Slot,
}
layout!(PyAnextAwaitable, "anext_awaitable", [awaitable, default, iterator]);

static ANEXT: std::sync::OnceLock<Py<PyType>> = std::sync::OnceLock::new();

impl PyAnextAwaitable {
    fn create(awaitable: Obj, default: Obj) -> Obj {
        let class = ANEXT.get_or_init(|| {
            TypeBuilder::new("anext_awaitable", <PyAnextAwaitable as Object>::ops())
                .final_()
                .slots(TypeSlots {
                    iter: Some(taipan_objects::iterators::itself),
                    await_: Some(taipan_objects::iterators::itself),
                    iternext: Some(anext_next),
                    ..TypeSlots::EMPTY
                })
                .methods(PyAnextAwaitable::methods())
                .no_instantiation()
                .make()
        });
        taipan_objects::type_object::new_instance(class, |header| PyAnextAwaitable {
            header,
            awaitable: Slot::new(awaitable),
            default: Slot::new(default),
            iterator: Slot::empty(),
        })
        .into_obj()
    }
    fn inner(&self) -> PyResult<Obj> {
        if let Some(iterator) = self.iterator.load() {
            return Ok(iterator);
        }
        let awaitable = self.awaitable.load().unwrap_or_else(none);
        let iterator = crate::interpreter::generators::awaitable(&awaitable, 0)?.into_strong();
        let iterator = if class_of(&iterator).slots.iternext().is_some()
            || class_of(&iterator).slots.await_().is_none()
        {
            iterator
        } else {
            match class_of(&iterator).slots.await_() {
                Some(get) => get(&iterator)?,
                None => iterator,
            }
        };
        self.iterator.store(iterator.clone());
        Ok(iterator)
    }
    fn finish(&self, result: PyResult<Obj>) -> PyResult<Obj> {
        match result {
            Err(Raised) => {
                drop(catch(&types().stop_async_iteration)?);
                Err(stop_iteration(self.default.load()))
            }
            ok => ok,
        }
    }
}

fn anext_next(obj: &Obj) -> PyResult<Option<Obj>> {
    let Some(this) = obj.downcast::<PyAnextAwaitable>() else {
        return Err(type_error("an anext awaitable is required"));
    };
    let inner = this.inner()?;
    let result = match taipan_objects::protocol::next_or_stop(&inner) {
        Ok(Some(value)) => Ok(value),
        Ok(None) => Err(exhausted(&inner)),
        Err(raised) => Err(raised),
    };
    this.finish(result).map(Some)
}

#[pymethods(class = "anext_awaitable")]
impl PyAnextAwaitable {
    #[pymethod]
    fn send(&self, value: &Obj) -> PyResult<Obj> {
        let inner = self.inner()?;
        self.finish(call_method(&inner, &istr!("send"), &[value.clone()]))
    }
    #[pymethod(sig = "(*args)")]
    fn throw(&self, args: &[Obj]) -> PyResult<Obj> {
        let inner = self.inner()?;
        self.finish(call_method(&inner, &istr!("throw"), args))
    }
    #[pymethod]
    fn close(&self) -> PyResult<Obj> {
        let inner = self.inner()?;
        call_method(&inner, &istr!("close"), &[])
    }
}
