//! The per-layout table of operations that the collector and the reference counts call.

use crate::header::Header;
use crate::value::Value;

/// Called with every reference an object holds, and how many of it it stands for.
pub type Tracer<'a> = dyn FnMut(Value, i32) + 'a;

/// Visits the references among values. One that comes several times in succession is visited once: many lists hold the same item everywhere.
#[inline]
pub fn trace_all(values: impl Iterator<Item = Value>, tracer: &mut Tracer<'_>) {
    let mut latest = Value::EMPTY;
    let mut times = 0;
    for value in values {
        if value.bits() == latest.bits() {
            times += 1;
            continue;
        }
        if latest.is_ptr() {
            tracer(latest, times);
        }
        (latest, times) = (value, 1);
    }
    if latest.is_ptr() {
        tracer(latest, times);
    }
}

/// Visits every counted reference that the object holds. Called while the world is stopped, or by the only owner.
pub type TraceFn = unsafe fn(*const Header, &mut Tracer<'_>);

/// What memory management must know about one native layout (one Rust struct starting with a [`Header`]).
/// Compared by address: each layout has exactly one `static`.
pub struct Ops {
    /// For diagnostics.
    pub name: &'static str,
    /// Bytes of the struct, without what follows it (inline items, attribute slots).
    pub size: usize,
    /// Visits the references of the struct.
    pub trace: TraceFn,
    /// Drops the fields in place (not the header, not the block). Must not run Python code other than through dropping.
    pub drop: unsafe fn(*mut Header),
    /// Whether instances can take part in cycles.
    pub tracked: bool,
    /// The layout that this one extends (its struct starts with that struct).
    pub base: Option<&'static Ops>,
}

impl Ops {
    /// Whether a struct of this layout starts with one of layout `other`.
    #[inline]
    pub fn extends(&self, other: &Ops) -> bool {
        std::ptr::eq(self, other) || (self.base.is_some() && self.extends_slow(other))
    }

    #[cold]
    fn extends_slow(&self, other: &Ops) -> bool {
        let mut ops = self;
        loop {
            if std::ptr::eq(ops, other) {
                return true;
            }
            match ops.base {
                Some(base) => ops = base,
                None => return false,
            }
        }
    }
}
