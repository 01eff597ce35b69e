//! `TreeBuilder`: makes a tree of what a parser tells of its parts.

use taipan_objects::dict::PyDict;
use taipan_objects::layout::TraceField;
use taipan_objects::list::PyList;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::short_mutex::ShortMutex;
use taipan_objects::singletons::is_none;
use taipan_objects::type_object::{TypeBuilder, new_instance, type_flags};
use taipan_threading::sync::atomic::{AtomicBool, Ordering};

use super::element::{self, element};
use crate::native_class;
use crate::native_class::class_argument;

/// What a builder makes elements with.
#[derive(Clone, Default)]
struct Settings {
    element: Option<Obj>,
    comment: Option<Obj>,
    instruction: Option<Obj>,
    insert_comments: bool,
    insert_instructions: bool,
}

impl TraceField for Settings {
    fn trace_field(&self, tracer: &mut Tracer<'_>) {
        for factory in [&self.element, &self.comment, &self.instruction] {
            factory.trace_field(tracer);
        }
    }
}

/// A `TreeBuilder`.
#[repr(C)]
pub struct PyTreeBuilder {
    header: Header,
    settings: ShortMutex<Settings>,
    root: Slot,
    /// The element that was begun or ended last.
    last: Slot,
    /// Lists: the open elements, and pieces of text that are not given to an element yet.
    open: Obj,
    data: Obj,
    /// Whether text is the tail of the last element.
    after: AtomicBool,
}
layout!(
    PyTreeBuilder,
    "xml.etree.ElementTree.TreeBuilder",
    trace = |this, tracer| {
        for slot in [&this.root, &this.last] {
            slot.trace(tracer);
        }
        for list in [&this.open, &this.data] {
            list.trace_field(tracer);
        }
        this.settings.trace_field(tracer);
    }
);

native_class!(
    /// `xml.etree.ElementTree.TreeBuilder`.
    pub fn class() = TypeBuilder::new("xml.etree.ElementTree.TreeBuilder", PyTreeBuilder::ops())
        .flag(type_flags::IMMUTABLE)
        .slots(TypeSlots { new: Some(construct), init: Some(init), ..TypeSlots::EMPTY })
        .methods(PyTreeBuilder::methods())
        .make()
);

fn construct(class: &Obj, _args: &Args<'_>) -> PyResult<Obj> {
    let class = class_argument::<PyTreeBuilder>(class)?;
    let list = || PyList::new(Vec::new()).into_obj();
    let (open, data) = (list(), list());
    Ok(new_instance(class, |header| PyTreeBuilder {
        header,
        settings: ShortMutex::default(),
        root: Slot::empty(),
        last: Slot::empty(),
        open,
        data,
        after: AtomicBool::new(false),
    })
    .into_obj())
}

#[pyargs(
    name = "TreeBuilder",
    sig = "(element_factory=None, *, comment_factory=None, pi_factory=None, insert_comments=False, insert_pis=False)"
)]
fn init(
    slf: &Obj,
    element_factory: Option<&Obj>,
    comment_factory: Option<&Obj>,
    pi_factory: Option<&Obj>,
    insert_comments: Option<bool>,
    insert_pis: Option<bool>,
) -> PyResult<()> {
    let this = crate::native_class::receiver::<PyTreeBuilder>(slf)?;
    let (comment, instruction) = super::factories();
    let settings = Settings {
        element: given(element_factory),
        comment: given(comment_factory).or(comment),
        instruction: given(pi_factory).or(instruction),
        insert_comments: insert_comments.unwrap_or(false),
        insert_instructions: insert_pis.unwrap_or(false),
    };
    let old = std::mem::replace(&mut *this.settings.lock(), settings);
    drop(old);
    Ok(())
}

fn given(factory: Option<&Obj>) -> Option<Obj> {
    factory.filter(|factory| !is_none(factory)).cloned()
}

fn list(obj: &Obj) -> PyResult<&PyList> {
    obj.downcast::<PyList>().ok_or_else(|| system_error("a list is gone"))
}

impl PyTreeBuilder {
    /// Gives the text so far to the element that it belongs to.
    fn flush(&self) -> PyResult<()> {
        let pieces = list(&self.data)?;
        if pieces.is_empty() {
            return Ok(());
        }
        let text = match (pieces.len(), pieces.pop()) {
            (1, Some(one)) => one,
            (_, last) => {
                let more = pieces.to_vec().into_iter().chain(last).collect();
                pieces.clear();
                call_method_str(&str_obj(""), "join", &[list_obj(more)])?.into_strong()
            }
        };
        let Some(last) = self.last.load() else { return Ok(()) };
        let after = self.after.load(Ordering::Relaxed);
        if class_of(&last).is(element::class())
            && let Some(last) = element(&last)
        {
            let join = |old: Obj| -> PyResult<Obj> {
                if is_none(&old) {
                    Ok(text.clone())
                } else {
                    call_method_str(&old, "__add__", &[text.clone()])
                }
            };
            if after {
                last.set_tail(join(last.tail())?);
            } else {
                last.set_text(join(last.text())?);
            }
            return Ok(());
        }
        let name = if after { istr!("tail") } else { istr!("text") };
        let old = getattr(&last, &name)?;
        let text = if is_none(&old) { text } else { call_method_str(&old, "__add__", &[text])? };
        setattr(&last, &name, &text)
    }
    /// Puts a new part where the tree is being built.
    fn place(&self, part: &Obj) -> PyResult<()> {
        let open = list(&self.open)?;
        let Some(above) = open.len().checked_sub(1).and_then(|at| open.get(at)).map(IntoStrong::into_strong)
        else {
            if self.root.is_empty() {
                self.root.store(part.clone());
            }
            return Ok(());
        };
        match element(&above) {
            Some(above) if element(part).is_some() => above.append_child(part.clone()),
            _ => drop(call_method_str(&above, "append", std::slice::from_ref(part))?),
        }
        Ok(())
    }
    /// Adds text behind what was begun or ended last.
    pub fn add_text(&self, text: Obj) -> PyResult<()> {
        // Before the first element there is nobody to give it to.
        if !self.last.is_empty() {
            list(&self.data)?.push(text);
        }
        Ok(())
    }
    /// Begins an element, to which its attributes, a dict, belong.
    pub fn begin(&self, tag: Obj, attrib: Option<Obj>) -> PyResult<Obj> {
        self.flush()?;
        let factory = self.settings.lock().element.clone();
        let made = match factory {
            Some(factory) => {
                let attrib = attrib.unwrap_or_else(|| dict_obj().into_obj());
                call(&factory, &[tag, attrib])?.into_strong()
            }
            None => element::make(element::class(), tag, attrib),
        };
        self.last.store(made.clone());
        self.place(&made)?;
        list(&self.open)?.push(made.clone());
        self.after.store(false, Ordering::Relaxed);
        Ok(made)
    }
    /// Ends the element that was begun last.
    pub fn finish(&self) -> PyResult<Obj> {
        self.flush()?;
        let Some(ended) = list(&self.open)?.pop() else { return Err(index_error("pop from empty stack")) };
        self.last.store(ended.clone());
        self.after.store(true, Ordering::Relaxed);
        Ok(ended)
    }
    pub fn add_comment(&self, text: &Obj) -> PyResult<Obj> {
        let Settings { comment, insert_comments, .. } = self.settings.lock().clone();
        let part = match comment {
            Some(factory) => call1(&factory, text)?.into_strong(),
            None => text.clone(),
        };
        self.single(part, insert_comments)
    }
    pub fn add_instruction(&self, target: &Obj, text: Obj) -> PyResult<Obj> {
        let Settings { instruction, insert_instructions, .. } = self.settings.lock().clone();
        let part = match instruction {
            Some(factory) => call(&factory, &[target.clone(), text])?.into_strong(),
            None => tuple_obj(vec![target.clone(), text]),
        };
        self.single(part, insert_instructions)
    }
    /// The first element; none: `None`.
    pub fn root(&self) -> Obj {
        self.root.load().unwrap_or_else(none)
    }
    /// A comment or an instruction.
    fn single(&self, part: Obj, insert: bool) -> PyResult<Obj> {
        if insert {
            self.flush()?;
            self.last.store(part.clone());
            if !list(&self.open)?.is_empty() {
                self.place(&part)?;
            }
            self.after.store(true, Ordering::Relaxed);
        }
        Ok(part)
    }
}

#[pymethods(class = "xml.etree.ElementTree.TreeBuilder")]
impl PyTreeBuilder {
    #[pymethod]
    fn data(&self, data: &Obj) -> PyResult<()> {
        self.add_text(data.clone())
    }
    #[pymethod(sig = "(tag, attrs, /)")]
    fn start(&self, tag: &Obj, attrs: &Obj) -> PyResult<Obj> {
        let Some(dict) = attrs.downcast::<PyDict>() else {
            return Err(type_error(format!(
                "start() argument 2 must be dict, not {}",
                class_of(attrs).name()
            )));
        };
        let handed_on = !dict.is_empty() || self.settings.lock().element.is_some();
        self.begin(tag.clone(), Some(attrs.clone()).filter(|_| handed_on))
    }
    #[pymethod]
    fn end(&self, _tag: &Obj) -> PyResult<Obj> {
        self.finish()
    }
    #[pymethod]
    fn comment(&self, text: &Obj) -> PyResult<Obj> {
        self.add_comment(text)
    }
    #[pymethod(sig = "(target, text=None, /)")]
    fn pi(&self, target: &Obj, text: Option<&Obj>) -> PyResult<Obj> {
        self.add_instruction(target, text.cloned().unwrap_or_else(none))
    }
    #[pymethod]
    fn close(&self) -> Obj {
        self.root()
    }
}
