# Amendments to _pyrepl.unix_console: no color is left behind, and what an input hook prints begins at the left.

_restore_console = UnixConsole.restore
_finish_line = UnixConsole.finish


def _restore_color_too(self):
    self._UnixConsole__write('\x1b[0m')
    _restore_console(self)


def _finish_color_too(self):
    self._UnixConsole__write('\x1b[0m')
    _finish_line(self)


def _input_hook(self):
    if posix is None or not posix._is_inputhook_installed():
        return None

    def run():
        state = tcgetattr(self.input_fd)
        for_output = state.copy()
        for_output.oflag = self._UnixConsole__svtermstate.oflag
        self._UnixConsole__input_fd_set(for_output)
        try:
            return posix._inputhook()
        finally:
            self._UnixConsole__input_fd_set(state)

    return run


_restore_color_too.__name__, _restore_color_too.__doc__ = 'restore', _restore_console.__doc__
_finish_color_too.__name__, _finish_color_too.__doc__ = 'finish', _finish_line.__doc__
UnixConsole.restore, UnixConsole.finish = _restore_color_too, _finish_color_too
UnixConsole.input_hook = property(_input_hook)
