//! `re.Match`: immutable, the spans of all groups computed when it is made.

use std::sync::OnceLock;

use taipan_objects::buffer;
use taipan_objects::int::int_ref;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::type_object::{TypeBuilder, new_instance};

use super::engine::State;
use super::pattern::PyPattern;
use super::subject::Subject;
use super::template;

/// `re.Match`.
#[repr(C)]
pub struct PyMatch {
    header: Header,
    pub pattern: Py<PyPattern>,
    string: Obj,
    /// Spans of the whole match and the groups; -1 for groups that took no part.
    spans: Box<[(isize, isize)]>,
    pos: usize,
    endpos: usize,
    lastindex: isize,
}
layout!(PyMatch, "re.Match", [pattern, string]);

pub fn class() -> &'static Py<PyType> {
    static CLASS: OnceLock<Py<PyType>> = OnceLock::new();
    CLASS.get_or_init(|| {
        TypeBuilder::new("re.Match", PyMatch::ops())
            .slots(TypeSlots { repr: Some(repr_of), getitem: Some(getitem), ..TypeSlots::EMPTY })
            .methods(PyMatch::methods())
            .getset(PyMatch::getset())
            .doc("The result of re.match() and re.search().\nMatch objects always have a boolean value of True.")
            .final_()
            .no_instantiation()
            .make()
    })
}

/// The match that the engine has found.
pub fn make(pattern: &Py<PyPattern>, string: &Obj, state: &State, pos: usize, endpos: usize) -> Obj {
    let mut spans = Vec::with_capacity(pattern.groups + 1);
    spans.push((state.start as isize, state.end as isize));
    for group in 1..=pattern.groups {
        spans.push(state.group(group).map_or((-1, -1), |(s, e)| (s as isize, e as isize)));
    }
    let (pattern, string, lastindex) = (pattern.clone(), string.clone(), state.last_index());
    new_instance(class(), |header| PyMatch {
        header,
        pattern,
        string,
        spans: spans.into_boxed_slice(),
        pos,
        endpos,
        lastindex,
    })
    .into_obj()
}

fn this(obj: &Obj) -> PyResult<&PyMatch> {
    obj.downcast().ok_or_else(|| type_error("expected a re.Match object"))
}

fn repr_of(obj: &Obj) -> PyResult<Obj> {
    let this = this(obj)?;
    let (start, end) = this.spans[0];
    let text = repr_string(&this.part(0, &none())?)?;
    Ok(PyStr::from_string(format!(
        "<{} object; span=({start}, {end}), match={text}>",
        class_of(obj).full_name()
    ))
    .into_obj())
}

fn getitem(obj: &Obj, key: &Obj) -> PyResult<Obj> {
    let this = this(obj)?;
    this.part(this.group_index(key)?, &none())
}

impl PyMatch {
    fn group_index(&self, key: &Obj) -> PyResult<usize> {
        let found = if key.value().is_int() {
            Some(key.value().as_int() as isize)
        } else if has_index(key) {
            Some(index_clamped(key)?)
        } else {
            let found = self.pattern.groupindex.get(key)?;
            found.as_ref().and_then(int_ref).and_then(|i| i.to_i64()).map(|i| i as isize)
        };
        match found {
            Some(i) if i >= 0 && (i as usize) < self.spans.len() => Ok(i as usize),
            _ => Err(index_error("no such group")),
        }
    }
    /// The text of a group.
    pub fn part(&self, group: usize, default: &Obj) -> PyResult<Obj> {
        let Some(&(start, end)) = self.spans.get(group) else { return Err(index_error("no such group")) };
        if start < 0 {
            return Ok(default.clone());
        }
        let (start, end) = (start as usize, end as usize);
        if let Some(text) = self.string.downcast::<PyStr>()
            && let Some(part) = text.as_utf8().and_then(|text| text.as_bytes().get(start..end))
            && part.len() < text.len()
        {
            return Ok(PyStr::from_ascii(part).into_obj());
        }
        if !self.string.is_layout::<PyStr>() && !self.string.is_layout::<taipan_objects::bytes::PyBytes>() {
            // Mutable: what is there now.
            return buffer::with_bytes(&self.string, |bytes| {
                bytes_obj(&bytes[start.min(bytes.len())..end.min(bytes.len())])
            });
        }
        Ok(Subject::new(&self.string)?.slice(start, end))
    }
    fn span_of(&self, group: Option<&Obj>) -> PyResult<(isize, isize)> {
        let group = match group {
            Some(group) => self.group_index(group)?,
            None => 0,
        };
        Ok(self.spans[group])
    }
    /// The span of a group that took part.
    pub fn span_at(&self, group: usize) -> Option<(usize, usize)> {
        self.spans.get(group).filter(|s| s.0 >= 0).map(|s| (s.0 as usize, s.1 as usize))
    }
}

#[pymethods(class = "re.Match")]
impl PyMatch {
    /// group([group1, ...]) -> str or tuple.
    /// Return subgroup(s) of the match by indices or names. For 0 returns the entire match.
    #[pymethod(sig = "(*groups)", text = "")]
    fn group(&self, groups: &[Obj]) -> PyResult<Obj> {
        match groups {
            [] => self.part(0, &none()),
            [group] => self.part(self.group_index(group)?, &none()),
            groups => {
                let parts = groups
                    .iter()
                    .map(|g| self.part(self.group_index(g)?, &none()))
                    .collect::<PyResult<Vec<Obj>>>()?;
                Ok(tuple_obj(parts))
            }
        }
    }
    /// Return a tuple of all groups; those that took no part are replaced by default.
    #[pymethod(sig = "(default=None)")]
    fn groups(&self, default: Option<Obj>) -> PyResult<Obj> {
        let default = default.unwrap_or_else(none);
        let parts = (1..self.spans.len()).map(|i| self.part(i, &default)).collect::<PyResult<Vec<Obj>>>()?;
        Ok(tuple_obj(parts))
    }
    /// Return a dictionary of all named groups; those that took no part are replaced by default.
    #[pymethod(sig = "(default=None)")]
    fn groupdict(&self, default: Option<Obj>) -> PyResult<Obj> {
        let default = default.unwrap_or_else(none);
        let dict = dict_obj();
        for (name, index) in self.pattern.groupindex.snapshot() {
            let index = int_ref(&index).and_then(|i| i.to_i64()).unwrap_or(-1);
            dict.set(name, self.part(usize::try_from(index).unwrap_or(usize::MAX), &default)?)?;
        }
        Ok(dict.into_obj())
    }
    /// Return index of the start of a group.
    #[pymethod(sig = "(group=0, /)")]
    fn start(&self, group: Option<&Obj>) -> PyResult<isize> {
        Ok(self.span_of(group)?.0)
    }
    /// Return index of the end of a group.
    #[pymethod(sig = "(group=0, /)")]
    fn end(&self, group: Option<&Obj>) -> PyResult<isize> {
        Ok(self.span_of(group)?.1)
    }
    /// Return the start and end of a group as a tuple.
    #[pymethod(sig = "(group=0, /)")]
    fn span(&self, group: Option<&Obj>) -> PyResult<(isize, isize)> {
        self.span_of(group)
    }
    /// Return the template with its backslash escapes and group references replaced, as sub() does.
    #[pymethod(sig = "(template)")]
    fn expand(&self, template: &Obj) -> PyResult<Obj> {
        let compiled = taipan_objects::hooks::module_attribute("re", "_compile_template")?;
        let compiled = call(&compiled, &[self.pattern.as_obj().clone(), template.clone()])?;
        template::expand_match(&compiled, self, &Subject::new(&self.string)?)
    }
    #[pymethod]
    fn __copy__(slf: &Obj) -> Obj {
        slf.clone()
    }
    #[pymethod]
    fn __deepcopy__(slf: &Obj, memo: &Obj) -> Obj {
        let _ = memo;
        slf.clone()
    }
    #[pyclassmethod(name = "__class_getitem__")]
    fn class_getitem(cls: &Obj, object: &Obj) -> Obj {
        taipan_objects::generic_alias::new(cls, object)
    }
    /// The string passed to match() or search().
    #[pygetset]
    fn string(&self) -> Obj {
        self.string.clone()
    }
    /// The regular expression object.
    #[pygetset]
    fn re(&self) -> Obj {
        self.pattern.as_obj().clone()
    }
    /// The index into the string at which the search began.
    #[pygetset]
    fn pos(&self) -> usize {
        self.pos
    }
    /// The index into the string beyond which the search did not go.
    #[pygetset]
    fn endpos(&self) -> usize {
        self.endpos
    }
    /// The index of the last group that took part, or None.
    #[pygetset]
    fn lastindex(&self) -> Option<isize> {
        (self.lastindex >= 0).then_some(self.lastindex)
    }
    /// The name of the last group that took part, or None.
    #[pygetset]
    fn lastgroup(&self) -> Obj {
        usize::try_from(self.lastindex)
            .ok()
            .and_then(|i| self.pattern.indexgroup.get(i).cloned())
            .unwrap_or_else(none)
    }
    /// The spans of all groups.
    #[pygetset]
    fn regs(&self) -> Obj {
        tuple_obj(
            self.spans.iter().map(|&(s, e)| tuple_obj(vec![int_obj(s as i64), int_obj(e as i64)])).collect(),
        )
    }
}
