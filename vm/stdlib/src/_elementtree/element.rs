//! `Element`: layout, construction, attributes.

use taipan_objects::dict::PyDict;
use taipan_objects::hooks;
use taipan_objects::list::PyList;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::protocol::ReprGuard;
use taipan_objects::singletons::is_none;
use taipan_objects::type_object::{TypeBuilder, new_instance, type_flags};
use taipan_threading::CriticalSection;

use super::sequence;
use crate::native_class;
use crate::native_class::{class_argument, receiver};

/// An element.
#[repr(C)]
pub struct PyElement {
    header: Header,
    tag: Slot,
    text: Slot,
    tail: Slot,
    /// A dict; empty: there are no attributes yet.
    attrib: Slot,
    /// A list; empty: there are no children yet.
    children: Slot,
}
layout!(PyElement, "xml.etree.ElementTree.Element", [tag, text, tail, attrib, children]);

native_class!(
    /// `xml.etree.ElementTree.Element`.
    pub fn class() = TypeBuilder::new("xml.etree.ElementTree.Element", PyElement::ops())
        .flag(type_flags::HAS_WEAKREF | type_flags::IMMUTABLE)
        .slots(TypeSlots {
            new: Some(construct),
            init: Some(init),
            repr: Some(represent),
            len: Some(|slf| Ok(receiver::<PyElement>(slf)?.len())),
            bool_: Some(truth),
            getitem: Some(sequence::getitem),
            setitem: Some(sequence::setitem),
            ..TypeSlots::EMPTY
        })
        .methods(PyElement::methods())
        .methods(PyElement::sequence_methods())
        .methods(PyElement::search_methods())
        .methods(PyElement::copying_methods())
        .getset(GETSET)
        .make()
);

/// The element that an object is.
pub fn element(obj: &Obj) -> Option<&PyElement> {
    obj.downcast::<PyElement>()
}

/// An item of a sequence that must consist of elements.
pub fn check_element(obj: &Obj) -> PyResult<()> {
    match element(obj) {
        Some(_) => Ok(()),
        None => Err(type_error(format!("expected an Element, not \"{}\"", class_of(obj).name()))),
    }
}

/// An argument that must be an element.
pub fn element_argument<'a>(obj: &'a Obj, function: &str, number: usize) -> PyResult<&'a PyElement> {
    element(obj).ok_or_else(|| {
        type_error(format!(
            "{function}() argument {number} must be xml.etree.ElementTree.Element, not {}",
            if is_none(obj) { "None".to_owned() } else { class_of(obj).name() }
        ))
    })
}

/// A new element of a class; `attrib` becomes its own.
pub fn make(class: &PyType, tag: Obj, attrib: Option<Obj>) -> Obj {
    let attrib = Slot::from_option(attrib);
    new_instance(class, |header| PyElement {
        header,
        tag: Slot::new(tag),
        text: Slot::empty(),
        tail: Slot::empty(),
        attrib,
        children: Slot::empty(),
    })
    .into_obj()
}

fn construct(class: &Obj, _args: &Args<'_>) -> PyResult<Obj> {
    Ok(make(class_argument::<PyElement>(class)?, none(), None))
}

/// The attributes that a dict and named arguments give together, as a dict of its own; `None`: none at all.
fn attributes<'a>(
    function: &str,
    attrib: Option<&Obj>,
    extra: impl Iterator<Item = (&'a Obj, &'a Obj)>,
) -> PyResult<Option<Obj>> {
    let mut made: Option<Py<PyDict>> = None;
    if let Some(attrib) = attrib {
        let Some(dict) = attrib.downcast::<PyDict>() else {
            return Err(type_error(format!(
                "{function}() argument 2 must be dict, not {}",
                class_of(attrib).name()
            )));
        };
        made = Some(dict.copy());
    }
    for (name, value) in extra {
        if name.downcast::<PyStr>().is_some_and(|name| name.eq_str("attrib")) && attrib.is_none() {
            let Some(dict) = value.downcast::<PyDict>() else {
                return Err(type_error(format!("attrib must be dict, not {}", class_of(value).name())));
            };
            for (key, value) in dict.snapshot() {
                let made = made.get_or_insert_with(PyDict::new);
                made.set_if_absent(key.clone(), hash(&key)?, value)?;
            }
            continue;
        }
        made.get_or_insert_with(PyDict::new).set(name.clone(), value.clone())?;
    }
    Ok(made.filter(|dict| !dict.is_empty()).map(Py::into_obj))
}

fn init(slf: &Obj, args: &Args<'_>) -> PyResult<()> {
    let this = receiver::<PyElement>(slf)?;
    let (tag, attrib) = match args.positional {
        [tag] => (tag, None),
        [tag, attrib] => (tag, Some(attrib)),
        [] => return Err(type_error("Element() takes at least 1 argument (0 given)")),
        more => {
            return Err(type_error(format!("Element() takes at most 2 arguments ({} given)", more.len())));
        }
    };
    let attrib = attributes("Element", attrib, args.keywords())?;
    drop(this.attrib.replace(attrib));
    this.tag.store(tag.clone());
    for slot in [&this.text, &this.tail] {
        drop(slot.take());
    }
    Ok(())
}

/// `SubElement(parent, tag, attrib, **extra)`.
pub fn make_child(parent: &Obj, tag: &Obj, attrib: Option<&Obj>, extra: &Kwargs<'_>) -> PyResult<Obj> {
    let parent = element_argument(parent, "SubElement", 1)?;
    let attrib = attributes("SubElement", attrib, extra.iter())?;
    let made = make(class(), tag.clone(), attrib);
    parent.append_child(made.clone());
    Ok(made)
}

impl PyElement {
    pub fn tag(&self) -> Obj {
        self.tag.load().unwrap_or_else(none)
    }
    pub fn text(&self) -> Obj {
        self.text.load().unwrap_or_else(none)
    }
    pub fn tail(&self) -> Obj {
        self.tail.load().unwrap_or_else(none)
    }
    pub fn set_tag(&self, tag: Obj) {
        self.tag.store(tag);
    }
    pub fn set_text(&self, text: Obj) {
        drop(self.text.replace(Some(text).filter(|text| !is_none(text))));
    }
    pub fn set_tail(&self, tail: Obj) {
        drop(self.tail.replace(Some(tail).filter(|tail| !is_none(tail))));
    }
    /// The attributes, if there are any.
    pub fn attributes(&self) -> Option<Obj> {
        self.attrib.load()
    }
    pub fn set_attributes(&self, attrib: Option<Obj>) {
        drop(self.attrib.replace(attrib));
    }
    /// The attributes as a dict that stays the element's.
    fn attrib(&self) -> Obj {
        if let Some(attrib) = self.attrib.load() {
            return attrib;
        }
        let _section = CriticalSection::enter(self.header.lock());
        self.attrib.load().unwrap_or_else(|| {
            let fresh = PyDict::new().into_obj();
            self.attrib.store(fresh.clone());
            fresh
        })
    }
    /// The list of children, if there is one.
    pub fn children(&self) -> Option<Py<PyList>> {
        self.children.load()?.into_py::<PyList>().ok()
    }
    /// The list of children.
    pub fn own_children(&self) -> Py<PyList> {
        if let Some(children) = self.children() {
            return children;
        }
        let _section = CriticalSection::enter(self.header.lock());
        self.children().unwrap_or_else(|| {
            let fresh = PyList::new(Vec::new());
            self.children.store(fresh.as_obj().clone());
            fresh
        })
    }
    pub fn set_children(&self, children: Vec<Obj>) {
        let list = Some(children).filter(|c| !c.is_empty()).map(|c| PyList::new(c).into_obj());
        drop(self.children.replace(list));
    }
    pub fn append_child(&self, child: Obj) {
        self.own_children().push(child);
    }
    pub fn len(&self) -> usize {
        self.children.load_uncounted().as_ref().and_then(Obj::downcast::<PyList>).map_or(0, PyList::len)
    }
    pub fn child(&self, index: usize) -> Option<Obj> {
        self.children.load_uncounted()?.downcast::<PyList>()?.get(index).map(IntoStrong::into_strong)
    }
    /// Takes away everything but the tag.
    pub fn clear_all(&self) {
        for slot in [&self.attrib, &self.children, &self.text, &self.tail] {
            drop(slot.take());
        }
    }
}

macro_rules! part {
    ($name:literal, $get:expr, $set:expr, $doc:literal) => {
        GetSetDef {
            name: $name,
            get: |slf| {
                let get: fn(&PyElement) -> Obj = $get;
                Ok(get(receiver::<PyElement>(slf)?))
            },
            set: Some(|slf, value| {
                let this = receiver::<PyElement>(slf)?;
                let set: fn(&PyElement, &Obj) -> PyResult<()> = $set;
                match value {
                    Some(value) => set(this, value),
                    None => Err(attribute_error("can't delete element attribute")),
                }
            }),
            doc: $doc,
        }
    };
}

static GETSET: &[GetSetDef] = &[
    part!(
        "tag",
        |this| this.tag(),
        |this, value| Ok(this.set_tag(value.clone())),
        "A string identifying what kind of data this element represents"
    ),
    part!(
        "text",
        |this| this.text(),
        |this, value| Ok(this.set_text(value.clone())),
        "A string of text directly after the start tag, or None"
    ),
    part!(
        "tail",
        |this| this.tail(),
        |this, value| Ok(this.set_tail(value.clone())),
        "A string of text directly after the end tag, or None"
    ),
    part!(
        "attrib",
        |this| this.attrib(),
        |this, value| match value.is_layout::<PyDict>() {
            true => Ok(this.set_attributes(Some(value.clone()))),
            false => Err(type_error(format!("attrib must be dict, not {}", class_of(value).name()))),
        },
        "A dictionary containing the element's attributes"
    ),
];

fn represent(slf: &Obj) -> PyResult<Obj> {
    let this = receiver::<PyElement>(slf)?;
    let at = std::ptr::from_ref(this).addr();
    let tag = this.tag();
    if is_none(&tag) {
        return Ok(str_obj(&format!("<Element at {at:#x}>")));
    }
    let Some(_guard) = ReprGuard::enter(slf) else {
        return Err(runtime_error(format!("reentrant call inside {}.__repr__", class_of(slf).name())));
    };
    Ok(str_obj(&format!("<Element {} at {at:#x}>", repr_string(&tag)?)))
}

fn truth(slf: &Obj) -> PyResult<bool> {
    let text = "Testing an element's truth value will always return True in future versions.  Use specific 'len(elem)' or 'elem is not None' test instead.";
    hooks::warn(text, types().deprecation_warning.as_obj(), 1)?;
    Ok(receiver::<PyElement>(slf)?.len() != 0)
}

#[pymethods(class = "xml.etree.ElementTree.Element")]
impl PyElement {
    #[pymethod]
    fn clear(&self) {
        self.clear_all();
    }
    #[pymethod(sig = "(key, default=None)")]
    fn get(&self, key: &Obj, default: Option<&Obj>) -> PyResult<Obj> {
        let attrib = self.attributes();
        let found = match attrib.as_ref().and_then(|attrib| attrib.downcast::<PyDict>()) {
            Some(attrib) => attrib.get(key)?.map(IntoStrong::into_strong),
            None => None,
        };
        Ok(found.or_else(|| default.cloned()).unwrap_or_else(none))
    }
    #[pymethod(sig = "(key, value, /)")]
    fn set(&self, key: &Obj, value: &Obj) -> PyResult<()> {
        taipan_objects::protocol::setitem(&self.attrib(), key, value)
    }
    #[pymethod]
    fn keys(&self) -> Obj {
        let attrib = self.attributes();
        list_obj(attrib.as_ref().and_then(|a| a.downcast::<PyDict>()).map(PyDict::keys).unwrap_or_default())
    }
    #[pymethod]
    fn items(&self) -> Obj {
        let attrib = self.attributes();
        let pairs =
            attrib.as_ref().and_then(|a| a.downcast::<PyDict>()).map(PyDict::snapshot).unwrap_or_default();
        list_obj(pairs.into_iter().map(|(key, value)| tuple_obj(vec![key, value])).collect())
    }
    #[pymethod(sig = "(tag, attrib, /)")]
    fn makeelement(&self, tag: &Obj, attrib: &Obj) -> PyResult<Obj> {
        let Some(dict) = attrib.downcast::<PyDict>() else {
            return Err(type_error(format!(
                "makeelement() argument 2 must be dict, not {}",
                class_of(attrib).name()
            )));
        };
        Ok(make(class(), tag.clone(), Some(dict.copy().into_obj())))
    }
}
