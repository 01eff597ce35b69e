//! `_types`: the built-in classes that have no name in `builtins`.

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::type_object::TypeBuilder;
use taipan_threading::sync::atomic::AtomicUsize;

use crate::native_class;

/// Native data of other extension modules: addresses. Only `ctypes` makes any.
#[repr(C)]
pub struct PyCapsule {
    pub header: Header,
    pub pointer: AtomicUsize,
    pub name: AtomicUsize,
    pub context: AtomicUsize,
    pub destructor: AtomicUsize,
}
layout!(PyCapsule, "PyCapsule");

native_class!(
    /// The class of capsules.
    pub fn capsule_class() = TypeBuilder::new("builtins.PyCapsule", PyCapsule::ops())
        .final_()
        .no_instantiation()
        .make()
);

/// Define names for built-in types.
#[pymodule(name = "_types")]
mod items {
    use super::*;

    #[pyinit]
    fn init(module: &PyModuleBuilder<'_>) -> PyResult<()> {
        let t = types();
        let classes = [
            ("AsyncGeneratorType", &t.async_generator),
            ("BuiltinFunctionType", &t.builtin_function_or_method),
            ("BuiltinMethodType", &t.builtin_function_or_method),
            ("CapsuleType", capsule_class()),
            ("CellType", &t.cell),
            ("ClassMethodDescriptorType", &t.classmethod_descriptor),
            ("CodeType", &t.code),
            ("CoroutineType", &t.coroutine),
            ("EllipsisType", &t.ellipsis),
            ("FrameType", &t.frame),
            ("FunctionType", &t.function),
            ("GeneratorType", &t.generator),
            ("GenericAlias", &t.generic_alias),
            ("GetSetDescriptorType", &t.getset_descriptor),
            ("LambdaType", &t.function),
            ("MappingProxyType", &t.mappingproxy),
            ("MemberDescriptorType", &t.member_descriptor),
            ("MethodDescriptorType", &t.method_descriptor),
            ("MethodType", &t.method),
            ("MethodWrapperType", &t.method_wrapper),
            ("ModuleType", &t.module),
            ("NoneType", &t.none_type),
            ("NotImplementedType", &t.not_implemented_type),
            ("SimpleNamespace", &t.simple_namespace),
            ("TracebackType", &t.traceback),
            ("UnionType", &t.union),
            ("WrapperDescriptorType", &t.wrapper_descriptor),
        ];
        classes.into_iter().try_for_each(|(name, class)| module.add(name, class.as_obj().clone()))
    }
}
