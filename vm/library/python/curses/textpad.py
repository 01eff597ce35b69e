"""Editing of text in a window, with the keys of Emacs; and boxes around it."""

import curses
import curses.ascii as _ascii


def rectangle(win, uly, ulx, lry, lrx):
    """Draw a box with the given corners."""
    for y in (uly, lry):
        win.hline(y, ulx + 1, curses.ACS_HLINE, lrx - ulx - 1)
    for x in (ulx, lrx):
        win.vline(uly + 1, x, curses.ACS_VLINE, lry - uly - 1)
    win.addch(uly, ulx, curses.ACS_ULCORNER)
    win.addch(uly, lrx, curses.ACS_URCORNER)
    win.addch(lry, lrx, curses.ACS_LRCORNER)
    win.addch(lry, ulx, curses.ACS_LLCORNER)


class Textbox:
    """A window whose text can be edited.

    ^a left edge, ^e end of the line, ^b ^f ^n ^p and the arrow keys move; ^d deletes under the cursor, ^h before it; ^k to the end of the
    line, or the line if it is empty; ^o inserts a line; ^j ends it or, in a single line, the editing; ^l draws anew; ^g ends.
    """

    def __init__(self, win, insert_mode=False):
        self.win = win
        self.insert_mode = insert_mode
        self.stripspaces = 1
        self.lastcmd = None
        self._measure()
        win.keypad(1)

    def _measure(self):
        height, width = self.win.getmaxyx()
        self.maxy, self.maxx = height - 1, width - 1

    def _cell(self, y, x):
        """The text of a cell and its attributes."""
        text = self.win.instr(y, x, 1).decode(self.win.encoding, "replace")
        return text, self.win.inch(y, x) & curses.A_ATTRIBUTES

    def _end_of_line(self, y):
        """The column behind the last character of a line that is not blank; the last column if the line is full."""
        self._measure()
        for x in range(self.maxx, -1, -1):
            if self._cell(y, x)[0] not in (" ", ""):
                return min(x + 1, self.maxx)
        return 0

    def _put(self, y, x, ch, attributes=None):
        """Writes a cell; the last one of all without letting the cursor leave the window."""
        arguments = (ch,) if attributes is None else (ch, attributes)
        if (y, x) == (self.maxy, self.maxx):
            self.win.delch(y, x)
            self.win.insch(y, x, *arguments)
        else:
            self.win.addch(*arguments)

    def _insert_printable_char(self, ch):
        self._measure()
        y, x = self.win.getyx()
        back = None
        while True:
            moved = self._cell(y, x) if self.insert_mode else None
            if isinstance(ch, tuple):
                self._put(y, x, *ch)
            else:
                self._put(y, x, ch)
            if not self.insert_mode or moved[0] in (" ", "") or (y, x) >= (self.maxy, self.maxx):
                break
            # What was there goes to the right, and over the edge into the next line.
            ch = moved
            y, x = self.win.getyx()
            if back is None:
                back = y, x
        if back is not None:
            self.win.move(*back)

    def do_command(self, ch):
        """Obey one key; false if it ends the editing."""
        self._measure()
        y, x = self.win.getyx()
        self.lastcmd = ch
        if action := _ACTIONS.get(ch):
            return action(self, y, x)
        if _ascii.isprint(ch) or 0x80 <= ch < 0x100:
            if (y, x) <= (self.maxy, self.maxx):
                self._insert_printable_char(ch)
        return 1

    def _left_edge(self, y, x):
        self.win.move(y, 0)
        return 1

    def _left(self, y, x):
        if x > 0:
            self.win.move(y, x - 1)
        elif y > 0:
            self.win.move(y - 1, self._end_of_line(y - 1) if self.stripspaces else self.maxx)
        return 1

    def _delete_left(self, y, x):
        self._left(y, x)
        self.win.delch()
        return 1

    def _delete(self, y, x):
        self.win.delch()
        return 1

    def _line_end(self, y, x):
        self.win.move(y, self._end_of_line(y) if self.stripspaces else self.maxx)
        return 1

    def _right(self, y, x):
        if x < self.maxx:
            self.win.move(y, x + 1)
        elif y < self.maxy:
            self.win.move(y + 1, 0)
        return 1

    def _stop(self, y, x):
        return 0

    def _next_line(self, y, x):
        if self.maxy == 0:
            return 0
        if y < self.maxy:
            self.win.move(y + 1, 0)
        return 1

    def _kill(self, y, x):
        if x == 0 and self._end_of_line(y) == 0:
            self.win.deleteln()
        else:
            # Looking for the end moved the cursor.
            self.win.move(y, x)
            self.win.clrtoeol()
        return 1

    def _redraw(self, y, x):
        self.win.refresh()
        return 1

    def _vertical(step):
        def action(self, y, x):
            if 0 <= y + step <= self.maxy:
                self.win.move(y + step, x)
                if x > self._end_of_line(y + step):
                    self.win.move(y + step, self._end_of_line(y + step))
            return 1

        return action

    _down, _up = _vertical(1), _vertical(-1)
    del _vertical

    def _open_line(self, y, x):
        self.win.insertln()
        return 1

    def gather(self):
        """The text of the window."""
        self._measure()
        lines = []
        for y in range(self.maxy + 1):
            self.win.move(y, 0)
            end = self._end_of_line(y)
            if end == 0 and self.stripspaces:
                continue
            last = min(end, self.maxx) if self.stripspaces else self.maxx
            lines.append("".join(self._cell(y, x)[0] or " " for x in range(last + 1)))
        return "".join(line + "\n" for line in lines) if self.maxy > 0 else "".join(lines)

    def edit(self, validate=None):
        """Let the user edit until a key ends it; the text. `validate` may replace each key, or drop it."""
        while True:
            key = self.win.getch()
            if validate:
                key = validate(key)
            if not key:
                continue
            if not self.do_command(key):
                break
            self.win.refresh()
        return self.gather()


_ACTIONS = {
    _ascii.SOH: Textbox._left_edge,
    **dict.fromkeys((_ascii.STX, curses.KEY_LEFT), Textbox._left),
    **dict.fromkeys((_ascii.BS, _ascii.DEL, curses.KEY_BACKSPACE), Textbox._delete_left),
    _ascii.EOT: Textbox._delete,
    _ascii.ENQ: Textbox._line_end,
    **dict.fromkeys((_ascii.ACK, curses.KEY_RIGHT), Textbox._right),
    _ascii.BEL: Textbox._stop,
    _ascii.NL: Textbox._next_line,
    _ascii.VT: Textbox._kill,
    _ascii.FF: Textbox._redraw,
    **dict.fromkeys((_ascii.SO, curses.KEY_DOWN), Textbox._down),
    _ascii.SI: Textbox._open_line,
    **dict.fromkeys((_ascii.DLE, curses.KEY_UP), Textbox._up),
}
