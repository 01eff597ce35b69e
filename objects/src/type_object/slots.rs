//! A class's table of native entry points, one per special method (CPython's `tp_*`, `nb_*`, … slots).
//! Fields may be replaced while other threads read them: each is one atomic word.

use taipan_gc::Obj;
use taipan_threading::sync::atomic::{AtomicPtr, Ordering};

use crate::argument::Args;
use crate::error::PyResult;

/// The six rich comparisons.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum CompareOp {
    Lt,
    Le,
    Eq,
    Ne,
    Gt,
    Ge,
}

impl CompareOp {
    pub const ALL: [CompareOp; 6] =
        [CompareOp::Lt, CompareOp::Le, CompareOp::Eq, CompareOp::Ne, CompareOp::Gt, CompareOp::Ge];
    /// The operator with its operands exchanged.
    pub fn swapped(self) -> CompareOp {
        match self {
            CompareOp::Lt => CompareOp::Gt,
            CompareOp::Le => CompareOp::Ge,
            CompareOp::Gt => CompareOp::Lt,
            CompareOp::Ge => CompareOp::Le,
            same => same,
        }
    }
    pub fn symbol(self) -> &'static str {
        ["<", "<=", "==", "!=", ">", ">="][self as usize]
    }
    /// Whether it is `==` or `!=`.
    #[inline]
    pub fn is_equality(self) -> bool {
        matches!(self, CompareOp::Eq | CompareOp::Ne)
    }
    /// What the operator says about an ordering.
    #[inline]
    pub fn holds(self, ordering: std::cmp::Ordering) -> bool {
        match self {
            CompareOp::Lt => ordering.is_lt(),
            CompareOp::Le => ordering.is_le(),
            CompareOp::Eq => ordering.is_eq(),
            CompareOp::Ne => ordering.is_ne(),
            CompareOp::Gt => ordering.is_gt(),
            CompareOp::Ge => ordering.is_ge(),
        }
    }
}

pub type UnaryFn = fn(&Obj) -> PyResult<Obj>;
pub type BinaryFn = fn(&Obj, &Obj) -> PyResult<Obj>;
pub type TernaryFn = fn(&Obj, &Obj, &Obj) -> PyResult<Obj>;
pub type NextFn = fn(&Obj) -> PyResult<Option<Obj>>;
pub type HashFn = fn(&Obj) -> PyResult<i64>;
pub type LenFn = fn(&Obj) -> PyResult<usize>;
pub type BoolFn = fn(&Obj) -> PyResult<bool>;
pub type ContainsFn = fn(&Obj, &Obj) -> PyResult<bool>;
/// Store, or delete when there is no value.
pub type SetFn = fn(&Obj, &Obj, Option<&Obj>) -> PyResult<()>;
/// Descriptor, instance, owner.
pub type DescrGetFn = fn(&Obj, Option<&Obj>, Option<&Obj>) -> PyResult<Obj>;
pub type CompareFn = fn(&Obj, &Obj, CompareOp) -> PyResult<Obj>;
pub type CallFn = fn(&Obj, &Args<'_>) -> PyResult<Obj>;
pub type InitFn = fn(&Obj, &Args<'_>) -> PyResult<()>;
pub type DelFn = fn(&Obj) -> PyResult<()>;
/// Flags as PEP 3118 requests.
pub type BufferFn = fn(&Obj, i32) -> PyResult<crate::buffer::Buffer>;

macro_rules! slots {
    ($($field:ident $set:ident $variant:ident : $ty:ty),* $(,)?) => {
        /// Names a slot.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        pub enum SlotId { $($variant),* }

        impl SlotId {
            pub const ALL: &'static [SlotId] = &[$(SlotId::$variant),*];
        }

        /// Plain form, to define a native class: `TypeSlots { repr: Some(f), ..TypeSlots::EMPTY }`.
        #[derive(Clone, Copy)]
        pub struct TypeSlots { $(pub $field: Option<$ty>),* }

        impl TypeSlots {
            pub const EMPTY: TypeSlots = TypeSlots { $($field: None),* };
        }

        const COUNT: usize = SlotId::ALL.len();

        /// The live table in a class.
        pub struct SlotTable { words: [AtomicPtr<()>; COUNT] }

        impl SlotTable {
            pub fn vacant() -> SlotTable {
                SlotTable { words: [const { AtomicPtr::new(std::ptr::null_mut()) }; COUNT] }
            }
            $(
                #[inline(always)]
                pub fn $field(&self) -> Option<$ty> {
                    let word = self.words[SlotId::$variant as usize].load(Ordering::Acquire);
                    // SAFETY: this word only ever holds null or a function of this type (see `set_raw`, `set_all`).
                    unsafe { std::mem::transmute::<*mut (), Option<$ty>>(word) }
                }
                pub fn $set(&self, f: Option<$ty>) {
                    let word = f.map_or(std::ptr::null_mut(), |f| f as *mut ());
                    self.words[SlotId::$variant as usize].store(word, Ordering::Release);
                }
            )*
            /// Installs every slot that `from` has.
            pub fn set_all(&self, from: &TypeSlots) {
                $( if from.$field.is_some() { self.$set(from.$field); } )*
            }
        }
    };
}

slots! {
    repr set_repr Repr: UnaryFn, str_ set_str Str: UnaryFn, hash set_hash Hash: HashFn, call set_call Call: CallFn,
    getattro set_getattro Getattro: BinaryFn, setattro set_setattro Setattro: SetFn,
    richcompare set_richcompare Richcompare: CompareFn,
    iter set_iter Iter: UnaryFn, iternext set_iternext Iternext: NextFn,
    descr_get set_descr_get DescrGet: DescrGetFn, descr_set set_descr_set DescrSet: SetFn,
    init set_init Init: InitFn, new set_new New: CallFn, del set_del Del: DelFn,
    len set_len Len: LenFn, getitem set_getitem Getitem: BinaryFn, setitem set_setitem Setitem: SetFn,
    contains set_contains Contains: ContainsFn, concat set_concat Concat: BinaryFn, repeat set_repeat Repeat: BinaryFn,
    inplace_concat set_inplace_concat InplaceConcat: BinaryFn, inplace_repeat set_inplace_repeat InplaceRepeat: BinaryFn,
    bool_ set_bool Bool: BoolFn,
    neg set_neg Neg: UnaryFn, pos set_pos Pos: UnaryFn, abs set_abs Abs: UnaryFn, invert set_invert Invert: UnaryFn,
    int set_int Int: UnaryFn, float set_float Float: UnaryFn, index set_index Index: UnaryFn,
    add set_add Add: BinaryFn, sub set_sub Sub: BinaryFn, mul set_mul Mul: BinaryFn, matmul set_matmul Matmul: BinaryFn,
    truediv set_truediv Truediv: BinaryFn, floordiv set_floordiv Floordiv: BinaryFn, mod_ set_mod Mod: BinaryFn,
    divmod set_divmod Divmod: BinaryFn, pow set_pow Pow: TernaryFn, lshift set_lshift Lshift: BinaryFn, rshift set_rshift Rshift: BinaryFn,
    and set_and And: BinaryFn, or set_or Or: BinaryFn, xor set_xor Xor: BinaryFn,
    iadd set_iadd Iadd: BinaryFn, isub set_isub Isub: BinaryFn, imul set_imul Imul: BinaryFn, imatmul set_imatmul Imatmul: BinaryFn,
    itruediv set_itruediv Itruediv: BinaryFn, ifloordiv set_ifloordiv Ifloordiv: BinaryFn, imod set_imod Imod: BinaryFn,
    ipow set_ipow Ipow: BinaryFn, ilshift set_ilshift Ilshift: BinaryFn, irshift set_irshift Irshift: BinaryFn,
    iand set_iand Iand: BinaryFn, ior set_ior Ior: BinaryFn, ixor set_ixor Ixor: BinaryFn,
    await_ set_await Await: UnaryFn, aiter set_aiter Aiter: UnaryFn, anext set_anext Anext: UnaryFn,
    buffer set_buffer Buffer: BufferFn,
}

impl SlotTable {
    /// The word of a slot; null if absent. For comparing and inheriting.
    #[inline]
    pub fn raw(&self, id: SlotId) -> *mut () {
        self.words[id as usize].load(Ordering::Acquire)
    }
    /// Whether instances are made by a `__new__` of the class, one not of a built-in type.
    #[inline]
    pub fn new_is_trampoline(&self) -> bool {
        self.raw(SlotId::New) == super::trampolines::word(SlotId::New)
    }
    /// Whether `obj[key]` calls a `__getitem__` of the class, one not of a built-in type.
    #[inline]
    pub fn getitem_is_trampoline(&self) -> bool {
        self.raw(SlotId::Getitem) == super::trampolines::word(SlotId::Getitem)
    }
    /// Whether `obj[key] = value` calls a `__setitem__` of the class, one not of a built-in type.
    #[inline]
    pub fn setitem_is_trampoline(&self) -> bool {
        self.raw(SlotId::Setitem) == super::trampolines::word(SlotId::Setitem)
    }
    /// The length of instances whose items are those of a built-in sequence: there is none from the length on.
    #[inline]
    pub fn length_of_native_sequence(&self) -> Option<LenFn> {
        let is_native =
            self.raw(SlotId::Len) != super::trampolines::word(SlotId::Len) && !self.getitem_is_trampoline();
        self.len().filter(|_| is_native)
    }
    /// Copies a slot word.
    ///
    /// # Safety
    /// `word` is null or came from [`SlotTable::raw`] (or a function of the slot's type) for the same `id`.
    pub unsafe fn set_raw(&self, id: SlotId, word: *mut ()) {
        self.words[id as usize].store(word, Ordering::Release);
    }
    /// Takes over every slot that is absent here and present in `base`.
    pub fn inherit(&self, base: &SlotTable) {
        for &id in SlotId::ALL {
            if matches!(id, SlotId::Hash | SlotId::Richcompare) {
                continue;
            }
            if self.raw(id).is_null() {
                // SAFETY: same slot.
                unsafe { self.set_raw(id, base.raw(id)) }
            }
        }
        // Equality and hashing are inherited together or not at all.
        if self.raw(SlotId::Hash).is_null() && self.raw(SlotId::Richcompare).is_null() {
            // SAFETY: same slots.
            unsafe {
                self.set_raw(SlotId::Hash, base.raw(SlotId::Hash));
                self.set_raw(SlotId::Richcompare, base.raw(SlotId::Richcompare));
            }
        }
    }
}

impl Default for SlotTable {
    fn default() -> Self {
        SlotTable::vacant()
    }
}
