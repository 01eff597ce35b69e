//! Nanoseconds per object: allocate and free, build and drop, collect. Figures only; run with `cargo bench -p taipan-gc`.

use std::hint::black_box;
use std::time::Instant;

use taipan_gc::{Header, Object, Ops, Py, ShapeId, Slot, Tracer, collector, shape_table, thread};

/// Two references: a tuple or a small instance.
#[repr(C)]
struct Pair {
    header: Header,
    slots: [Slot; 2],
}

unsafe fn trace(ptr: *const Header, tracer: &mut Tracer<'_>) {
    // SAFETY: the layout.
    unsafe { (*ptr.cast::<Pair>()).slots.iter().for_each(|slot| slot.trace(tracer)) }
}
unsafe fn drop_pair(ptr: *mut Header) {
    // SAFETY: the layout.
    unsafe { std::ptr::drop_in_place(&raw mut (*ptr.cast::<Pair>()).slots) }
}
static PAIR: Ops =
    Ops { name: "pair", size: size_of::<Pair>(), trace, drop: drop_pair, tracked: true, base: None };
// SAFETY: `repr(C)`, header first, slots are atomic.
unsafe impl Object for Pair {
    fn ops() -> &'static Ops {
        &PAIR
    }
}

#[inline(never)]
fn pair(shape: ShapeId) -> Py<Pair> {
    Py::new(Pair { header: Header::new(shape), slots: [const { Slot::empty() }; 2] })
}

fn report(name: &str, number: usize, since: Instant) {
    println!("{name:32} {:8.2} ns", since.elapsed().as_nanos() as f64 / number as f64);
}

fn run(mode: &str, shape: ShapeId) {
    const MANY: usize = 20_000_000;
    let since = Instant::now();
    for _ in 0..MANY {
        black_box(pair(shape));
    }
    report(&format!("{mode}: allocate and free"), MANY, since);

    let number = 10_000_000;
    let mut kept = Vec::with_capacity(number);
    let since = Instant::now();
    let first = pair(shape);
    kept.push(first);
    for i in 1..number {
        let object = pair(shape);
        object.slots[0].store(kept[i / 2].as_obj().clone());
        kept.push(object);
        if let Some(thread) = taipan_threading::current()
            && taipan_threading::safepoint() != 0
        {
            thread::poll(thread);
        }
    }
    report(&format!("{mode}: build 10 million"), number, since);
    let since = Instant::now();
    let result = collector::collect(2);
    report(&format!("{mode}: collect, all alive"), number, since);
    println!("  stopped {:?}, {} collections so far", result.stopped, collector::totals()[2].collections);
    let since = Instant::now();
    drop(kept);
    report(&format!("{mode}: drop 10 million"), number, since);
}

fn main() {
    taipan_threading::register_thread();
    thread::enter();
    let shape =
        shape_table::allocate(&PAIR, std::ptr::null_mut(), std::ptr::null_mut(), 1, 0).expect("first id");
    run("one thread", shape);
    taipan_threading::prepare_thread_start();
    run("threads", shape);
    taipan_threading::unregister_thread(thread::exiting);
}
