# Amendments to logging: a file that cannot be opened is an error like others of a handler; who loops over a logger's handlers goes on with
# those that there were.

_emit_to_file = FileHandler.emit


def _emit_or_handle(self, record):
    delayed = self.stream is None and (self.mode != 'w' or not self._closed)
    try:
        if delayed:
            self.stream = self._open()
    except Exception:
        return self.handleError(record)
    _emit_to_file(self, record)


def _remove_from_copy(self, hdlr):
    with _lock:
        if hdlr in self.handlers:
            left = list(self.handlers)
            left.remove(hdlr)
            self.handlers = left


_emit_or_handle.__name__, _emit_or_handle.__doc__ = 'emit', _emit_to_file.__doc__
_remove_from_copy.__name__, _remove_from_copy.__doc__ = 'removeHandler', Logger.removeHandler.__doc__
FileHandler.emit = _emit_or_handle
Logger.removeHandler = _remove_from_copy
