//! The arguments of one call, vectorcall style.

use smallvec::SmallVec;
use taipan_gc::Obj;

use crate::str::PyStr;

/// Borrowed arguments: positional ones, then named ones. For methods the receiver is `positional[0]`.
#[derive(Clone, Copy)]
pub struct Args<'a> {
    pub positional: &'a [Obj],
    /// `str` objects, as many as `keyword_values`.
    pub keyword_names: &'a [Obj],
    pub keyword_values: &'a [Obj],
}

impl<'a> Args<'a> {
    /// Positional arguments only.
    #[inline]
    pub const fn new(positional: &'a [Obj]) -> Args<'a> {
        Args { positional, keyword_names: &[], keyword_values: &[] }
    }
    #[inline]
    pub const fn with_keywords(
        positional: &'a [Obj],
        keyword_names: &'a [Obj],
        keyword_values: &'a [Obj],
    ) -> Args<'a> {
        Args { positional, keyword_names, keyword_values }
    }
    pub const EMPTY: Args<'static> = Args { positional: &[], keyword_names: &[], keyword_values: &[] };
    /// The named arguments in order.
    pub fn keywords(&self) -> impl Iterator<Item = (&'a Obj, &'a Obj)> + use<'a> {
        self.keyword_names.iter().zip(self.keyword_values)
    }
    pub fn has_keywords(&self) -> bool {
        !self.keyword_names.is_empty()
    }
    /// The named argument `name`.
    pub fn keyword(&self, name: &str) -> Option<&'a Obj> {
        self.keywords().find(|(n, _)| n.downcast::<PyStr>().is_some_and(|s| s.eq_str(name))).map(|(_, v)| v)
    }
    /// Gives `call` these arguments behind `receiver`. Owned references are lent, not counted once more: their owners keep them as long as they are borrowed.
    #[inline]
    pub fn behind<R>(&self, receiver: &Obj, call: impl FnOnce(&Args<'_>) -> R) -> R {
        let lent = |of: &Obj| {
            if of.value().is_lent() {
                return of.clone();
            }
            // SAFETY: the copy is gone before what it was borrowed from is.
            unsafe { Obj::from_value_unchecked(of.value().uncounted()) }
        };
        let call = |all: &[Obj]| call(&Args::with_keywords(all, self.keyword_names, self.keyword_values));
        let receiver = lent(receiver);
        match self.positional {
            [] => call(&[receiver]),
            [a] => call(&[receiver, lent(a)]),
            [a, b] => call(&[receiver, lent(a), lent(b)]),
            more => {
                call(&std::iter::once(receiver).chain(more.iter().map(lent)).collect::<SmallVec<[Obj; 6]>>())
            }
        }
    }
    /// Without the first positional argument (the receiver).
    pub fn skip_first(&self) -> Args<'a> {
        Args { positional: &self.positional[1..], ..*self }
    }
}
