//! Instances of C types: memory, and what must stay alive for it.
//!
//! An instance has memory of its own, or shares that of the instance it is a part of (`base`), or looks at memory that is somebody else's. Memory of
//! its own lasts as long as the instance: `resize` makes a new block and keeps the former ones, so whoever has read the address may use it
//! as long as the instance is alive. Objects whose memory C code reaches through an instance are kept in the root instance's `objects`: one
//! object, or a dict by the place that the reference was stored at.

#![allow(unsafe_code)] // The buffer protocol hands out addresses.

use std::cell::UnsafeCell;

use parking_lot::Mutex;
use taipan_objects::buffer::{Buffer, Dimensions, contiguous_strides};
use taipan_objects::bytes::PyBytes;
use taipan_objects::dict::{PyDict, exact_dict};
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;
use taipan_objects::type_object::{TypeBuilder, new_instance, type_flags};
use taipan_threading::sync::atomic::{AtomicUsize, Ordering};

use super::function::Function;
use super::info::{Info, Kind, info_of, info_of_instance};
use super::memory::{self, Address, Block};
use super::meta;
use crate::native_class;
use crate::native_class::class_argument;

/// Bytes that an instance has room for in itself.
const INLINE: usize = 16;

/// An instance of a C type.
#[repr(C)]
pub struct CData {
    header: Header,
    address: AtomicUsize,
    size: AtomicUsize,
    /// For small values: touched by address only.
    inline: UnsafeCell<[u64; INLINE / 8]>,
    /// The memory that the instance had and has.
    blocks: Mutex<Vec<Block>>,
    /// Whether the memory is its own.
    owner: bool,
    /// The number of items or fields; 0: `objects` is no dict.
    pub length: usize,
    /// Which part of `base` it is.
    pub index: usize,
    pub base: Slot,
    pub objects: Slot,
    /// What a function pointer has beside its address.
    pub function: Option<Box<Function>>,
}
layout!(
    CData,
    "_ctypes._CData",
    trace = |this, tracer| {
        this.base.trace(tracer);
        this.objects.trace(tracer);
        if let Some(function) = &this.function {
            function.trace(tracer);
        }
    }
);

// SAFETY: `inline` is only used by its address, as any C memory.
unsafe impl Sync for CData {}

native_class!(
    /// `_ctypes._CData`.
    pub fn class() = TypeBuilder::new("_ctypes._CData", CData::ops())
        .metaclass(meta::class())
        .flag(type_flags::HAS_WEAKREF)
        .slots(TypeSlots {
            hash: Some(|_| Err(type_error("unhashable type"))),
            buffer: Some(export),
            new: Some(|class, _| Err(type_error(format!("cannot create '{}' instances", class_of(class).name())))),
            ..TypeSlots::EMPTY
        })
        .methods(CData::methods())
        .getset(CData::getset())
        .make()
);

/// The instance that an object is.
pub fn instance(obj: &Obj) -> Option<&CData> {
    obj.downcast::<CData>()
}

/// The receiver of a method.
pub fn receiver(obj: &Obj) -> PyResult<&CData> {
    instance(obj).ok_or_else(|| type_error("not a ctype instance"))
}

/// How a new instance comes to its memory.
pub enum Origin<'a> {
    /// Zeroed memory of its own.
    New,
    /// Part `index` of `base`, at `address`.
    Part { base: &'a Obj, index: usize, address: Address },
    /// Memory at `address` that somebody else answers for.
    At(Address),
}

/// Makes an instance of a C type without running its `__new__` or `__init__`.
pub fn make(class: &PyType, origin: Origin<'_>, function: Option<Function>) -> PyResult<Obj> {
    let info = info_of(class).ok_or_else(|| type_error("abstract class"))?;
    make_with(class, &info, origin, function)
}

fn make_with(class: &PyType, info: &Info, origin: Origin<'_>, function: Option<Function>) -> PyResult<Obj> {
    info.seal();
    let (mut blocks, mut base, mut index, mut owner) = (Vec::new(), Slot::empty(), 0, false);
    let address = match origin {
        Origin::New => {
            owner = true;
            if info.size > INLINE || info.align > 8 {
                blocks.push(Block::new(info.size, info.align).ok_or_else(memory_error)?);
            }
            blocks.first().map_or(0, Block::address)
        }
        Origin::Part { base: whole, index: at, address } => {
            base = Slot::new(whole.clone());
            index = at;
            address
        }
        Origin::At(address) => address,
    };
    let function = (info.kind == Kind::Function).then(|| Box::new(function.unwrap_or_default()));
    let made = new_instance(class, |header| CData {
        header,
        address: AtomicUsize::new(address),
        size: AtomicUsize::new(info.size),
        inline: UnsafeCell::new([0; INLINE / 8]),
        blocks: Mutex::new(blocks),
        owner,
        length: info.length,
        index,
        base,
        objects: Slot::empty(),
        function,
    });
    if owner && address == 0 {
        made.address.store(made.inline.get().expose_provenance(), Ordering::Relaxed);
    }
    Ok(made.into_obj())
}

/// A copy of the value at an address, as an instance with memory of its own.
pub fn make_copy(class: &PyType, from: Address) -> PyResult<Obj> {
    let made = make(class, Origin::New, None)?;
    if let Some(data) = instance(&made) {
        memory::copy(from, data.address(), data.size());
    }
    Ok(made)
}

/// `__new__` of C types whose `__init__` takes the arguments.
pub fn construct(class: &Obj, _args: &Args<'_>) -> PyResult<Obj> {
    make(class_argument::<CData>(class)?, Origin::New, None)
}

impl CData {
    pub fn address(&self) -> Address {
        self.address.load(Ordering::Acquire)
    }
    pub fn size(&self) -> usize {
        self.size.load(Ordering::Relaxed)
    }
    /// A pointer that is stored in the instance.
    pub fn pointer(&self) -> Address {
        memory::read::<usize>(self.address())
    }
    /// Gives the instance `size` bytes.
    pub fn resize(&self, size: usize, info: &Info) -> PyResult<()> {
        if size < info.size {
            return Err(value_error(format!("minimum size is {}", info.size)));
        }
        if !self.owner {
            return Err(value_error("Memory cannot be resized because this object doesn't own it"));
        }
        let mut blocks = self.blocks.lock();
        if size > self.size().max(INLINE) {
            let block = Block::new(size, info.align).ok_or_else(memory_error)?;
            memory::copy(self.address(), block.address(), self.size());
            self.address.store(block.address(), Ordering::Release);
            blocks.push(block);
        }
        self.size.store(size, Ordering::Relaxed);
        Ok(())
    }
    /// The instance whose memory this one shares in the end; `None`: itself.
    fn root(&self) -> Option<Obj> {
        let mut whole = self.base.load()?;
        while let Some(next) = instance(&whole).and_then(|data| data.base.load()) {
            whole = next;
        }
        Some(whole)
    }
    /// Runs `f` on the instance that keeps objects.
    fn with_root<R>(&self, f: impl FnOnce(&CData) -> R) -> R {
        match self.root() {
            Some(root) => f(instance(&root).unwrap_or(self)),
            None => f(self),
        }
    }
    /// What is kept alive for the memory: a dict if the root has parts, or one object, or `None`.
    pub fn kept_objects(&self) -> Obj {
        self.with_root(|root| {
            root.objects.load().unwrap_or_else(|| {
                if root.length == 0 {
                    return none();
                }
                let fresh = PyDict::new().into_obj();
                root.objects.store(fresh.clone());
                fresh
            })
        })
    }
    /// [`CData::kept_objects`] for another instance to share: never `None`.
    pub fn shared_objects(&self) -> Obj {
        self.with_root(|root| match root.objects.load() {
            Some(kept) if !is_none(&kept) => kept,
            _ => {
                let fresh = PyDict::new().into_obj();
                root.objects.store(fresh.clone());
                fresh
            }
        })
    }
    /// Keeps `object` alive for what was stored at part `index`.
    pub fn keep(&self, index: usize, object: Obj) -> PyResult<()> {
        if is_none(&object) {
            return Ok(());
        }
        let key = self.place(index);
        self.with_root(|root| {
            let kept = if root.length == 0 { root.objects.load() } else { Some(self.kept_objects()) };
            match kept.as_ref().and_then(exact_dict) {
                Some(dict) => dict.set(str_obj(&key), object),
                None => {
                    root.objects.store(object);
                    Ok(())
                }
            }
        })
    }
    /// The path of part `index` from the root: `"0:2"` is item 0 of field 2.
    fn place(&self, index: usize) -> String {
        let mut text = format!("{index:x}");
        let (mut base, mut at) = (self.base.load(), self.index);
        while let Some(whole) = base {
            text.push_str(&format!(":{at:x}"));
            let Some(data) = instance(&whole) else { break };
            at = data.index;
            base = data.base.load();
        }
        text
    }
}

/// The buffer protocol: the memory in the type's format.
pub fn export(obj: &Obj, _flags: i32) -> PyResult<Buffer> {
    let data = receiver(obj)?;
    let info = info_of_instance(obj)?;
    let mut innermost = info.clone();
    while innermost.kind == Kind::Array {
        let Some(item) = innermost.item_info() else { break };
        innermost = item;
    }
    let shape: Dimensions = info.dimensions().into_iter().map(|n| n as isize).collect();
    let itemsize = if info.kind == Kind::Array { innermost.size } else { data.size() };
    let strides = contiguous_strides(&shape, itemsize);
    // An array that `resize` has made larger shows its items only.
    let len = shape.iter().fold(itemsize, |len, &n| len.saturating_mul(n.max(0) as usize));
    let pointer = std::ptr::with_exposed_provenance_mut(data.address());
    let format = info.format().unwrap_or_else(|| "B".to_owned());
    // SAFETY: the instance's memory stays where it is while the instance is alive; the shape covers `len` bytes.
    unsafe {
        let mut buffer = Buffer::new(obj.clone(), pointer, len, false, None).with_items(itemsize, format);
        buffer.len = len;
        Ok(buffer.with_shape(shape, strides))
    }
}

#[pymethods(class = "_ctypes._CData")]
impl CData {
    /// The instance that this one is a part of.
    #[pygetset]
    fn _b_base_(&self) -> Obj {
        self.base.load().unwrap_or_else(none)
    }
    /// Whether the memory is the instance's own.
    #[pygetset]
    fn _b_needsfree_(&self) -> i64 {
        i64::from(self.owner)
    }
    /// internal objects tree (NEVER CHANGE THIS OBJECT!)
    #[pygetset]
    fn _objects(&self) -> Obj {
        self.objects.load().unwrap_or_else(none)
    }
    /// default __ctypes_from_outparam__ method returns itself.
    #[pymethod]
    fn __ctypes_from_outparam__(slf: &Obj) -> Obj {
        slf.clone()
    }
    #[pymethod]
    fn __reduce__(slf: &Obj) -> PyResult<Obj> {
        let data = receiver(slf)?;
        if info_of_instance(slf)?.pointers {
            return Err(value_error("ctypes objects containing pointers cannot be pickled"));
        }
        let dict = getattr_str(slf, "__dict__")?;
        let content = bytes_obj(&memory::bytes(data.address(), data.size()));
        let make = taipan_objects::hooks::module_attribute("_ctypes", "_unpickle")?;
        let state = tuple_obj(vec![dict, content]);
        Ok(tuple_obj(vec![make, tuple_obj(vec![class_of(slf).to_obj(), state])]))
    }
    #[pymethod(sig = "(dict, data, /)")]
    fn __setstate__(slf: &Obj, dict: &Obj, data: &Obj) -> PyResult<()> {
        let this = receiver(slf)?;
        if !dict.is_layout::<PyDict>() {
            return Err(type_error(format!(
                "__setstate__() argument 1 must be dict, not {}",
                class_of(dict).name()
            )));
        }
        let Some(content) = data.downcast::<PyBytes>() else {
            return Err(type_error(format!(
                "__setstate__() argument 2 must be read-only bytes-like object, not {}",
                class_of(data).name()
            )));
        };
        let content = content.as_slice();
        memory::store(this.address(), &content[..content.len().min(this.size())]);
        let own = getattr_str(slf, "__dict__")?;
        if !own.is_layout::<PyDict>() {
            return Err(type_error(format!(
                "{}.__dict__ must be a dictionary, not {}",
                class_of(slf).name(),
                class_of(&own).name()
            )));
        }
        call_method_str(&own, "update", &[dict.clone()]).map(drop)
    }
}
