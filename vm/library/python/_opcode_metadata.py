"""What `opcode` knows of the instructions, under the names that tools ask this module for."""

from opcode import (  # noqa: F401
    HAVE_ARGUMENT, MIN_INSTRUMENTED_OPCODE, _specializations, _specialized_opmap, opmap,
)
