"""Windows with a depth: panels."""

from _curses_panel import *
