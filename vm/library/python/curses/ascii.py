"""ASCII: names of the control characters, and what kind of character one is.

Functions take a character, as a string or a number, and those that make one give it back as it came.
"""

controlnames = (
    "NUL SOH STX ETX EOT ENQ ACK BEL BS HT LF VT FF CR SO SI DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US SP"
).split()

globals().update((_name, _code) for _code, _name in enumerate(controlnames))
TAB = HT
NL = LF
DEL = 0x7f


def _code_of(c):
    return ord(c) if isinstance(c, str) else c


def _like(c, code):
    """A code in the form of what was given."""
    return chr(code) if isinstance(c, str) else code


def _is_one_of(low, high):
    def test(c):
        return low <= _code_of(c) <= high

    return test


_is_digit, _is_upper, _is_lower = (_is_one_of(ord(low), ord(high)) for low, high in ("09", "AZ", "az"))


def isalnum(c): return isalpha(c) or _is_digit(c)
def isalpha(c): return _is_upper(c) or _is_lower(c)
def isascii(c): return 0 <= _code_of(c) < 0x80
def isblank(c): return _code_of(c) in (TAB, SP)
def iscntrl(c): return isctrl(c) or _code_of(c) == DEL
def isdigit(c): return _is_digit(c)
def isgraph(c): return SP < _code_of(c) < DEL
def islower(c): return _is_lower(c)
def isprint(c): return SP <= _code_of(c) < DEL
def ispunct(c): return isgraph(c) and not isalnum(c)
def isspace(c): return _code_of(c) in (TAB, LF, VT, FF, CR, SP)
def isupper(c): return _is_upper(c)
def isxdigit(c): return _is_digit(c) or ord("a") <= _code_of(c) | SP <= ord("f") and isalpha(c)
def isctrl(c): return 0 <= _code_of(c) < SP
def ismeta(c): return _code_of(c) >= 0x80


def ascii(c):
    """The seven low bits."""
    return _like(c, _code_of(c) & 0x7f)


def ctrl(c):
    """The character with the control key."""
    return _like(c, _code_of(c) & 0x1f)


def alt(c):
    """The character with the eighth bit set."""
    return _like(c, _code_of(c) | 0x80)


def unctrl(c):
    """How a character is shown: `^` before a control character, `!` before one with the eighth bit."""
    code = _code_of(c)
    low = code & 0x7f
    shown = "^?" if low == DEL else chr(low) if low >= SP else "^" + chr(low | 0x40)
    return "!" + shown if ismeta(code) else shown
