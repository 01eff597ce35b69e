"""The screen behind `_curses`: what it shows and what it is to show, modes of the terminal, colors, input.

A cell is a tuple (text, attributes): a character with what combines with it, an empty text right of a character of two columns. `wanted` is
what the next update makes of `shown`; a row of `shown` that is None is not known. Windows copy their rows into `wanted`.
"""

import os
import select
import sys
import termios
import threading
import time
import unicodedata
from collections import deque

import _curses_keys as keys
import _terminfo

A_ALTCHARSET = 1 << 22
A_CHARTEXT, A_COLOR = 0xff, 0xff00
# Attributes in the order in which terminals are told of them, with the capability.
_ATTRIBUTES = (
    (1 << 16, "smso"), (1 << 17, "smul"), (1 << 18, "rev"), (1 << 19, "blink"), (1 << 20, "dim"), (1 << 21, "bold"),
    (1 << 23, "invis"), (1 << 24, "prot"), (1 << 31, "sitm"),
)
BLANK = (" ", 0)

# Names of the line drawing characters, the letter that VT100 has for each, the character of Unicode, one for terminals without any.
LINES_AND_SIGNS = (
    ("ULCORNER", "l", "┌", "+"), ("LLCORNER", "m", "└", "+"), ("URCORNER", "k", "┐", "+"), ("LRCORNER", "j", "┘", "+"),
    ("LTEE", "t", "├", "+"), ("RTEE", "u", "┤", "+"), ("BTEE", "v", "┴", "+"), ("TTEE", "w", "┬", "+"), ("HLINE", "q", "─", "-"),
    ("VLINE", "x", "│", "|"), ("PLUS", "n", "┼", "+"), ("S1", "o", "⎺", "~"), ("S9", "s", "⎽", "_"), ("DIAMOND", "`", "◆", "+"),
    ("CKBOARD", "a", "▒", ":"), ("DEGREE", "f", "°", "'"), ("PLMINUS", "g", "±", "#"), ("BULLET", "~", "·", "o"),
    ("LARROW", ",", "←", "<"), ("RARROW", "+", "→", ">"), ("DARROW", ".", "↓", "v"), ("UARROW", "-", "↑", "^"),
    ("BOARD", "h", "▒", "#"), ("LANTERN", "i", "␋", "#"), ("BLOCK", "0", "▮", "#"), ("S3", "p", "⎻", "-"), ("S7", "r", "⎼", "-"),
    ("LEQUAL", "y", "≤", "<"), ("GEQUAL", "z", "≥", ">"), ("PI", "{", "π", "*"), ("NEQUAL", "|", "≠", "!"), ("STERLING", "}", "£", "f"),
)
_UNICODE_SIGNS = {letter: character for _, letter, character, _ in LINES_AND_SIGNS}
_PLAIN_SIGNS = {letter: character for _, letter, _, character in LINES_AND_SIGNS}


def columns_of(character):
    """How many columns a character takes: 0 if it combines with the one before."""
    if character < "\u0300":
        return 1
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


class Screen:
    def __init__(self, terminal, encoding, input_fd=0, output_fd=1):
        self.terminal = terminal
        self.strings = terminal.strings
        self.encoding = encoding
        self.input_fd, self.output_fd = input_fd, output_fd
        # Held while the terminal is written to; not while a key is waited for.
        self.lock = threading.RLock()
        self.lines, self.columns = self.size()
        self.cursor = 0, 0
        self.leave_cursor = False
        self.clear_first = True
        self.wanted = self._blank_rows()
        self.shown = [None] * self.lines
        self._place = None
        self._attributes = None
        self._out = bytearray()
        self.ended = False
        self._has_keypad = None
        self.visibility = 1
        self._init_modes()
        self._init_colors()
        self._init_input()

    def size(self):
        """(lines, columns) as the environment says, the system, or the terminal's description."""
        found = [0, 0]
        try:
            size = os.get_terminal_size(self.output_fd)
            found = [size.lines, size.columns]
        except OSError:
            pass
        for index, (name, capability, usual) in enumerate((("LINES", "lines", 24), ("COLUMNS", "cols", 80))):
            given = os.environ.get(name, "")
            if given.isdecimal() and int(given) > 0:
                found[index] = int(given)
            elif found[index] <= 0:
                found[index] = self.terminal.numbers.get(capability, usual)
        return tuple(found)

    def _blank_rows(self):
        return [[BLANK] * self.columns for _ in range(self.lines)]

    def resize(self, lines, columns):
        with self.lock:
            wanted = [row[:columns] + [BLANK] * (columns - self.columns) for row in self.wanted[:lines]]
            self.lines, self.columns = lines, columns
            self.wanted = wanted + [[BLANK] * columns for _ in range(lines - len(wanted))]
            self.shown = [None] * lines
            self.clear_first = True

    # Output.

    def put(self, capability, *parameters):
        """Writes a capability, if the terminal has it; whether it has."""
        text = self.strings.get(capability)
        if not text:
            return False
        if parameters:
            text = _terminfo.parametrize(text, parameters)
        self._out += _terminfo.without_padding(text)
        return True

    def write(self, data):
        self._out += data

    def flush(self):
        with self.lock:
            data, self._out = bytes(self._out), bytearray()
            while data:
                data = data[os.write(self.output_fd, data):]

    def begin(self):
        """Takes the terminal over, at first and after `end`."""
        with self.lock:
            self.put("smcup")
            self.ended = False
            self._has_keypad = None
            self._place = self._attributes = None
            self.clear_first = True
            self.restore(self.program_mode)
            if self.mouse_mask:
                self._switch_mouse(True)

    def end(self):
        """Gives the terminal back."""
        with self.lock:
            self._move(self.lines - 1, 0)
            self._set_attributes(0)
            self.put("op")
            if self.mouse_mask:
                self._switch_mouse(False)
            if self._has_keypad:
                self.put("rmkx")
                self._has_keypad = None
            self.put("cnorm")
            self.put("rmcup")
            self.write(b"\r")
            self.flush()
            self.program_mode = self.current_mode()
            self.restore(self.shell_mode)
            self.ended = True

    def update(self):
        """Makes the terminal show what is wanted."""
        with self.lock:
            if self.ended:
                self.begin()
            if self.clear_first:
                self._clear()
            for y, shown in enumerate(self.shown):
                # Another thread may write into the row meanwhile.
                row = list(self.wanted[y])
                if row != shown:
                    self._update_row(y, row, shown)
                    self.shown[y] = row
            if not self.leave_cursor:
                self._set_attributes(0)
                self._move(*self.cursor)
            self.flush()

    def _clear(self):
        self.clear_first = False
        self._set_attributes(0)
        is_clear = self.put("clear")
        self._place = (0, 0) if is_clear else None
        self.shown = self._blank_rows() if is_clear and self._clears_in_color() else [None] * self.lines

    def _update_row(self, y, row, shown):
        width = len(row)
        if shown is None:
            shown = [("", -1)] * width
        first = next(x for x in range(width) if row[x] != shown[x])
        last = next(x for x in range(width - 1, -1, -1) if row[x] != shown[x])
        # A blank rest is cleared at once.
        blank_from = width
        while blank_from > 0 and row[blank_from - 1] == BLANK:
            blank_from -= 1
        clears = last - max(blank_from, first) >= 4 and "el" in self.strings and self._clears_in_color()
        if clears:
            last = blank_from - 1
        if y == self.lines - 1 and last == width - 1 and "am" in self.terminal.flags and "xenl" not in self.terminal.flags:
            # The screen would move up.
            last -= 1
        x = first
        # A character of two columns is written whole.
        while x > 0 and row[x][0] == "":
            x -= 1
        while x <= last:
            run = 0
            while x + run <= last and row[x + run] == shown[x + run]:
                run += 1
            if run > 6 or x + run > last:
                x += run
                while x <= last and x > 0 and row[x][0] == "":
                    x -= 1
                if run:
                    continue
            self._move(y, x)
            text, attributes = row[x]
            is_wide = text != "" and not attributes & A_ALTCHARSET and columns_of(text[0]) == 2
            step = 2 if is_wide and x + 1 < width and row[x + 1][0] == "" else 1
            self._set_attributes(attributes)
            # Of a character of two columns one may be covered by another window, or cut off.
            self._write_text(" " if text == "" or is_wide and step == 1 else text, attributes)
            x += step
            # Behind the last column a terminal may be anywhere.
            self._place = (y, x) if x < width else None
        if clears:
            self._move(y, max(blank_from, first))
            self._set_attributes(0)
            self.put("el")

    def _write_text(self, text, attributes):
        if attributes & A_ALTCHARSET:
            if self._draws_in_unicode():
                text = _UNICODE_SIGNS.get(text, text)
            elif "smacs" in self.strings:
                pairs = self.strings.get("acsc", b"")
                known = dict(zip(pairs[::2], pairs[1::2]))
                self.write(bytes(known.get(code, code) for code in text.encode("latin-1", "replace")))
                return
            else:
                text = _PLAIN_SIGNS.get(text, text)
        self.write(text.encode(self.encoding, "replace"))

    def _draws_in_unicode(self):
        return self.encoding.lower().replace("-", "") == "utf8"

    def _move(self, y, x):
        if self._place != (y, x):
            self.put("cup", y, x)
            self._place = y, x

    def _set_attributes(self, attributes):
        if attributes == self._attributes:
            return
        if not self.put("sgr0"):
            for capability in ("rmso", "rmul"):
                self.put(capability)
        for bit, capability in _ATTRIBUTES:
            if attributes & bit:
                self.put(capability)
        if attributes & A_ALTCHARSET and not self._draws_in_unicode():
            self.put("smacs")
        if pair := attributes >> 8 & 0xff:
            self._set_colors(*self.pairs.get(pair, (-1, -1)))
        elif self.uses_colors:
            self._set_colors(*self.pairs[0])
        self._attributes = attributes

    # Colors.

    def _init_colors(self):
        numbers = self.terminal.numbers
        self.colors = numbers.get("colors", 0)
        self.color_pairs = min(numbers.get("pairs", 0), 0x8000) if self.colors else 0
        self.uses_colors = False
        # Those of pair 0 count once colors are used.
        self.pairs = {0: (7, 0)}
        self.contents = {}

    def use_colors(self):
        with self.lock:
            if not self.uses_colors:
                self.uses_colors = True
                self.forget_pair(0)

    def has_colors(self):
        return self.colors > 0 and self.color_pairs > 0 and ("setaf" in self.strings or "setf" in self.strings)

    def can_change_color(self):
        return "ccc" in self.terminal.flags and "initc" in self.strings

    def _set_colors(self, foreground, background):
        for color, capability, other in ((foreground, "setaf", "setf"), (background, "setab", "setb")):
            if color >= 0 and not self.put(capability, color):
                # The older capability has red and blue the other way round.
                self.put(other, color & ~5 | (color & 1) << 2 | (color & 4) >> 2 if color < 8 else color)

    def set_pair(self, pair, foreground, background):
        with self.lock:
            if self.pairs.get(pair) != (foreground, background):
                self.pairs[pair] = foreground, background
                self.forget_pair(pair)

    def forget_pair(self, pair):
        """Lets everything be drawn again that has a pair's colors."""
        self._attributes = None
        self.shown = [
            row and [(text, -1) if attributes >> 8 & 0xff == pair else (text, attributes) for text, attributes in row]
            for row in self.shown
        ]

    def _clears_in_color(self):
        """Whether what is cleared has the background that blanks are to have."""
        return "bce" in self.terminal.flags or not self.uses_colors or self.pairs[0][1] < 0

    def content_of(self, color):
        """Red, green and blue, of 1000 each."""
        if color in self.contents:
            return self.contents[color]
        if color < 8:
            return tuple(680 if color & bit else 0 for bit in (1, 2, 4))
        if color < 16:
            return tuple(1000 if color & bit else 0 for bit in (1, 2, 4))
        if color < 232:
            levels = (0, 373, 529, 686, 843, 1000)
            cube = color - 16
            return tuple(levels[cube // step % 6] for step in (36, 6, 1))
        return (31 + (color - 232) * 39,) * 3

    def change_color(self, color, red, green, blue):
        self.contents[color] = red, green, blue
        self.put("initc", color, red, green, blue)
        self.flush()

    # Modes of the terminal.

    def _init_modes(self):
        self.shell_mode = self.program_mode = self.saved_mode = self.current_mode()
        self.echo = True
        self.half_delay = 0
        if self.program_mode is not None:
            # Lines are the program's, tabs are not expanded by the system.
            self.change_mode(clear_output=termios.TAB3 if hasattr(termios, "TAB3") else 0, set_output=termios.OPOST)

    def _mode_fd(self):
        return self.input_fd if os.isatty(self.input_fd) else self.output_fd

    def current_mode(self):
        try:
            return termios.tcgetattr(self._mode_fd())
        except (termios.error, OSError):
            return None

    def restore(self, mode):
        if mode is None:
            return False
        try:
            termios.tcsetattr(self._mode_fd(), termios.TCSADRAIN, mode)
        except (termios.error, OSError):
            return False
        return True

    def change_mode(self, *, set_input=0, clear_input=0, set_output=0, clear_output=0, set_local=0, clear_local=0, least=None):
        """Switches flags of the terminal on and off; false where there is none."""
        mode = self.current_mode()
        if mode is None:
            return False
        mode[0] = (mode[0] | set_input) & ~clear_input
        mode[1] = (mode[1] | set_output) & ~clear_output
        mode[3] = (mode[3] | set_local) & ~clear_local
        if least is not None:
            mode[6][termios.VMIN], mode[6][termios.VTIME] = least, 0
        if not self.restore(mode):
            return False
        self.program_mode = mode
        return True

    def control_character(self, which, usual):
        mode = self.current_mode()
        return mode[6][which] if mode is not None else usual

    def set_keypad(self, on):
        if self._has_keypad != on:
            self._has_keypad = on
            with self.lock:
                self.put("smkx" if on else "rmkx")
                self.flush()

    # Input.

    def _init_input(self):
        # What was put back, or decoded and not asked for yet: numbers of keys and bytes, or characters.
        self.queue = deque()
        self._bytes = deque()
        self.escape_delay = 1000
        self._sequences = {}
        for number, capability in keys.CAPABILITIES.items():
            if (text := self.strings.get(capability)) and number != keys.NUMBERS["KEY_MOUSE"]:
                self._sequences.setdefault(text, number)
                # What terminals send unless they are told otherwise.
                if text.startswith(b"\x1bO") and len(text) == 3:
                    self._sequences.setdefault(b"\x1b[" + text[2:], number)
        self._prefixes = {text[:length] for text in self._sequences for length in range(1, len(text))}
        self.mouse_mask = 0
        self.mouse_interval = 166
        self.mouse_events = deque()
        self._pressed = None

    def _wait(self, seconds):
        """Waits for a byte; None: forever. The byte, or None; or KEY_RESIZE."""
        if self._bytes:
            return self._bytes.popleft()
        end = None if seconds is None else time.monotonic() + seconds
        poll = select.poll()
        poll.register(self.input_fd, select.POLLIN)
        while True:
            left = None if end is None else max(end - time.monotonic(), 0)
            # Now and then the size of the terminal is looked at.
            ready = poll.poll(250 if left is None else min(left * 1000, 250))
            if ready:
                data = os.read(self.input_fd, 1024)
                if not data:
                    return None
                self._bytes.extend(data)
                return self._bytes.popleft()
            if self._has_other_size():
                return keys.NUMBERS["KEY_RESIZE"]
            if left is not None and left <= 0.25 and time.monotonic() >= end:
                return None

    def _has_other_size(self):
        try:
            size = os.get_terminal_size(self.output_fd)
        except OSError:
            return False
        if not size.lines or not size.columns or (size.lines, size.columns) == (self.lines, self.columns):
            return False
        return not os.environ.get("LINES", "").isdecimal() and self.resized is not None and self.resized(size.lines, size.columns)

    # Called with the new size; whether anything changed.
    resized = None

    def read_key(self, seconds, with_keypad, patient):
        """The next byte or key number, None after so many seconds."""
        byte = self._wait(seconds)
        if byte is None or byte >= 0x100 or not with_keypad:
            return byte
        taken = bytes([byte])
        if self.mouse_mask and byte == 0x1b and (event := self._mouse_report()) is not None:
            return event
        while taken in self._prefixes:
            more = self._wait(None if patient else self.escape_delay / 1000)
            if more is None or more >= 0x100:
                break
            taken += bytes([more])
            if taken in self._sequences:
                return self._sequences[taken]
        else:
            if taken in self._sequences:
                return self._sequences[taken]
        self._bytes.extendleft(reversed(taken[1:]))
        return byte

    # Mouse: reports in the form of `ESC [ < button ; column ; line M`, m for a release.

    def set_mouse(self, mask):
        former, self.mouse_mask = self.mouse_mask, mask
        if bool(former) != bool(mask) and not self.ended:
            self._switch_mouse(bool(mask))
            self.flush()
        return former

    def _switch_mouse(self, on):
        self.write(b"\x1b[?1000h\x1b[?1006h" if on else b"\x1b[?1006l\x1b[?1000l")

    def _mouse_report(self):
        """What follows an escape, if it is the mouse's; KEY_MOUSE, or None with nothing taken."""
        taken = bytearray()
        while len(taken) < 20:
            byte = self._wait(0.05)
            if byte is None or byte >= 0x100:
                break
            taken.append(byte)
            if len(taken) <= 2 and not b"[<".startswith(taken):
                break
            if len(taken) > 2 and byte in b"Mm":
                try:
                    button, column, line = map(int, taken[2:-1].split(b";"))
                except ValueError:
                    break
                return self._note_mouse(button, column - 1, line - 1, byte == ord("M"))
        self._bytes.extendleft(reversed(taken))
        return None

    def _note_mouse(self, code, x, y, is_press):
        number = (code & 3) + 1 + (3 if code & 64 else 0)
        base = 5 * (number - 1)
        released, pressed, clicked = (1 << base + offset for offset in range(3))
        shifted = sum(bit for flag, bit in ((4, 1 << 26), (8, 1 << 27), (16, 1 << 25)) if code & flag)
        now = time.monotonic()
        if is_press:
            event = pressed
            self._pressed = number, x, y, now
        else:
            before, self._pressed = self._pressed, None
            is_click = before and before[:3] == (number, x, y) and (now - before[3]) * 1000 <= self.mouse_interval
            event = clicked if is_click and self.mouse_mask & clicked else released
        if number <= 5 and self.mouse_mask & event:
            self.mouse_events.append((0, x, y, 0, event | shifted))
            return keys.NUMBERS["KEY_MOUSE"]
        if is_press and self.mouse_mask & clicked:
            # The click is told of when it is over.
            following = self.read_key(self.mouse_interval / 1000, True, False)
            return following if following is not None else self.read_key(0, True, False)
        return self.read_key(0, True, False)


def encoding_of_locale():
    import locale

    return locale.getencoding() or sys.getdefaultencoding()
