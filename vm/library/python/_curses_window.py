"""`_curses.window`: writing into an area, reading from it, its attributes and options."""

from _curses_cells import (
    A_ALTCHARSET, Area, State, attributes_of, character, code_of, error, integer, place_and_rest, plain_character, plain_text, screen,
)
from _curses_screen import A_CHARTEXT, A_COLOR, columns_of
import _curses_keys as keys


class window(Area):
    __module__ = "_curses"
    __slots__ = ()

    def __new__(cls, /, *args, **kwargs):
        raise TypeError("cannot create '_curses.window' instances")

    # Writing.

    def addch(self, *args):
        """addch([y, x,] ch, [attr=_curses.A_NORMAL])"""
        place, (ch, *attr) = place_and_rest("addch", args, 1, 2)
        text, attributes = character(ch, self._encoding)
        attributes |= attributes_of(attr[0]) if attr else 0
        name = "add_wch" if isinstance(ch, str) else "addch"
        self._go_to(place, name)
        done = self._write(text, attributes)
        self._changed()
        if not done:
            raise error(f"{name}() returned ERR")

    def echochar(self, ch, attr=0, /):
        """Add a character and refresh."""
        text, attributes = plain_character(ch, self._encoding)
        if not self._write(text, attributes | attributes_of(attr)):
            raise error("echochar() returned ERR")
        if not self._is_pad:
            self.refresh()
        elif self._pad_place is not None:
            self.refresh(*self._pad_place)

    def addstr(self, *args):
        """addstr([y, x,] str, [attr])"""
        place, (text, *attr) = place_and_rest("addstr", args, 1, 2)
        self._add("addwstr" if isinstance(text, str) else "addstr", place, text, None, attr)

    def addnstr(self, *args):
        """addnstr([y, x,] str, n, [attr])"""
        place, (text, count, *attr) = place_and_rest("addnstr", args, 2, 3)
        self._add("addnwstr" if isinstance(text, str) else "addnstr", place, text, integer(count), attr)

    def _add(self, name, *rest):
        def write(text):
            for c in text:
                if not self._write(c, 0):
                    raise error(f"{name}() returned ERR")

        self._put(write, name, *rest)
        self._changed()

    def _put(self, put, name, place, text, count, attr):
        """Calls `put` with the text, `count` characters at most, when the cursor is at `place` and the attributes are those that are given."""
        text = plain_text(text, self._encoding)
        if count is not None and count >= 0:
            text = text[:count]
        attr = [attributes_of(value) for value in attr]
        self._go_to(place, name)
        former = self._attributes
        if attr:
            self._attributes = attr[0]
        try:
            put(text)
        finally:
            self._attributes = former

    def insch(self, *args):
        """insch([y, x,] ch, [attr=_curses.A_NORMAL])"""
        place, (ch, *attr) = place_and_rest("insch", args, 1, 2)
        text, attributes = plain_character(ch, self._encoding)
        attributes |= attributes_of(attr[0]) if attr else 0
        self._go_to(place, "insch")
        self._insert(text, attributes)

    def insstr(self, *args):
        """insstr([y, x,] str, [attr])"""
        place, (text, *attr) = place_and_rest("insstr", args, 1, 2)
        self._insert_text("inswstr" if isinstance(text, str) else "insstr", place, text, None, attr)

    def insnstr(self, *args):
        """insnstr([y, x,] str, n, [attr])"""
        place, (text, count, *attr) = place_and_rest("insnstr", args, 2, 3)
        self._insert_text("insn_wstr" if isinstance(text, str) else "insnstr", place, text, integer(count), attr)

    def _insert_text(self, name, *rest):
        self._put(lambda text: self._insert(text, 0), name, *rest)

    def _insert(self, text, attributes):
        """Inserts characters at the cursor, which stays. What moves the cursor elsewhere is written as usual."""
        place = self._cursor
        cells = []
        for c in text:
            if attributes & A_ALTCHARSET or " " <= c != "\x7f":
                width = columns_of(c)
                if width == 0 and cells:
                    cells[-1] = cells[-1][0] + c, cells[-1][1]
                else:
                    cell = self._blend(c, attributes)
                    cells += [cell] if width < 2 else [cell, ("", cell[1])]
            elif c in "\n\r\b":
                self._insert_cells(cells)
                cells = []
                self._write(c, attributes)
            elif c == "\t":
                column = self._cursor[1] + len(cells)
                cells += [self._blend(" ", attributes)] * (State.tab_size - column % State.tab_size)
            else:
                cells += [self._blend(shown, attributes) for shown in ("^", chr(ord(c) ^ 0x40))]
        self._insert_cells(cells)
        self._cursor = place
        self._changed()

    def _insert_cells(self, cells):
        y, x = self._cursor
        row = self._row(y)
        self._set_row(y, (row[:x] + cells + row[x:])[:self._size[1]])
        self._cursor = y, min(x + len(cells), self._size[1] - 1)

    def delch(self, *args):
        """delch([y, x])"""
        place, _ = place_and_rest("delch", args, 0, 0)
        self._go_to(place, "mvwdelch")
        y, x = self._cursor
        row = self._row(y)
        self._set_row(y, row[:x] + row[x + 1:] + [self._background])

    def deleteln(self):
        """Delete the line of the cursor; the lines below move up."""
        self.insdelln(-1)

    def insertln(self):
        """Insert a blank line at the cursor; the lines below move down."""
        self.insdelln(1)

    def insdelln(self, nlines, /):
        """Insert lines above the cursor's, or delete as many as a negative number says."""
        self._move_lines(self._cursor[0], self._size[0] - 1, -integer(nlines))

    def scroll(self, lines=1, /):
        """Move the text up, or down."""
        lines = integer(lines)
        if not self._scrolls:
            raise error("scroll() returned ERR")
        self._move_lines(*self._region, lines)

    def erase(self):
        """Clear the window."""
        for y in range(self._size[0]):
            self._fill(y, 0)
        self._cursor = 0, 0

    def clear(self):
        """Clear the window, and the whole screen at the next refresh."""
        self.erase()
        self._clears = True

    def clrtoeol(self):
        """Clear to the end of the line."""
        y, x = self._cursor
        self._fill(y, x)

    def clrtobot(self):
        """Clear from the cursor to the end of the window."""
        self.clrtoeol()
        for y in range(self._cursor[0] + 1, self._size[0]):
            self._fill(y, 0)

    # Lines.

    def _line_character(self, given, default, attributes=0):
        if given is None or given == 0:
            given = default
        text, own = plain_character(given, self._encoding)
        return self._blend(text, own | attributes)

    def hline(self, *args):
        """hline([y, x,] ch, n, [attr=_curses.A_NORMAL])"""
        place, (ch, count, *attr) = place_and_rest("hline", args, 2, 3)
        cell = self._line_character(ch, ord("q") | A_ALTCHARSET, attributes_of(attr[0]) if attr else 0)
        count = integer(count)
        self._go_to(place)
        y, x = self._cursor
        self._set_row(y, [cell] * max(min(count, self._size[1] - x), 0), x)

    def vline(self, *args):
        """vline([y, x,] ch, n, [attr=_curses.A_NORMAL])"""
        place, (ch, count, *attr) = place_and_rest("vline", args, 2, 3)
        cell = self._line_character(ch, ord("x") | A_ALTCHARSET, attributes_of(attr[0]) if attr else 0)
        count = integer(count)
        self._go_to(place)
        y, x = self._cursor
        for line in range(y, min(y + count, self._size[0])):
            self._set_cell(line, x, cell)

    def border(self, *args):
        """border([ls, rs, ts, bs, tl, tr, bl, br])"""
        if len(args) > 8:
            raise TypeError(f"border expected at most 8 arguments, got {len(args)}")
        given = list(args) + [0] * (8 - len(args))
        cells = [self._line_character(ch, ord(letter) | A_ALTCHARSET) for ch, letter in zip(given, "xxqqlkmj")]
        left, right, top, bottom, top_left, top_right, bottom_left, bottom_right = cells
        height, width = self._size
        # In windows of one line or column the later ones stay.
        self._set_row(0, [top] * width)
        self._set_row(height - 1, [bottom] * width)
        for y in range(height):
            self._set_cell(y, 0, left)
            self._set_cell(y, width - 1, right)
        for y, first, last in ((0, top_left, top_right), (height - 1, bottom_left, bottom_right)):
            self._set_cell(y, 0, first)
            self._set_cell(y, width - 1, last)
        self._changed()

    def box(self, *args):
        """box([verch=0, horch=0])"""
        if len(args) not in (0, 2):
            raise TypeError("_curses.window.box requires 0 to 2 arguments")
        vertical, horizontal = args or (0, 0)
        self.border(vertical, vertical, horizontal, horizontal)

    # Attributes.

    def attron(self, attr, /):
        """Add attributes to those of what is written from now on."""
        attr = attributes_of(attr)
        if attr & A_COLOR:
            self._attributes &= ~A_COLOR
        self._attributes |= attr

    def attroff(self, attr, /):
        """Take attributes away."""
        self._attributes &= ~attributes_of(attr)

    def attrset(self, attr, /):
        """Set the attributes of what is written from now on."""
        self._attributes = attributes_of(attr)

    def standout(self):
        """Begin to write so that it stands out."""
        self.attron(1 << 16)

    def standend(self):
        """Write without attributes."""
        self._attributes = 0

    def chgat(self, *args):
        """chgat([y, x,] [n=-1,] attr)"""
        if not 1 <= len(args) <= 4:
            raise TypeError("_curses.window.chgat requires 1 to 4 arguments")
        *place_and_count, attr = args
        place_and_count, attr = [integer(number) for number in place_and_count], attributes_of(attr)
        count = place_and_count.pop() if len(place_and_count) in (1, 3) else -1
        if place_and_count:
            self._go_to(tuple(place_and_count), "chgat")
        y, x = self._cursor
        row = self._row(y)
        end = self._size[1] if count < 0 else min(x + count, self._size[1])
        self._set_row(y, [(text, attr & ~A_CHARTEXT) for text, _ in row[x:end]], x)
        if place_and_count:
            self._cursor = y, x

    def bkgdset(self, ch, attr=0, /):
        """Set the background of what is written from now on."""
        text, attributes = plain_character(ch, self._encoding)
        attributes |= attributes_of(attr)
        # The background's attributes are among those of what is written.
        former = self._background[1]
        self.attroff(former | (A_COLOR if former & A_COLOR else 0))
        self.attron(attributes)
        self._background = (" " if text == "\0" else text), attributes

    def bkgd(self, ch, attr=0, /):
        """Set the background of the window."""
        before, own = self._background, self._attributes
        self.bkgdset(ch, attr)
        text, attributes = self._background
        if self._background == before:
            self._attributes = own
            return
        color = attributes & A_COLOR or self._attributes & A_COLOR
        self._attributes = attributes & ~A_COLOR | color

        def changed(cell):
            if cell == before:
                return text, attributes
            kept = cell[1] & ~(before[1] & ~A_COLOR)
            color = kept & A_COLOR
            if color in (0, before[1] & A_COLOR):
                color = attributes & A_COLOR
            return cell[0], (kept | attributes) & ~A_COLOR | color

        for y in range(self._size[0]):
            self._set_row(y, [changed(cell) for cell in self._row(y)])

    def getbkgd(self):
        """The background: a character and attributes."""
        text, attributes = self._background
        return code_of(text, self._encoding) | attributes

    # Reading.

    def inch(self, *args):
        """inch([y, x])"""
        place, _ = place_and_rest("inch", args, 0, 0)
        if not self._went_to(place):
            return 0xffffffff
        y, x = self._cursor
        text, attributes = self._rows[y][self._left + x]
        return code_of(text or " ", self._encoding) | attributes

    def instr(self, *args):
        """instr([y, x,] n=2047)"""
        place, count = place_and_rest("instr", args, 0, 1)
        count = integer(count[0]) if count else 2047
        if count < 0:
            raise ValueError("Cannot convert negative int")
        if not self._went_to(place):
            return b""
        y, x = self._cursor
        return "".join(text for text, _ in self._row(y)[x:x + count]).encode(self._encoding, "replace")

    # Input.

    def _key(self, as_character=False):
        """The next key: a number, or None in time; a string for characters if they are asked for."""
        from _curses_input import read

        return read(self, as_character)

    def getch(self, *args):
        """getch([y, x])"""
        place, _ = place_and_rest("getch", args, 0, 0)
        key = self._key() if self._went_to(place) else None
        return -1 if key is None else key

    def getkey(self, *args):
        """getkey([y, x])"""
        place, _ = place_and_rest("getkey", args, 0, 0)
        key = self._key() if self._went_to(place) else None
        if key is None:
            raise error("no input")
        return chr(key) if key < 0x100 else keys.NAMES.get(key, "UNKNOWN KEY")

    def get_wch(self, *args):
        """get_wch([y, x])"""
        place, _ = place_and_rest("get_wch", args, 0, 0)
        key = self._key(as_character=True) if self._went_to(place) else None
        if key is None:
            raise error("no input")
        return key

    def getstr(self, *args):
        """getstr([[y, x,] n=2047])"""
        from _curses_input import read_line

        if len(args) > 3:
            raise TypeError("_curses.window.instr requires 0 to 3 arguments")
        place, count = place_and_rest("getstr", args, 0, 1)
        count = integer(count[0]) if count else 2047
        if count < 0:
            raise ValueError("Cannot convert negative int")
        self._go_to(place)
        return read_line(self, count)

    # Options.

    def keypad(self, flag, /):
        """Whether function keys are understood."""
        self._keypad = bool(flag)
        if not screen().ended:
            screen().set_keypad(self._keypad)

    def nodelay(self, flag, /):
        """Whether getch() does not wait."""
        self._delay = 0 if flag else None

    def timeout(self, delay, /):
        """How many milliseconds getch() waits; a negative number: until there is a key."""
        delay = integer(delay)
        self._delay = None if delay < 0 else delay / 1000

    def notimeout(self, flag, /):
        """Whether the rest of a key's sequence is waited for without end."""
        self._patient = bool(flag)

    def scrollok(self, flag, /):
        """Whether the text moves up when the cursor leaves the last line."""
        self._scrolls = bool(flag)

    def setscrreg(self, top, bottom, /):
        """Which lines move."""
        top, bottom = integer(top), integer(bottom)
        if not 0 <= top < bottom < self._size[0]:
            raise error("wsetscrreg() returned ERR")
        self._region = top, bottom

    def leaveok(self, flag, /):
        """Whether a refresh may leave the cursor where it is."""
        self._leaves = bool(flag)

    def clearok(self, flag, /):
        """Whether the next refresh clears the screen."""
        self._clears = bool(flag)

    def syncok(self, flag, /):
        """Whether changes are told to the windows above at once."""
        self._syncs = bool(flag)

    def immedok(self, flag, /):
        """Whether each change is shown at once."""
        self._immediate = bool(flag)

    def idcok(self, flag, /):
        """Allow the terminal's way to insert characters, which is never needed here."""

    def idlok(self, yes, /):
        """Allow the terminal's way to insert lines, which is never needed here."""

    @property
    def encoding(self):
        """The encoding of characters."""
        return self._encoding

    @encoding.setter
    def encoding(self, value):
        if not isinstance(value, str):
            raise TypeError("setting encoding to a non-string")
        self._encoding = value

    @encoding.deleter
    def encoding(self):
        raise TypeError("encoding may not be deleted")

    def putwin(self, file, /):
        """Write the window to a file, for getwin()."""
        import marshal

        file.write(marshal.dumps((
            self._begin, self._size, self._cursor, self._attributes, self._background, [self._row(y) for y in range(self._size[0])],
        )))


State.window_class = window
