//! Fills the built-in classes with their slots and methods at start-up.

use crate::type_object::ready::set_text_signature;
use crate::types::Types;

pub(crate) fn fill(types: &Types) {
    crate::object_type::fill(types);
    crate::type_object::type_methods::fill(types);
    crate::native_function::fill(types);
    crate::method::fill(types);
    crate::descriptor::fill(types);
    crate::str::fill(types);
    crate::bytes::fill(types);
    crate::bytearray::fill(types);
    crate::memoryview::fill(types);
    crate::int::fill(types);
    crate::bool::fill(types);
    crate::float::fill(types);
    crate::complex::fill(types);
    crate::tuple::fill(types);
    crate::list::fill(types);
    crate::dict::fill(types);
    crate::set::fill(types);
    crate::range::fill(types);
    crate::slice::fill(types);
    crate::iterators::fill(types);
    crate::mappingproxy::fill(types);
    crate::cell::fill(types);
    crate::function::fill(types);
    crate::code::fill(types);
    crate::generator::fill(types);
    crate::frame::fill(types);
    crate::exceptions::fill(types);
    crate::traceback::fill(types);
    crate::generic_alias::fill(types);
    crate::union::fill(types);
    crate::super_object::fill(types);
    crate::weakref::fill(types);
    crate::module::fill(types);
    crate::simple_namespace::fill(types);
    crate::singletons::fill(types);
    for (class, signature) in [
        (&types.object, "()"),
        (&types.bool_, "(object=False, /)"),
        (&types.classmethod, "(function, /)"),
        (&types.complex, "(real=0, imag=0)"),
        (&types.enumerate, "(iterable, start=0)"),
        (&types.filter, "(function, iterable, /)"),
        (&types.float, "(x=0, /)"),
        (&types.frozenset, "(iterable=(), /)"),
        (&types.list, "(iterable=(), /)"),
        (&types.map, "(function, iterable, /, *iterables, strict=False)"),
        (&types.memoryview, "(object)"),
        (&types.property, "(fget=None, fset=None, fdel=None, doc=None)"),
        (&types.reversed, "(sequence, /)"),
        (&types.set, "(iterable=(), /)"),
        (&types.staticmethod, "(function, /)"),
        (&types.tuple, "(iterable=(), /)"),
        (&types.zip, "(*iterables, strict=False)"),
        (&types.none_type, "()"),
        (&types.ellipsis, "()"),
        (&types.not_implemented_type, "()"),
        (
            &types.code,
            "(argcount, posonlyargcount, kwonlyargcount, nlocals, stacksize,\n     flags, codestring, constants, names, varnames, filename, name,\n     qualname, firstlineno, linetable, exceptiontable, freevars=(),\n     cellvars=(), /)",
        ),
        (
            &types.function,
            "(code, globals, name=None, argdefs=None, closure=None,\n         kwdefaults=None)",
        ),
        (&types.generic_alias, "(origin, args, /)"),
        (&types.mappingproxy, "(mapping)"),
        (&types.method, "(function, instance, /)"),
        (&types.module, "(name, doc=None)"),
        (&types.simple_namespace, "(mapping_or_iterable=(), /, **kwargs)"),
        (&types.traceback, "(tb_next, tb_frame, tb_lasti, tb_lineno)"),
        (&types.cell, "([contents])"),
    ] {
        set_text_signature(class, signature);
    }
}
