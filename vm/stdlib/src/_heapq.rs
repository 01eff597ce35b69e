//! `_heapq`: priority queues in lists.
//!
//! What needs no Python comparisons is done by the list itself; the rest is one critical section on it: if a comparison gives it up and the list changes, that is an error as in CPython.

use taipan_objects::list::PyList;
use taipan_objects::list::heap::Unsifted;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::protocol;
use taipan_objects::type_object::CompareOp;
use taipan_threading::CriticalSection;

/// A heap: a list with the order of its kind.
struct Heap<'a> {
    list: &'a PyList,
    largest_first: bool,
}

impl Heap<'_> {
    fn item(&self, index: usize) -> PyResult<Obj> {
        self.list
            .get(index)
            .map(IntoStrong::into_strong)
            .ok_or_else(|| runtime_error("list changed size during iteration"))
    }
    fn put(&self, index: usize, item: Obj) -> PyResult<()> {
        if self.list.set(index, item) {
            Ok(())
        } else {
            Err(runtime_error("list changed size during iteration"))
        }
    }
    /// Whether `a` belongs nearer to the top than `b`.
    fn before(&self, a: &Obj, b: &Obj) -> PyResult<bool> {
        let (a, b) = if self.largest_first { (b, a) } else { (a, b) };
        if let Some(less) = protocol::less_quickly(a, b) {
            return Ok(less);
        }
        protocol::is_true(&protocol::rich_compare(a, b, CompareOp::Lt)?)
    }
    fn check(&self, len: usize) -> PyResult<()> {
        if self.list.len() == len { Ok(()) } else { Err(runtime_error("list changed size during iteration")) }
    }
    /// Moves the item at `place` up towards `top`.
    fn rise(&self, top: usize, place: usize) -> PyResult<()> {
        let Unsifted::Rise(mut place) = self.list.heap_rise(top, place, self.largest_first) else {
            return Ok(());
        };
        let len = self.list.len();
        let item = match self.list.get(place).map(IntoStrong::into_strong) {
            Some(item) => item,
            None => return Err(index_error("index out of range")),
        };
        while place > top {
            let parent_place = (place - 1) / 2;
            let parent = self.item(parent_place)?;
            let before = self.before(&item, &parent)?;
            self.check(len)?;
            if !before {
                break;
            }
            // What is there now, not what was compared: nobody's item is lost.
            let parent = self.item(parent_place)?;
            let moved = self.item(place)?;
            self.put(place, parent)?;
            self.put(parent_place, moved)?;
            place = parent_place;
        }
        Ok(())
    }
    /// Moves the item at `place` down to a leaf and then up to where it belongs.
    fn sink(&self, place: usize) -> PyResult<()> {
        let len = self.list.len();
        let start = place;
        if place >= len {
            return Err(index_error("index out of range"));
        }
        match self.list.heap_sink(place, self.largest_first) {
            Unsifted::Nothing => Ok(()),
            Unsifted::Sink(place) => self.sink_on(start, place, len),
            Unsifted::Rise(place) => self.rise(start, place),
        }
    }
    /// Goes on with the item that has sunk from `start` to `place`.
    fn sink_on(&self, start: usize, mut place: usize, len: usize) -> PyResult<()> {
        while place < len / 2 {
            let mut child = 2 * place + 1;
            if child + 1 < len {
                let (left, right) = (self.item(child)?, self.item(child + 1)?);
                if !self.before(&left, &right)? {
                    child += 1;
                }
                self.check(len)?;
            }
            let (upper, lower) = (self.item(place)?, self.item(child)?);
            self.put(place, lower)?;
            self.put(child, upper)?;
            place = child;
        }
        self.rise(start, place)
    }
    fn replace(&self, item: &Obj) -> PyResult<Obj> {
        let Some(top) = self.list.get(0).map(IntoStrong::into_strong) else {
            return Err(index_error("index out of range"));
        };
        self.put(0, item.clone())?;
        self.sink(0)?;
        Ok(top)
    }
    fn push_pop(&self, item: &Obj) -> PyResult<Obj> {
        let Some(top) = self.list.get(0).map(IntoStrong::into_strong) else { return Ok(item.clone()) };
        if !self.before(&top, item)? {
            return Ok(item.clone());
        }
        // The comparison may have changed the list.
        let Some(top) = self.list.get(0).map(IntoStrong::into_strong) else {
            return Err(index_error("index out of range"));
        };
        self.put(0, item.clone())?;
        self.sink(0)?;
        Ok(top)
    }
    fn build(&self) -> PyResult<()> {
        for place in (0..self.list.len() / 2).rev() {
            self.sink(place)?;
        }
        Ok(())
    }
}

fn within<R>(list: &PyList, largest_first: bool, work: impl FnOnce(&Heap<'_>) -> PyResult<R>) -> PyResult<R> {
    let _section = CriticalSection::enter(list.header().lock());
    work(&Heap { list, largest_first })
}

/// Does what is left of sifting.
fn finish(heap: &PyList, largest_first: bool, left: Unsifted) -> PyResult<()> {
    match left {
        Unsifted::Nothing => Ok(()),
        Unsifted::Sink(place) => within(heap, largest_first, |heap| heap.sink_on(0, place, heap.list.len())),
        Unsifted::Rise(place) => within(heap, largest_first, |heap| heap.rise(0, place)),
    }
}

fn push(heap: &PyList, item: &Obj, largest_first: bool) -> PyResult<()> {
    let left = heap.heap_push(item.clone(), largest_first);
    finish(heap, largest_first, left)
}

fn pop(heap: &PyList, largest_first: bool) -> PyResult<Obj> {
    let Some((top, left)) = heap.heap_pop(largest_first) else {
        return Err(index_error("index out of range"));
    };
    finish(heap, largest_first, left)?;
    Ok(top)
}

/// Heap queue algorithm (a.k.a. priority queue).
#[pymodule(name = "_heapq")]
mod items {
    use super::*;

    #[pyattr]
    const __about__: &str = "Heaps are lists for which a[k] <= a[2*k+1] and a[k] <= a[2*k+2] for all k.";
    /// Puts an item into a heap.
    #[pyfunction]
    fn heappush(heap: &PyList, item: &Obj) -> PyResult<()> {
        push(heap, item, false)
    }
    /// Takes the smallest item out of a heap.
    #[pyfunction]
    fn heappop(heap: &PyList) -> PyResult<Obj> {
        pop(heap, false)
    }
    /// Takes the smallest item out of a heap and then puts another in.
    #[pyfunction]
    fn heapreplace(heap: &PyList, item: &Obj) -> PyResult<Obj> {
        within(heap, false, |heap| heap.replace(item))
    }
    /// Puts an item into a heap and then takes the smallest out.
    #[pyfunction]
    fn heappushpop(heap: &PyList, item: &Obj) -> PyResult<Obj> {
        within(heap, false, |heap| heap.push_pop(item))
    }
    /// Makes a list a heap.
    #[pyfunction]
    fn heapify(heap: &PyList) -> PyResult<()> {
        within(heap, false, |heap| heap.build())
    }
    /// Puts an item into a max-heap.
    #[pyfunction]
    fn heappush_max(heap: &PyList, item: &Obj) -> PyResult<()> {
        push(heap, item, true)
    }
    /// Takes the largest item out of a max-heap.
    #[pyfunction]
    fn heappop_max(heap: &PyList) -> PyResult<Obj> {
        pop(heap, true)
    }
    /// Takes the largest item out of a max-heap and then puts another in.
    #[pyfunction]
    fn heapreplace_max(heap: &PyList, item: &Obj) -> PyResult<Obj> {
        within(heap, true, |heap| heap.replace(item))
    }
    /// Puts an item into a max-heap and then takes the largest out.
    #[pyfunction]
    fn heappushpop_max(heap: &PyList, item: &Obj) -> PyResult<Obj> {
        within(heap, true, |heap| heap.push_pop(item))
    }
    /// Makes a list a max-heap.
    #[pyfunction]
    fn heapify_max(heap: &PyList) -> PyResult<()> {
        within(heap, true, |heap| heap.build())
    }
}
