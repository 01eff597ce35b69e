"""The terminal of `_line_editor` where it can do nothing but write characters and go back to the beginning of a line."""

import os
from _pyrepl.unix_console import UnixConsole
from _pyrepl.utils import wlen


class PlainConsole(UnixConsole):
    """Shows the line with the cursor, by writing it over what was there."""

    def __init__(self, input_fd, output_fd, encoding):
        # Keys are taken for what most terminals send; none of the codes is written.
        super().__init__(input_fd, output_fd, term="ansi", encoding=encoding)
        self._smkx = self._rmkx = self._civis = self._cnorm = None

    def _switch_nothing(self):
        """Such a terminal has no bracketed paste."""

    _UnixConsole__enable_bracketed_paste = _UnixConsole__disable_bracketed_paste = _switch_nothing

    def _put(self, text):
        os.write(self.output_fd, text.encode(self.encoding, "replace"))

    def prepare(self):
        super().prepare()
        self._row, self._line, self._column, self._below = 0, "", 0, []

    def refresh(self, screen, c_xy):
        column, row = c_xy
        self.screen = list(screen)
        line = screen[row] if row < len(screen) else ""
        if row != self._row:
            # Lines that were left behind stay as they are.
            self._put("\r\n")
            self._row, self._line, self._column = row, "", 0
        below, self._below = self._below, self.screen[row + 1:]
        if self._below and self._below != below:
            # Ways to complete, for example. The line comes again after them.
            self._put("\r\n" + "\r\n".join(self._below) + "\r\n")
            self._line, self._column = "", 0
        width = wlen(self._line)
        if line.startswith(self._line) and self._column == width:
            self._put(line[len(self._line):])
        elif line != self._line:
            self._put("\r" + line + " " * (width - wlen(line)))
            # The cursor is behind the blanks.
            self._column = -1
        if line != self._line and self._column >= 0:
            self._column = wlen(line)
        self._line = line
        if column != self._column:
            shown = 0
            while shown < len(line) and wlen(line[:shown]) < column:
                shown += 1
            self._put("\r" + line[:shown])
            self._column = column
        self.posxy = c_xy

    def move_cursor(self, x, y):
        self.refresh(self.screen, (x, y))

    def set_cursor_vis(self, visible):
        pass

    def repaint(self):
        self._line, self._column = " " * wlen(self._line), -1

    def clear(self):
        self._put("\r\n")
        self._line, self._column = "", 0

    def beep(self):
        self._put("\a")

    def finish(self):
        self._put("\r\n")
