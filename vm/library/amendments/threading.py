# Amendments to threading: what is not a number is no time to wait.

_wait_before = Condition.wait


def _wait_for_some_time(self, timeout=None):
    if timeout is not None and timeout != timeout:
        raise ValueError('Invalid value NaN (not a number)')
    return _wait_before(self, timeout)


_wait_for_some_time.__name__, _wait_for_some_time.__doc__ = 'wait', _wait_before.__doc__
Condition.wait = _wait_for_some_time
