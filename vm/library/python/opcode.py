"""The instructions: names, numbers and kinds of operands.

An instruction is a word of 64 bits: its number and three operands of 16 bits each. What an operand means is told by a letter:

    W, R, M, X, T   a register that is written, read, changed, emptied, or read or emptied
    N, K            index of a name, of a constant
    J               target of a jump, in the last two operands
    U, I, V         a number
    O               nothing
"""

import builtins
import _opcode
from _opcode import stack_effect

__all__ = ["cmp_op", "stack_effect", "hascompare", "opname", "opmap",
           "HAVE_ARGUMENT", "EXTENDED_ARG", "hasarg", "hasconst", "hasname",
           "hasjump", "hasjrel", "hasjabs", "hasfree", "haslocal", "hasexc"]

_table = _opcode.get_instruction_table()

opname = [name for name, _, _ in _table]
# A number that is never an instruction's is in the table as well, as what raises the error.
opmap = {name: number for number, name in enumerate(opname) if not name.startswith("<")}
opname += [f"<{number}>" for number in range(len(opname), 256)]

# Kinds of operands and meaning, by number.
_operands = [kinds for _, kinds, _ in _table]
_semantics = [meaning for _, _, meaning in _table]
_two_words = frozenset(_opcode.get_two_word_instructions())

# What `dis` calls the operands where it lists them one by one; no instruction.
opmap["CACHE"] = len(_table)
opname[len(_table)] = "CACHE"

EXTENDED_ARG = opmap["EXTENDED_ARG"]
# Instructions with and without operands are not kept apart by number; `hasarg` tells.
HAVE_ARGUMENT = 0
MIN_INSTRUMENTED_OPCODE = len(_table) + 1

cmp_op = ("<", "<=", "==", "!=", ">", ">=")


def _those(holds):
    return [number for number in opmap.values() if holds(number)]


hasarg = _those(_opcode.has_arg)
hasconst = _those(_opcode.has_const)
hasname = _those(_opcode.has_name)
hasjump = _those(_opcode.has_jump)
hasjrel = []
hasjabs = hasjump
hasfree = _those(_opcode.has_free)
haslocal = _those(_opcode.has_local)
hasexc = _those(_opcode.has_exc)
hascompare = [opmap[name] for name in ("LT", "LE", "EQ", "NE", "GT", "GE")]

_nb_ops = _opcode.get_nb_ops()
_intrinsic_1_descs = _opcode.get_intrinsic1_descs()
_intrinsic_2_descs = _opcode.get_intrinsic2_descs()
_special_method_names = _opcode.get_special_method_names()
_common_constants = [builtins.AssertionError, builtins.NotImplementedError,
                     builtins.tuple, builtins.all, builtins.any, builtins.list,
                     builtins.set]

# The three operands of 16 bits are what follows an instruction's first two bytes.
_cache_format = {name: {"a": 1, "b": 1, "c": 1} for name, _, _ in _table}
_inline_cache_entries = {name: 3 for name in _cache_format}

# Instructions are not replaced by faster ones while they run.
_specializations = {}
_specialized_opmap = {}
