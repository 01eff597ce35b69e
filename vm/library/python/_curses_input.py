"""Keys and lines for `_curses.window`."""

import termios

from _curses_cells import State, screen
import _curses_keys as keys


def _wait_of(win):
    shown = screen()
    if shown.half_delay:
        return shown.half_delay / 10
    return win._delay


def read(win, as_character=False):
    """The next key of a window: a number or None; with `as_character` a string for what is no function key."""
    shown = screen()
    if shown.queue:
        # What was put back is not shown again.
        if win.is_wintouched():
            win._refresh_before_input()
        key = shown.queue.popleft()
        if as_character:
            return chr(key) if not isinstance(key, _FunctionKey) and key < 0x110000 else int(key)
        return int(key)
    win._refresh_before_input()
    key = shown.read_key(_wait_of(win), win._keypad, win._patient)
    if key is None:
        return None
    if key >= 0x100:
        return key
    if key == 13 and State.newline_mode and shown.program_mode is None:
        key = 10
    if as_character:
        text = _rest_of_character(win, key)
        if shown.echo:
            win._write(text, 0)
        return text
    if shown.echo and not win._is_pad:
        win._write(chr(key) if key < 0x80 else bytes([key]).decode(win.encoding, "replace"), 0)
        win.refresh()
    return key


class _FunctionKey(int):
    """A key that was put back as a number, not as a character."""


def put_back(key, is_function):
    screen().queue.appendleft(_FunctionKey(key) if is_function else key)


def _rest_of_character(win, byte):
    """The character that begins with a byte."""
    data = bytes([byte])
    while True:
        try:
            return data.decode(win.encoding)
        except UnicodeDecodeError:
            more = screen().read_key(0.1, False, False) if len(data) < 6 else None
            if more is None or more >= 0x100:
                return data.decode(win.encoding, "replace")[0]
            data += bytes([more])


def read_line(win, most):
    """What the user types before the end of the line, at most so many bytes."""
    shown = screen()
    echo, shown.echo = shown.echo, False
    erase = shown.control_character(termios.VERASE, b"\x7f")
    kill = shown.control_character(termios.VKILL, b"\x15")
    taken, places = bytearray(), []

    def take_back():
        taken.pop()
        place, before = places.pop()
        if echo:
            win._cursor = place
            win._set_cell(*place, before)

    try:
        while True:
            key = read(win)
            if key is None or key in (10, 13, keys.NUMBERS["KEY_ENTER"]):
                break
            if key in (erase[0], 8, 127, keys.NUMBERS["KEY_BACKSPACE"], keys.NUMBERS["KEY_LEFT"]):
                if taken:
                    take_back()
            elif key == kill[0]:
                while taken:
                    take_back()
            elif key >= 0x100 or len(taken) >= most:
                shown.put("bel")
                shown.flush()
            else:
                places.append((win._cursor, win._rows[win._cursor[0]][win._left + win._cursor[1]]))
                taken.append(key)
                if echo:
                    win._write(chr(key) if key < 0x80 else bytes([key]).decode(win.encoding, "replace"), 0)
                    if not win._is_pad:
                        win.refresh()
    finally:
        shown.echo = echo
    win._cursor = min(win._cursor[0] + 1, win._size[0] - 1), 0
    if not win._is_pad:
        win.refresh()
    return bytes(taken)
