"""Screens of text terminals: windows, colors, keys.

    import curses
    curses.wrapper(main)    # calls main(stdscr)
"""

import os as _os
import sys as _sys

import _curses
from _curses import *
from curses.has_key import has_key


def _take_from_curses(names):
    """What is known only once there is a screen."""
    for name in names:
        if hasattr(_curses, name):
            globals()[name] = getattr(_curses, name)


def initscr():
    """Begin and return the window that is the whole screen."""
    # A terminal that is not known ends in an error here, before the screen is touched.
    setupterm(term=_os.environ.get("TERM", "unknown"), fd=_sys.__stdout__.fileno())
    screen = _curses.initscr()
    _take_from_curses(["LINES", "COLS", *(name for name in dir(_curses) if name.startswith("ACS_"))])
    return screen


def start_color():
    """Begin to use colors; COLORS and COLOR_PAIRS say how many."""
    _curses.start_color()
    _take_from_curses(["COLORS", "COLOR_PAIRS"])


def wrapper(func, /, *args, **kwds):
    """Call a function with the screen, keys and colors set up, and leave the terminal as it was, whatever happens."""
    screen = initscr()
    try:
        noecho()
        cbreak()
        screen.keypad(1)
        try:
            start_color()
        except error:
            # Without colors, then.
            pass
        return func(screen, *args, **kwds)
    finally:
        screen.keypad(0)
        echo()
        nocbreak()
        endwin()
