//! `itertools`.
//!
//! Iterators keep what changes in atomics, slots or a mutex that is held for moments only, never while Python code runs. Threads that share one
//! may get an item twice or miss one where the step needs several of them; nothing worse.

pub mod chaining;
pub mod combinatoric;
pub mod filtering;
pub mod grouping;
pub mod infinite;
pub mod slicing;
pub mod tee;

use taipan_objects::native::*;
use taipan_objects::prelude::*;

/// Declares the class of an iterator: accessor, Python name with signature, layout, constructor, step, methods, doc.
macro_rules! iterator_class {
    ($name:ident, $python:literal $($signature:literal)?, $layout:ty, $new:expr, $next:expr, $doc:literal $(; methods $methods:expr)? $(; repr $repr:expr)?) => {
        $crate::native_class!(
            #[doc = concat!("`", $python, "`.")]
            pub fn $name() = taipan_objects::type_object::TypeBuilder::new($python, <$layout>::ops())
                .slots(TypeSlots {
                    new: Some($new),
                    iter: Some($crate::native_class::itself),
                    iternext: Some($next),
                    $(repr: Some($repr),)?
                    ..TypeSlots::EMPTY
                })
                .doc($doc)
                $(.text_signature($signature))?
                $(.methods($methods))?
                .make()
        );
    };
}
pub(crate) use iterator_class;

/// The named arguments may only go to subclasses: `"f() takes no keyword arguments"`.
pub(crate) fn no_keywords_in(own: &Py<PyType>, name: &str, class: &PyType, args: &Args<'_>) -> PyResult<()> {
    if class.shares_init(own) { crate::native_class::no_keywords(name, args) } else { Ok(()) }
}

/// Iterator building blocks.
#[pymodule(name = "itertools")]
mod items {
    use super::*;

    #[pyinit]
    fn init(module: &PyModuleBuilder<'_>) -> PyResult<()> {
        let classes = [
            ("accumulate", chaining::accumulate_class()),
            ("batched", slicing::batched_class()),
            ("chain", chaining::chain_class()),
            ("combinations", combinatoric::combinations_class()),
            ("combinations_with_replacement", combinatoric::with_replacement_class()),
            ("compress", filtering::compress_class()),
            ("count", infinite::count_class()),
            ("cycle", infinite::cycle_class()),
            ("dropwhile", filtering::dropwhile_class()),
            ("filterfalse", filtering::filterfalse_class()),
            ("groupby", grouping::groupby_class()),
            ("_grouper", grouping::grouper_class()),
            ("islice", slicing::islice_class()),
            ("pairwise", slicing::pairwise_class()),
            ("permutations", combinatoric::permutations_class()),
            ("product", combinatoric::product_class()),
            ("repeat", infinite::repeat_class()),
            ("starmap", filtering::starmap_class()),
            ("takewhile", filtering::takewhile_class()),
            ("_tee", tee::class()),
            ("_tee_dataobject", tee::data_class()),
            ("zip_longest", chaining::zip_longest_class()),
        ];
        classes.into_iter().try_for_each(|(name, class)| module.add(name, class.as_obj().clone()))
    }
    /// Makes n independent iterators of one iterable.
    #[pyfunction(sig = "(iterable, n=2, /)")]
    fn tee(iterable: &Obj, n: isize) -> PyResult<Obj> {
        super::tee::split(iterable, n)
    }
}
