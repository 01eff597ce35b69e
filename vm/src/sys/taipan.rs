//! `sys._taipan`: what the interpreter counts about itself.

use std::time::Duration;

use taipan_objects::dict::PyDict;
use taipan_objects::native::*;
use taipan_objects::prelude::*;

fn table(entries: impl IntoIterator<Item = (&'static str, Obj)>) -> Obj {
    let dict = PyDict::new();
    for (name, value) in entries {
        dict.set_str(name, value);
    }
    dict.into_obj()
}

fn seconds(duration: Duration) -> Obj {
    float_obj(duration.as_secs_f64())
}

fn count(n: impl TryInto<i64>) -> Obj {
    int_obj(n.try_into().unwrap_or(i64::MAX))
}

mod functions {
    use super::*;

    #[pymodule(name = "sys._taipan")]
    mod table_items {
        use super::*;

        /// Counters: stops of the world, collections, limbo, the heap. Times in seconds.
        #[pyfunction]
        fn stats() -> Obj {
            let stops = taipan_threading::stats();
            let totals = taipan_gc::collector::totals();
            let limbo = taipan_gc::limbo::stats();
            let heap = taipan_gc::heap::stats();
            let generations = totals.iter().map(|t| {
                table([
                    ("collections", count(t.collections)),
                    ("collected", count(t.collected)),
                    ("uncollectable", count(t.uncollectable)),
                    ("candidates", count(t.candidates)),
                    ("duration", seconds(t.duration)),
                    ("stopped", seconds(t.stopped)),
                ])
            });
            table([
                (
                    "stop_the_world",
                    table([
                        ("stops", count(stops.stops)),
                        ("total_time_to_stop", seconds(stops.total_time_to_stop)),
                        ("max_time_to_stop", seconds(stops.max_time_to_stop)),
                        ("total_time_stopped", seconds(stops.total_time_stopped)),
                        ("max_time_stopped", seconds(stops.max_time_stopped)),
                    ]),
                ),
                ("gc", list_obj(generations.collect())),
                (
                    "limbo",
                    table([
                        ("sweeps", count(limbo.sweeps)),
                        ("freed", count(limbo.freed)),
                        ("revived", count(limbo.revived)),
                        ("duration", seconds(Duration::from_nanos(limbo.nanoseconds))),
                    ]),
                ),
                (
                    "heap",
                    table([
                        ("pages", count(heap.pages)),
                        ("large", count(heap.large)),
                        ("objects", count(heap.objects)),
                        ("bytes", count(heap.bytes)),
                    ]),
                ),
                ("threads", count(taipan_threading::threads().filter(|t| !t.is_vacant()).count())),
            ])
        }

        /// Whole-heap consistency checks: a list of what is wrong.
        #[pyfunction]
        fn verify_heap() -> Vec<String> {
            taipan_gc::verify::verify()
        }
    }
    pub use table_items::MODULE as TABLE;
}

#[pymodule(name = "sys")]
mod items {
    use super::*;

    #[pyattr]
    fn _taipan() -> PyResult<Obj> {
        crate::import::make_module(&functions::TABLE)
    }
}
