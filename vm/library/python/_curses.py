"""Screens of text terminals: the module behind `curses`.

There is no library of the system in it: terminals are described by terminfo (`_terminfo`), the screen is kept in `_curses_screen`, windows in
`_curses_cells` and `_curses_window`. One thread at a time uses a window; threads may share the screen.
"""

import os as _os
import sys as _sys
import termios as _termios
import time as _time
from collections import namedtuple as _namedtuple

import _curses_cells
import _curses_input
import _curses_keys
import _curses_screen
import _terminfo
from _curses_cells import State as _State, error, integer as _integer, plain_character as _plain_character, screen as _screen_or_error
from _curses_modes import (
    cbreak, nocbreak, raw, noraw, echo, noecho, nl, nonl, halfdelay, intrflush, qiflush, noqiflush, meta,
    def_prog_mode, def_shell_mode, savetty, reset_prog_mode, reset_shell_mode, resetty, typeahead, curs_set,
)
from _curses_window import window

version = __version__ = b"2.2"

_version_type = _namedtuple("ncurses_version", "major minor patch", module="curses")
# Whose behavior this is.
ncurses_version = _version_type(6, 5, 0)

ERR, OK = -1, 0

A_NORMAL = 0
A_CHARTEXT, A_COLOR, A_ATTRIBUTES = 0xff, 0xff00, 0xffffff00
globals().update(
    (f"A_{_name}", 1 << _bit)
    for _bit, _name in enumerate(
        "STANDOUT UNDERLINE REVERSE BLINK DIM BOLD ALTCHARSET INVIS PROTECT HORIZONTAL LEFT LOW RIGHT TOP VERTICAL ITALIC".split(), 16
    )
)
globals().update(
    (f"COLOR_{_name}", _number) for _number, _name in enumerate("BLACK RED GREEN YELLOW BLUE MAGENTA CYAN WHITE".split())
)
globals().update(_curses_keys.NUMBERS)
KEY_MIN, KEY_MAX = _curses_keys.FIRST, _curses_keys.LAST
globals().update(
    (f"BUTTON{_button}_{_event}", 1 << 5 * (_button - 1) + _bit)
    for _button in range(1, 6)
    for _bit, _event in enumerate("RELEASED PRESSED CLICKED DOUBLE_CLICKED TRIPLE_CLICKED".split())
)
BUTTON_CTRL, BUTTON_SHIFT, BUTTON_ALT, REPORT_MOUSE_POSITION = (1 << _bit for _bit in range(25, 29))
ALL_MOUSE_EVENTS = REPORT_MOUSE_POSITION - 1


def _terminal():
    if _State.terminal is None:
        raise error("must call setupterm() first")
    return _State.terminal


def _colored():
    screen = _screen_or_error()
    if not screen.uses_colors:
        raise error("must call start_color() first")
    return screen


def _write_now(data):
    if _State.screen is not None:
        _State.screen.write(data)
        _State.screen.flush()
    else:
        _sys.stdout.flush()
        while data:
            data = data[_os.write(_State.output_fd, data):]


# Begin and end.


def setupterm(term=None, fd=-1):
    """Read the description of a terminal: of `$TERM` if none is named."""
    if term is not None and not isinstance(term, str):
        raise TypeError(f"setupterm() argument 'term' must be str or None, not {type(term).__name__}")
    if term is not None and "\0" in term:
        raise ValueError("embedded null character")
    if fd == -1:
        if _sys.stdout is None:
            raise error("lost sys.stdout")
        fd = _sys.stdout.fileno()
    if _State.terminal is not None:
        return
    name = term if term is not None else _os.environ.get("TERM", "")
    if not name and term is None:
        raise error("setupterm: could not find terminfo database")
    try:
        _State.terminal = _terminfo.load(name)
    except LookupError:
        raise error("setupterm: could not find terminal") from None
    _State.name, _State.output_fd = name, fd


def initscr():
    """Begin; the window that is the whole screen."""
    if _State.screen is None:
        if _State.terminal is None:
            setupterm()
        _State.screen = _curses_screen.Screen(_State.terminal, _curses_screen.encoding_of_locale())
        _State.screen.resized = _resized_by_user
        _State.screen.begin()
        _State.root = _curses_cells.make(_State.screen.lines, _State.screen.columns, 0, 0, _State.screen.encoding)
        _note_size()
        globals().update(
            (f"ACS_{name}", ord(letter) | A_ALTCHARSET) for name, letter, _, _ in _curses_screen.LINES_AND_SIGNS
        )
        globals().update((f"ACS_{other}", globals()[f"ACS_{name}"]) for other, name in _OTHER_NAMES)
    else:
        _State.root.refresh()
    return _State.root


# The corners and tees are also named by which of their arms are blank or single lines: top, right, bottom, left.
_OTHER_NAMES = (
    ("BSSB", "ULCORNER"), ("SSBB", "LLCORNER"), ("BBSS", "URCORNER"), ("SBBS", "LRCORNER"), ("SBSS", "RTEE"), ("SSSB", "LTEE"),
    ("SSBS", "BTEE"), ("BSSS", "TTEE"), ("BSBS", "HLINE"), ("SBSB", "VLINE"), ("SSSS", "PLUS"),
)


def _note_size():
    globals().update(LINES=_State.screen.lines, COLS=_State.screen.columns)
    if (package := _sys.modules.get("curses")) is not None:
        package.LINES, package.COLS = LINES, COLS


def endwin():
    """Give the terminal back."""
    screen = _screen_or_error()
    if screen.ended:
        raise error("endwin() returned ERR")
    screen.end()


def isendwin():
    """Whether the terminal was given back."""
    return _screen_or_error().ended


def doupdate():
    """Show what windows have prepared."""
    _screen_or_error().update()


def _show_background():
    """What lies below all panels is drawn again where they were."""
    if _State.screen is not None:
        _State.root.touchwin()
        _State.root.noutrefresh()


# Windows.


def newwin(nlines, ncols, begin_y=0, begin_x=0, /):
    """newwin(nlines, ncols, [begin_y=0, begin_x=0])"""
    screen = _screen_or_error()
    nlines, ncols, begin_y, begin_x = map(_integer, (nlines, ncols, begin_y, begin_x))
    lines, columns = nlines or screen.lines - begin_y, ncols or screen.columns - begin_x
    if lines <= 0 or columns <= 0 or begin_y < 0 or begin_x < 0:
        raise error("curses function returned NULL")
    return _curses_cells.make(lines, columns, begin_y, begin_x, screen.encoding)


def newpad(nlines, ncols, /):
    """A window that may be larger than the screen, parts of which are shown."""
    screen = _screen_or_error()
    nlines, ncols = _integer(nlines), _integer(ncols)
    if nlines <= 0 or ncols <= 0:
        raise error("curses function returned NULL")
    return _curses_cells.make(nlines, ncols, 0, 0, screen.encoding, is_pad=True)


def getwin(file, /):
    """The window that putwin() has written to a file."""
    return _curses_cells.restore(file, _screen_or_error().encoding)


def getsyx():
    """Where the cursor of the screen is; (-1, -1) if it may be anywhere."""
    screen = _screen_or_error()
    return (-1, -1) if screen.leave_cursor else screen.cursor


def setsyx(y, x, /):
    """Set the cursor of the screen."""
    y, x = _integer(y), _integer(x)
    screen = _screen_or_error()
    screen.leave_cursor = y == x == -1
    if not screen.leave_cursor:
        screen.cursor = y, x


def update_lines_cols():
    """Let LINES and COLS be the terminal's size now."""
    if _State.screen is not None:
        lines, columns = _State.screen.size()
    else:
        try:
            columns, lines = _os.get_terminal_size(_sys.__stdout__.fileno())
        except (OSError, AttributeError):
            columns, lines = 80, 24
    globals().update(LINES=lines, COLS=columns)
    if (package := _sys.modules.get("curses")) is not None:
        package.LINES, package.COLS = lines, columns


def is_term_resized(nlines, ncols, /):
    """Whether the screen would change its size."""
    screen = _screen_or_error()
    return (screen.lines, screen.columns) != (nlines, ncols)


def resize_term(nlines, ncols, /):
    """Change the size of the screen and of the window that is the whole screen."""
    screen = _screen_or_error()
    for number in (nlines, ncols):
        if not -0x8000 <= number < 0x8000:
            raise OverflowError("signed short integer is greater than maximum" if number > 0 else "signed short integer is less than minimum")
    if nlines <= 0 or ncols <= 0:
        raise error("resize_term() returned ERR")
    screen.resize(nlines, ncols)
    _State.root.resize(nlines, ncols)
    _note_size()


def resizeterm(nlines, ncols, /):
    """Change the size of the screen, and let getch() tell of it."""
    changes = is_term_resized(nlines, ncols)
    resize_term(nlines, ncols)
    if changes:
        _curses_input.put_back(KEY_RESIZE, True)


def _resized_by_user(lines, columns):
    resize_term(lines, columns)
    return True


def use_env(flag, /):
    """Whether LINES and COLUMNS of the environment count. They do."""


def filter():
    """Use one line of the screen only. It is asked for before initscr() and has no effect."""


# Colors.


def has_colors():
    """Whether the terminal has colors."""
    return _screen_or_error().has_colors()


def has_extended_color_support():
    """Whether there are more than 256 color pairs to write with."""
    return False


def can_change_color():
    """Whether colors can be changed."""
    return _screen_or_error().can_change_color()


def start_color():
    """Begin to use colors."""
    screen = _screen_or_error()
    if not screen.has_colors():
        raise error("start_color() returned ERR")
    screen.use_colors()
    globals().update(COLORS=screen.colors, COLOR_PAIRS=screen.color_pairs)


def _color_number(screen, color, least=0):
    if not least <= color < screen.colors:
        raise ValueError("Color number is greater than COLORS-1 (%d)." % (screen.colors - 1) if color > 0 else "Color number is less than 0.")
    return color


def _pair_number(screen, pair, least=0):
    if not least <= pair < screen.color_pairs:
        raise ValueError(
            f"Color pair is greater than COLOR_PAIRS-1 ({screen.color_pairs - 1})." if pair > 0 else f"Color pair is less than {least}."
        )
    return pair


def color_content(color_number, /):
    """Red, green and blue of a color, 0 to 1000."""
    screen = _colored()
    return screen.content_of(_color_number(screen, color_number))


def init_color(color_number, r, g, b, /):
    """Change a color: red, green and blue, 0 to 1000."""
    screen = _colored()
    _color_number(screen, color_number)
    for component in (r, g, b):
        if not 0 <= component <= 1000:
            raise ValueError("Color component is " + ("greater than 1000." if component > 0 else "less than 0."))
    if not screen.can_change_color():
        raise error("init_color() returned ERR")
    screen.change_color(color_number, r, g, b)


def init_pair(pair_number, fg, bg, /):
    """Set the colors of a pair."""
    screen = _colored()
    _pair_number(screen, pair_number, 1)
    screen.set_pair(pair_number, *(-1 if color < 0 else _color_number(screen, color) for color in (fg, bg)))


def pair_content(pair_number, /):
    """The colors of a pair."""
    screen = _colored()
    return screen.pairs.get(_pair_number(screen, pair_number), (0, 0))


def color_pair(pair_number, /):
    """The attribute that stands for a pair of colors."""
    _colored()
    return pair_number << 8 & A_COLOR


def pair_number(attr, /):
    """The pair of colors of an attribute."""
    _colored()
    return (attr & A_COLOR) >> 8


def use_default_colors():
    """Let the color -1 be the terminal's own, of which pair 0 consists."""
    assume_default_colors(-1, -1)


def assume_default_colors(fg, bg, /):
    """Set the colors of pair 0."""
    _colored().set_pair(0, fg, bg)


# Signals to the user, waiting.


def beep():
    """Let the terminal be heard."""
    _signal("bel", "flash")


def flash():
    """Let the terminal flash."""
    _signal("flash", "bel")


def _signal(*capabilities):
    screen = _screen_or_error()
    for capability in capabilities:
        if screen.put(capability):
            return screen.flush()


def napms(ms, /):
    """Sleep for so many milliseconds."""
    _screen_or_error()
    _time.sleep(max(ms, 0) / 1000)
    return OK


def delay_output(ms, /):
    """Wait for so many milliseconds before more is written."""
    napms(ms)


# Keys and the mouse.


def flushinp():
    """Throw away what was typed."""
    screen = _screen_or_error()
    screen.queue.clear()
    screen._bytes.clear()
    try:
        _termios.tcflush(screen.input_fd, _termios.TCIFLUSH)
    except _termios.error:
        pass


def ungetch(ch, /):
    """Let getch() return a character next."""
    screen = _screen_or_error()
    if isinstance(ch, int):
        _plain_character(ch, screen.encoding)
        return _curses_input.put_back(ch, ch >= 0x100)
    _plain_character(ch, screen.encoding)
    _curses_input.put_back(ch[0] if isinstance(ch, bytes) else ch.encode(screen.encoding)[0], False)


def unget_wch(ch, /):
    """Let get_wch() return a character next."""
    _screen_or_error()
    if isinstance(ch, str):
        if len(ch) != 1:
            raise TypeError(f"expect int or str of length 1, got a str of length {len(ch)}")
        ch = ord(ch)
    elif not isinstance(ch, int):
        raise TypeError(f"expect int or str of length 1, got {type(ch).__name__}")
    elif not 0 <= ch < 0x110000:
        raise OverflowError("character doesn't fit in wchar_t")
    _curses_input.put_back(ch, False)


def keyname(key, /):
    """The name of a key."""
    if key < 0:
        raise ValueError("invalid key number")
    if key < 0x80:
        return unctrl(key)
    if key < 0x100:
        return b"M-" + unctrl(key & 0x7f)
    return _curses_keys.NAMES.get(key, "").encode()


def has_key(key, /):
    """Whether the terminal has a key."""
    strings = _screen_or_error().strings
    return _curses_keys.CAPABILITIES.get(key) in strings


def unctrl(ch, /):
    """How a character is shown, with `^` for the control key."""
    screen = _screen_or_error()
    _plain_character(ch, screen.encoding)
    code = ch & A_CHARTEXT if isinstance(ch, int) else ord(ch)
    mark, low = b"M-" if code >= 0x80 else b"", code & 0x7f
    if code >= 0xa0 or 0x20 <= code < 0x7f:
        return mark + bytes([low])
    # The upper control characters have a sign of their own.
    return (b"~" if code >= 0x80 else b"^") + bytes([low ^ 0x40])


def get_escdelay():
    """How many milliseconds the rest of a key's sequence is waited for."""
    return int(_screen_or_error().escape_delay)


def set_escdelay(ms, /):
    """Set how many milliseconds the rest of a key's sequence is waited for."""
    if ms <= 0:
        raise ValueError("ms must be > 0")
    _screen_or_error().escape_delay = ms


def get_tabsize():
    """How many columns a tabulator goes on to a multiple of."""
    return _State.tab_size


def set_tabsize(size, /):
    """Set how many columns a tabulator goes on to a multiple of."""
    if size <= 0:
        raise ValueError("size must be > 0")
    _State.tab_size = size


def mousemask(newmask, /):
    """Set which events of the mouse are told of; those that can be, and those that were."""
    screen = _screen_or_error()
    known = ALL_MOUSE_EVENTS if "kmous" in screen.strings else 0
    before = screen.set_mouse(newmask & known)
    return newmask & known, before


def mouseinterval(interval, /):
    """Set how many milliseconds may pass between press and release of a click."""
    screen = _screen_or_error()
    if interval >= 0:
        screen.mouse_interval = interval


def getmouse():
    """The event that KEY_MOUSE has told of: (id, x, y, z, bstate)."""
    events = _screen_or_error().mouse_events
    if not events:
        raise error("getmouse() returned ERR")
    return events.popleft()


def ungetmouse(id, x, y, z, bstate, /):
    """Let getch() return KEY_MOUSE next, and getmouse() this event."""
    _screen_or_error().mouse_events.appendleft((id, x, y, z, bstate))
    _curses_input.put_back(KEY_MOUSE, True)


# What the terminal is.


def baudrate():
    """How many bits per second the terminal takes."""
    mode = _screen_or_error().current_mode()
    if mode is None:
        return 0
    speeds = {getattr(_termios, name): int(name[1:]) for name in dir(_termios) if name[0] == "B" and name[1:].isdecimal()}
    return speeds.get(mode[5], 0)


def erasechar():
    """The character that deletes the one before."""
    return _screen_or_error().control_character(_termios.VERASE, b"\x7f")


def killchar():
    """The character that deletes the line."""
    return _screen_or_error().control_character(_termios.VKILL, b"\x15")


def has_ic():
    """Whether the terminal can insert and delete characters."""
    strings = _screen_or_error().strings
    return bool(("ich" in strings or "ich1" in strings or "smir" in strings) and ("dch" in strings or "dch1" in strings))


def has_il():
    """Whether the terminal can insert and delete lines."""
    strings = _screen_or_error().strings
    return bool(("il" in strings or "il1" in strings) and ("dl" in strings or "dl1" in strings))


def longname():
    """The description of the terminal."""
    _screen_or_error()
    return _terminal().names[-1]


def termname():
    """The name of the terminal."""
    _screen_or_error()
    return _State.name.encode()


def termattrs():
    """The attributes that the terminal has."""
    screen = _screen_or_error()
    found = A_COLOR if screen.has_colors() else 0
    for bit, capability in _curses_screen._ATTRIBUTES:
        if capability in screen.strings:
            found |= bit
    return found | (A_ALTCHARSET if "smacs" in screen.strings else 0)


def _check_name(function, name):
    if not isinstance(name, str):
        raise TypeError(f"{function}() argument must be str, not {type(name).__name__}")
    if "\0" in name:
        raise ValueError("embedded null character")


def tigetflag(capname, /):
    """A capability that is or is not; -1 if it is of another kind."""
    terminal = _terminal()
    _check_name("tigetflag", capname)
    if capname in terminal.flags:
        return 1
    return 0 if capname in _terminfo.BOOLEANS else -1


def tigetnum(capname, /):
    """A capability that is a number; -2 if it is of another kind, -1 if there is none."""
    terminal = _terminal()
    _check_name("tigetnum", capname)
    return terminal.numbers.get(capname, -1 if capname in _terminfo.NUMBERS else -2)


def tigetstr(capname, /):
    """A capability that is a string, or None."""
    terminal = _terminal()
    _check_name("tigetstr", capname)
    return terminal.strings.get(capname)


def tparm(str, i1=0, i2=0, i3=0, i4=0, i5=0, i6=0, i7=0, i8=0, i9=0, /):
    """A string with parameters put in."""
    _terminal()
    parameters = tuple(_integer(number) for number in (i1, i2, i3, i4, i5, i6, i7, i8, i9))
    return _terminfo.parametrize(bytes(memoryview(str)), parameters)


def putp(string, /):
    """Write a string of terminfo."""
    _write_now(_terminfo.without_padding(bytes(memoryview(string))))
