"""The cells of a window, its place, and how it comes to the screen: what `_curses.window` builds on.

A window's rows are lists of cells that its subwindows share: they are changed in place, never replaced by others. `_left` says where in
them the window begins. `_touched` tells which rows the next refresh copies to the screen.
"""

import weakref
from operator import index

from _curses_screen import A_ALTCHARSET, A_CHARTEXT, A_COLOR, BLANK, columns_of


class error(Exception):
    __module__ = "_curses"


class State:
    """What the module knows."""

    screen = None
    terminal = None
    tab_size = 8
    newline_mode = True
    # `_curses.window`, which is made of areas.
    window_class = None


def screen():
    if State.screen is None:
        raise error("must call initscr() first")
    return State.screen


_LONG = 1 << 63


def integer(value):
    """A number that fits in an int of C."""
    number = index(value)
    if not -1 << 31 <= number < 1 << 31:
        raise OverflowError("signed integer is " + ("greater than maximum" if number > 0 else "less than minimum"))
    return number


def attributes_of(value):
    """A number that fits in a long of C, as attributes."""
    number = index(value)
    if not -_LONG <= number < _LONG:
        raise OverflowError("Python int too large to convert to C long")
    return number & 0xffffffff


def plain_character(ch, encoding):
    """As `character`, for what has room for one byte only."""
    if isinstance(ch, int) and not 0 <= ch < 1 << 32 or isinstance(ch, str) and len(ch) == 1 and len(ch.encode(encoding)) > 1:
        raise OverflowError("byte doesn't fit in chtype")
    return character(ch, encoding)


def character(ch, encoding):
    """(text, attributes) of what was given as a character: an int, a byte, a string of one character."""
    if isinstance(ch, int):
        if not -_LONG <= ch < _LONG:
            raise OverflowError("int doesn't fit in long")
        if not 0 <= ch < 1 << 32:
            raise OverflowError("byte doesn't fit in chtype")
        code, attributes = ch & A_CHARTEXT, ch & 0xffffff00
        if attributes & A_ALTCHARSET or code < 0x80:
            return chr(code), attributes
        return bytes([code]).decode(encoding, "ignore") or chr(code), attributes
    if isinstance(ch, bytes):
        if len(ch) != 1:
            raise TypeError(f"expect int or bytes or str of length 1, got a bytes of length {len(ch)}")
        return ch.decode(encoding, "ignore") or chr(ch[0]), 0
    if isinstance(ch, str):
        if not ch or len(ch) > 1 and any(columns_of(c) for c in ch[1:]):
            raise TypeError(f"expect int or bytes or str of length 1, got a str of length {len(ch)}")
        ch.encode(encoding)
        return ch, 0
    raise TypeError(f"expect int or bytes or str of length 1, got {type(ch).__name__}")


def code_of(text, encoding):
    """The number of a character in a cell."""
    data = text[:1].encode(encoding, "replace")
    return data[0] if len(data) == 1 else ord(text[0]) & A_CHARTEXT


def plain_text(text, encoding):
    if isinstance(text, bytes):
        text = text.decode(encoding, "replace")
    elif not isinstance(text, str):
        raise TypeError(f"expect bytes or str, got {type(text).__name__}")
    else:
        text.encode(encoding)
    if "\0" in text:
        raise ValueError("embedded null character")
    return text


def place_and_rest(name, arguments, least, most):
    """`[y, x,]` before `least` to `most` other arguments: (None or (y, x), the others)."""
    if least <= len(arguments) <= most:
        return None, arguments
    if least + 2 <= len(arguments) <= most + 2:
        return (integer(arguments[0]), integer(arguments[1])), arguments[2:]
    raise TypeError(f"_curses.window.{name} requires {least} to {most + 2} arguments")


class Area:
    """Part of the screen, or of another area."""

    __slots__ = (
        "_rows", "_left", "_begin", "_size", "_parent", "_offset", "_touched", "_cursor", "_attributes", "_background", "_is_pad", "_keypad",
        "_delay", "_scrolls", "_region", "_leaves", "_clears", "_syncs", "_immediate", "_patient", "_encoding", "_pad_place", "_children", "__weakref__",
    )

    def _row(self, y):
        """The cells of a row."""
        return self._rows[y][self._left:self._left + self._size[1]]

    def _set_row(self, y, cells, at=0):
        start = self._left + at
        self._rows[y][start:start + len(cells)] = cells
        self._touch(y)

    def _touch(self, y):
        self._touched[y] = True
        if self._syncs:
            self.syncup()

    def _set_cell(self, y, x, cell):
        self._rows[y][self._left + x] = cell
        self._touch(y)

    def _blend(self, text, attributes):
        """The cell of a character that is written now."""
        background, background_attributes = self._background
        # A blank with attributes of its own stays one.
        if text == " " and not attributes:
            text = background
        color = attributes & A_COLOR or self._attributes & A_COLOR or background_attributes & A_COLOR
        return text, (attributes | self._attributes | background_attributes) & ~A_COLOR | color

    def _go_to(self, place, name="wmove"):
        if not self._went_to(place):
            raise error(f"{name}() returned ERR")

    def _went_to(self, place):
        """Moves the cursor, if a place is given; false if that is outside of the window."""
        if place is not None:
            y, x = place
            if not (0 <= y < self._size[0] and 0 <= x < self._size[1]):
                return False
            self._cursor = y, x
        return True

    def _changed(self):
        if self._immediate:
            self.refresh()

    def _next_line(self):
        """Goes to the line below, or moves the text up; false if it can do neither."""
        y, _ = self._cursor
        if y == self._region[1]:
            if not self._scrolls:
                return False
            self._move_lines(self._region[0], self._region[1], 1)
            self._cursor = y, 0
        elif y + 1 < self._size[0]:
            self._cursor = y + 1, 0
        else:
            return False
        return True

    def _write(self, text, attributes):
        """Writes one character at the cursor, which goes on; false if it could not."""
        if not attributes & A_ALTCHARSET and (text < " " or text == "\x7f"):
            return self._write_control(text, attributes)
        width = columns_of(text[0]) if not attributes & A_ALTCHARSET else 1
        y, x = self._cursor
        if width == 0:
            if x > 0:
                before, before_attributes = self._rows[y][self._left + x - 1]
                self._set_cell(y, x - 1, (before + text, before_attributes))
            return True
        columns = self._size[1]
        if width > columns:
            return False
        if x + width > columns:
            self._fill(y, x)
            if not self._next_line():
                return False
            y, x = self._cursor
        cell = self._blend(text, attributes)
        # Half of a character of two columns does not stay.
        if self._rows[y][self._left + x][0] == "" and x > 0:
            self._set_cell(y, x - 1, (" ", self._rows[y][self._left + x - 1][1]))
        self._set_cell(y, x, cell)
        if width == 2 and x + 1 < columns:
            self._set_cell(y, x + 1, ("", cell[1]))
        after = x + width
        if after < columns and self._rows[y][self._left + after][0] == "":
            self._set_cell(y, after, (" ", self._rows[y][self._left + after][1]))
        self._cursor = y, after
        if after >= columns:
            self._cursor = y, columns - 1
            return self._next_line()
        return True

    def _write_control(self, text, attributes):
        y, x = self._cursor
        if text == "\n":
            self.clrtoeol()
            if not self._next_line():
                return False
            return True
        if text == "\r":
            self._cursor = y, 0
        elif text == "\b":
            self._cursor = y, max(x - 1, 0)
        elif text == "\t":
            for _ in range(State.tab_size - x % State.tab_size):
                before = self._cursor
                if not self._write(" ", attributes):
                    return False
                if self._cursor[0] != before[0]:
                    break
        else:
            return self._write("^", attributes) and self._write(chr(ord(text) ^ 0x40), attributes)
        return True

    def _fill(self, y, x):
        """Clears a row from a column on."""
        if x < self._size[1]:
            self._set_row(y, [self._background] * (self._size[1] - x), x)

    def _move_lines(self, top, bottom, count):
        """Moves rows up by `count`, or down; what comes in is blank."""
        rows = [self._row(y) for y in range(top, bottom + 1)]
        blank = [self._background] * self._size[1]
        for y in range(top, bottom + 1):
            source = y + count - top
            self._set_row(y, rows[source] if 0 <= source < len(rows) else list(blank))

    # Place.

    def move(self, new_y, new_x, /):
        """Move the cursor."""
        self._go_to((integer(new_y), integer(new_x)))

    def getyx(self):
        """Where the cursor is."""
        return self._cursor

    def getbegyx(self):
        """Where the window begins on the screen."""
        return self._begin

    def getmaxyx(self):
        """Height and width."""
        return self._size

    def getparyx(self):
        """Where the window begins in its parent; (-1, -1) if it has none."""
        return self._offset if self._parent is not None else (-1, -1)

    def enclose(self, y, x, /):
        """Whether a place of the screen is in the window."""
        y, x = integer(y), integer(x)
        return self._begin[0] <= y < self._begin[0] + self._size[0] and self._begin[1] <= x < self._begin[1] + self._size[1]

    def mvwin(self, new_y, new_x, /):
        """Move the window on the screen."""
        new_y, new_x = integer(new_y), integer(new_x)
        shown = screen()
        if self._is_pad or new_y < 0 or new_x < 0 or new_y + self._size[0] > shown.lines or new_x + self._size[1] > shown.columns:
            raise error("mvwin() returned ERR")
        self._begin = new_y, new_x
        self.touchwin()

    def mvderwin(self, pary, parx, /):
        """Show another part of the parent at the same place of the screen."""
        pary, parx = integer(pary), integer(parx)
        parent = self._parent
        height, width = self._size
        if parent is None or pary < 0 or parx < 0 or pary + height > parent._size[0] or parx + width > parent._size[1]:
            raise error("mvderwin() returned ERR")
        self._offset = pary, parx
        self._share()
        self.touchwin()

    def _share(self):
        """Takes the rows from the parent."""
        y, x = self._offset
        self._rows = self._parent._rows[y:y + self._size[0]]
        self._left = self._parent._left + x
        self._fit_children()

    def _fit_children(self):
        """Lets the windows in this one take its rows anew; none reaches beyond its edges."""
        height, width = self._size
        for reference in self._children:
            if (inner := reference()) is not None:
                y, x = inner._offset = min(inner._offset[0], height - 1), min(inner._offset[1], width - 1)
                inner._set_size(min(inner._size[0], height - y), min(inner._size[1], width - x))
                inner._share()

    def _set_size(self, lines, columns):
        self._size = lines, columns
        self._touched = [True] * lines
        self._region = 0, lines - 1
        self._cursor = min(self._cursor[0], lines - 1), min(self._cursor[1], columns - 1)

    def resize(self, nlines, ncols, /):
        """Change height and width."""
        nlines, ncols = integer(nlines), integer(ncols)
        if nlines <= 0 or ncols <= 0:
            raise error("wresize() returned ERR")
        if self._parent is not None:
            y, x = self._offset
            if y + nlines > self._parent._size[0] or x + ncols > self._parent._size[1]:
                raise error("wresize() returned ERR")
            self._set_size(nlines, ncols)
            self._share()
        else:
            width = self._size[1]
            for row in self._rows:
                row[:] = row[:ncols] + [self._background] * (ncols - width)
            new = range(len(self._rows), nlines)
            self._rows = self._rows[:nlines] + [[self._background] * ncols for _ in new]
            self._set_size(nlines, ncols)
            self._fit_children()

    def subwin(self, *args):
        """subwin([nlines=0, ncols=0,] begin_y, begin_x)"""
        return self._subwindow("subwin", args, (0, 0) if self._is_pad else self._begin)

    def derwin(self, *args):
        """derwin([nlines=0, ncols=0,] begin_y, begin_x)"""
        return self._subwindow("derwin", args, (0, 0))

    def subpad(self, *args):
        """subpad([nlines=0, ncols=0,] begin_y, begin_x)"""
        return self.subwin(*args)

    def _subwindow(self, name, args, origin):
        if len(args) not in (2, 4):
            raise TypeError(f"_curses.window.{name} requires 2 to 4 arguments")
        args = [integer(number) for number in args]
        lines, columns = args[:2] if len(args) == 4 else (0, 0)
        y, x = args[-2] - origin[0], args[-1] - origin[1]
        lines, columns = lines or self._size[0] - y, columns or self._size[1] - x
        if y < 0 or x < 0 or lines <= 0 or columns <= 0 or y + lines > self._size[0] or x + columns > self._size[1]:
            raise error("curses function returned NULL")
        made = make(lines, columns, self._begin[0] + y, self._begin[1] + x, self._encoding, is_pad=self._is_pad, rows=[])
        made._parent, made._offset = self, (y, x)
        made._attributes, made._background = self._attributes, self._background
        made._share()
        self._children = [reference for reference in self._children if reference() is not None] + [weakref.ref(made)]
        return made

    # Refreshing.

    def touchwin(self):
        """Let the next refresh draw everything."""
        self._touched = [True] * self._size[0]

    def untouchwin(self):
        """Let the next refresh draw nothing."""
        self._touched = [False] * self._size[0]

    def touchline(self, *args):
        """touchline(start, count, [changed=True])"""
        if not 2 <= len(args) <= 3:
            raise TypeError("_curses.window.touchline requires 2 to 3 arguments")
        start, count, *changed = args
        start, count = integer(start), integer(count)
        if not 0 <= start < self._size[0] or count < 0:
            raise error("touchline() returned ERR")
        end = min(start + count, self._size[0])
        self._touched[start:end] = [bool(changed[0]) if changed else True] * (end - start)

    def is_linetouched(self, line, /):
        """Whether the next refresh draws a line."""
        if not 0 <= integer(line) < self._size[0]:
            raise TypeError("is_linetouched: line number outside of boundaries")
        return self._touched[line]

    def is_wintouched(self):
        """Whether the next refresh draws anything."""
        return any(self._touched)

    def syncup(self):
        """Touch in the windows above what is touched in this one."""
        lower = self
        while (upper := lower._parent) is not None:
            for y, touched in enumerate(lower._touched):
                if touched and lower._offset[0] + y < upper._size[0]:
                    upper._touched[lower._offset[0] + y] = True
            lower = upper

    def syncdown(self):
        """Touch in this window what is touched in the windows above."""
        upper = self._parent
        if upper is not None:
            upper.syncdown()
            for y in range(self._size[0]):
                if upper._touched[self._offset[0] + y]:
                    self._touched[y] = True

    def cursyncup(self):
        """Move the cursors of the windows above to this one's place."""
        lower = self
        while (upper := lower._parent) is not None:
            upper._cursor = lower._cursor[0] + lower._offset[0], lower._cursor[1] + lower._offset[1]
            lower = upper

    def redrawwin(self):
        """Draw the window anew, whatever the screen shows."""
        self.redrawln(0, self._size[0])

    def redrawln(self, beg, num, /):
        """Draw some lines anew, whatever the screen shows."""
        shown, beg, num = screen(), integer(beg), integer(num)
        for y in range(max(beg, 0), min(beg + num, self._size[0])):
            self._touched[y] = True
            if 0 <= self._begin[0] + y < shown.lines:
                shown.shown[self._begin[0] + y] = None

    def noutrefresh(self, *args):
        """noutrefresh([pminrow, pmincol, sminrow, smincol, smaxrow, smaxcol])"""
        with screen().lock:
            self._copy_to_screen("noutrefresh", args)

    def refresh(self, *args):
        """refresh([pminrow, pmincol, sminrow, smincol, smaxrow, smaxcol])"""
        with screen().lock:
            self._copy_to_screen("refresh", args)
            screen().update()

    def _copy_to_screen(self, name, args):
        shown = screen()
        height, width = self._size
        if len(args) not in (0, 6):
            raise TypeError(f"_curses.window.{name} requires 0 to 6 arguments")
        if self._is_pad:
            if not args:
                raise error(f"{name}(){' called' if name == 'noutrefresh' else ''} for a pad requires 6 arguments")
            args = tuple(integer(number) for number in args)
            top, left, screen_top, screen_left, screen_bottom, screen_right = args
            top, left = max(top, 0), max(left, 0)
            screen_top, screen_left = max(screen_top, 0), max(screen_left, 0)
            height = min(screen_bottom - screen_top + 1, height - top)
            width = min(screen_right - screen_left + 1, width - left)
            if height <= 0 or width <= 0 or screen_bottom >= shown.lines or screen_right >= shown.columns:
                raise error(f"p{name}() returned ERR")
            # Another part of the pad may be shown than before.
            self._touched[top:top + height] = [True] * height
            self._pad_place = args
        elif args:
            raise TypeError(f"{name}() takes no arguments ({len(args)} given)")
        else:
            top, left = 0, 0
            screen_top, screen_left = self._begin
            height, width = min(height, shown.lines - screen_top), min(width, shown.columns - screen_left)
            if width <= 0:
                height = 0
        if self._clears:
            self._clears = False
            shown.clear_first = True
        for y in range(top, top + height):
            if self._touched[y]:
                start = self._left + left
                shown.wanted[screen_top + y - top][screen_left:screen_left + width] = self._rows[y][start:start + width]
                self._touched[y] = False
        if not self._leaves:
            y, x = self._cursor[0] - top, self._cursor[1] - left
            if 0 <= y < height and 0 <= x < width:
                shown.cursor = screen_top + y, screen_left + x
        shown.leave_cursor = self._leaves

    def _refresh_before_input(self):
        if not self._is_pad and (self.is_wintouched() or self._clears or screen().ended):
            self.refresh()
        elif not self._is_pad and not self._leaves:
            shown = screen()
            place = self._begin[0] + self._cursor[0], self._begin[1] + self._cursor[1]
            if place != shown.cursor:
                shown.cursor = place
                shown.update()

    def overlay(self, *args):
        """overlay(destwin, [sminrow, smincol, dminrow, dmincol, dmaxrow, dmaxcol])"""
        self._copy_to("overlay", args, _laid_over)

    def overwrite(self, *args):
        """overwrite(destwin, [sminrow, smincol, dminrow, dmincol, dmaxrow, dmaxcol])"""
        self._copy_to("overwrite", args, lambda new, old, background: new)

    def _copy_to(self, name, args, combine):
        if len(args) not in (1, 7):
            raise TypeError(f"_curses.window.{name} requires 1 to 7 arguments")
        target, *place = args
        if not isinstance(target, Area):
            raise TypeError(f"{name}() argument 1 must be _curses.window, not {type(target).__name__}")
        if place:
            name = "copywin"
            place = [integer(number) for number in place]
            top, left, target_top, target_left, bottom, right = place
            height, width = bottom - target_top + 1, right - target_left + 1
        else:
            # Where they cover the same part of the screen.
            first = [max(mine, other) for mine, other in zip(self._begin, target._begin)]
            ends = [
                min(mine + size, other + other_size)
                for mine, size, other, other_size in zip(self._begin, self._size, target._begin, target._size)
            ]
            height, width = ends[0] - first[0], ends[1] - first[1]
            top, left = first[0] - self._begin[0], first[1] - self._begin[1]
            target_top, target_left = first[0] - target._begin[0], first[1] - target._begin[1]
        inside = min(top, left, target_top, target_left) >= 0 and height > 0 and width > 0
        if place:
            # The last line and column of the source are not looked at so closely.
            inside = inside and bottom < target._size[0] and right < target._size[1]
            inside = inside and top + height - 1 <= self._size[0] and left + width - 1 <= self._size[1]
        height = min(height, self._size[0] - top, target._size[0] - target_top)
        width = min(width, self._size[1] - left, target._size[1] - target_left)
        if not inside or height <= 0 or width <= 0:
            raise error(f"{name}() returned ERR")
        sources = [self._row(top + y)[left:left + width] for y in range(height)]
        for y, source in enumerate(sources):
            below = target._row(target_top + y)[target_left:target_left + width]
            cells = [combine(new, old, target._background[1]) for new, old in zip(source, below)]
            target._set_row(target_top + y, cells, target_left)


def _laid_over(new, old, background):
    """The cell of which blanks let the old one through; it takes the attributes of the background there."""
    if new[0] == " " or new == old:
        return old
    return new[0], new[1] & ~(A_COLOR if background & A_COLOR else 0) | background


def make(lines, columns, y, x, encoding, *, is_pad=False, rows=None):
    """A new window."""
    made = object.__new__(State.window_class)
    made._rows = [[BLANK] * columns for _ in range(lines)] if rows is None else rows
    made._left = 0
    made._begin, made._size = (y, x), (lines, columns)
    made._parent, made._offset = None, (-1, -1)
    made._touched = [True] * lines
    made._cursor = 0, 0
    made._attributes, made._background = 0, BLANK
    made._is_pad, made._pad_place = is_pad, None
    made._keypad, made._delay, made._patient = False, None, False
    made._scrolls, made._region = False, (0, lines - 1)
    made._leaves = made._clears = made._syncs = made._immediate = False
    made._encoding = encoding
    made._children = []
    return made


def restore(file, encoding):
    """The window that putwin() has written."""
    import marshal

    data = file.read()
    if not isinstance(data, bytes):
        raise TypeError(f"f.read() returned {type(data).__name__} instead of bytes")
    try:
        begin, size, cursor, attributes, background, rows = marshal.loads(data)
        if [len(row) for row in rows] != [size[1]] * size[0] or not rows or not rows[0]:
            raise ValueError("not of that size")
        made = make(*size, *begin, encoding, rows=rows)
    except (ValueError, TypeError, EOFError):
        raise error("curses function returned NULL") from None
    made._cursor, made._attributes, made._background = cursor, attributes, background
    return made
