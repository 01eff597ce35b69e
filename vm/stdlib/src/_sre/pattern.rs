//! `re.Pattern` and its scanner. Patterns are immutable; every operation has a state of its own.

use std::sync::OnceLock;

use parking_lot::Mutex;
use taipan_objects::bytes::PyBytes;
use taipan_objects::bytes::bytes_value;
use taipan_objects::dict::PyDict;
use taipan_objects::hooks;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::type_object::{CompareOp, TypeBuilder, new_instance};
use taipan_text::TextBuf;

use super::engine::{Program, Request, Scratch, State};
use super::match_object;
use super::subject::{Mode, Subject, find, has_backslash};
use super::template;

/// `re.Pattern`.
#[repr(C)]
pub struct PyPattern {
    header: Header,
    /// The source, or None.
    pattern: Obj,
    flags: i64,
    code: Box<[u32]>,
    /// Made of the code when something is matched first: many patterns are compiled and never used.
    program: OnceLock<Box<Program>>,
    pub groups: usize,
    pub groupindex: Py<PyDict>,
    /// Names by group number, or None.
    pub indexgroup: Vec<Obj>,
    /// For bytes (`Some(true)`), for text, or for both.
    bytes: Option<bool>,
}
layout!(PyPattern, "re.Pattern", [pattern, groupindex, indexgroup]);

/// `_sre.SRE_Scanner`.
#[repr(C)]
pub struct PyScanner {
    header: Header,
    pattern: Py<PyPattern>,
    string: Obj,
    /// A view of what is neither text nor bytes: it keeps its size as long as the scanner is there.
    held: Obj,
    subject: Subject,
    pos: usize,
    end: usize,
    /// Where to go on, and whether an empty match there does not count; `None` at the end.
    next: Mutex<Option<(usize, bool)>>,
}
layout!(PyScanner, "_sre.SRE_Scanner", [pattern, string, held]);

/// What [`PyPattern`] is made of.
pub struct Parts {
    pub pattern: Obj,
    pub flags: i64,
    pub code: Vec<u32>,
    pub groups: usize,
    pub groupindex: Py<PyDict>,
    pub indexgroup: Vec<Obj>,
}

/// Makes a pattern.
pub fn new(parts: Parts) -> PyResult<Obj> {
    let Parts { pattern, flags, code, groups, groupindex, indexgroup } = parts;
    let bytes = if is_none(&pattern) { None } else { Some(Subject::new(&pattern)?.is_bytes()) };
    let code = code.into_boxed_slice();
    Ok(new_instance(class(), |header| PyPattern {
        header,
        pattern,
        flags,
        code,
        program: OnceLock::new(),
        groups,
        groupindex,
        indexgroup,
        bytes,
    })
    .into_obj())
}

fn class() -> &'static Py<PyType> {
    static CLASS: OnceLock<Py<PyType>> = OnceLock::new();
    CLASS.get_or_init(|| {
        TypeBuilder::new("re.Pattern", PyPattern::ops())
            .slots(TypeSlots {
                repr: Some(repr_of),
                hash: Some(hash_of),
                richcompare: Some(compare),
                ..TypeSlots::EMPTY
            })
            .methods(PyPattern::methods())
            .getset(PyPattern::getset())
            .doc("Compiled regular expression object.")
            .flag(taipan_objects::type_object::type_flags::HAS_WEAKREF)
            .final_()
            .no_instantiation()
            .make()
    })
}

fn scanner_class() -> &'static Py<PyType> {
    static CLASS: OnceLock<Py<PyType>> = OnceLock::new();
    CLASS.get_or_init(|| {
        TypeBuilder::new("_sre.SRE_Scanner", PyScanner::ops())
            .methods(PyScanner::methods())
            .getset(PyScanner::getset())
            .final_()
            .no_instantiation()
            .make()
    })
}

fn this(obj: &Obj) -> PyResult<&PyPattern> {
    obj.downcast().ok_or_else(|| type_error("expected a re.Pattern object"))
}

const FLAG_NAMES: [(i64, &str); 8] = [
    (2, "re.IGNORECASE"),
    (4, "re.LOCALE"),
    (8, "re.MULTILINE"),
    (16, "re.DOTALL"),
    (32, "re.UNICODE"),
    (64, "re.VERBOSE"),
    (128, "re.DEBUG"),
    (256, "re.ASCII"),
];

fn repr_of(obj: &Obj) -> PyResult<Obj> {
    let this = this(obj)?;
    let mut flags = this.flags;
    if this.bytes == Some(false) && flags & (4 | 32 | 256) == 32 {
        flags &= !32;
    }
    let mut names: Vec<String> = Vec::new();
    for (bit, name) in FLAG_NAMES {
        if flags & bit != 0 {
            names.push(name.to_owned());
            flags &= !bit;
        }
    }
    if flags != 0 {
        names.push(format!("0x{flags:x}"));
    }
    let source = repr(&this.pattern)?;
    let mut out = TextBuf::from("re.compile(");
    out.push_units(source.units().slice(0..source.len().min(200)));
    if !names.is_empty() {
        out.push_str(", ");
        out.push_str(&names.join("|"));
    }
    out.push_str(")");
    Ok(PyStr::from_units(out).into_obj())
}

fn hash_of(obj: &Obj) -> PyResult<i64> {
    let this = this(obj)?;
    let code: Vec<u8> = this.code.iter().flat_map(|c| c.to_le_bytes()).collect();
    let mut hash = protocol_hash(&this.pattern)? ^ taipan_objects::str::hash_bytes(&code);
    hash ^= this.flags ^ this.groups as i64 ^ this.bytes.map_or(-1, i64::from);
    Ok(if hash == -1 { -2 } else { hash })
}

fn protocol_hash(obj: &Obj) -> PyResult<i64> {
    taipan_objects::protocol::hash(obj)
}

fn compare(a: &Obj, b: &Obj, op: CompareOp) -> PyResult<Obj> {
    if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
        return Ok(not_implemented());
    }
    let (Some(left), Some(right)) = (a.downcast::<PyPattern>(), b.downcast::<PyPattern>()) else {
        return Ok(not_implemented());
    };
    let equal = a.is(b)
        || (left.flags == right.flags
            && left.bytes == right.bytes
            && left.groups == right.groups
            && left.code == right.code
            && eq(&left.pattern, &right.pattern)?);
    Ok(bool_obj(equal == (op == CompareOp::Eq)))
}

/// What `sub` puts in place of a match.
enum Filter {
    Literal(Obj),
    Template(Obj),
    Callable(Obj),
}

impl PyPattern {
    fn program(&self) -> PyResult<&Program> {
        if let Some(program) = self.program.get() {
            return Ok(program);
        }
        let Some(program) = Program::new(&self.code, self.groups) else {
            return Err(runtime_error("invalid SRE code"));
        };
        // Made outside of the cell: nobody waits for another thread's, and one of two is dropped.
        Ok(self.program.get_or_init(|| Box::new(program)))
    }

    /// The subject, and the bounds within it.
    fn open(&self, string: &Obj, pos: isize, endpos: isize) -> PyResult<(Subject, usize, usize)> {
        let subject = Subject::new(string)?;
        match (self.bytes, subject.is_bytes()) {
            (Some(false), true) => {
                return Err(type_error("cannot use a string pattern on a bytes-like object"));
            }
            (Some(true), false) => {
                return Err(type_error("cannot use a bytes pattern on a string-like object"));
            }
            _ => {}
        }
        let len = subject.len();
        let clip = |at: isize| (at.max(0) as usize).min(len);
        let (start, end) = (clip(pos), clip(endpos));
        Ok((subject, start, end))
    }

    fn apply(slf: &Py<Self>, string: &Obj, pos: isize, endpos: isize, mode: Mode) -> PyResult<Obj> {
        let (subject, start, end) = slf.open(string, pos, endpos)?;
        let mut state = Scratch::new();
        let request = Request { start, end, whole: mode == Mode::FullMatch, advance: false, poll: true };
        if find(subject.units(), slf.program()?, mode, &request, &mut state)? {
            Ok(match_object::make(slf, string, &state, start, end))
        } else {
            Ok(none())
        }
    }

    /// Calls `f` with the engine's state for each match, as long as it says so; at most `max` times if that is not 0.
    fn each(
        &self,
        subject: &Subject,
        start: usize,
        end: usize,
        max: isize,
        mut f: impl FnMut(&State) -> PyResult<()>,
    ) -> PyResult<()> {
        let mut state = Scratch::new();
        let mut request = Request { start, end, whole: false, advance: false, poll: true };
        let program = self.program()?;
        let mut n = 0;
        while (max == 0 || n < max) && find(subject.units(), program, Mode::Search, &request, &mut state)? {
            request.advance = state.end == state.start;
            request.start = state.end;
            f(&state)?;
            n += 1;
        }
        Ok(())
    }

    fn filter(slf: &Py<Self>, repl: &Obj, bytes: bool) -> PyResult<Filter> {
        if is_callable(repl) {
            return Ok(Filter::Callable(repl.clone()));
        }
        // Text of the wrong kind goes to the template compiler as well, which complains.
        if let Some(text) = template::text_of(repl, bytes).or_else(|| template::text_of(repl, !bytes))
            && !has_backslash(text)
        {
            return Ok(Filter::Literal(repl.clone()));
        }
        if bytes && taipan_objects::buffer::has_buffer(repl) {
            // As bytes, which have a hash.
            let plain = PyBytes::from_vec(taipan_objects::buffer::to_vec(repl)?).into_obj();
            if template::text_of(&plain, bytes).is_some_and(|text| !has_backslash(text)) {
                return Ok(Filter::Literal(plain));
            }
        }
        let compile = hooks::module_attribute("re", "_compile_template")?;
        let compiled = call(&compile, &[slf.as_obj().clone(), repl.clone()])?;
        Ok(match template::literal_of(&compiled) {
            Some(literal) => Filter::Literal(literal.clone()),
            None if is_callable(&compiled) => Filter::Callable(compiled),
            None => Filter::Template(compiled),
        })
    }

    fn substitute(slf: &Py<Self>, repl: &Obj, string: &Obj, count: isize) -> PyResult<(Obj, usize)> {
        let (subject, start, end) = slf.open(string, 0, isize::MAX)?;
        let filter = Self::filter(slf, repl, subject.is_bytes())?;
        let bytes = subject.is_bytes();
        let units = subject.units();
        let mut out = TextBuf::new();
        // `items` counts the pieces that a list of them would have, for the error text.
        let (mut done, mut n, mut items) = (start, 0, 0);
        slf.each(&subject, start, end, count, |state| {
            if done < state.start {
                out.push_units(units.slice(done..state.start));
                items += 1;
            }
            match &filter {
                Filter::Literal(literal) => match template::text_of(literal, bytes) {
                    Some(text) => out.push_units(text),
                    None => return Err(template::wrong_item(items, literal, bytes)),
                },
                Filter::Template(compiled) => {
                    template::expand_state(compiled, state, slf.groups, &subject, &mut out)?
                }
                Filter::Callable(function) => {
                    let found = match_object::make(slf, string, state, start, end);
                    let item = call1(function, &found)?;
                    if !is_none(&item) {
                        if let Some(text) = template::text_of(&item, bytes) {
                            out.push_units(text);
                        } else if bytes && taipan_objects::buffer::has_buffer(&item) {
                            out.push_latin1(&taipan_objects::buffer::to_vec(&item)?);
                        } else {
                            return Err(template::wrong_item(items, &item, bytes));
                        }
                    }
                }
            }
            items += 1;
            done = state.end;
            n += 1;
            Ok(())
        })?;
        if n == 0 {
            return Ok((subject.slice(0, end), 0));
        }
        if done < end {
            out.push_units(units.slice(done..end));
        }
        Ok((subject.build(out), n))
    }
}

#[pymethods(class = "re.Pattern")]
impl PyPattern {
    /// Matches zero or more characters at the beginning of the string.
    #[pymethod(sig = "(string, pos=0, endpos=sys.maxsize)", name = "match")]
    fn match_(slf: &Py<Self>, string: &Obj, pos: Option<isize>, endpos: Option<isize>) -> PyResult<Obj> {
        Self::apply(slf, string, pos.unwrap_or(0), endpos.unwrap_or(isize::MAX), Mode::Match)
    }
    /// Matches against all of the string.
    #[pymethod(sig = "(string, pos=0, endpos=sys.maxsize)")]
    fn fullmatch(slf: &Py<Self>, string: &Obj, pos: Option<isize>, endpos: Option<isize>) -> PyResult<Obj> {
        Self::apply(slf, string, pos.unwrap_or(0), endpos.unwrap_or(isize::MAX), Mode::FullMatch)
    }
    /// Scan through string looking for a match, and return a corresponding match object instance.
    /// Return None if no position in the string matches.
    #[pymethod(sig = "(string, pos=0, endpos=sys.maxsize)")]
    fn search(slf: &Py<Self>, string: &Obj, pos: Option<isize>, endpos: Option<isize>) -> PyResult<Obj> {
        Self::apply(slf, string, pos.unwrap_or(0), endpos.unwrap_or(isize::MAX), Mode::Search)
    }
    /// Return a list of all non-overlapping matches of pattern in string.
    #[pymethod(sig = "(string, pos=0, endpos=sys.maxsize)")]
    fn findall(&self, string: &Obj, pos: Option<isize>, endpos: Option<isize>) -> PyResult<Obj> {
        let (subject, start, end) = self.open(string, pos.unwrap_or(0), endpos.unwrap_or(isize::MAX))?;
        let mut found = Vec::new();
        let part = |state: &State, group: usize| match state.group(group) {
            Some((start, end)) => subject.slice(start, end),
            None => subject.slice(0, 0),
        };
        self.each(&subject, start, end, 0, |state| {
            found.push(match self.groups {
                0 => subject.slice(state.start, state.end),
                1 => part(state, 1),
                n => tuple_obj((1..=n).map(|g| part(state, g)).collect()),
            });
            Ok(())
        })?;
        Ok(list_obj(found))
    }
    /// Return an iterator over all non-overlapping matches for the RE pattern in string.
    /// For each match, the iterator returns a match object.
    #[pymethod(sig = "(string, pos=0, endpos=sys.maxsize)")]
    fn finditer(slf: &Py<Self>, string: &Obj, pos: Option<isize>, endpos: Option<isize>) -> PyResult<Obj> {
        let scanner = make_scanner(slf, string, pos, endpos)?;
        let search = getattr(&scanner, &istr!("search"))?;
        Ok(taipan_objects::iterators::callable_iter(search, none()))
    }
    #[pymethod(sig = "(string, pos=0, endpos=sys.maxsize)")]
    fn scanner(slf: &Py<Self>, string: &Obj, pos: Option<isize>, endpos: Option<isize>) -> PyResult<Obj> {
        make_scanner(slf, string, pos, endpos)
    }
    /// Return the string obtained by replacing the leftmost non-overlapping occurrences of pattern in string by the replacement repl.
    #[pymethod(sig = "(repl, string, count=0)")]
    fn sub(slf: &Py<Self>, repl: &Obj, string: &Obj, count: isize) -> PyResult<Obj> {
        Ok(Self::substitute(slf, repl, string, count)?.0)
    }
    /// Return the tuple (new_string, number_of_subs_made) found by replacing the leftmost non-overlapping occurrences of pattern
    /// with the replacement repl.
    #[pymethod(sig = "(repl, string, count=0)")]
    fn subn(slf: &Py<Self>, repl: &Obj, string: &Obj, count: isize) -> PyResult<(Obj, usize)> {
        Self::substitute(slf, repl, string, count)
    }
    /// Split string by the occurrences of pattern.
    #[pymethod(sig = "(string, maxsplit=0)")]
    fn split(&self, string: &Obj, maxsplit: isize) -> PyResult<Obj> {
        let (subject, start, end) = self.open(string, 0, isize::MAX)?;
        let mut parts = Vec::new();
        let mut last = start;
        self.each(&subject, start, end, maxsplit, |state| {
            parts.push(subject.slice(last, state.start));
            for group in 1..=self.groups {
                parts.push(state.group(group).map_or_else(none, |(s, e)| subject.slice(s, e)));
            }
            last = state.end;
            Ok(())
        })?;
        parts.push(subject.slice(last, end));
        Ok(list_obj(parts))
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
    /// The pattern string from which the RE object was compiled.
    #[pygetset]
    fn pattern(&self) -> Obj {
        self.pattern.clone()
    }
    /// The regex matching flags.
    #[pygetset]
    fn flags(&self) -> i64 {
        self.flags
    }
    /// The number of capturing groups in the pattern.
    #[pygetset]
    fn groups(&self) -> usize {
        self.groups
    }
    /// A dictionary mapping group names to group numbers.
    #[pygetset]
    fn groupindex(&self) -> PyResult<Obj> {
        call1(types().mappingproxy.as_obj(), self.groupindex.as_obj())
    }
}

fn make_scanner(
    pattern: &Py<PyPattern>,
    string: &Obj,
    pos: Option<isize>,
    endpos: Option<isize>,
) -> PyResult<Obj> {
    let (subject, pos, end) = pattern.open(string, pos.unwrap_or(0), endpos.unwrap_or(isize::MAX))?;
    let is_plain =
        string.downcast::<PyStr>().is_some() || taipan_objects::bytes::bytes_value(string).is_some();
    let held = if is_plain { none() } else { call1(types().memoryview.as_obj(), string)? };
    let (pattern, string) = (pattern.clone(), string.clone());
    let next = Mutex::new(Some((pos, false)));
    Ok(new_instance(scanner_class(), |header| PyScanner {
        header,
        pattern,
        string,
        held,
        subject,
        pos,
        end,
        next,
    })
    .into_obj())
}

impl PyScanner {
    fn step(&self, mode: Mode) -> PyResult<Obj> {
        let mut state = Scratch::new();
        // No Python code runs under this lock; another thread using the scanner waits for the match.
        let mut next = self.next.lock();
        let Some((start, advance)) = *next else { return Ok(none()) };
        let request = Request { start, end: self.end, whole: false, advance, poll: false };
        if !find(self.subject.units(), self.pattern.program()?, mode, &request, &mut state)? {
            *next = None;
            return Ok(none());
        }
        *next = Some((state.end, state.end == state.start));
        drop(next);
        Ok(match_object::make(&self.pattern, &self.string, &state, self.pos, self.end))
    }
}

#[pymethods(class = "_sre.SRE_Scanner")]
impl PyScanner {
    #[pymethod(name = "match")]
    fn match_(&self) -> PyResult<Obj> {
        self.step(Mode::Match)
    }
    #[pymethod]
    fn search(&self) -> PyResult<Obj> {
        self.step(Mode::Search)
    }
    #[pygetset]
    fn pattern(&self) -> Obj {
        self.pattern.as_obj().clone()
    }
}

/// Reads the arguments of `_sre.compile`.
pub fn code_of(code: &Obj) -> PyResult<Vec<u32>> {
    let items = collect(code)?;
    items
        .iter()
        .map(|item| {
            let Some(word) = taipan_objects::int::int_ref(item) else {
                return Err(type_error("an integer is required"));
            };
            word.to_u64()
                .and_then(|w| u32::try_from(w).ok())
                .ok_or_else(|| overflow_error("regular expression code size limit exceeded"))
        })
        .collect()
}

/// Whether the source is of a kind that patterns can have.
pub fn is_source(obj: &Obj) -> bool {
    is_none(obj)
        || obj.is_layout::<PyStr>()
        || bytes_value(obj).is_some()
        || taipan_objects::buffer::has_buffer(obj)
}
