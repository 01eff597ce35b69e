# Amendments to subprocess: an error can be shown whatever its status is.

_show_status = CalledProcessError.__str__


def _show_any_status(self):
    if isinstance(self.returncode, int):
        return _show_status(self)
    return f"Command '{self.cmd}' returned non-zero exit status {self.returncode}."


CalledProcessError.__str__ = _show_any_status
