//! The `**kwargs` of a native function: the named arguments that no parameter takes, borrowed from the call.

use taipan_gc::Obj;

use super::bridge::{str_equals, str_text};
use super::{Args, suggestion};
use crate::error::{PyResult, type_error};

/// Iterable of `(&Obj name, &Obj value)`.
#[derive(Clone, Copy)]
pub struct Kwargs<'a> {
    names: &'a [Obj],
    values: &'a [Obj],
    /// Names that parameters have taken.
    taken: &'static [&'static str],
}

impl<'a> Kwargs<'a> {
    /// Those of `args` that are not in `taken`.
    #[inline]
    pub fn of(args: &Args<'a>, taken: &'static [&'static str]) -> Kwargs<'a> {
        Kwargs { names: args.keyword_names, values: args.keyword_values, taken }
    }
    pub fn iter(&self) -> impl Iterator<Item = (&'a Obj, &'a Obj)> + use<'a> {
        let taken = self.taken;
        self.names.iter().zip(self.values).filter(move |(name, _)| !taken.iter().any(|t| str_equals(name, t)))
    }
    pub fn is_empty(&self) -> bool {
        self.names.is_empty() || self.iter().next().is_none()
    }
    pub fn len(&self) -> usize {
        self.iter().count()
    }
    /// The argument called `name`.
    pub fn get(&self, name: &str) -> Option<&'a Obj> {
        self.iter().find(|(n, _)| str_equals(n, name)).map(|(_, value)| value)
    }
    /// Raises `TypeError` if there are any but those called `known`: "f() got an unexpected keyword argument 'x'".
    pub fn only(&self, function: &str, known: &[&str]) -> PyResult<()> {
        for (name, _) in self.iter() {
            if known.iter().any(|k| str_equals(name, k)) {
                continue;
            }
            let text = str_text(name).unwrap_or_default();
            let hint = suggestion(&text, known.iter().copied()).map(|n| format!(". Did you mean '{n}'?"));
            let hint = hint.unwrap_or_default();
            return Err(type_error(format!(
                "{function}() got an unexpected keyword argument '{text}'{hint}"
            )));
        }
        Ok(())
    }
}

impl<'a> IntoIterator for Kwargs<'a> {
    type Item = (&'a Obj, &'a Obj);
    type IntoIter = Box<dyn Iterator<Item = Self::Item> + 'a>;
    fn into_iter(self) -> Self::IntoIter {
        Box::new(self.iter())
    }
}
