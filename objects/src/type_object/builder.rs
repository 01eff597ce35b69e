//! Making native classes: at start-up for the built-in ones, later for those of native modules.

use taipan_gc::{Obj, Ops, Py, ShapeId};

use super::{NewType, PyType, TypeSlots, make, mro, ready, type_flags};
use crate::dict::PyDict;
use crate::native::{GetSetDef, MethodDef};
use crate::shape;
use crate::str::PyStr;
use crate::tuple::PyTuple;
use crate::types::types;

/// Builds one native class.
pub struct TypeBuilder {
    name: &'static str,
    base: Py<PyType>,
    metaclass: Py<PyType>,
    ops: &'static Ops,
    flags: u32,
    bootstrap: bool,
    slots: TypeSlots,
    methods: Vec<&'static [MethodDef]>,
    getset: Vec<&'static [GetSetDef]>,
    doc: Option<&'static str>,
    text_signature: Option<&'static str>,
    attrs: Vec<(&'static str, Obj)>,
    extra_bases: Vec<Py<PyType>>,
    own_new: bool,
}

impl TypeBuilder {
    /// A built-in class of the start-up table: contents come later. `name` may be qualified by a module.
    pub(crate) fn bare(
        name: &'static str,
        base: &Py<PyType>,
        metaclass: &Py<PyType>,
        ops: &'static Ops,
    ) -> TypeBuilder {
        TypeBuilder {
            name,
            base: base.clone(),
            metaclass: metaclass.clone(),
            ops,
            flags: type_flags::BASE,
            bootstrap: true,
            slots: TypeSlots::EMPTY,
            methods: Vec::new(),
            getset: Vec::new(),
            doc: None,
            text_signature: None,
            attrs: Vec::new(),
            extra_bases: Vec::new(),
            own_new: true,
        }
    }
    /// A class of a native module: `"module.name"`, instances of layout `ops`, deriving from `object` unless [`TypeBuilder::base`] says otherwise.
    pub fn new(name: &'static str, ops: &'static Ops) -> TypeBuilder {
        TypeBuilder { bootstrap: false, ..TypeBuilder::bare(name, &types().object, &types().type_, ops) }
    }
    pub fn base(mut self, base: &Py<PyType>) -> Self {
        self.base = base.clone();
        self
    }
    /// A further base after the first.
    pub fn also_base(mut self, base: &Py<PyType>) -> Self {
        self.extra_bases.push(base.clone());
        self
    }
    pub fn metaclass(mut self, metaclass: &Py<PyType>) -> Self {
        self.metaclass = metaclass.clone();
        self
    }
    /// Not subclassable.
    pub fn final_(mut self) -> Self {
        self.flags &= !type_flags::BASE;
        self
    }
    /// Instances have a `__dict__`.
    pub fn dict(mut self) -> Self {
        self.flags |= type_flags::HAS_DICT;
        self
    }
    pub fn flag(mut self, flag: u32) -> Self {
        self.flags |= flag;
        self
    }
    /// Calling the class raises `TypeError: cannot create '...' instances`.
    pub fn no_instantiation(self) -> Self {
        self.flag(type_flags::NO_INSTANTIATION)
    }
    pub fn slots(mut self, slots: TypeSlots) -> Self {
        self.slots = slots;
        self
    }
    pub fn methods(mut self, methods: &'static [MethodDef]) -> Self {
        self.methods.push(methods);
        self
    }
    pub fn getset(mut self, getset: &'static [GetSetDef]) -> Self {
        self.getset.push(getset);
        self
    }
    pub fn doc(mut self, doc: &'static str) -> Self {
        self.doc = Some(doc);
        self
    }
    /// What `inspect.signature` shows of the class.
    pub fn text_signature(mut self, signature: &'static str) -> Self {
        self.text_signature = Some(signature);
        self
    }
    /// A class attribute.
    pub fn attr(mut self, name: &'static str, value: Obj) -> Self {
        self.attrs.push((name, value));
        self
    }

    /// `object` and `type`, whose metaclass is not there yet.
    pub(crate) fn bootstrap() -> (Py<PyType>, Py<PyType>) {
        let new = |name: &'static str, ops, flags| {
            let text = PyStr::bootstrap(name);
            make(NewType {
                name: text.clone(),
                qualname: text,
                ops,
                flags,
                fixed_slots: 0,
                inline_cap: 0,
                ext_offset: 0,
                module: "builtins",
                metaclass_shape: ShapeId(0),
                extra: 0,
            })
        };
        let object =
            new("object", <crate::object_type::PyObject as taipan_gc::Object>::ops(), type_flags::BASE);
        let type_ = new("type", <PyType as taipan_gc::Object>::ops(), type_flags::BASE);
        type_.set_base(&object);
        for class in [&object, &type_] {
            class.immortalize();
            assert!(class.make_root_shape(false).is_ok(), "the shape table has room at start-up");
        }
        for class in [&object, &type_] {
            class.header().set_shape(type_.root_shape());
        }
        (object, type_)
    }

    /// Its `__new__` is `object`'s, although that makes instances of this class's own layout.
    pub fn made_by_object(mut self) -> Self {
        self.own_new = false;
        self
    }

    /// Makes the class.
    pub fn make(self) -> Py<PyType> {
        let (module, short) = self.name.rsplit_once('.').unwrap_or(("builtins", self.name));
        let base = &self.base;
        let mut flags = self.flags | (base.flags() & (type_flags::HAS_DICT | type_flags::HAS_WEAKREF));
        if self.extra_bases.iter().any(|b| b.has_dict()) {
            flags |= type_flags::HAS_DICT;
        }
        let has_dict = flags & type_flags::HAS_DICT != 0;
        let ext_offset = if has_dict { self.ops.size.next_multiple_of(8) as u32 } else { 0 };
        let inline_cap = if has_dict { 1 } else { 0 };
        let text =
            if self.bootstrap { PyStr::bootstrap(short) } else { crate::str::intern(short).into_obj() };
        let class = make(NewType {
            name: text.clone(),
            qualname: text,
            ops: self.ops,
            flags,
            fixed_slots: 0,
            inline_cap,
            ext_offset,
            module: if module == "builtins" {
                "builtins"
            } else {
                Box::leak(module.to_owned().into_boxed_str())
            },
            metaclass_shape: self.metaclass.root_shape(),
            extra: shape::extension_size(0) * usize::from(self.metaclass.ext_offset() != 0),
        });
        class.immortalize();
        class.set_base(base);
        assert!(class.make_root_shape(false).is_ok(), "the shape table has room for native classes");
        if self.bootstrap {
            return class;
        }
        let mut bases = vec![base.as_obj().clone()];
        bases.extend(self.extra_bases.iter().map(|b| b.as_obj().clone()));
        class.bases.store(PyTuple::new(bases).into_obj());
        class.dict.store(PyDict::new().into_obj());
        mro::install(&class).ok();
        class.slots.set_all(&self.slots);
        for methods in &self.methods {
            ready::add_methods(&class, methods);
        }
        for getset in &self.getset {
            ready::add_getset(&class, getset);
        }
        if module != "builtins" && !class.dict().contains_str("__module__") {
            ready::set_attr(&class, "__module__", crate::str::intern(module).into_obj());
        }
        if let Some(doc) = self.doc {
            ready::set_doc(&class, doc);
        }
        if let Some(signature) = self.text_signature {
            ready::set_text_signature(&class, signature);
        }
        for (name, value) in self.attrs {
            ready::set_attr(&class, name, value);
        }
        class.ready();
        if !self.own_new {
            class.dict().delete_str("__new__");
        }
        class
    }
}
