//! What a C type's class knows about it: kind, size, layout, how libffi sees it. It hangs at the class (`PyType::native`).
//!
//! Everything but the slots, the flag and the format of pointers is constant. Classes whose description is completed later (`_fields_`, `set_type`) get another one or
//! fill a slot.

use parking_lot::Mutex;
use taipan_objects::prelude::*;
use taipan_threading::sync::atomic::{AtomicBool, Ordering};

use super::ffi::{FfiType, Placed, Scalar};

/// What kind of C type it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Simple,
    Pointer,
    Array,
    Structure,
    Union,
    Function,
}

/// Flags of functions, `FUNCFLAG_*`.
pub mod function_flags {
    pub const CDECL: i64 = 1;
    pub const PYTHONAPI: i64 = 4;
    pub const USE_ERRNO: i64 = 8;
    pub const USE_LASTERROR: i64 = 16;
}

/// The description of a C type.
#[repr(C)]
pub struct Info {
    header: Header,
    constant: Draft,
    /// The buffer format of a pointer type whose item is known.
    pub pointer_format: Mutex<Option<String>>,
    /// The type of items or of what is pointed to.
    pub item: Slot,
    /// Of a function type: a tuple of types, of their `from_param`s, the type of the result, its `_check_retval_`.
    pub argtypes: Slot,
    pub converters: Slot,
    pub restype: Slot,
    pub checker: Slot,
    /// What `POINTER(type)` gives.
    pub pointer_type: Slot,
    /// A dict of weak references to the array types made of this one, by length.
    pub arrays: Slot,
    /// `_fields_` cannot be set any more.
    sealed: AtomicBool,
}
layout!(Info, "_ctypes.StgInfo", [item, argtypes, converters, restype, checker, pointer_type, arrays]);

fn class() -> &'static Py<PyType> {
    static CLASS: std::sync::OnceLock<Py<PyType>> = std::sync::OnceLock::new();
    CLASS.get_or_init(|| {
        taipan_objects::type_object::TypeBuilder::new("_ctypes.StgInfo", Info::ops())
            .no_instantiation()
            .make()
    })
}

/// The buffer format of pointers to a type.
pub fn pointer_format(item: &Info) -> String {
    let (format, lengths) = (item.format().unwrap_or_else(|| "B".to_owned()), item.dimensions());
    if lengths.is_empty() {
        return format!("&{format}");
    }
    let lengths: Vec<String> = lengths.iter().map(usize::to_string).collect();
    format!("&({}){format}", lengths.join(","))
}

/// What is constant in an [`Info`], which dereferences to it.
#[derive(Clone)]
pub struct Draft {
    pub kind: Kind,
    /// The type code of a simple type, of a `c_char` or `c_wchar` array (that of its items); 0: neither.
    pub code: u8,
    /// In the byte order that is not the machine's.
    pub swapped: bool,
    pub size: usize,
    pub align: usize,
    /// Of an array; the number of fields of an aggregate.
    pub length: usize,
    /// Whether instances have pointers in them, which pickling must not carry.
    pub pointers: bool,
    /// Of a function type.
    pub flags: i64,
    /// The buffer format; that of arrays is their items'.
    pub format: Option<String>,
    pub ffi: FfiType,
    /// What the type consists of, as long as that matters for calls.
    pub scalars: Vec<Placed>,
}

impl std::ops::Deref for Info {
    type Target = Draft;
    fn deref(&self) -> &Draft {
        &self.constant
    }
}

impl Draft {
    /// A type that is one scalar.
    pub fn scalar(kind: Kind, scalar: Scalar) -> Draft {
        Draft {
            kind,
            code: 0,
            swapped: false,
            size: scalar.size(),
            align: scalar.align(),
            length: 0,
            pointers: false,
            flags: 0,
            format: None,
            ffi: FfiType::Scalar(scalar),
            scalars: vec![(0, scalar)],
        }
    }
    pub fn finish(self) -> Py<Info> {
        let header = class().instance_header().0;
        Py::new(Info {
            header,
            constant: self,
            pointer_format: Mutex::new(None),
            item: Slot::empty(),
            argtypes: Slot::empty(),
            converters: Slot::empty(),
            restype: Slot::empty(),
            checker: Slot::empty(),
            pointer_type: Slot::empty(),
            arrays: Slot::empty(),
            sealed: AtomicBool::new(false),
        })
    }
}

/// The description of a class, if it is a C type.
pub fn info_of(class: &PyType) -> Option<Py<Info>> {
    class.native.load()?.into_py::<Info>().ok()
}

/// The description that a class object has.
pub fn info_of_obj(class: &Obj) -> Option<Py<Info>> {
    info_of(class.downcast::<PyType>()?)
}

/// The description of an instance's class.
pub fn info_of_instance(instance: &Obj) -> PyResult<Py<Info>> {
    info_of(class_of(instance)).ok_or_else(|| type_error("abstract class"))
}

/// Attaches a description to a class that has none yet.
pub fn attach(class: &PyType, info: Py<Info>) -> PyResult<()> {
    if class.native.load().is_some() {
        return Err(system_error(format!("StgInfo of '{}' is already initialized.", class.name())));
    }
    class.native.store(info.into_obj());
    Ok(())
}

impl Info {
    pub fn is_sealed(&self) -> bool {
        self.sealed.load(Ordering::Relaxed)
    }
    pub fn seal(&self) {
        self.sealed.store(true, Ordering::Relaxed);
    }
    /// A copy, for a class that derives from this one's, without what belongs to the class.
    pub fn draft(&self) -> Draft {
        self.constant.clone()
    }
    /// The description of the items' type, or of what is pointed to.
    pub fn item_info(&self) -> Option<Py<Info>> {
        info_of_obj(&self.item.load()?)
    }
    /// The buffer format (PEP 3118). `None`: of a pointer to something that is not known.
    pub fn format(&self) -> Option<String> {
        match self.kind {
            Kind::Array => self.item_info()?.format(),
            Kind::Pointer => self.pointer_format.lock().clone(),
            _ => self.constant.format.clone(),
        }
    }
    /// The lengths of an array and of its items.
    pub fn dimensions(&self) -> Vec<usize> {
        if self.kind != Kind::Array {
            return Vec::new();
        }
        let mut shape = vec![self.length];
        if let Some(item) = self.item_info() {
            shape.extend(item.dimensions());
        }
        shape
    }
    /// Whether this is a `c_char` array (`b'c'`) or `c_wchar` array (`b'u'`).
    pub fn is_array_of(&self, code: u8) -> bool {
        self.kind == Kind::Array && self.code == code
    }
}
