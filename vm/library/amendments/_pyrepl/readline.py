# Amendments to _pyrepl.readline: what a program asks for with input() is no line of the history.

from contextlib import contextmanager as _contextmanager


@_contextmanager
def _history_kept(reader):
    history = list(reader.history)
    try:
        yield
    finally:
        reader.history[:] = history
