"""Disassembler of Python byte code into mnemonics."""

import collections
import io
import sys
import types

from opcode import *
from opcode import (
    __all__ as _opcode_all, _cache_format, _common_constants, _inline_cache_entries, _intrinsic_1_descs,
    _intrinsic_2_descs, _nb_ops, _operands, _special_method_names, _specializations, _specialized_opmap, _two_words,
)

__all__ = ["code_info", "dis", "disassemble", "distb", "disco",
           "findlinestarts", "findlabels", "show_code",
           "get_instructions", "Instruction", "Bytecode"] + _opcode_all
del _opcode_all

# Bytes of an instruction: its number, then three operands of two bytes.
_WORD = 8
_TAKE = 0x8000
_REGISTERS = frozenset("WRMXT")

_OPNAME_WIDTH = 20
_OPARG_WIDTH = 5

deoptmap = {}

_have_code = (types.MethodType, types.FunctionType, types.CodeType, classmethod, staticmethod, type)

# `inspect` takes its CO_* constants from here.
COMPILER_FLAG_NAMES = {
    0x1: "OPTIMIZED",
    0x2: "NEWLOCALS",
    0x4: "VARARGS",
    0x8: "VARKEYWORDS",
    0x10: "NESTED",
    0x20: "GENERATOR",
    0x40: "NOFREE",
    0x80: "COROUTINE",
    0x100: "ITERABLE_COROUTINE",
    0x200: "ASYNC_GENERATOR",
    0x4000000: "HAS_DOCSTRING",
    0x8000000: "METHOD",
}

_CONVERSIONS = ("", "str", "repr", "ascii")
_FUNCTION_ATTRIBUTES = {1: "defaults", 2: "kwdefaults", 4: "annotations", 8: "closure", 16: "annotate"}
FUNCTION_ATTR_FLAGS = tuple(_FUNCTION_ATTRIBUTES.values())


class _Unknown:
    def __repr__(self):
        return "<unknown>"


# In place of a value that cannot be told.
UNKNOWN = _Unknown()


def pretty_flags(flags):
    """Return pretty representation of code flags."""
    names = []
    rest = flags
    for bit in range(32):
        flag = 1 << bit
        if rest & flag:
            names.append(COMPILER_FLAG_NAMES.get(flag, hex(flag)))
            rest ^= flag
    if rest or not names:
        names.append(hex(rest))
    return ", ".join(names)


def _try_compile(source, name):
    """The code of an expression, or of statements."""
    try:
        return compile(source, name, "eval")
    except SyntaxError:
        pass
    return compile(source, name, "exec")


def _code_of(x):
    """The code of whatever holds one, else the object itself."""
    x = getattr(x, "__func__", x)
    for attribute in ("__code__", "gi_code", "ag_code", "cr_code"):
        if hasattr(x, attribute):
            return getattr(x, attribute)
    return x


def _refuse(x):
    raise TypeError(f"don't know how to disassemble {type(x).__name__} objects")


def _get_code_object(x):
    x = _code_of(x)
    if isinstance(x, str):
        x = _try_compile(x, "<disassembly>")
    if not hasattr(x, "co_code"):
        _refuse(x)
    return x


def _get_code_array(co, adaptive):
    return co._co_code_adaptive if adaptive else co.co_code


def code_info(x):
    """Formatted details of methods, functions, or code."""
    return _format_code_info(_get_code_object(x))


def _format_code_info(co):
    lines = [
        f"Name:              {co.co_name}",
        f"Filename:          {co.co_filename}",
        f"Argument count:    {co.co_argcount}",
        f"Positional-only arguments: {co.co_posonlyargcount}",
        f"Kw-only arguments: {co.co_kwonlyargcount}",
        f"Number of locals:  {co.co_nlocals}",
        f"Stack size:        {co.co_stacksize}",
        f"Flags:             {pretty_flags(co.co_flags)}",
    ]
    for heading, values, show in (
        ("Constants", co.co_consts, repr),
        ("Names", co.co_names, str),
        ("Variable names", co.co_varnames, str),
        ("Free variables", co.co_freevars, str),
        ("Cell variables", co.co_cellvars, str),
    ):
        if values:
            lines.append(heading + ":")
            lines += [f"{index:4d}: {show(value)}" for index, value in enumerate(values)]
    return "\n".join(lines)


def show_code(co, *, file=None):
    """Print details of methods, functions, or code to *file*.

    If *file* is not provided, the output is printed on stdout.
    """
    print(code_info(co), file=file)


Positions = collections.namedtuple(
    "Positions", ["lineno", "end_lineno", "col_offset", "end_col_offset"], defaults=[None] * 4)

_Instruction = collections.namedtuple(
    "_Instruction",
    ["opname", "opcode", "arg", "argval", "argrepr", "offset", "start_offset", "starts_line", "line_number",
     "label", "positions", "cache_info"],
    defaults=[None, None, None])

for _field, _doc in {
    "opname": "Name of the operation",
    "opcode": "Number of the operation",
    "arg": "The operands as one number (16 bits each, the first one lowest), or None",
    "argval": "What the operands lead to: a name, a constant, the offset of a jump's target, a variable's name; else arg",
    "argrepr": "The operands in words",
    "offset": "Where the operation is within the code",
    "start_offset": "Where it begins, an EXTENDED_ARG in front of it included",
    "starts_line": "Whether a source line begins here",
    "line_number": "The source line, or None",
    "label": "A number if something jumps here, else None",
    "positions": "dis.Positions of the source that this is made from",
    "cache_info": "List of (name, size, data) of the operands, of two bytes each",
}.items():
    getattr(_Instruction, _field).__doc__ = _doc
del _field, _doc

_ExceptionTableEntryBase = collections.namedtuple(
    "_ExceptionTableEntryBase", "start end target depth lasti")


class _ExceptionTableEntry(_ExceptionTableEntryBase):
    """Where an exception between two offsets is handled."""


def _get_jump_target(op, arg, offset):
    """Where an instruction jumps to, as an offset; None if it does not jump."""
    if op not in hasjump:
        return None
    # Jumps name instructions; the first word is the entry.
    return ((arg >> 16) + 1) * _WORD


class Instruction(_Instruction):
    """Details of one operation; the fields are those of the named tuple."""

    @staticmethod
    def make(opname, arg, argval, argrepr, offset, start_offset, starts_line, line_number, label=None,
             positions=None, cache_info=None):
        # A name of another machine has no number here.
        return Instruction(opname, opmap.get(opname), arg, argval, argrepr, offset, start_offset, starts_line,
                           line_number, label, positions, cache_info)

    @property
    def oparg(self):
        """Alias for Instruction.arg."""
        return self.arg

    @property
    def baseopcode(self):
        """Number of the operation that this one is a form of."""
        return self.opcode

    @property
    def baseopname(self):
        """Name of the operation that this one is a form of."""
        return opname[self.opcode]

    @property
    def cache_offset(self):
        """Where the operands begin."""
        return self.offset + 2

    @property
    def end_offset(self):
        """Where the operands end."""
        return self.offset + _WORD

    @property
    def jump_target(self):
        """Offset of a jump's target, or None."""
        return _get_jump_target(self.opcode, self.arg, self.offset)

    @property
    def is_jump_target(self):
        """Whether something jumps here."""
        return self.label is not None

    def __str__(self):
        output = io.StringIO()
        Formatter(file=output).print_instruction(self)
        return output.getvalue()


class ArgResolver:
    """Tells what operands mean, as far as names, constants and variables are known."""

    def __init__(self, co_consts=None, names=None, varname_from_oparg=None, labels_map=None, first_temp=None):
        self.co_consts = co_consts
        self.names = names
        self.varname_from_oparg = varname_from_oparg
        self.labels_map = labels_map or {}
        self.first_temp = first_temp

    def offset_from_jump_arg(self, op, arg, offset):
        return _get_jump_target(op, arg, offset)

    def get_label_for_offset(self, offset):
        return self.labels_map.get(offset)

    def variable(self, register):
        """The name of the variable in a register, or None."""
        if self.varname_from_oparg is None:
            return None
        try:
            return self.varname_from_oparg(register)
        except IndexError:
            return None

    def register(self, register):
        name = self.variable(register)
        if name is not None:
            return name
        if self.first_temp is None:
            return f"r{register}"
        return f"t{register - self.first_temp}"

    def constant(self, index):
        if self.co_consts is None or index >= len(self.co_consts):
            return UNKNOWN
        return self.co_consts[index]

    def name(self, index):
        if self.names is None or index >= len(self.names):
            return None
        return self.names[index]

    def get_argval_argrepr(self, op, arg, offset, high=0):
        """What the operands lead to, and the operands in words."""
        if arg is None:
            return None, ""
        kinds = _operands[op]
        shown = []
        meant = {}
        for index, kind in enumerate(kinds):
            value = arg >> 16 * index & 0xffff
            wide = value | (high >> 16 * index & 0xffff) << 16
            if kind == "O":
                continue
            if kind in _REGISTERS:
                register = value & ~_TAKE if kind == "T" else value
                name = self.variable(register)
                if name is not None:
                    meant.setdefault("variable", name)
                shown.append(self.register(register))
            elif kind == "N":
                name = self.name(wide)
                meant["name"] = wide if name is None else name
                shown.append(f"name {wide}" if name is None else name)
            elif kind == "K":
                meant["constant"] = constant = self.constant(wide)
                shown.append(repr(constant) if constant is not UNKNOWN else f"constant {wide}")
            elif kind == "J":
                target = _get_jump_target(op, arg, offset)
                meant["target"] = target
                label = self.get_label_for_offset(target)
                shown.append(f"to L{label}" if label is not None else f"to {target}")
            elif kind == "I":
                meant["number"] = number = (value ^ 0x8000) - 0x8000
                shown.append(f"#{number}")
            elif kind == "V":
                number = arg >> 16 & 0xffffffff
                if op in hasconst:
                    meant["constant"] = constant = self.constant(number)
                    shown.append(repr(constant) if constant is not UNKNOWN else f"constant {number}")
                else:
                    meant["constant"] = number = (number ^ 0x80000000) - 0x80000000
                    shown.append(f"#{number}")
            else:
                meant.setdefault("number", wide)
                shown.append(self.number(op, wide))
        for kind in ("target", "name", "constant", "variable", "number"):
            if kind in meant:
                return meant[kind], ", ".join(shown)
        return arg, ", ".join(shown)

    def number(self, op, value):
        """A number in words, if it stands for something."""
        name = opname[op]
        table = None
        if name == "LOAD_COMMON_CONSTANT":
            table = [constant.__name__ for constant in _common_constants]
        elif name == "LOAD_SPECIAL":
            table = _special_method_names
        elif name == "CALL_INTRINSIC_1":
            table = _intrinsic_1_descs
        elif name == "CALL_INTRINSIC_2":
            table = _intrinsic_2_descs
        elif name in ("FORMAT_SIMPLE", "CONVERT_VALUE"):
            table = _CONVERSIONS
        elif name == "SET_FUNCTION_ATTRIBUTE":
            return _FUNCTION_ATTRIBUTES.get(value, str(value))
        if table is not None and value < len(table) and table[value]:
            return table[value]
        return str(value)


class Formatter:
    """Writes instructions as lines."""

    def __init__(self, file=None, lineno_width=0, offset_width=0, label_width=0, line_offset=0, show_caches=False,
                 *, show_positions=False):
        self.file = file
        self.lineno_width = lineno_width
        self.offset_width = offset_width
        self.label_width = label_width
        self.line_offset = line_offset
        self.show_caches = show_caches
        self.show_positions = show_positions

    def print_instruction(self, instr, mark_as_current=False):
        self.print_instruction_line(instr, mark_as_current)
        if self.show_caches and instr.cache_info:
            for index, (name, size, data) in enumerate(instr.cache_info):
                self.print_instruction_line(
                    Instruction("CACHE", opmap["CACHE"], 0, None, f"{name}: {int.from_bytes(data, sys.byteorder)}",
                                instr.offset + 2 + 2 * index, instr.offset + 2 + 2 * index, False, None, None,
                                instr.positions),
                    False)

    def print_instruction_line(self, instr, mark_as_current):
        fields = []
        if self.lineno_width:
            if instr.starts_line and instr.offset > 0:
                print(file=self.file)
            if self.show_positions:
                place = _position_text(instr.positions) if instr.positions else ""
            elif instr.starts_line:
                number = instr.line_number
                place = "--" if number is None else str(number + self.line_offset)
            else:
                place = ""
            fields.append(place.ljust(self.lineno_width) if self.show_positions else place.rjust(self.lineno_width))
        fields.append(f"L{instr.label}:".rjust(self.label_width) if instr.label is not None
                      else " " * self.label_width)
        fields.append("-->" if mark_as_current else "   ")
        if self.offset_width:
            fields.append(str(instr.offset).rjust(self.offset_width))
        fields.append(instr.opname.ljust(_OPNAME_WIDTH))
        if instr.argrepr:
            fields.append(instr.argrepr)
        print(" ".join(fields).rstrip(), file=self.file)

    def print_exception_table(self, exception_entries, labels_map=None):
        if not exception_entries:
            return
        label = (lambda offset: f"L{labels_map[offset]}" if labels_map and offset in labels_map else str(offset))
        print("ExceptionTable:", file=self.file)
        for entry in exception_entries:
            lasti = " lasti" if entry.lasti else ""
            print(f"  {label(entry.start)} to {label(entry.end)} -> {label(entry.target)} [{entry.depth}]{lasti}",
                  file=self.file)


def _position_text(positions):
    parts = (positions.lineno, positions.col_offset, positions.end_lineno, positions.end_col_offset)
    line, column, end_line, end_column = ("?" if part is None else str(part) for part in parts)
    return f"{line}:{column}-{end_line}:{end_column}"


def _parse_exception_table(code):
    """The entries of a code's exception table."""
    numbers = iter(code.co_exceptiontable)

    def number():
        byte = next(numbers)
        value = byte & 63
        while byte & 64:
            byte = next(numbers)
            value = value << 6 | byte & 63
        return value

    entries = []
    try:
        while True:
            start = number() * 2
            end = start + number() * 2
            target = number() * 2
            depth_and_lasti = number()
            entries.append(_ExceptionTableEntry(start, end, target, depth_and_lasti >> 1, bool(depth_and_lasti & 1)))
    except StopIteration:
        return entries


def _unpack_opargs(code):
    """(offset, offset with prefix, number, operands, operands' high halves) of each instruction."""
    start = None
    high = 0
    for offset in range(0, len(code) - _WORD + 1, _WORD):
        op = int.from_bytes(code[offset:offset + 2], "little")
        arg = int.from_bytes(code[offset + 2:offset + _WORD], "little")
        if op >= len(_operands) or _operands[op] == "OOO":
            arg = None
        yield offset, offset if start is None else start, op, arg, high
        if op == EXTENDED_ARG:
            start = offset
            high = arg
        else:
            start = None
            high = 0


def findlabels(code):
    """Detect all offsets in a byte code which are jump targets.

    Return the list of offsets.

    """
    labels = []
    for offset, _, op, arg, _ in _unpack_opargs(code):
        target = None if arg is None else _get_jump_target(op, arg, offset)
        if target is not None and target not in labels:
            labels.append(target)
    return labels


def _make_labels_map(original_code, exception_entries=()):
    places = set(findlabels(original_code))
    for entry in exception_entries:
        places.update((entry.start, entry.end, entry.target))
    return {offset: number for number, offset in enumerate(sorted(places), 1)}


def findlinestarts(code):
    """Find the offsets in a byte code which are start of lines in the source.

    Generate pairs (offset, lineno)
    lineno will be an integer or None the offset does not have a source line.
    """
    before = UNKNOWN
    for start, _, line in code.co_lines():
        if line != before:
            before = line
            yield start, line


def _resolver(co, labels_map):
    first_temp = co.co_nlocals + len(co.co_cellvars) + len(co.co_freevars)
    return ArgResolver(co.co_consts, co.co_names, co._varname_from_oparg, labels_map, first_temp)


def _get_instructions_bytes(code, linestarts=None, line_offset=0, co_positions=None, original_code=None,
                            arg_resolver=None):
    """The instructions of a string of words."""
    resolver = arg_resolver or ArgResolver()
    starts = dict(linestarts) if linestarts is not None else {}
    line = None
    for offset, start, op, arg, high in _unpack_opargs(code):
        starts_line = False
        if offset in starts:
            starts_line = True
            line = starts[offset]
            if line is not None:
                line += line_offset
        positions = Positions()
        if co_positions is not None:
            units = [next(co_positions, ()) for _ in range(_WORD // 2)]
            positions = Positions(*units[0])
        if op < len(_operands):
            argval, argrepr = resolver.get_argval_argrepr(op, arg, offset, high)
        else:
            argval, argrepr = arg, ""
        operands = [(name, 1, bytes(code[offset + 2 + 2 * index:offset + 4 + 2 * index]))
                    for index, name in enumerate("abc")]
        yield Instruction(opname[op] if op < len(opname) else f"<{op}>", op, arg, argval, argrepr, offset, start,
                          starts_line, line, resolver.get_label_for_offset(offset), positions, operands)


def get_instructions(x, *, first_line=None, show_caches=None, adaptive=False):
    """Iterator for the opcodes in methods, functions or code

    Generates a series of Instruction named tuples giving the details of
    each operations in the supplied code.

    If *first_line* is not None, it indicates the line number that should
    be reported for the first source line in the disassembled code.
    Otherwise, the source line information (if any) is taken directly from
    the disassembled code object.
    """
    co = _get_code_object(x)
    line_offset = 0 if first_line is None else first_line - co.co_firstlineno
    original = co.co_code
    labels_map = _make_labels_map(original, _parse_exception_table(co))
    return _get_instructions_bytes(_get_code_array(co, adaptive), dict(findlinestarts(co)), line_offset,
                                   co.co_positions(), original, _resolver(co, labels_map))


def dis(x=None, *, file=None, depth=None, show_caches=False, adaptive=False, show_offsets=False,
        show_positions=False):
    """Disassemble classes, methods, functions, and other compiled objects.

    With no argument, disassemble the last traceback.
    """
    options = dict(show_caches=show_caches, adaptive=adaptive, show_offsets=show_offsets,
                   show_positions=show_positions)
    if x is None:
        distb(file=file, **options)
        return
    x = _code_of(x)
    if hasattr(x, "__dict__"):  # a class or a module
        for name, value in sorted(x.__dict__.items()):
            if isinstance(value, _have_code):
                print(f"Disassembly of {name}:", file=file)
                try:
                    dis(value, file=file, depth=depth, **options)
                except TypeError as error:
                    print("Sorry:", error, file=file)
                print(file=file)
    elif hasattr(x, "co_code"):
        _disassemble_recursive(x, file=file, depth=depth, **options)
    elif isinstance(x, (bytes, bytearray)):
        labels_map = _make_labels_map(x)
        formatter = Formatter(file, 0, _offset_width(x, show_offsets), _label_width(labels_map),
                              show_caches=show_caches)
        for instr in _get_instructions_bytes(x, arg_resolver=ArgResolver(labels_map=labels_map)):
            formatter.print_instruction(instr)
    elif isinstance(x, str):
        _disassemble_recursive(_try_compile(x, "<dis>"), file=file, depth=depth, **options)
    else:
        _refuse(x)


def distb(tb=None, *, file=None, show_caches=False, adaptive=False, show_offsets=False, show_positions=False):
    """Disassemble a traceback (default: last traceback)."""
    if tb is None:
        if hasattr(sys, "last_exc"):
            tb = sys.last_exc.__traceback__
        elif hasattr(sys, "last_traceback"):
            tb = sys.last_traceback
        else:
            raise RuntimeError("no last traceback to disassemble")
        while tb.tb_next:
            tb = tb.tb_next
    disassemble(tb.tb_frame.f_code, tb.tb_lasti, file=file, show_caches=show_caches, adaptive=adaptive,
                show_offsets=show_offsets, show_positions=show_positions)


def _offset_width(code, show_offsets):
    return len(str(max(len(code) - _WORD, 9999))) if show_offsets else 0


def _label_width(labels_map):
    return 4 + len(str(len(labels_map)))


def _lineno_width(co, show_positions, line_offset=0):
    if show_positions:
        places = (_position_text(Positions(*place)) for place in set(co.co_positions()))
        return max(map(len, places), default=0)
    lines = [line + line_offset for _, line in findlinestarts(co) if line is not None]
    width = max(3, len(str(max(lines, default=0))))
    return width if any(True for _ in co.co_lines()) else 0


def disassemble(co, lasti=-1, *, file=None, show_caches=False, adaptive=False, show_offsets=False,
                show_positions=False, _line_offset=0):
    """Disassemble a code object."""
    entries = _parse_exception_table(co)
    original = co.co_code
    labels_map = _make_labels_map(original, entries)
    formatter = Formatter(file, _lineno_width(co, show_positions, _line_offset),
                          _offset_width(original, show_offsets), _label_width(labels_map), 0, show_caches,
                          show_positions=show_positions)
    instructions = _get_instructions_bytes(_get_code_array(co, adaptive), dict(findlinestarts(co)), _line_offset,
                                           co.co_positions(), original, _resolver(co, labels_map))
    for instr in instructions:
        formatter.print_instruction(instr, instr.offset == lasti)
    formatter.print_exception_table(entries, labels_map)


def _disassemble_recursive(co, *, file=None, depth=None, **options):
    disassemble(co, file=file, **options)
    if depth is None or depth > 0:
        for inner in co.co_consts:
            if hasattr(inner, "co_code"):
                print(file=file)
                print(f"Disassembly of {inner!r}:", file=file)
                _disassemble_recursive(inner, file=file, depth=None if depth is None else depth - 1, **options)


disco = disassemble  # for compatibility


def _find_imports(co):
    """(name, level, names) of each import of a code."""
    for instr in get_instructions(co):
        if instr.opname == "IMPORT_NAME":
            level, names = co.co_consts[_const_index(instr)] or (0, None)
            yield instr.argval, level, names


def _const_index(instr):
    """The index of an instruction's constant."""
    index = _operands[instr.opcode].index("K")
    return instr.arg >> 16 * index & 0xffff


def _find_store_names(co):
    """The names of variables that a code sets."""
    for instr in get_instructions(co):
        if instr.opname in ("STORE_NAME", "STORE_GLOBAL"):
            yield instr.argval


class Bytecode:
    """The bytecode operations of a piece of code

    Instantiate this with a function, method, other compiled object, string of
    code, or a code object (as returned by compile()).

    Iterating over this yields the bytecode operations as Instruction instances.
    """

    def __init__(self, x, *, first_line=None, current_offset=None, show_caches=False, adaptive=False,
                 show_offsets=False, show_positions=False):
        self.codeobj = co = _get_code_object(x)
        self.first_line = co.co_firstlineno if first_line is None else first_line
        self._line_offset = self.first_line - co.co_firstlineno
        self._original_object = x
        self.current_offset = current_offset
        self.exception_entries = _parse_exception_table(co)
        self.show_caches = show_caches
        self.adaptive = adaptive
        self.show_offsets = show_offsets
        self.show_positions = show_positions

    def __iter__(self):
        return get_instructions(self.codeobj, first_line=self.first_line, adaptive=self.adaptive)

    def __repr__(self):
        return f"{type(self).__name__}({self._original_object!r})"

    @classmethod
    def from_traceback(cls, tb, *, show_caches=False, adaptive=False):
        """ Construct a Bytecode from the given traceback """
        while tb.tb_next:
            tb = tb.tb_next
        return cls(tb.tb_frame.f_code, current_offset=tb.tb_lasti, show_caches=show_caches, adaptive=adaptive)

    def info(self):
        """Return formatted information about the code object."""
        return _format_code_info(self.codeobj)

    def dis(self):
        """Return a formatted view of the bytecode operations."""
        output = io.StringIO()
        disassemble(self.codeobj, -1 if self.current_offset is None else self.current_offset, file=output,
                    show_caches=self.show_caches, adaptive=self.adaptive, show_offsets=self.show_offsets,
                    show_positions=self.show_positions, _line_offset=self._line_offset)
        return output.getvalue()


def main(args=None):
    """The command line."""
    import argparse

    parser = argparse.ArgumentParser(color=True)
    for short, long, text in (
        ("-C", "--show-caches", "show inline caches"),
        ("-O", "--show-offsets", "show instruction offsets"),
        ("-P", "--show-positions", "show instruction positions"),
        ("-S", "--specialized", "show specialized bytecode"),
    ):
        parser.add_argument(short, long, action="store_true", help=text)
    parser.add_argument("infile", nargs="?", default="-")
    args = parser.parse_args(args=args)
    if args.infile == "-":
        name, source = "<stdin>", sys.stdin.buffer.read()
    else:
        name = args.infile
        with open(name, "rb") as file:
            source = file.read()
    dis(compile(source, name, "exec"), show_caches=args.show_caches, adaptive=args.specialized,
        show_offsets=args.show_offsets, show_positions=args.show_positions)


if __name__ == "__main__":
    main()
