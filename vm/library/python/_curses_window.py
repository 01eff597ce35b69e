"""`_curses.window`: writing into an area, reading from it, its attributes and options."""

from _curses_cells import A_ALTCHARSET, Area, State, character, code_of, error, place_and_rest, plain_text, screen
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
        self._go_to(place)
        done = self._write(text, attributes | (attr[0] if attr else 0))
        self._changed()
        if not done:
            raise error("addch() returned ERR")

    def echochar(self, ch, attr=0, /):
        """Add a character and refresh."""
        self.addch(ch, attr)
        self.refresh()

    def addstr(self, *args):
        """addstr([y, x,] str, [attr])"""
        place, (text, *attr) = place_and_rest("addstr", args, 1, 2)
        self._add("addstr", place, text, None, attr)

    def addnstr(self, *args):
        """addnstr([y, x,] str, n, [attr])"""
        place, (text, count, *attr) = place_and_rest("addnstr", args, 2, 3)
        self._add("addnstr", place, text, count, attr)

    def _add(self, name, place, text, count, attr):
        text = plain_text(text, self._encoding)
        if count is not None and count >= 0:
            text = text[:count]
        self._go_to(place)
        former = self._attributes
        if attr:
            self._attributes = attr[0]
        try:
            for c in text:
                if not self._write(c, 0):
                    raise error(f"{name}() returned ERR")
        finally:
            self._attributes = former
        self._changed()

    def insch(self, *args):
        """insch([y, x,] ch, [attr=_curses.A_NORMAL])"""
        place, (ch, *attr) = place_and_rest("insch", args, 1, 2)
        text, attributes = character(ch, self._encoding)
        self._go_to(place)
        self._insert([self._blend(text, attributes | (attr[0] if attr else 0))])

    def insstr(self, *args):
        """insstr([y, x,] str, [attr])"""
        place, (text, *attr) = place_and_rest("insstr", args, 1, 2)
        self._insert_text(place, text, None, attr)

    def insnstr(self, *args):
        """insnstr([y, x,] str, n, [attr])"""
        place, (text, count, *attr) = place_and_rest("insnstr", args, 2, 3)
        self._insert_text(place, text, count, attr)

    def _insert_text(self, place, text, count, attr):
        text = plain_text(text, self._encoding)
        if count is not None and count > 0:
            text = text[:count]
        self._go_to(place)
        former = self._attributes
        if attr:
            self._attributes = attr[0]
        cells = []
        for c in text:
            cell = self._blend(c, 0)
            cells.append(cell)
            if columns_of(c) == 2:
                cells.append(("", cell[1]))
        self._attributes = former
        self._insert(cells)

    def _insert(self, cells):
        y, x = self._cursor
        row = self._row(y)
        self._set_row(y, (row[:x] + cells + row[x:])[:self._size[1]])
        self._changed()

    def delch(self, *args):
        """delch([y, x])"""
        place, _ = place_and_rest("delch", args, 0, 0)
        self._go_to(place)
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
        y = self._cursor[0]
        bottom = self._region[1] if y <= self._region[1] else self._size[0] - 1
        self._move_lines(y, bottom, -nlines)

    def scroll(self, lines=1, /):
        """Move the text up, or down."""
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
        text, own = character(given, self._encoding)
        return self._blend(text, own | attributes)

    def hline(self, *args):
        """hline([y, x,] ch, n, [attr=_curses.A_NORMAL])"""
        place, (ch, count, *attr) = place_and_rest("hline", args, 2, 3)
        cell = self._line_character(ch, ord("q") | A_ALTCHARSET, attr[0] if attr else 0)
        self._go_to(place)
        y, x = self._cursor
        self._set_row(y, [cell] * max(min(count, self._size[1] - x), 0), x)

    def vline(self, *args):
        """vline([y, x,] ch, n, [attr=_curses.A_NORMAL])"""
        place, (ch, count, *attr) = place_and_rest("vline", args, 2, 3)
        cell = self._line_character(ch, ord("x") | A_ALTCHARSET, attr[0] if attr else 0)
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
        for y in range(height):
            self._set_cell(y, 0, left)
            self._set_cell(y, width - 1, right)
        for y, first, middle, last in ((0, top_left, top, top_right), (height - 1, bottom_left, bottom, bottom_right)):
            self._set_row(y, ([first] + [middle] * (width - 2) + [last])[:width] if width > 1 else [first])
        self._changed()

    def box(self, *args):
        """box([verch=0, horch=0])"""
        if len(args) not in (0, 2):
            raise TypeError("box requires 0 to 2 arguments")
        vertical, horizontal = args or (0, 0)
        self.border(vertical, vertical, horizontal, horizontal)

    # Attributes.

    def attron(self, attr, /):
        """Add attributes to those of what is written from now on."""
        if attr & A_COLOR:
            self._attributes &= ~A_COLOR
        self._attributes |= attr

    def attroff(self, attr, /):
        """Take attributes away."""
        self._attributes &= ~attr

    def attrset(self, attr, /):
        """Set the attributes of what is written from now on."""
        self._attributes = attr

    def standout(self):
        """Begin to write so that it stands out."""
        self.attron(1 << 16)

    def standend(self):
        """Write without attributes."""
        self._attributes = 0

    def chgat(self, *args):
        """chgat([y, x,] [n=-1,] attr)"""
        if not 1 <= len(args) <= 4:
            raise TypeError("chgat requires 1 to 4 arguments")
        *place_and_count, attr = args
        count = place_and_count.pop() if len(place_and_count) in (1, 3) else -1
        if place_and_count:
            self._go_to(tuple(place_and_count))
        y, x = self._cursor
        row = self._row(y)
        end = self._size[1] if count < 0 else min(x + count, self._size[1])
        self._set_row(y, [(text, attr & ~A_CHARTEXT) for text, _ in row[x:end]], x)
        if place_and_count:
            self._cursor = y, x

    def bkgdset(self, ch, attr=0, /):
        """Set the background of what is written from now on."""
        text, attributes = character(ch, self._encoding)
        self._background = (" " if text == "\0" else text), attributes | attr

    def bkgd(self, ch, attr=0, /):
        """Set the background of the window."""
        before, before_attributes = self._background
        self.bkgdset(ch, attr)
        text, attributes = self._background

        def changed(cell):
            kept = cell[1] & ~before_attributes
            color = kept & A_COLOR or attributes & A_COLOR
            return (text if cell[0] == before else cell[0]), (kept | attributes) & ~A_COLOR | color

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
        self._go_to(place)
        y, x = self._cursor
        text, attributes = self._rows[y][self._left + x]
        return code_of(text or " ", self._encoding) | attributes

    def instr(self, *args):
        """instr([y, x,] n=2047)"""
        place, count = place_and_rest("instr", args, 0, 1)
        count = count[0] if count else 2047
        if count < 0:
            raise ValueError("'n' must be nonnegative")
        self._go_to(place)
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
        self._go_to(place)
        key = self._key()
        return -1 if key is None else key

    def getkey(self, *args):
        """getkey([y, x])"""
        place, _ = place_and_rest("getkey", args, 0, 0)
        self._go_to(place)
        key = self._key()
        if key is None:
            raise error("no input")
        return chr(key) if key < 0x100 else keys.NAMES.get(key, "UNKNOWN KEY")

    def get_wch(self, *args):
        """get_wch([y, x])"""
        place, _ = place_and_rest("get_wch", args, 0, 0)
        self._go_to(place)
        key = self._key(as_character=True)
        if key is None:
            raise error("no input")
        return key

    def getstr(self, *args):
        """getstr([[y, x,] n=2047])"""
        from _curses_input import read_line

        if len(args) > 3:
            raise TypeError("getstr requires 0 to 3 arguments")
        place, count = place_and_rest("getstr", args, 0, 1)
        count = count[0] if count else 2047
        if count < 0:
            raise ValueError("'n' must be nonnegative")
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
        self._delay = None if delay < 0 else delay / 1000

    def notimeout(self, flag, /):
        """Whether the rest of a key's sequence is waited for without end."""
        self._patient = bool(flag)

    def scrollok(self, flag, /):
        """Whether the text moves up when the cursor leaves the last line."""
        self._scrolls = bool(flag)

    def setscrreg(self, top, bottom, /):
        """Which lines move."""
        if not 0 <= top <= bottom < self._size[0]:
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
