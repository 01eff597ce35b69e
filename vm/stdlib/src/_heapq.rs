//! `_heapq`: priority queues in lists.
//!
//! Each function is one critical section on the list; if a comparison gives it up and the list changes, that is an error as in CPython.

use taipan_objects::list::PyList;
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
        if a.value().both_int(b.value()) {
            return Ok(a.value().as_int() < b.value().as_int());
        }
        protocol::is_true(&protocol::rich_compare(a, b, CompareOp::Lt)?)
    }
    fn check(&self, len: usize) -> PyResult<()> {
        if self.list.len() == len { Ok(()) } else { Err(runtime_error("list changed size during iteration")) }
    }
    /// Whether `a` belongs nearer to the top than `b`, both small integers; `None`: they are not.
    fn small_before(&self, a: &Obj, b: &Obj) -> Option<bool> {
        let (a, b) = if self.largest_first { (b.value(), a.value()) } else { (a.value(), b.value()) };
        a.both_int(b).then(|| a.as_int() < b.as_int())
    }
    /// As [`Heap::rise`], as long as items are small integers: these are moved one by one past the rising one, as no other code runs meanwhile.
    /// Gives where it got to.
    fn rise_small(&self, top: usize, mut place: usize) -> PyResult<usize> {
        let Some(item) = self.list.get_lent(place).filter(|item| item.value().is_int()) else {
            return Ok(place);
        };
        let start = place;
        while place > top {
            let parent_place = (place - 1) / 2;
            let Some(parent) = self.list.get_lent(parent_place) else { break };
            if self.small_before(&item, &parent) != Some(true) {
                break;
            }
            self.put(place, parent)?;
            place = parent_place;
        }
        if place != start {
            self.put(place, item)?;
        }
        Ok(place)
    }
    /// As the first part of [`Heap::sink`], as long as items are small integers. Gives where the item got to.
    fn sink_small(&self, mut place: usize, len: usize) -> PyResult<usize> {
        let Some(item) = self.list.get_lent(place).filter(|item| item.value().is_int()) else {
            return Ok(place);
        };
        let start = place;
        while place < len / 2 {
            let mut child = 2 * place + 1;
            let Some(mut lower) = self.list.get_lent(child).filter(|lower| lower.value().is_int()) else {
                break;
            };
            if child + 1 < len {
                let Some(right) = self.list.get_lent(child + 1) else { break };
                match self.small_before(&lower, &right) {
                    Some(true) => {}
                    Some(false) => (child, lower) = (child + 1, right),
                    None => break,
                }
            }
            self.put(place, lower)?;
            place = child;
        }
        if place != start {
            self.put(place, item)?;
        }
        Ok(place)
    }
    /// Moves the item at `place` up towards `top`.
    fn rise(&self, top: usize, place: usize) -> PyResult<()> {
        let mut place = self.rise_small(top, place)?;
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
        let mut place = place;
        if place >= len {
            return Err(index_error("index out of range"));
        }
        place = self.sink_small(place, len)?;
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
    fn push(&self, item: &Obj) -> PyResult<()> {
        self.list.push(item.clone());
        self.rise(0, self.list.len().saturating_sub(1))
    }
    fn pop(&self) -> PyResult<Obj> {
        let Some(last) = self.list.pop() else { return Err(index_error("index out of range")) };
        let Some(top) = self.list.get(0).map(IntoStrong::into_strong) else { return Ok(last) };
        self.put(0, last)?;
        self.sink(0)?;
        Ok(top)
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

fn within<R>(heap: &Obj, largest_first: bool, work: impl FnOnce(&Heap<'_>) -> PyResult<R>) -> PyResult<R> {
    let Some(list) = heap.downcast::<PyList>() else {
        return Err(type_error(format!("heap argument must be a list, not {}", class_of(heap).name())));
    };
    let _section = CriticalSection::enter(list.header().lock());
    work(&Heap { list, largest_first })
}

/// Heap queue algorithm (a.k.a. priority queue).
#[pymodule(name = "_heapq")]
mod items {
    use super::*;

    #[pyattr]
    const __about__: &str = "Heaps are lists for which a[k] <= a[2*k+1] and a[k] <= a[2*k+2] for all k.";
    /// Puts an item into a heap.
    #[pyfunction]
    fn heappush(heap: &Obj, item: &Obj) -> PyResult<()> {
        within(heap, false, |heap| heap.push(item))
    }
    /// Takes the smallest item out of a heap.
    #[pyfunction]
    fn heappop(heap: &Obj) -> PyResult<Obj> {
        within(heap, false, |heap| heap.pop())
    }
    /// Takes the smallest item out of a heap and then puts another in.
    #[pyfunction]
    fn heapreplace(heap: &Obj, item: &Obj) -> PyResult<Obj> {
        within(heap, false, |heap| heap.replace(item))
    }
    /// Puts an item into a heap and then takes the smallest out.
    #[pyfunction]
    fn heappushpop(heap: &Obj, item: &Obj) -> PyResult<Obj> {
        within(heap, false, |heap| heap.push_pop(item))
    }
    /// Makes a list a heap.
    #[pyfunction]
    fn heapify(heap: &Obj) -> PyResult<()> {
        within(heap, false, |heap| heap.build())
    }
    /// Puts an item into a max-heap.
    #[pyfunction]
    fn heappush_max(heap: &Obj, item: &Obj) -> PyResult<()> {
        within(heap, true, |heap| heap.push(item))
    }
    /// Takes the largest item out of a max-heap.
    #[pyfunction]
    fn heappop_max(heap: &Obj) -> PyResult<Obj> {
        within(heap, true, |heap| heap.pop())
    }
    /// Takes the largest item out of a max-heap and then puts another in.
    #[pyfunction]
    fn heapreplace_max(heap: &Obj, item: &Obj) -> PyResult<Obj> {
        within(heap, true, |heap| heap.replace(item))
    }
    /// Puts an item into a max-heap and then takes the largest out.
    #[pyfunction]
    fn heappushpop_max(heap: &Obj, item: &Obj) -> PyResult<Obj> {
        within(heap, true, |heap| heap.push_pop(item))
    }
    /// Makes a list a max-heap.
    #[pyfunction]
    fn heapify_max(heap: &Obj) -> PyResult<()> {
        within(heap, true, |heap| heap.build())
    }
}
