"""Line editing, history and completion for input(): GNU readline's interface.

The editor is the interactive interpreter's (`_line_editor`), loaded when the first line is read from a terminal. Here is what programs
set up beforehand: history, completer, hooks, keys. `input()` calls `_read_line`.
"""

import os
import sys
from _thread import allocate_lock as _allocate_lock

__all__ = [
    "add_history", "append_history_file", "clear_history", "get_begidx", "get_completer", "get_completer_delims",
    "get_completion_type", "get_current_history_length", "get_endidx", "get_history_item", "get_history_length",
    "get_line_buffer", "insert_text", "parse_and_bind", "read_history_file", "read_init_file", "redisplay",
    "remove_history_item", "replace_history_item", "set_auto_history", "set_completer", "set_completer_delims",
    "set_completion_display_matches_hook", "set_history_length", "set_pre_input_hook", "set_startup_hook",
    "write_history_file",
]

backend = "readline"
# The version whose interface this is.
_READLINE_VERSION = _READLINE_RUNTIME_VERSION = 0x0802
_READLINE_LIBRARY_VERSION = "8.2"


class _Settings:
    """What the functions of this module set; the editor reads it."""

    def __init__(self):
        self.history = []
        self.history_length = -1
        self.auto_history = True
        self.completer = None
        self.delimiters = " \t\n`~!@#$%^&*()-=+[{]}\\|;:'\",<>/?"
        self.startup_hook = self.pre_input_hook = self.display_hook = None
        # {keys: (name of a function or text, whether it is text)}
        self.bindings = {}
        self.variables = {}
        # Of the completion that is or was last under way.
        self.completion_type = self.start = self.end = 0
        self.reader = None

    def remember(self, line):
        self.history.append(line)
        self.limit()

    def limit(self):
        size = self.variables.get("history-size", -1)
        if 0 <= size < len(self.history):
            del self.history[:len(self.history) - size]


_settings = _Settings()
# One line is read at a time.
_reading = _allocate_lock()


def _text(function, value):
    if not isinstance(value, str):
        raise TypeError(f"{function}() argument must be str, not {type(value).__name__}")
    return value


def _callable_or_none(function, value):
    if value is not None and not callable(value):
        raise TypeError(f"{function}(func): argument not callable")
    return value


# History

def add_history(string, /):
    """Add an item to the history buffer."""
    _settings.remember(_text("add_history", string))


def clear_history():
    """Clear the current readline history."""
    _settings.history.clear()


def get_current_history_length():
    """Return the current (not the maximum) length of history."""
    return len(_settings.history)


def get_history_item(index, /):
    """Return the current contents of history item at one-based index."""
    return _settings.history[index - 1] if 1 <= index <= len(_settings.history) else None


def _position(pos):
    if pos < 0:
        raise ValueError("History index cannot be negative")
    if pos >= len(_settings.history):
        raise ValueError(f"No history item at position {pos}")
    return pos


def remove_history_item(pos, /):
    """Remove history item given by its zero-based position."""
    del _settings.history[_position(pos)]


def replace_history_item(pos, line, /):
    """Replaces history item given by its position with contents of line."""
    line = _text("replace_history_item", line)
    _settings.history[_position(pos)] = line


def set_auto_history(enabled, /):
    """Enables or disables automatic history."""
    _settings.auto_history = bool(enabled)


def get_history_length():
    """Return the maximum number of lines that will be written to the history file."""
    return _settings.history_length


def set_history_length(length, /):
    """Set the maximal number of lines which will be written to the history file.

    A negative length is used to inhibit history truncation.
    """
    _settings.history_length = length.__index__()


def _history_path(filename):
    return os.path.expanduser("~/.history") if filename is None else filename


def _audited(filename, mode):
    """The path of a history file, after hooks were told what is going to be done with it."""
    sys.audit("open", "~/.history" if filename is None else filename, mode, 0)
    return _history_path(filename)


def _open(path, mode):
    return open(path, mode, encoding="utf-8", errors="surrogateescape", newline="\n")


def read_history_file(filename=None, /):
    """Load a readline history file.

    The default filename is ~/.history.
    """
    with _open(_audited(filename, "r"), "r") as file:
        lines = file.read().split("\n")
    if lines and lines[-1] == "":
        lines.pop()
    if lines and lines[0].startswith("_HiStOrY_V2_"):
        lines = [line.encode("latin-1", "replace").decode("unicode-escape", "replace") for line in lines[1:]]
    _settings.history += lines
    _settings.limit()


def _truncate(path):
    length = _settings.history_length
    if length < 0:
        return
    with _open(path, "r") as file:
        lines = file.readlines()
    if len(lines) > length:
        with _open(path, "w") as file:
            file.writelines(lines[len(lines) - length:])


def write_history_file(filename=None, /):
    """Save a readline history file.

    The default filename is ~/.history.
    """
    path = _audited(filename, "w")
    with _open(path, "w") as file:
        file.writelines(f"{line}\n" for line in _settings.history)
    _truncate(path)


def append_history_file(nelements, filename=None, /):
    """Append the last nelements items of the history list to file.

    The default filename is ~/.history.
    """
    nelements = nelements.__index__()
    if nelements < 0:
        raise ValueError("nelements must be positive")
    path = _audited(filename, "a")
    # A file that is not there is not made.
    with _open(path, "r+") as file:
        file.seek(0, os.SEEK_END)
        history = _settings.history
        file.writelines(f"{line}\n" for line in history[max(0, len(history) - nelements):])
    _truncate(path)


# Completion

def set_completer(function=None, /):
    """Set or remove the completer function.

    The function is called as function(text, state), for state in 0, 1, 2, ..., until it returns a non-string. It should return the next
    possible completion starting with 'text'.
    """
    _settings.completer = _callable_or_none("set_completer", function)


def get_completer():
    """Get the current completer function."""
    return _settings.completer


def set_completer_delims(string, /):
    """Set the word delimiters for completion."""
    _settings.delimiters = _text("set_completer_delims", string)


def get_completer_delims():
    """Get the word delimiters for completion."""
    return _settings.delimiters


def get_completion_type():
    """Get the type of completion being attempted."""
    return _settings.completion_type


def get_begidx():
    """Get the beginning index of the completion scope."""
    return _settings.start


def get_endidx():
    """Get the ending index of the completion scope."""
    return _settings.end


def set_completion_display_matches_hook(function=None, /):
    """Set or remove the completion display function.

    The function is called as function(substitution, [matches], longest_match_length) once each time matches need to be displayed.
    """
    _settings.display_hook = _callable_or_none("set_completion_display_matches_hook", function)


# The line that is being edited

def set_startup_hook(function=None, /):
    """Set or remove the function invoked by the rl_startup_hook callback.

    The function is called with no arguments just before readline prints the first prompt.
    """
    _settings.startup_hook = _callable_or_none("set_startup_hook", function)


def set_pre_input_hook(function=None, /):
    """Set or remove the function invoked by the rl_pre_input_hook callback.

    The function is called with no arguments after the first prompt has been printed and just before readline starts reading input
    characters.
    """
    _settings.pre_input_hook = _callable_or_none("set_pre_input_hook", function)


def get_line_buffer():
    """Return the current contents of the line buffer."""
    reader = _settings.reader
    return "" if reader is None else reader.get_unicode()


def insert_text(string, /):
    """Insert text into the line buffer at the cursor position."""
    string = _text("insert_text", string)
    if _settings.reader is not None:
        _settings.reader.insert(string)


def redisplay():
    """Change what's displayed on the screen to reflect contents of the line buffer."""
    if _settings.reader is not None:
        _settings.reader.refresh()


# Keys

_NAMED_KEYS = {
    "del": "\x7f", "rubout": "\x7f", "esc": "\x1b", "escape": "\x1b", "lfd": "\n", "newline": "\n", "ret": "\r", "return": "\r",
    "spc": " ", "space": " ", "tab": "\t",
}
_ESCAPES = {"a": "\a", "b": "\b", "d": "\x7f", "e": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def _control(key):
    return "\x7f" if key == "?" else chr(ord(key.upper()) & 0x1f)


def _unescape(text):
    """The characters that a key sequence or a macro of an init file stands for."""
    result, prefix, at = [], [], 0
    while at < len(text):
        char = text[at]
        at += 1
        if char == "\\" and at < len(text):
            char = text[at]
            at += 1
            if char in "CM" and text[at:at + 1] == "-":
                prefix.append(char)
                at += 1
                continue
            if char == "x":
                end = at
                while end < min(at + 2, len(text)) and text[end] in "0123456789abcdefABCDEF":
                    end += 1
                char, at = (chr(int(text[at:end], 16)), end) if end > at else (char, at)
            elif char in "01234567":
                end = at
                while end < min(at + 2, len(text)) and text[end] in "01234567":
                    end += 1
                char, at = chr(int(text[at - 1:end], 8) & 0xff), end
            else:
                char = _ESCAPES.get(char, char)
        if "C" in prefix:
            char = _control(char)
        result.append("\x1b" + char if "M" in prefix else char)
        prefix.clear()
    return "".join(result)


def _quoted(text):
    """The content of the quoted text at the beginning, and the rest; None if it has no end."""
    quote, at = text[0], 1
    while at < len(text):
        if text[at] == "\\":
            at += 1
        elif text[at] == quote:
            return text[1:at], text[at + 1:]
        at += 1
    return None


def _named_keys(name):
    """The keys of a name like Control-x, Meta-Tab; None if it is none."""
    *modifiers, key = name.split("-") if not name.endswith("-") else (*name[:-1].rstrip("-").split("-"), "-")
    key = _NAMED_KEYS.get(key.lower(), key[:1])
    meta = ""
    for modifier in modifiers:
        match modifier.lower():
            case "control" | "ctrl" | "c" if key:
                key = _control(key)
            case "meta" | "m":
                meta = "\x1b"
            case _:
                return None
    return meta + key if key else None


def _set_variable(words):
    name, _, value = words.strip().partition(" ")
    value = value.strip()
    if name.lower() == "history-size":
        try:
            value = int(value)
        except ValueError:
            return
    _settings.variables[name.lower()] = value
    _settings.limit()


def parse_and_bind(string, /):
    """Execute the init line provided in the string argument."""
    line = _text("parse_and_bind", string).strip()
    if not line or line[0] in "#$":
        return
    if line[:4].lower() in ("set ", "set\t"):
        _set_variable(line[4:])
        return
    if line[0] == '"':
        parts = _quoted(line)
        if parts is None:
            return
        keys, rest = _unescape(parts[0]), parts[1].lstrip()
        if not rest.startswith(":"):
            return
        action = rest[1:].strip()
    else:
        # The key may be a colon itself.
        name, _, action = line[1:].partition(":")
        keys, action = _named_keys((line[0] + name).strip()), action.strip()
    if not keys or not action:
        return
    if action[0] in "\"'":
        parts = _quoted(action)
        if parts is not None:
            _settings.bindings[keys] = _unescape(parts[0]), True
    else:
        _settings.bindings[keys] = action.split()[0].lower(), False
    # Keys are known to a reader from its beginning.
    if _settings.reader is not None:
        _settings.reader.stale = True


def _read_init(path):
    # Whether the lines count, for each $if that is open.
    counts = []
    with _open(path, "r") as file:
        lines = file.read().split("\n")
    for line in lines:
        line = line.strip()
        word, _, rest = line.partition(" ")
        match word.lower():
            case "$if":
                test = rest.strip().lower()
                counts.append(test in ("python", "mode=emacs") or test == "term=" + os.environ.get("TERM", "").lower())
            case "$else" if counts:
                counts[-1] = not counts[-1]
            case "$endif" if counts:
                counts.pop()
            case _ if not all(counts):
                pass
            case "$include":
                try:
                    _read_init(os.path.expanduser(rest.strip()))
                except OSError:
                    pass
            case _:
                parse_and_bind(line)


def read_init_file(filename=None, /):
    """Execute a readline initialization file.

    The default filename is the last filename used.
    """
    global _init_file
    sys.audit("open", "<readline_init_file>" if filename is None else filename, "r", 0)
    if filename is not None:
        _init_file = filename
    _read_init(_init_file)


_init_file = os.path.expanduser(os.environ.get("INPUTRC") or "~/.inputrc")
try:
    _read_init(_init_file)
except OSError:
    # There need not be one.
    pass


def _read_line(prompt):
    """A line that the user edits; NotImplemented where the terminal or the thread does not allow for it."""
    with _reading:
        # It imports rlcompleter, which puts its own completer in place.
        completer = _settings.completer
        import _line_editor
        _settings.completer = completer
        line = _line_editor.read_line(_settings, prompt)
        if line is not NotImplemented and _settings.auto_history and line and _settings.history[-1:] != [line]:
            _settings.remember(line)
        return line
