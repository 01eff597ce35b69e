"""Descriptions of terminals: the compiled entries of the terminfo database (term(5)), and the strings with parameters in them (terminfo(5))."""

import os
import re
import struct

from _pyrepl.terminfo import _STRING_NAMES as STRINGS

# The order of a compiled entry.
BOOLEANS = (
    "bw am xsb xhp xenl eo gn hc km hs in da db mir msgr os eslok xt hz ul xon nxon mc5i chts nrrmc npc ndscr ccc bce hls xhpa crxm "
    "daisy xvpa sam cpix lpix OTbs OTns OTnc OTMT OTNL OTpt OTxr"
).split()
NUMBERS = (
    "cols it lines lm xmc pb vt wsl nlab lh lw ma wnum colors pairs ncv bufsz spinv spinh maddr mjump mcs mls npins orc orl orhi orvi "
    "cps widcs btns bitwin bitype OTug OTdC OTdN OTdB OTdT OTkn"
).split()

_MAGIC_WITH_NUMBERS_OF = {0o432: "<h", 0o1036: "<i"}


def _folders():
    environment = os.environ
    if own := environment.get("TERMINFO"):
        yield own
    yield os.path.expanduser("~/.terminfo")
    for folder in environment.get("TERMINFO_DIRS", "").split(":"):
        if folder:
            yield folder
    yield from ("/etc/terminfo", "/lib/terminfo", "/usr/share/terminfo", "/usr/lib/terminfo", "/usr/local/share/terminfo")


class _Reader:
    """Takes numbers from the bytes of an entry, one after the other."""

    def __init__(self, data):
        self.data = data
        self.at = 0

    def bytes(self, length):
        taken = self.data[self.at:self.at + max(length, 0)]
        if len(taken) != length:
            raise ValueError("truncated")
        self.at += len(taken)
        return taken

    def numbers(self, count, form="<h"):
        width = struct.calcsize(form)
        return [number for number, in struct.iter_unpack(form, self.bytes(count * width))]

    def align(self):
        self.at += self.at & 1


def _string(table, at):
    return table[at:table.index(b"\0", at)]


class Terminal:
    """One terminal's description: `flags`, `numbers` and `strings` by capability name, what is absent left out."""

    def __init__(self, data):
        reader = _Reader(data)
        magic, names, flags, numbers, strings, size = reader.numbers(6)
        form = _MAGIC_WITH_NUMBERS_OF.get(magic)
        if form is None:
            raise ValueError("not a terminfo entry")
        self.names = reader.bytes(names).rstrip(b"\0").split(b"|")
        self.flags, self.numbers, self.strings = {}, {}, {}
        values = reader.bytes(flags)
        reader.align()
        self._keep(BOOLEANS, values, NUMBERS, reader.numbers(numbers, form))
        places = reader.numbers(strings)
        table = reader.bytes(size)
        self.strings.update((name, _string(table, at)) for name, at in zip(STRINGS, places) if at >= 0)
        reader.align()
        if reader.at + 10 <= len(data):
            self._read_extended(reader, form)

    def _keep(self, flag_names, flags, number_names, numbers):
        self.flags.update((name, True) for name, value in zip(flag_names, flags) if value == 1)
        self.numbers.update((name, value) for name, value in zip(number_names, numbers) if value >= 0)

    def _read_extended(self, reader, form):
        """Capabilities that bring their names with them."""
        flags, numbers, strings, _, size = reader.numbers(5)
        values = reader.bytes(flags)
        reader.align()
        amounts = reader.numbers(numbers, form)
        places = reader.numbers(strings)
        name_places = reader.numbers(flags + numbers + strings)
        table = reader.bytes(size)
        found = [_string(table, at) if at >= 0 else None for at in places]
        # Names are behind the strings, their places counted from there.
        base = max((at + len(text) + 1 for at, text in zip(places, found) if text is not None), default=0)
        names = [_string(table, base + at).decode("latin-1") for at in name_places]
        self._keep(names, values, names[flags:], amounts)
        self.strings.update((name, text) for name, text in zip(names[flags + numbers:], found) if text is not None)


def load(name):
    """The description of a terminal; LookupError if there is none."""
    if name and "/" not in name and "\0" not in name and name not in (".", ".."):
        for folder in _folders():
            for below in (name[0], f"{ord(name[0]):x}"):
                try:
                    with open(os.path.join(folder, below, name), "rb") as file:
                        return Terminal(file.read())
                except (OSError, ValueError, struct.error):
                    continue
    raise LookupError(name)


_TOKEN = re.compile(
    rb"%(?:(?P<plain>%)|p(?P<push>[1-9])|P(?P<set>[a-zA-Z])|g(?P<get>[a-zA-Z])|'(?P<char>.)'|\{(?P<number>\d+)\}"
    rb"|(?P<operator>[-+*/m&|^=<>AO!~il?te;c])|(?P<format>:?[-+# ]*\d*(?:\.\d+)?[doxXs]))",
    re.DOTALL,
)


def _quotient(a, b):
    """Rounded to zero, as in C."""
    rounded = abs(a) // abs(b) if b else 0
    return rounded if (a < 0) == (b < 0) else -rounded


_BINARY = {
    b"+": lambda a, b: a + b,
    b"-": lambda a, b: a - b,
    b"*": lambda a, b: a * b,
    b"/": lambda a, b: _quotient(a, b),
    b"m": lambda a, b: a - b * _quotient(a, b) if b else 0,
    b"&": lambda a, b: a & b,
    b"|": lambda a, b: a | b,
    b"^": lambda a, b: a ^ b,
    b"=": lambda a, b: int(a == b),
    b"<": lambda a, b: int(a < b),
    b">": lambda a, b: int(a > b),
    b"A": lambda a, b: int(bool(a and b)),
    b"O": lambda a, b: int(bool(a or b)),
}


def _skip(text, at, ends):
    """Behind the next of `ends` at this level of conditions."""
    depth = 0
    while token := _TOKEN.search(text, at):
        at = token.end()
        operator = token["operator"]
        if operator == b"?":
            depth += 1
        elif depth == 0 and operator in ends:
            return at
        elif operator == b";":
            depth -= 1
    return len(text)


def parametrize(text, parameters, static={}):
    """A string with its parameters put in. Variables in upper case keep their values in `static`."""
    given = list(parameters) + [0] * (9 - len(parameters))
    stack, variables, out, at = [], {}, [], 0

    def pop():
        return stack.pop() if stack else 0

    while token := _TOKEN.search(text, at):
        out.append(text[at:token.start()])
        at = token.end()
        kind, value = token.lastgroup, token[token.lastgroup]
        if kind == "plain":
            out.append(b"%")
        elif kind == "push":
            stack.append(given[int(value) - 1])
        elif kind == "set":
            (static if value.isupper() else variables)[value] = pop()
        elif kind == "get":
            stack.append((static if value.isupper() else variables).get(value, 0))
        elif kind == "char":
            stack.append(value[0])
        elif kind == "number":
            stack.append(int(value))
        elif kind == "format":
            shown = pop()
            form = value.lstrip(b":")
            if form[-1:] in b"oxX":
                # These show numbers without a sign.
                shown &= 0xffffffff
            if form.endswith(b"s"):
                shown = shown if isinstance(shown, bytes) else b"%d" % shown
            out.append((b"%" + form) % shown)
        elif value in _BINARY:
            right, left = pop(), pop()
            stack.append(_BINARY[value](left, right))
        elif value == b"c":
            out.append(bytes([pop() & 0xff or 0x80]))
        elif value == b"!":
            stack.append(int(not pop()))
        elif value == b"~":
            stack.append(~pop())
        elif value == b"i":
            given[0] += 1
            given[1] += 1
        elif value == b"l":
            shown = pop()
            stack.append(len(shown) if isinstance(shown, bytes) else len(str(shown)))
        elif value == b"t" and not pop():
            at = _skip(text, at, (b"e", b";"))
        elif value == b"e":
            at = _skip(text, at, (b";",))
    out.append(text[at:])
    return b"".join(out)


def without_padding(text):
    """A string without its `$<…>`: no terminal of today needs to be waited for."""
    return re.sub(rb"\$<\d+(?:\.\d+)?[*/]*>", b"", text)
