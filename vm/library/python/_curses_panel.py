"""Panels: windows with a depth. `curses.panel` shows this module.

The stack holds the panels that are not hidden, weakly: a panel that nobody else holds leaves it.
"""

import weakref as _weakref

import _curses

__version__ = version = "2.1"


class error(Exception):
    pass


# From the bottom to the top.
_stack = []


def _living():
    """The panels of the stack."""
    panels = [panel for reference in _stack if (panel := reference()) is not None]
    _stack[:] = [panel._reference for panel in panels]
    return panels


class panel:
    """A window with a place in the stack."""

    __module__ = "_curses_panel"
    __slots__ = "_window", "_reference", "_pointer", "__weakref__"

    def __new__(cls, /, *args, **kwargs):
        raise TypeError("cannot create '_curses_panel.panel' instances")

    def _index(self):
        try:
            return _stack.index(self._reference)
        except ValueError:
            return None

    def _remove(self):
        if (index := self._index()) is not None:
            del _stack[index]
            self._touch_others()

    def _touch_others(self):
        """What this panel covered is drawn again."""
        for other in _living():
            other._window.touchwin()
        _curses._show_background()

    def above(self):
        """The panel above this one, or None."""
        if self._index() is None:
            return None
        panels = _living()
        index = panels.index(self)
        return panels[index + 1] if index + 1 < len(panels) else None

    def below(self):
        """The panel below this one, or None."""
        if self._index() is None:
            return None
        panels = _living()
        index = panels.index(self)
        return panels[index - 1] if index else None

    def top(self):
        """Put the panel on top of all."""
        self._remove()
        _stack.append(self._reference)
        self._window.touchwin()

    def bottom(self):
        """Put the panel below all."""
        self._remove()
        _stack.insert(0, self._reference)
        self._touch_others()

    def hide(self):
        """Take the panel out of the stack."""
        self._remove()

    def show(self):
        """Put a hidden panel on top of all."""
        self.top()

    def hidden(self):
        """Whether the panel is hidden."""
        return self._index() is None

    def move(self, y, x, /):
        """Move the panel to other coordinates of the screen."""
        try:
            self._window.mvwin(y, x)
        except _curses.error:
            raise error("move_panel() returned ERR") from None
        self._window.touchwin()
        self._touch_others()

    def replace(self, win, /):
        """Give the panel another window."""
        if not isinstance(win, _curses.window):
            raise TypeError(f"replace() argument 1 must be _curses.window, not {type(win).__name__}")
        self._window = win
        self._touch_others()

    def window(self):
        """The panel's window."""
        return self._window

    def set_userptr(self, obj, /):
        """Keep an object with the panel."""
        # Whatever was kept ends after it has been replaced.
        former, self._pointer = getattr(self, "_pointer", None), obj
        del former

    def userptr(self):
        """What set_userptr() has kept."""
        try:
            return self._pointer
        except AttributeError:
            raise error("no userptr set") from None


def new_panel(win, /):
    """A panel around a window, on top of all."""
    if not isinstance(win, _curses.window):
        raise TypeError(f"new_panel() argument must be _curses.window, not {type(win).__name__}")
    made = object.__new__(panel)
    made._window = win
    made._reference = _weakref.ref(made)
    _stack.append(made._reference)
    return made


def top_panel():
    """The panel on top of all, or None."""
    panels = _living()
    return panels[-1] if panels else None


def bottom_panel():
    """The panel below all, or None."""
    panels = _living()
    return panels[0] if panels else None


def update_panels():
    """Prepare what the panels show for the next doupdate()."""
    _curses._screen_or_error()
    for shown in _living():
        shown._window.touchwin()
        shown._window.noutrefresh()
