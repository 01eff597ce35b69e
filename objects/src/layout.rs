//! [`layout!`]: declares a native layout's one [`taipan_gc::Ops`] table.

use taipan_gc::{Obj, Object, Py, Slot, Tracer};

/// What freed storage is filled with.
#[cfg(feature = "poison")]
pub(crate) const POISON: u8 = 0xDB;

/// Fields that a layout's trace function visits.
pub trait TraceField {
    fn trace_field(&self, tracer: &mut Tracer<'_>);
}

impl TraceField for Slot {
    fn trace_field(&self, tracer: &mut Tracer<'_>) {
        self.trace(tracer);
    }
}
impl TraceField for Obj {
    fn trace_field(&self, tracer: &mut Tracer<'_>) {
        if self.value().is_ptr() {
            tracer(self.value(), 1);
        }
    }
}
impl<T: Object> TraceField for Py<T> {
    fn trace_field(&self, tracer: &mut Tracer<'_>) {
        tracer(self.as_obj().value(), 1);
    }
}
impl<T: TraceField> TraceField for Option<T> {
    fn trace_field(&self, tracer: &mut Tracer<'_>) {
        if let Some(field) = self {
            field.trace_field(tracer);
        }
    }
}
impl<T: TraceField> TraceField for [T] {
    fn trace_field(&self, tracer: &mut Tracer<'_>) {
        self.iter().for_each(|f| f.trace_field(tracer));
    }
}
impl<T: TraceField> TraceField for Vec<T> {
    fn trace_field(&self, tracer: &mut Tracer<'_>) {
        self.as_slice().trace_field(tracer);
    }
}
impl<T: TraceField, const N: usize> TraceField for [T; N] {
    fn trace_field(&self, tracer: &mut Tracer<'_>) {
        self.as_slice().trace_field(tracer);
    }
}
impl<T: TraceField> TraceField for Box<T> {
    fn trace_field(&self, tracer: &mut Tracer<'_>) {
        (**self).trace_field(tracer);
    }
}
impl<T: TraceField> TraceField for parking_lot::Mutex<T> {
    /// The world is stopped (or the object has one owner): a failed `try_lock` means the holder was stopped inside, which
    /// native code avoids by never reaching a safepoint under such a mutex.
    fn trace_field(&self, tracer: &mut Tracer<'_>) {
        if let Some(inner) = self.try_lock() {
            inner.trace_field(tracer);
        }
    }
}

/// Declares the layout of `$t` (a `repr(C)` struct with `header: Header` first).
///
/// - `layout!(PyFoo, "foo")`: holds no references.
/// - `layout!(PyFoo, "foo", [a, b])`: fields `a`, `b` (anything [`TraceField`]) hold references: tracked by the collector.
/// - `layout!(PyFoo, "foo", trace = f)`: `f: fn(&PyFoo, &mut Tracer)`.
///
/// Dropping drops the struct in place, so fields that own references release them by themselves.
#[macro_export]
macro_rules! layout {
    ($t:ty, $name:literal) => { $crate::layout!(@make $t, $name, false, |_, _| {}); };
    ($t:ty, $name:literal, [$($field:ident),* $(,)?]) => {
        $crate::layout!(@make $t, $name, true, |this: &$t, tracer: &mut $crate::Tracer<'_>| {
            let _ = (this, &tracer);
            $( $crate::layout::TraceField::trace_field(&this.$field, tracer); )*
        });
    };
    ($t:ty, $name:literal, trace = $f:expr) => { $crate::layout!(@make $t, $name, true, $f); };
    (@make $t:ty, $name:literal, $tracked:literal, $f:expr) => {
        const _: () = {
            unsafe fn trace(header: *const $crate::Header, tracer: &mut $crate::Tracer<'_>) {
                let f: fn(&$t, &mut $crate::Tracer<'_>) = $f;
                // SAFETY: called on this layout only (`Object`'s contract).
                f(unsafe { &*header.cast::<$t>() }, tracer)
            }
            unsafe fn drop(header: *mut $crate::Header) {
                // SAFETY: called on this layout only, once.
                unsafe { std::ptr::drop_in_place(header.cast::<$t>()) }
            }
            static OPS: $crate::Ops = $crate::Ops {
                name: $name, size: size_of::<$t>(), trace, drop, tracked: $tracked, base: None,
            };
            // SAFETY: `repr(C)` with the header first; instances are only made with shapes of classes with these ops.
            unsafe impl $crate::Object for $t {
                #[inline(always)]
                fn ops() -> &'static $crate::Ops { &OPS }
            }
        };
    };
}
