"""Modes of the terminal and the cursor's look: functions of `_curses`."""

import termios as _termios

from _curses_cells import State as _State, error, screen as _screen_or_error


def _change(name, **flags):
    screen = _screen_or_error()
    if not screen.change_mode(**flags):
        raise error(f"{name}() returned ERR")
    return screen


def cbreak(flag=True, /):
    """Give keys to the program at once."""
    if not flag:
        return nocbreak()
    _change("cbreak", clear_local=_termios.ICANON, set_local=_termios.ISIG, least=1)


def nocbreak():
    """Give keys to the program by line."""
    screen = _change("nocbreak", set_local=_termios.ICANON)
    screen.half_delay = 0


def raw(flag=True, /):
    """Give keys to the program at once, also those that send signals."""
    if not flag:
        return noraw()
    _change("raw", clear_local=_termios.ICANON | _termios.ISIG | _termios.IEXTEN, clear_input=_termios.IXON | _termios.BRKINT, least=1)


def noraw():
    """Leave raw mode."""
    _change("noraw", set_local=_termios.ICANON | _termios.ISIG | _termios.IEXTEN, set_input=_termios.IXON | _termios.BRKINT)


def echo(flag=True, /):
    """Show what the user types."""
    _set_echo(bool(flag))


def noecho():
    """Do not show what the user types."""
    _set_echo(False)


def _set_echo(on):
    # The terminal itself shows nothing while a program has the screen.
    screen = _screen_or_error()
    screen.echo = on
    screen.change_mode(clear_local=_termios.ECHO | _termios.ECHONL)


def nl(flag=True, /):
    """Give the enter key to the program as a newline."""
    if not flag:
        return nonl()
    _State.newline_mode = True
    _screen_or_error().change_mode(set_input=_termios.ICRNL, set_output=_termios.ONLCR)


def nonl():
    """Give the enter key to the program as it comes."""
    _State.newline_mode = False
    _screen_or_error().change_mode(clear_input=_termios.ICRNL, clear_output=_termios.ONLCR)


def halfdelay(tenths, /):
    """As cbreak(), but without a key getch() ends after so many tenths of a second."""
    screen = _screen_or_error()
    if not 1 <= tenths <= 255:
        raise error("halfdelay() returned ERR")
    screen.change_mode(clear_local=_termios.ICANON, least=1)
    screen.half_delay = tenths


def intrflush(flag, /):
    """Whether an interrupt throws away what was written."""
    _change("intrflush", **{"clear_local" if flag else "set_local": _termios.NOFLSH})


def qiflush(flag=True, /):
    """Let an interrupt throw away what was typed and written."""
    if not flag:
        return noqiflush()
    _screen_or_error().change_mode(clear_local=_termios.NOFLSH)


def noqiflush():
    """Let an interrupt throw nothing away."""
    _screen_or_error().change_mode(set_local=_termios.NOFLSH)


def meta(yes, /):
    """Whether characters have eight bits."""
    _screen_or_error().change_mode(**({"set_local": 0, "clear_input": _termios.ISTRIP} if yes else {"set_input": _termios.ISTRIP}))


def def_prog_mode():
    """Note the modes of the terminal as the program's."""
    screen = _screen_or_error()
    screen.program_mode = _noted(screen, "def_prog_mode")


def def_shell_mode():
    """Note the modes of the terminal as those outside of the program."""
    screen = _screen_or_error()
    screen.shell_mode = _noted(screen, "def_shell_mode")


def savetty():
    """Note the modes of the terminal for resetty()."""
    screen = _screen_or_error()
    screen.saved_mode = _noted(screen, "savetty")


def _noted(screen, name):
    if (mode := screen.current_mode()) is None:
        raise error(f"{name}() returned ERR")
    return mode


def reset_prog_mode():
    """Take up the program's modes of the terminal again."""
    screen = _screen_or_error()
    _restored(screen, "reset_prog_mode", screen.program_mode)


def reset_shell_mode():
    """Take up the modes of the terminal outside of the program again."""
    screen = _screen_or_error()
    _restored(screen, "reset_shell_mode", screen.shell_mode)


def resetty():
    """Take up the modes of the terminal that savetty() has noted."""
    screen = _screen_or_error()
    _restored(screen, "resetty", screen.saved_mode)


def _restored(screen, name, mode):
    if not screen.restore(mode):
        raise error(f"{name}() returned ERR")


def typeahead(fd, /):
    """Which descriptor is looked at for keys during an update; updates are never interrupted."""


def curs_set(visibility, /):
    """Hide the cursor (0), show it (1), let it stand out (2); what it was before."""
    screen = _screen_or_error()
    if visibility not in (0, 1, 2) or not screen.put(("civis", "cnorm", "cvvis")[visibility]):
        raise error("curs_set() returned ERR")
    screen.flush()
    before, screen.visibility = screen.visibility, visibility
    return before
