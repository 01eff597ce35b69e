"""The editor behind `readline`: the interactive interpreter's reader, for single lines, with the keys, completer and hooks that a
program has set.
"""

import sys
from _plain_console import PlainConsole
from _pyrepl import commands
from _pyrepl.completing_reader import complete, prefix
from _pyrepl.historical_reader import HistoricalReader
from _pyrepl.readline import ReadlineAlikeReader, ReadlineConfig
from _pyrepl.unix_console import UnixConsole, _error

# The reader's names of GNU readline's functions, where they differ.
_COMMANDS = {
    "abort": "cancel",
    "accept-line": "accept",
    "backward-char": "left",
    "backward-delete-char": "backspace",
    "beginning-of-history": "first-history",
    "delete-char": "delete",
    "end-of-history": "last-history",
    "forward-char": "right",
    "forward-search-history": "forward-history-isearch",
    "menu-complete": "complete",
    "possible-completions": "complete",
    "reverse-search-history": "reverse-history-isearch",
    "revert-line": "restore-history",
    "rl_complete": "complete",
    "tab-insert": "self-insert",
    "transpose-chars": "transpose-characters",
    "yank-last-arg": "yank-arg",
}
# What terminals send for keys that the reader knows by name.
_KEYS = {
    "\x7f": "\\<backspace>",
    "\x1b[A": "\\<up>", "\x1bOA": "\\<up>",
    "\x1b[B": "\\<down>", "\x1bOB": "\\<down>",
    "\x1b[C": "\\<right>", "\x1bOC": "\\<right>",
    "\x1b[D": "\\<left>", "\x1bOD": "\\<left>",
    "\x1b[H": "\\<home>", "\x1bOH": "\\<home>", "\x1b[1~": "\\<home>",
    "\x1b[F": "\\<end>", "\x1bOF": "\\<end>", "\x1b[4~": "\\<end>",
    "\x1b[3~": "\\<delete>",
    "\x1b[5~": "\\<page up>",
    "\x1b[6~": "\\<page down>",
    "\x1b[1;5C": "\\C-\\<right>",
    "\x1b[1;5D": "\\C-\\<left>",
}
# GNU readline's numbers of kinds of completion.
_COMPLETE, _LIST = ord("\t"), ord("?")


def _key_spec(keys):
    if keys in _KEYS:
        return _KEYS[keys]
    return "".join(f"\\x{ord(char):02x}" if char < " " or char in "\\\x7f" else char for char in keys)


class _Complete(complete):
    """Completes; if there are several ways, shows them as the program wants."""

    def do(self):
        reader, settings = self.reader, self.reader.settings
        again = reader.last_command_is(self.__class__)
        settings.completion_type = _LIST if again else _COMPLETE
        if settings.display_hook is None:
            super().do()
            return
        stem = reader.get_stem()
        choices = reader.get_completions(stem)
        if len(choices) == 1:
            reader.insert(choices[0][len(stem):])
        elif choices:
            common = prefix(choices, len(stem))
            if common:
                reader.insert(common)
            if again:
                _call_hook(settings.display_hook, stem + common, choices, max(map(len, choices)))
                reader.dirty = True


def _typing(text):
    """A command that does as if a text was typed."""
    class Typing(commands.Command):
        def do(self):
            queue = self.reader.console.event_queue
            later = list(queue.events)
            queue.events.clear()
            for byte in text.encode("utf-8", "surrogateescape"):
                queue.push(byte)
            queue.events.extend(later)
    return Typing


def _call_hook(hook, *arguments):
    try:
        hook(*arguments)
    except Exception:
        # There is nobody to be told while a line is read.
        pass


class _Reader(ReadlineAlikeReader):
    def __init__(self, settings, console):
        self.settings = settings
        # More keys were bound since it was made.
        self.stale = False
        super().__init__(console=console, config=ReadlineConfig())

    def __post_init__(self):
        super().__post_init__()
        # The text is the program's, not Python.
        self.can_colorize = False
        self.history = self.settings.history
        self.commands["complete"] = _Complete
        for keys, (action, is_text) in self.settings.bindings.items():
            if is_text:
                self.commands[f"type {keys!r}"] = _typing(action)

    def collect_keymap(self):
        keymap = {"\\t": "self-insert"}
        known = self.commands.keys() | {"complete"}
        for keys, (action, is_text) in self.settings.bindings.items():
            command = f"type {keys!r}" if is_text else _COMMANDS.get(action, action)
            if is_text or command in known:
                keymap["\\t" if keys == "\t" else _key_spec(keys)] = command
        return super().collect_keymap() + tuple(keymap.items())

    def get_stem(self):
        settings = self.settings
        self.config.completer_delims = frozenset(settings.delimiters)
        stem = super().get_stem()
        settings.start, settings.end = self.pos - len(stem), self.pos
        return stem

    def get_completions(self, stem):
        completer, found = self.settings.completer, set()
        while completer is not None:
            try:
                text = completer(stem, len(found))
            except Exception:
                break
            if not isinstance(text, str) or text in found:
                break
            found.add(text)
        return sorted(found)

    def finish(self):
        # History is the module's affair; lines of it that were changed while looking for another stay as they were.
        super(HistoricalReader, self).finish()

    def read(self, prompt):
        self.ps1 = prompt
        self.prepare()
        try:
            if self.settings.startup_hook is not None:
                _call_hook(self.settings.startup_hook)
            self.refresh()
            if self.settings.pre_input_hook is not None:
                _call_hook(self.settings.pre_input_hook)
                self.refresh()
            while not self.finished:
                self.handle1()
            return self.get_unicode()
        finally:
            self.restore()


def read_line(settings, prompt):
    reader = settings.reader
    if reader is None or reader.stale:
        console = None
        for kind in UnixConsole, PlainConsole:
            try:
                console = kind(sys.stdin.fileno(), sys.stdout.fileno(), encoding=sys.stdin.encoding)
                break
            except RuntimeError:
                # The terminal lacks something that the first kind needs.
                continue
            except (*_error, ValueError):
                # Not the main thread, which alone may set signal handlers; no terminal at all.
                break
        if console is None:
            return NotImplemented
        settings.reader = reader = _Reader(settings, console)
    return reader.read(prompt)
