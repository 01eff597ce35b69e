"""Whether the terminal has a key, by what terminfo tells."""

import _curses
from _curses_keys import CAPABILITIES as _capability_names


def has_key(ch):
    """True if the terminal says what it sends for a key, given by its number or as a character."""
    if isinstance(ch, str):
        ch = ord(ch)
    capability = _capability_names.get(ch)
    return capability is not None and _curses.tigetstr(capability) is not None
