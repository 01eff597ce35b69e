//! What dead classes leave behind: shapes and a linearization, which are read without a lock and without a reference.
//!
//! They go when the world is stopped for the next collection. By then no object has one of the shapes: a class dies in a collection, together with its last
//! instances, whose blocks are freed before another collection begins. A thread that waits in the midst of an operation on an instance keeps that alive, and it its
//! class, unless the instance was moved to another class in the meantime: the shapes of a class that lost instances so stay for good.
//! The words of inline caches that name a shape outlast it, so its id does not come back: see `taipan_gc::shape_table`.

use parking_lot::Mutex;
use taipan_gc::shape_table;

use super::Shape;
use crate::type_object::{PyType, type_flags};

struct Dead {
    /// The newest of the class's shapes; each knows the one before.
    shapes: Option<&'static Shape>,
    mro: *mut Vec<*const PyType>,
}

// SAFETY: the last references to what it names.
unsafe impl Send for Dead {}

static DEAD: Mutex<Vec<Dead>> = Mutex::new(Vec::new());

/// The class is being dropped.
pub(crate) fn leave(class: &PyType) {
    if class.has_flag(type_flags::KEEPS_SHAPES) {
        return;
    }
    DEAD.lock().push(Dead { shapes: class.newest_shape.lock().take(), mro: class.take_mro() });
}

/// The hook of the collector: the world is stopped, and no garbage waits to be freed. If it is `abandoned`, some does and always will: what the dead left stays.
pub(crate) fn bury(abandoned: bool) {
    let dead = std::mem::take(&mut *DEAD.lock());
    if abandoned {
        return;
    }
    for Dead { mut shapes, mro } in dead {
        while let Some(shape) = shapes {
            shapes = shape.older;
            shape_table::release(shape.id);
            // SAFETY: made by `Shape::publish`; nobody has it any more (see the module), and the table has forgotten it.
            drop(unsafe { Box::from_raw(std::ptr::from_ref(shape).cast_mut()) });
        }
        if !mro.is_null() {
            // SAFETY: made by `PyType::set_mro`, and the class gave it away.
            drop(unsafe { Box::from_raw(mro) });
        }
    }
}
