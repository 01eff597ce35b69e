//! The table from special-method names to slots, and how a native slot function is called as a method.

use taipan_gc::{Obj, Py};

use super::slots::*;
use super::{PyType, class_of};
use crate::argument::Args;
use crate::construct::{bool_obj, int_obj, not_implemented};
use crate::error::{PyResult, Raised, stop_iteration, type_error};
use crate::singletons::{is_none, none};

/// How the wrapper passes Python arguments to a slot of this kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wrap {
    Unary,
    Next,
    Hash,
    Len,
    Bool,
    Binary,
    /// Reflected operator: operands exchanged.
    BinaryRight,
    /// A binary operator whose slot gives up its operands' order.
    Pow,
    PowRight,
    Contains,
    SetItem,
    DelItem,
    GetAttr,
    SetAttr,
    DelAttr,
    DescrGet,
    DescrSet,
    DescrDelete,
    Compare(CompareOp),
    Call,
    Init,
    New,
    Del,
    Buffer,
}

/// One special method.
pub struct SlotDef {
    pub name: &'static str,
    pub id: SlotId,
    pub wrap: Wrap,
    pub doc: &'static str,
}

macro_rules! defs {
    ($($name:literal $id:ident $wrap:expr, $doc:literal;)*) => {
        /// All special methods, in the order in which they get into namespaces.
        pub static SLOT_DEFS: &[SlotDef] = {
            use Wrap::*;
            &[$(SlotDef { name: $name, id: SlotId::$id, wrap: $wrap, doc: $doc }),*]
        };
    };
}

defs! {
    "__repr__" Repr Unary, "Return repr(self).";
    "__str__" Str Unary, "Return str(self).";
    "__hash__" Hash Hash, "Return hash(self).";
    "__call__" Call Call, "Call self as a function.";
    "__getattribute__" Getattro GetAttr, "Return getattr(self, name).";
    "__setattr__" Setattro SetAttr, "Implement setattr(self, name, value).";
    "__delattr__" Setattro DelAttr, "Implement delattr(self, name).";
    "__lt__" Richcompare Compare(CompareOp::Lt), "Return self<value.";
    "__le__" Richcompare Compare(CompareOp::Le), "Return self<=value.";
    "__eq__" Richcompare Compare(CompareOp::Eq), "Return self==value.";
    "__ne__" Richcompare Compare(CompareOp::Ne), "Return self!=value.";
    "__gt__" Richcompare Compare(CompareOp::Gt), "Return self>value.";
    "__ge__" Richcompare Compare(CompareOp::Ge), "Return self>=value.";
    "__iter__" Iter Unary, "Implement iter(self).";
    "__next__" Iternext Next, "Implement next(self).";
    "__get__" DescrGet DescrGet, "Return an attribute of instance, which is of type owner.";
    "__set__" DescrSet DescrSet, "Set an attribute of instance to value.";
    "__delete__" DescrSet DescrDelete, "Delete an attribute of instance.";
    "__init__" Init Init, "Initialize self.  See help(type(self)) for accurate signature.";
    "__new__" New New, "Create and return new object.";
    "__del__" Del Del, "Called when the instance is about to be destroyed.";
    "__await__" Await Unary, "Return an iterator to be used in await expression.";
    "__aiter__" Aiter Unary, "Return an awaitable, that resolves in asynchronous iterator.";
    "__anext__" Anext Unary, "Return a value or raise StopAsyncIteration.";
    "__add__" Add Binary, "Return self+value.";
    "__radd__" Add BinaryRight, "Return value+self.";
    "__sub__" Sub Binary, "Return self-value.";
    "__rsub__" Sub BinaryRight, "Return value-self.";
    "__mul__" Mul Binary, "Return self*value.";
    "__rmul__" Mul BinaryRight, "Return value*self.";
    "__mod__" Mod Binary, "Return self%value.";
    "__rmod__" Mod BinaryRight, "Return value%self.";
    "__divmod__" Divmod Binary, "Return divmod(self, value).";
    "__rdivmod__" Divmod BinaryRight, "Return divmod(value, self).";
    "__pow__" Pow Pow, "Return pow(self, value, mod).";
    "__rpow__" Pow PowRight, "Return pow(value, self, mod).";
    "__neg__" Neg Unary, "-self";
    "__pos__" Pos Unary, "+self";
    "__abs__" Abs Unary, "abs(self)";
    "__bool__" Bool Bool, "True if self else False";
    "__invert__" Invert Unary, "~self";
    "__lshift__" Lshift Binary, "Return self<<value.";
    "__rlshift__" Lshift BinaryRight, "Return value<<self.";
    "__rshift__" Rshift Binary, "Return self>>value.";
    "__rrshift__" Rshift BinaryRight, "Return value>>self.";
    "__and__" And Binary, "Return self&value.";
    "__rand__" And BinaryRight, "Return value&self.";
    "__xor__" Xor Binary, "Return self^value.";
    "__rxor__" Xor BinaryRight, "Return value^self.";
    "__or__" Or Binary, "Return self|value.";
    "__ror__" Or BinaryRight, "Return value|self.";
    "__int__" Int Unary, "int(self)";
    "__float__" Float Unary, "float(self)";
    "__iadd__" Iadd Binary, "Return self+=value.";
    "__isub__" Isub Binary, "Return self-=value.";
    "__imul__" Imul Binary, "Return self*=value.";
    "__imod__" Imod Binary, "Return self%=value.";
    "__ipow__" Ipow Binary, "Return self**=value.";
    "__ilshift__" Ilshift Binary, "Return self<<=value.";
    "__irshift__" Irshift Binary, "Return self>>=value.";
    "__iand__" Iand Binary, "Return self&=value.";
    "__ixor__" Ixor Binary, "Return self^=value.";
    "__ior__" Ior Binary, "Return self|=value.";
    "__floordiv__" Floordiv Binary, "Return self//value.";
    "__rfloordiv__" Floordiv BinaryRight, "Return value//self.";
    "__truediv__" Truediv Binary, "Return self/value.";
    "__rtruediv__" Truediv BinaryRight, "Return value/self.";
    "__ifloordiv__" Ifloordiv Binary, "Return self//=value.";
    "__itruediv__" Itruediv Binary, "Return self/=value.";
    "__index__" Index Unary, "Return self converted to an integer, if self is suitable for use as an index into a list.";
    "__matmul__" Matmul Binary, "Return self@value.";
    "__rmatmul__" Matmul BinaryRight, "Return value@self.";
    "__imatmul__" Imatmul Binary, "Return self@=value.";
    "__len__" Len Len, "Return len(self).";
    "__getitem__" Getitem Binary, "Return self[key].";
    "__setitem__" Setitem SetItem, "Set self[key] to value.";
    "__delitem__" Setitem DelItem, "Delete self[key].";
    "__contains__" Contains Contains, "Return bool(key in self).";
    "__add__" Concat Binary, "Return self+value.";
    "__mul__" Repeat Binary, "Return self*value.";
    "__rmul__" Repeat Binary, "Return value*self.";
    "__iadd__" InplaceConcat Binary, "Implement self+=value.";
    "__imul__" InplaceRepeat Binary, "Implement self*=value.";
    "__buffer__" Buffer Buffer, "Return a buffer object that exposes the underlying memory of the object.";
}

fn expect(def: &SlotDef, args: &Args<'_>, min: usize, max: usize) -> PyResult<()> {
    let given = args.positional.len();
    if args.has_keywords() {
        return Err(type_error(format!("wrapper {}() takes no keyword arguments", def.name)));
    }
    if given >= min && given <= max {
        return Ok(());
    }
    Err(type_error(if max > 1 {
        let (bound, of) = if min == max {
            ("", min)
        } else if given < min {
            ("at least ", min)
        } else {
            ("at most ", max)
        };
        format!("{} expected {bound}{of} argument{}, got {given}", def.name, if of == 1 { "" } else { "s" })
    } else {
        format!("expected {min} argument{}, got {given}", if min == 1 { "" } else { "s" })
    }))
}

/// Calls the slot function `word` as special method `def`; `receiver` was checked to be of a class that has this very
/// slot function or a subclass.
///
/// # Safety
/// `word` is a function of the slot's type, or null never.
pub unsafe fn call_wrapped(def: &SlotDef, word: *mut (), receiver: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    macro_rules! f {
        ($t:ty) => {
            // SAFETY: the word has the slot's type, says the caller.
            unsafe { std::mem::transmute::<*mut (), $t>(word) }
        };
    }
    let a = args.positional;
    match def.wrap {
        Wrap::Unary => {
            expect(def, args, 0, 0)?;
            f!(UnaryFn)(receiver)
        }
        Wrap::Next => {
            expect(def, args, 0, 0)?;
            match f!(NextFn)(receiver)? {
                Some(value) => Ok(value),
                None => Err(if crate::error::is_raised() { Raised } else { stop_iteration(None) }),
            }
        }
        Wrap::Hash => {
            expect(def, args, 0, 0)?;
            Ok(int_obj(f!(HashFn)(receiver)?))
        }
        Wrap::Len => {
            expect(def, args, 0, 0)?;
            Ok(int_obj(f!(LenFn)(receiver)? as i64))
        }
        Wrap::Bool => {
            expect(def, args, 0, 0)?;
            Ok(bool_obj(f!(BoolFn)(receiver)?))
        }
        Wrap::Binary => {
            expect(def, args, 1, 1)?;
            f!(BinaryFn)(receiver, &a[0])
        }
        Wrap::BinaryRight => {
            expect(def, args, 1, 1)?;
            f!(BinaryFn)(&a[0], receiver)
        }
        Wrap::Pow | Wrap::PowRight => {
            if !matches!(a.len(), 1 | 2) && !args.has_keywords() {
                let given = a.len();
                return Err(type_error(format!("expected 1 or 2 arguments, got {given}")));
            }
            expect(def, args, 1, 2)?;
            let modulus = a.get(1).cloned().unwrap_or_else(none);
            let (x, y) = if def.wrap == Wrap::Pow { (receiver, &a[0]) } else { (&a[0], receiver) };
            f!(TernaryFn)(x, y, &modulus)
        }
        Wrap::Contains => {
            expect(def, args, 1, 1)?;
            Ok(bool_obj(f!(ContainsFn)(receiver, &a[0])?))
        }
        Wrap::SetItem | Wrap::DescrSet => {
            expect(def, args, 2, 2)?;
            f!(SetFn)(receiver, &a[0], Some(&a[1]))?;
            Ok(none())
        }
        Wrap::DelItem | Wrap::DescrDelete => {
            expect(def, args, 1, 1)?;
            f!(SetFn)(receiver, &a[0], None)?;
            Ok(none())
        }
        Wrap::GetAttr => {
            expect(def, args, 1, 1)?;
            f!(BinaryFn)(receiver, &a[0])
        }
        Wrap::SetAttr => {
            expect(def, args, 2, 2)?;
            check_wrapped_setattr(receiver, word, "__setattr__")?;
            f!(SetFn)(receiver, &a[0], Some(&a[1]))?;
            Ok(none())
        }
        Wrap::DelAttr => {
            expect(def, args, 1, 1)?;
            check_wrapped_setattr(receiver, word, "__delattr__")?;
            f!(SetFn)(receiver, &a[0], None)?;
            Ok(none())
        }
        Wrap::DescrGet => {
            expect(def, args, 1, 2)?;
            let instance = Some(&a[0]).filter(|i| !is_none(i));
            let owner = a.get(1).filter(|o| !is_none(o));
            if instance.is_none() && owner.is_none() {
                return Err(type_error("__get__(None, None) is invalid"));
            }
            f!(DescrGetFn)(receiver, instance, owner)
        }
        Wrap::Compare(op) => {
            expect(def, args, 1, 1)?;
            f!(CompareFn)(receiver, &a[0], op)
        }
        Wrap::Call => f!(CallFn)(receiver, args),
        Wrap::Init => {
            f!(InitFn)(receiver, args)?;
            Ok(none())
        }
        Wrap::New => Ok(not_implemented()),
        Wrap::Del => {
            expect(def, args, 0, 0)?;
            f!(DelFn)(receiver)?;
            Ok(none())
        }
        Wrap::Buffer => {
            expect(def, args, 1, 1)?;
            crate::memoryview::from_request(receiver, &a[0], f!(BufferFn))
        }
    }
}

/// Carlo Verre's hack: `object.__setattr__` must not bypass a native base's own protection of classes.
fn check_wrapped_setattr(receiver: &Obj, word: *mut (), name: &str) -> PyResult<()> {
    let class = class_of(receiver);
    let native: Option<Py<PyType>> =
        class.mro_iter().find(|c| !c.has_flag(super::type_flags::HEAP)).map(|c| c.to_py());
    if let Some(native) = native
        && native.slots.raw(SlotId::Setattro) != word
        && native.is_subtype(&crate::types::types().type_)
    {
        return Err(type_error(format!("can't apply this {name} to {} object", class.name())));
    }
    Ok(())
}
