//! The built-in classes, made once at start-up.

use std::sync::OnceLock;

use taipan_gc::{Py, ShapeId};

use crate::type_object::{PyType, TypeBuilder};

static TYPES: OnceLock<Types> = OnceLock::new();

/// The built-in classes. Panics before [`init`]: nothing of Python exists then.
#[inline(always)]
pub fn types() -> &'static Types {
    TYPES.get().expect("the object model is initialized")
}

/// A counted reference to a borrowed object, untyped.
pub fn obj_of<T: taipan_gc::Object>(object: &T) -> taipan_gc::Obj {
    Py::from_ref(object).into_obj()
}

/// Whether [`init`] has run far enough for the classes to exist.
pub fn initialized() -> bool {
    TYPES.get().is_some()
}

impl Number {
    /// The first shape of the class, which no other class's instances have. The classes are made in their order, and each has its shape from then on, so these
    /// are constants.
    pub const fn root_shape(self) -> ShapeId {
        ShapeId(self as u32 + 1)
    }
}

macro_rules! table {
    ($( $field:ident : $name:literal, $base:ident, $layout:path $(, $flag:ident)* ; )*) => {
        /// One field a class; see [`types`].
        pub struct Types { $( pub $field: Py<PyType>, )* }

        /// The classes by number, in the order of the table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(non_camel_case_types)]
        pub enum Number { $( $field, )* }

        impl Types {
            fn create(object: Py<PyType>, type_: Py<PyType>) -> Types {
                $( let $field = table!(@make $field, object, type_, $name, $base, $layout $(, $flag)*); )*
                Types { $( $field, )* }
            }
            /// All of them.
            pub fn all(&self) -> Vec<&Py<PyType>> {
                vec![ $( &self.$field ),* ]
            }
        }
    };
    (@make object, $o:ident, $t:ident, $($rest:tt)*) => { $o.clone() };
    (@make type_, $o:ident, $t:ident, $($rest:tt)*) => { $t.clone() };
    (@make $field:ident, $o:ident, $t:ident, $name:literal, $base:ident, $layout:path $(, $flag:ident)*) => {
        TypeBuilder::bare($name, &$base, &$t, <$layout as taipan_gc::Object>::ops()) $( .$flag() )* .make()
    };
}

// field: "name", base field, layout [, flags: final_ (cannot be subclassed), dict (instances have __dict__)]
table! {
    object: "object", object, crate::object_type::PyObject;
    type_: "type", object, PyType;
    int: "int", object, crate::int::PyInt;
    bool_: "bool", int, crate::singletons::PyBool, final_;
    float: "float", object, crate::float::PyFloat;
    complex: "complex", object, crate::complex::PyComplex;
    str: "str", object, crate::str::PyStr;
    bytes: "bytes", object, crate::bytes::PyBytes;
    bytearray: "bytearray", object, crate::bytearray::PyByteArray;
    memoryview: "memoryview", object, crate::memoryview::PyMemoryView, final_;
    tuple: "tuple", object, crate::tuple::PyTuple;
    list: "list", object, crate::list::PyList;
    dict: "dict", object, crate::dict::PyDict;
    set: "set", object, crate::set::PySet;
    frozenset: "frozenset", object, crate::set::PySet;
    range: "range", object, crate::range::PyRange, final_;
    slice: "slice", object, crate::slice::PySlice, final_;
    none_type: "NoneType", object, crate::singletons::Singleton, final_;
    ellipsis: "ellipsis", object, crate::singletons::Singleton, final_;
    not_implemented_type: "NotImplementedType", object, crate::singletons::Singleton, final_;
    function: "function", object, crate::function::PyFunction, final_, dict;
    code: "code", object, crate::code::PyCode, final_;
    cell: "cell", object, crate::cell::PyCell, final_;
    method: "method", object, crate::method::PyBoundMethod, final_;
    builtin_function_or_method: "builtin_function_or_method", object, crate::native_function::PyNativeFunction, final_;
    method_descriptor: "method_descriptor", object, crate::descriptor::PyMethodDescr, final_;
    classmethod_descriptor: "classmethod_descriptor", object, crate::descriptor::PyMethodDescr, final_;
    getset_descriptor: "getset_descriptor", object, crate::descriptor::PyGetSetDescr, final_;
    member_descriptor: "member_descriptor", object, crate::descriptor::PyMemberDescr, final_;
    wrapper_descriptor: "wrapper_descriptor", object, crate::descriptor::PyWrapperDescr, final_;
    method_wrapper: "method-wrapper", object, crate::descriptor::PyMethodWrapper, final_;
    property: "property", object, crate::descriptor::PyProperty;
    classmethod: "classmethod", object, crate::descriptor::PyClassMethod, dict;
    staticmethod: "staticmethod", object, crate::descriptor::PyClassMethod, dict;
    super_: "super", object, crate::super_object::PySuper;
    module: "module", object, crate::module::PyModule, dict;
    mappingproxy: "mappingproxy", object, crate::mappingproxy::PyMappingProxy, final_;
    generator: "generator", object, crate::generator::PyGenerator, final_;
    coroutine: "coroutine", object, crate::generator::PyGenerator, final_;
    async_generator: "async_generator", object, crate::generator::PyGenerator, final_;
    coroutine_wrapper: "coroutine_wrapper", object, crate::generator::PyCoroutineWrapper, final_;
    async_generator_asend: "async_generator_asend", object, crate::generator::PyAsyncGenOp, final_;
    async_generator_athrow: "async_generator_athrow", object, crate::generator::PyAsyncGenOp, final_;
    async_generator_wrapped_value: "async_generator_wrapped_value", object, crate::generator::PyAsyncGenWrapped, final_;
    frame: "frame", object, crate::frame::PyFrame, final_;
    traceback: "traceback", object, crate::traceback::PyTraceback, final_;
    generic_alias: "types.GenericAlias", object, crate::generic_alias::PyGenericAlias;
    generic_alias_iterator: "generic_alias_iterator", object, crate::generic_alias::PyGenericAliasIter, final_;
    union: "typing.Union", object, crate::union::PyUnion, final_;
    weakref: "weakref.ReferenceType", object, crate::weakref::PyWeakRef;
    weakproxy: "weakref.ProxyType", object, crate::weakref::PyWeakRef, final_;
    weakcallableproxy: "weakref.CallableProxyType", object, crate::weakref::PyWeakRef, final_;
    simple_namespace: "types.SimpleNamespace", object, crate::object_type::PyObject, dict;
    // iterators
    list_iterator: "list_iterator", object, crate::iterators::PySequenceIter, final_;
    list_reverseiterator: "list_reverseiterator", object, crate::iterators::PySequenceIter, final_;
    tuple_iterator: "tuple_iterator", object, crate::iterators::PySequenceIter, final_;
    str_iterator: "str_iterator", object, crate::iterators::PySequenceIter, final_;
    bytes_iterator: "bytes_iterator", object, crate::iterators::PySequenceIter, final_;
    bytearray_iterator: "bytearray_iterator", object, crate::iterators::PySequenceIter, final_;
    memory_iterator: "memory_iterator", object, crate::iterators::PySequenceIter, final_;
    sequence_iterator: "iterator", object, crate::iterators::PySequenceIter, final_;
    callable_iterator: "callable_iterator", object, crate::iterators::PyCallableIter, final_;
    range_iterator: "range_iterator", object, crate::range::PyRangeIter, final_;
    longrange_iterator: "longrange_iterator", object, crate::range::PyLongRangeIter, final_;
    dict_keys: "dict_keys", object, crate::dict::views::PyDictView, final_;
    dict_values: "dict_values", object, crate::dict::views::PyDictView, final_;
    dict_items: "dict_items", object, crate::dict::views::PyDictView, final_;
    dict_keyiterator: "dict_keyiterator", object, crate::dict::views::PyDictIter, final_;
    dict_valueiterator: "dict_valueiterator", object, crate::dict::views::PyDictIter, final_;
    dict_itemiterator: "dict_itemiterator", object, crate::dict::views::PyDictIter, final_;
    dict_reversekeyiterator: "dict_reversekeyiterator", object, crate::dict::views::PyDictIter, final_;
    dict_reversevalueiterator: "dict_reversevalueiterator", object, crate::dict::views::PyDictIter, final_;
    dict_reverseitemiterator: "dict_reverseitemiterator", object, crate::dict::views::PyDictIter, final_;
    set_iterator: "set_iterator", object, crate::set::PySetIter, final_;
    enumerate: "enumerate", object, crate::iterators::PyEnumerate;
    reversed: "reversed", object, crate::iterators::PySequenceIter;
    map: "map", object, crate::iterators::PyMap;
    filter: "filter", object, crate::iterators::PyFilter;
    zip: "zip", object, crate::iterators::PyZip;
    // exceptions
    base_exception: "BaseException", object, crate::exceptions::PyBaseException, dict;
    exception: "Exception", base_exception, crate::exceptions::PyBaseException, dict;
    base_exception_group: "BaseExceptionGroup", base_exception, crate::exceptions::PyBaseException, dict;
    generator_exit: "GeneratorExit", base_exception, crate::exceptions::PyBaseException, dict;
    keyboard_interrupt: "KeyboardInterrupt", base_exception, crate::exceptions::PyBaseException, dict;
    system_exit: "SystemExit", base_exception, crate::exceptions::PyBaseException, dict;
    arithmetic_error: "ArithmeticError", exception, crate::exceptions::PyBaseException, dict;
    assertion_error: "AssertionError", exception, crate::exceptions::PyBaseException, dict;
    attribute_error: "AttributeError", exception, crate::exceptions::PyBaseException, dict;
    buffer_error: "BufferError", exception, crate::exceptions::PyBaseException, dict;
    eof_error: "EOFError", exception, crate::exceptions::PyBaseException, dict;
    import_error: "ImportError", exception, crate::exceptions::PyBaseException, dict;
    lookup_error: "LookupError", exception, crate::exceptions::PyBaseException, dict;
    memory_error: "MemoryError", exception, crate::exceptions::PyBaseException, dict;
    name_error: "NameError", exception, crate::exceptions::PyBaseException, dict;
    os_error: "OSError", exception, crate::exceptions::PyBaseException, dict;
    reference_error: "ReferenceError", exception, crate::exceptions::PyBaseException, dict;
    runtime_error: "RuntimeError", exception, crate::exceptions::PyBaseException, dict;
    stop_async_iteration: "StopAsyncIteration", exception, crate::exceptions::PyBaseException, dict;
    stop_iteration: "StopIteration", exception, crate::exceptions::PyBaseException, dict;
    syntax_error: "SyntaxError", exception, crate::exceptions::PyBaseException, dict;
    system_error: "SystemError", exception, crate::exceptions::PyBaseException, dict;
    type_error: "TypeError", exception, crate::exceptions::PyBaseException, dict;
    value_error: "ValueError", exception, crate::exceptions::PyBaseException, dict;
    warning: "Warning", exception, crate::exceptions::PyBaseException, dict;
    floating_point_error: "FloatingPointError", arithmetic_error, crate::exceptions::PyBaseException, dict;
    overflow_error: "OverflowError", arithmetic_error, crate::exceptions::PyBaseException, dict;
    zero_division_error: "ZeroDivisionError", arithmetic_error, crate::exceptions::PyBaseException, dict;
    module_not_found_error: "ModuleNotFoundError", import_error, crate::exceptions::PyBaseException, dict;
    index_error: "IndexError", lookup_error, crate::exceptions::PyBaseException, dict;
    key_error: "KeyError", lookup_error, crate::exceptions::PyBaseException, dict;
    unbound_local_error: "UnboundLocalError", name_error, crate::exceptions::PyBaseException, dict;
    blocking_io_error: "BlockingIOError", os_error, crate::exceptions::PyBaseException, dict;
    child_process_error: "ChildProcessError", os_error, crate::exceptions::PyBaseException, dict;
    connection_error: "ConnectionError", os_error, crate::exceptions::PyBaseException, dict;
    broken_pipe_error: "BrokenPipeError", connection_error, crate::exceptions::PyBaseException, dict;
    connection_aborted_error: "ConnectionAbortedError", connection_error, crate::exceptions::PyBaseException, dict;
    connection_refused_error: "ConnectionRefusedError", connection_error, crate::exceptions::PyBaseException, dict;
    connection_reset_error: "ConnectionResetError", connection_error, crate::exceptions::PyBaseException, dict;
    file_exists_error: "FileExistsError", os_error, crate::exceptions::PyBaseException, dict;
    file_not_found_error: "FileNotFoundError", os_error, crate::exceptions::PyBaseException, dict;
    interrupted_error: "InterruptedError", os_error, crate::exceptions::PyBaseException, dict;
    is_a_directory_error: "IsADirectoryError", os_error, crate::exceptions::PyBaseException, dict;
    not_a_directory_error: "NotADirectoryError", os_error, crate::exceptions::PyBaseException, dict;
    permission_error: "PermissionError", os_error, crate::exceptions::PyBaseException, dict;
    process_lookup_error: "ProcessLookupError", os_error, crate::exceptions::PyBaseException, dict;
    timeout_error: "TimeoutError", os_error, crate::exceptions::PyBaseException, dict;
    not_implemented_error: "NotImplementedError", runtime_error, crate::exceptions::PyBaseException, dict;
    recursion_error: "RecursionError", runtime_error, crate::exceptions::PyBaseException, dict;
    python_finalization_error: "PythonFinalizationError", runtime_error, crate::exceptions::PyBaseException, dict;
    indentation_error: "IndentationError", syntax_error, crate::exceptions::PyBaseException, dict;
    incomplete_input_error: "_IncompleteInputError", syntax_error, crate::exceptions::PyBaseException, dict;
    tab_error: "TabError", indentation_error, crate::exceptions::PyBaseException, dict;
    unicode_error: "UnicodeError", value_error, crate::exceptions::PyBaseException, dict;
    unicode_decode_error: "UnicodeDecodeError", unicode_error, crate::exceptions::PyBaseException, dict;
    unicode_encode_error: "UnicodeEncodeError", unicode_error, crate::exceptions::PyBaseException, dict;
    unicode_translate_error: "UnicodeTranslateError", unicode_error, crate::exceptions::PyBaseException, dict;
    bytes_warning: "BytesWarning", warning, crate::exceptions::PyBaseException, dict;
    deprecation_warning: "DeprecationWarning", warning, crate::exceptions::PyBaseException, dict;
    encoding_warning: "EncodingWarning", warning, crate::exceptions::PyBaseException, dict;
    future_warning: "FutureWarning", warning, crate::exceptions::PyBaseException, dict;
    import_warning: "ImportWarning", warning, crate::exceptions::PyBaseException, dict;
    pending_deprecation_warning: "PendingDeprecationWarning", warning, crate::exceptions::PyBaseException, dict;
    resource_warning: "ResourceWarning", warning, crate::exceptions::PyBaseException, dict;
    runtime_warning: "RuntimeWarning", warning, crate::exceptions::PyBaseException, dict;
    syntax_warning: "SyntaxWarning", warning, crate::exceptions::PyBaseException, dict;
    unicode_warning: "UnicodeWarning", warning, crate::exceptions::PyBaseException, dict;
    user_warning: "UserWarning", warning, crate::exceptions::PyBaseException, dict;
}

/// Makes all built-in classes and singletons. Must be called once, on the main thread, before anything else.
pub fn init() {
    let (object, type_) = TypeBuilder::bootstrap();
    let table = Types::create(object, type_);
    assert!(TYPES.set(table).is_ok(), "the object model is initialized once");
    let types = types();
    for (index, class) in types.all().iter().enumerate() {
        assert_eq!(class.root_shape().0 as usize, index + 1, "see Number::root_shape");
    }
    crate::str::PyStr::finish_bootstrap(types);
    crate::singletons::init(types);
    crate::type_object::ready::make_dicts(types);
    crate::registration::fill(types);
    for class in types.all() {
        class.ready();
    }
    crate::exceptions::init_late();
}

/// [`init`], once for all tests of the crate, whichever comes first.
#[cfg(test)]
pub(crate) fn init_for_tests() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(init);
    // Registers the thread now: that may stop the others, which must not wait for a lock that this one holds then.
    drop(crate::construct::list_obj(vec![]));
}
