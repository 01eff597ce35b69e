# Amendments to queue: who does not wait needs no time to wait.

_get_simple = _PySimpleQueue.get


def _get_at_once(self, block=True, timeout=None):
    return _get_simple(self, block, timeout if block else None)


_get_at_once.__name__, _get_at_once.__doc__ = 'get', _get_simple.__doc__
_PySimpleQueue.get = _get_at_once
if SimpleQueue is _PySimpleQueue:
    SimpleQueue.get = _get_at_once
